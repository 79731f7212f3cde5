/* report_parts.h - pieces of the page: escaping, numbers, plots. Private to the report's files.
 */
#ifndef PR_REPORT_PARTS_H
#define PR_REPORT_PARTS_H
#include "measure/measure.h"
#include "report.h"

/* printf into HTML: every %s is escaped (NULL is "–"); also %d, %zu, %.Nf, %%. */
void pr_html(pr_buf *b, const char *fmt, ...) PR_PRINTF(2, 3);
/* Escaped text of `n` bytes; what is not allowed in HTML becomes U+FFFD. */
void pr_html_text(pr_buf *b, const char *s, size_t n);

/* doc helpers: NULL-safe. */
const char *pr_str_at(const pare_doc *v, const char *path); /* NULL if it is no text */
double pr_num_at(const pare_doc *v, const char *path);      /* NAN if it is no number */
const pare_doc *pr_metric_at(const pare_doc *variant, const char *name, const char *against);
const pare_doc *pr_variant_at(const pare_doc *report, const char *name);
/* Whether the array of texts holds `s`. */
bool pr_names_have(const pare_doc *array, const char *s);

/* A metric (an object of docs/report.md) as text: the value, and its spread ("± 0.8",
 * "1.2–1.9", ""). Both buffers are terminated. */
typedef struct {
    char value[48], spread[64];
    bool known;
} pr_shown;
pr_shown pr_metric_shown(const pare_doc *metric);
/* Value alone, by the unit of the metric called `name` (as it stands if the table lacks it). */
void pr_value_shown(const char *name, double v, char *dst, size_t cap);

/* The same for a distance between two values. */
void pr_gap_shown(const char *name, double v, char *dst, size_t cap);
/* "0.0011", "8.4e-7": a bare number for a caption. */
void pr_short_shown(double v, char *dst, size_t cap);

/* Plots, as inline SVG. */
typedef struct {
    const char *x, *x_against, *y, *y_against; /* metrics */
    const char *title, *better; /* "KL divergence against memory", "better: down and left" */
    bool log_y;
} pr_plot_spec;
void pr_plot_front(pr_buf *b, const pare_doc *report, const pr_plot_spec *spec);
void pr_plot_histogram(pr_buf *b, const pare_doc *distribution, const char *label);
void pr_plot_gate(pr_buf *b, const pare_doc *gate);
void pr_plot_types(pr_buf *b, const pare_doc *types);
void pr_plot_mark(pr_buf *b, double x, double y, bool accepted, bool on_front, bool chosen);
/* Whether every gate and constraint of the variant passes. */
bool pr_variant_accepted(const pare_doc *variant);

/* A section's head, to be closed with "</section>"; `lead` may be NULL. A table that scrolls by
 * itself, to be closed with "</table></div>". */
void pr_page_section(pr_buf *b, const char *id, const char *title, const char *lead);
void pr_page_table(pr_buf *b, const char *label, const char *class);

/* The sections, in report_page.c, report_more.c and report_profile.c. What is not there is left
 * out. `c`: the facts of a certificate. */
void pr_page_header(pr_buf *b, const pare_doc *r, bool certified);
void pr_page_body(pr_buf *b, const pare_doc *r);
void pr_page_more(pr_buf *b, const pare_doc *r);
void pr_page_search(pr_buf *b, const pare_doc *r);
void pr_page_profile(pr_buf *b, const pare_doc *r);
void pr_page_certificate(pr_buf *b, const pare_doc *c);
void pr_page_footer(pr_buf *b, const pare_doc *r);
#endif
