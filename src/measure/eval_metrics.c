/* eval_metrics.c - from sums per window to metrics, distributions, records. */
#include <math.h>
#include "eval.h"

static const double CONF = 0.95;

/* Windows with what was summed over them. */
static pr_win *windows(const pr_eval_result *r, const double *sum) {
    pr_win *w = pr_calloc((size_t)r->n_windows, sizeof *w);
    for (int64_t i = 0; w && i < r->n_windows; i++) w[i] = (pr_win){sum[i], r->count[i]};
    return w;
}

typedef pr_est (*mean_fn)(const pr_win *, int64_t, double);
typedef pr_est (*pair_fn)(const pr_win *, const pr_win *, int64_t, double);

static pr_est mean_of(const pr_eval_result *r, const double *sum, mean_fn f) {
    pr_win *w = windows(r, sum);
    pr_est  e = w ? f(w, r->n_windows, CONF) : pr_est_none("no memory");
    pr_free(w);
    return e;
}

static pr_est pair_of(const pr_eval_result *a, const double *sa, const pr_eval_result *b,
                      const double *sb, pair_fn f) {
    if (a->n_windows != b->n_windows || a->n_predictions != b->n_predictions)
        return pr_est_none("the baseline was evaluated on other windows");
    pr_win *wa = windows(a, sa), *wb = windows(b, sb);
    pr_est  e = wa && wb ? f(wa, wb, a->n_windows, CONF) : pr_est_none("no memory");
    pr_free(wa);
    pr_free(wb);
    return e;
}

static void add(pr_metric *out, size_t *n, const char *name, pr_against against, pr_est e) {
    out[(*n)++] = (pr_metric){.info = pr_metric_info_find(name), .against = against, .est = e};
}

static void add_pairs(const pr_eval_result *r, const pr_eval_result *base, pr_against against,
                      pr_metric *out, size_t *n) {
    add(out, n, "ppl_ratio", against,
        pr_est_exp(pair_of(r, r->nll, base, base->nll, pr_est_pair_diff)));
    add(out, n, "accuracy_kept", against, pair_of(r, r->hits, base, base->hits, pr_est_pair_ratio));
}

size_t pr_eval_metrics(const pr_eval_result *r, const pr_eval_result *source,
                       const pr_eval_result *f32, pr_metric *out) {
    static const char *const quantiles[PR_EVAL_QUANTILES] = {"kld_median", "kld_p95", "kld_p99"};
    size_t                   n = 0;
    pr_est                   nll = mean_of(r, r->nll, pr_est_ratio);
    add(out, &n, "nll", PR_AGAINST_NONE, nll);
    add(out, &n, "perplexity", PR_AGAINST_NONE, pr_est_exp(nll));
    add(out, &n, "accuracy", PR_AGAINST_NONE, mean_of(r, r->hits, pr_est_share));
    if (source) add_pairs(r, source, PR_AGAINST_SOURCE, out, &n);
    if (f32) add_pairs(r, f32, PR_AGAINST_F32, out, &n);
    if (!r->compared) return n;
    add(out, &n, "kld_mean", PR_AGAINST_SOURCE, mean_of(r, r->kld, pr_est_ratio));
    for (int i = 0; i < PR_EVAL_QUANTILES; i++)
        add(out, &n, quantiles[i], PR_AGAINST_SOURCE, r->kld_quantile[i]);
    add(out, &n, "kld_max", PR_AGAINST_SOURCE, pr_est_counted(r->kld_max));
    add(out, &n, "top1_agreement", PR_AGAINST_SOURCE, mean_of(r, r->agree, pr_est_share));
    return n;
}

/* ------------------------------------------------------------------ report */

void pr_eval_distributions(pr_doc_build *b, pare_doc *obj, const pr_eval_result *r) {
    pare_doc *o = pr_doc_set_object(b, obj, "window_nll"), *a;
    pr_doc_set_str(b, o, "unit", "nats/token");
    a = pr_doc_set_array(b, o, "values");
    for (int64_t i = 0; i < r->n_windows; i++)
        pr_doc_add_f64(b, a, r->count[i] > 0 ? r->nll[i] / r->count[i] : 0);
    if (!r->compared) return;
    int lo = 0, hi = PR_EVAL_BINS - 1;
    while (lo < hi && r->kld_bins[lo] == 0) lo++;
    while (hi > lo && r->kld_bins[hi] == 0) hi--;
    if (lo) lo--;
    o = pr_doc_set_object(b, obj, "kld");
    pr_doc_set_str(b, o, "unit", "nats");
    a = pr_doc_set_array(b, o, "edges");
    pr_doc_add_f64(b, a, 0);
    for (int i = lo; i <= hi; i++) pr_doc_add_f64(b, a, ldexp(1e-8, i));
    a = pr_doc_set_array(b, o, "counts");
    int64_t below = 0;
    for (int i = 0; i <= lo; i++) below += r->kld_bins[i];
    pr_doc_add_i64(b, a, below);
    for (int i = lo + 1; i <= hi; i++) pr_doc_add_i64(b, a, r->kld_bins[i]);
    static const char *const names[PR_EVAL_QUANTILES] = {"p50", "p95", "p99"};
    a = pr_doc_set_object(b, o, "quantiles");
    for (int i = 0; i < PR_EVAL_QUANTILES; i++)
        if (isfinite(r->kld_quantile[i].value))
            pr_doc_set_f64(b, a, names[i], r->kld_quantile[i].value);
}

/* ------------------------------------------------------------------ records */

static void put_array(pr_doc_build *b, pare_doc *o, const char *key, const double *v, int64_t n) {
    pare_doc *a = pr_doc_set_array(b, o, key);
    for (int64_t i = 0; i < n; i++) pr_doc_add_f64(b, a, v[i]);
}

void pr_est_put(pr_doc_build *b, pare_doc *arr, const pr_est *e) {
    pare_doc *o = pr_doc_add_object(b, arr);
    if (!isfinite(e->value)) return;
    pr_doc_set_f64(b, o, "value", e->value);
    if (isfinite(e->lo) && isfinite(e->hi)) {
        pr_doc_set_f64(b, o, "lo", e->lo);
        pr_doc_set_f64(b, o, "hi", e->hi);
    }
    if (isfinite(e->se)) pr_doc_set_f64(b, o, "se", e->se);
    pr_doc_set_i64(b, o, "n", e->n);
    pr_doc_set_f64(b, o, "conf", e->conf);
}

pr_est pr_est_take(const pare_doc *o) {
    pr_est e = pr_est_none("not in the record");
    if (pare_doc_kind(pare_doc_get(o, "value")) <= PARE_DOC_NULL) return e;
    e.value = pare_doc_num(pare_doc_get(o, "value"));
    e.lo = pare_doc_num(pare_doc_get(o, "lo"));
    e.hi = pare_doc_num(pare_doc_get(o, "hi"));
    e.se = pare_doc_num(pare_doc_get(o, "se"));
    e.n = pare_doc_int(pare_doc_get(o, "n"));
    e.conf = pare_doc_num(pare_doc_get(o, "conf"));
    e.why = isfinite(e.lo) && isfinite(e.hi) ? NULL : "too few values for bounds";
    return e;
}

pare_status pr_eval_to_doc(const pr_eval_result *r, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b), *a;
    pr_doc_set_i64(&b, d, "window", r->window);
    pr_doc_set_i64(&b, d, "windows", r->n_windows);
    pr_doc_set_i64(&b, d, "tokens", r->n_tokens);
    pr_doc_set_i64(&b, d, "predictions", r->n_predictions);
    pr_doc_set_bool(&b, d, "compared", r->compared);
    put_array(&b, d, "count", r->count, r->n_windows);
    put_array(&b, d, "nll", r->nll, r->n_windows);
    put_array(&b, d, "hits", r->hits, r->n_windows);
    put_array(&b, d, "kld", r->kld, r->n_windows);
    put_array(&b, d, "agree", r->agree, r->n_windows);
    pr_doc_set_f64(&b, d, "kld_max", r->kld_max);
    a = pr_doc_set_array(&b, d, "kld_quantile");
    for (int i = 0; i < PR_EVAL_QUANTILES; i++) pr_est_put(&b, a, &r->kld_quantile[i]);
    a = pr_doc_set_array(&b, d, "kld_bins");
    for (int i = 0; i < PR_EVAL_BINS; i++) pr_doc_add_i64(&b, a, r->kld_bins[i]);
    return pr_doc_done(&b, d, out, err);
}

static pare_status take_array(const pare_doc *d, const char *key, double *v, int64_t n,
                              pare_err *err) {
    const pare_doc *a = pare_doc_get(d, key);
    if ((int64_t)pare_doc_count(a) != n)
        return pr_fail(err, PARE_EINPUT, -1, "record: '%s' has %zu values, expected %lld", key,
                       pare_doc_count(a), (long long)n);
    for (int64_t i = 0; i < n; i++) v[i] = pare_doc_num(pare_doc_at(a, (size_t)i));
    return PARE_OK;
}

static pare_status take_all(const pare_doc *d, pr_eval_result *r, pare_err *err) {
    int64_t n = r->n_windows;
    PR_TRY(take_array(d, "count", r->count, n, err));
    PR_TRY(take_array(d, "nll", r->nll, n, err));
    PR_TRY(take_array(d, "hits", r->hits, n, err));
    PR_TRY(take_array(d, "kld", r->kld, n, err));
    PR_TRY(take_array(d, "agree", r->agree, n, err));
    r->window = pare_doc_int(pare_doc_get(d, "window"));
    r->n_tokens = pare_doc_int(pare_doc_get(d, "tokens"));
    r->n_predictions = pare_doc_int(pare_doc_get(d, "predictions"));
    r->kld_max = pare_doc_num(pare_doc_get(d, "kld_max"));
    for (int i = 0; i < PR_EVAL_QUANTILES; i++)
        r->kld_quantile[i] = pr_est_take(pare_doc_at(pare_doc_get(d, "kld_quantile"), (size_t)i));
    for (int i = 0; i < PR_EVAL_BINS; i++)
        r->kld_bins[i] = pare_doc_int(pare_doc_at(pare_doc_get(d, "kld_bins"), (size_t)i));
    return PARE_OK;
}

pare_status pr_eval_from_doc(const pare_doc *d, pr_eval_result **out, pare_err *err) {
    int64_t n = pare_doc_int(pare_doc_get(d, "windows"));
    *out = NULL;
    if (n < 1 || (size_t)n != pare_doc_count(pare_doc_get(d, "count")))
        return pr_fail(err, PARE_EINPUT, -1, "record: %lld windows", (long long)n);
    PR_TRY(pr_eval_result_new(out, n, pare_doc_bool(pare_doc_get(d, "compared")), err));
    pare_status st = take_all(d, *out, err);
    if (st == PARE_OK) return PARE_OK;
    pr_eval_result_free(*out);
    *out = NULL;
    return st;
}
