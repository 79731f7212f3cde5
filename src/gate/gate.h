/* gate.h - the door of `gate`: a policy says which metric must stay on which side of
 * which threshold; a gate judges it by the unfavourable bound.
 *
 *   const pr_policy *p = pr_policy_default();
 *   PR_TRY(pr_policy_check(p, can_measure, hw, err));      // before the run: PARE_EENV
 *   pr_gate_result r[PR_POLICY_GATES_MAX];
 *   pr_policy_judge(p, "Q4_K_M", metrics, n_metrics, r);   // after it
 *   if (pr_gates_verdict(r, p->n_gates) != PR_PASS) …      // exit status 1
 *
 * A metric that a gate names and that is missing FAILS the gate. What a policy read
 * from a file points to lives in the arena given. Nothing here keeps state: any thread. */
#ifndef PR_GATE_H
#define PR_GATE_H
#include "base/base.h"
#include "doc/doc.h"
#include "measure/measure.h"
#include "stat/stat.h"

enum { PR_POLICY_GATES_MAX = 64 };

typedef enum { PR_OP_ABOVE, PR_OP_AT_LEAST, PR_OP_BELOW, PR_OP_AT_MOST } pr_op; /* > >= < <= */
typedef enum {
    PR_BOUND_UNFAVOURABLE, /* lo of what must be large, hi of what must be small */
    PR_BOUND_VALUE         /* the point alone: never undecided */
} pr_bound;

typedef struct {
    const char *name;
    const char *metric; /* a name of the table; any other is a missing metric */
    pr_against against;
    pr_op op;
    double threshold; /* in the metric's unit; finite */
    pr_bound bound;
    int64_t min_n; /* fewer independent blocks fail; 0: any */
} pr_gate;

typedef struct {
    const char *name;
    const char *source; /* "built-in" or the path */
    char sha256[65];    /* of the file; "" where built in */
    const pr_gate *gates;
    size_t n_gates; /* ≤ PR_POLICY_GATES_MAX */
} pr_policy;

typedef struct {
    const pr_gate *gate;
    const char *variant; /* borrowed */
    pr_est est;          /* what was found; `why` set where it is missing */
    pr_verdict verdict;
    const char *decided_by; /* "lo", "hi" or "value" */
    double margin;          /* signed distance to the threshold, inside positive; NAN: none */
    char reason[256];
} pr_gate_result;

/* Accuracy kept > 95 %, decode speed ≥ 2 ×, memory ≤ 50 % of the source, variation of
 * the time per token ≤ 20 %. Constant. */
const pr_policy *pr_policy_default(void);
/* Read the YAML policy `path` (docs/policy.md). Strict: an unknown key, metric or side,
 * a key said twice, a number that is none: PARE_EINPUT, naming the line. */
pare_status pr_policy_read(const char *path, pr_arena *a, pr_policy *out, pare_err *err);
/* The same from text; `source` is what errors and reports call it, copied. */
pare_status pr_policy_parse(pr_str text, const char *source, pr_arena *a, pr_policy *out,
                            pare_err *err);

/* NULL if this machine can measure `m`; else why not (constant text). */
typedef const char *(*pr_can_fn)(void *user, const pr_metric_info *m);
/* Refuse (PARE_EENV), before the run, a policy that names what cannot be measured. */
pare_status pr_policy_check(const pr_policy *p, pr_can_fn can, void *user, pare_err *err);

/* Judge one gate by the metrics list[0…n-1] of `variant`. */
void pr_gate_judge(const pr_gate *g, const char *variant, const pr_metric *list, size_t n,
                   pr_gate_result *out);
/* All gates of `p`; `out` has room for p->n_gates. */
void pr_policy_judge(const pr_policy *p, const char *variant, const pr_metric *list, size_t n,
                     pr_gate_result *out);
/* PASS if all pass; FAIL if one fails; else UNDECIDED. None at all: PASS. */
pr_verdict pr_gates_verdict(const pr_gate_result *r, size_t n);
/* How many of them do not pass. */
size_t pr_gates_failed(const pr_gate_result *r, size_t n);
/* Append " Speed: lower bound … is … short of …." for each that does not pass; for all where
 * all do. */
void pr_gates_say(const pr_gate_result *r, size_t n, pr_buf *text);

const char *pr_op_sign(pr_op op); /* ">", ">=", "<", "<=" */
bool pr_op_parse(const char *sign, pr_op *out);

/* ---- reports (docs/report.md) ---- */

/* Append the result to an array, as a "gate" of a report. */
void pr_gate_put(pr_doc_build *b, pare_doc *array, const pr_gate_result *r);
/* Append what is asked, without a verdict: an entry of policy.gates or settings.constraints. */
void pr_gate_put_asked(pr_doc_build *b, pare_doc *array, const pr_gate *g);
/* Set "policy" of a report. */
void pr_policy_put(pr_doc_build *b, pare_doc *report, const pr_policy *p);
/* A gate back from an object of a report (a result, or an entry of policy.gates); it borrows
 * the tree's text. PARE_EINPUT: an unknown metric, op, bound, or no finite threshold. */
pare_status pr_gate_read(const pare_doc *gate, pr_gate *out, pare_err *err);
/* Judge variant `name` of `report` by `p` from the metrics written there: what `pare gate DIR
 * --policy F` does. `results` has room for p->n_gates and borrows from the tree, `p`
 * and the arena. PARE_EINPUT: no such variant, or unreadable metrics. */
pare_status pr_policy_judge_report(const pr_policy *p, const pare_doc *report, const char *name,
                                   pr_arena *a, pr_gate_result *results, pare_err *err);

#include "ready_rules.h"
#endif
