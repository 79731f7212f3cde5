/* turns.h - times functions against each other on a machine that is never quiet.
 *
 *   static void a(void *ctx) { … }
 *   bench_case cases[] = {{.name = "reference", .fn = a, .ctx = &x, .work = bytes},
 *                         {.name = "avx2", .fn = b, .ctx = &x, .work = bytes}};
 *   bench_run("dot of 4096", cases, 2, 0.5);
 *
 * The cases take turns, one short round each, in an order that is turned round
 * every time (a b, b a, …): what the machine does meanwhile, heat or a neighbour,
 * meets all of them alike. A round repeats the function until it is long enough
 * for the clock. Printed are the median over the rounds, the spread (half the
 * distance between the quartiles, in percent of the median), the work per second
 * and the ratio to the first case, which is the median of the ratios of rounds
 * that ran side by side. One thread. */
#ifndef PR_BENCH_H
#define PR_BENCH_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/base.h"

typedef void (*bench_fn)(void *ctx);

typedef struct {
    const char *name;
    bench_fn    fn;
    void       *ctx;
    double      work;     /* of one call, in `unit`; 0: none is known */
    const char *unit;     /* "B", "FLOP"; NULL: "B" */
    /* results, in ns per call */
    double median, spread, ratio;
} bench_case;

enum { BENCH_MAX_CASES = 16, BENCH_MAX_ROUNDS = 201, BENCH_ROUND_NS = 2000000 };

static inline int bench_order(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The q-quantile of n sorted values, between neighbours in proportion. */
static inline double bench_quantile(const double *v, int n, double q) {
    double at = q * (n - 1);
    int    i = (int)at;
    return i + 1 < n ? v[i] + (at - i) * (v[i + 1] - v[i]) : v[n - 1];
}

/* ns per call of `calls` calls. */
static inline double bench_round(const bench_case *c, int64_t calls) {
    uint64_t t = pr_now_ns();
    for (int64_t i = 0; i < calls; i++) c->fn(c->ctx);
    return (double)(pr_now_ns() - t) / (double)calls;
}

/* How many calls fill a round; warms up on the way. */
static inline int64_t bench_calls(const bench_case *c) {
    int64_t calls = 1;
    while (bench_round(c, calls) * (double)calls < BENCH_ROUND_NS && calls < INT64_C(1) << 40)
        calls *= 2;
    return calls;
}

/* Fill in the results of `cases`; about `seconds` for each. Returns the rounds made. */
static inline int bench_measure(bench_case *cases, int n, double seconds) {
    static double t[BENCH_MAX_CASES][BENCH_MAX_ROUNDS];
    static double r[BENCH_MAX_ROUNDS];
    int64_t       calls[BENCH_MAX_CASES];
    int           rounds = 0;
    n = n > BENCH_MAX_CASES ? BENCH_MAX_CASES : n;
    for (int i = 0; i < n; i++) calls[i] = bench_calls(&cases[i]);
    uint64_t end = pr_now_ns() + (uint64_t)(seconds * 1e9 * n);
    while (rounds < BENCH_MAX_ROUNDS && (rounds < 5 || pr_now_ns() < end)) {
        for (int k = 0; k < n; k++) {
            int i = rounds % 2 ? n - 1 - k : k;
            t[i][rounds] = bench_round(&cases[i], calls[i]);
        }
        rounds++;
    }
    for (int i = n - 1; i >= 0; i--) { /* the first last: its order is needed until then */
        for (int k = 0; k < rounds; k++) r[k] = t[0][k] / t[i][k];
        qsort(r, (size_t)rounds, sizeof *r, bench_order);
        cases[i].ratio = bench_quantile(r, rounds, 0.5);
        qsort(t[i], (size_t)rounds, sizeof **t, bench_order);
        cases[i].median = bench_quantile(t[i], rounds, 0.5);
        double low = bench_quantile(t[i], rounds, 0.25), high = bench_quantile(t[i], rounds, 0.75);
        cases[i].spread = (high - low) / 2 / cases[i].median;
    }
    return rounds;
}

/* Measure and print one table. `seconds` per case; PARE_BENCH_S overrides it. */
static inline void bench_run(const char *title, bench_case *cases, int n, double seconds) {
    const char *s = getenv("PARE_BENCH_S");
    if (s) seconds = strtod(s, NULL);
    int rounds = bench_measure(cases, n, seconds);
    printf("\n%s (%d rounds)\n", title, rounds);
    for (int i = 0; i < n && i < BENCH_MAX_CASES; i++) {
        const bench_case *c = &cases[i];
        printf("  %-28s %12.1f ns  ±%4.1f %%  %6.2f x", c->name, c->median, 100 * c->spread,
               c->ratio);
        if (c->work > 0) printf("  %8.2f G%s/s", c->work / c->median, c->unit ? c->unit : "B");
        printf("\n");
    }
    fflush(stdout);
}
#endif
