/* chat.c - chat templates: the one of a model, and those by name beside it. Which file counts
 * is as llama.cpp's converter has it: the key of tokenizer_config.json (even if it is null),
 * then chat_template.jinja with additional_chat_templates/, then chat_template.json. Always true:
 * a name is made of ASCII letters, digits and '_', as GGUF's keys are, and stands once. */
#include "chat.h"
#include <stdio.h>

enum { CHAT_BYTES_MAX = 16 << 20, CHATS_MAX = 64 };

static pare_status chat_add(pr_model *m, pr_str name, pr_str text, pare_err *err) {
    char *key = pr_arena_str(m->arena, name.p, name.n),
         *copy = pr_arena_str(m->arena, text.p, text.n);
    pr_named_chat *to;
    if (!key || !copy) return pr_fail_nomem(err, text.n);
    for (char *s = key; *s; s++) {
        bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');
        if (!letter && !(*s >= '0' && *s <= '9')) *s = '_';
    }
    if (!*key) return PARE_OK;
    if (strcmp(key, "default") == 0) return m->chat_template = copy, PARE_OK;
    for (int i = 0; i < m->n_chats; i++)
        if (strcmp(m->chats[i].name, key) == 0) return m->chats[i].text = copy, PARE_OK;
    if (m->n_chats == CHATS_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "over %d chat templates", CHATS_MAX);
    if (!m->chats) PR_NEW(m->chats, m->arena, CHATS_MAX, err);
    to = &m->chats[m->n_chats++];
    *to = (pr_named_chat){key, copy};
    return PARE_OK;
}

/* Text, or a list of {"name": …, "template": …}; anything else is none. */
static pare_status chat_take(pr_model *m, const pare_doc *v, pare_err *err) {
    pare_doc_iter it = {0};
    if (pare_doc_str(v)) return chat_add(m, PR_STR("default"), pr_doc_text_of(v), err);
    while (pare_doc_kind(v) == PARE_DOC_ARRAY && pare_doc_next(v, &it)) {
        pr_str name = pr_doc_text_of(pare_doc_get(it.value, "name")),
               text = pr_doc_text_of(pare_doc_get(it.value, "template"));
        if (name.p && text.p) PR_TRY(chat_add(m, name, text, err));
    }
    return PARE_OK;
}

static pare_status take_file(pr_model *m, pr_str name, const char *path, pare_err *err) {
    pr_str text;
    PR_TRY(pr_file_read(path, CHAT_BYTES_MAX, m->arena, &text, err));
    return chat_add(m, name, text, err);
}

/* *stated: the file has the key. */
static pare_status take_key(pr_model *m, const char *path, bool *stated, pare_err *err) {
    pare_doc *doc;
    *stated = false;
    if (!pr_path_exists(path)) return PARE_OK;
    PR_TRY(pr_json_read(&doc, path, NULL, err));
    const pare_doc *v = pare_doc_get(doc, "chat_template");
    *stated = v != NULL;
    pare_status st = chat_take(m, v, err);
    pare_doc_free(doc);
    return st;
}

static pare_status take_additional(pr_model *m, const char *dir, pare_err *err) {
    const pr_str tail = PR_STR(".jinja");
    char *more = pr_path_join(m->arena, dir, "additional_chat_templates");
    const char **names;
    size_t n;
    if (!more) return pr_fail_nomem(err, 4096);
    if (!pr_path_is_dir(more)) return PARE_OK;
    PR_TRY(pr_dir_list(more, m->arena, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(names[i]);
        char *path = pr_path_join(m->arena, more, names[i]);
        if (!path) return pr_fail_nomem(err, 4096);
        if (k > tail.n && strcmp(names[i] + k - tail.n, tail.p) == 0)
            PR_TRY(take_file(m, (pr_str){names[i], k - tail.n}, path, err));
    }
    return PARE_OK;
}

pare_status pr_chats_of_dir(pr_model *m, const char *dir, pare_err *err) {
    char *config = pr_path_join(m->arena, dir, "tokenizer_config.json"),
         *jinja = pr_path_join(m->arena, dir, "chat_template.jinja"),
         *json = pr_path_join(m->arena, dir, "chat_template.json");
    bool stated;
    if (!config || !jinja || !json) return pr_fail_nomem(err, 4096);
    PR_TRY(take_key(m, config, &stated, err));
    if (stated) return PARE_OK;
    if (!pr_path_exists(jinja)) return take_key(m, json, &stated, err);
    PR_TRY(take_file(m, PR_STR("default"), jinja, err));
    return take_additional(m, dir, err);
}

pare_status pr_chats_of_gguf(pr_model *m, pare_err *err) {
    pr_str text = {0}, name;
    const pr_meta *names = NULL;
    char key[256];
    PR_TRY(pr_gguf_opt_str(m->file, "tokenizer.chat_template", &text, err));
    if (text.p) PR_TRY(chat_add(m, PR_STR("default"), text, err));
    PR_TRY(pr_gguf_opt_arr(m->file, "tokenizer.chat_templates", PR_META_STR, &names, err));
    for (uint64_t i = 0; names && i < names->n; i++) {
        if (!pr_meta_arr_str(names, i, &name)) continue;
        snprintf(key, sizeof key, "tokenizer.chat_template.%.*s", (int)PR_MIN(name.n, 200u),
                 name.p);
        text = (pr_str){0};
        PR_TRY(pr_gguf_opt_str(m->file, key, &text, err));
        if (text.p) PR_TRY(chat_add(m, name, text, err));
    }
    return PARE_OK;
}

pare_status pr_model_template(const char *dir, pr_arena *a, char **out, pare_err *err) {
    pr_model m = {.arena = a};
    pare_status st = pr_chats_of_dir(&m, dir, err);
    *out = m.chat_template;
    return st;
}
