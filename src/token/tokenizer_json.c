/* tokenizer_json.c - reads tokenizer.json (of the `tokenizers` library) and
 * tokenizer_config.json (of `transformers`) into the description.
 *
 * The only file of this room that knows a JSON library. A component that is not
 * read here is an error that names it and lists those that are. */
#include <jansson.h>
#include <utf8proc.h>
#include "vocab.h"

#define SRC "tokenizer.json"

enum { DEPTH_MAX = 8 }; /* of sequences in sequences */

static pr_str str_of(const json_t *j) {
    return json_is_string(j) ? (pr_str){json_string_value(j), json_string_length(j)}
                             : (pr_str){NULL, 0};
}

/* A copy in the tokenizer's arena. */
static pare_status keep(pr_tokenizer *t, const json_t *j, const char *what, pr_str *out,
                        pare_err *err) {
    pr_str s = str_of(j);
    if (!s.p) return pr_fail(err, PARE_EINPUT, -1, SRC ": %s: expected a text", what);
    *out = (pr_str){pr_arena_str(t->arena, s.p, s.n), s.n};
    return out->p ? PARE_OK : pr_fail_nomem(err, s.n);
}

static bool flag(const json_t *o, const char *key, bool dflt) {
    const json_t *j = json_object_get(o, key);
    return json_is_boolean(j) ? json_is_true(j) : dflt;
}

static const char *type_of(const json_t *o) {
    const char *s = json_string_value(json_object_get(o, "type"));
    return s ? s : "";
}

static pare_status unknown(const char *where, const char *type, const char *known, pare_err *err) {
    return pr_fail(err, PARE_EUNSUPPORTED, -1, SRC ": %s type '%.64s' is not known; known are %s",
                   where, type, known);
}

static pare_status parse(json_t **out, pr_str text, const char *file, pare_err *err) {
    json_error_t e;
    *out = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
    if (!*out)
        return pr_fail(err, PARE_EINPUT, e.position, "%s: line %d: %s", file, e.line, e.text);
    if (!json_is_object(*out)) {
        json_decref(*out);
        *out = NULL;
        return pr_fail(err, PARE_EINPUT, 0, "%s: expected an object", file);
    }
    return PARE_OK;
}

/* ---------------------------------------------------------------- normalizer */

static const char norm_known[] = "Sequence, NFC, NFD, NFKC, NFKD, Prepend, Replace, Strip, "
                                 "Lowercase, StripAccents";

/* {"String": s} or {"Regex": r}. */
static pare_status read_pattern(pr_tokenizer *t, const json_t *o, pr_str *text, bool *regex,
                                pare_err *err) {
    const json_t *p = json_object_get(o, "pattern");
    const json_t *s = json_object_get(p, "String"), *r = json_object_get(p, "Regex");
    *regex = r != NULL;
    if (!s == !r) return pr_fail(err, PARE_EINPUT, -1, SRC ": pattern: expected String or Regex");
    return keep(t, r ? r : s, "pattern", text, err);
}

static pare_status norm_add(pr_vocab *v, pr_norm_step s, pare_err *err) {
    if (v->n_norm == PR_STEPS_MAX)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, SRC ": normalizer: more than %d steps",
                       PR_STEPS_MAX);
    v->norm[v->n_norm++] = s;
    return PARE_OK;
}

static pare_status norm_replace(pr_tokenizer *t, const json_t *o, pare_err *err) {
    pr_norm_step s = {.op = PR_NORM_REPLACE};
    bool         regex;
    PR_TRY(read_pattern(t, o, &s.from, &regex, err));
    PR_TRY(keep(t, json_object_get(o, "content"), "Replace: content", &s.to, err));
    if (regex) s.op = PR_NORM_REGEX;
    if (!regex && !s.from.n)
        return pr_fail(err, PARE_EINPUT, -1, SRC ": Replace: an empty pattern");
    return norm_add(&t->v, s, err);
}

static pare_status read_norm(pr_tokenizer *t, const json_t *o, int depth, pare_err *err) {
    static const struct {
        const char *name;
        int         form;
    } forms[] = {{"NFC", UTF8PROC_COMPOSE},
                 {"NFD", UTF8PROC_DECOMPOSE},
                 {"NFKC", UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
                 {"NFKD", UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT}};
    if (!o || json_is_null(o)) return PARE_OK;
    const char  *type = type_of(o);
    pr_norm_step s = {.op = PR_NORM_FORM};
    for (size_t i = 0; i < PR_COUNT(forms); i++) {
        if (strcmp(type, forms[i].name) != 0) continue;
        s.form = forms[i].form;
        return norm_add(&t->v, s, err);
    }
    if (strcmp(type, "Sequence") == 0 && depth < DEPTH_MAX) {
        const json_t *list = json_object_get(o, "normalizers");
        for (size_t i = 0; i < json_array_size(list); i++)
            PR_TRY(read_norm(t, json_array_get(list, i), depth + 1, err));
        return PARE_OK;
    }
    if (strcmp(type, "Replace") == 0) return norm_replace(t, o, err);
    if (strcmp(type, "Prepend") == 0) {
        s.op = PR_NORM_PREPEND;
        PR_TRY(keep(t, json_object_get(o, "prepend"), "Prepend", &s.to, err));
    } else if (strcmp(type, "Strip") == 0) {
        s.op = PR_NORM_STRIP;
        s.left = flag(o, "strip_left", true);
        s.right = flag(o, "strip_right", true);
    } else if (strcmp(type, "Lowercase") == 0)
        s.op = PR_NORM_LOWER;
    else if (strcmp(type, "StripAccents") == 0)
        s.op = PR_NORM_NO_MARKS;
    else
        return unknown("normalizer", type, norm_known, err);
    return norm_add(&t->v, s, err);
}

/* ------------------------------------------------------------- pre_tokenizer */

static const char pre_known[] = "Sequence, ByteLevel, Split, Digits, Punctuation, Metaspace, "
                                "Whitespace, WhitespaceSplit";

static pare_status read_cut(const json_t *o, pr_cut dflt, pr_cut *out, pare_err *err) {
    static const char *const names[] = {"Isolated", "Removed", "MergedWithPrevious",
                                        "MergedWithNext", "Contiguous"};
    const json_t *j = json_object_get(o, "behavior");
    *out = dflt;
    if (!j) return PARE_OK;
    const char *s = json_string_value(j);
    for (size_t i = 0; s && i < PR_COUNT(names); i++)
        if (strcmp(s, names[i]) == 0) return *out = (pr_cut)i, PARE_OK;
    return unknown("pre_tokenizer: behavior", s ? s : "?",
                   "Isolated, Removed, MergedWithPrevious, MergedWithNext, Contiguous", err);
}

static pare_status pre_byte_level(pr_tokenizer *t, const json_t *o, pare_err *err) {
    t->v.byte_level = true;
    if (flag(o, "add_prefix_space", true))
        PR_TRY(pr_pre_add(&t->v, (pr_pre_step){.op = PR_PRE_PREFIX_SPACE}, err));
    if (!flag(o, "use_regex", true)) return PARE_OK;
    return pr_pre_add(&t->v, (pr_pre_step){.op = PR_PRE_SPLIT, .pattern = PR_STR(PR_GPT2_PATTERN)},
                      err);
}

/* A literal text as a pattern: every character by its number. */
static pare_status quote(pr_tokenizer *t, pr_str s, pr_str *out, pare_err *err) {
    pr_buf b;
    pr_buf_init(&b, PR_PATTERN_MAX);
    for (size_t i = 0; i < s.n;) {
        uint32_t len;
        pr_buf_printf(&b, "\\x{%X}", pr_utf8_at(s.p + i, &len));
        i += len;
    }
    *out = (pr_str){b.p ? pr_arena_str(t->arena, b.p, b.n) : "", b.n};
    pare_status st = b.failed || !out->p ? pr_fail_nomem(err, s.n) : PARE_OK;
    pr_buf_done(&b);
    return st;
}

static pare_status pre_split(pr_tokenizer *t, const json_t *o, pare_err *err) {
    pr_pre_step s = {.op = PR_PRE_SPLIT, .invert = flag(o, "invert", false)};
    bool        regex;
    PR_TRY(read_pattern(t, o, &s.pattern, &regex, err));
    PR_TRY(read_cut(o, PR_CUT_ISOLATED, &s.cut, err));
    if (!s.pattern.n) return pr_fail(err, PARE_EINPUT, -1, SRC ": Split: an empty pattern");
    if (!regex) PR_TRY(quote(t, s.pattern, &s.pattern, err));
    return pr_pre_add(&t->v, s, err);
}

/* The mark, and whether it is put before a text; older files say add_prefix_space. */
static pare_status read_metaspace(pr_tokenizer *t, const json_t *o, pr_str *mark, int *prepend,
                                  pare_err *err) {
    *mark = PR_STR("\xE2\x96\x81");
    if (json_object_get(o, "replacement"))
        PR_TRY(keep(t, json_object_get(o, "replacement"), "Metaspace: replacement", mark, err));
    const char *s = json_string_value(json_object_get(o, "prepend_scheme"));
    *prepend = flag(o, "add_prefix_space", true) ? PR_PREPEND_ALWAYS : PR_PREPEND_NEVER;
    if (!s) return PARE_OK;
    if (strcmp(s, "always") == 0)
        *prepend = PR_PREPEND_ALWAYS;
    else if (strcmp(s, "first") == 0)
        *prepend = PR_PREPEND_FIRST;
    else if (strcmp(s, "never") == 0)
        *prepend = PR_PREPEND_NEVER;
    else
        return unknown("Metaspace: prepend_scheme", s, "always, first, never", err);
    return PARE_OK;
}

static pare_status pre_metaspace(pr_tokenizer *t, const json_t *o, pare_err *err) {
    pr_pre_step s = {.op = PR_PRE_METASPACE};
    int         prepend;
    PR_TRY(read_metaspace(t, o, &s.pattern, &prepend, err));
    s.prepend = prepend == PR_PREPEND_ALWAYS  ? PR_PREPEND_ALWAYS
                : prepend == PR_PREPEND_FIRST ? PR_PREPEND_FIRST
                                              : PR_PREPEND_NEVER;
    PR_TRY(pr_pre_add(&t->v, s, err));
    if (!flag(o, "split", true)) return PARE_OK;
    pr_pre_step cut = {.op = PR_PRE_SPLIT, .cut = PR_CUT_WITH_NEXT};
    PR_TRY(quote(t, s.pattern, &cut.pattern, err));
    return pr_pre_add(&t->v, cut, err);
}

static pare_status read_pre(pr_tokenizer *t, const json_t *o, int depth, pare_err *err) {
    if (!o || json_is_null(o)) return PARE_OK;
    const char *type = type_of(o);
    if (strcmp(type, "Sequence") == 0 && depth < DEPTH_MAX) {
        const json_t *list = json_object_get(o, "pretokenizers");
        for (size_t i = 0; i < json_array_size(list); i++)
            PR_TRY(read_pre(t, json_array_get(list, i), depth + 1, err));
        return PARE_OK;
    }
    if (t->v.byte_level)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       SRC ": pre_tokenizer type '%.64s' behind ByteLevel, expected it last", type);
    if (strcmp(type, "ByteLevel") == 0) return pre_byte_level(t, o, err);
    if (strcmp(type, "Split") == 0) return pre_split(t, o, err);
    if (strcmp(type, "Metaspace") == 0) return pre_metaspace(t, o, err);
    pr_pre_step s = {.op = PR_PRE_SPLIT};
    if (strcmp(type, "Digits") == 0)
        s.pattern = flag(o, "individual_digits", false) ? PR_STR("\\p{N}") : PR_STR("\\p{N}+");
    else if (strcmp(type, "Punctuation") == 0) {
        s.pattern = PR_STR("[\\p{P}$+<=>\\^`|~]");
        PR_TRY(read_cut(o, PR_CUT_ISOLATED, &s.cut, err));
    } else if (strcmp(type, "Whitespace") == 0) {
        s = (pr_pre_step){.op = PR_PRE_SPLIT, .pattern = PR_STR("\\w+|[^\\w\\s]+"),
                          .cut = PR_CUT_REMOVED, .invert = true};
    } else if (strcmp(type, "WhitespaceSplit") == 0) {
        s.pattern = PR_STR("\\s");
        s.cut = PR_CUT_REMOVED;
    } else
        return unknown("pre_tokenizer", type, pre_known, err);
    return pr_pre_add(&t->v, s, err);
}

/* ------------------------------------------------------------------- decoder */

static const char dec_known[] =
    "Sequence, ByteLevel, Replace, ByteFallback, Fuse, Strip, Metaspace";

static pare_status dec_add(pr_vocab *v, pr_dec_step s, pare_err *err) {
    if (v->n_dec == PR_STEPS_MAX)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, SRC ": decoder: more than %d steps",
                       PR_STEPS_MAX);
    v->dec[v->n_dec++] = s;
    return PARE_OK;
}

static bool dec_has(const pr_vocab *v, int op) {
    for (uint32_t i = 0; i < v->n_dec; i++)
        if ((int)v->dec[i].op == op) return true;
    return false;
}

static pare_status dec_strip(pr_tokenizer *t, const json_t *o, pare_err *err) {
    pr_dec_step s = {.op = PR_DEC_STRIP};
    PR_TRY(keep(t, json_object_get(o, "content"), "Strip: content", &s.from, err));
    s.start = (uint32_t)json_integer_value(json_object_get(o, "start"));
    s.stop = (uint32_t)json_integer_value(json_object_get(o, "stop"));
    if (s.stop && dec_has(&t->v, PR_DEC_FUSE))
        return pr_fail(err, PARE_EUNSUPPORTED, -1, SRC ": decoder: Strip of the end behind Fuse");
    return dec_add(&t->v, s, err);
}

/* Only the orders that exist in the field can be decoded token by token. */
static pare_status dec_order(const pr_vocab *v, const char *type, pare_err *err) {
    bool late = dec_has(v, PR_DEC_FUSE) && strcmp(type, "Strip") != 0 && strcmp(type, "Fuse") != 0;
    if (late || (dec_has(v, PR_DEC_BYTE_LEVEL) && strcmp(type, "Fuse") != 0))
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       SRC ": decoder: '%.64s' behind Fuse or ByteLevel", type);
    return PARE_OK;
}

static pare_status read_dec(pr_tokenizer *t, const json_t *o, int depth, pare_err *err) {
    if (!o || json_is_null(o)) return dec_add(&t->v, (pr_dec_step){.op = PR_DEC_SPACES}, err);
    const char *type = type_of(o);
    if (strcmp(type, "Sequence") == 0 && depth < DEPTH_MAX) {
        const json_t *list = json_object_get(o, "decoders");
        for (size_t i = 0; i < json_array_size(list); i++)
            PR_TRY(read_dec(t, json_array_get(list, i), depth + 1, err));
        return PARE_OK;
    }
    PR_TRY(dec_order(&t->v, type, err));
    pr_dec_step s = {.op = PR_DEC_FUSE};
    if (strcmp(type, "Strip") == 0) return dec_strip(t, o, err);
    if (strcmp(type, "ByteLevel") == 0)
        s.op = PR_DEC_BYTE_LEVEL;
    else if (strcmp(type, "ByteFallback") == 0)
        s.op = PR_DEC_BYTE_FALLBACK;
    else if (strcmp(type, "Metaspace") == 0) {
        int prepend;
        s.op = PR_DEC_METASPACE;
        PR_TRY(read_metaspace(t, o, &s.from, &prepend, err));
        s.prepend = prepend != PR_PREPEND_NEVER;
    } else if (strcmp(type, "Replace") == 0) {
        bool regex;
        s.op = PR_DEC_REPLACE;
        PR_TRY(read_pattern(t, o, &s.from, &regex, err));
        if (regex) return unknown("decoder: Replace: pattern", "Regex", "String", err);
        PR_TRY(keep(t, json_object_get(o, "content"), "Replace: content", &s.to, err));
    } else if (strcmp(type, "Fuse") != 0)
        return unknown("decoder", type, dec_known, err);
    return dec_add(&t->v, s, err);
}

/* ------------------------------------------------------------ post_processor */

static pare_status frame_add(pr_vocab *v, bool after, uint32_t id, pare_err *err) {
    uint32_t *n = after ? &v->n_after : &v->n_before;
    if (*n == PR_FRAME_MAX)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, SRC ": post_processor: more than %d ids",
                       PR_FRAME_MAX);
    (after ? v->after : v->before)[(*n)++] = id;
    return PARE_OK;
}

static pare_status template_ids(pr_vocab *v, const json_t *o, const char *name, bool after,
                                pare_err *err) {
    const json_t *ids = json_object_get(
        json_object_get(json_object_get(o, "special_tokens"), name), "ids");
    if (!json_array_size(ids))
        return pr_fail(err, PARE_EINPUT, -1, SRC ": post_processor: no ids for '%.64s'", name);
    for (size_t i = 0; i < json_array_size(ids); i++) {
        const json_t *id = json_array_get(ids, i);
        if (!json_is_integer(id) || json_integer_value(id) < 0 ||
            json_integer_value(id) >= PR_VOCAB_MAX)
            return pr_fail(err, PARE_EINPUT, -1, SRC ": post_processor: a bad id for '%.64s'",
                           name);
        PR_TRY(frame_add(v, after, (uint32_t)json_integer_value(id), err));
    }
    return PARE_OK;
}

/* A pair's separator, if it has any: 0, as none of the families here puts one that
 * a GGUF reader would. */
static void note_pair(pr_vocab *v, const json_t *o) {
    const json_t *pair = json_object_get(o, "pair");
    size_t        a = SIZE_MAX, b = SIZE_MAX;
    for (size_t i = 0; i < json_array_size(pair); i++) {
        const char *id = json_string_value(
            json_object_get(json_object_get(json_array_get(pair, i), "Sequence"), "id"));
        if (id && strcmp(id, "A") == 0) a = i;
        if (id && strcmp(id, "B") == 0) b = i;
    }
    if (a != SIZE_MAX && b != SIZE_MAX && b > a + 1) v->says_sep = 0;
}

static pare_status post_template(pr_vocab *v, const json_t *o, pare_err *err) {
    const json_t *single = json_object_get(o, "single");
    bool          after = false;
    note_pair(v, o);
    for (size_t i = 0; i < json_array_size(single); i++) {
        const json_t *piece = json_array_get(single, i);
        const char   *name =
            json_string_value(json_object_get(json_object_get(piece, "SpecialToken"), "id"));
        if (json_object_get(piece, "Sequence")) {
            if (after) return unknown("post_processor", "a text twice", "one Sequence A", err);
            after = true;
        } else if (name)
            PR_TRY(template_ids(v, o, name, after, err));
        else
            return pr_fail(err, PARE_EINPUT, -1, SRC ": post_processor: piece %zu", i);
    }
    return PARE_OK;
}

static pare_status read_post(pr_tokenizer *t, const json_t *o, int depth, pare_err *err) {
    if (!o || json_is_null(o)) return PARE_OK;
    const char *type = type_of(o);
    if (strcmp(type, "ByteLevel") == 0) { /* only moves offsets */
        if (t->v.says_bos < 0) t->v.says_bos = 0;
        if (t->v.says_eos < 0) t->v.says_eos = 0;
        return PARE_OK;
    }
    if (strcmp(type, "TemplateProcessing") == 0) return post_template(&t->v, o, err);
    if (strcmp(type, "Sequence") == 0 && depth < DEPTH_MAX) {
        const json_t *list = json_object_get(o, "processors");
        for (size_t i = 0; i < json_array_size(list); i++)
            PR_TRY(read_post(t, json_array_get(list, i), depth + 1, err));
        return PARE_OK;
    }
    return unknown("post_processor", type, "Sequence, ByteLevel, TemplateProcessing", err);
}

/* --------------------------------------------------------------------- model */

static bool id_ok(const json_t *j) {
    return json_is_integer(j) && json_integer_value(j) >= 0 && json_integer_value(j) < PR_VOCAB_MAX;
}

/* Largest id + 1 over the vocabulary and the added tokens. */
static pare_status count_ids(json_t *vocab, const json_t *added, uint64_t *n, pare_err *err) {
    const char *key;
    json_t     *j;
    *n = 0;
    json_object_foreach(vocab, key, j) {
        if (!id_ok(j))
            return pr_fail(err, PARE_EINPUT, -1, SRC ": vocab: '%.64s' has no good id", key);
        *n = PR_MAX(*n, (uint64_t)json_integer_value(j) + 1);
    }
    for (size_t i = 0; i < json_array_size(added); i++) {
        j = json_object_get(json_array_get(added, i), "id");
        if (!id_ok(j))
            return pr_fail(err, PARE_EINPUT, -1, SRC ": added_tokens: entry %zu has no good id",
                           i);
        *n = PR_MAX(*n, (uint64_t)json_integer_value(j) + 1);
    }
    /* Holes are fine, a desert is not: it is memory for nothing. */
    if (*n > 1000000 && *n > 64 * ((uint64_t)json_object_size(vocab) + json_array_size(added)))
        return pr_fail(err, PARE_EINPUT, -1, SRC ": ids up to %llu for %zu tokens",
                       (unsigned long long)(*n - 1), json_object_size(vocab));
    return PARE_OK;
}

static pare_status read_vocab(pr_tokenizer *t, json_t *vocab, pare_err *err) {
    const char *key;
    size_t      len;
    json_t     *j;
    pr_vocab   *v = &t->v;
    json_object_keylen_foreach(vocab, key, len, j) {
        uint32_t id = (uint32_t)json_integer_value(j);
        if (v->text[id].p)
            return pr_fail(err, PARE_EINPUT, -1,
                           SRC ": vocab: '%.64s' and '%.64s' both have the id %u",
                           v->text[id].p, key, id);
        v->text[id] = (pr_str){pr_arena_str(t->arena, key, len), len};
        if (!v->text[id].p) return pr_fail_nomem(err, len);
        v->type[id] = PR_TOKEN_NORMAL;
        v->in_model[id] = true;
        if (v->byte_fallback && pr_byte_token(v->text[id]) >= 0) v->type[id] = PR_TOKEN_BYTE;
    }
    return PARE_OK;
}

static pare_status read_added(pr_tokenizer *t, const json_t *list, pare_err *err) {
    pr_vocab *v = &t->v;
    PR_NEW(v->added, t->arena, json_array_size(list), err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *o = json_array_get(list, i);
        pr_added      a = {.id = (uint32_t)json_integer_value(json_object_get(o, "id"))};
        PR_TRY(keep(t, json_object_get(o, "content"), "added_tokens: content", &a.text, err));
        if (!a.text.n) continue;
        a.special = flag(o, "special", false);
        a.single_word = flag(o, "single_word", false);
        a.lstrip = flag(o, "lstrip", false);
        a.rstrip = flag(o, "rstrip", false);
        a.normalized = flag(o, "normalized", !a.special);
        if (v->text[a.id].p && !pr_str_eq(v->text[a.id], a.text))
            return pr_fail(err, PARE_EINPUT, -1,
                           SRC ": added_tokens: '%.64s' has the id %u, which is '%.64s'", a.text.p,
                           a.id, v->text[a.id].p);
        v->text[a.id] = a.text;
        v->type[a.id] = a.special ? PR_TOKEN_CONTROL : PR_TOKEN_USER_DEFINED;
        v->added[v->n_added++] = a;
    }
    return PARE_OK;
}

static void merge_parts(const json_t *m, pr_str *a, pr_str *b) {
    *a = str_of(json_array_get(m, 0));
    *b = str_of(json_array_get(m, 1));
    if (json_is_array(m) && json_array_size(m) == 2) return;
    *a = *b = str_of(m);
    const char *gap = a->p ? memchr(a->p, ' ', a->n) : NULL;
    if (!gap) {
        a->p = NULL;
        return;
    }
    *b = (pr_str){gap + 1, a->n - (size_t)(gap - a->p) - 1};
    a->n = (size_t)(gap - a->p);
    if (memchr(b->p, ' ', b->n)) a->p = NULL;
}

/* Tokens by text while the merges are read. */
static pare_status merge_id(const json_t *vocab, pr_str s, size_t i, uint32_t *id, pare_err *err) {
    const json_t *j = json_object_getn(vocab, s.p, s.n);
    if (!j)
        return pr_fail(err, PARE_EINPUT, -1,
                       SRC ": merges: entry %zu names '%.*s', which is no token", i,
                       (int)PR_MIN(s.n, 64), s.p);
    *id = (uint32_t)json_integer_value(j);
    return PARE_OK;
}

static pare_status read_merges(pr_tokenizer *t, const json_t *vocab, const json_t *list,
                               pare_err *err) {
    pr_vocab *v = &t->v;
    size_t    n = json_array_size(list);
    if (n > PR_VOCAB_MAX) return pr_fail(err, PARE_EINPUT, -1, SRC ": %zu merges", n);
    PR_NEW(v->merge, t->arena, n, err);
    pr_buf joined;
    pr_buf_init(&joined, PR_TOKEN_TEXT_MAX * 2);
    pare_status st = PARE_OK;
    for (size_t i = 0; i < n; i++) {
        pr_str a, b;
        merge_parts(json_array_get(list, i), &a, &b);
        if (!a.p || !b.p || !a.n || !b.n)
            st = pr_fail(err, PARE_EINPUT, -1, SRC ": merges: entry %zu is not a pair", i);
        if (st != PARE_OK) goto done;
        pr_buf_clear(&joined);
        pr_buf_add(&joined, a.p, a.n);
        pr_buf_add(&joined, b.p, b.n);
        if (joined.failed && a.n + b.n < PR_TOKEN_TEXT_MAX)
            st = pr_fail_nomem(err, PR_TOKEN_TEXT_MAX * 2);
        else if (joined.failed)
            st = pr_fail(err, PARE_EINPUT, -1, SRC ": merges: entry %zu is too long", i);
        if (st != PARE_OK) goto done;
        PR_GO(merge_id(vocab, a, i, &v->merge[i].left, err));
        PR_GO(merge_id(vocab, b, i, &v->merge[i].right, err));
        PR_GO(merge_id(vocab, (pr_str){joined.p, joined.n}, i, &v->merge[i].into, err));
    }
    v->n_merges = (uint32_t)n;
done:
    pr_buf_done(&joined);
    return st;
}

static bool empty_text(const json_t *j) {
    return !j || json_is_null(j) || (json_is_string(j) && json_string_length(j) == 0);
}

static pare_status check_model(const json_t *m, pare_err *err) {
    const char *type = json_string_value(json_object_get(m, "type"));
    /* Old files leave the type out; only BPE has merges. */
    if (!type && json_object_get(m, "merges")) type = "BPE";
    if (!type || strcmp(type, "BPE") != 0) return unknown("model", type ? type : "?", "BPE", err);
    if (json_number_value(json_object_get(m, "dropout")) > 0)
        return unknown("model: dropout", "above 0", "0", err);
    static const char *const keys[] = {"continuing_subword_prefix", "end_of_word_suffix"};
    for (size_t i = 0; i < PR_COUNT(keys); i++)
        if (!empty_text(json_object_get(m, keys[i])))
            return unknown(keys[i], "a text", "none", err);
    if (!json_is_object(json_object_get(m, "vocab")) ||
        !json_is_array(json_object_get(m, "merges")))
        return pr_fail(err, PARE_EINPUT, -1, SRC ": model: expected vocab and merges");
    return PARE_OK;
}

static pare_status read_model(pr_tokenizer *t, const json_t *root, pare_err *err) {
    pr_vocab     *v = &t->v;
    const json_t *m = json_object_get(root, "model");
    PR_TRY(check_model(m, err));
    json_t       *vocab = json_object_get(m, "vocab");
    const json_t *added = json_object_get(root, "added_tokens");
    uint64_t      n;
    v->byte_fallback = flag(m, "byte_fallback", false);
    v->fuse_unk = flag(m, "fuse_unk", false);
    v->ignore_merges = flag(m, "ignore_merges", false);
    PR_TRY(count_ids(vocab, added, &n, err));
    PR_TRY(pr_vocab_room(t, n, err));
    PR_TRY(read_vocab(t, vocab, err));
    PR_TRY(read_added(t, added, err));
    PR_TRY(read_merges(t, vocab, json_object_get(m, "merges"), err));
    pr_str unk = str_of(json_object_get(m, "unk_token"));
    if (!unk.p) return PARE_OK;
    const json_t *id = json_object_getn(vocab, unk.p, unk.n);
    if (!id) return pr_fail(err, PARE_EINPUT, -1, SRC ": unk_token '%.64s' is no token", unk.p);
    v->unk = v->role[PR_SPECIAL_UNK] = json_integer_value(id);
    return PARE_OK;
}

/* A prefix space is a Prepend step, or a pre-tokenizer's. */
static void note_prefix(pr_vocab *v) {
    v->add_space_prefix = 0;
    for (uint32_t i = 0; i < v->n_norm; i++)
        if (v->norm[i].op == PR_NORM_PREPEND) v->add_space_prefix = 1;
    for (uint32_t i = 0; i < v->n_pre; i++)
        if (v->pre[i].op == PR_PRE_PREFIX_SPACE ||
            (v->pre[i].op == PR_PRE_METASPACE && v->pre[i].prepend != PR_PREPEND_NEVER))
            v->add_space_prefix = 1;
}

static pare_status fill(pr_tokenizer *t, const json_t *root, pare_err *err) {
    PR_TRY(read_model(t, root, err));
    PR_TRY(read_norm(t, json_object_get(root, "normalizer"), 0, err));
    PR_TRY(read_pre(t, json_object_get(root, "pre_tokenizer"), 0, err));
    PR_TRY(read_dec(t, json_object_get(root, "decoder"), 0, err));
    PR_TRY(read_post(t, json_object_get(root, "post_processor"), 0, err));
    note_prefix(&t->v);
    return PARE_OK;
}

/* Roles that only the template shows, and whether it puts them: as llama.cpp's
 * converter reads a template of one text. An end that is not eos becomes eos, and
 * the old one the end of a turn. */
static void note_frame(pr_vocab *v) {
    if (v->n_before) {
        if (v->role[PR_SPECIAL_BOS] < 0) v->role[PR_SPECIAL_BOS] = v->before[0];
        v->says_bos = v->role[PR_SPECIAL_BOS] == (int64_t)v->before[0];
    }
    if (v->n_after) {
        int64_t last = v->after[v->n_after - 1];
        if (v->role[PR_SPECIAL_EOS] != last) v->role[PR_SPECIAL_EOT] = v->role[PR_SPECIAL_EOS];
        v->role[PR_SPECIAL_EOS] = last;
        v->says_eos = 1;
    }
    v->add_bos = v->n_before && v->role[PR_SPECIAL_BOS] == (int64_t)v->before[0];
    v->add_eos = v->n_after > 0;
}

pare_status pr_json_fill(pr_tokenizer *t, pr_str json, pr_str config, pare_err *err) {
    json_t *root;
    PR_TRY(parse(&root, json, SRC, err));
    pare_status st = fill(t, root, err);
    json_decref(root);
    if (st == PARE_OK && config.n) st = pr_json_config(t, config, err);
    if (st == PARE_OK) note_frame(&t->v);
    return st;
}

/* ----------------------------------------------------- tokenizer_config.json */

/* "text" or {"content": "text"}. */
static pr_str token_of(const json_t *root, const char *key) {
    const json_t *j = json_object_get(root, key);
    return str_of(json_is_object(j) ? json_object_get(j, "content") : j);
}

static int64_t find_text(const pr_vocab *v, pr_str s) {
    for (uint32_t i = 0; i < v->n_added; i++)
        if (pr_str_eq(v->added[i].text, s)) return v->added[i].id;
    for (uint32_t id = 0; id < v->n; id++)
        if (v->text[id].p && pr_str_eq(v->text[id], s)) return id;
    return -1;
}

static void config_roles(pr_tokenizer *t, const json_t *root) {
    static const char *const keys[PR_SPECIAL_COUNT] = {"bos_token", "eos_token", "unk_token",
                                                       "sep_token", "pad_token", "mask_token",
                                                       "eot_token", "eom_token"};
    for (int i = 0; i < PR_SPECIAL_COUNT; i++) {
        pr_str s = token_of(root, keys[i]);
        if (!s.p) continue;
        int64_t id = find_text(&t->v, s);
        if (id >= 0) t->v.role[i] = id;
    }
}

/* What the post-processor and add_bos_token, add_eos_token come to in GGUF's words.
 * In a tokenizer.json they have no effect on encoding: its post-processor decides.
 * For a SentencePiece model nothing else does. */
static void config_flags(pr_vocab *v, const json_t *root) {
    const json_t *bos = json_object_get(root, "add_bos_token");
    const json_t *eos = json_object_get(root, "add_eos_token");
    if (v->says_bos < 0 && json_is_boolean(bos)) v->says_bos = json_is_true(bos);
    if (v->says_eos < 0 && json_is_boolean(eos)) v->says_eos = json_is_true(eos);
    const json_t *prefix = json_object_get(root, "add_prefix_space");
    if (json_is_boolean(prefix)) v->says_prefix = json_is_true(prefix);
    if (!v->plain_controls) return;
    v->add_bos = flag(root, "add_bos_token", v->add_bos);
    v->add_eos = flag(root, "add_eos_token", false);
    v->n_before = v->n_after = 0;
    if (v->add_bos && v->role[PR_SPECIAL_BOS] >= 0)
        v->before[v->n_before++] = (uint32_t)v->role[PR_SPECIAL_BOS];
    if (v->add_eos && v->role[PR_SPECIAL_EOS] >= 0)
        v->after[v->n_after++] = (uint32_t)v->role[PR_SPECIAL_EOS];
}

/* Tokens that only a SentencePiece checkpoint's configuration has. */
static pare_status config_added(pr_tokenizer *t, json_t *list, pare_err *err) {
    pr_vocab   *v = &t->v;
    const char *key;
    json_t     *o;
    if (!v->plain_controls || !json_is_object(list)) return PARE_OK;
    PR_NEW(v->added, t->arena, json_object_size(list), err);
    json_object_foreach(list, key, o) {
        int64_t id;
        pr_added a = {0};
        if (!pr_parse_i64(key, 0, PR_VOCAB_MAX - 1, &id))
            return pr_fail(err, PARE_EINPUT, -1,
                           "tokenizer_config.json: added_tokens_decoder: '%.64s' is no id",
                           key);
        if (id >= v->n)
            return pr_fail(
                err, PARE_EUNSUPPORTED, -1,
                "tokenizer_config.json: token %lld is behind the %u pieces of tokenizer.model",
                (long long)id, v->n);
        a.id = (uint32_t)id;
        PR_TRY(keep(t, json_object_get(o, "content"), "added_tokens_decoder: content", &a.text,
                    err));
        a.special = flag(o, "special", false);
        a.single_word = flag(o, "single_word", false);
        a.lstrip = flag(o, "lstrip", false);
        a.rstrip = flag(o, "rstrip", false);
        if (!a.text.n) continue;
        v->text[id] = a.text;
        v->type[id] = a.special ? PR_TOKEN_CONTROL : PR_TOKEN_USER_DEFINED;
        v->in_model[id] = false;
        v->score[id] = -1000;
        v->added[v->n_added++] = a;
    }
    return PARE_OK;
}

pare_status pr_json_config(pr_tokenizer *t, pr_str config, pare_err *err) {
    json_t     *root;
    pare_status st;
    PR_TRY(parse(&root, config, "tokenizer_config.json", err));
    PR_GO(config_added(t, json_object_get(root, "added_tokens_decoder"), err));
    config_roles(t, root);
    config_flags(&t->v, root);
done:
    json_decref(root);
    return st;
}
