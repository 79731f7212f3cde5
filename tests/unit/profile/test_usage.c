/* test_usage.c - the kernel's files below a root that is written here, in the forms of both
 * versions of
 * control groups; and where nothing is told. */
#include "check.h"
#include "usage.h"

static char root[512];

static void put(const char *path, const char *text) {
    char cmd[1200], at[1024];
    snprintf(at, sizeof at, "%s/%s", root, path);
    snprintf(cmd, sizeof cmd, "mkdir -p \"$(dirname '%s')\"", at);
    assert_int_equal(system(cmd), 0);
    FILE *f = fopen(at, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int fresh(void **state) {
    (void)state;
    snprintf(root, sizeof root, "%s", check_scratch());
    return 0;
}
static int done(void **state) {
    (void)state;
    check_scratch_remove(root);
    return 0;
}

static pr_usage u;

static void nothing_is_told(void **state) {
    (void)state;
    double now, most;
    pr_usage_read(root, &u);
    assert_true(isnan(u.throttled_ns) && isnan(u.stolen) && isnan(u.ticks) && isnan(u.heat));
    assert_int_equal(u.n_tasks, 0);
    pr_usage_clock(root, &now, &most);
    assert_true(isnan(now) && isnan(most));
    assert_true(isnan(pr_usage_status(root, "VmPeak")));
    assert_true(u.cpu_ns > 0 && u.minor > 0); /* of this process, always */
}

static void threads_are_read(void **state) {
    (void)state;
    put("proc/self/task/77/schedstat", "123456 789 12\n");
    put("proc/self/task/77/stat", "77 (a ) name) R 1 2 3 4 5 6 1419 8 50 9 10 11 12 13\n");
    put("proc/self/task/77/status", "Name:\tx\nvoluntary_ctxt_switches:\t5\n"
                                    "nonvoluntary_ctxt_switches:\t6\n");
    put("proc/self/task/78/schedstat", "0 0 0\n");
    pr_usage_read(root, &u);
    assert_int_equal(u.n_tasks, 2);
    const pr_task_usage *t = pr_usage_task(&u, 77);
    assert_non_null(t);
    assert_true(t->ready_ns == 789 && t->minor == 1419 && t->major == 50);
    assert_true(t->voluntary == 5 && t->involuntary == 6);
    t = pr_usage_task(&u, 78);
    assert_true(t->ready_ns == 0 && isnan(t->minor) && isnan(t->voluntary));
    assert_null(pr_usage_task(&u, 79));
}

static void groups_of_both_versions(void **state) {
    (void)state;
    put("proc/self/cgroup", "0::/app/job\n");
    put("sys/fs/cgroup/app/job/cpu.stat", "usage_usec 9\nnr_throttled 0\nthrottled_usec 0\n");
    put("sys/fs/cgroup/app/cpu.stat", "usage_usec 9\nnr_throttled 3\nthrottled_usec 2500\n");
    pr_usage_read(root, &u);
    assert_true(u.throttled_ns == 2500000); /* the quota is that of the group above */
    assert_true(u.throttled_periods == 3);
    done(state);
    fresh(state);
    put("proc/self/cgroup", "3:memory:/x\n2:cpu,cpuacct:/job\n0::/\n");
    put("sys/fs/cgroup/cpu,cpuacct/job/cpu.stat",
        "nr_periods 8\nnr_throttled 7\nthrottled_time 42\n");
    pr_usage_read(root, &u);
    assert_true(u.throttled_ns == 42 && u.throttled_periods == 7);
    put("proc/self/cgroup", "2:cpu,cpuacct:/../../job\n"); /* no way out of the mount */
    pr_usage_read(root, &u);
    assert_true(isnan(u.throttled_ns));
}

static void the_machine(void **state) {
    (void)state;
    double now, most;
    char   path[100];
    put("proc/stat", "cpu  100 1 50 800 20 3 4 22 5 0\ncpu0 1 1 1\n");
    put("proc/self/status", "Name:\tpare\nVmPeak:\t  2048 kB\nVmHWM:\t 1024 kB\n");
    for (int i = 0; i < 64; i++) { /* whichever this process may use */
        snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", i);
        put(path, "1500000\n");
        snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq", i);
        put(path, "3000000\n");
    }
    pr_usage_read(root, &u);
    assert_true(u.stolen == 22 && u.ticks == 180);
    pr_usage_clock(root, &now, &most);
    assert_true(now == 1500 && most == 3000);
    assert_true(pr_usage_status(root, "VmPeak") == 2048 * 1024);
    assert_true(isnan(pr_usage_status(root, "VmRSS")));
}

/* Whether the kernel lets us count or not: a value or a reason, never both, never neither. */
static void counters_count_or_say_why(void **state) {
    (void)state;
    pr_counters     c;
    volatile double x = 1;
    pr_counters_open(&c);
    for (int i = 0; i < 1000000; i++) x = x * 1.0000001;
    pr_counters_read(&c);
    for (int i = 0; i < PR_COUNTERS; i++) {
        assert_non_null(c.counter[i].name);
        assert_true(isnan(c.counter[i].value) == (c.counter[i].why[0] != 0));
    }
    if (!isnan(c.counter[1].value)) assert_true(c.counter[1].value >= 1000000); /* instructions */
    pr_counters_close(&c);
}

static void the_clock_is_measured(void **state) {
    (void)state;
    double mhz = pr_usage_clock_measured(); /* whatever it is, under valgrind too */
    assert_true(isfinite(mhz) && mhz > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_told, fresh, done),
        cmocka_unit_test_setup_teardown(threads_are_read, fresh, done),
        cmocka_unit_test_setup_teardown(groups_of_both_versions, fresh, done),
        cmocka_unit_test_setup_teardown(the_machine, fresh, done),
        cmocka_unit_test(the_clock_is_measured),
        cmocka_unit_test(counters_count_or_say_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
