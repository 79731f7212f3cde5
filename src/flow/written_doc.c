/* written_doc.c - what `convert` wrote, as a document. */
#include "flow.h"

void pr_written_tensors_doc(pr_doc_build *b, pare_doc *obj, const pr_written *w) {
    int64_t   weights[PR_TYPE_N] = {0};
    uint64_t  bytes[PR_TYPE_N] = {0};
    int       count[PR_TYPE_N] = {0};
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
        pr_doc_set_str(b, o, "from", pr_type_get(x->from)->name);
        pr_doc_set_str(b, o, "asked", pr_type_get(x->asked)->name);
        pr_doc_set_str(b, o, "got", pr_type_get(x->got)->name);
        if (x->why && x->why[0]) pr_doc_set_str(b, o, "why", x->why);
        else pr_doc_set_null(b, o, "why");
        pr_doc_set_i64(b, o, "bytes", (int64_t)x->bytes);
        pr_doc_set_f64(b, o, "bpw", n ? (double)x->bytes * 8 / (double)n : 0);
        pr_doc_set_bool(b, o, "lossless", x->lossless);
        count[x->got]++, weights[x->got] += n, bytes[x->got] += x->bytes;
    }
    for (int i = 0; i < PR_TYPE_N; i++) {
        if (!count[i]) continue;
        pare_doc *o = pr_doc_add_object(b, types);
        pr_doc_set_str(b, o, "type", pr_type_get((pr_type)i)->name);
        pr_doc_set_i64(b, o, "n", count[i]);
        pr_doc_set_i64(b, o, "weights", weights[i]);
        pr_doc_set_i64(b, o, "bytes", (int64_t)bytes[i]);
    }
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
