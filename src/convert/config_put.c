/* config_put.c - config.json, in the words of both ages: rope_theta and rope_scaling,
 * torch_dtype; rope_parameters, dtype. Of an HF source every other key stays as it is. */
#include "convert.h"
#include <stdio.h>

/* All that the records say about the rotation, as transformers reads it. */
void pr_rope_put(pr_doc_build *b, pare_doc *o, const pr_rope *r) {
    static const char *const names[] = {[PR_ROPE_DEFAULT] = "default",
                                        [PR_ROPE_LINEAR] = "linear",
                                        [PR_ROPE_DYNAMIC] = "dynamic",
                                        [PR_ROPE_YARN] = "yarn",
                                        [PR_ROPE_LLAMA3] = "llama3"};
    pr_doc_set_str(b, o, "rope_type", names[r->kind]);
    pr_doc_set_f64(b, o, "rope_theta", r->theta);
    if (r->kind == PR_ROPE_DEFAULT) return;
    pr_doc_set_f64(b, o, "factor", r->factor);
    if (r->kind == PR_ROPE_YARN || r->kind == PR_ROPE_LLAMA3)
        pr_doc_set_i64(b, o, "original_max_position_embeddings", r->original_ctx);
    if (r->kind == PR_ROPE_YARN) {
        pr_doc_set_f64(b, o, "beta_fast", r->beta_fast);
        pr_doc_set_f64(b, o, "beta_slow", r->beta_slow);
        pr_doc_set_bool(b, o, "truncate", r->truncate);
        pr_doc_set_f64(b, o, "attention_factor", r->magnitude);
    }
    if (r->kind == PR_ROPE_LLAMA3) {
        pr_doc_set_f64(b, o, "low_freq_factor", r->low_freq);
        pr_doc_set_f64(b, o, "high_freq_factor", r->high_freq);
    }
}

static void put_all_rope(pr_doc_build *b, pare_doc *root, const pr_rope *r) {
    pr_rope_put(b, pr_doc_set_object(b, root, "rope_parameters"), r);
    pr_doc_set_f64(b, root, "rope_theta", r->theta);
    if (r->kind == PR_ROPE_DEFAULT)
        pr_doc_set_null(b, root, "rope_scaling");
    else
        pr_rope_put(b, pr_doc_set_object(b, root, "rope_scaling"), r);
}

void pr_ids_put(pr_doc_build *b, pare_doc *o, const pr_hp *h) {
    if (h->bos >= 0) pr_doc_set_i64(b, o, "bos_token_id", h->bos);
    if (h->n_eos == 1) pr_doc_set_i64(b, o, "eos_token_id", h->eos[0]);
    if (h->n_eos > 1) {
        pare_doc *list = pr_doc_set_array(b, o, "eos_token_id");
        for (int i = 0; i < h->n_eos; i++) pr_doc_add_i64(b, list, h->eos[i]);
    }
    if (h->pad >= 0) pr_doc_set_i64(b, o, "pad_token_id", h->pad);
}

/* One size for all layers that have a window. */
static void put_windows(pr_doc_build *b, pare_doc *o, const pr_hp *h) {
    int64_t window = -1;
    for (int i = 0; i < h->n_layer; i++)
        if (h->layers[i].left >= 0) window = h->layers[i].left + 1;
    pr_doc_set_bool(b, o, "use_sliding_window", window >= 0);
    if (window < 0) {
        pr_doc_set_null(b, o, "sliding_window");
        return;
    }
    pr_doc_set_i64(b, o, "sliding_window", window);
    pare_doc *types = pr_doc_set_array(b, o, "layer_types");
    for (int i = 0; i < h->n_layer; i++)
        pr_doc_add_str(b, types,
                       h->layers[i].left >= 0 ? "sliding_attention" : "full_attention");
}

/* The whole of a configuration, from the records alone. */
static void put_records(pr_doc_build *b, pare_doc *o, const pr_model *m) {
    const pr_hp *h = &m->hp;
    const pr_layer *l = &h->layers[0];
    pr_doc_add_str(b, pr_doc_set_array(b, o, "architectures"),
                   pr_model_name_in(m, PR_DIALECT_HF));
    pr_doc_set_str(b, o, "model_type", pr_model_hf_type(m));
    pr_doc_set_i64(b, o, "vocab_size", h->n_vocab);
    pr_doc_set_i64(b, o, "hidden_size", h->d_model);
    pr_doc_set_i64(b, o, "intermediate_size", l->d_ff);
    pr_doc_set_i64(b, o, "num_hidden_layers", h->n_layer);
    pr_doc_set_i64(b, o, "num_attention_heads", l->n_head);
    pr_doc_set_i64(b, o, "num_key_value_heads", l->n_kv);
    pr_doc_set_i64(b, o, "head_dim", l->d_head);
    pr_doc_set_i64(b, o, "max_position_embeddings", h->n_ctx);
    pr_doc_set_f64(b, o, "rms_norm_eps", (double)h->rms_eps);
    pr_doc_set_str(b, o, "hidden_act", "silu");
    pr_doc_set_bool(b, o, "tie_word_embeddings", h->tied);
    pr_doc_set_bool(b, o, "attention_bias", (l->has & PR_HAS_O_BIAS) != 0);
    pr_doc_set_bool(b, o, "mlp_bias", (l->has & PR_HAS_FFN_BIAS) != 0);
    put_windows(b, o, h);
    pr_ids_put(b, o, h);
}

static pare_status write_doc(pr_doc_build *b, pare_doc *root, const char *dir, const char *name,
                             pr_arena *a, pare_err *err) {
    char *path = pr_path_join(a, dir, name);
    pare_doc *done;
    PR_TRY(pr_doc_done(b, root, &done, err));
    pare_status st = path ? pare_doc_write(done, 2, path, err) : pr_fail_nomem(err, 4096);
    pare_doc_free(done);
    return st;
}

static pare_status put_generation(const pr_model *m, const char *dir, pr_arena *a,
                                  pare_err *err) {
    pr_doc_build b = {0};
    pare_doc *root = pr_doc_object(&b);
    pr_ids_put(&b, root, &m->hp);
    pr_sampling_put_doc(&b, root, m->file);
    return write_doc(&b, root, dir, "generation_config.json", a, err);
}

pare_status pr_config_put_with(const pr_model *m, const char *dir, const char *dtype,
                               const pr_written *out, pr_arena *a, pr_config_more more,
                               void *user, pare_err *err) {
    pr_doc_build b = {0};
    pr_rope rope;
    pare_doc *root = m->config ? pr_doc_copy(m->config) : pr_doc_object(&b);
    if (!root) return pr_fail_nomem(err, 4096);
    if (!m->config) put_records(&b, root, m);
    if (m->config) { /* what was in groups is said anew, or no more */
        pr_doc_unset(root, "quantization");
        pr_doc_unset(root, "quantization_config");
        pr_doc_unset(root, "pare_lineage");
    }
    pr_rope_for_hf(m, &rope);
    put_all_rope(&b, root, &rope);
    pr_doc_set_str(&b, root, "dtype", dtype);
    pr_doc_set_str(&b, root, "torch_dtype", dtype);
    if (more) more(user, &b, root);
    if (out->n_inexact) {
        pare_doc *list = pr_doc_set_array(&b, root, "pare_inexact");
        for (int i = 0; i < out->n_inexact; i++) pr_doc_add_str(&b, list, out->inexact[i]);
    }
    if (out->lineage) pr_doc_set_str(&b, root, "pare_lineage", out->lineage);
    PR_TRY(write_doc(&b, root, dir, "config.json", a, err));
    PR_TRY(pr_card_put_files(m, dir, a, err));
    return m->config ? PARE_OK : put_generation(m, dir, a, err);
}

pare_status pr_config_put(const pr_model *m, const char *dir, const char *dtype,
                          const pr_written *out, pr_arena *a, pare_err *err) {
    return pr_config_put_with(m, dir, dtype, out, a, NULL, NULL, err);
}
