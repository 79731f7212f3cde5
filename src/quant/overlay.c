/* overlay.c - matrices encoded in memory, and models that have them in place of their own.
 *
 * An overlay is the model's description with a weight table of its own: whatever else it names is
 * the model's. So nothing that runs a model knows of overlays. */
#include "quant/quant.h"

/* ------------------------------------------------------------------ encoding */

typedef struct {
    uint8_t *p;
    uint64_t used, cap;
} bytes;

static pare_status to_memory(void *to, const void *p, size_t n, pare_err *err) {
    bytes *b = to;
    if (n > b->cap - b->used)
        return pr_fail(err, PARE_EINTERNAL, -1, "an encoded tensor is larger than its type says");
    memcpy(b->p + b->used, p, n);
    b->used += n;
    return PARE_OK;
}

static pare_status encode(pr_coded *c, const pr_model *m, const pr_weight *w,
                          const float *importance, const pare_ctl *ctl, pare_err *err) {
    pr_stream s;
    bool      lossless;
    uint64_t  row;
    pare_ctl  quiet = ctl ? *ctl : (pare_ctl){0};
    quiet.on_progress = NULL; /* a step of something longer */
    if (!pr_type_row_bytes(c->type, (uint64_t)w->cols, &row))
        return pr_fail(err, PARE_EREFUSED, -1,
                       "tensor '%s': rows of %lld are no whole blocks of %s", w->src->name,
                       (long long)w->cols, pr_type_get(c->type)->name);
    bytes b = {.cap = row * (uint64_t)w->rows};
    if (!(b.p = pr_alloc_aligned((size_t)b.cap, 64))) return pr_fail_nomem(err, b.cap);
    c->tensor = (pr_tensor){.name = w->src->name, .type = c->type, .n_dims = 2, .data = b.p,
                            .dim = {(uint64_t)w->rows, (uint64_t)w->cols}, .bytes = b.cap};
    for (int i = 2; i < PR_MAX_DIMS; i++) c->tensor.dim[i] = 1;
    pr_spelling as = {.type = c->type, .xf = c->xf, .d_head = c->d_head, .weight = importance};
    PR_TRY(pr_stream_open(&s, m, "encode", &quiet, err));
    return pr_stream_close(&s, pr_stream_weight(&s, w, as, to_memory, &b, &lossless, err), err);
}

static pr_weight coded_weight(const pr_coded *c, const pr_weight *own) {
    pr_weight w = {.id = own->id, .src = &c->tensor, .rows = own->rows, .cols = own->cols,
                   .xf = c->xf, .d_head = c->d_head};
    return w;
}

static pare_status judge(pr_coded *c, const pr_weight *w, const float *importance, pare_err *err) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    pr_weight         now = coded_weight(c, w);
    float            *x = pr_calloc(2 * (size_t)w->cols, sizeof *x), *y = x + w->cols;
    if (!x) return pr_fail_nomem(err, 2 * (uint64_t)w->cols * sizeof *x);
    for (int64_t r = 0; r < w->rows; r++) {
        double sum = 0;
        pr_weight_decode(w, k, pr_weight_stored_row(w, r), 1, x);
        pr_weight_decode(&now, k, pr_weight_stored_row(&now, r), 1, y);
        for (int64_t j = 0; j < w->cols; j++) {
            double d = (double)y[j] - (double)x[j];
            sum += d * d * (importance ? (double)importance[j] : 1);
        }
        c->error += sum;
    }
    pr_free(x);
    return PARE_OK;
}

pare_status pr_coded_new(pr_coded **out, const pr_model *m, int weight, pr_type type,
                         const float *importance, const pare_ctl *ctl, pare_err *err) {
    const pr_weight *w = &m->weights[weight];
    char             name[128];
    *out = NULL;
    pr_coded *c = pr_calloc(1, sizeof *c);
    if (!c) return pr_fail_nomem(err, sizeof *c);
    c->type = type;
    pare_status st = PARE_OK;
    if (!pr_model_spell(m, PR_DIALECT_GGUF, w->id, name, &c->xf, &c->d_head))
        st = pr_fail(err, PARE_EREFUSED, -1, "tensor '%s' has no place in GGUF", w->src->name);
    if (st == PARE_OK) st = encode(c, m, w, importance, ctl, err);
    if (st == PARE_OK) st = judge(c, w, importance, err);
    if (st == PARE_OK) c->hash = pr_sha256_of(c->tensor.data, (size_t)c->tensor.bytes);
    if (st == PARE_OK) *out = c;
    else pr_coded_free(c);
    return st;
}

void pr_coded_free(pr_coded *c) {
    if (!c) return;
    pr_free((void *)(uintptr_t)c->tensor.data);
    pr_free(c);
}

/* ------------------------------------------------------------------ the overlay */

struct pr_overlay {
    pr_model        model;
    const pr_model *own;
};

pare_status pr_overlay_new(pr_overlay **out, const pr_model *m, pare_err *err) {
    *out = NULL;
    pr_overlay *o = pr_calloc(1, sizeof *o);
    pr_weight  *w = pr_calloc((size_t)m->n_weights, sizeof *w);
    if (!o || !w) {
        pr_free(o);
        pr_free(w);
        return pr_fail_nomem(err, (uint64_t)m->n_weights * sizeof *w);
    }
    memcpy(w, m->weights, (size_t)m->n_weights * sizeof *w);
    o->model = *m;
    o->model.weights = w;
    o->own = m;
    *out = o;
    return PARE_OK;
}

void pr_overlay_free(pr_overlay *o) {
    if (!o) return;
    pr_free(o->model.weights);
    pr_free(o);
}

void pr_overlay_put(pr_overlay *o, int weight, const pr_coded *c) {
    const pr_weight *own = &o->own->weights[weight];
    o->model.weights[weight] = c ? coded_weight(c, own) : *own;
}

const pr_model *pr_overlay_model(const pr_overlay *o) { return &o->model; }
