/* contest.c - two things timed in turns: how many pairs it takes, and what they say at each look.
 * Always true: the verdict is pr_judge's, at the confidence that the looks release. */
#include "stat/stat.h"
#include <math.h>
#include <stdio.h>

enum { LOOK_LEAST = 64 }; /* pairs: fewer do not show how they depend on each other (README) */

pr_judgement pr_contest_look(pr_contest *c, const double *a, const double *b, int64_t n,
                             pr_est *est) {
    double share = c->planned > 0 ? (double)n / (double)c->planned : 1;
    bool early = share < 1 && n < LOOK_LEAST;
    double conf = early ? 1 : pr_looks_next(&c->looks, share);
    pr_est e = conf < 1 ? pr_est_pair_in_time(a, b, n, conf)
               : early  ? pr_est_none("too few pairs for a look before the last")
                        : pr_est_none("no new pairs since the last look");
    pr_judgement j = {.verdict = PR_UNDECIDED, .bound = NAN, .margin = NAN};
    if (est) *est = e;
    if (conf < 1) return pr_judge(&e, c->threshold, c->side);
    snprintf(j.why, sizeof j.why, "%s", e.why);
    return j;
}

/* What the last of `looks` evenly spaced ones releases, of n pairs. */
static double alpha_at_last(double alpha, int looks, double n) {
    pr_looks l = {.alpha = alpha};
    double conf = 1;
    for (int i = 1; i <= looks; i++)
        if (i == looks || n * i / looks >= LOOK_LEAST)
            conf = pr_looks_next(&l, (double)i / looks);
    return 1 - conf;
}

int64_t pr_pairs_needed(double sd, double ratio, double alpha, double power, int looks) {
    enum { LEAST = 8, ROUNDS = 60 };
    double effect = fabs(log(ratio)), n = LEAST;
    if (!(sd >= 0) || !(ratio > 0) || !(effect > 0) || !isfinite(effect) || looks < 1) return 0;
    if (!(alpha > 0 && alpha < 1) || !(power > 0 && power < 1)) return 0;
    for (int i = 0; i < ROUNDS; i++) {
        /* blocks of √n/2 at least: 2√n of them (block.c) */
        double df = PR_MAX(2 * sqrt(n) - 1, 1);
        double last = alpha_at_last(alpha, looks, n);
        double t = pr_t_quantile(1 - last / 2, df);
        /* the statistic at the effect: a noncentral t, near its critical value like a normal
         * variable of this deviation (Johnson, Kotz & Balakrishnan 1995, 31.5) */
        t += pr_normal_quantile(power) * sqrt(1 + t * t / (2 * df));
        double next = PR_MAX(t * t * sd * sd / (effect * effect), LEAST);
        if (!(next < 1e9)) return INT64_MAX;
        if (fabs(next - n) < 0.5) return (int64_t)ceil(PR_MAX(n, next));
        n = (n + next) / 2;
    }
    return (int64_t)ceil(n);
}

/* A two-sided interval is as wide as z_{α/2} errors to each side, and an effect of so many more
 * as the power asks is seen with that probability. */
pr_noise pr_noise_of(const pr_est *aa, double power) {
    pr_noise r = {.ratio = aa ? *aa : pr_est_none("not measured"), .floor = NAN};
    if (!pr_est_ok(&r.ratio) || !(r.ratio.lo > 0) || !(power > 0 && power < 1)) return r;
    if (!(r.ratio.conf > 0 && r.ratio.conf < 1)) return r;
    double half = log(r.ratio.hi / r.ratio.lo) / 2;
    double z = pr_normal_quantile(0.5 + r.ratio.conf / 2);
    r.floor = exp(half * (1 + PR_MAX(pr_normal_quantile(power), 0) / z));
    r.honest = r.ratio.lo <= 1 && r.ratio.hi >= 1;
    return r;
}
