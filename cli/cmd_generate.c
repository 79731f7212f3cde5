/* cmd_generate.c - "pare generate": continue a text. */
#include "cli.h"

static const opt_def own_repeat_penalty = {
    .name = "repeat-penalty",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "divide the score of tokens that were there lately; 1: no",
    .def = "1",
    .lo = 0.01,
    .hi = 100};
static const opt_def own_presence_penalty = {
    .name = "presence-penalty",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "subtract from the score of tokens that were there lately",
    .def = "0",
    .lo = -100,
    .hi = 100};
static const opt_def own_frequency_penalty = {
    .name = "frequency-penalty",
    .type = OPT_FLOAT,
    .metavar = "X",
    .help = "subtract, once for each time that they were there",
    .def = "0",
    .lo = -100,
    .hi = 100};
static const opt_def own_penalty_last = {.name = "penalty-last",
                                         .type = OPT_INT,
                                         .metavar = "N",
                                         .help = "what \"lately\" means, in tokens",
                                         .def = "64",
                                         .lo = 0,
                                         .hi = 1000000000.0};
static const opt_def own_ignore_eos = {
    .name = "ignore-eos", .type = OPT_FLAG, .help = "go on after the end-of-text token"};

static const opt_def *const opts[] = {&opt_text,
                                      &opt_text_file,
                                      &opt_n,
                                      &opt_threads,
                                      &opt_context,
                                      &opt_temp,
                                      &opt_top_k,
                                      &opt_top_p,
                                      &opt_min_p,
                                      &own_repeat_penalty,
                                      &own_presence_penalty,
                                      &own_frequency_penalty,
                                      &own_penalty_last,
                                      &opt_seed,
                                      &opt_special,
                                      &opt_state,
                                      &own_ignore_eos,
                                      &opt_runner,
                                      NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "generate is not connected"};
    /* The library is called here:
        pare_model_open(), pare_session_…() with a callback that writes each piece by
     * out_text() and fflush; stop on stop_asked(). The speed line: cli_note(). */
    return cli_fail(c, &err);
}

const command cmd_generate = {
    .name = "generate",
    .help = "continue a text",
    .synopsis = "MODEL -p TEXT [-n N] [--temp X]",
    .text = "Text appears as it is made; how fast it was stands on standard error "
            "at the end. The same seed gives the same text, whatever the number of "
            "threads.",
    .examples = "  pare generate models/austen-3.7m -p \"It is a truth\" -n 64\n"
                "  pare generate model.gguf -f prompt.txt --temp 0.8 --top-p 0.95 --seed 7\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
