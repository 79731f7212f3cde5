/* types.h - hands `convert` the quantizer's choice of types. Private to `flow`. */
#ifndef PR_TYPES_H
#define PR_TYPES_H
#include "lower/lower.h"
#include "quant/quant.h"

/* A mix being applied to one model; one use per conversion. */
typedef struct {
    const pr_mix *mix;
    pr_mix_shape  shape;
    pr_mix_count  count;
    bool          strict; /* a tensor that cannot take its type is PARE_EREFUSED */
    const pr_calib *calib; /* whose importances the encoders get; NULL: none */
} pr_type_plan;

/* For the mix called `quant`. PARE_EUSAGE lists the names there are. */
pare_status pr_type_plan_init(pr_type_plan *p, const pr_model *m, const char *quant,
                              bool strict, pare_err *err);
/* A pr_choose_fn; `user` is the plan. */
pare_status pr_type_plan_choose(void *user, const pr_model *m, const pr_weight *w,
                                const char *name, pr_choice *out, pare_err *err);

/* What a file of this mix will be, without making it: bytes of all tensors and of those that
 * fell back. */
typedef struct {
    uint64_t tensor_bytes;
    double   bpw;
    int      n_fallback;
    int64_t  fallback_weights;
    char     first_why[160]; /* of the first that fell back: "name: reason"; "" */
} pr_type_forecast;
pare_status pr_type_plan_forecast(const pr_model *m, const char *quant, pr_type_forecast *out,
                                  pare_err *err);

/* The name of the source's own precision ("BF16"): the type most of its matrix bytes have. */
const char *pr_source_precision(const pr_model *m);
/* What the model was read from: "hf", "mlx", or its container's name ("gguf"). */
const char *pr_source_format(const pr_model *m);
#endif
