/* help.c - what "pare help" prints, all of it from the tables. */
#include <string.h>
#include "cli.h"

enum { MAX_COLUMNS = 96 };

static int columns(void) {
    int n = term_columns(stdout);
    return n > MAX_COLUMNS ? MAX_COLUMNS : n;
}

/* "-t, --threads N" */
static void spell(char *dst, size_t cap, const opt_def *o) {
    char letter[3] = {'-', o->letter, 0};
    snprintf(dst, cap, "%s%s%s%s%s%s", o->letter ? letter : "  ",
             o->name ? (o->letter ? ", " : "  ") : "", o->name ? "--" : "", o->name ? o->name : "",
             o->metavar ? " " : "", o->metavar ? o->metavar : "");
}

static void explain(char *dst, size_t cap, const opt_def *o) {
    size_t n = (size_t)snprintf(dst, cap, "%s", o->help);
    for (size_t i = 0; o->words && o->words[i] && n < cap; i++)
        n += (size_t)snprintf(dst + n, cap - n, "%s%s", i ? ", " : ": ", o->words[i]);
    if (o->def && n < cap) snprintf(dst + n, cap - n, " (default: %s)", o->def);
}

void help_all(const cli *c) {
    const char *b = ink_on(c, INK_BOLD), *e = ink_off(c);
    out_printf("%spare%s - a model made smaller, measured and proven\n\n", b, e);
    out_printf("%susage:%s pare VERB [options] MODEL…\n\n", b, e);
    for (size_t i = 0; commands[i]; i++) {
        out_printf("  %s%-11s%s ", b, commands[i]->name, e);
        out_wrapped(commands[i]->help, 14, columns());
    }
    out_puts("\nEvery verb has --help, --json and --quiet. \"pare help VERB\" says more.\n"
             "Exit status: 0 done, 1 the answer is no, 2 usage, 3 bad input, 4 the environment\n"
             "lacks a part, 5 internal fault, 130 interrupted.\n");
}

void help_command(const cli *c, const command *cmd) {
    const char *b = ink_on(c, INK_BOLD), *e = ink_off(c);
    out_printf("%spare %s%s - ", b, cmd->name, e);
    out_wrapped(cmd->help, 2, columns());
    out_printf("\n%susage:%s pare %s%s%s\n", b, e, cmd->name, cmd->synopsis[0] ? " " : "",
               cmd->synopsis);
    for (const char *s = cmd->text; s && *s;) {
        size_t n = strcspn(s, "\n");
        char   line[2048];
        snprintf(line, sizeof line, "%.*s", (int)(n < 2047 ? n : 2047), s);
        out_puts("\n");
        out_wrapped(line, 0, columns());
        s += n + strspn(s + n, "\n");
    }
    out_printf("\n%soptions:%s\n", b, e);
    const opt_def *o;
    for (size_t i = 0; (o = command_opt(cmd, i)); i++) {
        char left[96], right[640];
        spell(left, sizeof left, o);
        explain(right, sizeof right, o);
        int pad = 26 - text_width(left);
        if (pad >= 0)
            out_printf("  %s%s%s%*s ", b, left, e, pad, "");
        else
            out_printf("  %s%s%s\n%29s", b, left, e, "");
        out_wrapped(right, 29, columns());
    }
    if (cmd->examples) out_printf("\n%sexamples:%s\n%s", b, e, cmd->examples);
}
