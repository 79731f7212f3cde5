/* dist.c - values of dependent tokens, kept by window, for their quantiles.
 *
 * Always true: x[end[j-1] … end[j]) are the kept values of window j in the order of
 * arrival; every value that was seen was kept with the same probability 2^-halvings;
 * at most `max` values and `max` windows are held (full windows are joined in pairs). */
#include "stat/stat.h"
#include <math.h>
#include <stdlib.h>

struct pr_dist {
    float *x, *sorted; /* sorted: NULL when stale */
    int64_t *end;
    int64_t n, cap, max, n_win, cap_win, n_seen;
    int halvings;
    double min, max_seen;
    pr_rng rng;
};

pare_status pr_dist_new(pr_dist **out, int64_t max_values, uint64_t seed, pare_err *err) {
    *out = pr_calloc(1, sizeof **out);
    if (!*out) return pr_fail_nomem(err, sizeof **out);
    (*out)->max = max_values > 0 ? PR_MAX(max_values, 64) : 1 << 20;
    (*out)->min = (*out)->max_seen = NAN;
    pr_rng_seed(&(*out)->rng, seed);
    return PARE_OK;
}

void pr_dist_free(pr_dist *d) {
    if (!d) return;
    pr_free(d->x);
    pr_free(d->sorted);
    pr_free(d->end);
    pr_free(d);
}

int64_t pr_dist_count(const pr_dist *d) {
    return d->n_seen;
}
double pr_dist_max(const pr_dist *d) {
    return d->max_seen;
}
double pr_dist_min(const pr_dist *d) {
    return d->min;
}

/* Keep each value with probability 1/2. */
static void dist_halve(pr_dist *d) {
    int64_t to = 0, from = 0;
    for (int64_t j = 0; j < d->n_win; j++) {
        for (; from < d->end[j]; from++)
            if (pr_rng_u64(&d->rng) >> 63) d->x[to++] = d->x[from];
        d->end[j] = to;
    }
    /* the window being added has no end yet */
    for (; from < d->n; from++)
        if (pr_rng_u64(&d->rng) >> 63) d->x[to++] = d->x[from];
    d->n = to;
    d->halvings++;
}

static pare_status dist_grow(pr_dist *d, pare_err *err) {
    if (d->n < d->cap) return PARE_OK;
    int64_t cap = PR_MIN(PR_MAX(2 * d->cap, 1024), d->max);
    if (cap == d->cap) {
        while (d->n == d->cap) dist_halve(d); /* keeps all with probability 2^-max only */
        return PARE_OK;
    }
    float *x = pr_realloc(d->x, (size_t)cap, sizeof *x);
    if (!x) return pr_fail_nomem(err, (uint64_t)cap * sizeof *x);
    d->x = x;
    d->cap = cap;
    return PARE_OK;
}

static pare_status dist_end_window(pr_dist *d, pare_err *err) {
    if (d->n_win == d->max) { /* join neighbours in pairs; the rule of block.c joins further */
        for (int64_t j = 0; j < d->n_win / 2; j++) d->end[j] = d->end[2 * j + 1];
        if (d->n_win % 2) d->end[d->n_win / 2] = d->end[d->n_win - 1];
        d->n_win = (d->n_win + 1) / 2;
    }
    if (d->n_win == d->cap_win) {
        int64_t cap = PR_MIN(PR_MAX(2 * d->cap_win, 64), d->max);
        int64_t *end = pr_realloc(d->end, (size_t)cap, sizeof *end);
        if (!end) return pr_fail_nomem(err, (uint64_t)cap * sizeof *end);
        d->end = end;
        d->cap_win = cap;
    }
    d->end[d->n_win++] = d->n;
    return PARE_OK;
}

static bool dist_keeps(pr_dist *d) {
    return d->halvings == 0 || pr_rng_u64(&d->rng) >> (64 - PR_MIN(d->halvings, 63)) == 0;
}

pare_status pr_dist_add(pr_dist *d, const float *x, int64_t n, pare_err *err) {
    for (int64_t i = 0; i < n; i++)
        if (isnan(x[i]))
            return pr_fail(err, PARE_EINPUT, -1, "value %lld of a window is not a number",
                           (long long)i);
    if (n < 1) return PARE_OK;
    pr_free(d->sorted);
    d->sorted = NULL;
    for (int64_t i = 0; i < n; i++) {
        if (!(d->min <= x[i])) d->min = x[i];
        if (!(d->max_seen >= x[i])) d->max_seen = x[i];
        if (!dist_keeps(d)) continue;
        int before = d->halvings;
        PR_TRY(dist_grow(d, err));
        /* a value at the gate when the rate fell must pass the new rate too */
        bool stays = true;
        for (int h = before; h < d->halvings; h++) stays = stays && pr_rng_u64(&d->rng) >> 63;
        if (stays) d->x[d->n++] = x[i];
    }
    d->n_seen += n;
    return dist_end_window(d, err);
}

static int by_float(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static double dist_at(const pr_dist *d, double p) {
    double at = p * (double)(d->n - 1);
    int64_t i = (int64_t)floor(at);
    if (i >= d->n - 1) return d->sorted[d->n - 1];
    return d->sorted[i] + (at - (double)i) * ((double)d->sorted[i + 1] - d->sorted[i]);
}

/* Share of kept values ≤ q, with its spread over windows. */
static pr_est dist_share(const pr_dist *d, double q, double conf) {
    pr_win *w = pr_calloc((size_t)d->n_win, sizeof *w);
    if (!w) return pr_est_none("out of memory");
    for (int64_t j = 0, i = 0; j < d->n_win; j++) {
        w[j].count = (double)(d->end[j] - i);
        for (; i < d->end[j]; i++) w[j].sum += d->x[i] <= q;
    }
    pr_est e = pr_est_ratio(w, d->n_win, conf);
    pr_free(w);
    return e;
}

static bool dist_sort(pr_dist *d) {
    if (d->sorted) return true;
    d->sorted = pr_calloc((size_t)d->n, sizeof *d->sorted);
    if (!d->sorted) return false;
    memcpy(d->sorted, d->x, (size_t)d->n * sizeof *d->x);
    qsort(d->sorted, (size_t)d->n, sizeof *d->sorted, by_float);
    return true;
}

pr_est pr_dist_quantile(pr_dist *d, double p, double conf) {
    if (d->n < 1) return pr_est_none("nothing was measured");
    if (!(p > 0 && p < 1)) return pr_est_none("a quantile is strictly between 0 and 1");
    if (!dist_sort(d)) return pr_est_none("out of memory");
    double q = dist_at(d, p);
    pr_est share = dist_share(d, q, conf);
    pr_est e = {q, NAN, NAN, NAN, share.n, conf, share.why};
    if (e.why) return e;
    /* outward to whole order statistics, counted from 1 */
    double lo = floor((p - (share.value - share.lo)) * (double)d->n);
    double hi = ceil((p + (share.hi - share.value)) * (double)d->n) + 1;
    if (lo < 1 || hi > (double)d->n) {
        e.why = "too few tokens to bound this quantile";
        return e;
    }
    e.lo = PR_MIN(d->sorted[(int64_t)lo - 1], q);
    e.hi = PR_MAX(d->sorted[(int64_t)hi - 1], q);
    return e;
}
