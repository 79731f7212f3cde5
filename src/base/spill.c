/* spill.c - a file without a name. Always true: it is unlinked before its first byte is written. */
#include "base.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

pare_status pr_spill_open(pr_spill *s, const char *dir, pare_err *err) {
    size_t cap = strlen(dir) + 32;
    char  *path = pr_calloc(cap, 1);
    *s = (pr_spill){.fd = -1};
    if (!path) return pr_fail_nomem(err, cap);
    snprintf(path, cap, "%s/.pare-spill-XXXXXX", dir);
    s->fd = mkostemp(path, O_CLOEXEC);
    if (s->fd >= 0) unlink(path);
    pr_free(path);
    if (s->fd >= 0) return PARE_OK;
    pr_fail_errno(err, dir, "cannot make a file in");
    if (err) err->status = PARE_EENV;
    return PARE_EENV;
}

pare_status pr_spill_write(pr_spill *s, const void *p, size_t n, pare_err *err) {
    const uint8_t *at = p;
    while (n > 0) {
        ssize_t k = write(s->fd, at, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return pr_fail_errno(err, "a temporary file", "cannot write");
        at += k;
        n -= (size_t)k;
        s->n += (uint64_t)k;
    }
    return PARE_OK;
}

pare_status pr_spill_map(pr_spill *s, pr_map *m, pare_err *err) {
    pare_status st = PARE_OK;
    void       *p = NULL;
    *m = (pr_map){0};
    if (s->n > 0) p = mmap(NULL, (size_t)s->n, PROT_READ, MAP_SHARED, s->fd, 0);
    if (p == MAP_FAILED) st = pr_fail_errno(err, "a temporary file", "cannot map");
    else *m = (pr_map){.p = p, .n = s->n};
    pr_spill_close(s);
    return st;
}

void pr_spill_close(pr_spill *s) {
    if (s->fd >= 0) close(s->fd);
    *s = (pr_spill){.fd = -1};
}
