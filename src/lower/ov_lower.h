/* ov_lower.h - the graph as an OpenVINO model. Private to `lower`. */
#ifndef PR_OV_LOWER_H
#define PR_OV_LOWER_H
#include "format/format.h"
#include "acts.h"

/* What the graph's nodes become, down to the result and the states; weights[i] is the value of
 * m->weights[i] as float32, acts[i] what its product rounds its input to (NULL: nothing). */
pare_status pr_ov_lower(pr_ov *g, const pr_model *m, const pr_ov_val *weights,
                        const pr_act *const *acts, pare_err *err);
/* openvino_tokenizer and openvino_detokenizer, .xml and .bin, into `dir`. EREFUSED: their
 * operations
 * cannot say this tokenizer (the message says what); nothing is written then. */
pare_status pr_ov_tokenizer(const pr_model *m, const char *dir, pr_arena *a, pare_err *err);
#endif
