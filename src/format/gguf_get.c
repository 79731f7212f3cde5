/* gguf_get.c - metadata by key: any integer width does if the value fits; an
 * integer is taken where a float is asked, never the other way. */
#include "container.h"
#include <stdio.h>

const char *pr_meta_type_name(pr_meta_type t) {
    static const char *const name[PR_META_TYPES] = {
        "uint8", "int8", "uint16", "int16", "uint32", "int32", "float32",
        "bool", "string", "array", "uint64", "int64", "float64"};
    return (unsigned)t < PR_META_TYPES ? name[t] : "unknown";
}

typedef enum { IS_UNSIGNED, IS_SIGNED, IS_FLOAT, IS_OTHER } number_kind;

static number_kind kind_of(pr_meta_type t) {
    switch (t) {
    case PR_META_U8:
    case PR_META_U16:
    case PR_META_U32:
    case PR_META_U64:
    case PR_META_BOOL: return IS_UNSIGNED;
    case PR_META_I8:
    case PR_META_I16:
    case PR_META_I32:
    case PR_META_I64: return IS_SIGNED;
    case PR_META_F32:
    case PR_META_F64: return IS_FLOAT;
    default: return IS_OTHER;
    }
}

bool pr_meta_i64(const pr_meta *m, int64_t *out) {
    number_kind k = m ? kind_of(m->type) : IS_OTHER;
    *out = 0;
    if (k == IS_SIGNED) *out = m->v.i;
    else if (k == IS_UNSIGNED && m->v.u <= INT64_MAX) *out = (int64_t)m->v.u;
    else return false;
    return true;
}

bool pr_meta_u64(const pr_meta *m, uint64_t *out) {
    number_kind k = m ? kind_of(m->type) : IS_OTHER;
    *out = 0;
    if (k == IS_UNSIGNED) *out = m->v.u;
    else if (k == IS_SIGNED && m->v.i >= 0) *out = (uint64_t)m->v.i;
    else return false;
    return true;
}

bool pr_meta_f64(const pr_meta *m, double *out) {
    number_kind k = m ? kind_of(m->type) : IS_OTHER;
    *out = k == IS_FLOAT      ? m->v.f
           : k == IS_SIGNED   ? (double)m->v.i
           : k == IS_UNSIGNED ? (double)m->v.u
                              : 0;
    return k != IS_OTHER;
}

static bool has_number(const pr_meta *m, uint64_t i) {
    return m && m->type == PR_META_ARR && i < m->n && kind_of(m->elem) != IS_OTHER;
}

bool pr_meta_arr_i64(const pr_meta *m, uint64_t i, int64_t *out) {
    *out = 0;
    if (!has_number(m, i)) return false;
    pr_meta e = pr_meta_element(m, i);
    return pr_meta_i64(&e, out);
}

bool pr_meta_arr_f64(const pr_meta *m, uint64_t i, double *out) {
    *out = 0;
    if (!has_number(m, i)) return false;
    pr_meta e = pr_meta_element(m, i);
    return pr_meta_f64(&e, out);
}

bool pr_meta_arr_str(const pr_meta *m, uint64_t i, pr_str *out) {
    *out = (pr_str){0};
    if (!m || m->type != PR_META_ARR || m->elem != PR_META_STR || i >= m->n) return false;
    *out = m->v.str[i];
    return true;
}

/* ------------------------------------------------------------------- by key */

static pare_status unexpected(const pr_container *c, const char *key, const pr_meta *m,
                              const char *expected, pare_err *err) {
    char    found[96];
    int64_t i;
    if (!m) snprintf(found, sizeof found, "nothing");
    else if (m->type == PR_META_ARR)
        snprintf(found, sizeof found, "an array of %llu %s", (unsigned long long)m->n,
                 pr_meta_type_name(m->elem));
    else if (pr_meta_i64(m, &i))
        snprintf(found, sizeof found, "%lld (%s)", (long long)i, pr_meta_type_name(m->type));
    else snprintf(found, sizeof found, "a %s", pr_meta_type_name(m->type));
    return pr_container_fail(c, 0, err, PARE_EINPUT, -1, "key '%s': found %s, expected %s", key,
                             found, expected);
}

pare_status pr_gguf_get_u32(const pr_container *c, const char *key, uint32_t *out, pare_err *err) {
    const pr_meta *m = pr_container_meta_find(c, key);
    uint64_t       u;
    bool           ok = pr_meta_u64(m, &u) && u <= UINT32_MAX && m->type != PR_META_BOOL;
    *out = ok ? (uint32_t)u : 0;
    return ok ? PARE_OK : unexpected(c, key, m, "an integer of 0 to 4294967295", err);
}

pare_status pr_gguf_opt_u32(const pr_container *c, const char *key, uint32_t dflt, uint32_t *out,
                            pare_err *err) {
    *out = dflt;
    return pr_container_meta_find(c, key) ? pr_gguf_get_u32(c, key, out, err) : PARE_OK;
}

pare_status pr_gguf_get_i64(const pr_container *c, const char *key, int64_t *out, pare_err *err) {
    const pr_meta *m = pr_container_meta_find(c, key);
    bool           ok = pr_meta_i64(m, out) && m->type != PR_META_BOOL;
    if (!ok) *out = 0;
    return ok ? PARE_OK : unexpected(c, key, m, "a 64-bit signed integer", err);
}

pare_status pr_gguf_opt_i64(const pr_container *c, const char *key, int64_t dflt, int64_t *out,
                            pare_err *err) {
    *out = dflt;
    return pr_container_meta_find(c, key) ? pr_gguf_get_i64(c, key, out, err) : PARE_OK;
}

pare_status pr_gguf_get_f64(const pr_container *c, const char *key, double *out, pare_err *err) {
    const pr_meta *m = pr_container_meta_find(c, key);
    bool           ok = pr_meta_f64(m, out) && m->type != PR_META_BOOL;
    if (!ok) *out = 0;
    return ok ? PARE_OK : unexpected(c, key, m, "a number", err);
}

pare_status pr_gguf_opt_f64(const pr_container *c, const char *key, double dflt, double *out,
                            pare_err *err) {
    *out = dflt;
    return pr_container_meta_find(c, key) ? pr_gguf_get_f64(c, key, out, err) : PARE_OK;
}

pare_status pr_gguf_get_bool(const pr_container *c, const char *key, bool *out, pare_err *err) {
    const pr_meta *m = pr_container_meta_find(c, key);
    bool           ok = m && m->type == PR_META_BOOL;
    *out = ok && m->v.u;
    return ok ? PARE_OK : unexpected(c, key, m, "a bool", err);
}

pare_status pr_gguf_opt_bool(const pr_container *c, const char *key, bool dflt, bool *out,
                             pare_err *err) {
    *out = dflt;
    return pr_container_meta_find(c, key) ? pr_gguf_get_bool(c, key, out, err) : PARE_OK;
}

pare_status pr_gguf_get_str(const pr_container *c, const char *key, pr_str *out, pare_err *err) {
    const pr_meta *m = pr_container_meta_find(c, key);
    bool           ok = m && m->type == PR_META_STR;
    *out = ok ? (pr_str){m->v.s, (size_t)m->n} : (pr_str){0};
    return ok ? PARE_OK : unexpected(c, key, m, "a string", err);
}

pare_status pr_gguf_opt_str(const pr_container *c, const char *key, pr_str *out, pare_err *err) {
    *out = (pr_str){0};
    return pr_container_meta_find(c, key) ? pr_gguf_get_str(c, key, out, err) : PARE_OK;
}

pare_status pr_gguf_get_arr(const pr_container *c, const char *key, pr_meta_type elem,
                            const pr_meta **out, pare_err *err) {
    const pr_meta *m = pr_container_meta_find(c, key);
    bool           numbers = kind_of(elem) != IS_OTHER;
    bool           ok = m && m->type == PR_META_ARR &&
              (numbers ? kind_of(m->elem) != IS_OTHER : m->elem == elem);
    *out = ok ? m : NULL;
    if (ok) return PARE_OK;
    return unexpected(c, key, m,
                      numbers               ? "an array of numbers"
                      : elem == PR_META_STR ? "an array of strings"
                                            : "an array of arrays",
                      err);
}

pare_status pr_gguf_opt_arr(const pr_container *c, const char *key, pr_meta_type elem,
                            const pr_meta **out, pare_err *err) {
    *out = NULL;
    return pr_container_meta_find(c, key) ? pr_gguf_get_arr(c, key, elem, out, err) : PARE_OK;
}

uint32_t pr_gguf_version(const pr_container *c) {
    return c->gguf_version;
}

uint32_t pr_gguf_alignment(const pr_container *c) {
    return c->gguf_alignment;
}
