/* man.c - the man page in roff, from the tables; docs/pare.1 is its output, and
 * a test holds the two together. No date: the same source gives the same page. */
#include <string.h>
#include "cli.h"

/* Text with roff's own characters made harmless. */
static void put(const char *s) {
    bool first = true;
    for (; *s; s++) {
        if (*s == '\\')
            out_puts("\\e");
        else if (*s == '-')
            out_puts("\\-");
        else if (*s == '\n')
            out_puts("\n.br\n");
        else if (first && (*s == '.' || *s == '\''))
            out_printf("\\&%c", *s);
        else
            out_printf("%c", *s);
        first = *s == '\n';
    }
}

static void bold(const char *before, const char *s) {
    out_puts("\\fB");
    put(before);
    put(s);
    out_puts("\\fR");
}

static void put_option(const opt_def *o) {
    char letter[2] = {o->letter, 0};
    out_puts(".TP\n");
    if (o->letter) bold("-", letter);
    if (o->letter && o->name) out_puts(", ");
    if (o->name) bold("--", o->name);
    if (o->metavar) out_printf(" \\fI%s\\fR", o->metavar);
    out_puts("\n");
    put(o->help);
    for (size_t i = 0; o->words && o->words[i]; i++) {
        out_puts(i ? ", " : ": ");
        put(o->words[i]);
    }
    if (o->def) {
        out_puts(" (default: ");
        put(o->def);
        out_puts(")");
    }
    out_puts("\n");
}

static void put_command(const command *cmd) {
    out_puts(".SS \"");
    put(cmd->name);
    out_puts(" ");
    put(cmd->synopsis);
    out_puts("\"\n");
    put(cmd->help);
    out_puts(".\n");
    for (const char *s = cmd->text; s && *s;) {
        size_t n = strcspn(s, "\n");
        char   line[2048];
        snprintf(line, sizeof line, "%.*s", (int)(n < 2047 ? n : 2047), s);
        out_puts(".PP\n");
        put(line);
        out_puts("\n");
        s += n + strspn(s + n, "\n");
    }
    for (size_t i = 0; cmd->opts && cmd->opts[i]; i++) put_option(cmd->opts[i]);
    if (cmd->examples) {
        out_puts(".PP\nExamples:\n.PP\n.nf\n");
        for (const char *s = cmd->examples; *s; s++) {
            if (*s == '\\' || *s == '-')
                out_puts(*s == '-' ? "\\-" : "\\e");
            else
                out_printf("%c", *s);
        }
        out_puts(".fi\n");
    }
}

void man_print(void) {
    out_puts(".\\\" Made by \"pare help --man\"; renew with \"make docs\".\n"
             ".TH PARE 1 \"\" \"pare\" \"User Commands\"\n"
             ".SH NAME\npare \\- a model made smaller, measured and proven\n"
             ".SH SYNOPSIS\n.B pare\n\\fIVERB\\fR [\\fIoptions\\fR] \\fIMODEL\\fR...\n"
             ".SH DESCRIPTION\n"
             "Takes a language model from its checkpoint to a smaller file that has been\n"
             "measured against it. Each verb does one step;\n.B optimize\ndoes them all.\n"
             ".SH \"OPTIONS OF EVERY VERB\"\n");
    for (size_t i = 0; opts_everywhere[i]; i++) put_option(opts_everywhere[i]);
    out_puts(".SH VERBS\n");
    for (size_t i = 0; commands[i]; i++) put_command(commands[i]);
    out_puts(".SH \"EXIT STATUS\"\n"
             ".TP\n0\ndone\n"
             ".TP\n1\nit ran, and the answer is no: a gate failed, a request was refused\n"
             ".TP\n2\nwrong usage\n"
             ".TP\n3\nbad input; the message says which file, which byte, what was expected\n"
             ".TP\n4\nthe environment lacks a part: space, rights, memory, a library\n"
             ".TP\n5\nan internal fault\n"
             ".TP\n130\ninterrupted\n"
             ".SH ENVIRONMENT\n"
             ".TP\n.B PARE_CPU\nthe highest instruction set to use: reference, avx2, avx512\n"
             ".TP\n.B NO_COLOR\nno colours\n");
}
