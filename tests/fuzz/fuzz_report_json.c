/* fuzz_report_json.c - any bytes as a report: the page made of it keeps everything that came
 * from it escaped, and the second opinion reads it or says why not. */
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pare_doc *report;
    pr_buf page;
    pr_recheck again;
    pare_err e = {0};
    if (pr_json_parse(&report, p, n, NULL, &e) != PARE_OK) return 0;
    pr_buf_init(&page, PR_REPORT_HTML_MAX);
    e = (pare_err){0};
    if (pr_report_html(report, NULL, &page, &e) != PARE_OK && !e.msg[0]) __builtin_trap();
    /* The seeds call something "<fuzz>"; a page must not. */
    if (page.p && strstr(page.p, "<fuzz>")) __builtin_trap();
    e = (pare_err){0};
    if (pr_report_recheck(report, &again, &e) == PARE_OK) {
        if (again.n_differ > again.n_checked) __builtin_trap();
    } else if (!e.msg[0]) {
        __builtin_trap();
    }
    pr_buf_done(&page);
    pare_doc_free(report);
    return 0;
}
