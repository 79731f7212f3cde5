/* statement.c - the certificate's four in-toto statements, from the report and nothing else.
 *
 *   readiness.intoto.json
 *     payload, payloadType, signatures   urn:pare:readiness:v1: all that pare found
 *     attestations[0…2]                  envelopes for other tools: SLSA provenance, test result,
 *                                        verification summary; readiness names each by its hash
 *     publicKeys, rotation               to find the key that is to be trusted; proves nothing
 *
 * Always true: all four have the same subject (the root over the signed files, then each of the
 * artefact's files), so none of them can be moved to another model. */
#include <math.h>
#include <stdio.h>
#include "cert.h"
#include "pare_version.h"

static void set_copy(pr_doc_build *b, pare_doc *o, const char *key, const pare_doc *v) {
    pare_doc *copy = v ? pr_doc_copy(v) : NULL;
    if (copy) pr_doc_set(b, o, key, copy);
    else pr_doc_set_null(b, o, key);
}

static void set_sha(pr_doc_build *b, pare_doc *o, const char *hex) {
    pr_doc_set_str(b, pr_doc_set_object(b, o, "digest"), "sha256", hex);
}

/* A descriptor {name, digest}; without a digest where none is known. */
static void descriptor(pr_doc_build *b, pare_doc *list, const char *name, const char *hex) {
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_path(b, o, "name", name);
    if (hex) set_sha(b, o, hex);
}

static const char *str_at(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

/* Is `name` the artefact, or a file in it? */
static bool of_artefact(const pr_cert_facts *f, const char *name) {
    size_t n = strlen(f->artefact);
    return strncmp(name, f->artefact, n) == 0 && (name[n] == 0 || name[n] == '/');
}

static pare_doc *open_statement(pr_doc_build *b, const pr_cert_facts *f, const char *type,
                                pare_doc **predicate) {
    pare_doc *d = pr_doc_object(b);
    pr_doc_set_str(b, d, "_type", "https://in-toto.io/Statement/v1");
    pare_doc *list = pr_doc_set_array(b, d, "subject");
    descriptor(b, list, f->files->name, f->files->root);
    for (size_t i = 0; i < f->files->n_files; i++)
        if (of_artefact(f, f->files->files[i].name))
            descriptor(b, list, f->files->files[i].name, f->files->files[i].sha256);
    pr_doc_set_str(b, d, "predicateType", type);
    *predicate = pr_doc_set_object(b, d, "predicate");
    return d;
}

static void tool_version(pr_doc_build *b, pare_doc *o, const char *id) {
    pr_doc_set_str(b, o, "id", id);
    pr_doc_set_str(b, pr_doc_set_object(b, o, "version"), "pare", PARE_VERSION);
}

/* ------------------------------------------------------------------ provenance */

static void materials(pr_doc_build *b, pare_doc *list, const pr_cert_facts *f) {
    const pare_doc *m = pare_doc_get(f->report, "model"), *files = pare_doc_get(m, "files");
    const char     *text = str_at(f->report, "settings/evaluation/text/path");
    descriptor(b, list, str_at(m, "name") ? str_at(m, "name") : "source", str_at(m, "sha256"));
    for (size_t i = 0; i < pare_doc_count(files); i++) {
        const pare_doc *e = pare_doc_at(files, i);
        if (str_at(e, "path")) descriptor(b, list, str_at(e, "path"), str_at(e, "sha256"));
    }
    if (text)
        descriptor(b, list, pr_path_base(text),
                   str_at(f->report, "settings/evaluation/text/sha256"));
}

static pare_doc *provenance(pr_doc_build *b, const pr_cert_facts *f) {
    pare_doc *p, *d = open_statement(b, f, PR_PROVENANCE, &p);
    pare_doc *def = pr_doc_set_object(b, p, "buildDefinition");
    pr_doc_set_str(b, def, "buildType", "urn:pare:optimize:v1");
    pare_doc *o = pr_doc_set_object(b, def, "externalParameters");
    set_copy(b, o, "command", pare_doc_get(f->report, "command"));
    set_copy(b, o, "variant", pare_doc_get(f->variant, "name"));
    set_copy(b, o, "quant", pare_doc_get(f->variant, "quant"));
    set_copy(b, o, "format", pare_doc_get(f->variant, "format"));
    o = pr_doc_set_object(b, def, "internalParameters");
    set_copy(b, o, "pare", pare_doc_get(f->report, "pare"));
    set_copy(b, o, "settings", pare_doc_get(f->report, "settings"));
    materials(b, pr_doc_set_array(b, def, "resolvedDependencies"), f);
    pare_doc *run = pr_doc_set_object(b, p, "runDetails");
    tool_version(b, pr_doc_set_object(b, run, "builder"), "urn:pare:builder:local");
    o = pr_doc_set_object(b, run, "metadata");
    pr_doc_set_str(b, o, "invocationId", f->files->root);
    set_copy(b, o, "finishedOn", pare_doc_get(f->report, "created"));
    pare_doc *by = pr_doc_set_array(b, run, "byproducts");
    for (size_t i = 0; i < f->files->n_files; i++)
        if (!of_artefact(f, f->files->files[i].name))
            descriptor(b, by, f->files->files[i].name, f->files->files[i].sha256);
    return d;
}

/* ------------------------------------------------------------------ test result, summary */

static bool passed(const pr_cert_facts *f) { return strcmp(f->verdict, "pass") == 0; }

static void put_names(pr_doc_build *b, pare_doc *p, const char *key, const pr_cert_facts *f,
                      const char *verdict) {
    pare_doc *a = pr_doc_set_array(b, p, key);
    for (size_t i = 0; i < pare_doc_count(f->gates); i++) {
        const pare_doc *g = pare_doc_at(f->gates, i);
        const char     *v = str_at(g, "verdict");
        if (v && strcmp(v, verdict) == 0)
            pr_doc_add_str(b, a, str_at(g, "name") ? str_at(g, "name") : "");
    }
}

static pare_doc *test_result(pr_doc_build *b, const pr_cert_facts *f) {
    pare_doc *p, *d = open_statement(b, f, PR_TEST_RESULT, &p);
    pr_doc_set_str(b, p, "result", passed(f) ? "PASSED" : "FAILED");
    pare_doc *c = pr_doc_set_array(b, p, "configuration");
    descriptor(b, c, "policy", f->policy_sha256);
    put_names(b, p, "passedTests", f, "pass");
    put_names(b, p, "warnedTests", f, "undecided"); /* neither passed nor failed: not approved */
    put_names(b, p, "failedTests", f, "fail");
    return d;
}

static pare_doc *summary(pr_doc_build *b, const pr_cert_facts *f, char inputs[][65], size_t n) {
    pare_doc *p, *d = open_statement(b, f, PR_SUMMARY, &p);
    char      uri[128];
    pr_doc_set_str(b, pr_doc_set_object(b, p, "verifier"), "id", "urn:pare:verifier:" PARE_VERSION);
    pr_doc_set_str(b, p, "timeVerified", f->created);
    snprintf(uri, sizeof uri, "urn:pare:model:sha256:%s", f->files->root);
    pr_doc_set_str(b, p, "resourceUri", uri);
    pare_doc *o = pr_doc_set_object(b, p, "policy");
    snprintf(uri, sizeof uri, "urn:pare:policy:sha256:%s", f->policy_sha256);
    pr_doc_set_str(b, o, "uri", uri);
    set_sha(b, o, f->policy_sha256);
    pare_doc *a = pr_doc_set_array(b, p, "inputAttestations");
    for (size_t i = 0; i < n; i++) set_sha(b, pr_doc_add_object(b, a), inputs[i]);
    pr_doc_set_str(b, p, "verificationResult", passed(f) ? "PASSED" : "FAILED");
    pr_doc_add_str(b, pr_doc_set_array(b, p, "verifiedLevels"),
                   passed(f) ? "SLSA_BUILD_LEVEL_UNEVALUATED" : "FAILED");
    pr_doc_set_str(b, p, "slsaVersion", "1.0");
    return d;
}

/* ------------------------------------------------------------------ readiness */

static void variant_put(pr_doc_build *b, pare_doc *p, const pr_cert_facts *f) {
    static const char *const keys[] = {"name",    "quant", "format", "runner",
                                       "runtime", "bpw",   "bytes",  "sha256",
                                       "acceleration"};
    pare_doc *v = pr_doc_set_object(b, p, "variant");
    for (size_t i = 0; i < PR_COUNT(keys); i++)
        if (pare_doc_get(f->variant, keys[i]))
            set_copy(b, v, keys[i], pare_doc_get(f->variant, keys[i]));
    pare_doc *a = pr_doc_set_object(b, p, "artefact");
    pr_doc_set_path(b, a, "path", f->artefact);
    pare_doc *list = pr_doc_set_array(b, a, "files");
    for (size_t i = 0; i < f->files->n_files; i++) {
        const pr_oms_file *e = &f->files->files[i];
        if (!of_artefact(f, e->name)) continue;
        pare_doc *o = pr_doc_add_object(b, list);
        pr_doc_set_str(b, o, "path", e->name);
        pr_doc_set_i64(b, o, "bytes", (int64_t)e->bytes);
        pr_doc_set_str(b, o, "sha256", e->sha256);
    }
    set_copy(b, p, "parts", f->parts);
}

static void policy_put(pr_doc_build *b, pare_doc *p, const pr_cert_facts *f) {
    const pare_doc *asked = pare_doc_get(f->report, "policy");
    pare_doc       *o = pr_doc_set_object(b, p, "policy");
    set_copy(b, o, "name", pare_doc_get(asked, "name"));
    set_copy(b, o, "source", pare_doc_get(asked, "source"));
    pr_doc_set_str(b, o, "sha256", f->policy_sha256);
    if (f->policy_text.p) pr_doc_set_strn(b, o, "text", f->policy_text);
    else pr_doc_set_null(b, o, "text");
    set_copy(b, o, "gates", pare_doc_get(asked, "gates"));
    set_copy(b, o, "constraints", pare_doc_path(f->report, "settings/constraints"));
}

/* From which files, by which recipe, to which files. */
static void lineage_put(pr_doc_build *b, pare_doc *p, const pr_cert_facts *f) {
    const pare_doc *m = pare_doc_get(f->report, "model");
    pare_doc       *l = pr_doc_set_object(b, p, "lineage"), *o = pr_doc_set_object(b, l, "source");
    set_copy(b, o, "name", pare_doc_get(m, "name"));
    set_copy(b, o, "sha256", pare_doc_get(m, "sha256"));
    set_copy(b, o, "files", pare_doc_get(m, "files"));
    o = pr_doc_set_object(b, l, "recipe");
    set_copy(b, o, "command", pare_doc_get(f->report, "command"));
    set_copy(b, o, "format", pare_doc_get(f->variant, "format"));
    set_copy(b, o, "quant", pare_doc_get(f->variant, "quant"));
    set_copy(b, o, "pare", pare_doc_path(f->report, "pare/version"));
    pare_doc *list = pr_doc_set_array(b, l, "outputs");
    for (size_t i = 0; i < f->files->n_files; i++)
        if (of_artefact(f, f->files->files[i].name))
            descriptor(b, list, f->files->files[i].name, f->files->files[i].sha256);
    if (f->inside) pr_doc_set_str(b, l, "inside", f->inside);
    else pr_doc_set_null(b, l, "inside");
    o = pr_doc_set_object(b, p, "rollback"); /* to what there was before */
    set_copy(b, o, "name", pare_doc_get(m, "name"));
    set_copy(b, o, "sha256", pare_doc_get(m, "sha256"));
}

static void keys_put(pr_doc_build *b, pare_doc *p, const pr_cert_facts *f) {
    const pr_pk *each[] = {&f->keys->ed, &f->keys->p256};
    const char  *what[] = {"certificate", "model_signature"};
    pare_doc    *k = pr_doc_set_object(b, p, "keys");
    for (int i = 0; i < 2; i++) {
        pare_doc *o = pr_doc_set_object(b, k, what[i]);
        pr_doc_set_str(b, o, "algorithm", pr_pk_kind_name(each[i]->kind));
        pr_doc_set_str(b, o, "fingerprint", each[i]->print);
        pr_doc_set_str(b, o, "pem", each[i]->pem);
    }
}

static pare_doc *readiness(pr_doc_build *b, const pr_cert_facts *f, const char *const *types,
                           char hashes[][65], size_t n) {
    pare_doc *p, *d = open_statement(b, f, PR_READINESS, &p), *o;
    o = pr_doc_set_object(b, p, "approval");
    pr_doc_set_str(b, o, "verdict", passed(f) ? "approved" : "refused");
    pr_doc_set_str(b, o, "reason", f->summary);
    pr_doc_set_str(b, p, "created", f->created);
    pr_doc_set_str(b, p, "expires", f->expires);
    pr_doc_set_str(b, pr_doc_set_object(b, p, "pare"), "version", PARE_VERSION);
    variant_put(b, p, f);
    set_copy(b, p, "measurements", pare_doc_get(f->variant, "metrics"));
    set_copy(b, p, "evaluation", pare_doc_path(f->report, "settings/evaluation"));
    set_copy(b, p, "bench", pare_doc_path(f->report, "settings/bench"));
    set_copy(b, p, "machine", pare_doc_get(f->report, "machine"));
    policy_put(b, p, f);
    set_copy(b, p, "gates", f->gates);
    set_copy(b, p, "monitoring", pare_doc_get(f->report, "monitoring"));
    set_copy(b, p, "probes", f->probes);
    if (!f->probes && f->no_probes) pr_doc_set_str(b, p, "probes_reason", f->no_probes);
    lineage_put(b, p, f);
    keys_put(b, p, f);
    pare_doc *list = pr_doc_set_array(b, p, "attestations");
    for (size_t i = 0; i < n; i++) {
        o = pr_doc_add_object(b, list);
        pr_doc_set_str(b, o, "predicateType", types[i]);
        set_sha(b, o, hashes[i]);
    }
    return d;
}

/* ------------------------------------------------------------------ all */

/* Takes `d` over. `hex`: of the payload. */
static pare_status sign(const pr_pk *k, pr_doc_build *b, pare_doc *d, pare_doc **envelope,
                        char hex[65], pare_err *err) {
    char  *text = NULL;
    size_t n;
    *envelope = NULL;
    PR_TRY(pr_doc_done(b, d, &d, err));
    pare_status st = pare_doc_text(d, 0, &text, &n, err);
    if (st == PARE_OK) {
        pr_sha256 h = pr_sha256_of(text, n);
        pr_sha256_hex(&h, hex);
        st = pr_dsse_sign(k, PR_DSSE_INTOTO, (pr_str){text, n}, false, envelope, err);
    }
    pare_doc_text_free(text);
    pare_doc_free(d);
    return st;
}

static void put_keys_beside(pr_doc_build *b, pare_doc *o, const pr_cert_facts *f) {
    pare_doc *list = pr_doc_set_array(b, o, "publicKeys"), *k = pr_doc_add_object(b, list);
    pr_doc_set_str(b, k, "keyid", f->keys->ed.print);
    pr_doc_set_str(b, k, "pem", f->keys->ed.pem);
    if (f->keys->rotation) set_copy(b, o, "rotation", f->keys->rotation);
}

pare_status pr_cert_make(const pr_cert_facts *f, pare_doc **out, pare_err *err) {
    static const char *const types[] = {PR_PROVENANCE, PR_TEST_RESULT, PR_SUMMARY};
    pr_doc_build             b = {0};
    pare_doc                *e[3] = {0}, *top = NULL;
    char                     hashes[3][65], own[65];
    const pr_pk             *k = &f->keys->ed;
    *out = NULL;
    pare_status st = sign(k, &b, provenance(&b, f), &e[0], hashes[0], err);
    if (st == PARE_OK) st = sign(k, &b, test_result(&b, f), &e[1], hashes[1], err);
    if (st == PARE_OK) st = sign(k, &b, summary(&b, f, hashes, 2), &e[2], hashes[2], err);
    if (st == PARE_OK) st = sign(k, &b, readiness(&b, f, types, hashes, 3), &top, own, err);
    if (st != PARE_OK) {
        for (int i = 0; i < 3; i++) pare_doc_free(e[i]);
        return st;
    }
    pare_doc *list = pr_doc_set_array(&b, top, "attestations");
    for (int i = 0; i < 3; i++) pr_doc_add(&b, list, e[i]);
    put_keys_beside(&b, top, f);
    return pr_doc_done(&b, top, out, err);
}

pare_status pr_doc_sha256(const pare_doc *v, char hex[65], pare_err *err) {
    char  *text = NULL;
    size_t n;
    hex[0] = 0;
    PR_TRY(pare_doc_text(v, 0, &text, &n, err));
    pr_sha256 h = pr_sha256_of(text, n);
    pr_sha256_hex(&h, hex);
    pare_doc_text_free(text);
    return PARE_OK;
}
