/* fuzz_advisories_yaml.c - any bytes as a file of advisories: refused with a message, or every
 * entry
 * is whole and every range of it can be asked. */
#include "scan/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void ask(const pr_advisory *a) {
    static const char *const versions[] = {"1.30.1",  "b8146", "0.2.71",
                                           "unknown", "",      "v0.5.0-dev"};
    if (!a->id || !a->runtime || !a->severity || !a->what || !a->source || !a->date)
        __builtin_trap();
    if (a->n_affected == 0) __builtin_trap();
    for (size_t i = 0; i < PR_COUNT(versions); i++) {
        int h = pr_advisory_hits(a, versions[i]);
        if (h < -1 || h > 1) __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_known  k;
    pare_err  e = {0};
    pr_arena *a = pr_arena_new(64 << 20);
    if (!a) return 0;
    if (pr_known_parse((pr_str){(const char *)p, n}, "x.yaml", a, &k, &e) != PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
    } else {
        for (size_t i = 0; i < k.n_advisories; i++) ask(&k.advisories[i]);
        for (size_t i = 0; i < k.n_runtimes; i++)
            if (!k.runtimes[i].name || !k.runtimes[i].licence || !k.runtimes[i].telemetry)
                __builtin_trap();
    }
    pr_arena_free(a);
    return 0;
}
