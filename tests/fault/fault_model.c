/* fault_model.c - a model, its tokenizer and a session on it, when the machine fails. */
#include "engine/engine.h"
#include "fault.h"
#include "model/model.h"
#include "token/token.h"

/* Open; a tokenizer that could not be had for lack of memory is no reason to say "opened". */
static pare_status open_and_close(void *ctx, pare_err *err) {
    pr_model *m;
    PR_TRY(pr_model_open(&m, ctx, err));
    assert_true(pr_model_n_params(m) > 0);
    assert_int_equal(m->graph.logits >= 0, 1);
    pr_model_close(m);
    return PARE_OK;
}

static pare_status check_weights(void *ctx, pare_err *err) {
    pr_model *m;
    PR_TRY(pr_model_open(&m, ctx, err));
    pr_sha256 sum;
    pare_status st = pr_model_check_finite(m, NULL, err);
    if (st == PARE_OK) st = pr_model_hash(m, NULL, &sum, err);
    pr_model_close(m);
    return st;
}

static pare_status encode(void *ctx, pare_err *err) {
    static const char text[] = "It is a truth universally acknowledged";
    pr_tokenizer *t;
    pare_status st;
    pr_ids ids = {0};
    PR_TRY(pr_tokenizer_open(&t, ctx, err));
    PR_GO(pr_encode(t, text, sizeof text - 1, PR_ENCODE_ADD, &ids, err));
    assert_true(ids.n > 0);
done:
    pr_ids_done(&ids);
    pr_tokenizer_close(t);
    return st;
}

/* The model is open before: only the session's own calls fail. */
static pare_status run_a_session(void *ctx, pare_err *err) {
    pr_session_opts o = {.n_threads = 3, .n_ctx = 32, .n_batch = 8};
    pr_session *s;
    pr_sampler *choose = NULL;
    pr_sampling p = {.temp = 1, .top_p = 1, .repeat_penalty = 1, .seed = 1};
    pr_id ids[] = {1, 2, 3, 4, 5};
    pare_status st;
    PR_TRY(pr_session_new(&s, ctx, &o, err));
    PR_GO(pr_session_prompt(s, ids, 5, NULL, err));
    PR_GO(pr_sampler_new(&choose, &p, ((pr_model *)ctx)->hp.n_vocab, err));
done:
    pr_sampler_free(choose);
    pr_session_free(s);
    return st;
}

static char *tiny(void) {
    return (char *)check_source("tests/vectors/arch/llama_plain");
}

static void test_open(void **state) {
    fault_run("open a folder", open_and_close, tiny(), FAULT_ALL);
    fault_run("open shards", open_and_close,
              (char *)check_source("tests/vectors/arch/llama_sharded"), FAULT_ALL);
    fault_run("check and hash", check_weights, tiny(), FAULT_ALL);
}

static void test_tokenizer(void **state) {
    fault_run("a tokenizer", encode, tiny(), FAULT_ALL);
}

static void test_session(void **state) {
    pr_model *m;
    pare_err e = {0};
    CHECK_OK(pr_model_open(&m, tiny(), &e), e);
    fault_run("a session", run_a_session, m, FAULT_MEMORY | FAULT_MAP | FAULT_THREAD);
    pr_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_open),
                                       cmocka_unit_test(test_tokenizer),
                                       cmocka_unit_test(test_session)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
