/* proc.c - a child process from its start to its end.
 *
 * Always true of a pr_proc: descriptors are -1 once closed, all are close-on-exec; `pid` is
 * reaped exactly once, and its group is killed before that, while the number cannot
 * belong to anybody else. stderr is read whenever we wait for anything, so a child that floods
 * it does not stand still while we do. */
#include "proc.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "spawn.h"

enum { TAIL = 4096, TICK_MS = 100 };

struct pr_proc {
    pid_t           pid; /* -1: reaped */
    int             in, out, err;
    pr_proc_end     end;
    uint64_t        rss_peak;
    const pare_ctl *ctl;
    char            name[64];
    char            said[2 * TAIL]; /* the newest of stderr */
    size_t          n_said;
    char            lines[TAIL + 1];
};

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* --------------------------------------------------------------------------- starting */

typedef struct {
    int in[2], out[2], err[2], report[2];
} pipes;

/* stdin is a socket pair, because send() can be told not to raise SIGPIPE. */
static bool pipes_open(pipes *p) {
    *p = (pipes){{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p->in) == 0 &&
           pipe2(p->out, O_CLOEXEC) == 0 && pipe2(p->err, O_CLOEXEC) == 0 &&
           pipe2(p->report, O_CLOEXEC) == 0;
}

static void pipes_close(pipes *p) {
    for (int i = 0; i < 2; i++) {
        close_fd(&p->in[i]);
        close_fd(&p->out[i]);
        close_fd(&p->err[i]);
        close_fd(&p->report[i]);
    }
}

static bool is_first_thread(void) { return (long)getpid() == syscall(SYS_gettid); }

static pare_status prepare(pr_spawn *s, const pr_proc_opts *o, const pipes *io, pare_err *err) {
    if (!o->argv || !o->argv[0] || o->n_fds < 0 || o->n_fds > PR_PROC_FDS)
        return pr_fail(err, PARE_EUSAGE, -1, "a program and at most %d descriptors were expected",
                       PR_PROC_FDS);
    if (!pr_proc_find(o->argv[0], s->path, sizeof s->path))
        return pr_fail(err, PARE_EENV, -1, "%s: no such program can be run here", o->argv[0]);
    s->argv = (char *const *)(uintptr_t)o->argv;
    s->dir = o->dir;
    s->fds[0] = io->in[1];
    s->fds[1] = io->out[1];
    s->fds[2] = io->err[1];
    for (int i = 0; i < o->n_fds; i++) s->fds[3 + i] = o->fds[i];
    s->n_fds = 3 + o->n_fds;
    s->report = io->report[1];
    s->parent = (int)getpid();
    s->tie = is_first_thread();
    s->max_address = o->max_address;
    s->offline = o->offline;
    return pr_spawn_env(s, o->env, err);
}

/* 0, or the errno with which the child failed to become the program. */
static int start_failure(int fd) {
    int     e = 0;
    ssize_t k;
    do k = read(fd, &e, sizeof e);
    while (k < 0 && errno == EINTR);
    return k == (ssize_t)sizeof e ? e : 0;
}

static void reap(pid_t pid) {
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
}

static pare_status launch(pr_proc *p, pr_spawn *s, pipes *io, pare_err *err) {
    pid_t pid = pr_spawn_start(s);
    if (pid < 0) {
        pr_fail_errno(err, s->path, "cannot start a process");
        if (err) err->status = PARE_EENV;
        return PARE_EENV;
    }
    close_fd(&io->report[1]);
    int e = start_failure(io->report[0]);
    if (e) {
        reap(pid);
        return pr_fail(err, PARE_EENV, -1, "%s: cannot be run: %s", s->path, strerror(e));
    }
    p->pid = pid;
    p->in = io->in[0];
    p->out = io->out[0];
    p->err = io->err[0];
    io->in[0] = io->out[0] = io->err[0] = -1;
    fcntl(p->out, F_SETFL, O_NONBLOCK);
    fcntl(p->err, F_SETFL, O_NONBLOCK);
    return PARE_OK;
}

pare_status pr_proc_start(pr_proc **out, const pr_proc_opts *o, pare_err *err) {
    pipes    io;
    pr_spawn s = {0};
    *out = NULL;
    pr_proc *p = pr_calloc(1, sizeof *p);
    if (!p) return pr_fail_nomem(err, sizeof *p);
    p->pid = p->in = p->out = p->err = -1;
    p->ctl = o->ctl;
    pare_status st = PARE_OK;
    if (!pipes_open(&io)) {
        st = pr_fail_errno(err, NULL, "cannot open a pipe");
        goto done;
    }
    PR_GO(prepare(&s, o, &io, err));
    snprintf(p->name, sizeof p->name, "%s", o->name ? o->name : pr_path_base(o->argv[0]));
    PR_GO(launch(p, &s, &io, err));
done:
    pipes_close(&io);
    pr_spawn_done(&s);
    if (st == PARE_OK) *out = p;
    else pr_proc_free(p);
    return st;
}

void pr_proc_free(pr_proc *p) {
    if (!p) return;
    pr_proc_kill(p);
    close_fd(&p->in);
    close_fd(&p->out);
    close_fd(&p->err);
    pr_free(p);
}

int pr_proc_pid(const pr_proc *p) { return (int)p->pid; }

/* --------------------------------------------------------------------------- waiting */

static void hear(pr_proc *p, const char *b, size_t n) {
    if (n > TAIL) {
        b += n - TAIL;
        n = TAIL;
    }
    if (p->n_said + n > sizeof p->said) {
        memmove(p->said, p->said + p->n_said - TAIL, TAIL);
        p->n_said = TAIL;
    }
    memcpy(p->said + p->n_said, b, n);
    p->n_said += n;
}

/* Read what stderr has, at most `rounds` pieces of it: a flood does not hold us. */
static void drain(pr_proc *p, int rounds) {
    char b[TAIL];
    while (p->err >= 0 && rounds-- > 0) {
        ssize_t k = read(p->err, b, sizeof b);
        if (k > 0) hear(p, b, (size_t)k);
        else if (k == 0 || (errno != EAGAIN && errno != EINTR)) close_fd(&p->err);
        else return;
    }
}

/* Reap: the group first, while our unreaped child still holds its number. */
static void finish(pr_proc *p) {
    int           status = 0;
    struct rusage use = {0};
    pid_t         k;
    drain(p, 64);
    kill(-p->pid, SIGKILL);
    do k = wait4(p->pid, &status, 0, &use);
    while (k < 0 && errno == EINTR);
    drain(p, 64);
    p->rss_peak = PR_MAX(p->rss_peak, (uint64_t)use.ru_maxrss * 1024);
    p->pid = -1;
    close_fd(&p->in);
    /* ECHILD: the program that we are part of lets the kernel reap. How it ended is then lost. */
    p->end = (pr_proc_end){PR_PROC_EXITED, k < 0 ? -1 : WEXITSTATUS(status)};
    if (k > 0 && WIFSIGNALED(status)) p->end = (pr_proc_end){PR_PROC_SIGNALLED, WTERMSIG(status)};
}

static bool has_ended(const pr_proc *p) {
    siginfo_t i = {0};
    int       k = waitid(P_PID, (id_t)p->pid, &i, WEXITED | WNOHANG | WNOWAIT);
    return k < 0 ? errno != EINTR : i.si_pid == p->pid;
}

static pare_status too_late(pr_proc *p, pare_err *err) {
    pr_proc_kill(p);
    p->end.how = PR_PROC_TIMED_OUT;
    return pr_fail(err, PARE_EENV, -1, "%s did not answer in time and was stopped", p->name);
}

/* Until `fd` is ready for `what`, hearing stderr meanwhile. */
static pare_status wait_fd(pr_proc *p, int fd, short what, uint64_t deadline, pare_err *err) {
    for (;;) {
        uint64_t now = pr_now_ns();
        if (now >= deadline) return too_late(p, err);
        pare_status st = pr_ctl_check(p->ctl, err);
        if (st != PARE_OK) {
            pr_proc_kill(p);
            return st;
        }
        uint64_t      ms = (deadline - now) / 1000000 + 1;
        struct pollfd f[2] = {{fd, what, 0}, {p->err, POLLIN, 0}};
        int           k = poll(f, p->err >= 0 ? 2 : 1, (int)PR_MIN(ms, (uint64_t)TICK_MS));
        if (k > 0 && p->err >= 0 && f[1].revents) drain(p, 64);
        if (k > 0 && f[0].revents) return PARE_OK;
        /* Gone, and a child of its own still holds the pipe: ends the group, and so the pipe. */
        if (k == 0 && p->pid >= 0 && has_ended(p)) finish(p);
        if (fd != p->out && fd != p->in) return PARE_OK;
    }
}

pare_status pr_proc_write(pr_proc *p, const void *b, size_t n, uint64_t deadline, pare_err *err) {
    const char *at = b;
    while (n) {
        if (p->in < 0) return pr_fail(err, PARE_EENV, -1, "%s reads no more", p->name);
        ssize_t k = send(p->in, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k > 0) {
            at += k;
            n -= (size_t)k;
            continue;
        }
        if (k < 0 && errno != EAGAIN && errno != EINTR) {
            close_fd(&p->in);
            continue;
        }
        PR_TRY(wait_fd(p, p->in, POLLOUT, deadline, err));
    }
    return PARE_OK;
}

pare_status pr_proc_read(pr_proc *p, void *b, size_t cap, uint64_t deadline, size_t *got,
                         pare_err *err) {
    *got = 0;
    while (p->out >= 0) {
        ssize_t k = read(p->out, b, cap);
        if (k > 0) {
            *got = (size_t)k;
            return PARE_OK;
        }
        if (k == 0 || (errno != EAGAIN && errno != EINTR)) {
            close_fd(&p->out);
            break;
        }
        PR_TRY(wait_fd(p, p->out, POLLIN, deadline, err));
    }
    return PARE_OK;
}

void pr_proc_shut(pr_proc *p) { close_fd(&p->in); }

/* --------------------------------------------------------------------------- the end */

/* Let some time go by in which stderr is heard and stdout thrown away. */
static void idle(pr_proc *p, int ms) {
    char          b[TAIL];
    struct pollfd f[2] = {{p->out, POLLIN, 0}, {p->err, POLLIN, 0}};
    if (poll(f, 2, ms) <= 0) return;
    drain(p, 64);
    if (!f[0].revents) return;
    ssize_t k = read(p->out, b, sizeof b);
    if (k == 0 || (k < 0 && errno != EAGAIN && errno != EINTR)) close_fd(&p->out);
}

pr_proc_end pr_proc_wait(pr_proc *p, uint64_t deadline) {
    int ms = 1;
    while (p->pid >= 0 && !has_ended(p)) {
        if (pr_now_ns() >= deadline) {
            pr_proc_kill(p);
            p->end.how = PR_PROC_TIMED_OUT;
            break;
        }
        idle(p, ms);
        ms = PR_MIN(2 * ms, 20);
    }
    if (p->pid >= 0) finish(p);
    return p->end;
}

pr_proc_end pr_proc_kill(pr_proc *p) {
    if (p->pid < 0) return p->end;
    pr_proc_rss_peak(p);
    kill(-p->pid, SIGKILL);
    kill(p->pid, SIGKILL); /* if it has left its group */
    finish(p);
    return p->end;
}

const char *pr_proc_said(pr_proc *p, int lines) {
    if (p->pid >= 0) drain(p, 64);
    size_t end = p->n_said, from, n = 0;
    while (end && (p->said[end - 1] == '\n' || p->said[end - 1] == ' ')) end--;
    for (from = end; from > 0 && end - from < TAIL; from--)
        if (p->said[from - 1] == '\n' && --lines <= 0) break;
    for (size_t i = from; i < end; i++) {
        unsigned char c = (unsigned char)p->said[i];
        p->lines[n++] = (char)(c == '\n' || (c >= 0x20 && c < 0x7F) ? c : '?');
    }
    p->lines[n] = 0;
    return p->lines;
}

const char *pr_proc_end_text(pr_proc_end e, char *dst, size_t cap) {
    const char *name = e.how == PR_PROC_SIGNALLED ? sigdescr_np(e.code) : NULL;
    if (e.how == PR_PROC_RUNS) snprintf(dst, cap, "still runs");
    else if (e.how == PR_PROC_TIMED_OUT) snprintf(dst, cap, "did not answer in time");
    else if (e.how == PR_PROC_EXITED && e.code < 0) snprintf(dst, cap, "ended");
    else if (e.how == PR_PROC_EXITED) snprintf(dst, cap, "exit status %d", e.code);
    else snprintf(dst, cap, "killed by signal %d (%s)", e.code, name ? name : "unknown");
    return dst;
}

uint64_t pr_proc_rss_peak(pr_proc *p) {
    char          path[64], b[4096], *at;
    unsigned long kb;
    if (p->pid < 0) return p->rss_peak;
    snprintf(path, sizeof path, "/proc/%d/status", (int)p->pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return p->rss_peak;
    ssize_t k = read(fd, b, sizeof b - 1);
    close(fd);
    b[k > 0 ? k : 0] = 0;
    if ((at = strstr(b, "VmHWM:")) && sscanf(at, "VmHWM: %lu", &kb) == 1)
        p->rss_peak = PR_MAX(p->rss_peak, (uint64_t)kb * 1024);
    return p->rss_peak;
}

pare_status pr_proc_run(const pr_proc_opts *o, double seconds, pr_buf *text, pr_proc_end *end,
                        pare_err *err) {
    pr_proc *p;
    char     b[TAIL];
    size_t   got;
    uint64_t deadline = pr_now_ns() + (uint64_t)(seconds * 1e9);
    *end = (pr_proc_end){0};
    PR_TRY(pr_proc_start(&p, o, err));
    pr_proc_shut(p);
    pare_status st;
    bool        too_much = false;
    do {
        if ((st = pr_proc_read(p, b, sizeof b, deadline, &got, err)) != PARE_OK) break;
        too_much = too_much || text->n + got > text->max;
        pr_buf_add(text, b, got);
    } while (got && !too_much);
    *end = st == PARE_OK && !too_much ? pr_proc_wait(p, deadline) : pr_proc_kill(p);
    if (st == PARE_EENV && end->how == PR_PROC_TIMED_OUT) st = PARE_OK;
    if (st == PARE_OK && too_much)
        st = pr_fail(err, PARE_EENV, -1, "%s said more than %zu bytes", p->name, text->max);
    else if (st == PARE_OK && text->failed) st = pr_fail_nomem(err, text->n);
    pr_proc_free(p);
    return st;
}

pare_status pr_proc_share(int *fd, pare_err *err) {
    *fd = memfd_create("pare", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return *fd >= 0 ? PARE_OK : pr_fail_errno(err, NULL, "cannot make shared memory");
}

pare_status pr_proc_share_seal(int fd, uint64_t bytes, pare_err *err) {
    if (ftruncate(fd, (off_t)bytes) == 0 &&
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        return PARE_OK;
    return pr_fail_errno(err, NULL, "cannot size shared memory");
}
