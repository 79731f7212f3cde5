/* onnx_ops.c - an ONNX graph in OpenVINO's words: one vocabulary for all that is computed or
 * matched. Standard operators, opset 13 to 23, as torch's exporters write them.
 *
 * Always true: a node becomes one node with the same name and the same result; an operator that
 * stands in no table, or has an attribute that is not known, is kept as it is, and whoever follows
 * the graph refuses it by name. No weight is copied. */
#include "calc.h"

enum { ATTRS_MAX = 2, INPUTS_MAX = 64 };

typedef struct {
    const pr_fgraph *from;
    pr_fgraph *to;
    pr_arena *arena;
    int room_vals, room_consts;
    pare_err *err;
} words;

static pr_fg_type type_at(const words *w, int v) {
    return v >= 0 ? w->to->vals[v].type : PR_FG_OTHER;
}

/* ONNX's numbers of types that masks and shapes have. */
static pr_fg_type type_of(int64_t onnx) {
    switch (onnx) {
    case PR_ONNX_F32: return PR_FG_F32;
    case PR_ONNX_F16: return PR_FG_F16;
    case PR_ONNX_BF16: return PR_FG_BF16;
    case PR_ONNX_I32: return PR_FG_I32;
    case PR_ONNX_I64: return PR_FG_I64;
    case PR_ONNX_BOOL: return PR_FG_BOOL;
    case 11: return PR_FG_F64;
    default: return PR_FG_OTHER;
    }
}

/* ------------------------------------------------------------------ making */

static int put_const(words *w, const pr_fg_const *c) {
    pr_fgraph *g = w->to;
    if (g->n_vals >= w->room_vals || g->n_consts >= w->room_consts) return -1; /* counted before */
    g->consts[g->n_consts] = *c;
    g->vals[g->n_vals] = (pr_fg_val){.name = "", .node = -1, .constant = g->n_consts++, .input = -1,
                                     .type = c->type};
    return g->n_vals++;
}

/* Whole numbers as a constant; n_dims 0: one alone. */
static pare_status numbers(words *w, const int64_t *x, size_t n, int n_dims, int *v) {
    uint8_t *p;
    PR_NEW(p, w->arena, 8 * n + 1, w->err);
    for (size_t i = 0; i < n; i++)
        for (int b = 0; b < 8; b++) p[8 * i + (size_t)b] = (uint8_t)((uint64_t)x[i] >> (8 * b));
    *v = put_const(w, &(pr_fg_const){.type = PR_FG_I64, .n_dims = n_dims, .dim = {n}, .count = n,
                                     .data = p, .bytes = 8 * n});
    return PARE_OK;
}

static pare_status inputs(words *w, pr_fg_node *n, int count, const int *in) {
    int *p;
    PR_NEW(p, w->arena, count + 1, w->err);
    for (int i = 0; i < count; i++) p[i] = in[i];
    n->in = p;
    n->n_in = count;
    return PARE_OK;
}

static pare_status say(words *w, pr_fg_node *n, const char *key, const char *text) {
    pr_fg_attr *a;
    PR_NEW(a, w->arena, ATTRS_MAX, w->err);
    a[0] = (pr_fg_attr){.key = key, .kind = PR_FG_TEXT, .text = pr_str_of(text)};
    n->attr = a;
    n->n_attr = 1;
    return PARE_OK;
}

/* ------------------------------------------------------------------ single operators
 * Each gets a copy of the node that has its new word already; false in *known: leave it alone. */

/* Axes as an input: where they stand as an attribute still, they become one. */
static pare_status axes(words *w, pr_fg_node *n, bool *known) {
    const pr_fg_attr *a = pr_fg_attr_find(n, "axes");
    int in[2] = {pr_fg_in(n, 0), pr_fg_in(n, 1)};
    if (a && (a->kind != PR_FG_INTS || n->n_in != 1)) return *known = false, PARE_OK;
    if (a) PR_TRY(numbers(w, a->ints, a->n, 1, &in[1]));
    return inputs(w, n, in[1] < 0 ? 1 : 2, in);
}

static pare_status reduce(words *w, pr_fg_node *n, bool *known) {
    int64_t keep, none;
    PR_TRY(pr_fg_attr_i64(n, "keepdims", 1, &keep, w->err));
    PR_TRY(pr_fg_attr_i64(n, "noop_with_empty_axes", 0, &none, w->err));
    PR_TRY(axes(w, n, known));
    if (none != 0 || n->n_in != 2) *known = false;
    return *known ? say(w, n, "keep_dims", keep ? "true" : "false") : PARE_OK;
}

static pare_status cast(words *w, pr_fg_node *n, bool *known) {
    int64_t to;
    PR_TRY(pr_fg_attr_i64(n, "to", 0, &to, w->err));
    pr_fg_type t = type_of(to);
    if (t == PR_FG_OTHER) return *known = false, PARE_OK;
    return say(w, n, "destination_type", t == PR_FG_BOOL ? "boolean" : pr_fg_type_name(t));
}

static pare_status gather(words *w, pr_fg_node *n, bool *known) {
    int64_t axis;
    int in[3] = {pr_fg_in(n, 0), pr_fg_in(n, 1)};
    (void)known;
    PR_TRY(pr_fg_attr_i64(n, "axis", 0, &axis, w->err));
    PR_TRY(numbers(w, &axis, 1, 0, &in[2]));
    n->n_attr = 0;
    return inputs(w, n, 3, in);
}

static pare_status transpose(words *w, pr_fg_node *n, bool *known) {
    const pr_fg_attr *a = pr_fg_attr_find(n, "perm");
    int in[2] = {pr_fg_in(n, 0)};
    if (!a || a->kind != PR_FG_INTS) return *known = false, PARE_OK;
    PR_TRY(numbers(w, a->ints, a->n, 1, &in[1]));
    n->n_attr = 0;
    return inputs(w, n, 2, in);
}

/* Data, starts, ends, axes, steps: the last two change places, and steps are said. */
static pare_status slice(words *w, pr_fg_node *n, bool *known) {
    const pr_fg_const *starts = pr_fg_const_of(w->to, pr_fg_in(n, 1));
    const int64_t ones[PR_FG_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
    int in[5] = {pr_fg_in(n, 0), pr_fg_in(n, 1), pr_fg_in(n, 2), pr_fg_in(n, 4), pr_fg_in(n, 3)};
    const pr_fg_const *over = pr_fg_const_of(w->to, in[4]);
    uint64_t count = over ? over->count : starts ? starts->count : 0;
    if (in[4] < 0 || (in[3] < 0 && (count < 1 || count > PR_FG_RANK)))
        return *known = false, PARE_OK;
    if (in[3] < 0) PR_TRY(numbers(w, ones, count, 1, &in[3]));
    return inputs(w, n, 5, in);
}

static pare_status reshape(words *w, pr_fg_node *n, bool *known) {
    int64_t zero;
    (void)known;
    PR_TRY(pr_fg_attr_i64(n, "allowzero", 0, &zero, w->err));
    return say(w, n, "special_zero", zero ? "false" : "true");
}

static pare_status expand(words *w, pr_fg_node *n, bool *known) {
    (void)known;
    return say(w, n, "mode", "bidirectional");
}

/* One number, in a shape. */
static pare_status fill(words *w, pr_fg_node *n, bool *known) {
    static const uint8_t zero[4];
    const pr_fg_attr *a = pr_fg_attr_find(n, "value");
    pr_fg_const c = {.type = PR_FG_F32, .data = zero, .bytes = sizeof zero};
    int in[2] = {-1, pr_fg_in(n, 0)};
    if (a && (a->kind != PR_FG_TENSOR || a->tensor.count != 1)) return *known = false, PARE_OK;
    if (a) c = a->tensor;
    c.n_dims = 0;
    c.count = 1;
    in[0] = put_const(w, &c);
    PR_TRY(inputs(w, n, 2, in));
    return say(w, n, "mode", "numpy");
}

/* Attributes that are kept because OpenVINO calls them the same. */
static pare_status same(words *w, pr_fg_node *n, bool *known) {
    (void)w;
    for (int i = 0; i < n->n_attr; i++) *known &= strcmp(n->attr[i].key, "axis") == 0;
    return PARE_OK;
}

static pare_status bare(words *w, pr_fg_node *n, bool *known) {
    (void)w;
    *known = n->n_attr == 0;
    return PARE_OK;
}

/* ------------------------------------------------------------------ the table */

/* Type of the result. */
typedef enum { OF_FIRST, OF_SECOND, BOOL, I64, CAST, FILL } result;

static const struct {
    const char *onnx, *word;
    result type;
    pare_status (*rule)(words *w, pr_fg_node *n, bool *known);
} WORDS[] = {
    {"Add", "Add", OF_FIRST, bare},
    {"Sub", "Subtract", OF_FIRST, bare},
    {"Mul", "Multiply", OF_FIRST, bare},
    {"Div", "Divide", OF_FIRST, bare},
    {"Pow", "Power", OF_FIRST, bare},
    {"Sqrt", "Sqrt", OF_FIRST, bare},
    {"Neg", "Negative", OF_FIRST, bare},
    {"Sin", "Sin", OF_FIRST, bare},
    {"Cos", "Cos", OF_FIRST, bare},
    {"Max", "Maximum", OF_FIRST, bare},
    {"Min", "Minimum", OF_FIRST, bare},
    {"Less", "Less", BOOL, bare},
    {"LessOrEqual", "LessEqual", BOOL, bare},
    {"Greater", "Greater", BOOL, bare},
    {"GreaterOrEqual", "GreaterEqual", BOOL, bare},
    {"Equal", "Equal", BOOL, bare},
    {"And", "LogicalAnd", BOOL, bare},
    {"Or", "LogicalOr", BOOL, bare},
    {"Not", "LogicalNot", BOOL, bare},
    {"IsNaN", "IsNaN", BOOL, bare},
    {"Where", "Select", OF_SECOND, bare},
    {"Cast", "Convert", CAST, cast},
    {"Shape", "ShapeOf", I64, bare},
    {"Reshape", "Reshape", OF_FIRST, reshape},
    {"Flatten", "Flatten", OF_FIRST, same},
    {"Unsqueeze", "Unsqueeze", OF_FIRST, axes},
    {"Squeeze", "Squeeze", OF_FIRST, axes},
    {"Transpose", "Transpose", OF_FIRST, transpose},
    {"Gather", "Gather", OF_FIRST, gather},
    {"Slice", "Slice", OF_FIRST, slice},
    {"Concat", "Concat", OF_FIRST, same},
    {"Expand", "Broadcast", OF_FIRST, expand},
    {"ConstantOfShape", "Broadcast", FILL, fill},
    {"Range", "Range", OF_FIRST, bare},
    {"ReduceMean", "ReduceMean", OF_FIRST, reduce},
    {"ReduceProd", "ReduceProd", OF_FIRST, reduce},
    {"MatMul", "MatMul", OF_FIRST, bare},
    {"Sigmoid", "Sigmoid", OF_FIRST, bare},
    {"Softmax", "Softmax", OF_FIRST, same},
};

static pr_fg_type type_made(const words *w, const pr_fg_node *n, result r) {
    int64_t to;
    switch (r) {
    case BOOL: return PR_FG_BOOL;
    case I64: return PR_FG_I64;
    case CAST:
        return pr_fg_attr_i64(n, "to", 0, &to, NULL) == PARE_OK ? type_of(to) : PR_FG_OTHER;
    case FILL: {
        const pr_fg_attr *a = pr_fg_attr_find(n, "value");
        return a ? a->tensor.type : PR_FG_F32;
    }
    default: return type_at(w, pr_fg_in(n, r == OF_SECOND ? 1 : 0));
    }
}

static pare_status one_node(words *w, const pr_fg_node *n, pr_fg_node *out) {
    *out = *n;
    if (n->n_out > 0 && n->out[0] >= 0 && *n->domain)
        w->to->vals[n->out[0]].type = type_at(w, pr_fg_in(n, 0));
    for (size_t i = 0; i < PR_COUNT(WORDS) && !*n->domain; i++) {
        bool known = n->n_out == 1 && n->out[0] >= 0 && n->n_in <= INPUTS_MAX;
        if (strcmp(n->op, WORDS[i].onnx) != 0) continue;
        if (known) {
            w->to->vals[n->out[0]].type = type_made(w, n, WORDS[i].type);
            PR_TRY(WORDS[i].rule(w, out, &known));
        }
        if (!known) return *out = *n, PARE_OK;
        out->op = WORDS[i].word;
        out->domain = "opset13";
        return PARE_OK;
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ constants */

static bool is_constant(const pr_fg_node *n) {
    return pr_fg_is(n, "Constant", "") && n->n_attr == 1 && n->attr[0].kind == PR_FG_TENSOR &&
           n->n_out == 1 && n->out[0] >= 0;
}

static pare_status copy(words *w) {
    const pr_fgraph *f = w->from;
    pr_fgraph *g = w->to;
    w->room_vals = f->n_vals + f->n_nodes; /* one new constant a node */
    w->room_consts = f->n_consts + f->n_nodes;
    *g = *f;
    g->arena = w->arena;
    PR_NEW(g->nodes, w->arena, f->n_nodes + 1, w->err);
    PR_NEW(g->vals, w->arena, w->room_vals + 1, w->err);
    PR_NEW(g->consts, w->arena, w->room_consts + 1, w->err);
    memcpy(g->vals, f->vals, (size_t)f->n_vals * sizeof *f->vals);
    memcpy(g->consts, f->consts, (size_t)f->n_consts * sizeof *f->consts);
    for (int v = 0; v < g->n_vals; v++)
        if (g->vals[v].constant >= 0) g->vals[v].type = g->consts[g->vals[v].constant].type;
        else if (!g->vals[v].typed) g->vals[v].type = PR_FG_OTHER;
    return PARE_OK;
}

pare_status pr_calc_from_onnx(pr_fgraph *to, const pr_fgraph *from, pr_arena *arena,
                              pare_err *err) {
    words w = {.from = from, .to = to, .arena = arena, .err = err};
    PR_TRY(copy(&w));
    to->n_nodes = 0;
    for (int i = 0; i < from->n_nodes; i++) {
        const pr_fg_node *n = &from->nodes[i];
        if (is_constant(n)) {
            pr_fg_val *v = &to->vals[n->out[0]];
            to->consts[to->n_consts] = n->attr[0].tensor;
            v->constant = to->n_consts++;
            v->type = n->attr[0].tensor.type;
        } else {
            PR_TRY(one_node(&w, n, &to->nodes[to->n_nodes++]));
        }
    }
    return pr_fg_link(to, err);
}
