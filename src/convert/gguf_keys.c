/* gguf_keys.c - the metadata of a GGUF file, in the order in which llama.cpp's converter
 * writes it. Every key is what its runtime reads, and what it would take for granted
 * is said as well where it costs nothing. */
#include "convert.h"
#include <stdio.h>

enum { QUANTIZATION_VERSION = 2 };

static const char *const special_keys[PR_SPECIAL_COUNT] = {
    [PR_SPECIAL_BOS] = "tokenizer.ggml.bos_token_id",
    [PR_SPECIAL_EOS] = "tokenizer.ggml.eos_token_id",
    [PR_SPECIAL_UNK] = "tokenizer.ggml.unknown_token_id",
    [PR_SPECIAL_SEP] = "tokenizer.ggml.seperator_token_id",
    [PR_SPECIAL_PAD] = "tokenizer.ggml.padding_token_id",
    [PR_SPECIAL_MASK] = "tokenizer.ggml.mask_token_id",
    [PR_SPECIAL_EOT] = "tokenizer.ggml.eot_token_id",
    [PR_SPECIAL_EOM] = "tokenizer.ggml.eom_token_id"};

/* ------------------------------------------------------------------ tokenizer */

/* An id that config.json states itself; class defaults are nobody's statement. */
static void id_from_config(const pr_model *m, const char *key, pr_special role,
                           pr_gguf_vocab *g) {
    const pare_doc *v = pare_doc_get(m->config, key);
    int64_t id;
    if (pare_doc_kind(v) == PARE_DOC_ARRAY) v = pare_doc_at(v, 0);
    if (g->role[role] >= 0 || pare_doc_kind(v) != PARE_DOC_INT) return;
    id = pare_doc_int(v);
    if (id >= 0 && (uint64_t)id < g->n_tokens) g->role[role] = id;
}

pare_status pr_vocab_for_gguf(const pr_model *m, pr_arena *a, pr_gguf_vocab *out,
                              pare_err *err) {
    if (!m->tok) {
        pr_fail(err, m->no_tok.status ? m->no_tok.status : PARE_EINPUT, m->no_tok.pos,
                "no tokenizer can be written: %s",
                m->no_tok.msg);
        return pr_fail_in(err, PARE_EINPUT, m->no_tok.file[0] ? m->no_tok.file : m->path);
    }
    PR_TRY(pr_tokenizer_to_gguf(m->tok, (uint64_t)m->hp.n_vocab, a, out, err));
    id_from_config(m, "bos_token_id", PR_SPECIAL_BOS, out);
    id_from_config(m, "eos_token_id", PR_SPECIAL_EOS, out);
    id_from_config(m, "unk_token_id", PR_SPECIAL_UNK, out);
    id_from_config(m, "sep_token_id", PR_SPECIAL_SEP, out);
    id_from_config(m, "pad_token_id", PR_SPECIAL_PAD, out);
    return PARE_OK;
}

static void put_flag(pr_gguf_writer *w, const char *key, int v) {
    if (v >= 0) pr_gguf_add_bool(w, key, v != 0);
}

/* Chat templates that have a name of their own, then the list of these names. */
static void put_chats(pr_gguf_writer *w, const pr_model *m) {
    char key[256];
    pr_str names[64];
    uint64_t n = 0;
    for (int i = 0; i < m->n_chats && n < PR_COUNT(names); i++) {
        snprintf(key, sizeof key, "tokenizer.chat_template.%.200s", m->chats[i].name);
        if (*m->chats[i].text) pr_gguf_add_str(w, key, pr_str_of(m->chats[i].text));
        names[n++] = pr_str_of(m->chats[i].name);
    }
    if (n) pr_gguf_add_strs(w, "tokenizer.chat_templates", names, n);
}

static void put_tokenizer(pr_gguf_writer *w, const pr_model *m, const pr_gguf_vocab *g) {
    put_flag(w, "tokenizer.ggml.add_space_prefix", g->add_space_prefix);
    pr_gguf_add_str(w, "tokenizer.ggml.model", g->model);
    if (g->pre.p) pr_gguf_add_str(w, "tokenizer.ggml.pre", g->pre);
    pr_gguf_add_strs(w, "tokenizer.ggml.tokens", g->tokens, g->n_tokens);
    if (g->scores)
        pr_gguf_add_arr(w, "tokenizer.ggml.scores", PR_META_F32, g->scores, g->n_tokens);
    if (g->types)
        pr_gguf_add_arr(w, "tokenizer.ggml.token_type", PR_META_I32, g->types, g->n_tokens);
    if (g->merges) pr_gguf_add_strs(w, "tokenizer.ggml.merges", g->merges, g->n_merges);
    for (int i = 0; i < PR_SPECIAL_COUNT; i++)
        if (g->role[i] >= 0) pr_gguf_add_u32(w, special_keys[i], (uint32_t)g->role[i]);
    put_flag(w, "tokenizer.ggml.add_bos_token", g->add_bos);
    put_flag(w, "tokenizer.ggml.add_sep_token", g->add_sep);
    put_flag(w, "tokenizer.ggml.add_eos_token", g->add_eos);
    put_chats(w, m);
    if (m->chat_template && *m->chat_template)
        pr_gguf_add_str(w, "tokenizer.chat_template", pr_str_of(m->chat_template));
}

/* ------------------------------------------------------------------ the model */

static const char *in(char dst[96], const pr_model *m, const char *key) {
    snprintf(dst, 96, "%s.%s", pr_model_name_in(m, PR_DIALECT_GGUF), key);
    return dst;
}

static void put_u32(pr_gguf_writer *w, const pr_model *m, const char *key, int64_t v) {
    char k[96];
    pr_gguf_add_u32(w, in(k, m, key), (uint32_t)v);
}

static void put_f32(pr_gguf_writer *w, const pr_model *m, const char *key, double v) {
    char k[96];
    pr_gguf_add_f32(w, in(k, m, key), (float)v);
}

static void put_scaling(pr_gguf_writer *w, const pr_model *m, const pr_rope_words *say) {
    const pr_rope *r = &m->hp.ropes[0];
    char k[96];
    if (say->keys) {
        bool yarn = r->kind == PR_ROPE_YARN;
        pr_gguf_add_str(w, in(k, m, "rope.scaling.type"),
                        yarn ? PR_STR("yarn") : PR_STR("linear"));
        put_f32(w, m, "rope.scaling.factor", r->factor);
        if (yarn) put_u32(w, m, "rope.scaling.original_context_length", r->original_ctx);
    }
    if ((float)say->attn != 1.0f) put_f32(w, m, "rope.scaling.attn_factor", say->attn);
}

static void put_architecture(pr_gguf_writer *w, const pr_model *m, const pr_rope_words *say,
                             int file_type) {
    const pr_hp *h = &m->hp;
    const pr_layer *l = &h->layers[0];
    put_u32(w, m, "block_count", h->n_layer);
    put_u32(w, m, "context_length", h->n_ctx);
    put_u32(w, m, "embedding_length", h->d_model);
    put_u32(w, m, "feed_forward_length", l->d_ff);
    put_u32(w, m, "attention.head_count", l->n_head);
    put_u32(w, m, "attention.head_count_kv", l->n_kv);
    put_scaling(w, m, say);
    put_f32(w, m, "rope.freq_base", h->ropes[0].theta);
    put_f32(w, m, "attention.layer_norm_rms_epsilon", (double)h->rms_eps);
    put_u32(w, m, "attention.key_length", l->d_head);
    put_u32(w, m, "attention.value_length", l->d_head);
    pr_gguf_add_u32(w, "general.file_type", (uint32_t)file_type);
    put_u32(w, m, "vocab_size", h->n_vocab);
    put_u32(w, m, "rope.dimension_count", h->ropes[0].dim);
}

static void put_inexact(pr_gguf_writer *w, pr_arena *a, const pr_written *out) {
    pr_str *s = out->n_inexact ? pr_arena_get(a, (size_t)out->n_inexact, sizeof *s) : NULL;
    for (int i = 0; s && i < out->n_inexact; i++) s[i] = pr_str_of(out->inexact[i]);
    if (s) pr_gguf_add_strs(w, "pare.inexact", s, (uint64_t)out->n_inexact);
    if (out->lineage) pr_gguf_add_str(w, "pare.lineage", pr_str_of(out->lineage));
}

static void put_fresh(pr_gguf_writer *w, const pr_key_plan *p) {
    const pr_model *m = p->outline->m;
    pr_arena *a = p->outline->arena;
    pr_card card = *p->card;
    if (p->job->name) card.said[PR_SAID_NAME] = pr_str_of(p->job->name);
    pr_gguf_add_str(w, "general.architecture", pr_str_of(pr_model_name_in(m, PR_DIALECT_GGUF)));
    pr_gguf_add_str(w, "general.type", PR_STR("model"));
    pr_sampling_put_keys(w, m, a);
    pr_card_put_keys(w, &card);
    put_architecture(w, m, p->rope, p->file_type);
    pr_gguf_add_u32(w, "general.quantization_version", QUANTIZATION_VERSION);
    put_inexact(w, a, p->out);
    if (p->vocab) put_tokenizer(w, m, p->vocab);
}

/* ------------------------------------------------------------------ from a GGUF */

static bool begins(const char *s, const char *with) {
    return strncmp(s, with, strlen(with)) == 0;
}

/* Said anew, or untrue of the new file. */
static bool replaced(const char *key, const pr_key_plan *p) {
    return strcmp(key, "general.alignment") == 0 || strcmp(key, "general.file_type") == 0 ||
           strcmp(key, "general.quantization_version") == 0 || begins(key, "split.") ||
           strcmp(key, "pare.lineage") == 0 ||
           (p->job->name && strcmp(key, "general.name") == 0) ||
           (p->job->no_tokenizer && begins(key, "tokenizer.")) ||
           (p->job->choose &&
            (begins(key, "quantize.imatrix.") || begins(key, "pare.calibration.")));
}

static void put_kept(pr_gguf_writer *w, const pr_key_plan *p) {
    const pr_container *c = p->outline->m->file;
    bool typed = false;
    for (size_t i = 0; i < pr_container_meta_count(c); i++) {
        const pr_meta *k = pr_container_meta_at(c, i);
        if (strcmp(k->key, "general.file_type") == 0) {
            pr_gguf_add_u32(w, k->key, (uint32_t)p->file_type);
            typed = true;
        } else if (p->job->name && strcmp(k->key, "general.name") == 0) {
            pr_gguf_add_str(w, k->key, pr_str_of(p->job->name));
        } else if (!replaced(k->key, p)) {
            pr_gguf_add_meta(w, NULL, k);
        }
    }
    if (!typed) pr_gguf_add_u32(w, "general.file_type", (uint32_t)p->file_type);
    pr_gguf_add_u32(w, "general.quantization_version", QUANTIZATION_VERSION);
    if (p->job->name && !pr_container_meta_find(c, "general.name"))
        pr_gguf_add_str(w, "general.name", pr_str_of(p->job->name));
    if (p->job->lineage) pr_gguf_add_str(w, "pare.lineage", pr_str_of(p->job->lineage));
}

void pr_keys_put(pr_gguf_writer *w, const pr_key_plan *p) {
    if (p->outline->m->dialect == PR_DIALECT_GGUF)
        put_kept(w, p);
    else
        put_fresh(w, p);
    if (p->job->more_keys) p->job->more_keys(p->job->more_user, w);
}
