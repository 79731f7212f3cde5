/* heat.c - temperatures, and whether something slows the clock down. Sources: the kernel's
 * driver-api/thermal/sysfs-api, admin-guide/pm (cpufreq, intel_pstate), x86's
 * ABI/testing/sysfs-devices-system-cpu (thermal_throttle), and the Raspberry Pi firmware's
 * property get_throttled (bits: 0 under-voltage, 1 clock capped, 2 throttled, 3 soft limit). */
#include "sysfile.h"
#include <math.h>
#include <stdlib.h>

static void read_zones(hw_tree *t, pr_hw *hw, const char **names, size_t n) {
    enum { TRIPS = 16 };
    if (n == 0 || !(hw->thermals = tree_get(t, n, sizeof *hw->thermals))) return;
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/class/thermal/%s", names[i]);
        const char *type = tree_textf(t, "%s/type", base);
        int64_t milli;
        if (strncmp(names[i], "thermal_zone", 12) != 0 || !tree_i64(t, &milli, "%s/temp", base))
            continue;
        pr_hw_thermal z = {type ? type : names[i], (double)milli / 1000, NAN, NAN};
        for (int k = 0; k < TRIPS; k++) {
            const char *trip = tree_textf(t, "%s/trip_point_%d_type", base, k);
            if (!trip) break;
            if (!tree_i64(t, &milli, "%s/trip_point_%d_temp", base, k)) continue;
            if (strcmp(trip, "critical") == 0) z.critical = (double)milli / 1000;
            if (strcmp(trip, "passive") == 0 && !(z.passive <= (double)milli / 1000))
                z.passive = (double)milli / 1000;
        }
        hw->thermals[hw->n_thermals++] = z;
    }
}

static void throttled(pr_hw *hw, const char *why) {
    if (hw->is_throttled == 1) return;
    hw->is_throttled = 1;
    hw->throttle_why = why;
}

static void not_throttled(pr_hw *hw) {
    if (hw->is_throttled < 0) hw->is_throttled = 0;
}

static bool cools_the_cpu(const char *type) {
    static const char *const words[] = {"Processor", "cpufreq", "cpu-", "cpu_", "pwr-policy"};
    for (size_t i = 0; type && i < PR_COUNT(words); i++)
        if (strstr(type, words[i])) return true;
    return false;
}

/* A cooling device that acts on the CPU's clock and is in use. */
static void read_cooling(hw_tree *t, pr_hw *hw, const char **names, size_t n) {
    for (size_t i = 0; i < n; i++) {
        int64_t state, most = 0;
        if (strncmp(names[i], "cooling_device", 14) != 0) continue;
        const char *type = tree_textf(t, "sys/class/thermal/%s/type", names[i]);
        if (!cools_the_cpu(type) ||
            !tree_i64(t, &state, "sys/class/thermal/%s/cur_state", names[i]))
            continue;
        (void)tree_i64(t, &most, "sys/class/thermal/%s/max_state", names[i]);
        if (state > 0)
            throttled(hw, tree_str(t, "cooling device '%s' is at step %lld of %lld", type,
                                   (long long)state, (long long)most));
        else
            not_throttled(hw);
    }
}

/* Events of packages, each package counted once. */
static void read_events(hw_tree *t, pr_hw *hw) {
    hw_cpus seen = {{0}};
    hw->n_throttle_events = -1;
    for (int c = 0; c < hw->n_threads && c < HW_CPUS_MAX; c++) {
        int64_t n, package = 0;
        const char *base = tree_str(t, "sys/devices/system/cpu/cpu%d", c);
        (void)tree_i64(t, &package, "%s/topology/physical_package_id", base);
        package = package < 0 || package >= HW_CPUS_MAX ? 0 : package;
        if (cpus_has(&seen, (int)package)) continue;
        if (!tree_i64(t, &n, "%s/thermal_throttle/package_throttle_count", base) || n < 0)
            continue;
        seen.w[package / 64] |= (uint64_t)1 << (package % 64);
        hw->n_throttle_events = PR_MAX(hw->n_throttle_events, 0) + PR_MIN(n, INT32_MAX);
    }
}

static void read_firmware(hw_tree *t, pr_hw *hw) {
    static const char *const bits[] = {"under-voltage", "the clock is capped", "throttled",
                                       "the soft temperature limit is reached"};
    const char *s = tree_text(t, "sys/devices/platform/soc/soc:firmware/get_throttled");
    if (!s) return;
    unsigned long v = strtoul(s, NULL, 16);
    not_throttled(hw);
    const char *all = NULL;
    for (size_t i = 0; i < PR_COUNT(bits); i++)
        if (v >> i & 1) all = all ? tree_str(t, "%s, %s", all, bits[i]) : bits[i];
    if (all) throttled(hw, tree_str(t, "the firmware says: %s", all));
}

/* A zone at or over the temperature from which the kernel slows down. */
static void read_passive(hw_tree *t, pr_hw *hw) {
    for (int i = 0; i < hw->n_thermals; i++) {
        const pr_hw_thermal *z = &hw->thermals[i];
        if (isnan(z->passive) || !cools_the_cpu(z->name)) continue;
        if (z->celsius >= z->passive)
            throttled(hw, tree_str(t, "%s is at %.0f °C, slowed down from %.0f °C on", z->name,
                                   z->celsius, z->passive));
        else
            not_throttled(hw);
    }
}

static void read_clock(hw_tree *t, pr_hw *hw) {
    double cap = 0;
    int64_t khz, v;
    for (int c = 0; c < hw->n_threads && c < HW_CPUS_MAX; c++)
        if (tree_i64(t, &khz, "sys/devices/system/cpu/cpu%d/cpufreq/scaling_max_freq", c))
            cap = PR_MAX(cap, (double)khz / 1000);
    hw->mhz_cap = cap > 0 && cap < hw->mhz_max ? cap : NAN;
    if (tree_i64(t, &v, "sys/devices/system/cpu/intel_pstate/no_turbo"))
        hw->has_turbo = v == 0;
    else if (tree_i64(t, &v, "sys/devices/system/cpu/cpufreq/boost"))
        hw->has_turbo = v == 1;
    hw->power_profile = tree_text(t, "sys/firmware/acpi/platform_profile");
}

void hw_read_heat(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/class/thermal", &names);
    hw->is_throttled = hw->has_turbo = -1;
    hw->mhz_cap = NAN;
    read_zones(t, hw, names, n);
    read_firmware(t, hw);
    read_cooling(t, hw, names, n);
    read_passive(t, hw);
    read_events(t, hw);
    read_clock(t, hw);
}
