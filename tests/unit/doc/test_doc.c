/* test_doc.c - trees: building, walking, and text that reads back the same. */
#include "check.h"
#include "doc/doc.h"
#include <float.h>

static void builds_and_walks(void **state) {
    pr_doc_build b = {0};
    pare_doc    *o = pr_doc_object(&b), *doc;
    pare_err     e = {0};
    pr_doc_set_str(&b, o, "z", "first");
    pr_doc_set_i64(&b, o, "a", INT64_MIN);
    pare_doc *gates = pr_doc_set_array(&b, o, "gates");
    pare_doc *g = pr_doc_add_object(&b, gates);
    pr_doc_set_str(&b, g, "verdict", "pass");
    pr_doc_set_f64(&b, g, "value", 3);
    pr_doc_add_null(&b, gates);
    pr_doc_set_strn(&b, o, "nul", (pr_str){"a\0b", 3});
    pr_doc_set_bool(&b, o, "yes", true);
    pr_doc_set_str(&b, o, "z", "again");
    CHECK_OK(pr_doc_done(&b, o, &doc, &e), e);
    assert_string_equal(pare_doc_str(pare_doc_path(doc, "gates/0/verdict")), "pass");
    assert_null(pare_doc_path(doc, "gates/2/verdict"));
    assert_null(pare_doc_path(doc, "gates/x"));
    assert_true(pare_doc_bool(pare_doc_get(doc, "yes")));
    assert_true(isnan(pare_doc_num(pare_doc_get(doc, "z"))));
    assert_int_equal(pare_doc_strlen(pare_doc_get(doc, "nul")), 3);
    char  *text;
    size_t n;
    CHECK_OK(pare_doc_text(doc, 0, &text, &n, &e), e);
    assert_string_equal(
        text, "{\"z\":\"again\",\"a\":-9223372036854775808,\"gates\":[{\"verdict\":\"pass\","
              "\"value\":3.0},null],\"nul\":\"a\\u0000b\",\"yes\":true}");
    pare_doc *again;
    char     *text2;
    CHECK_OK(pare_doc_parse(&again, text, n, &e), e);
    CHECK_OK(pare_doc_text(again, 0, &text2, NULL, &e), e);
    assert_string_equal(text, text2);
    pare_doc_text_free(text);
    pare_doc_text_free(text2);
    CHECK_OK(pare_doc_text(pare_doc_get(doc, "gates"), 2, &text, &n, &e), e);
    assert_string_equal(
        text, "[\n  {\n    \"verdict\": \"pass\",\n    \"value\": 3.0\n  },\n  null\n]");
    pare_doc_text_free(text);
    pare_doc_free(doc);
    pare_doc_free(again);
}

static void refuses(double v, const char *s) {
    pr_doc_build b = {0};
    pare_doc    *o = pr_doc_object(&b), *doc;
    pare_err     e = {0};
    if (s) pr_doc_set_str(&b, o, "k", s);
    else pr_doc_set_f64(&b, o, "k", v);
    assert_int_not_equal(pr_doc_done(&b, o, &doc, &e), PARE_OK);
    assert_null(doc);
    assert_non_null(strstr(e.msg, "key 'k'"));
}

static void what_json_cannot_say_is_refused(void **state) {
    refuses((double)NAN, NULL);
    refuses((double)INFINITY, NULL);
    refuses(0, "\xff");
}

/* The name of a file may hold any byte; a document may not. */
static void paths_are_made_readable(void **state) {
    static const char *const cases[][2] = {{"", ""},
                                           {"a/b", "a/b"},
                                           {"\xc3\xa4", "\xc3\xa4"},
                                           {"a\xff" "b", "a\xef\xbf\xbd" "b"},
                                           {"\xff\xfe", "\xef\xbf\xbd\xef\xbf\xbd"}};
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pr_doc_build b = {0};
        pare_doc    *o = pr_doc_object(&b), *doc;
        pare_err     e = {0};
        pr_doc_set_path(&b, o, "path", cases[i][0]);
        CHECK_OK(pr_doc_done(&b, o, &doc, &e), e);
        assert_string_equal(pare_doc_str(pare_doc_get(doc, "path")), cases[i][1]);
        pare_doc_free(doc);
    }
}

static void doubles_read_back(void **state) {
    static const struct { double v; const char *s;
    } some[] = {{0.1, "0.1"},
                {1e22, "1e+22"},
                {5e-324, "5e-324"},
                {-0.0, "-0.0"},
                {1.0 / 3, "0.3333333333333333"},
                {DBL_MAX, "1.7976931348623157e+308"},
                {100, "100.0"},
                {0.1 + 0.2, "0.30000000000000004"}};
    pr_rng   r;
    pare_err e = {0};
    pr_rng_seed(&r, 1);
    for (size_t i = 0; i < 20000; i++) {
        uint64_t u = pr_rng_u64(&r);
        double   v;
        memcpy(&v, &u, sizeof v);
        if (i < PR_COUNT(some)) v = some[i].v;
        if (!isfinite(v)) continue;
        pr_doc_build b = {0};
        pare_doc    *a = pr_doc_array(&b), *doc, *back;
        char        *text;
        size_t       n;
        pr_doc_add_f64(&b, a, v);
        CHECK_OK(pr_doc_done(&b, a, &doc, &e), e);
        CHECK_OK(pare_doc_text(doc, 0, &text, &n, &e), e);
        if (i < PR_COUNT(some)) assert_memory_equal(text + 1, some[i].s, n - 2);
        CHECK_OK(pare_doc_parse(&back, text, n, &e), e);
        double w = pare_doc_num(pare_doc_at(back, 0));
        assert_memory_equal(&v, &w, sizeof v);
        pare_doc_free(doc);
        pare_doc_free(back);
        pare_doc_text_free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(builds_and_walks),
                                       cmocka_unit_test(what_json_cannot_say_is_refused),
                                       cmocka_unit_test(paths_are_made_readable),
                                       cmocka_unit_test(doubles_read_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
