/* scan_meta.c - the words inside containers of weights, and whether every byte of one has an
 * owner. Always true: weights themselves are not looked at. */
#include <stdio.h>
#include <stdlib.h>
#include "scan_in.h"

/* One text of a container's header. Vocabularies are arrays, and are passed over. */
static void look_at_key(scan_job *j, pr_scan_file *f, const pr_meta *m) {
    pr_str text = {m->v.s, (size_t)m->n};
    if (m->type != PR_META_STR || text.n == 0) return;
    size_t k = strlen(m->key);
    char  *where = pr_arena_printf(j->a, "%s:%.80s", f->path, m->key);
    if (!where) {
        scan_found(j, PR_FOUND_UNREAD, "memory", f->path, 0, -1,
                   "a text of its header was not looked at");
        return;
    }
    bool is_template = scan_begins(m->key, k, "tokenizer.chat_template");
    if (is_template) scan_template(j, where, text);
    scan_text(j, is_template ? PR_FILE_CONFIG : PR_FILE_TEXT, where, text, 0, true);
    if (scan_is(m->key, k, "general.license"))
        scan_licence(j, text.p, text.n, where, 0, false, false);
    j->s->bytes_searched += text.n;
}

void scan_container(scan_job *j, pr_scan_file *f, const uint8_t *p, size_t n) {
    pr_container *c;
    pare_err      e = {0};
    bool gguf = n >= 4 && memcmp(p, "GGUF", 4) == 0, st = n > 9 && p[8] == '{';
    if (!gguf && !st) return;
    char *path = pr_arena_printf(j->a, "%s/%s", j->root, f->path);
    if (!path) {
        scan_found(j, PR_FOUND_UNREAD, "memory", f->path, 0, -1, "its header was not looked at");
        return;
    }
    /* Bytes in memory (tests, fuzzing) have no file. */
    pare_status got = n == f->bytes ? pr_container_open_memory(&c, p, n, f->path, &e)
                                    : pr_container_open(&c, path, &e);
    if (got != PARE_OK) {
        char what[300];
        snprintf(what, sizeof what, "cannot be opened as what it says it is: %.200s", e.msg);
        scan_found(j, PR_FOUND_UNREAD, gguf ? "gguf" : "safetensors", f->path, 0, e.pos, what);
        return;
    }
    for (size_t i = 0; i < pr_container_meta_count(c); i++)
        look_at_key(j, f, pr_container_meta_at(c, i));
    pr_container_close(c);
}

/* ------------------------------------------------------------------ strays */

typedef struct {
    uint64_t from, to;
} extent;

static int by_place(const void *a, const void *b) {
    const extent *x = a, *y = b;
    return x->from < y->from ? -1 : x->from > y->from;
}

static int tell(pr_buf *why, int found, const char *path, uint64_t n, uint64_t at,
                const char *what) {
    if (found < 16)
        pr_buf_printf(why, "%s: %llu bytes at %llu %s\n", pr_path_base(path),
                      (unsigned long long)n, (unsigned long long)at, what);
    return found + 1;
}

/* The extents of file `file`, in order, and how far the file goes. */
static int file_strays(const pr_container *c, int file, extent *e, pr_buf *why, int found) {
    uint64_t slack = pr_gguf_alignment(c) ? pr_gguf_alignment(c) : 1, bytes = 0;
    size_t   n = 0;
    pr_map   map;
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        if (t->file == file && t->bytes) e[n++] = (extent){t->offset, t->offset + t->bytes};
    }
    const char *path = pr_container_path(c, file);
    if (pr_map_open(&map, path, NULL) == PARE_OK) {
        bytes = map.n;
        pr_map_close(&map);
    }
    qsort(e, n, sizeof *e, by_place);
    uint64_t end = n ? e[0].to : bytes;
    for (size_t i = 1; i < n; i++) {
        if (e[i].from < end)
            found = tell(why, found, path, end - e[i].from, e[i].from, "belong to two tensors");
        else if (e[i].from - end >= slack)
            found = tell(why, found, path, e[i].from - end, end, "belong to no tensor");
        end = PR_MAX(end, e[i].to);
    }
    if (bytes > end && bytes - end >= slack)
        found = tell(why, found, path, bytes - end, end, "follow the last tensor");
    return found;
}

int pr_container_strays(const pr_container *c, pr_buf *why) {
    int              found = 0;
    pr_container_kind k = pr_container_kind_of(c);
    if (k != PR_GGUF && k != PR_SAFETENSORS) return 0;
    extent *e = pr_calloc(pr_container_count(c) + 1, sizeof *e);
    for (int f = 0; e && f < pr_container_files(c); f++) found = file_strays(c, f, e, why, found);
    pr_free(e);
    return found;
}
