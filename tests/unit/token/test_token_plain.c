/* test_token_plain.c - what a tokenizer says to other runtimes, and what it says it cannot. */
#include "check.h"
#include "token/token.h"

#define MODEL                                                                                  \
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}"
#define BYTES \
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true}," \
    "\"decoder\":{\"type\":\"ByteLevel\"}"

#define ADDED(id, text, lstrip, normalized)                                                    \
    "{\"id\":" id ",\"content\":\"" text "\",\"single_word\":false,\"lstrip\":" lstrip         \
    ",\"rstrip\":false,\"normalized\":" normalized ",\"special\":true}"

static pare_status plain(const char *json, pr_arena *a, pr_token_plain *p, pare_err *e) {
    pr_tokenizer *t;
    *e = (pare_err){0};
    CHECK_OK(pr_tokenizer_from_json(&t, pr_str_of(json), PR_STR(""), e), *e);
    pare_status st = pr_token_plain_of(t, a, p, e);
    if (st == PARE_OK) { /* what is borrowed from the tokenizer is looked at while it lives */
        assert_int_equal(p->n_merges, 1);
        assert_int_equal(p->merges[0][0], 0);
        assert_int_equal(p->merges[0][1], 1);
        if (p->n_splits) assert_memory_equal(p->splits[0].pattern.p, "'s|'t", 5);
        if (p->n_splits && !strstr(p->splits[0].pattern.p, "[^\\p{White_Space}"))
            fail_msg("%s", p->splits[0].pattern.p); /* U+180E is in PCRE2's \s alone */
    }
    pr_tokenizer_close(t);
    return st;
}

static void bytes_are_said(void **state) {
    pr_arena      *a = pr_arena_new(1 << 20);
    pr_token_plain p;
    pare_err       e;
    CHECK_OK(plain("{\"normalizer\":{\"type\":\"NFC\"}," BYTES "," MODEL "}", a, &p, &e), e);
    assert_true(p.byte_level && !p.prepend.p && !p.space.p);
    assert_string_equal(p.form, "nfc");
    assert_int_equal(p.n_splits, 1);
    assert_string_equal(p.splits[0].behaviour, "isolate");
    assert_int_equal(p.fused, -1);
    assert_int_equal(p.n_pieces, 2);
    assert_int_equal(p.n_words, 0);
    pr_arena_free(a);
}

static void what_cannot_be_said_is_named(void **state) {
    static const struct {
        const char *json, *says;
    } cases[] = {
        {"{\"normalizer\":{\"type\":\"Lowercase\"}," BYTES "," MODEL "}", "Lowercase"},
        {"{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":"
         "\"NFD\"}]}," BYTES "," MODEL "}",
         "second normal form"},
        {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
         "\"pattern\":"
         "{\"String\":\"-\"},\"behavior\":\"MergedWithPrevious\",\"invert\":false},{\"type\":"
         "\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]},\"decoder\":{"
         "\"type\":"
         "\"ByteLevel\"}," MODEL "}",
         "MergedWith"},
        {"{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
         "\"pattern\":"
         "{\"Regex\":\"a*\"},\"behavior\":\"Isolated\",\"invert\":false},{\"type\":"
         "\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]},\"decoder\":{"
         "\"type\":"
         "\"ByteLevel\"}," MODEL "}",
         "match nothing"},
        {"{" BYTES
         ",\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"abab\":3},"
         "\"merges\":[\"ab ab\",\"a b\"]}}",
         "before its parts"},
        {"{" BYTES ",\"added_tokens\":[" ADDED("3", "<x", "true", "false") "," ADDED(
             "4", "<x>", "false", "false") "]," MODEL "}",
         "swallows white space"},
        {"{" BYTES ",\"added_tokens\":[" ADDED("3", "<x", "false", "true") "," ADDED(
             "4", "x>", "false", "false") "]," MODEL "}",
         "overlap"},
        {"{" BYTES
         ",\"added_tokens\":[{\"id\":3,\"content\":\"x\",\"single_word\":true,\"lstrip\":false,"
         "\"rstrip\":false,\"normalized\":false,\"special\":true}]," MODEL "}",
         "whole word"},
        {"{\"decoder\":null,\"pre_tokenizer\":null," MODEL "}", "marks for spaces"},
    };
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pr_arena      *a = pr_arena_new(1 << 20);
        pr_token_plain p;
        pare_err       e;
        assert_int_equal(plain(cases[i].json, a, &p, &e), PARE_EREFUSED);
        if (!strstr(e.msg, cases[i].says)) fail_msg("%s: %s", cases[i].says, e.msg);
        pr_arena_free(a);
    }
}

static pare_status merges(const char *json, pr_arena *a, pr_tokenizer **t, pr_token_plain *p,
                          pare_err *e) {
    *e = (pare_err){0};
    CHECK_OK(pr_tokenizer_from_json(t, pr_str_of(json), PR_STR(""), e), *e);
    return pr_token_plain_of(*t, a, p, e);
}

/* abc: "a bc" is stated first, but ab is there before bc can be. cb comes out of no text; with
 * ignore_merges it is a word. xa is a merge's left and nothing makes it: ab stays whole there. */
static void only_merges_that_happen_are_said(void **state) {
    static const char *const forms[] = {"false", "true"};
    for (uint32_t k = 0; k < 2; k++) {
        char json[1024];
        pr_arena *a = pr_arena_new(1 << 20);
        pr_tokenizer *t;
        pr_token_plain p;
        pare_err e;
        snprintf(json, sizeof json,
                 "{" BYTES ",\"model\":{\"type\":\"BPE\",\"ignore_merges\":%s,\"vocab\":{"
                 "\"a\":0,\"b\":1,\"c\":2,\"x\":3,\"ab\":4,\"bc\":5,\"abc\":6,\"cb\":7,\"xa\":8,"
                 "\"xab\":9},\"merges\":[\"a b\",\"b c\",\"a bc\",\"ab c\",\"xa b\"]}}",
                 forms[k]);
        CHECK_OK(merges(json, a, &t, &p, &e), e);
        assert_int_equal(p.n_pieces, 4);
        assert_int_equal(p.n_merges, 3);
        static const uint32_t want[3][3] = {{0, 1, 4}, {1, 2, 5}, {4, 2, 6}};
        assert_memory_equal(p.merges, want, sizeof want);
        assert_int_equal(p.n_words, k ? 3 : 0);
        for (uint32_t i = 0; i < p.n_words; i++) assert_int_equal(p.words[i].id, 7 + i);
        pr_tokenizer_close(t);
        pr_arena_free(a);
    }
}

/* Bytes that begin no letter are the unknown token, once a letter; a run of it is one. */
static void unknown_letters_are_said(void **state) {
    pr_arena *a = pr_arena_new(1 << 20);
    pr_tokenizer *t;
    pr_token_plain p;
    pare_err e;
    CHECK_OK(merges("{\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},"
                    "\"content\":\"\xE2\x96\x81\"},\"decoder\":{\"type\":\"Replace\",\"pattern\":"
                    "{\"String\":\"\xE2\x96\x81\"},\"content\":\" \"},\"model\":{\"type\":\"BPE\","
                    "\"unk_token\":\"?\",\"fuse_unk\":true,\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,"
                    "\"?\":3},\"merges\":[\"a b\"]}}", a, &t, &p, &e), e);
    assert_int_equal(p.fused, 3);
    /* a, b, ?; then each byte but these that begins a letter */
    assert_int_equal(p.n_pieces, 3 + (0x80 - 3) + (0xF5 - 0xC2));
    for (uint32_t i = 3; i < p.n_pieces; i++) assert_int_equal(p.pieces[i].id, 3);
    pr_tokenizer_close(t);
    pr_arena_free(a);
}

/* ^ and $ are a line's in one dialect, the text's in the other. */
static void lines_are_said(void **state) {
    pr_arena *a = pr_arena_new(1 << 20);
    pr_tokenizer *t;
    pr_token_plain p;
    pare_err e;
    CHECK_OK(
        merges(
            "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\","
            "\"pattern\":{\"Regex\":\"^.\"},\"behavior\":\"Isolated\",\"invert\":false},"
            "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"[$.]\"},\"behavior\":\"Isolated\","
            "\"invert\":false},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
            "\"use_regex\":false}]},\"decoder\":{\"type\":\"ByteLevel\"}," MODEL "}",
            a, &t, &p, &e),
        e);
    assert_int_equal(p.n_splits, 2);
    assert_string_equal(p.splits[0].pattern.p, "(*LF)(?m)^.");
    assert_string_equal(p.splits[1].pattern.p, "[$.]");
    pr_tokenizer_close(t);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_are_said),
                                       cmocka_unit_test(what_cannot_be_said_is_named),
                                       cmocka_unit_test(only_merges_that_happen_are_said),
                                       cmocka_unit_test(unknown_letters_are_said),
                                       cmocka_unit_test(lines_are_said)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
