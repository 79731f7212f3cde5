/* usage.h - what the kernel counts about this process, its threads, its group and the machine
 * (private). What it does not tell is NAN or -1, never a guess. */
#ifndef PR_PROFILE_USAGE_H
#define PR_PROFILE_USAGE_H
#include "profile.h"

typedef struct {
    int    tid;
    double ready_ns;                /* ready to run, without a processor; NAN */
    double minor, major;            /* page faults; NAN */
    double voluntary, involuntary;  /* switches; NAN */
} pr_task_usage;

enum { PR_TASKS_MAX = 1100 };
typedef struct {
    uint64_t ns, cpu_ns, system_ns;  /* monotonic; of the process; of that, in the kernel */
    double   minor, major, voluntary, involuntary; /* of the process, so far */
    double   stolen, ticks; /* of the machine: ticks of all CPUs, but for those without work; NAN */
    double   throttled_ns;           /* the control group's; NAN */
    double   throttled_periods;      /* NAN */
    double   heat;                   /* thermal throttling events; NAN */
    int      n_tasks;
    pr_task_usage task[PR_TASKS_MAX];
} pr_usage;
/* All of it now; below `root` ("" is the live machine). */
void pr_usage_read(const char *root, pr_usage *out);
/* The task of that tid, or NULL. */
const pr_task_usage *pr_usage_task(const pr_usage *u, int tid);
/* Mean clock now and highest clock, MHz, over the CPUs that may be used; NAN: not told. */
void pr_usage_clock(const char *root, double *now, double *most);
/* The clock of the core that the caller runs on, MHz: how fast additions go that wait for each
 * other, one
 * a cycle on every processor of today; the best of some short bursts, a few microseconds in all. */
double pr_usage_clock_measured(void);
/* VmPeak, VmHWM … of the process, bytes; NAN. */
double pr_usage_status(const char *root, const char *key);

/* ---- counters of the processor (perf_event_open) ---- */

enum { PR_COUNTERS = 6 };
typedef struct {
    const char *name;   /* "cycles", … */
    double      value;  /* scaled to the whole time if the kernel took turns; NAN */
    double      share;  /* of the time that it really counted */
    char        why[80]; /* if it cannot be had */
} pr_counter;
typedef struct {
    int        fd[PR_COUNTERS]; /* -1: not to be had */
    pr_counter counter[PR_COUNTERS];
} pr_counters;
/* Count for this thread and those that it starts from now on, user code only. */
void pr_counters_open(pr_counters *c);
void pr_counters_read(pr_counters *c); /* so far, into `counter` */
void pr_counters_close(pr_counters *c);
#endif
