/* test_pareto.c - hypervolume, ranks, crowding and NSGA-II against values that are known: analytic
 * fronts of ZDT1, ZDT2 (Zitzler, Deb & Thiele 2000) and DTLZ2 (Deb et al. 2002). */
#include "check.h"
#include "search/search.h"
#include <math.h>
#include <stdio.h>

static double volume(const double *f, size_t n, size_t m, const double *ref) {
    pare_err e = {0};
    double v;
    CHECK_OK(pr_hypervolume(f, n, m, ref, &v, &e), e);
    return v;
}

static void near(double got, double want, double tol) {
    if (!(fabs(got - want) <= tol)) fail_msg("%.12g is not %.12g within %g", got, want, tol);
}

static void volumes_by_hand(void **state) {
    double f[] = {1, 3, 2, 2, 3, 1}, ref[] = {4, 4};
    assert_true(volume(f, 3, 2, ref) == 6);
    double more[] = {3, 1, 9, 9, 2, 2, 2, 2, 3, 3, 1, 3, NAN, 0, 0, INFINITY, 4, 0};
    assert_true(volume(more, 9, 2, ref) == 6); /* order, repeats, dominated, missing, on the edge */
    assert_true(volume(f, 0, 2, ref) == 0);
    double one[] = {3, 1, 2}, at4 = 4;
    assert_true(volume(one, 3, 1, &at4) == 3);
    /* 2 × 2 × 2 and 1 × 1 × 3 meeting in 1 × 1 × 2: 8 + 3 - 2 */
    double g[] = {1, 1, 1, 2, 2, 0}, ref3[] = {3, 3, 3};
    assert_true(volume(g, 2, 3, ref3) == 9);
    double bad = 0;
    pare_err e = {0};
    assert_int_equal(pr_hypervolume(f, 3, 0, ref, &bad, &e), PARE_EUSAGE);
    assert_int_equal(pr_hypervolume(f, 3, PR_PARETO_DIMS + 1, ref, &bad, &e), PARE_EUSAGE);
    assert_int_equal(pr_hypervolume(f, PR_PARETO_POINTS + 1, 2, ref, &bad, &e), PARE_EUSAGE);
}

/* By inclusion and exclusion over all subsets: another way to the same number. */
static double volume_of_subsets(const double *f, int n, size_t m, const double *ref) {
    double sum = 0;
    for (unsigned set = 1; set < 1u << n; set++) {
        double box = 1;
        int count = 0;
        for (size_t d = 0; d < m; d++) {
            double corner = -INFINITY;
            for (int i = 0; i < n; i++)
                if (set >> i & 1) corner = fmax(corner, f[(size_t)i * m + d]);
            box *= fmax(ref[d] - corner, 0);
        }
        for (int i = 0; i < n; i++) count += (int)(set >> i & 1);
        sum += count % 2 ? box : -box;
    }
    return sum;
}

static void volumes_agree_with_subsets(void **state) {
    pr_rng r;
    double f[10 * 6], ref[] = {1, 1, 1, 1, 1, 1};
    pr_rng_seed(&r, 3);
    for (size_t m = 2; m <= 6; m++)
        for (int t = 0; t < 40; t++) {
            for (size_t i = 0; i < 10 * m; i++) /* coarse: many ties */
                f[i] = (double)pr_rng_below(&r, t % 2 ? 1000 : 6) / (t % 2 ? 900 : 5);
            /* 2^10 boxes of at most 1 summed: rounding far below 1e-12 */
            near(volume(f, 10, m, ref), volume_of_subsets(f, 10, m, ref), 1e-12);
        }
}

/* N points of a convex or concave curve from (0,1) to (1,0) cover the area above it less, at most,
 * half of the steps: 1/(2N) for a monotone one. */
static void analytic_fronts(void **state) {
    enum { N = 20000, M = 120 };
    static double f[2 * (N + 1)], g[3 * (M + 1) * (M + 1)];
    double one[] = {1, 1, 1}, wide[] = {1.2, 1.2};
    for (int i = 0; i <= N; i++) f[2 * i] = (double)i / N, f[2 * i + 1] = 1 - sqrt((double)i / N);
    /* at x = 0 the step is √(1/N) high: all others together 1/(2N) */
    near(volume(f, N + 1, 2, one), 2.0 / 3, 1.0 / N);
    near(volume(f, N + 1, 2, wide), 1.106667, 1.0 / N + 4e-7);
    for (int i = 0; i <= N; i++) f[2 * i + 1] = 1 - f[2 * i] * f[2 * i];
    near(volume(f, N + 1, 2, one), 1.0 / 3, 1.0 / N);
    for (int i = 0; i <= M; i++)
        for (int k = 0; k <= M; k++) {
            double a = acos(-1) / 2 * i / M, b = acos(-1) / 2 * k / M;
            double *p = g + 3 * (i * (M + 1) + k);
            p[0] = cos(a) * cos(b), p[1] = cos(a) * sin(b), p[2] = sin(a);
        }
    double got = volume(g, (M + 1) * (M + 1), 3, one), want = 1 - acos(-1) / 6;
    printf("DTLZ2 in 3-D: %.6f of %.6f by %d points\n", got, want, (M + 1) * (M + 1));
    /* Short by the notches between points: their depth is at most a cell's side (π/2M) over an
     * area of the sphere's eighth (π/2); a notch is a pyramid, a third of that at most. */
    assert_true(got < want && got > want - acos(-1) / 2 / M * acos(-1) / 2 / 3 * 2);
}

static pr_point point2(double a, double b) {
    pr_point p = {.violation = 0};
    pr_point_set(&p, 0, a, a, a);
    pr_point_set(&p, 1, b, b, b);
    return p;
}

static void ranks_and_crowding(void **state) {
    pr_point p[] = {point2(1, 3), point2(2, 2), point2(3, 1), point2(2, 3), point2(3, 3),
                    point2(NAN, 0), point2(0, 0)};
    int rank[7];
    double crowd[7];
    pare_err e = {0};
    p[6].violation = NAN; /* best of all, and failed */
    CHECK_OK(pr_ranks(p, 7, 2, rank, &e), e);
    const int want[] = {0, 0, 0, 1, 2, 3, 3};
    assert_memory_equal(rank, want, sizeof want);
    CHECK_OK(pr_crowding(p, 7, 2, rank, crowd, &e), e);
    assert_true(isinf(crowd[0]) && isinf(crowd[2]) && crowd[1] == 2);
    /* Bounds: overlapping ones decide nothing. */
    pr_point a = point2(1, 1), b = point2(2, 2);
    assert_true(pr_point_beats(&a, &b, 2) && !pr_point_beats(&b, &a, 2));
    pr_point_set(&a, 0, 1, 0.5, 2.1);
    assert_false(pr_point_beats(&a, &b, 2));
    /* Limits first. */
    b.violation = 0, a = point2(0, 0), a.violation = 0.1;
    assert_true(pr_point_beats(&b, &a, 2) && !pr_point_beats(&a, &b, 2));
}

/* A missing, failed or infinite number never wins, to whichever side it lies. */
static void nothing_missing_wins(void **state) {
    const double odd[] = {NAN, INFINITY, -INFINITY};
    pr_point good = point2(1e300, 1e300);
    for (size_t i = 0; i < PR_COUNT(odd); i++) {
        pr_point bad = point2(odd[i], -1e300);
        assert_false(pr_point_beats(&bad, &good, 2));
        assert_true(pr_point_beats(&good, &bad, 2));
        double f[] = {odd[i], -1, 0.5, 0.5}, ref[] = {1, 1};
        assert_true(volume(f, 2, 2, ref) == 0.25);
        assert_true(pr_point_dominates(f + 2, f, 2) && !pr_point_dominates(f, f + 2, 2));
    }
    pr_point bounds = {.violation = 0};
    pr_point_set(&bounds, 0, 0, 1, -1); /* the wrong way round */
    pr_point_set(&bounds, 1, 0, 0, 0);
    assert_false(pr_point_beats(&bounds, &good, 2));
}

/* ---- NSGA-II ---- */

typedef struct {
    int kind; /* 1, 2: ZDT; 3: DTLZ2 in 3-D */
    size_t n;
    int64_t calls;
} problem;

static pare_status solve(void *user, const double *x, size_t n, pr_point *p, bool *stop,
                         pare_err *err) {
    problem *q = user;
    for (size_t i = 0; i < n; i++, x += q->n) {
        double g = 0, f[3];
        size_t front = q->kind == 3 ? 2 : 1;
        for (size_t k = front; k < q->n; k++)
            g += q->kind == 3 ? (x[k] - 0.5) * (x[k] - 0.5) : 9 * x[k] / (double)(q->n - 1);
        if (q->kind != 3) g += 1;
        f[0] = x[0];
        f[1] = g * (1 - (q->kind == 1 ? sqrt(x[0] / g) : x[0] / g * (x[0] / g)));
        if (q->kind == 3) {
            double a = x[0] * acos(-1) / 2, b = x[1] * acos(-1) / 2;
            f[0] = (1 + g) * cos(a) * cos(b), f[1] = (1 + g) * cos(a) * sin(b);
            f[2] = (1 + g) * sin(a);
        }
        p[i] = (pr_point){.violation = 0};
        for (size_t k = 0; k <= front; k++) pr_point_set(&p[i], k, f[k], f[k], f[k]);
        q->calls++;
    }
    return PARE_OK;
}

static double reached(problem q, int64_t evaluations, uint64_t seed) {
    pr_gene genes[30];
    pr_nsga2_result r;
    pare_err e = {0};
    size_t m = q.kind == 3 ? 3 : 2;
    double f[3 * 100], ref[] = {1, 1, 1};
    for (size_t i = 0; i < 30; i++) genes[i] = (pr_gene){0, 1, 0};
    pr_nsga2_opts o = {.genes = genes, .n_genes = q.n, .n_objectives = m, .population = 100,
                       .evaluations = evaluations, .seed = seed};
    CHECK_OK(pr_nsga2(&o, solve, &q, &r, &e), e);
    assert_true(r.evaluations <= evaluations && q.calls == r.evaluations && r.n == 100);
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = 0; k < m; k++) f[i * m + k] = r.point[i].value[k];
    pr_nsga2_free(&r);
    return volume(f, 100, m, ref);
}

static void reaches_published_volumes(void **state) {
    double z1 = reached((problem){1, 30, 0}, 25000, 1), z2 = reached((problem){2, 30, 0}, 25000, 1);
    double d2 = reached((problem){3, 12, 0}, 25000, 1);
    printf("NSGA-II, 25,000 evaluations: ZDT1 %.4f (2/3), ZDT2 %.4f (1/3), DTLZ2 %.4f (0.4764)\n",
           z1, z2, d2);
    /* ZDT1: the bound. ZDT2: 100 points cannot do better than about 0.3285; Durillo & Nebro
     * (Advances in Engineering Software 42, 2011) have NSGA-II at 0.326. DTLZ2: at 0.37 and
     * more. */
    assert_true(z1 >= 0.65 && z1 <= 2.0 / 3);
    assert_true(z2 >= 0.32 && z2 <= 1.0 / 3);
    assert_true(d2 >= 0.35 && d2 <= 0.4765);
    assert_true(reached((problem){1, 30, 0}, 2000, 5) == reached((problem){1, 30, 0}, 2000, 5));
    assert_true(reached((problem){1, 30, 0}, 2000, 5) != reached((problem){1, 30, 0}, 2000, 6));
}

/* Categories: 4 genes of 9; two objectives that pull apart; half of the rows cannot be made. */
static pare_status categories(void *user, const double *x, size_t n, pr_point *p, bool *stop,
                              pare_err *err) {
    for (size_t i = 0; i < n; i++, x += 4) {
        double s = x[0] + x[1] + x[2] + x[3];
        for (size_t k = 0; k < 4; k++) assert_true(x[k] == floor(x[k]) && x[k] >= 0 && x[k] < 9);
        double w = (x[0] - x[1]) * (x[0] - x[1]) + (x[2] - x[3]) * (x[2] - x[3]);
        p[i] = point2(s + w, 32 - s + w);
        if ((int)s % 2)
            p[i] = point2(-1000, -1000), p[i].violation = NAN; /* tempting, and failed */
    }
    return PARE_OK;
}

static void takes_categories(void **state) {
    pr_gene genes[4] = {{.n = 9}, {.n = 9}, {.n = 9}, {.n = 9}};
    pr_nsga2_opts o = {.genes = genes, .n_genes = 4, .n_objectives = 2, .population = 40,
                       .evaluations = 4000, .mutation = 0.3, .seed = 2};
    pr_nsga2_result r;
    pare_err e = {0};
    size_t best = 0;
    CHECK_OK(pr_nsga2(&o, categories, NULL, &r, &e), e);
    for (size_t i = 0; i < r.n; i++) {
        assert_true(r.point[i].violation == 0);
        best += r.point[i].value[0] + r.point[i].value[1] == 32;
    }
    assert_true(best >= 17); /* the front has 17 places */
    pr_nsga2_free(&r);
    o.population = 41;
    assert_int_equal(pr_nsga2(&o, categories, NULL, &r, &e), PARE_EUSAGE);
    o.population = 40, genes[0] = (pr_gene){1, 1, 0};
    assert_int_equal(pr_nsga2(&o, categories, NULL, &r, &e), PARE_EUSAGE);
    assert_null(r.x);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(volumes_by_hand),
        cmocka_unit_test(volumes_agree_with_subsets),
        cmocka_unit_test(analytic_fronts),
        cmocka_unit_test(ranks_and_crowding),
        cmocka_unit_test(nothing_missing_wins),
        cmocka_unit_test(reaches_published_volumes),
        cmocka_unit_test(takes_categories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
