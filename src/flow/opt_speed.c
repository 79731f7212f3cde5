/* opt_speed.c - stages 4 and 5: the best way to run each variant, then all of them in turns.
 *
 * Threads and SIMD level change no bit of any result, so what stage 3 found out about quality holds
 * for every setting tried here. Another state type is another function: it is tried, and told,
 * but only the one that quality was measured with may be chosen. */
#include <stdio.h>
#include "opt.h"
#include "pare_version.h"

enum { TRY_TOKENS = 24, TRY_ROUNDS = 6, PROMPT = 128, DECODE = 64 };

/* ------------------------------------------------------------------ 4: settings */

static void list_settings(opt_job *j, opt_variant *v) {
    const uint32_t all = pr_cpu_flags();
    const pr_type  states[] = {PR_F16, PR_Q8_0, PR_F32};
    bool           q8 = j->m->hp.layers[0].d_head % 32 == 0;
    v->n_settings = 0;
    for (int t = j->threads; t >= 1; t = t > 1 ? t / 2 : 0)
        for (size_t s = 0; s < PR_COUNT(states); s++) {
            if (states[s] == PR_Q8_0 && !q8) continue;
            v->settings[v->n_settings++] =
                (opt_setting){.threads = t, .state = states[s], .cpu_flags = all};
            if (v->n_settings >= OPT_SETTINGS - 1) return;
        }
    if (all & PR_CPU_AVX512) /* the narrower kernels, with all threads */
        v->settings[v->n_settings++] =
            (opt_setting){.threads = j->threads,
                          .state = j->state,
                          .cpu_flags = all & ~(uint32_t)PR_CPU_AVX512};
}

static void choose_setting(const opt_job *j, opt_variant *v) {
    int best = -1;
    for (int i = 0; i < v->n_settings; i++) {
        const opt_setting *s = &v->settings[i];
        if (!s->tried || s->state != j->state || s->decode_tps.value != s->decode_tps.value)
            continue;
        if (best < 0 || s->decode_tps.value > v->settings[best].decode_tps.value) best = i;
    }
    v->chosen = best < 0 ? 0 : best;
}

static pare_status try_settings(opt_job *j, opt_variant *v, pare_err *err) {
    uint64_t t = pr_now_ns();
    list_settings(j, v);
    for (int i = 0; i < v->n_settings; i++) {
        opt_setting    *s = &v->settings[i];
        pr_session_opts o = {.n_threads = s->threads, .state = s->state, .cpu_flags = s->cpu_flags,
                             .n_ctx = PR_MIN(v->model->hp.n_ctx, (int64_t)TRY_TOKENS + 16)};
        PR_TRY(pr_ctl_check(j->ctl, err));
        PR_TRY(pr_bench_decode(v->model, &o, PR_MIN((int64_t)TRY_TOKENS, o.n_ctx - 9),
                               TRY_ROUNDS, &s->decode_tps, err));
        s->tried = true;
    }
    choose_setting(j, v);
    const opt_setting *c = &v->settings[v->chosen];
    opt_step(j, v->name, t, false, "%d settings; best: %d threads, %s, %.4g tok/s",
             v->n_settings, c->threads, pr_cpu_level(c->cpu_flags), c->decode_tps.value);
    return PARE_OK;
}

static pare_status setting_key(const opt_job *j, const opt_variant *v, char key[65],
                               pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "settings", PARE_VERSION);
    pr_key_sha(&k, "source", &j->model_hash);
    pr_key_str(&k, "variant", v->sha256);
    pr_key_str(&k, "machine", j->hw.id);
    pr_key_i64(&k, "threads", j->threads);
    pr_key_str(&k, "state", pr_type_get(j->state)->name);
    pr_key_str(&k, "level", pr_cpu_level(pr_cpu_flags()));
    return pr_key_end(&k, key, err);
}

static pare_status save_settings(opt_job *j, const opt_variant *v, const char key[65],
                                 pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_array(&b), *out;
    for (int i = 0; i < v->n_settings; i++) pr_est_put(&b, d, &v->settings[i].decode_tps);
    PR_TRY(pr_doc_done(&b, d, &out, err));
    pare_status st = opt_put(j, key, "settings", out, err);
    pare_doc_free(out);
    return st;
}

static pare_status recall_settings(opt_job *j, opt_variant *v, const char key[65], bool *found,
                                   pare_err *err) {
    pr_str    text;
    pare_doc *d;
    *found = false;
    PR_TRY(opt_find(j, key, &text, err));
    if (!text.p) return PARE_OK;
    PR_TRY(pare_doc_parse(&d, text.p, text.n, err));
    list_settings(j, v);
    *found = pare_doc_count(d) == (size_t)v->n_settings;
    for (int i = 0; *found && i < v->n_settings; i++) {
        v->settings[i].decode_tps = pr_est_take(pare_doc_at(d, (size_t)i));
        v->settings[i].tried = true;
    }
    pare_doc_free(d);
    choose_setting(j, v);
    return PARE_OK;
}

static pare_status accelerate(opt_job *j, opt_variant *v, pare_err *err) {
    char key[65];
    bool found;
    PR_TRY(setting_key(j, v, key, err));
    PR_TRY(recall_settings(j, v, key, &found, err));
    if (found) {
        opt_step(j, v->name, pr_now_ns(), true, "%d settings", v->n_settings);
        return PARE_OK;
    }
    PR_TRY(try_settings(j, v, err));
    return save_settings(j, v, key, err);
}

pare_status opt_accelerate(opt_job *j, pare_err *err) {
    PR_TRY(accelerate(j, &j->base, err));
    if (j->f32 == 0) PR_TRY(accelerate(j, &j->fv, err));
    for (int i = 0; i < j->n; i++) {
        pr_ctl_progress(j->ctl, "try settings", "run", i, j->n);
        if (j->v[i].made) PR_TRY(accelerate(j, &j->v[i], err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ 5: in turns */

static pare_status bench_key(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    const opt_setting *s = &v->settings[v->chosen], *b = &j->base.settings[j->base.chosen];
    pr_key             k;
    pr_key_begin(&k, "bench", PARE_VERSION);
    pr_key_sha(&k, "source", &j->model_hash);
    pr_key_str(&k, "variant", v->sha256);
    pr_key_str(&k, "machine", j->hw.id);
    pr_key_i64(&k, "threads", s->threads);
    pr_key_i64(&k, "baseline_threads", b->threads);
    pr_key_str(&k, "level", pr_cpu_level(s->cpu_flags));
    pr_key_str(&k, "baseline_level", pr_cpu_level(b->cpu_flags));
    pr_key_bool(&k, "f32", j->f32 == 0); /* without that baseline a ratio lacks */
    pr_key_str(&k, "state", pr_type_get(s->state)->name);
    pr_key_i64(&k, "context", j->window);
    pr_key_f64(&k, "seconds", j->o->seconds);
    return pr_key_end(&k, key, err);
}

static pare_status recall_bench(opt_job *j, opt_variant *v, pare_err *err) {
    char      key[65];
    pr_str    text;
    pare_doc *d;
    PR_TRY(bench_key(j, v, key, err));
    PR_TRY(opt_find(j, key, &text, err));
    if (!text.p) return PARE_OK;
    PR_TRY(pare_doc_parse(&d, text.p, text.n, err));
    pare_status st = pr_bench_from_doc(d, &v->bench, err);
    pare_doc_free(d);
    v->bench_cached = st == PARE_OK;
    return st;
}

static pare_status remember_bench(opt_job *j, const opt_variant *v, pare_err *err) {
    char      key[65];
    pare_doc *d;
    PR_TRY(bench_key(j, v, key, err));
    PR_TRY(pr_bench_to_doc(v->bench, &d, err));
    pare_status st = opt_put(j, key, "bench", d, err);
    pare_doc_free(d);
    return st;
}

/* The artefact on the disk is still what was made, and opens. */
static pare_status verify_file(opt_job *j, const opt_variant *v, pare_err *err) {
    pr_map map;
    char   hex[65];
    PR_TRY(pr_map_open(&map, v->path, err));
    pr_sha256 h = pr_sha256_of(map.p, (size_t)map.n);
    pr_map_close(&map);
    pr_sha256_hex(&h, hex);
    if (strcmp(hex, v->sha256) == 0) return PARE_OK;
    return pr_fail(err, PARE_EENV, -1, "'%s' changed on the disk after it was written", v->rel);
}

static pr_bench_side side_of(const opt_job *j, const opt_variant *v) {
    const opt_setting *s = &v->settings[v->chosen];
    return (pr_bench_side){.path = v->path,
                           .m = v->model,
                           .so = {.n_threads = s->threads,
                                  .state = s->state,
                                  .cpu_flags = s->cpu_flags,
                                  .n_ctx = j->window}};
}

/* The text's own first tokens, so that every side reads what it was judged on. */
static pare_status bench_ids(opt_job *j, pr_ids *ids, pare_err *err) {
    size_t n = PR_MIN(j->text.n, (size_t)64 << 10);
    while (n > 0 && ((uint8_t)j->text.p[n - 1] & 0xc0) == 0x80) n--; /* not within a code point */
    if (n > 0 && n < j->text.n) n--;
    return pr_encode(j->m->tok, j->text.p, n, 0, ids, err);
}

static pare_status bench_missing(opt_job *j, pare_err *err) {
    pr_bench_side    sides[OPT_VARIANTS + 2];
    opt_variant     *who[OPT_VARIANTS + 2];
    pr_bench_result *results[OPT_VARIANTS + 2];
    int              n = 0;
    pr_ids           ids = {0};
    bool             missing = !j->base.bench || (j->f32 == 0 && !j->fv.bench);
    for (int i = 0; i < j->n; i++) missing |= j->v[i].made && !j->v[i].bench;
    if (!missing) return PARE_OK;
    pr_bench_opts o = {.prompt_tokens = PROMPT,
                       .decode_tokens = DECODE,
                       .seconds = j->o->seconds,
                       .base = 0,
                       .f32 = j->f32 == 0 ? 1 : -1};
    who[n++] = &j->base;
    if (j->f32 == 0) who[n++] = &j->fv;
    for (int i = 0; i < j->n; i++)
        if (j->v[i].made && !j->v[i].bench) who[n++] = &j->v[i];
    for (int i = 0; i < n; i++) sides[i] = side_of(j, who[i]);
    PR_TRY(bench_ids(j, &ids, err));
    o.ids = ids.p;
    o.n_ids = (int64_t)ids.n;
    uint64_t    t = pr_now_ns();
    pare_status st = pr_bench_many(sides, n, &o, j->energy, j->ctl, results, err);
    pr_ids_done(&ids);
    PR_TRY(st);
    for (int i = 0; i < n; i++) {
        pr_bench_result_free(who[i]->bench);
        who[i]->bench = results[i];
        who[i]->bench_cached = false;
    }
    for (int i = 0; i < n; i++) {
        PR_TRY(remember_bench(j, who[i], err));
        opt_step(j, who[i]->name, t, false, "%lld rounds in turns", (long long)results[i]->rounds);
    }
    return PARE_OK;
}

pare_status opt_validate(opt_job *j, pare_err *err) {
    for (int i = 0; i < j->n; i++) {
        if (!j->v[i].made) continue;
        PR_TRY(verify_file(j, &j->v[i], err));
        PR_TRY(recall_bench(j, &j->v[i], err));
        if (j->v[i].bench) opt_step(j, j->v[i].name, pr_now_ns(), true, "timing from the records");
    }
    PR_TRY(recall_bench(j, &j->base, err));
    if (j->f32 == 0) PR_TRY(recall_bench(j, &j->fv, err));
    PR_TRY(bench_missing(j, err));
    j->rounds = j->base.bench->rounds;
    j->prompt_tokens = j->base.bench->prompt_tokens;
    j->decode_tokens = j->base.bench->decode_tokens;
    opt_collect(j);
    return PARE_OK;
}

/* ------------------------------------------------------------------ all metrics of each */

static void collect(const opt_job *j, opt_variant *v) {
    pr_metric m[PR_EVAL_METRICS];
    /* F32 holds the same values as the source, wider: the same numbers by construction, so the
     * source's
     * evaluation is also the F32 baseline's, as long as the source's floats are no wider. */
    const pr_eval_result *src = j->base.eval;
    size_t                n = v->eval ? pr_eval_metrics(v->eval, src, src, m) : 0;
    v->n_metrics = 0;
    for (size_t i = 0; i < n; i++) v->metrics[v->n_metrics++] = m[i];
    for (size_t i = 0; v->bench && i < v->bench->n_metrics && v->n_metrics < OPT_METRICS - 2; i++)
        v->metrics[v->n_metrics++] = v->bench->metrics[i];
    v->metrics[v->n_metrics++] = (pr_metric){.info = pr_metric_info_find("file_bytes"),
                                             .est = pr_est_counted((double)v->bytes)};
    v->metrics[v->n_metrics++] =
        (pr_metric){.info = pr_metric_info_find("bpw"), .est = pr_est_counted(v->bpw)};
}

void opt_collect(opt_job *j) {
    if (j->f32 == 0 && !j->fv.eval) {
        /* Of the F32 baseline only what was timed and counted is its own. */
        collect(j, &j->fv);
    }
    collect(j, &j->base);
    for (int i = 0; i < j->n; i++) collect(j, &j->v[i]);
}
