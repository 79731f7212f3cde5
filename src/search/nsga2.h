/* nsga2.h - NSGA-II for real and categorical genes: part of search's door.
 *
 *   pr_gene g[30];                                            // {0, 1} each: reals
 *   pr_nsga2_opts o = {.genes = g, .n_genes = 30, .n_objectives = 2, .population = 100,
 *                      .evaluations = 25000, .seed = 1};
 *   PR_TRY(pr_nsga2(&o, evaluate, user, &result, err));
 *   … result.point[i], result.x + i * 30 …
 *   pr_nsga2_free(&result);
 *
 * Deb, Pratap, Agarwal & Meyarivan, IEEE Transactions on Evolutionary Computation 6 (2002):
 * tournaments by rank and crowding, simulated binary crossover and polynomial mutation for reals
 * (Deb & Agrawal 1995; both keep to a gene's limits), uniform crossover and a new draw for
 * categories. Dominance is pr_point_beats: on bounds, limits first; what failed or lacks a number
 * survives only where nothing else is left. The same seed and the same answers of `evaluate`
 * give the same run. One thread. */
#ifndef PR_NSGA2_H
#define PR_NSGA2_H
#include "pareto.h"

enum { PR_GENES_MAX = 256, PR_POPULATION_MAX = 4096 };

typedef struct {
    double lo, hi; /* of a real; lo < hi */
    int n;         /* 0: a real; else a category 0 … n-1 */
} pr_gene;

typedef struct {
    const pr_gene *genes;
    size_t n_genes, n_objectives;
    size_t population;   /* even; 0: 50 */
    int64_t evaluations; /* the first population included; no further generation past them */
    uint64_t seed;
    double crossover; /* probability for a pair; 0: 0.9 */
    double mutation;  /* for a gene; 0: one over their number */
    double eta_c, eta_m; /* of the distributions; 0: 20 and 20 */
} pr_nsga2_opts;

/* Fill point[0…n-1] for the genes x[i * n_genes …]; categories are whole numbers. A candidate that
 * cannot be evaluated gets `violation` NAN. Anything but PARE_OK ends the run; to end it in
 * order, set *stop. */
typedef pare_status (*pr_nsga2_fn)(void *user, const double *x, size_t n, pr_point *point,
                                   bool *stop, pare_err *err);

typedef struct {
    double *x;       /* n × n_genes */
    pr_point *point; /* n */
    int *rank;       /* 0: the front */
    size_t n;
    int64_t evaluations;
    int generations;
} pr_nsga2_result;

/* PARE_EUSAGE: limits that make no sense. `*out` is empty on failure. */
pare_status pr_nsga2(const pr_nsga2_opts *o, pr_nsga2_fn evaluate, void *user,
                     pr_nsga2_result *out, pare_err *err);
void pr_nsga2_free(pr_nsga2_result *r); /* an empty one is fine */
#endif
