/* opt_profile.c - where the choice's time goes, for the report. The only part of the report that is
 * measured after the choice; kept in the records like all that was measured. */
#include "opt.h"
#include "pare_code.h"
#include "profile/profile.h"

static pare_status key_of(const opt_job *j, const opt_variant *v, const opt_setting *s,
                          char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "profile", PARE_CODE);
    pr_key_str(&k, "variant", v->sha256);
    pr_key_str(&k, "machine", j->hw.id);
    pr_key_i64(&k, "threads", s->threads);
    pr_key_str(&k, "state", pr_type_get(s->state)->name);
    pr_key_str(&k, "level", pr_cpu_level(s->cpu_flags));
    return pr_key_end(&k, key, err);
}

static pare_status run(const opt_job *j, const opt_variant *v, const opt_setting *s, pare_doc **out,
                       pare_err *err) {
    pr_profile     *p;
    pr_doc_build    b = {0};
    pr_profile_opts o = {.so = {.n_threads = s->threads,
                                .state = s->state,
                                .cpu_flags = s->cpu_flags,
                                .reference = s->cpu_flags == 0}};
    PR_TRY(pr_profile_run(&p, v->path, &o, j->ctl, err));
    pare_doc *d = pr_doc_object(&b);
    pr_profile_put(&b, d, p, pr_profile_policy_default());
    pr_profile_free(p);
    return pr_doc_done(&b, d, out, err);
}

pare_status opt_profile(opt_job *j, const opt_variant *v, pr_doc_build *b, pare_doc *report,
                        pare_err *err) {
    char      key[65];
    pare_doc *d;
    pare_err  own = {0};
    if (!v || v->by || !v->path || !v->n_settings) return PARE_OK;
    const opt_setting *s = &v->settings[v->chosen];
    PR_TRY(key_of(j, v, s, key, err));
    PR_TRY(opt_find(j, key, "profile", &d, err));
    if (!d) {
        pare_status st = run(j, v, s, &d, &own);
        if (st == PARE_OK) st = opt_put(j, key, "profile", d, &own);
        if (st == PARE_EENV || st == PARE_EINPUT) { /* the report holds without it */
            opt_warn(j, "%s was not profiled: %s", v->name, own.msg);
            return PARE_OK;
        }
        if (st != PARE_OK) {
            if (err) *err = own;
            return st;
        }
    }
    pr_doc_set(b, report, "profile", d);
    return PARE_OK;
}
