/* robust_probe.c - single inputs that a model may meet, and runs that must not differ. Always true:
 * an input is fine if it was computed to finite scores, or refused with a message; everything
 * else is bad, and says what happened. */
#include <stdio.h>
#include "robust.h"

enum { MEGABYTE = 1 << 20, REPEAT_TOKENS = 96, GREEDY_TOKENS = 32 };

typedef struct {
    const pr_model *m;
    const pr_robust_opts *o;
    const pare_ctl *ctl;
    const pr_kernels *k;
    pr_session *s;
    pr_ids ids;
    pr_trials *out;
} prober;

static void end(pr_prompt_trial *p, const char *name, pr_trial_end e, const char *what) {
    *p = (pr_prompt_trial){.name = name, .end = e};
    snprintf(p->what, sizeof p->what, "%.159s", what);
}

/* Scores of the latest call, looked at. */
static bool row_is_finite(prober *j, const pr_session *s, int i) {
    const float *q = pr_session_logits(s, i);
    bool         bad = j->k->row_nonfinite(q, j->m->hp.n_vocab) != 0;
    j->out->n_rows++;
    j->out->n_not_finite += bad;
    return !bad;
}

/* Encode and run as much as fits; what came of it. */
static pare_status try_text(prober *j, const char *name, const char *p, size_t n,
                            pr_prompt_trial *out, pare_err *err) {
    pare_err e = {0};
    char     what[160];
    j->ids.n = 0;
    pare_status st = pr_encode_long(j->m->tok, p, n, PR_ENCODE_ADD, j->ctl, &j->ids, &e);
    if (st == PARE_ENOMEM || st == PARE_ECANCELLED) return *err = e, st;
    if (st != PARE_OK) {
        snprintf(what, sizeof what, "refused: %.140s", e.msg);
        end(out, name, e.msg[0] && st != PARE_EINTERNAL ? PR_TRIAL_REFUSED : PR_TRIAL_BAD, what);
        return PARE_OK;
    }
    for (size_t i = 0; i < j->ids.n; i++)
        if (j->ids.p[i] < 0 || j->ids.p[i] >= j->m->hp.n_vocab) {
            snprintf(what, sizeof what, "token %d is outside the vocabulary", (int)j->ids.p[i]);
            end(out, name, PR_TRIAL_BAD, what);
            return PARE_OK;
        }
    int64_t fed = PR_MIN((int64_t)j->ids.n, PR_MIN(j->m->hp.n_ctx, (int64_t)512));
    pr_session_rewind(j->s, 0);
    if (fed) {
        st = pr_session_prompt(j->s, j->ids.p, fed, j->ctl, &e);
        if (st == PARE_ENOMEM || st == PARE_ECANCELLED) return *err = e, st;
    }
    bool fine = st == PARE_OK && (!fed || row_is_finite(j, j->s, 0));
    if (st != PARE_OK) snprintf(what, sizeof what, "failed: %.140s", e.msg);
    else
        snprintf(what, sizeof what, "%s%zu tokens, %lld computed",
                 fine ? "" : "scores that are no numbers: ", j->ids.n, (long long)fed);
    end(out, name, fine ? PR_TRIAL_FINE : PR_TRIAL_BAD, what);
    return PARE_OK;
}

/* ------------------------------------------------------------------ hostile input */

typedef struct {
    const char *name, *unit;
    size_t n, times; /* of the unit; so many of it */
} hostile_row;

#define H(name, text, times) {name, text, sizeof(text) - 1, times}
static const hostile_row hostiles[] = {
    H("bytes that are no UTF-8", "ok \xff\xfe\x80", 1),
    H("a code point cut off", "ok \xe2\x82", 1),
    H("an overlong code point", "ok \xc0\xaf", 1),
    H("a surrogate", "ok \xed\xa0\x80", 1),
    H("a zero byte", "a\0b", 1),
    H("1 MB of one letter", "a", MEGABYTE),
    H("1 MB of blanks", " ", MEGABYTE),
    H("1 MB of new lines", "\n", MEGABYTE),
    H("1 MB of one emoji", "\xf0\x9f\x98\x80", MEGABYTE / 4),
    H("1 MB of digits", "0123456789", MEGABYTE / 10),
    H("control characters", "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x1b[31m\x7f",
      64),
    H("marks that turn the direction of writing",
      "a\xe2\x80\xae"
      "b\xe2\x81\xa6"
      "c\xe2\x80\x8b",
      64),
    H("a letter with a thousand accents", "\xcc\x81", 1000),
    H("the last code points", "\xf4\x8f\xbf\xbf\xef\xbf\xbf\xef\xbb\xbf", 8),
    H("brackets without end", "([{<", 4096),
    H("a template's own signs", "{{ messages }}{% for x in y %}", 64),
};

static pare_status try_hostile(prober *j, pare_err *err) {
    char *text = pr_calloc(1, MEGABYTE + 16);
    if (!text) return pr_fail_nomem(err, MEGABYTE);
    pare_status st = PARE_OK;
    for (size_t i = 0; i < PR_COUNT(hostiles) && st == PARE_OK; i++) {
        const hostile_row *h = &hostiles[i];
        for (size_t k = 0; k < h->times; k++) memcpy(text + k * h->n, h->unit, h->n);
        st = try_text(j, h->name, text, h->n * h->times, &j->out->hostile[j->out->n_hostile++],
                      err);
        pr_ctl_progress(j->ctl, "hostile input", "run", (double)i + 1, PR_COUNT(hostiles));
    }
    pr_free(text);
    return st;
}

/* Every special token's spelling, given as text by somebody who has no right to it. */
static pare_status try_special(prober *j, pare_err *err) {
    uint32_t n = pr_tokenizer_size(j->m->tok), tried = 0;
    char     what[160];
    for (uint32_t id = 0; id < n && tried < 256; id++) {
        pr_str t = pr_token_text(j->m->tok, (pr_id)id);
        if (!t.p || t.n == 0 || !pr_token_is_special(j->m->tok, (pr_id)id)) continue;
        tried++;
        j->ids.n = 0;
        PR_TRY(pr_encode(j->m->tok, t.p, t.n, 0, &j->ids, err));
        for (size_t i = 0; i < j->ids.n; i++) {
            if (!pr_token_is_special(j->m->tok, j->ids.p[i]) ||
                pr_token_kind(j->m->tok, j->ids.p[i]) == PR_TOKEN_UNKNOWN)
                continue;
            snprintf(what, sizeof what, "the text '%.*s' becomes the special token %d",
                     (int)PR_MIN(t.n, (size_t)40), t.p, (int)j->ids.p[i]);
            end(&j->out->special, "special tokens in a text", PR_TRIAL_BAD, what);
            return PARE_OK;
        }
    }
    snprintf(what, sizeof what, "%u special tokens stay text", tried);
    end(&j->out->special, "special tokens in a text", tried ? PR_TRIAL_FINE : PR_TRIAL_REFUSED,
        tried ? what : "the tokenizer has no special tokens");
    return PARE_OK;
}

/* ------------------------------------------------------------------ nothing, and too much */

static pare_status try_empty(prober *j, pare_err *err) {
    pare_err           e = {0};
    pare_generate_opts o = {.n = 2, .n_ctx = 16, .temp = 0};
    pare_status st = pr_generate(j->m, NULL, "", 0, &o, j->ctl, NULL, NULL, NULL, &e);
    if (st == PARE_ENOMEM || st == PARE_ECANCELLED) return *err = e, st;
    bool said = st != PARE_OK && e.msg[0] && st != PARE_EINTERNAL;
    end(&j->out->empty, "an empty prompt",
        st == PARE_OK ? PR_TRIAL_FINE
        : said        ? PR_TRIAL_REFUSED
                      : PR_TRIAL_BAD,
        st == PARE_OK ? "generates" : e.msg);
    return PARE_OK;
}

/* Fill a context of 32, ask for one more, and go on after a rewind as if nothing had been. */
static pare_status try_past(prober *j, pare_err *err) {
    enum { CTX = 32 };
    pr_session_opts so = {
        .n_threads = 1, .n_ctx = PR_MIN((int64_t)CTX, j->m->hp.n_ctx), .state = j->o->state};
    pr_session     *s;
    pare_err        e = {0};
    pr_id           ids[CTX + 1];
    char            what[160];
    for (int i = 0; i <= CTX; i++) ids[i] = (pr_id)(i * 7 % j->m->hp.n_vocab);
    size_t bytes = (size_t)j->m->hp.n_vocab * sizeof(float);
    float *first = pr_calloc(1, bytes);
    if (!first) return pr_fail_nomem(err, bytes);
    pare_status st = pr_session_new(&s, j->m, &so, err);
    if (st != PARE_OK) {
        pr_free(first);
        return st;
    }
    st = pr_session_prompt(s, ids, so.n_ctx, j->ctl, err);
    if (st == PARE_OK) memcpy(first, pr_session_logits(s, 0), bytes);
    pare_status refused = st == PARE_OK ? pr_session_eval(s, ids, 1, &e) : PARE_OK;
    pr_session_rewind(s, so.n_ctx - 1);
    if (st == PARE_OK) st = pr_session_eval(s, &ids[so.n_ctx - 1], 1, err);
    bool same = st == PARE_OK && memcmp(first, pr_session_logits(s, 0), bytes) == 0;
    bool fine = refused == PARE_EUSAGE && e.msg[0] && same;
    snprintf(what, sizeof what, "%s%.110s%s",
             refused == PARE_EUSAGE ? "refused: " : "not refused ", e.msg,
             same ? "; then it goes on as before" : "; and then it computes otherwise");
    end(&j->out->past, "one token past the context", fine ? PR_TRIAL_FINE : PR_TRIAL_BAD, what);
    pr_session_free(s);
    pr_free(first);
    return st;
}

/* ------------------------------------------------------------------ the same again */

/* A hash of all scores of a prompt, and of the greedy tokens after it. */
static pare_status hash_run(prober *j, int threads, bool again, char hex[65], pare_err *err) {
    pr_session_opts so = {.n_threads = threads,
                          .n_ctx =
                              PR_MIN((int64_t)(REPEAT_TOKENS + GREEDY_TOKENS), j->m->hp.n_ctx),
                          .n_batch = 32,
                          .all_logits = true,
                          .state = j->o->state};
    pr_session *s;
    PR_TRY(pr_session_new(&s, j->m, &so, err));
    pr_sha256_ctx *h = pr_sha256_new();
    pare_status    st = h ? PARE_OK : pr_fail_nomem(err, 256);
    size_t  row = (size_t)j->m->hp.n_vocab * sizeof(float);
    int64_t n = PR_MIN((int64_t)REPEAT_TOKENS, so.n_ctx / 2), pos = 0;
    pr_id   ids[REPEAT_TOKENS], next = 0;
    for (int64_t i = 0; i < n; i++) ids[i] = (pr_id)((i * 131 + 17) % j->m->hp.n_vocab);
    if (again && st == PARE_OK) { /* a session that was used before */
        st = pr_session_eval(s, ids, (int)PR_MIN(n, (int64_t)8), err);
        pr_session_rewind(s, 0);
    }
    for (int64_t at = 0; at < n && st == PARE_OK; at += 32) {
        int k = (int)PR_MIN((int64_t)32, n - at);
        st = pr_session_eval(s, ids + at, k, err);
        for (int i = 0; i < k && st == PARE_OK; i++) {
            pr_sha256_add(h, pr_session_logits(s, i), row);
            row_is_finite(j, s, i);
            j->k->row_max(pr_session_logits(s, i), j->m->hp.n_vocab, &pos);
        }
    }
    for (int i = 0; i < GREEDY_TOKENS && st == PARE_OK && pr_session_pos(s) < so.n_ctx; i++) {
        next = (pr_id)pos;
        pr_sha256_add(h, &next, sizeof next);
        if ((st = pr_session_eval(s, &next, 1, err)) == PARE_OK)
            j->k->row_max(pr_session_logits(s, 0), j->m->hp.n_vocab, &pos);
    }
    if (h) {
        pr_sha256 sum = pr_sha256_end(h);
        pr_sha256_hex(&sum, hex);
    }
    pr_session_free(s);
    return st;
}

static pare_status try_again(prober *j, pare_err *err) {
    int  most = j->o->n_threads ? j->o->n_threads : pr_threads_default();
    int  counts[] = {2, 3, most};
    char first[65], other[65], what[160];
    PR_TRY(hash_run(j, 1, false, first, err));
    PR_TRY(hash_run(j, 1, true, other, err));
    bool same = strcmp(first, other) == 0;
    snprintf(what, sizeof what,
             "%d positions and %d greedy tokens, twice: SHA-256 %.12s… %s %.12s…",
             REPEAT_TOKENS, GREEDY_TOKENS, first, same ? "=" : "≠", other);
    end(&j->out->repeat, "the same run again", same ? PR_TRIAL_FINE : PR_TRIAL_BAD, what);
    snprintf(what, sizeof what, "1, 2, 3 and %d threads: SHA-256 %.12s… each time", most, first);
    end(&j->out->threads, "other numbers of threads", PR_TRIAL_FINE, what);
    for (size_t i = 0; i < PR_COUNT(counts); i++) {
        PR_TRY(hash_run(j, counts[i], false, other, err));
        if (strcmp(first, other) == 0) continue;
        snprintf(what, sizeof what, "1 thread gives SHA-256 %.12s…, %d give %.12s…", first,
                 counts[i], other);
        end(&j->out->threads, "other numbers of threads", PR_TRIAL_BAD, what);
        break;
    }
    return PARE_OK;
}

pare_status pr_trials_run(const pr_model *m, const pr_robust_opts *o, const pare_ctl *ctl,
                          pr_trials *out, pare_err *err) {
    prober          j = {.m = m, .o = o, .ctl = ctl, .out = out};
    pr_session_opts so = {.n_threads = o->n_threads,
                          .n_ctx = PR_MIN(m->hp.n_ctx, (int64_t)512),
                          .state = o->state};
    *out = (pr_trials){0};
    PR_TRY(pr_model_tokenizer(m, err));
    j.k = pr_kernels_get(pr_cpu_flags());
    PR_TRY(pr_session_new(&j.s, m, &so, err));
    pare_status st = try_hostile(&j, err);
    if (st == PARE_OK) st = try_special(&j, err);
    if (st == PARE_OK) st = try_empty(&j, err);
    if (st == PARE_OK) st = try_past(&j, err);
    if (st == PARE_OK) st = try_again(&j, err);
    pr_session_free(j.s);
    pr_ids_done(&j.ids);
    return st;
}
