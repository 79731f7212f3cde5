/* report_front.c - the outcome of a search into report.json (docs/report.md). Always true:
 * pr_report_recheck finds in it what was put. */
#include "report.h"
#include <math.h>
#include <stdio.h>

static void put_number(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v))
        pr_doc_set_f64(b, o, key, v);
    else
        pr_doc_set_null(b, o, key);
}

static void put_against(pr_doc_build *b, pare_doc *o, pr_against a) {
    if (a == PR_AGAINST_NONE)
        pr_doc_set_null(b, o, "against");
    else
        pr_doc_set_str(b, o, "against", pr_against_name(a));
}

static void put_objective(pr_doc_build *b, pare_doc *array, const pr_objective *x,
                          bool weight) {
    pare_doc *o = pr_doc_add_object(b, array);
    pr_doc_set_str(b, o, "preference", x->preference);
    pr_doc_set_str(b, o, "metric", x->metric->name);
    put_against(b, o, x->against);
    if (weight)
        pr_doc_set_f64(b, o, "weight", x->weight);
    else
        pr_doc_set_str(b, o, "better", x->metric->higher ? "higher" : "lower");
}

/* "Q8_0 is at least as good in speedup, kld_mean and memory_bytes, bounds included" */
static void put_why_dominated(pr_doc_build *b, pare_doc *o, const pr_candidate *by,
                              const pr_front *f) {
    char text[512];
    size_t n = (size_t)snprintf(text, sizeof text, "%.80s is at least as good in ", by->name);
    for (size_t k = 0; k < f->n_objectives && n < sizeof text; k++) {
        const char *join = k == 0 ? "" : k + 1 == f->n_objectives ? " and " : ", ";
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", join,
                              f->objectives[k].metric->name);
    }
    if (n < sizeof text)
        snprintf(text + n, sizeof text - n, ", bounds included, and better in one");
    pr_doc_set_str(b, o, "reason", text);
}

static void put_front(pr_doc_build *b, pare_doc *report, const pr_candidate *c,
                      const pr_front *f) {
    pare_doc *front = pr_doc_set_object(b, report, "front");
    pare_doc *objectives = pr_doc_set_array(b, front, "objectives");
    for (size_t k = 0; k < f->n_objectives; k++)
        put_objective(b, objectives, &f->objectives[k], false);
    pare_doc *members = pr_doc_set_array(b, front, "members");
    pare_doc *dominated = pr_doc_set_array(b, front, "dominated");
    pare_doc *excluded = pr_doc_set_array(b, front, "excluded");
    for (size_t i = 0; i < f->n; i++) {
        const pr_standing *s = &f->standing[i];
        if (s->on_front) {
            pr_doc_add_str(b, members, c[i].name);
            continue;
        }
        pare_doc *o = pr_doc_add_object(b, s->excluded ? excluded : dominated);
        pr_doc_set_str(b, o, "name", c[i].name);
        if (s->excluded) {
            pr_doc_set_str(b, o, "reason", s->excluded);
            continue;
        }
        pare_doc *by = pr_doc_set_array(b, o, "by");
        for (size_t k = 0; k < s->n_by; k++) pr_doc_add_str(b, by, c[s->by[k]].name);
        if (s->n_by) put_why_dominated(b, o, &c[s->by[0]], f);
    }
}

static void put_choice(pr_doc_build *b, pare_doc *report, const pr_candidate *c,
                       const pr_front *f) {
    pare_doc *o = pr_doc_set_object(b, report, "choice");
    if (f->choice >= 0)
        pr_doc_set_str(b, o, "name", c[f->choice].name);
    else
        pr_doc_set_null(b, o, "name");
    pr_doc_set_bool(b, o, "accepted", f->accepted);
    put_number(b, o, "score", f->choice >= 0 ? f->standing[f->choice].score : NAN);
    pr_doc_set_str(b, o, "reason", f->reason);
    pare_doc *weights = pr_doc_set_array(b, o, "weights");
    pare_doc *ranges = pr_doc_set_array(b, o, "ranges");
    pare_doc *ranking = pr_doc_set_array(b, o, "ranking");
    for (size_t k = 0; k < f->n_objectives; k++) {
        put_objective(b, weights, &f->objectives[k], true);
        pare_doc *r = pr_doc_add_object(b, ranges);
        pr_doc_set_str(b, r, "metric", f->objectives[k].metric->name);
        put_number(b, r, "worst", f->worst[k]);
        put_number(b, r, "best", f->best[k]);
    }
    for (size_t i = 0; i < f->n_order; i++) {
        const pr_standing *s = &f->standing[f->order[i]];
        pare_doc *r = pr_doc_add_object(b, ranking);
        pr_doc_set_str(b, r, "name", c[f->order[i]].name);
        put_number(b, r, "score", s->score);
        pr_doc_set_bool(b, r, "on_front", s->on_front);
        pr_doc_set_bool(b, r, "accepted", s->accepted);
        pr_doc_set_i64(b, r, "failed", (int64_t)s->failed);
    }
}

static void put_variant(pr_doc_build *b, pare_doc *v, const pr_candidate *c,
                        const pr_standing *s, const pr_front *f, size_t n_limits) {
    pare_doc *limits = pr_doc_set_array(b, v, "constraints");
    pare_doc *gates = pr_doc_set_array(b, v, "gates");
    for (size_t i = 0; i < c->n_results; i++)
        pr_gate_put(b, i < n_limits ? limits : gates, &c->results[i]);
    put_number(b, v, "score", s->score);
    pare_doc *list = pr_doc_set_array(b, v, "normalised");
    for (size_t k = 0; k < f->n_objectives; k++) {
        pare_doc *o = pr_doc_add_object(b, list);
        pr_doc_set_str(b, o, "preference", f->objectives[k].preference);
        pr_doc_set_str(b, o, "metric", f->objectives[k].metric->name);
        put_number(b, o, "value", s->normalised[k]);
        pr_doc_set_f64(b, o, "weight", f->objectives[k].weight);
    }
}

/* "Q4_0 passes all 5" or what fails, by how much. */
static void put_summary(pr_doc_build *b, pare_doc *report, const pr_candidate *x) {
    pr_buf text;
    pr_buf_init(&text, 1 << 16);
    size_t bad = x ? pr_gates_failed(x->results, x->n_results) : 0;
    if (!x)
        pr_buf_puts(&text,
                    "No variant could be compared; the choice's reason says what each lacks.");
    else if (bad == 0)
        pr_buf_printf(&text, "%s satisfies all %zu constraints and gates.", x->name,
                      x->n_results);
    else
        pr_buf_printf(&text, "%s, the nearest, does not pass %zu of %zu constraints and gates.",
                      x->name, bad, x->n_results);
    if (x) pr_gates_say(x->results, x->n_results, &text);
    pr_doc_set_str(b, report, "summary", text.p ? text.p : "");
    pr_buf_done(&text);
}

int pr_report_put_search(pr_doc_build *b, pare_doc *report, pare_doc *const *variants,
                         const pr_candidate *c, const pr_front *f, size_t n_limits) {
    const pr_candidate *x = f->choice >= 0 ? &c[f->choice] : NULL;
    for (size_t i = 0; i < f->n; i++)
        put_variant(b, variants[i], &c[i], &f->standing[i], f, n_limits);
    put_front(b, report, c, f);
    put_choice(b, report, c, f);
    pare_doc *gates = pr_doc_set_array(b, report, "gates");
    for (size_t i = n_limits; x && i < x->n_results; i++) pr_gate_put(b, gates, &x->results[i]);
    pr_verdict v = x ? pr_gates_verdict(x->results, x->n_results) : PR_FAIL;
    pr_doc_set_str(b, report, "verdict", pr_verdict_name(v));
    put_summary(b, report, x);
    pr_doc_set_i64(b, report, "exit_status", v == PR_PASS ? 0 : 1);
    return v == PR_PASS ? 0 : 1;
}
