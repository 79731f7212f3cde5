/* pare/measure.h - how good and how fast a model is, every number with its bounds.
 *
 *   pare_eval_opts o = {.file = "heldout.txt", .against = "models/austen-3.7m"};
 *   pare_doc *d;
 *   if (pare_eval("small.gguf", &o, NULL, &d, &err) == PARE_OK)
 *       printf("%g\n", pare_doc_num(pare_doc_path(d, "metrics/0/value")));
 *
 * Both give {"model","metrics":[{"name","value","lo","hi","n","unit","conf"}…],"environment"}. */
#ifndef PARE_MEASURE_H
#define PARE_MEASURE_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *file;      /* the text, UTF-8 */
    const char *text;      /* if not NULL: its n_text bytes (or those of `choices`); the path is */
    size_t      n_text;    /* then not opened, it only names them in errors and may be NULL */
    const char *against;   /* the reference model; NULL: none */
    const char *choices;   /* a multiple-choice file (six lines a task), instead of a text */
    int64_t     n_ctx;     /* tokens of a window; 0: the model's context, at most 2048 */
    int64_t     n_windows; /* at most; 0: all of the text */
    int64_t     n_tasks;   /* of `choices`, at most; 0: all */
    const char *separator; /* documents end here and are evaluated apart; NULL: one text */
    int         whole_documents; /* leave out the first and the last, which may be cut */
    const char *state;     /* "f32", "f16", "q8_0"; NULL: f16 */
    int         exact;     /* multiply quantized weights in float32, not with 8-bit activations */
    const char *runner;    /* what runs the model: pare/runner.h; NULL: native */
    const char *against_runner; /* … and `against` */
    const char
        *tokenizer; /* the model that has the words; NULL: `against`, then the model itself */
} pare_eval_opts;

/* Perplexity, accuracy and, with `against`, divergence, agreement and accuracy kept. The
 * reference runs beside the model, batch by batch; its logits are never stored. A foreign runtime
 * computes as it does by itself, or in float32 with `exact`; PARE_EENV where it is missing, ends or
 * hangs. */
PARE_API pare_status pare_eval(const char *model, const pare_eval_opts *opts,
                               const pare_ctl *ctl, pare_doc **out, pare_err *err);

typedef struct {
    const char *vs;            /* the model to compare with, in turn; NULL: none */
    int64_t     prompt_tokens; /* read at once; 0: 128, or what the context leaves */
    int64_t     decode_tokens; /* made one by one; 0: 64, or what the context leaves */
    int64_t     n_ctx;         /* 0: what the two need */
    int64_t     rounds;        /* 0: as many as the bounds or the time want */
    double      seconds;       /* time to spend at most; 0: 10 */
    const char *state;         /* as above; for the native runner */
    int         exact;
    const char *runner;        /* what runs the model: pare/runner.h; NULL: native */
    const char *vs_runner;     /* … and `vs` */
} pare_bench_opts;

/* Time to first token, tokens/s, percentiles, memory, load time, energy where the machine has a
 * counter; with `vs` the ratio, measured pair by pair. */
PARE_API pare_status pare_bench(const char *model, const pare_bench_opts *opts, const pare_ctl *ctl,
                                pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
