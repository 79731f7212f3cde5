/* weights.c - binding names to roles. A census: every tensor of the file is consumed or
 * on the list of ignorable ones, every weight that the configuration implies is there in its
 * shape; else one error lists both. */
#include "arch.h"
#include "kernel/kernel.h"
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char   *name;
    pr_role_class class;
} roles[] = {
#define ROLE(name, text, class) {text, PR_CLASS_##class},
#include "roles.def"
#undef ROLE
};

const char *pr_role_name(pr_role r) {
    return roles[r].name;
}
pr_role_class pr_role_class_of(pr_role r) {
    return roles[r].class;
}

/* `pattern` with {i} replaced by the layer; false if the layer does not fit the pattern. */
static bool spell(const char *pattern, int layer, char name[128]) {
    const char *at = strstr(pattern, "{i}");
    if ((at != NULL) != (layer >= 0)) return false;
    if (!at)
        snprintf(name, 128, "%s", pattern);
    else
        snprintf(name, 128, "%.*s%d%s", (int)(at - pattern), pattern, layer, at + 3);
    return true;
}

const char *pr_dialect_name(pr_dialect d) {
    static const char *const names[] = {[PR_DIALECT_HF] = "a Hugging Face directory",
                                        [PR_DIALECT_GGUF] = "GGUF",
                                        [PR_DIALECT_MLX] = "an MLX directory",
                                        [PR_DIALECT_PLAIN] = "the format"};
    return names[d];
}

bool pr_model_spell(const pr_model *m, pr_dialect d, pr_tid id, char name[128], pr_xf *xf,
                    int *d_head) {
    if (d == PR_DIALECT_PLAIN) {
        *xf = PR_XF_NONE;
        *d_head = 0;
        if (id.layer < 0)
            snprintf(name, 128, "%s", pr_role_name(id.role));
        else
            snprintf(name, 128, "layers.%d.%s", id.layer, pr_role_name(id.role));
        return true;
    }
    if (d == PR_DIALECT_MLX) d = PR_DIALECT_HF;
    for (int i = 0; i < m->arch->n_spell; i++) {
        const pr_spell *s = &m->arch->spell[i];
        if (s->role != id.role || s->dialect != d || !spell(s->pattern, id.layer, name)) continue;
        *xf = s->xf;
        *d_head = s->xf == PR_XF_PAIRS ? m->hp.layers[id.layer].d_head : 0;
        return true;
    }
    return false;
}

int pr_model_weight(const pr_model *m, pr_role role, int layer) {
    for (int i = 0; i < m->n_weights; i++)
        if (m->weights[i].id.role == role && m->weights[i].id.layer == layer) return i;
    return -1;
}

/* In each head, canonical row i of the first half is stored at 2i, of the second at 2i+1. */
int64_t pr_weight_stored_row(const pr_weight *w, int64_t row) {
    if (w->xf != PR_XF_PAIRS) return row;
    int64_t head = row / w->d_head, r = row % w->d_head, half = w->d_head / 2;
    return head * w->d_head + (r < half ? 2 * r : 2 * (r - half) + 1);
}

/* The shape that the configuration implies, and whether the model has this weight at all. */
static bool implied(const pr_model *m, pr_tid id, int64_t *rows, int64_t *cols) {
    const pr_hp    *h = &m->hp;
    const pr_layer *l = id.layer >= 0 ? &h->layers[id.layer] : &h->layers[0];
    int64_t         q = (int64_t)l->n_head * l->d_head, kv = (int64_t)l->n_kv * l->d_head;
    *rows = 1;
    *cols = h->d_model;
    switch (id.role) {
    case PR_ROLE_TOKEN_EMBD: *rows = h->n_vocab; return true;
    case PR_ROLE_OUTPUT: *rows = h->n_vocab; return !h->tied;
    case PR_ROLE_OUTPUT_NORM: case PR_ROLE_ATTN_NORM: case PR_ROLE_FFN_NORM: return true;
    case PR_ROLE_ROPE_FREQS: *cols = l->d_head / 2; return false;
    case PR_ROLE_ATTN_Q: *rows = q; return true;
    case PR_ROLE_ATTN_K: case PR_ROLE_ATTN_V: *rows = kv; return true;
    case PR_ROLE_ATTN_O: *rows = h->d_model, *cols = q; return true;
    case PR_ROLE_ATTN_Q_BIAS: *cols = q; return l->has & PR_HAS_QKV_BIAS;
    case PR_ROLE_ATTN_K_BIAS: case PR_ROLE_ATTN_V_BIAS: *cols = kv; return l->has & PR_HAS_QKV_BIAS;
    case PR_ROLE_ATTN_O_BIAS: return l->has & PR_HAS_O_BIAS;
    case PR_ROLE_ATTN_Q_NORM:
    case PR_ROLE_ATTN_K_NORM:
        *cols = l->d_head;
        return l->has & PR_HAS_QK_NORM;
    case PR_ROLE_FFN_GATE: case PR_ROLE_FFN_UP: *rows = l->d_ff; return true;
    case PR_ROLE_FFN_DOWN: *rows = h->d_model, *cols = l->d_ff; return true;
    case PR_ROLE_FFN_GATE_BIAS:
    case PR_ROLE_FFN_UP_BIAS:
        *cols = l->d_ff;
        return l->has & PR_HAS_FFN_BIAS;
    case PR_ROLE_FFN_DOWN_BIAS: return l->has & PR_HAS_FFN_BIAS;
    default: return false;
    }
}

static bool per_layer(pr_role r) {
    return r > PR_ROLE_ROPE_FREQS;
}

/* Buffers that old checkpoints carry and nothing reads; a head that is tied anyway. */
static bool ignorable(const pr_model *m, const char *name) {
    static const char *const tails[] = {".rotary_emb.inv_freq", ".attention.bias",
                                        ".attention.masked_bias"};
    size_t                   n = strlen(name);
    for (size_t i = 0; i < PR_COUNT(tails); i++) {
        size_t k = strlen(tails[i]);
        if (n >= k && strcmp(name + n - k, tails[i]) == 0) return true;
    }
    return m->hp.tied && strcmp(name, "lm_head.weight") == 0;
}

static void shape_text(const pr_tensor *t, char *dst, size_t cap) {
    size_t n = (size_t)snprintf(dst, cap, "[");
    for (int i = 0; i < t->n_dims && n < cap; i++)
        n += (size_t)snprintf(dst + n, cap - n, "%s%llu", i ? ", " : "",
                              (unsigned long long)t->dim[i]);
    if (n < cap) snprintf(dst + n, cap - n, "]");
}

static pare_status check_shape(const pr_model *m, const pr_tensor *t, pr_tid id, int64_t rows,
                               int64_t cols, pare_err *err) {
    bool matrix = pr_role_class_of(id.role) == PR_CLASS_MATRIX ||
                  pr_role_class_of(id.role) == PR_CLASS_EMBED;
    bool fits =
        matrix ? t->n_dims == 2 && t->dim[0] == (uint64_t)rows && t->dim[1] == (uint64_t)cols
               : t->n_dims == 1 && t->dim[0] == (uint64_t)cols;
    char got[160];
    if (fits) return PARE_OK;
    shape_text(t, got, sizeof got);
    if (matrix)
        pr_fail(err, PARE_EINPUT, (int64_t)t->offset,
                "tensor '%s' has the shape %s; the configuration implies [%lld, %lld]", t->name,
                got, (long long)rows, (long long)cols);
    else
        pr_fail(err, PARE_EINPUT, (int64_t)t->offset,
                "tensor '%s' has the shape %s; the configuration implies [%lld]", t->name, got,
                (long long)cols);
    return pr_fail_in(err, PARE_EINPUT, pr_container_path(m->file, t->file));
}

typedef struct {
    pr_buf missing, extra;
    int    n_missing, n_extra;
    bool  *used;
} census;

static void note(pr_buf *b, int *n, const char *name) {
    if ((*n)++ < 4) pr_buf_printf(b, "%s'%.80s'", *n > 1 ? ", " : "", name);
}

/* "9 missing: 'a', 'b' …": short enough for both lists to stand in one message. */
static void list(pr_buf *b, const char *what, const pr_buf *names, int n) {
    if (n)
        pr_buf_printf(b, "%s%d %s: %s%s", b->n ? "; " : "", n, what, names->p,
                      n > 4 ? " …" : "");
}

static pare_status bind_one(pr_model *m, census *c, pr_tid id, pare_err *err) {
    char    name[128];
    pr_xf   xf;
    int     d_head;
    int64_t rows, cols;
    bool    need = implied(m, id, &rows, &cols);
    if (!need && id.role != PR_ROLE_ROPE_FREQS) return PARE_OK;
    const pr_tensor *t = NULL;
    if (pr_model_spell(m, m->dialect, id, name, &xf, &d_head)) t = pr_container_find(m->file, name);
    else snprintf(name, sizeof name, "(%s: no name in this format)", pr_role_name(id.role));
    if (!t) {
        if (need) note(&c->missing, &c->n_missing, name);
        return PARE_OK;
    }
    pr_weight *w = &m->weights[m->n_weights++];
    *w = (pr_weight){.id = id, .src = t, .rows = rows, .cols = cols, .xf = xf, .d_head = d_head};
    PR_TRY(pr_groups_bind(m, w, err));
    return w->group ? PARE_OK : check_shape(m, t, id, rows, cols, err);
}

static pare_status bind_all(pr_model *m, census *c, pare_err *err) {
    for (int r = 0; r < PR_ROLE_N; r++)
        if (!per_layer((pr_role)r)) PR_TRY(bind_one(m, c, (pr_tid){(pr_role)r, -1}, err));
    for (int i = 0; i < m->hp.n_layer; i++)
        for (int r = 0; r < PR_ROLE_N; r++)
            if (per_layer((pr_role)r)) PR_TRY(bind_one(m, c, (pr_tid){(pr_role)r, i}, err));
    return PARE_OK;
}

static int by_tensor(const void *a, const void *b) {
    const pr_tensor *x = *(const pr_tensor *const *)a, *y = *(const pr_tensor *const *)b;
    return x < y ? -1 : x > y;
}

static pare_status find_extra(pr_model *m, census *c, pare_err *err) {
    const pr_tensor **used;
    size_t n = 0;
    PR_NEW(used, m->arena, 3 * m->n_weights + 1, err);
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        used[n++] = w->src;
        if (w->group) used[n++] = w->scales;
        if (w->offsets) used[n++] = w->offsets;
    }
    qsort(used, n, sizeof *used, by_tensor);
    for (size_t i = 0; i < pr_container_count(m->file); i++) {
        const pr_tensor *t = pr_container_at(m->file, i);
        if (bsearch(&t, used, n, sizeof *used, by_tensor) ||
            ignorable(m, t->name))
            continue;
        note(&c->extra, &c->n_extra, t->name);
    }
    return PARE_OK;
}

pare_status pr_weights_bind(pr_model *m, pare_err *err) {
    census      c = {0};
    pare_status st;
    PR_NEW(m->weights, m->arena, 4 + (size_t)m->hp.n_layer * PR_ROLE_N, err);
    PR_TRY(pr_groups_check(m, err));
    pr_buf_init(&c.missing, 4096);
    pr_buf_init(&c.extra, 4096);
    PR_GO(bind_all(m, &c, err));
    PR_GO(find_extra(m, &c, err));
    if (c.n_missing || c.n_extra) {
        pr_buf all;
        pr_buf_init(&all, 8192);
        list(&all, "missing", &c.missing, c.n_missing);
        list(&all, "not expected", &c.extra, c.n_extra);
        st = all.failed ? pr_fail_nomem(err, 8192)
                        : pr_fail(err, PARE_EINPUT, -1,
                                  "the weights do not fit the configuration: %s", all.p);
        pr_buf_done(&all);
        goto done;
    }
    st = PARE_OK;
done:
    pr_buf_done(&c.missing);
    pr_buf_done(&c.extra);
    return st;
}

int64_t pr_model_n_params(const pr_model *m) {
    int64_t n = 0;
    for (int i = 0; i < m->n_weights; i++)
        if (pr_role_class_of(m->weights[i].id.role) != PR_CLASS_TABLE)
            n += m->weights[i].rows * m->weights[i].cols;
    return n;
}

uint64_t pr_model_weight_bytes(const pr_model *m) {
    uint64_t n = 0;
    for (int i = 0; i < m->n_weights; i++) n += pr_weight_bytes(&m->weights[i]);
    return n;
}

static pare_status check_weight(const pr_model *m, const pr_kernels *k, const pr_weight *w,
                                float *row, pare_err *err) {
    uint64_t step = pr_weight_row_bytes(w);
    if (!pr_weight_readable(w)) return PARE_OK; /* who uses it says what it cannot decode */
    for (int64_t r = 0; r < w->rows; r++) {
        pr_weight_decode(w, k, r, 1, row);
        if (!k->row_nonfinite(row, w->cols)) continue;
        int64_t col = 0;
        while (row[col] - row[col] == 0) col++;
        pr_fail(err, PARE_EINPUT, (int64_t)(w->src->offset + (uint64_t)r * step),
                "tensor '%s' holds %s in row %lld, column %lld: expected finite numbers",
                w->src->name, row[col] != row[col] ? "a NaN" : "an infinity", (long long)r,
                (long long)col);
        return pr_fail_in(err, PARE_EINPUT, pr_container_path(m->file, w->src->file));
    }
    return PARE_OK;
}

pare_status pr_model_check_finite(const pr_model *m, const pare_ctl *ctl, pare_err *err) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    int64_t           widest = 1;
    uint64_t          done = 0, total = pr_model_weight_bytes(m);
    pare_status       st = PARE_OK;
    for (int i = 0; i < m->n_weights; i++) widest = PR_MAX(widest, m->weights[i].cols);
    float *row = pr_calloc((size_t)widest, sizeof *row);
    if (!row) return pr_fail_nomem(err, (uint64_t)widest * sizeof *row);
    for (int i = 0; i < m->n_weights && st == PARE_OK; i++) {
        if ((st = pr_ctl_check(ctl, err)) == PARE_OK)
            st = check_weight(m, k, &m->weights[i], row, err);
        done += pr_weight_bytes(&m->weights[i]);
        pr_ctl_progress(ctl, "check weights", "B", (double)done, (double)total);
    }
    pr_free(row);
    return st;
}
