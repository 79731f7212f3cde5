/* opt_report.c - the finished job as report.json (docs/report.md). */
#include <math.h>
#include <stdio.h>
#include <time.h>
#include "opt.h"
#include "pare_version.h"
#include "report/report.h"

static void set_hex(pr_doc_build *b, pare_doc *o, const char *key, const pr_sha256 *h) {
    char hex[65];
    pr_sha256_hex(h, hex);
    pr_doc_set_str(b, o, key, hex);
}

static void head(pr_doc_build *b, pare_doc *d, const opt_job *j) {
    time_t    now = time(NULL);
    struct tm utc;
    char      when[32];
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    pr_doc_set_i64(b, d, "schema", 1);
    pr_doc_set_str(b, d, "kind", "pare.report");
    pr_doc_set_str(b, pr_doc_set_object(b, d, "pare"), "version", PARE_VERSION);
    pr_doc_set_str(b, d, "created", when);
    pare_doc *c = pr_doc_set_array(b, d, "command");
    for (int i = 0; j->o->command && j->o->command[i]; i++) pr_doc_add_path(b, c, j->o->command[i]);
    pr_doc_set_f64(b, d, "seconds", (double)(pr_now_ns() - j->start_ns) / 1e9);
}

static void model(pr_doc_build *b, pare_doc *d, const opt_job *j) {
    const pr_model *m = j->m;
    const pr_layer *l = &m->hp.layers[0];
    pare_doc       *o = pr_doc_set_object(b, d, "model"), *t;
    pr_doc_set_str(b, o, "name", m->name);
    pr_doc_set_path(b, o, "path", m->path);
    pr_doc_set_str(b, o, "format", pr_source_format(m));
    pr_doc_set_str(b, o, "architecture", pr_model_arch_name(m));
    pr_doc_set_i64(b, o, "parameters", pr_model_n_params(m));
    pr_doc_set_i64(b, o, "layers", m->hp.n_layer);
    pr_doc_set_i64(b, o, "width", m->hp.d_model);
    pr_doc_set_i64(b, o, "heads", l->n_head);
    pr_doc_set_i64(b, o, "kv_heads", l->n_kv);
    pr_doc_set_i64(b, o, "head_size", l->d_head);
    pr_doc_set_i64(b, o, "feed_forward", l->d_ff);
    pr_doc_set_i64(b, o, "vocabulary", m->hp.n_vocab);
    pr_doc_set_i64(b, o, "context", m->hp.n_ctx);
    pr_doc_set_bool(b, o, "tied", m->hp.tied);
    pr_doc_set_str(b, o, "precision", pr_source_precision(m));
    pr_doc_set_i64(b, o, "bytes", (int64_t)pr_container_bytes(m->file));
    set_hex(b, o, "sha256", &j->model_hash);
    t = pr_doc_set_object(b, o, "tokenizer");
    pr_doc_set_str(b, t, "kind", pr_tokenizer_describe(m->tok).kind);
    pr_doc_set_i64(b, t, "entries", pr_tokenizer_size(m->tok));
    pr_doc_set(b, o, "files", pr_doc_copy(pare_doc_get(j->source, "files")));
}

static void settings(pr_doc_build *b, pare_doc *d, const opt_job *j, const pr_gate *limits,
                     size_t n_limits) {
    pare_doc *o = pr_doc_set_object(b, d, "settings"), *e, *t;
    pr_doc_set_f64(b, o, "conf", 0.95);
    pr_doc_set_i64(b, o, "seed", (int64_t)j->o->seed);
    pr_doc_set_i64(b, o, "threads", j->threads);
    pr_doc_set_i64(b, o, "context", j->window);
    pr_doc_set_str(b, o, "state", pr_type_get(j->state)->name);
    t = pr_doc_set_array(b, o, "variants");
    for (int i = 0; i < j->n; i++) pr_doc_add_str(b, t, j->v[i].name);
    e = pr_doc_set_object(b, o, "evaluation");
    t = pr_doc_set_object(b, e, "text");
    pr_doc_set_path(b, t, "path", j->text_path);
    pr_doc_set_i64(b, t, "bytes", (int64_t)j->text.n);
    set_hex(b, t, "sha256", &j->text_hash);
    pr_doc_set_i64(b, t, "tokens", j->n_tokens);
    pr_doc_set_i64(b, e, "window", j->window);
    pr_doc_set_i64(b, e, "windows", j->n_windows);
    pr_doc_set_str(b, e, "positions", "every");
    pr_doc_set_bool(b, e, "bos", pr_tokenizer_describe(j->m->tok).add_bos);
    pr_doc_set_null(b, e, "separator");
    t = pr_doc_set_object(b, o, "bench");
    pr_doc_set_i64(b, t, "prompt_tokens", j->prompt_tokens);
    pr_doc_set_i64(b, t, "decode_tokens", j->decode_tokens);
    pr_doc_set_i64(b, t, "pairs", j->rounds);
    t = pr_doc_set_array(b, o, "constraints");
    for (size_t i = 0; i < n_limits; i++) pr_gate_put_asked(b, t, &limits[i]);
    t = pr_doc_set_object(b, o, "prefer");
    for (size_t i = 0; i < j->n_objectives; i++)
        pr_doc_set_f64(b, t, j->objectives[i].preference, j->objectives[i].weight);
}

static void stages(pr_doc_build *b, pare_doc *d, const opt_job *j) {
    pare_doc *a = pr_doc_set_array(b, d, "stages");
    for (int i = 0; i < OPT_STAGES; i++) {
        const opt_stage *s = &j->stage[i];
        pare_doc        *o = pr_doc_add_object(b, a);
        pr_doc_set_str(b, o, "name", s->name);
        pr_doc_set_str(b, o, "status", "done");
        pr_doc_set_f64(b, o, "seconds", s->seconds);
        pr_doc_set_i64(b, o, "measured", s->measured);
        pr_doc_set_i64(b, o, "cached", s->cached);
        pare_doc *steps = pr_doc_set_array(b, o, "steps");
        for (int k = 0; k < s->n_steps; k++) {
            pare_doc *p = pr_doc_add_object(b, steps);
            pr_doc_set_str(b, p, "what", s->steps[k].what);
            pr_doc_set_f64(b, p, "seconds", s->steps[k].seconds);
            pr_doc_set_bool(b, p, "cached", s->steps[k].cached);
            pr_doc_set_str(b, p, "detail", s->steps[k].detail);
        }
    }
}

static void set_text(pr_doc_build *b, pare_doc *o, const char *key, const char *text) {
    if (text && *text) pr_doc_set_str(b, o, key, text);
    else pr_doc_set_null(b, o, key);
}

static const char *runner_of(const opt_variant *v) {
    return v->by ? v->by->name : "native";
}

/* State and kernels of a foreign runtime are its own affair: the state in its words. */
static void setting_doc(pr_doc_build *b, pare_doc *o, const opt_variant *v, const opt_setting *s) {
    pr_doc_set_i64(b, o, "threads", s->threads);
    set_text(b, o, "state", v->by ? v->runner_state : pr_type_get(s->state)->name);
    set_text(b, o, "level", v->by ? NULL : pr_cpu_level(s->cpu_flags));
    pr_doc_set_str(b, o, "runner", runner_of(v));
}

/* "format", "runner", and what a foreign one says of itself. */
static void runtime(pr_doc_build *b, pare_doc *o, const opt_variant *v) {
    set_text(b, o, "format", v->format);
    pr_doc_set_str(b, o, "runner", runner_of(v));
    if (v->skipped) pr_doc_set_bool(b, o, "skipped", true);
    if (!v->by || v->skipped) return;
    pare_doc *r = pr_doc_set_object(b, o, "runtime");
    set_text(b, r, "version", v->version);
    set_text(b, r, "arithmetic", v->arithmetic);
    set_text(b, r, "state", v->runner_state);
}

static void accelerations(pr_doc_build *b, pare_doc *o, const opt_variant *v) {
    const pr_metric_info *tps = pr_metric_info_find("decode_tps");
    if (v->n_settings == 0) return;
    setting_doc(b, pr_doc_set_object(b, o, "acceleration"), v, &v->settings[v->chosen]);
    pare_doc *a = pr_doc_set_array(b, o, "accelerations");
    for (int i = 0; i < v->n_settings; i++) {
        pare_doc *s = pr_doc_add_object(b, a), *tmp = pr_doc_array(b);
        setting_doc(b, s, v, &v->settings[i]);
        pr_metric m = {.info = tps, .est = v->settings[i].decode_tps};
        pr_metric_put(b, tmp, &m);
        pr_doc_set(b, s, "decode_tps", pr_doc_copy(pare_doc_at(tmp, 0)));
        pare_doc_free(tmp);
        pr_doc_set_bool(b, s, "chosen", i == v->chosen);
    }
}

static void variant(pr_doc_build *b, pare_doc *o, const opt_job *j, const opt_variant *v) {
    pr_doc_set_str(b, o, "name", v->name);
    pr_doc_set_str(b, o, "quant", v->quant ? v->quant : v->name);
    runtime(b, o, v);
    if (v->rel && (v->made || v->sha256[0])) pr_doc_set_str(b, o, "path", v->rel);
    else pr_doc_set_null(b, o, "path");
    pr_doc_set_i64(b, o, "bytes", (int64_t)v->bytes);
    if (v->sha256[0]) pr_doc_set_str(b, o, "sha256", v->sha256);
    else pr_doc_set_null(b, o, "sha256");
    pr_doc_set_f64(b, o, "bpw", v->bpw);
    pr_doc_set_bool(b, o, "baseline", v == &j->base);
    bool from_cache = v->bench_cached && (v->eval_cached || (v == &j->fv && j->base.eval_cached));
    pr_doc_set_bool(b, o, "from_cache", from_cache);
    pare_doc *a = pr_doc_set_array(b, o, "metrics");
    for (size_t i = 0; i < v->n_metrics; i++) pr_metric_put(b, a, &v->metrics[i]);
    accelerations(b, o, v);
    pare_doc *dist = pr_doc_set_object(b, o, "distributions");
    if (v->eval) pr_eval_distributions(b, dist, v->eval);
    if (v->bench) pr_bench_distributions(b, dist, v->bench);
    if (v->written) pr_doc_set(b, o, "tensors", pr_doc_copy(pare_doc_get(v->written, "tensors")));
    if (v->error) pr_doc_set_str(b, o, "error", v->error);
}

/* ------------------------------------------------------------------ how, guidance, monitoring */

static void how_entry(pr_doc_build *b, pare_doc *a, const char *const *metrics, const char *method,
                      const char *bounds, const char *source, const char *name, const char *value) {
    pare_doc *o = pr_doc_add_object(b, a), *l = pr_doc_set_array(b, o, "metrics");
    for (; *metrics; metrics++) pr_doc_add_str(b, l, *metrics);
    pr_doc_set_str(b, o, "method", method);
    pr_doc_set_str(b, o, "bounds", bounds);
    if (source) pr_doc_set_str(b, o, "source", source);
    else pr_doc_set_null(b, o, "source");
    l = pr_doc_set_array(b, o, "inputs");
    if (!name) return;
    o = pr_doc_add_object(b, l);
    pr_doc_set_str(b, o, "name", name);
    pr_doc_set_path(b, o, "value", value);
}

/* How each number was obtained. long: it is the list of methods, one entry a group of metrics. */
static void how(pr_doc_build *b, pare_doc *d, const opt_job *j) {
    static const char *const quality[] = {"nll", "perplexity", "ppl_ratio", NULL};
    static const char *const shares[] = {"accuracy", "accuracy_kept", "top1_agreement", NULL};
    static const char *const kld[] = {"kld_mean", "kld_median", "kld_p95",
                                      "kld_p99",  "kld_max",    NULL};
    static const char *const speed[] = {
        "decode_tps",   "prefill_tps",  "ttft_ms", "token_ms_p50",
        "token_ms_p95", "token_ms_p99", "speedup", NULL};
    static const char *const steady[] = {"token_cv_frame", "token_cv", NULL};
    static const char *const counted[] = {"memory_bytes", "memory_ratio", "file_bytes", "bpw",
                                          NULL};
    static const char *const process[] = {"peak_rss_bytes", "peak_rss_ratio", "load_ms", NULL};
    static const char *const energy[] = {"energy_j_per_token", NULL};
    static const char *const blocks =
        "windows joined to blocks whose length the text's own correlation chooses; Student's t "
        "over blocks; n counts blocks";
    static const char *const politis =
        "Politis & White, Econometric Reviews 23 (2004); Patton, Politis & White 28 (2009)";
    pare_doc *a = pr_doc_set_array(b, d, "how");
    char      text[600];
    snprintf(text, sizeof text,
             "%lld windows of %lld tokens from the start of the text, each by itself, every "
             "position counted "
             "(%lld predictions); ratios are paired window by window",
             (long long)j->n_windows, (long long)j->window, (long long)j->n_predictions);
    how_entry(b, a, quality, text, blocks, politis, "text", j->text_path);
    how_entry(
        b, a, shares,
        "share of positions, from the same windows; accuracy: the most probable token is the "
        "text's next one",
        "as above; Clopper-Pearson on the effective sample size, the ratio by the delta method",
        "Korn & Graubard, Survey Methodology 24 (1998)", "text", j->text_path);
    how_entry(b, a, kld,
              "the source runs beside every variant, batch by batch; both next-token "
              "distributions are compared "
              "at every position and thrown away",
              blocks, politis, "reference", j->src);
    snprintf(text, sizeof text,
             "the baseline and one variant take turns, round by round, and only these two are "
             "held: %lld prompt tokens at once, then %lld tokens one by one, each timed by "
             "itself; a ratio is of one round. Against F32: the ratio to the source over that of "
             "the F32 file to the source, half-widths added",
             (long long)j->prompt_tokens, (long long)j->decode_tokens);
    how_entry(b, a, speed, text, "order statistics: no assumption on the distribution",
              "Conover, Practical Nonparametric Statistics (1999), 3.2", "kernels",
              pr_cpu_level(pr_cpu_flags()));
    how_entry(
        b, a, steady,
        "standard deviation over mean of the time per token, without the warm-up; "
        "token_cv_frame: "
        "over spans of tokens that last at least 1/60 s, a frame of a screen, all of them; "
        "token_cv: over single tokens",
        "influence values over dependent times; n counts spans, or tokens", NULL, NULL, NULL);
    how_entry(
        b, a, counted,
        "counted: weights, keys and values of the context, workspace with the threads' scratch",
        "exact", NULL, NULL, NULL);
    how_entry(b, a, process,
              "peak resident bytes since the model was opened (the kernel's counter is reset "
              "before); of a foreign runtime its whole process, and with one in the field the "
              "memory preference of all candidates is judged by this; "
              "time from opening the file to a session that can run",
              "over rounds", NULL, NULL, NULL);
    how_entry(b, a, energy,
              pr_energy_why(j->energy) ? pr_energy_why(j->energy) : pr_energy_source(j->energy),
              "over rounds", NULL, NULL, NULL);
}

static const opt_variant *find_variant(const opt_job *j, const char *name) {
    for (int i = 0; name && i < j->n; i++)
        if (strcmp(j->v[i].name, name) == 0) return &j->v[i];
    return NULL;
}

static const pr_est *metric(const opt_variant *v, const char *name, pr_against against) {
    const pr_metric *m = pr_metric_find(v->metrics, v->n_metrics, name, against);
    return m && pr_est_ok(&m->est) ? &m->est : NULL;
}

/* What the next smaller and the next better variant would give and take. */
static void tradeoffs(pr_doc_build *b, pare_doc *o, const opt_job *j, const opt_variant *c) {
    pare_doc     *a = pr_doc_set_array(b, o, "tradeoffs");
    const pr_est *own = metric(c, "kld_mean", PR_AGAINST_SOURCE);
    for (int i = 0; i < j->n && own; i++) {
        const opt_variant *v = &j->v[i];
        const pr_est      *k = metric(v, "kld_mean", PR_AGAINST_SOURCE);
        char               text[256];
        if (v == c || !k || v->bytes == 0 || own->value <= 0 || k->value <= 0) continue;
        double bytes = (double)v->bytes / (double)c->bytes, ratio = k->value / own->value;
        if (bytes < 0.6 || bytes > 1.7) continue;
        snprintf(text, sizeof text, "%s: %+.0f %% bytes, %.2f times the divergence of %s",
                 v->name, (bytes - 1) * 100, ratio, c->name);
        pr_doc_add_str(b, a, text);
    }
}

static void command(pr_doc_build *b, pare_doc *a, const char *title, const char *text,
                    const char *note) {
    pare_doc *o = pr_doc_add_object(b, a);
    pr_doc_set_str(b, o, "title", title);
    pr_doc_set_str(b, o, "command", text);
    if (note) pr_doc_set_str(b, o, "note", note);
    else pr_doc_set_null(b, o, "note");
}

/* A path as a word of a POSIX shell: plain, or in quotes; never an option. */
static const char *shell_word(const opt_job *j, const char *path) {
    static const char *const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_./+-:=@%,";
    const char *dot = path && path[0] == '-' ? "./" : "";
    if (!path || !path[strspn(path, plain)])
        return path ? pr_arena_printf(j->a, "%s%s", dot, path) : NULL;
    char *word = pr_arena_get(j->a, 4 * strlen(path) + 8, 1), *to = word;
    if (!word) return NULL;
    *to++ = '\'';
    for (const char *p = dot; *p; p++) *to++ = *p;
    for (const char *p = path; *p; p++) {
        if (*p == '\'') { /* out of the quotes, one of its own, and in again */
            memcpy(to, "'\\'", 3);
            to += 3;
        }
        *to++ = *p;
    }
    memcpy(to, "'", 2);
    return word;
}

/* By the runtime that was measured first; the file's hash last. */
static void run_commands(pr_doc_build *b, pare_doc *a, const opt_job *j, const opt_variant *c,
                         const char *file, int threads) {
    bool gguf = strcmp(c->format, "gguf") == 0, mlx = strcmp(c->format, "mlx") == 0;
    if (!c->by)
        command(b, a, "Run it here",
                pr_arena_printf(j->a, "pare generate %s -p 'It was' -n 80 -t %d", file, threads),
                NULL);
    else
        command(b, a, pr_arena_printf(j->a, "Run it here, by %s", c->by->name),
                pr_arena_printf(j->a,
                                "pare generate %s --runner %s --tokenizer %s -p 'It was' -n 80 "
                                "-t %d",
                                file, c->by->name, shell_word(j, j->src), threads),
                c->by->how_to_install);
    if (gguf)
        command(b, a, "Run it with llama.cpp",
                pr_arena_printf(j->a, "llama-cli -m %s -p 'It was' -n 80 -t %d", file, threads),
                "any llama.cpp that reads GGUF version 3");
    if (mlx)
        command(b, a, "Run it with mlx-lm",
                pr_arena_printf(j->a,
                                "python3 -m mlx_lm generate --model %s --prompt 'It was' "
                                "--max-tokens 80",
                                file),
                "pip install mlx-lm");
    const char *check =
        pr_path_is_dir(c->path)
            ? pr_arena_printf(j->a,
                              "(cd %s && LC_ALL=C && export LC_ALL && sha256sum ./* | sha256sum)",
                              file)
            : pr_arena_printf(j->a, "sha256sum %s", file);
    command(b, a, "Check what was shipped", check, c->sha256);
}

static void run_notes(pr_doc_build *b, pare_doc *a, const opt_job *j, const opt_variant *c) {
    if (!c->by) {
        pr_doc_add_str(b, a,
                       "The file is mapped, not copied: keep it on local storage, and leave its "
                       "bytes of memory free.");
        return;
    }
    const char *text = pr_arena_printf(
        j->a,
        "Measured with %s %s on this machine (%s). Another version, or another processor, may "
        "compute in another precision: run pare optimize again there.",
        c->by->name, c->version ? c->version : "", c->arithmetic ? c->arithmetic : "as it comes");
    if (text) pr_doc_add_str(b, a, text);
}

static void guidance(pr_doc_build *b, pare_doc *d, const opt_job *j, const opt_variant *c) {
    pare_doc *o = pr_doc_set_object(b, d, "guidance"), *a;
    if (!c) {
        pr_doc_set_array(b, o, "tradeoffs");
        return;
    }
    tradeoffs(b, o, j, c);
    a = pr_doc_set_array(b, o, "files");
    pare_doc *f = pr_doc_add_object(b, a);
    pr_doc_set_str(b, f, "path", c->rel);
    pr_doc_set_i64(b, f, "bytes", (int64_t)c->bytes);
    pr_doc_set_str(b, f, "sha256", c->sha256);
    a = pr_doc_set_array(b, o, "commands");
    int threads = c->n_settings ? c->settings[c->chosen].threads : j->threads;
    const char *path = pr_path_join(j->a, j->o->out, c->rel), *file = shell_word(j, path);
    if (!file) file = c->rel; /* no memory: what follows fails too */
    run_commands(b, a, j, c, file, threads);
    a = pr_doc_set_array(b, o, "notes");
    run_notes(b, a, j, c);
    pr_doc_add_str(b, a,
                   "Speed was measured on this machine; on another one run pare optimize "
                   "again: quality is found "
                   "in the records where nothing changed.");
}

static void watch(pr_doc_build *b, pare_doc *a, const opt_variant *c, const char *name,
                  const char *op, double factor, const char *every, const char *why) {
    const pr_est *e = metric(c, name, PR_AGAINST_NONE);
    if (!e) return;
    pare_doc *o = pr_doc_add_object(b, a), *alert;
    pr_doc_set_str(b, o, "metric", name);
    pr_doc_set_str(b, o, "unit", pr_metric_info_find(name)->unit);
    pr_doc_set_f64(b, o, "baseline", e->value);
    pr_doc_set_f64(b, o, "lo", e->lo);
    pr_doc_set_f64(b, o, "hi", e->hi);
    alert = pr_doc_set_object(b, o, "alert");
    pr_doc_set_str(b, alert, "op", op);
    pr_doc_set_f64(b, alert, "threshold", (*op == '>' ? e->hi : e->lo) * factor);
    pr_doc_set_str(b, o, "every", every);
    pr_doc_set_str(b, o, "why", why);
}

static void monitoring(pr_doc_build *b, pare_doc *d, const opt_variant *c) {
    pare_doc *a = pr_doc_set_array(b, d, "monitoring");
    if (!c) return;
    watch(b, a, c, "token_ms_p95", ">", 1.25, "minute",
          "users wait: heat, other load, a smaller machine");
    watch(b, a, c, "decode_tps", "<", 0.8, "minute",
          "throughput under four fifths of what was measured");
    watch(b, a, c, "peak_rss_bytes", ">", 1.1, "minute", "memory grows only with the context");
    watch(b, a, c, "perplexity", ">", 1.05, "day",
          "on the text of this report: the file or its runtime changed; on your own: the data "
          "drifts");
    watch(b, a, c, "accuracy", "<", 0.97, "day", "the share of tokens foretold falls: drift");
}

/* ------------------------------------------------------------------ all */

/* Candidates with their limits and gates judged. */
static pare_status candidates(opt_job *j, const pr_gate *limits, size_t n_limits,
                              pr_candidate **out, pare_err *err) {
    size_t        per = n_limits + j->policy.n_gates;
    pr_candidate *c;
    PR_NEW(c, j->a, j->n + 1, err);
    for (int i = 0; i < j->n; i++) {
        opt_variant    *v = &j->v[i];
        pr_gate_result *r;
        PR_NEW(r, j->a, per + 1, err);
        for (size_t k = 0; k < n_limits; k++)
            pr_gate_judge(&limits[k], v->name, v->metrics, v->n_metrics, &r[k]);
        pr_policy_judge(&j->policy, v->name, v->metrics, v->n_metrics, r + n_limits);
        c[i] = (pr_candidate){.name = v->name,
                              .bytes = v->bytes,
                              .metrics = v->metrics,
                              .n_metrics = v->n_metrics,
                              .results = r,
                              .n_results = per,
                              .error = v->error};
    }
    *out = c;
    return PARE_OK;
}

pare_status opt_report(opt_job *j, pare_doc **out, pare_err *err) {
    pr_gate       gates[PR_CONSTRAINTS_MAX];
    pr_limits limits = {.max_bytes = j->o->max_bytes,
                        .max_memory = j->o->max_memory,
                        .max_latency_ms = j->o->max_latency_ms,
                        .min_accuracy = j->o->min_accuracy,
                        .min_speedup = j->o->min_speedup};
    size_t        n_limits = pr_limits_gates(&limits, gates);
    pr_candidate *c = NULL;
    pr_front      front;
    pare_doc     *list[OPT_VARIANTS];
    pr_doc_build  b = {0};
    opt_choose_memory(j);
    PR_TRY(candidates(j, gates, n_limits, &c, err));
    PR_TRY(pr_front_make(c, (size_t)j->n, j->objectives, j->n_objectives, j->a, &front, err));
    pare_doc *d = pr_doc_object(&b);
    head(&b, d, j);
    model(&b, d, j);
    const char *why = pr_energy_why(j->energy);
    pr_machine_doc(&b, d, &j->hw, j->threads, why ? NULL : pr_energy_source(j->energy), why);
    settings(&b, d, j, gates, n_limits);
    stages(&b, d, j);
    variant(&b, pr_doc_set_object(&b, d, "baseline"), j, &j->base);
    if (j->f32 >= 0) variant(&b, pr_doc_set_object(&b, d, "baseline_f32"), j, &j->fv);
    pare_doc *a = pr_doc_set_array(&b, d, "variants");
    for (int i = 0; i < j->n; i++) variant(&b, list[i] = pr_doc_add_object(&b, a), j, &j->v[i]);
    pr_policy_put(&b, d, &j->policy);
    pr_report_put_search(&b, d, list, c, &front, n_limits);
    how(&b, d, j);
    const opt_variant *chosen = front.choice >= 0 ? find_variant(j, c[front.choice].name) : NULL;
    guidance(&b, d, j, chosen);
    monitoring(&b, d, chosen);
    if (j->hunted) pr_doc_set(&b, d, "search", pr_doc_copy(j->hunted));
    PR_TRY(opt_profile(j, chosen, &b, d, err));
    a = pr_doc_set_array(&b, d, "warnings");
    for (int i = 0; i < j->n_warnings; i++) pr_doc_add_str(&b, a, j->warnings[i]);
    return pr_doc_done(&b, d, out, err);
}
