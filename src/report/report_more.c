/* report_more.c - the second half of the page: what lies behind the verdict, and what to do
 * with the result. A part that the report lacks is left out. */
#include "report_parts.h"
#include <math.h>
#include <stdio.h>

static void seconds(pr_buf *b, double s) {
    if (isfinite(s)) pr_buf_printf(b, s < 10 ? "%.2f s" : "%.0f s", s);
}

static void bytes(char *dst, size_t cap, double n) {
    pr_metric_show(pr_metric_info_find("file_bytes"), n, 0, dst, cap);
}

/* "2,272,544" into a cell; nothing where it is not known. */
static void counted_cell(pr_buf *b, double n) {
    char text[32];
    int len = isfinite(n) && fabs(n) < 1e15 ? snprintf(text, sizeof text, "%.0f", n) : 0;
    pr_buf_puts(b, "<td class=\"n\">");
    for (int i = 0; i < len; i++)
        pr_buf_printf(b, "%s%c", i && (len - i) % 3 == 0 ? "," : "", text[i]);
    pr_buf_puts(b, "</td>");
}

static bool is_choice(const pare_doc *r, const pare_doc *v) {
    const char *a = pr_str_at(r, "choice/name"), *z = pr_str_at(v, "name");
    return a && z && strcmp(a, z) == 0;
}

/* ---- distributions ---- */

static void quantiles(pr_buf *b, const pare_doc *d) {
    static const char *const q[][2] = {
        {"50 %", "quantiles/p50"}, {"95 %", "quantiles/p95"}, {"99 %", "quantiles/p99"}};
    for (size_t i = 0; i < PR_COUNT(q); i++) {
        char text[32];
        double v = pr_num_at(d, q[i][1]);
        if (!isfinite(v)) continue;
        pr_short_shown(v, text, sizeof text);
        pr_html(b, "<i>%s: %s</i> ", q[i][0], text);
    }
}

static bool any_distribution(const pare_doc *r, const char *key) {
    const pare_doc *list = pare_doc_get(r, "variants");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        if (pare_doc_count(
                pare_doc_path(pare_doc_path(pare_doc_at(list, i), "distributions"), key)))
            return true;
    }
    return false;
}

static void histograms(pr_buf *b, const pare_doc *r, const char *key, const char *title) {
    const pare_doc *list = pare_doc_get(r, "variants");
    if (!any_distribution(r, key)) return;
    pr_html(b, "<h3>%s</h3>\n<div class=\"grid\">\n", title);
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *v = pare_doc_at(list, i),
                       *d = pare_doc_get(pare_doc_get(v, "distributions"), key);
        if (!pare_doc_count(d)) continue;
        pr_html(b, "<figure class=\"panel\"><figcaption>%s%s<span>", pr_str_at(v, "name"),
                is_choice(r, v) ? " (chosen)" : "");
        quantiles(b, d);
        pr_buf_puts(b, "</span></figcaption>");
        pr_plot_histogram(b, d, title);
        pr_buf_puts(b, "</figure>\n");
    }
    pr_buf_puts(b, "</div>\n");
}

static void distributions(pr_buf *b, const pare_doc *r) {
    if (!any_distribution(r, "kld") && !any_distribution(r, "token_ms")) return;
    pr_page_section(b, "distributions", "Distributions",
                 "A mean hides its tail. The long line is the median, the short ones the 95 % "
                 "and 99 % quantiles.");
    histograms(b, r, "kld", "KL divergence of a token, nats, logarithmic");
    histograms(b, r, "token_ms", "Time of a token, ms");
    pr_buf_puts(b, "</section>\n");
}

/* ---- acceleration ---- */

static void acceleration_row(pr_buf *b, const pare_doc *a) {
    pr_shown s = pr_metric_shown(pare_doc_get(a, "decode_tps"));
    bool picked = pare_doc_bool(pare_doc_get(a, "chosen"));
    double threads = pr_num_at(a, "threads");
    pr_html(b,
            "<tr class=\"%s\"><td class=\"n\">%.0f</td><td>%s</td><td>%s</td><td>%s%s</td><td "
            "class=\"n\">%s <small>%s</small></td></tr>\n",
            picked ? "picked" : "", isfinite(threads) ? threads : 0, pr_str_at(a, "state"),
            pr_str_at(a, "level"), pr_str_at(a, "runner"), picked ? ", chosen" : "", s.value,
            s.spread);
}

static void accelerations(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "variants");
    bool said = false;
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *v = pare_doc_at(list, i), *tried = pare_doc_get(v, "accelerations");
        if (!pare_doc_count(tried)) continue;
        if (!said)
            pr_page_section(b, "acceleration", "Acceleration",
                         "Threads × state type × kernels × runner, as tried for each variant.");
        said = true;
        pr_html(b, "<details%s", is_choice(r, v) ? " open" : "");
        pr_html(b, "><summary>%s<small>%zu settings</small></summary>", pr_str_at(v, "name"),
                pare_doc_count(tried));
        pr_page_table(b, "Settings tried", "lined");
        pr_buf_puts(b, "<thead><tr><th scope=\"col\" class=\"n\">Threads</th><th "
                       "scope=\"col\">State</th><th scope=\"col\">Kernels</th>"
                       "<th scope=\"col\">Runner</th><th scope=\"col\" "
                       "class=\"n\">Decode</th></tr></thead><tbody>\n");
        for (size_t k = 0; k < pare_doc_count(tried); k++)
            acceleration_row(b, pare_doc_at(tried, k));
        pr_buf_puts(b, "</tbody></table></div></details>\n");
    }
    if (said) pr_buf_puts(b, "</section>\n");
}

/* ---- tensors ---- */

static void types_legend(pr_buf *b, const pare_doc *types) {
    double all = 0;
    size_t n = pare_doc_count(types);
    for (size_t i = 0; i < n; i++) all += PR_MAX(0, pr_num_at(pare_doc_at(types, i), "bytes"));
    pr_buf_puts(b, "<ul class=\"legend\">");
    for (size_t i = 0; i < n; i++) {
        const pare_doc *t = pare_doc_at(types, i);
        char size[48];
        bytes(size, sizeof size, pr_num_at(t, "bytes"));
        pr_html(b,
                "<li><svg viewBox=\"0 0 22 16\" aria-hidden=\"true\"><rect class=\"t%d\" "
                "x=\"3\" y=\"2\" width=\"16\" height=\"12\" rx=\"2\"/></svg>",
                (int)(i % 6) + 1);
        pr_html(b, "%s: %.0f tensors, %s, %.1f %%</li>", pr_str_at(t, "type"),
                pr_num_at(t, "n"), size, all > 0 ? 100 * pr_num_at(t, "bytes") / all : 0);
    }
    pr_buf_puts(b, "</ul>");
}

static void shape(pr_buf *b, const pare_doc *s) {
    for (size_t i = 0; i < pare_doc_count(s); i++)
        pr_html(b, "%s%.0f", i ? " × " : "", pare_doc_num(pare_doc_at(s, i)));
}

static void tensor_row(pr_buf *b, const pare_doc *t) {
    const char *asked = pr_str_at(t, "asked"), *got = pr_str_at(t, "got"),
               *why = pr_str_at(t, "why");
    char size[48];
    bytes(size, sizeof size, pr_num_at(t, "bytes"));
    pr_html(b, "<tr><th scope=\"row\"><code>%s</code></th><td>%s</td><td class=\"n\">",
            pr_str_at(t, "name"), pr_str_at(t, "role"));
    shape(b, pare_doc_get(t, "shape"));
    pr_html(b, "</td><td>%s", got);
    if (asked && got && strcmp(asked, got) != 0)
        pr_html(b, " <small>instead of %s</small>", asked);
    if (why) pr_html(b, " <small>%s</small>", why);
    pr_html(b, "</td><td class=\"n\">%s</td><td class=\"n\">%.3f</td></tr>\n", size,
            pr_num_at(t, "bpw"));
}

static void tensors_of(pr_buf *b, const pare_doc *r, const pare_doc *v) {
    const pare_doc *t = pare_doc_get(v, "tensors"), *list = pare_doc_get(t, "list");
    double fell = pr_num_at(t, "fell_back");
    char size[48];
    if (!pare_doc_count(t)) return;
    bytes(size, sizeof size, pr_num_at(v, "bytes"));
    pr_html(b, "<details><summary>%s%s<small>%s, %.2f bits a weight", pr_str_at(v, "name"),
            is_choice(r, v) ? " (chosen)" : "", size, pr_num_at(v, "bpw"));
    if (fell > 0) pr_html(b, ", %.0f fell back", fell);
    pr_buf_puts(b, "</small></summary><div class=\"types\">");
    pr_plot_types(b, pare_doc_get(t, "types"));
    types_legend(b, pare_doc_get(t, "types"));
    pr_buf_puts(b, "</div>");
    if (pare_doc_count(list)) {
        pr_page_table(b, "Types of the tensors", "stick");
        pr_buf_puts(b, "<thead><tr><th scope=\"col\">Tensor</th><th scope=\"col\">Role</th><th "
                       "scope=\"col\" class=\"n\">Shape</th><th scope=\"col\">Type</th>"
                       "<th scope=\"col\" class=\"n\">Bytes</th><th scope=\"col\" "
                       "class=\"n\">Bits a weight</th></tr></thead><tbody>\n");
        for (size_t i = 0, n = pare_doc_count(list); i < n; i++)
            tensor_row(b, pare_doc_at(list, i));
        pr_buf_puts(b, "</tbody></table></div>");
    }
    pr_buf_puts(b, "</details>\n");
}

static void tensors(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "variants");
    pr_page_section(b, "tensors", "Types per tensor",
                 "By share of bytes; open a variant for every tensor, what was asked for and "
                 "what it got.");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++)
        tensors_of(b, r, pare_doc_at(list, i));
    pr_buf_puts(b, "</section>\n");
}

/* ---- stages ---- */

static const char *stage_title(const char *name) {
    static const char *const titles[][2] = {{"baseline_measurement", "Baseline measurement"},
                                            {"format_conversion", "Format conversion"},
                                            {"quantization_optimization", "Quantization"},
                                            {"hardware_acceleration", "Hardware acceleration"},
                                            {"production_validation", "Production validation"}};
    for (size_t i = 0; name && i < PR_COUNT(titles); i++) {
        if (strcmp(titles[i][0], name) == 0) return titles[i][1];
    }
    return name;
}

static void stage(pr_buf *b, const pare_doc *s, size_t at) {
    const pare_doc *steps = pare_doc_get(s, "steps");
    pr_html(b, "<details><summary>%zu. %s<small>", at + 1, stage_title(pr_str_at(s, "name")));
    seconds(b, pr_num_at(s, "seconds"));
    double measured = pr_num_at(s, "measured"), cached = pr_num_at(s, "cached");
    if (isfinite(measured)) pr_html(b, ", %.0f measured", measured);
    if (cached > 0) pr_html(b, ", %.0f from the records", cached);
    const char *status = pr_str_at(s, "status");
    if (status && strcmp(status, "done") != 0)
        pr_html(b, ", %s: %s", status, pr_str_at(s, "reason"));
    pr_buf_puts(b, "</small></summary>");
    pr_page_table(b, "Steps", "lined");
    pr_buf_puts(
        b, "<thead><tr><th scope=\"col\">Step</th><th scope=\"col\" class=\"n\">Time</th><th "
           "scope=\"col\">From</th><th scope=\"col\">Result</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(steps); i < n; i++) {
        const pare_doc *x = pare_doc_at(steps, i);
        const char *detail = pr_str_at(x, "detail");
        pr_html(b, "<tr><th scope=\"row\">%s</th><td class=\"n\">", pr_str_at(x, "what"));
        seconds(b, pr_num_at(x, "seconds"));
        pr_html(b, "</td><td>%s</td><td>%s</td></tr>\n",
                pare_doc_bool(pare_doc_get(x, "cached")) ? "the records" : "this run",
                detail ? detail : "");
    }
    pr_buf_puts(b, "</tbody></table></div></details>\n");
}

/* The five as one bar, by time. */
static void stages_bar(pr_buf *b, const pare_doc *list) {
    double all = 0, at = 0;
    size_t n = pare_doc_count(list);
    for (size_t i = 0; i < n; i++) all += PR_MAX(0, pr_num_at(pare_doc_at(list, i), "seconds"));
    if (!(all > 0)) return;
    pr_buf_puts(b, "<div class=\"panel types\"><svg viewBox=\"0 0 1000 14\" "
                   "preserveAspectRatio=\"none\" aria-hidden=\"true\">");
    for (size_t i = 0; i < n; i++) {
        double w = 1000 * PR_MAX(0, pr_num_at(pare_doc_at(list, i), "seconds")) / all;
        pr_html(b, "<rect class=\"t%d\" x=\"%.1f\" y=\"0\" width=\"%.1f\" height=\"14\"/>",
                (int)(i % 6) + 1, at, PR_MAX(0, w - 2));
        at += w;
    }
    pr_buf_puts(b, "</svg><ul class=\"legend\">");
    for (size_t i = 0; i < n; i++) {
        pr_html(b,
                "<li><svg viewBox=\"0 0 22 16\" aria-hidden=\"true\"><rect class=\"t%d\" "
                "x=\"3\" y=\"2\" width=\"16\" height=\"12\" rx=\"2\"/></svg>%s, ",
                (int)(i % 6) + 1, stage_title(pr_str_at(pare_doc_at(list, i), "name")));
        seconds(b, pr_num_at(pare_doc_at(list, i), "seconds"));
        pr_buf_puts(b, "</li>");
    }
    pr_buf_puts(b, "</ul></div>\n");
}

static void stages(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "stages");
    if (!pare_doc_count(list)) return;
    pr_page_section(b, "stages", "Stages",
                 "What ran, for how long, and what was taken from earlier records.");
    stages_bar(b, list);
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) stage(b, pare_doc_at(list, i), i);
    pr_buf_puts(b, "</section>\n");
}

/* ---- how each number was obtained ---- */

static void pair(pr_buf *b, const char *key, const pare_doc *v) {
    if (pare_doc_kind(v) == PARE_DOC_STR)
        pr_html(b, "<dt>%s</dt><dd>%s</dd>", key, pare_doc_str(v));
    if (pare_doc_kind(v) == PARE_DOC_BOOL)
        pr_html(b, "<dt>%s</dt><dd>%s</dd>", key, pare_doc_bool(v) ? "yes" : "no");
    if (!isfinite(pare_doc_num(v))) return;
    pr_html(b, "<dt>%s</dt><dd>", key);
    pr_buf_printf(b, "%.15g</dd>", pare_doc_num(v));
}

static void how_one(pr_buf *b, const pare_doc *h) {
    const pare_doc *metrics = pare_doc_get(h, "metrics"), *inputs = pare_doc_get(h, "inputs");
    pr_buf_puts(b, "<div class=\"panel\"><h3>");
    for (size_t i = 0, n = pare_doc_count(metrics); i < n; i++)
        pr_html(b, "%s<code>%s</code>", i ? ", " : "", pare_doc_str(pare_doc_at(metrics, i)));
    pr_buf_puts(b, "</h3><dl>");
    pair(b, "method", pare_doc_get(h, "method"));
    pair(b, "bounds", pare_doc_get(h, "bounds"));
    pair(b, "source", pare_doc_get(h, "source"));
    for (size_t i = 0, n = pare_doc_count(inputs); i < n; i++) {
        const char *name = pr_str_at(pare_doc_at(inputs, i), "name");
        if (name) pair(b, name, pare_doc_get(pare_doc_at(inputs, i), "value"));
    }
    pr_buf_puts(b, "</dl></div>\n");
}

static void how(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "how");
    if (!pare_doc_count(list)) return;
    pr_page_section(b, "how", "How each number was obtained", NULL);
    pr_buf_puts(b, "<div class=\"how\">\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) how_one(b, pare_doc_at(list, i));
    pr_buf_puts(b, "</div></section>\n");
}

/* ---- deployment and monitoring ---- */

static void texts(pr_buf *b, const pare_doc *list) {
    if (!pare_doc_count(list)) return;
    pr_buf_puts(b, "<ul class=\"plain\">");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++)
        pr_html(b, "<li>%s</li>", pare_doc_str(pare_doc_at(list, i)));
    pr_buf_puts(b, "</ul>\n");
}

static void commands(pr_buf *b, const pare_doc *list) {
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *c = pare_doc_at(list, i);
        pr_html(b,
                "<div class=\"cmd\"><p>%s</p><div class=\"row\"><pre "
                "tabindex=\"0\"><code>%s</code></pre></div>",
                pr_str_at(c, "title"), pr_str_at(c, "command"));
        if (pr_str_at(c, "note"))
            pr_html(b, "<span class=\"note\">%s</span>", pr_str_at(c, "note"));
        pr_buf_puts(b, "</div>\n");
    }
}

static void files(pr_buf *b, const pare_doc *list, const char *title) {
    if (!pare_doc_count(list)) return;
    pr_html(b, "<h3>%s</h3>\n", title);
    pr_page_table(b, title, "lined");
    pr_buf_puts(b,
                "<thead><tr><th scope=\"col\">File</th><th scope=\"col\" "
                "class=\"n\">Bytes</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *f = pare_doc_at(list, i);
        pr_html(b, "<tr><td><code>%s</code></td>", pr_str_at(f, "path"));
        counted_cell(b, pr_num_at(f, "bytes"));
        pr_html(b, "<td class=\"hash\">%s</td></tr>\n", pr_str_at(f, "sha256"));
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

static void deployment(pr_buf *b, const pare_doc *r) {
    const pare_doc *g = pare_doc_get(r, "guidance");
    if (!pare_doc_count(g)) return;
    pr_page_section(b, "deploy", "Deployment", NULL);
    commands(b, pare_doc_get(g, "commands"));
    files(b, pare_doc_get(g, "files"), "What is deployed");
    if (pare_doc_count(pare_doc_get(g, "tradeoffs"))) pr_buf_puts(b, "<h3>Trade-offs</h3>\n");
    texts(b, pare_doc_get(g, "tradeoffs"));
    if (pare_doc_count(pare_doc_get(g, "notes"))) pr_buf_puts(b, "<h3>Notes</h3>\n");
    texts(b, pare_doc_get(g, "notes"));
    pr_buf_puts(b, "</section>\n");
}

static void monitor_row(pr_buf *b, const pare_doc *m) {
    const char *name = pr_str_at(m, "metric"), *op = pr_str_at(m, "alert/op");
    char base[48], lo[48], hi[48], limit[48];
    pr_value_shown(name, pr_num_at(m, "baseline"), base, sizeof base);
    pr_value_shown(name, pr_num_at(m, "lo"), lo, sizeof lo);
    pr_value_shown(name, pr_num_at(m, "hi"), hi, sizeof hi);
    pr_value_shown(name, pr_num_at(m, "alert/threshold"), limit, sizeof limit);
    pr_html(b,
            "<tr><th scope=\"row\"><code>%s</code></th><td class=\"n\">%s<small>%s – "
            "%s</small></td>",
            name, base, lo, hi);
    pr_html(b, "<td class=\"n\">%s %s</td><td>%s</td><td class=\"why\">%s</td></tr>\n", op,
            limit, pr_str_at(m, "every"), pr_str_at(m, "why"));
}

static void monitoring(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "monitoring");
    if (!pare_doc_count(list)) return;
    pr_page_section(
        b, "monitor", "What to monitor",
        "Baselines are what was measured here; an alert is raised when the condition holds.");
    pr_page_table(b, "What to monitor", "");
    pr_buf_puts(b,
                "<thead><tr><th scope=\"col\">Metric</th><th scope=\"col\" "
                "class=\"n\">Baseline</th><th scope=\"col\" class=\"n\">Alert if</th>"
                "<th scope=\"col\">Every</th><th scope=\"col\">Why</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++)
        monitor_row(b, pare_doc_at(list, i));
    pr_buf_puts(b, "</tbody></table></div></section>\n");
}

/* ---- machine, settings, hashes ---- */

/* The plain members of an object, as a list; an object within is named "outer, inner". */
static void facts(pr_buf *b, const pare_doc *o, const char *prefix, int depth) {
    pare_doc_iter it = {0};
    while (pare_doc_next(o, &it)) {
        char key[160];
        snprintf(key, sizeof key, "%s%s%s", prefix, *prefix ? ", " : "", it.key ? it.key : "");
        if (pare_doc_kind(it.value) == PARE_DOC_OBJECT && depth < 3)
            facts(b, it.value, key, depth + 1);
        if (pare_doc_kind(it.value) == PARE_DOC_ARRAY) {
            size_t n = pare_doc_count(it.value);
            if (n == 0 || !pare_doc_str(pare_doc_at(it.value, 0))) continue;
            pr_html(b, "<dt>%s</dt><dd>", key);
            for (size_t i = 0; i < n; i++)
                pr_html(b, "%s%s", i ? ", " : "", pare_doc_str(pare_doc_at(it.value, i)));
            pr_buf_puts(b, "</dd>");
        } else {
            pair(b, key, it.value);
        }
    }
}

static void fact_list(pr_buf *b, const pare_doc *o, const char *title) {
    if (!pare_doc_count(o)) return;
    pr_html(b, "<div class=\"panel\"><h3>%s</h3><dl>", title);
    facts(b, o, "", 0);
    pr_buf_puts(b, "</dl></div>\n");
}

static void artefacts(pr_buf *b, const pare_doc *r) {
    const pare_doc *list = pare_doc_get(r, "variants");
    pr_buf_puts(b, "<h3>Artefacts</h3>\n");
    pr_page_table(b, "Artefacts", "lined");
    pr_buf_puts(
        b,
        "<thead><tr><th scope=\"col\">Variant</th><th scope=\"col\">File</th>"
        "<th scope=\"col\">Format</th><th scope=\"col\">Runner</th><th scope=\"col\" "
        "class=\"n\">Bytes</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *v = pare_doc_at(list, i);
        const char *path = pr_str_at(v, "path");
        const char *version = pr_str_at(v, "runtime/version");
        pr_html(b, "<tr><th scope=\"row\">%s</th><td><code>%s</code></td><td>%s</td><td>%s %s</td>",
                pr_str_at(v, "name"), path ? path : "none written", pr_str_at(v, "format"),
                pr_str_at(v, "runner"), version ? version : "");
        counted_cell(b, pr_num_at(v, "bytes"));
        pr_html(b, "<td class=\"hash\">%s</td></tr>\n", pr_str_at(v, "sha256"));
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

static void command_line(pr_buf *b, const pare_doc *list) {
    if (!pare_doc_count(list)) return;
    pr_buf_puts(
        b, "<div class=\"cmd\"><p>Made by</p><div class=\"row\"><pre tabindex=\"0\"><code>");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++)
        pr_html(b, "%s%s", i ? " " : "", pare_doc_str(pare_doc_at(list, i)));
    pr_buf_puts(b, "</code></pre></div></div>\n");
}

void pr_page_more(pr_buf *b, const pare_doc *r) {
    pr_page_search(b, r);
    distributions(b, r);
    pr_page_profile(b, r);
    accelerations(b, r);
    tensors(b, r);
    stages(b, r);
    how(b, r);
    deployment(b, r);
    monitoring(b, r);
    pr_page_section(b, "machine", "Machine, model, settings", NULL);
    command_line(b, pare_doc_get(r, "command"));
    pr_buf_puts(b, "<div class=\"two facts3\">\n");
    fact_list(b, pare_doc_get(r, "model"), "Model");
    fact_list(b, pare_doc_get(r, "machine"), "Machine");
    fact_list(b, pare_doc_get(r, "settings"), "Settings");
    pr_buf_puts(b, "</div>\n");
    files(b, pare_doc_path(r, "model/files"), "Source files");
    artefacts(b, r);
    pr_buf_puts(b, "</section>\n");
}

void pr_page_footer(pr_buf *b, const pare_doc *r) {
    const char *version = pr_str_at(r, "pare/version");
    pr_html(b,
            "<footer><p>Written by pare %s from report.json, schema 1, which holds every "
            "number on this page and the rule "
            "by which each verdict can be computed again.</p></footer>\n",
            version ? version : "");
}
