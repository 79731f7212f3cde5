/* fault_runner.c - a runner's whole life while memory and descriptors fail: each time an
 * error, never a child, a descriptor or a byte left behind. */
#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>
#include "fault.h"
#include "runner/runner.h"

static int count_fds(void) {
    DIR *d = opendir("/proc/self/fd");
    int  n = 0;
    while (d && readdir(d)) n++;
    if (d) closedir(d);
    return n;
}

static pare_status live(void *ctx, pare_err *err) {
    static const pr_id ids[] = {1, 2, 3};
    pr_runner         *r;
    float              l[21];
    uint64_t           ns[2];
    PR_TRY(pr_runner_open(&r, "onnxruntime", check_source("LICENSE"), NULL, err));
    pare_status st = pr_runner_eval(r, ids, 3, true, l, err);
    if (st == PARE_OK) st = pr_runner_decode_time(r, ids, 3, 2, NULL, ns, err);
    pr_runner_close(r);
    return st;
}

static pare_status lives_alone(void *ctx, pare_err *err) {
    int         before = count_fds();
    pare_status st = live(ctx, err);
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        return pr_fail(err, PARE_EINTERNAL, -1, "a child was left");
    if (count_fds() != before) return pr_fail(err, PARE_EINTERNAL, -1, "a descriptor was left");
    return st;
}

static void test_life(void **state) {
    setenv("PARE_RUNNER_DIR", FAKE_DIR, 1);
    unsetenv("FAKE");
    fault_run("a runner's life", lives_alone, NULL, FAULT_MEMORY | FAULT_OPEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_life)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
