/* curve.c - the distributions that bounds are read from. Everything comes from one
 * function, the regularised incomplete beta I_x(a, b), and from bisection on
 * doubles, which ends at the last bit. Tails are carried as tails, so that small
 * probabilities keep their digits.
 *
 * I_x: continued fraction 8.17.22 of the DLMF by Lentz's method (Thompson & Barnett
 * 1986); its prefix by Loader's saddle point form of the binomial density ("Fast
 * and accurate computation of binomial probabilities", 2000), which does not cancel
 * for large arguments as differences of lgamma do. libm is allowed here: no byte
 * of an artefact comes from this room. */
#include "stat/stat.h"
#include <math.h>

/* ln Γ(n+1) less Stirling's formula. */
static double stirling_rest(double n) {
    if (n < 16) {
        int sign;
        return lgamma_r(n + 1, &sign) - (n + 0.5) * log(n) + n - 0.91893853320467274178;
    }
    double q = 1 / (n * n);
    return (1.0 / 12 - q * (1.0 / 360 - q * (1.0 / 1260 - q * (1.0 / 1680 - q / 1188)))) / n;
}

/* x ln(x/m) + m - x, without cancellation where x is near m. */
static double deviance(double x, double m) {
    if (fabs(x - m) >= 0.1 * (x + m)) return x * log(x / m) + m - x;
    double v = (x - m) / (x + m), s = (x - m) * v, term = 2 * x * v;
    for (int j = 1; j < 1000; j++) {
        term *= v * v;
        double next = s + term / (2 * j + 1);
        if (next == s) break;
        s = next;
    }
    return s;
}

/* x^a y^b / B(a, b), y = 1 - x. */
static double beta_prefix(double a, double b, double x, double y) {
    double n = a + b;
    double l = stirling_rest(n) - stirling_rest(a) - stirling_rest(b) - deviance(a, n * x) -
               deviance(b, n * y);
    return exp(l) * sqrt(a * b / (6.28318530717958647693 * n));
}

static double beta_fraction(double a, double b, double x) {
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1);
    if (fabs(d) < tiny) d = tiny;
    d = 1 / d;
    double h = d;
    for (int m = 1; m < 200000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double turn[2] = {even, odd}, step = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + turn[i] * d;
            c = 1 + turn[i] / c;
            if (fabs(d) < tiny) d = tiny;
            if (fabs(c) < tiny) c = tiny;
            d = 1 / d;
            step = d * c;
            h *= step;
        }
        if (fabs(step - 1) < 1e-16) break;
    }
    return h;
}

/* I_x(a, b) with y = 1 - x given exactly. */
static double beta_lower(double a, double b, double x, double y) {
    if (!(x > 0)) return 0;
    if (!(y > 0)) return 1;
    if (x <= (a + 1) / (a + b + 2)) return beta_prefix(a, b, x, y) * beta_fraction(a, b, x) / a;
    return 1 - beta_prefix(b, a, y, x) * beta_fraction(b, a, y) / b;
}

/* The x in [lo, hi] where the increasing (or falling) f crosses `target`. */
typedef double (*curve_fn)(double x, double a, double b);
static double crossing(curve_fn f, double a, double b, double target, double lo, double hi,
                       bool is_falling) {
    for (int i = 0; i < 2200; i++) {
        double mid = lo + (hi - lo) / 2;
        if (!(mid > lo && mid < hi)) break;
        if ((f(mid, a, b) < target) != is_falling)
            lo = mid;
        else
            hi = mid;
    }
    return lo + (hi - lo) / 2;
}

static double normal_tail(double x, double a, double b) {
    return 0.5 * erfc(x * 0.70710678118654752440);
}

/* P(T > x), x ≥ 0 */
static double t_tail(double x, double df, double unused) {
    double x2 = x * x;
    if (!isfinite(x2)) return 0;
    return 0.5 * beta_lower(df / 2, 0.5, df / (df + x2), x2 / (df + x2));
}

static double beta_lower_x(double x, double a, double b) {
    return beta_lower(a, b, x, 1 - x);
}

double pr_normal_cdf(double x) {
    return normal_tail(-x, 0, 0);
}

double pr_normal_quantile(double p) {
    if (!(p > 0 && p < 1)) return NAN;
    if (p == 0.5) return 0;
    double q = p < 0.5 ? p : 1 - p, x = crossing(normal_tail, 0, 0, q, 0, 40, true);
    return p < 0.5 ? -x : x;
}

double pr_t_cdf(double x, double df) {
    return x < 0 ? t_tail(-x, df, 0) : 1 - t_tail(x, df, 0);
}

double pr_t_quantile(double p, double df) {
    if (!(p > 0 && p < 1) || !(df > 0)) return NAN;
    if (p == 0.5) return 0;
    double q = p < 0.5 ? p : 1 - p, hi = 1;
    while (t_tail(hi, df, 0) > q && hi < 1e150) hi *= 2;
    double x = crossing(t_tail, df, 0, q, 0, hi, true);
    return p < 0.5 ? -x : x;
}

double pr_beta_cdf(double x, double a, double b) {
    if (!(a > 0 && b > 0) || isnan(x)) return NAN;
    return beta_lower(a, b, x, 1 - x);
}

double pr_beta_quantile(double p, double a, double b) {
    if (!(p >= 0 && p <= 1) || !(a > 0 && b > 0)) return NAN;
    if (p == 0 || p == 1) return p;
    return crossing(beta_lower_x, a, b, p, 0, 1, false);
}

double pr_binomial_cdf(int64_t k, int64_t n, double p) {
    if (k < 0) return 0;
    if (k >= n) return 1;
    return beta_lower((double)(n - k), (double)k + 1, 1 - p, p);
}

void pr_binomial_bounds(double k, double n, double conf, double *lo, double *hi) {
    double half = (1 - conf) / 2;
    *lo = k <= 0 ? 0 : pr_beta_quantile(half, k, n - k + 1);
    *hi = k >= n ? 1 : pr_beta_quantile(1 - half, k + 1, n - k);
}
