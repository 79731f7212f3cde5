/* device.c - batteries and mains. Source: the kernel's ABI/testing/sysfs-class-power. */
#include "sysfile.h"
#include <math.h>

static double micro(hw_tree *t, const char *base, const char *file) {
    int64_t v;
    return tree_i64(t, &v, "%s/%s", base, file) ? (double)v / 1e6 : NAN;
}

static pr_hw_battery battery_read(hw_tree *t, const char *base, const char *name) {
    const char *status = tree_textf(t, "%s/status", base);
    int64_t percent;
    double volt = micro(t, base, "voltage_now"), full = micro(t, base, "energy_full");
    pr_hw_battery b = {name, status ? status : "Unknown", NAN, micro(t, base, "energy_now"),
                       fabs(micro(t, base, "power_now")), full,
                       micro(t, base, "energy_full_design"), -1};
    if (isnan(b.energy_wh)) b.energy_wh = micro(t, base, "charge_now") * volt;
    if (isnan(b.power_w)) b.power_w = fabs(micro(t, base, "current_now")) * volt;
    if (isnan(full) && volt > 0) {
        b.full_wh = micro(t, base, "charge_full") * volt;
        b.design_wh = micro(t, base, "charge_full_design") * volt;
    }
    (void)tree_i64(t, &b.cycles, "%s/cycle_count", base);
    if (b.cycles <= 0) b.cycles = -1; /* 0: many drivers do not count */
    if (full > 0)
        b.charge = b.energy_wh / full;
    else if (tree_i64(t, &percent, "%s/capacity", base))
        b.charge = (double)percent / 100;
    return b;
}

static void read_supplies(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/class/power_supply", &names);
    hw->on_mains = -1;
    if (n == 0 || !(hw->batteries = tree_get(t, n, sizeof *hw->batteries))) return;
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/class/power_supply/%s", names[i]);
        const char *type = tree_textf(t, "%s/type", base),
                   *scope = tree_textf(t, "%s/scope", base);
        int64_t online;
        if (!type || (scope && strcmp(scope, "Device") == 0)) continue; /* a mouse's battery */
        if (strcmp(type, "Battery") == 0)
            hw->batteries[hw->n_batteries++] = battery_read(t, base, names[i]);
        else if (tree_i64(t, &online, "%s/online", base))
            hw->on_mains = PR_MAX(hw->on_mains, online > 0);
    }
}

void hw_read_power(hw_tree *t, pr_hw *hw) {
    read_supplies(t, hw);
}
