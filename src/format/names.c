/* names.c - a name to its place in constant time; ranges in order.
 *
 * Always true of a table: at least half of the slots are free, so a search ends. */
#include "container.h"
#include <stdlib.h>

static const char *name_at(const pr_names *t, size_t i) {
    const char *name;
    memcpy(&name, (const char *)t->base + i * t->stride, sizeof name);
    return name;
}

/* The slot that holds `name`, or the free one where it would go. */
static uint64_t slot_of(const pr_names *t, const char *name) {
    uint64_t i = pr_hash64(name, strlen(name)) & t->mask;
    while (t->slot[i] && strcmp(name_at(t, t->slot[i] - 1), name) != 0) i = (i + 1) & t->mask;
    return i;
}

pare_status pr_names_build(pr_names *t, const void *base, size_t stride, size_t n, size_t *twice,
                           pare_err *err) {
    *t = (pr_names){.base = base, .stride = stride, .n = n};
    if (n == 0) return PARE_OK;
    uint64_t cap = 8;
    while (cap < 2 * (uint64_t)n) cap *= 2;
    t->mask = cap - 1;
    if (n >= UINT32_MAX || !(t->slot = pr_calloc((size_t)cap, sizeof *t->slot)))
        return pr_fail_nomem(err, cap * sizeof *t->slot);
    for (size_t i = 0; i < n; i++) {
        uint64_t at = slot_of(t, name_at(t, i));
        if (t->slot[at]) {
            *twice = i;
            return PARE_EINPUT;
        }
        t->slot[at] = (uint32_t)i + 1;
    }
    return PARE_OK;
}

size_t pr_names_find(const pr_names *t, const char *name) {
    if (!t->slot || !name) return SIZE_MAX;
    uint32_t i = t->slot[slot_of(t, name)];
    return i ? i - 1 : SIZE_MAX;
}

void pr_names_done(pr_names *t) {
    pr_free(t->slot);
    *t = (pr_names){0};
}

static int by_range(const void *pa, const void *pb) {
    const pr_range *a = pa, *b = pb;
    if (a->from != b->from) return a->from < b->from ? -1 : 1;
    if (a->to != b->to) return a->to < b->to ? -1 : 1;
    return (a->who > b->who) - (a->who < b->who);
}

void pr_ranges_sort(pr_range *r, size_t n) {
    if (n > 1) qsort(r, n, sizeof *r, by_range);
}
