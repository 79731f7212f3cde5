/* codec_usual.h - the usual choice of scales: what llama-quantize would take, lane by lane.
 *
 * pare's error is to be at most 1 + 1e-6 times llama-quantize's on every tensor, however odd. A
 * search of one's own is better on most blocks and, on some, beyond that; so the search starts at
 * the very numbers that llama-quantize ends with, and what it ends with is compared with them.
 *
 * (Q4_K and Q5_K: of super-blocks as most are the search starts elsewhere, codec_scan.h, and
 * no usual choice is computed. There the bound is one of sums: single blocks may be some per
 * cent worse, a matrix of sixteen was not in 2,000 made to be hard, and ordinary ones are 2 to 4
 * per cent better. What is ordinary is decided block by block, super_quick of codec_tile.h.)
 *
 * Why the bound then holds of each other block, and so of every sum of such. Let E(c) be the
 * exact weighted error of the values that the stored numbers c give with the nearest levels, and
 * e(c) what a pass adds up. The usual choice u is found with llama-quantize's operations in its
 * order (float32, no contraction, the values not scaled), so c = u has its d, dmin and integers;
 * its levels are not nearer than the nearest, so E(u) is at most its error. A pass takes
 * differences with the decoder's own roundings and adds at most 32 terms w r r and 16 lanes, none
 * negative: |e(c) - E(c)| ≤ 50 · 2^-24 E(c) < 3.1e-6 E(c). The search's result is taken only if
 * its e is below (1 - MARGIN) e(u), MARGIN = 8e-6, which is more than twice that: then
 * E(c) < E(u). Left over are levels at a tie to rounding (the nearest is found by a product with
 * 1 / s), and a peer that was built with contracted products: its choice differs where two
 * candidates are alike to rounding.
 *
 * Sources: the steps are facts of the format's reference encoder (ggml 0.25.3); the coordinate
 * descent of Q3_K is the one there. */
#ifndef PR_CODEC_USUAL_H
#define PR_CODEC_USUAL_H
#include "codec/codec_search.h"

#define MARGIN 8e-6f

/* How a type's usual scales are found; see usual_affine and the others. */
typedef struct {
    float first; /* affine: stretches first, first + 0.1, … `steps` of them */
    int steps;
    bool mad;     /* affine: compared by Σ w |difference| */
    bool descent; /* symmetric: levels changed one by one */
    bool scan;    /* affine: ordinary super-blocks start elsewhere (codec_scan.h) */
} usual_way;

typedef struct { /* values and weights as they came, levels tried */
    float x[MAX_SUB][LANES], w[MAX_SUB][LANES], q[MAX_SUB][LANES];
} plain_tile;

/* s, b: the usual choice; free_s, free_b: that with the least squared error on the way. */
typedef struct {
    wide s, b, free_s, free_b;
} usual;

static STAGE void usual_load(plain_tile *p, const tile *t, grid g) {
    wide up2 = g.offset ? wide_splat(1) : t->up;
    for (int l = 0; l < g.n; l++) {
        wide x = wide_load(t->x[l]) * t->up, w = wide_load(t->w[l]) * t->up * up2;
        memcpy(p->x[l], &x, sizeof x);
        memcpy(p->w[l], &w, sizeof w);
    }
}

/* Sums over the levels round((x - low) · inv): w q, w q q, w q x. */
static STAGE void affine_sums(plain_tile *p, grid g, wide inv, wide low, wide sum[3]) {
    for (int c = 0; c < LANES / NATIVE; c++) {
        native iv = lane_load(&inv, c), b = lane_load(&low, c);
        native s1 = {0}, s2 = {0}, sx = {0};
        for (int l = 0; l < g.n; l++) {
            native x = lane_load(p->x[l], c), w = lane_load(p->w[l], c);
            native q = lane_round(lane_clamp(iv * (x - b), 0, g.hi)), wq = w * q;
            lane_store(p->q[l], c, q);
            s1 += wq;
            s2 += wq * q;
            sx += wq * x;
        }
        lane_store(&sum[0], c, s1);
        lane_store(&sum[1], c, s2);
        lane_store(&sum[2], c, sx);
    }
}

/* Σ w (s q + b - x)², and Σ w |s q + b - x| where `mad` is not NULL. */
static STAGE wide affine_error(const plain_tile *p, grid g, wide s, wide b, wide *mad) {
    wide sum;
    for (int c = 0; c < LANES / NATIVE; c++) {
        native sc = lane_load(&s, c), bc = lane_load(&b, c), e = {0}, a = {0};
        for (int l = 0; l < g.n; l++) {
            native w = lane_load(p->w[l], c);
            native r = sc * lane_load(p->q[l], c) + bc - lane_load(p->x[l], c);
            e += w * (r * r);
            if (mad) a += w * lane_abs(r);
        }
        lane_store(&sum, c, e);
        if (mad) lane_store(mad, c, a);
    }
    return sum;
}

/* Levels of the range, stretched; for each the line of least squares; the line with the least
 * error is kept. */
static STAGE void usual_affine(usual *u, plain_tile *p, grid g, usual_way way) {
    wide low = wide_load(p->x[0]), high = low, sw = wide_splat(0), sx = sw, sum[3];
    for (int l = 0; l < g.n; l++) {
        wide x = wide_load(p->x[l]), w = wide_load(p->w[l]);
        low = wide_min(x, low);
        high = wide_max(x, high);
        sw += w;
        sx += w * x;
    }
    low = wide_min(low, wide_splat(0));
    wide_int none = wide_same(high, low);
    wide range = PICK(none, wide_splat(1), high - low), inv = g.hi / range, least, mad;
    u->s = u->free_s = PICK(none, wide_splat(0), 1 / inv);
    u->b = u->free_b = low;
    affine_sums(p, g, inv, low, sum);
    wide least2 = affine_error(p, g, u->s, u->b, way.mad ? &mad : NULL);
    least = way.mad ? mad : least2;
    for (int i = 0; i < way.steps; i++) {
        range = PICK(none, wide_splat(1), high - u->b); /* from the least that was kept */
        inv = (way.first + 0.1f * (float)i + g.hi) / range;
        affine_sums(p, g, inv, u->b, sum);
        wide det = sw * sum[1] - sum[0] * sum[0];
        wide_int solid = wide_less(wide_splat(0), det) & ~none;
        wide safe = PICK(solid, det, wide_splat(1));
        wide s = (sw * sum[2] - sx * sum[0]) / safe, b = (sum[1] * sx - sum[0] * sum[2]) / safe;
        wide_int over = wide_less(wide_splat(0), b);
        s = PICK(over, wide_ratio(sum[2], sum[1]), s);
        b = PICK(over, wide_splat(0), b);
        wide e2 = affine_error(p, g, s, b, way.mad ? &mad : NULL), e = way.mad ? mad : e2;
        wide_int m = wide_less(e, least) & solid;
        least = PICK(m, e, least);
        u->s = PICK(m, s, u->s);
        u->b = PICK(m, b, u->b);
        m = wide_less(e2, least2) & solid;
        least2 = PICK(m, e2, least2);
        u->free_s = PICK(m, s, u->free_s);
        u->free_b = PICK(m, b, u->free_b);
    }
}

/* Sums over the levels next to inv · x: w x q, w q q. */
static STAGE void symmetric_sums(plain_tile *p, grid g, wide inv, wide sum[2]) {
    for (int c = 0; c < LANES / NATIVE; c++) {
        native iv = lane_load(&inv, c), sx = {0}, s2 = {0};
        for (int l = 0; l < g.n; l++) {
            native x = lane_load(p->x[l], c), w = lane_load(p->w[l], c), q = level(iv * x, g);
            lane_store(p->q[l], c, q);
            if (g.book) {
                sx += w * q * x;
            } else {
                sx += w * x * q;
            }
            s2 += w * q * q;
        }
        lane_store(&sum[0], c, sx);
        lane_store(&sum[1], c, s2);
    }
}

/* The largest value on the grid's end, stretched; scale by least squares; the scale that
 * explains most is kept. IQ4 starts on the other end and takes steps of a whole level. */
static STAGE void usual_symmetric(usual *u, plain_tile *p, grid g, wide top) {
    wide sum[2], inv = g.lo / top, best;
    if (g.book) inv = 1 / (-top / g.lo);
    int reach = g.book ? 7 : 9;
    symmetric_sums(p, g, inv, sum);
    u->s = wide_ratio(sum[0], sum[1]);
    best = u->s * sum[0];
    for (int i = -reach; i <= reach; i++) {
        if (i == 0 && !g.book) continue;
        inv = g.book ? (g.lo + (float)i) / top : (g.lo - 0.1f * (float)i) / top;
        symmetric_sums(p, g, inv, sum);
        wide_int m = wide_less(wide_splat(0), sum[1]) &
                     wide_less(best * sum[1], sum[0] * sum[0]);
        u->s = PICK(m, wide_ratio(sum[0], sum[1]), u->s);
        best = PICK(m, u->s * sum[0], best);
    }
}

/* To the nearest integer as the field's encoders find it, from the low bits of a sum: of a
 * huge number it is anything. */
static STAGE native plain_round(native v) {
    native_int i = ((native_int)(v + 12582912.0f) & 0x007fffff) | 0x4b000000; /* 2^23 + bits */
    return (native)i - 12582912.0f;
}

/* Value `l` of each lane goes to the level that the others' scale asks for, if that explains
 * more. `moved` is not 0 in lanes where it did. */
static STAGE void descent_step(float *q, native x, native w, grid g, native *sx, native *s2,
                               native *moved) {
    native zero = {0}, one = lane_splat(1), old;
    memcpy(&old, q, sizeof old);
    native ax = *sx - w * x * old, a2 = *s2 - w * old * old;
    native new = lane_clamp(plain_round(x * a2 / lane_less(zero, ax, ax, one)), g.lo, g.hi);
    native bx = ax + w * x * new, b2 = a2 + w * new * new;
    native m = lane_less(*sx * *sx * b2, bx * bx * *s2, one, zero);
    m = lane_less(zero, ax, m, zero);
    m = lane_less(zero, b2, m, zero);
    m = lane_less(zero, lane_abs(new - old), m, zero);
    new = lane_less(zero, m, new, old);
    memcpy(q, &new, sizeof new);
    *sx = lane_less(zero, m, bx, *sx);
    *s2 = lane_less(zero, m, b2, *s2);
    *moved += m;
}

static STAGE void usual_descent(usual *u, plain_tile *p, grid g, wide top) {
    wide sum[2];
    symmetric_sums(p, g, g.lo / top, sum);
    for (int c = 0; c < LANES / NATIVE; c++) {
        native sx = lane_load(&sum[0], c), s2 = lane_load(&sum[1], c);
        for (int round = 0; round < 5; round++) {
            native moved = {0};
            for (int l = 0; l < g.n; l++)
                descent_step(p->q[l] + c * NATIVE, lane_load(p->x[l], c),
                             lane_load(p->w[l], c), g, &sx, &s2, &moved);
            float any = 0;
            for (int k = 0; k < NATIVE; k++) any += moved[k];
            if (any == 0) break;
        }
        lane_store(&sum[0], c, sx);
        lane_store(&sum[1], c, s2);
    }
    u->s = wide_ratio(sum[0], sum[1]);
}

static STAGE void usual_find(usual *u, const tile *t, grid g, usual_way way) {
    plain_tile p;
    usual_load(&p, t, g);
    wide zero = wide_splat(0), top = t->top * t->up;
    *u = (usual){0};
    if (g.offset) {
        usual_affine(u, &p, g, way);
    } else {
        wide_int none = wide_same(top, zero);
        top = PICK(none, wide_splat(1), top);
        if (way.descent)
            usual_descent(u, &p, g, top);
        else
            usual_symmetric(u, &p, g, top);
        u->s = PICK(none, zero, u->s);
        u->free_s = u->s;
    }
    u->s *= t->down, u->b *= t->down, u->free_s *= t->down, u->free_b *= t->down;
}
#endif
