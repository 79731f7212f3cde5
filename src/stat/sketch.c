/* sketch.c - KLL: a stream of values in a few kilobytes, mergeable.
 *
 * A value at level h stands for 2^h values that were seen. When the whole is over
 * its room, the lowest full level is sorted and every other value of it moves one
 * level up; a fair coin says which half. Always true: the weights add up to the
 * count; the level sizes shrink by 2/3 downwards from k at the top. */
#include "stat/stat.h"
#include <math.h>
#include <stdlib.h>

enum { SKETCH_LEVELS = 60, SKETCH_LEAST = 8 };

typedef struct {
    double *x;
    int64_t n, cap;
} level;

struct pr_sketch {
    level at[SKETCH_LEVELS];
    int n_levels, k;
    uint64_t n_seen;
    double squares; /* Σ 4^h over compactions: n² × the variance bound of a rank */
    pr_rng rng;
};

pare_status pr_sketch_new(pr_sketch **out, int k, uint64_t seed, pare_err *err) {
    *out = NULL;
    if (k == 0) k = 1024;
    if (k < SKETCH_LEAST || k > 1 << 24)
        return pr_fail(err, PARE_EUSAGE, -1, "sketch size %d, expected 8…%d", k, 1 << 24);
    pr_sketch *s = pr_calloc(1, sizeof *s);
    if (!s) return pr_fail_nomem(err, sizeof *s);
    s->k = k;
    s->n_levels = 1;
    pr_rng_seed(&s->rng, seed);
    *out = s;
    return PARE_OK;
}

void pr_sketch_free(pr_sketch *s) {
    if (!s) return;
    for (int h = 0; h < SKETCH_LEVELS; h++) pr_free(s->at[h].x);
    pr_free(s);
}

static int64_t level_room(const pr_sketch *s, int h) {
    double room = s->k;
    for (int i = h + 1; i < s->n_levels && room > SKETCH_LEAST; i++) room *= 2.0 / 3;
    return (int64_t)ceil(PR_MAX(room, SKETCH_LEAST));
}

static pare_status level_reserve(level *l, int64_t more, pare_err *err) {
    if (l->n + more <= l->cap) return PARE_OK;
    int64_t cap = PR_MAX(l->n + more, l->cap + l->cap / 2 + 16);
    double *x = pr_realloc(l->x, (size_t)cap, sizeof *x);
    if (!x) return pr_fail_nomem(err, (uint64_t)cap * sizeof *x);
    l->x = x;
    l->cap = cap;
    return PARE_OK;
}

static int by_double(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A level that was the top had the most room; give back what it no longer needs. */
static void level_shrink(level *l, int64_t room) {
    int64_t cap = PR_MAX(room + room / 2, l->n) + 16;
    if (l->cap <= 2 * cap) return;
    double *x = pr_realloc(l->x, (size_t)cap, sizeof *x);
    if (!x) return; /* still has what it had */
    l->x = x;
    l->cap = cap;
}

static pare_status level_compact(pr_sketch *s, int h, pare_err *err) {
    level *from = &s->at[h], *to = &s->at[h + 1];
    PR_TRY(level_reserve(to, from->n / 2 + 1, err));
    qsort(from->x, (size_t)from->n, sizeof *from->x, by_double);
    int64_t odd = from->n % 2; /* the smallest stays behind, so that pairs are whole */
    int64_t pick = odd + (int64_t)(pr_rng_u64(&s->rng) >> 63);
    for (int64_t i = pick; i < from->n; i += 2) to->x[to->n++] = from->x[i];
    from->n = odd;
    s->squares += ldexp(1, 2 * h);
    if (h + 1 == s->n_levels) s->n_levels++;
    level_shrink(from, level_room(s, h));
    return PARE_OK;
}

/* Compact until the whole fits its room again. */
static pare_status sketch_settle(pr_sketch *s, pare_err *err) {
    for (;;) {
        int64_t n = 0, room = 0;
        int full = -1;
        for (int h = 0; h < s->n_levels; h++) {
            n += s->at[h].n;
            room += level_room(s, h);
            if (full < 0 && s->at[h].n >= level_room(s, h)) full = h;
        }
        if (n <= room || full < 0) return PARE_OK;
        if (full + 1 >= SKETCH_LEVELS)
            return pr_fail(err, PARE_EINTERNAL, -1, "a sketch past 2^60 values");
        PR_TRY(level_compact(s, full, err));
    }
}

pare_status pr_sketch_add(pr_sketch *s, double x, pare_err *err) {
    if (!isfinite(x))
        return pr_fail(err, PARE_EINPUT, -1, "a value for a sketch is not finite");
    PR_TRY(level_reserve(&s->at[0], 1, err));
    s->at[0].x[s->at[0].n++] = x;
    s->n_seen++;
    return s->at[0].n < level_room(s, 0) ? PARE_OK : sketch_settle(s, err);
}

pare_status pr_sketch_merge(pr_sketch *s, const pr_sketch *from, pare_err *err) {
    for (int h = 0; h < from->n_levels; h++)
        PR_TRY(level_reserve(&s->at[h], from->at[h].n, err));
    for (int h = 0; h < from->n_levels; h++) {
        level *l = &s->at[h];
        if (from->at[h].n)
            memcpy(l->x + l->n, from->at[h].x, (size_t)from->at[h].n * sizeof *l->x);
        l->n += from->at[h].n;
    }
    s->n_levels = PR_MAX(s->n_levels, from->n_levels);
    s->n_seen += from->n_seen;
    s->squares += from->squares;
    return sketch_settle(s, err);
}

uint64_t pr_sketch_count(const pr_sketch *s) {
    return s->n_seen;
}

double pr_sketch_rank(const pr_sketch *s, double x) {
    double below = 0;
    for (int h = 0; h < s->n_levels; h++) {
        int64_t n = 0;
        for (int64_t i = 0; i < s->at[h].n; i++) n += s->at[h].x[i] <= x;
        below += ldexp((double)n, h);
    }
    return s->n_seen ? below / (double)s->n_seen : NAN;
}

/* Some value held strictly inside (lo, hi), about the middle of a level; NAN if none. */
static double sketch_between(const pr_sketch *s, double lo, double hi) {
    for (int h = s->n_levels - 1; h >= 0; h--) {
        const level *l = &s->at[h];
        int64_t inside = 0;
        for (int64_t i = 0; i < l->n; i++) inside += l->x[i] > lo && l->x[i] < hi;
        int64_t skip = inside / 2;
        for (int64_t i = 0; inside && i < l->n; i++)
            if (l->x[i] > lo && l->x[i] < hi && skip-- == 0) return l->x[i];
    }
    return NAN;
}

/* The smallest value held whose rank reaches p, found by cutting at held values. */
double pr_sketch_quantile(const pr_sketch *s, double p) {
    if (!s->n_seen || !(p >= 0 && p <= 1)) return NAN;
    double best = INFINITY, lo = -INFINITY;
    for (;;) {
        double cut = sketch_between(s, lo, best);
        if (isnan(cut)) return best;
        if (pr_sketch_rank(s, cut) >= p)
            best = cut;
        else
            lo = cut;
    }
}

double pr_sketch_error(const pr_sketch *s, double delta) {
    if (!s->n_seen) return 0;
    return sqrt(2 * s->squares * log(2 / delta)) / (double)s->n_seen;
}

size_t pr_sketch_bytes(const pr_sketch *s) {
    size_t n = sizeof *s;
    for (int h = 0; h < SKETCH_LEVELS; h++) n += (size_t)s->at[h].cap * sizeof(double);
    return n;
}
