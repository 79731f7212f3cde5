/* acts_job.c - what --quant w8a8 asks for: scales of what the model computes, from a text, before
 * the weights are written. */
#include "flow.h"
#include <strings.h>
#include "pare/convert.h"

bool pr_is_w8a8(const pare_convert_opts *o) {
    return o->quant && strcasecmp(o->quant, "w8a8") == 0;
}

/* The pieces of that text which the model will read. */
static pare_status cut_text(const pr_model *m, const char *path, const pr_calib_opts *co,
                            const pare_ctl *ctl, pr_arena *a, pr_calib_text *out, pare_err *err) {
    pr_map map;
    PR_TRY(pr_map_open(&map, path, err));
    pare_status st = pr_calib_text_cut(out, m, (pr_str){(const char *)map.p, (size_t)map.n}, co,
                                       ctl, a, err);
    pr_map_close(&map);
    return st == PARE_EINPUT ? pr_fail_in(err, st, path) : st;
}

static pare_status acts_from(const pr_model *m, const char *path, const pare_convert_opts *o,
                             const pare_ctl *ctl, pr_arena *a, const pr_act **out, pare_err *err) {
    pr_calib_opts co = {.max_tokens = o->calib_tokens};
    pr_calib_text text;
    pr_act_range *r;
    pr_act       *act;
    PR_TRY(cut_text(m, path, &co, ctl, a, &text, err));
    PR_TRY(pr_ranges_run(&r, m, &text, ctl, a, err));
    PR_NEW(act, a, m->n_weights + 1, err);
    for (int i = 0; i < m->n_weights; i++)
        act[i] = (pr_act){r[i].scale.step, r[i].scale.zero, r[i].error};
    *out = act;
    return PARE_OK;
}

pare_status pr_acts_job(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                        pr_arena *a, const pr_act **out, pare_err *err) {
    const char *path = o->calib;
    *out = NULL;
    if (!pr_is_w8a8(o)) return PARE_OK;
    bool method = o->method && strcmp(o->method, "auto") != 0;
    if (o->imatrix || o->save_imatrix || method)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "w8a8 takes ranges from a text, which no importance matrix or method has: "
                       "expected --calib TEXT alone");
    if (!path && !(path = pr_path_join(a, m->path, "text/train.txt")))
        return pr_fail_nomem(err, 4096);
    if (!o->calib && !pr_path_exists(path))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "w8a8 rounds what the model computes by ranges from a text: expected "
                       "--calib TEXT (the source has no text/train.txt)");
    return acts_from(m, path, o, ctl, a, out, err);
}
