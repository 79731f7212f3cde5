/* test_report_check.c - every verdict of a report computed again from the report alone. The
 * sample's own were computed by tests/vectors/report/make.py, in Python. */
#include "check.h"
#include "report/report.h"

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

enum { N = 3, N_RESULTS = 5 };
static const double speeds[N] = {1.2, 1.9, 1.5};
static const char *const names[N] = {"a", "b", "c"};
static pr_metric metrics[N][4];
static pr_gate_result results[N][N_RESULTS];
static pr_gate limit[PR_CONSTRAINTS_MAX];

/* Three candidates: none passes, and c lacks an objective. */
static void candidates_make(pr_candidate c[N]) {
    pr_limits asked = {.max_bytes = 100};
    assert_int_equal(pr_limits_gates(&asked, limit), 1);
    for (int i = 0; i < N; i++) {
        pr_est s = {.value = speeds[i],
                    .lo = speeds[i] - .1,
                    .hi = speeds[i] + .1,
                    .n = 9,
                    .conf = .95};
        pr_est k = i == 2 ? pr_est_none("no text") : pr_est_counted(0.1 * i);
        pr_metric *m = metrics[i];
        m[0] = (pr_metric){pr_metric_info_find("speedup"), PR_AGAINST_SOURCE, s};
        m[1] = (pr_metric){pr_metric_info_find("kld_mean"), PR_AGAINST_SOURCE, k};
        m[2] = (pr_metric){pr_metric_info_find("memory_bytes"), PR_AGAINST_NONE,
                           pr_est_counted(90 - i)};
        m[3] = (pr_metric){pr_metric_info_find("file_bytes"), PR_AGAINST_NONE,
                           pr_est_counted(99 + i)};
        pr_gate_judge(&limit[0], names[i], m, 4, &results[i][0]);
        pr_policy_judge(pr_policy_default(), names[i], m, 4, &results[i][1]);
        c[i] = (pr_candidate){.name = names[i],
                              .bytes = 99,
                              .metrics = m,
                              .n_metrics = 4,
                              .results = results[i],
                              .n_results = N_RESULTS};
    }
}

/* Their report, owned by the caller. */
static pare_doc *report_make(const pr_candidate c[N]) {
    pr_objective o[PR_OBJECTIVES_MAX];
    size_t n_o;
    pr_front f;
    pare_err e = {0};
    pr_doc_build b = {0};
    pare_doc *r = pr_doc_object(&b), *list = pr_doc_set_array(&b, r, "variants"), *v[N],
             *done = NULL;
    pr_doc_set_i64(&b, r, "schema", 1);
    pr_doc_set_str(&b, r, "kind", "pare.report");
    pare_doc *settings = pr_doc_set_object(&b, r, "settings");
    pr_gate_put_asked(&b, pr_doc_set_array(&b, settings, "constraints"), &limit[0]);
    pr_policy_put(&b, r, pr_policy_default());
    for (int i = 0; i < N; i++) {
        v[i] = pr_doc_add_object(&b, list);
        pr_doc_set_str(&b, v[i], "name", names[i]);
        pr_doc_set_i64(&b, v[i], "bytes", 99);
        pare_doc *box = pr_doc_set_array(&b, v[i], "metrics");
        for (int k = 0; k < 4; k++) pr_metric_put(&b, box, &metrics[i][k]);
    }
    CHECK_OK(pr_prefer_parse(NULL, o, &n_o, &e), e);
    CHECK_OK(pr_front_make(c, N, o, n_o, arena, &f, &e), e);
    assert_int_equal(pr_report_put_search(&b, r, v, c, &f, 1), 1);
    CHECK_OK(pr_doc_done(&b, r, &done, &e), e);
    return done;
}

/* What a search writes is found to be true, also after its way through text. */
static void what_search_writes_is_confirmed(void **state) {
    (void)state;
    pr_candidate c[N];
    pare_err e = {0};
    candidates_make(c);
    pare_doc *r = report_make(c);
    char *text = NULL;
    size_t len = 0;
    CHECK_OK(pare_doc_text(r, 0, &text, &len, &e), e);
    pr_recheck k = check_text(text, len);
    assert_string_equal(k.first, "");
    assert_int_equal(k.n_differ, 0);
    assert_string_equal(pare_doc_str(pare_doc_get(r, "verdict")), "fail");
    assert_non_null(strstr(text, "kld_mean is missing: no text"));
    pare_doc_text_free(text);
    pare_doc_free(r);
}

/* If nothing passes, the page says what failed. */
static void the_page_of_a_failure_says_why(void **state) {
    (void)state;
    pr_candidate c[N];
    pare_err e = {0};
    pr_buf page;
    candidates_make(c);
    pare_doc *r = report_make(c);
    pr_buf_init(&page, PR_REPORT_HTML_MAX);
    CHECK_OK(pr_report_html(r, NULL, &page, &e), e);
    CHECK_OK(pr_file_write("failing.html", page.p, page.n, &e), e);
    assert_non_null(strstr(page.p, "Does not pass: b"));
    assert_non_null(strstr(page.p, "token_cv is missing: it was not measured"));
    assert_non_null(strstr(page.p, "lower bound 1.8 × is 0.2 × short of the limit of 2 ×"));
    pr_buf_done(&page);
    pare_doc_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sample_agrees_with_python),
        cmocka_unit_test(lies_are_found),
        cmocka_unit_test(unreadable_reports_are_refused),
        cmocka_unit_test(what_search_writes_is_confirmed),
        cmocka_unit_test(the_page_of_a_failure_says_why),
    };
    return cmocka_run_group_tests(tests, open_sample, close_sample);
}
