/* ov_model.c - a graph in OpenVINO's words, its own or one that torch traced into ONNX: what its
 * operations mean (match.h). Operations: OpenVINO 2026.4 (opset 1 to 13), as pare, optimum-intel
 * 2.2 with NNCF 3.4, and optimum-onnx 0.1 (by way of pr_calc_from_onnx) use them.
 *
 * Always true: an operation that no rule takes is an error with the node's name. Masks, shapes and
 * angles are not matched but computed (calc/calc.h): each exporter has its own spelling of them. */
#include "match.h"
#include <math.h>
#include <stdio.h>

enum { BUDGET = 1 << 28, MASKS_MAX = 1024, ROTATIONS_MAX = 1024, WIDTH_MAX = 1 << 24 };

typedef enum { FLAT, SPLIT, HEADS } form; /* [B,T,W], [B,T,H,D], [B,H,T,D] */

/* What a value is on its way to one of match.h's meanings. */
typedef enum {
    O_MEANING, /* it has one */
    O_NUMBER,  /* depends on the shape of things, positions and masks: computed when needed */
    O_CODES,   /* whole numbers of a matrix (mat), not yet scaled */
    O_SQUARE, O_MEAN, O_MEAN_EPS, O_ROOT, O_INVERSE, O_UNIT, /* of a norm of `of` */
    O_PART,    /* values first … first + count - 1 of each head of `of` */
    O_MINUS,   /* the same, times -1 */
    O_TURNED,  /* -second half, first half, of O_PART or of whole heads */
    O_BY,      /* `of` times the table `by` */
    O_TURNED_BY, /* O_TURNED of `of` times the table `by` */
    O_ROTATED, /* O_PART of `of`, rotated */
    O_PAST,    /* a state as it was */
    O_ALL,     /* `of` behind a state: what all tokens so far had */
    O_SPREAD,  /* O_ALL on its way to more heads */
    /* Attention in single steps: queries `of`, all keys `by`, a factor `eps`, `mask`. */
    O_SCALED, O_KEYS_TURNED, O_SCORES, O_MASKED, O_PROBS,
    O_NAN      /* which of O_PROBS are none: a row that sees nothing */
} step_kind;

typedef struct {
    step_kind kind;
    form f;
    int of, by, root;      /* root: the value that this is by another name */
    int64_t n_head, d_head, first, count;
    int state, mask;       /* the PAST that ALL and SPREAD stand behind; the value that hides */
    mt_mat mat;
    double eps;            /* epsilon, or a factor */
    bool rough;            /* the factor is a rounded one, of 11 bits */
} step;

typedef struct {
    int v;
    int64_t left;
} mask;

typedef struct {
    int cos_v, sin_v;
    pr_fg_const cos, sin; /* frequencies and magnitude, as settle.c takes them */
} rotation;

typedef struct {
    mt t;
    const pr_fgraph *g;
    pare_err *err;
    step *s; /* of each value */
    uint64_t budget;
    pr_calc_decoder d;
    pr_calc_shapes shapes;
    mask masks[MASKS_MAX];
    rotation *rotations;
    int n_masks, n_rotations;
} ov;

#define OV_TRY(cond, n, ...)                                      \
    do {                                                          \
        if (!(cond)) return pr_fg_fail((n), o->err, __VA_ARGS__); \
    } while (0)

#define NO_PAST "attends without what came before: export it with past keys and values"

static mt_sym *sym(const ov *o, int v) {
    return &o->t.sym[v];
}

static bool kind(const ov *o, int v, mt_kind k) {
    return v >= 0 && o->t.sym[v].kind == k;
}

static bool is(const ov *o, int v, step_kind k) {
    return v >= 0 && o->s[v].kind == k;
}

static bool stream(const ov *o, int v) {
    return is(o, v, O_MEANING) && sym(o, v)->kind >= MT_RES && sym(o, v)->kind < MT_STATE;
}

/* A meaning in the usual shape, [B,T,W]. */
static bool flat(const ov *o, int v) {
    return is(o, v, O_MEANING) && o->s[v].f == FLAT;
}

static int root(const ov *o, int v) {
    return v >= 0 ? o->s[v].root : -1;
}

static int out_of(const pr_fg_node *n) {
    return n->n_out ? n->out[0] : -1;
}

/* A constant, perhaps told in another shape or a wider type; NULL: it is none. */
static const pr_fg_const *const_of(const ov *o, int v) {
    const pr_fg_const *c = pr_fg_const_of(o->g, v);
    return c || !kind(o, v, MT_CONST) ? c : sym(o, v)->w;
}

static const char *name_of(const ov *o, int v) {
    return kind(o, v, MT_CONST) && sym(o, v)->w_name ? sym(o, v)->w_name : o->g->vals[v].name;
}

/* One number, known from constants alone. */
static bool number(const ov *o, int v, double *x) {
    const pr_fg_const *c = const_of(o, v);
    const pr_fg_node *n = pr_fg_maker(o->g, v);
    if (!c && pr_fg_is(n, "Convert", NULL)) c = pr_fg_const_of(o->g, pr_fg_in(n, 0));
    return c && c->count == 1 && pr_fg_const_f64(c, 0, x);
}

/* The same, also one that is computed from shapes. */
static pare_status known(ov *o, int v, double *x, bool *yes) {
    const pr_calc_num *c;
    if ((*yes = number(o, v, x)) || !is(o, v, O_NUMBER)) return PARE_OK;
    PR_TRY(pr_calc_value(o->shapes.calc, v, &c, o->err));
    if ((*yes = c->num && c->count == 1)) *x = c->num[0];
    return PARE_OK;
}

static bool is_number(const ov *o, int v, double want) {
    double x;
    return number(o, v, &x) && x == want;
}

/* Axis `want` of `rank`, counted from either end? */
static bool is_axis(const ov *o, int v, int rank, int want) {
    return is_number(o, v, want) || is_number(o, v, want - rank);
}

static bool attr_axis(const pr_fg_node *n, int rank, int want) {
    int64_t a;
    return pr_fg_attr_i64(n, "axis", INT64_MIN, &a, NULL) == PARE_OK &&
           (a == want || a == want - rank);
}

static bool is_order(const pr_fg_const *c, uint64_t n, const int64_t *want) {
    int64_t v;
    bool same = c && c->count == n;
    for (uint64_t i = 0; same && i < n; i++) same = pr_fg_const_i64(c, i, &v) && v == want[i];
    return same;
}

/* A product of what it is given, nothing turned first. */
static bool is_plain(const pr_fg_node *n) {
    return !pr_fg_attr_says(n, "transpose_a", "true") && !pr_fg_attr_says(n, "transpose_b", "true");
}

static pare_status set(ov *o, const pr_fg_node *n, step s) {
    int out = out_of(n);
    OV_TRY(out >= 0, n, "its result is left out");
    s.root = out;
    o->s[out] = s;
    return PARE_OK;
}

/* The result is that value by another name. */
static pare_status pass_on(ov *o, const pr_fg_node *n, int from) {
    int out = out_of(n);
    OV_TRY(out >= 0, n, "its result is left out");
    *sym(o, out) = *sym(o, from);
    if (kind(o, from, MT_CONST)) {
        sym(o, out)->w = const_of(o, from);
        sym(o, out)->w_name = name_of(o, from);
    }
    o->s[out] = o->s[from];
    return PARE_OK;
}

static pare_status has_shape(ov *o, int v, int n, const int64_t *dim, bool *yes) {
    return pr_calc_shape_is(&o->shapes, v, n, dim, yes, o->err);
}
#define SHAPE(v, yes, ...)                                                                \
    PR_TRY(has_shape(o, (v), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),          \
                     (int64_t[]){__VA_ARGS__}, (yes)))

/* Shapes of what depends on weights. */
static bool shape_of(void *user, int v, int64_t b, int64_t t, int64_t past, pr_calc_num *out) {
    const ov *o = user;
    const step *s = &o->s[v];
    int64_t w = mt_width(&o->t, v), h = s->n_head, d = s->d_head;
    if (s->kind == O_PAST || s->kind == O_ALL)
        *out = (pr_calc_num){.n_dims = 4, .dim = {b, h, s->kind == O_ALL ? past + t : past, d}};
    else if (!stream(o, v) || w <= 0)
        return false;
    else if (s->f == FLAT)
        *out = (pr_calc_num){.n_dims = 3, .dim = {b, t, w}};
    else
        *out = (pr_calc_num){.n_dims = 4,
                             .dim = {b, s->f == SPLIT ? t : h, s->f == SPLIT ? h : t, d}};
    return true;
}

/* ------------------------------------------------------------------ matrices */

static bool is_float(pr_fg_type t) {
    return t == PR_FG_F32 || t == PR_FG_F16 || t == PR_FG_BF16;
}

static bool is_codes(pr_fg_type t) {
    return t == PR_FG_U4 || t == PR_FG_I4 || t == PR_FG_U8 || t == PR_FG_I8 || t == PR_FG_NF4;
}

/* [rows, cols] of floats, or what scaled codes have become. */
static bool rows_of(const ov *o, int v, mt_mat *m) {
    const pr_fg_const *c = const_of(o, v);
    if (kind(o, v, MT_ROWS)) return *m = sym(o, v)->mat, true;
    if (!c || c->n_dims != 2 || c->dim[0] > WIDTH_MAX || c->dim[1] > WIDTH_MAX) return false;
    *m = (mt_mat){.data = c, .rows = (int64_t)c->dim[0], .cols = (int64_t)c->dim[1],
                  .name = name_of(o, v)};
    return m->rows > 0 && m->cols > 0;
}

static void flip(mt_mat *m) {
    int64_t rows = m->rows;
    m->rows = m->cols;
    m->cols = rows;
    m->turned = !m->turned;
}

static pare_status codes(ov *o, const pr_fg_node *n, const pr_fg_const *c) {
    step s = {.kind = O_CODES};
    if (!pr_calc_codes(&s.mat, c, o->g->vals[n->in[0]].name)) s.kind = O_NUMBER;
    return set(o, n, s);
}

/* codes - zero points */
static pare_status subtract_zeros(ov *o, const pr_fg_node *n) {
    int b = pr_fg_in(n, 1);
    const pr_fg_node *from = pr_fg_maker(o->g, b);
    const pr_fg_const *c = pr_fg_const_of(o->g, b);
    step s = o->s[pr_fg_in(n, 0)];
    if (!c && pr_fg_is(from, "Convert", NULL)) c = pr_fg_const_of(o->g, pr_fg_in(from, 0));
    PR_TRY(pr_calc_codes_less(&s.mat, n, c, o->t.m->arena, o->err));
    return set(o, n, s);
}

/* codes · scales: the matrix is whole. */
static pare_status scale_codes(ov *o, const pr_fg_node *n, int a, int b) {
    mt_mat m = o->s[a].mat;
    PR_TRY(set(o, n, (step){.kind = O_MEANING}));
    PR_TRY(pr_calc_codes_times(&m, n, const_of(o, b), o->err));
    *sym(o, out_of(n)) = (mt_sym){.kind = MT_ROWS, .mat = m};
    return PARE_OK;
}

/* ------------------------------------------------------------------ what is no stream */

/* Depends on no weight and no state? Shapes of any do. */
static bool numberish(const ov *o, int v) {
    return v >= 0 && !is(o, v, O_PAST) &&
           (is(o, v, O_NUMBER) || o->g->vals[v].input >= 0 || kind(o, v, MT_CONST) ||
            kind(o, v, MT_IDS));
}

static pare_status convert(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0), out = out_of(n);
    const pr_fg_const *c = const_of(o, x);
    OV_TRY(x >= 0 && out >= 0, n, "converts nothing");
    pr_fg_type to = o->g->vals[out].type;
    OV_TRY(pr_fg_attr_says(n, "destination_type", to == PR_FG_BOOL ? "boolean"
                                                                   : pr_fg_type_name(to)),
           n, "says another type than it gives");
    if (kind(o, x, MT_IDS)) return pass_on(o, n, x);
    bool floats = is_float(to);
    if (c && floats && is_codes(c->type) && c->count > 1) return codes(o, n, c);
    /* Floats told in a wider type are the same numbers. */
    bool wider = c && floats && is_float(c->type) &&
                 (to == PR_FG_F32 || to == c->type);
    if (wider) return pass_on(o, n, x);
    if (kind(o, x, MT_CONST) || numberish(o, x)) return set(o, n, (step){.kind = O_NUMBER});
    OV_TRY(floats && (stream(o, x) || kind(o, x, MT_ROWS) || (o->s[x].kind >= O_SQUARE)), n,
           "turns what is no float into %s", pr_fg_type_name(to));
    return pass_on(o, n, x); /* how it is rounded is the runtime's arithmetic */
}

static pare_status read_value(ov *o, const pr_fg_node *n) {
    bool empty;
    int out = out_of(n);
    step s = {.kind = O_PAST, .state = out};
    OV_TRY(n->n_in == 1 && out >= 0 && pr_fg_attr_find(n, "variable_id"), n,
           "a state without a first value or a name");
    const pr_fg_val *v = &o->g->vals[out];
    OV_TRY(v->n_dims == 4 && v->dim[1] > 0 && v->dim[1] <= 4096 && v->dim[3] > 0 &&
               v->dim[3] <= 4096,
           n, "a state of another shape than [batch, heads, tokens, values]");
    s.n_head = v->dim[1];
    s.d_head = v->dim[3];
    SHAPE(n->in[0], &empty, PR_CALC_B, s.n_head, 0, s.d_head);
    OV_TRY(empty, n, "a state that does not begin empty");
    return set(o, n, s);
}

/* What is kept is what is attended to. */
static pare_status assign(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    const pr_fg_attr *a = pr_fg_attr_find(n, "variable_id"), *b = NULL;
    const pr_fg_node *from = is(o, x, O_ALL) ? pr_fg_maker(o->g, o->s[x].state) : NULL;
    if (from) b = pr_fg_attr_find(from, "variable_id");
    OV_TRY(a && b && pr_str_eq(a->text, b->text), n, "keeps what is not all of its own state");
    return PARE_OK;
}

/* Each state is read once, and kept once. */
static pare_status check_states(ov *o) {
    for (int i = 0; i < o->g->n_nodes; i++) {
        const pr_fg_node *n = &o->g->nodes[i];
        int reads = 0, keeps = 0;
        if (!pr_fg_is(n, "ReadValue", NULL)) continue;
        pr_str id = pr_fg_attr_find(n, "variable_id")->text;
        for (int k = 0; k < o->g->n_nodes; k++) {
            const pr_fg_node *m = &o->g->nodes[k];
            bool read = pr_fg_is(m, "ReadValue", NULL), keep = pr_fg_is(m, "Assign", NULL);
            if (!read && !keep) continue;
            const pr_fg_attr *a = pr_fg_attr_find(m, "variable_id");
            if (!a || !pr_str_eq(a->text, id)) continue;
            reads += read;
            keeps += keep;
        }
        OV_TRY(reads == 1 && keeps == 1, n, "a state that is read %d times and kept %d times",
               reads, keeps);
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ attention */

static pare_status mask_of(ov *o, const pr_fg_node *n, int v, int64_t *left) {
    for (int i = 0; i < o->n_masks; i++)
        if (o->masks[i].v == v) return *left = o->masks[i].left, PARE_OK;
    OV_TRY(o->n_masks < MASKS_MAX, n, "over %d masks", MASKS_MAX);
    PR_TRY(pr_calc_mask(o->g, &o->d, n, v, left, o->err));
    o->masks[o->n_masks++] = (mask){v, *left};
    return PARE_OK;
}

/* Heads of queries `q`, all keys `k` and values `v`, mask `m`; `scale` 0: the usual one. */
static pare_status attend(ov *o, const pr_fg_node *n, int q, int k, int v, int m, double scale) {
    mt_attention a = {.q = q, .left = -1, .scale = scale};
    OV_TRY(stream(o, q) && o->s[q].f == HEADS, n, "queries that are no heads");
    const step *s = &o->s[q];
    for (int i = 0; i < 2; i++) {
        int y = i ? v : k;
        OV_TRY(!stream(o, y), n, NO_PAST);
        const step *x = &o->s[y];
        OV_TRY((x->kind == O_ALL || (x->kind == O_SPREAD && x->count == 0)) &&
                   x->n_head == s->n_head && x->d_head == s->d_head,
               n, "keys or values that are no heads of a state, one for each query's");
    }
    OV_TRY(o->s[k].state != o->s[v].state, n, "keys and values of one state");
    a.k = o->s[k].of;
    a.v = o->s[v].of;
    a.n_head = (int)s->n_head;
    a.n_kv = (int)o->s[a.k].n_head;
    OV_TRY(o->s[a.v].n_head == a.n_kv, n, "other heads of keys than of values");
    PR_TRY(mask_of(o, n, m, &a.left));
    PR_TRY(mt_attn(&o->t, n, &a, out_of(n)));
    return set(o, n, (step){.kind = O_MEANING, .f = HEADS, .n_head = s->n_head,
                            .d_head = s->d_head});
}

static pare_status attention(ov *o, const pr_fg_node *n) {
    double scale = 0;
    OV_TRY(n->n_in == 4 || n->n_in == 5, n, "%d inputs, expected a mask", n->n_in);
    OV_TRY(pr_fg_attr_says(n, "causal", "false"), n, "a mask of its own, beside the one given");
    for (int i = 0; i < 4; i++) OV_TRY(n->in[i] >= 0, n, "an input that is left out");
    OV_TRY(n->n_in == 4 || number(o, n->in[4], &scale), n, "a scale that is no constant");
    OV_TRY(n->n_in == 4 || scale > 0, n, "a scale of %g", scale);
    return attend(o, n, n->in[0], n->in[1], n->in[2], n->in[3], scale);
}

/* ------------------------------------------------------------------ attention in single steps */

/* A factor of queries, keys or scores. */
static pare_status scale_by(ov *o, const pr_fg_node *n, int x, int by, bool divide) {
    const pr_fg_const *c = const_of(o, by);
    step s = o->s[x];
    double f;
    OV_TRY(number(o, by, &f) && f > 0 && c, n, "scales by what is no constant");
    if (s.kind == O_MEANING) s = (step){.kind = O_SCALED, .of = root(o, x), .eps = 1};
    s.eps = divide ? s.eps / f : s.eps * f;
    s.rough |= c->type == PR_FG_F16 || c->type == PR_FG_BF16;
    return set(o, n, s);
}

/* [B,h,S,D] → [B,h,D,S] */
static pare_status turn_keys(ov *o, const pr_fg_node *n, int x, const pr_fg_const *by) {
    OV_TRY(is_order(by, 4, (int64_t[]){0, 1, 3, 2}), n, "another order of dimensions");
    return set(o, n, (step){.kind = O_KEYS_TURNED, .by = x, .eps = 1});
}

static pare_status scores(ov *o, const pr_fg_node *n) {
    int q = pr_fg_in(n, 0), k = pr_fg_in(n, 1);
    bool scaled = is(o, q, O_SCALED);
    OV_TRY(scaled || (stream(o, q) && o->s[q].f == HEADS), n,
           "keys are multiplied with what are no queries");
    OV_TRY(is_plain(n), n, "turns what is turned");
    return set(o, n, (step){.kind = O_SCORES, .of = scaled ? o->s[q].of : root(o, q),
                            .by = o->s[k].by, .eps = o->s[k].eps * (scaled ? o->s[q].eps : 1),
                            .rough = o->s[k].rough || (scaled && o->s[q].rough)});
}

static pare_status hide(ov *o, const pr_fg_node *n, int a, int b) {
    bool first = is(o, a, O_SCORES);
    step s = o->s[first ? a : b];
    s.mask = first ? b : a;
    OV_TRY(is(o, s.mask, O_NUMBER), n, "adds to scores what is no mask");
    s.kind = O_MASKED;
    return set(o, n, s);
}

static pare_status softmax(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    OV_TRY(is(o, x, O_MASKED) && attr_axis(n, 4, 3), n, "a softmax that no attention has");
    PR_TRY(set(o, n, o->s[x]));
    o->s[out_of(n)].kind = O_PROBS;
    return PARE_OK;
}

/* Nothing to see is 0 / 0: what torch writes behind its softmax. */
static pare_status is_nan(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    OV_TRY(is(o, x, O_PROBS), n, "a question that no attention has");
    return set(o, n, (step){.kind = O_NAN, .of = root(o, x)});
}

static pare_status choose(ov *o, const pr_fg_node *n) {
    int c = pr_fg_in(n, 0), a = pr_fg_in(n, 1), b = pr_fg_in(n, 2);
    OV_TRY(is(o, c, O_NAN) && is_number(o, a, 0) && is(o, b, O_PROBS) && root(o, b) == o->s[c].of,
           n, "a choice that no attention has");
    return pass_on(o, n, b);
}

/* A factor of half precision, squared, has 10 bits: that of the layer's width is meant. */
static pare_status weigh(ov *o, const pr_fg_node *n) {
    const step *p = &o->s[n->in[0]];
    int v = pr_fg_in(n, 1);
    double usual = 1 / sqrt((double)o->s[p->of].d_head), off = p->eps / usual - 1;
    bool meant = p->rough && off < 0x1p-9 && off > -0x1p-9;
    OV_TRY(v >= 0 && is_plain(n), n, "weighs what are no values");
    return attend(o, n, p->of, p->by, v, p->mask, meant ? 0 : p->eps);
}

/* ------------------------------------------------------------------ the stream */

static pare_status gather(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0), i = pr_fg_in(n, 1);
    mt_mat m;
    int64_t batch;
    PR_TRY(pr_fg_attr_i64(n, "batch_dims", 0, &batch, o->err));
    OV_TRY(batch == 0 && is_number(o, pr_fg_in(n, 2), 0), n, "looks up along another axis");
    if (is(o, x, O_PAST)) { /* each beam goes on from what it was chosen from */
        OV_TRY(i == o->d.beam, n, "an order of a state that is not beam_idx");
        return pass_on(o, n, x);
    }
    OV_TRY(kind(o, i, MT_IDS) && rows_of(o, x, &m), n, "looks up what is no token");
    PR_TRY(mt_embed(&o->t, n, out_of(n), &m));
    return set(o, n, (step){.kind = O_MEANING});
}

static pare_status matmul(ov *o, const pr_fg_node *n) {
    mt_mat m;
    int x = pr_fg_in(n, 0);
    if (is(o, pr_fg_in(n, 1), O_KEYS_TURNED)) return scores(o, n);
    if (is(o, x, O_PROBS)) return weigh(o, n);
    OV_TRY(!pr_fg_attr_says(n, "transpose_a", "true") && flat(o, x), n,
           "multiplies what is no step of a decoder");
    OV_TRY(rows_of(o, pr_fg_in(n, 1), &m), n, "multiplies by what is no constant matrix");
    if (!pr_fg_attr_says(n, "transpose_b", "true")) {
        flip(&m);
        OV_TRY(!m.scales || !m.turned, n, "groups of numbers that run down the columns");
    }
    PR_TRY(mt_linear(&o->t, n, x, &m, out_of(n)));
    return set(o, n, (step){.kind = O_MEANING});
}

static pare_status power(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    if (is(o, x, O_MEAN_EPS) && is_number(o, pr_fg_in(n, 1), -0.5)) {
        step s = o->s[x];
        s.kind = O_INVERSE;
        return set(o, n, s);
    }
    OV_TRY(stream(o, x) && is_number(o, pr_fg_in(n, 1), 2), n, "a power that no norm has");
    return set(o, n, (step){.kind = O_SQUARE, .of = root(o, x)});
}

static pare_status mean(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    OV_TRY(is(o, x, O_SQUARE) && pr_fg_attr_says(n, "keep_dims", "true") &&
               is_axis(o, pr_fg_in(n, 1), o->s[o->s[x].of].f == FLAT ? 3 : 4,
                       o->s[o->s[x].of].f == FLAT ? 2 : 3),
           n, "a mean that no norm has");
    return set(o, n, (step){.kind = O_MEAN, .of = o->s[x].of});
}

static pare_status square_root(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    OV_TRY(is(o, x, O_MEAN_EPS), n, "a root that no norm has");
    return set(o, n, (step){.kind = O_ROOT, .of = o->s[x].of, .eps = o->s[x].eps});
}

/* 1 / root, or x / root of x. */
static pare_status divide(ov *o, const pr_fg_node *n) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    if (is(o, a, O_SCORES)) return scale_by(o, n, a, b, true);
    OV_TRY(is(o, b, O_ROOT), n, "a quotient that no norm has");
    step s = {.kind = O_INVERSE, .of = o->s[b].of, .eps = o->s[b].eps};
    if (is_number(o, a, 1)) return set(o, n, s);
    OV_TRY(stream(o, a) && root(o, a) == s.of, n, "divides by the root of another's mean");
    s.kind = O_UNIT;
    return set(o, n, s);
}

static pare_status finish_norm(ov *o, const pr_fg_node *n, int unit, int w) {
    const step *u = &o->s[unit], x = o->s[u->of];
    int out = out_of(n);
    PR_TRY(mt_norm(&o->t, n, u->of, w, u->eps, out));
    return set(o, n, (step){.kind = O_MEANING, .f = x.f, .n_head = x.n_head, .d_head = x.d_head});
}

/* ------------------------------------------------------------------ rotation */

/* What rotates: whole heads, or the first values of each. */
static pare_status turn(ov *o, const pr_fg_node *n, int cos_by, int sin_by, int64_t dim,
                        const rotation **r) {
    rotation *to = NULL;
    float *f, *magnitude;
    for (int i = 0; i < o->n_rotations; i++)
        if (o->rotations[i].cos_v == cos_by && o->rotations[i].sin_v == sin_by &&
            2 * o->rotations[i].cos.count == (uint64_t)dim)
            return *r = &o->rotations[i], PARE_OK;
    OV_TRY(o->n_rotations < ROTATIONS_MAX, n, "over %d rotations", ROTATIONS_MAX);
    PR_NEW(f, o->t.m->arena, dim / 2 + 1, o->err);
    PR_NEW(magnitude, o->t.m->arena, 1, o->err);
    PR_TRY(pr_calc_rotation(o->g, &o->d, n, cos_by, sin_by, dim, f, magnitude, o->err));
    uint64_t half = (uint64_t)dim / 2;
    to = &o->rotations[o->n_rotations++];
    *to = (rotation){.cos_v = cos_by, .sin_v = sin_by};
    to->cos = (pr_fg_const){.type = PR_FG_F32, .n_dims = 1, .dim = {half}, .count = half,
                            .data = (uint8_t *)f, .bytes = half * sizeof *f};
    to->sin = (pr_fg_const){.type = PR_FG_F32, .n_dims = 1, .dim = {1}, .count = 1,
                            .data = (uint8_t *)magnitude, .bytes = sizeof *magnitude};
    *r = to;
    for (const rotation *k = o->rotations; k < to; k++) /* the same one told again */
        if (k->cos.count == half && memcmp(k->cos.data, f, half * sizeof *f) == 0 &&
            memcmp(k->sin.data, magnitude, sizeof *magnitude) == 0)
            return *r = k, PARE_OK;
    return PARE_OK;
}

/* x·cos + turned(x)·sin */
static pare_status rotate(ov *o, const pr_fg_node *n, int a, int b) {
    if (is(o, b, O_BY)) {
        int c = a;
        a = b, b = c;
    }
    OV_TRY(is(o, a, O_BY) && is(o, b, O_TURNED_BY) && o->s[a].of == o->s[b].of, n,
           "a sum that no rotation is");
    int x = o->s[a].of;
    bool some = is(o, x, O_PART);
    step h = o->s[some ? o->s[x].of : x];
    const rotation *r = NULL;
    OV_TRY(!some || o->s[x].first == 0, n, "rotates other than the first values of a head");
    PR_TRY(turn(o, n, o->s[a].by, o->s[b].by, some ? o->s[x].count : h.d_head, &r));
    PR_TRY(mt_rope(&o->t, n, some ? o->s[x].of : x, &r->cos, &r->sin, out_of(n)));
    h.kind = some ? O_ROTATED : O_MEANING;
    h.of = some ? o->s[x].of : x;
    h.count = some ? o->s[x].count : 0;
    return set(o, n, h);
}

static pare_status minus(ov *o, const pr_fg_node *n, int x) {
    OV_TRY(is(o, x, O_PART), n, "turns round what is no part of a head");
    step s = o->s[x];
    s.kind = O_MINUS;
    return set(o, n, s);
}

static pare_status negative(ov *o, const pr_fg_node *n) {
    return minus(o, n, pr_fg_in(n, 0));
}

static pare_status cut(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    double from = 0, to = 0;
    bool some = is(o, x, O_PART), heads = stream(o, x) && o->s[x].f == HEADS, sure = false;
    OV_TRY(n->n_in == 5 && (some || heads) && is_number(o, n->in[3], 1) &&
               is_axis(o, n->in[4], 4, 3),
           n, "cuts what are no heads");
    PR_TRY(known(o, n->in[1], &from, &sure));
    if (sure) PR_TRY(known(o, n->in[2], &to, &sure));
    OV_TRY(sure, n, "cuts heads at what is not known");
    double d = (double)(some ? o->s[x].count : o->s[x].d_head);
    if (to > d) to = d;
    OV_TRY(from >= 0 && to > from && from == (double)(int64_t)from && to == (double)(int64_t)to, n,
           "a part of no size");
    /* of the part, if it is one: that is what will be rotated */
    return set(o, n, (step){.kind = O_PART, .of = root(o, x), .first = (int64_t)from,
                            .count = (int64_t)(to - from)});
}

/* Values of what is cut: of a part, or of each head. */
static int64_t values(const ov *o, int x) {
    return is(o, x, O_PART) ? o->s[x].count : o->s[x].d_head;
}

static pare_status concat(ov *o, const pr_fg_node *n) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    OV_TRY(n->n_in == 2 && a >= 0 && b >= 0, n, "joins what no decoder does");
    const step *p = &o->s[a], *q = &o->s[b];
    if (is(o, a, O_PAST)) {
        OV_TRY(attr_axis(n, 4, 2) && stream(o, b) && q->f == HEADS && q->n_head == p->n_head &&
                   q->d_head == p->d_head,
               n, "puts behind a state what are no such heads");
        return set(o, n, (step){.kind = O_ALL, .f = HEADS, .of = b, .n_head = p->n_head,
                                .d_head = p->d_head, .state = p->state});
    }
    OV_TRY(attr_axis(n, 4, 3), n, "joins what no decoder does");
    if (is(o, a, O_ROTATED)) {
        OV_TRY(is(o, b, O_PART) && root(o, p->of) == q->of && q->first == p->count &&
                   q->first + q->count == p->d_head,
               n, "joins what are no two parts of a head");
        *sym(o, out_of(n)) = *sym(o, a);
        step s = *p;
        s.kind = O_MEANING;
        return set(o, n, s);
    }
    OV_TRY(is(o, a, O_MINUS) && is(o, b, O_PART) && p->of == q->of && q->first == 0 &&
               p->first == q->count && p->first + p->count == values(o, p->of) &&
               p->count == q->count,
           n, "joins what no rotation does");
    return set(o, n, (step){.kind = O_TURNED, .of = p->of});
}

/* ------------------------------------------------------------------ sums and products */

static pare_status add(ov *o, const pr_fg_node *n) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    double eps;
    if (is(o, b, O_MEAN)) {
        int c = a;
        a = b, b = c;
    }
    if (is(o, a, O_MEAN)) {
        OV_TRY(number(o, b, &eps), n, "an epsilon that is no constant");
        return set(o, n, (step){.kind = O_MEAN_EPS, .of = o->s[a].of, .eps = eps});
    }
    if (is(o, a, O_BY) || is(o, b, O_BY)) return rotate(o, n, a, b);
    if (is(o, a, O_SCORES) || is(o, b, O_SCORES)) return hide(o, n, a, b);
    OV_TRY((flat(o, a) || const_of(o, a)) && (flat(o, b) || const_of(o, b)), n,
           "a sum that no decoder layer has");
    PR_TRY(mt_add(&o->t, n, a, b, out_of(n)));
    return set(o, n, (step){.kind = O_MEANING});
}

static pare_status multiply(ov *o, const pr_fg_node *n) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    bool second = is(o, b, O_CODES) || is(o, b, O_UNIT) || is(o, b, O_PART) || is(o, b, O_TURNED) ||
                  numberish(o, a) || is(o, a, O_INVERSE);
    if (second) {
        int c = a;
        a = b, b = c;
    }
    if (is(o, a, O_CODES)) return scale_codes(o, n, a, b);
    if (is(o, a, O_UNIT)) return finish_norm(o, n, a, b);
    if (is(o, b, O_INVERSE)) {
        OV_TRY(stream(o, a) && root(o, a) == o->s[b].of, n, "scales by another's mean");
        return set(o, n, (step){.kind = O_UNIT, .of = o->s[b].of, .eps = o->s[b].eps});
    }
    if (is(o, a, O_PART) && is_number(o, b, -1)) return minus(o, n, a);
    bool heads = stream(o, a) && o->s[a].f == HEADS;
    bool step_of = heads || is(o, a, O_SCALED) || is(o, a, O_KEYS_TURNED) || is(o, a, O_SCORES);
    if (step_of && const_of(o, b) && const_of(o, b)->count == 1)
        return scale_by(o, n, a, b, false);
    if (is(o, b, O_NUMBER) && is(o, a, O_TURNED))
        return set(o, n, (step){.kind = O_TURNED_BY, .of = o->s[a].of, .by = b});
    if (is(o, b, O_NUMBER) && (heads || is(o, a, O_PART)))
        return set(o, n, (step){.kind = O_BY, .of = root(o, a), .by = b});
    OV_TRY(flat(o, a) && flat(o, b), n, "a product that no decoder layer has");
    PR_TRY(mt_mul(&o->t, n, a, b, out_of(n)));
    return set(o, n, (step){.kind = O_MEANING});
}

static pare_status act(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    bool swish = pr_fg_is(n, "Swish", NULL);
    OV_TRY(flat(o, x) && (n->n_in == 1 || (swish && is_number(o, n->in[1], 1))), n,
           "an activation that no decoder layer has");
    PR_TRY(mt_act(&o->t, n, x, swish ? MT_SILU : MT_SIGMOID, out_of(n)));
    return set(o, n, (step){.kind = O_MEANING});
}

/* ------------------------------------------------------------------ shapes */

/* The heads of `x` with the tokens inside: what a product was before it was split. */
static pare_status to_heads(ov *o, const pr_fg_node *n, int x) {
    int out = out_of(n);
    step s = o->s[x];
    s.f = HEADS;
    if (kind(o, x, MT_HNORM))
        PR_TRY(mt_join(&o->t, n, x, mt_width(&o->t, sym(o, x)->of), out));
    else if (kind(o, x, MT_HEADS))
        *sym(o, out) = *sym(o, sym(o, x)->of);
    else if (kind(o, x, MT_QNORM))
        *sym(o, out) = *sym(o, x);
    else
        return pr_fg_fail(n, o->err, "turns what are no heads");
    return set(o, n, s);
}

static pare_status transpose(ov *o, const pr_fg_node *n) {
    const pr_fg_const *by = const_of(o, pr_fg_in(n, 1));
    int x = pr_fg_in(n, 0);
    if (is(o, x, O_ALL) || is(o, x, O_SPREAD)) return turn_keys(o, n, x, by);
    OV_TRY(stream(o, x) && o->s[x].f != FLAT, n, "turns what are no heads");
    OV_TRY(is_order(by, 4, (int64_t[]){0, 2, 1, 3}), n,
           o->s[x].f == HEADS ? NO_PAST : "another order of dimensions");
    if (o->s[x].f == SPLIT) return to_heads(o, n, x);
    OV_TRY(kind(o, x, MT_ATTN), n, "turns heads back that are no attention's");
    PR_TRY(pass_on(o, n, x));
    o->s[out_of(n)].f = SPLIT;
    return PARE_OK;
}

/* [B,h,S,D] → [B,h,1,S,D] → [B,h,n,S,D] → [B,h·n,S,D]: each head of keys, n times. */
static pare_status spread(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0), out = out_of(n);
    step s = o->s[x];
    int64_t h = s.n_head, d = s.d_head, all = PR_CALC_PAST + PR_CALC_T, times = s.count;
    bool yes = false;
    OV_TRY(out >= 0, n, "its result is left out");
    OV_TRY(!stream(o, x) || s.f != HEADS, n, NO_PAST);
    if (s.kind == O_ALL && pr_fg_is(n, "Unsqueeze", NULL)) {
        SHAPE(out, &yes, PR_CALC_B, h, 1, all, d);
        s.count = 1;
    } else if (s.kind == O_SPREAD && times == 1 && pr_fg_is(n, "Broadcast", NULL)) {
        for (s.count = 2; s.count <= 4096 / h && !yes; s.count += !yes)
            SHAPE(out, &yes, PR_CALC_B, h, s.count, all, d);
    } else if (s.kind == O_SPREAD && times > 1 && pr_fg_is(n, "Reshape", NULL)) {
        SHAPE(out, &yes, PR_CALC_B, h * times, all, d);
        s.n_head = h * times;
        s.count = 0;
    }
    OV_TRY(yes, n, "heads of keys that are repeated in another way");
    s.kind = O_SPREAD;
    return set(o, n, s);
}

static pare_status reshape(ov *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0), out = out_of(n);
    bool yes;
    OV_TRY(out >= 0 && x >= 0, n, "its result is left out");
    if (is(o, x, O_ALL) || is(o, x, O_SPREAD)) return spread(o, n);
    OV_TRY(stream(o, x), n, "a shape that no decoder has");
    const step s = o->s[x];
    const pr_calc_num *to;
    PR_TRY(pr_calc_value(o->shapes.calc, out, &to, o->err));
    int64_t w = mt_width(&o->t, x), d = to->n_dims == 4 ? to->dim[3] : 0;
    if (s.f == FLAT) {
        OV_TRY(d > 0 && w > 0 && w % d == 0, n, "heads that are no whole part of their values");
        step h = {.kind = O_MEANING, .f = SPLIT, .n_head = w / d, .d_head = d};
        SHAPE(out, &yes, PR_CALC_B, PR_CALC_T, w / d, d);
        if (yes && kind(o, x, MT_QNORM) && w == d) { /* one head, normalised before it was one */
            PR_TRY(pass_on(o, n, x));
            return set(o, n, h);
        }
        if (yes) {
            PR_TRY(mt_heads(&o->t, n, x, d, out));
            return set(o, n, h);
        }
        OV_TRY(w == d, n, "a shape that no decoder has");
        SHAPE(out, &yes, PR_CALC_B, 1, PR_CALC_T, d);
        OV_TRY(yes && (kind(o, x, MT_LINEAR) || kind(o, x, MT_QNORM)), n,
               "a shape that no decoder has");
        PR_TRY(pass_on(o, n, x)); /* one head: nothing moves */
        h.f = HEADS;
        return set(o, n, h);
    }
    if (kind(o, x, MT_ATTN) && (s.f == SPLIT || s.n_head == 1)) {
        SHAPE(out, &yes, PR_CALC_B, PR_CALC_T, w);
        OV_TRY(yes, n, "a shape that no decoder has");
        PR_TRY(pass_on(o, n, x));
        return set(o, n, (step){.kind = O_MEANING});
    }
    OV_TRY(s.f == SPLIT && s.n_head == 1, n, "a shape that no decoder has");
    SHAPE(out, &yes, PR_CALC_B, 1, PR_CALC_T, s.d_head);
    OV_TRY(yes, n, "a shape that no decoder has");
    return to_heads(o, n, x);
}

/* Of what scaled codes have become: groups side by side again. */
static pare_status reshape_rows(ov *o, const pr_fg_node *n) {
    const pr_fg_const *to = const_of(o, pr_fg_in(n, 1));
    const mt_mat *m = &sym(o, n->in[0])->mat;
    int64_t rows, cols;
    OV_TRY(to && to->count == 2 && pr_fg_const_i64(to, 0, &rows) && pr_fg_const_i64(to, 1, &cols) &&
               (rows == m->rows || rows == -1) && (cols == m->cols || cols == -1) &&
               rows + cols != -2,
           n, "another shape than [rows, columns]");
    return pass_on(o, n, n->in[0]);
}

/* ------------------------------------------------------------------ the whole */

static const struct {
    const char *op;
    pare_status (*rule)(ov *o, const pr_fg_node *n);
} RULES[] = {
    {"Gather", gather},       {"MatMul", matmul},     {"Power", power},
    {"ReduceMean", mean},     {"Sqrt", square_root},  {"Divide", divide},
    {"Slice", cut},           {"Concat", concat},     {"Add", add},
    {"Multiply", multiply},   {"Swish", act},         {"Sigmoid", act},
    {"Transpose", transpose}, {"Unsqueeze", spread},  {"Broadcast", spread},
    {"Reshape", reshape},     {"Assign", assign},     {"ScaledDotProductAttention", attention},
    {"Negative", negative},   {"Softmax", softmax},   {"IsNaN", is_nan},
    {"Select", choose},
};

/* Floats in two dimensions. */
static bool is_matrix(const ov *o, int v) {
    const pr_fg_const *c = const_of(o, v);
    return c && c->n_dims == 2 && is_float(c->type);
}

static pare_status turn_rows(ov *o, const pr_fg_node *n, int x, int by) {
    mt_sym s = {.kind = MT_ROWS};
    OV_TRY(out_of(n) >= 0 && rows_of(o, x, &s.mat) &&
               is_order(const_of(o, by), 2, (int64_t[]){1, 0}),
           n, "turns a matrix in another way");
    flip(&s.mat);
    *sym(o, out_of(n)) = s;
    return set(o, n, (step){.kind = O_MEANING});
}

/* Matrices are made of constants alone, and so are numbers. */
static pare_status of_constants(ov *o, const pr_fg_node *n, bool *done) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    bool product = pr_fg_is(n, "Multiply", NULL);
    *done = true;
    if (pr_fg_is(n, "Convert", NULL)) return convert(o, n);
    if (pr_fg_is(n, "ReadValue", NULL)) return read_value(o, n);
    if (pr_fg_is(n, "Subtract", NULL) && is(o, a, O_CODES)) return subtract_zeros(o, n);
    if (product && is(o, a, O_CODES)) return scale_codes(o, n, a, b);
    if (product && is(o, b, O_CODES)) return scale_codes(o, n, b, a);
    if (pr_fg_is(n, "Reshape", NULL) && kind(o, a, MT_ROWS)) return reshape_rows(o, n);
    if (pr_fg_is(n, "Transpose", NULL) && is_matrix(o, a)) return turn_rows(o, n, a, b);
    bool numbers = n->n_in > 0;
    for (int i = 0; i < n->n_in; i++) numbers &= numberish(o, n->in[i]);
    bool token = pr_fg_is(n, "Gather", NULL) && kind(o, b, MT_IDS);
    if (pr_fg_is(n, "ShapeOf", NULL) || (numbers && !token)) {
        for (int i = 0; i < n->n_out; i++) {
            o->s[n->out[i]] = (step){.kind = O_NUMBER, .root = n->out[i]};
            sym(o, n->out[i])->kind = MT_SIZE;
        }
        return PARE_OK;
    }
    *done = false;
    return PARE_OK;
}

static pare_status one_node(ov *o, const pr_fg_node *n) {
    bool done;
    if (pr_fg_is(n, "MatMulNBits", "com.microsoft")) {
        OV_TRY(flat(o, pr_fg_in(n, 0)) && out_of(n) >= 0, n,
               "multiplies what is no step of a decoder");
        PR_TRY(mt_n_bits(&o->t, n));
        return set(o, n, (step){.kind = O_MEANING});
    }
    OV_TRY(strncmp(n->domain, "opset", 5) == 0, n,
           "pare reads no such operator%s%.40s in a decoder", *n->domain ? " of " : "", n->domain);
    PR_TRY(of_constants(o, n, &done));
    if (done) return PARE_OK;
    for (size_t i = 0; i < PR_COUNT(RULES); i++)
        if (pr_fg_is(n, RULES[i].op, NULL)) return RULES[i].rule(o, n);
    return pr_fg_fail(n, o->err, "pare reads no such operation in a decoder");
}

/* A state that is given, and given back: by these names the caller pairs them. */
static const char *past_of(const char *name) {
    bool state = strncmp(name, "past_key_values.", 16) == 0 || strncmp(name, "present.", 8) == 0;
    return state ? strchr(name, '.') : NULL;
}

static bool is_past(ov *o, int v) {
    const pr_fg_val *x = &o->g->vals[v];
    bool is = past_of(x->name) && x->name[1] == 'a' && x->typed && x->n_dims == 4 &&
              is_float(x->type) && x->dim[1] > 0 && x->dim[1] <= 4096 &&
              x->dim[3] > 0 && x->dim[3] <= 4096;
    if (is)
        o->s[v] = (step){.kind = O_PAST, .state = v, .root = v, .n_head = x->dim[1],
                         .d_head = x->dim[3]};
    return is;
}

/* What goes out beside the logits: every state that came in, once, and all of it. */
static pare_status given_back(ov *o, int v) {
    const char *tail = past_of(o->g->vals[v].name);
    const char *from = is(o, v, O_ALL) ? past_of(o->g->vals[o->s[v].state].name) : NULL;
    if (tail && from && strcmp(tail, from) == 0) return PARE_OK;
    return pr_fail(o->err, PARE_EUNSUPPORTED, -1,
                   "output '%.100s' of the graph is neither logits nor all of a state",
                   o->g->vals[v].name);
}

static pare_status outputs(ov *o) {
    int states = 0, back = 0, logits = -1;
    for (int i = 0; i < o->g->n_inputs; i++) states += is(o, o->g->inputs[i], O_PAST);
    for (int i = 0; i < o->g->n_outputs; i++) {
        int v = o->g->outputs[i];
        if (logits < 0 && flat(o, v)) {
            logits = v;
            continue;
        }
        PR_TRY(given_back(o, v));
        for (int k = 0; k < i; k++)
            if (is(o, o->g->outputs[k], O_ALL) &&
                o->s[o->g->outputs[k]].state == o->s[v].state)
                return pr_fail(o->err, PARE_EUNSUPPORTED, -1, "a state that is given back twice");
        back++;
    }
    if (logits < 0) return pr_fail(o->err, PARE_EUNSUPPORTED, -1, "the output is no logits");
    if (back != states)
        return pr_fail(o->err, PARE_EUNSUPPORTED, -1, "%d states come in, %d go out", states, back);
    return mt_is_logits(&o->t, logits);
}

static pare_status inputs(ov *o) {
    static const struct {
        const char *name;
        mt_kind kind;
    } known[] = {{"input_ids", MT_IDS}, {"attention_mask", MT_MASK}, {"position_ids", MT_POS},
                 {"beam_idx", MT_INTS}};
    int *const places[] = {&o->d.ids, &o->d.mask, &o->d.pos, &o->d.beam};
    for (int i = 0; i < o->g->n_inputs; i++) {
        int v = o->g->inputs[i];
        for (size_t k = 0; k < PR_COUNT(known); k++) {
            if (strcmp(o->g->vals[v].name, known[k].name) != 0) continue;
            sym(o, v)->kind = known[k].kind;
            *places[k] = v;
        }
        if (!kind(o, v, MT_NONE) || is_past(o, v)) continue;
        return pr_fail(o->err, PARE_EUNSUPPORTED, -1,
                       "input '%.100s' of the graph is none of input_ids, attention_mask, "
                       "position_ids and beam_idx or a state",
                       o->g->vals[v].name);
    }
    return PARE_OK;
}

static pare_status follow(ov *o) {
    PR_TRY(inputs(o));
    for (int i = 0; i < o->g->n_nodes; i++) PR_TRY(one_node(o, &o->g->nodes[i]));
    PR_TRY(check_states(o));
    PR_TRY(outputs(o));
    return mt_close(&o->t, o->err);
}

static pare_status match(ov *o, pr_model *m, pare_err *err) {
    int layers = 0;
    for (int i = 0; i < o->g->n_nodes; i++)
        layers += pr_fg_is(&o->g->nodes[i], "ScaledDotProductAttention", NULL) ||
                  pr_fg_is(&o->g->nodes[i], "Softmax", NULL);
    PR_TRY(mt_open(&o->t, m, o->g, layers, err));
    PR_NEW(o->s, m->arena, o->g->n_vals + 1, err);
    PR_NEW(o->rotations, m->arena, ROTATIONS_MAX, err);
    for (int v = 0; v < o->g->n_vals; v++) o->s[v].root = v;
    PR_TRY(pr_calc_shapes_open(&o->shapes, o->g, &o->d, err));
    pare_status st = follow(o);
    pr_calc_shapes_close(&o->shapes);
    return st;
}

pare_status mt_traced(pr_model *m, const pr_fgraph *g, const char *dir, pare_err *err) {
    ov *o;
    mt_said said = {0};
    PR_NEW(o, m->arena, 1, err);
    *o = (ov){.g = g, .err = err, .budget = BUDGET};
    o->d = (pr_calc_decoder){.ids = -1, .mask = -1, .pos = -1, .beam = -1, .shape = shape_of,
                             .user = o, .budget = &o->budget};
    pare_status st = match(o, m, err);
    if (st == PARE_OK) st = mt_settle(&o->t, dir, &said, err);
    return st == PARE_OK ? st : pr_fail_in(err, st, pr_container_path(m->file, 0));
}

pare_status pr_openvino_match(pr_model *m, const pr_fgraph *g, const char *dir, pare_err *err) {
    return mt_traced(m, g, dir, err);
}
