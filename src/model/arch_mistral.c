/* arch_mistral.c - Mistral: Llama's block with one sliding window on every layer.
 * GGUF has no name of its own for it: it is written as "llama", whose runtime knows
 * no window. */
#include "arch.h"

static const pr_class_defaults defaults = {.vocab = 32000,
                                           .d_model = 4096,
                                           .d_ff = 14336,
                                           .n_layer = 32,
                                           .n_head = 32,
                                           .n_kv = 8,
                                           .d_head = 0,
                                           .n_ctx = 131072,
                                           .bos = 1,
                                           .eos = 2,
                                           .rms_eps = 1e-6,
                                           .theta = 10000};

static pare_status config(const pr_cfg *c, pr_hp *h, pare_err *err) {
    PR_TRY(cfg_decoder(c, &defaults, h, err));
    return cfg_window_everywhere(c, 4096, h, err);
}

static const pr_spell spell[] = {SPELL_DECODER, SPELL_GGUF_QK(PR_XF_PAIRS), SPELL_GGUF_LLAMA};

const pr_arch pr_arch_mistral = {
    .name = "mistral", .as = {[PR_DIALECT_HF] = "MistralForCausalLM", [PR_DIALECT_GGUF] = "llama"},
    .model_type = "mistral", .config = config, .layer = gb_decoder_layer,
    .has = {0}, .n_has = 1, .windows = PR_WINDOWS_EVERYWHERE,
    .spell = spell, .n_spell = PR_COUNT(spell), .gguf_limits = gguf_limits_common};
