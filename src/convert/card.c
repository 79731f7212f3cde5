/* card.c - the words for what is said of a model, and their way into and out of a GGUF. */
#include "convert.h"
#include <stdio.h>

/* The spellings in a front matter are those that llama.cpp's converter looks for, in its
 * order; only those of licences are Hugging Face's own. */
const pr_said_spelling pr_said_spellings[PR_SAID_COUNT] = {
    [PR_SAID_NAME] = {"name", {"name", "model_name"}},
    [PR_SAID_AUTHOR] = {"author", {"author", "model_author", "model_creator"}},
    [PR_SAID_VERSION] = {"version", {"version", "model_version"}},
    [PR_SAID_ORGANIZATION] = {"organization", {"organization", "model_organization"}},
    [PR_SAID_FINETUNE] = {"finetune", {"finetune", "model_finetune"}},
    [PR_SAID_BASENAME] = {"basename", {"basename", "model_basename", "model_type"}},
    [PR_SAID_DESCRIPTION] = {"description", {"description", "model_description"}},
    [PR_SAID_SIZE_LABEL] = {"size_label", {"size_label", "model_size_label"}},
    [PR_SAID_LICENSE] = {"license", {"license"}},
    [PR_SAID_LICENSE_NAME] = {"license.name", {"license_name"}},
    [PR_SAID_LICENSE_LINK] = {"license.link", {"license_link"}},
    [PR_SAID_URL] = {"source.url", {"url", "model_url"}},
    [PR_SAID_DOI] = {"source.doi", {"doi", "model_doi"}},
    [PR_SAID_UUID] = {"source.uuid", {"uuid", "model_uuid"}},
    [PR_SAID_REPO_URL] = {"source.repo_url", {"repo_url", "model_repo_url"}}};

const char *const pr_origin_words[PR_ORIGIN_WORDS] = {
    "name", "author", "version", "organization", "description", "url", "doi", "uuid", "repo_url"};

/* ------------------------------------------------------------------ into a file */

static void put_origins(pr_gguf_writer *w, const char *what, const pr_origins *o) {
    char key[96];
    if (!o->stated) return;
    snprintf(key, sizeof key, "general.%s.count", what);
    pr_gguf_add_u32(w, key, (uint32_t)o->n);
    for (uint64_t i = 0; i < o->n; i++)
        for (int k = 0; k < PR_ORIGIN_WORDS; k++) {
            snprintf(key, sizeof key, "general.%s.%llu.%s", what, (unsigned long long)i,
                     pr_origin_words[k]);
            if (o->at[i].word[k].n) pr_gguf_add_str(w, key, o->at[i].word[k]);
        }
}

void pr_card_put_keys(pr_gguf_writer *w, const pr_card *c) {
    char key[96];
    for (int i = 0; i < PR_SAID_COUNT; i++) {
        snprintf(key, sizeof key, "general.%s", pr_said_spellings[i].gguf);
        if (c->said[i].n) pr_gguf_add_str(w, key, c->said[i]);
    }
    put_origins(w, "base_model", &c->base_models);
    put_origins(w, "dataset", &c->datasets);
    if (c->tags.n) pr_gguf_add_strs(w, "general.tags", c->tags.at, c->tags.n);
    if (c->languages.n)
        pr_gguf_add_strs(w, "general.languages", c->languages.at, c->languages.n);
}

/* ------------------------------------------------------------------ out of a file */

/* What is no text is not said: a file whose keys are odd is still a model. */
static pr_str text_at(const pr_container *f, const char *key) {
    pr_str s = {0};
    return pr_gguf_opt_str(f, key, &s, NULL) == PARE_OK && pr_utf8_valid(s.p, s.n, NULL)
               ? s
               : (pr_str){0};
}

static pare_status get_origins(pr_origins *o, const char *what, const pr_container *f,
                               pr_arena *a, pare_err *err) {
    char key[96];
    uint64_t n;
    snprintf(key, sizeof key, "general.%s.count", what);
    const pr_meta *m = pr_container_meta_find(f, key);
    if (!m || !pr_meta_u64(m, &n) || n > PR_ORIGINS_MAX) return PARE_OK;
    *o = (pr_origins){.stated = true, .n = n};
    PR_NEW(o->at, a, n + 1, err);
    for (uint64_t i = 0; i < n; i++)
        for (int k = 0; k < PR_ORIGIN_WORDS; k++) {
            snprintf(key, sizeof key, "general.%s.%llu.%s", what, (unsigned long long)i,
                     pr_origin_words[k]);
            o->at[i].word[k] = text_at(f, key);
        }
    return PARE_OK;
}

static pare_status get_texts(pr_texts *t, const char *key, const pr_container *f, pr_arena *a,
                             pare_err *err) {
    const pr_meta *m = pr_container_meta_find(f, key);
    if (!m || m->type != PR_META_ARR || m->elem != PR_META_STR) return PARE_OK;
    PR_NEW(t->at, a, m->n + 1, err);
    for (uint64_t i = 0; i < m->n; i++) {
        pr_str s = {0};
        if (pr_meta_arr_str(m, i, &s) && pr_utf8_valid(s.p, s.n, NULL)) t->at[t->n++] = s;
    }
    return PARE_OK;
}

pare_status pr_card_of_gguf(pr_card *c, const pr_container *f, pr_arena *a, pare_err *err) {
    char key[96];
    *c = (pr_card){0};
    for (int i = 0; i < PR_SAID_COUNT; i++) {
        snprintf(key, sizeof key, "general.%s", pr_said_spellings[i].gguf);
        c->said[i] = text_at(f, key);
    }
    PR_TRY(get_origins(&c->base_models, "base_model", f, a, err));
    PR_TRY(get_origins(&c->datasets, "dataset", f, a, err));
    PR_TRY(get_texts(&c->tags, "general.tags", f, a, err));
    return get_texts(&c->languages, "general.languages", f, a, err);
}
