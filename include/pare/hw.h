/* pare/hw.h - what this machine has.
 *
 *   pare_doc *d;
 *   if (pare_hw(NULL, 1, NULL, &d, &err) == PARE_OK) …
 */
#ifndef PARE_HW_H
#define PARE_HW_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CPU, caches, memory, limits, accelerators (present, not usable), sensors, network, as a
 * document. `root`: where /proc and /sys are looked for, NULL for "/". `measure`: also the
 * memory's bandwidth, which takes about half a second. */
PARE_API pare_status pare_hw(const char *root, int measure, const pare_ctl *ctl, pare_doc **out,
                             pare_err *err);
/* The kernels in use, each with its level, as an array. */
PARE_API pare_status pare_kernels(pare_doc **out, pare_err *err);
/* Is the level that PARE_CPU asks for one that this machine has? PARE_EUSAGE, PARE_EENV. */
PARE_API pare_status pare_cpu_check(pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
