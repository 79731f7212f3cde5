/* find.c - which parts cost least: everything is measured on the model itself.
 *
 * Always true: a way is judged as a whole, by the divergence of what is left of the model; ranks of
 * channels and heads only say which of them go first. Same model, text and share: same plan. */
#include "prune.h"
#include <math.h>
#include <stdlib.h>

enum { SIDE_BY_SIDE = 8, GREEDY_MOST = 48, WINDOWS = 16, WINDOW = 128, TRIES = 6 };

typedef struct {
    const pr_model      *m;
    const pr_prune_opts *o;
    const pare_ctl      *ctl;
    pr_arena            *a;
    pr_prune_plan       *plan;
    pr_eval_opts         eval;
    int32_t            **ff_rank, **kv_rank; /* per layer, the most useful first */
    int                 *order;              /* layers, in the order in which they would go */
    int                  n_order;
} job;

static uint64_t bytes_of(const job *j, const pr_model *m) {
    return j->o->bytes ? j->o->bytes(j->o->user, m) : (uint64_t)pr_model_n_params(m);
}

/* ------------------------------------------------------------------ measuring */

static pare_status kld_of(const pr_eval_result *r, pr_est *out, pare_err *err) {
    pr_win *w = pr_calloc((size_t)r->n_windows + 1, sizeof *w);
    if (!w) return pr_fail_nomem(err, (uint64_t)r->n_windows * sizeof *w);
    for (int64_t i = 0; i < r->n_windows; i++) w[i] = (pr_win){r->kld[i], r->count[i]};
    *out = pr_est_ratio(w, r->n_windows, 0.95);
    pr_free(w);
    return PARE_OK;
}

/* Up to SIDE_BY_SIDE cuts in one reading of the text. */
static pare_status measure(job *j, const pr_cut *const *cuts, int n, pr_est *out, pare_err *err) {
    pr_pruned      *p[SIDE_BY_SIDE] = {0};
    const pr_model *models[SIDE_BY_SIDE];
    pr_eval_result *r[SIDE_BY_SIDE] = {0};
    pare_status     st = PARE_OK;
    for (int i = 0; i < n; i++) {
        PR_GO(pr_pruned_new(&p[i], j->m, cuts[i], j->o->dir, j->ctl, err));
        models[i] = pr_pruned_model(p[i]);
    }
    PR_GO(pr_eval(j->m, models, n, j->o->text, &j->eval, j->ctl, NULL, r, err));
    for (int i = 0; i < n; i++) PR_GO(kld_of(r[i], &out[i], err));
    j->plan->n_tokens = r[0]->n_predictions;
done:
    for (int i = 0; i < n; i++) {
        pr_eval_result_free(r[i]);
        pr_pruned_free(p[i]);
    }
    return st;
}

static pare_status measure_all(job *j, const pr_cut *const *cuts, int n, pr_est *out,
                               pare_err *err) {
    for (int i = 0; i < n; i += SIDE_BY_SIDE)
        PR_TRY(measure(j, cuts + i, PR_MIN(n - i, (int)SIDE_BY_SIDE), out + i, err));
    return PARE_OK;
}

/* ------------------------------------------------------------------ depth */

static pare_status copy_drop(job *j, const pr_cut *from, pr_cut **out, pare_err *err) {
    PR_NEW(*out, j->a, 1, err);
    PR_TRY(pr_cut_init(*out, j->m, j->a, err));
    memcpy((*out)->drop, from->drop, (size_t)j->m->hp.n_layer * sizeof *from->drop);
    return PARE_OK;
}

/* What each layer that is left would cost beside those gone; NAN where it is gone. */
static pare_status each_layer(job *j, const pr_cut *gone, pr_est *kld, pare_err *err) {
    int            n = j->m->hp.n_layer, k = 0;
    const pr_cut **cuts;
    int           *which;
    pr_est        *est;
    PR_NEW(cuts, j->a, n, err);
    PR_NEW(which, j->a, n, err);
    PR_NEW(est, j->a, n, err);
    for (int i = 0; i < n; i++) {
        pr_cut *c;
        kld[i] = pr_est_none("dropped already");
        if (gone->drop[i]) continue;
        PR_TRY(copy_drop(j, gone, &c, err));
        c->drop[i] = true;
        which[k] = i;
        cuts[k++] = c;
    }
    PR_TRY(measure_all(j, cuts, k, est, err));
    for (int i = 0; i < k; i++) kld[which[i]] = est[i];
    return PARE_OK;
}

static int cheapest(const pr_est *kld, const bool *gone, int n) {
    int best = -1;
    for (int i = 0; i < n; i++)
        if (!gone[i] && pr_est_ok(&kld[i]) && (best < 0 || kld[i].value < kld[best].value))
            best = i;
    return best;
}

/* The order in which layers go: measured anew after each where that is affordable. */
static pare_status order_layers(job *j, int most, pare_err *err) {
    int     n = j->m->hp.n_layer;
    pr_cut *gone;
    pr_est *kld;
    PR_NEW(gone, j->a, 1, err);
    PR_TRY(pr_cut_init(gone, j->m, j->a, err));
    PR_NEW(kld, j->a, n, err);
    PR_NEW(j->order, j->a, n, err);
    PR_NEW(j->plan->layer_kld, j->a, n, err);
    if (n < 2) {
        j->plan->layer_kld[0] = pr_est_none("it is the only layer");
        return PARE_OK;
    }
    PR_TRY(each_layer(j, gone, kld, err));
    memcpy(j->plan->layer_kld, kld, (size_t)n * sizeof *kld);
    while (j->n_order < most && j->n_order < n - 1) {
        int next = cheapest(kld, gone->drop, n);
        if (next < 0) break;
        gone->drop[next] = true;
        j->order[j->n_order++] = next;
        if (n * most <= GREEDY_MOST && j->n_order < most && j->n_order < n - 1)
            PR_TRY(each_layer(j, gone, kld, err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ width */

typedef struct {
    double  score;
    int32_t at;
} ranked;

static int by_score(const void *a, const void *b) {
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* Σ over rows of each column's square, times the mean square of what it is multiplied by; `each`
 * neighbouring columns together. */
static pare_status rank_columns(job *j, const pr_weight *w, const float *mean2, int n, int64_t each,
                                int32_t **out, pare_err *err) {
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    double           *sum;
    float            *x;
    ranked           *r;
    PR_NEW(sum, j->a, w->cols, err);
    PR_NEW(x, j->a, w->cols, err);
    PR_NEW(r, j->a, n, err);
    PR_NEW(*out, j->a, n, err);
    for (int64_t i = 0; i < w->rows; i++) {
        pr_weight_decode(w, k, i, 1, x);
        for (int64_t c = 0; c < w->cols; c++) sum[c] += (double)x[c] * (double)x[c];
    }
    for (int i = 0; i < n; i++) r[i].at = i;
    for (int64_t c = 0; c < w->cols; c++) r[c / each].score += sum[c] * (double)mean2[c];
    qsort(r, (size_t)n, sizeof *r, by_score);
    for (int i = 0; i < n; i++) (*out)[i] = r[i].at;
    return PARE_OK;
}

static const float *mean2_of(const job *j, const pr_calib *c, const pr_weight *w) {
    char  name[128];
    pr_xf xf;
    int   d_head;
    if (!pr_model_spell(j->m, PR_DIALECT_GGUF, w->id, name, &xf, &d_head)) return NULL;
    return pr_calib_of(c, name, w->cols);
}

static pare_status rank_layer(job *j, const pr_calib *c, int i, pare_err *err) {
    const pr_layer *l = &j->m->hp.layers[i];
    int down = pr_model_weight(j->m, PR_ROLE_FFN_DOWN, i),
        o = pr_model_weight(j->m, PR_ROLE_ATTN_O, i);
    const pr_weight *w = j->m->weights;
    const float *of_down = down < 0 ? NULL : mean2_of(j, c, &w[down]),
                *of_o = o < 0 ? NULL : mean2_of(j, c, &w[o]);
    if (of_down) PR_TRY(rank_columns(j, &w[down], of_down, l->d_ff, 1, &j->ff_rank[i], err));
    if (of_o && l->n_kv > 0 && l->n_head % l->n_kv == 0)
        PR_TRY(rank_columns(j, &w[o], of_o, l->n_kv, w[o].cols / l->n_kv, &j->kv_rank[i], err));
    return PARE_OK;
}

static pare_status rank_all(job *j, pare_err *err) {
    pr_calib_opts co = {.window = j->eval.window,
                        .max_tokens = j->eval.window * j->eval.n_windows,
                        .no_head = true};
    pr_calib_text text;
    pr_calib     *c;
    PR_NEW(j->ff_rank, j->a, j->m->hp.n_layer, err);
    PR_NEW(j->kv_rank, j->a, j->m->hp.n_layer, err);
    PR_TRY(pr_calib_text_cut(&text, j->m, j->o->text, &co, j->ctl, j->a, err));
    PR_TRY(pr_calib_run(&c, j->m, &text, &co, j->ctl, j->a, err));
    for (int i = 0; i < j->m->hp.n_layer; i++) PR_TRY(rank_layer(j, c, i, err));
    return PARE_OK;
}

static int by_number(const void *a, const void *b) {
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return x < y ? -1 : x > y;
}

/* The first `n` of each layer's rank, ascending; false: some layer has none. */
static pare_status keep(job *j, int32_t **rank, const bool *drop, int n, int32_t **out, bool *can,
                        pare_err *err) {
    for (int i = 0; i < j->m->hp.n_layer; i++) {
        if (drop[i]) continue;
        if (!rank[i]) {
            *can = false;
            return PARE_OK;
        }
        PR_NEW(out[i], j->a, n, err);
        memcpy(out[i], rank[i], (size_t)n * sizeof **out);
        qsort(out[i], (size_t)n, sizeof **out, by_number);
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ ways */

/* The first n_drop layers of the order gone, and so many channels and heads of each other. */
static pare_status cut_of(job *j, int n_drop, int ff_less, int kv_less, pr_prune_way *w, bool *can,
                          pare_err *err) {
    const pr_layer *l = &j->m->hp.layers[0];
    *w = (pr_prune_way){.n_drop = n_drop, .ff_less = ff_less, .kv_less = kv_less};
    *can = ff_less < l->d_ff && kv_less < l->n_kv;
    if (!*can) return PARE_OK;
    PR_TRY(pr_cut_init(&w->cut, j->m, j->a, err));
    for (int i = 0; i < n_drop; i++) w->cut.drop[j->order[i]] = true;
    w->cut.d_ff = l->d_ff - ff_less;
    w->cut.n_kv = l->n_kv - kv_less;
    if (ff_less) PR_TRY(keep(j, j->ff_rank, w->cut.drop, w->cut.d_ff, w->cut.ff, can, err));
    if (kv_less && *can)
        PR_TRY(keep(j, j->kv_rank, w->cut.drop, w->cut.n_kv, w->cut.kv, can, err));
    return PARE_OK;
}

/* What is written of it, and what share that saves. A cut that this model cannot have is no way. */
static pare_status weigh(job *j, pr_prune_way *w, bool *can, pare_err *err) {
    pr_pruned  *p;
    pare_status st = pr_pruned_new(&p, j->m, &w->cut, j->o->dir, j->ctl, err);
    if (st == PARE_EUNSUPPORTED || st == PARE_EUSAGE) {
        if (err) *err = (pare_err){0};
        *can = false;
        return PARE_OK;
    }
    PR_TRY(st);
    w->bytes = bytes_of(j, pr_pruned_model(p));
    w->share = ((double)j->plan->bytes - (double)w->bytes) / (double)j->plan->layer_bytes;
    pr_pruned_free(p);
    return PARE_OK;
}

static bool known(const pr_prune_plan *p, const pr_prune_way *w) {
    for (int i = 0; i < p->n_ways; i++)
        if (p->way[i].n_drop == w->n_drop && p->way[i].ff_less == w->ff_less &&
            p->way[i].kv_less == w->kv_less)
            return true;
    return false;
}

/* One kind of width: steps of channels and of heads, taken together. */
typedef struct {
    int ff, kv;
} step;

/* As many steps as the share needs, at that depth. */
static pare_status add_way(job *j, int n_drop, step s, pare_err *err) {
    pr_prune_plan *p = j->plan;
    pr_prune_way   w;
    bool           can = true;
    PR_TRY(cut_of(j, n_drop, 0, 0, &w, &can, err));
    PR_TRY(weigh(j, &w, &can, err));
    bool enough = can && w.share >= j->o->share; /* by depth alone */
    if (enough && !known(p, &w) && p->n_ways < PR_PRUNE_WAYS) p->way[p->n_ways++] = w;
    if (enough || (!s.ff && !s.kv)) return PARE_OK;
    double have = w.share, each = 0;
    for (int k = 1, t = 0; can && t < TRIES; t++) {
        PR_TRY(cut_of(j, n_drop, k * s.ff, k * s.kv, &w, &can, err));
        if (can) PR_TRY(weigh(j, &w, &can, err));
        if (!can) break;
        if (w.share >= j->o->share) {
            if (!known(p, &w) && p->n_ways < PR_PRUNE_WAYS) p->way[p->n_ways++] = w;
            break;
        }
        each = (w.share - have) / k; /* nearly linear: leap to where it should be enough */
        if (each <= 0) break;
        double leap = ceil((j->o->share - have) / each - 1e-9);
        if (leap > 1 << 20) break; /* no layer is so wide: it is never enough */
        k = PR_MAX(k + 1, (int)leap);
    }
    return PARE_OK;
}

static pare_status find_ways(job *j, pare_err *err) {
    const pr_layer *l = &j->m->hp.layers[0];
    const step steps[] = {{0, 0}, {32, 0}, {256, 0}, {0, 1}, {32, 1}};
    int depths[] = {0, j->n_order / 3, 2 * j->n_order / 3, j->n_order};
    for (size_t d = 0; d < PR_COUNT(depths); d++) {
        if (d && depths[d] == depths[d - 1]) continue;
        for (size_t s = 0; s < PR_COUNT(steps); s++)
            if (steps[s].ff < l->d_ff && steps[s].kv < l->n_kv)
                PR_TRY(add_way(j, depths[d], steps[s], err));
    }
    return PARE_OK;
}

static pare_status measure_ways(job *j, pare_err *err) {
    pr_prune_plan *p = j->plan;
    const pr_cut  *cuts[PR_PRUNE_WAYS];
    pr_est         est[PR_PRUNE_WAYS];
    for (int i = 0; i < p->n_ways; i++) cuts[i] = &p->way[i].cut;
    PR_TRY(measure_all(j, cuts, p->n_ways, est, err));
    p->choice = -1;
    for (int i = 0; i < p->n_ways; i++) {
        pr_prune_way *w = &p->way[i];
        w->kld = est[i];
        if (w->bytes >= p->bytes || !isfinite(w->kld.value)) continue;
        if (p->choice < 0 || w->kld.value < p->way[p->choice].kld.value) p->choice = i;
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ all of it */

/* What is written of the layers: a model with one of them says what the rest is. */
static pare_status weigh_layers(job *j, pare_err *err) {
    int          n = j->m->hp.n_layer;
    pr_prune_way w = {0};
    bool         can = true;
    j->plan->bytes = j->plan->layer_bytes = bytes_of(j, j->m);
    if (n < 2) return PARE_OK;
    PR_TRY(pr_cut_init(&w.cut, j->m, j->a, err));
    for (int i = 1; i < n; i++) w.cut.drop[i] = true;
    PR_TRY(weigh(j, &w, &can, err));
    double layers = ((double)j->plan->bytes - (double)w.bytes) * n / (n - 1);
    if (layers >= 1) j->plan->layer_bytes = (uint64_t)layers;
    return PARE_OK;
}

pare_status pr_prune_find(pr_prune_plan *out, const pr_model *m, const pr_prune_opts *o,
                          const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    job j = {.m = m, .o = o, .ctl = ctl, .a = a, .plan = out};
    *out = (pr_prune_plan){.choice = -1};
    if (!(o->share > 0 && o->share <= 0.9))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a share of %g cannot be pruned: expected more than 0, at most 0.9",
                       o->share);
    j.eval = (pr_eval_opts){.window = o->window ? o->window : PR_MIN((int64_t)WINDOW, m->hp.n_ctx),
                            .n_windows = o->n_windows ? o->n_windows : WINDOWS,
                            .n_threads = ctl ? ctl->n_threads : 0,
                            .exact = true};
    PR_TRY(weigh_layers(&j, err));
    PR_TRY(order_layers(&j, (int)ceil(o->share * m->hp.n_layer), err));
    PR_TRY(rank_all(&j, err));
    PR_TRY(find_ways(&j, err));
    if (out->n_ways == 0)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "no cut saves %.3g %% of the layers' bytes in this format: %d layers, %d "
                       "channels, %d key-value heads",
                       100 * o->share, m->hp.n_layer, m->hp.layers[0].d_ff, m->hp.layers[0].n_kv);
    PR_TRY(measure_ways(&j, err));
    if (out->choice < 0)
        return pr_fail(err, PARE_EREFUSED, -1, "no cut that was measured saves a byte");
    return PARE_OK;
}
