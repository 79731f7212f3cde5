/* usage.c - /proc and /sys of a running process, read at the borders of phases. Sources: proc(5),
 * the kernel's scheduler/sched-stats, admin-guide/cgroup-v2 and scheduler/sched-bwc. */
#include "usage.h"
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { TEXT = 16384, PATH = 1024 };

/* The file's beginning, terminated; false if it cannot be read. */
PR_PRINTF(3, 4)
static bool text_of(char dst[TEXT], const char *root, const char *fmt, ...) {
    char    path[PATH], below[PATH / 2];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(below, sizeof below, fmt, ap);
    va_end(ap);
    if ((size_t)snprintf(path, sizeof path, "%s/%s", root, below) >= sizeof path) return false;
    int     fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, dst, TEXT - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) return false;
    dst[n] = 0;
    return true;
}

/* The number behind `key` at the start of a line. */
static double field(const char *text, const char *key) {
    size_t n = strlen(key);
    for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        if (strncmp(p, key, n) == 0 && (p[n] == ' ' || p[n] == '\t' || p[n] == ':')) {
            char  *end;
            double v = strtod(p + n + strspn(p + n, " \t:"), &end);
            return end > p + n ? v : NAN;
        }
    return NAN;
}

double pr_usage_status(const char *root, const char *key) {
    char t[TEXT];
    return text_of(t, root, "proc/self/status") ? field(t, key) * 1024 : NAN;
}

/* ------------------------------------------------------------------ threads */

static void task(const char *root, int tid, pr_task_usage *out) {
    char t[TEXT], *end;
    *out = (pr_task_usage){.tid = tid, .ready_ns = NAN, .minor = NAN, .major = NAN,
                           .voluntary = NAN, .involuntary = NAN};
    if (text_of(t, root, "proc/self/task/%d/schedstat", tid)) {
        strtoull(t, &end, 10);
        out->ready_ns = (double)strtoull(end, NULL, 10);
    }
    if (text_of(t, root, "proc/self/task/%d/status", tid)) {
        out->voluntary = field(t, "voluntary_ctxt_switches");
        out->involuntary = field(t, "nonvoluntary_ctxt_switches");
    }
    /* The name may hold blanks and brackets: count from the last one. Fields 10 and 12. */
    if (text_of(t, root, "proc/self/task/%d/stat", tid) && (end = strrchr(t, ')'))) {
        char *p = end + 1;
        for (int i = 3; i < 10 && p; i++) p = strchr(p + 1, ' ');
        if (!p) return;
        out->minor = (double)strtoull(p, &p, 10);
        strtoull(p, &p, 10);
        out->major = (double)strtoull(p, NULL, 10);
    }
}

static void tasks(const char *root, pr_usage *u) {
    char         path[PATH];
    const char **names;
    size_t       n = 0;
    pr_arena    *a = pr_arena_new((size_t)1 << 20);
    u->n_tasks = 0;
    snprintf(path, sizeof path, "%s/proc/self/task", root);
    if (a && pr_dir_list(path, a, &names, &n, NULL) == PARE_OK)
        for (size_t i = 0; i < n && u->n_tasks < PR_TASKS_MAX; i++) {
            int64_t tid;
            if (pr_parse_i64(names[i], 1, INT32_MAX, &tid))
                task(root, (int)tid, &u->task[u->n_tasks++]);
        }
    pr_arena_free(a);
}

const pr_task_usage *pr_usage_task(const pr_usage *u, int tid) {
    for (int i = 0; i < u->n_tasks; i++)
        if (u->task[i].tid == tid) return &u->task[i];
    return NULL;
}

/* ------------------------------------------------------------------ group and machine */

/* Our group of a controller ("" : version 2) in /proc/self/cgroup, into `dst`; "/" if unknown. */
static void group_of(const char *root, const char *controller, char dst[PATH / 4]) {
    char t[TEXT];
    memcpy(dst, "/", 2);
    if (!text_of(t, root, "proc/self/cgroup")) return;
    for (char *line = t, *next; line && *line; line = next) {
        if ((next = strchr(line, '\n'))) *next++ = 0;
        char *name = strchr(line, ':'), *path = name ? strchr(name + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        name++;
        bool is_it = strcmp(name, controller) == 0;
        for (char *w = name; *controller && !is_it && w; w = strchr(w, ','), w = w ? w + 1 : NULL)
            is_it = strncmp(w, controller, strlen(controller)) == 0 &&
                    (w[strlen(controller)] == ',' || !w[strlen(controller)]);
        if (is_it && strlen(path) < PATH / 4 && !strstr(path, ".."))
            memcpy(dst, path, strlen(path) + 1);
    }
}

/* Time for which the group, or one above it, was stopped: the most of them. */
static void throttled(const char *root, pr_usage *u) {
    static const char *const mounts[][2] = {{"sys/fs/cgroup", ""},
                                            {"sys/fs/cgroup/cpu", "cpu"},
                                            {"sys/fs/cgroup/cpu,cpuacct", "cpu"}};
    char                     t[TEXT], group[PATH / 4];
    u->throttled_ns = u->throttled_periods = NAN;
    for (size_t m = 0; m < PR_COUNT(mounts); m++) {
        group_of(root, mounts[m][1], group);
        for (char *cut = group + strlen(group); cut; cut = strrchr(group, '/')) {
            *cut = 0;
            if (!text_of(t, root, "%s%s/cpu.stat", mounts[m][0], group)) continue;
            double us = field(t, "throttled_usec"), ns = field(t, "throttled_time");
            double v = isnan(us) ? ns : us * 1e3;
            if (isnan(v) || (!isnan(u->throttled_ns) && v <= u->throttled_ns)) continue;
            u->throttled_ns = v;
            u->throttled_periods = field(t, "nr_throttled");
        }
    }
}

static void stolen(const char *root, pr_usage *u) {
    char t[TEXT];
    u->stolen = u->ticks = NAN;
    if (!text_of(t, root, "proc/stat") || strncmp(t, "cpu ", 4) != 0) return;
    char  *p = t + 4;
    double all = 0, v[8];
    for (int i = 0; i < 8; i++) all += v[i] = strtod(p, &p); /* user … idle iowait … steal */
    u->stolen = v[7];
    u->ticks = all - v[3] - v[4];
}

/* A number per CPU that may be used; `each` gets it. NAN if no CPU has it. */
static double over_cpus(const char *root, const char *file, bool mean) {
    cpu_set_t set;
    char      t[TEXT];
    double    sum = 0;
    int       n = 0;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return NAN;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (!CPU_ISSET(i, &set) ||
            !text_of(t, root, "sys/devices/system/cpu/cpu%d/%s", i, file))
            continue;
        sum += strtod(t, NULL);
        n++;
    }
    return n ? sum / (mean ? n : 1) : NAN;
}

void pr_usage_clock(const char *root, double *now, double *most) {
    *now = over_cpus(root, "cpufreq/scaling_cur_freq", true) / 1e3;
    *most = over_cpus(root, "cpufreq/cpuinfo_max_freq", true) / 1e3;
}

/* The compiler may neither join nor drop them. */
static uint64_t additions(uint64_t x, int rounds) {
    for (int i = 0; i < rounds; i++) {
        __asm__ volatile("" : "+r"(x));
        x += (uint64_t)i;
        __asm__ volatile("" : "+r"(x));
        x += 3;
        __asm__ volatile("" : "+r"(x));
        x += (uint64_t)i;
        __asm__ volatile("" : "+r"(x));
        x += 5;
        __asm__ volatile("" : "+r"(x));
    }
    return x;
}

double pr_usage_clock_measured(void) {
    enum { BURSTS = 5, ROUNDS = 1500, EACH = 4 };
    double   best = 0;
    uint64_t x = 1;
    for (int i = 0; i < BURSTS; i++) {
        uint64_t t = pr_now_ns();
        x = additions(x, ROUNDS);
        t = pr_now_ns() - t;
        if (t) best = fmax(best, ROUNDS * EACH * 1e3 / (double)t);
    }
    return x && best > 0 ? best : NAN;
}

void pr_usage_read(const char *root, pr_usage *u) {
    struct rusage r = {0};
    tasks(root, u);
    throttled(root, u);
    stolen(root, u);
    u->heat = over_cpus(root, "thermal_throttle/core_throttle_count", false);
    getrusage(RUSAGE_SELF, &r);
    u->minor = (double)r.ru_minflt;
    u->major = (double)r.ru_majflt;
    u->voluntary = (double)r.ru_nvcsw;
    u->involuntary = (double)r.ru_nivcsw;
    u->system_ns = (uint64_t)r.ru_stime.tv_sec * 1000000000u + (uint64_t)r.ru_stime.tv_usec * 1000u;
    u->cpu_ns = pr_cpu_ns();
    u->ns = pr_now_ns();
}
