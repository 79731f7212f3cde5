/* metric_show.c - numbers as people read them: the unit's own scale, and no more digits
 * than `resolution` (the half-width of a bound, say) supports. Never used for a decision. */
#include "measure/measure.h"
#include <math.h>
#include <stdio.h>

/* Decimals so that `step` keeps two significant digits; without it `v` keeps four. */
static int decimals(double v, double step) {
    double x = step > 0 ? step : fabs(v);
    int keep = step > 0 ? 1 : 3;
    if (!(x > 0)) return 0;
    int d = keep - (int)floor(log10(x));
    return d < 0 ? 0 : d > 9 ? 9 : d;
}

static void scaled(double v, double step, double by, const char *unit, char *dst, size_t cap) {
    double x = v * by, s = step * by;
    if (x != 0 && fabs(x) < 1e-4) {
        char t[32];
        snprintf(t, sizeof t, "%.2g", x);
        char *e = strstr(t, "e-0");
        if (e) memmove(e + 2, e + 3, strlen(e + 3) + 1); /* 2e-06 → 2e-6 */
        snprintf(dst, cap, "%s%s", t, unit);
        return;
    }
    snprintf(dst, cap, "%.*f%s", decimals(x, s), x, unit);
    if (step > 0) return;
    char *dot = strchr(dst, '.'), *end = dot; /* no resolution known: no trailing zeros */
    if (!dot) return;
    while (*end == '.' || (*end >= '0' && *end <= '9')) end++;
    char *last = end;
    while (last[-1] == '0') last--;
    if (last[-1] == '.') last--;
    memmove(last, end, strlen(end) + 1);
}

void pr_metric_show(const pr_metric_info *info, double v, double resolution, char *dst,
                    size_t cap) {
    const char *u = info->unit;
    if (!isfinite(v)) {
        snprintf(dst, cap, "–");
    } else if (strcmp(u, "B") == 0) {
        double a = fabs(v);
        double by = a >= 1e9 ? 1e-9 : a >= 1e6 ? 1e-6 : a >= 1e4 ? 1e-3 : 1;
        scaled(v, resolution, by,
               by == 1      ? " B"
               : by == 1e-3 ? " kB"
               : by == 1e-6 ? " MB"
                            : " GB",
               dst, cap);
    } else if (strcmp(u, "share") == 0) {
        scaled(v, resolution, 100, " %", dst, cap);
    } else if (strcmp(u, "×") == 0) {
        scaled(v, resolution, 1, " ×", dst, cap);
    } else {
        char unit[24];
        snprintf(unit, sizeof unit, "%s%s", *u ? " " : "", u);
        scaled(v, resolution, 1, unit, dst, cap);
    }
}

void pr_metric_show_gap(const pr_metric_info *info, double v, char *dst, size_t cap) {
    if (strcmp(info->unit, "share") != 0 || !isfinite(v)) {
        pr_metric_show(info, v, 0, dst, cap);
        return;
    }
    scaled(v, 0, 100, fabs(v) == 0.01 ? " point" : " points", dst, cap);
}
