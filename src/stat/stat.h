/* stat.h - the door of `stat`: estimates with bounds, and the judge.
 *
 *   pr_win w[n];                         // per window of text: sum of NLL, tokens
 *   pr_est nll = pr_est_ratio(w, n, 0.95);
 *   pr_est ppl = pr_est_exp(nll);
 *   pr_judgement j = pr_judge(&ppl, 12.0, PR_AT_MOST);
 *   if (j.verdict == PR_PASS) …          // FAIL and UNDECIDED are both "not passed"
 *
 * How bounds are made. Text is not independent token by token, nor always window
 * by window. Every statistic here is first brought to one influence value per
 * window (the linearised, or delta, method: Cochran, Sampling Techniques, 3rd ed.
 * 1977, ch. 6; Särndal, Swensson & Wretman 1992, ch. 5); neighbouring windows are
 * then joined to blocks. The block length follows Politis & White (Econometric
 * Reviews 23, 2004) with the correction of Patton, Politis & White (28, 2009):
 * flat-top lag window (Politis & Romano 1995), in its form for blocks that do not
 * overlap. The spread between block means, corrected for the first-order bias
 * that blocks of finite length leave (Song & Schmeiser, Management Science 41,
 * 1995), gives the standard error; Student's t with (blocks - 1) degrees of
 * freedom gives the interval. `n` of an estimate counts those blocks.
 *
 * Give many short windows rather than few long ones (256 tokens, say): joining is
 * done here, and the rule for it needs to see the correlation. Windows must be
 * in the order of the text. Fewer than 4 windows give no bounds; fewer than 8
 * are each a block, with the wide t that belongs to so few.
 *
 * Nothing here allocates without a bound, draws on a clock or a hidden seed, or
 * keeps state: any thread may call; a pr_dist, a pr_sketch and a pr_looks belong
 * to one thread. */
#ifndef PR_STAT_H
#define PR_STAT_H
#include "base/base.h"

/* ---- an estimate ---- */

typedef struct {
    double value, lo, hi; /* lo ≤ value ≤ hi */
    double se;            /* standard error of `value`; NAN where bounds have none */
    int64_t n;            /* independent blocks behind it */
    double conf;          /* 0.95; 1 for what was counted */
    const char *why;      /* NULL; or why there is no bound (and perhaps no value):
                           * constant text, never freed */
} pr_est;

pr_est pr_est_none(const char *why); /* nothing measured: NANs */
pr_est pr_est_counted(double value); /* exact: bytes, tensors; lo = hi = value */
bool pr_est_ok(const pr_est *e);     /* a value and both bounds, all finite */
/* The increasing function of `e`: value and bounds go through it, `se` by the
 * delta method. exp gives perplexity from mean NLL; scale takes any factor. */
pr_est pr_est_exp(pr_est e);
pr_est pr_est_scale(pr_est e, double factor);
/* 1/e for a positive estimate (seconds per token → tokens per second). */
pr_est pr_est_inverse(pr_est e);

/* ---- means over dependent windows ---- */

/* One window: what was summed over it, and over how many tokens (> 0). */
typedef struct {
    double sum, count;
} pr_win;

/* Σ sum / Σ count over windows (mean NLL, mean KLD). */
pr_est pr_est_ratio(const pr_win *w, int64_t n, double conf);
/* The same for a share of tokens (0 ≤ sum ≤ count: accuracy, agreement): bounds
 * inside [0, 1], honest also at 0 and 1, by Clopper-Pearson on the effective
 * sample size (Korn & Graubard, Survey Methodology 24, 1998). */
pr_est pr_est_share(const pr_win *w, int64_t n, double conf);
/* a's mean minus b's over the same windows (`a[i]`, `b[i]` from one text);
 * pr_est_exp of it is the perplexity ratio. */
pr_est pr_est_pair_diff(const pr_win *a, const pr_win *b, int64_t n, double conf);
/* a's mean / b's (accuracy kept). No value where b's mean is not positive. */
pr_est pr_est_pair_ratio(const pr_win *a, const pr_win *b, int64_t n, double conf);
/* Mean of x[0…n-1], dependent in its order. */
pr_est pr_est_mean(const double *x, int64_t n, double conf);
/* Standard deviation / mean of positive x, dependent in its order: influence
 * values of the ratio, bounds on the log scale. */
pr_est pr_est_cv(const double *x, int64_t n, double conf);
/* The block length (in elements) that the rule above picks for x; 1…n. */
int64_t pr_block_length(const double *x, int64_t n);

/* ---- quantiles ---- */

/* Quantile p of independent x (times of runs), bounds by order statistics: the
 * binomial distribution, no other assumption (Conover, Practical Nonparametric
 * Statistics, 3rd ed. 1999, 3.2; Hahn & Meeker 1991, 5.2). Where n is too small
 * for `conf`, the value comes with NAN bounds and `why`. `x` is not changed. */
pr_est pr_est_quantile(const double *x, int64_t n, double p, double conf);

/* Median of x, dependent in its order (turns on a machine that others use too): from 16 values
 * on the
 * bounds are no narrower than the spread over blocks of time says (Woodruff, JASA 47, 1952). */
pr_est pr_est_median_in_time(const double *x, int64_t n, double conf);

/* Values of tokens, window by window, for quantiles of dependent data. Holds at
 * most `max_values` (0: 2^20); past that it keeps each value with probability
 * 1/2, 1/4, … (repeatable by `seed`), which the bounds then include. */
typedef struct pr_dist pr_dist;
pare_status pr_dist_new(pr_dist **out, int64_t max_values, uint64_t seed, pare_err *err);
/* One window's values, in the order of the text. NaN is refused (PARE_EINPUT). */
pare_status pr_dist_add(pr_dist *d, const float *x, int64_t n, pare_err *err);
int64_t pr_dist_count(const pr_dist *d); /* values seen */
double pr_dist_max(const pr_dist *d);    /* exact; NAN if empty */
double pr_dist_min(const pr_dist *d);
/* Quantile p: the bounds are the quantiles at the bounds of the share of tokens
 * below it, that share being a ratio over windows (Woodruff, JASA 47, 1952). */
pr_est pr_dist_quantile(pr_dist *d, double p, double conf);
void pr_dist_free(pr_dist *d); /* NULL is fine */

/* A mergeable sketch of a stream: KLL (Karnin, Lang & Liberty, FOCS 2016). Exact
 * until it first compacts. Memory: about 3k values and 64 levels. */
typedef struct pr_sketch pr_sketch;
/* `k` ≥ 8 (0: 1024). Same seed and same input: same answers everywhere. */
pare_status pr_sketch_new(pr_sketch **out, int k, uint64_t seed, pare_err *err);
pare_status pr_sketch_add(pr_sketch *s, double x, pare_err *err); /* finite, or PARE_EINPUT */
/* Pour `from` into `s`; `from` stays as it is. Give sketches that will be merged
 * seeds of their own: the error bound wants independent coins. */
pare_status pr_sketch_merge(pr_sketch *s, const pr_sketch *from, pare_err *err);
uint64_t pr_sketch_count(const pr_sketch *s);
double pr_sketch_quantile(const pr_sketch *s, double p); /* NAN if empty */
double pr_sketch_rank(const pr_sketch *s, double x);     /* share ≤ x */
/* With probability ≥ 1 - `delta`, a given pr_sketch_rank is this close to the
 * truth (a share). From the compactions that really happened: each moves a rank by
 * ± its weight with a fair coin, so Hoeffding's inequality bounds their sum. */
double pr_sketch_error(const pr_sketch *s, double delta);
size_t pr_sketch_bytes(const pr_sketch *s);
void pr_sketch_free(pr_sketch *s); /* NULL is fine */

/* ---- paired times ---- */

/* Ratio a/b of times measured in interleaved pairs a[i], b[i] (> 0): the median of
 * a[i]/b[i], as pr_est_median_in_time bounds it. < 1: a is faster. */
pr_est pr_est_pair_median(const double *a, const double *b, int64_t n, double conf);
/* The same as geometric mean of a[i]/b[i], a tenth trimmed at both ends (Tukey &
 * McLaughlin 1963; Yuen 1974): tighter where times are tame. n ≥ 5. */
pr_est pr_est_pair_mean(const double *a, const double *b, int64_t n, double conf);
/* The same in the order of time: dependence between neighbouring pairs widens the bounds, as for
 * windows of text; a tenth trimmed at both ends (its influence values are the winsorised logs:
 * Huber, Robust Statistics, 1981, 3.3). */
pr_est pr_est_pair_in_time(const double *a, const double *b, int64_t n, double conf);

/* ---- the judge ---- */

typedef enum { PR_FAIL, PR_UNDECIDED, PR_PASS } pr_verdict; /* 0 is not a pass */
typedef enum { PR_AT_LEAST, PR_AT_MOST } pr_side;
typedef struct {
    pr_verdict verdict;
    double bound;  /* the unfavourable bound that was compared; NAN: missing */
    double margin; /* how far `bound` is on the right side; negative: short by that */
    char why[200]; /* one sentence, terminated */
} pr_judgement;
/* PASS if the unfavourable bound (lo for AT_LEAST, hi for AT_MOST) satisfies
 * `threshold`; FAIL if even the favourable bound does not; else UNDECIDED, which a
 * gate treats as not passed. A missing estimate (NULL, `why` set, anything not
 * finite) is FAIL, and so is a threshold that is not finite. */
pr_judgement pr_judge(const pr_est *e, double threshold, pr_side side);
const char *pr_verdict_name(pr_verdict v); /* "pass", "fail", "undecided" */

/* The confidence each of `n_gates` needs so that all hold together at `conf`
 * (Bonferroni). */
double pr_conf_split(double conf, int n_gates);

/* Repeated looks at growing data: alpha is spent along a function of the share of the planned
 * data that is there (Lan & DeMets, Biometrika 70, 1983): like O'Brien & Fleming's boundary,
 * 2(1 - Φ(z_{α/2}/√t)), nearly all of it at the end; or like Pocock's, α ln(1 + (e - 1)t), about
 * evenly, for who hopes to stop early. Each look may use what was newly released, so the union
 * bound holds whatever the dependence between looks (a little stricter than their exact
 * boundaries).
 *
 *   pr_looks l = {.alpha = 0.05};
 *   double conf = pr_looks_next(&l, 0.25);    // a quarter of the planned data
 *   … estimate at `conf`, judge, stop unless UNDECIDED … */
typedef enum { PR_SPEND_LATE, PR_SPEND_EVENLY } pr_spending; /* O'Brien-Fleming, Pocock */
typedef struct {
    double alpha; /* in all looks together */
    double spent;
    double at; /* fraction at the last look */
    pr_spending how;
} pr_looks;
/* Confidence to use at a look after `fraction` (0…1] of the planned data; 1 (never
 * decides) where nothing was released since the last look. */
double pr_looks_next(pr_looks *l, double fraction);

/* ---- a contest: two things timed in turns, looked at as the pairs come in ----
 *
 *   pr_contest c = {.threshold = 1, .side = PR_AT_MOST, .looks = {.alpha = 0.05}};
 *   c.planned = pr_pairs_needed(sd, 1.05, 0.05, 0.8, 4);     // sd: of the log of one ratio
 *   … after each quarter of them:
 *   pr_judgement j = pr_contest_look(&c, a, b, n, &ratio);   // PASS: a is the faster one
 *   if (j.verdict != PR_UNDECIDED) …                         // stop
 *
 * Where both are the same, a verdict other than UNDECIDED at threshold 1 has probability alpha
 * at most, over all looks (tests/unit/stat/test_contest.c simulates it). */
typedef struct {
    double threshold; /* of the ratio a/b */
    pr_side side;
    int64_t planned; /* pairs; at so many the last look is due */
    pr_looks looks;
} pr_contest;
/* Judge n pairs, all that there are so far, at what the looks release now. `est` (may be NULL)
 * gets the ratio a/b with the bounds that were used. UNDECIDED where nothing was released; a look
 * before the last at fewer than 64 pairs releases nothing: they show no dependence yet. */
pr_judgement pr_contest_look(pr_contest *c, const double *a, const double *b, int64_t n,
                             pr_est *est);
/* Pairs after which a true ratio (> 0, not 1) is told from 1 with probability `power`, alpha
 * being spent late over `looks` (≥ 1) evenly spaced looks. `sd`: the standard deviation of the
 * log of one ratio where pairs are independent; else se √n of a pilot, which has the dependence
 * in it. Counts with the degrees of freedom that blocks leave. 0: arguments out of range;
 * INT64_MAX: more than 1e9. */
int64_t pr_pairs_needed(double sd, double ratio, double alpha, double power, int looks);
/* The self-test of a machine: one thing in turns with itself. */
typedef struct {
    pr_est ratio; /* of the pairs: should be 1 */
    double floor; /* the smallest ratio (> 1) that so many pairs tell from 1; NAN: no bounds */
    bool honest;  /* the bounds have 1 in them */
} pr_noise;
/* From the bounds of an A/A ratio, at their own confidence and at `power`. */
pr_noise pr_noise_of(const pr_est *aa, double power);

/* ---- distributions (double; about 1e-12 relative unless said) ---- */

/* Φ, P(T ≤ x), I_x(a, b) and their inverses; NAN for arguments outside their range. */
double pr_normal_cdf(double x);
double pr_normal_quantile(double p);  /* 0 < p < 1 */
double pr_t_cdf(double x, double df); /* df > 0 */
double pr_t_quantile(double p, double df);
double pr_beta_cdf(double x, double a, double b);
double pr_beta_quantile(double p, double a, double b);
double pr_binomial_cdf(int64_t k, int64_t n, double p); /* P(X ≤ k) */
/* Clopper-Pearson bounds of a share, k of n; n and k need not be whole. */
void pr_binomial_bounds(double k, double n, double conf, double *lo, double *hi);
#endif
