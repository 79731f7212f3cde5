/* test_bench.c - timing in turns: what must hold on any machine, however busy. */
#include "lend.h"
#include <math.h>
#include "measure/measure.h"
#include "pare/measure.h"

#define AUSTEN "models/austen-3.7m"

static const pr_est *est(const pr_bench_result *r, const char *name, pr_against a) {
    const pr_metric *m = pr_metric_find(r->metrics, r->n_metrics, name, a);
    if (!m) fail_msg("no metric %s", name);
    return &m->est;
}

static void two_sides(pr_bench_result *r[2], int64_t rounds) {
    pare_err      e = {0};
    pr_model     *m = lend_open(check_source(AUSTEN));
    char         *path = strdup(check_source(AUSTEN));
    pr_bench_side s[2] = {{.path = path, .m = m}, {.m = m, .so = {.reference = true}}};
    pr_bench_opts o = {
        .prompt_tokens = 8, .decode_tokens = 6, .rounds = rounds, .base = 0, .f32 = -1};
    CHECK_OK(pr_bench_many(s, 2, &o, NULL, NULL, r, &e), e);
    free(path);
    pr_model_close(m);
}

static void numbers_fit_together(void **state) {
    pr_bench_result *r[2];
    two_sides(r, 9);
    for (int i = 0; i < 2; i++) {
        const char *const q[] = {"token_ms_p50", "token_ms_p95", "token_ms_p99"};
        double            last = 0;
        assert_int_equal(r[i]->rounds, 9);
        for (int k = 0; k < 3; k++) {
            const pr_est *e = est(r[i], q[k], PR_AGAINST_NONE);
            assert_true(e->value >= last);
            last = e->value;
        }
        assert_true(pr_est_ok(est(r[i], "decode_tps", PR_AGAINST_NONE)));
        assert_true(pr_est_ok(est(r[i], "prefill_tps", PR_AGAINST_NONE)));
        assert_true(est(r[i], "ttft_ms", PR_AGAINST_NONE)->value >
                    est(r[i], "token_ms_p50", PR_AGAINST_NONE)->value);
        assert_true(est(r[i], "token_cv", PR_AGAINST_NONE)->value >= 0);
        int64_t binned = 0;
        for (int k = 0; k < PR_BENCH_BINS; k++) binned += r[i]->counts[k];
        assert_int_equal(binned, 9 * 6);
        assert_true(est(r[i], "memory_bytes", PR_AGAINST_NONE)->conf == 1);
        assert_non_null(est(r[i], "energy_j_per_token", PR_AGAINST_NONE)->why);
    }
    /* Itself against itself, from the same times: exactly 1. Against plain C: surely slower
     * than half. */
    assert_true(est(r[0], "speedup", PR_AGAINST_SOURCE)->value == 1);
    assert_true(est(r[0], "memory_ratio", PR_AGAINST_SOURCE)->value == 1);
    if (pr_cpu_flags() & PR_CPU_AVX2)
        assert_true(est(r[1], "speedup", PR_AGAINST_SOURCE)->value < 1);
    assert_true(pr_est_ok(est(r[0], "load_ms", PR_AGAINST_NONE)));
    assert_non_null(est(r[1], "load_ms", PR_AGAINST_NONE)->why);
    const pr_est *peak = est(r[0], "peak_rss_bytes", PR_AGAINST_NONE);
    assert_true(peak->why || peak->value > 1e6);
    pr_bench_result_free(r[0]);
    pr_bench_result_free(r[1]);
}

/* With fewer rounds than order statistics need there is a value, no bound, and a reason. */
static void too_few_rounds(void **state) {
    pr_bench_result *r[2];
    two_sides(r, 3);
    const pr_est *e = est(r[1], "speedup", PR_AGAINST_SOURCE);
    assert_false(pr_est_ok(e));
    assert_non_null(e->why);
    pr_bench_result_free(r[0]);
    pr_bench_result_free(r[1]);
}

/* Tokens of 5 ms: four fill a frame of 1/60 s. A stall counts where it falls, a slow token
 * stands alone, and an unfinished span is left out. */
static void spans_of_a_frame(void **state) {
    const double token[] = {.005, .005, .005, .005, .1, .005, .025, .005, .005, .005};
    const double want[] = {.005, .1, .015};
    double       got[10];
    assert_int_equal(pr_bench_spans(token, 10, got), 3);
    for (int i = 0; i < 3; i++) assert_true(fabs(got[i] - want[i]) < 1e-15);
    assert_int_equal(pr_bench_spans(token, 0, got), 0);
}

/* Whoever always comes second pays for what the first one leaves: of each two sides each is first
 * in half of the rounds, and nobody is left out. */
static void nobody_is_always_first(void **state) {
    for (int n = 1; n <= 12; n++) {
        int before[12][12] = {{0}}, rounds = 2 * n;
        for (int64_t r = 0; r < rounds; r++) {
            bool seen[12] = {0};
            for (int k = 0; k < n; k++) {
                int i = pr_bench_turn(r, k, n);
                assert_in_range(i, 0, n - 1);
                assert_false(seen[i]);
                for (int o = 0; o < n; o++) before[o][i] += seen[o];
                seen[i] = true;
            }
        }
        for (int a = 0; a < n; a++)
            for (int b = 0; b < n; b++) assert_int_equal(before[a][b], a == b ? 0 : rounds / 2);
    }
    assert_int_not_equal(pr_bench_turn(0, 0, 2), pr_bench_turn(1, 0, 2));
}

/* 9 tokens of this model last no 8 frames, unless the machine hangs: no value, and why. */
static void too_short_for_variation(void **state) {
    pr_bench_result *r[2];
    two_sides(r, 1);
    const pr_est *e = est(r[0], "token_cv_frame", PR_AGAINST_NONE);
    assert_true(pr_est_ok(e) || strstr(e->why, "less than 8 spans"));
    pr_bench_result_free(r[0]);
    pr_bench_result_free(r[1]);
}

static void record_and_back(void **state) {
    pare_err         e = {0};
    pr_bench_result *r[2], *back;
    pare_doc        *d, *again;
    char            *json;
    size_t           len;
    two_sides(r, 8);
    CHECK_OK(pr_bench_to_doc(r[0], &d, &e), e);
    CHECK_OK(pare_doc_text(d, 0, &json, &len, &e), e);
    CHECK_OK(pare_doc_parse(&again, json, len, &e), e);
    CHECK_OK(pr_bench_from_doc(again, &back, &e), e);
    assert_int_equal(back->rounds, 8);
    assert_int_equal(back->n_metrics, r[0]->n_metrics);
    for (size_t i = 0; i < back->n_metrics; i++) {
        const pr_metric *a = &r[0]->metrics[i], *b = &back->metrics[i];
        assert_ptr_equal(a->info, b->info);
        assert_int_equal(a->against, b->against);
        assert_true(pr_est_ok(&a->est) == pr_est_ok(&b->est));
        if (pr_est_ok(&a->est))
            assert_true(a->est.value == b->est.value && a->est.lo == b->est.lo &&
                        a->est.n == b->est.n);
    }
    assert_memory_equal(back->counts, r[0]->counts, sizeof back->counts);
    assert_memory_equal(back->edges, r[0]->edges, sizeof back->edges);
    pr_bench_result_free(back);
    pr_bench_result_free(r[0]);
    pr_bench_result_free(r[1]);
    pare_doc_text_free(json);
    pare_doc_free(again);
    pare_doc_free(d);
}

static int yes(void *user) {
    return 1;
}

static void stop(void **state) {
    pare_err         e = {0};
    pare_ctl         ctl = {.is_cancelled = yes};
    pr_model        *m = lend_open(check_source(AUSTEN));
    pr_bench_side    s = {.m = m};
    pr_bench_opts    o = {.prompt_tokens = 4, .decode_tokens = 2, .base = -1, .f32 = -1};
    pr_bench_result *r;
    assert_int_equal(pr_bench_many(&s, 1, &o, NULL, &ctl, &r, &e), PARE_ECANCELLED);
    assert_null(r);
    pr_model_close(m);
}

/* include/pare/measure.h, whole: by paths, into documents. */
static void public_face(void **state) {
    pare_err        e = {0};
    pare_doc       *d;
    char           *model = strdup(check_source(AUSTEN));
    static char text[] = "It is a truth universally acknowledged, that a single man in "
                         "possession of a good fortune, "
                         "must be in want of a wife.";
    pare_eval_opts  o = {.text = text, .n_text = sizeof text - 1, .against = model, .n_ctx = 4};
    pare_bench_opts bo = {.vs = model, .prompt_tokens = 4, .decode_tokens = 3, .rounds = 8};
    CHECK_OK(pare_eval(model, &o, NULL, &d, &e), e);
    assert_string_equal(pare_doc_str(pare_doc_path(d, "metrics/0/name")), "nll");
    assert_true(pare_doc_num(pare_doc_path(d, "metrics/0/value")) > 0);
    assert_true(pare_doc_count(pare_doc_path(d, "reference/metrics")) == 3);
    assert_int_equal(pare_doc_int(pare_doc_path(d, "evaluation/window")), 4);
    assert_non_null(pare_doc_str(pare_doc_path(d, "environment/machine")));
    pare_doc_free(d);
    CHECK_OK(pare_bench(model, &bo, NULL, &d, &e), e);
    assert_int_equal(pare_doc_int(pare_doc_path(d, "bench/rounds")), 8);
    assert_true(pare_doc_count(pare_doc_path(d, "vs/metrics")) > 10);
    pare_doc_free(d);
    assert_int_equal(pare_bench("/nowhere", &bo, NULL, &d, &e), PARE_EINPUT);
    assert_null(d);
    pare_eval_opts none = {0};
    assert_int_equal(pare_eval(model, &none, NULL, &d, &e), PARE_EUSAGE);
    assert_null(d);
    free(model);
}

/* A runner beside sessions: it says its own times; what nobody can know of it has a reason. */
static void a_runner_takes_its_turn(void **state) {
    pare_err         e = {0};
    char            *path = strdup(check_source(AUSTEN));
    pr_model        *m = lend_open(path);
    pr_runner       *run;
    pr_bench_result *r[2];
    CHECK_OK(pr_runner_open(&run, "native", path, &(pr_runner_opts){.n_ctx = 40}, &e), e);
    pr_bench_side s[2] = {{.m = m}, {.r = run}};
    pr_bench_opts o = {
        .prompt_tokens = 100, .decode_tokens = 6, .rounds = 9, .base = 0, .f32 = -1};
    assert_int_equal(pr_bench_many(s, 2, &o, NULL, NULL, r, &e), PARE_EUSAGE);
    o.prompt_tokens = 0;
    CHECK_OK(pr_bench_many(s, 2, &o, NULL, NULL, r, &e), e);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(r[i]->rounds, 9);
        assert_int_equal(r[i]->prompt_tokens, 34); /* cut to the context of the runner */
        assert_true(pr_est_ok(est(r[i], "decode_tps", PR_AGAINST_NONE)));
        assert_true(est(r[i], "ttft_ms", PR_AGAINST_NONE)->value >
                    est(r[i], "token_ms_p50", PR_AGAINST_NONE)->value);
    }
    /* The same engine by another door: within a factor that no neighbour on the machine makes. */
    double speedup = est(r[1], "speedup", PR_AGAINST_SOURCE)->value;
    assert_true(speedup > 0.05 && speedup < 20);
    const pr_est *ratio = est(r[1], "memory_ratio", PR_AGAINST_SOURCE);
    assert_true(!pr_est_ok(ratio) && ratio->why); /* a gate on it fails, and says why */
    assert_non_null(est(r[1], "memory_bytes", PR_AGAINST_NONE)->why);
    assert_true(est(r[1], "peak_rss_bytes", PR_AGAINST_NONE)->value > 1e6);
    assert_non_null(est(r[1], "energy_j_per_token", PR_AGAINST_NONE)->why);
    for (int i = 0; i < 2; i++) pr_bench_result_free(r[i]);
    pr_runner_close(run);
    pr_model_close(m);
    free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_runner_takes_its_turn),
        cmocka_unit_test(numbers_fit_together),
                                       cmocka_unit_test(too_few_rounds),
                                       cmocka_unit_test(record_and_back),
                                       cmocka_unit_test(nobody_is_always_first),
                                       cmocka_unit_test(spans_of_a_frame),
                                       cmocka_unit_test(too_short_for_variation),
                                       cmocka_unit_test(stop), cmocka_unit_test(public_face)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
