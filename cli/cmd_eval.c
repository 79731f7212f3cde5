/* cmd_eval.c - "pare eval": how good a model is. */
#include "cli.h"

static const opt_def own_against = {
    .name = "against", .type = OPT_FILE, .metavar = "REF", .help = "the model to compare with"};
static const opt_def own_choices = {
    .name = "choices",
    .type = OPT_FILE,
    .metavar = "FILE",
    .help = "multiple choice: one JSON object a line, with ctx, endings and label"};
static const opt_def own_windows = {.name = "windows",
                                    .type = OPT_INT,
                                    .metavar = "N",
                                    .help = "at most N windows of text; 0: all of it",
                                    .def = "0",
                                    .lo = 0,
                                    .hi = 1000000000.0};
static const opt_def own_tasks = {.name = "tasks",
                                  .type = OPT_INT,
                                  .metavar = "N",
                                  .help = "at most N questions of --choices; 0: all of them",
                                  .def = "0",
                                  .lo = 0,
                                  .hi = 1000000000.0};
static const opt_def own_documents = {.name = "documents",
                                      .type = OPT_FLAG,
                                      .help =
                                          "put a separator where the text has an empty line"};

static const opt_def *const opts[] = {
    &opt_text,  &opt_text_file, &own_against, &own_choices, &opt_context, &own_windows,
    &own_tasks, &own_documents, &opt_state,   &opt_runner,  &opt_threads, &opt_work_memory,
    NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "eval is not connected"};
    /* The library is called here: pare_eval();
        {"model","metrics","environment"} with --json. */
    return cli_fail(c, &err);
}

const command cmd_eval = {
    .name = "eval",
    .help = "how good a model is, alone or against another",
    .synopsis = "MODEL -f TEXT [--against REF] [--choices FILE]",
    .text = "Perplexity and next-token accuracy on a text; with --against also the "
            "KL divergence from REF and how often both would say the same token. "
            "REF runs beside MODEL, window by window; its logits are never stored.\n"
            "Every number has its 95 % bounds, from blocks of text, because "
            "neighbouring tokens are not independent.",
    .examples = "  pare eval austen-q4.gguf -f models/austen-3.7m/text/heldout.txt "
                "--against models/austen-3.7m\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
