/* acts.h - which products are made with whole numbers on both sides. Private to `lower`. */
#ifndef PR_LOWER_ACTS_H
#define PR_LOWER_ACTS_H
#include "lower.h"

/* What the product with weight `w` of the model rounds its input to, or NULL: nothing. */
const pr_act *pr_act_of(const pr_pack_job *job, const pr_outline *o, const pr_item *it);
/* With job->acts: the layers' matrices that can be multiplied so get int8 a row in place of the
 * groups that they have, the others say why not. EREFUSED: one cannot, and job->strict. */
pare_status pr_acts_choose(pr_outline *o, const pr_pack_job *job, pare_err *err);
#endif
