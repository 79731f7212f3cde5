/* cluster.c - cores of several kinds in one machine, and what each kind is called. Always true:
 * every online CPU is in exactly one cluster. Arm part numbers: the Main ID Register in each
 * core's manual and, for other makers, the kernel's arch/arm64/include/asm/cputype.h; hybrid x86:
 * the kernel's ABI/testing/sysfs-devices (devices cpu_core and cpu_atom). */
#include "sysfile.h"
#include <math.h>
#include <stdlib.h>

enum { CLUSTERS_MAX = 8 };

static const struct {
    int maker, part;
    const char *name;
} arm_cores[] = {
    {0x41, 0xc07, "Cortex-A7"},    {0x41, 0xc09, "Cortex-A9"},    {0x41, 0xc0f, "Cortex-A15"},
    {0x41, 0xd01, "Cortex-A32"},   {0x41, 0xd03, "Cortex-A53"},   {0x41, 0xd04, "Cortex-A35"},
    {0x41, 0xd05, "Cortex-A55"},   {0x41, 0xd07, "Cortex-A57"},   {0x41, 0xd08, "Cortex-A72"},
    {0x41, 0xd09, "Cortex-A73"},   {0x41, 0xd0a, "Cortex-A75"},   {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse-N1"},  {0x41, 0xd0d, "Cortex-A77"},   {0x41, 0xd0e, "Cortex-A76AE"},
    {0x41, 0xd40, "Neoverse-V1"},  {0x41, 0xd41, "Cortex-A78"},   {0x41, 0xd42, "Cortex-A78AE"},
    {0x41, 0xd44, "Cortex-X1"},    {0x41, 0xd46, "Cortex-A510"},  {0x41, 0xd47, "Cortex-A710"},
    {0x41, 0xd48, "Cortex-X2"},    {0x41, 0xd49, "Neoverse-N2"},  {0x41, 0xd4a, "Neoverse-E1"},
    {0x41, 0xd4b, "Cortex-A78C"},  {0x41, 0xd4d, "Cortex-A715"},  {0x41, 0xd4e, "Cortex-X3"},
    {0x41, 0xd4f, "Neoverse-V2"},  {0x41, 0xd80, "Cortex-A520"},  {0x41, 0xd81, "Cortex-A720"},
    {0x41, 0xd82, "Cortex-X4"},    {0x41, 0xd84, "Neoverse-V3"},  {0x41, 0xd85, "Cortex-X925"},
    {0x41, 0xd87, "Cortex-A725"},  {0x41, 0xd8e, "Neoverse-N3"},  {0x4e, 0x003, "Denver 2"},
    {0x4e, 0x004, "Carmel"},       {0x51, 0x001, "Oryon"},        {0x61, 0x022, "Icestorm"},
    {0x61, 0x023, "Firestorm"},    {0x61, 0x024, "Icestorm"},     {0x61, 0x025, "Firestorm"},
    {0x61, 0x028, "Icestorm"},     {0x61, 0x029, "Firestorm"},    {0x61, 0x032, "Blizzard"},
    {0x61, 0x033, "Avalanche"},    {0x61, 0x034, "Blizzard"},     {0x61, 0x035, "Avalanche"},
    {0x61, 0x038, "Blizzard"},     {0x61, 0x039, "Avalanche"},    {0xc0, 0xac3, "Ampere-1"},
    {0xc0, 0xac4, "Ampere-1a"},    {0x46, 0x001, "A64FX"},        {0x48, 0xd01, "TaiShan v110"},
};

static const struct {
    int maker;
    const char *name;
} arm_makers[] = {{0x41, "ARM"},   {0x46, "Fujitsu"},  {0x48, "HiSilicon"}, {0x4e, "NVIDIA"},
                  {0x51, "Qualcomm"}, {0x53, "Samsung"}, {0x61, "Apple"},   {0xc0, "Ampere"}};

const char *arm_vendor_name(hw_tree *t, long implementer) {
    for (size_t i = 0; i < PR_COUNT(arm_makers); i++)
        if (arm_makers[i].maker == implementer) return arm_makers[i].name;
    return tree_str(t, "0x%02lx", implementer);
}

const char *arm_core_name(hw_tree *t, long implementer, long part) {
    for (size_t i = 0; i < PR_COUNT(arm_cores); i++)
        if (arm_cores[i].maker == implementer && arm_cores[i].part == part)
            return arm_cores[i].name;
    return tree_str(t, "Arm implementer 0x%02lx part 0x%03lx", implementer, part);
}

/* What makes two CPUs of one kind. */
typedef struct {
    const char *name; /* NULL: nothing tells them apart by name */
    int64_t khz;      /* highest clock; 0: not told */
} core_kind;

/* Each processor's part of /proc/cpuinfo, one after the other: its number and its kind. */
static void arm_kinds(hw_tree *t, const char *cpuinfo, core_kind *kinds) {
    for (const char *p = cpuinfo; (p = strstr(p, "processor")); p += 9) {
        if (p != cpuinfo && p[-1] != '\n') continue;
        const char *end = strstr(p, "\n\n"), *colon = strchr(p, ':');
        const char *one = end ? tree_str(t, "%.*s", (int)PR_MIN(end - p, 4000), p) : p;
        const char *maker = tree_field(t, one, "CPU implementer");
        const char *part = tree_field(t, one, "CPU part");
        long cpu = colon ? strtol(colon + 1, NULL, 10) : -1;
        if (maker && part && cpu >= 0 && cpu < HW_CPUS_MAX)
            kinds[cpu].name =
                arm_core_name(t, strtol(maker, NULL, 16), strtol(part, NULL, 16));
    }
}

/* Kernels since 5.13 list the CPUs of a hybrid processor by kind. */
static void hybrid_kinds(hw_tree *t, core_kind *kinds) {
    static const char *const lists[][2] = {{"cpu_core", "performance"},
                                           {"cpu_atom", "efficiency"},
                                           {"cpu_lowpower", "low power"}};
    for (size_t i = 0; i < PR_COUNT(lists); i++) {
        hw_cpus set;
        const char *text = tree_textf(t, "sys/devices/%s/cpus", lists[i][0]);
        if (!text || !tree_cpus(text, &set)) continue;
        for (int c = 0; c < HW_CPUS_MAX; c++)
            if (cpus_has(&set, c)) kinds[c].name = lists[i][1];
    }
}

static bool same_kind(const core_kind *a, const core_kind *b) {
    bool names = a->name == b->name || (a->name && b->name && strcmp(a->name, b->name) == 0);
    return names && a->khz == b->khz;
}

/* Cores among the CPUs of `set`: one for each set of sibling threads. */
static int cores_of(hw_tree *t, const hw_cpus *set) {
    int n = 0;
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        hw_cpus mates;
        if (!cpus_has(set, c)) continue;
        const char *list =
            tree_textf(t, "sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c);
        n += !list || !tree_cpus(list, &mates) || cpus_first(&mates) == c;
    }
    return PR_MAX(n, 1);
}

static pr_hw_cluster cluster_of(hw_tree *t, const hw_cpus *set, const core_kind *kind) {
    pr_hw_cluster k = {kind->name, cpus_text(t, set), cores_of(t, set), cpus_count(set),
                       NAN, kind->khz > 0 ? (double)kind->khz / 1000 : NAN, -1};
    double sum = 0;
    int n = 0;
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        int64_t khz;
        if (cpus_has(set, c) &&
            tree_i64(t, &khz, "sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", c))
            sum += (double)khz / 1000, n++;
    }
    if (n) k.mhz_now = sum / n;
    if (!tree_i64(t, &k.capacity, "sys/devices/system/cpu/cpu%d/cpu_capacity", cpus_first(set)))
        k.capacity = -1;
    return k;
}

/* Cores with one name may have several highest clocks (favoured cores): these differ only where
 * a name or a capacity tells them apart, else every laptop would have four clusters. */
static void merge_clocks(hw_tree *t, core_kind *kinds, const hw_cpus *online) {
    bool told = false;
    int64_t most = 0;
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        int64_t capacity, first;
        if (!cpus_has(online, c)) continue;
        most = PR_MAX(most, kinds[c].khz);
        if (tree_i64(t, &capacity, "sys/devices/system/cpu/cpu%d/cpu_capacity", c) &&
            tree_i64(t, &first, "sys/devices/system/cpu/cpu%d/cpu_capacity",
                     cpus_first(online)))
            told = told || capacity != first;
    }
    for (int c = 0; c < HW_CPUS_MAX; c++) {
        if (!cpus_has(online, c) || told) continue;
        int64_t highest = 0;
        for (int o = 0; o < HW_CPUS_MAX; o++) {
            bool alike = cpus_has(online, o) &&
                         (kinds[o].name == kinds[c].name ||
                          (kinds[o].name && kinds[c].name &&
                           strcmp(kinds[o].name, kinds[c].name) == 0));
            if (alike) highest = PR_MAX(highest, kinds[o].khz);
        }
        kinds[c].khz = highest;
    }
}

void hw_read_clusters(hw_tree *t, pr_hw *hw, const hw_cpus *online, const char *cpuinfo) {
    core_kind *kinds = tree_get(t, HW_CPUS_MAX, sizeof *kinds);
    hw->clusters = tree_get(t, CLUSTERS_MAX, sizeof *hw->clusters);
    if (!kinds || !hw->clusters) return;
    hw_cpus left = *online;
    arm_kinds(t, cpuinfo, kinds);
    hybrid_kinds(t, kinds);
    for (int c = 0; c < HW_CPUS_MAX; c++)
        if (cpus_has(online, c))
            (void)tree_i64(t, &kinds[c].khz,
                           "sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq", c);
    merge_clocks(t, kinds, online);
    while (cpus_first(&left) >= 0 && hw->n_clusters < CLUSTERS_MAX) {
        hw_cpus set = {{0}};
        int first = cpus_first(&left);
        for (int c = first; c < HW_CPUS_MAX; c++)
            if (cpus_has(&left, c) && (same_kind(&kinds[first], &kinds[c]) ||
                                       hw->n_clusters == CLUSTERS_MAX - 1))
                set.w[c / 64] |= (uint64_t)1 << (c % 64);
        for (size_t i = 0; i < PR_COUNT(left.w); i++) left.w[i] &= ~set.w[i];
        hw->clusters[hw->n_clusters++] = cluster_of(t, &set, &kinds[first]);
    }
    if (hw->n_clusters == 1 && hw->clusters) hw->clusters[0].name = NULL;
}
