/* group_avx2.c - weights in groups times one column: a row is unpacked 512 weights at a time into
 * L1, sixteen blocks of 32 and their sixteen lanes. VPMADDUBSW: see qrow_avx2.c. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE void halves_of(float *dst, const uint8_t *p, int64_t n) {
    uint16_t h;
    int64_t  i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const void *)(p + 2 * i))));
    for (; i < n; i++) memcpy(&h, p + 2 * i, 2), dst[i] = _cvtsh_ss(h);
}
/* Sixteen bits with a byte's two nibbles: the low one below. */
INLINE void nibbles_of(uint8_t *u, const uint8_t *p, int64_t n) {
    for (int64_t i = 0; i < n; i += 32) {
        __m256i v = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(p + i / 2)));
        v = _mm256_or_si256(v, _mm256_slli_epi16(v, 4));
        _mm256_storeu_si256((void *)(u + i), _mm256_and_si256(v, _mm256_set1_epi8(15)));
    }
}
#define NAME(x) pr_##x##_avx2
#include "../group_unpack.h"

INLINE __m256i load256(const void *p) {
    return _mm256_loadu_si256(p);
}
INLINE __m256i dot(const uint8_t *u, const int8_t *q, bool is_signed) {
    const __m256i one = _mm256_set1_epi16(1);
    __m256i       w = load256(u), x = load256(q);
    if (!is_signed) return _mm256_madd_epi16(_mm256_maddubs_epi16(w, x), one);
    w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
    return _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(x, w)), one);
}
INLINE __m256i quarter(__m256i a, __m256i b, __m256i c, __m256i d) {
    return _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
}
/* The sums of eight blocks of 32. */
INLINE __m256i eight(const uint8_t *u, const int8_t *q, bool is_signed) {
#define D(i) dot(u + 32 * (i), q + 32 * (i), is_signed)
    __m256i a = quarter(D(0), D(1), D(2), D(3)), b = quarter(D(4), D(5), D(6), D(7));
#undef D
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                            _mm256_permute2x128_si256(a, b, 0x31));
}
INLINE __m256 join(__m256 acc, __m256i isum, const float *scale, const float *min, const float *d,
                   const float *sum) {
    __m256 s = _mm256_mul_ps(_mm256_loadu_ps(scale), _mm256_loadu_ps(d));
    acc = _mm256_fmadd_ps(_mm256_cvtepi32_ps(isum), s, acc);
    return _mm256_fnmadd_ps(_mm256_loadu_ps(min), _mm256_loadu_ps(sum), acc);
}

/* What is left of a row, fewer than 512 weights: as the reference, lane by lane. */
static void rest(float *lane, const uint8_t *u, const float *scale, const float *min,
                 const int8_t *q, const float *d, const float *sum, int64_t blocks, int zero) {
    for (int64_t i = 0; i < blocks; i++) {
        int32_t isum = 0;
        for (int k = 0; k < 32; k++) isum += (u[32 * i + k] - zero) * q[32 * i + k];
        lane[i] = fmaf((float)isum, scale[i] * d[i], lane[i]);
        lane[i] = fmaf(-min[i], sum[i], lane[i]);
    }
}

INLINE float row_group(const pr_group_rows *w, int64_t r, const pr_acts *a, int64_t col,
                       bool is_signed) {
    const int8_t *q = a->q + col * a->n;
    int64_t       at = 0, blocks = a->n / 32;
    const float  *d = a->d + col * blocks, *sum = a->sum32 + col * blocks;
    uint8_t       u[512];
    float         scale[16], min[16], lane[16];
    __m256        low = _mm256_setzero_ps(), high = low;
    for (; at + 512 <= a->n; at += 512, q += 512, d += 16, sum += 16) {
        pr_unpack_group_avx2(u, scale, min, w, r, at, 512);
        low = join(low, eight(u, q, is_signed), scale, min, d, sum);
        high = join(high, eight(u + 256, q + 256, is_signed), scale + 8, min + 8, d + 8, sum + 8);
    }
    _mm256_storeu_ps(lane, low);
    _mm256_storeu_ps(lane + 8, high);
    if (at < a->n) {
        pr_unpack_group_avx2(u, scale, min, w, r, at, a->n - at);
        rest(lane, u, scale, min, q, d, sum, (a->n - at) / 32, is_signed ? 128 : 0);
    }
    return pr_tree16(lane);
}

void pr_gemv_group_avx2(float *y, const pr_group_rows *w, int64_t rows, const pr_acts *a,
                        int64_t col) {
    bool is_signed = pr_group_qtype(w->spec, a->n)->zero != 0;
    for (int64_t r = 0; r < rows; r++)
        y[r] = is_signed ? row_group(w, r, a, col, true) : row_group(w, r, a, col, false);
}
