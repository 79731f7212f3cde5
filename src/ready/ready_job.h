/* ready_job.h - one validation, between the files of `ready`. Everything lives in the arena. */
#ifndef PR_READY_JOB_H
#define PR_READY_JOB_H
#include "ready.h"
#include "robust.h"
#include "scan/scan.h"
#include "store/store.h"

typedef struct {
    const pare_ready_opts *o;
    const pare_ctl *ctl;
    pr_arena *a;
    const char *path; /* as given */
    const char *dir;  /* of the report, or the model */
    const char *report_path; /* NULL: there is none */
    pare_doc *report;
    const pare_doc *variant;  /* the choice; NULL without a report */
    const char *name;         /* of what is judged */
    const char *artefact, *source_path, *text_path; /* NULL: not known, or not there */
    char artefact_sha[65];    /* "": not hashed */
    pr_model *model,
        *source; /* NULL: could not be opened (model_err), or is not there; may be equal */
    pare_err model_err;
    pr_type state;
    pr_metric *metrics;
    size_t n_metrics;
    pr_store *store; /* NULL: no records */
    pr_scan scan, source_scan; /* the latter empty where the source is not there */
    pr_known known;
    pr_ready_policy policy;
    pr_check c[PR_CHECKS];
} ready_job;

/* The check of that id. */
pr_check *ready_check(ready_job *j, const char *id);
/* Text in the arena; "" without memory. */
const char *ready_text(ready_job *j, const char *fmt, ...) PR_PRINTF(2, 3);

/* The parts. They fail only for memory, cancelling and our own faults. */
pare_status ready_measured(ready_job *j, pare_err *err);   /* accuracy, performance */
pare_status ready_robust(ready_job *j, pare_err *err);
pare_status ready_security(ready_job *j, pare_err *err);
pare_status ready_compliance(ready_job *j, pare_err *err);
pare_status ready_signature(ready_job *j, pare_err *err); /* of security: after its hashes */
/* A certificate lies beside the report: it covers the report, which is then left as it is. */
bool ready_certified(const ready_job *j);

/* SHA-256 of a file, or of what `sha256sum ./NAME…` prints of a folder's files (docs/report.md). */
pare_status ready_hash(ready_job *j, const char *path, char hex[65], pare_err *err);
/* The record of `kind` whose body has `value` at `key`, if its own hash holds: its key and its time
 * (`when` has 32 bytes). *found false: there is none. */
pare_status ready_record_find(pr_store *s, const char *kind, const char *key, const char *value,
                              char id[65], char *when, bool *found, pare_err *err);
/* Add a record as all others are: its text's hash beside it. */
pare_status ready_record_put(pr_store *s, const char key[65], const char *kind,
                             const pare_doc *body, pare_err *err);
/* The body of a record if its hash holds, else NULL; the caller frees it. */
pare_doc *ready_record_body(pr_str text);
#endif
