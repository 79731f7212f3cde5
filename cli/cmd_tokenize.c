/* cmd_tokenize.c - "pare tokenize": text to ids and back. */
#include "cli.h"

static const opt_def own_decode = {
    .name = "decode",
    .type = OPT_FLAG,
    .help = "the text is ids, separated by spaces or commas; print what they say"};
static const opt_def own_pieces = {
    .name = "pieces", .type = OPT_FLAG, .help = "one line per token: id and text"};

static const opt_def *const opts[] = {&opt_text,   &opt_text_file, &opt_special,
                                      &own_decode, &own_pieces,    NULL};

static int run(cli *c) {
    pare_err err = {.status = PARE_EINTERNAL, .pos = -1, .msg = "tokenize is not connected"};
    /* The library is called here: pare_tokenizer of the model;
        text from cli_arg(c, 1) or cli_text(). */
    return cli_fail(c, &err);
}

const command cmd_tokenize = {
    .name = "tokenize",
    .help = "text to token ids, or ids to text",
    .synopsis = "MODEL [TEXT] [-p TEXT | -f FILE] [--decode]",
    .text = "The text is an argument, or comes from -p or -f. By default it is "
            "taken as it is: no token is added, and \"<s>\" in it is three "
            "characters.\n"
            "With --json the ids are {\"ids\":[…]}.",
    .examples = "  pare tokenize models/austen-3.7m \"It is a truth\"\n"
                "  pare tokenize models/austen-3.7m --decode \"1 57 311\"\n",
    .min_args = 1,
    .max_args = 2,
    .opts = opts,
    .run = run,
};
