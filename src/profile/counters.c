/* counters.c - the processor's own counters, where the kernel lets a program have them. Each is
 * opened alone: a machine may have some and not others. */
#include "usage.h"
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    uint64_t    config;
} table[PR_COUNTERS] = {
    {"cycles", PERF_COUNT_HW_CPU_CYCLES},
    {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
    {"cache_references", PERF_COUNT_HW_CACHE_REFERENCES},
    {"cache_misses", PERF_COUNT_HW_CACHE_MISSES},
    {"stalled_frontend", PERF_COUNT_HW_STALLED_CYCLES_FRONTEND},
    {"stalled_backend", PERF_COUNT_HW_STALLED_CYCLES_BACKEND},
};

static const char *reason(int error) {
    switch (error) {
    case EPERM:
    case EACCES: return "not allowed (kernel.perf_event_paranoid)";
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV: return "this processor or virtual machine does not count it";
    case ENOSYS: return "the kernel has no perf_event_open";
    default: return strerror(error);
    }
}

void pr_counters_open(pr_counters *c) {
    for (int i = 0; i < PR_COUNTERS; i++) {
        struct perf_event_attr a = {.type = PERF_TYPE_HARDWARE,
                                    .size = sizeof a,
                                    .config = table[i].config,
                                    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED |
                                                   PERF_FORMAT_TOTAL_TIME_RUNNING,
                                    .inherit = 1,
                                    .exclude_kernel = 1,
                                    .exclude_hv = 1};
        c->counter[i] = (pr_counter){.name = table[i].name, .value = NAN};
        c->fd[i] = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
        if (c->fd[i] < 0)
            snprintf(c->counter[i].why, sizeof c->counter[i].why, "%s", reason(errno));
    }
}

void pr_counters_read(pr_counters *c) {
    for (int i = 0; i < PR_COUNTERS; i++) {
        uint64_t v[3]; /* value, enabled, running */
        if (c->fd[i] < 0) continue;
        c->counter[i].value = NAN;
        if (read(c->fd[i], v, sizeof v) != (ssize_t)sizeof v) {
            snprintf(c->counter[i].why, sizeof c->counter[i].why, "the counter gave nothing");
        } else if (v[2] == 0) {
            snprintf(c->counter[i].why, sizeof c->counter[i].why,
                     "the counter never ran: others hold it");
        } else {
            c->counter[i].value = (double)v[0] * (double)v[1] / (double)v[2];
            c->counter[i].share = (double)v[2] / (double)v[1];
        }
    }
}

void pr_counters_close(pr_counters *c) {
    for (int i = 0; i < PR_COUNTERS; i++) {
        if (c->fd[i] >= 0) close(c->fd[i]);
        c->fd[i] = -1;
    }
}
