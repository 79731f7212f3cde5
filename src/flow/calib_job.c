/* calib_job.c - what --calib, --imatrix, --save-imatrix and --method ask for, before and while the
 * weights are written. */
#include "flow.h"
#include "pare/convert.h"
#include <stdlib.h>

typedef struct {
    const pr_model          *m;
    const pare_convert_opts *o;
    const pare_ctl          *ctl;
    pr_arena                *a;
    pr_calib_text            text; /* none: n_windows 0 */
    pr_calib                *calib;
} job;

static pare_status from_text(job *j, pare_err *err) {
    const pare_convert_opts *o = j->o;
    pr_calib_opts co = {.max_tokens = o->calib_tokens, .dataset = pr_path_base(o->calib)};
    pr_map        map;
    PR_TRY(pr_map_open(&map, o->calib, err));
    pare_status st = pr_calib_text_cut(&j->text, j->m, (pr_str){(const char *)map.p, (size_t)map.n},
                                       &co, j->ctl, j->a, err);
    pr_map_close(&map);
    if (st == PARE_EINPUT) pr_fail_in(err, st, o->calib);
    if (st == PARE_OK) st = pr_calib_run(&j->calib, j->m, &j->text, &co, j->ctl, j->a, err);
    return st;
}

static pare_status gather(job *j, pare_err *err) {
    const pare_convert_opts *o = j->o;
    if (o->calib && o->imatrix)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a calibration text and an importance matrix: expected one of both");
    if (o->save_imatrix && !o->calib)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "an importance matrix to save, and no calibration text to make it from");
    if (o->imatrix) return pr_imatrix_read(&j->calib, o->imatrix, j->a, err);
    if (!o->calib) return PARE_OK;
    PR_TRY(from_text(j, err));
    return o->save_imatrix ? pr_imatrix_write(j->calib, o->save_imatrix, err) : PARE_OK;
}

static pare_status with_feedback(const job *j, pr_gguf_job *g, pr_written *w, pare_err *err) {
    pr_recode     *r;
    pr_recode_opts ro = {.near = g->out, .once = getenv("ONCE") != NULL, .head = getenv("HEAD") != NULL,
        .damp = getenv("DAMP") ? atof(getenv("DAMP")) : 0};
    PR_TRY(pr_recode_run(&r, j->m, g->choose, g->user, &j->text, &ro, j->ctl, j->a, err));
    g->choose = pr_recode_choose;
    g->user = r;
    pare_status st = pr_convert_gguf(pr_recode_model(r), g, j->ctl, j->a, w, err);
    if (st == PARE_OK) pr_recode_report(r, w);
    pr_recode_close(r);
    return st;
}

pare_status pr_calib_write(const pr_model *m, const pare_convert_opts *o, pr_type_plan *plan,
                           pr_gguf_job *g, const pare_ctl *ctl, pr_arena *a, pr_written *w,
                           pare_err *err) {
    job j = {.m = m, .o = o, .ctl = ctl, .a = a};
    PR_TRY(gather(&j, err));
    plan->calib = j.calib;
    plan->shape.has_imatrix = j.calib != NULL;
    if (o->method && strcmp(o->method, "gptq") == 0) return with_feedback(&j, g, w, err);
    return pr_convert_gguf(m, g, ctl, a, w, err);
}
