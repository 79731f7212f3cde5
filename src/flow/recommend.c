/* recommend.c - include/pare/recommend.h: brings model, target, rules and policy together. */
#include "pare/recommend.h"
#include <math.h>
#include "advise/advise.h"
#include "flow.h"
#include "gate/gate.h"
#include "target/target.h"

enum { ARENA = 16 << 20 };

/* The strictest share of the source's memory that the policy lets pass; NAN: it says nothing. */
static pare_status ratio_of(const char *policy, pr_arena *a, double *out, pare_err *err) {
    pr_policy p;
    *out = NAN;
    if (!policy) return PARE_OK;
    PR_TRY(pr_policy_read(policy, a, &p, err));
    for (size_t i = 0; i < p.n_gates; i++) {
        const pr_gate *g = &p.gates[i];
        bool           most = g->op == PR_OP_AT_MOST || g->op == PR_OP_BELOW;
        if (most && g->against == PR_AGAINST_SOURCE && strcmp(g->metric, "memory_ratio") == 0)
            *out = isnan(*out) ? g->threshold : PR_MIN(*out, g->threshold);
    }
    return PARE_OK;
}

static pare_status answer(const pare_doc *model, const pare_recommend_opts *o, pr_arena *a,
                          pr_rules *rules, pare_doc **out, pare_err *err) {
    pr_target     t;
    const char   *needs[PR_RULES_NEEDS];
    pr_advise_ask ask = {.model = model,
                         .target = &t,
                         .target_stated = o->target != NULL,
                         .purpose = o->purpose,
                         .style = o->style,
                         .needs = needs,
                         .n_needs = o->n_needs,
                         .context = o->context,
                         .max_bytes = o->max_bytes > 0 ? (int64_t)o->max_bytes : -1,
                         .max_memory = o->max_memory > 0 ? (int64_t)o->max_memory : -1};
    if (o->n_needs > PR_COUNT(needs))
        return pr_fail(err, PARE_EUSAGE, -1, "%zu needs; at most %zu", o->n_needs, PR_COUNT(needs));
    for (size_t i = 0; i < o->n_needs; i++) needs[i] = o->needs[i];
    PR_TRY(pr_rules_read(o->rules, a, rules, err));
    if (o->target) PR_TRY(pr_target_read(o->target, a, &t, err));
    else PR_TRY(pr_target_here(a, &t, err));
    PR_TRY(ratio_of(o->policy, a, &ask.max_ratio, err));
    return pr_advise(rules, &ask, out, err);
}

pare_status pare_recommend(const pare_model *m, const pare_recommend_opts *opts, pare_doc **out,
                           pare_err *err) {
    pare_recommend_opts none = {0};
    pare_doc           *model = NULL;
    pr_rules            rules = {0};
    *out = NULL;
    pr_arena *a = pr_arena_new(ARENA);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pare_assess(m, 0, NULL, &model, err);
    if (st == PARE_OK) st = answer(model, opts ? opts : &none, a, &rules, out, err);
    pr_rules_done(&rules);
    pare_doc_free(model);
    pr_arena_free(a);
    return st;
}
