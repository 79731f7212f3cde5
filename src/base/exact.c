/* exact.c - exp, log, pow, sin and cos from + - * / alone, so that no byte of an
 * artefact and no position's rotation depends on the machine's libm.
 *
 * exp, log and pow work in double-double: a value is hi + lo, |lo| ≤ ulp(hi)/2.
 * Products are split by Dekker's method (Numer. Math. 18, 1971), sums by Knuth's
 * two-sum; both are exact under round-to-nearest without contraction. Results
 * are within 1 ulp of the true value (tests hold them against libm). */
#include "base.h"
#include <math.h>

typedef struct {
    double hi, lo;
} dd;

static dd two_sum(double a, double b) {
    double s = a + b, t = s - a;
    return (dd){s, (a - (s - t)) + (b - t)};
}

static dd quick_sum(double a, double b) { /* |a| ≥ |b| */
    double s = a + b;
    return (dd){s, b - (s - a)};
}

static dd two_mul(double a, double b) {
    double p = a * b, t = 134217729.0 * a, ah = t - (t - a), al = a - ah;
    t = 134217729.0 * b;
    double bh = t - (t - b), bl = b - bh;
    return (dd){p, ((ah * bh - p) + ah * bl + al * bh) + al * bl};
}

static dd dd_add(dd a, dd b) {
    dd s = two_sum(a.hi, b.hi);
    return quick_sum(s.hi, s.lo + a.lo + b.lo);
}

static dd dd_mul(dd a, dd b) {
    dd p = two_mul(a.hi, b.hi);
    return quick_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static dd dd_div_by(dd a, double b) {
    double q = a.hi / b;
    dd     p = two_mul(q, b);
    return quick_sum(q, ((a.hi - p.hi) - p.lo + a.lo) / b);
}

static const dd ln2 = {0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};

static double scale2(double x, int n) { /* x · 2^n, also into the subnormals */
    while (n > 1000) x *= 0x1p1000, n -= 1000;
    while (n < -1000) x *= 0x1p-1000, n += 1000;
    uint64_t u = (uint64_t)(n + 1023) << 52;
    double   f;
    memcpy(&f, &u, sizeof f);
    return x * f;
}

/* e^(hi+lo): reduce by ln 2, then by 2^8, then Taylor, then square eight times. */
static double dd_exp(dd x) {
    if (x.hi > 709.79) return INFINITY;
    if (x.hi < -745.14) return 0;
    double n = rint(x.hi / ln2.hi);
    dd     r = dd_add(x, dd_mul(ln2, (dd){-n, 0}));
    r.hi *= 0x1p-8, r.lo *= 0x1p-8;
    dd term = r, sum = r; /* e^r - 1 keeps its digits */
    for (int k = 2; k <= 9; k++) {
        term = dd_div_by(dd_mul(term, r), k);
        sum = dd_add(sum, term);
    }
    for (int k = 0; k < 8; k++) /* (1+s)² - 1 = 2s + s² */
        sum = dd_add((dd){2 * sum.hi, 2 * sum.lo}, dd_mul(sum, sum));
    sum = dd_add(sum, (dd){1, 0});
    return scale2(sum.hi, (int)n) + scale2(sum.lo, (int)n);
}

/* ln x for x > 0: m in [√½, √2), ln m = 2 artanh((m-1)/(m+1)). */
static dd dd_log(double x) {
    int e = 0;
    if (x < 0x1p-1022) x *= 0x1p54, e -= 54;
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    e += (int)(u >> 52) - 1022;
    u = (u & 0xfffffffffffffu) | (1022ull << 52);
    double m;
    memcpy(&m, &u, sizeof m);
    if (m < 0x1.6a09e667f3bcdp-1) m *= 2, e--;
    dd     num = {m - 1, 0}, den = two_sum(m, 1); /* m - 1 is exact here */
    double q = num.hi / den.hi;
    dd     back = dd_mul(den, (dd){q, 0});
    double rest = ((num.hi - back.hi) - back.lo) / den.hi;
    dd     z = quick_sum(q, rest), zz = dd_mul(z, z), sum = {0, 0};
    for (int k = 41; k >= 3; k -= 2) sum = dd_mul(dd_add(sum, dd_div_by((dd){1, 0}, k)), zz);
    sum = dd_mul(dd_add(sum, (dd){1, 0}), (dd){2 * z.hi, 2 * z.lo});
    return dd_add(dd_mul(ln2, (dd){e, 0}), sum);
}

double pr_exp(double x) {
    return x != x ? x : dd_exp((dd){x, 0});
}

double pr_log(double x) {
    if (!(x > 0)) return x == 0 ? -INFINITY : NAN;
    if (x > 1.7976931348623157e308) return x;
    dd l = dd_log(x);
    return l.hi + l.lo;
}

double pr_pow(double x, double y) {
    if (y == 0 || x == 1) return 1;
    if (!(x > 0)) return x == 0 && y > 0 ? 0 : NAN;
    return dd_exp(dd_mul(dd_log(x), (dd){y, 0}));
}

/* Reduction by π/2 in three parts (Cody & Waite 1980; each part has 33 bits or
 * fewer, so n times it is exact for n < 2^20; past that the error grows but
 * stays far below a float's), then Taylor on [-π/4, π/4]. */
void pr_sincos(double x, double *s, double *c) {
    static const double p1 = 0x1.921fb544p0, p2 = 0x1.0b4611a6p-34, p3 = 0x1.3198a2e037073p-69;
    double              n = rint(x * 0x1.45f306dc9c883p-1);
    double              r = x - n * p1;
    dd                  w = two_sum(r, -(n * p2));
    double              y = w.hi + (w.lo - n * p3), z = y * y;
    double sy = y + y * z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880 +
                z * (-1.0 / 39916800 + z * (1.0 / 6227020800.0 + z * (-1.0 / 1307674368000.0)))))));
    double cy =
        1 - z / 2 +
        z * z *
            (1.0 / 24 +
             z * (-1.0 / 720 +
                  z * (1.0 / 40320 +
                       z * (-1.0 / 3628800 +
                            z * (1.0 / 479001600.0 +
                                 z * (-1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0)))))));
    switch ((int64_t)n & 3) {
    case 0: *s = sy, *c = cy; break;
    case 1: *s = cy, *c = -sy; break;
    case 2: *s = -sy, *c = -cy; break;
    default: *s = -cy, *c = sy; break;
    }
}
