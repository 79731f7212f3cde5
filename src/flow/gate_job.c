/* gate_job.c - include/pare/optimize.h: pare_gate. A report judged again from its own numbers. */
#include "gate_job.h"
#include "pare/optimize.h"
#include "report/report.h"

void pr_gates_sum_up(const pr_gate_result *r, size_t n, const char *variant, pr_buf *text) {
    size_t bad = pr_gates_failed(r, n);
    if (bad) pr_buf_printf(text, "%s does not pass %zu of %zu.", variant, bad, n);
    else pr_buf_printf(text, "%s passes all %zu.", variant, n);
    pr_gates_say(r, n, text);
}

static pare_status put_summary(const pr_gate_result *r, size_t n, const char *variant,
                               pr_doc_build *b, pare_doc *d, pare_err *err) {
    pr_buf text;
    pr_buf_init(&text, 1 << 16);
    pr_gates_sum_up(r, n, variant, &text);
    if (!text.failed) pr_doc_set_str(b, d, "summary", text.p);
    bool failed = text.failed;
    pr_buf_done(&text);
    return failed ? pr_fail_nomem(err, 1 << 16) : PARE_OK;
}

static pare_status judge(const pare_doc *report, const pr_policy *p, pr_arena *a,
                         pr_doc_build *b, pare_doc *d, pare_err *err) {
    const char     *name = pare_doc_str(pare_doc_path(report, "choice/name"));
    pr_gate_result *r;
    if (!name) return pr_fail(err, PARE_EINPUT, -1, "the report chose no variant");
    PR_NEW(r, a, p->n_gates + 1, err);
    PR_TRY(pr_policy_judge_report(p, report, name, a, r, err));
    pr_doc_set_i64(b, d, "schema", 1);
    pr_doc_set_str(b, d, "variant", name);
    pr_doc_set_str(b, d, "policy", p->name);
    pr_doc_set_str(b, d, "verdict", pr_verdict_name(pr_gates_verdict(r, p->n_gates)));
    pare_doc *list = pr_doc_set_array(b, d, "gates");
    for (size_t i = 0; i < p->n_gates; i++) pr_gate_put(b, list, &r[i]);
    return put_summary(r, p->n_gates, name, b, d, err);
}

pare_status pr_gates_of_report(const pare_doc *report, pr_arena *a, pr_policy *p, pare_err *err) {
    static const char *const lists[] = {"settings/constraints", "policy/gates"};
    pr_gate                 *g;
    size_t                   n = 0, most = 0;
    for (size_t k = 0; k < PR_COUNT(lists); k++)
        most += pare_doc_count(pare_doc_path(report, lists[k]));
    if (most > PR_POLICY_GATES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "the report has %zu gates", most);
    if (most == 0) return pr_fail(err, PARE_EINPUT, -1, "the report asks for nothing: no gates");
    PR_NEW(g, a, most + 1, err);
    for (size_t k = 0; k < PR_COUNT(lists); k++) {
        const pare_doc *list = pare_doc_path(report, lists[k]);
        for (size_t i = 0; i < pare_doc_count(list); i++)
            PR_TRY(pr_gate_read(pare_doc_at(list, i), &g[n++], err));
    }
    const char *name = pare_doc_str(pare_doc_path(report, "policy/name"));
    *p = (pr_policy){
        .name = name ? name : "of the report", .source = "report", .gates = g, .n_gates = n};
    return PARE_OK;
}

static pare_status judge_all(const pare_doc *report, const char *policy, pr_arena *a,
                             pr_doc_build *b, pare_doc *d, pare_err *err) {
    pr_policy  p;
    pr_recheck again;
    if (policy) PR_TRY(pr_policy_read(policy, a, &p, err));
    else PR_TRY(pr_gates_of_report(report, a, &p, err));
    PR_TRY(judge(report, &p, a, b, d, err));
    PR_TRY(pr_report_recheck(report, &again, err));
    pare_doc *r = pr_doc_set_object(b, d, "recheck");
    pr_doc_set_i64(b, r, "checked", (int64_t)again.n_checked);
    pr_doc_set_i64(b, r, "differ", (int64_t)again.n_differ);
    pr_doc_set_str(b, r, "first", again.first);
    return PARE_OK;
}

static pare_status run(const char *dir, const char *policy, pr_arena *a, pare_doc **report,
                       pr_doc_build *b, pare_doc *d, pare_err *err) {
    char *path = pr_path_is_dir(dir) ? pr_path_join(a, dir, "report.json")
                                     : pr_arena_str(a, dir, strlen(dir));
    if (!path) return pr_fail_nomem(err, 256);
    PR_TRY(pare_doc_read(report, path, err));
    pare_status st = judge_all(*report, policy, a, b, d, err);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

pare_status pare_gate(const char *dir, const char *policy, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *report = NULL;
    *out = NULL;
    pr_arena *a = pr_arena_new(64 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_doc   *d = pr_doc_object(&b);
    pare_status st = run(dir, policy, a, &report, &b, d, err);
    if (st == PARE_OK) st = pr_doc_done(&b, d, out, err);
    else pare_doc_free(d);
    pare_doc_free(report);
    pr_arena_free(a);
    return st;
}
