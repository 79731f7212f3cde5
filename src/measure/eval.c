/* eval.c - windows of a text through several models side by side.
 *
 * Always true: all sessions stand at the same position; the reference's logits of a batch
 * are still in its session when the variants' of that batch are judged, and nowhere later. */
#include "eval.h"
#include <math.h>
#include <stdlib.h>

enum { MOST_MODELS = 64, DEFAULT_BATCH = 64, MOST_WINDOW = 2048 };

/* One window: positions fed, and their targets. */
typedef struct {
    int64_t at, n; /* targets ids[at … at+n-1]; fed: the token before each, or BOS */
} span;

typedef struct {
    pr_session     *s;     /* NULL: `by` runs it */
    pr_runner      *by;
    float          *rows;  /* of `by`: logits of the present batch */
    pr_eval_result *r;
    pr_dist        *dist;
    const char     *path;
} runner;

typedef struct {
    const pr_eval_opts *o;
    pr_eval_opts        opts;
    pr_ids              ids;
    span               *spans;
    int64_t             n_spans, cap_spans, window;
    bool                bos;
    pr_id               bos_id;
    runner              ref, m[MOST_MODELS];
    int                 n;
    bool                has_ref;
    pr_id              *fed;     /* of the present window */
    double             *ref_lse; /* of the present batch */
    int64_t            *ref_arg;
    float              *kld;     /* of the present window, one model after another */
    const pr_kernels   *k;
    int64_t             vocab;
    const pare_ctl     *ctl;
} job;

/* ------------------------------------------------------------------ windows */

static pare_status add_span(job *j, int64_t at, int64_t n, pare_err *err) {
    if (n < 1) return PARE_OK;
    if (j->n_spans == j->cap_spans) {
        int64_t cap = j->cap_spans ? j->cap_spans * 2 : 256;
        span   *p = pr_realloc(j->spans, (size_t)cap, sizeof *p);
        if (!p) return pr_fail_nomem(err, (uint64_t)cap * sizeof *p);
        j->spans = p;
        j->cap_spans = cap;
    }
    j->spans[j->n_spans++] = (span){at, n};
    return PARE_OK;
}

/* One text: without BOS the first token is no target. */
static pare_status cut_text(job *j, pr_str text, const pr_tokenizer *t, pare_err *err) {
    PR_TRY(pr_encode_long(t, text.p, text.n, 0, j->ctl, &j->ids, err));
    int64_t first = j->bos ? 0 : 1, n = (int64_t)j->ids.n;
    if (n < 2)
        return pr_fail(err, PARE_EINPUT, 0, "the text has %lld tokens: expected 2 or more",
                       (long long)n);
    for (int64_t at = first; at < n; at += j->window)
        PR_TRY(add_span(j, at, PR_MIN(j->window, n - at), err));
    return PARE_OK;
}

static bool blank(char c) {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static pare_status add_document(job *j, pr_str d, const pr_tokenizer *t, pare_err *err) {
    while (d.n && blank(d.p[0])) d.p++, d.n--;
    while (d.n && blank(d.p[d.n - 1])) d.n--;
    if (d.n == 0) return PARE_OK;
    int64_t at = (int64_t)j->ids.n;
    PR_TRY(pr_encode_long(t, d.p, d.n, 0, j->ctl, &j->ids, err));
    int64_t n = (int64_t)j->ids.n - at;
    /* Of `window` positions the first is BOS, or the document's first token: no target. */
    n = PR_MIN(n, j->bos ? j->window - 1 : j->window);
    return j->bos ? add_span(j, at, n, err) : add_span(j, at + 1, n - 1, err);
}

static pare_status cut_documents(job *j, pr_str text, const pr_tokenizer *t, pare_err *err) {
    pr_str sep = pr_str_of(j->o->separator);
    int    index = 0;
    for (const char *p = text.p, *end = text.p + text.n;; index++) {
        const char *hit = sep.n && (size_t)(end - p) >= sep.n
                              ? memmem(p, (size_t)(end - p), sep.p, sep.n)
                              : NULL;
        pr_str      d = {p, (size_t)((hit ? hit : end) - p)};
        bool        cut = index == 0 || !hit;
        if (!(cut && j->o->whole_documents)) PR_TRY(add_document(j, d, t, err));
        if (!hit) break;
        p = hit + sep.n;
    }
    if (j->n_spans == 0)
        return pr_fail(err, PARE_EINPUT, 0, "the text holds no document to evaluate");
    return PARE_OK;
}

/* ------------------------------------------------------------------ set-up */

pare_status pr_eval_result_new(pr_eval_result **out, int64_t n, bool compared, pare_err *err) {
    pr_eval_result *r = pr_calloc(1, sizeof *r);
    if (!r) return pr_fail_nomem(err, sizeof *r);
    r->count = pr_calloc((size_t)n, 5 * sizeof *r->count);
    if (!r->count) {
        pr_free(r);
        return pr_fail_nomem(err, (uint64_t)n * 5 * sizeof *r->count);
    }
    r->nll = r->count + n, r->hits = r->nll + n, r->kld = r->hits + n, r->agree = r->kld + n;
    r->n_windows = n;
    r->compared = compared;
    for (int i = 0; i < PR_EVAL_QUANTILES; i++)
        r->kld_quantile[i] = pr_est_none("no reference was given");
    *out = r;
    return PARE_OK;
}

void pr_eval_result_free(pr_eval_result *r) {
    if (!r) return;
    pr_free(r->count);
    pr_free(r);
}

static int64_t vocab_of(const pr_eval_side *s) {
    return s->r ? pr_runner_vocab(s->r) : s->m->hp.n_vocab;
}

static int64_t context_of(const pr_eval_side *s) {
    return s->r ? pr_runner_context(s->r) : s->m->hp.n_ctx;
}

static const char *path_of(const pr_eval_side *s) {
    return s->path ? s->path : s->m ? s->m->path : "?";
}

static pare_status open_runner(job *j, runner *r, const pr_eval_side *side, bool compared,
                               pare_err *err) {
    pr_session_opts so = {.n_threads = j->o->n_threads,
                          .n_ctx = j->window,
                          .n_batch = j->o->n_batch,
                          .all_logits = true,
                          .exact = j->o->exact,
                          .state = j->o->state};
    r->path = path_of(side);
    PR_TRY(pr_eval_result_new(&r->r, j->n_spans, compared, err));
    r->r->window = j->window;
    r->r->n_tokens = (int64_t)j->ids.n;
    if (compared) PR_TRY(pr_dist_new(&r->dist, 0, 1, err));
    if (!side->r) return pr_session_new(&r->s, side->m, &so, err);
    r->by = side->r;
    size_t n = (size_t)PR_MIN((int64_t)j->o->n_batch, j->window);
    if (!(r->rows = pr_calloc(n * (size_t)j->vocab, sizeof *r->rows)))
        return pr_fail_nomem(err, n * (uint64_t)j->vocab * sizeof *r->rows);
    return PARE_OK;
}

static const char *name_of(const pr_eval_side *s) {
    return s->m ? s->m->name : path_of(s);
}

static pare_status find_words(const pr_eval_side *first, job *j, pare_err *err) {
    if (j->opts.words) return PARE_OK;
    if (!first->m)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "'%s' has no tokenizer that pare reads: expected a model that has the words",
                       path_of(first));
    PR_TRY(pr_model_tokenizer(first->m, err));
    j->opts.words = first->m->tok;
    return PARE_OK;
}

static pare_status check_models(const pr_eval_side *ref, const pr_eval_side *sides, int n, job *j,
                                pare_err *err) {
    const pr_eval_side *a = ref ? ref : sides;
    int64_t             window = j->opts.window;
    if (n > MOST_MODELS)
        return pr_fail(err, PARE_EUSAGE, -1, "more than %d models at once", MOST_MODELS);
    PR_TRY(find_words(a, j, err));
    for (int i = 0; i < n; i++)
        if (vocab_of(&sides[i]) != vocab_of(a))
            return pr_fail(err, PARE_EINPUT, -1,
                           "'%s' has %lld tokens, '%s' %lld: expected one vocabulary",
                           name_of(&sides[i]), (long long)vocab_of(&sides[i]), name_of(a),
                           (long long)vocab_of(a));
    int64_t most = context_of(a);
    for (int i = 0; i < n; i++) most = PR_MIN(most, context_of(&sides[i]));
    if (window == 0) window = PR_MIN(most, (int64_t)MOST_WINDOW);
    if (window < 2 || window > most)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "windows of %lld: expected 2 to the context of %lld", (long long)window,
                       (long long)most);
    j->window = window;
    j->vocab = vocab_of(a);
    j->bos = pr_tokenizer_describe(j->opts.words).add_bos;
    j->bos_id = pr_tokenizer_role(j->opts.words, PR_SPECIAL_BOS);
    if (j->bos && j->bos_id < 0) j->bos = false;
    return PARE_OK;
}

static pare_status open_all(job *j, const pr_eval_side *ref, const pr_eval_side *sides, int n,
                            pr_str text, pare_err *err) {
    size_t bad;
    PR_TRY(check_models(ref, sides, n, j, err));
    if (text.n == 0) return pr_fail(err, PARE_EINPUT, 0, "the text is empty");
    if (!pr_utf8_valid(text.p, text.n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "the text is not UTF-8");
    const pr_tokenizer *t = j->opts.words;
    PR_TRY(j->o->separator ? cut_documents(j, text, t, err) : cut_text(j, text, t, err));
    for (size_t i = 0; i < j->ids.n;
         i++) /* a target is looked up in the logits without being fed */
        if (j->ids.p[i] < 0 || j->ids.p[i] >= j->vocab)
            return pr_fail(err, PARE_EINPUT, -1,
                           "the tokenizer gives token %d, the model has %lld", (int)j->ids.p[i],
                           (long long)j->vocab);
    if (j->o->n_windows > 0) j->n_spans = PR_MIN(j->n_spans, j->o->n_windows);
    if (ref) PR_TRY(open_runner(j, &j->ref, ref, false, err));
    j->has_ref = ref != NULL;
    for (; j->n < n; j->n++) PR_TRY(open_runner(j, &j->m[j->n], &sides[j->n], j->has_ref, err));
    j->fed = pr_calloc((size_t)j->window, sizeof *j->fed);
    j->ref_lse = pr_calloc((size_t)j->window, sizeof *j->ref_lse);
    j->ref_arg = pr_calloc((size_t)j->window, sizeof *j->ref_arg);
    j->kld = pr_calloc((size_t)j->window * (size_t)(n + 1), sizeof *j->kld);
    j->k = pr_kernels_get(pr_cpu_flags());
    if (!j->fed || !j->ref_lse || !j->ref_arg || !j->kld)
        return pr_fail_nomem(err, (uint64_t)j->window * 8);
    return PARE_OK;
}

/* ------------------------------------------------------------------ judging rows */

static int bin_of(double kld) {
    double edge = 1e-8;
    int    b = 0;
    while (b < PR_EVAL_BINS - 1 && kld >= edge) b++, edge *= 2;
    return b;
}

static const float *row_of(const job *j, const runner *r, int i) {
    return r->s ? pr_session_logits(r->s, i) : r->rows + (int64_t)i * j->vocab;
}

/* The variant's row against the reference's of the same position. */
static void compare_row(job *j, runner *r, int64_t w, int i, const float *q, double lse,
                        int64_t arg, float *kld) {
    pr_eval_result *res = r->r;
    double d = j->k->row_kld(row_of(j, &j->ref, i), q, j->vocab, j->ref_lse[i], lse);
    if (d < 0) d = 0; /* rounding: the divergence of equals */
    res->kld[w] += d;
    res->agree[w] += arg == j->ref_arg[i];
    res->kld_max = PR_MAX(res->kld_max, d);
    res->kld_bins[bin_of(d)]++;
    *kld = (float)d;
}

static pare_status judge_batch(job *j, runner *r, int64_t w, const span *sp, int64_t at, int n,
                               float *kld, pare_err *err) {
    bool is_ref = r == &j->ref;
    for (int i = 0; i < n; i++) {
        const float *q = row_of(j, r, i);
        int64_t      arg, target = j->ids.p[sp->at + at + i];
        double       max = (double)j->k->row_max(q, j->vocab, &arg);
        double       lse = max + pr_log(j->k->row_sum_exp(q, j->vocab, max));
        double       nll = lse - (double)q[target];
        if (j->k->row_nonfinite(q, j->vocab) || !(nll - nll == 0)) {
            pr_fail(err, PARE_EINPUT, -1,
                    "logits that are not finite at token %lld of the text: expected numbers",
                    (long long)(sp->at + at + i));
            return pr_fail_in(err, PARE_EINPUT, r->path);
        }
        r->r->count[w] += 1;
        r->r->nll[w] += nll;
        r->r->hits[w] += arg == target;
        r->r->n_predictions++;
        if (is_ref) j->ref_lse[i] = lse, j->ref_arg[i] = arg;
        else if (j->has_ref) compare_row(j, r, w, i, q, lse, arg, &kld[at + i]);
    }
    return PARE_OK;
}

/* A new window of `n` positions. */
static pare_status begin(const runner *r, int64_t n, pare_err *err) {
    if (!r->s) return pr_runner_reset(r->by, err);
    pr_session_rewind(r->s, 0);
    pr_session_expect(r->s, n);
    return PARE_OK;
}

static pare_status feed(const runner *r, const pr_id *ids, int n, pare_err *err) {
    return r->s ? pr_session_eval(r->s, ids, n, err)
                : pr_runner_eval(r->by, ids, n, true, r->rows, err);
}

static pare_status run_window(job *j, int64_t w, pare_err *err) {
    const span *sp = &j->spans[w];
    int         batch = j->opts.n_batch;
    for (int64_t i = 0; i < sp->n; i++)
        j->fed[i] = i == 0 && j->bos ? j->bos_id : j->ids.p[sp->at + i - 1];
    if (j->has_ref) PR_TRY(begin(&j->ref, sp->n, err));
    for (int k = 0; k < j->n; k++) PR_TRY(begin(&j->m[k], sp->n, err));
    for (int64_t at = 0; at < sp->n; at += batch) {
        int n = (int)PR_MIN((int64_t)batch, sp->n - at);
        if (j->has_ref) {
            PR_TRY(feed(&j->ref, j->fed + at, n, err));
            PR_TRY(judge_batch(j, &j->ref, w, sp, at, n, NULL, err));
        }
        for (int k = 0; k < j->n; k++) {
            PR_TRY(feed(&j->m[k], j->fed + at, n, err));
            PR_TRY(judge_batch(j, &j->m[k], w, sp, at, n, j->kld + (int64_t)k * j->window, err));
        }
    }
    for (int k = 0; k < j->n && j->has_ref; k++)
        PR_TRY(pr_dist_add(j->m[k].dist, j->kld + (int64_t)k * j->window, sp->n, err));
    return PARE_OK;
}

static pare_status run_all(job *j, const pare_ctl *ctl, pare_err *err) {
    double total = 0, done = 0;
    for (int64_t w = 0; w < j->n_spans; w++) total += (double)j->spans[w].n;
    int models = j->n + j->has_ref;
    for (int64_t w = 0; w < j->n_spans; w++) {
        PR_TRY(pr_ctl_check(ctl, err));
        PR_TRY(run_window(j, w, err));
        pr_ctl_progress(ctl, "evaluate", "tok", (done += (double)j->spans[w].n) * models,
                        total * models);
    }
    static const double at[PR_EVAL_QUANTILES] = {0.5, 0.95, 0.99};
    for (int k = 0; k < j->n && j->has_ref; k++)
        for (int i = 0; i < PR_EVAL_QUANTILES; i++)
            j->m[k].r->kld_quantile[i] = pr_dist_quantile(j->m[k].dist, at[i], 0.95);
    return PARE_OK;
}

static void close_runner(runner *r, bool keep) {
    pr_session_free(r->s);
    pr_free(r->rows);
    pr_dist_free(r->dist);
    if (!keep) {
        pr_eval_result_free(r->r);
        r->r = NULL;
    }
}

pare_status pr_eval(const pr_model *ref, const pr_model *const *models, int n, pr_str text,
                    const pr_eval_opts *o, const pare_ctl *ctl, pr_eval_result **ref_out,
                    pr_eval_result **out, pare_err *err) {
    pr_eval_side sides[MOST_MODELS], source = {.m = ref};
    for (int i = 0; i < PR_MIN(n, MOST_MODELS); i++) sides[i] = (pr_eval_side){.m = models[i]};
    return pr_eval_sides(ref ? &source : NULL, sides, n, text, o, ctl, ref_out, out, err);
}

pare_status pr_eval_sides(const pr_eval_side *ref, const pr_eval_side *sides, int n, pr_str text,
                          const pr_eval_opts *o, const pare_ctl *ctl, pr_eval_result **ref_out,
                          pr_eval_result **out, pare_err *err) {
    for (int i = 0; i < n; i++) out[i] = NULL;
    if (ref_out) *ref_out = NULL;
    if (n < 1 && !ref) return pr_fail(err, PARE_EUSAGE, -1, "no model to evaluate");
    job *j = pr_calloc(1, sizeof *j);
    if (!j) return pr_fail_nomem(err, sizeof *j);
    if (o) j->opts = *o;
    if (j->opts.n_batch == 0) j->opts.n_batch = DEFAULT_BATCH;
    j->o = &j->opts;
    j->ctl = ctl;
    pare_status st = open_all(j, ref, sides, n, text, err);
    if (st == PARE_OK && j->opts.n_batch > j->window) j->opts.n_batch = (int)j->window;
    if (st == PARE_OK) st = run_all(j, ctl, err);
    for (int i = 0; i < PR_MIN(n, MOST_MODELS); i++) {
        close_runner(&j->m[i], st == PARE_OK);
        out[i] = j->m[i].r;
    }
    close_runner(&j->ref, st == PARE_OK && ref_out);
    if (ref_out) *ref_out = j->ref.r;
    pr_ids_done(&j->ids);
    pr_free(j->spans);
    pr_free(j->fed);
    pr_free(j->ref_lse);
    pr_free(j->ref_arg);
    pr_free(j->kld);
    pr_free(j);
    return st;
}
