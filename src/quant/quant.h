/* quant.h - the door of `quant`: which type each tensor gets.
 *
 *   const pr_mix *mix = pr_mix_get("Q4_K_M");                 // NULL: unknown, list by pr_mix_at
 *   pr_mix_shape  shape = {.n_layer = 22, .n_head = 32, .n_kv = 4, .n_attn_v = 22, .tied = false};
 *   pr_mix_count  count = {0};
 *   for each tensor, by layer, then by GGUF name (layerless ones first):
 *       if (pr_mix_wants(name, n_dims)) {
 *           pr_mix_choice c;
 *           pr_mix_choose(mix, &shape, &count, pr_mix_weight_of(name), layer, cols, &c);
 *           printf("%s: %s, %s\n", name, pr_type_get(c.type)->name, c.reason);
 *       }                                                     // else it stays as it is (F32)
 *
 * The choice is llama-quantize's (llama.cpp, src/llama-quant.cpp of llama-cpp-python 0.3.36,
 * November 2026), for the architectures that treat no tensor specially; Falcon and
 * GLM5-next, which it does treat so, are not known here. Everything is constant or the caller's:
 * any thread may call. */
#ifndef PR_QUANT_H
#define PR_QUANT_H
#include "tensor/tensor.h"

/* What a tensor does, as far as choosing its type goes. */
typedef enum {
    PR_MIX_OTHER,
    PR_MIX_TOKEN_EMBD,
    PR_MIX_OUTPUT,
    PR_MIX_ATTN_Q,
    PR_MIX_ATTN_K,
    PR_MIX_ATTN_V, /* also a fused q, k, v and MLA's kv_b */
    PR_MIX_ATTN_OUTPUT,
    PR_MIX_FFN_GATE,
    PR_MIX_FFN_UP,
    PR_MIX_FFN_DOWN
} pr_mix_weight;

/* From a GGUF name ("blk.3.attn_v.weight"). */
pr_mix_weight pr_mix_weight_of(const char *gguf_name);
/* Whether a tensor of that name and number of dimensions is quantized at all: not vectors,
 * norms, expert gates, position embeddings, small convolutions. */
bool pr_mix_wants(const char *gguf_name, int n_dims);

typedef struct pr_mix pr_mix;

/* By name, any case; "Q3_K", "Q4_K", "Q5_K" are the _M mixes. NULL if there is none. */
const pr_mix *pr_mix_get(const char *name);
/* The i-th mix, from 0; NULL beyond the last. */
const pr_mix *pr_mix_at(int i);
const char   *pr_mix_name(const pr_mix *m);
/* `general.file_type` of a GGUF file of this mix (llama_ftype). */
int     pr_mix_ftype(const pr_mix *m);
pr_type pr_mix_type(const pr_mix *m); /* what most tensors get */

typedef struct {
    int  n_layer;     /* all layers */
    int  n_head, n_kv; /* of the first layer; n_kv 0: it has no attention */
    int  n_expert;    /* 0: dense */
    int  n_attn_v;    /* tensors of PR_MIX_ATTN_V in the model */
    bool tied;        /* no output.weight: the embedding serves as one */
    bool has_imatrix;
    bool is_70b;      /* llama (n_head ≠ n_kv) or qwen2, 80 layers: llama.cpp's name for these */
} pr_mix_shape;

/* How many tensors of a kind were chosen for so far. {0} before the first. */
typedef struct {
    int attn_v, ffn_down;
} pr_mix_count;

typedef struct {
    pr_type type;
    pr_type wanted;      /* differs from `type` if the columns did not fit */
    char    reason[120]; /* a phrase: "default of Q4_K_M", "…: 100 columns are not …" */
} pr_mix_choice;

/* The type of the next tensor. `layer`: its block number, used with experts only; `cols`: the
 * length of its rows. Tensors that the user chose a type for are left out of the calls
 * altogether, as llama.cpp leaves them out of its counts. */
void pr_mix_choose(const pr_mix *m, const pr_mix_shape *shape, pr_mix_count *count, pr_mix_weight w,
                   int layer, int64_t cols, pr_mix_choice *out);

/* `wanted` if rows of `cols` values are whole blocks of it, else the type that llama.cpp falls back
 * to (at last F16). */
pr_type pr_mix_fit(pr_type wanted, int64_t cols);
#endif
