/* test_gptq.c - levels taken out of blocks and put back, factors against their definition, rows
 * with feedback against a dense reference and against rounding, whole models. */
#include "check.h"
#include "quant/gptq.h"

static const pr_type types[] = {PR_Q4_0,   PR_Q4_1, PR_Q5_0, PR_Q5_1, PR_IQ4_NL, PR_Q2_K,
                                PR_Q3_K, PR_Q4_K, PR_Q5_K, PR_Q6_K, PR_IQ4_XS};
enum { N = 512, ROWS = 16 };

static double uniform(pr_rng *r) {
    return pr_rng_unit(r) * 2 - 1;
}

/* ------------------------------------------------------------------ levels */

/* Other levels under the same scales: every other byte of the block stays, the levels come back,
 * and a decoder agrees that equal levels of a sub-block are equal values. */
static void levels_come_back(void **state) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    pr_rng            r;
    pr_rng_seed(&r, 7);
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        const pr_type_info *t = pr_type_get(types[i]);
        float     x[256], v[256];
        uint8_t   block[256], again[256], lev[256], got[256];
        pr_levels l;
        assert_true(pr_levels_of(types[i], &l));
        for (int j = 0; j < t->block; j++) x[j] = (float)uniform(&r);
        pr_encode_get(k, types[i])(block, x, t->block, NULL);
        pr_levels_take(types[i], block, lev);
        for (int j = 0; j < t->block; j++) assert_true(lev[j] < l.n);
        memcpy(again, block, (size_t)t->bytes);
        pr_levels_put(types[i], again, lev);
        assert_memory_equal(again, block, (size_t)t->bytes);
        for (int j = 0; j < t->block; j++) lev[j] = (uint8_t)pr_rng_below(&r, (uint64_t)l.n);
        pr_levels_put(types[i], again, lev);
        pr_levels_take(types[i], again, got);
        assert_memory_equal(got, lev, (size_t)t->block);
        pr_decode_get(k, types[i])(v, again, t->block);
        for (int j = 0; j < t->block; j++)
            for (int m = j / l.sub * l.sub; m < j; m++)
                if (lev[j] == lev[m]) assert_true(v[j] == v[m]);
        /* Put back what was there: the very block, so nothing but levels was touched. */
        pr_levels_take(types[i], block, lev);
        pr_levels_put(types[i], again, lev);
        assert_memory_equal(again, block, (size_t)t->bytes);
    }
    pr_levels l;
    assert_false(pr_levels_of(PR_Q8_0, &l));
    assert_false(pr_levels_of(PR_F16, &l));
}

/* ------------------------------------------------------------------ factors */

/* A matrix of second moments: few strong directions and some noise, as in models. */
static void moments(double *full, int64_t n, int samples) {
    pr_rng r;
    float *x = pr_calloc((size_t)n * (size_t)samples, sizeof *x);
    pr_rng_seed(&r, 11);
    for (int s = 0; s < samples; s++) {
        double common = uniform(&r), other = uniform(&r);
        for (int64_t j = 0; j < n; j++)
            x[s * n + j] = (float)(uniform(&r) * (1 + (double)(j % 7)) + common * (double)(j % 5) +
                                   other * (double)(j % 3));
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int s = 0; s < samples; s++) sum += (double)x[s * n + i] * x[s * n + j];
            full[i * n + j] = sum;
        }
    pr_free(x);
}

static double *packed(const double *full, int64_t n) {
    double *h = pr_calloc((size_t)(n * (n + 1) / 2), sizeof *h);
    for (int64_t i = 0; i < n; i++)
        memcpy(h + pr_upper_at(n, i), full + i * n + i, (size_t)(n - i) * sizeof *h);
    return h;
}

static pr_factor factor_of(const double *full, int64_t n, double damp, int threads) {
    pr_factor f;
    pr_pool  *p;
    pare_err  e = {0};
    double   *h = packed(full, n);
    CHECK_OK(pr_pool_new(&p, threads, &e), e);
    CHECK_OK(pr_factor_make(&f, h, n, damp, p, &e), e);
    pr_pool_free(p);
    pr_free(h);
    return f;
}

/* (U + I) D (U + I)ᵀ is the damped matrix; U and D are floats: 2^-24 each, twice in a product of
 * which there are n, relative to the diagonal. */
static void factors_multiply_back(void **state) {
    enum { M = 300 };
    double *h = pr_calloc(M * M, sizeof *h), mean = 0, scale = 0;
    moments(h, M, 400);
    pr_factor f = factor_of(h, M, 0.02, 1);
    for (int i = 0; i < M; i++) mean += h[i * M + i] / M;
    for (int i = 0; i < M; i++) h[i * M + i] += 0.02 * mean;
    /* D is given in units of its mean: the last one is known, it is H's own. */
    scale = h[M * M - 1] / (double)f.d[M - 1];
    for (int i = 0; i < M; i++)
        for (int j = i; j < M; j++) {
            double sum = 0;
            for (int m = j; m < M; m++) {
                double a = m == i ? 1 : (double)f.ut[m * M + i],
                       b = m == j ? 1 : (double)f.ut[m * M + j];
                sum += a * b * (double)f.d[m] * scale;
            }
            double room = sqrt(h[i * M + i] * h[j * M + j]);
            assert_true(fabs(sum - h[i * M + j]) <= 3 * 0x1p-24 * M * room);
        }
    pr_factor g = factor_of(h, M, 0, 3), g1 = factor_of(h, M, 0, 1);
    assert_memory_equal(g.ut, g1.ut, M * M * sizeof *g.ut);
    assert_memory_equal(g.d, g1.d, M * sizeof *g.d);
    for (int i = 0; i < M; i++)
        for (int k = i + 1; k < M && k / PR_CHUNK == i / PR_CHUNK; k++)
            assert_true(g.local[i * PR_CHUNK + k % PR_CHUNK] == g.ut[k * M + i]);
    pr_factor_free(&f), pr_factor_free(&g), pr_factor_free(&g1);
    pr_free(h);
}

/* Gathered in batches by several parts: the sums over all rows. Floats over up to 50 terms. */
static void moments_are_gathered(void **state) {
    enum { C = 40, T = 90 };
    float    x[T * C], *work = pr_calloc(pr_moment_work(C, 50), sizeof *work);
    double   h[C * (C + 1) / 2] = {0};
    pr_moment m = {.cols = C, .h = h};
    pr_rng   r;
    pr_rng_seed(&r, 5);
    for (int i = 0; i < T * C; i++) x[i] = (float)uniform(&r);
    for (int from = 0; from < T; from += 50)
        for (int p = 0; p < 3; p++)
            pr_moment_add(&m, pr_kernels_get(0), x + from * C, PR_MIN(50, T - from), p, 3, work);
    assert_true(m.count == T);
    for (int i = 0; i < C; i++)
        for (int j = i; j < C; j++) {
            double sum = 0, size = 0;
            for (int t = 0; t < T; t++) {
                double v = (double)x[t * C + i] * x[t * C + j];
                sum += v, size += fabs(v);
            }
            assert_true(fabs(h[pr_upper_at(C, i) + j - i] - sum) <= 50 * 0x1p-24 * size);
        }
    pr_free(work);
}

/* ------------------------------------------------------------------ rows */

/* tr(E H Eᵀ) of rows. */
static double output_error(const double *h, const float *w, const float *v) {
    double all = 0;
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < N; i++) {
            double e = (double)w[r * N + i] - v[r * N + i];
            for (int j = 0; j < N; j++)
                all += e * h[i * N + j] * ((double)w[r * N + j] - v[r * N + j]);
        }
    return all;
}

static void random_rows(float *w) {
    pr_rng r;
    pr_rng_seed(&r, 3);
    for (int i = 0; i < ROWS * N; i++) {
        double u = uniform(&r);
        w[i] = (float)(u * u * u * 0.1);
    }
}

static void code(pr_type t, const pr_kernels *k, const pr_factor *f, const float *w, uint8_t *dst,
                 uint64_t row, int again) {
    pr_gptq g;
    float  *work = pr_calloc(pr_gptq_work(N), sizeof *work);
    assert_true(pr_gptq_init(&g, k, t, f));
    g.again = again;
    pr_gptq_rows(&g, dst, row, w, ROWS, work);
    pr_free(work);
}

/* Less error at the output than the same encoder, weighed by the same diagonal, leaves. */
static void feedback_pays(void **state) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    double           *h = pr_calloc(N * N, sizeof *h);
    float            *w = pr_calloc(ROWS * N, sizeof *w), *v = pr_calloc(ROWS * N, sizeof *v);
    float             diag[N];
    uint8_t          *b = pr_calloc(ROWS, 4 * N), *one = pr_calloc(ROWS, 4 * N);
    moments(h, N, 2000);
    random_rows(w);
    for (int j = 0; j < N; j++) diag[j] = (float)h[j * N + j];
    pr_factor f = factor_of(h, N, 0.01, 2);
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        uint64_t row;
        assert_true(pr_type_row_bytes(types[i], N, &row));
        for (int r = 0; r < ROWS; r++)
            pr_encode_get(k, types[i])(b + (uint64_t)r * row, w + r * N, N, diag);
        pr_decode_get(k, types[i])(v, b, ROWS * N);
        double plain = output_error(h, w, v);
        code(types[i], k, &f, w, b, row, 1);
        pr_decode_get(k, types[i])(v, b, ROWS * N);
        double fed = output_error(h, w, v);
        print_message("%-7s %.3f of the error without feedback\n", pr_type_get(types[i])->name,
                      fed / plain);
        assert_true(fed < plain);
        code(types[i], pr_kernels_get(0), &f, w, one, row, 1); /* the same bytes without SIMD */
        assert_memory_equal(one, b, (size_t)row * ROWS);
    }
    pr_factor_free(&f);
    pr_free(h), pr_free(w), pr_free(v), pr_free(b), pr_free(one);
}

/* Nothing to make good: each block is what the encoder gives with equal weights, bit for bit. */
static void identity_is_plain(void **state) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    double           *h = pr_calloc(N * N, sizeof *h);
    float            *w = pr_calloc(ROWS * N, sizeof *w), ones[N];
    uint8_t          *b = pr_calloc(ROWS, 4 * N), *want = pr_calloc(ROWS, 4 * N);
    for (int i = 0; i < N; i++) h[i * N + i] = 1, ones[i] = 1;
    random_rows(w);
    pr_factor f = factor_of(h, N, 0.01, 1);
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        const pr_type_info *t = pr_type_get(types[i]);
        uint64_t            row;
        assert_true(pr_type_row_bytes(types[i], N, &row));
        for (int at = 0; at < ROWS * N; at += t->block)
            pr_encode_get(k, types[i])(want + at / t->block * t->bytes, w + at, t->block, ones);
        code(types[i], k, &f, w, b, row, 1);
        assert_memory_equal(b, want, (size_t)row * ROWS);
    }
    pr_factor_free(&f);
    pr_free(h), pr_free(w), pr_free(b), pr_free(want);
}

/* The published recurrence, spelled out densely in double: invert H, take the upper Cholesky factor
 * of the inverse, and after each column spread its error over those behind it. Scales are taken
 * from our blocks, levels are chosen here: they must be the same but where a column lies within
 * float rounding of the middle between two levels. */
static void as_the_published_recurrence(void **state) {
    enum { C = 64 };
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    static double     h[C * C], inv[C * C], up[C * C];
    float             w[ROWS * C], v[ROWS * C], work[ROWS * (C + 2 * PR_CHUNK)];
    uint8_t           b[ROWS * 2 * 18];
    pr_gptq           g;
    double            mean = 0;
    moments(h, C, 200);
    pr_rng r;
    pr_rng_seed(&r, 9);
    for (int i = 0; i < ROWS * C; i++) w[i] = (float)uniform(&r);
    pr_factor f = factor_of(h, C, 0.01, 1);
    assert_true(pr_gptq_init(&g, k, PR_Q4_0, &f));
    g.again = 0;
    pr_gptq_rows(&g, b, 2 * 18, w, ROWS, work);
    pr_decode_get(k, PR_Q4_0)(v, b, ROWS * C);
    for (int i = 0; i < C; i++) mean += h[i * C + i] / C;
    for (int i = 0; i < C; i++) h[i * C + i] += 0.01 * mean;
    for (int i = 0; i < C; i++) { /* Gauss and Jordan */
        for (int j = 0; j < C; j++) inv[i * C + j] = i == j;
    }
    for (int p = 0; p < C; p++) {
        double d = h[p * C + p];
        for (int j = 0; j < C; j++) h[p * C + j] /= d, inv[p * C + j] /= d;
        for (int i = 0; i < C; i++) {
            double q = h[i * C + p];
            for (int j = 0; i != p && j < C; j++)
                h[i * C + j] -= q * h[p * C + j], inv[i * C + j] -= q * inv[p * C + j];
        }
    }
    for (int i = 0; i < C; i++) /* inv = upᵀ up */
        for (int j = i; j < C; j++) {
            double s = inv[i * C + j];
            for (int m = 0; m < i; m++) s -= up[m * C + i] * up[m * C + j];
            up[i * C + j] = i == j ? sqrt(s) : s / up[i * C + i];
        }
    int differ = 0;
    for (int row = 0; row < ROWS; row++) {
        double x[C];
        for (int j = 0; j < C; j++) x[j] = (double)w[row * C + j];
        for (int j = 0; j < C; j++) {
            float  s = pr_f16_to_f32(pr_le16(b + row * 36 + j / 32 * 18));
            double q = floor(x[j] / (double)s + 0.5);
            q = q < -8 ? -8 : q > 7 ? 7 : q;
            if ((double)v[row * C + j] != q * (double)s) {
                differ++;
                assert_true(fabs(fabs(x[j] / (double)s - floor(x[j] / (double)s)) - 0.5) < 1e-4);
                break; /* from here on the paths differ rightly */
            }
            double e = (x[j] - q * (double)s) / up[j * C + j];
            for (int m = j + 1; m < C; m++) x[m] -= e * up[j * C + m];
        }
    }
    assert_true(differ <= 1);
    pr_factor_free(&f);
}

/* ------------------------------------------------------------------ models */

static pare_status by_role(void *user, const pr_model *m, const pr_weight *w, const char *name,
                           pr_choice *out, pare_err *err) {
    (void)user, (void)m, (void)name, (void)err;
    *out = (pr_choice){.type = w->id.role == PR_ROLE_TOKEN_EMBD ? PR_Q6_K
                               : w->id.role == PR_ROLE_ATTN_V   ? PR_Q8_0
                                                                : PR_Q4_K};
    out->asked = out->type;
    return PARE_OK;
}

/* A hash over all matrices as blocks. */
static pr_sha256 made(const pr_model *m, int threads, uint64_t memory, bool feedback) {
    char           text[8192];
    const char    *dir = check_scratch();
    char           near[600];
    pare_err       e = {0};
    pare_ctl       ctl = {.n_threads = threads, .work_memory_bytes = memory};
    pr_arena      *a = pr_arena_new(64 << 20);
    pr_calib_text  t;
    pr_recode     *r;
    pr_sha256_ctx *h = pr_sha256_new();
    FILE          *f = fopen(check_source("models/austen-3.7m/text/train.txt"), "rb");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof text, f), sizeof text);
    fclose(f);
    snprintf(near, sizeof near, "%s/x.gguf", dir);
    CHECK_OK(
        pr_calib_text_cut(&t, m, (pr_str){text, sizeof text}, &(pr_calib_opts){0}, &ctl, a, &e),
        e);
    CHECK_OK(pr_recode_run(&r, m, by_role, NULL, &t, &(pr_recode_opts){near, feedback}, &ctl, a,
                           &e),
             e);
    assert_int_equal(pr_recode_count(r), 29);
    const pr_model *n = pr_recode_model(r);
    for (int i = 0; i < n->n_weights; i++) {
        const pr_weight *w = &n->weights[i];
        if (w->rows == 1) continue;
        assert_int_equal(w->src->type, w->id.role == PR_ROLE_TOKEN_EMBD ? PR_Q6_K
                                       : w->id.role == PR_ROLE_ATTN_V   ? PR_Q8_0
                                                                        : PR_Q4_K);
        pr_sha256_add(h, w->src->data, w->src->bytes);
    }
    pr_recode_close(r);
    pr_arena_free(a);
    assert_int_equal(rmdir(dir), 0); /* the spool had no name */
    return pr_sha256_end(h);
}

/* Threads, and how many sites are gathered at a time, leave no trace. */
static void same_bytes_everywhere(void **state) {
    pare_err  e = {0};
    pr_model *m;
    CHECK_OK(pr_model_open(&m, check_source("models/austen-3.7m"), &e), e);
    pr_sha256 one = made(m, 1, 0, true), three = made(m, 3, 0, true),
              little = made(m, 2, 8000000, true), plain = made(m, 2, 0, false);
    assert_memory_equal(&one, &three, sizeof one);
    assert_memory_equal(&one, &little, sizeof one);
    assert_memory_not_equal(&one, &plain, sizeof one);
    pr_model_close(m);
}

static void too_little_memory(void **state) {
    char          near[600], text[4096];
    pare_err      e = {0};
    pare_ctl      ctl = {.work_memory_bytes = 1000000};
    pr_model     *m;
    pr_recode    *r;
    pr_calib_text t;
    const char   *dir = check_scratch();
    pr_arena     *a = pr_arena_new(64 << 20);
    snprintf(near, sizeof near, "%s/x.gguf", dir);
    for (size_t i = 0; i < sizeof text; i++) text[i] = "truth "[i % 6];
    CHECK_OK(pr_model_open(&m, check_source("models/austen-3.7m"), &e), e);
    CHECK_OK(
        pr_calib_text_cut(&t, m, (pr_str){text, sizeof text}, &(pr_calib_opts){0}, &ctl, a, &e),
        e);
    assert_int_equal(
        pr_recode_run(&r, m, by_role, NULL, &t, &(pr_recode_opts){near, true}, &ctl, a, &e),
        PARE_EUSAGE);
    assert_null(r);
    assert_non_null(strstr(e.msg, "--work-memory"));
    pr_model_close(m);
    pr_arena_free(a);
    check_scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_come_back),      cmocka_unit_test(factors_multiply_back),
        cmocka_unit_test(moments_are_gathered),  cmocka_unit_test(feedback_pays),
        cmocka_unit_test(identity_is_plain),     cmocka_unit_test(as_the_published_recurrence),
        cmocka_unit_test(same_bytes_everywhere), cmocka_unit_test(too_little_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
