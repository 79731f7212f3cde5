/* compute_avx2.c - peaks of AVX2: two fused multiply-adds a clock, latency 4 or 5: ten sums keep
 * both pipes busy. int8 as pare's kernels do it: products of bytes in pairs, then of words. */
#include "compute.h"
#include <immintrin.h>

enum { SUMS = 10 };

static double f32_loop(uint64_t rounds) {
    __m256 s[SUMS], a = _mm256_set1_ps(0.999f), b = _mm256_set1_ps(1e-3f);
    for (int k = 0; k < SUMS; k++) s[k] = _mm256_set1_ps((float)k);
    for (uint64_t i = 0; i < rounds; i++)
        for (int k = 0; k < SUMS; k++) s[k] = _mm256_fmadd_ps(s[k], a, b);
    for (int k = 1; k < SUMS; k++) s[0] = _mm256_add_ps(s[0], s[k]);
    return (double)_mm256_cvtss_f32(s[0]);
}

static double int8_loop(uint64_t rounds) {
    __m256i s[SUMS], b = _mm256_set1_epi8(3), one = _mm256_set1_epi16(1);
    for (int k = 0; k < SUMS; k++) s[k] = _mm256_set1_epi32(k);
    for (uint64_t i = 0; i < rounds; i++)
        for (int k = 0; k < SUMS; k++) {
            /* the sum is an operand, so that no product can be taken out of the loop */
            __m256i words = _mm256_maddubs_epi16(s[k], b);
            s[k] = _mm256_add_epi32(s[k], _mm256_madd_epi16(words, one));
        }
    for (int k = 1; k < SUMS; k++) s[0] = _mm256_add_epi32(s[0], s[k]);
    return _mm256_extract_epi32(s[0], 0);
}

const compute_loops compute_avx2 = {f32_loop, int8_loop, SUMS * 8 * 2, SUMS * 32 * 2};
