/* linear_avx512.c - float weights times columns: one vector of 16 lanes per output. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float tree(__m512 v) {
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* The trees of four sums at once. */
INLINE __m128 tree4(__m512 a, __m512 b, __m512 c, __m512 d) {
    __m512 ab = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
    __m512 cd = _mm512_add_ps(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
    __m512 v =
        _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    v = _mm512_add_ps(v, _mm512_permute_ps(v, 0x4e));
    v = _mm512_add_ps(v, _mm512_permute_ps(v, 0xb1));
    return _mm512_castps512_ps128(_mm512_permutexvar_ps(
        _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), v));
}

INLINE __mmask16 mask_of(int64_t n) { return (__mmask16)((1u << n) - 1); }

/* ---- 16 weights, or the first few of them, from any address */

INLINE __m512 load_f32(const char *p, __mmask16 m) { return _mm512_maskz_loadu_ps(m, p); }
INLINE __m512 load_f16(const char *p, __mmask16 m) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, p));
}
INLINE __m512 load_bf16(const char *p, __mmask16 m) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(m, p)), 16));
}

#define GEMV(type, size)                                                                       \
    void pr_gemv_##type##_avx512(float *y, const void *w, size_t row_bytes, int64_t rows,      \
                                 const float *x, int64_t n) {                                  \
        const char *p = w;                                                                     \
        const __mmask16 rest = mask_of(n % 16);                                                \
        int64_t r = 0;                                                                         \
        for (; r + 4 <= rows; r += 4, p += 4 * row_bytes) {                                    \
            const char *p1 = p + row_bytes, *p2 = p1 + row_bytes, *p3 = p2 + row_bytes;        \
            __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;                               \
            int64_t k = 0;                                                                     \
            for (; k + 16 <= n; k += 16) {                                                     \
                __m512 v = _mm512_loadu_ps(x + k);                                             \
                a = _mm512_fmadd_ps(load_##type(p + k * size, 0xffff), v, a);                  \
                b = _mm512_fmadd_ps(load_##type(p1 + k * size, 0xffff), v, b);                 \
                c = _mm512_fmadd_ps(load_##type(p2 + k * size, 0xffff), v, c);                 \
                d = _mm512_fmadd_ps(load_##type(p3 + k * size, 0xffff), v, d);                 \
            }                                                                                  \
            if (rest) {                                                                        \
                __m512 v = _mm512_maskz_loadu_ps(rest, x + k);                                 \
                a = _mm512_mask3_fmadd_ps(load_##type(p + k * size, rest), v, a, rest);        \
                b = _mm512_mask3_fmadd_ps(load_##type(p1 + k * size, rest), v, b, rest);       \
                c = _mm512_mask3_fmadd_ps(load_##type(p2 + k * size, rest), v, c, rest);       \
                d = _mm512_mask3_fmadd_ps(load_##type(p3 + k * size, rest), v, d, rest);       \
            }                                                                                  \
            _mm_storeu_ps(y + r, tree4(a, b, c, d));                                           \
        }                                                                                      \
        for (; r < rows; r++, p += row_bytes) {                                                \
            __m512 a = _mm512_setzero_ps();                                                    \
            int64_t k = 0;                                                                     \
            for (; k + 16 <= n; k += 16)                                                       \
                a = _mm512_fmadd_ps(load_##type(p + k * size, 0xffff), _mm512_loadu_ps(x + k), \
                                    a);                                                        \
            if (rest)                                                                          \
                a = _mm512_mask3_fmadd_ps(load_##type(p + k * size, rest),                     \
                                          _mm512_maskz_loadu_ps(rest, x + k), a, rest);        \
            y[r] = tree(a);                                                                    \
        }                                                                                      \
    }
GEMV(f32, 4)
GEMV(f16, 2)
GEMV(bf16, 2)

/* ---- a tile of 4 rows by 4 columns: sixteen sums in registers */

#define SUMS(X)                                                                                \
    X(0, 0)                                                                                    \
    X(0, 1) X(0, 2) X(0, 3) X(1, 0) X(1, 1) X(1, 2) X(1, 3) X(2, 0) X(2, 1) X(2, 2) X(2, 3)    \
        X(3, 0) X(3, 1) X(3, 2) X(3, 3)

static void tile4x4(float *y, int64_t ldy, const float *w, int64_t ldw, const float *x,
                    int64_t ldx, int64_t n) {
#define OPEN(r, c) __m512 s##r##c = _mm512_setzero_ps();
    SUMS(OPEN)
#undef OPEN
    int64_t k = 0;
    for (; k + 16 <= n; k += 16) {
        __m512 x0 = _mm512_loadu_ps(x + k), x1 = _mm512_loadu_ps(x + ldx + k);
        __m512 x2 = _mm512_loadu_ps(x + 2 * ldx + k), x3 = _mm512_loadu_ps(x + 3 * ldx + k);
        __m512 w0 = _mm512_loadu_ps(w + k), w1 = _mm512_loadu_ps(w + ldw + k);
        __m512 w2 = _mm512_loadu_ps(w + 2 * ldw + k), w3 = _mm512_loadu_ps(w + 3 * ldw + k);
#define STEP(r, c) s##r##c = _mm512_fmadd_ps(w##r, x##c, s##r##c);
        SUMS(STEP)
#undef STEP
    }
    if (k < n) {
        __mmask16 m = mask_of(n - k);
#define STEP(r, c)                                                                             \
    s##r##c = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(m, w + r * ldw + k),                 \
                                    _mm512_maskz_loadu_ps(m, x + c * ldx + k), s##r##c, m);
        SUMS(STEP)
#undef STEP
    }
    _mm_storeu_ps(y, tree4(s00, s10, s20, s30));
    _mm_storeu_ps(y + ldy, tree4(s01, s11, s21, s31));
    _mm_storeu_ps(y + 2 * ldy, tree4(s02, s12, s22, s32));
    _mm_storeu_ps(y + 3 * ldy, tree4(s03, s13, s23, s33));
}

void pr_gemm_f32_avx512(float *y, int64_t ldy, const float *w, int64_t ldw, int64_t rows,
                        const float *x, int64_t ldx, int64_t cols, int64_t n) {
    int64_t c = 0, whole = rows / 4 * 4;
    for (; c + 4 <= cols; c += 4)
        for (int64_t r = 0; r < whole; r += 4)
            tile4x4(y + c * ldy + r, ldy, w + r * ldw, ldw, x + c * ldx, ldx, n);
    for (int64_t e = 0; e < c; e++)
        pr_gemv_f32_avx512(y + e * ldy + whole, w + whole * ldw, (size_t)ldw * 4, rows - whole,
                           x + e * ldx, n);
    for (; c < cols; c++) pr_gemv_f32_avx512(y + c * ldy, w, (size_t)ldw * 4, rows, x + c * ldx, n);
}
