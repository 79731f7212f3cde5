/* gate_job.h - private to `flow`: a report's gates, asked by more than one job. */
#ifndef PR_GATE_JOB_H
#define PR_GATE_JOB_H
#include "gate/gate.h"

/* What a report itself was judged by: its limits, then its gates. EINPUT: none, too many. */
pare_status pr_gates_of_report(const pare_doc *report, pr_arena *a, pr_policy *p, pare_err *err);
/* Append what fails, and by how much; or how far from their limits all are. */
void pr_gates_sum_up(const pr_gate_result *r, size_t n, const char *variant, pr_buf *text);
#endif
