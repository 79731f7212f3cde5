/* fuzz_yaml.c - any bytes as YAML: refused with a message, or a tree within its limits that
 * can be written as JSON and read back. */
#include "doc/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned depth_of(const pare_doc *v, size_t *values) {
    unsigned most = 0;
    pare_doc_iter it = {0};
    *values += 1;
    if (pare_doc_kind(v) != PARE_DOC_ARRAY && pare_doc_kind(v) != PARE_DOC_OBJECT) return 0;
    while (pare_doc_next(v, &it)) {
        unsigned d = depth_of(it.value, values);
        most = PR_MAX(most, d);
    }
    return most + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pare_doc *doc = NULL, *back = NULL;
    pare_err e = {0};
    pr_buf text;
    size_t values = 0;
    if (pr_yaml_parse(&doc, p, n, &e) != PARE_OK) {
        if (!e.msg[0] || doc) __builtin_trap();
        return 0;
    }
    if (depth_of(doc, &values) > 32 || values > 100001) __builtin_trap();
    pr_buf_init(&text, 64 << 20);
    pr_doc_put(doc, 0, &text, &e);
    if (text.failed || pr_json_parse(&back, text.p, text.n, NULL, &e) != PARE_OK)
        __builtin_trap();
    pare_doc_free(back);
    pare_doc_free(doc);
    pr_buf_done(&text);
    return 0;
}
