/* hunt.c - successive halving over all options, or over those that NSGA-II picks (hunt.h). Always
 * true: an option's trial is the one of the highest rung it was evaluated at; no option is
 * evaluated twice at a rung; nothing here asks a clock. */
#include "search/search.h"
#include <math.h>
#include <stdlib.h>

enum { KEEP = 8, ETA = 3, EXHAUSTIVE = 200, PICKED = 200, IDLE_GENERATIONS = 5 };

const char *pr_set_name(pr_set s) {
    static const char *const names[] = {"front", "undecided", "dominated"};
    return names[s];
}

/* ---- sets and halving ---- */

/* Could a dominate b if both lay where that suits a best? */
static bool could_beat(const pr_point *a, const pr_point *b, size_t m) {
    bool better = false;
    if (!isfinite(a->violation) || a->violation > b->violation) return false;
    for (size_t k = 0; k < m; k++) {
        if (!(a->lo[k] <= b->hi[k])) return false;
        better |= a->lo[k] < b->hi[k];
    }
    return better;
}

static bool usable(const pr_point *p, size_t m) {
    for (size_t k = 0; k < m; k++)
        if (!isfinite(p->value[k])) return false;
    return isfinite(p->violation);
}

static bool beaten(const pr_point *p, size_t n, size_t m, size_t i) {
    for (size_t k = 0; k < n; k++)
        if (k != i && pr_point_beats(&p[k], &p[i], m)) return true;
    return !usable(&p[i], m);
}

void pr_sets(const pr_point *p, size_t n, size_t m, pr_set *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = beaten(p, n, m, i) ? PR_SET_DOMINATED : PR_SET_FRONT;
        for (size_t k = 0; k < n && out[i] == PR_SET_FRONT; k++)
            if (k != i && could_beat(&p[k], &p[i], m)) out[i] = PR_SET_UNDECIDED;
    }
}

typedef struct {
    int rank;
    double crowd;
    size_t i;
} placed;

static int by_place(const void *a, const void *b) {
    const placed *x = a, *y = b;
    if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;
    if (x->crowd != y->crowd) return x->crowd > y->crowd ? -1 : 1;
    return (x->i > y->i) - (x->i < y->i);
}

/* All in the order of their favourable bounds. */
static pare_status order_make(const pr_point *p, size_t n, size_t m, placed *out, pare_err *err) {
    pr_point *good = pr_calloc(n + 1, sizeof *good);
    int *rank = pr_calloc(n + 1, sizeof *rank);
    double *crowd = pr_calloc(n + 1, sizeof *crowd);
    bool room = good && rank && crowd;
    for (size_t i = 0; room && i < n; i++) {
        good[i].violation = p[i].violation;
        for (size_t k = 0; k < m; k++)
            pr_point_set(&good[i], k, p[i].lo[k], p[i].lo[k], p[i].lo[k]);
    }
    pare_status st = room ? pr_ranks(good, n, m, rank, err) : pr_fail_nomem(err, n * sizeof *good);
    if (st == PARE_OK) st = pr_crowding(good, n, m, rank, crowd, err);
    for (size_t i = 0; st == PARE_OK && i < n; i++) out[i] = (placed){rank[i], crowd[i], i};
    if (st == PARE_OK) qsort(out, n, sizeof *out, by_place);
    pr_free(good);
    pr_free(rank);
    pr_free(crowd);
    return st;
}

pare_status pr_halve(const pr_point *p, size_t n, size_t m, size_t keep, bool *kept,
                     size_t *n_kept, pare_err *err) {
    *n_kept = 0;
    placed *order = pr_calloc(n + 1, sizeof *order);
    pare_status st = order ? order_make(p, n, m, order, err)
                           : pr_fail_nomem(err, n * sizeof *order);
    for (size_t i = 0; i < n; i++) kept[i] = false;
    for (size_t i = 0; st == PARE_OK && i < n && *n_kept < keep; i++) {
        if (beaten(p, n, m, order[i].i)) continue;
        kept[order[i].i] = true;
        ++*n_kept;
    }
    pr_free(order);
    return st;
}

/* ---- the hunt ---- */

typedef struct {
    pr_hunt_opts o;
    pr_hunt_fn evaluate;
    void *user;
    pr_hunt_result r;
    size_t cap;
    double spent; /* seconds */
    int idle;     /* generations without a new option */
    double share;
    pr_arena *a;
} hunt;

static bool over_budget(const hunt *h) {
    bool many = h->o.evaluations > 0 && (int64_t)h->r.n_steps >= h->o.evaluations;
    return many || (h->o.seconds > 0 && h->spent >= h->o.seconds);
}

/* One batch; those that the budget has no room for are left. */
static pare_status try_batch(hunt *h, const size_t *who, size_t n, int rung, pare_err *err) {
    pr_trial t[PR_HUNT_BATCH] = {0};
    if (h->o.evaluations > 0) n = PR_MIN(n, (size_t)(h->o.evaluations - (int64_t)h->r.n_steps));
    n = PR_MIN(n, h->cap - h->r.n_steps);
    for (size_t i = 0; i < n; i++) t[i].point.violation = NAN;
    PR_TRY(h->evaluate(h->user, who, n, rung, h->share, t, err));
    for (size_t i = 0; i < n; i++) {
        if (t[i].error) t[i].point.violation = NAN;
        h->spent += t[i].seconds;
        h->r.last[who[i]] = (int)h->r.n_steps;
        h->r.steps[h->r.n_steps++] = (pr_hunt_step){who[i], rung, t[i], 0};
    }
    return PARE_OK;
}

static pare_status try_all(hunt *h, const size_t *who, size_t n, int rung, pare_err *err) {
    for (size_t at = 0; at < n; at += PR_HUNT_BATCH) {
        if (over_budget(h)) {
            h->r.cut = true;
            return PARE_OK;
        }
        PR_TRY(try_batch(h, who + at, PR_MIN(n - at, (size_t)PR_HUNT_BATCH), rung, err));
    }
    return PARE_OK;
}

/* The option of these genes, or -1: no such one is in the space. */
static int option_of(const hunt *h, const double *x) {
    for (size_t i = 0; i < h->o.n; i++) {
        const int *g = h->o.genes + i * h->o.n_axes;
        size_t k = 0;
        while (k < h->o.n_axes && g[k] == (int)x[k]) k++;
        if (k == h->o.n_axes) return (int)i;
    }
    return -1;
}

/* What NSGA-II asks for: an option that is there is evaluated once. */
static pare_status pick(void *user, const double *x, size_t n, pr_point *point, bool *stop,
                        pare_err *err) {
    hunt *h = user;
    size_t *fresh = pr_arena_get(h->a, n + 1, sizeof *fresh), n_fresh = 0;
    if (!fresh) return pr_fail_nomem(err, n * sizeof *fresh);
    for (size_t i = 0; i < n; i++) {
        int at = option_of(h, x + i * h->o.n_axes);
        bool new = at >= 0 && h->r.last[at] < 0;
        for (size_t k = 0; k < n_fresh; k++) new = new && fresh[k] != (size_t)at;
        if (new) fresh[n_fresh++] = (size_t)at;
    }
    PR_TRY(try_all(h, fresh, n_fresh, 0, err));
    for (size_t i = 0; i < n; i++) {
        int at = option_of(h, x + i * h->o.n_axes);
        point[i] = (pr_point){.violation = NAN};
        if (at >= 0 && h->r.last[at] >= 0) point[i] = h->r.steps[h->r.last[at]].trial.point;
    }
    h->idle = n_fresh ? 0 : h->idle + 1;
    h->r.generations++;
    *stop = h->r.cut || h->idle >= IDLE_GENERATIONS;
    return PARE_OK;
}

static pare_status pick_by_nsga2(hunt *h, pare_err *err) {
    pr_gene genes[PR_AXES_MAX] = {{0}};
    pr_nsga2_result r;
    size_t half = PR_MAX(h->o.n / 8, (size_t)4);
    pr_nsga2_opts o = {.genes = genes,
                       .n_genes = h->o.n_axes,
                       .n_objectives = h->o.n_objectives,
                       .population = PR_MIN(2 * half, (size_t)50),
                       .evaluations = INT32_MAX,
                       .mutation = PR_MIN(1, 1.5 / (double)h->o.n_axes),
                       .seed = h->o.seed};
    for (size_t i = 0; i < h->o.n_axes; i++) genes[i].n = h->o.sizes[i];
    h->r.algorithm = "NSGA-II";
    PR_TRY(pr_nsga2(&o, pick, h, &r, err));
    pr_nsga2_free(&r);
    h->r.cut = false; /* its own end; what follows has its share of the budget */
    return PARE_OK;
}

static pare_status all_options(hunt *h, pare_err *err) {
    size_t *who;
    PR_NEW(who, h->a, h->o.n, err);
    for (size_t i = 0; i < h->o.n; i++) who[i] = i;
    h->r.algorithm = "exhaustive";
    return try_all(h, who, h->o.n, 0, err);
}

/* Limits that nobody keeps put nobody last: then all stay in the race by their numbers. */
static void relax(pr_point *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i].violation == 0) return;
    for (size_t i = 0; i < n; i++)
        if (isfinite(p[i].violation)) p[i].violation = 0;
}

/* Options that were evaluated at `rung` (-1: at any), and their points. */
static size_t who_at(const hunt *h, int rung, size_t *who, pr_point *p) {
    size_t n = 0;
    for (size_t i = 0; i < h->o.n; i++) {
        int s = h->r.last[i];
        if (s < 0 || (rung >= 0 && h->r.steps[s].rung != rung)) continue;
        who[n] = i;
        p[n++] = h->r.steps[s].trial.point;
    }
    relax(p, n);
    return n;
}

static pare_status climb(hunt *h, pare_err *err) {
    size_t *who, n, n_kept;
    pr_point *p;
    bool *kept;
    PR_NEW(who, h->a, h->o.n, err);
    PR_NEW(p, h->a, h->o.n, err);
    PR_NEW(kept, h->a, h->o.n, err);
    for (int rung = 0; rung < h->r.n_rungs; rung++) {
        n = who_at(h, rung, who, p);
        size_t keep = PR_MAX((n + (size_t)h->o.eta - 1) / (size_t)h->o.eta, h->o.keep);
        h->r.rungs[rung].n_in = n;
        PR_TRY(pr_halve(p, n, h->o.n_objectives, keep, kept, &n_kept, err));
        h->r.rungs[rung].n_out = n_kept;
        size_t to = 0;
        for (size_t i = 0; i < n; i++)
            if (kept[i]) who[to++] = who[i];
        if (rung + 1 == h->r.n_rungs || h->r.cut) break;
        h->share = h->r.rungs[rung + 1].share;
        PR_TRY(try_all(h, who, to, rung + 1, err));
    }
    return PARE_OK;
}

/* As many rungs as bring n down to the finalists; the full measurement comes after the last. */
static void plan_rungs(hunt *h, size_t n) {
    double f = 1;
    h->r.n_rungs = 1;
    while (n > h->o.keep * (size_t)h->o.eta && h->r.n_rungs < PR_RUNGS_MAX - 2) {
        n /= (size_t)h->o.eta;
        h->r.n_rungs++;
    }
    for (int i = h->r.n_rungs - 1; i >= 0; i--) h->r.rungs[i].share = f /= h->o.eta;
    h->share = h->r.rungs[0].share;
}

/* ---- what came out ---- */

/* Of options at one rung, best first, those that nobody of all beats: until there are enough. */
static pare_status take_rung(hunt *h, int rung, const bool *out_of_it, pare_err *err) {
    size_t *who, n;
    pr_point *p;
    placed *order;
    PR_NEW(who, h->a, h->o.n, err);
    PR_NEW(p, h->a, h->o.n, err);
    PR_NEW(order, h->a, h->o.n, err);
    n = who_at(h, rung, who, p);
    PR_TRY(order_make(p, n, h->o.n_objectives, order, err));
    for (size_t i = 0; i < n && h->r.n_kept < h->o.keep; i++)
        if (!out_of_it[who[order[i].i]]) h->r.kept[h->r.n_kept++] = who[order[i].i];
    return PARE_OK;
}

/* The three sets of all that were evaluated; the finalists, those of a higher rung first. */
static pare_status choose(hunt *h, pare_err *err) {
    size_t *who, n;
    pr_point *p;
    pr_set *set;
    bool *out_of_it;
    PR_NEW(who, h->a, h->o.n, err);
    PR_NEW(p, h->a, h->o.n, err);
    PR_NEW(set, h->a, h->o.n, err);
    PR_NEW(out_of_it, h->a, h->o.n, err);
    PR_NEW(h->r.kept, h->a, h->o.keep, err);
    n = who_at(h, -1, who, p);
    pr_sets(p, n, h->o.n_objectives, set);
    for (size_t i = 0; i < h->o.n; i++) h->r.set[i] = PR_SET_DOMINATED;
    for (size_t i = 0; i < n; i++) {
        h->r.set[who[i]] = set[i];
        out_of_it[who[i]] = set[i] == PR_SET_DOMINATED;
    }
    for (int rung = h->r.n_rungs - 1; rung >= 0; rung--)
        PR_TRY(take_rung(h, rung, out_of_it, err));
    return PARE_OK;
}

static void ranges_find(hunt *h) {
    for (size_t k = 0; k < h->o.n_objectives; k++) {
        h->r.best[k] = INFINITY, h->r.worst[k] = -INFINITY;
        for (size_t i = 0; i < h->r.n_steps; i++) {
            const pr_point *p = &h->r.steps[i].trial.point;
            if (!usable(p, h->o.n_objectives)) continue;
            h->r.best[k] = PR_MIN(h->r.best[k], p->value[k]);
            h->r.worst[k] = PR_MAX(h->r.worst[k], p->value[k]);
        }
    }
}

/* After each step the volume of the latest trials so far that keep the limits. */
static pare_status volumes_find(hunt *h, pare_err *err) {
    size_t m = h->o.n_objectives;
    double *f, ref[PR_PARETO_DIMS];
    int *row; /* of an option in f, -1: none yet */
    size_t n = 0;
    PR_NEW(f, h->a, h->o.n * m, err);
    PR_NEW(row, h->a, h->o.n, err);
    ranges_find(h);
    h->r.reference = 1.1;
    for (size_t k = 0; k < m; k++) ref[k] = h->r.reference;
    for (size_t i = 0; i < h->o.n; i++) row[i] = -1;
    for (size_t i = 0; i < h->r.n_steps; i++) {
        const pr_hunt_step *s = &h->r.steps[i];
        if (row[s->who] < 0) row[s->who] = (int)n++;
        double *own = f + (size_t)row[s->who] * m;
        bool in = usable(&s->trial.point, m) && s->trial.point.violation == 0;
        for (size_t k = 0; k < m; k++) {
            double range = h->r.worst[k] - h->r.best[k];
            own[k] = !in ? NAN
                     : range > 0 ? (s->trial.point.value[k] - h->r.best[k]) / range
                                 : 0;
        }
        PR_TRY(pr_hypervolume(f, n, m, ref, &h->r.steps[i].volume, err));
        h->r.volume = h->r.steps[i].volume;
    }
    return PARE_OK;
}

static pare_status opts_check(hunt *h, pare_err *err) {
    pr_hunt_opts *o = &h->o;
    if (o->n == 0 || o->n > PR_CANDIDATES_MAX)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu options to search; expected 1 to %d", o->n,
                       PR_CANDIDATES_MAX);
    if (o->n_axes == 0 || o->n_axes > PR_AXES_MAX || o->n_objectives == 0 ||
        o->n_objectives > PR_PARETO_DIMS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu axes, %zu objectives; at most %d and %d",
                       o->n_axes, o->n_objectives, PR_AXES_MAX, PR_PARETO_DIMS);
    if (o->keep == 0) o->keep = KEEP;
    if (o->eta < 2) o->eta = ETA;
    if (o->exhaustive == 0) o->exhaustive = EXHAUSTIVE;
    if (o->n > o->exhaustive && o->evaluations == 0 && o->seconds <= 0) o->evaluations = PICKED;
    return PARE_OK;
}

pare_status pr_hunt(const pr_hunt_opts *o, pr_hunt_fn evaluate, void *user, pr_arena *a,
                    pr_hunt_result *out, pare_err *err) {
    hunt h = {.o = *o, .evaluate = evaluate, .user = user, .a = a};
    *out = (pr_hunt_result){0};
    PR_TRY(opts_check(&h, err));
    bool few = h.o.n <= h.o.exhaustive;
    int64_t budget = h.o.evaluations;
    double seconds = h.o.seconds;
    h.cap = h.o.n * 2 + (size_t)PR_RUNGS_MAX; /* Σ n/eta^k < 2 n, and keep rows a rung more */
    h.cap += h.o.keep * PR_RUNGS_MAX;
    PR_NEW(h.r.steps, a, h.cap, err);
    PR_NEW(h.r.last, a, h.o.n, err);
    PR_NEW(h.r.set, a, h.o.n, err);
    for (size_t i = 0; i < h.o.n; i++) h.r.last[i] = -1;
    plan_rungs(&h, few || budget == 0 ? h.o.n : PR_MIN(h.o.n, (size_t)budget));
    /* NSGA-II has two thirds of the budget, those that it finds the rest */
    if (!few) h.o.evaluations = budget - budget / 3, h.o.seconds = seconds * 2 / 3;
    PR_TRY(few ? all_options(&h, err) : pick_by_nsga2(&h, err));
    h.o.evaluations = budget, h.o.seconds = seconds;
    PR_TRY(climb(&h, err));
    PR_TRY(choose(&h, err));
    PR_TRY(volumes_find(&h, err));
    *out = h.r;
    return PARE_OK;
}
