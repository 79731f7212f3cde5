/* finding.c - what a check found, as entries of a document. */
#include <stdarg.h>
#include <stdio.h>
#include "cert.h"

void pr_finding_ok(pr_findings *f, const char *check, const char *fmt, ...) {
    char    text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pare_doc *o = pr_doc_add_object(f->b, f->checks);
    pr_doc_set_str(f->b, o, "check", check);
    pr_doc_set_path(f->b, o, "found", text); /* may hold the name of a file, cut anywhere */
}

void pr_finding_bad(pr_findings *f, const char *check, const char *file, const char *found,
                    const char *expected) {
    if (f->n_failures++ >= PR_FINDINGS_MAX) {
        f->full = true;
        return;
    }
    pare_doc *o = pr_doc_add_object(f->b, f->failures);
    pr_doc_set_str(f->b, o, "check", check);
    if (file) pr_doc_set_path(f->b, o, "file", file);
    else pr_doc_set_null(f->b, o, "file");
    pr_doc_set_path(f->b, o, "found", found);
    pr_doc_set_path(f->b, o, "expected", expected);
}
