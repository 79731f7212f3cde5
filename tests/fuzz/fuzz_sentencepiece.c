/* fuzz_sentencepiece.c - any bytes as a SentencePiece model; what opens must encode,
 * decode and be written as GGUF without harm. */
#include "token/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const pr_tokenizer *t) {
    static const char text[] = "a ab  b<s>\n\xE2\x96\x81 12 \xC3\xA9\xF0\x9F\x98\x80 don't";
    pr_ids        ids = {0};
    pr_buf        b;
    pr_gguf_vocab g;
    pr_buf_init(&b, 1 << 20);
    if (pr_encode(t, text, sizeof text - 1, PR_ENCODE_ADD | PR_ENCODE_SPECIAL, &ids, NULL) ==
        PARE_OK)
        (void)pr_decode(t, ids.p, ids.n, true, &b, NULL);
    pr_arena *a = pr_arena_new(64 << 20);
    if (a) (void)pr_tokenizer_to_gguf(t, 0, a, &g, NULL);
    pr_arena_free(a);
    pr_buf_done(&b);
    pr_ids_done(&ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pr_tokenizer *t;
    pare_err      e = {0};
    pr_str        s = {(const char *)data, size};
    if (pr_tokenizer_from_spm(&t, s, PR_STR(""), &e) == PARE_OK) use(t);
    pr_tokenizer_close(t);
    return 0;
}
