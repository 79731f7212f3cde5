/* oms_walk.c - the files below a folder as OMS counts them (OMS v1.0, 6.1 and 6.2), and their
 * hashes. A link is never followed unless the bundle says that its signer did. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include "oms_walk.h"

enum { DEPTH_MAX = 32, STEP = 8 << 20 };

static const char *const always[] = {".git", ".gitignore", ".gitattributes", ".github"};

bool pr_path_is_below(const char *name) {
    size_t n = strlen(name);
    if (n == 0 || n > 4000 || name[0] == '/' || name[n - 1] == '/') return false;
    for (const char *p = name; *p;) {
        size_t k = strcspn(p, "/");
        if (k == 0 || (k == 1 && p[0] == '.') || (k == 2 && p[0] == '.' && p[1] == '.'))
            return false;
        p += k;
        if (*p) p++;
    }
    return true;
}

bool oms_ignored(const char *name, const char *const *ignore, size_t n) {
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(ignore[i]);
        if (k && strncmp(name, ignore[i], k) == 0 && (name[k] == 0 || name[k] == '/')) return true;
    }
    return false;
}

typedef struct entry_list {
    oms_entry          e;
    struct entry_list *next;
} entry_list;

typedef struct {
    const char        *root;
    const char *const *ignore;
    size_t             n_ignore;
    bool               links;
    pr_arena          *a;
    entry_list        *last;
    size_t             n;
} walk;

static const char *what_is(const struct stat *st) {
    if (S_ISREG(st->st_mode)) return NULL;
    if (S_ISLNK(st->st_mode)) return "a symbolic link";
    return S_ISFIFO(st->st_mode) ? "a pipe" : "a device or socket";
}

static pare_status walk_into(walk *w, const char *below, int depth, pare_err *err);

static pare_status walk_one(walk *w, const char *name, int depth, pare_err *err) {
    struct stat st;
    const char *path = pr_path_join(w->a, w->root, name);
    if (!path) return pr_fail_nomem(err, 4096);
    if (oms_ignored(name, w->ignore, w->n_ignore) || oms_ignored(name, always, PR_COUNT(always)))
        return PARE_OK;
    if (lstat(path, &st) != 0) return pr_fail_errno(err, path, "looking at it");
    if (S_ISLNK(st.st_mode) && w->links && (stat(path, &st) != 0 || S_ISDIR(st.st_mode)))
        return pr_fail_in(err,
                          pr_fail(err, PARE_EREFUSED, -1,
                                  "a link to a folder or to nothing: expected files"),
                          path);
    if (S_ISDIR(st.st_mode)) return walk_into(w, name, depth + 1, err);
    if (!pr_utf8_valid(name, strlen(name), NULL))
        return pr_fail_in(
            err, pr_fail(err, PARE_EREFUSED, -1, "its name is not UTF-8: it cannot be signed"),
            path);
    if (w->n >= PR_OMS_FILES_MAX)
        return pr_fail(err, PARE_EREFUSED, -1, "over %d files below %s", PR_OMS_FILES_MAX, w->root);
    entry_list *l;
    PR_NEW(l, w->a, 1, err);
    l->e = (oms_entry){.name = name, .what = what_is(&st), .bytes = (uint64_t)st.st_size};
    l->next = w->last;
    w->last = l;
    w->n++;
    return PARE_OK;
}

static pare_status walk_into(walk *w, const char *below, int depth, pare_err *err) {
    const char **names, *path = *below ? pr_path_join(w->a, w->root, below) : w->root;
    size_t       n;
    if (!path) return pr_fail_nomem(err, 4096);
    if (depth > DEPTH_MAX)
        return pr_fail(err, PARE_EREFUSED, -1, "%s: over %d folders deep", path, DEPTH_MAX);
    PR_TRY(pr_dir_list(path, w->a, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        const char *name = *below ? pr_path_join(w->a, below, names[i]) : names[i];
        if (!name) return pr_fail_nomem(err, 4096);
        PR_TRY(walk_one(w, name, depth, err));
    }
    return PARE_OK;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const oms_entry *)a)->name, ((const oms_entry *)b)->name);
}

pare_status oms_walk(const char *dir, const char *const *ignore, size_t n_ignore, bool links,
                     pr_arena *a, oms_entry **out, size_t *n, pare_err *err) {
    walk w = {.root = dir, .ignore = ignore, .n_ignore = n_ignore, .links = links, .a = a};
    *out = NULL, *n = 0;
    PR_TRY(walk_into(&w, "", 0, err));
    PR_NEW(*out, a, w.n + 1, err);
    for (entry_list *l = w.last; l; l = l->next) (*out)[(*n)++] = l->e;
    qsort(*out, *n, sizeof **out, by_name);
    return PARE_OK;
}

pare_status pr_hash_range(const char *path, uint64_t start, uint64_t end, const pare_ctl *ctl,
                          char hex[65], uint64_t *bytes, pare_err *err) {
    pr_map m;
    *bytes = 0, hex[0] = 0;
    PR_TRY(pr_map_open(&m, path, err));
    pr_sha256_ctx *c = pr_sha256_new();
    pare_status    st = c ? PARE_OK : pr_fail_nomem(err, 256);
    if (end > m.n) end = m.n;
    for (uint64_t at = start; at < end && st == PARE_OK; at += STEP) {
        uint64_t k = end - at < STEP ? end - at : STEP;
        pr_sha256_add(c, m.p + at, (size_t)k);
        pr_map_drop(&m, at, k);
        pr_ctl_progress(ctl, "hash", "B", (double)(at + k - start), (double)(end - start));
        st = pr_ctl_check(ctl, err);
    }
    if (c) {
        pr_sha256 h = pr_sha256_end(c);
        pr_sha256_hex(&h, hex);
    }
    *bytes = m.n;
    pr_map_close(&m);
    return st;
}
