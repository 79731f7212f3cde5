/* arch_qwen2.c - Qwen 1.5, 2 and 2.5: biases on q, k and v, windows on the upper layers if
 * asked for. */
#include "arch.h"

static const pr_class_defaults defaults = {.vocab = 151936,
                                           .d_model = 4096,
                                           .d_ff = 22016,
                                           .n_layer = 32,
                                           .n_head = 32,
                                           .n_kv = 32,
                                           .d_head = 0,
                                           .n_ctx = 32768,
                                           .bos = -1,
                                           .eos = -1,
                                           .rms_eps = 1e-6,
                                           .theta = 10000};

static pare_status config(const pr_cfg *c, pr_hp *h, pare_err *err) {
    PR_TRY(cfg_decoder(c, &defaults, h, err));
    for (int i = 0; i < h->n_layer; i++) h->layers[i].has |= PR_HAS_QKV_BIAS;
    return cfg_windows(c, h, err);
}

static int limits(const pr_model *m, pr_buf *why) {
    const pr_layer *l = &m->hp.layers[0];
    int             n = gguf_limits_no_table(m, why);
    if (l->n_head * l->d_head != m->hp.d_model) {
        pr_buf_printf(why, "heads of %d in a width of %d: GGUF's qwen2 takes only width / heads\n",
                      l->d_head, m->hp.d_model);
        n++;
    }
    return n;
}

static const pr_spell spell[] = {SPELL_DECODER, SPELL_GGUF_QK(PR_XF_NONE)};

const pr_arch pr_arch_qwen2 = {
    .name = "qwen2", .as = {[PR_DIALECT_HF] = "Qwen2ForCausalLM", [PR_DIALECT_GGUF] = "qwen2"},
    .model_type = "qwen2", .config = config, .layer = gb_decoder_layer,
    .has = {PR_HAS_QKV_BIAS}, .n_has = 1, .windows = PR_WINDOWS_ANYWHERE,
    .spell = spell, .n_spell = PR_COUNT(spell), .gguf_limits = limits};
