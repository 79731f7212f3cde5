/* pare/runner.h - the runtimes that can run a model here: pare's own engine, and the foreign
 * ones that this machine has.
 *
 *   pare_doc *d;
 *   if (pare_runners(NULL, 1, NULL, &d, &err) == PARE_OK) …
 */
#ifndef PARE_RUNNER_H
#define PARE_RUNNER_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* {"schema","runners":[…]}, each with name, found, verified, path, version, devices, arithmetic,
 * state, takes, reason, install (docs/json.md). Each foreign runtime is loaded in a child process
 * that cannot reach the Internet; one that crashes or hangs is a row with the reason. `only`: the
 * name of one runner, NULL for all; PARE_EUSAGE if there is none of that name. `check`: also ask
 * each a tiny question. */
PARE_API pare_status pare_runners(const char *only, int check, const pare_ctl *ctl, pare_doc **out,
                                  pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
