/* to_gguf.c - a model into one GGUF file: plan, keys, then the stream. */
#include "convert.h"
#include <stdio.h>

/* llama_ftype of a file of which most is this type; -1: it has no number of its own. */
static int ftype_of(pr_type t) {
    static const struct {
        pr_type type;
        int ftype;
    } table[] = {{PR_F32, 0},   {PR_F16, 1},   {PR_Q4_0, 2},    {PR_Q4_1, 3},    {PR_Q8_0, 7},
                 {PR_Q5_0, 8},  {PR_Q5_1, 9},  {PR_Q2_K, 10},   {PR_Q3_K, 12},   {PR_Q4_K, 15},
                 {PR_Q5_K, 17}, {PR_Q6_K, 18}, {PR_IQ4_NL, 25}, {PR_IQ4_XS, 30}, {PR_BF16, 32}};
    for (size_t i = 0; i < PR_COUNT(table); i++)
        if (table[i].type == t) return table[i].ftype;
    return -1;
}

static int file_type(const pr_model *m, const pr_gguf_job *job, const pr_written *out) {
    uint64_t bytes[PR_TYPE_N] = {0};
    int most = PR_F32;
    uint32_t own;
    if (job->file_type >= 0) return job->file_type;
    if (m->dialect == PR_DIALECT_GGUF && !job->choose &&
        pr_gguf_get_u32(m->file, "general.file_type", &own, NULL) == PARE_OK)
        return (int)own;
    for (int i = 0; i < out->n_tensors; i++)
        if (out->tensors[i].rows > 1) bytes[out->tensors[i].got] += out->tensors[i].bytes;
    for (int t = 0; t < PR_TYPE_N; t++)
        if (bytes[t] > bytes[most]) most = t;
    return ftype_of((pr_type)most) >= 0 ? ftype_of((pr_type)most) : 0;
}

typedef struct {
    pr_gguf_writer *w;
    size_t i;
} gguf_sink;

static pare_status to_writer(void *to, const void *p, size_t n, pare_err *err) {
    gguf_sink *s = to;
    return pr_gguf_data(s->w, s->i, p, n, err);
}

static pare_status declare(pr_gguf_writer *w, const pr_outline *o, pare_err *err) {
    for (int i = 0; i < o->n; i++) {
        const pr_item *it = &o->items[i];
        PR_TRY(pr_gguf_add_tensor(w, it->name, it->as.type, it->n_dims, it->dim, err));
    }
    return PARE_OK;
}

static pare_status pour(pr_gguf_writer *w, const pr_outline *o, const pr_gguf_job *job,
                        const pare_ctl *ctl, pr_written *out, pare_err *err) {
    pr_stream s;
    gguf_sink *sink = pr_arena_get(o->arena, (size_t)o->n, sizeof *sink);
    if (!sink) return pr_fail_nomem(err, (uint64_t)o->n * sizeof *sink);
    PR_TRY(pr_stream_open(&s, o->m, job->choose ? "quantize" : "convert", ctl, err));
    pare_status st = pr_ctl_check(ctl, err);
    for (int i = 0; i < o->n && st == PARE_OK; i++) {
        const pr_item *it = &o->items[i];
        bool lossless = true;
        sink[i] = (gguf_sink){w, (size_t)i};
        if (it->w)
            st = pr_stream_weight(&s, it->w, it->as, to_writer, &sink[i], &lossless, err);
        else if ((st = pr_stream_drain(&s, err)) == PARE_OK)
            st = pr_gguf_data(w, (size_t)i, it->made, (size_t)it->dim[0] * sizeof *it->made,
                              err);
        pr_report_tensor(out, i, lossless);
    }
    return pr_stream_close(&s, st, err);
}

static pare_status warn_all(const pr_outline *o, const pr_gguf_vocab *v, const pare_ctl *ctl,
                            pr_written *out, pare_err *err) {
    char line[256];
    if (v && v->loses) {
        snprintf(line, sizeof line, "the tokenizer's keys leave out: %.180s", v->loses);
        PR_TRY(pr_report_warn(out, o->arena, ctl, line, err));
    }
    if (out->n_twice) {
        snprintf(line, sizeof line,
                 "%d tensors were quantized already and lose again; quantize from the source",
                 out->n_twice);
        PR_TRY(pr_report_warn(out, o->arena, ctl, line, err));
    }
    return PARE_OK;
}

static pare_status write_file(const pr_key_plan *p, const pare_ctl *ctl, pr_written *out,
                              pare_err *err) {
    pr_gguf_writer *w;
    pr_sha256_ctx *h = pr_sha256_new();
    pare_status st;
    if (!h) return pr_fail_nomem(err, 256);
    if ((st = pr_gguf_writer_new(&w, p->job->out, 0, err)) == PARE_OK) {
        pr_gguf_writer_hash(w, h);
        pr_keys_put(w, p);
        st = declare(w, p->outline, err);
        if (st == PARE_OK) st = pr_gguf_writer_size(w, &out->bytes, err);
        bool write = st == PARE_OK && !p->job->plan_only;
        if (write) st = pour(w, p->outline, p->job, ctl, out, err);
        if (write && st == PARE_OK)
            st = pr_gguf_writer_commit(w, err);
        else
            pr_gguf_writer_discard(w);
    }
    out->sha256 = pr_sha256_end(h);
    return st;
}

static bool is_gguf(const char *path) {
    pr_map m;
    if (pr_map_open(&m, path, NULL) != PARE_OK) return false;
    bool yes = m.n >= 4 && memcmp(m.p, "GGUF", 4) == 0;
    pr_map_close(&m);
    return yes;
}

/* Renaming over a file of the source would lose the source: its weights, or in its folder whatever
 * is not an earlier GGUF. */
static pare_status spare_source(const pr_model *m, const char *out, pr_arena *a, pare_err *err) {
    const char *base = pr_path_base(out);
    const char *dir = base == out ? "." : pr_arena_str(a, out, (size_t)(base - out));
    if (!dir) return pr_fail_nomem(err, strlen(out));
    bool own = pr_path_is_dir(m->path) && pr_path_exists(out) && pr_path_same(dir, m->path) &&
               !is_gguf(out);
    for (int i = 0; !own && i < pr_container_files(m->file); i++)
        own = pr_path_same(out, pr_container_path(m->file, i));
    if (!own) return PARE_OK;
    pr_fail(err, PARE_EUSAGE, -1, "this is a file of the source, which would be lost: expected "
                                  "another name");
    return pr_fail_in(err, PARE_EUSAGE, out);
}

/* Of all that is written, tables as well. */
static int64_t values_of(const pr_written *out) {
    int64_t n = 0;
    for (int i = 0; i < out->n_tensors; i++) n += out->tensors[i].rows * out->tensors[i].cols;
    return n;
}

static pare_status plan_and_write(const pr_model *m, const pr_gguf_job *job,
                                  const pare_ctl *ctl, pr_outline *o, const pr_rope_words *rope,
                                  pr_written *out, pare_err *err) {
    pr_gguf_vocab v;
    pr_card card;
    pr_key_plan p = {.job = job, .outline = o, .rope = rope, .out = out};
    PR_TRY(pr_outline_judge(o, job->allow_inexact, ctl, out, err));
    PR_TRY(pr_outline_choose(o, job->choose, job->user, PR_F32, err));
    PR_TRY(pr_report_begin(o, out, err));
    if (m->dialect != PR_DIALECT_GGUF && !job->no_tokenizer) {
        PR_TRY(pr_vocab_for_gguf(m, o->arena, &v, err));
        p.vocab = &v;
    }
    PR_TRY(warn_all(o, p.vocab, ctl, out, err));
    if (m->dialect != PR_DIALECT_GGUF) {
        PR_TRY(pr_card_of_dir(&card, m, values_of(out), o->arena, ctl, out, err));
        p.card = &card;
    }
    p.file_type = file_type(m, job, out);
    return write_file(&p, ctl, out, err);
}

pare_status pr_convert_gguf(const pr_model *m, const pr_gguf_job *job, const pare_ctl *ctl,
                            pr_arena *a, pr_written *out, pare_err *err) {
    pr_outline o = {.m = m};
    pr_rope_words rope;
    *out = (pr_written){.lineage = job->lineage};
    if (!pr_model_name_in(m, PR_DIALECT_GGUF))
        return pr_fail(err, PARE_EREFUSED, -1, "architecture '%s' has no name in GGUF",
                       pr_model_arch_name(m));
    PR_TRY(spare_source(m, job->out, a, err));
    PR_TRY(pr_rope_say(m, a, &rope, err));
    pare_status st = pr_outline_init(&o, m, PR_DIALECT_GGUF, a, rope.table, err);
    if (st == PARE_OK) st = plan_and_write(m, job, ctl, &o, &rope, out, err);
    pr_outline_done(&o);
    return st;
}
