/* search.h - the door of `search`: candidates, their Pareto front, and the choice.
 *
 *   pr_objective o[PR_OBJECTIVES_MAX];
 *   size_t n_o;
 *   PR_TRY(pr_prefer_parse("speed=2,accuracy=1,memory=1", o, &n_o, err)); // NULL: all 1
 *   pr_front f;
 *   PR_TRY(pr_front_make(cand, n, o, n_o, arena, &f, err));
 *   if (f.choice >= 0) puts(cand[f.choice].name);
 *
 * Dominance is decided on bounds: a dominates b if for every objective a's unfavourable
 * bound is at least as good as b's favourable one, and better for one. A candidate that
 * lacks an objective dominates nobody and is never on the front. The same candidates in
 * any order give the same front and choice. Results live in the arena and borrow the
 * candidates' names; nothing keeps state: any thread. */
#ifndef PR_SEARCH_H
#define PR_SEARCH_H
#include "base/base.h"
#include "gate/gate.h"
#include "hunt.h"
#include "measure/measure.h"
#include "nsga2.h"
#include "pareto.h"

enum { PR_OBJECTIVES_MAX = 16, PR_CANDIDATES_MAX = 4096, PR_CONSTRAINTS_MAX = 5 };

typedef struct {
    const char *preference; /* "speed", or the metric's own name */
    const pr_metric_info *metric;
    pr_against against;
    double weight; /* ≥ 0; 0 shapes the front but not the score */
} pr_objective;

typedef struct {
    const char *name; /* unique */
    uint64_t bytes;   /* of the artefact; decides ties */
    const pr_metric *metrics;
    size_t n_metrics;
    const pr_gate_result *results; /* its constraints and gates, judged */
    size_t n_results;
    const char *error; /* NULL; or why it could not be made: it is excluded */
} pr_candidate;

typedef struct {
    bool on_front;
    bool accepted;        /* every constraint and gate passes */
    size_t failed;        /* how many of them do not */
    double short_by; /* Σ x / (1 + x) over these, x: what is lacking, in shares of the threshold;
                        infinite: missing */
    double score;         /* NAN: an objective is missing */
    double *normalised;   /* per objective; NAN where missing */
    const char *excluded; /* NULL, or why it cannot be compared */
    int *by;              /* members of the front that dominate it, by index */
    size_t n_by;
} pr_standing;

typedef struct {
    const pr_objective *objectives;
    size_t n_objectives;
    double *best, *worst;  /* per objective: the front's range */
    pr_standing *standing; /* per candidate */
    size_t n;
    int *order; /* candidates with a score, best first */
    size_t n_order;
    size_t n_front;
    int choice; /* index; -1: no candidate has a score */
    bool accepted;
    const char *reason; /* the choice, in words with numbers */
} pr_front;

/* "speed=2,accuracy=1" into objectives: speed (speedup), accuracy (kld_mean) and memory
 * (memory_bytes) always, in this order and weighted 0 where the text does not name them;
 * further ones as named: size, latency, energy, or any metric of the table. NULL or "":
 * the three, weight 1. `out` has room for PR_OBJECTIVES_MAX. PARE_EUSAGE says what is wrong.
 * Names of metrics that compare are taken against the source. */
pare_status pr_prefer_parse(const char *text, pr_objective *out, size_t *n, pare_err *err);
/* Refuse (PARE_EENV), before the run, an objective that this machine cannot measure. */
pare_status pr_objectives_check(const pr_objective *o, size_t n, pr_can_fn can, void *user,
                                pare_err *err);

/* Limits on the result; 0 (or negative): none. */
typedef struct {
    double max_bytes, max_memory; /* bytes */
    double max_latency_ms;        /* token_ms_p95 */
    double min_accuracy;          /* accuracy_kept, a share */
    double min_speedup;           /* × */
    pr_against against;           /* of the last two; NONE means the source */
} pr_limits;
/* The limits as gates on the unfavourable bound; returns how many (≤ PR_CONSTRAINTS_MAX). */
size_t pr_limits_gates(const pr_limits *l, pr_gate out[PR_CONSTRAINTS_MAX]);

/* Whether candidate `a` dominates `b`; false if either lacks an objective. */
bool pr_dominates(const pr_candidate *a, const pr_candidate *b, const pr_objective *o,
                  size_t n);

/* Front, scores, choice. Score: Σ weight × (value − worst)/(best − worst) over the
 * front's range; 1 where that range is empty. The choice is the best score among
 * accepted members of the front, else among accepted ones off it, else (accepted =
 * false) the nearest member of the front: the least short_by, then the fewest that do not pass,
 * then the best score. Ties: fewer bytes, then the name, bytewise. PARE_EUSAGE: two candidates
 * of one name, or too many. */
pare_status pr_front_make(const pr_candidate *c, size_t n, const pr_objective *o, size_t n_o,
                          pr_arena *a, pr_front *out, pare_err *err);
#endif
