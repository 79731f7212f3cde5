/* test_group.c - rows in groups: bit for bit what mlx makes (vectors/group/make.py), no worse than
 * rounding to nearest, the same bytes at every level; blocks taken over hold the same numbers. */
#include <math.h>
#include "check.h"
#include "kernel/kernel.h"

enum { ROWS = 8, COLS = 512 };

typedef struct {
    pr_group_row r;
    uint8_t codes[4096], scales[2048], offsets[2048];
} row;

static int levels(const pr_kernels *out[3]) {
    const uint32_t mask[3] = {0, PR_CPU_AVX2, PR_CPU_AVX2 | PR_CPU_AVX512};
    int n = 0;
    for (int i = 0; i < 3; i++)
        if ((pr_cpu_flags() & mask[i]) == mask[i]) out[n++] = pr_kernels_get(mask[i]);
    return n;
}

static void encode(const pr_kernels *k, const pr_group_spec *s, row *to, const float *x,
                   int64_t cols) {
    memset(to, 0xaa, sizeof *to);
    assert_true(pr_group_row_of(s, cols, &to->r));
    k->group_encode(s, to->codes, to->scales, to->offsets, x, cols);
}

static void decode(const pr_kernels *k, const pr_group_spec *s, float *y, const row *from,
                   int64_t cols) {
    k->group_decode(s, y, from->codes, from->scales, from->offsets, cols);
}

/* Rows of several kinds: Gaussian, far outliers, one sign, mostly zero, all the same. */
static void fill(float *x, int kind, uint64_t seed) {
    pr_rng r;
    pr_rng_seed(&r, seed);
    for (int i = 0; i < COLS; i++) {
        float g = (float)pr_rng_normal(&r);
        x[i] = kind == 0   ? g
               : kind == 1 ? g * (pr_rng_u64(&r) % 97 == 0 ? 60.0f : 1.0f)
               : kind == 2 ? 1 + g * g
               : kind == 3 ? (pr_rng_u64(&r) % 20 == 0 ? g : 0)
                           : 0.3f;
    }
}

static void like_mlx(void **state) {
    const pr_kernels *k[3];
    int n = levels(k), cases = 0;
    int32_t head[5];
    float x[1024];
    uint8_t want[4096];
    FILE *f = fopen(check_source("tests/vectors/group/mlx.bin"), "rb");
    assert_non_null(f);
    while (fread(head, sizeof head, 1, f) == 1) {
        const pr_type types[] = {PR_F32, PR_F16, PR_BF16};
        pr_group_spec s = {
            .bits = head[1], .group = head[2], .rule = PR_GROUP_MLX, .scale = types[head[0]]};
        int rows = head[3], cols = head[4];
        row got;
        assert_true(pr_group_row_of(&s, cols, &got.r));
        const uint64_t each[3] = {got.r.codes, got.r.scales, got.r.offsets};
        assert_int_equal(fread(x, sizeof(float), (size_t)(rows * cols), f), rows * cols);
        for (int part = 0; part < 3; part++) {
            assert_int_equal(fread(want, each[part], (size_t)rows, f), rows);
            for (int i = 0; i < rows * n; i++) {
                encode(k[i % n], &s, &got, x + i / n * cols, cols);
                const uint8_t *p = part == 0   ? got.codes
                                   : part == 1 ? got.scales
                                               : got.offsets;
                if (memcmp(p, want + (uint64_t)(i / n) * each[part], each[part]) != 0)
                    fail_msg("%s: type %d, %d bits, group %d, row %d, part %d differs from mlx",
                             k[i % n]->level, head[0], s.bits, head[2], i / n, part);
            }
        }
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 54);
}

/* mlx divides by the scale. What lies in the middle of two levels, or some steps of float32 beside
 * it, must end on the level that the quotient is nearest to, ties to even. */
static void mlx_in_the_middle(void **state) {
    const pr_kernels *k[3];
    int n = levels(k);
    (void)state;
    for (int bits = 4; bits <= 8; bits += 4)
        for (int i = 0; i < 400 * n; i++) {
            float x[64] = {0}, s, b, most = (float)((1 << bits) - 1);
            pr_group_spec g = {
                .bits = bits, .group = 64, .rule = PR_GROUP_MLX, .scale = PR_F32};
            pr_rng r;
            row got;
            pr_rng_seed(&r, (uint64_t)(i / n));
            x[0] = -1 - (float)fabs(pr_rng_normal(&r));
            x[1] = (float)fabs(pr_rng_normal(&r));
            encode(k[i % n], &g, &got, x, 64);
            memcpy(&s, got.scales, sizeof s);
            memcpy(&b, got.offsets, sizeof b);
            for (int j = 2; j < 64; j++) {
                float v = b + ((float)(pr_rng_u64(&r) % ((1u << bits) - 1)) + 0.5f) * s;
                for (int step = (int)(pr_rng_u64(&r) % 4); step > 0; step--)
                    v = nextafterf(v, j % 2 ? x[0] : x[1]);
                x[j] = fmaxf(x[0], fminf(x[1], v));
            }
            encode(k[i % n], &g, &got, x, 64);
            for (int j = 0; j < 64; j++) {
                float q = rintf(fmaxf(0, fminf((x[j] - b) / s, most)));
                int have = bits == 8 ? got.codes[j] : got.codes[j / 2] >> (j % 2 * 4) & 15;
                if (have != (int)q)
                    fail_msg("%s: %d bits, case %d, value %d: level %d, mlx takes %d",
                             k[i % n]->level, bits, i / n, j, have, (int)q);
            }
        }
}

static void top_of_a_row(void **state) {
    const pr_kernels *k[3];
    int n = levels(k);
    const float odd[] = {0, -0.0f, 1e-42f, -3.4e38f, INFINITY, -INFINITY, NAN};
    float x[70];
    pr_rng r;
    (void)state;
    pr_rng_seed(&r, 7);
    for (int i = 0; i < 3000; i++) {
        int cols = i % 70;
        uint32_t want = 0;
        for (int j = 0; j < cols; j++) {
            x[j] = (float)pr_rng_normal(&r);
            if (pr_rng_u64(&r) % 64 == 0) x[j] = odd[pr_rng_u64(&r) % PR_COUNT(odd)];
            want = PR_MAX(want, pr_bits_f32(x[j]) & 0x7fffffffu);
        }
        for (int l = 0; l < n; l++) assert_int_equal(k[l]->row_top(x, cols), want);
    }
}

/* Codes, scales and, back again, values of the mode mxfp4. */
static void like_mlx_fp4(void **state) {
    const pr_kernels *k[3];
    int n = levels(k), cases = 0;
    int32_t head[5];
    static float x[64 * 128], y[128], back[64 * 128];
    static uint8_t codes[64 * 64], scales[64 * 4];
    FILE *f = fopen(check_source("tests/vectors/group/mxfp4.bin"), "rb");
    assert_non_null(f);
    while (fread(head, sizeof head, 1, f) == 1) {
        const pr_type types[] = {PR_F32, PR_F16, PR_BF16};
        pr_group_spec s = {
            .bits = 4, .group = 32, .rule = PR_GROUP_FP4, .scale = types[head[0]]};
        int rows = head[3], cols = head[4];
        size_t all = (size_t)(rows * cols);
        row got;
        assert_true(rows <= 64 && cols == 128);
        assert_true(fread(x, sizeof *x, all, f) == all &&
                    fread(codes, 1, all / 2, f) == all / 2 &&
                    fread(scales, 1, all / 32, f) == all / 32 &&
                    fread(back, sizeof *back, all, f) == all);
        for (int i = 0; i < rows * n; i++) {
            int r = i / n;
            encode(k[i % n], &s, &got, x + r * cols, cols);
            if (memcmp(got.codes, codes + r * 64, 64) != 0 ||
                memcmp(got.scales, scales + r * 4, 4) != 0)
                fail_msg("%s: type %d, row %d differs from mlx", k[i % n]->level, head[0], r);
            decode(k[i % n], &s, y, &got, cols);
            assert_memory_equal(y, back + r * cols, sizeof y);
        }
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 3);
}

/* Codes, scales and, back again, values of NNCF's mode NF4. */
static void like_nncf_nf4(void **state) {
    const pr_kernels *k[3];
    int n = levels(k);
    int32_t head[2];
    static float x[64 * 128], y[128], back[64 * 128];
    static uint8_t codes[64 * 64], scales[64 * 8];
    const pr_group_spec s = {.bits = 4, .group = 32, .rule = PR_GROUP_NF4, .scale = PR_F16};
    FILE *f = fopen(check_source("tests/vectors/group/nf4.bin"), "rb");
    assert_non_null(f);
    assert_int_equal(fread(head, sizeof head, 1, f), 1);
    size_t all = (size_t)(head[0] * head[1]);
    assert_true(head[0] == 8 && head[1] == 128);
    assert_true(fread(x, sizeof *x, all, f) == all && fread(codes, 1, all / 2, f) == all / 2 &&
                fread(scales, 2, all / 32, f) == all / 32 &&
                fread(back, sizeof *back, all, f) == all);
    fclose(f);
    for (int i = 0; i < head[0] * n; i++) {
        int r = i / n;
        row got;
        encode(k[i % n], &s, &got, x + r * 128, 128);
        if (memcmp(got.codes, codes + r * 64, 64) != 0 ||
            memcmp(got.scales, scales + r * 8, 8) != 0)
            fail_msg("%s: row %d differs from NNCF", k[i % n]->level, r);
        decode(k[i % n], &s, y, &got, 128);
        assert_memory_equal(y, back + r * 128, sizeof y);
    }
}

/* Plain rounding: the scale that just reaches the ends, in float32. */
static double plain_error(const pr_group_spec *s, const float *x, int64_t n) {
    double lo = 0, hi = 0, e = 0, most = (1 << s->bits) - 1, half = 1 << (s->bits - 1);
    for (int64_t i = 0; i < n; i++) {
        lo = (double)x[i] < lo ? (double)x[i] : lo;
        hi = (double)x[i] > hi ? (double)x[i] : hi;
    }
    double d = s->rule == PR_GROUP_SYM ? fmax(-lo, hi) / (half - 1) : (hi - lo) / most;
    double z = s->rule == PR_GROUP_SYM || d == 0 ? 0 : rint(-lo / d);
    for (int64_t i = 0; i < n; i++) {
        double q = d > 0 ? rint((double)x[i] / d) : 0;
        q = s->rule == PR_GROUP_SYM ? fmin(fmax(q, -half), half - 1)
                                    : fmin(fmax(q + z, 0), most) - z;
        e += ((double)x[i] - q * d) * ((double)x[i] - q * d);
    }
    return e;
}

/* Scales are rounded to float32 here, so only the search differs; 1e-5: its sums are float32
 * over 512 values, each term within 2^-22 of the exact one. */
static void no_worse_than_rounding(void **state) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    float x[COLS], y[COLS];
    row got;
    for (int kind = 0; kind < 4; kind++)
        for (int i = 0; i < 2 * 3 * 4; i++) {
            const int bits[] = {2, 4, 8}, groups[] = {16, 32, 128, 0};
            pr_group_spec s = {.bits = bits[i / 2 % 3],
                               .group = groups[i / 6],
                               .rule = i % 2 ? PR_GROUP_ASYM : PR_GROUP_SYM,
                               .scale = PR_F32};
            double plain = 0, ours = 0;
            fill(x, kind, (uint64_t)(kind * 100 + i));
            encode(k, &s, &got, x, COLS);
            decode(k, &s, y, &got, COLS);
            int64_t per = s.group ? s.group : COLS;
            for (int64_t j = 0; j < COLS; j += per) plain += plain_error(&s, x + j, per);
            for (int j = 0; j < COLS; j++)
                ours += ((double)x[j] - y[j]) * ((double)x[j] - y[j]);
            if (!(ours <= plain * (1 + 1e-5) + 1e-9))
                fail_msg("kind %d, %d bits, group %lld, rule %d: %g, plain rounding %g", kind,
                         s.bits, (long long)s.group, s.rule, ours, plain);
        }
}

static void same_at_every_level(void **state) {
    const pr_kernels *k[3];
    int n = levels(k);
    float x[COLS], y[COLS], z[COLS];
    row a, b;
    for (int i = 0; i < 600; i++) {
        const int bits[] = {2, 3, 4, 5, 6, 8}, groups[] = {8, 16, 32, 64, 0};
        const pr_type scales[] = {PR_F32, PR_F16, PR_BF16};
        pr_group_spec s = {.bits = bits[i % 6],
                           .group = groups[i / 6 % 5],
                           .rule = (pr_group_rule)(i / 30 % 3),
                           .scale = scales[i / 90 % 3],
                           .twos = i % 2,
                           .wide_zeros = i / 2 % 2,
                           .pad = i / 4 % 2};
        int64_t cols = s.pad && s.group ? COLS - 24 : COLS;
        fill(x, i % 5, (uint64_t)i);
        encode(k[0], &s, &a, x, cols);
        decode(k[0], &s, y, &a, cols);
        for (int l = 1; l < n; l++) {
            encode(k[l], &s, &b, x, cols);
            decode(k[l], &s, z, &b, cols);
            assert_memory_equal(&a, &b, sizeof a);
            assert_memory_equal(y, z, (size_t)cols * sizeof *y);
        }
    }
}

/* Groups of one row are searched side by side where there are enough of them; alone they give the
 * same bytes. Every 7th value may be huge, which goes the plain way. */
static void together_as_alone(void **state) {
    const pr_kernels *k[3];
    int n = levels(k);
    float x[COLS];
    row all, one;
    for (int i = 0; i < 360; i++) {
        const int64_t groups[] = {8, 16, 24, 32, 64};
        const pr_type scales[] = {PR_F32, PR_F16, PR_BF16};
        pr_group_spec s = {.bits = i % 2 ? 4 : 8,
                           .group = groups[i / 2 % 5],
                           .rule = i / 10 % 2 ? PR_GROUP_ASYM : PR_GROUP_SYM,
                           .scale = scales[i / 20 % 3],
                           .wide_zeros = true};
        int64_t per = s.group, cols = COLS / per * per;
        fill(x, i % 5, (uint64_t)i);
        for (int j = 0; j < COLS; j++) x[j] *= i % 7 == 6 && j % 50 == 0 ? 0x1p50f : 1;
        encode(k[i % n], &s, &all, x, cols);
        for (int64_t g = 0; g < cols / per; g++) {
            encode(k[i % n], &s, &one, x + g * per, per);
            assert_memory_equal(one.codes, all.codes + (uint64_t)g * one.r.codes, one.r.codes);
            assert_memory_equal(one.scales, all.scales + (uint64_t)g * one.r.scales,
                                one.r.scales);
            assert_memory_equal(one.offsets, all.offsets + (uint64_t)g * one.r.offsets,
                                one.r.offsets);
        }
    }
}

/* Whatever the layout of codes and zero points, the numbers are the same. */
static void layouts_agree(void **state) {
    const pr_kernels *k = pr_kernels_get(0);
    float x[COLS], y[COLS], z[COLS];
    row a, b;
    for (int bits = 2; bits <= 8; bits += bits == 6 ? 2 : 1)
        for (int rule = PR_GROUP_SYM; rule <= PR_GROUP_ASYM; rule++) {
            pr_group_spec s = {
                .bits = bits, .group = 32, .rule = (pr_group_rule)rule, .scale = PR_F16};
            fill(x, bits % 5, (uint64_t)bits);
            encode(k, &s, &a, x, COLS);
            decode(k, &s, y, &a, COLS);
            s.twos = rule == PR_GROUP_SYM;
            s.wide_zeros = rule == PR_GROUP_ASYM;
            encode(k, &s, &b, x, COLS);
            decode(k, &s, z, &b, COLS);
            assert_memory_equal(y, z, sizeof y);
            if (rule == PR_GROUP_ASYM && bits < 8)
                assert_true(b.r.offsets == 16 && a.r.offsets < 16);
        }
}

static void blocks_taken_over(void **state) {
    static const struct {
        pr_type type;
        pr_group_spec s;
        bool taken;
    } cases[] = {
        {PR_Q4_0, {.bits = 4, .group = 32, .rule = PR_GROUP_SYM, .scale = PR_F16}, true},
        {PR_Q4_0,
         {.bits = 4, .group = 32, .rule = PR_GROUP_SYM, .scale = PR_F16, .twos = true},
         true},
        {PR_Q4_0, {.bits = 4, .group = 32, .rule = PR_GROUP_ASYM, .scale = PR_F16}, true},
        {PR_Q4_0, {.bits = 8, .group = 32, .rule = PR_GROUP_SYM, .scale = PR_F32}, true},
        {PR_Q4_0, {.bits = 4, .group = 32, .rule = PR_GROUP_MLX, .scale = PR_F16}, true},
        {PR_Q8_0,
         {.bits = 8, .group = 32, .rule = PR_GROUP_SYM, .scale = PR_F16, .twos = true},
         true},
        {PR_Q8_0, {.bits = 4, .group = 32, .rule = PR_GROUP_SYM, .scale = PR_F16}, false},
        {PR_Q4_1, {.bits = 4, .group = 32, .rule = PR_GROUP_MLX, .scale = PR_F16}, true},
        {PR_Q5_1, {.bits = 5, .group = 32, .rule = PR_GROUP_MLX, .scale = PR_F16}, true},
        {PR_Q5_0, {.bits = 8, .group = 32, .rule = PR_GROUP_ASYM, .scale = PR_F16}, true},
        {PR_Q4_1, {.bits = 4, .group = 32, .rule = PR_GROUP_ASYM, .scale = PR_F16}, false},
        {PR_Q4_0, {.bits = 4, .group = 64, .rule = PR_GROUP_SYM, .scale = PR_F16}, false},
        {PR_Q4_K, {.bits = 4, .group = 32, .rule = PR_GROUP_MLX, .scale = PR_F32}, false},
    };
    const pr_kernels *k = pr_kernels_get(0);
    float x[COLS], y[COLS], z[COLS];
    uint8_t blocks[2 * COLS];
    row got;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        const pr_group_spec *s = &cases[i].s;
        pr_group_row r;
        fill(x, 0, i);
        pr_encode_get(k, cases[i].type)(blocks, x, COLS, NULL);
        pr_decode_get(k, cases[i].type)(y, blocks, COLS);
        assert_true(pr_group_row_of(s, COLS, &r));
        bool taken = pr_group_take(s, got.codes, got.scales, got.offsets, cases[i].type, blocks,
                                   COLS);
        if (taken != cases[i].taken) fail_msg("case %zu: taken %d", i, taken);
        if (!taken) continue;
        decode(k, s, z, &got, COLS);
        for (int j = 0; j < COLS; j++) assert_true(y[j] == z[j]); /* -0 may become 0 */
    }
}

static void sizes(void **state) {
    pr_group_row r;
    pr_group_spec s = {.bits = 4, .group = 32, .rule = PR_GROUP_ASYM, .scale = PR_F16};
    char name[32];
    assert_false(pr_group_row_of(&s, 172, &r));
    s.pad = true;
    assert_true(pr_group_row_of(&s, 172, &r));
    assert_true(r.groups == 6 && r.padded == 192 && r.codes == 96 && r.scales == 12 &&
                r.offsets == 3);
    pr_group_name(&s, name);
    assert_string_equal(name, "int4 asym g32");
    s.bits = 7;
    assert_false(pr_group_row_of(&s, 192, &r));
    s = (pr_group_spec){.bits = 4, .group = 12, .scale = PR_F16};
    assert_false(pr_group_row_of(&s, 192, &r));
    s = (pr_group_spec){.bits = 4, .group = 32, .scale = PR_Q4_0};
    assert_false(pr_group_row_of(&s, 192, &r));
    s = (pr_group_spec){.bits = 8, .scale = PR_F16, .rule = PR_GROUP_SYM};
    assert_true(pr_group_row_of(&s, 172, &r) && r.groups == 1 && r.codes == 172);
    s = (pr_group_spec){.bits = 4, .group = 32, .scale = PR_BF16, .rule = PR_GROUP_FP4};
    assert_true(pr_group_row_of(&s, 64, &r) && r.codes == 32 && r.scales == 2 && !r.offsets);
    s.group = 64;
    assert_false(pr_group_row_of(&s, 64, &r));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(like_mlx),          cmocka_unit_test(no_worse_than_rounding),
        cmocka_unit_test(same_at_every_level), cmocka_unit_test(layouts_agree),
        cmocka_unit_test(blocks_taken_over), cmocka_unit_test(sizes),
        cmocka_unit_test(together_as_alone), cmocka_unit_test(like_mlx_fp4),
        cmocka_unit_test(mlx_in_the_middle), cmocka_unit_test(top_of_a_row),
        cmocka_unit_test(like_nncf_nf4),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
