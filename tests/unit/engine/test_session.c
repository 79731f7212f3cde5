/* test_session.c - the engine's promises: upstream's text, the same bits for every number of
 * threads, batch and SIMD level, no allocation per token, honest limits. */
#include "check.h"
#include <malloc.h>
#include "engine/engine.h"

static pr_model *open_model(const char *path) {
    pr_model *m;
    pare_err  e = {0};
    CHECK_OK(pr_model_open(&m, path, &e), e);
    return m;
}

static pr_session *open_session(const pr_model *m, pr_session_opts o) {
    pr_session *s;
    pare_err    e = {0};
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    return s;
}

static pr_id best(const float *logits, int n) {
    int b = 0;
    for (int i = 1; i < n; i++)
        if (logits[i] > logits[b]) b = i;
    return b;
}

/* Greedy for 200 steps from BOS is upstream's own expected text (../shared/data/README.md). */
static void greedy_gives_upstreams_text(const char *model, const char *expected) {
    pr_model   *m = open_model(model);
    pr_session *s = open_session(m, (pr_session_opts){0});
    pare_err    e = {0};
    pr_id       id = (pr_id)m->hp.bos;
    pr_buf      text;
    pr_decoder  d;
    char        want[2048];
    pr_buf_init(&text, 1 << 16);
    assert_non_null(m->tok);
    pr_decoder_init(&d, m->tok, true);
    for (int i = 0; i < 200; i++) {
        CHECK_OK(pr_session_eval(s, &id, 1, &e), e);
        id = best(pr_session_logits(s, 0), m->hp.n_vocab);
        if (id == m->hp.bos) break;
        CHECK_OK(pr_decoder_add(&d, id, &text, &e), e);
    }
    pr_decoder_end(&d, &text);
    pr_buf_puts(&text, "\n");
    FILE *f = fopen(expected, "rb");
    assert_non_null(f);
    size_t n = fread(want, 1, sizeof want - 1, f);
    want[n] = 0;
    fclose(f);
    const char *got = text.p[0] == ' ' ? text.p + 1 : text.p;
    assert_string_equal(got, want);
    pr_buf_done(&text);
    pr_session_free(s);
    pr_model_close(m);
}

static void stories_from_gguf(void **state) {
    CHECK_SHARED(model, "models/stories260K/stories260K-f32.gguf");
    CHECK_SHARED(text, "models/stories260K/expected-greedy-200.txt");
    greedy_gives_upstreams_text(model, text);
}
static void stories_from_directory(void **state) {
    CHECK_SHARED(model, "models/stories260K/hf");
    CHECK_SHARED(text, "models/stories260K/expected-greedy-200.txt");
    greedy_gives_upstreams_text(model, text);
}

enum { LEN = 40 };

/* Logits of the last token of a fixed text, and a hash over those of all. */
static uint64_t logits_hash(const pr_model *m, pr_session_opts o) {
    pr_session *s;
    pare_err    e = {0};
    pr_id       ids[LEN];
    uint64_t    h = 0;
    o.all_logits = true;
    o.n_ctx = LEN;
    s = open_session(m, o);
    for (int i = 0; i < LEN; i++) ids[i] = (i * 37 + 11) % m->hp.n_vocab;
    int batch = o.n_batch ? o.n_batch : 64;
    for (int at = 0; at < LEN; at += batch) {
        int n = PR_MIN(batch, LEN - at);
        CHECK_OK(pr_session_eval(s, ids + at, n, &e), e);
        for (int i = 0; i < n; i++)
            h = h * 31 + pr_hash64(pr_session_logits(s, i), (size_t)m->hp.n_vocab * sizeof(float));
    }
    pr_session_free(s);
    return h;
}

static void same_bits_everywhere(void **state) {
    pr_model *m = open_model(check_source("models/austen-3.7m"));
    const pr_type states[] = {PR_F32, PR_F16, PR_Q8_0};
    for (int i = 0; i < 3; i++) {
        pr_session_opts o = {.n_threads = 1, .state = states[i]};
        uint64_t        want = logits_hash(m, o);
        for (int t = 2; t <= 3; t++) {
            o.n_threads = t;
            assert_true(logits_hash(m, o) == want);
        }
        o.n_threads = 2;
        for (int b = 1; b <= 17; b += 8) {
            o.n_batch = b;
            assert_true(logits_hash(m, o) == want);
        }
        o.n_batch = 0;
        o.reference = true;
        assert_true(logits_hash(m, o) == want);
        o.reference = false;
        o.cpu_flags = pr_cpu_flags() & PR_CPU_AVX2;
        if (o.cpu_flags) assert_true(logits_hash(m, o) == want);
    }
    pr_model_close(m);
}

static void rewinds_to_the_same(void **state) {
    pr_model   *m = open_model(check_source("models/austen-3.7m"));
    pr_session *s = open_session(m, (pr_session_opts){.n_ctx = 32});
    pare_err    e = {0};
    pr_id       a[3] = {5, 6, 7}, b = 9;
    CHECK_OK(pr_session_prompt(s, a, 3, NULL, &e), e);
    CHECK_OK(pr_session_eval(s, &b, 1, &e), e);
    uint64_t want = pr_hash64(pr_session_logits(s, 0), (size_t)m->hp.n_vocab * 4);
    CHECK_OK(pr_session_eval(s, a, 3, &e), e);
    pr_session_rewind(s, 3);
    assert_int_equal(pr_session_pos(s), 3);
    CHECK_OK(pr_session_eval(s, &b, 1, &e), e);
    assert_true(pr_hash64(pr_session_logits(s, 0), (size_t)m->hp.n_vocab * 4) == want);
    pr_session_free(s);
    pr_model_close(m);
}

/* glibc counts what is in use: if a token took or gave back anything, the count would move. */
static void a_token_allocates_nothing(void **state) {
    pr_model   *m = open_model(check_source("models/austen-3.7m"));
    pr_session *s = open_session(m, (pr_session_opts){.n_ctx = 64, .n_threads = 2});
    pare_err    e = {0};
    pr_id       id = 40;
    CHECK_OK(pr_session_eval(s, &id, 1, &e), e);
    struct mallinfo2 before = mallinfo2();
    for (int i = 0; i < 50; i++) CHECK_OK(pr_session_eval(s, &id, 1, &e), e);
    struct mallinfo2 after = mallinfo2();
    assert_int_equal(before.uordblks, after.uordblks);
    assert_int_equal(before.ordblks, after.ordblks);
    assert_int_equal(before.hblkhd, after.hblkhd);
    pr_session_free(s);
    pr_model_close(m);
}

static void says_its_limits(void **state) {
    pr_model   *m = open_model(check_source("models/austen-3.7m"));
    pr_session *s = open_session(m, (pr_session_opts){.n_ctx = 4, .n_batch = 4});
    pare_err    e = {0};
    pr_id       ids[5] = {1, 2, 3, 4, 5}, bad = m->hp.n_vocab;
    assert_int_equal(pr_session_eval(s, ids, 5, &e), PARE_EUSAGE);
    assert_int_equal(pr_session_eval(s, &bad, 1, &e), PARE_EINPUT);
    CHECK_OK(pr_session_eval(s, ids, 4, &e), e);
    assert_int_equal(pr_session_eval(s, ids, 1, &e), PARE_EUSAGE);
    pr_session_free(s);
    pr_memory plan;
    pr_session_opts o = {.n_ctx = 256, .state = PR_F16, .n_threads = 1};
    CHECK_OK(pr_session_plan(m, &o, &plan, &e), e);
    /* 4 layers, 4 kv heads of 32, keys and values, 2 bytes */
    assert_int_equal(plan.state, 256 * 4 * 4 * 32 * 2 * 2);
    s = open_session(m, o);
    pr_memory real = pr_session_memory(s);
    assert_int_equal(real.workspace, plan.workspace);
    assert_int_equal(real.weights, 7344640);
    o.state = PR_Q4_K;
    pr_session *none;
    assert_int_equal(pr_session_new(&none, m, &o, &e), PARE_EUSAGE);
    assert_null(none);
    pr_session_free(s);
    pr_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stories_from_gguf),   cmocka_unit_test(stories_from_directory),
        cmocka_unit_test(same_bits_everywhere), cmocka_unit_test(rewinds_to_the_same),
        cmocka_unit_test(a_token_allocates_nothing), cmocka_unit_test(says_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
