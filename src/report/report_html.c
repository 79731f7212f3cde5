/* report_html.c - the page as a whole: web/report.html with its places filled. Always true: the
 * policy in its head allows the one style and the one script by their hashes, and nothing else,
 * so that even text that slipped through could not run. */
#include "embed.h"
#include "report_parts.h"

static void base64(pr_buf *b, const uint8_t *p, size_t n) {
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0u);
        char out[4] = {digits[v >> 18], digits[v >> 12 & 63],
                       i + 1 < n ? digits[v >> 6 & 63] : '=', i + 2 < n ? digits[v & 63] : '='};
        pr_buf_add(b, out, 4);
    }
}

static void csp(pr_buf *b) {
    pr_sha256 css = pr_sha256_of(pr_embed_report_css, pr_embed_report_css_len);
    pr_sha256 js = pr_sha256_of(pr_embed_report_js, pr_embed_report_js_len);
    pr_buf_puts(b, "default-src 'none'; style-src 'sha256-");
    base64(b, css.b, sizeof css.b);
    pr_buf_puts(b, "'; script-src 'sha256-");
    base64(b, js.b, sizeof js.b);
    pr_buf_puts(b, "'; base-uri 'none'; form-action 'none'");
}

static void place_fill(pr_buf *b, const char *name, size_t n, const pare_doc *r,
                       const pare_doc *certificate) {
    const pr_str at = {name, n};
    const char *model = pr_str_at(r, "model/name");
    if (pr_str_eq(at, PR_STR("csp"))) csp(b);
    if (pr_str_eq(at, PR_STR("title")))
        pr_html(b, "%s: pare report", model ? model : "a model");
    if (pr_str_eq(at, PR_STR("css")))
        pr_buf_add(b, pr_embed_report_css, pr_embed_report_css_len);
    if (pr_str_eq(at, PR_STR("js"))) pr_buf_add(b, pr_embed_report_js, pr_embed_report_js_len);
    if (pr_str_eq(at, PR_STR("header"))) pr_page_header(b, r, certificate != NULL);
    if (pr_str_eq(at, PR_STR("body"))) {
        pr_page_body(b, r);
        pr_page_certificate(b, certificate);
        pr_page_more(b, r);
    }
    if (pr_str_eq(at, PR_STR("footer"))) pr_page_footer(b, r);
}

pare_status pr_report_html(const pare_doc *report, const pare_doc *certificate, pr_buf *out,
                           pare_err *err) {
    const char *kind = pr_str_at(report, "kind");
    if (!kind || strcmp(kind, "pare.report") != 0) {
        return pr_fail(err, PARE_EINPUT, -1, "kind is '%s'; expected 'pare.report'",
                       kind ? kind : "missing");
    }
    if (pr_num_at(report, "schema") != 1) {
        return pr_fail(err, PARE_EINPUT, -1, "schema is %g; this pare reads 1",
                       pr_num_at(report, "schema"));
    }
    const char *p = (const char *)pr_embed_report_html;
    for (const char *open; (open = strstr(p, "{{")) != NULL;) {
        const char *close = strstr(open, "}}");
        pr_buf_add(out, p, (size_t)(open - p));
        place_fill(out, open + 2, (size_t)(close - open - 2), report, certificate);
        p = close + 2;
    }
    pr_buf_puts(out, p);
    return out->failed ? pr_fail_nomem(err, out->max) : PARE_OK;
}
