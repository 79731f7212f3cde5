/* tree.c - reading and building a tree of values.
 *
 * Always true of a tree: no NaN, no infinity, text is UTF-8, keys are unique
 * and keep the order of insertion (jansson's objects do), nothing is shared
 * between two parents. */
#include "node.h"
#include <math.h>
#include <stdio.h>

void pare_doc_free(pare_doc *doc) {
    json_decref(node_json(doc));
}

pare_doc_type pare_doc_kind(const pare_doc *v) {
    if (!v) return PARE_DOC_NONE;
    switch (json_typeof(node_json(v))) {
    case JSON_OBJECT: return PARE_DOC_OBJECT;
    case JSON_ARRAY: return PARE_DOC_ARRAY;
    case JSON_STRING: return PARE_DOC_STR;
    case JSON_INTEGER: return PARE_DOC_INT;
    case JSON_REAL: return PARE_DOC_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return PARE_DOC_BOOL;
    case JSON_NULL: break;
    }
    return PARE_DOC_NULL;
}

size_t pare_doc_count(const pare_doc *v) {
    const json_t *j = node_json(v);
    return json_is_object(j) ? json_object_size(j) : json_array_size(j);
}

const pare_doc *pare_doc_get(const pare_doc *object, const char *key) {
    return key ? node_doc(json_object_get(node_json(object), key)) : NULL;
}

const pare_doc *pare_doc_at(const pare_doc *array, size_t i) {
    return node_doc(json_array_get(node_json(array), i));
}

/* One step of a path; the step is n bytes and not terminated. */
static const pare_doc *path_step(const pare_doc *v, const char *step, size_t n) {
    if (pare_doc_kind(v) == PARE_DOC_OBJECT)
        return node_doc(json_object_getn(node_json(v), step, n));
    size_t i = 0;
    if (n == 0 || n > 9 || pare_doc_kind(v) != PARE_DOC_ARRAY) return NULL;
    for (size_t k = 0; k < n; k++) {
        if (step[k] < '0' || step[k] > '9') return NULL;
        i = i * 10 + (size_t)(step[k] - '0');
    }
    return pare_doc_at(v, i);
}

const pare_doc *pare_doc_path(const pare_doc *v, const char *path) {
    if (!path) return NULL;
    while (v && *path) {
        size_t n = strcspn(path, "/");
        v = path_step(v, path, n);
        path += n;
        if (*path == '/') path++;
    }
    return v;
}

double pare_doc_num(const pare_doc *v) {
    const json_t *j = node_json(v);
    return json_is_number(j) ? json_number_value(j) : NAN;
}

int64_t pare_doc_int(const pare_doc *v) {
    return json_integer_value(node_json(v));
}

bool pare_doc_bool(const pare_doc *v) {
    return json_is_true(node_json(v));
}

const char *pare_doc_str(const pare_doc *v) {
    return json_string_value(node_json(v));
}

size_t pare_doc_strlen(const pare_doc *v) {
    return json_string_length(node_json(v));
}

pr_str pr_doc_text_of(const pare_doc *v) {
    return (pr_str){pare_doc_str(v), pare_doc_strlen(v)};
}

bool pare_doc_next(const pare_doc *v, pare_doc_iter *it) {
    json_t *j = node_json(v);
    it->i = it->seen;
    if (it->i >= pare_doc_count(v)) return false;
    it->seen++;
    if (json_is_array(j)) {
        it->value = node_doc(json_array_get(j, it->i));
        return true;
    }
    it->priv = it->priv ? json_object_iter_next(j, it->priv) : json_object_iter(j);
    it->key = json_object_iter_key(it->priv);
    it->key_len = json_object_iter_key_len(it->priv);
    it->value = node_doc(json_object_iter_value(it->priv));
    return it->value != NULL;
}

const char *pr_doc_describe(const pare_doc *v, char *dst, size_t cap) {
    switch (pare_doc_kind(v)) {
    case PARE_DOC_NONE: snprintf(dst, cap, "nothing"); break;
    case PARE_DOC_NULL: snprintf(dst, cap, "null"); break;
    case PARE_DOC_BOOL: snprintf(dst, cap, "%s", pare_doc_bool(v) ? "true" : "false"); break;
    case PARE_DOC_INT: snprintf(dst, cap, "%lld", (long long)pare_doc_int(v)); break;
    case PARE_DOC_REAL: snprintf(dst, cap, "%.17g", pare_doc_num(v)); break;
    case PARE_DOC_STR: snprintf(dst, cap, "the text '%.40s'", pare_doc_str(v)); break;
    case PARE_DOC_ARRAY: snprintf(dst, cap, "an array of %zu", pare_doc_count(v)); break;
    case PARE_DOC_OBJECT: snprintf(dst, cap, "an object of %zu keys", pare_doc_count(v)); break;
    }
    return dst;
}

/* ----------------------------------------------------------------- building */

static void build_fail(pr_doc_build *b, pare_status st, const char *where, const char *what) {
    if (b->status != PARE_OK) return;
    b->status = st;
    snprintf(b->msg, sizeof b->msg, "%s%.60s%s%s", where ? "key '" : "", where ? where : "",
             where ? "': " : "", what);
}

pare_doc *pr_doc_object(pr_doc_build *b) {
    json_t *j = json_object();
    if (!j) build_fail(b, PARE_ENOMEM, NULL, "no memory for an object");
    return node_doc(j);
}

pare_doc *pr_doc_array(pr_doc_build *b) {
    json_t *j = json_array();
    if (!j) build_fail(b, PARE_ENOMEM, NULL, "no memory for an array");
    return node_doc(j);
}

/* Put `v` (owned, NULL: its making failed and was noted) under `key`, or at the end of an
 * array when key is NULL. Returns it borrowed. */
static pare_doc *put(pr_doc_build *b, pare_doc *parent, const char *key, json_t *v) {
    if (!v) return NULL;
    bool fits = key ? json_is_object(node_json(parent)) : json_is_array(node_json(parent));
    if (!fits) {
        json_decref(v);
        if (parent) build_fail(b, PARE_EINTERNAL, key, "the parent is of another kind");
        else build_fail(b, PARE_ENOMEM, key, "the parent could not be made");
        return NULL;
    }
    if (key && !pr_utf8_valid(key, strlen(key), NULL)) {
        json_decref(v);
        build_fail(b, PARE_EINPUT, NULL, "a key is not UTF-8");
        return NULL;
    }
    int rc = key ? json_object_set_new(node_json(parent), key, v)
                 : json_array_append_new(node_json(parent), v);
    if (rc == 0) return node_doc(v);
    build_fail(b, PARE_ENOMEM, key, "no memory");
    return NULL;
}

static json_t *noted(pr_doc_build *b, const char *key, json_t *v) {
    if (!v) build_fail(b, PARE_ENOMEM, key, "no memory");
    return v;
}

static json_t *real(pr_doc_build *b, const char *key, double v) {
    if (isfinite(v)) return noted(b, key, json_real(v));
    build_fail(b, PARE_EINTERNAL, key,
               isnan(v) ? "NaN cannot be written" : "infinity cannot be written");
    return NULL;
}

static json_t *text(pr_doc_build *b, const char *key, pr_str v) {
    if (!v.p && v.n == 0) v.p = "";
    if (pr_utf8_valid(v.p, v.n, NULL)) return noted(b, key, json_stringn_nocheck(v.p, v.n));
    build_fail(b, PARE_EINPUT, key, "text that is not UTF-8");
    return NULL;
}

static json_t *text0(pr_doc_build *b, const char *key, const char *v) {
    if (v) return text(b, key, pr_str_of(v));
    build_fail(b, PARE_EINTERNAL, key, "NULL given as text");
    return NULL;
}

void pr_doc_set_i64(pr_doc_build *b, pare_doc *obj, const char *key, int64_t v) {
    put(b, obj, key, noted(b, key, json_integer(v)));
}
void pr_doc_set_f64(pr_doc_build *b, pare_doc *obj, const char *key, double v) {
    put(b, obj, key, real(b, key, v));
}
void pr_doc_set_bool(pr_doc_build *b, pare_doc *obj, const char *key, bool v) {
    put(b, obj, key, json_boolean(v));
}
void pr_doc_set_str(pr_doc_build *b, pare_doc *obj, const char *key, const char *v) {
    put(b, obj, key, text0(b, key, v));
}
void pr_doc_set_strn(pr_doc_build *b, pare_doc *obj, const char *key, pr_str v) {
    put(b, obj, key, text(b, key, v));
}
static json_t *path_text(pr_doc_build *b, const char *key, const char *path) {
    pr_buf  t;
    json_t *v = NULL;
    size_t  n = strlen(path), bad;
    pr_buf_init(&t, 1 << 16);
    for (size_t at = 0; at <= n; at += bad + 1) {
        bool whole = pr_utf8_valid(path + at, n - at, &bad);
        if (whole) bad = n - at;
        pr_buf_add(&t, path + at, bad);
        if (!whole) pr_buf_puts(&t, "\xEF\xBF\xBD");
    }
    if (t.failed) build_fail(b, PARE_ENOMEM, key, "no memory");
    else v = text(b, key, (pr_str){t.p, t.n});
    pr_buf_done(&t);
    return v;
}

void pr_doc_set_path(pr_doc_build *b, pare_doc *obj, const char *key, const char *path) {
    put(b, obj, key, path_text(b, key, path));
}
void pr_doc_add_path(pr_doc_build *b, pare_doc *arr, const char *path) {
    put(b, arr, NULL, path_text(b, NULL, path));
}
void pr_doc_set_null(pr_doc_build *b, pare_doc *obj, const char *key) {
    put(b, obj, key, json_null());
}
pare_doc *pr_doc_set_object(pr_doc_build *b, pare_doc *obj, const char *key) {
    return put(b, obj, key, node_json(pr_doc_object(b)));
}
pare_doc *pr_doc_set_array(pr_doc_build *b, pare_doc *obj, const char *key) {
    return put(b, obj, key, node_json(pr_doc_array(b)));
}
void pr_doc_set(pr_doc_build *b, pare_doc *obj, const char *key, pare_doc *v) {
    if (!v) build_fail(b, PARE_ENOMEM, key, "the value could not be made");
    put(b, obj, key, node_json(v));
}

void pr_doc_add_i64(pr_doc_build *b, pare_doc *arr, int64_t v) {
    put(b, arr, NULL, noted(b, NULL, json_integer(v)));
}
void pr_doc_add_f64(pr_doc_build *b, pare_doc *arr, double v) {
    put(b, arr, NULL, real(b, NULL, v));
}
void pr_doc_add_bool(pr_doc_build *b, pare_doc *arr, bool v) {
    put(b, arr, NULL, json_boolean(v));
}
void pr_doc_add_str(pr_doc_build *b, pare_doc *arr, const char *v) {
    put(b, arr, NULL, text0(b, NULL, v));
}
void pr_doc_add_strn(pr_doc_build *b, pare_doc *arr, pr_str v) {
    put(b, arr, NULL, text(b, NULL, v));
}
void pr_doc_add_null(pr_doc_build *b, pare_doc *arr) {
    put(b, arr, NULL, json_null());
}
pare_doc *pr_doc_add_object(pr_doc_build *b, pare_doc *arr) {
    return put(b, arr, NULL, node_json(pr_doc_object(b)));
}
pare_doc *pr_doc_add_array(pr_doc_build *b, pare_doc *arr) {
    return put(b, arr, NULL, node_json(pr_doc_array(b)));
}
void pr_doc_add(pr_doc_build *b, pare_doc *arr, pare_doc *v) {
    if (!v) build_fail(b, PARE_ENOMEM, NULL, "the value could not be made");
    put(b, arr, NULL, node_json(v));
}

void pr_doc_unset(pare_doc *obj, const char *key) {
    json_object_del(node_json(obj), key);
}

pare_doc *pr_doc_copy(const pare_doc *v) {
    return node_doc(json_deep_copy(node_json(v)));
}

pare_status pr_doc_done(pr_doc_build *b, pare_doc *root, pare_doc **out, pare_err *err) {
    *out = NULL;
    if (!root) build_fail(b, PARE_ENOMEM, NULL, "no memory");
    if (b->status == PARE_OK) {
        *out = root;
        return PARE_OK;
    }
    pare_doc_free(root);
    return pr_fail(err, b->status, -1, "building a document: %s", b->msg);
}
