/* plain.c - a tokenizer as few words as other runtimes have for it, or the word that lacks.
 *
 * Always true: what pr_token_plain_of() gives encodes as the tokenizer does; whatever it has no
 * field for is refused. */
#include "vocab.h"
#include <utf8proc.h>

#define MARK "\xE2\x96\x81" /* U+2581 */

static pare_status no(pare_err *err, const char *what) {
    return pr_fail(err, PARE_EREFUSED, -1, "%s cannot be said to another runtime", what);
}

static pare_status take_norm(const pr_norm_step *s, pr_token_plain *p, pare_err *err) {
    switch (s->op) {
    case PR_NORM_PREPEND:
        if (p->prepend.p || p->space.p) return no(err, "a second prefix in the normalizer");
        p->prepend = s->to;
        return PARE_OK;
    case PR_NORM_REPLACE:
        if (p->space.p || !pr_str_eq(s->from, PR_STR(" ")))
            return no(err, "the normalizer's Replace");
        p->space = s->to;
        return PARE_OK;
    case PR_NORM_FORM:
        if (p->form || p->prepend.p || p->space.p) return no(err, "a second normal form");
        p->form = s->form == UTF8PROC_COMPOSE     ? "nfc"
                  : s->form == UTF8PROC_DECOMPOSE ? "nfd"
                  : s->form & UTF8PROC_COMPOSE    ? "nfkc"
                                                  : "nfkd";
        return PARE_OK;
    case PR_NORM_REGEX: return no(err, "the normalizer's pattern");
    case PR_NORM_STRIP: return no(err, "the normalizer's Strip");
    case PR_NORM_LOWER: return no(err, "the normalizer's Lowercase");
    case PR_NORM_NO_MARKS: return no(err, "the normalizer's StripAccents");
    case PR_NORM_SPM:
        if (s->squeeze) return no(err, "SentencePiece's remove_extra_whitespaces");
        if (!s->escape || p->prepend.p || p->space.p)
            return no(err, "a second prefix in the normalizer");
        if (s->prefix) p->prepend = PR_STR(MARK);
        p->space = PR_STR(MARK);
        return PARE_OK;
    }
    return no(err, "a normalizer");
}

/* PCRE2's own \s has U+180E, which is no white space to the `tokenizers` library. */
static pare_status take_split(const pr_pre_step *s, pr_arena *a, pr_token_plain *p,
                              pare_err *err) {
    pr_str pattern;
    static const char *const names[] = {"isolate", "remove"};
    uint32_t empty = 1;
    if (s->op != PR_PRE_SPLIT) return no(err, "a prefix made by the pre_tokenizer");
    if (pr_str_eq(s->pattern, PR_STR(" ")) && p->space.p) return PARE_OK; /* none are left */
    /* A cut that joins looks back at the wrong piece where two matches touch; and a match of
     * nothing ends the search. */
    if (s->cut != PR_CUT_ISOLATED && s->cut != PR_CUT_REMOVED)
        return no(err, "the pre_tokenizer's behavior MergedWith… or Contiguous");
    if (pcre2_pattern_info(s->code, PCRE2_INFO_MATCHEMPTY, &empty) || empty)
        return no(err, "the pre_tokenizer's pattern, which may match nothing,");
    PR_TRY(pr_pattern_pcre2(&pattern, s->pattern, a, err));
    p->splits[p->n_splits++] = (pr_token_split){pattern, names[s->cut], s->invert};
    return PARE_OK;
}

/* Whether one ends as the other begins, or contains it. */
static bool overlap(pr_str a, pr_str b) {
    for (size_t i = 0; i < a.n; i++)
        if (memcmp(a.p + i, b.p, PR_MIN(a.n - i, b.n)) == 0) return true;
    return false;
}

/* Tokens of the normalized text are looked for in what the others leave. Where none of those
 * can overlap one of these, one search finds both. */
static bool searched_twice(const pr_vocab *v) {
    for (uint32_t i = 0; i < v->n_added; i++)
        for (uint32_t k = 0; k < i; k++)
            if (v->added[i].normalized != v->added[k].normalized &&
                (overlap(v->added[i].text, v->added[k].text) ||
                 overlap(v->added[k].text, v->added[i].text)))
                return true;
    return false;
}

/* A pattern with white space around tokens finds what the search for tokens alone does, where
 * no token begins in such white space, and none that begins before the longer one it begins. */
static bool can_strip(const pr_token_added *list, uint32_t n, uint32_t i) {
    const pr_token_added *d = &list[i];
    uint32_t len;
    if (d->text.n == 0 || pr_white_space(pr_utf8_at(d->text.p, &len))) return false;
    for (uint32_t k = 0; d->lstrip && k < n; k++)
        if (!list[k].lstrip && list[k].text.n > d->text.n &&
            memcmp(list[k].text.p, d->text.p, d->text.n) == 0)
            return false;
    return true;
}

static pare_status take_added(const pr_tokenizer *t, pr_arena *a, pr_token_plain *p,
                              pare_err *err) {
    pr_token_added *list;
    bool strips = false;
    PR_NEW(list, a, t->v.n_added + 1, err);
    for (uint32_t i = 0; i < t->v.n_added; i++) {
        const pr_added *d = &t->v.added[i];
        if (d->single_word) return no(err, "an added token that wants to be a whole word");
        if (d->normalized && t->v.n_norm)
            return no(err, "an added token that is looked for in the normalized text");
        list[i] = (pr_token_added){d->text, (pr_id)d->id, d->lstrip, d->rstrip};
        strips = strips || d->lstrip || d->rstrip;
    }
    if (searched_twice(&t->v)) return no(err, "added tokens that overlap, of which some go first");
    for (uint32_t i = 0; strips && i < t->v.n_added; i++)
        if (!can_strip(list, t->v.n_added, i))
            return no(err, "an added token that swallows white space, and may meet another");
    p->added = list;
    p->n_added = t->v.n_added;
    return PARE_OK;
}

/* Byte letters to bytes; or ▁ to a space, bytes of <0x..> tokens, perhaps one space off the
 * start. */
static pare_status take_decoder(const pr_vocab *v, pr_token_plain *p, pare_err *err) {
    uint32_t i = 0;
    if (v->byte_level)
        return v->n_dec == 1 && v->dec[0].op == PR_DEC_BYTE_LEVEL ? PARE_OK
                                                                  : no(err, "the decoder");
    if (i < v->n_dec && v->dec[i].op == PR_DEC_REPLACE && pr_str_eq(v->dec[i].from, p->space) &&
        pr_str_eq(v->dec[i].to, PR_STR(" ")))
        i++;
    else
        return no(err, "the decoder");
    if (i < v->n_dec && v->dec[i].op == PR_DEC_BYTE_FALLBACK) i++;
    if (i < v->n_dec && v->dec[i].op == PR_DEC_FUSE) i++;
    if (i < v->n_dec && v->dec[i].op == PR_DEC_STRIP && !v->dec[i].each && v->dec[i].start == 1 &&
        v->dec[i].stop == 0 && pr_str_eq(v->dec[i].from, PR_STR(" "))) {
        p->strip_first = true;
        i++;
    }
    return i == v->n_dec ? PARE_OK : no(err, "the decoder");
}

pare_status pr_token_plain_of(const pr_tokenizer *t, pr_arena *a, pr_token_plain *out,
                              pare_err *err) {
    const pr_vocab *v = &t->v;
    *out = (pr_token_plain){.byte_level = v->byte_level,
                            .fused = -1,
                            .before = v->before,
                            .n_before = v->n_before,
                            .after = v->after,
                            .n_after = v->n_after};
    for (uint32_t i = 0; i < v->n_norm; i++) PR_TRY(take_norm(&v->norm[i], out, err));
    if (v->n_pre > PR_COUNT(out->splits)) return no(err, "so long a pre_tokenizer");
    for (uint32_t i = 0; i < v->n_pre; i++) PR_TRY(take_split(&v->pre[i], a, out, err));
    if (!v->byte_level && !out->space.p) return no(err, "BPE of letters without marks for spaces");
    PR_TRY(take_added(t, a, out, err));
    PR_TRY(take_decoder(v, out, err));
    return pr_plain_merges(t, a, out, err);
}
