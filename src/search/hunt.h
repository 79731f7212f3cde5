/* hunt.h - the search itself: which options are looked at, how long, and who stays. Part of
 * search's door.
 *
 *   pr_hunt_opts o = {.n = n, .genes = genes, .n_axes = 3, .sizes = sizes, .n_objectives = 3,
 *                     .keep = 8, .seed = 1};
 *   PR_TRY(pr_hunt(&o, evaluate, user, arena, &hunt, err));
 *   for (size_t i = 0; i < hunt.n_kept; i++) use(hunt.kept[i]);
 *
 * An option is a row of whole numbers, one an axis. Few options (≤ `exhaustive`) are all evaluated
 * at the cheapest rung; of many, NSGA-II picks which. Then successive halving (Jamieson &
 * Talwalkar, AISTATS 2016): at each rung the best 1/eta stay, by their favourable bounds, and are
 * measured eta times as long. Who is dominated with confidence goes at once, whoever stays.
 *
 * Repeatable: the same options, seed and answers of `evaluate` give the same hunt. The budget
 * counts evaluations, or the seconds that each evaluation says it took (a recorded one says what
 * it took then), so that a hunt that was killed and goes on from records ends where it would
 * have. One thread; what it returns lives in the arena. */
#ifndef PR_HUNT_H
#define PR_HUNT_H
#include "pareto.h"

enum { PR_AXES_MAX = 16, PR_RUNGS_MAX = 6, PR_HUNT_BATCH = 4 };

typedef enum { PR_SET_FRONT, PR_SET_UNDECIDED, PR_SET_DOMINATED } pr_set;
const char *pr_set_name(pr_set s); /* "front", "undecided", "dominated" */
/* Three sets on confidence: DOMINATED is beaten on bounds; FRONT could not be, wherever within
 * their bounds all of the others lie; UNDECIDED needs more data. A failed or missing one is
 * DOMINATED. */
void pr_sets(const pr_point *p, size_t n, size_t m, pr_set *out);
/* Which `keep` of n stay: by rank and crowding of their favourable bounds; nobody who failed, nor
 * who is dominated on bounds. kept[i] is 0 or 1. Returns how many in *n_kept. */
pare_status pr_halve(const pr_point *p, size_t n, size_t m, size_t keep, bool *kept,
                     size_t *n_kept, pare_err *err);

typedef struct {
    pr_point point;    /* violation NAN: it failed */
    const char *error; /* NULL, or why it failed */
    double seconds;    /* that it took, or took when it was recorded */
    bool cached;       /* from the records */
} pr_trial;

typedef struct {
    size_t n;         /* options, 1 … PR_CANDIDATES_MAX */
    const int *genes; /* n × n_axes; no two rows alike */
    const int *sizes; /* of the axes */
    size_t n_axes, n_objectives;
    size_t keep;       /* finalists; 0: 8 */
    int eta;           /* 0: 3 */
    size_t exhaustive; /* at most so many options are all evaluated; 0: 200 */
    int64_t evaluations; /* budget; 0: none for an exhaustive hunt, 200 for another */
    double seconds;      /* budget; 0: none */
    uint64_t seed;
} pr_hunt_opts;

/* Evaluate options who[0…n-1] (n ≤ PR_HUNT_BATCH) side by side with `share` of the full data;
 * trial[i] is zeroed. Anything but PARE_OK ends the hunt: what concerns one option alone is its
 * trial's error. */
typedef pare_status (*pr_hunt_fn)(void *user, const size_t *who, size_t n, int rung, double share,
                                  pr_trial *trial, pare_err *err);

typedef struct {
    size_t who;
    int rung;
    pr_trial trial;
    double volume; /* hypervolume of the front so far, in units of the final ranges */
} pr_hunt_step;

typedef struct {
    const char *algorithm; /* "exhaustive" or "NSGA-II" */
    bool cut;              /* the budget ended it */
    pr_hunt_step *steps;
    size_t n_steps;
    struct {
        double share;
        size_t n_in, n_out; /* evaluated, and who of them went on */
    } rungs[PR_RUNGS_MAX];
    int n_rungs, generations;
    size_t *kept; /* finalists, best first */
    size_t n_kept;
    pr_set *set;  /* per option that was evaluated; others DOMINATED */
    int *last;    /* per option: its last step, -1: never evaluated */
    double best[PR_PARETO_DIMS], worst[PR_PARETO_DIMS]; /* over all trials: the volume's units */
    double volume, reference; /* of the last step; the reference in each of those units (1.1) */
} pr_hunt_result;

/* PARE_EUSAGE: no options, or too many. */
pare_status pr_hunt(const pr_hunt_opts *o, pr_hunt_fn evaluate, void *user, pr_arena *a,
                    pr_hunt_result *out, pare_err *err);
#endif
