/* mem.c - the only place that asks the system for memory.
 *
 * An arena is a chain of chunks; `used` of the newest grows. Always true:
 * held ≤ max, and every pointer given out lies wholly in one chunk. */
#include "base.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void *pr_calloc(size_t n, size_t size) {
    return calloc(n ? n : 1, size ? size : 1);
}

void *pr_realloc(void *p, size_t n, size_t size) {
    uint64_t bytes;
    if (!pr_mul_u64(n, size, &bytes) || bytes > PTRDIFF_MAX) return NULL;
    return realloc(p, bytes ? (size_t)bytes : 1);
}

void *pr_alloc_aligned(size_t bytes, size_t align) {
    uint64_t size;
    if (!pr_round_up_u64(bytes ? bytes : 1, align, &size) || size > PTRDIFF_MAX) return NULL;
    void *p = aligned_alloc(align, (size_t)size);
    if (p) memset(p, 0, (size_t)size);
    return p;
}

void pr_free(void *p) {
    free(p);
}

enum { CHUNK_MIN = 4096, CHUNK_MAX = 1 << 20, ALIGN = 16 };

typedef struct chunk {
    struct chunk *next;
    size_t        size, used; /* of the bytes behind this header */
} chunk;

struct pr_arena {
    chunk *head;
    size_t held, max, next_size;
};

_Static_assert(sizeof(chunk) <= 32, "the header must keep the alignment");

pr_arena *pr_arena_new(size_t max_bytes) {
    pr_arena *a = pr_calloc(1, sizeof *a);
    if (!a) return NULL;
    a->max = max_bytes;
    a->next_size = CHUNK_MIN;
    return a;
}

void pr_arena_free(pr_arena *a) {
    if (!a) return;
    for (chunk *c = a->head, *next; c; c = next) {
        next = c->next;
        pr_free(c);
    }
    pr_free(a);
}

static bool grow(pr_arena *a, size_t need) {
    size_t size = PR_MAX(a->next_size, need);
    if (size > a->max - a->held) size = a->max - a->held;
    if (size < need) return false;
    chunk *c = pr_calloc(1, 32 + size);
    if (!c) return false;
    c->size = size;
    c->next = a->head;
    a->head = c;
    a->held += size;
    a->next_size = PR_MIN(a->next_size * 2, (size_t)CHUNK_MAX);
    return true;
}

void *pr_arena_get(pr_arena *a, size_t n, size_t size) {
    uint64_t bytes;
    if (!pr_mul_u64(n, size, &bytes) || !pr_round_up_u64(bytes ? bytes : 1, ALIGN, &bytes))
        return NULL;
    if (bytes > a->max) return NULL;
    if ((!a->head || a->head->size - a->head->used < bytes) && !grow(a, (size_t)bytes)) return NULL;
    char *p = (char *)a->head + 32 + a->head->used;
    a->head->used += (size_t)bytes;
    return p;
}

char *pr_arena_str(pr_arena *a, const char *s, size_t n) {
    char *p = n == SIZE_MAX ? NULL : pr_arena_get(a, n + 1, 1);
    if (p && n) memcpy(p, s, n);
    return p;
}

char *pr_arena_printf(pr_arena *a, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int   n = vsnprintf(NULL, 0, fmt, ap);
    char *p = n < 0 ? NULL : pr_arena_get(a, (size_t)n + 1, 1);
    if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    va_end(ap);
    return p;
}

size_t pr_arena_bytes(const pr_arena *a) {
    return a->held;
}

/* Well-formed UTF-8 by table 3-7 of the Unicode standard: no overlong forms, no
 * surrogates, nothing past U+10FFFF. */
bool pr_utf8_valid(const char *s, size_t n, size_t *bad_at) {
    const uint8_t *p = (const uint8_t *)s;
    size_t         i = 0;
    while (i < n) {
        uint8_t b = p[i], lo = 0x80, hi = 0xbf;
        size_t  more = b < 0x80 ? 0 : b < 0xc2 ? 9 : b < 0xe0 ? 1 : b < 0xf0 ? 2 : b < 0xf5 ? 3 : 9;
        if (b == 0xe0) lo = 0xa0;
        if (b == 0xed) hi = 0x9f;
        if (b == 0xf0) lo = 0x90;
        if (b == 0xf4) hi = 0x8f;
        bool ok = more < 4 && more <= n - i - 1;
        for (size_t k = 1; ok && k <= more; k++) {
            ok = p[i + k] >= lo && p[i + k] <= hi;
            lo = 0x80, hi = 0xbf;
        }
        if (!ok) {
            if (bad_at) *bad_at = i;
            return false;
        }
        i += more + 1;
    }
    return true;
}
