/* ready_robust.c - the third part: figures of robust_noise.c and ends of robust_probe.c as
 * checks. */
#include <math.h>
#include <stdio.h>
#include "ready_job.h"

static const char *const noises[PR_NOISES] = {NULL, "robustness.noise", "robustness.typos",
                                              "robustness.case", "robustness.whitespace"};
static const char *const probed[] = {"robustness.past-context", "robustness.empty",
                                     "robustness.hostile", "robustness.special-tokens",
                                     "robustness.repeat", "robustness.threads"};

static void undecided(ready_job *j, const char *id, const char *closes, const char *why) {
    pr_check_say(ready_check(j, id), PR_CHECK_UNDECIDED, closes, "%s", why);
}

static void no_noise(ready_job *j, const char *closes, const char *why) {
    for (int k = 1; k < PR_NOISES; k++) undecided(j, noises[k], closes, why);
    undecided(j, "robustness.long-context", closes, why);
}

static void noise(ready_job *j, const pr_robust_result *r) {
    static const char more[] =
        "pare gate DIR --ready --passages N with more, or a variant of more bits";
    for (int k = 1; k < PR_NOISES; k++) {
        const pr_noise_result *x = &r->noise[k];
        pr_check              *c = ready_check(j, noises[k]);
        pr_check_judge(c, &x->extra,
                       ready_text(j, "the source's loss grows by %.3g %%, that of %s beyond it by",
                                  100 * x->source_loss.value, j->name), more);
        pr_check_note(c, j->text_path, 0, -1,
                      ready_text(j,
                                 "%lld passages; same token %.1f %% (clean %.1f %%), "
                                 "divergence %.3g nats (clean %.3g)",
                                 (long long)r->n_passages, 100 * x->agreement.value,
                                 100 * r->noise[0].agreement.value, x->kld.value,
                                 r->noise[0].kld.value));
    }
    pr_check *c = ready_check(j, "robustness.long-context");
    if (!pr_est_ok(&r->long_extra)) {
        undecided(j, "robustness.long-context", "give a longer text: -f FILE",
                  r->long_extra.why ? r->long_extra.why : "no bounds");
        return;
    }
    pr_check_judge(c, &r->long_extra,
                   ready_text(j, "loss over the source's at positions %lld to %lld",
                              (long long)(r->long_ctx - r->long_ctx / 4),
                              (long long)r->long_ctx),
                   more);
    pr_check_note(
        c, j->text_path, 0, -1,
        ready_text(j, "%lld contexts of %lld positions%s", (long long)r->n_windows,
                   (long long)r->long_ctx,
                   r->long_whole ? ", all that the model has" : "; the model has more: -c N"));
}

static void probe(ready_job *j, const char *id, const pr_prompt_trial *p) {
    pr_check *c = ready_check(j, id);
    pr_check_say(c, p->end == PR_TRIAL_BAD ? PR_CHECK_FAIL : PR_CHECK_PASS,
                 "report it: this should not happen", "%s: %s", p->name, p->what);
    pr_check_note(c, NULL, 0, -1, ready_text(j, "%s: %s", p->name, p->what));
}

static void hostile(ready_job *j, const pr_trials *p) {
    pr_check *c = ready_check(j, "robustness.hostile");
    int       bad = 0, refused = 0;
    for (int pass = 0; pass < 2; pass++) /* what went wrong first */
        for (int i = 0; i < p->n_hostile; i++) {
            const pr_prompt_trial *x = &p->hostile[i];
            if ((x->end == PR_TRIAL_BAD) != (pass == 0)) continue;
            bad += x->end == PR_TRIAL_BAD;
            refused += x->end == PR_TRIAL_REFUSED;
            pr_check_note(c, NULL, 0, -1, ready_text(j, "%s: %s", x->name, x->what));
        }
    pr_check_say(
        c, bad ? PR_CHECK_FAIL : PR_CHECK_PASS, "report it: this should not happen",
        "%d inputs: %d computed to finite scores, %d refused with a message, %d went wrong",
        p->n_hostile, p->n_hostile - bad - refused, refused, bad);
}

static pare_status run_noise(ready_job *j, const pr_robust_opts *o, pr_robust_result *r,
                             pare_err *err) {
    pr_str   text;
    pare_err own = {0};
    if (!j->source) {
        no_noise(j, "pare gate DIR --ready --against SRC",
                 "the source that the report was made of is not there");
        return PARE_OK;
    }
    if (!j->text_path) {
        no_noise(j, "pare gate DIR --ready -f TEXT", "no text to try it on");
        return PARE_OK;
    }
    pare_status st = pr_file_read(j->text_path, (size_t)64 << 20, j->a, &text, &own);
    if (st == PARE_OK) st = pr_robust_noise(j->source, j->model, text, o, j->ctl, r, &own);
    if (st == PARE_OK) noise(j, r);
    else if (st == PARE_ENOMEM || st == PARE_ECANCELLED || st == PARE_EINTERNAL)
        return *err = own, st;
    else no_noise(j, "pare gate DIR --ready -f TEXT", ready_text(j, "%s", own.msg));
    return PARE_OK;
}

pare_status ready_robust(ready_job *j, pare_err *err) {
    pr_robust_opts o = {.n_passages = j->o->passages,
                        .most_ctx = j->o->n_ctx,
                        .n_threads = j->ctl ? j->ctl->n_threads : 0,
                        .state = j->state,
                        .seed = j->o->seed};
    pr_robust_result r = {0};
    pr_trials        p = {0};
    pare_err         own = {0};
    if (!j->model) {
        no_noise(j, "make the artefact again", "the artefact cannot be opened");
        for (size_t i = 0; i < PR_COUNT(probed); i++)
            undecided(j, probed[i], "make the artefact again", "the artefact cannot be opened");
        undecided(j, "robustness.finite", "make the artefact again",
                  "the artefact cannot be opened");
        return PARE_OK;
    }
    PR_TRY(run_noise(j, &o, &r, err));
    pare_status st = pr_trials_run(j->model, &o, j->ctl, &p, &own);
    if (st == PARE_ENOMEM || st == PARE_ECANCELLED || st == PARE_EINTERNAL) return *err = own, st;
    if (st != PARE_OK) {
        for (size_t i = 0; i < PR_COUNT(probed); i++)
            undecided(j, probed[i], NULL, ready_text(j, "%s", own.msg));
        undecided(j, "robustness.finite", NULL, ready_text(j, "%s", own.msg));
        return PARE_OK;
    }
    hostile(j, &p);
    probe(j, "robustness.past-context", &p.past);
    probe(j, "robustness.empty", &p.empty);
    probe(j, "robustness.special-tokens", &p.special);
    if (p.special.end == PR_TRIAL_REFUSED)
        pr_check_say(ready_check(j, "robustness.special-tokens"), PR_CHECK_NONE, NULL, "%s",
                     p.special.what);
    probe(j, "robustness.repeat", &p.repeat);
    probe(j, "robustness.threads", &p.threads);
    pr_est e = pr_est_counted((double)(r.n_not_finite + p.n_not_finite));
    pr_check_judge(ready_check(j, "robustness.finite"), &e,
                   ready_text(j, "rows of scores (of %lld) with NaN or infinity",
                              (long long)(r.n_rows + p.n_rows)),
                   "make the artefact again, with another type");
    return PARE_OK;
}
