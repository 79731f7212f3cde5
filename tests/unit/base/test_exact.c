/* test_exact.c - exp, log, pow, sin, cos against the machine's libm in long double.
 * Bound: 1 ulp of double for exp, log and pow, as promised; for sin and cos an absolute
 * 2^-50, an eighth of a millionth of what a float keeps. */
#include "check.h"
#include <float.h>

static double ulps(double got, long double want) {
    double w = (double)want;
    if (got == w) return 0;
    double ulp = nextafter(fabs(w), INFINITY) - fabs(w);
    return (double)(fabsl((long double)got - want) / (long double)ulp);
}

static void exp_log_pow(void **state) {
    pr_rng r;
    pr_rng_seed(&r, 1);
    for (int i = 0; i < 100000; i++) {
        double x = (pr_rng_unit(&r) - 0.5) * 1400;
        assert_true(ulps(pr_exp(x), expl((long double)x)) <= 1);
        double m = exp((pr_rng_unit(&r) - 0.5) * 1400);
        assert_true(ulps(pr_log(m), logl((long double)m)) <= 1);
        double near = 1 + (pr_rng_unit(&r) - 0.5) * 1e-3;
        assert_true(ulps(pr_log(near), logl((long double)near)) <= 1);
        double b = 1 + 1e6 * pr_rng_unit(&r), y = (pr_rng_unit(&r) - 0.5) * 20;
        assert_true(ulps(pr_pow(b, y), powl((long double)b, (long double)y)) <= 1);
    }
    assert_true(pr_exp(0) == 1 && pr_log(1) == 0 && pr_pow(7, 0) == 1 && pr_pow(10000, 1) == 10000);
    assert_true(pr_exp(-INFINITY) == 0 && pr_exp(INFINITY) == INFINITY);
    assert_true(pr_log(0) == -INFINITY && pr_log(-1) != pr_log(-1));
}

static void sin_cos(void **state) {
    pr_rng r;
    pr_rng_seed(&r, 2);
    for (int i = 0; i < 200000; i++) {
        double x = (pr_rng_unit(&r) - 0.5) * (i % 2 ? 20 : 2e6), s, c;
        pr_sincos(x, &s, &c);
        assert_true(fabsl((long double)s - sinl((long double)x)) <= 0x1p-50L);
        assert_true(fabsl((long double)c - cosl((long double)x)) <= 0x1p-50L);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(exp_log_pow), cmocka_unit_test(sin_cos)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
