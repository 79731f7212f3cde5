/* xml_read.c - XML that others wrote, element by element, out of the bytes where they lie.
 *
 * Always true: no entity but the five of XML 1.0 and numbers is known, and no document type is
 * read, so nothing grows and nothing is fetched; what is open is a stack of fixed depth. */
#include "doc.h"

static bool blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':' || (c & 0x80);
}

static pare_status bad(const pr_xml_in *x, const char *p, const char *what, pare_err *err) {
    return pr_fail(err, PARE_EINPUT, p - x->start, "no XML: %s", what);
}

static bool begins(const pr_xml_in *x, const char *with) {
    size_t n = strlen(with);
    return (size_t)(x->end - x->p) >= n && memcmp(x->p, with, n) == 0;
}

static void skip_blank(pr_xml_in *x) {
    while (x->p < x->end && blank(*x->p)) x->p++;
}

static pr_str take_name(pr_xml_in *x) {
    pr_str s = {x->p, 0};
    while (x->p < x->end && in_name(*x->p)) x->p++;
    s.n = (size_t)(x->p - s.p);
    return s;
}

/* Behind the next `mark`. */
static pare_status skip_to(pr_xml_in *x, const char *mark, pare_err *err) {
    const char *from = x->p, *at = memmem(x->p, (size_t)(x->end - x->p), mark, strlen(mark));
    if (!at) return bad(x, from, "a comment or an instruction without an end", err);
    x->p = at + strlen(mark);
    return PARE_OK;
}

void pr_xml_read(pr_xml_in *x, const void *p, size_t n) {
    *x = (pr_xml_in){.start = p, .p = p, .end = (const char *)p + n};
    if (n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) x->p += 3;
}

pr_str pr_xml_value(const pr_xml_in *x, const char *key) {
    for (int i = 0; i < x->n_attrs; i++)
        if (pr_str_eq(x->key[i], pr_str_of(key))) return x->value[i];
    return (pr_str){NULL, 0};
}

static pare_status attribute(pr_xml_in *x, pare_err *err) {
    const char *from = x->p;
    pr_str key = take_name(x);
    if (!key.n) return bad(x, from, "expected the name of an attribute", err);
    skip_blank(x);
    if (x->p == x->end || *x->p++ != '=') return bad(x, from, "an attribute without '='", err);
    skip_blank(x);
    char quote = x->p < x->end ? *x->p++ : 0;
    if (quote != '"' && quote != '\'')
        return bad(x, from, "an attribute's value without quotes", err);
    const char *at = memchr(x->p, quote, (size_t)(x->end - x->p));
    if (!at) return bad(x, from, "an attribute's value without an end", err);
    pr_str value = {x->p, (size_t)(at - x->p)};
    if (memchr(value.p, '<', value.n)) return bad(x, from, "'<' in an attribute's value", err);
    x->p = at + 1;
    if (x->p < x->end && in_name(*x->p)) return bad(x, x->p, "no space after an attribute", err);
    for (int i = 0; i < x->n_attrs; i++)
        if (pr_str_eq(x->key[i], key)) return bad(x, from, "an attribute stands twice", err);
    if (x->n_attrs == PR_XML_ATTRS) return bad(x, from, "over 64 attributes in an element", err);
    x->key[x->n_attrs] = key;
    x->value[x->n_attrs++] = value;
    return PARE_OK;
}

static pare_status open_element(pr_xml_in *x, pare_err *err) {
    const char *from = x->p++;
    x->kind = PR_XML_OPEN;
    x->name = take_name(x);
    if (!x->name.n) return bad(x, from, "expected the name of an element", err);
    if (x->depth == 0 && x->had_root) return bad(x, from, "a second root element", err);
    if (x->depth == PR_XML_IN_DEPTH) return bad(x, from, "elements over 32 deep", err);
    for (;;) {
        const char *before = x->p;
        skip_blank(x);
        if (x->p == x->end) return bad(x, from, "an element's tag without an end", err);
        if (*x->p == '>' || begins(x, "/>")) break;
        if (x->p == before) return bad(x, x->p, "expected an attribute or '>'", err);
        PR_TRY(attribute(x, err));
    }
    x->empty = *x->p == '/';
    x->p += x->empty ? 2 : 1;
    x->had_root = true;
    x->open[x->depth++] = x->name;
    return PARE_OK;
}

static pare_status close_element(pr_xml_in *x, pare_err *err) {
    const char *from = x->p;
    x->p += 2;
    x->kind = PR_XML_CLOSE;
    x->name = take_name(x);
    skip_blank(x);
    if (x->p == x->end || *x->p++ != '>')
        return bad(x, from, "an end tag that does not end", err);
    if (x->depth == 0 || !pr_str_eq(x->open[x->depth - 1], x->name))
        return bad(x, from, "an end tag of what is not open", err);
    x->depth--;
    return PARE_OK;
}

static pare_status text(pr_xml_in *x, pare_err *err) {
    const char *from = x->p;
    while (x->p < x->end && *x->p != '<') x->p++;
    x->kind = PR_XML_TEXT;
    x->text = (pr_str){from, (size_t)(x->p - from)};
    while (x->text.n && blank(x->text.p[x->text.n - 1])) x->text.n--;
    while (x->text.n && blank(*x->text.p)) x->text.p++, x->text.n--;
    if (x->text.n && x->depth == 0) return bad(x, from, "text outside the root element", err);
    return PARE_OK;
}

pare_status pr_xml_next(pr_xml_in *x, pare_err *err) {
    x->n_attrs = 0;
    x->text = (pr_str){NULL, 0};
    if (x->empty) { /* <a/> closes, too */
        x->empty = false;
        x->kind = PR_XML_CLOSE;
        x->name = x->open[--x->depth];
        return PARE_OK;
    }
    while (x->p < x->end) {
        if (begins(x, "<!--")) {
            x->p += 4;
            PR_TRY(skip_to(x, "-->", err));
        } else if (begins(x, "<?")) {
            PR_TRY(skip_to(x, "?>", err));
        } else if (begins(x, "<!")) {
            return pr_fail(err, PARE_EUNSUPPORTED, x->p - x->start,
                           "XML with a document type or CDATA is not read");
        } else if (begins(x, "</")) {
            return close_element(x, err);
        } else if (*x->p == '<') {
            return open_element(x, err);
        } else {
            PR_TRY(text(x, err));
            if (x->text.n) return PARE_OK;
        }
    }
    if (x->depth) return bad(x, x->end, "it ends inside an element: cut off?", err);
    if (!x->had_root) return bad(x, x->end, "no element", err);
    x->kind = PR_XML_END;
    return PARE_OK;
}

/* ------------------------------------------------------------------ text */

/* "lt" and "#60" → a character; 0: another entity. */
static uint32_t entity(pr_str s) {
    static const struct {
        const char *name;
        char c;
    } known[] = {{"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
    uint32_t v = 0, base = 10;
    size_t i = 1;
    for (size_t k = 0; k < PR_COUNT(known); k++)
        if (pr_str_eq(s, pr_str_of(known[k].name))) return (uint32_t)known[k].c;
    if (s.n < 2 || s.n > 9 || s.p[0] != '#') return 0;
    if (s.p[1] == 'x') base = 16, i = 2;
    for (; i < s.n; i++) {
        char c = s.p[i];
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                            : 99;
        if (d >= base) return 0;
        v = v * base + d;
    }
    return v < 0xD800 || (v > 0xDFFF && v < 0x110000) ? v : 0;
}

static char *put_utf8(char *to, uint32_t c) {
    if (c < 0x80) return *to++ = (char)c, to;
    if (c < 0x800) return *to++ = (char)(0xC0 | c >> 6), *to++ = (char)(0x80 | (c & 63)), to;
    if (c < 0x10000) *to++ = (char)(0xE0 | c >> 12);
    else *to++ = (char)(0xF0 | c >> 18), *to++ = (char)(0x80 | (c >> 12 & 63));
    *to++ = (char)(0x80 | (c >> 6 & 63));
    *to++ = (char)(0x80 | (c & 63));
    return to;
}

/* An entity takes more room than its character: "&lt;" is the shortest, "&#65536;" is longer than
 * four bytes. */
pare_status pr_xml_plain(const pr_xml_in *x, pr_str raw, pr_arena *a, const char **out,
                         pare_err *err) {
    char *to = pr_arena_str(a, raw.p ? raw.p : "", raw.n);
    *out = to;
    if (!to) return pr_fail_nomem(err, raw.n);
    for (size_t i = 0; i < raw.n;) {
        if (raw.p[i] == 0) return bad(x, raw.p + i, "a NUL", err);
        if (raw.p[i] != '&') {
            *to++ = raw.p[i++];
            continue;
        }
        const char *end = memchr(raw.p + i, ';', PR_MIN(raw.n - i, (size_t)12));
        uint32_t c =
            end ? entity((pr_str){raw.p + i + 1, (size_t)(end - raw.p) - i - 1}) : 0;
        if (!c) return bad(x, raw.p + i, "an entity that is not XML's own", err);
        to = put_utf8(to, c);
        i = (size_t)(end - raw.p) + 1;
    }
    *to = 0;
    return PARE_OK;
}
