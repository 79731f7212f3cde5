/* test_eval_whole.c - the shipped model on all of its held-out text: the figure that its README
 * and house.md give (transformers, float32), to the digits they give. */
#include "lend.h"
#include "measure/measure.h"

static void whole_heldout(void **state) {
    pare_err        e = {0};
    pr_str          text = lend_read(check_source("models/austen-3.7m/text/heldout.txt"));
    pr_model       *m = lend_open(check_source("models/austen-3.7m"));
    pr_eval_result *r;
    pr_eval_opts    o = {.window = 256};
    pr_metric       out[PR_EVAL_METRICS];
    uint64_t        t = pr_now_ns();
    CHECK_OK(pr_eval(NULL, (const pr_model *const[]){m}, 1, text, &o, NULL, NULL, &r, &e), e);
    double s = (double)(pr_now_ns() - t) / 1e9;
    size_t n = pr_eval_metrics(r, NULL, NULL, out);
    double nll = pr_metric_find(out, n, "nll", PR_AGAINST_NONE)->est.value;
    double acc = pr_metric_find(out, n, "accuracy", PR_AGAINST_NONE)->est.value;
    print_message("%lld predictions, %.6f nats, %.4f %%, %.1f s, %.0f tok/s\n",
                  (long long)r->n_predictions, nll, acc * 100, s, (double)r->n_predictions / s);
    assert_int_equal(r->n_predictions, 90920);
    assert_int_equal(r->n_windows, 356);
    assert_true(fabs(nll - 3.4121) <= 0.00005);
    assert_true(fabs(acc - 0.3243) <= 0.00005);
    pr_eval_result_free(r);
    pr_model_close(m);
    free((char *)text.p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole_heldout)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
