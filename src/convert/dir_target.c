/* dir_target.c - a directory that appears when it is whole. */
#include "target.h"
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_dir(const char *dir) {
    pr_arena *a = pr_arena_new(1 << 20);
    const char **names;
    size_t n;
    if (a && pr_dir_list(dir, a, &names, &n, NULL) == PARE_OK)
        for (size_t i = 0; i < n; i++) {
            char *path = pr_path_join(a, dir, names[i]);
            if (path) unlink(path);
        }
    pr_arena_free(a);
    rmdir(dir);
}

static pare_status check_target(const char *dir, pr_arena *a, pare_err *err) {
    const char **names;
    size_t n;
    if (!pr_path_exists(dir)) return PARE_OK;
    PR_TRY(pr_dir_list(dir, a, &names, &n, err));
    if (n == 0) return PARE_OK;
    pr_fail(err, PARE_EENV, -1, "the directory is not empty ('%.80s' is in it)", names[0]);
    return pr_fail_in(err, PARE_EENV, dir);
}

pare_status pr_dir_target(const char *dir, pr_arena *a, pr_dir_fill fill, void *user,
                          pare_err *err) {
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/') n--;
    char *name = pr_arena_str(a, dir, n),
         *part = pr_arena_printf(a, "%.*s.part-%ld", (int)n, dir, (long)getpid());
    if (!name || !part) return pr_fail_nomem(err, n);
    PR_TRY(check_target(name, a, err));
    pare_status st = pr_dir_make(part, err);
    if (st == PARE_OK) st = fill(user, part, err);
    if (st == PARE_OK && rename(part, name) != 0) st = pr_fail_errno(err, name, "rename to");
    if (st != PARE_OK) remove_dir(part);
    return st;
}

pare_status pr_dir_bytes(const char *dir, const char *tail, pr_arena *a, uint64_t *out,
                         pare_err *err) {
    const char **names;
    size_t n, t = strlen(tail);
    PR_TRY(pr_dir_list(dir, a, &names, &n, err));
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(names[i]);
        struct stat st;
        char *path = pr_path_join(a, dir, names[i]);
        if (!path) return pr_fail_nomem(err, k);
        if (k >= t && strcmp(names[i] + k - t, tail) == 0 && stat(path, &st) == 0)
            *out += (uint64_t)st.st_size;
    }
    return PARE_OK;
}
