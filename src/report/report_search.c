/* report_search.c - the section of the page that tells how a search went: how much the front
 * covered
 * after each look, the rungs, and every look. */
#include "report_parts.h"
#include <math.h>
#include <stdio.h>

enum { W = 640, H = 150, PAD = 8 };

/* Covered volume by looks, as a line of steps. */
static void path(pr_buf *b, const pare_doc *steps) {
    size_t n = pare_doc_count(steps);
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        double v = pr_num_at(pare_doc_at(steps, i), "hypervolume");
        if (v > most) most = v;
    }
    if (n < 2 || !(most > 0)) return;
    pr_html(b,
            "<div class=\"panel\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
            "aria-label=\"Hypervolume of "
            "the front after each of %zu looks, at last %.3f\">",
            W, H, n, pr_num_at(pare_doc_at(steps, n - 1), "hypervolume"));
    pr_buf_puts(b, "<polyline class=\"front\" points=\"");
    for (size_t i = 0; i < n; i++) {
        double v = pr_num_at(pare_doc_at(steps, i), "hypervolume");
        double x = PAD + (double)i / (double)(n - 1) * (W - 2 * PAD),
               y = H - PAD - (isfinite(v) && v > 0 ? v : 0) / most * (H - 2 * PAD);
        pr_buf_printf(b, "%s%.1f,%.1f", i ? " " : "", x, y);
    }
    pr_buf_puts(
        b,
        "\"/></svg><p class=\"note\">What the front covers (hypervolume), from the first look "
        "to the last.</p></div>\n");
}

static void rungs(pr_buf *b, const pare_doc *list) {
    pr_page_table(b, "Rungs", "lined");
    pr_buf_puts(
        b,
        "<thead><tr><th scope=\"col\">Rung</th><th scope=\"col\" class=\"n\">Windows of "
        "text</th><th scope=\"col\" class=\"n\">Timing <small>s</small></th><th scope=\"col\" "
        "class=\"n\">Looked at</th><th scope=\"col\" class=\"n\">Went on</th></tr></thead>"
        "<tbody>\n");
    for (size_t i = 0, n = pare_doc_count(list); i < n; i++) {
        const pare_doc *r = pare_doc_at(list, i);
        pr_html(b,
                "<tr><th scope=\"row\">%zu</th><td class=\"n\">%.0f</td><td class=\"n\">%.2f</td>"
                "<td class=\"n\">%.0f</td><td class=\"n\">%.0f</td></tr>\n",
                i + 1, pr_num_at(r, "windows"), pr_num_at(r, "seconds"), pr_num_at(r, "evaluated"),
                pr_num_at(r, "went_on"));
    }
    pr_buf_puts(b, "</tbody></table></div>\n");
}

static void value_cells(pr_buf *b, const pare_doc *values, const pare_doc *objectives) {
    for (size_t k = 0, n = pare_doc_count(objectives); k < n; k++) {
        const char *name = pr_str_at(pare_doc_at(objectives, k), "metric");
        char        text[48] = "–";
        double      v = name ? pare_doc_num(pare_doc_get(values, name)) : (double)NAN;
        if (isfinite(v)) pr_value_shown(name, v, text, sizeof text);
        pr_html(b, "<td class=\"n\">%s</td>", text);
    }
}

static void looks(pr_buf *b, const pare_doc *steps, const pare_doc *objectives) {
    pr_html(b, "<details><summary>All %zu looks</summary>\n", pare_doc_count(steps));
    pr_page_table(b, "Looks", "lined sort dense");
    pr_buf_puts(
        b, "<thead><tr><th scope=\"col\">Option</th><th scope=\"col\" class=\"n\">Rung</th>");
    for (size_t k = 0, n = pare_doc_count(objectives); k < n; k++)
        pr_html(b, "<th scope=\"col\" class=\"n\">%s</th>",
                pr_str_at(pare_doc_at(objectives, k), "metric"));
    pr_buf_puts(b, "<th scope=\"col\" class=\"n\">Past limits</th></tr></thead><tbody>\n");
    for (size_t i = 0, n = pare_doc_count(steps); i < n; i++) {
        const pare_doc *s = pare_doc_at(steps, i);
        const char     *error = pr_str_at(s, "error");
        double          past = pr_num_at(s, "violation");
        pr_html(b, "<tr><th scope=\"row\">%s</th><td class=\"n\">%.0f</td>", pr_str_at(s, "name"),
                pr_num_at(s, "rung") + 1);
        value_cells(b, pare_doc_get(s, "values"), objectives);
        if (error) pr_html(b, "<td>%s</td></tr>\n", error);
        else if (isfinite(past)) pr_html(b, "<td class=\"n\">%.1f %%</td></tr>\n", past * 100);
        else pr_buf_puts(b, "<td class=\"n\">–</td></tr>\n");
    }
    pr_buf_puts(b, "</tbody></table></div></details>\n");
}

void pr_page_search(pr_buf *b, const pare_doc *r) {
    const pare_doc *s = pare_doc_get(r, "search"), *names = pare_doc_get(s, "finalists");
    if (!pare_doc_count(s)) return;
    pr_page_section(
        b, "search", "The search",
        "Each look takes part of the text and some rounds of timing; those that do well "
        "are looked at longer. Finalists were then measured in full, like all variants.");
    pr_html(b, "<p>%s, %.0f options, %.0f looks, %.0f s; finalists: ", pr_str_at(s, "algorithm"),
            pr_num_at(s, "space/options"), pr_num_at(s, "evaluations"), pr_num_at(s, "seconds"));
    for (size_t i = 0, n = pare_doc_count(names); i < n; i++)
        pr_html(b, "%s%s", i ? ", " : "", pare_doc_str(pare_doc_at(names, i)));
    pr_buf_puts(b, ".</p>\n");
    path(b, pare_doc_get(s, "steps"));
    rungs(b, pare_doc_get(s, "rungs"));
    looks(b, pare_doc_get(s, "steps"), pare_doc_path(r, "front/objectives"));
    pr_buf_puts(b, "</section>\n");
}
