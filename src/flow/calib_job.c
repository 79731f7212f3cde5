/* calib_job.c - what --calib, --imatrix and --save-imatrix ask for: importances before the weights
 * are written. */
#include "flow.h"
#include "pare/convert.h"

static pare_status from_text(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                             pr_arena *a, pr_calib **out, pare_err *err) {
    pr_calib_opts co = {.max_tokens = o->calib_tokens, .dataset = pr_path_base(o->calib)};
    pr_calib_text text;
    pr_map        map;
    PR_TRY(pr_map_open(&map, o->calib, err));
    pare_status st = pr_calib_text_cut(&text, m, (pr_str){(const char *)map.p, (size_t)map.n}, &co,
                                       ctl, a, err);
    pr_map_close(&map);
    if (st == PARE_EINPUT) pr_fail_in(err, st, o->calib);
    if (st == PARE_OK) st = pr_calib_run(out, m, &text, &co, ctl, a, err);
    return st;
}

pare_status pr_calib_job(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                         pr_arena *a, pr_calib **out, pare_err *err) {
    *out = NULL;
    if (o->calib && o->imatrix)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "a calibration text and an importance matrix: expected one of both");
    if (o->save_imatrix && !o->calib)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "an importance matrix to save, and no calibration text to make it from");
    if (o->imatrix) return pr_imatrix_read(out, o->imatrix, a, err);
    if (!o->calib) return PARE_OK;
    PR_TRY(from_text(m, o, ctl, a, out, err));
    return o->save_imatrix ? pr_imatrix_write(*out, o->save_imatrix, err) : PARE_OK;
}
