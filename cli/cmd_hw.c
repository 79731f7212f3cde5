/* cmd_hw.c - "pare hw": what this machine has. */
#include "cli.h"

static const opt_def own_bandwidth = {.name = "bandwidth",
                                      .type = OPT_FLAG,
                                      .help =
                                          "measure how fast memory is read (takes a second)"};
static const opt_def own_kernels = {
    .name = "kernels", .type = OPT_FLAG, .help = "which variant of each kernel runs here"};
static const opt_def own_root = {.name = "root",
                                 .type = OPT_FILE,
                                 .metavar = "DIR",
                                 .help = "read the system's files below DIR instead of /"};

static const opt_def *const opts[] = {&own_bandwidth, &own_kernels, &own_root, &opt_threads,
                                      NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "hw is not connected"};
    /* The library is called here: pare_hw_…(), root and c->ctl.n_threads handed down;
        print a table or the object. */
    return cli_fail(c, &err);
}

const command cmd_hw = {
    .name = "hw",
    .help = "what this machine has: CPU, SIMD, caches, memory, sensors",
    .synopsis = "[--bandwidth] [--kernels]",
    .text = "Nothing is written down that was not found: what a machine has no "
            "counter for is said to be missing, and why.",
    .examples = "  pare hw\n"
                "  pare hw --bandwidth --json\n",
    .min_args = 0,
    .max_args = 0,
    .opts = opts,
    .run = run,
};
