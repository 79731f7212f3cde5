/* influence.h - from one influence value per window to a standard error (private). */
#ifndef PR_INFLUENCE_H
#define PR_INFLUENCE_H
#include "stat/stat.h"

/* The spread of a statistic whose error is the mean of z[0…n-1]. */
typedef struct {
    double se;
    double t; /* Student's factor for the asked confidence */
    int64_t n_blocks;
    const char *why; /* NULL, or why `se` is NAN */
} pr_spread;
pr_spread pr_spread_of(const double *z, int64_t n, double conf);
/* value ± t se, or the value alone with the reason. */
pr_est pr_spread_est(const pr_spread *s, double value, double conf);
/* The same on the log scale, for value > 0: bounds stay positive. */
pr_est pr_spread_est_log(const pr_spread *s, double value, double conf);
#endif
