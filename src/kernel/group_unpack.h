/* group_unpack.h - rows in groups as codes, scales and mins (kernel.h says which); compiled
 * once per
 * level of SIMD.
 *
 * Includer defines NAME(x), `halves_of`, binary16 as floats, and `nibbles_of`, codes of 4 bits.
 * Always true: a piece starts
 * where a group and a byte of codes do, or 32 of a longer group's values later. */

/* Eight codes are `bits` whole bytes; the callers give constants. */
static inline void codes_of(uint8_t *u, const uint8_t *p, int64_t n, int bits) {
    for (int64_t i = 0; i < n; i += 8, p += bits) {
        uint64_t v = 0;
        for (int k = 0; k < bits; k++) v |= (uint64_t)p[k] << (8 * k);
        for (int j = 0; j < 8; j++) u[i + j] = (uint8_t)(v >> (j * bits) & ((1u << bits) - 1));
    }
}

static void group_codes(uint8_t *u, const pr_group_spec *s, const uint8_t *p, int64_t n) {
    static const uint8_t fp4[16] = {128, 129, 130, 131, 132, 134, 136, 140,
                                    128, 127, 126, 125, 124, 122, 120, 116};
    uint8_t turn = s->rule == PR_GROUP_SYM && s->twos ? (uint8_t)(1 << (s->bits - 1)) : 0;
    switch (s->bits) {
    case 2: codes_of(u, p, n, 2); break;
    case 3: codes_of(u, p, n, 3); break;
    case 4: nibbles_of(u, p, n); break;
    case 5: codes_of(u, p, n, 5); break;
    case 6: codes_of(u, p, n, 6); break;
    default: memcpy(u, p, (size_t)n);
    }
    if (s->rule == PR_GROUP_FP4)
        for (int64_t i = 0; i < n; i++) u[i] = fp4[u[i]];
    else if (turn || s->bits == 6)
        for (int64_t i = 0; i < n; i++)
            u[i] = (uint8_t)((u[i] ^ turn) + (s->bits == 6 ? 128 : 0));
}

static void group_floats(float *dst, const uint8_t *p, pr_type t, int64_t n) {
    if (t == PR_F32) memcpy(dst, p, (size_t)n * 4);
    else if (t == PR_F16) halves_of(dst, p, n);
    else
        for (int64_t i = 0; i < n; i++) {
            uint16_t h;
            memcpy(&h, p + 2 * i, 2);
            dst[i] = pr_f32_bits((uint32_t)h << 16);
        }
}

static inline int group_zero(const pr_group_rows *w, const uint8_t *offsets, int64_t g) {
    const pr_group_spec *s = w->spec;
    if (s->rule == PR_GROUP_SYM) return 1 << (s->bits - 1);
    if (s->wide_zeros || s->bits == 8) return offsets[g];
    int64_t at = g * s->bits;
    int     v = offsets[at / 8] >> at % 8;
    if (at % 8 + s->bits > 8) v |= offsets[at / 8 + 1] << (8 - at % 8);
    return v & ((1 << s->bits) - 1);
}

enum { LINES = 16 };

/* Scales and mins of `n` ≤ LINES groups from `g`. */
static void group_lines(const pr_group_rows *w, const uint8_t *scales, const uint8_t *offsets,
                        int64_t g, int64_t n, float *s, float *m) {
    const pr_group_spec *as = w->spec;
    int                  low = as->bits == 8 ? 128 : 0, size = as->scale == PR_F32 ? 4 : 2;
    if (as->rule == PR_GROUP_FP4) {
        for (int64_t i = 0; i < n; i++) {
            int e = scales[g + i];
            s[i] = 0.5f * pr_f32_bits(e == 255 ? 0x7fc00000u
                                      : e      ? (uint32_t)e << 23
                                               : 0x400000u);
            m[i] = 0;
        }
        return;
    }
    group_floats(s, scales + g * size, as->scale, n);
    if (as->rule == PR_GROUP_MLX) {
        group_floats(m, offsets + g * size, as->scale, n);
        for (int64_t i = 0; i < n; i++) m[i] = low ? fmaf(-128, s[i], -m[i]) : -m[i];
    } else {
        for (int64_t i = 0; i < n; i++)
            m[i] = s[i] * (float)(group_zero(w, offsets, g + i) - low);
    }
}

/* Each of `n` values `per` times. */
static void spread(float *dst, const float *s, int64_t n, int64_t per) {
    if (per == 2)
        for (int64_t i = 0; i < n; i++) dst[2 * i] = dst[2 * i + 1] = s[i];
    else
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < per; k++) *dst++ = s[i];
}

void NAME(unpack_group)(uint8_t *u, float *scale, float *min, const pr_group_rows *w, int64_t r,
                        int64_t from, int64_t n) {
    const uint8_t *codes = w->codes + (uint64_t)r * w->row.codes,
                  *scales = w->scales + (uint64_t)r * w->row.scales,
                  *offsets = w->row.offsets ? w->offsets + (uint64_t)r * w->row.offsets : NULL;
    int64_t        per = w->row.padded / w->row.groups / 32, b = from / 32, end = (from + n) / 32;
    float          s[LINES], m[LINES];
    group_codes(u, w->spec, codes + from / 8 * w->spec->bits, n);
    if (per == 1) { /* in one go, as wide as they come */
        for (; b < end; b += LINES, scale += LINES, min += LINES)
            group_lines(w, scales, offsets, b, PR_MIN(end - b, (int64_t)LINES), scale, min);
        return;
    }
    if (b % per == 0 && end % per == 0) { /* whole groups */
        for (int64_t have; b < end; b += have * per, scale += have * per, min += have * per) {
            have = PR_MIN((end - b) / per, (int64_t)LINES);
            group_lines(w, scales, offsets, b / per, have, s, m);
            spread(scale, s, have, per);
            spread(min, m, have, per);
        }
        return;
    }
    while (b < end) {
        int64_t g = b / per, have = PR_MIN((end - 1) / per + 1 - g, (int64_t)LINES);
        group_lines(w, scales, offsets, g, have, s, m);
        for (int64_t i = 0; i < have; i++)
            for (int64_t next = PR_MIN((g + i + 1) * per, end); b < next; b++)
                *scale++ = s[i], *min++ = m[i];
    }
}
