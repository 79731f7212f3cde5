/* fuzz_ov_ir.c - a directory with openvino_model.xml, config.json and openvino_model.bin: the
 * input is
 * the XML, a zero byte, the configuration (none: no file), a zero byte, the .bin. What opens is
 * assessed, and every weight's first and last
 * rows are decoded: they lie where the graph says. */
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

/* Bytes up to the next zero; `*p` behind it. */
static size_t part(const uint8_t **p, const uint8_t *end) {
    const uint8_t *from = *p, *zero = end > from ? memchr(from, 0, (size_t)(end - from)) : NULL;
    *p = zero ? zero + 1 : end;
    return (size_t)((zero ? zero : end) - from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char path[256];
    pr_model *m;
    pare_err e = {0};
    const uint8_t *p = data, *end = data + size;
    size_t xml = part(&p, end);
    const uint8_t *config = p;
    size_t n = part(&p, end);
    mkdir(scratch("ov_ir", path), 0700);
    scratch_put("ov_ir/openvino_model.xml", data, xml, 0);
    scratch_put("ov_ir/openvino_model.bin", p, (size_t)(end - p), 0);
    scratch_remove("ov_ir/config.json");
    if (n) scratch_put("ov_ir/config.json", config, n, 0);
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
