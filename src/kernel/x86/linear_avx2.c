/* linear_avx2.c - float weights times columns: two vectors, lanes 0…7 and 8…15, per output. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE float tree(__m256 low, __m256 high) {
    __m256 a = _mm256_add_ps(low, high);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* ---- eight weights from any address, and one of them */

INLINE __m256 load_f32(const char *p) { return _mm256_loadu_ps((const float *)(const void *)p); }
INLINE __m256 load_f16(const char *p) { return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p)); }
INLINE __m256 load_bf16(const char *p) {
    __m256i v = _mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16));
}
INLINE float one_f32(const char *p) {
    float v;
    memcpy(&v, p, 4);
    return v;
}
INLINE float one_f16(const char *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return _cvtsh_ss(v);
}
INLINE float one_bf16(const char *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return pr_bf16_to_f32(v);
}

/* The last n % 16 weights join the lanes one by one; then the tree. */
#define FINISH(type, size)                                                                     \
    static float finish_##type(__m256 low, __m256 high, const char *p, const float *x,         \
                               int64_t k, int64_t n) {                                         \
        float lane[16];                                                                        \
        _mm256_storeu_ps(lane, low), _mm256_storeu_ps(lane + 8, high);                         \
        for (int64_t i = k; i < n; i++)                                                        \
            lane[i - k] = fmaf(one_##type(p + i * size), x[i], lane[i - k]);                   \
        return tree(_mm256_loadu_ps(lane), _mm256_loadu_ps(lane + 8));                         \
    }                                                                                          \
    INLINE float end_##type(__m256 low, __m256 high, const char *p, const float *x, int64_t k, \
                            int64_t n) {                                                       \
        return k < n ? finish_##type(low, high, p, x, k, n) : tree(low, high);                 \
    }
FINISH(f32, 4)
FINISH(f16, 2)
FINISH(bf16, 2)

#define JOIN(type, size, s, t, p)                                                              \
    s = _mm256_fmadd_ps(load_##type(p + k * size), v, s);                                      \
    t = _mm256_fmadd_ps(load_##type(p + (k + 8) * size), u, t);

#define GEMV(type, size)                                                                       \
    void pr_gemv_##type##_avx2(float *y, const void *w, size_t row_bytes, int64_t rows,        \
                               const float *x, int64_t n) {                                    \
        const char *p = w;                                                                     \
        int64_t r = 0;                                                                         \
        for (; r + 4 <= rows; r += 4, p += 4 * row_bytes) {                                    \
            const char *p1 = p + row_bytes, *p2 = p1 + row_bytes, *p3 = p2 + row_bytes;        \
            __m256 a = _mm256_setzero_ps(), b = a, c = a, d = a, e = a, f = a, g = a, h = a;   \
            int64_t k = 0;                                                                     \
            for (; k + 16 <= n; k += 16) {                                                     \
                __m256 v = _mm256_loadu_ps(x + k), u = _mm256_loadu_ps(x + k + 8);             \
                JOIN(type, size, a, b, p)                                                      \
                JOIN(type, size, c, d, p1)                                                     \
                JOIN(type, size, e, f, p2)                                                     \
                JOIN(type, size, g, h, p3)                                                     \
            }                                                                                  \
            y[r] = end_##type(a, b, p, x, k, n), y[r + 1] = end_##type(c, d, p1, x, k, n);     \
            y[r + 2] = end_##type(e, f, p2, x, k, n),                                          \
                  y[r + 3] = end_##type(g, h, p3, x, k, n);                                    \
        }                                                                                      \
        for (; r < rows; r++, p += row_bytes) {                                                \
            __m256 a = _mm256_setzero_ps(), b = a;                                             \
            int64_t k = 0;                                                                     \
            for (; k + 16 <= n; k += 16) {                                                     \
                __m256 v = _mm256_loadu_ps(x + k), u = _mm256_loadu_ps(x + k + 8);             \
                JOIN(type, size, a, b, p)                                                      \
            }                                                                                  \
            y[r] = end_##type(a, b, p, x, k, n);                                               \
        }                                                                                      \
    }
GEMV(f32, 4)
GEMV(f16, 2)
GEMV(bf16, 2)

/* ---- a tile of 2 rows by 3 columns: twelve registers of sums */

#define SUMS(X) X(0, 0) X(0, 1) X(0, 2) X(1, 0) X(1, 1) X(1, 2)

static void tile2x3(float *y, int64_t ldy, const float *w, int64_t ldw, const float *x,
                    int64_t ldx, int64_t n) {
#define OPEN(r, c) __m256 s##r##c = _mm256_setzero_ps(), t##r##c = s##r##c;
    SUMS(OPEN)
#undef OPEN
    int64_t k = 0;
    for (; k + 16 <= n; k += 16) {
        __m256 w0 = _mm256_loadu_ps(w + k), w1 = _mm256_loadu_ps(w + ldw + k), v;
        v = _mm256_loadu_ps(x + k), s00 = _mm256_fmadd_ps(w0, v, s00),
        s10 = _mm256_fmadd_ps(w1, v, s10);
        v = _mm256_loadu_ps(x + ldx + k), s01 = _mm256_fmadd_ps(w0, v, s01),
        s11 = _mm256_fmadd_ps(w1, v, s11);
        v = _mm256_loadu_ps(x + 2 * ldx + k), s02 = _mm256_fmadd_ps(w0, v, s02),
        s12 = _mm256_fmadd_ps(w1, v, s12);
        w0 = _mm256_loadu_ps(w + k + 8), w1 = _mm256_loadu_ps(w + ldw + k + 8);
        v = _mm256_loadu_ps(x + k + 8), t00 = _mm256_fmadd_ps(w0, v, t00),
        t10 = _mm256_fmadd_ps(w1, v, t10);
        v = _mm256_loadu_ps(x + ldx + k + 8), t01 = _mm256_fmadd_ps(w0, v, t01),
        t11 = _mm256_fmadd_ps(w1, v, t11);
        v = _mm256_loadu_ps(x + 2 * ldx + k + 8), t02 = _mm256_fmadd_ps(w0, v, t02),
        t12 = _mm256_fmadd_ps(w1, v, t12);
    }
#define CLOSE(r, c)                                                                            \
    y[c * ldy + r] = end_f32(s##r##c, t##r##c, (const char *)(w + r * ldw), x + c * ldx, k, n);
    SUMS(CLOSE)
#undef CLOSE
}

void pr_gemm_f32_avx2(float *y, int64_t ldy, const float *w, int64_t ldw, int64_t rows,
                      const float *x, int64_t ldx, int64_t cols, int64_t n) {
    int64_t c = 0, whole = rows / 2 * 2;
    for (; c + 3 <= cols; c += 3)
        for (int64_t r = 0; r < whole; r += 2)
            tile2x3(y + c * ldy + r, ldy, w + r * ldw, ldw, x + c * ldx, ldx, n);
    for (int64_t e = 0; e < c; e++)
        pr_gemv_f32_avx2(y + e * ldy + whole, w + whole * ldw, (size_t)ldw * 4, rows - whole,
                         x + e * ldx, n);
    for (; c < cols; c++) pr_gemv_f32_avx2(y + c * ldy, w, (size_t)ldw * 4, rows, x + c * ldx, n);
}
