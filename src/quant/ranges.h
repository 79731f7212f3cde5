/* ranges.h - counting numbers by size, and the scale that fits them. Private to `quant`. */
#ifndef PR_RANGES_H
#define PR_RANGES_H
#include "quant/quant.h"

/* How many numbers of each size were seen. {0} before the first. */
typedef struct {
    uint64_t n[2][48 << 5]; /* positive and negative ones */
    uint64_t zeros;         /* and what is below 2^-24 */
    float    lo, hi;        /* the ends; 0 lies between */
    bool     bad;           /* one was no finite number */
} pr_range_seen;
void pr_range_add(pr_range_seen *s, float x);
/* The ends between which 256 even levels are nearest to all that was seen. */
void pr_range_best(const pr_range_seen *s, pr_act_range *out);
#endif
