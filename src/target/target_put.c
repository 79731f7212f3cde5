/* target_put.c - a target as YAML and as a document, and the present machine as a target. */
#include "fields.h"
#include <math.h>
#include <stdio.h>

/* ---- YAML ---- */

/* The code point of the valid UTF-8 at *p, which moves past it. */
static uint32_t code_point(const unsigned char **p) {
    uint32_t c = *(*p)++;
    int      more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    if (more) c &= 0x3fu >> more;
    for (; more; more--) c = c << 6 | (*(*p)++ & 0x3fu);
    return c;
}

/* In double quotes, as ASCII: YAML folds or refuses some characters as they are, and escapes hold
 * all. A byte that is no UTF-8 becomes U+FFFD, as in documents. */
static void put_text(pr_buf *b, const char *s) {
    const unsigned char *p = (const unsigned char *)s;
    pr_buf_puts(b, "\"");
    while (*p) {
        size_t bad;
        if (*p >= 0x80 && !pr_utf8_valid((const char *)p, strlen((const char *)p), &bad) &&
            bad == 0) {
            pr_buf_puts(b, "\\uFFFD");
            p++;
            continue;
        }
        uint32_t c = code_point(&p);
        if (c == '"' || c == '\\') pr_buf_printf(b, "\\%c", (char)c);
        else if (c >= 0x20 && c < 0x7f) pr_buf_printf(b, "%c", (char)c);
        else pr_buf_printf(b, c > 0xffff ? "\\U%08X" : "\\u%04X", (unsigned)c);
    }
    pr_buf_puts(b, "\"");
}

static void put_line(pr_buf *b, const char *s) {
    pr_buf_puts(b, " ");
    put_text(b, s);
    pr_buf_puts(b, "\n");
}

/* As few digits as read back to the same number. */
static void put_number(pr_buf *b, double v) {
    char text[40];
    for (int digits = 6; digits <= 17; digits++) {
        double back;
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (pr_parse_f64(text, -1e300, 1e300, &back) && back == v) break;
    }
    pr_buf_printf(b, "%s\n", text);
}

static void put_key(pr_buf *b, int indent, const char *key) {
    pr_buf_printf(b, "%*s%s:", indent, "", key);
}

static void put_words(pr_buf *b, const char **words, size_t n) {
    pr_buf_puts(b, " [");
    for (size_t i = 0; i < n; i++) {
        if (i) pr_buf_puts(b, ", ");
        put_text(b, words[i]);
    }
    pr_buf_puts(b, "]\n");
}

static void put_peak(pr_buf *b, int indent, const pr_peak *p) {
    pr_buf_puts(b, "\n");
    put_key(b, indent + 2, "value");
    pr_buf_puts(b, " ");
    put_number(b, p->value);
    if (!isnan(p->lo)) {
        put_key(b, indent + 2, "lo");
        pr_buf_puts(b, " ");
        put_number(b, p->lo);
        put_key(b, indent + 2, "hi");
        pr_buf_puts(b, " ");
        put_number(b, p->hi);
    }
    put_key(b, indent + 2, "basis");
    pr_buf_puts(b, p->basis == PR_BASIS_MEASURED ? " measured\n" : " stated\n");
    if (!p->source) return;
    put_key(b, indent + 2, "source");
    put_line(b, p->source);
}

static bool is_told(const target_field *f, const void *obj) {
    const void *at = field_at(f, obj);
    switch (f->kind) {
    case FIELD_TEXT:
    case FIELD_KIND:
    case FIELD_OS:
        return *(const char *const *)at != NULL;
    case FIELD_COUNT:
    case FIELD_BYTES:
        return *(const int64_t *)at >= 0;
    case FIELD_NUMBER:
    case FIELD_RATE:
        return !isnan(*(const double *)at);
    case FIELD_YES:
        return *(const int *)at >= 0;
    case FIELD_BYTE_PEAK:
    case FIELD_OP_PEAK:
        return ((const pr_peak *)at)->basis != PR_BASIS_NONE;
    case FIELD_WORDS:
        return *(const char **const *)at != NULL;
    default:
        return true;
    }
}

static size_t words_n(const void *at) {
    return *(const size_t *)(const void *)((const char *)at + sizeof(const char **));
}

static const char *word_of(const target_field *f, const void *at) {
    switch (f->kind) {
    case FIELD_PLATFORM:
        return pr_platform_name(*(const pr_platform *)at);
    case FIELD_ACCEL:
        return target_accel_word(*(const pr_accel_kind *)at);
    case FIELD_STATE:
        return pr_accel_state_name(*(const pr_accel_state *)at);
    case FIELD_YES:
        return *(const int *)at ? "yes" : "no";
    default:
        return *(const char *const *)at;
    }
}

static void put_field(pr_buf *b, int indent, const target_field *f, const void *obj) {
    const void *at = field_at(f, obj);
    if (!is_told(f, obj)) return;
    put_key(b, indent, f->key);
    switch (f->kind) {
    case FIELD_TEXT:
        put_line(b, word_of(f, at));
        break;
    case FIELD_COUNT:
    case FIELD_BYTES:
        pr_buf_printf(b, " %lld\n", (long long)*(const int64_t *)at);
        break;
    case FIELD_NUMBER:
    case FIELD_RATE:
        pr_buf_puts(b, " ");
        put_number(b, *(const double *)at);
        break;
    case FIELD_BYTE_PEAK:
    case FIELD_OP_PEAK:
        put_peak(b, indent, at);
        break;
    case FIELD_WORDS:
        put_words(b, *(const char **const *)at, words_n(at));
        break;
    default:
        pr_buf_printf(b, " %s\n", word_of(f, at));
    }
}

static bool section_told(const char *section, const pr_target *t) {
    for (size_t i = 0; i < target_n_fields; i++)
        if (target_fields[i].section && strcmp(target_fields[i].section, section) == 0 &&
            is_told(&target_fields[i], t))
            return true;
    return false;
}

static void put_accel(pr_buf *b, const pr_target_accel *x) {
    pr_buf_puts(b, "  -\n");
    for (size_t i = 0; i < target_n_accel_fields; i++)
        put_field(b, 4, &target_accel_fields[i], x);
}

void pr_target_put(const pr_target *t, pr_buf *b) {
    const char *section = NULL;
    pr_buf_puts(b, "schema: 1\n");
    for (size_t i = 0; i < target_n_fields; i++) {
        const target_field *f = &target_fields[i];
        if (f->section && (!section || strcmp(section, f->section) != 0) &&
            section_told(f->section, t))
            pr_buf_printf(b, "%s:\n", f->section);
        section = f->section;
        put_field(b, f->section ? 2 : 0, f, t);
    }
    if (t->n_accels) pr_buf_puts(b, "accelerators:\n");
    for (size_t i = 0; i < t->n_accels; i++) put_accel(b, &t->accels[i]);
}

/* ---- a document ---- */

static void doc_num(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v)) pr_doc_set_f64(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void doc_peak(pr_doc_build *b, pare_doc *o, const char *key, const pr_peak *p) {
    if (p->basis == PR_BASIS_NONE) {
        pr_doc_set_null(b, o, key);
        return;
    }
    pare_doc *d = pr_doc_set_object(b, o, key);
    doc_num(b, d, "value", p->value);
    doc_num(b, d, "lo", p->lo);
    doc_num(b, d, "hi", p->hi);
    pr_doc_set_str(b, d, "basis", p->basis == PR_BASIS_MEASURED ? "measured" : "stated");
    if (p->source) pr_doc_set_path(b, d, "source", p->source);
    else pr_doc_set_null(b, d, "source");
}

static void doc_field(pr_doc_build *b, pare_doc *o, const target_field *f, const void *obj) {
    const void *at = field_at(f, obj);
    pare_doc   *list;
    if (!is_told(f, obj)) {
        pr_doc_set_null(b, o, f->key);
        return;
    }
    switch (f->kind) {
    case FIELD_COUNT:
    case FIELD_BYTES:
        pr_doc_set_i64(b, o, f->key, *(const int64_t *)at);
        break;
    case FIELD_NUMBER:
    case FIELD_RATE:
        doc_num(b, o, f->key, *(const double *)at);
        break;
    case FIELD_YES:
        pr_doc_set_bool(b, o, f->key, *(const int *)at == 1);
        break;
    case FIELD_BYTE_PEAK:
    case FIELD_OP_PEAK:
        doc_peak(b, o, f->key, at);
        break;
    case FIELD_WORDS:
        list = pr_doc_set_array(b, o, f->key);
        for (size_t i = 0; i < words_n(at); i++)
            pr_doc_add_path(b, list, (*(const char **const *)at)[i]);
        break;
    default:
        pr_doc_set_path(b, o, f->key, word_of(f, at));
    }
}

static void doc_bound(pr_doc_build *b, pare_doc *o, const char *key, pr_target_bound bound) {
    if (!bound.why) {
        pr_doc_set_null(b, o, key);
        return;
    }
    pare_doc *d = pr_doc_set_object(b, o, key);
    doc_num(b, d, "value", bound.value);
    pr_doc_set_str(b, d, "why", bound.why);
}

void pr_target_doc(const pr_target *t, pr_doc_build *b, pare_doc *obj) {
    const char      *section = NULL;
    pare_doc        *o = obj, *list;
    pr_target_bounds bounds = pr_target_bounds_of(t);
    if (t->source) pr_doc_set_path(b, obj, "source", t->source);
    for (size_t i = 0; i < target_n_fields; i++) {
        const target_field *f = &target_fields[i];
        if (!f->section) o = obj;
        else if (!section || strcmp(section, f->section) != 0)
            o = pr_doc_set_object(b, obj, f->section);
        section = f->section;
        doc_field(b, o, f, t);
    }
    list = pr_doc_set_array(b, obj, "accelerators");
    for (size_t i = 0; i < t->n_accels; i++) {
        o = pr_doc_add_object(b, list);
        for (size_t k = 0; k < target_n_accel_fields; k++)
            doc_field(b, o, &target_accel_fields[k], &t->accels[i]);
    }
    o = pr_doc_set_object(b, obj, "bounds");
    doc_bound(b, o, "file_bytes", bounds.file);
    doc_bound(b, o, "memory_bytes", bounds.memory);
    doc_bound(b, o, "download_bytes", bounds.download);
    doc_bound(b, o, "watts", bounds.watts);
    doc_bound(b, o, "latency_ms", bounds.latency);
}
