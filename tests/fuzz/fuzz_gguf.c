/* fuzz_gguf.c - any bytes, opened as a container: refused or read, and every tensor
 * that is given out lies in the input. What is read is written and read again: the same. */
#include "format/format.h"
#include "scratch.h"

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

/* What the writer says by itself. */
static bool left_aside(const char *key) { return strcmp(key, "general.alignment") == 0; }

/* Written anew, every key and tensor must be read back as it was. */
static bool same_meta(const pr_meta *a, const pr_meta *b) {
    if (a->type != b->type || (a->type == PR_META_STR && a->n != b->n)) return false;
    if (a->type == PR_META_STR) return a->n == 0 || memcmp(a->v.s, b->v.s, a->n) == 0;
    if (a->type != PR_META_ARR) return memcmp(&a->v, &b->v, sizeof a->v) == 0;
    if (a->elem != b->elem || a->n != b->n) return false;
    for (uint64_t i = 0; i < a->n; i++) {
        pr_str s = {0}, t = {0};
        double x = 0, y = 0;
        if (a->elem == PR_META_ARR && !same_meta(&a->v.arr[i], &b->v.arr[i])) return false;
        if (pr_meta_arr_str(a, i, &s) != pr_meta_arr_str(b, i, &t) || !pr_str_eq(s, t))
            return false;
        if (pr_meta_arr_f64(a, i, &x) != pr_meta_arr_f64(b, i, &y)) return false;
        if (memcmp(&x, &y, sizeof x) != 0) return false;
    }
    return true;
}

/* No dimension is written as one of 1. */
static bool same_tensor(const pr_tensor *a, const pr_tensor *b) {
    return b && a->type == b->type && PR_MAX(a->n_dims, 1) == b->n_dims && a->bytes == b->bytes &&
           memcmp(a->dim, b->dim, sizeof a->dim) == 0 &&
           (a->bytes == 0 || memcmp(a->data, b->data, a->bytes) == 0);
}

static void compare(const pr_container *a, const pr_container *b) {
    for (size_t i = 0; i < pr_container_meta_count(a); i++) {
        const pr_meta *m = pr_container_meta_at(a, i);
        const pr_meta *o = pr_container_meta_find(b, m->key);
        if (!left_aside(m->key) && (!o || !same_meta(m, o))) __builtin_trap();
    }
    for (size_t i = 0; i < pr_container_count(a); i++)
        if (!same_tensor(pr_container_at(a, i), pr_container_at(b, i))) __builtin_trap();
}

static void copy(const pr_container *c) {
    char            path[256];
    pr_gguf_writer *w;
    pr_container   *again;
    pare_err        e = {0};
    pare_status     st;
    scratch("copy.gguf", path);
    if (pr_gguf_writer_new(&w, path, 0, &e) != PARE_OK) exit(77);
    for (size_t i = 0; i < pr_container_meta_count(c); i++) {
        const pr_meta *m = pr_container_meta_at(c, i);
        if (!left_aside(m->key)) pr_gguf_add_meta(w, NULL, m);
    }
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        PR_GO(pr_gguf_add_tensor(w, t->name, t->type, t->n_dims, t->dim, &e));
    }
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        PR_GO(pr_gguf_data(w, i, t->data, t->bytes, &e));
    }
    st = pr_gguf_writer_commit(w, &e);
    w = NULL;
    if (st != PARE_OK) goto done;
    if (pr_container_open(&again, path, &e) != PARE_OK) __builtin_trap();
    compare(c, again);
    pr_container_close(again);
done:
    pr_gguf_writer_discard(w);
    if (st != PARE_OK && !e.msg[0]) __builtin_trap();
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
    copy(c);
    pr_container_close(c);
    return 0;
}
