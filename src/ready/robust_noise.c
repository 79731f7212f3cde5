/* robust_noise.c - noise made, and what it costs. Always true: both models see the same tokens;
 * losses are counted per byte of the passage, because noise changes how many tokens it has;
 * a passage is one block of the estimate. */
#include <math.h>
#include "robust.h"

enum {
    PASSAGES = 32,
    PASSAGES_MAX = 1000,
    PASSAGE_BYTES = 512,
    WINDOWS_MAX = 16,
    LONG_TOKENS = 16384
};

/* ------------------------------------------------------------------ making noise */

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void add(pr_buf *b, char c) {
    pr_buf_add(b, &c, 1);
}

/* A typing error at letter `i`; returns how many bytes of the text it used. */
static size_t mistype(pr_str t, size_t i, pr_rng *r, pr_buf *out) {
    bool next = i + 1 < t.n && is_letter(t.p[i + 1]);
    switch (pr_rng_below(r, 3)) {
    case 0: /* swapped with the next */
        if (next) {
            add(out, t.p[i + 1]), add(out, t.p[i]);
            return 2;
        } /* fallthrough */
    case 1: /* doubled */
        add(out, t.p[i]), add(out, t.p[i]);
        return 1;
    default: /* dropped */
        return 1;
    }
}

static void space(pr_rng *r, pr_buf *out) {
    static const char *const in_place[] = {"  ", "", "\n"};
    pr_buf_puts(out, pr_rng_below(r, 3) == 0 ? in_place[pr_rng_below(r, 3)] : " ");
}

void pr_noise_apply(pr_prompt_noise kind, pr_str t, pr_rng *r, pr_buf *out) {
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        if (kind == PR_NOISE_RANDOM && is_letter(c) && pr_rng_below(r, 20) == 0)
            add(out, (char)('a' + pr_rng_below(r, 26)));
        else if (kind == PR_NOISE_TYPOS && is_letter(c) && pr_rng_below(r, 15) == 0)
            i += mistype(t, i, r, out) - 1;
        else if (kind == PR_NOISE_CASE && c >= 'a' && c <= 'z')
            add(out, (char)(c - 32));
        else if (kind == PR_NOISE_SPACE && c == ' ')
            space(r, out);
        else
            add(out, c);
    }
}

/* ------------------------------------------------------------------ two models side by side */

typedef struct {
    const pr_model *source, *variant;
    pr_session *s, *v; /* v == s where both are one model */
    const pr_kernels *k;
    const pare_ctl *ctl;
    int batch;
    bool bos;
    pr_id bos_id;
    pr_ids ids;
    pr_buf text;
    pr_robust_result *out;
} pair;

typedef struct {
    double source, variant, kld, agree, count; /* sums over targets */
} losses;

static double lse_of(const pair *j, const float *q, int64_t *arg) {
    double max = (double)j->k->row_max(q, j->variant->hp.n_vocab, arg);
    return max + pr_log(j->k->row_sum_exp(q, j->variant->hp.n_vocab, max));
}

/* One position: row `i` of the latest batch against its target. */
static void count_row(pair *j, int i, pr_id target, losses *l) {
    const float *a = pr_session_logits(j->s, i), *b = pr_session_logits(j->v, i);
    int64_t      n = j->variant->hp.n_vocab, top_a, top_b;
    double       lse_a = lse_of(j, a, &top_a), lse_b = lse_of(j, b, &top_b);
    j->out->n_rows++;
    j->out->n_not_finite += j->k->row_nonfinite(b, n) != 0;
    l->source += lse_a - (double)a[target];
    l->variant += lse_b - (double)b[target];
    double d = j->k->row_kld(a, b, n, lse_a, lse_b);
    l->kld += d > 0 ? d : 0;
    l->agree += top_a == top_b;
    l->count += 1;
}

/* Feed ids[0 … n-1]; targets from position `from` on are counted. */
static pare_status run_ids(pair *j, const pr_id *ids, int64_t n, int64_t from, losses *l,
                           pare_err *err) {
    pr_session_rewind(j->s, 0);
    pr_session_expect(j->s, n);
    if (j->v != j->s) {
        pr_session_rewind(j->v, 0);
        pr_session_expect(j->v, n);
    }
    for (int64_t at = 0; at < n; at += j->batch) {
        int k = (int)PR_MIN((int64_t)j->batch, n - at);
        PR_TRY(pr_ctl_check(j->ctl, err));
        PR_TRY(pr_session_eval(j->s, ids + at, k, err));
        if (j->v != j->s) PR_TRY(pr_session_eval(j->v, ids + at, k, err));
        for (int i = 0; i < k && at + i + 1 < n; i++)
            if (at + i + 1 >= from) count_row(j, i, ids[at + i + 1], l);
    }
    return PARE_OK;
}

static pare_status open_pair(pair *j, int64_t n_ctx, const pr_robust_opts *o, pare_err *err) {
    pr_session_opts so = {.n_threads = o->n_threads,
                          .n_ctx = n_ctx,
                          .n_batch = j->batch,
                          .all_logits = true,
                          .state = o->state};
    PR_TRY(pr_session_new(&j->s, j->source, &so, err));
    j->v = j->s;
    return j->variant == j->source ? PARE_OK : pr_session_new(&j->v, j->variant, &so, err);
}

static void close_pair(pair *j) {
    if (j->v != j->s) pr_session_free(j->v);
    pr_session_free(j->s);
    j->s = j->v = NULL;
}

/* ------------------------------------------------------------------ passages */

/* Passage `i` of `n`: whole words, at most `bytes`, spread over the text. */
static pr_str passage(pr_str t, int i, int n, size_t bytes) {
    size_t at = t.n > bytes ? (t.n - bytes) / (size_t)n * (size_t)i : 0, end;
    while (at > 0 && at < t.n && t.p[at - 1] != ' ' && t.p[at - 1] != '\n') at++;
    end = PR_MIN(t.n, at + bytes);
    while (end > at && end < t.n && t.p[end] != ' ' && t.p[end] != '\n') end--;
    if (end == at) { /* no words: whole code points at least */
        end = PR_MIN(t.n, at + bytes);
        while (end > at && end < t.n && ((uint8_t)t.p[end] & 0xc0) == 0x80) end--;
    }
    while (at < end && ((uint8_t)t.p[at] & 0xc0) == 0x80) at++;
    return (pr_str){t.p + at, end - at};
}

/* Loss per byte of one passage under one noise; *fits false where it is longer than the context. */
static pare_status run_passage(pair *j, pr_str clean, pr_prompt_noise kind, uint64_t seed,
                               losses *l, bool *fits, pare_err *err) {
    pr_rng r;
    *l = (losses){0};
    *fits = true;
    pr_rng_seed(&r, seed);
    pr_buf_clear(&j->text);
    pr_noise_apply(kind, clean, &r, &j->text);
    if (j->text.failed) return pr_fail_nomem(err, clean.n * 4);
    j->ids.n = 0;
    if (j->bos) { /* the same as a text that is evaluated: BOS, then the words */
        PR_TRY(pr_encode(j->variant->tok, "", 0, PR_ENCODE_ADD, &j->ids, err));
        j->ids.n = PR_MIN(j->ids.n, (size_t)1);
    }
    PR_TRY(pr_encode(j->variant->tok, j->text.p ? j->text.p : "", j->text.n, 0, &j->ids, err));
    if (j->ids.n < 2 || (int64_t)j->ids.n > j->variant->hp.n_ctx) return *fits = false, PARE_OK;
    PR_TRY(run_ids(j, j->ids.p, (int64_t)j->ids.n, 1, l, err));
    l->source /= (double)j->text.n;
    l->variant /= (double)j->text.n;
    return PARE_OK;
}

typedef struct {
    pr_win clean[PASSAGES_MAX], loss[PASSAGES_MAX], extra[PASSAGES_MAX], kld[PASSAGES_MAX],
        agree[PASSAGES_MAX];
} tallies;

/* 1 + x, which is positive, less 1: what is lost may be less than nothing, and a ratio's bounds
 * are made for what is not. */
static pr_est less_one(pr_est e) {
    e.value -= 1, e.lo -= 1, e.hi -= 1;
    return e;
}

static void tell_noise(pr_noise_result *r, const tallies *t, int64_t n) {
    r->source_loss = less_one(pr_est_pair_ratio(t->loss, t->clean, n, 0.95));
    r->extra = less_one(pr_est_pair_ratio(t->extra, t->clean, n, 0.95));
    r->kld = pr_est_ratio(t->kld, n, 0.95);
    r->agreement = pr_est_share(t->agree, n, 0.95);
}

/* All kinds of noise over all passages. */
static pare_status run_noises(pair *j, pr_str text, const pr_robust_opts *o, tallies t[PR_NOISES],
                              pare_err *err) {
    int    n = PR_MIN(o->n_passages ? o->n_passages : PASSAGES, PASSAGES_MAX);
    size_t bytes = (size_t)PR_MIN((int64_t)PASSAGE_BYTES, j->variant->hp.n_ctx - 2);
    int    kept = 0;
    for (int i = 0; i < n; i++) {
        pr_str clean = passage(text, i, n, bytes);
        losses l[PR_NOISES];
        bool   fits = clean.n >= 16;
        for (int k = 0; k < PR_NOISES && fits; k++)
            PR_TRY(run_passage(j, clean, (pr_prompt_noise)k,
                               o->seed + (uint64_t)i * 31 + (uint64_t)k, &l[k], &fits, err));
        pr_ctl_progress(j->ctl, "robustness", "run", i + 1, n);
        if (!fits) continue;
        for (int k = 0; k < PR_NOISES; k++) {
            double s = l[k].source - l[0].source, v = l[k].variant - l[0].variant;
            t[k].clean[kept] = (pr_win){l[0].source, 1};
            t[k].loss[kept] = (pr_win){l[0].source + s, 1};
            t[k].extra[kept] = (pr_win){l[0].source + v - s, 1};
            t[k].kld[kept] = (pr_win){l[k].kld, l[k].count};
            t[k].agree[kept] = (pr_win){l[k].agree, l[k].count};
        }
        kept++;
    }
    j->out->n_passages = kept;
    for (int k = 0; k < PR_NOISES; k++) tell_noise(&j->out->noise[k], &t[k], kept);
    return PARE_OK;
}

/* ------------------------------------------------------------------ long contexts */

static pare_status run_long(pair *j, pr_str text, const pr_robust_opts *o, pare_err *err) {
    int64_t most = o->most_ctx ? o->most_ctx : 4096, ctx = PR_MIN(j->variant->hp.n_ctx, most);
    int64_t want = PR_MIN(PR_MAX(LONG_TOKENS / ctx, (int64_t)4), (int64_t)WINDOWS_MAX), n = 0;
    pr_win  extra[WINDOWS_MAX], base[WINDOWS_MAX];
    pr_str  head = {text.p, PR_MIN(text.n, (size_t)(ctx * want * 16))};
    while (head.n && head.n < text.n && ((uint8_t)text.p[head.n] & 0xc0) == 0x80) head.n--;
    j->ids.n = 0;
    PR_TRY(pr_encode(j->variant->tok, head.p, head.n, 0, &j->ids, err));
    j->out->long_ctx = ctx;
    j->out->long_whole = ctx == j->variant->hp.n_ctx;
    for (; n < want && (n + 1) * ctx <= (int64_t)j->ids.n; n++) {
        losses l = {0};
        PR_TRY(run_ids(j, j->ids.p + n * ctx, ctx, ctx - ctx / 4, &l, err));
        pr_ctl_progress(j->ctl, "long context", "run", (double)(n + 1), (double)want);
        extra[n] = (pr_win){l.variant, l.count};
        base[n] = (pr_win){l.source, l.count};
    }
    j->out->n_windows = n;
    j->out->long_extra = n < 4 ? pr_est_none("the text is too short for 4 whole contexts")
                               : less_one(pr_est_pair_ratio(extra, base, n, 0.95));
    return PARE_OK;
}

static pare_status check(const pr_model *a, const pr_model *b, pr_str text, pare_err *err) {
    size_t bad;
    PR_TRY(pr_model_tokenizer(b, err));
    if (a->hp.n_vocab != b->hp.n_vocab)
        return pr_fail(err, PARE_EINPUT, -1,
                       "the source has %d tokens, the variant %d: not to be compared",
                       a->hp.n_vocab, b->hp.n_vocab);
    if (!pr_utf8_valid(text.p, text.n, &bad))
        return pr_fail(err, PARE_EINPUT, (int64_t)bad, "the text is not UTF-8");
    return text.n >= 256 ? PARE_OK
                         : pr_fail(err, PARE_EINPUT, -1,
                                   "a text of %zu bytes: expected 256 or more", text.n);
}

pare_status pr_robust_noise(const pr_model *source, const pr_model *variant, pr_str text,
                            const pr_robust_opts *o, const pare_ctl *ctl, pr_robust_result *out,
                            pare_err *err) {
    pair j = {.source = source, .variant = variant, .ctl = ctl, .batch = 64, .out = out};
    *out = (pr_robust_result){0};
    PR_TRY(check(source, variant, text, err));
    j.k = pr_kernels_get(pr_cpu_flags());
    j.bos_id = pr_tokenizer_role(variant->tok, PR_SPECIAL_BOS);
    j.bos = pr_tokenizer_describe(variant->tok).add_bos && j.bos_id >= 0;
    pr_buf_init(&j.text, 1 << 20);
    int64_t     most = o->most_ctx ? o->most_ctx : 4096;
    tallies    *t = pr_calloc(PR_NOISES, sizeof *t);
    pare_status st =
        t ? open_pair(&j, PR_MIN(variant->hp.n_ctx, PR_MAX(most, (int64_t)PASSAGE_BYTES)), o,
                      err)
          : pr_fail_nomem(err, PR_NOISES * sizeof *t);
    if (st == PARE_OK) st = run_noises(&j, text, o, t, err);
    if (st == PARE_OK) st = run_long(&j, text, o, err);
    close_pair(&j);
    pr_free(t);
    pr_buf_done(&j.text);
    pr_ids_done(&j.ids);
    return st;
}
