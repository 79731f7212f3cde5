/* arch_llama.c - Llama 1 to 3.2, and all that calls itself LlamaForCausalLM. */
#include "arch.h"

static const pr_class_defaults defaults = {.vocab = 32000,
                                           .d_model = 4096,
                                           .d_ff = 11008,
                                           .n_layer = 32,
                                           .n_head = 32,
                                           .n_kv = 0,
                                           .d_head = 0,
                                           .n_ctx = 2048,
                                           .bos = 1,
                                           .eos = 2,
                                           .rms_eps = 1e-6,
                                           .theta = 10000};

static pare_status config(const pr_cfg *c, pr_hp *h, pare_err *err) {
    bool attention_bias, mlp_bias;
    PR_TRY(cfg_decoder(c, &defaults, h, err));
    PR_TRY(cfg_bool(c, (pr_key){"attention_bias", NULL}, false, &attention_bias, err));
    PR_TRY(cfg_bool(c, (pr_key){"mlp_bias", NULL}, false, &mlp_bias, err));
    for (int i = 0; i < h->n_layer; i++) {
        if (attention_bias) h->layers[i].has |= PR_HAS_QKV_BIAS | PR_HAS_O_BIAS;
        if (mlp_bias) h->layers[i].has |= PR_HAS_FFN_BIAS;
    }
    return PARE_OK;
}

static const pr_spell spell[] = {SPELL_DECODER, SPELL_GGUF_QK(PR_XF_PAIRS), SPELL_GGUF_LLAMA};

const pr_arch pr_arch_llama = {
    .name = "llama", .as = {[PR_DIALECT_HF] = "LlamaForCausalLM", [PR_DIALECT_GGUF] = "llama"},
    .model_type = "llama", .config = config, .layer = gb_decoder_layer,
    .has = {0, PR_HAS_QKV_BIAS | PR_HAS_O_BIAS, PR_HAS_FFN_BIAS,
            PR_HAS_QKV_BIAS | PR_HAS_O_BIAS | PR_HAS_FFN_BIAS}, .n_has = 4,
    .spell = spell, .n_spell = PR_COUNT(spell), .gguf_limits = gguf_limits_common};
