/* codec_encode_tmpl.h - from numbers to blocks; compiled once per level of SIMD.
 *
 * Each encoder loads sixteen sub-blocks (a tile), searches their scales (codec_search.h,
 * codec_super.h), takes the nearest levels and packs them. A tile's arithmetic is one IEEE
 * operation per lane in a fixed order, so the bytes are the same at every level.
 * The including file defines NAME(x). */
#include "kernel/codec.h"
#include <math.h>
#include "kernel/codec_super.h"

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
    bool  row;
} weighing;

/* Scale lanes at…at+lanes by a power of two so that the largest value lies in 1…2. Where
 * nothing rounds to a number binary16 scales can reach (2^-25) all becomes zero. */
static void tile_scale(tile *t, const float *src, int at, int lanes, int n) {
    float top = 0;
    for (int i = 0; i < lanes * n; i++) {
        float a = pr_f32_bits(pr_bits_f32(src[i]) & 0x7fffffffu);
        top = a > top ? a : top;
    }
    int   e = PR_MIN((int)(pr_bits_f32(top) >> 23) - 127, 126);
    bool  none = top < 0x1p-25f;
    float up = none ? 1 : pr_f32_bits((uint32_t)(e + 127) << 23);
    float down = none ? 0 : pr_f32_bits((uint32_t)(127 - e) << 23);
    for (int k = at; k < at + lanes; k++) {
        t->up[k] = up;
        t->down[k] = down;
        for (int l = 0; l < n; l++) t->x[l][k] = *src++ * down;
    }
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
        case WEIGH_ONE: w = one; break;
        case WEIGH_ABS: w = wide_abs(x); break;
        case WEIGH_SQUARE: w = x * x; break;
        default: w = rms + wide_abs(x); break;
        }
        memcpy(t->w[l], &w, sizeof w);
    }
}

/* Lanes at…at+lanes by importance; `row_ms` is the row's mean square, before scaling. */
static void tile_weigh(tile *t, const float *weight, int at, int lanes, int n, weighing how,
                       double row_ms) {
    float  top = 0;
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

static double row_mean_square(const float *src, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += (double)src[i] * src[i];
    return n > 0 ? s / (double)n : 0;
}

/* Up to sixteen sub-blocks of `n` values from `src`; lanes beyond `have` are zero. */
static void tile_load(tile *t, const float *src, const float *weight, int have, int lanes, int n,
                      weighing how, double row_ms) {
    static const float none[MAX_SUB * LANES] = {0};
    for (int k = 0; k < LANES; k += lanes)
        tile_scale(t, k < have ? src + (int64_t)k * n : none, k, lanes, n);
    tile_weigh_plain(t, n, how.plain);
    if (weight)
        for (int k = 0; k < have; k += lanes)
            tile_weigh(t, weight + (int64_t)k * n, k, lanes, n, how, row_ms);
    t->sw = wide_splat(0);
    for (int l = 0; l < n; l++) t->sw += wide_load(t->w[l]);
}

/* The nearest levels, counted from the lowest, sub-block after sub-block. */
static PR_INLINE void tile_levels(uint8_t *out, const fit *f, const tile *t, grid g) {
    static const float ones[15] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    wide               inv = wide_ratio(wide_splat(1), f->s);
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

void NAME(encode_f32)(void *dst, const float *src, int64_t n, const float *weight) {
    memcpy(dst, src, (size_t)n * 4);
}

void NAME(encode_f16)(void *dst, const float *src, int64_t n, const float *weight) {
    uint16_t *p = dst;
    for (int64_t i = 0; i < n; i++) p[i] = pr_f32_to_f16(src[i]);
}

void NAME(encode_bf16)(void *dst, const float *src, int64_t n, const float *weight) {
    uint16_t *p = dst;
    for (int64_t i = 0; i < n; i++) p[i] = pr_f32_to_bf16(src[i]);
}

/* Round to nearest, halves away from zero: byte for byte what ggml writes, for a search gains
 * next to nothing here (d is max / 127). */
void NAME(encode_q8_0)(void *dst, const float *src, int64_t n, const float *weight) {
    pr_blk_q8_0 *b = dst;
    for (int64_t i = 0; i < n / 32; i++, b++, src += 32) {
        float top = 0;
        for (int j = 0; j < 32; j++) {
            float a = pr_f32_bits(pr_bits_f32(src[j]) & 0x7fffffffu);
            top = a > top ? a : top;
        }
        float d = top / 127, inv = top > 0x1p-100f ? 1 / d : 0;
        d = d < 65504 ? d : 65504;
        inv = d < 65504 ? inv : 0x1p-16f; /* 1/65504 as near as matters: it saturates */
        b->d = pr_f32_to_f16(d);
        for (int j = 0; j < 32; j++) {
            float x = src[j] * inv;
            x = x > -127 ? x : -127;
            x = x < 127 ? x : 127;
            float r = (x + 12582912.0f) - 12582912.0f;
            r += (x > 0 && x - r == 0.5f) ? 1.0f : 0.0f;
            r -= (x < 0 && x - r == -0.5f) ? 1.0f : 0.0f;
            b->qs[j] = (int8_t)r;
        }
    }
}

/* ------------------------------------------------------------ 32 values, own scale */

static const float stretch_even[8] = {0.4f, -0.4f, 0.8f, -0.8f, 0.2f, -0.2f, 0.6f, -0.6f};
static const float stretch_iq4[8] = {3, -3, 6, -6, 9, -9, 12, -12};

static const weighing weigh_one = {WEIGH_ONE, 1, true}, weigh_iq4 = {WEIGH_SQUARE, 2, false};

static PR_INLINE uint16_t half_of(const tile *t, wide v, int k) {
    return pr_f32_to_f16(v[k] * t->up[k]); /* exact: v was made by near_half */
}

static PR_INLINE void search_alone(fit *best, const tile *t, grid g) {
    fit free, plain;
    if (g.offset)
        fit_affine(&free, &plain, t, g, stretch_even, 4, 3);
    else if (g.book)
        fit_symmetric(&free, &plain, t, g, stretch_iq4, 6, 4, 3);
    else
        fit_symmetric(&free, &plain, t, g, stretch_even, 4, 3, 3);
    code_alone(best, &free, &plain, t, g, 2);
}

/* Load blocks i…i+16 of a row of blocks of 32, search them, take their levels; how many there are. */
static PR_INLINE int block_tile(tile *t, fit *f, uint8_t *lev, const float *src, const float *weight,
                                int64_t i, int64_t n, grid g, weighing how, double ms) {
    int have = (int)PR_MIN(n / 32 - i, LANES);
    tile_load(t, src + 32 * i, weight ? weight + 32 * i : NULL, have, 1, 32, how, ms);
    search_alone(f, t, g);
    tile_levels(lev, f, t, g);
    return have;
}

static void pack_nibbles(uint8_t *qs, const uint8_t *lev) {
    for (int j = 0; j < 16; j++) qs[j] = (uint8_t)((lev[j] & 15) | (lev[j + 16] & 15) << 4);
}

static void pack_fifths(uint8_t *qh, const uint8_t *lev) {
    for (int k = 0; k < 4; k++) {
        int v = 0;
        for (int j = 0; j < 8; j++) v |= ((lev[8 * k + j] >> 4) & 1) << j;
        qh[k] = (uint8_t)v;
    }
}

void NAME(encode_q4_0)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid   g = {.n = 32, .lo = -8, .hi = 7};
    pr_blk_q4_0 *b = dst;
    double       ms = weight ? row_mean_square(src, n) : 0;
    uint8_t      lev[512];
    tile         t;
    fit          f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_one, ms);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            pack_nibbles(b->qs, lev + 32 * k);
        }
    }
}

void NAME(encode_q4_1)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid   g = {.n = 32, .lo = 0, .hi = 15, .offset = true};
    pr_blk_q4_1 *b = dst;
    double       ms = weight ? row_mean_square(src, n) : 0;
    uint8_t      lev[512];
    tile         t;
    fit          f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_one, ms);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            b->m = half_of(&t, f.b, k);
            pack_nibbles(b->qs, lev + 32 * k);
        }
    }
}

void NAME(encode_q5_0)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid   g = {.n = 32, .lo = -16, .hi = 15};
    pr_blk_q5_0 *b = dst;
    double       ms = weight ? row_mean_square(src, n) : 0;
    uint8_t      lev[512];
    tile         t;
    fit          f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_one, ms);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            pack_nibbles(b->qs, lev + 32 * k);
            pack_fifths(b->qh, lev + 32 * k);
        }
    }
}

void NAME(encode_q5_1)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid   g = {.n = 32, .lo = 0, .hi = 31, .offset = true};
    pr_blk_q5_1 *b = dst;
    double       ms = weight ? row_mean_square(src, n) : 0;
    uint8_t      lev[512];
    tile         t;
    fit          f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_one, ms);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            b->m = half_of(&t, f.b, k);
            pack_nibbles(b->qs, lev + 32 * k);
            pack_fifths(b->qh, lev + 32 * k);
        }
    }
}

void NAME(encode_iq4_nl)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid     g = {.n = 32, .lo = -127, .hi = 113, .book = true};
    pr_blk_iq4_nl *b = dst;
    uint8_t        lev[512];
    tile           t;
    fit            f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_iq4, 0);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            pack_nibbles(b->qs, lev + 32 * k);
        }
    }
}

/* ------------------------------------------------------------ super-blocks of 256 */

/* Load super-blocks i… of a row, search them, take their levels; how many there are. */
static PR_INLINE int super_tile(tile *t, coded *c, uint8_t *lev, const float *src,
                                const float *weight, int64_t i, int64_t n, grid g, shared_grid sg,
                                weighing how, const float *stretch, int n_stretch, int n_other,
                                int rounds) {
    int have = (int)PR_MIN(n / 256 - i, LANES / sg.lanes);
    fit free, plain;
    tile_load(t, src + 256 * i, weight ? weight + 256 * i : NULL, have * sg.lanes, sg.lanes, g.n,
              how, 0);
    if (g.offset)
        fit_affine(&free, &plain, t, g, stretch, n_stretch, rounds);
    else
        fit_symmetric(&free, &plain, t, g, stretch, n_stretch, n_other, rounds);
    code_super(c, &free, t, g, sg);
    tile_levels(lev, &c->f, t, g);
    return have;
}

static void pack_crumbs(uint8_t *qs, const uint8_t *lev) { /* two bits each, see decode_q2_k */
    for (int h = 0; h < 2; h++, lev += 128, qs += 32)
        for (int l = 0; l < 32; l++)
            qs[l] = (uint8_t)((lev[l] & 3) | (lev[l + 32] & 3) << 2 | (lev[l + 64] & 3) << 4 |
                              (lev[l + 96] & 3) << 6);
}

void NAME(encode_q2_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid        g = {.n = 16, .lo = 0, .hi = 3, .offset = true, .below = true};
    const shared_grid sg = {16, 0, 15, 15, 6, 3, true};
    const weighing    how = {WEIGH_ABS, 1, false};
    static const float stretch[6] = {0.3f, -0.3f, 0.7f, -0.7f, 1.2f, -1.0f};
    pr_blk_q2_k      *b = dst;
    uint8_t           lev[512];
    tile              t;
    coded             c;
    for (int64_t i = 0; i < n / 256; i++, b++) {
        super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, stretch, 6, 0, 3);
        b->d = half_of(&t, c.d, 0);
        b->dmin = half_of(&t, c.dm, 0);
        for (int s = 0; s < 16; s++) b->scales[s] = (uint8_t)((int)c.sc[s] | (int)c.mn[s] << 4);
        pack_crumbs(b->qs, lev);
    }
}

void NAME(encode_q3_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid        g = {.n = 16, .lo = -4, .hi = 3};
    const shared_grid sg = {16, -32, 31, 0, 6, 2, true};
    const weighing    how = {WEIGH_SQUARE, 2, false};
    pr_blk_q3_k      *b = dst;
    uint8_t           lev[512];
    tile              t;
    coded             c;
    for (int64_t i = 0; i < n / 256; i++, b++) {
        super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, stretch_even, 8, 5, 2);
        b->d = half_of(&t, c.d, 0);
        memset(b->scales, 0, sizeof b->scales);
        for (int s = 0; s < 16; s++) {
            int v = (int)c.sc[s] + 32;
            b->scales[s % 8] |= (uint8_t)((v & 15) << (4 * (s / 8)));
            b->scales[8 + s % 4] |= (uint8_t)((v >> 4) << (2 * (s / 4)));
        }
        pack_crumbs(b->qs, lev);
        for (int l = 0; l < 32; l++) {
            int h = 0;
            for (int k = 0; k < 8; k++) h |= (lev[32 * k + l] >> 2) << k;
            b->hmask[l] = (uint8_t)h;
        }
    }
}

/* See scales_k4 of the decoders. */
static void pack_scales_k4(uint8_t *p, const coded *c, int at) {
    int s[8], m[8];
    for (int k = 0; k < 8; k++) s[k] = (int)c->sc[at + k], m[k] = (int)c->mn[at + k];
    for (int k = 0; k < 4; k++) {
        p[k] = (uint8_t)(s[k] | (s[k + 4] >> 4) << 6);
        p[k + 4] = (uint8_t)(m[k] | (m[k + 4] >> 4) << 6);
        p[k + 8] = (uint8_t)((s[k + 4] & 15) | (m[k + 4] & 15) << 4);
    }
}

static void pack_pairs(uint8_t *qs, const uint8_t *lev) { /* nibbles of 64 values in 32 bytes */
    for (int h = 0; h < 4; h++, lev += 64, qs += 32)
        for (int l = 0; l < 32; l++) qs[l] = (uint8_t)((lev[l] & 15) | (lev[l + 32] & 15) << 4);
}

void NAME(encode_q4_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid        g = {.n = 32, .lo = 0, .hi = 15, .offset = true, .below = true};
    const shared_grid sg = {8, 0, 63, 63, 2, 2, false};
    const weighing    how = {WEIGH_RMS, 2, false};
    pr_blk_q4_k      *b = dst;
    uint8_t           lev[512];
    tile              t;
    coded             c;
    for (int64_t i = 0; i < n / 256; i += 2) {
        int have = super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, stretch_even, 4, 0, 3);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, c.d, 8 * k);
            b->dmin = half_of(&t, c.dm, 8 * k);
            pack_scales_k4(b->scales, &c, 8 * k);
            pack_pairs(b->qs, lev + 256 * k);
        }
    }
}

void NAME(encode_q5_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid        g = {.n = 32, .lo = 0, .hi = 31, .offset = true, .below = true};
    const shared_grid sg = {8, 0, 63, 63, 2, 2, false};
    const weighing    how = {WEIGH_RMS, 2, false};
    pr_blk_q5_k      *b = dst;
    uint8_t           lev[512];
    tile              t;
    coded             c;
    for (int64_t i = 0; i < n / 256; i += 2) {
        int have = super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, stretch_even, 4, 0, 3);
        for (int k = 0; k < have; k++, b++) {
            const uint8_t *v = lev + 256 * k;
            b->d = half_of(&t, c.d, 8 * k);
            b->dmin = half_of(&t, c.dm, 8 * k);
            pack_scales_k4(b->scales, &c, 8 * k);
            pack_pairs(b->qs, v);
            for (int l = 0; l < 32; l++) {
                int h = 0;
                for (int s = 0; s < 8; s++) h |= (v[32 * s + l] >> 4) << s;
                b->qh[l] = (uint8_t)h;
            }
        }
    }
}

void NAME(encode_q6_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid        g = {.n = 16, .lo = -32, .hi = 31};
    const shared_grid sg = {16, -128, 127, 0, 2, 2, false};
    const weighing    how = {WEIGH_SQUARE, 0, false};
    pr_blk_q6_k      *b = dst;
    uint8_t           lev[512];
    tile              t;
    coded             c;
    for (int64_t i = 0; i < n / 256; i++, b++) {
        super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, stretch_even, 8, 4, 3);
        b->d = half_of(&t, c.d, 0);
        for (int s = 0; s < 16; s++) b->scales[s] = (int8_t)c.sc[s];
        for (int h = 0; h < 2; h++) {
            const uint8_t *v = lev + 128 * h;
            for (int l = 0; l < 64; l++)
                b->ql[64 * h + l] = (uint8_t)((v[l] & 15) | (v[l + 64] & 15) << 4);
            for (int l = 0; l < 32; l++)
                b->qh[32 * h + l] = (uint8_t)(v[l] >> 4 | (v[l + 32] >> 4) << 2 |
                                              (v[l + 64] >> 4) << 4 | (v[l + 96] >> 4) << 6);
        }
    }
}

void NAME(encode_iq4_xs)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid        g = {.n = 32, .lo = -127, .hi = 113, .book = true};
    const shared_grid sg = {8, -32, 31, 0, 4, 2, true};
    pr_blk_iq4_xs    *b = dst;
    uint8_t           lev[512];
    tile              t;
    coded             c;
    for (int64_t i = 0; i < n / 256; i += 2) {
        int have = super_tile(&t, &c, lev, src, weight, i, n, g, sg, weigh_iq4, stretch_iq4, 6, 4, 2);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, c.d, 8 * k);
            b->scales_h = 0;
            memset(b->scales_l, 0, sizeof b->scales_l);
            for (int s = 0; s < 8; s++) {
                int v = (int)c.sc[8 * k + s] + 32;
                b->scales_l[s / 2] |= (uint8_t)((v & 15) << (4 * (s % 2)));
                b->scales_h |= (uint16_t)((v >> 4) << (2 * s));
                pack_nibbles(b->qs + 16 * s, lev + 256 * k + 32 * s);
            }
        }
    }
}
