/* metric.h - the one table of metric names (docs/report.md), and a metric: an
 * estimate with its name and what it was compared with.
 *
 *   const pr_metric *m = pr_metric_find(list, n, "speedup", PR_AGAINST_SOURCE);
 *   if (m && pr_est_ok(&m->est)) …
 *
 * The table is constant. Metrics borrow their reason (`est.why`). Any thread. */
#ifndef PR_METRIC_H
#define PR_METRIC_H
#include "base/base.h"
#include "doc/doc.h"
#include "stat/stat.h"

typedef enum { PR_AGAINST_NONE, PR_AGAINST_SOURCE, PR_AGAINST_F32 } pr_against;

typedef struct {
    const char *name;  /* "kld_mean" */
    const char *label; /* "KL divergence, mean" */
    const char *unit;  /* "nats"; "" where there is none */
    bool higher;       /* a higher value is the better one */
    bool compares;     /* has a meaning only against a baseline */
} pr_metric_info;

typedef struct {
    const pr_metric_info *info;
    pr_against against; /* PR_AGAINST_NONE unless info->compares */
    pr_est est;
} pr_metric;

/* The entry of `name`, or NULL if the table has none. */
const pr_metric_info *pr_metric_info_find(const char *name);
/* All entries, in the table's order. */
const pr_metric_info *pr_metric_table(size_t *n);
/* The metric of that name and baseline among list[0…n-1], or NULL. */
const pr_metric *pr_metric_find(const pr_metric *list, size_t n, const char *name,
                                pr_against against);
/* NULL for PR_AGAINST_NONE, "source", "f32". */
const char *pr_against_name(pr_against a);
/* The reverse; NULL is PR_AGAINST_NONE. False if the text is none of them. */
bool pr_against_parse(const char *s, pr_against *out);
/* Write `v` for a reader: "98.64 %", "2.273 MB", "2.352 ×"; "–" if it is not finite.
 * `resolution`: the smallest difference that matters in the metric's unit (half of
 * the interval), so many digits are shown; 0: four significant ones. */
void pr_metric_show(const pr_metric_info *info, double v, double resolution, char *dst,
                    size_t cap);
/* The same for a distance between two values: of shares in points, not per cent. */
void pr_metric_show_gap(const pr_metric_info *info, double v, char *dst, size_t cap);

/* Append `m` to an array of metrics, as docs/report.md has it (null with its reason). */
void pr_metric_put(pr_doc_build *b, pare_doc *array, const pr_metric *m);
/* The metrics of a variant (an object with "metrics") back from a report, in the arena; names
 * that the table lacks are passed over. Borrows reasons from the tree. PARE_EINPUT: a value
 * without its bounds, a metric twice. */
pare_status pr_metrics_read(const pare_doc *variant, pr_arena *a, pr_metric **out, size_t *n,
                            pare_err *err);
#endif
