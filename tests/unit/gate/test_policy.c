/* test_policy.c - policies from YAML: what is taken, and that nothing half-understood is. */
#include "check.h"
#include "gate/gate.h"

static void same_policy(const pr_policy *a, const pr_policy *b) {
    assert_int_equal(a->n_gates, b->n_gates);
    for (size_t i = 0; i < a->n_gates; i++) {
        const pr_gate *x = &a->gates[i], *y = &b->gates[i];
        assert_string_equal(x->name, y->name);
        assert_string_equal(x->metric, y->metric);
        assert_int_equal(x->against, y->against);
        assert_int_equal(x->op, y->op);
        assert_true(x->threshold == y->threshold);
        assert_int_equal(x->bound, y->bound);
        assert_int_equal(x->min_n, y->min_n);
    }
}

static void the_shipped_ones_are_read(void **state) {
    (void)state;
    static const char *const names[] = {"default",     "enterprise", "prototyping", "against-f32",
                                        "mobile",      "edge-server", "embedded",   "strict"};
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        char path[64];
        pr_policy p;
        pare_err e = {0};
        pr_arena *a = pr_arena_new(1 << 20);
        snprintf(path, sizeof path, "policies/%s.yaml", names[i]);
        CHECK_OK(pr_policy_read(check_source(path), a, &p, &e), e);
        assert_string_equal(p.name, names[i]);
        assert_int_equal(strlen(p.sha256), 64);
        if (i == 0) same_policy(&p, pr_policy_default());
        pr_arena_free(a);
    }
}

#define HEAD "schema: 1\nname: x\ngates:\n"

static void mistakes_name_their_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *line, *what;
    } c[] = {
        {"", "", "empty"},
        {"[1, 2]", "line 1", "a list"},
        {"schema: 1\nname: x\n", "line 1", "without 'gates'"},
        {"schema: 2\nname: x\ngates: []", "line 1", "reads 1"},
        {"schema: 1\nname: x\nname: y\ngates: []", "line 3", "twice"},
        {"schema: 1\nname: x\ncolour: red", "line 3", "unknown key 'colour'"},
        {HEAD "  []", "line 4", "0 gates"},
        {HEAD "  - {metric: colour, above: 1}", "line 4", "unknown metric 'colour'"},
        {HEAD "  - {metric: speedup, above: 1, treshold: 2}", "line 4",
         "unknown key 'treshold'"},
        {HEAD "  - {metric: speedup}", "line 4", "none of above"},
        {HEAD "  - {metric: speedup, above: 1, at_least: 2}", "line 4", "more than one"},
        {HEAD "  - {metric: speedup, at_most: 2}", "line 4", "higher speedup"},
        {HEAD "  - {metric: token_cv, above: 2}", "line 4", "lower token_cv"},
        {HEAD "  - {metric: token_cv, below: 2, against: f32}", "line 4",
         "compares with nothing"},
        {HEAD "  - {metric: speedup, above: 2, against: f16}", "line 4", "'f16'"},
        {HEAD "  - metric: speedup\n    above: two\n", "line 5", "'two'"},
        {HEAD "  - metric: speedup\n    above: .nan\n", "line 5", "'.nan'"},
        {HEAD "  - {metric: speedup, above: [1]}", "line 4", "a list"},
        {HEAD "  - {metric: speedup, above: 1, bound: best}", "line 4", "'best'"},
        {HEAD "  - {metric: speedup, above: 1, min_n: 1.5}", "line 4", "whole"},
        {HEAD "  - {metric: speedup, above: 1, min_n: -1}", "line 4", "'-1'"},
        {HEAD "  - {above: 1}", "line 4", "without 'metric'"},
        {HEAD
         "  - {name: a, metric: speedup, above: 1}\n  - {name: a, metric: token_cv, below: 1}",
         "line 5", "two gates"},
        {HEAD "  - speedup > 2", "line 4", "expected a mapping"},
        {HEAD "  - {metric: speedup, above: 1\n", "line", "not YAML"},
        {HEAD "  - {metric: speedup, above: 1}\n---\na: 1\n", "", "second document"},
        {HEAD "  - {metric: \"speed\\0up\", above: 1}", "line 4", "zero byte"},
        {HEAD "  - {metric: speedup, above: 1, name: \xff}", "", "not UTF-8"},
        {"&a [*a]", "line 1", "a list"},
        {HEAD "  - &g {metric: speedup, above: 1}\n  - *g", "line 4", "two gates"},
    };
    for (size_t i = 0; i < PR_COUNT(c); i++) {
        pr_policy p;
        pare_err e = {0};
        pr_arena *a = pr_arena_new(1 << 20);
        if (pr_policy_parse(pr_str_of(c[i].text), "p.yaml", a, &p, &e) != PARE_EINPUT)
            fail_msg("case %zu was taken", i);
        if (!strstr(e.msg, c[i].line) || !strstr(e.msg, c[i].what))
            fail_msg("case %zu: %s", i, e.msg);
        assert_string_equal(e.file, "p.yaml");
        assert_int_equal(p.n_gates, 0);
        pr_arena_free(a);
    }
}

static void the_position_is_the_line_in_bytes(void **state) {
    (void)state;
    pr_policy p;
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    pr_policy_parse(PR_STR("schema: 1\nname: \xc3\xa4\xc3\xa4\ncolour: red\n"), "p.yaml", a, &p,
                    &e);
    assert_int_equal(e.pos, 21);
    pr_arena_free(a);
}

static void defaults(void **state) {
    (void)state;
    pr_policy p;
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_policy_parse(PR_STR(HEAD "  - {metric: speedup, above: 1}\n"), "p", a, &p, &e),
             e);
    assert_string_equal(p.gates[0].name, "speedup");
    assert_int_equal(p.gates[0].against, PR_AGAINST_SOURCE);
    assert_int_equal(p.gates[0].op, PR_OP_ABOVE);
    assert_int_equal(p.gates[0].bound, PR_BOUND_UNFAVOURABLE);
    pr_arena_free(a);
}

static void large_and_missing_files(void **state) {
    (void)state;
    pr_policy p;
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    char *big = pr_arena_get(a, 1 << 17, 1);
    memset(big, ' ', (1 << 17) - 1);
    assert_int_equal(pr_policy_parse(pr_str_of(big), "p", a, &p, &e), PARE_EINPUT);
    assert_int_equal(pr_policy_read("no/such/policy.yaml", a, &p, &e), PARE_EINPUT);
    pr_arena_free(a);
}

static const char *nothing_with_joule(void *user, const pr_metric_info *m) {
    return strcmp(m->name, user) == 0 ? "no energy counter" : NULL;
}

static void what_cannot_be_measured_is_refused(void **state) {
    (void)state;
    char energy[] = "energy_j_per_token", speed[] = "speedup";
    pr_policy p;
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_policy_parse(
                 PR_STR(HEAD "  - {name: green, metric: energy_j_per_token, below: 1}\n"), "p",
                 a, &p, &e),
             e);
    assert_int_equal(pr_policy_check(&p, nothing_with_joule, energy, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "green"));
    assert_non_null(strstr(e.msg, "no energy counter"));
    CHECK_OK(pr_policy_check(&p, nothing_with_joule, speed, &e), e);
    CHECK_OK(pr_policy_check(pr_policy_default(), nothing_with_joule, energy, &e), e);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_ones_are_read),
        cmocka_unit_test(mistakes_name_their_line),
        cmocka_unit_test(the_position_is_the_line_in_bytes),
        cmocka_unit_test(defaults),
        cmocka_unit_test(large_and_missing_files),
        cmocka_unit_test(what_cannot_be_measured_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
