/* test_sign_key.c - keys: signatures that others made, folders that others may read, chains. */
#include "cert/cert.h"
#include "check.h"

/* RFC 8410, section 10.1: a public key; its signature by RFC 8032's key of test 2 would need the
 * private half, so the key alone is read here. */
static const char rfc8410[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                              "-----END PUBLIC KEY-----\n";

static void reads_public_keys(void **state) {
    (void)state;
    pr_pk    k;
    pare_err e = {0};
    CHECK_OK(pr_pk_read_public(&k, PR_STR(rfc8410), &e), e);
    assert_int_equal(k.kind, PR_PK_ED25519);
    assert_string_equal(k.pem, rfc8410);
    pr_sha256 h = pr_sha256_of(rfc8410, sizeof rfc8410 - 1);
    char      hex[65];
    pr_sha256_hex(&h, hex);
    assert_string_equal(k.print, hex);
    pr_pk_close(&k);
    assert_int_equal(pr_pk_read_public(&k, PR_STR("no key"), &e), PARE_EINPUT);
    assert_null(k.handle);
    /* RSA of 512 bits: a key, but of no kind that we take. */
    static const char rsa[] =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n"
        "9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n"
        "-----END PUBLIC KEY-----\n";
    e = (pare_err){0};
    assert_int_equal(pr_pk_read_public(&k, PR_STR(rsa), &e), PARE_EUNSUPPORTED);
}

static void signs_and_verifies(void **state) {
    (void)state;
    for (pr_pk_kind kind = PR_PK_ED25519; kind <= PR_PK_P256; kind++) {
        pr_pk     k, pub;
        pr_str    sig, again;
        pare_err  e = {0};
        pr_arena *a = pr_arena_new(1 << 16);
        CHECK_OK(pr_pk_new(&k, kind, &e), e);
        CHECK_OK(pr_pk_sign(&k, "abc", 3, a, &sig, &e), e);
        CHECK_OK(pr_pk_read_public(&pub, pr_str_of(k.pem), &e), e);
        assert_true(pr_pk_verify(&pub, "abc", 3, sig));
        assert_false(pr_pk_verify(&pub, "abd", 3, sig));
        assert_false(pr_pk_verify(&pub, "abc", 2, sig));
        assert_false(pr_pk_verify(&pub, "abc", 3, (pr_str){sig.p, sig.n - 1}));
        assert_false(pr_pk_verify(&pub, "abc", 3, (pr_str){sig.p, 0}));
        assert_false(pub.secret);
        if (kind == PR_PK_ED25519) { /* the same bytes, the same signature */
            CHECK_OK(pr_pk_sign(&k, "abc", 3, a, &again, &e), e);
            assert_true(pr_str_eq(sig, again));
        }
        pr_pk_close(&k);
        pr_pk_close(&pub);
        pr_arena_free(a);
    }
}

/* The passphrase that pr_keyring asks for, in turn. */
typedef struct {
    const char *open, *fresh;
    int         asked;
} answers;

static int answer(void *user, const char *name, pare_pass_for what, char *dst, size_t cap) {
    answers    *a = user;
    const char *s = what == PARE_PASS_NEW ? a->fresh : a->open;
    (void)name;
    a->asked++;
    if (!s || strlen(s) > cap) return -1;
    memcpy(dst, s, strlen(s));
    return (int)strlen(s);
}

static void keeps_secrets(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        keys[600], path[700];
    answers     say = {.open = "open", .fresh = "open"};
    pare_err    e = {0};
    pr_keypair  k, again;
    snprintf(keys, sizeof keys, "%s/a/b", dir);
    pr_keyring r = {.dir = keys, .name = "n", .ask = answer, .user = &say};
    CHECK_OK(pr_keyring_make(&r, &k, &e), e);
    assert_true(k.locked && k.ed.secret);
    assert_int_equal(pr_keyring_make(&r, &again, &e), PARE_EREFUSED);
    CHECK_OK(pr_keyring_load(&r, &again, &e), e);
    assert_string_equal(again.ed.print, k.ed.print);
    assert_string_equal(again.p256.print, k.p256.print);
    pr_keypair_done(&again);
    static const char *const wrong[] = {"opem", "", NULL};
    for (size_t i = 0; i < PR_COUNT(wrong); i++) {
        say.open = wrong[i];
        e = (pare_err){0};
        assert_int_equal(pr_keyring_load(&r, &again, &e), PARE_EREFUSED);
        assert_null(again.ed.handle);
        assert_null(strstr(e.msg, "opem"));
    }
    say.asked = 0;
    CHECK_OK(pr_keyring_public(&r, &again, &e), e); /* needs no passphrase */
    assert_int_equal(say.asked, 0);
    assert_true(again.locked && !again.ed.secret);
    pr_keypair_done(&again);
    snprintf(path, sizeof path, "%s/n.key", keys);
    for (mode_t mode = 0601; mode <= 0660; mode += 0017) { /* 0601, 0620, 0637, 0656 */
        chmod(path, mode);
        e = (pare_err){0};
        assert_int_equal(pr_keyring_load(&r, &again, &e), PARE_EREFUSED);
        assert_non_null(strstr(e.msg, "others may read it"));
    }
    pr_keypair_done(&k);
    check_scratch_remove(dir);
}

static void rotations_lead(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        keys[600];
    pare_err    e = {0};
    pr_keypair  k[4];
    int         links;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    pr_keyring r = {.dir = keys, .name = "n"};
    CHECK_OK(pr_keyring_make(&r, &k[0], &e), e);
    for (int i = 1; i < 4; i++)
        CHECK_OK(pr_keyring_rotate(&r, "2026-11-23T09:00:00Z", &k[i], &e), e);
    const pare_doc *chain = k[3].rotation;
    assert_int_equal(pare_doc_count(chain), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(pr_rotation_leads(chain, k[i].ed.print, k[3].ed.print, &links));
        assert_int_equal(links, 3 - i);
    }
    assert_true(pr_rotation_whole(chain, k[3].ed.print));
    assert_false(pr_rotation_whole(chain, k[2].ed.print));
    assert_false(pr_rotation_leads(chain, k[3].ed.print, k[0].ed.print, &links)); /* not back */
    assert_false(pr_rotation_leads(chain, k[0].p256.print, k[3].ed.print, &links));
    assert_false(pr_rotation_leads(NULL, k[0].ed.print, k[3].ed.print, &links));
    /* One that the old key did not sign: the first link, under the new key's name. */
    pr_doc_build b = {0};
    pare_doc    *forged = pr_doc_copy(chain), *link = NULL;
    pr_dsse      d;
    pr_arena    *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_dsse_read(pare_doc_at(forged, 0), a, &d, &e), e);
    CHECK_OK(pr_dsse_sign(&k[1].ed, "application/vnd.pare.key-rotation.v1+json", d.body, false,
                          &link, &e),
             e);
    pare_doc *only = pr_doc_array(&b);
    pr_doc_add(&b, only, link);
    assert_false(pr_rotation_leads(only, k[0].ed.print, k[1].ed.print, &links));
    assert_false(pr_rotation_whole(only, k[1].ed.print));
    pare_doc_free(only);
    pare_doc_free(forged);
    pr_arena_free(a);
    for (int i = 0; i < 4; i++) pr_keypair_done(&k[i]);
    check_scratch_remove(dir);
}

/* A rotation that was killed before its key came, and a making of keys before its public halves:
 * the state that each leaves behind is made by putting the old file back. */
static void killed_halfway(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        keys[600], key[700], saved[700], pub[700];
    pare_err    e = {0};
    pr_keypair  first, second, third, now;
    int         links;
    snprintf(keys, sizeof keys, "%s/keys", dir);
    snprintf(key, sizeof key, "%s/n.key", keys);
    snprintf(saved, sizeof saved, "%s/saved", keys);
    snprintf(pub, sizeof pub, "%s/n.ed25519.pub", keys);
    pr_keyring r = {.dir = keys, .name = "n"};
    CHECK_OK(pr_keyring_make(&r, &first, &e), e);
    assert_int_equal(unlink(pub), 0);
    CHECK_OK(pr_keyring_load(&r, &now, &e), e);
    assert_int_equal(access(pub, R_OK), 0); /* written again */
    pr_keypair_done(&now);
    for (int i = 0; i < 2; i++) { /* at the first rotation; at the second */
        assert_int_equal(link(key, saved), 0);
        CHECK_OK(pr_keyring_rotate(&r, "2026-11-23T09:00:00Z", &second, &e), e);
        pr_keypair_done(&second);
        assert_int_equal(rename(saved, key), 0);
        CHECK_OK(pr_keyring_load(&r, &now, &e), e);
        assert_int_equal(pare_doc_count(now.rotation), i);
        assert_true(i == 0 || pr_rotation_whole(now.rotation, now.ed.print));
        pr_keypair_done(&now);
        CHECK_OK(pr_keyring_public(&r, &now, &e), e); /* the halves that belong to it */
        assert_true(i > 0 || strcmp(now.ed.print, first.ed.print) == 0);
        pr_keypair_done(&now);
        CHECK_OK(pr_keyring_rotate(&r, "2026-11-23T09:00:00Z", &third, &e), e);
        assert_true(pr_rotation_whole(third.rotation, third.ed.print));
        assert_true(pr_rotation_leads(third.rotation, first.ed.print, third.ed.print, &links));
        assert_int_equal(links, i + 1);
        pr_keypair_done(&third);
    }
    pr_keypair_done(&first);
    check_scratch_remove(dir);
}

static void dates(void **state) {
    (void)state;
    char     d[32], later[32];
    pare_err e = {0};
    /* `date -u -d @N` said so. */
    CHECK_OK(pr_date_now("1795000000", d, &e), e);
    assert_string_equal(d, "2026-11-18T11:06:40Z");
    CHECK_OK(pr_date_now("2024-02-29T23:59:59Z", d, &e), e);
    assert_string_equal(d, "2024-02-29T23:59:59Z");
    pr_date_add(d, 366, later);
    assert_string_equal(later, "2025-03-01T23:59:59Z");
    pr_date_add(d, 100 * 365 * 1000LL, later);
    assert_string_equal(later, "9999-12-31T23:59:59Z");
    static const char *const bad[] = {"2025-02-29T00:00:00Z", "2026-11-23", "-1", "",
                                      "2026-11-23T09:00:00+01:00", "2026-13-01T00:00:00Z",
                                      "2026-11-23T09:00:60Z"};
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        assert_int_equal(pr_date_now(bad[i], d, &e), PARE_EUSAGE);
        assert_false(pr_date_ok(bad[i]));
    }
    assert_false(pr_date_ok(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_public_keys), cmocka_unit_test(signs_and_verifies),
        cmocka_unit_test(keeps_secrets),     cmocka_unit_test(rotations_lead),
        cmocka_unit_test(killed_halfway),    cmocka_unit_test(dates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
