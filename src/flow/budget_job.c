/* budget_job.c - `quantize --bpw` and `--size`: a budget into types by measured sensitivity, then
 * the file. */
#include <math.h>
#include <stdio.h>
#include "calib.h"

/* Bits per weight that a file asked for may have less; docs/quantizing.md. */
static const double BPW_BELOW = 0.01;

typedef struct {
    const pr_model          *m;
    const pare_convert_opts *o;
    const pare_ctl          *ctl;
    pr_arena                *a;
    pr_mixed                 plan;
    pr_mixed_job             job;
    pare_convert_opts        words; /* of `o`, with the text that was found */
    pr_calib_work            calib;
    pr_calib_text            probe;
    char                    *text;  /* the path that was read; NULL: none */
    uint64_t                 rest;  /* bytes of the file that are no matrix */
    const char              *effort;
    pr_store                *store;
} budget;

static const char *const effort_names[] = {"low", "medium", "high"};

static pare_status find_effort(budget *b, pare_err *err) {
    b->effort = b->o->effort ? b->o->effort : "medium";
    for (size_t i = 0; i < PR_COUNT(effort_names); i++)
        if (strcmp(b->effort, effort_names[i]) == 0) {
            b->job.effort = (pr_effort)i;
            return PARE_OK;
        }
    return pr_fail(err, PARE_EUSAGE, -1, "effort '%.40s': expected low, medium or high", b->effort);
}

static pare_status check_words(const pare_convert_opts *o, pare_err *err) {
    if (o->bpw != 0 && o->size_bytes)
        return pr_fail(err, PARE_EUSAGE, -1, "bits per weight and bytes: expected one of both");
    if (o->quant)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a quantization is named and a budget given: expected one of both");
    if (strcmp(o->to, "gguf") != 0)
        return pr_fail(err, PARE_EUSAGE, -1, "a budget is for GGUF, not for %s", o->to);
    if (!(o->bpw >= 0 && o->bpw <= 32))
        return pr_fail(err, PARE_EUSAGE, -1, "%g bits per weight: expected more than 0, at most 32",
                       o->bpw);
    return PARE_OK;
}

/* ------------------------------------------------------------------ the calibration text */

/* text/train.txt in the model's folder, if it is there. */
static char *text_beside(const budget *b) {
    const char *path = b->m->path, *base = pr_path_base(path);
    const char *dir = pr_path_is_dir(path) ? path
                      : base == path       ? "."
                                           : pr_arena_str(b->a, path, (size_t)(base - path));
    char *text = dir ? pr_path_join(b->a, dir, "text/train.txt") : NULL;
    return text && pr_path_exists(text) ? text : NULL;
}

/* Tokens for a run of the probe: 15 billion operations, 20 seconds of a slow machine for 100 of
 * them; fewer than 256 would not tell tensors apart. */
static int64_t probe_tokens(const budget *b) {
    int64_t per = PR_MAX(pr_model_n_params(b->m), (int64_t)1),
            n = b->job.effort == PR_EFFORT_HIGH ? 15000000000 / per : 7500000000 / per,
            most = b->job.effort == PR_EFFORT_HIGH ? 4096 : 2048;
    return PR_MAX((int64_t)256, PR_MIN(n, most));
}

/* Of what the importances were learned from: the rest decides later how the levels are found. */
static pare_status cut_probe(budget *b, pare_err *err) {
    pr_calib_opts co = {.max_tokens = probe_tokens(b)};
    pr_map        map = {0};
    pr_str        text = b->calib.learn;
    if (!text.n) { /* an importance matrix was given */
        PR_TRY(pr_map_open(&map, b->text, err));
        text = (pr_str){(const char *)map.p, (size_t)map.n};
    }
    pare_status st = pr_calib_text_cut(&b->probe, b->m, text, &co, b->ctl, b->a, err);
    pr_map_close(&map);
    if (st == PARE_EINPUT) pr_fail_in(err, st, b->text);
    b->job.probe = &b->probe;
    return st;
}

static pare_status find_text(budget *b, pare_err *err) {
    b->words = *b->o;
    b->text = b->o->calib ? pr_arena_str(b->a, b->o->calib, strlen(b->o->calib)) : text_beside(b);
    b->words.calib = b->o->imatrix ? NULL : b->text;
    if (b->text || b->job.effort == PR_EFFORT_LOW) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1,
                   "no calibration text is given, and none lies beside the model "
                   "(text/train.txt): expected one, or the effort low");
}

static pare_status calibrate(budget *b, pare_err *err) {
    PR_TRY(pr_calib_begin(&b->calib, b->m, &b->words, b->ctl, b->a, err));
    b->job.calib = b->calib.calib;
    return b->job.effort == PR_EFFORT_LOW ? PARE_OK : cut_probe(b, err);
}

/* ------------------------------------------------------------------ the budget */

static pr_gguf_job gguf_job(budget *b) {
    return (pr_gguf_job){.out = b->o->out,
                         .choose = pr_mixed_choose,
                         .user = &b->plan,
                         .file_type = -1,
                         .name = b->o->name,
                         .allow_inexact = b->o->allow_inexact,
                         .lineage = b->o->lineage};
}

/* `weights`: values of the whole model. */
static pare_status refuse(const budget *b, uint64_t matrices, double weights, const char *what,
                          uint64_t vectors, pare_err *err) {
    return pr_fail(err, PARE_EREFUSED, -1,
                   "the budget cannot be met: the %s possible is %llu bytes, %.4f bits per weight",
                   what, (unsigned long long)(b->rest + matrices),
                   (double)(matrices + vectors) * 8 / weights);
}

/* What the writer would make of the smallest types tells what all else takes. */
static pare_status set_budget(budget *b, pare_err *err) {
    pr_gguf_job job = gguf_job(b);
    pr_written  w;
    uint64_t    low, high, vectors;
    pare_ctl    quiet = b->ctl ? *b->ctl : (pare_ctl){0};
    quiet.on_log = NULL; /* said when the file is written */
    pr_calib_work keys;
    pr_calib_plan_keys(&keys, &b->words, &job);
    job.plan_only = true;
    PR_TRY(pr_convert_gguf(b->m, &job, &quiet, b->a, &w, err));
    pr_mixed_range(&b->plan, &low, &high);
    b->rest = w.bytes - low;
    vectors = w.tensor_bytes - PR_MIN(w.tensor_bytes, low);
    double n = (double)w.n_params;
    if (b->o->size_bytes) {
        b->job.most = b->o->size_bytes - PR_MIN(b->rest, b->o->size_bytes);
    } else {
        double bytes = b->o->bpw * n / 8 - (double)vectors;
        b->job.most = bytes > 0 ? (uint64_t)bytes : 0;
        bytes -= BPW_BELOW * n / 8;
        b->job.least = bytes > 0 ? (uint64_t)bytes : 0;
    }
    if (b->job.most < low) return refuse(b, low, n, "smallest", vectors, err);
    if (b->job.least > high) return refuse(b, high, n, "largest", vectors, err);
    b->job.most = PR_MIN(b->job.most, high);
    return PARE_OK;
}

/* ------------------------------------------------------------------ told */

static void put_kld(pr_doc_build *d, pare_doc *o, const char *key, double v) {
    if (isnan(v)) pr_doc_set_null(d, o, key);
    else pr_doc_set_f64(d, o, key, v);
}

static void put_tensors(pr_doc_build *d, pare_doc *list, const pr_mixed *p) {
    for (int i = 0; i < p->n; i++) {
        const pr_mixed_tensor *t = &p->t[i];
        pare_doc              *o = pr_doc_add_object(d, list);
        pr_doc_set_str(d, o, "name", t->name);
        pr_doc_set_str(d, o, "type", pr_type_get(t->type[t->chosen])->name);
        pare_doc *types = pr_doc_set_array(d, o, "types");
        for (int k = 0; k < t->n; k++) {
            pare_doc *x = pr_doc_add_object(d, types);
            pr_doc_set_str(d, x, "type", pr_type_get(t->type[k])->name);
            pr_doc_set_i64(d, x, "bytes", (int64_t)t->as[k].bytes);
            pr_doc_set_f64(d, x, "cost", t->as[k].cost);
            pr_doc_set_bool(d, x, "measured", t->measured[k]);
        }
    }
}

static void put_plan(pr_doc_build *d, pare_doc *o, const budget *b) {
    const pr_mixed *p = &b->plan;
    pr_doc_set_str(d, o, "effort", b->effort);
    if (b->text) pr_doc_set_path(d, o, "calibration", b->text);
    else pr_doc_set_null(d, o, "calibration");
    pr_doc_set_i64(d, o, "most_bytes", (int64_t)(b->rest + b->job.most));
    pr_doc_set_str(d, o, "cost_unit", b->job.effort == PR_EFFORT_LOW ? "relative error" : "nats");
    pr_doc_set_i64(d, o, "probe_tokens", p->probe_tokens);
    pr_doc_set_i64(d, o, "evaluations", p->evaluations);
    pr_doc_set_i64(d, o, "recalled", p->recalled);
    pr_doc_set_i64(d, o, "rounds", p->rounds);
    pr_doc_set_bool(d, o, "refined", p->in_place);
    pr_doc_set_bool(d, o, "exact", p->alloc.exact);
    put_kld(d, o, "first_predicted_kld", p->first_predicted);
    put_kld(d, o, "first_measured_kld", p->first_measured);
    put_kld(d, o, "predicted_kld", p->predicted);
    put_kld(d, o, "measured_kld", p->measured);
    put_tensors(d, pr_doc_set_array(d, o, "tensors"), p);
}

/* The file as it lies there, where the whole was not measured in memory. */
static pare_status measure_file(budget *b, pare_err *err) {
    pr_model *m;
    if (b->job.effort == PR_EFFORT_LOW || !isnan(b->plan.measured)) return PARE_OK;
    PR_TRY(pr_model_open(&m, b->o->out, err));
    const pr_model *one = m;
    pare_status st = pr_divergence(b->m, &one, 1, &b->probe, b->ctl, &b->plan.measured, err);
    b->plan.first_measured = b->plan.measured;
    b->plan.evaluations++;
    pr_model_close(m);
    return st;
}

static pare_status open_records(budget *b, pare_err *err) {
    if (!b->o->records || b->job.effort == PR_EFFORT_LOW) return PARE_OK;
    PR_TRY(pr_model_hash(b->m, b->ctl, &b->job.model, err));
    PR_TRY(pr_store_open(&b->store, b->o->records, PR_STORE_WRITE, err));
    b->job.store = b->store;
    return PARE_OK;
}

static pare_status run(budget *b, pr_written *w, pare_err *err) {
    pr_gguf_job job = gguf_job(b);
    PR_TRY(pr_mixed_list(&b->plan, b->m, b->a, err));
    PR_TRY(find_text(b, err));
    PR_TRY(set_budget(b, err));
    PR_TRY(open_records(b, err));
    PR_TRY(calibrate(b, err));
    PR_TRY(pr_mixed_solve(&b->plan, &b->job, b->ctl, err));
    pr_mixed_done(&b->plan);
    PR_TRY(pr_calib_write(&b->calib, NULL, &job, w, err));
    if (w->bytes > b->rest + b->plan.alloc.bytes) /* a method's name may be shorter than planned */
        return pr_fail(err, PARE_EINTERNAL, -1, "the file has %llu bytes, %llu were planned",
                       (unsigned long long)w->bytes,
                       (unsigned long long)(b->rest + b->plan.alloc.bytes));
    return measure_file(b, err);
}

pare_status pr_budget_job(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pr_written *w, pare_doc **told, pare_err *err) {
    budget       b = {.m = m, .o = o, .ctl = ctl, .a = a};
    pr_doc_build d = {0};
    *told = NULL;
    PR_TRY(check_words(o, err));
    PR_TRY(find_effort(&b, err));
    pare_status st = run(&b, w, err);
    pr_mixed_done(&b.plan);
    pr_calib_end(&b.calib);
    pr_store_close(b.store);
    if (st != PARE_OK) return st;
    pare_doc *doc = pr_doc_object(&d);
    put_plan(&d, doc, &b);
    return pr_doc_done(&d, doc, told, err);
}
