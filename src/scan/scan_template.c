/* scan_template.c - a chat template read as the program that it is. Always true: it is cut into
 * Jinja's words and never run; every word in {% %} and {{ }} is a literal, an operator or a name,
 * and a name that is none of those that templates need is told. Linear in the text. */
#include <stdio.h>
#include "scan_in.h"

enum { BYTES_MAX = 64 << 10, LOOPS_MAX = 4, BRACKETS_MAX = 64, RANGE_MAX = 10000 };

static const char *const tags[] = {"for", "endfor", "if", "elif", "else", "endif", "set",
                                   "endset", "macro", "endmacro", "generation", "endgeneration",
                                   "break", "continue", "filter", "endfilter", "call", "endcall",
                                   "raw", "endraw"};
static const char *const filters[] = {
    "tojson", "trim", "length", "count", "upper", "lower", "capitalize", "title", "replace",
    "join", "default", "d", "list", "selectattr", "rejectattr", "select", "reject", "map",
    "first", "last", "int", "float", "string", "items", "dictsort", "indent", "safe", "escape",
    "e", "sort", "unique", "reverse", "abs", "round", "sum", "min", "max", "batch", "slice",
    "groupby", "wordcount", "format", "from_json"};
static const char *const methods[] = {
    "strip", "lstrip", "rstrip", "split", "rsplit", "splitlines", "startswith", "endswith",
    "replace", "append", "extend", "items", "keys", "values", "get", "join", "upper", "lower",
    "title", "capitalize", "format", "removeprefix", "removesuffix", "find", "rfind", "count",
    "index", "pop", "insert", "isdigit", "isalpha", "isupper", "islower", "copy", "update",
    "cycle", "strftime", "partition", "rpartition", "zfill", "lstrip"};
static const char *const calls[] = {"raise_exception", "strftime_now", "range", "namespace",
                                    "dict", "loop", "caller", "super_"};
/* Objects of Jinja and its hosts by which templates have reached the machine. */
static const char *const forbidden[] = {"self", "cycler", "joiner", "lipsum", "config", "request",
                                        "session", "g", "url_for", "get_flashed_messages",
                                        "eval", "exec", "open", "compile",
                                        "getattr", "setattr", "globals", "locals", "os", "sys",
                                        "subprocess", "popen", "system", "builtins"};

typedef enum { W_END, W_NAME, W_NUMBER, W_TEXT, W_SIGN } word_kind;
typedef struct {
    word_kind kind;
    size_t at, n;
} word;

typedef struct {
    pr_str t;
    pr_match_fn fn;
    void *ctx;
    int loops;
    bool told_deep, told_long;
    const char *macros[64]; /* names that the template defines itself */
    size_t macro_n[64];
    int n_macros;
    bool gathering; /* the first reading: macros may be called before they stand there */
    pr_str called; /* the latest name before a '(' */
} reader;

static bool among(pr_str w, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (w.n == strlen(list[i]) && memcmp(w.p, list[i], w.n) == 0) return true;
    return false;
}
#define AMONG(w, list) among((w), (list), PR_COUNT(list))

static void tell(reader *r, const char *rule, size_t at, size_t n, const char *what) {
    char words[160], name[48];
    if (r->gathering) return;
    size_t k = PR_MIN(n, sizeof name - 1);
    for (size_t i = 0; i < k; i++)
        name[i] = r->t.p[at + i] > 31 && r->t.p[at + i] < 127 ? r->t.p[at + i] : '?';
    name[k] = 0;
    snprintf(words, sizeof words, "%s%s%s%s", what, k ? ": '" : "", name, k ? "'" : "");
    r->fn(r->ctx, rule, at, n, words);
}

static pr_str text_of(const reader *r, word w) {
    return (pr_str){r->t.p + w.at, w.n};
}

static bool name_char(char c) {
    return scan_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* The next word in [at, end). */
static word next_word(const reader *r, size_t at, size_t end) {
    const char *p = r->t.p;
    while (at < end && (p[at] == ' ' || (p[at] >= '\t' && p[at] <= '\r'))) at++;
    if (at >= end) return (word){W_END, end, 0};
    size_t n = 1;
    if (p[at] == '\'' || p[at] == '"') {
        while (at + n < end && p[at + n] != p[at])
            n += p[at + n] == '\\' && at + n + 1 < end ? 2 : 1;
        return (word){W_TEXT, at, PR_MIN(n + 1, end - at)};
    }
    if (scan_digit(p[at])) {
        while (at + n < end && (name_char(p[at + n]) || p[at + n] == '.')) n++;
        return (word){W_NUMBER, at, n};
    }
    if (name_char(p[at])) {
        while (at + n < end && name_char(p[at + n])) n++;
        return (word){W_NAME, at, n};
    }
    return (word){W_SIGN, at, 1};
}

static bool is_sign(const reader *r, word w, char c) {
    return w.kind == W_SIGN && r->t.p[w.at] == c;
}

/* ------------------------------------------------------------------ words */

static bool is_macro(const reader *r, pr_str w) {
    for (int i = 0; i < r->n_macros; i++)
        if (pr_str_eq(w, (pr_str){r->macros[i], r->macro_n[i]})) return true;
    return false;
}

static void look_at_name(reader *r, word before, word w, word after) {
    pr_str name = text_of(r, w);
    bool   called = is_sign(r, after, '(');
    if (called) r->called = name;
    if (name.n >= 2 && name.p[0] == '_' && name.p[1] == '_') {
        tell(r, "dunder", w.at, w.n, "reaches inside Python's objects");
    } else if (is_sign(r, before, '|')) {
        if (!AMONG(name, filters))
            tell(r, "filter", w.at, w.n, "a filter that templates do not need");
    } else if (is_sign(r, before, '.')) {
        if (name.p[0] == '_') tell(r, "dunder", w.at, w.n, "reaches inside Python's objects");
        else if (called && !AMONG(name, methods) && !is_macro(r, name))
            tell(r, "method", w.at, w.n, "calls what templates do not need");
    } else if (AMONG(name, forbidden)) {
        /* A field of a message may be called so; a name by itself may not. */
        if (!is_sign(r, after, '='))
            tell(r, "name", w.at, w.n, "uses a name that reaches the machine");
    } else if (called && !AMONG(name, calls) && !is_macro(r, name) && !AMONG(name, tags) &&
               !(name.n == 2 && (memcmp(name.p, "in", 2) == 0 || memcmp(name.p, "or", 2) == 0 ||
                                 memcmp(name.p, "is", 2) == 0)) &&
               !(name.n == 3 && (memcmp(name.p, "and", 3) == 0 || memcmp(name.p, "not", 3) == 0))) {
        tell(r, "call", w.at, w.n, "calls what templates do not need");
    }
}

static void look_at_text(reader *r, word w) {
    pr_str s = text_of(r, w);
    if (memmem(s.p, s.n, "://", 3))
        tell(r, "url", w.at, PR_MIN(w.n, (size_t)40), "writes an address into the prompt");
    for (size_t i = 0; i + 1 < s.n; i++)
        if ((s.p[i] == '_' && s.p[i + 1] == '_') ||
            (s.p[i] == '\\' && (s.p[i + 1] == 'x' || s.p[i + 1] == 'u'))) {
            tell(r, s.p[i] == '_' ? "dunder" : "escape", w.at, PR_MIN(w.n, (size_t)40),
                 s.p[i] == '_' ? "names Python's insides in a text"
                               : "hides characters by their codes");
            return;
        }
}

static void look_at_number(reader *r, word before, word w) {
    uint64_t v = 0;
    for (size_t i = 0; i < w.n && scan_digit(r->t.p[w.at + i]) && v < 1u << 30; i++)
        v = v * 10 + (uint64_t)(r->t.p[w.at + i] - '0');
    bool counts = pr_str_eq(r->called, PR_STR("range")) &&
                  (is_sign(r, before, '(') || is_sign(r, before, ','));
    if (v > RANGE_MAX && (is_sign(r, before, '*') || counts))
        tell(r, "size", w.at, w.n, "repeats or counts without measure");
}

/* All words of one {{ }} or {% %}, from `at`. */
static void look_at_words(reader *r, size_t at, size_t end) {
    word before = {W_END, at, 0}, w = next_word(r, at, end);
    int  depth = 0;
    while (w.kind != W_END) {
        word after = next_word(r, w.at + w.n, end);
        if (w.kind == W_NAME) look_at_name(r, before, w, after);
        else if (w.kind == W_TEXT) look_at_text(r, w);
        else if (w.kind == W_NUMBER) look_at_number(r, before, w);
        else if (scan_among(r->t.p[w.at], "([{")) depth++;
        else if (scan_among(r->t.p[w.at], ")]}")) depth--;
        if (depth > BRACKETS_MAX && !r->told_deep) {
            r->told_deep = true;
            tell(r, "depth", w.at, 0, "brackets too deep in each other");
        }
        before = w;
        w = after;
    }
}

/* ------------------------------------------------------------------ blocks */

static void look_at_tag(reader *r, size_t at, size_t end) {
    word   w = next_word(r, at, end);
    pr_str name = text_of(r, w);
    if (w.kind != W_NAME || !AMONG(name, tags)) {
        tell(r, "tag", w.at, w.n, "a tag that templates do not need");
        return;
    }
    if (pr_str_eq(name, PR_STR("for")) && ++r->loops > LOOPS_MAX && !r->told_long) {
        r->told_long = true;
        tell(r, "loops", w.at, 0, "loops too deep in each other");
    }
    if (pr_str_eq(name, PR_STR("endfor")) && r->loops) r->loops--;
    word rest = next_word(r, w.at + w.n, end);
    if (pr_str_eq(name, PR_STR("macro")) && rest.kind == W_NAME && r->gathering &&
        r->n_macros < 64) {
        r->macros[r->n_macros] = r->t.p + rest.at;
        r->macro_n[r->n_macros++] = rest.n;
    }
    look_at_words(r, w.at + w.n, end);
}

/* Where the block that began at `at` with "{x" ends; its inside is [at + 2, *inner). */
static bool block_end(const reader *r, size_t at, char x, size_t *inner, size_t *next) {
    size_t i = at + 2;
    char   close = x == '{' ? '}' : x;
    while (i + 1 < r->t.n) {
        if (x != '#' && (r->t.p[i] == '\'' || r->t.p[i] == '"')) {
            i += next_word(r, i, r->t.n).n;
            continue;
        }
        if (r->t.p[i] == close && r->t.p[i + 1] == '}') {
            *inner = i, *next = i + 2;
            return true;
        }
        i++;
    }
    return false;
}

/* "-" and "+" beside the braces trim white space. */
static size_t inside(const reader *r, size_t at) {
    return at + 2 < r->t.n && scan_among(r->t.p[at + 2], "-+") ? at + 3 : at + 2;
}

static void read_all(reader *r) {
    pr_str t = r->t;
    r->loops = 0;
    for (size_t at = 0; at + 1 < t.n;) {
        char   x = t.p[at + 1];
        size_t inner, next;
        if (t.p[at] != '{' || !scan_among(x, "{%#")) {
            at++;
            continue;
        }
        if (!block_end(r, at, x, &inner, &next)) {
            tell(r, "open", at, 2, "a block that does not end");
            r->loops = 0;
            return;
        }
        size_t from = inside(r, at),
               to = inner > from && scan_among(t.p[inner - 1], "-+") ? inner - 1 : inner;
        if (x == '%') look_at_tag(r, from, to);
        else if (x == '{') look_at_words(r, from, to);
        at = next;
    }
    if (r->loops) tell(r, "open", t.n - 1, 0, "a loop that does not end");
}

void pr_template_find(pr_str t, pr_match_fn fn, void *ctx) {
    reader r = {.t = t, .fn = fn, .ctx = ctx, .gathering = true};
    read_all(&r);
    r.gathering = r.told_deep = r.told_long = false;
    if (t.n > BYTES_MAX) tell(&r, "size", 0, 0, "longer than any template needs (64 KiB)");
    read_all(&r);
}
