/* parity.c - the same tokens through several runners, row of logits by row. Always true: at most
 * PIECE rows of each are held. */
#include "parity.h"
#include "kernel/kernel.h"
#include "measure.h"

enum { PIECE = 32, MOST_RUNNERS = 16, GREEDY_PROMPT = 16 };

typedef struct {
    const pr_kernels *k;
    int64_t vocab, rows;    /* compared so far */
    float *logits;          /* [n][PIECE][vocab] */
    double lse[MOST_RUNNERS];
    int64_t top[MOST_RUNNERS];
    float most[MOST_RUNNERS]; /* largest magnitude of each one's logits so far */
} state;

static const char *name_of(const pr_parity *p, int i) {
    return pr_runner_kind_of(p->runners[i])->name;
}

static const float *row_of(const state *s, int runner, int64_t row) {
    return s->logits + ((int64_t)runner * PIECE + row) * s->vocab;
}

/* One row of each: normalisers, the most probable token, the largest magnitude. */
static pare_status look(const pr_parity *p, state *s, int64_t row, pare_err *err) {
    for (int i = 0; i < p->n; i++) {
        const float *x = row_of(s, i, row);
        if (s->k->row_nonfinite(x, s->vocab))
            return pr_fail(err, PARE_EINPUT, s->rows,
                           "%s gives a logit that is not finite at position %lld", name_of(p, i),
                           (long long)s->rows);
        double max = (double)s->k->row_max(x, s->vocab, &s->top[i]);
        s->lse[i] = max + pr_log(s->k->row_sum_exp(x, s->vocab, max));
        for (int64_t v = 0; v < s->vocab; v++) {
            float a = x[v] < 0 ? -x[v] : x[v];
            s->most[i] = a > s->most[i] ? a : s->most[i];
        }
    }
    return PARE_OK;
}

static double distance(const float *x, const float *y, int64_t n) {
    float far = 0;
    for (int64_t v = 0; v < n; v++) {
        float d = x[v] - y[v];
        d = d < 0 ? -d : d;
        far = d > far ? d : far;
    }
    return (double)far;
}

static void compare(pr_parity *p, state *s, int64_t row) {
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < p->n; k++) {
            pr_parity_cell *c = &p->cells[i * p->n + k];
            const float *x = row_of(s, i, row), *y = row_of(s, k, row);
            if (i == k) continue;
            double far = distance(x, y, s->vocab) / PR_MAX((double)s->most[i], 1e-30);
            double kld = s->k->row_kld(x, y, s->vocab, s->lse[i], s->lse[k]);
            kld = kld > 0 ? kld : 0; /* rounding alone makes it less */
            c->far = PR_MAX(c->far, far);
            c->far_mean += far;
            c->kld += kld;
            c->kld_worst = PR_MAX(c->kld_worst, kld);
            c->agree += s->top[i] == s->top[k];
            if (c->first < 0 && far > p->tolerance) c->first = s->rows;
        }
}

static pare_status piece(pr_parity *p, state *s, int64_t n, pare_err *err) {
    for (int i = 0; i < p->n; i++)
        PR_TRY(pr_runner_eval(p->runners[i], p->ids + s->rows, n, true,
                              s->logits + (int64_t)i * PIECE * s->vocab, err));
    for (int64_t r = 0; r < n; r++) {
        PR_TRY(look(p, s, r, err));
        compare(p, s, r);
        s->rows++;
    }
    return PARE_OK;
}

static pare_status read_all(pr_parity *p, state *s, const pare_ctl *ctl, pare_err *err) {
    int64_t half = p->n_ids / 2;
    while (s->rows < p->n_ids) {
        int64_t n = s->rows < half ? PR_MIN((int64_t)PIECE, half - s->rows) : 1;
        PR_TRY(piece(p, s, n, err));
        pr_ctl_progress(ctl, "parity", "tok", (double)s->rows, (double)p->n_ids);
        PR_TRY(pr_ctl_check(ctl, err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ greedy */

static pare_status continue_one(const pr_parity *p, state *s, int i, pr_id *out, pare_err *err) {
    pr_runner *r = p->runners[i];
    const pr_id *ids = p->ids;
    int64_t n = PR_MIN((int64_t)GREEDY_PROMPT, p->n_ids), top;
    PR_TRY(pr_runner_reset(r, err));
    for (int64_t t = 0; t < p->n_greedy; t++) {
        PR_TRY(pr_runner_eval(r, ids, n, false, s->logits, err));
        s->k->row_max(s->logits, s->vocab, &top);
        out[t] = (pr_id)top;
        ids = &out[t];
        n = 1;
    }
    return PARE_OK;
}

static pare_status greedy(pr_parity *p, state *s, pr_arena *a, pare_err *err) {
    pr_id *made;
    if (p->n_greedy <= 0) return PARE_OK;
    PR_NEW(made, a, (size_t)p->n * (size_t)p->n_greedy, err);
    for (int i = 0; i < p->n; i++)
        PR_TRY(continue_one(p, s, i, made + (int64_t)i * p->n_greedy, err));
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < p->n; k++)
            for (int64_t t = 0; t < p->n_greedy && p->cells[i * p->n + k].parted < 0; t++)
                if (made[i * p->n_greedy + t] != made[k * p->n_greedy + t])
                    p->cells[i * p->n + k].parted = t;
    return PARE_OK;
}

/* ------------------------------------------------------------------ the whole */

static pare_status check(const pr_parity *p, pare_err *err) {
    if (p->n < 2 || p->n > MOST_RUNNERS || p->n_ids < 2)
        return pr_fail(err, PARE_EUSAGE, -1, "parity needs 2 to %d models and 2 tokens",
                       MOST_RUNNERS);
    for (int i = 1; i < p->n; i++)
        if (pr_runner_vocab(p->runners[i]) != pr_runner_vocab(p->runners[0]))
            return pr_fail(err, PARE_EINPUT, -1,
                           "vocabularies of %lld (%s) and %lld (%s): no row can be compared",
                           (long long)pr_runner_vocab(p->runners[0]), name_of(p, 0),
                           (long long)pr_runner_vocab(p->runners[i]), name_of(p, i));
    return PARE_OK;
}

pare_status pr_parity_run(pr_parity *p, const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    state s = {.k = pr_kernels_get(pr_cpu_flags())};
    PR_TRY(check(p, err));
    s.vocab = pr_runner_vocab(p->runners[0]);
    PR_NEW(p->cells, a, p->n * p->n, err);
    for (int i = 0; i < p->n * p->n; i++) p->cells[i].first = p->cells[i].parted = -1;
    s.logits = pr_calloc((size_t)p->n * PIECE * (size_t)s.vocab, sizeof *s.logits);
    if (!s.logits) return pr_fail_nomem(err, (uint64_t)s.vocab * PIECE * sizeof(float));
    pare_status st = read_all(p, &s, ctl, err);
    if (st == PARE_OK) st = greedy(p, &s, a, err);
    pr_free(s.logits);
    for (int i = 0; i < p->n * p->n; i++) {
        p->cells[i].far_mean /= (double)PR_MAX(s.rows, (int64_t)1);
        p->cells[i].kld /= (double)PR_MAX(s.rows, (int64_t)1);
        p->cells[i].agree =
            i % (p->n + 1) ? p->cells[i].agree / (double)PR_MAX(s.rows, (int64_t)1) : 1;
    }
    return st;
}
