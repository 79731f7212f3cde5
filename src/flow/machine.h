/* machine.h - the machine as reports tell it. Part of flow's door. */
#ifndef PR_MACHINE_H
#define PR_MACHINE_H
#include "doc/doc.h"
#include "hw/hw.h"
/* "machine" of docs/report.md into `obj`. `energy`: the counter in use, or NULL and why not. */
void pr_machine_doc(pr_doc_build *b, pare_doc *obj, const pr_hw *hw, int threads,
                    const char *energy, const char *energy_why);
#endif
