/* arch.h - what an architecture's file says, and the words it says it with.
 *
 * An architecture is one `const pr_arch`: how the configuration fills the records,
 * which graph a layer is, how its weights are spelt. To add one: one file, one line
 * in registry.c. Private to this room. */
#ifndef PR_ARCH_H
#define PR_ARCH_H
#include "model.h"

/* A configuration being read, whichever dialect it stands in. */
typedef struct {
    pr_dialect          dialect;
    const pare_doc      *json;   /* HF: config.json */
    const pr_container *gguf;   /* GGUF: its metadata */
    const char         *prefix; /* GGUF: "llama" in "llama.block_count" */
    pr_arena           *arena;
    bool                mlx; /* HF: written by mlx-lm */
} pr_cfg;

/* Key of a number in both dialects; NULL where a dialect has none. "%" stands for the prefix. */
typedef struct {
    const char *hf, *gguf;
} pr_key;

/* Read one value; a key that is absent (or null) gives `dflt` and *there = false. */
pare_status cfg_i64(const pr_cfg *c, pr_key k, int64_t dflt, int64_t lo, int64_t hi, int64_t *v,
                    bool *there, pare_err *err);
pare_status cfg_f64(const pr_cfg *c, pr_key k, double dflt, double lo, double hi, double *v,
                    bool *there, pare_err *err);
pare_status cfg_bool(const pr_cfg *c, pr_key k, bool dflt, bool *v, pare_err *err);

/* What transformers' class takes where config.json is silent (5.23). */
typedef struct {
    int64_t vocab, d_model, d_ff, n_layer, n_head, n_kv /* 0: as n_head */,
        d_head /* 0: d_model / n_head */;
    int64_t n_ctx, bos, eos; /* -1: none */
    double  rms_eps, theta;
} pr_class_defaults;

/* Fields that every decoder has, into `h`, its one rope, and equal layers. */
pare_status cfg_decoder(const pr_cfg *c, const pr_class_defaults *d, pr_hp *h, pare_err *err);
/* use_sliding_window, sliding_window, max_window_layers, layer_types (HF only). */
pare_status cfg_windows(const pr_cfg *c, pr_hp *h, pare_err *err);
/* Mistral's: one window on every layer. */
pare_status cfg_window_everywhere(const pr_cfg *c, int64_t dflt, pr_hp *h, pare_err *err);

/* Did mlx-lm write this directory? `file` may be NULL. */
bool pr_mlx_wrote(const pare_doc *config, const pr_container *file);
/* config.json's "quantization", apart from the layers. */
pare_status pr_groups_check(const pr_model *m, pare_err *err);
/* If w->src holds codes, find scales and biases beside it, check all three against the
 * configuration and fill w's groups; else nothing. */
pare_status pr_groups_bind(const pr_model *m, pr_weight *w, pare_err *err);

/* The graph under construction; allocation failures are sticky. */
typedef struct {
    const pr_model *m;
    pr_graph       *g;
    int             cap_nodes, cap_vals;
    bool            failed;
    const char     *missing; /* first weight that the graph names and the file lacks */
    pr_tid          missing_id;
} pr_gb;

pr_val gb_embed(pr_gb *g);
pr_val gb_rms(pr_gb *g, int layer, pr_val x, pr_role w);
pr_val gb_linear(pr_gb *g, int layer, pr_val x, pr_role w, pr_role bias, bool has_bias);
pr_val gb_attn(pr_gb *g, int layer, pr_val x); /* q, k, v, norms, rope, attention, output */
pr_val gb_glu(pr_gb *g, int layer, pr_val x);  /* gate, up, down */
pr_val gb_add(pr_gb *g, int layer, pr_val a, pr_val b);
pr_val gb_head(pr_gb *g, pr_val x);

/* One row of the spelling table. `{i}` is the layer. */
typedef struct {
    pr_role     role;
    pr_dialect  dialect;
    const char *pattern;
    pr_xf       xf;
} pr_spell;

struct pr_arch {
    const char *name;
    const char *as[PR_DIALECT_N]; /* HF: class name; GGUF: general.architecture */
    const char *model_type;       /* HF: model_type */
    pare_status (*config)(const pr_cfg *c, pr_hp *h, pare_err *err);
    pr_val (*layer)(pr_gb *g, int layer, pr_val x);
    const pr_spell *spell;
    int             n_spell;
    /* What its layers may have (PR_HAS_*, each a whole set), and whether windows, one size for all:
     * for graphs that name no architecture. */
    unsigned has[4];
    int n_has;
    enum { PR_WINDOWS_NONE, PR_WINDOWS_EVERYWHERE, PR_WINDOWS_ANYWHERE } windows;
    /* Reasons why GGUF's runtime computes another function; may be NULL. */
    int (*gguf_limits)(const pr_model *m, pr_buf *why);
};

extern const pr_arch *const pr_archs[]; /* ends with NULL */
extern const pr_arch pr_arch_llama, pr_arch_mistral, pr_arch_qwen2, pr_arch_qwen3;

/* The usual decoder block: norm, attention, residual, norm, gated feed-forward, residual. */
pr_val gb_decoder_layer(pr_gb *g, int layer, pr_val x);

/* Spelling of the usual decoder, in Hugging Face's and GGUF's words. */
#define SPELL_DECODER                                                                          \
    {PR_ROLE_TOKEN_EMBD, PR_DIALECT_HF, "model.embed_tokens.weight", PR_XF_NONE},              \
        {PR_ROLE_OUTPUT, PR_DIALECT_HF, "lm_head.weight", PR_XF_NONE},                         \
        {PR_ROLE_OUTPUT_NORM, PR_DIALECT_HF, "model.norm.weight", PR_XF_NONE},                 \
        {PR_ROLE_ATTN_NORM, PR_DIALECT_HF, "model.layers.{i}.input_layernorm.weight",          \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_Q, PR_DIALECT_HF, "model.layers.{i}.self_attn.q_proj.weight",            \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_K, PR_DIALECT_HF, "model.layers.{i}.self_attn.k_proj.weight",            \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_V, PR_DIALECT_HF, "model.layers.{i}.self_attn.v_proj.weight",            \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_O, PR_DIALECT_HF, "model.layers.{i}.self_attn.o_proj.weight",            \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_Q_BIAS, PR_DIALECT_HF, "model.layers.{i}.self_attn.q_proj.bias",         \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_K_BIAS, PR_DIALECT_HF, "model.layers.{i}.self_attn.k_proj.bias",         \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_V_BIAS, PR_DIALECT_HF, "model.layers.{i}.self_attn.v_proj.bias",         \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_ATTN_O_BIAS, PR_DIALECT_HF, "model.layers.{i}.self_attn.o_proj.bias",         \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_FFN_NORM, PR_DIALECT_HF, "model.layers.{i}.post_attention_layernorm.weight",  \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_FFN_GATE, PR_DIALECT_HF, "model.layers.{i}.mlp.gate_proj.weight",             \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_FFN_UP, PR_DIALECT_HF, "model.layers.{i}.mlp.up_proj.weight", PR_XF_NONE},    \
        {PR_ROLE_FFN_DOWN, PR_DIALECT_HF, "model.layers.{i}.mlp.down_proj.weight",             \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_FFN_GATE_BIAS, PR_DIALECT_HF, "model.layers.{i}.mlp.gate_proj.bias",          \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_FFN_UP_BIAS, PR_DIALECT_HF, "model.layers.{i}.mlp.up_proj.bias", PR_XF_NONE}, \
        {PR_ROLE_FFN_DOWN_BIAS, PR_DIALECT_HF, "model.layers.{i}.mlp.down_proj.bias",          \
         PR_XF_NONE},                                                                          \
        {PR_ROLE_TOKEN_EMBD, PR_DIALECT_GGUF, "token_embd.weight", PR_XF_NONE},                \
        {PR_ROLE_OUTPUT, PR_DIALECT_GGUF, "output.weight", PR_XF_NONE},                        \
        {PR_ROLE_OUTPUT_NORM, PR_DIALECT_GGUF, "output_norm.weight", PR_XF_NONE},              \
        {PR_ROLE_ATTN_NORM, PR_DIALECT_GGUF, "blk.{i}.attn_norm.weight", PR_XF_NONE},          \
        {PR_ROLE_ATTN_V, PR_DIALECT_GGUF, "blk.{i}.attn_v.weight", PR_XF_NONE},                \
        {PR_ROLE_ATTN_O, PR_DIALECT_GGUF, "blk.{i}.attn_output.weight", PR_XF_NONE},           \
        {PR_ROLE_ATTN_V_BIAS, PR_DIALECT_GGUF, "blk.{i}.attn_v.bias", PR_XF_NONE},             \
        {PR_ROLE_FFN_NORM, PR_DIALECT_GGUF, "blk.{i}.ffn_norm.weight", PR_XF_NONE},            \
        {PR_ROLE_FFN_GATE, PR_DIALECT_GGUF, "blk.{i}.ffn_gate.weight", PR_XF_NONE},            \
        {PR_ROLE_FFN_UP, PR_DIALECT_GGUF, "blk.{i}.ffn_up.weight", PR_XF_NONE}, {              \
        PR_ROLE_FFN_DOWN, PR_DIALECT_GGUF, "blk.{i}.ffn_down.weight", PR_XF_NONE               \
    }

/* GGUF's spelling of q and k where its runtime rotates halves, as Hugging Face does. */
#define SPELL_GGUF_QK(xf)                                                                          \
    {PR_ROLE_ATTN_Q, PR_DIALECT_GGUF, "blk.{i}.attn_q.weight", xf},                                \
    {PR_ROLE_ATTN_K, PR_DIALECT_GGUF, "blk.{i}.attn_k.weight", xf},                                \
    {PR_ROLE_ATTN_Q_BIAS, PR_DIALECT_GGUF, "blk.{i}.attn_q.bias", xf},                             \
    {PR_ROLE_ATTN_K_BIAS, PR_DIALECT_GGUF, "blk.{i}.attn_k.bias", xf}

/* GGUF's biases that only arch llama has. */
#define SPELL_GGUF_LLAMA                                                                           \
    {PR_ROLE_ROPE_FREQS, PR_DIALECT_GGUF, "rope_freqs.weight", PR_XF_NONE},                        \
    {PR_ROLE_ATTN_O_BIAS, PR_DIALECT_GGUF, "blk.{i}.attn_output.bias", PR_XF_NONE},                \
    {PR_ROLE_FFN_GATE_BIAS, PR_DIALECT_GGUF, "blk.{i}.ffn_gate.bias", PR_XF_NONE},                 \
    {PR_ROLE_FFN_UP_BIAS, PR_DIALECT_GGUF, "blk.{i}.ffn_up.bias", PR_XF_NONE},                     \
    {PR_ROLE_FFN_DOWN_BIAS, PR_DIALECT_GGUF, "blk.{i}.ffn_down.bias", PR_XF_NONE}

/* The architecture that m->config names, into m->arch. */
pare_status pr_hf_arch(pr_model *m, pare_err *err);
/* One more end of text, unless it is known already or there are too many. `v`: a number, a list, or
 * nothing. */
void pr_hp_add_one_eos(pr_hp *h, int64_t id);
pare_status pr_hp_add_eos(const pare_doc *v, pr_hp *h, pare_err *err);
/* `g` is m->file's, an ONNX model: into hp, arch and weights, with what stands in `dir` (may be
 * NULL). */
pare_status pr_onnx_match(pr_model *m, const pr_fgraph *g, const char *dir, pare_err *err);
/* The same for an OpenVINO model. */
pare_status pr_openvino_match(pr_model *m, const pr_fgraph *g, const char *dir, pare_err *err);

/* Bind every tensor of m->file to a role (weights.c); the tokenizer.ggml.* keys into m->tok. */
pare_status pr_weights_bind(pr_model *m, pare_err *err);
pare_status pr_gguf_tokenizer(pr_model *m, pare_err *err);

/* Limits that every GGUF of these architectures shares: windows, dynamic. */
int gguf_limits_common(const pr_model *m, pr_buf *why);
/* And of those whose runtime takes no table of frequencies: llama3, yarn beyond its defaults. */
int gguf_limits_no_table(const pr_model *m, pr_buf *why);
#endif
