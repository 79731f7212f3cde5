/* ready_compliance.c - the fifth part: whose it is, on which terms, with which papers, and
 * about whom. */
#include <stdio.h>
#include "ready_job.h"

static bool allowed(const ready_job *j, const char *spdx) {
    for (size_t i = 0; i < j->policy.n_licences; i++)
        if (strcmp(j->policy.licences[i], spdx) == 0) return true;
    return false;
}

typedef struct {
    size_t n, bad, unknown;
    const char *first, *other; /* two that differ */
    const char *wrong;         /* one that is not allowed, or not known */
} licence_sum;

/* What the scan saw of the model's (or the data's) licence. */
static void add_licences(ready_job *j, pr_check *c, const pr_scan *s, bool of_data,
                         const char *where, licence_sum *t) {
    for (size_t i = 0; i < s->n_licences; i++) {
        const pr_licence *l = &s->licences[i];
        if (l->of_data != of_data) continue;
        t->n++;
        pr_check_note(c, l->file, l->line, -1,
                      ready_text(j, "%s%s%s%s%s", where, l->spdx ? l->spdx : l->said,
                                 l->spdx ? "" : ": no SPDX identifier that pare knows",
                                 l->text ? ", by its text" : "",
                                 l->spdx && !allowed(j, l->spdx) ? ", not allowed" : ""));
        if (!l->spdx) {
            t->unknown++, t->wrong = l->said;
        } else {
            if (!allowed(j, l->spdx)) t->bad++, t->wrong = l->spdx;
            if (!t->first) t->first = l->spdx;
            else if (strcmp(t->first, l->spdx) != 0) t->other = l->spdx;
        }
    }
}

static void judge_licences(ready_job *j, pr_check *c, const licence_sum *t, const char *whose,
                           const char *state_it) {
    if (t->bad)
        pr_check_say(c, PR_CHECK_FAIL,
                     "ask whoever may decide; then add it to licences in the policy",
                     "%s: %s is not on the policy's list", whose, t->wrong);
    else if (t->n == 0)
        pr_check_say(c, PR_CHECK_UNDECIDED, state_it, "%s: no licence is stated", whose);
    else if (t->unknown)
        pr_check_say(c, PR_CHECK_UNDECIDED, "state its SPDX identifier",
                     "%s: '%s' is no identifier that pare knows", whose, t->wrong);
    else if (t->other)
        pr_check_say(c, PR_CHECK_UNDECIDED, "state one, or both with AND",
                     "%s: %s here, %s there", whose, t->first, t->other);
    else
        pr_check_say(c, PR_CHECK_PASS, NULL, "%s: %s", whose, t->first);
}

static void licences(ready_job *j) {
    pr_check *c = ready_check(j, "compliance.licences"),
             *d = ready_check(j, "compliance.data-licence");
    licence_sum model = {0}, data = {0};
    const char *runner = pare_doc_str(pare_doc_get(j->variant, "runner"));
    add_licences(j, c, &j->scan, false, "", &model);
    add_licences(j, c, &j->source_scan, false, "source: ", &model);
    judge_licences(j, c, &model, "model",
                   "license: in the front matter of README.md, or a LICENSE file");
    for (size_t i = 0; runner && i < j->known.n_runtimes; i++) {
        const pr_runtime_fact *f = &j->known.runtimes[i];
        if (strcmp(f->name, runner) != 0) continue;
        pr_check_note(c, NULL, 0, -1, ready_text(j, "runtime %s: %s", f->name, f->licence));
        if (!allowed(j, f->licence))
            pr_check_say(c, PR_CHECK_FAIL,
                         "ask whoever may decide; then add it to licences in the policy",
                         "runtime %s: %s is not on the policy's list", f->name, f->licence);
    }
    add_licences(j, d, &j->scan, true, "", &data);
    add_licences(j, d, &j->source_scan, true, "source: ", &data);
    judge_licences(j, d, &data, "training data",
                   "dataset_license: in the front matter of README.md");
}

static void documents(ready_job *j) {
    pr_check *c = ready_check(j, "compliance.documents");
    char      missing[120] = "";
    for (size_t i = 0; i < j->policy.n_documents; i++) {
        bool        card = strcmp(j->policy.documents[i], "model-card") == 0;
        const char *file = card ? j->scan.card : j->scan.licence_file;
        if (file) pr_check_note(c, file, 0, -1, card ? "the model card" : "the licence's text");
        else
            snprintf(missing + strlen(missing), sizeof missing - strlen(missing), "%s%s",
                     missing[0] ? " and " : "",
                     card ? "README.md (the model card)" : "LICENSE (the licence's text)");
    }
    if (missing[0])
        pr_check_say(c, PR_CHECK_FAIL, ready_text(j, "put %s into %s", missing, j->dir),
                     "missing: %s", missing);
    else
        pr_check_say(c, PR_CHECK_PASS, NULL, "%zu of %zu are there", j->policy.n_documents,
                     j->policy.n_documents);
}

/* Counted and located; never shown. */
static void people(ready_job *j) {
    pr_check           *c = ready_check(j, "compliance.personal-data");
    const pr_found_list  *l = &j->scan.of[PR_FOUND_PERSON];
    const pr_check_ask *ask = &j->policy.ask[pr_check_find(c->rule->id)];
    size_t              n = l->total - l->n;
    for (size_t i = 0; i < l->n; i++) {
        const pr_found_at *f = &l->at[i];
        if (pr_check_allows(ask, f->rule, f->file)) continue;
        n++;
        pr_check_note(c, f->file, f->line, f->offset, ready_text(j, "%s [%s]", f->what, f->rule));
    }
    pr_est e = pr_est_counted((double)n);
    pr_check_judge(c, &e, ready_text(j, "places, in %zu searched files", j->scan.n_searched),
                   "take them out, or allow RULE:FILE in the policy");
}

pare_status ready_compliance(ready_job *j, pare_err *err) {
    (void)err;
    licences(j);
    documents(j);
    people(j);
    return PARE_OK;
}
