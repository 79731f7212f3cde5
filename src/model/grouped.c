/* grouped.c - weights of short numbers in groups, as mlx-lm stores them, and the one way from a
 * weight of any kind to its values.
 *
 * A matrix x.weight of codes in words of 32 bits has x.scales and (but in mode mxfp4) x.biases
 * beside it, and
 * config.json's "quantization" says bits and group of all, and by path those of layers that
 * differ. Always true once bound: the three tensors have the shapes that the configuration
 * implies. Facts: mlx 0.32.4, mlx-lm 0.32.2 (utils.py: load_model, quantize_model). */
#include "arch.h"
#include <stdio.h>

enum { GROUP_MAX = 1 << 16, GROUP_USUAL = 64, GROUP_FP4 = 32, BITS_USUAL = 4 };

static const pare_doc *said(const pare_doc *config) {
    return pare_doc_get(config, "quantization");
}

static bool says_groups(const pare_doc *config) {
    return pare_doc_kind(said(config)) == PARE_DOC_OBJECT;
}

bool pr_mlx_wrote(const pare_doc *config, const pr_container *file) {
    const pr_meta *f = file ? pr_container_meta_find(file, "format") : NULL;
    if (says_groups(config)) return true;
    return f && f->type == PR_META_STR && f->n == 3 && memcmp(f->v.s, "mlx", 3) == 0;
}

/* ------------------------------------------------------------------ words */

static bool known_bits(int64_t bits) {
    return (bits >= 2 && bits <= 6) || bits == 8;
}

/* {"group_size": 64, "bits": 4, "mode": "affine"}; what is silent is as mlx has it. */
static pare_status read_spec(const pare_doc *o, const char *path, pr_group_spec *g,
                             pare_err *err) {
    int64_t group, bits;
    pr_str  mode;
    PR_TRY(pr_json_opt_str(o, "mode", &mode, err));
    bool fp4 = mode.p && pr_str_eq(mode, PR_STR("mxfp4"));
    if (mode.p && !fp4 && !pr_str_eq(mode, PR_STR("affine")))
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "quantization of %s: mode '%.*s' is not supported, only affine and mxfp4",
                       path, (int)PR_MIN(mode.n, 32), mode.p);
    PR_TRY(pr_json_opt_i64(o, "group_size", INT32_MIN, INT32_MAX,
                           fp4 ? GROUP_FP4 : GROUP_USUAL, &group, err));
    PR_TRY(pr_json_opt_i64(o, "bits", INT32_MIN, INT32_MAX, BITS_USUAL, &bits, err));
    if (!known_bits(bits))
        return pr_fail(err, PARE_EINPUT, -1,
                       "quantization of %s: %lld bits, expected 2, 3, 4, 5, 6 or 8", path,
                       (long long)bits);
    if (group < 32 || group > GROUP_MAX || group % 32 != 0)
        return pr_fail(err, PARE_EINPUT, -1,
                       "quantization of %s: groups of %lld, expected a multiple of 32", path,
                       (long long)group);
    if (fp4 && (bits != BITS_USUAL || group != GROUP_FP4))
        return pr_fail(err, PARE_EINPUT, -1,
                       "quantization of %s: %lld bits in groups of %lld, mxfp4 has 4 in 32", path,
                       (long long)bits, (long long)group);
    *g = (pr_group_spec){
        .bits = (int)bits, .group = group, .rule = fp4 ? PR_GROUP_FP4 : PR_GROUP_MLX};
    return PARE_OK;
}

static pare_status check_paths(const pr_model *m, const pare_doc *q, pare_err *err) {
    char name[160];
    for (pare_doc_iter it = {0}; pare_doc_next(q, &it);) {
        if (pare_doc_kind(it.value) != PARE_DOC_OBJECT) continue;
        int n = snprintf(name, sizeof name, "%s.scales", it.key);
        if (n > 0 && n < (int)sizeof name && pr_container_find(m->file, name)) continue;
        return pr_fail(err, PARE_EINPUT, -1,
                       "quantization names '%.100s', but the weights have no '%.100s.scales'",
                       it.key, it.key);
    }
    return PARE_OK;
}

static pare_status check_words(const pr_model *m, pare_err *err) {
    const pare_doc *q = said(m->config);
    pare_doc_type   kind = pare_doc_kind(q);
    pr_group_spec   g;
    bool            on;
    if (!m->config || kind <= PARE_DOC_NULL) return PARE_OK;
    if (kind != PARE_DOC_OBJECT) {
        PR_TRY(pr_json_get_bool(m->config, "quantization", &on, err));
        if (!on) return PARE_OK;
        return pr_fail(err, PARE_EINPUT, -1,
                       "quantization: true, expected false or group_size and bits");
    }
    if (!pare_doc_get(q, "group_size") || !pare_doc_get(q, "bits"))
        return pr_fail(err, PARE_EINPUT, -1, "quantization lacks '%s'",
                       pare_doc_get(q, "bits") ? "group_size" : "bits");
    PR_TRY(read_spec(q, "the model", &g, err));
    return check_paths(m, q, err);
}

static pare_status in_config(const pr_model *m, pare_status st, pare_err *err) {
    char *path = pr_path_join(m->arena, m->path, "config.json");
    return st == PARE_OK || !path ? st : pr_fail_in(err, st, path);
}

pare_status pr_groups_check(const pr_model *m, pare_err *err) {
    return in_config(m, check_words(m, err), err);
}

/* ------------------------------------------------------------------ binding */

static pare_status check_part(const pr_model *m, const pr_tensor *t, pr_type type, int64_t rows,
                              int64_t cols, const pr_group_spec *g, pare_err *err) {
    bool fits = t->type == type && t->n_dims == 2 && t->dim[0] == (uint64_t)rows &&
                t->dim[1] == (uint64_t)cols;
    char got[64] = "", how[32];
    if (fits) return PARE_OK;
    for (int i = 0, n = 0; i < t->n_dims && n < (int)sizeof got; i++)
        n += snprintf(got + n, sizeof got - (size_t)n, "%s%llu", i ? ", " : "",
                      (unsigned long long)t->dim[i]);
    pr_group_name(g, how);
    pr_fail(err, PARE_EINPUT, (int64_t)t->offset,
            "tensor '%s' is %s [%s]; the configuration (%s) implies %s [%lld, %lld]", t->name,
            pr_type_get(t->type)->name, got, how, pr_type_get(type)->name, (long long)rows,
            (long long)cols);
    return pr_fail_in(err, PARE_EINPUT, pr_container_path(m->file, t->file));
}

/* The three tensors of a weight whose groups are `g`; g->scale is what the scales are. */
static pare_status check_parts(const pr_model *m, const pr_weight *w, pr_group_spec *g,
                               pare_err *err) {
    pr_group_row r;
    pr_type      s = w->scales->type;
    bool fp4 = g->rule == PR_GROUP_FP4;
    if (!fp4 && s != PR_F16 && s != PR_BF16 && s != PR_F32)
        return pr_fail(err, PARE_EUNSUPPORTED, (int64_t)w->scales->offset,
                       "tensor '%s': type %s, expected F16, BF16 or F32", w->scales->name,
                       pr_type_get(s)->name);
    g->scale = fp4 ? PR_BF16 : s; /* which holds every value of mxfp4 */
    if (!pr_group_row_of(g, w->cols, &r))
        return pr_fail(err, PARE_EINPUT, (int64_t)w->src->offset,
                       "tensor '%s': rows of %lld are no whole groups of %lld", w->src->name,
                       (long long)w->cols, (long long)g->group);
    PR_TRY(check_part(m, w->src, PR_U32, w->rows, (int64_t)(r.codes / 4), g, err));
    PR_TRY(check_part(m, w->scales, fp4 ? PR_U8 : s, w->rows, r.groups, g, err));
    if (fp4) return PARE_OK;
    return check_part(m, w->offsets, s, w->rows, r.groups, g, err);
}

static pare_status missing(const pr_weight *w, const char *name, pare_err *err) {
    return pr_fail(err, PARE_EINPUT, (int64_t)w->src->offset,
                   "tensor '%s' is missing, expected beside '%s'", name, w->src->name);
}

pare_status pr_groups_bind(const pr_model *m, pr_weight *w, pare_err *err) {
    char           path[128], scales[144], offsets[144];
    size_t         n = strlen(w->src->name), tail = strlen(".weight");
    pr_role_class  c = pr_role_class_of(w->id.role);
    pr_group_spec *g;
    if (!says_groups(m->config) || (c != PR_CLASS_MATRIX && c != PR_CLASS_EMBED)) return PARE_OK;
    if (n <= tail || n - tail >= sizeof path) return PARE_OK;
    snprintf(path, sizeof path, "%.*s", (int)(n - tail), w->src->name);
    snprintf(scales, sizeof scales, "%s.scales", path);
    snprintf(offsets, sizeof offsets, "%s.biases", path);
    w->scales = pr_container_find(m->file, scales);
    w->offsets = pr_container_find(m->file, offsets);
    if (!w->scales) return w->src->type == PR_U32 ? missing(w, scales, err) : PARE_OK;
    const pare_doc *q = said(m->config), *own = pare_doc_get(q, path);
    if (pare_doc_kind(own) == PARE_DOC_BOOL && !pare_doc_bool(own))
        return pr_fail(err, PARE_EINPUT, (int64_t)w->scales->offset,
                       "tensor '%s' is there, but quantization of '%s' is false", scales, path);
    bool differs = pare_doc_kind(own) == PARE_DOC_OBJECT;
    PR_NEW(g, m->arena, 1, err);
    PR_TRY(in_config(m, read_spec(differs ? own : q, differs ? path : "the model", g, err), err));
    if (g->rule == PR_GROUP_FP4) w->offsets = NULL;
    else if (!w->offsets) return missing(w, offsets, err);
    PR_TRY(check_parts(m, w, g, err));
    w->group = g;
    return PARE_OK;
}

/* ------------------------------------------------------------------ values */

uint64_t pr_weight_row_bytes(const pr_weight *w) {
    uint64_t     bytes;
    pr_group_row r;
    if (w->group) return pr_group_row_of(w->group, w->cols, &r) ? r.codes : 0;
    pr_type_row_bytes(w->src->type, (uint64_t)w->cols, &bytes);
    return bytes;
}

uint64_t pr_weight_bytes(const pr_weight *w) {
    return w->src->bytes + (w->scales ? w->scales->bytes : 0) +
           (w->offsets ? w->offsets->bytes : 0);
}

void pr_weight_type_name(const pr_weight *w, char dst[32]) {
    if (w->group)
        pr_group_name(w->group, dst);
    else
        snprintf(dst, 32, "%s", pr_type_get(w->src->type)->name);
}

bool pr_weight_readable(const pr_weight *w) {
    return w->group || pr_decode_get(pr_kernels_get(0), w->src->type);
}

pr_weight_parts pr_weight_parts_at(const pr_weight *w, int64_t row) {
    pr_group_row r = {0};
    pr_group_row_of(w->group, w->cols, &r);
    return (pr_weight_parts){w->src->data + (uint64_t)row * r.codes,
                             w->scales->data + (uint64_t)row * r.scales,
                             w->offsets ? w->offsets->data + (uint64_t)row * r.offsets : NULL};
}

/* Rows that lie as columns: n neighbours of each stored row at a time. */
static void decode_turned(const pr_weight *w, pr_row_decode decode, int64_t row, int64_t n,
                          float *dst) {
    enum { SOME = 64 };
    uint64_t size = (uint64_t)pr_type_get(w->src->type)->bytes;
    float some[SOME];
    for (int64_t r = 0; r < n; r += SOME) {
        int64_t k = PR_MIN((int64_t)SOME, n - r);
        const uint8_t *p = w->src->data + (uint64_t)(row + r) * size;
        for (int64_t c = 0; c < w->cols; c++, p += (uint64_t)w->stride * size) {
            decode(some, p, k);
            for (int64_t i = 0; i < k; i++) dst[(r + i) * w->cols + c] = some[i];
        }
    }
}

void pr_weight_decode(const pr_weight *w, const pr_kernels *k, int64_t row, int64_t n,
                      float *dst) {
    pr_row_decode decode = w->group ? NULL : pr_decode_get(k, w->src->type);
    uint64_t      step = decode ? pr_weight_row_bytes(w) : 0;
    if (w->stride) {
        decode_turned(w, decode, row, n, dst);
        return;
    }
    for (int64_t i = row; i < row + n; i++, dst += w->cols) {
        if (decode) {
            decode(dst, w->src->data + (uint64_t)i * step, w->cols);
            continue;
        }
        pr_weight_parts p = pr_weight_parts_at(w, i);
        k->group_decode(w->group, dst, p.codes, p.scales, p.offsets, w->cols);
    }
}
