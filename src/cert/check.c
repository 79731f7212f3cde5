/* check.c - a certified folder, checked by what lies in it and by the keys that are trusted.
 *
 * Order: the envelope and who signed it; the statements against each other; dates; the bundle over
 * the files; each file; the report and the bill of materials against the certificate. Nothing stops
 * at the first failure but what makes the rest unreadable. What was not signed proves nothing:
 * the keys that lie beside an envelope only help to find the one that is trusted. */
#include <stdio.h>
#include "cert.h"

enum { CERT_MAX = 64 << 20, KEYS_MAX = 8 };

typedef struct {
    const char     *dir, *file; /* of the certificate: its name in `dir` */
    const pr_trust *t;
    const char     *now;
    const pare_ctl *ctl;
    pr_arena       *a;
    pr_cert_read   *c;
    pr_findings    *f;
    pr_dsse         env;
    pr_oms          oms;
} job;

static const char *str_at(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

static const char *or_none(const char *s) { return s ? s : "nothing"; }

static void bad(job *j, const char *check, const char *found, const char *expected) {
    pr_finding_bad(j->f, check, j->file, found, expected);
}

/* What a reader of ours said of a file; only what concerns the machine goes further up. */
static pare_status told(job *j, const char *check, const char *file, pare_status st,
                        const pare_err *own, const char *expected, pare_err *err) {
    if (st == PARE_OK) return st;
    if (st == PARE_ECANCELLED || st == PARE_ENOMEM || st == PARE_EINTERNAL) {
        if (err) *err = *own;
        return st;
    }
    pr_finding_bad(j->f, check, file, own->msg[0] ? own->msg : pare_status_text(st), expected);
    return PARE_OK;
}

/* ------------------------------------------------------------------ keys */

void pr_trust_check(const pr_trust *t, const pr_pk *k, const pare_doc *chain, const char *file,
                    pr_findings *f) {
    char text[200];
    int  links = 0;
    snprintf(text, sizeof text, "signed by %s %s", pr_pk_kind_name(k->kind), k->print);
    if (t->any) {
        pr_finding_ok(f, "key", "%s, taken as it comes", text);
        return;
    }
    bool known = false;
    for (size_t i = 0; i < t->n && !known; i++) known = strcmp(t->keys[i].print, k->print) == 0;
    for (size_t i = 0; i < t->n && !known; i++)
        known = pr_rotation_leads(chain, t->keys[i].print, k->print, &links);
    if (known)
        pr_finding_ok(f, "key", links ? "%s, to which %d rotations lead from a trusted key" : "%s",
                      text, links);
    else
        pr_finding_bad(f, "key", file, text,
                       t->n ? "one of the keys that were given"
                                        : "a key that you trust: --key PUB (or --any-key)");
}

/* The key beside the envelope that signed it, if there is one; else a trusted one that did. */
static void find_key(job *j, const pare_doc *list) {
    bool any = false;
    for (size_t i = 0; i < pare_doc_count(list) && i < KEYS_MAX && !j->c->key.handle; i++) {
        pr_pk  k;
        pr_str pem = pr_doc_text_of(pare_doc_get(pare_doc_at(list, i), "pem"));
        if (pr_pk_read_public(&k, pem, NULL) != PARE_OK) continue;
        any = true;
        /* Spelled as we spell it: base64 and DER have loose bits. */
        if (k.kind == PR_PK_ED25519 && pr_str_eq(pem, pr_str_of(k.pem)) &&
            pr_dsse_verify(&j->env, &k))
            j->c->key = k;
        else pr_pk_close(&k);
    }
    bool beside = j->c->key.handle != NULL;
    for (size_t i = 0; i < j->t->n && !j->c->key.handle; i++)
        if (pr_dsse_verify(&j->env, &j->t->keys[i]))
            pr_pk_read_public(&j->c->key, pr_str_of(j->t->keys[i].pem), NULL);
    if (!j->c->key.handle && any)
        bad(j, "envelope-signature", "a signature that the key beside it did not make",
            "the signature of these bytes");
    else if (!beside)
        bad(j, "envelope-key", "not the signer's key beside the envelope",
            "the signer's public half");
}

/* What is said of the signer, beside the envelope and in it, is the key that signed. */
static void key_said(job *j) {
    const char *print = j->c->key.print,
               *in = str_at(j->c->predicate, "keys/certificate/fingerprint");
    pr_str          id = j->env.sigs[0].keyid;
    const pare_doc *chain = pare_doc_get(j->c->file, "rotation");
    if (id.n != strlen(print) || memcmp(id.p, print, id.n) != 0)
        bad(j, "envelope-key", id.n ? id.p : "no keyid", print);
    if (!in || strcmp(in, print) != 0) bad(j, "envelope-key", or_none(in), print);
    if (chain && !pr_rotation_whole(chain, print))
        bad(j, "rotation", "links that do not lead to the signer, or that nobody signed",
            "one signed link for each rotation");
}

/* ------------------------------------------------------------------ statements */

static pare_status statement_read(job *j, const pr_dsse *d, pare_doc **out, pare_err *err) {
    pare_err    own = {0};
    pare_status st = pr_json_parse(out, d->body.p, d->body.n, NULL, &own);
    if (st == PARE_OK) {
        const char *type = str_at(*out, "_type");
        if (!type || strcmp(type, "https://in-toto.io/Statement/v1") != 0)
            bad(j, "statement", or_none(type), "https://in-toto.io/Statement/v1");
    }
    return told(j, "statement", j->file, st, &own, "an in-toto statement in JSON", err);
}

static pare_status envelope(job *j, pare_err *err) {
    pare_err    own = {0};
    pare_status st = pr_dsse_read(j->c->file, j->a, &j->env, &own);
    if (st != PARE_OK)
        return told(j, "envelope", j->file, st, &own, "a DSSE envelope", err);
    if (!pr_str_eq(j->env.type, PR_STR(PR_DSSE_INTOTO)))
        bad(j, "payload-type", or_none(str_at(j->c->file, "payloadType")), PR_DSSE_INTOTO);
    find_key(j, pare_doc_get(j->c->file, "publicKeys"));
    if (j->c->key.handle) {
        pr_finding_ok(j->f, "envelope", "signed as it is");
        pr_trust_check(j->t, &j->c->key, pare_doc_get(j->c->file, "rotation"), j->file, j->f);
    }
    PR_TRY(statement_read(j, &j->env, &j->c->statement, err));
    const char *type = str_at(j->c->statement, "predicateType");
    if (j->c->statement && (!type || strcmp(type, PR_READINESS) != 0))
        bad(j, "statement", or_none(type), PR_READINESS);
    j->c->predicate = pare_doc_get(j->c->statement, "predicate");
    if (pare_doc_kind(j->c->predicate) != PARE_DOC_OBJECT)
        bad(j, "statement", "no predicate", "what was found of the model");
    if (j->c->key.handle) key_said(j);
    return PARE_OK;
}

static bool same(const pare_doc *a, const pare_doc *b) {
    char x[65], y[65];
    if (!a || !b) return a == b;
    return pr_doc_sha256(a, x, NULL) == PARE_OK && pr_doc_sha256(b, y, NULL) == PARE_OK &&
           strcmp(x, y) == 0;
}

static const char *short_name(const char *type) {
    return strcmp(type, PR_PROVENANCE) == 0    ? "provenance"
           : strcmp(type, PR_TEST_RESULT) == 0 ? "test result"
                                               : "verification summary";
}

/* One attestation: its place among the three, -1: none of them. */
static pare_status attestation(job *j, const pare_doc *e, pare_err *err) {
    static const char *const types[] = {PR_PROVENANCE, PR_TEST_RESULT, PR_SUMMARY};
    const pare_doc          *named = pare_doc_get(j->c->predicate, "attestations");
    pare_err                 own = {0};
    pare_doc                *s = NULL;
    pr_dsse                  d;
    char                     hex[65];
    pare_status              st = pr_dsse_read(e, j->a, &d, &own);
    if (st != PARE_OK) return told(j, "attestation", j->file, st, &own, "a DSSE envelope", err);
    PR_TRY(statement_read(j, &d, &s, err));
    const char *type = str_at(s, "predicateType");
    int         at = -1;
    for (int i = 0; i < 3; i++)
        if (type && strcmp(type, types[i]) == 0) at = i;
    if (at < 0 || j->c->others[at]) {
        bad(j, "attestation", at < 0 ? or_none(type) : "one kind twice", "one of each kind");
        pare_doc_free(s);
        return PARE_OK;
    }
    j->c->others[at] = s;
    pr_sha256 h = pr_sha256_of(d.body.p, d.body.n);
    pr_sha256_hex(&h, hex);
    const char *want = str_at(pare_doc_at(named, (size_t)at), "digest/sha256");
    if (!want || strcmp(want, hex) != 0) bad(j, "attestation-digest", hex, or_none(want));
    if (!pr_str_eq(d.type, PR_STR(PR_DSSE_INTOTO)))
        bad(j, "payload-type", or_none(str_at(e, "payloadType")), PR_DSSE_INTOTO);
    if (j->c->key.handle && !pr_dsse_verify(&d, &j->c->key))
        bad(j, "attestation-signature", short_name(types[at]), "the certificate's signer");
    if (!same(pare_doc_get(s, "subject"), pare_doc_get(j->c->statement, "subject")))
        bad(j, "attestation-subject", short_name(types[at]), "the model of the certificate");
    return PARE_OK;
}

static pare_status attestations(job *j, pare_err *err) {
    static const char *const what[] = {"no provenance", "no test result",
                                       "no verification summary"};
    const pare_doc          *list = pare_doc_get(j->c->file, "attestations");
    size_t                   before = j->f->n_failures;
    for (size_t i = 0; i < pare_doc_count(list) && i < KEYS_MAX; i++)
        PR_TRY(attestation(j, pare_doc_at(list, i), err));
    for (int i = 0; i < 3; i++)
        if (!j->c->others[i])
            bad(j, "attestation-missing", what[i], "provenance, test result, summary");
    if (j->f->n_failures == before)
        pr_finding_ok(j->f, "attestations", "provenance, test result and summary belong to it");
    return PARE_OK;
}

/* That all say the same of what was decided. */
static void verdicts(job *j) {
    const char *v = str_at(j->c->predicate, "approval/verdict"),
               *t = str_at(j->c->others[1], "predicate/result"),
               *s = str_at(j->c->others[2], "predicate/verificationResult");
    bool        ok = v && strcmp(v, "approved") == 0;
    if (!ok && (!v || strcmp(v, "refused") != 0)) bad(j, "approval", or_none(v), "approved");
    else if (!ok)
        bad(j, "approval", str_at(j->c->predicate, "approval/reason")
                               ? str_at(j->c->predicate, "approval/reason")
                               : "refused",
            "approved: this certificate says that the model is not ready");
    if (j->c->others[1] && (!t || strcmp(t, ok ? "PASSED" : "FAILED") != 0))
        bad(j, "verdict", or_none(t), ok ? "a test result PASSED" : "a test result FAILED");
    if (j->c->others[2] && (!s || strcmp(s, ok ? "PASSED" : "FAILED") != 0))
        bad(j, "verdict", or_none(s), ok ? "a summary PASSED" : "a summary FAILED");
    if (j->c->others[2] && !same(pare_doc_path(j->c->others[2], "predicate/policy/digest/sha256"),
                                 pare_doc_path(j->c->predicate, "policy/sha256")))
        bad(j, "policy-hash", "the summary names another policy", "the certificate's policy");
}

static void dates(job *j) {
    const char *made = str_at(j->c->predicate, "created"),
               *ends = str_at(j->c->predicate, "expires"),
               *seen = str_at(j->c->others[2], "predicate/timeVerified");
    if (!pr_date_ok(made) || !pr_date_ok(ends)) {
        bad(j, "dates", or_none(pr_date_ok(made) ? ends : made),
            "a date like 2026-11-23T09:00:00Z");
        return;
    }
    if (strcmp(made, ends) > 0) bad(j, "dates", "it expires before it was made", ends);
    if (seen && strcmp(seen, made) != 0) bad(j, "dates", seen, made);
    if (strcmp(j->now, made) < 0) {
        char text[80];
        snprintf(text, sizeof text, "made at %s", made);
        bad(j, "date-future", text, j->now);
    }
    if (strcmp(j->now, ends) > 0) {
        char text[80];
        snprintf(text, sizeof text, "expired at %s", ends);
        bad(j, "date-expired", text, j->now);
    } else {
        pr_finding_ok(j->f, "dates", "made %s, good until %s", made, ends);
    }
}

/* The policy's hash: of its text, or, built in, of its gates. */
static void policy_hash(job *j) {
    const pare_doc *p = pare_doc_get(j->c->predicate, "policy");
    const char     *said = str_at(p, "sha256");
    pr_str          text = pr_doc_text_of(pare_doc_get(p, "text"));
    char            hex[65] = "";
    if (text.p) {
        pr_sha256 h = pr_sha256_of(text.p, text.n);
        pr_sha256_hex(&h, hex);
    } else if (pare_doc_get(p, "gates")) {
        pr_doc_sha256(pare_doc_get(p, "gates"), hex, NULL);
    }
    if (!said || strcmp(said, hex) != 0) bad(j, "policy-hash", hex, or_none(said));
}

/* ------------------------------------------------------------------ the files */

/* The key that the certificate names for the bundle; `c->oms_key` stays empty if it names none. */
static void oms_key(job *j) {
    pr_str pem = pr_doc_text_of(pare_doc_path(j->c->predicate, "keys/model_signature/pem"));
    if (pr_pk_read_public(&j->c->oms_key, pem, NULL) != PARE_OK)
        bad(j, "bundle-key", "no key that can be read", "the public half of the bundle's key");
}

/* The bundle's signature, and that it is of this certificate's model. */
static void bundle_belongs(job *j, const pr_dsse *env, const char *hint) {
    const pr_pk *k = &j->c->oms_key;
    const char  *root = str_at(j->c->statement, "subject/0/digest/sha256");
    if (k->handle && hint[0] && strcmp(hint, k->print) != 0)
        pr_finding_bad(j->f, "bundle-key", PR_CERT_OMS, hint, k->print);
    if (k->handle && !pr_dsse_verify(env, k))
        pr_finding_bad(j->f, "bundle-signature", PR_CERT_OMS,
                       "a signature that the certificate's key did not make",
                       "the signature of these bytes");
    if (!root || strcmp(root, j->oms.root) != 0)
        pr_finding_bad(j->f, "bundle-root", PR_CERT_OMS, j->oms.root, or_none(root));
    else if (k->handle)
        pr_finding_ok(j->f, "bundle", "%zu files, root %s", j->oms.n_files, j->oms.root);
}

/* A file of the folder as JSON; *out NULL and a finding where it is none. */
static pare_status json_beside(job *j, const char *name, const char *check, pare_doc **out,
                               pare_err *err) {
    pare_err    own = {0};
    const char *path = pr_path_join(j->a, j->dir, name);
    *out = NULL;
    if (!path) return pr_fail_nomem(err, 4096);
    pare_status st = pr_json_read(out, path, NULL, &own);
    return told(j, check, name, st, &own, "a file in JSON", err);
}

static pare_status bundle(job *j, pare_err *err) {
    pare_err  own = {0};
    pare_doc *d;
    pr_dsse   env;
    char      hint[65];
    PR_TRY(json_beside(j, PR_CERT_OMS, "bundle", &d, err));
    if (!d) return PARE_OK;
    pare_status st = pr_oms_read(d, j->a, &j->oms, &env, hint, &own);
    pare_doc_free(d);
    if (st != PARE_OK)
        return told(j, "bundle", PR_CERT_OMS, st, &own, "an OMS bundle of files", err);
    bundle_belongs(j, &env, hint);
    st = pr_oms_check(&j->oms, j->dir, PR_CERT_OMS, j->ctl, j->a, j->f, &own);
    return told(j, "files", NULL, st, &own, "a folder that can be read", err);
}

/* Is a file of the artefact here, and another one than was certified? */
static pare_status changed(job *j, bool *out, pare_err *err) {
    const pare_doc *files = pare_doc_path(j->c->predicate, "artefact/files");
    *out = false;
    for (size_t i = 0; i < pare_doc_count(files) && !*out; i++) {
        const char *name = str_at(pare_doc_at(files, i), "path"),
                   *want = str_at(pare_doc_at(files, i), "sha256"), *path;
        char     hex[65];
        uint64_t bytes;
        pare_err own = {0};
        if (!name || !want || !pr_path_is_below(name)) continue;
        path = pr_path_join(j->a, j->dir, name);
        if (!path) return pr_fail_nomem(err, 4096);
        pare_status st = pr_hash_range(path, 0, UINT64_MAX, j->ctl, hex, &bytes, &own);
        if (st == PARE_OK) *out = strcmp(hex, want) != 0;
        else if (st == PARE_ECANCELLED) return pr_ctl_check(j->ctl, err);
    }
    return PARE_OK;
}

/* If the artefact is not what was signed: which part of it. */
static pare_status parts(job *j, pare_err *err) {
    static const char *const names[] = {"weights", "tokenizer", "chat_template"};
    const pare_doc          *said = pare_doc_get(j->c->predicate, "parts");
    const char              *file = str_at(j->c->predicate, "artefact/path"), *path;
    pr_model                *m = NULL;
    pare_doc                *now = NULL;
    pare_err                 own = {0};
    int                      n = 0;
    bool                     other;
    PR_TRY(changed(j, &other, err));
    if (!other) return PARE_OK;
    if (!file || !pr_path_is_below(file) || pare_doc_kind(said) != PARE_DOC_OBJECT) return PARE_OK;
    path = pr_path_join(j->a, j->dir, file);
    if (!path) return pr_fail_nomem(err, 4096);
    pare_status st = pr_model_open(&m, path, &own);
    if (st == PARE_OK) st = pr_parts(m, j->ctl, &now, &own);
    for (size_t i = 0; i < PR_COUNT(names) && st == PARE_OK; i++) {
        const char *was = str_at(said, names[i]), *is = str_at(now, names[i]);
        if (was && is && strcmp(was, is) == 0) continue;
        pr_finding_bad(j->f, names[i], file, or_none(is), or_none(was));
        n++;
    }
    if (st == PARE_OK && n == 0)
        pr_finding_bad(j->f, "metadata", file, "other bytes beside weights, tokenizer and template",
                       "the file that was measured");
    pare_doc_free(now);
    pr_model_close(m);
    return told(j, "model", file, st, &own, "the model that was measured", err);
}

/* ------------------------------------------------------------------ what lies beside */

static const pare_doc *variant_of(const pare_doc *report, const char *name) {
    const pare_doc *list = pare_doc_get(report, "variants");
    for (size_t i = 0; name && i < pare_doc_count(list); i++) {
        const char *n = str_at(pare_doc_at(list, i), "name");
        if (n && strcmp(n, name) == 0) return pare_doc_at(list, i);
    }
    return NULL;
}

static pare_status report(job *j, pare_err *err) {
    static const char *const same_keys[] = {"machine", "monitoring"};
    const char              *name = str_at(j->c->predicate, "variant/name");
    pare_doc                *r;
    PR_TRY(json_beside(j, "report.json", "report", &r, err));
    if (!r) return PARE_OK;
    const pare_doc *v = variant_of(r, name);
    size_t          before = j->f->n_failures;
    if (!v)
        pr_finding_bad(j->f, "report", "report.json", "no such variant", or_none(name));
    else if (!same(pare_doc_get(v, "metrics"), pare_doc_get(j->c->predicate, "measurements")))
        pr_finding_bad(j->f, "report", "report.json", "other measurements of the variant",
                       "those of the certificate");
    for (size_t i = 0; i < PR_COUNT(same_keys); i++)
        if (!same(pare_doc_get(r, same_keys[i]), pare_doc_get(j->c->predicate, same_keys[i])))
            pr_finding_bad(j->f, "report", "report.json", same_keys[i],
                           "the same as in the certificate");
    if (!same(pare_doc_path(r, "policy/gates"), pare_doc_path(j->c->predicate, "policy/gates")))
        pr_finding_bad(j->f, "report", "report.json", "another policy", "that of the certificate");
    if (j->f->n_failures == before)
        pr_finding_ok(j->f, "report", "says what the certificate says");
    pare_doc_free(r);
    return PARE_OK;
}

/* Each file of the artefact with its hash, and none besides. */
static pare_status bom(job *j, pare_err *err) {
    const pare_doc *files = pare_doc_path(j->c->predicate, "artefact/files"), *list;
    pare_doc       *d;
    size_t          n = 0, good = 0;
    PR_TRY(json_beside(j, PR_CERT_BOM, "bom", &d, err));
    if (!d) return PARE_OK;
    list = pare_doc_get(d, "components");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *c = pare_doc_at(list, i);
        const char     *type = str_at(c, "type");
        if (!type || strcmp(type, "file") != 0) continue;
        const pare_doc *f = pare_doc_at(files, n++);
        good += same(pare_doc_get(c, "name"), pare_doc_get(f, "path")) &&
                same(pare_doc_path(c, "hashes/0/content"), pare_doc_get(f, "sha256"));
    }
    const char *format = str_at(d, "bomFormat");
    if (!format || strcmp(format, "CycloneDX") != 0)
        pr_finding_bad(j->f, "bom", PR_CERT_BOM, or_none(format), "CycloneDX");
    else if (n != pare_doc_count(files) || good != n)
        pr_finding_bad(j->f, "bom", PR_CERT_BOM, "other files than the certificate's",
                       "the same names and hashes");
    else
        pr_finding_ok(j->f, "bom", "lists the artefact's %zu files", n);
    pare_doc_free(d);
    return PARE_OK;
}

/* The artefact's files as the certificate lists them are among those of the bundle. */
static void artefact_listed(job *j) {
    const pare_doc *files = pare_doc_path(j->c->predicate, "artefact/files");
    for (size_t i = 0; i < pare_doc_count(files) && j->oms.n_files; i++) {
        const char *path = str_at(pare_doc_at(files, i), "path"),
                   *hex = str_at(pare_doc_at(files, i), "sha256"), *has = NULL;
        for (size_t k = 0; k < j->oms.n_files && path && !has; k++)
            if (strcmp(j->oms.files[k].name, path) == 0) has = j->oms.files[k].sha256;
        if (!has || !hex || strcmp(has, hex) != 0)
            bad(j, "artefact", or_none(has), or_none(hex));
    }
    if (pare_doc_count(files) == 0) bad(j, "artefact", "no files", "the model's files");
}

/* ------------------------------------------------------------------ all */

pare_status pr_cert_check(const char *dir, const char *file, const pr_trust *t, const char *now,
                          const pare_ctl *ctl, pr_arena *a, pr_cert_read *out, pr_findings *f,
                          pare_err *err) {
    job            j = {.dir = dir, .file = file, .t = t, .now = now, .ctl = ctl, .a = a,
                        .c = out, .f = f};
    pr_json_limits lim = {.max_bytes = CERT_MAX};
    *out = (pr_cert_read){0};
    const char *path = pr_path_join(a, dir, file);
    if (!path) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_json_read(&out->file, path, &lim, err));
    if (!pare_doc_get(out->file, "payload") && !pare_doc_get(out->file, "payloadType"))
        return pr_fail_in(err,
                          pr_fail(err, PARE_EINPUT, -1, "this is no certificate: expected an "
                                                        "envelope with \"payload\""),
                          path);
    PR_TRY(envelope(&j, err));
    if (!out->predicate) return PARE_OK;
    PR_TRY(attestations(&j, err));
    verdicts(&j);
    dates(&j);
    policy_hash(&j);
    oms_key(&j);
    size_t before = f->n_failures;
    PR_TRY(bundle(&j, err));
    if (f->n_failures > before) PR_TRY(parts(&j, err));
    artefact_listed(&j);
    PR_TRY(report(&j, err));
    return bom(&j, err);
}

void pr_cert_read_done(pr_cert_read *c) {
    pare_doc_free(c->file);
    pare_doc_free(c->statement);
    for (int i = 0; i < 3; i++) pare_doc_free(c->others[i]);
    pr_pk_close(&c->key);
    pr_pk_close(&c->oms_key);
    *c = (pr_cert_read){0};
}

pare_status pr_bundle_check(const char *dir, const char *file, const pr_trust *t,
                            const pare_ctl *ctl, pr_arena *a, pr_findings *f, pare_err *err) {
    pare_doc *d = NULL;
    pr_oms    oms;
    pr_dsse   env;
    char      hint[65];
    int       by = -1;
    const char *path = pr_path_join(a, dir, file);
    if (!path) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_json_read(&d, path, NULL, err));
    pare_status st = pr_oms_read(d, a, &oms, &env, hint, err);
    pare_doc_free(d);
    if (st != PARE_OK) return pr_fail_in(err, st, path);
    for (size_t i = 0; i < t->n && by < 0; i++)
        if (pr_dsse_verify(&env, &t->keys[i])) by = (int)i;
    if (by >= 0)
        pr_finding_ok(f, "key", "signed by %s %s", pr_pk_kind_name(t->keys[by].kind),
                      t->keys[by].print);
    else
        pr_finding_bad(f, "bundle-signature", file,
                       hint[0] ? hint : "a signature that names no key",
                       t->n ? "the signature of a key that was given" : "a key: --key PUB");
    return pr_oms_check(&oms, dir, file, ctl, a, f, err);
}
