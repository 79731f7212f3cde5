/* elem_avx2.c - element by element, norms, positions, attention, logits.
 *
 * Lanes 0…7 of the definition are one vector, 8…15 another. Tails are masked: a lane that
 * does not exist is neither read, written nor added to. */
#include "../kernel_impl.h"
#include "x86_impl.h"
#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))
#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

INLINE __m256i mask_of(int64_t n) { /* the first n lanes; none for n ≤ 0 */
    int k = (int)PR_MAX(PR_MIN(n, 8), 0);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(k), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE __m256 some(const float *p, __m256i m) { return _mm256_maskload_ps(p, m); }
INLINE __m256 pick(__m256 no, __m256 yes, __m256i m) {
    return _mm256_blendv_ps(no, yes, _mm256_castsi256_ps(m));
}

INLINE float tree(__m256 low, __m256 high) {
    __m256 a = _mm256_add_ps(low, high);
    __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    b = _mm_add_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_add_ss(b, _mm_movehdup_ps(b)));
}
INLINE float max_of(__m256 v) {
    __m128 b = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    b = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(b, _mm_movehdup_ps(b)));
}

INLINE __m256 kexp(__m256 x) {
    __m256 k = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(PR_KEXP_LOG2E)), NEAREST);
    __m256 r = _mm256_fnmadd_ps(k, _mm256_set1_ps(PR_KEXP_LN2_HI), x);
    r = _mm256_fnmadd_ps(k, _mm256_set1_ps(PR_KEXP_LN2_LO), r);
    __m256 p = _mm256_fmadd_ps(r, _mm256_set1_ps(PR_KEXP_C7), _mm256_set1_ps(PR_KEXP_C6));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PR_KEXP_C5));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PR_KEXP_C4));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PR_KEXP_C3));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(PR_KEXP_C2));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.0f));
    __m256i e =
        _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127)), 23);
    p = _mm256_mul_ps(p, _mm256_castsi256_ps(e));
    p = _mm256_andnot_ps(_mm256_cmp_ps(x, _mm256_set1_ps(PR_KEXP_LO), _CMP_LT_OQ), p);
    return _mm256_blendv_ps(p, _mm256_set1_ps(INFINITY),
                            _mm256_cmp_ps(x, _mm256_set1_ps(PR_KEXP_HI), _CMP_GT_OQ));
}

INLINE __m256d dexp(__m256d x) {
    const __m256d magic = _mm256_set1_pd(0x1.8p52 + 1023); /* its low bits count k + 1023 */
    __m256d k = _mm256_round_pd(_mm256_mul_pd(x, _mm256_set1_pd(PR_DEXP_LOG2E)), NEAREST);
    __m256d r = _mm256_fnmadd_pd(k, _mm256_set1_pd(PR_DEXP_LN2_HI), x);
    r = _mm256_fnmadd_pd(k, _mm256_set1_pd(PR_DEXP_LN2_LO), r);
    __m256d p = _mm256_set1_pd(PR_DEXP_FIRST);
#define X(c) p = _mm256_fmadd_pd(p, r, _mm256_set1_pd(c));
    PR_DEXP_TERMS(X)
#undef X
    __m256i e = _mm256_slli_epi64(_mm256_castpd_si256(_mm256_add_pd(k, magic)), 52);
    p = _mm256_mul_pd(p, _mm256_castsi256_pd(e));
    p = _mm256_andnot_pd(_mm256_cmp_pd(x, _mm256_set1_pd(PR_DEXP_LO), _CMP_LT_OQ), p);
    return _mm256_blendv_pd(p, _mm256_set1_pd(INFINITY),
                            _mm256_cmp_pd(x, _mm256_set1_pd(PR_DEXP_HI), _CMP_GT_OQ));
}

/* ---- element by element: whole vectors, then one masked */

#define EACH(n, BODY)                                                                          \
    int64_t i = 0;                                                                             \
    for (; i + 8 <= n; i += 8) BODY(_mm256_loadu_ps, _mm256_storeu_ps)                         \
    if (i < n) {                                                                               \
        const __m256i m = mask_of(n - i);                                                      \
        BODY(MASKED_LOAD, MASKED_STORE)                                                        \
    }
#define MASKED_LOAD(p) _mm256_maskload_ps(p, m)
#define MASKED_STORE(p, v) _mm256_maskstore_ps(p, m, v)

void pr_add_avx2(float *y, const float *a, const float *b, int64_t n) {
#define BODY(LOAD, STORE) { STORE(y + i, _mm256_add_ps(LOAD(a + i), LOAD(b + i))); }
    EACH(n, BODY)
#undef BODY
}

void pr_exp_avx2(float *y, const float *x, int64_t n) {
#define BODY(LOAD, STORE) { STORE(y + i, kexp(LOAD(x + i))); }
    EACH(n, BODY)
#undef BODY
}

void pr_silu_mul_avx2(float *y, const float *g, const float *u, int64_t n) {
    const __m256 one = _mm256_set1_ps(1.0f), minus = _mm256_set1_ps(-0.0f);
#define BODY(LOAD, STORE)                                                                      \
    {                                                                                          \
        __m256 v = LOAD(g + i),                                                                \
               s = _mm256_div_ps(v, _mm256_add_ps(one, kexp(_mm256_xor_ps(v, minus))));        \
        STORE(y + i, _mm256_mul_ps(s, LOAD(u + i)));                                           \
    }
    EACH(n, BODY)
#undef BODY
}

void pr_rms_norm_avx2(float *y, const float *x, const float *w, int64_t n, float eps) {
    __m256  low = _mm256_setzero_ps(), high = low, v;
    int64_t k = 0;
    for (; k + 16 <= n; k += 16) {
        v = _mm256_loadu_ps(x + k), low = _mm256_fmadd_ps(v, v, low);
        v = _mm256_loadu_ps(x + k + 8), high = _mm256_fmadd_ps(v, v, high);
    }
    if (k < n) {
        __m256i m = mask_of(n - k), l = mask_of(n - k - 8);
        v = some(x + k, m), low = pick(low, _mm256_fmadd_ps(v, v, low), m);
        v = some(x + k + 8, l), high = pick(high, _mm256_fmadd_ps(v, v, high), l);
    }
    __m256 s = _mm256_set1_ps(1.0f / sqrtf(tree(low, high) / (float)n + eps));
#define BODY(LOAD, STORE)                                                                      \
    { STORE(y + i, _mm256_mul_ps(_mm256_mul_ps(LOAD(x + i), s), LOAD(w + i))); }
    EACH(n, BODY)
#undef BODY
}

void pr_rope_half_avx2(float *x, int64_t ldx, int64_t n_heads, const float *cos,
                       const float *sin, int64_t half) {
    for (int64_t h = 0; h < n_heads; h++, x += ldx) {
#define BODY(LOAD, STORE)                                                                      \
    {                                                                                          \
        __m256 a = LOAD(x + i), b = LOAD(x + half + i), c = LOAD(cos + i), s = LOAD(sin + i);  \
        STORE(x + i, _mm256_sub_ps(_mm256_mul_ps(a, c), _mm256_mul_ps(b, s)));                 \
        STORE(x + half + i, _mm256_add_ps(_mm256_mul_ps(b, c), _mm256_mul_ps(a, s)));          \
    }
        EACH(half, BODY)
#undef BODY
    }
}

void pr_rope_pair_avx2(float *x, int64_t ldx, int64_t n_heads, const float *cos,
                       const float *sin, int64_t half) {
    const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
#define TURN(v, c, s)                                                                          \
    _mm256_addsub_ps(_mm256_mul_ps(v, c), _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), s))
    for (int64_t h = 0; h < n_heads; h++, x += ldx) {
        int64_t i = 0;
        for (; i + 4 <= half; i += 4) {
            __m256 v = _mm256_loadu_ps(x + 2 * i);
            __m256 c =
                _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(cos + i)), twice);
            __m256 s =
                _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(sin + i)), twice);
            _mm256_storeu_ps(x + 2 * i, TURN(v, c, s));
        }
        if (i < half) {
            __m256i m = mask_of(2 * (half - i)), m4 = mask_of(PR_MIN(half - i, 4));
            __m256  v = some(x + 2 * i, m);
            __m256  c = _mm256_permutevar8x32_ps(some(cos + i, m4), twice);
            __m256  s = _mm256_permutevar8x32_ps(some(sin + i, m4), twice);
            _mm256_maskstore_ps(x + 2 * i, m, TURN(v, c, s));
        }
    }
#undef TURN
}

/* ---- attention: elements i…i+7 of a row of the cache, and the first n of them */

INLINE __m256 elem_f32(const char *row, int64_t i) {
    return _mm256_loadu_ps((const float *)(const void *)(row + 4 * i));
}
INLINE __m256 elem_f16(const char *row, int64_t i) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const void *)(row + 2 * i)));
}
INLINE __m256 elem_q8_0(const char *row, int64_t i) {
    const char *b = row + i / 32 * 34;
    uint16_t    d;
    memcpy(&d, b, 2);
    __m256i q = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)(b + 2 + i % 32)));
    return _mm256_mul_ps(_mm256_cvtepi32_ps(q), _mm256_set1_ps(_cvtsh_ss(d)));
}
#define PART(type, size)                                                                       \
    static __m256 part_##type(const char *row, int64_t i, int64_t n) {                         \
        char room[32] = {0};                                                                   \
        memcpy(room, row + i * size, (size_t)n * size);                                        \
        return elem_##type(room, 0);                                                           \
    }
PART(f32, 4)
PART(f16, 2)
/* Q8_0 rows are whole blocks: there is no part. */
static __m256 part_q8_0(const char *row, int64_t i, int64_t n) { return elem_q8_0(row, i); }

/* The last d % 16 elements of a dot: into low, then high. */
#define REST(type)                                                                             \
    static float rest_##type(__m256 low, __m256 high, const float *q, const char *k,           \
                             int64_t i, int64_t d) {                                           \
        int64_t a = PR_MIN(d - i, 8), b = d - i - a;                                           \
        __m256i m = mask_of(a), l = mask_of(b);                                                \
        low = pick(low, _mm256_fmadd_ps(some(q + i, m), part_##type(k, i, a), low), m);        \
        if (b)                                                                                 \
            high = pick(                                                                       \
                high, _mm256_fmadd_ps(some(q + i + 8, l), part_##type(k, i + 8, b), high), l); \
        return tree(low, high);                                                                \
    }                                                                                          \
    INLINE float end_##type(__m256 low, __m256 high, const float *q, const char *k, int64_t i, \
                            int64_t d) {                                                       \
        return i < d ? rest_##type(low, high, q, k, i, d) : tree(low, high);                   \
    }
REST(f32)
REST(f16)
REST(q8_0)

/* The trees of eight sums of which the first step (l + 8) is done. A blend and one shuffle a step
 * bring together what is added: half the shuffles of a tree by itself. */
INLINE __m256 trees8(__m256 a, __m256 b, __m256 c, __m256 d, __m256 e, __m256 f, __m256 g,
                     __m256 h) {
#define FOUR(x, y) /* lanes 0…3: of x; 4…7: of y */                                            \
    _mm256_add_ps(_mm256_blend_ps(x, y, 0xf0), _mm256_permute2f128_ps(x, y, 0x21))
#define TWO(x, y) _mm256_add_ps(_mm256_blend_ps(x, y, 0xcc), _mm256_shuffle_ps(x, y, 0x4e))
    __m256 x = TWO(FOUR(a, e), FOUR(b, f)), y = TWO(FOUR(c, g), FOUR(d, h));
#undef FOUR
#undef TWO
    return _mm256_add_ps(_mm256_shuffle_ps(x, y, 0x88), _mm256_shuffle_ps(x, y, 0xdd));
}

#define DOT(type, name, h, row)                                                                \
    __m256 name;                                                                               \
    {                                                                                          \
        __m256 low = _mm256_setzero_ps(), high = low;                                          \
        const char *p = row;                                                                   \
        for (int64_t at = 0; at < d; at += 16) {                                                  \
            low = _mm256_fmadd_ps(_mm256_loadu_ps((h) + at), elem_##type(p, at), low);           \
            high = _mm256_fmadd_ps(_mm256_loadu_ps((h) + at + 8), elem_##type(p, at + 8), high); \
        }                                                                                      \
        name = _mm256_add_ps(low, high);                                                       \
    }
#define DOTS2(type, x, y, row)                                                                 \
    __m256 x, y;                                                                               \
    {                                                                                          \
        __m256 low = _mm256_setzero_ps(), high = low, low1 = low, high1 = low;                 \
        const char *p = row;                                                                   \
        for (int64_t at = 0; at < d; at += 16) {                                                  \
            __m256 v = elem_##type(p, at), w = elem_##type(p, at + 8);                           \
            low = _mm256_fmadd_ps(_mm256_loadu_ps(q + at), v, low);                             \
            high = _mm256_fmadd_ps(_mm256_loadu_ps(q + at + 8), w, high);                       \
            low1 = _mm256_fmadd_ps(_mm256_loadu_ps(q1 + at), v, low1);                          \
            high1 = _mm256_fmadd_ps(_mm256_loadu_ps(q1 + at + 8), w, high1);                    \
        }                                                                                      \
        x = _mm256_add_ps(low, high), y = _mm256_add_ps(low1, high1);                          \
    }

/* Into t[0…3]: four heads, one key. */
#define DOTS4(type, t, row)                                                                    \
    {                                                                                          \
        __m256 a = _mm256_setzero_ps(), a1 = a, b = a, b1 = a, c = a, c1 = a, e = a, e1 = a;   \
        const char *p = row;                                                                   \
        for (int64_t at = 0; at < d; at += 16) {                                               \
            __m256 v = elem_##type(p, at), w = elem_##type(p, at + 8);                         \
            a = _mm256_fmadd_ps(_mm256_loadu_ps(q + at), v, a),                                \
            a1 = _mm256_fmadd_ps(_mm256_loadu_ps(q + at + 8), w, a1);                          \
            b = _mm256_fmadd_ps(_mm256_loadu_ps(q1 + at), v, b),                               \
            b1 = _mm256_fmadd_ps(_mm256_loadu_ps(q1 + at + 8), w, b1);                         \
            c = _mm256_fmadd_ps(_mm256_loadu_ps(q2 + at), v, c),                               \
            c1 = _mm256_fmadd_ps(_mm256_loadu_ps(q2 + at + 8), w, c1);                         \
            e = _mm256_fmadd_ps(_mm256_loadu_ps(q3 + at), v, e),                               \
            e1 = _mm256_fmadd_ps(_mm256_loadu_ps(q3 + at + 8), w, e1);                         \
        }                                                                                      \
        t[0] = _mm256_add_ps(a, a1), t[1] = _mm256_add_ps(b, b1);                              \
        t[2] = _mm256_add_ps(c, c1), t[3] = _mm256_add_ps(e, e1);                              \
    }

/* Scores: eight keys of one head, or keys widened once: four for two heads, two for four. */
#define SCORES(type)                                                                           \
    INLINE void eights_##type(float *s, const float *q, const char *k, size_t stride,          \
                              int64_t n_keys, int64_t d, float scale) {                        \
        for (int64_t j = 0; j < n_keys; j += 8, k += 8 * stride) {                             \
            DOT(type, a, q, k) DOT(type, b, q, k + stride) DOT(type, c, q, k + 2 * stride)     \
            DOT(type, e, q, k + 3 * stride) DOT(type, f, q, k + 4 * stride)                    \
            DOT(type, g, q, k + 5 * stride) DOT(type, h, q, k + 6 * stride)                    \
            DOT(type, i, q, k + 7 * stride)                                                    \
            __m256 v = trees8(a, b, c, e, f, g, h, i);                                         \
            _mm256_storeu_ps(s + j, _mm256_mul_ps(v, _mm256_set1_ps(scale)));                  \
        }                                                                                      \
    }                                                                                          \
    INLINE void fours_##type(float *s, float *s1, const float *q, const float *q1,             \
                             const char *k, size_t stride, int64_t n_keys, int64_t d,          \
                             float scale) {                                                    \
        for (int64_t j = 0; j < n_keys; j += 4, k += 4 * stride) {                             \
            DOTS2(type, a, b, k) DOTS2(type, c, e, k + stride)                                 \
            DOTS2(type, f, g, k + 2 * stride) DOTS2(type, h, i, k + 3 * stride)                \
            __m256 v = _mm256_mul_ps(trees8(a, c, f, h, b, e, g, i), _mm256_set1_ps(scale));   \
            _mm_storeu_ps(s + j, _mm256_castps256_ps128(v));                                   \
            _mm_storeu_ps(s1 + j, _mm256_extractf128_ps(v, 1));                                \
        }                                                                                      \
    }                                                                                          \
    INLINE void twos_##type(float *s, int64_t lds, const float *q, int64_t ldq, const char *k, \
                            size_t stride, int64_t n_keys, int64_t d, float scale) {           \
        const float *q1 = q + ldq, *q2 = q1 + ldq, *q3 = q2 + ldq;                             \
        for (int64_t j = 0; j < n_keys; j += 2, k += 2 * stride) {                             \
            __m256 x[4], y[4];                                                                 \
            DOTS4(type, x, k)                                                                  \
            DOTS4(type, y, k + stride)                                                         \
            __m256 v = _mm256_mul_ps(trees8(x[0], y[0], x[1], y[1], x[2], y[2], x[3], y[3]),   \
                                     _mm256_set1_ps(scale));                                   \
            __m128 low = _mm256_castps256_ps128(v), high = _mm256_extractf128_ps(v, 1);        \
            _mm_storel_pi((__m64 *)(void *)(s + j), low);                                      \
            _mm_storeh_pi((__m64 *)(void *)(s + lds + j), low);                                \
            _mm_storel_pi((__m64 *)(void *)(s + 2 * lds + j), high);                           \
            _mm_storeh_pi((__m64 *)(void *)(s + 3 * lds + j), high);                           \
        }                                                                                      \
    }                                                                                          \
    static void scores1_##type(float *s, const float *q, const char *k, size_t stride,         \
                               int64_t n_keys, int64_t d, float scale) {                       \
        int64_t j = d % 16 ? 0 : n_keys / 8 * 8;                                               \
        if (d == 32) eights_##type(s, q, k, stride, j, 32, scale);                             \
        else eights_##type(s, q, k, stride, j, d, scale);                                      \
        for (k += (size_t)j * stride; j < n_keys; j++, k += stride) {                          \
            __m256 a = _mm256_setzero_ps(), b = a;                                             \
            int64_t i = 0;                                                                     \
            for (; i + 16 <= d; i += 16) {                                                     \
                a = _mm256_fmadd_ps(_mm256_loadu_ps(q + i), elem_##type(k, i), a);             \
                b = _mm256_fmadd_ps(_mm256_loadu_ps(q + i + 8), elem_##type(k, i + 8), b);     \
            }                                                                                  \
            s[j] = end_##type(a, b, q, k, i, d) * scale;                                       \
        }                                                                                      \
    }                                                                                          \
    static void scores2_##type(float *s, int64_t lds, const float *q, int64_t ldq,             \
                               const char *k, size_t stride, int64_t n_keys, int64_t d,        \
                               float scale) {                                                  \
        int64_t j = d % 16 ? 0 : n_keys / 4 * 4;                                               \
        if (d == 32) fours_##type(s, s + lds, q, q + ldq, k, stride, j, 32, scale);            \
        else fours_##type(s, s + lds, q, q + ldq, k, stride, j, d, scale);                     \
        k += (size_t)j * stride;                                                               \
        scores1_##type(s + j, q, k, stride, n_keys - j, d, scale);                             \
        scores1_##type(s + lds + j, q + ldq, k, stride, n_keys - j, d, scale);                 \
    }                                                                                          \
    static void scores4_##type(float *s, int64_t lds, const float *q, int64_t ldq,             \
                               const char *k, size_t stride, int64_t n_keys, int64_t d,        \
                               float scale) {                                                  \
        int64_t j = d % 16 ? 0 : n_keys / 2 * 2;                                               \
        twos_##type(s, lds, q, ldq, k, stride, j, d, scale);                                   \
        k += (size_t)j * stride;                                                               \
        for (int h = 0; h < 4; h++)                                                            \
            scores1_##type(s + h * lds + j, q + h * ldq, k, stride, n_keys - j, d, scale);     \
    }                                                                                          \
    void pr_attn_scores_##type##_avx2(float *s, int64_t lds, const float *q, int64_t ldq,      \
                                      int64_t n_q, const void *k, size_t stride,               \
                                      int64_t n_keys, int64_t d, float scale) {                \
        int64_t h = 0;                                                                         \
        for (; h + 4 <= n_q; h += 4)                                                           \
            scores4_##type(s + h * lds, lds, q + h * ldq, ldq, k, stride, n_keys, d, scale);   \
        for (; h + 2 <= n_q; h += 2)                                                           \
            scores2_##type(s + h * lds, lds, q + h * ldq, ldq, k, stride, n_keys, d, scale);   \
        for (; h < n_q; h++)                                                                   \
            scores1_##type(s + h * lds, q + h * ldq, k, stride, n_keys, d, scale);             \
    }
SCORES(f32)
SCORES(f16)
SCORES(q8_0)

/* Mix: 32 elements of one head, or 16 of four heads, stay in registers over all keys. */
#define MIX(type)                                                                              \
    static void mix_rest_##type(float *o, const float *p, const char *v, size_t stride,        \
                                int64_t n_keys, int64_t i, int64_t d) {                        \
        for (; i < d; i += 8) {                                                                \
            __m256 a = _mm256_setzero_ps();                                                    \
            for (int64_t j = 0; j < n_keys; j++) {                                             \
                const char *row = v + (size_t)j * stride;                                      \
                a = _mm256_fmadd_ps(                                                           \
                    _mm256_set1_ps(p[j]),                                                      \
                    i + 8 <= d ? elem_##type(row, i) : part_##type(row, i, d - i), a);         \
            }                                                                                  \
            _mm256_maskstore_ps(o + i, mask_of(d - i), a);                                     \
        }                                                                                      \
    }                                                                                          \
    static void mix1_##type(float *o, const float *p, const char *v, size_t stride,            \
                            int64_t n_keys, int64_t d) {                                       \
        int64_t i = 0;                                                                         \
        for (; i + 32 <= d; i += 32) {                                                         \
            __m256 a = _mm256_setzero_ps(), b = a, c = a, e = a;                               \
            const char *row = v;                                                               \
            for (int64_t j = 0; j < n_keys; j++, row += stride) {                              \
                __m256 w = _mm256_set1_ps(p[j]);                                               \
                a = _mm256_fmadd_ps(w, elem_##type(row, i), a),                                \
                b = _mm256_fmadd_ps(w, elem_##type(row, i + 8), b);                            \
                c = _mm256_fmadd_ps(w, elem_##type(row, i + 16), c),                           \
                e = _mm256_fmadd_ps(w, elem_##type(row, i + 24), e);                           \
            }                                                                                  \
            _mm256_storeu_ps(o + i, a), _mm256_storeu_ps(o + i + 8, b);                        \
            _mm256_storeu_ps(o + i + 16, c), _mm256_storeu_ps(o + i + 24, e);                  \
        }                                                                                      \
        mix_rest_##type(o, p, v, stride, n_keys, i, d);                                        \
    }                                                                                          \
    static void mix4_##type(float *o, int64_t ldo, const float *p, int64_t ldp, const char *v, \
                            size_t stride, int64_t n_keys, int64_t d) {                        \
        const float *p1 = p + ldp, *p2 = p1 + ldp, *p3 = p2 + ldp;                             \
        float *o1 = o + ldo, *o2 = o1 + ldo, *o3 = o2 + ldo;                                   \
        int64_t i = 0;                                                                         \
        for (; i + 16 <= d; i += 16) {                                                         \
            __m256 a = _mm256_setzero_ps(), b = a, c = a, e = a, a1 = a, b1 = a, c1 = a,       \
                   e1 = a;                                                                     \
            const char *row = v;                                                               \
            for (int64_t j = 0; j < n_keys; j++, row += stride) {                              \
                __m256 x = elem_##type(row, i), z = elem_##type(row, i + 8),                   \
                       w = _mm256_set1_ps(p[j]);                                               \
                a = _mm256_fmadd_ps(w, x, a), a1 = _mm256_fmadd_ps(w, z, a1),                  \
                w = _mm256_set1_ps(p1[j]);                                                     \
                b = _mm256_fmadd_ps(w, x, b), b1 = _mm256_fmadd_ps(w, z, b1),                  \
                w = _mm256_set1_ps(p2[j]);                                                     \
                c = _mm256_fmadd_ps(w, x, c), c1 = _mm256_fmadd_ps(w, z, c1),                  \
                w = _mm256_set1_ps(p3[j]);                                                     \
                e = _mm256_fmadd_ps(w, x, e), e1 = _mm256_fmadd_ps(w, z, e1);                  \
            }                                                                                  \
            _mm256_storeu_ps(o + i, a), _mm256_storeu_ps(o + i + 8, a1);                       \
            _mm256_storeu_ps(o1 + i, b), _mm256_storeu_ps(o1 + i + 8, b1);                     \
            _mm256_storeu_ps(o2 + i, c), _mm256_storeu_ps(o2 + i + 8, c1);                     \
            _mm256_storeu_ps(o3 + i, e), _mm256_storeu_ps(o3 + i + 8, e1);                     \
        }                                                                                      \
        mix_rest_##type(o, p, v, stride, n_keys, i, d),                                        \
            mix_rest_##type(o1, p1, v, stride, n_keys, i, d);                                  \
        mix_rest_##type(o2, p2, v, stride, n_keys, i, d),                                      \
            mix_rest_##type(o3, p3, v, stride, n_keys, i, d);                                  \
    }                                                                                          \
    void pr_attn_mix_##type##_avx2(float *o, int64_t ldo, const float *p, int64_t ldp,         \
                                   int64_t n_q, const void *v, size_t stride, int64_t n_keys,  \
                                   int64_t d) {                                                \
        int64_t h = 0;                                                                         \
        for (; h + 4 <= n_q; h += 4)                                                           \
            mix4_##type(o + h * ldo, ldo, p + h * ldp, ldp, v, stride, n_keys, d);             \
        for (; h < n_q; h++) mix1_##type(o + h * ldo, p + h * ldp, v, stride, n_keys, d);      \
    }
MIX(f32)
MIX(f16)
MIX(q8_0)

/* The largest of x; lanes beyond the end count as -inf. */
INLINE float largest(const float *x, int64_t n) {
    const __m256 none = _mm256_set1_ps(-INFINITY);
    __m256       a = none, b = none, c = none, d = none;
    int64_t      i = 0;
    for (; i + 32 <= n; i += 32) {
        a = _mm256_max_ps(_mm256_loadu_ps(x + i), a),
        b = _mm256_max_ps(_mm256_loadu_ps(x + i + 8), b);
        c = _mm256_max_ps(_mm256_loadu_ps(x + i + 16), c),
        d = _mm256_max_ps(_mm256_loadu_ps(x + i + 24), d);
    }
    for (; i < n; i += 8)
        a = _mm256_max_ps(pick(none, some(x + i, mask_of(n - i)), mask_of(n - i)), a);
    return max_of(_mm256_max_ps(_mm256_max_ps(a, b), _mm256_max_ps(c, d)));
}

void pr_softmax_avx2(float *s, int64_t n) {
    const __m256 max = _mm256_set1_ps(largest(s, n));
    __m256       low = _mm256_setzero_ps(), high = low, e;
    int64_t      k = 0;
    for (; k + 16 <= n; k += 16) {
        e = kexp(_mm256_sub_ps(_mm256_loadu_ps(s + k), max));
        _mm256_storeu_ps(s + k, e), low = _mm256_add_ps(low, e);
        e = kexp(_mm256_sub_ps(_mm256_loadu_ps(s + k + 8), max));
        _mm256_storeu_ps(s + k + 8, e), high = _mm256_add_ps(high, e);
    }
    if (k < n) {
        __m256i m = mask_of(n - k), l = mask_of(n - k - 8);
        e = kexp(_mm256_sub_ps(some(s + k, m), max));
        _mm256_maskstore_ps(s + k, m, e), low = pick(low, _mm256_add_ps(low, e), m);
        e = kexp(_mm256_sub_ps(some(s + k + 8, l), max));
        _mm256_maskstore_ps(s + k + 8, l, e), high = pick(high, _mm256_add_ps(high, e), l);
    }
    const __m256 inv = _mm256_set1_ps(1.0f / tree(low, high));
#define BODY(LOAD, STORE) { STORE(s + i, _mm256_mul_ps(LOAD(s + i), inv)); }
    EACH(n, BODY)
#undef BODY
}

void pr_store_f16_avx2(void *dst, const float *x, int64_t n) {
    char   *to = dst;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((void *)(to + 2 * i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), NEAREST));
    if (i < n) {
        __m128i h = _mm256_cvtps_ph(some(x + i, mask_of(n - i)), NEAREST);
        memcpy(to + 2 * i, &h, (size_t)(n - i) * 2);
    }
}

/* ---- logits */

float pr_row_max_avx2(const float *x, int64_t n, int64_t *arg) {
    float max = largest(x, n);
    *arg = 0;
    if (max == -INFINITY) return max;
    for (int64_t i = 0; i < n; i += 8) {
        __m256i m = mask_of(n - i);
        __m256  eq = _mm256_cmp_ps(some(x + i, m), _mm256_set1_ps(max), _CMP_EQ_OQ);
        int     hit = _mm256_movemask_ps(_mm256_and_ps(eq, _mm256_castsi256_ps(m)));
        if (hit) return *arg = i + __builtin_ctz((unsigned)hit), x[*arg];
    }
    return max;
}

/* Sixteen lanes of double: four vectors. */
typedef struct {
    __m256d a, b, c, d;
} lanes;
INLINE double tree_pd(lanes v) {
    __m256d s = _mm256_add_pd(_mm256_add_pd(v.a, v.c), _mm256_add_pd(v.b, v.d));
    __m128d t = _mm_add_pd(_mm256_castpd256_pd128(s), _mm256_extractf128_pd(s, 1));
    return _mm_cvtsd_f64(_mm_add_sd(t, _mm_unpackhi_pd(t, t)));
}
INLINE __m256d widen(const float *x) { return _mm256_cvtps_pd(_mm_loadu_ps(x)); }

/* The last n < 16 values join their lanes one vector after the other, from padded copies. */
INLINE __m256d mask_pd(int64_t n) {
    int64_t k = PR_MAX(PR_MIN(n, 4), 0);
    return _mm256_castsi256_pd(
        _mm256_cmpgt_epi64(_mm256_set1_epi64x(k), _mm256_setr_epi64x(0, 1, 2, 3)));
}

double pr_row_sum_exp_avx2(const float *x, int64_t n, double shift) {
    const __m256d s = _mm256_set1_pd(shift);
    lanes v = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(),
               _mm256_setzero_pd()};
    int64_t       i = 0;
#define TERM(p) dexp(_mm256_sub_pd(widen(p), s))
    for (; i + 16 <= n; i += 16) {
        v.a = _mm256_add_pd(v.a, TERM(x + i)), v.b = _mm256_add_pd(v.b, TERM(x + i + 4));
        v.c = _mm256_add_pd(v.c, TERM(x + i + 8)), v.d = _mm256_add_pd(v.d, TERM(x + i + 12));
    }
    if (i < n) {
        float tail[16] = {0};
        memcpy(tail, x + i, (size_t)(n - i) * sizeof(float));
        v.a = _mm256_blendv_pd(v.a, _mm256_add_pd(v.a, TERM(tail)), mask_pd(n - i));
        v.b = _mm256_blendv_pd(v.b, _mm256_add_pd(v.b, TERM(tail + 4)), mask_pd(n - i - 4));
        v.c = _mm256_blendv_pd(v.c, _mm256_add_pd(v.c, TERM(tail + 8)), mask_pd(n - i - 8));
        v.d = _mm256_blendv_pd(v.d, _mm256_add_pd(v.d, TERM(tail + 12)), mask_pd(n - i - 12));
    }
#undef TERM
    return tree_pd(v);
}

INLINE __m256d kld_join(__m256d acc, const float *p, const float *q, __m256d lp, __m256d lq) {
    __m256d a = _mm256_sub_pd(widen(p), lp), b = _mm256_sub_pd(widen(q), lq);
    return _mm256_fmadd_pd(dexp(a), _mm256_sub_pd(a, b), acc);
}

double pr_row_kld_avx2(const float *p, const float *q, int64_t n, double lse_p, double lse_q) {
    const __m256d lp = _mm256_set1_pd(lse_p), lq = _mm256_set1_pd(lse_q);
    lanes v = {_mm256_setzero_pd(), _mm256_setzero_pd(), _mm256_setzero_pd(),
               _mm256_setzero_pd()};
    int64_t       i = 0;
    for (; i + 16 <= n; i += 16) {
        v.a = kld_join(v.a, p + i, q + i, lp, lq),
        v.b = kld_join(v.b, p + i + 4, q + i + 4, lp, lq);
        v.c = kld_join(v.c, p + i + 8, q + i + 8, lp, lq),
        v.d = kld_join(v.d, p + i + 12, q + i + 12, lp, lq);
    }
    if (i < n) {
        float t[16] = {0}, u[16] = {0};
        memcpy(t, p + i, (size_t)(n - i) * sizeof(float)),
            memcpy(u, q + i, (size_t)(n - i) * sizeof(float));
        v.a = _mm256_blendv_pd(v.a, kld_join(v.a, t, u, lp, lq), mask_pd(n - i));
        v.b = _mm256_blendv_pd(v.b, kld_join(v.b, t + 4, u + 4, lp, lq), mask_pd(n - i - 4));
        v.c = _mm256_blendv_pd(v.c, kld_join(v.c, t + 8, u + 8, lp, lq), mask_pd(n - i - 8));
        v.d = _mm256_blendv_pd(v.d, kld_join(v.d, t + 12, u + 12, lp, lq), mask_pd(n - i - 12));
    }
    return tree_pd(v);
}

int64_t pr_row_nonfinite_avx2(const float *x, int64_t n) {
    const __m256i plain = _mm256_set1_epi32(0x7fffffff),
                  limit = _mm256_set1_epi32((int)PR_ABS_INF - 1);
    int64_t       bad = 0;
    for (int64_t i = 0; i < n; i += 8) {
        __m256i v = _mm256_and_si256(_mm256_castps_si256(some(x + i, mask_of(n - i))), plain);
        bad += __builtin_popcount(
            (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(v, limit))));
    }
    return bad;
}
