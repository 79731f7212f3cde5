/* limits.c - memory, swap, and what a control group leaves of memory and CPUs.
 *
 * A limit anywhere between our group and the mount's root holds, so the walk goes
 * up and takes the least. Sources: the kernel's admin-guide/cgroup-v2 and
 * cgroup-v1/memory, scheduler/sched-bwc. */
#include "sysfile.h"
#include <math.h>
#include <stdlib.h>

static int64_t kib_field(hw_tree *t, const char *meminfo, const char *key) {
    const char *v = meminfo ? tree_field(t, meminfo, key) : NULL;
    int64_t kib = v ? strtoll(v, NULL, 10) : -1;
    if (kib > INT64_MAX >> 20) { /* over 8 EiB */
        tree_note(t, "/proc/meminfo: %s is more than any machine has, left out", key);
        return -1;
    }
    return kib >= 0 ? kib * 1024 : -1;
}

/* The path of our group for a v1 controller, or of v2 (controller NULL); "" if none. */
static const char *group_path(hw_tree *t, const char *groups, const char *controller) {
    for (const char *p = groups; p && *p;) {
        size_t n = strcspn(p, "\n");
        const char *one = memchr(p, ':', n),
                   *two = one ? memchr(one + 1, ':', n - (size_t)(one + 1 - p)) : NULL;
        if (two) {
            const char *name = tree_str(t, "%.*s", (int)(two - one - 1), one + 1);
            bool is_it = controller ? false : *name == 0;
            for (const char *c = name; controller && *c; c += strcspn(c, ","), c += *c == ',')
                is_it = is_it || (strncmp(c, controller, strlen(controller)) == 0 &&
                                  strcspn(c, ",") == strlen(controller));
            if (is_it) return tree_str(t, "%.*s", (int)(n - (size_t)(two + 1 - p)), two + 1);
        }
        p += n + (p[n] == '\n');
    }
    return "";
}

/* The group's folder, or the mount itself where a namespace hides the path. */
static const char *group_dir(hw_tree *t, const char *mount, const char *path) {
    const char *dir = tree_str(t, "%s%s", mount, path);
    size_t n = strlen(dir);
    while (n && dir[n - 1] == '/') n--;
    dir = tree_str(t, "%.*s", (int)n, dir);
    return strstr(path, "..") || !tree_exists(t, "%s", dir) ? mount : dir;
}

static void take_least(int64_t *limit, int64_t v) {
    /* v1 writes "no limit" as the largest page multiple below 2^63 */
    if (v < 0 || v >= (int64_t)1 << 60) return;
    if (*limit < 0 || v < *limit) *limit = v;
}

static void quota_take(pr_hw *hw, double quota, double period) {
    if (quota > 0 && period > 0) hw->n_quota = PR_MIN(hw->n_quota, quota / period);
}

/* The folder above `dir`, or NULL at `mount`. */
static const char *above(hw_tree *t, const char *dir, const char *mount) {
    const char *slash = strrchr(dir, '/');
    if (strlen(dir) <= strlen(mount) || !slash) return NULL;
    return tree_str(t, "%.*s", (int)(slash - dir), dir);
}

static int64_t inactive_file(hw_tree *t, const char *dir, const char *key) {
    const char *stat = tree_textf(t, "%s/memory.stat", dir);
    for (const char *p = stat; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
        if (strncmp(p, key, strlen(key)) == 0 && p[strlen(key)] == ' ')
            return strtoll(p + strlen(key), NULL, 10);
    return 0;
}

static void read_v2(hw_tree *t, pr_hw *hw, const char *groups) {
    const char *mount = "sys/fs/cgroup",
               *dir = group_dir(t, mount, group_path(t, groups, NULL));
    int64_t used;
    hw->cgroup_version = 2;
    hw->cpuset = tree_textf(t, "%s/cpuset.cpus.effective", dir);
    for (const char *d = dir; d && !t->no_memory; d = above(t, d, mount)) {
        int64_t v;
        if (tree_i64(t, &v, "%s/memory.swap.max", d)) take_least(&hw->limit_swap_bytes, v);
        if (tree_i64(t, &v, "%s/pids.max", d)) take_least(&hw->limit_tasks, v);
        const char *cpu = tree_textf(t, "%s/cpu.max", d);
        int64_t before = hw->limit_bytes;
        if (tree_i64(t, &v, "%s/memory.max", d)) take_least(&hw->limit_bytes, v);
        if (hw->limit_bytes != before && tree_i64(t, &used, "%s/memory.current", d))
            hw->limit_used_bytes = PR_MAX(used - inactive_file(t, d, "inactive_file"), 0);
        if (cpu && *cpu != 'm') { /* "max 100000" is none */
            char *end;
            double quota = strtod(cpu, &end), period = strtod(end, NULL);
            quota_take(hw, quota, period);
        }
    }
}

static void read_v1(hw_tree *t, pr_hw *hw, const char *groups) {
    const char *memory = "sys/fs/cgroup/memory", *cpu = "sys/fs/cgroup/cpu";
    if (!tree_exists(t, "%s/cpu.cfs_quota_us", cpu)) cpu = "sys/fs/cgroup/cpu,cpuacct";
    const char *dir = group_dir(t, memory, group_path(t, groups, "memory"));
    int64_t v, period, used;
    hw->cgroup_version = 1;
    for (const char *d = dir; d && !t->no_memory; d = above(t, d, memory)) {
        int64_t before = hw->limit_bytes;
        if (tree_i64(t, &v, "%s/memory.limit_in_bytes", d)) take_least(&hw->limit_bytes, v);
        if (hw->limit_bytes != before && tree_i64(t, &used, "%s/memory.usage_in_bytes", d))
            hw->limit_used_bytes = PR_MAX(used - inactive_file(t, d, "total_inactive_file"), 0);
    }
    const char *set = group_dir(t, "sys/fs/cgroup/cpuset", group_path(t, groups, "cpuset"));
    hw->cpuset = tree_textf(t, "%s/cpuset.effective_cpus", set);
    if (!hw->cpuset) hw->cpuset = tree_textf(t, "%s/cpuset.cpus", set);
    const char *pids = group_dir(t, "sys/fs/cgroup/pids", group_path(t, groups, "pids"));
    if (tree_i64(t, &v, "%s/pids.max", pids)) take_least(&hw->limit_tasks, v);
    dir = group_dir(t, cpu, group_path(t, groups, "cpu"));
    for (const char *d = dir; d && !t->no_memory; d = above(t, d, cpu))
        if (tree_i64(t, &v, "%s/cpu.cfs_quota_us", d) &&
            tree_i64(t, &period, "%s/cpu.cfs_period_us", d))
            quota_take(hw, (double)v, (double)period);
}

void hw_read_memory(hw_tree *t, pr_hw *hw) {
    const char *info = tree_text(t, "proc/meminfo"), *groups = tree_text(t, "proc/self/cgroup");
    hw->memory_bytes = kib_field(t, info, "MemTotal");
    hw->available_bytes = kib_field(t, info, "MemAvailable");
    hw->swap_bytes = kib_field(t, info, "SwapTotal");
    hw->swap_free_bytes = kib_field(t, info, "SwapFree");
    hw->limit_bytes = hw->limit_used_bytes = hw->limit_swap_bytes = hw->limit_tasks = -1;
    hw->n_quota = INFINITY;
    if (!groups) groups = "";
    if (tree_exists(t, "sys/fs/cgroup/cgroup.controllers"))
        read_v2(t, hw, groups);
    else if (tree_exists(t, "sys/fs/cgroup/memory") || tree_exists(t, "sys/fs/cgroup/cpu"))
        read_v1(t, hw, groups);
    if (hw->limit_bytes >= 0 && hw->memory_bytes >= 0 && hw->limit_bytes >= hw->memory_bytes)
        hw->limit_bytes = hw->limit_used_bytes = -1; /* more than there is limits nothing */
    hw->usable_bytes = hw->available_bytes;
    if (hw->limit_bytes >= 0) {
        int64_t left = PR_MAX(hw->limit_bytes - PR_MAX(hw->limit_used_bytes, 0), 0);
        hw->usable_bytes = hw->usable_bytes < 0 ? left : PR_MIN(hw->usable_bytes, left);
    }
    if (hw->cpuset && !*hw->cpuset) hw->cpuset = NULL;
    double most = ceil(hw->n_quota);
    hw->n_usable = most < hw->n_allowed ? PR_MAX((int)most, 1) : hw->n_allowed;
}
