/* part_hash.c - a model's parts, each under a hash of its own: if a file is not the one that was
 * signed, they say whether somebody changed weights, the tokenizer or the chat template. */
#include "cert.h"

static void add_u64(pr_sha256_ctx *c, uint64_t v) {
    uint8_t b[8];
    for (int i = 0; i < 8; i++) b[i] = (uint8_t)(v >> 8 * i);
    pr_sha256_add(c, b, sizeof b);
}

static void add_str(pr_sha256_ctx *c, pr_str s) {
    add_u64(c, s.n);
    if (s.n) pr_sha256_add(c, s.p, s.n);
}

static pare_status add_tensor(pr_sha256_ctx *c, const pr_model *m, const pr_tensor *t,
                              const pare_ctl *ctl, pare_err *err) {
    enum { STEP = 8 << 20 };
    if (!t) return PARE_OK;
    add_str(c, pr_str_of(t->name));
    add_u64(c, (uint64_t)t->type);
    add_u64(c, t->bytes);
    for (uint64_t at = 0; at < t->bytes; at += STEP) {
        pr_sha256_add(c, t->data + at, (size_t)(t->bytes - at < STEP ? t->bytes - at : STEP));
        PR_TRY(pr_ctl_check(ctl, err));
    }
    pr_container_drop(m->file, t);
    return PARE_OK;
}

static pare_status weights(pr_sha256_ctx *c, const pr_model *m, const pare_ctl *ctl,
                           pare_err *err) {
    for (int i = 0; i < m->n_weights; i++) {
        const pr_weight *w = &m->weights[i];
        PR_TRY(add_tensor(c, m, w->src, ctl, err));
        PR_TRY(add_tensor(c, m, w->scales, ctl, err));
        PR_TRY(add_tensor(c, m, w->offsets, ctl, err));
        pr_ctl_progress(ctl, "hash weights", "tensor", i + 1, m->n_weights);
    }
    return PARE_OK;
}

/* Every id with its text and kind; merges and patterns where they can be told. */
static pare_status tokenizer(pr_sha256_ctx *c, const pr_model *m, pare_err *err) {
    pr_token_plain p;
    if (!m->tok) return PARE_OK;
    for (uint32_t i = 0; i < pr_tokenizer_size(m->tok); i++) {
        add_str(c, pr_token_text(m->tok, (pr_id)i));
        add_u64(c, (uint64_t)pr_token_kind(m->tok, (pr_id)i));
    }
    pr_arena *a = pr_arena_new((size_t)512 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    if (pr_token_plain_of(m->tok, a, &p, NULL) == PARE_OK) {
        for (uint32_t i = 0; i < p.n_splits; i++) add_str(c, p.splits[i].pattern);
        for (uint32_t i = 0; i < p.n_merges; i++)
            for (int k = 0; k < 3; k++) add_u64(c, p.merges[i][k]);
        for (uint32_t i = 0; i < p.n_before; i++) add_u64(c, p.before[i]);
        for (uint32_t i = 0; i < p.n_after; i++) add_u64(c, p.after[i]);
    }
    pr_arena_free(a);
    for (int i = 0; i < PR_SPECIAL_COUNT; i++)
        add_u64(c, (uint64_t)pr_tokenizer_role(m->tok, (pr_special)i));
    return PARE_OK;
}

static void templates(pr_sha256_ctx *c, const pr_model *m) {
    add_str(c, pr_str_of(m->chat_template));
    for (int i = 0; i < m->n_chats; i++) {
        add_str(c, pr_str_of(m->chats[i].name));
        add_str(c, pr_str_of(m->chats[i].text));
    }
}

static void put(pr_doc_build *b, pare_doc *d, const char *key, pr_sha256_ctx *c) {
    char      hex[65];
    pr_sha256 h = pr_sha256_end(c);
    pr_sha256_hex(&h, hex);
    pr_doc_set_str(b, d, key, hex);
}

pare_status pr_parts(const pr_model *m, const pare_ctl *ctl, pare_doc **out, pare_err *err) {
    pr_doc_build   b = {0};
    pr_sha256_ctx *w = pr_sha256_new(), *t = pr_sha256_new(), *c = pr_sha256_new();
    pare_status    st = w && t && c ? PARE_OK : pr_fail_nomem(err, 256);
    pare_doc      *d = pr_doc_object(&b);
    *out = NULL;
    if (st == PARE_OK) st = weights(w, m, ctl, err);
    if (st == PARE_OK) st = tokenizer(t, m, err);
    if (st == PARE_OK) templates(c, m);
    if (w) put(&b, d, "weights", w);
    if (t) put(&b, d, "tokenizer", t);
    if (c) put(&b, d, "chat_template", c);
    if (st == PARE_OK) return pr_doc_done(&b, d, out, err);
    pare_doc_free(d);
    return st;
}
