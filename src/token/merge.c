/* merge.c - one word becomes ids: its letters are merged pair by pair, the best
 * pair first, the leftmost of equals (byte pair encoding, Sennrich et al. 2016).
 *
 * Letters are a doubly linked list in an array; candidate pairs wait in a binary
 * heap. Each merge adds at most two candidates, so n letters cost O(n log n). A
 * candidate is out of date, and dropped when it surfaces, if its left letter is
 * gone or the two no longer cover the bytes they covered. Words seen before are
 * remembered in a table with fixed bounds. Nothing here recurses. */
#include "vocab.h"

enum {
    CACHE_SLOTS_MAX = 1 << 16,
    CACHE_WORD_MAX = 48,
    CACHE_PROBES = 8,
    CACHE_KEYS_MAX = 2 << 20, /* bytes */
    CACHE_IDS_MAX = 1 << 19
};

typedef struct {
    uint32_t id, off, len, prev, next;
} letter;

typedef struct {
    uint64_t key; /* priority << 32 | index of the left letter: smaller is better */
    uint32_t into, len;
} candidate;

typedef struct {
    uint64_t hash;
    uint32_t key, key_len; /* in `keys`; key_len 0: free */
    uint32_t ids, n_ids;
} seen;

struct pr_merger {
    const pr_tokenizer *t;
    const pare_ctl     *ctl;
    letter             *letter;
    candidate          *heap;
    size_t              n, cap, n_heap, heap_cap;
    const char         *word;
    seen               *cache;
    uint32_t            cache_mask, n_cache;
    char               *keys;
    pr_id              *ids;
    size_t              n_keys, keys_cap, n_ids, ids_cap;
    pr_last_merge       last; /* of the word in hand */
};

pare_status pr_merger_new(pr_merger **out, const pr_tokenizer *t, const pare_ctl *ctl,
                          pare_err *err) {
    pr_merger *m = *out = pr_calloc(1, sizeof *m);
    if (!m) return pr_fail_nomem(err, sizeof *m);
    m->t = t;
    m->ctl = ctl;
    return PARE_OK;
}

void pr_merger_free(pr_merger *m) {
    if (!m) return;
    pr_free(m->letter);
    pr_free(m->heap);
    pr_free(m->cache);
    pr_free(m->keys);
    pr_free(m->ids);
    pr_free(m);
}

pare_status pr_ids_add(pr_ids *ids, const pr_id *p, size_t n, pare_err *err) {
    if (n > ids->cap - ids->n) {
        size_t cap = ids->cap ? ids->cap : 64;
        while (cap < ids->n + n) cap *= 2;
        pr_id *bigger = pr_realloc(ids->p, cap, sizeof *bigger);
        if (!bigger) return pr_fail_nomem(err, cap * sizeof *bigger);
        ids->p = bigger;
        ids->cap = cap;
    }
    for (size_t i = 0; i < n; i++) ids->p[ids->n + i] = p[i];
    ids->n += n;
    return PARE_OK;
}

/* Room for `need` elements behind *p. */
static pare_status room(void **p, size_t *cap, size_t need, size_t size, pare_err *err) {
    if (need <= *cap) return PARE_OK;
    size_t c = *cap ? *cap : 64;
    while (c < need) c += c / 2;
    void *bigger = pr_realloc(*p, c, size);
    if (!bigger) return pr_fail_nomem(err, c * size);
    *p = bigger;
    *cap = c;
    return PARE_OK;
}

static pare_status push(pr_merger *m, candidate c, pare_err *err) {
    PR_TRY(room((void **)&m->heap, &m->heap_cap, m->n_heap + 1, sizeof *m->heap, err));
    size_t i = m->n_heap++;
    for (; i && c.key < m->heap[(i - 1) / 2].key; i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = c;
    return PARE_OK;
}

static candidate pop(pr_merger *m) {
    candidate best = m->heap[0], last = m->heap[--m->n_heap];
    size_t    i = 0, n = m->n_heap;
    for (;;) {
        size_t k = 2 * i + 1;
        if (k >= n) break;
        if (k + 1 < n && m->heap[k + 1].key < m->heap[k].key) k++;
        if (last.key <= m->heap[k].key) break;
        m->heap[i] = m->heap[k];
        i = k;
    }
    m->heap[i] = last;
    return best;
}

static const pr_pair_slot *pair_find(const pr_tokenizer *t, uint32_t left, uint32_t right) {
    uint64_t key = (uint64_t)left << 32 | right;
    for (uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32);; i++) {
        const pr_pair_slot *s = &t->pairs.slot[i & t->pairs.mask];
        if (s->key == key) return s;
        if (s->key == UINT64_MAX) return NULL;
    }
}

/* If the letters `a` and `b` may become one, remember it. */
static pare_status consider(pr_merger *m, uint32_t a, uint32_t b, pare_err *err) {
    const pr_tokenizer *t = m->t;
    const letter       *l = &m->letter[a], *r = &m->letter[b];
    uint32_t            len = l->len + r->len;
    if (!t->v.by_score) {
        const pr_pair_slot *s = pair_find(t, l->id, r->id);
        if (!s) return PARE_OK;
        return push(m, (candidate){(uint64_t)s->rank << 32 | a, s->into, len}, err);
    }
    if (len > t->longest) return PARE_OK;
    uint32_t id = pr_text_find(&t->by_text, t->v.text, m->word + l->off, len);
    if (id == PR_NONE) return PARE_OK;
    return push(m, (candidate){(uint64_t)t->order[id] << 32 | a, id, len}, err);
}

static pare_status add_letter(pr_merger *m, uint32_t id, size_t off, size_t len, pare_err *err) {
    PR_TRY(room((void **)&m->letter, &m->cap, m->n + 1, sizeof *m->letter, err));
    uint32_t i = (uint32_t)m->n++;
    m->letter[i] = (letter){id, (uint32_t)off, (uint32_t)len, i - 1, i + 1};
    return PARE_OK;
}

/* A character that is no token: its bytes, or the unknown token, or nothing. */
static pare_status add_unknown(pr_merger *m, size_t off, size_t len, pare_err *err) {
    const pr_tokenizer *t = m->t;
    bool                bytes = t->v.byte_fallback;
    for (size_t i = 0; i < len && bytes; i++)
        bytes = t->byte_id[(uint8_t)m->word[off + i]] != PR_NONE;
    if (bytes) {
        for (size_t i = 0; i < len; i++)
            PR_TRY(add_letter(m, t->byte_id[(uint8_t)m->word[off + i]], off + i, 1, err));
        return PARE_OK;
    }
    if (t->unk == PR_NONE) return PARE_OK;
    letter *last = m->n ? &m->letter[m->n - 1] : NULL;
    if (!t->v.by_score && t->v.fuse_unk && last && last->id == t->unk &&
        last->off + last->len == off) {
        last->len += (uint32_t)len;
        return PARE_OK;
    }
    return add_letter(m, t->unk, off, len, err);
}

static pare_status letters_of_bytes(pr_merger *m, size_t n, pare_err *err) {
    for (size_t i = 0; i < n; i++) {
        uint32_t id = m->t->byte_id[(uint8_t)m->word[i]];
        if (id != PR_NONE)
            PR_TRY(add_letter(m, id, i, 1, err));
        else
            PR_TRY(add_unknown(m, i, 1, err));
    }
    return PARE_OK;
}

static pare_status letters_of_chars(pr_merger *m, size_t n, pare_err *err) {
    const pr_tokenizer *t = m->t;
    for (size_t i = 0; i < n;) {
        uint32_t len, value, id;
        size_t   whole = t->frozen ? pr_automaton_prefix(t->frozen, m->word + i, n - i, &value) : 0;
        if (whole) {
            PR_TRY(add_letter(m, value, i, whole, err));
            i += whole;
            continue;
        }
        pr_utf8_at(m->word + i, &len);
        id = pr_text_find(&t->by_text, t->v.text, m->word + i, len);
        /* By score, text joins text: an unknown letter stays one until the end. */
        if (id != PR_NONE || t->v.by_score)
            PR_TRY(add_letter(m, id, i, len, err));
        else
            PR_TRY(add_unknown(m, i, len, err));
        i += len;
    }
    return PARE_OK;
}

/* A piece that SentencePiece's user defined is never merged. */
static bool is_frozen(const pr_merger *m, uint32_t i) {
    return m->t->frozen && m->letter[i].id != PR_NONE &&
           m->t->v.type[m->letter[i].id] == PR_TOKEN_USER_DEFINED;
}

static pare_status consider_both(pr_merger *m, uint32_t i, pare_err *err) {
    uint32_t prev = m->letter[i].prev, next = m->letter[i].next;
    if (prev != PR_NONE && !is_frozen(m, prev) && !is_frozen(m, i))
        PR_TRY(consider(m, prev, i, err));
    if (next != PR_NONE && !is_frozen(m, next) && !is_frozen(m, i))
        PR_TRY(consider(m, i, next, err));
    return PARE_OK;
}

static pare_status merge_all(pr_merger *m, pare_err *err) {
    m->n_heap = 0;
    if (m->n == 0) return PARE_OK;
    m->letter[0].prev = PR_NONE;
    m->letter[m->n - 1].next = PR_NONE;
    for (uint32_t i = 0; i + 1 < m->n; i++)
        if (!is_frozen(m, i) && !is_frozen(m, i + 1)) PR_TRY(consider(m, i, i + 1, err));
    for (unsigned turn = 1; m->n_heap; turn++) {
        if (turn % PR_CTL_TURNS == 0) PR_TRY(pr_ctl_check(m->ctl, err));
        candidate c = pop(m);
        uint32_t  i = (uint32_t)c.key, next = m->letter[i].next;
        letter   *l = &m->letter[i];
        if (!l->len || next == PR_NONE || l->len + m->letter[next].len != c.len) continue;
        m->last = (pr_last_merge){l->id, m->letter[next].id, c.into, (uint32_t)(c.key >> 32)};
        l->id = c.into;
        l->len = c.len;
        l->next = m->letter[next].next;
        if (l->next != PR_NONE) m->letter[l->next].prev = i;
        m->letter[next].len = 0;
        PR_TRY(consider_both(m, i, err));
    }
    return PARE_OK;
}

/* The ids of the letters that are left; unknown ones become what stands for them. */
static pare_status emit(pr_merger *m, pr_ids *out, pare_err *err) {
    uint32_t i = m->n ? 0 : PR_NONE;
    bool     after_unk = false;
    while (i != PR_NONE) {
        letter l = m->letter[i];
        i = l.next;
        if (l.id != PR_NONE) {
            after_unk = false;
            PR_TRY(pr_ids_add(out, &(pr_id){(pr_id)l.id}, 1, err));
            continue;
        }
        size_t n = m->n;
        PR_TRY(add_unknown(m, l.off, l.len, err));
        for (size_t k = n; k < m->n; k++) {
            bool unk = m->letter[k].id == m->t->unk;
            if (!(unk && after_unk && m->t->v.fuse_unk))
                PR_TRY(pr_ids_add(out, &(pr_id){(pr_id)m->letter[k].id}, 1, err));
            after_unk = unk;
        }
        m->n = n;
    }
    return PARE_OK;
}

static pare_status merge_fresh(pr_merger *m, size_t n, pr_ids *out, pare_err *err) {
    const pr_tokenizer *t = m->t;
    if (t->v.ignore_merges) {
        uint32_t id = t->v.byte_level ? pr_text_find(&t->by_bytes, t->bytes, m->word, n)
                                      : pr_text_find(&t->by_text, t->v.text, m->word, n);
        if (id != PR_NONE) return pr_ids_add(out, &(pr_id){(pr_id)id}, 1, err);
    }
    m->n = 0;
    if (t->v.byte_level)
        PR_TRY(letters_of_bytes(m, n, err));
    else
        PR_TRY(letters_of_chars(m, n, err));
    PR_TRY(merge_all(m, err));
    return emit(m, out, err);
}

pare_status pr_merge_to_one(pr_merger *m, pr_str word, pr_last_merge *last, pare_err *err) {
    m->word = word.p;
    m->n = 0;
    m->last = (pr_last_merge){PR_NONE, PR_NONE, PR_NONE, 0};
    PR_TRY(m->t->v.byte_level ? letters_of_bytes(m, word.n, err)
                              : letters_of_chars(m, word.n, err));
    PR_TRY(merge_all(m, err));
    *last = m->last;
    if (m->n == 0 || m->letter[0].len != word.n) last->into = PR_NONE;
    return PARE_OK;
}

/* The word's place, or a free one (key_len 0), or NULL: too many of one hash. */
static seen *cache_find(pr_merger *m, uint64_t hash, const char *p, size_t n) {
    if (!m->cache) return NULL;
    for (uint32_t k = 0; k < CACHE_PROBES; k++) {
        seen *s = &m->cache[(hash + k) & m->cache_mask];
        if (!s->key_len) return s;
        if (s->hash == hash && s->key_len == n && memcmp(m->keys + s->key, p, n) == 0) return s;
    }
    return NULL;
}

static pare_status cache_grow(pr_merger *m, pare_err *err) {
    uint32_t size = m->cache ? (m->cache_mask + 1) * 4 : 256;
    if (m->n_cache * 2 <= (m->cache ? m->cache_mask : 0) || size > CACHE_SLOTS_MAX) return PARE_OK;
    seen *old = m->cache, *fresh = pr_calloc(size, sizeof *fresh);
    if (!fresh) return pr_fail_nomem(err, size * sizeof *fresh);
    uint32_t n = old ? m->cache_mask + 1 : 0;
    m->cache = fresh;
    m->cache_mask = size - 1;
    for (uint32_t i = 0; i < n; i++) {
        if (!old[i].key_len) continue;
        seen *s = cache_find(m, old[i].hash, m->keys + old[i].key, old[i].key_len);
        if (s) *s = old[i];
    }
    pr_free(old);
    return PARE_OK;
}

static pare_status cache_put(pr_merger *m, seen *s, uint64_t hash, const char *p, size_t n,
                             const pr_id *ids, size_t n_ids, pare_err *err) {
    if (!s || m->n_keys + n > CACHE_KEYS_MAX || m->n_ids + n_ids > CACHE_IDS_MAX ||
        m->n_cache > m->cache_mask / 4 * 3)
        return PARE_OK;
    PR_TRY(room((void **)&m->keys, &m->keys_cap, m->n_keys + n, 1, err));
    PR_TRY(room((void **)&m->ids, &m->ids_cap, m->n_ids + n_ids, sizeof *m->ids, err));
    memcpy(m->keys + m->n_keys, p, n);
    for (size_t i = 0; i < n_ids; i++) m->ids[m->n_ids + i] = ids[i];
    *s = (seen){hash, (uint32_t)m->n_keys, (uint32_t)n, (uint32_t)m->n_ids, (uint32_t)n_ids};
    m->n_keys += n;
    m->n_ids += n_ids;
    m->n_cache++;
    return PARE_OK;
}

static pare_status merge_cached(pr_merger *m, const char *p, size_t n, pr_ids *out, pare_err *err) {
    m->word = p;
    if (n > CACHE_WORD_MAX) return merge_fresh(m, n, out, err);
    PR_TRY(cache_grow(m, err));
    uint64_t hash = pr_hash64(p, n);
    seen    *s = cache_find(m, hash, p, n);
    if (s && s->key_len)
        return s->n_ids ? pr_ids_add(out, m->ids + s->ids, s->n_ids, err) : PARE_OK;
    size_t from = out->n;
    PR_TRY(merge_fresh(m, n, out, err));
    if (out->n == from) return PARE_OK; /* all its letters are dropped */
    return cache_put(m, s, hash, p, n, out->p + from, out->n - from, err);
}

static bool beside(const pr_tokenizer *t, uint32_t a, uint32_t b) {
    uint64_t key = (uint64_t)a << 32 | b | (uint64_t)1 << 63;
    for (uint32_t i = (uint32_t)((key * 0x9e3779b97f4a7c15u) >> 32);; i++) {
        uint64_t k = t->beside[i & t->beside_mask];
        if (k == key) return true;
        if (!k) return false;
    }
}

/* Whether two neighbours must stay in one word: a token has them side by side, or
 * both are unknown (a run of unknowns may be one). */
static bool holds(const pr_tokenizer *t, uint32_t a, const char *pa, uint32_t na, uint32_t b,
                  const char *pb, uint32_t nb) {
    if (beside(t, a, b)) return true;
    return t->unk != PR_NONE &&
           pr_text_find(&t->by_text, t->v.text, pa, na) == PR_NONE &&
           pr_text_find(&t->by_text, t->v.text, pb, nb) == PR_NONE;
}

pare_status pr_merge_word(pr_merger *m, const char *p, size_t n, pr_ids *out, pare_err *err) {
    const pr_tokenizer *t = m->t;
    /* A character that is dropped makes strangers neighbours: then nothing is cut. */
    bool drops = t->unk == PR_NONE && !t->v.byte_fallback;
    if (n == 0) return PARE_OK;
    if (t->v.byte_level || !t->beside || drops || t->v.ignore_merges)
        return merge_cached(m, p, n, out, err);
    size_t   from = 0;
    unsigned turn = 0;
    uint32_t la, a = pr_utf8_at(p, &la);
    for (size_t i = la; i < n;) {
        uint32_t lb, b = pr_utf8_at(p + i, &lb);
        if (!holds(t, a, p + i - la, la, b, p + i, lb)) {
            PR_TRY(merge_cached(m, p + from, i - from, out, err));
            from = i;
            if (++turn % PR_CTL_TURNS == 0) PR_TRY(pr_ctl_check(m->ctl, err));
        }
        i += lb;
        a = b;
        la = lb;
    }
    return merge_cached(m, p + from, n - from, out, err);
}
