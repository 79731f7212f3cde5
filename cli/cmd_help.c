/* cmd_help.c - "pare help [VERB]" and "pare help --man". */
#include <string.h>
#include "cli.h"

static const opt_def opt_man = {"man", 0,    OPT_FLAG, NULL, "the man page, in roff",
                                NULL,  NULL, 0,        0};
static const opt_def *const opts[] = {&opt_man, NULL};

static int run(cli *c) {
    if (cli_flag(c, "man")) {
        man_print();
        return 0;
    }
    if (c->n_args == 0) {
        help_all(c);
        return 0;
    }
    const command *cmd = command_find(cli_arg(c, 0));
    if (!cmd) return cli_usage(c, "help: there is no verb \"%s\"", cli_arg(c, 0));
    help_command(c, cmd);
    return 0;
}

const command cmd_help = {
    .name = "help",
    .help = "say what a verb does and which options it has",
    .synopsis = "[VERB] [--man]",
    .max_args = 1,
    .opts = opts,
    .is_text = true,
    .run = run,
};
