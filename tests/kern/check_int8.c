/* check_int8.c - quantized weights: unpacking, activations, panels, products. */
#include "kern.h"
#include <math.h>

static pr_acts *acts_new(pr_acts *a, int64_t n, int64_t cols, int t) {
    size_t bytes = pr_acts_bytes(n, cols);
    pr_acts_init(a, kern_bytes(bytes, 0), n, cols);
    for (int64_t c = 0; c < cols; c++) kern_ref->act_quantize(a, c, kern_floats(n, t + (int)c % 3));
    return a;
}

static void check_act_quantize(void) {
    if (!KERN_NEW(act_quantize)) return;
    KERN_CASES(t) {
        int64_t n = 32 * kern_pick(0, 20);
        float  *x = kern_floats(n, t);
        if (t % 11 == 10 && n) x[kern_pick(0, n - 1)] = t % 2 ? (float)NAN : -(float)INFINITY;
        pr_acts a[2];
        size_t  bytes = pr_acts_bytes(n, 2);
        for (int i = 0; i < 2; i++) pr_acts_init(&a[i], kern_out((int64_t)bytes), n, 2);
        kern_ref->act_quantize(&a[0], 1, x);
        kern_k->act_quantize(&a[1], 1, x);
        kern_same(a[0].q, a[1].q, 2 * n, 1, "q, n=%d", (int)n);
        kern_same(a[0].d, a[1].d, n / 16, 4, "d, n=%d", (int)n);
        kern_same(a[0].sum32, a[1].sum32, n / 16, 4, "sum32, n=%d", (int)n);
        kern_same(a[0].sum16, a[1].sum16, n / 8, 4, "sum16, n=%d", (int)n);
        kern_same(a[0].isum32, a[1].isum32, n / 16, 4, "isum32, n=%d", (int)n);
        kern_same(a[0].isum16, a[1].isum16, n / 8, 4, "isum16, n=%d", (int)n);
    }
    int64_t n = 2048;
    float  *x = kern_floats(n, 0);
    pr_acts a;
    pr_acts_init(&a, kern_out((int64_t)pr_acts_bytes(n, 1)), n, 1);
    KERN_BENCH((double)n, "Gvalues/s", kern_k->act_quantize(&a, 0, x))
}

static void check_panel_pack(void) {
    if (!KERN_NEW(panel_pack)) return;
    KERN_CASES(t) {
        int64_t  n = 32 * kern_pick(0, 16), ldu = n + kern_pick(0, 3);
        uint8_t *u = kern_bytes((size_t)(16 * ldu), t), *want = kern_out(16 * n),
                *got = kern_out(16 * n);
        for (int64_t i = 0; i < 16 * ldu; i++) u[i] = (uint8_t)pr_rng_u64(&kern_rng);
        kern_ref->panel_pack(want, u, ldu, n);
        kern_k->panel_pack(got, u, ldu, n);
        kern_same(want, got, 16 * n, 1, "n=%d", (int)n);
    }
    uint8_t *u = kern_bytes(16 * 512, 0), *y = kern_out(16 * 512);
    KERN_BENCH(16 * 512.0, "GB/s", kern_k->panel_pack(y, u, 512, 512))
}

/* Random groups of every kind that has a way through bytes; the values of `scales` stay small. */
static pr_group_rows groups_new(pr_group_spec *s, int64_t n, int64_t rows, int t) {
    static const int     bits[] = {4, 8, 5, 6, 3, 2};
    static const pr_type scales[] = {PR_F16, PR_BF16, PR_F32};
    pr_group_rows        w = {.spec = s};
    *s = (pr_group_spec){.bits = bits[t % 6],
                         .group = 32 << t / 2 % 3,
                         .rule = (pr_group_rule)(t / 3 % 4),
                         .scale = scales[t / 5 % 3],
                         .twos = t / 7 % 2,
                         .wide_zeros = t / 11 % 2};
    if (s->rule == PR_GROUP_FP4) s->bits = 4, s->group = 32;
    if (n % s->group != 0) s->group = t % 2 ? 32 : 0;
    if (s->rule == PR_GROUP_FP4) s->group = 32;
    pr_group_row_of(s, n, &w.row);
    uint8_t *c = kern_bytes((size_t)rows * w.row.codes, t),
            *a = kern_bytes((size_t)rows * w.row.scales, t),
            *b = kern_bytes((size_t)rows * w.row.offsets, t);
    float   *x = kern_floats(n, 0);
    for (int64_t r = 0; r < rows; r++) { /* an encoder's own scales and offsets, any codes */
        uint8_t *rc = c + (uint64_t)r * w.row.codes;
        kern_ref->group_encode(s, rc, a + (uint64_t)r * w.row.scales,
                               b + (uint64_t)r * w.row.offsets, x, n);
        for (uint64_t i = 0; i < w.row.codes; i++) rc[i] = (uint8_t)pr_rng_u64(&kern_rng);
    }
    w.codes = c, w.scales = a, w.offsets = w.row.offsets ? b : NULL;
    return w;
}

static void check_unpack_group(void) {
    if (!KERN_NEW(unpack_group)) return;
    KERN_CASES(t) {
        pr_group_spec s;
        int64_t       n = 32 * kern_pick(1, 40), from = n > 512 ? 512 * (t % 2) : 0, m = n - from;
        pr_group_rows w = groups_new(&s, n, 2, t);
        uint8_t      *u = kern_out(m), *v = kern_out(m);
        float *a = kern_out(m / 8), *b = kern_out(m / 8), *c = kern_out(m / 8),
              *d = kern_out(m / 8);
        kern_ref->unpack_group(u, a, b, &w, 1, from, m);
        kern_k->unpack_group(v, c, d, &w, 1, from, m);
        kern_same(u, v, m, 1, "codes, %d bits, n=%d", s.bits, (int)n);
        kern_same(a, c, m / 32, 4, "scales, %d bits, rule %d, n=%d", s.bits, s.rule, (int)n);
        kern_same(b, d, m / 32, 4, "mins, %d bits, rule %d, n=%d", s.bits, s.rule, (int)n);
    }
}

/* One column by the level's gemv, by its own panel, and by the reference: the same bits. */
static void check_gemv_group(void) {
    if (!KERN_NEW(gemv_group)) return;
    KERN_CASES(t) {
        pr_group_spec s;
        pr_panel      p;
        pr_acts       a;
        int64_t       n = 32 * kern_pick(1, 40), rows = kern_pick(1, 11);
        pr_group_rows w = groups_new(&s, n, rows, t);
        float *want = kern_out(rows * 4), *got = kern_out(rows * 4), *many = kern_out(64 + 64 * 9);
        acts_new(&a, n, 10, t);
        kern_ref->gemv_group(want, &w, rows, &a, t % 2);
        kern_k->gemv_group(got, &w, rows, &a, t % 2);
        kern_same(want, got, rows, 4, "%d bits, rule %d, rows=%d n=%d", s.bits, s.rule, (int)rows,
                  (int)n);
        pr_panel_group_init(&p, kern_bytes(pr_panel_group_bytes(&s, n), 0), &s, n);
        pr_panel_group_load(kern_k, &p, &w, 0, (int)rows);
        kern_k->gemm_i8(many, 16, &p, &a, t % 2, 9);
        kern_same(want, many, rows, 4, "panel: %d bits, rule %d, rows=%d n=%d", s.bits, s.rule,
                  (int)rows, (int)n);
    }
    for (int t = 0; t < 2; t++) {
        pr_group_spec s;
        pr_acts       a;
        pr_group_rows w = groups_new(&s, 2048, 128, 6 + t); /* MLX, 4 and 8 bits */
        float        *y = kern_out(128 * 4);
        acts_new(&a, 2048, 1, 0);
        if (kern_is_bench) printf("%d bits ", s.bits);
        KERN_BENCH(128.0 * 2048, "GMAC/s", kern_k->gemv_group(y, &w, 128, &a, 0))
        kern_case(0);
    }
}

/* The definition in other words: decode, and multiply with the activations as they were rounded.
 * What differs is the rounding of sums, of which the greatest part is an offset's: 4 bounds
 * those of normal values; 1e-5 is ten times 2^-20, what 16 additions in float32 can lose. */
static void check_group_meaning(void) {
    if (!KERN_NEW(gemv_group)) return;
    KERN_CASES(t) {
        pr_group_spec s;
        pr_acts       a;
        int64_t       n = 32 * kern_pick(1, 20);
        pr_group_rows w = groups_new(&s, n, 1, t);
        float        *x = kern_out(n * 4), *y = kern_out(4);
        double        sum = 0, size = 0;
        acts_new(&a, n, 1, 0);
        kern_ref->group_decode(&s, x, w.codes, w.scales, w.offsets, n);
        kern_k->gemv_group(y, &w, 1, &a, 0);
        for (int64_t i = 0; i < n; i++) {
            double v = (double)x[i] * a.q[i] * (double)a.d[i / 32];
            sum += v;
            size += fabs(v) + 4 * fabs(a.q[i] * (double)a.d[i / 32]);
        }
        if (!(fabs(sum - (double)y[0]) <= 1e-5 * size))
            kern_fail("%d bits, rule %d: %g, expected %g", s.bits, s.rule, (double)y[0], sum);
    }
}

typedef void (*unpack_fn)(uint8_t *u, float *scale, float *min, const void *row, int64_t n);

static void check_unpack(pr_type type, unpack_fn ref, unpack_fn k) {
    const pr_qtype *q = pr_qtype_get(type);
    int             block = pr_type_get(type)->block;
    KERN_CASES(t) {
        int64_t  n = block * kern_pick(0, 9), groups = n / q->group;
        void    *w = kern_qrows(type, n, 1, t);
        uint8_t *u = kern_out(n), *v = kern_out(n);
        float   *s = kern_out(groups * 4), *z = kern_out(groups * 4), *m = NULL, *l = NULL;
        if (q->has_min) m = kern_out(groups * 4), l = kern_out(groups * 4);
        ref(u, s, m, w, n);
        k(v, z, l, w, n);
        kern_same(u, v, n, 1, "codes, n=%d", (int)n);
        kern_same(s, z, groups, 4, "scales, n=%d", (int)n);
        if (m) kern_same(m, l, groups, 4, "mins, n=%d", (int)n);
    }
    void    *w = kern_qrows(type, 4096, 1, 0);
    uint8_t *u = kern_out(4096);
    float   *s = kern_out(1024), *m = kern_out(1024);
    KERN_BENCH(4096.0, "Gweights/s", k(u, s, m, w, 4096))
}

static void check_gemv(pr_type type, pr_gemv ref, pr_gemv k) {
    int block = pr_type_get(type)->block;
    KERN_CASES(t) {
        int64_t n = block * kern_pick(0, block == 32 ? 40 : 9), rows = kern_pick(0, 11);
        size_t  row_bytes = (size_t)(n / block * pr_type_get(type)->bytes);
        void   *w = kern_qrows(type, n, rows, t);
        float  *want = kern_out(rows * 4), *got = kern_out(rows * 4);
        pr_acts a;
        acts_new(&a, n, 2, t);
        ref(want, w, row_bytes, rows, &a, t % 2);
        k(got, w, row_bytes, rows, &a, t % 2);
        kern_same(want, got, rows, 4, "rows=%d n=%d", (int)rows, (int)n);
    }
    int64_t n = 2048, rows = 128; /* in L2 */
    void   *w = kern_qrows(type, n, rows, 0);
    float  *y = kern_out(rows * 4);
    pr_acts a;
    acts_new(&a, n, 1, 0);
    KERN_BENCH((double)(rows * n), "GMAC/s",
               k(y, w, (size_t)(n / block * pr_type_get(type)->bytes), rows, &a, 0))
}

/* A panel loaded by the level under test: the pieces and the interleaving are its own. */
static pr_panel *panel_new(pr_panel *p, pr_type type, int64_t n, int rows, int t) {
    void *w = kern_qrows(type, n, rows, t);
    pr_panel_init(p, kern_bytes(pr_panel_bytes(type, n), 0), type, n);
    pr_panel_load(kern_k, p, w,
                  (size_t)(n / pr_type_get(type)->block * pr_type_get(type)->bytes), rows);
    return p;
}

static const pr_type qtypes[] = {PR_Q4_0, PR_Q4_1, PR_Q5_0, PR_Q5_1, PR_Q8_0, PR_IQ4_NL,
                                 PR_Q2_K, PR_Q3_K, PR_Q4_K, PR_Q5_K, PR_Q6_K, PR_IQ4_XS};

static void check_gemm_i8(void) {
    if (!KERN_NEW(gemm_i8)) return;
    KERN_CASES(t) {
        pr_type  type = qtypes[(size_t)t % PR_COUNT(qtypes)];
        int64_t  block = pr_type_get(type)->block, n = block * kern_pick(0, block == 32 ? 36 : 5);
        int64_t  cols = kern_pick(0, 19), col = kern_pick(0, 2), ldy = 16 + kern_pick(0, 2);
        float   *want = kern_out(cols * ldy * 4), *got = kern_out(cols * ldy * 4);
        pr_acts  a;
        pr_panel p;
        acts_new(&a, n, cols + col, t);
        panel_new(&p, type, n, (int)kern_pick(0, 16), t);
        kern_ref->gemm_i8(want, ldy, &p, &a, col, cols);
        kern_k->gemm_i8(got, ldy, &p, &a, col, cols);
        kern_same(want, got, cols * ldy, 4, "%s rows=%d cols=%d n=%d", pr_type_get(type)->name,
                  p.rows, (int)cols, (int)n);
    }
    for (size_t i = 0; i < PR_COUNT(qtypes); i++) {
        pr_acts  a;
        pr_panel p;
        int64_t  n = 2048, cols = 64;
        float   *y = kern_out(16 * cols * 4);
        acts_new(&a, n, cols, 0);
        panel_new(&p, qtypes[i], n, 16, 0);
        if (kern_is_bench) printf("%-7s", pr_type_get(qtypes[i])->name);
        KERN_BENCH(16.0 * (double)(cols * n), "GMAC/s", kern_k->gemm_i8(y, 16, &p, &a, 0, cols))
        kern_case(0);
    }
}

/* The same bits from one column as from many: gemv of the level against gemm_i8 of the
 * reference. */
static void check_paths(void) {
    if (!KERN_NEW(gemm_i8)) return;
    KERN_CASES(t) {
        pr_type  type = qtypes[(size_t)t % PR_COUNT(qtypes)];
        int      bytes = pr_type_get(type)->bytes, block = pr_type_get(type)->block;
        int64_t  n = block * kern_pick(1, block == 32 ? 36 : 5);
        void    *w = kern_qrows(type, n, 16, t);
        float   *want = kern_out(64), *got = kern_out(64);
        pr_acts  a;
        pr_panel p;
        acts_new(&a, n, 1, t);
        pr_panel_init(&p, kern_bytes(pr_panel_bytes(type, n), 0), type, n);
        pr_panel_load(kern_ref, &p, w, (size_t)(n / block * bytes), 16);
        kern_ref->gemm_i8(want, 16, &p, &a, 0, 1);
        pr_gemv_get(kern_k, type)(got, w, (size_t)(n / block * bytes), 16, &a, 0);
        kern_same(want, got, 16, 4, "%s one column, n=%d", pr_type_get(type)->name, (int)n);
    }
}

void check_int8(void) {
    check_act_quantize();
    check_panel_pack();
#define QROW(T, t)                                                                             \
    if (KERN_NEW(unpack_##t)) check_unpack(PR_##T, kern_ref->unpack_##t, kern_k->unpack_##t);  \
    if (KERN_NEW(gemv_##t)) check_gemv(PR_##T, kern_ref->gemv_##t, kern_k->gemv_##t);
    QROW(Q4_0, q4_0)
    QROW(Q4_1, q4_1)
    QROW(Q5_0, q5_0)
    QROW(Q5_1, q5_1)
    QROW(Q8_0, q8_0)
    QROW(IQ4_NL, iq4_nl)
    QROW(Q2_K, q2_k)
    QROW(Q3_K, q3_k)
    QROW(Q4_K, q4_k)
    QROW(Q5_K, q5_k)
    QROW(Q6_K, q6_k)
    QROW(IQ4_XS, iq4_xs)
    check_unpack_group();
    check_gemv_group();
    if (!kern_is_bench) check_group_meaning();
    check_gemm_i8();
    if (!kern_is_bench) check_paths();
}
