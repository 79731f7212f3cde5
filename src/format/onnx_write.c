/* onnx_write.c - an ONNX model as protobuf. Always true: `graph` holds whole fields of
 * GraphProto; the
 * last node waits in `node` for its attributes. */
#include "format.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { GRAPH_MAX = 64 << 20, PART_MAX = 1 << 20, IR_VERSION = 10 };
enum { /* field numbers */
    MODEL_IR = 1, MODEL_PRODUCER = 2, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_META = 14,
    GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INIT = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12,
    NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTR = 5, NODE_DOMAIN = 7,
    ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_INTS = 8, ATTR_TYPE = 20,
    TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_EXTERNAL = 13,
    TENSOR_LOCATION = 14
};
enum { TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_INTS = 7 };

struct pr_onnx {
    pr_buf nodes, inits, inputs, outputs, opsets, meta, node;
    bool open; /* a node waits */
};

pare_status pr_onnx_new(pr_onnx **out, pare_err *err) {
    pr_onnx *g = *out = pr_calloc(1, sizeof *g);
    if (!g) return pr_fail_nomem(err, sizeof *g);
    pr_buf_init(&g->nodes, GRAPH_MAX);
    pr_buf_init(&g->inits, GRAPH_MAX);
    pr_buf_init(&g->inputs, PART_MAX);
    pr_buf_init(&g->outputs, PART_MAX);
    pr_buf_init(&g->opsets, PART_MAX);
    pr_buf_init(&g->meta, PART_MAX);
    return PARE_OK;
}

void pr_onnx_free(pr_onnx *g) {
    if (!g) return;
    pr_buf *const all[] = {&g->nodes,  &g->inits, &g->inputs, &g->outputs,
                           &g->opsets, &g->meta,  &g->node};
    for (size_t i = 0; i < PR_COUNT(all); i++) pr_buf_done(all[i]);
    pr_free(g);
}

static void pair(pr_buf *to, uint32_t no, const char *key, const char *value) {
    pr_buf b;
    pr_buf_init(&b, PART_MAX);
    pr_pb_put_str(&b, 1, key);
    pr_pb_put_str(&b, 2, value);
    pr_pb_put_message(to, no, &b);
}

void pr_onnx_opset(pr_onnx *g, const char *domain, int version) {
    pr_buf b;
    pr_buf_init(&b, PART_MAX);
    pr_pb_put_str(&b, 1, domain);
    pr_pb_put_u64(&b, 2, (uint64_t)version);
    pr_pb_put_message(&g->opsets, MODEL_OPSET, &b);
}

void pr_onnx_meta(pr_onnx *g, const char *key, const char *value) {
    pair(&g->meta, MODEL_META, key, value);
}

/* ------------------------------------------------------------------ values */

/* ValueInfoProto: name, and a TypeProto with element type and shape. */
static void value(pr_buf *to, uint32_t no, const char *name, pr_onnx_type t, int n_dims,
                  const char *const *dims) {
    pr_buf info, type, tensor, shape, dim;
    pr_buf_init(&info, PART_MAX);
    pr_buf_init(&type, PART_MAX);
    pr_buf_init(&tensor, PART_MAX);
    pr_buf_init(&shape, PART_MAX);
    for (int i = 0; i < n_dims; i++) {
        pr_buf_init(&dim, PART_MAX);
        if (isdigit((unsigned char)dims[i][0]))
            pr_pb_put_u64(&dim, 1, strtoull(dims[i], NULL, 10));
        else
            pr_pb_put_str(&dim, 2, dims[i]);
        pr_pb_put_message(&shape, 1, &dim);
    }
    pr_pb_put_u64(&tensor, 1, (uint64_t)t);
    pr_pb_put_message(&tensor, 2, &shape);
    pr_pb_put_message(&type, 1, &tensor);
    pr_pb_put_str(&info, 1, name);
    pr_pb_put_message(&info, 2, &type);
    pr_pb_put_message(to, no, &info);
}

void pr_onnx_input(pr_onnx *g, const char *name, pr_onnx_type t, int n_dims,
                   const char *const *dims) {
    value(&g->inputs, GRAPH_INPUT, name, t, n_dims, dims);
}

void pr_onnx_output(pr_onnx *g, const char *name, pr_onnx_type t, int n_dims,
                    const char *const *dims) {
    value(&g->outputs, GRAPH_OUTPUT, name, t, n_dims, dims);
}

/* ------------------------------------------------------------------ nodes */

static void close_node(pr_onnx *g) {
    if (g->open) pr_pb_put_message(&g->nodes, GRAPH_NODE, &g->node);
    g->open = false;
}

void pr_onnx_node(pr_onnx *g, const char *op, const char *domain, const char *const *inputs,
                  const char *const *outputs) {
    close_node(g);
    pr_buf_init(&g->node, PART_MAX);
    g->open = true;
    for (; *inputs; inputs++) pr_pb_put_str(&g->node, NODE_INPUT, *inputs);
    pr_pb_put_str(&g->node, NODE_NAME, *outputs);
    for (; *outputs; outputs++) pr_pb_put_str(&g->node, NODE_OUTPUT, *outputs);
    pr_pb_put_str(&g->node, NODE_OP, op);
    if (*domain) pr_pb_put_str(&g->node, NODE_DOMAIN, domain);
}

void pr_onnx_attr_int(pr_onnx *g, const char *name, int64_t v) {
    pr_buf b;
    pr_buf_init(&b, PART_MAX);
    pr_pb_put_str(&b, ATTR_NAME, name);
    pr_pb_put_u64(&b, ATTR_I, (uint64_t)v);
    pr_pb_put_u64(&b, ATTR_TYPE, TYPE_INT);
    pr_pb_put_message(&g->node, NODE_ATTR, &b);
}

void pr_onnx_attr_float(pr_onnx *g, const char *name, float v) {
    pr_buf b;
    pr_buf_init(&b, PART_MAX);
    pr_pb_put_str(&b, ATTR_NAME, name);
    pr_pb_put_f32(&b, ATTR_F, v);
    pr_pb_put_u64(&b, ATTR_TYPE, TYPE_FLOAT);
    pr_pb_put_message(&g->node, NODE_ATTR, &b);
}

void pr_onnx_attr_ints(pr_onnx *g, const char *name, const int64_t *v, int n) {
    pr_buf b;
    pr_buf_init(&b, PART_MAX);
    pr_pb_put_str(&b, ATTR_NAME, name);
    for (int i = 0; i < n; i++) pr_pb_put_u64(&b, ATTR_INTS, (uint64_t)v[i]);
    pr_pb_put_u64(&b, ATTR_TYPE, TYPE_INTS);
    pr_pb_put_message(&g->node, NODE_ATTR, &b);
}

/* ------------------------------------------------------------------ tensors */

static void tensor_head(pr_buf *b, const char *name, pr_onnx_type t, int n_dims,
                        const int64_t *dims) {
    pr_buf_init(b, PART_MAX);
    for (int i = 0; i < n_dims; i++) pr_pb_put_u64(b, TENSOR_DIMS, (uint64_t)dims[i]);
    pr_pb_put_u64(b, TENSOR_TYPE, (uint64_t)t);
    pr_pb_put_str(b, TENSOR_NAME, name);
}

void pr_onnx_const_i64(pr_onnx *g, const char *name, int n_dims, const int64_t *v, int n) {
    pr_buf b;
    int64_t dim = n;
    tensor_head(&b, name, PR_ONNX_I64, n_dims ? 1 : 0, &dim);
    pr_pb_put_bytes(&b, TENSOR_RAW, v, (size_t)n * sizeof *v);
    pr_pb_put_message(&g->inits, GRAPH_INIT, &b);
}

void pr_onnx_const_f32(pr_onnx *g, const char *name, float v) {
    pr_buf b;
    tensor_head(&b, name, PR_ONNX_F32, 0, NULL);
    pr_pb_put_bytes(&b, TENSOR_RAW, &v, sizeof v);
    pr_pb_put_message(&g->inits, GRAPH_INIT, &b);
}

void pr_onnx_const_u8(pr_onnx *g, const char *name, uint8_t v) {
    pr_buf b;
    tensor_head(&b, name, PR_ONNX_U8, 0, NULL);
    pr_pb_put_bytes(&b, TENSOR_RAW, &v, sizeof v);
    pr_pb_put_message(&g->inits, GRAPH_INIT, &b);
}

void pr_onnx_weight(pr_onnx *g, const char *name, pr_onnx_type t, int n_dims,
                    const int64_t *dims, const char *file, uint64_t offset, uint64_t bytes) {
    pr_buf b;
    char number[24];
    tensor_head(&b, name, t, n_dims, dims);
    pair(&b, TENSOR_EXTERNAL, "location", file);
    snprintf(number, sizeof number, "%" PRIu64, offset);
    pair(&b, TENSOR_EXTERNAL, "offset", number);
    snprintf(number, sizeof number, "%" PRIu64, bytes);
    pair(&b, TENSOR_EXTERNAL, "length", number);
    pr_pb_put_u64(&b, TENSOR_LOCATION, 1);
    pr_pb_put_message(&g->inits, GRAPH_INIT, &b);
}

/* ------------------------------------------------------------------ the file */

static void join(pr_buf *to, const pr_buf *part) {
    if (part->failed) to->failed = true;
    if (part->n) pr_buf_add(to, part->p, part->n);
}

pare_status pr_onnx_write(pr_onnx *g, const char *path, pare_err *err) {
    pr_buf model, graph;
    close_node(g);
    pr_buf_init(&graph, 2 * (size_t)GRAPH_MAX);
    pr_buf_init(&model, 2 * (size_t)GRAPH_MAX);
    join(&graph, &g->nodes);
    pr_pb_put_str(&graph, GRAPH_NAME, "main_graph");
    join(&graph, &g->inits);
    join(&graph, &g->inputs);
    join(&graph, &g->outputs);
    pr_pb_put_u64(&model, MODEL_IR, IR_VERSION);
    pr_pb_put_str(&model, MODEL_PRODUCER, "pare");
    pr_pb_put_message(&model, MODEL_GRAPH, &graph);
    join(&model, &g->opsets);
    join(&model, &g->meta);
    pare_status st = model.failed ? pr_fail_nomem(err, model.max)
                                  : pr_file_write(path, model.p, model.n, err);
    pr_buf_done(&model);
    pr_onnx_free(g);
    return st;
}
