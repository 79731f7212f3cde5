/* pareto.h - fronts of bare numbers, and how much they cover: part of search's door.
 *
 *   double f[] = {1, 3, 2, 2, 3, 1}, ref[] = {4, 4};          // three points, two objectives
 *   double v;
 *   PR_TRY(pr_hypervolume(f, 3, 2, ref, &v, err));            // 6
 *
 * Everything is minimised: who maximises turns the sign. A number that is NAN or infinite is a
 * missing one: its point dominates nobody, every whole point goes before it, and it covers
 * nothing. No state: any thread. */
#ifndef PR_PARETO_H
#define PR_PARETO_H
#include "base/base.h"

enum { PR_PARETO_DIMS = 16, PR_PARETO_POINTS = 1 << 16 };

/* Whether a[0…m-1] is nowhere worse than b and better in one. A point with a missing number is
 * dominated by every whole one. */
bool pr_point_dominates(const double *a, const double *b, size_t m);

/* The volume that n points of m numbers (row by row) dominate within `ref`: the union of the boxes
 * from each point to it. Points that are not better than `ref` everywhere cover nothing. Two
 * objectives by a sweep; more by the exclusive volumes of While, Bradstreet & Barone (WFG, IEEE
 * Transactions on Evolutionary Computation 16, 2012). Worst case exponential in m: meant for
 * m ≤ 5. PARE_EUSAGE: m of 0 or more than PR_PARETO_DIMS, too many points. */
pare_status pr_hypervolume(const double *f, size_t n, size_t m, const double *ref, double *out,
                           pare_err *err);

/* One candidate's numbers with their bounds, all minimised. Where nothing is known of the error
 * lo = hi = value. */
typedef struct {
    double value[PR_PARETO_DIMS], lo[PR_PARETO_DIMS], hi[PR_PARETO_DIMS];
    double violation; /* how far it breaks hard limits, 0: not; NAN or infinite: it failed */
} pr_point;
/* Set value, lo and hi of number k; what is not finite makes it missing. */
void pr_point_set(pr_point *p, size_t k, double value, double lo, double hi);
/* Constrained dominance on bounds (Deb et al. 2002, with intervals): one that keeps the limits
 * before one that does not, less violation before more, else a's worst against b's best in each
 * of m numbers. A failed or missing one dominates nobody; a whole one dominates it. */
bool pr_point_beats(const pr_point *a, const pr_point *b, size_t m);

/* Non-dominated sorting (Deb, Pratap, Agarwal & Meyarivan, IEEE Transactions on Evolutionary
 * Computation 6, 2002): rank[i] = 0 for the front, 1 for the front without it, … `rank` has room
 * for n. PARE_EUSAGE: too many. */
pare_status pr_ranks(const pr_point *p, size_t n, size_t m, int *rank, pare_err *err);
/* Crowding distance within each rank (same source); infinite at the ends. */
pare_status pr_crowding(const pr_point *p, size_t n, size_t m, const int *rank, double *out,
                        pare_err *err);
#endif
