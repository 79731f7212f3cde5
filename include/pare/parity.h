/* pare/parity.h - do several artefacts, each in its runtime, compute the same function?
 *
 *   const char *m[] = {"models/austen-3.7m", "a.gguf", "llama.cpp:a.gguf", "onnx-dir"};
 *   pare_doc *d;
 *   int same;
 *   if (pare_parity(m, 4, NULL, NULL, &d, &same, &err) == PARE_OK) …
 */
#ifndef PARE_PARITY_H
#define PARE_PARITY_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *text;      /* the tokens of this text; NULL: ids from all over the vocabulary */
    size_t      n_text;
    int64_t     tokens;    /* at most; 0: 128, as many as every context has */
    int64_t     context; /* positions that each is opened for; 0: the model's, at most 4096 */
    int64_t     greedy;    /* that each makes by itself; 0: 32; negative: none */
    const char *bound;     /* "exact" (NULL), "f16", "bf16", "int8", "int4": docs/parity.md */
    int         as_it_comes; /* foreign runtimes in their own arithmetic instead of float32 */
    int         strict;      /* what a format cannot express fails too */
} pare_parity_opts;

/* `models`: PATH or RUNNER:PATH, 2 to 16; the first is the reference. Without a runner's name the
 * file says who runs it. Logits, tokens of probe texts, end-of-text ids and chat templates are
 * compared. `*out` (docs/json.md): models, probe, matrix, words, verdict with reasons. `*same`: no
 * bound broke and no word differs, but for what the format cannot express (`cannot_be_expressed`:
 * in GGUF a second end of text, a normal form), unless `strict`. PARE_EENV: a runtime is
 * missing. */
PARE_API pare_status pare_parity(const char *const *models, int n, const pare_parity_opts *opts,
                                 const pare_ctl *ctl, pare_doc **out, int *same, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
