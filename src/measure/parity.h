/* parity.h - do several artefacts compute the same function: part of measure's door.
 *
 *   pr_parity p = {.runners = r, .n = 3, .ids = ids, .n_ids = 96};
 *   PR_TRY(pr_parity_run(&p, ctl, arena, err));
 *   pr_parity_cell c = p.cells[i * p.n + k];            // runner k against runner i
 *
 * Every runner reads the same tokens: the first half in pieces of 32, then one by one, so that
 * both ways through its state are seen. Position by position all rows of logits are compared and
 * thrown away. Then each continues the first sixteen tokens greedily by itself. */
#ifndef PR_PARITY_H
#define PR_PARITY_H
#include "runner/runner.h"

typedef struct {
    double far,
        far_mean; /* distance of logits, as a share of the reference's largest: worst, mean */
    double kld, kld_worst;  /* nats, mean over positions and worst */
    double agree;           /* share of positions with the same most probable token */
    int64_t first;          /* first position whose distance is over `tolerance`; -1: none */
    int64_t parted;         /* first greedy token that differs; -1: none */
} pr_parity_cell;

typedef struct {
    pr_runner *const *runners;
    int n;               /* 2 … 16, all of one vocabulary */
    const pr_id *ids;
    int64_t n_ids;       /* at most every context */
    int64_t n_greedy;    /* tokens that each makes by itself; 0: none */
    double tolerance;    /* for `first`; a share of the largest logit */
    pr_parity_cell *cells; /* out: [n * n], reference first; the diagonal is zero */
} pr_parity;

/* EINPUT: vocabularies of different sizes, logits that are not finite (runner and position are
 * named); else what a runner says. `cells` from the arena. */
pare_status pr_parity_run(pr_parity *p, const pare_ctl *ctl, pr_arena *a, pare_err *err);
#endif
