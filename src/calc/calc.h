/* calc.h - the door of `calc`: what a small part of a foreign graph computes from a few numbers.
 *
 *   uint64_t budget = 1 << 26;
 *   pr_calc_inputs in = {.given = probe, .user = &p, .budget = &budget};
 *   pr_calc *k;
 *   const pr_calc_num *mask;
 *   PR_TRY(pr_calc_new(&k, g, &in, err));
 *   PR_GO(pr_calc_value(k, v, &mask, err));
 *   … mask->n_dims, mask->dim[i], mask->num[j] …
 *   pr_calc_free(k);
 *
 * Masks, shapes and angles can be spelt in a hundred ways, and each release of an exporter has
 * another. Whether two spellings are the same function is seen by computing both. One calculation
 * belongs to one thread; what it gives out lives as long as it. */
#ifndef PR_CALC_H
#define PR_CALC_H
#include "codec/codec.h"
#include "format/format.h"

typedef struct {
    int     n_dims;
    int64_t dim[PR_FG_RANK], count;
    double *num; /* row-major; NULL: only the shape is known */
} pr_calc_num;

typedef struct {
    /* Is this value known from outside? Fills n_dims, dim and num (borrowed, may be NULL). Asked
     * before the node that makes it; constants are not asked for. */
    bool (*given)(void *user, int value, pr_calc_num *out);
    void *user;
    uint64_t *budget; /* elements that may be computed; counts down over all that share it */
} pr_calc_inputs;

typedef struct pr_calc pr_calc;

/* `g` and `in` are borrowed. *out NULL on failure. */
pare_status pr_calc_new(pr_calc **out, const pr_fgraph *g, const pr_calc_inputs *in, pare_err *err);
void pr_calc_free(pr_calc *k); /* NULL is fine */
/* That value, computed with all that it needs, once. EUNSUPPORTED, naming the node: an operator
 * that no mask, shape or angle has, numbers that depend on the weights, a budget spent. After a
 * failure the calculation can only be freed. */
pare_status pr_calc_value(pr_calc *k, int v, const pr_calc_num **out, pare_err *err);

/* ------------------------------------------------------------------ codes.c */

/* A matrix or vector as somebody's graph has it. */
typedef struct {
    const pr_fg_const *data, *scales, *zeros; /* floats alone, or codes and what belongs to them */
    pr_group_spec spec;                       /* with scales */
    int64_t rows, cols;                       /* as it is used: cols in, rows out */
    bool turned;                              /* floats stored [cols, rows] */
    const char *name;
} pr_calc_mat;

/* Codes [rows, cols], or [rows, groups, values]; false: another shape. `name` is borrowed. */
bool pr_calc_codes(pr_calc_mat *m, const pr_fg_const *c, const char *name);
/* Less zero points, times scales: constants (NULL: none), one a row or a group; node `n` says so.
 * EUNSUPPORTED: of another type or shape. */
pare_status pr_calc_codes_less(pr_calc_mat *m, const pr_fg_node *n, const pr_fg_const *c,
                               pr_arena *arena, pare_err *err);
pare_status pr_calc_codes_times(pr_calc_mat *m, const pr_fg_node *n, const pr_fg_const *c,
                                pare_err *err);

/* ------------------------------------------------------------------ onnx_ops.c */

/* An ONNX graph in OpenVINO's words, which are those of all that is computed or matched here: the
 * same values under the same names, constants where they lie. What has no such word stays as it is.
 * `to` is filled and lives in `arena`, beside `from`. */
pare_status pr_calc_from_onnx(pr_fgraph *to, const pr_fgraph *from, pr_arena *arena,
                              pare_err *err);

/* ------------------------------------------------------------------ unround.c */

/* *g without the places where computed values are rounded to 8 or 16 bits with one scale and
 * brought back: a graph in `arena`, beside the one given; the same where there are none. *n: how
 * many there were. */
pare_status pr_calc_unround(const pr_fgraph **g, pr_arena *arena, int *n, pare_err *err);

/* ------------------------------------------------------------------ decoder.c */

/* A decoder's graph: its inputs (values, -1: it has none such), and the shapes of what depends on
 * weights for `b` texts of `t` tokens behind `past` others (false: not known). */
typedef struct {
    int ids, mask, pos, beam;
    bool (*shape)(void *user, int v, int64_t b, int64_t t, int64_t past, pr_calc_num *out);
    void *user;
    uint64_t *budget;
} pr_calc_decoder;

/* Is value `v` a decoder's mask, [B,1,T,S]: 0 or true where a token may look, elsewhere false or at
 * most -10000; keys up to the token, none that attention_mask hides, and of a window the last
 * `left` before it? Computed for two texts, one with filling, beyond every number that stands in
 * the graph, and for one from its start. *left -1: no window. EUNSUPPORTED, naming node `n`:
 * another function. */
pare_status pr_calc_mask(const pr_fgraph *g, const pr_calc_decoder *d, const pr_fg_node *n, int v,
                         int64_t *left, pare_err *err);
/* Are `vc` and `vs`, [B,1,T,dim], a magnitude times cos and sin of position times frequency, the
 * same for both halves? Then the dim / 2 frequencies into `f`. EUNSUPPORTED as above. */
pare_status pr_calc_rotation(const pr_fgraph *g, const pr_calc_decoder *d, const pr_fg_node *n,
                             int vc, int vs, int64_t dim, float *f, float *magnitude,
                             pare_err *err);

/* A calculation of shapes alone, in which no two of the sizes below are the same and none is a
 * model's: where an axis went is seen from its size. */
enum { PR_CALC_B = 16411, PR_CALC_T = 16417, PR_CALC_PAST = 16421 };
typedef struct {
    const pr_fgraph *g;
    const pr_calc_decoder *d;
    pr_calc_inputs in;
    pr_calc *calc;
} pr_calc_shapes;
pare_status pr_calc_shapes_open(pr_calc_shapes *s, const pr_fgraph *g, const pr_calc_decoder *d,
                                pare_err *err);
void pr_calc_shapes_close(pr_calc_shapes *s);
/* Has value `v` the dimensions dim[0…n-1] there? EUNSUPPORTED: they cannot be known. */
pare_status pr_calc_shape_is(pr_calc_shapes *s, int v, int n, const int64_t *dim, bool *is,
                             pare_err *err);
#endif
