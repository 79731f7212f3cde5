/* convert_job.c - include/pare/convert.h: opens the source, hands `convert` the mix's
 * choice of types, tells what was written. */
#include "calib.h"
#include <stdio.h>
#include "pare/convert.h"

enum { ARENA_MAX = 64 << 20 };

static pare_status calibrated(const pr_model *m, const pare_convert_opts *o, pr_type_plan *plan,
                              pr_gguf_job *job, const pare_ctl *ctl, pr_arena *a, pr_written *w,
                              pare_err *err) {
    pr_calib_work c;
    pare_status   st = pr_calib_begin(&c, m, o, ctl, a, err);
    if (st == PARE_OK) st = pr_calib_write(&c, plan, job, w, err);
    pr_calib_end(&c);
    return st;
}

static pare_status to_gguf(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                           pr_arena *a, pr_written *w, pare_err *err) {
    pr_type_plan plan;
    pr_gguf_job job = {
        .out = o->out, .file_type = -1, .name = o->name, .allow_inexact = o->allow_inexact,
        .lineage = o->lineage};
    if (o->quant) {
        PR_TRY(pr_type_plan_init(&plan, m, o->quant, o->strict, err));
        job.choose = pr_type_plan_choose;
        job.user = &plan;
        job.file_type = pr_mix_ftype(plan.mix);
        if (pr_calib_asked(o)) return calibrated(m, o, &plan, &job, ctl, a, w, err);
    } else if (pr_calib_asked(o) && !pr_calib_prunes(o)) {
        return pr_fail(err, PARE_EUSAGE, -1, "calibration, and nothing to quantize to (--quant)");
    }
    return pr_convert_gguf(m, &job, ctl, a, w, err);
}

static pare_status to_hf(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                         pr_arena *a, pr_written *w, pare_err *err) {
    pr_hf_job job = {.dir = o->out,
                     .max_shard_bytes = o->shard_bytes,
                     .keep_types = !o->quant,
                     .type = PR_BF16,
                     .allow_inexact = o->allow_inexact,
                     .lineage = o->lineage};
    if (o->quant && (!pr_type_from_name(o->quant, &job.type) ||
                     (job.type != PR_F32 && job.type != PR_F16 && job.type != PR_BF16)))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a Hugging Face directory takes F32, F16 or BF16, not '%s'", o->quant);
    return pr_convert_hf(m, &job, ctl, a, w, err);
}

static pr_type own_float(const pr_model *m) {
    pr_type t = PR_F16; /* what was blocks */
    for (int i = 0; i < m->n_weights; i++)
        if (m->weights[i].rows > 1)
            t = m->weights[i].group ? m->weights[i].group->scale : m->weights[i].src->type;
    return t == PR_F32 || t == PR_BF16 ? t : PR_F16;
}

/* OpenVINO's scales are F16 whatever the floats are: where matrices are groups, what the vectors
 * have. */
static pr_type vector_float(const pr_model *m) {
    pr_type t = own_float(m);
    bool groups = false;
    for (int i = 0; i < m->n_weights; i++) groups |= m->weights[i].group != NULL;
    for (int i = 0; groups && i < m->n_weights; i++)
        if (m->weights[i].rows == 1) t = m->weights[i].src->type;
    return t == PR_F32 || t == PR_BF16 ? t : PR_F16;
}

static pare_status to_mlx(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pr_written *w, pare_err *err) {
    pr_pack_job job;
    PR_TRY(pr_pack_job_of(o, own_float(m), &job, err));
    return pr_convert_mlx(m, &job, ctl, a, w, err);
}

static pare_status to_onnx(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                           pr_arena *a, pr_written *w, pare_err *err) {
    pr_pack_job job;
    PR_TRY(pr_pack_job_of(o, PR_F32, &job, err));
    if (job.type == PR_BF16)
        return pr_fail(err, PARE_EUSAGE, -1, "onnx takes F32, F16, int4 or int8, not '%s'",
                       o->quant);
    PR_TRY(pr_acts_job(m, o, ctl, a, &job.acts, err));
    return pr_convert_onnx(m, &job, ctl, a, w, err);
}

static pare_status to_openvino(const pr_model *m, const pare_convert_opts *o,
                               const pare_ctl *ctl, pr_arena *a, pr_written *w, pare_err *err) {
    pr_pack_job job;
    PR_TRY(pr_pack_job_of(o, vector_float(m), &job, err));
    PR_TRY(pr_acts_job(m, o, ctl, a, &job.acts, err));
    return pr_convert_openvino(m, &job, ctl, a, w, err);
}

/* What was found beside the weights: "pruning" and "allocation" of the report; NULL: nothing. */
typedef struct {
    pare_doc *pruning, *allocation;
} found;

/* `whole`: the source before it was pruned. The report, and the check of what was written:
 * EREFUSED, with the report, if it is broken. Takes what was found. */
static pare_status tell(const pr_model *m, const pr_model *whole, const char *from,
                        const pare_convert_opts *o, const pr_written *w, const found *f,
                        double seconds, const pare_ctl *ctl, pare_doc **report, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b), *src;
    pr_doc_set_i64(&b, d, "schema", 1);
    src = pr_doc_set_object(&b, d, "source");
    pr_doc_set_path(&b, src, "path", m->path);
    pr_doc_set_str(&b, src, "architecture", pr_model_arch_name(m));
    pr_doc_set_str(&b, src, "precision", pr_source_precision(m));
    pr_doc_set_i64(&b, src, "weight_bytes", (int64_t)pr_model_weight_bytes(whole));
    pr_doc_set_str(&b, d, "format", o->to);
    if (o->quant) pr_doc_set_str(&b, d, "quant", o->quant);
    else pr_doc_set_null(&b, d, "quant");
    pr_doc_set_path(&b, d, "path", o->out);
    pr_written_doc(&b, d, w);
    if (w->calibrated) pr_calibrated_doc(&b, d, o, w->calibrated);
    if (f->allocation) pr_doc_set(&b, d, "allocation", f->allocation);
    pr_doc_set_f64(&b, d, "seconds", seconds);
    if (f->pruning) pr_doc_set(&b, d, "pruning", f->pruning);
    pare_doc   *check = pr_doc_set_object(&b, d, "check");
    pare_status st = f->pruning ? pr_prune_check(m, o, &b, check, err)
                             : pr_convert_check(m, from, o, w, ctl, &b, check, err);
    if (st != PARE_OK && st != PARE_EREFUSED) {
        pare_doc_free(d);
        return st;
    }
    PR_TRY(pr_doc_done(&b, d, report, err));
    return st;
}

/* ------------------------------------------------------------------ targets */

static const struct {
    const char *name;
    pare_status (*write)(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                         pr_arena *a, pr_written *w, pare_err *err);
} targets[] = {
    {"gguf", to_gguf},
    {"hf", to_hf},
    {"mlx", to_mlx},
    {"onnx", to_onnx},
    {"openvino", to_openvino},
};

static int target_of(const char *name, pare_err *err) {
    char known[120] = "";
    for (size_t i = 0; i < PR_COUNT(targets); i++) {
        if (strcmp(name, targets[i].name) == 0) return (int)i;
        size_t n = strlen(known);
        snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", targets[i].name);
    }
    pr_fail(err, PARE_EUSAGE, -1, "format '%s' is not known; known are %s", name, known);
    return -1;
}

pare_status pr_convert_to(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pr_written *w, pare_err *err) {
    int to = target_of(o->to, err);
    if (to < 0) return PARE_EUSAGE;
    if (pr_is_w8a8(o) && strcmp(o->to, "onnx") != 0 && strcmp(o->to, "openvino") != 0)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "w8a8: whoever runs %s brings its own rounding of activations, or none; "
                       "onnx and openvino take it, %s takes %s",
                       o->to, o->to,
                       strcmp(o->to, "gguf") == 0  ? "Q8_0"
                       : strcmp(o->to, "mlx") == 0 ? "int8"
                                                   : "F32, F16 or BF16");
    PR_TRY(targets[to].write(m, o, ctl, a, w, err));
    if (!m->n_rounded) return PARE_OK;
    const char *line = pr_arena_printf(
        a, "the source's runtime rounds what it computes to bytes in %d places: its weights were "
           "taken as they are, that rounding was not",
        m->n_rounded);
    return line ? pr_report_warn(w, a, ctl, line, err) : pr_fail_nomem(err, 256);
}

pare_status pare_convert(const char *src, const pare_convert_opts *o, const pare_ctl *ctl,
                         pare_doc **report, pare_err *err) {
    pr_model  *m = NULL;
    pr_pruned *p = NULL;
    found      f = {0};
    pr_written w;
    uint64_t start = pr_now_ns();
    if (report) *report = NULL;
    if (!o || !o->to || !o->out)
        return pr_fail(err, PARE_EUSAGE, -1, "convert needs a format and a target");
    int to = target_of(o->to, err);
    if (to < 0) return PARE_EUSAGE;
    if (to != 0 && pr_calib_asked(o) && !pr_calib_prunes(o) && !pr_is_w8a8(o))
        return pr_fail(err, PARE_EUSAGE, -1, "calibration is for gguf, not for %s", o->to);
    if (o->name && !pr_utf8_valid(o->name, strlen(o->name), NULL))
        return pr_fail(err, PARE_EUSAGE, -1, "the name is not UTF-8, which GGUF expects");
    pr_arena *a = pr_arena_new(ARENA_MAX);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_model_open(&m, src, err);
    if (st == PARE_OK) st = pr_prune_job(m, src, o, ctl, a, &p, &f.pruning, err);
    const pr_model *of = p ? pr_pruned_model(p) : m;
    if (st == PARE_OK)
        st = o->bpw != 0 || o->size_bytes ? pr_budget_job(of, o, ctl, a, &w, &f.allocation, err)
                                          : pr_convert_to(of, o, ctl, a, &w, err);
    pare_doc *d = NULL;
    if (st == PARE_OK) {
        st = tell(of, m, src, o, &w, &f, (double)(pr_now_ns() - start) / 1e9, ctl, &d, err);
    } else {
        pare_doc_free(f.pruning);
        pare_doc_free(f.allocation);
    }
    pr_pruned_free(p);
    if (report)
        *report = d;
    else
        pare_doc_free(d);
    pr_model_close(m);
    pr_arena_free(a);
    return st;
}

pare_status pare_quant_list(pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_array(&b);
    for (int i = 0; pr_mix_at(i); i++) {
        const pr_mix       *x = pr_mix_at(i);
        const pr_type_info *t = pr_type_get(pr_mix_type(x));
        pare_doc           *o = pr_doc_add_object(&b, d);
        pr_doc_set_str(&b, o, "name", pr_mix_name(x));
        pr_doc_set_str(&b, o, "type", t->name);
        pr_doc_set_f64(&b, o, "bpw", t->bytes * 8.0 / t->block);
    }
    return pr_doc_done(&b, d, out, err);
}
