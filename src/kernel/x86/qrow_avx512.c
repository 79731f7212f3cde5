/* qrow_avx512.c - quantized rows: unpacking, and products with one column.
 *
 * A row is walked 512 weights (types with 32 weights per scale) or 256 weights (16 per
 * scale) at a time: in both cases 16 groups, one per lane. VPDPBUSD leaves sums of four in
 * 32-bit lanes; a tree of unpacks turns them into the 16 group sums, in order. Integers are
 * exact, so only the float part must follow the definition. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

/* PR_IQ4_CODES as the signed char that the intrinsic wants. */
#define LEVELS 1, 24, 45, 63, 79, 93, 106, 118, -127, -115, -103, -90, -75, -59, -39, -15
#define INLINE static inline __attribute__((always_inline))

/* ---- sixteen group sums from vectors of sums of four */

/* Per 128 bits: [sum of p0's lane, of p1's, of p2's, of p3's]. */
INLINE __m512i sums_quarter(__m512i p0, __m512i p1, __m512i p2, __m512i p3) {
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(p0, p1), _mm512_unpackhi_epi32(p0, p1));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(p2, p3), _mm512_unpackhi_epi32(p2, p3));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

/* Groups of 16: p0 holds groups 0…3, p1 4…7, and so on. */
INLINE __m512i sums16(__m512i p0, __m512i p1, __m512i p2, __m512i p3) {
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, sums_quarter(p0, p1, p2, p3));
}

/* Groups of 32, from the quarters' sums of p0…p3 and p4…p7. */
INLINE __m512i sums32(__m512i low, __m512i high) {
    const __m512i order = _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    __m512i sum = _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88), _mm512_shuffle_i32x4(low, high, 0xdd));
    return _mm512_permutexvar_epi32(order, sum);
}

INLINE float tree(__m512 v) {
    __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* ---- codes of 64 weights: two blocks of 32 at b0 and b1, which may be the same block */

INLINE __m512i halves(__m256i low, __m256i high) {
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}
INLINE __m256i load256(const uint8_t *p) {
    return _mm256_loadu_si256((const void *)p);
}
INLINE __m512i both(const uint8_t *p) {
    return _mm512_broadcast_i64x4(load256(p));
}
/* Nibbles of 16 bytes at q0 and 16 at q1: low of q0, high of q0, low of q1, high of q1. */
INLINE __m512i nibbles(const uint8_t *q0, const uint8_t *q1) {
    __m512i v = halves(_mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)q0)),
                       _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)q1)));
    v = _mm512_srlv_epi64(v, _mm512_setr_epi64(0, 0, 4, 4, 0, 0, 4, 4));
    return _mm512_and_si512(v, _mm512_set1_epi8(15));
}
INLINE __m512i iq4(__m512i nibble) {
    const __m512i levels = _mm512_broadcast_i32x4(_mm_setr_epi8(LEVELS));
    return _mm512_shuffle_epi8(levels, nibble);
}
/* 16 where the bit of the weight is set. */
INLINE __m512i fifth(uint64_t bits) {
    return _mm512_maskz_set1_epi8(bits, 16);
}
INLINE uint64_t bits64(const uint8_t *h0, const uint8_t *h1) {
    uint32_t a, b;
    memcpy(&a, h0, 4), memcpy(&b, h1, 4);
    return a | (uint64_t)b << 32;
}

INLINE __m512i codes_q4_0(const uint8_t *b0, const uint8_t *b1) { return nibbles(b0 + 2, b1 + 2); }
INLINE __m512i codes_q4_1(const uint8_t *b0, const uint8_t *b1) { return nibbles(b0 + 4, b1 + 4); }
INLINE __m512i codes_q5_0(const uint8_t *b0, const uint8_t *b1) {
    return _mm512_or_si512(nibbles(b0 + 6, b1 + 6), fifth(bits64(b0 + 2, b1 + 2)));
}
INLINE __m512i codes_q5_1(const uint8_t *b0, const uint8_t *b1) {
    return _mm512_or_si512(nibbles(b0 + 8, b1 + 8), fifth(bits64(b0 + 4, b1 + 4)));
}
INLINE __m512i codes_q8_0(const uint8_t *b0, const uint8_t *b1) {
    return _mm512_xor_si512(halves(load256(b0 + 2), load256(b1 + 2)), _mm512_set1_epi8(-128));
}
INLINE __m512i codes_iq4_nl(const uint8_t *b0, const uint8_t *b1) { return iq4(nibbles(b0 + 2, b1 + 2)); }

/* ---- codes of 64 weights: quarter `j` of a block of 256 */

INLINE __m512i codes_q4_k(const uint8_t *b, int j) {
    __m512i v = _mm512_srlv_epi64(both(b + 16 + 32 * j), _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4));
    return _mm512_and_si512(v, _mm512_set1_epi8(15));
}
INLINE __m512i bit_pair(int j) { /* bit 2j for the first 32 weights, 2j + 1 for the others */
    return halves(_mm256_set1_epi8((char)(1 << 2 * j)), _mm256_set1_epi8((char)(1 << (2 * j + 1))));
}
INLINE __m512i codes_q5_k(const uint8_t *b, int j) {
    return _mm512_or_si512(codes_q4_k(b + 32, j), fifth(_mm512_test_epi8_mask(both(b + 16), bit_pair(j))));
}
INLINE __m512i codes_iq4_xs(const uint8_t *b, int j) { return iq4(nibbles(b + 8 + 32 * j, b + 24 + 32 * j)); }
INLINE __m512i two_bits(const uint8_t *q, int j) {
    int     s = j % 2 * 4;
    __m512i by = _mm512_setr_epi64(s, s, s, s, s + 2, s + 2, s + 2, s + 2);
    return _mm512_and_si512(_mm512_srlv_epi64(both(q + j / 2 * 32), by), _mm512_set1_epi8(3));
}
INLINE __m512i codes_q2_k(const uint8_t *b, int j) { return two_bits(b + 16, j); }
INLINE __m512i codes_q3_k(const uint8_t *b, int j) {
    __mmask64 high = _mm512_test_epi8_mask(both(b), bit_pair(j));
    return _mm512_or_si512(two_bits(b + 32, j), _mm512_maskz_set1_epi8(high, 4));
}
INLINE __m512i codes_q6_k(const uint8_t *b, int j) {
    __m512i low = _mm512_loadu_si512(b + j / 2 * 64), high = both(b + 128 + j / 2 * 32);
    if (j % 2) {
        low = _mm512_srli_epi16(low, 4);
        high = _mm512_srlv_epi64(high, _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2));
    } else {
        high = _mm512_sllv_epi64(high, _mm512_setr_epi64(4, 4, 4, 4, 2, 2, 2, 2));
    }
    low = _mm512_and_si512(low, _mm512_set1_epi8(15));
    return _mm512_ternarylogic_epi64(low, high, _mm512_set1_epi8(0x30), 0xf8); /* low | (high & 0x30) */
}

/* ---- sixteen scales and mins */

INLINE int half_at(const uint8_t *b, int bytes, int i, int n) { /* a block past the n-th: the last */
    uint16_t h;
    memcpy(&h, b + (i < n ? i : n - 1) * bytes, 2);
    return h;
}
/* The F16 at b of each of n ≤ 16 blocks. */
INLINE __m512 halfs16(const uint8_t *b, int bytes, int n) {
#define H(i) (short)half_at(b, bytes, i, n)
    __m128i low = _mm_setr_epi16(H(0), H(1), H(2), H(3), H(4), H(5), H(6), H(7));
    __m128i high = _mm_setr_epi16(H(8), H(9), H(10), H(11), H(12), H(13), H(14), H(15));
#undef H
    return _mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1));
}
INLINE __m512 negate(__m512 v) { return _mm512_xor_ps(v, _mm512_set1_ps(-0.0f)); }

INLINE float half(const uint8_t *p) {
    uint16_t h;
    memcpy(&h, p, 2);
    return _cvtsh_ss(h);
}
/* The two F16 that start two blocks: the first of each in lanes 0…7 and 8…15, and the second. */
INLINE __m512 heads(const uint8_t *b0, const uint8_t *b1, __m512 *second) {
    int x, y;
    memcpy(&x, b0, 4), memcpy(&y, b1, 4);
    __m512 v = _mm512_castps128_ps512(_mm_cvtph_ps(_mm_insert_epi32(_mm_cvtsi32_si128(x), y, 1)));
    *second = _mm512_permutexvar_ps(_mm512_setr_epi32(1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3), v);
    return _mm512_permutexvar_ps(_mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2), v);
}

/* Q4_K, Q5_K: two blocks of 256 (tensor.h: d, dmin, twelve bytes of 6-bit scales and mins). */
INLINE __m512 scales_k4(const uint8_t *b0, const uint8_t *b1, __m512 *min) {
    __m256i x = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)(b0 + 4))),
                                        _mm_loadu_si128((const void *)(b1 + 4)), 1);
    __m256i low = _mm256_srlv_epi32(_mm256_shuffle_epi32(x, 0x98), _mm256_setr_epi32(0, 0, 0, 4, 0, 0, 0, 4));
    __m256i high = _mm256_srli_epi32(_mm256_shuffle_epi32(x, 0x40), 2);
    low = _mm256_and_si256(low, _mm256_set1_epi64x(0x0f0f0f0f3f3f3f3f));
    high = _mm256_and_si256(high, _mm256_set1_epi64x(0x3030303000000000));
    x = _mm256_permute4x64_epi64(_mm256_or_si256(low, high), 0xd8); /* scales, then mins, of both */
    __m512i sc = _mm512_cvtepu8_epi32(_mm256_castsi256_si128(x));
    __m512i mn = _mm512_cvtepu8_epi32(_mm256_extracti128_si256(x, 1));
    __m512  dmin, d = heads(b0, b1, &dmin);
    *min = _mm512_mul_ps(dmin, _mm512_cvtepi32_ps(mn));
    return _mm512_mul_ps(d, _mm512_cvtepi32_ps(sc));
}

INLINE __m512 scales_xs(const uint8_t *b0, const uint8_t *b1) {
    const __m512i eight = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
    uint32_t l0, l1;
    uint16_t h0, h1;
    memcpy(&l0, b0 + 4, 4), memcpy(&l1, b1 + 4, 4), memcpy(&h0, b0 + 2, 2), memcpy(&h1, b1 + 2, 2);
    __m512i low = _mm512_mask_blend_epi32(0xff00, _mm512_set1_epi32((int)l0), _mm512_set1_epi32((int)l1));
    __m512i high = _mm512_mask_blend_epi32(0xff00, _mm512_set1_epi32(h0), _mm512_set1_epi32(h1));
    low = _mm512_and_si512(_mm512_srlv_epi32(low, _mm512_slli_epi32(eight, 2)), _mm512_set1_epi32(15));
    high = _mm512_and_si512(_mm512_srlv_epi32(high, _mm512_slli_epi32(eight, 1)), _mm512_set1_epi32(3));
    low = _mm512_sub_epi32(_mm512_or_si512(low, _mm512_slli_epi32(high, 4)), _mm512_set1_epi32(32));
    __m512 unused;
    return _mm512_mul_ps(heads(b0, b1, &unused), _mm512_cvtepi32_ps(low));
}

INLINE __m512 scales_q2_k(const uint8_t *b, __m512 *min) {
    __m512i x = _mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)b));
    *min = _mm512_mul_ps(_mm512_set1_ps(half(b + 82)), _mm512_cvtepi32_ps(_mm512_srli_epi32(x, 4)));
    x = _mm512_and_si512(x, _mm512_set1_epi32(15));
    return _mm512_mul_ps(_mm512_set1_ps(half(b + 80)), _mm512_cvtepi32_ps(x));
}
INLINE __m512 scales_q3_k(const uint8_t *b, __m512 *min) {
    uint32_t x, y, c;
    memcpy(&x, b + 96, 4), memcpy(&y, b + 100, 4), memcpy(&c, b + 104, 4);
    __m128i v = _mm_setr_epi32((int)x, (int)y, (int)(x >> 4), (int)(y >> 4));
    __m128i h = _mm_setr_epi32((int)(c << 4), (int)(c << 2), (int)c, (int)(c >> 2));
    v = _mm_or_si128(_mm_and_si128(v, _mm_set1_epi8(15)), _mm_and_si128(h, _mm_set1_epi8(0x30)));
    __m512i sc = _mm512_sub_epi32(_mm512_cvtepu8_epi32(v), _mm512_set1_epi32(32));
    *min = _mm512_setzero_ps();
    return _mm512_mul_ps(_mm512_set1_ps(half(b + 108)), _mm512_cvtepi32_ps(sc));
}
INLINE __m512 scales_q6_k(const uint8_t *b, __m512 *min) {
    __m512i sc = _mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)(b + 192)));
    *min = _mm512_setzero_ps();
    return _mm512_mul_ps(_mm512_set1_ps(half(b + 208)), _mm512_cvtepi32_ps(sc));
}

/* ---- where a type's codes and scales lie, 32 weights per scale.
 * CODES: the pair of blocks i and k of the row (k = i, or i + 1). SCALES: n ≤ 16 blocks from i. */

#define BLOCKS_OF_32(t, bytes, scale_at, min_expr)                                                     \
    INLINE __m512i pair_##t(const uint8_t *row, int64_t i, int64_t k) {                                \
        return codes_##t(row + i * bytes, row + k * bytes);                                            \
    }                                                                                                  \
    INLINE __m512 scales_##t(const uint8_t *row, int64_t i, int n, __m512 *min) {                      \
        const uint8_t *b = row + i * bytes;                                                            \
        *min = min_expr;                                                                               \
        return halfs16(b + scale_at, bytes, n);                                                        \
    }
BLOCKS_OF_32(q4_0, 18, 0, _mm512_setzero_ps())
BLOCKS_OF_32(q4_1, 20, 0, negate(halfs16(b + 2, 20, n)))
BLOCKS_OF_32(q5_0, 22, 0, _mm512_setzero_ps())
BLOCKS_OF_32(q5_1, 24, 0, negate(halfs16(b + 2, 24, n)))
BLOCKS_OF_32(q8_0, 34, 0, _mm512_setzero_ps())
BLOCKS_OF_32(iq4_nl, 18, 0, _mm512_setzero_ps())

#define BLOCKS_OF_256(t, bytes, scales_expr)                                                           \
    INLINE __m512i pair_##t(const uint8_t *row, int64_t i, int64_t k) {                                \
        return codes_##t(row + i / 8 * bytes, (int)(i % 8 / 2));                                       \
    }                                                                                                  \
    INLINE __m512 scales_##t(const uint8_t *row, int64_t i, int n, __m512 *min) {                      \
        const uint8_t *b0 = row + i / 8 * bytes, *b1 = n > 8 ? b0 + bytes : b0;                        \
        *min = _mm512_setzero_ps();                                                                    \
        return scales_expr;                                                                            \
    }
BLOCKS_OF_256(q4_k, 144, scales_k4(b0, b1, min))
BLOCKS_OF_256(q5_k, 176, scales_k4(b0, b1, min))
BLOCKS_OF_256(iq4_xs, 136, scales_xs(b0, b1))

/* ---- one row: 32 weights per scale */

#define DOT32(t, i) _mm512_dpbusd_epi32(_mm512_setzero_si512(), pair_##t(row, b + 2 * i, b + 2 * i + 1), \
                                     _mm512_loadu_si512(q + 32 * b + 64 * i))

/* The last n < 16 blocks, and nothing read beyond them. */
#define TAIL32(t)                                                                                      \
    for (int i = 0; i < 8; i++) {                                                                      \
        bool one = 2 * i + 1 == n;                                                                     \
        p[i] = _mm512_setzero_si512();                                                                 \
        if (2 * i < n)                                                                                 \
            p[i] = _mm512_dpbusd_epi32(p[i], pair_##t(row, b + 2 * i, b + 2 * i + !one),               \
                                       _mm512_maskz_loadu_epi8(one ? 0xffffffffu : ~(__mmask64)0,      \
                                                               q + 32 * b + 64 * i));                  \
    }

#define ROW32(t, zero_bits, has_min)                                                                   \
    static float row_##t(const uint8_t *row, const pr_acts *a, int64_t col) {                          \
        const int8_t  *q = a->q + col * a->n;                                                          \
        int64_t        blocks = a->n / 32, b = 0, at = col * blocks;                                   \
        __m512         acc = _mm512_setzero_ps(), min;                                                 \
        for (; b + 16 <= blocks; b += 16) {                                                            \
            __m512i low = sums_quarter(DOT32(t, 0), DOT32(t, 1), DOT32(t, 2), DOT32(t, 3));                        \
            __m512i isum = sums32(low, sums_quarter(DOT32(t, 4), DOT32(t, 5), DOT32(t, 6), DOT32(t, 7)));          \
            __m512  s = scales_##t(row, b, 16, &min);                                                  \
            if (zero_bits)                                                                             \
                isum = _mm512_sub_epi32(isum, _mm512_slli_epi32(_mm512_loadu_si512(a->isum32 + at + b), zero_bits)); \
            s = _mm512_mul_ps(s, _mm512_loadu_ps(a->d + at + b));                                      \
            acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(isum), s, acc);                                   \
            if (has_min) acc = _mm512_fnmadd_ps(min, _mm512_loadu_ps(a->sum32 + at + b), acc);         \
        }                                                                                              \
        int n = (int)(blocks - b);                                                                     \
        if (n) {                                                                                       \
            __mmask16 m = (__mmask16)((1u << n) - 1);                                                  \
            __m512i   p[8];                                                                            \
            TAIL32(t)                                                                                  \
            __m512i isum = sums32(sums_quarter(p[0], p[1], p[2], p[3]), sums_quarter(p[4], p[5], p[6], p[7])); \
            __m512  s = scales_##t(row, b, n, &min);                                                   \
            if (zero_bits)                                                                             \
                isum = _mm512_sub_epi32(isum, _mm512_slli_epi32(_mm512_maskz_loadu_epi32(m, a->isum32 + at + b), zero_bits)); \
            s = _mm512_mul_ps(s, _mm512_maskz_loadu_ps(m, a->d + at + b));                             \
            acc = _mm512_mask3_fmadd_ps(_mm512_cvtepi32_ps(isum), s, acc, m);                          \
            if (has_min) acc = _mm512_mask3_fnmadd_ps(min, _mm512_maskz_loadu_ps(m, a->sum32 + at + b), acc, m); \
        }                                                                                              \
        return tree(acc);                                                                              \
    }

/* ---- one row: 16 weights per scale; always whole blocks of 256 */

#define DOT16(t, j) _mm512_dpbusd_epi32(_mm512_setzero_si512(), codes_##t(row, j), _mm512_loadu_si512(q + 64 * j))

#define ROW16(t, bytes, zero_bits, has_min)                                                            \
    static float row_##t(const uint8_t *row, const pr_acts *a, int64_t col) {                          \
        const __m512i  twice = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);      \
        const int8_t  *q = a->q + col * a->n;                                                          \
        const float   *d = a->d + col * (a->n / 32), *sum = a->sum16 + col * (a->n / 16);              \
        const int32_t *qsum = a->isum16 + col * (a->n / 16);                                           \
        __m512         acc = _mm512_setzero_ps(), min;                                                 \
        for (int64_t i = 0; i < a->n / 256; i++, row += bytes, q += 256, d += 8, sum += 16, qsum += 16) { \
            __m512i isum = sums16(DOT16(t, 0), DOT16(t, 1), DOT16(t, 2), DOT16(t, 3));                 \
            __m512  s = scales_##t(row, &min);                                                         \
            if (zero_bits) isum = _mm512_sub_epi32(isum, _mm512_slli_epi32(_mm512_loadu_si512(qsum), zero_bits)); \
            s = _mm512_mul_ps(s, _mm512_permutexvar_ps(twice, _mm512_castps256_ps512(_mm256_loadu_ps(d)))); \
            acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(isum), s, acc);                                   \
            if (has_min) acc = _mm512_fnmadd_ps(min, _mm512_loadu_ps(sum), acc);                       \
        }                                                                                              \
        return tree(acc);                                                                              \
    }

#define GEMV(t)                                                                                        \
    void pr_gemv_##t##_avx512(float *y, const void *w, size_t row_bytes, int64_t rows, const pr_acts *a, \
                              int64_t col) {                                                           \
        for (int64_t r = 0; r < rows; r++) y[r] = row_##t((const uint8_t *)w + (size_t)r * row_bytes, a, col); \
    }

#define UNPACK32(t, has_min)                                                                           \
    void pr_unpack_##t##_avx512(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {    \
        int64_t blocks = n / 32, b = 0;                                                                \
        __m512  m;                                                                                     \
        for (b = 0; b + 2 <= blocks; b += 2) _mm512_storeu_si512(u + 32 * b, pair_##t(row, b, b + 1)); \
        if (b < blocks)                                                                                \
            _mm256_storeu_si256((void *)(u + 32 * b), _mm512_castsi512_si256(pair_##t(row, b, b)));    \
        for (b = 0; b < blocks; b += 16) {                                                             \
            int       k = (int)PR_MIN(16, blocks - b);                                                 \
            __mmask16 mask = (__mmask16)((1u << k) - 1);                                               \
            _mm512_mask_storeu_ps(scale + b, mask, scales_##t(row, b, k, &m));                         \
            if (has_min) _mm512_mask_storeu_ps(min + b, mask, m);                                      \
        }                                                                                              \
    }

#define UNPACK16(t, bytes, has_min)                                                                    \
    void pr_unpack_##t##_avx512(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {    \
        const uint8_t *b = row;                                                                        \
        __m512         m;                                                                              \
        for (int64_t i = 0; i < n / 256; i++, b += bytes, u += 256) {                                  \
            _mm512_storeu_si512(u, codes_##t(b, 0));                                                   \
            _mm512_storeu_si512(u + 64, codes_##t(b, 1));                                              \
            _mm512_storeu_si512(u + 128, codes_##t(b, 2));                                             \
            _mm512_storeu_si512(u + 192, codes_##t(b, 3));                                             \
            _mm512_storeu_ps(scale + 16 * i, scales_##t(b, &m));                                       \
            if (has_min) _mm512_storeu_ps(min + 16 * i, m);                                            \
        }                                                                                              \
    }

ROW32(q4_0, 3, false)
ROW32(q4_1, 0, true)
ROW32(q5_0, 4, false)
ROW32(q5_1, 0, true)
ROW32(q8_0, 7, false)
ROW32(iq4_nl, 7, false)
ROW32(q4_k, 0, true)
ROW32(q5_k, 0, true)
ROW32(iq4_xs, 7, false)
ROW16(q2_k, 84, 0, true)
ROW16(q3_k, 110, 2, false)
ROW16(q6_k, 210, 5, false)

GEMV(q4_0)
GEMV(q4_1)
GEMV(q5_0)
GEMV(q5_1)
GEMV(q8_0)
GEMV(iq4_nl)
GEMV(q2_k)
GEMV(q3_k)
GEMV(q4_k)
GEMV(q5_k)
GEMV(q6_k)
GEMV(iq4_xs)
UNPACK32(q4_0, false)
UNPACK32(q4_1, true)
UNPACK32(q5_0, false)
UNPACK32(q5_1, true)
UNPACK32(q8_0, false)
UNPACK32(iq4_nl, false)
UNPACK32(q4_k, true)
UNPACK32(q5_k, true)
UNPACK32(iq4_xs, false)
UNPACK16(q2_k, 84, true)
UNPACK16(q3_k, 110, false)
UNPACK16(q6_k, 210, false)
