/* opt_speed.c - stages 4 and 5: the best way to run each variant, then each in turns with the
 * baseline.
 *
 * Never more than two models are open to be run: the source and one variant.
 *
 * Threads and SIMD level change no bit of any result, so what stage 3 found out about quality holds
 * for every setting tried here. Another state type is another function: it is tried, and told,
 * but only the one that quality was measured with may be chosen. */
#include <math.h>
#include <stdio.h>
#include "opt.h"

enum { TRY_TOKENS = 24, LEAST_TURNS = 6, MOST_TURNS = 48, PROMPT = 128, DECODE = 64 };

/* ------------------------------------------------------------------ 4: settings */

static void list_settings(opt_job *j, opt_variant *v) {
    const uint32_t all = pr_cpu_flags();
    const pr_type  states[] = {PR_F16, PR_Q8_0, PR_F32};
    bool           q8 = j->m->hp.layers[0].d_head % 32 == 0;
    if (v->by) {
        opt_runner_settings(j, v);
        return;
    }
    v->n_settings = 0;
    if (*v->how) { /* the name says how */
        v->settings[v->n_settings++] = (opt_setting){
            .threads = v->threads ? v->threads : j->threads, .state = v->state, .cpu_flags = all};
        return;
    }
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
                          .state = v->state,
                          .cpu_flags = all & ~(uint32_t)PR_CPU_AVX512};
}

static void choose_setting(opt_variant *v) {
    int best = -1;
    for (int i = 0; i < v->n_settings; i++) {
        const opt_setting *s = &v->settings[i];
        if (!s->tried || s->state != v->state || s->decode_tps.value != s->decode_tps.value)
            continue;
        if (best < 0 || s->decode_tps.value > v->settings[best].decode_tps.value) best = i;
    }
    v->chosen = best < 0 ? 0 : best;
}

/* Progress of a part of a stage, told in the stage's own units; cancel goes through. */
typedef struct {
    const pare_ctl *all;
    const char     *task, *unit;
    double          at, of;
} part;

static void part_progress(void *user, const pare_progress *p) {
    const part *q = user;
    double      share = p->total > 0 ? PR_MIN(p->done / p->total, 1.0) : 0;
    pr_ctl_progress(q->all, q->task, q->unit, q->at + share, q->of);
}

static int part_cancelled(void *user) {
    const part *q = user;
    return pr_ctl_check(q->all, NULL) != PARE_OK;
}

static pare_ctl part_ctl(part *q) {
    return (pare_ctl){.on_progress = part_progress, .is_cancelled = part_cancelled, .user = q};
}

/* `r`: NULL, or what runs the variant with this setting. */
static pare_status try_one(const opt_job *j, const opt_variant *v, int i, pr_runner *r, int turn,
                           double *tps, pare_err *err) {
    const opt_setting *s = &v->settings[i];
    int64_t            ctx = PR_MIN(j->m->hp.n_ctx, (int64_t)TRY_TOKENS + 16);
    pr_bench_side      side = {.m = v->model,
                               .r = r,
                               .so = {.n_threads = s->threads,
                                      .state = s->state,
                                      .cpu_flags = s->cpu_flags,
                                      .n_ctx = ctx}};
    int64_t       prompt = PR_MIN((int64_t)8, ctx / 2);
    pr_bench_opts o = {.prompt_tokens = prompt,
                       .decode_tokens = PR_MIN((int64_t)TRY_TOKENS, ctx - prompt),
                       .rounds = 1,
                       .base = -1,
                       .f32 = -1};
    pr_bench_result *res;
    part             q = {j->ctl, v->name, "setting", turn * v->n_settings + i,
                          (double)MOST_TURNS * v->n_settings};
    pare_ctl         ctl = part_ctl(&q);
    PR_TRY(pr_bench_many(&side, 1, &o, NULL, &ctl, &res, err));
    const pr_metric *m =
        pr_metric_find(res->metrics, res->n_metrics, "decode_tps", PR_AGAINST_NONE);
    *tps = m ? m->est.value : (double)NAN;
    pr_bench_result_free(res);
    return PARE_OK;
}

/* In turns, and for half of a variant's time: what else the machine does meets every setting
 * alike, and
 * a neighbour that takes one processor for half a second does not decide. A large model would take
 * hours: past the time of a variant, no further turn. */
static pare_status try_settings(opt_job *j, opt_variant *v, pr_runner *const *r, pare_err *err) {
    uint64_t t = pr_now_ns();
    double   budget = j->o->seconds > 0 ? j->o->seconds : 4;
    double   tps[OPT_SETTINGS][MOST_TURNS];
    int      turns = 0;
    do {
        for (int i = 0; i < v->n_settings; i++)
            PR_TRY(try_one(j, v, i, r[i], turns, &tps[i][turns], err));
        turns++;
    } while (turns < MOST_TURNS && (double)(pr_now_ns() - t) / 1e9 <
 (turns < LEAST_TURNS ? budget : budget / 2));
    for (int i = 0; i < v->n_settings; i++) {
        v->settings[i].decode_tps = pr_est_quantile(tps[i], turns, 0.5, 0.95);
        v->settings[i].tried = true;
    }
    choose_setting(v);
    const opt_setting *c = &v->settings[v->chosen];
    opt_step(j, v->name, t, false, "%d settings; best: %d threads, %s, %.4g tok/s",
             v->n_settings, c->threads, v->by ? v->by->name : pr_cpu_level(c->cpu_flags),
             c->decode_tps.value);
    return PARE_OK;
}

/* Our own engine changes its settings within the process; a runtime is opened once for each. */
static pare_status open_and_try(opt_job *j, opt_variant *v, pare_err *err) {
    pr_runner  *r[OPT_SETTINGS] = {NULL};
    int         n = 0;
    pare_err    own = {0};
    pare_status st;
    list_settings(j, v);
    if (!v->by) {
        PR_TRY(opt_open(v, err));
        st = try_settings(j, v, r, err);
        opt_close(j, v);
        return st;
    }
    st = opt_runners_open(j, v, r, &n, &own);
    if (st == PARE_OK) st = try_settings(j, v, r, &own);
    opt_runners_close(r, n);
    return st == PARE_OK ? st : opt_lost_by(j, v, &own, err);
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
    pare_doc *d;
    *found = false;
    PR_TRY(opt_find(j, key, "settings", &d, err));
    if (!d) return PARE_OK;
    list_settings(j, v);
    *found = pare_doc_count(d) == (size_t)v->n_settings;
    if (!*found) opt_spoilt(j, key, "settings", "it tells of other settings");
    for (int i = 0; *found && i < v->n_settings; i++) {
        v->settings[i].decode_tps = pr_est_take(pare_doc_at(d, (size_t)i));
        v->settings[i].tried = true;
    }
    pare_doc_free(d);
    choose_setting(v);
    return PARE_OK;
}

pare_status opt_accelerate_one(opt_job *j, opt_variant *v, pare_err *err) {
    char key[65];
    bool found;
    PR_TRY(opt_key_settings(j, v, key, err));
    PR_TRY(recall_settings(j, v, key, &found, err));
    if (found) {
        if (!opt_is_f32(j, v))
            opt_step(j, v->name, pr_now_ns(), true, "%d settings", v->n_settings);
        return PARE_OK;
    }
    PR_TRY(open_and_try(j, v, err));
    return v->made ? save_settings(j, v, key, err) : PARE_OK;
}

pare_status opt_accelerate(opt_job *j, pare_err *err) {
    PR_TRY(opt_accelerate_one(j, &j->base, err));
    if (j->f32 == 0) PR_TRY(opt_accelerate_one(j, &j->fv, err));
    for (int i = 0; i < j->n; i++)
        if (j->v[i].made) PR_TRY(opt_accelerate_one(j, &j->v[i], err));
    return PARE_OK;
}

/* ------------------------------------------------------------------ 5: in turns */

static pare_status recall_bench(opt_job *j, opt_variant *v, pare_err *err) {
    char      key[65];
    pare_doc *d;
    PR_TRY(opt_key_bench(j, v, key, err));
    PR_TRY(opt_find(j, key, "bench", &d, err));
    if (!d) return PARE_OK;
    pare_status st = pr_bench_from_doc(d, &v->bench, err);
    pare_doc_free(d);
    v->bench_cached = st == PARE_OK;
    if (st == PARE_OK) opt_step(j, v->name, pr_now_ns(), true, "timing from the records");
    return st;
}

static pare_status remember_bench(opt_job *j, opt_variant *v, pr_bench_result *r, uint64_t t,
                                  pare_err *err) {
    char      key[65];
    pare_doc *d;
    pr_bench_result_free(v->bench);
    v->bench = r;
    v->bench_cached = false;
    PR_TRY(opt_key_bench(j, v, key, err));
    PR_TRY(pr_bench_to_doc(r, &d, err));
    pare_status st = opt_put(j, key, "bench", d, err);
    pare_doc_free(d);
    opt_step(j, v->name, t, false, "%lld rounds in turns with the source", (long long)r->rounds);
    return st;
}

/* The artefact on the disk is still what was made, and opens. */
static pare_status verify_file(opt_job *j, const opt_variant *v, pare_err *err) {
    char     hex[65];
    uint64_t bytes;
    PR_TRY(opt_hash_artefact(j, v->path, "verify files", hex, &bytes, err));
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

/* The source and `v` in turns; v NULL: the source alone. With the F32 file the source's own
 * numbers are taken too. */
static pare_status time_pair(opt_job *j, opt_variant *v, part *q, pare_err *err) {
    pr_bench_side    sides[2];
    pr_bench_result *r[2] = {NULL, NULL};
    pr_ids           ids = {0};
    bool             own = !v || v == &j->fv;
    int              n = v ? 2 : 1;
    int64_t          decode = PR_MIN((int64_t)DECODE, j->window - 1);
    pr_bench_opts    o = {.prompt_tokens = PR_MIN((int64_t)PROMPT, j->window - decode),
                          .decode_tokens = decode,
                          .seconds = j->o->seconds,
                          .patience = PR_MAX(4 * j->o->seconds, 5),
                          .base = 0,
                          .f32 = v == &j->fv ? 1 : -1};
    uint64_t         t = pr_now_ns();
    pare_ctl         ctl = part_ctl(q);
    pr_runner       *by = NULL;
    pare_err         e = {0};
    pare_status      st = PARE_OK;
    if (v && v->by) st = opt_runner_open(j, v, v->settings[v->chosen].threads, &by, &e);
    else if (v) st = opt_open(v, &e);
    sides[0] = side_of(j, &j->base);
    if (v) sides[1] = side_of(j, v);
    if (by) sides[1].path = NULL, sides[1].r = by;
    if (st == PARE_OK) st = bench_ids(j, &ids, &e);
    o.ids = ids.p;
    o.n_ids = (int64_t)ids.n;
    if (st == PARE_OK) st = pr_bench_many(sides, n, &o, j->energy, &ctl, r, &e);
    pr_ids_done(&ids);
    pr_runner_close(by);
    if (v && !v->by) opt_close(j, v);
    if (st != PARE_OK && v && v->by) return opt_lost_by(j, v, &e, err);
    if (st != PARE_OK && err) *err = e;
    PR_TRY(st);
    if (own) st = remember_bench(j, &j->base, r[0], t, err);
    else pr_bench_result_free(r[0]);
    if (v && st == PARE_OK) st = remember_bench(j, v, r[1], t, err);
    else if (v) pr_bench_result_free(r[1]);
    return st;
}

static pare_status share_f32(const opt_job *j, opt_variant *v, pare_err *err) {
    if (!(v->bench = pr_calloc(1, sizeof *v->bench))) return pr_fail_nomem(err, sizeof *v->bench);
    *v->bench = *j->fv.bench;
    v->bench_cached = j->fv.bench_cached;
    return PARE_OK;
}

static pare_status time_all(opt_job *j, pare_err *err) {
    opt_variant *f32 = j->f32 == 0 ? &j->fv : NULL;
    bool         first = !j->base.bench || (f32 && !f32->bench);
    part         q = {.all = j->ctl, .task = "take turns", .unit = "variant", .of = first};
    for (int i = 0; i < j->n; i++)
        q.of += j->v[i].made && !j->v[i].bench && !opt_is_f32(j, &j->v[i]);
    if (first) {
        PR_TRY(time_pair(j, f32, &q, err));
        q.at++;
    }
    for (int i = 0; i < j->n; i++) {
        opt_variant *v = &j->v[i];
        if (!v->made || v->bench) continue;
        if (opt_is_f32(j, v)) {
            PR_TRY(share_f32(j, v, err));
            continue;
        }
        PR_TRY(time_pair(j, v, &q, err));
        q.at++;
    }
    return PARE_OK;
}

pare_status opt_validate(opt_job *j, pare_err *err) {
    PR_TRY(recall_bench(j, &j->base, err));
    if (j->f32 == 0) PR_TRY(recall_bench(j, &j->fv, err));
    for (int i = 0; i < j->n; i++) {
        if (!j->v[i].made) continue;
        PR_TRY(verify_file(j, &j->v[i], err));
        if (!opt_is_f32(j, &j->v[i])) PR_TRY(recall_bench(j, &j->v[i], err));
    }
    PR_TRY(time_all(j, err));
    j->rounds = j->base.bench->rounds;
    j->prompt_tokens = j->base.bench->prompt_tokens;
    j->decode_tokens = j->base.bench->decode_tokens;
    for (int i = 0; i < j->n; i++)
        if (j->v[i].bench) j->rounds = PR_MIN(j->rounds, j->v[i].bench->rounds);
    opt_collect(j);
    return PARE_OK;
}

/* ------------------------------------------------------------------ all metrics of each */

/* a / b. Errors on the logarithms' scale: whatever their correlation, the deviation of a
 * difference is at most the sum of both, so the half-widths are added. */
static pr_est over(const pr_est *a, const pr_est *b) {
    if (!pr_est_ok(a) || !pr_est_ok(b)) return pr_est_none("one of both ratios has no bounds");
    pr_est e = {.value = a->value / b->value,
                .lo = a->lo / b->hi,
                .hi = a->hi / b->lo,
                .se = (double)NAN,
                .n = PR_MIN(a->n, b->n),
                .conf = PR_MIN(a->conf, b->conf)};
    return e;
}

/* A variant and the F32 file never ran in turns: both ran with the source. */
static void against_f32(const opt_job *j, opt_variant *v) {
    static const char *const names[] = {"speedup", "memory_ratio", "peak_rss_ratio"};
    for (size_t i = 0; i < PR_COUNT(names) && j->fv.bench && v->bench; i++) {
        const pr_bench_result *f = j->fv.bench;
        const pr_metric *own = pr_metric_find(v->metrics, v->n_metrics, names[i],
                                              PR_AGAINST_SOURCE),
                        *ref = pr_metric_find(f->metrics, f->n_metrics, names[i],
                                              PR_AGAINST_SOURCE);
        if (!own || !ref || !pr_est_ok(&ref->est) || v->n_metrics == OPT_METRICS ||
            pr_metric_find(v->metrics, v->n_metrics, names[i], PR_AGAINST_F32))
            continue;
        v->metrics[v->n_metrics++] =
            (pr_metric){.info = own->info,
                        .against = PR_AGAINST_F32,
                        .est = !pr_est_ok(&own->est) ? own->est
                               : i > 0  ? pr_est_counted(own->est.value / ref->est.value)
                                        : over(&own->est, &ref->est)};
    }
}

/* A record keeps no reasons: those of a runtime are always the same. */
static void say_why(opt_variant *v) {
    for (size_t i = 0; v->by && i < v->n_metrics; i++) {
        const char *name = v->metrics[i].info->name;
        pr_est     *e = &v->metrics[i].est;
        if (!strncmp(name, "memory_", 7))
            e->why = "a foreign runtime does not say what it plans; peak_rss_bytes has its process";
        else if (strcmp(name, "load_ms") == 0) e->why = "a runtime opens its file once";
        else if (strcmp(name, "energy_j_per_token") == 0)
            e->why = "a runtime in a child process cannot be told from its prompt";
    }
}

static void collect(const opt_job *j, opt_variant *v) {
    pr_metric m[PR_EVAL_METRICS];
    /* F32 holds the same values as the source, wider: the same numbers by construction, so the
     * source's
     * evaluation is also the F32 baseline's, as long as the source's floats are no wider. */
    const pr_eval_result *src = j->base.eval;
    size_t                n = v->eval ? pr_eval_metrics(v->eval, src, src, m) : 0;
    v->n_metrics = 0;
    for (size_t i = 0; i < n; i++) v->metrics[v->n_metrics++] = m[i];
    for (size_t i = 0; v->bench && i < v->bench->n_metrics && v->n_metrics < OPT_METRICS - 4; i++)
        v->metrics[v->n_metrics++] = v->bench->metrics[i];
    say_why(v);
    v->metrics[v->n_metrics++] = (pr_metric){.info = pr_metric_info_find("file_bytes"),
                                             .est = pr_est_counted((double)v->bytes)};
    v->metrics[v->n_metrics++] =
        (pr_metric){.info = pr_metric_info_find("bpw"), .est = pr_est_counted(v->bpw)};
    against_f32(j, v);
}

void opt_collect(opt_job *j) {
    if (j->f32 == 0 && !j->fv.eval) {
        /* Of the F32 baseline only what was timed and counted is its own. */
        collect(j, &j->fv);
    }
    collect(j, &j->base);
    for (int i = 0; i < j->n; i++) collect(j, &j->v[i]);
}
