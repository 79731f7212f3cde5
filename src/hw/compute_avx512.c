/* compute_avx512.c - peaks of AVX-512 with VNNI: fused multiply-adds of 16 floats, dot products of
 * 64 bytes; twelve sums for two pipes of latency 4 to 5. */
#include "compute.h"
#include <immintrin.h>

enum { SUMS = 12 };

static double f32_loop(uint64_t rounds) {
    __m512 s[SUMS], a = _mm512_set1_ps(0.999f), b = _mm512_set1_ps(1e-3f);
    for (int k = 0; k < SUMS; k++) s[k] = _mm512_set1_ps((float)k);
    for (uint64_t i = 0; i < rounds; i++)
        for (int k = 0; k < SUMS; k++) s[k] = _mm512_fmadd_ps(s[k], a, b);
    for (int k = 1; k < SUMS; k++) s[0] = _mm512_add_ps(s[0], s[k]);
    return (double)_mm512_cvtss_f32(s[0]);
}

static double int8_loop(uint64_t rounds) {
    __m512i s[SUMS], a = _mm512_set1_epi8(5), b = _mm512_set1_epi8(3);
    for (int k = 0; k < SUMS; k++) s[k] = _mm512_set1_epi32(k);
    for (uint64_t i = 0; i < rounds; i++)
        for (int k = 0; k < SUMS; k++) s[k] = _mm512_dpbusd_epi32(s[k], a, b);
    for (int k = 1; k < SUMS; k++) s[0] = _mm512_add_epi32(s[0], s[k]);
    return _mm512_reduce_add_epi32(s[0]);
}

const compute_loops compute_avx512 = {f32_loop, int8_loop, SUMS * 16 * 2, SUMS * 64 * 2};
