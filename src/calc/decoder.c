/* decoder.c - is a graph's mask that of a decoder, its rotation a rotation? Both are computed on
 * inputs that show every difference, and compared with what they would be. */
#include "calc.h"

enum { NUMBERS_MAX = 8, REACH_MAX = 1 << 20, POSITIONS = 4 };

/* Inputs of one run; NULL: shapes only. */
typedef struct {
    const pr_calc_decoder *d;
    const pr_fgraph *g;
    int64_t b, t, past;
    double *mask, *pos, *beam;
} run;

static bool given(void *user, int v, pr_calc_num *out) {
    const run *r = user;
    const pr_calc_decoder *d = r->d;
    bool own = v == d->ids || v == d->mask || v == d->pos || v == d->beam;
    if (!own) return d->shape(d->user, v, r->b, r->t, r->past, out);
    *out = (pr_calc_num){.n_dims = v == d->beam ? 1 : 2,
                         .dim = {r->b, v == d->mask ? r->past + r->t : r->t}};
    if (v == d->mask) out->num = r->mask;
    if (v == d->pos) out->num = r->pos;
    if (v == d->beam) out->num = r->beam;
    return true;
}

static bool dims_are(const pr_calc_num *x, int n, const int64_t *dim) {
    bool same = x->n_dims == n;
    for (int i = 0; same && i < n; i++) same = x->dim[i] == dim[i];
    return same;
}

/* ------------------------------------------------------------------ masks */

/* `far`: two texts, the second with filling before it, longer than every number of the graph; else
 * one from its start. */
static pare_status run_of(run *r, bool far, int64_t reach, pare_err *err) {
    r->b = far ? 2 : 1;
    r->t = far ? 3 : 7;
    r->past = far ? reach + 5 : 0;
    int64_t all = r->past + r->t;
    r->mask = pr_calloc((size_t)(r->b * (all + r->t + 1)), sizeof(double));
    if (!r->mask) return pr_fail_nomem(err, (uint64_t)all * sizeof(double));
    r->pos = r->mask + r->b * all;
    r->beam = r->pos + r->b * r->t;
    for (int64_t b = 0; b < r->b; b++) {
        r->beam[b] = (double)b;
        for (int64_t i = 0; i < all; i++) r->mask[b * all + i] = i >= 2 * b;
        for (int64_t i = 0; i < r->t; i++) r->pos[b * r->t + i] = (double)(r->past + i - 2 * b);
    }
    return PARE_OK;
}

static bool sees(const run *r, int64_t b, int64_t t, int64_t key, int64_t left) {
    int64_t at = r->past + t;
    return key <= at && key >= 2 * b && (left < 0 || at - key <= left);
}

/* What is hidden must not survive the softmax. */
static bool opens(double x, bool truth, bool *sure) {
    *sure = truth ? x == 0 || x == 1 : x == 0 || x <= -1e4;
    return truth ? x == 1 : x == 0;
}

/* *left is -2 where it is yet to be found. */
static bool mask_fits(const run *r, const pr_calc_num *m, bool truth, int64_t *left) {
    int64_t all = r->past + r->t, n = 0, dim[] = {r->b, 1, r->t, all};
    bool sure;
    if (!m->num || !dims_are(m, 4, dim)) return false;
    if (*left == -2) {
        for (int64_t i = 0; i < all; i++)
            n += opens(m->num[(r->t - 1) * all + i], truth, &sure);
        *left = n == all ? -1 : n - 1;
    }
    for (int64_t b = 0; b < r->b; b++)
        for (int64_t t = 0; t < r->t; t++)
            for (int64_t i = 0; i < all; i++) {
                double x = m->num[(b * r->t + t) * all + i];
                if (opens(x, truth, &sure) != sees(r, b, t, i, *left) || !sure) return false;
            }
    return true;
}

static pare_status try_mask(run *r, const pr_fg_node *n, int v, int64_t *left, pare_err *err) {
    pr_calc *k;
    const pr_calc_num *m;
    const pr_calc_inputs in = {.given = given, .user = r, .budget = r->d->budget};
    PR_TRY(pr_calc_new(&k, r->g, &in, err));
    pare_status st = pr_calc_value(k, v, &m, err);
    if (st == PARE_OK && !mask_fits(r, m, r->g->vals[v].type == PR_FG_BOOL, left))
        st = pr_fg_fail(n, err, "a mask that is neither causal nor a window of such a one");
    pr_calc_free(k);
    return st;
}

/* The largest number that a mask could compare a distance with: any small constant's. */
static int64_t largest_number(const pr_fgraph *g) {
    int64_t most = 0;
    for (int i = 0; i < g->n_consts; i++)
        for (uint64_t k = 0; g->consts[i].count <= NUMBERS_MAX && k < g->consts[i].count; k++) {
            double x;
            if (!pr_fg_const_f64(&g->consts[i], k, &x)) continue;
            bool endless = !(x < 0x1p30 && x > -0x1p30), lowest = x == -65504;
            if (!endless && !lowest) most = PR_MAX(most, (int64_t)(x < 0 ? -x : x));
        }
    return most;
}

pare_status pr_calc_mask(const pr_fgraph *g, const pr_calc_decoder *d, const pr_fg_node *n, int v,
                         int64_t *left, pare_err *err) {
    int64_t reach = largest_number(g);
    *left = -2;
    if (reach > REACH_MAX)
        return pr_fg_fail(n, err, "a mask in a graph with numbers over %d", REACH_MAX);
    for (int far = 1; far >= 0; far--) {
        run r = {.d = d, .g = g};
        PR_TRY(run_of(&r, far, reach, err));
        pare_status st = try_mask(&r, n, v, left, err);
        pr_free(r.mask);
        PR_TRY(st);
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ rotation */

/* Back to the angle of a table: through what only tells it in another shape, or scales it. */
static int angle_of(const pr_fgraph *g, int v, const char *fn) {
    for (int i = 0; i < 16; i++) {
        const pr_fg_node *n = pr_fg_maker(g, v);
        if (pr_fg_is(n, fn, NULL)) return pr_fg_in(n, 0);
        bool scaled = pr_fg_is(n, "Multiply", NULL);
        if (!scaled && !pr_fg_is(n, "Unsqueeze", NULL) && !pr_fg_is(n, "Convert", NULL)) return -1;
        v = pr_fg_in(n, 0);
        if (scaled && pr_fg_const_of(g, v)) v = pr_fg_in(n, 1);
    }
    return -1;
}

static bool near(double a, double b) {
    double d = a - b, room = 1e-9 * (b < 0 ? -b : b) + 1e-9;
    return (d < 0 ? -d : d) <= room;
}

typedef struct {
    const pr_calc_num *a, *b, *c, *s; /* angles of cos and sin, the two tables */
} parts;

static bool rotates(const parts *p, const double *pos, int64_t dim) {
    double mag = p->c->num[0], sn, cs;
    for (int r = 0; r < POSITIONS; r++)
        for (int64_t i = 0; i < dim; i++) {
            int64_t at = r * dim + i;
            double f = p->a->num[dim + i % (dim / 2)]; /* row 1 is of position 1 */
            if (!near(p->a->num[at], pos[r] * f) || p->a->num[at] != p->b->num[at]) return false;
            pr_sincos(p->a->num[at], &sn, &cs);
            if (!near(p->c->num[at], mag * cs) || !near(p->s->num[at], mag * sn)) return false;
        }
    return mag > 0;
}

static pare_status get_parts(pr_calc *k, const pr_fgraph *g, const pr_fg_node *n, int vc, int vs,
                             parts *p, pare_err *err) {
    int ac = angle_of(g, vc, "Cos"), as = angle_of(g, vs, "Sin");
    if (ac < 0 || as < 0) return pr_fg_fail(n, err, "turns by what is no cosine and sine");
    PR_TRY(pr_calc_value(k, ac, &p->a, err));
    PR_TRY(pr_calc_value(k, as, &p->b, err));
    PR_TRY(pr_calc_value(k, vc, &p->c, err));
    return pr_calc_value(k, vs, &p->s, err);
}

/* One text of four positions, 0, 1, 2, and one beyond every number of the graph: a rule that
 * changes with the length shows itself. */
pare_status pr_calc_rotation(const pr_fgraph *g, const pr_calc_decoder *d, const pr_fg_node *n,
                             int vc, int vs, int64_t dim, float *f, float *magnitude,
                             pare_err *err) {
    int64_t far = largest_number(g) + 300, want[] = {1, 1, POSITIONS, dim};
    double pos[POSITIONS] = {0, 1, 2, (double)far}, beam[1] = {0};
    run r = {.d = d, .g = g, .b = 1, .t = POSITIONS, .past = far, .pos = pos, .beam = beam};
    const pr_calc_inputs in = {.given = given, .user = &r, .budget = d->budget};
    parts p;
    pr_calc *k;
    if (dim < 2 || dim % 2 != 0) return pr_fg_fail(n, err, "turns %lld values", (long long)dim);
    if (far > REACH_MAX)
        return pr_fg_fail(n, err, "a rotation in a graph with numbers over %d", REACH_MAX);
    if (!(r.mask = pr_calloc((size_t)(far + POSITIONS), sizeof(double))))
        return pr_fail_nomem(err, (uint64_t)far * sizeof(double));
    for (int64_t i = 0; i < far + POSITIONS; i++) r.mask[i] = 1;
    pare_status st = pr_calc_new(&k, g, &in, err);
    if (st == PARE_OK) st = get_parts(k, g, n, vc, vs, &p, err);
    if (st == PARE_OK &&
        (!dims_are(p.c, 4, want) || !dims_are(p.s, 4, want) || p.a->count != POSITIONS * dim ||
         p.b->count != p.a->count || !p.a->num || !p.b->num || !p.c->num || !p.s->num ||
         !rotates(&p, pos, dim)))
        st = pr_fg_fail(n, err,
                        "angles that are not each position times a frequency, in halves");
    if (st == PARE_OK) *magnitude = (float)p.c->num[0];
    for (int64_t i = 0; st == PARE_OK && i < dim / 2; i++) f[i] = (float)p.a->num[dim + i];
    pr_calc_free(k);
    pr_free(r.mask);
    return st;
}

/* ------------------------------------------------------------------ shapes */

static bool shape_given(void *user, int v, pr_calc_num *out) {
    const pr_calc_shapes *s = user;
    run r = {.d = s->d, .g = s->g, .b = PR_CALC_B, .t = PR_CALC_T, .past = PR_CALC_PAST};
    return given(&r, v, out);
}

pare_status pr_calc_shapes_open(pr_calc_shapes *s, const pr_fgraph *g, const pr_calc_decoder *d,
                                pare_err *err) {
    *s = (pr_calc_shapes){.g = g, .d = d};
    s->in = (pr_calc_inputs){.given = shape_given, .user = s, .budget = d->budget};
    return pr_calc_new(&s->calc, g, &s->in, err);
}

void pr_calc_shapes_close(pr_calc_shapes *s) {
    pr_calc_free(s->calc);
    s->calc = NULL;
}

pare_status pr_calc_shape_is(pr_calc_shapes *s, int v, int n, const int64_t *dim, bool *is,
                             pare_err *err) {
    const pr_calc_num *x;
    PR_TRY(pr_calc_value(s->calc, v, &x, err));
    *is = dims_are(x, n, dim);
    return PARE_OK;
}
