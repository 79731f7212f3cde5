/* overlay.h - a model with some of its matrices replaced, without writing a file, and how far its
 * next-token distributions are from the original's. Part of quant's door.
 *
 *   pr_coded   *q4;
 *   pr_overlay *o;
 *   PR_TRY(pr_coded_new(&q4, m, 7, PR_Q4_K, importance, ctl, err));   // weight 7 as Q4_K
 *   PR_TRY(pr_overlay_new(&o, m, err));
 *   pr_overlay_put(o, 7, q4);
 *   const pr_model *with = pr_overlay_model(o);                       // runs like any other
 *   PR_TRY(pr_divergence(m, &with, 1, &text, ctl, &kld, err));
 *
 * The overlaid model computes the very bits of the GGUF file in which these tensors have these
 * types and all others their own: a matrix is encoded by what writes files, in the same order of
 * rows. The model and what was put must outlive the overlay. */
#ifndef PR_OVERLAY_H
#define PR_OVERLAY_H
#include "convert/convert.h"
#include "model/model.h"

/* One matrix as a GGUF file would hold it. */
typedef struct {
    pr_tensor tensor; /* its data are owned */
    pr_type   type;
    pr_xf     xf;
    int       d_head;
    pr_sha256 hash; /* of the data */
    double
        error; /* sum over its values of (stored - original)², times the column's importance */
} pr_coded;
/* Encode m->weights[weight]. `importance`: of its columns, for the encoder and for `error`; NULL:
 * all 1 (and the encoder searches as it does without). EINPUT as writing a file would say it. */
pare_status pr_coded_new(pr_coded **out, const pr_model *m, int weight, pr_type type,
                         const float *importance, const pare_ctl *ctl, pare_err *err);
void        pr_coded_free(pr_coded *c); /* NULL is fine */

typedef struct pr_overlay pr_overlay;
pare_status     pr_overlay_new(pr_overlay **out, const pr_model *m, pare_err *err);
void            pr_overlay_free(pr_overlay *o); /* NULL is fine */
/* `c` in place of the weight; NULL: the model's own again. Not while a session of it is open. */
void            pr_overlay_put(pr_overlay *o, int weight, const pr_coded *c);
const pr_model *pr_overlay_model(const pr_overlay *o);

/* Mean Kullback-Leibler divergence (nats a token) of each model's next-token distribution from
 * that of `ref`, over all tokens of `t`; kld[n]. All run side by side, PR_DIVERGENCE_MODELS at a
 * time; logits are never kept. The same for every number of threads. EINPUT: logits that are not
 * finite, vocabularies of different sizes; else what a session may say. */
enum { PR_DIVERGENCE_MODELS = 8 };
pare_status pr_divergence(const pr_model *ref, const pr_model *const *models, int n,
                          const pr_calib_text *t, const pare_ctl *ctl, double *kld, pare_err *err);
#endif
