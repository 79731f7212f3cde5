/* plan.h - the graph made ready to run: fused steps, and where each value lies.
 * Private to `engine`. */
#ifndef PR_PLAN_H
#define PR_PLAN_H
#include "engine.h"

typedef enum {
    STEP_EMBED,
    STEP_NORM,   /* RMS of one value; perhaps quantised for the products that follow */
    STEP_LINEAR, /* up to three products of one input; each may add a bias and a residual */
    STEP_QK,     /* rotate q and k, put k and v into the state */
    STEP_ATTN,
    STEP_GLU,
    STEP_ADD,
    STEP_ACTS /* quantise a value whose producer works head by head */
} pr_step_kind;

enum { PR_PRODUCTS = 3 };

typedef struct {
    const pr_weight *w;
    const float     *bias; /* decoded copy, or NULL */
    pr_val           out, add; /* add: residual, -1 none */
} pr_product;

typedef struct {
    pr_step_kind kind;
    int          layer;
    pr_val       in[3], out;
    bool         acts; /* also write the 8-bit form of `out` */
    bool         tail; /* after the layers: only the tokens whose logits are wanted */
    /* NORM */
    const float *norm;
    int          group;
    /* LINEAR */
    pr_product p[PR_PRODUCTS];
    int        n_products;
    /* QK */
    bool pairs_q, pairs_k;
} pr_step;

typedef struct {
    pr_step *steps;
    int      n_steps;
    int     *slot;       /* of each value */
    int     *slot_width; /* floats per token */
    int      n_slots;
    int     *acts;       /* of each value: slot of its 8-bit form, -1 none */
    int     *acts_width;
    int      n_acts;
    int      max_cols;   /* widest input of a product */
    int      max_group;  /* most query heads on one kv head */
    int      max_head;
} pr_plan;

/* Is this weight multiplied with 8-bit activations under these options? */
bool pr_plan_int8(const pr_weight *w, const pr_session_opts *o);
/* Into the arena. Norms and biases are decoded there. */
pare_status pr_plan_make(pr_plan *p, const pr_model *m, const pr_session_opts *o,
                         const pr_kernels *k, pr_arena *a, pare_err *err);
#endif
