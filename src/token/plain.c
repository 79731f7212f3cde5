/* plain.c - a tokenizer as few words as other runtimes have for it, or the word that lacks.
 *
 * Always true: what pr_token_plain_of() gives encodes as the tokenizer does; whatever it has no
 * field for is refused. */
#include "vocab.h"
#include <utf8proc.h>

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
    case PR_NORM_SPM: return no(err, "SentencePiece's own normalizer");
    }
    return no(err, "a normalizer");
}

/* PCRE2's own \s has U+180E, which is no white space to the `tokenizers` library. */
static pare_status take_split(const pr_pre_step *s, pr_arena *a, pr_token_plain *p,
                              pare_err *err) {
    pr_str pattern;
    static const char *const names[] = {"isolate", "remove", "mergedwithprevious",
                                        "mergedwithnext", "contiguous"};
    if (s->op != PR_PRE_SPLIT) return no(err, "a prefix made by the pre_tokenizer");
    if (s->cut == PR_CUT_CONTIGUOUS) return no(err, "the pre_tokenizer's behavior Contiguous");
    PR_TRY(pr_pattern_pcre2(&pattern, s->pattern, a, err));
    p->splits[p->n_splits++] = (pr_token_split){pattern, names[s->cut], s->invert};
    return PARE_OK;
}

static pare_status take_added(const pr_tokenizer *t, pr_arena *a, pr_token_plain *p,
                              pare_err *err) {
    pr_token_added *list;
    PR_NEW(list, a, t->v.n_added + 1, err);
    for (uint32_t i = 0; i < t->v.n_added; i++) {
        const pr_added *d = &t->v.added[i];
        if (d->single_word) return no(err, "an added token that wants to be a whole word");
        if (d->normalized && !d->special && t->v.n_norm)
            return no(err, "an added token that is looked for in the normalized text");
        list[i] = (pr_token_added){d->text, (pr_id)d->id, d->lstrip, d->rstrip};
    }
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

static pare_status take_merges(const pr_tokenizer *t, pr_arena *a, pr_token_plain *p,
                               pare_err *err) {
    uint32_t(*list)[2];
    PR_NEW(list, a, t->v.n_merges + 1, err);
    for (uint32_t i = 0; i < t->v.n_merges; i++) {
        list[i][0] = t->v.merge[i].left;
        list[i][1] = t->v.merge[i].right;
    }
    p->merges = list;
    p->n_merges = t->v.n_merges;
    return PARE_OK;
}

pare_status pr_token_plain_of(const pr_tokenizer *t, pr_arena *a, pr_token_plain *out,
                              pare_err *err) {
    const pr_vocab *v = &t->v;
    *out = (pr_token_plain){.byte_level = v->byte_level,
                            .byte_fallback = v->byte_fallback,
                            .fuse_unk = v->fuse_unk,
                            .unk = (pr_id)v->unk,
                            .before = v->before,
                            .n_before = v->n_before,
                            .after = v->after,
                            .n_after = v->n_after};
    if (v->by_score) return no(err, "merging by scores (SentencePiece, GGUF)");
    if (v->ignore_merges) return no(err, "ignore_merges");
    for (uint32_t i = 0; i < v->n_norm; i++) PR_TRY(take_norm(&v->norm[i], out, err));
    if (v->n_pre > PR_COUNT(out->splits)) return no(err, "so long a pre_tokenizer");
    for (uint32_t i = 0; i < v->n_pre; i++) PR_TRY(take_split(&v->pre[i], a, out, err));
    if (!v->byte_level && !out->space.p) return no(err, "BPE of letters without marks for spaces");
    PR_TRY(take_added(t, a, out, err));
    PR_TRY(take_decoder(v, out, err));
    return take_merges(t, a, out, err);
}
