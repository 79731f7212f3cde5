/* oms_check.c - a folder held against the list of its files. */
#include <stdio.h>
#include <stdlib.h>
#include "oms_walk.h"

typedef struct {
    const pr_oms   *o;
    const char     *dir;
    const pare_ctl *ctl;
    pr_arena       *a;
    pr_findings    *f;
    oms_entry      *here;
    size_t          n_here, good;
    uint64_t       *seen; /* bytes of each here that were held against a hash */
    bool           *listed;
} check;

static int find_name(const void *key, const void *e) {
    return strcmp(key, ((const oms_entry *)e)->name);
}

static pare_status one(check *c, const pr_oms_file *file, pare_err *err) {
    oms_entry *e = bsearch(file->name, c->here, c->n_here, sizeof *c->here, find_name);
    char       hex[65];
    uint64_t   bytes;
    if (!e) {
        pr_finding_bad(c->f, "file-missing", file->name, "nothing of this name", file->sha256);
        return PARE_OK;
    }
    c->listed[e - c->here] = true;
    if (e->what) return PARE_OK; /* told as what it is */
    const char *path = pr_path_join(c->a, c->dir, file->name);
    if (!path) return pr_fail_nomem(err, 4096);
    pare_err    own = {0};
    pare_status st = pr_hash_range(path, file->start, file->end, c->ctl, hex, &bytes, &own);
    if (st == PARE_ECANCELLED || st == PARE_ENOMEM) {
        if (err) *err = own;
        return st;
    }
    if (st != PARE_OK) {
        pr_finding_bad(c->f, "file-unreadable", file->name, own.msg, file->sha256);
        return PARE_OK;
    }
    uint64_t end = file->end < bytes ? file->end : bytes;
    c->seen[e - c->here] += end > file->start ? end - file->start : 0;
    if (strcmp(hex, file->sha256) == 0) {
        c->good++;
        return PARE_OK;
    }
    char found[120];
    snprintf(found, sizeof found, "sha256 %s, %llu bytes", hex, (unsigned long long)bytes);
    pr_finding_bad(c->f, "file-hash", file->name, found, file->sha256);
    return PARE_OK;
}

static void others(check *c) {
    for (size_t i = 0; i < c->n_here; i++) {
        const oms_entry *e = &c->here[i];
        if (e->what)
            pr_finding_bad(c->f, "file-kind", e->name, e->what, "a regular file");
        else if (!c->listed[i] && !(c->o->shard && e->bytes == 0)) /* shards leave out empty ones */
            pr_finding_bad(c->f, "file-unlisted", e->name, "a file that nobody signed",
                           "only the files that are listed");
        else if (c->listed[i] && c->o->shard && c->seen[i] != e->bytes)
            pr_finding_bad(c->f, "file-hash", e->name, "bytes that no listed shard covers",
                           "shards over the whole file");
    }
}

/* Those that are left out and are here: nobody vouches for them. */
static void unsigned_names(const check *c, const char *self, pr_buf *text) {
    for (size_t i = 0; i < c->o->n_ignore; i++) {
        const char *name = c->o->ignore[i], *path = pr_path_join(c->a, c->dir, name);
        if ((self && strcmp(name, self) == 0) || !path || !pr_path_exists(path) ||
            strcmp(name, PR_CERT_FILE) == 0) /* which signs itself */
            continue;
        pr_buf_printf(text, "%s%s", text->n ? ", " : "", name);
    }
}

pare_status pr_oms_check(const pr_oms *o, const char *dir, const char *self, const pare_ctl *ctl,
                         pr_arena *a, pr_findings *f, pare_err *err) {
    check        c = {.o = o, .dir = dir, .ctl = ctl, .a = a, .f = f};
    const char **ignore;
    size_t       before = f->n_failures;
    PR_NEW(ignore, a, o->n_ignore + 1, err);
    for (size_t i = 0; i < o->n_ignore; i++) ignore[i] = o->ignore[i];
    if (self) ignore[o->n_ignore] = self;
    PR_TRY(oms_walk(dir, ignore, o->n_ignore + (self != NULL), o->links, a, &c.here, &c.n_here,
                    err));
    PR_NEW(c.seen, a, c.n_here + 1, err);
    PR_NEW(c.listed, a, c.n_here + 1, err);
    for (size_t i = 0; i < o->n_files; i++) PR_TRY(one(&c, &o->files[i], err));
    others(&c);
    if (f->n_failures > before) return PARE_OK;
    pr_buf text;
    pr_buf_init(&text, 1 << 20);
    unsigned_names(&c, self, &text);
    pr_finding_ok(f, "files", "%zu of %zu as they were signed%s%s", c.good, o->n_files,
                  text.n ? "; here and not signed: " : "", text.n ? text.p : "");
    pr_buf_done(&text);
    return PARE_OK;
}
