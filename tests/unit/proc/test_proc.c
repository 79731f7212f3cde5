/* test_proc.c - children that answer, fail, hang, flood, multiply; and that nothing of them is
 * left: no process, no zombie, no descriptor. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <dirent.h>
#include <sys/wait.h>
#include "check.h"
#include "proc/proc.h"

/* A machine under load must not fail; what should be slow is compared with it. */
static uint64_t soon(void) { return pr_now_ns() + 20ull * 1000000000u; }
static uint64_t in_ms(uint64_t ms) { return pr_now_ns() + ms * 1000000; }

static pr_proc *start(const char *how, const char *arg) {
    const char *argv[] = {PROC_CHILD, how, arg, NULL};
    pr_proc    *p;
    pare_err    e = {0};
    CHECK_OK(pr_proc_start(&p, &(pr_proc_opts){.argv = argv}, &e), e);
    return p;
}

static const char *run(pr_proc_opts o, const char *how, const char *arg, pr_proc_end *end) {
    static char text[8192];
    const char *argv[] = {PROC_CHILD, how, arg, NULL};
    pr_buf      b;
    pare_err    e = {0};
    pr_buf_init(&b, sizeof text - 1);
    o.argv = argv;
    CHECK_OK(pr_proc_run(&o, 20, &b, end, &e), e);
    snprintf(text, sizeof text, "%s", b.p ? b.p : "");
    pr_buf_done(&b);
    return text;
}

static int count_fds(void) {
    DIR *d = opendir("/proc/self/fd");
    int  n = 0;
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

/* Neither running nor stopped: gone, or a zombie that its new parent has yet to reap. */
static bool is_gone(int pid) {
    char  path[64], b[512] = "";
    FILE *f;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    if (!(f = fopen(path, "r"))) return true;
    size_t n = fread(b, 1, sizeof b - 1, f);
    fclose(f);
    b[n] = 0;
    const char *state = strrchr(b, ')');
    return !state || state[2] == 'Z' || state[2] == 'X';
}

static bool gone_within(int pid, int ms) {
    for (; ms > 0 && !is_gone(pid); ms -= 10) usleep(10000);
    return is_gone(pid);
}

static void test_answers(void **state) {
    pr_proc *p = start("echo", NULL);
    pare_err e = {0};
    char     b[64];
    size_t   got;
    CHECK_OK(pr_proc_write(p, "hello", 5, soon(), &e), e);
    CHECK_OK(pr_proc_read(p, b, sizeof b, soon(), &got, &e), e);
    assert_int_equal(got, 5);
    assert_memory_equal(b, "hello", 5);
    pr_proc_shut(p);
    CHECK_OK(pr_proc_read(p, b, sizeof b, soon(), &got, &e), e);
    assert_int_equal(got, 0);
    pr_proc_end end = pr_proc_wait(p, soon());
    assert_int_equal(end.how, PR_PROC_EXITED);
    assert_int_equal(end.code, 0);
    assert_int_equal(pr_proc_pid(p), -1);
    pr_proc_free(p);
}

static void test_ends(void **state) {
    pr_proc_end end;
    char        t[128];
    run((pr_proc_opts){0}, "exit", "7", &end);
    assert_string_equal(pr_proc_end_text(end, t, sizeof t), "exit status 7");
    run((pr_proc_opts){0}, "crash", NULL, &end);
    assert_int_equal(end.code, SIGSEGV);
    assert_string_equal(pr_proc_end_text(end, t, sizeof t),
                        "killed by signal 11 (Segmentation fault)");
}

static void test_hang(void **state) {
    pr_proc *p = start("family", NULL);
    pare_err e = {0};
    char     b[64] = "";
    size_t   got;
    int      pid = pr_proc_pid(p);
    CHECK_OK(pr_proc_read(p, b, sizeof b - 1, soon(), &got, &e), e);
    int grandchild = atoi(b);
    assert_true(grandchild > 1);
    uint64_t t = pr_now_ns();
    assert_int_equal(pr_proc_read(p, b, sizeof b, in_ms(150), &got, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "proc_child did not answer in time"));
    assert_true(pr_now_ns() - t > 140000000ull);
    assert_int_equal(pr_proc_wait(p, soon()).how, PR_PROC_TIMED_OUT);
    assert_true(is_gone(pid));
    assert_true(gone_within(grandchild, 5000));
    pr_proc_free(p);
    p = start("hang", NULL);
    assert_int_equal(pr_proc_wait(p, in_ms(50)).how, PR_PROC_TIMED_OUT);
    pr_proc_free(p);
}

/* The leader ended, one that it left behind holds our pipe: the pipe still ends. */
static void test_left_behind(void **state) {
    pr_proc_end end;
    const char *text = run((pr_proc_opts){0}, "leave", NULL, &end);
    assert_int_equal(end.how, PR_PROC_EXITED);
    assert_int_equal(end.code, 0);
    assert_true(atoi(text) > 1);
    assert_true(gone_within(atoi(text), 5000));
}

static void test_nothing_is_left(void **state) {
    int      before = count_fds();
    pr_proc *p;
    pare_err e = {0};
    for (int i = 0; i < 60; i++) pr_proc_free(start(i % 3 ? "hang" : "exit", "0"));
    const char *const none[] = {"/nonexistent/program", NULL}, *const dir[] = {"/etc", NULL};
    const char *const plain[] = {"/etc/passwd", NULL}, *const child[] = {PROC_CHILD, "echo", NULL};
    assert_int_equal(pr_proc_start(&p, &(pr_proc_opts){.argv = none}, &e), PARE_EENV);
    assert_null(p);
    assert_non_null(strstr(e.msg, "/nonexistent/program"));
    assert_int_equal(pr_proc_start(&p, &(pr_proc_opts){.argv = dir}, &e), PARE_EENV);
    assert_int_equal(pr_proc_start(&p, &(pr_proc_opts){.argv = plain}, &e), PARE_EENV);
    assert_int_equal(
        pr_proc_start(&p, &(pr_proc_opts){.argv = child, .dir = "/nonexistent"}, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "No such file"));
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(count_fds(), before);
}

static void test_descriptors(void **state) {
    pr_proc_end end;
    pare_err    e = {0};
    int         low = open("/dev/null", O_RDONLY), fd;
    int         ours = fcntl(low, F_DUPFD, 40); /* without close-on-exec */
    CHECK_OK(pr_proc_share(&fd, &e), e);
    CHECK_OK(pr_proc_share_seal(fd, 4096, &e), e);
    assert_string_equal(run((pr_proc_opts){0}, "fds", NULL, &end), "0 1 2 ");
    pr_proc_opts o = {.fds = &fd, .n_fds = 1};
    assert_string_equal(run(o, "fds", NULL, &end), "0 1 2 3 ");
    run(o, "write3", NULL, &end);
    assert_int_equal(end.code, 0);
    char b[6];
    assert_int_equal(pread(fd, b, 6, 0), 6);
    assert_memory_equal(b, "shared", 6);
    assert_int_equal(ftruncate(fd, 0), -1);
    assert_int_equal(ftruncate(fd, 8192), -1);
    close(fd);
    close(ours);
    close(low);
}

static void test_surroundings(void **state) {
    pr_proc_end       end;
    const char *const env[] = {"PROC_A=b=c", "HOME", NULL};
    pr_proc_opts      o = {.env = env, .dir = "/usr"};
    assert_string_equal(run(o, "env", "PROC_A", &end), "b=c\n");
    assert_string_equal(run(o, "env", "HOME", &end), "(not set)\n");
    assert_string_not_equal(run(o, "env", "PATH", &end), "(not set)\n");
    assert_string_equal(run(o, "cwd", NULL, &end), "/usr\n");
    assert_string_equal(run(o, "args", "$HOME; `id` \"'", &end), "[$HOME; `id` \"']");
    /* Whatever we ignore or block, the child begins plain. */
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    sigset_t m;
    sigemptyset(&m);
    sigaddset(&m, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &m, NULL);
    assert_string_equal(run((pr_proc_opts){0}, "signals", NULL, &end), "0\n");
    pthread_sigmask(SIG_UNBLOCK, &m, NULL);
    signal(SIGPIPE, old);
}

static void test_offline(void **state) {
    pr_proc_end end;
    char        free_to[16];
    snprintf(free_to, sizeof free_to, "%s", run((pr_proc_opts){0}, "sockets", NULL, &end));
    assert_string_equal(run((pr_proc_opts){.offline = true}, "sockets", NULL, &end), "0 0 1\n");
    if (free_to[0] != '1') print_message("this machine has no Internet sockets to begin with\n");
}

static void test_memory(void **state) {
    pr_proc_end end;
    char        b[16];
    size_t      got;
    pare_err    e = {0};
    run((pr_proc_opts){.max_address = 64 << 20}, "memory", "134217728", &end);
    assert_int_equal(end.code, 9);
    pr_proc *p = start("memory", "33554432");
    CHECK_OK(pr_proc_read(p, b, sizeof b, soon(), &got, &e), e);
    uint64_t peak = pr_proc_rss_peak(p);
    assert_true(peak >= 33554432 && peak < 60u << 20);
    pr_proc_shut(p);
    assert_int_equal(pr_proc_wait(p, soon()).code, 0);
    assert_true(pr_proc_rss_peak(p) >= peak); /* known after the end, too */
    pr_proc_free(p);
}

static void test_flood(void **state) {
    pr_proc *p = start("flood", "8000000");
    pare_err e = {0};
    char     b[16];
    size_t   got;
    CHECK_OK(pr_proc_read(p, b, sizeof b, soon(), &got, &e), e);
    assert_memory_equal(b, "done\n", 5);
    pr_proc_wait(p, soon());
    assert_string_equal(pr_proc_said(p, 1), "the?last words");
    const char *two = pr_proc_said(p, 2);
    assert_int_equal(strlen(two), 63 + 1 + 14);
    assert_true(strlen(pr_proc_said(p, 100000)) <= 4096);
    pr_proc_free(p);
}

static void test_no_reader(void **state) {
    pr_proc *p = start("exit", "0");
    pare_err e = {0};
    char     b[65536] = "";
    pare_status st = PARE_OK;
    for (int i = 0; i < 1000 && st == PARE_OK; i++) st = pr_proc_write(p, b, sizeof b, soon(), &e);
    assert_int_equal(st, PARE_EENV); /* and we are alive: no SIGPIPE */
    pr_proc_free(p);
    p = start("hang", NULL);
    for (st = PARE_OK; st == PARE_OK;) st = pr_proc_write(p, b, sizeof b, in_ms(100), &e);
    assert_int_equal(st, PARE_EENV);
    assert_int_equal(pr_proc_wait(p, soon()).how, PR_PROC_TIMED_OUT);
    pr_proc_free(p);
}

static int stop_now(void *user) { return ++*(int *)user > 2; }

static void test_cancelled(void **state) {
    int               asked = 0;
    pare_ctl          ctl = {.is_cancelled = stop_now, .user = &asked};
    const char *const argv[] = {PROC_CHILD, "hang", NULL};
    pr_proc          *p;
    pare_err          e = {0};
    char              b[4];
    size_t            got;
    CHECK_OK(pr_proc_start(&p, &(pr_proc_opts){.argv = argv, .ctl = &ctl}, &e), e);
    assert_int_equal(pr_proc_read(p, b, 4, soon(), &got, &e), PARE_ECANCELLED);
    assert_int_equal(pr_proc_pid(p), -1);
    pr_proc_free(p);
}

static void test_too_much(void **state) {
    const char *const argv[] = {PROC_CHILD, "args", "0123456789", NULL};
    pr_buf            b;
    pr_proc_end       end;
    pare_err          e = {0};
    pr_buf_init(&b, 8);
    assert_int_equal(pr_proc_run(&(pr_proc_opts){.argv = argv}, 20, &b, &end, &e), PARE_EENV);
    pr_buf_done(&b);
}

/* We are killed without a chance to tidy up: the child, deaf to the end of its stdin, goes too. */
static void test_parent_killed(void **state) {
    int io[2];
    assert_int_equal(pipe(io), 0);
    pid_t us = fork();
    if (us == 0) {
        pr_proc *p = start("hang", NULL);
        int      pid = pr_proc_pid(p);
        if (write(io[1], &pid, sizeof pid) < 0) _exit(1);
        for (;;) pause();
    }
    int pid = 0;
    assert_int_equal(read(io[0], &pid, sizeof pid), sizeof pid);
    assert_false(is_gone(pid));
    kill(us, SIGKILL);
    waitpid(us, NULL, 0);
    assert_true(gone_within(pid, 5000));
    close(io[0]);
    close(io[1]);
}

static void *many(void *arg) {
    for (int i = 0; i < 12; i++) {
        char              want[32], got[64] = "";
        const char *const argv[] = {PROC_CHILD, "args", want, NULL};
        pr_buf            b;
        pr_proc_end       end;
        pare_err          e = {0};
        snprintf(want, sizeof want, "%p-%d", arg, i);
        pr_buf_init(&b, 256);
        if (pr_proc_run(&(pr_proc_opts){.argv = argv}, 20, &b, &end, &e) != PARE_OK) return arg;
        snprintf(got, sizeof got, "[%s]", want);
        int differs = !b.p || strcmp(b.p, got) != 0;
        pr_buf_done(&b);
        if (differs || end.code != 0) return arg;
    }
    return NULL;
}

static void test_threads(void **state) {
    pthread_t t[8];
    void     *bad;
    for (size_t i = 0; i < PR_COUNT(t); i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, (void *)(i + 1)), 0);
    for (size_t i = 0; i < PR_COUNT(t); i++) {
        pthread_join(t[i], &bad);
        assert_null(bad);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_hang),
        cmocka_unit_test(test_left_behind),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_surroundings),
        cmocka_unit_test(test_offline),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_flood),
        cmocka_unit_test(test_no_reader),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_parent_killed),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_nothing_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
