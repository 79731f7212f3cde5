/* model_id.c - a model's name taken apart. The convention (ggml, docs/gguf.md) is written
 * base-size-finetune-version; names in the wild are not, so each part between hyphens is
 * classified by its looks first, and what has no looks of its own by its place. The result
 * is what llama.cpp's converter finds (tests/vectors/convert/names.tsv). Letters and digits
 * are those of ASCII; every other byte counts as a letter. */
#include "model_id.h"

typedef enum { BASENAME = 1, SIZE = 2, FINETUNE = 4, VERSION = 8, TYPE = 16 } kind;
typedef struct {
    char *text;
    unsigned is; /* kinds */
} part;
typedef struct {
    part *at;
    size_t n;
    pr_arena *arena;
} parts;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
static char upper(char c) {
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}
static bool is_letter(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c & 0x80) != 0;
}

static bool same(const char *a, const char *b) {
    while (*a && lower(*a) == lower(*b)) a++, b++;
    return *a == 0 && *b == 0;
}

static bool one_of(const char *s, const char *const *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (same(s, words[i])) return true;
    return false;
}

static const char *skip_digits(const char *s) {
    while (is_digit(*s)) s++;
    return s;
}

/* ------------------------------------------------------------------ looks */

/* "2", "v0.3", "iter1". */
static bool is_version(const char *s) {
    if (lower(*s) == 'v') s++;
    else if (lower(s[0]) == 'i' && lower(s[1]) == 't' && lower(s[2]) == 'e' &&
             lower(s[3]) == 'r')
        s += 4;
    if (!is_digit(*s)) return false;
    for (s = skip_digits(s); *s == '.' && is_digit(s[1]);) s = skip_digits(s + 1);
    return *s == 0;
}

/* How numbers are stored: "Q4_K_M", "bf16", "fp32"; each '_' with one character after it. */
static bool is_type(const char *s) {
    static const char *const floats[] = {"f16", "f32", "fp16", "fp32",
                                         "bf16", "bf32", "bfp16", "bfp32"};
    if (one_of(s, floats, PR_COUNT(floats))) return true;
    if (lower(*s) == 'i') s++;
    if (lower(*s) != 'q' || !is_digit(s[1])) return false;
    for (s += 2; *s == '_' && (is_digit(s[1]) || is_letter(s[1]) || s[1] == '_');) s += 2;
    return *s == 0;
}

static bool is_unit(char c) {
    return c && strchr("kmbt", lower(c)) != NULL;
}

/* "7B", "8x7B", "A3B", "1.5b", "0_5B", "7b1"; *plain: nothing stands before the number. */
static bool is_amount(const char *s, bool *plain) {
    const char *p = skip_digits(s);
    *plain = false;
    if (lower(*s) == 'a') s++;
    else if (p > s && lower(*p) == 'x') s = p + 1;
    else *plain = true;
    if (!is_digit(*s)) return false;
    s = skip_digits(s);
    if ((*s == '.' || *s == '_') && is_digit(s[1])) s = skip_digits(s + 1);
    if (!is_unit(*s)) return false;
    s += is_digit(s[1]) ? 2 : 1;
    return *s == 0;
}

/* "7b1" is 7.1B, "0_5b" is 0.5B. */
static void amount_spell(char *s) {
    size_t n = strlen(s);
    for (size_t i = 0; i < n; i++)
        if (s[i] == '_') s[i] = '.';
    if (is_digit(s[n - 1])) {
        char unit = s[n - 2];
        s[n - 2] = '.';
        s[n++] = unit; /* the text has room for one more */
        s[n] = 0;
    }
    s[n - 1] = upper(s[n - 1]);
}

/* An amount far from the model's own is something else: "128k" is a context. */
static bool is_far(char *s, int64_t n_values) {
    static const double scale[] = {1e3, 1e6, 1e9, 1e12};
    size_t n = strlen(s);
    char unit = s[n - 1];
    double v, total = (double)n_values;
    s[n - 1] = 0;
    bool number = pr_parse_f64(s, 0, 1e300, &v);
    s[n - 1] = unit;
    if (!number || n_values <= 0) return false;
    v = v * scale[strchr("KMBT", unit) - "KMBT"] - total;
    return (v < 0 ? -v : v) > (double)(n_values / 8 * 7 + n_values % 8 * 7 / 8);
}

static void classify(part *p, bool first, int64_t n_values) {
    static const char *const sizes[] = {"small", "mini", "medium", "large", "xl", "xxl"},
                             *const tunes[] = {"chat", "instruct", "vision", "lora"};
    bool plain;
    if (is_version(p->text)) {
        p->is = VERSION;
    } else if (is_type(p->text)) {
        p->is = TYPE;
        for (char *s = p->text; *s; s++) *s = upper(*s);
    } else if (!first && is_amount(p->text, &plain)) {
        amount_spell(p->text);
        size_t n = strlen(p->text);
        p->is = plain && is_far(p->text, n_values) ? FINETUNE : SIZE;
        if (p->is == FINETUNE) p->text[n - 1] = lower(p->text[n - 1]);
    } else if (!first && one_of(p->text, sizes, PR_COUNT(sizes))) {
        p->is = SIZE;
    } else if (!first && one_of(p->text, tunes, PR_COUNT(tunes))) {
        p->is = FINETUNE;
    }
}

/* ------------------------------------------------------------------ places */

static bool has_digit(const char *s) {
    while (*s && !is_digit(*s)) s++;
    return *s != 0;
}

static bool all_letters(const char *s) {
    while (is_letter(*s)) s++;
    return *s == 0;
}

/* Beside a number, "small" is no size. */
static void words_yield(parts *p) {
    bool number = false;
    for (size_t i = 0; i < p->n; i++) number |= p->at[i].is == SIZE && has_digit(p->at[i].text);
    for (size_t i = 0; number && i < p->n; i++)
        if (p->at[i].is == SIZE && all_letters(p->at[i].text)) p->at[i].is = 0;
}

/* The words and versions that a name begins with are its basename, but for versions that end
 * the whole name; any other word is a finetune. */
static void place(parts *p) {
    bool start = true;
    for (size_t i = 0; i < p->n; i++) {
        part *x = &p->at[i];
        start = start && ((x->is == 0 && is_letter(x->text[0])) || x->is == VERSION);
        if (start) x->is |= BASENAME;
        else if (x->is == 0) x->is = FINETUNE;
    }
    for (size_t i = p->n; i-- > 0 && p->at[i].is == (BASENAME | VERSION);)
        p->at[i].is = VERSION;
}

static bool seen_before(const parts *p, size_t i, unsigned is) {
    for (size_t k = 0; k < i; k++)
        if ((p->at[k].is & is) && strcmp(p->at[k].text, p->at[i].text) == 0) return true;
    return false;
}

/* The parts that are `is` and not `but`, joined by '-'; NULL: none. `once`: each but once. */
static pare_status join(const parts *p, unsigned is, unsigned but, bool once, const char **out,
                        pare_err *err) {
    size_t n = 0;
    char *s;
    *out = NULL;
    for (size_t i = 0; i < p->n; i++) n += strlen(p->at[i].text) + 1;
    PR_NEW(s, p->arena, n + 1, err);
    n = 0;
    for (size_t i = 0; i < p->n; i++) {
        const part *x = &p->at[i];
        size_t k = strlen(x->text);
        if (!(x->is & is) || (x->is & but) || (once && seen_before(p, i, is))) continue;
        if (n) s[n++] = '-';
        memcpy(s + n, x->text, k);
        n += k;
    }
    if (n) *out = s;
    return PARE_OK;
}

static pare_status cut(parts *p, const char *name, int64_t n_values, pare_err *err) {
    PR_NEW(p->at, p->arena, strlen(name) / 2 + 1, err);
    for (const char *s = name; *s;) {
        size_t n = strcspn(s, "-");
        if (n) {
            part *x = &p->at[p->n++];
            PR_NEW(x->text, p->arena, n + 2, err);
            memcpy(x->text, s, n);
            x->text[n] = 0;
            x->is = 0;
            classify(x, p->n == 1, n_values);
        }
        s += n + (s[n] == '-');
    }
    return PARE_OK;
}

pare_status pr_model_id_read(pr_model_id *out, pr_str text, int64_t n_values, pr_arena *a,
                             pare_err *err) {
    enum { TEXT_MAX = 4096 };
    parts p = {.arena = a};
    char *s = pr_arena_str(a, text.p, text.n);
    *out = (pr_model_id){.name = s};
    if (!s) return pr_fail_nomem(err, text.n);
    if (strchr(s, ' ') || text.n > TEXT_MAX) return PARE_OK; /* a sentence */
    char *slash = strchr(s, '/');
    if (slash) {
        *slash = 0;
        out->name = slash + 1;
        if (s[0] != '.') out->org = s; /* "./x" is a path */
    }
    PR_TRY(cut(&p, out->name, n_values, err));
    words_yield(&p);
    place(&p);
    PR_TRY(join(&p, BASENAME, 0, false, &out->basename, err));
    PR_TRY(join(&p, SIZE, 0, true, &out->size_label, err));
    PR_TRY(join(&p, FINETUNE, 0, false, &out->finetune, err));
    PR_TRY(join(&p, VERSION, BASENAME, false, &out->version, err));
    if (!out->size_label && !out->finetune && !out->version) out->basename = NULL;
    return PARE_OK;
}
