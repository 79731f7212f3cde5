/* cmd_assess.c - "pare assess": what a model is. */
#include "cli.h"

static const opt_def own_tensors = {
    .name = "tensors", .type = OPT_FLAG, .help = "every tensor with its type, shape and bytes"};

static const opt_def *const opts[] = {&own_tensors, &opt_context, &opt_max_memory, NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "assess is not connected"};
    /* The library is called here: pare_model_open() and what pare/model.h tells about it. */
    return cli_fail(c, &err);
}

const command cmd_assess = {
    .name = "assess",
    .help = "what a model is: architecture, sizes, types, what fits",
    .synopsis = "MODEL [--tensors] [--max-memory BYTES]",
    .text = "MODEL is a Hugging Face directory or a GGUF file. Weights are not "
            "read, so this takes no time however large the model is.\n"
            "Each type of weights is listed with the bytes and the memory that it "
            "would need, and with the tensors that cannot take it.",
    .examples = "  pare assess models/austen-3.7m\n"
                "  pare assess model.gguf --tensors --json\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
