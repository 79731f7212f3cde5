/* lower.h - the door of `lower`: a model's one graph in the words of runtimes whose weights are
 * numbers
 * in groups, each a directory that its runtime takes unchanged.
 *
 *   pr_pack_job job = {.dir = "out", .type = PR_F16, .bits = 4, .group = 32};
 *   pr_written w;
 *   PR_TRY(pr_convert_onnx(m, &job, ctl, arena, &w, err));
 *
 * Node by node, with no word about an architecture. What convert.h says of memory, bytes,
 * reasons and
 * threads holds here too. */
#ifndef PR_LOWER_H
#define PR_LOWER_H
#include "convert/convert.h"

/* What a matrix is multiplied by, as bytes with one scale: step · (q - zero). */
typedef struct {
    float  step;  /* 0: unknown, stays float */
    int    zero;  /* 0 … 255 */
    double error; /* Σ(x - rounded x)² / Σx² over the calibration text */
} pr_act;

/* A directory for a runtime whose weights are numbers in groups: MLX, ONNX Runtime, OpenVINO. */
typedef struct {
    const char *dir;   /* to make, or an empty one; else EENV */
    pr_type type;      /* of weights that stay floats, and of what computes: F32, F16 or BF16 */
    int bits;          /* of grouped weights, 2 … 8; 0: none are */
    bool fp4;          /* MLX, with 4 bits: mode mxfp4 in place of affine, groups of 32 */
    bool nf4;          /* OpenVINO, with 4 bits: NormalFloat in place of integers */
    int64_t group;     /* values per scale; 0: the format's habit */
    bool keep;         /* MLX, with bits 0: what is in groups stays in these */
    bool symmetric;    /* no zero points */
    int head_bits;     /* of embedding and head; 0: as `bits` */
    const char *dialect; /* of a format that has several, or NULL */
    const pr_act *acts; /* ONNX, OpenVINO, with 8 bits: of each weight of the model. Matrices of the
                           layers are int8 a row and their inputs rounded so, where that errs by
                           no more than PR_ACT_ERROR; the others as without. NULL: none are */
    bool exact;        /* ONNX: activations are never rounded to 8 bits beside the weights */
    bool strict;       /* a matrix that cannot be grouped so is PARE_EREFUSED */
    bool allow_inexact;
    bool no_tokenizer;
    const char *lineage; /* config.json's "pare_lineage", ONNX's metadata "pare.lineage"; or NULL */
} pr_pack_job;
/* The largest relative squared error of inputs that are rounded with one scale: inputs without
 * outliers are seen at 2e-4, the worst with them at 1e-2 (docs/quantizing.md). */
#define PR_ACT_ERROR 2e-3

/* Write `m` as a directory that mlx_lm.load takes. Groups of 32, 64 or 128 as mlx.core.quantize
 * makes them, to the bit; a matrix whose rows they do not fill stays floats, with the reason.
 * EREFUSED: mlx-lm would compute something else (each reason). */
pare_status pr_convert_mlx(const pr_model *m, const pr_pack_job *job, const pare_ctl *ctl,
                           pr_arena *a, pr_written *out, pare_err *err);

/* Write `m` as a directory with model.onnx: job->dialect "genai" (or NULL) for ONNX Runtime GenAI,
 * "standard" for any runtime of opset 23. Weights are F32 or F16, int4 and int8 in groups. EREFUSED
 * as above. */
pare_status pr_convert_onnx(const pr_model *m, const pr_pack_job *job, const pare_ctl *ctl,
                            pr_arena *a, pr_written *out, pare_err *err);

/* Write `m` as a directory that openvino.Core and openvino_genai.LLMPipeline take:
 * openvino_model.xml (IR 11, a decoder with states) and .bin, config.json, the tokenizer's
 * files, and
 * openvino_tokenizer and openvino_detokenizer where OpenVINO can say them, else a warning. 4
 * bits in groups, 128 without a wish; embedding, head and rows that no
 * group fills in 8 bits a row. EREFUSED: OpenVINO would compute something else (each reason),
 * or has no such weights. */
pare_status pr_convert_openvino(const pr_model *m, const pr_pack_job *job, const pare_ctl *ctl,
                                pr_arena *a, pr_written *out, pare_err *err);
#endif
