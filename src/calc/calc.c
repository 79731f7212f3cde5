/* calc.c - what a small part of an OpenVINO graph computes from a few numbers: masks, shapes and
 * angles, that are the same function however somebody has spelt them. Not a runtime: float64,
 * element by element, the operators that such parts have (opset 1 to 13).
 *
 * Always true: values that depend on weights are never computed, only their shapes are asked; the
 * work is bounded by a budget of elements that all calculations of one matching share. */
#include "calc.h"
#include <stdio.h>

enum { CONST_MAX = 1 << 16, ARENA_MAX = 256 << 20 };

struct pr_calc {
    const pr_fgraph *g;
    const pr_calc_inputs *in;
    pr_arena *arena;
    pr_calc_num *num;  /* of each value */
    bool *known;
    uint8_t *state;  /* of each node: 0, 1 waits for its inputs, 2 done */
    int *stack;      /* nodes */
    pare_err *err;
};

typedef pr_calc_num num;
typedef struct pr_calc calc;

#define NEED(cond, n, ...)                                              \
    do {                                                                \
        if (!(cond)) return pr_fg_fail((n), k->err, __VA_ARGS__);       \
    } while (0)

pare_status pr_calc_new(calc **out, const pr_fgraph *g, const pr_calc_inputs *in, pare_err *err) {
    pr_arena *a = pr_arena_new(ARENA_MAX);
    calc *k = a ? pr_arena_get(a, 1, sizeof *k) : NULL;
    *out = NULL;
    if (k) {
        *k = (calc){.g = g, .in = in, .arena = a};
        k->num = pr_arena_get(a, (size_t)g->n_vals + 1, sizeof *k->num);
        k->known = pr_arena_get(a, (size_t)g->n_vals + 1, sizeof *k->known);
        k->state = pr_arena_get(a, (size_t)g->n_nodes + 1, sizeof *k->state);
        k->stack = pr_arena_get(a, (size_t)g->n_nodes + 1, sizeof *k->stack);
    }
    if (k && k->num && k->known && k->state && k->stack) return *out = k, PARE_OK;
    pr_arena_free(a);
    return pr_fail_nomem(err, (uint64_t)g->n_vals * sizeof(num));
}

void pr_calc_free(calc *k) {
    if (k) pr_arena_free(k->arena);
}

/* ------------------------------------------------------------------ numbers */

/* `dim` are set: count them, and room for the numbers if they are wanted. */
static pare_status make(calc *k, num *v, bool numbers) {
    v->count = 1;
    for (int i = 0; i < v->n_dims; i++) {
        if (v->dim[i] < 0 || (v->dim[i] > 0 && v->count > ((int64_t)1 << 60) / v->dim[i]))
            return pr_fail(k->err, PARE_EUNSUPPORTED, -1, "a step of masks or shapes is too large");
        v->count *= v->dim[i];
    }
    v->num = NULL;
    if (!numbers) return PARE_OK;
    if ((uint64_t)v->count >= *k->in->budget)
        return pr_fail(k->err, PARE_EUNSUPPORTED, -1,
                       "the graph's masks and shapes take more work than any decoder's");
    *k->in->budget -= (uint64_t)v->count + 1;
    PR_NEW(v->num, k->arena, v->count + 1, k->err);
    return PARE_OK;
}

static bool same_shape(const num *a, const num *b) {
    bool same = a->n_dims == b->n_dims;
    for (int i = 0; same && i < a->n_dims; i++) same = a->dim[i] == b->dim[i];
    return same;
}

/* Strides of `a` inside a shape that it is spread to; false: it does not fit. */
static bool spread(const num *a, const num *to, int64_t stride[PR_FG_RANK]) {
    int64_t step = 1;
    int skip = to->n_dims - a->n_dims;
    if (skip < 0) return false;
    for (int i = to->n_dims - 1; i >= 0; i--) {
        int64_t d = i >= skip ? a->dim[i - skip] : 1;
        if (d != 1 && d != to->dim[i]) return false;
        stride[i] = d == 1 ? 0 : step;
        step *= d;
    }
    return true;
}

static bool joint_shape(const num *a, const num *b, num *out) {
    *out = a->n_dims >= b->n_dims ? *a : *b;
    const num *less = a->n_dims >= b->n_dims ? b : a;
    int skip = out->n_dims - less->n_dims;
    for (int i = 0; i < less->n_dims; i++) {
        int64_t *d = &out->dim[i + skip], e = less->dim[i];
        if (*d != e && *d != 1 && e != 1) return false;
        if (*d == 1) *d = e;
    }
    return true;
}

/* out[i] = a[where the strides lead]; one step of a walk over all of `out`. */
static void copy_strided(const num *out, const double *from, const int64_t stride[PR_FG_RANK]) {
    int64_t at[PR_FG_RANK] = {0}, p = 0;
    for (int64_t i = 0; i < out->count; i++) {
        out->num[i] = from[p];
        for (int d = out->n_dims - 1; d >= 0; d--) {
            p += stride[d];
            if (++at[d] < out->dim[d]) break;
            p -= stride[d] * out->dim[d];
            at[d] = 0;
        }
    }
}

static pare_status spread_to(calc *k, const pr_fg_node *n, const num *a, const num *to,
                             double **out) {
    int64_t stride[PR_FG_RANK];
    num v = *to;
    NEED(a->num, n, "asks for numbers that depend on the weights");
    NEED(spread(a, to, stride), n, "shapes that do not fit");
    PR_TRY(make(k, &v, true));
    copy_strided(&v, a->num, stride);
    *out = v.num;
    return PARE_OK;
}

/* ------------------------------------------------------------------ elementwise */

static bool binary(const char *op, double a, double b, double *r) {
    if (!strcmp(op, "Add")) *r = a + b;
    else if (!strcmp(op, "Subtract")) *r = a - b;
    else if (!strcmp(op, "Multiply")) *r = a * b;
    else if (!strcmp(op, "Divide")) *r = a / b;
    else if (!strcmp(op, "Maximum")) *r = a > b ? a : b;
    else if (!strcmp(op, "Minimum")) *r = a < b ? a : b;
    else if (!strcmp(op, "Less")) *r = a < b;
    else if (!strcmp(op, "LessEqual")) *r = a <= b;
    else if (!strcmp(op, "Greater")) *r = a > b;
    else if (!strcmp(op, "GreaterEqual")) *r = a >= b;
    else if (!strcmp(op, "Equal")) *r = a == b;
    else if (!strcmp(op, "NotEqual")) *r = a != b;
    else return false;
    return true;
}

/* Bits of truth values only: others would need the width of their type. */
static bool logical(const char *op, double a, double b, double *r) {
    bool bits = !strcmp(op, "BitwiseAnd") || !strcmp(op, "BitwiseOr");
    if (bits && ((a != 0 && a != 1) || (b != 0 && b != 1))) return false;
    if (!strcmp(op, "LogicalAnd") || !strcmp(op, "BitwiseAnd")) *r = a != 0 && b != 0;
    else if (!strcmp(op, "LogicalOr") || !strcmp(op, "BitwiseOr")) *r = a != 0 || b != 0;
    else return false;
    return true;
}

static bool whole_type(pr_fg_type t) {
    return t >= PR_FG_I64 && t <= PR_FG_BOOL;
}

static pare_status do_binary(calc *k, const pr_fg_node *n, const num *in, num *out) {
    double *a, *b;
    NEED(!pr_fg_attr_says(n, "auto_broadcast", "pdpd"), n, "another broadcast than numpy's");
    NEED(joint_shape(&in[0], &in[1], out), n, "shapes that do not fit");
    PR_TRY(spread_to(k, n, &in[0], out, &a));
    PR_TRY(spread_to(k, n, &in[1], out, &b));
    PR_TRY(make(k, out, true));
    bool whole = !strcmp(n->op, "Divide") && whole_type(k->g->vals[n->out[0]].type);
    for (int64_t i = 0; whole && i < out->count; i++) {
        NEED(a[i] >= 0 && b[i] > 0 && a[i] < 0x1p53, n, "a quotient of whole numbers below 0");
        out->num[i] = (double)((int64_t)a[i] / (int64_t)b[i]);
    }
    for (int64_t i = 0; !whole && i < out->count; i++)
        NEED(binary(n->op, a[i], b[i], &out->num[i]) || logical(n->op, a[i], b[i], &out->num[i]), n,
             "an operator of masks that pare does not know, or bits of other than truth values");
    return PARE_OK;
}

static double convert(double x, pr_fg_type to) {
    if (to == PR_FG_BOOL) return x != 0;
    if (!whole_type(to)) return x;
    return x > -0x1p62 && x < 0x1p62 ? (double)(int64_t)x : x;
}

static pare_status do_unary(calc *k, const pr_fg_node *n, const num *in, num *out) {
    pr_fg_type to = n->n_out ? k->g->vals[n->out[0]].type : PR_FG_OTHER;
    double s, c;
    NEED(in->num, n, "asks for numbers that depend on the weights");
    *out = *in;
    PR_TRY(make(k, out, true));
    for (int64_t i = 0; i < in->count; i++) {
        double x = in->num[i];
        if (!strcmp(n->op, "Convert")) out->num[i] = convert(x, to);
        else if (!strcmp(n->op, "Negative")) out->num[i] = -x;
        else if (!strcmp(n->op, "LogicalNot")) out->num[i] = x == 0;
        else {
            NEED(x > -0x1p40 && x < 0x1p40, n, "an angle without end");
            pr_sincos(x, &s, &c);
            out->num[i] = !strcmp(n->op, "Sin") ? s : c;
        }
    }
    return PARE_OK;
}

static pare_status do_select(calc *k, const pr_fg_node *n, const num *in, num *out) {
    double *a, *b, *c;
    num v;
    NEED(joint_shape(&in[1], &in[2], &v) && joint_shape(&v, &in[0], out), n,
         "shapes that do not fit");
    PR_TRY(spread_to(k, n, &in[0], out, &c));
    PR_TRY(spread_to(k, n, &in[1], out, &a));
    PR_TRY(spread_to(k, n, &in[2], out, &b));
    PR_TRY(make(k, out, true));
    for (int64_t i = 0; i < out->count; i++) out->num[i] = c[i] != 0 ? a[i] : b[i];
    return PARE_OK;
}

/* ------------------------------------------------------------------ shapes */

/* Number i of a small list of whole numbers. */
static bool item(const num *v, int64_t i, int64_t *out) {
    if (!v->num || i >= v->count) return false;
    double x = v->num[i] > 0x1p53 ? 0x1p53 : v->num[i] < -0x1p53 ? -0x1p53 : v->num[i];
    *out = (int64_t)x;
    return (double)*out == x;
}

/* An axis, counted from either end, into 0 … rank - 1. */
static bool axis_of(const num *v, int64_t i, int rank, int *out) {
    int64_t a;
    if (!item(v, i, &a)) return false;
    if (a < 0) a += rank;
    *out = (int)a;
    return a >= 0 && a < rank;
}

static pare_status axis_attr(calc *k, const pr_fg_node *n, int rank, int *out) {
    int64_t a;
    PR_TRY(pr_fg_attr_i64(n, "axis", 0, &a, k->err));
    if (a < 0) a += rank;
    NEED(a >= 0 && a < rank, n, "an axis outside");
    *out = (int)a;
    return PARE_OK;
}

static pare_status do_shape_of(calc *k, const pr_fg_node *n, const num *in, num *out) {
    (void)n;
    *out = (num){.n_dims = 1, .dim = {in->n_dims}};
    PR_TRY(make(k, out, true));
    for (int i = 0; i < in->n_dims; i++) out->num[i] = (double)in->dim[i];
    return PARE_OK;
}

/* The same numbers in another shape. */
static pare_status again(calc *k, const pr_fg_node *n, const num *in, num *out) {
    double *p = in->num;
    PR_TRY(make(k, out, false));
    NEED(out->count == in->count, n, "a shape of another size");
    out->num = p;
    return PARE_OK;
}

static pare_status do_reshape(calc *k, const pr_fg_node *n, const num *in, num *out) {
    bool zero = pr_fg_attr_says(n, "special_zero", "true");
    int64_t rest = in[0].count, open = -1;
    NEED(in[1].num && in[1].count <= PR_FG_RANK, n, "a shape that is not known");
    *out = (num){.n_dims = (int)in[1].count};
    for (int i = 0; i < out->n_dims; i++) {
        NEED(item(&in[1], i, &out->dim[i]) && out->dim[i] >= -1, n, "a dimension that is none");
        if (out->dim[i] == 0 && zero && i < in[0].n_dims) out->dim[i] = in[0].dim[i];
        if (out->dim[i] == -1) {
            NEED(open < 0, n, "two open dimensions");
            open = i;
        } else if (out->dim[i] > 0) {
            NEED(rest % out->dim[i] == 0, n, "a shape of another size");
            rest /= out->dim[i];
        }
    }
    if (open >= 0) out->dim[open] = rest;
    return again(k, n, in, out);
}

static pare_status do_unsqueeze(calc *k, const pr_fg_node *n, const num *in, num *out) {
    bool one[PR_FG_RANK] = {false};
    int rank = in[0].n_dims + (int)PR_MIN(in[1].count, (int64_t)PR_FG_RANK), a, from = 0;
    NEED(rank <= PR_FG_RANK, n, "over %d dimensions", PR_FG_RANK);
    for (int64_t i = 0; i < in[1].count; i++) {
        NEED(axis_of(&in[1], i, rank, &a) && !one[a], n, "an axis outside");
        one[a] = true;
    }
    *out = (num){.n_dims = rank};
    for (int i = 0; i < rank; i++) out->dim[i] = one[i] ? 1 : in[0].dim[from++];
    return again(k, n, in, out);
}

static pare_status do_squeeze(calc *k, const pr_fg_node *n, const num *in, num *out) {
    bool gone[PR_FG_RANK] = {false};
    int a;
    for (int64_t i = 0; n->n_in > 1 && i < in[1].count; i++) {
        NEED(axis_of(&in[1], i, in[0].n_dims, &a) && in[0].dim[a] == 1, n, "an axis outside");
        gone[a] = true;
    }
    *out = (num){.n_dims = 0};
    for (int i = 0; i < in[0].n_dims; i++) {
        bool drop = n->n_in > 1 ? gone[i] : in[0].dim[i] == 1;
        if (!drop) out->dim[out->n_dims++] = in[0].dim[i];
    }
    return again(k, n, in, out);
}

/* [before the axis, from it on] */
static pare_status do_flatten(calc *k, const pr_fg_node *n, const num *in, num *out) {
    int64_t axis;
    PR_TRY(pr_fg_attr_i64(n, "axis", 1, &axis, k->err));
    if (axis < 0) axis += in->n_dims;
    NEED(axis >= 0 && axis <= in->n_dims, n, "an axis outside");
    *out = (num){.n_dims = 2, .dim = {1, 1}};
    for (int i = 0; i < in->n_dims; i++) out->dim[i >= axis] *= in->dim[i];
    return again(k, n, in, out);
}

static pare_status do_transpose(calc *k, const pr_fg_node *n, const num *in, num *out) {
    int64_t step = 1, strides[PR_FG_RANK], stride[PR_FG_RANK] = {0};
    int rank = in[0].n_dims, a, seen = 0;
    NEED(in[1].count == rank, n, "an order of other dimensions");
    for (int i = rank - 1; i >= 0; i--) {
        strides[i] = step;
        step *= in[0].dim[i];
    }
    *out = in[0];
    for (int i = 0; i < rank; i++) {
        NEED(axis_of(&in[1], i, rank, &a), n, "an axis outside");
        seen |= 1 << a;
        out->dim[i] = in[0].dim[a];
        stride[i] = strides[a];
    }
    NEED(seen == (1 << rank) - 1, n, "an axis twice");
    PR_TRY(make(k, out, in[0].num != NULL));
    if (out->num) copy_strided(out, in[0].num, stride);
    return PARE_OK;
}

/* Values before and behind an axis. */
static void around(const num *v, int axis, int64_t *outer, int64_t *inner) {
    *outer = *inner = 1;
    for (int i = 0; i < v->n_dims; i++) *(i < axis ? outer : inner) *= i == axis ? 1 : v->dim[i];
}

static pare_status do_concat(calc *k, const pr_fg_node *n, const num *in, num *out) {
    int axis = 0;
    int64_t outer, inner, at = 0;
    bool numbers = true;
    PR_TRY(axis_attr(k, n, in[0].n_dims, &axis));
    *out = in[0];
    out->dim[axis] = 0;
    for (int i = 0; i < n->n_in; i++) {
        num as = in[i];
        NEED(as.n_dims == out->n_dims && as.dim[axis] <= INT32_MAX - out->dim[axis], n,
             "shapes that do not fit");
        out->dim[axis] += as.dim[axis];
        as.dim[axis] = out->dim[axis];
        NEED(same_shape(&as, out), n, "shapes that do not fit");
        numbers &= in[i].num != NULL;
    }
    PR_TRY(make(k, out, numbers));
    around(out, axis, &outer, &inner);
    for (int64_t o = 0; numbers && o < outer; o++)
        for (int i = 0; i < n->n_in; i++) {
            int64_t part = in[i].dim[axis] * inner;
            memcpy(out->num + at, in[i].num + o * part, (size_t)part * sizeof(double));
            at += part;
        }
    return PARE_OK;
}

static pare_status do_gather(calc *k, const pr_fg_node *n, const num *in, num *out) {
    int64_t outer, inner, batch, which;
    int axis;
    PR_TRY(pr_fg_attr_i64(n, "batch_dims", 0, &batch, k->err));
    NEED(batch == 0 && axis_of(&in[2], 0, in[0].n_dims, &axis), n, "an axis outside");
    NEED(in[0].n_dims + in[1].n_dims - 1 <= PR_FG_RANK && in[1].num, n,
         "places that are not known");
    *out = (num){.n_dims = 0};
    for (int i = 0; i < axis; i++) out->dim[out->n_dims++] = in[0].dim[i];
    for (int i = 0; i < in[1].n_dims; i++) out->dim[out->n_dims++] = in[1].dim[i];
    for (int i = axis + 1; i < in[0].n_dims; i++) out->dim[out->n_dims++] = in[0].dim[i];
    PR_TRY(make(k, out, in[0].num != NULL));
    around(&in[0], axis, &outer, &inner);
    double *to = out->num;
    for (int64_t o = 0; to && o < outer; o++)
        for (int64_t i = 0; i < in[1].count; i++, to += inner) {
            NEED(item(&in[1], i, &which), n, "a place that is no number");
            if (which < 0) which += in[0].dim[axis];
            NEED(which >= 0 && which < in[0].dim[axis], n, "a place outside");
            memcpy(to, in[0].num + (o * in[0].dim[axis] + which) * inner,
                   (size_t)inner * sizeof *to);
        }
    return PARE_OK;
}

/* Start and stop as numpy takes them, for steps forward. */
static void clip(int64_t d, int64_t *from, int64_t *to) {
    if (*from < 0) *from += d;
    if (*to < 0) *to += d;
    *from = *from < 0 ? 0 : PR_MIN(*from, d);
    *to = *to < *from ? *from : PR_MIN(*to, d);
}

static pare_status part(calc *k, const num *in, int axis, int64_t from, int64_t count, num *out) {
    int64_t outer, inner;
    *out = *in;
    out->dim[axis] = count;
    PR_TRY(make(k, out, in->num != NULL));
    around(in, axis, &outer, &inner);
    for (int64_t o = 0; out->num && o < outer; o++)
        memcpy(out->num + o * count * inner, in->num + (o * in->dim[axis] + from) * inner,
               (size_t)(count * inner) * sizeof(double));
    return PARE_OK;
}

static pare_status do_slice(calc *k, const pr_fg_node *n, const num *in, num *out) {
    num v = in[0];
    NEED(n->n_in == 5, n, "axes that are not said");
    for (int64_t i = 0; i < in[1].count; i++) {
        int64_t from, to, step;
        int axis;
        NEED(item(&in[1], i, &from) && item(&in[2], i, &to) && item(&in[3], i, &step) &&
                 axis_of(&in[4], i, v.n_dims, &axis) && step == 1,
             n, "a cut that is not known, or backwards");
        clip(v.dim[axis], &from, &to);
        PR_TRY(part(k, &v, axis, from, to - from, out));
        v = *out;
    }
    *out = v;
    return PARE_OK;
}

static pare_status do_split(calc *k, const pr_fg_node *n, const num *in, num *out) {
    int axis;
    int64_t first = 0;
    NEED(axis_of(&in[1], 0, in[0].n_dims, &axis), n, "an axis outside");
    for (int i = 0; i < n->n_out; i++) {
        int64_t each = in[0].dim[axis] / n->n_out;
        if (n->n_in > 2) NEED(item(&in[2], i, &each), n, "lengths that are not known");
        NEED(each >= 0 && each <= in[0].dim[axis] - first, n, "parts beyond the whole");
        PR_TRY(part(k, &in[0], axis, first, each, &out[i]));
        first += each;
    }
    NEED(first == in[0].dim[axis], n, "its parts are not the whole");
    return PARE_OK;
}

static pare_status do_broadcast(calc *k, const pr_fg_node *n, const num *in, num *out) {
    bool both = pr_fg_attr_says(n, "mode", "bidirectional");
    num to = {.n_dims = (int)PR_MIN(in[1].count, (int64_t)PR_FG_RANK)};
    int64_t stride[PR_FG_RANK];
    NEED(in[1].num && n->n_in == 2 && (both || pr_fg_attr_says(n, "mode", "numpy")), n,
         "a mode that is not read");
    for (int i = 0; i < to.n_dims; i++)
        NEED(item(&in[1], i, &to.dim[i]) && to.dim[i] >= 0, n, "a dimension that is none");
    *out = to;
    if (both) NEED(joint_shape(&in[0], &to, out), n, "shapes that do not fit");
    NEED(spread(&in[0], out, stride), n, "shapes that do not fit");
    PR_TRY(make(k, out, in[0].num != NULL));
    if (out->num) copy_strided(out, in[0].num, stride);
    return PARE_OK;
}

static pare_status do_range(calc *k, const pr_fg_node *n, const num *in, num *out) {
    int64_t from, to, step;
    NEED(item(&in[0], 0, &from) && item(&in[1], 0, &to) && item(&in[2], 0, &step) && step == 1, n,
         "a range that is not known, or not step by step");
    *out = (num){.n_dims = 1, .dim = {to > from ? to - from : 0}};
    PR_TRY(make(k, out, true));
    for (int64_t i = 0; i < out->count; i++) out->num[i] = (double)(from + i);
    return PARE_OK;
}

static pare_status do_product(calc *k, const pr_fg_node *n, const num *in, num *out) {
    double p = 1;
    int axis;
    NEED(in[0].num && in[0].n_dims == 1 && axis_of(&in[1], 0, 1, &axis) && in[1].count == 1, n,
         "a product over more than a list");
    for (int64_t i = 0; i < in[0].count; i++) p *= in[0].num[i];
    *out = (num){.n_dims = pr_fg_attr_says(n, "keep_dims", "true"), .dim = {1}};
    PR_TRY(make(k, out, true));
    out->num[0] = p;
    return PARE_OK;
}

/* Matrices [m, k] · [k, n], the axes before them numpy's. */
static pare_status do_matmul(calc *k, const pr_fg_node *n, const num *in, num *out) {
    const num *a = &in[0], *b = &in[1];
    NEED(!pr_fg_attr_says(n, "transpose_a", "true") && !pr_fg_attr_says(n, "transpose_b", "true") &&
             a->n_dims >= 2 && a->n_dims == b->n_dims && a->num && b->num,
         n, "a product that no angle has");
    int r = a->n_dims;
    int64_t m = a->dim[r - 2], depth = a->dim[r - 1], cols = b->dim[r - 1];
    int64_t lead_a = 1, lead_b = 1, lead;
    for (int i = 0; i < r - 2; i++) lead_a *= a->dim[i], lead_b *= b->dim[i];
    NEED(b->dim[r - 2] == depth && (lead_a == lead_b || lead_a == 1 || lead_b == 1), n,
         "shapes that do not fit");
    *out = lead_a == 1 ? *b : *a;
    out->dim[r - 2] = m;
    out->dim[r - 1] = cols;
    lead = PR_MAX(lead_a, lead_b);
    PR_TRY(make(k, out, true));
    NEED(depth <= 4, n, "a product that no angle has");
    for (int64_t l = 0; l < lead; l++)
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < cols; j++) {
                const double *x = a->num + ((lead_a == 1 ? 0 : l) * m + i) * depth;
                const double *y = b->num + (lead_b == 1 ? 0 : l) * depth * cols + j;
                double s = 0;
                for (int64_t d = 0; d < depth; d++) s += x[d] * y[d * cols];
                out->num[(l * m + i) * cols + j] = s;
            }
    return PARE_OK;
}

/* ------------------------------------------------------------------ the walk */

static const struct {
    const char *op;
    int least, most; /* inputs */
    pare_status (*rule)(calc *k, const pr_fg_node *n, const num *in, num *out);
} RULES[] = {
    {"Add", 2, 2, do_binary},        {"Subtract", 2, 2, do_binary},
    {"Multiply", 2, 2, do_binary},   {"Divide", 2, 2, do_binary},
    {"Maximum", 2, 2, do_binary},    {"Minimum", 2, 2, do_binary},
    {"Less", 2, 2, do_binary},       {"LessEqual", 2, 2, do_binary},
    {"Greater", 2, 2, do_binary},    {"GreaterEqual", 2, 2, do_binary},
    {"Equal", 2, 2, do_binary},      {"NotEqual", 2, 2, do_binary},
    {"LogicalAnd", 2, 2, do_binary}, {"LogicalOr", 2, 2, do_binary},
    {"BitwiseAnd", 2, 2, do_binary}, {"BitwiseOr", 2, 2, do_binary},
    {"Flatten", 1, 1, do_flatten},
    {"Convert", 1, 1, do_unary},     {"Negative", 1, 1, do_unary},
    {"LogicalNot", 1, 1, do_unary},  {"Sin", 1, 1, do_unary},
    {"Cos", 1, 1, do_unary},         {"Select", 3, 3, do_select},
    {"ShapeOf", 1, 1, do_shape_of},  {"Reshape", 2, 2, do_reshape},
    {"Unsqueeze", 2, 2, do_unsqueeze}, {"Squeeze", 1, 2, do_squeeze},
    {"Transpose", 2, 2, do_transpose}, {"Gather", 3, 3, do_gather},
    {"Slice", 4, 5, do_slice},       {"Split", 2, 2, do_split},
    {"VariadicSplit", 3, 3, do_split}, {"Broadcast", 2, 3, do_broadcast},
    {"Range", 3, 3, do_range},       {"ReduceProd", 2, 2, do_product},
    {"MatMul", 2, 2, do_matmul},     {"Concat", 1, 64, do_concat},
};
enum { IN_MAX = 64, OUT_MAX = 16 };

static pare_status compute(calc *k, const pr_fg_node *n) {
    num in[IN_MAX], out[OUT_MAX];
    for (size_t i = 0; i < PR_COUNT(RULES); i++) {
        if (!pr_fg_is(n, RULES[i].op, NULL)) continue;
        NEED(n->n_in >= RULES[i].least && n->n_in <= RULES[i].most && n->n_out >= 1 &&
                 n->n_out <= OUT_MAX && (n->n_out == 1 || RULES[i].rule == do_split),
             n, "another number of inputs or results");
        for (int v = 0; v < n->n_in; v++) {
            NEED(n->in[v] >= 0 && k->known[n->in[v]], n, "an input that is not known");
            in[v] = k->num[n->in[v]];
        }
        PR_TRY(RULES[i].rule(k, n, in, out));
        for (int v = 0; v < n->n_out; v++) {
            k->num[n->out[v]] = out[v];
            k->known[n->out[v]] = true;
        }
        return PARE_OK;
    }
    return pr_fg_fail(n, k->err, "pare does not know what it computes for a mask or a shape");
}

static pare_status from_const(calc *k, const pr_fg_const *c, num *v) {
    *v = (num){.n_dims = c->n_dims};
    for (int i = 0; i < c->n_dims; i++) v->dim[i] = (int64_t)PR_MIN(c->dim[i], (uint64_t)INT64_MAX);
    PR_TRY(make(k, v, c->count <= CONST_MAX));
    for (int64_t i = 0; v->num && i < v->count; i++)
        if (!pr_fg_const_f64(c, (uint64_t)i, &v->num[i])) v->num = NULL;
    return PARE_OK;
}

/* Is value `v` known without its node? */
static pare_status from_outside(calc *k, int v) {
    const pr_fg_const *c = pr_fg_const_of(k->g, v);
    if (v < 0 || k->known[v]) return PARE_OK;
    if (c) {
        PR_TRY(from_const(k, c, &k->num[v]));
        k->known[v] = true;
    } else if (k->in->given(k->in->user, v, &k->num[v])) {
        double *p = k->num[v].num;
        PR_TRY(make(k, &k->num[v], false));
        k->num[v].num = p;
        k->known[v] = true;
    }
    return PARE_OK;
}

/* Put the maker of `v` on the stack where it has to be computed first. */
static pare_status want(calc *k, const pr_fg_node *by, int v, int *top) {
    PR_TRY(from_outside(k, v));
    if (v >= 0 && k->known[v]) return PARE_OK;
    const pr_fg_node *n = pr_fg_maker(k->g, v);
    if (!n)
        return by ? pr_fg_fail(by, k->err, "a mask or a shape that depends on what is not known")
                  : pr_fail(k->err, PARE_EUNSUPPORTED, -1, "a value that is not known");
    int i = (int)(n - k->g->nodes);
    if (k->state[i] == 0) k->stack[(*top)++] = i;
    return PARE_OK;
}

/* A node is on the stack once before its inputs and is computed when it comes up again: its inputs
 * precede it in the graph's order, so this ends. */
pare_status pr_calc_value(calc *k, int v, const num **out, pare_err *err) {
    int top = 0;
    k->err = err;
    *out = NULL;
    PR_TRY(want(k, NULL, v, &top));
    while (top > 0) {
        int i = k->stack[top - 1], before = top;
        const pr_fg_node *n = &k->g->nodes[i];
        k->state[i] = 1;
        for (int a = 0; a < n->n_in && top == before; a++) PR_TRY(want(k, n, n->in[a], &top));
        if (top > before) continue;
        PR_TRY(compute(k, n));
        k->state[i] = 2;
        top--;
    }
    if (!k->known[v]) return pr_fail(err, PARE_EUNSUPPORTED, -1, "a value that is not known");
    *out = &k->num[v];
    return PARE_OK;
}
