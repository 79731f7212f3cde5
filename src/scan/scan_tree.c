/* scan_tree.c - the walk. Always true: a name is looked at before it is opened, and nothing but
 * a regular file is; opening follows no link and waits for nobody; depth, files and bytes have
 * maxima, and what was left out because of them is said. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "scan_in.h"

enum { HEAD = 64 << 10, LINK_MAX_BYTES = 4096, LINK_HOPS = 16 };
#define TEXT_MAX_DEFAULT ((uint64_t)64 << 20)

static const char *const kind_names[] = {
    "text",     "configuration", "vocabulary", "code",    "page",   "weights", "database",
    "picture",  "pickle",        "archive",    "binary",  "link",   "special"};

const char *pr_file_kind_name(pr_file_kind k) {
    return kind_names[k];
}

void scan_found(scan_job *j, pr_found kind, const char *rule, const char *file, int64_t line,
                int64_t offset, const char *what) {
    pr_found_list *l = &j->s->of[kind];
    l->total++;
    if (l->n == PR_FINDINGS_KEPT) return;
    if (!l->at && !(l->at = pr_arena_get(j->a, PR_FINDINGS_KEPT, sizeof *l->at))) return;
    char *copy = pr_arena_str(j->a, what, strlen(what));
    if (copy) l->at[l->n++] = (pr_found_at){rule, file, line, offset, copy};
}

/* ------------------------------------------------------------------ links */

/* Where `target`, read in the folder `at` ("" or "a/b"), leads, without asking the disk: the path
 * below the root into `dst`, or false: out of it. */
static bool link_within(const char *at, const char *target, char *dst, size_t cap) {
    size_t n = 0;
    if (target[0] == '/') return false;
    n = (size_t)snprintf(dst, cap, "%s", at);
    if (n >= cap) return false;
    for (const char *p = target; *p;) {
        size_t w = strcspn(p, "/");
        if (w == 2 && p[0] == '.' && p[1] == '.') {
            if (n == 0) return false;
            while (n > 0 && dst[n - 1] != '/') n--;
            if (n > 0) n--;
        } else if (w > 0 && !(w == 1 && p[0] == '.')) {
            if (n + w + 2 > cap) return false;
            if (n) dst[n++] = '/';
            memcpy(dst + n, p, w);
            n += w;
        }
        dst[n] = 0;
        p += w;
        while (*p == '/') p++;
    }
    return true;
}

/* Judge the link `path`, which stands in the folder `at`. It is never taken: its words are. */
static void look_at_link(scan_job *j, int dir, const char *name, const char *at,
                         const char *path) {
    char text[LINK_MAX_BYTES + 1], inside[LINK_MAX_BYTES + 1], what[256];
    ssize_t n = readlinkat(dir, name, text, LINK_MAX_BYTES);
    if (n < 0) {
        scan_found(j, PR_FOUND_UNREAD, "link", path, 0, -1, "a link that cannot be read");
        return;
    }
    text[n] = 0;
    if (!link_within(at, text, inside, sizeof inside)) {
        snprintf(what, sizeof what, "a link out of the directory, to %.180s", text);
        scan_found(j, PR_FOUND_LINK, "outside", path, 0, -1, what);
        return;
    }
    /* What a chain of links inside leads to is asked of the kernel, which counts the hops. */
    struct stat st;
    if (fstatat(dir, name, &st, 0) != 0) {
        snprintf(what, sizeof what, "a link %s: %.180s",
                 errno == ELOOP ? "in a circle" : "to nothing", text);
        scan_found(j, PR_FOUND_LINK, errno == ELOOP ? "circle" : "dangling", path, 0, -1, what);
        return;
    }
    char  root[PATH_MAX], real[PATH_MAX];
    char *full = pr_arena_printf(j->a, "%s/%s", j->root, path);
    bool  known = full && realpath(j->root, root) && realpath(full, real);
    size_t k = known ? strlen(root) : 0;
    if (!known || strncmp(root, real, k) != 0 || (real[k] && real[k] != '/')) {
        snprintf(what, sizeof what, "a chain of links out of the directory, by %.180s", text);
        scan_found(j, PR_FOUND_LINK, "outside", path, 0, -1, what);
    }
}

/* ------------------------------------------------------------------ files */

static bool read_all(int fd, uint8_t *p, size_t n, size_t *got) {
    for (*got = 0; *got < n;) {
        ssize_t k = pread(fd, p + *got, n - *got, (off_t)*got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return false;
        if (k == 0) break;
        *got += (size_t)k;
    }
    return true;
}

/* Kinds whose every byte is looked at; the others are known by their head, and GGUF's and
 * safetensors' words by their containers. */
static bool is_read_whole(pr_file_kind k) {
    return k == PR_FILE_TEXT || k == PR_FILE_CONFIG || k == PR_FILE_WORDS || k == PR_FILE_PAGE ||
           k == PR_FILE_CODE || k == PR_FILE_DATABASE || k == PR_FILE_BINARY;
}

static void look_at_rest(scan_job *j, pr_scan_file *f, int fd, const uint8_t *head, size_t n) {
    uint64_t most = j->o->max_text_bytes ? j->o->max_text_bytes : TEXT_MAX_DEFAULT;
    char     what[120];
    if (f->bytes <= n || !is_read_whole(f->kind)) {
        scan_content(j, f, head, n);
        return;
    }
    if (f->bytes > most) {
        snprintf(what, sizeof what, "%s of %llu bytes: only the first %zu were searched",
                 pr_file_kind_name(f->kind), (unsigned long long)f->bytes, n);
        scan_found(j, PR_FOUND_UNREAD, "size", f->path, 0, -1, what);
        scan_content(j, f, head, n);
        return;
    }
    uint8_t *all = pr_calloc(1, (size_t)f->bytes + 1);
    size_t   got = 0;
    if (!all || !read_all(fd, all, (size_t)f->bytes, &got))
        scan_found(j, PR_FOUND_UNREAD, "read", f->path, 0, -1, "could not be read");
    else
        scan_content(j, f, all, got);
    pr_free(all);
}

static pare_status look_at_file(scan_job *j, int dir, const char *name, pr_scan_file *f) {
    static const uint8_t none[1];
    struct stat          st;
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (fd >= 0) close(fd);
        scan_found(j, PR_FOUND_UNREAD, "open", f->path, 0, -1, "cannot be opened");
        f->kind = PR_FILE_BINARY;
        return PARE_OK;
    }
    f->bytes = (uint64_t)st.st_size;
    uint8_t *head = pr_calloc(1, HEAD);
    size_t   n = 0;
    if (!head) {
        close(fd);
        return pr_fail_nomem(j->err, HEAD);
    }
    if (!read_all(fd, head, (size_t)PR_MIN(f->bytes, (uint64_t)HEAD), &n))
        scan_found(j, PR_FOUND_UNREAD, "read", f->path, 0, -1, "could not be read");
    const char *rule = NULL, *what = NULL;
    f->kind = scan_kind_of(f->path, n ? head : none, n, f->bytes, &rule, &what);
    look_at_rest(j, f, fd, n ? head : none, n);
    pr_free(head);
    close(fd);
    return PARE_OK;
}

bool scan_names(const char *const *list, const char *path) {
    for (; list && *list; list++)
        if (strcmp(*list, path) == 0) return true;
    return false;
}

/* ------------------------------------------------------------------ folders */

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One more name into the list; false: no memory for it. */
static bool add_name(scan_job *j, const char *name, const char ***names, size_t *n, size_t *cap) {
    if (*n == *cap) {
        const char **more = pr_realloc(*names, *cap * 2, sizeof *more);
        if (!more) return false;
        *names = more;
        *cap *= 2;
    }
    if (!((*names)[*n] = pr_arena_str(j->a, name, strlen(name)))) return false;
    *n += 1;
    return true;
}

/* All names in the folder `at`, sorted. What is not listed is said: a folder that ends early must
 * not look like one that holds no more. */
static pare_status names_of(scan_job *j, int fd, const char *at, const char ***out, size_t *n) {
    DIR           *d = fdopendir(fd);
    struct dirent *e;
    const char   **names;
    size_t         cap = 256;
    bool           room = true;
    *n = 0;
    if (!d) {
        close(fd);
        scan_found(j, PR_FOUND_UNREAD, "open", *at ? at : ".", 0, -1,
                   "a folder that cannot be read");
        return PARE_OK;
    }
    names = pr_calloc(cap, sizeof *names);
    errno = 0;
    while (names && room && (e = readdir(d))) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (*n == PR_SCAN_FILES_MAX) {
            j->s->cut = true;
            break;
        }
        room = add_name(j, e->d_name, &names, n, &cap);
        errno = 0;
    }
    if (names && room && errno != 0)
        scan_found(j, PR_FOUND_UNREAD, "open", *at ? at : ".", 0, -1,
                   "a folder that cannot be read whole");
    closedir(d);
    if (!names || !room) {
        pr_free(names);
        return pr_fail_nomem(j->err, cap * sizeof *names);
    }
    qsort(names, *n, sizeof *names, by_name);
    *out = names;
    return PARE_OK;
}

static pr_scan_file *add_file(scan_job *j, const char *path, pr_file_kind kind, uint64_t bytes) {
    if (j->s->n_files == PR_SCAN_FILES_MAX) {
        j->s->cut = true;
        return NULL;
    }
    pr_scan_file *f = &j->s->files[j->s->n_files++];
    *f = (pr_scan_file){.path = path, .kind = kind, .bytes = bytes};
    return f;
}

static pare_status walk(scan_job *j, int fd, const char *at, int depth);

static pare_status look_at(scan_job *j, int dir, const char *name, const char *at, int depth) {
    struct stat   st;
    pr_scan_file *f;
    char *path = *at ? pr_arena_printf(j->a, "%s/%s", at, name)
                     : pr_arena_str(j->a, name, strlen(name));
    if (!path) return pr_fail_nomem(j->err, 256);
    if (scan_names(j->o->leave_out, path)) return PARE_OK;
    PR_TRY(pr_ctl_check(j->ctl, j->err));
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        scan_found(j, PR_FOUND_UNREAD, "open", path, 0, -1, "cannot be looked at");
        return PARE_OK;
    }
    if (S_ISDIR(st.st_mode)) {
        int sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (sub < 0) {
            scan_found(j, PR_FOUND_UNREAD, "open", path, 0, -1, "a folder that cannot be opened");
            return PARE_OK;
        }
        return walk(j, sub, path, depth + 1);
    }
    if (S_ISLNK(st.st_mode)) {
        if (add_file(j, path, PR_FILE_LINK, 0)) look_at_link(j, dir, name, at, path);
        return PARE_OK;
    }
    if (S_ISREG(st.st_mode))
        return (f = add_file(j, path, PR_FILE_BINARY, (uint64_t)st.st_size))
                   ? look_at_file(j, dir, name, f)
                   : PARE_OK;
    if (add_file(j, path, PR_FILE_SPECIAL, 0))
        scan_found(j, PR_FOUND_SPECIAL, "special", path, 0, -1,
                   S_ISFIFO(st.st_mode)   ? "a FIFO: who opens it waits"
                   : S_ISSOCK(st.st_mode) ? "a socket"
                                          : "a device");
    return PARE_OK;
}

/* Takes `fd` over. */
static pare_status walk(scan_job *j, int fd, const char *at, int depth) {
    const char **names = NULL;
    size_t       n = 0;
    if (depth > PR_SCAN_DEPTH_MAX) {
        j->s->cut = true;
        close(fd);
        scan_found(j, PR_FOUND_UNREAD, "depth", at, 0, -1, "folders too deep in each other");
        return PARE_OK;
    }
    int dir = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* the listing takes the other */
    if (dir < 0) {
        close(fd);
        return pr_fail_errno(j->err, j->root, "read the folder");
    }
    pare_status st = names_of(j, fd, at, &names, &n);
    for (size_t i = 0; i < n && st == PARE_OK; i++) st = look_at(j, dir, names[i], at, depth);
    pr_free(names);
    close(dir);
    return st;
}

pare_status pr_scan_tree(pr_scan *out, const char *dir, const pr_scan_opts *o, pr_arena *a,
                         const pare_ctl *ctl, pare_err *err) {
    static const pr_scan_opts usual = {0};
    scan_job j = {.s = out, .a = a, .o = o ? o : &usual, .ctl = ctl, .root = dir, .err = err};
    *out = (pr_scan){0};
    PR_NEW(out->files, a, PR_SCAN_FILES_MAX, err);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        PR_TRY(walk(&j, fd, "", 0));
    } else if (errno == ENOTDIR) { /* one file: its folder is not looked at */
        const char *base = pr_path_base(dir);
        char       *up = pr_arena_str(a, dir, (size_t)(base - dir));
        if (!up) return pr_fail_nomem(err, 256);
        j.root = *up ? up : ".";
        if ((fd = open(j.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
            return pr_fail_errno(err, j.root, "open the folder");
        pare_status st = look_at(&j, fd, base, "", 0);
        close(fd);
        PR_TRY(st);
    } else {
        return pr_fail_errno(err, dir, "open the directory");
    }
    if (out->cut)
        scan_found(&j, PR_FOUND_UNREAD, "count", ".", 0, -1, "more files than are looked at");
    return PARE_OK;
}

pare_status pr_scan_bytes(pr_scan *out, const char *name, const void *p, size_t n, pr_arena *a,
                          pare_err *err) {
    static const pr_scan_opts usual = {0};
    scan_job    j = {.s = out, .a = a, .o = &usual, .root = ".", .err = err};
    const char *rule = NULL, *what = NULL;
    *out = (pr_scan){0};
    PR_NEW(out->files, a, 1, err);
    pr_scan_file *f = &out->files[out->n_files++];
    f->path = pr_arena_str(a, name, strlen(name));
    if (!f->path) return pr_fail_nomem(err, 256);
    f->bytes = n;
    f->kind = scan_kind_of(f->path, p, n, n, &rule, &what);
    scan_content(&j, f, p, n);
    return PARE_OK;
}
