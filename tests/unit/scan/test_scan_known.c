/* test_scan_known.c - what is known of runtimes: versions and ranges, the file that ships, and
 * files
 * that are not to be trusted. */
#include "check.h"
#include "scan/scan.h"

static void versions(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        int         order; /* 9: not to be compared */
    } rows[] = {
        {"1.2.3", "1.2.3", 0},    {"1.2", "1.2.0", 0},        {"1.10", "1.9", 1},
        {"v0.5.0-dev", "0.5", 0}, {"0.3.36", "0.2.72", 1},    {"b8146", "b7824", 1},
        {"b8146", "1.2", 9},      {"0c1e57098", "b8146", 9},  {"8146", "b8146", 9},
        {"unknown", "1.0", 9},    {"", "1.0", 9},             {"1.30.0", "1.30.1", -1},
        {"2026.4.1", "2026.4", 1}, {"99999999999999999999.1", "1.0", 9}, {"1.2rc1", "1.2", 9},
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        int  order = 9;
        bool can = pr_version_compare(rows[i].a, rows[i].b, &order);
        if (can != (rows[i].order != 9) || (can && order != rows[i].order))
            fail_msg("%s and %s: %d, %d", rows[i].a, rows[i].b, can, order);
    }
}

static void ranges(void **state) {
    (void)state;
    static const char *const two[] = {"< 1.28.3", ">= 1.29, < 1.30.1"};
    static const char *const builds[] = {"< b8146"};
    const pr_advisory a = {.affected = two, .n_affected = 2},
                      b = {.affected = builds, .n_affected = 1};
    assert_int_equal(pr_advisory_hits(&a, "1.13.1"), 1);
    assert_int_equal(pr_advisory_hits(&a, "1.28.3"), 0);
    assert_int_equal(pr_advisory_hits(&a, "1.29.0"), 1);
    assert_int_equal(pr_advisory_hits(&a, "1.30.1"), 0);
    assert_int_equal(pr_advisory_hits(&a, "1.32.0"), 0);
    assert_int_equal(pr_advisory_hits(&a, "main"), -1);
    assert_int_equal(pr_advisory_hits(&b, "b8145"), 1);
    assert_int_equal(pr_advisory_hits(&b, "b8146"), 0);
    assert_int_equal(pr_advisory_hits(&b, "0.5.0-dev"), -1);
}

static void what_ships(void **state) {
    (void)state;
    pr_arena *a = pr_arena_new(16 << 20);
    pare_err  e = {0};
    pr_known  k, f;
    assert_non_null(a);
    CHECK_OK(pr_known_read(NULL, a, &k, &e), e);
    CHECK_OK(pr_known_read(check_source("data/advisories.yaml"), a, &f, &e), e);
    assert_string_equal(k.sha256, f.sha256);
    assert_string_equal(k.source, "built-in");
    assert_true(k.n_advisories >= 6);
    /* every runner that pare knows has a licence and a word on what it sends */
    static const char *const runners[] = {
        "native", "llama.cpp", "onnxruntime", "onnxruntime-genai", "openvino", "mlx"};
    for (size_t i = 0; i < PR_COUNT(runners); i++) {
        bool there = false;
        for (size_t n = 0; n < k.n_runtimes; n++)
            there |= strcmp(k.runtimes[n].name, runners[i]) == 0;
        if (!there) fail_msg("nothing is known of %s", runners[i]);
    }
    pr_arena_free(a);
}

#define HEAD "schema: 1\ndated: 2026-01-01\n"
#define GOOD                                                                                   \
    "{id: X, runtime: r, affected: [\"< 1.2\"], severity: low, what: w, source: "              \
    "\"https://x\", date: 2026-01-01}"
#define FACT "{name: r, licence: MIT, sends: \"no\", telemetry: none, source: \"https://x\"}"

static void strict(void **state) {
    (void)state;
    static const char *const good = HEAD "advisories:\n  - " GOOD "\nruntimes:\n  - " FACT "\n";
    static const char *const bad[][2] = {
        {"", "mapping"},
        {"- a", "mapping"},
        {HEAD "advisories: []\n", "runtimes"},
        {HEAD "runtimes: []\n", "advisories"},
        {"schema: 2\ndated: 2026-01-01\nadvisories: []\nruntimes: []\n", "schema"},
        {"schema: 1\ndated: soon\nadvisories: []\nruntimes: []\n", "dated"},
        {HEAD "advisories: []\nruntimes: []\nmore: 1\n", "unknown key 'more'"},
        {HEAD "advisories: [{id: X}]\nruntimes: []\n", "entry 1"},
        {HEAD "advisories: [{id: X, runtime: r, affected: [], severity: low, what: w, source: "
              "\"https://x\", date: 2026-01-01}]\nruntimes: []\n",
         "affected"},
        {HEAD "advisories: [{id: X, runtime: r, affected: [\"1.2\"], severity: low, what: w, "
              "source: \"https://x\", date: 2026-01-01}]\nruntimes: []\n",
         "range '1.2'"},
        {HEAD "advisories: [{id: X, runtime: r, affected: [\"< abc\"], severity: low, what: w, "
              "source: \"https://x\", date: 2026-01-01}]\nruntimes: []\n",
         "range"},
        {HEAD "advisories: [{id: X, runtime: r, affected: [\"< 1.2\"], severity: bad, what: w, "
              "source: \"https://x\", date: 2026-01-01}]\nruntimes: []\n",
         "severity"},
        {HEAD "advisories: [{id: X, runtime: r, affected: [\"< 1.2\"], severity: low, what: w, "
              "source: \"http://x\", date: 2026-01-01}]\nruntimes: []\n",
         "source"},
        {HEAD "advisories: [{id: X, runtime: r, affected: [\"< 1.2\"], severity: low, what: w, "
              "source: \"https://x\", date: 1.1.26}]\nruntimes: []\n",
         "date"},
        {HEAD "advisories: [{id: X, fix: 1}]\nruntimes: []\n", "unknown key 'fix'"},
        {HEAD "advisories: []\nruntimes: [{name: r, licence: mine, sends: \"no\", telemetry: "
              "n, source: \"https://x\"}]\n",
         "licence"},
        {HEAD "advisories: []\nruntimes: [{name: r, licence: MIT, sends: maybe, telemetry: n, "
              "source: \"https://x\"}]\n",
         "sends"},
    };
    pr_arena *a = pr_arena_new(16 << 20);
    pare_err  e = {0};
    pr_known  k;
    assert_non_null(a);
    CHECK_OK(pr_known_parse(pr_str_of(good), "g", a, &k, &e), e);
    assert_int_equal(k.n_advisories, 1);
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        e = (pare_err){0};
        pare_status st = pr_known_parse(pr_str_of(bad[i][0]), "b", a, &k, &e);
        if (st != PARE_EINPUT || !strstr(e.msg, bad[i][1])) fail_msg("row %zu: %s", i, e.msg);
        assert_null(k.advisories);
    }
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(versions), cmocka_unit_test(ranges),
                                       cmocka_unit_test(what_ships), cmocka_unit_test(strict)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
