/* codec_tile.h - from a row to tiles of lanes and back to levels: loading, scaling, weighing.
 *
 * The including file defines LANES first. */
#ifndef PR_CODEC_TILE_H
#define PR_CODEC_TILE_H
#include "codec/codec.h"
#include "codec/codec_scan.h"
#include "codec/codec_super.h"
#include <math.h>

/* How squared errors are weighed without an importance matrix: as llama-quantize does. */
typedef enum {
    WEIGH_ONE,    /* Q4_0, Q4_1, Q5_0, Q5_1 */
    WEIGH_ABS,    /* |x|: Q2_K */
    WEIGH_SQUARE, /* x²: Q3_K, Q6_K, IQ4_NL, IQ4_XS */
    WEIGH_RMS     /* root mean square of the sub-block + |x|: Q4_K, Q5_K */
} weigh;

/* With importance: weight · sqrt(`part` · mean square + x²), over the super-block, or over the
 * row where `row` is set; `part` 0: the importance alone. */
typedef struct {
    weigh plain;
    float part;
    bool row;
} weighing;

/* The largest size of `n` values, a multiple of 16: floats of one sign are in order as integers. */
static PR_INLINE float largest(const float *src, int n) {
    native_int top = {0};
    for (int i = 0; i < n; i += NATIVE) {
        native_int v, more;
        memcpy(&v, src + i, sizeof v);
        v &= 0x7fffffff;
        more = (native_int)(v > top);
        top = (v & more) | (top & ~more);
    }
    int32_t one = 0;
    for (int k = 0; k < NATIVE; k++) one = PR_MAX(one, top[k]);
    return pr_f32_bits((uint32_t)one);
}

/* Values l…l+3 of lanes k…k+3, which lie `n` apart in `src`, times `by`. */
static PR_INLINE void tile_turn(tile *t, const float *src, int k, int l, int n, float by) {
    typedef float four PR_VECTOR(16);
    four a, b, c, d, *const row[4] = {&a, &b, &c, &d};
    for (int i = 0; i < 4; i++) {
        memcpy(row[i], src + i * n + l, sizeof a);
        *row[i] *= by;
    }
    four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
         cd = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    four AB = __builtin_shufflevector(a, b, 2, 6, 3, 7),
         CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(ab, cd, 0, 1, 4, 5),
    b = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
    c = __builtin_shufflevector(AB, CD, 0, 1, 4, 5),
    d = __builtin_shufflevector(AB, CD, 2, 3, 6, 7);
    for (int i = 0; i < 4; i++) memcpy(&t->x[l + i][k], row[i], sizeof a);
}

/* Scale lanes at…at+lanes by a power of two so that the largest value lies in 1…2. Where
 * nothing rounds to a number binary16 scales can reach (2^-25) all becomes zero. */
static void tile_scale(tile *t, const float *src, int at, int lanes, int n) {
    float top = largest(src, lanes * n);
    int e = PR_MIN((int)(pr_bits_f32(top) >> 23) - 127, 126);
    bool none = top < 0x1p-25f;
    float up = none ? 1 : pr_f32_bits((uint32_t)(e + 127) << 23);
    float down = none ? 0 : pr_f32_bits((uint32_t)(127 - e) << 23);
    for (int k = at; k < at + lanes; k++) t->up[k] = up, t->down[k] = down;
    if (lanes % 4 == 0)
        for (int k = 0; k < lanes; k += 4)
            for (int l = 0; l < n; l += 4) tile_turn(t, src + k * n, at + k, l, n, down);
    else
        for (int k = 0; k < lanes; k++)
            for (int l = 0; l < n; l++) t->x[l][at + k] = src[k * n + l] * down;
}

static void tile_weigh_plain(tile *t, int n, weigh how) {
    wide rms = wide_splat(0);
    if (how == WEIGH_RMS) {
        for (int l = 0; l < n; l++) rms += wide_load(t->x[l]) * wide_load(t->x[l]);
        for (int k = 0; k < LANES; k++) rms[k] = sqrtf(rms[k] / (float)n);
    }
    for (int l = 0; l < n; l++) {
        wide x = wide_load(t->x[l]), w, one = wide_splat(1);
        switch (how) {
        case WEIGH_ONE:
            w = one;
            break;
        case WEIGH_ABS:
            w = wide_abs(x);
            break;
        case WEIGH_SQUARE:
            w = x * x;
            break;
        default:
            w = rms + wide_abs(x);
            break;
        }
        memcpy(t->w[l], &w, sizeof w);
    }
}

/* Lanes at…at+lanes by importance; `row_ms` is the row's mean square, before scaling. */
static void tile_weigh(tile *t, const float *weight, int at, int lanes, int n, weighing how,
                       double row_ms) {
    float top = 0;
    double ms = 0;
    for (int i = 0; i < lanes * n; i++) top = weight[i] > top ? weight[i] : top;
    int e = PR_MIN(PR_MAX((int)(pr_bits_f32(top) >> 23) - 127, -126), 126);
    float down = pr_f32_bits((uint32_t)(127 - e) << 23);
    for (int k = at; k < at + lanes; k++)
        for (int l = 0; l < n; l++) ms += (double)t->x[l][k] * t->x[l][k];
    ms = how.row ? row_ms * t->down[at] * t->down[at] : ms / (lanes * n);
    float base = (float)(how.part * ms);
    for (int k = at; k < at + lanes; k++)
        for (int l = 0; l < n; l++) {
            float x = t->x[l][k], w = top > 0 ? *weight * down : 1;
            t->w[l][k] = how.part > 0 ? w * sqrtf(base + x * x) : w;
            weight++;
        }
}

/* What the search asks of whole lanes and groups. A group is spiky if a value is six times
 * its root mean square; such a value is lone if it has nine tenths of its lane's Σ w x². */
static STAGE void tile_sums(tile *t, int lanes, int n) {
    wide wx = wide_splat(0), wxx = wx, xx = wx;
    t->sw = t->top = t->top_w = wx;
    for (int l = 0; l < n; l++) {
        wide x = wide_load(t->x[l]), w = wide_load(t->w[l]);
        wide_int m = wide_less(wide_abs(t->top), wide_abs(x));
        t->sw += w;
        wx += w * x;
        wxx += w * x * x;
        xx += x * x;
        t->top = PICK(m, x, t->top);
        t->top_w = PICK(m, w, t->top_w);
    }
    t->rest_w = wide_max(t->sw - t->top_w, wide_splat(0));
    t->inv_sw = wide_ratio(wide_splat(1), t->sw);
    t->rest = wide_ratio(wx - t->top_w * t->top, t->rest_w);
    wide far = 36.0f / (float)(lanes * n) * group_sum(xx, lanes), top2 = t->top * t->top;
    t->lone = wide_less(0.9f * wxx, t->top_w * top2) & wide_less(far, top2);
    t->spiky = wide_less(far, group_max(top2, lanes));
}

/* Up to sixteen sub-blocks of `n` values from `src`; lanes beyond `have` are zero. */
static STAGE void tile_load(tile *t, const float *src, const float *weight, int have, int lanes,
                            int n, weighing how, double row_ms) {
    static const float none[MAX_SUB * LANES] = {0};
    for (int k = 0; k < LANES; k += lanes)
        tile_scale(t, k < have ? src + (int64_t)k * n : none, k, lanes, n);
    tile_weigh_plain(t, n, how.plain);
    if (weight)
        for (int k = 0; k < have; k += lanes)
            tile_weigh(t, weight + (int64_t)k * n, k, lanes, n, how, row_ms);
    tile_sums(t, lanes, n);
}

/* The nearest levels, counted from the lowest, sub-block after sub-block. */
static STAGE void tile_levels(uint8_t *out, const fit *f, const tile *t, grid g) {
    static const float ones[15] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    wide inv = wide_ratio(wide_splat(1), f->s);
    for (int l = 0; l < g.n; l++) {
        float q[LANES];
        for (int c = 0; c < LANES / NATIVE; c++) {
            native x = lane_load(t->x[l], c), b = lane_load(&f->b, c), iv = lane_load(&inv, c);
            native v = g.offset ? (x - b) * iv : x * iv, zero = {0};
            if (g.book)
                v = iq4_count(v, zero, ones);
            else
                v = level(v, g) - g.lo;
            lane_store(q, c, v);
        }
        for (int k = 0; k < LANES; k++) out[k * g.n + l] = (uint8_t)q[k];
    }
}

/* Stretches of the first scales, in levels. What counts is that they lie apart: the usual choice
 * has looked at those within a level of the range. */
static const PR_UNUSED float stretch_even[4] = {0.4f, -0.4f, 0.8f, -0.8f};
static const PR_UNUSED float stretch_clip[2] = {-0.9f, -1.3f};           /* Q4_K, Q5_K */
static const PR_UNUSED float stretch_crumbs[2] = {-0.5f, -0.9f};         /* Q2_K, Q3_K */
static const PR_UNUSED float stretch_sixes[4] = {-0.8f, -1.7f, -2.6f, -3.5f}; /* Q6_K */
static const PR_UNUSED float stretch_iq4[4] = {3, -3, 6, -6};

static STAGE uint16_t half_of(const tile *t, wide v, int k) {
    return pr_f32_to_f16(v[k] * t->up[k]); /* exact: v was made by near_half */
}

/* Ranges for the scan: stretched around the usual one, the lowest level on the least value
 * or beside it. Found by trial on Gaussian, Laplace and trained weights; more of them gain
 * under half a per cent. */
static const PR_UNUSED scan_range scan_ranges[18] = {
    {-1.2f, -0.3f}, {-0.8f, -0.3f}, {-0.4f, -0.3f}, {0, -0.3f}, {0.4f, -0.3f}, {0.8f, -0.3f},
    {-1.2f, 0},     {-0.8f, 0},     {-0.4f, 0},     {0, 0},     {0.4f, 0},     {0.8f, 0},
    {-1.2f, 0.3f},  {-0.8f, 0.3f},  {-0.4f, 0.3f},  {0, 0.3f},  {0.4f, 0.3f},  {0.8f, 0.3f}};

/* The search of super-blocks as most are, at a third of the price: starts from the scan, one
 * choice of d and dmin. Gives the mask of groups that are such: no outlier, lanes alike in
 * width and each with values on both sides of 0, and an error that steps of that width leave
 * (a twelfth of the square, less what fitting gains). A group of few different values has
 * less, one that the search missed has more. */
static STAGE wide_int super_quick(coded *c, const tile *t, grid g, shared_grid sg) {
    fit free = {0};
    scan_find(&free.s, &free.b, t, g, scan_ranges, 18);
    fit_pass(&free, t, g);
    coded_start(c, &free, t, g, sg);
    wide e = group_sum(c->f.e, sg.lanes);
    wide plain = group_sum(c->f.s * c->f.s * t->sw, sg.lanes) * (1.0f / 12);
    wide low, high;
    tile_range(t, g, &low, &high);
    wide range = high - low, widest = group_max(range, sg.lanes);
    wide_int odd = wide_less(high, -0.125f * low) | wide_less(-low, 0.125f * high) |
                   wide_less(range, 0.125f * widest);
    return ~(t->spiky | group_any(odd, sg.lanes)) & wide_less(0.5f * plain, e) &
           wide_less(e, 0.9f * plain);
}

/* All of the search: from the usual choice and beyond it. `n_stretch`, `n_other`: first
 * scales beside the usual one. */
static STAGE void super_full(coded *c, const tile *t, grid g, shared_grid sg, usual_way way,
                             const float *stretch, int n_stretch, int n_other, int rounds) {
    fit free;
    usual u;
    coded known;
    usual_find(&u, t, g, way);
    code_usual(&known, &u, t, g, sg);
    if (g.offset)
        fit_affine(&free, t, g, u.free_s, u.free_b, stretch, n_stretch, n_other, rounds);
    else
        fit_symmetric(&free, t, g, u.free_s, stretch, n_stretch, n_other, rounds);
    code_super(c, &free, &known, t, g, sg);
}

/* Load super-blocks i… of a row, search them, take their levels; how many there are. With
 * importances all of the search is done: whoever has them wants what can be had. */
static STAGE int super_tile(tile *t, coded *c, uint8_t *lev, const float *src,
                            const float *weight, int64_t i, int64_t n, grid g, shared_grid sg,
                            weighing how, usual_way way, const float *stretch, int n_stretch,
                            int n_other, int rounds) {
    int have = (int)PR_MIN(n / 256 - i, LANES / sg.lanes);
    wide_int done = {0};
    tile_load(t, src + 256 * i, weight ? weight + 256 * i : NULL, have * sg.lanes, sg.lanes,
              g.n, how, 0);
    if (way.scan && !weight) done = super_quick(c, t, g, sg);
    for (int k = have * sg.lanes; k < LANES; k++) done[k] = -1; /* nobody's */
    if (!way.scan || wide_any(~done)) {
        coded all;
        super_full(&all, t, g, sg, way, stretch, n_stretch, n_other, rounds);
        if (way.scan)
            coded_keep(c, &all, ~done, g);
        else
            *c = all;
    }
    tile_levels(lev, &c->f, t, g);
    return have;
}
#endif
