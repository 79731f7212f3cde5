/* settle.c - from a matched graph to a model: which architecture can say these layers, which rule
 * gives the graph's tables of rotation (rope_tables.c), and whether config.json, where there is
 * one, says the same. */
#include "match.h"
#include <stdio.h>

pare_status mt_rope_of(mt *t, const pr_rope *known, int64_t n_ctx, pare_err *err) {
    pr_hp *h = &t->m->hp;
    pr_rope *r;
    if (!t->cos)
        return pr_fail(err, PARE_EUNSUPPORTED, -1, "the graph has no tables of rotation");
    const pr_rope_tables b = {t->cos, t->sin, h->layers[0].d_head, n_ctx};
    PR_NEW(r, t->m->arena, 1, err);
    h->ropes = r;
    h->n_ropes = 1;
    if (!known) return pr_rope_of_tables(&b, t->m->arena, r, err);
    *r = *known;
    return pr_rope_check_tables(&b, t->m->arena, known, err);
}

/* ------------------------------------------------------------------ architecture */

static bool can_say(const pr_arch *a, const pr_hp *h) {
    bool same = true, has = false;
    int64_t window = -1;
    int windows = 0;
    for (int i = 0; i < h->n_layer; i++) {
        const pr_layer *l = &h->layers[i], *f = &h->layers[0];
        same &= l->has == f->has && l->n_head == f->n_head && l->n_kv == f->n_kv &&
                l->d_head == f->d_head && l->d_ff == f->d_ff && l->rope == f->rope &&
                l->scale == f->scale;
        if (l->left < 0) continue;
        same &= windows == 0 || l->left == window;
        window = l->left;
        windows++;
    }
    if (a->windows == PR_WINDOWS_EVERYWHERE) same &= windows == 0 || windows == h->n_layer;
    for (int i = 0; i < a->n_has; i++) has |= a->has[i] == h->layers[0].has;
    return same && has && (!windows || a->windows != PR_WINDOWS_NONE);
}

/* The one that is named, if it can say these layers; else the first that can. */
static pare_status choose_arch(mt *t, const mt_said *said, pare_err *err) {
    const pr_hp *h = &t->m->hp;
    double usual = (double)h->layers[0].scale * h->layers[0].scale * h->layers[0].d_head;
    if (!(usual > 0.9999 && usual < 1.0001))
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "scores are scaled by %g: no architecture that pare knows does so",
                       (double)h->layers[0].scale);
    for (int named = 1; named >= 0; named--)
        for (int i = 0; pr_archs[i]; i++) {
            bool is = said->type && strcmp(said->type, pr_archs[i]->model_type) == 0;
            if ((is || !named) && can_say(pr_archs[i], h))
                return t->m->arch = pr_archs[i], PARE_OK;
        }
    return pr_fail(err, PARE_EUNSUPPORTED, -1,
                   "no architecture that pare knows has these layers (biases, norms of q and k, "
                   "windows, or layers that differ)");
}

/* ------------------------------------------------------------------ config.json */

static pare_status differs(const char *what, double said, double is, pare_err *err) {
    return pr_fail(err, PARE_EINPUT, -1, "%s is %g, the graph has %g", what, said, is);
}

/* As far as a sequence can reach. */
static int64_t reach(int64_t left, int64_t n_ctx) {
    return left < 0 || left + 1 >= n_ctx ? -1 : left;
}

static pare_status compare_layer(const pr_hp *a, const pr_hp *b, int i, pare_err *err) {
    const pr_layer *x = &a->layers[i], *y = &b->layers[i];
    int64_t n = a->n_ctx;
    if (x->n_head != y->n_head) return differs("num_attention_heads", x->n_head, y->n_head, err);
    if (x->n_kv != y->n_kv) return differs("num_key_value_heads", x->n_kv, y->n_kv, err);
    if (x->d_head != y->d_head) return differs("head_dim", x->d_head, y->d_head, err);
    if (x->d_ff != y->d_ff) return differs("intermediate_size", x->d_ff, y->d_ff, err);
    if (x->has != y->has) return differs("which biases and norms there are", x->has, y->has, err);
    if (reach(x->left, n) != reach(y->left, n))
        return differs("sliding_window", (double)x->left + 1, (double)y->left + 1, err);
    double s = (double)x->scale / (double)y->scale;
    if (!(s > 0.99999 && s < 1.00001))
        return differs("the scale of scores", (double)x->scale, (double)y->scale, err);
    return PARE_OK;
}

/* `a`: what config.json says; `b`: the graph. */
static pare_status compare(const pr_hp *a, const pr_hp *b, pare_err *err) {
    if (a->n_layer != b->n_layer)
        return differs("num_hidden_layers", a->n_layer, b->n_layer, err);
    if (a->n_vocab != b->n_vocab) return differs("vocab_size", a->n_vocab, b->n_vocab, err);
    if (a->d_model != b->d_model) return differs("hidden_size", a->d_model, b->d_model, err);
    if (a->rms_eps != b->rms_eps)
        return differs("rms_norm_eps", (double)a->rms_eps, (double)b->rms_eps, err);
    if (a->tied != b->tied) return differs("tie_word_embeddings", a->tied, b->tied, err);
    for (int i = 0; i < a->n_layer; i++) PR_TRY(compare_layer(a, b, i, err));
    return PARE_OK;
}

static pare_status from_config(mt *t, const char *path, pare_err *err) {
    pr_model *m = t->m;
    pr_hp said = {.bos = -1, .pad = -1}, *h = &m->hp;
    pr_cfg c = {.dialect = PR_DIALECT_HF, .arena = m->arena};
    PR_TRY(pr_json_read(&m->config, path, NULL, err));
    c.json = m->config;
    PR_TRY(pr_hf_arch(m, err));
    PR_TRY(m->arch->config(&c, &said, err));
    PR_TRY(compare(&said, h, err));
    if (said.bos >= 0) h->bos = said.bos;
    if (said.pad >= 0) h->pad = said.pad;
    for (int i = 0; i < said.n_eos; i++) pr_hp_add_one_eos(h, said.eos[i]);
    h->n_ctx = said.n_ctx;
    memcpy(h->layers, said.layers, (size_t)h->n_layer * sizeof *h->layers);
    return mt_rope_of(t, &said.ropes[0], said.n_ctx, err);
}

pare_status mt_settle(mt *t, const char *dir, const mt_said *said, pare_err *err) {
    pr_model *m = t->m;
    char *path = dir ? pr_path_join(m->arena, dir, "config.json") : NULL;
    for (int i = 0; i < m->hp.n_layer; i++)
        if (m->hp.layers[i].rope < 0)
            return pr_fail(err, PARE_EUNSUPPORTED, -1, "layer %d does not rotate its heads", i);
    if (path && pr_path_exists(path)) {
        pare_status st = from_config(t, path, err);
        return st == PARE_OK ? st : pr_fail_in(err, st, path);
    }
    if (!said->n_ctx && t->cos && t->cos->n_dims == 1)
        return pr_fail(err, PARE_EINPUT, -1,
                       "no config.json beside the graph: how long a text may be is said nowhere");
    m->hp.n_ctx = said->n_ctx ? said->n_ctx : t->cos ? (int64_t)PR_MIN(t->cos->dim[0], 1 << 28) : 0;
    PR_TRY(choose_arch(t, said, err));
    return mt_rope_of(t, NULL, m->hp.n_ctx, err);
}
