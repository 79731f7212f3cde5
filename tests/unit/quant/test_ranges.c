/* test_ranges.c - the one scale for all inputs of a matrix: against a search over the numbers
 * themselves, written here another way; and over a model that reads a text, against what a watch of
 * this test collects. */
#include "check.h"
#include <math.h>
#include "quant/ranges.h"

enum { N = 20000, KEEP = 1 << 20 };

/* Sums of squares, as the door defines them. */
static double error_of(const float *x, int n, double step, int zero) {
    double sum = 0, all = 0;
    for (int i = 0; i < n; i++) {
        double q = rint((double)x[i] / step) + zero;
        double d = (double)x[i] - step * (fmin(fmax(q, 0), 255) - zero);
        sum += d * d;
        all += (double)x[i] * (double)x[i];
    }
    return sum / all;
}

/* The least error of all pairs of ends, each in 80 steps of its own extreme. */
static double best_of(const float *x, int n) {
    double lo = 0, hi = 0, best = INFINITY;
    for (int i = 0; i < n; i++) lo = fmin(lo, (double)x[i]), hi = fmax(hi, (double)x[i]);
    for (int a = 1; a <= 80; a++)
        for (int b = 1; b <= 80; b++) {
            double from = lo * a / 80, to = hi * b / 80, step = (to - from) / 255;
            if (step > 0) best = fmin(best, error_of(x, n, step, (int)rint(-from / step)));
        }
    return best;
}

static double uniform(uint64_t *s) {
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return (double)(*s >> 11) * 0x1p-53;
}

/* Sums of twelve uniform numbers, and now and then one that is far outside. */
static void draw(float *x, int n, double far, double shift) {
    uint64_t s = 42;
    for (int i = 0; i < n; i++) {
        double v = -6;
        for (int k = 0; k < 12; k++) v += uniform(&s);
        x[i] = (float)((i % 1000 == 7 ? v * far : v) + shift);
    }
}

/* 8 %: the search sees numbers in bins of 1/32 of a power of two, and where single numbers at the
 * ends decide, as among these few, each counts as somewhere in its bin. (A step that is wrong by
 * 4 % changes the error by that.) */
static void check_scale(const float *x, int n, const pr_act_range *r) {
    double is = error_of(x, n, (double)r->scale.step, r->scale.zero), best = best_of(x, n);
    assert_true(r->scale.zero >= 0 && r->scale.zero <= 255);
    if (is > 1.08 * best || fabs(r->error - is) > 0.08 * is)
        fail_msg("error %g, told %g, best %g", is, r->error, best);
}

static void scales_are_the_best(void **state) {
    static const double far[] = {1, 6, 40}, shift[] = {0, 2, -5, 0.3};
    static float x[N];
    (void)state;
    for (size_t i = 0; i < PR_COUNT(far); i++)
        for (size_t k = 0; k < PR_COUNT(shift); k++) {
            pr_range_seen *s = pr_calloc(1, sizeof *s);
            pr_act_range r;
            draw(x, N / 10, far[i], shift[k]);
            for (int j = 0; j < N / 10; j++) pr_range_add(s, x[j]);
            pr_range_best(s, &r);
            check_scale(x, N / 10, &r);
            pr_free(s);
        }
}

/* One far number among n of deviation 1 is worth the levels (R + 6)/255 apart up to the R at which
 * n/12 · ((R + 6)/255)² grows as (60 - R)² falls: 12.5 for two millions of them, 58 for a
 * hundredth. */
static void ends_are_cut(void **state) {
    static float x[N];
    pr_range_seen *s = pr_calloc(1, sizeof *s);
    pr_act_range r;
    (void)state;
    draw(x, N, 1, 0);
    for (int j = 0; j < N; j++) pr_range_add(s, x[j]);
    pr_range_add(s, 60);
    pr_range_best(s, &r);
    float top = (float)(255 - r.scale.zero) * r.scale.step;
    assert_true(r.hi == 60 && top > 54 && top < 61);
    for (int j = 0; j < 99 * N; j++) pr_range_add(s, x[j % N]);
    pr_range_best(s, &r);
    top = (float)(255 - r.scale.zero) * r.scale.step;
    assert_true(r.hi == 60 && top > 10 && top < 16);
    pr_free(s);
}

static void odd_numbers(void **state) {
    pr_range_seen *s = pr_calloc(1, sizeof *s);
    pr_act_range r;
    (void)state;
    pr_range_best(s, &r); /* nothing seen */
    assert_true(r.scale.step == 0 && r.error == 0);
    pr_range_add(s, 0);
    pr_range_add(s, -0.0f);
    pr_range_best(s, &r); /* zeros alone: no step */
    assert_true(r.scale.step == 0);
    pr_range_add(s, 3);
    pr_range_best(s, &r);
    assert_true(r.scale.zero == 0 && r.lo == 0 && r.hi == 3);
    pr_range_add(s, -1e-30f); /* far below every bin */
    pr_range_add(s, 1e30f);   /* far above */
    pr_range_best(s, &r);
    assert_true(r.scale.step > 0);
    assert_false(s->bad);
    pr_range_add(s, NAN);
    assert_true(s->bad);
    pr_act_scale a = pr_act_scale_of(-1, 254);
    assert_true(a.step == 1 && a.zero == 1);
    a = pr_act_scale_of(1, 255);
    assert_true(a.step == 1 && a.zero == 0);
    pr_free(s);
}

/* ------------------------------------------------------------------ a model */

typedef struct {
    const pr_weight *w;
    float *x;
    int64_t n;
} kept;

static void keep(void *user, const pr_weight *const *w, int n_w, const float *x, int64_t cols,
                 int n, int part) {
    kept *k = user;
    (void)part;
    for (int i = 0; i < n_w; i++) {
        if (w[i] != k->w) continue;
        assert_true(k->n + n * cols <= KEEP);
        memcpy(k->x + k->n, x, (size_t)(n * cols) * sizeof *x);
        k->n += n * cols;
    }
}

static pr_act_range *ranges(const pr_model *m, int threads, pr_calib_text *t, pr_arena *a) {
    pr_act_range *r;
    pare_err e = {0};
    pare_ctl ctl = {.n_threads = threads};
    pr_map map;
    CHECK_OK(pr_map_open(&map, check_source("models/austen-3.7m/text/train.txt"), &e), e);
    CHECK_OK(pr_calib_text_cut(t, m, (pr_str){(const char *)map.p, 40000},
                               &(pr_calib_opts){.max_tokens = 1024}, &ctl, a, &e),
             e);
    pr_map_close(&map);
    CHECK_OK(pr_ranges_run(&r, m, t, &ctl, a, &e), e);
    return r;
}

/* The ends are those of the inputs, the scale is the best for them, the same for any threads; q, k
 * and v have one. */
static void models_are_read(void **state) {
    pr_arena *a = pr_arena_new(64 << 20);
    pr_model *m;
    pr_session *s;
    pare_err e = {0};
    pr_calib_text t;
    (void)state;
    CHECK_OK(pr_model_open(&m, check_source("models/austen-3.7m"), &e), e);
    pr_act_range *one = ranges(m, 1, &t, a), *three = ranges(m, 3, &t, a);
    assert_memory_equal(one, three, (size_t)m->n_weights * sizeof *one);
    int q = pr_model_weight(m, PR_ROLE_ATTN_Q, 2), k = pr_model_weight(m, PR_ROLE_ATTN_K, 2),
        o = pr_model_weight(m, PR_ROLE_ATTN_O, 2);
    assert_memory_equal(&one[q], &one[k], sizeof *one);
    assert_memory_not_equal(&one[q], &one[o], sizeof *one);
    assert_true(one[pr_model_weight(m, PR_ROLE_TOKEN_EMBD, -1)].scale.step == 0);
    kept x = {.w = &m->weights[o], .x = pr_calloc(KEEP, sizeof(float))};
    pr_watch w = {.user = &x, .parts = 1, .see = keep};
    CHECK_OK(pr_session_new(&s, m, &(pr_session_opts){.n_ctx = t.window, .exact = true}, &e), e);
    pr_session_watch(s, &w);
    for (int64_t i = 0; i < t.n_windows; i++) {
        pr_session_rewind(s, 0);
        CHECK_OK(pr_session_prompt(s, t.ids + i * t.window, t.window, NULL, &e), e);
    }
    float lo = 0, hi = 0;
    for (int64_t i = 0; i < x.n; i++) lo = fminf(lo, x.x[i]), hi = fmaxf(hi, x.x[i]);
    assert_true(x.n == t.n_windows * t.window * m->weights[o].cols);
    assert_true(lo == one[o].lo && hi == one[o].hi);
    double is = error_of(x.x, (int)x.n, (double)one[o].scale.step, one[o].scale.zero);
    assert_true(fabs(one[o].error - is) < 0.03 * is);
    pr_session_free(s);
    pr_free(x.x);
    pr_model_close(m);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scales_are_the_best),
        cmocka_unit_test(ends_are_cut),
        cmocka_unit_test(odd_numbers),
        cmocka_unit_test(models_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
