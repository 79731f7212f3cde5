/* assess.c - include/pare/model.h: pare_assess. What a model is, and what it could become. */
#include "engine/engine.h"
#include <stdio.h>
#include "flow.h"

static void by_class(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    static const char *const names[] = {"embedding", "matrices", "norms", "biases", "tables"};
    int64_t                  n[PR_COUNT(names)] = {0};
    for (int i = 0; i < m->n_weights; i++)
        n[pr_role_class_of(m->weights[i].id.role)] += m->weights[i].rows * m->weights[i].cols;
    pare_doc *o = pr_doc_set_object(b, d, "parameters_by_class");
    for (size_t i = 0; i < PR_COUNT(names); i++)
        if (n[i]) pr_doc_set_i64(b, o, names[i], n[i]);
}

static bool alike(const pr_model *m, int i, int k) {
    const pr_group_spec *x = m->weights[i].group, *y = m->weights[k].group;
    return x && y && x->bits == y->bits && x->group == y->group && x->rule == y->rule;
}

static bool first_of(const pr_model *m, int i) {
    int k = 0;
    while (k < i && !alike(m, i, k)) k++;
    return k == i;
}

/* All weights in the same groups as weight `i`. */
static void put_groups(pr_doc_build *b, pare_doc *o, const pr_model *m, int i) {
    char     name[32];
    int64_t  n = 0;
    uint64_t bytes = 0;
    for (int k = i; k < m->n_weights; k++)
        if (alike(m, i, k)) n++, bytes += pr_weight_bytes(&m->weights[k]);
    pr_weight_type_name(&m->weights[i], name);
    pr_doc_set_str(b, o, "type", name);
    pr_doc_set_i64(b, o, "tensors", n);
    pr_doc_set_i64(b, o, "bytes", (int64_t)bytes);
}

static void types(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    int64_t   n[PR_TYPE_N] = {0};
    uint64_t  bytes[PR_TYPE_N] = {0};
    pare_doc *a = pr_doc_set_array(b, d, "types");
    for (int i = 0; i < m->n_weights; i++) {
        if (m->weights[i].group) continue;
        n[m->weights[i].src->type]++;
        bytes[m->weights[i].src->type] += m->weights[i].src->bytes;
    }
    for (int t = 0; t < PR_TYPE_N; t++) {
        if (!n[t]) continue;
        pare_doc *o = pr_doc_add_object(b, a);
        pr_doc_set_str(b, o, "type", pr_type_get((pr_type)t)->name);
        pr_doc_set_i64(b, o, "tensors", n[t]);
        pr_doc_set_i64(b, o, "bytes", (int64_t)bytes[t]);
    }
    for (int i = 0; i < m->n_weights; i++)
        if (m->weights[i].group && first_of(m, i)) put_groups(b, pr_doc_add_object(b, a), m, i);
}

static void tensors(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    pare_doc *a = pr_doc_set_array(b, d, "tensors");
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        pr_role_class    k = pr_role_class_of(w->id.role);
        pare_doc        *o = pr_doc_add_object(b, a), *shape;
        pr_doc_set_strn(b, o, "name", pr_str_of(w->src->name));
        char type[32];
        pr_weight_type_name(w, type);
        pr_doc_set_str(b, o, "type", type);
        shape = pr_doc_set_array(b, o, "shape");
        if (k == PR_CLASS_MATRIX || k == PR_CLASS_EMBED) pr_doc_add_i64(b, shape, w->rows);
        pr_doc_add_i64(b, shape, w->cols);
        pr_doc_set_i64(b, o, "bytes", (int64_t)pr_weight_bytes(w));
    }
}

static void rope(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    static const char *const kinds[] = {"default", "linear", "dynamic", "yarn", "llama3"};
    const pr_rope           *r = &m->hp.ropes[0];
    pare_doc                *o = pr_doc_set_object(b, d, "rope");
    pr_doc_set_str(b, o, "type", kinds[r->kind]);
    pr_doc_set_f64(b, o, "theta", r->theta);
    if (r->kind != PR_ROPE_DEFAULT) pr_doc_set_f64(b, o, "factor", r->factor);
}

/* Bytes of weights that making one token reads: all once, of an embedding that is not the head
 * too a
 * single row. */
static uint64_t read_per_token(const pr_model *m) {
    uint64_t n = 0;
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        bool row = pr_role_class_of(w->id.role) == PR_CLASS_EMBED && !m->hp.tied;
        n += row ? pr_weight_bytes(w) / (uint64_t)PR_MAX(w->rows, (int64_t)1) : pr_weight_bytes(w);
    }
    return n;
}

static void shape(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    const pr_layer *l = &m->hp.layers[0];
    int             windows = 0;
    int64_t         state = 0, macs = 0;
    for (int i = 0; i < m->hp.n_layer; i++) {
        windows += m->hp.layers[i].left >= 0;
        state += 2 * (int64_t)m->hp.layers[i].n_kv * m->hp.layers[i].d_head;
    }
    for (int i = 0; i < m->n_weights; i++)
        if (pr_role_class_of(m->weights[i].id.role) == PR_CLASS_MATRIX)
            macs += m->weights[i].rows * m->weights[i].cols;
    if (m->hp.tied) macs += (int64_t)m->hp.n_vocab * m->hp.d_model;
    pr_doc_set_i64(b, d, "layers", m->hp.n_layer);
    pr_doc_set_i64(b, d, "width", m->hp.d_model);
    pr_doc_set_i64(b, d, "heads", l->n_head);
    pr_doc_set_i64(b, d, "kv_heads", l->n_kv);
    pr_doc_set_i64(b, d, "head_size", l->d_head);
    pr_doc_set_i64(b, d, "feed_forward", l->d_ff);
    pr_doc_set_i64(b, d, "vocabulary", m->hp.n_vocab);
    pr_doc_set_i64(b, d, "context", m->hp.n_ctx);
    pr_doc_set_bool(b, d, "tied", m->hp.tied);
    pr_doc_set_i64(b, d, "windowed_layers", windows);
    rope(b, d, m);
    pr_doc_set_i64(b, d, "flops_per_token", 2 * macs);
    pr_doc_set_i64(b, d, "weight_bytes_per_token", (int64_t)read_per_token(m));
    pr_doc_set_i64(b, d, "state_bytes_per_token_f16", state * 2);
    pr_doc_set_i64(b, d, "weight_bytes", (int64_t)pr_model_weight_bytes(m));
}

static void tokenizer(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    if (!m->tok) {
        char why[1200];
        pare_err_format(&m->no_tok, why, sizeof why);
        pr_doc_set_null(b, d, "tokenizer");
        pr_doc_set_str(b, d, "tokenizer_reason", why);
        return;
    }
    pr_tokenizer_info t = pr_tokenizer_describe(m->tok);
    pare_doc         *o = pr_doc_set_object(b, d, "tokenizer");
    pr_doc_set_str(b, o, "kind", t.kind);
    pr_doc_set_str(b, o, "source", t.source);
    if (t.pre) pr_doc_set_str(b, o, "pre", t.pre);
    else pr_doc_set_null(b, o, "pre");
    pr_doc_set_i64(b, o, "entries", t.n_tokens);
    pr_doc_set_i64(b, o, "merges", t.n_merges);
    pr_doc_set_i64(b, o, "added", t.n_added);
    pr_doc_set_bool(b, o, "adds_bos", t.add_bos);
    pr_doc_set_bool(b, o, "chat_template", m->chat_template != NULL);
}

/* The bytes that `quantize` would write: header and tensors, planned by the writer itself. 0: GGUF
 * cannot say this model. */
static pare_status planned_bytes(const pr_model *m, const char *quant, uint64_t *out,
                                 pare_err *err) {
    pr_type_plan plan;
    pr_written   w;
    pare_err     own = {0};
    *out = 0;
    PR_TRY(pr_type_plan_init(&plan, m, quant, false, err));
    pr_gguf_job job = {.out = "planned.gguf", /* never opened */
                       .choose = pr_type_plan_choose,
                       .user = &plan,
                       .file_type = pr_mix_ftype(plan.mix),
                       .plan_only = true};
    pr_arena *a = pr_arena_new((size_t)256 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    if (pr_convert_gguf(m, &job, NULL, a, &w, &own) == PARE_OK) *out = w.bytes;
    pr_arena_free(a);
    return PARE_OK;
}

static pare_status fits(pr_doc_build *b, pare_doc *d, const pr_model *m, pare_err *err) {
    pare_doc *a = pr_doc_set_array(b, d, "quantizations");
    for (int i = 0; pr_mix_at(i); i++) {
        pr_type_forecast f;
        const char      *name = pr_mix_name(pr_mix_at(i));
        uint64_t         bytes;
        PR_TRY(planned_bytes(m, name, &bytes, err));
        PR_TRY(pr_type_plan_forecast(m, name, &f, err));
        pare_doc *o = pr_doc_add_object(b, a);
        pr_doc_set_str(b, o, "name", name);
        pr_doc_set_i64(b, o, "tensor_bytes", (int64_t)f.tensor_bytes);
        if (bytes) pr_doc_set_i64(b, o, "file_bytes", (int64_t)bytes);
        else pr_doc_set_null(b, o, "file_bytes");
        pr_doc_set_f64(b, o, "bpw", f.bpw);
        pr_doc_set_i64(b, o, "fell_back", f.n_fallback);
        pr_doc_set_i64(b, o, "fell_back_weights", f.fallback_weights);
        if (f.first_why[0]) pr_doc_set_str(b, o, "why", f.first_why);
        else pr_doc_set_null(b, o, "why");
    }
    return PARE_OK;
}

static void findings(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    pare_doc *a = pr_doc_set_array(b, d, "gguf_cannot_express");
    pr_buf    why;
    pr_buf_init(&why, 1 << 16);
    pr_model_inexact_in(m, PR_DIALECT_GGUF, &why);
    for (char *p = why.p, *end; p && *p; p = end + 1) {
        end = strchr(p, '\n');
        if (!end) break;
        pr_doc_add_strn(b, a, (pr_str){p, (size_t)(end - p)});
    }
    pr_buf_done(&why);
    a = pr_doc_set_array(b, d, "notes");
    if (pr_container_note(m->file)) pr_doc_add_str(b, a, pr_container_note(m->file));
    if (m->hp.n_eos == 0)
        pr_doc_add_str(b, a, "no end-of-text token is named: generation ends only by length");
}

/* What somebody who ships it would have to find elsewhere. */
static void missing(pr_doc_build *b, pare_doc *d, const pr_model *m, const char *licence) {
    pare_doc *a = pr_doc_set_array(b, d, "missing");
    if (licence) pr_doc_set_str(b, d, "licence", licence);
    else pr_doc_set_null(b, d, "licence");
    if (!licence)
        pr_doc_add_str(b, a,
                       "licence: no general.license, and no \"license:\" in front of a README.md");
    if (!m->tok) pr_doc_add_str(b, a, "tokenizer: none that works");
    if (!m->chat_template)
        pr_doc_add_str(b, a, "chat template: whoever calls must format a conversation");
    if (m->hp.n_eos == 0) pr_doc_add_str(b, a, "end-of-text token: generation ends only by length");
}

/* What can be right, and rarely is. */
static void suspicious(pr_doc_build *b, pare_doc *d, const pr_model *m) {
    pare_doc *a = pr_doc_set_array(b, d, "suspicious");
    char      line[160];
    int64_t   n = m->tok ? pr_tokenizer_describe(m->tok).n_tokens : 0;
    if (n > m->hp.n_vocab) {
        snprintf(line, sizeof line, "the tokenizer has %lld entries, the embedding %lld rows",
                 (long long)n, (long long)m->hp.n_vocab);
        pr_doc_add_str(b, a, line);
    }
    for (int i = 0; i < m->hp.n_eos; i++) {
        if (m->hp.eos[i] >= 0 && m->hp.eos[i] < m->hp.n_vocab) continue;
        snprintf(line, sizeof line, "end-of-text token %lld is not in the vocabulary of %lld",
                 (long long)m->hp.eos[i], (long long)m->hp.n_vocab);
        pr_doc_add_str(b, a, line);
    }
    const pr_rope *r = &m->hp.ropes[0];
    if (m->hp.n_ropes && r->original_ctx > 0 && r->factor > 1 &&
        (double)m->hp.n_ctx > r->factor * (double)r->original_ctx) {
        snprintf(line, sizeof line, "a context of %lld, but its rotation reaches %.0f",
                 (long long)m->hp.n_ctx, r->factor * (double)r->original_ctx);
        pr_doc_add_str(b, a, line);
    }
}

pare_status pare_assess(const pare_model *m, int check, const pare_ctl *ctl, pare_doc **out,
                        pare_err *err) {
    pr_doc_build b = {0};
    *out = NULL;
    if (check) PR_TRY(pr_model_check_finite(m, ctl, err));
    pare_doc *d = pr_doc_object(&b);
    pr_doc_set_i64(&b, d, "schema", 1);
    pr_doc_set_path(&b, d, "path", m->path);
    pr_doc_set_str(&b, d, "name", m->name);
    pr_doc_set_str(&b, d, "format", pr_source_format(m));
    pr_doc_set_str(&b, d, "architecture", pr_model_arch_name(m));
    pr_doc_set_str(&b, d, "precision", pr_source_precision(m));
    pr_doc_set_i64(&b, d, "parameters", pr_model_n_params(m));
    pr_doc_set_bool(&b, d, "weights_checked", check != 0);
    by_class(&b, d, m);
    shape(&b, d, m);
    types(&b, d, m);
    tokenizer(&b, d, m);
    findings(&b, d, m);
    pr_arena *scratch = pr_arena_new((size_t)4 << 20);
    missing(&b, d, m, scratch ? pr_licence_of(m, scratch) : NULL);
    pr_arena_free(scratch);
    suspicious(&b, d, m);
    tensors(&b, d, m);
    pare_status st = fits(&b, d, m, err);
    if (st != PARE_OK) {
        pare_doc_free(d);
        return st;
    }
    return pr_doc_done(&b, d, out, err);
}
