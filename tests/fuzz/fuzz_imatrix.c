/* fuzz_imatrix.c - any bytes, opened as an importance matrix: refused with a reason, or every
 * number that is given out is finite and not negative, and names are in order. */
#include "quant/quant.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look(const pr_calib *c) {
    const char *before = "";
    for (int i = 0; i < pr_calib_count(c); i++) {
        const char  *name;
        int64_t      cols, tokens;
        const float *v = pr_calib_mean2_at(c, i);
        pr_calib_at(c, i, &name, &cols, &tokens);
        if (strcmp(before, name) >= 0 || cols < 1 || tokens < 0) __builtin_trap();
        before = name;
        for (int64_t j = 0; j < cols; j++)
            if (!(v[j] >= 0 && v[j] - v[j] == 0)) __builtin_trap();
        const float *found = pr_calib_of(c, name, cols);
        if (found && found != v) __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_container *f;
    pr_calib     *c;
    pare_err      e = {0};
    if (pr_container_open_memory(&f, p, n, "x.gguf", &e) != PARE_OK) return 0;
    pr_arena *a = pr_arena_new((size_t)16 << 20);
    if (!a) exit(77);
    if (pr_imatrix_take(&c, f, a, &e) == PARE_OK) look(c);
    else if (!e.msg[0]) __builtin_trap();
    pr_arena_free(a);
    pr_container_close(f);
    return 0;
}
