/* group.c - the sizes of rows in groups, and block types taken over as they are. */
#include "codec/codec.h"
#include <stdio.h>

bool pr_group_row_of(const pr_group_spec *s, int64_t cols, pr_group_row *out) {
    int64_t per = s->group ? s->group : cols;
    bool known = (s->bits >= 2 && s->bits <= 6) || s->bits == 8;
    bool scale = s->scale == PR_F32 || s->scale == PR_F16 || s->scale == PR_BF16;
    if (!known || !scale || cols < 1 || cols > INT32_MAX || per < 1 || per > INT32_MAX)
        return false;
    if (s->rule == PR_GROUP_FP4 && (s->bits != 4 || s->group != 32)) return false;
    if (s->rule == PR_GROUP_NF4 && s->bits != 4) return false;
    if (s->group % 8 != 0 || (!s->pad && cols % per != 0)) return false;
    *out = (pr_group_row){.groups = (cols + per - 1) / per};
    out->padded = out->groups * per;
    out->codes = ((uint64_t)out->padded * (uint64_t)s->bits + 7) / 8;
    out->scales = (uint64_t)out->groups * (s->scale == PR_F32 ? 4 : 2);
    if (s->rule == PR_GROUP_FP4) out->scales = (uint64_t)out->groups;
    if (s->rule == PR_GROUP_MLX) out->offsets = out->scales;
    if (s->rule == PR_GROUP_ASYM)
        out->offsets =
            ((uint64_t)out->groups * (s->wide_zeros ? 8 : (uint64_t)s->bits) + 7) / 8;
    return true;
}

void pr_group_name(const pr_group_spec *s, char dst[32]) {
    static const char *const rule[] = {" sym", " asym", "", "", ""},
                             *const kind[] = {"int", "int", "mlx", "mxfp", "nf"};
    char per[24] = "row";
    if (s->group) snprintf(per, sizeof per, "g%lld", (long long)s->group);
    snprintf(dst, 32, "%s%d%s %s", kind[s->rule], s->bits, rule[s->rule], per);
}

/* ------------------------------------------------------------------ blocks */

typedef struct {
    uint8_t q[32]; /* counted from the lowest level */
    float s, b;    /* s·q + b */
    int zero;      /* the level of value 0; -1: there is none */
} block32;

static void nibbles(block32 *b, const uint8_t *qs, const uint8_t *qh) {
    for (int j = 0; j < 32; j++) {
        int v = j < 16 ? qs[j] & 15 : qs[j - 16] >> 4;
        b->q[j] = (uint8_t)(v | (qh ? ((qh[j / 8] >> (j % 8)) & 1) << 4 : 0));
    }
}

/* The levels of one block; the bits they need, or 0: not a type with levels of equal distance
 * over 32 values. */
static int block_read(block32 *b, pr_type type, const uint8_t *p) {
    uint16_t d, m = 0;
    memcpy(&d, p, 2);
    if (type == PR_Q4_1 || type == PR_Q5_1) memcpy(&m, p + 2, 2);
    *b = (block32){.s = pr_f16_to_f32(d), .b = pr_f16_to_f32(m), .zero = -1};
    switch (type) {
    case PR_Q4_0: nibbles(b, p + 2, NULL); b->zero = 8; return 4;
    case PR_Q4_1: nibbles(b, p + 4, NULL); return 4;
    case PR_Q5_0: nibbles(b, p + 6, p + 2); b->zero = 16; return 5;
    case PR_Q5_1: nibbles(b, p + 8, p + 4); return 5;
    case PR_Q8_0:
        for (int j = 0; j < 32; j++) b->q[j] = (uint8_t)(p[2 + j] ^ 0x80);
        b->zero = 128;
        return 8;
    default: return 0;
    }
}

static bool put_exact(uint8_t *dst, pr_type t, int64_t i, float v) {
    uint16_t h = t == PR_F16 ? pr_f32_to_f16(v) : pr_f32_to_bf16(v);
    if (t == PR_F32) return memcpy(dst + 4 * i, &v, 4), true;
    memcpy(dst + 2 * i, &h, 2);
    return (t == PR_F16 ? pr_f16_to_f32(h) : pr_bf16_to_f32(h)) == v;
}

static void put_bits(uint8_t *dst, int64_t i, int bits, int v) {
    int64_t at = i * bits;
    int bit = (int)(at % 8);
    dst[at / 8] = (uint8_t)(dst[at / 8] | v << bit);
    if (bit + bits > 8) dst[at / 8 + 1] = (uint8_t)(dst[at / 8 + 1] | v >> (8 - bit));
}

/* Where a row goes. */
typedef struct {
    uint8_t *codes, *scales, *offsets;
} target;

/* One block into place `i`; false: it cannot be said so. */
static bool take_block(const pr_group_spec *s, const target *to, int64_t i, const block32 *b,
                       int bits) {
    int up = s->rule == PR_GROUP_MLX ? 0 : (1 << (s->bits - 1)) - b->zero;
    int turn = s->rule == PR_GROUP_SYM && s->twos ? 1 << (s->bits - 1) : 0;
    if (s->rule != PR_GROUP_MLX && (b->zero < 0 || s->bits < bits)) return false;
    if (s->rule == PR_GROUP_MLX && s->bits != bits) return false;
    for (int j = 0; j < 32; j++)
        put_bits(to->codes, 32 * i + j, s->bits, (b->q[j] + up) ^ turn);
    float bias = b->zero >= 0 ? -(float)b->zero * b->s : b->b;
    if (!put_exact(to->scales, s->scale, i, b->s)) return false;
    if (s->rule == PR_GROUP_MLX) return put_exact(to->offsets, s->scale, i, bias);
    if (s->rule == PR_GROUP_ASYM)
        put_bits(to->offsets, i, s->wide_zeros ? 8 : s->bits, 1 << (s->bits - 1));
    return true;
}

bool pr_group_take(const pr_group_spec *s, void *codes, void *scales, void *offsets,
                   pr_type type, const void *src, int64_t cols) {
    const target to = {codes, scales, offsets};
    const uint8_t *p = src;
    pr_group_row r;
    block32 b;
    if (s->rule == PR_GROUP_FP4 || s->rule == PR_GROUP_NF4) return false;
    if (s->group != 32 || cols % 32 != 0 || !pr_group_row_of(s, cols, &r)) return false;
    if (pr_type_get(type)->kind != PR_KIND_QUANT || pr_type_get(type)->block != 32)
        return false;
    memset(codes, 0, r.codes);
    if (r.offsets) memset(offsets, 0, r.offsets);
    for (int64_t i = 0; i < r.groups; i++, p += pr_type_get(type)->bytes) {
        int bits = block_read(&b, type, p);
        if (bits == 0 || !take_block(s, &to, i, &b, bits)) return false;
    }
    return true;
}

/* ------------------------------------------------------------------ the way back */

static float float_at(const void *src, pr_type t, int64_t i) {
    const uint8_t *p = src;
    uint16_t h;
    float f;
    if (t == PR_F32) return memcpy(&f, p + 4 * i, 4), f;
    memcpy(&h, p + 2 * i, 2);
    return t == PR_F16 ? pr_f16_to_f32(h) : pr_bf16_to_f32(h);
}

static int code_at(const uint8_t *p, int64_t i, int bits) {
    int64_t at = i * bits;
    int bit = (int)(at % 8), v = p[at / 8] >> bit;
    if (bit + bits > 8) v |= p[at / 8 + 1] << (8 - bit);
    return v & ((1 << bits) - 1);
}

/* Can blocks of that type hold the bits? *zero: the level that must be value 0, -1: any offset. */
static bool bits_fit(const pr_group_spec *s, pr_type type, int *zero) {
    *zero = -1;
    if (s->rule == PR_GROUP_SYM) /* the level in the middle is 0 */
        return *zero = 1 << (s->bits - 1), (type == PR_Q4_0 && s->bits == 4) ||
                                               (type == PR_Q5_0 && s->bits == 5) ||
                                               (type == PR_Q8_0 && s->bits == 8);
    if (s->rule != PR_GROUP_MLX) return false;
    switch (type) {
    case PR_Q4_1: return s->bits <= 4;
    case PR_Q5_1: return s->bits <= 5;
    case PR_Q4_0: *zero = 8; return s->bits == 4;
    case PR_Q5_0: *zero = 16; return s->bits == 5;
    case PR_Q8_0: *zero = 128; return s->bits == 8;
    default: return false;
    }
}

static bool in_f16(float v) {
    return pr_f16_to_f32(pr_f32_to_f16(v)) == v && v - v == 0;
}

static bool group_fits(float s, float b, int zero) {
    return in_f16(s) && (zero < 0 ? in_f16(b) : b == -(float)zero * s);
}

bool pr_group_fits(const pr_group_spec *s, const void *scales, const void *offsets, int64_t n,
                   pr_type type) {
    int zero;
    if (s->group < 32 || s->group % 32 != 0 || !bits_fit(s, type, &zero)) return false;
    if (s->rule == PR_GROUP_SYM) {
        for (int64_t i = 0; i < n; i++)
            if (!in_f16(float_at(scales, s->scale, i))) return false;
        return true;
    }
    for (int64_t i = 0; i < n; i++)
        if (!group_fits(float_at(scales, s->scale, i), float_at(offsets, s->scale, i), zero))
            return false;
    return true;
}

/* The levels of one block behind its head; `qh`: the fifth bits, or NULL. */
static void put_levels(uint8_t *qs, uint8_t *qh, const uint8_t *q, pr_type type) {
    if (type == PR_Q8_0) {
        for (int j = 0; j < 32; j++) qs[j] = q[j] ^ 0x80;
        return;
    }
    for (int j = 0; j < 16; j++) qs[j] = (uint8_t)((q[j] & 15) | (q[j + 16] & 15) << 4);
    if (!qh) return;
    memset(qh, 0, 4);
    for (int j = 0; j < 32; j++) qh[j / 8] = (uint8_t)(qh[j / 8] | (q[j] >> 4) << (j % 8));
}

bool pr_group_give(const pr_group_spec *spec, const void *codes, const void *scales,
                   const void *offsets, pr_type type, void *dst, int64_t cols) {
    pr_group_spec own = *spec, *s = &own;
    if (own.group == 0) own.group = cols; /* one group a row */
    bool offset = type == PR_Q4_1 || type == PR_Q5_1;
    uint8_t *p = dst, q[32];
    pr_group_row r;
    int turn = s->rule == PR_GROUP_SYM && s->twos ? 1 << (s->bits - 1) : 0;
    if (!pr_group_row_of(s, cols, &r) || cols % 32 != 0 || s->group < 1 || cols % s->group != 0)
        return false;
    if (!pr_group_fits(s, scales, offsets, r.groups, type)) return false;
    for (int64_t i = 0; i < cols; i += 32, p += pr_type_get(type)->bytes) {
        uint16_t d = pr_f32_to_f16(float_at(scales, s->scale, i / s->group)),
                 m = offset ? pr_f32_to_f16(float_at(offsets, s->scale, i / s->group)) : 0;
        uint8_t *at = p + (offset ? 4 : 2), *qh = NULL;
        memcpy(p, &d, 2);
        if (offset) memcpy(p + 2, &m, 2);
        if (type == PR_Q5_0 || type == PR_Q5_1) qh = at, at += 4;
        for (int j = 0; j < 32; j++) q[j] = (uint8_t)(code_at(codes, i + j, s->bits) ^ turn);
        put_levels(at, qh, q, type);
    }
    return true;
}

bool pr_group_same(const pr_group_spec *a, const pr_group_spec *b) {
    return a->bits == b->bits && a->group == b->group && a->rule == b->rule &&
           (a->scale == b->scale || a->rule == PR_GROUP_FP4) && a->twos == b->twos &&
           a->pad == b->pad && a->wide_zeros == b->wide_zeros;
}
