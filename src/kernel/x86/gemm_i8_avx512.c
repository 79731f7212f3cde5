/* gemm_i8_avx512.c - a panel of 16 rows times columns of 8-bit activations.
 *
 * One 32-bit lane per row: VPDPBUSD of 16 rows' next four codes with four activations
 * broadcast from memory. Eight columns at a time share the codes. The 16 lanes of the
 * definition are 16 vectors per column; they live in L1 and are touched once per group. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

/* y[0…15] of one column from its 16 lanes, `stride` vectors apart. */
INLINE void column_store(float *y, const float *lanes, int stride, __mmask16 rows) {
#define L(i) _mm512_load_ps(lanes + (i) * stride * 16)
    __m512 a = _mm512_add_ps(L(0), L(8)), b = _mm512_add_ps(L(1), L(9)),
           c = _mm512_add_ps(L(2), L(10));
    __m512 d = _mm512_add_ps(L(3), L(11)), e = _mm512_add_ps(L(4), L(12)),
           f = _mm512_add_ps(L(5), L(13));
    __m512 g = _mm512_add_ps(L(6), L(14)), h = _mm512_add_ps(L(7), L(15));
#undef L
    a = _mm512_add_ps(a, e), b = _mm512_add_ps(b, f), c = _mm512_add_ps(c, g),
    d = _mm512_add_ps(d, h);
    a = _mm512_add_ps(a, c), b = _mm512_add_ps(b, d);
    _mm512_mask_storeu_ps(y, rows, _mm512_add_ps(a, b));
}

INLINE __m512i four(const int8_t *q) { /* four activations in each lane */
    int32_t v;
    memcpy(&v, q, 4);
    return _mm512_set1_epi32(v);
}

/* Named variables, not arrays: GCC 12 keeps arrays of vectors in memory. */
#define FOR8(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
#define FOR1(X) X(0)

#define SUM_OPEN(c) __m512i i##c = _mm512_setzero_si512();
#define SUM_STEP(c) i##c = _mm512_dpbusd_epi32(i##c, w, four(q + c * n + k));
#define SUM_CLOSE(c)                                                                           \
    {                                                                                          \
        const int64_t at = (col + c) * (n / GROUP) + g;                                        \
        float *lane = lanes + ((g % 16) * COLS + c) * 16;                                      \
        __m512 f = _mm512_load_ps(lane),                                                       \
               s = _mm512_mul_ps(scale, _mm512_set1_ps(d[c * (n / 32)]));                      \
        if (!HAS_MIN || shifted)                                                               \
            i##c =                                                                             \
                _mm512_sub_epi32(i##c, _mm512_sll_epi32(_mm512_set1_epi32(qsum[at]), zero));   \
        f = _mm512_fmadd_ps(_mm512_cvtepi32_ps(i##c), s, f);                                   \
        if (HAS_MIN) f = _mm512_fnmadd_ps(min, _mm512_set1_ps(sum[at]), f);                    \
        _mm512_store_ps(lane, f);                                                              \
    }

#define TILE(name, n_cols, FOR, group, has_min)                                                \
    static void name(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a, int64_t col,  \
                     __m128i zero) {                                                           \
        enum { COLS = n_cols, GROUP = group, HAS_MIN = has_min };                              \
        _Alignas(64) float lanes[16 * COLS * 16];                                              \
        const int64_t n = p->n;                                                                \
        const uint8_t *codes = p->codes;                                                       \
        const int8_t *q = a->q + col * n;                                                      \
        const float *sum = GROUP == 16 ? a->sum16 : a->sum32;                                  \
        const int32_t *qsum = GROUP == 16 ? a->isum16 : a->isum32;                             \
        const bool shifted = p->type->zero != 0; /* with a min: only groups of bytes */        \
        memset(lanes, 0, sizeof lanes);                                                        \
        for (int64_t g = 0; g < n / GROUP; g++) {                                              \
            const float *d = a->d + col * (n / 32) + g * GROUP / 32;                           \
            __m512 scale = _mm512_loadu_ps(p->scale + g * 16);                                 \
            __m512 min = HAS_MIN ? _mm512_loadu_ps(p->min + g * 16) : scale;                   \
            FOR(SUM_OPEN)                                                                      \
            for (int64_t k = g * GROUP; k < (g + 1) * GROUP; k += 4, codes += 64) {            \
                __m512i w = _mm512_loadu_si512(codes);                                         \
                FOR(SUM_STEP)                                                                  \
            }                                                                                  \
            (void)min;                                                                         \
            FOR(SUM_CLOSE)                                                                     \
        }                                                                                      \
        for (int c = 0; c < COLS; c++)                                                         \
            column_store(y + c * ldy, lanes + c * 16, COLS, (__mmask16)((1u << p->rows) - 1)); \
    }
TILE(tile8_16, 8, FOR8, 16, false)
TILE(tile8_16_min, 8, FOR8, 16, true)
TILE(tile8_32, 8, FOR8, 32, false)
TILE(tile8_32_min, 8, FOR8, 32, true)
TILE(tile1_16, 1, FOR1, 16, false)
TILE(tile1_16_min, 1, FOR1, 16, true)
TILE(tile1_32, 1, FOR1, 32, false)
TILE(tile1_32_min, 1, FOR1, 32, true)

typedef void (*tile_fn)(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a, int64_t col,
                        __m128i zero);

void pr_gemm_i8_avx512(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a, int64_t col,
                       int64_t cols) {
    static const tile_fn tiles[2][2][2] = {{{tile1_16, tile1_16_min}, {tile1_32, tile1_32_min}},
                                           {{tile8_16, tile8_16_min}, {tile8_32, tile8_32_min}}};
    int     wide = p->type->group == 32, min = p->type->has_min;
    __m128i zero = _mm_cvtsi32_si128(__builtin_ctz((unsigned)p->type->zero | 256));
    int64_t c = 0;
    for (; c + 8 <= cols; c += 8) tiles[1][wide][min](y + c * ldy, ldy, p, a, col + c, zero);
    for (; c < cols; c++) tiles[0][wide][min](y + c * ldy, ldy, p, a, col + c, zero);
}

/* Rows' words of four codes become columns: 16 by 16 words at a time. */
void pr_panel_pack_avx512(uint8_t *codes, const uint8_t *u, int64_t ldu, int64_t n) {
    for (int64_t k = 0; k < n; k += 32) {
        for (int half = 0; half < 2; half++) {
            const uint8_t *p = u + k + half * 16;
#define ROWS(r)                                                                                \
    _mm512_inserti32x4(                                                                        \
        _mm512_inserti32x4(                                                                    \
            _mm512_inserti32x4(                                                                \
                _mm512_castsi128_si512(_mm_loadu_si128((const void *)(p + (r)*ldu))),          \
                _mm_loadu_si128((const void *)(p + (r + 4) * ldu)), 1),                        \
            _mm_loadu_si128((const void *)(p + (r + 8) * ldu)), 2),                            \
        _mm_loadu_si128((const void *)(p + (r + 12) * ldu)), 3)
            __m512i a = ROWS(0), b = ROWS(1), c = ROWS(2), d = ROWS(3);
#undef ROWS
            __m512i ab = _mm512_unpacklo_epi32(a, b), cd = _mm512_unpacklo_epi32(c, d);
            __m512i ef = _mm512_unpackhi_epi32(a, b), gh = _mm512_unpackhi_epi32(c, d);
            uint8_t *to = codes + (k + half * 16) * 16;
            _mm512_storeu_si512(to, _mm512_unpacklo_epi64(ab, cd));
            _mm512_storeu_si512(to + 64, _mm512_unpackhi_epi64(ab, cd));
            _mm512_storeu_si512(to + 128, _mm512_unpacklo_epi64(ef, gh));
            _mm512_storeu_si512(to + 192, _mm512_unpackhi_epi64(ef, gh));
        }
    }
}

/* d of 32 values, and their q as 32-bit integers (two vectors). NaN and tiny: kernel.h. */
INLINE float quantize(const float *x, __m512i *low, __m512i *high) {
    __m512   a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    __m512i  ia = _mm512_castps_si512(_mm512_abs_ps(a)), ib = _mm512_castps_si512(_mm512_abs_ps(b));
    uint32_t top = (uint32_t)_mm512_reduce_max_epi32(_mm512_max_epi32(ia, ib));
    if (top >= PR_ABS_INF || top < PR_ABS_TINY) {
        *low = *high = _mm512_setzero_si512();
        return top >= PR_ABS_INF ? pr_f32_bits(PR_ABS_NAN) : 0;
    }
    float  amax = pr_f32_bits(top);
    __m512 id = _mm512_set1_ps(127.0f / amax);
    *low = _mm512_cvtps_epi32(_mm512_mul_ps(a, id));
    *high = _mm512_cvtps_epi32(_mm512_mul_ps(b, id));
    return amax / 127.0f;
}

void pr_act_quantize_avx512(const pr_acts *a, int64_t col, const float *x) {
    int64_t blocks = a->n / 32;
    for (int64_t i = 0; i < blocks; i++) {
        int64_t at = col * blocks + i;
        __m512i low, high;
        float   d = a->d[at] = quantize(x + i * 32, &low, &high);
        int32_t s0 = _mm512_reduce_add_epi32(low), s1 = _mm512_reduce_add_epi32(high);
        int8_t *q = a->q + col * a->n + i * 32;
        _mm_storeu_si128((void *)q, _mm512_cvtepi32_epi8(low));
        _mm_storeu_si128((void *)(q + 16), _mm512_cvtepi32_epi8(high));
        a->isum16[2 * at] = s0, a->isum16[2 * at + 1] = s1;
        a->sum16[2 * at] = d * (float)s0, a->sum16[2 * at + 1] = d * (float)s1;
        a->isum32[at] = s0 + s1;
        a->sum32[at] = d * (float)(s0 + s1);
    }
}

void pr_store_q8_0_avx512(void *dst, const float *x, int64_t n) {
    uint8_t *b = dst;
    for (int64_t i = 0; i < n / 32; i++, b += 34) {
        __m512i  low, high;
        uint16_t d = pr_f32_to_f16(quantize(x + i * 32, &low, &high));
        memcpy(b, &d, 2);
        _mm_storeu_si128((void *)(b + 2), _mm512_cvtepi32_epi8(low));
        _mm_storeu_si128((void *)(b + 18), _mm512_cvtepi32_epi8(high));
    }
}
