/* show.c - documents of the library on the screen: --json as they are, tables from
 * the same numbers, so that the two cannot disagree. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include "cli.h"

int show_json(cli *c, const pare_doc *d) {
    pare_err err = {0};
    char    *text;
    size_t   n;
    if (pare_doc_text(d, 2, &text, &n, &err) != PARE_OK) return cli_fail(c, &err);
    out_text(text, n);
    out_puts("\n");
    pare_doc_text_free(text);
    return 0;
}

const char *show_str(const pare_doc *d, const char *path) {
    const char *s = pare_doc_str(pare_doc_path(d, path));
    return s ? s : "–";
}

const char *show_cell(cell dst, const char *s) {
    snprintf(dst, sizeof(cell), "%s", s ? s : "–");
    for (char *p = dst; *p; p++)
        if (*p == '|' || (unsigned char)*p < 0x20) *p = ' ';
    return dst;
}

const char *show_bytes(human h, const pare_doc *d, const char *path) {
    double v = pare_doc_num(pare_doc_path(d, path));
    if (!isnan(v)) return human_bytes(h, v);
    return strcpy(h, "–");
}

const char *show_count(human h, const pare_doc *d, const char *path) {
    double v = pare_doc_num(pare_doc_path(d, path));
    if (!isnan(v)) return human_count(h, v);
    return strcpy(h, "–");
}

const char *show_grouped(human h, int64_t n) {
    char   digits[32];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%lld", (long long)n), at = 0;
    for (size_t i = 0; i < len; i++) {
        h[at++] = digits[i];
        size_t left = len - 1 - i;
        if (left && left % 3 == 0 && digits[i] != '-') h[at++] = ',';
    }
    h[at] = 0;
    return h;
}

void show_quoted(char *dst, size_t cap, const char *s, size_t n) {
    size_t at = 0;
    for (size_t i = 0; i < n && at + 12 < cap;) {
        utf8proc_int32_t  point;
        utf8proc_ssize_t k = utf8proc_iterate((const utf8proc_uint8_t *)s + i,
                                              (utf8proc_ssize_t)(n - i), &point);
        unsigned char     byte = (unsigned char)s[i];
        if (k <= 0) {
            at += (size_t)snprintf(dst + at, cap - at, "\\x%02X", byte);
            k = 1;
        } else if (byte == '\n' || byte == '\t' || byte == '\r') {
            at += (size_t)snprintf(dst + at, cap - at, "\\%c",
                                   byte == '\n'   ? 'n'
                                   : byte == '\t' ? 't'
                                                  : 'r');
        } else if (byte == '"' || byte == '\\') {
            at += (size_t)snprintf(dst + at, cap - at, "\\%c", byte);
        } else if (point < 0x20 || (point >= 0x7F && point < 0xA0)) {
            at += (size_t)snprintf(dst + at, cap - at, "\\u%04x", (unsigned)point);
        } else {
            memcpy(dst + at, s + i, (size_t)k);
            at += (size_t)k;
        }
        i += (size_t)k;
    }
    dst[at] = 0;
}

void show_lines(const cli *c, const pare_doc *d, const char *path, const char *label) {
    const pare_doc *a = pare_doc_path(d, path);
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const char *s = pare_doc_str(pare_doc_at(a, i));
        out_printf("%s%s:%s %s\n", ink_on(c, INK_YELLOW), label, ink_off(c), s ? s : "");
    }
}

void show_member(json *j, const char *key, const pare_doc *v) {
    char *text;
    if (pare_doc_text(v, 0, &text, NULL, NULL) != PARE_OK) return;
    js_raw(j, key, text);
    pare_doc_text_free(text);
}

void show_members(json *j, const pare_doc *d) {
    pare_doc_iter it = {0};
    while (pare_doc_next(d, &it)) show_member(j, it.key, it.value);
}
