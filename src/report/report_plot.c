/* report_plot.c - the front, histograms and gates as inline SVG. Always true: every shape says
 * in words, too, what it shows (aria-label or the table beside it), and no colour is
 * needed to read it: shape says accepted or not, filled or hollow on the front or not. */
#include "report_parts.h"
#include <math.h>
#include <stdio.h>

enum { POINTS_MAX = 256 };

/* ---- axes ---- */

typedef struct {
    double lo, hi;   /* in data; of the logarithms where `log` */
    double from, to; /* in the picture */
    double zero;     /* where 0 lies on a logarithmic axis; NAN: nowhere */
    bool log;
} axis;

static double lg(double v) {
    return v > 0 ? pr_log(v) * 0.43429448190325182 : -300;
}

static double axis_at(const axis *a, double v) {
    if (a->log && v <= 0) return isnan(a->zero) ? a->from : a->zero;
    double x = a->log ? lg(v) : v;
    x = x < a->lo ? a->lo : x > a->hi ? a->hi : x;
    return a->from + (x - a->lo) / (a->hi - a->lo) * (a->to - a->from);
}

/* 1, 2 or 5 times a power of ten, for about `n` steps over `range`. */
static double nice_step(double range, int n) {
    double raw = range / n, base = pr_pow(10, floor(lg(raw))), x = raw / base;
    return base * (x < 1.5 ? 1 : x < 3.5 ? 2 : x < 7.5 ? 5 : 10);
}

/* ---- the points ---- */

typedef struct {
    const char *name;
    double x, y, x_lo, x_hi, y_lo, y_hi; /* data */
    double px, py;                       /* picture */
    bool accepted, on_front, chosen;
} point;

typedef struct {
    double x, y, w, h;
} box;

typedef struct {
    point p[POINTS_MAX];
    size_t n;
    axis ax, ay;
    double w, h;
    box taken[POINTS_MAX * 3];
    size_t n_taken;
} plot;

static void read_point(const pare_doc *r, const pare_doc *v, const pr_plot_spec *s, plot *g) {
    const pare_doc *x = pr_metric_at(v, s->x, s->x_against),
                   *y = pr_metric_at(v, s->y, s->y_against);
    point p = {
        .name = pr_str_at(v, "name"), .x = pr_num_at(x, "value"), .y = pr_num_at(y, "value")};
    if (!p.name || !isfinite(p.x) || !isfinite(p.y) || g->n == POINTS_MAX) return;
    p.x_lo = pr_num_at(x, "lo"), p.x_hi = pr_num_at(x, "hi");
    p.y_lo = pr_num_at(y, "lo"), p.y_hi = pr_num_at(y, "hi");
    if (!isfinite(p.x_lo) || !isfinite(p.x_hi)) p.x_lo = p.x_hi = p.x;
    if (!isfinite(p.y_lo) || !isfinite(p.y_hi)) p.y_lo = p.y_hi = p.y;
    const char *choice = pr_str_at(r, "choice/name");
    p.chosen = choice && strcmp(choice, p.name) == 0;
    p.on_front = pr_names_have(pare_doc_path(r, "front/members"), p.name);
    p.accepted = pr_variant_accepted(v);
    g->p[g->n++] = p;
}

static void read_points(const pare_doc *r, const pr_plot_spec *s, plot *g) {
    const pare_doc *list = pare_doc_get(r, "variants");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++)
        read_point(r, pare_doc_at(list, i), s, g);
    for (size_t i = 1; i < g->n;
         i++) { /* by x: for the line, and so that labels go left to right */
        point p = g->p[i];
        size_t k = i;
        for (; k > 0 && g->p[k - 1].x > p.x; k--) g->p[k] = g->p[k - 1];
        g->p[k] = p;
    }
}

static axis axis_linear(double lo, double hi, double from, double to) {
    double pad = hi > lo ? (hi - lo) * 0.08 : fabs(hi) * 0.1 + 1e-9;
    return (axis){.lo = lo - pad, .hi = hi + pad, .from = from, .to = to, .zero = NAN};
}

static void axes_make(plot *g, bool log_y) {
    double x_lo = INFINITY, x_hi = -INFINITY, y_lo = INFINITY, y_hi = -INFINITY;
    bool zero = false;
    for (size_t i = 0; i < g->n; i++) {
        const point *p = &g->p[i];
        x_lo = PR_MIN(x_lo, p->x_lo), x_hi = PR_MAX(x_hi, p->x_hi);
        y_hi = PR_MAX(y_hi, p->y_hi);
        zero |= log_y && p->y <= 0;
        if (!log_y || p->y > 0)
            y_lo = PR_MIN(y_lo, log_y ? (p->y_lo > p->y / 30 ? p->y_lo : p->y) : p->y_lo);
    }
    double top = 14, bottom = g->h - 46;
    g->ax = axis_linear(x_lo, x_hi, 54, g->w - 12);
    if (g->w < 420) g->ax.lo -= (g->ax.hi - g->ax.lo) * 0.1; /* room for labels on the left */
    g->ay = axis_linear(y_lo, y_hi, bottom, top);
    if (!log_y || !isfinite(y_lo)) return;
    double lo = lg(y_lo), hi = lg(y_hi), pad = hi > lo ? (hi - lo) * 0.07 : 0.5;
    g->ay = (axis){.lo = lo - pad,
                   .hi = hi + pad,
                   .from = zero ? bottom - 30 : bottom,
                   .to = top,
                   .log = true,
                   .zero = zero ? bottom - 10 : NAN};
}

/* ---- drawing ---- */

static void tick_y(pr_buf *b, const plot *g, double v, const char *label) {
    double y = axis_at(&g->ay, v);
    pr_html(b, "<line class=\"grid\" x1=\"54\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", y,
            g->w - 12, y);
    pr_html(b, "<text x=\"48\" y=\"%.1f\" text-anchor=\"end\">%s</text>", y + 4, label);
}

static void ticks_y_log(pr_buf *b, const plot *g) {
    char label[48];
    bool three = g->ay.hi - g->ay.lo < 2.2;
    if (!isfinite(g->ay.lo) || !isfinite(g->ay.hi)) return;
    for (int e = (int)ceil(g->ay.lo - 0.5); e <= (int)floor(g->ay.hi); e++) {
        for (int k = 0; k <= three; k++) {
            double v = pr_pow(10, e) * (k ? 3 : 1);
            if (lg(v) < g->ay.lo || lg(v) > g->ay.hi) continue;
            if (e < -4)
                snprintf(label, sizeof label, "%de%d", k ? 3 : 1, e);
            else
                snprintf(label, sizeof label, "%.*f", e < 0 ? -e : 0, v);
            tick_y(b, g, v, label);
        }
    }
    if (!isnan(g->ay.zero)) tick_y(b, g, 0, "0");
}

static int step_decimals(double step) {
    double d = ceil(-lg(step) - 1e-9);
    return !(d > 0) ? 0 : d > 6 ? 6 : (int)d;
}

static void ticks_y_linear(pr_buf *b, const plot *g) {
    double step = nice_step(g->ay.hi - g->ay.lo, 5);
    char label[48];
    double i = ceil(g->ay.lo / step); /* may be beyond any integer in a strange report */
    for (int n = 0; i * step <= g->ay.hi && n < 20; i++, n++) {
        snprintf(label, sizeof label, "%.*f", step_decimals(step), i * step);
        tick_y(b, g, i * step, label);
    }
}

static void ticks_x(pr_buf *b, const plot *g, const char *metric) {
    const pr_metric_info *info = pr_metric_info_find(metric);
    bool bytes = info && strcmp(info->unit, "B") == 0;
    double unit = !bytes ? 1 : g->ax.hi >= 2e9 ? 1e9 : g->ax.hi >= 2e6 ? 1e6 : 1e3;
    double step = nice_step((g->ax.hi - g->ax.lo) / unit, g->w < 420 ? 4 : 6), y = g->h - 46;
    double i = ceil(g->ax.lo / unit / step);
    for (int n = 0; i * step * unit <= g->ax.hi && n < 20; i++, n++) {
        double x = axis_at(&g->ax, i * step * unit);
        pr_html(b, "<line class=\"axis\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x,
                y, x, y + 4);
        pr_html(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x, y + 18);
        pr_buf_printf(b, "%.*f</text>", step_decimals(step), i * step);
    }
    pr_html(b, "<line class=\"axis\" x1=\"54\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", y,
            g->w - 12, y);
    const char *u = !bytes        ? info ? info->unit : ""
                    : unit == 1e9 ? "GB"
                    : unit == 1e6 ? "MB"
                                  : "kB";
    pr_html(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s, %s</text>", g->w - 12,
            g->h - 8, info ? info->label : metric, u);
}

void pr_plot_mark(pr_buf *b, double x, double y, bool accepted, bool on_front, bool chosen) {
    const char *no = accepted ? "" : " no", *off = on_front ? "" : " off";
    if (accepted)
        pr_html(b, "<circle class=\"mark%s%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\"/>", no, off, x,
                y);
    else
        pr_html(b, "<rect class=\"mark%s%s\" x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\"/>",
                no, off, x - 4, y - 4);
    if (chosen) pr_html(b, "<circle class=\"ring\" cx=\"%.1f\" cy=\"%.1f\" r=\"9\"/>", x, y);
}

static void error_bars(pr_buf *b, const plot *g, const point *p) {
    double y1 = axis_at(&g->ay, p->y_lo), y2 = axis_at(&g->ay, p->y_hi);
    double x1 = axis_at(&g->ax, p->x_lo), x2 = axis_at(&g->ax, p->x_hi);
    if (fabs(y1 - y2) > 1)
        pr_html(b, "<line class=\"err\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                p->px, y1, p->px, y2);
    if (fabs(x1 - x2) > 1)
        pr_html(b, "<line class=\"err\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x1,
                p->py, x2, p->py);
}

/* The line through members of the front that are best in the two measures of this picture. */
static void front_line(pr_buf *b, const plot *g, bool higher) {
    double best = higher ? -INFINITY : INFINITY;
    size_t n = 0;
    pr_buf_puts(b, "<polyline class=\"front\" points=\"");
    for (size_t i = 0; i < g->n; i++) {
        const point *p = &g->p[i];
        if (!p->on_front || (higher ? p->y <= best : p->y >= best)) continue;
        best = p->y;
        pr_html(b, n++ ? " %.1f,%.1f" : "%.1f,%.1f", p->px, p->py);
    }
    pr_buf_puts(b, "\"/>");
}

/* ---- labels: each tries places around its mark, and takes the least crowded ---- */

static double overlap(const box *a, const box *b) {
    double w = PR_MIN(a->x + a->w, b->x + b->w) - PR_MAX(a->x, b->x);
    double h = PR_MIN(a->y + a->h, b->y + b->h) - PR_MAX(a->y, b->y);
    return w > 0 && h > 0 ? w * h : 0;
}

static void take(plot *g, box x) {
    if (g->n_taken < PR_COUNT(g->taken)) g->taken[g->n_taken++] = x;
}

static double crowding(const plot *g, const box *x) {
    double sum = 0;
    for (size_t i = 0; i < g->n_taken; i++) sum += overlap(x, &g->taken[i]);
    if (x->x < 56 || x->x + x->w > g->w - 2 || x->y < 2 || x->y + x->h > g->h - 48) sum += 1e4;
    return sum;
}

static void label_one(pr_buf *b, plot *g, const point *p) {
    static const double dx[] = {1, -1, 0, 0, .75, -.75, .75, -.75},
                        dy[] = {0, 0, -1, 1, -.75, -.75, .75, .75};
    static const double radius[] = {10, 16, 26, 38, 52};
    double w = 7.0 * (double)PR_MIN(strlen(p->name), (size_t)24) + 2, h = 13, least = INFINITY;
    box best = {0};
    double best_r = 0;
    for (size_t r = 0; r < PR_COUNT(radius); r++) {
        for (size_t d = 0; d < PR_COUNT(dx); d++) {
            double ring = radius[r] + (p->chosen ? 3 : 0), cx = p->px + dx[d] * ring,
                   cy = p->py + dy[d] * ring;
            box x = {dx[d] > 0 ? cx : dx[d] < 0 ? cx - w : cx - w / 2, cy - h / 2, w, h};
            double cost = crowding(g, &x) + radius[r] * 0.8 + (double)d * 0.3;
            if (cost < least) least = cost, best = x, best_r = radius[r];
        }
    }
    if (best_r > 16) {
        double tx = PR_MAX(best.x, PR_MIN(p->px, best.x + w)),
               ty = PR_MAX(best.y, PR_MIN(p->py, best.y + h));
        pr_html(b, "<line class=\"leader\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                p->px, p->py, tx, ty);
    }
    pr_html(b, "<text class=\"name%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
            p->chosen ? " picked" : "", best.x + w / 2, best.y + h - 3);
    pr_html_text(b, p->name, PR_MIN(strlen(p->name), (size_t)24));
    pr_buf_puts(b, "</text>");
    take(g, best);
}

static void labels(pr_buf *b, plot *g) {
    for (size_t i = 0; i < g->n; i++) {
        const point *p = &g->p[i];
        take(g, (box){p->px - 7, p->py - 7, 14, 14});
        double y1 = axis_at(&g->ay, p->y_hi), y2 = axis_at(&g->ay, p->y_lo);
        take(g, (box){p->px - 2, PR_MIN(y1, y2), 4, fabs(y1 - y2)});
    }
    for (int pass = 0; pass < 2; pass++) { /* the chosen one has the first pick */
        for (size_t i = 0; i < g->n; i++) {
            if (g->p[i].chosen == (pass == 0)) label_one(b, g, &g->p[i]);
        }
    }
}

static void draw(pr_buf *b, plot *g, const pr_plot_spec *s, const char *class) {
    const pr_metric_info *y = pr_metric_info_find(s->y);
    axes_make(g, s->log_y);
    pr_html(b,
            "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"%s; %s. The "
            "numbers are in the table of variants.\">",
            class, g->w, g->h, s->title, s->better);
    for (size_t i = 0; i < g->n; i++) {
        g->p[i].px = axis_at(&g->ax, g->p[i].x);
        g->p[i].py = axis_at(&g->ay, g->p[i].y);
    }
    if (g->ay.log)
        ticks_y_log(b, g);
    else
        ticks_y_linear(b, g);
    ticks_x(b, g, s->x);
    front_line(b, g, y && y->higher);
    for (size_t i = 0; i < g->n; i++) error_bars(b, g, &g->p[i]);
    for (size_t i = 0; i < g->n; i++)
        pr_plot_mark(b, g->p[i].px, g->p[i].py, g->p[i].accepted, g->p[i].on_front,
                     g->p[i].chosen);
    labels(b, g);
    pr_buf_puts(b, "</svg>\n");
}

void pr_plot_front(pr_buf *b, const pare_doc *report, const pr_plot_spec *spec) {
    static const struct {
        const char *class;
        double w, h;
    } sizes[] = {{"wide", 540, 400}, {"narrow", 360, 380}};
    for (size_t i = 0; i < PR_COUNT(sizes); i++) {
        plot *g = pr_calloc(1, sizeof *g);
        if (!g) {
            b->failed = true;
            return;
        }
        g->w = sizes[i].w, g->h = sizes[i].h;
        read_points(report, spec, g);
        if (g->n) draw(b, g, spec, sizes[i].class);
        if (!g->n && i == 0) pr_buf_puts(b, "<p class=\"note\">Nothing measured in both.</p>");
        pr_free(g);
    }
}

/* ---- histograms ---- */

/* Where value `v` lies among the edges, in bins. */
static double edge_at(const pare_doc *edges, size_t k, double v) {
    for (size_t i = 0; i < k; i++) {
        double lo = pare_doc_num(pare_doc_at(edges, i)),
               hi = pare_doc_num(pare_doc_at(edges, i + 1));
        if (v < hi || i + 1 == k)
            return (double)i + (hi > lo ? PR_MAX(0, PR_MIN(1, (v - lo) / (hi - lo))) : 0);
    }
    return 0;
}

static void histogram_labels(pr_buf *b, const pare_doc *edges, size_t k) {
    const size_t at[] = {k > 8 ? k / 8 : 0, k / 2, k - k / 8};
    for (size_t i = 0; i < PR_COUNT(at); i++) {
        double v = pare_doc_num(pare_doc_at(edges, at[i]));
        if (!isfinite(v)) continue;
        pr_html(b, "<text x=\"%.1f\" y=\"98\" text-anchor=\"middle\">",
                6 + 248.0 * (double)at[i] / (double)k);
        char label[32];
        pr_short_shown(v, label, sizeof label);
        pr_html(b, "%s</text>", label);
    }
}

void pr_plot_histogram(pr_buf *b, const pare_doc *d, const char *label) {
    const pare_doc *edges = pare_doc_get(d, "edges"), *counts = pare_doc_get(d, "counts");
    size_t k = pare_doc_count(counts);
    double most = 0;
    if (k == 0 || k > 1000 || pare_doc_count(edges) != k + 1) return;
    for (size_t i = 0; i < k; i++) most = PR_MAX(most, pare_doc_num(pare_doc_at(counts, i)));
    pr_html(b, "<svg viewBox=\"0 0 260 102\" role=\"img\" aria-label=\"%s\">", label);
    for (size_t i = 0; i < k && most > 0; i++) {
        double h = 78 * pare_doc_num(pare_doc_at(counts, i)) / most, w = 248.0 / (double)k;
        if (h > 0)
            pr_html(
                b, "<rect class=\"bar\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%.1f\"/>",
                6 + w * (double)i, 83 - h, w * .88, h);
    }
    static const char *const q[] = {"quantiles/p50", "quantiles/p95", "quantiles/p99"};
    for (size_t i = 0; i < PR_COUNT(q); i++) {
        double v = pr_num_at(d, q[i]);
        if (!isfinite(v)) continue;
        double x = 6 + 248 * edge_at(edges, k, v) / (double)k;
        pr_html(b, "<line class=\"q\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"86\"/>", x,
                i ? 70.0 : 5.0, x);
    }
    pr_buf_puts(b, "<line class=\"axis\" x1=\"6\" y1=\"83.5\" x2=\"254\" y2=\"83.5\"/>");
    histogram_labels(b, edges, k);
    pr_buf_puts(b, "</svg>");
}

/* ---- a gate: the interval, the limit, and the side that passes ---- */

void pr_plot_gate(pr_buf *b, const pare_doc *gate) {
    double lo = pr_num_at(gate, "lo"), hi = pr_num_at(gate, "hi"), v = pr_num_at(gate, "value");
    double t = pr_num_at(gate, "threshold");
    const char *verdict = pr_str_at(gate, "verdict"), *op = pr_str_at(gate, "op");
    if (!isfinite(v) || !isfinite(t) || !verdict || !op) return;
    if (!isfinite(lo) || !isfinite(hi)) lo = hi = v;
    double from = PR_MIN(lo, t), to = PR_MAX(hi, t),
           pad = (to - from) * 0.25 + fabs(t) * 0.02 + 1e-12;
    axis a = {.lo = from - pad, .hi = to + pad, .from = 4, .to = 236, .zero = NAN};
    double x = axis_at(&a, t);
    bool more = op[0] == '>';
    pr_html(b, "<svg viewBox=\"0 0 240 28\" role=\"img\" aria-label=\"%s\">",
            pr_str_at(gate, "reason"));
    pr_html(b,
            "<rect class=\"good\" x=\"%.1f\" y=\"4\" width=\"%.1f\" height=\"20\" rx=\"3\"/>",
            more ? x : 4.0, more ? 236 - x : x - 4);
    pr_html(b, "<g class=\"gaterow-%s\">",
            strcmp(verdict, "pass") == 0 || strcmp(verdict, "fail") == 0 ? verdict
                                                                         : "undecided");
    double x1 = axis_at(&a, lo), x2 = axis_at(&a, hi);
    pr_html(b, "<line x1=\"%.1f\" y1=\"14\" x2=\"%.1f\" y2=\"14\" stroke-width=\"2\"/>", x1,
            x2);
    if (x2 - x1 > 2) {
        pr_html(b, "<line x1=\"%.1f\" y1=\"10\" x2=\"%.1f\" y2=\"18\" stroke-width=\"2\"/>", x1,
                x1);
        pr_html(b, "<line x1=\"%.1f\" y1=\"10\" x2=\"%.1f\" y2=\"18\" stroke-width=\"2\"/>", x2,
                x2);
    }
    pr_html(b, "<circle cx=\"%.1f\" cy=\"14\" r=\"4\"/></g>", axis_at(&a, v));
    pr_html(b, "<line class=\"limit\" x1=\"%.1f\" y1=\"2\" x2=\"%.1f\" y2=\"26\"/></svg>", x,
            x);
}

/* ---- types of a variant's tensors, by bytes ---- */

void pr_plot_types(pr_buf *b, const pare_doc *types) {
    double all = 0, at = 0;
    size_t n = pare_doc_count(types);
    for (size_t i = 0; i < n; i++) all += PR_MAX(0, pr_num_at(pare_doc_at(types, i), "bytes"));
    if (!(all > 0)) return;
    pr_buf_puts(
        b, "<svg viewBox=\"0 0 1000 14\" preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    for (size_t i = 0; i < n; i++) {
        double w = 1000 * PR_MAX(0, pr_num_at(pare_doc_at(types, i), "bytes")) / all;
        pr_html(b, "<rect class=\"t%d\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"14\"/>",
                (int)(i % 6) + 1, at, PR_MAX(0, w - 2));
        at += w;
    }
    pr_buf_puts(b, "</svg>");
}
