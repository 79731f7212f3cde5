/* vocab_put.c - a tokenizer's files in a Hugging Face directory. Those of an HF source are
 * copied byte for byte. Of a GGUF's vocabulary files are made, then read back: only if the
 * vocabulary that comes out is the one that went in do they stay. */
#include "convert.h"

enum { FILE_MAX = 256 << 20 };

pare_status pr_copy_file(const char *from, const char *to, pare_err *err) {
    pr_map m;
    PR_TRY(pr_map_open(&m, from, err));
    pare_status st = m.n > FILE_MAX ? pr_fail(err, PARE_EINPUT, -1, "%s: over %d bytes",
                                              pr_path_base(from), FILE_MAX)
                                    : pr_file_write(to, m.p, (size_t)m.n, err);
    pr_map_close(&m);
    return st;
}

/* The folder of chat templates that have a name of their own. */
static pare_status copy_templates(const pr_model *m, const char *dir, pr_arena *a,
                                  pare_err *err) {
    static const char folder[] = "additional_chat_templates";
    char *from = pr_path_join(a, m->path, folder), *to = pr_path_join(a, dir, folder);
    const char **names;
    size_t n;
    if (!from || !to) return pr_fail_nomem(err, 4096);
    if (!pr_path_is_dir(from)) return PARE_OK;
    PR_TRY(pr_dir_list(from, a, &names, &n, err));
    PR_TRY(pr_dir_make(to, err));
    for (size_t i = 0; i < n; i++) {
        char *x = pr_path_join(a, from, names[i]), *y = pr_path_join(a, to, names[i]);
        if (!x || !y) return pr_fail_nomem(err, 4096);
        if (!pr_path_is_dir(x)) PR_TRY(pr_copy_file(x, y, err));
    }
    return PARE_OK;
}

static pare_status copy_files(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    static const char *const names[] = {"tokenizer.json",
                                        "tokenizer.model",
                                        "tokenizer_config.json",
                                        "special_tokens_map.json",
                                        "added_tokens.json",
                                        "vocab.json",
                                        "merges.txt",
                                        "chat_template.jinja",
                                        "chat_template.json"};
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        char *from = pr_path_join(a, m->path, names[i]), *to = pr_path_join(a, dir, names[i]);
        if (!from || !to) return pr_fail_nomem(err, 4096);
        if (pr_path_exists(from)) PR_TRY(pr_copy_file(from, to, err));
    }
    return copy_templates(m, dir, a, err);
}

static bool same_strs(const pr_str *a, uint64_t n, const pr_str *b, uint64_t k) {
    if (n != k || !a != !b) return false;
    for (uint64_t i = 0; a && i < n; i++)
        if (!pr_str_eq(a[i], b[i])) return false;
    return true;
}

/* What differs between two vocabularies in GGUF's words; NULL: nothing. */
static const char *difference(const pr_gguf_vocab *a, const pr_gguf_vocab *b) {
    size_t n = (size_t)a->n_tokens;
    if (!pr_str_eq(a->model, b->model) || !pr_str_eq(a->pre, b->pre))
        return "the pre-tokenizer";
    if (!same_strs(a->tokens, a->n_tokens, b->tokens, b->n_tokens)) return "the tokens' texts";
    if (memcmp(a->types, b->types, n * sizeof *a->types) != 0) return "the tokens' types";
    if (!same_strs(a->merges, a->n_merges, b->merges, b->n_merges)) return "the merges";
    if (!a->scores != !b->scores ||
        (a->scores && memcmp(a->scores, b->scores, n * sizeof *a->scores) != 0))
        return "the scores";
    return a->add_space_prefix != 0 && b->add_space_prefix == 0 ? "the prefix space" : NULL;
}

static pare_status check_back(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    pr_tokenizer *back;
    pr_gguf_vocab was, is;
    PR_TRY(pr_tokenizer_open(&back, dir, err));
    pare_status st = pr_tokenizer_to_gguf(m->tok, (uint64_t)m->hp.n_vocab, a, &was, err);
    if (st == PARE_OK) st = pr_tokenizer_to_gguf(back, (uint64_t)m->hp.n_vocab, a, &is, err);
    const char *what = st == PARE_OK ? difference(&was, &is) : NULL;
    pr_tokenizer_info x = pr_tokenizer_describe(m->tok), y = pr_tokenizer_describe(back);
    if (st == PARE_OK && !what && (x.add_bos != y.add_bos || x.add_eos != y.add_eos))
        what = "what is put around a text";
    if (what)
        st = pr_fail(err, PARE_EREFUSED, -1,
                     "the vocabulary of this GGUF cannot be said in a Hugging Face directory: "
                     "%s would differ",
                     what);
    pr_tokenizer_close(back);
    return st;
}

static void say_chat(pr_doc_build *b, pare_doc *list, const char *name, const char *text) {
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_str(b, o, "name", name);
    pr_doc_set_str(b, o, "template", text);
}

/* An array that holds what chat_template is to say: the one template as text, several as a list
 * of {"name", "template"}; empty: nothing. */
static pare_status chats_say(const pr_model *m, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc *holder = pr_doc_array(&b),
             *list = m->n_chats ? pr_doc_add_array(&b, holder) : NULL;
    if (m->chat_template && !list) pr_doc_add_str(&b, holder, m->chat_template);
    if (m->chat_template && list) say_chat(&b, list, "default", m->chat_template);
    for (int i = 0; i < m->n_chats; i++)
        say_chat(&b, list, m->chats[i].name, m->chats[i].text);
    return pr_doc_done(&b, holder, out, err);
}

static pare_status make_files(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    pr_buf main_file, config;
    const char *name = NULL;
    pare_doc *chat = NULL;
    pare_status st;
    pr_buf_init(&main_file, FILE_MAX);
    pr_buf_init(&config, 1 << 24);
    PR_GO(chats_say(m, &chat, err));
    PR_GO(pr_tokenizer_to_hf(m->tok, pare_doc_at(chat, 0), &name, &main_file, &config, err));
    char *path = pr_path_join(a, dir, name),
         *side = pr_path_join(a, dir, "tokenizer_config.json");
    st = path && side ? PARE_OK : pr_fail_nomem(err, 4096);
    if (st == PARE_OK) st = pr_file_write(path, main_file.p, main_file.n, err);
    if (st == PARE_OK) st = pr_file_write(side, config.p, config.n, err);
    if (st == PARE_OK) st = check_back(m, dir, a, err);
done:
    pare_doc_free(chat);
    pr_buf_done(&main_file);
    pr_buf_done(&config);
    return st;
}

pare_status pr_vocab_put(const pr_model *m, const char *dir, pr_arena *a, pare_err *err) {
    if (m->dialect != PR_DIALECT_GGUF) return copy_files(m, dir, a, err);
    if (m->tok) return make_files(m, dir, a, err);
    pr_fail(err, m->no_tok.status ? m->no_tok.status : PARE_EINPUT, m->no_tok.pos,
            "no tokenizer can be written: %s", m->no_tok.msg);
    return pr_fail_in(err, PARE_EINPUT, m->path);
}
