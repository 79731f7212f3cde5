/* ov_lower.c - each node of the graph in OpenVINO's operations, in the shapes that its plug-ins
 * fuse: RMS, RoPE, attention over a state.
 *
 * Always true: nothing here asks for an architecture. A value is [batch, tokens, width], or the
 * same split into heads, or those transposed; each use takes the form it needs. */
#include "ov_lower.h"

typedef enum { FLAT, SPLIT, HEADS } form; /* [B,T,W], [B,T,H,D], [B,H,T,D] */

typedef struct {
    pr_ov_val v;
    form f;
    pr_ov_val rounded; /* through bytes and back, [B,T,W]; 0: nobody asked */
} value;

typedef struct {
    int64_t left;
    pr_ov_val mask;
} window;

typedef struct {
    pr_ov_val cos, sin; /* [B,1,T,dim] */
} rotation;

typedef struct {
    pr_ov *g;
    const pr_model *m;
    const pr_ov_val *weights;
    const pr_act *const *acts;
    value *vals;
    rotation *ropes;
    window *windows;
    int n_windows;
    pr_ov_val ids, attention, position, beam;
    pr_ov_val batch, now, all; /* B, T and S, each [1] */
    pr_ov_val keys, queries;   /* positions, [1,1,1,S] and [1,1,T,1] */
    pr_ov_val kept;        /* attention != 0, [B,1,1,S] */
} lower;

#define IN(...) sizeof((pr_ov_val[]){__VA_ARGS__}) / sizeof(pr_ov_val), (pr_ov_val[]){__VA_ARGS__}
#define I64(g, ...) \
    pr_ov_i64(g, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

/* ------------------------------------------------------------------ small words */

/* Two inputs, numpy's rules; `shape` is what they make. */
static pr_ov_val elementwise(pr_ov *g, const char *type, pr_ov_val a, pr_ov_val b,
                             pr_ov_type as, pr_ov_shape shape) {
    pr_ov_val v = pr_ov_op(g, type, "opset1", as, shape, IN(a, b));
    pr_ov_attr(g, v, "auto_broadcast", "numpy");
    return v;
}

/* Of values in float32 that has the shape of `a`. */
static pr_ov_val arith(pr_ov *g, const char *type, pr_ov_val a, pr_ov_val b) {
    return elementwise(g, type, a, b, PR_OV_F32, pr_ov_shape_of(g, a));
}

static pr_ov_val scalar(pr_ov *g, int rank, float x) {
    pr_ov_shape s = {rank, {1, 1, 1, 1, 1}};
    return pr_ov_f32(g, s, &x);
}

static pr_ov_val reshape(pr_ov *g, pr_ov_val x, pr_ov_val to, pr_ov_shape shape) {
    pr_ov_val v = pr_ov_op(g, "Reshape", "opset1", PR_OV_F32, shape, IN(x, to));
    pr_ov_attr(g, v, "special_zero", "true");
    return v;
}

static pr_ov_val swap_middle(pr_ov *g, pr_ov_val x) {
    pr_ov_shape s = pr_ov_shape_of(g, x);
    int64_t d = s.dim[1];
    s.dim[1] = s.dim[2];
    s.dim[2] = d;
    return pr_ov_op(g, "Transpose", "opset1", PR_OV_F32, s, IN(x, I64(g, 0, 2, 1, 3)));
}

static pr_ov_val unsqueeze(pr_ov *g, pr_ov_val x, pr_ov_val axes, pr_ov_type as,
                           pr_ov_shape shape) {
    return pr_ov_op(g, "Unsqueeze", "opset1", as, shape, IN(x, axes));
}

static pr_ov_val concat(pr_ov *g, const char *axis, pr_ov_type as, pr_ov_shape shape, int n,
                        const pr_ov_val *in) {
    pr_ov_val v = pr_ov_op(g, "Concat", "opset1", as, shape, n, in);
    pr_ov_attr(g, v, "axis", axis);
    return v;
}

static pr_ov_val broadcast(pr_ov *g, pr_ov_val x, pr_ov_val to, const char *mode,
                           pr_ov_shape shape) {
    pr_ov_val v = pr_ov_op(g, "Broadcast", "opset3", PR_OV_F32, shape, IN(x, to));
    pr_ov_attr(g, v, "mode", mode);
    return v;
}

static pr_ov_val matmul(pr_ov *g, pr_ov_val a, pr_ov_val b, const char *transpose_b,
                        pr_ov_shape shape) {
    pr_ov_val v = pr_ov_op(g, "MatMul", "opset1", PR_OV_F32, shape, IN(a, b));
    pr_ov_attr(g, v, "transpose_a", "false");
    pr_ov_attr(g, v, "transpose_b", transpose_b);
    return v;
}

static pr_ov_val gather(pr_ov *g, pr_ov_val from, pr_ov_val which, pr_ov_type as,
                        pr_ov_shape shape) {
    pr_ov_val v = pr_ov_op(g, "Gather", "opset8", as, shape,
                           IN(from, which, pr_ov_i64_one(g, 0)));
    pr_ov_attr(g, v, "batch_dims", "0");
    return v;
}

static pr_ov_val shape_of(pr_ov *g, pr_ov_val x) {
    pr_ov_val v = pr_ov_op(g, "ShapeOf", "opset3", PR_OV_I64,
                           PR_OV_S(pr_ov_shape_of(g, x).rank), IN(x));
    pr_ov_attr(g, v, "output_type", "i64");
    return v;
}

static pr_ov_val count_up(pr_ov *g, pr_ov_val from, pr_ov_val to) {
    pr_ov_val v = pr_ov_op(g, "Range", "opset4", PR_OV_I64, PR_OV_S(-1),
                           IN(from, to, pr_ov_i64_one(g, 1)));
    pr_ov_attr(g, v, "output_type", "i64");
    return v;
}

/* ------------------------------------------------------------------ forms */

static pr_ov_val in_form(lower *w, value x, form to, int n_head, int d) {
    pr_ov *g = w->g;
    int64_t wide = (int64_t)n_head * d;
    pr_ov_val v = x.v;
    if (x.f == to) return v;
    if (x.f == FLAT) v = reshape(g, v, I64(g, 0, 0, n_head, d), PR_OV_S(-1, -1, n_head, d));
    if (x.f == HEADS || to == HEADS) v = swap_middle(g, v);
    if (to == FLAT) v = reshape(g, v, I64(g, 0, 0, wide), PR_OV_S(-1, -1, wide));
    return v;
}

static pr_ov_val flat(lower *w, pr_val x) {
    const value *v = &w->vals[x];
    pr_ov_shape s = pr_ov_shape_of(w->g, v->v);
    int heads = v->f == HEADS ? 1 : 2;
    return in_form(w, *v, FLAT, (int)s.dim[heads], (int)s.dim[3]);
}

/* ------------------------------------------------------------------ what all layers share */

static void inputs(lower *w) {
    pr_ov *g = w->g;
    w->ids = pr_ov_parameter(g, "input_ids", PR_OV_I64, PR_OV_S(-1, -1));
    w->attention = pr_ov_parameter(g, "attention_mask", PR_OV_I64, PR_OV_S(-1, -1));
    w->position = pr_ov_parameter(g, "position_ids", PR_OV_I64, PR_OV_S(-1, -1));
    w->beam = pr_ov_parameter(g, "beam_idx", PR_OV_I32, PR_OV_S(-1));
    pr_ov_val ids = shape_of(g, w->ids), seen = shape_of(g, w->attention);
    w->batch = gather(g, ids, I64(g, 0), PR_OV_I64, PR_OV_S(1));
    w->now = gather(g, ids, I64(g, 1), PR_OV_I64, PR_OV_S(1));
    w->all = gather(g, seen, I64(g, 1), PR_OV_I64, PR_OV_S(1));
    pr_ov_val now = gather(g, ids, pr_ov_i64_one(g, 1), PR_OV_I64, PR_OV_SCALAR);
    pr_ov_val all = gather(g, seen, pr_ov_i64_one(g, 1), PR_OV_I64, PR_OV_SCALAR);
    pr_ov_val past = elementwise(g, "Subtract", all, now, PR_OV_I64, PR_OV_SCALAR);
    w->keys = unsqueeze(g, count_up(g, pr_ov_i64_one(g, 0), all), I64(g, 0, 1, 2), PR_OV_I64,
                        PR_OV_S(1, 1, 1, -1));
    w->queries = unsqueeze(g, count_up(g, past, all), I64(g, 0, 1, 3), PR_OV_I64,
                           PR_OV_S(1, 1, -1, 1));
    w->kept = unsqueeze(g, pr_ov_convert(g, w->attention, PR_OV_BOOL), I64(g, 1, 2), PR_OV_BOOL,
                        PR_OV_S(-1, 1, 1, -1));
}

static pr_ov_val both(pr_ov *g, pr_ov_val a, pr_ov_val b, pr_ov_shape shape) {
    pr_ov_val v = pr_ov_op(g, "BitwiseAnd", "opset13", PR_OV_BOOL, shape, IN(a, b));
    pr_ov_attr(g, v, "auto_broadcast", "numpy");
    return v;
}

/* Where a token may look, the window included. GenAI turns attention into its paged kind, for
 * which the window must be found in the mask: it looks for key > query + constant under these
 * four ANDs, and sees everything where it does not find them. So two are said twice. */
static pr_ov_val windowed(lower *w, pr_ov_val past, int64_t left) {
    pr_ov *g = w->g;
    pr_ov_shape one = PR_OV_S(1, 1, -1, -1), s = PR_OV_S(-1, 1, -1, -1);
    pr_ov_val first = elementwise(g, "Add", w->queries, pr_ov_i64_one(g, -left - 1), PR_OV_I64,
                                  PR_OV_S(1, 1, -1, 1));
    pr_ov_val near = elementwise(g, "Greater", w->keys, first, PR_OV_BOOL, one);
    pr_ov_val v = both(g, both(g, past, near, one), w->kept, s);
    v = both(g, both(g, past, v, s), w->kept, s);
    pr_ov_val to = concat(g, "0", PR_OV_I64, PR_OV_S(4), IN(w->batch, I64(g, 1), w->now, w->all));
    v = pr_ov_op(g, "Broadcast", "opset3", PR_OV_BOOL, s, IN(v, to));
    pr_ov_attr(g, v, "mode", "bidirectional");
    return v;
}

/* 0 where a token may look, the lowest of binary16 elsewhere, [B,1,T,S]. */
static pr_ov_val make_mask(lower *w, int64_t left) {
    pr_ov *g = w->g;
    pr_ov_shape s = PR_OV_S(-1, 1, -1, -1);
    pr_ov_val see = elementwise(g, "LessEqual", w->keys, w->queries, PR_OV_BOOL,
                                PR_OV_S(1, 1, -1, -1));
    see = left < 0 ? elementwise(g, "LogicalAnd", see, w->kept, PR_OV_BOOL, s)
                   : windowed(w, see, left);
    pr_ov_val v = pr_ov_op(g, "Select", "opset1", PR_OV_F32, s,
                           IN(see, scalar(g, 0, 0), scalar(g, 0, -65504)));
    pr_ov_attr(g, v, "auto_broadcast", "numpy");
    if (left < 0) return v;
    return pr_ov_op(g, "Slice", "opset8", PR_OV_F32, s,
                    IN(v, I64(g, 0), w->all, I64(g, 1), I64(g, 3)));
}

static pr_ov_val mask_of(lower *w, int64_t left) {
    for (int i = 0; i < w->n_windows; i++)
        if (w->windows[i].left == left) return w->windows[i].mask;
    w->windows[w->n_windows] = (window){left, make_mask(w, left)};
    return w->windows[w->n_windows++].mask;
}

static pr_ov_val turn(lower *w, const char *fn, pr_ov_val angles, const pr_rope *r) {
    pr_ov *g = w->g;
    pr_ov_val v = pr_ov_op(g, fn, "opset1", PR_OV_F32, PR_OV_S(-1, -1, r->dim), IN(angles));
    if (r->magnitude != 1) v = arith(g, "Multiply", v, scalar(g, 3, (float)r->magnitude));
    return unsqueeze(g, v, pr_ov_i64_one(g, 1), PR_OV_F32, PR_OV_S(-1, 1, -1, r->dim));
}

/* Frequencies times positions, each twice: one for either half of a head. */
static pare_status make_rotation(lower *w, const pr_rope *r, rotation *out, pare_err *err) {
    pr_ov *g = w->g;
    int64_t half = r->dim / 2;
    float *f;
    PR_NEW(f, g->arena, half, err);
    pr_rope_frequencies(r, r->max_ctx, f);
    pr_ov_val to = concat(g, "0", PR_OV_I64, PR_OV_S(3), IN(w->batch, I64(g, half, 1)));
    pr_ov_val freq = broadcast(g, pr_ov_f32(g, PR_OV_S(1, half, 1), f), to, "numpy",
                               PR_OV_S(-1, half, 1));
    pr_ov_val pos = unsqueeze(g, w->position, pr_ov_i64_one(g, 1), PR_OV_I64, PR_OV_S(-1, 1, -1));
    pr_ov_val x = matmul(g, freq, pr_ov_convert(g, pos, PR_OV_F32), "false",
                         PR_OV_S(-1, half, -1));
    x = pr_ov_op(g, "Transpose", "opset1", PR_OV_F32, PR_OV_S(-1, -1, half),
                 IN(x, I64(g, 0, 2, 1)));
    x = concat(g, "-1", PR_OV_F32, PR_OV_S(-1, -1, r->dim), IN(x, x));
    *out = (rotation){turn(w, "Cos", x, r), turn(w, "Sin", x, r)};
    return PARE_OK;
}

/* ------------------------------------------------------------------ nodes */

static pr_ov_val embed(lower *w, const pr_node *n) {
    pr_ov_val ids = pr_ov_convert(w->g, w->ids, PR_OV_I32);
    return gather(w->g, w->weights[n->w], ids, PR_OV_F32, PR_OV_S(-1, -1, w->m->hp.d_model));
}

static value rms(lower *w, const pr_node *n) {
    pr_ov *g = w->g;
    value in = w->vals[n->in[0]];
    int wide = w->m->graph.width[n->in[0]];
    bool split = n->group != wide;
    pr_ov_val x = split ? in_form(w, in, SPLIT, wide / n->group, n->group) : flat(w, n->in[0]);
    pr_ov_shape s = pr_ov_shape_of(g, x);
    int rank = s.rank;
    s.dim[rank > 0 ? rank - 1 : 0] = 1;
    pr_ov_val y = arith(g, "Power", x, scalar(g, rank, 2));
    y = pr_ov_op(g, "ReduceMean", "opset1", PR_OV_F32, s, IN(y, I64(g, -1)));
    pr_ov_attr(g, y, "keep_dims", "true");
    y = arith(g, "Add", y, scalar(g, rank, w->m->hp.rms_eps));
    y = pr_ov_op(g, "Sqrt", "opset1", PR_OV_F32, s, IN(y));
    y = elementwise(g, "Divide", scalar(g, rank, 1), y, PR_OV_F32, s);
    pr_ov_attr(g, y, "m_pythondiv", "true");
    y = arith(g, "Multiply", x, y);
    return (value){.v = elementwise(g, "Multiply", w->weights[n->w], y, PR_OV_F32,
                                    pr_ov_shape_of(g, x)),
                   .f = split ? SPLIT : FLAT};
}

/* 256 levels, once for all that read it. */
static pr_ov_val rounded(lower *w, pr_val x, const pr_act *a) {
    pr_ov *g = w->g;
    if (w->vals[x].rounded) return w->vals[x].rounded;
    pr_ov_val v = flat(w, x);
    pr_ov_val lo = scalar(g, 3, -a->step * (float)a->zero),
              hi = scalar(g, 3, a->step * (float)(255 - a->zero));
    v = pr_ov_op(g, "FakeQuantize", "opset1", PR_OV_F32, pr_ov_shape_of(g, v),
                 IN(v, lo, hi, lo, hi));
    pr_ov_attr(g, v, "levels", "256");
    pr_ov_attr(g, v, "auto_broadcast", "numpy");
    return w->vals[x].rounded = v;
}

static pr_ov_val linear(lower *w, const pr_node *n) {
    pr_ov_shape s = PR_OV_S(-1, -1, w->m->weights[n->w].rows);
    const pr_act *act = w->acts[n->w];
    pr_ov_val x = act ? rounded(w, n->in[0], act) : flat(w, n->in[0]);
    pr_ov_val y = matmul(w->g, x, w->weights[n->w], "true", s);
    return n->bias < 0 ? y : arith(w->g, "Add", y, w->weights[n->bias]);
}

static pr_ov_val part(pr_ov *g, pr_ov_val x, int64_t from, int64_t to) {
    pr_ov_shape s = pr_ov_shape_of(g, x);
    s.dim[3] = to - from;
    if (s.dim[3] == pr_ov_shape_of(g, x).dim[3]) return x;
    return pr_ov_op(g, "Slice", "opset8", PR_OV_F32, s,
                    IN(x, I64(g, from), I64(g, to), I64(g, 1), I64(g, 3)));
}

/* x·cos + (-x2 ∪ x1)·sin over the first `dim` values of each head; the others pass. */
static pr_ov_val rope(lower *w, const pr_node *n) {
    pr_ov *g = w->g;
    int which = w->m->hp.layers[n->layer].rope, dim = w->m->hp.ropes[which].dim;
    const rotation *r = &w->ropes[which];
    pr_ov_val all = in_form(w, w->vals[n->in[0]], HEADS, n->n_head, n->d_head);
    pr_ov_val x = part(g, all, 0, dim);
    pr_ov_val low = part(g, x, 0, dim / 2), high = part(g, x, dim / 2, dim);
    high = arith(g, "Multiply", high, scalar(g, 4, -1));
    pr_ov_val turned = concat(g, "-1", PR_OV_F32, pr_ov_shape_of(g, x), IN(high, low));
    pr_ov_val y = arith(g, "Add", arith(g, "Multiply", x, r->cos),
                        arith(g, "Multiply", turned, r->sin));
    if (dim == n->d_head) return y;
    return concat(g, "-1", PR_OV_F32, pr_ov_shape_of(g, all),
                  IN(y, part(g, all, dim, n->d_head)));
}

/* What was seen before in the order of the beams, and what is new; kept for the next call. */
static pr_ov_val state(lower *w, pr_ov_val now, const char *what, int layer) {
    pr_ov *g = w->g;
    const pr_layer *l = &w->m->hp.layers[layer];
    int64_t h = l->n_kv, d = l->d_head;
    pr_ov_shape s = PR_OV_S(-1, h, -1, d);
    const char *id = pr_arena_printf(g->arena, "past_key_values.%d.%spresent.%d.%s", layer, what,
                                     layer, what);
    const char *shape = pr_arena_printf(g->arena, "?,%lld,?,%lld", (long long)h, (long long)d);
    pr_ov_val to = concat(g, "0", PR_OV_I64, PR_OV_S(4), IN(w->batch, I64(g, h, 0, d)));
    pr_ov_val none = broadcast(g, scalar(g, 0, 0), to, "numpy", PR_OV_S(-1, h, 0, d));
    pr_ov_val past = pr_ov_op(g, "ReadValue", "opset6", PR_OV_F32, s, IN(none));
    pr_ov_attr(g, past, "variable_id", id);
    pr_ov_attr(g, past, "variable_type", "f32");
    pr_ov_attr(g, past, "variable_shape", shape);
    past = gather(g, past, w->beam, PR_OV_F32, s);
    pr_ov_val all = concat(g, "-2", PR_OV_F32, s, IN(past, now));
    pr_ov_val keep = pr_ov_op(g, "Assign", "opset6", PR_OV_F32, s, IN(all));
    pr_ov_attr(g, keep, "variable_id", id);
    return all;
}

/* Each head of keys for the query heads that share it. */
static pr_ov_val repeat(lower *w, pr_ov_val x, const pr_layer *l) {
    pr_ov *g = w->g;
    int64_t n = l->n_head / l->n_kv, d = l->d_head;
    if (n == 1) return x;
    x = unsqueeze(g, x, pr_ov_i64_one(g, 2), PR_OV_F32, PR_OV_S(-1, l->n_kv, 1, -1, d));
    x = broadcast(g, x, I64(g, 1, 1, n, 1, 1), "bidirectional",
                  PR_OV_S(-1, l->n_kv, n, -1, d));
    return reshape(g, x, I64(g, 0, l->n_head, -1, d), PR_OV_S(-1, l->n_head, -1, d));
}

static pr_ov_val attention(lower *w, const pr_node *n) {
    pr_ov *g = w->g;
    const pr_layer *l = &w->m->hp.layers[n->layer];
    pr_ov_val q = in_form(w, w->vals[n->in[0]], HEADS, l->n_head, l->d_head);
    pr_ov_val k = in_form(w, w->vals[n->in[1]], HEADS, l->n_kv, l->d_head);
    pr_ov_val v = in_form(w, w->vals[n->in[2]], HEADS, l->n_kv, l->d_head);
    k = repeat(w, state(w, k, "key", n->layer), l);
    v = repeat(w, state(w, v, "value", n->layer), l);
    pr_ov_val y = pr_ov_op(g, "ScaledDotProductAttention", "opset13", PR_OV_F32,
                           PR_OV_S(-1, l->n_head, -1, l->d_head),
                           IN(q, k, v, mask_of(w, l->left), scalar(g, 0, l->scale)));
    pr_ov_attr(g, y, "causal", "false");
    return y;
}

static pr_ov_val glu(lower *w, const pr_node *n) {
    pr_ov_val gate = flat(w, n->in[0]);
    gate = pr_ov_op(w->g, "Swish", "opset4", PR_OV_F32, pr_ov_shape_of(w->g, gate), IN(gate));
    return arith(w->g, "Multiply", gate, flat(w, n->in[1]));
}

static value node(lower *w, const pr_node *n) {
    switch (n->op) {
    case PR_OPC_EMBED: return (value){.v = embed(w, n), .f = FLAT};
    case PR_OPC_RMS: return rms(w, n);
    case PR_OPC_LINEAR: return (value){.v = linear(w, n), .f = FLAT};
    case PR_OPC_ROPE: return (value){.v = rope(w, n), .f = HEADS};
    case PR_OPC_ATTN: return (value){.v = attention(w, n), .f = HEADS};
    case PR_OPC_GLU: return (value){.v = glu(w, n), .f = FLAT};
    case PR_OPC_ADD:
        return (value){.v = arith(w->g, "Add", flat(w, n->in[0]), flat(w, n->in[1])), .f = FLAT};
    case PR_OPC_N: break;
    }
    w->g->failed = true; /* an operation of a later version */
    return (value){.v = 0, .f = FLAT};
}

static pare_status prepare(lower *w, pare_err *err) {
    const pr_hp *h = &w->m->hp;
    PR_NEW(w->vals, w->g->arena, w->m->graph.n_vals + 1, err);
    PR_NEW(w->ropes, w->g->arena, h->n_ropes + 1, err);
    PR_NEW(w->windows, w->g->arena, h->n_layer + 1, err);
    inputs(w);
    for (int i = 0; i < h->n_ropes; i++)
        PR_TRY(make_rotation(w, &h->ropes[i], &w->ropes[i], err));
    return PARE_OK;
}

pare_status pr_ov_lower(pr_ov *g, const pr_model *m, const pr_ov_val *weights,
                        const pr_act *const *acts, pare_err *err) {
    lower w = {.g = g, .m = m, .weights = weights, .acts = acts};
    PR_TRY(prepare(&w, err));
    for (int i = 0; i < m->graph.n_nodes; i++) {
        const pr_node *n = &m->graph.nodes[i];
        g->where = n->layer < 0 ? "" : pr_arena_printf(g->arena, "layers.%d.", n->layer);
        if (!g->where) return pr_fail_nomem(err, 32);
        w.vals[n->out] = node(&w, n);
    }
    pr_ov_val y = w.vals[m->graph.logits].v;
    if (g->failed) return pr_fail_nomem(err, 0);
    g->layers[y].tensor = "logits";
    y = pr_ov_op(g, "Result", "opset1", PR_OV_F32, pr_ov_shape_of(g, y), IN(y));
    if (g->failed) return pr_fail_nomem(err, 0);
    g->layers[y].tensor = "logits";
    return PARE_OK;
}
