/* order.c - quantiles from sorted values, and times in pairs.
 *
 * Values between two order statistics are interpolated (Hyndman & Fan 1996, type 7,
 * which numpy and R use by default); bounds are always order statistics. */
#include "influence.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { IN_TIME = 16 }; /* fewer values do not show how they depend on each other */

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile_sorted(const double *x, int64_t n, double p) {
    double at = p * (double)(n - 1);
    int64_t i = (int64_t)floor(at);
    if (i >= n - 1) return x[n - 1];
    return x[i] + (at - (double)i) * (x[i + 1] - x[i]);
}

/* How many of k = 0…n have P(X ≤ k) ≤ limit: they are the first ones. */
static int64_t binomial_count(int64_t n, double p, double limit) {
    int64_t lo = 0, hi = n + 1; /* the answer is in lo…hi */
    while (lo < hi) {
        int64_t mid = lo + (hi - lo) / 2;
        if (pr_binomial_cdf(mid, n, p) <= limit)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* x sorted. The r-th smallest is above the quantile with P(X ≤ r-1), the s-th is
 * below it with P(X ≥ s) = P(n - X ≤ n - s); each may happen with (1-conf)/2. */
static pr_est quantile_bounds(const double *x, int64_t n, double p, double conf) {
    pr_est e = {quantile_sorted(x, n, p), NAN, NAN, NAN, n, conf, NULL};
    double half = (1 - conf) / 2;
    int64_t r = binomial_count(n, p, half);
    int64_t s = n + 1 - binomial_count(n, 1 - p, half);
    if (r < 1 || s > n) {
        e.why = "too few samples to bound this quantile";
        return e;
    }
    e.lo = PR_MIN(x[r - 1], e.value);
    e.hi = PR_MAX(x[s - 1], e.value);
    return e;
}

pr_est pr_est_quantile(const double *x, int64_t n, double p, double conf) {
    if (n < 1) return pr_est_none("nothing was measured");
    if (!(p > 0 && p < 1)) return pr_est_none("a quantile is strictly between 0 and 1");
    double *y = pr_calloc((size_t)n, sizeof *y);
    if (!y) return pr_est_none("out of memory");
    pr_est e = {0};
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) e = pr_est_none("a value is not a number");
        y[i] = x[i];
    }
    if (!e.why) {
        qsort(y, (size_t)n, sizeof *y, by_value);
        e = quantile_bounds(y, n, p, conf);
    }
    pr_free(y);
    return e;
}

/* Woodruff: the share of values up to the median, a mean of zeros and ones in the order of
 * time, says
 * how far out to go in `sorted`. Never inside the bounds that independent values have. */
static void widen_in_time(pr_est *e, const double *x, const double *sorted, int64_t n) {
    double *below = pr_calloc((size_t)n, sizeof *below);
    pr_est  share = pr_est_none("out of memory");
    for (int64_t i = 0; below && i < n; i++) below[i] = x[i] == e->value ? 0.5 : x[i] < e->value;
    if (below) share = pr_est_mean(below, n, e->conf);
    pr_free(below);
    double lo = floor((0.5 - (share.value - share.lo)) * (double)n);
    double hi = ceil((0.5 + (share.hi - share.value)) * (double)n) + 1;
    if (!pr_est_ok(&share) || lo < 1 || hi > (double)n) {
        e->lo = e->hi = NAN;
        e->why = "the values follow each other in too few, long stretches to bound their median";
        return;
    }
    e->lo = PR_MIN(e->lo, sorted[(int64_t)lo - 1]);
    e->hi = PR_MAX(e->hi, sorted[(int64_t)hi - 1]);
}

pr_est pr_est_median_in_time(const double *x, int64_t n, double conf) {
    pr_est e = pr_est_quantile(x, n, 0.5, conf);
    if (!pr_est_ok(&e) || n < IN_TIME) return e;
    double *sorted = pr_calloc((size_t)n, sizeof *sorted);
    if (!sorted) return pr_est_none("out of memory");
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    widen_in_time(&e, x, sorted, n);
    pr_free(sorted);
    return e;
}

/* ln(a/b) in a new array, NULL with *why set. */
static double *log_ratios(const double *a, const double *b, int64_t n, const char **why) {
    *why = n < 1 ? "nothing was measured" : NULL;
    for (int64_t i = 0; i < n && !*why; i++)
        if (!(a[i] > 0 && b[i] > 0) || !isfinite(a[i]) || !isfinite(b[i]))
            *why = "a time is not positive";
    if (*why) return NULL;
    double *l = pr_calloc((size_t)n, sizeof *l);
    if (!l) *why = "out of memory";
    for (int64_t i = 0; l && i < n; i++) l[i] = log(a[i] / b[i]);
    return l;
}

pr_est pr_est_pair_median(const double *a, const double *b, int64_t n, double conf) {
    const char *why;
    double *l = log_ratios(a, b, n, &why);
    if (!l) return pr_est_none(why);
    pr_est e = pr_est_exp(pr_est_median_in_time(l, n, conf));
    pr_free(l);
    return e;
}

/* The value of `l` nearest to x that a trim of `g` at both ends of `sorted` leaves. */
static double kept_nearest(const double *sorted, int64_t n, int64_t g, double x) {
    return PR_MIN(PR_MAX(x, sorted[g]), sorted[n - g - 1]);
}

pr_est pr_est_pair_in_time(const double *a, const double *b, int64_t n, double conf) {
    const char *why;
    int64_t g = n / 10, h = n - 2 * g;
    double *l = log_ratios(a, b, n, &why);
    if (!l) return pr_est_none(why);
    double *sorted = pr_calloc((size_t)n, sizeof *sorted), mean = 0;
    if (!sorted) {
        pr_free(l);
        return pr_est_none("out of memory");
    }
    memcpy(sorted, l, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, by_value);
    for (int64_t i = g; i < n - g; i++) mean += sorted[i] / (double)h;
    for (int64_t i = 0; i < n; i++)
        l[i] = kept_nearest(sorted, n, g, l[i]) * (double)n / (double)h;
    pr_spread s = pr_spread_of(l, n, conf);
    pr_free(sorted);
    pr_free(l);
    return pr_est_exp(pr_spread_est(&s, mean, conf));
}

pr_est pr_est_pair_mean(const double *a, const double *b, int64_t n, double conf) {
    const char *why;
    double *l = log_ratios(a, b, n, &why);
    if (!l) return pr_est_none(why);
    int64_t g = n / 10, h = n - 2 * g;
    pr_est e = {NAN, NAN, NAN, NAN, n, conf, NULL};
    qsort(l, (size_t)n, sizeof *l, by_value);
    double mean = 0, win = 0, squares = 0;
    for (int64_t i = g; i < n - g; i++) mean += l[i] / (double)h;
    /* the winsorised values: what was trimmed counts as the nearest kept one */
    for (int64_t i = 0; i < n; i++) win += l[PR_MIN(PR_MAX(i, g), n - g - 1)] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double d = l[PR_MIN(PR_MAX(i, g), n - g - 1)] - win;
        squares += d * d;
    }
    pr_free(l);
    e.value = mean;
    if (n < 5) {
        e.why = "fewer than 5 pairs: no bounds";
        return pr_est_exp(e);
    }
    e.se = sqrt(squares / ((double)h * (double)(h - 1)));
    double t = pr_t_quantile(0.5 + conf / 2, (double)(h - 1));
    e.lo = mean - t * e.se;
    e.hi = mean + t * e.se;
    return pr_est_exp(e);
}
