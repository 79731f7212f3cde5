/* test_report_check.c - every verdict of a report computed again from the report alone. The
 * sample's own were computed by tests/vectors/report/make.py, in Python. */
#include "check.h"
#include "flow/report.h"

static pr_recheck check_text(const char *text, size_t n) {
    pare_doc *r = NULL;
    pr_recheck c = {0};
    pare_err e = {0};
    CHECK_OK(pare_doc_parse(&r, text, n, &e), e);
    CHECK_OK(pr_report_recheck(r, &c, &e), e);
    pare_doc_free(r);
    return c;
}

static pr_arena *arena;
static pr_str sample;

static int open_sample(void **state) {
    (void)state;
    arena = pr_arena_new(64 << 20);
    return pr_file_read(check_source("tests/vectors/report/sample.json"), 16 << 20, arena,
                        &sample, NULL);
}

static int close_sample(void **state) {
    (void)state;
    pr_arena_free(arena);
    return 0;
}

static void the_sample_agrees_with_python(void **state) {
    (void)state;
    pr_recheck c = check_text(sample.p, sample.n);
    assert_string_equal(c.first, "");
    assert_int_equal(c.n_differ, 0);
    assert_true(c.n_checked > 100);
}

/* Replace the first `old` after the first `from` by `new`. */
static pr_str edited(const char *from, const char *old, const char *new) {
    const char *p = strstr(sample.p, from);
    p = p ? strstr(p, old) : NULL;
    if (!p) fail_msg("the sample has no %s after %s", old, from);
    char *s =
        pr_arena_printf(arena, "%.*s%s%s", (int)(p - sample.p), sample.p, new, p + strlen(old));
    assert_non_null(s);
    return pr_str_of(s);
}

/* Each lie is found. */
static void lies_are_found(void **state) {
    (void)state;
    static const char *const lies[][3] = {
        {"\"exit_status\":0", "\"exit_status\":0", "\"exit_status\":1"},
        {"\"gates\":[{\"variant\":\"BF16\"", "\"verdict\":\"pass\"", "\"verdict\":\"fail\""},
        {"\"gates\":[{\"variant\":\"Q4_0\"", "\"margin\":0.0", "\"margin\":0.1"},
        {"\"choice\":{\"name\":\"Q4_0\"", "Q4_0", "Q4_K_M"},
        {"\"accepted\":true", "true", "false"},
        {"\"members\":[", "\"Q8_0\",", ""},
        {"\"name\":\"Q8_0\",\"quant\"", "\"score\":2", "\"score\":3"},
        /* loosened after the fact: judged gates no longer ask what the policy asks */
        {"\"policy\":{", "\"threshold\":0.95", "\"threshold\":0.5"},
        {"\"name\":\"Q4_0\",\"quant\"",
         "\"name\":\"file_bytes\",\"value\":2272544,\"lo\":2272544,\"hi\":2272544",
         "\"name\":\"file_bytes\",\"value\":5e6,\"lo\":5e6,\"hi\":5e6"},
        {"\"name\":\"Q4_0\",\"quant\"", "\"name\":\"speedup\",", "\"name\":\"unheard\","},
    };
    for (size_t i = 0; i < PR_COUNT(lies); i++) {
        pr_str s = edited(lies[i][0], lies[i][1], lies[i][2]);
        pr_recheck c = check_text(s.p, s.n);
        if (c.n_differ == 0) fail_msg("lie %zu was believed", i);
        assert_true(c.first[0]);
    }
}

static void unreadable_reports_are_refused(void **state) {
    (void)state;
    static const char *const texts[] = {
        "{}",
        "{\"schema\":2}",
        "{\"schema\":1}",
        "{\"schema\":1,\"variants\":7}",
        "{\"schema\":1,\"variants\":[{}]}",
        "{\"schema\":1,\"variants\":[]}",
        "{\"schema\":1,\"variants\":[{\"name\":\"a\",\"gates\":[{\"metric\":\"colour\"}]}]}",
        "{\"schema\":1,\"variants\":[{\"name\":\"a\",\"metrics\":[{\"name\":\"nll\",\"value\":"
        "\"x\"}]}]}",
    };
    for (size_t i = 0; i < PR_COUNT(texts); i++) {
        pare_doc *r = NULL;
        pr_recheck c;
        pare_err e = {0};
        CHECK_OK(pare_doc_parse(&r, texts[i], strlen(texts[i]), &e), e);
        if (pr_report_recheck(r, &c, &e) != PARE_EINPUT) fail_msg("report %zu was read", i);
        pare_doc_free(r);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_agrees_with_python),
        cmocka_unit_test(lies_are_found),
        cmocka_unit_test(unreadable_reports_are_refused),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
