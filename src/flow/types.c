/* types.c - mixes from `quant` applied to the weights of a model, in the order in which
 * llama-quantize counts: whole-model tensors first, then layer by layer, by name. */
#include "types.h"
#include <stdio.h>
#include <stdlib.h>

static pare_status unknown_quant(const char *quant, pare_err *err) {
    char   names[512] = "";
    size_t n = 0;
    for (int i = 0; pr_mix_at(i) && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "",
                              pr_mix_name(pr_mix_at(i)));
    return pr_fail(err, PARE_EUSAGE, -1, "quantization '%.60s' is not known; known are %s",
                   quant, names);
}

pare_status pr_type_plan_init(pr_type_plan *p, const pr_model *m, const char *quant,
                              bool strict, pare_err *err) {
    *p = (pr_type_plan){.mix = pr_mix_get(quant), .strict = strict};
    if (!p->mix) return unknown_quant(quant, err);
    const pr_layer *l = &m->hp.layers[0];
    int             n_v = 0;
    for (int i = 0; i < m->n_weights; i++) n_v += m->weights[i].id.role == PR_ROLE_ATTN_V;
    p->shape = (pr_mix_shape){.n_layer = m->hp.n_layer,
                              .n_head = l->n_head,
                              .n_kv = l->n_kv,
                              .n_attn_v = n_v,
                              .tied = m->hp.tied,
                              .is_70b = m->hp.n_layer == 80 && l->n_head != l->n_kv};
    return PARE_OK;
}

pare_status pr_type_plan_choose(void *user, const pr_model *m, const pr_weight *w,
                                const char *name, pr_choice *out, pare_err *err) {
    pr_type_plan *p = user;
    pr_mix_choice c;
    pr_mix_choose(p->mix, &p->shape, &p->count, pr_mix_weight_of(name), PR_MAX(w->id.layer, 0),
                  w->cols, &c);
    *out = (pr_choice){.type = c.type, .asked = c.wanted};
    if (p->calib) out->weight = pr_calib_of(p->calib, name, w->cols);
    if (c.type == c.wanted) return PARE_OK;
    snprintf(out->why, sizeof out->why, "%s", c.reason);
    if (!p->strict) return PARE_OK;
    return pr_fail(err, PARE_EREFUSED, -1,
                   "tensor '%s' cannot be %s (%s), and --strict was given", name,
                   pr_type_get(c.wanted)->name, c.reason);
}

typedef struct {
    const pr_weight *w;
    char             name[128];
} named;

/* Whole-model tensors first, then by layer; each by name. */
static int by_count_order(const void *a, const void *b) {
    const named *x = a, *y = b;
    if (x->w->id.layer != y->w->id.layer) return x->w->id.layer < y->w->id.layer ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void forecast_one(pr_type_forecast *out, const named *t, const pr_choice *c) {
    uint64_t row = 0;
    pr_type_row_bytes(c->type, (uint64_t)t->w->cols, &row);
    out->tensor_bytes += row * (uint64_t)t->w->rows;
    if (c->type == c->asked) return;
    if (!out->n_fallback++)
        snprintf(out->first_why, sizeof out->first_why, "%.60s: %.90s", t->name, c->why);
    out->fallback_weights += t->w->rows * t->w->cols;
}

pare_status pr_type_plan_forecast(const pr_model *m, const char *quant, pr_type_forecast *out,
                                  pare_err *err) {
    pr_type_plan p;
    pr_xf        xf;
    int          d_head;
    *out = (pr_type_forecast){0};
    PR_TRY(pr_type_plan_init(&p, m, quant, false, err));
    named *list = pr_calloc((size_t)m->n_weights, sizeof *list);
    if (!list) return pr_fail_nomem(err, (uint64_t)m->n_weights * sizeof *list);
    for (int i = 0; i < m->n_weights; i++) {
        list[i].w = &m->weights[i];
        if (!pr_model_spell(m, PR_DIALECT_GGUF, m->weights[i].id, list[i].name, &xf, &d_head))
            snprintf(list[i].name, sizeof list[i].name, "%s", pr_role_name(m->weights[i].id.role));
    }
    qsort(list, (size_t)m->n_weights, sizeof *list, by_count_order);
    pare_status st = PARE_OK;
    for (int i = 0; i < m->n_weights && st == PARE_OK; i++) {
        pr_choice     c = {.type = PR_F32, .asked = PR_F32};
        pr_role_class k = pr_role_class_of(list[i].w->id.role);
        if (k == PR_CLASS_MATRIX || k == PR_CLASS_EMBED)
            st = pr_type_plan_choose(&p, m, list[i].w, list[i].name, &c, err);
        forecast_one(out, &list[i], &c);
    }
    pr_free(list);
    out->bpw = (double)out->tensor_bytes * 8 / (double)pr_model_n_params(m);
    return st;
}

const char *pr_source_format(const pr_model *m) {
    const char *format = pr_container_format(m->file);
    if (m->mlx) return "mlx";
    return strcmp(format, "safetensors") == 0 ? "hf" : format;
}

const char *pr_source_precision(const pr_model *m) {
    static const char *const name[] = {"",     "mxfp4", "mlx2", "mlx3", "mlx4", "mlx5",
                                       "mlx6", "nf4",   "mlx8", "int4", "int8"};
    enum { FP4 = 1, NF4 = 7, INT4 = 9, INT8 = 10 };
    uint64_t bytes[PR_TYPE_N] = {0}, grouped[PR_COUNT(name)] = {0};
    int      best = PR_F32, kind = 0;
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        pr_role_class    k = pr_role_class_of(w->id.role);
        if (k != PR_CLASS_MATRIX && k != PR_CLASS_EMBED) continue;
        const pr_group_spec *g = w->group;
        bool ints = g && (g->rule == PR_GROUP_SYM || g->rule == PR_GROUP_ASYM);
        if (g)
            grouped[ints                       ? (g->bits == 4 ? INT4 : INT8)
                    : g->rule == PR_GROUP_FP4 ? FP4
                    : g->rule == PR_GROUP_NF4 ? NF4
                                              : g->bits] += pr_weight_bytes(w);
        else bytes[w->src->type] += w->src->bytes;
    }
    for (int i = 0; i < (int)PR_COUNT(name); i++)
        if (grouped[i] > grouped[kind]) kind = i;
    for (int t = 0; t < PR_TYPE_N; t++)
        if (bytes[t] > bytes[best]) best = t;
    if (grouped[kind] > bytes[best]) return name[kind];
    return pr_type_get((pr_type)best)->name;
}
