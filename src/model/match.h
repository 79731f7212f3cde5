/* match.h - what a foreign graph's values mean, found from its inputs on. Private to this room.
 *
 * Each value gets a meaning from the meanings that its node reads: "rows looked up", "normalised",
 * "the product with that matrix", "the attention of layer 3". A reader says for each operator which
 * rule it is; a node to which no rule gives a meaning is an error that names it, and so is what is
 * made and never read: nothing is passed over. Names decide nothing. */
#ifndef PR_MATCH_H
#define PR_MATCH_H
#include "arch.h"
#include "calc/calc.h"

typedef pr_calc_mat mt_mat;

typedef enum {
    MT_NONE,
    MT_CONST, /* the constant itself */
    MT_IDS, MT_MASK, MT_POS, MT_PAST,
    MT_INTS,     /* whole numbers of masks and shapes: `word` says which */
    MT_SIZE,     /* a number of shapes and positions alone: harmless where nobody reads it */
    MT_ROWS,     /* a matrix [rows, cols] that was made of constants */
    MT_RES,      /* the residual stream, `stage` halves of layers after the embedding */
    MT_NORM,     /* normalised: of stage `stage` */
    MT_LINEAR,   /* mat · `of` + bias */
    MT_SLICE,    /* `count` values of `of` from `first` on */
    MT_HEADS,    /* `of` with an axis for heads of `count` */
    MT_HNORM,    /* each head of `of` normalised (heads still apart) */
    MT_QNORM,    /* the same, heads joined again */
    MT_ROPE,     /* `of` rotated by tables cos and sin */
    MT_ATTN,     /* of layer `stage`, not yet through its output matrix */
    MT_SIGMOID, MT_SILU, /* of `of` */
    MT_GLU,      /* silu(of) · of2 */
    MT_STATE     /* keys or values that leave the graph */
} mt_kind;

typedef struct {
    mt_kind kind;
    int of, of2, stage;
    int64_t first, count;
    const pr_fg_const *w, *bias, *cos, *sin;
    const char *w_name;
    double eps;
    mt_mat mat;
    const char *word; /* INTS */
    int64_t number;   /* INTS: that the word needs */
} mt_sym;

/* A vector of the model in its place. */
typedef struct {
    const pr_fg_const *c;
    const char *name;
} mt_vec;

/* One of q, k, v: rows first … first + count - 1 of a product, and what happened to them. */
typedef struct {
    int linear; /* value */
    int64_t first, count;
    mt_vec norm;
    const pr_fg_const *cos, *sin;
} mt_proj;

typedef struct {
    pr_model *m;
    const pr_fgraph *g;
    mt_sym
        *sym; /* of each value; then one for each node, for what it makes but hands to nobody */
    int n_layer;      /* layers that the graph has: its attentions */
    int next_layer;   /* attentions seen so far */
    mt_vec *norms;    /* of each stage */
    int *res;         /* value of each stage */
    const pr_fg_const *cos, *sin;
    double eps;       /* of all norms; negative: none seen */
    bool logits;
    pr_weight *slot;  /* (layer + 1) * PR_ROLE_N + role */
    pare_err *err;
} mt;

/* Values of the last axis before heads were set apart; -1: not of the stream. */
int64_t mt_width(const mt *t, int v);
pare_status mt_open(mt *t, pr_model *m, const pr_fgraph *g, int n_layer, pare_err *err);

/* ------------------------------------------------------------------ rules
 * Each gives value `out` its meaning, or fails with the node's name. */

pare_status mt_embed(mt *t, const pr_fg_node *n, int out, const mt_mat *rows);
pare_status mt_norm(mt *t, const pr_fg_node *n, int x, int w, double eps, int out);
pare_status mt_linear(mt *t, const pr_fg_node *n, int x, const mt_mat *w, int out);
pare_status mt_bias(mt *t, const pr_fg_node *n, int x, int bias, int out);
/* The sum of a residual stream and what a block made of it. */
pare_status mt_add(mt *t, const pr_fg_node *n, int a, int b, int out);
pare_status mt_slice(mt *t, const pr_fg_node *n, int x, int64_t first, int64_t count, int out);
pare_status mt_heads(mt *t, const pr_fg_node *n, int x, int64_t d_head, int out);
pare_status mt_join(mt *t, const pr_fg_node *n, int x, int64_t width, int out);
pare_status mt_rope(mt *t, const pr_fg_node *n, int x, const pr_fg_const *cos,
                    const pr_fg_const *sin, int out);
pare_status mt_act(mt *t, const pr_fg_node *n, int x, mt_kind kind, int out);
pare_status mt_mul(mt *t, const pr_fg_node *n, int a, int b, int out);
/* The next layer's attention. k and v -1: q holds all three, one behind the other. `scale` 0: the
 * usual one; cos NULL: what the projections had. */
typedef struct {
    int q, k, v, n_head, n_kv;
    int64_t left;
    double scale;
    const pr_fg_const *cos, *sin;
} mt_attention;
pare_status mt_attn(mt *t, const pr_fg_node *n, const mt_attention *a, int out);

/* Everything that no rule took is an error; then hp and weights of the model. */
pare_status mt_close(mt *t, pare_err *err);

/* The output of the model: after the last norm, through the head. */
pare_status mt_is_logits(mt *t, int v);

/* MatMulNBits of ONNX Runtime (onnx_model.c). */
pare_status mt_n_bits(mt *t, const pr_fg_node *n);

/* ------------------------------------------------------------------ ov_model.c */

/* A graph in OpenVINO's words (pr_calc_from_onnx brings ONNX to them): masks, shapes and angles
 * computed, the rest matched; then settled with what stands in `dir`. */
pare_status mt_traced(pr_model *m, const pr_fgraph *g, const char *dir, pare_err *err);

/* ------------------------------------------------------------------ settle.c */

/* What stands beside the graph. */
typedef struct {
    const char *type; /* "llama", NULL: not said */
    int64_t n_ctx;    /* 0: not said */
} mt_said;
/* hp.layers and sizes are filled: choose the architecture, find the rotation, compare with
 * config.json if there is one in `dir` (NULL: nothing is beside the graph). */
pare_status mt_settle(mt *t, const char *dir, const mt_said *said, pare_err *err);
/* The rotation of tables [positions, dim / 2], or of dim / 2 frequencies in t->cos and a magnitude
 * in t->sin, into hp.ropes[0]; `known` NULL or what it must be. */
pare_status mt_rope_of(mt *t, const pr_rope *known, int64_t n_ctx, pare_err *err);
#endif
