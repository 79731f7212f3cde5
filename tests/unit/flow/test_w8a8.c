/* test_w8a8.c - weights and activations of 8 bits: what `convert` writes for ONNX and OpenVINO is
 * the same for every number of threads, is read back as the function that it came from with the
 * places counted where its runtime rounds, and what cannot be done is refused by name. */
#include "check.h"
#include <stdio.h>
#include "pare/convert.h"
#include "measure/measure.h"
#include "measure/parity_model.h"
#include "model/model.h"

enum { LAYERS = 4, SITES = 3 * LAYERS };

static const struct {
    const char *to, *dialect;
} ways[] = {{"onnx", "genai"}, {"onnx", "standard"}, {"openvino", NULL}};

static pare_status convert(const char *dir, pare_convert_opts o, int threads, pare_doc **d,
                           pare_err *err) {
    static char out[600];
    pare_ctl ctl = {.n_threads = threads};
    snprintf(out, sizeof out, "%s/out", dir);
    o.out = out;
    o.no_check = 1;
    if (!o.quant) o.quant = "w8a8";
    if (!o.calib_tokens) o.calib_tokens = 2048;
    return pare_convert(check_source("models/austen-3.7m"), &o, &ctl, d, err);
}

/* Four products of a layer share two inputs, one has its own; the seventh's has outliers. */
static void check_read(const char *dir) {
    char path[600];
    pr_model *m, *src;
    pare_err e = {0};
    pr_buf why;
    pr_buf_init(&why, 1 << 14);
    snprintf(path, sizeof path, "%s/out", dir);
    CHECK_OK(pr_model_open(&m, path, &e), e);
    CHECK_OK(pr_model_open(&src, check_source("models/austen-3.7m"), &e), e);
    assert_int_equal(m->n_rounded, SITES);
    assert_int_equal(src->n_rounded, 0);
    int rows = 0;
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        rows += w->group && w->group->bits == 8 && w->group->rule == PR_GROUP_SYM &&
                (w->group->group == 0 || w->group->group == w->cols);
    }
    assert_int_equal(rows, 6 * LAYERS);
    assert_int_equal(pr_model_differences(src, m, &why), 0);
    pr_buf_done(&why);
    pr_model_close(src);
    pr_model_close(m);
}

static void threads_leave_no_trace(void **state) {
    (void)state;
    for (size_t i = 0; i < PR_COUNT(ways); i++) {
        pare_doc *d[2];
        pare_err e = {0};
        for (int k = 0; k < 2; k++) {
            const char *dir = check_scratch();
            CHECK_OK(convert(dir, (pare_convert_opts){.to = ways[i].to, .dialect = ways[i].dialect},
                             k ? 3 : 1, &d[k], &e),
                     e);
            check_read(dir);
            check_scratch_remove(dir);
        }
        assert_string_equal(pare_doc_str(pare_doc_get(d[0], "sha256")),
                            pare_doc_str(pare_doc_get(d[1], "sha256")));
        pare_doc_free(d[0]);
        pare_doc_free(d[1]);
    }
}

/* Those that fell back say why; with --strict that is a refusal. */
static void outliers_are_told(void **state) {
    const char *dir = check_scratch();
    pare_doc *d;
    pare_err e = {0};
    int fell = 0;
    (void)state;
    CHECK_OK(convert(dir, (pare_convert_opts){.to = "openvino"}, 2, &d, &e), e);
    const pare_doc *list = pare_doc_path(d, "tensors/list");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *t = pare_doc_at(list, i);
        const char *why = pare_doc_str(pare_doc_get(t, "why"));
        if (!why || !strstr(why, "outliers")) continue;
        assert_non_null(strstr(pare_doc_str(pare_doc_get(t, "name")), "ffn_down"));
        fell++;
    }
    assert_int_equal(fell, LAYERS);
    pare_doc_free(d);
    check_scratch_remove(dir);
    dir = check_scratch();
    assert_int_equal(convert(dir, (pare_convert_opts){.to = "openvino", .strict = 1}, 2, &d, &e),
                     PARE_EREFUSED);
    assert_non_null(strstr(e.msg, "outliers"));
    assert_null(d);
    check_scratch_remove(dir);
}

static void refuse(pare_convert_opts o, pare_status want, const char *says) {
    const char *dir = check_scratch();
    pare_doc *d;
    pare_err e = {0};
    pare_status st = convert(dir, o, 2, &d, &e);
    if (st != want || !strstr(e.msg, says)) fail_msg("%d: %s", st, e.msg);
    assert_null(d);
    check_scratch_remove(dir);
}

static void what_cannot_be(void **state) {
    const char *dir = check_scratch();
    char text[600];
    (void)state;
    snprintf(text, sizeof text, "%s/text.txt", dir);
    refuse((pare_convert_opts){.to = "gguf"}, PARE_EUSAGE, "gguf takes Q8_0");
    refuse((pare_convert_opts){.to = "mlx"}, PARE_EUSAGE, "mlx takes int8");
    refuse((pare_convert_opts){.to = "hf"}, PARE_EUSAGE, "hf takes F32");
    refuse((pare_convert_opts){.to = "onnx", .calib = text}, PARE_EINPUT, "cannot open");
    pr_file_write(text, "too short", 9, NULL);
    refuse((pare_convert_opts){.to = "onnx", .calib = text}, PARE_EINPUT, "64 or more");
    pr_file_write(text, "not \xff UTF-8", 11, NULL);
    refuse((pare_convert_opts){.to = "onnx", .calib = text}, PARE_EINPUT, "not UTF-8");
    refuse((pare_convert_opts){.to = "onnx", .save_imatrix = "x"}, PARE_EUSAGE,
           "ranges from a text");
    check_scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_leave_no_trace),
        cmocka_unit_test(outliers_are_told),
        cmocka_unit_test(what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
