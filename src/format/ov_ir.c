/* ov_ir.c - layers, constants and edges of an OpenVINO model, and their XML. */
#include "ov_ir.h"
#include "doc/doc.h"
#include <stdio.h>

enum { PORT_SHIFT = 20, MOST_LAYERS = 1 << PORT_SHIFT };

static const struct {
    const char *element, *precision;
} types[] = {
    [PR_OV_F32] = {"f32", "FP32"},  [PR_OV_F16] = {"f16", "FP16"},
    [PR_OV_BF16] = {"bf16", "BF16"}, [PR_OV_I64] = {"i64", "I64"},
    [PR_OV_I32] = {"i32", "I32"},   [PR_OV_BOOL] = {"boolean", "BOOL"},
    [PR_OV_U4] = {"u4", "U4"},      [PR_OV_I4] = {"i4", "I4"},
    [PR_OV_U8] = {"u8", "U8"},      [PR_OV_I8] = {"i8", "I8"},
    [PR_OV_NF4] = {"nf4", "NF4"},
    [PR_OV_STRING] = {"string", "STRING"},
};

/* ------------------------------------------------------------------ building */

void pr_ov_init(pr_ov *g, pr_arena *a, unsigned align) {
    *g = (pr_ov){.arena = a, .align = align, .where = ""};
}

/* The new layer, or a value that is none after a failure. */
static pr_ov_val add(pr_ov *g, const pr_ov_layer *l) {
    if (g->failed) return 0;
    if (g->n == g->cap) {
        int cap = g->cap ? g->cap * 2 : 512;
        pr_ov_layer *more =
            cap > MOST_LAYERS ? NULL : pr_arena_get(g->arena, (size_t)cap, sizeof *more);
        if (!more) return g->failed = true, 0;
        if (g->n) memcpy(more, g->layers, (size_t)g->n * sizeof *more);
        g->layers = more;
        g->cap = cap;
    }
    pr_ov_layer *n = &g->layers[g->n];
    *n = *l;
    if (!n->name) n->name = pr_arena_printf(g->arena, "%s%s_%d", g->where, l->type, g->n);
    if (!n->name) return g->failed = true, 0;
    return g->n++;
}

void pr_ov_attr(pr_ov *g, pr_ov_val v, const char *key, const char *value) {
    if (g->failed) return;
    pr_ov_layer *l = &g->layers[v];
    int i = 0;
    while (i < PR_OV_ATTRS && l->key[i]) i++;
    if (i == PR_OV_ATTRS || !value) {
        g->failed = true;
        return;
    }
    l->key[i] = key;
    l->value[i] = value;
}

/* "?,8,?,32" or, as constants have it, "8, 32". */
static const char *shape_text(pr_ov *g, pr_ov_shape s, const char *between) {
    char text[PR_OV_RANK * 24] = "";
    size_t n = 0;
    for (int i = 0; i < s.rank; i++) {
        if (i) n += (size_t)snprintf(text + n, sizeof text - n, "%s", between);
        if (s.dim[i] < 0) n += (size_t)snprintf(text + n, sizeof text - n, "?");
        else n += (size_t)snprintf(text + n, sizeof text - n, "%lld", (long long)s.dim[i]);
    }
    return pr_arena_str(g->arena, text, n);
}

pr_ov_val pr_ov_parameter(pr_ov *g, const char *name, pr_ov_type as, pr_ov_shape shape) {
    pr_ov_val v = add(g, &(pr_ov_layer){.type = "Parameter",
                                        .opset = "opset1",
                                        .name = name,
                                        .tensor = name,
                                        .as = as,
                                        .shape = shape});
    pr_ov_attr(g, v, "shape", shape_text(g, shape, ","));
    pr_ov_attr(g, v, "element_type", types[as].element);
    return v;
}

static pr_ov_val constant(pr_ov *g, const char *name, pr_ov_type as, pr_ov_shape shape,
                          uint64_t bytes, const void *data) {
    uint64_t mask = g->align - 1, at = (g->bytes + mask) & ~mask;
    g->bytes = at + bytes;
    pr_ov_val v = add(g, &(pr_ov_layer){.type = "Const",
                                        .opset = "opset1",
                                        .name = name,
                                        .is_const = true,
                                        .as = as,
                                        .shape = shape,
                                        .at = at,
                                        .bytes = bytes,
                                        .data = data});
    pr_ov_attr(g, v, "element_type", types[as].element);
    pr_ov_attr(g, v, "shape", shape_text(g, shape, ", "));
    return v;
}

static bool same_shape(pr_ov_shape a, pr_ov_shape b) {
    bool same = a.rank == b.rank;
    for (int i = 0; same && i < a.rank; i++) same = a.dim[i] == b.dim[i];
    return same;
}

/* One of equal constants serves all who read it. */
static pr_ov_val known(pr_ov *g, pr_ov_type as, pr_ov_shape shape, uint64_t bytes,
                       const void *data) {
    for (int i = 0; i < g->n; i++) {
        const pr_ov_layer *l = &g->layers[i];
        if (l->data && l->as == as && l->bytes == bytes &&
            same_shape(l->shape, shape) && memcmp(l->data, data, bytes) == 0)
            return i;
    }
    char *copy = pr_arena_str(g->arena, data, bytes);
    if (!copy) g->failed = true;
    return constant(g, NULL, as, shape, bytes, copy);
}

pr_ov_val pr_ov_i64(pr_ov *g, int n, const int64_t *v) {
    return known(g, PR_OV_I64, PR_OV_S(n), (uint64_t)n * sizeof *v, v);
}

pr_ov_val pr_ov_i64_one(pr_ov *g, int64_t v) {
    return known(g, PR_OV_I64, PR_OV_SCALAR, sizeof v, &v);
}

pr_ov_val pr_ov_f32(pr_ov *g, pr_ov_shape shape, const float *v) {
    uint64_t n = 1;
    for (int i = 0; i < shape.rank; i++) n *= (uint64_t)shape.dim[i];
    return known(g, PR_OV_F32, shape, n * sizeof *v, v);
}

pr_ov_val pr_ov_bytes(pr_ov *g, pr_ov_type as, pr_ov_shape shape, const void *p, uint64_t bytes) {
    return known(g, as, shape, bytes, p);
}

pr_ov_val pr_ov_port(pr_ov_val v, int port) {
    return v | port << PORT_SHIFT;
}

pr_ov_val pr_ov_more(pr_ov *g, pr_ov_val v, pr_ov_type as, pr_ov_shape shape) {
    if (g->failed) return 0;
    pr_ov_layer *l = &g->layers[v];
    if (l->n_more == PR_OV_MORE) return g->failed = true, 0;
    l->more_as[l->n_more] = as;
    l->more_shape[l->n_more] = shape;
    return pr_ov_port(v, ++l->n_more);
}

void pr_ov_name(pr_ov *g, pr_ov_val v, const char *tensor) {
    if (!g->failed) g->layers[v].tensor = tensor;
}

pr_ov_val pr_ov_weight(pr_ov *g, const char *name, pr_ov_type as, pr_ov_shape shape,
                       uint64_t bytes, uint64_t *at) {
    pr_ov_val v = constant(g, name, as, shape, bytes, NULL);
    *at = g->failed ? 0 : g->layers[v].at;
    return v;
}

pr_ov_val pr_ov_op(pr_ov *g, const char *type, const char *opset, pr_ov_type as,
                   pr_ov_shape shape, int n, const pr_ov_val *in) {
    pr_ov_layer l = {.type = type, .opset = opset, .as = as, .shape = shape, .n_in = n};
    memcpy(l.in, in, (size_t)n * sizeof *in);
    return add(g, &l);
}

pr_ov_shape pr_ov_shape_of(const pr_ov *g, pr_ov_val v) {
    return g->failed ? PR_OV_SCALAR : g->layers[v].shape;
}

pr_ov_val pr_ov_convert(pr_ov *g, pr_ov_val x, pr_ov_type to) {
    if (g->failed || g->layers[x].as == to) return x;
    pr_ov_val v = pr_ov_op(g, "Convert", "opset1", to, g->layers[x].shape, 1, &x);
    pr_ov_attr(g, v, "destination_type", types[to].element);
    return v;
}

/* ------------------------------------------------------------------ XML */

static int layer_of(pr_ov_val v) {
    return v & (MOST_LAYERS - 1);
}

/* Port `id` of a layer, which carries output `port` of `l`. */
static void put_port(pr_xml *x, const pr_ov_layer *l, int port, int id, bool name) {
    char text[24];
    pr_ov_type as = port ? l->more_as[port - 1] : l->as;
    const pr_ov_shape *shape = port ? &l->more_shape[port - 1] : &l->shape;
    pr_xml_open(x, "port");
    pr_xml_attr_i64(x, "id", id);
    pr_xml_attr(x, "precision", types[as].precision);
    if (name && l->tensor && !port) pr_xml_attr(x, "names", l->tensor);
    for (int i = 0; i < shape->rank; i++) {
        snprintf(text, sizeof text, "%lld", (long long)shape->dim[i]);
        pr_xml_leaf(x, "dim", text);
    }
    pr_xml_close(x);
}

static void put_data(pr_xml *x, const pr_ov_layer *l) {
    if (!l->key[0]) return;
    pr_xml_open(x, "data");
    for (int i = 0; i < PR_OV_ATTRS && l->key[i]; i++) pr_xml_attr(x, l->key[i], l->value[i]);
    if (l->is_const) {
        pr_xml_attr_i64(x, "offset", (int64_t)l->at);
        pr_xml_attr_i64(x, "size", (int64_t)l->bytes);
    }
    pr_xml_close(x);
}

static void put_mark(pr_xml *x) {
    pr_xml_open(x, "rt_info");
    pr_xml_open(x, "attribute");
    pr_xml_attr(x, "name", "decompression");
    pr_xml_attr_i64(x, "version", 0);
    pr_xml_close(x);
    pr_xml_close(x);
}

static void put_layer(pr_xml *x, const pr_ov *g, int id) {
    const pr_ov_layer *l = &g->layers[id];
    bool result = strcmp(l->type, "Result") == 0;
    pr_xml_open(x, "layer");
    pr_xml_attr_i64(x, "id", id);
    pr_xml_attr(x, "name", l->name);
    pr_xml_attr(x, "type", l->type);
    pr_xml_attr(x, "version", l->opset);
    if (result) pr_xml_attr(x, "output_names", l->tensor);
    put_data(x, l);
    if (l->decompression) put_mark(x);
    if (l->n_in) {
        pr_xml_open(x, "input");
        for (int i = 0; i < l->n_in; i++)
            put_port(x, &g->layers[layer_of(l->in[i])], l->in[i] >> PORT_SHIFT, i, false);
        pr_xml_close(x);
    }
    if (!result) {
        pr_xml_open(x, "output");
        for (int i = 0; i <= l->n_more; i++) put_port(x, l, i, l->n_in + i, true);
        pr_xml_close(x);
    }
    pr_xml_close(x);
}

static void put_edges(pr_xml *x, const pr_ov *g) {
    pr_xml_open(x, "edges");
    for (int to = 0; to < g->n; to++)
        for (int i = 0; i < g->layers[to].n_in; i++) {
            pr_ov_val in = g->layers[to].in[i];
            int from = layer_of(in);
            pr_xml_open(x, "edge");
            pr_xml_attr_i64(x, "from-layer", from);
            pr_xml_attr_i64(x, "from-port", g->layers[from].n_in + (in >> PORT_SHIFT));
            pr_xml_attr_i64(x, "to-layer", to);
            pr_xml_attr_i64(x, "to-port", i);
            pr_xml_close(x);
        }
    pr_xml_close(x);
}

static void put_net(const pr_ov *g, const char *name, bool options,
                    const char *const (*pairs)[2], int n, pr_buf *to) {
    pr_xml x;
    if (g->failed) to->failed = true;
    if (to->failed) return;
    pr_xml_begin(&x, to);
    pr_xml_open(&x, "net");
    pr_xml_attr(&x, "name", name);
    pr_xml_attr_i64(&x, "version", 11);
    pr_xml_open(&x, "layers");
    for (int i = 0; i < g->n; i++) put_layer(&x, g, i);
    pr_xml_close(&x);
    put_edges(&x, g);
    pr_xml_open(&x, "rt_info");
    if (n && options) pr_xml_open(&x, "runtime_options");
    for (int i = 0; i < n; i++) {
        pr_xml_open(&x, pairs[i][0]);
        pr_xml_attr(&x, "value", pairs[i][1]);
        pr_xml_close(&x);
    }
    if (n && options) pr_xml_close(&x);
    pr_xml_close(&x);
    pr_xml_close(&x);
}

void pr_ov_put(const pr_ov *g, const char *const (*options)[2], int n, pr_buf *to) {
    put_net(g, "model", true, options, n, to);
}

void pr_ov_put_named(const pr_ov *g, const char *name, const char *const (*info)[2], int n,
                     pr_buf *to) {
    put_net(g, name, false, info, n, to);
}
