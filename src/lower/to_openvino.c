/* to_openvino.c - a model into a directory that OpenVINO and its GenAI take: the graph as IR 11
 * with states, weights in the patterns that the plug-ins multiply by as they are.
 * Facts: openvino 2026.4, openvino-genai 2026.4, NNCF 3.4's spellings of compressed weights. */
#include "ov_lower.h"
#include "lower.h"

enum { GROUP = 128, GROUP_LEAST = 32, XML_MAX = 64 << 20, ALIGN = 64 };

typedef struct {
    uint64_t at[3]; /* codes, scales, zero points; or all in the first */
} places;

typedef struct {
    const pr_outline *o;
    const pr_pack_job *job;
    const pare_ctl *ctl;
    pr_written *out;
    pr_blob blob;
    pr_ov g;
    places *places; /* of each item */
    pr_sha256_ctx *hash;
} ov_job;

/* ------------------------------------------------------------------ limits */

static void limits(const pr_model *m, pr_buf *why) {
    for (int i = 0; i < m->hp.n_ropes; i++)
        if (m->hp.ropes[i].kind == PR_ROPE_DYNAMIC)
            pr_buf_puts(why, "rope type dynamic: OpenVINO's rotation has the same frequencies "
                             "for every length\n");
}

/* ------------------------------------------------------------------ constants */

static pr_ov_type float_type(pr_type t) {
    return t == PR_F16 ? PR_OV_F16 : t == PR_BF16 ? PR_OV_BF16 : PR_OV_F32;
}

/* Marks what follows a constant, so that plug-ins keep it small. */
static pr_ov_val unpack(ov_job *j, pr_ov_val x) {
    pr_ov_val y = pr_ov_convert(&j->g, x, PR_OV_F32);
    if (y != x && !j->g.failed) j->g.layers[y].decompression = true;
    return y;
}

static pr_ov_val plain(ov_job *j, const pr_item *it, places *p) {
    pr_ov_shape s = it->n_dims == 2 ? PR_OV_S((int64_t)it->dim[0], (int64_t)it->dim[1])
                                    : PR_OV_S(1, 1, (int64_t)it->dim[0]);
    uint64_t values = it->dim[0] * (it->n_dims == 2 ? it->dim[1] : 1);
    uint64_t each = it->as.type == PR_F32 ? 4 : 2;
    return unpack(j, pr_ov_weight(&j->g, it->name, float_type(it->as.type), s, values * each,
                                  &p->at[0]));
}

static pr_ov_val between(ov_job *j, const char *type, pr_ov_val a, pr_ov_val b) {
    pr_ov_val v = pr_ov_op(&j->g, type, "opset1", PR_OV_F16, pr_ov_shape_of(&j->g, a), 2,
                           (pr_ov_val[]){a, b});
    pr_ov_attr(&j->g, v, "auto_broadcast", "numpy");
    return v;
}

static pr_ov_val to_matrix(ov_job *j, pr_ov_val x, int64_t rows, int64_t cols) {
    pr_ov_val to = pr_ov_i64(&j->g, 2, (int64_t[]){rows, cols});
    x = pr_ov_op(&j->g, "Reshape", "opset1", PR_OV_F16, PR_OV_S(rows, cols), 2,
                 (pr_ov_val[]){x, to});
    pr_ov_attr(&j->g, x, "special_zero", "false");
    return x;
}

/* (codes - zeros) · scales, as matrix. Groups have a dimension of their own; whole rows need
 * none. */
static pr_ov_val grouped(ov_job *j, const pr_item *it, places *p) {
    const pr_group_spec *s = it->as.group;
    pr_ov *g = &j->g;
    pr_group_row r;
    int64_t rows = (int64_t)it->dim[0], cols = (int64_t)it->dim[1];
    pr_group_row_of(s, cols, &r);
    bool split = r.groups > 1, asym = s->rule == PR_GROUP_ASYM;
    pr_ov_type t = s->rule == PR_GROUP_NF4 ? PR_OV_NF4
                   : s->bits == 4 ? (asym ? PR_OV_U4 : PR_OV_I4) : asym ? PR_OV_U8 : PR_OV_I8;
    pr_ov_shape whole = split ? PR_OV_S(rows, r.groups, cols / r.groups) : PR_OV_S(rows, cols);
    pr_ov_shape each = split ? PR_OV_S(rows, r.groups, 1) : PR_OV_S(rows, 1);
    uint64_t n = (uint64_t)rows * (uint64_t)r.groups;
    const char *scale = pr_arena_printf(g->arena, "%s/scale", it->name),
               *zero = pr_arena_printf(g->arena, "%s/zero_point", it->name);
    if (!scale || !zero) return g->failed = true, 0;
    pr_ov_val x = pr_ov_weight(g, it->name, t, whole, (uint64_t)rows * r.codes, &p->at[0]);
    x = pr_ov_convert(g, x, PR_OV_F16);
    pr_ov_val by = pr_ov_weight(g, scale, PR_OV_F16, each, n * 2, &p->at[1]);
    if (asym) {
        uint64_t bytes = s->bits == 4 ? (n + 1) / 2 : n;
        pr_ov_val z = pr_ov_weight(g, zero, t, each, bytes, &p->at[2]);
        x = between(j, "Subtract", x, pr_ov_convert(g, z, PR_OV_F16));
    }
    x = between(j, "Multiply", x, by);
    if (split) x = to_matrix(j, x, rows, cols);
    return pr_ov_convert(g, x, PR_OV_F32);
}

/* codes · scales in float32, not marked: beside an input of 256 levels the CPU's plug-in makes a
 * product of whole numbers of it. */
static pr_ov_val bytes_a_row(ov_job *j, const pr_item *it, places *p) {
    pr_ov *g = &j->g;
    int64_t rows = (int64_t)it->dim[0], cols = (int64_t)it->dim[1];
    const char *scale = pr_arena_printf(g->arena, "%s/scale", it->name);
    if (!scale) return g->failed = true, 0;
    pr_ov_val x = pr_ov_weight(g, it->name, PR_OV_I8, PR_OV_S(rows, cols), (uint64_t)(rows * cols),
                               &p->at[0]);
    x = pr_ov_convert(g, x, PR_OV_F32);
    pr_ov_val by = pr_ov_weight(g, scale, PR_OV_F32, PR_OV_S(rows, 1), (uint64_t)rows * 4,
                                &p->at[1]);
    x = pr_ov_op(g, "Multiply", "opset1", PR_OV_F32, PR_OV_S(rows, cols), 2, (pr_ov_val[]){x, by});
    pr_ov_attr(g, x, "auto_broadcast", "numpy");
    return x;
}

/* Every tensor's place, in the order in which they will be read; then the graph. */
static pare_status build(ov_job *j, pare_err *err) {
    const pr_outline *o = j->o;
    pr_ov_val *weights;
    const pr_act **acts;
    PR_NEW(weights, o->arena, o->m->n_weights + 1, err);
    PR_NEW(acts, o->arena, o->m->n_weights + 1, err);
    PR_NEW(j->places, o->arena, o->n + 1, err);
    pr_ov_init(&j->g, o->arena, ALIGN);
    for (int i = 0; i < o->n; i++) {
        const pr_item *it = &o->items[i];
        int w = (int)(it->w - o->m->weights);
        acts[w] = pr_act_of(j->job, o, it);
        weights[w] = acts[w]        ? bytes_a_row(j, it, &j->places[i])
                     : it->as.group ? grouped(j, it, &j->places[i])
                                    : plain(j, it, &j->places[i]);
    }
    PR_TRY(pr_ov_lower(&j->g, o->m, weights, acts, err));
    j->blob.bytes = j->g.bytes;
    return PARE_OK;
}

/* ------------------------------------------------------------------ bytes */

typedef struct {
    ov_job *j;
    pr_place place;
    uint64_t nibbles; /* bytes of 0 … 15 still to come that become halves, two a byte over the
                         whole tensor */
    bool has_half;
    uint8_t half;
} ov_sink;

static pare_status to_place(void *to, const void *p, size_t n, pare_err *err) {
    ov_sink *s = to;
    const uint8_t *in = p;
    uint8_t pair[512];
    size_t k = 0;
    if (!s->nibbles) return pr_place_put(&s->place, p, n, err);
    s->nibbles -= n;
    for (size_t i = 0; i < n; i++) {
        if (s->has_half) pair[k++] = (uint8_t)(s->half | in[i] << 4);
        s->has_half = !s->has_half;
        s->half = in[i] & 15;
        if (k == sizeof pair) {
            PR_TRY(pr_place_put(&s->place, pair, k, err));
            k = 0;
        }
    }
    if (s->has_half && s->nibbles == 0) pair[k++] = s->half; /* ends with half a byte of zeros */
    return k ? pr_place_put(&s->place, pair, k, err) : PARE_OK;
}

static pare_status pour_one(ov_job *j, pr_stream *s, int i, pare_err *err) {
    const pr_item *it = &j->o->items[i];
    const pr_group_spec *g = it->as.group;
    pr_spelling as = it->as;
    ov_sink *k = pr_arena_get(j->o->arena, 3, sizeof *k);
    bool lossless = true;
    if (!k) return pr_fail_nomem(err, 3 * sizeof *k);
    void *to[3] = {&k[0], &k[1], &k[2]};
    for (int p = 0; p < 3; p++)
        k[p] = (ov_sink){.j = j, .place = {&j->blob, j->places[i].at[p]}};
    if (!g) {
        PR_TRY(pr_stream_weight(s, it->w, as, to_place, &k[0], &lossless, err));
    } else {
        pr_group_spec wide = *g;
        pr_group_row r;
        pr_group_row_of(g, (int64_t)it->dim[1], &r);
        /* Where a row ends within a byte: one each, until they are packed across rows. */
        wide.wide_zeros = g->bits != 4 || r.groups % 2;
        if (g->bits == 4 && wide.wide_zeros) k[2].nibbles = it->dim[0] * (uint64_t)r.groups;
        as.group = &wide;
        PR_TRY(pr_stream_groups(s, it->w, as, to_place, to, &lossless, err));
    }
    pr_report_tensor(j->out, i, lossless);
    return PARE_OK;
}

static pare_status pour(ov_job *j, pare_err *err) {
    pr_stream s;
    PR_TRY(pr_stream_open(&s, j->o->m, "convert", j->ctl, err));
    for (int i = 0; i < j->o->n; i++)
        pr_sha256_add(j->hash, j->o->items[i].name, strlen(j->o->items[i].name) + 1);
    s.hash = j->hash;
    pare_status st = pr_ctl_check(j->ctl, err);
    for (int i = 0; i < j->o->n && st == PARE_OK; i++) st = pour_one(j, &s, i, err);
    return pr_stream_close(&s, st, err);
}

static pare_status put_constants(ov_job *j, pare_err *err) {
    for (int i = 0; i < j->g.n; i++) {
        const pr_ov_layer *l = &j->g.layers[i];
        pr_place p = {&j->blob, l->at};
        if (l->data) PR_TRY(pr_place_put(&p, l->data, l->bytes, err));
    }
    return PARE_OK;
}

static pare_status write_bin(ov_job *j, const char *path, pare_err *err) {
    pare_status st;
    PR_TRY(pr_blob_open(&j->blob, path, err));
    PR_GO(pour(j, err));
    PR_GO(put_constants(j, err));
    return pr_blob_commit(&j->blob, err);
done:
    pr_blob_discard(&j->blob);
    return st;
}

/* What optimum-intel states for unquantized models, so that a default run keeps as much of the
 * state here as there. */
static pare_status write_xml(ov_job *j, const char *path, pare_err *err) {
    static const char *const options[][2] = {{"ACTIVATIONS_SCALE_FACTOR", "8.0"},
                                             {"KV_CACHE_PRECISION", "f16"}};
    pr_buf text;
    pr_buf_init(&text, XML_MAX);
    pr_ov_put(&j->g, options, j->job->bits ? 0 : (int)PR_COUNT(options), &text);
    pare_status st = text.failed ? pr_fail_nomem(err, text.max)
                                 : pr_file_write(path, text.p, text.n, err);
    pr_buf_done(&text);
    return st;
}

/* ------------------------------------------------------------------ the directory */

static const char *dtype_name(pr_type t) {
    return t == PR_BF16 ? "bfloat16" : t == PR_F16 ? "float16" : "float32";
}

/* The files of the vocabulary, and where it can be said the models that text goes through. */
static pare_status put_tokenizer(ov_job *j, const char *dir, pare_err *err) {
    pare_err no = {0};
    PR_TRY(pr_vocab_put(j->o->m, dir, j->o->arena, err));
    pare_status st = PARE_EREFUSED;
    if (!j->o->m->tok) pr_fail(&no, st, -1, "the source has no tokenizer that pare reads");
    else st = pr_ov_tokenizer(j->o->m, dir, j->o->arena, &no);
    if (st != PARE_EREFUSED) {
        if (st != PARE_OK) *err = no;
        return st;
    }
    const char *line = pr_arena_printf(j->o->arena, "no openvino_tokenizer.xml: %s%s", no.msg,
                                       j->o->m->tok ? "; convert_tokenizer of openvino_tokenizers "
                                                      "may make one"
                                                    : "");
    if (!line) return pr_fail_nomem(err, sizeof no.msg);
    return pr_report_warn(j->out, j->o->arena, j->ctl, line, err);
}

static pare_status fill(void *user, const char *dir, pare_err *err) {
    ov_job *j = user;
    const pr_outline *o = j->o;
    char *bin = pr_path_join(o->arena, dir, "openvino_model.bin"),
         *xml = pr_path_join(o->arena, dir, "openvino_model.xml");
    if (!bin || !xml) return pr_fail_nomem(err, 4096);
    if (!j->job->no_tokenizer) PR_TRY(put_tokenizer(j, dir, err));
    PR_TRY(pr_config_put(o->m, dir, dtype_name(j->job->type), j->out, o->arena, err));
    PR_TRY(write_bin(j, bin, err));
    PR_TRY(write_xml(j, xml, err));
    j->out->bytes = j->blob.bytes;
    return PARE_OK;
}

static pr_group_spec spec_of(const pr_pack_job *job, int bits, int64_t group) {
    return (pr_group_spec){.bits = bits,
                           .group = group,
                           .rule = job->symmetric ? PR_GROUP_SYM : PR_GROUP_ASYM,
                           .scale = PR_F16,
                           .twos = job->symmetric};
}

/* Four bits whose groups do not fill a row become eight bits a row, as NNCF's backup mode has
 * it. */
static void fall_back(pr_outline *o, const pr_group_spec *eight) {
    for (int i = 0; i < o->n; i++) {
        pr_item *it = &o->items[i];
        if (it->asked && !it->as.group) it->as.group = eight;
    }
}

static pare_status specs(const pr_pack_job *job, pr_outline *o, pare_err *err) {
    int head = job->head_bits ? job->head_bits : 8;
    int64_t usual = job->group ? job->group : job->bits == 4 ? GROUP : 0;
    pr_group_spec *g;
    if (job->bits && ((job->bits != 4 && job->bits != 8) || (head != 4 && head != 8)))
        return pr_fail(err, PARE_EREFUSED, -1,
                       "int%d: OpenVINO multiplies by weights of 4 and 8 bits",
                       job->bits != 4 && job->bits != 8 ? job->bits : head);
    if (job->bits && job->group && job->group < 16)
        return pr_fail(err, PARE_EREFUSED, -1, "group size %lld: expected 16 or more",
                       (long long)job->group);
    PR_NEW(g, o->arena, 3, err);
    g[0] = spec_of(job, job->bits, usual);
    if (job->nf4) g[0].rule = PR_GROUP_NF4, g[0].twos = false;
    g[1] = spec_of(job, head, head == 4 ? (job->group ? job->group : GROUP) : 0);
    g[2] = spec_of(job, 8, 0);
    PR_TRY(pr_outline_group(o, job->bits ? &g[0] : NULL, job->bits ? &g[1] : NULL,
                            usual && usual < GROUP_LEAST ? usual : GROUP_LEAST, job->type,
                            job->strict, err));
    if (job->bits) fall_back(o, &g[2]);
    return pr_acts_choose(o, job, err);
}

pare_status pr_convert_openvino(const pr_model *m, const pr_pack_job *job, const pare_ctl *ctl,
                                pr_arena *a, pr_written *out, pare_err *err) {
    pr_outline o = {.m = m};
    ov_job j = {.o = &o, .job = job, .ctl = ctl, .out = out, .blob = {.align = ALIGN}};
    *out = (pr_written){.lineage = job->lineage};
    pare_status st = pr_outline_init(&o, m, PR_DIALECT_PLAIN, a, NULL, err);
    o.target = "OpenVINO";
    if (st == PARE_OK) limits(m, &o.why);
    if (st == PARE_OK) st = pr_outline_judge(&o, job->allow_inexact, ctl, out, err);
    if (st == PARE_OK) st = specs(job, &o, err);
    if (st == PARE_OK) st = pr_report_begin(&o, out, err);
    if (st == PARE_OK) st = build(&j, err);
    if (st == PARE_OK && !(j.hash = pr_sha256_new())) st = pr_fail_nomem(err, 256);
    if (st == PARE_OK) st = pr_dir_target(job->dir, fill, &j, err);
    if (j.hash) out->sha256 = pr_sha256_end(j.hash);
    pr_outline_done(&o);
    return st;
}
