/* test_runner.c - the native runner against sessions, and children of every bad kind: each is an
 * error that explains itself, and leaves nothing behind. */
#include <errno.h>
#include <dirent.h>
#include <sys/wait.h>
#include "check.h"
#include "runner/runner.h"

static int count_fds(void) {
    DIR *d = opendir("/proc/self/fd");
    int  n = 0;
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static void nothing_left(int fds) {
    assert_int_equal(count_fds(), fds);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

static pare_status open_fake(pr_runner **r, const char *fault, double seconds, pare_err *e) {
    setenv("PARE_RUNNER_DIR", FAKE_DIR, 1);
    setenv("FAKE", fault, 1);
    *e = (pare_err){0};
    return pr_runner_open(r, "llama.cpp", check_source("LICENSE"),
                          &(pr_runner_opts){.seconds = seconds}, e);
}

/* ------------------------------------------------------------------- the native one */

static void test_native(void **state) {
    pare_err    e = {0};
    pr_runner  *r;
    pr_model   *m;
    pr_session *s;
    pr_id       ids[100];
    const char *path = check_source("models/austen-3.7m");
    CHECK_OK(pr_runner_open(&r, "native", path, &(pr_runner_opts){.exact = true, .n_ctx = 256}, &e),
             e);
    CHECK_OK(pr_model_open(&m, path, &e), e);
    pr_session_opts o = {.n_ctx = 256, .n_batch = 64, .all_logits = true, .exact = true};
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    size_t v = (size_t)pr_runner_vocab(r);
    float *all = pr_calloc(100 * v, sizeof *all), *last = pr_calloc(v, sizeof *last);
    for (int i = 0; i < 100; i++) ids[i] = (pr_id)(i * 37 % (int)v);
    CHECK_OK(pr_runner_eval(r, ids, 100, true, all, &e), e);
    for (int at = 0; at < 100; at += 50) {
        CHECK_OK(pr_session_eval(s, ids + at, 50, &e), e);
        for (int i = 0; i < 50; i++)
            assert_memory_equal(all + (size_t)(at + i) * v, pr_session_logits(s, i), v * 4);
    }
    /* In two pieces, of the last position only, after a reset: the same bits. */
    CHECK_OK(pr_runner_reset(r, &e), e);
    CHECK_OK(pr_runner_eval(r, ids, 70, false, last, &e), e);
    assert_memory_equal(last, all + 69 * v, v * 4);
    CHECK_OK(pr_runner_eval(r, ids + 70, 30, false, last, &e), e);
    assert_memory_equal(last, all + 99 * v, v * 4);
    uint64_t prompt = 0, ns[5] = {0};
    CHECK_OK(pr_runner_decode_time(r, ids, 70, 5, &prompt, ns, &e), e);
    for (int i = 0; i < 5; i++) assert_true(ns[i] > 0 && ns[i] < prompt * 1000);
    /* The sequence was forgotten, the whole context is free; past it is refused. */
    assert_int_equal(pr_runner_context(r), 256);
    pr_id many[257] = {0};
    assert_int_equal(pr_runner_eval(r, many, 257, false, last, &e), PARE_EUSAGE);
    CHECK_OK(pr_runner_eval(r, many, 256, false, last, &e), e);
    assert_int_equal(pr_runner_eval(r, many, 1, false, last, &e), PARE_EUSAGE);
    CHECK_OK(pr_runner_reset(r, &e), e);
    many[0] = (pr_id)v;
    assert_int_equal(pr_runner_eval(r, many, 1, false, last, &e), PARE_EUSAGE);
    assert_true(pr_runner_memory(r) > 3700000);
    assert_string_equal(pr_runner_state(r), "f32");
    pr_session_free(s);
    pr_model_close(m);
    pr_runner_close(r);
    pr_free(all);
    pr_free(last);
}

static void test_names(void **state) {
    const pr_runner_kind *k;
    pare_err              e = {0};
    assert_int_equal(pr_runner_find("tensorrt", &k, &e), PARE_EUSAGE);
    assert_non_null(strstr(e.msg, "native, llama.cpp, onnxruntime, onnxruntime-genai, openvino"));
    for (size_t i = 0; (k = pr_runner_kind_at(i)); i++) {
        const pr_runner_kind *again;
        CHECK_OK(pr_runner_find(k->name, &again, &e), e);
        assert_ptr_equal(k, again);
        assert_true(*k->how_to_install && *k->takes);
    }
    pr_runner *r;
    assert_int_equal(pr_runner_open(&r, "native", "/nonexistent", NULL, &e), PARE_EINPUT);
    assert_null(r);
}

/* ------------------------------------------------------------------- a good child */

static void test_child(void **state) {
    pare_err   e;
    int        fds = count_fds();
    pr_runner *r;
    CHECK_OK(open_fake(&r, "", 20, &e), e);
    assert_int_equal(pr_runner_vocab(r), 7);
    assert_int_equal(pr_runner_context(r), 600);
    assert_string_equal(pr_runner_arithmetic(r), "f32");
    /* 590 are more than one request: the rows must not be mixed up at the seam. */
    pr_id  ids[600];
    float *l = pr_calloc(600 * 7, sizeof *l);
    for (int i = 0; i < 600; i++) ids[i] = (pr_id)(i * 3 % 7);
    CHECK_OK(pr_runner_eval(r, ids, 590, true, l, &e), e);
    for (int i = 0; i < 590; i++)
        for (int j = 0; j < 7; j++)
            assert_true(l[i * 7 + j] == (float)(100 * ids[i] + 10 * i + j));
    CHECK_OK(pr_runner_eval(r, ids, 10, false, l, &e), e);
    assert_true(l[6] == (float)(100 * ids[9] + 10 * 599 + 6));
    assert_int_equal(pr_runner_eval(r, ids, 1, false, l, &e), PARE_EUSAGE);
    CHECK_OK(pr_runner_reset(r, &e), e);
    CHECK_OK(pr_runner_eval(r, ids, 600, false, l, &e), e);
    assert_true(l[0] == (float)(100 * ids[599] + 10 * 599));
    uint64_t prompt, ns[3];
    CHECK_OK(pr_runner_decode_time(r, ids, 4, 3, &prompt, ns, &e), e);
    assert_int_equal(prompt, 1000);
    assert_int_equal(ns[2], 102);
    assert_true(pr_runner_memory(r) > 100000);
    pr_runner_close(r);
    pr_free(l);
    nothing_left(fds);
}

static void test_probe(void **state) {
    const pr_runner_kind *k;
    pr_runner_info        info;
    pare_err              e = {0};
    setenv("PARE_RUNNER_DIR", FAKE_DIR, 1);
    setenv("FAKE", "", 1);
    CHECK_OK(pr_runner_find("onnxruntime", &k, &e), e);
    CHECK_OK(pr_runner_probe(k, NULL, &info, &e), e);
    assert_true(info.found && info.verified);
    assert_string_equal(info.path, "onnxruntime"); /* the word that the helper was called with */
    assert_string_equal(info.devices, "CPU, NPU");
    /* Off before it starts, and there is no way out anyhow. */
    assert_string_equal(info.arithmetic, "telemetry=1 socket=-1");
    setenv("FAKE", "hello:hang", 1);
    CHECK_OK(pr_runner_probe(k, &(pr_runner_opts){.seconds = 0.2}, &info, &e), e);
    assert_false(info.found || info.verified);
    assert_non_null(strstr(info.reason, "did not answer in time"));
    setenv("FAKE", "hello:{\"protocol\":1,\"found\":false,\"verified\":true,\"reason\":\"no\"}", 1);
    CHECK_OK(pr_runner_probe(k, NULL, &info, &e), e);
    assert_false(info.found || info.verified); /* what is not there is not verified */
    setenv("PARE_RUNNER_DIR", "/nonexistent", 1);
    CHECK_OK(pr_runner_probe(k, NULL, &info, &e), e);
    assert_non_null(strstr(info.reason, "PARE_RUNNER_DIR"));
}

/* ------------------------------------------------------------------- bad children */

typedef struct {
    const char *fault;  /* of the fake */
    pare_status st;
    const char *words;  /* in the message */
} bad;

static void test_bad_open(void **state) {
    static const bad cases[] = {
        {"hello:crash", PARE_EENV, "Segmentation fault"},
        {"hello:crash", PARE_EENV, "something is broken inside"},
        {"hello:exit", PARE_EENV, "exit status 3"},
        {"hello:close", PARE_EENV, "ended without an answer"},
        {"hello:hang", PARE_EENV, "did not answer in time"},
        {"hello:endless", PARE_EENV, "bytes in a line"},
        {"hello:no json at all", PARE_EENV, "found 'no json at all'"},
        {"hello:[1,2]", PARE_EENV, "expected an object"},
        {"hello:{\"protocol\":2,\"found\":true}", PARE_EENV, "protocol"},
        {"hello:{\"protocol\":1}", PARE_EENV, "found"},
        {"hello:{\"protocol\":1,\"found\":true,\"version\":7}", PARE_EENV, "version"},
        {"hello:{\"protocol\":1,\"found\":false,\"reason\":\"gone fishing\"}", PARE_EENV,
         "not installed here: gone fishing; pip install"},
        {"open:{\"vocab\":0,\"context\":5}", PARE_EENV, "vocab"},
        {"open:{\"vocab\":99999999999,\"context\":5}", PARE_EENV, "vocab"},
        {"open:{\"vocab\":7,\"context\":-1}", PARE_EENV, "context"},
        {"open:{\"vocab\":7.5,\"context\":5}", PARE_EENV, "vocab"},
        {"open:{\"error\":\"what is this\",\"kind\":\"input\"}", PARE_EINPUT,
         "llama.cpp 9.9: what is this"},
        {"open:{\"error\":\"not me\",\"kind\":\"unsupported\"}", PARE_EUNSUPPORTED, "not me"},
        {"open:{\"error\":\"odd\",\"kind\":\"internal\"}", PARE_EENV, "odd"},
        {"open:{\"error\":5}", PARE_EENV, "error"},
        {"open:crash", PARE_EENV, "Segmentation fault"},
    };
    int fds = count_fds();
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pare_err    e;
        pr_runner  *r;
        double      patience = strstr(cases[i].fault, "hang") ? 0.2 : 20;
        pare_status st = open_fake(&r, cases[i].fault, patience, &e);
        if (st != cases[i].st || !strstr(e.msg, cases[i].words))
            fail_msg("%s: %s: %s", cases[i].fault, pare_status_name(st), e.msg);
        assert_null(r);
        nothing_left(fds);
    }
}

static void test_bad_work(void **state) {
    static const bad cases[] = {
        {"eval:crash", PARE_EENV, "Segmentation fault"},
        {"eval:{\"rows\":3,\"vocab\":7}", PARE_EENV, "rows"},
        {"eval:{\"rows\":2,\"vocab\":8}", PARE_EENV, "vocab"},
        {"eval:{}", PARE_EENV, "rows"},
        {"eval:{\"rows\":2,\"rows\":2,\"vocab\":7}", PARE_EENV, "expected an object as answer"},
        {"eval:hang", PARE_EENV, "did not answer in time"},
        {"eval:flood", PARE_OK, ""},
        {"eval:slow", PARE_OK, ""},
        {"eval:{\"error\":\"full\",\"kind\":\"input\"}", PARE_EINPUT, "full"},
        {"time:{\"prompt_ns\":5,\"ns\":[1,2]}", PARE_EENV, "2 times, expected 3"},
        {"time:{\"prompt_ns\":5,\"ns\":[1,-2,3]}", PARE_EENV, "ns"},
        {"time:{\"prompt_ns\":99999999999999,\"ns\":[1,2,3]}", PARE_EENV, "prompt_ns"},
        {"reset:exit", PARE_EENV, "exit status 3"},
        {"reset:[]", PARE_EENV, "expected an object"},
    };
    int fds = count_fds();
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pare_err    e;
        pr_runner  *r;
        pr_id       ids[2] = {1, 2};
        float       l[14] = {0};
        uint64_t    ns[3];
        double      patience = strstr(cases[i].fault, "hang") ? 0.2 : 20;
        CHECK_OK(open_fake(&r, cases[i].fault, patience, &e), e);
        pare_status st = cases[i].fault[0] == 'e'
                             ? pr_runner_eval(r, ids, 2, true, l, &e)
                             : pr_runner_decode_time(r, ids, 2, 3, NULL, ns, &e);
        if (st != cases[i].st || !strstr(e.msg, cases[i].words))
            fail_msg("%s: %s: %s", cases[i].fault, pare_status_name(st), e.msg);
        if (st == PARE_OK) assert_true(l[13] == 216.f); /* 100·2 + 10·1 + 6 */
        /* One that failed stays failed, and says so at once. */
        if (st == PARE_EENV) assert_int_equal(pr_runner_reset(r, &e), PARE_EENV);
        pr_runner_close(r);
        nothing_left(fds);
    }
}

static int stop_now(void *user) { return ++*(int *)user > 3; }

static void test_stopped(void **state) {
    int        asked = 0, fds = count_fds();
    pare_ctl   ctl = {.is_cancelled = stop_now, .user = &asked};
    pare_err   e = {0};
    pr_runner *r;
    setenv("PARE_RUNNER_DIR", FAKE_DIR, 1);
    setenv("FAKE", "open:hang", 1);
    assert_int_equal(pr_runner_open(&r, "openvino", check_source("LICENSE"),
                                    &(pr_runner_opts){.ctl = &ctl}, &e),
                     PARE_ECANCELLED);
    nothing_left(fds);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_native),   cmocka_unit_test(test_names),
        cmocka_unit_test(test_child),    cmocka_unit_test(test_probe),
        cmocka_unit_test(test_bad_open), cmocka_unit_test(test_bad_work),
        cmocka_unit_test(test_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
