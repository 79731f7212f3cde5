/* decode.c - ids become text. One machine does whole texts and streams: it takes
 * one token after another, applies the decoder's steps to it, and gives bytes out
 * as soon as they make whole code points.
 *
 * What is ill-formed becomes U+FFFD, one for each maximal part of a sequence
 * (Unicode 3.9, "U+FFFD substitution of maximal subparts"), as Rust's libraries do
 * it. The steps of a decoder are those of the `tokenizers` library. */
#include "vocab.h"

static const char LOST[] = "\xEF\xBF\xBD";

void pr_decoder_init(pr_decoder *d, const pr_tokenizer *t, bool skip_special) {
    *d = (pr_decoder){.t = t, .skip_special = skip_special};
    pr_buf_init(&d->run, (size_t)1 << 30);
    bool fused = false;
    for (uint32_t i = 0; i < t->v.n_dec; i++) {
        if (t->v.dec[i].op == PR_DEC_FUSE) fused = true;
        if (t->v.dec[i].op == PR_DEC_STRIP && fused) d->n_lead = t->v.dec[i].start;
    }
}

/* Bytes that a lead byte asks for, 0 if it cannot start a sequence; and the range
 * its second byte must be in. */
static int wanted(uint8_t b, uint8_t *lo, uint8_t *hi) {
    *lo = 0x80;
    *hi = 0xBF;
    if (b < 0x80) return 1;
    if (b < 0xC2 || b > 0xF4) return 0;
    if (b == 0xE0) *lo = 0xA0;
    if (b == 0xED) *hi = 0x9F;
    if (b == 0xF0) *lo = 0x90;
    if (b == 0xF4) *hi = 0x8F;
    return b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
}

/* One character leaves; leading ones may be stripped. `c` is the step's character. */
static void give(pr_decoder *d, const char *p, size_t n, pr_buf *out) {
    if (d->n_lead) {
        pr_str lead = {NULL, 0};
        for (uint32_t i = 0; i < d->t->v.n_dec; i++)
            if (d->t->v.dec[i].op == PR_DEC_STRIP) lead = d->t->v.dec[i].from;
        if (pr_str_eq(lead, (pr_str){p, n})) {
            d->n_lead--;
            return;
        }
        d->n_lead = 0;
    }
    d->begun = true;
    pr_buf_add(out, p, n);
}

/* SentencePiece counts each byte of an unfinished sequence as lost. */
static void lose_held(pr_decoder *d, pr_buf *out) {
    uint32_t times = d->t->v.plain_controls ? d->n_held : PR_MIN(d->n_held, 1u);
    d->n_held = 0;
    for (uint32_t i = 0; i < times; i++) give(d, LOST, 3, out);
}

static void give_byte(pr_decoder *d, uint8_t b, pr_buf *out) {
    uint8_t lo, hi;
    if (d->n_held) {
        int want = wanted(d->held[0], &lo, &hi);
        if (d->n_held > 1) lo = 0x80, hi = 0xBF;
        if (b >= lo && b <= hi) {
            d->held[d->n_held++] = b;
            if ((int)d->n_held < want) return;
            give(d, (const char *)d->held, d->n_held, out);
            d->n_held = 0;
            return;
        }
        lose_held(d, out);
    }
    int want = wanted(b, &lo, &hi);
    if (want == 0)
        give(d, LOST, 3, out);
    else if (want == 1)
        give(d, (const char *)&b, 1, out);
    else {
        d->held[0] = b;
        d->n_held = 1;
    }
}

static void give_bytes(pr_decoder *d, const char *p, size_t n, pr_buf *out) {
    for (size_t i = 0; i < n; i++) {
        /* The common case at once: plain ASCII with nothing held. */
        size_t k = i;
        while (!d->n_held && !d->n_lead && k < n && (uint8_t)p[k] < 0x80) k++;
        if (k > i) {
            d->begun = true;
            pr_buf_add(out, p + i, k - i);
            i = k - 1;
            continue;
        }
        give_byte(d, (uint8_t)p[i], out);
    }
}

/* The end of a run of byte tokens. Held whole (pr_decode): if it is not UTF-8, each
 * of its bytes is lost, as the `tokenizers` library has it. */
static void end_run(pr_decoder *d, pr_buf *out) {
    if (d->run.n) {
        bool good = pr_utf8_valid(d->run.p, d->run.n, NULL);
        for (size_t i = 0; !good && i < d->run.n; i++) give(d, LOST, 3, out);
        if (good) give_bytes(d, d->run.p, d->run.n, out);
        pr_buf_clear(&d->run);
    }
    lose_held(d, out);
}

static void replace_into(pr_str s, pr_str from, pr_str to, pr_buf *out) {
    size_t last = 0;
    for (size_t i = 0; from.n && i + from.n <= s.n;) {
        const char *hit = memmem(s.p + i, s.n - i, from.p, from.n);
        if (!hit) break;
        size_t at = (size_t)(hit - s.p);
        pr_buf_add(out, s.p + last, at - last);
        pr_buf_add(out, to.p, to.n);
        last = i = at + from.n;
    }
    pr_buf_add(out, s.p + last, s.n - last);
}

/* Strip before the tokens are fused: of each token. */
static pr_str strip_token(const pr_dec_step *step, pr_str s) {
    for (uint32_t k = 0; k < step->start && s.n >= step->from.n; k++) {
        if (memcmp(s.p, step->from.p, step->from.n) != 0) break;
        s.p += step->from.n;
        s.n -= step->from.n;
    }
    for (uint32_t k = 0; k < step->stop && s.n >= step->from.n; k++) {
        if (memcmp(s.p + s.n - step->from.n, step->from.p, step->from.n) != 0) break;
        s.n -= step->from.n;
    }
    return s;
}

/* The steps up to Fuse on the text of one token, which is not a byte token. `a` and
 * `b` are scratch; false: too long for them. */
static bool token_steps(const pr_decoder *d, pr_str *text, pr_buf *a, pr_buf *b) {
    const pr_vocab *v = &d->t->v;
    pr_str          s = *text;
    for (uint32_t i = 0; i < v->n_dec && v->dec[i].op != PR_DEC_FUSE; i++) {
        const pr_dec_step *step = &v->dec[i];
        pr_str             from = step->from, to = step->to;
        if (step->op == PR_DEC_STRIP) s = strip_token(step, s);
        if (step->op == PR_DEC_METASPACE)
            to = d->n_done == 0 && step->prepend ? PR_STR("") : PR_STR(" ");
        if (step->op != PR_DEC_REPLACE && step->op != PR_DEC_METASPACE) continue;
        pr_buf_clear(a);
        replace_into(s, from, to, a);
        if (a->failed) return false;
        s = (pr_str){a->p ? a->p : "", a->n};
        pr_buf swap = *a;
        *a = *b;
        *b = swap;
    }
    *text = s;
    return true;
}

static bool has_step(const pr_vocab *v, int op) {
    for (uint32_t i = 0; i < v->n_dec; i++)
        if ((int)v->dec[i].op == op) return true;
    return false;
}

static void add_byte(pr_decoder *d, uint8_t b, pr_buf *out) {
    if (d->glued)
        pr_buf_add(&d->run, &b, 1);
    else
        give_byte(d, b, out);
}

static void add_text(pr_decoder *d, uint32_t id, pr_buf *out) {
    const pr_tokenizer *t = d->t;
    pr_str              s = t->v.text[id];
    if (has_step(&t->v, PR_DEC_BYTE_LEVEL)) {
        s = t->bytes[id];
        give_bytes(d, s.p, s.n, out);
        return;
    }
    end_run(d, out);
    if (!d->begun && t->v.n_dec && t->v.dec[t->v.n_dec - 1].each) d->n_lead = 1;
    if (t->v.n_dec == 1 && t->v.dec[0].op == PR_DEC_SPACES && d->n_done) pr_buf_puts(out, " ");
    if (t->v.unk_text && t->v.type[id] == PR_TOKEN_UNKNOWN) {
        s = pr_str_of(t->v.unk_text);
        d->n_lead = 0;
    }
    pr_buf a, b;
    pr_buf_init(&a, PR_PIECE_MAX(s.n));
    pr_buf_init(&b, PR_PIECE_MAX(s.n));
    if (!token_steps(d, &s, &a, &b)) out->failed = true;
    give_bytes(d, s.p, s.n, out);
    pr_buf_done(&a);
    pr_buf_done(&b);
}

pare_status pr_decoder_add(pr_decoder *d, pr_id id, pr_buf *out, pare_err *err) {
    const pr_tokenizer *t = d->t;
    if (id < 0 || (uint32_t)id >= t->v.n)
        return pr_fail(err, PARE_EINPUT, -1, "id %d, the tokens are 0 to %u", id, t->v.n - 1);
    if (!t->v.text[id].p) return PARE_OK;
    if (d->skip_special && t->special[id] & 1) return PARE_OK;
    /* SentencePiece's controls are never seen. */
    if (t->v.plain_controls && t->v.type[id] == PR_TOKEN_CONTROL) return PARE_OK;
    int b = has_step(&t->v, PR_DEC_BYTE_FALLBACK) ? pr_byte_token(t->v.text[id]) : -1;
    if (b >= 0)
        add_byte(d, (uint8_t)b, out);
    else
        add_text(d, (uint32_t)id, out);
    if (d->n_done < UINT32_MAX) d->n_done++;
    if (out->failed || d->run.failed) return pr_fail_nomem(err, out->n);
    return PARE_OK;
}

void pr_decoder_end(pr_decoder *d, pr_buf *out) {
    end_run(d, out);
    pr_buf_done(&d->run);
}

pare_status pr_decode(const pr_tokenizer *t, const pr_id *ids, size_t n, bool skip_special,
                      pr_buf *out, pare_err *err) {
    pr_decoder d;
    pr_decoder_init(&d, t, skip_special);
    /* GGUF and SentencePiece keep the good part of a damaged run. */
    d.glued = !t->v.by_score;
    pare_status st = PARE_OK;
    for (size_t i = 0; i < n && st == PARE_OK; i++) {
        st = pr_decoder_add(&d, ids[i], out, err);
        if (st == PARE_EINPUT && err) err->pos = (int64_t)i;
    }
    pr_decoder_end(&d, out);
    if (st == PARE_OK && out->failed) st = pr_fail_nomem(err, out->n);
    return st;
}
