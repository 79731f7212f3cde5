/* fuzz_scan_bytes.c - any bytes as a file of a directory that is looked at: the first byte
 * picks the
 * name (and so what is expected of the file), the rest is its content. Pickles, zips, arrays, GGUF,
 * JSON, cards and licences are all met here. */
#include "scan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void look_at(const pr_scan *s, size_t n) {
    for (int k = 0; k < PR_FOUND_KINDS; k++) {
        const pr_found_list *l = &s->of[k];
        if (l->n > PR_FINDINGS_KEPT || l->total < l->n) __builtin_trap();
        for (size_t i = 0; i < l->n; i++) {
            const pr_found_at *f = &l->at[i];
            if (!f->rule || !f->file || !f->what || f->line < 0 || f->offset < -1) __builtin_trap();
            if (f->offset > (int64_t)n) __builtin_trap();
        }
    }
    if (s->n_licences > PR_LICENCES_MAX || s->n_hosts > PR_HOSTS_MAX) __builtin_trap();
    if (s->bytes_searched > n + (1 << 20)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    static const char *const names[] = {"model.bin", "README.md", "config.json", "LICENSE",
                                        "chat_template.jinja", "weights.npy", "model.gguf",
                                        "tokenizer_config.json", "page.html", "a.pt"};
    pare_err  e = {0};
    pr_scan   s;
    if (n == 0) return 0;
    pr_arena *a = pr_arena_new(64 << 20);
    if (!a) return 0;
    const char *name = names[p[0] % PR_COUNT(names)];
    if (pr_scan_bytes(&s, name, p + 1, n - 1, a, &e) == PARE_OK) look_at(&s, n - 1);
    pr_arena_free(a);
    return 0;
}
