/* opt_foreign.c - candidates that a foreign runtime runs: opened, evaluated, and set up to be
 * timed.
 *
 * Always true: a runtime is opened as it comes, which is how it will be used: what it computes in
 * on this machine is part of what is found out, and stands in the report. Its results are
 * recorded under its name, version, threads and machine. One that ends or hangs is the variant's
 * error, never the job's. */
#include "opt.h"

enum { SETTINGS_MOST = 4 };

/* ------------------------------------------------------------------ what it says of itself */

static pare_status keep_words(opt_job *j, opt_variant *v, const char *arithmetic,
                              const char *state, pare_err *err) {
    v->arithmetic = pr_arena_str(j->a, arithmetic, strlen(arithmetic));
    v->runner_state = pr_arena_str(j->a, state, strlen(state));
    return v->arithmetic && v->runner_state ? PARE_OK : pr_fail_nomem(err, 256);
}

pare_status opt_runner_recall(opt_job *j, opt_variant *v, pare_err *err) {
    char      key[65];
    pare_doc *d;
    if (v->arithmetic) return PARE_OK;
    PR_TRY(opt_key_runtime(j, v, key, err));
    PR_TRY(opt_find(j, key, "runtime", &d, err));
    const char *arithmetic = pare_doc_str(pare_doc_get(d, "arithmetic")),
               *state = pare_doc_str(pare_doc_get(d, "state"));
    pare_status st = arithmetic && state ? keep_words(j, v, arithmetic, state, err) : PARE_OK;
    pare_doc_free(d);
    return st;
}

static pare_status record_words(opt_job *j, const opt_variant *v, pare_err *err) {
    char         key[65];
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b);
    pr_doc_set_str(&b, d, "arithmetic", v->arithmetic);
    pr_doc_set_str(&b, d, "state", v->runner_state);
    PR_TRY(pr_doc_done(&b, d, &d, err));
    pare_status st = opt_key_runtime(j, v, key, err);
    if (st == PARE_OK) st = opt_put(j, key, "runtime", d, err);
    pare_doc_free(d);
    return st;
}

/* ------------------------------------------------------------------ opening */

pare_status opt_runner_open(opt_job *j, opt_variant *v, int threads, pr_runner **out,
                            pare_err *err) {
    pr_runner_opts o = {.n_threads = threads, .n_ctx = j->window, .ctl = j->ctl};
    PR_TRY(pr_runner_open(out, v->by->name, v->path, &o, err));
    if (v->arithmetic) return PARE_OK;
    pare_status st =
        keep_words(j, v, pr_runner_arithmetic(*out), pr_runner_state(*out), err);
    if (st != PARE_OK) {
        pr_runner_close(*out);
        *out = NULL;
    }
    return st;
}

pare_status opt_runners_open(opt_job *j, opt_variant *v, pr_runner *r[OPT_SETTINGS], int *n,
                             pare_err *err) {
    for (*n = 0; *n < v->n_settings; ++*n)
        PR_TRY(opt_runner_open(j, v, v->settings[*n].threads, &r[*n], err));
    return PARE_OK;
}

void opt_runners_close(pr_runner *const *r, int n) {
    for (int i = 0; i < n; i++) pr_runner_close(r[i]);
}

/* All are open at once while they take turns: a runtime is some 200 MB, and holds the weights up to
 * twice. The machine's memory decides, not what is free now: a record must find the same list. */
void opt_runner_settings(const opt_job *j, opt_variant *v) {
    uint64_t each = ((uint64_t)256 << 20) + 2 * v->bytes;
    uint64_t room = j->hw.memory_bytes > 0 ? (uint64_t)j->hw.memory_bytes / 2 / each : 1;
    int      most = (int)PR_MAX((uint64_t)1, PR_MIN(room, (uint64_t)SETTINGS_MOST));
    v->n_settings = 0;
    if (v->threads) {
        v->settings[v->n_settings++] = (opt_setting){
            .threads = v->threads, .state = v->state, .cpu_flags = pr_cpu_flags()};
        return;
    }
    for (int t = j->threads; t >= 1 && v->n_settings < most; t = t > 1 ? t / 2 : 0) {
        if (v->n_settings == most - 1 && most > 1) t = 1;
        v->settings[v->n_settings++] =
            (opt_setting){.threads = t, .state = v->state, .cpu_flags = pr_cpu_flags()};
    }
}

/* ------------------------------------------------------------------ 3: quality */

pare_status opt_runner_evaluate(opt_job *j, opt_variant *v, const pr_eval_opts *o, pare_err *err) {
    pr_eval_side source = {.m = j->m}, own = {.path = v->path};
    pare_err     e = {0};
    pare_status  st = opt_runner_open(j, v, j->threads, &own.r, &e);
    if (st == PARE_OK)
        st = pr_eval_sides(&source, &own, 1, j->text, o, j->ctl, NULL, &v->eval, &e);
    pr_runner_close(own.r);
    return st == PARE_OK ? record_words(j, v, err) : opt_lost_by(j, v, &e, err);
}

/* ------------------------------------------------------------------ memory */

/* The planned bytes of a runtime are known to nobody. Its process's peak is, and it is an upper
 * bound of what was used. So with runtimes in the field all candidates are compared by that, if
 * all have it: our own too, whose process is then counted in the same way. */
void opt_choose_memory(opt_job *j) {
    bool foreign = false;
    for (int i = 0; i < j->n; i++) {
        const opt_variant *v = &j->v[i];
        const pr_metric   *m =
            pr_metric_find(v->metrics, v->n_metrics, "peak_rss_bytes", PR_AGAINST_NONE);
        if (!v->made) continue;
        if (!m || !pr_est_ok(&m->est)) return;
        foreign |= v->by != NULL;
    }
    for (size_t k = 0; foreign && k < j->n_objectives; k++)
        if (strcmp(j->objectives[k].metric->name, "memory_bytes") == 0)
            j->objectives[k].metric = pr_metric_info_find("peak_rss_bytes");
}
