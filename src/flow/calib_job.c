/* calib_job.c - what --calib, --imatrix, --save-imatrix and --method ask for: importances are
 * gathered, matrices made, and where nobody said how, the way is taken that diverges least on a
 * part of the text that was kept back.
 *
 * Always true: the text that decides is none of the text that was learned from. */
#include "calib.h"
#include "measure/measure.h"

enum { MOST_WAYS = 4, KEPT_BACK = 8, HELD_WINDOWS = 32, WINDOW = 512 };

/* ------------------------------------------------------------------ words */

static const char *const names[] = {"auto", "plain", "importance", "gptq"};

static pare_status way_of(const char *name, pr_calib_way *out, pare_err *err) {
    *out = PR_WAY_AUTO;
    for (size_t i = 0; name && i < PR_COUNT(names); i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *out = (pr_calib_way)i;
        return PARE_OK;
    }
    if (!name) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1,
                   "method '%s' is not known; known are auto, plain, importance, gptq", name);
}

static pare_status check_words(const pare_convert_opts *o, pr_calib_way *way, pare_err *err) {
    PR_TRY(way_of(o->method, way, err));
    if (o->calib && o->imatrix)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a calibration text and an importance matrix: expected one of both");
    if (o->save_imatrix && !o->calib)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "an importance matrix to save, and no calibration text to make it from");
    if (*way == PR_WAY_FEEDBACK && !o->calib)
        return pr_fail(err, PARE_EUSAGE, -1, "method gptq needs a calibration text (--calib)");
    if (*way == PR_WAY_IMPORTANCE && !o->calib && !o->imatrix)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "method importance needs a calibration text or an importance matrix");
    return PARE_OK;
}

static bool way_asked(const pare_convert_opts *o) {
    return o->method && strcmp(o->method, "auto") != 0;
}

bool pr_calib_asked(const pare_convert_opts *o) {
    return o->calib || o->imatrix || o->save_imatrix || way_asked(o);
}

bool pr_calib_prunes(const pare_convert_opts *o) {
    return o->prune > 0 && o->calib && !o->imatrix && !o->save_imatrix && !way_asked(o);
}

/* ------------------------------------------------------------------ the text */

/* The last eighth, from a line's start on, is kept back. One piece at least must remain for
 * each. */
static void keep_back(pr_calib_work *j) {
    size_t n = j->learn.n, at = n - n / KEPT_BACK;
    while (at < n && j->learn.p[at - 1] != '\n') at++;
    if (at == n) /* a single line: from a character's start on */
        for (at = n - n / KEPT_BACK; at < n && (j->learn.p[at] & 0xc0) == 0x80;) at++;
    j->held = (pr_str){j->learn.p + at, n - at};
    j->learn.n = at;
}

static pare_status gather(pr_calib_work *j, bool hold, pare_err *err) {
    const pare_convert_opts *o = j->o;
    pr_calib_opts co = {.max_tokens = o->calib_tokens, .dataset = pr_path_base(o->calib)};
    size_t        bad;
    PR_TRY(pr_map_open(&j->map, o->calib, err));
    j->learn = (pr_str){(const char *)j->map.p, (size_t)j->map.n};
    j->told->text_hash = pr_sha256_of(j->learn.p, j->learn.n);
    if (hold && j->learn.n > KEPT_BACK && pr_utf8_valid(j->learn.p, j->learn.n, &bad))
        keep_back(j);
    pare_status st = pr_calib_text_cut(&j->text, j->m, j->learn, &co, j->ctl, j->a, err);
    if (st == PARE_EINPUT) pr_fail_in(err, st, o->calib);
    if (st == PARE_OK) st = pr_calib_run(&j->calib, j->m, &j->text, &co, j->ctl, j->a, err);
    if (st == PARE_OK && o->save_imatrix) st = pr_imatrix_write(j->calib, o->save_imatrix, err);
    return st;
}

/* An importance matrix of another model is a mistake; one of a part of this model is not. */
static pare_status count_known(pr_calib_work *j, pare_err *err) {
    for (int i = 0; i < j->m->n_weights; i++) {
        const pr_weight *w = &j->m->weights[i];
        pr_role_class    k = pr_role_class_of(w->id.role);
        char             name[128];
        pr_xf            xf;
        int              d_head;
        if (k != PR_CLASS_MATRIX && k != PR_CLASS_EMBED) continue;
        if (!pr_model_spell(j->m, PR_DIALECT_GGUF, w->id, name, &xf, &d_head)) continue;
        j->told->n_matrices++;
        j->told->n_weighed += pr_calib_of(j->calib, name, w->cols) != NULL;
    }
    if (j->told->n_weighed) return PARE_OK;
    pr_fail(err, PARE_EINPUT, -1,
            "none of the model's %d matrices is in this importance matrix with as many columns",
            j->told->n_matrices);
    return pr_fail_in(err, PARE_EINPUT, j->o->imatrix);
}

/* ------------------------------------------------------------------ ways */

/* The model with its matrices made in this way. */
static pare_status make(const pr_calib_work *j, pr_calib_way way, pr_recode **out, pare_err *err) {
    pr_recode_opts ro = {.near = j->g->out, .feedback = way == PR_WAY_FEEDBACK};
    if (!j->plan)
        return pr_recode_run(out, j->m, j->g->choose, j->g->user, &j->text, &ro, j->ctl, j->a,
                             err);
    pr_type_plan plan = *j->plan; /* it counts what it is asked */
    plan.calib = j->calib;
    return pr_recode_run(out, j->m, pr_type_plan_choose, &plan, &j->text, &ro, j->ctl, j->a, err);
}

static pare_status write_made(const pr_calib_work *j, const pr_recode *r, pr_written *w,
                              pare_err *err) {
    j->g->choose = pr_recode_choose;
    j->g->user = (void *)(uintptr_t)r;
    PR_TRY(pr_convert_gguf(pr_recode_model(r), j->g, j->ctl, j->a, w, err));
    pr_recode_report(r, j->m, w);
    return PARE_OK;
}

static void keep_estimate(pr_calib_try *t, const pr_eval_result *r, const pr_eval_result *ref) {
    pr_metric        m[PR_EVAL_METRICS];
    size_t           n = pr_eval_metrics(r, ref, NULL, m);
    const pr_metric *k = pr_metric_find(m, n, "kld_mean", PR_AGAINST_SOURCE);
    t->kld = k ? k->est : pr_est_none("no divergence was measured");
    t->kld.why = NULL;
}

/* All ways side by side over the text that was kept back. */
static pare_status judge(pr_calib_work *j, pr_recode *const *r, int n, pare_err *err) {
    const pr_model *models[MOST_WAYS];
    pr_eval_result *ref, *out[MOST_WAYS];
    pr_eval_opts    eo = {.window = PR_MIN((int64_t)WINDOW, j->m->hp.n_ctx),
                          .n_windows = HELD_WINDOWS,
                          .n_threads = j->ctl ? j->ctl->n_threads : 0};
    for (int i = 0; i < n; i++) models[i] = pr_recode_model(r[i]);
    PR_TRY(pr_eval(j->m, models, n, j->held, &eo, j->ctl, &ref, out, err));
    j->told->best = 0;
    for (int i = 0; i < n; i++) {
        pr_calib_try *t = &j->told->tries[i];
        keep_estimate(t, out[i], ref);
        if (t->kld.value < j->told->tries[j->told->best].kld.value) j->told->best = i;
        pr_eval_result_free(out[i]);
    }
    j->told->n_tries = n;
    pr_eval_result_free(ref);
    return PARE_OK;
}

static pare_status by_measure(pr_calib_work *j, pr_written *w, pare_err *err) {
    static const pr_calib_way ways[] = {PR_WAY_IMPORTANCE, PR_WAY_FEEDBACK};
    pr_recode  *r[PR_COUNT(ways)] = {NULL};
    pare_status st = PARE_OK;
    for (size_t i = 0; i < PR_COUNT(ways) && st == PARE_OK; i++) {
        j->told->tries[i].way = names[ways[i]];
        st = make(j, ways[i], &r[i], err);
    }
    if (st == PARE_OK) st = judge(j, r, (int)PR_COUNT(ways), err);
    if (st == PARE_OK) {
        j->told->way = j->told->tries[j->told->best].way;
        st = write_made(j, r[j->told->best], w, err);
    }
    for (size_t i = 0; i < PR_COUNT(ways); i++) pr_recode_close(r[i]);
    return st;
}

static pare_status by_one(pr_calib_work *j, pr_calib_way way, pr_written *w, pare_err *err) {
    pr_recode *r;
    j->told->way = names[way];
    if (j->plan) j->plan->calib = way == PR_WAY_PLAIN ? NULL : j->calib;
    if (way != PR_WAY_FEEDBACK) return pr_convert_gguf(j->m, j->g, j->ctl, j->a, w, err);
    PR_TRY(make(j, way, &r, err));
    pare_status st = write_made(j, r, w, err);
    pr_recode_close(r);
    return st;
}

/* ------------------------------------------------------------------ the job */

/* llama-quantize's own keys where they apply, and ours. No path goes into a file. */
static void put_keys(void *user, pr_gguf_writer *w) {
    const pr_calib_work *j = user;
    char       hex[65];
    const char *from = j->o->calib ? j->o->calib : j->o->imatrix;
    if (!from) return;
    pr_gguf_add_str(w, j->o->calib ? "quantize.imatrix.dataset" : "quantize.imatrix.file",
                    pr_str_of(pr_path_base(from)));
    pr_gguf_add_u32(w, "quantize.imatrix.entries_count",
                    (uint32_t)(j->calib ? pr_calib_count(j->calib) : 0));
    pr_gguf_add_str(w, "pare.calibration.method", pr_str_of(j->told->way));
    if (!j->o->calib) return;
    pr_gguf_add_u32(w, "quantize.imatrix.chunks_count", (uint32_t)j->text.n_windows);
    pr_sha256_hex(&j->told->text_hash, hex);
    pr_gguf_add_str(w, PR_CALIB_HASH_KEY, pr_str_of(hex));
}

void pr_calib_plan_keys(pr_calib_work *c, const pare_convert_opts *o, pr_gguf_job *g) {
    static pr_calibrated longest = {.way = "importance"};
    *c = (pr_calib_work){.o = o, .told = &longest};
    g->more_keys = put_keys;
    g->more_user = c;
}

pare_status pr_calib_begin(pr_calib_work *c, const pr_model *m, const pare_convert_opts *o,
                           const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    *c = (pr_calib_work){.m = m, .o = o, .ctl = ctl, .a = a};
    PR_TRY(check_words(o, &c->way, err));
    PR_NEW(c->told, a, 1, err);
    if (o->imatrix) PR_TRY(pr_imatrix_read(&c->calib, o->imatrix, a, err));
    if (o->calib) PR_TRY(gather(c, c->way == PR_WAY_AUTO, err));
    if (c->calib) PR_TRY(count_known(c, err));
    c->told->tokens = c->text.n_windows * c->text.window;
    return PARE_OK;
}

pare_status pr_calib_write(pr_calib_work *c, pr_type_plan *plan, pr_gguf_job *g, pr_written *w,
                           pare_err *err) {
    pr_calib_way way = c->way;
    pare_status  st;
    c->plan = plan;
    c->g = g;
    g->more_keys = put_keys;
    g->more_user = c;
    if (plan) plan->shape.has_imatrix = c->calib && way != PR_WAY_PLAIN;
    if (way == PR_WAY_AUTO && c->o->calib && c->held.n) {
        st = by_measure(c, w, err);
    } else {
        if (way == PR_WAY_AUTO) way = c->calib ? PR_WAY_IMPORTANCE : PR_WAY_PLAIN;
        st = by_one(c, way, w, err);
    }
    if (st == PARE_OK) w->calibrated = c->told;
    return st;
}

void pr_calib_end(pr_calib_work *c) { pr_map_close(&c->map); }

/* ------------------------------------------------------------------ telling */

void pr_calibrated_doc(pr_doc_build *b, pare_doc *obj, const pare_convert_opts *o,
                       const pr_calibrated *t) {
    pare_doc *c = pr_doc_set_object(b, obj, "calibration");
    char      hex[65];
    pr_doc_set_str(b, c, "method", t->way);
    if (o->calib) {
        pr_sha256_hex(&t->text_hash, hex);
        pr_doc_set_path(b, c, "text", o->calib);
        pr_doc_set_str(b, c, "sha256", hex);
        pr_doc_set_i64(b, c, "tokens", t->tokens);
    }
    if (o->imatrix) pr_doc_set_path(b, c, "imatrix", o->imatrix);
    pr_doc_set_i64(b, c, "matrices", t->n_matrices);
    pr_doc_set_i64(b, c, "weighed", t->n_weighed);
    pare_doc *list = pr_doc_set_array(b, c, "tried");
    for (int i = 0; i < t->n_tries; i++) {
        pare_doc *x = pr_doc_add_object(b, list);
        pr_doc_set_str(b, x, "method", t->tries[i].way);
        pr_doc_set_f64(b, x, "kld_mean", t->tries[i].kld.value);
        pr_doc_set_f64(b, x, "lo", t->tries[i].kld.lo);
        pr_doc_set_f64(b, x, "hi", t->tries[i].kld.hi);
    }
}
