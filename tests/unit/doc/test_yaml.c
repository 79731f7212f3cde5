/* pr_yaml_parse: which tree comes of a text, and what is refused, at which line. */
#include "check.h"
#include "doc/doc.h"

static char *as_json(const char *yaml) {
    pare_doc *d;
    pare_err e = {0};
    CHECK_OK(pr_yaml_parse(&d, yaml, strlen(yaml), &e), e);
    pr_buf b;
    pr_buf_init(&b, 1 << 20);
    CHECK_OK(pr_doc_put(d, 0, &b, &e), e);
    pare_doc_free(d);
    char *copy = strdup(b.p);
    pr_buf_done(&b);
    while (*copy && copy[strlen(copy) - 1] == '\n') copy[strlen(copy) - 1] = 0;
    return copy;
}

static void becomes(const char *yaml, const char *json) {
    char *got = as_json(yaml);
    assert_string_equal(got, json);
    free(got);
}

static void trees(void **state) {
    (void)state;
    becomes("a: 1\nb: [x, 'y z', \"q\\n\"]\nc:\n- d: e\n  f:\n- ~\n",
            "{\"a\":\"1\",\"b\":[\"x\",\"y z\",\"q\\n\"],\"c\":[{\"d\":\"e\",\"f\":null},null]}");
    becomes("a: |\n  two\n  lines\nb: >-\n  one\n  line\n",
            "{\"a\":\"two\\nlines\\n\",\"b\":\"one line\"}");
    becomes("text", "\"text\"");
}

/* YAML 1.1 would make these false, a float, an octal, a date: a licence or a language is none. */
static void no_type_is_guessed(void **state) {
    (void)state;
    becomes("[no, 1.0, 010, 2024-01-01, true, .nan]",
            "[\"no\",\"1.0\",\"010\",\"2024-01-01\",\"true\",\".nan\"]");
    becomes("[null, 'null', \"\", ~, '~', !!str null]",
            "[null,\"null\",\"\",null,\"~\",\"null\"]");
}

static void nothing_is_null(void **state) {
    (void)state;
    becomes("", "null");
    becomes("# only a comment\n", "null");
    becomes("---\n", "null");
    pare_doc *d;
    pare_err e = {0};
    CHECK_OK(pr_yaml_parse(&d, NULL, 0, &e), e);
    assert_int_equal(pare_doc_kind(d), PARE_DOC_NULL);
    pare_doc_free(d);
}

static void refused(const char *text, size_t n, int64_t pos, const char *word) {
    pare_doc *d;
    pare_err e = {0};
    assert_int_equal(pr_yaml_parse(&d, text, n, &e), PARE_EINPUT);
    assert_null(d);
    if (!strstr(e.msg, word)) fail_msg("'%s' says nothing of '%s'", e.msg, word);
    assert_int_equal(e.pos, pos);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t pos;
        const char *word;
    } cases[] = {{"a: 1\nb: 2\na: 3\n", 10, "line 3: the key 'a' stands twice"},
                 {"a: &x [1]\nb: *x\n", 10, "line 2: the alias '*x'"},
                 {"a: 1\n---\nb: 2\n", 5, "second document"},
                 {"a: 1\n? [k]\n: v\n", 5, "a key that is no text"},
                 {"a: [1\n", 6, "line 2"},
                 {"a: \xff\n", 3, "UTF-8"},
                 {"a: 1\n\"k\\0\": 2\n", 5, "zero byte"}};
    for (size_t i = 0; i < PR_COUNT(cases); i++)
        refused(cases[i].text, strlen(cases[i].text), cases[i].pos, cases[i].word);
}

static char *many(const char *piece, size_t times) {
    size_t n = strlen(piece);
    char *s = malloc(n * times + 1);
    for (size_t i = 0; i < times; i++) memcpy(s + i * n, piece, n);
    s[n * times] = 0;
    return s;
}

/* Each limit, and one less. */
static void limits(void **state) {
    (void)state;
    pare_doc *d;
    pare_err e = {0};
    static const struct {
        const char *piece;
        size_t allowed;
        const char *word;
    } cases[] = {{"- ", 32, "32 deep"}, {"- x\n", 99999, "100000 values"}};
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        char *most = many(cases[i].piece, cases[i].allowed),
             *over = many(cases[i].piece, cases[i].allowed + 1);
        CHECK_OK(pr_yaml_parse(&d, most, strlen(most), &e), e);
        pare_doc_free(d);
        assert_int_equal(pr_yaml_parse(&d, over, strlen(over), &e), PARE_EINPUT);
        assert_non_null(strstr(e.msg, cases[i].word));
        free(most), free(over);
    }
    char *long_key = many("k", 256), *big = many("#", (1 << 20) + 1);
    char text[300];
    snprintf(text, sizeof text, "%s: v\n", long_key);
    refused(text, strlen(text), 0, "255 bytes");
    CHECK_OK(pr_yaml_parse(&d, text + 1, strlen(text + 1), &e), e);
    pare_doc_free(d);
    refused(big, (1 << 20) + 1, -1, "at most 1048576");
    free(long_key), free(big);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees), cmocka_unit_test(no_type_is_guessed),
        cmocka_unit_test(nothing_is_null), cmocka_unit_test(refusals), cmocka_unit_test(limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
