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

/* A calibration under way: begin, perhaps ask what was found, write, end. */
typedef struct {
    const pr_model          *m;
    const pare_convert_opts *o;
    const pare_ctl          *ctl;
    pr_arena                *a;
    pr_calib_way             way;
    pr_map                   map;
    pr_str                   learn, held; /* of the text; held is kept back, to decide by */
    pr_calib_text            text;
    pr_calib                *calib; /* NULL: nothing was gathered */
    pr_calibrated           *told;
    pr_type_plan            *plan;
    pr_gguf_job             *g;
} pr_calib_work;

/* Words are checked; then importances gathered, or read. `o` must outlive `c`. EUSAGE: words that
 * exclude each other; EINPUT: a text or file that will not do. End it also after an error. */
pare_status pr_calib_begin(pr_calib_work *c, const pr_model *m, const pare_convert_opts *o,
                           const pare_ctl *ctl, pr_arena *a, pare_err *err);
/* What the keys about calibration take in a file of `g`, at most: for a plan before begin. */
void pr_calib_plan_keys(pr_calib_work *c, const pare_convert_opts *o, pr_gguf_job *g);
/* Write a GGUF file by `g` as begin found; `plan` is g->user, or NULL where g->choose is another
 * one, which may then be asked several times over. w->calibrated is from the arena. */
pare_status pr_calib_write(pr_calib_work *c, pr_type_plan *plan, pr_gguf_job *g, pr_written *w,
                           pare_err *err);
void pr_calib_end(pr_calib_work *c);
/* "calibration" of the report. */
void pr_calibrated_doc(pr_doc_build *b, pare_doc *obj, const pare_convert_opts *o,
                       const pr_calibrated *t);
#endif
