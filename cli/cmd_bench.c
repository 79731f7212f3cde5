/* cmd_bench.c - "pare bench": how fast a model is. */
#include "cli.h"

static const opt_def own_vs = {
    .name = "vs", .type = OPT_FILE, .metavar = "OTHER", .help = "the model to compare with"};
static const opt_def own_prompt_tokens = {.name = "prompt-tokens",
                                          .type = OPT_INT,
                                          .metavar = "N",
                                          .help = "tokens that are read at once",
                                          .def = "512",
                                          .lo = 1,
                                          .hi = 10000000.0};
static const opt_def own_tokens = {.name = "tokens",
                                   .letter = 'n',
                                   .type = OPT_INT,
                                   .metavar = "N",
                                   .help = "tokens that are made one by one",
                                   .def = "128",
                                   .lo = 1,
                                   .hi = 10000000.0};
static const opt_def own_rounds = {.name = "rounds",
                                   .type = OPT_INT,
                                   .metavar = "N",
                                   .help = "how many times each is run",
                                   .def = "10",
                                   .lo = 2,
                                   .hi = 100000.0};

static const opt_def *const opts[] = {&own_vs,     &own_prompt_tokens, &own_tokens,
                                      &own_rounds, &opt_threads,       &opt_context,
                                      &opt_state,  &opt_runner,        NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "bench is not connected"};
    /* The library is called here: pare_bench();
        {"model","metrics","environment"} with --json. */
    return cli_fail(c, &err);
}

const command cmd_bench = {
    .name = "bench",
    .help = "how fast a model is, alone or against another",
    .synopsis = "MODEL [--vs OTHER] [--runner R]",
    .text = "Time to first token, tokens per second, percentiles of the time per "
            "token, memory, energy where the machine counts it. With --vs the two "
            "take turns, and the ratio has bounds.",
    .examples = "  pare bench austen-q4.gguf\n"
                "  pare bench austen-q4.gguf --vs austen.gguf --rounds 30\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
