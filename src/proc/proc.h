/* proc.h - child processes on a short lead.
 *
 *   pr_proc *p;
 *   const char *const argv[] = {"python3", "-c", "print(6 * 7)", NULL};
 *   PR_TRY(pr_proc_start(&p, &(pr_proc_opts){.argv = argv}, err));
 *   pr_proc_shut(p);                                        // nothing more for its stdin
 *   PR_GO(pr_proc_read(p, buf, sizeof buf, deadline, &got, err));
 *   …
 *   pr_proc_free(p);                                        // ends it if it has not ended
 *
 * No shell is in between. The child has pipes for its three standard streams and the descriptors
 * that it is given, and no other of ours. It leads a process group of its own, and what ends it
 * ends the group. It does not outlive us: its stdin ends when we do, and where the kernel
 * can (Linux) it is killed then. What it says on stderr is read along and the tail of it kept.
 *
 * A pr_proc belongs to one thread at a time; any threads may start children at the same time.
 * On Linux the kernel ties "killed when the parent ends" to the thread that starts the child, so
 * it is asked for only in the process's first thread; elsewhere the end of stdin must do. */
#ifndef PR_PROC_H
#define PR_PROC_H
#include "base/base.h"

typedef struct pr_proc pr_proc;

typedef struct {
    const char *const *argv;    /* NULL at the end; argv[0]: a path, or a name looked for on PATH */
    const char *const *env;     /* NULL, or over our own: "NAME=value" sets, "NAME" takes away */
    const char        *dir;     /* where it starts; NULL: where we are */
    const char        *name;    /* what errors call it; NULL: the last part of argv[0] */
    const int         *fds;     /* become its descriptors 3, 4, …; at most PR_PROC_FDS */
    int                n_fds;
    uint64_t           max_address; /* bytes of address space (RLIMIT_AS); 0: as ours */
    bool               offline;     /* it and its children get no Internet socket (Linux seccomp;
                                     * EENV where the kernel cannot promise that) */
    const pare_ctl    *ctl;     /* asked while we wait; must outlive the process; may be NULL */
} pr_proc_opts;
enum { PR_PROC_FDS = 8 };

typedef enum { PR_PROC_RUNS, PR_PROC_EXITED, PR_PROC_SIGNALLED, PR_PROC_TIMED_OUT } pr_proc_how;
typedef struct {
    pr_proc_how how;
    int         code; /* exit status, or the signal's number */
} pr_proc_end;

/* EENV: there is no such program, it may not be run, or the system gives no more processes. */
pare_status pr_proc_start(pr_proc **out, const pr_proc_opts *o, pare_err *err);
/* Ends the child (its whole group) if it still runs, reaps it, frees. NULL is fine. */
void pr_proc_free(pr_proc *p);

/* To its stdin, all of it. `deadline`: pr_now_ns() of then; when it comes the child is
 * killed and the answer is EENV; so it is when nobody reads any more. Never raises SIGPIPE. */
pare_status pr_proc_write(pr_proc *p, const void *b, size_t n, uint64_t deadline, pare_err *err);
/* From its stdout what is there, at least a byte; *got = 0 is its end. EENV at the deadline, as
 * above; ECANCELLED (and the child killed) when the caller of the job wants to stop. */
pare_status pr_proc_read(pr_proc *p, void *b, size_t cap, uint64_t deadline, size_t *got,
                         pare_err *err);
/* Its stdin ends here. */
void pr_proc_shut(pr_proc *p);
/* Wait until it has ended; at the deadline it is killed (TIMED_OUT). Its unread stdout is dropped.
 * Whatever is left of its group is killed too. Again: the same answer. */
pr_proc_end pr_proc_wait(pr_proc *p, uint64_t deadline);
/* Kill the group now and reap. */
pr_proc_end pr_proc_kill(pr_proc *p);

/* The last lines (at most `lines`) of its stderr, without what is not printable; "" if it said
 * nothing. Borrowed until the next call. */
const char *pr_proc_said(pr_proc *p, int lines);
/* "exit status 3", "killed by signal 11 (Segmentation fault)", "did not answer in time". */
const char *pr_proc_end_text(pr_proc_end e, char *dst, size_t cap);
/* Most memory that it ever held resident, bytes; 0 where that is not known. */
uint64_t pr_proc_rss_peak(pr_proc *p);
/* Its process id; -1 after it was reaped. */
int pr_proc_pid(const pr_proc *p);

/* Run to the end: stdin empty, stdout into `text` (which keeps its maximum), `seconds` at most.
 * PARE_OK also if it failed: ask `end`. */
pare_status pr_proc_run(const pr_proc_opts *o, double seconds, pr_buf *text, pr_proc_end *end,
                        pare_err *err);
/* The program `name` as a path (`name` itself if it holds '/'), looked for on PATH. */
bool pr_proc_find(const char *name, char *dst, size_t cap);
/* A file that has no name, empty, to be shared with a child. Closed by close(). */
pare_status pr_proc_share(int *fd, pare_err *err);
/* Give it its size, in zeros, for good: nobody can make it shorter or longer after that, so
 * that reading it cannot fault. */
pare_status pr_proc_share_seal(int fd, uint64_t bytes, pare_err *err);
#endif
