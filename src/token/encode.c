/* encode.c - a text becomes ids: added tokens are taken out first, the rest is made
 * normal, searched again, cut into words, and merged. The order of these steps, and
 * what lstrip, rstrip and single_word mean, is that of the `tokenizers` library. */
#include <utf8proc.h>
#include "vocab.h"

typedef struct {
    const pr_tokenizer *t;
    unsigned            flags;
    pr_ids             *out;
    pr_splitter         split;
    pr_merger          *merger;
    pr_buf              normal, tmp;
    bool                at_start; /* no text and no token before this */
} encoder;

void pr_ids_done(pr_ids *ids) {
    pr_free(ids->p);
    *ids = (pr_ids){0};
}

static bool is_word(uint32_t c) {
    if (c == '_') return true;
    utf8proc_category_t g = utf8proc_category((utf8proc_int32_t)c);
    return (g >= UTF8PROC_CATEGORY_LU && g <= UTF8PROC_CATEGORY_ND) || g == UTF8PROC_CATEGORY_NL ||
           g == UTF8PROC_CATEGORY_PC || c == 0x200C || c == 0x200D;
}

/* The character before p[at] (at > 0), and its length. */
static uint32_t char_before(const char *p, size_t at, uint32_t *len) {
    size_t i = at - 1;
    while (i && ((uint8_t)p[i] & 0xC0) == 0x80) i--;
    return pr_utf8_at(p + i, len);
}

static size_t spaces_before(const char *p, size_t at, size_t floor) {
    uint32_t len;
    while (at > floor && pr_white_space(char_before(p, at, &len))) at -= len;
    return at;
}

static size_t spaces_after(const char *p, size_t n, size_t at) {
    uint32_t len;
    while (at < n && pr_white_space(pr_utf8_at(p + at, &len))) at += len;
    return at;
}

static bool stands_alone(pr_str s, size_t start, size_t end) {
    uint32_t len;
    if (start && is_word(char_before(s.p, start, &len))) return false;
    return end >= s.n || !is_word(pr_utf8_at(s.p + end, &len));
}

/* Words of a text without added tokens, already normal. */
static pare_status encode_words(encoder *e, pr_str s, pare_err *err) {
    if (s.n == 0) return PARE_OK;
    bool middle = e->at_start && e->flags & PR_ENCODE_MIDDLE;
    PR_TRY(pr_split(&e->t->v, &e->split, s, e->at_start, middle, err));
    for (size_t i = 0; i < e->split.a.n; i++) {
        if (i % PR_CTL_TURNS == 0) PR_TRY(pr_ctl_check(e->split.ctl, err));
        pr_word w = e->split.a.p[i];
        PR_TRY(pr_merge_word(e->merger, e->split.text.p + w.off, w.len, e->out, err));
    }
    e->at_start = false;
    return PARE_OK;
}

typedef pare_status (*rest_fn)(encoder *e, pr_str s, pare_err *err);

/* Take the tokens of `m` out of `s`; what lies between goes to `rest`. */
static pare_status take_added(encoder *e, const pr_automaton *m, pr_str s, rest_fn rest,
                              pare_err *err) {
    size_t   done = 0, from = 0, start, end;
    uint32_t k;
    while (pr_automaton_next(m, s.p, s.n, from, &start, &end, &k)) {
        const pr_added *a = &e->t->v.added[k];
        from = end;
        if (a->special && !(e->flags & PR_ENCODE_SPECIAL)) continue;
        if (a->single_word && !stands_alone(s, start, end)) continue;
        if (a->lstrip) start = spaces_before(s.p, start, done);
        if (a->rstrip) end = spaces_after(s.p, s.n, end);
        /* An rstrip before may have eaten into this one. */
        if (start < done) start = done;
        if (end <= done) continue;
        if (start > done) PR_TRY(rest(e, (pr_str){s.p + done, start - done}, err));
        PR_TRY(pr_ids_add(e->out, &(pr_id){(pr_id)a->id}, 1, err));
        e->at_start = false;
        done = end;
    }
    return done < s.n ? rest(e, (pr_str){s.p + done, s.n - done}, err) : PARE_OK;
}

/* Text between the added tokens that are looked for as they stand. */
static pare_status encode_plain(encoder *e, pr_str s, pare_err *err) {
    const pr_tokenizer *t = e->t;
    if (s.n == 0) return PARE_OK;
    bool middle = e->at_start && e->flags & PR_ENCODE_MIDDLE;
    if (t->v.n_norm) {
        PR_TRY(pr_normalize(t, s, &e->normal, &e->tmp, middle, err));
        s = (pr_str){e->normal.p ? e->normal.p : "", e->normal.n};
    }
    return take_added(e, t->normal, s, encode_words, err);
}

static pare_status encode_text(encoder *e, pr_str s, pare_err *err) {
    const pr_tokenizer *t = e->t;
    if (e->flags & PR_ENCODE_ADD)
        for (uint32_t i = 0; i < t->v.n_before; i++)
            PR_TRY(pr_ids_add(e->out, &(pr_id){(pr_id)t->v.before[i]}, 1, err));
    PR_TRY(take_added(e, t->raw, s, encode_plain, err));
    if (e->flags & PR_ENCODE_ADD)
        for (uint32_t i = 0; i < t->v.n_after; i++)
            PR_TRY(pr_ids_add(e->out, &(pr_id){(pr_id)t->v.after[i]}, 1, err));
    return PARE_OK;
}

pare_status pr_encode(const pr_tokenizer *t, const char *text, size_t n, unsigned flags,
                      pr_ids *out, pare_err *err) {
    return pr_encode_long(t, text, n, flags, NULL, out, err);
}

pare_status pr_encode_long(const pr_tokenizer *t, const char *text, size_t n, unsigned flags,
                           const pare_ctl *ctl, pr_ids *out, pare_err *err) {
    if (n > PR_ENCODE_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "a text of %zu bytes, at most %zu at once", n,
                       PR_ENCODE_MAX);
    size_t bad;
    if (n && !pr_utf8_valid(text, n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "the text is not UTF-8: byte 0x%02X at %zu",
                       (uint8_t)text[bad], bad);
    encoder e = {.t = t, .flags = flags, .out = out, .at_start = true};
    size_t  before = out->n;
    PR_TRY(pr_splitter_init(&e.split, PR_GROWN_MAX(n), err));
    e.split.ctl = ctl;
    pr_buf_init(&e.normal, PR_GROWN_MAX(n));
    pr_buf_init(&e.tmp, PR_GROWN_MAX(n));
    pare_status st = pr_merger_new(&e.merger, t, ctl, err);
    if (st == PARE_OK) st = encode_text(&e, (pr_str){n ? text : "", n}, err);
    pr_merger_free(e.merger);
    pr_splitter_done(&e.split);
    pr_buf_done(&e.normal);
    pr_buf_done(&e.tmp);
    if (st != PARE_OK) out->n = before;
    return st;
}
