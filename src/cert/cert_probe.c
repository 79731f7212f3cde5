/* cert_probe.c - what the model answers to a few fixed prompts, so that anyone can see whether it
 * still does: the most probable next tokens and their log-probabilities, by pare's engine.
 *
 * The engine gives the same bits on every CPU, with any number of threads; exp and log are pare's
 * own. So the same file gives the same numbers, and PROBE_TOLERANCE is room only for a later
 * engine that rounds otherwise: float32 logits of size 30 have steps of 2e-6, summed over
 * layers some 1e-4. It is far below what one changed block of weights does. */
#include <math.h>
#include <stdio.h>
#include "cert.h"
#include "engine/engine.h"

#define PROBE_TOLERANCE 1e-3
enum { PROBE_TOP = 5, PROBE_IDS = 128, PROBE_PROMPTS = 16 };

static const char *const prompts[] = {
    "It was",
    "The capital of France is",
    "def add(a, b):\n    return",
    "1, 2, 3, 4,",
    "Liebe Freundinnen und Freunde,",
    "\"Good morning,\" she said, and",
};

/* log(sum(exp)) of the scores, as a double. */
static double log_sum(const float *logits, int n) {
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        if (logits[i] > max) max = logits[i];
    for (int i = 0; i < n; i++) sum += pr_exp(logits[i] - max);
    return max + pr_log(sum);
}

/* The PROBE_TOP best, best first; ties to the smaller id. */
static int best(const float *logits, int n, int ids[PROBE_TOP]) {
    int k = 0;
    for (int i = 0; i < n; i++) {
        int at = k;
        while (at > 0 && logits[i] > logits[ids[at - 1]]) at--;
        if (at >= PROBE_TOP) continue;
        if (k < PROBE_TOP) k++;
        for (int m = k - 1; m > at; m--) ids[m] = ids[m - 1];
        ids[at] = i;
    }
    return k;
}

/* One prompt's scores after its last token; borrowed from the session. EINPUT: not finite. */
static pare_status answer(pr_session *s, const pr_ids *ids, int n_vocab, const pare_ctl *ctl,
                          const float **logits, pare_err *err) {
    pr_session_rewind(s, 0);
    PR_TRY(pr_session_prompt(s, ids->p, (int64_t)ids->n, ctl, err));
    *logits = pr_session_logits(s, 0);
    for (int i = 0; i < n_vocab; i++)
        if (!isfinite((*logits)[i]))
            return pr_fail(err, PARE_EINPUT, -1,
                           "the model answers with numbers that are not finite");
    return PARE_OK;
}

static pare_status encode(const pr_model *m, const char *text, size_t n, pr_ids *ids,
                          pare_err *err) {
    ids->n = 0;
    PR_TRY(pr_encode(m->tok, text, n, PR_ENCODE_ADD, ids, err));
    if (ids->n >= 1 && ids->n <= PROBE_IDS) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "a probe is %zu tokens, expected 1 to %d", ids->n,
                   PROBE_IDS);
}

static pare_status session(const pr_model *m, const char *state, const pare_ctl *ctl,
                           pr_session **out, pare_err *err) {
    pr_session_opts o = {.n_ctx = PROBE_IDS, .n_threads = ctl ? ctl->n_threads : 0};
    *out = NULL;
    PR_TRY(pr_model_tokenizer(m, err));
    PR_TRY(pr_state_type(state, &o.state, err));
    if (m->hp.n_ctx > 0 && m->hp.n_ctx < o.n_ctx) o.n_ctx = m->hp.n_ctx;
    return pr_session_new(out, m, &o, err);
}

static void put_answer(pr_doc_build *b, pare_doc *list, const char *text, const pr_ids *ids,
                       const float *logits, int n_vocab) {
    int       top[PROBE_TOP], k = best(logits, n_vocab, top);
    double    all = log_sum(logits, n_vocab);
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_str(b, o, "text", text);
    pare_doc *a = pr_doc_set_array(b, o, "ids");
    for (size_t i = 0; i < ids->n; i++) pr_doc_add_i64(b, a, ids->p[i]);
    a = pr_doc_set_array(b, o, "top");
    for (int i = 0; i < k; i++) {
        pare_doc *t = pr_doc_add_object(b, a);
        pr_doc_set_i64(b, t, "id", top[i]);
        pr_doc_set_f64(b, t, "logprob", (double)logits[top[i]] - all);
    }
}

pare_status pr_probe_run(const pr_model *m, const char *state, const pare_ctl *ctl, pare_doc **out,
                         pare_err *err) {
    pr_doc_build b = {0};
    pr_session  *s = NULL;
    pr_ids       ids = {0};
    const float *logits;
    *out = NULL;
    PR_TRY(session(m, state, ctl, &s, err));
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_str(&b, d, "engine", "pare");
    pr_doc_set_str(&b, d, "state", state ? state : "f16");
    pr_doc_set_f64(&b, d, "tolerance", PROBE_TOLERANCE);
    pr_doc_set_str(&b, d, "unit", "nats");
    pare_doc   *list = pr_doc_set_array(&b, d, "prompts");
    pare_status st = PARE_OK;
    for (size_t i = 0; i < PR_COUNT(prompts) && st == PARE_OK; i++) {
        st = encode(m, prompts[i], strlen(prompts[i]), &ids, err);
        if (st == PARE_OK) st = answer(s, &ids, m->hp.n_vocab, ctl, &logits, err);
        if (st == PARE_OK) put_answer(&b, list, prompts[i], &ids, logits, m->hp.n_vocab);
    }
    pr_ids_done(&ids);
    pr_session_free(s);
    if (st == PARE_OK) return pr_doc_done(&b, d, out, err);
    pare_doc_free(d);
    return st;
}

/* ------------------------------------------------------------------ again */

typedef struct {
    pr_session     *s;
    const pr_model *m;
    const pare_ctl *ctl;
    double          tolerance, worst;
    const char     *file;
    pr_findings    *f;
} recheck;

static bool same_ids(const pr_ids *ids, const pare_doc *said) {
    bool same = ids->n == pare_doc_count(said);
    for (size_t i = 0; same && i < ids->n; i++)
        same = ids->p[i] == pare_doc_int(pare_doc_at(said, i));
    return same;
}

static void compare(recheck *r, size_t no, const pare_doc *top, const float *logits) {
    double all = log_sum(logits, r->m->hp.n_vocab);
    char   found[96], want[96];
    for (size_t i = 0; i < pare_doc_count(top); i++) {
        const pare_doc *t = pare_doc_at(top, i);
        int64_t         id = pare_doc_int(pare_doc_get(t, "id"));
        double          was = pare_doc_num(pare_doc_get(t, "logprob"));
        bool            there = id >= 0 && id < r->m->hp.n_vocab;
        double          now = there ? (double)logits[id] - all : NAN;
        if (fabs(now - was) > r->worst) r->worst = fabs(now - was);
        if (fabs(now - was) <= r->tolerance) continue; /* never so for a NaN */
        snprintf(found, sizeof found, "prompt %zu: token %lld at %.6f nats", no, (long long)id,
                 now);
        snprintf(want, sizeof want, "%.6f ± %g", was, r->tolerance);
        pr_finding_bad(r->f, "probe", r->file, found, want);
    }
}

static pare_status again(recheck *r, size_t no, const pare_doc *p, pr_ids *ids, pare_err *err) {
    const float *logits;
    pr_str       text;
    PR_TRY(pr_json_get_str(p, "text", &text, err));
    PR_TRY(encode(r->m, text.p, text.n, ids, err));
    if (!same_ids(ids, pare_doc_get(p, "ids"))) {
        char found[64];
        snprintf(found, sizeof found, "prompt %zu: other tokens", no);
        pr_finding_bad(r->f, "probe", r->file, found, "the tokens of the certificate");
        return PARE_OK;
    }
    PR_TRY(answer(r->s, ids, r->m->hp.n_vocab, r->ctl, &logits, err));
    compare(r, no, pare_doc_get(p, "top"), logits);
    return PARE_OK;
}

pare_status pr_probe_check(const pr_model *m, const pare_doc *probes, const pare_ctl *ctl,
                           const char *file, pr_findings *f, pare_err *err) {
    recheck         r = {.m = m, .ctl = ctl, .file = file, .f = f};
    pr_ids          ids = {0};
    const pare_doc *list;
    size_t          before = f->n_failures;
    PR_TRY(pr_json_get_arr(probes, "prompts", &list, err));
    PR_TRY(pr_json_get_f64(probes, "tolerance", 0, 1, &r.tolerance, err));
    size_t n = pare_doc_count(list);
    if (n < 1 || n > PROBE_PROMPTS)
        return pr_fail(err, PARE_EINPUT, -1, "found %zu probes, expected 1 to %d", n,
                       PROBE_PROMPTS);
    PR_TRY(session(m, pare_doc_str(pare_doc_get(probes, "state")), ctl, &r.s, err));
    pare_status st = PARE_OK;
    for (size_t i = 0; i < n && st == PARE_OK; i++)
        st = again(&r, i + 1, pare_doc_at(list, i), &ids, err);
    pr_ids_done(&ids);
    pr_session_free(r.s);
    if (st == PARE_OK && f->n_failures == before)
        pr_finding_ok(f, "probe", "%zu prompts, at most %.2g nats from the certificate", n,
                      r.worst);
    return st;
}
