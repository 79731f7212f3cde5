/* match.c - the rules by which values of a foreign graph get their meanings, and the weights that
 * follow. Always true: a decoder's blocks come in order; stage 2i is the stream before layer i,
 * stage 2i+1 the one between its attention and its feed-forward part. */
#include "match.h"
#include <math.h>
#include <stdio.h>

enum { VALUES_MAX = 1 << 18, LAYERS_MAX = 1024, WIDTH_MAX = 1 << 24 };

static const mt_sym *sym(const mt *t, int v) {
    static const mt_sym none;
    return v >= 0 ? &t->sym[v] : &none;
}

static bool is(const mt *t, int v, mt_kind k) {
    return v >= 0 && t->sym[v].kind == k;
}

/* A constant, perhaps told in another shape or a wider type; NULL: it is none. */
static const pr_fg_const *const_at(const mt *t, int v) {
    const pr_fg_const *c = pr_fg_const_of(t->g, v);
    return c || !is(t, v, MT_CONST) ? c : t->sym[v].w;
}

static const char *const_name(const mt *t, int v) {
    return t->sym[v].w_name ? t->sym[v].w_name : t->g->vals[v].name;
}

static pare_status give(mt *t, const pr_fg_node *n, int out, const mt_sym *s) {
    if (out < 0) return pr_fg_fail(n, t->err, "its result is left out");
    t->sym[out] = *s;
    return PARE_OK;
}

pare_status mt_open(mt *t, pr_model *m, const pr_fgraph *g, int n_layer, pare_err *err) {
    *t = (mt){.m = m, .g = g, .n_layer = n_layer, .eps = -1, .err = err};
    if (n_layer < 1 || n_layer > LAYERS_MAX)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "the graph has %d attentions, expected 1 to %d: a decoder's layers", n_layer,
                       LAYERS_MAX);
    if (g->n_vals > VALUES_MAX || g->n_nodes > VALUES_MAX)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "the graph has %d values, expected at most %d",
                       g->n_vals, VALUES_MAX);
    PR_NEW(t->sym, m->arena, g->n_vals + g->n_nodes + 1, err);
    PR_NEW(t->norms, m->arena, 2 * n_layer + 1, err);
    PR_NEW(t->res, m->arena, 2 * n_layer + 1, err);
    PR_NEW(t->slot, m->arena, (size_t)(n_layer + 1) * PR_ROLE_N, err);
    PR_NEW(m->hp.layers, m->arena, n_layer, err);
    m->hp.n_layer = n_layer;
    for (int i = 0; i <= 2 * n_layer; i++) t->res[i] = -1;
    for (int v = 0; v < g->n_vals; v++)
        if (g->vals[v].constant >= 0) t->sym[v].kind = MT_CONST;
    return PARE_OK;
}

/* ------------------------------------------------------------------ weights */

static pr_type float_type(pr_fg_type t) {
    return t == PR_FG_F32    ? PR_F32
           : t == PR_FG_F16  ? PR_F16
           : t == PR_FG_BF16 ? PR_BF16
                             : PR_TYPE_N;
}

static pr_tensor *tensor(const mt *t, const char *name, const pr_fg_const *c, pr_type type,
                         uint64_t skip, uint64_t bytes, int64_t rows, int64_t cols) {
    pr_tensor *x = pr_arena_get(t->m->arena, 1, sizeof *x);
    if (!x) return NULL;
    *x = (pr_tensor){.name = name,
                     .type = type,
                     .n_dims = cols ? 2 : 1,
                     .dim = {(uint64_t)rows, cols ? (uint64_t)cols : 1},
                     .data = c->data + skip,
                     .bytes = bytes,
                     .file = c->file,
                     .offset = c->offset + skip};
    for (int i = x->n_dims; i < PR_MAX_DIMS; i++) x->dim[i] = 1;
    return x;
}

static pare_status taken_twice(const mt *t, pr_role role, int layer) {
    return pr_fail(t->err, PARE_EUNSUPPORTED, -1, "the graph has two of %s in layer %d",
                   pr_role_name(role), layer);
}

static pare_status set_slot(mt *t, pr_role role, int layer, const pr_weight *w) {
    pr_weight *to = &t->slot[(layer + 1) * PR_ROLE_N + role];
    if (to->src) return taken_twice(t, role, layer);
    *to = *w;
    to->id = (pr_tid){role, layer};
    return PARE_OK;
}

/* A matrix of floats: rows as they lie, or columns of what lies turned. */
static pare_status float_part(const mt *t, const mt_mat *a, int64_t first, int64_t count,
                              pr_weight *w) {
    uint64_t size = (uint64_t)pr_fg_type_bits(a->data->type) / 8;
    uint64_t skip = (uint64_t)first * (a->turned ? 1 : (uint64_t)a->cols) * size;
    w->src = tensor(t, a->name, a->data, float_type(a->data->type), skip,
                    (uint64_t)(count * a->cols) * size, a->turned ? a->cols : count,
                    a->turned ? count : a->cols);
    w->stride = a->turned ? a->rows : 0;
    return w->src ? PARE_OK : pr_fail_nomem(t->err, sizeof(pr_tensor));
}

static pare_status group_part(const mt *t, const mt_mat *a, int64_t first, int64_t count,
                              pr_weight *w) {
    pr_group_spec *g;
    pr_group_row r;
    PR_NEW(g, t->m->arena, 1, t->err);
    *g = a->spec;
    w->group = g;
    if (!pr_group_row_of(g, a->cols, &r)) /* the reader has checked */
        return pr_fail(t->err, PARE_EINTERNAL, -1, "tensor '%.100s': no whole groups", a->name);
    uint64_t f = (uint64_t)first, n = (uint64_t)count;
    w->src = tensor(t, a->name, a->data, PR_U8, f * r.codes, n * r.codes, count, (int64_t)r.codes);
    w->scales =
        tensor(t, a->name, a->scales, g->scale, f * r.scales, n * r.scales, count, r.groups);
    if (a->zeros)
        w->offsets = tensor(t, a->name, a->zeros, PR_U8, f * r.offsets, n * r.offsets, count,
                            (int64_t)r.offsets);
    return w->src && w->scales && (w->offsets || !a->zeros) ? PARE_OK
                                                            : pr_fail_nomem(t->err, sizeof *w->src);
}

static pare_status add_matrix(mt *t, pr_role role, int layer, const mt_mat *a, int64_t first,
                              int64_t count) {
    pr_weight w = {.rows = count, .cols = a->cols};
    if (!a->scales && float_type(a->data->type) == PR_TYPE_N)
        return pr_fail(t->err, PARE_EUNSUPPORTED, (int64_t)a->data->offset,
                       "tensor '%.100s': a matrix of %s, expected floats", a->name,
                       pr_fg_type_name(a->data->type));
    PR_TRY(a->scales ? group_part(t, a, first, count, &w) : float_part(t, a, first, count, &w));
    return set_slot(t, role, layer, &w);
}

static pare_status add_vector(mt *t, pr_role role, int layer, const mt_vec *v, int64_t first,
                              int64_t count) {
    pr_type type = float_type(v->c->type);
    if (type == PR_TYPE_N || v->c->count < (uint64_t)(first + count))
        return pr_fail(t->err, PARE_EUNSUPPORTED, (int64_t)v->c->offset,
                       "tensor '%.100s': %llu values of %s, expected %lld floats", v->name,
                       (unsigned long long)v->c->count, pr_fg_type_name(v->c->type),
                       (long long)(first + count));
    uint64_t size = (uint64_t)pr_fg_type_bits(v->c->type) / 8;
    pr_weight w = {.rows = 1, .cols = count};
    w.src = tensor(t, v->name, v->c, type, (uint64_t)first * size, (uint64_t)count * size,
                   count, 0);
    return w.src ? set_slot(t, role, layer, &w) : pr_fail_nomem(t->err, sizeof *w.src);
}

/* ------------------------------------------------------------------ the stream */

int64_t mt_width(const mt *t, int v) {
    const mt_sym *s = sym(t, v);
    switch (s->kind) {
    case MT_RES: case MT_NORM: return t->m->hp.d_model;
    case MT_LINEAR: return s->mat.rows;
    case MT_SLICE: case MT_ATTN: return s->count;
    case MT_GLU: case MT_HEADS: case MT_HNORM: case MT_QNORM: case MT_ROPE:
    case MT_SIGMOID: case MT_SILU: return mt_width(t, s->of);
    default: return -1;
    }
}

static pare_status new_stage(mt *t, const pr_fg_node *n, int stage, int out) {
    if (stage > 2 * t->n_layer || t->res[stage] >= 0)
        return pr_fg_fail(n, t->err, "a residual sum that no layer has");
    t->res[stage] = out;
    return give(t, n, out, &(mt_sym){.kind = MT_RES, .stage = stage});
}

pare_status mt_embed(mt *t, const pr_fg_node *n, int out, const mt_mat *rows) {
    if (rows->rows > WIDTH_MAX || rows->cols > WIDTH_MAX)
        return pr_fg_fail(n, t->err, "an embedding of %lld by %lld", (long long)rows->rows,
                          (long long)rows->cols);
    PR_TRY(add_matrix(t, PR_ROLE_TOKEN_EMBD, -1, rows, 0, rows->rows));
    t->m->hp.n_vocab = (int)rows->rows;
    t->m->hp.d_model = (int)rows->cols;
    PR_TRY(new_stage(t, n, 0, out));
    t->sym[out].mat = *rows;
    return PARE_OK;
}

static pare_status same_eps(mt *t, const pr_fg_node *n, double eps) {
    if (!(eps >= 0 && eps <= 1)) return pr_fg_fail(n, t->err, "epsilon %g", eps);
    if (t->eps >= 0 && (float)t->eps != (float)eps)
        return pr_fg_fail(n, t->err, "epsilon %g, another norm has %g", eps, t->eps);
    t->eps = eps;
    return PARE_OK;
}

pare_status mt_norm(mt *t, const pr_fg_node *n, int x, int w, double eps, int out) {
    const pr_fg_const *c = const_at(t, w);
    const mt_sym *s = sym(t, x);
    if (!c) return pr_fg_fail(n, t->err, "its factors are no constant");
    PR_TRY(same_eps(t, n, eps));
    const char *name = const_name(t, w);
    if (s->kind == MT_HEADS) {
        if (c->count != (uint64_t)s->count)
            return pr_fg_fail(n, t->err, "%llu factors for heads of %lld",
                              (unsigned long long)c->count, (long long)s->count);
        return give(t, n, out,
                    &(mt_sym){.kind = MT_HNORM, .of = s->of, .count = s->count, .w = c,
                              .w_name = name});
    }
    if (is(t, x, MT_LINEAR) || is(t, x, MT_SLICE)) { /* one head only: no axis of its own */
        if (c->count != (uint64_t)mt_width(t, x))
            return pr_fg_fail(n, t->err, "%llu factors for %lld values",
                              (unsigned long long)c->count, (long long)mt_width(t, x));
        return give(t, n, out,
                    &(mt_sym){.kind = MT_QNORM, .of = x, .count = mt_width(t, x), .w = c,
                              .w_name = name});
    }
    if (s->kind != MT_RES) return pr_fg_fail(n, t->err, "normalises what is no residual stream");
    if (c->count != (uint64_t)t->m->hp.d_model)
        return pr_fg_fail(n, t->err, "%llu factors for a width of %d", (unsigned long long)c->count,
                          t->m->hp.d_model);
    mt_vec *place = &t->norms[s->stage];
    if (place->c && place->c != c) return pr_fg_fail(n, t->err, "a second norm of one stream");
    *place = (mt_vec){c, name};
    return give(t, n, out, &(mt_sym){.kind = MT_NORM, .stage = s->stage, .of = x});
}

pare_status mt_linear(mt *t, const pr_fg_node *n, int x, const mt_mat *w, int out) {
    int64_t have = mt_width(t, x);
    if (!is(t, x, MT_NORM) && !is(t, x, MT_ATTN) && !is(t, x, MT_GLU))
        return pr_fg_fail(n, t->err, "multiplies what is no step of a decoder");
    if (have != w->cols || w->rows < 1 || w->rows > WIDTH_MAX)
        return pr_fg_fail(n, t->err, "a matrix of %lld by %lld for %lld values",
                          (long long)w->rows, (long long)w->cols, (long long)have);
    return give(t, n, out, &(mt_sym){.kind = MT_LINEAR, .of = x, .mat = *w});
}

pare_status mt_bias(mt *t, const pr_fg_node *n, int x, int bias, int out) {
    const pr_fg_const *c = const_at(t, bias);
    mt_sym s = *sym(t, x);
    if (s.kind != MT_LINEAR || s.bias || !c || c->count != (uint64_t)s.mat.rows)
        return pr_fg_fail(n, t->err, "adds a constant to what is no product of its width");
    s.bias = c;
    s.w_name = const_name(t, bias);
    return give(t, n, out, &s);
}

static pare_status add_linear(mt *t, pr_role role, pr_role bias, int layer, const mt_sym *s) {
    PR_TRY(add_matrix(t, role, layer, &s->mat, 0, s->mat.rows));
    if (!s->bias) return PARE_OK;
    return add_vector(t, bias, layer, &(mt_vec){s->bias, s->w_name}, 0, s->mat.rows);
}

/* Both of gate and up come from the norm of that stage. */
static pare_status feed_forward(mt *t, const pr_fg_node *n, int layer, const mt_sym *down) {
    const mt_sym *glu = sym(t, down->of), *gate = sym(t, glu->of), *up = sym(t, glu->of2);
    pr_layer *l = &t->m->hp.layers[layer];
    int biases = (gate->bias != NULL) + (up->bias != NULL) + (down->bias != NULL);
    if (!is(t, gate->of, MT_NORM) || !is(t, up->of, MT_NORM) ||
        t->sym[gate->of].stage != 2 * layer + 1 || t->sym[up->of].stage != 2 * layer + 1)
        return pr_fg_fail(n, t->err, "feed-forward part that does not come from its layer's norm");
    if (biases % 3)
        return pr_fg_fail(n, t->err, "biases on some matrices of the feed-forward part");
    l->d_ff = (int)gate->mat.rows;
    if (biases) l->has |= PR_HAS_FFN_BIAS;
    PR_TRY(add_linear(t, PR_ROLE_FFN_GATE, PR_ROLE_FFN_GATE_BIAS, layer, gate));
    PR_TRY(add_linear(t, PR_ROLE_FFN_UP, PR_ROLE_FFN_UP_BIAS, layer, up));
    return add_linear(t, PR_ROLE_FFN_DOWN, PR_ROLE_FFN_DOWN_BIAS, layer, down);
}

static pare_status attn_out(mt *t, const pr_fg_node *n, int layer, const mt_sym *o) {
    if (t->sym[o->of].stage != layer)
        return pr_fg_fail(n, t->err, "the attention of another layer is added");
    if (o->bias) t->m->hp.layers[layer].has |= PR_HAS_O_BIAS;
    return add_linear(t, PR_ROLE_ATTN_O, PR_ROLE_ATTN_O_BIAS, layer, o);
}

pare_status mt_add(mt *t, const pr_fg_node *n, int a, int b, int out) {
    if (is(t, a, MT_CONST)) return mt_bias(t, n, b, a, out);
    if (is(t, b, MT_CONST)) return mt_bias(t, n, a, b, out);
    if (is(t, b, MT_RES)) {
        int c = a;
        a = b, b = c;
    }
    if (!is(t, a, MT_RES) || !is(t, b, MT_LINEAR))
        return pr_fg_fail(n, t->err, "a sum that no decoder layer has");
    int stage = t->sym[a].stage, layer = stage / 2;
    const mt_sym *y = &t->sym[b];
    if (stage >= 2 * t->n_layer || y->mat.rows != t->m->hp.d_model)
        return pr_fg_fail(n, t->err, "a residual sum that no layer has");
    if (stage % 2 == 0 && is(t, y->of, MT_ATTN))
        PR_TRY(attn_out(t, n, layer, y));
    else if (stage % 2 == 1 && is(t, y->of, MT_GLU))
        PR_TRY(feed_forward(t, n, layer, y));
    else
        return pr_fg_fail(n, t->err, "a residual sum out of a decoder's order");
    return new_stage(t, n, stage + 1, out);
}

/* ------------------------------------------------------------------ attention */

pare_status mt_slice(mt *t, const pr_fg_node *n, int x, int64_t first, int64_t count, int out) {
    if (!is(t, x, MT_LINEAR) || first < 0 || count < 1 || first > t->sym[x].mat.rows - count)
        return pr_fg_fail(n, t->err, "cuts what is no product");
    return give(t, n, out,
                &(mt_sym){.kind = MT_SLICE, .of = x, .first = first, .count = count});
}

pare_status mt_heads(mt *t, const pr_fg_node *n, int x, int64_t d_head, int out) {
    int64_t w = mt_width(t, x);
    if ((!is(t, x, MT_LINEAR) && !is(t, x, MT_SLICE)) || d_head < 1 || w % d_head != 0)
        return pr_fg_fail(n, t->err, "no heads of %lld in %lld values", (long long)d_head,
                          (long long)w);
    return give(t, n, out, &(mt_sym){.kind = MT_HEADS, .of = x, .count = d_head});
}

pare_status mt_join(mt *t, const pr_fg_node *n, int x, int64_t w, int out) {
    mt_sym s = *sym(t, x);
    if (s.kind != MT_HNORM || mt_width(t, s.of) != w)
        return pr_fg_fail(n, t->err, "joins what are no heads of %lld values", (long long)w);
    s.kind = MT_QNORM;
    return give(t, n, out, &s);
}

pare_status mt_rope(mt *t, const pr_fg_node *n, int x, const pr_fg_const *cos,
                    const pr_fg_const *sin, int out) {
    if (!is(t, x, MT_LINEAR) && !is(t, x, MT_SLICE) && !is(t, x, MT_QNORM))
        return pr_fg_fail(n, t->err, "rotates what is no query or key");
    if (!cos || !sin) return pr_fg_fail(n, t->err, "tables of rotation that are no constants");
    return give(t, n, out, &(mt_sym){.kind = MT_ROPE, .of = x, .cos = cos, .sin = sin});
}

/* Back through rotation, norm and cut to the product. */
static pare_status projection(const mt *t, const pr_fg_node *n, int v, mt_proj *p) {
    *p = (mt_proj){.first = 0, .count = mt_width(t, v)};
    if (is(t, v, MT_ROPE)) {
        p->cos = t->sym[v].cos;
        p->sin = t->sym[v].sin;
        v = t->sym[v].of;
    }
    if (is(t, v, MT_QNORM)) {
        p->norm = (mt_vec){t->sym[v].w, t->sym[v].w_name};
        v = t->sym[v].of;
    }
    if (is(t, v, MT_SLICE)) {
        p->first = t->sym[v].first;
        v = t->sym[v].of;
    }
    p->linear = v;
    return is(t, v, MT_LINEAR) ? PARE_OK
                               : pr_fg_fail(n, t->err, "attends to what is no product");
}

static pare_status one_table(mt *t, const pr_fg_node *n, const pr_fg_const *cos,
                             const pr_fg_const *sin) {
    if (t->cos && (t->cos != cos || t->sin != sin))
        return pr_fg_fail(n, t->err, "other tables of rotation than the layers before");
    t->cos = cos;
    t->sin = sin;
    return PARE_OK;
}

static pare_status add_projection(mt *t, const pr_fg_node *n, int layer, pr_role role,
                                  pr_role bias, pr_role norm, const mt_proj *p) {
    const mt_sym *s = &t->sym[p->linear];
    pr_layer *l = &t->m->hp.layers[layer];
    if (!is(t, s->of, MT_NORM) || t->sym[s->of].stage != 2 * layer)
        return pr_fg_fail(n, t->err, "attention that does not come from its layer's norm");
    PR_TRY(add_matrix(t, role, layer, &s->mat, p->first, p->count));
    if (s->bias) {
        l->has |= PR_HAS_QKV_BIAS;
        PR_TRY(add_vector(t, bias, layer, &(mt_vec){s->bias, s->w_name}, p->first, p->count));
    }
    if (!p->norm.c) return PARE_OK;
    if (norm == PR_ROLE_N) return pr_fg_fail(n, t->err, "values that are normalised");
    if (p->norm.c->count != (uint64_t)l->d_head)
        return pr_fg_fail(n, t->err, "norms of %llu values for heads of %d",
                          (unsigned long long)p->norm.c->count, l->d_head);
    l->has |= PR_HAS_QK_NORM;
    return add_vector(t, norm, layer, &p->norm, 0, l->d_head);
}

static bool all_or_none(bool a, bool b, bool c) {
    return a == b && b == c;
}

/* q, k and v of one packed product. */
static pare_status unpack(mt *t, const pr_fg_node *n, const mt_attention *a, mt_proj p[3]) {
    int64_t parts = a->n_head + 2 * (int64_t)a->n_kv, w = mt_width(t, a->q);
    PR_TRY(projection(t, n, a->q, &p[0]));
    if (w % parts != 0 || p[0].norm.c || p[0].cos)
        return pr_fg_fail(n, t->err, "%lld values for %lld heads in all", (long long)w,
                          (long long)parts);
    int64_t d = w / parts, first = p[0].first;
    p[1] = p[2] = p[0];
    p[0].count = d * a->n_head;
    p[1].first = first + p[0].count;
    p[2].first = p[1].first + d * a->n_kv;
    p[1].count = p[2].count = d * a->n_kv;
    return PARE_OK;
}

static pare_status attn_layer(mt *t, const pr_fg_node *n, const mt_attention *a, pr_layer *l,
                              const mt_proj p[3]) {
    int64_t d = p[0].count / a->n_head;
    double usual = 1 / sqrt((double)d);
    if (p[0].count != d * a->n_head || p[1].count != d * a->n_kv || p[2].count != d * a->n_kv ||
        d < 1 || d > 4096)
        return pr_fg_fail(n, t->err, "%lld, %lld and %lld values for %d and %d heads",
                          (long long)p[0].count, (long long)p[1].count, (long long)p[2].count,
                          a->n_head, a->n_kv);
    if (!all_or_none(t->sym[p[0].linear].bias, t->sym[p[1].linear].bias, t->sym[p[2].linear].bias))
        return pr_fg_fail(n, t->err, "biases on some of q, k and v");
    if (!p[0].norm.c != !p[1].norm.c) return pr_fg_fail(n, t->err, "a norm on one of q and k");
    if (p[2].cos || p[0].cos != p[1].cos || p[0].sin != p[1].sin)
        return pr_fg_fail(n, t->err, "q and k that rotate differently");
    const pr_fg_const *cos = a->cos ? a->cos : p[0].cos, *sin = a->cos ? a->sin : p[0].sin;
    if (a->cos && p[0].cos) return pr_fg_fail(n, t->err, "q and k rotate twice");
    if (cos) PR_TRY(one_table(t, n, cos, sin));
    double scale = a->scale == 0 ? usual : a->scale;
    if (!(scale > 0 && scale < 1e6)) return pr_fg_fail(n, t->err, "a scale of %g", scale);
    *l = (pr_layer){.n_head = a->n_head,
                    .n_kv = a->n_kv,
                    .d_head = (int)d,
                    .rope = cos ? 0 : -1,
                    .left = a->left,
                    .scale = (float)scale};
    return PARE_OK;
}

pare_status mt_attn(mt *t, const pr_fg_node *n, const mt_attention *a, int out) {
    mt_proj p[3];
    int i = t->next_layer++;
    if (i >= t->n_layer) return pr_fg_fail(n, t->err, "one attention too many");
    if (a->n_head < 1 || a->n_kv < 1 || a->n_head > 4096 || a->n_head % a->n_kv != 0)
        return pr_fg_fail(n, t->err, "%d heads, %d of keys", a->n_head, a->n_kv);
    if (a->k < 0 && a->v < 0) {
        PR_TRY(unpack(t, n, a, p));
    } else {
        PR_TRY(projection(t, n, a->q, &p[0]));
        PR_TRY(projection(t, n, a->k, &p[1]));
        PR_TRY(projection(t, n, a->v, &p[2]));
    }
    PR_TRY(attn_layer(t, n, a, &t->m->hp.layers[i], p));
    PR_TRY(add_projection(t, n, i, PR_ROLE_ATTN_Q, PR_ROLE_ATTN_Q_BIAS, PR_ROLE_ATTN_Q_NORM,
                          &p[0]));
    PR_TRY(add_projection(t, n, i, PR_ROLE_ATTN_K, PR_ROLE_ATTN_K_BIAS, PR_ROLE_ATTN_K_NORM,
                          &p[1]));
    PR_TRY(add_projection(t, n, i, PR_ROLE_ATTN_V, PR_ROLE_ATTN_V_BIAS, PR_ROLE_N, &p[2]));
    return give(t, n, out, &(mt_sym){.kind = MT_ATTN, .stage = i, .count = p[0].count});
}

/* ------------------------------------------------------------------ feed-forward */

pare_status mt_act(mt *t, const pr_fg_node *n, int x, mt_kind kind, int out) {
    if (!is(t, x, MT_LINEAR)) return pr_fg_fail(n, t->err, "acts on what is no product");
    return give(t, n, out, &(mt_sym){.kind = kind, .of = x});
}

pare_status mt_mul(mt *t, const pr_fg_node *n, int a, int b, int out) {
    if (is(t, a, MT_SIGMOID) || is(t, a, MT_SILU)) {
        int c = a;
        a = b, b = c;
    }
    if (is(t, b, MT_SIGMOID) && t->sym[b].of == a)
        return give(t, n, out, &(mt_sym){.kind = MT_SILU, .of = a});
    if (is(t, b, MT_SILU) && is(t, a, MT_LINEAR) && mt_width(t, a) == mt_width(t, t->sym[b].of))
        return give(t, n, out, &(mt_sym){.kind = MT_GLU, .of = t->sym[b].of, .of2 = a});
    return pr_fg_fail(n, t->err, "a product that no decoder layer has");
}

/* ------------------------------------------------------------------ the end */

static bool same_matrix(const mt_mat *a, const mt_mat *b) {
    return a->data == b->data && a->scales == b->scales && a->zeros == b->zeros &&
           a->rows == b->rows && a->cols == b->cols && a->turned == b->turned &&
           (!a->scales || pr_group_same(&a->spec, &b->spec));
}

/* torch's exporter folds a turned matrix into a second copy. */
static bool turned_copy(const mt_mat *a, const mt_mat *b) {
    return !a->scales && !b->scales && a->turned != b->turned &&
           pr_fg_const_same_turned(a->data, b->data);
}

pare_status mt_is_logits(mt *t, int v) {
    const mt_sym *s = sym(t, v);
    const pr_fg_node *n = pr_fg_maker(t->g, v);
    int embed = t->res[0];
    if (s->kind != MT_LINEAR || !is(t, s->of, MT_NORM) ||
        t->sym[s->of].stage != 2 * t->n_layer || s->bias || embed < 0)
        return n ? pr_fg_fail(n, t->err, "the logits do not come from the last norm")
                 : pr_fail(t->err, PARE_EUNSUPPORTED, -1, "the logits come from nowhere");
    if (s->mat.rows != t->m->hp.n_vocab)
        return pr_fg_fail(n, t->err, "%lld logits for %d tokens", (long long)s->mat.rows,
                          t->m->hp.n_vocab);
    t->logits = true;
    const mt_mat *rows = &t->sym[embed].mat;
    t->m->hp.tied = same_matrix(&s->mat, rows) || turned_copy(&s->mat, rows);
    if (t->m->hp.tied) return PARE_OK;
    return add_matrix(t, PR_ROLE_OUTPUT, -1, &s->mat, 0, s->mat.rows);
}

static bool given_out(const pr_fgraph *g, int v) {
    for (int i = 0; i < g->n_outputs; i++)
        if (g->outputs[i] == v) return true;
    return false;
}

/* What was made for nothing: somebody meant something by it. */
static pare_status none_idle(const mt *t) {
    for (int i = 0; i < t->g->n_nodes; i++) {
        const pr_fg_node *n = &t->g->nodes[i];
        bool used = n->n_out == 0; /* it keeps a state */
        for (int k = 0; k < n->n_out; k++)
            if (n->out[k] >= 0)
                used |= t->g->vals[n->out[k]].n_uses > 0 || is(t, n->out[k], MT_SIZE) ||
                        given_out(t->g, n->out[k]);
        if (!used) return pr_fg_fail(n, t->err, "nothing reads its result");
    }
    return PARE_OK;
}

pare_status mt_close(mt *t, pare_err *err) {
    pr_model *m = t->m;
    PR_TRY(none_idle(t));
    for (int i = 0; i <= 2 * t->n_layer; i++) {
        static const pr_role roles[] = {PR_ROLE_ATTN_NORM, PR_ROLE_FFN_NORM};
        bool last = i == 2 * t->n_layer;
        if (t->res[i] < 0 || !t->norms[i].c)
            return pr_fail(err, PARE_EUNSUPPORTED, -1,
                           "the graph has no %s of layer %d: it is not whole",
                           t->res[i] < 0 ? "result" : "norm", i / 2);
        PR_TRY(add_vector(t, last ? PR_ROLE_OUTPUT_NORM : roles[i % 2], last ? -1 : i / 2,
                          &t->norms[i], 0, m->hp.d_model));
    }
    if (!t->logits) return pr_fail(err, PARE_EUNSUPPORTED, -1, "the graph gives no logits");
    m->hp.rms_eps = (float)t->eps;
    PR_NEW(m->weights, m->arena, (size_t)(t->n_layer + 1) * PR_ROLE_N, err);
    for (int i = 0; i < (t->n_layer + 1) * PR_ROLE_N; i++)
        if (t->slot[i].src) m->weights[m->n_weights++] = t->slot[i];
    return PARE_OK;
}
