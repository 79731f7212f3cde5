/* public_profile.c - include/pare/profile.h: a model by path in, a document out. */
#include "pare/profile.h"
#include "pare_version.h"
#include "profile.h"

static pare_status options(const pare_profile_opts *in, pr_profile_opts *o, pare_err *err) {
    *o = (pr_profile_opts){.text = {in->text, in->n_text},
                           .prompt = in->prompt_tokens,
                           .tokens = in->n,
                           .trace = in->trace,
                           .trace_limit = in->trace_limit,
                           .so = {.n_ctx = in->n_ctx, .exact = in->exact != 0}};
    return pr_state_type(in->state, &o->so.state, err);
}

/* The policy is read before anything is run: a mistake in it costs no time. */
static pare_status profile(const char *model, const pare_profile_opts *in, const pare_ctl *ctl,
                           pr_arena *a, pare_doc **out, pare_err *err) {
    pr_profile_opts   o;
    pr_profile       *p;
    pr_profile_policy policy = *pr_profile_policy_default();
    pr_doc_build      b = {0};
    PR_TRY(options(in, &o, err));
    if (in->policy) PR_TRY(pr_profile_policy_read(in->policy, a, &policy, err));
    PR_TRY(pr_profile_run(&p, model, &o, ctl, err));
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_str(&b, d, "pare", PARE_VERSION);
    pr_profile_put(&b, d, p, &policy);
    pr_profile_free(p);
    return pr_doc_done(&b, d, out, err);
}

pare_status pare_profile(const char *model, const pare_profile_opts *opts, const pare_ctl *ctl,
                         pare_doc **out, pare_err *err) {
    static const pare_profile_opts none = {0};
    *out = NULL;
    pr_arena *a = pr_arena_new((size_t)1 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = profile(model, opts ? opts : &none, ctl, a, out, err);
    pr_arena_free(a);
    return st;
}
