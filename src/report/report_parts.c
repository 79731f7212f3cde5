/* report_parts.c - escaping, looking things up, numbers with their spread. Always true:
 * nothing of a report reaches the page but through pr_html_text or as a number. */
#include "report_parts.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

/* A byte that HTML lets stand. */
static const char *entity(unsigned char c) {
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return c < 0x20 && c != '\n' && c != '\t' ? "\xEF\xBF\xBD"
               : c == 0x7F                        ? "\xEF\xBF\xBD"
                                                  : NULL;
    }
}

void pr_html_text(pr_buf *b, const char *s, size_t n) {
    size_t bad = 0, from = 0;
    if (!pr_utf8_valid(s, n, &bad)) n = bad; /* a tree holds only UTF-8 */
    for (size_t i = 0; i < n; i++) {
        const char *e = entity((unsigned char)s[i]);
        if (!e) continue;
        pr_buf_add(b, s + from, i - from);
        pr_buf_puts(b, e);
        from = i + 1;
    }
    pr_buf_add(b, s + from, n - from);
}

static void put_text(pr_buf *b, const char *s) {
    if (s)
        pr_html_text(b, s, strlen(s));
    else
        pr_buf_puts(b, "–");
}

void pr_html(pr_buf *b, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    for (const char *p = fmt; *p;) {
        size_t plain = strcspn(p, "%");
        pr_buf_add(b, p, plain);
        p += plain;
        if (!*p++) break;
        if (*p == '%') {
            pr_buf_puts(b, "%");
        } else if (*p == 's') {
            put_text(b, va_arg(ap, const char *));
        } else if (*p == 'd') {
            pr_buf_printf(b, "%d", va_arg(ap, int));
        } else if (*p == 'z') {
            pr_buf_printf(b, "%zu", va_arg(ap, size_t));
            p++;
        } else if (*p == '.') {
            pr_buf_printf(b, "%.*f", p[1] - '0', va_arg(ap, double));
            p += 2;
        }
        p++;
    }
    va_end(ap);
}

const char *pr_str_at(const pare_doc *v, const char *path) {
    return pare_doc_str(pare_doc_path(v, path));
}

double pr_num_at(const pare_doc *v, const char *path) {
    return pare_doc_num(pare_doc_path(v, path));
}

static bool same_text(const char *a, const char *b) {
    return a && b ? strcmp(a, b) == 0 : a == b;
}

const pare_doc *pr_metric_at(const pare_doc *variant, const char *name, const char *against) {
    const pare_doc *list = pare_doc_get(variant, "metrics");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *m = pare_doc_at(list, i);
        if (same_text(pr_str_at(m, "name"), name) &&
            same_text(pr_str_at(m, "against"), against))
            return m;
    }
    return NULL;
}

const pare_doc *pr_variant_at(const pare_doc *report, const char *name) {
    const pare_doc *list = pare_doc_get(report, "variants");
    for (size_t i = 0, n = pare_doc_count(list); name && i < n; i++) {
        if (same_text(pr_str_at(pare_doc_at(list, i), "name"), name))
            return pare_doc_at(list, i);
    }
    return NULL;
}

bool pr_names_have(const pare_doc *array, const char *s) {
    for (size_t i = 0, n = pare_doc_count(array); s && i < n; i++) {
        if (same_text(pare_doc_str(pare_doc_at(array, i)), s)) return true;
    }
    return false;
}

void pr_value_shown(const char *name, double v, char *dst, size_t cap) {
    const pr_metric_info none = {.unit = ""};
    const pr_metric_info *info = pr_metric_info_find(name);
    pr_metric_show(info ? info : &none, v, 0, dst, cap);
}

void pr_gap_shown(const char *name, double v, char *dst, size_t cap) {
    const pr_metric_info none = {.unit = ""};
    const pr_metric_info *info = pr_metric_info_find(name);
    pr_metric_show_gap(info ? info : &none, v, dst, cap);
}

void pr_short_shown(double v, char *dst, size_t cap) {
    snprintf(dst, cap, "%.2g", v);
    char *e = strstr(dst, "e-0");
    if (e) memmove(e + 2, e + 3, strlen(e + 3) + 1);
}

/* Cut the unit off "0.78 ms": the value beside it names it already. */
static void unit_drop(char *s) {
    char *space = strrchr(s, ' ');
    if (space) *space = 0;
}

pr_shown pr_metric_shown(const pare_doc *metric) {
    pr_shown out = {.value = "–"};
    const pr_metric_info none = {.unit = ""};
    const pr_metric_info *info = pr_metric_info_find(pr_str_at(metric, "name"));
    double v = pr_num_at(metric, "value"), lo = pr_num_at(metric, "lo"),
           hi = pr_num_at(metric, "hi");
    if (!info) info = &none;
    if (!isfinite(v)) return out;
    out.known = true;
    double half = (hi - lo) / 2;
    if (!isfinite(half) || half <= 0) {
        /* Counted: four digits, zeros kept, so that a column lines up. */
        bool size =
            strcmp(info->unit, "bit") == 0 || (strcmp(info->unit, "B") == 0 && fabs(v) >= 1e4);
        pr_metric_show(info, v, size ? fabs(v) / 100 : 0, out.value, sizeof out.value);
        return out;
    }
    char a[48], z[48];
    bool even = fabs((hi - v) - (v - lo)) < 0.15 * half;
    /* A unit is chosen by size: a spread shown alone would choose its own. */
    bool bytes = strcmp(info->unit, "B") == 0;
    pr_metric_show(info, v, half, out.value, sizeof out.value);
    if (even && !bytes) {
        pr_metric_show(info, half, half, a, sizeof a);
        unit_drop(a);
        snprintf(out.spread, sizeof out.spread, "± %s", a);
    } else {
        pr_metric_show(info, lo, half, a, sizeof a);
        pr_metric_show(info, hi, half, z, sizeof z);
        if (!bytes) unit_drop(a), unit_drop(z);
        snprintf(out.spread, sizeof out.spread, "%.28s – %.28s", a, z);
    }
    return out;
}

bool pr_variant_accepted(const pare_doc *variant) {
    static const char *const keys[] = {"constraints", "gates"};
    for (size_t k = 0; k < PR_COUNT(keys); k++) {
        const pare_doc *list = pare_doc_get(variant, keys[k]);
        for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
            if (!same_text(pr_str_at(pare_doc_at(list, i), "verdict"), "pass")) return false;
        }
    }
    return pare_doc_kind(pare_doc_get(variant, "score")) != PARE_DOC_NULL;
}

void pr_page_section(pr_buf *b, const char *id, const char *title, const char *lead) {
    pr_html(b, "<section id=\"%s\" aria-labelledby=\"h-%s\"><h2 id=\"h-%s\">%s</h2>\n", id, id,
            id, title);
    if (lead) pr_html(b, "<p class=\"lead\">%s</p>\n", lead);
}

void pr_page_table(pr_buf *b, const char *label, const char *class) {
    pr_html(b,
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table "
            "class=\"%s\">",
            label, class);
}
