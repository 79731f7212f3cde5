/* test_token_plain.c - what a tokenizer says to other runtimes, and what it says it cannot. */
#include "check.h"
#include "token/token.h"

#define MODEL                                                                                  \
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}"
#define BYTES \
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true}," \
    "\"decoder\":{\"type\":\"ByteLevel\"}"

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
    assert_true(p.byte_level && !p.byte_fallback && !p.prepend.p && !p.space.p);
    assert_string_equal(p.form, "nfc");
    assert_int_equal(p.n_splits, 1);
    assert_string_equal(p.splits[0].behaviour, "isolate");
    assert_int_equal(p.unk, -1);
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
        {"{" BYTES
         ",\"model\":{\"type\":\"BPE\",\"ignore_merges\":true,\"vocab\":{\"a\":0,\"b\":1,"
         "\"ab\":2},\"merges\":[\"a b\"]}}",
         "ignore_merges"},
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

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_are_said),
                                       cmocka_unit_test(what_cannot_be_said_is_named)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
