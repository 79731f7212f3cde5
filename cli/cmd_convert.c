/* cmd_convert.c - "pare convert": one format into another. */
#include "cli.h"

static const char *const own_to_words[] = {"gguf", "hf", NULL};
static const opt_def own_to = {.name = "to",
                               .type = OPT_ENUM,
                               .metavar = "FORMAT",
                               .help = "what to write",
                               .words = own_to_words};
static const opt_def own_shard_bytes = {.name = "shard-bytes",
                                        .type = OPT_BYTES,
                                        .metavar = "BYTES",
                                        .help = "hf: begin a new file when one has this size",
                                        .def = "5G"};

static const opt_def *const opts[] = {&own_to,          &opt_out,         &opt_quant,
                                      &own_shard_bytes, &opt_strict,      &opt_allow_inexact,
                                      &opt_threads,     &opt_work_memory, NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "convert is not connected"};
    /* The library is called here: pare_convert(); without --to or -o: cli_usage(). Report:
        tensors, bytes, bits per weight. */
    return cli_fail(c, &err);
}

const command cmd_convert = {
    .name = "convert",
    .help = "write a model in another format",
    .synopsis = "SRC --to gguf|hf -o OUT [--quant T]",
    .text = "One streaming pass: the model need not fit into memory. What the "
            "format cannot say exactly is refused by name, unless --allow-inexact "
            "is given.",
    .examples = "  pare convert models/austen-3.7m --to gguf -o austen.gguf\n"
                "  pare convert austen.gguf --to hf -o austen-hf\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
