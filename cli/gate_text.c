/* gate_text.c - verdicts for people: what was asked, what was found, how far apart they are. */
#include <math.h>
#include <string.h>
#include "cli.h"

static ink ink_of(const char *verdict) {
    return strcmp(verdict, "pass") == 0   ? INK_GREEN
           : strcmp(verdict, "fail") == 0 ? INK_RED
                                          : INK_YELLOW;
}

/* A number in the gate's unit, by way of a metric that has only a value. */
static void limit_text(char *dst, size_t cap, double v, const char *unit, const char *of_share) {
    human h;
    if (isnan(v))
        snprintf(dst, cap, "–");
    else if (strcmp(unit, "share") == 0)
        snprintf(dst, cap, "%.4g %s", v * 100, of_share);
    else if (strcmp(unit, "B") == 0)
        snprintf(dst, cap, "%s%s", v < 0 ? "-" : "", human_bytes(h, fabs(v)));
    else
        snprintf(dst, cap, "%.4g%s%s", v, *unit ? " " : "", unit);
}

/* Which number of those found was held against what was asked. */
static const char *decided_by(const pare_doc *gate) {
    const char *by = show_str(gate, "bound");
    return strcmp(by, "lo") == 0 ? "lower" : strcmp(by, "hi") == 0 ? "upper" : by;
}

void gate_table(cli *c, const pare_doc *gates) {
    table *t = table_new("gate|metric|asked>|found>|95 % bounds>|judged by|margin>|verdict");
    for (size_t i = 0; i < pare_doc_count(gates); i++) {
        const pare_doc *g = pare_doc_at(gates, i);
        const char *unit = pare_doc_str(pare_doc_get(g, "unit")),
                   *verdict = show_str(g, "verdict");
        metric_cell     value, bounds;
        char            asked[64], margin[64];
        if (!unit) unit = "";
        limit_text(asked, sizeof asked, pare_doc_num(pare_doc_get(g, "threshold")), unit, "%");
        limit_text(margin, sizeof margin, pare_doc_num(pare_doc_get(g, "margin")), unit, "points");
        table_row(t, ink_of(verdict), "%s|%s|%s %s|%s|%s|%s|%s|%s", show_str(g, "name"),
                  show_str(g, "metric"), show_str(g, "op"), asked, metric_value(value, g),
                  metric_bounds(bounds, g), decided_by(g), margin, verdict);
    }
    table_print(c, t);
}

void verdict_line(const cli *c, const pare_doc *d) {
    const char *verdict = show_str(d, "verdict"),
               *summary = pare_doc_str(pare_doc_get(d, "summary"));
    out_printf("%s%s%s%s%s\n", ink_on(c, ink_of(verdict)), verdict, ink_off(c), summary ? ": " : "",
               summary ? summary : "");
}
