/* fuzz_target_yaml.c - any bytes as a target: refused with a message, or every bound is a number
 * and what is written of it reads back to the same text. */
#include "target/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The target as YAML, in the arena. */
static pr_str put(pr_arena *a, const pr_target *t) {
    pr_buf b;
    pr_buf_init(&b, 1 << 22);
    pr_target_put(t, &b);
    pr_str s = {pr_arena_str(a, b.p, b.n), b.n};
    if (b.failed || !s.p) __builtin_trap();
    pr_buf_done(&b);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_target t, back;
    pare_err  e = {0};
    pr_arena *a = pr_arena_new(64 << 20);
    if (!a) return 0;
    if (pr_target_parse((pr_str){(const char *)p, n}, "x.yaml", a, &t, &e) != PARE_OK) {
        if (!e.msg[0] || t.name) __builtin_trap();
        pr_arena_free(a);
        return 0;
    }
    if (!(pr_target_bounds_of(&t).memory.value > 0) || t.n_accels > PR_TARGET_ACCELS)
        __builtin_trap();
    pr_str once = put(a, &t);
    if (pr_target_parse(once, "again", a, &back, &e) != PARE_OK) __builtin_trap();
    if (strcmp(put(a, &back).p, once.p) != 0) __builtin_trap();
    pr_arena_free(a);
    return 0;
}
