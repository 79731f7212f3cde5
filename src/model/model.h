/* model.h - a model read once into one description: hyper-parameters, one record
 * per layer, a graph, weights that stay in the mapped file, the tokenizer.
 *
 *   pr_model *m;
 *   PR_TRY(pr_model_open(&m, "phi3.gguf", err));
 *   for (int i = 0; i < m->n_weights; i++) … m->weights[i].id.role …
 *   pr_model_close(m);
 *
 * A model never changes once open: any number of threads may read it. All that
 * is reached from it is borrowed and lives until pr_model_close(). No code
 * outside this room asks for an architecture's name: it reads the records, the
 * graph and the tables. */
#ifndef PR_MODEL_H
#define PR_MODEL_H
#include "base/base.h"
#include "codec/codec.h"
#include "doc/doc.h"
#include "format/format.h"
#include "kernel/kernel.h"
#include "tensor/tensor.h"
#include "token/token.h"
#include "pare/model.h"

/* ------------------------------------------------------------------ numbers */

enum {
    PR_HAS_QK_NORM = 1,   /* RMS over each head of q and k */
    PR_HAS_QKV_BIAS = 2,
    PR_HAS_O_BIAS = 4,
    PR_HAS_FFN_BIAS = 8,
};

/* One per layer: nobody may ask for "the" number of heads. */
typedef struct {
    int      n_head, n_kv, d_head, d_ff;
    int      rope;  /* index in hp.ropes, -1: none */
    int64_t  left;  /* earlier positions a token sees besides itself; -1: all */
    float    scale; /* of q·k */
    unsigned has;
} pr_layer;

typedef struct {
    int       n_layer, n_vocab, d_model, n_ropes;
    int64_t   n_ctx; /* positions it was made for */
    float     rms_eps;
    bool      tied;  /* the head is the embedding */
    pr_layer *layers;
    pr_rope  *ropes;
    int64_t   bos, pad; /* -1: none stated */
    int64_t   eos[8];
    int       n_eos;
} pr_hp;

/* ------------------------------------------------------------------ weights */

typedef enum {
#define ROLE(name, text, class) PR_ROLE_##name,
#include "roles.def"
#undef ROLE
    PR_ROLE_N
} pr_role;

typedef enum {
    PR_CLASS_EMBED,
    PR_CLASS_MATRIX,
    PR_CLASS_NORM,
    PR_CLASS_BIAS,
    PR_CLASS_TABLE
} pr_role_class;
/* A role's name for people and tables ("attention query"), and what kind of tensor it is; both
 * for any role below PR_ROLE_N. */
const char   *pr_role_name(pr_role r);
pr_role_class pr_role_class_of(pr_role r);

typedef struct {
    pr_role role;
    int     layer; /* -1: of the whole model */
} pr_tid;

/* From stored to canonical. Canonical is the operand that transformers
 * multiplies by: [out, in], heads rotating in halves. */
typedef enum {
    PR_XF_NONE,
    PR_XF_PAIRS, /* stored with rotating pairs adjacent; rows permuted in each head of `d_head` */
} pr_xf;

typedef struct {
    pr_tid           id;
    const pr_tensor *src;  /* name, type, shape and bytes as stored; in groups: the codes */
    int64_t          rows, cols; /* canonical shape; a vector has 1 row */
    pr_xf            xf;
    int              d_head; /* of PR_XF_PAIRS */
    int64_t stride; /* > 0: floats that lie turned, [cols, rows]; values between one and the next of
                       a row */
    /* A matrix of whole numbers in groups (MLX, ONNX) lies in two or three tensors; else NULL. */
    const pr_group_spec *group;
    const pr_tensor     *scales, *offsets; /* offsets NULL: symmetric groups have none */
} pr_weight;

/* The row of the stored tensor that holds canonical row `row`. */
int64_t pr_weight_stored_row(const pr_weight *w, int64_t row);
/* Bytes of one stored row of `src`. */
uint64_t pr_weight_row_bytes(const pr_weight *w);
/* Bytes of all its tensors. */
uint64_t pr_weight_bytes(const pr_weight *w);
/* "BF16", "Q4_K", "mlx4 g64". */
void pr_weight_type_name(const pr_weight *w, char dst[32]);
/* Can pare read its values? */
bool pr_weight_readable(const pr_weight *w);
/* Stored rows `row` … row + n - 1 as floats, w->cols apart: the one way to a weight's values.
 * The weight must be readable. The same bits at every level of SIMD. Any thread. */
void pr_weight_decode(const pr_weight *w, const pr_kernels *k, int64_t row, int64_t n,
                      float *dst);
/* Where the groups of stored row `row` lie. `w` must be in groups. */
typedef struct {
    const uint8_t *codes, *scales, *offsets;
} pr_weight_parts;
pr_weight_parts pr_weight_parts_at(const pr_weight *w, int64_t row);

/* ------------------------------------------------------------------ graph */

typedef enum {
#define OP(name, n_in, text) PR_OPC_##name,
#include "ops.def"
#undef OP
    PR_OPC_N
} pr_opcode;

typedef int16_t pr_val; /* index of a value, -1 none */

typedef struct {
    pr_opcode   op;
    int     layer;          /* -1: outside the layers */
    pr_val  in[3], out;
    int     w, bias;        /* indices of weights, -1 none (LINEAR, RMS, EMBED) */
    int     group;          /* RMS: values that are normalised together */
    int     n_head, d_head; /* ROPE */
} pr_node;

typedef struct {
    pr_node *nodes;
    int      n_nodes, n_vals;
    int     *width; /* of each value, floats per token */
    pr_val   logits;
} pr_graph;

/* ------------------------------------------------------------------ model */

typedef struct pr_arch pr_arch;
/* PLAIN: names by role alone, for formats whose graph names its own weights (ONNX, OpenVINO); no
 * architecture has words of its own there.
 * MLX: Hugging Face's names. */
typedef enum {
    PR_DIALECT_HF,
    PR_DIALECT_GGUF,
    PR_DIALECT_MLX,
    PR_DIALECT_PLAIN,
    PR_DIALECT_N
} pr_dialect;
/* "GGUF", "a Hugging Face directory" …: in errors. */
const char *pr_dialect_name(pr_dialect d);

/* A chat template that is asked for by its name ("tool_use"). */
typedef struct {
    const char *name, *text;
} pr_named_chat;

typedef struct pare_model pr_model;
struct pare_model {
    pr_arena     *arena;
    char         *path;
    pr_dialect    dialect; /* what it was read from */
    bool mlx; /* a Hugging Face directory that mlx-lm wrote: its words for rope count */
    const pr_arch *arch;
    pr_container *file;
    pr_tokenizer *tok;     /* NULL with the reason in `no_tok` */
    pare_err      no_tok;
    pr_hp         hp;
    pr_weight    *weights;
    int           n_weights;
    pr_graph      graph;
    pare_doc     *config;  /* config.json of a Hugging Face directory, else NULL */
    char         *name;    /* for people: the folder's or general.name */
    char         *chat_template; /* or NULL */
    pr_named_chat *chats;        /* those beside it */
    int           n_chats;
    int           n_rounded; /* places where its own runtime rounds what it computes to bytes */
};

/* Open a Hugging Face directory, a GGUF file, or a directory with model.onnx or
 * openvino_model.xml. Every offset,
 * size and shape is
 * checked before this returns; weights are not read. */
pare_status pr_model_open(pr_model **out, const char *path, pare_err *err);
void        pr_model_close(pr_model *m);

/* The chat template of a folder's tokenizer files, from the arena; *out NULL: none. */
pare_status pr_model_template(const char *dir, pr_arena *a, char **out, pare_err *err);

/* Build m->graph from m's numbers, architecture and weights, in m->arena: for who makes a model of
 * another one's parts. PARE_EINPUT: a weight lacks. */
pare_status pr_model_graph(pr_model *m, pare_err *err);

/* PARE_OK if the model has a usable tokenizer, else the reason why not. */
pare_status pr_model_tokenizer(const pr_model *m, pare_err *err);

/* Index of that weight in m->weights, -1 if the model has none. */
int pr_model_weight(const pr_model *m, pr_role role, int layer);

/* "llama", …: for people and records, never for decisions. */
const char *pr_model_arch_name(const pr_model *m);
int64_t     pr_model_n_params(const pr_model *m); /* values of all weights; a tied head once */
uint64_t    pr_model_weight_bytes(const pr_model *m);

/* Name and transform of a role in a dialect, written into `name`; false if the dialect has no
 * place for it. `xf` as in pr_weight: what a writer of that dialect must apply. */
bool pr_model_spell(const pr_model *m, pr_dialect d, pr_tid id, char name[128], pr_xf *xf,
                    int *d_head);
/* The architecture's name in a dialect ("LlamaForCausalLM", "llama"), NULL: it has none there. */
const char *pr_model_name_in(const pr_model *m, pr_dialect d);

/* config.json's model_type of this architecture. */
const char *pr_model_hf_type(const pr_model *m);

/* Why the dialect cannot express this model, one reason a line into `why`; returns their number. */
int pr_model_inexact_in(const pr_model *m, pr_dialect d, pr_buf *why);

/* Every weight holds finite numbers? Names the first that does not (row, column). Reads all
 * weights. */
pare_status pr_model_check_finite(const pr_model *m, const pare_ctl *ctl, pare_err *err);

/* SHA-256 over all that defines the model: every file's bytes in a fixed order. Reads all. */
pare_status pr_model_hash(const pr_model *m, const pare_ctl *ctl, pr_sha256 *out, pare_err *err);
#endif
