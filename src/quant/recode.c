/* recode.c - all matrices of a model into blocks with error feedback, layer after layer.
 *
 * Always true: when a layer's inputs are gathered, the layers before it have their new weights, so
 * each makes good what it can of the errors before it. Made blocks lie in a spool, and a shallow
 * copy of the model points there. */
#include "gptq.h"
#include "importance.h"
#include <stdlib.h>

enum { WORK_MEMORY = 512 << 20, ALIGN = 64 };

struct pr_recode {
    const pr_model *m;
    pr_model        model; /* `m` with weights of its own */
    pr_weight      *weights;
    pr_tensor      *tensors; /* [n_weights]; src of those that were made */
    pr_choice      *choice;  /* [n_weights] */
    bool           *wanted;  /* [n_weights]: to be made */
    pr_spool        spool;
    uint64_t       *at; /* place of each in the spool */
    pr_sites        sites;
    pr_moment      *moment; /* of each site */
    const pr_recode_opts *o;
    const pr_calib_text  *text;
    const pare_ctl *ctl;
    pr_arena       *arena;
    pr_pool        *pool;
    const pr_kernels *k;
    float          *work; /* of the parts of a watch */
    size_t          work_each;
    int             n_made;
};

/* ------------------------------------------------------------------ choices */

typedef struct {
    int  weight, layer;
    char name[128];
} named;

/* The order in which a writer asks: those of the whole model, then by layer; each by name. */
static int as_asked(const void *a, const void *b) {
    const named *x = a, *y = b;
    if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
    return strcmp(x->name, y->name);
}

static pare_status ask_all(pr_recode *r, pr_choose_fn choose, void *user, pare_err *err) {
    const pr_model *m = r->m;
    named          *list = pr_calloc((size_t)m->n_weights, sizeof *list);
    int             n = 0;
    pare_status     st = list ? PARE_OK : pr_fail_nomem(err, sizeof *list);
    for (int i = 0; list && i < m->n_weights; i++) {
        pr_xf         xf;
        int           d_head;
        pr_role_class k = pr_role_class_of(m->weights[i].id.role);
        if (k != PR_CLASS_MATRIX && k != PR_CLASS_EMBED) continue;
        if (!pr_model_spell(m, PR_DIALECT_GGUF, m->weights[i].id, list[n].name, &xf, &d_head))
            continue;
        list[n].weight = i;
        list[n++].layer = m->weights[i].id.layer;
    }
    if (list) qsort(list, (size_t)n, sizeof *list, as_asked);
    for (int i = 0; i < n && st == PARE_OK; i++)
        st = choose(user, m, &m->weights[list[i].weight], list[i].name,
                    &r->choice[list[i].weight], err);
    pr_free(list);
    return st;
}

/* Numbers that a block's scales reach; others are the writer's to complain about. */
static bool can_be_made(const pr_recode *r, int i) {
    const pr_weight *w = &r->m->weights[i];
    pr_type          t = r->choice[i].type;
    pr_levels        l;
    if (r->sites.site_of[i] < 0 || !pr_levels_of(t, &l) || !pr_weight_readable(w)) return false;
    if (!w->group && !w->stride && w->src->type == t) return false; /* taken over as it lies */
    return w->cols % pr_type_get(t)->block == 0;
}

static pare_status lay_spool(pr_recode *r, pare_err *err) {
    uint64_t total = 0;
    for (int i = 0; i < r->m->n_weights; i++) {
        const pr_weight *w = &r->m->weights[i];
        uint64_t         row, all;
        if (!(r->wanted[i] = can_be_made(r, i))) continue;
        r->at[i] = total;
        if (!pr_type_row_bytes(r->choice[i].type, (uint64_t)w->cols, &row) ||
            !pr_mul_u64(row, (uint64_t)w->rows, &all) || !pr_add_u64(total, all, &total) ||
            !pr_round_up_u64(total, ALIGN, &total))
            return pr_fail(err, PARE_EUSAGE, -1, "the blocks' size does not fit 64 bits");
    }
    return pr_spool_open(&r->spool, r->o->near, total, err);
}

/* ------------------------------------------------------------------ gathering */

static void add_moment(void *user, const pr_weight *const *w, int n_w, const float *x,
                       int64_t cols, int n, int part) {
    pr_recode *r = user;
    (void)cols;
    for (int i = 0; i < n_w; i++) {
        int at = (int)(w[i] - r->weights), site = r->sites.site_of[at];
        if (site < 0 || r->sites.site[site].first != at || !r->moment[site].h) continue;
        pr_moment_add(&r->moment[site], r->k, x, n, part, PR_CALIB_PARTS,
                      r->work + (size_t)part * r->work_each);
    }
}

static bool any_wanted(const pr_recode *r, int site) {
    for (int i = 0; i < r->m->n_weights; i++)
        if (r->sites.site_of[i] == site && r->wanted[i]) return true;
    return false;
}

static int layer_of(const pr_recode *r, int site) {
    return r->m->weights[r->sites.site[site].first].id.layer;
}

/* The last node that a site's products are. */
static int last_node(const pr_recode *r, int from, int to) {
    const pr_graph *g = &r->m->graph;
    int             last = 0;
    for (int i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == PR_OPC_LINEAR) {
            int site = r->sites.site_of[g->nodes[i].w];
            if (site >= from && site < to) last = i;
        }
    return last;
}

static bool is_head(const pr_recode *r, int from, int to) {
    const pr_graph *g = &r->m->graph;
    for (int i = 0; i < g->n_nodes; i++)
        if (g->nodes[i].op == PR_OPC_LINEAR && g->nodes[i].out == g->logits) {
            int site = r->sites.site_of[g->nodes[i].w];
            return site >= from && site < to;
        }
    return false;
}

/* Read the text as far as these sites go, with the weights as they are by now. */
static pare_status gather(pr_recode *r, int from, int to, pare_err *err) {
    pr_model part = r->model;
    pr_watch w = {.user = r, .parts = PR_CALIB_PARTS, .see = add_moment};
    bool     any = false;
    for (int i = from; i < to; i++) {
        int64_t n = r->sites.site[i].cols;
        if (!any_wanted(r, i)) continue;
        r->moment[i] = (pr_moment){.cols = n};
        r->moment[i].h = pr_calloc((size_t)(n * (n + 1) / 2), sizeof *r->moment[i].h);
        if (!r->moment[i].h) return pr_fail_nomem(err, (uint64_t)n * (uint64_t)n * 4);
        any = true;
    }
    if (!any) return PARE_OK;
    bool head = is_head(r, from, to);
    if (!head) part.graph.n_nodes = last_node(r, from, to) + 1;
    return pr_calib_pass(&part, r->text, head, &w, "calibrate", r->ctl, err);
}

/* ------------------------------------------------------------------ making */

typedef struct {
    pr_recode       *r;
    const pr_weight *w;
    pr_gptq          g;
    uint8_t         *dst;
    uint64_t         row_bytes;
    float           *work; /* of each member */
    size_t           work_each;
} making;

static void make_task(void *ctx, int64_t task, int me) {
    making *k = ctx;
    int64_t from = task * PR_GPTQ_ROWS, n = PR_MIN((int64_t)PR_GPTQ_ROWS, k->w->rows - from);
    float  *x = k->work + (size_t)me * k->work_each, *work = x + PR_GPTQ_ROWS * k->w->cols;
    pr_weight_decode(k->w, k->r->k, from, n, x);
    pr_gptq_rows(&k->g, k->dst + (uint64_t)from * k->row_bytes, k->row_bytes, x, (int)n, work);
}

static bool is_sound(const pr_recode *r, const pr_weight *w, float *x) {
    for (int64_t i = 0; i < w->rows; i++) {
        pr_weight_decode(w, r->k, i, 1, x);
        if (r->k->row_top(x, w->cols) >= pr_bits_f32(32768.0f)) return false;
    }
    return true;
}

static pare_status make_one(pr_recode *r, int i, const pr_factor *f, pare_err *err) {
    const pr_weight *w = &r->m->weights[i];
    making           k = {.r = r, .w = w, .dst = r->spool.p + r->at[i]};
    if (!pr_gptq_init(&k.g, r->k, r->choice[i].type, f))
        return pr_fail(err, PARE_EINTERNAL, -1, "no levels");
    pr_type_row_bytes(r->choice[i].type, (uint64_t)w->cols, &k.row_bytes);
    k.work_each = pr_gptq_work(w->cols) + PR_GPTQ_ROWS * (size_t)w->cols;
    k.work = pr_calloc(k.work_each * (size_t)pr_pool_size(r->pool), sizeof *k.work);
    if (!k.work) return pr_fail_nomem(err, k.work_each);
    if (is_sound(r, w, k.work)) {
        pr_pool_for(r->pool, (w->rows + PR_GPTQ_ROWS - 1) / PR_GPTQ_ROWS, make_task, &k);
        pr_tensor *t = &r->tensors[i];
        *t = *w->src;
        t->type = r->choice[i].type;
        t->data = k.dst;
        t->bytes = k.row_bytes * (uint64_t)w->rows;
        t->n_dims = 2;
        t->dim[0] = (uint64_t)w->rows, t->dim[1] = (uint64_t)w->cols;
        r->weights[i].src = t;
        r->weights[i].group = NULL;
        r->weights[i].scales = r->weights[i].offsets = NULL;
        r->weights[i].stride = 0;
        r->n_made++;
    }
    pr_free(k.work);
    return PARE_OK;
}

static pare_status make_site(pr_recode *r, int site, pare_err *err) {
    pr_factor  f;
    pr_moment *m = &r->moment[site];
    if (!m->h) return PARE_OK;
    pare_status st = pr_factor_make(&f, m->h, m->cols, r->o->damp > 0 ? r->o->damp : 0.01, r->pool,
                                    err);
    pr_free(m->h);
    m->h = NULL;
    for (int i = 0; i < r->m->n_weights && st == PARE_OK; i++)
        if (r->sites.site_of[i] == site && r->wanted[i]) {
            st = make_one(r, i, &f, err);
            if (st == PARE_OK) st = pr_ctl_check(r->ctl, err);
        }
    pr_factor_free(&f);
    return st;
}

/* Sites from … that are gathered together: those of a layer. */
static int together(const pr_recode *r, int from) {
    int to = from + 1;
    while (to < r->sites.n && (r->o->once || layer_of(r, to) == layer_of(r, from))) to++;
    return to;
}

static pare_status all_sites(pr_recode *r, pare_err *err) {
    for (int from = 0, to; from < r->sites.n; from = to) {
        to = together(r, from);
        PR_TRY(gather(r, from, to, err));
        for (int i = from; i < to; i++) PR_TRY(make_site(r, i, err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ the job */

static pare_status prepare(pr_recode *r, pr_choose_fn choose, void *user, pare_err *err) {
    const pr_model *m = r->m;
    int64_t         widest = 1;
    PR_NEW(r->weights, r->arena, m->n_weights, err);
    PR_NEW(r->tensors, r->arena, m->n_weights, err);
    PR_NEW(r->choice, r->arena, m->n_weights, err);
    PR_NEW(r->wanted, r->arena, m->n_weights, err);
    PR_NEW(r->at, r->arena, m->n_weights, err);
    memcpy(r->weights, m->weights, (size_t)m->n_weights * sizeof *r->weights);
    r->model = *m;
    r->model.weights = r->weights;
    PR_TRY(pr_sites_find(&r->sites, m, r->o->head || !m->hp.tied, r->arena, err));
    PR_NEW(r->moment, r->arena, r->sites.n + 1, err);
    PR_TRY(ask_all(r, choose, user, err));
    PR_TRY(lay_spool(r, err));
    for (int i = 0; i < r->sites.n; i++) widest = PR_MAX(widest, r->sites.site[i].cols);
    r->work_each = pr_moment_work(widest, PR_CALIB_BATCH);
    r->work = pr_calloc(r->work_each * PR_CALIB_PARTS, sizeof *r->work);
    if (!r->work) return pr_fail_nomem(err, r->work_each * PR_CALIB_PARTS);
    return pr_pool_new(&r->pool,
                       r->ctl && r->ctl->n_threads ? r->ctl->n_threads : pr_threads_default(), err);
}

pare_status pr_recode_run(pr_recode **out, const pr_model *m, pr_choose_fn choose, void *user,
                          const pr_calib_text *t, const pr_recode_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pare_err *err) {
    pr_recode *r;
    *out = NULL;
    PR_NEW(r, a, 1, err);
    *r = (pr_recode){.m = m, .o = o, .text = t, .ctl = ctl, .arena = a,
                     .k = pr_kernels_get(pr_cpu_flags())};
    pare_status st = prepare(r, choose, user, err);
    if (st == PARE_OK) st = all_sites(r, err);
    pr_pool_free(r->pool);
    pr_free(r->work);
    r->pool = NULL, r->work = NULL;
    if (st == PARE_OK) *out = r;
    else pr_recode_close(r);
    return st;
}

void pr_recode_close(pr_recode *r) {
    if (!r) return;
    for (int i = 0; r->moment && i < r->sites.n; i++) pr_free(r->moment[i].h);
    pr_spool_close(&r->spool);
}

const pr_model *pr_recode_model(const pr_recode *r) {
    return &r->model;
}
int pr_recode_count(const pr_recode *r) {
    return r->n_made;
}

pare_status pr_recode_choose(void *user, const pr_model *m, const pr_weight *w, const char *name,
                             pr_choice *out, pare_err *err) {
    const pr_recode *r = user;
    (void)m, (void)name, (void)err;
    *out = r->choice[w - r->weights];
    return PARE_OK;
}

void pr_recode_report(const pr_recode *r, pr_written *out) {
    for (int i = 0; i < out->n_tensors; i++) {
        pr_written_tensor *t = &out->tensors[i];
        int                at = pr_model_weight(r->m, t->role, t->layer);
        if (at < 0 || r->weights[at].src == r->m->weights[at].src) continue;
        const pr_weight *w = &r->m->weights[at];
        t->from = w->src->type, t->from_group = w->group;
        t->lossless = false;
        t->twice = w->group || pr_type_get(w->src->type)->kind == PR_KIND_QUANT;
        out->n_twice += t->twice;
    }
}
