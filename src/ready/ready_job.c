/* ready_job.c - include/pare/ready.h: pare_ready. What is judged is found, each part gathers its
 * evidence, the rules judge, and the result is written: records first, then the report.
 *
 * Always true: the report is changed by one key only, in one rename, and not at all once it is
 * certified; without a report nothing is written. */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "cert/cert.h"
#include "pare_code.h"
#include "ready_job.h"

enum { ARENA_MAX = 1 << 30 };

pr_check *ready_check(ready_job *j, const char *id) {
    int i = pr_check_find(id);
    return &j->c[i < 0 ? 0 : i];
}

const char *ready_text(ready_job *j, const char *fmt, ...) {
    char    text[1000];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    char *copy = pr_arena_str(j->a, text, strlen(text));
    return copy ? copy : "";
}

/* ------------------------------------------------------------------ what is judged */

/* A path of the report: below its folder unless it begins with '/'. */
static const char *below(ready_job *j, const char *path) {
    if (!path) return NULL;
    return path[0] == '/' ? pr_arena_str(j->a, path, strlen(path))
                          : pr_path_join(j->a, j->dir, path);
}

static const char *if_there(const char *path) {
    return path && pr_path_exists(path) ? path : NULL;
}

/* Does the file at `path` hash to that? What cannot be read does not. */
static bool hashes_to(ready_job *j, const char *path, const char *sha) {
    char     hex[65];
    pare_err own = {0};
    return path && sha && pr_path_exists(path) && !pr_path_is_dir(path) &&
           ready_hash(j, path, hex, &own) == PARE_OK && strcmp(hex, sha) == 0;
}

/* Is what lies at `path` the source that the report was made of: each of its weights, by hash? */
static bool is_source(ready_job *j, const char *path) {
    const pare_doc *files = pare_doc_path(j->report, "model/files");
    size_t          n = pare_doc_count(files);
    for (size_t i = 0; path && i < n; i++) {
        const pare_doc *f = pare_doc_at(files, i);
        const char     *name = pare_doc_str(pare_doc_get(f, "path"));
        const char *at =
            pr_path_is_dir(path) && name ? pr_path_join(j->a, path, pr_path_base(name)) : path;
        if (!hashes_to(j, at, pare_doc_str(pare_doc_get(f, "sha256")))) return false;
    }
    return path && n > 0;
}

/* optimize wrote down its source and its text as it was given them: looked for there, then
 * below the
 * report's folder, and taken only if they are the same bytes. */
static void find_source_and_text(ready_job *j) {
    const pare_doc *t = pare_doc_path(j->report, "settings/evaluation/text");
    const char     *sha = pare_doc_str(pare_doc_get(t, "sha256"));
    const char     *source[] = {pare_doc_str(pare_doc_path(j->report, "model/path")), NULL};
    const char     *text[] = {pare_doc_str(pare_doc_get(t, "path")), NULL};
    source[1] = below(j, source[0]);
    text[1] = below(j, text[0]);
    for (int i = 0; i < 2 && !j->o->against && !j->source_path; i++)
        if (is_source(j, source[i])) j->source_path = source[i];
    for (int i = 0; i < 2 && !j->o->text && !j->text_path; i++)
        if (hashes_to(j, text[i], sha)) j->text_path = text[i];
}

static pare_status read_report(ready_job *j, pare_err *err) {
    PR_TRY(pare_doc_read(&j->report, j->report_path, err));
    const char     *name = pare_doc_str(pare_doc_path(j->report, "choice/name"));
    const pare_doc *list = pare_doc_get(j->report, "variants");
    for (size_t i = 0; name && i < pare_doc_count(list); i++) {
        const char *n = pare_doc_str(pare_doc_path(pare_doc_at(list, i), "name"));
        if (n && strcmp(n, name) == 0) j->variant = pare_doc_at(list, i);
    }
    if (!j->variant)
        return pr_fail_in(err, pr_fail(err, PARE_EINPUT, -1, "the report chose no variant"),
                          j->report_path);
    j->name = name;
    find_source_and_text(j);
    const char *own = pare_doc_str(pare_doc_get(j->variant, "path"));
    j->artefact = own ? below(j, own) : j->source_path;
    const char *state = pare_doc_str(pare_doc_path(j->report, "settings/state"));
    if (state) PR_TRY(pr_state_type(state, &j->state, err));
    PR_TRY(pr_metrics_read(j->variant, j->a, &j->metrics, &j->n_metrics, err));
    char *db = pr_path_join(j->a, j->dir, "pare.db");
    if (!db) return pr_fail_nomem(err, 256);
    return pr_store_open(&j->store, db, PR_STORE_WRITE, err);
}

static pare_status find_report(ready_job *j, pare_err *err) {
    bool  dir = pr_path_is_dir(j->path);
    char *in = dir ? pr_path_join(j->a, j->path, "report.json") : NULL;
    if (!pr_path_exists(j->path))
        return pr_fail_in(err, pr_fail(err, PARE_EINPUT, -1, "there is nothing of that name"),
                          j->path);
    if (dir && !in) return pr_fail_nomem(err, 256);
    if (dir && pr_path_exists(in)) {
        j->report_path = in;
        j->dir = j->path;
    } else if (!dir && strcmp(pr_path_base(j->path), "report.json") == 0) {
        const char *base = pr_path_base(j->path);
        j->report_path = j->path;
        j->dir = base == j->path ? "." : pr_arena_str(j->a, j->path, (size_t)(base - j->path));
        if (!j->dir) return pr_fail_nomem(err, 256);
    }
    if (j->report_path) return read_report(j, err);
    j->dir = j->artefact = j->source_path = j->path;
    j->name = pr_path_base(j->path);
    return pr_state_type(NULL, &j->state, err);
}

/* The texts and the source that the caller names go before those of the report. */
static pare_status find_rest(ready_job *j, pare_err *err) {
    if (j->o->against) j->source_path = j->o->against;
    if (j->o->text) j->text_path = j->o->text;
    if (!j->text_path && j->source_path && pr_path_is_dir(j->source_path))
        j->text_path = if_there(pr_path_join(j->a, j->source_path, "text/heldout.txt"));
    pare_status st =
        j->artefact ? pr_model_open(&j->model, j->artefact, &j->model_err)
                    : pr_fail(&j->model_err, PARE_EINPUT, -1, "the report names no artefact");
    if (st == PARE_ENOMEM) return *err = j->model_err, st;
    /* A model by itself that is none: there is nothing to judge. */
    if (st != PARE_OK && !j->report) return *err = j->model_err, st;
    if (!j->source_path) return PARE_OK;
    if (j->model && strcmp(j->source_path, j->artefact) == 0) return j->source = j->model, PARE_OK;
    pare_err own = {0};
    st = pr_model_open(&j->source, j->source_path, &own);
    if (st != PARE_OK && (j->o->against || st == PARE_ENOMEM)) return *err = own, st;
    return PARE_OK;
}

static pare_status look_at_files(ready_job *j, pare_err *err) {
    static const char *const own[] = {"report.json", "report.html", PR_CERT_FILE, PR_CERT_BOM,
                                      NULL};
    const pr_scan_opts       o = {.own = j->report ? own : NULL};
    PR_TRY(pr_scan_tree(&j->scan, j->dir, &o, j->a, j->ctl, err));
    if (j->report && j->source_path && strcmp(j->source_path, j->dir) != 0)
        PR_TRY(pr_scan_tree(&j->source_scan, j->source_path, NULL, j->a, j->ctl, err));
    if (!j->artefact || !pr_path_exists(j->artefact)) return PARE_OK;
    return ready_hash(j, j->artefact, j->artefact_sha, err);
}

/* "pare optimize SRC -o DIR" with the words that are known. */
static const char *fill_in(ready_job *j, const char *s) {
    static const char *const words[] = {"SRC", "DIR"};
    const char *const        values[] = {j->source_path, j->report ? j->dir : NULL};
    for (size_t i = 0; i < PR_COUNT(words); i++) {
        const char *at = s ? strstr(s, words[i]) : NULL;
        if (at && values[i]) s = ready_text(j, "%.*s%s%s", (int)(at - s), s, values[i], at + 3);
    }
    return s;
}

/* ------------------------------------------------------------------ the document */

/* What is still open, the refusing ones first. */
static void put_open(pr_doc_build *b, pare_doc *d, const ready_job *j) {
    pare_doc *open = pr_doc_set_array(b, d, "open");
    for (int level = 0; level <= PR_LEVEL_WARN; level++)
        for (size_t i = 0; i < PR_CHECKS; i++) {
            const pr_check *c = &j->c[i];
            if ((int)c->level != level || c->verdict == PR_CHECK_PASS ||
                c->verdict == PR_CHECK_NONE)
                continue;
            pare_doc *o = pr_doc_add_object(b, open);
            pr_doc_set_str(b, o, "id", c->rule->id);
            pr_doc_set_str(b, o, "verdict", pr_check_verdict_name(c->verdict));
            pr_doc_set_str(b, o, "level", pr_level_name(c->level));
            pr_doc_set_path(b, o, "closes", c->closes ? c->closes : "");
        }
}

static void put_scan(pr_doc_build *b, pare_doc *d, const ready_job *j) {
    pare_doc *s = pr_doc_set_object(b, d, "scanned"), *hosts;
    pr_doc_set_i64(b, s, "files", (int64_t)j->scan.n_files);
    pr_doc_set_i64(b, s, "searched", (int64_t)j->scan.n_searched);
    pr_doc_set_i64(b, s, "bytes_searched", (int64_t)j->scan.bytes_searched);
    pr_doc_set_i64(b, s, "bytes_not_searched", (int64_t)j->scan.bytes_unsearched);
    hosts = pr_doc_set_array(b, s, "hosts");
    for (size_t i = 0; i < j->scan.n_hosts; i++) {
        pare_doc *o = pr_doc_add_object(b, hosts);
        pr_doc_set_path(b, o, "host", j->scan.hosts[i].host);
        pr_doc_set_path(b, o, "file", j->scan.hosts[i].file);
        pr_doc_set_i64(b, o, "line", j->scan.hosts[i].line);
        pr_doc_set_i64(b, o, "times", j->scan.hosts[i].n);
        pr_doc_set_bool(b, o, "document", j->scan.hosts[i].document);
    }
}

static void now(char dst[32]) {
    struct tm tm;
    time_t    t = time(NULL);
    gmtime_r(&t, &tm);
    strftime(dst, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static pare_status make_doc(ready_job *j, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    char         when[32];
    now(when);
    pare_doc *d = pr_doc_object(&b), *p;
    pr_doc_set_i64(&b, d, "schema", 1);
    pr_doc_set_path(&b, d, "path", j->path);
    pr_doc_set_path(&b, d, "name", j->name);
    if (j->artefact_sha[0]) pr_doc_set_str(&b, d, "sha256", j->artefact_sha);
    else pr_doc_set_null(&b, d, "sha256");
    pr_doc_set_str(&b, d, "created", when);
    pr_doc_set_str(&b, d, "verdict", pr_check_verdict_name(pr_checks_verdict(j->c, PR_PARTS)));
    p = pr_doc_set_object(&b, d, "policy");
    pr_doc_set_path(&b, p, "name", j->policy.name);
    pr_doc_set_path(&b, p, "source", j->policy.source);
    if (j->policy.sha256[0]) pr_doc_set_str(&b, p, "sha256", j->policy.sha256);
    else pr_doc_set_null(&b, p, "sha256");
    pr_checks_put(&b, d, j->c);
    put_open(&b, d, j);
    put_scan(&b, d, j);
    return pr_doc_done(&b, d, out, err);
}

/* ------------------------------------------------------------------ records and report */

static pare_status key_of(const ready_job *j, const char *part, char key[65], pare_err *err) {
    pr_key k;
    pr_key_begin(&k, "readiness", PARE_CODE);
    pr_key_str(&k, "part", part);
    pr_key_str(&k, "artefact", j->artefact_sha);
    pr_key_str(&k, "name", j->name);
    pr_key_str(&k, "policy", j->policy.sha256);
    pr_key_str(&k, "known", j->known.sha256);
    pr_key_str(&k, "text", j->text_path);
    pr_key_i64(&k, "passages", j->o->passages);
    pr_key_i64(&k, "context", j->o->n_ctx);
    pr_key_i64(&k, "seed", (int64_t)j->o->seed);
    return pr_key_end(&k, key, err);
}

/* Each part a record, then the whole, in one transaction. */
static pare_status put_records(ready_job *j, pare_doc *d, pare_err *err) {
    const pare_doc *parts = pare_doc_get(d, "parts");
    char            key[65];
    PR_TRY(pr_store_begin(j->store, err));
    pare_status st = PARE_OK;
    for (size_t i = 0; i < pare_doc_count(parts) && st == PARE_OK; i++) {
        const pare_doc *part = pare_doc_at(parts, i);
        st = key_of(j, pare_doc_str(pare_doc_get(part, "part")), key, err);
        if (st == PARE_OK) st = ready_record_put(j->store, key, "readiness-part", part, err);
    }
    if (st == PARE_OK) st = key_of(j, "all", key, err);
    if (st == PARE_OK) st = ready_record_put(j->store, key, "readiness", d, err);
    if (st == PARE_OK) st = pr_store_commit(j->store, err);
    else pr_store_rollback(j->store);
    pr_doc_build b = {0};
    if (st == PARE_OK) pr_doc_set_str(&b, d, "record", key);
    return st == PARE_OK ? b.status : st;
}

static pare_status put_report(ready_job *j, const pare_doc *d, pare_err *err) {
    pr_doc_build b = {0};
    pr_doc_set(&b, j->report, "readiness", pr_doc_copy(d));
    if (b.status != PARE_OK) return pr_fail(err, b.status, -1, "%s", b.msg);
    return pare_doc_write(j->report, 1, j->report_path, err);
}

/* ------------------------------------------------------------------ all */

static pare_status run(ready_job *j, pare_doc **out, pare_err *err) {
    PR_TRY(pr_ready_policy_read(j->o->policy, j->a, &j->policy, err));
    PR_TRY(pr_known_read(j->o->advisories, j->a, &j->known, err));
    PR_TRY(find_report(j, err));
    PR_TRY(find_rest(j, err));
    pr_checks_begin(&j->policy, j->c);
    PR_TRY(look_at_files(j, err));
    PR_TRY(ready_measured(j, err));
    PR_TRY(ready_robust(j, err));
    PR_TRY(ready_security(j, err));
    PR_TRY(ready_compliance(j, err));
    for (size_t i = 0; i < PR_CHECKS; i++) j->c[i].closes = fill_in(j, j->c[i].closes);
    PR_TRY(make_doc(j, out, err));
    if (!j->report) return PARE_OK;
    PR_TRY(put_records(j, *out, err));
    return ready_certified(j) ? PARE_OK : put_report(j, *out, err);
}

pare_status pare_ready(const char *path, const pare_ready_opts *opts, const pare_ctl *ctl,
                       pare_doc **out, pare_err *err) {
    static const pare_ready_opts usual = {0};
    *out = NULL;
    ready_job *j = pr_calloc(1, sizeof *j);
    if (!j) return pr_fail_nomem(err, sizeof *j);
    *j = (ready_job){
        .path = path, .o = opts ? opts : &usual, .ctl = ctl, .a = pr_arena_new(ARENA_MAX)};
    pare_status st = j->a ? run(j, out, err) : pr_fail_nomem(err, 4096);
    if (st != PARE_OK) {
        pare_doc_free(*out);
        *out = NULL;
    }
    if (j->source != j->model) pr_model_close(j->source);
    pr_model_close(j->model);
    pr_store_close(j->store);
    pare_doc_free(j->report);
    pr_arena_free(j->a);
    pr_free(j);
    return st;
}
