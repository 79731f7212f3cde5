/* parity_model.c - where two descriptions of one model part: numbers first, then weights.
 *
 * Weights are compared as values, canonical row by canonical row, on a sample of rows spread
 * over the
 * matrix. Always true: three rows of floats are held, whatever the sizes. */
#include "parity_model.h"
#include "kernel/kernel.h"
#include <math.h>
#include <stdio.h>

/* A sample needs to tell a rounding from another matrix, no more. */
enum { SAMPLE = 24 };

/* Root of |a - b|² / |a|². Floats round by 2^-9 (BF16) at most; two bits by about 0.35; independent
 * values of one size lie 1.41 apart. */
static const double FLOATS_MOST = 0.01, CODES_MOST = 0.7;

typedef struct {
    const pr_model *a, *b;
    const pr_kernels *k;
    float *x, *y, *stored;
    int64_t widest;
    pr_buf *why;
    int n;
} pair;

/* ------------------------------------------------------------------ numbers */

static void differ(pair *p, const char *what, double is, double was) {
    if (fabs(is - was) <= 1e-6 * PR_MAX(fabs(is), fabs(was))) return;
    pr_buf_printf(p->why, "%s is %.10g, in the reference %.10g\n", what, is, was);
    p->n++;
}

static const pr_rope *rope_of(const pr_hp *h, int layer) {
    int i = h->layers[layer].rope;
    return i < 0 ? NULL : &h->ropes[i];
}

/* True if something was found: the layers after it say the same once more. */
static bool ropes_differ(pair *p, int layer) {
    const pr_rope *a = rope_of(&p->a->hp, layer), *b = rope_of(&p->b->hp, layer);
    int before = p->n;
    if (!a != !b) {
        pr_buf_printf(p->why, "layer %d %s positions, in the reference it %s\n", layer,
                      b ? "rotates" : "does not rotate", a ? "does" : "does not");
        p->n++;
        return true;
    }
    if (!a) return false;
    differ(p, "the base of the rotation (rope_theta)", b->theta, a->theta);
    differ(p, "the number of rotating values of a head", b->dim, a->dim);
    if (a->kind != b->kind && !a->divide_by && !b->divide_by) {
        static const char *const names[] = {"none", "linear", "dynamic", "yarn", "llama3"};
        pr_buf_printf(p->why, "the scaling of the rotation is %s, in the reference %s\n",
                      names[b->kind], names[a->kind]);
        p->n++;
    } else if (a->kind == b->kind)
        differ(p, "the factor of the rotation's scaling", b->factor, a->factor);
    return p->n > before;
}

/* A window over the whole context is none: a format that has no word for windows says it so. */
static double window(const pr_model *m, int layer) {
    int64_t left = m->hp.layers[layer].left;
    return left >= m->hp.n_ctx - 1 ? -1.0 : (double)left;
}

static bool layers_differ(pair *p, int i) {
    const pr_layer *a = &p->a->hp.layers[i], *b = &p->b->hp.layers[i];
    int before = p->n;
    differ(p, "the number of heads", b->n_head, a->n_head);
    differ(p, "the number of heads of keys and values", b->n_kv, a->n_kv);
    differ(p, "the size of a head", b->d_head, a->d_head);
    differ(p, "the width of the feed-forward part", b->d_ff, a->d_ff);
    differ(p, "the scale of attention", (double)b->scale, (double)a->scale);
    differ(p, "the window of attention (-1: none)", window(p->b, i), window(p->a, i));
    return p->n > before;
}

static void compare_numbers(pair *p) {
    const pr_hp *a = &p->a->hp, *b = &p->b->hp;
    differ(p, "the number of layers", b->n_layer, a->n_layer);
    differ(p, "the width of the model", b->d_model, a->d_model);
    differ(p, "the epsilon of the norms", (double)b->rms_eps, (double)a->rms_eps);
    int layers = PR_MIN(a->n_layer, b->n_layer);
    for (int i = 0; i < layers && !layers_differ(p, i); i++) continue;
    for (int i = 0; i < layers && !ropes_differ(p, i); i++) continue;
}

/* ------------------------------------------------------------------ weights */

/* A vector is one row: where heads lie in pairs, its values do what a matrix's rows do. */
static void row_of(const pair *p, const pr_weight *w, int64_t row, float *dst) {
    if (w->rows > 1 || w->xf != PR_XF_PAIRS) {
        pr_weight_decode(w, p->k, pr_weight_stored_row(w, row), 1, dst);
        return;
    }
    pr_weight_decode(w, p->k, 0, 1, p->stored);
    for (int64_t c = 0; c < w->cols; c++) dst[c] = p->stored[pr_weight_stored_row(w, c)];
}

static double ratio(double apart, double size) {
    return size > 0 ? sqrt(apart / size) : apart > 0 ? 1e3 : 0;
}

static int64_t step_of(const pr_weight *w) { return PR_MAX(w->rows / SAMPLE, (int64_t)1); }

static bool same_shape(const pr_weight *a, const pr_weight *b) {
    return a->rows == b->rows && a->cols == b->cols && pr_weight_readable(a) &&
           pr_weight_readable(b);
}

static double distance(const pair *p, const pr_weight *a, const pr_weight *b) {
    double apart = 0, size = 0;
    for (int64_t r = 0; r < a->rows; r += step_of(a)) {
        row_of(p, a, r, p->x);
        row_of(p, b, r, p->y);
        for (int64_t c = 0; c < a->cols; c++) {
            double x = (double)p->x[c], d = x - (double)p->y[c];
            apart += d * d;
            size += x * x;
        }
    }
    return ratio(apart, size);
}

/* Of `b` against the transpose of `a`, square both: one row of b, one value of every row of a. */
static double distance_turned(const pair *p, const pr_weight *a, const pr_weight *b) {
    double apart = 0, size = 0;
    int64_t step = PR_MAX(b->rows / 3, (int64_t)1);
    for (int64_t r = 0; r < b->rows; r += step) {
        row_of(p, b, r, p->y);
        for (int64_t c = 0; c < b->cols; c++) {
            row_of(p, a, c, p->x);
            double x = (double)p->x[r], d = x - (double)p->y[c];
            apart += d * d;
            size += x * x;
        }
    }
    return ratio(apart, size);
}

static bool is_float(const pr_weight *w) {
    return !w->group && (w->src->type == PR_F32 || w->src->type == PR_F16 ||
                         w->src->type == PR_BF16 || w->src->type == PR_F64);
}

static double most_apart(const pr_weight *a, const pr_weight *b) {
    return is_float(a) && is_float(b) ? FLOATS_MOST : CODES_MOST;
}

/* The weight of the reference that `b` holds in the wrong place, or NULL. */
static const pr_weight *other_place(const pair *p, const pr_weight *b) {
    pr_role_class class = pr_role_class_of(b->id.role);
    for (int i = 0; i < p->a->n_weights; i++) {
        const pr_weight *a = &p->a->weights[i];
        if (a->id.role == b->id.role && a->id.layer == b->id.layer) continue;
        if (pr_role_class_of(a->id.role) != class || !same_shape(a, b)) continue;
        if (distance(p, a, b) <= most_apart(a, b)) return a;
    }
    return NULL;
}

static void name_weight(pair *p, const pr_weight *w) {
    if (w->id.layer >= 0) pr_buf_printf(p->why, "layer %d's ", w->id.layer);
    pr_buf_puts(p->why, pr_role_name(w->id.role));
}

static void explain(pair *p, const pr_weight *a, const pr_weight *b, double d) {
    const pr_weight *is;
    p->n++;
    name_weight(p, b);
    pr_buf_printf(p->why, " ('%s') ", b->src->name);
    if (a->rows == a->cols && distance_turned(p, a, b) <= most_apart(a, b))
        pr_buf_puts(p->why, "is the transpose of the reference's");
    else if ((is = other_place(p, b))) {
        pr_buf_puts(p->why, "holds what in the reference is ");
        name_weight(p, is);
        pr_buf_puts(p->why, ": swapped");
    } else
        pr_buf_printf(p->why, "holds other values: they are %.0f %% from the reference's", 100 * d);
    pr_buf_puts(p->why, "\n");
}

static bool fits(const pair *p, const pr_weight *w) { return w->cols <= p->widest; }

/* The first few are told one by one: a mistake is made in all layers alike. */
static void compare_weights(pair *p) {
    enum { TOLD = 4 };
    int differ = 0, missing = 0;
    for (int i = 0; i < p->a->n_weights; i++) {
        const pr_weight *a = &p->a->weights[i], *b;
        int k = pr_model_weight(p->b, a->id.role, a->id.layer);
        if (k < 0) {
            missing++;
            continue;
        }
        b = &p->b->weights[k];
        if (!same_shape(a, b) || !fits(p, a)) continue;
        double d = distance(p, a, b);
        if (d > most_apart(a, b) && differ++ < TOLD) explain(p, a, b, d);
    }
    if (differ > TOLD) pr_buf_printf(p->why, "and %d more weights differ\n", differ - TOLD);
    if (missing && p->a->hp.tied == p->b->hp.tied)
        pr_buf_printf(p->why, "%d weights of the reference are missing\n", missing);
    p->n += (differ > TOLD) + (missing && p->a->hp.tied == p->b->hp.tied);
}

int pr_model_differences(const pr_model *a, const pr_model *b, pr_buf *why) {
    pair p = {.a = a, .b = b, .k = pr_kernels_get(pr_cpu_flags()), .why = why};
    compare_numbers(&p);
    for (int i = 0; i < a->n_weights; i++) p.widest = PR_MAX(p.widest, a->weights[i].cols);
    p.x = pr_calloc((size_t)p.widest + 1, sizeof *p.x);
    p.y = pr_calloc((size_t)p.widest + 1, sizeof *p.y);
    p.stored = pr_calloc((size_t)p.widest + 1, sizeof *p.stored);
    if (p.x && p.y && p.stored) compare_weights(&p);
    pr_free(p.stored);
    pr_free(p.x);
    pr_free(p.y);
    return p.n;
}
