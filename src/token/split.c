/* split.c - a text is cut into words by the steps of a pre-tokenizer.
 *
 * Always true between steps: s->a holds the words in order, disjoint, none empty,
 * each pointing into s->text. The five ways to cut are those that the
 * `tokenizers` library documents for SplitDelimiterBehavior. */
#include "vocab.h"

pare_status pr_splitter_init(pr_splitter *s, size_t max, pare_err *err) {
    *s = (pr_splitter){0};
    pr_buf_init(&s->text, max);
    pr_buf_init(&s->tmp, max);
    s->match = pcre2_match_data_create(1, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(32 * 1024, 1024 * 1024, NULL);
    if (!s->match || !s->context) {
        pr_splitter_done(s);
        return pr_fail_nomem(err, 1024);
    }
    if (s->stack) pcre2_jit_stack_assign(s->context, NULL, s->stack);
    pcre2_set_heap_limit(s->context, 64 * 1024); /* KiB, where it interprets */
    return PARE_OK;
}

void pr_splitter_done(pr_splitter *s) {
    pcre2_match_data_free(s->match);
    pcre2_match_context_free(s->context);
    pcre2_jit_stack_free(s->stack);
    pr_free(s->a.p);
    pr_free(s->b.p);
    pr_buf_done(&s->text);
    pr_buf_done(&s->tmp);
    *s = (pr_splitter){0};
}

static pare_status word_add(pr_words *w, size_t off, size_t end, pare_err *err) {
    if (off == end) return PARE_OK;
    if (w->n == w->cap) {
        size_t   cap = w->cap ? w->cap * 2 : 256;
        pr_word *p = pr_realloc(w->p, cap, sizeof *p);
        if (!p) return pr_fail_nomem(err, cap * sizeof *p);
        w->p = p;
        w->cap = cap;
    }
    w->p[w->n++] = (pr_word){(uint32_t)off, (uint32_t)(end - off)};
    return PARE_OK;
}

/* Backtracking is allowed to be linear in the text with a generous constant, no
 * more: a pattern from a file cannot hang the program. */
static uint32_t match_limit(size_t n) {
    return (uint32_t)PR_MIN(n * 16 + 1000000, (size_t)UINT32_MAX);
}

pare_status pr_match(pr_splitter *s, const pcre2_code *code, const char *p, size_t n, size_t at,
                     int *found, size_t *start, size_t *end, pare_err *err) {
    pcre2_set_match_limit(s->context, match_limit(n));
    int r = pcre2_match(code, (PCRE2_SPTR)p, n, at, PCRE2_NO_UTF_CHECK, s->match, s->context);
    if (r == PCRE2_ERROR_JIT_STACKLIMIT)
        r = pcre2_match(code, (PCRE2_SPTR)p, n, at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, s->match,
                        s->context);
    if (r == PCRE2_ERROR_NOMATCH) return *found = 0, PARE_OK;
    if (r < 0) {
        PCRE2_UCHAR why[128] = "";
        pcre2_get_error_message(r, why, sizeof why);
        return pr_fail(err, PARE_EINPUT, (int64_t)at, "a pattern of the tokenizer gives up: %s",
                       (const char *)why);
    }
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(s->match);
    *found = 1;
    *start = v[0];
    *end = v[1];
    return PARE_OK;
}

/* Cuts one word; `open` … is the piece that a following one may join. */
typedef struct {
    const pr_pre_step *step;
    pr_words          *out;
    size_t             base, open, open_end;
    bool               has_open, last_match;
} cutter;

static pare_status flush(cutter *c, pare_err *err) {
    if (!c->has_open) return PARE_OK;
    c->has_open = false;
    return word_add(c->out, c->base + c->open, c->base + c->open_end, err);
}

static pare_status open_piece(cutter *c, size_t start, size_t end, pare_err *err) {
    PR_TRY(flush(c, err));
    c->open = start;
    c->open_end = end;
    c->has_open = true;
    return PARE_OK;
}

/* The next piece of the word, in order; `match`: the pattern (or its inverse) says so. */
static pare_status piece(cutter *c, size_t start, size_t end, bool match, pare_err *err) {
    bool last = c->last_match, join = false;
    bool first = !c->has_open;
    c->last_match = match;
    switch (c->step->cut) {
    case PR_CUT_REMOVED:
        if (match) return PARE_OK;
        return word_add(c->out, c->base + start, c->base + end, err);
    case PR_CUT_ISOLATED: return word_add(c->out, c->base + start, c->base + end, err);
    case PR_CUT_WITH_PREVIOUS: join = match && !last && !first; break;
    case PR_CUT_WITH_NEXT: join = last && !match && !first; break;
    case PR_CUT_CONTIGUOUS: join = last == match && !first; break;
    }
    if (join) return c->open_end = end, PARE_OK;
    return open_piece(c, start, end, err);
}

static pare_status split_word(pr_splitter *s, cutter *c, const char *p, size_t n, pare_err *err) {
    size_t prev = 0, at = 0, start, end;
    int    found;
    bool   inv = c->step->invert;
    for (unsigned turn = 1; at <= n; turn++) {
        if (turn % PR_CTL_TURNS == 0) PR_TRY(pr_ctl_check(s->ctl, err));
        PR_TRY(pr_match(s, c->step->code, p, n, at, &found, &start, &end, err));
        if (!found) break;
        if (start > prev) PR_TRY(piece(c, prev, start, inv, err));
        PR_TRY(piece(c, start, end, !inv, err));
        prev = end;
        at = end;
        if (start == end) {
            if (at == n) break;
            uint32_t len;
            pr_utf8_at(p + at, &len);
            at += len;
        }
    }
    if (prev < n) PR_TRY(piece(c, prev, n, inv, err));
    return flush(c, err);
}

static pare_status step_split(pr_splitter *s, const pr_pre_step *step, pare_err *err) {
    s->b.n = 0;
    for (size_t i = 0; i < s->a.n; i++) {
        if (i % PR_CTL_TURNS == 0) PR_TRY(pr_ctl_check(s->ctl, err));
        pr_word w = s->a.p[i];
        cutter  c = {.step = step, .out = &s->b, .base = w.off};
        pare_status st = split_word(s, &c, s->text.p + w.off, w.len, err);
        if (st == PARE_EINPUT && err && err->pos >= 0) err->pos += w.off;
        PR_TRY(st);
    }
    pr_words t = s->a;
    s->a = s->b;
    s->b = t;
    return PARE_OK;
}

static bool starts_with(const char *p, size_t n, pr_str s) {
    return n >= s.n && memcmp(p, s.p, s.n) == 0;
}

/* Write one word anew into s->tmp; metaspace also replaces the spaces in it. */
static void rewrite_word(pr_splitter *s, const pr_pre_step *step, pr_word w, bool first,
                         bool bare) {
    const char *p = s->text.p + w.off;
    pr_str      mark = step->op == PR_PRE_METASPACE ? step->pattern : PR_STR(" ");
    bool        spaced = starts_with(p, w.len, PR_STR(" "));
    bool        prefix = !spaced && !starts_with(p, w.len, mark);
    if (step->op == PR_PRE_METASPACE)
        prefix = prefix && (step->prepend == PR_PREPEND_ALWAYS ||
                            (step->prepend == PR_PREPEND_FIRST && first));
    if (prefix && !bare) pr_buf_add(&s->tmp, mark.p, mark.n);
    size_t from = 0;
    for (size_t i = 0; step->op == PR_PRE_METASPACE && i < w.len; i++) {
        if (p[i] != ' ') continue;
        pr_buf_add(&s->tmp, p + from, i - from);
        pr_buf_add(&s->tmp, mark.p, mark.n);
        from = i + 1;
    }
    pr_buf_add(&s->tmp, p + from, w.len - from);
}

static pare_status step_rewrite(pr_splitter *s, const pr_pre_step *step, bool at_start, bool middle,
                                pare_err *err) {
    s->b.n = 0;
    pr_buf_clear(&s->tmp);
    for (size_t i = 0; i < s->a.n; i++) {
        size_t off = s->tmp.n;
        bool   head = s->a.p[i].off == 0;
        rewrite_word(s, step, s->a.p[i], at_start && head, middle && head);
        if (s->tmp.failed) return pr_fail_grown(&s->tmp, "pre_tokenizer", err);
        PR_TRY(word_add(&s->b, off, s->tmp.n, err));
    }
    pr_words w = s->a;
    s->a = s->b;
    s->b = w;
    pr_buf t = s->text;
    s->text = s->tmp;
    s->tmp = t;
    return PARE_OK;
}

pare_status pr_split(const pr_vocab *v, pr_splitter *s, pr_str text, bool at_start, bool middle,
                     pare_err *err) {
    pr_buf_clear(&s->text);
    pr_buf_add(&s->text, text.p, text.n);
    if (s->text.failed) return pr_fail_grown(&s->text, "pre_tokenizer", err);
    s->a.n = 0;
    PR_TRY(word_add(&s->a, 0, text.n, err));
    for (uint32_t i = 0; i < v->n_pre; i++) {
        if (v->pre[i].op == PR_PRE_SPLIT)
            PR_TRY(step_split(s, &v->pre[i], err));
        else
            PR_TRY(step_rewrite(s, &v->pre[i], at_start, middle, err));
    }
    return PARE_OK;
}
