/* eval.h - how good a model is on a text: part of measure's door.
 *
 *   pr_eval_opts o = {.window = 256};
 *   pr_eval_result *r[2], *ref;
 *   PR_TRY(pr_eval(source, models, 2, text, &o, ctl, &ref, r, err));
 *   pr_metric m[PR_EVAL_METRICS];
 *   size_t n = pr_eval_metrics(r[0], ref, ref, m);
 *
 * The text is cut into windows of `window` positions, each run by itself; every position
 * counts, its target is the text's next token, also across the window's end, so every token
 * but the first is foretold exactly once. Where the tokenizer adds BOS, a window is BOS and
 * window - 1 tokens. All models run side by side, batch by batch; logits are never kept.
 * Results do not depend on threads, batch or SIMD level (kernel.h). Sums are kept per window,
 * so that any two results on the same text can be paired later. */
#ifndef PR_EVAL_H
#define PR_EVAL_H
#include "engine/engine.h"
#include "metric.h"
#include "runner/runner.h"

typedef struct {
    int64_t     window;    /* positions; 0: the smallest context of the models, at most 2048 */
    int64_t     n_windows; /* at most; 0: all */
    int         n_threads; /* 0: pr_threads_default() */
    int         n_batch;   /* positions per batch; 0: 64 */
    pr_type     state;
    bool        exact;
    const char
        *separator; /* the text is split here; of each document the first window counts */
    bool        whole_documents; /* leave out the first and the last document */
    const pr_tokenizer *words; /* cuts the text; NULL: the reference's, or the first model's */
} pr_eval_opts;

/* What is evaluated: a model of ours, or an artefact that a runtime has opened. State and `exact`
 * are the sessions'; a runner has what it was opened with. */
typedef struct {
    const pr_model *m;
    pr_runner      *r;    /* NULL; or what runs `path` in place of `m`, which may be NULL then */
    const char     *path; /* for errors; NULL: m's */
} pr_eval_side;

enum { PR_EVAL_QUANTILES = 3, PR_EVAL_BINS = 40, PR_EVAL_METRICS = 16 };

typedef struct {
    int64_t window, n_windows, n_tokens; /* n_tokens: of the text */
    int64_t n_predictions;
    bool    compared; /* a reference ran beside: kld and agree hold */
    /* sums over each window's positions; nats */
    double *count, *nll, *hits, *kld, *agree;
    pr_est  kld_quantile[PR_EVAL_QUANTILES]; /* median, 95 %, 99 % */
    double  kld_max;
    int64_t kld_bins[PR_EVAL_BINS]; /* from 0, then edges rising from 1e-8 by a factor of 2 */
} pr_eval_result;

/* Evaluate `ref` (may be NULL) and `models` on `text`. `ref_out` may be NULL. On failure all
 * outputs are NULL. PARE_EINPUT: text that is empty, too short or not UTF-8, vocabularies of
 * different sizes, logits that are not finite (the position is named); PARE_EUSAGE: a
 * window past a model's context. */
pare_status pr_eval(const pr_model *ref, const pr_model *const *models, int n, pr_str text,
                    const pr_eval_opts *o, const pare_ctl *ctl, pr_eval_result **ref_out,
                    pr_eval_result **out, pare_err *err);
/* The same for sides. EUSAGE also where no side has a tokenizer and `words` is NULL; EENV: a
 * runtime failed. */
pare_status pr_eval_sides(const pr_eval_side *ref, const pr_eval_side *sides, int n, pr_str text,
                          const pr_eval_opts *o, const pare_ctl *ctl, pr_eval_result **ref_out,
                          pr_eval_result **out, pare_err *err);
/* Empty sums for `n` windows. */
pare_status pr_eval_result_new(pr_eval_result **out, int64_t n, bool compared, pare_err *err);
void        pr_eval_result_free(pr_eval_result *r); /* NULL is fine */

/* Metrics of `r`: its own, against `source` and against `f32` (each may be NULL; they must stem
 * from the
 * same text and windows). `out` has room for PR_EVAL_METRICS. */
size_t pr_eval_metrics(const pr_eval_result *r, const pr_eval_result *source,
                       const pr_eval_result *f32, pr_metric *out);
/* "kld" and "window_nll" of docs/report.md into `obj`. */
void pr_eval_distributions(pr_doc_build *b, pare_doc *obj, const pr_eval_result *r);
/* An estimate appended to an array of a record, and back. */
void   pr_est_put(pr_doc_build *b, pare_doc *arr, const pr_est *e);
pr_est pr_est_take(const pare_doc *o);
/* As a record, and back. */
pare_status pr_eval_to_doc(const pr_eval_result *r, pare_doc **out, pare_err *err);
pare_status pr_eval_from_doc(const pare_doc *d, pr_eval_result **out, pare_err *err);

/* Multiple choice, six lines a task: context, label, four endings (the HellaSwag text form).
 * The answer is
 * the ending with the greatest log probability per token, given the context: llama.cpp's score. */
pare_status pr_choices(const pr_eval_side *side, pr_str text, int64_t n_tasks,
                       const pr_eval_opts *o, const pare_ctl *ctl, pr_est *share, pare_err *err);
#endif
