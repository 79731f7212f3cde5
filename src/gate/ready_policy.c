/* ready_policy.c - what is asked for readiness: built in, or read from YAML. Always true: what is
 * not understood is refused with the check's and the key's name. */
#include <math.h>
#include <stdio.h>
#include "gate/gate.h"

enum { READY_BYTES_MAX = 1 << 16, DOCUMENTS_MAX = 8, LICENCES_MAX = 100 };

/* Licences that ask for no more than names and texts to be kept. */
static const char *const usual_licences[] = {
    "MIT",     "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC",
    "Zlib",    "BSL-1.0",    "Unlicense",    "CC0-1.0",      "CC-BY-4.0",
    "PDDL-1.0", "ODC-By-1.0", "CDLA-Permissive-2.0", "LicenseRef-public-domain"};
static const char *const known_documents[] = {"model-card", "licence-text"};

static void usual(pr_ready_policy *p) {
    *p = (pr_ready_policy){.name = "readiness",
                           .source = "built-in",
                           .licences = usual_licences,
                           .n_licences = PR_COUNT(usual_licences),
                           .documents = known_documents,
                           .n_documents = PR_COUNT(known_documents)};
    for (size_t i = 0; i < PR_CHECKS; i++)
        p->ask[i] = (pr_check_ask){.level = pr_check_rule_at(i)->level,
                                   .limit = pr_check_rule_at(i)->limit};
}

/* A list of texts into the arena. */
static pare_status texts(const pare_doc *v, const char *what, size_t most, pr_arena *a,
                         const char *const **out, size_t *n, pare_err *err) {
    const char **list;
    size_t       k = pare_doc_count(v);
    if (pare_doc_kind(v) != PARE_DOC_ARRAY || k > most)
        return pr_fail(err, PARE_EINPUT, -1, "'%s' is no list of at most %zu texts", what, most);
    PR_NEW(list, a, k + 1, err);
    for (size_t i = 0; i < k; i++) {
        const char *s = pare_doc_str(pare_doc_at(v, i));
        if (!s || !*s || strlen(s) > 200)
            return pr_fail(err, PARE_EINPUT, -1,
                           "'%s', entry %zu: expected a text of 1 to 200 bytes", what, i + 1);
        if (!(list[i] = pr_arena_str(a, s, strlen(s)))) return pr_fail_nomem(err, 200);
    }
    *out = list;
    *n = k;
    return PARE_OK;
}

static pare_status level(const char *id, const char *s, pr_level *out, pare_err *err) {
    for (int l = 0; s && l <= PR_LEVEL_OFF; l++)
        if (strcmp(s, pr_level_name((pr_level)l)) == 0) return *out = (pr_level)l, PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "check '%s': level is '%.40s'; expected fail, warn or off",
                   id, s ? s : "");
}

static pare_status one_check(const char *id, const pare_doc *v, pr_arena *a, pr_ready_policy *p,
                             pare_err *err) {
    int           i = pr_check_find(id);
    pare_doc_iter it = {0};
    if (i < 0)
        return pr_fail(err, PARE_EINPUT, -1,
                       "unknown check '%.80s'; docs/readiness.md lists those that are known", id);
    pr_check_ask        *ask = &p->ask[i];
    const pr_check_rule *rule = pr_check_rule_at((size_t)i);
    bool                 figure = rule->metric || !isnan(rule->limit);
    if (pare_doc_str(v)) return level(id, pare_doc_str(v), &ask->level, err);
    if (pare_doc_kind(v) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1, "check '%s': expected a level or a mapping", id);
    while (pare_doc_next(v, &it)) {
        const char *s = pare_doc_str(it.value);
        if (strcmp(it.key, "level") == 0) {
            PR_TRY(level(id, s, &ask->level, err));
        } else if (strcmp(it.key, "limit") == 0 && figure) {
            if (!s || !pr_parse_f64(s, -1e300, 1e300, &ask->limit) || !isfinite(ask->limit))
                return pr_fail(err, PARE_EINPUT, -1,
                               "check '%s': limit is '%.40s'; expected a number", id,
                               s ? s : "");
        } else if (strcmp(it.key, "allow") == 0) {
            PR_TRY(texts(it.value, "allow", PR_ALLOW_MAX, a, &ask->allow, &ask->n_allow, err));
        } else {
            return pr_fail(err, PARE_EINPUT, -1,
                           "check '%s': unknown key '%.40s'; expected level%s or allow", id,
                           it.key, figure ? ", limit" : "");
        }
    }
    return PARE_OK;
}

static pare_status documents(pr_ready_policy *p, pare_err *err) {
    for (size_t i = 0; i < p->n_documents; i++) {
        bool known = false;
        for (size_t k = 0; k < PR_COUNT(known_documents); k++)
            known |= strcmp(p->documents[i], known_documents[k]) == 0;
        if (!known)
            return pr_fail(err, PARE_EINPUT, -1,
                           "documents names '%.60s'; expected model-card or licence-text",
                           p->documents[i]);
    }
    return PARE_OK;
}

static pare_status root_key(const char *key, const pare_doc *v, pr_arena *a, pr_ready_policy *p,
                            pare_err *err) {
    const char *s = pare_doc_str(v);
    if (strcmp(key, "schema") == 0)
        return s && strcmp(s, "1") == 0
                   ? PARE_OK
                   : pr_fail(err, PARE_EINPUT, -1, "schema is '%.20s'; this pare reads 1",
                             s ? s : "");
    if (strcmp(key, "kind") == 0)
        return s && strcmp(s, "readiness") == 0
                   ? PARE_OK
                   : pr_fail(err, PARE_EINPUT, -1, "kind is '%.40s'; expected readiness",
                             s ? s : "");
    if (strcmp(key, "about") == 0)
        return s ? PARE_OK : pr_fail(err, PARE_EINPUT, -1, "about is no text");
    if (strcmp(key, "name") == 0) {
        if (!s || !*s || strlen(s) > 200) return pr_fail(err, PARE_EINPUT, -1, "name is no text");
        p->name = pr_arena_str(a, s, strlen(s));
        return p->name ? PARE_OK : pr_fail_nomem(err, 200);
    }
    if (strcmp(key, "licences") == 0)
        return texts(v, key, LICENCES_MAX, a, &p->licences, &p->n_licences, err);
    if (strcmp(key, "documents") == 0) {
        PR_TRY(texts(v, key, DOCUMENTS_MAX, a, &p->documents, &p->n_documents, err));
        return documents(p, err);
    }
    if (strcmp(key, "checks") != 0)
        return pr_fail(err, PARE_EINPUT, -1,
                       "unknown key '%.40s'; expected one of schema, kind, name, about, checks, "
                       "licences, documents (a policy of gates has no place here)", key);
    pare_doc_iter it = {0};
    if (pare_doc_kind(v) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1, "checks is no mapping");
    while (pare_doc_next(v, &it)) PR_TRY(one_check(it.key, it.value, a, p, err));
    return PARE_OK;
}

static pare_status policy_read(const pare_doc *root, pr_arena *a, pr_ready_policy *p,
                               pare_err *err) {
    static const char *const must[] = {"schema", "kind", "name"};
    pare_doc_iter            it = {0};
    if (pare_doc_kind(root) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1,
                       "expected a mapping with schema, kind, name and checks");
    while (pare_doc_next(root, &it)) PR_TRY(root_key(it.key, it.value, a, p, err));
    for (size_t i = 0; i < PR_COUNT(must); i++)
        if (!pare_doc_get(root, must[i]))
            return pr_fail(err, PARE_EINPUT, -1, "a readiness policy without '%s'", must[i]);
    return PARE_OK;
}

pare_status pr_ready_policy_parse(pr_str text, const char *source, pr_arena *a,
                                  pr_ready_policy *out, pare_err *err) {
    pare_doc       *root = NULL;
    pr_ready_policy p;
    usual(&p);
    *out = (pr_ready_policy){0};
    if (text.n > READY_BYTES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "%zu bytes; a policy has at most %d", text.n,
                       READY_BYTES_MAX);
    if (!(p.source = pr_arena_str(a, source, strlen(source)))) return pr_fail_nomem(err, 256);
    pare_status st = pr_yaml_parse(&root, text.p, text.n, err);
    if (st == PARE_OK) st = policy_read(root, a, &p, err);
    pare_doc_free(root);
    if (st != PARE_OK) return pr_fail_in(err, st, source);
    pr_sha256 h = pr_sha256_of(text.p, text.n);
    pr_sha256_hex(&h, p.sha256);
    *out = p;
    return PARE_OK;
}

pare_status pr_ready_policy_read(const char *path, pr_arena *a, pr_ready_policy *out,
                                 pare_err *err) {
    pr_str text = {0};
    if (!path) return usual(out), PARE_OK;
    *out = (pr_ready_policy){0};
    PR_TRY(pr_file_read(path, READY_BYTES_MAX, a, &text, err));
    return pr_ready_policy_parse(text, path, a, out, err);
}
