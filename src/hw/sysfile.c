/* sysfile.c - small text files below a root. See sysfile.h. */
#include "sysfile.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20, PATH_ROOM = 4096 };

static bool full_path(const hw_tree *t, char *dst, const char *path) {
    int n = snprintf(dst, PATH_ROOM, "%s/%s", t->root, path);
    if (n > 0 && n < PATH_ROOM) return true;
    errno = ENAMETOOLONG;
    return false;
}

void *tree_get(hw_tree *t, size_t n, size_t size) {
    void *p = pr_arena_get(t->a, n, size);
    if (!p) t->no_memory = true;
    return p;
}

static const char *keep(hw_tree *t, const char *p, size_t n) {
    const char *s = pr_arena_str(t->a, p, n);
    if (!s) t->no_memory = true;
    return s;
}

/* Files of /proc and /sys have no size: read until they end. */
const char *tree_text(hw_tree *t, const char *path) {
    char full[PATH_ROOM], chunk[4096];
    if (!full_path(t, full, path)) return NULL;
    int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ELOOP) {
        tree_note(t, "/%.200s: a loop of links, left out", path);
        errno = ELOOP;
    }
    if (fd < 0) return NULL;
    pr_buf b;
    pr_buf_init(&b, TEXT_MAX);
    ssize_t n;
    while ((n = read(fd, chunk, sizeof chunk)) > 0 && !b.failed)
        pr_buf_add(&b, chunk, (size_t)n);
    int why = errno;
    close(fd);
    const char *s = NULL;
    if (b.full) tree_note(t, "/%.200s: longer than 1 MiB, the rest left out", path);
    if (n >= 0) {
        size_t len = b.n;
        while (len && (!b.p[len - 1] || isspace((unsigned char)b.p[len - 1]))) len--;
        s = keep(t, len ? b.p : "", len);
    }
    pr_buf_done(&b);
    errno = why;
    return s;
}

const char *tree_textf(hw_tree *t, const char *fmt, ...) {
    char path[PATH_ROOM];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    return tree_text(t, path);
}

bool tree_i64(hw_tree *t, int64_t *out, const char *fmt, ...) {
    char path[PATH_ROOM];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    const char *s = tree_text(t, path);
    if (!s || !*s) return false;
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, strncmp(s, "0x", 2) == 0 ? 16 : 10);
    if (end == s || errno) return false;
    *out = v;
    return true;
}

bool tree_exists(hw_tree *t, const char *fmt, ...) {
    char path[PATH_ROOM], full[PATH_ROOM];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    return full_path(t, full, path) && access(full, F_OK) == 0;
}

/* Numbers inside names compare as numbers. */
static int by_number(const void *a, const void *b) {
    return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

size_t tree_list(hw_tree *t, const char *path, const char ***names) {
    char full[PATH_ROOM];
    size_t n = 0;
    *names = NULL;
    if (!full_path(t, full, path)) return 0;
    pare_status st = pr_dir_list(full, t->a, names, &n, NULL);
    if (st == PARE_ENOMEM) t->no_memory = true;
    if (st != PARE_OK || n == 0) return 0;
    qsort(*names, n, sizeof **names, by_number);
    return n;
}

const char *tree_str(hw_tree *t, const char *fmt, ...) {
    char text[PATH_ROOM];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *s = keep(t, text, strlen(text));
    return s ? s : "";
}

void tree_note(hw_tree *t, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    for (int i = 0; i < t->n_notes; i++)
        if (strcmp(t->notes[i], text) == 0) return;
    if (t->n_notes == HW_NOTES_MAX) return;
    const char *s = keep(t, text, strlen(text));
    if (s) t->notes[t->n_notes++] = s;
}

bool tree_may_use(hw_tree *t, const char *path) {
    char full[PATH_ROOM];
    return full_path(t, full, path) &&
           faccessat(AT_FDCWD, full, R_OK | W_OK, AT_EACCESS) == 0;
}

const char *tree_field(hw_tree *t, const char *text, const char *key) {
    size_t n_key = strlen(key);
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL) {
        if (strncmp(p, key, n_key) != 0) continue;
        const char *v = p + n_key;
        while (*v == ' ' || *v == '\t') v++;
        if (*v != ':' && *v != '=') continue;
        v++;
        while (*v == ' ' || *v == '\t') v++;
        size_t n = strcspn(v, "\n");
        while (n && isspace((unsigned char)v[n - 1])) n--;
        return keep(t, v, n);
    }
    return NULL;
}

bool tree_has_word(const char *text, const char *word) {
    size_t n = strlen(word);
    for (const char *p = text; p && (p = strstr(p, word)); p += n) {
        bool starts = p == text || isspace((unsigned char)p[-1]);
        if (starts && (!p[n] || isspace((unsigned char)p[n]))) return true;
    }
    return false;
}

bool tree_cpus(const char *list, hw_cpus *set) {
    memset(set, 0, sizeof *set);
    bool any = false;
    for (const char *p = list; p && *p;) {
        char *end;
        long lo = strtol(p, &end, 10), hi = lo;
        if (end == p) break;
        if (*end == '-') {
            p = end + 1;
            hi = strtol(p, &end, 10);
            if (end == p) break;
        }
        for (long c = PR_MAX(lo, 0); c <= hi && c < HW_CPUS_MAX; c++) {
            set->w[c / 64] |= (uint64_t)1 << (c % 64);
            any = true;
        }
        p = *end == ',' ? end + 1 : end;
        if (p == end) break;
    }
    return any;
}

const char *cpus_text(hw_tree *t, const hw_cpus *s) {
    pr_buf b;
    pr_buf_init(&b, 1 << 16);
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        int last = c;
        if (!cpus_has(s, c)) continue;
        while (cpus_has(s, last + 1)) last++;
        pr_buf_printf(&b, last > c ? "%s%d-%d" : "%s%d", b.n ? "," : "", c, last);
        c = last;
    }
    const char *text = b.failed ? NULL : keep(t, b.n ? b.p : "", b.n);
    pr_buf_done(&b);
    return text ? text : "";
}

int cpus_count(const hw_cpus *s) {
    int n = 0;
    for (size_t i = 0; i < PR_COUNT(s->w); i++) n += __builtin_popcountll(s->w[i]);
    return n;
}

int cpus_first(const hw_cpus *s) {
    for (size_t i = 0; i < PR_COUNT(s->w); i++)
        if (s->w[i]) return (int)i * 64 + __builtin_ctzll(s->w[i]);
    return -1;
}

bool cpus_has(const hw_cpus *s, int cpu) {
    return cpu >= 0 && cpu < HW_CPUS_MAX && (s->w[cpu / 64] >> (cpu % 64) & 1);
}
