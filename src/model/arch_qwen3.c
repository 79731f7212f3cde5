/* arch_qwen3.c - Qwen 3, dense: explicit head size, RMS norm on each head of q and k. */
#include "arch.h"

static const pr_class_defaults defaults = {.vocab = 151936,
                                           .d_model = 4096,
                                           .d_ff = 22016,
                                           .n_layer = 32,
                                           .n_head = 32,
                                           .n_kv = 32,
                                           .d_head = 128,
                                           .n_ctx = 32768,
                                           .bos = -1,
                                           .eos = -1,
                                           .rms_eps = 1e-6,
                                           .theta = 10000};

static pare_status config(const pr_cfg *c, pr_hp *h, pare_err *err) {
    bool attention_bias;
    PR_TRY(cfg_decoder(c, &defaults, h, err));
    PR_TRY(cfg_bool(c, (pr_key){"attention_bias", NULL}, false, &attention_bias, err));
    for (int i = 0; i < h->n_layer; i++) {
        h->layers[i].has |= PR_HAS_QK_NORM;
        if (attention_bias) h->layers[i].has |= PR_HAS_QKV_BIAS | PR_HAS_O_BIAS;
    }
    return cfg_windows(c, h, err);
}

static int limits(const pr_model *m, pr_buf *why) {
    int n = gguf_limits_no_table(m, why);
    if (m->hp.layers[0].has & PR_HAS_O_BIAS) {
        pr_buf_puts(why, "attention_bias: GGUF's qwen3 has no bias on the attention's output\n");
        n++;
    }
    return n;
}

static const pr_spell spell[] = {
    SPELL_DECODER, SPELL_GGUF_QK(PR_XF_NONE),
    {PR_ROLE_ATTN_Q_NORM, PR_DIALECT_HF, "model.layers.{i}.self_attn.q_norm.weight", PR_XF_NONE},
    {PR_ROLE_ATTN_K_NORM, PR_DIALECT_HF, "model.layers.{i}.self_attn.k_norm.weight", PR_XF_NONE},
    {PR_ROLE_ATTN_Q_NORM, PR_DIALECT_GGUF, "blk.{i}.attn_q_norm.weight", PR_XF_NONE},
    {PR_ROLE_ATTN_K_NORM, PR_DIALECT_GGUF, "blk.{i}.attn_k_norm.weight", PR_XF_NONE}};

const pr_arch pr_arch_qwen3 = {
    .name = "qwen3",
    .as = {[PR_DIALECT_HF] = "Qwen3ForCausalLM", [PR_DIALECT_GGUF] = "qwen3"},
    .model_type = "qwen3",
    .config = config,
    .layer = gb_decoder_layer,
    .has = {PR_HAS_QK_NORM, PR_HAS_QK_NORM | PR_HAS_QKV_BIAS | PR_HAS_O_BIAS},
    .n_has = 2,
    .windows = PR_WINDOWS_ANYWHERE,
    .spell = spell,
    .n_spell = PR_COUNT(spell),
    .gguf_limits = limits};
