/* parity_words.c - tokens, ends of text and chat templates of two artefacts, side by side. */
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

static int tokens_differ(const pr_words *a, const pr_words *b, pr_buf *why) {
    for (size_t i = 0; i < PR_COUNT(probes); i++) {
        pr_ids x = {0}, y = {0};
        size_t n = strlen(probes[i]), at = 0;
        pare_err e = {0};
        bool ok = pr_encode(a->tok, probes[i], n, PR_ENCODE_ADD, &x, &e) == PARE_OK &&
                  pr_encode(b->tok, probes[i], n, PR_ENCODE_ADD, &y, &e) == PARE_OK;
        while (ok && at < x.n && at < y.n && x.p[at] == y.p[at]) at++;
        bool same = ok && at == x.n && at == y.n;
        if (!same)
            pr_buf_printf(why, "the text '%.24s' gives other tokens from token %zu on: merges, "
                               "pre-tokenizer or what is put around a text differ\n",
                          probes[i], at);
        pr_ids_done(&x);
        pr_ids_done(&y);
        if (!same) return 1;
    }
    return 0;
}

static int eos_differ(const pr_words *a, const pr_words *b, pr_buf *why) {
    bool same = a->n_eos == b->n_eos;
    for (int i = 0; same && i < a->n_eos; i++) {
        bool has = false;
        for (int k = 0; k < b->n_eos; k++) has |= a->eos[i] == b->eos[k];
        same = has;
    }
    if (same) return 0;
    pr_buf_printf(why, "other ends of text: %d of them, first %lld, against %d, first %lld\n",
                  b->n_eos, b->n_eos ? (long long)b->eos[0] : -1LL, a->n_eos,
                  a->n_eos ? (long long)a->eos[0] : -1LL);
    return 1;
}

int pr_words_compare(const pr_words *a, const pr_words *b, pr_buf *why) {
    int n = 0;
    if (a->tok && b->tok)
        n += tokens_differ(a, b, why);
    else if (a->tok) {
        pr_buf_printf(why, "no tokenizer that pare reads: %s\n", b->no_tok);
        n++;
    }
    n += eos_differ(a, b, why);
    if (!a->chat != !b->chat) {
        pr_buf_printf(why, "the chat template is %s\n", b->chat ? "there, and not in the reference"
                                                                : "missing");
        n++;
    } else if (a->chat && strcmp(a->chat, b->chat) != 0) {
        pr_buf_puts(why, "the chat template is another\n");
        n++;
    }
    return n;
}
