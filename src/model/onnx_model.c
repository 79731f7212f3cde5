/* onnx_model.c - a directory with model.onnx: what its operators mean (match.h), and what stands
 * beside it. Operators: onnx 1.23, ONNX Runtime 1.32 (ContribOperators.md), as pare and ONNX
 * Runtime GenAI's model builder 0.18 use them.
 *
 * Always true: an operator, an attribute or an input that is not known here is an error with the
 * node's name. Masks and positions are followed as whole numbers with a meaning ("how many keys"),
 * so a graph that masks otherwise is refused, not read as if it did not. */
#include "match.h"
#include <stdio.h>

#define MS "com.microsoft"

typedef struct {
    mt t;
    const pr_fgraph *g;
    pare_err *err;
    bool windowed; /* genai_config.json cuts the state, too */
} ox;

#define OX_TRY(cond, n, ...)                                                  \
    do {                                                                      \
        if (!(cond)) return pr_fg_fail((n), o->err, __VA_ARGS__);             \
    } while (0)

static mt_sym *at(ox *o, int v) {
    return &o->t.sym[v];
}

static bool kind(const ox *o, int v, mt_kind k) {
    return v >= 0 && o->t.sym[v].kind == k;
}

static bool word(const ox *o, int v, const char *w) {
    return kind(o, v, MT_INTS) && strcmp(o->t.sym[v].word, w) == 0;
}

static int out_of(const pr_fg_node *n, int i) {
    return i < n->n_out ? n->out[i] : -1;
}

static pare_status say(ox *o, const pr_fg_node *n, const char *w, int64_t number) {
    int out = out_of(n, 0);
    OX_TRY(out >= 0, n, "its result is left out");
    *at(o, out) = (mt_sym){.kind = MT_INTS, .word = w, .number = number};
    return PARE_OK;
}

static pare_status pass_on(ox *o, const pr_fg_node *n, int from) {
    int out = out_of(n, 0);
    OX_TRY(out >= 0, n, "its result is left out");
    *at(o, out) = *at(o, from);
    return PARE_OK;
}

/* Is it one whole number, and which? */
static bool number(const ox *o, int v, int64_t *out) {
    const pr_fg_const *c = pr_fg_const_of(o->g, v);
    return c && c->count == 1 && pr_fg_const_i64(c, 0, out);
}

static bool is_number(const ox *o, int v, int64_t want) {
    int64_t x;
    return number(o, v, &x) && x == want;
}

/* Nothing but these attributes (a list that ends with NULL). */
static pare_status only(const ox *o, const pr_fg_node *n, const char *const *keys) {
    for (int i = 0; i < n->n_attr; i++) {
        bool known = false;
        for (int k = 0; keys[k]; k++) known |= strcmp(n->attr[i].key, keys[k]) == 0;
        if (!known)
            return pr_fg_fail(n, o->err, "attribute '%.60s' is not known", n->attr[i].key);
    }
    return PARE_OK;
}
#define ONLY(...) PR_TRY(only(o, n, (const char *const[]){__VA_ARGS__, NULL}))

static pare_status must_be(const ox *o, const pr_fg_node *n, const char *key, int64_t dflt,
                           int64_t want) {
    int64_t v;
    PR_TRY(pr_fg_attr_i64(n, key, dflt, &v, o->err));
    if (v != want)
        return pr_fg_fail(n, o->err, "%s is %lld, expected %lld", key, (long long)v,
                          (long long)want);
    return PARE_OK;
}

/* ------------------------------------------------------------------ matrices */

static pr_type scale_type(pr_fg_type t) {
    return t == PR_FG_F32    ? PR_F32
           : t == PR_FG_F16  ? PR_F16
           : t == PR_FG_BF16 ? PR_BF16
                             : PR_TYPE_N;
}

/* A constant, also behind a Reshape that only says its shape anew. */
static const pr_fg_const *bytes_of(const ox *o, int v) {
    const pr_fg_const *c = pr_fg_const_of(o->g, v);
    return c ? c : kind(o, v, MT_CONST) ? o->t.sym[v].w : NULL;
}

static const char *name_of(const ox *o, int v) {
    const mt_sym *s = &o->t.sym[v];
    return s->kind == MT_CONST && s->w_name ? s->w_name : o->g->vals[v].name;
}

/* What stands at `v` as [rows, cols]. */
static bool rows_of(const ox *o, int v, mt_mat *m) {
    const pr_fg_const *c = pr_fg_const_of(o->g, v);
    if (kind(o, v, MT_ROWS)) return *m = o->t.sym[v].mat, true;
    if (!c || c->n_dims != 2 || c->dim[0] > INT32_MAX || c->dim[1] > INT32_MAX) return false;
    *m = (mt_mat){.data = c,
                  .rows = (int64_t)c->dim[0],
                  .cols = (int64_t)c->dim[1],
                  .name = o->g->vals[v].name};
    return m->rows > 0 && m->cols > 0;
}

static void flip(mt_mat *m) {
    int64_t rows = m->rows;
    m->rows = m->cols;
    m->cols = rows;
    m->turned = !m->turned;
}

static pare_status transpose(ox *o, const pr_fg_node *n) {
    const pr_fg_attr *perm = pr_fg_attr_find(n, "perm");
    mt_sym s = {.kind = MT_ROWS};
    ONLY("perm");
    OX_TRY(out_of(n, 0) >= 0 && rows_of(o, pr_fg_in(n, 0), &s.mat), n,
           "turns what is no constant matrix");
    OX_TRY(!perm || (perm->kind == PR_FG_INTS && perm->n == 2 && perm->ints[0] == 1 &&
                     perm->ints[1] == 0),
           n, "an order of dimensions that does not turn a matrix");
    flip(&s.mat);
    *at(o, out_of(n, 0)) = s;
    return PARE_OK;
}

static pare_status matmul(ox *o, const pr_fg_node *n) {
    mt_mat m;
    ONLY("");
    OX_TRY(rows_of(o, pr_fg_in(n, 1), &m), n, "multiplies by what is no constant matrix");
    flip(&m);
    OX_TRY(!m.scales || !m.turned, n, "groups of numbers that run down the columns");
    return mt_linear(&o->t, n, pr_fg_in(n, 0), &m, out_of(n, 0));
}

/* Scales and zero points beside `m` codes of [rows, cols] in groups. `row_zeros`: bytes of zero
 * points a row. */
static pare_status add_groups(ox *o, const pr_fg_node *n, mt_mat *m, int scales, int zeros) {
    pr_group_row r;
    m->scales = bytes_of(o, scales);
    OX_TRY(m->scales && scale_type(m->scales->type) != PR_TYPE_N, n,
           "its scales are no constant floats");
    m->spec.scale = scale_type(m->scales->type);
    OX_TRY(pr_group_row_of(&m->spec, m->cols, &r), n,
           "rows of %lld in groups of %lld of %d bits", (long long)m->cols,
           (long long)m->spec.group, m->spec.bits);
    uint64_t rows = (uint64_t)m->rows;
    OX_TRY(m->data->bytes == rows * r.codes, n, "%llu bytes of codes, expected %llu",
           (unsigned long long)m->data->bytes, (unsigned long long)(rows * r.codes));
    OX_TRY(m->scales->bytes == rows * r.scales, n, "%llu bytes of scales, expected %llu",
           (unsigned long long)m->scales->bytes, (unsigned long long)(rows * r.scales));
    if (zeros < 0) return PARE_OK;
    m->zeros = bytes_of(o, zeros);
    OX_TRY(m->zeros && (m->zeros->type == PR_FG_U8 || m->zeros->type == PR_FG_U4), n,
           "its zero points are no constant whole numbers");
    OX_TRY(m->zeros->bytes == rows * r.offsets, n, "%llu bytes of zero points, expected %llu",
           (unsigned long long)m->zeros->bytes, (unsigned long long)(rows * r.offsets));
    return PARE_OK;
}

static pare_status n_bits(ox *o, const pr_fg_node *n) {
    mt_mat m = {.turned = false};
    int64_t bits, block;
    ONLY("K", "N", "bits", "block_size", "accuracy_level", "weight_prepacked");
    PR_TRY(must_be(o, n, "weight_prepacked", 0, 0));
    PR_TRY(pr_fg_attr_i64(n, "K", 0, &m.cols, o->err));
    PR_TRY(pr_fg_attr_i64(n, "N", 0, &m.rows, o->err));
    PR_TRY(pr_fg_attr_i64(n, "bits", 4, &bits, o->err));
    PR_TRY(pr_fg_attr_i64(n, "block_size", 0, &block, o->err));
    m.data = bytes_of(o, pr_fg_in(n, 1));
    OX_TRY(m.data && m.data->type == PR_FG_U8, n, "its codes are no constant bytes");
    OX_TRY((bits == 2 || bits == 4 || bits == 8) && block >= 16 && block <= 1 << 16, n,
           "%lld bits in blocks of %lld", (long long)bits, (long long)block);
    OX_TRY(m.rows > 0 && m.rows <= INT32_MAX && m.cols > 0 && m.cols <= INT32_MAX, n,
           "a matrix of %lld by %lld", (long long)m.rows, (long long)m.cols);
    OX_TRY(pr_fg_in(n, 4) < 0, n, "columns in an order of their own (g_idx)");
    m.name = name_of(o, n->in[1]);
    m.spec = (pr_group_spec){.bits = (int)bits,
                             .group = block,
                             .rule = pr_fg_in(n, 3) >= 0 ? PR_GROUP_ASYM : PR_GROUP_SYM,
                             .pad = true};
    PR_TRY(add_groups(o, n, &m, pr_fg_in(n, 2), pr_fg_in(n, 3)));
    PR_TRY(mt_linear(&o->t, n, pr_fg_in(n, 0), &m, out_of(n, 0)));
    if (pr_fg_in(n, 5) < 0) return PARE_OK;
    return mt_bias(&o->t, n, out_of(n, 0), n->in[5], out_of(n, 0));
}

pare_status mt_n_bits(mt *t, const pr_fg_node *n) {
    ox o = {.t = *t, .g = t->g, .err = t->err};
    pare_status st = n_bits(&o, n);
    *t = o.t;
    return st;
}

/* Blocks along the rows, or whole rows, become numbers, [rows, cols]. */
static pare_status dequantize(ox *o, const pr_fg_node *n) {
    const pr_fg_const *c = bytes_of(o, pr_fg_in(n, 0));
    mt_sym s = {.kind = MT_ROWS};
    int64_t axis, block;
    int zeros = pr_fg_in(n, 2);
    ONLY("axis", "block_size", "output_dtype", "saturate");
    PR_TRY(pr_fg_attr_i64(n, "axis", 1, &axis, o->err));
    PR_TRY(pr_fg_attr_i64(n, "block_size", 0, &block, o->err));
    bool rows = axis == 0 && block == 0, blocks = (axis == 1 || axis == -1) && block >= 8;
    OX_TRY(c && c->n_dims == 2 && (rows || blocks) && out_of(n, 0) >= 0, n,
           "dequantizes what is no matrix in rows, or in blocks along them");
    bool twos = c->type == PR_FG_I4 || c->type == PR_FG_I8;
    OX_TRY(twos || c->type == PR_FG_U4 || c->type == PR_FG_U8, n, "codes of %s",
           pr_fg_type_name(c->type));
    OX_TRY(c->dim[0] <= INT32_MAX && c->dim[1] <= INT32_MAX, n, "an absurd size");
    OX_TRY(twos == (zeros < 0), n, twos ? "signed codes with zero points"
                                        : "unsigned codes without zero points");
    s.mat = (mt_mat){.data = c,
                     .rows = (int64_t)c->dim[0],
                     .cols = (int64_t)c->dim[1],
                     .name = name_of(o, n->in[0]),
                     .spec = {.bits = pr_fg_type_bits(c->type),
                              .group = block,
                              .rule = twos ? PR_GROUP_SYM : PR_GROUP_ASYM,
                              .twos = twos}};
    PR_TRY(add_groups(o, n, &s.mat, pr_fg_in(n, 1), zeros));
    *at(o, n->out[0]) = s;
    return PARE_OK;
}

static pare_status gather(ox *o, const pr_fg_node *n) {
    mt_mat m;
    int x = pr_fg_in(n, 0), i = pr_fg_in(n, 1);
    ONLY("axis");
    PR_TRY(must_be(o, n, "axis", 0, 0));
    if (word(o, x, "mask.shape") && is_number(o, i, 1)) return say(o, n, "mask.total", 0);
    if (word(o, x, "past.shape") && is_number(o, i, 2)) return say(o, n, "past.length", 0);
    if (word(o, x, "ids.shape") && is_number(o, i, 1)) return say(o, n, "ids.length", 0);
    OX_TRY(kind(o, i, MT_IDS) && rows_of(o, x, &m), n, "looks up what is no token");
    OX_TRY(!m.scales || !m.turned, n, "groups of numbers that run down the columns");
    return mt_embed(&o->t, n, out_of(n, 0), &m);
}

static pare_status gather_blocks(ox *o, const pr_fg_node *n) {
    mt_mat m = {.turned = false};
    int64_t bits, block;
    ONLY("bits", "block_size", "gather_axis", "quantize_axis");
    PR_TRY(must_be(o, n, "gather_axis", 0, 0));
    PR_TRY(must_be(o, n, "quantize_axis", 1, 1));
    PR_TRY(pr_fg_attr_i64(n, "bits", 4, &bits, o->err));
    PR_TRY(pr_fg_attr_i64(n, "block_size", 128, &block, o->err));
    m.data = bytes_of(o, pr_fg_in(n, 0));
    OX_TRY(m.data && m.data->type == PR_FG_U8 && kind(o, pr_fg_in(n, 1), MT_IDS), n,
           "looks up what is no token, or not in constant bytes");
    OX_TRY((bits == 4 || bits == 8) && block >= 16 && block <= 1 << 16, n,
           "%lld bits in blocks of %lld", (long long)bits, (long long)block);
    const pr_fg_const *scales = bytes_of(o, pr_fg_in(n, 2));
    OX_TRY(scales && scales->n_dims == 2 && scales->dim[0] > 0 && scales->dim[0] <= INT32_MAX, n,
           "its scales are no constant matrix");
    m.rows = (int64_t)scales->dim[0];
    uint64_t cols = m.data->bytes / scales->dim[0] * 8 / (uint64_t)bits;
    OX_TRY(cols > 0 && cols <= INT32_MAX && cols % (uint64_t)block == 0, n,
           "rows of %llu, no whole blocks of %lld", (unsigned long long)cols, (long long)block);
    m.cols = (int64_t)cols;
    m.name = name_of(o, n->in[0]);
    m.spec = (pr_group_spec){.bits = (int)bits,
                             .group = block,
                             .rule = pr_fg_in(n, 3) >= 0 ? PR_GROUP_ASYM : PR_GROUP_SYM,
                             .pad = true};
    PR_TRY(add_groups(o, n, &m, n->in[2], pr_fg_in(n, 3)));
    return mt_embed(&o->t, n, out_of(n, 0), &m);
}

/* ------------------------------------------------------------------ the stream */

static pare_status norm_attrs(ox *o, const pr_fg_node *n, double *eps) {
    ONLY("axis", "epsilon", "stash_type");
    PR_TRY(must_be(o, n, "axis", -1, -1));
    PR_TRY(must_be(o, n, "stash_type", 1, 1));
    return pr_fg_attr_f64(n, "epsilon", 1e-5, eps, o->err);
}

static pare_status norm(ox *o, const pr_fg_node *n) {
    double eps;
    PR_TRY(norm_attrs(o, n, &eps));
    OX_TRY(n->n_in == 2 && out_of(n, 1) < 0, n, "more inputs or results than a norm has");
    return mt_norm(&o->t, n, pr_fg_in(n, 0), pr_fg_in(n, 1), eps, out_of(n, 0));
}

/* The sum goes on as a value of its own, or stays inside where nobody wants it. */
static pare_status skip_norm(ox *o, const pr_fg_node *n) {
    double eps;
    int sum = out_of(n, 3);
    PR_TRY(norm_attrs(o, n, &eps));
    OX_TRY(pr_fg_in(n, 3) < 0 && out_of(n, 1) < 0 && out_of(n, 2) < 0, n,
           "a bias, or results of training");
    if (sum < 0) sum = o->g->n_vals + (int)(n - o->g->nodes);
    PR_TRY(mt_add(&o->t, n, pr_fg_in(n, 0), pr_fg_in(n, 1), sum));
    return mt_norm(&o->t, n, sum, pr_fg_in(n, 2), eps, out_of(n, 0));
}

static pare_status add(ox *o, const pr_fg_node *n) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    ONLY("");
    if ((word(o, a, "past.length") && word(o, b, "ids.length")) ||
        (word(o, b, "past.length") && word(o, a, "ids.length")))
        return say(o, n, "end", 0);
    return mt_add(&o->t, n, a, b, out_of(n, 0));
}

static pare_status sigmoid(ox *o, const pr_fg_node *n) {
    ONLY("");
    return mt_act(&o->t, n, pr_fg_in(n, 0), MT_SIGMOID, out_of(n, 0));
}

/* x · sigmoid(alpha · x) */
static pare_status swish(ox *o, const pr_fg_node *n) {
    double alpha;
    ONLY("alpha");
    PR_TRY(pr_fg_attr_f64(n, "alpha", strcmp(n->op, "Swish") == 0 ? 1 : 1.702, &alpha, o->err));
    OX_TRY(alpha == 1, n, "alpha is %g, expected 1 (SiLU)", alpha);
    return mt_act(&o->t, n, pr_fg_in(n, 0), MT_SILU, out_of(n, 0));
}

static pare_status mul(ox *o, const pr_fg_node *n) {
    ONLY("");
    return mt_mul(&o->t, n, pr_fg_in(n, 0), pr_fg_in(n, 1), out_of(n, 0));
}

/* Among floats the meaning stays; how it is rounded is the runtime's arithmetic. */
static pare_status cast(ox *o, const pr_fg_node *n) {
    int64_t to;
    int x = pr_fg_in(n, 0);
    ONLY("to", "saturate");
    PR_TRY(pr_fg_attr_i64(n, "to", 0, &to, o->err));
    if (kind(o, x, MT_INTS)) {
        OX_TRY(to == PR_ONNX_I32 || to == PR_ONNX_I64, n, "whole numbers become others");
        return pass_on(o, n, x);
    }
    mt_kind k = x < 0 ? MT_NONE : at(o, x)->kind;
    OX_TRY(k >= MT_RES && k < MT_STATE &&
               (to == PR_ONNX_F32 || to == PR_ONNX_F16 || to == PR_ONNX_BF16),
           n, "turns what is no float into type %lld", (long long)to);
    return pass_on(o, n, x);
}

static pare_status reshape(ox *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0), out = out_of(n, 0);
    const pr_fg_const *to = pr_fg_const_of(o->g, pr_fg_in(n, 1)), *c = bytes_of(o, x);
    int64_t last, v, inner = 1;
    ONLY("allowzero");
    PR_TRY(must_be(o, n, "allowzero", 0, 0));
    OX_TRY(out >= 0 && to && to->count >= 1 && to->count <= 8 &&
               pr_fg_const_i64(to, to->count - 1, &last),
           n, "a shape that is no constant");
    if (c) { /* bytes stay what they are */
        *at(o, out) = (mt_sym){.kind = MT_CONST, .w = c, .w_name = name_of(o, x)};
        return PARE_OK;
    }
    for (uint64_t i = 0; i + 1 < to->count; i++) {
        pr_fg_const_i64(to, i, &v);
        if (i == 2) inner = v;
        OX_TRY(i < 2 ? v == 0 || (v == -1 && i == 1) : i == 2 && to->count == 4, n,
               "a shape that takes batch and positions apart");
    }
    OX_TRY(to->count == 3 || to->count == 4, n, "a shape that no decoder has");
    if (kind(o, x, MT_HNORM) && to->count == 3) return mt_join(&o->t, n, x, last, out);
    PR_TRY(mt_heads(&o->t, n, x, last, out));
    int64_t rows = kind(o, x, MT_SLICE) ? at(o, x)->count : at(o, x)->mat.rows;
    OX_TRY(to->count == 3 || inner == -1 || (inner > 0 && inner <= rows && inner * last == rows), n,
           "%lld heads of %lld in %lld values", (long long)inner, (long long)last, (long long)rows);
    return PARE_OK;
}

static pare_status split(ox *o, const pr_fg_node *n) {
    const pr_fg_const *by = pr_fg_const_of(o->g, pr_fg_in(n, 1));
    int64_t axis, first = 0, count;
    ONLY("axis");
    PR_TRY(pr_fg_attr_i64(n, "axis", 0, &axis, o->err));
    OX_TRY((axis == -1 || axis == 2) && by && by->count == (uint64_t)n->n_out, n,
           "cuts in a way that is no decoder's");
    for (int i = 0; i < n->n_out; i++) {
        OX_TRY(pr_fg_const_i64(by, (uint64_t)i, &count) && count > 0 && count < INT32_MAX, n,
               "a part without size");
        PR_TRY(mt_slice(&o->t, n, pr_fg_in(n, 0), first, count, n->out[i]));
        first += count;
    }
    OX_TRY(first == at(o, n->in[0])->mat.rows, n, "its parts are not the whole");
    return PARE_OK;
}

/* ------------------------------------------------------------------ attention */

static pare_status rotate(ox *o, const pr_fg_node *n) {
    bool ms = strcmp(n->domain, MS) == 0;
    double scale;
    int pos = pr_fg_in(n, ms ? 1 : 3), cos = pr_fg_in(n, ms ? 2 : 1), sin = pr_fg_in(n, ms ? 3 : 2);
    ONLY("num_heads", "interleaved", "rotary_embedding_dim", "scale", "is_packed_batching");
    PR_TRY(must_be(o, n, "interleaved", 0, 0));
    PR_TRY(must_be(o, n, "rotary_embedding_dim", 0, 0));
    PR_TRY(must_be(o, n, "is_packed_batching", 0, 0));
    PR_TRY(pr_fg_attr_f64(n, "scale", 1, &scale, o->err));
    OX_TRY(scale == 1, n, "scale is %g, expected 1", scale);
    OX_TRY(kind(o, pos, MT_POS), n, "rotates by what are not the positions given");
    return mt_rope(&o->t, n, pr_fg_in(n, 0), pr_fg_const_of(o->g, cos), pr_fg_const_of(o->g, sin),
                   out_of(n, 0));
}

/* "past_key_values.3.key" and "present.3.key": the runtime pairs them by these names. */
static bool same_tail(const char *a, const char *b) {
    const char *p = strchr(a, '.'), *q = strchr(b, '.');
    return p && q && strcmp(p, q) == 0;
}

static pare_status state(ox *o, const pr_fg_node *n, int past, int present) {
    OX_TRY(kind(o, past, MT_PAST), n, "keys or values that are no input of the graph");
    if (present < 0) return PARE_OK;
    OX_TRY(same_tail(o->g->vals[past].name, o->g->vals[present].name), n,
           "'%.60s' comes in, '%.60s' goes out", o->g->vals[past].name, o->g->vals[present].name);
    *at(o, present) = (mt_sym){.kind = MT_STATE};
    return PARE_OK;
}

static pare_status heads(ox *o, const pr_fg_node *n, const char *q, const char *kv,
                         mt_attention *a) {
    int64_t n_head, n_kv;
    PR_TRY(pr_fg_attr_i64(n, q, 0, &n_head, o->err));
    PR_TRY(pr_fg_attr_i64(n, kv, 0, &n_kv, o->err));
    OX_TRY(n_head > 0 && n_head <= 4096 && n_kv > 0 && n_kv <= n_head, n,
           "%lld heads, %lld of keys", (long long)n_head, (long long)n_kv);
    a->n_head = (int)n_head;
    a->n_kv = (int)n_kv;
    return pr_fg_attr_f64(n, "scale", 0, &a->scale, o->err);
}

static pare_status grouped_query(ox *o, const pr_fg_node *n) {
    mt_attention a = {.q = pr_fg_in(n, 0), .k = pr_fg_in(n, 1), .v = pr_fg_in(n, 2)};
    int64_t window, rotary, smooth;
    double cap;
    ONLY("num_heads", "kv_num_heads", "scale", "local_window_size", "softcap", "do_rotary",
         "rotary_interleaved", "smooth_softmax", "qk_output", "kv_cache_bit_width", "k_quant_type",
         "v_quant_type");
    PR_TRY(heads(o, n, "num_heads", "kv_num_heads", &a));
    PR_TRY(pr_fg_attr_i64(n, "local_window_size", -1, &window, o->err));
    PR_TRY(pr_fg_attr_i64(n, "do_rotary", 0, &rotary, o->err));
    PR_TRY(pr_fg_attr_i64(n, "smooth_softmax", 0, &smooth, o->err));
    PR_TRY(pr_fg_attr_f64(n, "softcap", 0, &cap, o->err));
    PR_TRY(must_be(o, n, "rotary_interleaved", 0, 0));
    PR_TRY(must_be(o, n, "qk_output", 0, 0));
    PR_TRY(must_be(o, n, "kv_cache_bit_width", 0, 0));
    for (int i = 0; i < 2; i++) {
        const char *key = i ? "v_quant_type" : "k_quant_type";
        OX_TRY(!pr_fg_attr_find(n, key) || pr_fg_attr_says(n, key, "NONE"), n,
               "a state in whole numbers");
    }
    OX_TRY(cap == 0 && smooth <= 0, n, "scores that are capped or smoothed");
    OX_TRY((window > 0 && window < INT32_MAX) || window == -1, n, "local_window_size is %lld",
           (long long)window);
    OX_TRY(word(o, pr_fg_in(n, 5), "mask.keys") && word(o, pr_fg_in(n, 6), "mask.total"), n,
           "counts of keys that do not come from attention_mask");
    OX_TRY(pr_fg_in(n, 9) < 0 || kind(o, n->in[9], MT_POS), n, "positions of its own");
    for (int i = 10; i < n->n_in; i++)
        OX_TRY(n->in[i] < 0, n, "input %d (a bias on the scores, sinks, …) is not read", i);
    a.left = window < 0 ? -1 : window - 1;
    if (rotary) {
        a.cos = pr_fg_const_of(o->g, pr_fg_in(n, 7));
        a.sin = pr_fg_const_of(o->g, pr_fg_in(n, 8));
        OX_TRY(a.cos && a.sin, n, "tables of rotation that are no constants");
    }
    PR_TRY(state(o, n, pr_fg_in(n, 3), out_of(n, 1)));
    PR_TRY(state(o, n, pr_fg_in(n, 4), out_of(n, 2)));
    return mt_attn(&o->t, n, &a, out_of(n, 0));
}

static pare_status attention(ox *o, const pr_fg_node *n) {
    mt_attention a = {.q = pr_fg_in(n, 0), .k = pr_fg_in(n, 1), .v = pr_fg_in(n, 2)};
    int mask = pr_fg_in(n, 3);
    double cap;
    ONLY("q_num_heads", "kv_num_heads", "scale", "is_causal", "softcap", "qk_matmul_output_mode",
         "softmax_precision");
    PR_TRY(heads(o, n, "q_num_heads", "kv_num_heads", &a));
    PR_TRY(must_be(o, n, "is_causal", 0, 0));
    PR_TRY(pr_fg_attr_f64(n, "softcap", 0, &cap, o->err));
    OX_TRY(cap == 0 && out_of(n, 3) < 0 && pr_fg_in(n, 6) < 0, n, "more than attention");
    OX_TRY(word(o, mask, "mask"), n, "a mask that is not causal");
    OX_TRY(a.k >= 0 && a.v >= 0, n, "no keys");
    a.left = at(o, mask)->number;
    PR_TRY(state(o, n, pr_fg_in(n, 4), out_of(n, 1)));
    PR_TRY(state(o, n, pr_fg_in(n, 5), out_of(n, 2)));
    return mt_attn(&o->t, n, &a, out_of(n, 0));
}

/* ------------------------------------------------------------------ masks */

static pare_status shape(ox *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0);
    ONLY("");
    if (kind(o, x, MT_MASK)) return say(o, n, "mask.shape", 0);
    if (kind(o, x, MT_IDS)) return say(o, n, "ids.shape", 0);
    OX_TRY(kind(o, x, MT_PAST), n, "the shape of what is no input");
    return say(o, n, "past.shape", 0);
}

static pare_status sum(ox *o, const pr_fg_node *n) {
    ONLY("keepdims", "noop_with_empty_axes");
    OX_TRY(kind(o, pr_fg_in(n, 0), MT_MASK) &&
               (is_number(o, pr_fg_in(n, 1), 1) || is_number(o, pr_fg_in(n, 1), -1)),
           n, "sums up what is no mask");
    return say(o, n, "mask.sum", 0);
}

static pare_status sub(ox *o, const pr_fg_node *n) {
    int64_t by;
    ONLY("");
    OX_TRY(number(o, pr_fg_in(n, 1), &by), n, "takes away what is no number");
    if (word(o, pr_fg_in(n, 0), "mask.sum") && by == 1) return say(o, n, "mask.keys", 0);
    OX_TRY(word(o, pr_fg_in(n, 0), "queries") && by >= 0, n, "a difference that no mask has");
    return say(o, n, "from", by);
}

static pare_status range(ox *o, const pr_fg_node *n) {
    ONLY("");
    OX_TRY(is_number(o, pr_fg_in(n, 0), 0) && word(o, pr_fg_in(n, 1), "end") &&
               is_number(o, pr_fg_in(n, 2), 1),
           n, "a range that no mask has");
    return say(o, n, "all", 0);
}

static pare_status unsqueeze(ox *o, const pr_fg_node *n) {
    int x = pr_fg_in(n, 0), axis = pr_fg_in(n, 1);
    ONLY("");
    if (kind(o, x, MT_POS) && (is_number(o, axis, -1) || is_number(o, axis, 2)))
        return say(o, n, "queries", 0);
    OX_TRY((word(o, x, "before") || word(o, x, "near")) && is_number(o, axis, 1), n,
           "an axis that no mask has");
    return say(o, n, "mask", at(o, x)->number);
}

/* all ≤ queries: no key after the query. */
static pare_status less(ox *o, const pr_fg_node *n) {
    ONLY("");
    OX_TRY(word(o, pr_fg_in(n, 0), "all") && word(o, pr_fg_in(n, 1), "queries"), n,
           "a comparison that no mask has");
    return say(o, n, "before", -1);
}

static pare_status greater(ox *o, const pr_fg_node *n) {
    ONLY("");
    OX_TRY(word(o, pr_fg_in(n, 0), "all") && word(o, pr_fg_in(n, 1), "from"), n,
           "a comparison that no mask has");
    return say(o, n, "not too far", at(o, n->in[1])->number);
}

static pare_status both(ox *o, const pr_fg_node *n) {
    int a = pr_fg_in(n, 0), b = pr_fg_in(n, 1);
    ONLY("");
    if (word(o, b, "before")) {
        int c = a;
        a = b, b = c;
    }
    OX_TRY(word(o, a, "before") && word(o, b, "not too far"), n, "a condition that no mask has");
    return say(o, n, "near", at(o, b)->number);
}

/* ------------------------------------------------------------------ the whole */

static const struct {
    const char *op, *domain;
    pare_status (*rule)(ox *o, const pr_fg_node *n);
} RULES[] = {
    {"Gather", "", gather},
    {"GatherBlockQuantized", MS, gather_blocks},
    {"SimplifiedLayerNormalization", "", norm},
    {"RMSNormalization", "", norm},
    {"SkipSimplifiedLayerNormalization", MS, skip_norm},
    {"MatMul", "", matmul},
    {"MatMulNBits", MS, n_bits},
    {"DequantizeLinear", "", dequantize},
    {"Transpose", "", transpose},
    {"Add", "", add},
    {"Split", "", split},
    {"Reshape", "", reshape},
    {"RotaryEmbedding", "", rotate},
    {"RotaryEmbedding", MS, rotate},
    {"GroupQueryAttention", MS, grouped_query},
    {"Attention", "", attention},
    {"Sigmoid", "", sigmoid},
    {"Swish", "", swish},
    {"QuickGelu", MS, swish},
    {"Mul", "", mul},
    {"Cast", "", cast},
    {"Shape", "", shape},
    {"ReduceSum", "", sum},
    {"Sub", "", sub},
    {"Range", "", range},
    {"Unsqueeze", "", unsqueeze},
    {"LessOrEqual", "", less},
    {"GreaterOrEqual", "", greater},
    {"And", "", both},
};

static pare_status one_node(ox *o, const pr_fg_node *n) {
    for (size_t i = 0; i < PR_COUNT(RULES); i++)
        if (pr_fg_is(n, RULES[i].op, RULES[i].domain)) return RULES[i].rule(o, n);
    return pr_fg_fail(n, o->err, "pare reads no such operator%s%.40s in a decoder",
                      *n->domain ? " of " : "", n->domain);
}

static pare_status inputs(ox *o) {
    static const struct {
        const char *name;
        mt_kind kind;
    } known[] = {{"input_ids", MT_IDS}, {"attention_mask", MT_MASK}, {"position_ids", MT_POS}};
    for (int i = 0; i < o->g->n_inputs; i++) {
        const pr_fg_val *v = &o->g->vals[o->g->inputs[i]];
        mt_sym *s = at(o, o->g->inputs[i]);
        for (size_t k = 0; k < PR_COUNT(known); k++)
            if (strcmp(v->name, known[k].name) == 0) s->kind = known[k].kind;
        if (s->kind == MT_NONE && v->typed && v->n_dims == 4 &&
            scale_type(v->type) != PR_TYPE_N)
            s->kind = MT_PAST;
        if (s->kind == MT_NONE)
            return pr_fail(o->err, PARE_EUNSUPPORTED, -1,
                           "input '%.100s' of the graph is neither input_ids, attention_mask, "
                           "position_ids nor a state",
                           v->name);
    }
    return PARE_OK;
}

static pare_status outputs(ox *o) {
    for (int i = 0; i < o->g->n_outputs; i++) {
        int v = o->g->outputs[i];
        if (kind(o, v, MT_STATE)) continue;
        if (o->t.logits)
            return pr_fail(o->err, PARE_EUNSUPPORTED, -1,
                           "output '%.100s' of the graph is neither logits nor a state",
                           o->g->vals[v].name);
        PR_TRY(mt_is_logits(&o->t, v));
    }
    return PARE_OK;
}

static pare_status match(ox *o, pr_model *m, pare_err *err) {
    int layers = 0;
    for (int i = 0; i < o->g->n_nodes; i++)
        layers += pr_fg_is(&o->g->nodes[i], "GroupQueryAttention", MS) ||
                  pr_fg_is(&o->g->nodes[i], "Attention", "");
    if (layers == 0) /* name what stands in its place, if that is known */
        for (int i = 0; i < o->g->n_nodes; i++)
            if (pr_fg_is(&o->g->nodes[i], "MultiHeadAttention", NULL))
                return pr_fg_fail(&o->g->nodes[i], err,
                                  "pare reads GroupQueryAttention and Attention, not this");
    PR_TRY(mt_open(&o->t, m, o->g, layers, err));
    PR_TRY(inputs(o));
    for (int i = 0; i < o->g->n_nodes; i++) PR_TRY(one_node(o, &o->g->nodes[i]));
    PR_TRY(outputs(o));
    return mt_close(&o->t, err);
}

/* ------------------------------------------------------------------ beside the graph */

/* genai_config.json has sizes too: they must be the graph's. */
static pare_status agree(const pare_doc *o, const char *key, int64_t is, pare_err *err) {
    int64_t v;
    PR_TRY(pr_json_opt_i64(o, key, INT32_MIN, INT32_MAX, is, &v, err));
    if (v == is) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "%s is %lld, the graph has %lld", key, (long long)v,
                   (long long)is);
}

/* A window that stands here and not in the graph: the builder of 0.18 writes such a thing, and what
 * was meant is not what is computed. */
static pare_status window(const pare_doc *decoder, const pr_hp *h, int64_t n_ctx, pare_err *err) {
    const pare_doc *w;
    int64_t size;
    PR_TRY(pr_json_opt_obj(decoder, "sliding_window", &w, err));
    if (!w) return PARE_OK;
    PR_TRY(pr_json_opt_i64(w, "window_size", 1, INT32_MAX, INT32_MAX, &size, err));
    bool none = size >= n_ctx;
    for (int i = 0; i < h->n_layer; i++) none |= h->layers[i].left >= 0;
    if (none) return PARE_OK;
    return pr_fail(err, PARE_EUNSUPPORTED, -1,
                   "sliding_window of %lld positions, but the graph attends to all",
                   (long long)size);
}

static pare_status genai_sizes(const pr_model *m, const pare_doc *model, int64_t n_ctx,
                               pare_err *err) {
    const pr_hp *h = &m->hp;
    const pare_doc *d;
    PR_TRY(agree(model, "vocab_size", h->n_vocab, err));
    PR_TRY(pr_json_opt_obj(model, "decoder", &d, err));
    if (!d) return PARE_OK;
    PR_TRY(agree(d, "head_size", h->layers[0].d_head, err));
    PR_TRY(agree(d, "hidden_size", h->d_model, err));
    PR_TRY(agree(d, "num_attention_heads", h->layers[0].n_head, err));
    PR_TRY(agree(d, "num_key_value_heads", h->layers[0].n_kv, err));
    PR_TRY(agree(d, "num_hidden_layers", h->n_layer, err));
    return window(d, h, n_ctx ? n_ctx : INT64_MAX, err);
}

static pare_status genai_words(pr_model *m, const pare_doc *root, mt_said *said, pare_err *err) {
    const pare_doc *model;
    pr_str type;
    PR_TRY(pr_json_get_obj(root, "model", &model, err));
    PR_TRY(pr_json_opt_str(model, "type", &type, err));
    PR_TRY(pr_json_opt_i64(model, "context_length", 1, 1 << 28, 0, &said->n_ctx, err));
    PR_TRY(pr_json_opt_i64(model, "bos_token_id", -1, INT32_MAX, -1, &m->hp.bos, err));
    PR_TRY(pr_json_opt_i64(model, "pad_token_id", -1, INT32_MAX, -1, &m->hp.pad, err));
    PR_TRY(pr_hp_add_eos(pare_doc_get(model, "eos_token_id"), &m->hp, err));
    if (type.p && !(said->type = pr_arena_str(m->arena, type.p, type.n)))
        return pr_fail_nomem(err, type.n);
    return genai_sizes(m, model, said->n_ctx, err);
}

static pare_status genai_config(pr_model *m, const char *dir, mt_said *said, pare_err *err) {
    char *path = pr_path_join(m->arena, dir, "genai_config.json");
    pare_doc *root;
    if (!path) return pr_fail_nomem(err, 4096);
    if (!pr_path_exists(path)) return PARE_OK;
    PR_TRY(pr_json_read(&root, path, NULL, err));
    pare_status st = genai_words(m, root, said, err);
    pare_doc_free(root);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

/* Traced by torch: attention in single operators. */
static bool is_traced(const pr_fgraph *g) {
    bool softmax = false, whole = false;
    for (int i = 0; i < g->n_nodes; i++) {
        softmax |= pr_fg_is(&g->nodes[i], "Softmax", "");
        whole |= pr_fg_is(&g->nodes[i], "GroupQueryAttention", MS) ||
                 pr_fg_is(&g->nodes[i], "Attention", "");
    }
    return softmax && !whole;
}

pare_status pr_onnx_match(pr_model *m, const pr_fgraph *graph, const char *dir, pare_err *err) {
    ox o = {.g = graph, .err = err};
    mt_said said = {0};
    if (is_traced(o.g)) {
        pr_fgraph *g;
        PR_NEW(g, m->arena, 1, err);
        pare_status st = pr_calc_from_onnx(g, o.g, m->arena, err);
        if (st != PARE_OK) return pr_fail_in(err, st, pr_container_path(m->file, 0));
        return mt_traced(m, g, dir, err);
    }
    pare_status st = match(&o, m, err);
    if (st != PARE_OK) return pr_fail_in(err, st, pr_container_path(m->file, 0));
    if (dir) PR_TRY(genai_config(m, dir, &said, err));
    st = mt_settle(&o.t, dir, &said, err);
    return st == PARE_OK ? st : pr_fail_in(err, st, pr_container_path(m->file, 0));
}
