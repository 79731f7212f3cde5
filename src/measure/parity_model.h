/* parity_model.h - two models that compute different functions: which number or weight it is.
 * Part of measure's door. */
#ifndef PR_PARITY_MODEL_H
#define PR_PARITY_MODEL_H
#include "model/model.h"

/* What `b` says or holds otherwise than the reference `a`, as lines of `why`, grossest first told
 * once for all layers: numbers of the description, then weights, with what they look like (the
 * transpose, another weight's place). Weights are compared by a sample of rows, as values, so the
 * formats may differ. Returns how many lines; 0: nothing that rounding would not do. */
int pr_model_differences(const pr_model *a, const pr_model *b, pr_buf *why);
#endif
