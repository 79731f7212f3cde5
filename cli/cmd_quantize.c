/* cmd_quantize.c - "pare quantize": make the weights smaller. */
#include "cli.h"

static const opt_def *const opts[] = {
    &opt_quant,   &opt_out,         &opt_strict, &opt_allow_inexact,
    &opt_threads, &opt_work_memory, NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "quantize is not connected"};
    /* The library is called here: pare_quantize(); without --quant or -o: cli_usage(). */
    return cli_fail(c, &err);
}

const command cmd_quantize = {
    .name = "quantize",
    .help = "make the weights smaller",
    .synopsis = "SRC --quant T -o OUT",
    .text = "The result is the same, byte for byte, for any number of threads and "
            "on any machine. A tensor that cannot take the type gets the nearest "
            "one that it can; the report says which and why.",
    .examples = "  pare quantize models/austen-3.7m --quant Q4_K_M -o austen-q4.gguf\n",
    .min_args = 1,
    .max_args = 1,
    .opts = opts,
    .run = run,
};
