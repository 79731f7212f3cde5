/* device.c - batteries and mains, thermal zones, network interfaces. */
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
                       fabs(micro(t, base, "power_now"))};
    if (isnan(b.energy_wh)) b.energy_wh = micro(t, base, "charge_now") * volt;
    if (isnan(b.power_w)) b.power_w = fabs(micro(t, base, "current_now")) * volt;
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

static void read_thermals(hw_tree *t, pr_hw *hw) {
    enum { TRIPS = 16 };
    const char **names;
    size_t n = tree_list(t, "sys/class/thermal", &names);
    if (n == 0 || !(hw->thermals = tree_get(t, n, sizeof *hw->thermals))) return;
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/class/thermal/%s", names[i]);
        const char *type = tree_textf(t, "%s/type", base);
        int64_t milli;
        if (strncmp(names[i], "thermal_zone", 12) != 0 || !tree_i64(t, &milli, "%s/temp", base))
            continue;
        pr_hw_thermal z = {type ? type : names[i], (double)milli / 1000, NAN};
        for (int k = 0; k < TRIPS; k++) {
            const char *trip = tree_textf(t, "%s/trip_point_%d_type", base, k);
            if (!trip) break;
            if (strcmp(trip, "critical") == 0 &&
                tree_i64(t, &milli, "%s/trip_point_%d_temp", base, k))
                z.critical = (double)milli / 1000;
        }
        hw->thermals[hw->n_thermals++] = z;
    }
}

static void read_nets(hw_tree *t, pr_hw *hw) {
    const char **names;
    size_t n = tree_list(t, "sys/class/net", &names);
    hw->is_offline = true;
    if (n == 0 || !(hw->nets = tree_get(t, n, sizeof *hw->nets))) return;
    for (size_t i = 0; i < n; i++) {
        const char *state = tree_textf(t, "sys/class/net/%s/operstate", names[i]);
        int64_t carrier = 0, speed = -1;
        if (!state || strcmp(names[i], "lo") == 0) continue;
        (void)tree_i64(t, &carrier, "sys/class/net/%s/carrier", names[i]);
        (void)tree_i64(t, &speed, "sys/class/net/%s/speed", names[i]);
        /* tunnels and some virtual interfaces say "unknown" all their life */
        bool is_up =
            strcmp(state, "up") == 0 || (strcmp(state, "unknown") == 0 && carrier == 1);
        hw->nets[hw->n_nets++] =
            (pr_hw_net){names[i], is_up, tree_exists(t, "sys/class/net/%s/wireless", names[i]),
                        speed > 0 ? speed : -1};
        if (is_up) hw->is_offline = false;
    }
}

void hw_read_power(hw_tree *t, pr_hw *hw) {
    read_supplies(t, hw);
    read_thermals(t, hw);
    read_nets(t, hw);
}
