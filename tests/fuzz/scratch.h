/* scratch.h - one folder for what a fuzz target must have as files: made at the first call, in
 * memory where the system has such a place, taken away at the end. Not for threads. */
#ifndef PR_FUZZ_SCRATCH_H
#define PR_FUZZ_SCRATCH_H
#include "base/base.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char scratch_path[64];

static int scratch_drop(const char *path, const struct stat *st, int kind, struct FTW *at) {
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static void scratch_clear(void) {
    if (*scratch_path) nftw(scratch_path, scratch_drop, 8, FTW_DEPTH | FTW_PHYS);
}

/* The path of `name` in that folder, into `dst`. */
static inline const char *scratch(const char *name, char dst[256]) {
    if (!*scratch_path) {
        const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(scratch_path, sizeof scratch_path, "%s/pare-fuzz-XXXXXX", root);
        if (!mkdtemp(scratch_path)) exit(77);
        atexit(scratch_clear);
    }
    snprintf(dst, 256, "%s/%s", scratch_path, name);
    return dst;
}

/* A fresh file of `n` bytes; `more` zeros behind them take no place. */
static inline void scratch_put(const char *name, const void *p, size_t n, size_t more) {
    char path[256];
    FILE *f = fopen(scratch(name, path), "wb");
    if (!f || fwrite(p, 1, n, f) != n || fflush(f) != 0 ||
        ftruncate(fileno(f), (off_t)(n + more)) != 0)
        exit(77);
    fclose(f);
}

static inline void scratch_remove(const char *name) {
    char path[256];
    remove(scratch(name, path));
}
#endif
