/* test_gate.c - the verdict of one gate at each edge, and of several together. */
#include "check.h"
#include "gate/gate.h"

static pr_metric speed(double lo, double v, double hi, int64_t n) {
    return (pr_metric){pr_metric_info_find("speedup"),
                       PR_AGAINST_SOURCE,
                       {.value = v, .lo = lo, .hi = hi, .se = .1, .n = n, .conf = .95}};
}

static pr_gate gate(pr_op op, double t) {
    return (pr_gate){.name = "g",
                     .metric = "speedup",
                     .against = PR_AGAINST_SOURCE,
                     .op = op,
                     .threshold = t};
}

static void the_edges(void **state) {
    (void)state;
    static const struct {
        pr_op op;
        double lo, v, hi, t;
        pr_verdict want;
        double margin;
    } c[] = {
        {PR_OP_AT_LEAST, 2.0, 2.25, 2.5, 2, PR_PASS, 0},   /* the bound on the limit */
        {PR_OP_ABOVE, 2.0, 2.25, 2.5, 2, PR_UNDECIDED, 0}, /* strictly above is more */
        {PR_OP_ABOVE, 2.25, 2.5, 2.75, 2, PR_PASS, 0.25},
        {PR_OP_AT_LEAST, 1.75, 2.25, 2.5, 2, PR_UNDECIDED, -0.25},
        {PR_OP_AT_LEAST, 1.5, 1.75, 2.0, 2, PR_UNDECIDED, -0.5}, /* the other bound on it */
        {PR_OP_ABOVE, 1.5, 1.75, 2.0, 2, PR_FAIL, -0.5},
        {PR_OP_AT_LEAST, 1.0, 1.25, 1.5, 2, PR_FAIL, -1},
        {PR_OP_AT_MOST, 1.0, 1.25, 2.0, 2, PR_PASS, 0},
        {PR_OP_BELOW, 1.0, 1.25, 2.0, 2, PR_UNDECIDED, 0},
        {PR_OP_AT_MOST, 2.25, 2.5, 3, 2, PR_FAIL, -1},
        {PR_OP_BELOW, 2, 2.5, 3, 2, PR_FAIL, -1},
        {PR_OP_AT_MOST, 2, 2, 2, 2, PR_PASS, 0}, /* counted */
        {PR_OP_BELOW, 2, 2, 2, 2, PR_FAIL, 0},
    };
    for (size_t i = 0; i < PR_COUNT(c); i++) {
        pr_metric m = speed(c[i].lo, c[i].v, c[i].hi, 20);
        pr_gate g = gate(c[i].op, c[i].t);
        pr_gate_result r;
        pr_gate_judge(&g, "v", &m, 1, &r);
        if (r.verdict != c[i].want) fail_msg("case %zu: %s", i, pr_verdict_name(r.verdict));
        assert_true(r.margin == c[i].margin);
        assert_true(r.reason[0]);
    }
}

static void missing_fails(void **state) {
    (void)state;
    pr_gate g = gate(PR_OP_AT_LEAST, 0);
    pr_gate_result r;
    pr_gate_judge(&g, "v", NULL, 0, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    assert_true(isnan(r.margin));
    pr_metric m = speed(1, 2, 3, 9);
    m.against = PR_AGAINST_F32; /* against the other baseline: another metric */
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    m.against = PR_AGAINST_SOURCE;
    m.est = pr_est_none("the battery is not discharging");
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    assert_non_null(strstr(r.reason, "the battery is not discharging"));
    m = speed(NAN, 2, 3, 9); /* a value without its bound */
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    g.bound = PR_BOUND_VALUE; /* … which this policy does not ask for */
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_PASS);
    m = speed(1, INFINITY, INFINITY, 9);
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    g.metric = "no such metric";
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL);
}

static void too_few_blocks_fail(void **state) {
    (void)state;
    pr_metric m = speed(3, 4, 5, 9);
    pr_gate g = gate(PR_OP_AT_LEAST, 2);
    pr_gate_result r;
    g.min_n = 10;
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL);
    g.min_n = 9;
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_PASS);
}

static void the_point_decides_where_asked(void **state) {
    (void)state;
    pr_metric m = speed(1, 2, 3, 9);
    pr_gate g = gate(PR_OP_AT_LEAST, 2);
    pr_gate_result r;
    g.bound = PR_BOUND_VALUE;
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_PASS);
    assert_string_equal(r.decided_by, "value");
    g.threshold = 2.5;
    pr_gate_judge(&g, "v", &m, 1, &r);
    assert_int_equal(r.verdict, PR_FAIL); /* never undecided */
}

static void several_together(void **state) {
    (void)state;
    pr_gate_result r[3] = {
        {.verdict = PR_PASS}, {.verdict = PR_UNDECIDED}, {.verdict = PR_PASS}};
    assert_int_equal(pr_gates_verdict(r, 0), PR_PASS);
    assert_int_equal(pr_gates_verdict(r, 1), PR_PASS);
    assert_int_equal(pr_gates_verdict(r, 3), PR_UNDECIDED);
    assert_int_equal(pr_gates_failed(r, 3), 1);
    r[2].verdict = PR_FAIL;
    assert_int_equal(pr_gates_verdict(r, 3), PR_FAIL);
    assert_int_equal(pr_gates_failed(r, 3), 2);
}

/* What was put into a report and read back judges the same. */
static void through_a_report(void **state) {
    (void)state;
    pr_metric m[] = {speed(1.9, 2.1, 2.3, 12),
                     {pr_metric_info_find("energy_j_per_token"), PR_AGAINST_NONE,
                      pr_est_none("no counter")}};
    pr_gate g = gate(PR_OP_ABOVE, 2);
    pr_gate_result r, s;
    pr_doc_build b = {0};
    pare_doc *o = pr_doc_object(&b), *root = NULL;
    pare_err e = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    pr_gate_judge(&g, "v", m, 2, &r);
    pare_doc *list = pr_doc_set_array(&b, o, "metrics");
    for (int i = 0; i < 2; i++) pr_metric_put(&b, list, &m[i]);
    pr_gate_put(&b, pr_doc_set_array(&b, o, "gates"), &r);
    CHECK_OK(pr_doc_done(&b, o, &root, &e), e);
    pr_metric *back;
    size_t n;
    pr_gate h;
    CHECK_OK(pr_metrics_read(root, a, &back, &n, &e), e);
    assert_int_equal(n, 2);
    assert_string_equal(back[1].est.why, "no counter");
    CHECK_OK(pr_gate_read(pare_doc_path(root, "gates/0"), &h, &e), e);
    pr_gate_judge(&h, "v", back, n, &s);
    assert_int_equal(s.verdict, r.verdict);
    assert_true(s.margin == r.margin);
    assert_string_equal(s.reason, r.reason);
    assert_string_equal(pare_doc_str(pare_doc_path(root, "gates/0/verdict")), "undecided");
    pare_doc_free(root);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_edges),           cmocka_unit_test(missing_fails),
        cmocka_unit_test(too_few_blocks_fail), cmocka_unit_test(the_point_decides_where_asked),
        cmocka_unit_test(several_together),    cmocka_unit_test(through_a_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
