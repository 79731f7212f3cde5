/* buf.c - see buf.h. Always true: n < cap whenever p is not NULL, p[n] == 0. */
#include "base.h"
#include <stdarg.h>
#include <stdio.h>

void pr_buf_init(pr_buf *b, size_t max_bytes) {
    *b = (pr_buf){.max = max_bytes};
}

void pr_buf_done(pr_buf *b) {
    pr_free(b->p);
    *b = (pr_buf){0};
}

void pr_buf_clear(pr_buf *b) {
    b->n = 0;
    b->failed = b->full = false;
    if (b->p) b->p[0] = 0;
}

static bool room_for(pr_buf *b, size_t n) {
    if (b->failed) return false;
    if (n > b->max - b->n) return b->failed = b->full = true, false;
    if (b->n + n < b->cap) return true;
    size_t cap = b->cap ? b->cap : 64;
    while (cap <= b->n + n) cap = cap > SIZE_MAX / 4 ? b->n + n + 1 : cap * 2;
    char *p = pr_realloc(b->p, cap, 1);
    if (!p) return b->failed = true, false;
    b->p = p;
    b->cap = cap;
    return true;
}

void pr_buf_add(pr_buf *b, const void *p, size_t n) {
    if (!room_for(b, n)) return;
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}

void pr_buf_puts(pr_buf *b, const char *s) {
    pr_buf_add(b, s, strlen(s));
}

void pr_buf_printf(pr_buf *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    if (n < 0)
        b->failed = true;
    else if (room_for(b, (size_t)n)) {
        vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
        b->n += (size_t)n;
    }
    va_end(again);
    va_end(ap);
}
