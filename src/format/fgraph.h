/* fgraph.h - somebody else's model as a graph: part of format's door.
 *
 *   const pr_fgraph *g = pr_container_graph(c);        // NULL: this container has none
 *   for (int i = 0; i < g->n_nodes; i++) … g->nodes[i].op, g->vals[g->nodes[i].in[0]] …
 *
 * What ONNX and OpenVINO say in their own words, brought to one shape: nodes with attributes,
 * values
 * that one node makes and others read, constants whose bytes stay in the mapped file. What an
 * operator means is for the reader of that dialect (`model`).
 *
 * Always true of a graph that was given out: every index is inside its array, each value has one
 * origin (a node's output, a constant, or an input of the graph), nodes stand in an order in which
 * all that a node reads was made before it, and a constant has as many bytes as its type and shape
 * say. It lives as long as its container and never changes: any number of threads may read it. */
#ifndef PR_FGRAPH_H
#define PR_FGRAPH_H
#include "base/base.h"

enum { PR_FG_RANK = 8, PR_FG_NODES_MAX = 1 << 20 };

typedef enum {
    PR_FG_F32, PR_FG_F16, PR_FG_BF16, PR_FG_F64,
    PR_FG_I64, PR_FG_I32, PR_FG_I16, PR_FG_I8, PR_FG_I4,
    PR_FG_U64, PR_FG_U32, PR_FG_U16, PR_FG_U8, PR_FG_U4,
    PR_FG_BOOL, PR_FG_NF4, PR_FG_STR,
    PR_FG_OTHER, /* known by name only; no constant has it */
    PR_FG_TYPES
} pr_fg_type;
/* "f32", "u4" …; bits of one value, 0 for STR and OTHER. */
const char *pr_fg_type_name(pr_fg_type t);
int         pr_fg_type_bits(pr_fg_type t);

/* Bytes in a file of the container; 4-bit values lie two a byte, the lower nibble first, without a
 * gap between rows. */
typedef struct {
    pr_fg_type     type;
    int            n_dims; /* 0: one number */
    uint64_t       dim[PR_FG_RANK], count;
    const uint8_t *data; /* perhaps not aligned */
    uint64_t       bytes, offset; /* of `data` in the file */
    int            file;
} pr_fg_const;

/* ONNX has typed attributes; OpenVINO's are all TEXT. */
typedef enum { PR_FG_INT, PR_FG_FLOAT, PR_FG_TEXT, PR_FG_INTS, PR_FG_FLOATS, PR_FG_TENSOR,
               PR_FG_GRAPH } pr_fg_kind;
typedef struct {
    const char    *key;
    pr_fg_kind     kind;
    int64_t        i;
    double         f;
    pr_str         text; /* not terminated */
    const int64_t *ints;
    const double  *floats;
    size_t         n;      /* of ints or floats */
    pr_fg_const    tensor; /* TENSOR */
} pr_fg_attr;

typedef struct {
    const char *op, *domain; /* "MatMul"; "" and "com.microsoft", "opset1" … */
    const char *name;        /* for people; "" if it has none */
    int         n_in, n_out, n_attr;
    const int  *in, *out;    /* values; -1: an optional one left out */
    pr_fg_attr *attr;
} pr_fg_node;

typedef struct {
    const char *name;
    int         node, port;  /* who makes it, as which output; -1: nobody */
    int         constant;    /* index in `consts`, or -1 */
    int         input;       /* index in `inputs`, or -1 */
    int         n_uses;      /* by nodes; being an output of the graph is one more */
    bool        typed;       /* the file says the type and shape that follow */
    pr_fg_type  type;
    int         n_dims;
    int64_t     dim[PR_FG_RANK]; /* -1: known when it runs */
} pr_fg_val;

typedef struct {
    pr_arena    *arena;
    pr_fg_node  *nodes;
    pr_fg_val   *vals;
    pr_fg_const *consts;
    int         *inputs, *outputs; /* values: what the graph is given, and gives */
    int          n_nodes, n_vals, n_consts, n_inputs, n_outputs;
    const char  *producer; /* who wrote it, for people; "" if it does not say */
    int          opset;    /* ONNX: of the standard operators */
} pr_fgraph;

/* Check what was read and order it: the promises at the head of this file. The reader has filled
 * nodes (in, out), vals (name, constant, input and what is typed), consts, inputs and outputs; this
 * fills node, port and n_uses of the values, sorts the nodes and sets `count` of constants. EINPUT:
 * an index outside, two origins of a value or none, a circle, a constant of the wrong size. */
pare_status pr_fg_link(pr_fgraph *g, pare_err *err);

/* ------------------------------------------------------------------ questions */

/* Is it that operator? `domain` NULL: of any. */
bool pr_fg_is(const pr_fg_node *n, const char *op, const char *domain);
/* The attribute, or NULL. */
const pr_fg_attr *pr_fg_attr_find(const pr_fg_node *n, const char *key);
/* As a whole number or a number, also where it stands as TEXT; absent: `dflt`. EINPUT if it is
 * something else. */
pare_status pr_fg_attr_i64(const pr_fg_node *n, const char *key, int64_t dflt, int64_t *out,
                           pare_err *err);
pare_status pr_fg_attr_f64(const pr_fg_node *n, const char *key, double dflt, double *out,
                           pare_err *err);
/* TEXT that says exactly this? false if absent. */
bool pr_fg_attr_says(const pr_fg_node *n, const char *key, const char *text);
/* Input `i` of the node as a value, -1 if it has none there. */
int pr_fg_in(const pr_fg_node *n, int i);
/* The constant behind input `i` or value `v`, or NULL. */
const pr_fg_const *pr_fg_const_of(const pr_fgraph *g, int v);
/* The node that makes value `v`, or NULL. */
const pr_fg_node *pr_fg_maker(const pr_fgraph *g, int v);
/* Number `i` < count of a constant of numbers (whole ones for _i64); false: of another type. */
bool pr_fg_const_i64(const pr_fg_const *c, uint64_t i, int64_t *out);
bool pr_fg_const_f64(const pr_fg_const *c, uint64_t i, double *out);
/* Is `b` [c, r] the same numbers as `a` [r, c], turned? Of one type of whole bytes. */
bool pr_fg_const_same_turned(const pr_fg_const *a, const pr_fg_const *b);
/* PARE_EUNSUPPORTED naming the node: "node 'x' (MatMul): …". */
pare_status pr_fg_fail(const pr_fg_node *n, pare_err *err, const char *fmt, ...)
    PR_PRINTF(3, 4);
#endif
