/* sampler.c - choosing the next token.
 *
 * Order: penalties, then greedy if temp is 0; else top-k, softmax at the temperature, min-p,
 * top-p, one draw. Candidates are sorted by logit, ties by id, so that a seed gives the
 * same text everywhere. min-p: arXiv:2407.01082; top-p: arXiv:1904.09751; the repeat penalty:
 * arXiv:1909.05858. */
#include "engine.h"
#include <stdlib.h>

typedef struct {
    pr_id id;
    float logit, p;
} candidate;

struct pr_sampler {
    pr_sampling p;
    int         n_vocab;
    pr_rng      rng;
    candidate  *cand;
    float      *work; /* exponents of a row */
    void (*exp)(float *y, const float *x, int64_t n);
    int64_t (*nonfinite)(const float *x, int64_t n);
    pr_id      *ring; /* the last last_n tokens */
    int         n_ring, at;
    int        *count; /* of each id in the ring */
};

static pare_status check(const pr_sampling *p, pare_err *err) {
    if (!(p->temp >= 0 && p->temp <= 100))
        return pr_fail(err, PARE_EUSAGE, -1, "temperature %g: expected 0 to 100", (double)p->temp);
    if (!(p->top_p >= 0 && p->top_p <= 1) || !(p->min_p >= 0 && p->min_p <= 1))
        return pr_fail(err, PARE_EUSAGE, -1, "top-p %g, min-p %g: expected 0 to 1",
                       (double)p->top_p, (double)p->min_p);
    if (p->top_k < 0)
        return pr_fail(err, PARE_EUSAGE, -1, "top-k %d: expected 0 or more", p->top_k);
    if (p->last_n < 0 || p->last_n > 1 << 20)
        return pr_fail(err, PARE_EUSAGE, -1, "last tokens %d: expected 0 to 1048576", p->last_n);
    if (!(p->repeat_penalty > 0 && p->repeat_penalty <= 100))
        return pr_fail(err, PARE_EUSAGE, -1, "repeat penalty %g: expected above 0, 1 is off",
                       (double)p->repeat_penalty);
    return PARE_OK;
}

pare_status pr_sampler_new(pr_sampler **out, const pr_sampling *p, int n_vocab, pare_err *err) {
    *out = NULL;
    PR_TRY(check(p, err));
    pr_sampler *s = pr_calloc(1, sizeof *s);
    if (!s) return pr_fail_nomem(err, sizeof *s);
    s->p = *p;
    s->n_vocab = n_vocab;
    const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
    s->exp = k->exp;
    s->nonfinite = k->row_nonfinite;
    s->cand = pr_calloc((size_t)n_vocab, sizeof *s->cand);
    s->work = pr_calloc((size_t)n_vocab, sizeof *s->work);
    s->count = pr_calloc((size_t)n_vocab, sizeof *s->count);
    s->ring = pr_calloc((size_t)p->last_n + 1, sizeof *s->ring);
    if (!s->cand || !s->work || !s->count || !s->ring) {
        pr_sampler_free(s);
        return pr_fail_nomem(err, (uint64_t)n_vocab * sizeof *s->cand);
    }
    pr_rng_seed(&s->rng, p->seed);
    *out = s;
    return PARE_OK;
}

void pr_sampler_free(pr_sampler *s) {
    if (!s) return;
    pr_free(s->cand);
    pr_free(s->work);
    pr_free(s->count);
    pr_free(s->ring);
    pr_free(s);
}

void pr_sampler_accept(pr_sampler *s, pr_id id) {
    if (s->p.last_n == 0 || id < 0 || id >= s->n_vocab) return;
    if (s->n_ring == s->p.last_n)
        s->count[s->ring[s->at]]--;
    else
        s->n_ring++;
    s->ring[s->at] = id;
    s->count[id]++;
    s->at = (s->at + 1) % s->p.last_n;
}

static float penalised(const pr_sampler *s, pr_id id, float logit) {
    int n = s->count[id];
    if (n == 0) return logit;
    logit = logit > 0 ? logit / s->p.repeat_penalty : logit * s->p.repeat_penalty;
    return logit - (float)n * s->p.frequency_penalty - s->p.presence_penalty;
}

static int better(const void *a, const void *b) {
    const candidate *x = a, *y = b;
    if (x->logit != y->logit) return x->logit < y->logit ? 1 : -1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* Keep the `k` best of `n` in front, in no order: quickselect by the middle of three. */
static void select_best(candidate *c, int n, int k) {
    int lo = 0, hi = n - 1;
    while (lo < hi) {
        candidate pivot = c[lo + (hi - lo) / 2];
        int       i = lo, j = hi;
        while (i <= j) {
            while (better(&c[i], &pivot) < 0) i++;
            while (better(&c[j], &pivot) > 0) j--;
            if (i <= j) {
                candidate t = c[i];
                c[i++] = c[j];
                c[j--] = t;
            }
        }
        if (k - 1 <= j) hi = j;
        else if (k - 1 >= i) lo = i;
        else return;
    }
}

/* How many candidates remain after min-p and top-p; probabilities are filled in. */
static int nucleus(const pr_sampler *s, candidate *c, int n) {
    double sum = 0, kept = 0;
    for (int i = 0; i < n; i++) s->work[i] = (c[i].logit - c[0].logit) / s->p.temp;
    s->exp(s->work, s->work, n);
    for (int i = 0; i < n; i++) sum += (double)(c[i].p = s->work[i]);
    int keep = 0;
    while (keep < n && (keep == 0 || c[keep].p >= s->p.min_p * c[0].p)) {
        if (keep > 0 && s->p.top_p < 1 && kept >= (double)s->p.top_p * sum) break;
        kept += (double)c[keep++].p;
    }
    return keep;
}

pr_id pr_sampler_next(pr_sampler *s, const float *logits) {
    candidate *c = s->cand;
    int        n = s->n_vocab, best = 0;
    if (s->nonfinite(logits, n)) return -1;
    for (int i = 0; i < n; i++) {
        c[i] = (candidate){.id = i, .logit = penalised(s, i, logits[i])};
        if (c[i].logit > c[best].logit) best = i;
    }
    if (s->p.temp == 0) return best;
    int k = s->p.top_k > 0 && s->p.top_k < n ? s->p.top_k : n;
    if (k < n) select_best(c, n, k);
    qsort(c, (size_t)k, sizeof *c, better);
    k = nucleus(s, c, k);
    double sum = 0, at;
    for (int i = 0; i < k; i++) sum += (double)c[i].p;
    at = pr_rng_unit(&s->rng) * sum;
    for (int i = 0; i < k; i++)
        if ((at -= (double)c[i].p) < 0) return c[i].id;
    return c[k - 1].id;
}
