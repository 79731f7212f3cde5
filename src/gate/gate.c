/* gate.c - judging. Always true: a result is PASS only if a finite estimate was there, had
 * blocks enough, and its deciding bound satisfied the threshold. The comparing itself is
 * stat's judge; a strict side asks it for the next double. */
#include "gate/gate.h"
#include <math.h>
#include <stdio.h>

static const char *const signs[] = {">", ">=", "<", "<="};

const char *pr_op_sign(pr_op op) {
    return signs[op];
}

bool pr_op_parse(const char *sign, pr_op *out) {
    for (size_t i = 0; sign && i < PR_COUNT(signs); i++) {
        if (strcmp(sign, signs[i]) == 0) return *out = (pr_op)i, true;
    }
    return false;
}

static bool wants_more(pr_op op) {
    return op == PR_OP_ABOVE || op == PR_OP_AT_LEAST;
}

/* The threshold that makes "at least" (or "at most") mean what `g` says. */
static double judged_threshold(const pr_gate *g) {
    if (g->op == PR_OP_ABOVE) return nextafter(g->threshold, INFINITY);
    if (g->op == PR_OP_BELOW) return nextafter(g->threshold, -INFINITY);
    return g->threshold;
}

static void say_missing(pr_gate_result *r) {
    const char *why = r->est.why ? r->est.why : "it was not measured";
    r->verdict = PR_FAIL;
    r->margin = NAN;
    snprintf(r->reason, sizeof r->reason, "%s is missing: %s", r->gate->metric, why);
}

static void say_judged(pr_gate_result *r, double deciding) {
    const pr_gate *g = r->gate;
    const char *bound = r->decided_by[0] == 'l'   ? "lower bound"
                        : r->decided_by[0] == 'h' ? "upper bound"
                                                  : "value";
    const pr_metric_info *info = pr_metric_info_find(g->metric);
    char got[48], limit[48], by[48];
    pr_metric_show(info, deciding, 0, got, sizeof got);
    pr_metric_show(info, g->threshold, 0, limit, sizeof limit);
    pr_metric_show_gap(info, fabs(r->margin), by, sizeof by);
    const char *side = wants_more(g->op) ? "above" : "below";
    if (r->verdict != PR_PASS) side = wants_more(g->op) ? "short of" : "over";
    if (r->margin == 0 && r->verdict == PR_PASS) {
        snprintf(r->reason, sizeof r->reason, "%s %s is at the limit", bound, got);
        return;
    }
    snprintf(r->reason, sizeof r->reason, "%s %s is %s %s the limit of %s%s", bound, got, by,
             side, limit,
             r->verdict == PR_UNDECIDED ? "; the other bound is inside it: measure longer"
                                        : "");
}

void pr_gate_judge(const pr_gate *g, const char *variant, const pr_metric *list, size_t n,
                   pr_gate_result *out) {
    const pr_metric *m = pr_metric_find(list, n, g->metric, g->against);
    bool more = wants_more(g->op);
    *out = (pr_gate_result){.gate = g, .variant = variant, .margin = NAN};
    out->est = m ? m->est : pr_est_none("it was not measured");
    out->decided_by = g->bound == PR_BOUND_VALUE ? "value" : more ? "lo" : "hi";
    pr_est e = out->est;
    if (g->bound == PR_BOUND_VALUE) e.lo = e.hi = e.value;
    if (g->bound == PR_BOUND_VALUE && isfinite(e.value)) e.why = NULL;
    if (!pr_est_ok(&e)) {
        say_missing(out);
        return;
    }
    double deciding = more ? e.lo : e.hi;
    out->margin = more ? deciding - g->threshold : g->threshold - deciding;
    if (e.n < g->min_n) {
        out->verdict = PR_FAIL;
        snprintf(out->reason, sizeof out->reason,
                 "measured on %lld independent blocks, the policy asks for at least %lld",
                 (long long)e.n, (long long)g->min_n);
        return;
    }
    out->verdict = pr_judge(&e, judged_threshold(g), more ? PR_AT_LEAST : PR_AT_MOST).verdict;
    say_judged(out, deciding);
}

void pr_policy_judge(const pr_policy *p, const char *variant, const pr_metric *list, size_t n,
                     pr_gate_result *out) {
    for (size_t i = 0; i < p->n_gates; i++)
        pr_gate_judge(&p->gates[i], variant, list, n, &out[i]);
}

pr_verdict pr_gates_verdict(const pr_gate_result *r, size_t n) {
    pr_verdict worst = PR_PASS;
    for (size_t i = 0; i < n; i++) {
        if (r[i].verdict == PR_FAIL) return PR_FAIL;
        if (r[i].verdict != PR_PASS) worst = PR_UNDECIDED;
    }
    return worst;
}

size_t pr_gates_failed(const pr_gate_result *r, size_t n) {
    size_t failed = 0;
    for (size_t i = 0; i < n; i++) failed += r[i].verdict != PR_PASS;
    return failed;
}

void pr_gates_say(const pr_gate_result *r, size_t n, pr_buf *text) {
    bool all = pr_gates_failed(r, n) == 0;
    for (size_t i = 0; i < n; i++) {
        const char *name = r[i].gate->name;
        if (!all && r[i].verdict == PR_PASS) continue;
        pr_buf_printf(text, " %c%s: %s.",
                      name[0] >= 'a' && name[0] <= 'z' ? name[0] - 32 : name[0], name + 1,
                      r[i].reason);
    }
}

pare_status pr_policy_check(const pr_policy *p, pr_can_fn can, void *user, pare_err *err) {
    for (size_t i = 0; i < p->n_gates; i++) {
        const pr_gate *g = &p->gates[i];
        const pr_metric_info *m = pr_metric_info_find(g->metric);
        const char *why = m ? can(user, m) : "no such metric";
        if (!why) continue;
        return pr_fail(err, PARE_EENV, -1,
                       "policy '%s', gate '%s': this machine cannot measure %s: %s", p->name,
                       g->name, g->metric, why);
    }
    return PARE_OK;
}
