/* mixed.c - which matrices there are, in which types, and which they got.
 *
 * Always true: a matrix's types stand by rising bytes, its own last of equals. */
#include "quant/quant.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { PADDING = 32, LARGE = 200 * 1000 * 1000 };

/* From these a matrix takes what fills its rows. Where super-blocks do, large models leave out the
 * small blocks, which are rarely better at their size: encoding is most of the time there. */
static const pr_type candidates[] = {PR_Q2_K, PR_Q3_K, PR_IQ4_XS, PR_Q4_K, PR_IQ4_NL, PR_Q4_0,
                                     PR_Q4_1, PR_Q5_0, PR_Q5_K,   PR_Q5_1, PR_Q6_K,   PR_Q8_0};

static bool is_candidate(const pr_weight *w, pr_type t, bool large) {
    return !large || w->cols % 256 != 0 || pr_type_get(t)->block == 256 || t == PR_Q8_0;
}

static void add_type(pr_mixed_tensor *t, const pr_weight *w, pr_type type) {
    uint64_t row;
    if (!pr_type_row_bytes(type, (uint64_t)w->cols, &row) || t->n == PR_MIXED_TYPES) return;
    uint64_t bytes = (row * (uint64_t)w->rows + PADDING - 1) / PADDING * PADDING;
    int      at = t->n++;
    for (; at > 0 && t->as[at - 1].bytes > bytes; at--) {
        t->as[at] = t->as[at - 1];
        t->type[at] = t->type[at - 1];
    }
    t->as[at] = (pr_alloc_option){.bytes = bytes};
    t->type[at] = type;
}

static pr_type own_type(const pr_weight *w) {
    pr_type t = w->group ? PR_F16 : w->src->type;
    return pr_type_get(t)->gguf_id >= 0 && t != PR_F64 ? t : PR_F32;
}

static void list_types(pr_mixed_tensor *t, const pr_weight *w, const char *name, bool large) {
    pr_type own = own_type(w);
    if (pr_mix_wants(name, 2))
        for (size_t i = 0; i < PR_COUNT(candidates); i++)
            if (candidates[i] != own && is_candidate(w, candidates[i], large))
                add_type(t, w, candidates[i]);
    add_type(t, w, own);
}

typedef struct {
    const pr_weight *w;
    char             name[128];
} named;

static int by_count_order(const void *a, const void *b) {
    const named *x = a, *y = b;
    if (x->w->id.layer != y->w->id.layer) return x->w->id.layer < y->w->id.layer ? -1 : 1;
    return strcmp(x->name, y->name);
}

static pare_status list_named(pr_mixed *p, named *list, int n, pr_arena *a, pare_err *err) {
    bool large = pr_model_n_params(p->m) > LARGE;
    qsort(list, (size_t)n, sizeof *list, by_count_order);
    PR_NEW(p->t, a, n, err);
    for (int i = 0; i < n; i++) {
        pr_mixed_tensor *t = &p->t[p->n++];
        t->weight = (int)(list[i].w - p->m->weights);
        t->values = list[i].w->rows * list[i].w->cols;
        t->name = pr_arena_str(a, list[i].name, strlen(list[i].name));
        if (!t->name) return pr_fail_nomem(err, sizeof list[i].name);
        list_types(t, list[i].w, t->name, large);
    }
    return PARE_OK;
}

pare_status pr_mixed_list(pr_mixed *p, const pr_model *m, pr_arena *a, pare_err *err) {
    named *list;
    int    n = 0;
    *p = (pr_mixed){.m = m};
    PR_NEW(list, a, m->n_weights, err);
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        pr_role_class    k = pr_role_class_of(w->id.role);
        pr_xf            xf;
        int              d_head;
        if (k != PR_CLASS_MATRIX && k != PR_CLASS_EMBED) continue;
        if (!pr_model_spell(m, PR_DIALECT_GGUF, w->id, list[n].name, &xf, &d_head)) continue;
        list[n++].w = w;
    }
    return list_named(p, list, n, a, err);
}

void pr_mixed_range(const pr_mixed *p, uint64_t *smallest, uint64_t *largest) {
    *smallest = *largest = 0;
    for (int i = 0; i < p->n; i++) {
        *smallest += p->t[i].as[0].bytes;
        *largest += p->t[i].as[p->t[i].n - 1].bytes;
    }
}

void pr_mixed_done(pr_mixed *p) {
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < p->t[i].n; k++) {
            pr_coded_free(p->t[i].coded[k]);
            p->t[i].coded[k] = NULL;
        }
    p->held = 0;
}

pare_status pr_mixed_choose(void *user, const pr_model *m, const pr_weight *w, const char *name,
                            pr_choice *out, pare_err *err) {
    const pr_mixed *p = user;
    (void)m;
    for (int i = 0; i < p->n; i++) {
        const pr_mixed_tensor *t = &p->t[i];
        if (strcmp(t->name, name) != 0) continue;
        *out = (pr_choice){.type = t->type[t->chosen], .asked = t->type[t->chosen],
                           .weight = t->importance};
        return PARE_OK;
    }
    return pr_fail(err, PARE_EINTERNAL, -1, "tensor '%s' (%lld columns) was not in the plan", name,
                   (long long)w->cols);
}
