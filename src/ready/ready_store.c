/* ready_store.c - hashes of artefacts, and records into and out of pare.db. Always true: a record
 * counts only if the hash beside it is that of its text. */
#include <stdio.h>
#include <sys/stat.h>
#include "ready_job.h"

static pare_status hash_file(ready_job *j, const char *path, char hex[65], pare_err *err) {
    enum { PIECE = 8 << 20 };
    pr_map map;
    PR_TRY(pr_map_open(&map, path, err));
    pr_sha256_ctx *h = pr_sha256_new();
    pare_status    st = h ? PARE_OK : pr_fail_nomem(err, 256);
    for (uint64_t at = 0; st == PARE_OK && at < map.n; at += PIECE) {
        if ((st = pr_ctl_check(j->ctl, err)) != PARE_OK) break;
        pr_sha256_add(h, map.p + at, (size_t)PR_MIN((uint64_t)PIECE, map.n - at));
    }
    if (h) {
        pr_sha256 sum = pr_sha256_end(h);
        pr_sha256_hex(&sum, hex);
    }
    pr_map_close(&map);
    return st;
}

static bool is_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

pare_status ready_hash(ready_job *j, const char *path, char hex[65], pare_err *err) {
    const char **names;
    size_t       n;
    pr_buf       lines;
    pare_status  st = PARE_OK;
    if (!pr_path_is_dir(path)) return hash_file(j, path, hex, err);
    PR_TRY(pr_dir_list(path, j->a, &names, &n, err));
    pr_buf_init(&lines, 1 << 20);
    for (size_t i = 0; i < n && st == PARE_OK; i++) {
        char *file = pr_path_join(j->a, path, names[i]);
        if (!file) st = pr_fail_nomem(err, 256);
        else if (!is_file(file)) continue; /* who opens a FIFO waits; a link may lead nowhere */
        else st = hash_file(j, file, hex, err);
        if (st == PARE_OK) pr_buf_printf(&lines, "%s  ./%s\n", hex, names[i]);
    }
    if (st == PARE_OK && lines.failed) st = pr_fail_nomem(err, 1 << 20);
    pr_sha256 h = pr_sha256_of(lines.p, lines.n);
    pr_sha256_hex(&h, hex);
    pr_buf_done(&lines);
    return st;
}

static pare_status hash_of(const pare_doc *d, char hex[65], pare_err *err) {
    pr_buf b;
    pr_buf_init(&b, 64 << 20);
    pare_status st = pr_doc_put(d, 0, &b, err);
    pr_sha256   h = pr_sha256_of(b.p, b.n);
    pr_sha256_hex(&h, hex);
    pr_buf_done(&b);
    return st;
}

pare_doc *ready_record_body(pr_str text) {
    pare_doc *all, *body = NULL;
    char      hex[65];
    if (pare_doc_parse(&all, text.p, text.n, NULL) != PARE_OK) return NULL;
    const pare_doc *record = pare_doc_get(all, "record");
    const char     *want = pare_doc_str(pare_doc_get(all, "sha256"));
    if (record && want && hash_of(record, hex, NULL) == PARE_OK && strcmp(hex, want) == 0)
        body = pr_doc_copy(record);
    pare_doc_free(all);
    return body;
}

typedef struct {
    const char *key, *value;
    char *id, *when;
    bool *found;
} search;

static pare_status look(void *ctx, const pr_record *r, pare_err *err) {
    search *s = ctx;
    (void)err;
    if (!memmem(r->text.p, r->text.n, s->value, strlen(s->value))) return PARE_OK;
    pare_doc   *body = ready_record_body(r->text);
    const char *is = pare_doc_str(pare_doc_get(body, s->key));
    if (is && strcmp(is, s->value) == 0) {
        snprintf(s->id, 65, "%s", r->key);
        snprintf(s->when, 32, "%s", r->when);
        *s->found = true;
    }
    pare_doc_free(body);
    return PARE_OK;
}

pare_status ready_record_find(pr_store *s, const char *kind, const char *key, const char *value,
                              char id[65], char *when, bool *found, pare_err *err) {
    search q = {key, value, id, when, found};
    *found = false;
    return pr_store_list(s, kind, look, &q, err);
}

pare_status ready_record_put(pr_store *s, const char key[65], const char *kind,
                             const pare_doc *body, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *all;
    pr_buf       text;
    char         hex[65];
    PR_TRY(hash_of(body, hex, err));
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_str(&b, d, "sha256", hex);
    pr_doc_set(&b, d, "record", pr_doc_copy(body));
    PR_TRY(pr_doc_done(&b, d, &all, err));
    pr_buf_init(&text, 64 << 20);
    pare_status st = pr_doc_put(all, 0, &text, err);
    if (st == PARE_OK) st = pr_store_put_again(s, key, kind, text.p, text.n, err);
    pr_buf_done(&text);
    pare_doc_free(all);
    return st;
}
