/* fuzz_bottlenecks_yaml.c - any bytes as bounds for bottlenecks: refused with a message, or
 * every bound
 * is a number that facts can be judged by, known or not. */
#include <math.h>
#include "profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_profile_policy policy = {0};
    pr_profile_facts  f = {.n_threads = 2, .n_cpus = 1, .n_usable = 1, .quota = NAN};
    pr_finding        out[PR_BOTTLENECKS];
    pare_err          e = {0};
    pr_arena         *a = pr_arena_new(64 << 20);
    if (!a) return 0;
    if (pr_profile_policy_parse((pr_str){(const char *)p, n}, "x.yaml", a, &policy, &e) !=
        PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
        pr_arena_free(a);
        return 0;
    }
    for (int k = 0; k < PR_BOTTLENECKS; k++)
        if (!isnan(policy.above[k]) && !(policy.above[k] >= 0 && policy.above[k] <= 1024))
            __builtin_trap();
    if (!policy.name || pr_profile_judge(&f, &policy, out) > PR_BOTTLENECKS) __builtin_trap();
    pr_arena_free(a);
    return 0;
}
