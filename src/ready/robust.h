/* robust.h - how a variant takes what it was not made for, beside its source. Private to `ready`.
 *
 * Noise is paired: the same passages, the same changes, the source and the variant side by side.
 * What counts is what the variant loses beyond what the source loses under the same noise. */
#ifndef PR_ROBUST_H
#define PR_ROBUST_H
#include "engine/engine.h"
#include "stat/stat.h"

typedef enum {
    PR_NOISE_NONE,
    PR_NOISE_RANDOM,
    PR_NOISE_TYPOS,
    PR_NOISE_CASE,
    PR_NOISE_SPACE,
    PR_NOISES
} pr_prompt_noise;
/* Append `clean` (UTF-8) changed so to `out`: still UTF-8. RANDOM: one character in 20 becomes
 * another
 * letter; TYPOS: one letter in 15 is swapped with the next, dropped or doubled; CASE: ASCII
 * letters in
 * capitals; SPACE: one blank in 3 is doubled, dropped or becomes a new line. The same `r`, the
 * same text. */
void pr_noise_apply(pr_prompt_noise kind, pr_str clean, pr_rng *r, pr_buf *out);

typedef struct {
    int     n_passages; /* 0: 32 */
    int64_t most_ctx;   /* long contexts are tried up to this; 0: 4096 */
    int     n_threads;
    pr_type state;
    uint64_t seed;
} pr_robust_opts;

typedef struct {
    pr_est source_loss; /* what the source loses, in shares of its loss on clean text */
    pr_est extra;       /* what the variant loses beyond that, in the same shares */
    pr_est agreement;   /* positions where both have the same most probable token */
    pr_est kld;         /* nats a token */
} pr_noise_result;

typedef struct {
    pr_noise_result noise[PR_NOISES]; /* NONE: clean text */
    pr_est  long_extra; /* variant's loss over the source's, last quarter of the context, less 1 */
    int64_t long_ctx;   /* positions that were tried */
    bool    long_whole; /* … all that the model has */
    int64_t n_rows, n_not_finite; /* scores looked at, of the variant */
    int64_t n_passages, n_windows;
} pr_robust_result;
/* Measure `variant` beside `source` (may be the same) on `text`. Their vocabularies must be equal.
 * EINPUT: the text is too short, or not UTF-8; vocabularies differ. */
pare_status pr_robust_noise(const pr_model *source, const pr_model *variant, pr_str text,
                            const pr_robust_opts *o, const pare_ctl *ctl, pr_robust_result *out,
                            pare_err *err);

/* What happened with one input. */
typedef enum { PR_TRIAL_FINE, PR_TRIAL_REFUSED, PR_TRIAL_BAD } pr_trial_end;
typedef struct {
    const char  *name;
    pr_trial_end end;
    char         what[160];
} pr_prompt_trial;
enum { PR_TRIALS_MAX = 24 };
typedef struct {
    pr_prompt_trial hostile[PR_TRIALS_MAX];
    int      n_hostile;
    pr_prompt_trial empty, past, special, repeat, threads;
    int64_t  n_rows, n_not_finite;
} pr_trials;
/* Try `m` with hostile input, repeated runs, threads 1, 2 and o->n_threads. Errors only for lack of
 * memory and cancelling: what goes wrong is a probe that is BAD. */
pare_status pr_trials_run(const pr_model *m, const pr_robust_opts *o, const pare_ctl *ctl,
                          pr_trials *out, pare_err *err);
#endif
