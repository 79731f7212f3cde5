/* pareto.c - dominance of points, ranks, crowding. Always true: a point with a missing number or a
 * failure beats nobody, and ranks after every whole one. */
#include "search/search.h"
#include <math.h>
#include <stdlib.h>

static bool whole(const double *f, size_t m) {
    for (size_t k = 0; k < m; k++)
        if (!isfinite(f[k])) return false;
    return true;
}

bool pr_point_dominates(const double *a, const double *b, size_t m) {
    bool better = false;
    if (!whole(a, m)) return false;
    if (!whole(b, m)) return true;
    for (size_t k = 0; k < m; k++) {
        if (a[k] > b[k]) return false;
        better |= a[k] < b[k];
    }
    return better;
}

void pr_point_set(pr_point *p, size_t k, double value, double lo, double hi) {
    bool known = isfinite(value) && isfinite(lo) && isfinite(hi) && lo <= hi;
    p->value[k] = known ? value : NAN;
    p->lo[k] = known ? lo : NAN;
    p->hi[k] = known ? hi : NAN;
}

static bool point_whole(const pr_point *p, size_t m) {
    return isfinite(p->violation) && whole(p->value, m) && whole(p->lo, m) && whole(p->hi, m);
}

bool pr_point_beats(const pr_point *a, const pr_point *b, size_t m) {
    bool better = false;
    if (!point_whole(a, m)) return false;
    if (!point_whole(b, m)) return true;
    if (a->violation > 0 || b->violation > 0) return a->violation < b->violation;
    for (size_t k = 0; k < m; k++) {
        if (a->hi[k] > b->lo[k]) return false;
        better |= a->hi[k] < b->lo[k];
    }
    return better;
}

/* ---- ranks ---- */

static pare_status points_check(size_t n, size_t m, pare_err *err) {
    if (m == 0 || m > PR_PARETO_DIMS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu objectives; expected 1 to %d", m,
                       PR_PARETO_DIMS);
    if (n > PR_PARETO_POINTS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu points; at most %d", n, PR_PARETO_POINTS);
    return PARE_OK;
}

/* Layer by layer: who is beaten by nobody that is left. Counts of who beats whom are kept, so each
 * pair is compared once for the counts and once when its better one is taken. */
pare_status pr_ranks(const pr_point *p, size_t n, size_t m, int *rank, pare_err *err) {
    PR_TRY(points_check(n, m, err));
    int *beaten = pr_calloc(n + 1, sizeof *beaten), *front = pr_calloc(n + 1, sizeof *front);
    size_t left = n;
    for (size_t i = 0; beaten && front && i < n; i++) {
        rank[i] = -1;
        for (size_t k = 0; k < n; k++) beaten[i] += pr_point_beats(&p[k], &p[i], m);
    }
    for (int at = 0; beaten && front && left > 0; at++) {
        size_t n_front = 0;
        for (size_t i = 0; i < n; i++)
            if (rank[i] < 0 && beaten[i] == 0) front[n_front++] = (int)i;
        for (size_t f = 0; f < n_front; f++) rank[front[f]] = at;
        left -= n_front;
        for (size_t f = 0; left > 0 && f < n_front; f++)
            for (size_t i = 0; i < n; i++)
                if (rank[i] < 0) beaten[i] -= pr_point_beats(&p[front[f]], &p[i], m);
    }
    bool failed = !beaten || !front;
    pr_free(beaten);
    pr_free(front);
    return failed ? pr_fail_nomem(err, (uint64_t)n * 8) : PARE_OK;
}

/* ---- crowding ---- */

typedef struct {
    double v;
    size_t i;
} keyed;

static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->v != y->v) return x->v < y->v ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

static void crowd_one(keyed *line, size_t n, double *out) {
    qsort(line, n, sizeof *line, by_key);
    double range = line[n - 1].v - line[0].v;
    out[line[0].i] = out[line[n - 1].i] = INFINITY;
    for (size_t i = 1; i + 1 < n && range > 0; i++)
        out[line[i].i] += (line[i + 1].v - line[i - 1].v) / range;
}

pare_status pr_crowding(const pr_point *p, size_t n, size_t m, const int *rank, double *out,
                        pare_err *err) {
    PR_TRY(points_check(n, m, err));
    keyed *line = pr_calloc(n + 1, sizeof *line);
    if (!line) return pr_fail_nomem(err, (uint64_t)n * sizeof *line);
    int last = -1;
    for (size_t i = 0; i < n; i++) out[i] = 0, last = PR_MAX(last, rank[i]);
    for (int at = 0; at <= last; at++) {
        for (size_t k = 0; k < m; k++) {
            size_t count = 0;
            for (size_t i = 0; i < n; i++)
                if (rank[i] == at && isfinite(p[i].value[k]))
                    line[count++] = (keyed){p[i].value[k], i};
            if (count > 0) crowd_one(line, count, out);
        }
    }
    pr_free(line);
    return PARE_OK;
}
