/* topology.c - the processor: its name, cores, threads, caches, nodes, frequency. */
#include "sysfile.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Every kind of core of an Arm processor, in order of appearance: "A + B". */
static const char *arm_model(hw_tree *t, const char *cpuinfo) {
    const char *model = NULL, *last = "";
    for (const char *p = cpuinfo; (p = strstr(p, "CPU implementer")); p++) {
        const char *maker = tree_field(t, p, "CPU implementer");
        const char *part = tree_field(t, p, "CPU part");
        if (!maker || !part || strcmp(part, last) == 0) continue;
        last = part;
        const char *name = arm_core_name(t, strtol(maker, NULL, 16), strtol(part, NULL, 16));
        if (!model)
            model = name;
        else if (!strstr(model, name) && strlen(model) < 200)
            model = tree_str(t, "%s + %s", model, name);
    }
    return model;
}

static const char *arch_of(hw_tree *t, const char *cpuinfo, const char *features) {
    const char *isa = tree_field(t, cpuinfo, "isa");
    if (tree_field(t, cpuinfo, "flags"))
        return tree_has_word(features, "lm") ? "x86_64" : "i686";
    if (tree_field(t, cpuinfo, "CPU architecture"))
        return tree_has_word(features, "asimd") ? "aarch64" : "arm";
    if (isa) return strncmp(isa, "rv64", 4) == 0 ? "riscv64" : "riscv32";
    return "unknown";
}

static int field_int(hw_tree *t, const char *text, const char *key, int missing) {
    const char *v = tree_field(t, text, key);
    return v && *v ? (int)strtol(v, NULL, 0) : missing;
}

static void read_name(hw_tree *t, pr_hw *hw, const char *cpuinfo) {
    const char *features = tree_field(t, cpuinfo, "flags");
    if (!features) features = tree_field(t, cpuinfo, "Features");
    if (!features) features = tree_field(t, cpuinfo, "isa");
    hw->features = features ? features : "";
    hw->arch = arch_of(t, cpuinfo, hw->features);
    hw->cpu_vendor = tree_field(t, cpuinfo, "vendor_id");
    hw->cpu_model = tree_field(t, cpuinfo, "model name");
    hw->cpu_family = field_int(t, cpuinfo, "cpu family", -1);
    hw->cpu_number = field_int(t, cpuinfo, "model", -1);
    hw->cpu_stepping = field_int(t, cpuinfo, "stepping", -1);
    hw->is_virtual =
        tree_has_word(hw->features, "hypervisor") || tree_exists(t, "sys/hypervisor/type");
    const char *implementer = tree_field(t, cpuinfo, "CPU implementer");
    if (implementer) {
        hw->cpu_vendor = arm_vendor_name(t, strtol(implementer, NULL, 16));
        /* old kernels say "ARMv8 Processor rev 1 (v8l)", which says less */
        const char *model = arm_model(t, cpuinfo);
        if (model) hw->cpu_model = model;
    }
    if (!hw->cpu_vendor) hw->cpu_vendor = tree_field(t, cpuinfo, "mvendorid");
    if (!hw->cpu_model) hw->cpu_model = tree_field(t, cpuinfo, "uarch");
    hw->cpu_flags = *t->root ? pr_cpu_flags_told(hw->features) : pr_cpu_flags_all();
}

static int count_lines(const char *text, const char *key) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, key)); p += strlen(key))
        n += p == text || p[-1] == '\n';
    return n;
}

/* One core for each set of sibling threads; sockets by their number. */
static void read_cores(hw_tree *t, pr_hw *hw, const hw_cpus *online, const char *cpuinfo) {
    hw_cpus packages = {{0}};
    int cores = 0;
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        if (!cpus_has(online, c)) continue;
        int64_t package = 0;
        if (tree_i64(t, &package, "sys/devices/system/cpu/cpu%d/topology/physical_package_id",
                     c) &&
            package >= 0 && package < HW_CPUS_MAX)
            packages.w[package / 64] |= (uint64_t)1 << (package % 64);
        hw_cpus mates;
        const char *list =
            tree_textf(t, "sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c);
        if (list && tree_cpus(list, &mates)) cores += cpus_first(&mates) == c;
    }
    hw->n_sockets = PR_MAX(cpus_count(&packages), 1);
    if (cores == 0) cores = field_int(t, cpuinfo, "cpu cores", 0) * hw->n_sockets;
    hw->n_cores = cores > 0 ? PR_MIN(cores, hw->n_threads) : hw->n_threads;
}

static bool cache_read(hw_tree *t, int cpu, const char *index, pr_hw_cache *c, hw_cpus *mates) {
    int64_t level, line = 0, ways = 0;
    const char *base = tree_str(t, "sys/devices/system/cpu/cpu%d/cache/%s", cpu, index);
    const char *type = tree_textf(t, "%s/type", base), *size = tree_textf(t, "%s/size", base);
    const char *list = tree_textf(t, "%s/shared_cpu_list", base);
    if (!tree_i64(t, &level, "%s/level", base) || !type || !size) return false;
    (void)tree_i64(t, &line, "%s/coherency_line_size", base);
    (void)tree_i64(t, &ways, "%s/ways_of_associativity", base);
    char *end;
    long long bytes = strtoll(size, &end, 10);
    if (bytes < 0 || bytes > (long long)1 << 40) return false; /* no cache has a TiB */
    if (*end == 'K') bytes <<= 10;
    if (*end == 'M') bytes <<= 20;
    if (!list || !tree_cpus(list, mates)) memset(mates, 0, sizeof *mates);
    *c = (pr_hw_cache){.level = (int)level,
                       .type = *type == 'D'   ? 'd'
                               : *type == 'I' ? 'i'
                                              : 'u',
                       .bytes = bytes,
                       .line_bytes = (int)line,
                       .ways = (int)ways,
                       .n = 1,
                       .n_sharing = PR_MAX(cpus_count(mates), 1)};
    return bytes > 0;
}

/* Count `c` among the kinds seen so far. */
static void cache_add(pr_hw *hw, int max, const pr_hw_cache *c) {
    for (int i = 0; i < hw->n_caches; i++) {
        pr_hw_cache *k = &hw->caches[i];
        if (k->level == c->level && k->type == c->type && k->bytes == c->bytes &&
            k->ways == c->ways && k->n_sharing == c->n_sharing) {
            k->n++;
            return;
        }
    }
    if (hw->n_caches < max) hw->caches[hw->n_caches++] = *c;
}

static void read_caches(hw_tree *t, pr_hw *hw, const hw_cpus *online) {
    enum { KINDS = 32, INDEXES = 10 };
    hw->caches = tree_get(t, KINDS, sizeof *hw->caches);
    for (int c = 0; hw->caches && c < HW_CPUS_MAX; c++) {
        if (!cpus_has(online, c)) continue;
        for (int i = 0; i < INDEXES; i++) {
            pr_hw_cache cache;
            hw_cpus mates;
            char index[24];
            snprintf(index, sizeof index, "index%d", i);
            if (!cache_read(t, c, index, &cache, &mates)) break;
            if (cpus_first(&mates) == c || cpus_first(&mates) < 0) cache_add(hw, KINDS, &cache);
        }
    }
}

/* -1 for what cannot be a machine's memory. */
static int64_t kib_bytes(const char *text) {
    long long kib = strtoll(text, NULL, 10);
    return kib >= 0 && kib <= INT64_MAX >> 20 ? kib * 1024 : -1;
}

static void read_nodes(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/devices/system/node", &names);
    if (n == 0 || !(hw->nodes = tree_get(t, n, sizeof *hw->nodes))) return;
    for (size_t i = 0; i < n; i++) {
        if (strncmp(names[i], "node", 4) != 0 || names[i][4] < '0' || names[i][4] > '9')
            continue;
        const char *base = tree_str(t, "sys/devices/system/node/%s", names[i]);
        const char *info = tree_textf(t, "%s/meminfo", base);
        const char *cpus = tree_textf(t, "%s/cpulist", base);
        pr_hw_node node = {(int)strtol(names[i] + 4, NULL, 10), -1, -1, cpus ? cpus : ""};
        const char *total = info ? strstr(info, "MemTotal:") : NULL;
        const char *left = info ? strstr(info, "MemFree:") : NULL;
        if (total) node.memory_bytes = kib_bytes(total + 9);
        if (left) node.free_bytes = kib_bytes(left + 8);
        hw->nodes[hw->n_nodes++] = node;
    }
}

static void read_frequency(hw_tree *t, pr_hw *hw, const hw_cpus *online, const char *cpuinfo) {
    double now = 0, max = 0;
    int n = 0;
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        int64_t khz;
        if (!cpus_has(online, c)) continue;
        if (tree_i64(t, &khz, "sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", c))
            now += (double)khz / 1000, n++;
        if (tree_i64(t, &khz, "sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq", c))
            max = PR_MAX(max, (double)khz / 1000);
    }
    for (const char *p = cpuinfo; n == 0 && p && (p = strstr(p, "cpu MHz")); n = 1) {
        const char *v = tree_field(t, p, "cpu MHz");
        now = v ? strtod(v, NULL) : NAN;
    }
    hw->mhz_now = n ? now / n : NAN;
    hw->mhz_max = max > 0 ? max : NAN;
    hw->governor = tree_textf(t, "sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor",
                              cpus_first(online));
}

void hw_read_cpu(hw_tree *t, pr_hw *hw) {
    const char *cpuinfo = tree_text(t, "proc/cpuinfo");
    if (!cpuinfo) cpuinfo = "";
    read_name(t, hw, cpuinfo);
    hw_cpus online, allowed;
    const char *list = tree_text(t, "sys/devices/system/cpu/online");
    if (!list || !tree_cpus(list, &online)) {
        int n = PR_MAX(count_lines(cpuinfo, "processor"), 1);
        tree_cpus(tree_str(t, "0-%d", n - 1), &online);
    }
    hw->n_threads = cpus_count(&online);
    if (cpus_has(&online, HW_CPUS_MAX - 1))
        tree_note(t, "/sys/devices/system/cpu/online: more than %d CPUs, the rest left out",
                  HW_CPUS_MAX - 1);
    const char *status = tree_text(t, "proc/self/status");
    hw->allowed = status ? tree_field(t, status, "Cpus_allowed_list") : NULL;
    if (!hw->allowed || !tree_cpus(hw->allowed, &allowed)) {
        allowed = online;
        hw->allowed = list ? list : tree_str(t, "0-%d", hw->n_threads - 1);
    }
    for (size_t i = 0; i < PR_COUNT(allowed.w); i++) allowed.w[i] &= online.w[i];
    hw->n_allowed = PR_MAX(cpus_count(&allowed), 1);
    read_cores(t, hw, &online, cpuinfo);
    read_caches(t, hw, &online);
    read_nodes(t, hw);
    read_frequency(t, hw, &online, cpuinfo);
    hw_read_clusters(t, hw, &online, cpuinfo);
}
