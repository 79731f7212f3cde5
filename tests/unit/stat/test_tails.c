/* test_tails.c - quantiles of dependent values, and the sketch. Seeds are fixed; the
 * bounds on hit counts are explained in test_est.c. */
#include "check.h"
#include "stat/stat.h"

static void small_and_exact(void **state) {
    pr_dist *d;
    pare_err e = {0};
    CHECK_OK(pr_dist_new(&d, 0, 1, &e), e);
    assert_non_null(pr_dist_quantile(d, 0.5, 0.95).why);
    assert_true(isnan(pr_dist_max(d)));
    for (int w = 0; w < 40; w++) {
        float x[100];
        for (int i = 0; i < 100; i++) x[i] = (float)(i * 40 + w); /* 0…3999, spread evenly */
        CHECK_OK(pr_dist_add(d, x, 100, &e), e);
    }
    assert_int_equal(pr_dist_count(d), 4000);
    assert_true(pr_dist_max(d) == 3999 && pr_dist_min(d) == 0);
    pr_est q = pr_dist_quantile(d, 0.5, 0.95);
    assert_true(pr_est_ok(&q) && q.value == 1999.5 && q.lo <= q.value && q.hi >= q.value);
    float bad[2] = {1, NAN};
    assert_int_equal(pr_dist_add(d, bad, 2, &e), PARE_EINPUT);
    assert_int_equal(pr_dist_count(d), 4000);
    assert_non_null(pr_dist_quantile(d, 0.9999, 0.95).why);
    pr_dist_free(d);
}

/* Values of a window share a level: exp(0.5 l + x), l and x normal. The log is normal with
 * variance 1.25, so the true quantile p is exp(√1.25 z_p). */
static int tail_hits(double p, int64_t max, int reps) {
    double truth = exp(sqrt(1.25) * pr_normal_quantile(p));
    int hits = 0;
    pr_rng r;
    pr_rng_seed(&r, 21);
    for (int k = 0; k < reps; k++) {
        pr_dist *d;
        pare_err e = {0};
        CHECK_OK(pr_dist_new(&d, max, (uint64_t)k, &e), e);
        for (int w = 0; w < 64; w++) {
            float x[48];
            double level = 0.5 * pr_rng_normal(&r);
            for (int i = 0; i < 48; i++) x[i] = (float)exp(level + pr_rng_normal(&r));
            CHECK_OK(pr_dist_add(d, x, 48, &e), e);
        }
        pr_est q = pr_dist_quantile(d, p, 0.95);
        hits += pr_est_ok(&q) && q.lo <= truth && truth <= q.hi;
        pr_dist_free(d);
    }
    return hits;
}

static int64_t fewest_hits(double coverage, int64_t reps) {
    int64_t k = 0;
    while (pr_binomial_cdf(k, reps, coverage) < 1e-4) k++;
    return k;
}

static void tail_bounds_cover(void **state) {
    assert_true(tail_hits(0.5, 0, 400) >= fewest_hits(0.95, 400));
    assert_true(tail_hits(0.95, 0, 400) >= fewest_hits(0.94, 400));
    assert_true(tail_hits(0.99, 0, 400) >= fewest_hits(0.93, 400)); /* about 31 values above */
}

static void thinned_bounds_cover(void **state) {
    /* 3,072 values through a store of 1,000: wider, and still right */
    assert_true(tail_hits(0.5, 1000, 400) >= fewest_hits(0.95, 400));
}

static void many_windows_stay_bounded(void **state) {
    pr_dist *d;
    pare_err e = {0};
    CHECK_OK(pr_dist_new(&d, 100, 3, &e), e);
    for (int w = 0; w < 5000; w++) {
        float x[1] = {(float)(w % 100)};
        CHECK_OK(pr_dist_add(d, x, 1, &e), e);
    }
    assert_int_equal(pr_dist_count(d), 5000);
    pr_est q = pr_dist_quantile(d, 0.5, 0.95);
    assert_true(pr_est_ok(&q) && q.lo <= 50 && q.hi >= 49);
    pr_dist_free(d);
}

static void sketch_is_exact_while_small(void **state) {
    pr_sketch *s;
    pare_err e = {0};
    CHECK_OK(pr_sketch_new(&s, 0, 1, &e), e);
    assert_true(isnan(pr_sketch_quantile(s, 0.5)) && isnan(pr_sketch_rank(s, 1)));
    for (int i = 0; i < 1000; i++) CHECK_OK(pr_sketch_add(s, (i * 7) % 1000, &e), e);
    assert_true(pr_sketch_quantile(s, 0) == 0 && pr_sketch_quantile(s, 1) == 999);
    assert_true(pr_sketch_quantile(s, 0.5) == 499 && pr_sketch_rank(s, 99) == 0.1);
    assert_true(pr_sketch_error(s, 0.01) == 0);
    assert_int_equal(pr_sketch_add(s, NAN, &e), PARE_EINPUT);
    assert_int_equal(pr_sketch_add(s, INFINITY, &e), PARE_EINPUT);
    pr_sketch_free(s);
    assert_int_equal(pr_sketch_new(&s, 3, 1, &e), PARE_EUSAGE);
    assert_null(s);
}

static void check_sketch(const pr_sketch *s, int64_t n) {
    assert_int_equal(pr_sketch_count(s), n);
    double bound = pr_sketch_error(s, 1e-6);
    assert_true(bound > 0 && bound < 0.05);
    for (int i = 1; i < 20; i++) {
        double p = i / 20.0;
        /* values are 0…n-1: rank of x is (x+1)/n */
        assert_true(fabs(pr_sketch_rank(s, p * (double)n - 1) - p) <= bound + 1.0 / (double)n);
        assert_true(fabs((pr_sketch_quantile(s, p) + 1) / (double)n - p) <= 2 * bound);
    }
    /* 3k values, room for half as many more, that doubled before it is given back */
    assert_true(pr_sketch_bytes(s) < 3 * 512 * 8 * 3 / 2 * 2 + 60 * 32 * 8 + 2048);
}

static void sketch_keeps_its_bound(void **state) {
    enum { N = 200000 };
    pr_sketch *all, *part[2], *again;
    pare_err e = {0};
    CHECK_OK(pr_sketch_new(&all, 512, 1, &e), e);
    CHECK_OK(pr_sketch_new(&again, 512, 1, &e), e);
    CHECK_OK(pr_sketch_new(&part[0], 512, 2, &e), e);
    CHECK_OK(pr_sketch_new(&part[1], 512, 3, &e), e);
    for (int64_t i = 0; i < N; i++) {
        double x = (double)(i * 7919 % N); /* 7919 is prime to N: every value once */
        CHECK_OK(pr_sketch_add(all, x, &e), e);
        CHECK_OK(pr_sketch_add(again, x, &e), e);
        CHECK_OK(pr_sketch_add(part[i % 3 == 0], x, &e), e);
    }
    check_sketch(all, N);
    assert_true(pr_sketch_quantile(all, 0.37) == pr_sketch_quantile(again, 0.37));
    CHECK_OK(pr_sketch_merge(part[0], part[1], &e), e);
    check_sketch(part[0], N);
    assert_int_equal(pr_sketch_count(part[1]), (N + 2) / 3);
    pr_sketch_free(all);
    pr_sketch_free(again);
    pr_sketch_free(part[0]);
    pr_sketch_free(part[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_and_exact),
        cmocka_unit_test(tail_bounds_cover),
        cmocka_unit_test(thinned_bounds_cover),
        cmocka_unit_test(many_windows_stay_bounded),
        cmocka_unit_test(sketch_is_exact_while_small),
        cmocka_unit_test(sketch_keeps_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
