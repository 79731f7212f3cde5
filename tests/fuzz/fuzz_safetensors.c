/* fuzz_safetensors.c - any bytes, opened as a container: refused or read, and every tensor
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

/* Written anew, every tensor and text must be read back as it was. */
static void compare(const pr_container *a, const pr_container *b) {
    for (size_t i = 0; i < pr_container_count(a); i++) {
        const pr_tensor *t = pr_container_at(a, i), *o = pr_container_find(b, t->name);
        if (!o || t->type != o->type || t->n_dims != o->n_dims || t->bytes != o->bytes ||
            memcmp(t->dim, o->dim, sizeof t->dim) != 0 ||
            (t->bytes && memcmp(t->data, o->data, t->bytes) != 0))
            __builtin_trap();
    }
    for (size_t i = 0; i < pr_container_meta_count(a); i++) {
        const pr_meta *m = pr_container_meta_at(a, i), *o = pr_container_meta_find(b, m->key);
        if (memchr(m->v.s, 0, m->n)) continue; /* the writer takes terminated texts */
        if (!o || o->n != m->n || (m->n && memcmp(m->v.s, o->v.s, m->n) != 0)) __builtin_trap();
    }
}

static pare_status declare(pr_st_writer *w, const pr_container *c, pare_err *err) {
    for (size_t i = 0; i < pr_container_meta_count(c); i++) {
        const pr_meta *m = pr_container_meta_at(c, i);
        char           text[4096];
        snprintf(text, sizeof text, "%.*s", (int)PR_MIN(m->n, sizeof text - 1), m->v.s);
        if (m->n >= sizeof text) return PARE_EUNSUPPORTED;
        PR_TRY(pr_st_add_meta(w, m->key, text, err));
    }
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        PR_TRY(pr_st_add_tensor(w, t->name, t->type, t->n_dims, t->dim, err));
    }
    return PARE_OK;
}

static void copy(const pr_container *c) {
    char          path[256];
    pr_st_writer *w;
    pr_container *again;
    pare_err      e = {0};
    pare_status   st;
    scratch("copy.safetensors", path);
    if (pr_st_writer_new(&w, path, &e) != PARE_OK) exit(77);
    PR_GO(declare(w, c, &e));
    for (size_t i = 0; i < pr_container_count(c); i++)
        PR_GO(pr_st_data(w, i, pr_container_at(c, i)->data, pr_container_at(c, i)->bytes, &e));
    st = pr_st_writer_commit(w, &e);
    w = NULL;
    if (st != PARE_OK) goto done;
    if (pr_container_open(&again, path, &e) != PARE_OK) __builtin_trap();
    compare(c, again);
    pr_container_close(again);
done:
    pr_st_writer_discard(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_container     *c;
    pare_err          e = {0};
    volatile uint64_t sum = 0;
    if (pr_container_open_memory(&c, p, n, "x.safetensors", &e) != PARE_OK) return 0;
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        sum += touch(t->data, t->bytes);
        if (pr_container_find(c, t->name) != t) __builtin_trap();
    }
    for (size_t i = 0; i < pr_container_meta_count(c); i++)
        sum += touch_meta(pr_container_meta_at(c, i));
    if (pr_container_kind_of(c) == PR_SAFETENSORS) copy(c);
    pr_container_close(c);
    return 0;
}
