/* qrow_avx2.c - quantized rows: unpacking, and products with one column.
 *
 * Eight groups at a time, one per lane: groups 0…7 of each 16 go to `low`, 8…15 to `high`.
 * VPMADDUBSW adds pairs in 16 bits, which cannot overflow while codes are at most 127:
 * 2 * 127 * 127 = 32258. Types with codes up to 255 (zero 128) are taken as signed bytes
 * instead: |w| times q with the sign of w, at most 2 * 128 * 127 = 32512. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

/* PR_IQ4_CODES less 128. */
#define LEVELS -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
#define INLINE static inline __attribute__((always_inline))

INLINE float tree(__m256 low, __m256 high) {
    __m256 a = _mm256_add_ps(low, high);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}

/* Per 128 bits: [sum of p0's lane, of p1's, of p2's, of p3's]. */
INLINE __m256i sums_quarter(__m256i p0, __m256i p1, __m256i p2, __m256i p3) {
    __m256i a = _mm256_add_epi32(_mm256_unpacklo_epi32(p0, p1), _mm256_unpackhi_epi32(p0, p1));
    __m256i b = _mm256_add_epi32(_mm256_unpacklo_epi32(p2, p3), _mm256_unpackhi_epi32(p2, p3));
    return _mm256_add_epi32(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
}
/* Eight groups of 32, from the quarters' sums of p0…p3 and p4…p7. */
INLINE __m256i sums32(__m256i a, __m256i b) {
    return _mm256_add_epi32(_mm256_permute2x128_si256(a, b, 0x20),
                            _mm256_permute2x128_si256(a, b, 0x31));
}
/* Eight groups of 16, two in each of p0…p3. */
INLINE __m256i sums16(__m256i p0, __m256i p1, __m256i p2, __m256i p3) {
    return _mm256_permutevar8x32_epi32(sums_quarter(p0, p1, p2, p3),
                                       _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

INLINE __m256i load256(const void *p) { return _mm256_loadu_si256(p); }

/* Eight sums of four products. */
INLINE __m256i dot_small(__m256i u, const int8_t *q) {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(u, load256(q)), _mm256_set1_epi16(1));
}
INLINE __m256i dot_signed(__m256i w, const int8_t *q) {
    __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(load256(q), w));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
}

/* ---- codes of one block of 32, `b` being its bytes */

INLINE __m256i nibbles(const uint8_t *q) { /* low ones of 16 bytes, then their high ones */
    __m128i x = _mm_loadu_si128((const void *)q);
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(x), _mm_srli_epi16(x, 4), 1);
    return _mm256_and_si256(v, _mm256_set1_epi8(15));
}
INLINE __m256i iq4(const uint8_t *q) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_setr_epi8(LEVELS)), nibbles(q));
}
INLINE __m256i fifth(const uint8_t *h) { /* 16 where the bit of the weight is set */
    uint32_t bits;
    memcpy(&bits, h, 4);
    const __m256i spread =
        _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((int64_t)0x8040201008040201);
    __m256i v = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32((int)bits), spread), bit);
    return _mm256_and_si256(_mm256_cmpeq_epi8(v, bit), _mm256_set1_epi8(16));
}
INLINE __m256i code_q4_0(const uint8_t *b) { return nibbles(b + 2); }
INLINE __m256i code_q4_1(const uint8_t *b) { return nibbles(b + 4); }
INLINE __m256i code_q5_0(const uint8_t *b) { return _mm256_or_si256(nibbles(b + 6), fifth(b + 2)); }
INLINE __m256i code_q5_1(const uint8_t *b) { return _mm256_or_si256(nibbles(b + 8), fifth(b + 4)); }
INLINE __m256i code_q8_0(const uint8_t *b) { return load256(b + 2); }
INLINE __m256i code_iq4_nl(const uint8_t *b) { return iq4(b + 2); }

/* ---- codes of 32 weights: eighth `j` of a block of 256. Shifts of 16-bit words are enough:
 * the bits that cross a byte are masked away. */

INLINE __m256i shift(__m256i v, int right) { /* right < 0: to the left */
    return right >= 0 ? _mm256_srli_epi16(v, right) : _mm256_slli_epi16(v, -right);
}
INLINE __m256i bits(const uint8_t *p, int right, int mask) {
    return _mm256_and_si256(shift(load256(p), right), _mm256_set1_epi8((char)mask));
}
INLINE __m256i part_q4_k(const uint8_t *b, int j) {
    return bits(b + 16 + j / 2 * 32, j % 2 * 4, 15);
}
INLINE __m256i part_q5_k(const uint8_t *b, int j) {
    return _mm256_or_si256(part_q4_k(b + 32, j), bits(b + 16, j - 4, 16));
}
INLINE __m256i part_iq4_xs(const uint8_t *b, int j) { return iq4(b + 8 + 16 * j); }
INLINE __m256i part_q2_k(const uint8_t *b, int j) {
    return bits(b + 16 + j / 4 * 32, j % 4 * 2, 3);
}
INLINE __m256i part_q3_k(const uint8_t *b, int j) {
    return _mm256_or_si256(bits(b + 32 + j / 4 * 32, j % 4 * 2, 3), bits(b, j - 2, 4));
}
INLINE __m256i part_q6_k(const uint8_t *b, int j) {
    __m256i low = bits(b + j / 4 * 64 + j % 2 * 32, j % 4 / 2 * 4, 15);
    return _mm256_or_si256(low, bits(b + 128 + j / 4 * 32, j % 4 * 2 - 4, 0x30));
}

/* ---- eight scales and mins */

INLINE short half_at(const uint8_t *b, int bytes, int i,
                     int n) { /* a block past the n-th: the last */
    uint16_t h;
    memcpy(&h, b + (i < n ? i : n - 1) * bytes, 2);
    return (short)h;
}
INLINE __m256 halfs8(const uint8_t *b, int bytes, int n) {
#define H(i) half_at(b, bytes, i, n)
    return _mm256_cvtph_ps(_mm_setr_epi16(H(0), H(1), H(2), H(3), H(4), H(5), H(6), H(7)));
#undef H
}
INLINE __m256 negate(__m256 v) { return _mm256_xor_ps(v, _mm256_set1_ps(-0.0f)); }
INLINE __m256 half(const uint8_t *p) {
    return _mm256_set1_ps(_cvtsh_ss((unsigned short)half_at(p, 2, 0, 1)));
}
INLINE __m256 small(__m128i bytes) { return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes)); }

INLINE __m256 scales_k4(const uint8_t *b, __m256 *min) {
    __m128i x = _mm_loadu_si128((const void *)(b + 4));
    __m128i low = _mm_srlv_epi32(_mm_shuffle_epi32(x, 0x98), _mm_setr_epi32(0, 0, 0, 4));
    __m128i high = _mm_srli_epi32(_mm_shuffle_epi32(x, 0x40), 2);
    low = _mm_and_si128(low, _mm_set1_epi64x(0x0f0f0f0f3f3f3f3f));
    high = _mm_and_si128(high, _mm_set1_epi64x(0x3030303000000000));
    x = _mm_or_si128(low, high); /* eight scales, eight mins */
    *min = _mm256_mul_ps(half(b + 2), small(_mm_srli_si128(x, 8)));
    return _mm256_mul_ps(half(b), small(x));
}
INLINE __m256 scales_xs(const uint8_t *b) {
    const __m256i eight = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    uint32_t l;
    uint16_t h;
    memcpy(&l, b + 4, 4), memcpy(&h, b + 2, 2);
    __m256i low = _mm256_srlv_epi32(_mm256_set1_epi32((int)l), _mm256_slli_epi32(eight, 2));
    __m256i high = _mm256_srlv_epi32(_mm256_set1_epi32(h), _mm256_slli_epi32(eight, 1));
    low = _mm256_and_si256(low, _mm256_set1_epi32(15));
    high = _mm256_slli_epi32(_mm256_and_si256(high, _mm256_set1_epi32(3)), 4);
    low = _mm256_sub_epi32(_mm256_or_si256(low, high), _mm256_set1_epi32(32));
    return _mm256_mul_ps(half(b), _mm256_cvtepi32_ps(low));
}
/* Sixteen scales of the types with 16 weights per scale: eight from group 8 * i. */
INLINE __m256 scales_q2_k(const uint8_t *b, int i, __m256 *min) {
    __m128i x = _mm_loadl_epi64((const void *)(b + 8 * i));
    *min = _mm256_mul_ps(half(b + 82),
                         small(_mm_and_si128(_mm_srli_epi16(x, 4), _mm_set1_epi8(15))));
    return _mm256_mul_ps(half(b + 80), small(_mm_and_si128(x, _mm_set1_epi8(15))));
}
INLINE __m256 scales_q3_k(const uint8_t *b, int i, __m256 *min) {
    uint32_t x, y, c;
    memcpy(&x, b + 96, 4), memcpy(&y, b + 100, 4), memcpy(&c, b + 104, 4);
    c = i ? c : c << 4, x = i ? x >> 4 : x, y = i ? y >> 4 : y;
    uint32_t d = c >> 2; /* the second four's high bits lie two further */
    x = (x & 0x0f0f0f0fu) | (c & 0x30303030u), y = (y & 0x0f0f0f0fu) | (d & 0x30303030u);
    __m256i sc = _mm256_cvtepu8_epi32(_mm_setr_epi32((int)x, (int)y, 0, 0));
    *min = _mm256_setzero_ps();
    return _mm256_mul_ps(half(b + 108),
                         _mm256_cvtepi32_ps(_mm256_sub_epi32(sc, _mm256_set1_epi32(32))));
}
INLINE __m256 scales_q6_k(const uint8_t *b, int i, __m256 *min) {
    __m256i sc = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(b + 192 + 8 * i)));
    *min = _mm256_setzero_ps();
    return _mm256_mul_ps(half(b + 208), _mm256_cvtepi32_ps(sc));
}

/* ---- block i of a row, and the scales of n ≤ 8 blocks from i */

#define BLOCKS_OF_32(t, bytes, min_expr)                                                       \
    INLINE __m256i block_##t(const uint8_t *row, int64_t i, int j) {                           \
        return code_##t(row + (i + j) * bytes);                                                \
    }                                                                                          \
    INLINE __m256 scales_##t(const uint8_t *row, int64_t i, int n, __m256 *min) {              \
        const uint8_t *b = row + i * bytes;                                                    \
        *min = min_expr;                                                                       \
        return halfs8(b, bytes, n);                                                            \
    }
BLOCKS_OF_32(q4_0, 18, _mm256_setzero_ps())
BLOCKS_OF_32(q4_1, 20, negate(halfs8(b + 2, 20, n)))
BLOCKS_OF_32(q5_0, 22, _mm256_setzero_ps())
BLOCKS_OF_32(q5_1, 24, negate(halfs8(b + 2, 24, n)))
BLOCKS_OF_32(q8_0, 34, _mm256_setzero_ps())
BLOCKS_OF_32(iq4_nl, 18, _mm256_setzero_ps())

#define BLOCKS_OF_256(t, bytes, scales_expr)                                                   \
    INLINE __m256i block_##t(const uint8_t *row, int64_t i, int j) {                           \
        return part_##t(row + i / 8 * bytes, j);                                               \
    }                                                                                          \
    INLINE __m256 scales_##t(const uint8_t *row, int64_t i, int n, __m256 *min) {              \
        const uint8_t *b = row + i / 8 * bytes;                                                \
        *min = _mm256_setzero_ps();                                                            \
        return scales_expr;                                                                    \
    }
BLOCKS_OF_256(q4_k, 144, scales_k4(b, min))
BLOCKS_OF_256(q5_k, 176, scales_k4(b, min))
BLOCKS_OF_256(iq4_xs, 136, scales_xs(b))

INLINE __m256i mask_of(int64_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)PR_MIN(n, 8)),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* ---- one row, 32 weights per scale. PRODUCT: dot_small or dot_signed; in the latter the sums
 * have their zero already. */

#define AT(t, PRODUCT, i) PRODUCT(block_##t(row, b, i), q + 32 * (b + i))
#define EIGHT(t, PRODUCT)                                                                      \
    sums32(sums_quarter(AT(t, PRODUCT, 0), AT(t, PRODUCT, 1), AT(t, PRODUCT, 2),               \
                        AT(t, PRODUCT, 3)),                                                    \
           sums_quarter(AT(t, PRODUCT, 4), AT(t, PRODUCT, 5), AT(t, PRODUCT, 6),               \
                        AT(t, PRODUCT, 7)))

/* The groups b…b+7, or the `mask` of them, join `acc`. */
INLINE __m256 join(__m256 acc, __m256i isum, __m256 scale, __m256 min, const pr_acts *a, int64_t at,
                   int zero_bits, bool has_min, bool whole, __m256i mask) {
    __m256 d = whole ? _mm256_loadu_ps(a->d + at) : _mm256_maskload_ps(a->d + at, mask), out;
    if (zero_bits) {
        __m256i qsum =
            whole ? load256(a->isum32 + at) : _mm256_maskload_epi32(a->isum32 + at, mask);
        isum = _mm256_sub_epi32(isum, _mm256_slli_epi32(qsum, zero_bits));
    }
    out = _mm256_fmadd_ps(_mm256_cvtepi32_ps(isum), _mm256_mul_ps(scale, d), acc);
    if (has_min) {
        __m256 sum =
            whole ? _mm256_loadu_ps(a->sum32 + at) : _mm256_maskload_ps(a->sum32 + at, mask);
        out = _mm256_fnmadd_ps(min, sum, out);
    }
    return whole ? out : _mm256_blendv_ps(acc, out, _mm256_castsi256_ps(mask));
}

#define ROW32(t, PRODUCT, zero_bits, has_min)                                                  \
    static float row_##t(const uint8_t *row, const pr_acts *a, int64_t col) {                  \
        const int8_t *q = a->q + col * a->n;                                                   \
        const __m256i none = _mm256_setzero_si256();                                           \
        int64_t blocks = a->n / 32, b = 0, at = col * blocks;                                  \
        __m256 low = _mm256_setzero_ps(), high = low, min, s;                                  \
        for (; b + 16 <= blocks; b += 8) {                                                     \
            s = scales_##t(row, b, 8, &min);                                                   \
            low = join(low, EIGHT(t, PRODUCT), s, min, a, at + b, zero_bits, has_min, true,    \
                       none);                                                                  \
            b += 8;                                                                            \
            s = scales_##t(row, b, 8, &min);                                                   \
            high = join(high, EIGHT(t, PRODUCT), s, min, a, at + b, zero_bits, has_min, true,  \
                        none);                                                                 \
        }                                                                                      \
        if (b + 8 <= blocks) {                                                                 \
            s = scales_##t(row, b, 8, &min);                                                   \
            low = join(low, EIGHT(t, PRODUCT), s, min, a, at + b, zero_bits, has_min, true,    \
                       none);                                                                  \
            b += 8;                                                                            \
        }                                                                                      \
        if (b < blocks) {                                                                      \
            int n = (int)(blocks - b);                                                         \
            __m256i p[8];                                                                      \
            for (int i = 0; i < 8; i++) p[i] = i < n ? AT(t, PRODUCT, i) : none;               \
            __m256i isum = sums32(sums_quarter(p[0], p[1], p[2], p[3]),                        \
                                  sums_quarter(p[4], p[5], p[6], p[7]));                       \
            s = scales_##t(row, b, n, &min);                                                   \
            __m256 *to = b % 16 ? &high : &low;                                                \
            *to = join(*to, isum, s, min, a, at + b, zero_bits, has_min, false, mask_of(n));   \
        }                                                                                      \
        return tree(low, high);                                                                \
    }

/* ---- one row, 16 weights per scale; always whole blocks of 256 */

#define PART(t, j) dot_small(part_##t(row, j), q + 32 * (j))
#define HALF(t, acc, i, zero_bits, has_min)                                                    \
    {                                                                                          \
        __m256i isum = sums16(PART(t, 4 * i), PART(t, 4 * i + 1), PART(t, 4 * i + 2),          \
                              PART(t, 4 * i + 3));                                             \
        __m256 s = scales_##t(row, i, &min),                                                   \
               x = _mm256_castps128_ps256(_mm_loadu_ps(d + 4 * i));                            \
        if (zero_bits)                                                                         \
            isum =                                                                             \
                _mm256_sub_epi32(isum, _mm256_slli_epi32(load256(qsum + 8 * i), zero_bits));   \
        s = _mm256_mul_ps(s, _mm256_permutevar8x32_ps(x, twice));                              \
        acc = _mm256_fmadd_ps(_mm256_cvtepi32_ps(isum), s, acc);                               \
        if (has_min) acc = _mm256_fnmadd_ps(min, _mm256_loadu_ps(sum + 8 * i), acc);           \
    }
#define ROW16(t, bytes, zero_bits, has_min)                                                    \
    static float row_##t(const uint8_t *row, const pr_acts *a, int64_t col) {                  \
        const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);                       \
        const int8_t *q = a->q + col * a->n;                                                   \
        const float *d = a->d + col * (a->n / 32), *sum = a->sum16 + col * (a->n / 16);        \
        const int32_t *qsum = a->isum16 + col * (a->n / 16);                                   \
        __m256 low = _mm256_setzero_ps(), high = low, min;                                     \
        for (int64_t k = 0; k < a->n / 256;                                                    \
             k++, row += bytes, q += 256, d += 8, sum += 16, qsum += 16) {                     \
            HALF(t, low, 0, zero_bits, has_min)                                                \
            HALF(t, high, 1, zero_bits, has_min)                                               \
        }                                                                                      \
        return tree(low, high);                                                                \
    }

#define GEMV(t)                                                                                \
    void pr_gemv_##t##_avx2(float *y, const void *w, size_t row_bytes, int64_t rows,           \
                            const pr_acts *a, int64_t col) {                                   \
        for (int64_t r = 0; r < rows; r++)                                                     \
            y[r] = row_##t((const uint8_t *)w + (size_t)r * row_bytes, a, col);                \
    }

#define UNPACK32(t, flip, has_min)                                                             \
    void pr_unpack_##t##_avx2(uint8_t *u, float *scale, float *min, const void *row,           \
                              int64_t n) {                                                     \
        for (int64_t b = 0; b < n / 32; b += 8) {                                              \
            int k = (int)PR_MIN(8, n / 32 - b);                                                \
            __m256 m, s = scales_##t(row, b, k, &m);                                           \
            for (int j = 0; j < k; j++, u += 32)                                               \
                _mm256_storeu_si256(                                                           \
                    (void *)u,                                                                 \
                    _mm256_xor_si256(block_##t(row, b, j), _mm256_set1_epi8((char)(flip))));   \
            _mm256_maskstore_ps(scale + b, mask_of(k), s);                                     \
            if (has_min) _mm256_maskstore_ps(min + b, mask_of(k), m);                          \
        }                                                                                      \
    }
#define UNPACK16(t, bytes, has_min)                                                            \
    void pr_unpack_##t##_avx2(uint8_t *u, float *scale, float *min, const void *row,           \
                              int64_t n) {                                                     \
        const uint8_t *b = row;                                                                \
        __m256 m;                                                                              \
        for (int64_t k = 0; k < n / 256; k++, b += bytes) {                                    \
            for (int j = 0; j < 8; j++, u += 32)                                               \
                _mm256_storeu_si256((void *)u, part_##t(b, j));                                \
            for (int i = 0; i < 2; i++) {                                                      \
                _mm256_storeu_ps(scale + 16 * k + 8 * i, scales_##t(b, i, &m));                \
                if (has_min) _mm256_storeu_ps(min + 16 * k + 8 * i, m);                        \
            }                                                                                  \
        }                                                                                      \
    }

ROW32(q4_0, dot_small, 3, false)
ROW32(q4_1, dot_small, 0, true)
ROW32(q5_0, dot_small, 4, false)
ROW32(q5_1, dot_small, 0, true)
ROW32(q8_0, dot_signed, 0, false)
ROW32(iq4_nl, dot_signed, 0, false)
ROW32(q4_k, dot_small, 0, true)
ROW32(q5_k, dot_small, 0, true)
ROW32(iq4_xs, dot_signed, 0, false)
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
UNPACK32(q4_0, 0, false)
UNPACK32(q4_1, 0, true)
UNPACK32(q5_0, 0, false)
UNPACK32(q5_1, 0, true)
UNPACK32(q8_0, 128, false)
UNPACK32(iq4_nl, 128, false)
UNPACK32(q4_k, 0, true)
UNPACK32(q5_k, 0, true)
UNPACK32(iq4_xs, 128, false)
UNPACK16(q2_k, 84, true)
UNPACK16(q3_k, 110, false)
UNPACK16(q6_k, 210, false)
