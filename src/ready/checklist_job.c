/* checklist_job.c - include/pare/ready.h: pare_checklist. Always true: a point is ticked only by a
 * record whose own hash holds, made of the artefact as it lies there now. */
#include <stdio.h>
#include "ready_job.h"

typedef struct {
    ready_job *j;
    pare_doc *body; /* the newest readiness record of this artefact */
    char key[65], when[32], sha[65];
    int others; /* records of another artefact, or damaged */
} latest;

static pare_status look(void *ctx, const pr_record *r, pare_err *err) {
    latest   *l = ctx;
    (void)err;
    pare_doc   *body = ready_record_body(r->text);
    const char *sha = pare_doc_str(pare_doc_get(body, "sha256"));
    if (!sha || strcmp(sha, l->j->artefact_sha) != 0) {
        pare_doc_free(body);
        l->others++;
        return PARE_OK;
    }
    pare_doc_free(l->body);
    l->body = body;
    snprintf(l->key, sizeof l->key, "%s", r->key);
    snprintf(l->when, sizeof l->when, "%s", r->when);
    pr_sha256 h = pr_sha256_of(r->text.p, r->text.n);
    pr_sha256_hex(&h, l->sha);
    return PARE_OK;
}

static bool exists(const char *const *verbs, const char *verb) {
    for (; verbs && *verbs; verbs++)
        if (strcmp(*verbs, verb) == 0) return true;
    return false;
}

/* The command with DIR filled in. */
static const char *command_for(ready_job *j, const char *command) {
    const char *at = strstr(command, "DIR");
    return at ? ready_text(j, "%.*s%s%s", (int)(at - command), command, j->dir, at + 3) : command;
}

static void put_item(pr_doc_build *b, pare_doc *list, const pr_checklist_item *it, latest *l,
                     const char *const *verbs, int *ticked) {
    char        why[128];
    const char *closes;
    pare_doc   *o = pr_doc_add_object(b, list);
    bool        proven = pr_checklist_proven(it, l->body, why, &closes);
    *ticked += proven;
    pr_doc_set_str(b, o, "phase", it->phase);
    pr_doc_set_i64(b, o, "number", it->number);
    pr_doc_set_str(b, o, "what", it->what);
    pr_doc_set_bool(b, o, "ticked", proven);
    if (proven) {
        pare_doc *r = pr_doc_set_object(b, o, "record");
        pr_doc_set_str(b, r, "kind", "readiness");
        pr_doc_set_str(b, r, "proof", it->proof);
        pr_doc_set_str(b, r, "key", l->key);
        pr_doc_set_str(b, r, "sha256", l->sha);
        pr_doc_set_str(b, r, "when", l->when);
        const char *policy = pare_doc_str(pare_doc_path(l->body, "policy/name"));
        pr_doc_set_path(b, r, "policy", policy ? policy : "");
        return;
    }
    bool here = exists(verbs, it->verb);
    pr_doc_set_path(b, o, "why",
                    !it->proof  ? here ? "no record proves it"
                                       : "what will prove it is not in this pare yet"
                    : l->body   ? why
                    : l->others ? "the records are of another artefact, or damaged"
                                : "readiness was not validated yet");
    const char *command = command_for(l->j, it->command);
    pr_doc_set_path(b, o, "closes",
                    closes ? ready_text(l->j, "%s, then %s", closes, command) : command);
    pr_doc_set_bool(b, o, "available", here);
}

static pare_status build(ready_job *j, latest *l, const char *const *verbs, pare_doc **out,
                         pare_err *err) {
    pr_doc_build b = {0};
    int          ticked = 0;
    pare_doc    *d = pr_doc_object(&b), *list;
    pr_doc_set_i64(&b, d, "schema", 1);
    pr_doc_set_path(&b, d, "path", j->path);
    pr_doc_set_path(&b, d, "name", j->name);
    pr_doc_set_str(&b, d, "sha256", j->artefact_sha);
    list = pr_doc_set_array(&b, d, "items");
    for (size_t i = 0; pr_checklist_at(i); i++)
        put_item(&b, list, pr_checklist_at(i), l, verbs, &ticked);
    pr_doc_set_i64(&b, d, "ticked", ticked);
    pr_doc_set_i64(&b, d, "open", PR_CHECKLIST_ITEMS - ticked);
    return pr_doc_done(&b, d, out, err);
}

/* The choice of the report, and its hash as it lies there now. */
static pare_status find(ready_job *j, pare_err *err) {
    bool dir = pr_path_is_dir(j->path);
    const char *base = pr_path_base(j->path);
    j->dir = dir               ? j->path
             : base == j->path ? "."
                               : pr_arena_str(j->a, j->path, (size_t)(base - j->path));
    j->report_path = dir ? pr_path_join(j->a, j->path, "report.json") : j->path;
    if (!j->dir || !j->report_path) return pr_fail_nomem(err, 256);
    PR_TRY(pare_doc_read(&j->report, j->report_path, err));
    j->name = pare_doc_str(pare_doc_path(j->report, "choice/name"));
    const pare_doc *list = pare_doc_get(j->report, "variants");
    for (size_t i = 0; j->name && i < pare_doc_count(list); i++) {
        const pare_doc *v = pare_doc_at(list, i);
        const char *n = pare_doc_str(pare_doc_get(v, "name")),
                   *p = pare_doc_str(pare_doc_get(v, "path"));
        if (!n || strcmp(n, j->name) != 0) continue;
        const char *src = pare_doc_str(pare_doc_path(j->report, "model/path"));
        if (!p && src && pr_path_exists(src))
            j->artefact = src; /* the source itself, as it was given */
        else if (!p) p = src;
        if (p) j->artefact = p[0] == '/' ? p : pr_path_join(j->a, j->dir, p);
    }
    if (!j->name)
        return pr_fail_in(err, pr_fail(err, PARE_EINPUT, -1, "the report chose no variant"),
                          j->report_path);
    if (j->artefact && pr_path_exists(j->artefact))
        PR_TRY(ready_hash(j, j->artefact, j->artefact_sha, err));
    return PARE_OK;
}

static pare_status run(ready_job *j, latest *l, const char *const *verbs, pare_doc **out,
                       pare_err *err) {
    PR_TRY(find(j, err));
    char *db = pr_path_join(j->a, j->dir, "pare.db");
    if (!db) return pr_fail_nomem(err, 256);
    if (pr_path_exists(db)) {
        PR_TRY(pr_store_open(&j->store, db, PR_STORE_READ, err));
        PR_TRY(pr_store_list(j->store, "readiness", look, l, err));
    }
    return build(j, l, verbs, out, err);
}

pare_status pare_checklist(const char *dir, const char *const *verbs, pare_doc **out,
                           pare_err *err) {
    *out = NULL;
    ready_job *j = pr_calloc(1, sizeof *j);
    if (!j) return pr_fail_nomem(err, sizeof *j);
    *j = (ready_job){.path = dir, .a = pr_arena_new(64 << 20)};
    latest      l = {.j = j};
    pare_status st = j->a ? run(j, &l, verbs, out, err) : pr_fail_nomem(err, 4096);
    pare_doc_free(l.body);
    pr_store_close(j->store);
    pare_doc_free(j->report);
    pr_arena_free(j->a);
    pr_free(j);
    return st;
}
