/* test_json.c - the strict door for JSON of others: limits, places, names in errors. */
#include "check.h"
#include "doc/doc.h"

static pare_doc *parsed(const char *s) {
    pare_doc *d;
    pare_err  e = {0};
    CHECK_OK(pr_json_parse(&d, s, strlen(s), NULL, &e), e);
    return d;
}

static void refuses(const char *s, int64_t pos, const char *words) {
    pare_doc *d;
    pare_err  e = {0};
    assert_int_equal(pr_json_parse(&d, s, strlen(s), NULL, &e), PARE_EINPUT);
    assert_null(d);
    if (!strstr(e.msg, words)) fail_msg("'%s': found '%s', expected '%s'", s, e.msg, words);
    if (pos >= 0) assert_int_equal(e.pos, pos);
}

static void bad_text(void **state) {
    refuses("", 0, "found nothing");
    refuses("{\"a\":1,\n\"a\":2}", -1, "line 2");
    refuses("{} x", -1, "end of file");
    refuses("[1,]", -1, "line 1");
    refuses("[NaN]", -1, "line 1");
    refuses("[1e999]", -1, "overflow");
    refuses("[\"\xc3\x28\"]", 2, "not UTF-8");
    char deep[260];
    memset(deep, '[', 130), memset(deep + 130, ']', 129), deep[259] = 0;
    refuses(deep, 100, "nested over 100");
    pr_json_limits lim = {.max_values = 3};
    pare_doc      *d;
    pare_err       e = {0};
    assert_int_equal(pr_json_parse(&d, "[1,2,3,4]", 9, &lim, &e), PARE_EINPUT);
    lim = (pr_json_limits){.max_bytes = 8};
    assert_int_equal(pr_json_parse(&d, "[1,2,3,4]", 9, &lim, &e), PARE_EINPUT);
}

static void members(void **state) {
    pare_doc *d =
        parsed("{\"n\": 64, \"f\": 1e-5, \"whole\": 64.0, \"s\": \"a\\u0000b\", \"null\": null,"
               "\"inf\": {\"__float__\": \"Infinity\"}, \"list\": [1], \"t\": true,"
               "\"[\": \"\\\"[[[\"}");
    pare_err  e = {0};
    int64_t   i;
    double    f;
    bool      b;
    pr_str    s;
    const pare_doc *v;
    CHECK_OK(pr_json_get_i64(d, "n", 1, 64, &i, &e), e);
    assert_int_equal(i, 64);
    CHECK_OK(pr_json_get_i64(d, "whole", 1, 64, &i, &e), e);
    assert_int_equal(i, 64);
    CHECK_OK(pr_json_get_f64(d, "n", 0, 1e9, &f, &e), e);
    assert_true(f == 64);
    CHECK_OK(pr_json_get_f64(d, "inf", 0, (double)INFINITY, &f, &e), e);
    assert_true(isinf(f));
    assert_int_equal(pr_json_get_f64(d, "inf", 0, 1e9, &f, &e), PARE_EINPUT);
    CHECK_OK(pr_json_opt_i64(d, "null", 0, 9, 5, &i, &e), e);
    assert_int_equal(i, 5);
    CHECK_OK(pr_json_get_str(d, "s", &s, &e), e);
    assert_true(s.n == 3 && s.p[1] == 0);
    CHECK_OK(pr_json_get_bool(d, "t", &b, &e), e);
    assert_true(b);
    CHECK_OK(pr_json_opt_bool(d, "no", true, &b, &e), e);
    assert_true(b);
    CHECK_OK(pr_json_get_arr(d, "list", &v, &e), e);
    assert_int_equal(pare_doc_count(v), 1);
    assert_int_equal(pr_json_get_i64(d, "n", 1, 63, &i, &e), PARE_EINPUT);
    assert_string_equal(e.msg, "'n': found 64, expected an integer of 1 to 63");
    assert_int_equal(i, 0);
    assert_int_equal(pr_json_get_i64(d, "f", 0, 9, &i, &e), PARE_EINPUT);
    assert_int_equal(pr_json_get_i64(d, "none", 0, 9, &i, &e), PARE_EINPUT);
    assert_string_equal(e.msg, "'none': found nothing, expected an integer of 0 to 9");
    assert_int_equal(pr_json_opt_arr(d, "n", &v, &e), PARE_EINPUT);
    assert_int_equal(pr_json_get_i64(d, "null", 0, 9, &i, &e), PARE_EINPUT);
    pare_doc_free(d);
}

/* tokenizer_config.json of many models: Python's "no limit". */
static void huge_integers(void **state) {
    pare_doc *d = parsed("{\"model_max_length\": 1000000000000000019884624838656, \"n\": 7}");
    pare_err  e = {0};
    int64_t   i;
    double    f;
    CHECK_OK(pr_json_get_f64(d, "model_max_length", 0, 1e40, &f, &e), e);
    assert_true(f == 1e30);
    assert_int_equal(pr_json_get_i64(d, "model_max_length", 0, INT64_MAX, &i, &e), PARE_EINPUT);
    CHECK_OK(pr_json_get_i64(d, "n", 0, 9, &i, &e), e);
    assert_int_equal(i, 7);
    pare_doc_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bad_text), cmocka_unit_test(members),
                                       cmocka_unit_test(huge_integers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
