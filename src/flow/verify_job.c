/* verify_job.c - include/pare/certify.h: pare_verify. `cert` checks what was signed and what lies
 * there; here the gates are asked again, from the certificate's own numbers. */
#include "cert/cert.h"
#include "gate_job.h"
#include <stdio.h>

enum { TRUST_MAX = 256 };

typedef struct {
    const pare_verify_opts *o;
    const pare_ctl         *ctl;
    pr_arena               *a;
    const char             *dir, *file;
    pr_pk                  *keys;
    pr_trust                trust;
    char                    now[32];
    pr_findings             f;
    pr_cert_read            c;
} job;

static const char *str_at(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

/* ------------------------------------------------------------------ trust */

/* A fingerprint, or a file that begins with a public key. */
static pare_status add_key(job *j, const char *given, pare_err *err) {
    pr_sha256 h;
    pr_str    text;
    pr_pk    *k = &j->keys[j->trust.n];
    if (j->trust.n >= TRUST_MAX) return pr_fail(err, PARE_EUSAGE, -1, "over %d keys", TRUST_MAX);
    if (strlen(given) == 64 && pr_sha256_parse(given, &h)) {
        *k = (pr_pk){0};
        pr_sha256_hex(&h, k->print);
    } else {
        PR_TRY(pr_file_read(given, 64 << 10, j->a, &text, err));
        pare_status st = pr_pk_read_public(k, text, err);
        if (st != PARE_OK) return pr_fail_in(err, st, given);
    }
    j->trust.n++;
    return PARE_OK;
}

/* The public halves in our own folder, if there is one. */
static pare_status own_keys(job *j, pare_err *err) {
    const char **names, *dir;
    size_t       n;
    if (pr_keyring_dir(j->o->key_dir, j->a, &dir, NULL) != PARE_OK || !pr_path_is_dir(dir))
        return PARE_OK;
    /* Who may write there decides whom we trust. */
    PR_TRY(pr_keyring_dir_check(dir, err));
    PR_TRY(pr_dir_list(dir, j->a, &names, &n, err));
    for (size_t i = 0; i < n && j->trust.n < TRUST_MAX; i++) {
        size_t      k = strlen(names[i]);
        const char *path = pr_path_join(j->a, dir, names[i]);
        if (k < 5 || strcmp(names[i] + k - 4, ".pub") != 0) continue;
        PR_TRY(path ? add_key(j, path, err) : pr_fail_nomem(err, 4096));
    }
    return PARE_OK;
}

static pare_status trust(job *j, pare_err *err) {
    PR_NEW(j->keys, j->a, TRUST_MAX, err);
    j->trust.keys = j->keys;
    j->trust.any = j->o->any_key != 0;
    for (size_t i = 0; i < j->o->n_keys; i++) PR_TRY(add_key(j, j->o->keys[i], err));
    return j->o->n_keys || j->trust.any ? PARE_OK : own_keys(j, err);
}

/* ------------------------------------------------------------------ the gates, again */

/* The certificate in the shape that the gates read: a report of one variant. */
static pare_status as_report(const pare_doc *p, pare_doc **out, pare_err *err) {
    pr_doc_build    b = {0};
    pare_doc       *d = pr_doc_object(&b), *o;
    const pare_doc *limits = pare_doc_path(p, "policy/constraints"),
                   *gates = pare_doc_path(p, "policy/gates"),
                   *metrics = pare_doc_get(p, "measurements");
    o = pr_doc_set_object(&b, d, "settings");
    if (limits) pr_doc_set(&b, o, "constraints", pr_doc_copy(limits));
    o = pr_doc_set_object(&b, d, "policy");
    if (gates) pr_doc_set(&b, o, "gates", pr_doc_copy(gates));
    o = pr_doc_add_object(&b, pr_doc_set_array(&b, d, "variants"));
    const char *name = str_at(p, "variant/name");
    pr_doc_set_str(&b, o, "name", name ? name : "");
    if (metrics) pr_doc_set(&b, o, "metrics", pr_doc_copy(metrics));
    return pr_doc_done(&b, d, out, err);
}

static void compare(job *j, const pr_gate_result *r, size_t n) {
    const pare_doc *said = pare_doc_get(j->c.predicate, "gates");
    const char     *verdict = str_at(j->c.predicate, "approval/verdict");
    size_t          before = j->f.n_failures;
    char            found[300], want[300];
    if (pare_doc_count(said) != n)
        pr_finding_bad(&j->f, "gate", j->file, "another number of verdicts", "one for each gate");
    for (size_t i = 0; i < n; i++) {
        const pare_doc *g = pare_doc_at(said, i);
        const char     *v = str_at(g, "verdict"), *name = str_at(g, "name");
        if (v && name && strcmp(name, r[i].gate->name) == 0 &&
            strcmp(v, pr_verdict_name(r[i].verdict)) == 0)
            continue;
        snprintf(found, sizeof found, "%.60s: %.20s", name ? name : "no gate", v ? v : "nothing");
        snprintf(want, sizeof want, "%.60s: %s, for %.180s", r[i].gate->name,
                 pr_verdict_name(r[i].verdict), r[i].reason);
        pr_finding_bad(&j->f, "gate", j->file, found, want);
    }
    bool pass = pr_gates_verdict(r, n) == PR_PASS;
    if (verdict && pass != (strcmp(verdict, "approved") == 0))
        pr_finding_bad(&j->f, "gate", j->file, verdict,
                       pass ? "approved: all gates pass" : "refused: a gate does not pass");
    if (j->f.n_failures == before)
        pr_finding_ok(&j->f, "gates", "%zu judged again, as they were", n);
}

/* A policy of the verifier's own. */
static pare_status own_policy(job *j, const pare_doc *report, const char *name, pare_err *err) {
    pr_policy       p;
    pr_gate_result *r;
    char            want[200];
    PR_TRY(pr_policy_read(j->o->policy, j->a, &p, err));
    PR_NEW(r, j->a, p.n_gates + 1, err);
    PR_TRY(pr_policy_judge_report(&p, report, name, j->a, r, err));
    for (size_t i = 0; i < p.n_gates; i++) {
        if (r[i].verdict == PR_PASS) continue;
        snprintf(want, sizeof want, "%.60s of policy %.60s", p.gates[i].name, p.name);
        pr_finding_bad(&j->f, "policy", j->file, r[i].reason, want);
    }
    if (pr_gates_verdict(r, p.n_gates) == PR_PASS)
        pr_finding_ok(&j->f, "policy", "%s: all %zu gates pass", p.name, p.n_gates);
    return PARE_OK;
}

/* The gates are those of the policy's text. */
static pare_status policy_says(job *j, pare_err *err) {
    pr_str       text = pr_doc_text_of(pare_doc_path(j->c.predicate, "policy/text"));
    pr_policy    p;
    pr_doc_build b = {0};
    pare_doc    *d = NULL;
    char         x[65], y[65];
    if (!text.p) return PARE_OK;
    PR_TRY(pr_policy_parse(text, "the certificate's policy", j->a, &p, err));
    pare_doc *o = pr_doc_object(&b);
    pr_policy_put(&b, o, &p);
    PR_TRY(pr_doc_done(&b, o, &d, err));
    pare_status st = pr_doc_sha256(pare_doc_path(d, "policy/gates"), x, err);
    pare_doc_free(d);
    const pare_doc *gates = pare_doc_path(j->c.predicate, "policy/gates");
    if (st == PARE_OK && gates) st = pr_doc_sha256(gates, y, err);
    if (st == PARE_OK && (!gates || strcmp(x, y) != 0))
        pr_finding_bad(&j->f, "policy-gates", j->file, "gates that its text does not ask for",
                       "those of the policy's text");
    return st;
}

static pare_status judge(job *j, pare_err *err) {
    pare_doc       *report = NULL;
    pr_policy       p;
    pr_gate_result *r;
    const char     *name = str_at(j->c.predicate, "variant/name");
    PR_TRY(as_report(j->c.predicate, &report, err));
    pare_status st = pr_gates_of_report(report, j->a, &p, err);
    r = st == PARE_OK ? pr_arena_get(j->a, p.n_gates + 1, sizeof *r) : NULL;
    if (st == PARE_OK && !r) st = pr_fail_nomem(err, p.n_gates * sizeof *r);
    if (st == PARE_OK) st = pr_policy_judge_report(&p, report, name ? name : "", j->a, r, err);
    if (st == PARE_OK) compare(j, r, p.n_gates);
    if (st == PARE_OK) st = policy_says(j, err);
    if (st == PARE_OK && j->o->policy) st = own_policy(j, report, name ? name : "", err);
    pare_doc_free(report);
    return st;
}

static pare_status measure(job *j, pare_err *err) {
    const pare_doc *probes = pare_doc_get(j->c.predicate, "probes");
    const char     *file = str_at(j->c.predicate, "artefact/path");
    pr_model       *m = NULL;
    if (pare_doc_kind(probes) != PARE_DOC_OBJECT || !file || !pr_path_is_below(file)) {
        const char *why = str_at(j->c.predicate, "probes_reason");
        pr_finding_bad(&j->f, "probe", j->file, why ? why : "no probes", "probes to run again");
        return PARE_OK;
    }
    const char *path = pr_path_join(j->a, j->dir, file);
    if (!path) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_model_open(&m, path, err));
    pare_status st = pr_probe_check(m, probes, j->ctl, file, &j->f, err);
    pr_model_close(m);
    return st;
}

/* What was wrong with the certificate's own content is a finding; the rest goes up. */
static pare_status noted(job *j, const char *check, pare_status st, const pare_err *own,
                         pare_err *err) {
    if (st == PARE_OK) return st;
    if (st == PARE_EINPUT || st == PARE_EUNSUPPORTED || st == PARE_EREFUSED) {
        pr_finding_bad(&j->f, check, own->file[0] ? pr_path_base(own->file) : j->file, own->msg,
                       "something that can be judged");
        return PARE_OK;
    }
    if (err) *err = *own;
    return st;
}

/* ------------------------------------------------------------------ all */

/* A folder is held against its certificate or not at all: if a bundle alone would do, whoever takes
 * away a certificate that says "refused" or is expired would turn it into a pass. */
static pare_status find_file(job *j, const char *path, pare_err *err) {
    if (pr_path_is_dir(path)) {
        j->dir = path;
        j->file = PR_CERT_FILE;
        return PARE_OK;
    }
    const char *base = pr_path_base(path);
    size_t      n = (size_t)(base - path);
    j->dir = n ? pr_arena_str(j->a, path, n > 1 ? n - 1 : 1) : ".";
    j->file = base;
    return j->dir ? PARE_OK : pr_fail_nomem(err, n);
}

static bool is_bundle(const char *file) {
    size_t n = strlen(file);
    return n > 4 && strcmp(file + n - 4, ".sig") == 0;
}

static pare_status check(job *j, const char *path, pare_err *err) {
    pare_err own = {0};
    PR_TRY(pr_date_now(j->o->date, j->now, err));
    PR_TRY(trust(j, err));
    PR_TRY(find_file(j, path, err));
    if (is_bundle(j->file) && (j->o->policy || j->o->measure))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a bundle holds hashes alone, nothing for --policy or --measure: expected a "
                       "folder or a certificate");
    if (is_bundle(j->file))
        return pr_bundle_check(j->dir, j->file, &j->trust, j->ctl, j->a, &j->f, err);
    PR_TRY(pr_cert_check(j->dir, j->file, &j->trust, j->now, j->ctl, j->a, &j->c, &j->f, err));
    if (!j->c.predicate) return PARE_OK;
    if (j->o->policy && !pr_path_exists(j->o->policy))
        return pr_fail_errno(err, j->o->policy, "reading the policy");
    PR_TRY(noted(j, "gate", judge(j, &own), &own, err));
    if (!j->o->measure) return PARE_OK;
    own = (pare_err){0};
    return noted(j, "probe", measure(j, &own), &own, err);
}

static void put_if(pr_doc_build *b, pare_doc *d, const char *key, const char *v) {
    if (v) pr_doc_set_path(b, d, key, v);
    else pr_doc_set_null(b, d, key);
}

static void told(pr_doc_build *b, pare_doc *d, const job *j) {
    const pare_doc *p = j->c.predicate;
    bool            ok = j->f.n_failures == 0;
    pr_doc_set_i64(b, d, "schema", 1);
    pr_doc_set_bool(b, d, "ok", ok);
    pr_doc_set_str(b, d, "verdict", ok ? "pass" : "fail");
    pr_doc_set_path(b, d, "directory", j->dir);
    pr_doc_set_path(b, d, "file", j->file);
    put_if(b, d, "variant", str_at(p, "variant/name"));
    put_if(b, d, "artefact", str_at(p, "artefact/path"));
    put_if(b, d, "approval", str_at(p, "approval/verdict"));
    put_if(b, d, "created", str_at(p, "created"));
    put_if(b, d, "expires", str_at(p, "expires"));
    put_if(b, d, "key", j->c.key.handle ? j->c.key.print : NULL);
    put_if(b, d, "root", str_at(j->c.statement, "subject/0/digest/sha256"));
    pr_doc_set_bool(b, d, "measured", j->o->measure != 0);
    pr_doc_set_i64(b, d, "n_failures", (int64_t)j->f.n_failures);
}

pare_status pare_verify(const char *path, const pare_verify_opts *opts, const pare_ctl *ctl,
                        pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    job          j = {.o = opts, .ctl = ctl, .a = pr_arena_new((size_t)512 << 20)};
    *out = NULL;
    if (!j.a) return pr_fail_nomem(err, 4096);
    pare_doc *d = pr_doc_object(&b), *checks = pr_doc_array(&b), *failures = pr_doc_array(&b);
    j.f = (pr_findings){.b = &b, .checks = checks, .failures = failures};
    pare_status st = check(&j, path, err);
    if (st == PARE_OK) told(&b, d, &j);
    pr_doc_set(&b, d, "checks", checks);
    pr_doc_set(&b, d, "failures", failures);
    if (st == PARE_OK) st = pr_doc_done(&b, d, out, err);
    else pare_doc_free(d);
    for (size_t i = 0; i < j.trust.n; i++) pr_pk_close(&j.keys[i]);
    pr_cert_read_done(&j.c);
    pr_arena_free(j.a);
    return st;
}
