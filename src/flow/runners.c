/* runners.c - include/pare/runner.h: what probing every runner found, as a document; and a text
 * continued by one of them. */
#include "flow.h"
#include "pare/runner.h"
#include "runner/runner.h"

static void set_text(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (*v) pr_doc_set_str(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void set_devices(pr_doc_build *b, pare_doc *o, const char *names) {
    pare_doc *a = pr_doc_set_array(b, o, "devices");
    while (*names) {
        size_t n = strcspn(names, ",");
        pr_doc_add_strn(b, a, (pr_str){names, n});
        names += n + strspn(names + n, ", ");
    }
}

static pare_status add_runner(pr_doc_build *b, pare_doc *list, const pr_runner_kind *k, bool check,
                              const pare_ctl *ctl, pare_err *err) {
    pr_runner_info i;
    PR_TRY(pr_runner_probe(k, &(pr_runner_opts){.no_check = !check, .ctl = ctl}, &i, err));
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_str(b, o, "name", k->name);
    pr_doc_set_bool(b, o, "found", i.found);
    if (i.found && !check) pr_doc_set_null(b, o, "verified");
    else pr_doc_set_bool(b, o, "verified", i.verified);
    set_text(b, o, "path", i.path);
    set_text(b, o, "version", i.version);
    set_devices(b, o, i.devices);
    set_text(b, o, "arithmetic", i.arithmetic);
    set_text(b, o, "state", i.state);
    pr_doc_set_str(b, o, "takes", k->takes);
    set_text(b, o, "reason", i.reason);
    pr_doc_set_str(b, o, "install", k->how_to_install);
    return PARE_OK;
}

pare_status pare_runners(const char *only, int check, const pare_ctl *ctl, pare_doc **out,
                         pare_err *err) {
    const pr_runner_kind *k, *one = NULL;
    pr_doc_build          b = {0};
    size_t                n = 0;
    pare_status           st = PARE_OK;
    *out = NULL;
    if (only) PR_TRY(pr_runner_find(only, &one, err));
    while (pr_runner_kind_at(n)) n++;
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_i64(&b, d, "schema", 1);
    pare_doc *list = pr_doc_set_array(&b, d, "runners");
    for (size_t i = 0; (k = pr_runner_kind_at(i)); i++) {
        pr_ctl_progress(ctl, k->name, "run", (double)i, (double)n);
        if (!one || one == k) PR_GO(add_runner(&b, list, k, check, ctl, err));
    }
done:
    if (st == PARE_OK) return pr_doc_done(&b, d, out, err);
    pare_doc_free(d);
    return st;
}

/* ------------------------------------------------------------------ a text by a runner */

typedef struct {
    pr_runner *r;
    float     *row;
} scorer;

static pare_status append(void *ctx, const pr_id *ids, int64_t n, const float **scores,
                          pare_err *err) {
    scorer *s = ctx;
    *scores = s->row;
    return pr_runner_eval(s->r, ids, n, false, s->row, err);
}

static void tell_runner(pare_doc *stats, pr_runner *r) {
    pr_doc_build b = {0};
    if (!stats) return;
    pr_doc_set_str(&b, stats, "runner", pr_runner_kind_of(r)->name);
    pr_doc_set_str(&b, stats, "arithmetic", pr_runner_arithmetic(r));
    pr_doc_set_str(&b, stats, "state", pr_runner_state(r));
    pr_doc_set_i64(&b, stats, "peak_rss_bytes", (int64_t)pr_runner_memory(r));
}

pare_status pare_generate_by(const char *runner, const char *model, const pare_model *words,
                             const char *prompt, size_t n_prompt, const pare_generate_opts *opts,
                             const pare_ctl *ctl, pare_text_fn on_text, void *user,
                             pare_doc **stats, pare_err *err) {
    scorer         s = {0};
    pr_runner_opts o = {.n_threads = ctl ? ctl->n_threads : 0,
                        .n_ctx = opts && opts->n_ctx > 0 ? opts->n_ctx
                                                         : PR_MIN(words->hp.n_ctx, (int64_t)4096),
                        .exact = opts && opts->exact,
                        .ctl = ctl};
    if (stats) *stats = NULL;
    PR_TRY(pr_runner_open(&s.r, runner, model, &o, err));
    s.row = pr_calloc((size_t)pr_runner_vocab(s.r), sizeof *s.row);
    pr_scorer   by = {.ctx = &s,
                      .n_ctx = pr_runner_context(s.r),
                      .n_vocab = (int)pr_runner_vocab(s.r),
                      .append = append};
    pare_status st = s.row ? pr_generate(words, &by, prompt, n_prompt, opts, ctl, on_text, user,
                                         stats, err)
                           : pr_fail_nomem(err, (uint64_t)by.n_vocab * sizeof *s.row);
    if (stats) tell_runner(*stats, s.r);
    pr_free(s.row);
    pr_runner_close(s.r);
    return st;
}
