/* yaml_read.c - YAML that people wrote by hand, as a tree.
 *
 * libyaml gives events; the tree grows from them without recursion, so that depth, values
 * and memory are bounded by what stands here. Always true: no type is guessed from a
 * scalar's looks (`no` is the text "no", 1.0 the text "1.0"), and nothing is expanded. */
#include "node.h"
#include <yaml.h>

enum { BYTES_MAX = 1 << 20, DEPTH_MAX = 32, VALUES_MAX = 100000, KEY_MAX = 255 };

typedef struct {
    pare_doc *node;
    bool keyed; /* `key` waits for its value */
    char key[KEY_MAX + 1];
} level;

typedef struct {
    pr_str text;
    pr_doc_build build;
    pare_doc *top; /* an array that holds the document */
    level at[DEPTH_MAX + 1];
    int depth;
    size_t values;
    int documents;
    pare_err *err;
} reader;

/* Where a line begins, in bytes: libyaml's own index counts characters. */
static int64_t line_pos(pr_str text, size_t line) {
    size_t at = 0;
    while (line > 0 && at < text.n) line -= text.p[at++] == '\n';
    return (int64_t)at;
}

#define FAIL_AT(r, mark, fmt, ...)                                                             \
    pr_fail((r)->err, PARE_EINPUT, line_pos((r)->text, (mark).line), "YAML, line %zu: " fmt,   \
            (mark).line + 1, __VA_ARGS__)

static bool is_null(const yaml_event_t *e) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    const char *s = (const char *)e->data.scalar.value;
    if (e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || e->data.scalar.tag) return false;
    for (size_t i = 0; i < PR_COUNT(words); i++)
        if (strcmp(s, words[i]) == 0) return true;
    return false;
}

static pare_status take_key(reader *r, level *l, const yaml_event_t *e) {
    pr_str k = {(const char *)e->data.scalar.value, e->data.scalar.length};
    if (e->type != YAML_SCALAR_EVENT || k.n > KEY_MAX || memchr(k.p, 0, k.n))
        return FAIL_AT(r, e->start_mark, "a key that is %s",
                       e->type == YAML_SCALAR_EVENT ? "over 255 bytes or holds a zero byte"
                                                    : "no text");
    memcpy(l->key, k.p, k.n);
    l->key[k.n] = 0;
    if (pare_doc_get(l->node, l->key))
        return FAIL_AT(r, e->start_mark, "the key '%.80s' stands twice", l->key);
    l->keyed = true;
    return PARE_OK;
}

static void put_scalar(reader *r, level *l, const yaml_event_t *e) {
    pr_str v = {(const char *)e->data.scalar.value, e->data.scalar.length};
    bool object = pare_doc_kind(l->node) == PARE_DOC_OBJECT;
    if (is_null(e) && object) pr_doc_set_null(&r->build, l->node, l->key);
    else if (is_null(e)) pr_doc_add_null(&r->build, l->node);
    else if (object) pr_doc_set_strn(&r->build, l->node, l->key, v);
    else pr_doc_add_strn(&r->build, l->node, v);
}

static pare_status open_level(reader *r, level *l, const yaml_event_t *e) {
    bool object = pare_doc_kind(l->node) == PARE_DOC_OBJECT,
         mapping = e->type == YAML_MAPPING_START_EVENT;
    if (r->depth == DEPTH_MAX)
        return FAIL_AT(r, e->start_mark, "nested over %d deep, expected at most that",
                       DEPTH_MAX);
    pare_doc *v = object    ? mapping ? pr_doc_set_object(&r->build, l->node, l->key)
                                      : pr_doc_set_array(&r->build, l->node, l->key)
                  : mapping ? pr_doc_add_object(&r->build, l->node)
                            : pr_doc_add_array(&r->build, l->node);
    r->at[++r->depth] = (level){.node = v};
    return v ? PARE_OK : pr_fail_nomem(r->err, 64);
}

/* A scalar, or the start of a list or mapping: as a key, or as a value. */
static pare_status take_value(reader *r, const yaml_event_t *e) {
    level *l = &r->at[r->depth];
    if (++r->values > VALUES_MAX)
        return FAIL_AT(r, e->start_mark, "over %d values, expected at most that", VALUES_MAX);
    if (pare_doc_kind(l->node) == PARE_DOC_OBJECT && !l->keyed) return take_key(r, l, e);
    l->keyed = false;
    if (e->type != YAML_SCALAR_EVENT) return open_level(r, l, e);
    put_scalar(r, l, e);
    return PARE_OK;
}

static pare_status take_event(reader *r, const yaml_event_t *e) {
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (r->documents++)
            return FAIL_AT(r, e->start_mark, "a second document%s", "; expected one");
        return PARE_OK;
    case YAML_ALIAS_EVENT:
        return FAIL_AT(r, e->start_mark, "the alias '*%.40s'; expected the value written out",
                       (const char *)e->data.alias.anchor);
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return take_value(r, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        r->depth--;
        return PARE_OK;
    default:
        return PARE_OK;
    }
}

static pare_status fail_yaml(const reader *r, const yaml_parser_t *y) {
    const char *why = y->problem ? y->problem : "";
    if (y->error == YAML_MEMORY_ERROR) return pr_fail_nomem(r->err, r->text.n);
    if (y->error == YAML_READER_ERROR)
        return pr_fail(r->err, PARE_EINPUT, (int64_t)y->problem_offset, "YAML: %s", why);
    return FAIL_AT(r, y->problem_mark, "%s", why);
}

static pare_status read_events(reader *r, yaml_parser_t *y) {
    for (bool more = true; more;) {
        yaml_event_t e;
        if (!yaml_parser_parse(y, &e)) return fail_yaml(r, y);
        pare_status st = take_event(r, &e);
        more = e.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&e);
        PR_TRY(st);
    }
    return PARE_OK;
}

/* The one value out of the array that held it. */
static pare_status take_out(reader *r, pare_doc **out) {
    pare_doc *whole = NULL;
    PR_TRY(pr_doc_done(&r->build, r->top, &whole, r->err));
    json_t *v = json_array_get(node_json(whole), 0);
    *out = v ? node_doc(json_incref(v)) : node_doc(json_null());
    pare_doc_free(whole);
    return PARE_OK;
}

pare_status pr_yaml_parse(pare_doc **out, const void *text, size_t n, pare_err *err) {
    yaml_parser_t y;
    reader r = {.text = {text, n}, .err = err};
    size_t bad;
    *out = NULL;
    if (n > BYTES_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "YAML of %zu bytes, expected at most %d", n,
                       BYTES_MAX);
    if (!pr_utf8_valid(text, n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "YAML that is not UTF-8");
    if (!yaml_parser_initialize(&y)) return pr_fail_nomem(err, n);
    yaml_parser_set_encoding(&y, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&y, n ? text : (const void *)"", n);
    r.top = pr_doc_array(&r.build);
    r.at[0].node = r.top;
    pare_status st = read_events(&r, &y);
    yaml_parser_delete(&y);
    if (st == PARE_OK) return take_out(&r, out);
    pare_doc_free(r.top);
    return st;
}
