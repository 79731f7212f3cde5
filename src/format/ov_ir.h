/* ov_ir.h - an OpenVINO model in the making: layers that name the layers they read, and
 * constants with places in the .bin. Part of format's door.
 *
 *   pr_ov g;
 *   pr_ov_init(&g, arena, 64);
 *   pr_ov_val x = pr_ov_parameter(&g, "x", PR_OV_F32, PR_OV_S(-1, 8));
 *   ...
 *   pr_ov_put(&g, NULL, 0, &xml);   // then write g.bytes bytes of constants where they lie
 *
 * A model in the making belongs to one thread and lives as long as its arena.
 *
 * A value is the first output of a layer, and its number the layer's; others are named by
 * pr_ov_port(). Shapes are what OpenVINO
 * infers too: -1 stands for what is known when it runs. A failure (no memory) is kept in
 * `failed`; until pr_ov_put() is asked nobody need look. Facts: OpenVINO 2026.4, IR 11. */
#ifndef PR_FORMAT_OV_IR_H
#define PR_FORMAT_OV_IR_H
#include "base/base.h"

typedef enum {
    PR_OV_F32,
    PR_OV_F16,
    PR_OV_BF16,
    PR_OV_I64,
    PR_OV_I32,
    PR_OV_BOOL,
    PR_OV_U4,
    PR_OV_I4,
    PR_OV_U8,
    PR_OV_I8,
    PR_OV_NF4,
    PR_OV_STRING
} pr_ov_type;

typedef int pr_ov_val;
enum { PR_OV_RANK = 5, PR_OV_INPUTS = 20, PR_OV_ATTRS = 6, PR_OV_MORE = 5 };

typedef struct {
    int rank;
    int64_t dim[PR_OV_RANK];
} pr_ov_shape;
/* PR_OV_S(-1, 8, -1, 32); PR_OV_SCALAR: no dimension. */
#define PR_OV_S(...)                                              \
    ((pr_ov_shape){sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), {__VA_ARGS__}})
#define PR_OV_SCALAR ((pr_ov_shape){0, {0}})

typedef struct {
    const char *type, *opset;
    const char *name;   /* for people; unique */
    const char *tensor; /* name of the output by which callers find it, or NULL */
    const char *key[PR_OV_ATTRS], *value[PR_OV_ATTRS];
    pr_ov_val in[PR_OV_INPUTS];
    int n_in;
    pr_ov_type as;
    pr_ov_shape shape;
    pr_ov_type more_as[PR_OV_MORE]; /* of further outputs */
    pr_ov_shape more_shape[PR_OV_MORE];
    int n_more;
    bool decompression; /* marked: a constant's Convert that plug-ins shall not fold */
    bool is_const;
    uint64_t at, bytes; /* of a constant, in the .bin */
    const void *data;   /* its bytes; NULL: a weight, written by others */
} pr_ov_layer;

typedef struct {
    pr_arena *arena;
    uint64_t bytes; /* of all constants so far */
    unsigned align; /* of each constant; a power of two */
    pr_ov_layer *layers;
    int n, cap;
    const char *where; /* begins the names of layers made from now on; "" at first */
    bool failed;
} pr_ov;

void pr_ov_init(pr_ov *g, pr_arena *a, unsigned align);
pr_ov_val pr_ov_parameter(pr_ov *g, const char *name, pr_ov_type as, pr_ov_shape shape);
/* Constants known now, kept by value; equal ones are made once. */
pr_ov_val pr_ov_i64(pr_ov *g, int n, const int64_t *v);
pr_ov_val pr_ov_i64_one(pr_ov *g, int64_t v); /* a scalar */
pr_ov_val pr_ov_f32(pr_ov *g, pr_ov_shape shape, const float *v);
/* A constant whose bytes another writes at the place *at. `name` is borrowed. */
pr_ov_val pr_ov_weight(pr_ov *g, const char *name, pr_ov_type as, pr_ov_shape shape,
                       uint64_t bytes, uint64_t *at);
/* An operation; inputs from `in`. `type` and `opset` are borrowed. */
pr_ov_val pr_ov_op(pr_ov *g, const char *type, const char *opset, pr_ov_type as,
                   pr_ov_shape shape, int n, const pr_ov_val *in);
/* One more output of the layer of `v`; its value. For reading by pr_ov_op() alone. */
pr_ov_val pr_ov_more(pr_ov *g, pr_ov_val v, pr_ov_type as, pr_ov_shape shape);
/* Output `port` (0: `v` itself) of a layer with more than one. */
pr_ov_val pr_ov_port(pr_ov_val v, int port);
/* A constant of any type, kept by value; the empty one has no bytes. */
pr_ov_val pr_ov_bytes(pr_ov *g, pr_ov_type as, pr_ov_shape shape, const void *p, uint64_t bytes);
/* The output's name by which callers find it; borrowed. */
void pr_ov_name(pr_ov *g, pr_ov_val v, const char *tensor);
/* An attribute of the layer of `v`; both texts are borrowed. */
void pr_ov_attr(pr_ov *g, pr_ov_val v, const char *key, const char *value);
pr_ov_val pr_ov_convert(pr_ov *g, pr_ov_val x, pr_ov_type to);
pr_ov_shape pr_ov_shape_of(const pr_ov *g, pr_ov_val v);

/* The model as IR 11. `options`: n pairs of key and value of rt_info's runtime_options. */
void pr_ov_put(const pr_ov *g, const char *const (*options)[2], int n, pr_buf *to);
/* The same with the net's name, and with the pairs in rt_info itself. */
void pr_ov_put_named(const pr_ov *g, const char *name, const char *const (*info)[2], int n,
                     pr_buf *to);
#endif
