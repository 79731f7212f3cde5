/* normal.c - a text is made normal before it is cut: Unicode's forms by utf8proc,
 * replacements, and what SentencePiece does to spaces. */
#include <utf8proc.h>
#include "vocab.h"

static const char MARK[] = "\xE2\x96\x81"; /* U+2581, SentencePiece's space */

bool pr_white_space(uint32_t c) {
    return (c >= 9 && c <= 13) || c == 32 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

static bool is_ascii(pr_str s) {
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 128) return false;
    return true;
}

static pare_status form(const pr_norm_step *step, pr_str in, pr_buf *out, pare_err *err) {
    if (is_ascii(in)) return pr_buf_add(out, in.p, in.n), PARE_OK;
    const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)in.p;
    utf8proc_ssize_t        len = (utf8proc_ssize_t)in.n;
    utf8proc_option_t       how = (utf8proc_option_t)(step->form | UTF8PROC_STABLE);
    utf8proc_ssize_t        n = utf8proc_decompose(p, len, NULL, 0, how);
    if (n < 0) return pr_fail(err, PARE_EINPUT, -1, "normalizing: %s", utf8proc_errmsg(n));
    /* One more than the code points: they become UTF-8 in place, with a NUL. */
    utf8proc_int32_t *cp = pr_calloc((size_t)n + 1, sizeof *cp);
    if (!cp) return pr_fail_nomem(err, ((uint64_t)n + 1) * sizeof *cp);
    n = utf8proc_decompose(p, len, cp, n, how);
    if (n >= 0) n = utf8proc_reencode(cp, n, how);
    if (n >= 0) pr_buf_add(out, cp, (size_t)n);
    pr_free(cp);
    if (n < 0) return pr_fail(err, PARE_EINPUT, -1, "normalizing: %s", utf8proc_errmsg(n));
    return PARE_OK;
}

static void replace(const pr_norm_step *step, pr_str in, pr_buf *out) {
    size_t from = 0;
    for (size_t i = 0; i + step->from.n <= in.n;) {
        const char *hit = memmem(in.p + i, in.n - i, step->from.p, step->from.n);
        if (!hit) break;
        size_t at = (size_t)(hit - in.p);
        pr_buf_add(out, in.p + from, at - from);
        pr_buf_add(out, step->to.p, step->to.n);
        from = i = at + step->from.n;
    }
    pr_buf_add(out, in.p + from, in.n - from);
}

static pare_status replace_regex(const pr_norm_step *step, pr_str in, pr_buf *out, pare_err *err) {
    pr_splitter s;
    PR_TRY(pr_splitter_init(&s, 0, err));
    size_t      from = 0, at = 0, start, end;
    int         found;
    pare_status st = PARE_OK;
    while (at <= in.n) {
        PR_GO(pr_match(&s, step->code, in.p, in.n, at, &found, &start, &end, err));
        if (!found) break;
        pr_buf_add(out, in.p + from, start - from);
        pr_buf_add(out, step->to.p, step->to.n);
        from = at = end;
        if (start < end) continue;
        uint32_t len = 1;
        if (at < in.n) pr_utf8_at(in.p + at, &len);
        at += len;
    }
    pr_buf_add(out, in.p + from, in.n - from);
done:
    pr_splitter_done(&s);
    return st;
}

static void strip(const pr_norm_step *step, pr_str in, pr_buf *out) {
    size_t   a = 0, b = in.n;
    uint32_t len;
    while (step->left && a < b && pr_white_space(pr_utf8_at(in.p + a, &len))) a += len;
    while (step->right && b > a) {
        size_t c = b - 1;
        while (c > a && ((uint8_t)in.p[c] & 0xC0) == 0x80) c--;
        if (!pr_white_space(pr_utf8_at(in.p + c, &len))) break;
        b = c;
    }
    pr_buf_add(out, in.p + a, b - a);
}

static void by_char(const pr_norm_step *step, pr_str in, pr_buf *out) {
    for (size_t i = 0; i < in.n;) {
        uint32_t len, c = pr_utf8_at(in.p + i, &len);
        i += len;
        if (step->op == PR_NORM_NO_MARKS &&
            utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_MN)
            continue;
        char dst[4];
        if (step->op == PR_NORM_LOWER) {
            /* The one character whose small letter is two (Unicode's SpecialCasing). */
            if (c == 0x130) {
                pr_buf_puts(out, "i\xCC\x87");
                continue;
            }
            c = (uint32_t)utf8proc_tolower((utf8proc_int32_t)c);
        }
        pr_buf_add(out, dst, (size_t)pr_utf8_put(dst, c));
    }
}

/* What SentencePiece does with an identity character map: leading, trailing and
 * doubled spaces go if `squeeze`, a dummy prefix comes, spaces become U+2581.
 * `middle`: the text is not at the start, no prefix. */
static void spaces(const pr_tokenizer *t, const pr_norm_step *step, pr_str in, pr_buf *out,
                   bool middle) {
    pr_str mark = step->escape ? PR_STR(MARK) : PR_STR(" ");
    size_t i = 0, base = out->n;
    while (step->squeeze && i < in.n && in.p[i] == ' ') i++;
    if (i == in.n) return;
    if (step->prefix && !middle) pr_buf_add(out, mark.p, mark.n);
    bool after_space = step->squeeze;
    while (i < in.n) {
        uint32_t value;
        size_t   n = t->frozen ? pr_automaton_prefix(t->frozen, in.p + i, in.n - i, &value) : 0;
        size_t   end = i + (n ? n : 1);
        while (after_space && i < end && in.p[i] == ' ') i++;
        bool any = i < end;
        for (; i < end; i++) {
            if (in.p[i] == ' ')
                pr_buf_add(out, mark.p, mark.n);
            else
                pr_buf_add(out, &in.p[i], 1);
        }
        if (any) after_space = step->squeeze && in.p[end - 1] == ' ';
    }
    while (step->squeeze && out->n - base >= mark.n &&
           memcmp(out->p + out->n - mark.n, mark.p, mark.n) == 0)
        out->n -= mark.n;
}

static pare_status step_run(const pr_tokenizer *t, const pr_norm_step *step, pr_str in, pr_buf *out,
                            bool middle, pare_err *err) {
    switch (step->op) {
    case PR_NORM_FORM: return form(step, in, out, err);
    case PR_NORM_PREPEND:
        if (in.n && !middle) pr_buf_add(out, step->to.p, step->to.n);
        pr_buf_add(out, in.p, in.n);
        return PARE_OK;
    case PR_NORM_REPLACE: replace(step, in, out); return PARE_OK;
    case PR_NORM_REGEX: return replace_regex(step, in, out, err);
    case PR_NORM_STRIP: strip(step, in, out); return PARE_OK;
    case PR_NORM_LOWER:
    case PR_NORM_NO_MARKS: by_char(step, in, out); return PARE_OK;
    case PR_NORM_SPM: spaces(t, step, in, out, middle); return PARE_OK;
    }
    return pr_fail(err, PARE_EINTERNAL, -1, "normalizer step %d", (int)step->op);
}

pare_status pr_fail_grown(const pr_buf *b, const char *where, pare_err *err) {
    if (!b->full) return pr_fail_nomem(err, b->n);
    return pr_fail(err, PARE_EINPUT, -1, "the %s makes this text longer than %zu bytes", where,
                   b->max);
}

pare_status pr_normalize(const pr_tokenizer *t, pr_str in, pr_buf *out, pr_buf *tmp, bool middle,
                         pare_err *err) {
    pr_buf_clear(out);
    pr_buf_add(out, in.p, in.n);
    for (uint32_t i = 0; i < t->v.n_norm; i++) {
        pr_buf_clear(tmp);
        PR_TRY(step_run(t, &t->v.norm[i], (pr_str){out->p ? out->p : "", out->n}, tmp, middle,
                        err));
        if (tmp->failed) return pr_fail_grown(tmp, "normalizer", err);
        pr_buf swap = *out;
        *out = *tmp;
        *tmp = swap;
    }
    return out->failed ? pr_fail_grown(out, "normalizer", err) : PARE_OK;
}
