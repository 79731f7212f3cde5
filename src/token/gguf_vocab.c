/* gguf_vocab.c - the description to and from the tokenizer.ggml.* keys of GGUF.
 *
 * Written as llama.cpp's converter writes them (token types, "[PAD7]", merges as
 * "left right"), except where that loses the tokenizer: it gives every piece of a
 * merge-stated SentencePiece vocabulary the score -1000, here the scores follow
 * the merges. */
#include "vocab.h"

#define SRC "GGUF"

static const pr_str MARK = {"\xE2\x96\x81", 3};

pr_gguf_vocab pr_gguf_vocab_none(void) {
    pr_gguf_vocab g = {.add_bos = -1, .add_eos = -1, .add_sep = -1, .add_space_prefix = -1};
    for (int i = 0; i < PR_SPECIAL_COUNT; i++) g.role[i] = -1;
    return g;
}

/* ---------------------------------------------------------------------- from */

static pare_status copy_tokens(pr_tokenizer *t, const pr_gguf_vocab *g, pare_err *err) {
    pr_vocab *v = &t->v;
    PR_TRY(pr_vocab_room(t, g->n_tokens, err));
    PR_NEW(v->added, t->arena, v->n, err);
    for (uint32_t id = 0; id < v->n; id++) {
        int32_t type = g->types ? g->types[id] : PR_TOKEN_NORMAL;
        if (type < 0 || type > PR_TOKEN_BYTE)
            return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.token_type: %d for token %u",
                           type, id);
        if (!g->tokens[id].n) continue;
        v->text[id] =
            (pr_str){pr_arena_str(t->arena, g->tokens[id].p, g->tokens[id].n), g->tokens[id].n};
        if (!v->text[id].p) return pr_fail_nomem(err, g->tokens[id].n);
        v->type[id] = (uint8_t)type;
        v->in_model[id] = true;
        if (g->scores) v->score[id] = g->scores[id];
        if (type != PR_TOKEN_CONTROL && type != PR_TOKEN_USER_DEFINED &&
            type != PR_TOKEN_UNKNOWN)
            continue;
        v->added[v->n_added++] = (pr_added){.text = v->text[id], .id = id,
                                            .special = type != PR_TOKEN_USER_DEFINED};
    }
    return PARE_OK;
}

static pare_status merge_ids(pr_tokenizer *t, pr_str m, uint64_t i, pare_err *err) {
    pr_vocab   *v = &t->v;
    const char *gap = m.n > 1 ? memchr(m.p + 1, ' ', m.n - 1) : NULL;
    if (!gap || m.n > PR_TOKEN_TEXT_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.merges: entry %llu is not a pair",
                       (unsigned long long)i);
    size_t left = (size_t)(gap - m.p);
    char   joined[PR_TOKEN_TEXT_MAX];
    memcpy(joined, m.p, left);
    memcpy(joined + left, gap + 1, m.n - left - 1);
    uint32_t a = pr_text_find(&t->by_any, v->text, m.p, left);
    uint32_t b = pr_text_find(&t->by_any, v->text, gap + 1, m.n - left - 1);
    uint32_t ab = pr_text_find(&t->by_any, v->text, joined, m.n - 1);
    if (a == PR_NONE || b == PR_NONE || ab == PR_NONE)
        return pr_fail(err, PARE_EINPUT, -1,
                       "tokenizer.ggml.merges: entry %llu ('%.*s') names what is no token",
                       (unsigned long long)i, (int)PR_MIN(m.n, 64), m.p);
    v->merge[i].left = a;
    v->merge[i].right = b;
    v->merge[i].into = ab;
    return PARE_OK;
}

static pare_status copy_merges(pr_tokenizer *t, const pr_gguf_vocab *g, pare_err *err) {
    if (!g->merges) return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.merges is missing");
    if (g->n_merges > PR_VOCAB_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.merges: %llu of them",
                       (unsigned long long)g->n_merges);
    PR_NEW(t->v.merge, t->arena, g->n_merges, err);
    PR_TRY(pr_vocab_index_texts(t, err));
    for (uint64_t i = 0; i < g->n_merges; i++) PR_TRY(merge_ids(t, g->merges[i], i, err));
    t->v.n_merges = (uint32_t)g->n_merges;
    return PARE_OK;
}

static pare_status fill_gpt2(pr_tokenizer *t, const pr_gguf_vocab *g, pare_err *err) {
    pr_vocab *v = &t->v;
    if (!g->pre.p)
        return pr_fail(
            err, PARE_EUNSUPPORTED, -1,
            "tokenizer.ggml.pre is missing: a 'gpt2' vocabulary does not say how to cut words");
    PR_TRY(pr_pre_by_name(v, g->pre, err));
    char *name = pr_arena_str(t->arena, g->pre.p, g->pre.n);
    if (!name) return pr_fail_nomem(err, g->pre.n);
    v->pre_name = name;
    v->byte_level = true;
    v->add_space_prefix = 0;
    v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_BYTE_LEVEL};
    return copy_merges(t, g, err);
}

static pare_status fill_llama(pr_tokenizer *t, const pr_gguf_vocab *g, pare_err *err) {
    pr_vocab *v = &t->v;
    if (!g->scores) return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.scores is missing");
    static const pr_special roles[] = {PR_SPECIAL_BOS, PR_SPECIAL_EOS, PR_SPECIAL_UNK};
    static const int64_t dflt[] = {1, 2, 0};
    for (int i = 0; i < 3; i++)
        if (v->role[roles[i]] < 0 && dflt[i] < (int64_t)v->n) v->role[roles[i]] = dflt[i];
    bool prefix = g->add_space_prefix != 0;
    v->by_score = v->byte_fallback = v->add_bos = true;
    v->unk = v->role[PR_SPECIAL_UNK];
    v->add_space_prefix = prefix;
    v->norm[v->n_norm++] = (pr_norm_step){.op = PR_NORM_SPM, .prefix = prefix, .escape = true};
    v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_REPLACE, .from = MARK, .to = PR_STR(" ")};
    v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_BYTE_FALLBACK};
    v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_FUSE};
    if (prefix)
        v->dec[v->n_dec++] = (pr_dec_step){.op = PR_DEC_STRIP, .from = PR_STR(" "), .start = 1};
    return PARE_OK;
}

static pare_status frame(pr_vocab *v, const pr_gguf_vocab *g, pare_err *err) {
    if (g->add_bos >= 0) v->add_bos = g->add_bos;
    if (g->add_eos >= 0) v->add_eos = g->add_eos;
    v->says_bos = g->add_bos;
    v->says_eos = g->add_eos;
    v->says_sep = g->add_sep;
    v->says_prefix = g->add_space_prefix;
    if (v->add_bos && v->role[PR_SPECIAL_BOS] < 0)
        return pr_fail(err, PARE_EINPUT, -1,
                       "tokenizer.ggml.bos_token_id is missing, and a begin is to be added");
    if (v->add_eos && v->role[PR_SPECIAL_EOS] < 0)
        return pr_fail(err, PARE_EINPUT, -1,
                       "tokenizer.ggml.eos_token_id is missing, and an end is to be added");
    if (v->add_bos) v->before[v->n_before++] = (uint32_t)v->role[PR_SPECIAL_BOS];
    if (v->add_eos) v->after[v->n_after++] = (uint32_t)v->role[PR_SPECIAL_EOS];
    return PARE_OK;
}

static pare_status fill(pr_tokenizer *t, const pr_gguf_vocab *g, pare_err *err) {
    if (!g->model.p) return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.model is missing");
    bool gpt2 = pr_str_eq(g->model, PR_STR("gpt2")), llama = pr_str_eq(g->model, PR_STR("llama"));
    if (!gpt2 && !llama)
        return pr_fail(err, PARE_EUNSUPPORTED, -1,
                       "tokenizer.ggml.model '%.*s' is not known; known are gpt2, llama",
                       (int)PR_MIN(g->model.n, 64), g->model.p);
    if (!g->tokens) return pr_fail(err, PARE_EINPUT, -1, "tokenizer.ggml.tokens is missing");
    t->v.from_gguf = true;
    PR_TRY(copy_tokens(t, g, err));
    for (int i = 0; i < PR_SPECIAL_COUNT; i++) {
        if (g->role[i] >= (int64_t)t->v.n)
            return pr_fail(err, PARE_EINPUT, -1,
                           "tokenizer.ggml: a special token is %lld, the tokens are 0 to %u",
                           (long long)g->role[i], t->v.n - 1);
        t->v.role[i] = g->role[i];
    }
    PR_TRY(gpt2 ? fill_gpt2(t, g, err) : fill_llama(t, g, err));
    return frame(&t->v, g, err);
}

pare_status pr_tokenizer_from_gguf(pr_tokenizer **out, const pr_gguf_vocab *g, pare_err *err) {
    pr_tokenizer *t;
    *out = NULL;
    PR_TRY(pr_vocab_begin(&t, SRC, err));
    pare_status st = fill(t, g, err);
    if (st == PARE_OK) st = pr_vocab_ready(t, err);
    if (st != PARE_OK) {
        pr_tokenizer_close(t);
        return st;
    }
    *out = t;
    return PARE_OK;
}

/* ------------------------------------------------------------------------ to */

static bool ends_with(pr_str s, const char *end) {
    size_t n = strlen(end);
    return s.n >= n && memcmp(s.p + s.n - n, end, n) == 0;
}

static bool begins_with(pr_str s, const char *start) {
    size_t n = strlen(start);
    return s.n >= n && memcmp(s.p, start, n) == 0;
}

/* Tokens that files forget to mark special; the list is llama.cpp's. */
static bool looks_special(pr_str s) {
    static const char *const whole[] = {"<pad>", "<mask>", "<2mass>", "[@BOS@]"};
    for (size_t i = 0; i < PR_COUNT(whole); i++)
        if (pr_str_eq(s, pr_str_of(whole[i]))) return true;
    return (begins_with(s, "<|") && ends_with(s, "|>")) ||
           (begins_with(s, "<｜") && ends_with(s, "｜>")) ||
           (begins_with(s, "<unused") && ends_with(s, ">"));
}

/* U+2581 in a user-defined token stands for the space it matches. */
static pare_status spaced(pr_arena *a, pr_str s, pr_str *out, pare_err *err) {
    *out = s;
    if (!memmem(s.p, s.n, MARK.p, MARK.n)) return PARE_OK;
    char  *d;
    size_t n = 0;
    PR_NEW(d, a, s.n, err);
    for (size_t i = 0; i < s.n;) {
        bool mark = s.n - i >= 3 && memcmp(s.p + i, MARK.p, 3) == 0;
        d[n++] = mark ? ' ' : s.p[i];
        i += mark ? 3 : 1;
    }
    *out = (pr_str){d, n};
    return PARE_OK;
}

static pare_status put_token(const pr_tokenizer *t, const pr_added *d, uint32_t id, pr_arena *a,
                             pr_str *text, int32_t *type, pare_err *err) {
    const pr_vocab *v = &t->v;
    if (id >= v->n || !v->text[id].p) {
        char *s = pr_arena_printf(a, "[PAD%u]", id);
        if (!s) return pr_fail_nomem(err, 16);
        *text = pr_str_of(s);
        *type = PR_TOKEN_UNUSED;
        return PARE_OK;
    }
    *text = v->text[id];
    *type = v->type[id];
    if (!d || v->from_gguf || v->plain_controls) return PARE_OK;
    /* GGUF's readers look for it in plain text: as decoding spells it. */
    if (v->byte_level && !d->normalized) *text = t->piece[id];
    if (d->special || looks_special(*text)) {
        *type = PR_TOKEN_CONTROL;
        return PARE_OK;
    }
    *type = PR_TOKEN_USER_DEFINED;
    return spaced(a, *text, text, err);
}

/* GGUF separates the two by a space, so a space inside is written as U+0120. */
static pare_status put_merge(const pr_vocab *v, uint32_t i, pr_arena *a, pr_str *out,
                             pare_err *err) {
    pr_str part[2] = {v->text[v->merge[i].left], v->text[v->merge[i].right]};
    char  *d;
    size_t n = 0;
    PR_NEW(d, a, (part[0].n + part[1].n) * 2 + 2, err);
    for (int k = 0; k < 2; k++) {
        if (k) d[n++] = ' ';
        for (size_t j = 0; j < part[k].n; j++) {
            if (part[k].p[j] == ' ') {
                d[n++] = '\xC4';
                d[n++] = '\xA0';
            } else
                d[n++] = part[k].p[j];
        }
    }
    *out = (pr_str){d, n};
    return PARE_OK;
}

/* Rank of the first merge that makes each token, PR_NONE: none does. */
static void first_ranks(const pr_vocab *v, uint32_t *rank) {
    for (uint32_t id = 0; id < v->n; id++) rank[id] = PR_NONE;
    for (uint32_t i = v->n_merges; i-- > 0;) rank[v->merge[i].into] = i;
}

/* Whether merging by score does what the merges say: every way to put a token
 * together from two is a merge, or the token is no merge's result at all and none
 * of its halves ever meet. */
static bool merges_are_scores(const pr_tokenizer *t, const uint32_t *rank) {
    const pr_vocab *v = &t->v;
    for (uint32_t id = 0; id < v->n; id++) {
        pr_str s = v->text[id];
        if (!s.p || !v->in_model[id]) continue;
        for (size_t cut = 1; cut < s.n; cut++) {
            if (((uint8_t)s.p[cut] & 0xC0) == 0x80) continue;
            uint32_t l = pr_text_find(&t->by_text, v->text, s.p, cut);
            uint32_t r = pr_text_find(&t->by_text, v->text, s.p + cut, s.n - cut);
            if (l == PR_NONE || r == PR_NONE) continue;
            uint64_t key = (uint64_t)l << 32 | r;
            uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32);
            while (t->pairs.slot[i & t->pairs.mask].key != key &&
                   t->pairs.slot[i & t->pairs.mask].key != UINT64_MAX)
                i++;
            if (t->pairs.slot[i & t->pairs.mask].key != key || rank[id] == PR_NONE) return false;
        }
    }
    return true;
}

static pare_status put_scores(const pr_tokenizer *t, uint64_t n, pr_arena *a, pr_gguf_vocab *g,
                              pare_err *err) {
    const pr_vocab *v = &t->v;
    float          *score;
    uint32_t       *rank;
    PR_NEW(score, a, n, err);
    PR_NEW(rank, a, v->n, err);
    first_ranks(v, rank);
    const float *given = v->by_score ? v->score : v->spm_score;
    for (uint64_t id = 0; id < n; id++) {
        /* A hole: what the converter gives a padding token. */
        score[id] = v->by_score ? -10000.0f : -1000.0f;
        if (id >= v->n || !v->text[id].p) continue;
        if (given)
            score[id] = given[id];
        else if (rank[id] != PR_NONE)
            score[id] = -(float)rank[id];
    }
    g->scores = score;
    if (!given && !merges_are_scores(t, rank))
        g->loses = "merges that scores cannot say: a piece can be put together in a way that "
                   "is no merge";
    return PARE_OK;
}

static const char *losses(const pr_vocab *v) {
    for (uint32_t i = 0; i < v->n_added; i++)
        if (v->added[i].lstrip || v->added[i].rstrip || v->added[i].single_word)
            return "lstrip, rstrip or single_word of an added token";
    for (uint32_t i = 0; i < v->n_norm && v->byte_level; i++)
        return "the normalizer";
    for (uint32_t i = 0; i < v->n_norm; i++)
        if (v->norm[i].op == PR_NORM_SPM && v->norm[i].squeeze) return "remove_extra_whitespaces";
    return NULL;
}

static pare_status put_tokens(const pr_tokenizer *t, uint64_t n, pr_arena *a, pr_gguf_vocab *g,
                              pare_err *err) {
    const pr_added **by_id;
    pr_str          *text;
    int32_t         *type;
    PR_NEW(by_id, a, n, err);
    PR_NEW(text, a, n, err);
    PR_NEW(type, a, n, err);
    for (uint32_t i = 0; i < t->v.n_added; i++) by_id[t->v.added[i].id] = &t->v.added[i];
    for (uint64_t id = 0; id < n; id++)
        PR_TRY(put_token(t, by_id[id], (uint32_t)id, a, &text[id], &type[id], err));
    g->tokens = text;
    g->types = type;
    g->n_tokens = n;
    return PARE_OK;
}

static pare_status put_merges(const pr_vocab *v, pr_arena *a, pr_gguf_vocab *g, pare_err *err) {
    pr_str *m;
    PR_NEW(m, a, v->n_merges, err);
    for (uint32_t i = 0; i < v->n_merges; i++) PR_TRY(put_merge(v, i, a, &m[i], err));
    g->merges = m;
    g->n_merges = v->n_merges;
    return PARE_OK;
}

static bool char_level_ok(const pr_vocab *v) {
    if (!v->byte_fallback && !v->from_gguf && !v->plain_controls) return false;
    /* A whole text is one word to GGUF's "llama". */
    for (uint32_t i = 0; i < v->n_pre; i++)
        if (v->pre[i].op == PR_PRE_SPLIT) return false;
    return !v->ignore_merges;
}

pare_status pr_tokenizer_to_gguf(const pr_tokenizer *t, uint64_t vocab_size, pr_arena *a,
                                 pr_gguf_vocab *out, pare_err *err) {
    const pr_vocab *v = &t->v;
    pr_gguf_vocab   g = pr_gguf_vocab_none();
    uint64_t        n = vocab_size ? vocab_size : v->n;
    *out = g;
    if (n < v->n || n > PR_VOCAB_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "the model has %llu rows for %u tokens",
                       (unsigned long long)n, v->n);
    if (v->byte_level && !v->pre_name)
        return pr_fail(err, PARE_EREFUSED, -1, "GGUF has no name for the pre-tokenizer of this %s",
                       v->source);
    if (!v->byte_level && !char_level_ok(v))
        return pr_fail(
            err, PARE_EREFUSED, -1,
            "GGUF has no name for this %s: a BPE neither byte-level nor with byte fallback, "
            "or one that cuts words",
            v->source);
    g.model = v->byte_level ? PR_STR("gpt2") : PR_STR("llama");
    g.pre = v->byte_level ? pr_str_of(v->pre_name) : PR_STR("default");
    g.loses = losses(v);
    PR_TRY(put_tokens(t, n, a, &g, err));
    PR_TRY(v->byte_level ? put_merges(v, a, &g, err) : put_scores(t, n, a, &g, err));
    for (int i = 0; i < PR_SPECIAL_COUNT; i++) g.role[i] = v->role[i];
    g.add_bos = v->says_bos;
    g.add_eos = v->says_eos;
    g.add_sep = v->says_sep;
    g.add_space_prefix = v->says_prefix;
    if (!v->byte_level && v->says_prefix < 0 && v->add_space_prefix == 0) g.add_space_prefix = 0;
    /* A reader's default is not what this tokenizer does: say it. */
    if (g.add_bos < 0 && !v->byte_level && !v->add_bos) g.add_bos = 0;
    *out = g;
    return PARE_OK;
}
