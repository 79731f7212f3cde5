/* flow.h - the door of `flow`: jobs that compose the rooms below. Its public face is
 * include/pare/{model,convert,measure,optimize,hw}.h; this header is for the room itself
 * and for rooms above. */
#ifndef PR_FLOW_H
#define PR_FLOW_H
#include "pare/convert.h"
#include "doc/doc.h"
#include "prune/prune.h"
#include "machine.h" /* what reports say of it: part of this door */
#include "types.h"

/* "bytes", "sha256", "bpw", "tensors", "inexact", "warnings" into `obj`. */
void pr_written_doc(pr_doc_build *b, pare_doc *obj, const pr_written *w);
/* Only "tensors", as docs/report.md has it. */
void pr_written_tensors_doc(pr_doc_build *b, pare_doc *obj, const pr_written *w);

/* "w8a8": int8 weights, and inputs that are rounded to 8 bits with scales from a text. */
bool pr_is_w8a8(const pare_convert_opts *o);
/* For w8a8 (else *out stays NULL): what each weight's inputs are rounded to, from o->calib, or
 * text/train.txt of the source. EUSAGE: there is no text. */
pare_status pr_acts_job(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                        pr_arena *a, const pr_act **out, pare_err *err);

/* What --prune asks for: *out NULL where nothing; else a model made of `m`, and what was found as
 * "pruning" of a report. EUSAGE: no text to measure on; EREFUSED: no cut saves that much. */
pare_status pr_prune_job(const pr_model *m, const char *src, const pare_convert_opts *o,
                         const pare_ctl *ctl, pr_arena *a, pr_pruned **out, pare_doc **found,
                         pare_err *err);
/* In place of pr_convert_check: o->out read back holds the weights of `m`. */
pare_status pr_prune_check(const pr_model *m, const pare_convert_opts *o, pr_doc_build *b,
                           pare_doc *c, pare_err *err);

/* `quantize` to a budget (o->bpw or o->size_bytes): types by measured sensitivity, then the file.
 * *told: how it came about ("allocation" of docs/json.md). EREFUSED: a budget that no types
 * meet. */
pare_status pr_budget_job(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pr_written *w, pare_doc **told, pare_err *err);

/* What `m` says of its licence, from `a`; NULL: nothing. */
const char *pr_licence_of(const pr_model *m, pr_arena *a);

/* The job of `convert` for MLX, ONNX and OpenVINO; `floats`: the format's usual float type. EUSAGE:
 * words that they do not know. */
pare_status pr_pack_job_of(const pare_convert_opts *o, pr_type floats, pr_pack_job *job,
                           pare_err *err);
/* `m` as o->to says, to o->out: what pare_convert() does with an open model. */
pare_status pr_convert_to(const pr_model *m, const pare_convert_opts *o, const pare_ctl *ctl,
                          pr_arena *a, pr_written *w, pare_err *err);

/* The check at the end of `convert`, into `c` (docs/json.md: `check`): what was compared, by
 * whom, or why not. EREFUSED: the runtime refuses the file, or it is another function; the file
 * stays. Else only ECANCELLED, ENOMEM, EINTERNAL. */
pare_status pr_convert_check(const pr_model *m, const char *src, const pare_convert_opts *o,
                             const pr_written *w, const pare_ctl *ctl, pr_doc_build *b, pare_doc *c,
                             pare_err *err);
#endif
