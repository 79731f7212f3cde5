/* parity_words.c - tokens, ends of text and chat templates of two artefacts, side by side.
 *
 * A GGUF file has one end of text and no normal form. What such a file says as well as any could is
 * found out, not assumed: the reference's tokenizer is put into GGUF's keys and read back, and
 * where that one gives the file's tokens, the file is not at fault. */
#include "parity_words.h"
#include <stdio.h>
#include <sys/stat.h>

/* Letters of several scripts, numbers, spaces, code, marks and a text that looks like a token. */
static const char *const probes[] = {
    "It is a truth universally acknowledged, that a single man",
    "  two  spaces, a\ttab\nand\r\n\nlines  ",
    "3.14159 1,000,000 2026-11-22 0x7fff 1234567890123",
    "don't I'LL we've can't O'Brien's",
    "Größe, naïve, São, Łódź, ﬁne",
    "Привет мир 你好世界 こんにちは 안녕하세요 שלום",
    "for (int i = 0; i < n; i++) { x[i] += y[i] * 2; }",
    "e\xcc\x81 \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb \xe2\x82\xac <s> </s> <|endoftext|>",
};

static void eos_of(pr_words *w, const pare_doc *v) {
    for (size_t i = 0; i < pare_doc_count(v) && w->n_eos < 8; i++)
        w->eos[w->n_eos++] = pare_doc_int(pare_doc_at(v, i));
    if (pare_doc_kind(v) == PARE_DOC_INT) w->eos[w->n_eos++] = pare_doc_int(v);
}

/* The first file of a folder that states an end of text. */
static pare_status dir_eos(pr_words *w, const char *dir, pr_arena *a, pare_err *err) {
    static const char *const files[][2] = {{"genai_config.json", "model/eos_token_id"},
                                           {"generation_config.json", "eos_token_id"},
                                           {"config.json", "eos_token_id"}};
    for (size_t i = 0; i < PR_COUNT(files) && w->n_eos == 0; i++) {
        char *path = pr_path_join(a, dir, files[i][0]);
        pare_doc *d;
        if (!path) return pr_fail_nomem(err, 4096);
        if (!pr_path_exists(path)) continue;
        PR_TRY(pr_json_read(&d, path, NULL, err));
        eos_of(w, pare_doc_path(d, files[i][1]));
        pare_doc_free(d);
    }
    return PARE_OK;
}

static void no_tokenizer(pr_words *w, const pare_err *e) {
    snprintf(w->no_tok, sizeof w->no_tok, "%.190s", e->msg);
}

pare_status pr_words_open(pr_words *w, const char *path, pr_arena *a, pare_err *err) {
    struct stat st;
    pare_err e = {0};
    *w = (pr_words){0};
    if (stat(path, &st) != 0) return pr_fail_errno(err, path, "cannot look at");
    if (S_ISDIR(st.st_mode)) {
        char *chat = NULL;
        PR_TRY(pr_model_template(path, a, &chat, err));
        w->chat = chat;
        PR_TRY(dir_eos(w, path, a, err));
        if (pr_tokenizer_open(&w->tok, path, &e) != PARE_OK) no_tokenizer(w, &e);
        return PARE_OK;
    }
    PR_TRY(pr_model_open(&w->model, path, err));
    w->tok = w->model->tok;
    if (!w->tok) no_tokenizer(w, &w->model->no_tok);
    w->chat = w->model->chat_template;
    for (int i = 0; i < w->model->hp.n_eos; i++) w->eos[w->n_eos++] = w->model->hp.eos[i];
    return PARE_OK;
}

void pr_words_close(pr_words *w) {
    if (w->model)
        pr_model_close(w->model);
    else
        pr_tokenizer_close(w->tok);
    *w = (pr_words){0};
}

/* ------------------------------------------------------------------ differences */

/* What of two tokenizers that part is another: as far as their tables tell. */
static void blame(const pr_tokenizer *a, const pr_tokenizer *b, pr_buf *why) {
    pr_tokenizer_info x = pr_tokenizer_describe(a), y = pr_tokenizer_describe(b);
    uint32_t n = PR_MIN(pr_tokenizer_size(a), pr_tokenizer_size(b));
    for (uint32_t i = 0; i < n; i++) {
        pr_str s = pr_token_text(a, (pr_id)i), t = pr_token_text(b, (pr_id)i);
        if (s.n == t.n && (s.n == 0 || memcmp(s.p, t.p, s.n) == 0)) continue;
        pr_buf_printf(why, "token %u is spelled '%.*s', in the reference '%.*s'\n", i,
                      (int)PR_MIN(t.n, (size_t)24), t.p ? t.p : "", (int)PR_MIN(s.n, (size_t)24),
                      s.p ? s.p : "");
        return;
    }
    if (x.n_merges != y.n_merges)
        pr_buf_printf(why, "%u merges, in the reference %u\n", y.n_merges, x.n_merges);
    else if (x.pre && y.pre && strcmp(x.pre, y.pre) != 0)
        pr_buf_printf(why, "the pre-tokenizer is %s, in the reference %s\n", y.pre, x.pre);
    else if (x.add_bos != y.add_bos || x.add_eos != y.add_eos)
        pr_buf_puts(why, "what is put before and after a text differs\n");
    else
        pr_buf_puts(why, "the vocabulary is the same: a merge, its rank or score, or the "
                         "pre-tokenizer differs\n");
}

static void put_token(pr_buf *why, const pr_tokenizer *t, const pr_ids *ids, size_t at) {
    if (at >= ids->n) {
        pr_buf_puts(why, "nothing");
        return;
    }
    pr_str s = pr_token_text(t, ids->p[at]);
    pr_buf_printf(why, "'%.*s' (%d)", (int)PR_MIN(s.n, (size_t)24), s.p ? s.p : "",
                  (int)ids->p[at]);
}

static bool same_ids(const pr_ids *x, const pr_ids *y) {
    return x->n == y->n && (x->n == 0 || memcmp(x->p, y->p, x->n * sizeof *x->p) == 0);
}

/* Does `best` read this text into these ids? */
static bool gives(const pr_tokenizer *best, pr_str text, unsigned flags, const pr_ids *ids) {
    pr_ids z = {0};
    bool same = best && pr_encode(best, text.p, text.n, flags, &z, NULL) == PARE_OK &&
                same_ids(&z, ids);
    pr_ids_done(&z);
    return same;
}

/* The reference's tokenizer as GGUF can hold it, where `b` is such a file and something is lost;
 * NULL: everything can be said, or nothing could be found out. `*loses` lies in `arena`. */
static pr_tokenizer *best_of(const pr_words *a, const pr_words *b, pr_arena *arena,
                             const char **loses) {
    pr_gguf_vocab g;
    pr_tokenizer *best = NULL;
    if (!b->model || b->model->dialect != PR_DIALECT_GGUF || !a->tok || !b->tok) return NULL;
    uint64_t n = PR_MAX(pr_tokenizer_size(a->tok), pr_tokenizer_size(b->tok));
    if (pr_tokenizer_to_gguf(a->tok, n, arena, &g, NULL) != PARE_OK || !g.loses) return NULL;
    *loses = g.loses;
    return pr_tokenizer_from_gguf(&best, &g, NULL) == PARE_OK ? best : NULL;
}

/* The same ids for this text? If not, where they part and whose fault it looks like; `*inherent`:
 * `best`, which may be NULL, parts from the reference there in the very same way. */
static bool same_tokens(const pr_words *a, const pr_words *b, pr_str text, unsigned flags,
                        const pr_tokenizer *best, bool *inherent, pr_buf *why) {
    pr_ids x = {0}, y = {0};
    pare_err e = {0};
    size_t at = 0;
    bool ok = pr_encode(a->tok, text.p, text.n, flags, &x, &e) == PARE_OK &&
              pr_encode(b->tok, text.p, text.n, flags, &y, &e) == PARE_OK;
    while (ok && at < x.n && at < y.n && x.p[at] == y.p[at]) at++;
    bool same = ok && same_ids(&x, &y);
    *inherent = ok && !same && gives(best, text, flags, &y);
    if (!ok) pr_buf_printf(why, "a text cannot be tokenized: %.120s\n", e.msg);
    if (ok && !same && !*inherent) {
        pr_buf_printf(why, "other tokens for '%.*s': number %zu is ",
                      (int)PR_MIN(text.n, (size_t)24), text.p, at);
        put_token(why, b->tok, &y, at);
        pr_buf_puts(why, ", in the reference ");
        put_token(why, a->tok, &x, at);
        pr_buf_puts(why, "; ");
        blame(a->tok, b->tok, why);
    }
    pr_ids_done(&x);
    pr_ids_done(&y);
    return same;
}

/* Text `i`: probes; then what each token of the vocabulary stands for, so that a merge which no
 * probe needs is used at least once. p = NULL: nothing to ask. */
static pr_str text_at(const pr_words *a, size_t i, unsigned *flags) {
    *flags = PR_ENCODE_ADD;
    if (i < PR_COUNT(probes)) return (pr_str){probes[i], strlen(probes[i])};
    pr_str s = pr_token_bytes(a->tok, (pr_id)(i - PR_COUNT(probes)));
    *flags = 0;
    return s.p && s.n >= 2 && pr_utf8_valid(s.p, s.n, NULL) ? s : (pr_str){0};
}

/* The first text that is a mistake ends it. One that GGUF cannot say does not: a mistake may
 * follow. */
static int tokens_differ(const pr_words *a, const pr_words *b, pr_arena *arena, pr_buf *why,
                         pr_limits *limits) {
    const char *loses = NULL;
    pr_tokenizer *best = best_of(a, b, arena, &loses);
    size_t n = PR_COUNT(probes) + pr_tokenizer_size(a->tok);
    bool told = false, wrong = false;
    for (size_t i = 0; i < n && !wrong; i++) {
        unsigned flags;
        bool inherent = false;
        pr_str s = text_at(a, i, &flags);
        if (!s.p || same_tokens(a, b, s, flags, best, &inherent, why)) continue;
        wrong = !inherent;
        if (wrong || told) continue;
        told = true;
        limits->n++;
        pr_buf_printf(limits->lines, "cannot be expressed in GGUF: %s; other tokens for '%.*s'\n",
                      loses, (int)PR_MIN(s.n, (size_t)24), s.p);
    }
    pr_tokenizer_close(best);
    return wrong;
}

static void put_ends(const pr_words *w, const pr_tokenizer *names, pr_buf *why) {
    if (w->n_eos == 0) pr_buf_puts(why, "none");
    for (int i = 0; i < w->n_eos; i++) {
        pr_str s = {0};
        if (names && w->eos[i] >= 0 && w->eos[i] < (int64_t)pr_tokenizer_size(names))
            s = pr_token_text(names, (pr_id)w->eos[i]);
        pr_buf_printf(why, "%s%lld", i ? ", " : "", (long long)w->eos[i]);
        if (s.p) pr_buf_printf(why, " ('%.*s')", (int)PR_MIN(s.n, (size_t)24), s.p);
    }
}

static bool ends_at(const pr_words *w, int64_t id) {
    for (int i = 0; i < w->n_eos; i++)
        if (w->eos[i] == id) return true;
    return false;
}

/* GGUF has a key for one end; which of the reference's it is does not matter, for its readers know
 * others by their names. */
static bool one_of_several(const pr_words *a, const pr_words *b, pr_limits *limits) {
    if (!b->model || b->model->dialect != PR_DIALECT_GGUF) return false;
    if (a->n_eos < 2 || b->n_eos != 1 || !ends_at(a, b->eos[0])) return false;
    bool known = b->tok != NULL;
    for (int i = 0; i < a->n_eos; i++)
        known &= b->tok && a->eos[i] < (int64_t)pr_tokenizer_size(b->tok) &&
                 pr_token_is_end(b->tok, (pr_id)a->eos[i]);
    limits->n++;
    pr_buf_puts(limits->lines, "cannot be expressed in GGUF: more than one token that ends a text "
                               "(eos); it names ");
    put_ends(b, b->tok ? b->tok : a->tok, limits->lines);
    pr_buf_puts(limits->lines, ", the reference ");
    put_ends(a, a->tok, limits->lines);
    pr_buf_puts(limits->lines, known ? "; readers know the others by their names\n"
                                     : "; it would not stop at the others\n");
    return true;
}

static int eos_differ(const pr_words *a, const pr_words *b, pr_buf *why, pr_limits *limits) {
    bool same = a->n_eos == b->n_eos;
    for (int i = 0; same && i < a->n_eos; i++) same = ends_at(b, a->eos[i]);
    if (same || one_of_several(a, b, limits)) return 0;
    pr_buf_puts(why, "the tokens that end a text (eos) are ");
    put_ends(b, b->tok ? b->tok : a->tok, why);
    pr_buf_puts(why, ", in the reference ");
    put_ends(a, a->tok, why);
    pr_buf_puts(why, ": it would stop elsewhere\n");
    return 1;
}

/* Line ends apart: some writers add one. */
static bool same_text(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    while (n && a[n - 1] == '\n') n--;
    while (m && b[m - 1] == '\n') m--;
    return n == m && memcmp(a, b, n) == 0;
}

static int chat_differs(const pr_words *a, const pr_words *b, pr_buf *why) {
    size_t at = 0;
    if (!a->chat && !b->chat) return 0;
    if (!b->chat)
        pr_buf_puts(why, "the chat template is missing; the reference has one\n");
    else if (!a->chat)
        pr_buf_puts(why, "there is a chat template, and none in the reference\n");
    else if (same_text(a->chat, b->chat))
        return 0;
    else {
        while (a->chat[at] && a->chat[at] == b->chat[at]) at++;
        pr_buf_printf(why, "the chat template is another, from byte %zu on\n", at);
    }
    return 1;
}

int pr_words_compare(const pr_words *a, const pr_words *b, pr_arena *arena, pr_buf *why,
                     pr_limits *limits) {
    int n = 0;
    if (a->tok && b->tok)
        n += tokens_differ(a, b, arena, why, limits);
    else if (a->tok) {
        pr_buf_printf(why, "it has no tokenizer that pare can read, so none was compared: %s\n",
                      b->no_tok);
        n++;
    }
    n += eos_differ(a, b, why, limits);
    n += chat_differs(a, b, why);
    return n;
}
