#!/usr/bin/env python3
"""Write curves.txt: quantiles and bounds as SciPy has them.

The first line of curves.txt names the versions. Run: python3 tests/vectors/stat/make.py
Lines: NAME ARGUMENTS… VALUE, numbers in C99 hex so that nothing is lost in print.
"""
import os

import numpy
import scipy
from scipy import special, stats

out = [f"# scipy {scipy.__version__}, numpy {numpy.__version__}"]


def line(name, *numbers):
    out.append(name + " " + " ".join(float(x).hex() for x in numbers))


for p in (1e-12, 1e-6, 0.005, 0.025, 0.1, 0.4, 0.5, 0.8, 0.975, 0.995, 1 - 1e-6):
    line("normal", p, stats.norm.ppf(p))
    for df in (1, 2, 3, 7, 15, 29.5, 120, 10000):
        line("t", p, df, stats.t.ppf(p, df))
for x in (-8, -3.3, -1, -0.01, 0, 0.4, 2, 6):
    for df in (1, 4, 31, 1e5):
        line("tcdf", x, df, stats.t.cdf(x, df))
for a, b in ((0.5, 0.5), (1, 3), (2.5, 7), (40, 60), (1000, 3), (5e5, 4e5), (0.01, 20)):
    for x in (1e-9, 0.001, 0.1, 0.5, 0.55, 0.9, 0.999):
        v = special.betainc(a, b, x)
        if 1e-280 < v:
            line("beta", x, a, b, v)
    for p in (1e-6, 0.025, 0.5, 0.975):
        v = special.betaincinv(a, b, p)
        if v > 1e-280:  # below, SciPy stops at the least normal number
            line("betaq", p, a, b, v)
for n in (1, 10, 59, 1000, 100000):
    for p in (0.5, 0.95, 0.99, 0.003):
        for k in sorted({0, n // 10, n // 2, int(n * p), n - 1}):
            v = stats.binom.cdf(k, n, p)
            if v > 1e-280:
                line("binom", k, n, p, v)
for k, n in ((0, 20), (20, 20), (7, 20), (1, 1000), (950, 1000), (99999, 100000)):
    # binomtest(…).proportion_ci(…, "exact") solves the same only to 1e-11
    lo = special.betaincinv(k, n - k + 1, 0.025) if k else 0
    hi = special.betaincinv(k + 1, n - k, 0.975) if k < n else 1
    line("cp", k, n, lo, hi)

# The order statistics that bound a quantile: scipy.stats.quantile_test on 1…n.
for n, p in ((20, 0.5), (101, 0.5), (400, 0.95), (2000, 0.99), (73, 0.95)):
    ci = stats.quantile_test(numpy.arange(1, n + 1), p=p).confidence_interval(0.95)
    line("order", n, p, ci.low, ci.high)

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "curves.txt"), "w") as f:
    f.write("\n".join(out) + "\n")
