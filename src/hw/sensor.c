/* sensor.c - energy sensors: RAPL zones, hwmon chips, batteries.
 *
 * Owns the knowledge of what each one measures (its scope): a joule without its scope
 * is a guess. Sources: the kernel's power/powercap, hwmon/sysfs-interface, each
 * chip's page under Documentation/hwmon, and ABI/testing/sysfs-class-power. */
#include "sensor.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SENSORS_MAX = 128 };

typedef struct {
    hw_sensor *s;
    size_t n;
} sensor_list;

static void sensor_add(hw_tree *t, sensor_list *l, hw_sensor s) {
    if (l->n == SENSORS_MAX) return;
    double v;
    s.pub.is_counter = s.unit == READ_UJ;
    if (!s.pub.why) (void)sensor_read(t, &s, &v, &s.pub.why);
    l->s[l->n++] = s;
}

static bool file_number(hw_tree *t, const char *path, double *value, const char **why) {
    errno = 0;
    const char *text = tree_text(t, path);
    if (!text) {
        *why = tree_str(t, "/%s: %s", path, strerror(errno ? errno : EIO));
        return false;
    }
    char *end;
    *value = strtod(text, &end);
    if (end != text && isfinite(*value)) return true;
    *why = tree_str(t, "/%s: '%.20s' is not a number", path, text);
    return false;
}

bool sensor_read(hw_tree *t, const hw_sensor *s, double *value, const char **why) {
    double a, b = 1;
    if (s->status) {
        const char *state = tree_text(t, s->status);
        if (!state || strcmp(state, "Discharging") != 0) {
            *why = tree_str(
                t, "%s: not discharging (%s), so it does not show what the machine draws",
                s->pub.name, state ? state : "no status");
            return false;
        }
    }
    if (!file_number(t, s->pub.path, &a, why)) return false;
    if (s->path2 && !file_number(t, s->path2, &b, why)) return false;
    switch (s->unit) {
    case READ_UJ:
        *value = a;
        break;
    case READ_UW:
        *value = s->status ? fabs(a) / 1e6 : a / 1e6;
        break;
    case READ_UA_UV:
        *value = fabs(a) * b / 1e12;
        break;
    case READ_MA_MV:
        *value = a * b / 1e6;
        break;
    }
    if (*value >= 0) return true;
    *why = tree_str(t, "/%s: negative", s->pub.path);
    return false;
}

/* ---- RAPL ---- */

static const char *rapl_scope(const char *zone) {
    if (strncmp(zone, "package", 7) == 0) return "processor package";
    if (strcmp(zone, "dram") == 0) return "memory of a package";
    if (strcmp(zone, "psys") == 0) return "whole platform";
    if (strcmp(zone, "core") == 0) return "cores, part of the package";
    if (strcmp(zone, "uncore") == 0) return "graphics, part of the package";
    return "a RAPL zone";
}

/* Zones are listed flat: intel-rapl:0 (a package), intel-rapl:0:1 (part of it). The
 * mmio twins (intel-rapl-mmio:0) count the same joules and are left out. */
static void find_rapl(hw_tree *t, sensor_list *l) {
    const char **names;
    size_t n = tree_list(t, "sys/class/powercap", &names);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(names[i], "intel-rapl:", 11) != 0) continue;
        const char *base = tree_str(t, "sys/class/powercap/%s", names[i]);
        const char *zone = tree_textf(t, "%s/name", base), *inner = strchr(names[i] + 11, ':');
        if (!zone) continue;
        const char *name = zone;
        if (inner) {
            const char *parent = tree_textf(t, "sys/class/powercap/%.*s/name",
                                            (int)(inner - names[i]), names[i]);
            name = tree_str(t, "%s/%s", parent ? parent : "?", zone);
        }
        hw_sensor s = {.pub = {.kind = PR_SENSOR_RAPL,
                               .name = name,
                               .path = tree_str(t, "%s/energy_uj", base),
                               .scope = rapl_scope(zone)},
                       .unit = READ_UJ,
                       .chip = ""};
        int64_t range = 0;
        if (tree_i64(t, &range, "%s/max_energy_range_uj", base)) s.range = (double)range;
        sensor_add(t, l, s);
    }
}

/* ---- hwmon ---- */

typedef struct {
    const char *name; /* a '*' at its end: any that starts so */
    int rank;         /* < 0: a device's own, never counted for the machine */
    const char *scope;
} hwmon_chip;

static const hwmon_chip hwmon_chips[] = {
    {"amd_energy", HWMON_SOCKETS, "processor sockets"},
    {"power_meter", 1, "whole machine (ACPI power meter)"},
    {"ina3221", 1, "module input rail"},
    {"ina2*", 2, "the rail that this sensor is wired to"},
    {"fam15h_power", HWMON_PACKAGE, "processor package"},
    {"amdgpu", -1, "graphics card"},
    {"radeon", -1, "graphics card"},
    {"nouveau", -1, "graphics card"},
    {"i915", -1, "graphics"},
    {"xe", -1, "graphics"},
    {"nvme", -1, "a drive"},
    {"mlx5", -1, "a network card"},
    {"BAT*", -1, "a battery (see power_supply)"},
    {"ucsi_*", -1, "a USB port"},
};

static hwmon_chip chip_of(const char *name) {
    for (size_t i = 0; i < PR_COUNT(hwmon_chips); i++) {
        const char *k = hwmon_chips[i].name;
        size_t n = strlen(k);
        if (k[n - 1] == '*' ? strncmp(k, name, n - 1) == 0 : strcmp(k, name) == 0)
            return hwmon_chips[i];
    }
    return (hwmon_chip){name, 5, "as this sensor's chip defines it"};
}

/* "power12_input" with stem "power" and tail "_input" → 12; else 0. */
static int channel_of(const char *file, const char *stem, const char *tail) {
    size_t n = strlen(stem);
    if (strncmp(file, stem, n) != 0) return 0;
    char *end;
    long k = strtol(file + n, &end, 10);
    return end != file + n && strcmp(end, tail) == 0 && k > 0 && k < 1000 ? (int)k : 0;
}

static hw_sensor hwmon_sensor(hw_tree *t, const char *base, const char *chip, const char *stem,
                              int k, const char *file) {
    hwmon_chip c = chip_of(chip);
    const char *label = tree_textf(t, "%s/%s%d_label", base, stem, k);
    return (hw_sensor){.pub = {.kind = PR_SENSOR_HWMON,
                               .name = label ? tree_str(t, "%s/%s", chip, label)
                                             : tree_str(t, "%s/%s%d", chip, stem, k),
                               .path = tree_str(t, "%s/%s", base, file),
                               .scope = c.scope},
                       .rank = c.rank,
                       .chip = base};
}

/* INA3221 has no power file: current times voltage of the channel that feeds all. */
static bool is_input_rail(const char *label) {
    static const char *const rails[] = {"VDD_IN", "POM_5V_IN"};
    for (size_t i = 0; label && i < PR_COUNT(rails); i++)
        if (strcmp(label, rails[i]) == 0) return true;
    return false;
}

static void hwmon_file(hw_tree *t, sensor_list *l, const char *base, const char *chip,
                       const char *file) {
    int k;
    if ((k = channel_of(file, "energy", "_input"))) {
        hw_sensor s = hwmon_sensor(t, base, chip, "energy", k, file);
        s.unit = READ_UJ;
        /* amd_energy counts every core too; the sockets hold them */
        if (strcmp(chip, "amd_energy") == 0 && !strstr(s.pub.name, "Esocket")) s.rank = -1;
        sensor_add(t, l, s);
    } else if ((k = channel_of(file, "power", "_input")) ||
               ((k = channel_of(file, "power", "_average")) &&
                !tree_exists(t, "%s/power%d_input", base, k))) {
        hw_sensor s = hwmon_sensor(t, base, chip, "power", k, file);
        s.unit = READ_UW;
        sensor_add(t, l, s);
    } else if (strcmp(chip, "ina3221") == 0 && (k = channel_of(file, "curr", "_input")) &&
               is_input_rail(tree_textf(t, "%s/in%d_label", base, k))) {
        hw_sensor s = hwmon_sensor(t, base, chip, "in", k, file);
        s.unit = READ_MA_MV;
        s.path2 = tree_str(t, "%s/in%d_input", base, k);
        sensor_add(t, l, s);
    }
}

static void find_hwmon(hw_tree *t, sensor_list *l) {
    const char **dirs, **files;
    size_t n = tree_list(t, "sys/class/hwmon", &dirs);
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/class/hwmon/%s", dirs[i]);
        const char *chip = tree_textf(t, "%s/name", base);
        size_t n_files = chip ? tree_list(t, base, &files) : 0;
        for (size_t j = 0; j < n_files; j++) hwmon_file(t, l, base, chip, files[j]);
    }
}

/* ---- batteries ---- */

static void find_batteries(hw_tree *t, sensor_list *l) {
    const char **names;
    size_t n = tree_list(t, "sys/class/power_supply", &names);
    for (size_t i = 0; i < n; i++) {
        const char *base = tree_str(t, "sys/class/power_supply/%s", names[i]);
        const char *type = tree_textf(t, "%s/type", base),
                   *scope = tree_textf(t, "%s/scope", base);
        if (!type || strcmp(type, "Battery") != 0 || (scope && strcmp(scope, "Device") == 0))
            continue;
        hw_sensor s = {
            .pub = {.kind = PR_SENSOR_BATTERY, .name = names[i], .scope = "whole machine"},
            .status = tree_str(t, "%s/status", base),
            .chip = ""};
        if (tree_exists(t, "%s/power_now", base)) {
            s.unit = READ_UW;
            s.pub.path = tree_str(t, "%s/power_now", base);
        } else {
            s.unit = READ_UA_UV;
            s.pub.path = tree_str(t, "%s/current_now", base);
            s.path2 = tree_str(t, "%s/voltage_now", base);
        }
        sensor_add(t, l, s);
    }
}

hw_sensor *sensors_find(hw_tree *t, size_t *n) {
    sensor_list l = {.s = tree_get(t, SENSORS_MAX, sizeof *l.s)};
    *n = 0;
    if (!l.s) return NULL;
    find_rapl(t, &l);
    find_hwmon(t, &l);
    find_batteries(t, &l);
    *n = l.n;
    return l.s;
}
