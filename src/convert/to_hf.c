/* to_hf.c - a model into a Hugging Face directory. */
#include "convert.h"

enum { SHARD_DEFAULT_GB = 5 };

typedef struct {
    pr_st_writer *w;
    size_t i;
} st_sink;

static pare_status to_writer(void *to, const void *p, size_t n, pare_err *err) {
    const st_sink *s = to;
    return pr_st_data(s->w, s->i, p, n, err);
}

static bool is_float(pr_type t) {
    return pr_type_get(t)->kind == PR_KIND_FLOAT && pr_type_get(t)->st_name;
}

/* Vectors are asked about here as well, so the choice is made item by item. */
static pare_status choose_types(pr_outline *o, const pr_hf_job *job, pare_err *err) {
    if (job->type != PR_F32 && job->type != PR_F16 && job->type != PR_BF16)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "type %s in a Hugging Face directory: expected F32, F16 or BF16",
                       pr_type_get(job->type)->name);
    for (int i = 0; i < o->n; i++) {
        pr_item *it = &o->items[i];
        pr_type own = it->w->group ? it->w->group->scale : it->w->src->type;
        it->as.type = job->keep_types && is_float(own) ? own : job->type;
        it->choice = (pr_choice){.type = it->as.type, .asked = it->as.type};
        if (own != it->as.type && !pr_weight_readable(it->w))
            return pr_fail(err, PARE_EUNSUPPORTED, -1, "tensor '%s': pare cannot decode %s",
                           it->w->src->name, pr_type_get(own)->name);
    }
    return PARE_OK;
}

/* The type that holds all that is written. */
static const char *dtype_of(const pr_outline *o) {
    pr_type t = o->n ? o->items[0].as.type : PR_F32;
    for (int i = 0; i < o->n; i++)
        if (o->items[i].as.type != t) return "float32";
    return t == PR_BF16  ? "bfloat16"
           : t == PR_F16 ? "float16"
           : t == PR_F64 ? "float64"
                         : "float32";
}

static pare_status pour(pr_st_writer *w, pr_sha256_ctx *hash, const pr_outline *o,
                        const pare_ctl *ctl, pr_written *out, pare_err *err) {
    pr_stream s;
    st_sink *sink = pr_arena_get(o->arena, (size_t)o->n, sizeof *sink);
    if (!sink) return pr_fail_nomem(err, (uint64_t)o->n * sizeof *sink);
    PR_TRY(pr_stream_open(&s, o->m, "convert", ctl, err));
    s.hash = hash;
    pare_status st = pr_ctl_check(ctl, err);
    for (int i = 0; i < o->n && st == PARE_OK; i++) {
        const pr_item *it = &o->items[i];
        bool lossless = true;
        sink[i] = (st_sink){w, (size_t)i};
        st = pr_stream_weight(&s, it->w, it->as, to_writer, &sink[i], &lossless, err);
        pr_report_tensor(out, i, lossless);
    }
    return pr_stream_close(&s, st, err);
}

static pare_status write_weights(const pr_outline *o, const char *dir, const pr_hf_job *job,
                                 const pare_ctl *ctl, pr_written *out, pare_err *err) {
    uint64_t most =
        job->max_shard_bytes ? job->max_shard_bytes : (uint64_t)SHARD_DEFAULT_GB * 1000000000u;
    pr_sha256_ctx *hash = pr_sha256_new();
    pr_st_writer *w;
    pare_status st;
    if (!hash) return pr_fail_nomem(err, 256);
    PR_GO(pr_st_writer_new_dir(&w, dir, most, err));
    for (int i = 0; i < o->n && st == PARE_OK; i++) {
        const pr_item *it = &o->items[i];
        st = pr_st_add_tensor(w, it->name, it->as.type, it->n_dims, it->dim, err);
        pr_sha256_add(hash, it->name, strlen(it->name) + 1);
        pr_sha256_add(hash, pr_type_get(it->as.type)->name,
                      strlen(pr_type_get(it->as.type)->name) + 1);
    }
    if (st == PARE_OK) st = pour(w, hash, o, ctl, out, err);
    if (st == PARE_OK)
        st = pr_st_writer_commit(w, err);
    else
        pr_st_writer_discard(w);
done:
    out->sha256 = pr_sha256_end(hash);
    return st;
}

/* ------------------------------------------------------------------ the directory */

/* What was written must read as a model again: the last guard against a configuration that says
 * too little. */
static pare_status read_back(const pr_model *m, const char *dir, pr_written *out,
                             pare_err *err) {
    pr_model *back;
    pare_err e = {0};
    if (pr_model_open(&back, dir, &e) != PARE_OK)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "a Hugging Face directory cannot say this model: %.600s", e.msg);
    out->bytes = pr_container_bytes(back->file);
    int64_t n = pr_model_n_params(back);
    pr_model_close(back);
    if (n == pr_model_n_params(m)) return PARE_OK;
    return pr_fail(err, PARE_EREFUSED, -1,
                   "a Hugging Face directory cannot say this model: %lld of %lld weights",
                   (long long)n, (long long)pr_model_n_params(m));
}

typedef struct {
    pr_outline *o;
    const pr_hf_job *job;
    const pare_ctl *ctl;
    pr_written *out;
} hf_fill;

static pare_status fill(void *user, const char *dir, pare_err *err) {
    const hf_fill *f = user;
    const pr_model *m = f->o->m;
    if (!f->job->no_tokenizer) PR_TRY(pr_vocab_put(m, dir, f->o->arena, err));
    PR_TRY(pr_config_put(m, dir, dtype_of(f->o), f->out, f->o->arena, err));
    PR_TRY(write_weights(f->o, dir, f->job, f->ctl, f->out, err));
    return read_back(m, dir, f->out, err);
}

static pare_status plan_and_write(pr_outline *o, const pr_hf_job *job, const pare_ctl *ctl,
                                  pr_written *out, pare_err *err) {
    hf_fill f = {o, job, ctl, out};
    PR_TRY(pr_outline_judge(o, job->allow_inexact, ctl, out, err));
    PR_TRY(choose_types(o, job, err));
    PR_TRY(pr_report_begin(o, out, err));
    return pr_dir_target(job->dir, fill, &f, err);
}

pare_status pr_convert_hf(const pr_model *m, const pr_hf_job *job, const pare_ctl *ctl,
                          pr_arena *a, pr_written *out, pare_err *err) {
    pr_outline o = {.m = m};
    pr_rope rope;
    *out = (pr_written){.lineage = job->lineage};
    if (!pr_model_name_in(m, PR_DIALECT_HF))
        return pr_fail(err, PARE_EREFUSED, -1, "architecture '%s' has no class in transformers",
                       pr_model_arch_name(m));
    pare_status st = pr_outline_init(&o, m, PR_DIALECT_HF, a, NULL, err);
    const char *why = st == PARE_OK ? pr_rope_for_hf(m, &rope) : NULL;
    if (why) pr_buf_printf(&o.why, "%s\n", why);
    if (st == PARE_OK) st = plan_and_write(&o, job, ctl, out, err);
    pr_outline_done(&o);
    return st;
}
