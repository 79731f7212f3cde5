/* unround.c - a graph without the places where values are rounded to bytes and brought back:
 * QuantizeLinear and DequantizeLinear in ONNX, FakeQuantize in OpenVINO.
 *
 * Always true: only what is computed is touched, with one scale for all and the same scale there
 * and back; constants that are stored in bytes stay what they are. Who reads the graph then sees
 * the function that was rounded, and how often it was. */
#include "calc.h"

typedef struct {
    const pr_fgraph *from;
    int *as; /* the value that stands for each */
} rounds;

static const pr_fg_const *one_number(const pr_fgraph *g, int v) {
    const pr_fg_const *c = pr_fg_const_of(g, v);
    return c && c->count == 1 ? c : NULL;
}

static bool same_number(const pr_fgraph *g, int a, int b) {
    const pr_fg_const *x = one_number(g, a), *y = one_number(g, b);
    double p, q;
    return x && y && pr_fg_const_f64(x, 0, &p) && pr_fg_const_f64(y, 0, &q) && p == q;
}

/* 8 bits, or 16. */
static bool is_levels(const pr_fgraph *g, int zero) {
    const pr_fg_const *c = one_number(g, zero);
    pr_fg_type t = c ? c->type : PR_FG_U8;
    return (zero < 0 || c) &&
           (t == PR_FG_U8 || t == PR_FG_I8 || t == PR_FG_U16 || t == PR_FG_I16);
}

/* QuantizeLinear before `n`, if both have one and the same scale and zero point. */
static const pr_fg_node *there(const rounds *r, const pr_fg_node *n) {
    const pr_fgraph *g = r->from;
    const pr_fg_node *q = pr_fg_maker(g, pr_fg_in(n, 0));
    if (!pr_fg_is(n, "DequantizeLinear", "") || !pr_fg_is(q, "QuantizeLinear", "")) return NULL;
    int z = pr_fg_in(n, 2), qz = pr_fg_in(q, 2);
    bool same = same_number(g, pr_fg_in(n, 1), pr_fg_in(q, 1)) &&
                ((z < 0 && qz < 0) || same_number(g, z, qz)) && is_levels(g, qz);
    return same ? q : NULL;
}

/* What `n` rounds, or -1. */
static int rounded(const rounds *r, const pr_fg_node *n) {
    const pr_fgraph *g = r->from;
    const pr_fg_node *q = there(r, n);
    int x = q ? pr_fg_in(q, 0) : -1;
    int64_t many;
    if (pr_fg_is(n, "FakeQuantize", NULL) &&
        pr_fg_attr_i64(n, "levels", 0, &many, NULL) == PARE_OK && many >= 255 &&
        same_number(g, pr_fg_in(n, 1), pr_fg_in(n, 3)) &&
        same_number(g, pr_fg_in(n, 2), pr_fg_in(n, 4)))
        x = pr_fg_in(n, 0);
    if (x < 0 || n->n_out != 1 || n->out[0] < 0 || pr_fg_const_of(g, x)) return -1;
    return x;
}

/* Nodes but those that round, reading what was rounded. */
static pare_status rewire(const rounds *r, pr_fgraph *to, pare_err *err) {
    const pr_fgraph *g = r->from;
    to->n_nodes = 0;
    for (int i = 0; i < g->n_nodes; i++) {
        const pr_fg_node *n = &g->nodes[i];
        int *in, out = n->n_out ? n->out[0] : -1;
        if (out >= 0 && r->as[out] != out) continue;
        PR_NEW(in, to->arena, n->n_in + 1, err);
        for (int k = 0; k < n->n_in; k++) in[k] = n->in[k] < 0 ? -1 : r->as[n->in[k]];
        pr_fg_node *copy = &to->nodes[to->n_nodes++];
        *copy = *n;
        copy->in = in;
    }
    for (int i = 0; i < g->n_outputs; i++) to->outputs[i] = r->as[g->outputs[i]];
    return pr_fg_link(to, err);
}

/* Bytes that nobody brings back any more. */
static void drop_unread(pr_fgraph *to) {
    int n = 0;
    for (int i = 0; i < to->n_nodes; i++) {
        const pr_fg_node *x = &to->nodes[i];
        if (!pr_fg_is(x, "QuantizeLinear", "") || x->n_out != 1 || x->out[0] < 0 ||
            to->vals[x->out[0]].n_uses > 0)
            to->nodes[n++] = *x;
    }
    to->n_nodes = n;
}

pare_status pr_calc_unround(const pr_fgraph **g, pr_arena *arena, int *n, pare_err *err) {
    rounds r = {.from = *g};
    pr_fgraph *to;
    *n = 0;
    PR_NEW(r.as, arena, r.from->n_vals + 1, err);
    for (int v = 0; v < r.from->n_vals; v++) r.as[v] = v;
    for (int i = 0; i < r.from->n_nodes; i++) { /* in order: what is rounded twice as well */
        int x = rounded(&r, &r.from->nodes[i]);
        if (x < 0) continue;
        r.as[r.from->nodes[i].out[0]] = r.as[x];
        ++*n;
    }
    if (*n == 0) return PARE_OK;
    PR_NEW(to, arena, 1, err);
    *to = *r.from;
    to->arena = arena;
    PR_NEW(to->nodes, arena, r.from->n_nodes + 1, err);
    PR_NEW(to->vals, arena, r.from->n_vals + 1, err);
    PR_NEW(to->outputs, arena, r.from->n_outputs + 1, err);
    memcpy(to->vals, r.from->vals, (size_t)r.from->n_vals * sizeof *to->vals);
    PR_TRY(rewire(&r, to, err));
    drop_unread(to);
    PR_TRY(pr_fg_link(to, err));
    *g = to;
    return PARE_OK;
}
