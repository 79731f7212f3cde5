/* codec_enc32_tmpl.h - encoders of the types whose scales belong to 32 values; compiled once
 * per level of SIMD.
 *
 * Each encoder loads a tile of sub-blocks, searches their scales (codec_search.h,
 * codec_super.h), takes the nearest levels and packs them. A lane's arithmetic is one IEEE
 * operation after another in a fixed order, so the bytes are the same at every level; so is the
 * number of lanes free to follow the machine (8: one super-block; 16: two).
 * The including file defines NAME(x). */
#if defined(__AVX512F__)
#define LANES 16
#else
#define LANES 8
#endif
#include "codec/codec_tile.h"

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

static const weighing weigh_one = {WEIGH_ONE, 1, true}, weigh_iq4 = {WEIGH_SQUARE, 2, false};

static double row_mean_square(const float *src, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += (double)src[i] * src[i];
    return n > 0 ? s / (double)n : 0;
}

static STAGE void search_alone(fit *best, const tile *t, grid g) {
    fit free;
    usual u = {.s = t->top / g.lo};
    if (g.offset) {
        tile_range(t, g, &u.b, &u.s);
        u.s = (u.s - u.b) / g.hi;
        fit_affine(&free, t, g, u.s, u.b, stretch_even, 4, 2, 3);
    } else if (g.book) {
        usual_find(&u, t, g, (usual_way){0});
        fit_symmetric(&free, t, g, u.s, stretch_iq4, 0, 4, 1);
    } else {
        fit_symmetric(&free, t, g, u.s, stretch_even, 4, 3, 3);
    }
    code_alone(best, &free, u.s, u.b, t, g, 2);
}

/* Load blocks i…i+16 of a row of blocks of 32, search them, take their levels; how many there
 * are. */
static STAGE int block_tile(tile *t, fit *f, uint8_t *lev, const float *src,
                            const float *weight, int64_t i, int64_t n, grid g, weighing how,
                            double ms) {
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
    const grid g = {.n = 32, .lo = -8, .hi = 7};
    pr_blk_q4_0 *b = dst;
    double ms = weight ? row_mean_square(src, n) : 0;
    uint8_t lev[32 * LANES];
    tile t;
    fit f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_one, ms);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            pack_nibbles(b->qs, lev + 32 * k);
        }
    }
}

void NAME(encode_q4_1)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid g = {.n = 32, .lo = 0, .hi = 15, .offset = true};
    pr_blk_q4_1 *b = dst;
    double ms = weight ? row_mean_square(src, n) : 0;
    uint8_t lev[32 * LANES];
    tile t;
    fit f;
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
    const grid g = {.n = 32, .lo = -16, .hi = 15};
    pr_blk_q5_0 *b = dst;
    double ms = weight ? row_mean_square(src, n) : 0;
    uint8_t lev[32 * LANES];
    tile t;
    fit f;
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
    const grid g = {.n = 32, .lo = 0, .hi = 31, .offset = true};
    pr_blk_q5_1 *b = dst;
    double ms = weight ? row_mean_square(src, n) : 0;
    uint8_t lev[32 * LANES];
    tile t;
    fit f;
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
    const grid g = {.n = 32, .lo = -127, .hi = 113, .book = true};
    pr_blk_iq4_nl *b = dst;
    uint8_t lev[32 * LANES];
    tile t;
    fit f;
    for (int64_t i = 0; i < n / 32; i += LANES) {
        int have = block_tile(&t, &f, lev, src, weight, i, n, g, weigh_iq4, 0);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, f.s, k);
            pack_nibbles(b->qs, lev + 32 * k);
        }
    }
}

/* ------------------------------------------------------------ super-blocks of 8 × 32 */

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
    const grid g = {.n = 32, .lo = 0, .hi = 15, .offset = true, .below = true};
    const shared_grid sg = {8, 0, 63, 63, 3, 2, true, true};
    const weighing how = {WEIGH_RMS, 2, false};
    const usual_way way = {-1, 21, false, false, true};
    pr_blk_q4_k *b = dst;
    uint8_t lev[32 * LANES];
    tile t;
    coded c;
    for (int64_t i = 0; i < n / 256; i += LANES / 8) {
        int have =
            super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, way, stretch_clip, 2, 1, 1);
        for (int k = 0; k < have; k++, b++) {
            b->d = half_of(&t, c.d, 8 * k);
            b->dmin = half_of(&t, c.dm, 8 * k);
            pack_scales_k4(b->scales, &c, 8 * k);
            pack_pairs(b->qs, lev + 256 * k);
        }
    }
}

void NAME(encode_q5_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid g = {.n = 32, .lo = 0, .hi = 31, .offset = true, .below = true};
    const shared_grid sg = {8, 0, 63, 63, 3, 2, true, true};
    const weighing how = {WEIGH_RMS, 2, false};
    const usual_way way = {-0.5f, 16, false, false, true};
    pr_blk_q5_k *b = dst;
    uint8_t lev[32 * LANES];
    tile t;
    coded c;
    for (int64_t i = 0; i < n / 256; i += LANES / 8) {
        int have =
            super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, way, stretch_clip, 2, 1, 1);
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

void NAME(encode_iq4_xs)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid g = {.n = 32, .lo = -127, .hi = 113, .book = true};
    const shared_grid sg = {8, -32, 31, 0, 4, 2, true, true};
    pr_blk_iq4_xs *b = dst;
    uint8_t lev[32 * LANES];
    tile t;
    coded c;
    for (int64_t i = 0; i < n / 256; i += LANES / 8) {
        int have =
            super_tile(&t, &c, lev, src, weight, i, n, g, sg, weigh_iq4, (usual_way){0},
                       stretch_iq4, 0, 4, 1);
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
