/* quant.h - the door of `quant`: which type each tensor gets, and which of its columns matter.
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
#include "convert/convert.h"
#include "engine/engine.h"
#include "model/model.h"
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

/* ------------------------------------------------------------------ calibration
 *
 *   pr_calib_text text;
 *   pr_calib     *c;
 *   PR_TRY(pr_calib_text_cut(&text, m, bytes, &(pr_calib_opts){0}, ctl, arena, err));
 *   PR_TRY(pr_calib_run(&c, m, &text, &(pr_calib_opts){0}, ctl, arena, err));
 *   const float *w = pr_calib_of(c, "blk.0.attn_q.weight", cols);    // NULL: nothing is known
 *   pr_encode_get(k, PR_Q4_K)(dst, row, cols, w);
 *
 * How much each column of a matrix matters: the mean square of what it is multiplied by when the
 * model reads a text, llama.cpp's importance matrix. Sums are doubles over tokens in their order:
 * the same for every number of threads and level of SIMD. Everything lives in the arena. */

typedef struct {
    int64_t window;     /* tokens a piece; 0: 512, or the model's context if that is less */
    int64_t max_tokens; /* at most so many, pieces evenly from the whole text; 0: 16,384 */
    bool    no_head;    /* leave out what the output matrix is multiplied by, as llama-imatrix does;
                           then the head need not be computed */
    const char *dataset; /* the text's name, for the file; NULL: "" */
} pr_calib_opts;

/* Pieces of a text, each by itself. Where the tokenizer adds BOS it stands in place of each piece's
 * first token, as in llama-imatrix; what does not fill the last piece is left out. */
typedef struct {
    const pr_id *ids; /* [n_windows][window] */
    int64_t window, n_windows;
    int64_t n_all;    /* tokens of the whole text */
} pr_calib_text;
enum { PR_CALIB_LEAST = 64 }; /* tokens */
/* A GGUF file's key: the SHA-256 of the text that it was calibrated on. */
#define PR_CALIB_HASH_KEY "pare.calibration.sha256"
/* PARE_EINPUT: empty, not UTF-8 (the position is named), fewer than PR_CALIB_LEAST tokens;
 * EUSAGE: a window past the model's context; without a tokenizer the model's reason. */
pare_status pr_calib_text_cut(pr_calib_text *out, const pr_model *m, pr_str text,
                              const pr_calib_opts *o, const pare_ctl *ctl, pr_arena *a,
                              pare_err *err);

typedef struct pr_calib pr_calib;
/* Read the text with the model (float arithmetic, threads of `ctl`). PARE_EINPUT: something is
 * not finite; else what a session may say. */
pare_status pr_calib_run(pr_calib **out, const pr_model *m, const pr_calib_text *t,
                         const pr_calib_opts *o, const pare_ctl *ctl, pr_arena *a, pare_err *err);
/* The mean squares of a matrix's `cols` inputs by its GGUF name; NULL: it is not among them, or has
 * another number of columns. Never all 0: a matrix that only ever saw zeros has NULL. */
const float *pr_calib_of(const pr_calib *c, const char *gguf_name, int64_t cols);
/* How many matrices; the name, columns and tokens of the i-th, by name. */
int  pr_calib_count(const pr_calib *c);
void pr_calib_at(const pr_calib *c, int i, const char **name, int64_t *cols, int64_t *tokens);
/* The i-th's mean squares, [cols]. */
const float *pr_calib_mean2_at(const pr_calib *c, int i);

/* Whole numbers of 8 bits for what a matrix is multiplied by, one scale for all: x is taken as
 * step · (q - zero), q the nearest of 0 … 255. */
typedef struct {
    float step; /* 0: nothing is known */
    int   zero;
} pr_act_scale;
/* 256 levels from `lo` to `hi` (0 always among them). */
pr_act_scale pr_act_scale_of(float lo, float hi);
typedef struct {
    pr_act_scale scale;
    float        lo, hi; /* the ends that were seen */
    double       error;  /* Σ(x - rounded x)² / Σx² */
} pr_act_range;
/* Read the text as pr_calib_run() does: (*out)[i] for weight i of the model, those of the layers'
 * matrices, with the scale of least squared error, ends that are rare cut off. */
pare_status pr_ranges_run(pr_act_range **out, const pr_model *m, const pr_calib_text *t,
                          const pare_ctl *ctl, pr_arena *a, pare_err *err);

/* llama.cpp's file of it (GGUF, general.type "imatrix": per matrix NAME.in_sum2 and NAME.counts),
 * as llama-imatrix of 2026 writes it. Reading is strict. PARE_EUNSUPPORTED: the older format
 * ("dat"); PARE_EINPUT: anything that is not whole, not F32, not finite, negative, or without its
 * pair. */
pare_status pr_imatrix_read(pr_calib **out, const char *path, pr_arena *a, pare_err *err);
/* The same of a container that is open; it is read, not kept. */
pare_status pr_imatrix_take(pr_calib **out, const pr_container *f, pr_arena *a, pare_err *err);
pare_status pr_imatrix_write(const pr_calib *c, const char *path, pare_err *err);

/* ------------------------------------------------------------------ error feedback
 *
 *   PR_TRY(pr_recode_run(&r, m, choose, user, &text, &(pr_recode_opts){out, true}, ctl, a, err));
 *   job.choose = pr_recode_choose, job.user = r;
 *   st = pr_convert_gguf(pr_recode_model(r), &job, ctl, a, &written, err);
 *   pr_recode_close(r);
 *
 * The matrices of a model as blocks, made before the file is written: what each should become
 * depends on what the model computes with the text, and on the errors of those before it (GPTQ).
 * An embedding that is the head too has no feedback: it is read row by row as well. Types without
 * levels to choose (Q8_0) have none either. Vectors, floats and what is in blocks of its type
 * already are left to the writer. The same bytes for every number of threads, level of SIMD and
 * amount of memory. */

typedef struct {
    const char *near;  /* made blocks lie in a nameless file beside this path until close */
    bool feedback; /* else every row is encoded by itself, with the weight that it was given */
} pr_recode_opts;

typedef struct pr_recode pr_recode;
/* `choose` is asked as pr_convert_gguf would; `t` is not read without feedback. The arena and what
 * `choose` gave must outlive `*out`. ENOMEM, EENV (disk); EUSAGE: a matrix has more columns than
 * work_memory_bytes allows; what a session may say. */
pare_status pr_recode_run(pr_recode **out, const pr_model *m, pr_choose_fn choose, void *user,
                          const pr_calib_text *t, const pr_recode_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pare_err *err);
/* The model with its new matrices in place of the old; all else is `m`'s, which must stay. */
const pr_model *pr_recode_model(const pr_recode *r);
/* A pr_choose_fn for the writer; `user` is the pr_recode. */
pare_status pr_recode_choose(void *user, const pr_model *m, const pr_weight *w, const char *name,
                             pr_choice *out, pare_err *err);
/* How many matrices were made here. */
int  pr_recode_count(const pr_recode *r);
/* The report of the writer says what they were made from: the weights of `source`. */
void pr_recode_report(const pr_recode *r, const pr_model *source, pr_written *w);
void pr_recode_close(pr_recode *r); /* NULL is fine */

#include "mixed.h" /* types for a budget: alloc.h, overlay.h, mixed.h are part of this door */
#endif
