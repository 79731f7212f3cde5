/* metric_doc.c - metrics into a report and back. Always true: what was put and read back
 * compares as it did before (doubles keep their bits). */
#include "measure/measure.h"
#include <math.h>

static void put_number(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v))
        pr_doc_set_f64(b, o, key, v);
    else
        pr_doc_set_null(b, o, key);
}

void pr_metric_put(pr_doc_build *b, pare_doc *array, const pr_metric *m) {
    pare_doc *o = pr_doc_add_object(b, array);
    pr_doc_set_str(b, o, "name", m->info->name);
    put_number(b, o, "value", m->est.value);
    put_number(b, o, "lo", m->est.lo);
    put_number(b, o, "hi", m->est.hi);
    pr_doc_set_i64(b, o, "n", m->est.n);
    pr_doc_set_str(b, o, "unit", m->info->unit);
    put_number(b, o, "conf", m->est.conf);
    if (m->against != PR_AGAINST_NONE)
        pr_doc_set_str(b, o, "against", pr_against_name(m->against));
    if (m->est.why) pr_doc_set_str(b, o, "reason", m->est.why);
}

/* A number, or NAN where it is null or missing. */
static pare_status number(const pare_doc *o, const char *key, double *out, pare_err *err) {
    pare_doc_type kind = pare_doc_kind(pare_doc_get(o, key));
    *out = NAN;
    if (kind == PARE_DOC_NONE || kind == PARE_DOC_NULL) return PARE_OK;
    return pr_json_get_f64(o, key, -1e300, 1e300, out, err);
}

static pare_status read_one(const pare_doc *o, pr_metric *m, pare_err *err) {
    const char *against = pare_doc_str(pare_doc_get(o, "against"));
    if (!pr_against_parse(against, &m->against)) {
        return pr_fail(err, PARE_EINPUT, -1,
                       "metric '%s': against is '%s'; expected source or f32", m->info->name,
                       against);
    }
    PR_TRY(number(o, "value", &m->est.value, err));
    PR_TRY(number(o, "lo", &m->est.lo, err));
    PR_TRY(number(o, "hi", &m->est.hi, err));
    PR_TRY(number(o, "conf", &m->est.conf, err));
    PR_TRY(pr_json_opt_i64(o, "n", 0, INT64_MAX, 0, &m->est.n, err));
    m->est.se = NAN;
    m->est.why = pare_doc_str(pare_doc_get(o, "reason"));
    if (isfinite(m->est.value) && isfinite(m->est.lo) && isfinite(m->est.hi)) {
        m->est.why = NULL;
    } else if (!m->est.why) {
        m->est.why = "the report gives no bounds and no reason";
    }
    return PARE_OK;
}

pare_status pr_metrics_read(const pare_doc *variant, pr_arena *a, pr_metric **out, size_t *n,
                            pare_err *err) {
    const pare_doc *list = NULL;
    *n = 0;
    PR_TRY(pr_json_opt_arr(variant, "metrics", &list, err));
    size_t count = pare_doc_count(list);
    PR_NEW(*out, a, count, err);
    for (size_t i = 0; i < count; i++) {
        pr_metric m = {.info = pr_metric_info_find(
                           pare_doc_str(pare_doc_get(pare_doc_at(list, i), "name")))};
        if (!m.info) continue;
        PR_TRY(read_one(pare_doc_at(list, i), &m, err));
        if (pr_metric_find(*out, *n, m.info->name, m.against)) {
            return pr_fail(err, PARE_EINPUT, -1, "metric '%s' stands twice", m.info->name);
        }
        (*out)[(*n)++] = m;
    }
    return PARE_OK;
}
