/* opt_quality.c - stages 1, 2 and 3: the source alone; the formats; every variant beside the
 * source.
 *
 * A result is recorded under what determines it: both models' bytes, the text, the windows, the
 * state type and the arithmetic. Threads and SIMD level are not among them: they
 * change no bit. */
#include <stdio.h>
#include "opt.h"

static pr_eval_opts eval_opts(const opt_job *j, const opt_variant *v) {
    return (pr_eval_opts){.window = j->o->n_ctx,
                          .n_windows = j->o->n_windows,
                          .n_threads = j->threads,
                          .state = v->state};
}

/* The windows that pr_eval would take by itself are named, so that the record says them. */
static pare_status eval_key(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    pr_eval_opts o = eval_opts(j, v);
    pr_sha256    own = j->model_hash;
    bool         source = v == &j->base;
    if (!source && !pr_sha256_parse(v->sha256, &own))
        return pr_fail(err, PARE_EINTERNAL, -1, "variant '%s' has no hash", v->name);
    if (o.window == 0) o.window = PR_MIN(j->m->hp.n_ctx, (int64_t)2048);
    PR_TRY(pr_eval_key(&own, source ? NULL : &j->model_hash, &j->text_hash, &o, key, err));
    if (!v->by) return PARE_OK;
    char native[65];
    memcpy(native, key, sizeof native);
    return opt_key_eval_by(j, v, native, key, err);
}

/* From the records, if it is there. */
static pare_status recall(opt_job *j, opt_variant *v, pare_err *err) {
    char      key[65];
    pare_doc *d;
    pare_err  e = {0};
    PR_TRY(eval_key(j, v, key, err));
    PR_TRY(opt_find(j, key, "eval", &d, err));
    if (!d) return PARE_OK;
    pare_status st = pr_eval_from_doc(d, &v->eval, &e);
    pare_doc_free(d);
    if (st != PARE_OK) opt_spoilt(j, key, "eval", e.msg);
    v->eval_cached = st == PARE_OK;
    return PARE_OK;
}

static pare_status remember(opt_job *j, const opt_variant *v, pare_err *err) {
    char      key[65];
    pare_doc *d;
    PR_TRY(eval_key(j, v, key, err));
    PR_TRY(pr_eval_to_doc(v->eval, &d, err));
    pare_status st = opt_put(j, key, "eval", d, err);
    pare_doc_free(d);
    return st;
}

static void eval_step(opt_job *j, const opt_variant *v, uint64_t t) {
    pr_metric m[PR_EVAL_METRICS];
    size_t    n = pr_eval_metrics(v->eval, NULL, NULL, m);
    const pr_metric *ppl = pr_metric_find(m, n, "perplexity", PR_AGAINST_NONE);
    opt_step(j, v->name, t, v->eval_cached, "perplexity %.4g (%.4g to %.4g)", ppl->est.value,
             ppl->est.lo, ppl->est.hi);
}

/* ------------------------------------------------------------------ 1: the source */

static pare_status describe_source(opt_job *j, pare_err *err) {
    pr_session_opts so = {.n_threads = j->threads, .state = j->state, .n_ctx = j->o->n_ctx};
    j->base = (opt_variant){
        .name = pr_source_precision(j->m), .path = j->m->path, .model = j->m, .made = true,
        .format = pr_source_format(j->m), .how = "", .state = j->state};
    j->base.bytes = pr_container_bytes(j->m->file);
    j->base.tensor_bytes = pr_model_weight_bytes(j->m);
    j->base.bpw = (double)j->base.tensor_bytes * 8 / (double)pr_model_n_params(j->m);
    return pr_session_plan(j->m, &so, &j->base.memory, err);
}

/* All its numbers are finite, and which files they came from. */
static pare_status check_source(opt_job *j, const char key[65], pare_err *err) {
    pr_doc_build b = {0};
    pare_status  st = PARE_OK;
    PR_TRY(pr_model_check_finite(j->m, j->ctl, err));
    pare_doc *d = pr_doc_object(&b), *list = pr_doc_set_array(&b, d, "files");
    for (int i = 0; i < pr_container_files(j->m->file) && st == PARE_OK; i++) {
        const char *path = pr_container_path(j->m->file, i);
        pare_doc   *f = pr_doc_add_object(&b, list);
        char        hex[65] = "";
        uint64_t    bytes = 0;
        st = opt_hash_file(j, path, "hash files", hex, &bytes, err);
        pr_doc_set_str(&b, f, "path", pr_path_base(path));
        pr_doc_set_i64(&b, f, "bytes", (int64_t)bytes);
        pr_doc_set_str(&b, f, "sha256", hex);
    }
    if (st != PARE_OK) {
        pare_doc_free(d);
        return st;
    }
    PR_TRY(pr_doc_done(&b, d, &j->source, err));
    return opt_put(j, key, "source", j->source, err);
}

pare_status opt_baseline(opt_job *j, pare_err *err) {
    uint64_t t = pr_now_ns();
    char     key[65];
    PR_TRY(describe_source(j, err));
    PR_TRY(pr_model_hash(j->m, j->ctl, &j->model_hash, err));
    PR_TRY(opt_key_source(j, key, err));
    PR_TRY(opt_find(j, key, "source", &j->source, err));
    bool cached = j->source != NULL;
    if (!cached) PR_TRY(check_source(j, key, err));
    opt_step(j, "read and check the source", t, cached, "%lld weights, all finite",
             (long long)pr_model_n_params(j->m));
    t = pr_now_ns();
    PR_TRY(recall(j, &j->base, err));
    if (!j->base.eval) {
        pr_eval_opts o = eval_opts(j, &j->base);
        PR_TRY(pr_eval(j->m, NULL, 0, j->text, &o, j->ctl, &j->base.eval, NULL, err));
        PR_TRY(remember(j, &j->base, err));
    }
    j->window = j->base.eval->window;
    j->n_windows = j->base.eval->n_windows;
    j->n_predictions = j->base.eval->n_predictions;
    j->n_tokens = j->base.eval->n_tokens;
    eval_step(j, &j->base, t);
    return PARE_OK;
}

/* ------------------------------------------------------------------ 2: formats */

/* The file computes the source's very bits? 64 tokens through both. */
static pare_status compare_bits(opt_job *j, opt_variant *v, bool *same, pare_err *err) {
    enum { LOOK = 64 };
    pr_session     *a = NULL, *b = NULL;
    pr_session_opts o = {.n_threads = j->threads, .n_ctx = LOOK, .state = j->state};
    pr_id           ids[LOOK];
    int             n = (int)PR_MIN((int64_t)LOOK, j->m->hp.n_ctx);
    for (int i = 0; i < n; i++) ids[i] = (pr_id)((i * 37 + 11) % j->m->hp.n_vocab);
    PR_TRY(opt_open(v, err));
    pare_status st = pr_session_new(&a, j->m, &o, err);
    if (st == PARE_OK) st = pr_session_new(&b, v->model, &o, err);
    if (st == PARE_OK) st = pr_session_prompt(a, ids, n, j->ctl, err);
    if (st == PARE_OK) st = pr_session_prompt(b, ids, n, j->ctl, err);
    *same = st == PARE_OK && memcmp(pr_session_logits(a, 0), pr_session_logits(b, 0),
                                    (size_t)j->m->hp.n_vocab * sizeof(float)) == 0;
    pr_session_free(a);
    pr_session_free(b);
    opt_close(j, v);
    return st;
}

static pare_status check_same(opt_job *j, opt_variant *v, pare_err *err) {
    char         key[65];
    pare_doc    *d;
    pr_doc_build b = {0};
    bool         same;
    uint64_t     t = pr_now_ns();
    PR_TRY(opt_key_same(j, v, key, err));
    PR_TRY(opt_find(j, key, "same", &d, err));
    bool cached = d != NULL;
    if (!cached) {
        PR_TRY(compare_bits(j, v, &same, err));
        d = pr_doc_object(&b);
        pr_doc_set_bool(&b, d, "same", same);
        PR_TRY(pr_doc_done(&b, d, &d, err));
    }
    same = pare_doc_bool(pare_doc_get(d, "same"));
    pare_status st = cached ? PARE_OK : opt_put(j, key, "same", d, err);
    pare_doc_free(d);
    opt_step(j, "the same function", t, cached, "%s from the file and from the source: logits %s",
             v->name, same ? "equal to the last bit" : "DIFFER");
    if (!same)
        opt_warn(j, "%s: the converted file does not compute the source's very logits", v->name);
    return st;
}

static bool is_format(const opt_job *j, const opt_variant *v) {
    return strcmp(v->name, j->base.name) == 0 || opt_is_float(v);
}

/* Errors that concern one variant only do not end the job. */
static pare_status make_or_lose(opt_job *j, opt_variant *v, pare_err *err) {
    pare_err    e = {0};
    if (v->skipped) return PARE_OK;
    pare_status st = opt_make(j, v, &e);
    if (st == PARE_OK) return PARE_OK;
    /* GGUF was found able to say this model; what another format cannot is a finding. */
    bool own = strcmp(v->format, "gguf") != 0 || v->as.calib;
    if (own && st != PARE_EENV) return opt_lost_by(j, v, &e, err);
    bool strict = st == PARE_EREFUSED && j->o->strict; /* what concerns all was refused in set_up */
    if (st == PARE_EINPUT || st == PARE_EUNSUPPORTED || strict) {
        opt_lost(j, v, &e);
        return PARE_OK;
    }
    if (err) *err = e;
    return st;
}

static pare_status make_f32(opt_job *j, pare_err *err) {
    opt_variant *v = &j->fv; /* also where F32 is a variant: then both are the same file */
    v->name = v->quant = v->as.quant = "F32";
    v->format = "gguf";
    v->how = "";
    v->state = j->state;
    PR_TRY(opt_place(j, v, err));
    PR_TRY(make_or_lose(j, v, err));
    if (v->made) j->f32 = 0;
    return PARE_OK;
}

/* F32 as a variant too: the file is there already. */
static void take_f32(const opt_job *j, opt_variant *v) {
    v->written = pr_doc_copy(j->fv.written);
    v->bytes = j->fv.bytes, v->tensor_bytes = j->fv.tensor_bytes, v->bpw = j->fv.bpw;
    v->memory = j->fv.memory;
    memcpy(v->sha256, j->fv.sha256, sizeof v->sha256);
    v->made = true;
}

pare_status opt_convert(opt_job *j, pare_err *err) {
    PR_TRY(make_f32(j, err));
    for (int i = 0; i < j->n; i++) {
        opt_variant *v = &j->v[i];
        if (!is_format(j, v)) continue;
        if (opt_is_f32(j, v)) take_f32(j, v);
        else PR_TRY(make_or_lose(j, v, err));
        if (v->made && strcmp(v->name, j->base.name) == 0) PR_TRY(check_same(j, v, err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ 3: quantizations */

/* How many of `n` may run beside the source at once: state and workspace of all within the
 * work memory, weights of all within half of what the machine has left, or they would push
 * each other out batch by batch. At most 4: a killed run has lost little. At least 1. */
static int fit_together(const opt_job *j, opt_variant *const *who, int n) {
    enum { TOGETHER = 4 };
    const pr_memory *m = &j->base.memory;
    uint64_t work = j->ctl && j->ctl->work_memory_bytes ? j->ctl->work_memory_bytes
                                                        : (uint64_t)512 << 20;
    uint64_t usable = j->hw.usable_bytes > 0 ? (uint64_t)j->hw.usable_bytes / 2 : UINT64_MAX;
    uint64_t own = m->state + m->workspace, weights = m->weights;
    int      k = 0;
    while (k < PR_MIN(n, TOGETHER) && who[k]->state == who[0]->state) {
        m = &who[k]->memory;
        own += m->state + m->workspace;
        weights += m->weights;
        if (k > 0 && (own > work || weights > usable)) break;
        k++;
    }
    return k;
}

static pare_status evaluate(opt_job *j, opt_variant *const *who, int n, pare_err *err) {
    const pr_model *models[OPT_VARIANTS];
    pr_eval_result *results[OPT_VARIANTS];
    pr_eval_opts    o = eval_opts(j, who[0]);
    uint64_t        t = pr_now_ns();
    for (int i = 0; i < n; i++) {
        PR_TRY(opt_open(who[i], err));
        models[i] = who[i]->model;
    }
    PR_TRY(pr_eval(j->m, models, n, j->text, &o, j->ctl, NULL, results, err));
    for (int i = 0; i < n; i++) who[i]->eval = results[i];
    for (int i = 0; i < n; i++) {
        PR_TRY(remember(j, who[i], err));
        eval_step(j, who[i], t);
        opt_close(j, who[i]);
    }
    return PARE_OK;
}

/* One at a time: a runtime takes what memory it likes. */
static pare_status evaluate_by_runners(opt_job *j, pare_err *err) {
    pr_eval_opts o = eval_opts(j, &j->base);
    for (int i = 0; i < j->n; i++) {
        opt_variant *v = &j->v[i];
        uint64_t     t = pr_now_ns();
        if (!v->made || !v->by) continue;
        if (v->eval) PR_TRY(opt_runner_recall(j, v, err));
        if (v->eval) continue;
        PR_TRY(opt_runner_evaluate(j, v, &o, err));
        if (!v->eval) continue;
        PR_TRY(remember(j, v, err));
        eval_step(j, v, t);
    }
    return PARE_OK;
}

static pare_status evaluate_missing(opt_job *j, pare_err *err) {
    opt_variant *who[OPT_VARIANTS];
    int          n = 0;
    for (int i = 0; i < j->n; i++) {
        opt_variant *v = &j->v[i];
        if (!v->made) continue;
        PR_TRY(recall(j, v, err));
        if (v->eval) eval_step(j, v, pr_now_ns());
        else if (!v->by) who[n++] = v;
    }
    for (int at = 0, k; at < n; at += k) {
        k = fit_together(j, who + at, n - at);
        PR_TRY(evaluate(j, who + at, k, err));
    }
    return evaluate_by_runners(j, err);
}

pare_status opt_quantize(opt_job *j, pare_err *err) {
    for (int i = 0; i < j->n; i++)
        if (!is_format(j, &j->v[i])) PR_TRY(make_or_lose(j, &j->v[i], err));
    return evaluate_missing(j, err);
}
