/* test_token_vectors.c - ids and texts as `tokenizers` and `sentencepiece` give them
 * (tests/vectors/token, made by make.py there). Compared exactly. */
#include "check.h"
#include "token/token.h"

static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s", path);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*n + 1);
    assert_int_equal(fread(p, 1, *n, f), *n);
    p[*n] = 0;
    fclose(f);
    return p;
}

/* Hexadecimal up to a line's end; returns bytes written. */
static size_t unhex(const char *s, char *dst) {
    size_t n = 0;
    for (unsigned b; sscanf(s, "%2x", &b) == 1 && s[0] != '\n'; s += 2) dst[n++] = (char)b;
    return n;
}

static size_t read_ids(const char *s, pr_id *ids) {
    size_t n = 0;
    while (*s != '|' && *s != '\n') {
        char *end;
        ids[n++] = (pr_id)strtol(s, &end, 10);
        s = end;
        while (*s == ' ') s++;
    }
    return n;
}

static const char *next_line(const char *s) {
    s = strchr(s, '\n');
    return s ? s + 1 : "";
}

static void same_ids(const char *name, int line, const pr_ids *got, const pr_id *want, size_t n) {
    bool same = got->n == n;
    for (size_t i = 0; same && i < n; i++) same = got->p[i] == want[i];
    if (!same) fail_msg("%s: text %d: %zu ids, expected %zu, or another id", name, line, got->n, n);
}

static void check_stream(const pr_tokenizer *t, const pr_ids *ids, const char *want, size_t n) {
    pr_decoder d;
    pr_buf     b;
    pare_err   e = {0};
    pr_buf_init(&b, 1 << 20);
    pr_decoder_init(&d, t, false);
    for (size_t i = 0; i < ids->n; i++) {
        CHECK_OK(pr_decoder_add(&d, ids->p[i], &b, &e), e);
        assert_true(b.n == 0 || pr_utf8_valid(b.p, b.n, NULL));
    }
    pr_decoder_end(&d, &b);
    assert_int_equal(b.n, n);
    if (n) assert_memory_equal(b.p, want, n);
    pr_buf_done(&b);
}

static void check_text(const pr_tokenizer *t, const char *name, int line, const char *hex,
                       const char *row) {
    static char  text[1 << 16], back[1 << 16];
    static pr_id want[1 << 14];
    pare_err     e = {0};
    pr_ids       ids = {0};
    pr_buf       b;
    size_t       n = unhex(hex, text), n_want = read_ids(row, want);
    const char  *bar = strchr(row, '|') + 1;
    size_t       n_back = *bar == '=' ? n : *bar == '-' ? 0 : unhex(bar, back);
    CHECK_OK(pr_encode(t, text, n, PR_ENCODE_SPECIAL, &ids, &e), e);
    same_ids(name, line, &ids, want, n_want);
    pr_buf_init(&b, 1 << 20);
    CHECK_OK(pr_decode(t, ids.p, ids.n, false, &b, &e), e);
    const char *expect = *bar == '=' ? text : back;
    if (b.n != n_back || (n_back && memcmp(b.p, expect, n_back) != 0))
        fail_msg("%s: text %d decodes to '%s'", name, line, b.p ? b.p : "");
    check_stream(t, &ids, expect, n_back);
    pr_buf_done(&b);
    pr_ids_done(&ids);
}

static void check_vectors(const pr_tokenizer *t, const char *name) {
    char         path[256];
    size_t       n;
    pare_err     e = {0};
    pr_ids       ids = {0};
    static pr_id want[64];
    snprintf(path, sizeof path, "tests/vectors/token/%s.vec", name);
    char *texts = slurp(check_source("tests/vectors/token/texts.hex"), &n);
    char *rows = slurp(check_source(path), &n);
    CHECK_OK(pr_encode(t, "", 0, PR_ENCODE_ADD, &ids, &e), e);
    same_ids(name, -1, &ids, want, read_ids(rows, want));
    int         line = 0;
    const char *s = texts, *r = next_line(rows);
    for (; *r; s = next_line(s), r = next_line(r)) check_text(t, name, line++, s, r);
    assert_true(line >= 200);
    pr_ids_done(&ids);
    free(texts);
    free(rows);
}

static void check_file(const char *path, const char *name, bool spm) {
    pr_tokenizer *t;
    pare_err      e = {0};
    size_t        n;
    char         *p = slurp(path, &n);
    if (spm)
        CHECK_OK(pr_tokenizer_from_spm(&t, (pr_str){p, n}, PR_STR(""), &e), e);
    else
        CHECK_OK(pr_tokenizer_from_json(&t, (pr_str){p, n}, PR_STR(""), &e), e);
    free(p);
    check_vectors(t, name);
    pr_tokenizer_close(t);
}

static void test_austen(void **state) {
    check_file(check_source("models/austen-3.7m/tokenizer.json"), "austen", false);
}
static void test_llama3(void **state) {
    check_file(check_source("tests/vectors/token/llama3-small.tokenizer.json"), "llama3-small",
               false);
}
static void test_qwen2(void **state) {
    check_file(check_source("tests/vectors/token/qwen2-small.tokenizer.json"), "qwen2-small",
               false);
}
static void test_spm_bytes(void **state) {
    check_file(check_source("tests/vectors/token/spm-bytes.model"), "spm-bytes", true);
}
static void test_spm_unknown(void **state) {
    check_file(check_source("tests/vectors/token/spm-unknown.model"), "spm-unknown", true);
}
static void test_gpt2(void **state) {
    CHECK_SHARED(path, "data/tokenizer-vectors/gpt2.tokenizer.json");
    check_file(path, "gpt2", false);
}
static void test_phi3(void **state) {
    CHECK_SHARED(path, "data/tokenizer-vectors/phi-3-mini.tokenizer.json");
    check_file(path, "phi-3-mini", false);
}
static void test_stories(void **state) {
    CHECK_SHARED(path, "models/stories260K/hf/tokenizer.json");
    check_file(path, "stories260K", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_austen),    cmocka_unit_test(test_llama3),
        cmocka_unit_test(test_qwen2),     cmocka_unit_test(test_spm_bytes),
        cmocka_unit_test(test_spm_unknown), cmocka_unit_test(test_gpt2),
        cmocka_unit_test(test_phi3),      cmocka_unit_test(test_stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
