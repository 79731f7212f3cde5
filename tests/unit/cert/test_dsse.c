/* test_dsse.c - envelopes: the published encoding, base64 to the letter, hostile shapes. */
#include "cert/cert.h"
#include "check.h"

/* The example of DSSE's protocol.md (v1.0). */
static void encodes_as_published(void **state) {
    (void)state;
    pr_buf b;
    pr_buf_init(&b, 1 << 12);
    pr_dsse_pae(PR_STR("http://example.com/HelloWorld"), PR_STR("hello world"), &b);
    assert_string_equal(b.p, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    pr_buf_clear(&b);
    pr_dsse_pae((pr_str){"", 0}, (pr_str){"", 0}, &b);
    assert_string_equal(b.p, "DSSEv1 0  0 ");
    pr_buf_done(&b);
}

/* RFC 4648, section 10; then all bytes, at every length. */
static void base64_is_exact(void **state) {
    (void)state;
    static const char *const vectors[][2] = {{"", ""},           {"f", "Zg=="},
                                             {"fo", "Zm8="},     {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=", "====",
                                      "Zg= =", "Zm9v\n", "Z*==", "Zg=a"};
    pr_arena *a = pr_arena_new(1 << 20);
    pr_str    s;
    for (size_t i = 0; i < PR_COUNT(vectors); i++) {
        pr_buf b;
        pr_buf_init(&b, 64);
        pr_base64_put(&b, vectors[i][0], strlen(vectors[i][0]));
        assert_string_equal(b.p ? b.p : "", vectors[i][1]);
        assert_true(pr_base64_read(pr_str_of(vectors[i][1]), a, &s));
        assert_true(pr_str_eq(s, pr_str_of(vectors[i][0])));
        pr_buf_done(&b);
    }
    for (size_t i = 0; i < PR_COUNT(bad); i++)
        if (pr_base64_read(pr_str_of(bad[i]), a, &s)) fail_msg("took \"%s\"", bad[i]);
    assert_true(pr_base64_read(PR_STR("_-_-"), a, &s)); /* the alphabet of URLs */
    assert_memory_equal(s.p, "\xff\xef\xfe", 3);
    uint8_t all[256];
    for (int i = 0; i < 256; i++) all[i] = (uint8_t)i;
    for (size_t n = 0; n <= 256; n++) {
        pr_buf b;
        pr_buf_init(&b, 1024);
        pr_base64_put(&b, all, n);
        assert_true(pr_base64_read((pr_str){b.p ? b.p : "", b.n}, a, &s));
        assert_int_equal(s.n, n);
        assert_memory_equal(s.p, all, n);
        pr_buf_done(&b);
    }
    pr_arena_free(a);
}

static void round_trip(void **state) {
    (void)state;
    pr_pk     k, other;
    pr_dsse   d;
    pare_doc *e = NULL;
    pare_err  err = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_pk_new(&k, PR_PK_ED25519, &err), err);
    CHECK_OK(pr_pk_new(&other, PR_PK_ED25519, &err), err);
    CHECK_OK(pr_dsse_sign(&k, "t", PR_STR("body"), false, &e, &err), err);
    CHECK_OK(pr_dsse_read(e, a, &d, &err), err);
    assert_true(pr_dsse_verify(&d, &k) && !pr_dsse_verify(&d, &other));
    assert_string_equal(d.sigs[0].keyid.p, k.print);
    pr_dsse changed = d;
    changed.type = PR_STR("u");
    assert_false(pr_dsse_verify(&changed, &k));
    changed = d;
    changed.body = PR_STR("bodi");
    assert_false(pr_dsse_verify(&changed, &k));
    /* "t" + "body" and "t 4 body"…: lengths keep them apart. */
    changed = d;
    changed.type = PR_STR("t 4");
    assert_false(pr_dsse_verify(&changed, &k));
    CHECK_OK(pr_dsse_add(&other, e, &err), err);
    CHECK_OK(pr_dsse_read(e, a, &d, &err), err);
    assert_int_equal(d.n_sigs, 2);
    assert_true(pr_dsse_verify(&d, &k) && pr_dsse_verify(&d, &other));
    pare_doc_free(e);
    pr_pk_close(&k);
    pr_pk_close(&other);
    pr_arena_free(a);
}

static void hostile_envelopes(void **state) {
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"payload\":\"\",\"payloadType\":\"\"}",
        "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}",
        "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":{}}",
        "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[1]}",
        "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"*\"}]}",
        "{\"payload\":\"a\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"\"}]}",
        "{\"payload\":1,\"payloadType\":\"\",\"signatures\":[{\"sig\":\"\"}]}",
        "{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[{\"sig\":\"\"},{\"sig\":\"\"},{"
        "\"sig\":\"\"},"
        "{\"sig\":\"\"},{\"sig\":\"\"},{\"sig\":\"\"},{\"sig\":\"\"},{\"sig\":\"\"},{\"sig\":"
        "\"\"}]}"};
    pr_arena *a = pr_arena_new(1 << 20);
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pare_doc *d;
        pare_err  e = {0};
        pr_dsse   out;
        CHECK_OK(pr_json_parse(&d, bad[i], strlen(bad[i]), NULL, &e), e);
        assert_int_equal(pr_dsse_read(d, a, &out, &e), PARE_EINPUT);
        assert_true(e.msg[0]);
        pare_doc_free(d);
    }
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encodes_as_published), cmocka_unit_test(base64_is_exact),
        cmocka_unit_test(round_trip), cmocka_unit_test(hostile_envelopes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
