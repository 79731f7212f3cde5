/* optimize.c - the main job: the order of the five stages, and their judges.
 *
 * Which file a number came from, and what it was measured with, is in the job; nothing is in
 * memory only that the report needs and the records lack. */
#include <stdarg.h>
#include <stdio.h>
#include "opt.h"
#include "report/report.h"

enum { ARENA_MAX = 1 << 30 };

static const char *const stage_names[OPT_STAGES] = {
    "baseline_measurement", "format_conversion", "quantization_optimization",
    "hardware_acceleration", "production_validation"};

void opt_step(opt_job *j, const char *what, uint64_t since_ns, bool cached, const char *fmt, ...) {
    opt_stage *s = &j->stage[j->at];
    char       text[256];
    va_list    ap;
    if (s->n_steps == OPT_STEPS) return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    s->steps[s->n_steps].what = pr_arena_str(j->a, what, strlen(what));
    s->steps[s->n_steps].detail = pr_arena_str(j->a, text, strlen(text));
    s->steps[s->n_steps].seconds = (double)(pr_now_ns() - since_ns) / 1e9;
    s->steps[s->n_steps++].cached = cached;
    if (cached) s->cached++;
    else s->measured++;
}

void opt_warn(opt_job *j, const char *fmt, ...) {
    char    text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (int i = 0; i < j->n_warnings; i++)
        if (strcmp(j->warnings[i], text) == 0) return;
    char *copy = pr_arena_str(j->a, text, strlen(text));
    if (copy && j->n_warnings < (int)PR_COUNT(j->warnings)) j->warnings[j->n_warnings++] = copy;
    pr_ctl_log(j->ctl, PARE_LOG_WARN, "%s", text);
}

void opt_lost(opt_job *j, opt_variant *v, const pare_err *err) {
    char text[1200];
    pare_err_format(err, text, sizeof text);
    v->error = pr_arena_str(j->a, text, strlen(text));
    opt_warn(j, "%s%s: %s", v->name, v->skipped ? " is skipped" : "", text);
}

pare_status opt_lost_by(opt_job *j, opt_variant *v, const pare_err *own, pare_err *err) {
    pare_status st = own->status;
    if (st == PARE_EENV || st == PARE_EINPUT || st == PARE_EUNSUPPORTED || st == PARE_EUSAGE ||
        st == PARE_EREFUSED) {
        opt_lost(j, v, own);
        v->made = false;
        return PARE_OK;
    }
    if (err) *err = *own;
    return st;
}

/* ------------------------------------------------------------------ set-up */

/* A name comes from a file that a stranger may have made, and goes into file names and into
 * commands
 * that people paste: only what no shell and no file system takes for something else. */
pare_status opt_place(opt_job *j, opt_variant *v, pare_err *err) {
    enum { MOST = 120 };
    char        stem[MOST + 1];
    const char *name = pr_path_base(j->m->name);
    size_t      n = PR_MIN(strlen(name), (size_t)MOST);
    while (n > 0 && n < strlen(name) && ((uint8_t)name[n] & 0xc0) == 0x80)
        n--; /* whole code points */
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)name[i];
        bool plain = c >= 0x80 || (c >= '0' && c <= '9') ||
                     ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' || c == '_' ||
                     (i > 0 && (c == '-' || c == '.'));
        stem[i] = plain ? (char)c : '_';
    }
    stem[n] = 0;
    bool gguf = strcmp(v->format, "gguf") == 0;
    v->rel = gguf ? pr_arena_printf(j->a, "variants/%s-%s.gguf", n ? stem : "model", v->quant)
                  : pr_arena_printf(j->a, "variants/%s-%s-%s", n ? stem : "model", v->format,
                                    v->quant);
    v->path = v->rel ? pr_path_join(j->a, j->o->out, v->rel) : NULL;
    v->as.to = v->format;
    v->as.out = v->path;
    v->as.strict = j->o->strict;
    v->as.allow_inexact = j->o->allow_inexact;
    return v->path ? PARE_OK : pr_fail_nomem(err, 256);
}

static const char *cannot_measure(void *user, const pr_metric_info *m) {
    opt_job *j = user;
    if (strcmp(m->name, "energy_j_per_token") == 0) return pr_energy_why(j->energy);
    if (strcmp(m->name, "task_accuracy") == 0) return "optimize runs no multiple-choice task";
    return NULL;
}

static pare_status read_policy(opt_job *j, pare_err *err) {
    if (j->o->policy) PR_TRY(pr_policy_read(j->o->policy, j->a, &j->policy, err));
    else j->policy = *pr_policy_default();
    PR_TRY(pr_prefer_parse(j->o->prefer, j->objectives, &j->n_objectives, err));
    PR_TRY(pr_policy_check(&j->policy, cannot_measure, j, err));
    return pr_objectives_check(j->objectives, j->n_objectives, cannot_measure, j, err);
}

/* Before anything long: what is wrong with the text is known at once, and with its name. */
static pare_status check_text(const opt_job *j, pare_err *err) {
    size_t      bad;
    pare_status st = PARE_OK;
    if (j->text.n == 0)
        st = pr_fail(err, PARE_EINPUT, 0, "the text is empty");
    else if (!pr_utf8_valid(j->text.p, j->text.n, &bad))
        st = pr_fail(err, PARE_EINPUT, (int64_t)bad, "the text is not UTF-8");
    return st == PARE_OK ? st : pr_fail_in(err, st, j->text_path);
}

static pare_status find_text(opt_job *j, pare_err *err) {
    j->text_path = j->o->text ? pr_arena_str(j->a, j->o->text, strlen(j->o->text))
                              : pr_path_join(j->a, j->src, "text/heldout.txt");
    if (!j->text_path) return pr_fail_nomem(err, 256);
    if (!j->o->text && !pr_path_exists(j->text_path))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "no text to judge quality on: give one with -f (the source has no "
                       "text/heldout.txt)");
    PR_TRY(pr_file_read(j->text_path, (size_t)256 << 20, j->a, &j->text, err));
    j->text_hash = pr_sha256_of(j->text.p, j->text.n);
    return check_text(j, err);
}

/* What may be learned from: --calib, or text/train.txt of the source. Never what is judged on. */
static pare_status find_calibration(opt_job *j, pare_err *err) {
    pr_map      map;
    const char *path = j->o->calib;
    if (!path) path = pr_path_join(j->a, j->src, "text/train.txt");
    if (!path) return pr_fail_nomem(err, 256);
    if (!j->o->calib && !pr_path_exists(path)) return PARE_OK;
    PR_TRY(pr_map_open(&map, path, err));
    j->calib_hash = pr_sha256_of(map.p, (size_t)map.n);
    pr_map_close(&map);
    if (memcmp(j->calib_hash.b, j->text_hash.b, sizeof j->text_hash.b) != 0) {
        j->calib_path = path;
        return PARE_OK;
    }
    if (!j->o->calib) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1,
                   "the calibration text is the very text that quality is judged on");
}

/* What no file could say is refused before the source is evaluated, not after. */
static pare_status check_exact(const opt_job *j, pare_err *err) {
    pr_buf      why;
    pare_status st = PARE_OK;
    if (j->o->allow_inexact || j->m->dialect == PR_DIALECT_GGUF) return PARE_OK;
    pr_buf_init(&why, 1 << 16);
    pr_model_inexact_in(j->m, PR_DIALECT_GGUF, &why);
    if (why.n) {
        st = pr_fail(err, PARE_EREFUSED, -1,
                     "GGUF cannot say what this model computes: %.*s (--allow-inexact writes "
                     "it all the same)",
                     (int)strcspn(why.p, "\n"), why.p);
        pr_fail_in(err, st, j->m->path);
    }
    pr_buf_done(&why);
    return st;
}

static pare_status set_up(opt_job *j, pare_err *err) {
    if (!j->o->out || !j->o->out[0])
        return pr_fail(err, PARE_EUSAGE, -1, "optimize needs a directory to write to (-o DIR)");
    if (pr_path_exists(j->o->out) && !pr_path_is_dir(j->o->out)) {
        pr_fail(err, PARE_EENV, -1, "is a file; expected a directory, or nothing yet");
        return pr_fail_in(err, PARE_EENV, j->o->out);
    }
    PR_TRY(pr_state_type(j->o->state, &j->state, err));
    j->threads = j->ctl && j->ctl->n_threads ? j->ctl->n_threads : pr_threads_default();
    PR_TRY(pr_hw_read(NULL, &j->hw, j->a, err));
    PR_TRY(pr_energy_open(&j->energy, NULL, err));
    PR_TRY(pr_model_open(&j->m, j->src, err));
    PR_TRY(pr_model_tokenizer(j->m, err));
    PR_TRY(check_exact(j, err));
    PR_TRY(read_policy(j, err));
    PR_TRY(find_text(j, err));
    PR_TRY(find_calibration(j, err));
    PR_TRY(opt_candidates(j, err));
    char *dir = pr_path_join(j->a, j->o->out, "variants"),
         *db = pr_path_join(j->a, j->o->out, "pare.db");
    if (!dir || !db) return pr_fail_nomem(err, 256);
    PR_TRY(pr_dir_make(dir, err));
    PR_TRY(pr_store_open(&j->store, db, PR_STORE_WRITE, err));
    PR_TRY(pr_dir_sweep(j->o->out, j->a, err)); /* what a killed run was writing */
    return pr_dir_sweep(dir, j->a, err);
}

static void drop_variant(opt_variant *v) {
    pr_model_close(v->model);
    pare_doc_free(v->written);
    pr_eval_result_free(v->eval);
    pr_bench_result_free(v->bench);
}

static void tear_down(opt_job *j) {
    j->base.model = NULL; /* it is j->m */
    drop_variant(&j->base);
    drop_variant(&j->fv);
    for (int i = 0; i < j->n; i++) drop_variant(&j->v[i]);
    pare_doc_free(j->source);
    pare_doc_free(j->hunted);
    pr_energy_close(j->energy);
    pr_model_close(j->m);
    pr_store_close(j->store);
    pr_arena_free(j->a);
    pr_free(j);
}

/* ------------------------------------------------------------------ the order */

/* Between the source and its variants: which these are. What is made meanwhile is of stage 3. */
static pare_status search(opt_job *j, pare_err *err) {
    j->at = 2;
    pr_ctl_log(j->ctl, PARE_LOG_INFO, "search");
    pare_status st = opt_hunt(j, err);
    j->at = 0;
    return st;
}

static pare_status run_stages(opt_job *j, pare_err *err) {
    static pare_status (*const stages[OPT_STAGES])(opt_job *, pare_err *) = {
        opt_baseline, opt_convert, opt_quantize, opt_accelerate, opt_validate};
    for (j->at = 0; j->at < OPT_STAGES; j->at++) {
        uint64_t t = pr_now_ns();
        j->stage[j->at].name = stage_names[j->at];
        pr_ctl_log(j->ctl, PARE_LOG_INFO, "%s", stage_names[j->at]);
        PR_TRY(pr_ctl_check(j->ctl, err));
        PR_TRY(stages[j->at](j, err));
        j->stage[j->at].seconds = (double)(pr_now_ns() - t) / 1e9;
        if (j->at == 0 && j->o->search) PR_TRY(search(j, err));
    }
    return PARE_OK;
}

static pare_status write_report(opt_job *j, const pare_doc *report, pare_err *err) {
    char *json = pr_path_join(j->a, j->o->out, "report.json"),
         *html = pr_path_join(j->a, j->o->out, "report.html");
    if (!json || !html) return pr_fail_nomem(err, 256);
    PR_TRY(pare_doc_write(report, 1, json, err));
    pr_buf page;
    pr_buf_init(&page, PR_REPORT_HTML_MAX);
    pare_status st = pr_report_html(report, NULL, &page, err);
    if (st == PARE_OK) st = pr_file_write(html, page.p, page.n, err);
    pr_buf_done(&page);
    return st;
}

pare_status pare_optimize(const char *src, const pare_optimize_opts *opts, const pare_ctl *ctl,
                          pare_doc **report, pare_err *err) {
    static const pare_optimize_opts none = {0};
    pare_doc                       *doc = NULL;
    if (report) *report = NULL;
    opt_job *j = pr_calloc(1, sizeof *j);
    if (!j) return pr_fail_nomem(err, sizeof *j);
    *j = (opt_job){
        .src = src, .o = opts ? opts : &none, .ctl = ctl, .f32 = -1, .start_ns = pr_now_ns()};
    j->a = pr_arena_new(ARENA_MAX);
    pare_status st = j->a ? set_up(j, err) : pr_fail_nomem(err, 4096);
    if (st == PARE_OK) st = run_stages(j, err);
    if (st == PARE_OK) st = opt_report(j, &doc, err);
    if (st == PARE_OK) st = write_report(j, doc, err);
    if (st == PARE_OK && report) *report = doc;
    else pare_doc_free(doc);
    tear_down(j);
    return st;
}
