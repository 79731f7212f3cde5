/* spill.c - files without a name. Always true: it is unlinked before its first byte is written. */
#include "base.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file named `prefix` and six letters, for a moment; its descriptor, or -1. */
static int nameless(const char *prefix) {
    size_t cap = strlen(prefix) + 8;
    char  *path = pr_calloc(cap, 1);
    if (!path) return errno = ENOMEM, -1;
    snprintf(path, cap, "%sXXXXXX", prefix);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) unlink(path);
    pr_free(path);
    return fd;
}

static pare_status no_file(const char *path, const char *what, pare_err *err) {
    pr_fail_errno(err, path, what);
    if (err) err->status = PARE_EENV;
    return PARE_EENV;
}

pare_status pr_spill_open(pr_spill *s, const char *dir, pare_err *err) {
    size_t cap = strlen(dir) + 16;
    char  *prefix = pr_calloc(cap, 1);
    *s = (pr_spill){.fd = -1};
    if (!prefix) return pr_fail_nomem(err, cap);
    snprintf(prefix, cap, "%s/.pare-spill-", dir);
    s->fd = nameless(prefix);
    pr_free(prefix);
    return s->fd >= 0 ? PARE_OK : no_file(dir, "cannot make a file in", err);
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

/* Blocks are reserved: a full disk is an error here, not a fault later. */
pare_status pr_spool_open(pr_spool *s, const char *path, uint64_t bytes, pare_err *err) {
    size_t cap = strlen(path) + 8;
    char  *prefix = pr_calloc(cap, 1);
    *s = (pr_spool){0};
    if (!prefix) return pr_fail_nomem(err, cap);
    snprintf(prefix, cap, "%s.part-", path);
    int fd = bytes ? nameless(prefix) : 0;
    pr_free(prefix);
    if (fd < 0) return no_file(path, "cannot make a file beside", err);
    if (bytes == 0) return PARE_OK;
    errno = posix_fallocate(fd, 0, (off_t)bytes);
    void *p = errno ? MAP_FAILED
                    : mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    pare_status st = p == MAP_FAILED ? no_file(path, "no room beside", err) : PARE_OK;
    close(fd);
    if (st == PARE_OK) *s = (pr_spool){p, bytes};
    return st;
}

void pr_spool_close(pr_spool *s) {
    if (s->p) munmap(s->p, (size_t)s->n);
    *s = (pr_spool){0};
}
