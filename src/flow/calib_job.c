/* calib_job.c - what --calib, --imatrix, --save-imatrix and --method ask for: importances are
 * gathered, matrices made, and where nobody said how, the way is taken that diverges least on a
 * part of the text that was kept back.
 *
 * Always true: the text that decides is none of the text that was learned from. */
#include "calib.h"
#include "measure/measure.h"

enum { MOST_WAYS = 4, KEPT_BACK = 8, HELD_WINDOWS = 32, WINDOW = 512 };

typedef struct {
    const pr_model          *m;
    const pare_convert_opts *o;
    const pare_ctl          *ctl;
    pr_arena                *a;
    pr_type_plan            *plan; /* as it was before anybody asked it */
    pr_gguf_job             *g;
    pr_map                   map;
    pr_str                   learn, held; /* of the text */
    pr_calib_text            text;
    pr_calib                *calib;
    pr_calibrated           *told;
} job;

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
static void keep_back(job *j) {
    size_t n = j->learn.n, at = n - n / KEPT_BACK;
    while (at < n && j->learn.p[at - 1] != '\n') at++;
    if (at == n) /* a single line: from a character's start on */
        for (at = n - n / KEPT_BACK; at < n && (j->learn.p[at] & 0xc0) == 0x80;) at++;
    j->held = (pr_str){j->learn.p + at, n - at};
    j->learn.n = at;
}

static pare_status gather(job *j, bool hold, pare_err *err) {
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
static pare_status count_known(job *j, pare_err *err) {
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
static pare_status make(const job *j, pr_calib_way way, pr_recode **out, pare_err *err) {
    pr_type_plan   plan = *j->plan;
    pr_recode_opts ro = {.near = j->g->out, .feedback = way == PR_WAY_FEEDBACK};
    plan.calib = way == PR_WAY_PLAIN ? NULL : j->calib;
    return pr_recode_run(out, j->m, pr_type_plan_choose, &plan, &j->text, &ro, j->ctl, j->a, err);
}

static pare_status write_made(const job *j, const pr_recode *r, pr_written *w, pare_err *err) {
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
static pare_status judge(job *j, pr_recode *const *r, int n, pare_err *err) {
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

static pare_status by_measure(job *j, pr_written *w, pare_err *err) {
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

static pare_status by_one(job *j, pr_calib_way way, pr_written *w, pare_err *err) {
    pr_recode *r;
    j->told->way = names[way];
    j->plan->calib = way == PR_WAY_PLAIN ? NULL : j->calib;
    if (way != PR_WAY_FEEDBACK) return pr_convert_gguf(j->m, j->g, j->ctl, j->a, w, err);
    PR_TRY(make(j, way, &r, err));
    pare_status st = write_made(j, r, w, err);
    pr_recode_close(r);
    return st;
}

/* ------------------------------------------------------------------ the job */

/* llama-quantize's own keys where they apply, and ours. No path goes into a file. */
static void put_keys(void *user, pr_gguf_writer *w) {
    const job *j = user;
    char       hex[65];
    const char *from = j->o->calib ? j->o->calib : j->o->imatrix;
    if (!from) return;
    pr_gguf_add_str(w, j->o->calib ? "quantize.imatrix.dataset" : "quantize.imatrix.file",
                    pr_str_of(pr_path_base(from)));
    pr_gguf_add_u32(w, "quantize.imatrix.entries_count", (uint32_t)pr_calib_count(j->calib));
    pr_gguf_add_str(w, "pare.calibration.method", pr_str_of(j->told->way));
    if (!j->o->calib) return;
    pr_gguf_add_u32(w, "quantize.imatrix.chunks_count", (uint32_t)j->text.n_windows);
    pr_sha256_hex(&j->told->text_hash, hex);
    pr_gguf_add_str(w, PR_CALIB_HASH_KEY, pr_str_of(hex));
}

static pare_status run(job *j, pr_calib_way way, pr_written *w, pare_err *err) {
    if (j->o->imatrix) PR_TRY(pr_imatrix_read(&j->calib, j->o->imatrix, j->a, err));
    if (j->o->calib) PR_TRY(gather(j, way == PR_WAY_AUTO, err));
    j->plan->shape.has_imatrix = j->calib && way != PR_WAY_PLAIN;
    if (j->calib) PR_TRY(count_known(j, err));
    j->told->tokens = j->text.n_windows * j->text.window;
    if (way == PR_WAY_AUTO && j->o->calib && j->held.n) return by_measure(j, w, err);
    if (way == PR_WAY_AUTO) way = j->calib ? PR_WAY_IMPORTANCE : PR_WAY_PLAIN;
    return by_one(j, way, w, err);
}

pare_status pr_calib_write(const pr_model *m, const pare_convert_opts *o, pr_type_plan *plan,
                           pr_gguf_job *g, const pare_ctl *ctl, pr_arena *a, pr_written *w,
                           pare_err *err) {
    job          j = {.m = m, .o = o, .ctl = ctl, .a = a, .plan = plan, .g = g};
    pr_calib_way way;
    PR_TRY(check_words(o, &way, err));
    PR_NEW(j.told, a, 1, err);
    g->more_keys = put_keys;
    g->more_user = &j;
    pare_status st = run(&j, way, w, err);
    pr_map_close(&j.map);
    if (st == PARE_OK) w->calibrated = j.told;
    return st;
}

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
