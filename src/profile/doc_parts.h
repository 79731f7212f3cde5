/* doc_parts.h - the parts of the document, in two files (private). */
#ifndef PR_PROFILE_DOC_PARTS_H
#define PR_PROFILE_DOC_PARTS_H
#include "run.h"

/* A number, or null where it is not finite. */
void put_known(pr_doc_build *b, pare_doc *o, const char *key, double v);
double ms_of(uint64_t ns);
/* profile_more.c */
void put_model_and_run(pr_doc_build *b, pare_doc *d, const pr_profile *p);
void put_metrics(pr_doc_build *b, pare_doc *d, const pr_profile *p);
void put_phases(pr_doc_build *b, pare_doc *d, const pr_profile *p);
void put_machine(pr_doc_build *b, pare_doc *d, const pr_profile *p);
#endif
