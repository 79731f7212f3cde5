/* report_page.c - the first half of the page: what was found, and what decided it. */
#include "report_parts.h"
#include <math.h>
#include <stdio.h>

static const pare_doc *chosen(const pare_doc *r) {
    return pr_variant_at(r, pr_str_at(r, "choice/name"));
}

/* ---- head ---- */

static void fact(pr_buf *b, const pare_doc *r, const char *path) {
    const char *s = pr_str_at(r, path);
    if (s) pr_html(b, "<li>%s</li>", s);
}

static void parameters(pr_buf *b, double n) {
    if (!isfinite(n)) return;
    if (n >= 1e9)
        pr_html(b, "<li>%.2f billion parameters</li>", n / 1e9);
    else
        pr_html(b, "<li>%.2f million parameters</li>", n / 1e6);
}

void pr_page_header(pr_buf *b, const pare_doc *r, bool certified) {
    const char *model = pr_str_at(r, "model/name");
    pr_buf_puts(b, "<header>\n");
    pr_html(b,
            "<p class=\"brand\"><b>pare</b> optimization report</p>\n<h1>%s</h1>\n<ul "
            "class=\"facts\">",
            model ? model : "a model");
    fact(b, r, "model/architecture");
    parameters(b, pr_num_at(r, "model/parameters"));
    fact(b, r, "model/precision");
    fact(b, r, "machine/cpu");
    fact(b, r, "created");
    if (isfinite(pr_num_at(r, "seconds")))
        pr_html(b, "<li>%.0f s</li>", pr_num_at(r, "seconds"));
    pr_buf_puts(b, "</ul>\n</header>\n<nav aria-label=\"Sections\"><ul>");
    static const char *const links[][2] = {
        {"front", "Front"},        {"variants", "Variants"},
        {"gates", "Gates"},        {"certificate", "Certificate"},
        {"search", "Search"}, {"distributions", "Distributions"}, {"profile", "Profile"},
        {"tensors", "Tensors"},    {"stages", "Stages"},
        {"how", "Method"},         {"deploy", "Deployment"},
        {"monitor", "Monitoring"}, {"machine", "Machine"}};
    for (size_t i = 0; i < PR_COUNT(links); i++) {
        if (strcmp(links[i][0], "certificate") == 0 && !certified) continue;
        bool more = strcmp(links[i][0], "profile") == 0 || strcmp(links[i][0], "search") == 0;
        if (more && !pare_doc_get(r, links[i][0])) continue;
        pr_html(b, "<li><a href=\"#%s\">%s</a></li>", links[i][0], links[i][1]);
    }
    pr_buf_puts(b, "</ul></nav>\n");
}

/* ---- verdict and cards ---- */

static const char *verdict_class(const char *v) {
    return v && strcmp(v, "pass") == 0   ? "pass"
           : v && strcmp(v, "fail") == 0 ? "fail"
                                         : "undecided";
}

static void verdict(pr_buf *b, const pare_doc *r) {
    const char *v = verdict_class(pr_str_at(r, "verdict"));
    const char *word = *v == 'p' ? "Passes" : *v == 'f' ? "Does not pass" : "Undecided";
    const char *sign = *v == 'p'   ? "M11 21l6 6 12-13"
                       : *v == 'f' ? "M13 13l14 14M27 13L13 27"
                                   : "M15 16a5 5 0 1 1 7 4.6c-1.6.8-2 1.6-2 3.4M20 28.5v.2";
    pr_html(b,
            "<div class=\"verdict %s\" role=\"status\"><svg viewBox=\"0 0 40 40\" "
            "fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.6\""
            " stroke-linecap=\"round\" stroke-linejoin=\"round\" aria-hidden=\"true\"><circle "
            "cx=\"20\" cy=\"20\" r=\"17\"/><path d=\"%s\"/></svg><div>",
            v, sign);
    const char *name = pr_str_at(r, "choice/name");
    pr_html(b, "<p class=\"word\">%s: %s</p>", word,
            name ? name : "no variant could be compared");
    if (pr_str_at(r, "summary")) pr_html(b, "<p>%s</p>", pr_str_at(r, "summary"));
    if (pr_str_at(r, "choice/reason"))
        pr_html(b, "<p class=\"why\">Why this one. %s</p>", pr_str_at(r, "choice/reason"));
    pr_buf_puts(b, "</div></div>\n");
    const pare_doc *warnings = pare_doc_get(r, "warnings");
    for (size_t i = 0, n = pare_doc_count(warnings); i < n; i++) {
        pr_html(b, "<p class=\"warn\"><b>Note.</b> %s</p>\n",
                pare_doc_str(pare_doc_at(warnings, i)));
    }
}

/* The gate of `list` on that metric, or NULL. */
static const pare_doc *gate_on(const pare_doc *list, const char *metric) {
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const char *m = pr_str_at(pare_doc_at(list, i), "metric");
        if (m && strcmp(m, metric) == 0) return pare_doc_at(list, i);
    }
    return NULL;
}

static void gate_line(pr_buf *b, const pare_doc *g) {
    char limit[48];
    const char *v = pr_str_at(g, "verdict"), *op = pr_str_at(g, "op");
    if (!g || !v || !op) return;
    pr_value_shown(pr_str_at(g, "metric"), pr_num_at(g, "threshold"), limit, sizeof limit);
    const char *word = strcmp(v, "pass") == 0   ? "passes"
                       : strcmp(v, "fail") == 0 ? "fails"
                                                : "undecided";
    pr_html(b, "<span class=\"g state is-%s\">%s %s %s</span>", verdict_class(v), word,
            strcmp(op, ">=") == 0   ? "≥"
            : strcmp(op, "<=") == 0 ? "≤"
                                    : op,
            limit);
}

static void card(pr_buf *b, const pare_doc *r, const char *label, const char *metric,
                 const char *against) {
    const pare_doc *m = pr_metric_at(chosen(r), metric, against);
    pr_shown s = pr_metric_shown(m);
    if (!s.known) return;
    char *unit = strrchr(s.value, ' ');
    if (unit) *unit++ = 0;
    pr_html(b, "<li><span class=\"k\">%s</span><span class=\"v\">%s", label, s.value);
    if (unit) pr_html(b, " <small>%s</small>", unit);
    pr_html(b, "</span><span class=\"b\">%s</span>", *s.spread ? s.spread : "counted");
    gate_line(b, gate_on(pare_doc_get(r, "gates"), metric));
    pr_buf_puts(b, "</li>\n");
}

static void cards(pr_buf *b, const pare_doc *r) {
    if (!chosen(r)) return;
    pr_buf_puts(b, "<ul class=\"cards\">\n");
    card(b, r, "Speed over the source", "speedup", "source");
    card(b, r, "Accuracy kept", "accuracy_kept", "source");
    card(b, r, "Memory over the source", "memory_ratio", "source");
    card(b, r, "Variation of token time", "token_cv", NULL);
    card(b, r, "KL divergence, mean", "kld_mean", "source");
    card(b, r, "Perplexity", "perplexity", NULL);
    card(b, r, "Decode speed", "decode_tps", NULL);
    card(b, r, "File", "file_bytes", NULL);
    pr_buf_puts(b, "</ul>\n");
}

/* ---- front ---- */

static void panel(pr_buf *b, const pare_doc *r, const pr_plot_spec *s, const char *note) {
    pr_html(b, "<figure class=\"panel\"><figcaption>%s<span>%s. %s</span></figcaption>\n",
            s->title, s->better, note);
    pr_plot_front(b, r, s);
    pr_buf_puts(b, "</figure>\n");
}

static void legend(pr_buf *b) {
    static const struct {
        bool accepted, front, chosen;
        const char *text;
    } rows[] = {{true, true, true, "chosen"},
                {true, true, false, "on the front, passes everything"},
                {false, true, false, "on the front, does not pass"},
                {true, false, false, "off the front, passes"},
                {false, false, false, "off the front, does not pass"}};
    pr_buf_puts(b, "<ul class=\"legend\">");
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        pr_buf_puts(b, "<li><svg viewBox=\"0 0 22 20\" aria-hidden=\"true\">");
        pr_plot_mark(b, 11, 10, rows[i].accepted, rows[i].front, rows[i].chosen);
        pr_html(b, "</svg>%s</li>", rows[i].text);
    }
    pr_buf_puts(b, "<li><svg viewBox=\"0 0 22 20\" aria-hidden=\"true\"><line class=\"front\" "
                   "x1=\"0\" y1=\"10\" x2=\"22\" y2=\"10\"/></svg>"
                   "best in the two measures shown</li></ul>\n");
}

static void standings(pr_buf *b, const pare_doc *r) {
    static const char *const lists[][2] = {{"front/dominated", "dominated"},
                                           {"front/excluded", "not comparable"}};
    for (size_t k = 0; k < PR_COUNT(lists); k++) {
        const pare_doc *list = pare_doc_path(r, lists[k][0]);
        for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
            const pare_doc *d = pare_doc_at(list, i);
            pr_html(b, "<p class=\"note\"><b>%s</b> is %s: %s.</p>\n", pr_str_at(d, "name"),
                    lists[k][1], pr_str_at(d, "reason"));
        }
    }
}

static void front(pr_buf *b, const pare_doc *r) {
    pr_buf_puts(
        b,
        "<section id=\"front\" aria-labelledby=\"h-front\"><h2 id=\"h-front\">The Pareto "
        "front</h2>\n"
        "<p class=\"lead\">A variant is dominated only if another is at least as good in every "
        "objective, "
        "bounds included, and better in one. Bars are the bounds.</p>\n<div class=\"two\">\n");
    panel(b, r,
          &(pr_plot_spec){"memory_bytes", NULL, "kld_mean", "source",
                          "Divergence against memory", "Better: down and left", true},
          "KL divergence from the source, nats, logarithmic");
    panel(b, r,
          &(pr_plot_spec){"memory_bytes", NULL, "speedup", "source", "Speed against memory",
                          "Better: up and left", false},
          "Decode speed over the source’s, ×");
    pr_buf_puts(b, "</div>\n");
    legend(b);
    standings(b, r);
    pr_buf_puts(b, "</section>\n");
}

/* ---- variants ---- */

typedef struct {
    const char *label, *unit, *metric, *against;
} column;
static const column columns[] = {
    {"File", "", "file_bytes", NULL},
    {"Bits", "a weight", "bpw", NULL},
    {"Perplexity", "", "perplexity", NULL},
    {"Divergence", "mean KLD, nats", "kld_mean", "source"},
    {"Same token", "%", "top1_agreement", "source"},
    {"Accuracy", "% kept", "accuracy_kept", "source"},
    {"Decode", "tok/s", "decode_tps", NULL},
    {"Speed", "× source", "speedup", "source"},
    {"Memory", "", "memory_bytes", NULL},
    {"Token 95 %", "ms", "token_ms_p95", NULL},
};

/* `bare`: the column's head names the unit. */
static void cell(pr_buf *b, const pare_doc *m, bool bare) {
    pr_shown s = pr_metric_shown(m);
    double v = pr_num_at(m, "value");
    char *unit = strrchr(s.value, ' ');
    if (bare && unit && strcmp(unit + 1, "MB") != 0 && strcmp(unit + 1, "GB") != 0 &&
        strcmp(unit + 1, "kB") != 0)
        *unit = 0;
    pr_buf_puts(b, "<td class=\"n\" data-v=\"");
    if (isfinite(v)) pr_buf_printf(b, "%.9g", v);
    pr_html(b, "\">%s", s.value);
    if (*s.spread) pr_html(b, "<small>%s</small>", s.spread);
    pr_buf_puts(b, "</td>");
}

static size_t not_passed(const pare_doc *v) {
    static const char *const keys[] = {"constraints", "gates"};
    size_t n = 0;
    for (size_t k = 0; k < PR_COUNT(keys); k++) {
        const pare_doc *list = pare_doc_get(v, keys[k]);
        for (size_t i = 0; i < pare_doc_count(list); i++) {
            const char *s = pr_str_at(pare_doc_at(list, i), "verdict");
            n += !s || strcmp(s, "pass") != 0;
        }
    }
    return n;
}

static void status_cell(pr_buf *b, const pare_doc *v) {
    size_t n = not_passed(v), of = pare_doc_count(pare_doc_get(v, "gates")) +
                                   pare_doc_count(pare_doc_get(v, "constraints"));
    if (pr_str_at(v, "error"))
        pr_html(b, "<td data-v=\"99\">%s</td>", pr_str_at(v, "error"));
    else if (of == 0)
        pr_buf_puts(b, "<td data-v=\"\">–</td>");
    else if (n)
        pr_html(b,
                "<td data-v=\"%zu\"><span class=\"state is-fail\">%zu of %zu</span></td>",
                n, n, of);
    else
        pr_html(b, "<td data-v=\"0\"><span class=\"state is-pass\">passes</span></td>");
}

static void variant_row(pr_buf *b, const pare_doc *r, const pare_doc *v, const char *tag) {
    const char *name = pr_str_at(v, "name"), *choice = pr_str_at(r, "choice/name");
    bool picked = name && choice && strcmp(name, choice) == 0;
    pr_html(b, "<tr class=\"%s\"><th scope=\"row\" data-v=\"%s\">%s",
            picked ? "picked"
            : tag  ? "base"
                   : "",
            name, name);
    if (tag) pr_html(b, "<span class=\"tag\">%s</span>", tag);
    if (picked)
        pr_html(b, "<span class=\"tag key\">%s</span>",
                pare_doc_bool(pare_doc_path(r, "choice/accepted")) ? "chosen" : "nearest");
    if (!picked && !tag && !pr_names_have(pare_doc_path(r, "front/members"), name))
        pr_buf_puts(b, "<span class=\"tag\">off the front</span>");
    pr_buf_puts(b, "</th>");
    for (size_t i = 0; i < PR_COUNT(columns); i++)
        cell(b, pr_metric_at(v, columns[i].metric, columns[i].against), true);
    double score = pr_num_at(v, "score");
    pr_buf_puts(b, "<td class=\"n\" data-v=\"");
    if (isfinite(score))
        pr_html(b, "%.6f\">%.3f</td>", score, score);
    else
        pr_buf_puts(b, "\">–</td>");
    status_cell(b, v);
    pr_buf_puts(b, "</tr>\n");
}

static void variant_head(pr_buf *b) {
    pr_buf_puts(b, "<thead><tr><th scope=\"col\">Variant</th>");
    for (size_t i = 0; i < PR_COUNT(columns); i++) {
        pr_html(b, "<th scope=\"col\" class=\"n\">%s", columns[i].label);
        if (*columns[i].unit) pr_html(b, " <small>%s</small>", columns[i].unit);
        pr_buf_puts(b, "</th>");
    }
    pr_buf_puts(
        b,
        "<th scope=\"col\" class=\"n\">Score</th><th scope=\"col\">Gates</th></tr></thead>\n");
}

static void variants(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "variants"), *f32 = pare_doc_get(r, "baseline_f32");
    pr_buf_puts(
        b, "<section id=\"variants\" aria-labelledby=\"h-variants\"><h2 "
           "id=\"h-variants\">Variants</h2>\n"
           "<p class=\"lead\">Every number with its bounds at 95 %; the baselines first.</p>\n"
           "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
           "aria-labelledby=\"h-variants\"><table class=\"stick sort dense\">\n");
    variant_head(b);
    pr_buf_puts(b, "<tbody class=\"bases\">\n");
    if (pare_doc_count(f32) && !pr_variant_at(r, pr_str_at(f32, "name")))
        variant_row(b, r, f32, "F32 baseline");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *v = pare_doc_at(list, i);
        if (pare_doc_bool(pare_doc_get(v, "baseline"))) variant_row(b, r, v, "source baseline");
    }
    pr_buf_puts(b, "</tbody>\n<tbody>\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *v = pare_doc_at(list, i);
        if (!pare_doc_bool(pare_doc_get(v, "baseline"))) variant_row(b, r, v, NULL);
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

/* The choice against the source's own precision and against F32, side by side. */
static void both_baselines(pr_buf *b, const pare_doc *r) {
    static const char *const names[] = {"speedup",       "memory_ratio", "accuracy_kept",
                                        "ppl_ratio",     "kld_mean",     "kld_p99",
                                        "top1_agreement"};
    const pare_doc *v = chosen(r);
    if (!v) return;
    pr_html(b,
            "<h3>%s against both baselines</h3>\n<div class=\"scroll\" tabindex=\"0\" "
            "role=\"region\" aria-label=\"Both baselines\">"
            "<table class=\"lined\"><thead><tr><th scope=\"col\">Measure</th><th scope=\"col\" "
            "class=\"n\">against %s, the source</th>"
            "<th scope=\"col\" class=\"n\">against F32</th></tr></thead><tbody>\n",
            pr_str_at(v, "name"), pr_str_at(r, "model/precision"));
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        const pare_doc *a = pr_metric_at(v, names[i], "source"),
                       *z = pr_metric_at(v, names[i], "f32");
        if (!a && !z) continue;
        const pr_metric_info *info = pr_metric_info_find(names[i]);
        pr_html(b, "<tr><th scope=\"row\">%s</th>", info ? info->label : names[i]);
        cell(b, a, false);
        cell(b, z, false);
        pr_buf_puts(b, "</tr>\n");
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

/* What is null, and why; each reason once. */
static void not_measured(pr_buf *b, const pare_doc *r) {
    const pare_doc *list =
        pare_doc_path(chosen(r) ? chosen(r) : pare_doc_get(r, "baseline"), "metrics");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *m = pare_doc_at(list, i);
        if (pare_doc_kind(pare_doc_get(m, "value")) != PARE_DOC_NULL) continue;
        pr_html(b, "<p class=\"note\">Not measured: <code>%s</code>: %s.</p>\n",
                pr_str_at(m, "name"), pr_str_at(m, "reason"));
    }
}

/* ---- gates ---- */

static const char *op_sign(const char *op) {
    return !op ? "?" : strcmp(op, ">=") == 0 ? "≥" : strcmp(op, "<=") == 0 ? "≤" : op;
}

static void gate_row(pr_buf *b, const pare_doc *g, const char *kind) {
    const char *metric = pr_str_at(g, "metric"), *against = pr_str_at(g, "against"),
               *v = pr_str_at(g, "verdict");
    char limit[48], margin[48] = "–";
    pr_value_shown(metric, pr_num_at(g, "threshold"), limit, sizeof limit);
    double m = pr_num_at(g, "margin");
    if (isfinite(m)) pr_gap_shown(metric, fabs(m), margin, sizeof margin);
    pr_html(b, "<tr><th scope=\"row\">%s<span class=\"tag\">%s</span></th><td><code>%s</code>",
            pr_str_at(g, "name"), kind, metric);
    if (against)
        pr_html(b, "<br><small>against %s</small>",
                strcmp(against, "f32") == 0 ? "F32" : "the source");
    pr_html(b, "</td><td class=\"n\">%s %s</td>", op_sign(pr_str_at(g, "op")), limit);
    /* A gate holds value, lo and hi as a metric does; what a metric is called differs. */
    char value[48];
    pr_value_shown(metric, pr_num_at(g, "value"), value, sizeof value);
    pr_html(b, "<td class=\"n\">%s", value);
    if (pr_num_at(g, "lo") < pr_num_at(g, "hi")) {
        char lo[48], hi[48];
        pr_value_shown(metric, pr_num_at(g, "lo"), lo, sizeof lo);
        pr_value_shown(metric, pr_num_at(g, "hi"), hi, sizeof hi);
        pr_html(b, "<small>%s – %s</small>", lo, hi);
    }
    pr_buf_puts(b, "</td><td class=\"plot\">");
    pr_plot_gate(b, g);
    pr_html(b,
            "<small>%s</small></td><td class=\"n\">%s%s</td><td><span class=\"state "
            "is-%s\">%s</span></td></tr>\n",
            pr_str_at(g, "reason"),
            !isfinite(m) ? ""
            : m < 0      ? "−"
                         : "+",
            margin, verdict_class(v), v ? v : "undecided");
}

static void matrix_cell(pr_buf *b, const pare_doc *g) {
    char margin[48] = "missing";
    double m = pr_num_at(g, "margin");
    if (isfinite(m)) pr_gap_shown(pr_str_at(g, "metric"), fabs(m), margin, sizeof margin);
    const char *v = pr_str_at(g, "verdict");
    pr_html(b,
            "<td class=\"n\" data-v=\"%.9f\"><span class=\"state is-%s\"><span "
            "class=\"why\">%s%s</span></span></td>",
            isfinite(m) ? m : -1e9, verdict_class(v),
            !isfinite(m) ? ""
            : m < 0      ? "−"
                         : "+",
            margin);
}

/* Every candidate against every gate: margins. */
static void matrix(pr_buf *b, const pare_doc *r) {
    static const char *const keys[] = {"constraints", "gates"};
    const pare_doc *list = pare_doc_get(r, "variants"), *one = pare_doc_at(list, 0);
    if (pare_doc_count(pare_doc_get(one, "gates")) +
            pare_doc_count(pare_doc_get(one, "constraints")) ==
        0)
        return;
    pr_buf_puts(b, "<h3>Margins of every candidate</h3>\n<div class=\"scroll\" tabindex=\"0\" "
                   "role=\"region\" aria-label=\"Margins of every candidate\">"
                   "<table class=\"stick sort\"><thead><tr><th scope=\"col\">Variant</th>");
    for (size_t k = 0; k < PR_COUNT(keys); k++) {
        const pare_doc *gates = pare_doc_get(one, keys[k]);
        for (size_t i = 0; i < pare_doc_count(gates); i++)
            pr_html(b, "<th scope=\"col\" class=\"n\">%s</th>",
                    pr_str_at(pare_doc_at(gates, i), "name"));
    }
    pr_buf_puts(b, "</tr></thead><tbody>\n");
    for (size_t v = 0, n = pare_doc_count(list); v < n; v++) {
        pr_html(b, "<tr><th scope=\"row\" data-v=\"%s\">%s</th>",
                pr_str_at(pare_doc_at(list, v), "name"),
                pr_str_at(pare_doc_at(list, v), "name"));
        for (size_t k = 0; k < PR_COUNT(keys); k++) {
            const pare_doc *gates = pare_doc_get(pare_doc_at(list, v), keys[k]);
            for (size_t i = 0; i < pare_doc_count(gates); i++)
                matrix_cell(b, pare_doc_at(gates, i));
        }
        pr_buf_puts(b, "</tr>\n");
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

static void gates(pr_buf *b, const pare_doc *r) {
    const pare_doc *gates_list = pare_doc_get(r, "gates"),
                   *limits = pare_doc_get(chosen(r), "constraints");
    pr_buf_puts(
        b, "<section id=\"gates\" aria-labelledby=\"h-gates\"><h2 id=\"h-gates\">Gates</h2>\n");
    pr_html(b,
            "<p class=\"lead\">Policy %s (%s). A gate compares the unfavourable bound; a "
            "metric that is missing fails.</p>\n",
            pr_str_at(r, "policy/name"), pr_str_at(r, "policy/source"));
    pr_buf_puts(b,
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                "aria-labelledby=\"h-gates\"><table class=\"mid\"><thead><tr><th "
                "scope=\"col\">Gate</th>"
                "<th scope=\"col\">Metric</th><th scope=\"col\" class=\"n\">Limit</th><th "
                "scope=\"col\" class=\"n\">Measured</th><th scope=\"col\">Bounds and limit</th>"
                "<th scope=\"col\" class=\"n\">Margin</th><th "
                "scope=\"col\">Verdict</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(limits); i < n; i++)
        gate_row(b, pare_doc_at(limits, i), "constraint");
    for (size_t i = 0, n = pare_doc_count(gates_list); i < n; i++)
        gate_row(b, pare_doc_at(gates_list, i), "gate");
    pr_buf_puts(b, "</tbody></table></div>\n");
    matrix(b, r);
    pr_buf_puts(b, "</section>\n");
}

void pr_page_body(pr_buf *b, const pare_doc *r) {
    verdict(b, r);
    cards(b, r);
    front(b, r);
    variants(b, r);
    both_baselines(b, r);
    not_measured(b, r);
    pr_buf_puts(b, "</section>\n");
    gates(b, r);
}
