/* opt_hunt.c - `--search`: more options than can be measured in full. The space is every candidate
 * in every way it can be made and run; `search` says which are looked at, and for how long; the
 * finalists go through the stages like candidates that somebody named.
 *
 * Always true: a look is kept in the records under all that it depends on, so a search that was
 * killed goes on; what failed or has no number is never a finalist; a limit is a limit here too. */
#include <math.h>
#include <stdio.h>
#include "opt.h"
#include "pare_code.h"

enum { LEAST_WINDOWS = 4, PROMPT = 64, DECODE = 32, AXES = 5, FINALISTS = 8 };

typedef struct {
    opt_job       *j;
    opt_variant   *v; /* options */
    size_t         n;
    int           *genes;
    int            sizes[AXES];
    pr_gate        limits[PR_CONSTRAINTS_MAX];
    size_t         n_limits;
    bool           foreign; /* memory is then what processes took */
    pr_hunt_result r;
} space;

static const char *const axis_names[AXES] = {"candidate", "calibration", "pruning", "state",
                                             "threads"};

/* ------------------------------------------------------------------ the space */

typedef struct {
    const char *word[3];
    int         n;
} words;

/* Where levels or scales are searched, importances have something to say. */
static bool learns(const opt_job *j, const opt_variant *v) {
    return j->calib_path && strcmp(v->format, "gguf") == 0 && !opt_is_float(v) &&
           strcmp(v->as.quant, "Q8_0") != 0;
}

static void ways_of(const opt_job *j, const opt_variant *v, words w[AXES]) {
    bool q8 = j->m->hp.layers[0].d_head % 32 == 0 && j->state == PR_F16;
    w[0] = (words){{""}, 1};
    w[1] = learns(j, v) ? (words){{"", "-calib", "-gptq"}, 3} : (words){{""}, 1};
    w[2] = j->calib_path ? (words){{"", "-prune0.1", "-prune0.2"}, 3} : (words){{""}, 1};
    w[3] = !v->by && q8 ? (words){{"", "-kvq8_0"}, 2} : (words){{""}, 1};
    w[4] = (words){{""}, 1};
    if (j->threads > 1) {
        w[4].word[1] = pr_arena_printf(j->a, "-t%d", j->threads / 2);
        w[4].n = w[4].word[1] ? 2 : 1;
    }
}

static size_t ways(const words w[AXES]) {
    size_t n = 1;
    for (int k = 1; k < AXES; k++) n *= (size_t)w[k].n;
    return n;
}

/* All ways of one candidate, appended. */
static pare_status add_ways(space *s, opt_list *to, int base, const opt_variant *v,
                            const words w[AXES], pare_err *err) {
    for (size_t c = 0, all = ways(w); c < all; c++) {
        int    g[AXES] = {base}, before = to->n;
        size_t rest = c;
        for (int k = 1; k < AXES; k++) {
            g[k] = (int)(rest % (size_t)w[k].n);
            rest /= (size_t)w[k].n;
        }
        const char *spec = pr_arena_printf(
            s->j->a, "%s:%s%s%s%s%s@%s", v->format, v->quant, w[1].word[g[1]], w[2].word[g[2]],
            w[3].word[g[3]], w[4].word[g[4]], v->by ? v->by->name : "native");
        if (!spec) return pr_fail_nomem(err, 128);
        PR_TRY(opt_spec_add(s->j, to, spec, err));
        if (to->n == before) continue; /* said twice */
        for (int k = 0; k < AXES; k++) {
            s->genes[(size_t)before * AXES + (size_t)k] = g[k];
            s->sizes[k] = PR_MAX(s->sizes[k], g[k] + 1);
        }
    }
    return PARE_OK;
}

static pare_status make_space(space *s, const opt_variant *base, int n, pare_err *err) {
    words    w[AXES];
    size_t   most = 0;
    opt_list to = {0};
    for (int i = 0; i < n; i++) {
        ways_of(s->j, &base[i], w);
        most += base[i].skipped ? 0 : ways(w);
    }
    if (most == 0 || most > PR_CANDIDATES_MAX)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu options to search; expected 1 to %d", most,
                       PR_CANDIDATES_MAX);
    PR_NEW(s->v, s->j->a, most, err);
    PR_NEW(s->genes, s->j->a, most * AXES, err);
    to = (opt_list){s->v, 0, (int)most};
    for (int i = 0; i < n; i++) {
        if (base[i].skipped) continue;
        ways_of(s->j, &base[i], w);
        PR_TRY(add_ways(s, &to, i, &base[i], w, err));
        s->foreign |= base[i].by != NULL;
    }
    s->n = (size_t)to.n;
    return PARE_OK;
}

/* ------------------------------------------------------------------ one look */

typedef struct {
    int64_t windows;
    double  seconds;
} effort;

static effort effort_of(const opt_job *j, double share) {
    int64_t w = (int64_t)ceil(share * (double)j->n_windows);
    return (effort){PR_MIN(PR_MAX(w, (int64_t)LEAST_WINDOWS), j->n_windows),
                    share * (j->o->seconds > 0 ? j->o->seconds : 4)};
}

static pare_status key_of(const opt_job *j, const opt_variant *v, const effort *e, char key[65],
                          pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "look", PARE_CODE);
    pr_key_sha(&k, "source", &j->model_hash);
    pr_key_sha(&k, "text", &j->text_hash);
    pr_key_str(&k, "variant", v->sha256);
    pr_key_str(&k, "how", v->how);
    pr_key_str(&k, "machine", j->hw.id);
    pr_key_str(&k, "runner", v->by ? v->by->name : NULL);
    pr_key_str(&k, "runner_version", v->by ? v->version : NULL);
    pr_key_str(&k, "state", pr_type_get(v->state)->name);
    pr_key_i64(&k, "threads", j->threads);
    pr_key_i64(&k, "window", j->window);
    pr_key_i64(&k, "windows", e->windows);
    pr_key_f64(&k, "seconds", e->seconds);
    return pr_key_end(&k, key, err);
}

static void add_metrics(opt_variant *v, const pr_metric *m, size_t n) {
    for (size_t i = 0; i < n && v->n_metrics < OPT_METRICS - 2; i++)
        v->metrics[v->n_metrics++] = m[i];
}

/* Part of the text, the source beside. */
static pare_status look_at_quality(opt_job *j, opt_variant *v, pr_runner *by, const effort *e,
                                   pare_err *err) {
    pr_metric       m[PR_EVAL_METRICS];
    pr_eval_result *ref, *own;
    pr_eval_side    source = {.m = j->m}, side = {.m = v->model, .r = by, .path = v->path};
    pr_eval_opts    o = {.window = j->window,
                         .n_windows = e->windows,
                         .n_threads = j->threads,
                         .state = v->state};
    PR_TRY(pr_eval_sides(&source, &side, 1, j->text, &o, j->ctl, &ref, &own, err));
    add_metrics(v, m, pr_eval_metrics(own, ref, ref, m));
    pr_eval_result_free(own);
    pr_eval_result_free(ref);
    return PARE_OK;
}

static pare_status look_at_speed(opt_job *j, opt_variant *v, pr_runner *by, const effort *e,
                                 pare_err *err) {
    const opt_setting *b = &j->base.settings[j->base.chosen];
    int64_t            decode = PR_MIN((int64_t)DECODE, j->window - 1);
    pr_bench_side      sides[2] = {
        {.path = j->base.path, .m = j->m,
         .so = {.n_threads = b->threads, .state = b->state, .cpu_flags = b->cpu_flags,
                .n_ctx = j->window}},
        {.path = by ? NULL : v->path, .m = v->model, .r = by,
         .so = {.n_threads = v->threads ? v->threads : j->threads, .state = v->state,
                .n_ctx = j->window}}};
    pr_bench_opts o = {.prompt_tokens = PR_MIN((int64_t)PROMPT, j->window - decode),
                       .decode_tokens = decode,
                       .seconds = e->seconds,
                       .base = 0,
                       .f32 = -1};
    pr_bench_result *r[2];
    PR_TRY(pr_bench_many(sides, 2, &o, NULL, j->ctl, r, err));
    add_metrics(v, r[1]->metrics, r[1]->n_metrics);
    pr_bench_result_free(r[0]);
    pr_bench_result_free(r[1]);
    return PARE_OK;
}

static pare_status look(opt_job *j, opt_variant *v, const effort *e, pare_err *err) {
    pr_runner  *by = NULL;
    pare_status st;
    v->n_metrics = 0;
    if (v->by) st = opt_runner_open(j, v, v->threads ? v->threads : j->threads, &by, err);
    else st = opt_open(v, err);
    if (st == PARE_OK) st = look_at_quality(j, v, by, e, err);
    if (st == PARE_OK) st = look_at_speed(j, v, by, e, err);
    pr_runner_close(by);
    opt_close(j, v);
    v->metrics[v->n_metrics++] = (pr_metric){.info = pr_metric_info_find("file_bytes"),
                                             .est = pr_est_counted((double)v->bytes)};
    return st;
}

/* The record of a look: its metrics, and how long it took then. */
static pare_status keep_look(opt_job *j, const opt_variant *v, const char key[65], double seconds,
                             pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b), *list = pr_doc_set_array(&b, d, "metrics");
    pr_doc_set_f64(&b, d, "seconds", seconds);
    for (size_t i = 0; i < v->n_metrics; i++) pr_metric_put(&b, list, &v->metrics[i]);
    PR_TRY(pr_doc_done(&b, d, &d, err));
    pare_status st = opt_put(j, key, "look", d, err);
    pare_doc_free(d);
    return st;
}

static pare_status recall_look(opt_job *j, opt_variant *v, const char key[65], pr_trial *t,
                               pare_err *err) {
    pr_metric *m;
    size_t     n;
    pare_doc  *d;
    pare_err   e = {0};
    PR_TRY(opt_find(j, key, "look", &d, err));
    if (!d) return PARE_OK;
    if (pr_metrics_read(d, j->a, &m, &n, &e) == PARE_OK) {
        v->n_metrics = 0;
        add_metrics(v, m, n);
        t->cached = true;
        t->seconds = pare_doc_num(pare_doc_get(d, "seconds"));
    } else {
        opt_spoilt(j, key, "look", e.msg);
    }
    pare_doc_free(d);
    return PARE_OK;
}

/* ------------------------------------------------------------------ numbers for the search */

static void set_objectives(const space *s, const opt_variant *v, pr_trial *t) {
    for (size_t k = 0; k < s->j->n_objectives; k++) {
        const pr_objective *o = &s->j->objectives[k];
        const char         *name = o->metric->name;
        if (s->foreign && strcmp(name, "memory_bytes") == 0) name = "peak_rss_bytes";
        const pr_metric *m = pr_metric_find(v->metrics, v->n_metrics, name, o->against);
        const pr_est     none = pr_est_none("not measured"), *e = m ? &m->est : &none;
        if (!pr_est_ok(e)) pr_point_set(&t->point, k, NAN, NAN, NAN);
        else if (o->metric->higher) pr_point_set(&t->point, k, -e->value, -e->hi, -e->lo);
        else pr_point_set(&t->point, k, e->value, e->lo, e->hi);
    }
}

/* By how much limits are broken whatever the truth within the bounds, in shares of the limits. */
static double violation_of(const space *s, const opt_variant *v) {
    double sum = 0;
    for (size_t k = 0; k < s->n_limits; k++) {
        const pr_gate   *g = &s->limits[k];
        const pr_metric *m = pr_metric_find(v->metrics, v->n_metrics, g->metric, g->against);
        if (!m || !pr_est_ok(&m->est)) return NAN;
        bool   least = g->op == PR_OP_AT_LEAST || g->op == PR_OP_ABOVE;
        double gap = least ? g->threshold - m->est.hi : m->est.lo - g->threshold;
        if (gap > 0) sum += gap / fmax(fabs(g->threshold), 1e-9);
    }
    return sum;
}

static pare_status look_once(space *s, opt_variant *v, const effort *e, pr_trial *t,
                             pare_err *err) {
    char     key[65];
    uint64_t from = pr_now_ns();
    if (!v->made) PR_TRY(opt_make(s->j, v, err));
    PR_TRY(key_of(s->j, v, e, key, err));
    PR_TRY(recall_look(s->j, v, key, t, err));
    if (!t->cached) {
        PR_TRY(look(s->j, v, e, err));
        t->seconds = (double)(pr_now_ns() - from) / 1e9;
        PR_TRY(keep_look(s->j, v, key, t->seconds, err));
    }
    set_objectives(s, v, t);
    t->point.violation = violation_of(s, v);
    return PARE_OK;
}

/* What concerns the option alone is its own error. */
static bool own_error(pare_status st) {
    return st == PARE_EINPUT || st == PARE_EUNSUPPORTED || st == PARE_EREFUSED ||
           st == PARE_EUSAGE || st == PARE_EENV;
}

static pare_status evaluate(void *user, const size_t *who, size_t n, int rung, double share,
                            pr_trial *trial, pare_err *err) {
    space *s = user;
    effort e = effort_of(s->j, share);
    (void)rung;
    for (size_t i = 0; i < n; i++) {
        opt_variant *v = &s->v[who[i]];
        pare_err     own = {0};
        PR_TRY(pr_ctl_check(s->j->ctl, err));
        pr_ctl_progress(s->j->ctl, v->name, "option", (double)s->j->n_looks, 0);
        pare_status st = v->error ? PARE_EINPUT : look_once(s, v, &e, &trial[i], &own);
        s->j->n_looks++;
        if (st == PARE_OK) continue;
        if (!v->error && !own_error(st)) {
            if (err) *err = own;
            return st;
        }
        if (!v->error) v->error = pr_arena_str(s->j->a, own.msg, strlen(own.msg));
        trial[i].error = v->error ? v->error : "no memory";
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ told */

static void put_space(pr_doc_build *b, pare_doc *d, const space *s) {
    pare_doc *o = pr_doc_set_object(b, d, "space");
    pr_doc_set_i64(b, o, "options", (int64_t)s->n);
    pare_doc *list = pr_doc_set_array(b, o, "axes");
    for (int k = 0; k < AXES; k++) {
        pare_doc *x = pr_doc_add_object(b, list);
        pr_doc_set_str(b, x, "name", axis_names[k]);
        pr_doc_set_i64(b, x, "values", s->sizes[k]);
    }
}

static void put_step(pr_doc_build *b, pare_doc *list, const space *s, const pr_hunt_step *x) {
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_str(b, o, "name", s->v[x->who].name);
    pr_doc_set_i64(b, o, "rung", x->rung);
    pr_doc_set_bool(b, o, "cached", x->trial.cached);
    pr_doc_set_f64(b, o, "seconds", x->trial.seconds);
    pr_doc_set_f64(b, o, "hypervolume", x->volume);
    if (x->trial.error) {
        pr_doc_set_str(b, o, "error", x->trial.error);
        return;
    }
    if (isfinite(x->trial.point.violation))
        pr_doc_set_f64(b, o, "violation", x->trial.point.violation);
    else pr_doc_set_null(b, o, "violation");
    pare_doc *values = pr_doc_set_object(b, o, "values");
    for (size_t k = 0; k < s->j->n_objectives; k++) {
        const pr_metric_info *m = s->j->objectives[k].metric;
        double                v = x->trial.point.value[k] * (m->higher ? -1 : 1);
        if (isfinite(v)) pr_doc_set_f64(b, values, m->name, v);
        else pr_doc_set_null(b, values, m->name);
    }
}

static pare_status tell(space *s, double seconds, pare_err *err) {
    const pr_hunt_result *r = &s->r;
    pr_doc_build          b = {0};
    pare_doc             *d = pr_doc_object(&b), *list;
    pr_doc_set_str(&b, d, "algorithm", r->algorithm);
    pr_doc_set_f64(&b, d, "seconds", seconds);
    pr_doc_set_i64(&b, d, "evaluations", (int64_t)r->n_steps);
    pr_doc_set_i64(&b, d, "generations", r->generations);
    pr_doc_set_bool(&b, d, "budget_ended_it", r->cut);
    pr_doc_set_f64(&b, d, "hypervolume", r->volume);
    pr_doc_set_f64(&b, d, "reference", r->reference);
    put_space(&b, d, s);
    list = pr_doc_set_array(&b, d, "rungs");
    for (int i = 0; i < r->n_rungs; i++) {
        pare_doc *o = pr_doc_add_object(&b, list);
        effort    e = effort_of(s->j, r->rungs[i].share);
        pr_doc_set_f64(&b, o, "share", r->rungs[i].share);
        pr_doc_set_i64(&b, o, "windows", e.windows);
        pr_doc_set_f64(&b, o, "seconds", e.seconds);
        pr_doc_set_i64(&b, o, "evaluated", (int64_t)r->rungs[i].n_in);
        pr_doc_set_i64(&b, o, "went_on", (int64_t)r->rungs[i].n_out);
    }
    list = pr_doc_set_array(&b, d, "finalists");
    for (size_t i = 0; i < r->n_kept; i++) pr_doc_add_str(&b, list, s->v[r->kept[i]].name);
    list = pr_doc_set_array(&b, d, "steps");
    for (size_t i = 0; i < r->n_steps; i++) put_step(&b, list, s, &r->steps[i]);
    return pr_doc_done(&b, d, &s->j->hunted, err);
}

/* ------------------------------------------------------------------ all */

/* In place of the candidates: the source's own precision, the finalists, what is not here. */
static pare_status take_finalists(space *s, const opt_variant *base, int n, pare_err *err) {
    opt_job *j = s->j;
    for (size_t i = 0; i < s->r.n_kept; i++) {
        opt_list     to = {j->v, j->n, OPT_VARIANTS};
        opt_variant *v = &s->v[s->r.kept[i]];
        const char  *spec = pr_arena_printf(j->a, "%s:%s%s@%s", v->format, v->quant, v->how,
                                            v->by ? v->by->name : "native");
        if (!spec) return pr_fail_nomem(err, 128);
        PR_TRY(opt_spec_add(j, &to, spec, err));
        if (to.n > j->n) j->v[j->n].version = v->version;
        j->n = to.n;
    }
    for (int i = 0; i < n && j->n < OPT_VARIANTS; i++)
        if (base[i].skipped) j->v[j->n++] = base[i];
    return PARE_OK;
}

/* Nothing of an option is needed any more but what the records have. */
static void drop_space(space *s) {
    for (size_t i = 0; i < s->n; i++) {
        pare_doc_free(s->v[i].written);
        pr_model_close(s->v[i].model);
    }
}

pare_status opt_hunt(opt_job *j, pare_err *err) {
    space        s = {.j = j};
    uint64_t     from = pr_now_ns();
    opt_variant *base;
    int          n = j->n - j->n_own;
    pr_limits    limits = {.max_bytes = j->o->max_bytes,
                           .max_memory = j->o->max_memory,
                           .max_latency_ms = j->o->max_latency_ms,
                           .min_accuracy = j->o->min_accuracy,
                           .min_speedup = j->o->min_speedup};
    PR_NEW(base, j->a, n + 1, err);
    for (int i = 0; i < n; i++) base[i] = j->v[j->n_own + i];
    j->n = j->n_own;
    s.n_limits = pr_limits_gates(&limits, s.limits);
    if (!j->calib_path)
        opt_warn(j, "no text to learn from (--calib, or text/train.txt of the source): -calib, "
                    "-gptq and -prune are not searched");
    PR_TRY(make_space(&s, base, n, err));
    PR_TRY(opt_accelerate_one(j, &j->base, err));
    pr_hunt_opts o = {.n = s.n,
                      .genes = s.genes,
                      .sizes = s.sizes,
                      .n_axes = AXES,
                      .n_objectives = j->n_objectives,
                      .keep = FINALISTS,
                      .evaluations = j->o->search_evaluations,
                      .seconds = j->o->search_seconds,
                      .seed = j->o->seed};
    pare_status st = pr_hunt(&o, evaluate, &s, j->a, &s.r, err);
    if (st == PARE_OK) st = tell(&s, (double)(pr_now_ns() - from) / 1e9, err);
    if (st == PARE_OK) st = take_finalists(&s, base, n, err);
    drop_space(&s);
    return st;
}
