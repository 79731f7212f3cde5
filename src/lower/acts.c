/* acts.c - which products are made with whole numbers on both sides: those whose inputs 256 levels
 * of one scale hold. */
#include "acts.h"
#include <stdio.h>

/* One scale a row: both runtimes sum whole numbers along it. */
static const pr_group_spec ROWS = {
    .bits = 8, .group = 0, .rule = PR_GROUP_SYM, .scale = PR_F32, .twos = true};

const pr_act *pr_act_of(const pr_pack_job *job, const pr_outline *o, const pr_item *it) {
    return job->acts && it->as.group == &ROWS ? &job->acts[it->w - o->m->weights] : NULL;
}

static pare_status choose_one(const pr_outline *o, const pr_pack_job *job, pr_item *it,
                              pare_err *err) {
    const pr_act *a = &job->acts[it->w - o->m->weights];
    it->asked = &ROWS;
    if (a->step > 0 && a->error <= PR_ACT_ERROR) {
        it->as.group = &ROWS;
        return PARE_OK;
    }
    snprintf(it->choice.why, sizeof it->choice.why,
             a->step > 0 ? "its inputs have outliers: rounded with one scale they would err by "
                           "%.2g, at most %.2g"
                         : "the text shows none of its inputs",
             a->error, PR_ACT_ERROR);
    if (!job->strict) return PARE_OK;
    return pr_fail(err, PARE_EREFUSED, -1, "tensor '%s': %s, and --strict was given", it->name,
                   it->choice.why);
}

pare_status pr_acts_choose(pr_outline *o, const pr_pack_job *job, pare_err *err) {
    for (int i = 0; job->acts && i < o->n; i++)
        if (o->items[i].n_dims == 2 && o->items[i].w->id.layer >= 0)
            PR_TRY(choose_one(o, job, &o->items[i], err));
    return PARE_OK;
}
