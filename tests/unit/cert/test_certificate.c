/* test_certificate.c - what only the signer can get wrong: statements signed by the right key
 * that do
 * not fit each other, the files, or the report. Each is told. Gates are not asked here. */
#include "cert/cert.h"
#include "check.h"

static const char report_text[] =
    "{\"created\":\"2026-11-23T08:00:00Z\",\"pare\":{\"version\":\"0\"},\"command\":[\"pare\"],"
    "\"model\":{\"name\":\"m\",\"sha256\":\"aa\",\"files\":[]},\"machine\":{\"cpu\":\"x\"},"
    "\"monitoring\":[],\"settings\":{\"constraints\":[]},\"policy\":{\"name\":\"p\",\"source\":"
    "\"built-in\",\"sha256\":null,\"gates\":[{\"name\":\"g\",\"metric\":\"bpw\"}]},"
    "\"variants\":[{\"name\":\"v\",\"quant\":\"Q8_0\",\"format\":\"gguf\",\"bytes\":4,"
    "\"metrics\":[{\"name\":\"bpw\",\"value\":8,\"lo\":8,\"hi\":8}]}]}";
static const char gates_text[] = "[{\"name\":\"g\",\"verdict\":\"pass\"}]";

typedef struct {
    char          dir[512];
    pr_arena     *a;
    pr_keypair    keys;
    pare_doc     *report, *gates;
    pr_oms        oms;
    pr_cert_facts f;
} site;

static void put(const site *s, const char *name, const pare_doc *d) {
    char     path[700];
    pare_err e = {0};
    snprintf(path, sizeof path, "%s/%s", s->dir, name);
    CHECK_OK(pare_doc_write(d, 1, path, &e), e);
}

static pare_doc *parsed(const char *text) {
    pare_doc *d;
    pare_err  e = {0};
    CHECK_OK(pr_json_parse(&d, text, strlen(text), NULL, &e), e);
    return d;
}

static void scan(site *s) {
    const char **ignore;
    size_t       n;
    pare_err     e = {0};
    CHECK_OK(pr_ship_ignore(s->dir, "m.gguf", s->a, &ignore, &n, &e), e);
    CHECK_OK(pr_oms_scan(&s->oms, s->dir, ignore, n, NULL, s->a, &e), e);
    s->f.files = &s->oms;
}

/* The bill, the certificate and the bundle of what `s->f` says now. */
static void certify(site *s) {
    pare_doc *bom, *cert, *bundle;
    pare_err  e = {0};
    scan(s);
    CHECK_OK(pr_bom_make(&s->f, &bom, &e), e);
    put(s, PR_CERT_BOM, bom);
    scan(s);
    CHECK_OK(pr_cert_make(&s->f, &cert, &e), e);
    CHECK_OK(pr_oms_sign(&s->oms, &s->keys.p256, &bundle, &e), e);
    put(s, PR_CERT_FILE, cert);
    put(s, PR_CERT_OMS, bundle);
    pare_doc_free(bom);
    pare_doc_free(cert);
    pare_doc_free(bundle);
}

static void site_open(site *s) {
    pare_err e = {0};
    char     path[700];
    *s = (site){.a = pr_arena_new(32 << 20)};
    snprintf(s->dir, sizeof s->dir, "%s", check_scratch());
    CHECK_OK(pr_pk_new(&s->keys.ed, PR_PK_ED25519, &e), e);
    CHECK_OK(pr_pk_new(&s->keys.p256, PR_PK_P256, &e), e);
    snprintf(path, sizeof path, "%s/m.gguf", s->dir);
    CHECK_OK(pr_file_write(path, "GGUF", 4, &e), e);
    s->report = parsed(report_text);
    s->gates = parsed(gates_text);
    put(s, "report.json", s->report);
    s->f = (pr_cert_facts){.report = s->report,
                           .variant = pare_doc_path(s->report, "variants/0"),
                           .gates = s->gates,
                           .verdict = "pass",
                           .summary = "fine",
                           .artefact = "m.gguf",
                           .created = "2026-11-23T09:00:00Z",
                           .expires = "2027-11-23T09:00:00Z",
                           .keys = &s->keys};
    CHECK_OK(pr_doc_sha256(pare_doc_path(s->report, "policy/gates"), s->f.policy_sha256, &e), e);
    certify(s);
}

static void site_close(site *s) {
    pr_keypair_done(&s->keys);
    pare_doc_free(s->report);
    pare_doc_free(s->gates);
    pr_arena_free(s->a);
    check_scratch_remove(s->dir);
}

/* "check check …" of the failures, in order, each once in a row. */
static const char *check_names(site *s, const char *now) {
    static char  names[1024];
    pr_doc_build b = {0};
    pr_cert_read c;
    pare_err     e = {0};
    pr_trust     t = {.keys = &s->keys.ed, .n = 1};
    pr_findings  f = {.b = &b, .checks = pr_doc_array(&b), .failures = pr_doc_array(&b)};
    const char  *last = "";
    CHECK_OK(pr_cert_check(s->dir, PR_CERT_FILE, &t, now, NULL, s->a, &c, &f, &e), e);
    names[0] = 0;
    for (size_t i = 0; i < pare_doc_count(f.failures); i++) {
        const char *n = pare_doc_str(pare_doc_get(pare_doc_at(f.failures, i), "check"));
        if (strcmp(n, last) == 0) continue;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", names[0] ? " " : "",
                 n);
        last = n;
    }
    pr_cert_read_done(&c);
    pare_doc_free(f.checks);
    pare_doc_free(f.failures);
    return names;
}
#define NOW "2026-12-01T00:00:00Z"

/* Replace the first `old` in the JSON of envelope `which` (0: readiness), and sign it again by the
 * right key. */
static void resign(site *s, int which, const char *old, const char *new) {
    char         path[700];
    pare_doc    *cert, *fresh = NULL;
    pr_dsse      d;
    pr_buf       body;
    pr_doc_build b = {0};
    pare_err     e = {0};
    snprintf(path, sizeof path, "%s/%s", s->dir, PR_CERT_FILE);
    CHECK_OK(pare_doc_read(&cert, path, &e), e);
    const pare_doc *env = which ? pare_doc_at(pare_doc_get(cert, "attestations"), (size_t)which - 1)
                                : cert;
    CHECK_OK(pr_dsse_read(env, s->a, &d, &e), e);
    char *text = pr_arena_str(s->a, d.body.p, d.body.n), *at = strstr(text, old);
    if (!at) fail_msg("no %s in %s", old, text);
    pr_buf_init(&body, 1 << 20);
    pr_buf_add(&body, text, (size_t)(at - text));
    pr_buf_puts(&body, new);
    pr_buf_puts(&body, at + strlen(old));
    CHECK_OK(pr_dsse_sign(&s->keys.ed, PR_DSSE_INTOTO, (pr_str){body.p, body.n}, false, &fresh, &e),
             e);
    if (which) {
        pare_doc *list = pr_doc_array(&b);
        for (int i = 0; i < 3; i++)
            pr_doc_add(&b, list,
                       i == which - 1 ? fresh
                                      : pr_doc_copy(pare_doc_at(
                                            pare_doc_get(cert, "attestations"), (size_t)i)));
        pr_doc_set(&b, cert, "attestations", list);
    } else {
        pr_doc_set(&b, cert, "payload", pr_doc_copy(pare_doc_get(fresh, "payload")));
        pr_doc_set(&b, cert, "signatures", pr_doc_copy(pare_doc_get(fresh, "signatures")));
        pare_doc_free(fresh);
    }
    put(s, PR_CERT_FILE, cert);
    pr_buf_done(&body);
    pare_doc_free(cert);
}

static void whole(void **state) {
    (void)state;
    site s;
    site_open(&s);
    assert_string_equal(check_names(&s, NOW), "");
    assert_string_equal(check_names(&s, "2027-11-23T09:00:00Z"), "");
    assert_string_equal(check_names(&s, "2027-11-23T09:00:01Z"), "date-expired");
    assert_string_equal(check_names(&s, "2026-11-23T08:59:59Z"), "date-future");
    s.f.verdict = "undecided"; /* not approved either */
    certify(&s);
    assert_string_equal(check_names(&s, NOW), "approval");
    site_close(&s);
}

/* Signed by the right key, and wrong. */
static void right_key_wrong_words(void **state) {
    (void)state;
    static const struct {
        int         which;
        const char *old, *new, *want;
    } cases[] = {
        {0, "\"approved\"", "\"perhaps\"", "approval verdict"},
        {0, "\"expires\":\"2027", "\"expires\":\"2025", "dates date-expired"},
        {0, "\"created\":\"2026-11-23T09", "\"created\":\"2026-11-23X09", "dates"},
        {0, "\"created\":\"2026-11-23T09", "\"created\":\"2026-11-23T08", "dates"},
        {0, "urn:pare:readiness:v1", "urn:pare:readiness:v9", "statement"},
        {0, "Statement/v1", "Statement/v2", "statement"},
        {0, "\"value\":8", "\"value\":7", "report"},
        {0, "\"cpu\":\"x\"", "\"cpu\":\"y\"", "report"},
        {0, "\"metric\":\"bpw\"", "\"metric\":\"bpv\"", "policy-hash report"},
        {0, "\"files\":[{\"path\":\"m.gguf\"", "\"files\":[{\"path\":\"n.gguf\"", "artefact bom"},
        {0, "\"files\":[{\"path\"", "\"filez\":[{\"path\"", "artefact bom"},
        {0, "\"attestations\":[{", "\"attestations\":[{},{", "attestation-digest"},
        {0, "\"model_signature\":{", "\"model_sig\":{", "bundle-key"},
        {0, "\"name\":\"m.gguf\"", "\"name\":\"n.gguf\"", "attestation-subject"},
        {0, "\"sha256\":\"", "\"sha256\":\"0", "attestation-subject bundle-root"},
        {1, "resolvedDependencies", "resolvedDependencees", "attestation-digest"},
        {2, "PASSED", "FAILED", "attestation-digest verdict"},
        {3, "PASSED", "FAILED", "attestation-digest verdict"},
        {2, "test-result/v0.1", "test-result/v0.2", "attestation attestation-missing"},
        {2, "https://in-toto.io/attestation/test-result/v0.1", "https://slsa.dev/provenance/v1",
         "attestation attestation-missing"},
    };
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        site s;
        site_open(&s);
        resign(&s, cases[i].which, cases[i].old, cases[i].new);
        const char *got = check_names(&s, NOW);
        if (strcmp(got, cases[i].want) != 0)
            fail_msg("%s: found \"%s\", expected \"%s\"", cases[i].old, got, cases[i].want);
        site_close(&s);
    }
}

/* A statement that is no JSON, or no object: named, not obeyed. */
static void right_key_no_words(void **state) {
    (void)state;
    static const char *const bodies[] = {"", "[]", "null", "{", "{\"predicate\":[]}", "\"\"",
                                         "{\"_type\":\"https://in-toto.io/Statement/v1\","
                                         "\"predicateType\":\"urn:pare:readiness:v1\"}"};
    for (size_t i = 0; i < PR_COUNT(bodies); i++) {
        site      s;
        pare_doc *d;
        pare_err  e = {0};
        site_open(&s);
        CHECK_OK(pr_dsse_sign(&s.keys.ed, PR_DSSE_INTOTO, pr_str_of(bodies[i]), false, &d, &e), e);
        put(&s, PR_CERT_FILE, d);
        assert_true(strstr(check_names(&s, NOW), "statement") != NULL);
        pare_doc_free(d);
        site_close(&s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole),
                                       cmocka_unit_test(right_key_wrong_words),
                                       cmocka_unit_test(right_key_no_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
