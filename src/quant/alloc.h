/* alloc.h - a budget of bytes spent on tensors: the multiple-choice knapsack. Part of quant's
 * door.
 *
 *   pr_alloc_option q[] = {{1000, 0.3}, {1500, 0.1}}, k[] = {{800, 0.5}, {1200, 0.05}};
 *   pr_alloc_item   items[] = {{q, 2}, {k, 2}};
 *   pr_alloc_limits limits = {.most = 2300};
 *   PR_TRY(pr_alloc(items, 2, &limits, choice, &result, err));     // choice = {0, 1}
 *
 * Pure arithmetic on what it is given; the same choice on every machine. Any thread. */
#ifndef PR_ALLOC_H
#define PR_ALLOC_H
#include "base/base.h"

typedef struct {
    uint64_t bytes;
    double   cost; /* finite */
} pr_alloc_option;

/* One tensor: exactly one of its options is taken. In any order. */
typedef struct {
    const pr_alloc_option *option;
    int                    n; /* 1 … PR_ALLOC_OPTIONS */
} pr_alloc_item;
enum { PR_ALLOC_OPTIONS = 64, PR_ALLOC_ITEMS = 1 << 16 };

typedef struct {
    uint64_t most;  /* bytes: never more than this */
    uint64_t least; /* where some choice lies between both, one of these is taken */
    uint64_t cells; /* of the exact search's table, a byte each; 0: 32 Mi; 1: never exact */
} pr_alloc_limits;

typedef struct {
    uint64_t bytes;
    double   cost;
    double   bound; /* no choice within `most` costs less than this */
    bool     exact; /* none costs less than `cost` (and has `least`) */
} pr_alloc_result;

/* The cheapest choice within the limits: choice[i] is an index into items[i].option. Where sizes
 * share a large divisor, as those of tensors do, the search is exact (dynamic programming over
 * units of it); else the lower convex hulls, walked by falling gain per byte (Lagrange's
 * multiplier is one of these slopes), the slack filled greedily, and exchanges of one and of two
 * tensors until none helps: at most one step of one hull above `bound`. Sinha, Zoltners 1979.
 * EREFUSED: the smallest options take more than `most` (said). EUSAGE: no items, an option
 * count out
 * of range, a cost that is not finite. */
pare_status pr_alloc(const pr_alloc_item *items, int n, const pr_alloc_limits *limits, int *choice,
                     pr_alloc_result *out, pare_err *err);
#endif
