/* pare/profile.h - where the time of a run goes, what holds it up, and what to change.
 *
 *   pare_profile_opts o = {.n = 32, .trace = "run.trace.json"};
 *   pare_doc *d;
 *   if (pare_profile("small.gguf", &o, NULL, &d, &err) == PARE_OK)
 *       puts(pare_doc_str(pare_doc_path(d, "bottlenecks/0/kind")));
 *
 * docs/profile.md describes the document. */
#ifndef PARE_PROFILE_H
#define PARE_PROFILE_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* {0}: 128 tokens of a fixed pattern read at once, 64 made one by one. */
typedef struct {
    const char *text;          /* the prompt, n_text bytes of UTF-8; NULL: the pattern */
    size_t      n_text;
    int64_t     prompt_tokens; /* of the pattern; 0: 128, or what the context leaves */
    int64_t     n;             /* tokens made one by one, always the likeliest; 0: 64 */
    int64_t     n_ctx;         /* 0: what the two need */
    const char *state;         /* "f32", "f16", "q8_0"; NULL: f16 */
    int         exact;         /* multiply quantized weights in float32 */
    const char *trace;         /* write a Chrome trace here; NULL: none */
    uint64_t    trace_limit;   /* its most bytes; 0: 64 MB */
    const char *policy;        /* thresholds (docs/profile.md); NULL: the built-in ones */
} pare_profile_opts;

/* Runs the native engine once, with ctl's threads. What the machine does not tell is null with its
 * reason. PARE_EINPUT: the model, the policy; PARE_EENV: the trace cannot be written. */
PARE_API pare_status pare_profile(const char *model, const pare_profile_opts *opts,
                                  const pare_ctl *ctl, pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
