/* codec_search.h - the search for scales, LANES sub-blocks at a time.
 *
 * A sub-block is coded as x ≈ s·q + b, q from a short grid of levels, and its error
 * is E = Σ w (x - s·q - b)². With the levels q held, E is a quadratic in (s, b) whose
 * coefficients one pass over the values gives (`fit`), taken about the (s, b) of the pass so
 * that nothing cancels. So a pass is the unit of work:
 *   - its minimum is the least-squares scale, where the next pass starts: levels and scale
 *     are made best in turn (Lloyd, "Least squares quantization in PCM", 1982), never worse;
 *   - integer block scales are compared by it without another pass.
 * The first scales spread around max / levels. Each stage keeps what it had unless the error
 * of a real pass, with exactly the arithmetic of the decoder, is smaller. */
#ifndef PR_CODEC_SEARCH_H
#define PR_CODEC_SEARCH_H
#include "codec/codec_lanes.h"

enum { MAX_SUB = 32 };
#define WORST 3e38f /* no error of finite values comes near */

typedef struct {
    float x[MAX_SUB][LANES], w[MAX_SUB][LANES]; /* value and weight, one column per lane */
    wide sw, inv_sw;                            /* Σ w, and 1 / it (or 0) */
    wide top, top_w;                            /* the largest value in size, its weight */
    wide rest_w, rest;                          /* Σ w and weighted mean of the others */
    wide_int lone;                              /* mask: that value outweighs the others */
    wide_int spiky;                             /* mask: the group has an outlier */
    wide up, down;                              /* powers of two: x = true value · down */
} tile;

typedef struct { /* E(s', b') = e - 2(Δs c1 + Δb c0) + Δs² q2 + 2 Δs Δb q1 + Δb² Σw */
    wide s, b, e, c1, c0, q1, q2;
} fit;

/* Levels lo…hi in steps of one, or IQ4's sixteen. `offset`: b is used; `below`: b ≤ 0. */
typedef struct {
    int n; /* values per sub-block */
    float lo, hi;
    bool book, offset, below;
} grid;

/* Midpoints between IQ4's levels, and the steps from level to level. */
static const float iq4_mid[15] = {-115.5f, -93.5f, -74,   -57,   -42, -28.5f, -16, -4.5f,
                                  7,       19,     31.5f, 45.5f, 61,  79,     101};
static const PR_UNUSED float iq4_step[15] = {23, 21, 18, 16, 14, 13, 12, 11,
                                             12, 12, 13, 15, 16, 20, 24};

#if defined(__AVX512F__)
static STAGE native iq4_count(native t, native start, const float *step) {
    for (int k = 0; k < 15; k++)
        start = _mm512_mask_add_ps(
            start, _mm512_cmp_ps_mask(t, _mm512_set1_ps(iq4_mid[k]), _CMP_GE_OQ), start,
            _mm512_set1_ps(step[k]));
    return start;
}
#elif defined(__AVX2__)
static STAGE native iq4_count(native t, native start, const float *step) {
    for (int k = 0; k < 15; k++)
        start += _mm256_and_ps(_mm256_cmp_ps(t, _mm256_set1_ps(iq4_mid[k]), _CMP_GE_OQ),
                               _mm256_set1_ps(step[k]));
    return start;
}
#else
static STAGE native iq4_count(native t, native start, const float *step) {
    for (int k = 0; k < 15; k++) {
        native g = {step[k], step[k], step[k], step[k]};
        start += (native)((native_int)g & (t >= iq4_mid[k]));
    }
    return start;
}
#endif

/* The one of IQ4's levels next to `t`, the higher one where two are. */
#if defined(__AVX512F__)
static STAGE native iq4_level(native t) {
    /* Slices of eight around -128, -120 … 120 hold one midpoint at most, or none: */
    enum { NO = -999 }; /* none: the slice has one level */
    static const float mid[32] = {NO,  NO,      -115.5f, NO, -93.5f, NO,    NO, -74, NO,    -57, NO,
                                  -42, -28.5f, NO, -16,    -4.5f, NO, 7,   19,    NO,  31.5f,
                                  NO,  45.5f,  NO, 61,     NO,    79, NO,  NO,    101, NO, NO};
    /* the level below that of slice i stands at i, the one above (or the only one) at i + 1 */
    static const float step[33] = {-127, -127, -127, -104, -104, -83, -83, -83, -65, -65, -49,
                                   -49,  -35,  -22,  -22,  -10,  1,   1,   13,  25,  25,  38,
                                   38,   53,   53,   69,   69,   89,  89,  89,  113, 113, 113};
    native at = lane_clamp(t, -128, 120) * 0.125f + (12582912.0f + 16);
    __m512i i = _mm512_castps_si512(at); /* its low five bits */
    native m = _mm512_permutex2var_ps(_mm512_loadu_ps(mid), i, _mm512_loadu_ps(mid + 16));
    native lo = _mm512_permutex2var_ps(_mm512_loadu_ps(step), i, _mm512_loadu_ps(step + 16));
    native hi =
        _mm512_permutex2var_ps(_mm512_loadu_ps(step + 1), i, _mm512_loadu_ps(step + 17));
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(t, m, _CMP_GE_OQ), lo, hi);
}
#elif defined(__AVX2__)
static STAGE native iq4_level(native t) { /* four times the middle one of what is left */
    static const float mid2[8] = {-57, 45.5f}, mid3[8] = {-93.5f, -28.5f, 19, 79};
    static const float mid4[8] = {-115.5f, -74, -42, -16, 7, 31.5f, 61, 101};
    static const float even[8] = {-127, -83, -49, -22, 1, 25, 53, 89};
    static const float odd[8] = {-104, -65, -35, -10, 13, 38, 69, 113};
    native m = lane_splat(-4.5f);
    __m256i i = _mm256_srli_epi32(_mm256_castps_si256(_mm256_cmp_ps(t, m, _CMP_GE_OQ)), 31);
    m = _mm256_permutevar8x32_ps(_mm256_loadu_ps(mid2), i);
    i = _mm256_sub_epi32(_mm256_add_epi32(i, i),
                         _mm256_castps_si256(_mm256_cmp_ps(t, m, _CMP_GE_OQ)));
    m = _mm256_permutevar8x32_ps(_mm256_loadu_ps(mid3), i);
    i = _mm256_sub_epi32(_mm256_add_epi32(i, i),
                         _mm256_castps_si256(_mm256_cmp_ps(t, m, _CMP_GE_OQ)));
    m = _mm256_permutevar8x32_ps(_mm256_loadu_ps(mid4), i);
    return _mm256_blendv_ps(_mm256_permutevar8x32_ps(_mm256_loadu_ps(even), i),
                            _mm256_permutevar8x32_ps(_mm256_loadu_ps(odd), i),
                            _mm256_cmp_ps(t, m, _CMP_GE_OQ));
}
#else
static STAGE native iq4_level(native t) {
    native zero = {0};
    return iq4_count(t, zero - 127.0f, iq4_step);
}
#endif

static STAGE native level(native t, grid g) {
    native zero = {0};
    if (g.book) return iq4_level(t);
    return lane_round(lane_min(lane_max(t, zero + g.lo), zero + g.hi));
}

/* Fill in `f` for its own (s, b), with the nearest levels. */
static STAGE void fit_pass(fit *f, const tile *t, grid g) {
    wide inv = wide_ratio(wide_splat(1), f->s);
    for (int c = 0; c < LANES / NATIVE; c++) {
        native s = lane_load(&f->s, c), iv = lane_load(&inv, c), b = lane_load(&f->b, c);
        native e = {0}, c1 = {0}, c0 = {0}, q1 = {0}, q2 = {0};
        for (int l = 0; l < g.n; l++) {
            native x = lane_load(t->x[l], c), w = lane_load(t->w[l], c);
            native q = level(g.offset ? (x - b) * iv : x * iv, g);
            native r = g.offset ? x - (s * q + b) : x - s * q;
            native wr = w * r, wq = w * q;
            e += wr * r;
            c1 += wr * q;
            q2 += wq * q;
            if (g.offset) {
                c0 += wr;
                q1 += wq;
            }
        }
        lane_store(&f->e, c, e);
        lane_store(&f->c1, c, c1);
        lane_store(&f->q2, c, q2);
        if (g.offset) {
            lane_store(&f->c0, c, c0);
            lane_store(&f->q1, c, q1);
        }
    }
}

static STAGE wide fit_predict(const fit *f, const tile *t, grid g, wide s, wide b) {
    wide ds = s - f->s, e = f->e - 2 * ds * f->c1 + ds * ds * f->q2;
    if (!g.offset) return e;
    wide db = b - f->b;
    return e - 2 * db * f->c0 + 2 * ds * db * f->q1 + db * db * t->sw;
}

/* The (s, b) with the smallest predicted error. */
static STAGE void fit_minimum(const fit *f, const tile *t, grid g, wide *s, wide *b) {
    if (!g.offset) {
        *s = f->s + wide_ratio(f->c1, f->q2);
        *b = f->b;
        return;
    }
    wide det = t->sw * f->q2 - f->q1 * f->q1;
    wide_int solid = wide_less(1e-6f * (t->sw * f->q2), det);
    wide safe = PICK(solid, det, wide_splat(1));
    wide ds = PICK(solid, (t->sw * f->c1 - f->q1 * f->c0) / safe, wide_splat(0));
    wide db = PICK(solid, (f->q2 * f->c0 - f->q1 * f->c1) / safe, wide_ratio(f->c0, t->sw));
    if (g.below) {
        wide_int over = wide_less(wide_splat(0), f->b + db);
        db = PICK(over, -f->b, db);
        ds = PICK(over, wide_ratio(f->c1 - db * f->q1, f->q2), ds);
    }
    *s = f->s + ds;
    *b = f->b + db;
}

static STAGE void fit_keep(fit *best, const fit *f, wide_int m, grid g) {
    best->s = PICK(m, f->s, best->s);
    best->b = PICK(m, f->b, best->b);
    best->e = PICK(m, f->e, best->e);
    best->c1 = PICK(m, f->c1, best->c1);
    best->q2 = PICK(m, f->q2, best->q2);
    if (g.offset) {
        best->c0 = PICK(m, f->c0, best->c0);
        best->q1 = PICK(m, f->q1, best->q1);
    }
}

/* One pass at (s, b); `best` takes it where the least-squares error that follows is smaller. */
static STAGE void fit_try(fit *best, wide *least, const tile *t, grid g, wide s, wide b) {
    fit f = {.s = s, .b = b};
    wide s2, b2;
    fit_pass(&f, t, g);
    fit_minimum(&f, t, g, &s2, &b2);
    wide e = fit_predict(&f, t, g, s2, b2);
    wide_int m = wide_less(e, *least);
    fit_keep(best, &f, m, g);
    *least = PICK(m, e, *least);
}

/* `rounds` times: levels for the best scale, scale for those levels. */
static STAGE void fit_lloyd(fit *best, wide *least, const tile *t, grid g, int rounds) {
    for (int i = 0; i < rounds; i++) {
        wide s, b;
        fit_minimum(best, t, g, &s, &b);
        fit_try(best, least, t, g, s, b);
    }
}

/* Free scales of each lane, without offset: from `start`, and where the largest value falls on
 * the end of the grid, stretched by each `stretch` (in levels); on the other end by each of the
 * first `n_other`. */
static STAGE void fit_symmetric(fit *best, const tile *t, grid g, wide start,
                                const float *stretch, int n_stretch, int n_other, int rounds) {
    wide top = t->top, least = wide_splat(WORST);
    *best = (fit){0};
    fit_try(best, &least, t, g, start, wide_splat(0));
    for (int i = 0; i < n_stretch; i++)
        fit_try(best, &least, t, g, top / (g.lo - stretch[i]), wide_splat(0));
    for (int i = 0; i < n_other; i++)
        fit_try(best, &least, t, g, top / (g.hi + stretch[i]), wide_splat(0));
    fit_lloyd(best, &least, t, g, rounds);
}

/* The least and the largest value of each lane; the least is at most 0 if the grid asks so. */
static STAGE void tile_range(const tile *t, grid g, wide *low, wide *high) {
    *low = *high = wide_load(t->x[0]);
    for (int l = 1; l < g.n; l++) {
        wide x = wide_load(t->x[l]);
        *low = wide_min(x, *low);
        *high = wide_max(x, *high);
    }
    if (g.below) *low = wide_min(*low, wide_splat(0));
}

/* Free scales and offsets of each lane: from `start`, the range of its values on the grid, and
 * with one end of it far out. */
static STAGE void fit_affine(fit *best, const tile *t, grid g, wide start_s, wide start_b,
                             const float *stretch, int n_stretch, int n_zero, int rounds) {
    wide low, high, least = wide_splat(WORST);
    tile_range(t, g, &low, &high);
    *best = (fit){0};
    fit_try(best, &least, t, g, start_s, start_b);
    for (int i = 0; i < n_stretch; i++)
        fit_try(best, &least, t, g, (high - low) / (g.hi + stretch[i]), low);
    for (int i = 0; i < n_zero;
         i++) { /* zero lies on a level, or between two: an end is far out */
        float at = 0.5f * (float)i;
        wide s1 = high / (g.hi - at), s2 = -low / (g.hi - at);
        fit_try(best, &least, t, g, s1, -at * s1);
        fit_try(best, &least, t, g, s2, low);
    }
    fit_lloyd(best, &least, t, g, rounds);
}
#endif
