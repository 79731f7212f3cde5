/* pare/optimize.h - the main job: from a checkpoint to the best smaller model, with proof.
 *
 *   pare_optimize_opts o = {.out = "out", .prefer = "speed=2,accuracy=1"};
 *   pare_doc *report;
 *   if (pare_optimize("models/austen-3.7m", &o, &ctl, &report, &err) != PARE_OK) …
 *   puts(pare_doc_str(pare_doc_get(report, "summary")));
 *
 * `out` gets the models, report.json, report.html and the records (pare.db): a second run
 * measures only what changed, a killed one goes on where it was. */
#ifndef PARE_OPTIMIZE_H
#define PARE_OPTIMIZE_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char        *out;      /* directory; made if missing */
    const char *
        text; /* file of UTF-8 text to judge quality on; NULL: text/heldout.txt of the source */
    /* What to try: [FORMAT:]QUANT[-gN][-sym][-headQUANT][-DIALECT][-calib|-gptq][-pruneS][-kvT]
     * [-tN][-gpu|-npu][@RUNNER], as "Q4_K_M", "Q4_K_M@llama.cpp", "mlx:int4-g64",
     * "onnx:int8@onnxruntime-genai". None of these and no
     * formats: the ten GGUF files by default. */
    const char *const *variants;
    size_t             n_variants;
    const char *const *formats; /* add the usual candidates of "gguf", "mlx", "onnx" … */
    size_t             n_formats;
    const char *const *runners; /* what runs the variants that name no runner, where it can */
    size_t             n_runners;
    double             max_bytes, max_memory; /* limits on the result; 0: none */
    double             max_latency_ms;
    double             min_accuracy, min_speedup;
    const char        *calib;    /* text that -calib, -gptq and -prune learn from; NULL:
                                    text/train.txt of the source */
    const char        *prefer;   /* "speed=2,accuracy=1,memory=1"; NULL: all 1 */
    const char        *policy;   /* a policy file; NULL: the gates by default */
    int64_t            n_ctx;    /* of a window of text; 0: the model's context, at most 2048 */
    int64_t            n_windows; /* at most; 0: all of the text */
    double             seconds;  /* for each variant's timing; 0: 4 */
    const char        *state;    /* keys and values while quality is measured; NULL: f16 */
    int                search;  /* candidates in every way they can be made and run, by rungs */
    int64_t            search_evaluations; /* at most; 0: all of a small space, 200 of another */
    double             search_seconds;     /* time for looks; 0: no bound */
    uint64_t           seed;
    int strict; /* PARE_EENV for a runtime that is not here, and no type but the one asked for */
    int allow_inexact;
    const char *const
        *command; /* the command line, for the report; NULL at the end; may be NULL */
} pare_optimize_opts;

/* Run the five stages. PARE_OK means that the report is complete, whatever its verdict: ask
 * "verdict" and "exit_status" in it. The caller frees `*report`. */
PARE_API pare_status pare_optimize(const char *src, const pare_optimize_opts *opts,
                                   const pare_ctl *ctl, pare_doc **report, pare_err *err);
/* Judge the report in `dir` again from its own numbers (and, if given, by another policy).
 * `*out`: {"verdict","gates":[…],"recheck":{…}}. */
PARE_API pare_status pare_gate(const char *dir, const char *policy, pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
