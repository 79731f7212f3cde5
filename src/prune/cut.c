/* cut.c - a model with parts taken out, made of the model's own parts.
 *
 * Always true: what stays is the same number, bit for bit; a copied weight keeps the order in which
 * its heads lie, for whole heads are moved. */
#include "prune.h"

enum { ARENA_MAX = 64 << 20 };

struct pr_pruned {
    pr_model  m;
    pr_arena *arena;
    pr_map    spill;
};

/* Rows or columns of one weight that stay; NULL: all. */
typedef struct {
    int64_t *at;
    int64_t  n;
    bool     columns;
} pick;

typedef struct {
    const pr_model   *src;
    const pr_cut     *cut;
    pr_pruned        *p;
    pr_spill          spill;
    const pr_kernels *k;
    const pare_ctl   *ctl;
    uint64_t *place; /* [n_weights] of the new model: offset + 1 in the spill; 0: not there */
    float            *x, *y;
} job;

pare_status pr_cut_init(pr_cut *c, const pr_model *m, pr_arena *a, pare_err *err) {
    *c = (pr_cut){.d_ff = m->hp.layers[0].d_ff, .n_kv = m->hp.layers[0].n_kv};
    PR_NEW(c->drop, a, m->hp.n_layer, err);
    PR_NEW(c->ff, a, m->hp.n_layer, err);
    PR_NEW(c->kv, a, m->hp.n_layer, err);
    return PARE_OK;
}

/* ------------------------------------------------------------------ checks */

static pare_status check_list(const int32_t *list, int n, int most, const char *what, int layer,
                              pare_err *err) {
    if (!list) return PARE_OK;
    if (n < 1 || n > most)
        return pr_fail(err, PARE_EUSAGE, -1, "layer %d would keep %d of %d %s", layer, n, most,
                       what);
    for (int i = 0; i < n; i++)
        if (list[i] < 0 || list[i] >= most || (i && list[i] <= list[i - 1]))
            return pr_fail(err, PARE_EUSAGE, -1, "layer %d: %s are not told in order", layer, what);
    return PARE_OK;
}

static pare_status check_cut(const pr_model *m, const pr_cut *c, pare_err *err) {
    const pr_layer *first = &m->hp.layers[0];
    int             left = 0;
    for (int i = 0; i < m->hp.n_layer; i++) {
        const pr_layer *l = &m->hp.layers[i];
        if (c->drop[i]) continue;
        left++;
        if ((c->ff[i] && l->d_ff != first->d_ff) ||
            (c->kv[i] && (l->n_kv != first->n_kv || l->n_head != first->n_head)))
            return pr_fail(err, PARE_EUNSUPPORTED, -1,
                           "layers of different shapes: channels and heads are cut where all are "
                           "alike");
        PR_TRY(check_list(c->ff[i], c->d_ff, l->d_ff, "channels", i, err));
        PR_TRY(check_list(c->kv[i], c->n_kv, l->n_kv, "key-value heads", i, err));
        if (c->kv[i] && (l->n_kv < 1 || l->n_head % l->n_kv != 0))
            return pr_fail(err, PARE_EUNSUPPORTED, -1, "%d heads do not share %d evenly", l->n_head,
                           l->n_kv);
    }
    if (left == 0) return pr_fail(err, PARE_EUSAGE, -1, "no layer would be left");
    return PARE_OK;
}

/* ------------------------------------------------------------------ what stays of a weight */

static pare_status all_of(pick *p, const int32_t *list, int n, int64_t each, pr_arena *a,
                          pare_err *err) {
    p->n = n * each;
    PR_NEW(p->at, a, p->n, err);
    for (int i = 0; i < n; i++)
        for (int64_t k = 0; k < each; k++) p->at[i * each + k] = list[i] * each + k;
    return PARE_OK;
}

static pare_status pick_of(const job *j, const pr_weight *w, pick *p, pare_err *err) {
    *p = (pick){0};
    int i = w->id.layer;
    if (i < 0) return PARE_OK;
    const pr_layer *l = &j->src->hp.layers[i];
    const int32_t  *ff = j->cut->ff[i], *kv = j->cut->kv[i];
    pr_arena       *a = j->p->arena;
    int64_t         shared = kv ? (int64_t)l->n_head / l->n_kv * l->d_head : 0;
    switch (w->id.role) {
    case PR_ROLE_ATTN_O: p->columns = true; /* fall through */
    case PR_ROLE_ATTN_Q:
    case PR_ROLE_ATTN_Q_BIAS: return kv ? all_of(p, kv, j->cut->n_kv, shared, a, err) : PARE_OK;
    case PR_ROLE_ATTN_K:
    case PR_ROLE_ATTN_V:
    case PR_ROLE_ATTN_K_BIAS:
    case PR_ROLE_ATTN_V_BIAS: return kv ? all_of(p, kv, j->cut->n_kv, l->d_head, a, err) : PARE_OK;
    case PR_ROLE_FFN_DOWN: p->columns = true; /* fall through */
    case PR_ROLE_FFN_GATE:
    case PR_ROLE_FFN_UP:
    case PR_ROLE_FFN_GATE_BIAS:
    case PR_ROLE_FFN_UP_BIAS: return ff ? all_of(p, ff, j->cut->d_ff, 1, a, err) : PARE_OK;
    default: return PARE_OK;
    }
}

/* ------------------------------------------------------------------ copies */

/* A float that can be moved without being looked at. */
static bool plain(const pr_weight *w) {
    return !w->group && !w->stride && pr_type_get(w->src->type)->block == 1;
}

static pare_status put_row(job *j, const pr_weight *w, const pick *p, int64_t row, pr_type as,
                           pare_err *err) {
    uint64_t       each = (uint64_t)pr_type_get(w->src->type)->bytes;
    const uint8_t *src = w->src->data + (uint64_t)row * pr_weight_row_bytes(w);
    if (!p->columns && w->rows > 1) { /* a whole row */
        if (as == w->src->type && !w->group && !w->stride)
            return pr_spill_write(&j->spill, src, (size_t)pr_weight_row_bytes(w), err);
        pr_weight_decode(w, j->k, row, 1, j->x);
        return pr_spill_write(&j->spill, j->x, (size_t)w->cols * sizeof *j->x, err);
    }
    if (as == w->src->type) {
        uint8_t *y = (uint8_t *)j->y;
        for (int64_t c = 0; c < p->n; c++)
            memcpy(y + (uint64_t)c * each, src + (uint64_t)p->at[c] * each, (size_t)each);
        return pr_spill_write(&j->spill, y, (size_t)((uint64_t)p->n * each), err);
    }
    pr_weight_decode(w, j->k, row, 1, j->x);
    for (int64_t c = 0; c < p->n; c++) j->y[c] = j->x[p->at[c]];
    return pr_spill_write(&j->spill, j->y, (size_t)p->n * sizeof *j->y, err);
}

/* So that rows lie as the engine likes them. */
static pare_status align(job *j, pare_err *err) {
    static const uint8_t zeros[64];
    size_t               over = j->spill.n % sizeof zeros;
    return over ? pr_spill_write(&j->spill, zeros, sizeof zeros - over, err) : PARE_OK;
}

static pare_status copy_weight(job *j, const pr_weight *w, const pick *p, pr_weight *nw,
                               pr_tensor *t, uint64_t *place, pare_err *err) {
    bool    by_row = !p->columns && w->rows > 1;
    bool    same = by_row ? !w->group && !w->stride : plain(w);
    pr_type as = same ? w->src->type : PR_F32;
    int64_t rows = by_row ? p->n : w->rows;
    if (!same && !pr_weight_readable(w))
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': pare cannot decode %s",
                       w->src->name, pr_type_get(w->src->type)->name);
    PR_TRY(align(j, err));
    *place = j->spill.n + 1;
    for (int64_t r = 0; r < rows; r++) {
        PR_TRY(put_row(j, w, p, by_row ? p->at[r] : r, as, err));
        if (r % 1024 == 0) PR_TRY(pr_ctl_check(j->ctl, err));
    }
    nw->rows = rows;
    nw->cols = by_row ? w->cols : p->n;
    nw->group = NULL;
    nw->scales = nw->offsets = NULL;
    nw->stride = 0;
    t->type = as;
    t->n_dims = w->rows > 1 ? 2 : 1;
    t->dim[0] = (uint64_t)(w->rows > 1 ? nw->rows : nw->cols);
    t->dim[1] = (uint64_t)(w->rows > 1 ? nw->cols : 1);
    t->bytes = j->spill.n + 1 - *place;
    return PARE_OK;
}

/* ------------------------------------------------------------------ the new model */

static pare_status take_layers(job *j, int *to, pare_err *err) {
    pr_hp *h = &j->p->m.hp;
    int    n = 0;
    PR_NEW(h->layers, j->p->arena, h->n_layer, err);
    for (int i = 0; i < j->src->hp.n_layer; i++) {
        to[i] = -1;
        if (j->cut->drop[i]) continue;
        pr_layer *l = &h->layers[n];
        *l = j->src->hp.layers[i];
        if (j->cut->ff[i]) l->d_ff = j->cut->d_ff;
        if (j->cut->kv[i]) {
            l->n_head = l->n_head / l->n_kv * j->cut->n_kv;
            l->n_kv = j->cut->n_kv;
        }
        to[i] = n++;
    }
    h->n_layer = n;
    return PARE_OK;
}

static pare_status take_weights(job *j, const int *to, pare_err *err) {
    pr_model  *m = &j->p->m;
    pr_tensor *t;
    int64_t    widest = 1;
    for (int i = 0; i < j->src->n_weights; i++) widest = PR_MAX(widest, j->src->weights[i].cols);
    PR_NEW(j->x, j->p->arena, widest, err);
    PR_NEW(j->y, j->p->arena, widest, err);
    PR_NEW(t, j->p->arena, j->src->n_weights, err);
    PR_NEW(j->place, j->p->arena, j->src->n_weights, err);
    PR_NEW(m->weights, j->p->arena, j->src->n_weights, err);
    m->n_weights = 0;
    for (int i = 0; i < j->src->n_weights; i++) {
        const pr_weight *w = &j->src->weights[i];
        pick             p;
        int              k = m->n_weights;
        if (w->id.layer >= 0 && to[w->id.layer] < 0) continue;
        m->weights[k] = *w;
        t[k] = *w->src;
        m->weights[k].src = &t[k];
        if (w->id.layer >= 0) m->weights[k].id.layer = to[w->id.layer];
        PR_TRY(pick_of(j, w, &p, err));
        if (p.at) PR_TRY(copy_weight(j, w, &p, &m->weights[k], &t[k], &j->place[k], err));
        m->n_weights++;
    }
    PR_TRY(pr_spill_map(&j->spill, &j->p->spill, err));
    for (int k = 0; k < m->n_weights; k++)
        if (j->place[k]) t[k].data = j->p->spill.p + (j->place[k] - 1);
    return PARE_OK;
}

/* config.json says the sizes too, and writers of directories hand it on. */
static pare_status take_config(job *j, pare_err *err) {
    const pr_hp    *h = &j->p->m.hp;
    const pr_layer *l = &h->layers[0];
    pr_doc_build    b = {0};
    bool            windows = false;
    if (!j->src->config) return PARE_OK;
    pare_doc *c = j->p->m.config = pr_doc_copy(j->src->config);
    if (!c) return pr_fail_nomem(err, 4096);
    pr_doc_set_i64(&b, c, "num_hidden_layers", h->n_layer);
    pr_doc_set_i64(&b, c, "intermediate_size", l->d_ff);
    pr_doc_set_i64(&b, c, "num_attention_heads", l->n_head);
    pr_doc_set_i64(&b, c, "num_key_value_heads", l->n_kv);
    pr_doc_set_i64(&b, c, "head_dim", l->d_head);
    for (int i = 0; i < h->n_layer; i++) windows |= h->layers[i].left >= 0;
    pr_doc_unset(c, "layer_types");
    pare_doc *types = windows ? pr_doc_set_array(&b, c, "layer_types") : NULL;
    for (int i = 0; windows && i < h->n_layer; i++)
        pr_doc_add_str(&b, types,
                       h->layers[i].left >= 0 ? "sliding_attention" : "full_attention");
    return b.status == PARE_OK ? PARE_OK : pr_fail(err, b.status, -1, "%s", b.msg);
}

static pare_status build(job *j, const char *dir, pare_err *err) {
    int *to;
    PR_TRY(check_cut(j->src, j->cut, err));
    PR_NEW(to, j->p->arena, j->src->hp.n_layer, err);
    PR_TRY(take_layers(j, to, err));
    PR_TRY(take_config(j, err));
    PR_TRY(pr_spill_open(&j->spill, dir, err));
    pare_status st = take_weights(j, to, err);
    pr_spill_close(&j->spill);
    return st == PARE_OK ? pr_model_graph(&j->p->m, err) : st;
}

pare_status pr_pruned_new(pr_pruned **out, const pr_model *m, const pr_cut *cut, const char *dir,
                          const pare_ctl *ctl, pare_err *err) {
    pr_pruned *p = pr_calloc(1, sizeof *p);
    *out = NULL;
    if (!p) return pr_fail_nomem(err, sizeof *p);
    p->arena = pr_arena_new(ARENA_MAX);
    if (!p->arena) {
        pr_free(p);
        return pr_fail_nomem(err, sizeof *p);
    }
    p->m = *m;
    p->m.arena = p->arena;
    p->m.config = NULL;
    job         j = {.src = m,
                     .cut = cut,
                     .p = p,
                     .spill = {.fd = -1},
                     .k = pr_kernels_get(pr_cpu_flags()),
                     .ctl = ctl};
    pare_status st = build(&j, dir, err);
    if (st == PARE_OK) *out = p;
    else pr_pruned_free(p);
    return st;
}

const pr_model *pr_pruned_model(const pr_pruned *p) { return &p->m; }

void pr_pruned_free(pr_pruned *p) {
    if (!p) return;
    pr_map_close(&p->spill);
    pare_doc_free(p->m.config);
    pr_arena_free(p->arena);
    pr_free(p);
}
