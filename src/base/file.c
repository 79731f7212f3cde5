/* file.c - mapping for reading; "beside and rename" for writing.
 *
 * Always true of a pr_out: nothing exists under the final name until commit
 * has written, synced and renamed the whole. */
#include "base.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char *copy_path(const char *path) {
    size_t n = strlen(path);
    char  *p = pr_calloc(n + 1, 1);
    if (p) memcpy(p, path, n);
    return p;
}

static pare_status not_a_file(pare_err *err, const char *path) {
    pr_fail(err, PARE_EINPUT, -1, "not a regular file");
    return pr_fail_in(err, PARE_EINPUT, path);
}

/* Opening for reading: whatever is wrong with the path is wrong input. */
static pare_status open_input(const char *path, int *fd, struct stat *st, pare_err *err) {
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0) {
        pare_status s = pr_fail_errno(err, path, "cannot open");
        if (s == PARE_EENV && (errno == EACCES || errno == EPERM)) s = PARE_EINPUT;
        if (err) err->status = s;
        return s;
    }
    if (fstat(*fd, st) == 0 && S_ISREG(st->st_mode)) return PARE_OK;
    close(*fd);
    *fd = -1;
    return not_a_file(err, path);
}

pare_status pr_map_open(pr_map *m, const char *path, pare_err *err) {
    *m = (pr_map){0};
    int         fd;
    struct stat st;
    PR_TRY(open_input(path, &fd, &st, err));
    void *p = NULL;
    if (st.st_size > 0) {
        p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (p == MAP_FAILED) {
            pare_status s = pr_fail_errno(err, path, "cannot map");
            close(fd);
            return s;
        }
    }
    close(fd);
    *m = (pr_map){p, (uint64_t)st.st_size, copy_path(path)};
    if (m->path) return PARE_OK;
    pr_map_close(m);
    return pr_fail_nomem(err, strlen(path));
}

void pr_map_close(pr_map *m) {
    if (m->p) munmap((void *)(uintptr_t)m->p, (size_t)m->n);
    pr_free(m->path);
    *m = (pr_map){0};
}

void pr_map_drop(const pr_map *m, uint64_t off, uint64_t n) {
    if (!m->p || off >= m->n) return;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), lo = (off + page - 1) / page * page;
    uint64_t hi = PR_MIN(off + n, m->n) / page * page;
    if (hi > lo) madvise((void *)(uintptr_t)(m->p + lo), (size_t)(hi - lo), MADV_DONTNEED);
}

pare_status pr_file_read(const char *path, size_t max, pr_arena *a, pr_str *out, pare_err *err) {
    *out = (pr_str){0};
    int         fd;
    struct stat st;
    PR_TRY(open_input(path, &fd, &st, err));
    if ((uint64_t)st.st_size > max) {
        close(fd);
        pr_fail(err, PARE_EINPUT, -1, "%lld bytes: expected at most %zu", (long long)st.st_size,
                max);
        return pr_fail_in(err, PARE_EINPUT, path);
    }
    size_t n = (size_t)st.st_size, got = 0;
    char  *p = pr_arena_get(a, n + 1, 1);
    while (p && got < n) {
        ssize_t k = read(fd, p + got, n - got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) {
            pare_status s = pr_fail_errno(err, path, "cannot read");
            close(fd);
            return s;
        }
        if (k == 0) break; /* it became shorter since */
        got += (size_t)k;
    }
    close(fd);
    if (!p) return pr_fail_nomem(err, n + 1);
    *out = (pr_str){p, got};
    return PARE_OK;
}

enum { OUT_BUFFER = 1 << 20 };

struct pr_out {
    int      fd;
    char    *path, *part;
    uint8_t *buf;
    size_t   n;   /* bytes waiting in buf */
    uint64_t pos; /* bytes accepted so far */
};

static void out_free(pr_out *o) {
    if (o->fd >= 0) close(o->fd);
    pr_free(o->path);
    pr_free(o->part);
    pr_free(o->buf);
    pr_free(o);
}

/* What a write would replace must be a file, and one that may be written: a rename asks only the
 * folder for its rights, and puts a file where a device or a pipe stands. A link is followed:
 * it stays, and what it names is renewed. `real` has PATH_MAX bytes. */
static pare_status find_target(const char *path, char *real, pare_err *err) {
    struct stat st;
    size_t      n = strlen(path);
    if (n >= PATH_MAX) {
        errno = ENAMETOOLONG;
    } else if (memcpy(real, path, n + 1), lstat(path, &st) != 0) {
        return PARE_OK; /* nothing there; what is wrong with the folder, open will say */
    } else if (S_ISLNK(st.st_mode) && (!realpath(path, real) || stat(real, &st) != 0)) {
        pr_fail(err, PARE_EENV, -1, "a link that leads nowhere");
        return pr_fail_in(err, PARE_EENV, path);
    } else if (S_ISDIR(st.st_mode)) {
        errno = EISDIR;
    } else if (!S_ISREG(st.st_mode)) {
        pr_fail(err, PARE_EENV, -1, "not a regular file, which it would become");
        return pr_fail_in(err, PARE_EENV, path);
    } else if (access(real, W_OK) == 0) {
        return PARE_OK;
    }
    pr_fail_errno(err, path, "cannot write");
    if (err) err->status = PARE_EENV;
    return PARE_EENV;
}

/* The part, empty and locked: only one writer holds a name, whatever number its process has (each
 * container has a process 1), and a part that nobody locks is a dead one's. */
static int open_part(const char *part) {
    struct stat mine, there;
    int         fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno == EOPNOTSUPP || errno == ENOLCK) {
        errno = EBUSY; /* it was renamed between the two calls */
        if (fstat(fd, &mine) == 0 && stat(part, &there) == 0 && mine.st_ino == there.st_ino &&
            ftruncate(fd, 0) == 0)
            return fd;
    }
    int why = errno == EWOULDBLOCK ? EBUSY : errno;
    close(fd);
    errno = why;
    return -1;
}

pare_status pr_out_open(pr_out **out, const char *path, pare_err *err) {
    char real[PATH_MAX];
    *out = NULL;
    PR_TRY(find_target(path, real, err));
    pr_out *o = pr_calloc(1, sizeof *o);
    if (!o) return pr_fail_nomem(err, sizeof *o);
    o->fd = -1;
    size_t cap = strlen(real) + 32;
    o->path = copy_path(real);
    o->part = pr_calloc(cap, 1);
    o->buf = pr_calloc(OUT_BUFFER, 1);
    if (!o->path || !o->part || !o->buf) {
        out_free(o);
        return pr_fail_nomem(err, OUT_BUFFER);
    }
    pr_part_sweep(real);
    snprintf(o->part, cap, "%s.part-%ld", real, (long)getpid());
    o->fd = open_part(o->part);
    if (o->fd < 0) {
        pare_status st = pr_fail_errno(err, path, "cannot create");
        /* A target folder that is missing lacks in the environment, not in the input. */
        if (st == PARE_EINPUT || st == PARE_EINTERNAL) st = PARE_EENV;
        if (err) err->status = st;
        out_free(o);
        return st;
    }
    *out = o;
    return PARE_OK;
}

/* The disk begins on a large piece while the next is computed, so that the fsync at the end has
 * little to wait for. A hint: whether it works shows there. */
static void start_writeback(const pr_out *o, off_t from, size_t n) {
    enum { WORTH_IT = 1 << 18 };
    if (n >= WORTH_IT && from >= 0)
        (void)sync_file_range(o->fd, from, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

static pare_status write_all(pr_out *o, const uint8_t *p, size_t n, pare_err *err) {
    size_t all = n;
    while (n) {
        ssize_t k = write(o->fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return pr_fail_errno(err, o->path, "cannot write");
        p += k;
        n -= (size_t)k;
    }
    start_writeback(o, lseek(o->fd, 0, SEEK_CUR) - (off_t)all, all);
    return PARE_OK;
}

static pare_status out_flush(pr_out *o, pare_err *err) {
    size_t n = o->n;
    o->n = 0;
    return write_all(o, o->buf, n, err);
}

pare_status pr_out_write(pr_out *o, const void *p, size_t n, pare_err *err) {
    o->pos += n;
    if (n > OUT_BUFFER - o->n) PR_TRY(out_flush(o, err));
    if (n >= OUT_BUFFER) return write_all(o, p, n, err);
    if (n) memcpy(o->buf + o->n, p, n);
    o->n += n;
    return PARE_OK;
}

pare_status pr_out_pwrite(pr_out *o, uint64_t off, const void *p, size_t n, pare_err *err) {
    PR_TRY(out_flush(o, err));
    const uint8_t *b = p;
    off_t from = (off_t)off;
    size_t all = n;
    while (n) {
        ssize_t k = pwrite(o->fd, b, n, (off_t)off);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return pr_fail_errno(err, o->path, "cannot write");
        b += k;
        off += (uint64_t)k;
        n -= (size_t)k;
    }
    start_writeback(o, from, all);
    return PARE_OK;
}

uint64_t pr_out_pos(const pr_out *o) {
    return o->pos;
}

void pr_path_sync_folder(const char *path) {
    char dir[4096];
    snprintf(dir, sizeof dir, "%s", path);
    char *slash = strrchr(dir, '/');
    if (slash) *(slash == dir ? slash + 1 : slash) = 0;
    int fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    fsync(fd); /* best effort: some file systems refuse */
    close(fd);
}

pare_status pr_out_commit(pr_out *o, pare_err *err) {
    pare_status st = out_flush(o, err);
    if (st == PARE_OK && fsync(o->fd) != 0) st = pr_fail_errno(err, o->path, "cannot sync");
    if (st == PARE_OK && rename(o->part, o->path) != 0) {
        st = pr_fail_errno(err, o->path, "cannot rename to");
        if (st == PARE_EINPUT) st = PARE_EENV; /* a folder stands there, or the folder went away */
        if (err) err->status = st;
    }
    if (st != PARE_OK) {
        pr_out_discard(o);
        return st;
    }
    pr_path_sync_folder(o->path);
    out_free(o);
    return PARE_OK;
}

void pr_out_discard(pr_out *o) {
    if (!o) return;
    unlink(o->part);
    out_free(o);
}

pare_status pr_file_write(const char *path, const void *p, size_t n, pare_err *err) {
    pr_out *o;
    PR_TRY(pr_out_open(&o, path, err));
    pare_status st = pr_out_write(o, p, n, err);
    if (st == PARE_OK) return pr_out_commit(o, err);
    pr_out_discard(o);
    return st;
}

pare_status pr_dir_make(const char *path, pare_err *err) {
    char part[4096];
    if (!path[0]) return pr_fail(err, PARE_EENV, -1, "cannot create a folder without a name");
    if (strlen(path) >= sizeof part) {
        errno = ENAMETOOLONG;
        return pr_fail_errno(err, path, "cannot create folder");
    }
    for (size_t i = 1;; i++) {
        if (path[i] && path[i] != '/') continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0777) != 0 && errno != EEXIST) {
            pr_fail_errno(err, part, "cannot create folder");
            if (err) err->status = PARE_EENV;
            return PARE_EENV;
        }
        if (!path[i] || !path[i + 1]) break;
    }
    if (pr_path_is_dir(path)) return PARE_OK;
    pr_fail(err, PARE_EENV, -1, "not a folder");
    return pr_fail_in(err, PARE_EENV, path);
}

bool pr_path_exists(const char *path) {
    return access(path, F_OK) == 0;
}

bool pr_path_is_dir(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *pr_path_join(pr_arena *a, const char *dir, const char *name) {
    size_t n = strlen(dir);
    return pr_arena_printf(a, "%s%s%s", dir, n == 0 || dir[n - 1] == '/' ? "" : "/", name);
}

const char *pr_path_base(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

pare_status pr_dir_list(const char *path, pr_arena *a, const char ***names, size_t *n,
                        pare_err *err) {
    enum { MOST = 100000 };
    *names = NULL;
    *n = 0;
    DIR *d = opendir(path);
    if (!d) return pr_fail_errno(err, path, "cannot list");
    const char **list = NULL;
    size_t       cap = 0, count = 0;
    pare_status  st = PARE_OK;
    for (struct dirent *e; st == PARE_OK && (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (count == MOST)
            st = pr_fail(err, PARE_EINPUT, -1, "more than %d names in the folder", MOST);
        if (count == cap) {
            cap = cap ? cap * 2 : 32;
            const char **more = pr_arena_get(a, cap, sizeof *more);
            if (more && count) memcpy(more, list, count * sizeof *more);
            list = more;
        }
        char *copy = list ? pr_arena_str(a, e->d_name, strlen(e->d_name)) : NULL;
        if (!copy) st = pr_fail_nomem(err, cap * sizeof *list);
        else list[count++] = copy;
    }
    closedir(d);
    if (st != PARE_OK) return pr_fail_in(err, st, path);
    if (count) qsort(list, count, sizeof *list, by_name);
    *names = list;
    *n = count;
    return PARE_OK;
}
