/* prune_doc.c - a plan in words and as a document. */
#include "prune.h"
#include <math.h>
#include <stdio.h>

void pr_prune_say(const pr_model *m, const pr_prune_way *w, char *dst, size_t cap) {
    size_t n = 0;
    dst[0] = 0;
    for (int i = 0; w->n_drop && i < m->hp.n_layer && n < cap; i++)
        if (w->cut.drop[i])
            n += (size_t)snprintf(dst + n, cap - n, "%s%d",
                                  n               ? ", "
                                  : w->n_drop > 1 ? "layers "
                                                  : "layer ",
                                  i);
    if (w->ff_less && n < cap)
        n += (size_t)snprintf(dst + n, cap - n, "%s%d of %d channels of each layer", n ? "; " : "",
                              w->ff_less, m->hp.layers[0].d_ff);
    if (w->kv_less && n < cap)
        snprintf(dst + n, cap - n, "%s%d of %d key-value heads of each layer", n ? "; " : "",
                 w->kv_less, m->hp.layers[0].n_kv);
}

static void put_est(pr_doc_build *b, pare_doc *o, const char *name, const pr_est *e) {
    pare_doc *d = pr_doc_set_object(b, o, name);
    if (!isfinite(e->value)) {
        pr_doc_set_null(b, d, "value");
        pr_doc_set_str(b, d, "reason", e->why ? e->why : "not measured");
        return;
    }
    pr_doc_set_f64(b, d, "value", e->value);
    if (pr_est_ok(e)) {
        pr_doc_set_f64(b, d, "lo", e->lo);
        pr_doc_set_f64(b, d, "hi", e->hi);
    }
    pr_doc_set_i64(b, d, "n", e->n);
    pr_doc_set_str(b, d, "unit", "nats");
}

void pr_prune_put(pr_doc_build *b, pare_doc *obj, const pr_model *m, const pr_prune_plan *p) {
    pare_doc *ways = pr_doc_set_array(b, obj, "ways"), *list;
    char      text[512];
    for (int i = 0; i < p->n_ways; i++) {
        const pr_prune_way *w = &p->way[i];
        pare_doc           *o = pr_doc_add_object(b, ways);
        pr_prune_say(m, w, text, sizeof text);
        pr_doc_set_str(b, o, "without", text);
        pr_doc_set_i64(b, o, "bytes", (int64_t)w->bytes);
        pr_doc_set_f64(b, o, "share", w->share);
        put_est(b, o, "kld_mean", &w->kld);
        pr_doc_set_bool(b, o, "chosen", i == p->choice);
    }
    list = pr_doc_set_array(b, obj, "layers");
    for (int i = 0; i < m->hp.n_layer; i++)
        put_est(b, pr_doc_add_object(b, list), "kld_mean", &p->layer_kld[i]);
    pr_doc_set_i64(b, obj, "layer_bytes", (int64_t)p->layer_bytes);
    pr_doc_set_i64(b, obj, "tokens", p->n_tokens);
}
