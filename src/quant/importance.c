/* importance.c - how much each column of each matrix matters: mean squares of its inputs while
 * the model reads a text.
 *
 * Always true: a column's sums are added to by one part of a watch, token after token, in double;
 * so threads and SIMD leave no trace. Matrices that share an input share its sums. */
#include "importance.h"
#include <stdlib.h>

enum { DEFAULT_WINDOW = 512, DEFAULT_TOKENS = 16384, MOST_TOKENS = 1 << 24 };

/* ------------------------------------------------------------------ the text */

static pare_status window_of(const pr_model *m, const pr_calib_opts *o, int64_t n, int64_t *window,
                             pare_err *err) {
    *window = o->window ? o->window : PR_MIN((int64_t)DEFAULT_WINDOW, m->hp.n_ctx);
    if (*window < 2 || *window > m->hp.n_ctx)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "calibration in pieces of %lld tokens: expected 2 to the context of %lld",
                       (long long)*window, (long long)m->hp.n_ctx);
    *window = PR_MIN(*window, n);
    return PARE_OK;
}

/* Piece i of those taken, evenly from the whole text. */
static pare_status copy_windows(pr_calib_text *t, const pr_ids *ids, int64_t have, pr_id bos,
                                pr_arena *a, pare_err *err) {
    pr_id *p;
    PR_NEW(p, a, t->n_windows * t->window, err);
    for (int64_t i = 0; i < t->n_windows; i++) {
        int64_t from = i * have / t->n_windows * t->window;
        memcpy(p + i * t->window, ids->p + from, (size_t)t->window * sizeof *p);
        if (bos >= 0) p[i * t->window] = bos;
    }
    t->ids = p;
    return PARE_OK;
}

static pare_status cut(pr_calib_text *t, const pr_model *m, const pr_ids *ids,
                       const pr_calib_opts *o, pr_arena *a, pare_err *err) {
    int64_t n = (int64_t)ids->n, most = o->max_tokens ? o->max_tokens : DEFAULT_TOKENS;
    if (n < PR_CALIB_LEAST)
        return pr_fail(err, PARE_EINPUT, -1,
                       "the calibration text has %lld tokens: expected %d or more", (long long)n,
                       PR_CALIB_LEAST);
    PR_TRY(window_of(m, o, n, &t->window, err));
    most = PR_MIN(PR_MAX(most, t->window), (int64_t)MOST_TOKENS);
    int64_t have = n / t->window;
    bool    bos = pr_tokenizer_describe(m->tok).add_bos;
    t->n_windows = PR_MIN(have, most / t->window);
    t->n_all = n;
    for (int64_t i = 0; i < n; i++)
        if (ids->p[i] < 0 || ids->p[i] >= m->hp.n_vocab)
            return pr_fail(err, PARE_EINPUT, -1, "the tokenizer gives token %d, the model has %d",
                           (int)ids->p[i], m->hp.n_vocab);
    return copy_windows(t, ids, have, bos ? pr_tokenizer_role(m->tok, PR_SPECIAL_BOS) : -1, a,
                        err);
}

pare_status pr_calib_text_cut(pr_calib_text *out, const pr_model *m, pr_str text,
                              const pr_calib_opts *o, const pare_ctl *ctl, pr_arena *a,
                              pare_err *err) {
    size_t bad;
    pr_ids ids = {0};
    *out = (pr_calib_text){0};
    PR_TRY(pr_model_tokenizer(m, err));
    if (text.n == 0) return pr_fail(err, PARE_EINPUT, 0, "the calibration text is empty");
    if (!pr_utf8_valid(text.p, text.n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "the calibration text is not UTF-8");
    pare_status st = pr_encode_long(m->tok, text.p, text.n, PR_ENCODE_ADD, ctl, &ids, err);
    if (st == PARE_OK) st = cut(out, m, &ids, o, a, err);
    pr_ids_done(&ids);
    return st;
}

/* ------------------------------------------------------------------ looking on */

static bool is_matrix(const pr_weight *w) {
    pr_role_class k = pr_role_class_of(w->id.role);
    return k == PR_CLASS_MATRIX || k == PR_CLASS_EMBED;
}

pare_status pr_sites_find(pr_sites *s, const pr_model *m, bool head, pr_arena *a,
                          pare_err *err) {
    int *of_value;
    *s = (pr_sites){.m = m};
    PR_NEW(s->site_of, a, m->n_weights, err);
    PR_NEW(s->site, a, m->graph.n_nodes, err);
    PR_NEW(of_value, a, m->graph.n_vals, err);
    for (int i = 0; i < m->n_weights; i++) s->site_of[i] = -1;
    for (int i = 0; i < m->graph.n_nodes; i++) {
        const pr_node *n = &m->graph.nodes[i];
        if (n->op != PR_OPC_LINEAR || !is_matrix(&m->weights[n->w])) continue;
        if (!head && n->out == m->graph.logits) continue;
        int *site = &of_value[n->in[0]]; /* from 1 */
        if (*site == 0) {
            pr_site *x = &s->site[s->n++];
            *x = (pr_site){.cols = m->weights[n->w].cols, .first = n->w};
            PR_NEW(x->sum2, a, x->cols, err);
            PR_NEW(x->sum1, a, x->cols, err);
            *site = s->n;
        }
        s->site_of[n->w] = *site - 1;
    }
    return PARE_OK;
}

/* The site that this product reports for, or NULL: none, or another product reports it. */
static pr_site *site_seen(const pr_sites *s, const pr_weight *const *w, int n_w) {
    for (int i = 0; i < n_w; i++) {
        int at = (int)(w[i] - s->m->weights);
        int site = s->site_of[at];
        if (site >= 0 && s->site[site].first == at) return &s->site[site];
    }
    return NULL;
}

static void add_sums(void *user, const pr_weight *const *w, int n_w, const float *x, int64_t cols,
                     int n, int part) {
    pr_site *s = site_seen(user, w, n_w);
    if (!s) return;
    int64_t from = cols * part / PR_CALIB_PARTS, to = cols * (part + 1) / PR_CALIB_PARTS;
    for (int t = 0; t < n; t++, x += cols)
        for (int64_t j = from; j < to; j++) {
            double v = (double)x[j];
            s->sum2[j] += v * v;
            s->sum1[j] += v < 0 ? -v : v;
        }
    if (part == 0) s->count += n;
}

pare_status pr_calib_pass(const pr_model *m, const pr_calib_text *t, bool head, const pr_watch *w,
                          const char *task, const pare_ctl *ctl, pare_err *err) {
    pr_session     *s;
    pr_session_opts o = {.n_threads = ctl ? ctl->n_threads : 0,
                         .n_ctx = t->window,
                         .n_batch = (int)PR_MIN((int64_t)PR_CALIB_BATCH, t->window),
                         .all_logits = head,
                         .exact = true};
    PR_TRY(pr_session_new(&s, m, &o, err));
    pr_session_watch(s, w);
    pare_status st = PARE_OK;
    double      total = (double)(t->n_windows * t->window);
    for (int64_t i = 0; i < t->n_windows && st == PARE_OK; i++) {
        pr_session_rewind(s, 0);
        st = pr_session_prompt(s, t->ids + i * t->window, t->window, ctl, err);
        pr_ctl_progress(ctl, task, "tok", (double)((i + 1) * t->window), total);
    }
    pr_session_free(s);
    return st;
}

/* ------------------------------------------------------------------ what is known */

static int by_name(const void *a, const void *b) {
    return strcmp(((const pr_calib_entry *)a)->name, ((const pr_calib_entry *)b)->name);
}

pare_status pr_calib_sort(pr_calib *c, pare_err *err) {
    qsort(c->entry, (size_t)c->n, sizeof *c->entry, by_name);
    for (int i = 1; i < c->n; i++)
        if (strcmp(c->entry[i - 1].name, c->entry[i].name) == 0)
            return pr_fail(err, PARE_EINPUT, -1, "matrix '%s' is there twice", c->entry[i].name);
    return PARE_OK;
}

static pare_status means(const pr_site *s, const char *name, pr_arena *a, float **out,
                         pare_err *err) {
    PR_NEW(*out, a, s->cols, err);
    for (int64_t j = 0; j < s->cols; j++) {
        if (!(s->sum2[j] - s->sum2[j] == 0))
            return pr_fail(err, PARE_EINPUT, -1,
                           "what '%s' is multiplied by is not finite in column %lld: the model "
                           "does not compute with this text",
                           name, (long long)j);
        (*out)[j] = (float)(s->sum2[j] / (double)PR_MAX(s->count, (int64_t)1));
    }
    return PARE_OK;
}

static pare_status fill(pr_calib *c, const pr_sites *s, pr_arena *a, pare_err *err) {
    const pr_model *m = s->m;
    float **mean;
    PR_NEW(mean, a, s->n + 1, err);
    PR_NEW(c->entry, a, m->n_weights, err);
    for (int i = 0; i < m->n_weights; i++) {
        char  name[128];
        pr_xf xf;
        int   d_head, at = s->site_of[i];
        if (at < 0) continue;
        if (!pr_model_spell(m, PR_DIALECT_GGUF, m->weights[i].id, name, &xf, &d_head)) continue;
        const pr_site *site = &s->site[at];
        if (!mean[at]) PR_TRY(means(site, name, a, &mean[at], err));
        pr_calib_entry *e = &c->entry[c->n++];
        *e = (pr_calib_entry){.name = pr_arena_str(a, name, strlen(name)),
                              .cols = site->cols,
                              .count = site->count,
                              .sum2 = site->sum2,
                              .sum1 = site->sum1,
                              .mean2 = mean[at]};
        if (!e->name) return pr_fail_nomem(err, sizeof name);
    }
    return pr_calib_sort(c, err);
}

pare_status pr_calib_run(pr_calib **out, const pr_model *m, const pr_calib_text *t,
                         const pr_calib_opts *o, const pare_ctl *ctl, pr_arena *a,
                         pare_err *err) {
    pr_calib *c;
    pr_sites  sites;
    *out = NULL;
    PR_NEW(c, a, 1, err);
    PR_TRY(pr_sites_find(&sites, m, !o->no_head, a, err));
    pr_watch w = {.user = &sites, .parts = PR_CALIB_PARTS, .see = add_sums};
    PR_TRY(pr_calib_pass(m, t, !o->no_head, &w, "calibrate", ctl, err));
    c->window = t->window;
    c->n_windows = t->n_windows;
    c->dataset = o->dataset ? o->dataset : "";
    PR_TRY(fill(c, &sites, a, err));
    *out = c;
    return PARE_OK;
}

const float *pr_calib_of(const pr_calib *c, const char *gguf_name, int64_t cols) {
    int lo = 0, hi = c ? c->n : 0;
    while (lo < hi) {
        int mid = (lo + hi) / 2;
        if (strcmp(c->entry[mid].name, gguf_name) < 0) lo = mid + 1;
        else hi = mid;
    }
    if (!c || lo == c->n || strcmp(c->entry[lo].name, gguf_name) != 0) return NULL;
    const pr_calib_entry *e = &c->entry[lo];
    if (e->cols != cols) return NULL;
    for (int64_t j = 0; j < cols; j++)
        if (e->mean2[j] > 0) return e->mean2;
    return NULL;
}

int pr_calib_count(const pr_calib *c) {
    return c->n;
}
void pr_calib_at(const pr_calib *c, int i, const char **name, int64_t *cols, int64_t *tokens) {
    *name = c->entry[i].name;
    *cols = c->entry[i].cols;
    *tokens = c->entry[i].count;
}
const float *pr_calib_mean2_at(const pr_calib *c, int i) {
    return c->entry[i].mean2;
}
