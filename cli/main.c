/* main.c - finds the verb and runs it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "pare/hw.h"

static int unknown_verb(cli *c, const char *word) {
    const char *names[64];
    size_t      n = 0;
    for (; commands[n] && n < CLI_COUNT(names); n++) names[n] = commands[n]->name;
    const char *near = cli_nearest(word, names, n);
    if (near) return cli_usage(c, "there is no verb \"%s\"; did you mean \"%s\"?", word, near);
    return cli_usage(c, "there is no verb \"%s\"", word);
}

/* Colour needs a terminal that is not "dumb", and nobody who forbids it. */
static void look_around(cli *c, int argc, char **argv) {
    const char *term = getenv("TERM"), *no = getenv("NO_COLOR");
    c->tty_out = isatty(STDOUT_FILENO);
    c->tty_err = isatty(STDERR_FILENO);
    c->colour = c->tty_out && !(no && *no) && term && strcmp(term, "dumb") != 0;
    /* Mistakes in the options themselves are told in JSON too. */
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0) c->json = true;
}

static int print_text(cli *c) {
    if (!cli_flag(c, "help")) return c->cmd->run(c);
    help_command(c, c->cmd);
    return 0;
}

/* A page or a script with --json: {"text":…}; an error is an object already. */
static int text_as_json(cli *c) {
    char  *text = NULL;
    size_t n = 0;
    c->colour = false;
    out_hold(&text, &n);
    int status = print_text(c);
    out_release();
    if (status) {
        out_text(text, n);
    } else if (!out_broken()) {
        json *j = js_new();
        js_open(j, NULL, '{');
        js_text(j, "text", text, n);
        status = js_print(j);
    }
    free(text);
    return status;
}

static int run(cli *c, int argc, char **argv) {
    const char *word = argc > 1 ? argv[1] : NULL;
    if (!word) return cli_usage(c, "no verb; \"pare help\" lists them");
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) word = "version";
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) word = "help";
    c->cmd = command_find(word);
    if (!c->cmd) return unknown_verb(c, word);
    int status = cli_parse(c, argc - 2, argv + 2);
    if (status) return status;
    if (cli_flag(c, "help") || c->cmd->is_text) return c->json ? text_as_json(c) : print_text(c);
    pare_err err = {0};
    if (c->cmd->computes && pare_cpu_check(&err) != PARE_OK) return cli_fail(c, &err);
    progress_init(c);
    status = c->cmd->run(c);
    progress_clear();
    return status;
}

int main(int argc, char **argv) {
    cli c = {.argv = argv};
    stop_init();
    look_around(&c, argc, argv);
    int status = run(&c, argc, argv);
    cli_done(&c);
    return out_finish(status);
}
