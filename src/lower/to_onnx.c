/* to_onnx.c - a model into a directory with model.onnx, its weights in model.onnx.data, and
 * what the
 * runtime wants beside them. Matrices of floats are stored turned, [columns, rows], as MatMul
 * multiplies; groups as MatMulNBits and DequantizeLinear take them. */
#include "onnx_steps.h"
#include <stdio.h>

enum { GROUP = 32, GROUP_LEAST = 16, PAGE = 4096, LARGE = 1 << 16, TABLE_ROWS = 256 };
static const char *const DATA = "model.onnx.data";

typedef struct {
    uint64_t at[3]; /* codes or values, scales, zeros */
} places;

typedef struct {
    pr_lower l;
    const pr_pack_job *job;
    const pare_ctl *ctl;
    pr_written *out;
    pr_blob blob;
    places *place;      /* of each item */
    uint64_t cos, sin;  /* of the tables; equal: there are none */
    pr_sha256_ctx *hash;
} onnx_job;

/* ------------------------------------------------------------------ what can be said */

static void limits(const pr_model *m, pr_onnx_way way, pr_buf *why) {
    for (int i = 0; i < m->hp.n_layer; i++) {
        const pr_layer *r = &m->hp.layers[i];
        if (r->rope >= 0 && m->hp.ropes[r->rope].dim != r->d_head) {
            pr_buf_puts(why, "heads that rotate in part were not looked into\n");
            break;
        }
        if (way == PR_ONNX_GENAI && r->d_head % 8 != 0) {
            pr_buf_printf(why, "heads of %d: GroupQueryAttention takes multiples of 8\n",
                          r->d_head);
            break;
        }
    }
    if (m->hp.n_ropes > 0 && m->hp.ropes[0].kind == PR_ROPE_DYNAMIC)
        pr_buf_puts(why,
                    "rope_type 'dynamic': ONNX's tables of rotation do not grow with the text\n");
}

/* ------------------------------------------------------------------ places */

static pr_onnx_type onnx_type(pr_type t) {
    return t == PR_F16 ? PR_ONNX_F16 : t == PR_BF16 ? PR_ONNX_BF16 : PR_ONNX_F32;
}

static uint64_t place(onnx_job *j, uint64_t bytes) {
    j->blob.align = bytes >= LARGE ? PAGE : 64;
    return pr_blob_place(&j->blob, bytes);
}

static bool turned(const pr_item *it) {
    return it->n_dims == 2 && !it->as.group && it->w->id.role != PR_ROLE_TOKEN_EMBD;
}

static void place_floats(onnx_job *j, int i) {
    const pr_item *it = &j->l.o->items[i];
    int64_t rows = it->n_dims == 2 ? (int64_t)it->dim[0] : 1,
            cols = (int64_t)it->dim[it->n_dims - 1], dims[2] = {rows, cols};
    uint64_t bytes = (uint64_t)(rows * cols) * (uint64_t)pr_type_get(it->as.type)->bytes;
    if (turned(it)) dims[0] = cols, dims[1] = rows;
    j->place[i].at[0] = place(j, bytes);
    pr_onnx_weight(j->l.g, it->name, onnx_type(it->as.type), it->n_dims,
                   it->n_dims == 2 ? dims : dims + 1, DATA, j->place[i].at[0], bytes);
}

/* Codes [rows, groups, bytes] for MatMulNBits, [rows, columns] for DequantizeLinear. */
static void place_groups(onnx_job *j, int i) {
    const pr_item *it = &j->l.o->items[i];
    const pr_group_spec *s = it->as.group;
    bool genai = j->l.way == PR_ONNX_GENAI;
    int64_t rows = (int64_t)it->dim[0], cols = (int64_t)it->dim[1];
    char name[160];
    pr_group_row r;
    pr_group_row_of(s, cols, &r);
    const uint64_t each[3] = {r.codes, r.scales, r.offsets};
    for (int p = 0; p < 3; p++)
        if (each[p]) j->place[i].at[p] = place(j, (uint64_t)rows * each[p]);
    int64_t dims[3] = {rows, r.groups, (int64_t)r.codes / r.groups};
    pr_onnx_type ints = genai || s->bits == 8 ? PR_ONNX_U8 : PR_ONNX_U4;
    if (!genai) dims[1] = cols;
    snprintf(name, sizeof name, "%s.codes", it->name);
    bool bytes = pr_act_of(j->job, j->l.o, it) != NULL;
    if (s->twos && !genai) ints = s->bits == 8 ? PR_ONNX_I8 : PR_ONNX_I4;
    if (bytes) ints = PR_ONNX_I8, dims[1] = cols;
    pr_onnx_weight(j->l.g, name, ints, genai && !bytes ? 3 : 2, dims, DATA, j->place[i].at[0],
                   (uint64_t)rows * r.codes);
    dims[1] = r.groups;
    snprintf(name, sizeof name, "%s.scales", it->name);
    pr_onnx_weight(j->l.g, name, onnx_type(s->scale), bytes ? 1 : 2, dims, DATA, j->place[i].at[1],
                   (uint64_t)rows * r.scales);
    if (!r.offsets) return;
    if (genai) dims[1] = (int64_t)r.offsets;
    snprintf(name, sizeof name, "%s.zeros", it->name);
    pr_onnx_weight(j->l.g, name, ints, 2, dims, DATA, j->place[i].at[2],
                   (uint64_t)rows * r.offsets);
}

/* Positions that the tables of rotation hold: a scaling is there to be used, so its whole reach. */
static int64_t reach(const pr_model *m) {
    const pr_rope *r = &m->hp.ropes[0];
    if (!m->hp.n_ropes || !(r->factor > 1)) return m->hp.n_ctx;
    int64_t from = r->original_ctx > 0 ? r->original_ctx : m->hp.n_ctx;
    double to = r->factor * (double)from;
    return to < (double)(1 << 24) ? PR_MAX(m->hp.n_ctx, (int64_t)to) : m->hp.n_ctx;
}

static void place_tables(onnx_job *j) {
    const pr_model *m = j->l.m;
    int64_t dims[2] = {reach(m), m->hp.n_ropes ? m->hp.ropes[0].dim / 2 : 0};
    uint64_t bytes =
        (uint64_t)(dims[0] * dims[1]) * (uint64_t)pr_type_get(j->job->type)->bytes;
    if (!bytes) return;
    j->cos = place(j, bytes);
    j->sin = place(j, bytes);
    pr_onnx_weight(j->l.g, "rope.cos", j->l.t, 2, dims, DATA, j->cos, bytes);
    pr_onnx_weight(j->l.g, "rope.sin", j->l.t, 2, dims, DATA, j->sin, bytes);
}

/* ------------------------------------------------------------------ writing */

/* Rows come in, columns lie in the file: each slab becomes a strip of every column. */
typedef struct {
    onnx_job *j;
    uint64_t at;
    int64_t rows, cols, row; /* of the matrix as it comes; the next one */
    size_t size;             /* of a value: 2 or 4 */
    uint8_t *strip;          /* scratch: a slab turned */
} turner;

static void turn(uint8_t *restrict dst, const uint8_t *restrict src, int64_t n, int64_t cols,
                 size_t size) {
    enum { TILE = 32 };
    for (int64_t c0 = 0; c0 < cols; c0 += TILE)
        for (int64_t r0 = 0; r0 < n; r0 += TILE)
            for (int64_t c = c0; c < PR_MIN(c0 + TILE, cols); c++)
                for (int64_t r = r0; r < PR_MIN(r0 + TILE, n); r++)
                    memcpy(dst + (size_t)(c * n + r) * size,
                           src + (size_t)(r * cols + c) * size, size);
}

static pare_status turn_put(void *to, const void *p, size_t bytes, pare_err *err) {
    turner *t = to;
    int64_t n = (int64_t)(bytes / ((size_t)t->cols * t->size));
    turn(t->strip, p, n, t->cols, t->size);
    if (n == t->rows) return pr_out_pwrite(t->j->blob.out, t->at, t->strip, bytes, err);
    for (int64_t c = 0; c < t->cols; c++)
        PR_TRY(pr_out_pwrite(t->j->blob.out,
                             t->at + (uint64_t)(c * t->rows + t->row) * t->size,
                             t->strip + (size_t)(c * n) * t->size, (size_t)n * t->size, err));
    t->row += n;
    return PARE_OK;
}

typedef struct {
    onnx_job *j;
    uint64_t at;
} straight;

static pare_status straight_put(void *to, const void *p, size_t n, pare_err *err) {
    straight *s = to;
    PR_TRY(pr_out_pwrite(s->j->blob.out, s->at, p, n, err));
    s->at += n;
    return PARE_OK;
}

static pare_status pour_one(onnx_job *j, pr_stream *s, int i, uint8_t *strip, pare_err *err) {
    const pr_item *it = &j->l.o->items[i];
    const uint64_t *at = j->place[i].at;
    straight *part = pr_arena_get(j->l.o->arena, 3, sizeof *part);
    turner *t = pr_arena_get(j->l.o->arena, 1, sizeof *t);
    bool lossless = true;
    pare_status st;
    if (!part || !t) return pr_fail_nomem(err, sizeof *t);
    if (it->as.group) {
        for (int k = 0; k < 3; k++) part[k] = (straight){j, at[k]};
        void *to[3] = {&part[0], &part[1], &part[2]};
        st = pr_stream_groups(s, it->w, it->as, straight_put, to, &lossless, err);
    } else if (turned(it)) {
        *t = (turner){.j = j,
                      .at = at[0],
                      .rows = (int64_t)it->dim[0],
                      .cols = (int64_t)it->dim[1],
                      .size = (size_t)pr_type_get(it->as.type)->bytes,
                      .strip = strip};
        st = pr_stream_weight(s, it->w, it->as, turn_put, t, &lossless, err);
    } else {
        part[0] = (straight){j, at[0]};
        st = pr_stream_weight(s, it->w, it->as, straight_put, part, &lossless, err);
    }
    pr_report_tensor(j->out, i, lossless);
    return st;
}

static pare_status pour(onnx_job *j, pare_err *err) {
    pr_stream s;
    PR_TRY(pr_stream_open(&s, j->l.m, "convert", j->ctl, err));
    s.hash = j->hash;
    uint8_t *strip = pr_alloc_aligned(s.slab_bytes, PR_CACHE_LINE);
    pare_status st = strip ? pr_ctl_check(j->ctl, err) : pr_fail_nomem(err, s.slab_bytes);
    for (int i = 0; i < j->l.o->n && st == PARE_OK; i++) st = pour_one(j, &s, i, strip, err);
    st = pr_stream_close(&s, st, err);
    pr_free(strip);
    return st;
}

/* cos and sin of every position, in the type of the graph's floats. */
static pare_status pour_tables(onnx_job *j, pare_err *err) {
    const pr_model *m = j->l.m;
    if (j->cos == j->sin) return PARE_OK;
    const pr_rope *r = &m->hp.ropes[0];
    int64_t half = r->dim / 2, rows = reach(m);
    size_t size = (size_t)pr_type_get(j->job->type)->bytes;
    float *v = pr_calloc((size_t)(TABLE_ROWS * 3 + 1) * (size_t)half, sizeof *v);
    if (!v) return pr_fail_nomem(err, (uint64_t)half * sizeof *v);
    float *cos = v + half, *sin = cos + TABLE_ROWS * half, *packed = sin + TABLE_ROWS * half;
    pr_row_encode encode = pr_encode_get(pr_kernels_get(0), j->job->type);
    pare_status st = PARE_OK;
    pr_rope_frequencies(r, 0, v);
    for (int64_t p = 0; p < rows && st == PARE_OK; p += TABLE_ROWS) {
        int64_t n = PR_MIN((int64_t)TABLE_ROWS, rows - p);
        for (int64_t i = 0; i < n; i++)
            pr_rope_rotation(r, v, p + i, cos + i * half, sin + i * half);
        size_t bytes = (size_t)(n * half) * size;
        uint64_t at = (uint64_t)(p * half) * size;
        encode(packed, cos, n * half, NULL);
        st = pr_out_pwrite(j->blob.out, j->cos + at, packed, bytes, err);
        encode(packed, sin, n * half, NULL);
        if (st == PARE_OK)
            st = pr_out_pwrite(j->blob.out, j->sin + at, packed, bytes, err);
    }
    pr_free(v);
    return st;
}

/* ------------------------------------------------------------------ beside the model */

/* genai_config.json: sizes, and which name is what. No sliding window: the graph has it, and told
 * twice the runtime cuts the state under the graph's feet (parity notes of docs/parity.md). */
static pare_status put_genai(const onnx_job *j, const char *dir, pare_err *err) {
    const pr_hp *h = &j->l.m->hp;
    pr_doc_build b = {0};
    pare_doc *root = pr_doc_object(&b), *model = pr_doc_set_object(&b, root, "model"), *done;
    pr_doc_set_str(&b, model, "type", pr_model_hf_type(j->l.m));
    pr_doc_set_i64(&b, model, "vocab_size", h->n_vocab);
    pr_doc_set_i64(&b, model, "context_length", reach(j->l.m));
    pr_ids_put(&b, model, h);
    /* -1: no token. GenAI passes over pads that end a prompt; left out it takes 0, and made up from
     * eos, as others do, an eos there is lost. */
    if (h->pad < 0) pr_doc_set_i64(&b, model, "pad_token_id", -1);
    pare_doc *d = pr_doc_set_object(&b, model, "decoder"),
             *so = pr_doc_set_object(&b, d, "session_options");
    pr_doc_set_str(&b, so, "log_id", "onnxruntime-genai");
    pr_doc_set_array(&b, so, "provider_options");
    pr_doc_set_str(&b, d, "filename", "model.onnx");
    pr_doc_set_i64(&b, d, "head_size", h->layers[0].d_head);
    pr_doc_set_i64(&b, d, "hidden_size", h->d_model);
    pr_doc_set_i64(&b, d, "num_attention_heads", h->layers[0].n_head);
    pr_doc_set_i64(&b, d, "num_hidden_layers", h->n_layer);
    pr_doc_set_i64(&b, d, "num_key_value_heads", h->layers[0].n_kv);
    pare_doc *in = pr_doc_set_object(&b, d, "inputs");
    pr_doc_set_str(&b, in, "input_ids", "input_ids");
    pr_doc_set_str(&b, in, "attention_mask", "attention_mask");
    if (j->l.positions) pr_doc_set_str(&b, in, "position_ids", "position_ids");
    pr_doc_set_str(&b, in, "past_key_names", "past_key_values.%d.key");
    pr_doc_set_str(&b, in, "past_value_names", "past_key_values.%d.value");
    pare_doc *to = pr_doc_set_object(&b, d, "outputs");
    pr_doc_set_str(&b, to, "logits", "logits");
    pr_doc_set_str(&b, to, "present_key_names", "present.%d.key");
    pr_doc_set_str(&b, to, "present_value_names", "present.%d.value");
    pare_doc *s = pr_doc_set_object(&b, root, "search");
    pr_doc_set_bool(&b, s, "do_sample", false);
    pr_doc_set_i64(&b, s, "max_length", reach(j->l.m));
    pr_doc_set_i64(&b, s, "min_length", 0);
    pr_doc_set_i64(&b, s, "num_beams", 1);
    pr_doc_set_bool(&b, s, "past_present_share_buffer", true);
    PR_TRY(pr_doc_done(&b, root, &done, err));
    char *path = pr_path_join(j->l.o->arena, dir, "genai_config.json");
    pare_status st = path ? pare_doc_write(done, 2, path, err) : pr_fail_nomem(err, 256);
    pare_doc_free(done);
    return st;
}

static void put_meta(onnx_job *j) {
    for (int i = 0; i < j->out->n_inexact; i++)
        pr_onnx_meta(j->l.g, "pare.inexact", j->out->inexact[i]);
    if (j->out->lineage) pr_onnx_meta(j->l.g, "pare.lineage", j->out->lineage);
}

static pare_status write_graph(onnx_job *j, const char *dir, pare_err *err) {
    char *path = pr_path_join(j->l.o->arena, dir, "model.onnx");
    if (!path) return pr_fail_nomem(err, 256);
    for (int i = 0; i < j->l.o->n; i++)
        if (j->l.o->items[i].as.group)
            place_groups(j, i);
        else
            place_floats(j, i);
    place_tables(j);
    put_meta(j);
    PR_TRY(pr_lower_graph(&j->l, err));
    pr_onnx *g = j->l.g;
    j->l.g = NULL;
    return pr_onnx_write(g, path, err);
}

static pare_status write_data(onnx_job *j, const char *dir, pare_err *err) {
    char *path = pr_path_join(j->l.o->arena, dir, DATA);
    if (!path) return pr_fail_nomem(err, 256);
    PR_TRY(pr_blob_open(&j->blob, path, err));
    pare_status st = pour(j, err);
    if (st == PARE_OK) st = pour_tables(j, err);
    if (st == PARE_OK) return pr_blob_commit(&j->blob, err);
    pr_blob_discard(&j->blob);
    return st;
}

static const char *dtype_name(pr_type t) {
    return t == PR_BF16 ? "bfloat16" : t == PR_F16 ? "float16" : "float32";
}

static pare_status fill(void *user, const char *dir, pare_err *err) {
    onnx_job *j = user;
    const pr_outline *o = j->l.o;
    if (!j->job->no_tokenizer) PR_TRY(pr_vocab_put(o->m, dir, o->arena, err));
    PR_TRY(pr_config_put(o->m, dir, dtype_name(j->job->type), j->out, o->arena, err));
    PR_TRY(write_graph(j, dir, err));
    if (j->l.way == PR_ONNX_GENAI) PR_TRY(put_genai(j, dir, err));
    PR_TRY(write_data(j, dir, err));
    uint64_t graph = 0, data = 0;
    PR_TRY(pr_dir_bytes(dir, ".onnx", o->arena, &graph, err));
    PR_TRY(pr_dir_bytes(dir, ".onnx.data", o->arena, &data, err));
    j->out->bytes = graph + data;
    return PARE_OK;
}

/* ------------------------------------------------------------------ the job */

static pare_status specs(onnx_job *j, pr_outline *o, pare_err *err) {
    const pr_pack_job *job = j->job;
    bool genai = j->l.way == PR_ONNX_GENAI;
    pr_group_spec *g;
    PR_NEW(g, o->arena, 2, err);
    if (job->bits && job->bits != 4 && job->bits != 8)
        return pr_fail(err, PARE_EREFUSED, -1, "int%d: ONNX's runtimes take int4 and int8",
                       job->bits);
    g[0] = (pr_group_spec){.bits = job->bits,
                           .group = job->group ? job->group : GROUP,
                           .rule = job->symmetric || !genai ? PR_GROUP_SYM : PR_GROUP_ASYM,
                           .scale = job->type,
                           .pad = genai,
                           .twos = !genai}; /* uint4 zeros would cross the rows */
    g[1] = g[0];
    g[1].pad = false; /* GatherBlockQuantized gives a row with its filling */
    g[1].bits = job->head_bits ? job->head_bits : 8; /* the ends lose most, and are few */
    if (job->bits && (g->group < 16 || (g->group & (g->group - 1)) != 0))
        return pr_fail(err, PARE_EREFUSED, -1,
                       "group size %lld: MatMulNBits takes powers of two from 16 on",
                       (long long)g->group);
    const pr_group_spec *ends = genai && job->bits ? &g[1] : NULL; /* Gather has no standard word */
    PR_TRY(pr_outline_group(o, job->bits ? &g[0] : NULL, ends, GROUP_LEAST, job->type,
                            job->strict, err));
    return pr_acts_choose(o, job, err);
}

static pare_status way_of(const pr_pack_job *job, pr_onnx_way *out, pare_err *err) {
    bool standard = job->dialect && strcmp(job->dialect, "standard") == 0;
    *out = standard ? PR_ONNX_STANDARD : PR_ONNX_GENAI;
    if (!job->dialect || standard || strcmp(job->dialect, "genai") == 0) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1, "ONNX dialect '%s': expected genai or standard",
                   job->dialect);
}

pare_status pr_convert_onnx(const pr_model *m, const pr_pack_job *job, const pare_ctl *ctl,
                            pr_arena *a, pr_written *out, pare_err *err) {
    pr_outline o = {.m = m};
    onnx_job j = {.l = {.m = m, .o = &o, .job = job, .t = onnx_type(job->type)},
                  .job = job,
                  .ctl = ctl,
                  .out = out};
    *out = (pr_written){.lineage = job->lineage};
    PR_TRY(way_of(job, &j.l.way, err));
    pare_status st = pr_outline_init(&o, m, PR_DIALECT_PLAIN, a, NULL, err);
    o.target = "ONNX";
    if (st == PARE_OK) limits(m, j.l.way, &o.why);
    if (st == PARE_OK) st = pr_outline_judge(&o, job->allow_inexact, ctl, out, err);
    if (st == PARE_OK) st = specs(&j, &o, err);
    if (st == PARE_OK) st = pr_report_begin(&o, out, err);
    if (st == PARE_OK && !(j.place = pr_arena_get(a, (size_t)o.n + 1, sizeof *j.place)))
        st = pr_fail_nomem(err, (uint64_t)o.n * sizeof *j.place);
    if (st == PARE_OK) st = pr_onnx_new(&j.l.g, err);
    if (st == PARE_OK && !(j.hash = pr_sha256_new())) st = pr_fail_nomem(err, 256);
    if (st == PARE_OK) st = pr_dir_target(job->dir, fill, &j, err);
    if (j.hash) out->sha256 = pr_sha256_end(j.hash);
    pr_onnx_free(j.l.g);
    pr_outline_done(&o);
    return st;
}
