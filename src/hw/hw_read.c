/* hw_read.c - pr_hw_read: the parts put together, and the machine's id. */
#include "sensor.h"
#include <math.h>
#include <stdio.h>
#include <sys/statvfs.h>

static const char *unquoted(hw_tree *t, const char *s) {
    size_t n = s ? strlen(s) : 0;
    return n >= 2 && s[0] == '"' && s[n - 1] == '"' ? tree_str(t, "%.*s", (int)(n - 2), s + 1)
                                                    : s;
}

static void read_system(hw_tree *t, pr_hw *hw) {
    const char *release = tree_text(t, "etc/os-release");
    if (!release) release = tree_text(t, "usr/lib/os-release");
    hw->os = release ? unquoted(t, tree_field(t, release, "PRETTY_NAME")) : NULL;
    hw->kernel = tree_text(t, "proc/sys/kernel/osrelease");
    const char *maker = tree_text(t, "sys/class/dmi/id/sys_vendor");
    const char *product = tree_text(t, "sys/class/dmi/id/product_name");
    if (maker && product)
        hw->board = tree_str(t, "%s %s", maker, product);
    else
        hw->board = tree_text(t, "proc/device-tree/model");
    if (!hw->board) hw->board = tree_text(t, "sys/firmware/devicetree/base/model");
    if (!hw->board) hw->board = product;
}

/* Which container, by the marks that each kind leaves; the most telling first. */
static void read_container(hw_tree *t, pr_hw *hw) {
    static const char *const marks[][2] = {{"kubepods", "kubernetes"}, {"docker", "docker"},
                                           {"libpod", "podman"},       {"containerd", "containerd"},
                                           {"/lxc", "lxc"}};
    const char *groups[] = {tree_text(t, "proc/self/cgroup"), tree_text(t, "proc/1/cgroup")};
    for (size_t i = 0; i < PR_COUNT(marks); i++)
        for (size_t g = 0; g < PR_COUNT(groups); g++)
            if (!hw->container && groups[g] && strstr(groups[g], marks[i][0]))
                hw->container = marks[i][1];
    if (!hw->container) hw->container = tree_text(t, "run/systemd/container");
    if (!hw->container && tree_exists(t, "run/.containerenv")) hw->container = "podman";
    if (!hw->container && tree_exists(t, ".dockerenv")) hw->container = "docker";
    hw->is_container = hw->container != NULL;
}

static void read_sensors(hw_tree *t, pr_hw *hw) {
    size_t n;
    hw_sensor *s = sensors_find(t, &n);
    if (n == 0 || !(hw->sensors = tree_get(t, n, sizeof *hw->sensors))) return;
    for (size_t i = 0; i < n; i++) hw->sensors[i] = s[i].pub;
    hw->n_sensors = (int)n;
}

static void add(pr_sha256_ctx *c, const char *s) {
    if (!s) s = "";
    pr_sha256_add(c, s, strlen(s) + 1);
}

/* What decides speed and does not change by itself. Memory in whole GiB: firmware
 * and kernels reserve a little more or less of it from one start to the next. */
static void name_machine(hw_tree *t, pr_hw *hw) {
    pr_sha256_ctx *c = pr_sha256_new();
    if (!c) {
        t->no_memory = true;
        return;
    }
    char text[512];
    add(c, "pare machine 1");
    add(c, hw->arch);
    add(c, hw->cpu_vendor);
    add(c, hw->cpu_model);
    add(c, hw->features);
    add(c, hw->board);
    snprintf(text, sizeof text, "%d %d %d %d %d %d %d %d", hw->cpu_family, hw->cpu_number,
             hw->cpu_stepping, hw->n_sockets, hw->n_cores, hw->n_threads, hw->n_allowed,
             hw->n_usable);
    add(c, text);
    snprintf(text, sizeof text, "%lld %lld %d",
             (long long)((hw->memory_bytes + (1 << 29)) >> 30), (long long)hw->limit_bytes,
             hw->n_nodes);
    add(c, text);
    for (int i = 0; i < hw->n_caches; i++) {
        snprintf(text, sizeof text, "%d%c %lld %d", hw->caches[i].level, hw->caches[i].type,
                 (long long)hw->caches[i].bytes, hw->caches[i].n);
        add(c, text);
    }
    pr_sha256 h = pr_sha256_end(c);
    pr_sha256_hex(&h, hw->id);
}

pare_status pr_hw_read(const char *root, pr_hw *out, pr_arena *a, pare_err *err) {
    hw_tree t = {.root = root ? root : "", .a = a};
    memset(out, 0, sizeof *out);
    if (strcmp(t.root, "/") == 0) t.root = "";
    if (!tree_exists(&t, "proc/cpuinfo"))
        return pr_fail(err, PARE_EENV, -1, "%s/proc/cpuinfo is missing: is /proc mounted?",
                       t.root);
    hw_read_cpu(&t, out);
    hw_read_memory(&t, out);
    read_system(&t, out);
    read_container(&t, out);
    hw_read_accels(&t, out);
    hw_read_power(&t, out);
    hw_read_heat(&t, out);
    hw_read_nets(&t, out);
    hw_read_disks(&t, out);
    read_sensors(&t, out);
    name_machine(&t, out);
    if (t.n_notes && (out->notes = tree_get(&t, (size_t)t.n_notes, sizeof *out->notes))) {
        memcpy(out->notes, t.notes, (size_t)t.n_notes * sizeof *t.notes);
        out->n_notes = t.n_notes;
    }
    if (!t.no_memory) return PARE_OK;
    memset(out, 0, sizeof *out);
    return pr_fail_nomem(err, pr_arena_bytes(a));
}

pare_status pr_hw_storage(const char *path, int64_t *free_bytes, int64_t *total_bytes,
                          pare_err *err) {
    struct statvfs v;
    *free_bytes = *total_bytes = 0;
    if (statvfs(path, &v) != 0) {
        pr_fail_errno(err, path, "cannot ask the storage of");
        if (err) err->status = PARE_EENV;
        return PARE_EENV;
    }
    uint64_t unit = v.f_frsize ? v.f_frsize : v.f_bsize, free_now, total;
    if (!pr_mul_u64(v.f_bavail, unit, &free_now) || free_now > INT64_MAX) free_now = INT64_MAX;
    if (!pr_mul_u64(v.f_blocks, unit, &total) || total > INT64_MAX) total = INT64_MAX;
    *free_bytes = (int64_t)free_now;
    *total_bytes = (int64_t)total;
    return PARE_OK;
}
