/* divergence.c - models side by side with the original over windows of a text: mean KLD.
 *
 * Always true: all sessions stand at the same position; the original's logits of a batch are still
 * in its session when the others' are judged, and nowhere later. Sums are doubles in the order of
 * the tokens. */
#include "quant/quant.h"

enum { BATCH = 64 };

typedef struct {
    pr_session          *ref, *s[PR_DIVERGENCE_MODELS];
    double               sum[PR_DIVERGENCE_MODELS];
    int                  n;
    int64_t              vocab;
    const pr_kernels    *k;
    const pr_calib_text *t;
} job;

static pare_status open_all(job *j, const pr_model *ref, const pr_model *const *models, int n,
                            const pare_ctl *ctl, pare_err *err) {
    pr_session_opts o = {.n_threads = ctl ? ctl->n_threads : 0,
                         .n_ctx = j->t->window,
                         .n_batch = (int)PR_MIN((int64_t)BATCH, j->t->window),
                         .all_logits = true};
    PR_TRY(pr_session_new(&j->ref, ref, &o, err));
    for (; j->n < n; j->n++) {
        if (models[j->n]->hp.n_vocab != ref->hp.n_vocab)
            return pr_fail(err, PARE_EINPUT, -1, "%d tokens beside %d: expected one vocabulary",
                           models[j->n]->hp.n_vocab, ref->hp.n_vocab);
        PR_TRY(pr_session_new(&j->s[j->n], models[j->n], &o, err));
    }
    return PARE_OK;
}

static double log_sum(const job *j, const float *q, bool *finite) {
    int64_t arg;
    double  max = (double)j->k->row_max(q, j->vocab, &arg);
    *finite = j->k->row_nonfinite(q, j->vocab) == 0;
    return max + pr_log(j->k->row_sum_exp(q, j->vocab, max));
}

static pare_status judge(job *j, int n, pare_err *err) {
    for (int i = 0; i < n; i++) {
        const float *p = pr_session_logits(j->ref, i);
        bool         fine, all;
        double       lse = log_sum(j, p, &all);
        for (int k = 0; k < j->n; k++) {
            const float *q = pr_session_logits(j->s[k], i);
            double       d = j->k->row_kld(p, q, j->vocab, lse, log_sum(j, q, &fine));
            all = all && fine;
            j->sum[k] += d > 0 ? d : 0; /* rounding: the divergence of equals */
        }
        if (!all)
            return pr_fail(err, PARE_EINPUT, -1,
                           "logits that are not finite on the calibration text");
    }
    return PARE_OK;
}

static pare_status run_window(job *j, const pr_id *ids, pare_err *err) {
    pr_session_rewind(j->ref, 0);
    pr_session_expect(j->ref, j->t->window);
    for (int k = 0; k < j->n; k++) {
        pr_session_rewind(j->s[k], 0);
        pr_session_expect(j->s[k], j->t->window);
    }
    for (int64_t at = 0; at < j->t->window; at += BATCH) {
        int n = (int)PR_MIN((int64_t)BATCH, j->t->window - at);
        PR_TRY(pr_session_eval(j->ref, ids + at, n, err));
        for (int k = 0; k < j->n; k++) PR_TRY(pr_session_eval(j->s[k], ids + at, n, err));
        PR_TRY(judge(j, n, err));
    }
    return PARE_OK;
}

static pare_status some(const pr_model *ref, const pr_model *const *models, int n,
                        const pr_calib_text *t, const pare_ctl *ctl, double *kld, pare_err *err) {
    job *j = pr_calloc(1, sizeof *j);
    if (!j) return pr_fail_nomem(err, sizeof *j);
    j->t = t;
    j->vocab = ref->hp.n_vocab;
    j->k = pr_kernels_get(pr_cpu_flags());
    pare_status st = open_all(j, ref, models, n, ctl, err);
    for (int64_t w = 0; w < t->n_windows && st == PARE_OK; w++) {
        st = pr_ctl_check(ctl, err);
        if (st == PARE_OK) st = run_window(j, t->ids + w * t->window, err);
    }
    for (int k = 0; k < j->n; k++) {
        kld[k] = j->sum[k] / (double)(t->n_windows * t->window);
        pr_session_free(j->s[k]);
    }
    pr_session_free(j->ref);
    pr_free(j);
    return st;
}

pare_status pr_divergence(const pr_model *ref, const pr_model *const *models, int n,
                          const pr_calib_text *t, const pare_ctl *ctl, double *kld,
                          pare_err *err) {
    for (int at = 0; at < n; at += PR_DIVERGENCE_MODELS) {
        int some_n = PR_MIN(n - at, (int)PR_DIVERGENCE_MODELS);
        PR_TRY(some(ref, models + at, some_n, t, ctl, kld + at, err));
    }
    return PARE_OK;
}
