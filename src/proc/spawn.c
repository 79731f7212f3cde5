/* spawn.c - vfork, the few calls until exec, exec.
 *
 * Why not posix_spawn: it knows no limit of memory, no network filter, no "die with the
 * parent". Why vfork: a
 * process that has mapped a large model does not pay for a copy of its page tables. Always true:
 * the child's part calls nothing that takes a lock or memory; all signals are blocked
 * around it, so that no handler of ours runs in it. */
#include "spawn.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

enum { FD_HIGH = 64, FD_MOST = 65536, ENV_MOST = 65536 };

bool pr_proc_find(const char *name, char *dst, size_t cap) {
    const char *path = getenv("PATH");
    if (strchr(name, '/') || !*name) {
        snprintf(dst, cap, "%s", name);
        return *name && access(name, X_OK) == 0;
    }
    for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
        size_t n = strcspn(p, ":");
        int    k = snprintf(dst, cap, "%.*s/%s", n ? (int)n : 1, n ? p : ".", name);
        if (k > 0 && (size_t)k < cap && access(dst, X_OK) == 0 && !pr_path_is_dir(dst)) return true;
        p += n + (p[n] == ':');
    }
    return false;
}

/* Is `entry` ("NAME=value") about the same name as `with` ("NAME=value" or "NAME")? */
static bool same_name(const char *entry, const char *with) {
    size_t n = strcspn(with, "=");
    return strncmp(entry, with, n) == 0 && entry[n] == '=';
}

static bool is_replaced(const char *entry, const char *const *extra) {
    for (; extra && *extra; extra++)
        if (same_name(entry, *extra)) return true;
    return false;
}

pare_status pr_spawn_env(pr_spawn *s, const char *const *extra, pare_err *err) {
    size_t n = 0, m = 0, at = 0;
    while (environ && environ[n] && n < ENV_MOST) n++;
    while (extra && extra[m] && m < ENV_MOST) m++;
    s->env = pr_calloc(n + m + 1, sizeof *s->env);
    if (!s->env) return pr_fail_nomem(err, (n + m) * sizeof *s->env);
    for (size_t i = 0; i < n; i++)
        if (!is_replaced(environ[i], extra)) s->env[at++] = environ[i];
    for (size_t i = 0; i < m; i++)
        if (strchr(extra[i], '=')) s->env[at++] = (char *)(uintptr_t)extra[i];
    return PARE_OK;
}

void pr_spawn_done(pr_spawn *s) {
    pr_free(s->env);
    s->env = NULL;
}

/* ------------------------------------------------------- in the child: no locks, no memory */

static void default_signals(void) {
    struct sigaction dfl = {.sa_handler = SIG_DFL};
    sigset_t         none;
    for (int i = 1; i < 65; i++) sigaction(i, &dfl, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_from(int first) {
    struct rlimit r;
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0) return;
    int most =
        getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < FD_MOST ? (int)r.rlim_cur : FD_MOST;
    for (int fd = first; fd < most; fd++) close(fd);
}

/* Each descriptor first moves out of the way, then to its number; the report stays behind them. */
static bool place_fds(pr_spawn *s) {
    int high[3 + PR_PROC_FDS], report = fcntl(s->report, F_DUPFD_CLOEXEC, FD_HIGH);
    if (report < 0) return false;
    s->report = report;
    for (int i = 0; i < s->n_fds; i++)
        if ((high[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, FD_HIGH)) < 0) return false;
    for (int i = 0; i < s->n_fds; i++)
        if (dup2(high[i], i) < 0) return false;
    if (dup2(report, s->n_fds) < 0 || fcntl(s->n_fds, F_SETFD, FD_CLOEXEC) < 0) return false;
    s->report = s->n_fds;
    close_from(s->n_fds + 1);
    return true;
}

static bool set_limits(const pr_spawn *s) {
    struct rlimit none = {0, 0}, as = {s->max_address, s->max_address};
    setrlimit(RLIMIT_CORE, &none); /* a crash is told, not kept */
    return !s->max_address || setrlimit(RLIMIT_AS, &as) == 0;
}

#if defined(__x86_64__)
enum { ARCH = AUDIT_ARCH_X86_64 & 0x7fffffff };
#elif defined(__aarch64__)
enum { ARCH = AUDIT_ARCH_AARCH64 & 0x7fffffff };
#else
enum { ARCH = 0 };
#endif

/* From here on socket(AF_INET…) fails with EACCES, in all that comes of this process; and
 * io_uring, which could make sockets too, is not there. The filter's program counts in words:
 * a jump of k skips k of them. Another instruction set than the one we run (32-bit
 * programs) could name the calls otherwise: it gets no calls at all. */
static bool go_offline(void) {
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7fffffff),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x3fffffff), /* x32 says the same numbers with a bit */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 6, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
    };
    struct sock_fprog p = {PR_COUNT(f), f};
    return ARCH != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p, 0, 0) == 0;
}

static void child(pr_spawn *s) {
    setpgid(0, 0);
    /* Between the start and this line the parent may have ended: then nobody waits. */
    bool orphan = s->tie && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != s->parent);
    if (!orphan && place_fds(s) && (!s->dir || chdir(s->dir) == 0) && set_limits(s) &&
        (!s->offline || go_offline())) {
        default_signals();
        execve(s->path, s->argv, s->env);
    }
    int e = errno ? errno : ECHILD;
    while (write(s->report, &e, sizeof e) < 0 && errno == EINTR) {}
    _exit(127);
}

/* In a function of its own: nothing of the caller's frame is touched by both. */
static __attribute__((noinline)) pid_t split(pr_spawn *s) {
    pid_t pid = vfork();
    if (pid == 0) child(s);
    return pid;
}

pid_t pr_spawn_start(pr_spawn *s) {
    sigset_t all, before;
    pr_spawn copy = *s; /* the child writes into it where vfork shares memory */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = split(&copy);
    int   e = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = e;
    return pid;
}
