/* test_est.c - estimates: known values, and bounds that hold as often as they say.
 *
 * Simulations use fixed seeds, so each test gives the same answer every time. With R
 * repetitions of a true 95 % interval the number of hits is binomial; the bound
 * below is its 1e-4 quantile, so that a correct interval passes with a seed drawn at
 * random 9,999 times in 10,000, and one that covers 91 % fails. */
#include "check.h"
#include "stat/stat.h"

/* cmocka's own compares as float. */
static void check_near(double got, double want, double tol) {
    if (!(fabs(got - want) <= tol)) fail_msg("%.17g is not %.17g within %g", got, want, tol);
}

enum { REPS = 1000 };

/* The fewest hits that 95 % coverage may show. */
static int64_t fewest_hits(double coverage, int64_t reps) {
    int64_t k = 0;
    while (pr_binomial_cdf(k, reps, coverage) < 1e-4) k++;
    return k;
}

static void a_ratio_by_hand(void **state) {
    /* 8 windows, alternating sums around mean 2 with count 10: no correlation beyond
     * the alternation, which may only widen. */
    pr_win w[8];
    for (int i = 0; i < 8; i++) w[i] = (pr_win){20 + (i % 2 ? 1 : -1), 10};
    pr_est e = pr_est_ratio(w, 8, 0.95);
    assert_null(e.why);
    check_near(e.value, 2, 1e-15);
    assert_int_equal(e.n, 8);
    /* blocks of one: s² of the residuals ±0.1 is 0.08/7, se = √(0.08/7/8) */
    check_near(e.se, sqrt(0.08 / 7 / 8), 1e-12);
    check_near(e.hi - e.value, pr_t_quantile(0.975, 7) * e.se, 1e-12);
    /* counts are weights: one long window */
    pr_win u[4] = {{10, 10}, {10, 10}, {10, 10}, {300, 100}};
    check_near(pr_est_ratio(u, 4, 0.95).value, 330.0 / 130, 1e-15);
    assert_int_equal(pr_est_ratio(u, 4, 0.95).n, 4);
}

static void what_is_missing_says_so(void **state) {
    pr_win w[5] = {{1, 1}, {2, 1}, {1, 1}, {NAN, 1}, {1, 1}};
    pr_est e = pr_est_ratio(w, 0, 0.95);
    assert_string_equal(e.why, "nothing was measured");
    assert_false(pr_est_ok(&e));
    e = pr_est_ratio(w, 3, 0.95); /* a value without bounds */
    assert_non_null(strstr(e.why, "fewer than 4"));
    check_near(e.value, 4.0 / 3, 1e-15);
    assert_true(isnan(e.lo) && isnan(e.hi));
    assert_string_equal(pr_est_ratio(w, 5, 0.95).why, "a value is not finite");
    pr_win none[4] = {{0, 0}, {0, 0}, {0, 0}, {0, 0}};
    assert_string_equal(pr_est_ratio(none, 4, 0.95).why, "no token was counted");
    assert_non_null(pr_est_pair_ratio(w, none, 3, 0.95).why);
    double zero[5] = {1, 2, 0, 1, 1};
    assert_non_null(pr_est_cv(zero, 5, 0.95).why);
    assert_non_null(pr_est_pair_median(zero, zero, 5, 0.95).why);
    e = pr_est_none(NULL);
    assert_false(pr_est_ok(&e));
    assert_false(pr_est_ok(NULL));
}

static void transforms(void **state) {
    pr_est e = {2, 1, 3, 0.5, 10, 0.95, NULL};
    pr_est x = pr_est_exp(e);
    check_near(x.hi, exp(3), 1e-12);
    check_near(x.se, 0.5 * exp(2), 1e-12);
    pr_est s = pr_est_scale(e, -2);
    assert_true(s.value == -4 && s.lo == -6 && s.hi == -2 && s.se == 1);
    pr_est v = pr_est_inverse(e);
    assert_true(v.value == 0.5 && v.hi == 1 && v.lo == 1.0 / 3 && v.se == 0.125);
    e.lo = -1;
    assert_non_null(pr_est_inverse(e).why);
    pr_est c = pr_est_counted(7);
    assert_true(pr_est_ok(&c) && c.lo == 7 && c.hi == 7 && c.conf == 1);
}

/* Windows of unequal length whose means follow an AR(1) process with correlation rho. */
static void ar_windows(pr_rng *r, double rho, double mean, pr_win *w, int64_t n) {
    double x = pr_rng_normal(r) / sqrt(1 - rho * rho);
    for (int64_t i = 0; i < n; i++) {
        double count = 50 + (double)pr_rng_below(r, 100);
        w[i] = (pr_win){count * (mean + x), count};
        x = rho * x + pr_rng_normal(r);
    }
}

static void ratio_bounds_cover(void **state) {
    /* Blocks cannot know a correlation that reaches across them: where n is small for
     * rho the stated coverage is lower, and written here as found (README.md). */
    static const struct {
        double rho, coverage;
        int64_t n;
    } cases[] = {{0, .95, 16},    {0, .95, 64},    {0, .95, 256},
                 {0.2, .94, 64},  {0.2, .95, 256}, {0.4, .93, 64},
                 {0.4, .95, 256}, {0.6, .93, 256}, {-0.3, .95, 64}};
    for (size_t c = 0; c < PR_COUNT(cases); c++) {
        pr_rng r;
        pr_win w[256];
        int hits = 0;
        pr_rng_seed(&r, 77 + c);
        for (int k = 0; k < REPS; k++) {
            ar_windows(&r, cases[c].rho, 3, w, cases[c].n);
            pr_est e = pr_est_ratio(w, cases[c].n, 0.95);
            hits += e.lo <= 3 && 3 <= e.hi;
        }
        if (hits < fewest_hits(cases[c].coverage, REPS))
            fail_msg("rho %g, n %d: %d of %d", cases[c].rho, (int)cases[c].n, hits, REPS);
    }
}

static void treating_windows_as_independent_would_not(void **state) {
    /* The control: the same data with one block per window covers far too rarely. */
    pr_rng r;
    pr_win w[256];
    int hits = 0;
    pr_rng_seed(&r, 78);
    for (int k = 0; k < REPS; k++) {
        ar_windows(&r, 0.6, 3, w, 256);
        double m = 0, v = 0, c = 0;
        for (int i = 0; i < 256; i++) m += w[i].sum, c += w[i].count;
        m /= c;
        for (int i = 0; i < 256; i++) v += pow(w[i].sum - m * w[i].count, 2);
        hits += fabs(m - 3) <= 1.97 * sqrt(v) / c;
    }
    assert_true(hits < 750);
}

static void block_length_follows_the_dependence(void **state) {
    pr_rng r;
    double x[1024], len[3] = {0};
    double rhos[3] = {0, 0.5, 0.9};
    pr_rng_seed(&r, 5);
    for (int j = 0; j < 3; j++)
        for (int k = 0; k < 20; k++) {
            x[0] = pr_rng_normal(&r);
            for (int i = 1; i < 1024; i++) x[i] = rhos[j] * x[i - 1] + pr_rng_normal(&r);
            len[j] += (double)pr_block_length(x, 1024) / 20;
        }
    /* the rule's optimum for AR(1) is (n (2ρ/(1-ρ²))²)^⅓: 12.2 and 45; the floor √n/2 is 16 */
    assert_true(len[0] < 17 && len[1] < 24 && len[2] > 30 && len[2] < 97);
    double flat[16] = {0};
    assert_int_equal(pr_block_length(flat, 16), 2);
    assert_int_equal(pr_block_length(flat, 1), 1);
}

static void share_bounds(void **state) {
    pr_win w[20];
    for (int i = 0; i < 20; i++) w[i] = (pr_win){50, 50};
    pr_est e = pr_est_share(w, 20, 0.95); /* 1,000 of 1,000: not certainty */
    assert_true(e.value == 1 && e.hi == 1);
    check_near(e.lo, pow(0.025, 1.0 / 1000), 1e-12);
    for (int i = 0; i < 20; i++) w[i].sum = 0;
    e = pr_est_share(w, 20, 0.95);
    assert_true(e.value == 0 && e.lo == 0 && e.hi > 0.003 && e.hi < 0.004);
    w[3].sum = 51;
    assert_null(pr_est_share(w, 20, 0.95).why); /* one window over its count is no share … */
    for (int i = 0; i < 20; i++) w[i].sum = 51;
    assert_non_null(pr_est_share(w, 20, 0.95).why);
    /* whole windows hit or miss together: as wide as 20 trials, not as 1,000 */
    for (int i = 0; i < 20; i++) w[i].sum = i % 4 ? 50 : 0;
    e = pr_est_share(w, 20, 0.95);
    assert_true(e.value == 0.75 && e.hi - e.lo > 0.3);
}

static void share_bounds_cover(void **state) {
    pr_rng r;
    pr_win w[64];
    int hits = 0;
    pr_rng_seed(&r, 11);
    for (int k = 0; k < REPS; k++) {
        for (int i = 0; i < 64; i++) { /* tokens of a window share its own rate, mean 0.96 */
            double rate = 0.92 + 0.08 * pr_rng_unit(&r);
            w[i] = (pr_win){0, 64};
            for (int j = 0; j < 64; j++) w[i].sum += pr_rng_unit(&r) < rate;
        }
        pr_est e = pr_est_share(w, 64, 0.95);
        hits += e.lo <= 0.96 && 0.96 <= e.hi && e.lo >= 0 && e.hi <= 1;
    }
    assert_true(hits >= fewest_hits(0.95, REPS));
}

static void pairs_are_tighter_than_their_parts(void **state) {
    pr_rng r;
    pr_win a[64], b[64];
    int hits = 0, ratio_hits = 0;
    pr_rng_seed(&r, 12);
    for (int k = 0; k < REPS; k++) {
        ar_windows(&r, 0.3, 10, b, 64);
        for (int i = 0; i < 64; i++)
            a[i] = (pr_win){b[i].sum * 0.9 + b[i].count * 0.05 * pr_rng_normal(&r), b[i].count};
        pr_est d = pr_est_pair_diff(a, b, 64, 0.95), q = pr_est_pair_ratio(a, b, 64, 0.95);
        pr_est alone = pr_est_ratio(a, 64, 0.95);
        assert_true(q.hi - q.lo < (alone.hi - alone.lo) / 5);
        ratio_hits += q.lo <= 0.9 && 0.9 <= q.hi;
        hits += d.lo <= -1 && -1 <= d.hi;
    }
    assert_true(ratio_hits >= fewest_hits(0.94, REPS));
    assert_true(hits >= fewest_hits(0.93, REPS));
    /* a model against itself: no spread, no doubt */
    pr_est same = pr_est_pair_ratio(b, b, 64, 0.95);
    assert_true(same.value == 1 && same.lo == 1 && same.hi == 1);
}

static void spread_of_times(void **state) {
    pr_rng r;
    double x[200];
    int hits = 0;
    pr_rng_seed(&r, 13);
    for (int k = 0; k < REPS; k++) {
        for (int i = 0; i < 200; i++) x[i] = 10 + pr_rng_normal(&r);
        pr_est e = pr_est_cv(x, 200, 0.95);
        hits += e.lo <= 0.1 && 0.1 <= e.hi;
    }
    assert_true(hits >= fewest_hits(0.94, REPS)); /* the linearised form: see README.md */
    for (int i = 0; i < 200; i++) x[i] = 3;
    pr_est e = pr_est_cv(x, 200, 0.95);
    assert_true(pr_est_ok(&e) && e.value == 0 && e.hi == 0);
}

static void paired_times(void **state) {
    pr_rng r;
    double a[41], b[41];
    int median_hits = 0, mean_hits = 0;
    pr_rng_seed(&r, 14);
    for (int k = 0; k < REPS; k++) {
        for (int i = 0; i < 41; i++) { /* a common drift, own noise, now and then a hiccup */
            double drift = 1 + 0.5 * i / 41;
            a[i] = 0.8 * drift * exp(0.05 * pr_rng_normal(&r)) * (pr_rng_below(&r, 20) ? 1 : 2);
            b[i] = drift * exp(0.05 * pr_rng_normal(&r)) * (pr_rng_below(&r, 20) ? 1 : 2);
        }
        pr_est m = pr_est_pair_median(a, b, 41, 0.95), t = pr_est_pair_mean(a, b, 41, 0.95);
        pr_est back = pr_est_pair_median(b, a, 41, 0.95);
        check_near(back.lo, 1 / m.hi, 1e-12); /* the same said the other way */
        median_hits += m.lo <= 0.8 && 0.8 <= m.hi;
        mean_hits += t.lo <= 0.8 && 0.8 <= t.hi;
    }
    assert_true(median_hits >= fewest_hits(0.95, REPS));
    assert_true(mean_hits >= fewest_hits(0.94, REPS));
    assert_non_null(pr_est_pair_mean(a, b, 4, 0.95).why);
    assert_non_null(pr_est_pair_median(a, b, 5, 0.95).why); /* 2⁻⁴ > 0.05 */
    assert_null(pr_est_pair_median(a, b, 6, 0.95).why);
}

/* Turns on a machine whose pace lasts for several of them: AR(1). Bounds for independent values
 * miss it. */
static void median_of_turns_covers(void **state) {
    static const struct {
        double rho, coverage;
        int    n;
    } cases[] = {{0, .95, 16}, {0, .95, 80}, {0.4, .95, 80}, {0.6, .94, 80}, {0.6, .94, 320}};
    for (size_t c = 0; c < PR_COUNT(cases); c++) {
        pr_rng r;
        double x[320];
        int    hits = 0, plain_hits = 0;
        pr_rng_seed(&r, 99 + c);
        for (int k = 0; k < REPS; k++) {
            double a = pr_rng_normal(&r) / sqrt(1 - cases[c].rho * cases[c].rho);
            for (int i = 0; i < cases[c].n; i++) {
                x[i] = 3 + a;
                a = cases[c].rho * a + pr_rng_normal(&r);
            }
            pr_est e = pr_est_median_in_time(x, cases[c].n, 0.95);
            pr_est plain = pr_est_quantile(x, cases[c].n, 0.5, 0.95);
            hits += e.lo <= 3 && 3 <= e.hi;
            plain_hits += plain.lo <= 3 && 3 <= plain.hi;
            assert_true(e.why || (e.lo <= plain.lo && plain.hi <= e.hi));
        }
        if (hits < fewest_hits(cases[c].coverage, REPS))
            fail_msg("rho %g, n %d: %d of %d", cases[c].rho, cases[c].n, hits, REPS);
        if (cases[c].rho >= 0.4) assert_true(plain_hits < fewest_hits(cases[c].coverage, REPS));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ratio_by_hand),
        cmocka_unit_test(what_is_missing_says_so),
        cmocka_unit_test(transforms),
        cmocka_unit_test(ratio_bounds_cover),
        cmocka_unit_test(median_of_turns_covers),
        cmocka_unit_test(treating_windows_as_independent_would_not),
        cmocka_unit_test(block_length_follows_the_dependence),
        cmocka_unit_test(share_bounds),
        cmocka_unit_test(share_bounds_cover),
        cmocka_unit_test(pairs_are_tighter_than_their_parts),
        cmocka_unit_test(spread_of_times),
        cmocka_unit_test(paired_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
