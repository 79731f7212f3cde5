/* test_prefer.c - what --prefer and the limits mean, and what they refuse. */
#include "check.h"
#include "search/search.h"

static void the_three_are_always_there(void **state) {
    (void)state;
    pr_objective o[PR_OBJECTIVES_MAX];
    size_t n;
    pare_err e = {0};
    CHECK_OK(pr_prefer_parse(NULL, o, &n, &e), e);
    assert_int_equal(n, 3);
    assert_string_equal(o[0].metric->name, "speedup");
    assert_int_equal(o[0].against, PR_AGAINST_SOURCE);
    assert_string_equal(o[1].metric->name, "kld_mean");
    assert_string_equal(o[2].metric->name, "memory_bytes");
    assert_int_equal(o[2].against, PR_AGAINST_NONE);
    for (int i = 0; i < 3; i++) assert_true(o[i].weight == 1);
    CHECK_OK(pr_prefer_parse("memory=0.5,latency=3", o, &n, &e), e);
    assert_int_equal(n, 4);
    assert_true(o[0].weight == 0 && o[1].weight == 0 && o[2].weight == 0.5 && o[3].weight == 3);
    assert_string_equal(o[3].metric->name, "token_ms_p95");
    CHECK_OK(pr_prefer_parse("kld_p99=1", o, &n, &e), e);
    assert_int_equal(n, 4);
    assert_string_equal(o[3].preference, "kld_p99");
}

static void nonsense_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "speed",   "speed=",   "speed=-1", "speed=nan",         "speed=1,speed=2", "colour=1",
        "speed=0", "speed=1,", ",",        "speed=1,speedup=2", "speed=1e9",       "=1"};
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pr_objective o[PR_OBJECTIVES_MAX];
        size_t n;
        pare_err e = {0};
        if (pr_prefer_parse(bad[i], o, &n, &e) != PARE_EUSAGE)
            fail_msg("'%s' was taken", bad[i]);
        assert_true(e.msg[0]);
    }
    pr_objective o[PR_OBJECTIVES_MAX];
    size_t n;
    pare_err e = {0};
    pr_prefer_parse("colour=1", o, &n, &e);
    assert_non_null(strstr(e.msg, "speed, accuracy, memory"));
}

/* More terms than there is room for: every metric of the table by name. */
static void too_many(void **state) {
    (void)state;
    char text[2048] = "";
    size_t n_table, n, used = 0;
    const pr_metric_info *t = pr_metric_table(&n_table);
    assert_true(n_table > PR_OBJECTIVES_MAX);
    for (size_t i = 0; i < n_table; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=1", i ? "," : "",
                                 t[i].name);
    }
    pr_objective o[PR_OBJECTIVES_MAX];
    pare_err e = {0};
    assert_int_equal(pr_prefer_parse(text, o, &n, &e), PARE_EUSAGE);
}

static const char *no_counter(void *user, const pr_metric_info *m) {
    (void)user;
    return strcmp(m->unit, "J/token") == 0 ? "no energy counter" : NULL;
}

static void what_cannot_be_measured_is_refused(void **state) {
    (void)state;
    pr_objective o[PR_OBJECTIVES_MAX];
    size_t n;
    pare_err e = {0};
    CHECK_OK(pr_prefer_parse("speed=1", o, &n, &e), e);
    CHECK_OK(pr_objectives_check(o, n, no_counter, NULL, &e), e);
    CHECK_OK(pr_prefer_parse("speed=1,energy=1", o, &n, &e), e);
    assert_int_equal(pr_objectives_check(o, n, no_counter, NULL, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "energy_j_per_token"));
}

static void limits_are_gates_on_the_unfavourable_bound(void **state) {
    (void)state;
    pr_gate g[PR_CONSTRAINTS_MAX];
    pr_limits l = {0};
    assert_int_equal(pr_limits_gates(&l, g), 0);
    l = (pr_limits){.max_bytes = 100, .min_speedup = 2, .against = PR_AGAINST_F32};
    assert_int_equal(pr_limits_gates(&l, g), 2);
    assert_string_equal(g[0].name, "max-bytes");
    assert_int_equal(g[0].against, PR_AGAINST_NONE);
    assert_int_equal(g[1].against, PR_AGAINST_F32);
    pr_metric m[] = {{pr_metric_info_find("file_bytes"), PR_AGAINST_NONE, pr_est_counted(100)},
                     {pr_metric_info_find("speedup"),
                      PR_AGAINST_F32,
                      {.value = 2.1, .lo = 1.9, .hi = 2.3, .n = 9, .conf = 0.95}}};
    pr_gate_result r;
    pr_gate_judge(&g[0], "v", m, 2, &r);
    assert_int_equal(r.verdict, PR_PASS); /* a limit may be reached */
    m[0].est = pr_est_counted(101);
    pr_gate_judge(&g[0], "v", m, 2, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    assert_true(r.margin == -1);
    pr_gate_judge(&g[1], "v", m, 2, &r);
    assert_int_equal(r.verdict, PR_UNDECIDED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_three_are_always_there),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(too_many),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
        cmocka_unit_test(limits_are_gates_on_the_unfavourable_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
