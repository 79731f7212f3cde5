/* onnx_steps.h - the graph in ONNX's words. Private to `lower`. */
#ifndef PR_ONNX_STEPS_H
#define PR_ONNX_STEPS_H
#include "acts.h"

/* The two ways in which ONNX says a decoder. */
typedef enum {
    PR_ONNX_GENAI,   /* com.microsoft's operators, for ONNX Runtime GenAI */
    PR_ONNX_STANDARD /* ai.onnx of opset 23 alone */
} pr_onnx_way;

typedef struct {
    const pr_model *m;
    const pr_outline *o;
    const pr_pack_job *job;
    pr_onnx_way way;
    pr_onnx *g;
    pr_onnx_type t; /* of all floats */
    bool positions; /* position_ids is an input */
    char (*val)[32]; /* name of each value of the graph */
    bool *rounded;   /* of each value: there is NAME.rounded, too */
} pr_lower;

/* Does the runtime rotate q and k of this layer inside its attention? */
bool pr_lower_fuses_rope(const pr_lower *l, int layer);
/* Nodes, inputs and outputs of the whole graph. The weights stand under their outline's names
 * (matrices turned, unless in groups), groups as NAME.codes, NAME.scales, NAME.zeros (int8 a
 * row as matrix and vector); the tables of rotation as "rope.cos" and "rope.sin". */
pare_status pr_lower_graph(pr_lower *l, pare_err *err);
#endif
