/* lend.h - a model whose last norm is replaced: logits that are known by hand. */
#ifndef PR_TEST_LEND_H
#define PR_TEST_LEND_H
#include "check.h"
#include "engine/engine.h"

typedef struct {
    pr_model  m; /* borrows all but the weights' table from the model it was made of */
    pr_tensor norm;
    float    *values;
} lent;

static inline pr_model *lend_open(const char *path) {
    pr_model *m;
    pare_err  e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static inline float lend_norm_at(const pr_weight *w, int64_t i) {
    float    f;
    uint16_t h;
    if (w->src->type == PR_F32) return memcpy(&f, w->src->data + 4 * i, 4), f;
    memcpy(&h, w->src->data + 2 * i, 2);
    return pr_bf16_to_f32(h);
}

/* Every value of the last norm times `factor`: 0 makes all logits 0, NAN all NaN. */
static inline void lend(lent *l, const pr_model *m, float factor) {
    int w = pr_model_weight(m, PR_ROLE_OUTPUT_NORM, -1);
    assert_true(w >= 0);
    l->m = *m;
    l->m.weights = calloc((size_t)m->n_weights, sizeof *m->weights);
    memcpy(l->m.weights, m->weights, (size_t)m->n_weights * sizeof *m->weights);
    const pr_weight *old = &m->weights[w];
    assert_true(old->src->type == PR_F32 || old->src->type == PR_BF16);
    l->norm = *old->src;
    l->values = calloc((size_t)old->cols, sizeof(float));
    for (int64_t i = 0; i < old->cols; i++) l->values[i] = lend_norm_at(old, i) * factor;
    l->norm.type = PR_F32;
    l->norm.data = (const void *)l->values;
    l->m.weights[w].src = &l->norm;
}
static inline void lend_done(lent *l) {
    free(l->m.weights);
    free(l->values);
}

static inline pr_str lend_read(const char *path) {
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(n + 1);
    assert_int_equal(fread(p, 1, n, f), n);
    fclose(f);
    return (pr_str){p, n};
}
#endif
