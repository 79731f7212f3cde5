/* test_metric_show.c - numbers as a reader sees them, and the table of names. */
#include "check.h"
#include "measure/measure.h"

static void shown(void **state) {
    (void)state;
    static const struct {
        const char *metric;
        double v, resolution;
        const char *want;
    } c[] = {
        {"accuracy_kept", 0.986399, 0, "98.64 %"},
        {"accuracy_kept", 0.95, 0, "95 %"},
        {"accuracy_kept", 0.986399, 0.005, "98.64 %"},
        {"perplexity", 30.59, 0.78, "30.59"},
        {"perplexity", 30.0, 0.78, "30.00"},
        {"file_bytes", 2272544, 0, "2.273 MB"},
        {"file_bytes", 702, 0, "702 B"},
        {"file_bytes", 1.5e9, 0, "1.5 GB"},
        {"speedup", 2.40456, 0.053, "2.405 ×"},
        {"decode_tps", 1688, 32, "1688 tok/s"},
        {"kld_mean", 0.0000021, 0, "2.1e-6 nats"},
        {"kld_mean", 0.0122651, 0.00026, "0.01227 nats"},
        {"kld_mean", 0, 0, "0 nats"},
        {"token_ms_p95", NAN, 0, "–"},
        {"speedup", 2, 0, "2 ×"},
        {"token_cv", 0.2, 0, "20 %"},
    };
    for (size_t i = 0; i < PR_COUNT(c); i++) {
        char text[48];
        pr_metric_show(pr_metric_info_find(c[i].metric), c[i].v, c[i].resolution, text,
                       sizeof text);
        assert_string_equal(text, c[i].want);
    }
}

/* docs/report.md is the contract: each name of the table stands in it. */
static void the_document_lists_every_name(void **state) {
    (void)state;
    pr_arena *a = pr_arena_new(1 << 20);
    pr_str text;
    pare_err e = {0};
    CHECK_OK(pr_file_read(check_source("docs/report.md"), 1 << 19, a, &text, &e), e);
    size_t n;
    const pr_metric_info *t = pr_metric_table(&n);
    for (size_t i = 0; i < n; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "`%s`", t[i].name);
        if (!strstr(text.p, quoted)) fail_msg("docs/report.md lacks %s", quoted);
        assert_ptr_equal(pr_metric_info_find(t[i].name), &t[i]); /* and no name stands twice */
    }
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(shown),
                                       cmocka_unit_test(the_document_lists_every_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
