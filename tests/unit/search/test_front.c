/* test_front.c - dominance on bounds, scores and the choice, on cases small enough to be
 * computed by hand. */
#include "check.h"
#include "search/search.h"

/* One candidate: speedup (lo, value, hi), KLD (lo, value, hi), memory. */
typedef struct {
    pr_metric m[3];
} three;

static pr_est est(double lo, double v, double hi) {
    return (pr_est){.value = v, .lo = lo, .hi = hi, .se = 0.1, .n = 10, .conf = 0.95};
}

static three make(double s_lo, double s, double s_hi, double k_lo, double k, double k_hi,
                  double mem) {
    three t = {{{pr_metric_info_find("speedup"), PR_AGAINST_SOURCE, est(s_lo, s, s_hi)},
                {pr_metric_info_find("kld_mean"), PR_AGAINST_SOURCE, est(k_lo, k, k_hi)},
                {pr_metric_info_find("memory_bytes"), PR_AGAINST_NONE, pr_est_counted(mem)}}};
    return t;
}

static pr_candidate cand(const char *name, uint64_t bytes, const three *t) {
    return (pr_candidate){.name = name, .bytes = bytes, .metrics = t->m, .n_metrics = 3};
}

static pr_objective obj[PR_OBJECTIVES_MAX];
static size_t n_obj;

static int objectives(void **state) {
    (void)state;
    return pr_prefer_parse("speed=2,accuracy=1,memory=1", obj, &n_obj, NULL);
}

static void better_everywhere_dominates(void **state) {
    (void)state;
    three a = make(1.9, 2.0, 2.1, 0.01, 0.011, 0.012, 100),
          b = make(1.0, 1.1, 1.2, 0.02, 0.021, 0.022, 200);
    pr_candidate x = cand("a", 1, &a), y = cand("b", 1, &b);
    assert_true(pr_dominates(&x, &y, obj, n_obj));
    assert_false(pr_dominates(&y, &x, obj, n_obj));
}

static void overlapping_bounds_do_not(void **state) {
    (void)state;
    /* Better in every value, but a's slowest (1.9) is under b's fastest (1.95). */
    three a = make(1.9, 2.0, 2.1, 0.01, 0.011, 0.012, 100),
          b = make(1.7, 1.8, 1.95, 0.02, 0.021, 0.022, 200);
    pr_candidate x = cand("a", 1, &a), y = cand("b", 1, &b);
    assert_false(pr_dominates(&x, &y, obj, n_obj));
    /* Touching bounds are "at least as good". */
    three c = make(1.7, 1.8, 1.9, 0.012, 0.013, 0.014, 200);
    pr_candidate z = cand("c", 1, &c);
    assert_true(pr_dominates(&x, &z, obj, n_obj));
}

static void equals_do_not(void **state) {
    (void)state;
    three a = make(2, 2, 2, 0.01, 0.01, 0.01, 100), b = make(2, 2, 2, 0.01, 0.01, 0.01, 99);
    pr_candidate x = cand("a", 1, &a), same = cand("a2", 1, &a), y = cand("b", 1, &b);
    assert_false(pr_dominates(&x, &same, obj, n_obj));
    assert_false(pr_dominates(&same, &x, obj, n_obj));
    assert_false(pr_dominates(&x, &y, obj, n_obj));
    assert_true(pr_dominates(&y, &x, obj, n_obj)); /* one byte less, else a tie */
}

static void missing_never_wins(void **state) {
    (void)state;
    three a = make(9, 9, 9, 0, 0, 0, 1), b = make(1, 1, 1, 1, 1, 1, 100);
    a.m[1].est = pr_est_none("no text");
    pr_candidate c[] = {cand("a", 1, &a), cand("b", 2, &b)};
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_false(f.standing[0].on_front);
    assert_string_equal(f.standing[0].excluded, "kld_mean is missing: no text");
    assert_true(isnan(f.standing[0].score));
    assert_true(f.standing[1].on_front);
    assert_int_equal(f.choice, 1);
    /* The metric is not there at all; its bounds are not finite; it has no bounds. */
    c[0].n_metrics = 1;
    assert_false(pr_dominates(&c[0], &c[1], obj, n_obj));
    c[0].n_metrics = 3;
    a.m[1].est = est(NAN, 0, 0);
    assert_false(pr_dominates(&c[0], &c[1], obj, n_obj));
    pr_arena_free(arena);
}

static void scores_by_hand(void **state) {
    (void)state;
    /* Front: a and b. c is dominated by b. Ranges: speed 1…3, KLD 0…0.04, memory 100…300. */
    three ta = make(1, 1, 1, 0, 0, 0, 300), tb = make(2.9, 3, 3.1, 0.039, 0.04, 0.041, 100),
          tc = make(1.5, 2, 2.5, 0.05, 0.06, 0.07, 200);
    pr_candidate c[] = {cand("a", 30, &ta), cand("b", 10, &tb), cand("c", 20, &tc)};
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 3, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.n_front, 2);
    assert_int_equal(f.standing[2].n_by, 1);
    assert_int_equal(f.standing[2].by[0], 1);
    assert_true(f.standing[0].score == 1); /* 2×0 + 1×1 + 1×0 */
    assert_true(f.standing[1].score == 3); /* 2×1 + 1×0 + 1×1 */
    /* 2×½ + (0.06−0.04)/(0−0.04) = −½ + ½; the roundings of one quotient */
    assert_true(fabs(f.standing[2].score - 1.0) < 4e-16);
    assert_int_equal(f.choice, 1);
    assert_true(f.accepted);
    assert_non_null(strstr(f.reason, "3.000"));
    pr_arena_free(arena);
}

static void the_gates_decide_before_the_score(void **state) {
    (void)state;
    three ta = make(1, 1, 1, 0, 0, 0, 300), tb = make(2.9, 3, 3.1, 0.039, 0.04, 0.041, 100);
    pr_candidate c[] = {cand("a", 30, &ta), cand("b", 10, &tb)};
    pr_gate g = {.name = "divergence",
                 .metric = "kld_mean",
                 .against = PR_AGAINST_SOURCE,
                 .op = PR_OP_AT_MOST,
                 .threshold = 0.01};
    pr_gate_result r[2];
    for (int i = 0; i < 2; i++) {
        pr_gate_judge(&g, c[i].name, c[i].metrics, 3, &r[i]);
        c[i].results = &r[i];
        c[i].n_results = 1;
    }
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.choice, 0);
    assert_true(f.accepted);
    assert_true(f.standing[1].score > f.standing[0].score);
    pr_arena_free(arena);
}

/* a dominates c; only c passes the gate on a metric that is no objective. */
static void accepted_off_the_front_beats_refused_on_it(void **state) {
    (void)state;
    three ta = make(3, 3, 3, 0, 0, 0, 100), tc = make(1, 1, 1, 0.1, 0.1, 0.1, 200);
    pr_candidate c[] = {cand("a", 10, &ta), cand("c", 20, &tc)};
    pr_gate_result no = {.verdict = PR_FAIL}, yes = {.verdict = PR_PASS};
    pr_gate g = {.name = "g", .metric = "token_cv", .op = PR_OP_AT_MOST, .threshold = 1};
    no.gate = yes.gate = &g;
    c[0].results = &no;
    c[1].results = &yes;
    c[0].n_results = c[1].n_results = 1;
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_false(f.standing[1].on_front);
    assert_int_equal(f.choice, 1);
    assert_true(f.accepted);
    pr_arena_free(arena);
}

static void none_passes_names_the_nearest(void **state) {
    (void)state;
    three ta = make(3, 3, 3, 0.1, 0.1, 0.1, 100), tb = make(1, 1, 1, 0, 0, 0, 200);
    pr_candidate c[] = {cand("a", 10, &ta), cand("b", 20, &tb)};
    pr_gate g = {.name = "g", .metric = "token_cv", .op = PR_OP_AT_MOST, .threshold = 1};
    pr_gate_result two[2] = {{.gate = &g, .verdict = PR_FAIL},
                             {.gate = &g, .verdict = PR_UNDECIDED}};
    pr_gate_result one[2] = {{.gate = &g, .verdict = PR_FAIL},
                             {.gate = &g, .verdict = PR_PASS}};
    c[0].results = two;
    c[1].results = one;
    c[0].n_results = c[1].n_results = 2;
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_true(f.standing[0].score > f.standing[1].score);
    assert_int_equal(f.choice, 1); /* fewer that do not pass, undecided counted */
    assert_false(f.accepted);
    assert_non_null(strstr(f.reason, "b comes nearest, short in 1 of 2: g;"));
    assert_null(strstr(f.reason, "-0.000"));
    pr_arena_free(arena);
}

/* One misses two limits by a hair, one a single limit by far; nobody meets the first. */
static void nearest_is_by_how_much(void **state) {
    (void)state;
    three ta = make(3, 3, 3, 0.1, 0.1, 0.1, 100), tb = make(1, 1, 1, 0, 0, 0, 200);
    pr_candidate c[] = {cand("a", 10, &ta), cand("b", 20, &tb)};
    pr_gate size = {.name = "size", .metric = "file_bytes", .op = PR_OP_AT_MOST, .threshold = 8},
            cv = {.name = "cv", .metric = "token_cv", .op = PR_OP_AT_MOST, .threshold = 2};
    /* a: x = 2/8 and 0.02/2: 0.25/1.25 + 0.01/1.01; b: x = 12/8: 1.5/2.5 */
    pr_gate_result of_a[2] = {{.gate = &size, .verdict = PR_FAIL, .margin = -2, .reason = "2 over"},
                              {.gate = &cv, .verdict = PR_UNDECIDED, .margin = -0.02}},
                   of_b[2] = {{.gate = &size, .verdict = PR_FAIL, .margin = -12},
                              {.gate = &cv, .verdict = PR_PASS, .margin = 1}};
    c[0].results = of_a;
    c[1].results = of_b;
    c[0].n_results = c[1].n_results = 2;
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.choice, 0);
    assert_false(f.accepted);
    assert_true(fabs(f.standing[0].short_by - (0.2 + 0.01 / 1.01)) < 1e-15);
    assert_true(f.standing[1].short_by == 0.6);
    assert_non_null(strstr(f.reason, "; nothing meets size: nearest is a, 2 over"));
    assert_null(strstr(f.reason, "nothing meets cv"));
    of_a[0].margin = NAN; /* missing: as far as can be */
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.choice, 1);
    pr_arena_free(arena);
}

static void ties_go_to_fewer_bytes_then_the_name(void **state) {
    (void)state;
    three t = make(2, 2, 2, 0.01, 0.01, 0.01, 100);
    pr_candidate c[] = {cand("b", 10, &t), cand("a", 10, &t), cand("c", 9, &t)};
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 3, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.n_front, 3);
    assert_int_equal(f.order[0], 2);
    assert_int_equal(f.order[1], 1);
    assert_int_equal(f.order[2], 0);
    assert_true(f.standing[0].score == 4); /* empty ranges: 1 everywhere */
    pr_arena_free(arena);
}

static void nothing_comparable(void **state) {
    (void)state;
    three t = make(2, 2, 2, 0.01, 0.01, 0.01, 100);
    pr_candidate c[] = {cand("a", 10, &t), cand("b", 10, &t)};
    c[0].error = "out of space";
    c[1].n_metrics = 0;
    pr_arena *arena = pr_arena_new(1 << 20);
    pr_front f;
    pare_err e = {0};
    CHECK_OK(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.choice, -1);
    assert_false(f.accepted);
    assert_int_equal(f.n_front, 0);
    assert_string_equal(f.standing[0].excluded, "out of space");
    CHECK_OK(pr_front_make(c, 0, obj, n_obj, arena, &f, &e), e);
    assert_int_equal(f.choice, -1);
    c[1].name = "a";
    assert_int_equal(pr_front_make(c, 2, obj, n_obj, arena, &f, &e), PARE_EUSAGE);
    pr_arena_free(arena);
}

/* Random intervals on a coarse grid (many ties): the front is what the definition says,
 * every dominated one has a member over it, and the order of input changes nothing. */
static void properties_hold_for_random_candidates(void **state) {
    (void)state;
    enum { N = 24 };
    pr_rng rng;
    pr_rng_seed(&rng, 3);
    for (int round = 0; round < 200; round++) {
        three t[N];
        char name[N][8];
        pr_candidate c[N], back[N];
        for (int i = 0; i < N; i++) {
            double s = (double)pr_rng_below(&rng, 8), k = (double)pr_rng_below(&rng, 8),
                   w = (double)pr_rng_below(&rng, 3);
            t[i] =
                make(s, s + w / 2, s + w, k, k + w / 2, k + w, (double)pr_rng_below(&rng, 6));
            snprintf(name[i], sizeof name[i], "v%d", i);
            c[i] = cand(name[i], pr_rng_below(&rng, 4), &t[i]);
            back[N - 1 - i] = c[i];
        }
        pr_arena *arena = pr_arena_new(1 << 20);
        pr_front f, g;
        pare_err e = {0};
        CHECK_OK(pr_front_make(c, N, obj, n_obj, arena, &f, &e), e);
        CHECK_OK(pr_front_make(back, N, obj, n_obj, arena, &g, &e), e);
        for (int i = 0; i < N; i++) {
            assert_int_equal(f.standing[i].on_front, g.standing[N - 1 - i].on_front);
            assert_true(f.standing[i].on_front || f.standing[i].n_by > 0);
            for (size_t k = 0; k < f.standing[i].n_by; k++)
                assert_true(f.standing[f.standing[i].by[k]].on_front);
        }
        assert_string_equal(c[f.choice].name, back[g.choice].name);
        assert_string_equal(f.reason, g.reason);
        pr_arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(better_everywhere_dominates),
        cmocka_unit_test(overlapping_bounds_do_not),
        cmocka_unit_test(equals_do_not),
        cmocka_unit_test(missing_never_wins),
        cmocka_unit_test(scores_by_hand),
        cmocka_unit_test(the_gates_decide_before_the_score),
        cmocka_unit_test(accepted_off_the_front_beats_refused_on_it),
        cmocka_unit_test(none_passes_names_the_nearest),
        cmocka_unit_test(nearest_is_by_how_much),
        cmocka_unit_test(ties_go_to_fewer_bytes_then_the_name),
        cmocka_unit_test(nothing_comparable),
        cmocka_unit_test(properties_hold_for_random_candidates),
    };
    return cmocka_run_group_tests(tests, objectives, NULL);
}
