/* fault_scan.c - a directory looked at, and the two data files of readiness read, when the machine
 * fails. What a scan could not look at must not be passed over in silence. */
#include "fault.h"
#include "gate/gate.h"
#include "scan/scan.h"

/* Pickles, archives and programs among the vectors, undisturbed. */
static size_t bad_files;

static size_t counted(const pr_scan *s) {
    return s->of[PR_FOUND_PICKLE].total + s->of[PR_FOUND_ARCHIVE].total +
           s->of[PR_FOUND_CODE].total;
}

static pare_status look(void *ctx, pare_err *err) {
    pr_scan     s;
    pr_arena   *a = pr_arena_new(64 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_scan_tree(&s, ctx, NULL, a, NULL, err);
    if (st == PARE_OK) {
        size_t seen = counted(&s), unread = s.of[PR_FOUND_UNREAD].total;
        if (!bad_files) bad_files = seen;
        if (seen + unread < bad_files)
            fail_msg("%zu of %zu were found, and %zu told as not read", seen, bad_files, unread);
    }
    pr_arena_free(a);
    return st;
}

static pare_status data_files(void *ctx, pare_err *err) {
    pr_known        k;
    pr_ready_policy p;
    (void)ctx;
    pr_arena *a = pr_arena_new(16 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_known_read(check_source("data/advisories.yaml"), a, &k, err);
    if (st == PARE_OK)
        st = pr_ready_policy_read(check_source("policies/readiness.yaml"), a, &p, err);
    if (st == PARE_OK && (k.n_advisories == 0 || p.n_licences == 0)) fail_msg("read, but not all");
    pr_arena_free(a);
    return st;
}

static void test_look(void **state) {
    (void)state;
    bad_files = 0;
    fault_run("a directory", look, (char *)check_source("tests/vectors/scan"),
              FAULT_MEMORY | FAULT_OPEN | FAULT_MAP);
    assert_true(bad_files > 10);
}

static void test_data(void **state) {
    (void)state;
    fault_run("data files", data_files, NULL, FAULT_MEMORY | FAULT_OPEN | FAULT_MAP);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_look), cmocka_unit_test(test_data)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
