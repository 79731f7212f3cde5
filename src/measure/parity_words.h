/* parity_words.h - what an artefact says beside its numbers: tokens, ends, template. Private to
 * `measure`. */
#ifndef PR_PARITY_WORDS_H
#define PR_PARITY_WORDS_H
#include "doc/doc.h"
#include "model/model.h"

typedef struct {
    pr_model *model;   /* where pare reads the artefact whole, else NULL */
    pr_tokenizer *tok; /* borrowed of it, or own; NULL: none that pare reads */
    const char *chat;  /* template; NULL: none */
    int64_t eos[8];
    int n_eos;
    char no_tok[200];  /* why there is no tokenizer */
} pr_words;

/* EINPUT: the artefact is damaged. A tokenizer that pare cannot read is no failure. */
pare_status pr_words_open(pr_words *w, const char *path, pr_arena *a, pare_err *err);
void pr_words_close(pr_words *w);
/* What differs because the format of `b` has no words for it: no mistake of who wrote it. */
typedef struct {
    pr_buf *lines;
    int n;
} pr_limits;

/* Each difference of `b` against `a` as a line of `why`, how many; what `b`'s format cannot
 * express goes to `limits` instead. `arena` for the time of the call. */
int pr_words_compare(const pr_words *a, const pr_words *b, pr_arena *arena, pr_buf *why,
                     pr_limits *limits);
#endif
