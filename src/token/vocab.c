/* vocab.c - the description becomes tables: text → id, pairs → merge, what each id
 * adds to a text, which added tokens are looked for.
 *
 * Always true afterwards: every id that a table names is < v.n and has a text;
 * nothing is written after pr_vocab_ready, so all threads may read. */
#include "vocab.h"

pare_status pr_vocab_begin(pr_tokenizer **out, const char *source, pare_err *err) {
    *out = NULL;
    pr_arena *a = pr_arena_new(PR_TOKENIZER_BYTES_MAX);
    if (!a) return pr_fail_nomem(err, sizeof(pr_tokenizer));
    pr_tokenizer *t = pr_arena_get(a, 1, sizeof *t);
    if (!t) {
        pr_arena_free(a);
        return pr_fail_nomem(err, sizeof *t);
    }
    t->arena = a;
    t->v.source = source;
    t->v.add_space_prefix = -1;
    t->v.says_bos = t->v.says_eos = t->v.says_sep = t->v.says_prefix = -1;
    t->v.unk = -1;
    for (int i = 0; i < PR_SPECIAL_COUNT; i++) t->v.role[i] = -1;
    *out = t;
    return PARE_OK;
}

void pr_tokenizer_close(pr_tokenizer *t) {
    if (!t) return;
    for (uint32_t i = 0; i < t->v.n_pre; i++) pcre2_code_free(t->v.pre[i].code);
    for (uint32_t i = 0; i < t->v.n_norm; i++) pcre2_code_free(t->v.norm[i].code);
    pr_arena_free(t->arena);
}

pare_status pr_vocab_room(pr_tokenizer *t, uint64_t n, pare_err *err) {
    pr_vocab *v = &t->v;
    if (n > PR_VOCAB_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "tokenizer: %llu ids, at most %d",
                       (unsigned long long)n, PR_VOCAB_MAX);
    PR_NEW(v->text, t->arena, n, err);
    PR_NEW(v->score, t->arena, n, err);
    PR_NEW(v->type, t->arena, n, err);
    PR_NEW(v->in_model, t->arena, n, err);
    v->n = (uint32_t)n;
    return PARE_OK;
}

uint32_t pr_utf8_at(const char *p, uint32_t *len) {
    const uint8_t *b = (const uint8_t *)p;
    if (b[0] < 0x80) return *len = 1, b[0];
    if (b[0] < 0xE0) return *len = 2, (b[0] & 31u) << 6 | (b[1] & 63u);
    if (b[0] < 0xF0) return *len = 3, (b[0] & 15u) << 12 | (b[1] & 63u) << 6 | (b[2] & 63u);
    return *len = 4, (b[0] & 7u) << 18 | (b[1] & 63u) << 12 | (b[2] & 63u) << 6 | (b[3] & 63u);
}

int pr_utf8_put(char dst[4], uint32_t c) {
    if (c < 0x80) return dst[0] = (char)c, 1;
    int n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (int i = n - 1; i > 0; i--, c >>= 6) dst[i] = (char)(0x80 | (c & 63));
    static const uint8_t head[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    dst[0] = (char)(head[n] | c);
    return n;
}

/* GPT-2's alphabet: printable Latin-1 letters stand for themselves, the other 68
 * bytes for U+0100 and on, in their order. */
static bool is_own_letter(uint32_t c) {
    return (c >= 33 && c <= 126) || (c >= 161 && c <= 172) || (c >= 174 && c <= 255);
}

uint32_t pr_byte_letter(uint8_t byte) {
    if (is_own_letter(byte)) return byte;
    if (byte < 33) return 256u + byte;
    if (byte < 161) return 256u + 33 + (byte - 127u);
    return 256u + 33 + 34; /* 173 */
}

int pr_letter_byte(uint32_t c) {
    if (c < 256) return is_own_letter(c) ? (int)c : -1;
    if (c < 256 + 33) return (int)(c - 256);
    if (c < 256 + 33 + 34) return (int)(c - 256 - 33 + 127);
    return c == 256 + 33 + 34 ? 173 : -1;
}

static int hex(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

int pr_byte_token(pr_str t) {
    if (t.n != 6 || memcmp(t.p, "<0x", 3) != 0 || t.p[5] != '>') return -1;
    int a = hex(t.p[3]), b = hex(t.p[4]);
    return a < 0 || b < 0 ? -1 : a * 16 + b;
}

static pare_status map_new(pr_text_map *m, pr_arena *a, uint64_t n, pare_err *err) {
    uint64_t size = 16;
    while (size < n * 2) size *= 2;
    PR_NEW(m->slot, a, size, err);
    memset(m->slot, 0xFF, size * sizeof *m->slot);
    m->mask = (uint32_t)(size - 1);
    return PARE_OK;
}

uint32_t pr_text_find(const pr_text_map *m, const pr_str *texts, const char *p, size_t n) {
    if (!m->slot) return PR_NONE;
    for (uint32_t i = (uint32_t)pr_hash64(p, n) & m->mask;; i = (i + 1) & m->mask) {
        uint32_t id = m->slot[i];
        if (id == PR_NONE || (texts[id].n == n && memcmp(texts[id].p, p, n) == 0)) return id;
    }
}

/* PR_NONE, or the id that has the text already. */
static uint32_t map_add(pr_text_map *m, const pr_str *texts, uint32_t id) {
    uint32_t i = (uint32_t)pr_hash64(texts[id].p, texts[id].n) & m->mask;
    for (; m->slot[i] != PR_NONE; i = (i + 1) & m->mask)
        if (pr_str_eq(texts[m->slot[i]], texts[id])) return m->slot[i];
    m->slot[i] = id;
    return PR_NONE;
}

/* Bytes of a token in the byte alphabet; a token with another letter keeps its own. */
static pare_status raw_bytes(pr_tokenizer *t, uint32_t id, pare_err *err) {
    pr_str s = t->v.text[id];
    char  *d;
    PR_NEW(d, t->arena, s.n + 1, err);
    size_t n = 0;
    t->bytes[id] = s;
    for (size_t i = 0; i < s.n;) {
        uint32_t len;
        int      b = pr_letter_byte(pr_utf8_at(s.p + i, &len));
        if (b < 0) return PARE_OK;
        d[n++] = (char)b;
        i += len;
    }
    t->bytes[id] = (pr_str){d, n};
    return PARE_OK;
}

static pare_status check_text(pr_tokenizer *t, uint32_t id, pare_err *err) {
    pr_str s = t->v.text[id];
    if (s.n == 0 || s.n > PR_TOKEN_TEXT_MAX)
        return pr_fail(err, PARE_EINPUT, -1, "%s: token %u has %zu bytes, expected 1 to %d",
                       t->v.source, id, s.n, PR_TOKEN_TEXT_MAX);
    size_t bad;
    if (!pr_utf8_valid(s.p, s.n, &bad))
        return pr_fail(err, PARE_EINPUT, -1, "%s: token %u is not UTF-8 (its byte %zu)",
                       t->v.source, id, bad);
    return PARE_OK;
}

pare_status pr_vocab_index_texts(pr_tokenizer *t, pare_err *err) {
    pr_vocab *v = &t->v;
    if (t->by_any.slot) return PARE_OK;
    PR_TRY(map_new(&t->by_text, t->arena, v->n, err));
    PR_TRY(map_new(&t->by_any, t->arena, v->n, err));
    for (uint32_t id = 0; id < v->n; id++) {
        if (!v->text[id].p) continue;
        PR_TRY(check_text(t, id, err));
        t->longest = PR_MAX(t->longest, (uint32_t)v->text[id].n);
        uint32_t twin = map_add(&t->by_any, v->text, id);
        if (twin != PR_NONE)
            return pr_fail(err, PARE_EINPUT, -1, "%s: token '%.*s' is there twice, as %u and %u",
                           v->source, (int)PR_MIN(v->text[id].n, 64), v->text[id].p, twin, id);
        if (v->in_model[id]) map_add(&t->by_text, v->text, id);
    }
    return PARE_OK;
}

static pare_status index_bytes(pr_tokenizer *t, pare_err *err) {
    pr_vocab *v = &t->v;
    memset(t->byte_id, 0xFF, sizeof t->byte_id);
    t->bytes = v->text;
    if (!v->byte_level) {
        for (uint32_t id = 0; id < v->n && v->byte_fallback; id++) {
            int b = v->text[id].p ? pr_byte_token(v->text[id]) : -1;
            if (b >= 0 && (v->in_model[id] || v->type[id] == PR_TOKEN_BYTE)) t->byte_id[b] = id;
        }
        return PARE_OK;
    }
    PR_NEW(t->bytes, t->arena, v->n, err);
    PR_TRY(map_new(&t->by_bytes, t->arena, v->n, err));
    for (uint32_t id = 0; id < v->n; id++) {
        if (!v->text[id].p) continue;
        PR_TRY(raw_bytes(t, id, err));
        if (!v->in_model[id] || t->bytes[id].p == v->text[id].p) continue;
        map_add(&t->by_bytes, t->bytes, id);
        if (t->bytes[id].n == 1) t->byte_id[(uint8_t)t->bytes[id].p[0]] = id;
    }
    return PARE_OK;
}

static pare_status index_pairs(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    uint64_t        size = 16;
    while (size < (uint64_t)v->n_merges * 2) size *= 2;
    PR_NEW(t->pairs.slot, t->arena, size, err);
    for (uint64_t i = 0; i < size; i++) t->pairs.slot[i].key = UINT64_MAX;
    t->pairs.mask = (uint32_t)(size - 1);
    for (uint32_t r = 0; r < v->n_merges; r++) {
        uint64_t key = (uint64_t)v->merge[r].left << 32 | v->merge[r].right;
        uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & t->pairs.mask;
        while (t->pairs.slot[i].key != UINT64_MAX && t->pairs.slot[i].key != key)
            i = (i + 1) & t->pairs.mask;
        /* A pair stated twice: the `tokenizers` library keeps the later one,
         * GGUF's readers the earlier. */
        if (t->pairs.slot[i].key == key && v->from_gguf) continue;
        t->pairs.slot[i] = (pr_pair_slot){key, r, v->merge[r].into};
    }
    return PARE_OK;
}

/* Scores as priorities: a float's bits, turned so that a greater score is a
 * smaller number. Zero has one sign. */
static pare_status index_scores(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    if (!v->by_score) return PARE_OK;
    PR_NEW(t->order, t->arena, v->n, err);
    for (uint32_t id = 0; id < v->n; id++) {
        float s = v->score[id] == 0 ? 0.0f : v->score[id];
        if (s != s)
            return pr_fail(err, PARE_EINPUT, -1, "%s: the score of token %u is not a number",
                           v->source, id);
        uint32_t bits;
        memcpy(&bits, &s, 4);
        t->order[id] = bits & 0x80000000u ? bits : ~bits & 0x7FFFFFFFu;
    }
    return PARE_OK;
}

static void beside_add(pr_tokenizer *t, uint64_t key) {
    uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32) & t->beside_mask;
    while (t->beside[i] && t->beside[i] != key) i = (i + 1) & t->beside_mask;
    t->beside[i] = key;
}

/* Which code points stand side by side inside a token. Where two neighbours of a
 * text never do, no merge crosses, so the text can be cut there into words that
 * are merged (and remembered) one by one, with the same result. */
static pare_status index_beside(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    if (v->byte_level) return PARE_OK;
    uint64_t n = 0, size = 16;
    for (uint32_t id = 0; id < v->n; id++)
        if (v->in_model[id]) n += v->text[id].n;
    while (size < n * 2) size *= 2;
    if (size > UINT32_MAX / 2) return PARE_OK;
    PR_NEW(t->beside, t->arena, size, err);
    t->beside_mask = (uint32_t)(size - 1);
    for (uint32_t id = 0; id < v->n; id++) {
        if (!v->in_model[id]) continue;
        uint32_t len, prev = pr_utf8_at(v->text[id].p, &len);
        for (size_t i = len; i < v->text[id].n; i += len) {
            uint32_t c = pr_utf8_at(v->text[id].p + i, &len);
            beside_add(t, (uint64_t)prev << 32 | c | (uint64_t)1 << 63);
            prev = c;
        }
    }
    return PARE_OK;
}

static pare_status index_added(pr_tokenizer *t, pare_err *err) {
    pr_vocab *v = &t->v;
    PR_TRY(pr_automaton_make(&t->raw, t->arena, err));
    PR_TRY(pr_automaton_make(&t->normal, t->arena, err));
    pr_buf a, b;
    pr_buf_init(&a, PR_TOKEN_TEXT_MAX * 16);
    pr_buf_init(&b, PR_TOKEN_TEXT_MAX * 16);
    pare_status st = PARE_OK;
    for (uint32_t i = 0; i < v->n_added; i++) {
        pr_added *d = &v->added[i];
        if (!d->normalized) {
            PR_GO(pr_automaton_add(t->raw, t->arena, d->text, i, err));
            continue;
        }
        /* Looked for in the normal text, so its own text is made normal too. */
        PR_GO(pr_normalize(t, d->text, &a, &b, false, err));
        pr_str s = {pr_arena_str(t->arena, a.p ? a.p : "", a.n), a.n};
        if (!s.p) st = pr_fail_nomem(err, a.n);
        if (st != PARE_OK) goto done;
        if (s.n) PR_GO(pr_automaton_add(t->normal, t->arena, s, i, err));
    }
    PR_GO(pr_automaton_ready(t->raw, t->arena, err));
    PR_GO(pr_automaton_ready(t->normal, t->arena, err));
done:
    pr_buf_done(&a);
    pr_buf_done(&b);
    return st;
}

/* SentencePiece takes its user-defined pieces whole, wherever they stand. */
static pare_status index_frozen(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    if (!v->plain_controls) return PARE_OK;
    for (uint32_t id = 0; id < v->n; id++) {
        if (v->type[id] != PR_TOKEN_USER_DEFINED || !v->in_model[id]) continue;
        if (!t->frozen) PR_TRY(pr_automaton_make(&t->frozen, t->arena, err));
        PR_TRY(pr_automaton_add(t->frozen, t->arena, v->text[id], id, err));
    }
    return PARE_OK;
}

/* Names that models of the field give to the end of a turn or a text. */
static const char *const ends[] = {"<|eot_id|>",
                                   "<|im_end|>",
                                   "<|end|>",
                                   "<end_of_turn>",
                                   "<|endoftext|>",
                                   "<|eom_id|>",
                                   "<|end_of_text|>",
                                   "<EOT>",
                                   "_<EOT>",
                                   "<|END_OF_TURN_TOKEN|>",
                                   "<｜end▁of▁sentence｜>",
                                   "<eos>",
                                   "</s>"};

static pare_status mark_special(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    PR_NEW(t->special, t->arena, v->n, err);
    for (uint32_t id = 0; id < v->n; id++)
        if (v->type[id] == PR_TOKEN_CONTROL || v->type[id] == PR_TOKEN_UNKNOWN) t->special[id] = 1;
    for (uint32_t i = 0; i < v->n_added; i++)
        if (v->added[i].special) t->special[v->added[i].id] |= 1;
    for (size_t i = 0; i < PR_COUNT(ends); i++) {
        uint32_t id = pr_text_find(&t->by_any, v->text, ends[i], strlen(ends[i]));
        if (id != PR_NONE && t->special[id] & 1) t->special[id] |= 2;
    }
    static const pr_special last[] = {PR_SPECIAL_EOS, PR_SPECIAL_EOT, PR_SPECIAL_EOM};
    for (size_t i = 0; i < PR_COUNT(last); i++)
        if (v->role[last[i]] >= 0) t->special[v->role[last[i]]] |= 2;
    return PARE_OK;
}

/* {NULL, 0}: no memory, or longer than `max`. */
static pr_str replaced(pr_arena *a, pr_str s, pr_str from, pr_str to, size_t max) {
    size_t hits = 0, n = 0;
    for (const char *p = s.p, *end = s.p + s.n;
         from.n && (p = memmem(p, (size_t)(end - p), from.p, from.n)); p += from.n)
        hits++;
    if (!hits) return s;
    size_t rest = s.n - hits * from.n;
    char  *d = to.n > max / hits ? NULL : pr_arena_get(a, rest + hits * to.n + 1, 1);
    if (!d) return (pr_str){NULL, 0};
    for (size_t i = 0; i < s.n;) {
        if (s.n - i >= from.n && memcmp(s.p + i, from.p, from.n) == 0) {
            if (to.n) memcpy(d + n, to.p, to.n);
            n += to.n;
            i += from.n;
        } else
            d[n++] = s.p[i++];
    }
    return (pr_str){d, n};
}

/* What an id adds to a text, spaces included. */
static pare_status index_pieces(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    char           *one;
    PR_NEW(one, t->arena, 256, err);
    for (int i = 0; i < 256; i++) one[i] = (char)i;
    PR_NEW(t->piece, t->arena, v->n, err);
    for (uint32_t id = 0; id < v->n; id++) {
        pr_str s = v->text[id];
        if (!s.p) continue;
        int    b = v->byte_fallback ? pr_byte_token(s) : -1;
        size_t max = PR_PIECE_MAX(s.n);
        for (uint32_t k = 0; k < v->n_dec && s.p; k++) {
            const pr_dec_step *d = &v->dec[k];
            if (d->op == PR_DEC_BYTE_LEVEL && t->bytes[id].p) s = t->bytes[id];
            if (d->op == PR_DEC_REPLACE) s = replaced(t->arena, s, d->from, d->to, max);
            if (d->op == PR_DEC_METASPACE) s = replaced(t->arena, s, d->from, PR_STR(" "), max);
        }
        if (!s.p) return pr_fail_nomem(err, v->text[id].n);
        t->piece[id] = b >= 0 ? (pr_str){one + b, 1} : s;
    }
    return PARE_OK;
}

static pare_status check_ids(pr_tokenizer *t, pare_err *err) {
    const pr_vocab *v = &t->v;
    static const char *const names[PR_SPECIAL_COUNT] = {"bos", "eos", "unk", "sep",
                                                     "pad", "mask", "eot", "eom"};
    for (int i = 0; i < PR_SPECIAL_COUNT; i++)
        if (v->role[i] >= 0 && ((uint64_t)v->role[i] >= v->n || !v->text[v->role[i]].p))
            return pr_fail(err, PARE_EINPUT, -1, "%s: the %s token is %lld, the tokens are 0 to %u",
                           v->source, names[i], (long long)v->role[i], v->n - 1);
    for (uint32_t i = 0; i < v->n_before; i++)
        if (v->before[i] >= v->n)
            return pr_fail(err, PARE_EINPUT, -1, "%s: post_processor: id %u", v->source,
                           v->before[i]);
    for (uint32_t i = 0; i < v->n_after; i++)
        if (v->after[i] >= v->n)
            return pr_fail(err, PARE_EINPUT, -1, "%s: post_processor: id %u", v->source,
                           v->after[i]);
    return PARE_OK;
}

static pare_status compile_patterns(pr_tokenizer *t, pare_err *err) {
    pr_vocab *v = &t->v;
    for (uint32_t i = 0; i < v->n_pre; i++)
        if (v->pre[i].op == PR_PRE_SPLIT && !v->pre[i].code)
            PR_TRY(pr_pattern_compile(&v->pre[i].code, v->pre[i].pattern, t->arena,
                                      "pre_tokenizer", err));
    for (uint32_t i = 0; i < v->n_norm; i++)
        if (v->norm[i].op == PR_NORM_REGEX && !v->norm[i].code)
            PR_TRY(pr_pattern_compile(&v->norm[i].code, v->norm[i].from, t->arena, "normalizer",
                                      err));
    return PARE_OK;
}

pare_status pr_vocab_ready(pr_tokenizer *t, pare_err *err) {
    pr_vocab *v = &t->v;
    if (v->n == 0) return pr_fail(err, PARE_EINPUT, -1, "%s: no tokens", v->source);
    PR_TRY(pr_vocab_index_texts(t, err));
    PR_TRY(check_ids(t, err));
    PR_TRY(compile_patterns(t, err));
    PR_TRY(index_bytes(t, err));
    PR_TRY(index_pairs(t, err));
    PR_TRY(index_scores(t, err));
    PR_TRY(index_beside(t, err));
    PR_TRY(index_frozen(t, err));
    PR_TRY(index_added(t, err));
    PR_TRY(mark_special(t, err));
    PR_TRY(index_pieces(t, err));
    if (v->n_pre && v->byte_level && !v->pre_name) v->pre_name = pr_pre_name(v);
    t->unk = v->unk >= 0 ? (uint32_t)v->unk : PR_NONE;
    return PARE_OK;
}

uint32_t pr_tokenizer_size(const pr_tokenizer *t) { return t->v.n; }

pr_id pr_tokenizer_role(const pr_tokenizer *t, pr_special r) {
    return r < PR_SPECIAL_COUNT ? (pr_id)t->v.role[r] : -1;
}

static bool has(const pr_tokenizer *t, pr_id id) {
    return id >= 0 && (uint32_t)id < t->v.n && t->v.text[id].p;
}

pr_str pr_token_text(const pr_tokenizer *t, pr_id id) {
    return has(t, id) ? t->v.text[id] : (pr_str){NULL, 0};
}

pr_token_type pr_token_kind(const pr_tokenizer *t, pr_id id) {
    return has(t, id) ? (pr_token_type)t->v.type[id] : PR_TOKEN_UNUSED;
}

pr_str pr_token_bytes(const pr_tokenizer *t, pr_id id) {
    return has(t, id) ? t->piece[id] : (pr_str){NULL, 0};
}

pr_id pr_token_find(const pr_tokenizer *t, pr_str text) {
    uint32_t id = pr_text_find(&t->by_any, t->v.text, text.p, text.n);
    return id == PR_NONE ? -1 : (pr_id)id;
}

bool pr_token_is_special(const pr_tokenizer *t, pr_id id) {
    return has(t, id) && t->special[id] & 1;
}

bool pr_token_is_end(const pr_tokenizer *t, pr_id id) {
    return has(t, id) && t->special[id] & 2;
}

pr_tokenizer_info pr_tokenizer_describe(const pr_tokenizer *t) {
    const pr_vocab *v = &t->v;
    pr_tokenizer_info i = {.kind = v->byte_level ? "byte-level BPE" : "SentencePiece BPE",
                           .source = v->source, .pre = v->pre_name, .n_merges = v->n_merges,
                           .n_added = v->n_added, .add_bos = v->add_bos, .add_eos = v->add_eos};
    for (uint32_t id = 0; id < v->n; id++) i.n_tokens += v->text[id].p != NULL;
    return i;
}
