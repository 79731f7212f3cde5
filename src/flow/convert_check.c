/* convert_check.c - the short parity check at the end of `convert`: the source in pare's own engine
 * against what was written, in its runtime.
 *
 * Always true: a runtime that is missing, too old, or too large for --work-memory makes no
 * conversion fail; it is said. A file that its runtime refuses, or that gives other answers
 * than its
 * types allow, does. */
#include "flow.h"
#include "engine/engine.h"
#include "pare/parity.h"
#include "runner/runner.h"
#include <stdio.h>

enum { TOKENS = 48, WORK_MEMORY = 512 << 20, RUNTIME_ITSELF = 64 << 20, LOGIT_ROWS = 64 };

/* Who runs it; where that one is not at hand, pare reads it back itself. */
static const struct {
    const char *to, *dialect, *runner;
} runtimes[] = {
    {"gguf", NULL, "llama.cpp"},
    {"hf", NULL, "native"},
    {"mlx", NULL, "mlx"},
    {"onnx", "standard", "onnxruntime"},
    {"onnx", NULL, "onnxruntime-genai"},
    {"openvino", NULL, "openvino"},
};

static size_t runtime_of(const pare_convert_opts *o) {
    for (size_t i = 0; i < PR_COUNT(runtimes); i++) {
        const char *d = runtimes[i].dialect;
        if (strcmp(runtimes[i].to, o->to) != 0) continue;
        if (!d || (o->dialect && strcmp(d, o->dialect) == 0)) return i;
    }
    return 0;
}

/* The coarsest matrix decides (docs/parity.md); NULL: below 4 bits there is no bound, for what
 * such weights cost says nothing about how they were written. */
static const char *bound_of(const pare_convert_opts *o, const pr_written *w) {
    static const char *const names[] = {"exact", "f16", "bf16", "int8", "int4"};
    size_t at = 0;
    for (int i = 0; i < w->n_tensors; i++) {
        const pr_written_tensor *t = &w->tensors[i];
        const pr_type_info *x = pr_type_get(t->got);
        size_t is;
        if (t->rows <= 1) continue;
        if (t->got_group || x->block > 1) {
            double bits = t->got_group ? t->got_group->bits : x->bytes * 8.0 / x->block;
            if (bits < 4) return NULL;
            is = bits < 8 ? 4 : 3;
        } else
            is = t->got == PR_F32 ? 0 : t->got == PR_F16 ? 1 : 2;
        at = PR_MAX(at, is);
    }
    return pr_is_w8a8(o) && at <= 3 ? "w8a8" : names[at];
}

/* The whole run, source and copy, state, rows of logits; a runtime reads its file and packs it
 * anew. */
static pare_status memory_of(const pr_model *m, const pr_written *w, int64_t n_ctx, bool foreign,
                             uint64_t *need, pare_err *err) {
    pr_session_opts o = {.n_ctx = n_ctx, .all_logits = true, .exact = true};
    pr_memory plan;
    PR_TRY(pr_session_plan(m, &o, &plan, err));
    *need = plan.weights + 2 * (plan.state + plan.workspace) + w->bytes * (foreign ? 2 : 1) +
            (foreign ? RUNTIME_ITSELF : 0) +
            (uint64_t)m->hp.n_vocab * LOGIT_ROWS * sizeof(float);
    return PARE_OK;
}

/* ------------------------------------------------------------------ telling */

static void not_checked(pr_doc_build *b, pare_doc *c, const char *why) {
    pr_doc_set_bool(b, c, "done", false);
    pr_doc_set_null(b, c, "within");
    pr_doc_set_str(b, c, "reason", why);
}

static void put_figures(pr_doc_build *b, pare_doc *c, const pare_doc *d, const char *bound,
                        bool within) {
    static const char *const keys[] = {"kld_mean", "logit_distance_max", "top1_agreement"};
    const pare_doc *cell = pare_doc_at(pare_doc_get(d, "matrix"), 0);
    pr_doc_set_bool(b, c, "done", true);
    pr_doc_set_i64(b, c, "tokens", pare_doc_int(pare_doc_path(d, "probe/tokens")));
    if (bound)
        pr_doc_set_str(b, c, "bound", bound);
    else
        pr_doc_set_null(b, c, "bound");
    for (size_t i = 0; i < PR_COUNT(keys); i++)
        pr_doc_set_f64(b, c, keys[i], pare_doc_num(pare_doc_get(cell, keys[i])));
    pr_doc_set_bool(b, c, "within", within);
    pare_doc *list = pr_doc_set_array(b, c, "reasons");
    const pare_doc *why = pare_doc_get(d, "reasons");
    for (size_t i = 0; i < pare_doc_count(why); i++)
        pr_doc_add_str(b, list, pare_doc_str(pare_doc_at(why, i)));
}

/* ------------------------------------------------------------------ running */

typedef struct {
    const char *src;
    const pare_convert_opts *o;
    const pare_ctl *ctl;
    pr_arena *a;
    int64_t n_ctx;
} job;

static pare_status compare(const job *j, const char *runner, const char *bound, pare_doc **d,
                           int *same, pare_err *err) {
    pr_buf spec[2];
    pare_status st = PARE_OK;
    pare_parity_opts o = {.tokens = TOKENS,
                          .greedy = -1,
                          .context = j->n_ctx,
                          .bound = bound ? bound : "int4"};
    for (int i = 0; i < 2; i++) pr_buf_init(&spec[i], 1 << 13);
    pr_buf_printf(&spec[0], "native:%s", j->src);
    pr_buf_printf(&spec[1], "%s:%s", runner, j->o->out);
    const char *models[] = {spec[0].p, spec[1].p};
    if (spec[0].failed || spec[1].failed)
        st = pr_fail_nomem(err, 1 << 13);
    else
        st = pare_parity(models, 2, &o, j->ctl, d, same, err);
    for (int i = 0; i < 2; i++) pr_buf_done(&spec[i]);
    return st;
}

/* Not there at all: one that crashed is another matter. */
static bool is_missing(const char *runner, const pare_ctl *ctl) {
    const pr_runner_kind *k;
    pr_runner_info info;
    return pr_runner_find(runner, &k, NULL) == PARE_OK &&
           pr_runner_probe(k, &(pr_runner_opts){.ctl = ctl, .no_check = true}, &info, NULL) ==
               PARE_OK &&
           !info.found;
}

/* A runtime that fails with a file while it answers the small question rightly refuses the file. */
static bool is_sound(const char *runner, const pare_ctl *ctl) {
    const pr_runner_kind *k;
    pr_runner_info info;
    return pr_runner_find(runner, &k, NULL) == PARE_OK &&
           pr_runner_probe(k, &(pr_runner_opts){.ctl = ctl}, &info, NULL) == PARE_OK &&
           info.found && info.verified;
}

/* Is `st` the end of the whole job, and not of the check alone? */
static bool is_final(pare_status st) {
    return st == PARE_ECANCELLED || st == PARE_ENOMEM || st == PARE_EINTERNAL;
}

static void warn_all(const pare_doc *why, const pare_ctl *ctl) {
    for (size_t i = 0; i < pare_doc_count(why); i++)
        pr_ctl_log(ctl, PARE_LOG_WARN, "%s", pare_doc_str(pare_doc_at(why, i)));
}

/* Words that differ (tokens of a text, what ends one, the template) are told, not judged, be it
 * that the container cannot express them or not; `pare parity` judges them. How many differences
 * of numbers are there? */
static int64_t mistakes(const pare_doc *d, const pare_ctl *ctl) {
    int64_t n = pare_doc_int(pare_doc_get(d, "differences_of_numbers"));
    if (n == 0) warn_all(pare_doc_get(d, "reasons"), ctl);
    return n;
}

static pare_status run_check(const job *j, const pr_written *w, pr_doc_build *b, pare_doc *c,
                             pare_err *err) {
    size_t r = runtime_of(j->o);
    const char *runner = runtimes[r].runner, *bound = bound_of(j->o, w);
    pare_err e = {0};
    pare_doc *d = NULL;
    int same = 0;
    bool instead = false;
    pare_status st = compare(j, runner, bound, &d, &same, &e);
    if (st == PARE_EENV && is_missing(runner, j->ctl)) {
        instead = true;
        runner = "native";
        st = compare(j, runner, bound, &d, &same, &e);
    }
    pr_doc_set_str(b, c, "runner", runner);
    if (instead) pr_doc_set_str(b, c, "instead_of", runtimes[r].runner);
    if (is_final(st)) return pr_fail(err, st, -1, "%s", e.msg);
    if (st != PARE_OK) {
        not_checked(b, c, e.msg);
        if (st == PARE_EENV || !is_sound(runner, j->ctl)) return PARE_OK;
        return pr_fail(err, PARE_EREFUSED, -1,
                       "it was written and is kept, but %s does not run it: %s", runner, e.msg);
    }
    warn_all(pare_doc_get(d, "cannot_be_expressed"), j->ctl);
    if (!same && mistakes(d, j->ctl) == 0) same = 1;
    /* What was said to be inexact, or has no bound, is told, not judged. */
    bool judged = bound && w->n_inexact == 0;
    /* At 4 bits distance alone is the model's sensitivity (a random one was seen at 0.63 nats); a
     * weight or a word that differs is a mistake. */
    const pare_doc *cell = pare_doc_at(pare_doc_get(d, "matrix"), 0);
    if (judged && !same && strcmp(bound, "int4") == 0 &&
        !pare_doc_bool(pare_doc_get(cell, "within")) &&
        pare_doc_int(pare_doc_get(d, "differences_of_numbers")) == 1)
        judged = false;
    put_figures(b, c, d, judged ? bound : NULL, same || !judged);
    if (!same && judged)
        pr_fail(err, PARE_EREFUSED, -1,
                "it was written and is kept, but is not the same function: %s",
                pare_doc_str(pare_doc_at(pare_doc_get(d, "reasons"), 0)));
    pare_doc_free(d);
    return same || !judged ? PARE_OK : PARE_EREFUSED;
}

pare_status pr_convert_check(const pr_model *m, const char *src, const pare_convert_opts *o,
                             const pr_written *w, const pare_ctl *ctl, pr_doc_build *b, pare_doc *c,
                             pare_err *err) {
    job j = {.src = src, .o = o, .ctl = ctl, .n_ctx = PR_MIN(m->hp.n_ctx, (int64_t)TOKENS)};
    uint64_t may = ctl && ctl->work_memory_bytes ? ctl->work_memory_bytes : WORK_MEMORY, need;
    bool foreign = strcmp(runtimes[runtime_of(o)].runner, "native") != 0;
    pare_err e = {0};
    char why[200];
    if (o->no_check) {
        not_checked(b, c, "--no-check");
        return PARE_OK;
    }
    if (memory_of(m, w, j.n_ctx, foreign, &need, &e) != PARE_OK) {
        snprintf(why, sizeof why, "the source does not run here: %.150s", e.msg);
        not_checked(b, c, why);
        return PARE_OK;
    }
    if (need > may) {
        snprintf(why, sizeof why,
                 "that takes about %llu MB, --work-memory is %llu MB; \"pare parity\" does it",
                 (unsigned long long)(need / 1000000), (unsigned long long)(may / 1000000));
        not_checked(b, c, why);
        return PARE_OK;
    }
    pare_status st = run_check(&j, w, b, c, err);
    return st == PARE_EREFUSED ? pr_fail_in(err, st, o->out) : st;
}
