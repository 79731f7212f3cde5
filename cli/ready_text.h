/* ready_text.h - readiness and the checklist, drawn from their documents. */
#ifndef CLI_READY_TEXT_H
#define CLI_READY_TEXT_H
#include "cli.h"
void ready_print(const cli *c, const pare_doc *d);
void checklist_print(const cli *c, const pare_doc *d);
#endif
