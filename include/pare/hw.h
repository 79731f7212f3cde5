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

/* CPU, caches, memory, limits, storage, accelerators and how far one gets with each, heat, power,
 * network, as a document (docs/hardware.md). `root`: where /proc and /sys are looked for, NULL for
 * "/"; below another root nothing is measured. `measure`: 0 nothing, 1 the memory's bandwidth if it
 * is not in the cache (half a second), 2 bandwidth and compute peaks anew, kept in the cache (about
 * three seconds). */
PARE_API pare_status pare_hw(const char *root, int measure, const pare_ctl *ctl, pare_doc **out,
                             pare_err *err);
/* A target one is not on: a shipped one by its name, or a YAML file (docs/hardware.md). PARE_EINPUT
 * with the key that is wrong, or the names that are known. */
PARE_API pare_status pare_target(const char *name_or_path, pare_doc **out, pare_err *err);
/* The shipped targets: an array of {"name", "about", "platform", "kind"}. */
PARE_API pare_status pare_targets(pare_doc **out, pare_err *err);
/* Write the machine below `root` (NULL: this one, with the peaks that are in the cache) to `path`
 * as a target. It is named after the file. */
PARE_API pare_status pare_target_save(const char *root, const char *path, pare_err *err);
/* The kernels in use, each with its level, as an array. */
PARE_API pare_status pare_kernels(pare_doc **out, pare_err *err);
/* Is the level that PARE_CPU asks for one that this machine has? PARE_EUSAGE, PARE_EENV. */
PARE_API pare_status pare_cpu_check(pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
