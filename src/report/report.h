/* report.h - report.json's other face, and its second opinion (docs/report.md).
 *
 *   pr_buf page;
 *   pr_buf_init(&page, PR_REPORT_HTML_MAX);
 *   PR_GO(pr_report_html(report, NULL, &page, err));
 *
 * Both work from the report alone and keep nothing. Any thread. */
#ifndef PR_REPORT_H
#define PR_REPORT_H
#include "base/base.h"
#include "doc/doc.h"
#include "search/search.h"

enum { PR_REPORT_HTML_MAX = 64 << 20 };

/* Append the self-contained page made from `report` to `out`: no network, no scripts needed,
 * everything from the report escaped. What a report lacks is left out. PARE_EINPUT if it is no
 * report of schema 1; PARE_ENOMEM if the page passes out's maximum. `certificate`: what a
 * certificate of this report says ("verdict", "summary", "variant", "sha256", "policy_sha256",
 * "created", "expires", "key", "bundle_key", all text); NULL: there is none. */
pare_status pr_report_html(const pare_doc *report, const pare_doc *certificate, pr_buf *out,
                           pare_err *err);

/* What judging a report again, from its metrics alone, gave. */
typedef struct {
    size_t n_checked; /* verdicts, standings and choices compared */
    size_t n_differ;  /* … that came out otherwise than written */
    char first[256];  /* the first difference in words; "" if there is none */
} pr_recheck;
/* Judge every gate and constraint again, then front, scores, choice and verdict. PARE_OK also
 * where something differs: see `out`. PARE_EINPUT if the report cannot be read. */
pare_status pr_report_recheck(const pare_doc *report, pr_recheck *out, pare_err *err);

/* Write what the search found into a report being built: "front", "choice", "gates", "verdict",
 * "summary", "exit_status", and into each object of `variants` (an array in the candidates'
 * order) its "constraints", "gates", "score" and "normalised". The first `n_limits` results of
 * each candidate are its constraints. Returns the exit status: 0 or 1. Failures stay in `b`. */
int pr_report_put_search(pr_doc_build *b, pare_doc *report, pare_doc *const *variants,
                         const pr_candidate *c, const pr_front *f, size_t n_limits);
#endif
