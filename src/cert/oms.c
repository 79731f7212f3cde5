/* oms.c - OpenSSF Model Signing v1.0 bundles, written and read.
 *
 *   Sigstore bundle (v0.3)
 *     verificationMaterial.publicKey.hint   SHA-256 of the key's PEM
 *     dsseEnvelope                          one ECDSA signature
 *       payload: in-toto Statement v1
 *         subject[0].digest.sha256          the root: SHA-256 over the files' raw hashes in order
 *         predicate.resources               {name, digest, algorithm}, by code point
 *         predicate.serialization           how files became resources
 *
 * Always true of what was read: every name is relative and stays below the root, no name twice,
 * every hash is 64 digits, and the root is that of the list. */
#include <stdio.h>
#include <stdlib.h>
#include "oms_walk.h"

#define MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define STATEMENT  "https://in-toto.io/Statement/v1"
#define PREDICATE  "https://model_signing/signature/v1.0"

void pr_oms_root(pr_oms *o) {
    pr_sha256_ctx *c = pr_sha256_new();
    o->root[0] = 0;
    if (!c) return; /* an empty root is equal to none */
    for (size_t i = 0; i < o->n_files; i++) {
        pr_sha256 h = {{0}};
        pr_sha256_parse(o->files[i].sha256, &h);
        pr_sha256_add(c, h.b, sizeof h.b);
    }
    pr_sha256 root = pr_sha256_end(c);
    pr_sha256_hex(&root, o->root);
}

pare_status pr_oms_scan(pr_oms *out, const char *dir, const char *const *ignore, size_t n_ignore,
                        const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    oms_entry *e;
    size_t     n;
    *out = (pr_oms){0};
    PR_TRY(oms_walk(dir, ignore, n_ignore, false, a, &e, &n, err));
    PR_NEW(out->files, a, n + 1, err);
    for (size_t i = 0; i < n; i++) {
        pr_oms_file *f = &out->files[i];
        const char  *path = pr_path_join(a, dir, e[i].name);
        if (!path) return pr_fail_nomem(err, 4096);
        if (e[i].what)
            return pr_fail_in(
                err, pr_fail(err, PARE_EREFUSED, -1, "found %s, expected a file", e[i].what), path);
        *f = (pr_oms_file){.name = e[i].name, .end = UINT64_MAX};
        PR_TRY(pr_hash_range(path, 0, UINT64_MAX, ctl, f->sha256, &f->bytes, err));
    }
    if (n == 0)
        return pr_fail_in(err, pr_fail(err, PARE_EREFUSED, -1, "there is no file to sign"), dir);
    out->n_files = n;
    PR_NEW(out->ignore, a, n_ignore + 1, err);
    for (size_t i = 0; i < n_ignore; i++) out->ignore[i] = ignore[i];
    out->n_ignore = n_ignore;
    const char *base = pr_path_base(dir);
    out->name = *base && strcmp(base, ".") != 0 && strcmp(base, "..") != 0 ? base : "model";
    pr_oms_root(out);
    return PARE_OK;
}

/* ------------------------------------------------------------------ writing */

static pare_status statement(const pr_oms *o, pare_doc **out, pare_err *err) {
    static const char *const always[] = {".git", ".gitattributes", ".github", ".gitignore"};
    pr_doc_build             b = {0};
    pare_doc                *d = pr_doc_object(&b);
    pr_doc_set_str(&b, d, "_type", STATEMENT);
    pare_doc *s = pr_doc_add_object(&b, pr_doc_set_array(&b, d, "subject"));
    pr_doc_set_path(&b, s, "name", o->name);
    pr_doc_set_str(&b, pr_doc_set_object(&b, s, "digest"), "sha256", o->root);
    pr_doc_set_str(&b, d, "predicateType", PREDICATE);
    pare_doc *p = pr_doc_set_object(&b, d, "predicate");
    pare_doc *list = pr_doc_set_array(&b, p, "resources");
    for (size_t i = 0; i < o->n_files; i++) {
        pare_doc *r = pr_doc_add_object(&b, list);
        pr_doc_set_str(&b, r, "name", o->files[i].name);
        pr_doc_set_str(&b, r, "algorithm", "sha256");
        pr_doc_set_str(&b, r, "digest", o->files[i].sha256);
    }
    pare_doc *how = pr_doc_set_object(&b, p, "serialization");
    pr_doc_set_str(&b, how, "method", "files");
    pr_doc_set_str(&b, how, "hash_type", "sha256");
    pr_doc_set_bool(&b, how, "allow_symlinks", false);
    list = pr_doc_set_array(&b, how, "ignore_paths");
    for (size_t i = 0; i < PR_COUNT(always); i++) pr_doc_add_str(&b, list, always[i]);
    for (size_t i = 0; i < o->n_ignore; i++) pr_doc_add_path(&b, list, o->ignore[i]);
    return pr_doc_done(&b, d, out, err);
}

pare_status pr_oms_sign(const pr_oms *o, const pr_pk *k, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *says = NULL, *envelope = NULL;
    char        *text = NULL;
    size_t       n;
    *out = NULL;
    pare_status st = statement(o, &says, err);
    if (st == PARE_OK) st = pare_doc_text(says, 0, &text, &n, err);
    if (st == PARE_OK)
        st = pr_dsse_sign(k, PR_DSSE_INTOTO, (pr_str){text, n}, true, &envelope, err);
    if (st == PARE_OK) {
        pare_doc *d = pr_doc_object(&b);
        pr_doc_set_str(&b, d, "mediaType", MEDIA_TYPE);
        pare_doc *m = pr_doc_set_object(&b, d, "verificationMaterial");
        pr_doc_set_str(&b, pr_doc_set_object(&b, m, "publicKey"), "hint", k->print);
        pr_doc_set_array(&b, m, "tlogEntries");
        pr_doc_set(&b, d, "dsseEnvelope", envelope);
        st = pr_doc_done(&b, d, out, err);
    }
    pare_doc_text_free(text);
    pare_doc_free(says);
    return st;
}

/* ------------------------------------------------------------------ reading */

static bool is_str(const pare_doc *v, const char *want) {
    return pr_str_eq(pr_doc_text_of(v), pr_str_of(want));
}

/* Text of the tree as a name: terminated, without a NUL within. */
static pare_status name_read(const pare_doc *v, const char *key, pr_arena *a, const char **out,
                             pare_err *err) {
    pr_str s;
    PR_TRY(pr_json_get_str(v, key, &s, err));
    char *copy = pr_arena_str(a, s.p, s.n);
    if (!copy) return pr_fail_nomem(err, s.n);
    if (memchr(s.p, 0, s.n)) return pr_fail(err, PARE_EINPUT, -1, "\"%s\" holds a NUL", key);
    return *out = copy, PARE_OK;
}

/* "weights.bin:0:1000": from the end, since a name may hold colons. */
static bool shard_read(char *name, pr_oms_file *f) {
    int64_t v[2];
    for (int i = 1; i >= 0; i--) {
        char *colon = strrchr(name, ':');
        if (!colon || !pr_parse_i64(colon + 1, 0, INT64_MAX, &v[i])) return false;
        *colon = 0;
    }
    f->start = (uint64_t)v[0], f->end = (uint64_t)v[1];
    return v[0] < v[1];
}

static pare_status resource_read(const pare_doc *r, uint64_t shard, pr_arena *a, pr_oms_file *f,
                                 pare_err *err) {
    pr_str    digest;
    pr_sha256 h;
    char     *path;
    *f = (pr_oms_file){.end = UINT64_MAX};
    PR_TRY(name_read(r, "name", a, &f->name, err));
    PR_TRY(pr_json_get_str(r, "digest", &digest, err));
    /* model_signing 1.1 names a shard's hash "sha256-sharded-SIZE", the specification "sha256". */
    char sharded[48];
    snprintf(sharded, sizeof sharded, "sha256-sharded-%llu", (unsigned long long)shard);
    if (!is_str(pare_doc_get(r, "algorithm"), "sha256") &&
        !(shard && is_str(pare_doc_get(r, "algorithm"), sharded)))
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "%.200s: hashed otherwise than by sha256",
                       f->name);
    if (digest.n != 64 || !pr_sha256_parse(digest.p, &h))
        return pr_fail(err, PARE_EINPUT, -1, "%.200s: its digest is no SHA-256 of 64 digits",
                       f->name);
    pr_sha256_hex(&h, f->sha256);
    path = pr_arena_str(a, f->name, strlen(f->name));
    if (!path) return pr_fail_nomem(err, 4096);
    if (shard) {
        if (!shard_read(path, f) || f->start % shard || f->end - f->start > shard)
            return pr_fail(err, PARE_EINPUT, -1, "%.200s: found no shard of %llu bytes", f->name,
                           (unsigned long long)shard);
        f->name = path;
    }
    if (!pr_path_is_below(path))
        return pr_fail(err, PARE_EINPUT, -1,
                       "'%.200s' leaves the folder: expected a plain relative path", f->name);
    return PARE_OK;
}

static int by_name_start(const void *x, const void *y) {
    const pr_oms_file *a = *(const pr_oms_file *const *)x, *b = *(const pr_oms_file *const *)y;
    int                c = strcmp(a->name, b->name);
    return c ? c : (a->start > b->start) - (a->start < b->start);
}

static pare_status twice_check(const pr_oms *o, pr_arena *a, pare_err *err) {
    const pr_oms_file **v;
    PR_NEW(v, a, o->n_files + 1, err);
    for (size_t i = 0; i < o->n_files; i++) v[i] = &o->files[i];
    qsort(v, o->n_files, sizeof *v, by_name_start);
    for (size_t i = 1; i < o->n_files; i++)
        if (by_name_start(&v[i - 1], &v[i]) == 0)
            return pr_fail(err, PARE_EINPUT, -1, "'%.200s' is listed twice", v[i]->name);
    return PARE_OK;
}

static pare_status how_read(const pare_doc *how, pr_arena *a, pr_oms *o, pare_err *err) {
    const pare_doc *list;
    int64_t         shard = 0;
    bool            shards = is_str(pare_doc_get(how, "method"), "shards");
    if (!shards && !is_str(pare_doc_get(how, "method"), "files"))
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "serialization.method: expected files or shards");
    if (!is_str(pare_doc_get(how, "hash_type"), "sha256"))
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "serialization.hash_type: expected sha256");
    if (shards) PR_TRY(pr_json_get_i64(how, "shard_size", 1, INT64_MAX, &shard, err));
    o->shard = (uint64_t)shard;
    PR_TRY(pr_json_get_bool(how, "allow_symlinks", &o->links, err));
    PR_TRY(pr_json_opt_arr(how, "ignore_paths", &list, err));
    PR_NEW(o->ignore, a, pare_doc_count(list) + 1, err);
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        pr_str s;
        PR_TRY(pr_json_as_str(pare_doc_at(list, i), "ignore_paths", &s, err));
        char *copy = pr_arena_str(a, s.p, s.n);
        if (!copy) return pr_fail_nomem(err, s.n);
        if (pr_path_is_below(copy))
            o->ignore[o->n_ignore++] = copy; /* else it names nothing here */
    }
    return PARE_OK;
}

static pare_status statement_read(const pare_doc *d, pr_arena *a, pr_oms *o, pare_err *err) {
    const pare_doc *p, *how, *list, *subject;
    if (!is_str(pare_doc_get(d, "_type"), STATEMENT))
        return pr_fail(err, PARE_EINPUT, -1, "\"_type\": expected %s", STATEMENT);
    if (!is_str(pare_doc_get(d, "predicateType"), PREDICATE))
        return pr_fail(err, PARE_EINPUT, -1, "\"predicateType\": expected %s", PREDICATE);
    PR_TRY(pr_json_get_obj(d, "predicate", &p, err));
    PR_TRY(pr_json_get_arr(d, "subject", &subject, err));
    PR_TRY(pr_json_get_obj(p, "serialization", &how, err));
    PR_TRY(pr_json_get_arr(p, "resources", &list, err));
    if (pare_doc_count(subject) != 1)
        return pr_fail(err, PARE_EINPUT, -1, "\"subject\": found %zu, expected one",
                       pare_doc_count(subject));
    size_t n = pare_doc_count(list);
    if (n < 1 || n > PR_OMS_FILES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "\"resources\": found %zu, expected 1 to %d", n,
                       PR_OMS_FILES_MAX);
    PR_TRY(name_read(pare_doc_at(subject, 0), "name", a, &o->name, err));
    PR_TRY(how_read(how, a, o, err));
    PR_NEW(o->files, a, n, err);
    for (size_t i = 0; i < n; i++)
        PR_TRY(resource_read(pare_doc_at(list, i), o->shard, a, &o->files[i], err));
    o->n_files = n;
    PR_TRY(twice_check(o, a, err));
    pr_oms_root(o);
    const pare_doc *said = pare_doc_path(subject, "0/digest/sha256");
    if (!is_str(said, o->root))
        return pr_fail(err, PARE_EINPUT, -1,
                       "the root digest is %.64s, but the listed files' hashes give %s",
                       pare_doc_str(said) ? pare_doc_str(said) : "missing", o->root);
    return PARE_OK;
}

pare_status pr_oms_read(const pare_doc *bundle, pr_arena *a, pr_oms *out, pr_dsse *env,
                        char hint[65], pare_err *err) {
    const pare_doc *m, *e, *key = NULL;
    pare_doc       *says = NULL;
    pr_str          s;
    *out = (pr_oms){0}, hint[0] = 0;
    if (!is_str(pare_doc_get(bundle, "mediaType"), MEDIA_TYPE))
        return pr_fail(err, PARE_EINPUT, -1, "\"mediaType\": expected %s", MEDIA_TYPE);
    PR_TRY(pr_json_get_obj(bundle, "verificationMaterial", &m, err));
    PR_TRY(pr_json_get_obj(bundle, "dsseEnvelope", &e, err));
    PR_TRY(pr_json_opt_obj(m, "publicKey", &key, err));
    if (!key)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "signed by a certificate: expected one by a key (\"publicKey\")");
    PR_TRY(pr_json_opt_str(key, "hint", &s, err));
    if (s.n == 64) snprintf(hint, 65, "%s", s.p);
    PR_TRY(pr_dsse_read(e, a, env, err));
    if (env->n_sigs != 1)
        return pr_fail(err, PARE_EINPUT, -1, "found %d signatures, expected one", env->n_sigs);
    if (!pr_str_eq(env->type, PR_STR(PR_DSSE_INTOTO)))
        return pr_fail(err, PARE_EINPUT, -1, "\"payloadType\": expected %s", PR_DSSE_INTOTO);
    PR_TRY(pr_json_parse(&says, env->body.p, env->body.n, NULL, err));
    pare_status st = statement_read(says, a, out, err);
    pare_doc_free(says);
    return st;
}
