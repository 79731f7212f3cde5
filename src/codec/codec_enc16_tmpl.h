/* codec_enc16_tmpl.h - encoders of the types whose scales belong to 16 values: a tile is one
 * super-block. Otherwise as codec_enc32_tmpl.h. */
#define LANES 16
#include "codec/codec_tile.h"

static void pack_crumbs(uint8_t *qs, const uint8_t *lev) { /* two bits each, see decode_q2_k */
    for (int h = 0; h < 2; h++, lev += 128, qs += 32)
        for (int l = 0; l < 32; l++)
            qs[l] = (uint8_t)((lev[l] & 3) | (lev[l + 32] & 3) << 2 | (lev[l + 64] & 3) << 4 |
                              (lev[l + 96] & 3) << 6);
}

void NAME(encode_q2_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid g = {.n = 16, .lo = 0, .hi = 3, .offset = true, .below = true};
    const shared_grid sg = {16, 0, 15, 15, 3, 3, true, true};
    const weighing how = {WEIGH_ABS, 1, false};
    const usual_way way = {-0.5f, 16, true, false, false};
    pr_blk_q2_k *b = dst;
    uint8_t lev[512];
    tile t;
    coded c;
    for (int64_t i = 0; i < n / 256; i++, b++) {
        super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, way, stretch_crumbs, 2, 1, 1);
        b->d = half_of(&t, c.d, 0);
        b->dmin = half_of(&t, c.dm, 0);
        for (int s = 0; s < 16; s++) b->scales[s] = (uint8_t)((int)c.sc[s] | (int)c.mn[s] << 4);
        pack_crumbs(b->qs, lev);
    }
}

void NAME(encode_q3_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid g = {.n = 16, .lo = -4, .hi = 3};
    const shared_grid sg = {16, -32, 31, 0, 3, 2, true, true};
    const weighing how = {WEIGH_SQUARE, 2, false};
    pr_blk_q3_k *b = dst;
    uint8_t lev[512];
    tile t;
    coded c;
    for (int64_t i = 0; i < n / 256; i++, b++) {
        super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, (usual_way){.descent = true},
                   stretch_crumbs, 2, 1, 1);
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

void NAME(encode_q6_k)(void *dst, const float *src, int64_t n, const float *weight) {
    const grid g = {.n = 16, .lo = -32, .hi = 31};
    const shared_grid sg = {16, -128, 127, 0, 2, 2, false, true};
    const weighing how = {WEIGH_SQUARE, 0, false};
    pr_blk_q6_k *b = dst;
    uint8_t lev[512];
    tile t;
    coded c;
    for (int64_t i = 0; i < n / 256; i++, b++) {
        super_tile(&t, &c, lev, src, weight, i, n, g, sg, how, (usual_way){0}, stretch_sixes, 0, 4,
                   1);
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
