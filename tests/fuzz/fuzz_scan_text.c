/* fuzz_scan_text.c - any bytes as a text: what is found in it lies in it, in order, and is not
 * repeated in the words that tell of it. */
#include "scan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

typedef struct {
    pr_str text;
    size_t end; /* of the match before */
    bool   hidden;
} seen;

static void match(void *ctx, const char *rule, size_t at, size_t n, const char *what) {
    seen *s = ctx;
    if (!rule || !*rule || !what || n == 0 || n > s->text.n || at > s->text.n - n) __builtin_trap();
    if (at < s->end) __builtin_trap();
    s->end = at + n;
    /* Whoever prints the finding must not print the secret. */
    if (s->hidden && n >= 12 && memmem(what, strlen(what), s->text.p + at, n)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    seen s = {.text = {(const char *)p, n}, .hidden = true};
    pr_secrets_find(s.text, match, &s);
    s.end = 0;
    pr_people_find(s.text, match, &s);
    s.end = 0, s.hidden = false;
    pr_addresses_find(s.text, match, &s);
    pr_licence_of_text(s.text);
    pr_licence_spdx(s.text);
    return 0;
}
