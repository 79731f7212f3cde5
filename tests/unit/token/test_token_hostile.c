/* test_token_hostile.c - what is damaged, absurd or unknown is one clear error; what
 * is merely long is done in time. */
#include "check.h"
#include "token/token.h"

#define MODEL(m) "{\"added_tokens\":[],\"pre_tokenizer\":null,\"decoder\":null,\"model\":" m "}"
#define SMALL    "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]"
#define WITH(extra) "{\"model\":{\"type\":\"BPE\"," SMALL "}," extra "}"

static pare_status open_text(const char *json, pare_err *e) {
    pr_tokenizer *t;
    *e = (pare_err){0};
    pare_status st = pr_tokenizer_from_json(&t, pr_str_of(json), PR_STR(""), e);
    assert_true((st == PARE_OK) == (t != NULL));
    pr_tokenizer_close(t);
    return st;
}

static const struct {
    const char *json;
    pare_status status;
    const char *says;
} cases[] = {
    {"", PARE_EINPUT, "tokenizer.json"},
    {"[]", PARE_EINPUT, "object"},
    {"{\"model\":", PARE_EINPUT, "line"},
    {MODEL("{\"type\":\"Unigram\",\"vocab\":[]}"), PARE_EUNSUPPORTED, "Unigram"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"a c\"]}"), PARE_EINPUT, "'c'"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1},\"merges\":[\"a b\"]}"), PARE_EINPUT,
     "'ab'"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]}"), PARE_EINPUT,
     "both have"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"a\":1},\"merges\":[]}"), PARE_EINPUT,
     "duplicate"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}"), PARE_EINPUT, "good id"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":4000000000},\"merges\":[]}"), PARE_EINPUT,
     "good id"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"a\":16000000},\"merges\":[]}"), PARE_EINPUT,
     "ids up to"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{\"\":0},\"merges\":[]}"), PARE_EINPUT, "bytes"},
    {MODEL("{\"type\":\"BPE\",\"vocab\":{},\"merges\":[]}"), PARE_EINPUT, "no tokens"},
    {MODEL("{\"type\":\"BPE\",\"dropout\":0.1," SMALL "}"), PARE_EUNSUPPORTED, "dropout"},
    {MODEL("{\"type\":\"BPE\",\"end_of_word_suffix\":\"</w>\"," SMALL "}"), PARE_EUNSUPPORTED,
     "end_of_word"},
    {MODEL("{\"type\":\"BPE\",\"unk_token\":\"x\"," SMALL "}"), PARE_EINPUT, "unk_token"},
    {WITH("\"pre_tokenizer\":{\"type\":\"Foo\"}"), PARE_EUNSUPPORTED,
     "pre_tokenizer type 'Foo'"},
    {WITH("\"normalizer\":{\"type\":\"Bar\"}"), PARE_EUNSUPPORTED, "normalizer type 'Bar'"},
    {WITH("\"decoder\":{\"type\":\"CTC\"}"), PARE_EUNSUPPORTED, "decoder type 'CTC'"},
    {WITH("\"post_processor\":{\"type\":\"BertProcessing\"}"), PARE_EUNSUPPORTED,
     "BertProcessing"},
    {WITH("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"}}"), PARE_EINPUT,
     "compile"},
    {WITH("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\h\"}}"),
     PARE_EUNSUPPORTED, "\\h"},
    {WITH("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[a&&b]\"}}"),
     PARE_EUNSUPPORTED, "&&"},
    {WITH("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":"
          "\"X\"}"),
     PARE_EUNSUPPORTED, "'X'"},
    {WITH("\"added_tokens\":[{\"id\":0,\"content\":\"z\"}]"), PARE_EINPUT, "has the id 0"},
    {WITH("\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{"
          "\"id\":\"q\"}}]}"),
     PARE_EINPUT, "no ids"},
    {WITH("\"post_processor\":{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{"
          "\"id\":\"q\"}}],\"special_tokens\":{\"q\":{\"ids\":[99]}}}"),
     PARE_EINPUT, "99"},
};

static void test_errors(void **state) {
    pare_err e;
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pare_status st = open_text(cases[i].json, &e);
        if (st != cases[i].status || !strstr(e.msg, cases[i].says))
            fail_msg("case %zu: status %d, '%s'; expected %d and '%s'", i, (int)st, e.msg,
                     (int)cases[i].status, cases[i].says);
    }
    CHECK_OK(open_text(WITH("\"x\":1"), &e), e);
}

static void test_deep(void **state) {
    enum { DEPTH = 100000 };
    char    *s = malloc(DEPTH * 2 + 1);
    pare_err e;
    memset(s, '[', DEPTH);
    memset(s + DEPTH, ']', DEPTH);
    s[2 * DEPTH] = 0;
    assert_int_equal(open_text(s, &e), PARE_EINPUT);
    free(s);
    char    t[4096] = "{\"model\":{\"type\":\"BPE\"," SMALL "},\"normalizer\":";
    for (int i = 0; i < 20; i++) strcat(t, "{\"type\":\"Sequence\",\"normalizers\":[");
    for (int i = 0; i < 20; i++) strcat(t, "]}");
    strcat(t, "}");
    assert_int_equal(open_text(t, &e), PARE_EUNSUPPORTED);
}

static pare_status open_gguf(pr_gguf_vocab *g, pare_err *e) {
    pr_tokenizer *t;
    *e = (pare_err){0};
    pare_status st = pr_tokenizer_from_gguf(&t, g, e);
    pr_tokenizer_close(t);
    return st;
}

static void test_gguf(void **state) {
    pr_str        tokens[] = {PR_STR("a"), PR_STR("b"), PR_STR("ab")}, merges[] = {PR_STR("a b")};
    pr_gguf_vocab g = pr_gguf_vocab_none(), ok;
    pare_err      e;
    g.tokens = tokens;
    g.n_tokens = 3;
    g.merges = merges;
    g.n_merges = 1;
    g.model = PR_STR("gpt2");
    assert_int_equal(open_gguf(&g, &e), PARE_EUNSUPPORTED);
    assert_non_null(strstr(e.msg, "tokenizer.ggml.pre"));
    g.pre = PR_STR("nobody");
    assert_int_equal(open_gguf(&g, &e), PARE_EUNSUPPORTED);
    assert_non_null(strstr(e.msg, "'nobody'"));
    g.pre = PR_STR("gpt-2");
    CHECK_OK(open_gguf(&g, &e), e);
    ok = g;
    g.model = PR_STR("rwkv");
    assert_int_equal(open_gguf(&g, &e), PARE_EUNSUPPORTED);
    assert_non_null(strstr(e.msg, "'rwkv'"));
    g = ok;
    g.role[PR_SPECIAL_EOS] = 3;
    assert_int_equal(open_gguf(&g, &e), PARE_EINPUT);
    g = ok;
    merges[0] = PR_STR("a c");
    assert_int_equal(open_gguf(&g, &e), PARE_EINPUT);
    merges[0] = PR_STR("ab");
    assert_int_equal(open_gguf(&g, &e), PARE_EINPUT);
    merges[0] = PR_STR("a b");
    tokens[1] = PR_STR("a");
    assert_int_equal(open_gguf(&g, &e), PARE_EINPUT);
    assert_non_null(strstr(e.msg, "twice"));
}

static void test_text(void **state) {
    pr_tokenizer *t;
    pare_err      e = {0};
    pr_ids        ids = {0};
    CHECK_OK(pr_tokenizer_open(&t, check_source("models/austen-3.7m"), &e), e);
    assert_int_equal(pr_encode(t, "ab\xFF", 3, 0, &ids, &e), PARE_EINPUT);
    assert_int_equal(e.pos, 2);
    assert_int_equal(ids.n, 0);
    assert_int_equal(pr_encode(t, "\xED\xA0\x80", 3, 0, &ids, &e), PARE_EINPUT);
    pr_buf b;
    pr_buf_init(&b, 100);
    assert_int_equal(pr_decode(t, (pr_id[]){5, 2048}, 2, false, &b, &e), PARE_EINPUT);
    assert_int_equal(e.pos, 1);
    assert_int_equal(pr_decode(t, (pr_id[]){-1}, 1, false, &b, &e), PARE_EINPUT);
    /* The special token's text is text where it is not asked for. */
    CHECK_OK(pr_encode(t, "<|bos|>", 7, 0, &ids, &e), e);
    assert_true(ids.n > 1);
    ids.n = 0;
    CHECK_OK(pr_encode(t, "<|bos|>", 7, PR_ENCODE_SPECIAL, &ids, &e), e);
    assert_int_equal(ids.n, 1);
    assert_int_equal(ids.p[0], pr_tokenizer_role(t, PR_SPECIAL_BOS));
    pr_buf_done(&b);
    pr_ids_done(&ids);
    pr_tokenizer_close(t);
    assert_int_equal(pr_tokenizer_open(&t, check_source("tests"), &e), PARE_EINPUT);
    assert_null(t);
}

/* One letter, a million times: seconds if merging is O(n log n), hours if it is not.
 * The bound is loose enough for a sanitizer on a busy machine. */
static void check_long(const char *model, char letter) {
    enum { N = 1000000 };
    pr_tokenizer *t;
    pare_err      e = {0};
    pr_ids        ids = {0};
    char         *s = malloc(N);
    memset(s, letter, N);
    CHECK_OK(pr_tokenizer_open(&t, model, &e), e);
    uint64_t start = pr_cpu_ns();
    CHECK_OK(pr_encode(t, s, N, 0, &ids, &e), e);
    assert_true(pr_cpu_ns() - start < 20000000000u);
    pr_buf b;
    pr_buf_init(&b, N * 2);
    CHECK_OK(pr_decode(t, ids.p, ids.n, false, &b, &e), e);
    assert_int_equal(b.n, N);
    assert_memory_equal(b.p, s, N);
    pr_buf_done(&b);
    pr_ids_done(&ids);
    pr_tokenizer_close(t);
    free(s);
}

static void test_long(void **state) {
    check_long(check_source("models/austen-3.7m"), 'a');
    check_long(check_source("models/austen-3.7m"), ' ');
    CHECK_SHARED(dir, "models/stories260K/hf");
    check_long(dir, 'e');
    check_long(dir, ' ');
}

/* Sixteen steps of doubling: the text is the input's fault, and no memory is asked for in vain. */
static void a_text_that_explodes(void **state) {
    static const char *const step =
        "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}";
    char t[8192] = "{\"model\":{\"type\":\"BPE\"," SMALL
                   "},\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[";
    pr_tokenizer *tok;
    pr_ids        ids = {0};
    pare_err      e = {0};
    for (int i = 0; i < 16; i++) {
        if (i) strcat(t, ",");
        strcat(t, step);
    }
    strcat(t, "]}}");
    CHECK_OK(pr_tokenizer_from_json(&tok, pr_str_of(t), PR_STR(""), &e), e);
    assert_int_equal(pr_encode(tok, "aaaa", 4, 0, &ids, &e), PARE_EINPUT);
    assert_non_null(strstr(e.msg, "makes this text longer than"));
    pr_ids_done(&ids);
    pr_tokenizer_close(tok);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_text_that_explodes),
                                       cmocka_unit_test(test_errors),
                                       cmocka_unit_test(test_deep),
                                       cmocka_unit_test(test_gguf),
                                       cmocka_unit_test(test_text),
                                       cmocka_unit_test(test_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
