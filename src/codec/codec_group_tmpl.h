/* codec_group_tmpl.h - rows in groups: encode and decode; compiled once per level of SIMD.
 *
 * A group's scale is searched on 16 lanes that are added in a fixed tree, so each level gives the
 * same bytes. The search tries the plain scale and some stretched ones, each as the file would
 * hold it, moves the best to the least squares of its levels, with its neighbours' zero points,
 * and keeps the least error: so it is never worse than rounding with the plain scale.
 * The including file defines NAME(x). */
#include "codec/codec.h"
#include <math.h>

enum { PIECE = 512 }; /* codes on the stack at a time; a multiple of 32 */

typedef struct {
    float s, z;  /* what the file holds: scale (FP4: its byte), zero point */
    float b;     /* MLX: bias as computed, not rounded; `s` likewise */
} group_fit;

typedef float lanes16[16];

typedef float four PR_VECTOR(16);

static float lanes_sum(const float *v) {
    four a, b, c, d;
    memcpy(&a, v, 16);
    memcpy(&b, v + 4, 16);
    memcpy(&c, v + 8, 16);
    memcpy(&d, v + 12, 16);
    a = (a + c) + (b + d);
    return (a[0] + a[2]) + (a[1] + a[3]);
}

static float as_stored(pr_type t, float x) {
    if (t == PR_F16) {
        x = x > 65504 ? 65504 : x < -65504 ? -65504 : x;
        return pr_f16_to_f32(pr_f32_to_f16(x));
    }
    return t == PR_BF16 ? pr_bf16_to_f32(pr_f32_to_bf16(x)) : x;
}

static inline float near_int(float x) { /* ties to even, for |x| < 2^22 */
    return (x + 12582912.0f) - 12582912.0f;
}
static inline float held(float x, float lo, float hi) {
    x = x > lo ? x : lo;
    return x < hi ? x : hi;
}

/* Least and most; on lanes, because GCC does not widen such a loop by itself. */
static void extremes(const float *x, int64_t n, float *least, float *most) {
    lanes16 lo, hi;
    int64_t i = 0;
    for (int k = 0; k < 16; k++) lo[k] = hi[k] = x[0];
    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++) {
            lo[k] = x[i + k] < lo[k] ? x[i + k] : lo[k];
            hi[k] = x[i + k] > hi[k] ? x[i + k] : hi[k];
        }
    for (int k = 0; i + k < n; k++) {
        lo[k] = PR_MIN(x[i + k], lo[k]);
        hi[k] = PR_MAX(x[i + k], hi[k]);
    }
    for (int step = 8; step; step /= 2)
        for (int k = 0; k < step; k++) {
            lo[k] = PR_MIN(lo[k], lo[k + step]);
            hi[k] = PR_MAX(hi[k], hi[k + step]);
        }
    *least = lo[0], *most = hi[0];
}

/* ------------------------------------------------------------------ the search */

/* Σ (x - s·q)² of the nearest levels q - z that scale `s` gives. */
static float error_at(const float *x, int64_t n, float s, float lo, float hi) {
    lanes16 er = {0};
    float inv = s != 0 ? 1 / s : 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++) {
            float v = x[i + k], d = v - s * near_int(held(v * inv, lo, hi));
            er[k] += d * d;
        }
    for (int k = 0; i + k < n; k++) {
        float v = x[i + k], d = v - s * near_int(held(v * inv, lo, hi));
        er[k] += d * d;
    }
    return lanes_sum(er);
}

/* The scale of least squares for the levels that `s` gives. */
static float refit(const float *x, int64_t n, float s, float lo, float hi) {
    lanes16 xq = {0}, qq = {0};
    float inv = s != 0 ? 1 / s : 0;
    int64_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (int k = 0; k < 16; k++) {
            float v = x[i + k], q = near_int(held(v * inv, lo, hi));
            xq[k] += v * q;
            qq[k] += q * q;
        }
    for (int k = 0; i + k < n; k++) {
        float v = x[i + k], q = near_int(held(v * inv, lo, hi));
        xq[k] += v * q;
        qq[k] += q * q;
    }
    float all = lanes_sum(qq);
    return all > 0 ? lanes_sum(xq) / all : s;
}

/* A group while it is searched: the best so far, as the file would hold it. */
typedef struct {
    const pr_group_spec *g;
    const float *x;
    int64_t n;
    float most; /* levels beyond the lowest */
    group_fit best;
    float error;
} search;

static void consider(search *t, float s, float z) {
    s = as_stored(t->g->scale, s);
    float e = error_at(t->x, t->n, s, -z, t->most - z);
    if (e >= t->error) return;
    t->error = e;
    t->best.s = s;
    t->best.z = z;
}

static void consider_refit(search *t, float z) {
    consider(t, refit(t->x, t->n, t->best.s, -z, t->most - z), z);
}

/* More levels than 16 leave nothing to gain by stretching. */
static const float stretch[] = {0, 0.35f, -0.35f, 0.7f, -0.7f};
static size_t stretches(const pr_group_spec *g) {
    return g->bits > 4 ? 1 : PR_COUNT(stretch);
}

static group_fit fit_sym(const pr_group_spec *g, const float *x, int64_t n) {
    float half = (float)(1 << (g->bits - 1)), lo, hi;
    search t = {.g = g, .x = x, .n = n, .most = 2 * half - 1, .error = INFINITY};
    extremes(x, n, &lo, &hi);
    float top = -lo > hi ? lo : hi; /* signed: it takes the level -half */
    if (top == 0) return t.best;
    for (size_t i = 0; i < stretches(g); i++) consider(&t, top / -(half + stretch[i]), half);
    /* Plain rounding's scale and its mirror, for groups with two equal ends. */
    consider(&t, top / (half - 1), half);
    consider(&t, top / (1 - half), half);
    for (int turn = 0; turn < 2; turn++) consider_refit(&t, half);
    return t.best;
}

static group_fit fit_asym(const pr_group_spec *g, const float *x, int64_t n) {
    float lo, hi;
    search t = {.g = g, .x = x, .n = n, .error = INFINITY};
    t.most = (float)((1 << g->bits) - 1);
    extremes(x, n, &lo, &hi);
    lo = lo < 0 ? lo : 0;
    hi = hi > 0 ? hi : 0;
    if (lo == hi) return t.best;
    for (size_t i = 0; i < stretches(g); i++) {
        float s = (hi - lo) / (t.most + stretch[i]);
        consider(&t, s, held(near_int(-lo / s), 0, t.most));
    }
    float z = t.best.z;
    consider_refit(&t, z);
    if (z > 0) consider_refit(&t, z - 1);
    if (z < t.most) consider_refit(&t, z + 1);
    consider_refit(&t, t.best.z);
    return t.best;
}

/* mlx/backend/cpu/quantized.cpp, October 2026: the end of greater magnitude becomes a level
 * exactly. */
static group_fit fit_mlx(const pr_group_spec *g, const float *x, int64_t n) {
    float bins = (float)((1 << g->bits) - 1), lo, hi;
    extremes(x, n, &lo, &hi);
    bool low = (lo < 0 ? -lo : lo) > (hi < 0 ? -hi : hi);
    float s = (hi - lo) / bins;
    s = s > 1e-7f ? s : 1e-7f;
    s = low ? s : -s;
    float edge = low ? lo : hi, q0 = edge / s;
    q0 = q0 < 0x1p22f && q0 > -0x1p22f ? near_int(q0) : q0;
    return q0 != 0 ? (group_fit){.s = edge / q0, .b = edge} : (group_fit){.s = s};
}

#include "codec/codec_group_wide.h"

/* ------------------------------------------------------------------ four bits of float */

/* mlx 0.32.4 on a CPU, found by trying: the scale is the least power of two that is not below
 * max / 6, a quotient in the values' own type; halfway between two levels the lower one is taken,
 * and no zero has a sign. Below 2^-127, where mlx's byte wraps round, the scale stays 2^-127. */
static int fp4_exponent(const pr_group_spec *g, const float *x, int64_t n) {
    float lo, hi;
    extremes(x, n, &lo, &hi);
    float q = as_stored(g->scale, (-lo > hi ? -lo : hi) / 6);
    uint32_t u = pr_bits_f32(q), at = u >> 23;
    if (q == 0) return 127;
    if (at == 0) return u > 0x400000u;
    return (int)PR_MIN(at + ((u & 0x7fffffu) != 0), 254u);
}

static inline float fp4_scale(int byte) {
    return pr_f32_bits(byte == 255 ? 0x7fc00000u : byte ? (uint32_t)byte << 23 : 0x400000u);
}

static void fp4_codes(float s, const float *x, int64_t n, uint8_t *q) {
    for (int64_t i = 0; i < n; i++) {
        float a = (x[i] < 0 ? -x[i] : x[i]) / s;
        int v = (a > 0.25f) + (a > 0.75f) + (a > 1.25f) + (a > 1.75f) + (a > 2.5f) +
                (a > 3.5f) + (a > 5);
        q[i] = (uint8_t)(v | (x[i] < 0 && v ? 8 : 0));
    }
}

static void fp4_values(float *dst, const uint8_t *p, int64_t n, float s) {
    static const float level[16] = {0,     0.5f,  1,  1.5f,  2,  3,  4,  6,
                                    -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};
    for (int64_t i = 0; i < n; i += 2, p++) {
        dst[i] = level[*p & 15] * s;
        dst[i + 1] = level[*p >> 4] * s;
    }
}

/* ------------------------------------------------------------------ quantiles */

static const float nf4_level[16] = {
    -1.0f,           -0.696192800998687f, -0.525073051452636f, -0.394917488098144f,
    -0.284441381692886f, -0.184773430228233f, -0.091050036251544f, 0.0f,
    0.079580299556255f,  0.160930201411247f,  0.246112301945686f,  0.337915241718292f,
    0.440709829330444f,  0.562617003917694f,  0.722956836223602f,  1.0f};

/* Where the next level is nearer, in float32 as openvino 2026.4 and NNCF 3.4 have it. */
static const float nf4_border[15] = {
    -0.84809643f,  -0.6106329f,  -0.45999527f, -0.33967942f, -0.2346074f,
    -0.13791174f,  -0.045525018f, 0.03979015f,  0.120255254f, 0.20352125f,
    0.29201376f,   0.38931254f,  0.5016634f,   0.6427869f,   0.8614784f};

static float nf4_scale(const float *x, int64_t n) {
    float lo, hi;
    extremes(x, n, &lo, &hi);
    float s = -lo > hi ? -lo : hi;
    return s < 0x1p-23f ? 0x1p-23f : s; /* float32's epsilon in place of nothing */
}

static void nf4_codes(float s, const float *x, int64_t n, uint8_t *q) {
    for (int64_t i = 0; i < n; i++) {
        float a = x[i] / s;
        int v = 0;
        for (int k = 0; k < 15; k++) v += a > nf4_border[k];
        q[i] = (uint8_t)v;
    }
}

/* ------------------------------------------------------------------ codes */

static void make_codes(const pr_group_spec *g, const group_fit *f, const float *x, int64_t n,
                       uint8_t *q) {
    float most = (float)((1 << g->bits) - 1);
    if (g->rule == PR_GROUP_FP4) {
        fp4_codes(fp4_scale((int)f->s), x, n, q);
        return;
    }
    if (g->rule == PR_GROUP_NF4) {
        nf4_codes(f->s, x, n, q);
        return;
    }
    if (g->rule == PR_GROUP_MLX) {
        for (int64_t i = 0; i < n; i++)
            q[i] = (uint8_t)(int32_t)near_int(held((x[i] - f->b) / f->s, 0, most));
        return;
    }
    float z = g->rule == PR_GROUP_SYM ? (float)(1 << (g->bits - 1)) : f->z;
    float inv = f->s != 0 ? 1 / f->s : 0;
    int turn = g->rule == PR_GROUP_SYM && g->twos ? 1 << (g->bits - 1) : 0;
    for (int64_t i = 0; i < n; i++)
        q[i] = (uint8_t)((int32_t)(near_int(held(x[i] * inv, -z, most - z)) + z) ^ turn);
}

/* `n` codes to whole bytes; n·bits is a multiple of 8 but at a row's end. */
static uint8_t *pack(uint8_t *dst, const uint8_t *q, int64_t n, int bits) {
    int64_t i = 0;
    if (bits == 8) {
        memcpy(dst, q, (size_t)n);
        return dst + n;
    }
    if (bits == 4)
        for (; i + 8 <= n; i += 8, dst += 4) { /* eight bytes fold into four */
            uint64_t v;
            memcpy(&v, q + i, 8);
            v = (v | v >> 4) & 0x00ff00ff00ff00ffu;
            v = (v | v >> 8) & 0x0000ffff0000ffffu;
            uint32_t w = (uint32_t)(v | v >> 16);
            memcpy(dst, &w, 4);
        }
    uint64_t acc = 0;
    int have = 0;
    for (; i < n; i++) {
        acc |= (uint64_t)q[i] << have;
        for (have += bits; have >= 8; have -= 8, acc >>= 8) *dst++ = (uint8_t)acc;
    }
    if (have > 0) *dst++ = (uint8_t)acc;
    return dst;
}

static void put_float(uint8_t *dst, pr_type t, int64_t i, float v) {
    if (t == PR_F32)
        memcpy(dst + 4 * i, &v, 4);
    else {
        uint16_t h = t == PR_F16 ? pr_f32_to_f16(v) : pr_f32_to_bf16(v);
        memcpy(dst + 2 * i, &h, 2);
    }
}

static void put_code(uint8_t *dst, int64_t i, int bits, int v) {
    int64_t at = i * bits;
    int bit = (int)(at % 8);
    dst[at / 8] = (uint8_t)(dst[at / 8] | v << bit);
    if (bit + bits > 8) dst[at / 8 + 1] = (uint8_t)(dst[at / 8 + 1] | v >> (8 - bit));
}

#include "codec/codec_group_codes.h"

/* Codes wait in `piece` until it is full, so that groups of any length make one stream. */
typedef struct {
    uint8_t piece[PIECE], *dst;
    int64_t n;
    int bits;
} code_sink;

static void sink_codes(code_sink *k, const pr_group_spec *g, const group_fit *f, const float *x,
                       int64_t n) {
    bool even = g->rule != PR_GROUP_FP4 && g->rule != PR_GROUP_NF4; /* steps between levels */
    if (k->n == 0 && n % 16 == 0 && (k->bits == 4 || k->bits == 8) && even) {
        if (k->bits == 4)
            whole_codes(g, k->dst, f, x, n, 4);
        else
            whole_codes(g, k->dst, f, x, n, 8);
        k->dst += n * k->bits / 8;
        return;
    }
    while (n > 0) {
        int64_t now = PR_MIN(n, PIECE - k->n);
        make_codes(g, f, x, now, k->piece + k->n);
        k->n += now, x += now, n -= now;
        if (k->n == PIECE) {
            k->dst = pack(k->dst, k->piece, PIECE, k->bits);
            k->n = 0;
        }
    }
}

static group_fit fit_one(const pr_group_spec *g, const float *x, int64_t n) {
    switch (g->rule) {
    case PR_GROUP_SYM: return fit_sym(g, x, n);
    case PR_GROUP_ASYM: return fit_asym(g, x, n);
    case PR_GROUP_FP4: return (group_fit){.s = (float)fp4_exponent(g, x, n)};
    case PR_GROUP_NF4: return (group_fit){.s = nf4_scale(x, n)};
    default: return fit_mlx(g, x, n);
    }
}

/* Fits of groups `i` … into `f`, whole ones many at a time; how many. */
static int64_t fit_some(const pr_group_spec *g, group_fit *f, const float *src, int64_t cols,
                        int64_t per, int64_t i) {
    const float *x = src + i * per;
    if ((i + LANES) * per <= cols && wide_fit(g, f, x, per)) return LANES;
    *f = fit_one(g, x, PR_MIN(per, cols - i * per));
    return 1;
}

void NAME(group_encode)(const pr_group_spec *g, void *codes, void *scales, void *offsets,
                        const float *src, int64_t cols) {
    pr_group_row r;
    if (!pr_group_row_of(g, cols, &r)) return;
    int64_t per = r.padded / r.groups, known = 0;
    code_sink sink = {.dst = codes, .bits = g->bits};
    static const float zeros[64] = {0};
    group_fit fits[LANES], *f = fits;
    if (r.offsets) memset(offsets, 0, r.offsets);
    for (int64_t i = 0; i < r.groups; i++, f++) {
        const float *x = src + i * per;
        int64_t n = PR_MIN(per, cols - i * per);
        if (i == known) {
            known += fit_some(g, fits, src, cols, per, i);
            f = fits;
        }
        sink_codes(&sink, g, f, x, n);
        for (int64_t left = per - n; left > 0; left -= PR_COUNT(zeros))
            sink_codes(&sink, g, f, zeros, PR_MIN(left, (int64_t)PR_COUNT(zeros)));
        if (g->rule == PR_GROUP_FP4)
            ((uint8_t *)scales)[i] = (uint8_t)f->s;
        else
            put_float(scales, g->scale, i,
                      g->rule == PR_GROUP_NF4 ? as_stored(g->scale, f->s) : f->s);
        if (g->rule == PR_GROUP_MLX)
            put_float(offsets, g->scale, i, f->b);
        else if (g->rule == PR_GROUP_ASYM)
            put_code(offsets, i, g->wide_zeros ? 8 : g->bits, (int)f->z);
    }
    pack(sink.dst, sink.piece, sink.n, g->bits);
}

uint32_t NAME(row_top)(const float *x, int64_t n) {
    int32_t most = 0;
    for (int64_t i = 0; i < n; i++) {
        int32_t v = (int32_t)(pr_bits_f32(x[i]) & 0x7fffffffu);
        most = v > most ? v : most;
    }
    return (uint32_t)most;
}

/* ------------------------------------------------------------------ back */

static float get_float(const uint8_t *p, pr_type t, int64_t i) {
    uint32_t u = 0;
    memcpy(&u, p + (t == PR_F32 ? 4 : 2) * i, t == PR_F32 ? 4 : 2);
    return t == PR_F32   ? pr_f32_bits(u)
           : t == PR_F16 ? pr_f16_to_f32((uint16_t)u)
                         : pr_bf16_to_f32((uint16_t)u);
}

static int get_code(const uint8_t *p, int64_t i, int bits) {
    int64_t at = i * bits;
    int bit = (int)(at % 8), v = p[at / 8] >> bit;
    if (bit + bits > 8) v |= p[at / 8 + 1] << (8 - bit);
    return v & ((1 << bits) - 1);
}

/* Eight codes are `bits` whole bytes, four of them fit 32 bits; the callers give constants, so that
 * shifts and sums widen. */
static inline void affine(float *dst, const uint8_t *p, int64_t n, int bits, float s, float b) {
    for (int64_t i = 0; i < n; i += 8, p += bits) {
        uint64_t v = 0;
        for (int k = 0; k < bits; k++) v |= (uint64_t)p[k] << (8 * k);
        uint32_t lo = (uint32_t)v, hi = (uint32_t)(v >> (4 * bits)), mask = (1u << bits) - 1;
        for (int j = 0; j < 4; j++) dst[i + j] = s * (float)(int)(lo >> (j * bits) & mask) + b;
        for (int j = 0; j < 4; j++)
            dst[i + 4 + j] = s * (float)(int)(hi >> (j * bits) & mask) + b;
    }
}

static inline void affine_bytes(float *dst, const uint8_t *p, int64_t n, float s, float b) {
    for (int64_t i = 0; i < n; i++) dst[i] = s * (float)p[i] + b;
}

/* s·q + b over the codes from `from`, which eight divides. */
static void group_affine(float *dst, const uint8_t *codes, int64_t from, int64_t n, int bits,
                         float s, float b) {
    const uint8_t *p = codes + from / 8 * bits;
    int64_t whole = n / 8 * 8;
    switch (bits) {
    case 2: affine(dst, p, whole, 2, s, b); break;
    case 3: affine(dst, p, whole, 3, s, b); break;
    case 4: affine(dst, p, whole, 4, s, b); break;
    case 5: affine(dst, p, whole, 5, s, b); break;
    case 6: affine(dst, p, whole, 6, s, b); break;
    default: affine_bytes(dst, p, whole, s, b); break;
    }
    for (int64_t j = whole; j < n; j++) dst[j] = s * (float)get_code(codes, from + j, bits) + b;
}

void NAME(group_decode)(const pr_group_spec *g, float *dst, const void *codes,
                        const void *scales, const void *offsets, int64_t cols) {
    pr_group_row r;
    if (!pr_group_row_of(g, cols, &r)) return;
    int64_t per = r.padded / r.groups;
    int half = 1 << (g->bits - 1), turn = g->rule == PR_GROUP_SYM && g->twos ? half : 0;
    for (int64_t i = 0; i < r.groups; i++) {
        int64_t from = i * per, to = PR_MIN(from + per, cols);
        if (g->rule == PR_GROUP_FP4) {
            float fs = fp4_scale(((const uint8_t *)scales)[i]);
            fp4_values(dst + from, (const uint8_t *)codes + from / 2, to - from, fs);
            continue;
        }
        float s = get_float(scales, g->scale, i);
        if (g->rule == PR_GROUP_NF4) {
            for (int64_t j = from; j < to; j++) dst[j] = nf4_level[get_code(codes, j, 4)] * s;
            continue;
        }
        if (g->rule == PR_GROUP_MLX) {
            float b = get_float(offsets, g->scale, i);
            group_affine(dst + from, codes, from, to - from, g->bits, s, b);
            continue;
        }
        int z = g->rule == PR_GROUP_SYM ? half
                                        : get_code(offsets, i, g->wide_zeros ? 8 : g->bits);
        for (int64_t j = from; j < to; j++)
            dst[j] = (float)((get_code(codes, j, g->bits) ^ turn) - z) * s;
    }
}
