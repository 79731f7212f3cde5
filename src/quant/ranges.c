/* ranges.c - between which ends the inputs of each matrix lie while the model reads a text, and the
 * one scale for all of them that rounds to 8 bits with the least error.
 *
 * Always true: a counter is touched by one part of a watch alone, and counts are whole numbers, so
 * threads and SIMD leave no trace. Matrices that share an input share its scale. */
#include "importance.h"
#include "ranges.h"

/* Magnitudes from 2^-24 to 2^24 in steps of 1/32 of a power of two; what is smaller counts as 0. */
enum { FIRST = (127 - 24) << 5, ENDS = 48 << 5, PARTS = 4, GRID = 64, POINTS = 4 };

typedef struct {
    pr_range_seen part[PARTS];
} seen_by_parts;

typedef struct {
    pr_sites       sites;
    seen_by_parts *seen; /* of each site */
} watcher;

/* ------------------------------------------------------------------ counting */

void pr_range_add(pr_range_seen *s, float x) {
    uint32_t bits = pr_bits_f32(x), size = (bits & 0x7fffffffu) >> 18;
    int64_t  at = (int64_t)size - FIRST;
    if (at < 0) {
        s->zeros++;
    } else {
        at = PR_MIN(at, (int64_t)ENDS - 1);
        s->n[bits >> 31][at]++;
    }
    s->lo = x < s->lo ? x : s->lo;
    s->hi = x > s->hi ? x : s->hi;
    s->bad |= x - x != 0;
}

static void see(void *user, const pr_weight *const *w, int n_w, const float *x, int64_t cols,
                int n, int part) {
    watcher *k = user;
    int      site = -1;
    for (int i = 0; i < n_w && site < 0; i++) {
        int at = (int)(w[i] - k->sites.m->weights), s = k->sites.site_of[at];
        if (s >= 0 && k->sites.site[s].first == at) site = s;
    }
    if (site < 0) return;
    int64_t from = cols * part / PARTS, to = cols * (part + 1) / PARTS;
    for (int t = 0; t < n; t++, x += cols)
        for (int64_t j = from; j < to; j++) pr_range_add(&k->seen[site].part[part], x[j]);
}

static void join(pr_range_seen *to, const pr_range_seen *s) {
    for (int sign = 0; sign < 2; sign++)
        for (int i = 0; i < ENDS; i++) to->n[sign][i] += s->n[sign][i];
    to->zeros += s->zeros;
    to->lo = PR_MIN(to->lo, s->lo);
    to->hi = PR_MAX(to->hi, s->hi);
    to->bad |= s->bad;
}

/* ------------------------------------------------------------------ the search */

static double nearest(double x) { /* for |x| < 2^51, ties to even */
    return (x + 6755399441055744.0) - 6755399441055744.0;
}

pr_act_scale pr_act_scale_of(float lo, float hi) {
    lo = lo < 0 ? lo : 0;
    hi = hi > 0 ? hi : 0;
    float step = (float)(((double)hi - (double)lo) / 255);
    if (!(step > 0)) return (pr_act_scale){0};
    return (pr_act_scale){.step = step, .zero = (int)nearest(-(double)lo / (double)step)};
}

/* What is in between the ends of a bin counts as POINTS numbers evenly in it. */
static double middle(int at, int point) {
    double low = (double)pr_f32_bits((uint32_t)(at + FIRST) << 18),
           high = (double)pr_f32_bits((uint32_t)(at + 1 + FIRST) << 18);
    return low + (high - low) * (2 * point + 1) / (2 * POINTS);
}

/* Σ of squares: of the numbers, or of what rounding them changes. */
static double squares(const pr_range_seen *s, const pr_act_scale *a) {
    double sum = 0, step = a ? (double)a->step : 1, inv = 1 / step, z = a ? a->zero : 0;
    for (int sign = 0; sign < 2; sign++)
        for (int i = 0; i < ENDS; i++) {
            double one = 0;
            if (!s->n[sign][i]) continue;
            for (int p = 0; p < POINTS; p++) {
                double x = sign ? -middle(i, p) : middle(i, p), q = nearest(x * inv) + z;
                double d = a ? x - step * ((q < 0 ? 0 : q > 255 ? 255 : q) - z) : x;
                one += d * d;
            }
            sum += one / POINTS * (double)s->n[sign][i];
        }
    return sum;
}

typedef struct {
    const pr_range_seen *s;
    int    lo, hi; /* the best ends so far, in parts of GRID */
    double error;
    pr_act_scale best;
} search;

static void consider(search *k, int lo, int hi) {
    pr_act_scale a = pr_act_scale_of(k->s->lo * ((float)lo / GRID), k->s->hi * ((float)hi / GRID));
    if (!(a.step > 0)) return;
    double e = squares(k->s, &a);
    if (k->best.step > 0 && e >= k->error) return;
    k->best = a;
    k->error = e;
    k->lo = lo;
    k->hi = hi;
}

/* Both ends drawn in together, then each by itself, twice. */
void pr_range_best(const pr_range_seen *s, pr_act_range *out) {
    search k = {.s = s};
    double all = squares(s, NULL);
    *out = (pr_act_range){.lo = s->lo, .hi = s->hi};
    for (int i = GRID; i > 0; i--) consider(&k, i, i);
    for (int turn = 0; turn < 2; turn++) {
        for (int i = GRID, lo = k.lo; i > 0; i--) consider(&k, lo, i);
        for (int i = GRID, hi = k.hi; i > 0; i--) consider(&k, i, hi);
    }
    out->scale = k.best;
    out->error = all > 0 ? k.error / all : 0;
}

/* ------------------------------------------------------------------ the whole */

static pare_status settle(const watcher *k, int i, pr_act_range *out, pare_err *err) {
    const pr_weight *w = &k->sites.m->weights[k->sites.site[i].first];
    pr_range_seen   *all = pr_calloc(1, sizeof *all);
    if (!all) return pr_fail_nomem(err, sizeof *all);
    for (int p = 0; p < PARTS; p++) join(all, &k->seen[i].part[p]);
    bool bad = all->bad;
    if (!bad) pr_range_best(all, out);
    pr_free(all);
    if (!bad) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1,
                   "what '%s' is multiplied by is not finite: the model does not compute with "
                   "this text",
                   w->src->name);
}

pare_status pr_ranges_run(pr_act_range **out, const pr_model *m, const pr_calib_text *t,
                          const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    watcher       k;
    pr_act_range *of_site;
    *out = NULL;
    PR_TRY(pr_sites_find(&k.sites, m, false, a, err));
    k.seen = pr_calloc((size_t)k.sites.n + 1, sizeof *k.seen);
    if (!k.seen) return pr_fail_nomem(err, (uint64_t)k.sites.n * sizeof *k.seen);
    pr_watch    w = {.user = &k, .parts = PARTS, .see = see};
    pare_status st = pr_calib_pass(m, t, false, &w, "calibrate", ctl, err);
    if (st == PARE_OK && !(of_site = pr_arena_get(a, (size_t)k.sites.n + 1, sizeof *of_site)))
        st = pr_fail_nomem(err, (uint64_t)k.sites.n * sizeof *of_site);
    for (int i = 0; i < k.sites.n && st == PARE_OK; i++) st = settle(&k, i, &of_site[i], err);
    pr_free(k.seen);
    PR_TRY(st);
    PR_NEW(*out, a, m->n_weights + 1, err);
    for (int i = 0; i < m->n_weights; i++)
        if (k.sites.site_of[i] >= 0) (*out)[i] = of_site[k.sites.site_of[i]];
    return PARE_OK;
}
