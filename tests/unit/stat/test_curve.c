/* test_curve.c - distributions against SciPy (tests/vectors/stat/make.py). */
#include "check.h"
#include "stat/stat.h"

/* Relative, of the smaller tail where the value is a probability near 1. SciPy's own
 * routines state about 1e-12 (Boost, Cephes); a digit is left for arguments of 1e5. */
static void near(const char *line, double got, double want) {
    double tol = 1e-11 * fmax(fabs(want), 1e-300);
    if (!(fabs(got - want) <= tol)) fail_msg("%s got %.17g want %.17g", line, got, want);
}

static void check_line(const char *line, const char *name, const double *x) {
    if (strcmp(name, "normal") == 0) near(line, pr_normal_quantile(x[0]), x[1]);
    if (strcmp(name, "t") == 0) near(line, pr_t_quantile(x[0], x[1]), x[2]);
    if (strcmp(name, "tcdf") == 0) near(line, pr_t_cdf(x[0], x[1]), x[2]);
    if (strcmp(name, "beta") == 0) near(line, pr_beta_cdf(x[0], x[1], x[2]), x[3]);
    if (strcmp(name, "betaq") == 0) near(line, pr_beta_quantile(x[0], x[1], x[2]), x[3]);
    if (strcmp(name, "binom") == 0)
        near(line, pr_binomial_cdf((int64_t)x[0], (int64_t)x[1], x[2]), x[3]);
    if (strcmp(name, "cp") == 0) {
        double lo, hi;
        pr_binomial_bounds(x[0], x[1], 0.95, &lo, &hi);
        near(line, lo, x[2]);
        near(line, hi, x[3]);
    }
    if (strcmp(name, "order") == 0) {
        double v[2000];
        for (int i = 0; i < (int)x[0]; i++)
            v[i] = (i * 7919) % (int)x[0] + 1; /* 1…n, shuffled */
        pr_est e = pr_est_quantile(v, (int64_t)x[0], x[1], 0.95);
        near(line, e.lo, x[2]);
        near(line, e.hi, x[3]);
    }
}

static void as_scipy(void **state) {
    FILE *f = fopen(check_source("tests/vectors/stat/curves.txt"), "r");
    assert_non_null(f);
    char line[256];
    int n = 0;
    while (fgets(line, sizeof line, f)) {
        char name[16] = "", *p = line;
        double x[6] = {0};
        if (*line == '#') continue;
        assert_int_equal(sscanf(line, "%15s", name), 1);
        p += strlen(name);
        for (int i = 0; i < 6; i++) x[i] = strtod(p, &p);
        check_line(line, name, x);
        n++;
    }
    fclose(f);
    assert_int_equal(n, 269);
}

static void ends_and_nonsense(void **state) {
    assert_true(isnan(pr_normal_quantile(0)) && isnan(pr_normal_quantile(1)));
    assert_true(isnan(pr_t_quantile(0.5, 0)) && isnan(pr_t_quantile(NAN, 3)));
    assert_true(pr_t_quantile(0.5, 3) == 0 && pr_normal_quantile(0.5) == 0);
    assert_true(pr_t_cdf(INFINITY, 3) == 1 && pr_t_cdf(-INFINITY, 3) == 0);
    assert_true(pr_beta_cdf(0, 2, 3) == 0 && pr_beta_cdf(1, 2, 3) == 1);
    assert_true(isnan(pr_beta_cdf(0.5, 0, 3)) && isnan(pr_beta_quantile(2, 1, 1)));
    assert_true(pr_binomial_cdf(-1, 5, 0.5) == 0 && pr_binomial_cdf(5, 5, 0.5) == 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_scipy),
                                       cmocka_unit_test(ends_and_nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
