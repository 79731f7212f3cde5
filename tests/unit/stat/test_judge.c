/* test_judge.c - every way to a verdict, and looks that keep their promise. */
#include "check.h"
#include "stat/stat.h"

/* cmocka's own compares as float. */
static void check_near(double got, double want, double tol) {
    if (!(fabs(got - want) <= tol)) fail_msg("%.17g is not %.17g within %g", got, want, tol);
}

static pr_verdict at_least(double lo, double v, double hi, double threshold) {
    pr_est e = {v, lo, hi, 0.1, 10, 0.95, NULL};
    return pr_judge(&e, threshold, PR_AT_LEAST).verdict;
}
static pr_verdict at_most(double lo, double v, double hi, double threshold) {
    pr_est e = {v, lo, hi, 0.1, 10, 0.95, NULL};
    return pr_judge(&e, threshold, PR_AT_MOST).verdict;
}

static void the_unfavourable_bound_decides(void **state) {
    assert_int_equal(at_least(2.0, 2.2, 2.4, 2), PR_PASS); /* touching is satisfying */
    assert_int_equal(at_least(1.9, 2.2, 2.4, 2), PR_UNDECIDED);
    assert_int_equal(at_least(1.5, 1.8, 2.0, 2), PR_UNDECIDED);
    assert_int_equal(at_least(1.5, 1.8, 1.9, 2), PR_FAIL);
    assert_int_equal(at_most(0.3, 0.4, 0.5, 0.5), PR_PASS);
    assert_int_equal(at_most(0.3, 0.4, 0.6, 0.5), PR_UNDECIDED);
    assert_int_equal(at_most(0.6, 0.7, 0.8, 0.5), PR_FAIL);
    pr_est e = {2.2, 1.9, 2.4, 0.1, 10, 0.95, NULL};
    pr_judgement j = pr_judge(&e, 2, PR_AT_LEAST);
    assert_true(j.bound == 1.9);
    check_near(j.margin, -0.1, 1e-12);
    assert_string_equal(j.why, "2.2 (1.9 to 2.4) straddles 2: lower bound off by 0.1");
    j = pr_judge(&e, 1, PR_AT_MOST);
    assert_true(j.bound == 2.4);
    check_near(j.margin, -1.4, 1e-12);
    assert_string_equal(j.why, "even the lower bound 1.9 of 2.2 is not at most 1");
    pr_est c = pr_est_counted(5);
    assert_string_equal(pr_judge(&c, 5, PR_AT_MOST).why, "5 is at most 5");
    assert_int_equal(pr_judge(&c, 4, PR_AT_MOST).verdict, PR_FAIL);
}

static void missing_is_a_fail(void **state) {
    pr_est e = pr_est_none("no powercap counter");
    pr_judgement j = pr_judge(&e, 0, PR_AT_LEAST);
    assert_int_equal(j.verdict, PR_FAIL);
    assert_string_equal(j.why, "missing: no powercap counter");
    assert_true(isnan(j.bound));
    assert_int_equal(pr_judge(NULL, 0, PR_AT_LEAST).verdict, PR_FAIL);
    assert_int_equal(at_least(NAN, 3, 4, 1), PR_FAIL);
    assert_int_equal(at_least(2, NAN, 4, 1), PR_FAIL);
    assert_int_equal(at_least(2, 3, INFINITY, 1), PR_FAIL);
    assert_int_equal(at_least(4, 3, 2, 1), PR_FAIL); /* bounds the wrong way round */
    assert_int_equal(at_least(2, 3, 4, NAN), PR_FAIL);
    pr_est value_only = {3, NAN, NAN, NAN, 2, 0.95, "fewer than 4 windows: no bounds"};
    assert_int_equal(pr_judge(&value_only, 1, PR_AT_LEAST).verdict, PR_FAIL);
    pr_judgement zero = {0};
    assert_string_equal(pr_verdict_name(zero.verdict), "fail");
    assert_string_equal(pr_verdict_name(PR_UNDECIDED), "undecided");
}

static void several_gates(void **state) {
    check_near(pr_conf_split(0.95, 5), 0.99, 1e-15);
    assert_true(pr_conf_split(0.95, 1) == 0.95);
}

static void looks_spend_alpha_once(void **state) {
    pr_looks l = {.alpha = 0.05};
    double spent = 0;
    /* 2(1 - Φ(1.95996/√t)): by hand for t = ¼: 2(1 - Φ(3.91993)) = 8.857e-5 */
    double first = pr_looks_next(&l, 0.25);
    check_near(1 - first, 8.857e-5, 5e-8);
    spent += 1 - first;
    assert_true(pr_looks_next(&l, 0.25) == 1); /* no new data, nothing to spend */
    spent += 1 - pr_looks_next(&l, 0.5);
    spent += 1 - pr_looks_next(&l, 1);
    check_near(spent, 0.05, 1e-12);
    assert_true(pr_looks_next(&l, 1.5) == 1);
    pr_looks bad = {0};
    assert_true(pr_looks_next(&bad, 0.5) == 1);
}

static void looking_often_stays_honest(void **state) {
    /* A true mean of 0 looked at 5 times: crossing either way at any look is an error.
     * Plain 95 % intervals err about 14 % of the time (Armitage et al. 1969). */
    enum { REPS = 1000, N = 200 };
    int wrong = 0, plain = 0;
    pr_rng r;
    double x[N];
    pr_rng_seed(&r, 31);
    for (int k = 0; k < REPS; k++) {
        pr_looks l = {.alpha = 0.05};
        bool err = false, err_plain = false;
        for (int i = 0; i < N; i++) {
            x[i] = pr_rng_normal(&r);
            if ((i + 1) % (N / 5)) continue;
            double conf = pr_looks_next(&l, (double)(i + 1) / N);
            pr_est e = pr_est_mean(x, i + 1, conf), p = pr_est_mean(x, i + 1, 0.95);
            err = err || e.lo > 0 || e.hi < 0;
            err_plain = err_plain || p.lo > 0 || p.hi < 0;
        }
        wrong += err;
        plain += err_plain;
    }
    int64_t most = REPS;
    while (1 - pr_binomial_cdf(most - 1, REPS, 0.05) < 1e-4) most--;
    assert_true(wrong <= most);
    assert_true(plain > most); /* else this test could not fail */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_unfavourable_bound_decides),
        cmocka_unit_test(missing_is_a_fail),
        cmocka_unit_test(several_gates),
        cmocka_unit_test(looks_spend_alpha_once),
        cmocka_unit_test(looking_often_stays_honest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
