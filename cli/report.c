/* report.c - how the command says that something went wrong, and the text that
 * -p and -f name. Standard error always gets the message; with --json standard
 * output gets an object too, so that a script need not read prose. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

static void fail_json(const pare_err *err) {
    json *j = js_new();
    js_open(j, NULL, '{');
    js_open(j, "error", '{');
    js_str(j, "status", pare_status_name(err->status));
    js_int(j, "exit", pare_status_exit(err->status));
    js_str(j, "file", err->file[0] ? err->file : NULL);
    if (err->pos >= 0)
        js_int(j, "pos", err->pos);
    else
        js_null(j, "pos");
    js_str(j, "message", err->msg);
    js_close(j);
    js_close(j);
    js_print(j);
}

/* Names come from strangers' files: none of them commands the terminal. New lines and tabs stay. */
void text_tame(char *s) {
    for (; *s; s++) {
        unsigned char u = (unsigned char)*s, next = (unsigned char)s[1];
        if ((u < 0x20 && u != '\n' && u != '\t') || u == 0x7F) *s = '?';
        if (u == 0xC2 && next >= 0x80 && next < 0xA0) s[0] = s[1] = '?'; /* C1 controls */
    }
}

int cli_fail(cli *c, const pare_err *err) {
    char line[1280];
    pare_err_format(err, line, sizeof line);
    text_tame(line);
    progress_clear();
    /* Several mistakes are several lines, each named. */
    for (char *s = line; s;) {
        char *end = strchr(s, '\n');
        if (end) *end = 0;
        fprintf(stderr, "pare: %s\n", s);
        s = end ? end + 1 : NULL;
    }
    if (c->json) fail_json(err);
    return pare_status_exit(err->status);
}

int cli_usage(cli *c, const char *fmt, ...) {
    pare_err err = {.status = PARE_EUSAGE, .pos = -1};
    va_list  ap;
    va_start(ap, fmt);
    vsnprintf(err.msg, sizeof err.msg, fmt, ap);
    va_end(ap);
    int status = cli_fail(c, &err);
    fprintf(stderr, "Try: pare help%s%s\n", c->cmd ? " " : "", c->cmd ? c->cmd->name : "");
    return status;
}

void cli_note(cli *c, const char *fmt, ...) {
    if (c->quiet) return;
    progress_clear();
    va_list ap;
    va_start(ap, fmt);
    char line[1280];
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    text_tame(line);
    fprintf(stderr, "%s\n", line);
}

static pare_status bad(pare_err *err, pare_status status, const char *file, const char *msg) {
    *err = (pare_err){.status = status, .pos = -1};
    snprintf(err->file, sizeof err->file, "%s", file);
    snprintf(err->msg, sizeof err->msg, "%s", msg);
    return status;
}

/* All of `f`, terminated. */
static pare_status read_all(FILE *f, const char *name, char **text, size_t *n, pare_err *err) {
    const size_t max = (size_t)1 << 30;
    size_t       cap = 1 << 16, used = 0;
    char        *p = malloc(cap);
    while (p) {
        used += fread(p + used, 1, cap - used - 1, f);
        if (used < cap - 1) break;
        if (cap >= max) return free(p), bad(err, PARE_EINPUT, name, "is larger than 1 GiB");
        char *more = realloc(p, cap * 2);
        if (!more) free(p);
        p = more;
        cap *= 2;
    }
    if (!p) return bad(err, PARE_ENOMEM, name, "no memory for the text");
    if (ferror(f)) {
        int why = errno;
        return free(p), bad(err, PARE_EINPUT, name, strerror(why));
    }
    p[used] = 0;
    *text = p;
    *n = used;
    return PARE_OK;
}

pare_status cli_text(const cli *c, char **text, size_t *n, pare_err *err) {
    const char *given = cli_str(c, "prompt"), *file = cli_str(c, "file");
    size_t      length;
    *text = NULL;
    if (!n) n = &length;
    *n = 0;
    if (given && file) return bad(err, PARE_EUSAGE, "", "-p and -f: give one of them");
    if (given) {
        *text = strdup(given);
        *n = strlen(given);
        return *text ? PARE_OK : bad(err, PARE_ENOMEM, "", "no memory for the text");
    }
    if (!file) return bad(err, PARE_EUSAGE, "", "no text: give -p TEXT or -f FILE");
    return cli_file(file, text, n, err);
}

pare_status cli_file(const char *file, char **text, size_t *n, pare_err *err) {
    bool        is_stdin = strcmp(file, "-") == 0;
    pare_status st;
    stop_at_once();
    FILE *f = is_stdin ? stdin : fopen(file, "rb");
    if (f)
        st = read_all(f, is_stdin ? "standard input" : file, text, n, err);
    else
        st = bad(err, PARE_EINPUT, file, strerror(errno));
    if (f && !is_stdin) fclose(f);
    stop_init();
    return st;
}
