/* fault_profile.c - a profile, when the machine fails: at any call it ends with a reason or
 * does without,
 * and leaves no half of a trace. */
#include "fault.h"
#include "profile/profile.h"

typedef struct {
    char root[512], trace[600];
} place;

static pare_status profile(void *ctx, pare_err *err) {
    place          *at = ctx;
    pr_profile     *p;
    pr_doc_build    b = {0};
    pare_doc       *d;
    pr_profile_opts o = {.so = {.n_threads = 2}, .prompt = 3, .tokens = 3, .root = at->root,
                         .trace = at->trace};
    PR_TRY(pr_profile_run(&p, check_source("tests/vectors/arch/llama_plain"), &o, NULL, err));
    assert_int_equal(access(at->trace, F_OK), 0);
    unlink(at->trace);
    pare_doc *root = pr_doc_object(&b);
    pr_profile_put(&b, root, p, pr_profile_policy_default());
    pr_profile_free(p);
    PR_TRY(pr_doc_done(&b, root, &d, err));
    pare_doc_free(d);
    return PARE_OK;
}

/* A trace whose last fsync fails stands there whole, and the run fails: fine, but for the next
 * one. */
static pare_status profile_clean(void *ctx, pare_err *err) {
    pare_status st = profile(ctx, err);
    unlink(((place *)ctx)->trace);
    return st;
}

static void test_profile(void **state) {
    place at;
    char  path[600];
    (void)state;
    snprintf(at.root, sizeof at.root, "%s", check_scratch());
    snprintf(at.trace, sizeof at.trace, "%s/t.json", at.root);
    snprintf(path, sizeof path, "%s/proc", at.root);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/proc/cpuinfo", at.root);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("processor\t: 0\nvendor_id\t: GenuineIntel\n", f);
    fclose(f);
    fault_run("a profile", profile_clean, &at, FAULT_ALL);
    check_scratch_remove(at.root);
}

static pare_status policy(void *ctx, pare_err *err) {
    pr_profile_policy p;
    pr_arena         *a = pr_arena_new(1 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_profile_policy_read(ctx, a, &p, err);
    pr_arena_free(a);
    return st;
}

static void test_policy(void **state) {
    (void)state;
    fault_run("bounds", policy, (char *)check_source("policies/bottlenecks.yaml"), FAULT_ALL);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_profile),
                                       cmocka_unit_test(test_policy)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
