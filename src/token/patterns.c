/* patterns.c - the patterns that cut a text into words: how tokenizer.json's
 * dialect is said to PCRE2, and the families that GGUF knows by name.
 *
 * The `tokenizers` library matches with Oniguruma in Ruby's syntax. What means
 * something else in PCRE2 is rewritten here; what cannot be is refused by name. */
#include "vocab.h"
#include <ctype.h>

/* Oniguruma's \w, from its Unicode tables. */
#define WORD_CLASS "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"

typedef struct {
    pr_str      in;
    size_t      i;
    bool        in_class;
    bool        lines; /* it has what lines and their ends matter to */
    pr_buf      out;
    const char *where;
} rewriter;

static pare_status refuse(const rewriter *r, const char *what, size_t n, pare_err *err) {
    return pr_fail(err, PARE_EUNSUPPORTED, -1,
                   "%s: '%.*s' in the pattern '%.*s' is not known here", r->where, (int)n, what,
                   (int)PR_MIN(r->in.n, 200), r->in.p);
}

/* \uHHHH is \x{HHHH} to PCRE2. */
static pare_status rewrite_u(rewriter *r, pare_err *err) {
    const char *p = r->in.p + r->i;
    bool hex = r->in.n - r->i >= 6;
    for (int i = 2; hex && i < 6; i++) hex = isxdigit((unsigned char)p[i]);
    /* Anything else could be half a character, and PCRE2 is told that all is UTF-8. */
    if (!hex) return refuse(r, "\\u without four hex digits", 26, err);
    pr_buf_printf(&r->out, "\\x{%.4s}", p + 2);
    r->i += 6;
    return PARE_OK;
}

static pare_status rewrite_escape(rewriter *r, pare_err *err) {
    const char *p = r->in.p + r->i;
    if (r->i + 1 >= r->in.n) return refuse(r, "\\", 1, err);
    char c = p[1];
    if (c == 'u') return rewrite_u(r, err);
    if (c == 's')
        pr_buf_puts(&r->out, "\\p{White_Space}");
    else if (c == 'S')
        pr_buf_puts(&r->out, "\\P{White_Space}");
    else if (c == 'w')
        pr_buf_puts(&r->out, r->in_class ? WORD_CLASS : "[" WORD_CLASS "]");
    else if (c == 'W' && !r->in_class)
        pr_buf_puts(&r->out, "[^" WORD_CLASS "]");
    else if (strchr("dDpPrntfvxAz", c) ||
             (c > ' ' && c < 127 && strchr("\\^$.|?*+()[]{}-/!\"#%&',:;<=>@_`~", c)))
        pr_buf_add(&r->out, p, 2);
    else
        return refuse(r, p, 2, err);
    r->i += 2;
    return PARE_OK;
}

static pare_status rewrite_one(rewriter *r, pare_err *err) {
    char c = r->in.p[r->i];
    if (c == '\\') return rewrite_escape(r, err);
    if (r->in_class) {
        /* Oniguruma nests classes and intersects them; PCRE2 takes both literally. */
        if (c == '[') return refuse(r, "[ inside [ ]", 12, err);
        if (c == '&' && r->i + 1 < r->in.n && r->in.p[r->i + 1] == '&')
            return refuse(r, "&& inside [ ]", 13, err);
        if (c == ']') r->in_class = false;
    } else if (c == '[') {
        r->in_class = true;
        pr_buf_add(&r->out, "[", 1);
        r->i++;
        if (r->i < r->in.n && r->in.p[r->i] == '^') pr_buf_add(&r->out, r->in.p + r->i++, 1);
        if (r->i < r->in.n && r->in.p[r->i] == ']') pr_buf_add(&r->out, r->in.p + r->i++, 1);
        return PARE_OK;
    }
    if (!r->in_class && (c == '^' || c == '$' || c == '.')) r->lines = true;
    pr_buf_add(&r->out, &r->in.p[r->i++], 1);
    return PARE_OK;
}

static pare_status rewrite(rewriter *r, pare_err *err) {
    while (r->i < r->in.n) PR_TRY(rewrite_one(r, err));
    return r->out.failed ? pr_fail_nomem(err, r->in.n) : PARE_OK;
}

static pare_status compile(pcre2_code **out, const rewriter *r, pare_err *err) {
    pcre2_compile_context *cc = pcre2_compile_context_create(NULL);
    if (!cc) return pr_fail_nomem(err, 256);
    pcre2_set_newline(cc, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(cc, 100);
    int        code;
    PCRE2_SIZE at;
    *out = pcre2_compile((PCRE2_SPTR)(r->out.p ? r->out.p : ""), r->out.n,
                         PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_MULTILINE |
                             PCRE2_NEVER_BACKSLASH_C,
                         &code, &at, cc);
    pcre2_compile_context_free(cc);
    if (!*out) {
        PCRE2_UCHAR why[160] = "";
        pcre2_get_error_message(code, why, sizeof why);
        return pr_fail(err, PARE_EINPUT, -1, "%s: the pattern '%.*s' does not compile: %s",
                       r->where, (int)PR_MIN(r->in.n, 200), r->in.p, (const char *)why);
    }
    /* Where PCRE2 has no JIT it interprets: slower, the same matches. */
    pcre2_jit_compile(*out, PCRE2_JIT_COMPLETE);
    return PARE_OK;
}

pare_status pr_pattern_compile(pcre2_code **out, pr_str pattern, pr_arena *a, const char *where,
                               pare_err *err) {
    *out = NULL;
    if (pattern.n > PR_PATTERN_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "%s: a pattern of %zu bytes, at most %d", where,
                       pattern.n, PR_PATTERN_MAX);
    rewriter r = {.in = pattern, .where = where};
    pr_buf_init(&r.out, (size_t)PR_PATTERN_MAX * 20);
    pare_status st = rewrite(&r, err);
    if (st == PARE_OK) st = compile(out, &r, err);
    pr_buf_done(&r.out);
    return st;
}

pare_status pr_pattern_pcre2(pr_str *out, pr_str pattern, pr_arena *a, pare_err *err) {
    rewriter r = {.in = pattern, .where = "pre_tokenizer"};
    pr_buf_init(&r.out, (size_t)PR_PATTERN_MAX * 20);
    pare_status st = rewrite(&r, err);
    const char *lines = r.lines ? "(*LF)(?m)" : "", *body = r.out.n ? r.out.p : "";
    char *p = st == PARE_OK ? pr_arena_printf(a, "%s%.*s", lines, (int)r.out.n, body) : NULL;
    if (st == PARE_OK && !p) st = pr_fail_nomem(err, r.out.n);
    if (st == PARE_OK) *out = pr_str_of(p);
    pr_buf_done(&r.out);
    return st;
}

/* The families. `steps` are the patterns as the models' own tokenizer.json states
 * them, each cutting out what it matches (Isolated). A GGUF file gives only one
 * of `names`; the first is the one written. Where several rows have the same
 * steps and flags, the first row names them. `merges` false: a word that is a
 * token is taken whole (ignore_merges). */
typedef struct {
    const char *names;
    bool        ignore_merges, add_bos;
    const char *steps[6];
} family;

#define CONTRACTIONS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SPACES       "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define LLAMA3                                                                 \
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" SPACES
#define QWEN2                                                                  \
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" SPACES
#define QWEN35                                                                                 \
    CONTRACTIONS "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| "                             \
                 "?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" SPACES
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define FIRST "[^\\r\\n\\p{L}\\p{N}]?"
#define GPT4O                                                                  \
    FIRST UPPER "*" LOWER "+" CONTRACTIONS "?|" FIRST UPPER "+" LOWER "*" CONTRACTIONS       \
                "?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" SPACES
#define TEKKEN                                                                                 \
    FIRST UPPER "*" LOWER "+|" FIRST UPPER "+" LOWER                                           \
                "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" SPACES
#define DEEPSEEK3                                                                              \
    "[!\"#$%&'()*+,\\-./"                                                                      \
    ":;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"            \
    " ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"

static const family families[] = {
    {"gpt-2 phi-2 mpt olmo jais trillion granite-docling gigachat a.x-4.0 mellum exaone4", false,
     false, {PR_GPT2_PATTERN}},
    {"starcoder refact command-r smollm codeshell exaone minerva-7b mellum2", false, false,
     {"\\p{N}", PR_GPT2_PATTERN}},
    {"llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano", true, true,
     {LLAMA3}},
    {"dbrx smaug-bpe chatglm-bpe", false, false, {LLAMA3}},
    {"glm4 glm5", true, false, {LLAMA3}},
    {"qwen2 deepseek-r1-qwen kormo f2llmv2 stablelm2 hunyuan solar-open megrez grok-2", false,
     false, {QWEN2}},
    {"qwen35", false, false, {QWEN35}},
    {"gpt-4o llama4 kanana2 talkie minimax-m2", false, false, {GPT4O}},
    {"tekken", true, true, {TEKKEN}},
    {"deepseek-v3 hunyuan-dense joyai-llm hy_v4", false, false,
     {"\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+", DEEPSEEK3}},
};

static bool name_in(const char *names, pr_str name) {
    for (const char *p = names; *p;) {
        size_t n = strcspn(p, " ");
        if (n == name.n && memcmp(p, name.p, n) == 0) return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

static uint32_t step_count(const family *f) {
    uint32_t n = 0;
    while (n < PR_COUNT(f->steps) && f->steps[n]) n++;
    return n;
}

pare_status pr_pre_add(pr_vocab *v, pr_pre_step step, pare_err *err) {
    if (v->n_pre == PR_STEPS_MAX)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "pre_tokenizer: more than %d steps",
                       PR_STEPS_MAX);
    v->pre[v->n_pre++] = step;
    return PARE_OK;
}

pare_status pr_pre_by_name(pr_vocab *v, pr_str name, pare_err *err) {
    for (size_t i = 0; i < PR_COUNT(families); i++) {
        const family *f = &families[i];
        if (!name_in(f->names, name)) continue;
        for (uint32_t k = 0; k < step_count(f); k++)
            PR_TRY(pr_pre_add(
                v, (pr_pre_step){.op = PR_PRE_SPLIT, .pattern = pr_str_of(f->steps[k])}, err));
        v->ignore_merges = f->ignore_merges;
        v->add_bos = f->add_bos;
        return PARE_OK;
    }
    pr_buf known;
    pr_buf_init(&known, 4096);
    for (size_t i = 0; i < PR_COUNT(families); i++) {
        if (i) pr_buf_puts(&known, " ");
        pr_buf_puts(&known, families[i].names);
    }
    pare_status st = pr_fail(err, PARE_EUNSUPPORTED, -1,
                             "tokenizer.ggml.pre '%.*s' is not known; known are: %s",
                             (int)PR_MIN(name.n, 64), name.p, known.p ? known.p : "");
    pr_buf_done(&known);
    return st;
}

static bool same_steps(const family *f, const pr_vocab *v) {
    if (step_count(f) != v->n_pre) return false;
    for (uint32_t i = 0; i < v->n_pre; i++) {
        const pr_pre_step *s = &v->pre[i];
        if (s->op != PR_PRE_SPLIT || s->cut != PR_CUT_ISOLATED || s->invert ||
            !pr_str_eq(s->pattern, pr_str_of(f->steps[i])))
            return false;
    }
    return true;
}

const char *pr_pre_name(const pr_vocab *v) {
    static const char *const first[] = {"gpt-2",  "starcoder",  "llama-bpe", "dbrx",
                                        "glm4",   "qwen2",      "qwen35",    "gpt-4o",
                                        "tekken", "deepseek-v3"};
    _Static_assert(PR_COUNT(first) == PR_COUNT(families), "a name for each row");
    for (size_t i = 0; i < PR_COUNT(families); i++)
        if (same_steps(&families[i], v) && families[i].ignore_merges == v->ignore_merges)
            return first[i];
    return NULL;
}
