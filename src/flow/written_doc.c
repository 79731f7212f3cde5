/* written_doc.c - what `convert` wrote, as a document. */
#include "flow.h"
#include <stdio.h>

static void type_name(pr_type t, const pr_group_spec *g, char dst[32]) {
    if (g)
        pr_group_name(g, dst);
    else
        snprintf(dst, 32, "%s", pr_type_get(t)->name);
}

/* A type, or a way of grouping, with all that has it: in the order of types, groups last. */
static void put_types(pr_doc_build *b, pare_doc *types, const pr_written *w) {
    bool *told = pr_calloc((size_t)w->n_tensors + 1, sizeof *told);
    for (int t = 0; told && t <= PR_TYPE_N; t++)
        for (int i = 0; i < w->n_tensors; i++) {
            const pr_written_tensor *x = &w->tensors[i];
            if (told[i] || (x->got_group ? t != PR_TYPE_N : (int)x->got != t)) continue;
            char name[32], other[32];
            int64_t n = 0, weights = 0, bytes = 0;
            type_name(x->got, x->got_group, name);
            for (int k = i; k < w->n_tensors; k++) {
                const pr_written_tensor *y = &w->tensors[k];
                type_name(y->got, y->got_group, other);
                if (strcmp(name, other) != 0) continue;
                told[k] = true;
                n++, weights += y->rows * y->cols, bytes += (int64_t)y->bytes;
            }
            pare_doc *o = pr_doc_add_object(b, types);
            pr_doc_set_str(b, o, "type", name);
            pr_doc_set_i64(b, o, "n", n);
            pr_doc_set_i64(b, o, "weights", weights);
            pr_doc_set_i64(b, o, "bytes", bytes);
        }
    pr_free(told);
}

void pr_written_tensors_doc(pr_doc_build *b, pare_doc *obj, const pr_written *w) {
    pare_doc *t = pr_doc_set_object(b, obj, "tensors");
    pr_doc_set_i64(b, t, "n", w->n_tensors);
    pr_doc_set_i64(b, t, "fell_back", w->n_fallback);
    pr_doc_set_i64(b, t, "lossy_twice", w->n_twice);
    pare_doc *types = pr_doc_set_array(b, t, "types"), *list = pr_doc_set_array(b, t, "list");
    for (int i = 0; i < w->n_tensors; i++) {
        const pr_written_tensor *x = &w->tensors[i];
        int64_t                  n = x->rows * x->cols;
        pare_doc                *o = pr_doc_add_object(b, list);
        pr_doc_set_str(b, o, "name", x->name);
        pr_doc_set_str(b, o, "role", pr_role_name(x->role));
        pare_doc     *shape = pr_doc_set_array(b, o, "shape");
        pr_role_class k = pr_role_class_of(x->role);
        if (k == PR_CLASS_MATRIX || k == PR_CLASS_EMBED) pr_doc_add_i64(b, shape, x->rows);
        pr_doc_add_i64(b, shape, x->cols);
        char from[32], asked[32], got[32];
        type_name(x->from, x->from_group, from);
        pr_doc_set_str(b, o, "from", from);
        type_name(x->asked, x->asked_group, asked);
        type_name(x->got, x->got_group, got);
        pr_doc_set_str(b, o, "asked", asked);
        pr_doc_set_str(b, o, "got", got);
        if (x->why && x->why[0]) pr_doc_set_str(b, o, "why", x->why);
        else pr_doc_set_null(b, o, "why");
        pr_doc_set_i64(b, o, "bytes", (int64_t)x->bytes);
        pr_doc_set_f64(b, o, "bpw", n ? (double)x->bytes * 8 / (double)n : 0);
        pr_doc_set_bool(b, o, "lossless", x->lossless);
    }
    put_types(b, types, w);
}

void pr_written_doc(pr_doc_build *b, pare_doc *obj, const pr_written *w) {
    char hex[65];
    pr_sha256_hex(&w->sha256, hex);
    pr_doc_set_i64(b, obj, "bytes", (int64_t)w->bytes);
    pr_doc_set_str(b, obj, "sha256", hex);
    pr_doc_set_i64(b, obj, "parameters", w->n_params);
    pr_doc_set_f64(b, obj, "bpw", w->bpw);
    pr_written_tensors_doc(b, obj, w);
    pare_doc *a = pr_doc_set_array(b, obj, "inexact");
    for (int i = 0; i < w->n_inexact; i++) pr_doc_add_str(b, a, w->inexact[i]);
    a = pr_doc_set_array(b, obj, "warnings");
    for (int i = 0; i < w->n_warnings; i++) pr_doc_add_str(b, a, w->warnings[i]);
}
