/* ready_measured.c - the two parts that optimize has measured already: accuracy and performance,
 * judged from the report's metrics; and whether its records and its verdicts agree. */
#include <math.h>
#include <stdio.h>
#include "ready_job.h"
#include "report/report.h"

static const char *const measured[] = {"accuracy.kept", "accuracy.divergence", "accuracy.agreement",
                                       "accuracy.perplexity", "performance.speed",
                                       "performance.memory", "performance.variation",
                                       "performance.latency", "performance.first-token"};

/* Without a report there is nothing to judge by, and nothing is passed. */
static void no_report(ready_job *j) {
    for (size_t i = 0; i < PR_CHECKS; i++) {
        pr_part p = j->c[i].rule->part;
        if (p != PR_PART_ACCURACY && p != PR_PART_PERFORMANCE) continue;
        bool asked = !j->c[i].rule->metric || !isnan(j->c[i].limit);
        pr_check_say(&j->c[i], asked ? PR_CHECK_UNDECIDED : PR_CHECK_NONE,
                     "pare optimize SRC -o DIR",
                     asked ? "no report: a model by itself was not measured"
                           : "the policy gives no limit");
    }
}

static void samples(ready_job *j) {
    pr_check        *c = ready_check(j, "accuracy.samples");
    const pr_metric *m =
        pr_metric_find(j->metrics, j->n_metrics, "accuracy_kept", PR_AGAINST_SOURCE);
    pr_est           e = m && m->est.n > 0 ? pr_est_counted((double)m->est.n)
                                           : pr_est_none("the report has no accuracy_kept");
    pr_check_judge(c, &e, "independent blocks of text",
                   "pare optimize SRC -o DIR -f TEXT with more text");
    const pare_doc *t = pare_doc_path(j->report, "settings/evaluation/text");
    const char     *path = pare_doc_str(pare_doc_get(t, "path")),
               *sha = pare_doc_str(pare_doc_get(t, "sha256"));
    if (path && sha) pr_check_note(c, path, 0, -1, ready_text(j, "the text, SHA-256 %s", sha));
}

static pare_status recheck(ready_job *j, pare_err *err) {
    pr_recheck again;
    pr_check  *c = ready_check(j, "accuracy.recheck");
    pare_err   own = {0};
    pare_status st = pr_report_recheck(j->report, &again, &own);
    if (st == PARE_ENOMEM) return *err = own, st;
    if (st != PARE_OK) {
        pr_check_say(c, PR_CHECK_FAIL, "pare optimize SRC -o DIR",
                     "cannot be judged again: %.200s", own.msg);
        return PARE_OK;
    }
    pr_est e = pr_est_counted((double)again.n_differ);
    pr_check_judge(c, &e,
                   ready_text(j, "verdicts (of %zu judged again) that differ", again.n_checked),
                   "pare optimize SRC -o DIR");
    if (again.n_differ) pr_check_note(c, "report.json", 0, -1, ready_text(j, "%s", again.first));
    return PARE_OK;
}

/* What the report itself asked for: its limits and gates for the choice. */
static void limits(ready_job *j) {
    pr_check       *c = ready_check(j, "performance.limits");
    const pare_doc *list = pare_doc_get(j->report, "gates");
    size_t          bad = 0;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *g = pare_doc_at(list, i);
        const char     *v = pare_doc_str(pare_doc_get(g, "verdict")),
                   *name = pare_doc_str(pare_doc_get(g, "name")),
                   *reason = pare_doc_str(pare_doc_get(g, "reason"));
        if (v && strcmp(v, "pass") == 0) continue;
        bad++;
        pr_check_note(c, "report.json", 0, -1,
                      ready_text(j, "%s: %s", name ? name : "?", reason ? reason : "no reason"));
    }
    pr_est e = pr_est_counted((double)bad);
    pr_check_judge(
        c, &e,
        ready_text(j, "limits and gates (of %zu) that do not pass", pare_doc_count(list)),
        ready_text(j, "pare gate %s", j->path));
}

static void baselines(ready_job *j) {
    pr_check       *c = ready_check(j, "performance.baselines");
    const pare_doc *list = pare_doc_get(j->report, "monitoring");
    size_t          n = 0;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *m = pare_doc_at(list, i);
        double          v = pare_doc_num(pare_doc_get(m, "baseline")),
               lo = pare_doc_num(pare_doc_get(m, "lo")), hi = pare_doc_num(pare_doc_get(m, "hi"));
        const char *name = pare_doc_str(pare_doc_get(m, "metric"));
        if (!isfinite(v) || !isfinite(lo) || !isfinite(hi) || !name) continue;
        n++;
        pr_check_note(c, "report.json", 0, -1,
                      ready_text(j, "%s: %.4g (%.4g … %.4g)", name, v, lo, hi));
    }
    pr_est e = pr_est_counted((double)n);
    pr_check_judge(c, &e, "baselines to watch by", "pare optimize SRC -o DIR");
}

pare_status ready_measured(ready_job *j, pare_err *err) {
    if (!j->report) {
        no_report(j);
        return PARE_OK;
    }
    for (size_t i = 0; i < PR_COUNT(measured); i++) {
        pr_check *c = ready_check(j, measured[i]);
        pr_check_judge_metric(
            c, j->metrics, j->n_metrics,
            "pare optimize SRC -o DIR with other variants, or a policy that asks for less");
        if (!isnan(c->limit))
            pr_check_note(c, "report.json", 0, -1,
                          ready_text(j, "%s of %s", c->rule->metric, j->name));
    }
    samples(j);
    PR_TRY(recheck(j, err));
    limits(j);
    baselines(j);
    return PARE_OK;
}
