/* pare/ready.h - is a result ready to be shipped?
 *
 *   pare_ready_opts o = {0};
 *   pare_doc *d;
 *   if (pare_ready("out", &o, &ctl, &d, &err) != PARE_OK) …
 *   puts(pare_doc_str(pare_doc_get(d, "verdict")));     // "pass", "fail", "undecided"
 *
 * Five parts: accuracy, performance, robustness, security, compliance (docs/readiness.md). */
#ifndef PARE_READY_H
#define PARE_READY_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *policy;     /* a readiness policy; NULL: the built-in one */
    const char
        *text; /* UTF-8 to try robustness on; NULL: that of the report, or text/heldout.txt */
    const char *against;    /* the source; NULL: that of the report, or the model itself */
    const char *advisories; /* what is known of runtimes; NULL: what was built in */
    int         passages;   /* of text, per kind of noise; 0: 32 */
    int64_t     n_ctx;      /* long contexts are tried up to this; 0: 4096 */
    uint64_t    seed;
} pare_ready_opts;

/* Validate `path`: a directory that pare_optimize() wrote (or its report.json), or a model. Of a
 * directory of optimize the records go into its pare.db, and "readiness" into its report.json.
 * `*out`: {"verdict","parts":[{"part","verdict","checks":[…]}],"open":[…]}; the caller frees it.
 * PARE_OK whatever the verdict. */
PARE_API pare_status pare_ready(const char *path, const pare_ready_opts *opts, const pare_ctl *ctl,
                                pare_doc **out, pare_err *err);

/* The production checklist for the directory `dir` of pare_optimize(): nineteen points, each ticked
 * only where a record in its pare.db proves it. `verbs` (NULL at the end; may be NULL) are the
 * commands that exist, so that a point which none of them proves says so. Nothing is measured or
 * written. `*out`: {"items":[{"phase","number","what","ticked","record","closes",…}],…}. */
PARE_API pare_status pare_checklist(const char *dir, const char *const *verbs, pare_doc **out,
                                    pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
