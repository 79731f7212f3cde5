/* canon.c - the merges that a tokenizer's merging comes down to.
 *
 * Whatever stands around it, a token is put together as it is when it stands alone: until it is
 * whole no merge crosses its borders, and the merges inside them are taken in the same order.
 * So its last merge is always the same one; of all the ways to join two halves to a token
 * (lists of merges state many, scores mean all) the others are never gone. And a token that
 * does not come out when its own text is merged comes out of no text.
 *
 * Runtimes take equal pairs in an order of their own. It makes no difference where each token's
 * parts come before it: then all places where one merge fits are merged before any other, and
 * only a token's own double (aa aa aa) overlaps, whose places come up from left to right. */
#include <stdlib.h>
#include "vocab.h"

typedef struct {
    uint32_t rank, id, left, right;
} made;

typedef struct {
    const pr_tokenizer *t;
    made *made;
    pr_token_piece *pieces, *words;
    uint32_t n_made, n_pieces, n_words;
} canon;

static pare_status no(const canon *c, pare_err *err, uint32_t id, const char *what) {
    pr_str s = c->t->v.text[id];
    return pr_fail(err, PARE_EREFUSED, -1, "%s ('%.*s') cannot be said to another runtime", what,
                   (int)PR_MIN(s.n, 64), s.p);
}

static bool is_letter(const pr_vocab *v, pr_str s) {
    uint32_t len = 1;
    if (!v->byte_level) pr_utf8_at(s.p, &len);
    return s.n == len;
}

static uint32_t find(const pr_tokenizer *t, pr_str s) {
    return t->v.byte_level ? pr_text_find(&t->by_bytes, t->bytes, s.p, s.n)
                           : pr_text_find(&t->by_text, t->v.text, s.p, s.n);
}

/* Where `id` comes from: it is there at once, a merge makes it, or nothing does. */
static pare_status sort_in(canon *c, pr_merger *m, uint32_t id, pare_err *err) {
    const pr_vocab *v = &c->t->v;
    pr_str s = c->t->bytes[id];
    pr_last_merge last;
    if (!v->text[id].p || s.n == 0 || !v->in_model[id] || find(c->t, s) != id) return PARE_OK;
    if (is_letter(v, s) || (c->t->frozen && v->type[id] == PR_TOKEN_USER_DEFINED)) {
        c->pieces[c->n_pieces++] = (pr_token_piece){s, (pr_id)id};
        return PARE_OK;
    }
    PR_TRY(pr_merge_to_one(m, s, &last, err));
    if (last.into == id && (last.left == PR_NONE || last.right == PR_NONE))
        return no(c, err, id, "a token made of a letter that is none");
    if (last.into == id)
        c->made[c->n_made++] = (made){last.rank, id, last.left, last.right};
    else if (v->ignore_merges)
        c->words[c->n_words++] = (pr_token_piece){s, (pr_id)id};
    return PARE_OK;
}

static int by_rank(const void *x, const void *y) {
    const made *a = x, *b = y;
    return a->rank != b->rank ? (a->rank < b->rank ? -1 : 1) : (a->id > b->id) - (a->id < b->id);
}

/* In order, no two alike, parts before what they make. */
static pare_status in_order(const canon *c, pr_arena *a, pare_err *err) {
    bool *seen;
    PR_NEW(seen, a, c->t->v.n, err);
    qsort(c->made, c->n_made, sizeof *c->made, by_rank);
    for (uint32_t i = 0; i < c->n_pieces; i++) seen[c->pieces[i].id] = true;
    for (uint32_t i = 0; i < c->n_made; i++) {
        const made *x = &c->made[i];
        if (i && x->rank == x[-1].rank)
            return no(c, err, x->id, "a token whose score another one has");
        if (!seen[x->left] || !seen[x->right])
            return no(c, err, x->id, "a token that is made before its parts");
        seen[x->id] = true;
    }
    return PARE_OK;
}

static pare_status stand_in(canon *c, pr_arena *a, int byte, uint32_t id, pare_err *err) {
    char *one = pr_arena_str(a, (char[]){(char)byte}, 1);
    if (!one) return pr_fail_nomem(err, 1);
    c->pieces[c->n_pieces++] = (pr_token_piece){{one, 1}, (pr_id)id};
    return PARE_OK;
}

static bool begins_char(int byte) {
    return byte < 0x80 || (byte >= 0xC2 && byte <= 0xF4);
}

/* Bytes that begin no letter: their tokens; or the unknown one, once a letter. */
static pare_status take_bytes(canon *c, pr_arena *a, pr_token_plain *out, pare_err *err) {
    const pr_tokenizer *t = c->t;
    const pr_vocab *v = &t->v;
    int have = 0;
    for (int b = 0; b < 256; b++) have += t->byte_id[b] != PR_NONE;
    if (v->byte_level ? v->byte_fallback && have < 256 : v->byte_fallback && have && have < 256)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "byte_fallback with %d of 256 bytes cannot be said to another runtime",
                       have);
    bool bytes = !v->byte_level && have == 256;
    for (int b = 0; b < 256; b++) {
        bool letter = v->byte_level && t->byte_id[b] != PR_NONE;
        for (uint32_t i = 0; !v->byte_level && b < 128 && !letter && i < c->n_pieces; i++)
            letter = c->pieces[i].text.n == 1 && (uint8_t)c->pieces[i].text.p[0] == b;
        if (letter) continue;
        if (bytes) PR_TRY(stand_in(c, a, b, t->byte_id[b], err));
        else if (t->unk != PR_NONE && (v->byte_level || begins_char(b)))
            PR_TRY(stand_in(c, a, b, t->unk, err));
    }
    if (!bytes && t->unk != PR_NONE && v->fuse_unk) out->fused = (pr_id)t->unk;
    return PARE_OK;
}

/* Merges of what stands in for a letter are not found by its text. */
static pare_status only_letters_merge(const canon *c, pare_err *err) {
    const pr_vocab *v = &c->t->v;
    for (uint32_t i = 0; i < v->n_merges; i++) {
        uint32_t of[] = {v->merge[i].left, v->merge[i].right};
        for (int k = 0; k < 2; k++)
            if (of[k] == c->t->unk || (!v->byte_level && v->byte_fallback &&
                                       pr_byte_token(v->text[of[k]]) >= 0))
                return no(c, err, of[k], "merging what stands for another letter");
    }
    return PARE_OK;
}

static pare_status fill(canon *c, pr_merger *m, pr_arena *a, pr_token_plain *out,
                        pare_err *err) {
    uint32_t(*merges)[3];
    PR_TRY(only_letters_merge(c, err));
    for (uint32_t id = 0; id < c->t->v.n; id++) PR_TRY(sort_in(c, m, id, err));
    PR_TRY(in_order(c, a, err));
    PR_TRY(take_bytes(c, a, out, err));
    PR_NEW(merges, a, c->n_made + 1, err);
    for (uint32_t i = 0; i < c->n_made; i++) {
        merges[i][0] = c->made[i].left;
        merges[i][1] = c->made[i].right;
        merges[i][2] = c->made[i].id;
    }
    out->merges = merges;
    out->n_merges = c->n_made;
    out->pieces = c->pieces;
    out->n_pieces = c->n_pieces;
    out->words = c->words;
    out->n_words = c->n_words;
    return PARE_OK;
}

pare_status pr_plain_merges(const pr_tokenizer *t, pr_arena *a, pr_token_plain *out,
                            pare_err *err) {
    canon c = {.t = t};
    pr_merger *m;
    PR_NEW(c.made, a, t->v.n, err);
    PR_NEW(c.pieces, a, t->v.n + 256, err);
    PR_NEW(c.words, a, t->v.n, err);
    PR_TRY(pr_merger_new(&m, t, NULL, err));
    pare_status st = fill(&c, m, a, out, err);
    pr_merger_free(m);
    return st;
}
