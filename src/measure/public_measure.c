/* public_measure.c - include/pare/measure.h: models by path in, documents out. */
#include "measure.h"
#include "parity_words.h"
#include "pare/measure.h"
#include "quant/quant.h"
#include "pare_version.h"

/* ------------------------------------------------------------------ parts of a document */

static void put_model(pr_doc_build *b, pare_doc *o, const char *path, const pr_model *m) {
    pr_doc_set_path(b, o, "path", path);
    pr_doc_set_str(b, o, "name", m->name);
    pr_doc_set_str(b, o, "architecture", pr_model_arch_name(m));
    pr_doc_set_i64(b, o, "parameters", pr_model_n_params(m));
    pr_doc_set_i64(b, o, "weight_bytes", (int64_t)pr_model_weight_bytes(m));
    pr_doc_set_i64(b, o, "context", m->hp.n_ctx);
}

static void put_metrics(pr_doc_build *b, pare_doc *o, const pr_metric *m, size_t n) {
    pare_doc *a = pr_doc_set_array(b, o, "metrics");
    for (size_t i = 0; i < n; i++) pr_metric_put(b, a, &m[i]);
}

static void put_text(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (v) pr_doc_set_str(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static pare_status put_environment(pr_doc_build *b, pare_doc *d, int n_threads, pr_type state,
                                   int exact, pare_err *err) {
    pr_arena *a = pr_arena_new((size_t)16 << 20);
    pr_hw     hw;
    if (!a) return pr_fail_nomem(err, 1 << 20);
    pare_status st = pr_hw_read(NULL, &hw, a, err);
    if (st == PARE_OK) {
        pare_doc *o = pr_doc_set_object(b, d, "environment");
        pr_doc_set_str(b, o, "pare", PARE_VERSION);
        put_text(b, o, "cpu", hw.cpu_model);
        pr_doc_set_str(b, o, "arch", hw.arch);
        pr_doc_set_str(b, o, "level", pr_cpu_level(pr_cpu_flags()));
        pr_doc_set_i64(b, o, "threads", n_threads > 0 ? n_threads : pr_threads_default());
        pr_doc_set_str(b, o, "state", pr_type_get(state)->name);
        pr_doc_set_bool(b, o, "exact", exact != 0);
        pr_doc_set_str(b, o, "machine", hw.id);
    }
    pr_arena_free(a);
    return st;
}

static bool is_foreign(const char *runner) {
    return runner && strcmp(runner, "native") != 0;
}

static void put_side(pr_doc_build *b, pare_doc *o, const char *path, const pr_model *m,
                     const pr_runner *r) {
    if (m) put_model(b, o, path, m);
    else pr_doc_set_path(b, o, "path", path);
    if (!r) return;
    pr_doc_set_str(b, o, "runner", pr_runner_kind_of(r)->name);
    pr_doc_set_str(b, o, "arithmetic", pr_runner_arithmetic(r));
    pr_doc_set_str(b, o, "state", pr_runner_state(r));
}

/* ------------------------------------------------------------------ eval */

typedef struct {
    pr_eval_side    side, ref; /* ref: empty if there is none */
    pr_model       *m[2];      /* theirs */
    const char     *path;
    bool            has_ref;
    pr_words        words; /* with a tokenizer of its own where none of both has one for us */
    pr_arena       *arena;
    pr_map          map;
    pr_str          text;
    bool            mapped;
    pr_eval_opts    o;
    pr_eval_result *result, *ref_result;
} evaluation;

static pare_status open_text(evaluation *e, const pare_eval_opts *o, pare_err *err) {
    const char *path = o->choices ? o->choices : o->file;
    if (!path && !o->text)
        return pr_fail(err, PARE_EUSAGE, -1, "no text: expected a file, a text or choices");
    e->text = (pr_str){o->text, o->n_text};
    if (o->text) return PARE_OK;
    PR_TRY(pr_map_open(&e->map, path, err));
    e->mapped = true;
    e->text = (pr_str){(const char *)e->map.p, (size_t)e->map.n};
    return PARE_OK;
}

/* The context that a folder's own files state, where we cannot read the model; 0: none. */
static int64_t stated_context(const char *path, pr_arena *a) {
    static const char *const at[][2] = {{"genai_config.json", "model/context_length"},
                                        {"config.json", "max_position_embeddings"}};
    int64_t n = 0;
    for (size_t i = 0; i < PR_COUNT(at) && n <= 0; i++) {
        char     *file = pr_path_join(a, path, at[i][0]);
        pare_doc *d;
        if (!file || !pr_path_exists(file) || pr_json_read(&d, file, NULL, NULL) != PARE_OK)
            continue;
        n = pare_doc_int(pare_doc_path(d, at[i][1]));
        pare_doc_free(d);
    }
    return PR_MAX(n, (int64_t)0);
}

/* A model of ours, or a runtime that has opened `path`; then a model too where we can read it. */
static pare_status open_eval_side(evaluation *e, int i, const char *path, const char *runner,
                                  const pare_ctl *ctl, pare_err *err) {
    pr_eval_side *s = i ? &e->ref : &e->side;
    pr_model     *m = NULL;
    s->path = path;
    pare_status st = pr_model_open(&m, path, is_foreign(runner) ? NULL : err);
    if (st == PARE_OK) s->m = e->m[i] = m;
    if (!is_foreign(runner)) return st;
    pr_runner_opts ro = {
        .n_threads = e->o.n_threads, .n_ctx = e->o.window, .exact = e->o.exact, .ctl = ctl};
    if (e->o.window == 0)
        ro.n_ctx = PR_MIN(m ? m->hp.n_ctx : stated_context(path, e->arena), (int64_t)2048);
    return pr_runner_open(&s->r, runner, path, &ro, err);
}

/* Whose tokenizer cuts the text: the model named for it, the reference's, the artefact's own. */
static pare_status find_words(evaluation *e, const pare_eval_opts *o, pare_err *err) {
    const pr_model *own = e->has_ref && e->ref.m ? e->ref.m : e->side.m;
    if (!o->tokenizer && own && pr_model_tokenizer(own, NULL) == PARE_OK) {
        e->o.words = own->tok;
        return PARE_OK;
    }
    const char *path = o->tokenizer ? o->tokenizer : e->path;
    if (!o->tokenizer && !is_foreign(o->runner)) return PARE_OK; /* the usual error says why */
    PR_TRY(pr_words_open(&e->words, path, e->arena, err));
    if (!e->words.tok)
        return pr_fail(
            err, PARE_EUSAGE, -1,
            "'%s' has no tokenizer that pare reads (%s): name a model that has the words "
            "(--tokenizer)",
            path, e->words.no_tok);
    e->o.words = e->words.tok;
    return PARE_OK;
}

static pare_status open_models(evaluation *e, const char *model, const pare_eval_opts *o,
                               const pare_ctl *ctl, pare_err *err) {
    e->o = (pr_eval_opts){.window = o->n_ctx,
                          .n_windows = o->n_windows,
                          .n_threads = ctl ? ctl->n_threads : 0,
                          .exact = o->exact != 0,
                          .separator = o->separator,
                          .whole_documents = o->whole_documents != 0};
    e->path = model;
    if (!(e->arena = pr_arena_new((size_t)64 << 20))) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_state_type(o->state, &e->o.state, err));
    PR_TRY(open_text(e, o, err));
    PR_TRY(open_eval_side(e, 0, model, o->runner, ctl, err));
    e->has_ref = o->against != NULL;
    if (o->against)
        PR_TRY(open_eval_side(e, 1, o->against, o->against_runner, ctl, err));
    return find_words(e, o, err);
}

static void put_quality(evaluation *e, pr_doc_build *b, pare_doc *d) {
    pr_metric m[PR_EVAL_METRICS];
    size_t    n = pr_eval_metrics(e->result, e->ref_result, NULL, m);
    put_metrics(b, d, m, n);
    if (e->ref_result) {
        n = pr_eval_metrics(e->ref_result, NULL, NULL, m);
        put_metrics(b, pr_doc_set_object(b, d, "reference"), m, n);
    }
    pr_eval_distributions(b, pr_doc_set_object(b, d, "distributions"), e->result);
    pare_doc *o = pr_doc_set_object(b, d, "evaluation");
    pr_doc_set_i64(b, o, "window", e->result->window);
    pr_doc_set_i64(b, o, "windows", e->result->n_windows);
    pr_doc_set_i64(b, o, "tokens", e->result->n_tokens);
    pr_doc_set_i64(b, o, "positions", e->result->n_predictions);
    put_text(b, o, "separator", e->o.separator);
}

static pare_status choose(evaluation *e, const pare_eval_opts *o, const pare_ctl *ctl,
                          pr_doc_build *b, pare_doc *d, pare_err *err) {
    pr_metric m = {.info = pr_metric_info_find("task_accuracy")};
    PR_TRY(pr_choices(&e->side, e->text, o->n_tasks, &e->o, ctl, &m.est, err));
    put_metrics(b, d, &m, 1);
    if (!e->has_ref) return PARE_OK;
    PR_TRY(pr_choices(&e->ref, e->text, o->n_tasks, &e->o, ctl, &m.est, err));
    put_metrics(b, pr_doc_set_object(b, d, "reference"), &m, 1);
    return PARE_OK;
}

/* A model knows the text that it was calibrated on: what is measured there flatters it. */
static void warn_of_calibration(const evaluation *e, const pare_ctl *ctl) {
    char   hex[65];
    pr_str key = {0};
    if (!e->m[0] || pr_container_kind_of(e->m[0]->file) != PR_GGUF) return;
    if (pr_gguf_opt_str(e->m[0]->file, PR_CALIB_HASH_KEY, &key, NULL) != PARE_OK || !key.p) return;
    pr_sha256 h = pr_sha256_of(e->text.p, e->text.n);
    pr_sha256_hex(&h, hex);
    if (pr_str_eq(key, pr_str_of(hex)))
        pr_ctl_log(ctl, PARE_LOG_WARN,
                   "the model was calibrated on this very text: expected one that it has not seen");
}

static pare_status evaluate(evaluation *e, const char *model, const pare_eval_opts *o,
                            const pare_ctl *ctl, pr_doc_build *b, pare_doc *d, pare_err *err) {
    PR_TRY(open_models(e, model, o, ctl, err));
    put_side(b, pr_doc_set_object(b, d, "model"), model, e->side.m, e->side.r);
    warn_of_calibration(e, ctl);
    const char *path = o->choices ? o->choices : o->file;
    pare_status st = o->choices ? choose(e, o, ctl, b, d, err)
                                : pr_eval_sides(e->has_ref ? &e->ref : NULL, &e->side, 1, e->text,
                                                &e->o, ctl, e->has_ref ? &e->ref_result : NULL,
                                                &e->result, err);
    /* A place in the text is a place in its file. */
    if (st == PARE_EINPUT && path && err && err->pos >= 0) pr_fail_in(err, st, path);
    PR_TRY(st);
    if (!o->choices) put_quality(e, b, d);
    if (e->has_ref)
        put_side(b, pr_doc_set_object(b, d, "against"), o->against, e->ref.m, e->ref.r);
    return put_environment(b, d, e->o.n_threads, e->o.state, o->exact, err);
}

/* Give the finished tree, or free it. */
static pare_status finish(pare_status st, pr_doc_build *b, pare_doc *d, pare_doc **out,
                          pare_err *err) {
    if (st == PARE_OK) return pr_doc_done(b, d, out, err);
    pare_doc_free(d);
    return st;
}

pare_status pare_eval(const char *model, const pare_eval_opts *opts, const pare_ctl *ctl,
                      pare_doc **out, pare_err *err) {
    pare_eval_opts none = {0};
    evaluation     e = {0};
    pr_doc_build   b = {0};
    *out = NULL;
    pare_doc   *d = pr_doc_object(&b);
    pare_status st = evaluate(&e, model, opts ? opts : &none, ctl, &b, d, err);
    pr_eval_result_free(e.result);
    pr_eval_result_free(e.ref_result);
    for (int i = 0; i < 2; i++) {
        pr_runner_close(i ? e.ref.r : e.side.r);
        pr_model_close(e.m[i]);
    }
    pr_words_close(&e.words);
    pr_arena_free(e.arena);
    if (e.mapped) pr_map_close(&e.map);
    return finish(st, &b, d, out, err);
}

/* ------------------------------------------------------------------ bench */

typedef struct {
    pr_model        *m[2];      /* NULL where only the runtime can read the file */
    pr_runner       *runner[2]; /* NULL: native */
    pr_energy       *energy;
    pr_bench_result *r[2];
} timing;

/* Side `i` ready to be timed: a model of ours, or a runtime that has opened the file. */
static pare_status open_side(timing *t, int i, const char *path, const char *runner,
                             const pare_bench_opts *o, const pr_session_opts *so,
                             const pare_ctl *ctl, pr_bench_side *side, pare_err *err) {
    int64_t        p = o->prompt_tokens ? o->prompt_tokens : 128;
    int64_t        d = o->decode_tokens ? o->decode_tokens : 64;
    pr_runner_opts ro = {
        .n_threads = so->n_threads, .n_ctx = so->n_ctx, .exact = so->exact, .ctl = ctl};
    *side = (pr_bench_side){.path = path, .so = *so};
    if (!is_foreign(runner)) {
        PR_TRY(pr_model_open(&t->m[i], path, err));
        side->m = t->m[i];
        return PARE_OK;
    }
    /* Its sizes and name are told if it is a file that we can read too. */
    if (pr_model_open(&t->m[i], path, NULL) != PARE_OK) t->m[i] = NULL;
    side->m = t->m[i];
    side->path = NULL;
    if (ro.n_ctx == 0) ro.n_ctx = side->m ? PR_MIN(p + d, side->m->hp.n_ctx) : p + d;
    PR_TRY(pr_runner_open(&t->runner[i], runner, path, &ro, err));
    side->r = t->runner[i];
    return PARE_OK;
}

static void put_timing(timing *t, const pare_bench_opts *o, pr_doc_build *b, pare_doc *d) {
    put_metrics(b, d, t->r[0]->metrics, t->r[0]->n_metrics);
    pr_bench_distributions(b, pr_doc_set_object(b, d, "distributions"), t->r[0]);
    pare_doc *s = pr_doc_set_object(b, d, "bench");
    pr_doc_set_i64(b, s, "rounds", t->r[0]->rounds);
    pr_doc_set_i64(b, s, "prompt_tokens", t->r[0]->prompt_tokens);
    pr_doc_set_i64(b, s, "decode_tokens", t->r[0]->decode_tokens);
    put_text(b, s, "energy", t->energy ? pr_energy_source(t->energy) : NULL);
    if (!o->vs) return;
    s = pr_doc_set_object(b, d, "vs");
    put_side(b, s, o->vs, t->m[1], t->runner[1]);
    put_metrics(b, s, t->r[1]->metrics, t->r[1]->n_metrics);
}

static pare_status time_models(timing *t, const char *model, const pare_bench_opts *o,
                               const pare_ctl *ctl, pr_doc_build *b, pare_doc *d,
                               pare_err *err) {
    const char   *paths[2] = {model, o->vs};
    int           n = o->vs ? 2 : 1;
    pr_bench_side side[2];
    pr_bench_opts bo = {.prompt_tokens = o->prompt_tokens,
                        .decode_tokens = o->decode_tokens,
                        .rounds = o->rounds,
                        .seconds = (o->seconds > 0 ? o->seconds : 10) / n,
                        .base = o->vs ? 1 : -1,
                        .f32 = -1};
    pr_session_opts so = {
        .n_threads = ctl ? ctl->n_threads : 0, .n_ctx = o->n_ctx, .exact = o->exact != 0};
    PR_TRY(pr_state_type(o->state, &so.state, err));
    for (int i = 0; i < n; i++)
        PR_TRY(open_side(t, i, paths[i], i ? o->vs_runner : o->runner, o, &so, ctl, &side[i], err));
    PR_TRY(pr_energy_open(&t->energy, NULL, err));
    put_side(b, pr_doc_set_object(b, d, "model"), model, t->m[0], t->runner[0]);
    PR_TRY(pr_bench_many(side, n, &bo, t->energy, ctl, t->r, err));
    put_timing(t, o, b, d);
    return put_environment(b, d, so.n_threads, so.state, o->exact, err);
}

pare_status pare_bench(const char *model, const pare_bench_opts *opts, const pare_ctl *ctl,
                       pare_doc **out, pare_err *err) {
    pare_bench_opts none = {0};
    timing          t = {0};
    pr_doc_build    b = {0};
    *out = NULL;
    pare_doc   *d = pr_doc_object(&b);
    pare_status st = time_models(&t, model, opts ? opts : &none, ctl, &b, d, err);
    pr_energy_close(t.energy);
    for (int i = 0; i < 2; i++) {
        pr_bench_result_free(t.r[i]);
        pr_runner_close(t.runner[i]);
        pr_model_close(t.m[i]);
    }
    return finish(st, &b, d, out, err);
}
