/* elem_avx512.c - element by element, norms, positions, attention, logits.
 *
 * Tails are masked: a lane that does not exist is neither read, written nor added to. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

INLINE __mmask16 mask_of(int64_t n) { return n >= 16 ? 0xffff : (__mmask16)((1u << n) - 1); }

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
    const __m512i first = _mm512_setr_epi32(0, 4, 8, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_castps512_ps128(_mm512_permutexvar_ps(first, v));
}

/* Lanes 0…7 in low, 8…15 in high. */
INLINE double tree_pd(__m512d low, __m512d high) {
    __m512d v = _mm512_add_pd(low, high);
    __m256d a = _mm256_add_pd(_mm512_castpd512_pd256(v), _mm512_extractf64x4_pd(v, 1));
    __m128d b = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(_mm_add_sd(b, _mm_unpackhi_pd(b, b)));
}

#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

INLINE __m512 kexp(__m512 x) {
    __m512 k = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(PR_KEXP_LOG2E)), NEAREST);
    __m512 r = _mm512_fnmadd_ps(k, _mm512_set1_ps(PR_KEXP_LN2_HI), x);
    r = _mm512_fnmadd_ps(k, _mm512_set1_ps(PR_KEXP_LN2_LO), r);
    __m512 p = _mm512_fmadd_ps(r, _mm512_set1_ps(PR_KEXP_C7), _mm512_set1_ps(PR_KEXP_C6));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(PR_KEXP_C5));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(PR_KEXP_C4));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(PR_KEXP_C3));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(PR_KEXP_C2));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.0f));
    __m512i e =
        _mm512_slli_epi32(_mm512_add_epi32(_mm512_cvtps_epi32(k), _mm512_set1_epi32(127)), 23);
    p = _mm512_mul_ps(p, _mm512_castsi512_ps(e));
    p = _mm512_mask_mov_ps(p, _mm512_cmp_ps_mask(x, _mm512_set1_ps(PR_KEXP_LO), _CMP_LT_OQ),
                           _mm512_setzero_ps());
    return _mm512_mask_mov_ps(p, _mm512_cmp_ps_mask(x, _mm512_set1_ps(PR_KEXP_HI), _CMP_GT_OQ),
                              _mm512_set1_ps(INFINITY));
}

INLINE __m512d dexp(__m512d x) {
    __m512d k = _mm512_roundscale_pd(_mm512_mul_pd(x, _mm512_set1_pd(PR_DEXP_LOG2E)), NEAREST);
    __m512d r = _mm512_fnmadd_pd(k, _mm512_set1_pd(PR_DEXP_LN2_HI), x);
    r = _mm512_fnmadd_pd(k, _mm512_set1_pd(PR_DEXP_LN2_LO), r);
    __m512d p = _mm512_set1_pd(PR_DEXP_FIRST);
#define X(c) p = _mm512_fmadd_pd(p, r, _mm512_set1_pd(c));
    PR_DEXP_TERMS(X)
#undef X
    __m512i e =
        _mm512_slli_epi64(_mm512_add_epi64(_mm512_cvtpd_epi64(k), _mm512_set1_epi64(1023)), 52);
    p = _mm512_mul_pd(p, _mm512_castsi512_pd(e));
    p = _mm512_mask_mov_pd(p, _mm512_cmp_pd_mask(x, _mm512_set1_pd(PR_DEXP_LO), _CMP_LT_OQ),
                           _mm512_setzero_pd());
    return _mm512_mask_mov_pd(p, _mm512_cmp_pd_mask(x, _mm512_set1_pd(PR_DEXP_HI), _CMP_GT_OQ),
                              _mm512_set1_pd(INFINITY));
}

/* ---- element by element */

void pr_add_avx512(float *y, const float *a, const float *b, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        _mm512_mask_storeu_ps(
            y + i, m,
            _mm512_add_ps(_mm512_maskz_loadu_ps(m, a + i), _mm512_maskz_loadu_ps(m, b + i)));
    }
}

void pr_exp_avx512(float *y, const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        _mm512_mask_storeu_ps(y + i, m, kexp(_mm512_maskz_loadu_ps(m, x + i)));
    }
}

void pr_silu_mul_avx512(float *y, const float *g, const float *u, int64_t n) {
    const __m512 one = _mm512_set1_ps(1.0f), minus = _mm512_set1_ps(-0.0f);
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        __m512    v = _mm512_maskz_loadu_ps(m, g + i);
        __m512    s = _mm512_div_ps(v, _mm512_add_ps(one, kexp(_mm512_xor_ps(v, minus))));
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(s, _mm512_maskz_loadu_ps(m, u + i)));
    }
}

void pr_rms_norm_avx512(float *y, const float *x, const float *w, int64_t n, float eps) {
    __m512 acc = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        __m512    v = _mm512_maskz_loadu_ps(m, x + i);
        acc = _mm512_mask3_fmadd_ps(v, v, acc, m);
    }
    __m512 s = _mm512_set1_ps(1.0f / sqrtf(tree(acc) / (float)n + eps));
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        __m512    v = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), s);
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(v, _mm512_maskz_loadu_ps(m, w + i)));
    }
}

void pr_rope_half_avx512(float *x, int64_t ldx, int64_t n_heads, const float *cos,
                         const float *sin, int64_t half) {
    for (int64_t h = 0; h < n_heads; h++, x += ldx)
        for (int64_t i = 0; i < half; i += 16) {
            __mmask16 m = mask_of(half - i);
            __m512 a = _mm512_maskz_loadu_ps(m, x + i),
                   b = _mm512_maskz_loadu_ps(m, x + half + i);
            __m512    c = _mm512_maskz_loadu_ps(m, cos + i), s = _mm512_maskz_loadu_ps(m, sin + i);
            _mm512_mask_storeu_ps(x + i, m,
                                  _mm512_sub_ps(_mm512_mul_ps(a, c), _mm512_mul_ps(b, s)));
            _mm512_mask_storeu_ps(x + half + i, m,
                                  _mm512_add_ps(_mm512_mul_ps(b, c), _mm512_mul_ps(a, s)));
        }
}

/* ---- attention: elements i…i+15 of a row of the cache */

INLINE __m512 elem_f32(const char *row, int64_t i, __mmask16 m) {
    return _mm512_maskz_loadu_ps(m, row + 4 * i);
}
INLINE __m512 elem_f16(const char *row, int64_t i, __mmask16 m) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, row + 2 * i));
}
INLINE __m512 elem_q8_0(const char *row, int64_t i, __mmask16 m) {
    const char *b = row + i / 32 * 34;
    uint16_t    d;
    memcpy(&d, b, 2);
    __m512i q = _mm512_cvtepi8_epi32(_mm_maskz_loadu_epi8(m, b + 2 + i % 32));
    return _mm512_mul_ps(_mm512_cvtepi32_ps(q), _mm512_set1_ps(_cvtsh_ss(d)));
}

/* The 16 lanes of one key and one head. */
#define KEY(type)                                                                              \
    INLINE __m512 key_##type(const float *q, const char *k, int64_t d) {                       \
        __m512 a = _mm512_setzero_ps();                                                        \
        int64_t i = 0;                                                                         \
        for (; i + 16 <= d; i += 16)                                                           \
            a = _mm512_fmadd_ps(_mm512_loadu_ps(q + i), elem_##type(k, i, 0xffff), a);         \
        if (i < d) {                                                                           \
            __mmask16 m = mask_of(d - i);                                                      \
            a = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(m, q + i), elem_##type(k, i, m),   \
                                      a, m);                                                   \
        }                                                                                      \
        return a;                                                                              \
    }
KEY(q8_0)

/* Scores: four keys of one head, or one key widened once for four heads. Of F32 and F16 keys the
 * AVX2 kernels are faster on Zen 4: half trees cost less. */
#define SCORES1(type)                                                                          \
    static void scores1_##type(float *s, const float *q, const char *k, size_t stride,         \
                               int64_t n_keys, int64_t d, float scale) {                       \
        int64_t j = 0;                                                                         \
        for (; j + 4 <= n_keys; j += 4, k += 4 * stride) {                                     \
            __m128 v =                                                                         \
                tree4(key_##type(q, k, d), key_##type(q, k + stride, d),                       \
                      key_##type(q, k + 2 * stride, d), key_##type(q, k + 3 * stride, d));     \
            _mm_storeu_ps(s + j, _mm_mul_ps(v, _mm_set1_ps(scale)));                           \
        }                                                                                      \
        for (; j < n_keys; j++, k += stride) s[j] = tree(key_##type(q, k, d)) * scale;         \
    }
#define SCORES(type)                                                                           \
    SCORES1(type)                                                                              \
    static void scores4_##type(float *s, int64_t lds, const float *q, int64_t ldq,             \
                               const char *k, size_t stride, int64_t n_keys, int64_t d,        \
                               float scale) {                                                  \
        const float *q1 = q + ldq, *q2 = q1 + ldq, *q3 = q2 + ldq;                             \
        for (int64_t j = 0; j < n_keys; j++, k += stride) {                                    \
            __m512 a = _mm512_setzero_ps(), b = a, c = a, e = a;                               \
            int64_t i = 0;                                                                     \
            for (; i + 16 <= d; i += 16) {                                                     \
                __m512 v = elem_##type(k, i, 0xffff);                                          \
                a = _mm512_fmadd_ps(_mm512_loadu_ps(q + i), v, a),                             \
                b = _mm512_fmadd_ps(_mm512_loadu_ps(q1 + i), v, b);                            \
                c = _mm512_fmadd_ps(_mm512_loadu_ps(q2 + i), v, c),                            \
                e = _mm512_fmadd_ps(_mm512_loadu_ps(q3 + i), v, e);                            \
            }                                                                                  \
            if (i < d) {                                                                       \
                __mmask16 m = mask_of(d - i);                                                  \
                __m512 v = elem_##type(k, i, m);                                               \
                a = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(m, q + i), v, a, m);           \
                b = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(m, q1 + i), v, b, m);          \
                c = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(m, q2 + i), v, c, m);          \
                e = _mm512_mask3_fmadd_ps(_mm512_maskz_loadu_ps(m, q3 + i), v, e, m);          \
            }                                                                                  \
            __m128 v = _mm_mul_ps(tree4(a, b, c, e), _mm_set1_ps(scale));                      \
            s[j] = _mm_cvtss_f32(v), _mm_store_ss(s + lds + j, _mm_movehdup_ps(v));            \
            _mm_store_ss(s + 2 * lds + j, _mm_movehl_ps(v, v));                                \
            _mm_store_ss(s + 3 * lds + j, _mm_permute_ps(v, 3));                               \
        }                                                                                      \
    }                                                                                          \
    void pr_attn_scores_##type##_avx512(float *s, int64_t lds, const float *q, int64_t ldq,    \
                                        int64_t n_q, const void *k, size_t stride,             \
                                        int64_t n_keys, int64_t d, float scale) {              \
        int64_t h = 0;                                                                         \
        for (; h + 4 <= n_q; h += 4)                                                           \
            scores4_##type(s + h * lds, lds, q + h * ldq, ldq, k, stride, n_keys, d, scale);   \
        for (; h < n_q; h++)                                                                   \
            scores1_##type(s + h * lds, q + h * ldq, k, stride, n_keys, d, scale);             \
    }
SCORES(q8_0)

/* Mix: 64 (then 16) elements of one head stay in registers over all keys. */
#define MIX(type)                                                                              \
    static void mix1_##type(float *o, const float *p, const char *v, size_t stride,            \
                            int64_t n_keys, int64_t d) {                                       \
        int64_t i = 0;                                                                         \
        for (; i + 64 <= d; i += 64) {                                                         \
            __m512 a = _mm512_setzero_ps(), b = a, c = a, e = a;                               \
            const char *row = v;                                                               \
            for (int64_t j = 0; j < n_keys; j++, row += stride) {                              \
                __m512 w = _mm512_set1_ps(p[j]);                                               \
                a = _mm512_fmadd_ps(w, elem_##type(row, i, 0xffff), a);                        \
                b = _mm512_fmadd_ps(w, elem_##type(row, i + 16, 0xffff), b);                   \
                c = _mm512_fmadd_ps(w, elem_##type(row, i + 32, 0xffff), c);                   \
                e = _mm512_fmadd_ps(w, elem_##type(row, i + 48, 0xffff), e);                   \
            }                                                                                  \
            _mm512_storeu_ps(o + i, a), _mm512_storeu_ps(o + i + 16, b);                       \
            _mm512_storeu_ps(o + i + 32, c), _mm512_storeu_ps(o + i + 48, e);                  \
        }                                                                                      \
        for (; i < d; i += 16) {                                                               \
            __mmask16 m = mask_of(d - i);                                                      \
            __m512 a = _mm512_setzero_ps();                                                    \
            const char *row = v;                                                               \
            for (int64_t j = 0; j < n_keys; j++, row += stride)                                \
                a = _mm512_fmadd_ps(_mm512_set1_ps(p[j]), elem_##type(row, i, m), a);          \
            _mm512_mask_storeu_ps(o + i, m, a);                                                \
        }                                                                                      \
    }                                                                                          \
    static void mix4_##type(float *o, int64_t ldo, const float *p, int64_t ldp, const char *v, \
                            size_t stride, int64_t n_keys, int64_t d) {                        \
        for (int64_t i = 0; i < d; i += 32) {                                                  \
            __mmask16 m = mask_of(d - i), l = d - i > 16 ? mask_of(d - i - 16) : 0;            \
            __m512 a = _mm512_setzero_ps(), b = a, c = a, e = a, a1 = a, b1 = a, c1 = a,       \
                   e1 = a;                                                                     \
            const char *row = v;                                                               \
            for (int64_t j = 0; j < n_keys; j++, row += stride) {                              \
                __m512 x = elem_##type(row, i, m), z = elem_##type(row, l ? i + 16 : i, l);    \
                __m512 w = _mm512_set1_ps(p[j]), w1 = _mm512_set1_ps(p[ldp + j]);              \
                __m512 w2 = _mm512_set1_ps(p[2 * ldp + j]),                                    \
                       w3 = _mm512_set1_ps(p[3 * ldp + j]);                                    \
                a = _mm512_fmadd_ps(w, x, a), a1 = _mm512_fmadd_ps(w, z, a1);                  \
                b = _mm512_fmadd_ps(w1, x, b), b1 = _mm512_fmadd_ps(w1, z, b1);                \
                c = _mm512_fmadd_ps(w2, x, c), c1 = _mm512_fmadd_ps(w2, z, c1);                \
                e = _mm512_fmadd_ps(w3, x, e), e1 = _mm512_fmadd_ps(w3, z, e1);                \
            }                                                                                  \
            _mm512_mask_storeu_ps(o + i, m, a), _mm512_mask_storeu_ps(o + i + 16, l, a1);      \
            _mm512_mask_storeu_ps(o + ldo + i, m, b),                                          \
                _mm512_mask_storeu_ps(o + ldo + i + 16, l, b1);                                \
            _mm512_mask_storeu_ps(o + 2 * ldo + i, m, c),                                      \
                _mm512_mask_storeu_ps(o + 2 * ldo + i + 16, l, c1);                            \
            _mm512_mask_storeu_ps(o + 3 * ldo + i, m, e),                                      \
                _mm512_mask_storeu_ps(o + 3 * ldo + i + 16, l, e1);                            \
        }                                                                                      \
    }                                                                                          \
    static void mix2_##type(float *o, int64_t ldo, const float *p, int64_t ldp, const char *v, \
                            size_t stride, int64_t n_keys, int64_t d) {                        \
        for (int64_t i = 0; i < d; i += 32) {                                                  \
            __mmask16 m = mask_of(d - i), l = d - i > 16 ? mask_of(d - i - 16) : 0;            \
            __m512 a = _mm512_setzero_ps(), b = a, a1 = a, b1 = a;                             \
            const char *row = v;                                                               \
            for (int64_t j = 0; j < n_keys; j++, row += stride) {                              \
                __m512 x = elem_##type(row, i, m), z = elem_##type(row, l ? i + 16 : i, l);    \
                __m512 w = _mm512_set1_ps(p[j]), w1 = _mm512_set1_ps(p[ldp + j]);              \
                a = _mm512_fmadd_ps(w, x, a), a1 = _mm512_fmadd_ps(w, z, a1);                  \
                b = _mm512_fmadd_ps(w1, x, b), b1 = _mm512_fmadd_ps(w1, z, b1);                \
            }                                                                                  \
            _mm512_mask_storeu_ps(o + i, m, a), _mm512_mask_storeu_ps(o + i + 16, l, a1);      \
            _mm512_mask_storeu_ps(o + ldo + i, m, b),                                          \
                _mm512_mask_storeu_ps(o + ldo + i + 16, l, b1);                                \
        }                                                                                      \
    }                                                                                          \
    void pr_attn_mix_##type##_avx512(float *o, int64_t ldo, const float *p, int64_t ldp,       \
                                     int64_t n_q, const void *v, size_t stride,                \
                                     int64_t n_keys, int64_t d) {                              \
        int64_t h = 0;                                                                         \
        for (; h + 4 <= n_q; h += 4)                                                           \
            mix4_##type(o + h * ldo, ldo, p + h * ldp, ldp, v, stride, n_keys, d);             \
        for (; h + 2 <= n_q; h += 2)                                                           \
            mix2_##type(o + h * ldo, ldo, p + h * ldp, ldp, v, stride, n_keys, d);             \
        for (; h < n_q; h++) mix1_##type(o + h * ldo, p + h * ldp, v, stride, n_keys, d);      \
    }
MIX(f32)
MIX(f16)
MIX(q8_0)

void pr_softmax_avx512(float *s, int64_t n) {
    __m512 top = _mm512_set1_ps(-INFINITY), acc = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += 16)
        top = _mm512_max_ps(_mm512_mask_loadu_ps(top, mask_of(n - i), s + i), top);
    __m512 max = _mm512_set1_ps(_mm512_reduce_max_ps(top));
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        __m512    e = kexp(_mm512_sub_ps(_mm512_maskz_loadu_ps(m, s + i), max));
        acc = _mm512_mask_add_ps(acc, m, acc, e);
        _mm512_mask_storeu_ps(s + i, m, e);
    }
    __m512 inv = _mm512_set1_ps(1.0f / tree(acc));
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        _mm512_mask_storeu_ps(s + i, m, _mm512_mul_ps(_mm512_maskz_loadu_ps(m, s + i), inv));
    }
}

void pr_store_f16_avx512(void *dst, const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        __m256i   h = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(m, x + i), NEAREST);
        _mm256_mask_storeu_epi16((char *)dst + 2 * i, m, h);
    }
}

/* ---- logits */

float pr_row_max_avx512(const float *x, int64_t n, int64_t *arg) {
    const __m512 low = _mm512_set1_ps(-INFINITY);
    __m512       a = low, b = low, c = low, d = low;
    int64_t      i = 0;
    for (; i + 64 <= n; i += 64) {
        a = _mm512_max_ps(_mm512_loadu_ps(x + i), a),
        b = _mm512_max_ps(_mm512_loadu_ps(x + i + 16), b);
        c = _mm512_max_ps(_mm512_loadu_ps(x + i + 32), c),
        d = _mm512_max_ps(_mm512_loadu_ps(x + i + 48), d);
    }
    for (; i < n; i += 16) a = _mm512_max_ps(_mm512_mask_loadu_ps(low, mask_of(n - i), x + i), a);
    float max = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_max_ps(a, b), _mm512_max_ps(c, d)));
    *arg = 0;
    if (max == -INFINITY) return max;
    for (i = 0; i < n; i += 16) {
        __mmask16 m = mask_of(n - i);
        m = _mm512_mask_cmp_ps_mask(m, _mm512_maskz_loadu_ps(m, x + i), _mm512_set1_ps(max),
                                    _CMP_EQ_OQ);
        if (m) return *arg = i + __builtin_ctz(m), x[*arg];
    }
    return max;
}

INLINE __m512d widen(const float *x, __mmask8 m) {
    return _mm512_cvtps_pd(_mm256_maskz_loadu_ps(m, x));
}
INLINE __mmask8 mask_low(int64_t n) { return (__mmask8)mask_of(n); }
INLINE __mmask8 mask_high(int64_t n) { return (__mmask8)(mask_of(n) >> 8); }

double pr_row_sum_exp_avx512(const float *x, int64_t n, double shift) {
    const __m512d s = _mm512_set1_pd(shift);
    __m512d       low = _mm512_setzero_pd(), high = low;
    for (int64_t i = 0; i < n; i += 16) {
        __mmask8 a = mask_low(n - i), b = mask_high(n - i);
        low = _mm512_mask_add_pd(low, a, low, dexp(_mm512_sub_pd(widen(x + i, a), s)));
        high = _mm512_mask_add_pd(high, b, high, dexp(_mm512_sub_pd(widen(x + i + 8, b), s)));
    }
    return tree_pd(low, high);
}

double pr_row_kld_avx512(const float *p, const float *q, int64_t n, double lse_p, double lse_q) {
    const __m512d lp = _mm512_set1_pd(lse_p), lq = _mm512_set1_pd(lse_q);
    __m512d       low = _mm512_setzero_pd(), high = low;
    for (int64_t i = 0; i < n; i += 16) {
        __mmask8 m = mask_low(n - i), l = mask_high(n - i);
        __m512d  a = _mm512_sub_pd(widen(p + i, m), lp), b = _mm512_sub_pd(widen(q + i, m), lq);
        low = _mm512_mask3_fmadd_pd(dexp(a), _mm512_sub_pd(a, b), low, m);
        a = _mm512_sub_pd(widen(p + i + 8, l), lp), b = _mm512_sub_pd(widen(q + i + 8, l), lq);
        high = _mm512_mask3_fmadd_pd(dexp(a), _mm512_sub_pd(a, b), high, l);
    }
    return tree_pd(low, high);
}

int64_t pr_row_nonfinite_avx512(const float *x, int64_t n) {
    int64_t bad = 0;
    for (int64_t i = 0; i < n; i += 16) {
        __m512i v =
            _mm512_castps_si512(_mm512_abs_ps(_mm512_maskz_loadu_ps(mask_of(n - i), x + i)));
        bad += __builtin_popcount(_mm512_cmpge_epi32_mask(v, _mm512_set1_epi32(PR_ABS_INF)));
    }
    return bad;
}
