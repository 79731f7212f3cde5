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
    __m512i sum = _mm512_add_epi32(_mm512_shuffle_i32x4(low, high, 0x88),
                                   _mm512_shuffle_i32x4(low, high, 0xdd));
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
INLINE __m512i codes_iq4_nl(const uint8_t *b0, const uint8_t *b1) {
    return iq4(nibbles(b0 + 2, b1 + 2));
}

/* ---- codes of 64 weights: quarter `j` of a block of 256 */

INLINE __m512i codes_q4_k(const uint8_t *b, int j) {
    __m512i v = _mm512_srlv_epi64(both(b + 16 + 32 * j), _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4));
    return _mm512_and_si512(v, _mm512_set1_epi8(15));
}
INLINE __m512i bit_pair(int j) { /* bit 2j for the first 32 weights, 2j + 1 for the others */
    return halves(_mm256_set1_epi8((char)(1 << 2 * j)), _mm256_set1_epi8((char)(1 << (2 * j + 1))));
}
INLINE __m512i codes_q5_k(const uint8_t *b, int j) {
    return _mm512_or_si512(codes_q4_k(b + 32, j),
                           fifth(_mm512_test_epi8_mask(both(b + 16), bit_pair(j))));
}
INLINE __m512i codes_iq4_xs(const uint8_t *b, int j) {
    return iq4(nibbles(b + 8 + 32 * j, b + 24 + 32 * j));
}
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
    return _mm512_ternarylogic_epi64(low, high, _mm512_set1_epi8(0x30),
                                     0xf8); /* low | (high & 0x30) */
}

/* ---- sixteen scales and mins */

INLINE int half_at(const uint8_t *b, int bytes, int i,
                   int n) { /* a block past the n-th: the last */
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
    *second = _mm512_permutexvar_ps(
        _mm512_setr_epi32(1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3), v);
    return _mm512_permutexvar_ps(
        _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 2), v);
}

/* Q4_K, Q5_K: two blocks of 256 (tensor.h: d, dmin, twelve bytes of 6-bit scales and mins). */
INLINE __m512 scales_k4(const uint8_t *b0, const uint8_t *b1, __m512 *min) {
    __m256i x =
        _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)(b0 + 4))),
                                _mm_loadu_si128((const void *)(b1 + 4)), 1);
    __m256i low = _mm256_srlv_epi32(_mm256_shuffle_epi32(x, 0x98),
                                    _mm256_setr_epi32(0, 0, 0, 4, 0, 0, 0, 4));
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
    __m512i low =
        _mm512_mask_blend_epi32(0xff00, _mm512_set1_epi32((int)l0), _mm512_set1_epi32((int)l1));
    __m512i high = _mm512_mask_blend_epi32(0xff00, _mm512_set1_epi32(h0), _mm512_set1_epi32(h1));
    low = _mm512_and_si512(_mm512_srlv_epi32(low, _mm512_slli_epi32(eight, 2)),
                           _mm512_set1_epi32(15));
    high = _mm512_and_si512(_mm512_srlv_epi32(high, _mm512_slli_epi32(eight, 1)),
                            _mm512_set1_epi32(3));
    low = _mm512_sub_epi32(_mm512_or_si512(low, _mm512_slli_epi32(high, 4)), _mm512_set1_epi32(32));
    __m512 unused;
    return _mm512_mul_ps(heads(b0, b1, &unused), _mm512_cvtepi32_ps(low));
}

/* 16 weights per scale; `order` puts the bytes of the groups where they are wanted. */
INLINE __m512 scales_q2_k(const uint8_t *b, __m128i order, __m512 *min) {
    __m512i x =
        _mm512_cvtepu8_epi32(_mm_shuffle_epi8(_mm_loadu_si128((const void *)b), order));
    *min = _mm512_mul_ps(_mm512_set1_ps(half(b + 82)), _mm512_cvtepi32_ps(_mm512_srli_epi32(x, 4)));
    x = _mm512_and_si512(x, _mm512_set1_epi32(15));
    return _mm512_mul_ps(_mm512_set1_ps(half(b + 80)), _mm512_cvtepi32_ps(x));
}
INLINE __m512 scales_q3_k(const uint8_t *b, __m128i order, __m512 *min) {
    uint32_t x, y, c;
    memcpy(&x, b + 96, 4), memcpy(&y, b + 100, 4), memcpy(&c, b + 104, 4);
    __m128i v = _mm_setr_epi32((int)x, (int)y, (int)(x >> 4), (int)(y >> 4));
    __m128i h = _mm_setr_epi32((int)(c << 4), (int)(c << 2), (int)c, (int)(c >> 2));
    v = _mm_or_si128(_mm_and_si128(v, _mm_set1_epi8(15)), _mm_and_si128(h, _mm_set1_epi8(0x30)));
    __m512i sc = _mm512_sub_epi32(_mm512_cvtepu8_epi32(_mm_shuffle_epi8(v, order)),
                                  _mm512_set1_epi32(32));
    *min = _mm512_setzero_ps();
    return _mm512_mul_ps(_mm512_set1_ps(half(b + 108)), _mm512_cvtepi32_ps(sc));
}
INLINE __m512 scales_q6_k(const uint8_t *b, __m128i order, __m512 *min) {
    __m128i x = _mm_loadu_si128((const void *)(b + 192));
    __m512i sc = _mm512_cvtepi8_epi32(_mm_shuffle_epi8(x, order));
    *min = _mm512_setzero_ps();
    return _mm512_mul_ps(_mm512_set1_ps(half(b + 208)), _mm512_cvtepi32_ps(sc));
}

/* ---- where a type's codes and scales lie, 32 weights per scale.
 * CODES: the pair of blocks i and k of the row (k = i, or i + 1). SCALES: n ≤ 16 blocks from i. */

#define BLOCKS_OF_32(t, bytes, scale_at, min_expr)                                             \
    INLINE __m512i pair_##t(const uint8_t *row, int64_t i, int64_t k) {                        \
        return codes_##t(row + i * bytes, row + k * bytes);                                    \
    }                                                                                          \
    INLINE __m512 scales_##t(const uint8_t *row, int64_t i, int n, __m512 *min) {              \
        const uint8_t *b = row + i * bytes;                                                    \
        *min = min_expr;                                                                       \
        return halfs16(b + scale_at, bytes, n);                                                \
    }
BLOCKS_OF_32(q4_0, 18, 0, _mm512_setzero_ps())
BLOCKS_OF_32(q4_1, 20, 0, negate(halfs16(b + 2, 20, n)))
BLOCKS_OF_32(q5_0, 22, 0, _mm512_setzero_ps())
BLOCKS_OF_32(q5_1, 24, 0, negate(halfs16(b + 2, 24, n)))
BLOCKS_OF_32(q8_0, 34, 0, _mm512_setzero_ps())
BLOCKS_OF_32(iq4_nl, 18, 0, _mm512_setzero_ps())

#define BLOCKS_OF_256(t, bytes, scales_expr)                                                   \
    INLINE __m512i pair_##t(const uint8_t *row, int64_t i, int64_t k) {                        \
        return codes_##t(row + i / 8 * bytes, (int)(i % 8 / 2));                               \
    }                                                                                          \
    INLINE __m512 scales_##t(const uint8_t *row, int64_t i, int n, __m512 *min) {              \
        const uint8_t *b0 = row + i / 8 * bytes, *b1 = n > 8 ? b0 + bytes : b0;                \
        *min = _mm512_setzero_ps();                                                            \
        return scales_expr;                                                                    \
    }
BLOCKS_OF_256(q4_k, 144, scales_k4(b0, b1, min))
BLOCKS_OF_256(q5_k, 176, scales_k4(b0, b1, min))
BLOCKS_OF_256(iq4_xs, 136, scales_xs(b0, b1))

/* ---- one row: 32 weights per scale */

#define DOT32(t, i)                                                                            \
    _mm512_dpbusd_epi32(_mm512_setzero_si512(), pair_##t(row, b + 2 * i, b + 2 * i + 1),       \
                        _mm512_loadu_si512(q + 32 * b + 64 * i))

/* The last n < 16 blocks, and nothing read beyond them. */
#define TAIL32(t)                                                                              \
    for (int i = 0; i < 8; i++) {                                                              \
        bool one = 2 * i + 1 == n;                                                             \
        p[i] = _mm512_setzero_si512();                                                         \
        if (2 * i < n)                                                                         \
            p[i] =                                                                             \
                _mm512_dpbusd_epi32(p[i], pair_##t(row, b + 2 * i, b + 2 * i + !one),          \
                                    _mm512_maskz_loadu_epi8(one ? 0xffffffffu : ~(__mmask64)0, \
                                                            q + 32 * b + 64 * i));             \
    }

#define ROW32(t, zero_bits, has_min)                                                           \
    static float row_##t(const uint8_t *row, const pr_acts *a, int64_t col) {                  \
        const int8_t *q = a->q + col * a->n;                                                   \
        int64_t blocks = a->n / 32, b = 0, at = col * blocks;                                  \
        __m512 acc = _mm512_setzero_ps(), min;                                                 \
        for (; b + 16 <= blocks; b += 16) {                                                    \
            __m512i low = sums_quarter(DOT32(t, 0), DOT32(t, 1), DOT32(t, 2), DOT32(t, 3));    \
            __m512i isum =                                                                     \
                sums32(low, sums_quarter(DOT32(t, 4), DOT32(t, 5), DOT32(t, 6), DOT32(t, 7))); \
            __m512 s = scales_##t(row, b, 16, &min);                                           \
            if (zero_bits)                                                                     \
                isum = _mm512_sub_epi32(                                                       \
                    isum,                                                                      \
                    _mm512_slli_epi32(_mm512_loadu_si512(a->isum32 + at + b), zero_bits));     \
            s = _mm512_mul_ps(s, _mm512_loadu_ps(a->d + at + b));                              \
            acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(isum), s, acc);                           \
            if (has_min) acc = _mm512_fnmadd_ps(min, _mm512_loadu_ps(a->sum32 + at + b), acc); \
        }                                                                                      \
        int n = (int)(blocks - b);                                                             \
        if (n) {                                                                               \
            __mmask16 m = (__mmask16)((1u << n) - 1);                                          \
            __m512i p[8];                                                                      \
            TAIL32(t)                                                                          \
            __m512i isum = sums32(sums_quarter(p[0], p[1], p[2], p[3]),                        \
                                  sums_quarter(p[4], p[5], p[6], p[7]));                       \
            __m512 s = scales_##t(row, b, n, &min);                                            \
            if (zero_bits)                                                                     \
                isum = _mm512_sub_epi32(                                                       \
                    isum, _mm512_slli_epi32(_mm512_maskz_loadu_epi32(m, a->isum32 + at + b),   \
                                            zero_bits));                                       \
            s = _mm512_mul_ps(s, _mm512_maskz_loadu_ps(m, a->d + at + b));                     \
            acc = _mm512_mask3_fmadd_ps(_mm512_cvtepi32_ps(isum), s, acc, m);                  \
            if (has_min)                                                                       \
                acc = _mm512_mask3_fnmadd_ps(min, _mm512_maskz_loadu_ps(m, a->sum32 + at + b), \
                                             acc, m);                                          \
        }                                                                                      \
        return tree(acc);                                                                      \
    }

/* ---- several rows at a time, which is how products are made.
 *
 * Two rows of 8 more blocks share a vector (8 lanes each), so that a row of 256 weights wastes
 * none. The activations are put ("held") once per call in the order in which a type's codes fall
 * out of its bytes with the fewest shuffles: VPDPBUSD then adds the halves of a group, and four
 * lanes per group remain. */

enum { HELD_MAX = 16384 }; /* activations; longer rows are done one by one */

INLINE __m512i low_halves(__m512i a, __m512i b) { return _mm512_shuffle_i32x4(a, b, 0x88); }
INLINE __m512i high_halves(__m512i a, __m512i b) { return _mm512_shuffle_i32x4(a, b, 0xdd); }

INLINE __m512i held(const int8_t *h, int i) { return _mm512_load_si512(h + 64 * i); }

static void hold_plain(int8_t *h, const int8_t *q, int64_t n) { memcpy(h, q, (size_t)n); }

/* Per 256: first halves of groups 0…3, second halves, then of groups 4…7. */
static void hold_nibbles(int8_t *h, const int8_t *q, int64_t n) {
    for (int64_t k = 0; k < n; k += 128) {
        __m512i a = _mm512_loadu_si512(q + k), b = _mm512_loadu_si512(q + k + 64);
        _mm512_store_si512(h + k, low_halves(a, b));
        _mm512_store_si512(h + k + 64, high_halves(a, b));
    }
}

/* Per 256: first halves of the even groups in the order 0, 4, 2, 6, second halves, then of the
 * odd groups. */
static void hold_k(int8_t *h, const int8_t *q, int64_t n) {
    for (int64_t k = 0; k < n; k += 256, q += 256)
        for (int i = 0; i < 16; i++) {
            int group = (i & 1) * 4 + (i & 2) + i / 8, second = i / 4 % 2;
            memcpy(h + k + 16 * i, q + 32 * group + 16 * second, 16);
        }
}

/* Both codes of a byte times their activations; each 128 bits are a group. */
INLINE __m512i dot2(__m512i u0, __m512i x0, __m512i u1, __m512i x1) {
    return _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(), u0, x0), u1, x1);
}
INLINE __m512i low4(__m512i v) { return _mm512_and_si512(v, _mm512_set1_epi8(15)); }
INLINE __m512i high4(__m512i v) { return low4(_mm512_srli_epi16(v, 4)); }
INLINE __m512i plain(__m512i v) { return v; }

/* The 16 bytes at b of four blocks. */
INLINE __m512i four_of(const uint8_t *b, int bytes) {
#define Q(i) _mm_loadu_si128((const void *)(b + (i) * bytes))
    __m512i v = _mm512_inserti32x4(_mm512_castsi128_si512(Q(0)), Q(1), 1);
    return _mm512_inserti32x4(_mm512_inserti32x4(v, Q(2), 2), Q(3), 3);
#undef Q
}

/* Sums of 8 groups whose blocks start at w0, and of 8 that start at w1. */
#define SUMS_NIBBLES(t, bytes, at, code)                                                       \
    INLINE __m512i sums_##t(const uint8_t *w0, const uint8_t *w1, const int8_t *h0,            \
                            const int8_t *h1) {                                                \
        __m512i a = four_of(w0 + at, bytes), b = four_of(w0 + at + 4 * bytes, bytes);          \
        __m512i c = four_of(w1 + at, bytes), d = four_of(w1 + at + 4 * bytes, bytes);          \
        return sums16(dot2(code(low4(a)), held(h0, 0), code(high4(a)), held(h0, 1)),           \
                      dot2(code(low4(b)), held(h0, 2), code(high4(b)), held(h0, 3)),           \
                      dot2(code(low4(c)), held(h1, 0), code(high4(c)), held(h1, 1)),           \
                      dot2(code(low4(d)), held(h1, 2), code(high4(d)), held(h1, 3)));          \
    }
SUMS_NIBBLES(q4_0, 18, 2, plain)
SUMS_NIBBLES(q4_1, 20, 4, plain)
SUMS_NIBBLES(iq4_nl, 18, 2, iq4)
SUMS_NIBBLES(iq4_xs, 16, 8, iq4)

#define SUMS_PLAIN(t)                                                                          \
    INLINE __m512i sums_##t(const uint8_t *w0, const uint8_t *w1, const int8_t *h0,            \
                            const int8_t *h1) {                                                \
        const __m512i o = _mm512_setzero_si512();                                              \
        return sums32(sums_quarter(_mm512_dpbusd_epi32(o, pair_##t(w0, 0, 1), held(h0, 0)),    \
                                   _mm512_dpbusd_epi32(o, pair_##t(w0, 2, 3), held(h0, 1)),    \
                                   _mm512_dpbusd_epi32(o, pair_##t(w0, 4, 5), held(h0, 2)),    \
                                   _mm512_dpbusd_epi32(o, pair_##t(w0, 6, 7), held(h0, 3))),   \
                      sums_quarter(_mm512_dpbusd_epi32(o, pair_##t(w1, 0, 1), held(h1, 0)),    \
                                   _mm512_dpbusd_epi32(o, pair_##t(w1, 2, 3), held(h1, 1)),    \
                                   _mm512_dpbusd_epi32(o, pair_##t(w1, 4, 5), held(h1, 2)),    \
                                   _mm512_dpbusd_epi32(o, pair_##t(w1, 6, 7), held(h1, 3))));  \
    }
SUMS_PLAIN(q5_0)
SUMS_PLAIN(q5_1)
SUMS_PLAIN(q8_0)

/* The F16 at w0 of eight blocks, and at w1 of eight. */
INLINE __m512 halfs8x2(const uint8_t *w0, const uint8_t *w1, int bytes) {
#define H(w, i) (short)half_at(w, bytes, i, 8)
    __m128i a = _mm_setr_epi16(H(w0, 0), H(w0, 1), H(w0, 2), H(w0, 3), H(w0, 4), H(w0, 5),
                               H(w0, 6), H(w0, 7));
    __m128i b = _mm_setr_epi16(H(w1, 0), H(w1, 1), H(w1, 2), H(w1, 3), H(w1, 4), H(w1, 5),
                               H(w1, 6), H(w1, 7));
#undef H
    return _mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1));
}

/* What joins 16 groups to their lanes; d, sum, isum: of the same groups. */
#define JOIN(t, acc, zero_bits, has_min, w0, w1, h0, h1, d, sum, qsum, min_expr, scales_expr)  \
    {                                                                                          \
        __m512i g = sums_##t(w0, w1, h0, h1);                                                  \
        __m512 min = min_expr, s = scales_expr;                                                \
        if (zero_bits) g = _mm512_sub_epi32(g, _mm512_slli_epi32(qsum, zero_bits));            \
        acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(g), _mm512_mul_ps(s, d), acc);                \
        if (has_min) acc = _mm512_fnmadd_ps(min, sum, acc);                                    \
        (void)min;                                                                             \
    }

/* Two rows down to 8 lanes each: the first step of the tree is done. */
#define TWO(t, bytes8, zero_bits, has_min, min_expr, scales_expr)                              \
    INLINE __m512 two_##t(const uint8_t *r0, const uint8_t *r1, const pr_acts *a, int64_t col, \
                          const int8_t *h, int64_t blocks) {                                   \
        int64_t b = 0;                                                                         \
        const float *d = a->d + col * blocks, *sum = a->sum32 + col * blocks;                  \
        const int32_t *qsum = a->isum32 + col * blocks;                                        \
        __m512 x = _mm512_setzero_ps(), y = x;                                                 \
        for (; b + 16 <= blocks; b += 16, r0 += 2 * bytes8, r1 += 2 * bytes8, h += 512) {      \
            const __m512 d16 = _mm512_loadu_ps(d + b), sum16 = _mm512_loadu_ps(sum + b);       \
            const __m512i qsum16 = _mm512_loadu_si512(qsum + b);                               \
            const uint8_t *w0 = r0, *w1 = r0 + bytes8;                                         \
            JOIN(t, x, zero_bits, has_min, w0, w1, h, h + 256, d16, sum16, qsum16, min_expr,   \
                 scales_expr)                                                                  \
            w0 = r1, w1 = r1 + bytes8;                                                         \
            JOIN(t, y, zero_bits, has_min, w0, w1, h, h + 256, d16, sum16, qsum16, min_expr,   \
                 scales_expr)                                                                  \
        }                                                                                      \
        __m512 low = _mm512_shuffle_f32x4(x, y, 0x44),                                         \
               high = _mm512_shuffle_f32x4(x, y, 0xee);                                        \
        if (b < blocks) {                                                                      \
            const uint8_t *w0 = r0, *w1 = r1;                                                  \
            const __m512 d8 = _mm512_broadcast_f32x8(_mm256_loadu_ps(d + b));                  \
            const __m512 sum8 = _mm512_broadcast_f32x8(_mm256_loadu_ps(sum + b));              \
            const __m512i qsum8 =                                                              \
                _mm512_broadcast_i32x8(_mm256_loadu_si256((const void *)(qsum + b)));          \
            JOIN(t, low, zero_bits, has_min, w0, w1, h, h, d8, sum8, qsum8, min_expr,          \
                 scales_expr)                                                                  \
        }                                                                                      \
        return _mm512_add_ps(low, high);                                                       \
    }

/* The rest of four trees: a and b hold two rows of 8 lanes each. */
INLINE __m128 tree4(__m512 a, __m512 b) {
    __m512 v = _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
    v = _mm512_add_ps(v, _mm512_permute_ps(v, 0x4e));
    v = _mm512_add_ps(v, _mm512_permute_ps(v, 0xb1));
    return _mm512_castps512_ps128(_mm512_permutexvar_ps(
        _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), v));
}

#define GEMV32(t, hold, bytes8, zero_bits, has_min, min_expr, scales_expr)                     \
    TWO(t, bytes8, zero_bits, has_min, min_expr, scales_expr)                                  \
    INLINE void fours_##t(float *y, const uint8_t *p, size_t step, int64_t rows,               \
                          const pr_acts *a, int64_t col, const int8_t *h, int64_t blocks) {    \
        for (int64_t r = 0; r + 4 <= rows; r += 4, p += 4 * step) {                            \
            __m512 x = two_##t(p, p + step, a, col, h, blocks);                                \
            __m512 z = two_##t(p + 2 * step, p + 3 * step, a, col, h, blocks);                 \
            _mm_storeu_ps(y + r, tree4(x, z));                                                 \
        }                                                                                      \
    }                                                                                          \
    void pr_gemv_##t##_avx512(float *y, const void *w, size_t row_bytes, int64_t rows,         \
                              const pr_acts *a, int64_t col) {                                 \
        const uint8_t *p = w;                                                                  \
        int64_t r = 0;                                                                         \
        if (rows >= 4 && a->n % 256 == 0 && a->n <= HELD_MAX) {                                \
            _Alignas(64) int8_t h[HELD_MAX];                                                   \
            hold(h, a->q + col * a->n, a->n);                                                  \
            if (a->n == 256)                                                                   \
                fours_##t(y, p, row_bytes, rows, a, col, h, 8);                                \
            else                                                                               \
                fours_##t(y, p, row_bytes, rows, a, col, h, a->n / 32);                        \
            r = rows / 4 * 4;                                                                  \
        }                                                                                      \
        for (; r < rows; r++) y[r] = row_##t(p + (size_t)r * row_bytes, a, col);               \
    }

/* ---- Q4_K, Q5_K: four rows at a time.
 *
 * Even groups lie in the low nibbles, odd ones in the high. A pair of rows shares a vector: its
 * 128 bits hold two groups of one row, then of the other: 0 1, 4 5, 2 3, 6 7. Scales are put
 * in this order while they are bytes, which is cheaper than to put sums in order. What
 * VPDPBUSD leaves fits 16 bits (two products of at most 31 * 128, four lanes), so that the
 * sums of four shrink by a pack and a multiplication with one, not by unpacks. */

typedef struct {
    __m512i even, odd;
} pair_of_dots;

/* 128 bytes of nibbles, four pairs of groups: the first halves of the pairs 0, 2, 1, 3; at p + 16
 * the second halves. Two loads and a blend cost less than a shuffle. */
INLINE __m512i half_pairs(const uint8_t *p) {
    return _mm512_mask_loadu_epi32(_mm512_loadu_si512(p), 0xf0f0, p + 48);
}
INLINE pair_of_dots dots_q4_k(const uint8_t *b, const int8_t *h) {
    const __m512i f0 = _mm512_set1_epi8(-16);
    __m512i first = half_pairs(b + 16), second = half_pairs(b + 32);
    __m512i odd = dot2(_mm512_and_si512(first, f0), held(h, 2), _mm512_and_si512(second, f0),
                       held(h, 3)); /* 16 times too much */
    return (pair_of_dots){dot2(low4(first), held(h, 0), low4(second), held(h, 1)),
                          _mm512_srai_epi32(odd, 4)};
}
INLINE __m512i with_fifth(__m512i u, __m512i bits, __m512i which) {
    return _mm512_mask_add_epi8(u, _mm512_test_epi8_mask(bits, which), u, _mm512_set1_epi8(16));
}
INLINE pair_of_dots dots_q5_k(const uint8_t *b, const int8_t *h) {
    const __m512i even = _mm512_setr_epi64(
        0x0101010101010101, 0x0101010101010101, 0x1010101010101010, 0x1010101010101010,
        0x0404040404040404, 0x0404040404040404, 0x4040404040404040, 0x4040404040404040);
    const __m512i odd = _mm512_slli_epi16(even, 1); /* no byte has its top bit set */
    __m512i first = half_pairs(b + 48), second = half_pairs(b + 64);
    __m512i h0 = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)(b + 16)));
    __m512i h1 = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)(b + 32)));
    return (pair_of_dots){dot2(with_fifth(low4(first), h0, even), held(h, 0),
                               with_fifth(low4(second), h1, even), held(h, 1)),
                          dot2(with_fifth(high4(first), h0, odd), held(h, 2),
                               with_fifth(high4(second), h1, odd), held(h, 3))};
}

/* Neighbouring lanes of x and y added, each pair of 128 bits in turn; the lanes fit 16 bits. */
INLINE __m512i add_pairs(__m512i x, __m512i y) {
    return _mm512_madd_epi16(_mm512_packs_epi32(x, y), _mm512_set1_epi16(1));
}
/* The same for any lanes. */
INLINE __m512i add_pairs_wide(__m512i x, __m512i y) {
    __m512 a = _mm512_castsi512_ps(x), b = _mm512_castsi512_ps(y);
    return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(a, b, 0x88)),
                            _mm512_castps_si512(_mm512_shuffle_ps(a, b, 0xdd)));
}
INLINE __m512i sums_q4_k(const uint8_t *w0, const uint8_t *w1, const int8_t *h) {
    pair_of_dots a = dots_q4_k(w0, h), b = dots_q4_k(w1, h);
    return add_pairs(add_pairs(a.even, a.odd), add_pairs(b.even, b.odd));
}
INLINE __m512i sums_q5_k(const uint8_t *w0, const uint8_t *w1, const int8_t *h) {
    pair_of_dots a = dots_q5_k(w0, h), b = dots_q5_k(w1, h);
    return add_pairs_wide(add_pairs(a.even, a.odd), add_pairs(b.even, b.odd));
}

/* Scales and mins of one block in each of four rows, a pair of rows to a vector. */
typedef struct {
    __m512 scale_ab, scale_cd, min_ab, min_cd;
} quad_scales;

INLINE quad_scales scales_quad(const uint8_t *w, size_t step) {
#define W(r) _mm_loadu_si128((const void *)(w + (r) * step))
    __m512i x = _mm512_inserti32x4(_mm512_castsi128_si512(W(0)), W(1), 1);
    x = _mm512_inserti32x4(_mm512_inserti32x4(x, W(2), 2), W(3), 3);
#undef W
    const __m512i shift = _mm512_broadcast_i32x4(_mm_setr_epi32(0, 0, 0, 4));
    __m512i low = _mm512_srlv_epi32(_mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0xed), shift);
    __m512i high = _mm512_srli_epi32(_mm512_shuffle_epi32(x, (_MM_PERM_ENUM)0x84), 2);
    low = _mm512_and_si512(low, _mm512_set1_epi64(0x0f0f0f0f3f3f3f3f));
    x = _mm512_permutexvar_epi32(
        _mm512_broadcast_i32x4(_mm_setr_epi32(0, 4, 8, 12)), x); /* d and dmin of the four */
    /* Per row: 8 scales, 8 mins; then per 128 bits a pair of groups: rows' scales, rows' mins. */
    low = _mm512_ternarylogic_epi64(low, high, _mm512_set1_epi64(0x3030303000000000), 0xf8);
    low = _mm512_permutexvar_epi16(
        _mm512_set_epi16(31, 23, 15, 7, 27, 19, 11, 3, 29, 21, 13, 5, 25, 17, 9, 1, 30, 22, 14, 6,
                         26, 18, 10, 2, 28, 20, 12, 4, 24, 16, 8, 0),
        low);
    __m512 d = _mm512_castps256_ps512(_mm256_cvtph_ps(_mm512_castsi512_si128(x)));
#define BYTES(at)                                                                              \
    _mm512_cvtepi32_ps(_mm512_shuffle_epi8(                                                    \
        low, _mm512_broadcast_i32x4(_mm_setr_epi8(at, -1, -1, -1, at + 1, -1, -1, -1, at + 2,  \
                                                  -1, -1, -1, at + 3, -1, -1, -1))))
#define HEADS(i, j) _mm512_permutexvar_ps(_mm512_broadcast_i32x4(_mm_setr_epi32(i, i, j, j)), d)
    return (quad_scales){_mm512_mul_ps(BYTES(0), HEADS(0, 2)), _mm512_mul_ps(BYTES(4), HEADS(4, 6)),
                         _mm512_mul_ps(BYTES(8), HEADS(1, 3)),
                         _mm512_mul_ps(BYTES(12), HEADS(5, 7))};
#undef BYTES
#undef HEADS
}

/* The trees of two pairs of rows whose lanes 0…7 and 8…15 are added. */
INLINE __m128 tree_pairs(__m512 ab, __m512 cd) {
    __m512 v =
        _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));
    v = _mm512_add_ps(v, _mm512_shuffle_f32x4(v, v, 0xb1));
    return _mm_hadd_ps(_mm512_castps512_ps128(v), _mm512_extractf32x4_ps(v, 2));
}

/* ab0, cd0: lanes of the even blocks (0…7); ab1, cd1: of the odd. */
#define GEMVK(t, bytes)                                                                        \
    INLINE __m128 quad_##t(const uint8_t *w, size_t step, const pr_acts *a, int64_t col,       \
                           const int8_t *h, int64_t blocks) {                                  \
        const __m512i twice =                                                                  \
            _mm512_setr_epi32(0, 1, 0, 1, 4, 5, 4, 5, 2, 3, 2, 3, 6, 7, 6, 7);                 \
        const float *d = a->d + col * blocks * 8, *sum = a->sum32 + col * blocks * 8;          \
        __m512 ab0 = _mm512_setzero_ps(), cd0 = ab0, ab1 = ab0, cd1 = ab0;                     \
        for (int64_t i = 0; i < blocks; i++, w += bytes, h += 256, d += 8, sum += 8) {         \
            quad_scales s = scales_quad(w, step);                                              \
            __m512 da =                                                                        \
                _mm512_permutexvar_ps(twice, _mm512_castps256_ps512(_mm256_loadu_ps(d)));      \
            __m512 sm =                                                                        \
                _mm512_permutexvar_ps(twice, _mm512_castps256_ps512(_mm256_loadu_ps(sum)));    \
            __m512i ab = sums_##t(w, w + step, h),                                             \
                    cd = sums_##t(w + 2 * step, w + 3 * step, h);                              \
            __m512 x =                                                                         \
                _mm512_fmadd_ps(_mm512_cvtepi32_ps(ab), _mm512_mul_ps(s.scale_ab, da), ab0);   \
            __m512 y =                                                                         \
                _mm512_fmadd_ps(_mm512_cvtepi32_ps(cd), _mm512_mul_ps(s.scale_cd, da), cd0);   \
            ab0 = ab1,                                                                         \
            cd0 = cd1; /* the next block's; the last step adds both, in any order */           \
            ab1 = _mm512_fnmadd_ps(s.min_ab, sm, x);                                           \
            cd1 = _mm512_fnmadd_ps(s.min_cd, sm, y);                                           \
        }                                                                                      \
        return tree_pairs(_mm512_add_ps(ab0, ab1), _mm512_add_ps(cd0, cd1));                   \
    }                                                                                          \
    INLINE void quads_##t(float *y, const uint8_t *p, size_t step, int64_t rows,               \
                          const pr_acts *a, int64_t col, const int8_t *h, int64_t blocks) {    \
        for (int64_t r = 0; r + 4 <= rows; r += 4, p += 4 * step)                              \
            _mm_storeu_ps(y + r, quad_##t(p, step, a, col, h, blocks));                        \
    }                                                                                          \
    void pr_gemv_##t##_avx512(float *y, const void *w, size_t row_bytes, int64_t rows,         \
                              const pr_acts *a, int64_t col) {                                 \
        const uint8_t *p = w;                                                                  \
        int64_t r = 0;                                                                         \
        if (rows >= 4 && a->n <= HELD_MAX) {                                                   \
            _Alignas(64) int8_t h[HELD_MAX];                                                   \
            hold_k(h, a->q + col * a->n, a->n);                                                \
            if (a->n == 256)                                                                   \
                quads_##t(y, p, row_bytes, rows, a, col, h, 1);                                \
            else                                                                               \
                quads_##t(y, p, row_bytes, rows, a, col, h, a->n / 256);                       \
            r = rows / 4 * 4;                                                                  \
        }                                                                                      \
        for (; r < rows; r++) y[r] = row_##t(p + (size_t)r * row_bytes, a, col);               \
    }

/* ---- 16 weights per scale: four rows at a time, always whole blocks of 256.
 *
 * VPDPBUSD leaves four lanes per group: groups 4i … 4i + 3 in vector i. Added pair by pair they
 * come out as [group j, 4 + j, 8 + j, 12 + j] in 128 bits number j; the scales follow. */

#define DOT16(t, j)                                                                            \
    _mm512_dpbusd_epi32(_mm512_setzero_si512(), codes_##t(w, j), _mm512_loadu_si512(q + 64 * j))

#define GEMV16(t, bytes, zero_bits, has_min)                                                   \
    INLINE __m512 join_##t(const uint8_t *w, const int8_t *q, __m512 da, __m512i zero,         \
                           __m512 sum, __m512 acc) {                                           \
        const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15); \
        __m512 min, s = scales_##t(w, order, &min);                                            \
        __m512i g = add_pairs_wide(add_pairs(DOT16(t, 0), DOT16(t, 1)),                        \
                                   add_pairs(DOT16(t, 2), DOT16(t, 3)));                       \
        if (zero_bits) g = _mm512_sub_epi32(g, zero);                                          \
        acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(g), _mm512_mul_ps(s, da), acc);               \
        return has_min ? _mm512_fnmadd_ps(min, sum, acc) : acc;                                \
    }                                                                                          \
    INLINE __m128 quad_##t(const uint8_t *w0, const uint8_t *w1, const uint8_t *w2,            \
                           const uint8_t *w3, const pr_acts *a, int64_t col, int64_t blocks) { \
        const __m512i order =                                                                  \
            _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);           \
        const __m512i of_32 = _mm512_srli_epi32(order, 1);                                     \
        const int8_t *q = a->q + col * blocks * 256;                                           \
        const float *d = a->d + col * blocks * 8, *sum = a->sum16 + col * blocks * 16;         \
        const int32_t *qsum = a->isum16 + col * blocks * 16;                                   \
        __m512 i = _mm512_setzero_ps(), j = i, k = i, l = i;                                   \
        for (int64_t b = 0; b < blocks; b++, q += 256, d += 8, sum += 16, qsum += 16) {        \
            __m512 da = _mm512_permutexvar_ps(of_32, _mm512_castps256_ps512(_mm256_loadu_ps(d))); \
            __m512 sm = _mm512_permutexvar_ps(order, _mm512_loadu_ps(sum));                    \
            __m512i zero = _mm512_slli_epi32(                                                  \
                _mm512_permutexvar_epi32(order, _mm512_loadu_si512(qsum)), zero_bits);         \
            i = join_##t(w0 + b * bytes, q, da, zero, sm, i);                                  \
            j = join_##t(w1 + b * bytes, q, da, zero, sm, j);                                  \
            k = join_##t(w2 + b * bytes, q, da, zero, sm, k);                                  \
            l = join_##t(w3 + b * bytes, q, da, zero, sm, l);                                  \
        }                                                                                      \
        i = _mm512_add_ps(_mm512_shuffle_ps(i, j, 0x44), _mm512_shuffle_ps(i, j, 0xee));       \
        k = _mm512_add_ps(_mm512_shuffle_ps(k, l, 0x44), _mm512_shuffle_ps(k, l, 0xee));       \
        i = _mm512_add_ps(_mm512_shuffle_ps(i, k, 0x88), _mm512_shuffle_ps(i, k, 0xdd));       \
        __m256 v = _mm256_add_ps(_mm512_castps512_ps256(i), _mm512_extractf32x8_ps(i, 1));     \
        return _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));             \
    }                                                                                          \
    INLINE void quads_##t(float *y, const uint8_t *p, size_t step, int64_t rows,               \
                          const pr_acts *a, int64_t col, int64_t blocks) {                     \
        int64_t r = 0;                                                                         \
        for (; r + 4 <= rows; r += 4, p += 4 * step)                                           \
            _mm_storeu_ps(y + r, quad_##t(p, p + step, p + 2 * step, p + 3 * step, a, col,     \
                                          blocks));                                            \
        for (; r < rows; r++, p += step)                                                       \
            y[r] = _mm_cvtss_f32(quad_##t(p, p, p, p, a, col, blocks));                        \
    }                                                                                          \
    void pr_gemv_##t##_avx512(float *y, const void *w, size_t row_bytes, int64_t rows,         \
                              const pr_acts *a, int64_t col) {                                 \
        if (a->n == 256)                                                                       \
            quads_##t(y, w, row_bytes, rows, a, col, 1);                                       \
        else                                                                                   \
            quads_##t(y, w, row_bytes, rows, a, col, a->n / 256);                              \
    }

#define UNPACK32(t, has_min)                                                                   \
    void pr_unpack_##t##_avx512(uint8_t *u, float *scale, float *min, const void *row,         \
                                int64_t n) {                                                   \
        int64_t blocks = n / 32, b = 0;                                                        \
        __m512 m;                                                                              \
        for (b = 0; b + 2 <= blocks; b += 2)                                                   \
            _mm512_storeu_si512(u + 32 * b, pair_##t(row, b, b + 1));                          \
        if (b < blocks)                                                                        \
            _mm256_storeu_si256((void *)(u + 32 * b),                                          \
                                _mm512_castsi512_si256(pair_##t(row, b, b)));                  \
        for (b = 0; b < blocks; b += 16) {                                                     \
            int k = (int)PR_MIN(16, blocks - b);                                               \
            __mmask16 mask = (__mmask16)((1u << k) - 1);                                       \
            _mm512_mask_storeu_ps(scale + b, mask, scales_##t(row, b, k, &m));                 \
            if (has_min) _mm512_mask_storeu_ps(min + b, mask, m);                              \
        }                                                                                      \
    }

#define UNPACK16(t, bytes, has_min)                                                            \
    void pr_unpack_##t##_avx512(uint8_t *u, float *scale, float *min, const void *row,         \
                                int64_t n) {                                                   \
        const __m128i plain_order =                                                            \
            _mm_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);               \
        const uint8_t *b = row;                                                                \
        __m512 m;                                                                              \
        for (int64_t i = 0; i < n / 256; i++, b += bytes, u += 256) {                          \
            _mm512_storeu_si512(u, codes_##t(b, 0));                                           \
            _mm512_storeu_si512(u + 64, codes_##t(b, 1));                                      \
            _mm512_storeu_si512(u + 128, codes_##t(b, 2));                                     \
            _mm512_storeu_si512(u + 192, codes_##t(b, 3));                                     \
            _mm512_storeu_ps(scale + 16 * i, scales_##t(b, plain_order, &m));                  \
            if (has_min) _mm512_storeu_ps(min + 16 * i, m);                                    \
        }                                                                                      \
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

GEMV32(q4_0, hold_nibbles, 144, 3, false, _mm512_setzero_ps(),
       halfs8x2(w0, w1, 18))
GEMV32(q4_1, hold_nibbles, 160, 0, true, negate(halfs8x2(w0 + 2, w1 + 2, 20)),
       halfs8x2(w0, w1, 20))
GEMV32(q5_0, hold_plain, 176, 4, false, _mm512_setzero_ps(),
       halfs8x2(w0, w1, 22))
GEMV32(q5_1, hold_plain, 192, 0, true, negate(halfs8x2(w0 + 2, w1 + 2, 24)),
       halfs8x2(w0, w1, 24))
GEMV32(q8_0, hold_plain, 272, 7, false, _mm512_setzero_ps(),
       halfs8x2(w0, w1, 34))
GEMV32(iq4_nl, hold_nibbles, 144, 7, false, _mm512_setzero_ps(),
       halfs8x2(w0, w1, 18))
GEMV32(iq4_xs, hold_nibbles, 136, 7, false, _mm512_setzero_ps(), scales_xs(w0, w1))
GEMVK(q4_k, 144)
GEMVK(q5_k, 176)
GEMV16(q2_k, 84, 0, true)
GEMV16(q3_k, 110, 2, false)
GEMV16(q6_k, 210, 5, false)
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
