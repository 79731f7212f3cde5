/* text.c - a tree as JSON text.
 *
 * jansson's own writer prints 17 digits; this one prints the fewest that read
 * back as the same double, whatever the locale. */
#include "node.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_DEPTH_MAX = 1100 };

/* Up to 15 digits every decimal survives the way through a double, so where 15
 * are enough %.15g (which drops trailing zeros) is already the shortest. That
 * does not hold for subnormals: they begin at one digit. */
static void put_real(pr_buf *dst, double v) {
    char s[40];
    int  digits = fabs(v) < DBL_MIN ? 1 : 15;
    do snprintf(s, sizeof s, "%.*g", digits, v);
    while (digits++ < 17 && strtod(s, NULL) != v);
    bool plain = true; /* no point, no exponent: would read back as an integer */
    for (const char *p = s; *p; p++) {
        if ((*p >= '0' && *p <= '9') || *p == '-' || *p == '+') {
            pr_buf_add(dst, p, 1);
            continue;
        }
        plain = false;
        if (*p == 'e') {
            pr_buf_add(dst, p, 1);
            continue;
        }
        pr_buf_puts(dst, "."); /* the locale's point, perhaps several bytes */
        while (p[1] && !strchr("0123456789e", p[1])) p++;
    }
    if (plain) pr_buf_puts(dst, ".0");
}

static void put_text(pr_buf *dst, const char *s, size_t n) {
    size_t from = 0;
    pr_buf_puts(dst, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        pr_buf_add(dst, s + from, i - from);
        from = i + 1;
        switch (c) {
        case '"': pr_buf_puts(dst, "\\\""); break;
        case '\\': pr_buf_puts(dst, "\\\\"); break;
        case '\n': pr_buf_puts(dst, "\\n"); break;
        case '\r': pr_buf_puts(dst, "\\r"); break;
        case '\t': pr_buf_puts(dst, "\\t"); break;
        default: pr_buf_printf(dst, "\\u%04x", c);
        }
    }
    pr_buf_add(dst, s + from, n - from);
    pr_buf_puts(dst, "\"");
}

static void put_break(pr_buf *dst, int indent, int depth) {
    if (indent <= 0) return;
    pr_buf_puts(dst, "\n");
    for (int i = 0; i < indent * depth; i++) pr_buf_add(dst, " ", 1);
}

static bool put_value(pr_buf *dst, const pare_doc *v, int indent, int depth);

static bool put_members(pr_buf *dst, const pare_doc *v, int indent, int depth) {
    bool          is_object = pare_doc_kind(v) == PARE_DOC_OBJECT;
    pare_doc_iter it = {0};
    if (depth > TEXT_DEPTH_MAX) return false;
    pr_buf_puts(dst, is_object ? "{" : "[");
    while (pare_doc_next(v, &it)) {
        if (it.i) pr_buf_puts(dst, ",");
        put_break(dst, indent, depth + 1);
        if (is_object) {
            put_text(dst, it.key, it.key_len);
            pr_buf_puts(dst, indent > 0 ? ": " : ":");
        }
        if (!put_value(dst, it.value, indent, depth + 1)) return false;
    }
    if (it.seen) put_break(dst, indent, depth);
    pr_buf_puts(dst, is_object ? "}" : "]");
    return true;
}

static bool put_value(pr_buf *dst, const pare_doc *v, int indent, int depth) {
    switch (pare_doc_kind(v)) {
    case PARE_DOC_NONE: return false;
    case PARE_DOC_NULL: pr_buf_puts(dst, "null"); break;
    case PARE_DOC_BOOL: pr_buf_puts(dst, pare_doc_bool(v) ? "true" : "false"); break;
    case PARE_DOC_INT: pr_buf_printf(dst, "%lld", (long long)pare_doc_int(v)); break;
    case PARE_DOC_REAL: put_real(dst, pare_doc_num(v)); break;
    case PARE_DOC_STR: put_text(dst, pare_doc_str(v), pare_doc_strlen(v)); break;
    case PARE_DOC_ARRAY:
    case PARE_DOC_OBJECT: return put_members(dst, v, indent, depth);
    }
    return true;
}

pare_status pr_doc_put(const pare_doc *v, int indent, pr_buf *dst, pare_err *err) {
    if (!put_value(dst, v, PR_MIN(indent, 16), 0))
        return pr_fail(err, PARE_EINTERNAL, -1,
                       "document: found no value, or one nested over %d deep", TEXT_DEPTH_MAX);
    if (dst->failed) return pr_fail_nomem(err, dst->max);
    return PARE_OK;
}

enum { TEXT_MAX = 1 << 30 };

pare_status pare_doc_text(const pare_doc *v, int indent, char **out, size_t *len, pare_err *err) {
    pr_buf b;
    *out = NULL;
    if (len) *len = 0;
    pr_buf_init(&b, TEXT_MAX);
    pare_status st = pr_doc_put(v, indent, &b, err);
    if (st != PARE_OK) {
        pr_buf_done(&b);
        return st;
    }
    *out = b.p; /* freed by pare_doc_text_free: the buffer is a pr_realloc block */
    if (len) *len = b.n;
    return PARE_OK;
}

void pare_doc_text_free(char *text) {
    pr_free(text);
}

pare_status pare_doc_write(const pare_doc *v, int indent, const char *path, pare_err *err) {
    pr_buf b;
    pr_buf_init(&b, TEXT_MAX);
    pare_status st = pr_doc_put(v, indent, &b, err);
    if (st == PARE_OK) pr_buf_puts(&b, "\n");
    if (st == PARE_OK && b.failed) st = pr_fail_nomem(err, b.max);
    if (st == PARE_OK) st = pr_file_write(path, b.p, b.n, err);
    pr_buf_done(&b);
    return st;
}
