/* complete.c - completion for three shells, from the tables. The scripts hold
 * every word themselves: completing never starts pare. */
#include <string.h>
#include "cli.h"

static void put_words(const opt_def *o) {
    for (size_t i = 0; o->words[i]; i++) out_printf("%s%s", i ? " " : "", o->words[i]);
}

static void put_verbs(void) {
    for (size_t i = 0; commands[i]; i++) out_printf("%s%s", i ? " " : "", commands[i]->name);
}

/* ---- bash -------------------------------------------------------------------- */

static void bash_values(const command *cmd) {
    const opt_def *o;
    for (size_t i = 0; (o = command_opt(cmd, i)); i++) {
        if (o->type == OPT_FLAG) continue;
        out_puts("            ");
        if (o->letter) out_printf("-%c", o->letter);
        if (o->letter && o->name) out_puts("|");
        if (o->name) out_printf("--%s", o->name);
        if (o->type == OPT_ENUM) {
            out_puts(") words='");
            put_words(o);
            out_puts("' ;;\n");
        } else {
            out_printf(") %s ;;\n", o->type == OPT_FILE ? "files=1" : "words=' '");
        }
    }
}

static void bash_command(const command *cmd) {
    const opt_def *o;
    out_printf("    %s)\n        case $prev in\n", cmd->name);
    bash_values(cmd);
    out_puts("            *) case $cur in -*) words='");
    for (size_t i = 0; (o = command_opt(cmd, i)); i++)
        if (o->name) out_printf("%s--%s", i ? " " : "", o->name);
    out_puts("' ;; *) ");
    if (strcmp(cmd->name, "help") == 0) {
        out_puts("words='");
        put_verbs();
        out_puts("'");
    } else {
        out_puts("files=1");
    }
    out_puts(" ;; esac ;;\n        esac ;;\n");
}

void complete_bash(void) {
    out_puts("# completion of pare for bash; made by \"pare completion bash\"\n"
             "_pare() {\n"
             "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
             "    local words='' files=''\n"
             "    COMPREPLY=()\n"
             "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
             "        words='");
    put_verbs();
    out_puts(" --help --version'\n    else case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; commands[i]; i++) bash_command(commands[i]);
    out_puts("    esac fi\n"
             "    if [ -n \"$files\" ]; then\n"
             "        compopt -o filenames 2>/dev/null\n"
             "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
             "    else\n"
             "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
             "    fi\n"
             "}\n"
             "complete -F _pare pare\n");
}

/* ---- zsh --------------------------------------------------------------------- */

/* Text inside '…[here]' of _arguments. */
static void zsh_text(const char *s) {
    for (; *s; s++) {
        if (*s == '\'')
            out_puts("'\\''");
        else if (strchr("[]:\\", *s))
            out_printf("\\%c", *s);
        else
            out_printf("%c", *s);
    }
}

static void zsh_option(const opt_def *o, const char *dashes, const char *name) {
    out_printf(" \\\n            '%s%s%s[", o->type == OPT_LIST ? "*" : "", dashes, name);
    zsh_text(o->help);
    out_puts("]");
    if (o->type != OPT_FLAG) out_printf(":%s:", o->metavar);
    if (o->type == OPT_FILE) out_puts("_files");
    if (o->type == OPT_ENUM) {
        out_puts("(");
        put_words(o);
        out_puts(")");
    }
    out_puts("'");
}

static void zsh_command(const command *cmd) {
    const opt_def *o;
    out_printf("        %s) _arguments", cmd->name);
    for (size_t i = 0; (o = command_opt(cmd, i)); i++) {
        char letter[2] = {o->letter, 0};
        if (o->letter) zsh_option(o, "-", letter);
        if (o->name) zsh_option(o, "--", o->name);
    }
    if (strcmp(cmd->name, "help") == 0) {
        out_puts(" \\\n            '*:verb:(");
        put_verbs();
        out_puts(")'");
    } else {
        out_puts(" \\\n            '*:file:_files'");
    }
    out_puts(" ;;\n");
}

void complete_zsh(void) {
    out_puts("#compdef pare\n# made by \"pare completion zsh\"\n"
             "_pare() {\n    local -a verbs\n    verbs=(\n");
    for (size_t i = 0; commands[i]; i++) {
        out_printf("        '%s:", commands[i]->name);
        zsh_text(commands[i]->help);
        out_puts("'\n");
    }
    out_puts("    )\n    if (( CURRENT == 2 )); then\n        _describe verb verbs\n"
             "        return\n    fi\n    local verb=$words[2]\n    shift words\n"
             "    (( CURRENT-- ))\n    case $verb in\n");
    for (size_t i = 0; commands[i]; i++) zsh_command(commands[i]);
    out_puts("    esac\n}\n"
             "if [ \"$funcstack[1]\" = \"_pare\" ]; then _pare \"$@\"; else compdef _pare "
                 "pare; fi\n");
}

/* ---- fish -------------------------------------------------------------------- */

static void fish_text(const char *s) {
    out_puts("'");
    for (; *s; s++) out_printf(*s == '\'' || *s == '\\' ? "\\%c" : "%c", *s);
    out_puts("'");
}

static void fish_command(const command *cmd) {
    const opt_def *o;
    out_printf("complete -c pare -n __fish_use_subcommand -f -a %s -d ", cmd->name);
    fish_text(cmd->help);
    out_puts("\n");
    for (size_t i = 0; (o = command_opt(cmd, i)); i++) {
        out_printf("complete -c pare -n '__fish_seen_subcommand_from %s'", cmd->name);
        if (o->letter) out_printf(" -s %c", o->letter);
        if (o->name) out_printf(" -l %s", o->name);
        if (o->type == OPT_FILE) out_puts(" -r");
        if (o->type != OPT_FLAG && o->type != OPT_FILE) out_puts(" -x");
        if (o->type == OPT_ENUM) {
            out_puts(" -a '");
            put_words(o);
            out_puts("'");
        }
        out_puts(" -d ");
        fish_text(o->help);
        out_puts("\n");
    }
}

void complete_fish(void) {
    out_puts("# completion of pare for fish; made by \"pare completion fish\"\n");
    for (size_t i = 0; commands[i]; i++) fish_command(commands[i]);
}
