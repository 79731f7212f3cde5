/* fuzz_card.c - any bytes as README.md: refused with a message, or a card; the README.md that is
 * written of it reads as the same card. */
#include "convert/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void same(pr_str a, pr_str b) {
    if (!a.p != !b.p || !pr_str_eq(a, b)) __builtin_trap();
}

static void same_texts(const pr_texts *a, const pr_texts *b) {
    if (a->n != b->n) __builtin_trap();
    for (uint64_t i = 0; i < a->n; i++) same(a->at[i], b->at[i]);
}

static void same_origins(const pr_origins *a, const pr_origins *b) {
    if (a->stated != b->stated || a->n != b->n) __builtin_trap();
    for (uint64_t i = 0; i < a->n; i++)
        for (int k = 0; k < PR_ORIGIN_WORDS; k++) same(a->at[i].word[k], b->at[i].word[k]);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_arena *a = pr_arena_new(256 << 20);
    pr_card c, d;
    pr_buf text;
    pare_err e = {0};
    if (!a) return 0;
    pr_buf_init(&text, 1 << 20);
    if (pr_card_parse(&c, (pr_str){(const char *)p, n}, 0, a, NULL, &e) != PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
    } else if (pr_card_put_readme(&c, &text, a, &e) == PARE_OK) {
        if (pr_card_parse(&d, (pr_str){text.p, text.n}, 0, a, NULL, &e) != PARE_OK)
            __builtin_trap();
        for (int i = 0; i < PR_SAID_COUNT; i++) same(c.said[i], d.said[i]);
        same_origins(&c.base_models, &d.base_models);
        same_origins(&c.datasets, &d.datasets);
        same_texts(&c.tags, &d.tags);
        same_texts(&c.languages, &d.languages);
    }
    pr_buf_done(&text);
    pr_arena_free(a);
    return 0;
}
