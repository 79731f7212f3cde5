/* opt_make.c - stages 2 and 3: every variant as a file.
 *
 * A file is written once per source, mix and version of pare: its record holds what `convert`
 * told, and the file is used again if it still has the recorded hash. */
#include <stdio.h>
#include "opt.h"

pare_status opt_open(opt_variant *v, pare_err *err) {
    return v->model ? PARE_OK : pr_model_open(&v->model, v->path, err);
}

void opt_close(const opt_job *j, opt_variant *v) {
    if (v == &j->base) return;
    pr_model_close(v->model);
    v->model = NULL;
}

bool opt_is_f32(const opt_job *j, const opt_variant *v) {
    return v != &j->fv && j->f32 == 0 && strcmp(v->name, j->fv.name) == 0;
}

/* The recorded file is still what was recorded, and nothing in it is what --strict refuses? */
static pare_status file_holds(const opt_job *j, const opt_variant *v, const pare_doc *rec,
                              bool *holds, pare_err *err) {
    const char *want = pare_doc_str(pare_doc_get(rec, "sha256"));
    uint64_t    bytes;
    char        hex[65];
    *holds = false;
    if (!want || strlen(want) != 64 || !pr_path_exists(v->path)) return PARE_OK;
    if (j->o->strict && pare_doc_int(pare_doc_path(rec, "tensors/fell_back"))) return PARE_OK;
    pare_status st = opt_hash_file(j, v->path, "check files", hex, &bytes, err);
    if (st == PARE_EINPUT) return PARE_OK; /* no file that can be read: it is made again */
    *holds = st == PARE_OK && strcmp(hex, want) == 0;
    return st;
}

static void take_record(opt_variant *v, pare_doc *rec) {
    v->written = rec;
    v->bytes = (uint64_t)pare_doc_int(pare_doc_get(rec, "bytes"));
    v->bpw = pare_doc_num(pare_doc_get(rec, "bpw"));
    snprintf(v->sha256, sizeof v->sha256, "%s", pare_doc_str(pare_doc_get(rec, "sha256")));
}

static pare_status write_file(opt_job *j, opt_variant *v, pare_doc **rec, pare_err *err) {
    pr_type_plan plan;
    pr_written   w;
    pr_doc_build b = {0};
    pr_gguf_job  job = {.out = v->path, .choose = pr_type_plan_choose, .user = &plan,
                        .allow_inexact = j->o->allow_inexact};
    PR_TRY(pr_type_plan_init(&plan, j->m, v->quant, j->o->strict, err));
    job.file_type = pr_mix_ftype(plan.mix);
    PR_TRY(pr_convert_gguf(j->m, &job, j->ctl, j->a, &w, err));
    pare_doc *d = pr_doc_object(&b);
    pr_written_doc(&b, d, &w);
    return pr_doc_done(&b, d, rec, err);
}

static void warn_written(opt_job *j, const opt_variant *v) {
    const pare_doc *list = pare_doc_get(v->written, "inexact");
    for (size_t i = 0; i < pare_doc_count(list); i++)
        opt_warn(j, "%s: %s", v->name, pare_doc_str(pare_doc_at(list, i)));
    list = pare_doc_get(v->written, "warnings");
    for (size_t i = 0; i < pare_doc_count(list); i++)
        opt_warn(j, "%s: %s", v->name, pare_doc_str(pare_doc_at(list, i)));
}

static pare_status look_into(opt_job *j, opt_variant *v, pare_err *err) {
    pr_session_opts o = {.n_threads = j->threads, .state = j->state, .n_ctx = j->o->n_ctx};
    PR_TRY(opt_open(v, err));
    v->tensor_bytes = pr_model_weight_bytes(v->model);
    pare_status st = pr_session_plan(v->model, &o, &v->memory, err);
    opt_close(j, v);
    return st;
}

/* The record of a file that holds, or NULL. */
static pare_status recall_file(opt_job *j, opt_variant *v, const char key[65], pare_doc **rec,
                               pare_err *err) {
    bool holds = false;
    PR_TRY(opt_find(j, key, "variant", rec, err));
    if (!*rec) return PARE_OK;
    pare_status st = file_holds(j, v, *rec, &holds, err);
    if (holds) return PARE_OK;
    pare_doc_free(*rec);
    *rec = NULL;
    return st;
}

pare_status opt_make(opt_job *j, opt_variant *v, pare_err *err) {
    char      key[65];
    pare_doc *rec = NULL;
    uint64_t  t = pr_now_ns();
    PR_TRY(opt_key_file(j, v, key, err));
    PR_TRY(recall_file(j, v, key, &rec, err));
    bool cached = rec != NULL;
    if (!cached) {
        PR_TRY(write_file(j, v, &rec, err));
        pare_status st = opt_put(j, key, "variant", rec, err);
        if (st != PARE_OK) {
            pare_doc_free(rec);
            return st;
        }
    }
    take_record(v, rec);
    warn_written(j, v);
    PR_TRY(look_into(j, v, err));
    v->made = true; /* not before it opened */
    int64_t fell = pare_doc_int(pare_doc_path(rec, "tensors/fell_back"));
    opt_step(j, v->name, t, cached, "%llu B, %.4g bits a weight%s",
             (unsigned long long)v->bytes, v->bpw, fell ? ", some tensors fell back" : "");
    return PARE_OK;
}
