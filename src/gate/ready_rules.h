/* ready_rules.h - readiness: the list of checks in five parts, what a policy asks of each, and how
 * checks become a verdict. Part of gate's door; it knows nothing of how evidence is gathered.
 *
 *   pr_ready_policy p;
 *   PR_TRY(pr_ready_policy_read(NULL, arena, &p, err));         // NULL: the built-in one
 *   pr_check c[PR_CHECKS];
 *   pr_checks_begin(&p, c);
 *   pr_check_say(&c[pr_check_find("security.pickle")], PR_CHECK_PASS, NULL, "no pickle …");
 *   pr_check_verdict v = pr_checks_verdict(c, PR_PARTS);
 */
#ifndef PR_READY_RULES_H
#define PR_READY_RULES_H

typedef enum {
    PR_PART_ACCURACY,
    PR_PART_PERFORMANCE,
    PR_PART_ROBUSTNESS,
    PR_PART_SECURITY,
    PR_PART_COMPLIANCE,
    PR_PARTS
} pr_part;
const char *pr_part_name(pr_part p); /* "accuracy" … */

/* NONE: there is nothing to judge ("not-applicable"); it hinders nothing. */
typedef enum { PR_CHECK_FAIL, PR_CHECK_UNDECIDED, PR_CHECK_PASS, PR_CHECK_NONE } pr_check_verdict;
const char *pr_check_verdict_name(pr_check_verdict v); /* "fail", "undecided", "pass" … */

/* What a failing check does to the whole: refuses it, is only told, is not made. */
typedef enum { PR_LEVEL_FAIL, PR_LEVEL_WARN, PR_LEVEL_OFF } pr_level;
const char *pr_level_name(pr_level l);

/* Two bounds for whoever keeps arrays of them. */
enum { PR_CHECKS = 43, PR_EVIDENCE_MAX = 12, PR_ALLOW_MAX = 64 };

typedef struct {
    const char *id; /* "robustness.typos" */
    pr_part part;
    pr_level level; /* unless the policy says otherwise */
    const char *what; /* asked, in a few words */
    const char *metric; /* judged by this metric of the report; NULL: by evidence */
    pr_op op;           /* of its figure against the limit */
    double limit;       /* NAN: it has no figure */
    const char *unit;
} pr_check_rule;
/* Rule `i` of PR_CHECKS, part by part; and the place of the rule called `id`, -1: none. */
const pr_check_rule *pr_check_rule_at(size_t i);
int pr_check_find(const char *id);

typedef struct {
    pr_level level;
    double limit; /* NAN: no figure is asked */
    const char *const *allow; /* globs over findings: "FILE" or "RULE:FILE" */
    size_t n_allow;
} pr_check_ask;
typedef struct {
    const char *name, *source; /* "built-in" or the path */
    char sha256[65];           /* "": built in */
    pr_check_ask ask[PR_CHECKS]; /* rule by rule */
    const char *const *licences; /* SPDX identifiers that are allowed */
    size_t n_licences;
    const char *const *documents; /* of "model-card", "licence-text" */
    size_t n_documents;
} pr_ready_policy;
/* From YAML (docs/readiness.md); NULL: the built-in one, which policies/readiness.yaml says too.
 * Strict: EINPUT names the check and the key. */
pare_status pr_ready_policy_read(const char *path, pr_arena *a, pr_ready_policy *out,
                                 pare_err *err);
/* The same from text. */
pare_status pr_ready_policy_parse(pr_str text, const char *source, pr_arena *a,
                                  pr_ready_policy *out, pare_err *err);
/* Does the policy let a finding of that rule in that file pass? */
bool pr_check_allows(const pr_check_ask *ask, const char *rule, const char *file);

/* Where something was seen. */
typedef struct {
    const char *file; /* NULL: no file */
    int64_t line;     /* 0: none */
    int64_t offset;   /* -1: none */
    const char *what; /* borrowed */
} pr_check_fact;

typedef struct {
    const pr_check_rule *rule;
    pr_level level;
    pr_check_verdict verdict;
    pr_est est;   /* its figure; `why` set where it has none */
    double limit; /* as the policy asks; NAN: none */
    char why[320];
    const char *closes; /* a command or a deed; NULL: nothing is open */
    pr_check_fact evidence[PR_EVIDENCE_MAX];
    size_t n_evidence, n_seen; /* kept, and all */
} pr_check;

/* PR_CHECKS checks as the policy asks for them: off ones are NONE, the others undecided "not
 * made". */
void pr_checks_begin(const pr_ready_policy *p, pr_check *c);
/* Give the verdict in words; `closes` (borrowed, may be NULL) says what would change it. */
void pr_check_say(pr_check *c, pr_check_verdict v, const char *closes, const char *fmt, ...)
    PR_PRINTF(4, 5);
/* Judge a figure by the check's own limit: the unfavourable bound decides (stat's judge). A missing
 * figure fails. `about` begins the sentence. */
void pr_check_judge(pr_check *c, const pr_est *e, const char *about, const char *closes);
/* Judge the report's metric that the rule names, as a gate does. */
void pr_check_judge_metric(pr_check *c, const pr_metric *list, size_t n, const char *closes);
/* Note something seen; text is borrowed. */
void pr_check_note(pr_check *c, const char *file, int64_t line, int64_t offset, const char *what);

/* The verdict of one part, or (PR_PARTS) of all: FAIL if a check of level fail fails, else
 * UNDECIDED
 * if one is undecided; NONE if no check of the part was made; else PASS. */
pr_check_verdict pr_checks_verdict(const pr_check *c, pr_part part);
/* Set "parts" of an object: checks with their evidence. */
void pr_checks_put(pr_doc_build *b, pare_doc *o, const pr_check *c);

/* ---- the production checklist ---- */

enum { PR_CHECKLIST_ITEMS = 19 };
typedef struct {
    const char *phase; /* "before deployment", "deployment", "after deployment" */
    int number;        /* from 1 in its phase */
    const char *what;
    const char *proof;   /* a check ("accuracy.kept") or a part ("security") that proves it; NULL */
    const char *verb;    /* the verb whose record proves it */
    const char *command; /* to be typed; DIR stands for the directory */
    double least; /* the limit that the check must have been judged by; 0: any */
} pr_checklist_item;
const pr_checklist_item *pr_checklist_at(size_t i);
/* Does a readiness document (pr_checks_put) prove the item: every check behind it passed. If
 * not, what
 * is in its way into `why` (128 bytes), and what closes that into *closes (borrowed; NULL: not
 * known). */
bool pr_checklist_proven(const pr_checklist_item *item, const pare_doc *readiness, char *why,
                         const char **closes);
#endif
