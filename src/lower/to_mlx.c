/* to_mlx.c - a model into a directory that mlx_lm.load takes: safetensors with codes, scales and
 * biases, and a config.json that says in the words mlx-lm reads what others leave to defaults.
 * Facts: mlx 0.32.4, mlx-lm 0.32.2 (models/llama.py, qwen2.py, qwen3.py, rope_utils.py). */
#include "lower.h"

enum { GROUP = 64, GROUP_LEAST = 32, SHARD_GB = 5 };

typedef struct {
    const pr_outline *o;
    const pr_pack_job *job;
    const pare_ctl *ctl;
    pr_written *out;
    pr_st_writer *w;
    pr_sha256_ctx *hash;
} mlx_job;

/* ------------------------------------------------------------------ what mlx-lm computes */

/* A class of mlx-lm: what its layers have. */
typedef struct {
    const char *model_type;
    bool windows;   /* reads layer_types and sliding_window; one layer at least must see all */
    bool free_head; /* head_dim need not be d_model / heads */
    unsigned with;  /* parts of a layer that it always has */
    unsigned may;   /* parts that the configuration switches: all of them or none */
} mlx_class;

static const mlx_class classes[] = {
    {"llama", true, true, 0, PR_HAS_QKV_BIAS | PR_HAS_O_BIAS | PR_HAS_FFN_BIAS},
    {"mistral", true, true, 0, 0},
    {"qwen2", false, false, PR_HAS_QKV_BIAS, 0},
    {"qwen3", false, true, PR_HAS_QK_NORM, 0},
};

static bool parts_fit(const mlx_class *c, unsigned has) {
    unsigned attn = PR_HAS_QKV_BIAS | PR_HAS_O_BIAS, extra = has & ~c->with;
    bool half = (extra & attn) != 0 && (extra & attn) != attn;
    return (has & c->with) == c->with && (extra & ~c->may) == 0 && !half;
}

static bool has_window(const pr_model *m, int layer) {
    int64_t left = m->hp.layers[layer].left;
    return left >= 0 && left + 1 < m->hp.n_ctx;
}

/* Windows: all of one size, and not on every layer. */
static void limit_windows(const pr_model *m, const mlx_class *c, pr_buf *why) {
    int64_t left = -1;
    int n = 0;
    for (int i = 0; i < m->hp.n_layer; i++) {
        if (!has_window(m, i)) continue;
        if (n++ && m->hp.layers[i].left != left) {
            pr_buf_puts(why, "windows of several sizes: mlx-lm has one\n");
            return;
        }
        left = m->hp.layers[i].left;
    }
    if (n && !c->windows)
        pr_buf_printf(why, "sliding window of %lld: mlx-lm's %s attends to everything\n",
                      (long long)left + 1, c->model_type);
    else if (n == m->hp.n_layer)
        pr_buf_printf(why,
                      "sliding window of %lld on every layer: mlx-lm's llama fails to load "
                      "without one that sees everything\n",
                      (long long)left + 1);
}

static void limit_rope(const pr_model *m, pr_buf *why) {
    const pr_rope *r = &m->hp.ropes[0];
    pr_rope as_hf;
    const char *no = pr_rope_for_hf(m, &as_hf);
    if (no)
        pr_buf_printf(why, "%s\n", no);
    else if (r->kind == PR_ROPE_YARN && !r->truncate)
        pr_buf_puts(why, "yarn with truncate false: mlx-lm rounds the ramp's ends\n");
    else if (r->kind == PR_ROPE_YARN && r->factor <= 1 && r->magnitude != 1)
        pr_buf_puts(why, "yarn of factor 1 with a magnitude: mlx-lm does not scale\n");
}

static const mlx_class *limits(const pr_model *m, pr_buf *why) {
    const pr_layer *l = &m->hp.layers[0];
    const mlx_class *c = NULL;
    for (size_t i = 0; i < PR_COUNT(classes); i++)
        if (strcmp(classes[i].model_type, pr_model_hf_type(m)) == 0) c = &classes[i];
    if (!c) {
        pr_buf_printf(why, "mlx-lm's '%s' was not looked into\n", pr_model_hf_type(m));
        return NULL;
    }
    if (!parts_fit(c, l->has))
        pr_buf_printf(why, "mlx-lm's %s has other biases or norms than this model\n",
                      c->model_type);
    if (!c->free_head && l->d_head * l->n_head != m->hp.d_model)
        pr_buf_printf(why, "heads of %d: mlx-lm's %s takes width / heads\n", l->d_head,
                      c->model_type);
    limit_windows(m, c, why);
    limit_rope(m, why);
    return c;
}

/* ------------------------------------------------------------------ config.json */

static void put_windows(pr_doc_build *b, pare_doc *root, const pr_model *m) {
    int64_t left = -1;
    for (int i = 0; i < m->hp.n_layer; i++)
        if (has_window(m, i)) left = m->hp.layers[i].left;
    if (left < 0) {
        pr_doc_set_null(b, root, "sliding_window");
        return;
    }
    pr_doc_set_i64(b, root, "sliding_window", left + 1);
    pare_doc *types = pr_doc_set_array(b, root, "layer_types");
    for (int i = 0; i < m->hp.n_layer; i++)
        pr_doc_add_str(b, types, has_window(m, i) ? "sliding_attention" : "full_attention");
}

/* mlx-lm scales yarn by 0.1 · mscale · ln(factor) + 1 and knows no attention_factor. */
static void put_mscale(pr_doc_build *b, pare_doc *root, const pr_rope *r) {
    if (r->kind != PR_ROPE_YARN || r->factor <= 1) return;
    pare_doc *s = pr_doc_set_object(b, root, "rope_scaling");
    pr_rope_put(b, s, r);
    pr_doc_set_f64(b, s, "mscale", (r->magnitude - 1) / (0.1 * pr_log(r->factor)));
    pr_doc_set_f64(b, s, "mscale_all_dim", 0);
}

static void put_group(pr_doc_build *b, pare_doc *o, const pr_group_spec *g) {
    pr_doc_set_i64(b, o, "group_size", g->group);
    pr_doc_set_i64(b, o, "bits", g->bits);
    pr_doc_set_str(b, o, "mode", g->rule == PR_GROUP_FP4 ? "mxfp4" : "affine");
}

/* The usual groups, and by path the layers that have others. */
static void put_quantization(pr_doc_build *b, pare_doc *root, const char *key,
                             const pr_outline *o, const pr_group_spec *usual) {
    pare_doc *q = pr_doc_set_object(b, root, key);
    put_group(b, q, usual);
    for (int i = 0; i < o->n; i++) {
        const pr_item *it = &o->items[i];
        const pr_group_spec *g = it->as.group;
        size_t n = strlen(it->name), tail = strlen(".weight");
        if (!g || pr_group_same(g, usual) || n <= tail) continue;
        char *path = pr_arena_str(o->arena, it->name, n - tail);
        if (path) put_group(b, pr_doc_set_object(b, q, path), g);
    }
}

typedef struct {
    const pr_outline *o;
    const pr_group_spec *usual; /* NULL: floats */
} config_words;

/* Whatever mlx-lm would else take from its own defaults, which are not transformers'. */
static void config_more(void *user, pr_doc_build *b, pare_doc *root) {
    const config_words *c = user;
    const pr_model *m = c->o->m;
    const pr_layer *l = &m->hp.layers[0];
    pr_doc_set_str(b, root, "model_type", pr_model_hf_type(m));
    pr_doc_set_i64(b, root, "hidden_size", m->hp.d_model);
    pr_doc_set_i64(b, root, "intermediate_size", l->d_ff);
    pr_doc_set_i64(b, root, "num_hidden_layers", m->hp.n_layer);
    pr_doc_set_i64(b, root, "num_attention_heads", l->n_head);
    pr_doc_set_i64(b, root, "num_key_value_heads", l->n_kv);
    pr_doc_set_i64(b, root, "head_dim", l->d_head);
    pr_doc_set_i64(b, root, "vocab_size", m->hp.n_vocab);
    pr_doc_set_i64(b, root, "max_position_embeddings", m->hp.n_ctx);
    if (!pare_doc_get(root, "rms_norm_eps"))
        pr_doc_set_f64(b, root, "rms_norm_eps", (double)m->hp.rms_eps);
    pr_doc_set_bool(b, root, "tie_word_embeddings", m->hp.tied);
    pr_doc_set_bool(b, root, "attention_bias", (l->has & PR_HAS_O_BIAS) != 0);
    pr_doc_set_bool(b, root, "mlp_bias", (l->has & PR_HAS_FFN_BIAS) != 0);
    put_windows(b, root, m);
    put_mscale(b, root, &m->hp.ropes[0]);
    if (!c->usual) return;
    put_quantization(b, root, "quantization", c->o, c->usual);
    put_quantization(b, root, "quantization_config", c->o, c->usual);
}

/* ------------------------------------------------------------------ weights */

typedef struct {
    mlx_job *j;
    size_t i;
} st_place;

static pare_status to_tensor(void *to, const void *p, size_t n, pare_err *err) {
    const st_place *s = to;
    return pr_st_data(s->j->w, s->i, p, n, err);
}

static pare_status declare_one(mlx_job *j, const char *name, pr_type t, int n_dims,
                               uint64_t rows, uint64_t cols, pare_err *err) {
    const char *type = pr_type_get(t)->name;
    pr_sha256_add(j->hash, name, strlen(name) + 1);
    pr_sha256_add(j->hash, type, strlen(type) + 1);
    return pr_st_add_tensor(j->w, name, t, n_dims, (uint64_t[]){rows, cols}, err);
}

/* x.weight in words of 32 bits, x.scales and, in mode affine, x.biases. */
static pare_status declare(mlx_job *j, const pr_item *it, pare_err *err) {
    const pr_group_spec *g = it->as.group;
    pr_group_row r;
    if (!g)
        return declare_one(j, it->name, it->as.type, it->n_dims, it->dim[0], it->dim[1], err);
    pr_group_row_of(g, (int64_t)it->dim[1], &r);
    int stem = (int)(strlen(it->name) - strlen(".weight"));
    char *scales = pr_arena_printf(j->o->arena, "%.*s.scales", stem, it->name),
         *biases = pr_arena_printf(j->o->arena, "%.*s.biases", stem, it->name);
    if (!scales || !biases) return pr_fail_nomem(err, 256);
    PR_TRY(declare_one(j, it->name, PR_U32, 2, it->dim[0], r.codes / 4, err));
    pr_type scale = g->rule == PR_GROUP_FP4 ? PR_U8 : g->scale;
    PR_TRY(declare_one(j, scales, scale, 2, it->dim[0], (uint64_t)r.groups, err));
    if (!r.offsets) return PARE_OK;
    return declare_one(j, biases, g->scale, 2, it->dim[0], (uint64_t)r.groups, err);
}

static pare_status pour(mlx_job *j, pare_err *err) {
    pr_stream s;
    size_t at = 0;
    st_place *p = pr_arena_get(j->o->arena, 3 * (size_t)j->o->n, sizeof *p);
    if (!p) return pr_fail_nomem(err, 3 * (uint64_t)j->o->n * sizeof *p);
    PR_TRY(pr_stream_open(&s, j->o->m, "convert", j->ctl, err));
    s.hash = j->hash;
    pare_status st = pr_ctl_check(j->ctl, err);
    for (int i = 0; i < j->o->n && st == PARE_OK; i++, p += 3) {
        const pr_item *it = &j->o->items[i];
        for (size_t k = 0; k < 3; k++) p[k] = (st_place){j, at + k};
        void *to[3] = {&p[0], &p[1], &p[2]};
        bool lossless = true;
        st = it->as.group
                 ? pr_stream_groups(&s, it->w, it->as, to_tensor, to, &lossless, err)
                 : pr_stream_weight(&s, it->w, it->as, to_tensor, &p[0], &lossless, err);
        pr_report_tensor(j->out, i, lossless);
        at += !it->as.group ? 1 : it->as.group->rule == PR_GROUP_FP4 ? 2 : 3;
    }
    return pr_stream_close(&s, st, err);
}

static pare_status write_weights(mlx_job *j, const char *dir, pare_err *err) {
    pare_status st;
    PR_TRY(pr_st_writer_new_dir(&j->w, dir, (uint64_t)SHARD_GB << 30, err));
    PR_GO(pr_st_add_meta(j->w, "format", "mlx", err));
    for (int i = 0; i < j->o->n; i++) PR_GO(declare(j, &j->o->items[i], err));
    PR_GO(pour(j, err));
    return pr_st_writer_commit(j->w, err);
done:
    pr_st_writer_discard(j->w);
    return st;
}

/* ------------------------------------------------------------------ the directory */

static const char *dtype_name(pr_type t) {
    return t == PR_BF16 ? "bfloat16" : t == PR_F16 ? "float16" : "float32";
}

static pare_status fill(void *user, const char *dir, pare_err *err) {
    mlx_job *j = user;
    const pr_outline *o = j->o;
    config_words words = {.o = o};
    for (int i = o->n - 1; i >= 0; i--)
        if (o->items[i].asked) words.usual = o->items[i].asked;
    for (int i = 0; i < o->n; i++) /* the layers' own rather than the embedding's */
        if (o->items[i].asked && o->items[i].w->id.layer >= 0) words.usual = o->items[i].asked;
    if (!j->job->no_tokenizer) PR_TRY(pr_vocab_put(o->m, dir, o->arena, err));
    PR_TRY(pr_config_put_with(o->m, dir, dtype_name(j->job->type), j->out, o->arena,
                              config_more, &words, err));
    PR_TRY(write_weights(j, dir, err));
    return pr_dir_bytes(dir, ".safetensors", o->arena, &j->out->bytes, err);
}

static pare_status specs(const pr_pack_job *job, pr_outline *o, pare_err *err) {
    pr_group_spec *g;
    PR_NEW(g, o->arena, 2, err);
    g[0] = (pr_group_spec){.bits = job->bits,
                           .group = job->group ? job->group : GROUP,
                           .rule = PR_GROUP_MLX,
                           .scale = job->type};
    g[1] = g[0];
    if (job->fp4) {
        g[0].rule = PR_GROUP_FP4;
        g[0].group = job->group ? job->group : GROUP_LEAST;
        if (g->group != GROUP_LEAST)
            return pr_fail(err, PARE_EREFUSED, -1, "group size %lld: mxfp4 has 32",
                           (long long)g->group);
        if (!job->head_bits) g[1] = g[0];
    }
    if (job->head_bits) g[1].bits = job->head_bits;
    if (job->bits && g->group != 32 && g->group != 64 && g->group != 128)
        return pr_fail(err, PARE_EREFUSED, -1, "group size %lld: mlx has 32, 64 and 128",
                       (long long)g->group);
    if (job->bits && job->symmetric && !job->fp4)
        return pr_fail(err, PARE_EREFUSED, -1, "mlx's groups always have a bias");
    PR_TRY(pr_outline_group(o, job->bits ? &g[0] : NULL, job->bits ? &g[1] : NULL, GROUP_LEAST,
                            job->type, job->strict, err));
    for (int i = 0; i < o->n && job->keep && !job->bits; i++) {
        const pr_group_spec *own = o->items[i].w->group;
        if (own && own->rule != PR_GROUP_MLX && own->rule != PR_GROUP_FP4)
            own = NULL; /* another format's: floats */
        o->items[i].asked = o->items[i].as.group = own;
    }
    return PARE_OK;
}

pare_status pr_convert_mlx(const pr_model *m, const pr_pack_job *job, const pare_ctl *ctl,
                           pr_arena *a, pr_written *out, pare_err *err) {
    pr_outline o = {.m = m};
    mlx_job j = {.o = &o, .job = job, .ctl = ctl, .out = out};
    *out = (pr_written){.lineage = job->lineage};
    pare_status st = pr_outline_init(&o, m, PR_DIALECT_MLX, a, NULL, err);
    if (st == PARE_OK) limits(m, &o.why);
    if (st == PARE_OK) st = pr_outline_judge(&o, job->allow_inexact, ctl, out, err);
    if (st == PARE_OK) st = specs(job, &o, err);
    if (st == PARE_OK) st = pr_report_begin(&o, out, err);
    if (st == PARE_OK && !(j.hash = pr_sha256_new())) st = pr_fail_nomem(err, 256);
    if (st == PARE_OK) st = pr_dir_target(job->dir, fill, &j, err);
    if (j.hash) out->sha256 = pr_sha256_end(j.hash);
    pr_outline_done(&o);
    return st;
}
