/* hypervolume.c - the volume that a front covers (pareto.h). Always true: the answer does not
 * depend
 * on the order of the points, and a point that is not whole or not within the reference adds
 * nothing. */
#include "search/search.h"
#include <math.h>
#include <stdlib.h>

/* What recursion needs: `m` is the dimensions of the rows, `pool` room for one set a level. */
typedef struct {
    size_t m;
    const double *ref;
} space;

static int by_first(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Two objectives, rows sorted by the first: strips from each point to the next. */
static double sweep(double *f, size_t n, const double *ref) {
    double area = 0, low = ref[1];
    qsort(f, n, 2 * sizeof *f, by_first);
    for (size_t i = 0; i < n; i++) {
        if (f[2 * i + 1] >= low) continue;
        area += (ref[0] - f[2 * i]) * (low - f[2 * i + 1]);
        low = f[2 * i + 1];
    }
    return area;
}

/* Drop rows that another row dominates or repeats; returns how many are left. */
static size_t reduce(double *f, size_t n, size_t m) {
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        const double *row = f + i * m;
        bool beaten = false;
        for (size_t k = 0; k < kept && !beaten; k++) {
            const double *own = f + k * m;
            beaten = pr_point_dominates(own, row, m) || memcmp(own, row, m * sizeof *row) == 0;
        }
        if (beaten) continue;
        size_t to = 0; /* those kept that the new one dominates go */
        for (size_t k = 0; k < kept; k++) {
            if (pr_point_dominates(row, f + k * m, m)) continue;
            if (to != k) memcpy(f + to * m, f + k * m, m * sizeof *f);
            to++;
        }
        memmove(f + to * m, row, m * sizeof *f);
        kept = to + 1;
    }
    return kept;
}

static pare_status volume(const space *s, double *f, size_t n, double *out, pare_err *err);

/* Rows after `i`, each raised to row i where that is worse: what they cover of row i's box. */
static pare_status shadow(const space *s, const double *f, size_t n, size_t i, double *out,
                          pare_err *err) {
    size_t rest = n - i - 1;
    *out = 0;
    if (rest == 0) return PARE_OK;
    double *g = pr_calloc(rest * s->m, sizeof *g);
    if (!g) return pr_fail_nomem(err, (uint64_t)rest * s->m * sizeof *g);
    for (size_t k = 0; k < rest; k++)
        for (size_t d = 0; d < s->m; d++)
            g[k * s->m + d] = PR_MAX(f[(i + 1 + k) * s->m + d], f[i * s->m + d]);
    rest = reduce(g, rest, s->m);
    pare_status st = volume(s, g, rest, out, err);
    pr_free(g);
    return st;
}

/* The sum of exclusive volumes: each row's own box without what later rows cover of it. */
static pare_status volume(const space *s, double *f, size_t n, double *out, pare_err *err) {
    *out = 0;
    if (s->m == 2) {
        *out = sweep(f, n, s->ref);
        return PARE_OK;
    }
    for (size_t i = 0; i < n; i++) {
        double box = 1, covered;
        for (size_t d = 0; d < s->m; d++) box *= s->ref[d] - f[i * s->m + d];
        PR_TRY(shadow(s, f, n, i, &covered, err));
        *out += box - covered;
    }
    return PARE_OK;
}

/* Three objectives by slices along the third: sorted by it, each row brings its first two numbers
 * into a plane front, whose area holds until the next row. A plain insertion: O(n²). */
static double slices(double *f, size_t n, const double *ref, double *plane) {
    double total = 0, area = 0;
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        double next = i + 1 < n ? f[3 * (i + 1)] : ref[2];
        double x = f[3 * i + 1], y = f[3 * i + 2];
        bool beaten = false;
        for (size_t k = 0; k < kept && !beaten; k++)
            beaten = plane[2 * k] <= x && plane[2 * k + 1] <= y;
        if (!beaten) {
            size_t to = 0, at;
            for (size_t k = 0; k < kept; k++) {
                if (plane[2 * k] >= x && plane[2 * k + 1] >= y) continue;
                memmove(plane + 2 * to++, plane + 2 * k, 2 * sizeof *plane);
            }
            for (at = to; at > 0 && plane[2 * (at - 1)] > x; at--)
                memcpy(plane + 2 * at, plane + 2 * (at - 1), 2 * sizeof *plane);
            plane[2 * at] = x, plane[2 * at + 1] = y;
            kept = to + 1;
            area = 0;
            double low = ref[1];
            for (size_t k = 0; k < kept; k++) {
                area += (ref[0] - plane[2 * k]) * (low - plane[2 * k + 1]);
                low = plane[2 * k + 1];
            }
        }
        total += area * (next - f[3 * i]);
    }
    return total;
}

static pare_status in_three(const double *f, size_t n, const double *ref, double *out,
                            pare_err *err) {
    double *g = pr_calloc(n * 5 + 1, sizeof *g); /* rows with the third first; then the plane */
    if (!g) return pr_fail_nomem(err, (uint64_t)n * 5 * sizeof *g);
    for (size_t i = 0; i < n; i++) {
        g[3 * i] = f[3 * i + 2];
        g[3 * i + 1] = f[3 * i];
        g[3 * i + 2] = f[3 * i + 1];
    }
    qsort(g, n, 3 * sizeof *g, by_first);
    *out = slices(g, n, ref, g + 3 * n);
    pr_free(g);
    return PARE_OK;
}

pare_status pr_hypervolume(const double *f, size_t n, size_t m, const double *ref, double *out,
                           pare_err *err) {
    *out = 0;
    if (m == 0 || m > PR_PARETO_DIMS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu objectives; expected 1 to %d", m,
                       PR_PARETO_DIMS);
    if (n > PR_PARETO_POINTS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu points; at most %d", n, PR_PARETO_POINTS);
    double *g = pr_calloc(n * m + 1, sizeof *g), best = 0;
    size_t kept = 0;
    if (!g) return pr_fail_nomem(err, (uint64_t)n * m * sizeof *g);
    for (size_t i = 0; i < n; i++) {
        bool within = true;
        for (size_t d = 0; d < m; d++)
            within = within && isfinite(f[i * m + d]) && f[i * m + d] < ref[d];
        if (within) memcpy(g + m * kept++, f + i * m, m * sizeof *g);
    }
    pare_status st = PARE_OK;
    for (size_t i = 0; m == 1 && i < kept; i++) best = PR_MAX(best, ref[0] - g[i]);
    if (m == 1) *out = best;
    else if (m == 2) *out = sweep(g, kept, ref);
    else if (m == 3) st = in_three(g, kept, ref, out, err);
    else st = volume(&(space){m, ref}, g, reduce(g, kept, m), out, err);
    pr_free(g);
    return st;
}
