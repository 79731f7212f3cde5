/* timing_doc.c - timings as documents: for reports, and as records. */
#include <math.h>
#include "timing.h"
#include "eval.h"

void pr_bench_distributions(pr_doc_build *b, pare_doc *obj, const pr_bench_result *r) {
    static const char *const names[] = {"p50", "p95", "p99"};
    pare_doc                *o = pr_doc_set_object(b, obj, "token_ms"), *a;
    pr_doc_set_str(b, o, "unit", "ms");
    a = pr_doc_set_array(b, o, "edges");
    for (int i = 0; i <= PR_BENCH_BINS; i++) pr_doc_add_f64(b, a, r->edges[i]);
    a = pr_doc_set_array(b, o, "counts");
    for (int i = 0; i < PR_BENCH_BINS; i++) pr_doc_add_i64(b, a, r->counts[i]);
    a = pr_doc_set_object(b, o, "quantiles");
    for (int i = 0; i < 3; i++)
        if (isfinite(r->quantile[i])) pr_doc_set_f64(b, a, names[i], r->quantile[i]);
}

pare_status pr_bench_to_doc(const pr_bench_result *r, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b), *a;
    pr_doc_set_i64(&b, d, "rounds", r->rounds);
    pr_doc_set_i64(&b, d, "prompt_tokens", r->prompt_tokens);
    pr_doc_set_i64(&b, d, "decode_tokens", r->decode_tokens);
    a = pr_doc_set_array(&b, d, "metrics");
    for (size_t i = 0; i < r->n_metrics; i++) {
        pr_est_put(&b, a, &r->metrics[i].est);
        pare_doc   *o = pr_doc_add_object(&b, a);
        const char *against = pr_against_name(r->metrics[i].against);
        pr_doc_set_str(&b, o, "name", r->metrics[i].info->name);
        if (against) pr_doc_set_str(&b, o, "against", against);
        if (r->metrics[i].est.why) pr_doc_set_str(&b, o, "why", r->metrics[i].est.why);
    }
    pr_bench_distributions(&b, d, r);
    return pr_doc_done(&b, d, out, err);
}

pare_status pr_bench_from_doc(const pare_doc *d, pr_bench_result **out, pare_err *err) {
    const pare_doc  *a = pare_doc_get(d, "metrics"), *t = pare_doc_get(d, "token_ms");
    pr_bench_result *r = *out = pr_calloc(1, sizeof *r);
    if (!r) return pr_fail_nomem(err, sizeof *r);
    r->rounds = pare_doc_int(pare_doc_get(d, "rounds"));
    r->prompt_tokens = pare_doc_int(pare_doc_get(d, "prompt_tokens"));
    r->decode_tokens = pare_doc_int(pare_doc_get(d, "decode_tokens"));
    for (size_t i = 0; i + 1 < pare_doc_count(a) && r->n_metrics < PR_BENCH_METRICS; i += 2) {
        const pare_doc *o = pare_doc_at(a, i + 1);
        const char     *name = pare_doc_str(pare_doc_get(o, "name"));
        pr_metric m = {.info = name ? pr_metric_info_find(name) : NULL,
                       .est = pr_est_take(pare_doc_at(a, i))};
        if (!m.info || !pr_against_parse(pare_doc_str(pare_doc_get(o, "against")), &m.against))
            continue;
        if (m.est.why && !isfinite(m.est.value)) m.est.why = "not measured when this was recorded";
        r->metrics[r->n_metrics++] = m;
    }
    for (size_t i = 0; i <= PR_BENCH_BINS; i++)
        r->edges[i] = pare_doc_num(pare_doc_at(pare_doc_get(t, "edges"), i));
    for (size_t i = 0; i < PR_BENCH_BINS; i++)
        r->counts[i] = pare_doc_int(pare_doc_at(pare_doc_get(t, "counts"), i));
    static const char *const paths[] = {"quantiles/p50", "quantiles/p95", "quantiles/p99"};
    for (int i = 0; i < 3; i++) r->quantile[i] = pare_doc_num(pare_doc_path(t, paths[i]));
    return PARE_OK;
}
