/* gemm_i8_avx2.c - a panel of 16 rows times columns of 8-bit activations.
 *
 * One 32-bit lane per row, two vectors per panel. VPMADDUBSW sums are added in 16 bits as long as
 * they fit: codes up to 15 for 8 steps (8 * 2 * 15 * 127 = 30480), 31 for 4 (31496), 63 for 2
 * (32004). Codes up to 255 are taken as signed bytes, |w| times q with the sign of w, and
 * widened at each step. As in AVX-512, the definition's 16 lanes live in L1. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE void column_store(float *y, const float *lanes, int stride, int rows) {
    float out[16];
    for (int half = 0; half < 16; half += 8) {
#define L(i) _mm256_load_ps(lanes + (i) * stride * 16 + half)
        __m256 a = _mm256_add_ps(L(0), L(8)), b = _mm256_add_ps(L(1), L(9)),
               c = _mm256_add_ps(L(2), L(10));
        __m256 d = _mm256_add_ps(L(3), L(11)), e = _mm256_add_ps(L(4), L(12)),
               f = _mm256_add_ps(L(5), L(13));
        __m256 g = _mm256_add_ps(L(6), L(14)), h = _mm256_add_ps(L(7), L(15));
#undef L
        a = _mm256_add_ps(a, e), b = _mm256_add_ps(b, f), c = _mm256_add_ps(c, g),
        d = _mm256_add_ps(d, h);
        a = _mm256_add_ps(a, c), b = _mm256_add_ps(b, d);
        _mm256_storeu_ps(out + half, _mm256_add_ps(a, b));
    }
    memcpy(y, out, (size_t)rows * sizeof(float));
}

INLINE __m256i four(const int8_t *q) {
    int32_t v;
    memcpy(&v, q, 4);
    return _mm256_set1_epi32(v);
}
INLINE __m256i load256(const uint8_t *p) { return _mm256_loadu_si256((const void *)p); }

/* Named variables, not arrays: GCC 12 keeps arrays of vectors in memory. */
#define FOR4(X) X(0) X(1) X(2) X(3)
#define FOR2(X) X(0) X(1)
#define FOR1(X) X(0)

#define SUM_OPEN(c) __m256i i##c = _mm256_setzero_si256(), j##c = i##c;
#define PAIRS_OPEN(c) __m256i s##c = _mm256_setzero_si256(), t##c = s##c;
#define PAIRS_STEP(c)                                                                          \
    {                                                                                          \
        __m256i x = four(q + c * n + k);                                                       \
        s##c = _mm256_add_epi16(s##c, _mm256_maddubs_epi16(w, x));                             \
        t##c = _mm256_add_epi16(t##c, _mm256_maddubs_epi16(v, x));                             \
    }
#define PAIRS_CLOSE(c)                                                                         \
    i##c = _mm256_add_epi32(i##c, _mm256_madd_epi16(s##c, one));                               \
    j##c = _mm256_add_epi32(j##c, _mm256_madd_epi16(t##c, one));
#define SIGNED_STEP(c)                                                                         \
    {                                                                                          \
        __m256i x = four(q + c * n + k);                                                       \
        __m256i s = _mm256_maddubs_epi16(wa, _mm256_sign_epi8(x, w)),                          \
                t = _mm256_maddubs_epi16(va, _mm256_sign_epi8(x, v));                          \
        i##c = _mm256_add_epi32(i##c, _mm256_madd_epi16(s, one));                              \
        j##c = _mm256_add_epi32(j##c, _mm256_madd_epi16(t, one));                              \
    }
#define SUM_CLOSE(c)                                                                           \
    {                                                                                          \
        const int64_t at = (col + c) * (n / GROUP) + g;                                        \
        float *lane = lanes + ((g % 16) * COLS + c) * 16;                                      \
        __m256 e = _mm256_load_ps(lane), f = _mm256_load_ps(lane + 8),                         \
               x = _mm256_set1_ps(d[c * (n / 32)]);                                            \
        __m256 m = _mm256_mul_ps(_mm256_loadu_ps(p->scale + g * 16), x);                       \
        __m256 o = _mm256_mul_ps(_mm256_loadu_ps(p->scale + g * 16 + 8), x);                   \
        if (SHIFTED) {                                                                         \
            __m256i z = _mm256_set1_epi32(qsum[at] * p->type->zero);                           \
            i##c = _mm256_sub_epi32(i##c, z), j##c = _mm256_sub_epi32(j##c, z);                \
        }                                                                                      \
        e = _mm256_fmadd_ps(_mm256_cvtepi32_ps(i##c), m, e);                                   \
        f = _mm256_fmadd_ps(_mm256_cvtepi32_ps(j##c), o, f);                                   \
        if (HAS_MIN) {                                                                         \
            x = _mm256_set1_ps(sum[at]);                                                       \
            e = _mm256_fnmadd_ps(_mm256_loadu_ps(p->min + g * 16), x, e);                      \
            f = _mm256_fnmadd_ps(_mm256_loadu_ps(p->min + g * 16 + 8), x, f);                  \
        }                                                                                      \
        _mm256_store_ps(lane, e), _mm256_store_ps(lane + 8, f);                                \
    }

/* steps: how many products of four weights fit in 16 bits; 0: codes are signed. */
#define TILE(name, n_cols, FOR, group, steps, shifted, has_min)                                \
    static void name(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a,               \
                     int64_t col) {                                                            \
        enum { COLS = n_cols, GROUP = group, HAS_MIN = has_min, SHIFTED = shifted };           \
        _Alignas(64) float lanes[16 * COLS * 16];                                              \
        const __m256i one = _mm256_set1_epi16(1);                                              \
        const int64_t n = p->n;                                                                \
        const uint8_t *codes = p->codes;                                                       \
        const int8_t *q = a->q + col * n;                                                      \
        const float *sum = GROUP == 16 ? a->sum16 : a->sum32;                                  \
        const int32_t *qsum = GROUP == 16 ? a->isum16 : a->isum32;                             \
        memset(lanes, 0, sizeof lanes);                                                        \
        for (int64_t g = 0; g < n / GROUP; g++) {                                              \
            const float *d = a->d + col * (n / 32) + g * GROUP / 32;                           \
            int64_t k = g * GROUP;                                                             \
            FOR(SUM_OPEN)                                                                      \
            GROUP_##steps(FOR)(void) qsum, (void)sum;                                          \
            FOR(SUM_CLOSE)                                                                     \
        }                                                                                      \
        for (int c = 0; c < COLS; c++)                                                         \
            column_store(y + c * ldy, lanes + c * 16, COLS, p->rows);                          \
    }

#define STEPS(FOR, steps)                                                                      \
    for (int64_t end = k + GROUP; k < end;) {                                                  \
        FOR(PAIRS_OPEN)                                                                        \
        for (int step = 0; step < steps; step++, k += 4, codes += 64) {                        \
            __m256i w = load256(codes), v = load256(codes + 32);                               \
            FOR(PAIRS_STEP)                                                                    \
        }                                                                                      \
        FOR(PAIRS_CLOSE)                                                                       \
    }
#define GROUP_8(FOR) STEPS(FOR, 8)
#define GROUP_4(FOR) STEPS(FOR, 4)
#define GROUP_2(FOR) STEPS(FOR, 2)
#define GROUP_0(FOR)                                                                           \
    for (int64_t end = k + GROUP; k < end; k += 4, codes += 64) {                              \
        const __m256i flip = _mm256_set1_epi8(-128);                                           \
        __m256i w = _mm256_xor_si256(load256(codes), flip),                                    \
                v = _mm256_xor_si256(load256(codes + 32), flip);                               \
        __m256i wa = _mm256_abs_epi8(w), va = _mm256_abs_epi8(v);                              \
        FOR(SIGNED_STEP)                                                                       \
    }

#define TILES(name, many, FOR, group, steps, shifted, has_min)                                 \
    TILE(name##_many, many, FOR, group, steps, shifted, has_min)                               \
    TILE(name##_one, 1, FOR1, group, steps, shifted, has_min)
TILES(u4, 4, FOR4, 32, 8, true, false)      /* Q4_0 */
TILES(u4_min, 4, FOR4, 32, 8, false, true)  /* Q4_1, Q4_K */
TILES(u5, 2, FOR2, 32, 4, true, false)      /* Q5_0 */
TILES(u5_min, 2, FOR2, 32, 4, false, true)  /* Q5_1, Q5_K */
TILES(s8, 2, FOR2, 32, 0, false, false)     /* Q8_0, IQ4_NL, IQ4_XS */
TILES(s8_min, 2, FOR2, 32, 0, false, true)  /* groups of 6 and 8 bits */
TILES(u2_min, 4, FOR4, 16, 4, false, true)  /* Q2_K */
TILES(u3, 4, FOR4, 16, 4, true, false)      /* Q3_K */
TILES(u6, 2, FOR2, 16, 2, true, false)      /* Q6_K */

typedef void (*tile_fn)(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a, int64_t col);

void pr_gemm_i8_avx2(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a, int64_t col,
                     int64_t cols) {
    static const struct { int max_code, cols; tile_fn many[2], one[2];
    } tiles[] = {
        {3, 4, {NULL, u2_min_many}, {NULL, u2_min_one}},
        {7, 4, {u3_many, NULL}, {u3_one, NULL}},
        {15, 4, {u4_many, u4_min_many}, {u4_one, u4_min_one}},
        {31, 2, {u5_many, u5_min_many}, {u5_one, u5_min_one}},
        {63, 2, {u6_many, NULL}, {u6_one, NULL}},
        {255, 2, {s8_many, s8_min_many}, {s8_one, s8_min_one}},
    };
    int     i = 0, min = p->type->has_min;
    int64_t c = 0;
    while (tiles[i].max_code < p->type->max_code) i++;
    for (; c + tiles[i].cols <= cols; c += tiles[i].cols)
        tiles[i].many[min](y + c * ldy, ldy, p, a, col + c);
    for (; c < cols; c++) tiles[i].one[min](y + c * ldy, ldy, p, a, col + c);
}

/* Rows' words of four codes become columns: 8 by 8 words at a time. */
void pr_panel_pack_avx2(uint8_t *codes, const uint8_t *u, int64_t ldu, int64_t n) {
    for (int64_t k = 0; k < n; k += 16)
        for (int half = 0; half < 16; half += 8) {
            const uint8_t *p = u + half * ldu + k;
#define ROWS(r)                                                                                \
    _mm256_inserti128_si256(                                                                   \
        _mm256_castsi128_si256(_mm_loadu_si128((const void *)(p + (r)*ldu))),                  \
        _mm_loadu_si128((const void *)(p + (r + 4) * ldu)), 1)
            __m256i a = ROWS(0), b = ROWS(1), c = ROWS(2), d = ROWS(3);
#undef ROWS
            __m256i ab = _mm256_unpacklo_epi32(a, b), cd = _mm256_unpacklo_epi32(c, d);
            __m256i ef = _mm256_unpackhi_epi32(a, b), gh = _mm256_unpackhi_epi32(c, d);
            uint8_t *to = codes + k * 16 + half * 4;
            _mm256_storeu_si256((void *)to, _mm256_unpacklo_epi64(ab, cd));
            _mm256_storeu_si256((void *)(to + 64), _mm256_unpackhi_epi64(ab, cd));
            _mm256_storeu_si256((void *)(to + 128), _mm256_unpacklo_epi64(ef, gh));
            _mm256_storeu_si256((void *)(to + 192), _mm256_unpackhi_epi64(ef, gh));
        }
}

/* d of 32 values; q[0…3] are their codes, eight in 32-bit lanes each. */
INLINE float quantize(const float *x, __m256i *q) {
    const __m256 plain = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    __m256i      top = _mm256_setzero_si256();
    for (int i = 0; i < 4; i++)
        top = _mm256_max_epi32(
            top, _mm256_castps_si256(_mm256_and_ps(_mm256_loadu_ps(x + 8 * i), plain)));
    __m128i t = _mm_max_epi32(_mm256_castsi256_si128(top), _mm256_extracti128_si256(top, 1));
    t = _mm_max_epi32(t, _mm_shuffle_epi32(t, 0x4e));
    uint32_t mag = (uint32_t)_mm_cvtsi128_si32(_mm_max_epi32(t, _mm_shuffle_epi32(t, 0xb1)));
    if (mag >= PR_ABS_INF || mag < PR_ABS_TINY) {
        q[0] = q[1] = q[2] = q[3] = _mm256_setzero_si256();
        return mag >= PR_ABS_INF ? pr_f32_bits(PR_ABS_NAN) : 0;
    }
    float  amax = pr_f32_bits(mag);
    __m256 id = _mm256_set1_ps(127.0f / amax);
    for (int i = 0; i < 4; i++)
        q[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), id));
    return amax / 127.0f;
}
INLINE void codes_store(void *to, const __m256i *q) {
    __m256i a = _mm256_packs_epi16(_mm256_packs_epi32(q[0], q[1]), _mm256_packs_epi32(q[2], q[3]));
    _mm256_storeu_si256(
        to, _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}
INLINE int32_t sum_of(__m256i v) {
    __m128i t = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    t = _mm_add_epi32(t, _mm_shuffle_epi32(t, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(t, _mm_shuffle_epi32(t, 0xb1)));
}

void pr_act_quantize_avx2(const pr_acts *a, int64_t col, const float *x) {
    int64_t blocks = a->n / 32;
    for (int64_t i = 0; i < blocks; i++) {
        int64_t at = col * blocks + i;
        __m256i q[4];
        float   d = a->d[at] = quantize(x + i * 32, q);
        int32_t s0 = sum_of(_mm256_add_epi32(q[0], q[1])),
                s1 = sum_of(_mm256_add_epi32(q[2], q[3]));
        codes_store(a->q + col * a->n + i * 32, q);
        a->isum16[2 * at] = s0, a->isum16[2 * at + 1] = s1;
        a->sum16[2 * at] = d * (float)s0, a->sum16[2 * at + 1] = d * (float)s1;
        a->isum32[at] = s0 + s1;
        a->sum32[at] = d * (float)(s0 + s1);
    }
}

void pr_store_q8_0_avx2(void *dst, const float *x, int64_t n) {
    uint8_t *b = dst;
    for (int64_t i = 0; i < n / 32; i++, b += 34) {
        __m256i  q[4];
        uint16_t d = pr_f32_to_f16(quantize(x + i * 32, q));
        memcpy(b, &d, 2);
        codes_store(b + 2, q);
    }
}
