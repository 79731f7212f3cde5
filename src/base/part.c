/* part.c - "NAME.part-<pid>": what is not whole yet. Sweeps away what killed processes left, and
 * writes folders as file.c writes files.
 *
 * Always true: a part that a living process of this machine has, or that any process has locked,
 * is left alone. */
#include "base.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char mark[] = ".part-";

/* "NAME.part-123": the number of the process that wrote it, or 0 for any other name; `n`: how long
 * NAME is. */
static long part_owner(const char *name, size_t *n) {
    const char *at = strstr(name, mark);
    for (const char *more = at; more && (more = strstr(more + 1, mark));) at = more;
    if (!at || at == name) return 0;
    *n = (size_t)(at - name);
    at += sizeof mark - 1;
    size_t digits = strlen(at);
    return digits > 0 && digits < 10 && strspn(at, "0123456789") == digits ? strtol(at, NULL, 10)
                                                                          : 0;
}

bool pr_path_same(const char *a, const char *b) {
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* A folder that pare wrote: it holds files, and folders of files. */
static void remove_folder(int dir, const char *name, int deeper) {
    int  fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            unlinkat(fd, e->d_name, 0) != 0 && deeper > 0)
            remove_folder(fd, e->d_name, deeper - 1);
    if (d) closedir(d);
    else if (fd >= 0) close(fd);
    unlinkat(dir, name, AT_REMOVEDIR);
}

/* Best effort: it only takes space. */
static void sweep_one(int dir, const char *name, long owner) {
    if (owner <= 0 || kill((pid_t)owner, 0) == 0 || errno != ESRCH) return;
    int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return;
    struct stat st;
    bool free = flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    if (free && fstat(fd, &st) == 0) {
        if (S_ISREG(st.st_mode)) unlinkat(dir, name, 0);
        else if (S_ISDIR(st.st_mode)) remove_folder(dir, name, 1);
    }
    close(fd);
}

pare_status pr_dir_sweep(const char *path, pr_arena *a, pare_err *err) {
    const char **names;
    size_t       n, len;
    PR_TRY(pr_dir_list(path, a, &names, &n, err));
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (size_t i = 0; dir >= 0 && i < n; i++) sweep_one(dir, names[i], part_owner(names[i], &len));
    if (dir >= 0) close(dir);
    return PARE_OK;
}

void pr_part_sweep(const char *path) {
    char        dir[PATH_MAX];
    const char *base = pr_path_base(path);
    size_t      n = (size_t)(base - path), want = strlen(base), len = 0;
    if (n >= sizeof dir || want == 0) return;
    memcpy(dir, n ? path : ".", n ? n : 1);
    dir[n ? n : 1] = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        long owner = part_owner(e->d_name, &len);
        if (owner > 0 && len == want && memcmp(e->d_name, base, want) == 0)
            sweep_one(dirfd(d), e->d_name, owner);
    }
    if (d) closedir(d);
}

/* ---- a folder ---- */

struct pr_out_dir {
    int  fd; /* holds the lock */
    char path[PATH_MAX], part[PATH_MAX + 32];
};

/* Absent, or empty. */
static pare_status check_target(const char *path, pare_err *err) {
    DIR *d = opendir(path);
    if (!d && errno == ENOENT) return PARE_OK;
    pare_status st = PARE_OK;
    if (!d) {
        pr_fail_errno(err, path, "cannot write");
        if (err) err->status = PARE_EENV;
        return PARE_EENV;
    }
    for (struct dirent *e; st == PARE_OK && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            st = pr_fail(err, PARE_EENV, -1, "the directory is not empty ('%.80s' is in it)",
                         e->d_name);
    closedir(d);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

pare_status pr_out_dir_open(pr_out_dir **out, const char *path, pare_err *err) {
    size_t n = strlen(path);
    *out = NULL;
    while (n > 1 && path[n - 1] == '/') n--;
    if (n >= PATH_MAX) {
        errno = ENAMETOOLONG;
        pr_fail_errno(err, path, "cannot create folder");
        if (err) err->status = PARE_EENV;
        return PARE_EENV;
    }
    pr_out_dir *o = pr_calloc(1, sizeof *o);
    if (!o) return pr_fail_nomem(err, sizeof *o);
    memcpy(o->path, path, n);
    snprintf(o->part, sizeof o->part, "%s%s%ld", o->path, mark, (long)getpid());
    pr_part_sweep(o->path);
    pare_status st = check_target(o->path, err);
    if (st == PARE_OK) st = pr_dir_make(o->part, err);
    if (st == PARE_OK) {
        o->fd = open(o->part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (o->fd >= 0 && (flock(o->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK))
            return *out = o, PARE_OK;
        errno = o->fd < 0 ? errno : EBUSY;
        pr_fail_errno(err, path, "cannot create folder");
        if (err) err->status = PARE_EENV;
        if (o->fd >= 0) close(o->fd);
        st = PARE_EENV;
    }
    pr_free(o);
    return st;
}

const char *pr_out_dir_part(const pr_out_dir *o) {
    return o->part;
}

void pr_out_dir_discard(pr_out_dir *o) {
    if (!o) return;
    remove_folder(AT_FDCWD, o->part, 1);
    close(o->fd);
    pr_free(o);
}

pare_status pr_out_dir_commit(pr_out_dir *o, pare_err *err) {
    if (rename(o->part, o->path) != 0) {
        pr_fail_errno(err, o->path, "cannot rename to");
        if (err) err->status = PARE_EENV;
        pr_out_dir_discard(o);
        return PARE_EENV;
    }
    pr_path_sync_folder(o->path);
    close(o->fd);
    pr_free(o);
    return PARE_OK;
}
