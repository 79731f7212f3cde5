/* fuzz_onnx.c - a directory with model.onnx (the input) and 4 KiB of zeros beside it as
 * model.onnx.data. What opens is assessed, and every weight's first and last rows are decoded: they
 * lie where the graph says. */
#include "model/model.h"
#include "scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLS_MAX = 1 << 16 };

static void decode(const pr_model *m) {
    static float row[COLS_MAX];
    const pr_kernels *k = pr_kernels_get(0);
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        if (w->cols > COLS_MAX || !pr_weight_readable(w)) continue;
        pr_weight_decode(w, k, 0, 1, row);
        pr_weight_decode(w, k, w->rows - 1, 1, row);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[256];
    pr_model *m;
    pare_err e = {0};
    mkdir(scratch("onnx", path), 0700);
    scratch_put("onnx/model.onnx", data, size, 0);
    scratch_put("onnx/model.onnx.data", "", 0, 4096);
    if (pr_model_open(&m, path, &e) == PARE_OK) {
        pare_doc *doc;
        decode(m);
        if (pare_assess(m, 1, NULL, &doc, &e) == PARE_OK) pare_doc_free(doc);
        pr_model_close(m);
    } else if (!e.msg[0] || e.status == PARE_EINTERNAL) {
        __builtin_trap();
    }
    return 0;
}
