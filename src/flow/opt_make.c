/* opt_make.c - stages 2 and 3: every variant as a file.
 *
 * A file is written once per source, mix and version of pare: its record holds what `convert`
 * told, and the file is used again if it still has the recorded hash. */
#include <stdio.h>
#include "opt.h"
#include "pare_version.h"

static pare_status file_key(const opt_job *j, const opt_variant *v, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "variant", PARE_VERSION);
    pr_key_sha(&k, "source", &j->model_hash);
    pr_key_str(&k, "quant", v->quant);
    pr_key_bool(&k, "strict", j->o->strict);
    pr_key_bool(&k, "allow_inexact", j->o->allow_inexact);
    return pr_key_end(&k, key, err);
}

/* The recorded file, if it is still what was recorded. */
static bool file_holds(const opt_variant *v, const pare_doc *rec) {
    const char *want = pare_doc_str(pare_doc_get(rec, "sha256"));
    pr_map      map;
    char        hex[65];
    if (!want || pr_map_open(&map, v->path, NULL) != PARE_OK) return false;
    bool same = (int64_t)map.n == pare_doc_int(pare_doc_get(rec, "bytes"));
    if (same) {
        pr_sha256 h = pr_sha256_of(map.p, (size_t)map.n);
        pr_sha256_hex(&h, hex);
        same = strcmp(hex, want) == 0;
    }
    pr_map_close(&map);
    return same;
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

static pare_status open_made(opt_job *j, opt_variant *v, pare_err *err) {
    pr_session_opts o = {.n_threads = j->threads, .state = j->state, .n_ctx = j->o->n_ctx};
    PR_TRY(pr_model_open(&v->model, v->path, err));
    v->tensor_bytes = pr_model_weight_bytes(v->model);
    return pr_session_plan(v->model, &o, &v->memory, err);
}

pare_status opt_make(opt_job *j, opt_variant *v, pare_err *err) {
    char      key[65];
    pr_str    text;
    pare_doc *rec = NULL;
    uint64_t  t = pr_now_ns();
    bool      cached = false;
    PR_TRY(file_key(j, v, key, err));
    PR_TRY(opt_find(j, key, &text, err));
    if (text.p) PR_TRY(pare_doc_parse(&rec, text.p, text.n, err));
    cached = rec && file_holds(v, rec);
    if (!cached) {
        pare_doc_free(rec);
        PR_TRY(write_file(j, v, &rec, err));
        pare_status st = opt_put(j, key, "variant", rec, err);
        if (st != PARE_OK) {
            pare_doc_free(rec);
            return st;
        }
    }
    take_record(v, rec);
    warn_written(j, v);
    PR_TRY(open_made(j, v, err));
    v->made = true; /* not before it opened: who is made has a model */
    int64_t fell = pare_doc_int(pare_doc_path(rec, "tensors/fell_back"));
    opt_step(j, v->name, t, cached, "%llu B, %.4g bits a weight%s",
             (unsigned long long)v->bytes, v->bpw, fell ? ", some tensors fell back" : "");
    return PARE_OK;
}
