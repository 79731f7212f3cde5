/* cmd_optimize.c - "pare optimize": the main job. */
#include "cli.h"

static const opt_def own_variants = {.name = "variants",
                                     .type = OPT_LIST,
                                     .metavar = "T,T,…",
                                     .help = "types to try; without it ten from F16 to Q2_K"};
static const opt_def own_max_bytes = {.name = "max-bytes",
                                      .type = OPT_BYTES,
                                      .metavar = "BYTES",
                                      .help = "size of the file at most"};
static const opt_def own_max_latency_ms = {.name = "max-latency-ms",
                                           .type = OPT_FLOAT,
                                           .metavar = "MS",
                                           .help = "time per token at most, in 95 of 100",
                                           .lo = 0.001,
                                           .hi = 1000000000.0};
static const opt_def own_min_accuracy = {.name = "min-accuracy",
                                         .type = OPT_FLOAT,
                                         .metavar = "X",
                                         .help = "part of the accuracy that is kept at least",
                                         .lo = 0,
                                         .hi = 1};
static const opt_def own_min_speedup = {
    .name = "min-speedup",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "tokens per second, in those of the baseline, at least",
    .lo = 0,
    .hi = 1000000.0};
static const opt_def own_prefer = {.name = "prefer",
                                   .type = OPT_STRING,
                                   .metavar = "WEIGHTS",
                                   .help =
                                       "what matters how much: speed=2,accuracy=1,memory=1"};
static const char *const own_style_words[] = {"prototyping", "enterprise", NULL};
static const opt_def own_style = {.name = "style",
                                  .type = OPT_ENUM,
                                  .metavar = "STYLE",
                                  .help = "what comes first when there is no --prefer",
                                  .words = own_style_words};
static const opt_def own_policy = {.name = "policy",
                                   .type = OPT_FILE,
                                   .metavar = "FILE",
                                   .help = "gates and preferences in YAML"};
static const opt_def own_windows = {
    .name = "windows",
    .type = OPT_INT,
    .metavar = "N",
    .help = "at most N windows of text per variant; 0: as many as the bounds need",
    .def = "0",
    .lo = 0,
    .hi = 1000000000.0};
static const opt_def own_rounds = {
    .name = "rounds",
    .type = OPT_INT,
    .metavar = "N",
    .help = "timed rounds per variant; 0: as many as the bounds need",
    .def = "0",
    .lo = 0,
    .hi = 100000.0};

static const opt_def *const opts[] = {&opt_out,
                                      &opt_text_file,
                                      &own_variants,
                                      &own_max_bytes,
                                      &opt_max_memory,
                                      &own_max_latency_ms,
                                      &own_min_accuracy,
                                      &own_min_speedup,
                                      &own_prefer,
                                      &own_style,
                                      &own_policy,
                                      &opt_target,
                                      &opt_runner,
                                      &opt_context,
                                      &opt_state,
                                      &opt_seed,
                                      &own_windows,
                                      &own_rounds,
                                      &opt_strict,
                                      &opt_allow_inexact,
                                      &opt_threads,
                                      &opt_work_memory,
                                      NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "optimize is not connected"};
    /* The library is called here: pare_optimize();
        then the table of variants, the gates, the verdict. */
    return cli_fail(c, &err);
}

const command cmd_optimize = {
    .name = "optimize",
    .help = "find the best smaller version of a model, with proof",
    .synopsis = "SRC -o DIR [-f TEXT] [limits] [--prefer WEIGHTS]",
    .text = "Baseline, conversion, quantization, acceleration, validation: every "
            "variant is written, measured against SRC, and placed; the front of "
            "those that nothing beats is drawn, one is chosen, the gates are asked. "
            "DIR gets the models, report.json, report.html and the records, "
            "pare.db: a second run measures only what changed, a killed one goes "
            "on.\n"
            "The gates that are on by default: accuracy kept over 95 %, at least "
            "twice the speed of the baseline, at most half its memory, steady time "
            "per token. A limit that is given replaces the one by default. If "
            "nothing passes, the report says what failed by how much, and the exit "
            "status is 1.",
    .examples = "  pare optimize models/austen-3.7m -o out/demo\n"
                "  pare optimize model -o out -f text.txt --max-bytes 600M --prefer "
                "speed=2,accuracy=1\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
