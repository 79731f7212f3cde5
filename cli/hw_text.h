/* hw_text.h - machines and targets as tables, drawn from their documents. */
#ifndef CLI_HW_TEXT_H
#define CLI_HW_TEXT_H
#include "cli.h"
void hw_show(cli *c, const pare_doc *d);
void hw_show_target(cli *c, const pare_doc *d);
void hw_show_targets(cli *c, const pare_doc *list);
#endif
