/* codec_lanes.h - LANES (8 or 16) lanes of float, for the encoders.
 *
 * A lane is one sub-block; no lane sees another except through the group functions,
 * which add in a fixed order. `wide` is what the search's bookkeeping uses and the compiler
 * splits to the machine's width; `native` is one register, for the loops over values. Both
 * do one IEEE operation per lane and source operation, so the width changes no bit. */
#ifndef PR_CODEC_LANES_H
#define PR_CODEC_LANES_H
#include "base/base.h"
#include "tensor/tensor.h"
#include <math.h>

/* Stages of the search are inlined so that each type's constants shape them, except where nobody
 * waits for the program but everybody for the compiler: it takes minutes otherwise. */
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define STAGE PR_INLINE
#else
#define STAGE PR_UNUSED
#endif

typedef float wide PR_VECTOR(LANES * 4);
typedef int32_t wide_int PR_VECTOR(LANES * 4);

#if defined(__AVX512F__)
#include <immintrin.h>
enum { NATIVE = 16 };
typedef __m512 native;
typedef int32_t native_int PR_VECTOR(64);
static inline native lane_min(native a, native b) {
    return _mm512_min_ps(a, b);
}
static inline native lane_max(native a, native b) {
    return _mm512_max_ps(a, b);
}
static inline native lane_less(native a, native b, native yes, native no) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), no, yes);
}
static inline native lane_turn(native a, int k) { /* lane i gets what lane i ^ k has */
    if (k == 8) return _mm512_shuffle_f32x4(a, a, 0x4e);
    if (k == 4) return _mm512_shuffle_f32x4(a, a, 0xb1);
    return k == 2 ? _mm512_permute_ps(a, 0x4e) : _mm512_permute_ps(a, 0xb1);
}
#elif defined(__AVX2__)
#include <immintrin.h>
enum { NATIVE = 8 };
typedef __m256 native;
typedef int32_t native_int PR_VECTOR(32);
static inline native lane_min(native a, native b) {
    return _mm256_min_ps(a, b);
}
static inline native lane_max(native a, native b) {
    return _mm256_max_ps(a, b);
}
static inline native lane_less(native a, native b, native yes, native no) {
    return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LT_OQ));
}
static inline native lane_turn(native a, int k) {
    if (k == 4) return _mm256_permute2f128_ps(a, a, 1);
    return k == 2 ? _mm256_permute_ps(a, 0x4e) : _mm256_permute_ps(a, 0xb1);
}
#else
enum { NATIVE = 4 };
typedef float native PR_VECTOR(16);
typedef int32_t native_int PR_VECTOR(16);
static inline native lane_pick(native_int m, native a, native b) {
    return (native)(((native_int)a & m) | ((native_int)b & ~m));
}
static inline native lane_min(native a, native b) {
    return lane_pick(a < b, a, b);
}
static inline native lane_max(native a, native b) {
    return lane_pick(a > b, a, b);
}
static inline native lane_less(native a, native b, native yes, native no) {
    return lane_pick(a < b, yes, no);
}
static inline native lane_turn(native a, int k) {
    return k == 2 ? (native){a[2], a[3], a[0], a[1]} : (native){a[1], a[0], a[3], a[2]};
}
#endif

/* lane_less: a < b ? yes : no, lane by lane. Loads and stores of part `c` of LANES floats. */
static inline native lane_load(const void *row, int c) {
    native v;
    memcpy(&v, (const char *)row + (size_t)c * sizeof v, sizeof v);
    return v;
}
static inline void lane_store(void *row, int c, native v) {
    memcpy((char *)row + (size_t)c * sizeof v, &v, sizeof v);
}
static PR_INLINE native lane_splat(float x) {
    return x - (native){0};
}
static PR_INLINE native lane_clamp(native x, float lo, float hi) { /* NaN becomes lo */
    return lane_min(lane_max(x, lane_splat(lo)), lane_splat(hi));
}
static PR_INLINE native lane_abs(native x) {
    return lane_max(x, -x);
}
/* To the nearest integer, ties to even: exact for |x| < 2^22, which clamping sees to. */
static inline native lane_round(native x) {
    return (x + 12582912.0f) - 12582912.0f;
}

/* Lanes of `a` where the mask `m` is set, of `b` elsewhere. */
#define PICK(m, a, b) ((wide)((((wide_int)(a) ^ (wide_int)(b)) & (m)) ^ (wide_int)(b)))
#define ROUND(x)      (((x) + 12582912.0f) - 12582912.0f)

static PR_INLINE wide wide_splat(float x) {
    return x - (wide){0};
}
static PR_INLINE wide wide_load(const float *row) {
    wide v;
    memcpy(&v, row, sizeof v);
    return v;
}

/* a < b and a = b as masks, a register at a time: GCC takes a comparison of vectors wider than
 * the machine's apart, value by value. */
#if defined(__AVX512F__) || (defined(__AVX2__) && LANES == 8)
static PR_INLINE wide_int wide_less(wide a, wide b) {
    return a < b;
}
static PR_INLINE wide_int wide_same(wide a, wide b) {
    return a == b;
}
#else
static PR_INLINE wide_int wide_less(wide a, wide b) {
    wide_int r;
    for (int c = 0; c < LANES / NATIVE; c++) {
        native_int m = (native_int)(lane_load(&a, c) < lane_load(&b, c));
        memcpy((char *)&r + (size_t)c * sizeof m, &m, sizeof m);
    }
    return r;
}
static PR_INLINE wide_int wide_same(wide a, wide b) {
    wide_int r;
    for (int c = 0; c < LANES / NATIVE; c++) {
        native_int m = (native_int)(lane_load(&a, c) == lane_load(&b, c));
        memcpy((char *)&r + (size_t)c * sizeof m, &m, sizeof m);
    }
    return r;
}
#endif

/* `x` held within lo…hi; NaN becomes lo. */
static PR_INLINE wide wide_clamp(wide x, float lo, float hi) {
    for (int c = 0; c < LANES / NATIVE; c++)
        lane_store(&x, c, lane_clamp(lane_load(&x, c), lo, hi));
    return x;
}
static PR_INLINE wide wide_min(wide a, wide b) {
    for (int c = 0; c < LANES / NATIVE; c++)
        lane_store(&a, c, lane_min(lane_load(&a, c), lane_load(&b, c)));
    return a;
}
static PR_INLINE wide wide_max(wide a, wide b) {
    for (int c = 0; c < LANES / NATIVE; c++)
        lane_store(&a, c, lane_max(lane_load(&a, c), lane_load(&b, c)));
    return a;
}
static PR_INLINE wide wide_abs(wide a) {
    return (wide)((wide_int)a & 0x7fffffff);
}
/* a / b where b is not 0, else 0. */
static PR_INLINE wide wide_ratio(wide a, wide b) {
    wide_int none = wide_same(b, wide_splat(0));
    return PICK(none, wide_splat(0), a / PICK(none, wide_splat(1), b));
}

/* The binary16 next to `x` (ties to even), never infinite: what a block can store. */
static PR_INLINE wide wide_half(wide x) {
    wide_int u = (wide_int)x, sign = u & (int32_t)0x80000000, a = u & 0x7fffffff;
    wide_int top = (0x477fe000 - a) >> 31; /* a is larger: infinity and NaN too */
    a ^= (a ^ 0x477fe000) & top;
    wide_int normal = (a + 0xfff + ((a >> 13) & 1)) & -0x2000;
    wide small = ((wide)a + 0.5f) - 0.5f;
    wide_int is_small = (a - 0x38800000) >> 31;
    return (wide)((normal ^ ((normal ^ (wide_int)small) & is_small)) | sign);
}

/* Part `c` of `v`, each lane changed for the one `k` (1, 2, 4 or 8) further, or before. */
static PR_INLINE native lane_swap(const wide *v, int c, int k) {
    return k >= NATIVE ? lane_load(v, c ^ (k / NATIVE)) : lane_turn(lane_load(v, c), k);
}

/* Over each group of `g` lanes (1, 8 or 16): the sum, or the largest, in every lane of the group.
 * Halves are joined until one is left: the order is the same at every width. */
static PR_INLINE wide group_sum(wide v, int g) {
    for (int k = g / 2; k > 0; k /= 2) {
        wide w = v;
        for (int c = 0; c < LANES / NATIVE; c++)
            lane_store(&v, c, lane_load(&w, c) + lane_swap(&w, c, k));
    }
    return v;
}
static PR_INLINE wide group_max(wide v, int g) {
    for (int k = g / 2; k > 0; k /= 2) {
        wide w = v;
        for (int c = 0; c < LANES / NATIVE; c++)
            lane_store(&v, c, lane_max(lane_load(&w, c), lane_swap(&w, c, k)));
    }
    return v;
}
/* The first value that is largest in size. */
static PR_INLINE wide group_top(wide v, int g) {
    wide r = v;
    for (int i = 0; i < LANES; i += g) {
        float s = v[i];
        for (int k = 1; k < g; k++) s = fabsf(v[i + k]) > fabsf(s) ? v[i + k] : s;
        for (int k = 0; k < g; k++) r[i + k] = s;
    }
    return r;
}
/* Whether any lane of the mask is set; and the mask of whole groups that have one. */
static PR_INLINE bool wide_any(wide_int m) {
    int32_t any = 0;
    for (int k = 0; k < LANES; k++) any |= m[k];
    return any != 0;
}
static PR_INLINE wide_int group_any(wide_int m, int g) {
    wide one = PICK(m, wide_splat(1), wide_splat(0));
    return wide_less(wide_splat(0), group_max(one, g));
}
#endif
