/* xml.c - elements and attributes as XML text: the same calls, the same bytes. */
#include "doc.h"

static void indent(pr_xml *x) {
    for (int i = 0; i < x->depth; i++) pr_buf_puts(x->to, "  ");
}

/* XML 1.0 has no way to say the other control characters, so they become U+FFFD. */
static void put_escaped(pr_buf *to, const char *s) {
    for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
        if (*p == '&') pr_buf_puts(to, "&amp;");
        else if (*p == '<') pr_buf_puts(to, "&lt;");
        else if (*p == '>') pr_buf_puts(to, "&gt;");
        else if (*p == '"') pr_buf_puts(to, "&quot;");
        else if (*p == '\n' || *p == '\t' || *p == '\r') pr_buf_printf(to, "&#%d;", *p);
        else if (*p < 32) pr_buf_puts(to, "\xef\xbf\xbd");
        else pr_buf_add(to, p, 1);
    }
}

void pr_xml_begin(pr_xml *x, pr_buf *to) {
    *x = (pr_xml){.to = to};
    pr_buf_puts(to, "<?xml version=\"1.0\"?>\n");
}

void pr_xml_open(pr_xml *x, const char *name) {
    if (x->depth == PR_XML_DEPTH) {
        x->to->failed = true;
        return;
    }
    if (x->open) pr_buf_puts(x->to, ">\n");
    indent(x);
    pr_buf_printf(x->to, "<%s", name);
    x->stack[x->depth++] = name;
    x->open = true;
}

void pr_xml_attr(pr_xml *x, const char *name, const char *value) {
    pr_buf_printf(x->to, " %s=\"", name);
    put_escaped(x->to, value);
    pr_buf_puts(x->to, "\"");
}

void pr_xml_attr_i64(pr_xml *x, const char *name, int64_t value) {
    pr_buf_printf(x->to, " %s=\"%lld\"", name, (long long)value);
}

void pr_xml_leaf(pr_xml *x, const char *name, const char *text) {
    pr_xml_open(x, name);
    pr_buf_puts(x->to, ">");
    put_escaped(x->to, text);
    pr_buf_printf(x->to, "</%s>\n", name);
    x->open = false;
    x->depth--;
}

void pr_xml_close(pr_xml *x) {
    if (x->depth == 0) return;
    const char *name = x->stack[--x->depth];
    if (x->open) {
        pr_buf_puts(x->to, "/>\n");
    } else {
        indent(x);
        pr_buf_printf(x->to, "</%s>\n", name);
    }
    x->open = false;
}
