/* ready.h - the door of `ready`: is a result fit to be shipped, in five parts, each with evidence;
 * and the production checklist. It composes: `scan` looks at files, the engine is tried here,
 * `gate` has the rules and judges. Its public face is include/pare/ready.h; this header is for
 * rooms above.
 *
 *   pare_ready_opts o = {.text = "held.txt"};
 *   PR_TRY(pare_ready("out", &o, ctl, &doc, err));
 *
 * Lifetime: the document is the caller's. Threads: one call, one thread; calls do not share. */
#ifndef PR_READY_H
#define PR_READY_H
#include "gate/gate.h"
#include "pare/ready.h"
#endif
