/* calib.h - calibration as `convert` and `quantize` ask for it. Private to `flow`. */
#ifndef PR_FLOW_CALIB_H
#define PR_FLOW_CALIB_H
#include "flow.h"
#include "stat/stat.h"

typedef enum { PR_WAY_AUTO, PR_WAY_PLAIN, PR_WAY_IMPORTANCE, PR_WAY_FEEDBACK } pr_calib_way;

typedef struct {
    const char *way;
    pr_est      kld; /* against the source, on text that was kept back */
} pr_calib_try;

/* How it was done. */
typedef struct pr_calibrated {
    const char  *way;
    pr_sha256    text_hash;
    int64_t      tokens;                /* that the model read */
    int          n_matrices, n_weighed; /* of the model; with importances */
    pr_calib_try tries[4];
    int          n_tries, best;
} pr_calibrated;

/* Does `o` say anything about calibration? */
bool pr_calib_asked(const pare_convert_opts *o);
/* Is its text there for --prune, and nothing else asked? */
bool pr_calib_prunes(const pare_convert_opts *o);
/* Write a GGUF file by `job` with all that `o` says about calibration; `plan` is job->user.
 * w->calibrated is from the arena. EUSAGE: words that exclude each other; EINPUT: a text or file
 * that will not do. */
pare_status pr_calib_write(const pr_model *m, const pare_convert_opts *o, pr_type_plan *plan,
                           pr_gguf_job *job, const pare_ctl *ctl, pr_arena *a, pr_written *w,
                           pare_err *err);
/* "calibration" of the report. */
void pr_calibrated_doc(pr_doc_build *b, pare_doc *obj, const pare_convert_opts *o,
                       const pr_calibrated *t);
#endif
