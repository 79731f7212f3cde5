/* target_hw.c - the present machine as a target. */
#include "fields.h"
#include <math.h>

static bool has_accel(const pr_hw *hw, int vendor, pr_accel_kind kind) {
    for (int i = 0; i < hw->n_accels; i++)
        if (hw->accels[i].vendor == vendor && hw->accels[i].kind == kind) return true;
    return false;
}

static bool has_driver(const pr_hw *hw, const char *driver) {
    for (int i = 0; i < hw->n_accels; i++)
        if (hw->accels[i].driver && strcmp(hw->accels[i].driver, driver) == 0) return true;
    return false;
}

/* Google's kernels say so in their version. */
static bool is_android(const pr_hw *hw) {
    return hw->kernel && strstr(hw->kernel, "-android") != NULL;
}

static bool has_tpu(const pr_hw *hw) {
    for (int i = 0; i < hw->n_accels; i++)
        if (hw->accels[i].kind == PR_ACCEL_TPU) return true;
    return false;
}

static bool starts(const char *s, const char *with) {
    return s && strncmp(s, with, strlen(with)) == 0;
}

static bool is_arm(const pr_hw *hw) {
    return starts(hw->arch, "aarch64") || starts(hw->arch, "arm");
}

/* The special chip before the ordinary one: a board with a Coral is one for the Coral. */
static pr_platform platform_of(const pr_hw *hw) {
    enum { NVIDIA = 0x10de };
    if (has_tpu(hw)) return PR_PLATFORM_EDGE_TPU;
    if (has_accel(hw, NVIDIA, PR_ACCEL_GPU) || has_driver(hw, "nvgpu")) return PR_PLATFORM_NVIDIA;
    if (is_android(hw)) return PR_PLATFORM_ARM_MOBILE;
    if (starts(hw->cpu_vendor, "GenuineIntel")) return PR_PLATFORM_INTEL;
    if (starts(hw->cpu_vendor, "AuthenticAMD")) return PR_PLATFORM_AMD;
    return is_arm(hw) ? PR_PLATFORM_ARM_EMBEDDED : PR_PLATFORM_OTHER;
}

static const char *kind_of(const pr_hw *hw) {
    if (hw->is_container) return "container";
    if (is_android(hw)) return "phone";
    if (hw->n_batteries > 0) return "laptop";
    /* some boards call their clusters packages */
    if (hw->n_sockets > 1 && hw->n_cores > 16) return "server";
    bool has_tree = is_arm(hw) || starts(hw->arch, "riscv");
    return has_tree && hw->board ? "board" : "other";
}

static int64_t last_cache(const pr_hw *hw) {
    int64_t bytes = -1;
    int     level = 0;
    for (int i = 0; i < hw->n_caches; i++)
        if (hw->caches[i].level >= level && hw->caches[i].type != 'i') {
            level = hw->caches[i].level;
            bytes = hw->caches[i].bytes;
        }
    return bytes;
}

static const char *vendor_word(int vendor) {
    switch (vendor) {
    case 0x10de:
        return "nvidia";
    case 0x8086:
        return "intel";
    case 0x1002:
    case 0x1022:
        return "amd";
    case 0x1ac1:
        return "google";
    default:
        return NULL;
    }
}

/* A machine's text as a file can hold it: cut where a character begins, NULL if there is none. */
static const char *clip(pr_arena *a, const char *s) {
    size_t n = s ? strlen(s) : 0;
    if (n <= TARGET_TEXT_MAX) return n ? s : NULL;
    n = TARGET_TEXT_MAX;
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80) n--;
    return pr_arena_str(a, s, n);
}

static double in_range(double v, double lo, double hi) {
    return v >= lo && v <= hi ? v : NAN;
}

static void accels_of(const pr_hw *hw, pr_arena *a, pr_target *t) {
    for (int i = 0; i < hw->n_accels && t->n_accels < PR_TARGET_ACCELS; i++) {
        const pr_hw_accel *h = &hw->accels[i];
        pr_target_accel   *x = &t->accels[t->n_accels++];
        target_accel_clear(x);
        x->kind = h->kind;
        x->name = clip(a, h->name);
        if (!x->name) x->name = target_accel_word(h->kind);
        x->vendor = vendor_word(h->vendor);
        x->driver = clip(a, h->driver);
        x->state = h->state;
        x->reason = clip(a, h->reason);
        x->unified = h->unified;
        x->memory_bytes = h->memory_bytes > 0 && h->unified != 1 ? h->memory_bytes : -1;
        x->runners = (const char **)h->runners;
        while (h->runners[x->n_runners]) x->n_runners++;
    }
}

/* The disk that "/" is on, or the largest that stays where it is. */
static void storage_of(const pr_hw *hw, pr_target *t) {
    const pr_hw_disk *best = NULL;
    for (int i = 0; i < hw->n_disks; i++) {
        const pr_hw_disk *d = &hw->disks[i];
        bool              is_root = d->mount && strcmp(d->mount, "/") == 0;
        bool              best_is = best && best->mount && strcmp(best->mount, "/") == 0;
        if (is_root || (!best_is && d->is_removable != 1 && (!best || d->bytes > best->bytes)))
            best = d;
    }
    if (!best) return;
    t->storage_bytes = best->bytes;
    t->storage_free = best->free_bytes > 0 ? PR_MIN(best->free_bytes, best->bytes) : -1;
}

static const pr_hw_cluster *fastest(const pr_hw *hw) {
    const pr_hw_cluster *best = &hw->clusters[0];
    for (int i = 1; i < hw->n_clusters; i++)
        if (hw->clusters[i].mhz_max > best->mhz_max) best = &hw->clusters[i];
    return best;
}

pare_status pr_target_of_hw(const pr_hw *hw, pr_arena *a, pr_target *out, pare_err *err) {
    char names[512], *word = names;
    target_clear(out);
    PR_NEW(out->simd, a, PR_TARGET_WORDS, err);
    out->name = "this-machine";
    out->about = clip(a, hw->board ? hw->board : hw->cpu_model);
    out->source = "this machine";
    out->platform = platform_of(hw);
    out->kind = kind_of(hw);
    out->os = is_android(hw) ? "android" : "linux";
    out->arch = hw->arch;
    out->cpu_model = clip(a, hw->cpu_model);
    out->n_cores = hw->n_cores;
    out->n_threads = hw->n_usable;
    out->mhz = in_range(hw->mhz_max, 1, 1e5);
    out->cache_bytes = last_cache(hw);
    out->memory_bytes = hw->memory_bytes > (int64_t)1 << 60 ? -1 : hw->memory_bytes;
    out->memory_available = PR_MIN(hw->usable_bytes, hw->memory_bytes);
    out->limit_memory_bytes = hw->limit_bytes;
    storage_of(hw, out);
    if (hw->n_clusters > 1) out->n_fast = fastest(hw)->n_cores;
    out->is_metered = hw->is_metered;
    out->has_battery = hw->n_batteries > 0;
    if (hw->n_batteries > 0) out->battery_wh = in_range(hw->batteries[0].energy_wh, 0, 1e6);
    out->is_offline = hw->is_offline;
    accels_of(hw, a, out);
    pr_cpu_names(hw->cpu_flags, names, sizeof names);
    while (*word && out->n_simd < PR_TARGET_WORDS) {
        size_t n = strcspn(word, " ");
        if (!(out->simd[out->n_simd++] = pr_arena_str(a, word, n))) return pr_fail_nomem(err, n);
        word += n + (word[n] != 0);
    }
    if (out->memory_bytes > 0) return PARE_OK;
    target_clear(out);
    return pr_fail(err, PARE_EENV, -1, "the machine does not tell how much memory it has");
}
