/* config.c - what config.json or a GGUF's keys say, into the records. Names, defaults and
 * their order of precedence: transformers 5.23 (configuration_utils, modeling_rope_utils)
 * and libllama of October 2026. A value that would change the function and that pare
 * does not know is an error that names it. */
#include "arch.h"
#include <math.h>
#include <stdio.h>

static const char *gguf_key(const pr_cfg *c, const char *key, char *dst, size_t cap) {
    snprintf(dst, cap, "%s.%s", c->prefix, key);
    return dst;
}

pare_status cfg_i64(const pr_cfg *c, pr_key k, int64_t dflt, int64_t lo, int64_t hi, int64_t *v,
                    bool *there, pare_err *err) {
    char name[192];
    bool found = false;
    *v = dflt;
    if (c->dialect == PR_DIALECT_HF && k.hf) {
        PR_TRY(pr_json_opt_i64(c->json, k.hf, lo, hi, dflt, v, err));
        pare_doc_type kind = pare_doc_kind(pare_doc_get(c->json, k.hf));
        found = kind != PARE_DOC_NONE && kind != PARE_DOC_NULL;
    } else if (c->dialect == PR_DIALECT_GGUF && k.gguf) {
        gguf_key(c, k.gguf, name, sizeof name);
        found = pr_container_meta_find(c->gguf, name) != NULL;
        if (found) {
            PR_TRY(pr_gguf_get_i64(c->gguf, name, v, err));
            if (*v < lo || *v > hi)
                return pr_fail(err, PARE_EINPUT, -1, "key '%s': %lld, expected %lld to %lld", name,
                               (long long)*v, (long long)lo, (long long)hi);
        }
    }
    if (there) *there = found;
    return PARE_OK;
}

pare_status cfg_f64(const pr_cfg *c, pr_key k, double dflt, double lo, double hi, double *v,
                    bool *there, pare_err *err) {
    char name[192];
    bool found = false;
    *v = dflt;
    if (c->dialect == PR_DIALECT_HF && k.hf) {
        PR_TRY(pr_json_opt_f64(c->json, k.hf, lo, hi, dflt, v, err));
        pare_doc_type kind = pare_doc_kind(pare_doc_get(c->json, k.hf));
        found = kind != PARE_DOC_NONE && kind != PARE_DOC_NULL;
    } else if (c->dialect == PR_DIALECT_GGUF && k.gguf) {
        gguf_key(c, k.gguf, name, sizeof name);
        found = pr_container_meta_find(c->gguf, name) != NULL;
        if (found) {
            PR_TRY(pr_gguf_get_f64(c->gguf, name, v, err));
            if (!(*v >= lo && *v <= hi))
                return pr_fail(err, PARE_EINPUT, -1, "key '%s': %g, expected %g to %g", name,
                               *v, lo, hi);
        }
    }
    if (there) *there = found;
    return PARE_OK;
}

pare_status cfg_bool(const pr_cfg *c, pr_key k, bool dflt, bool *v, pare_err *err) {
    *v = dflt;
    if (c->dialect == PR_DIALECT_HF && k.hf) return pr_json_opt_bool(c->json, k.hf, dflt, v, err);
    return PARE_OK;
}

/* ------------------------------------------------------------------ rope */

static pare_status rope_number(const pare_doc *o, const char *key, double dflt, double lo,
                               double hi, double *v, pare_err *err) {
    return pr_json_opt_f64(o, key, lo, hi, dflt, v, err);
}

static pare_status rope_need(const pare_doc *o, const char *type, const char *key, double lo,
                             double hi, double *v, pare_err *err) {
    if (pare_doc_kind(pare_doc_get(o, key)) < PARE_DOC_INT)
        return pr_fail(err, PARE_EINPUT, -1, "rope of type '%s' lacks '%s'", type, key);
    return pr_json_get_f64(o, key, lo, hi, v, err);
}

/* 0.1 m ln(s) + 1: YaRN's temperature, equation 22 of the paper. */
static double yarn_mscale(double scale, double m) {
    return scale <= 1 ? 1 : 0.1 * m * pr_log(scale) + 1;
}

/* mlx-lm 0.32: a scaling of its own words; attention_factor and truncate are not read. */
static pare_status mlx_yarn(const pare_doc *o, pr_rope *r, pare_err *err) {
    double v, m, all;
    PR_TRY(rope_need(o, "yarn", "factor", 1e-6, 1e6, &r->factor, err));
    PR_TRY(rope_number(o, "original_max_position_embeddings", 4096, 1, 1e9, &v, err));
    PR_TRY(rope_number(o, "beta_fast", 32, 1e-6, 1e6, &r->beta_fast, err));
    PR_TRY(rope_number(o, "beta_slow", 1, 1e-6, 1e6, &r->beta_slow, err));
    PR_TRY(rope_number(o, "mscale", 1, -1e3, 1e3, &m, err));
    PR_TRY(rope_number(o, "mscale_all_dim", 0, 0, 1e3, &all, err));
    r->original_ctx = (int64_t)v;
    r->magnitude = yarn_mscale(r->factor, m) / yarn_mscale(r->factor, all);
    return PARE_OK;
}

static pare_status hf_yarn(const pr_cfg *c, const pare_doc *o, pr_rope *r, pare_err *err) {
    double  v, m, all;
    int64_t top;
    bool    there;
    if (c->mlx) return mlx_yarn(o, r, err);
    PR_TRY(rope_number(o, "original_max_position_embeddings", (double)r->max_ctx, 1, 1e9, &v, err));
    PR_TRY(cfg_i64(c, (pr_key){"original_max_position_embeddings", NULL}, 0, 1, 1 << 30, &top,
                   &there, err));
    r->original_ctx = there ? top : (int64_t)v;
    if (pare_doc_kind(pare_doc_get(o, "factor")) <= PARE_DOC_NULL)
        r->factor = (double)r->max_ctx / (double)r->original_ctx;
    PR_TRY(rope_number(o, "beta_fast", 32, 0, 1e6, &r->beta_fast, err));
    PR_TRY(rope_number(o, "beta_slow", 1, 0, 1e6, &r->beta_slow, err));
    if (r->beta_fast == 0) r->beta_fast = 32;
    if (r->beta_slow == 0) r->beta_slow = 1;
    PR_TRY(pr_json_opt_bool(o, "truncate", true, &r->truncate, err));
    PR_TRY(rope_number(o, "mscale", 0, 0, 1e3, &m, err));
    PR_TRY(rope_number(o, "mscale_all_dim", 0, 0, 1e3, &all, err));
    double magnitude = m != 0 && all != 0 ? yarn_mscale(r->factor, m) / yarn_mscale(r->factor, all)
                                          : yarn_mscale(r->factor, 1);
    return rope_number(o, "attention_factor", magnitude, 1e-6, 1e6, &r->magnitude, err);
}

static pare_status hf_llama3(const pr_cfg *c, const pare_doc *o, pr_rope *r, pare_err *err) {
    double v;
    PR_TRY(rope_need(o, "llama3", "low_freq_factor", 1e-6, 1e6, &r->low_freq, err));
    PR_TRY(rope_need(o, "llama3", "high_freq_factor", 1e-6, 1e6, &r->high_freq, err));
    PR_TRY(rope_number(o, "original_max_position_embeddings", (double)r->max_ctx, 1, 1e9, &v, err));
    PR_TRY(cfg_i64(c, (pr_key){"original_max_position_embeddings", NULL}, (int64_t)v, 1,
                   1 << 30, &r->original_ctx, NULL, err));
    return PARE_OK;
}

static bool non_empty(const pare_doc *o) {
    return pare_doc_kind(o) == PARE_DOC_OBJECT && pare_doc_count(o) > 0;
}

/* transformers takes rope_scaling if it says anything, else rope_parameters; theta from
 * there, else from the top, else the class. */
static pare_status hf_rope(const pr_cfg *c, double theta, pr_rope *r, pare_err *err) {
    const pare_doc *o, *other;
    PR_TRY(pr_json_opt_obj(c->json, "rope_scaling", &o, err));
    PR_TRY(pr_json_opt_obj(c->json, "rope_parameters", &other, err));
    if (!non_empty(o)) o = other;
    PR_TRY(pr_json_opt_f64(c->json, "rope_theta", 1e-3, 1e15, theta, &r->theta, err));
    if (!non_empty(o)) return PARE_OK;
    pr_str said;
    PR_TRY(pr_json_opt_str(o, "rope_type", &said, err));
    if (!said.p) PR_TRY(pr_json_opt_str(o, "type", &said, err));
    const char *type = pare_doc_str(pare_doc_get(o, "rope_type"));
    if (!type) type = pare_doc_str(pare_doc_get(o, "type"));
    if (!type) type = "default";
    for (pare_doc_iter it = {0}; pare_doc_next(o, &it);)
        if (pare_doc_kind(it.value) == PARE_DOC_OBJECT && !pare_doc_get(it.value, "__float__"))
            return pr_fail(
                err, PARE_EUNSUPPORTED, -1,
                "rope_parameters per layer type ('%s') are not supported for this architecture",
                it.key);
    double rotary;
    PR_TRY(rope_number(o, "rope_theta", r->theta, 1e-3, 1e15, &r->theta, err));
    PR_TRY(rope_number(o, "partial_rotary_factor", 1, 0, 1, &rotary, err));
    if (strcmp(type, "default") == 0)
        return PARE_OK; /* where these classes ignore the factor above */
    if (rotary != 1)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "partial_rotary_factor %g with rope_type '%s': this architecture "
                       "rotates whole heads",
                       rotary, type);
    if (strcmp(type, "yarn") != 0 || pare_doc_kind(pare_doc_get(o, "factor")) > PARE_DOC_NULL)
        PR_TRY(rope_need(o, type, "factor", 1e-6, 1e6, &r->factor, err));
    if (strcmp(type, "linear") == 0) return r->kind = PR_ROPE_LINEAR, PARE_OK;
    if (strcmp(type, "dynamic") == 0) return r->kind = PR_ROPE_DYNAMIC, PARE_OK;
    if (strcmp(type, "yarn") == 0) return r->kind = PR_ROPE_YARN, hf_yarn(c, o, r, err);
    if (strcmp(type, "llama3") == 0) return r->kind = PR_ROPE_LLAMA3, hf_llama3(c, o, r, err);
    return pr_fail(
        err, PARE_EUNSUPPORTED, -1,
        "rope_type '%s' is not known; known are default, linear, dynamic, yarn, llama3", type);
}

/* libllama: an absent type is linear, an absent or zero factor 1; YaRN's ramp always
 * between whole dimensions for 32 and 1 rotations, its temperature always equation 22's. */
static pare_status gguf_rope(const pr_cfg *c, pr_rope *r, pare_err *err) {
    char   name[192];
    pr_str type;
    double attn;
    PR_TRY(cfg_f64(c, (pr_key){NULL, "rope.freq_base"}, 10000, 1e-3, 1e15, &r->theta, NULL, err));
    PR_TRY(cfg_f64(c, (pr_key){NULL, "rope.scaling.factor"}, 0, 0, 1e6, &r->factor, NULL, err));
    PR_TRY(cfg_f64(c, (pr_key){NULL, "rope.scaling.attn_factor"}, 1, 1e-6, 1e6, &attn, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){NULL, "rope.scaling.original_context_length"}, r->max_ctx, 1,
                   1 << 30, &r->original_ctx, NULL, err));
    PR_TRY(pr_gguf_opt_str(c->gguf, gguf_key(c, "rope.scaling.type", name, sizeof name), &type,
                           err));
    if (r->factor == 0) r->factor = 1;
    r->magnitude = attn;
    if (!type.p || pr_str_eq(type, PR_STR("linear"))) {
        r->kind = r->factor == 1 ? PR_ROPE_DEFAULT : PR_ROPE_LINEAR;
    } else if (pr_str_eq(type, PR_STR("none"))) {
        r->factor = 1;
    } else if (pr_str_eq(type, PR_STR("yarn"))) {
        r->kind = PR_ROPE_YARN;
        r->magnitude = attn * yarn_mscale(r->factor, 1);
    } else {
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "key '%s': '%.*s' is not known; known are none, linear, yarn", name,
                       (int)PR_MIN(type.n, 64), type.p);
    }
    return PARE_OK;
}

static pare_status cfg_rope(const pr_cfg *c, double theta, int d_head, int64_t n_ctx, pr_hp *h,
                            pare_err *err) {
    PR_NEW(h->ropes, c->arena, 1, err);
    pr_rope *r = h->ropes;
    h->n_ropes = 1;
    *r = (pr_rope){.kind = PR_ROPE_DEFAULT,
                   .dim = d_head,
                   .theta = theta,
                   .factor = 1,
                   .beta_fast = 32,
                   .beta_slow = 1,
                   .truncate = true,
                   .magnitude = 1,
                   .low_freq = 1,
                   .high_freq = 4,
                   .original_ctx = n_ctx,
                   .max_ctx = n_ctx};
    if (d_head % 2)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "heads of %d values (head_dim): rotation needs an even number", d_head);
    PR_TRY(c->dialect == PR_DIALECT_HF ? hf_rope(c, theta, r, err) : gguf_rope(c, r, err));
    if (r->kind == PR_ROPE_DYNAMIC && d_head <= 2)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "rope_type 'dynamic' needs heads larger than 2");
    if (r->theta == 1 && r->kind == PR_ROPE_YARN)
        return pr_fail(err, PARE_EINPUT, -1, "rope_theta 1: yarn needs another base");
    return PARE_OK;
}

/* ------------------------------------------------------------------ decoder */

/* A GGUF file must say its sizes; only config.json has a class whose defaults count. */
static pare_status gguf_needs(const pr_cfg *c, pare_err *err) {
    static const char *const keys[] = {"block_count", "embedding_length", "feed_forward_length",
                                       "attention.head_count", "context_length",
                                       "attention.layer_norm_rms_epsilon"};
    char name[192];
    for (size_t i = 0; c->dialect == PR_DIALECT_GGUF && i < PR_COUNT(keys); i++)
        if (!pr_container_meta_find(c->gguf, gguf_key(c, keys[i], name, sizeof name)))
            return pr_fail(err, PARE_EINPUT, -1, "key '%s' is missing, expected a number", name);
    return PARE_OK;
}

static pare_status refuse_unknown(const pr_cfg *c, pare_err *err) {
    if (c->dialect != PR_DIALECT_HF) return PARE_OK;
    const pare_doc *by = pare_doc_get(c->json, "quantization_config");
    bool            off = pare_doc_kind(by) == PARE_DOC_BOOL && !pare_doc_bool(by);
    bool            mlx = pare_doc_kind(pare_doc_get(c->json, "quantization")) == PARE_DOC_OBJECT;
    if (!mlx && !off && pare_doc_kind(by) > PARE_DOC_NULL) {
        const char *method =
            pare_doc_str(pare_doc_path(c->json, "quantization_config/quant_method"));
        return pr_fail(
            err, PARE_EUNSUPPORTED, -1,
            "quantization_config (%s): quantized Hugging Face checkpoints are not read yet",
            method ? method : "no method named");
    }
    bool pairs;
    PR_TRY(pr_json_opt_bool(c->json, "rope_traditional", false, &pairs, err));
    if (c->mlx && pairs)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "rope_traditional true: rotation of neighbours is not supported here");
    pr_str act;
    PR_TRY(pr_json_opt_str(c->json, "hidden_act", &act, err));
    if (act.p && !pr_str_eq(act, PR_STR("silu")) && !pr_str_eq(act, PR_STR("swish")))
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "hidden_act '%.*s': only 'silu' is supported",
                       (int)PR_MIN(act.n, 64), act.p);
    return PARE_OK;
}

/* eos_token_id: a number or a list of numbers, here and in generation_config.json. */
void pr_hp_add_one_eos(pr_hp *h, int64_t id) {
    bool known = false;
    for (int k = 0; k < h->n_eos; k++) known |= h->eos[k] == id;
    if (!known && h->n_eos < (int)PR_COUNT(h->eos)) h->eos[h->n_eos++] = id;
}

pare_status pr_hp_add_eos(const pare_doc *v, pr_hp *h, pare_err *err) {
    size_t n = pare_doc_kind(v) == PARE_DOC_ARRAY ? pare_doc_count(v) : 1;
    if (pare_doc_kind(v) <= PARE_DOC_NULL) return PARE_OK;
    for (size_t i = 0; i < n; i++) {
        int64_t id;
        PR_TRY(pr_json_as_i64(pare_doc_kind(v) == PARE_DOC_ARRAY ? pare_doc_at(v, i) : v,
                              "eos_token_id", 0, INT32_MAX, &id, err));
        pr_hp_add_one_eos(h, id);
    }
    return PARE_OK;
}

static pare_status special_ids(const pr_cfg *c, const pr_class_defaults *d, pr_hp *h,
                               pare_err *err) {
    h->bos = h->pad = -1;
    if (c->dialect == PR_DIALECT_GGUF) return PARE_OK; /* the tokenizer's keys say it */
    const pare_doc *eos = pare_doc_get(c->json, "eos_token_id");
    PR_TRY(pr_json_opt_i64(c->json, "bos_token_id", 0, INT32_MAX, d->bos, &h->bos, err));
    PR_TRY(pr_json_opt_i64(c->json, "pad_token_id", -1, INT32_MAX, -1, &h->pad, err));
    if (pare_doc_kind(eos) == PARE_DOC_NONE && d->eos >= 0) h->eos[h->n_eos++] = d->eos;
    return pr_hp_add_eos(eos, h, err);
}

/* long: one line a key, and what two keys must be together. */
pare_status cfg_decoder(const pr_cfg *c, const pr_class_defaults *d, pr_hp *h, pare_err *err) {
    int64_t vocab, width, ff, layers, heads, kv, head, ctx, dk, rot;
    double  eps;
    bool    there;
    PR_TRY(refuse_unknown(c, err));
    PR_TRY(gguf_needs(c, err));
    PR_TRY(cfg_i64(c, (pr_key){"vocab_size", "vocab_size"},
                   c->dialect == PR_DIALECT_HF ? d->vocab : 0, 1, 1 << 24, &vocab, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){"hidden_size", "embedding_length"}, d->d_model, 1, 1 << 18,
                   &width, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){"intermediate_size", "feed_forward_length"}, d->d_ff, 1, 1 << 20,
                   &ff, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){"num_hidden_layers", "block_count"}, d->n_layer, 1, 1024,
                   &layers, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){"num_attention_heads", "attention.head_count"}, d->n_head, 1,
                   4096, &heads, NULL, err));
    int64_t kv_default = d->n_kv && c->dialect == PR_DIALECT_HF ? d->n_kv : heads;
    PR_TRY(cfg_i64(c, (pr_key){"num_key_value_heads", "attention.head_count_kv"}, kv_default, 1,
                   4096, &kv, &there, err));
    /* An explicit null means one kv head per head, also where the class has another default. */
    if (!there && c->dialect == PR_DIALECT_HF &&
        pare_doc_kind(pare_doc_get(c->json, "num_key_value_heads")) == PARE_DOC_NULL)
        kv = heads;
    int64_t head_default = d->d_head && c->dialect == PR_DIALECT_HF ? d->d_head : width / heads;
    if (head_default < 1)
        return pr_fail(err, PARE_EINPUT, -1,
                       "%lld heads on a width of %lld: expected no more heads than that",
                       (long long)heads, (long long)width);
    PR_TRY(cfg_i64(c, (pr_key){"head_dim", "attention.key_length"}, head_default, 1, 4096,
                   &head, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){NULL, "attention.value_length"}, head, 1, 4096, &dk, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){NULL, "rope.dimension_count"}, head, 1, 4096, &rot, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){"max_position_embeddings", "context_length"}, d->n_ctx, 1,
                   1 << 28, &ctx, NULL, err));
    PR_TRY(cfg_f64(c, (pr_key){"rms_norm_eps", "attention.layer_norm_rms_epsilon"}, d->rms_eps,
                   0, 1, &eps, NULL, err));
    if (heads % kv)
        return pr_fail(
            err, PARE_EINPUT, -1, "%s %lld is no multiple of %s %lld, as expected",
            c->dialect == PR_DIALECT_HF ? "num_attention_heads" : "attention.head_count",
            (long long)heads,
            c->dialect == PR_DIALECT_HF ? "num_key_value_heads" : "attention.head_count_kv",
            (long long)kv);
    if (dk != head || rot != head)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "key length %lld, value length %lld, rotated %lld: expected equal ones",
                       (long long)head, (long long)dk, (long long)rot);
    PR_TRY(cfg_bool(c, (pr_key){"tie_word_embeddings", NULL}, c->mlx, &h->tied, err));
    h->n_layer = (int)layers, h->n_vocab = (int)vocab, h->d_model = (int)width, h->n_ctx = ctx;
    h->rms_eps = (float)eps;
    PR_TRY(special_ids(c, d, h, err));
    PR_NEW(h->layers, c->arena, layers, err);
    for (int i = 0; i < h->n_layer; i++)
        h->layers[i] = (pr_layer){.n_head = (int)heads,
                                  .n_kv = (int)kv,
                                  .d_head = (int)head,
                                  .d_ff = (int)ff,
                                  .rope = 0,
                                  .left = -1,
                                  .scale = (float)(1.0 / sqrt((double)head))};
    return cfg_rope(c, d->theta, (int)head, ctx, h, err);
}

/* ------------------------------------------------------------------ windows */

pare_status cfg_window_everywhere(const pr_cfg *c, int64_t dflt, pr_hp *h, pare_err *err) {
    int64_t w;
    bool    there;
    if (c->dialect != PR_DIALECT_HF) return PARE_OK;
    PR_TRY(cfg_i64(c, (pr_key){"sliding_window", NULL}, dflt, 1, 1 << 30, &w, &there, err));
    if (pare_doc_kind(pare_doc_get(c->json, "sliding_window")) == PARE_DOC_NULL) return PARE_OK;
    for (int i = 0; i < h->n_layer; i++) h->layers[i].left = w - 1;
    return PARE_OK;
}

static pare_status layer_type(const pare_doc *types, int i, bool *slides, pare_err *err) {
    pr_str t;
    PR_TRY(pr_json_as_str(pare_doc_at(types, (size_t)i), "layer_types", &t, err));
    *slides = pr_str_eq(t, PR_STR("sliding_attention"));
    if (*slides || pr_str_eq(t, PR_STR("full_attention"))) return PARE_OK;
    return pr_fail(
        err, PARE_EUNSUPPORTED, -1,
        "layer_types[%d] '%.*s' is not known; known are full_attention, sliding_attention", i,
        (int)PR_MIN(t.n, 64), t.p);
}

pare_status cfg_windows(const pr_cfg *c, pr_hp *h, pare_err *err) {
    bool            use;
    int64_t         w, from;
    const pare_doc *types;
    if (c->dialect != PR_DIALECT_HF) return PARE_OK;
    PR_TRY(cfg_bool(c, (pr_key){"use_sliding_window", NULL}, false, &use, err));
    PR_TRY(cfg_i64(c, (pr_key){"sliding_window", NULL}, 4096, 1, 1 << 30, &w, NULL, err));
    PR_TRY(cfg_i64(c, (pr_key){"max_window_layers", NULL}, 28, 0, 1 << 20, &from, NULL, err));
    PR_TRY(pr_json_opt_arr(c->json, "layer_types", &types, err));
    if (pare_doc_kind(pare_doc_get(c->json, "sliding_window")) == PARE_DOC_NULL) use = false;
    if (types && pare_doc_count(types) != (size_t)h->n_layer)
        return pr_fail(err, PARE_EINPUT, -1, "layer_types: %zu entries, expected %d",
                       pare_doc_count(types), h->n_layer);
    for (int i = 0; i < h->n_layer; i++) {
        bool slides = use && i >= from;
        if (types) PR_TRY(layer_type(types, i, &slides, err));
        if (slides && !use)
            return pr_fail(
                err, PARE_EINPUT, -1,
                "layer_types[%d] is sliding_attention, but use_sliding_window is off", i);
        if (slides) h->layers[i].left = w - 1;
    }
    return PARE_OK;
}
