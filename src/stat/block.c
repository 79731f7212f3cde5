/* block.c - how far windows depend on their neighbours, and what that leaves.
 *
 * Owns the block length and the standard error from blocks; the method and its
 * sources stand in stat.h. Always true: every value is in exactly one block, and
 * block lengths differ by at most one. */
#include "influence.h"
#include <math.h>

enum { BLOCKS_MIN = 8, WINDOWS_MIN = 4, LAG_RUN = 5 };

static double mean_of(const double *x, int64_t n) {
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += x[i];
    return s / (double)n;
}

/* Autocovariance at lag k, divided by n (not n - k): keeps the whole positive. */
static double autocov(const double *x, int64_t n, double mean, int64_t k) {
    double s = 0;
    for (int64_t i = 0; i + k < n; i++) s += (x[i] - mean) * (x[i + k] - mean);
    return s / (double)n;
}

/* What the flat-top lag window sees: long-run variance g0 = Σ R(k), and
 * g1 = Σ |k| R(k), which rules the bias of blocks. */
typedef struct {
    double g0, g1;
} long_run;

/* The first lag after which LAG_RUN autocorrelations in a row are within
 * 2 √(log10 n / n) (Politis & White 2004, section 3.2); at most `max_lag`. */
static int64_t last_lag(const double *x, int64_t n, double mean, double r0, int64_t max_lag) {
    double bound = 2 * sqrt(log10((double)n) / (double)n) * r0;
    int64_t run_need = PR_MAX(LAG_RUN, (int64_t)ceil(sqrt(log10((double)n))));
    int64_t run = 0, last = 0;
    for (int64_t k = 1; k < n && run < run_need && last < max_lag; k++) {
        if (fabs(autocov(x, n, mean, k)) < bound)
            run++;
        else
            run = 0, last = k;
    }
    return PR_MIN(last, max_lag);
}

static long_run long_run_of(const double *x, int64_t n) {
    double mean = mean_of(x, n), r0 = autocov(x, n, mean, 0);
    long_run l = {r0, 0};
    if (n < 3 || !(r0 > 0)) return l;
    /* at least lag 1, significant or not: weak dependence between few windows hides */
    int64_t m = PR_MAX(last_lag(x, n, mean, r0, (int64_t)ceil(sqrt((double)n)) + LAG_RUN), 1);
    int64_t reach = PR_MIN(2 * m, n - 1);
    for (int64_t k = 1; k <= reach; k++) {
        double at = (double)k / (double)(2 * m);
        double r = 2 * (at <= 0.5 ? 1 : 2 * (1 - at)) * autocov(x, n, mean, k);
        l.g0 += r;
        l.g1 += (double)k * r;
    }
    return l;
}

/* Correlation too weak to see at this n still shortens bounds; blocks of √n/2 or more
 * (half of what is usual for batch means: Flegal & Jones, Annals of Statistics 38,
 * 2010) bound what it can do, and cost little: 2√n of them are left. */
static int64_t floor_of(int64_t n) {
    return PR_MAX((int64_t)(sqrt((double)n) / 2), 1);
}

/* Blocks side by side: bias -g1/b, variance 2 g0² b/n of the long-run variance's
 * estimate (Lahiri, Annals of Statistics 27, 1999), so the mean squared error is
 * least at b³ = n (g1/g0)². Never more than n/3 or 3√n, as Politis & White say. */
static int64_t length_of(const long_run *l, int64_t n) {
    if (!(l->g0 > 0)) return floor_of(n);
    double ratio = l->g1 / l->g0;
    double b = cbrt((double)n * ratio * ratio);
    double max = PR_MIN(3 * sqrt((double)n), (double)n / 3);
    int64_t len = (int64_t)ceil(PR_MIN(b, max));
    return PR_MAX(len, floor_of(n));
}

int64_t pr_block_length(const double *x, int64_t n) {
    if (n < 1) return 1;
    long_run l = long_run_of(x, n);
    return length_of(&l, n);
}

pr_spread pr_spread_of(const double *z, int64_t n, double conf) {
    pr_spread s = {.se = NAN, .t = NAN};
    if (n < WINDOWS_MIN) {
        s.n_blocks = n;
        s.why = n < 1 ? "nothing was measured" : "fewer than 4 windows: no bounds";
        return s;
    }
    long_run l = n < BLOCKS_MIN ? (long_run){0} : long_run_of(z, n);
    int64_t len = n < BLOCKS_MIN ? 1 : PR_MIN(length_of(&l, n), n / BLOCKS_MIN);
    int64_t m = n / len;
    double mean = mean_of(z, n), squares = 0;
    for (int64_t j = 0, from = 0; j < m; j++) {
        /* j n / m without overflow: the first n % m blocks are one longer */
        int64_t to = from + n / m + (j < n % m);
        double sum = 0;
        for (; from < to; from++) sum += z[from] - mean;
        squares += sum * sum;
    }
    double var = squares * (double)m / (double)(m - 1) / (double)n; /* of √n × mean */
    var += PR_MAX(l.g1, 0) * (double)m / (double)n;                 /* g1 / block length */
    s.se = sqrt(var / (double)n);
    s.n_blocks = m;
    s.t = pr_t_quantile(0.5 + conf / 2, (double)(m - 1));
    if (!isfinite(s.se)) s.why = "a value is not finite";
    return s;
}

pr_est pr_spread_est(const pr_spread *s, double value, double conf) {
    pr_est e = {value, NAN, NAN, s->se, s->n_blocks, conf, s->why};
    if (!isfinite(value) && !e.why) e.why = "a value is not finite";
    if (e.why) return e;
    e.lo = value - s->t * s->se;
    e.hi = value + s->t * s->se;
    return e;
}

pr_est pr_spread_est_log(const pr_spread *s, double value, double conf) {
    pr_est e = pr_spread_est(s, value, conf);
    if (e.why || !(value > 0)) return e;
    double f = exp(s->t * s->se / value);
    e.lo = value / f;
    e.hi = value * f;
    return e;
}
