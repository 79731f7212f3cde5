/* est.c - estimates and what may be done with them; means, ratios and shares over
 * windows. Always true: lo ≤ value ≤ hi, or `why` is set. */
#include "influence.h"
#include <math.h>

static const char why_memory[] = "out of memory";
static const char why_number[] = "a value is not finite";

pr_est pr_est_none(const char *why) {
    return (pr_est){NAN, NAN, NAN, NAN, 0, 0, why ? why : "not measured"};
}

pr_est pr_est_counted(double value) {
    return (pr_est){value, value, value, 0, 1, 1, NULL};
}

bool pr_est_ok(const pr_est *e) {
    return e && !e->why && isfinite(e->value) && isfinite(e->lo) && isfinite(e->hi);
}

pr_est pr_est_exp(pr_est e) {
    double v = exp(e.value);
    return (pr_est){v, exp(e.lo), exp(e.hi), e.se * v, e.n, e.conf, e.why};
}

pr_est pr_est_scale(pr_est e, double f) {
    pr_est r = e;
    r.value *= f;
    r.lo = (f < 0 ? e.hi : e.lo) * f;
    r.hi = (f < 0 ? e.lo : e.hi) * f;
    r.se *= fabs(f);
    return r;
}

pr_est pr_est_inverse(pr_est e) {
    if (!(e.value > 0) || (!e.why && !(e.lo > 0)))
        return pr_est_none(e.why ? e.why : "not bounded away from zero: no inverse");
    return (pr_est){1 / e.value, 1 / e.hi, 1 / e.lo, e.se / (e.value * e.value),
                    e.n,         e.conf,   e.why};
}

typedef struct {
    double sum, count;
} totals;

/* NULL, or what is wrong with the windows. */
static const char *totals_of(const pr_win *w, int64_t n, totals *t) {
    *t = (totals){0};
    if (n < 1) return "nothing was measured";
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(w[i].sum) || !isfinite(w[i].count) || w[i].count < 0) return why_number;
        t->sum += w[i].sum;
        t->count += w[i].count;
    }
    return t->count > 0 ? NULL : "no token was counted";
}

/* Influence of window i on Σsum/Σcount, scaled so that their mean is the error. */
static double ratio_influence(const pr_win *w, int64_t i, int64_t n, const totals *t) {
    return (w[i].sum - t->sum / t->count * w[i].count) * (double)n / t->count;
}

pr_est pr_est_ratio(const pr_win *w, int64_t n, double conf) {
    totals t;
    const char *why = totals_of(w, n, &t);
    if (why) return pr_est_none(why);
    double *z = pr_calloc((size_t)n, sizeof *z);
    if (!z) return pr_est_none(why_memory);
    for (int64_t i = 0; i < n; i++) z[i] = ratio_influence(w, i, n, &t);
    pr_spread s = pr_spread_of(z, n, conf);
    pr_free(z);
    return pr_spread_est(&s, t.sum / t.count, conf);
}

pr_est pr_est_share(const pr_win *w, int64_t n, double conf) {
    totals t;
    pr_est e = pr_est_ratio(w, n, conf);
    if (e.why) return e;
    (void)totals_of(w, n, &t);
    double p = e.value, n_eff = t.count;
    if (p < 0 || p > 1) return pr_est_none("not a share: outside 0…1");
    if (e.se > 0 && p > 0 && p < 1) {
        double half = 0.5 + conf / 2;
        double f = pr_t_quantile(half, PR_MAX(t.count - 1, 1)) /
                   pr_t_quantile(half, (double)(e.n - 1));
        n_eff = PR_MIN(t.count, p * (1 - p) / (e.se * e.se) * f * f);
    }
    pr_binomial_bounds(p * n_eff, n_eff, conf, &e.lo, &e.hi);
    e.lo = PR_MIN(e.lo, p);
    e.hi = PR_MAX(e.hi, p);
    return e;
}

pr_est pr_est_pair_diff(const pr_win *a, const pr_win *b, int64_t n, double conf) {
    totals ta, tb;
    const char *why = totals_of(a, n, &ta);
    if (!why) why = totals_of(b, n, &tb);
    if (why) return pr_est_none(why);
    double *z = pr_calloc((size_t)n, sizeof *z);
    if (!z) return pr_est_none(why_memory);
    for (int64_t i = 0; i < n; i++)
        z[i] = ratio_influence(a, i, n, &ta) - ratio_influence(b, i, n, &tb);
    pr_spread s = pr_spread_of(z, n, conf);
    pr_free(z);
    return pr_spread_est(&s, ta.sum / ta.count - tb.sum / tb.count, conf);
}

pr_est pr_est_pair_ratio(const pr_win *a, const pr_win *b, int64_t n, double conf) {
    totals ta, tb;
    const char *why = totals_of(a, n, &ta);
    if (!why) why = totals_of(b, n, &tb);
    if (!why && !(tb.sum > 0)) why = "the reference's mean is not positive: no ratio";
    if (why) return pr_est_none(why);
    double *z = pr_calloc((size_t)n, sizeof *z);
    if (!z) return pr_est_none(why_memory);
    double mean_a = ta.sum / ta.count, mean_b = tb.sum / tb.count, r = mean_a / mean_b;
    for (int64_t i = 0; i < n; i++)
        z[i] = (ratio_influence(a, i, n, &ta) - r * ratio_influence(b, i, n, &tb)) / mean_b;
    pr_spread s = pr_spread_of(z, n, conf);
    pr_free(z);
    return pr_spread_est_log(&s, r, conf);
}

pr_est pr_est_mean(const double *x, int64_t n, double conf) {
    if (n < 1) return pr_est_none("nothing was measured");
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    if (!isfinite(sum)) return pr_est_none(why_number);
    pr_spread s = pr_spread_of(x, n, conf);
    return pr_spread_est(&s, sum / (double)n, conf);
}

/* With m the mean, v the variance and u = (x - m)/√v, the influence of x on √v/m is
 * cv ((u² - 1)/2 - cv u): the chain rule on the first two moments. */
pr_est pr_est_cv(const double *x, int64_t n, double conf) {
    if (n < 2) return pr_est_none("fewer than 2 values: no spread");
    double m = 0, v = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!(x[i] > 0) || !isfinite(x[i])) return pr_est_none("a value is not positive");
        m += x[i];
    }
    m /= (double)n;
    for (int64_t i = 0; i < n; i++) v += (x[i] - m) * (x[i] - m) / (double)(n - 1);
    double *z = pr_calloc((size_t)n, sizeof *z);
    if (!z) return pr_est_none(why_memory);
    double cv = sqrt(v) / m;
    for (int64_t i = 0; i < n && v > 0; i++) {
        double u = (x[i] - m) / sqrt(v);
        z[i] = cv * ((u * u - 1) / 2 - cv * u);
    }
    pr_spread s = pr_spread_of(z, n, conf);
    pr_free(z);
    return pr_spread_est_log(&s, cv, conf);
}
