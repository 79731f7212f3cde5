/* fuzz_text.c - byte 0 chooses a tokenizer made here, each of which has every byte; the rest is a
 * text. UTF-8 must come back from its ids as it was, whole and id by id; anything else must be
 * refused at its first bad byte. The same bytes, taken as ids, must decode to UTF-8 or be refused.
 */
#include "token/token.h"
#include "token/vocab.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const pres[] = {"gpt-2",  "starcoder", "llama-bpe", "dbrx",   "glm4",
                                   "qwen2",  "qwen35",    "gpt-4o",    "tekken", "deepseek-v3",
                                   NULL /* SentencePiece */};
enum { TOKENIZERS = PR_COUNT(pres), TOKENS_MAX = 320 };

static const char *const joined[][2] = {{"t", "h"}, {"th", "e"}, {"a", "n"}, {"an", "d"},
                                        {"e", "e"}, {"ee", "ee"}, {"\xC4\xA0", "the"},
                                        {"\xC3\x83", "\xC2\xA9"}, {"1", "2"}};
static const char *const pieces[] = {"\xE2\x96\x81", "a",  "b",  "e",  "th", "t", "h", "the",
                                     "ee",   "eeee", "\xE2\x96\x81the", "\xC3\xA9", "an", "n"};

typedef struct {
    char    text[TOKENS_MAX][16];
    pr_str  token[TOKENS_MAX];
    float   score[TOKENS_MAX];
    int32_t type[TOKENS_MAX];
    char    merge_text[PR_COUNT(joined)][32];
    pr_str  merge[PR_COUNT(joined)];
    uint32_t n;
} vocab;

static void token(vocab *v, const char *text, size_t n, float score, pr_token_type type) {
    memcpy(v->text[v->n], text, n);
    v->token[v->n] = (pr_str){v->text[v->n], n};
    v->score[v->n] = score;
    v->type[v->n++] = (int32_t)type;
}

static pr_gguf_vocab byte_level(vocab *v, const char *pre) {
    pr_gguf_vocab g = pr_gguf_vocab_none();
    char          s[32];
    for (int b = 0; b < 256; b++)
        token(v, s, (size_t)pr_utf8_put(s, pr_byte_letter((uint8_t)b)), 0, PR_TOKEN_NORMAL);
    for (size_t i = 0; i < PR_COUNT(joined); i++) {
        int n = snprintf(s, sizeof s, "%s%s", joined[i][0], joined[i][1]);
        token(v, s, (size_t)n, 0, PR_TOKEN_NORMAL);
        n = snprintf(v->merge_text[i], sizeof v->merge_text[i], "%s %s", joined[i][0],
                     joined[i][1]);
        v->merge[i] = (pr_str){v->merge_text[i], (size_t)n};
    }
    g.model = PR_STR("gpt2");
    g.pre = pr_str_of(pre);
    g.add_bos = 0; /* some of them ask for one where the file is silent */
    g.merges = v->merge;
    g.n_merges = PR_COUNT(joined);
    return g;
}

static pr_gguf_vocab pieced(vocab *v) {
    pr_gguf_vocab g = pr_gguf_vocab_none();
    char          s[8];
    token(v, "<unk>", 5, 0, PR_TOKEN_UNKNOWN);
    token(v, "<s>", 3, 0, PR_TOKEN_CONTROL);
    token(v, "</s>", 4, 0, PR_TOKEN_CONTROL);
    for (unsigned b = 0; b < 256; b++) {
        snprintf(s, sizeof s, "<0x%02X>", b & 255);
        token(v, s, 6, 0, PR_TOKEN_BYTE);
    }
    for (size_t i = 0; i < PR_COUNT(pieces); i++)
        token(v, pieces[i], strlen(pieces[i]), -(float)i, PR_TOKEN_NORMAL);
    g.model = PR_STR("llama");
    g.scores = v->score;
    return g;
}

static pr_tokenizer *make(int which) {
    vocab         v = {.n = 0};
    pare_err      e = {0};
    pr_tokenizer *t;
    pr_gguf_vocab g = pres[which] ? byte_level(&v, pres[which]) : pieced(&v);
    g.tokens = v.token;
    g.types = v.type;
    g.n_tokens = v.n;
    if (pr_tokenizer_from_gguf(&t, &g, &e) != PARE_OK) {
        fprintf(stderr, "%s\n", e.msg);
        __builtin_trap();
    }
    return t;
}

static void decode_steps(const pr_tokenizer *t, const pr_id *ids, size_t n, pr_buf *out) {
    pr_decoder d;
    pr_decoder_init(&d, t, false);
    for (size_t i = 0; i < n; i++)
        if (pr_decoder_add(&d, ids[i], out, NULL) != PARE_OK) break;
    pr_decoder_end(&d, out);
}

/* U+2581 in a text is a space to SentencePiece: such a text may not come back. */
static bool returns(int which, const char *p, size_t n) {
    return pres[which] || !memmem(p, n, "\xE2\x96\x81", 3);
}

static void check_text(const pr_tokenizer *t, int which, const char *p, size_t n) {
    pr_ids   ids = {0};
    pare_err e = {0};
    size_t   bad = 0;
    pr_buf   whole, steps;
    bool     valid = pr_utf8_valid(p, n, &bad);
    pr_buf_init(&whole, 1 << 24);
    pr_buf_init(&steps, 1 << 24);
    pare_status st = pr_encode(t, p, n, 0, &ids, &e);
    if ((st == PARE_OK) != valid || (!valid && e.pos != (int64_t)bad)) __builtin_trap();
    if (valid) {
        if (pr_decode(t, ids.p, ids.n, false, &whole, &e) != PARE_OK) __builtin_trap();
        decode_steps(t, ids.p, ids.n, &steps);
        if (steps.n != whole.n || (whole.n && memcmp(steps.p, whole.p, whole.n) != 0))
            __builtin_trap();
        if (returns(which, p, n) && (whole.n != n || (n && memcmp(whole.p, p, n) != 0)))
            __builtin_trap();
    }
    pr_buf_done(&whole);
    pr_buf_done(&steps);
    pr_ids_done(&ids);
}

static void check_ids(const pr_tokenizer *t, const uint8_t *p, size_t n) {
    pr_id  ids[512];
    size_t n_ids = PR_MIN(n / 2, PR_COUNT(ids));
    pr_buf whole, steps;
    for (size_t i = 0; i < n_ids; i++)
        ids[i] = (pr_id)(((unsigned)p[2 * i] << 8 | p[2 * i + 1]) % pr_tokenizer_size(t));
    pr_buf_init(&whole, 1 << 20);
    pr_buf_init(&steps, 1 << 20);
    if (pr_decode(t, ids, n_ids, false, &whole, NULL) != PARE_OK) __builtin_trap();
    if (whole.n && !pr_utf8_valid(whole.p, whole.n, NULL)) __builtin_trap();
    decode_steps(t, ids, n_ids, &steps);
    if (steps.n && !pr_utf8_valid(steps.p, steps.n, NULL)) __builtin_trap();
    pr_buf_done(&whole);
    pr_buf_done(&steps);
}

static pr_tokenizer *made[TOKENIZERS];
static void          drop(void) {
    for (size_t i = 0; i < TOKENIZERS; i++) pr_tokenizer_close(made[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    int which = data[0] % TOKENIZERS;
    if (!made[0]) atexit(drop), made[0] = make(0);
    if (!made[which]) made[which] = make(which);
    check_text(made[which], which, (const char *)data + 1, size - 1);
    check_ids(made[which], data + 1, size - 1);
    return 0;
}
