/* gguf_vocab_keys.c - the tokenizer.ggml.* keys of a GGUF file, as the tokenizer wants them. */
#include "arch.h"
#include "chat.h"
#include <stdio.h>


static pare_status flag(const pr_container *c, const char *key, int *out, pare_err *err) {
    bool v;
    *out = -1;
    if (!pr_container_meta_find(c, key)) return PARE_OK;
    PR_TRY(pr_gguf_get_bool(c, key, &v, err));
    *out = v;
    return PARE_OK;
}

static pare_status roles(const pr_container *c, pr_gguf_vocab *g, pare_err *err) {
    static const struct {
        pr_special  role;
        const char *key;
    } keys[] = {{PR_SPECIAL_BOS, "bos"},     {PR_SPECIAL_EOS, "eos"},
                {PR_SPECIAL_UNK, "unknown"}, {PR_SPECIAL_SEP, "seperator"},
                {PR_SPECIAL_PAD, "padding"}, {PR_SPECIAL_MASK, "mask"},
                {PR_SPECIAL_EOT, "eot"},     {PR_SPECIAL_EOM, "eom"}};
    for (size_t i = 0; i < PR_COUNT(keys); i++) {
        char key[64];
        snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", keys[i].key);
        PR_TRY(pr_gguf_opt_i64(c, key, -1, &g->role[keys[i].role], err));
    }
    PR_TRY(flag(c, "tokenizer.ggml.add_bos_token", &g->add_bos, err));
    PR_TRY(flag(c, "tokenizer.ggml.add_eos_token", &g->add_eos, err));
    PR_TRY(flag(c, "tokenizer.ggml.add_sep_token", &g->add_sep, err));
    return flag(c, "tokenizer.ggml.add_space_prefix", &g->add_space_prefix, err);
}

static pare_status arrays(const pr_container *c, pr_arena *a, pr_gguf_vocab *g, pare_err *err) {
    const pr_meta *tokens, *scores, *types, *merges;
    PR_TRY(pr_gguf_get_arr(c, "tokenizer.ggml.tokens", PR_META_STR, &tokens, err));
    PR_TRY(pr_gguf_opt_arr(c, "tokenizer.ggml.scores", PR_META_F32, &scores, err));
    PR_TRY(pr_gguf_opt_arr(c, "tokenizer.ggml.token_type", PR_META_I32, &types, err));
    PR_TRY(pr_gguf_opt_arr(c, "tokenizer.ggml.merges", PR_META_STR, &merges, err));
    g->tokens = tokens->v.str;
    g->n_tokens = tokens->n;
    if ((scores && scores->n != tokens->n) || (types && types->n != tokens->n))
        return pr_fail(err, PARE_EINPUT, -1,
                       "tokenizer.ggml.scores or token_type: another length than tokens (%llu)",
                       (unsigned long long)tokens->n);
    if (scores) {
        float *s;
        PR_NEW(s, a, scores->n, err);
        for (uint64_t i = 0; i < scores->n; i++) {
            double v = 0;
            pr_meta_arr_f64(scores, i, &v);
            s[i] = (float)v;
        }
        g->scores = s;
    }
    if (types) {
        int32_t *t;
        PR_NEW(t, a, types->n, err);
        for (uint64_t i = 0; i < types->n; i++) {
            int64_t v = 0;
            pr_meta_arr_i64(types, i, &v);
            t[i] = (int32_t)v;
        }
        g->types = t;
    }
    if (merges) {
        g->merges = merges->v.str;
        g->n_merges = merges->n;
    }
    return PARE_OK;
}

static pare_status read_vocab(pr_model *m, pr_arena *a, pr_gguf_vocab *g, pare_err *err) {
    *g = pr_gguf_vocab_none();
    PR_TRY(pr_gguf_get_str(m->file, "tokenizer.ggml.model", &g->model, err));
    PR_TRY(pr_gguf_opt_str(m->file, "tokenizer.ggml.pre", &g->pre, err));
    PR_TRY(arrays(m->file, a, g, err));
    return roles(m->file, g, err);
}

/* A model without a usable tokenizer is still a model: who needs one is told why there is none. */
pare_status pr_gguf_tokenizer(pr_model *m, pare_err *err) {
    pr_gguf_vocab g;
    pr_arena     *a = pr_arena_new(256 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = read_vocab(m, a, &g, &m->no_tok);
    if (st == PARE_OK) st = pr_tokenizer_from_gguf(&m->tok, &g, &m->no_tok);
    pr_arena_free(a);
    if (st == PARE_ENOMEM) return pr_fail_nomem(err, 0);
    if (m->tok) {
        m->hp.bos = pr_tokenizer_role(m->tok, PR_SPECIAL_BOS);
        m->hp.pad = pr_tokenizer_role(m->tok, PR_SPECIAL_PAD);
        if (pr_tokenizer_role(m->tok, PR_SPECIAL_EOS) >= 0)
            m->hp.eos[m->hp.n_eos++] = pr_tokenizer_role(m->tok, PR_SPECIAL_EOS);
    }
    return pr_chats_of_gguf(m, err);
}
