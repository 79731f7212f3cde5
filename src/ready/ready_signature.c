/* ready_signature.c - who vouches for what lies here. Always true: a signature passes only when
 * everything it covers was hashed again just now; whose key it is, and whether that one is
 * trusted, is for who has the key to say (pare verify --key). */
#include <stdio.h>
#include "cert/cert.h"
#include "ready_job.h"

/* Is a file of that name beside the report? */
static bool lies_here(const ready_job *j, const char *name) {
    for (size_t i = 0; i < j->scan.n_files; i++)
        if (strcmp(j->scan.files[i].path, name) == 0) return true;
    return false;
}

bool ready_certified(const ready_job *j) {
    return lies_here(j, PR_CERT_FILE);
}

/* What of the certificate does not hold, as evidence of both checks. A broken one refuses: that
 * nothing is signed yet is told, that something signed was changed since is not let pass. */
static void put_failures(ready_job *j, pr_check *c, const pare_doc *failures, size_t n) {
    pr_check *hashes = ready_check(j, "security.hashes");
    for (size_t i = 0; i < pare_doc_count(failures); i++) {
        const pare_doc *f = pare_doc_at(failures, i);
        const char     *check = pare_doc_str(pare_doc_get(f, "check")),
                   *file = pare_doc_str(pare_doc_get(f, "file")),
                   *found = pare_doc_str(pare_doc_get(f, "found"));
        const char *what = ready_text(j, "%s: %.300s", check ? check : "?", found ? found : "?");
        pr_check_note(c, file ? ready_text(j, "%s", file) : NULL, 0, -1, what);
    }
    const char *closes =
        ready_text(j, "pare verify %s says all; then pare certify %s", j->dir, j->dir);
    pr_check_say(c, PR_CHECK_FAIL, closes, "the certificate does not hold in %zu point%s", n,
                 n == 1 ? "" : "s");
    pr_check_say(hashes, PR_CHECK_FAIL, closes,
                 "what was signed is not what lies here: %zu failure%s of its certificate", n,
                 n == 1 ? "" : "s");
}

static bool of_choice(const ready_job *j, const pr_cert_read *r) {
    const char *name = pare_doc_str(pare_doc_path(r->predicate, "variant/name"));
    return !j->report || (name && strcmp(name, j->name) == 0);
}

static pare_status certificate(ready_job *j, pr_check *c, pare_err *err) {
    const pr_trust trust = {.any = true};
    pr_doc_build   b = {0};
    pr_cert_read   r = {0};
    pare_err       own = {0};
    char           now[32];
    pr_findings    f = {.b = &b, .checks = pr_doc_array(&b), .failures = pr_doc_array(&b)};
    pare_status    st = pr_date_now(NULL, now, &own);
    if (st == PARE_OK)
        st = pr_cert_check(j->dir, PR_CERT_FILE, &trust, now, j->ctl, j->a, &r, &f, &own);
    if (st == PARE_ENOMEM || st == PARE_ECANCELLED || st == PARE_EINTERNAL) {
        *err = own;
    } else if (st != PARE_OK) {
        pr_check_say(c, PR_CHECK_FAIL, ready_text(j, "pare certify %s", j->dir), "%.300s", own.msg);
        st = PARE_OK;
    } else if (f.n_failures) {
        put_failures(j, c, f.failures, f.n_failures);
    } else if (!of_choice(j, &r)) {
        pr_check_say(c, PR_CHECK_UNDECIDED, ready_text(j, "pare certify %s", j->dir),
                     "the certificate holds, but is of another variant than %s", j->name);
    } else {
        const char *made = pare_doc_str(pare_doc_get(r.predicate, "created"));
        pr_check_note(c, PR_CERT_FILE, 0, -1,
                      ready_text(j, "of %s, by the key %s", made ? made : "?", r.key.print));
        pr_check_say(c, PR_CHECK_PASS, NULL,
                     "certificate and bundle hold, %zu things checked; by the key %.16s…: "
                     "whether it is to be trusted says pare verify --key",
                     pare_doc_count(f.checks), r.key.print);
    }
    pare_doc_free(f.checks);
    pare_doc_free(f.failures);
    pr_cert_read_done(&r);
    return st;
}

pare_status ready_signature(ready_job *j, pare_err *err) {
    pr_check *c = ready_check(j, "security.signature");
    if (ready_certified(j)) return certificate(j, c, err);
    if (lies_here(j, PR_CERT_OMS)) /* anybody's tool made it: its key is not in it */
        pr_check_say(c, PR_CHECK_UNDECIDED,
                     ready_text(j, "pare verify %s/%s --key KEY.pub", j->dir, PR_CERT_OMS),
                     "%s is there, but no certificate; whether it holds needs its key",
                     PR_CERT_OMS);
    else
        pr_check_say(c, PR_CHECK_UNDECIDED,
                     j->report ? "pare certify DIR"
                               : "pare optimize SRC -o DIR, then pare certify DIR",
                     "nothing is signed yet");
    return PARE_OK;
}
