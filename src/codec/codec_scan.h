/* codec_scan.h - where the search of a sub-block with an offset starts: the scale and offset
 * of many stretched ranges compared, in whole numbers of 16 bits.
 *
 * With the levels q of a range held, the least error over all (s, b) is Σ w x² less what the
 * line explains, and that is cov² / var of the three sums Σ w q, Σ w q q, Σ w q x. So one
 * look at the values ranks a range, and no two ranges need the same precision as the error
 * itself: x in `x_bits`, w in ten bits. Sums of whole numbers are the same in any order: the
 * result does not depend on the machine. What is found is a start; a pass in float32 sets
 * its true error. */
#ifndef PR_CODEC_SCAN_H
#define PR_CODEC_SCAN_H
#include "codec/codec_search.h"

/* Two values of each lane, 16 bits each, in a register as wide as `native`. */
#if defined(__AVX512F__)
typedef __m512i pairs;
#define PAIRS(op) _mm512_##op
static PR_INLINE pairs pairs_splat(int v) {
    return _mm512_set1_epi16((short)v);
}
static PR_INLINE pairs pairs_shift(pairs a, int by) {
    return _mm512_srl_epi16(a, _mm_cvtsi32_si128(by));
}
#elif defined(__AVX2__)
typedef __m256i pairs;
#define PAIRS(op) _mm256_##op
static PR_INLINE pairs pairs_splat(int v) {
    return _mm256_set1_epi16((short)v);
}
static PR_INLINE pairs pairs_shift(pairs a, int by) {
    return _mm256_srl_epi16(a, _mm_cvtsi32_si128(by));
}
#elif defined(__SSE2__)
#include <emmintrin.h>
typedef __m128i pairs;
#define PAIRS(op) _mm_##op
static PR_INLINE pairs pairs_splat(int v) {
    return _mm_set1_epi16((short)v);
}
static PR_INLINE pairs pairs_shift(pairs a, int by) {
    return _mm_srl_epi16(a, _mm_cvtsi32_si128(by));
}
#else
typedef struct {
    uint16_t v[2 * NATIVE];
} pairs;
#endif

typedef struct {
    int32_t sq[LANES], sqq[LANES], sqx[LANES]; /* Σ w q, Σ w q q, Σ w q x */
} scan_sums;

typedef struct {
    uint16_t x[MAX_SUB / 2][2 * LANES]; /* (x - low) / range in 16 bits */
    uint16_t r[MAX_SUB / 2][2 * LANES]; /* the same, rounded to x_bits */
    uint16_t w[MAX_SUB / 2][2 * LANES]; /* w over the largest of the lane, in ten bits */
} scan_tile;

/* A range: levels are round((x - low) / range · (hi + stretch) - skip). */
typedef struct {
    float stretch, skip;
} scan_range;

enum { W_TOP = 1023 };

/* What a level counts in, so that the largest range still fits 16 bits. */
static PR_INLINE int scan_shift(grid g) {
    return g.hi > 15 ? 10 : 11;
}

static PR_INLINE int scan_x_top(grid g) { /* 32 values · x · 1023 · level stay below 2^31 */
    return g.hi > 15 ? 2047 : 4095;
}

#if defined(__SSE2__)
static STAGE void scan_sum(scan_sums *out, const scan_tile *p, grid g, int iv, int at) {
    const int shift = scan_shift(g);
    pairs k = pairs_splat(iv), add = pairs_splat(at), top = pairs_splat((int)g.hi);
    for (int c = 0; c < LANES / NATIVE; c++) {
        pairs sq = pairs_splat(0), sqq = sq, sqx = sq;
        for (int l = 0; l < g.n / 2; l++) {
            pairs x, r, w;
            memcpy(&x, (const char *)p->x[l] + (size_t)c * sizeof x, sizeof x);
            memcpy(&r, (const char *)p->r[l] + (size_t)c * sizeof r, sizeof r);
            memcpy(&w, (const char *)p->w[l] + (size_t)c * sizeof w, sizeof w);
            x = PAIRS(add_epi16)(PAIRS(mulhi_epu16)(x, k), add);
            x = PAIRS(min_epi16)(pairs_shift(x, shift), top);
            pairs wq = PAIRS(mullo_epi16)(w, x);
            sq = PAIRS(add_epi32)(sq, PAIRS(madd_epi16)(w, x));
            sqq = PAIRS(add_epi32)(sqq, PAIRS(madd_epi16)(wq, x));
            sqx = PAIRS(add_epi32)(sqx, PAIRS(madd_epi16)(wq, r));
        }
        memcpy((char *)out->sq + (size_t)c * sizeof sq, &sq, sizeof sq);
        memcpy((char *)out->sqq + (size_t)c * sizeof sqq, &sqq, sizeof sqq);
        memcpy((char *)out->sqx + (size_t)c * sizeof sqx, &sqx, sizeof sqx);
    }
}
#else
static STAGE void scan_sum(scan_sums *out, const scan_tile *p, grid g, int iv, int at) {
    const int shift = scan_shift(g);
    memset(out, 0, sizeof *out);
    for (int l = 0; l < g.n / 2; l++)
        for (int i = 0; i < 2 * LANES; i++) {
            int q = (uint16_t)((p->x[l][i] * (uint32_t)iv >> 16) + (uint32_t)at) >> shift;
            q = PR_MIN(q, (int)g.hi);
            out->sq[i / 2] += p->w[l][i] * q;
            out->sqq[i / 2] += p->w[l][i] * q * q;
            out->sqx[i / 2] += p->w[l][i] * q * p->r[l][i];
        }
}
#endif

/* Lanes as floats of whole numbers in 0 … 2^22, rounded to even. */
static PR_INLINE wide_int scan_whole(wide v) {
    return (wide_int)(v + 8388608.0f) & 0xffff;
}

static STAGE void scan_load(scan_tile *p, const tile *t, grid g, wide low, wide range) {
    wide most = wide_load(t->w[0]), by = wide_ratio(wide_splat(65535), range);
    for (int l = 1; l < g.n; l++) most = wide_max(most, wide_load(t->w[l]));
    wide w_by = wide_ratio(wide_splat(W_TOP), most);
    const float coarse = (float)scan_x_top(g) / 65535;
    for (int l = 0; l < g.n; l += 2) {
        wide x0 = (wide_load(t->x[l]) - low) * by, x1 = (wide_load(t->x[l + 1]) - low) * by;
        wide_int v = scan_whole(x0) | scan_whole(x1) << 16;
        memcpy(p->x[l / 2], &v, sizeof v);
        v = scan_whole(x0 * coarse) | scan_whole(x1 * coarse) << 16;
        memcpy(p->r[l / 2], &v, sizeof v);
        v = scan_whole(wide_load(t->w[l]) * w_by) | scan_whole(wide_load(t->w[l + 1]) * w_by) << 16;
        memcpy(p->w[l / 2], &v, sizeof v);
    }
}

static PR_INLINE wide scan_float(const int32_t *v) {
    wide_int i;
    memcpy(&i, v, sizeof i);
    return __builtin_convertvector(i, wide);
}

/* The line of least squares of the range that explains most: (s, b) of each lane, b ≤ 0. */
static STAGE void scan_find(wide *s, wide *b, const tile *t, grid g, const scan_range *try,
                            int n_try) {
    const int one = 1 << scan_shift(g);
    wide low, high, best = wide_splat(-1), best_s = wide_splat(0), best_b = best_s;
    scan_tile p;
    scan_sums a;
    tile_range(t, g, &low, &high);
    wide range = high - low, sw = wide_splat(0), sx = sw;
    scan_load(&p, t, g, low, range);
    for (int l = 0; l < g.n / 2; l++) {
        wide_int w, x;
        memcpy(&w, p.w[l], sizeof w);
        memcpy(&x, p.r[l], sizeof x);
        wide w0 = __builtin_convertvector(w & 0xffff, wide),
             w1 = __builtin_convertvector(w >> 16, wide);
        sw += w0 + w1;
        sx += w0 * __builtin_convertvector(x & 0xffff, wide) +
              w1 * __builtin_convertvector(x >> 16, wide);
    }
    for (int i = 0; i < n_try; i++) {
        scan_sum(&a, &p, g, (int)((g.hi + try[i].stretch) * (float)one),
                 (int)((0.5f - try[i].skip) * (float)one));
        wide sq = scan_float(a.sq), var = sw * scan_float(a.sqq) - sq * sq;
        wide cov = sw * scan_float(a.sqx) - sx * sq;
        wide slope = wide_ratio(cov, var), gain = cov * slope;
        wide_int m = wide_less(best, gain);
        best = PICK(m, gain, best);
        best_s = PICK(m, slope, best_s);
        best_b = PICK(m, wide_ratio(sx - slope * sq, sw), best_b);
    }
    wide unit = range * (1.0f / (float)scan_x_top(g));
    *s = best_s * unit;
    *b = wide_min(low + best_b * unit, wide_splat(0));
}
#endif
