/* fuzz_policy_yaml.c - any bytes as a policy: refused with a message, or every gate of it is
 * whole and can be judged, with the metrics there and with none. */
#include "gate/gate.h"
#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pr_policy policy = {0};
    pr_gate_result r[PR_POLICY_GATES_MAX];
    pare_err e = {0};
    pr_arena *a = pr_arena_new(64 << 20);
    if (!a) return 0;
    if (pr_policy_parse((pr_str){(const char *)p, n}, "x.yaml", a, &policy, &e) != PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
        pr_arena_free(a);
        return 0;
    }
    if (policy.n_gates > PR_POLICY_GATES_MAX) __builtin_trap();
    for (size_t i = 0; i < policy.n_gates; i++)
        if (!policy.gates[i].metric || !isfinite(policy.gates[i].threshold)) __builtin_trap();
    pr_policy_judge(&policy, "v", NULL, 0, r);
    /* A missing metric is a fail. */
    if (policy.n_gates && pr_gates_verdict(r, policy.n_gates) != PR_FAIL) __builtin_trap();
    pr_arena_free(a);
    return 0;
}
