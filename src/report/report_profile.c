/* report_profile.c - sections of the page that a report has since it was profiled or certified:
 * where the choice's time goes, and who vouches for it. */
#include "report_parts.h"
#include <math.h>
#include <stdio.h>

static void percent_cell(pr_buf *b, double share) {
    if (isfinite(share)) pr_html(b, "<td class=\"n\">%.1f %%</td>", share * 100);
    else pr_buf_puts(b, "<td class=\"n\">–</td>");
}

static void number_cell(pr_buf *b, double v) {
    char text[32];
    pr_short_shown(v, text, sizeof text);
    pr_html(b, "<td class=\"n\">%s</td>", isfinite(v) ? text : "–");
}

/* A figure of evidence in its unit: shares as percent. */
static void figure(pr_buf *b, const pare_doc *e, const char *key) {
    const char *unit = pr_str_at(e, "unit");
    double      v = pr_num_at(e, key);
    char        text[32];
    if (!isfinite(v)) return;
    if (unit && strcmp(unit, "share") == 0) {
        pr_html(b, "%.1f %%", v * 100);
        return;
    }
    if (unit && strcmp(unit, "B") == 0) pr_value_shown("file_bytes", v, text, sizeof text);
    else snprintf(text, sizeof text, "%.4g", v);
    pr_html(b, "%s", text);
    if (unit && strcmp(unit, "B") != 0 && *unit) pr_html(b, " %s", unit);
}

static void evidence(pr_buf *b, const pare_doc *list) {
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *e = pare_doc_at(list, i);
        pr_html(b, "%s%s: ", i ? "; " : "", pr_str_at(e, "what"));
        figure(b, e, "value");
        if (!isfinite(pr_num_at(e, "bound"))) continue;
        pr_buf_puts(b, " (bound ");
        figure(b, e, "bound");
        pr_buf_puts(b, ")");
    }
}

static void finding(pr_buf *b, const pare_doc *f) {
    const pare_doc *change = pare_doc_get(f, "change");
    double          gain = pr_num_at(f, "gain/factor");
    const char     *how = pr_str_at(f, "gain/how");
    pr_html(b, "<div class=\"panel\"><h3>%s (%s): %s</h3><p class=\"note\">", pr_str_at(f, "kind"),
            pr_str_at(f, "phase"), pr_str_at(f, "means"));
    evidence(b, pare_doc_get(f, "evidence"));
    pr_buf_puts(b, ".</p>");
    for (size_t i = 0, n = pare_doc_count(change); i < n; i++) {
        const char *command = pr_str_at(pare_doc_at(change, i), "command");
        pr_html(b, "<p>Change: %s</p>", pr_str_at(pare_doc_at(change, i), "what"));
        if (command && *command) pr_html(b, "<pre tabindex=\"0\"><code>%s</code></pre>", command);
    }
    if (isfinite(gain))
        pr_html(b, "<p class=\"note\">Expected gain: %s%.2f × (%s)</p>",
                pare_doc_bool(pare_doc_path(f, "gain/at_most")) ? "at most " : "", gain, how);
    pr_buf_puts(b, "</div>\n");
}

static void operators(pr_buf *b, const pare_doc *p) {
    const pare_doc *list = pare_doc_get(p, "operators");
    pr_page_table(b, "Time per operator", "lined sort");
    pr_buf_puts(
        b, "<thead><tr><th scope=\"col\">Operator</th><th scope=\"col\" class=\"n\">Prefill "
           "<small>ms</small></th><th scope=\"col\" class=\"n\">Share</th><th scope=\"col\" "
           "class=\"n\">Decode <small>ms</small></th><th scope=\"col\" class=\"n\">Share</th>"
           "<th scope=\"col\" class=\"n\">GB/s</th><th scope=\"col\" class=\"n\">Of the "
           "peak</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *o = pare_doc_at(list, i);
        pr_html(b, "<tr><th scope=\"row\">%s</th>", pr_str_at(o, "name"));
        number_cell(b, pr_num_at(o, "prefill/ms"));
        percent_cell(b, pr_num_at(o, "prefill/share"));
        number_cell(b, pr_num_at(o, "decode/ms"));
        percent_cell(b, pr_num_at(o, "decode/share"));
        number_cell(b, pr_num_at(o, "decode/gb_s"));
        percent_cell(b, pr_num_at(o, "decode/of_peak"));
        pr_buf_puts(b, "</tr>\n");
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

void pr_page_profile(pr_buf *b, const pare_doc *r) {
    const pare_doc *p = pare_doc_get(r, "profile"), *found = pare_doc_get(p, "bottlenecks");
    if (!pare_doc_count(p)) return;
    pr_page_section(b, "profile", "Where the time goes",
                    "One run of the choice under a probe. Only time that was measured where it was "
                    "spent is attributed.");
    pr_html(
        b,
        "<p>Attributed: %.1f %% of %.1f ms, %.0f prompt tokens and %.0f made one by one, %.0f "
        "threads.</p>\n",
        pr_num_at(p, "attribution/share") * 100, pr_num_at(p, "attribution/wall_ms"),
        pr_num_at(p, "run/prompt_tokens"), pr_num_at(p, "run/tokens"),
        pr_num_at(p, "run/threads"));
    for (size_t i = 0, n = pare_doc_count(found); i < n; i++) finding(b, pare_doc_at(found, i));
    if (!pare_doc_count(found))
        pr_buf_puts(b, "<p>Nothing passes a bound of the policy: no bottleneck is named.</p>\n");
    operators(b, p);
    pr_buf_puts(b, "</section>\n");
}

static void line(pr_buf *b, const char *key, const char *value) {
    if (value) pr_html(b, "<dt>%s</dt><dd>%s</dd>", key, value);
}

void pr_page_certificate(pr_buf *b, const pare_doc *c) {
    if (!pare_doc_count(c)) return;
    pr_page_section(
        b, "certificate", "Certificate",
        "The signed statement lies in readiness.intoto.json; this page only repeats it. "
        "What it says is proven by pare verify, with a key from elsewhere.");
    pr_buf_puts(b, "<div class=\"panel\"><dl>");
    line(b, "Verdict", pr_str_at(c, "verdict"));
    line(b, "Reason", pr_str_at(c, "summary"));
    line(b, "Variant", pr_str_at(c, "variant"));
    line(b, "SHA-256 of the artefact", pr_str_at(c, "sha256"));
    line(b, "SHA-256 of the policy", pr_str_at(c, "policy_sha256"));
    line(b, "Created", pr_str_at(c, "created"));
    line(b, "Expires", pr_str_at(c, "expires"));
    line(b, "Signed by (Ed25519, SHA-256 of the key)", pr_str_at(c, "key"));
    line(b, "Files signed by (P-256)", pr_str_at(c, "bundle_key"));
    pr_buf_puts(b, "</dl></div>\n<div class=\"cmd\"><p>Check it</p><div class=\"row\"><pre "
                   "tabindex=\"0\"><code>pare verify . --key KEY.ed25519.pub --measure</code></pre>"
                   "</div></div>\n</section>\n");
}
