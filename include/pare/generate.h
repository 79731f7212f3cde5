/* pare/generate.h - let a model continue a text on this machine.
 *
 *   static int print(void *user, const char *text, size_t n) {
 *       return fwrite(text, 1, n, stdout) != n;
 *   }
 *   pare_generate_opts o = {.n = 64, .temp = 0.8f};
 *   pare_generate(m, "It is a truth", 13, &o, NULL, print, NULL, NULL, &err);
 *
 * The same seed gives the same text, whatever the number of threads and the SIMD level. */
#ifndef PARE_GENERATE_H
#define PARE_GENERATE_H
#include "pare/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* {0} is greedy until the end of text or of the context. */
typedef struct {
    int64_t     n;         /* tokens to make; 0: until the end of text or of the context */
    int64_t     n_ctx;     /* positions; 0: the model's own, at most 4096 */
    float       temp;      /* 0: always the most likely token */
    int         top_k;     /* 0: off */
    float       top_p;     /* 0 or 1: off */
    float       min_p;     /* 0: off */
    float       repeat_penalty; /* 0 or 1: off */
    float       frequency_penalty, presence_penalty; /* 0: off */
    int         penalty_last; /* tokens the penalties look back at; 0: 64 */
    uint64_t    seed;
    int         plain;      /* read the text of special tokens in the prompt as text, add nothing */
    int         ignore_eos; /* go on after an end-of-text token */
    const char *state;      /* keys and values as "f32", "f16", "q8_0"; NULL: f16 */
    int         exact;      /* multiply quantized weights in float32, not with 8-bit activations */
} pare_generate_opts;

/* Called with whole UTF-8 code points as they come; nonzero stops the generation. */
typedef int (*pare_text_fn)(void *user, const char *text, size_t n);

/* Continue `prompt` (n_prompt bytes of UTF-8). `stats`, if not NULL, gets token counts, times
 * (ms), tokens/s, memory and "stopped_by" ("end", "length", "context", "interrupt") as a document
 * that the caller frees; also with PARE_ECANCELLED, if the first token was made by then. */
PARE_API pare_status pare_generate(const pare_model *m, const char *prompt, size_t n_prompt,
                                   const pare_generate_opts *opts, const pare_ctl *ctl,
                                   pare_text_fn on_text, void *user, pare_doc **stats,
                                   pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
