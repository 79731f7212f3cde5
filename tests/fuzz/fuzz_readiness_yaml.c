/* fuzz_readiness_yaml.c - any bytes as a policy of readiness: refused with a message, or checks can
 * be made by it and have a verdict. */
#include "gate/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_ready_policy policy;
    pr_check        c[PR_CHECKS];
    pare_err        e = {0};
    pr_arena       *a = pr_arena_new(64 << 20);
    if (!a) return 0;
    if (pr_ready_policy_parse((pr_str){(const char *)p, n}, "x.yaml", a, &policy, &e) != PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
    } else {
        pr_est one = pr_est_counted(1);
        pr_checks_begin(&policy, c);
        for (int i = 0; i < PR_CHECKS; i++) {
            pr_check_allows(&policy.ask[i], "rule", "folder/file");
            pr_check_judge(&c[i], &one, "a figure", "a command");
        }
        for (int part = 0; part <= PR_PARTS; part++)
            if (pr_checks_verdict(c, (pr_part)part) > PR_CHECK_NONE) __builtin_trap();
    }
    pr_arena_free(a);
    return 0;
}
