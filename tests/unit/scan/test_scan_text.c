/* test_scan_text.c - secrets, data of people, addresses and licences in text, both ways. No whole
 * secret stands in this file: each is put together when the test runs, and numbers with check
 * digits are the examples that their issuers publish. */
#include "check.h"
#include "scan/scan.h"

typedef struct {
    char   rule[40], what[200];
    size_t at, n;
    int    total;
} seen;

static void note(void *ctx, const char *rule, size_t at, size_t n, const char *what) {
    seen *s = ctx;
    if (s->total++) return;
    snprintf(s->rule, sizeof s->rule, "%s", rule);
    snprintf(s->what, sizeof s->what, "%s", what);
    s->at = at, s->n = n;
}

typedef void (*finder)(pr_str, pr_match_fn, void *);

static seen find(finder f, const char *text) {
    seen s = {0};
    f(pr_str_of(text), note, &s);
    return s;
}

static void expect(finder f, const char *text, const char *rule) {
    seen s = find(f, text);
    if (!rule && s.total) fail_msg("'%s': found %s (%s)", text, s.rule, s.what);
    if (rule && (s.total != 1 || strcmp(s.rule, rule) != 0))
        fail_msg("'%s': %d found, first '%s'; expected %s", text, s.total, s.rule, rule);
}

/* Letters and digits without order, `n` of them; no issuer's. */
static const char *drawn(size_t n, const char *alphabet) {
    static char dst[4][400];
    static int  turn;
    char       *p = dst[turn++ % 4];
    size_t      k = strlen(alphabet);
    uint32_t    x = 12345 + (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = alphabet[(x >> 16) % k];
    }
    p[n] = 0;
    return p;
}
#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* The CRC-32 of GitHub's tokens, computed otherwise than in the code: bit by bit from the front. */
static void github(char dst[41]) {
    const char *body = drawn(30, ALNUM);
    uint32_t    crc = 0xffffffff;
    for (int i = 0; i < 30; i++)
        for (int b = 0; b < 8; b++) {
            uint32_t bit = (crc ^ (uint32_t)((uint8_t)body[i] >> b)) & 1;
            crc = (crc >> 1) ^ (bit ? 0xedb88320u : 0);
        }
    crc ^= 0xffffffff;
    char sum[7] = "000000";
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (int i = 5; i >= 0; i--, crc /= 62) sum[i] = digits[crc % 62];
    snprintf(dst, 41, "ghp%c%s%s", '_', body, sum);
}

static void secrets_are_found(void **state) {
    (void)state;
    static const struct {
        const char *prefix;
        size_t      n;
        const char *set, *rule;
    } rows[] = {
        {"AKIA", 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", "aws-key-id"},
        {"hf_", 34, ALNUM, "huggingface-token"},
        {"sk-proj-", 60, ALNUM "-_", "openai-key"},
        {"sk-ant-", 95, ALNUM "-_", "anthropic-key"},
        {"AIza", 35, ALNUM, "google-key"},
        {"glpat-", 20, ALNUM, "gitlab-token"},
        {"xoxb-", 40, "0123456789abcdefghij", "slack-token"},
        {"sk_live_", 24, ALNUM, "stripe-key"},
        {"npm_", 36, ALNUM, "npm-token"},
        {"pypi-AgEIcHlwaS5vcmc", 80, ALNUM, "pypi-token"},
    };
    char text[600], shorter[600];
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        const char *body = drawn(rows[i].n, rows[i].set);
        snprintf(text, sizeof text, "KEY=\"%s%s\"\n", rows[i].prefix, body);
        seen s = find(pr_secrets_find, text);
        assert_int_equal(s.total, 1);
        assert_string_equal(s.rule, rows[i].rule);
        assert_null(strstr(s.what, body)); /* it is not shown */
        /* Inside a longer word, and one character short, it is none. */
        snprintf(shorter, sizeof shorter, "x%s%s", rows[i].prefix, body);
        expect(pr_secrets_find, shorter, NULL);
        snprintf(shorter, sizeof shorter, "%s%.*s ", rows[i].prefix, 10, body);
        expect(pr_secrets_find, shorter, NULL);
    }
    char token[41];
    github(token);
    expect(pr_secrets_find, token, "github-token");
    token[20] = token[20] == 'a' ? 'b' : 'a'; /* its sum no longer holds */
    expect(pr_secrets_find, token, NULL);
}

static void other_secrets(void **state) {
    (void)state;
    char text[1000];
    snprintf(text, sizeof text, "-----%s PRIVATE KEY-----\n%s\n", "BEGIN RSA", drawn(64, ALNUM));
    expect(pr_secrets_find, text, "private-key");
    snprintf(text, sizeof text, "\"-----%s PRIVATE KEY-----\\n%s\\n\"", "BEGIN", drawn(64, ALNUM));
    expect(pr_secrets_find, text, "private-key");
    expect(pr_secrets_find, "looks for '-----BEGIN " "PRIVATE KEY-----' lines", NULL);
    expect(pr_secrets_find, "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n", NULL);
    snprintf(text, sizeof text, "password: %s", drawn(24, ALNUM));
    expect(pr_secrets_find, text, "assigned");
    snprintf(text, sizeof text, "{\"api_key\": \"%s\"}", drawn(32, "0123456789abcdef"));
    expect(pr_secrets_find, text, "assigned");
    snprintf(text, sizeof text, "url = postgres%s//anna:%s@db.internal/x", ":", drawn(12, ALNUM));
    expect(pr_secrets_find, text, "url-password");
    snprintf(text, sizeof text, "a.%s.b eyJ%s.eyJ%s.%s", "x", drawn(30, ALNUM),
             drawn(40, ALNUM), drawn(43, ALNUM));
    expect(pr_secrets_find, text, "jwt");
}

static void what_is_no_secret(void **state) {
    (void)state;
    static const char *const rows[] = {
        "\"bos_token\": \"<|begin_of_text|>\", \"eos_token\": \"<|end_of_text|>\"",
        "\"unk_token\": \"<unk>\", \"tokenizer_class\": \"PreTrainedTokenizerFast\"",
        "password = os.environ['DB_PASSWORD']",
        "api_key: your-api-key-goes-here-0123456789",
        "secret: ${{ secrets.DEPLOY_KEY_2024 }}",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "sha256: 8a03b119617555b74637fc8e5ea8ecb0d010b92fa48743e16c7b23cec9be2fb2",
        "commit 26a48ad699d50b6268900062661bd22f3e792579",
        "access_token = get_access_token(client, retries=3)",
        "https://user:password@example.org/",
        "the password must have eight characters and two digits 12",
        "model.layers.0.self_attn.q_proj.weight",
        "secret_key_name: a-b-c",
        "",
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++) expect(pr_secrets_find, rows[i], NULL);
}

static void people_are_found(void **state) {
    (void)state;
    static const struct {
        const char *text, *rule;
    } rows[] = {
        {"write to jane.doe@corp.co.uk.", "email"},
        {"call +49 30 901820 today", "phone"},
        {"call (212) 555-0187", "phone"},
        {"tel:+14155552671", "phone"},
        {"IBAN GB29 NWBK 6016 1331 9268 19", "iban"}, /* the registry's examples */
        {"DE89370400440532013000", "iban"},
        {"FR1420041010050500013M02606", "iban"},
        {"4111 1111 1111 1111", "card"}, /* the issuers' numbers for tests */
        {"pay with 5555-5555-5555-4444", "card"},
        {"378282246310005", "card"},
        {"from 81.2.69.142 at noon", "ip"},
        {"SSN 219-09-9999", "national-id"},
        {"NIR 2 69 05 49 588 157 80", "national-id"},
        {"DNI 12345678Z", "national-id"},
        {"NIE X1234567L", "national-id"},
        {"CF RSSMRA85T10A562S", "national-id"},
        {"AHV 756.9217.0769.85", "national-id"},
        {"CPF 529.982.247-25", "national-id"},
        {"PESEL 44051401359", "national-id"},
        {"NI number QQ 12 34 56 C", NULL}, /* Q is never given out */
        {"NI number AB 12 34 56 C", "national-id"},
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++) expect(pr_people_find, rows[i].text, rows[i].rule);
    seen s = find(pr_people_find, "write to jane.doe@corp.co.uk.");
    assert_null(strstr(s.what, "jane"));
    assert_int_equal(s.at, 9);
    assert_int_equal(s.n, 19);
}

/* Each number above with one digit changed, and things that look alike. */
static void what_is_no_person(void **state) {
    (void)state;
    static const char *const rows[] = {
        "GB28 NWBK 6016 1331 9268 19", "DE89370400440532013001", "4111 1111 1111 1112",
        "5555-5555-5555-4445", "378282246310006", "NIR 2 69 05 49 588 157 81", "DNI 12345678A",
        "X1234567M", "RSSMRA85T10A562T", "756.9217.0769.84", "529.982.247-26", "PESEL 44051401358",
        "44051401359", "SSN 000-12-3456", "SSN 666-12-3456",
        "0.4111111111111111", "id 14111111111111111", "a4111111111111111b",
        "version 1.2.3.4", "10.0.0.1 192.168.1.7 127.0.0.1 172.16.9.9 169.254.1.1 203.0.113.9",
        "81.2.69.142.7", "v81.2.69.142", "81.2.69.0/24", "someone@example.com", "a@b", "@property",
        "x = a @ b.T", "user@localhost", "3.14159265358979 2.718281828459045", "+1.5e-05 and +12",
        "2026-11-23 08:30:27", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "+0000000000",
        "1a2b3c4d-0000-4000-8000-1234567890ab", "",
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++) expect(pr_people_find, rows[i], NULL);
}

static void addresses(void **state) {
    (void)state;
    expect(pr_addresses_find, "see https://a.example/x?token=1.", "address");
    seen s = find(pr_addresses_find, "(wss://u:p@h.example:9/q)");
    assert_int_equal(s.total, 1);
    assert_string_equal(s.what, "names wss://h.example:9"); /* nothing of the login or the path */
    expect(pr_addresses_find, "a://b, c:// http:// xhttp://a std::vector<int>", NULL);
}

static void licences(void **state) {
    (void)state;
    static const char *const same[][2] = {{"mit", "MIT"},
                                          {"apache-2.0", "Apache-2.0"},
                                          {"Apache License 2.0", "Apache-2.0"},
                                          {"CC-BY-NC-4.0", "CC-BY-NC-4.0"},
                                          {"cc0-1.0", "CC0-1.0"},
                                          {"llama3.1", "LicenseRef-llama3.1"},
                                          {" gemma\n", "LicenseRef-gemma"},
                                          {"gpl-3.0", "GPL-3.0-only"}};
    for (size_t i = 0; i < PR_COUNT(same); i++)
        assert_string_equal(pr_licence_spdx(pr_str_of(same[i][0])), same[i][1]);
    assert_null(pr_licence_spdx(PR_STR("mine")));
    assert_null(pr_licence_spdx(PR_STR("")));
    assert_null(pr_licence_spdx(PR_STR("mi")));
    pr_arena *a = pr_arena_new(1 << 22);
    pr_str    own;
    pare_err  e = {0};
    assert_non_null(a);
    CHECK_OK(pr_file_read(check_source("LICENSE"), 1 << 20, a, &own, &e), e);
    assert_string_equal(pr_licence_of_text(own), "Apache-2.0");
    assert_string_equal(
        pr_licence_of_text(PR_STR("Permission is hereby granted, free of charge,\n   to any "
                                  "person obtaining a copy of")),
        "MIT");
    assert_null(pr_licence_of_text(PR_STR("all rights reserved")));
    pr_arena_free(a);
}

/* Whatever stands in it, also at its very end: found, and nothing past it read (sanitizers). */
static void cut_anywhere(void **state) {
    (void)state;
    char token[41], text[700];
    github(token);
    int n = snprintf(text, sizeof text,
                     "%s a@b.org +49 30 901820 GB29NWBK60161331926819 4111111111111111 "
                     "81.2.69.142 2 69 05 49 588 157 80 https://x.org/ password=%s",
                     token, drawn(24, ALNUM));
    for (int k = 0; k <= n; k++) {
        char *p = malloc((size_t)k + 1);
        seen  s = {0};
        assert_non_null(p);
        memcpy(p, text, (size_t)k);
        pr_secrets_find((pr_str){p, (size_t)k}, note, &s);
        pr_people_find((pr_str){p, (size_t)k}, note, &s);
        pr_addresses_find((pr_str){p, (size_t)k}, note, &s);
        pr_template_find((pr_str){p, (size_t)k}, note, &s);
        free(p);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_found), cmocka_unit_test(other_secrets),
        cmocka_unit_test(what_is_no_secret), cmocka_unit_test(people_are_found),
        cmocka_unit_test(what_is_no_person), cmocka_unit_test(addresses),
        cmocka_unit_test(licences),          cmocka_unit_test(cut_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
