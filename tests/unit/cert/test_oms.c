/* test_oms.c - bundles of OpenSSF Model Signing: those that its own tools and its specification
 * published (tests/vectors/oms), ours, and hostile ones. */
#include "cert/cert.h"
#include "check.h"

typedef struct {
    pr_doc_build b;
    pr_findings  f;
} findings;

static void findings_open(findings *x) {
    *x = (findings){0};
    x->f = (pr_findings){
        .b = &x->b, .checks = pr_doc_array(&x->b), .failures = pr_doc_array(&x->b)};
}
static void findings_close(findings *x) {
    pare_doc_free(x->f.checks);
    pare_doc_free(x->f.failures);
}
static const char *failure(const findings *x, size_t i, const char *key) {
    const char *s = pare_doc_str(pare_doc_get(pare_doc_at(x->f.failures, i), key));
    return s ? s : "";
}

static pr_pk public_key(const char *path) {
    pr_pk     k;
    pr_str    text;
    pare_err  e = {0};
    pr_arena *a = pr_arena_new(1 << 16);
    CHECK_OK(pr_file_read(path, 1 << 12, a, &text, &e), e);
    CHECK_OK(pr_pk_read_public(&k, text, &e), e);
    pr_arena_free(a);
    return k;
}

/* Folders that model_signing 1.1.0 and 1.0.1 signed: another writer, P-384, hints and none. */
static void published_folders(void **state) {
    (void)state;
    pr_pk k = public_key(check_source("tests/vectors/oms/key.pub"));
    assert_int_equal(k.kind, PR_PK_P384);
    const pr_trust t = {.keys = &k, .n = 1};
    findings       x;
    pare_err       e = {0};
    pr_arena      *a = pr_arena_new(1 << 22);
    findings_open(&x);
    CHECK_OK(pr_bundle_check(check_source("tests/vectors/oms/v1.1.0"), "model.sig", &t, NULL, a,
                             &x.f, &e),
             e);
    assert_int_equal(x.f.n_failures, 0);
    findings_close(&x);
    /* 1.0.1 did not note what it had ignored: that file is one that nobody signed. */
    findings_open(&x);
    CHECK_OK(pr_bundle_check(check_source("tests/vectors/oms/v1.0.1"), "model.sig", &t, NULL, a,
                             &x.f, &e),
             e);
    assert_int_equal(x.f.n_failures, 1);
    assert_string_equal(failure(&x, 0, "check"), "file-unlisted");
    assert_string_equal(failure(&x, 0, "file"), "ignore-me");
    findings_close(&x);
    /* Nobody is trusted. */
    findings_open(&x);
    CHECK_OK(pr_bundle_check(check_source("tests/vectors/oms/v1.1.0"), "model.sig", &(pr_trust){0},
                             NULL, a, &x.f, &e),
             e);
    assert_string_equal(failure(&x, 0, "check"), "bundle-signature");
    findings_close(&x);
    pr_pk_close(&k);
    pr_arena_free(a);
}

static pare_status read_vector(const char *name, pr_arena *a, pr_oms *o, pr_dsse *d,
                               char hint[65], pare_err *e) {
    char      path[200];
    pare_doc *doc = NULL;
    snprintf(path, sizeof path, "tests/vectors/oms/spec/%s.json", name);
    pare_status st = pr_json_read(&doc, check_source(path), NULL, e);
    if (st == PARE_OK) st = pr_oms_read(doc, a, o, d, hint, e);
    pare_doc_free(doc);
    return st;
}

static void published_bundles(void **state) {
    (void)state;
    pr_oms    o;
    pr_dsse   d;
    char      hint[65];
    pare_err  e = {0};
    pr_arena *a = pr_arena_new(1 << 22);
    pr_pk     k = public_key(check_source("tests/vectors/oms/key.pub"));
    CHECK_OK(read_vector("valid/key", a, &o, &d, hint, &e), e);
    assert_true(pr_dsse_verify(&d, &k));
    assert_string_equal(hint, k.print); /* the fingerprint is theirs */
    assert_int_equal(o.n_files, 2);
    /* The root as the specification's example has it. */
    assert_string_equal(o.root, "92745110b1ab4368471cbe31664e10174e954b113a3df333db860317b2c6dec4");
    static const struct {
        const char *name;
        pare_status want;
    } others[] = {{"valid/certificate", PARE_EUNSUPPORTED},
                  {"valid/sigstore", PARE_EUNSUPPORTED},
                  {"invalid/empty", PARE_EINPUT},
                  {"invalid/missing-envelope", PARE_EINPUT},
                  {"invalid/missing-tlog-entries", PARE_EUNSUPPORTED},
                  {"invalid/missing-verification-material", PARE_EINPUT},
                  {"invalid-payload/wrong-predicate", PARE_EINPUT}};
    for (size_t i = 0; i < PR_COUNT(others); i++) {
        e = (pare_err){0};
        assert_int_equal(read_vector(others[i].name, a, &o, &d, hint, &e), others[i].want);
        assert_true(e.msg[0]);
    }
    pr_pk_close(&k);
    pr_arena_free(a);
}

static void write_file(const char *dir, const char *name, const char *text) {
    char     path[800];
    pare_err e = {0};
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_OK(pr_file_write(path, text, strlen(text), &e), e);
}

/* What was scanned and signed is read back as it was, and each change of the folder is told. */
static void own_folder(void **state) {
    (void)state;
    const char              *dir = check_scratch();
    static const char *const ignore[] = {"model.sig", "skip"};
    char                     path[800], hint[65];
    pr_oms                   o, back;
    pr_dsse                  d;
    pr_pk                    k;
    pare_doc                *bundle = NULL;
    findings                 x;
    pare_err                 e = {0};
    pr_arena                *a = pr_arena_new(1 << 22);
    snprintf(path, sizeof path, "%s/a", dir);
    CHECK_OK(pr_dir_make(path, &e), e);
    write_file(dir, "a.txt", "1"); /* sorts before a/b: '.' < '/' */
    write_file(dir, "a/b", "2");
    write_file(dir, "skip", "3");
    write_file(dir, ".gitignore", "4");
    CHECK_OK(pr_pk_new(&k, PR_PK_P256, &e), e);
    CHECK_OK(pr_oms_scan(&o, dir, ignore, 2, NULL, a, &e), e);
    assert_int_equal(o.n_files, 2);
    assert_string_equal(o.files[0].name, "a.txt");
    CHECK_OK(pr_oms_sign(&o, &k, &bundle, &e), e);
    CHECK_OK(pr_oms_read(bundle, a, &back, &d, hint, &e), e);
    assert_string_equal(back.root, o.root);
    assert_true(pr_dsse_verify(&d, &k));
    findings_open(&x);
    CHECK_OK(pr_oms_check(&back, dir, "model.sig", NULL, a, &x.f, &e), e);
    assert_int_equal(x.f.n_failures, 0);
    write_file(dir, "a/b", "22");
    write_file(dir, "a/c", "5");
    snprintf(path, sizeof path, "%s/a.txt", dir);
    assert_int_equal(unlink(path), 0);
    CHECK_OK(pr_oms_check(&back, dir, "model.sig", NULL, a, &x.f, &e), e);
    assert_int_equal(x.f.n_failures, 3);
    assert_string_equal(failure(&x, 0, "check"), "file-missing");
    assert_string_equal(failure(&x, 1, "check"), "file-hash");
    assert_string_equal(failure(&x, 2, "check"), "file-unlisted");
    assert_string_equal(failure(&x, 2, "file"), "a/c");
    findings_close(&x);
    assert_int_equal(symlink("b", path), 0);
    e = (pare_err){0};
    assert_int_equal(pr_oms_scan(&o, dir, ignore, 2, NULL, a, &e), PARE_EREFUSED);
    pare_doc_free(bundle);
    pr_pk_close(&k);
    pr_arena_free(a);
    check_scratch_remove(dir);
}

/* A bundle around a statement, as it stands; not signed by anybody. */
static pare_doc *bundle_of(const char *statement) {
    pr_buf    b;
    pare_doc *d;
    pare_err  e = {0};
    pr_buf_init(&b, 1 << 20);
    pr_buf_puts(&b, "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\","
                    "\"verificationMaterial\":{\"publicKey\":{},\"tlogEntries\":[]},"
                    "\"dsseEnvelope\":{\"payloadType\":\"application/vnd.in-toto+json\","
                    "\"signatures\":[{\"sig\":\"AAAA\"}],\"payload\":\"");
    pr_base64_put(&b, statement, strlen(statement));
    pr_buf_puts(&b, "\"}}");
    CHECK_OK(pr_json_parse(&d, b.p, b.n, NULL, &e), e);
    pr_buf_done(&b);
    return d;
}

static pare_status read_resources(const char *how, const char *resources, const char *root,
                                  pr_oms *o, pr_arena *a, pare_err *e) {
    char    text[4096], hint[65];
    pr_dsse d;
    snprintf(text, sizeof text,
             "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":"
             "\"https://model_signing/signature/v1.0\",\"subject\":[{\"name\":\"m\",\"digest\":"
             "{\"sha256\":\"%s\"}}],\"predicate\":{\"serialization\":{\"hash_type\":\"sha256\","
             "\"allow_symlinks\":false,%s},\"resources\":[%s]}}",
             root, how, resources);
    pare_doc   *b = bundle_of(text);
    pare_status st = pr_oms_read(b, a, o, &d, hint, e);
    pare_doc_free(b);
    return st;
}

#define H1 "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b" /* of "1" */
#define H2 "d4735e3a265e16eee03f59718b9b5d03019c07d8b6c51f90da3a666eec13ab35" /* of "2" */
#define R1 "{\"name\":\"%s\",\"algorithm\":\"sha256\",\"digest\":\"" H1 "\"}"

static void hostile_names(void **state) {
    (void)state;
    static const char *const bad[] = {"/etc/passwd", "..",   "../x",      "a/../b", "a//b", "./a",
                                      "a/.",         "a/",   "",          "a/..",   "/",    "a/./b",
                                      "x\\u0000y"};
    pr_arena *a = pr_arena_new(1 << 22);
    pr_oms    o;
    char      one[600], root[65];
    pr_sha256 h, raw;
    assert_true(pr_sha256_parse(H1, &h));
    raw = pr_sha256_of(h.b, 32);
    pr_sha256_hex(&raw, root);
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pare_err e = {0};
        snprintf(one, sizeof one, R1, bad[i]);
        if (read_resources("\"method\":\"files\"", one, root, &o, a, &e) != PARE_EINPUT)
            fail_msg("took the name \"%s\"", bad[i]);
    }
    pare_err e = {0};
    snprintf(one, sizeof one, R1, "...");
    CHECK_OK(read_resources("\"method\":\"files\"", one, root, &o, a, &e), e);
    snprintf(one, sizeof one, R1 "," R1, "a", "a");
    assert_int_equal(read_resources("\"method\":\"files\"", one, root, &o, a, &e), PARE_EINPUT);
    assert_non_null(strstr(e.msg, "twice"));
    snprintf(one, sizeof one, R1, "a");
    e = (pare_err){0};
    assert_int_equal(read_resources("\"method\":\"files\"", one, H1, &o, a, &e), PARE_EINPUT);
    assert_non_null(strstr(e.msg, "root"));
    assert_int_equal(read_resources("\"method\":\"tar\"", one, root, &o, a, &e),
                     PARE_EUNSUPPORTED);
    assert_int_equal(read_resources("\"method\":\"files\"", "", root, &o, a, &e), PARE_EINPUT);
    pr_arena_free(a);
}

/* Shards: the whole of a file, and nothing else. "12" in shards of one byte. */
static void shards(void **state) {
    (void)state;
    static const struct {
        const char *first, *second, *file;
        size_t      failures;
    } cases[] = {{"f:0:1", "f:1:2", "12", 0},   {"f:0:1", "f:1:2", "123", 1},
                 {"f:0:1", "f:1:2", "13", 1},   {"f:0:1", "f:1:2", "1", 1},
                 {"f:0:1", "f:2:3", "122", 1}};
    pr_sha256 h[2], root;
    uint8_t   both[64];
    char      hex[65], list[900];
    assert_true(pr_sha256_parse(H1, &h[0]) && pr_sha256_parse(H2, &h[1]));
    memcpy(both, h[0].b, 32);
    memcpy(both + 32, h[1].b, 32);
    root = pr_sha256_of(both, 64);
    pr_sha256_hex(&root, hex);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        const char *dir = check_scratch();
        pr_arena   *a = pr_arena_new(1 << 22);
        pr_oms      o;
        pare_err    e = {0};
        findings    x;
        snprintf(list, sizeof list,
                 R1 ",{\"name\":\"%s\",\"algorithm\":\"sha256\",\"digest\":\"" H2 "\"}",
                 cases[i].first, cases[i].second);
        CHECK_OK(
            read_resources("\"method\":\"shards\",\"shard_size\":1", list, hex, &o, a, &e), e);
        write_file(dir, "f", cases[i].file);
        findings_open(&x);
        CHECK_OK(pr_oms_check(&o, dir, NULL, NULL, a, &x.f, &e), e);
        assert_int_equal(x.f.n_failures, cases[i].failures);
        findings_close(&x);
        pr_arena_free(a);
        check_scratch_remove(dir);
    }
    static const char *const bad[] = {"f", "f:0", "f:1:1", "f:2:1", "f:0:2", "f:x:1", "f:-1:0"};
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pr_arena *a = pr_arena_new(1 << 22);
        pr_oms    o;
        pare_err  e = {0};
        snprintf(list, sizeof list, R1, bad[i]);
        assert_int_equal(
            read_resources("\"method\":\"shards\",\"shard_size\":1", list, hex, &o, a, &e),
            PARE_EINPUT);
        pr_arena_free(a);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_folders), cmocka_unit_test(published_bundles),
        cmocka_unit_test(own_folder), cmocka_unit_test(hostile_names), cmocka_unit_test(shards)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
