/* nsga2.c - NSGA-II (nsga2.h). Always true: rows 0 … population-1 are the parents, the rest their
 * children; ranks and crowding of the parents are those of the last selection. */
#include "search/search.h"
#include <math.h>
#include <stdlib.h>

typedef struct {
    pr_nsga2_opts o;
    pr_nsga2_fn evaluate;
    void *user;
    pr_rng rng;
    size_t n; /* population */
    double *x, *x2;
    pr_point *p, *p2;
    int *rank;
    double *crowd;
    size_t *order;
} run;

/* ---- operators ---- */

/* Simulated binary crossover of one gene, its spread kept within the limits on either side. */
static double spread_factor(double u, double beta, double eta) {
    double alpha = 2 - pow(beta, -(eta + 1));
    if (u <= 1 / alpha) return pow(u * alpha, 1 / (eta + 1));
    return pow(1 / (2 - u * alpha), 1 / (eta + 1));
}

static void cross_real(run *r, const pr_gene *g, double *a, double *b) {
    double lo = PR_MIN(*a, *b), hi = PR_MAX(*a, *b), width = hi - lo;
    if (pr_rng_unit(&r->rng) > 0.5 || width < 1e-14) return;
    double u = pr_rng_unit(&r->rng);
    double down = spread_factor(u, 1 + 2 * (lo - g->lo) / width, r->o.eta_c);
    double up = spread_factor(u, 1 + 2 * (g->hi - hi) / width, r->o.eta_c);
    double c = 0.5 * (lo + hi - down * width), d = 0.5 * (lo + hi + up * width);
    bool swap = pr_rng_unit(&r->rng) < 0.5;
    *a = PR_MIN(PR_MAX(swap ? d : c, g->lo), g->hi);
    *b = PR_MIN(PR_MAX(swap ? c : d, g->lo), g->hi);
}

static void cross(run *r, double *a, double *b) {
    if (pr_rng_unit(&r->rng) > r->o.crossover) return;
    for (size_t k = 0; k < r->o.n_genes; k++) {
        if (r->o.genes[k].n == 0) {
            cross_real(r, &r->o.genes[k], &a[k], &b[k]);
        } else if (pr_rng_unit(&r->rng) < 0.5) {
            double t = a[k];
            a[k] = b[k], b[k] = t;
        }
    }
}

/* Polynomial mutation: a step of a distribution that ends at the gene's limits. */
static double step_of(double u, double room, double eta) {
    double power = 1 / (eta + 1), away = pow(1 - room, eta + 1);
    if (u < 0.5) return pow(2 * u + (1 - 2 * u) * away, power) - 1;
    return 1 - pow(2 * (1 - u) + 2 * (u - 0.5) * away, power);
}

static void mutate(run *r, double *x) {
    for (size_t k = 0; k < r->o.n_genes; k++) {
        const pr_gene *g = &r->o.genes[k];
        if (pr_rng_unit(&r->rng) >= r->o.mutation) continue;
        if (g->n > 0) {
            x[k] = (double)pr_rng_below(&r->rng, (uint64_t)g->n);
            continue;
        }
        double u = pr_rng_unit(&r->rng), width = g->hi - g->lo;
        double room = (u < 0.5 ? x[k] - g->lo : g->hi - x[k]) / width;
        x[k] = PR_MIN(PR_MAX(x[k] + step_of(u, room, r->o.eta_m) * width, g->lo), g->hi);
    }
}

/* ---- selection ---- */

static size_t tournament(run *r) {
    size_t a = (size_t)pr_rng_below(&r->rng, r->n), b = (size_t)pr_rng_below(&r->rng, r->n);
    if (r->rank[a] != r->rank[b]) return r->rank[a] < r->rank[b] ? a : b;
    if (r->crowd[a] != r->crowd[b]) return r->crowd[a] > r->crowd[b] ? a : b;
    return pr_rng_unit(&r->rng) < 0.5 ? a : b;
}

static void breed(run *r) {
    size_t g = r->o.n_genes;
    for (size_t i = 0; i < r->n; i += 2) {
        double *a = r->x + (r->n + i) * g, *b = a + g;
        memcpy(a, r->x + tournament(r) * g, g * sizeof *a);
        memcpy(b, r->x + tournament(r) * g, g * sizeof *b);
        cross(r, a, b);
        mutate(r, a);
        mutate(r, b);
    }
}

static bool goes_first(const run *r, size_t a, size_t b) {
    if (r->rank[a] != r->rank[b]) return r->rank[a] < r->rank[b];
    if (r->crowd[a] != r->crowd[b]) return r->crowd[a] > r->crowd[b];
    return a < b;
}

/* A heap by goes_first, the last to go on top: qsort has no room for the run. */
static void sift(const run *r, size_t *o, size_t at, size_t n) {
    for (size_t k; (k = 2 * at + 1) < n; at = k) {
        if (k + 1 < n && goes_first(r, o[k], o[k + 1])) k++;
        if (!goes_first(r, o[at], o[k])) return;
        size_t t = o[at];
        o[at] = o[k], o[k] = t;
    }
}

static void order_sort(const run *r, size_t *o, size_t n) {
    for (size_t i = n / 2; i-- > 0;) sift(r, o, i, n);
    for (size_t i = n; i-- > 1;) {
        size_t t = o[0];
        o[0] = o[i], o[i] = t;
        sift(r, o, 0, i);
    }
}

/* The better half of `total` rows become the parents. */
static pare_status survive(run *r, size_t total, pare_err *err) {
    size_t g = r->o.n_genes;
    PR_TRY(pr_ranks(r->p, total, r->o.n_objectives, r->rank, err));
    PR_TRY(pr_crowding(r->p, total, r->o.n_objectives, r->rank, r->crowd, err));
    for (size_t i = 0; i < total; i++) r->order[i] = i;
    order_sort(r, r->order, total);
    for (size_t i = 0; i < r->n; i++) {
        memcpy(r->x2 + i * g, r->x + r->order[i] * g, g * sizeof *r->x);
        r->p2[i] = r->p[r->order[i]];
    }
    memcpy(r->x, r->x2, r->n * g * sizeof *r->x);
    memcpy(r->p, r->p2, r->n * sizeof *r->p);
    /* of the parents alone: what tournaments compare */
    PR_TRY(pr_ranks(r->p, r->n, r->o.n_objectives, r->rank, err));
    return pr_crowding(r->p, r->n, r->o.n_objectives, r->rank, r->crowd, err);
}

/* ---- the run ---- */

static void draw(run *r) {
    for (size_t i = 0; i < r->n * r->o.n_genes; i++) {
        const pr_gene *g = &r->o.genes[i % r->o.n_genes];
        r->x[i] = g->n > 0 ? (double)pr_rng_below(&r->rng, (uint64_t)g->n)
                           : g->lo + (g->hi - g->lo) * pr_rng_unit(&r->rng);
    }
}

static pare_status evolve(run *r, pr_nsga2_result *out, pare_err *err) {
    bool stop = false;
    size_t g = r->o.n_genes;
    draw(r);
    PR_TRY(r->evaluate(r->user, r->x, r->n, r->p, &stop, err));
    out->evaluations = (int64_t)r->n;
    PR_TRY(survive(r, r->n, err));
    while (!stop && out->evaluations + (int64_t)r->n <= r->o.evaluations) {
        breed(r);
        PR_TRY(r->evaluate(r->user, r->x + r->n * g, r->n, r->p + r->n, &stop, err));
        PR_TRY(survive(r, 2 * r->n, err));
        out->evaluations += (int64_t)r->n;
        out->generations++;
    }
    out->n = r->n;
    out->x = r->x, out->point = r->p, out->rank = r->rank;
    r->x = NULL, r->p = NULL, r->rank = NULL;
    return PARE_OK;
}

static pare_status opts_check(pr_nsga2_opts *o, pare_err *err) {
    if (o->population == 0) o->population = 50;
    if (o->crossover <= 0) o->crossover = 0.9;
    if (o->mutation <= 0) o->mutation = 1.0 / (double)PR_MAX(o->n_genes, (size_t)1);
    if (o->eta_c <= 0) o->eta_c = 20;
    if (o->eta_m <= 0) o->eta_m = 20;
    if (o->population % 2 || o->population > PR_POPULATION_MAX)
        return pr_fail(err, PARE_EUSAGE, -1, "a population of %zu; expected an even number to %d",
                       o->population, PR_POPULATION_MAX);
    if (o->n_genes == 0 || o->n_genes > PR_GENES_MAX || o->n_objectives == 0 ||
        o->n_objectives > PR_PARETO_DIMS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu genes for %zu objectives; expected 1 to %d "
                       "and 1 to %d", o->n_genes, o->n_objectives, PR_GENES_MAX, PR_PARETO_DIMS);
    for (size_t i = 0; i < o->n_genes; i++) {
        const pr_gene *g = &o->genes[i];
        if (g->n < 0 || (g->n == 0 && !(g->lo < g->hi && isfinite(g->lo) && isfinite(g->hi))))
            return pr_fail(err, PARE_EUSAGE, -1, "gene %zu has no range", i);
    }
    return PARE_OK;
}

pare_status pr_nsga2(const pr_nsga2_opts *opts, pr_nsga2_fn evaluate, void *user,
                     pr_nsga2_result *out, pare_err *err) {
    run r = {.o = *opts, .evaluate = evaluate, .user = user};
    *out = (pr_nsga2_result){0};
    PR_TRY(opts_check(&r.o, err));
    r.n = r.o.population;
    pr_rng_seed(&r.rng, r.o.seed);
    r.x = pr_calloc(2 * r.n * r.o.n_genes, sizeof *r.x);
    r.x2 = pr_calloc(r.n * r.o.n_genes, sizeof *r.x2);
    r.p = pr_calloc(2 * r.n, sizeof *r.p);
    r.p2 = pr_calloc(r.n, sizeof *r.p2);
    r.rank = pr_calloc(2 * r.n, sizeof *r.rank);
    r.crowd = pr_calloc(2 * r.n, sizeof *r.crowd);
    r.order = pr_calloc(2 * r.n, sizeof *r.order);
    bool room = r.x && r.x2 && r.p && r.p2 && r.rank && r.crowd && r.order;
    pare_status st = room ? evolve(&r, out, err) : pr_fail_nomem(err, r.n * sizeof *r.p);
    pr_free(r.x);
    pr_free(r.x2);
    pr_free(r.p);
    pr_free(r.p2);
    pr_free(r.rank);
    pr_free(r.crowd);
    pr_free(r.order);
    return st;
}

void pr_nsga2_free(pr_nsga2_result *r) {
    pr_free(r->x);
    pr_free(r->point);
    pr_free(r->rank);
    *r = (pr_nsga2_result){0};
}
