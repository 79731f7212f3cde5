/* importance.h - what a model's matrices are multiplied by, gathered from text. Private to
 * `quant`; its functions stand in the door. */
#ifndef PR_IMPORTANCE_H
#define PR_IMPORTANCE_H
#include "quant/quant.h"

enum { PR_CALIB_PARTS = 8, PR_CALIB_BATCH = 128 };

/* One value of the graph that matrices are multiplied by: q, k and v share one. */
typedef struct {
    int64_t cols;
    int     first; /* the weight that stands for all; its product reports the input */
    double *sum2;  /* [cols] of x² */
    double *sum1;  /* [cols] of |x| */
    int64_t count; /* tokens */
} pr_site;

/* What is known of one matrix. */
typedef struct {
    const char  *name;  /* GGUF's */
    int64_t      cols;
    int64_t      count;
    const double *sum2; /* NULL: read from a file, mean2 alone is there */
    const double *sum1; /* NULL likewise */
    const float *mean2;
} pr_calib_entry;

struct pr_calib {
    pr_calib_entry *entry; /* by name, bytewise */
    int             n;
    int64_t         window, n_windows;
    const char     *dataset;
};

/* The sites of a model: site_of[weight] is -1 for weights that are no matrix of a product.
 * Sums are zero. From `a`. */
typedef struct {
    const pr_model *m;
    pr_site        *site;
    int             n;
    int            *site_of; /* [m->n_weights] */
} pr_sites;
pare_status pr_sites_find(pr_sites *s, const pr_model *m, bool head, pr_arena *a, pare_err *err);

/* Run the windows once and let `w` look on. */
pare_status pr_calib_pass(const pr_model *m, const pr_calib_text *t, bool head, const pr_watch *w,
                          const char *task, const pare_ctl *ctl, pare_err *err);
/* Sort entries by name; PARE_EINPUT: a name twice. */
pare_status pr_calib_sort(pr_calib *c, pare_err *err);
#endif
