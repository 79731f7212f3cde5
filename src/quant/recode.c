/* recode.c - all matrices of a model into blocks with error feedback, layer after layer.
 *
 * Always true: second moments are those of the source, so how many are gathered in one reading,
 * which memory decides, leaves no trace. (Gathering a layer's inputs with the layers before it in
 * their new weights was tried: the divergence was the same within its bounds.) Made blocks lie in a
 * spool, and a shallow copy of the model points there. */
#include "gptq.h"
#include "importance.h"
#include <stdlib.h>

/* As published; a third of it and five times as much were seen to make no difference. */
static const double DAMP = 0.01;
enum { WORK_MEMORY = 512 << 20, ALIGN = 64 };

struct pr_recode {
    const pr_model *m;
    pr_model        model; /* `m` with weights of its own */
    pr_weight      *weights;
    pr_tensor      *tensors; /* [n_weights]; src of those that were made */
    pr_choice      *choice;  /* [n_weights] */
    bool           *wanted;  /* [n_weights]: to be made */
    bool           *fed;     /* [n_weights]: with feedback */
    pr_spool        spool;
    uint64_t       *at; /* place of each in the spool */
    pr_sites        sites;
    pr_moment      *moment; /* of each site */
    pr_recode_opts  o;
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
    if (pr_type_get(t)->kind != PR_KIND_QUANT || !pr_encode_get(r->k, t) || !pr_weight_readable(w))
        return false;
    if (w->group || (!w->stride && w->src->type == t)) return false; /* perhaps taken over */
    return w->cols % pr_type_get(t)->block == 0;
}

static pare_status lay_spool(pr_recode *r, pare_err *err) {
    uint64_t total = 0;
    for (int i = 0; i < r->m->n_weights; i++) {
        const pr_weight *w = &r->m->weights[i];
        uint64_t         row, all;
        pr_levels        l;
        if (!(r->wanted[i] = can_be_made(r, i))) continue;
        r->fed[i] = r->o.feedback && r->sites.site_of[i] >= 0 &&
                    pr_levels_of(r->choice[i].type, &l);
        r->at[i] = total;
        if (!pr_type_row_bytes(r->choice[i].type, (uint64_t)w->cols, &row) ||
            !pr_mul_u64(row, (uint64_t)w->rows, &all) || !pr_add_u64(total, all, &total) ||
            !pr_round_up_u64(total, ALIGN, &total))
            return pr_fail(err, PARE_EUSAGE, -1, "the blocks' size does not fit 64 bits");
    }
    return pr_spool_open(&r->spool, r->o.near, total, err);
}

/* ------------------------------------------------------------------ gathering */

static void add_moment(void *user, const pr_weight *const *w, int n_w, const float *x,
                       int64_t cols, int n, int part) {
    pr_recode *r = user;
    (void)cols;
    for (int i = 0; i < n_w; i++) {
        int at = (int)(w[i] - r->m->weights), site = r->sites.site_of[at];
        if (site < 0 || r->sites.site[site].first != at || !r->moment[site].h) continue;
        pr_moment_add(&r->moment[site], r->k, x, n, part, PR_CALIB_PARTS,
                      r->work + (size_t)part * r->work_each);
    }
}

static bool any_fed(const pr_recode *r, int site) {
    for (int i = 0; i < r->m->n_weights; i++)
        if (r->sites.site_of[i] == site && r->fed[i]) return true;
    return false;
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

/* Read the text as far as these sites go. */
static pare_status gather(pr_recode *r, int from, int to, pare_err *err) {
    pr_model part = *r->m;
    pr_watch w = {.user = r, .parts = PR_CALIB_PARTS, .see = add_moment};
    bool     any = false;
    for (int i = from; i < to; i++) {
        int64_t n = r->sites.site[i].cols;
        if (!any_fed(r, i)) continue;
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
    pr_gptq          g; /* g.f NULL: no feedback */
    pr_row_encode    encode;
    const float     *weight;
    uint8_t         *dst;
    uint64_t         row_bytes;
    float           *work; /* of each member */
    size_t           work_each;
} making;

static void make_task(void *ctx, int64_t task, int me) {
    making *k = ctx;
    int64_t from = task * PR_GPTQ_ROWS, n = PR_MIN((int64_t)PR_GPTQ_ROWS, k->w->rows - from);
    float  *x = k->work + (size_t)me * k->work_each, *work = x + PR_GPTQ_ROWS * k->w->cols;
    uint8_t *dst = k->dst + (uint64_t)from * k->row_bytes;
    pr_weight_decode(k->w, k->r->k, from, n, x);
    if (k->g.f) {
        pr_gptq_rows(&k->g, dst, k->row_bytes, x, (int)n, work);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        k->encode(dst + (uint64_t)i * k->row_bytes, x + i * k->w->cols, k->w->cols, k->weight);
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
    k.encode = pr_encode_get(r->k, r->choice[i].type);
    k.weight = r->choice[i].weight;
    if (f && !pr_gptq_init(&k.g, r->k, r->choice[i].type, f))
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
    pare_status st = pr_factor_make(&f, m->h, m->cols, DAMP, r->pool, err);
    pr_free(m->h);
    m->h = NULL;
    for (int i = 0; i < r->m->n_weights && st == PARE_OK; i++)
        if (r->sites.site_of[i] == site && r->fed[i]) {
            st = make_one(r, i, &f, err);
            if (st == PARE_OK) st = pr_ctl_check(r->ctl, err);
        }
    pr_factor_free(&f);
    return st;
}

static uint64_t moment_bytes(const pr_recode *r, int site) {
    uint64_t n = (uint64_t)r->sites.site[site].cols;
    return any_fed(r, site) ? n * (n + 1) / 2 * sizeof(double) : 0;
}

/* Sites from … that are gathered in one reading: as many as there is memory for, beside the factor
 * of one of them. */
static pare_status together(const pr_recode *r, int from, int *to, pare_err *err) {
    uint64_t most = r->ctl && r->ctl->work_memory_bytes ? r->ctl->work_memory_bytes : WORK_MEMORY;
    uint64_t all = 0, widest = 0;
    for (*to = from; *to < r->sites.n; ++*to) {
        uint64_t more = moment_bytes(r, *to),
                 factor = more ? pr_factor_bytes(r->sites.site[*to].cols) - more : 0;
        if (all + more + PR_MAX(widest, factor) > most && *to > from) return PARE_OK;
        all += more, widest = PR_MAX(widest, factor);
        if (all + widest > most)
            return pr_fail(err, PARE_EUSAGE, -1,
                           "error feedback for rows of %lld takes %llu MB: expected a "
                           "--work-memory of that or more, or --method importance",
                           (long long)r->sites.site[*to].cols,
                           (unsigned long long)((all + widest + 999999) / 1000000));
    }
    return PARE_OK;
}

static pare_status make_all(pr_recode *r, pare_err *err) {
    for (int from = 0, to; from < r->sites.n && r->o.feedback; from = to) {
        PR_TRY(together(r, from, &to, err));
        PR_TRY(gather(r, from, to, err));
        for (int i = from; i < to; i++) PR_TRY(make_site(r, i, err));
    }
    for (int i = 0; i < r->m->n_weights; i++)
        if (r->wanted[i] && !r->fed[i]) PR_TRY(make_one(r, i, NULL, err));
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
    PR_NEW(r->fed, r->arena, m->n_weights, err);
    PR_NEW(r->at, r->arena, m->n_weights, err);
    memcpy(r->weights, m->weights, (size_t)m->n_weights * sizeof *r->weights);
    r->model = *m;
    r->model.weights = r->weights;
    PR_TRY(pr_sites_find(&r->sites, m, !m->hp.tied, r->arena, err));
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
    *r = (pr_recode){.m = m, .o = *o, .text = t, .ctl = ctl, .arena = a,
                     .k = pr_kernels_get(pr_cpu_flags())};
    pare_status st = prepare(r, choose, user, err);
    if (st == PARE_OK) st = make_all(r, err);
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

void pr_recode_report(const pr_recode *r, const pr_model *source, pr_written *out) {
    for (int i = 0; i < out->n_tensors; i++) {
        pr_written_tensor *t = &out->tensors[i];
        int                at = pr_model_weight(r->m, t->role, t->layer);
        if (at < 0 || r->weights[at].src == r->m->weights[at].src) continue;
        const pr_weight *w = &source->weights[at];
        t->from = w->src->type, t->from_group = w->group;
        t->lossless = false;
        t->twice = w->group || pr_type_get(w->src->type)->kind == PR_KIND_QUANT;
        out->n_twice += t->twice;
    }
}
