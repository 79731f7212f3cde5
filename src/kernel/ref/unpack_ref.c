/* unpack_ref.c - quantized rows as codes, scales and mins: the definition.
 *
 * The layouts are those of ggml's blocks (tensor.h pins their bytes): in blocks of
 * 32 the low nibble of byte j is weight j, the high one weight j + 16; in blocks of
 * 256 each run of bytes holds several runs of weights at rising bit positions. */
#include "../kernel_impl.h"

static const uint8_t iq4[16] = {PR_IQ4_CODES};

static uint16_t le16(const uint8_t *p) { return (uint16_t)(p[0] | p[1] << 8); }

void pr_unpack_q4_0_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 32; i++, b += 18, u += 32) {
        scale[i] = pr_f16_to_f32(le16(b));
        for (int j = 0; j < 16; j++) u[j] = b[2 + j] & 15, u[j + 16] = b[2 + j] >> 4;
    }
}

void pr_unpack_q4_1_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 32; i++, b += 20, u += 32) {
        scale[i] = pr_f16_to_f32(le16(b));
        min[i] = -pr_f16_to_f32(le16(b + 2));
        for (int j = 0; j < 16; j++) u[j] = b[4 + j] & 15, u[j + 16] = b[4 + j] >> 4;
    }
}

static void codes_q5(uint8_t *u, const uint8_t *qh, const uint8_t *qs) {
    uint32_t h;
    memcpy(&h, qh, 4);
    for (int j = 0; j < 16; j++) {
        u[j] = (uint8_t)((qs[j] & 15) | (h >> j & 1) << 4);
        u[j + 16] = (uint8_t)(qs[j] >> 4 | (h >> (j + 16) & 1) << 4);
    }
}

void pr_unpack_q5_0_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 32; i++, b += 22, u += 32) {
        scale[i] = pr_f16_to_f32(le16(b));
        codes_q5(u, b + 2, b + 6);
    }
}

void pr_unpack_q5_1_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 32; i++, b += 24, u += 32) {
        scale[i] = pr_f16_to_f32(le16(b));
        min[i] = -pr_f16_to_f32(le16(b + 2));
        codes_q5(u, b + 4, b + 8);
    }
}

void pr_unpack_q8_0_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 32; i++, b += 34, u += 32) {
        scale[i] = pr_f16_to_f32(le16(b));
        for (int j = 0; j < 32; j++) u[j] = b[2 + j] ^ 0x80;
    }
}

void pr_unpack_iq4_nl_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 32; i++, b += 18, u += 32) {
        scale[i] = pr_f16_to_f32(le16(b));
        for (int j = 0; j < 16; j++) u[j] = iq4[b[2 + j] & 15], u[j + 16] = iq4[b[2 + j] >> 4];
    }
}

void pr_unpack_iq4_xs_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 256; i++, b += 136, scale += 8) {
        float d = pr_f16_to_f32(le16(b));
        for (int s = 0; s < 8; s++, u += 32) {
            const uint8_t *q = b + 8 + 16 * s;
            int sc = (b[4 + s / 2] >> 4 * (s % 2) & 15) | (le16(b + 2) >> 2 * s & 3) << 4;
            scale[s] = d * (float)(sc - 32);
            for (int j = 0; j < 16; j++) u[j] = iq4[q[j] & 15], u[j + 16] = iq4[q[j] >> 4];
        }
    }
}

void pr_unpack_q2_k_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 256; i++, b += 84) {
        float d = pr_f16_to_f32(le16(b + 80)), dmin = pr_f16_to_f32(le16(b + 82));
        for (int g = 0; g < 16; g++) {
            *scale++ = d * (float)(b[g] & 15);
            *min++ = dmin * (float)(b[g] >> 4);
        }
        for (int k = 0; k < 256; k++)
            *u++ = b[16 + k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3;
    }
}

void pr_unpack_q3_k_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 256; i++, b += 110) {
        float   d = pr_f16_to_f32(le16(b + 108));
        uint8_t sc[16];
        pr_scales_k3(sc, b + 96);
        for (int g = 0; g < 16; g++) *scale++ = d * (float)(sc[g] - 32);
        for (int k = 0; k < 256; k++) {
            int low = b[32 + k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3;
            *u++ = (uint8_t)(low | (b[k % 32] >> k / 32 & 1) << 2);
        }
    }
}

void pr_unpack_q4_k_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 256; i++, b += 144) {
        float   d = pr_f16_to_f32(le16(b)), dmin = pr_f16_to_f32(le16(b + 2));
        uint8_t sc[16];
        pr_scales_k4(sc, b + 4);
        for (int g = 0; g < 8; g++) *scale++ = d * (float)sc[g], *min++ = dmin * (float)sc[8 + g];
        for (int k = 0; k < 256; k++) *u++ = b[16 + k / 64 * 32 + k % 32] >> k % 64 / 32 * 4 & 15;
    }
}

void pr_unpack_q5_k_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 256; i++, b += 176) {
        float   d = pr_f16_to_f32(le16(b)), dmin = pr_f16_to_f32(le16(b + 2));
        uint8_t sc[16];
        pr_scales_k4(sc, b + 4);
        for (int g = 0; g < 8; g++) *scale++ = d * (float)sc[g], *min++ = dmin * (float)sc[8 + g];
        for (int k = 0; k < 256; k++) {
            int low = b[48 + k / 64 * 32 + k % 32] >> k % 64 / 32 * 4 & 15;
            *u++ = (uint8_t)(low | (b[16 + k % 32] >> k / 32 & 1) << 4);
        }
    }
}

void pr_unpack_q6_k_ref(uint8_t *u, float *scale, float *min, const void *row, int64_t n) {
    const uint8_t *b = row;
    for (int64_t i = 0; i < n / 256; i++, b += 210) {
        float d = pr_f16_to_f32(le16(b + 208));
        for (int g = 0; g < 16; g++) *scale++ = d * (float)(int8_t)b[192 + g];
        for (int k = 0; k < 256; k++) {
            int low = b[k / 128 * 64 + k % 64] >> k % 128 / 64 * 4 & 15;
            int high = b[128 + k / 128 * 32 + k % 32] >> k % 128 / 32 * 2 & 3;
            *u++ = (uint8_t)(low | high << 4);
        }
    }
}
