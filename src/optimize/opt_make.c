/* opt_make.c - stages 2 and 3: every variant as a file.
 *
 * A file is written once per source, mix and version of pare: its record holds what `convert`
 * told, and the file is used again if it still has the recorded hash. */
#include <stdio.h>
#include <unistd.h>
#include "opt.h"
#include "pare_version.h"

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
static pare_status file_holds(opt_job *j, const opt_variant *v, const pare_doc *rec,
                              bool *holds, pare_err *err) {
    const char *want = pare_doc_str(pare_doc_get(rec, "sha256"));
    uint64_t    bytes;
    char        hex[65];
    *holds = false;
    if (!want || strlen(want) != 64 || !pr_path_exists(v->path)) return PARE_OK;
    if (j->o->strict && pare_doc_int(pare_doc_path(rec, "tensors/fell_back"))) return PARE_OK;
    pare_status st = opt_hash_artefact(j, v->path, "check files", hex, &bytes, err);
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

/* A folder of ours that is no more what it was: its files go, or nothing could be written there. */
static pare_status make_room(opt_job *j, const opt_variant *v, pare_err *err) {
    const char **names;
    size_t       n;
    if (!pr_path_is_dir(v->path)) return PARE_OK;
    PR_TRY(pr_dir_list(v->path, j->a, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        char *file = pr_path_join(j->a, v->path, names[i]);
        if (!file) return pr_fail_nomem(err, 256);
        if (unlink(file) != 0) return pr_fail_errno(err, file, "cannot remove");
    }
    return PARE_OK;
}

/* From which source, by which recipe: inside the file, so that it tells it anywhere. */
static pare_status put_lineage(opt_job *j, opt_variant *v, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *d = pr_doc_object(&b), *o = pr_doc_set_object(&b, d, "source");
    char         hex[65], *text = NULL;
    size_t       n;
    pr_sha256_hex(&j->model_hash, hex);
    pr_doc_set_path(&b, o, "name", j->m->name);
    pr_doc_set_str(&b, o, "sha256", hex);
    o = pr_doc_set_object(&b, d, "recipe");
    pr_doc_set_str(&b, o, "format", v->format);
    if (v->quant) pr_doc_set_str(&b, o, "quant", v->quant);
    pr_doc_set_str(&b, o, "pare", PARE_VERSION);
    PR_TRY(pr_doc_done(&b, d, &d, err));
    pare_status st = pare_doc_text(d, 0, &text, &n, err);
    if (st == PARE_OK) v->as.lineage = pr_arena_str(j->a, text, n);
    if (st == PARE_OK && !v->as.lineage) st = pr_fail_nomem(err, n);
    pare_doc_text_free(text);
    pare_doc_free(d);
    return st;
}

static pare_status write_file(opt_job *j, opt_variant *v, pare_doc **rec, pare_err *err) {
    pr_written   w;
    pr_pruned   *p = NULL;
    pare_doc    *found = NULL;
    pr_doc_build b = {0};
    char         hex[65];
    uint64_t     bytes;
    PR_TRY(make_room(j, v, err));
    PR_TRY(put_lineage(j, v, err));
    if (v->as.prune > 0)
        PR_TRY(pr_prune_job(j->m, j->src, &v->as, j->ctl, j->a, &p, &found, err));
    pare_status made = pr_convert_to(p ? pr_pruned_model(p) : j->m, &v->as, j->ctl, j->a, &w, err);
    pr_pruned_free(p);
    if (made != PARE_OK) {
        pare_doc_free(found);
        return made;
    }
    pare_doc *d = pr_doc_object(&b);
    pr_written_doc(&b, d, &w);
    if (found) pr_doc_set(&b, d, "pruning", found);
    if (pr_path_is_dir(v->path)) { /* what is shipped is all of it, not its weights alone */
        pare_status st = opt_hash_artefact(j, v->path, "hash files", hex, &bytes, err);
        if (st != PARE_OK) {
            pare_doc_free(d);
            return st;
        }
        pr_doc_set_i64(&b, d, "bytes", (int64_t)bytes);
        pr_doc_set_str(&b, d, "sha256", hex);
    }
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
    pr_session_opts o = {.n_threads = j->threads, .state = v->state, .n_ctx = j->o->n_ctx};
    if (v->by) return PARE_OK; /* its runtime will tell */
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
