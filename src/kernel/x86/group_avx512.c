/* group_avx512.c - weights in groups times one column: 512 weights at a time, sixteen blocks of 32
 * and their sixteen lanes; what a row lacks to that is zero. Codes of 4 and 8 bits go straight into
 * the product, others by way of L1. */
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
#define NAME(x) pr_##x##_avx512
#include "../group_unpack.h"

/* Per 128 bits: [sum of a's lane, of b's, of c's, of d's]. */
INLINE __m512i quarter(__m512i a, __m512i b, __m512i c, __m512i d) {
    __m512i x = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    __m512i y = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(x, y), _mm512_unpackhi_epi64(x, y));
}
INLINE __m512i dot(const uint8_t *u, const int8_t *q, int64_t n) {
    __mmask64 m = n >= 64 ? ~0ull : n > 0 ? (1ull << n) - 1 : 0;
    return _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_maskz_loadu_epi8(m, u),
                               _mm512_maskz_loadu_epi8(m, q));
}
INLINE __m512i ordered(__m512i a, __m512i b) {
    const __m512i order = _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    __m512i       sum = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88),
                                         _mm512_shuffle_i32x4(a, b, 0xdd));
    return _mm512_permutexvar_epi32(order, sum);
}
/* The sums of sixteen blocks of 32, the first `n` weights of which are there. */
INLINE __m512i sixteen(const uint8_t *u, const int8_t *q, int64_t n) {
#define D(i) dot(u + 64 * (i), q + 64 * (i), n - 64 * (i))
    return ordered(quarter(D(0), D(1), D(2), D(3)), quarter(D(4), D(5), D(6), D(7)));
#undef D
}

/* The sums of sixteen blocks, their scales and mins join `acc`; lanes beyond `m` stay. */
INLINE __m512 join(__m512 acc, __m512i isum, __m512 scale, __m512 min, const pr_acts *a, int64_t b,
                   __mmask16 m, bool is_signed) {
    __m512i qsum = _mm512_maskz_loadu_epi32(m, a->isum32 + b);
    if (is_signed) isum = _mm512_sub_epi32(isum, _mm512_slli_epi32(qsum, 7));
    __m512 s = _mm512_mul_ps(scale, _mm512_maskz_loadu_ps(m, a->d + b));
    __m512 out = _mm512_fmadd_ps(_mm512_cvtepi32_ps(isum), s, acc);
    out = _mm512_fnmadd_ps(min, _mm512_maskz_loadu_ps(m, a->sum32 + b), out);
    return _mm512_mask_mov_ps(acc, m, out);
}

/* Weights at … at + n - 1 by way of L1: any kind of groups. */
INLINE __m512 piece(__m512 acc, const pr_group_rows *w, int64_t r, const pr_acts *a, int64_t col,
                    int64_t at, int64_t n, bool is_signed) {
    uint8_t   u[512];
    float     scale[16], min[16];
    __mmask16 m = (__mmask16)((1u << (n / 32)) - 1);
    pr_unpack_group_avx512(u, scale, min, w, r, at, n);
    return join(acc, sixteen(u, a->q + col * a->n + at, n), _mm512_maskz_loadu_ps(m, scale),
                _mm512_maskz_loadu_ps(m, min), a, col * (a->n / 32) + at / 32, m, is_signed);
}

/* ---- 512 weights of 4 or 8 bits without that way, in groups of 32 times a power of two */

typedef struct {
    const uint8_t *codes, *scales, *offsets; /* of the row */
    int            shift;                    /* blocks of 32 in a group: 2^shift */
    __m512i        turn;
} row_state;

INLINE __m512 floats16(const uint8_t *p, pr_type t, int64_t g, __mmask16 m) {
    if (t == PR_F32) return _mm512_maskz_loadu_ps(m, p + 4 * g);
    __m256i h = _mm256_maskz_loadu_epi16(m, p + 2 * g);
    if (t == PR_F16) return _mm512_cvtph_ps(h);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}

INLINE __m512 zeros16(const pr_group_rows *w, const row_state *s, int64_t g, int64_t n) {
    int32_t z[16] = {0};
    for (int64_t i = 0; i < n; i++) z[i] = group_zero(w, s->offsets, g + i);
    return _mm512_cvtepi32_ps(_mm512_loadu_si512(z));
}

/* Scales and mins of the sixteen blocks from block `b`. */
INLINE __m512 lines16(const pr_group_rows *w, const row_state *s, int64_t b, bool is_signed,
                      __m512 *min) {
    const __m512i iota = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512  low = _mm512_set1_ps(is_signed ? 128 : 0);
    int64_t       g = b >> s->shift, n = ((b + 15) >> s->shift) + 1 - g;
    __mmask16     m = (__mmask16)((1u << n) - 1);
    pr_type       t = w->spec->scale;
    __m512        scale = floats16(s->scales, t, g, m), off;
    if (w->spec->rule == PR_GROUP_MLX) {
        off = floats16(s->offsets, t, g, m);
        off = is_signed ? _mm512_fnmsub_ps(low, scale, off)
                        : _mm512_xor_ps(off, _mm512_set1_ps(-0.0f));
    } else if (w->spec->rule == PR_GROUP_ASYM) {
        off = _mm512_mul_ps(scale, _mm512_sub_ps(zeros16(w, s, g, n), low));
    } else {
        off = _mm512_mul_ps(scale, _mm512_set1_ps(is_signed ? 0 : 8));
    }
    __m512i at = _mm512_srl_epi32(_mm512_add_epi32(iota, _mm512_set1_epi32((int)(b & 0xffffff))),
                                  _mm_cvtsi32_si128(s->shift));
    at = _mm512_sub_epi32(at, _mm512_set1_epi32((int)((b & 0xffffff) >> s->shift)));
    *min = _mm512_permutexvar_ps(at, off);
    return _mm512_permutexvar_ps(at, scale);
}

INLINE __m512i direct(const row_state *s, int64_t at, int bits, const int8_t *q) {
    __m512i u;
    if (bits == 8) {
        u = _mm512_loadu_si512(s->codes + at);
    } else { /* sixteen bits with a byte's two nibbles: the low one below */
        u = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(s->codes + at / 2)));
        u = _mm512_and_si512(_mm512_or_si512(u, _mm512_slli_epi16(u, 4)), _mm512_set1_epi8(15));
    }
    u = _mm512_xor_si512(u, s->turn);
    return _mm512_dpbusd_epi32(_mm512_setzero_si512(), u, _mm512_loadu_si512(q));
}

INLINE float row_direct(const pr_group_rows *w, int64_t r, int shift, const pr_acts *a, int64_t col,
                        int bits) {
    const bool    is_signed = bits == 8;
    const int8_t *q = a->q + col * a->n;
    bool          turned = w->spec->rule == PR_GROUP_SYM && w->spec->twos;
    row_state     s = {.codes = w->codes + (uint64_t)r * w->row.codes,
                       .scales = w->scales + (uint64_t)r * w->row.scales,
                       .offsets = w->row.offsets ? w->offsets + (uint64_t)r * w->row.offsets : NULL,
                       .shift = shift,
                       .turn = _mm512_set1_epi8((char)(turned ? 1 << (bits - 1) : 0))};
    __m512        acc = _mm512_setzero_ps(), min;
    float         lane[16];
    int64_t       at = 0;
    for (; at + 512 <= a->n; at += 512) {
        __m512 scale = lines16(w, &s, at / 32, is_signed, &min);
#define D(i) direct(&s, at + 64 * (i), bits, q + at + 64 * (i))
        __m512i isum = ordered(quarter(D(0), D(1), D(2), D(3)), quarter(D(4), D(5), D(6), D(7)));
#undef D
        acc = join(acc, isum, scale, min, a, col * (a->n / 32) + at / 32, 0xffff, is_signed);
    }
    if (at < a->n) acc = piece(acc, w, r, a, col, at, a->n - at, is_signed);
    _mm512_storeu_ps(lane, acc);
    return pr_tree16(lane);
}

static float row_group(const pr_group_rows *w, int64_t r, const pr_acts *a, int64_t col,
                       bool is_signed) {
    __m512  acc = _mm512_setzero_ps();
    float   lane[16];
    int64_t at = 0;
    for (; at < a->n; at += 512)
        acc = piece(acc, w, r, a, col, at, PR_MIN(a->n - at, 512), is_signed);
    _mm512_storeu_ps(lane, acc);
    return pr_tree16(lane);
}

void pr_gemv_group_avx512(float *y, const pr_group_rows *w, int64_t rows, const pr_acts *a,
                          int64_t col) {
    const pr_group_spec *s = w->spec;
    bool    is_signed = pr_group_qtype(s, a->n)->zero != 0;
    int64_t per = w->row.padded / w->row.groups / 32;
    bool    easy = (per & (per - 1)) == 0 && s->rule != PR_GROUP_FP4;
    int     shift = __builtin_ctzll((unsigned long long)per);
    for (int64_t r = 0; r < rows; r++)
        y[r] = easy && s->bits == 4   ? row_direct(w, r, shift, a, col, 4)
               : easy && s->bits == 8 ? row_direct(w, r, shift, a, col, 8)
                                      : row_group(w, r, a, col, is_signed);
}
