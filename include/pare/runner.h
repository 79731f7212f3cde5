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
#include "pare/generate.h"

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

/* pare_generate() (pare/generate.h) with the scores of another runtime: `runner` runs the file or
 * folder `model`; `words` is a model that pare has opened, for tokens, their text and the end of
 * text: the same one, or where pare cannot read the runtime's format, the one it was made from.
 * `opts->state` is not looked at; `exact` asks for float32 where the runtime can be told so.
 * `stats`
 * has "runner", "arithmetic", "state" in place of what is known of a session. */
PARE_API pare_status pare_generate_by(const char *runner, const char *model,
                                      const pare_model *words, const char *prompt, size_t n_prompt,
                                      const pare_generate_opts *opts, const pare_ctl *ctl,
                                      pare_text_fn on_text, void *user, pare_doc **stats,
                                      pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
