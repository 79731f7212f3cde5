/* json_read.c - JSON that others wrote: bounded parsing, and members read by name.
 *
 * jansson builds the tree; before it sees a byte, one pass over the text has
 * counted its depth and its values, so that neither the stack nor the memory
 * can be driven past the limits. */
#include "node.h"
#include <math.h>
#include <stdio.h>

enum {
    BYTES_DEFAULT = 64 << 20,
    DEPTH_DEFAULT = 100,
    DEPTH_MAX = 1000, /* jansson's own is 2048 */
    VALUES_DEFAULT = 8 << 20
};

static pr_json_limits limits_of(const pr_json_limits *lim) {
    pr_json_limits l = lim ? *lim : (pr_json_limits){0};
    if (!l.max_bytes) l.max_bytes = BYTES_DEFAULT;
    if (!l.max_depth) l.max_depth = DEPTH_DEFAULT;
    if (!l.max_values) l.max_values = VALUES_DEFAULT;
    l.max_depth = PR_MIN(l.max_depth, (unsigned)DEPTH_MAX);
    return l;
}

/* Count brackets and commas outside of text. Says nothing of validity. */
static pare_status count_check(const char *p, size_t n, const pr_json_limits *l, pare_err *err) {
    size_t   values = 1;
    unsigned depth = 0;
    for (size_t i = 0; i < n; i++) {
        char c = p[i];
        if (c == '"') {
            for (i++; i < n && p[i] != '"'; i++)
                if (p[i] == '\\') i++;
        } else if (c == '[' || c == '{') {
            values++;
            if (++depth > l->max_depth)
                return pr_fail(err, PARE_EINPUT, (int64_t)i,
                               "JSON nested over %u deep, expected at most that", l->max_depth);
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else if (c == ',') {
            values++;
        }
        if (values > l->max_values)
            return pr_fail(err, PARE_EINPUT, (int64_t)i,
                           "JSON of over %zu values, expected at most that", l->max_values);
    }
    return PARE_OK;
}

pare_status pr_json_parse(pare_doc **out, const void *text, size_t n, const pr_json_limits *lim,
                          pare_err *err) {
    *out = NULL;
    pr_json_limits l = limits_of(lim);
    size_t         bad;
    if (n == 0) return pr_fail(err, PARE_EINPUT, 0, "found nothing, expected a JSON value");
    if (n > l.max_bytes)
        return pr_fail(err, PARE_EINPUT, -1, "JSON of %zu bytes, expected at most %zu", n,
                       l.max_bytes);
    PR_TRY(count_check(text, n, &l, err));
    if (!pr_utf8_valid(text, n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "JSON that is not UTF-8: byte 0x%02x",
                       ((const uint8_t *)text)[bad]);
    size_t       flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t e;
    json_t      *j = json_loadb(text, n, flags, &e);
    /* tokenizer_config.json has model_max_length 10^30: an integer for Python. */
    if (!j && json_error_code(&e) == json_error_numeric_overflow)
        j = json_loadb(text, n, flags | JSON_DECODE_INT_AS_REAL, &e);
    if (j) {
        *out = node_doc(j);
        return PARE_OK;
    }
    if (json_error_code(&e) == json_error_out_of_memory) return pr_fail_nomem(err, n);
    return pr_fail(err, PARE_EINPUT, e.position, "JSON, line %d: %s", e.line, e.text);
}

pare_status pr_json_read(pare_doc **out, const char *path, const pr_json_limits *lim,
                         pare_err *err) {
    pr_map m;
    *out = NULL;
    PR_TRY(pr_map_open(&m, path, err));
    pare_status st = pr_json_parse(out, m.p, (size_t)m.n, lim, err);
    pr_map_close(&m);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

pare_status pare_doc_parse(pare_doc **out, const char *text, size_t len, pare_err *err) {
    return pr_json_parse(out, text, len, NULL, err);
}

pare_status pare_doc_read(pare_doc **out, const char *path, pare_err *err) {
    return pr_json_read(out, path, NULL, err);
}

/* ---------------------------------------------------------------- accessors */

static pare_status unexpected(const pare_doc *v, const char *what, const char *expected,
                              pare_err *err) {
    char found[96];
    return pr_fail(err, PARE_EINPUT, -1, "'%s': found %s, expected %s", what,
                   pr_doc_describe(v, found, sizeof found), expected);
}

static bool is_missing(const pare_doc *v) {
    return pare_doc_kind(v) <= PARE_DOC_NULL;
}

pare_status pr_json_as_i64(const pare_doc *v, const char *what, int64_t lo, int64_t hi,
                           int64_t *out, pare_err *err) {
    *out = 0;
    int64_t i = pare_doc_int(v);
    bool    ok = pare_doc_kind(v) == PARE_DOC_INT;
    if (pare_doc_kind(v) == PARE_DOC_REAL) {
        double d = pare_doc_num(v);
        ok = fabs(d) < 0x1p53 && d == trunc(d);
        if (ok) i = (int64_t)d;
    }
    if (!ok || i < lo || i > hi) {
        char expected[96];
        snprintf(expected, sizeof expected, "an integer of %lld to %lld", (long long)lo,
                 (long long)hi);
        return unexpected(v, what, expected, err);
    }
    *out = i;
    return PARE_OK;
}

/* {"__float__": "Infinity"}: how transformers writes what JSON cannot say. NaN if it is not
 * that. */
static double wrapped_float(const pare_doc *v) {
    const char *s = pare_doc_str(pare_doc_get(v, "__float__"));
    if (!s || pare_doc_count(v) != 1) return NAN;
    return strcmp(s, "Infinity") == 0 ? INFINITY : strcmp(s, "-Infinity") == 0 ? -INFINITY : NAN;
}

pare_status pr_json_as_f64(const pare_doc *v, const char *what, double lo, double hi, double *out,
                           pare_err *err) {
    *out = 0;
    double d = pare_doc_kind(v) == PARE_DOC_OBJECT ? wrapped_float(v) : pare_doc_num(v);
    if (!(d >= lo && d <= hi)) {
        char expected[96];
        snprintf(expected, sizeof expected, "a number of %g to %g", lo, hi);
        return unexpected(v, what, expected, err);
    }
    *out = d;
    return PARE_OK;
}

pare_status pr_json_as_str(const pare_doc *v, const char *what, pr_str *out, pare_err *err) {
    *out = pr_doc_text_of(v);
    return out->p ? PARE_OK : unexpected(v, what, "a text", err);
}

pare_status pr_json_get_i64(const pare_doc *obj, const char *key, int64_t lo, int64_t hi,
                            int64_t *out, pare_err *err) {
    return pr_json_as_i64(pare_doc_get(obj, key), key, lo, hi, out, err);
}

pare_status pr_json_opt_i64(const pare_doc *obj, const char *key, int64_t lo, int64_t hi,
                            int64_t dflt, int64_t *out, pare_err *err) {
    const pare_doc *v = pare_doc_get(obj, key);
    *out = dflt;
    return is_missing(v) ? PARE_OK : pr_json_as_i64(v, key, lo, hi, out, err);
}

pare_status pr_json_get_f64(const pare_doc *obj, const char *key, double lo, double hi, double *out,
                            pare_err *err) {
    return pr_json_as_f64(pare_doc_get(obj, key), key, lo, hi, out, err);
}

pare_status pr_json_opt_f64(const pare_doc *obj, const char *key, double lo, double hi, double dflt,
                            double *out, pare_err *err) {
    const pare_doc *v = pare_doc_get(obj, key);
    *out = dflt;
    return is_missing(v) ? PARE_OK : pr_json_as_f64(v, key, lo, hi, out, err);
}

pare_status pr_json_get_bool(const pare_doc *obj, const char *key, bool *out, pare_err *err) {
    const pare_doc *v = pare_doc_get(obj, key);
    *out = pare_doc_bool(v);
    return pare_doc_kind(v) == PARE_DOC_BOOL ? PARE_OK : unexpected(v, key, "true or false", err);
}

pare_status pr_json_opt_bool(const pare_doc *obj, const char *key, bool dflt, bool *out,
                             pare_err *err) {
    *out = dflt;
    return is_missing(pare_doc_get(obj, key)) ? PARE_OK : pr_json_get_bool(obj, key, out, err);
}

pare_status pr_json_get_str(const pare_doc *obj, const char *key, pr_str *out, pare_err *err) {
    return pr_json_as_str(pare_doc_get(obj, key), key, out, err);
}

pare_status pr_json_opt_str(const pare_doc *obj, const char *key, pr_str *out, pare_err *err) {
    *out = (pr_str){0};
    return is_missing(pare_doc_get(obj, key)) ? PARE_OK : pr_json_get_str(obj, key, out, err);
}

static pare_status get_kind(const pare_doc *obj, const char *key, pare_doc_type kind,
                            const pare_doc **out, pare_err *err) {
    const pare_doc *v = pare_doc_get(obj, key);
    *out = NULL;
    if (pare_doc_kind(v) != kind)
        return unexpected(v, key, kind == PARE_DOC_ARRAY ? "an array" : "an object", err);
    *out = v;
    return PARE_OK;
}

pare_status pr_json_get_arr(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err) {
    return get_kind(obj, key, PARE_DOC_ARRAY, out, err);
}

pare_status pr_json_opt_arr(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err) {
    *out = NULL;
    return is_missing(pare_doc_get(obj, key)) ? PARE_OK : pr_json_get_arr(obj, key, out, err);
}

pare_status pr_json_get_obj(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err) {
    return get_kind(obj, key, PARE_DOC_OBJECT, out, err);
}

pare_status pr_json_opt_obj(const pare_doc *obj, const char *key, const pare_doc **out,
                            pare_err *err) {
    *out = NULL;
    return is_missing(pare_doc_get(obj, key)) ? PARE_OK : pr_json_get_obj(obj, key, out, err);
}
