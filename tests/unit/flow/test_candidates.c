/* test_candidates.c - candidates of other formats and runners, and eval by a runner: a child that
 * is our own engine must give our own figures, one that is not here or ends is the variant's
 * line. */
#include "check.h"
#include "pare/measure.h"
#include "pare/optimize.h"
#include "report/report.h"

enum { TEXT = 2400 };

static const char *model(void) {
    return check_source("tests/vectors/arch/llama_plain");
}

static char *make_text(pr_arena *a, const char *dir) {
    char     text[TEXT];
    unsigned x = 5;
    for (size_t i = 0; i < sizeof text; i++) {
        x = x * 1664525u + 1013904223u;
        text[i] = (x >> 24) % 6 == 0 ? ' ' : (char)('a' + (x >> 16) % 26);
    }
    char    *path = pr_path_join(a, dir, "text");
    pare_err e = {0};
    CHECK_OK(pr_file_write(path, text, sizeof text, &e), e);
    return path;
}

static const pare_doc *variant_of(const pare_doc *r, const char *name) {
    const pare_doc *a = pare_doc_get(r, "variants");
    for (size_t i = 0; i < pare_doc_count(a); i++)
        if (strcmp(pare_doc_str(pare_doc_get(pare_doc_at(a, i), "name")), name) == 0)
            return pare_doc_at(a, i);
    fail_msg("no variant %s", name);
    return NULL;
}

static const pare_doc *metric_of(const pare_doc *v, const char *name, const char *against) {
    const pare_doc *a = pare_doc_get(v, "metrics");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *m = pare_doc_at(a, i);
        const char     *to = pare_doc_str(pare_doc_get(m, "against"));
        if (strcmp(pare_doc_str(pare_doc_get(m, "name")), name) == 0 &&
            (against ? to && strcmp(to, against) == 0 : !to))
            return m;
    }
    return NULL;
}

static double value_of(const pare_doc *v, const char *name, const char *against) {
    return pare_doc_num(pare_doc_get(metric_of(v, name, against), "value"));
}

static const char *str_of(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

/* To the bit: the same windows, tokens and sums, wherever the logits were computed. */
static void same_quality(const pare_doc *a, const pare_doc *b) {
    static const char *const names[][2] = {{"nll", NULL},
                                           {"accuracy", NULL},
                                           {"kld_mean", "source"},
                                           {"kld_max", "source"},
                                           {"top1_agreement", "source"},
                                           {"accuracy_kept", "source"}};
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        double x = value_of(a, names[i][0], names[i][1]), y = value_of(b, names[i][0], names[i][1]);
        assert_true(x == x);
        assert_memory_equal(&x, &y, sizeof x);
    }
}

static pare_doc *optimize(const char *out, const char *text, const char *const *names, size_t n,
                          int strict, pare_status want) {
    pare_optimize_opts o = {.out = out,
                            .text = text,
                            .variants = names,
                            .n_variants = n,
                            .n_ctx = 32,
                            .n_windows = 12,
                            .seconds = 0.01,
                            .strict = strict};
    pare_ctl           ctl = {.n_threads = 2};
    pare_doc          *r = NULL;
    pare_err           e = {0};
    pare_status        st = pare_optimize(model(), &o, &ctl, &r, &e);
    if (st != want) fail_msg("%d: %s", (int)st, e.msg);
    if (st != PARE_OK) return NULL;
    pr_recheck again;
    CHECK_OK(pr_report_recheck(r, &again, &e), e);
    if (again.n_differ) fail_msg("%s", again.first);
    return r;
}

static void look_at_runner(const pare_doc *r) {
    const pare_doc *own = variant_of(r, "Q8_0"), *by = variant_of(r, "Q8_0@llama.cpp");
    same_quality(own, by);
    assert_string_equal(str_of(own, "runner"), "native");
    assert_string_equal(str_of(by, "runner"), "llama.cpp");
    assert_string_equal(str_of(by, "format"), "gguf");
    assert_string_equal(str_of(by, "runtime/version"), "7.7");
    assert_string_equal(str_of(by, "runtime/arithmetic"), "ours");
    assert_string_equal(str_of(by, "sha256"), str_of(own, "sha256"));
    assert_string_equal(str_of(by, "acceleration/runner"), "llama.cpp");
    /* Nobody knows what it plans: the gate on it fails, and says that it is missing. */
    const pare_doc *ratio = metric_of(by, "memory_ratio", "source");
    assert_int_equal(pare_doc_kind(pare_doc_get(ratio, "value")), PARE_DOC_NULL);
    assert_non_null(strstr(str_of(ratio, "reason"), "peak_rss_bytes"));
    assert_true(value_of(by, "speedup", "source") > 0);
    assert_true(value_of(by, "peak_rss_bytes", NULL) > 1e6);
    assert_string_equal(str_of(r, "front/objectives/2/preference"), "memory");
    assert_string_equal(str_of(r, "front/objectives/2/metric"), "peak_rss_bytes");
}

static void test_runners(void **state) {
    static const char *const names[] = {"Q8_0",          "Q8_0@llama.cpp", "gguf:Q8_0@native",
                                        "mlx:int4-g32",  "onnx:int8",      "mlx:int8@native",
                                        "Q4_0@llama.cpp"};
    pr_arena *a = pr_arena_new(1 << 20);
    const char *dir = check_scratch();
    char     *out = pr_path_join(a, dir, "out"), *text = make_text(a, dir);
    setenv("PARE_RUNNER_DIR", CHILD_DIR, 1);
    setenv("CHILD_FAULT", "eval:Q4_0", 1);
    pare_doc *r = optimize(out, text, names, PR_COUNT(names), 0, PARE_OK);
    look_at_runner(r);
    const pare_doc *v = variant_of(r, "mlx:int4-g32@mlx"); /* its helper is not in that folder */
    assert_true(pare_doc_bool(pare_doc_get(v, "skipped")));
    assert_non_null(strstr(str_of(v, "error"), "pip install"));
    v = variant_of(r, "onnx:int8@onnxruntime"); /* written, and the child does not take it */
    assert_non_null(strstr(str_of(v, "error"), "no model of mine"));
    assert_non_null(str_of(v, "sha256"));
    assert_null(pare_doc_get(v, "skipped"));
    v = variant_of(r, "Q4_0@llama.cpp");
    assert_non_null(strstr(str_of(v, "error"), "something broke inside"));
    v = variant_of(r, "mlx:int8@native");
    assert_null(str_of(v, "error"));
    assert_string_equal(str_of(v, "format"), "mlx");
    assert_true(value_of(v, "memory_ratio", "source") > 0);
    pare_doc_free(r);

    /* Again: nothing is measured that was; what ended is tried anew, and ends while it is timed. */
    setenv("CHILD_FAULT", "time:Q4_0", 1);
    r = optimize(out, text, names, PR_COUNT(names), 0, PARE_OK);
    look_at_runner(r);
    assert_true(pare_doc_bool(pare_doc_get(variant_of(r, "Q8_0@llama.cpp"), "from_cache")));
    v = variant_of(r, "Q4_0@llama.cpp");
    assert_non_null(strstr(str_of(v, "error"), "something broke inside"));
    assert_true(value_of(v, "nll", NULL) > 0);
    pare_doc_free(r);
    optimize(out, text, names + 3, 1, 1, PARE_EENV);
    unsetenv("CHILD_FAULT");
    check_scratch_remove(dir);
    pr_arena_free(a);
}

static void test_words(void **state) {
    static const char *const bad[] = {"tar:F16",       "onnx:int4@llama.cpp", "onnx:Q4_0", "Q9",
                                      "mlx:int4-g7",   "mlx:int4-x",          "hf:int8",   "onnx:",
                                      "Q8_0@abacus",   "mlx:int4-g64x",       "Q8_0-sym",
                                      "mlx:F16-head8", "@native"};
    pr_arena *a = pr_arena_new(1 << 20);
    const char *dir = check_scratch();
    char     *out = pr_path_join(a, dir, "out"), *text = make_text(a, dir);
    for (size_t i = 0; i < PR_COUNT(bad); i++)
        optimize(out, text, &bad[i], 1, 0, PARE_EUSAGE);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* --formats and --runners are only ways to say it. */
static void test_lists(void **state) {
    static const char *const formats[] = {"onnx", "hf"}, *const runners[] = {"native", "llama.cpp"},
                             *const one[] = {"Q4_0"};
    static const char *const want[] = {"Q4_0", "Q4_0@llama.cpp", "onnx:int8@native",
                                       "onnx:int4@native", "hf:BF16@native", "hf:F16@native"};
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    pare_optimize_opts o = {.out = pr_path_join(a, dir, "out"), .text = make_text(a, dir),
                            .variants = one, .n_variants = 1, .formats = formats, .n_formats = 2,
                            .runners = runners, .n_runners = 2, .n_ctx = 32, .n_windows = 2,
                            .seconds = 0.01};
    pare_doc          *r;
    pare_err           e = {0};
    setenv("PARE_RUNNER_DIR", "/nonexistent", 1);
    CHECK_OK(pare_optimize(model(), &o, NULL, &r, &e), e);
    for (size_t i = 0; i < PR_COUNT(want); i++) variant_of(r, want[i]);
    pare_doc_free(r);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

static pare_doc *evaluate(const char *text, const char *runner, const char *choices, int exact) {
    pare_eval_opts o = {.file = choices ? NULL : text, .choices = choices, .n_ctx = 32,
                        .n_windows = 12, .against = model(), .runner = runner, .exact = exact};
    pare_doc      *d = NULL;
    pare_err       e = {0};
    CHECK_OK(pare_eval(model(), &o, NULL, &d, &e), e);
    return d;
}

static void test_eval(void **state) {
    static const char tasks[] = "a b\n0\nc\nd\ne f\ng\nb c d\n2\na\nb\nc\nd e\n";
    pr_arena *a = pr_arena_new(1 << 20);
    const char *dir = check_scratch();
    char     *text = make_text(a, dir), *list = pr_path_join(a, dir, "tasks");
    pare_err  e = {0};
    CHECK_OK(pr_file_write(list, tasks, sizeof tasks - 1, &e), e);
    setenv("PARE_RUNNER_DIR", CHILD_DIR, 1);
    pare_doc *own = evaluate(text, NULL, NULL, 0), *by = evaluate(text, "llama.cpp", NULL, 0);
    same_quality(own, by);
    assert_string_equal(str_of(by, "model/runner"), "llama.cpp");
    assert_string_equal(str_of(by, "model/arithmetic"), "ours");
    pare_doc_free(own);
    pare_doc_free(by);
    own = evaluate(text, NULL, list, 0), by = evaluate(text, "llama.cpp", list, 0);
    assert_true(value_of(own, "task_accuracy", NULL) == value_of(by, "task_accuracy", NULL));
    pare_doc_free(own);
    pare_doc_free(by);

    pare_eval_opts o = {.file = text, .n_ctx = 32, .runner = "llama.cpp"};
    pare_doc      *d;
    setenv("CHILD_FAULT", "eval:llama", 1);
    assert_int_equal(pare_eval(model(), &o, NULL, &d, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "something broke inside"));
    unsetenv("CHILD_FAULT");
    o.runner = "mlx"; /* its helper is not in that folder */
    assert_int_equal(pare_eval(model(), &o, NULL, &d, &e), PARE_EENV);
    o.runner = "abacus";
    assert_int_equal(pare_eval(model(), &o, NULL, &d, &e), PARE_EUSAGE);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_eval), cmocka_unit_test(test_words),
                                       cmocka_unit_test(test_runners),
                                       cmocka_unit_test(test_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
