/* commands.c - the list of verbs, in the order of the work. It is the only place
 * that knows all of them; a verb that does not work is not in it. */
#include <string.h>
#include "cli.h"

extern const command cmd_hw, cmd_runners, cmd_assess, cmd_tokenize, cmd_generate, cmd_convert,
    cmd_quantize, cmd_eval, cmd_bench, cmd_profile, cmd_parity, cmd_optimize, cmd_gate,
    cmd_completion, cmd_help, cmd_version, cmd_key, cmd_certify, cmd_verify,
    cmd_recommend;

const command *const commands[] = {
    &cmd_hw,
    &cmd_runners,
    &cmd_assess,
    &cmd_recommend,
    &cmd_tokenize,
    &cmd_generate,
    &cmd_convert,
    &cmd_quantize,
    &cmd_eval,
    &cmd_bench,
    &cmd_profile,
    &cmd_parity,
    &cmd_optimize,
    &cmd_gate,
    &cmd_key,
    &cmd_certify,
    &cmd_verify,
    &cmd_completion,
    &cmd_help,
    &cmd_version,
    NULL,
};

const command *command_find(const char *name) {
    for (size_t i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0) return commands[i];
    return NULL;
}
