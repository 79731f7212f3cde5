/* lower_onnx.c - one node of the graph after the other into ONNX. No architecture has a word here:
 * nodes and layer records say all. Operators: onnx 1.23 (opset 23), ONNX Runtime 1.32
 * (ContribOperators.md). */
#include "onnx_steps.h"
#include <stdio.h>

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
static const char *const MS = "com.microsoft";

typedef struct {
    char s[160];
} text;

static text fmt(const char *a, const char *b) {
    text t;
    snprintf(t.s, sizeof t.s, "%s%s", a, b);
    return t;
}

/* The outline's item of a weight. */
static const pr_item *item_of(const pr_lower *l, int w) {
    for (int i = 0; i < l->o->n; i++)
        if (l->o->items[i].w == &l->m->weights[w]) return &l->o->items[i];
    return NULL;
}

bool pr_lower_fuses_rope(const pr_lower *l, int layer) {
    const pr_layer *r = &l->m->hp.layers[layer];
    return l->way == PR_ONNX_GENAI && r->rope >= 0 && r->d_head % 16 == 0;
}

/* ------------------------------------------------------------------ node by node */

static void embed(pr_lower *l, const pr_node *n) {
    const pr_item *it = item_of(l, n->w);
    const char *out = l->val[n->out];
    const pr_group_spec *s = it->as.group;
    if (!s) {
        pr_onnx_node(l->g, "Gather", "", NAMES(it->name, "input_ids"), NAMES(out));
        return;
    }
    text codes = fmt(it->name, ".codes"), scales = fmt(it->name, ".scales"),
         zeros = fmt(it->name, ".zeros"), flat = fmt(it->name, ".flat"),
         shape = fmt(it->name, ".shape");
    pr_group_row r;
    pr_group_row_of(s, (int64_t)it->dim[1], &r);
    pr_onnx_const_i64(l->g, shape.s, 1, (int64_t[]){(int64_t)it->dim[0], (int64_t)r.codes}, 2);
    pr_onnx_node(l->g, "Reshape", "", NAMES(codes.s, shape.s), NAMES(flat.s));
    pr_onnx_node(l->g, "GatherBlockQuantized", MS,
                 NAMES(flat.s, "input_ids", scales.s, s->rule == PR_GROUP_ASYM ? zeros.s : ""),
                 NAMES(out));
    pr_onnx_attr_int(l->g, "bits", s->bits);
    pr_onnx_attr_int(l->g, "block_size", s->group);
    pr_onnx_attr_int(l->g, "gather_axis", 0);
    pr_onnx_attr_int(l->g, "quantize_axis", 1);
}

static void linear_groups(pr_lower *l, const pr_item *it, const char *x, const char *y) {
    const pr_group_spec *s = it->as.group;
    text codes = fmt(it->name, ".codes"), scales = fmt(it->name, ".scales"),
         zeros = fmt(it->name, ".zeros");
    pr_onnx_node(l->g, "MatMulNBits", MS,
                 s->rule == PR_GROUP_ASYM ? NAMES(x, codes.s, scales.s, zeros.s)
                                          : NAMES(x, codes.s, scales.s),
                 NAMES(y));
    pr_onnx_attr_int(l->g, "K", (int64_t)it->dim[1]);
    pr_onnx_attr_int(l->g, "N", (int64_t)it->dim[0]);
    pr_onnx_attr_int(l->g, "bits", s->bits);
    pr_onnx_attr_int(l->g, "block_size", s->group);
    pr_onnx_attr_int(l->g, "accuracy_level", l->job->exact ? 1 : 4);
}

/* Standard words: blocks along the row become numbers, the matrix is turned. */
static void linear_blocks(pr_lower *l, const pr_item *it, const char *x, const char *y) {
    const pr_group_spec *s = it->as.group;
    text codes = fmt(it->name, ".codes"), scales = fmt(it->name, ".scales"),
         zeros = fmt(it->name, ".zeros"), w = fmt(it->name, ".values"),
         turned = fmt(it->name, ".turned");
    pr_onnx_node(l->g, "DequantizeLinear", "",
                 s->rule == PR_GROUP_ASYM ? NAMES(codes.s, scales.s, zeros.s)
                                          : NAMES(codes.s, scales.s),
                 NAMES(w.s));
    pr_onnx_attr_int(l->g, "axis", 1);
    pr_onnx_attr_int(l->g, "block_size", s->group);
    pr_onnx_node(l->g, "Transpose", "", NAMES(w.s), NAMES(turned.s));
    pr_onnx_attr_ints(l->g, "perm", (int64_t[]){1, 0}, 2);
    pr_onnx_node(l->g, "MatMul", "", NAMES(x, turned.s), NAMES(y));
}

static void linear_float(pr_lower *l, const pr_item *it, const char *x, const char *y) {
    if (it->w->id.role != PR_ROLE_TOKEN_EMBD) { /* stored turned */
        pr_onnx_node(l->g, "MatMul", "", NAMES(x, it->name), NAMES(y));
        return;
    }
    text turned = fmt(it->name, ".turned");
    pr_onnx_node(l->g, "Transpose", "", NAMES(it->name), NAMES(turned.s));
    pr_onnx_attr_ints(l->g, "perm", (int64_t[]){1, 0}, 2);
    pr_onnx_node(l->g, "MatMul", "", NAMES(x, turned.s), NAMES(y));
}

/* Through bytes and back, once for all that read it. Bytes without sign: for those alone ONNX
 * Runtime makes the pair and the product one operation on whole numbers. */
static void round_input(pr_lower *l, int v, const pr_act *a) {
    const char *x = l->val[v];
    text scale = fmt(x, ".scale"), zero = fmt(x, ".zero"), bytes = fmt(x, ".bytes"),
         rounded = fmt(x, ".rounded");
    if (l->rounded[v]) return;
    l->rounded[v] = true;
    pr_onnx_const_f32(l->g, scale.s, a->step);
    pr_onnx_const_u8(l->g, zero.s, (uint8_t)a->zero);
    pr_onnx_node(l->g, "QuantizeLinear", "", NAMES(x, scale.s, zero.s), NAMES(bytes.s));
    pr_onnx_node(l->g, "DequantizeLinear", "", NAMES(bytes.s, scale.s, zero.s), NAMES(rounded.s));
}

/* int8 a row; the runtime turns the codes when it loads them. */
static void linear_bytes(pr_lower *l, const pr_item *it, const char *x, const char *y) {
    text codes = fmt(it->name, ".codes"), scales = fmt(it->name, ".scales"),
         w = fmt(it->name, ".values"), turned = fmt(it->name, ".turned");
    pr_onnx_node(l->g, "DequantizeLinear", "", NAMES(codes.s, scales.s), NAMES(w.s));
    pr_onnx_attr_int(l->g, "axis", 0);
    pr_onnx_node(l->g, "Transpose", "", NAMES(w.s), NAMES(turned.s));
    pr_onnx_attr_ints(l->g, "perm", (int64_t[]){1, 0}, 2);
    pr_onnx_node(l->g, "MatMul", "", NAMES(x, turned.s), NAMES(y));
}

static void linear(pr_lower *l, const pr_node *n) {
    const pr_item *it = item_of(l, n->w);
    const char *x = l->val[n->in[0]], *out = l->val[n->out];
    text raw = fmt(out, ".product");
    const char *y = n->bias < 0 ? out : raw.s;
    const pr_act *act = pr_act_of(l->job, l->o, it);
    text rounded = fmt(x, ".rounded");
    if (act) {
        round_input(l, n->in[0], act);
        linear_bytes(l, it, rounded.s, y);
    } else if (!it->as.group)
        linear_float(l, it, x, y);
    else if (l->way == PR_ONNX_GENAI)
        linear_groups(l, it, x, y);
    else
        linear_blocks(l, it, x, y);
    if (n->bias >= 0)
        pr_onnx_node(l->g, "Add", "", NAMES(y, item_of(l, n->bias)->name), NAMES(out));
}

static void rms_attrs(pr_lower *l) {
    pr_onnx_attr_int(l->g, "axis", -1);
    pr_onnx_attr_float(l->g, "epsilon", l->m->hp.rms_eps);
    pr_onnx_attr_int(l->g, "stash_type", 1);
}

static void rms_plain(pr_lower *l, const char *x, const char *w, const char *y) {
    pr_onnx_node(
        l->g,
        l->way == PR_ONNX_GENAI ? "SimplifiedLayerNormalization" : "RMSNormalization",
        "", NAMES(x, w), NAMES(y));
    rms_attrs(l);
}

/* Heads get an axis of their own while they are normalised. */
static void rms(pr_lower *l, const pr_node *n) {
    const char *x = l->val[n->in[0]], *out = l->val[n->out], *w = item_of(l, n->w)->name;
    int width = l->m->graph.width[n->out];
    if (n->group == width) {
        rms_plain(l, x, w, out);
        return;
    }
    text apart = fmt(out, ".heads"), done = fmt(out, ".normed"), to = fmt(out, ".shape"),
         back = fmt(out, ".back");
    pr_onnx_const_i64(l->g, to.s, 1, (int64_t[]){0, 0, width / n->group, n->group}, 4);
    pr_onnx_const_i64(l->g, back.s, 1, (int64_t[]){0, 0, width}, 3);
    pr_onnx_node(l->g, "Reshape", "", NAMES(x, to.s), NAMES(apart.s));
    rms_plain(l, apart.s, w, done.s);
    pr_onnx_node(l->g, "Reshape", "", NAMES(done.s, back.s), NAMES(out));
}

static void rope(pr_lower *l, const pr_node *n) {
    const char *x = l->val[n->in[0]], *out = l->val[n->out];
    if (pr_lower_fuses_rope(l, n->layer)) { /* the value itself: attention will turn it */
        memcpy(l->val[n->out], l->val[n->in[0]], sizeof l->val[0]);
        return;
    }
    if (l->way == PR_ONNX_GENAI)
        pr_onnx_node(l->g, "RotaryEmbedding", MS,
                     NAMES(x, "position_ids", "rope.cos", "rope.sin"), NAMES(out));
    else
        pr_onnx_node(l->g, "RotaryEmbedding", "",
                     NAMES(x, "rope.cos", "rope.sin", "position_ids"), NAMES(out));
    pr_onnx_attr_int(l->g, "num_heads", n->n_head);
}

static void layer_name(char dst[48], const char *what, int layer, const char *part) {
    snprintf(dst, 48, "%s.%d.%s", what, layer, part);
}

static bool windowed(const pr_model *m, int64_t left) {
    return left >= 0 && left + 1 < m->hp.n_ctx;
}

static void mask_name(const pr_lower *l, int layer, char dst[48]) {
    int64_t left = l->m->hp.layers[layer].left;
    snprintf(dst, 48, "mask.%lld", windowed(l->m, left) ? (long long)left : -1LL);
}

static void attn(pr_lower *l, const pr_node *n) {
    const pr_layer *r = &l->m->hp.layers[n->layer];
    const char *q = l->val[n->in[0]], *k = l->val[n->in[1]], *v = l->val[n->in[2]],
               *out = l->val[n->out];
    char pk[48], pv[48], nk[48], nv[48], mask[48];
    bool fused = pr_lower_fuses_rope(l, n->layer);
    layer_name(pk, "past_key_values", n->layer, "key");
    layer_name(pv, "past_key_values", n->layer, "value");
    layer_name(nk, "present", n->layer, "key");
    layer_name(nv, "present", n->layer, "value");
    mask_name(l, n->layer, mask);
    if (l->way == PR_ONNX_STANDARD) {
        pr_onnx_node(l->g, "Attention", "", NAMES(q, k, v, mask, pk, pv), NAMES(out, nk, nv));
        pr_onnx_attr_int(l->g, "q_num_heads", r->n_head);
        pr_onnx_attr_int(l->g, "kv_num_heads", r->n_kv);
        pr_onnx_attr_float(l->g, "scale", r->scale);
        return;
    }
    pr_onnx_node(l->g, "GroupQueryAttention", MS,
                 fused ? NAMES(q, k, v, pk, pv, "mask.keys", "mask.total", "rope.cos", "rope.sin")
                       : NAMES(q, k, v, pk, pv, "mask.keys", "mask.total"),
                 NAMES(out, nk, nv));
    pr_onnx_attr_int(l->g, "num_heads", r->n_head);
    pr_onnx_attr_int(l->g, "kv_num_heads", r->n_kv);
    pr_onnx_attr_float(l->g, "scale", r->scale);
    pr_onnx_attr_int(l->g, "do_rotary", fused);
    if (windowed(l->m, r->left)) pr_onnx_attr_int(l->g, "local_window_size", r->left + 1);
}

static void glu(pr_lower *l, const pr_node *n) {
    const char *gate = l->val[n->in[0]], *up = l->val[n->in[1]], *out = l->val[n->out];
    text sig = fmt(out, ".sigmoid"), act = fmt(out, ".act");
    pr_onnx_node(l->g, "Sigmoid", "", NAMES(gate), NAMES(sig.s));
    pr_onnx_node(l->g, "Mul", "", NAMES(gate, sig.s), NAMES(act.s));
    pr_onnx_node(l->g, "Mul", "", NAMES(act.s, up), NAMES(out));
}

static void add(pr_lower *l, const pr_node *n) {
    pr_onnx_node(l->g, "Add", "", NAMES(l->val[n->in[0]], l->val[n->in[1]]),
                 NAMES(l->val[n->out]));
}

/* ------------------------------------------------------------------ masks */

/* How many keys each sequence has (its mask's sum, minus one) and how many there are. */
static void mask_genai(pr_lower *l) {
    pr_onnx *g = l->g;
    pr_onnx_const_i64(g, "one", 1, (int64_t[]){1}, 1);
    pr_onnx_const_i64(g, "axis.keys", 0, (int64_t[]){1}, 1);
    pr_onnx_node(g, "ReduceSum", "", NAMES("attention_mask", "one"), NAMES("mask.sum"));
    pr_onnx_attr_int(g, "keepdims", 0);
    pr_onnx_node(g, "Sub", "", NAMES("mask.sum", "one"), NAMES("mask.last"));
    pr_onnx_node(g, "Cast", "", NAMES("mask.last"), NAMES("mask.keys"));
    pr_onnx_attr_int(g, "to", PR_ONNX_I32);
    pr_onnx_node(g, "Shape", "", NAMES("attention_mask"), NAMES("mask.shape"));
    pr_onnx_node(g, "Gather", "", NAMES("mask.shape", "axis.keys"), NAMES("mask.length"));
    pr_onnx_attr_int(g, "axis", 0);
    pr_onnx_node(g, "Cast", "", NAMES("mask.length"), NAMES("mask.total"));
    pr_onnx_attr_int(g, "to", PR_ONNX_I32);
}

/* mask[b, 1, i, j]: key j is not after query i, nor farther back than the window. */
static void mask_one(pr_lower *l, int64_t left) {
    pr_onnx *g = l->g;
    char name[48], far[48], from[48], near[48], both[48];
    snprintf(name, sizeof name, "mask.%lld", (long long)left);
    if (left < 0) {
        pr_onnx_node(g, "Unsqueeze", "", NAMES("mask.before", "axis.head"), NAMES(name));
        return;
    }
    snprintf(far, sizeof far, "mask.%lld.left", (long long)left);
    snprintf(from, sizeof from, "mask.%lld.from", (long long)left);
    snprintf(near, sizeof near, "mask.%lld.near", (long long)left);
    snprintf(both, sizeof both, "mask.%lld.both", (long long)left);
    pr_onnx_const_i64(g, far, 0, &left, 1);
    pr_onnx_node(g, "Sub", "", NAMES("mask.queries", far), NAMES(from));
    pr_onnx_node(g, "GreaterOrEqual", "", NAMES("mask.all", from), NAMES(near));
    pr_onnx_node(g, "And", "", NAMES("mask.before", near), NAMES(both));
    pr_onnx_node(g, "Unsqueeze", "", NAMES(both, "axis.head"), NAMES(name));
}

static void masks_standard(pr_lower *l) {
    pr_onnx *g = l->g;
    pr_onnx_const_i64(g, "zero", 0, (int64_t[]){0}, 1);
    pr_onnx_const_i64(g, "unit", 0, (int64_t[]){1}, 1);
    pr_onnx_const_i64(g, "axis.past", 0, (int64_t[]){2}, 1);
    pr_onnx_const_i64(g, "axis.head", 1, (int64_t[]){1}, 1);
    pr_onnx_const_i64(g, "axis.last", 1, (int64_t[]){-1}, 1);
    pr_onnx_node(g, "Shape", "", NAMES("past_key_values.0.key"), NAMES("past.shape"));
    pr_onnx_node(g, "Gather", "", NAMES("past.shape", "axis.past"), NAMES("past.length"));
    pr_onnx_attr_int(g, "axis", 0);
    pr_onnx_node(g, "Shape", "", NAMES("input_ids"), NAMES("ids.shape"));
    pr_onnx_node(g, "Gather", "", NAMES("ids.shape", "unit"), NAMES("ids.length"));
    pr_onnx_attr_int(g, "axis", 0);
    pr_onnx_node(g, "Add", "", NAMES("past.length", "ids.length"), NAMES("mask.end"));
    pr_onnx_node(g, "Range", "", NAMES("zero", "mask.end", "unit"), NAMES("mask.all"));
    pr_onnx_node(g, "Unsqueeze", "", NAMES("position_ids", "axis.last"), NAMES("mask.queries"));
    pr_onnx_node(g, "LessOrEqual", "", NAMES("mask.all", "mask.queries"), NAMES("mask.before"));
    for (int i = 0; i < l->m->hp.n_layer; i++) {
        int64_t left = l->m->hp.layers[i].left;
        left = windowed(l->m, left) ? left : -1;
        bool told = false;
        for (int k = 0; k < i; k++) {
            int64_t other = l->m->hp.layers[k].left;
            told |= (windowed(l->m, other) ? other : -1) == left;
        }
        if (!told) mask_one(l, left);
    }
}

/* ------------------------------------------------------------------ the whole */

static void interface(pr_lower *l) {
    const char *const ids[] = {"batch_size", "sequence_length"};
    const char *const all[] = {"batch_size", "total_sequence_length"};
    char vocab[24];
    snprintf(vocab, sizeof vocab, "%d", l->m->hp.n_vocab);
    pr_onnx_input(l->g, "input_ids", PR_ONNX_I64, 2, ids);
    if (l->way == PR_ONNX_GENAI) pr_onnx_input(l->g, "attention_mask", PR_ONNX_I64, 2, all);
    if (l->positions) pr_onnx_input(l->g, "position_ids", PR_ONNX_I64, 2, ids);
    pr_onnx_output(l->g, "logits", l->t, 3,
                   (const char *const[]){"batch_size", "sequence_length", vocab});
    for (int i = 0; i < l->m->hp.n_layer; i++)
        for (int part = 0; part < 2; part++) {
            const pr_layer *r = &l->m->hp.layers[i];
            char name[48], heads[24], size[24];
            snprintf(heads, sizeof heads, "%d", r->n_kv);
            snprintf(size, sizeof size, "%d", r->d_head);
            layer_name(name, "past_key_values", i, part ? "value" : "key");
            pr_onnx_input(l->g, name, l->t, 4,
                          (const char *const[]){"batch_size", heads, "past_sequence_length", size});
            layer_name(name, "present", i, part ? "value" : "key");
            pr_onnx_output(
                l->g, name, l->t, 4,
                (const char *const[]){"batch_size", heads, "total_sequence_length", size});
        }
}

static void name_values(pr_lower *l) {
    const pr_graph *g = &l->m->graph;
    for (int i = 0; i < g->n_vals; i++) snprintf(l->val[i], sizeof l->val[0], "x%d", i);
    snprintf(l->val[g->logits], sizeof l->val[0], "logits");
}

pare_status pr_lower_graph(pr_lower *l, pare_err *err) {
    static void (*const words[PR_OPC_N])(pr_lower *, const pr_node *) = {
        [PR_OPC_EMBED] = embed, [PR_OPC_RMS] = rms, [PR_OPC_LINEAR] = linear,
        [PR_OPC_ROPE] = rope,   [PR_OPC_ATTN] = attn, [PR_OPC_GLU] = glu,
        [PR_OPC_ADD] = add};
    const pr_graph *g = &l->m->graph;
    PR_NEW(l->val, l->o->arena, g->n_vals, err);
    PR_NEW(l->rounded, l->o->arena, g->n_vals, err);
    l->positions = l->way == PR_ONNX_STANDARD;
    for (int i = 0; i < l->m->hp.n_layer; i++)
        if (l->m->hp.layers[i].rope >= 0 && !pr_lower_fuses_rope(l, i)) l->positions = true;
    pr_onnx_opset(l->g, "", l->way == PR_ONNX_GENAI ? 21 : 23);
    if (l->way == PR_ONNX_GENAI) pr_onnx_opset(l->g, MS, 1);
    name_values(l);
    interface(l);
    if (l->way == PR_ONNX_GENAI)
        mask_genai(l);
    else
        masks_standard(l);
    for (int i = 0; i < g->n_nodes; i++) words[g->nodes[i].op](l, &g->nodes[i]);
    return PARE_OK;
}
