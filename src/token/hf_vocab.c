/* hf_vocab.c - a GGUF's vocabulary as a Hugging Face directory has it: tokenizer.json for
 * byte-level BPE, a SentencePiece model (scores, types and all) for the rest, and
 * tokenizer_config.json. What it says is what gguf_vocab.c read; whoever writes it
 * reads it back and compares. */
#include "doc/doc.h"
#include "vocab.h"
#include <stdio.h>

/* ----------------------------------------------------- tokenizer_config.json */

static pare_status put_config(const pr_tokenizer *t, const pare_doc *chat, pr_buf *out,
                              pare_err *err) {
    static const char *const keys[PR_SPECIAL_COUNT] = {"bos_token", "eos_token", "unk_token",
                                                       "sep_token", "pad_token", "mask_token",
                                                       "eot_token", "eom_token"};
    const pr_vocab *v = &t->v;
    pr_doc_build b = {0};
    pare_doc *root = pr_doc_object(&b), *done;
    pr_doc_set_str(&b, root, "tokenizer_class",
                   v->byte_level ? "PreTrainedTokenizerFast" : "LlamaTokenizer");
    for (int i = 0; i < PR_SPECIAL_COUNT; i++)
        if (v->role[i] >= 0) pr_doc_set_strn(&b, root, keys[i], v->text[v->role[i]]);
    pr_doc_set_bool(&b, root, "add_bos_token", v->add_bos);
    pr_doc_set_bool(&b, root, "add_eos_token", v->add_eos);
    if (!v->byte_level) pr_doc_set_bool(&b, root, "legacy", false);
    if (v->says_prefix >= 0) pr_doc_set_bool(&b, root, "add_prefix_space", v->says_prefix != 0);
    pr_doc_set_bool(&b, root, "clean_up_tokenization_spaces", false);
    if (chat) pr_doc_set(&b, root, "chat_template", pr_doc_copy(chat));
    PR_TRY(pr_doc_done(&b, root, &done, err));
    pare_status st = pr_doc_put(done, 2, out, err);
    pare_doc_free(done);
    return st;
}

/* ----------------------------------------------------------- tokenizer.json */

/* An id that the file holds no token for: the converters' "[PAD7]". */
static bool is_hole(const pr_vocab *v, uint32_t id) {
    char name[24];
    snprintf(name, sizeof name, "[PAD%u]", id);
    return !v->text[id].p ||
           (v->type[id] == PR_TOKEN_UNUSED && pr_str_eq(v->text[id], pr_str_of(name)));
}

static void put_added(pr_doc_build *b, pare_doc *root, const pr_vocab *v) {
    pare_doc *list = pr_doc_set_array(b, root, "added_tokens");
    for (uint32_t i = 0; i < v->n_added; i++) {
        const pr_added *d = &v->added[i];
        pare_doc *o = pr_doc_add_object(b, list);
        pr_doc_set_i64(b, o, "id", d->id);
        pr_doc_set_strn(b, o, "content", d->text);
        pr_doc_set_bool(b, o, "single_word", false);
        pr_doc_set_bool(b, o, "lstrip", false);
        pr_doc_set_bool(b, o, "rstrip", false);
        pr_doc_set_bool(b, o, "normalized", false);
        pr_doc_set_bool(b, o, "special", d->special);
    }
}

static void put_byte_level(pr_doc_build *b, pare_doc *o) {
    pr_doc_set_str(b, o, "type", "ByteLevel");
    pr_doc_set_bool(b, o, "add_prefix_space", false);
    pr_doc_set_bool(b, o, "trim_offsets", true);
    pr_doc_set_bool(b, o, "use_regex", false);
}

static void put_pre(pr_doc_build *b, pare_doc *root, const pr_vocab *v) {
    pare_doc *o = pr_doc_set_object(b, root, "pre_tokenizer");
    pr_doc_set_str(b, o, "type", "Sequence");
    pare_doc *list = pr_doc_set_array(b, o, "pretokenizers");
    for (uint32_t i = 0; i < v->n_pre; i++) {
        pare_doc *s = pr_doc_add_object(b, list);
        pr_doc_set_str(b, s, "type", "Split");
        pr_doc_set_strn(b, pr_doc_set_object(b, s, "pattern"), "Regex", v->pre[i].pattern);
        pr_doc_set_str(b, s, "behavior", "Isolated");
        pr_doc_set_bool(b, s, "invert", v->pre[i].invert);
    }
    put_byte_level(b, pr_doc_add_object(b, list));
}

static void put_piece(pr_doc_build *b, pare_doc *list, const char *kind, pr_str id) {
    pare_doc *o = pr_doc_set_object(b, pr_doc_add_object(b, list), kind);
    pr_doc_set_strn(b, o, "id", id);
    pr_doc_set_i64(b, o, "type_id", 0);
}

/* What stands before and after a text, as a template. */
static void put_post(pr_doc_build *b, pare_doc *root, const pr_vocab *v) {
    if (!v->n_before && !v->n_after) {
        put_byte_level(b, pr_doc_set_object(b, root, "post_processor"));
        return;
    }
    pare_doc *o = pr_doc_set_object(b, root, "post_processor");
    pr_doc_set_str(b, o, "type", "TemplateProcessing");
    for (int pair = 0; pair < 2; pair++) {
        pare_doc *list = pr_doc_set_array(b, o, pair ? "pair" : "single");
        for (int k = 0; k <= pair; k++) {
            for (uint32_t i = 0; i < v->n_before; i++)
                put_piece(b, list, "SpecialToken", v->text[v->before[i]]);
            put_piece(b, list, "Sequence", k ? PR_STR("B") : PR_STR("A"));
            for (uint32_t i = 0; i < v->n_after; i++)
                put_piece(b, list, "SpecialToken", v->text[v->after[i]]);
        }
    }
    pare_doc *map = pr_doc_set_object(b, o, "special_tokens");
    for (uint32_t i = 0; i < v->n_before + v->n_after; i++) {
        uint32_t id = i < v->n_before ? v->before[i] : v->after[i - v->n_before];
        pare_doc *s = pr_doc_object(b);
        pr_doc_set_strn(b, s, "id", v->text[id]);
        pr_doc_add_i64(b, pr_doc_set_array(b, s, "ids"), id);
        pr_doc_add_strn(b, pr_doc_set_array(b, s, "tokens"), v->text[id]);
        pr_doc_set(b, map, v->text[id].p, s); /* texts are terminated */
    }
}

static void put_model(pr_doc_build *b, pare_doc *root, const pr_vocab *v) {
    pare_doc *m = pr_doc_set_object(b, root, "model");
    pr_doc_set_str(b, m, "type", "BPE");
    pr_doc_set_null(b, m, "dropout");
    pr_doc_set_null(b, m, "unk_token");
    pr_doc_set_null(b, m, "continuing_subword_prefix");
    pr_doc_set_null(b, m, "end_of_word_suffix");
    pr_doc_set_bool(b, m, "fuse_unk", false);
    pr_doc_set_bool(b, m, "byte_fallback", false);
    pr_doc_set_bool(b, m, "ignore_merges", v->ignore_merges);
    pare_doc *vocab = pr_doc_set_object(b, m, "vocab");
    for (uint32_t id = 0; id < v->n; id++)
        if (v->type[id] != PR_TOKEN_CONTROL && v->type[id] != PR_TOKEN_USER_DEFINED &&
            !is_hole(v, id))
            pr_doc_set_i64(b, vocab, v->text[id].p, id);
    pare_doc *merges = pr_doc_set_array(b, m, "merges");
    for (uint32_t i = 0; i < v->n_merges; i++) {
        pare_doc *pair = pr_doc_add_array(b, merges);
        pr_doc_add_strn(b, pair, v->text[v->merge[i].left]);
        pr_doc_add_strn(b, pair, v->text[v->merge[i].right]);
    }
}

static pare_status put_json(const pr_tokenizer *t, pr_buf *out, pare_err *err) {
    const pr_vocab *v = &t->v;
    pr_doc_build b = {0};
    pare_doc *root = pr_doc_object(&b), *done;
    pr_doc_set_str(&b, root, "version", "1.0");
    pr_doc_set_null(&b, root, "truncation");
    pr_doc_set_null(&b, root, "padding");
    put_added(&b, root, v);
    pr_doc_set_null(&b, root, "normalizer");
    put_pre(&b, root, v);
    put_post(&b, root, v);
    put_byte_level(&b, pr_doc_set_object(&b, root, "decoder"));
    put_model(&b, root, v);
    PR_TRY(pr_doc_done(&b, root, &done, err));
    pare_status st = pr_doc_put(done, 1, out, err);
    pare_doc_free(done);
    return st;
}

/* ----------------------------------------------------------- tokenizer.model
 * sentencepiece_model.proto: pieces 1 {piece 1, score 2, type 3}; trainer_spec 2;
 * normalizer_spec 3. Its types are numbered as GGUF's. */

static void put_varint(pr_buf *b, uint64_t v) {
    do {
        uint8_t byte = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        pr_buf_add(b, &byte, 1);
        v >>= 7;
    } while (v);
}

static void put_number(pr_buf *b, uint32_t field, uint64_t v) {
    put_varint(b, (uint64_t)field << 3);
    put_varint(b, v);
}

static void put_bytes(pr_buf *b, uint32_t field, const void *p, size_t n) {
    put_varint(b, (uint64_t)field << 3 | 2);
    put_varint(b, n);
    pr_buf_add(b, p, n);
}

static void put_pieces(const pr_vocab *v, pr_buf *out, pr_buf *tmp) {
    for (uint32_t id = 0; id < v->n; id++) {
        pr_buf_clear(tmp);
        put_bytes(tmp, 1, v->text[id].p, v->text[id].n);
        put_varint(tmp, 2 << 3 | 5);
        pr_buf_add(tmp, &v->score[id], sizeof v->score[id]);
        put_number(tmp, 3, v->type[id]);
        put_bytes(out, 1, tmp->p, tmp->n);
    }
}

static void put_specs(const pr_vocab *v, pr_buf *out, pr_buf *tmp) {
    static const pr_special role[] = {PR_SPECIAL_UNK, PR_SPECIAL_BOS, PR_SPECIAL_EOS,
                                      PR_SPECIAL_PAD};
    pr_buf_clear(tmp);
    put_number(tmp, 3, 2); /* BPE */
    put_number(tmp, 4, v->n);
    put_number(tmp, 35, 1); /* byte_fallback */
    for (uint32_t i = 0; i < 4; i++) put_number(tmp, 40 + i, (uint64_t)v->role[role[i]]);
    put_bytes(out, 2, tmp->p, tmp->n);
    pr_buf_clear(tmp);
    put_bytes(tmp, 1, "identity", 8);
    put_number(tmp, 3, v->add_space_prefix != 0);
    put_number(tmp, 4, 0); /* remove_extra_whitespaces */
    put_number(tmp, 5, 1); /* escape_whitespaces */
    put_bytes(out, 3, tmp->p, tmp->n);
}

static pare_status put_spm(const pr_vocab *v, pr_buf *out, pare_err *err) {
    pr_buf tmp;
    pr_buf_init(&tmp, 1 << 20);
    put_pieces(v, out, &tmp);
    put_specs(v, out, &tmp);
    bool failed = tmp.failed || out->failed;
    pr_buf_done(&tmp);
    return failed ? pr_fail_nomem(err, out->n) : PARE_OK;
}

static bool whole(const pr_vocab *v) {
    for (uint32_t id = 0; id < v->n; id++)
        if (!v->text[id].p || memchr(v->text[id].p, 0, v->text[id].n)) return false;
    return true;
}

pare_status pr_tokenizer_to_hf(const pr_tokenizer *t, const pare_doc *chat_template,
                               const char **name, pr_buf *main, pr_buf *config, pare_err *err) {
    const pr_vocab *v = &t->v;
    *name = v->byte_level ? "tokenizer.json" : "tokenizer.model";
    if (!v->from_gguf || !whole(v) || (!v->byte_level && !v->score))
        return pr_fail(
            err, PARE_EREFUSED, -1,
            "a vocabulary from %s with holes or without scores cannot be written as %s",
            v->source, *name);
    PR_TRY(put_config(t, chat_template, config, err));
    return v->byte_level ? put_json(t, main, err) : put_spm(v, main, err);
}
