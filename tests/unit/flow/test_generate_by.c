/* test_generate_by.c - a text by a runner: the native one, which must write what
 * pare_generate() does. */
#include "check.h"
#include "pare/runner.h"

typedef struct {
    char   text[8192];
    size_t n;
} heard;

static int hear(void *user, const char *text, size_t n) {
    heard *h = user;
    if (h->n + n >= sizeof h->text) return 1;
    memcpy(h->text + h->n, text, n);
    h->n += n;
    return 0;
}

static void test_same_text(void **state) {
    static const pare_generate_opts cases[] = {
        {.n = 40},
        {.n = 40, .temp = 0.8f, .top_p = 0.9f, .repeat_penalty = 1.2f, .seed = 11},
        {.n = 0, .n_ctx = 32, .ignore_eos = 1},
        {.n = 12, .exact = 1, .state = "f32"},
    };
    const char *path = check_source("models/austen-3.7m"), *prompt = "It was a fine";
    pare_err    e = {0};
    pare_model *m;
    CHECK_OK(pare_model_open(&m, path, &e), e);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        heard     a = {.n = 0}, b = {.n = 0};
        pare_doc *own, *by;
        CHECK_OK(pare_generate(m, prompt, 13, &cases[i], NULL, hear, &a, &own, &e), e);
        CHECK_OK(
            pare_generate_by("native", path, m, prompt, 13, &cases[i], NULL, hear, &b, &by, &e),
            e);
        assert_true(a.n > 20);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.text, b.text, a.n);
        assert_int_equal(pare_doc_int(pare_doc_get(own, "tokens")),
                         pare_doc_int(pare_doc_get(by, "tokens")));
        assert_string_equal(pare_doc_str(pare_doc_get(own, "stopped_by")),
                            pare_doc_str(pare_doc_get(by, "stopped_by")));
        assert_string_equal(pare_doc_str(pare_doc_get(by, "runner")), "native");
        assert_null(pare_doc_get(own, "runner"));
        assert_null(pare_doc_get(by, "level")); /* of a session */
        pare_doc_free(own);
        pare_doc_free(by);
    }
    heard h = {.n = 0};
    assert_int_equal(
        pare_generate_by("abacus", path, m, prompt, 13, NULL, NULL, hear, &h, NULL, &e),
        PARE_EUSAGE);
    pare_model_close(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_same_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
