/* codec_decode_tmpl.h - from blocks to numbers; compiled once per level of SIMD.
 *
 * The loops are written so that the compiler widens them; every value is one or two
 * roundings in a fixed order, so each level gives the same bits (no contraction).
 * The including file defines NAME(x). Layouts: ggml-common.h, arithmetic: the
 * dequantize_row_* functions of llama.cpp (October 2026), which the vectors test. */
#include "codec/codec.h"

static const int8_t iq4_value[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113};

/* For each block of `src`, wherever it lies: a copy in `blk`. */
#define BLOCKS(type, per)                                                                      \
    const uint8_t *p = src;                                                                    \
    type blk;                                                                                  \
    for (int64_t i = 0; i < n / (per) && (memcpy(&blk, p, sizeof blk), true);                  \
         i++, p += sizeof blk, dst += (per))

/* pr_f16_to_f32 without branches, so that loops over it are widened. */
static inline float half_value(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, a = h & 0x7fffu;
    uint32_t normal = (a << 13) + 0x38000000u;
    uint32_t small = pr_bits_f32((float)(int32_t)a * 0x1p-24f);
    uint32_t large = 0x7f800000u | (a << 13) | ((uint32_t)(a > 0x7c00u) << 22);
    uint32_t is_small = -(uint32_t)(a < 0x400u), is_large = -(uint32_t)(a >= 0x7c00u);
    uint32_t u = normal ^ ((normal ^ small) & is_small);
    u ^= (u ^ large) & is_large;
    return pr_f32_bits(sign | u);
}

void NAME(decode_f32)(float *restrict dst, const void *restrict src, int64_t n) {
    memcpy(dst, src, (size_t)n * 4);
}

void NAME(decode_f16)(float *restrict dst, const void *restrict src, int64_t n) {
    const uint8_t *p = src;
    for (int64_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, p + 2 * i, 2);
        dst[i] = half_value(h);
    }
}

void NAME(decode_bf16)(float *restrict dst, const void *restrict src, int64_t n) {
    const uint8_t *p = src;
    for (int64_t i = 0; i < n; i++) {
        uint16_t h;
        memcpy(&h, p + 2 * i, 2);
        dst[i] = pr_bf16_to_f32(h);
    }
}

void NAME(decode_f64)(float *restrict dst, const void *restrict src, int64_t n) {
    const uint8_t *p = src;
    for (int64_t i = 0; i < n; i++) {
        double d;
        memcpy(&d, p + 8 * i, 8);
        dst[i] = (float)d;
    }
}

void NAME(decode_f8_e4m3)(float *restrict dst, const void *restrict src, int64_t n) {
    const uint8_t *p = src;
    for (int64_t i = 0; i < n; i++) dst[i] = pr_f8_e4m3_to_f32(p[i]);
}

void NAME(decode_f8_e5m2)(float *restrict dst, const void *restrict src, int64_t n) {
    const uint8_t *p = src;
    for (int64_t i = 0; i < n; i++) dst[i] = pr_f8_e5m2_to_f32(p[i]);
}

void NAME(decode_q8_0)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q8_0, 32) {
        const pr_blk_q8_0 *b = &blk;
        float d = half_value(b->d);
        for (int j = 0; j < 32; j++) dst[j] = (float)b->qs[j] * d;
    }
}

void NAME(decode_q4_0)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q4_0, 32) {
        const pr_blk_q4_0 *b = &blk;
        float d = half_value(b->d);
        for (int j = 0; j < 16; j++) dst[j] = (float)((b->qs[j] & 15) - 8) * d;
        for (int j = 0; j < 16; j++) dst[j + 16] = (float)((b->qs[j] >> 4) - 8) * d;
    }
}

void NAME(decode_q4_1)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q4_1, 32) {
        const pr_blk_q4_1 *b = &blk;
        float d = half_value(b->d), m = half_value(b->m);
        for (int j = 0; j < 16; j++) dst[j] = (float)(b->qs[j] & 15) * d + m;
        for (int j = 0; j < 16; j++) dst[j + 16] = (float)(b->qs[j] >> 4) * d + m;
    }
}

/* The 32 fifth bits of a block, each as 0 or 16. */
static inline void fifth_bits(uint8_t out[32], const uint8_t qh[4]) {
    for (int j = 0; j < 32; j++) out[j] = (uint8_t)(((qh[j / 8] >> (j % 8)) & 1) << 4);
}

void NAME(decode_q5_0)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q5_0, 32) {
        const pr_blk_q5_0 *b = &blk;
        float d = half_value(b->d);
        uint8_t h[32];
        fifth_bits(h, b->qh);
        for (int j = 0; j < 16; j++) dst[j] = (float)(((b->qs[j] & 15) | h[j]) - 16) * d;
        for (int j = 0; j < 16; j++)
            dst[j + 16] = (float)(((b->qs[j] >> 4) | h[j + 16]) - 16) * d;
    }
}

void NAME(decode_q5_1)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q5_1, 32) {
        const pr_blk_q5_1 *b = &blk;
        float d = half_value(b->d), m = half_value(b->m);
        uint8_t h[32];
        fifth_bits(h, b->qh);
        for (int j = 0; j < 16; j++) dst[j] = (float)((b->qs[j] & 15) | h[j]) * d + m;
        for (int j = 0; j < 16; j++) dst[j + 16] = (float)((b->qs[j] >> 4) | h[j + 16]) * d + m;
    }
}

/* Two bits of 128 values lie in 32 bytes: value 32·k + l in bits 2k of byte l. */
void NAME(decode_q2_k)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q2_k, 256) {
        const pr_blk_q2_k *b = &blk;
        float d = half_value(b->d), m = half_value(b->dmin);
        for (int s = 0; s < 16; s++) {
            float ds = d * (float)(b->scales[s] & 15), ms = m * (float)(b->scales[s] >> 4);
            const uint8_t *q = b->qs + 32 * (s / 8) + 16 * (s % 2);
            int shift = 2 * (s % 8 / 2);
            for (int l = 0; l < 16; l++)
                dst[16 * s + l] = ds * (float)((q[l] >> shift) & 3) - ms;
        }
    }
}

/* Sixteen 6-bit scales: low nibbles of s and s+8 share byte s; the two high bits of
 * s, s+4, s+8, s+12 share byte 8 + s%4. */
void NAME(decode_q3_k)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q3_k, 256) {
        const pr_blk_q3_k *b = &blk;
        float d = half_value(b->d);
        for (int s = 0; s < 16; s++) {
            int low = s < 8 ? b->scales[s] & 15 : b->scales[s - 8] >> 4;
            int high = (b->scales[8 + s % 4] >> (2 * (s / 4))) & 3;
            float ds = d * (float)((low | high << 4) - 32);
            const uint8_t *q = b->qs + 32 * (s / 8) + 16 * (s % 2),
                          *h = b->hmask + 16 * (s % 2);
            int shift = 2 * (s % 8 / 2), bit = s / 2;
            for (int l = 0; l < 16; l++)
                dst[16 * s + l] =
                    ds * (float)(((q[l] >> shift) & 3) + (((h[l] >> bit) & 1) << 2) - 4);
        }
    }
}

/* Eight 6-bit scales and minima in 12 bytes: of the first four the low six bits of
 * bytes 0-3 and 4-7, of the last four nibbles of bytes 8-11 and those bytes' top bits. */
static inline void scales_k4(int *scale, int *min, const uint8_t *p, int s) {
    if (s < 4) {
        *scale = p[s] & 63;
        *min = p[s + 4] & 63;
    } else {
        *scale = (p[s + 4] & 15) | (p[s - 4] >> 6) << 4;
        *min = (p[s + 4] >> 4) | (p[s] >> 6) << 4;
    }
}

void NAME(decode_q4_k)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q4_k, 256) {
        const pr_blk_q4_k *b = &blk;
        float d = half_value(b->d), m = half_value(b->dmin);
        for (int s = 0; s < 8; s += 2) { /* two sub-blocks share 32 bytes */
            int s0, m0, s1, m1;
            scales_k4(&s0, &m0, b->scales, s);
            scales_k4(&s1, &m1, b->scales, s + 1);
            float d0 = d * (float)s0, o0 = m * (float)m0, d1 = d * (float)s1,
                  o1 = m * (float)m1;
            const uint8_t *q = b->qs + 16 * s;
            float *y = dst + 32 * s;
            for (int l = 0; l < 32; l++) y[l] = d0 * (float)(q[l] & 15) - o0;
            for (int l = 0; l < 32; l++) y[32 + l] = d1 * (float)(q[l] >> 4) - o1;
        }
    }
}

void NAME(decode_q5_k)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q5_k, 256) {
        const pr_blk_q5_k *b = &blk;
        float d = half_value(b->d), m = half_value(b->dmin);
        for (int s = 0; s < 8; s++) {
            int si, mi;
            scales_k4(&si, &mi, b->scales, s);
            float ds = d * (float)si, ms = m * (float)mi;
            const uint8_t *q = b->qs + 32 * (s / 2);
            int shift = 4 * (s % 2);
            for (int l = 0; l < 32; l++) {
                int v = ((q[l] >> shift) & 15) | ((b->qh[l] >> s) & 1) << 4;
                dst[32 * s + l] = ds * (float)v - ms;
            }
        }
    }
}

/* Per half of 128: value 32·k + l has its low nibble in ql[32·(k%2) + l] (low for
 * k < 2) and its two high bits in bits 2k of qh[l]. */
void NAME(decode_q6_k)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_q6_k, 256) {
        const pr_blk_q6_k *b = &blk;
        float d = half_value(b->d);
        for (int s = 0; s < 16; s++) {
            float ds = d * (float)b->scales[s];
            int k = s % 8 / 2, at = 16 * (s % 2);
            const uint8_t *l4 = b->ql + 64 * (s / 8) + 32 * (k % 2) + at;
            const uint8_t *h2 = b->qh + 32 * (s / 8) + at;
            for (int l = 0; l < 16; l++) {
                int v = ((l4[l] >> (4 * (k / 2))) & 15) | ((h2[l] >> (2 * k)) & 3) << 4;
                dst[16 * s + l] = ds * (float)(v - 32);
            }
        }
    }
}

void NAME(decode_iq4_nl)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_iq4_nl, 32) {
        const pr_blk_iq4_nl *b = &blk;
        float d = half_value(b->d);
        for (int j = 0; j < 16; j++) dst[j] = d * (float)iq4_value[b->qs[j] & 15];
        for (int j = 0; j < 16; j++) dst[j + 16] = d * (float)iq4_value[b->qs[j] >> 4];
    }
}

void NAME(decode_iq4_xs)(float *restrict dst, const void *restrict src, int64_t n) {
    BLOCKS(pr_blk_iq4_xs, 256) {
        const pr_blk_iq4_xs *b = &blk;
        float d = half_value(b->d);
        for (int s = 0; s < 8; s++) {
            int low = (b->scales_l[s / 2] >> (4 * (s % 2))) & 15,
                high = (b->scales_h >> (2 * s)) & 3;
            float ds = d * (float)((low | high << 4) - 32);
            const uint8_t *q = b->qs + 16 * s;
            for (int j = 0; j < 16; j++) dst[32 * s + j] = ds * (float)iq4_value[q[j] & 15];
            for (int j = 0; j < 16; j++)
                dst[32 * s + j + 16] = ds * (float)iq4_value[q[j] >> 4];
        }
    }
}
