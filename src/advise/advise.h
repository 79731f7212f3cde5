/* advise.h - the door of `advise`: which framework, format and quantization, by rules in a file.
 *
 *   pr_rules r;
 *   PR_TRY(pr_rules_read(NULL, arena, &r, err));                // the shipped rules
 *   pr_advise_ask ask = {.model = assessed, .target = &t, .target_stated = true};
 *   PR_GO(pr_advise(&r, &ask, &answer, err));                   // a document
 *   …
 *   pare_doc_free(answer); pr_rules_done(&r);
 *
 * No rule of the field stands in code: rules/recommend.yaml has them (docs/recommend.md), and is
 * compiled in. Rules do not change once read: any thread may use them. */
#ifndef PR_ADVISE_H
#define PR_ADVISE_H
#include "base/base.h"
#include "doc/doc.h"
#include "target/target.h"

enum { PR_RULES_BYTES_MAX = 1 << 16, PR_RULES_NEEDS = 8, PR_RULES_FRAMEWORKS = 16 };

typedef struct {
    pare_doc   *doc;    /* checked: what the deciding code looks up is there, of its kind */
    const char *name;   /* of the rules; borrowed from doc */
    const char *source; /* the path, or "shipped"; in the arena */
} pr_rules;

/* The rules of `path` (NULL: the shipped ones). EINPUT, with what was found and what was
 * expected, for a file that does not hold together: unknown keys, frameworks that are not
 * listed, ids said twice, no rule or strategy that takes what others leave. `*out` is zero then. */
pare_status pr_rules_read(const char *path, pr_arena *a, pr_rules *out, pare_err *err);
/* The same of text; `source` is what errors call it, copied. */
pare_status pr_rules_parse(pr_str text, const char *source, pr_arena *a, pr_rules *out,
                           pare_err *err);
/* Free the tree. Zero is fine. */
void pr_rules_done(pr_rules *r);

typedef struct {
    const pare_doc  *model;         /* as pare_assess tells it; never NULL */
    const pr_target *target;        /* NULL: none; then platforms and limits play no part */
    bool             target_stated; /* somebody named it; else a purpose goes before it */
    const char      *purpose;       /* as in the rules; NULL: none */
    const char      *style;         /* "prototyping", "enterprise"; NULL: what the rule says */
    const char     **needs;         /* of the requirement matrix; ≤ PR_RULES_NEEDS */
    size_t           n_needs;
    int64_t          context;   /* positions whose state must fit; 0: the model's own */
    int64_t          max_bytes; /* of the file, -1: no limit beside the target's */
    int64_t          max_memory;
    double           max_ratio; /* of a gate: weights and state against the source's; NAN: none */
} pr_advise_ask;

/* The answer as a document: "rule" (id, because), "first", "second" and "passed_over", the
 * "strategy" of each with every type that was replaced and why. "first" is null, with "reason",
 * where nothing is possible. EUSAGE for a purpose, style or need that the rules do not know (the
 * message lists those that they do). Owned by the caller; NULL on failure. */
pare_status pr_advise(const pr_rules *r, const pr_advise_ask *ask, pare_doc **out, pare_err *err);
#endif
