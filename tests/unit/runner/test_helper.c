/* test_helper.c - the installed helper itself, before libraries that are not what they say: each
 * is refused by name, none ends more than the helper. What real ones say:
 * tests/peers/runners.sh. */
#include "check.h"
#include "proc/proc.h"
#include "runner/runner.h"

static pr_runner_info probe(const char *kind, const char *variable, const char *path) {
    const pr_runner_kind *k;
    pr_runner_info        info;
    pare_err              e = {0};
    setenv("PARE_RUNNER_DIR", HELPER_DIR, 1);
    setenv(variable, path, 1);
    CHECK_OK(pr_runner_find(kind, &k, &e), e);
    CHECK_OK(pr_runner_probe(k, NULL, &info, &e), e);
    unsetenv(variable);
    return info;
}

static void test_false_libraries(void **state) {
    static const struct {
        int         fake;
        bool        found;
        const char *words;
    } cases[] = {
        {1, false, "libllama 9.9.9: pare knows the parameter structs of 0.5."},
        {2, false, "default parameters are not where its version's layout puts them"},
        {3, false, "the library has no function llama_backend_init"},
        {4, false, "killed by signal 9"},
        {5, false, "older than its first version number"},
        {6, true, "does not load"},
        {7, true, "does not load"},
    };
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%d/libllama.so", FAKE_LIBS, cases[i].fake);
        pr_runner_info info = probe("llama.cpp", "PARE_LLAMA_PATH", path);
        if (info.found != cases[i].found || info.verified || !strstr(info.reason, cases[i].words))
            fail_msg("fake %d: found %d, verified %d: %s", cases[i].fake, info.found, info.verified,
                     info.reason);
    }
}

/* The wrong library under the right name. */
static void test_strangers(void **state) {
    char path[1024];
    snprintf(path, sizeof path, "%s/6/libllama.so", FAKE_LIBS);
    assert_non_null(strstr(probe("onnxruntime", "PARE_ONNXRUNTIME_PATH", path).reason,
                           "no function OrtGetApiBase"));
    assert_non_null(strstr(probe("openvino", "PARE_OPENVINO_PATH", path).reason,
                           "no function ov_get_openvino_version"));
    assert_non_null(
        strstr(probe("openvino", "PARE_OPENVINO_PATH", check_source("LICENSE")).reason, "invalid"));
    assert_non_null(strstr(probe("openvino", "PARE_OPENVINO_PATH", check_source("docs")).reason,
                           "there is no"));
}

/* What the helper answers to requests that pare never makes. */
static void test_requests(void **state) {
    static const struct {
        const char *line, *words;
    } cases[] = {
        {"nonsense\n", "\"kind\":\"usage\""},
        {"[1]\n", "a request says what to do"},
        {"{\"do\":\"dance\"}\n", "'dance' is no request"},
        {"{\"do\":\"hello\",\"protocol\":7}\n", "protocol 1 is spoken here"},
        {"{\"do\":\"eval\",\"ids\":[1],\"rows\":1}\n", "no model is open"},
        {"{\"do\":\"time\",\"ids\":[1],\"n\":1}\n", "no model is open"},
        {"{\"do\":\"open\",\"path\":\"x\",\"threads\":-3}\n", "open: a path, threads"},
        {"{\"do\":\"open\",\"path\":7,\"threads\":1}\n", "open: a path, threads"},
        {"{\"do\":\"reset\"}\n", "{}"},
        {"{\"do\":\"close\"}\n", "{}"},
    };
    const char *const argv[] = {HELPER_DIR "/pare-runner", "llama.cpp", NULL};
    uint64_t          soon = pr_now_ns() + 20ull * 1000000000u;
    pare_err          e = {0};
    pr_proc          *p;
    char              b[2048];
    size_t            got, n;
    CHECK_OK(pr_proc_start(&p, &(pr_proc_opts){.argv = argv}, &e), e);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        CHECK_OK(pr_proc_write(p, cases[i].line, strlen(cases[i].line), soon, &e), e);
        for (n = 0; n == 0 || b[n - 1] != '\n'; n += got) {
            CHECK_OK(pr_proc_read(p, b + n, sizeof b - 1 - n, soon, &got, &e), e);
            assert_true(got > 0);
        }
        b[n] = 0;
        if (!strstr(b, cases[i].words)) fail_msg("%s gave %s", cases[i].line, b);
    }
    pr_proc_end end = pr_proc_wait(p, soon);
    assert_int_equal(end.how, PR_PROC_EXITED);
    assert_int_equal(end.code, 0);
    pr_proc_free(p);
}

/* It ends when its input does, and says to a person what it is. */
static void test_ends(void **state) {
    const char *const argv[] = {HELPER_DIR "/pare-runner", "llama.cpp", NULL};
    const char *const bare[] = {HELPER_DIR "/pare-runner", NULL};
    uint64_t          soon = pr_now_ns() + 20ull * 1000000000u;
    pare_err          e = {0};
    pr_proc          *p;
    CHECK_OK(pr_proc_start(&p, &(pr_proc_opts){.argv = argv}, &e), e);
    pr_proc_shut(p);
    assert_int_equal(pr_proc_wait(p, soon).how, PR_PROC_EXITED);
    pr_proc_free(p);
    CHECK_OK(pr_proc_start(&p, &(pr_proc_opts){.argv = bare}, &e), e);
    assert_int_equal(pr_proc_wait(p, soon).code, 2);
    assert_non_null(strstr(pr_proc_said(p, 1), "started by pare"));
    pr_proc_free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_false_libraries),
        cmocka_unit_test(test_strangers),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
