/* fuzz_config_json.c - any bytes through the JSON door; what is read is asked for
 * members, written, read again, and must be written the same. */
#include "doc/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void ask(const pare_doc *d) {
    static const char *const keys[] = {"hidden_size", "rope_theta", "architectures",
                                       "rope_scaling", "a"};
    pare_err        e;
    int64_t         i;
    double          f;
    bool            b;
    pr_str          s;
    const pare_doc *v;
    for (size_t k = 0; k < PR_COUNT(keys); k++) {
        e = (pare_err){0};
        if (pr_json_get_i64(d, keys[k], 1, 100, &i, &e) == PARE_OK && (i < 1 || i > 100))
            __builtin_trap();
        if (pr_json_opt_f64(d, keys[k], 0, 1, 0.5, &f, &e) == PARE_OK && !(f >= 0 && f <= 1))
            __builtin_trap();
        (void)pr_json_get_bool(d, keys[k], &b, &e);
        (void)pr_json_opt_str(d, keys[k], &s, &e);
        (void)pr_json_opt_arr(d, keys[k], &v, &e);
        if (pr_json_opt_obj(d, keys[k], &v, &e) == PARE_OK && v) ask(v);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pare_doc *d, *again;
    pare_err  e = {0};
    char     *text, *text2;
    size_t    n_text, n_text2;
    if (pr_json_parse(&d, p, n, NULL, &e) != PARE_OK) return 0;
    ask(d);
    if (pare_doc_text(d, 0, &text, &n_text, &e) != PARE_OK) __builtin_trap();
    if (pare_doc_parse(&again, text, n_text, &e) != PARE_OK) __builtin_trap();
    if (pare_doc_text(again, 0, &text2, &n_text2, &e) != PARE_OK) __builtin_trap();
    if (n_text != n_text2 || memcmp(text, text2, n_text) != 0) __builtin_trap();
    pare_doc_text_free(text);
    pare_doc_text_free(text2);
    pare_doc_free(d);
    pare_doc_free(again);
    return 0;
}
