/* cli.h - the frame every command stands in: its options as data, its outputs
 * as one of two kinds (a table for people, one JSON object for programs), its
 * errors and its end.
 *
 *   static const opt_def *const opts[] = {&opt_threads, &(opt_def){...}, NULL};
 *   static int run(cli *c) {
 *       ...
 *       if (pare_x(cli_arg(c, 0), &c->ctl, &err) != PARE_OK) return cli_fail(c, &err);
 *       return 0;
 *   }
 *   const command cmd_x = {.name = "x", ..., .opts = opts, .run = run};
 *
 * and one line in the list of commands.c. Help, completion and the man page are
 * made from the same tables. A command runs in one thread. This folder sees of
 * the library only include/pare. */
#ifndef CLI_H
#define CLI_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "pare/ctl.h"
#include "pare/doc.h"
#include "pare/err.h"

#define CLI_COUNT(a)     (sizeof(a) / sizeof((a)[0]))
#define CLI_MAX_OPTS     64 /* of one command, the common ones included */
#define CLI_PRINTF(f, a) __attribute__((format(printf, f, a)))

typedef struct cli cli;

/* ---- options ------------------------------------------------------------- */

typedef enum {
    OPT_FLAG,   /* no value */
    OPT_INT,    /* a whole number in lo…hi */
    OPT_FLOAT,  /* a number in lo…hi */
    OPT_BYTES,  /* 512, 64k, 1.5G, 2GiB */
    OPT_STRING, /* any text */
    OPT_FILE,   /* a path: completed as one */
    OPT_ENUM,   /* one of `words` */
    OPT_LIST,   /* texts separated by commas; may be given again */
} opt_type;

typedef struct {
    const char        *name;    /* long name without dashes; NULL: only a letter */
    char               letter;  /* 0: only a name */
    opt_type           type;
    const char        *metavar; /* "N", "FILE"; NULL for a flag */
    const char        *help;    /* a phrase without a full stop */
    const char        *def;     /* the default, as it would be typed; NULL: not given */
    const char *const *words;   /* OPT_ENUM: the legal ones, NULL at the end */
    double             lo, hi;  /* OPT_INT and OPT_FLOAT; both 0: any (OPT_INT: from 0) */
} opt_def;

typedef struct {
    bool         given; /* on the command line, not by default */
    const char  *text;  /* NULL: neither given nor a default */
    double       number;
    int64_t      integer;
    uint64_t     bytes;
    const char **list; /* OPT_LIST */
    size_t       n_list;
    char       **copies; /* what `list` points into */
    size_t       n_copies;
} opt_value;

/* Options that mean the same in every command that has them (options.c). */
extern const opt_def opt_out, opt_text, opt_text_file, opt_n, opt_threads, opt_context,
    opt_temp, opt_top_k, opt_top_p, opt_min_p, opt_seed, opt_any_runner, opt_vs_runner,
    opt_against_runner, opt_work_memory, opt_allow_inexact, opt_strict, opt_quant, opt_state,
    opt_exact, opt_special, opt_max_memory, opt_calib, opt_calib_tokens, opt_imatrix, opt_method,
    opt_save_imatrix, opt_prune;
/* --json, --quiet and --help: every command has them. */
extern const opt_def *const opts_everywhere[];

/* ---- commands ------------------------------------------------------------ */

typedef struct {
    const char           *name;
    const char           *help;     /* one line, "what this machine has" */
    const char           *synopsis; /* "MODEL [-p TEXT]", after "pare NAME" */
    const char           *text;     /* paragraphs for help and man; NULL: none */
    const char           *examples; /* lines to be typed; NULL: none */
    bool                  computes; /* runs kernels: PARE_CPU must name a level that is there */
    bool                  is_text; /* prints a page or a script; with --json: {"text":…} */
    int                   min_args, max_args; /* max_args < 0: any number */
    const opt_def *const *opts;     /* NULL at the end; NULL: none of its own */
    int (*run)(cli *c);             /* the exit status */
} command;

extern const command *const commands[]; /* in the order of the work; NULL at the end */
const command *command_find(const char *name); /* NULL: none */
/* The i-th option of `cmd`, its own first, then those everywhere; NULL past the end. */
const opt_def *command_opt(const command *cmd, size_t i);

struct cli {
    const command *cmd;  /* NULL before it is known */
    const char   **args; /* what is not an option */
    int            n_args;
    char         **argv; /* all words as given, NULL at the end */
    opt_value      values[CLI_MAX_OPTS]; /* parallel to command_opt() */
    bool           json, quiet;
    bool           colour; /* standard output is a terminal that likes it */
    bool           tty_out, tty_err;
    pare_ctl       ctl; /* ready to be handed to the library: threads, progress, stop */
};

/* Fill `c` from the words after the verb. 0, or 2 with every mistake told. */
int  cli_parse(cli *c, int argc, char **argv);
void cli_done(cli *c);

/* The value of the option called `name` ("threads", or "p" if it has no name).
 * A name that the command's table lacks is a mistake in the command: it asserts. */
const opt_value *cli_opt(const cli *c, const char *name);
bool             cli_flag(const cli *c, const char *name);
const char      *cli_str(const cli *c, const char *name); /* NULL: not given, no default */
int64_t          cli_int(const cli *c, const char *name); /* 0 if not given, no default */
double           cli_num(const cli *c, const char *name);
uint64_t         cli_bytes(const cli *c, const char *name);
const char      *cli_arg(const cli *c, int i); /* NULL past the end */
/* The text of -p, or of the file of -f ("-": standard input), which is read whole;
 * `*text` is freed by the caller, `*n` may be NULL. Neither: PARE_EUSAGE. At most 1 GiB. */
pare_status cli_text(const cli *c, char **text, size_t *n, pare_err *err);

/* The same of a file that is named ("-": standard input). */
pare_status cli_file(const char *file, char **text, size_t *n, pare_err *err);

/* ---- ends and errors ----------------------------------------------------- */

/* Tell what went wrong on standard error, with --json also as an object on
 * standard output. Returns the exit status. */
int cli_fail(cli *c, const pare_err *err);
/* "pare: …" on standard error, exit status 2, with the way to the help. */
int cli_usage(cli *c, const char *fmt, ...) CLI_PRINTF(2, 3);
/* A line on standard error, above the progress bar; nothing with --quiet. */
void cli_note(cli *c, const char *fmt, ...) CLI_PRINTF(2, 3);
/* The word nearest to `word` among the n, or NULL if none is near. */
const char *cli_nearest(const char *word, const char *const *words, size_t n);

/* ---- stopping (stop.c) --------------------------------------------------- */

/* Ctrl-C and SIGTERM ask once, politely; the second one kills. */
void stop_init(void);
void stop_at_once(void); /* no longer politely; stop_init() takes it back */
bool stop_asked(void);
void stop_ask(void); /* as if asked: nobody reads standard output any more */

/* ---- standard output (term.c) -------------------------------------------- */

/* All writing to standard output goes through these; a failure is remembered
 * and asks the running job to stop. */
void out_text(const char *s, size_t n);
void out_puts(const char *s);
void out_printf(const char *fmt, ...) CLI_PRINTF(1, 2); /* tamed, but for the inks */
/* Flush. The exit status that `status` becomes: 4 after telling that a write
 * failed; a closed pipe ends the process by SIGPIPE, as of old. */
int out_finish(int status);

void out_flush(void);
bool out_broken(void); /* a write has failed */
/* Until out_release() what is written goes into *text (the caller frees it), *n bytes, which are
 * there after out_release(). */
void out_hold(char **text, size_t *n);
void out_release(void);

typedef enum { INK_PLAIN, INK_BOLD, INK_DIM, INK_RED, INK_GREEN, INK_YELLOW, INK_BLUE } ink;
/* The escape sequence, or "" where colour is off. `err`: for standard error. */
const char *ink_on(const cli *c, ink k);
const char *ink_off(const cli *c);

void   text_tame(char *s); /* what would command a terminal becomes '?'; not new lines, tabs */
int    text_width(const char *s); /* columns of UTF-8 text on a terminal */
int    term_columns(FILE *f);     /* 80 if it is no terminal */
/* `s` broken at spaces to `columns`, each line after the first indented. */
void   out_wrapped(const char *s, int indent, int columns);

/* Numbers for people, in a buffer of the caller: "6.9 MB", "1.10 B", "0:42", "12.3 k". */
typedef char human[32];
const char *human_bytes(human h, double bytes); /* powers of 1000 */
const char *human_count(human h, double n);
const char *human_time(human h, double seconds);

/* A table whose columns fit what is in them. At most 1,000 rows of 24 columns. Only a '|' of
 * the format ends a cell; one in what is put in does not. On a terminal that is narrower, the
 * last column goes on in the lines below.
 *
 *   table *t = table_new("name|size>|verdict");   // '>': to the right
 *   table_row(t, INK_PLAIN, "Q4_K_M|%s|yes", human_bytes(h, 2e6));
 *   table_print(c, t);                            // and frees it */
typedef struct table table;
table *table_new(const char *heads);
void   table_row(table *t, ink k, const char *fmt, ...) CLI_PRINTF(3, 4);
void   table_print(const cli *c, table *t);

/* ---- JSON (write_json.c): built in memory, printed whole ------------------------ */

/*   json *j = js_new();
 *   js_open(j, NULL, '{');
 *   js_str(j, "model", path);
 *   js_num(j, "bpw", 4.5);
 *   js_close(j);
 *   return js_print(j);            // 0, and frees it
 *
 * `key` is NULL inside a list. Numbers are written with as few digits as give
 * the same double back; what is not finite becomes null. Text that is not
 * UTF-8 has its bad bytes replaced by U+FFFD. (Not json_…: the program is linked with
 * jansson, which has a json_null of its own.) */
typedef struct json json;
json *js_new(void);
void  js_open(json *j, const char *key, char bracket); /* '{' or '[' */
void  js_close(json *j);
void  js_str(json *j, const char *key, const char *s); /* NULL: null */
void  js_text(json *j, const char *key, const char *s, size_t n);
void  js_num(json *j, const char *key, double v);
void  js_int(json *j, const char *key, int64_t v);
void  js_bool(json *j, const char *key, bool v);
void  js_null(json *j, const char *key);
/* A value that is JSON already (made by the library); not checked. */
void  js_raw(json *j, const char *key, const char *s);
int   js_print(json *j);

/* ---- documents (show.c): results of the library --------------------------- */

/* --json: print `d`, the one object. Returns the exit status, 0 unless memory lacks. */
int show_json(cli *c, const pare_doc *d);
/* The text at `path` in `d`, or "–". */
const char *show_str(const pare_doc *d, const char *path);
/* A cell with the bar taken out, which would end it. */
typedef char cell[256];
const char *show_cell(cell dst, const char *s);
/* Its number as people read it ("–" where none is known), in a buffer of the caller. */
const char *show_bytes(human h, const pare_doc *d, const char *path);
const char *show_count(human h, const pare_doc *d, const char *path);
/* "1,234,567". */
const char *show_grouped(human h, int64_t n);
/* `n` bytes as text on one line: what is not printable is escaped. */
void show_quoted(char *dst, size_t cap, const char *s, size_t n);
/* Each text of the array at `path` on a line of standard output, after `label`. */
void show_lines(const cli *c, const pare_doc *d, const char *path, const char *label);

/* The members of object `d`, or one value, into a JSON object being built. */
void show_members(json *j, const pare_doc *d);
void show_member(json *j, const char *key, const pare_doc *v);
/* What pare_convert() wrote (written.c). */
void show_written(cli *c, const pare_doc *d);
/* What `convert` compared at its end, in one line. */
void show_check(const pare_doc *check);

/* Metrics (metric_text.c): {"name","value","lo","hi","n","unit","against","reason"}. */
typedef char metric_cell[96];
const char *metric_value(metric_cell dst, const pare_doc *m);  /* "30.33", "98.6 %"; "–" */
const char *metric_bounds(metric_cell dst,
                          const pare_doc *m); /* "29.5 … 31.1"; "" if it has none */
const char *metric_pm(metric_cell dst, const pare_doc *m);     /* "30.33 ± 0.80" */
/* The metric of that name and baseline ("source", "f32", NULL) in owner's "metrics", or NULL. */
const pare_doc *metric_find(const pare_doc *owner, const char *name, const char *against);
void metric_table(cli *c, const pare_doc *metrics);
/* Gates and constraints with their margins (gate_text.c). */
void gate_table(cli *c, const pare_doc *gates);
/* The verdict's word in its colour, then what it rests on. */
void verdict_line(const cli *c, const pare_doc *d);

/* ---- progress (progress.c) ------------------------------------------------ */

/* Point c->ctl at the bar, the log and the stop flag. */
void progress_init(cli *c);
void progress_clear(void); /* take the bar away before something is printed */

/* ---- texts from the tables (help.c, man.c, complete.c) -------------------- */

void help_all(const cli *c);
void help_command(const cli *c, const command *cmd);
void man_print(void);
void complete_bash(void);
void complete_zsh(void);
void complete_fish(void);
#endif
