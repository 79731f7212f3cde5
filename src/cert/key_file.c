/* key_file.c - files that only their owner may read.
 *
 * Always true: a secret is never in a file of another mode than 0600, not for a moment, nor in a
 * folder that others may enter. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "key_file.h"

enum { SECRET_MAX = 64 << 10 };

/* Ours alone? */
static pare_status private_check(const struct stat *st, const char *path, const char *want,
                                 pare_err *err) {
    pare_status status = PARE_OK;
    if (st->st_uid != geteuid())
        status = pr_fail(err, PARE_EREFUSED, -1, "it belongs to another user: expected your own");
    else if (st->st_mode & 077)
        status = pr_fail(err, PARE_EREFUSED, -1,
                         "others may read it: found mode %04o, expected %s (chmod %s)",
                         (unsigned)(st->st_mode & 07777), want, want);
    return status == PARE_OK ? status : pr_fail_in(err, status, path);
}

pare_status pr_secret_dir(const char *dir, bool make, pare_err *err) {
    struct stat st;
    if (make && !pr_path_exists(dir)) {
        char *up = pr_calloc(strlen(dir) + 1, 1);
        if (!up) return pr_fail_nomem(err, strlen(dir));
        memcpy(up, dir, strlen(dir));
        size_t n = strlen(up);
        while (n > 1 && up[n - 1] == '/') up[--n] = 0;
        char *slash = strrchr(up, '/');
        pare_status status = PARE_OK;
        if (slash && slash != up) {
            *slash = 0;
            status = pr_dir_make(up, err);
        }
        pr_free(up);
        PR_TRY(status);
        if (mkdir(dir, 0700) != 0 && errno != EEXIST)
            return pr_fail_errno(err, dir, "making the folder of keys");
    }
    if (stat(dir, &st) != 0) return pr_fail_errno(err, dir, "looking for keys");
    if (!S_ISDIR(st.st_mode))
        return pr_fail_in(
            err, pr_fail(err, PARE_EINPUT, -1, "found a file, expected the folder of keys"), dir);
    return private_check(&st, dir, "0700", err);
}

pare_status pr_secret_read(const char *path, char **p, size_t *n, pare_err *err) {
    struct stat st;
    *p = NULL, *n = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return pr_fail_errno(err, path, "reading a key");
    pare_status status = PARE_OK;
    if (fstat(fd, &st) != 0) status = pr_fail_errno(err, path, "reading a key");
    else if (!S_ISREG(st.st_mode) || st.st_size > SECRET_MAX)
        status = pr_fail_in(err, pr_fail(err, PARE_EINPUT, -1, "this is no file of keys"), path);
    else status = private_check(&st, path, "0600", err);
    char  *text = status == PARE_OK ? pr_calloc((size_t)st.st_size + 1, 1) : NULL;
    size_t got = 0;
    if (status == PARE_OK && !text) status = pr_fail_nomem(err, SECRET_MAX);
    while (status == PARE_OK && got < (size_t)st.st_size) {
        ssize_t k = read(fd, text + got, (size_t)st.st_size - got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) status = pr_fail_errno(err, path, "reading a key");
        if (k <= 0) break;
        got += (size_t)k;
    }
    close(fd);
    if (status != PARE_OK) {
        pr_wipe(text, got);
        pr_free(text);
        return status;
    }
    *p = text, *n = got;
    return PARE_OK;
}

static bool write_whole(int fd, const char *p, size_t n) {
    while (n) {
        ssize_t k = write(fd, p, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        p += k, n -= (size_t)k;
    }
    return fsync(fd) == 0;
}

pare_status pr_secret_write(const char *path, const char *p, size_t n, bool fresh, pare_err *err) {
    char part[4200];
    int  len = snprintf(part, sizeof part, "%s.part-%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof part)
        return pr_fail(err, PARE_EUSAGE, -1, "the name of the folder of keys is too long");
    unlink(part); /* of a killed run with our number */
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return pr_fail_errno(err, path, "writing a key");
    bool ok = fchmod(fd, 0600) == 0 && write_whole(fd, p, n);
    if (close(fd) != 0) ok = false;
    /* A link fails where the name is taken; a rename would not. */
    if (ok && fresh) ok = link(part, path) == 0 && unlink(part) == 0;
    else if (ok) ok = rename(part, path) == 0;
    if (!ok) {
        bool        taken = fresh && errno == EEXIST;
        pare_status st = taken ? pr_fail(err, PARE_EREFUSED, -1,
                                         "keys of this name are there: expected none (rotate "
                                         "replaces them)")
                               : pr_fail_errno(err, path, "writing a key");
        unlink(part);
        return pr_fail_in(err, st, path);
    }
    pr_path_sync_folder(path);
    return PARE_OK;
}
