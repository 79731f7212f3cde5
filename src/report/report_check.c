/* report_check.c - judge a report again from its own numbers: every gate and constraint, then
 * the front, the scores, the choice and the verdict. Always true: only metrics, thresholds and
 * weights are read; what the report claims is compared with what follows from them. */
#include "report.h"
#include "search/search.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { CHECK_ARENA_BYTES = 256 << 20 };

typedef struct {
    const pare_doc *report, *variants;
    pr_arena *arena;
    pr_recheck *out;
    pr_candidate *cand;
    size_t n;
} check;

static void compare(check *c, bool same, const char *fmt, ...) PR_PRINTF(3, 4);
static void compare(check *c, bool same, const char *fmt, ...) {
    c->out->n_checked++;
    if (same) return;
    if (c->out->n_differ++ > 0) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->out->first, sizeof c->out->first, fmt, ap);
    va_end(ap);
}

static const char *text(const pare_doc *v) {
    const char *s = pare_doc_str(v);
    return s ? s : "";
}

/* Equal, both unknown, or apart by no more than the roundings of a sum of sixteen terms may
 * leave when another order or another program summed them. */
static bool same_number(double a, double b) {
    if (!isfinite(a) || !isfinite(b)) return !isfinite(a) && !isfinite(b);
    return fabs(a - b) <= 64 * 2.2204460492503131e-16 * PR_MAX(1, PR_MAX(fabs(a), fabs(b)));
}

/* One written gate against the metrics of its variant. */
static pare_status check_gate(check *c, const pare_doc *written, const pr_candidate *v,
                              pr_gate_result *r, pare_err *err) {
    pr_gate *g;
    PR_NEW(g, c->arena, 1, err);
    PR_TRY(pr_gate_read(written, g, err));
    pr_gate_judge(g, v->name, v->metrics, v->n_metrics, r);
    const char *said = text(pare_doc_get(written, "verdict"));
    compare(c, strcmp(said, pr_verdict_name(r->verdict)) == 0,
            "%s, gate %s: written %s, judged %s", v->name, g->name, said,
            pr_verdict_name(r->verdict));
    compare(c, same_number(pare_doc_num(pare_doc_get(written, "margin")), r->margin),
            "%s, gate %s: margin written %g, found %g", v->name, g->name,
            pare_doc_num(pare_doc_get(written, "margin")), r->margin);
    return PARE_OK;
}

/* Both lists of a variant into v->results. */
static pare_status check_results(check *c, const pare_doc *written, pr_candidate *v,
                                 pare_err *err) {
    const pare_doc *limits = NULL, *gates = NULL;
    pr_gate_result *r;
    PR_TRY(pr_json_opt_arr(written, "constraints", &limits, err));
    PR_TRY(pr_json_opt_arr(written, "gates", &gates, err));
    size_t n_limits = pare_doc_count(limits), n_gates = pare_doc_count(gates);
    PR_NEW(r, c->arena, n_limits + n_gates, err);
    for (size_t i = 0; i < n_limits; i++)
        PR_TRY(check_gate(c, pare_doc_at(limits, i), v, &r[i], err));
    for (size_t i = 0; i < n_gates; i++)
        PR_TRY(check_gate(c, pare_doc_at(gates, i), v, &r[n_limits + i], err));
    v->results = r;
    v->n_results = n_limits + n_gates;
    return PARE_OK;
}

static bool asks_the_same(const pr_gate *a, const pr_gate *b) {
    return strcmp(a->name, b->name) == 0 && strcmp(a->metric, b->metric) == 0 &&
           a->against == b->against && a->op == b->op && a->threshold == b->threshold &&
           a->bound == b->bound && a->min_n == b->min_n;
}

/* Whether `list` (as asked) is what v's results [from, from + count) judged, gate by gate. */
static pare_status check_asked(check *c, const pare_doc *list, const pr_candidate *v,
                               size_t from, size_t count, pare_err *err) {
    compare(c, pare_doc_count(list) == count, "%s: %zu gates judged, %zu asked for", v->name,
            count, pare_doc_count(list));
    for (size_t i = 0; i < PR_MIN(count, pare_doc_count(list)); i++) {
        pr_gate g;
        PR_TRY(pr_gate_read(pare_doc_at(list, i), &g, err));
        compare(c, asks_the_same(&g, v->results[from + i].gate),
                "%s: gate %s is not what was asked for", v->name,
                v->results[from + i].gate->name);
    }
    return PARE_OK;
}

static pare_status read_variant(check *c, size_t i, pare_err *err) {
    const pare_doc *written = pare_doc_at(c->variants, i);
    pr_candidate *v = &c->cand[i];
    pr_metric *m;
    int64_t bytes = 0;
    pr_str name;
    PR_TRY(pr_json_get_str(written, "name", &name, err));
    PR_TRY(pr_json_opt_i64(written, "bytes", 0, INT64_MAX, 0, &bytes, err));
    PR_TRY(pr_metrics_read(written, c->arena, &m, &v->n_metrics, err));
    v->name = pare_doc_str(pare_doc_get(written, "name"));
    v->bytes = (uint64_t)bytes;
    v->metrics = m;
    v->error = pare_doc_str(pare_doc_get(written, "error"));
    PR_TRY(check_results(c, written, v, err));
    size_t n_gates = pare_doc_count(pare_doc_get(written, "gates")),
           n_limits = v->n_results - n_gates;
    PR_TRY(check_asked(c, pare_doc_path(c->report, "policy/gates"), v, n_limits, n_gates, err));
    return check_asked(c, pare_doc_path(c->report, "settings/constraints"), v, 0, n_limits,
                       err);
}

/* The objectives of the front with the weights of the choice. */
static pare_status read_objectives(check *c, pr_objective *o, size_t *n, pare_err *err) {
    const pare_doc *list = NULL, *weights = NULL;
    PR_TRY(pr_json_get_arr(pare_doc_get(c->report, "front"), "objectives", &list, err));
    PR_TRY(pr_json_get_arr(pare_doc_get(c->report, "choice"), "weights", &weights, err));
    *n = pare_doc_count(list);
    if (*n == 0 || *n > PR_OBJECTIVES_MAX || pare_doc_count(weights) != *n) {
        return pr_fail(err, PARE_EINPUT, -1,
                       "%zu objectives and %zu weights; expected 1 to %d of each", *n,
                       pare_doc_count(weights), PR_OBJECTIVES_MAX);
    }
    for (size_t i = 0; i < *n; i++) {
        const pare_doc *x = pare_doc_at(list, i);
        o[i] = (pr_objective){.preference = text(pare_doc_get(x, "preference")),
                              .metric = pr_metric_info_find(text(pare_doc_get(x, "metric")))};
        if (!o[i].metric ||
            !pr_against_parse(pare_doc_str(pare_doc_get(x, "against")), &o[i].against)) {
            return pr_fail(err, PARE_EINPUT, -1, "objective %zu: unknown metric '%s'", i,
                           text(pare_doc_get(x, "metric")));
        }
        PR_TRY(pr_json_get_f64(pare_doc_at(weights, i), "weight", 0, 1e6, &o[i].weight, err));
    }
    return PARE_OK;
}

static bool names_have(const pare_doc *list, const char *name) {
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        if (strcmp(text(pare_doc_at(list, i)), name) == 0) return true;
    }
    return false;
}

static void check_standings(check *c, const pr_front *f) {
    const pare_doc *members = pare_doc_path(c->report, "front/members");
    compare(c, pare_doc_count(members) == f->n_front,
            "the front has %zu members, %zu are written", f->n_front, pare_doc_count(members));
    for (size_t i = 0; i < c->n; i++) {
        double written = pare_doc_num(pare_doc_get(pare_doc_at(c->variants, i), "score"));
        compare(c, names_have(members, c->cand[i].name) == f->standing[i].on_front,
                "%s: %s the front", c->cand[i].name,
                f->standing[i].on_front ? "belongs on" : "does not belong on");
        compare(c, same_number(written, f->standing[i].score), "%s: score written %g, found %g",
                c->cand[i].name, written, f->standing[i].score);
    }
}

static pare_status check_top_gates(check *c, const pr_candidate *chosen, pare_err *err) {
    const pare_doc *gates = NULL,
                   *of_variant = pare_doc_get(
                       pare_doc_at(c->variants, (size_t)(chosen - c->cand)), "gates");
    PR_TRY(pr_json_opt_arr(c->report, "gates", &gates, err));
    compare(c, pare_doc_count(gates) == pare_doc_count(of_variant),
            "%zu gates at the top, %zu at %s", pare_doc_count(gates),
            pare_doc_count(of_variant), chosen->name);
    for (size_t i = 0; i < pare_doc_count(gates); i++) {
        pr_gate_result r;
        PR_TRY(check_gate(c, pare_doc_at(gates, i), chosen, &r, err));
    }
    return PARE_OK;
}

static pare_status check_choice(check *c, const pr_front *f, pare_err *err) {
    const char *written = text(pare_doc_path(c->report, "choice/name")),
               *said = text(pare_doc_get(c->report, "verdict"));
    const char *found = f->choice >= 0 ? c->cand[f->choice].name : "";
    pr_verdict verdict = PR_FAIL;
    compare(c, strcmp(written, found) == 0, "choice written '%s', found '%s'", written, found);
    compare(c, pare_doc_bool(pare_doc_path(c->report, "choice/accepted")) == f->accepted,
            "the choice %s accepted", f->accepted ? "is" : "is not");
    if (f->choice >= 0) {
        const pr_candidate *v = &c->cand[f->choice];
        verdict = pr_gates_verdict(v->results, v->n_results);
        PR_TRY(check_top_gates(c, v, err));
    }
    compare(c, strcmp(said, pr_verdict_name(verdict)) == 0, "verdict written '%s', found '%s'",
            said, pr_verdict_name(verdict));
    double status = pare_doc_num(pare_doc_get(c->report, "exit_status"));
    compare(c, status == (verdict == PR_PASS ? 0 : 1), "exit_status is %g for '%s'", status,
            pr_verdict_name(verdict));
    return PARE_OK;
}

static pare_status check_all(check *c, pare_err *err) {
    pr_objective o[PR_OBJECTIVES_MAX];
    size_t n_o = 0;
    pr_front f;
    PR_TRY(pr_json_get_arr(c->report, "variants", &c->variants, err));
    c->n = pare_doc_count(c->variants);
    PR_NEW(c->cand, c->arena, c->n, err);
    for (size_t i = 0; i < c->n; i++) PR_TRY(read_variant(c, i, err));
    PR_TRY(read_objectives(c, o, &n_o, err));
    PR_TRY(pr_front_make(c->cand, c->n, o, n_o, c->arena, &f, err));
    check_standings(c, &f);
    return check_choice(c, &f, err);
}

pare_status pr_report_recheck(const pare_doc *report, pr_recheck *out, pare_err *err) {
    double schema = pare_doc_num(pare_doc_get(report, "schema"));
    check c = {.report = report, .out = out};
    *out = (pr_recheck){0};
    if (schema != 1)
        return pr_fail(err, PARE_EINPUT, -1, "schema is %g; this pare reads 1", schema);
    c.arena = pr_arena_new(CHECK_ARENA_BYTES);
    if (!c.arena) return pr_fail_nomem(err, CHECK_ARENA_BYTES);
    pare_status st = check_all(&c, err);
    pr_arena_free(c.arena);
    if (st != PARE_OK) *out = (pr_recheck){0};
    return st;
}
