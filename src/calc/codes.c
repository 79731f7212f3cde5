/* codes.c - the matrix that whole numbers, their zero points and their scales make in OpenVINO's
 * pattern: converted, less zero points, times scales. Always true: the bytes stay where they lie,
 * but for zero points that no row of groups can say. */
#include "calc.h"

enum { WIDTH_MAX = 1 << 24 };

#define NEED(cond, n, ...)                                     \
    do {                                                       \
        if (!(cond)) return pr_fg_fail((n), err, __VA_ARGS__); \
    } while (0)

static pr_type float_type(pr_fg_type t) {
    return t == PR_FG_F32    ? PR_F32
           : t == PR_FG_F16  ? PR_F16
           : t == PR_FG_BF16 ? PR_BF16
                             : PR_TYPE_N;
}

bool pr_calc_codes(pr_calc_mat *m, const pr_fg_const *c, const char *name) {
    int64_t groups = c->n_dims == 3 ? (int64_t)PR_MIN(c->dim[1], (uint64_t)WIDTH_MAX) : 1;
    uint64_t each = c->n_dims >= 2 ? c->dim[c->n_dims - 1] : 0;
    if (c->n_dims < 2 || c->n_dims > 3 || c->dim[0] < 1 || c->dim[0] > WIDTH_MAX || each < 1 ||
        each > WIDTH_MAX || groups < 1 || (uint64_t)groups * each > WIDTH_MAX)
        return false;
    *m = (pr_calc_mat){.data = c, .rows = (int64_t)c->dim[0], .cols = groups * (int64_t)each,
                       .name = name,
                       .spec = {.bits = pr_fg_type_bits(c->type),
                                .group = groups > 1 ? (int64_t)each : 0,
                                .rule = c->type == PR_FG_NF4 ? PR_GROUP_NF4 : PR_GROUP_SYM,
                                .twos = c->type == PR_FG_I4 || c->type == PR_FG_I8}};
    return true;
}

/* The shape of scales and zero points: one a row, or one a group. */
static bool one_each(const pr_calc_mat *m, const pr_fg_const *c) {
    uint64_t groups = m->spec.group ? (uint64_t)(m->cols / m->spec.group) : 1;
    if (c->n_dims != m->data->n_dims || c->dim[0] != (uint64_t)m->rows) return false;
    return c->n_dims == 2 ? c->dim[1] == 1 : c->dim[1] == groups && c->dim[2] == 1;
}

/* Halves of bytes that cross rows, or one number for all: a byte each, which are few. */
static pare_status widen_zeros(pr_calc_mat *m, const pr_fg_node *n, const pr_fg_const *c,
                               pr_arena *arena, pare_err *err) {
    uint64_t count = (uint64_t)m->rows * (m->spec.group ? (uint64_t)(m->cols / m->spec.group) : 1);
    pr_fg_const *wide;
    uint8_t *p;
    int64_t z;
    PR_NEW(wide, arena, 1, err);
    PR_NEW(p, arena, count + 1, err);
    for (uint64_t i = 0; i < count; i++) {
        NEED(pr_fg_const_i64(c, c->count == 1 ? 0 : i, &z), n, "a zero point that is no number");
        p[i] = (uint8_t)z;
    }
    *wide = (pr_fg_const){.type = PR_FG_U8, .n_dims = 1, .dim = {count}, .count = count, .data = p,
                          .bytes = count, .file = c->file, .offset = c->offset};
    m->zeros = wide;
    m->spec.wide_zeros = true;
    return PARE_OK;
}

pare_status pr_calc_codes_less(pr_calc_mat *m, const pr_fg_node *n, const pr_fg_const *c,
                               pr_arena *arena, pare_err *err) {
    int64_t z, middle = (int64_t)1 << (m->spec.bits - 1);
    double x = 0;
    NEED(c && !m->spec.twos && m->spec.rule == PR_GROUP_SYM, n,
         "takes from codes what are no constant zero points, or twice");
    if (c->count == 1 && pr_fg_const_f64(c, 0, &x) && x == (double)middle)
        return PARE_OK; /* what symmetric codes are stored with */
    m->spec.rule = PR_GROUP_ASYM;
    NEED(c->type == m->data->type && (c->count == 1 || one_each(m, c)), n,
         "zero points of another type or shape than its codes have");
    bool rows_whole = m->spec.bits == 8 || m->cols / PR_MAX(m->spec.group, 1) % 2 == 0;
    if (m->spec.bits == 4 && !m->spec.group) rows_whole = false;
    NEED(pr_fg_const_i64(c, 0, &z), n, "zero points that are no numbers");
    if (c->count == 1 || !rows_whole) return widen_zeros(m, n, c, arena, err);
    m->zeros = c;
    return PARE_OK;
}

pare_status pr_calc_codes_times(pr_calc_mat *m, const pr_fg_node *n, const pr_fg_const *c,
                                pare_err *err) {
    pr_group_row r;
    NEED(c && float_type(c->type) != PR_TYPE_N && one_each(m, c), n,
         "scales that are no constant floats, one a row or a group");
    m->scales = c;
    m->spec.scale = float_type(c->type);
    NEED(pr_group_row_of(&m->spec, m->cols, &r), n, "rows of %lld in groups of %lld of %d bits",
         (long long)m->cols, (long long)m->spec.group, m->spec.bits);
    NEED(m->data->bytes == (uint64_t)m->rows * r.codes, n, "rows of codes that are no whole bytes");
    return PARE_OK;
}
