/* judge.c - pass, fail or undecided, from an estimate and a threshold. The only
 * place in pare that says so. Always true: what is missing does not pass. */
#include "stat/stat.h"
#include <math.h>
#include <stdio.h>

const char *pr_verdict_name(pr_verdict v) {
    switch (v) {
    case PR_PASS:
        return "pass";
    case PR_UNDECIDED:
        return "undecided";
    case PR_FAIL:
        break;
    }
    return "fail";
}

static pr_judgement judge_missing(const char *why) {
    pr_judgement j = {.verdict = PR_FAIL, .bound = NAN, .margin = NAN};
    snprintf(j.why, sizeof j.why, "missing: %s", why);
    return j;
}

pr_judgement pr_judge(const pr_est *e, double threshold, pr_side side) {
    if (!e) return judge_missing("not measured");
    if (e->why) return judge_missing(e->why);
    if (!pr_est_ok(e) || e->lo > e->hi)
        return judge_missing("the value or a bound is not finite");
    if (!isfinite(threshold)) return judge_missing("the threshold is not a finite number");
    bool least = side == PR_AT_LEAST;
    double bad = least ? e->lo : e->hi, good = least ? e->hi : e->lo;
    pr_judgement j = {.bound = bad, .margin = least ? bad - threshold : threshold - bad};
    bool bad_holds = least ? bad >= threshold : bad <= threshold;
    bool good_holds = least ? good >= threshold : good <= threshold;
    j.verdict = bad_holds ? PR_PASS : good_holds ? PR_UNDECIDED : PR_FAIL;
    const char *rel = least ? "at least" : "at most", *end = least ? "lower" : "upper";
    if (e->lo == e->hi)
        snprintf(j.why, sizeof j.why, "%.6g %s %s %.6g", e->value, bad_holds ? "is" : "is not",
                 rel, threshold);
    else if (j.verdict == PR_UNDECIDED)
        snprintf(j.why, sizeof j.why,
                 "%.6g (%.6g to %.6g) straddles %.6g: %s bound off by %.3g", e->value, e->lo,
                 e->hi, threshold, end, -j.margin);
    else
        snprintf(j.why, sizeof j.why, "%s bound %.6g of %.6g %s %s %.6g",
                 bad_holds ? end
                 : least   ? "even the upper"
                           : "even the lower",
                 bad_holds ? bad : good, e->value, bad_holds ? "is" : "is not", rel, threshold);
    return j;
}

double pr_conf_split(double conf, int n_gates) {
    return n_gates > 1 ? 1 - (1 - conf) / n_gates : conf;
}

/* What may be spent when a share `t` < 1 of the data is there. */
static double spendable(const pr_looks *l, double t) {
    if (l->how == PR_SPEND_EVENLY) return l->alpha * log1p((exp(1) - 1) * t);
    return 2 * pr_normal_cdf(-pr_normal_quantile(1 - l->alpha / 2) / sqrt(t));
}

double pr_looks_next(pr_looks *l, double fraction) {
    if (!(fraction > l->at) || !(l->alpha > 0 && l->alpha < 1)) return 1;
    double t = PR_MIN(fraction, 1);
    double may = t < 1 ? spendable(l, t) : l->alpha;
    double now = may - l->spent;
    l->at = t;
    if (!(now > 0)) return 1;
    l->spent = may;
    return 1 - now;
}
