/* onnx.h - writing an ONNX model: part of format's door.
 *
 *   pr_onnx *g;
 *   PR_TRY(pr_onnx_new(&g, err));
 *   pr_onnx_opset(g, "", 21);
 *   pr_onnx_input(g, "x", PR_ONNX_F32, 2, (const char *[]){"batch", "256"});
 *   pr_onnx_node(g, "Add", "", (const char *[]){"x", "one", NULL}, (const char *[]){"y", NULL});
 *   pr_onnx_attr_int(g, "axis", -1);               // of the last node
 *   …
 *   return pr_onnx_write(g, path, err);            // frees g
 *
 * Weights lie in a file of their own (external data), which the caller writes. Names are copied.
 * A failure (a name too long, over 64 MB of graph) is kept and given out by pr_onnx_write. The same
 * calls give the same bytes. One thread. Fields: onnx.proto of ONNX 1.23. */
#ifndef PR_ONNX_H
#define PR_ONNX_H
#include "base/base.h"

typedef enum { /* TensorProto.DataType */
    PR_ONNX_F32 = 1,
    PR_ONNX_U8 = 2,
    PR_ONNX_I8 = 3,
    PR_ONNX_I32 = 6,
    PR_ONNX_I64 = 7,
    PR_ONNX_BOOL = 9,
    PR_ONNX_F16 = 10,
    PR_ONNX_BF16 = 16,
    PR_ONNX_U4 = 21,
    PR_ONNX_I4 = 22
} pr_onnx_type;

typedef struct pr_onnx pr_onnx;
pare_status pr_onnx_new(pr_onnx **out, pare_err *err);
void pr_onnx_free(pr_onnx *g); /* NULL is fine */
void pr_onnx_opset(pr_onnx *g, const char *domain, int version);
/* dims: "256" is a size, other words are symbols. */
void pr_onnx_input(pr_onnx *g, const char *name, pr_onnx_type t, int n_dims,
                   const char *const *dims);
void pr_onnx_output(pr_onnx *g, const char *name, pr_onnx_type t, int n_dims,
                    const char *const *dims);
/* Names end with NULL; "" leaves an optional one out. The node is named after its first output. */
void pr_onnx_node(pr_onnx *g, const char *op, const char *domain, const char *const *inputs,
                  const char *const *outputs);
void pr_onnx_attr_int(pr_onnx *g, const char *name, int64_t v);
void pr_onnx_attr_float(pr_onnx *g, const char *name, float v);
void pr_onnx_attr_ints(pr_onnx *g, const char *name, const int64_t *v, int n);
/* Small constants, inside the file; n_dims 0 is one number. */
void pr_onnx_const_i64(pr_onnx *g, const char *name, int n_dims, const int64_t *v, int n);
void pr_onnx_const_f32(pr_onnx *g, const char *name, float v);
void pr_onnx_const_u8(pr_onnx *g, const char *name, uint8_t v);
/* A weight at `offset` of `file` beside the model. */
void pr_onnx_weight(pr_onnx *g, const char *name, pr_onnx_type t, int n_dims,
                    const int64_t *dims, const char *file, uint64_t offset, uint64_t bytes);
/* Key and value for people and tools. */
void pr_onnx_meta(pr_onnx *g, const char *key, const char *value);
/* Frees `g` either way. */
pare_status pr_onnx_write(pr_onnx *g, const char *path, pare_err *err);
#endif
