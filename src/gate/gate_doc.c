/* gate_doc.c - gates and policies into a report and back. Always true: a gate read back from
 * what was put judges as the first one did. */
#include "gate/gate.h"
#include <math.h>

static void put_number(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v))
        pr_doc_set_f64(b, o, key, v);
    else
        pr_doc_set_null(b, o, key);
}

static void put_asked(pr_doc_build *b, pare_doc *o, const pr_gate *g) {
    pr_doc_set_str(b, o, "name", g->name);
    pr_doc_set_str(b, o, "metric", g->metric);
    if (g->against == PR_AGAINST_NONE)
        pr_doc_set_null(b, o, "against");
    else
        pr_doc_set_str(b, o, "against", pr_against_name(g->against));
    pr_doc_set_str(b, o, "op", pr_op_sign(g->op));
    put_number(b, o, "threshold", g->threshold);
    pr_doc_set_i64(b, o, "min_n", g->min_n);
}

void pr_gate_put(pr_doc_build *b, pare_doc *array, const pr_gate_result *r) {
    pare_doc *o = pr_doc_add_object(b, array);
    const pr_metric_info *info = pr_metric_info_find(r->gate->metric);
    if (r->variant) pr_doc_set_str(b, o, "variant", r->variant);
    put_asked(b, o, r->gate);
    pr_doc_set_str(b, o, "bound", r->decided_by);
    put_number(b, o, "value", r->est.value);
    put_number(b, o, "lo", r->est.lo);
    put_number(b, o, "hi", r->est.hi);
    pr_doc_set_i64(b, o, "n", r->est.n);
    pr_doc_set_str(b, o, "unit", info ? info->unit : "");
    pr_doc_set_str(b, o, "verdict", pr_verdict_name(r->verdict));
    put_number(b, o, "margin", r->margin);
    pr_doc_set_str(b, o, "reason", r->reason);
}

void pr_gate_put_asked(pr_doc_build *b, pare_doc *array, const pr_gate *g) {
    pare_doc *o = pr_doc_add_object(b, array);
    put_asked(b, o, g);
    pr_doc_set_str(b, o, "bound", g->bound == PR_BOUND_VALUE ? "value" : "unfavourable");
}

void pr_policy_put(pr_doc_build *b, pare_doc *report, const pr_policy *p) {
    pare_doc *o = pr_doc_set_object(b, report, "policy");
    pr_doc_set_str(b, o, "name", p->name);
    pr_doc_set_str(b, o, "source", p->source);
    if (p->sha256[0])
        pr_doc_set_str(b, o, "sha256", p->sha256);
    else
        pr_doc_set_null(b, o, "sha256");
    pare_doc *gates = pr_doc_set_array(b, o, "gates");
    for (size_t i = 0; i < p->n_gates; i++) pr_gate_put_asked(b, gates, &p->gates[i]);
}

static const char *text_at(const pare_doc *o, const char *key) {
    const char *s = pare_doc_str(pare_doc_get(o, key));
    return s ? s : "";
}

pare_status pr_gate_read(const pare_doc *gate, pr_gate *out, pare_err *err) {
    const pr_metric_info *info = pr_metric_info_find(text_at(gate, "metric"));
    pr_gate g = {.name = text_at(gate, "name")};
    *out = (pr_gate){0};
    if (!info)
        return pr_fail(err, PARE_EINPUT, -1, "gate '%s': unknown metric '%s'", g.name,
                       text_at(gate, "metric"));
    g.metric = info->name;
    if (!pr_op_parse(text_at(gate, "op"), &g.op)) {
        return pr_fail(err, PARE_EINPUT, -1,
                       "gate '%s': op is '%s'; expected >, >=, < or <=", g.name,
                       text_at(gate, "op"));
    }
    const char *against = pare_doc_str(pare_doc_get(gate, "against")),
               *bound = text_at(gate, "bound");
    if (!pr_against_parse(against, &g.against)) {
        return pr_fail(err, PARE_EINPUT, -1,
                       "gate '%s': against is '%s'; expected source or f32", g.name, against);
    }
    const char *hard = g.op == PR_OP_ABOVE || g.op == PR_OP_AT_LEAST ? "lo" : "hi";
    g.bound = strcmp(bound, "value") == 0 ? PR_BOUND_VALUE : PR_BOUND_UNFAVOURABLE;
    if (*bound && g.bound != PR_BOUND_VALUE && strcmp(bound, hard) != 0 &&
        strcmp(bound, "unfavourable") != 0) {
        return pr_fail(err, PARE_EINPUT, -1,
                       "gate '%s': bound is '%s'; expected %s, unfavourable or value", g.name,
                       bound, hard);
    }
    PR_TRY(pr_json_get_f64(gate, "threshold", -1e300, 1e300, &g.threshold, err));
    PR_TRY(pr_json_opt_i64(gate, "min_n", 0, INT64_MAX, 0, &g.min_n, err));
    *out = g;
    return PARE_OK;
}

pare_status pr_policy_judge_report(const pr_policy *p, const pare_doc *report, const char *name,
                                   pr_arena *a, pr_gate_result *results, pare_err *err) {
    const pare_doc *list = NULL;
    PR_TRY(pr_json_get_arr(report, "variants", &list, err));
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *v = pare_doc_at(list, i);
        if (strcmp(text_at(v, "name"), name) != 0) continue;
        pr_metric *m;
        size_t n;
        PR_TRY(pr_metrics_read(v, a, &m, &n, err));
        pr_policy_judge(p, pare_doc_str(pare_doc_get(v, "name")), m, n, results);
        return PARE_OK;
    }
    return pr_fail(err, PARE_EINPUT, -1, "the report has no variant '%s'", name);
}
