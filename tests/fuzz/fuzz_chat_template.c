/* fuzz_chat_template.c - any bytes as a chat template: what is told of it lies in the text, and is
 * printable whatever the text holds. */
#include "scan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void match(void *ctx, const char *rule, size_t at, size_t n, const char *what) {
    pr_str *t = ctx;
    if (!rule || !*rule || !what || !*what || n > t->n || at > t->n - n) __builtin_trap();
    for (const char *c = what; *c; c++)
        if ((unsigned char)*c < 32) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_str t = {(const char *)p, n};
    pr_template_find(t, match, &t);
    return 0;
}
