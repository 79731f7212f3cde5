/* metric_text.c - metrics for people: the unit's own scale, no more digits than the bounds
 * support, never a value without its bounds where it has some. */
#include <math.h>
#include <string.h>
#include "cli.h"

/* Decimals so that `step` keeps two significant digits; without it `x` keeps four. */
static int decimals(double x, double step) {
    double of = step > 0 ? step : fabs(x);
    if (!(of > 0)) return 0;
    int d = (step > 0 ? 1 : 3) - (int)floor(log10(of));
    return d < 0 ? 0 : d > 9 ? 9 : d;
}

/* By what to multiply a value in `unit`, and what to write behind it. */
static double scale_of(const char *unit, double v, const char **suffix) {
    double a = fabs(v);
    if (strcmp(unit, "share") == 0) return *suffix = " %", 100;
    if (strcmp(unit, "B") == 0) {
        *suffix = a >= 1e9 ? " GB" : a >= 1e6 ? " MB" : a >= 1e3 ? " kB" : " B";
        return a >= 1e9 ? 1e-9 : a >= 1e6 ? 1e-6 : a >= 1e3 ? 1e-3 : 1;
    }
    *suffix = NULL;
    return 1;
}

static void put_number(char *dst, size_t cap, double x, double step) {
    if (x != 0 && fabs(x) < 1e-7)
        snprintf(dst, cap, "%.2e", x);
    else
        snprintf(dst, cap, "%.*f", decimals(x, step), x);
}

const char *metric_value(metric_cell dst, const pare_doc *m) {
    double      v = pare_doc_num(pare_doc_get(m, "value"));
    double half =
        (pare_doc_num(pare_doc_get(m, "hi")) - pare_doc_num(pare_doc_get(m, "lo"))) / 2;
    const char *unit = pare_doc_str(pare_doc_get(m, "unit")), *suffix;
    char        number[40];
    if (isnan(v)) return strcpy(dst, "–");
    if (!unit) unit = "";
    double by = scale_of(unit, v, &suffix);
    put_number(number, sizeof number, v * by, half > 0 ? half * by : 0);
    snprintf(dst, sizeof(metric_cell), "%s%s%s", number,
             suffix  ? ""
             : *unit ? " "
                     : "",
             suffix ? suffix : unit);
    return dst;
}

const char *metric_bounds(metric_cell dst, const pare_doc *m) {
    double      v = pare_doc_num(pare_doc_get(m, "value"));
    double      lo = pare_doc_num(pare_doc_get(m, "lo")), hi = pare_doc_num(pare_doc_get(m, "hi"));
    const char *unit = pare_doc_str(pare_doc_get(m, "unit")), *suffix;
    char        a[40], b[40];
    dst[0] = 0;
    if (isnan(lo) || isnan(hi) || isnan(v) || lo == hi) return dst;
    double by = scale_of(unit ? unit : "", v, &suffix), step = (hi - lo) / 2 * by;
    put_number(a, sizeof a, lo * by, step);
    put_number(b, sizeof b, hi * by, step);
    snprintf(dst, sizeof(metric_cell), "%s … %s", a, b);
    return dst;
}

const char *metric_pm(metric_cell dst, const pare_doc *m) {
    double      v = pare_doc_num(pare_doc_get(m, "value"));
    double      lo = pare_doc_num(pare_doc_get(m, "lo")), hi = pare_doc_num(pare_doc_get(m, "hi"));
    double      half = fmax(hi - v, v - lo);
    const char *unit = pare_doc_str(pare_doc_get(m, "unit")), *suffix;
    char        a[40], b[40];
    if (isnan(v)) return strcpy(dst, "–");
    if (isnan(half) || half <= 0) return metric_value(dst, m);
    double by = scale_of(unit ? unit : "", v, &suffix);
    put_number(a, sizeof a, v * by, half * by);
    put_number(b, sizeof b, half * by, half * by);
    snprintf(dst, sizeof(metric_cell), "%s ± %s%s", a, b, suffix ? suffix : "");
    return dst;
}

const pare_doc *metric_find(const pare_doc *owner, const char *name, const char *against) {
    const pare_doc *a = pare_doc_get(owner, "metrics");
    for (size_t i = 0; i < pare_doc_count(a); i++) {
        const pare_doc *m = pare_doc_at(a, i);
        const char     *vs = pare_doc_str(pare_doc_get(m, "against"));
        if (strcmp(show_str(m, "name"), name) != 0) continue;
        if (against ? vs && strcmp(vs, against) == 0 : !vs) return m;
    }
    return NULL;
}

void metric_table(cli *c, const pare_doc *metrics) {
    table *t = table_new("metric|value>|95 % bounds>|n>|");
    for (size_t i = 0; i < pare_doc_count(metrics); i++) {
        const pare_doc *m = pare_doc_at(metrics, i);
        const char     *against = pare_doc_str(pare_doc_get(m, "against"));
        const char     *reason = pare_doc_str(pare_doc_get(m, "reason"));
        bool            known = !isnan(pare_doc_num(pare_doc_get(m, "value")));
        metric_cell     value, bounds;
        cell            why;
        char            n[24] = "", vs[64] = "";
        if (known) snprintf(n, sizeof n, "%lld", (long long)pare_doc_int(pare_doc_get(m, "n")));
        if (against) snprintf(vs, sizeof vs, "against %s", against);
        table_row(t, known ? INK_PLAIN : INK_DIM, "%s|%s|%s|%s|%s", show_str(m, "name"),
                  metric_value(value, m), metric_bounds(bounds, m), n,
                  reason ? show_cell(why, reason) : vs);
    }
    table_print(c, t);
}
