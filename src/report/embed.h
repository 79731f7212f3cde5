/* embed.h - files of web/ that the build made part of the library. Terminated; the
 * lengths do not count that. Constant. */
#ifndef PR_EMBED_H
#define PR_EMBED_H
#include <stddef.h>
extern const unsigned char pr_embed_report_html[], pr_embed_report_css[], pr_embed_report_js[];
extern const size_t pr_embed_report_html_len, pr_embed_report_css_len, pr_embed_report_js_len;
#endif
