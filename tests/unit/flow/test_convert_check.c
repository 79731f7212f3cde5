/* test_convert_check.c - the check at the end of `convert`: a runtime that is missing, that
 * crashes,
 * that refuses the file, that answers for another model (tests/unit/runner/fake_runner.c). */
#include "check.h"
#include <stdio.h>
#include <stdlib.h>
#include "pare/convert.h"

static const char *out_in(const char *dir) {
    static char path[600];
    snprintf(path, sizeof path, "%s/out", dir);
    return path;
}

/* The shipped model in that format under these conditions; its `check`, the report in *d. */
static const pare_doc *check_of(pare_convert_opts o, const pare_ctl *ctl, pare_status want,
                                pare_doc **d) {
    const char *dir = check_scratch();
    pare_err e = {0};
    o.out = out_in(dir);
    assert_int_equal(pare_convert(check_source("models/austen-3.7m"), &o, ctl, d, &e), want);
    assert_non_null(*d);
    assert_true(pr_path_exists(o.out)); /* whatever was found */
    if (want != PARE_OK) assert_non_null(strstr(e.msg, "is kept"));
    check_scratch_remove(dir);
    return pare_doc_get(*d, "check");
}

static const char *word(const pare_doc *c, const char *key) {
    const char *s = pare_doc_str(pare_doc_get(c, key));
    assert_non_null(s);
    return s;
}

static void test_native(void **state) {
    const pare_ctl little = {.work_memory_bytes = 30000000};
    pare_doc *d;
    const pare_doc *c = check_of((pare_convert_opts){.to = "hf"}, NULL, PARE_OK, &d);
    assert_true(pare_doc_bool(pare_doc_get(c, "done")));
    assert_true(pare_doc_bool(pare_doc_get(c, "within")));
    assert_string_equal(word(c, "runner"), "native");
    assert_string_equal(word(c, "bound"), "bf16");
    assert_true(pare_doc_num(pare_doc_get(c, "kld_mean")) == 0); /* the same bytes */
    pare_doc_free(d);
    c = check_of((pare_convert_opts){.to = "hf", .no_check = 1}, NULL, PARE_OK, &d);
    assert_false(pare_doc_bool(pare_doc_get(c, "done")));
    pare_doc_free(d);
    c = check_of((pare_convert_opts){.to = "gguf"}, &little, PARE_OK, &d);
    assert_non_null(strstr(word(c, "reason"), "--work-memory is 30 MB"));
    pare_doc_free(d);
}

static void test_missing(void **state) {
    pare_doc *d;
    setenv("PARE_RUNNER_DIR", "/nonexistent", 1);
    const pare_doc *c = check_of((pare_convert_opts){.to = "openvino"}, NULL, PARE_OK, &d);
    assert_true(pare_doc_bool(pare_doc_get(c, "done")));
    assert_string_equal(word(c, "instead_of"), "openvino");
    assert_string_equal(word(c, "bound"), "bf16");
    pare_doc_free(d);
    c = check_of((pare_convert_opts){.to = "onnx"}, NULL, PARE_OK, &d);
    assert_string_equal(word(c, "instead_of"), "onnxruntime-genai");
    assert_string_equal(word(c, "bound"), "exact");
    pare_doc_free(d);
    c = check_of((pare_convert_opts){.to = "gguf", .quant = "Q4_0"}, NULL, PARE_OK, &d);
    assert_true(pare_doc_bool(pare_doc_get(c, "done")));
    assert_string_equal(word(c, "runner"), "native");
    assert_string_equal(word(c, "instead_of"), "llama.cpp");
    assert_string_equal(word(c, "bound"), "int4");
    pare_doc_free(d);
}

static void test_bad_runtimes(void **state) {
    static const struct {
        const char *fake, *says;
        pare_status want;
    } cases[] = {
        {"", "vocabularies of 2048 (native) and 7", PARE_EREFUSED},
        {"open:{\"error\":\"no such operator\",\"kind\":\"unsupported\"}", "no such operator",
         PARE_EREFUSED},
        {"open:crash", "something is broken inside", PARE_OK},
        {"hello:{\"error\":\"too old\",\"kind\":\"unsupported\"}", "too old", PARE_OK},
    };
    setenv("PARE_RUNNER_DIR", FAKE_DIR, 1);
    for (size_t i = 0; i < PR_COUNT(cases); i++) {
        pare_doc *d;
        setenv("FAKE", cases[i].fake, 1);
        const pare_doc *c =
            check_of((pare_convert_opts){.to = "openvino"}, NULL, cases[i].want, &d);
        assert_false(pare_doc_bool(pare_doc_get(c, "done")));
        assert_non_null(strstr(word(c, "reason"), cases[i].says));
        pare_doc_free(d);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_native),
                                       cmocka_unit_test(test_missing),
                                       cmocka_unit_test(test_bad_runtimes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
