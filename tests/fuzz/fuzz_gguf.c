/* fuzz_gguf.c - any bytes, opened as a container: refused or read, and every tensor
 * that is given out lies in the input. */
#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint64_t touch(const uint8_t *p, uint64_t n) {
    return n ? (uint64_t)p[0] + p[n - 1] : 0;
}

static uint64_t touch_meta(const pr_meta *m) {
    pr_str   s;
    double   d;
    uint64_t sum = 0;
    if (m->type == PR_META_STR) return touch((const uint8_t *)m->v.s, m->n);
    if (m->type != PR_META_ARR || m->n == 0) return pr_meta_f64(m, &d);
    if (m->elem == PR_META_ARR) return touch_meta(&m->v.arr[m->n - 1]);
    if (pr_meta_arr_str(m, m->n - 1, &s)) sum += touch((const uint8_t *)s.p, s.n);
    return sum + pr_meta_arr_f64(m, m->n - 1, &d);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_container     *c;
    pare_err          e = {0};
    volatile uint64_t sum = 0;
    if (pr_container_open_memory(&c, p, n, "x.gguf", &e) != PARE_OK) return 0;
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        sum += touch(t->data, t->bytes);
        if (pr_container_find(c, t->name) != t) __builtin_trap();
    }
    for (size_t i = 0; i < pr_container_meta_count(c); i++)
        sum += touch_meta(pr_container_meta_at(c, i));
    pr_container_close(c);
    return 0;
}
