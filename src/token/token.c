/* token.c - opens a tokenizer from what lies in a checkpoint's folder. */
#include "token/token.h"
#include "vocab.h"

enum { JSON_BYTES_MAX = 256 << 20, MODEL_BYTES_MAX = 64 << 20 };

static pare_status finish(pr_tokenizer **out, pr_tokenizer *t, pare_status st, pare_err *err) {
    if (st == PARE_OK) st = pr_vocab_ready(t, err);
    if (st != PARE_OK) {
        pr_tokenizer_close(t);
        return st;
    }
    *out = t;
    return PARE_OK;
}

pare_status pr_tokenizer_from_json(pr_tokenizer **out, pr_str json, pr_str config, pare_err *err) {
    pr_tokenizer *t;
    *out = NULL;
    PR_TRY(pr_vocab_begin(&t, "tokenizer.json", err));
    return finish(out, t, pr_json_fill(t, json, config, err), err);
}

static pare_status spm_fill(pr_tokenizer *t, pr_str model, pr_str config, pare_err *err) {
    PR_TRY(pr_spm_fill(t, model, err));
    return config.n ? pr_json_config(t, config, err) : PARE_OK;
}

pare_status pr_tokenizer_from_spm(pr_tokenizer **out, pr_str model, pr_str config, pare_err *err) {
    pr_tokenizer *t;
    *out = NULL;
    PR_TRY(pr_vocab_begin(&t, "tokenizer.model", err));
    return finish(out, t, spm_fill(t, model, config, err), err);
}

typedef struct {
    pr_map json, model, config;
} files;

static pare_status map(pr_map *m, pr_arena *a, const char *dir, const char *name, size_t max,
                       pare_err *err) {
    *m = (pr_map){0};
    const char *path = pr_path_join(a, dir, name);
    if (!path) return pr_fail_nomem(err, 256);
    if (!pr_path_exists(path)) return PARE_OK;
    PR_TRY(pr_map_open(m, path, err));
    if (m->n > max)
        return pr_fail(err, PARE_EINPUT, -1, "%s has %llu bytes, at most %zu", name,
                       (unsigned long long)m->n, max);
    return PARE_OK;
}

static pr_str text_of(const pr_map *m) {
    return (pr_str){m->p ? (const char *)m->p : "", (size_t)m->n};
}

/* The scores of the same vocabulary's tokenizer.model, for writing GGUF: a
 * tokenizer.json has lost them. A token that the two spell differently keeps none. */
static pare_status take_scores(pr_tokenizer *t, const files *f, pare_err *err) {
    pr_tokenizer *m;
    if (!f->model.path || t->v.byte_level || !t->v.byte_fallback) return PARE_OK;
    pare_status st = pr_tokenizer_from_spm(&m, text_of(&f->model), (pr_str){"", 0}, NULL);
    if (st == PARE_EUNSUPPORTED) return PARE_OK; /* it is not what encodes */
    if (st != PARE_OK) return pr_tokenizer_from_spm(&m, text_of(&f->model), (pr_str){"", 0}, err);
    bool same = m->v.n <= t->v.n;
    for (uint32_t id = 0; same && id < m->v.n; id++)
        same = t->v.text[id].p && pr_str_eq(t->v.text[id], m->v.text[id]);
    if (same) {
        t->v.spm_score = pr_arena_get(t->arena, t->v.n, sizeof(float));
        for (uint32_t id = 0; t->v.spm_score && id < t->v.n; id++)
            t->v.spm_score[id] = id < m->v.n ? m->v.score[id] : -1000.0f;
    }
    pr_tokenizer_close(m);
    return same && !t->v.spm_score ? pr_fail_nomem(err, t->v.n * sizeof(float)) : PARE_OK;
}

static pare_status open_files(pr_tokenizer **out, const files *f, const char *dir, pare_err *err) {
    pare_status st;
    if (f->json.path) {
        st = pr_tokenizer_from_json(out, text_of(&f->json), text_of(&f->config), err);
        if (st != PARE_OK) return pr_fail_in(err, st, f->json.path);
        st = take_scores(*out, f, err);
        return st == PARE_OK ? st : pr_fail_in(err, st, f->model.path);
    }
    if (!f->model.path)
        return pr_fail(err, PARE_EINPUT, -1,
                       "%s: neither tokenizer.json nor tokenizer.model is there", dir);
    st = pr_tokenizer_from_spm(out, text_of(&f->model), text_of(&f->config), err);
    return st == PARE_OK ? st : pr_fail_in(err, st, f->model.path);
}

pare_status pr_tokenizer_open(pr_tokenizer **out, const char *dir, pare_err *err) {
    files       f = {0};
    pare_status st;
    *out = NULL;
    pr_arena *a = pr_arena_new(1 << 16);
    if (!a) return pr_fail_nomem(err, 1 << 16);
    PR_GO(map(&f.json, a, dir, "tokenizer.json", JSON_BYTES_MAX, err));
    PR_GO(map(&f.model, a, dir, "tokenizer.model", MODEL_BYTES_MAX, err));
    PR_GO(map(&f.config, a, dir, "tokenizer_config.json", JSON_BYTES_MAX, err));
    PR_GO(open_files(out, &f, dir, err));
done:
    if (st != PARE_OK) {
        pr_tokenizer_close(*out);
        *out = NULL;
    }
    pr_map_close(&f.json);
    pr_map_close(&f.model);
    pr_map_close(&f.config);
    pr_arena_free(a);
    return st;
}
