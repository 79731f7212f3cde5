/* alloc.c - the multiple-choice knapsack: hulls, greedy walk, exchanges, and the exact table.
 *
 * Always true after `start`: the choice at hand is within the budget, and each step keeps that.
 * Ties go to the lower index, so that the answer depends on nothing but the numbers. */
#include "alloc.h"
#include <stdlib.h>

enum { CELLS = 32 << 20, PAIRS = 8192 /* options, of which pairs are still looked at */ };

typedef struct {
    const pr_alloc_item *items;
    int                  n;
    uint64_t             most, least;
    int                 *choice;
    uint64_t             bytes;
    double               cost;
} job;

/* A step along one item's hull. */
typedef struct {
    int      item, from, to;
    uint64_t bytes;
    double   gain; /* by which the cost falls */
} step;

static const pr_alloc_option *option(const job *j, int i, int k) { return &j->items[i].option[k]; }
static const pr_alloc_option *chosen(const job *j, int i) { return option(j, i, j->choice[i]); }

/* Summed anew, in the items' order: what is compared never depends on the way there. */
static void count(job *j) {
    j->bytes = 0;
    j->cost = 0;
    for (int i = 0; i < j->n; i++) j->bytes += chosen(j, i)->bytes, j->cost += chosen(j, i)->cost;
}

static int smallest(const pr_alloc_item *it) {
    int best = 0;
    for (int k = 1; k < it->n; k++) {
        const pr_alloc_option *a = &it->option[k], *b = &it->option[best];
        if (a->bytes < b->bytes || (a->bytes == b->bytes && a->cost < b->cost)) best = k;
    }
    return best;
}

static pare_status check(const job *j, pare_err *err) {
    if (j->n < 1 || j->n > PR_ALLOC_ITEMS)
        return pr_fail(err, PARE_EUSAGE, -1, "%d tensors to choose for: expected 1 to %d", j->n,
                       PR_ALLOC_ITEMS);
    for (int i = 0; i < j->n; i++) {
        const pr_alloc_item *it = &j->items[i];
        if (it->n < 1 || it->n > PR_ALLOC_OPTIONS)
            return pr_fail(err, PARE_EUSAGE, i, "tensor %d has %d options: expected 1 to %d", i,
                           it->n, PR_ALLOC_OPTIONS);
        for (int k = 0; k < it->n; k++)
            if (!(it->option[k].cost - it->option[k].cost == 0) ||
                it->option[k].bytes > UINT64_MAX / 4 / PR_ALLOC_ITEMS)
                return pr_fail(err, PARE_EUSAGE, i, "tensor %d: an option is out of range", i);
    }
    return PARE_OK;
}

static pare_status start(job *j, pare_err *err) {
    for (int i = 0; i < j->n; i++) j->choice[i] = smallest(&j->items[i]);
    count(j);
    if (j->bytes <= j->most) return PARE_OK;
    return pr_fail(err, PARE_EREFUSED, -1,
                   "the budget of %llu bytes is below the smallest possible, %llu bytes",
                   (unsigned long long)j->most, (unsigned long long)j->bytes);
}

/* ------------------------------------------------------------------ hulls */

/* The next corner of the lower convex hull after option `at`: the largest gain per byte, of equals
 * the farthest. -1: none is cheaper. */
static int next_corner(const pr_alloc_item *it, int at) {
    const pr_alloc_option *a = &it->option[at];
    int                    best = -1;
    for (int k = 0; k < it->n; k++) {
        const pr_alloc_option *o = &it->option[k];
        if (o->bytes <= a->bytes || o->cost >= a->cost) continue;
        if (best < 0) {
            best = k;
            continue;
        }
        const pr_alloc_option *b = &it->option[best];
        double left = (a->cost - o->cost) * (double)(b->bytes - a->bytes),
               right = (a->cost - b->cost) * (double)(o->bytes - a->bytes);
        if (left > right || (left == right && o->bytes > b->bytes)) best = k;
    }
    return best;
}

static int by_slope(const void *pa, const void *pb) {
    const step *a = pa, *b = pb;
    double      left = a->gain * (double)b->bytes, right = b->gain * (double)a->bytes;
    if (left != right) return left > right ? -1 : 1;
    if (a->item != b->item) return a->item < b->item ? -1 : 1;
    return a->bytes < b->bytes ? -1 : a->bytes > b->bytes;
}

static int list_steps(const job *j, step *out) {
    int n = 0;
    for (int i = 0; i < j->n; i++)
        for (int at = j->choice[i], to; (to = next_corner(&j->items[i], at)) >= 0; at = to) {
            const pr_alloc_option *a = option(j, i, at), *b = option(j, i, to);
            out[n++] = (step){i, at, to, b->bytes - a->bytes, a->cost - b->cost};
        }
    return n;
}

/* Steps of falling slope while they fit; whichever does not is left out, with those behind it
 * of the
 * same item. The first that does not fit, taken in part, is the bound (linear relaxation). */
static pare_status walk(job *j, double *bound, pare_err *err) {
    size_t most = 0;
    for (int i = 0; i < j->n; i++) most += (size_t)j->items[i].n;
    step *s = pr_calloc(most + 1, sizeof *s);
    if (!s) return pr_fail_nomem(err, most * sizeof *s);
    int  n = list_steps(j, s);
    bool full = false;
    qsort(s, (size_t)n, sizeof *s, by_slope);
    *bound = j->cost;
    for (int i = 0; i < n; i++) {
        uint64_t room = j->most - j->bytes;
        bool     fits = s[i].bytes <= room;
        if (!full) *bound -= fits ? s[i].gain : s[i].gain * (double)room / (double)s[i].bytes;
        full |= !fits;
        if (!fits || j->choice[s[i].item] != s[i].from) continue;
        j->choice[s[i].item] = s[i].to;
        j->bytes += s[i].bytes;
    }
    pr_free(s);
    count(j);
    return PARE_OK;
}

/* ------------------------------------------------------------------ exchanges */

/* Whether (bytes, cost) is to be preferred to what is at hand: within `least` first, else nearer to
 * it, then the cost. */
static bool better(const job *j, uint64_t bytes, double cost) {
    if (bytes > j->most) return false;
    bool in = bytes >= j->least, now_in = j->bytes >= j->least;
    if (in != now_in) return in;
    if (!in && bytes != j->bytes) return bytes > j->bytes;
    return cost < j->cost;
}

typedef struct {
    int      a, ka, b, kb; /* b < 0: one item alone */
    uint64_t bytes;
    double   cost;
} move;

static void consider(const job *j, move *best, move m) {
    job at = *j;
    if (best->a >= 0) at.bytes = best->bytes, at.cost = best->cost;
    /* A gain below the rounding of the sum is none, or two equals would be exchanged for ever. */
    if (m.bytes >= j->least && j->bytes >= j->least && !(m.cost < j->cost * (1 - 1e-12))) return;
    if (better(&at, m.bytes, m.cost)) *best = m;
}

static void pairs_of(const job *j, int a, int ka, uint64_t bytes, double cost, move *best) {
    for (int b = a + 1; b < j->n; b++)
        for (int kb = 0; kb < j->items[b].n; kb++) {
            const pr_alloc_option *o = option(j, b, kb), *was = chosen(j, b);
            if (kb == j->choice[b]) continue;
            consider(j, best, (move){a, ka, b, kb, bytes - was->bytes + o->bytes,
                                     cost - was->cost + o->cost});
        }
}

static bool exchange(job *j, bool pairs) {
    move best = {.a = -1};
    for (int a = 0; a < j->n; a++)
        for (int ka = 0; ka < j->items[a].n; ka++) {
            const pr_alloc_option *o = option(j, a, ka), *was = chosen(j, a);
            uint64_t               bytes = j->bytes - was->bytes + o->bytes;
            double                 cost = j->cost - was->cost + o->cost;
            if (ka == j->choice[a]) continue;
            consider(j, &best, (move){a, ka, -1, 0, bytes, cost});
            if (pairs) pairs_of(j, a, ka, bytes, cost, &best);
        }
    if (best.a < 0) return false;
    j->choice[best.a] = best.ka;
    if (best.b >= 0) j->choice[best.b] = best.kb;
    count(j);
    return true;
}

static void improve(job *j) {
    int options = 0;
    for (int i = 0; i < j->n; i++) options += j->items[i].n;
    for (int round = 0; round < 1000; round++)
        if (!exchange(j, options <= PAIRS)) return;
}

/* ------------------------------------------------------------------ the exact table */

typedef struct {
    uint64_t unit, base, width; /* of the table: bytes = base + unit * column */
    double  *now, *next;        /* cheapest cost of the items so far, by column */
    uint8_t *took;              /* [n][width] */
} table;

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* The unit that all sizes differ by, and how wide the table is. */
static void measure(const job *j, table *t) {
    t->unit = 0;
    t->base = 0;
    for (int i = 0; i < j->n; i++) {
        const pr_alloc_item *it = &j->items[i];
        uint64_t             low = it->option[smallest(it)].bytes;
        t->base += low;
        for (int k = 0; k < it->n; k++) t->unit = gcd(t->unit, it->option[k].bytes - low);
    }
    if (t->unit == 0) t->unit = 1;
    t->width = (j->most - t->base) / t->unit + 1;
}

static const double NONE = 1e300;

static void fill(const job *j, table *t) {
    for (uint64_t c = 0; c < t->width; c++) t->now[c] = c ? NONE : 0;
    for (int i = 0; i < j->n; i++) {
        const pr_alloc_item *it = &j->items[i];
        uint64_t             low = it->option[smallest(it)].bytes;
        uint8_t             *took = t->took + (uint64_t)i * t->width;
        for (uint64_t c = 0; c < t->width; c++) t->next[c] = NONE;
        for (int k = 0; k < it->n; k++) {
            uint64_t more = (it->option[k].bytes - low) / t->unit;
            for (uint64_t c = more; c < t->width; c++) {
                double cost = t->now[c - more] + it->option[k].cost;
                if (t->now[c - more] >= NONE || !(cost < t->next[c])) continue;
                t->next[c] = cost;
                took[c] = (uint8_t)k;
            }
        }
        double *swap = t->now;
        t->now = t->next;
        t->next = swap;
    }
}

static void read_back(job *j, const table *t) {
    uint64_t best = t->width; /* none yet */
    for (uint64_t c = 0; c < t->width; c++) {
        if (t->now[c] >= NONE) continue;
        bool in = t->base + c * t->unit >= j->least,
             had = best < t->width && t->base + best * t->unit >= j->least;
        if (best == t->width || (in && !had) || (!in && !had && j->least) ||
            (in == had && t->now[c] < t->now[best]))
            best = c;
    }
    for (int i = j->n - 1; i >= 0; i--) {
        const pr_alloc_item *it = &j->items[i];
        j->choice[i] = t->took[(uint64_t)i * t->width + best];
        best -= (chosen(j, i)->bytes - it->option[smallest(it)].bytes) / t->unit;
    }
    count(j);
}

/* *done: the table was small enough. */
static pare_status solve(job *j, uint64_t cells, bool *done, pare_err *err) {
    table    t;
    uint64_t n;
    *done = false;
    measure(j, &t);
    if (!pr_mul_u64(t.width, (uint64_t)j->n, &n) || n > cells) return PARE_OK;
    t.now = pr_calloc((size_t)t.width, sizeof *t.now);
    t.next = pr_calloc((size_t)t.width, sizeof *t.next);
    t.took = pr_calloc((size_t)n, 1);
    *done = t.now && t.next && t.took;
    if (*done) {
        fill(j, &t);
        read_back(j, &t);
    }
    pr_free(t.now);
    pr_free(t.next);
    pr_free(t.took);
    return *done ? PARE_OK : pr_fail_nomem(err, n);
}

pare_status pr_alloc(const pr_alloc_item *items, int n, const pr_alloc_limits *limits, int *choice,
                     pr_alloc_result *out, pare_err *err) {
    job j = {.items = items, .n = n, .most = limits->most, .choice = choice};
    *out = (pr_alloc_result){0};
    j.least = PR_MIN(limits->least, limits->most);
    PR_TRY(check(&j, err));
    PR_TRY(start(&j, err));
    PR_TRY(walk(&j, &out->bound, err));
    uint64_t cells = limits->cells ? limits->cells : CELLS;
    if (cells > 1) PR_TRY(solve(&j, cells, &out->exact, err));
    if (!out->exact) improve(&j);
    out->bytes = j.bytes;
    out->cost = j.cost;
    return PARE_OK;
}
