/* test_codec.c - decoders bit for bit and encoders by their error, against ggml's own
 * (vectors/codec/make.py), at every level that this CPU has. */
#include <float.h>
#include "check.h"
#include "kernel/kernel.h"

static const pr_type types[] = {PR_Q8_0, PR_Q4_0, PR_Q4_1, PR_Q5_0, PR_Q5_1,   PR_Q2_K,
                                PR_Q3_K, PR_Q4_K, PR_Q5_K, PR_Q6_K, PR_IQ4_NL, PR_IQ4_XS};

/* The tables of this CPU, reference first. */
static int levels(const pr_kernels *out[3]) {
    const uint32_t mask[3] = {0, PR_CPU_AVX2, PR_CPU_AVX2 | PR_CPU_AVX512};
    int n = 0;
    for (int i = 0; i < 3; i++)
        if ((pr_cpu_flags() & mask[i]) == mask[i]) out[n++] = pr_kernels_get(mask[i]);
    return n;
}

static pr_rng rng_of(uint64_t seed) {
    pr_rng r;
    pr_rng_seed(&r, seed);
    return r;
}

static size_t type_bytes(pr_type t, int64_t n) {
    uint64_t b;
    assert_true(pr_type_row_bytes(t, (uint64_t)n, &b));
    return (size_t)b;
}

static void *slurp(const char *file, long at, size_t n) {
    FILE *f = fopen(check_source(file), "rb");
    void *p = malloc(n);
    if (!f || !p || fseek(f, at, SEEK_SET) || fread(p, 1, n, f) != n)
        fail_msg("cannot read %s", file);
    fclose(f);
    return p;
}

static void decode_like_ggml(void **state) {
    const pr_kernels *k[3];
    int n_levels = levels(k), n_types = 0;
    char line[200], name[20];
    long n, blocks, values;
    FILE *f = fopen(check_source("tests/vectors/codec/decode.txt"), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        pr_type t;
        if (sscanf(line, "%19s %ld %ld %ld", name, &n, &blocks, &values) != 4) continue;
        assert_true(pr_type_from_name(name, &t));
        uint8_t *raw = slurp("tests/vectors/codec/decode.bin", blocks, type_bytes(t, n));
        uint8_t *odd = malloc(type_bytes(t, n) + 1); /* rows may lie at any address */
        float *want = slurp("tests/vectors/codec/decode.bin", values, (size_t)n * 4);
        float *got = malloc((size_t)n * 4);
        memcpy(odd + 1, raw, type_bytes(t, n));
        for (int i = 0; i < n_levels; i++) {
            memset(got, 0xff, (size_t)n * 4);
            pr_decode_get(k[i], t)(got, i % 2 ? odd + 1 : raw, n);
            for (long j = 0; j < n; j++)
                if (memcmp(&got[j], &want[j], 4))
                    fail_msg("%s %s value %ld: %a, ggml %a", name, k[i]->level, j, got[j],
                             want[j]);
        }
        free(raw), free(odd), free(want), free(got);
        n_types++;
    }
    fclose(f);
    assert_int_equal(n_types, PR_COUNT(types));
}

/* Which weight llama-quantize gives to the error of value `i`. */
static double weight_of(pr_type t, const float *x, int64_t i) {
    double a = fabs((double)x[i]), s = 0;
    switch (t) {
    case PR_Q2_K:
        return a;
    case PR_Q3_K:
    case PR_Q6_K:
    case PR_IQ4_NL:
    case PR_IQ4_XS:
        return a * a;
    case PR_Q4_K:
    case PR_Q5_K:
        for (int64_t j = i / 32 * 32, e = j + 32; j < e; j++) s += (double)x[j] * x[j];
        return sqrt(s / 32) + a;
    default:
        return 1;
    }
}

static double error_of(pr_type t, const float *x, const float *y, int64_t n) {
    double e = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)x[i] - y[i];
        e += weight_of(t, x, i) * d * d;
    }
    return e;
}

typedef struct {
    char name[64], file[80], dtype[8];
    long at;
    int64_t n;
    float *x, *y;
    uint8_t *raw;
} matrix;

static void matrix_open(matrix *m, const char *line) {
    int rows, cols;
    pr_type t;
    assert_int_equal(6, sscanf(line, "matrix %63s %79s %ld %7s %d %d", m->name, m->file, &m->at,
                               m->dtype, &rows, &cols));
    m->n = (int64_t)rows * cols;
    assert_true(pr_type_from_name(m->dtype, &t));
    void *p = slurp(m->file, m->at, type_bytes(t, m->n));
    m->x = malloc((size_t)m->n * 4);
    m->y = malloc((size_t)m->n * 4);
    m->raw = malloc((size_t)m->n * 4);
    pr_decode_get(pr_kernels_get(0), t)(m->x, p, m->n);
    free(p);
}

static void matrix_close(matrix *m) {
    free(m->x), free(m->y), free(m->raw);
    *m = (matrix){0};
}

/* Every level writes what `m->raw` holds. */
static void check_levels(const matrix *m, pr_type t) {
    const pr_kernels *k[3];
    uint16_t raw[512];
    int n = levels(k);
    for (int l = 0; l < n; l++) {
        pr_encode_get(k[l], t)(raw, m->x, m->n, NULL);
        if (memcmp(raw, m->raw, type_bytes(t, m->n)))
            fail_msg("%s %s %s: other bytes", m->name, pr_type_get(t)->name, k[l]->level);
    }
}

static void check_error(matrix *m, const pr_kernels *k, const char *line,
                        double worst[PR_TYPE_N]) {
    char name[20], sha[65] = "", hex[65];
    double want;
    pr_type t;
    assert_true(sscanf(line, "error %19s %lf %64s", name, &want, sha) >= 2);
    assert_true(pr_type_from_name(name, &t));
    pr_encode_get(k, t)(m->raw, m->x, m->n, NULL);
    pr_decode_get(k, t)(m->y, m->raw, m->n);
    if (m->n <= 256) check_levels(m, t);
    double e = error_of(t, m->x, m->y, m->n);
    if (sha[0]) {
        pr_sha256 h = pr_sha256_of(m->raw, type_bytes(t, m->n));
        pr_sha256_hex(&h, hex);
        assert_string_equal(hex, sha); /* Q8_0: the same bytes */
    }
    /* 1e-6 is the bound on the encoder, not a slack of this test's arithmetic */
    if (!(e <= want * (1 + 1e-6)))
        fail_msg("%s %s: error %.9g, ggml %.9g", m->name, name, e, want);
    if (want > 0 && e / want > worst[t]) worst[t] = e / want;
}

static void check_errors(const char *file, int at_least) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    char line[400];
    double worst[PR_TYPE_N] = {0};
    matrix m = {0};
    int n = 0;
    FILE *f = fopen(check_source(file), "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "matrix", 6) == 0) {
            matrix_close(&m);
            matrix_open(&m, line);
        } else if (strncmp(line, "error", 5) == 0) {
            check_error(&m, k, line, worst);
            n++;
        }
    }
    fclose(f);
    matrix_close(&m);
    assert_true(n > at_least);
    for (size_t i = 0; i < PR_COUNT(types); i++)
        print_message("%-7s largest error / ggml's: %.6f\n", pr_type_get(types[i])->name,
                      worst[types[i]]);
}

static void encode_no_worse_than_ggml(void **state) {
    check_errors("tests/vectors/codec/errors.txt", 400);
}

/* Single super-blocks on which a search that does not know ggml's choice ends beyond it
 * (vectors/codec/make_adverse.py). */
static void adverse_no_worse_than_ggml(void **state) {
    check_errors("tests/vectors/codec/adverse.txt", 600);
}

/* ------------------------------------------------------------ hard values */

enum {
    N = 256 * 5,
    LOOKS = 16
}; /* five super-blocks: an odd number, and a part of a tile of 32s */

static void fill(float *x, int look, pr_rng *r) {
    for (int i = 0; i < N; i++) {
        float g = (float)pr_rng_normal(r);
        switch (look) {
        case 0:
            x[i] = 0;
            break;
        case 1:
            x[i] = g;
            break;
        case 2:
            x[i] = g * 1e-42f;
            break; /* denormals */
        case 3:
            x[i] = g * 1e30f;
            break; /* no binary16 scale reaches */
        case 4:
            x[i] = i % 256 == 7 ? 1e30f : g;
            break; /* one value alone */
        case 5:
            x[i] = g * 1e-6f;
            break; /* scales at the foot of binary16 */
        case 6:
            x[i] = g * 1e6f;
            break; /* and at its top */
        case 7:
            x[i] = i % 2 ? FLT_MAX : -FLT_MAX;
            break;
        case 8:
            x[i] = 3;
            break;
        case 9:
            x[i] = -3;
            break;
        case 10:
            x[i] = i % 32 == 0 ? 1 : 0;
            break;
        case 11:
            x[i] = -fabsf(g);
            break;
        case 12:
            x[i] = fabsf(g) + 10;
            break;
        case 13:
            x[i] = i % 2 ? FLT_MIN : -FLT_TRUE_MIN;
            break;
        case 14:
            x[i] = i / 16 % 2 ? g * 1e-9f : g;
            break; /* sub-blocks far apart */
        default:
            x[i] = i % 512 < 256 ? 0 : g;
            break;
        }
    }
}

static void finite_in_finite_out(void **state) {
    const pr_kernels *k = pr_kernels_get(0);
    static float x[N], y[N];
    static uint8_t raw[N * 4];
    pr_rng r = rng_of(5);
    for (int look = 0; look < LOOKS; look++) {
        fill(x, look, &r);
        for (size_t i = 0; i < PR_COUNT(types); i++) {
            double in = 0, e = 0;
            pr_encode_get(k, types[i])(raw, x, N, NULL);
            pr_decode_get(k, types[i])(y, raw, N);
            for (int j = 0; j < N; j++) {
                if (!isfinite(y[j]))
                    fail_msg("look %d %s: %g", look, pr_type_get(types[i])->name, y[j]);
                in += (double)x[j] * x[j], e += ((double)x[j] - y[j]) * ((double)x[j] - y[j]);
            }
            if (e > in * (1 + 1e-6))
                fail_msg("look %d %s: worse than zero", look, pr_type_get(types[i])->name);
        }
    }
}

/* Every level gives the reference's bytes, with and without importance, and writes no more. */
static void same_bytes_at_every_level(void **state) {
    const pr_kernels *k[3];
    static float x[N], w[N];
    static uint8_t want[N * 4 + 64], got[N * 4 + 64];
    pr_rng r = rng_of(6);
    int n_levels = levels(k);
    for (int look = 0; look < LOOKS; look++) {
        fill(x, look, &r);
        for (int i = 0; i < N; i++) w[i] = i % 300 < 40 ? 0 : (float)pr_rng_unit(&r) * 1e4f;
        for (size_t i = 0; i < PR_COUNT(types); i++)
            for (int part = 1; part <= 10; part++) {
                const float *weight = part % 2 ? NULL : w;
                int64_t n = PR_MIN(N, (part + 1) / 2 * pr_type_get(types[i])->block);
                size_t bytes = type_bytes(types[i], n);
                memset(want, 0x55, sizeof want);
                pr_encode_get(k[0], types[i])(want, x, n, weight);
                for (size_t j = bytes; j < bytes + 64; j++) assert_int_equal(want[j], 0x55);
                for (int l = 1; l < n_levels; l++) {
                    memset(got, 0x55, sizeof got);
                    pr_encode_get(k[l], types[i])(got, x, n, weight);
                    if (memcmp(want, got, bytes + 64))
                        fail_msg("%s %s look %d n %d", pr_type_get(types[i])->name, k[l]->level,
                                 look, (int)n);
                }
            }
    }
}

/* Blocks know nothing of each other: a row in pieces is the row at once. */
static void pieces(void **state) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    static float x[N];
    static uint8_t a[N * 4], b[N * 4];
    pr_rng r = rng_of(8);
    fill(x, 1, &r);
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        int block = pr_type_get(types[i])->block;
        size_t bytes = type_bytes(types[i], block);
        pr_encode_get(k, types[i])(a, x, N, NULL);
        for (int j = 0; j < N / block; j++)
            pr_encode_get(k, types[i])(b + (size_t)j * bytes, x + j * block, block, NULL);
        assert_memory_equal(a, b, bytes * (size_t)(N / block));
    }
}

static void garbage_is_survived(void **state) {
    const pr_kernels *k[3];
    static float x[N], y[N];
    static uint8_t raw[N * 4];
    pr_rng r = rng_of(9);
    int n_levels = levels(k);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < N; i++) x[i] = pr_f32_bits((uint32_t)pr_rng_u64(&r));
        if (round == 1)
            for (int i = 0; i < N; i++) x[i] = i % 3 ? INFINITY : -NAN;
        for (int l = 0; l < n_levels; l++)
            for (size_t i = 0; i < PR_COUNT(types); i++) {
                pr_encode_get(k[l], types[i])(raw, x, N, round % 2 ? x : NULL);
                pr_decode_get(k[l], types[i])(y, raw, N);
            }
    }
}

/* What importance is for: the values it favours come out better than without it. */
static void importance_moves_error(void **state) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    static float x[N], y[N], w[N];
    static uint8_t raw[N * 4];
    pr_rng r = rng_of(10);
    fill(x, 1, &r);
    for (int i = 0; i < N; i++) w[i] = i % 4 == 0 ? 100 : 1;
    for (size_t i = 0; i < PR_COUNT(types); i++) {
        double e[2] = {0};
        if (types[i] == PR_Q8_0) continue; /* rounds to nearest, whatever the importance */
        for (int with = 0; with < 2; with++) {
            pr_encode_get(k, types[i])(raw, x, N, with ? w : NULL);
            pr_decode_get(k, types[i])(y, raw, N);
            for (int j = 0; j < N; j += 4)
                e[with] += ((double)x[j] - y[j]) * ((double)x[j] - y[j]);
        }
        if (e[1] >= e[0])
            fail_msg("%s: %g with, %g without", pr_type_get(types[i])->name, e[1], e[0]);
    }
}

static void plain_numbers(void **state) {
    static uint16_t h[65536], back[65536];
    static float want[65536], got[65536];
    const pr_kernels *k[3];
    int n_levels = levels(k);
    for (int l = 0; l < n_levels; l++) {
        for (int i = 0; i < 65536; i++)
            h[i] = (uint16_t)i, want[i] = pr_f16_to_f32((uint16_t)i);
        k[l]->decode_f16(got, h, 65536);
        assert_memory_equal(got, want, sizeof want);
        k[l]->encode_f16(back, got, 65536, NULL);
        for (int i = 0; i < 65536; i++)
            if (back[i] != h[i] && !isnan(got[i]))
                fail_msg("f16 %04x became %04x", (unsigned)i, back[i]);
        for (int i = 0; i < 65536; i++) want[i] = pr_bf16_to_f32((uint16_t)i);
        k[l]->decode_bf16(got, h, 65536);
        assert_memory_equal(got, want, sizeof want);
        k[l]->encode_bf16(back, got, 65536, NULL);
        for (int i = 0; i < 65536; i++)
            if (back[i] != h[i] && !isnan(got[i]))
                fail_msg("bf16 %04x became %04x", (unsigned)i, back[i]);
        const float in[5] = {65519.99f, 65520, 1 + 0x1p-11f, NAN, -1e30f};
        const double wide[3] = {1 + 0x1p-24, 1e300, -0x1p-149};
        const uint8_t f8[3] = {0x7e, 0x7f, 0x08};
        k[l]->encode_f16(back, in, 5, NULL);
        assert_int_equal(back[0], 0x7bff), assert_int_equal(back[1], 0x7c00);
        assert_int_equal(back[2], 0x3c00), assert_true((back[3] & 0x7fff) > 0x7c00);
        assert_int_equal(back[4], 0xfc00);
        k[l]->decode_f64(got, wide, 3);
        assert_true(got[0] == 1 && isinf(got[1]) && got[2] == -FLT_TRUE_MIN);
        k[l]->decode_f8_e4m3(got, f8, 3);
        assert_true(got[0] == 448 && isnan(got[1]) && got[2] == 0x1p-6f);
        k[l]->decode_f8_e5m2(got, f8, 3);
        assert_true(isnan(got[0]) && isnan(got[1]) && got[2] == 0x1p-13f);
        k[l]->encode_f32(got, want, 9, NULL);
        assert_memory_equal(got, want, 36);
    }
    assert_null(pr_decode_get(k[0], PR_I32));
    assert_null(pr_encode_get(k[0], PR_F64));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decode_like_ggml),
        cmocka_unit_test(encode_no_worse_than_ggml),
        cmocka_unit_test(adverse_no_worse_than_ggml),
        cmocka_unit_test(finite_in_finite_out),
        cmocka_unit_test(same_bytes_at_every_level),
        cmocka_unit_test(pieces),
        cmocka_unit_test(garbage_is_survived),
        cmocka_unit_test(importance_moves_error),
        cmocka_unit_test(plain_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
