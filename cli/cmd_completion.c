/* cmd_completion.c - "pare completion SHELL": a script for the shell to read. */
#include <string.h>
#include "cli.h"

static int run(cli *c) {
    const char *shell = cli_arg(c, 0);
    if (strcmp(shell, "bash") == 0)
        complete_bash();
    else if (strcmp(shell, "zsh") == 0)
        complete_zsh();
    else if (strcmp(shell, "fish") == 0)
        complete_fish();
    else
        return cli_usage(c, "completion: found \"%s\", expected bash, zsh or fish", shell);
    return 0;
}

const command cmd_completion = {
    .name = "completion",
    .help = "print the completion script for a shell",
    .synopsis = "bash|zsh|fish",
    .text = "\"make install\" puts the scripts where the shells look for them.",
    .examples = "  eval \"$(pare completion bash)\"\n"
                "  pare completion fish > ~/.config/fish/completions/pare.fish\n",
    .min_args = 1,
    .max_args = 1,
    .is_text = true,
    .run = run,
};
