/* codec_group_wide.h - the search of codec_group_tmpl.h for LANES groups side by side.
 *
 * Lane k does for its group what the plain search does, operation by operation and in the same
 * order, so the bytes are the same: the 16 partial sums of a group become 16 registers, their tree
 * the same additions. Always true: values are below 2^40 in size, so that no sum overflows and no
 * scale is NaN (the caller sees to it). Included by codec_group_tmpl.h. */
#if defined(__AVX512F__)
#define LANES 16
#else
#define LANES 8
#endif
#include "codec/codec_lanes.h"

enum { WIDE_MOST = 256 }; /* values of a group */
#define WIDE_TOP 0x1p40f

typedef struct {
    const pr_group_spec *g;
    float x[WIDE_MOST][LANES]; /* a group is a column */
    int n;
    float most;
    wide best_s, best_z, error;
} wide_search;

static PR_INLINE wide wide_stored(pr_type t, wide x) {
    if (t == PR_F16) return wide_half(x);
    if (t == PR_F32) return x;
    wide_int u = (wide_int)x;
    return (wide)((u + 0x7fff + ((u >> 16) & 1)) & -0x10000);
}

/* lanes_sum for one group per lane. */
static PR_INLINE wide wide_tree(const wide *v) {
    wide s[4];
    for (int j = 0; j < 4; j++) s[j] = (v[j] + v[8 + j]) + (v[4 + j] + v[12 + j]);
    return (s[0] + s[2]) + (s[1] + s[3]);
}

/* Four columns from each of four groups. */
static PR_INLINE void turn4(float *to, const float *from, int64_t per) {
    four a, b, c, d;
    memcpy(&a, from, 16);
    memcpy(&b, from + per, 16);
    memcpy(&c, from + 2 * per, 16);
    memcpy(&d, from + 3 * per, 16);
    four ac = __builtin_shufflevector(a, c, 0, 4, 1, 5),
         odd_ac = __builtin_shufflevector(a, c, 2, 6, 3, 7),
         bd = __builtin_shufflevector(b, d, 0, 4, 1, 5),
         odd_bd = __builtin_shufflevector(b, d, 2, 6, 3, 7);
    four r0 = __builtin_shufflevector(ac, bd, 0, 4, 1, 5),
         r1 = __builtin_shufflevector(ac, bd, 2, 6, 3, 7),
         r2 = __builtin_shufflevector(odd_ac, odd_bd, 0, 4, 1, 5),
         r3 = __builtin_shufflevector(odd_ac, odd_bd, 2, 6, 3, 7);
    memcpy(to, &r0, 16);
    memcpy(to + LANES, &r1, 16);
    memcpy(to + 2 * LANES, &r2, 16);
    memcpy(to + 3 * LANES, &r3, 16);
}

static void wide_turn(wide_search *t, const float *src) {
    for (int k = 0; k < LANES; k += 4)
        for (int i = 0; i < t->n; i += 4) turn4(&t->x[i][k], src + k * t->n + i, t->n);
}

static void wide_extremes(const wide_search *t, wide *lo, wide *hi) {
    *lo = *hi = wide_load(t->x[0]);
    for (int i = 1; i < t->n; i++) {
        wide x = wide_load(t->x[i]);
        *lo = wide_min(x, *lo);
        *hi = wide_max(x, *hi);
    }
}

/* lane_round in one step where there is one; a zero may get another sign, which neither a
 * difference from it nor a sum of products with it shows. */
#if defined(__AVX512F__)
static PR_INLINE native wide_nearest(native x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
#else
static PR_INLINE native wide_nearest(native x) {
    return lane_round(x);
}
#endif

/* The levels next to x, as error_at and refit have them. */
static PR_INLINE native wide_level(native x, native inv, native lo, native hi) {
    return wide_nearest(lane_min(lane_max(x * inv, lo), hi));
}

static wide wide_error(const wide_search *t, wide s, wide z) {
    wide inv = wide_ratio(wide_splat(1), s), sum[16], lo = -z, hi = t->most - z;
    for (int c = 0; c < LANES / NATIVE; c++) {
        native sc = lane_load(&s, c), iv = lane_load(&inv, c), l = lane_load(&lo, c),
               h = lane_load(&hi, c);
        for (int k = 0; k < 16; k++) {
            native e = {0};
            for (int i = k; i < t->n; i += 16) {
                native x = lane_load(t->x[i], c), d = x - sc * wide_level(x, iv, l, h);
                e += d * d;
            }
            lane_store(&sum[k], c, e);
        }
    }
    return wide_tree(sum);
}

static wide wide_refit(const wide_search *t, wide s, wide z) {
    wide inv = wide_ratio(wide_splat(1), s), xs[16], qs[16], lo = -z, hi = t->most - z;
    for (int c = 0; c < LANES / NATIVE; c++) {
        native iv = lane_load(&inv, c), l = lane_load(&lo, c), h = lane_load(&hi, c);
        for (int k = 0; k < 16; k++) {
            native xq = {0}, qq = {0};
            for (int i = k; i < t->n; i += 16) {
                native x = lane_load(t->x[i], c), q = wide_level(x, iv, l, h);
                xq += x * q;
                qq += q * q;
            }
            lane_store(&xs[k], c, xq);
            lane_store(&qs[k], c, qq);
        }
    }
    wide all = wide_tree(qs);
    wide_int some = wide_less(wide_splat(0), all);
    return PICK(some, wide_tree(xs) / PICK(some, all, wide_splat(1)), s);
}

/* Where `m` is set. */
static void wide_consider(wide_search *t, wide s, wide z, wide_int m) {
    s = wide_stored(t->g->scale, s);
    wide e = wide_error(t, s, z);
    m &= wide_less(e, t->error);
    t->error = PICK(m, e, t->error);
    t->best_s = PICK(m, s, t->best_s);
    t->best_z = PICK(m, z, t->best_z);
}

static void wide_consider_refit(wide_search *t, wide z, wide_int m) {
    wide_consider(t, wide_refit(t, t->best_s, z), z, m);
}

static void wide_sym(wide_search *t, wide lo, wide hi) {
    float half = (float)(1 << (t->g->bits - 1));
    wide z = wide_splat(half), top = PICK(wide_less(hi, -lo), lo, hi);
    wide_int some = ~wide_same(top, wide_splat(0));
    t->most = 2 * half - 1;
    for (size_t i = 0; i < stretches(t->g); i++)
        wide_consider(t, top / -(half + stretch[i]), z, some);
    wide_consider(t, top / (half - 1), z, some);
    wide_consider(t, top / (1 - half), z, some);
    for (int turn = 0; turn < 2; turn++) wide_consider_refit(t, z, some);
}

static void wide_asym(wide_search *t, wide lo, wide hi) {
    wide zero = wide_splat(0);
    t->most = (float)((1 << t->g->bits) - 1);
    lo = PICK(wide_less(lo, zero), lo, zero);
    hi = PICK(wide_less(zero, hi), hi, zero);
    wide_int some = ~wide_same(lo, hi);
    for (size_t i = 0; i < stretches(t->g); i++) {
        wide s = (hi - lo) / (t->most + stretch[i]), at = -lo / s;
        wide_consider(t, s, wide_clamp(ROUND(at), 0, t->most), some);
    }
    wide z = t->best_z;
    wide_consider_refit(t, z, some);
    wide_consider_refit(t, z - 1, some & wide_less(zero, z));
    wide_consider_refit(t, z + 1, some & wide_less(z, wide_splat(t->most)));
    wide_consider_refit(t, t->best_z, some);
}

/* The lanes of `v` joined until four are left. */
static PR_INLINE void fold(float *to, native v, bool least) {
    for (int k = NATIVE / 2; k >= 4; k /= 2)
        v = least ? lane_min(v, lane_turn(v, k)) : lane_max(v, lane_turn(v, k));
    memcpy(to, &v, 4 * sizeof *to);
}

static wide fold_last(float (*quarter)[4], bool least) {
    float t[4][LANES];
    for (int k = 0; k < LANES; k += 4) turn4(&t[0][k], quarter[k], 4);
    wide a = wide_load(t[0]), b = wide_load(t[1]), c = wide_load(t[2]), d = wide_load(t[3]);
    return least ? wide_min(wide_min(a, b), wide_min(c, d))
                 : wide_max(wide_max(a, b), wide_max(c, d));
}

/* fit_mlx for LANES groups of a multiple of 16 values. In what order least and most are found is
 * all the same: only zeros differ by it, in their sign, and no zero's sign reaches the file. */
static void wide_mlx(const pr_group_spec *g, group_fit *out, const float *x, int64_t n) {
    float least[LANES][4], most[LANES][4], bins = (float)((1 << g->bits) - 1);
    for (int k = 0; k < LANES; k++, x += n) {
        native lo = lane_load(x, 0), hi = lo;
        for (int64_t i = NATIVE; i < n; i += NATIVE) {
            native v = lane_load(x + i, 0);
            lo = lane_min(v, lo);
            hi = lane_max(v, hi);
        }
        fold(least[k], lo, true);
        fold(most[k], hi, false);
    }
    wide lo = fold_last(least, true), hi = fold_last(most, false);
    wide_int low = wide_less(wide_abs(hi), wide_abs(lo));
    wide s = (hi - lo) / bins, tiny = wide_splat(1e-7f);
    s = PICK(wide_less(tiny, s), s, tiny);
    s = PICK(low, s, -s);
    wide edge = PICK(low, lo, hi), q0 = edge / s, far = wide_splat(0x1p22f);
    q0 = PICK(wide_less(q0, far) & wide_less(-far, q0), ROUND(q0), q0);
    wide_int none = wide_same(q0, wide_splat(0));
    s = PICK(none, s, edge / q0);
    edge = PICK(none, wide_splat(0), edge);
    for (int k = 0; k < LANES; k++) out[k] = (group_fit){.s = s[k], .b = edge[k]};
}

/* LANES whole groups of `n` values from `src`; false: this is not for many at once. */
static bool wide_fit(const pr_group_spec *g, group_fit *out, const float *src, int64_t n) {
    wide_search t;
    wide lo, hi;
    if (g->rule == PR_GROUP_MLX && n % 16 == 0) {
        wide_mlx(g, out, src, n);
        return true;
    }
    if ((g->rule != PR_GROUP_SYM && g->rule != PR_GROUP_ASYM) || n > WIDE_MOST || n % 8 != 0)
        return false;
    t.g = g;
    t.n = (int)n;
    t.best_s = t.best_z = wide_splat(0);
    t.error = wide_splat(INFINITY);
    wide_turn(&t, src);
    wide_extremes(&t, &lo, &hi);
    wide far = wide_splat(WIDE_TOP);
    if (wide_any(~(wide_less(-far, lo) & wide_less(hi, far)))) return false;
    if (g->rule == PR_GROUP_SYM)
        wide_sym(&t, lo, hi);
    else
        wide_asym(&t, lo, hi);
    for (int k = 0; k < LANES; k++) out[k] = (group_fit){.s = t.best_s[k], .z = t.best_z[k]};
    return true;
}
