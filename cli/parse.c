/* parse.c - words of the command line into values, strictly: an unknown option,
 * a missing value, a number out of range are mistakes, all told at once. */
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

#define MAX_MISTAKES 8

typedef struct {
    cli  *c;
    int   n_mistakes;
    char  mistakes[MAX_MISTAKES][256];
} parse;

static void mistake(parse *p, const char *fmt, ...) CLI_PRINTF(2, 3);
static void mistake(parse *p, const char *fmt, ...) {
    if (p->n_mistakes == MAX_MISTAKES) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(p->mistakes[p->n_mistakes++], sizeof p->mistakes[0], fmt, ap);
    va_end(ap);
}

const opt_def *command_opt(const command *cmd, size_t i) {
    size_t n = 0;
    for (; cmd->opts && cmd->opts[n]; n++)
        if (n == i) return cmd->opts[n];
    for (size_t k = 0; opts_everywhere[k]; k++, n++)
        if (n == i) return opts_everywhere[k];
    return NULL;
}

/* ---- the nearest word ----------------------------------------------------- */

/* Edits (insert, delete, change, swap of neighbours) from a to b; words are short. */
static int distance(const char *a, const char *b) {
    enum { MAX = 40 };
    int la = (int)strlen(a), lb = (int)strlen(b), d[MAX + 1][MAX + 1];
    if (la > MAX || lb > MAX) return MAX;
    for (int i = 0; i <= la; i++) d[i][0] = i;
    for (int j = 0; j <= lb; j++) d[0][j] = j;
    for (int i = 1; i <= la; i++)
        for (int j = 1; j <= lb; j++) {
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[la][lb];
}

const char *cli_nearest(const char *word, const char *const *words, size_t n) {
    const char *best = NULL;
    int         best_d = (int)strlen(word) / 3 + 2; /* further away is no help */
    for (size_t i = 0; i < n; i++) {
        int d = distance(word, words[i]);
        if (d < best_d) best_d = d, best = words[i];
    }
    return best;
}

static const char *nearest_option(const command *cmd, const char *word) {
    const char *names[CLI_MAX_OPTS];
    size_t      n = 0;
    for (size_t i = 0; command_opt(cmd, i); i++)
        if (command_opt(cmd, i)->name) names[n++] = command_opt(cmd, i)->name;
    return cli_nearest(word, names, n);
}

/* ---- one value ------------------------------------------------------------ */

/* The whole of `s` is a number. strtod reads "0x1p3", "inf" and spaces too; those
 * are not numbers here. The locale is never set, so the point is a point. */
static bool number_of(const char *s, double *v) {
    if (s[0] == 0 || s[strspn(s, "0123456789+-.eE")] != 0) return false;
    char *end;
    errno = 0;
    *v = strtod(s, &end);
    return *end == 0 && errno == 0;
}

static bool integer_of(const char *s, int64_t *v) {
    size_t sign = s[0] == '-' || s[0] == '+';
    if (s[sign] == 0 || s[sign + strspn(s + sign, "0123456789")] != 0) return false;
    errno = 0;
    *v = strtoll(s, NULL, 10);
    return errno == 0;
}

/* "64k", "1.5G", "2GiB", "512MB": k, M, G, T are powers of 1000; Ki, Mi … of 1024. */
static bool bytes_of(const char *s, uint64_t *v) {
    size_t n = strspn(s, "0123456789.");
    char   digits[32];
    double x, unit = 1;
    if (n == 0 || n >= sizeof digits) return false;
    memcpy(digits, s, n);
    digits[n] = 0;
    if (!number_of(digits, &x)) return false;
    const char *u = s + n, *letters = "kMGT";
    const char *at = *u == 'K' ? letters : *u ? strchr(letters, *u) : NULL;
    if (at) {
        double base = u[1] == 'i' ? 1024 : 1000;
        for (const char *l = letters; l <= at; l++) unit *= base;
        u += u[1] == 'i' ? 2 : 1;
    }
    if (*u == 'B') u++;
    if (*u != 0 || x * unit >= 18446744073709551616.0) return false;
    *v = (uint64_t)(x * unit);
    return true;
}

/* Cut `text` at its commas and append the parts to the list. */
static bool list_add(opt_value *v, const char *text) {
    size_t n = v->n_list + 1;
    for (const char *s = text; *s; s++) n += *s == ',';
    const char **list = realloc(v->list, n * sizeof *list);
    if (!list) return false;
    v->list = list;
    char **copies = realloc(v->copies, (v->n_copies + 1) * sizeof *copies);
    if (!copies) return false;
    v->copies = copies;
    char *copy = copies[v->n_copies] = strdup(text);
    if (!copy) return false;
    v->n_copies++;
    for (char *s = copy; s;) {
        char *comma = strchr(s, ',');
        if (comma) *comma = 0;
        list[v->n_list++] = s;
        s = comma ? comma + 1 : NULL;
    }
    return true;
}

static void range_mistake(parse *p, const opt_def *o, const char *shown, const char *text,
                          const char *kind) {
    bool any = o->lo == 0 && o->hi == 0;
    if (any)
        mistake(p, "%s: found \"%s\", expected %s", shown, text, kind);
    else if (o->type == OPT_INT)
        mistake(p, "%s: found \"%s\", expected %s in %.0f…%.0f", shown, text, kind, o->lo, o->hi);
    else
        mistake(p, "%s: found \"%s\", expected %s in %g…%g", shown, text, kind, o->lo, o->hi);
}

static bool in_range(const opt_def *o, double x) {
    return (o->lo == 0 && o->hi == 0) || (x >= o->lo && x <= o->hi);
}

/* Exact: beyond 2^53 a double is not. */
static bool in_range_int(const opt_def *o, int64_t x) {
    return (o->lo == 0 && o->hi == 0) || (x >= (int64_t)o->lo && x <= (int64_t)o->hi);
}

static void take_word(parse *p, const opt_def *o, const char *shown, const char *text) {
    size_t n = 0;
    char   all[160] = "";
    for (; o->words[n]; n++) {
        if (strcmp(o->words[n], text) == 0) return;
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", n ? ", " : "", o->words[n]);
    }
    mistake(p, "%s: found \"%s\", expected one of %s", shown, text, all);
}

/* Read `text` as the option's type. `shown` is how the user wrote the option. */
static void take(parse *p, const opt_def *o, opt_value *v, const char *shown, const char *text) {
    v->text = text;
    switch (o->type) {
    case OPT_FLAG:
    case OPT_STRING: break;
    case OPT_FILE:
        if (!*text) mistake(p, "%s: found an empty name, expected a path", shown);
        if (o == &opt_out && strcmp(text, "-") == 0)
            mistake(p, "%s: standard output is no target; a file of that name is ./-", shown);
        break;
    case OPT_INT:
        if (!integer_of(text, &v->integer) || !in_range_int(o, v->integer))
            range_mistake(p, o, shown, text, "a whole number");
        v->number = (double)v->integer;
        break;
    case OPT_FLOAT:
        if (!number_of(text, &v->number) || !in_range(o, v->number))
            range_mistake(p, o, shown, text, "a number");
        break;
    case OPT_BYTES:
        if (!bytes_of(text, &v->bytes))
            mistake(p, "%s: found \"%s\", expected bytes like 512, 64k, 1.5G or 2GiB", shown, text);
        break;
    case OPT_ENUM: take_word(p, o, shown, text); break;
    case OPT_LIST:
        if (!list_add(v, text)) mistake(p, "%s: out of memory", shown);
        break;
    }
}

/* ---- all of them ---------------------------------------------------------- */

/* The option with this long name (n bytes) or letter; its place in *at, or NULL. */
static const opt_def *option_named(const cli *c, const char *name, size_t n, size_t *at) {
    const opt_def *o;
    for (*at = 0; (o = command_opt(c->cmd, *at)); ++*at)
        if (o->name && strlen(o->name) == n && memcmp(o->name, name, n) == 0) return o;
    return NULL;
}

static const opt_def *option_lettered(const cli *c, char letter, size_t *at) {
    const opt_def *o;
    for (*at = 0; (o = command_opt(c->cmd, *at)); ++*at)
        if (o->letter == letter) return o;
    return NULL;
}

static void set(parse *p, const opt_def *o, size_t at, const char *shown, const char *text) {
    p->c->values[at].given = true;
    take(p, o, &p->c->values[at], shown, text);
}

/* "--name", "--name=value", "--name value". Returns how many words it took. */
static int take_long(parse *p, char **argv) {
    const char    *name = argv[0] + 2, *eq = strchr(name, '=');
    size_t         n = eq ? (size_t)(eq - name) : strlen(name), at;
    const opt_def *o = option_named(p->c, name, n, &at);
    char           shown[64];
    snprintf(shown, sizeof shown, "--%.*s", (int)(n < 50 ? n : 50), name);
    if (!o) {
        const char *near = nearest_option(p->c->cmd, shown + 2);
        if (near)
            mistake(p, "unknown option %s; did you mean --%s?", shown, near);
        else
            mistake(p, "unknown option %s", shown);
        return 1;
    }
    if (o->type == OPT_FLAG) {
        if (eq) mistake(p, "%s takes no value", shown);
        set(p, o, at, shown, "");
        return 1;
    }
    if (eq) return set(p, o, at, shown, eq + 1), 1;
    if (!argv[1]) return mistake(p, "%s lacks its value %s", shown, o->metavar), 1;
    set(p, o, at, shown, argv[1]);
    return 2;
}

/* "-x", "-xVALUE", "-x VALUE", "-xyz" for flags. Returns how many words it took. */
static int take_letters(parse *p, char **argv) {
    for (const char *s = argv[0] + 1; *s; s++) {
        char           shown[3] = {'-', *s, 0};
        size_t         at;
        const opt_def *o = option_lettered(p->c, *s, &at);
        if (!o) return mistake(p, "unknown option %s in \"%s\"", shown, argv[0]), 1;
        if (o->type == OPT_FLAG) {
            set(p, o, at, shown, "");
            continue;
        }
        if (s[1]) return set(p, o, at, shown, s + 1), 1;
        if (!argv[1]) return mistake(p, "%s lacks its value %s", shown, o->metavar), 1;
        return set(p, o, at, shown, argv[1]), 2;
    }
    return 1;
}

/* A default has the same form as what is typed, and is read by the same code. */
static void take_defaults(parse *p) {
    const opt_def *o;
    for (size_t i = 0; (o = command_opt(p->c->cmd, i)); i++) {
        assert(i < CLI_MAX_OPTS);
        if (!p->c->values[i].given && o->def) take(p, o, &p->c->values[i], o->name, o->def);
    }
}

static void count_args(parse *p) {
    const command *cmd = p->c->cmd;
    int            n = p->c->n_args;
    if (n < cmd->min_args)
        mistake(p, "%s: found %d argument%s, expected %s", cmd->name, n, n == 1 ? "" : "s",
                cmd->synopsis);
    if (cmd->max_args >= 0 && n > cmd->max_args)
        mistake(p, "%s: \"%s\" is one argument too many; expected %s", cmd->name,
                p->c->args[cmd->max_args], cmd->synopsis[0] ? cmd->synopsis : "none");
}

static int tell(parse *p) {
    cli     *c = p->c;
    pare_err err = {.status = PARE_EUSAGE, .pos = -1};
    size_t   n = 0;
    for (int i = 0; i < p->n_mistakes && n < sizeof err.msg; i++)
        n += (size_t)snprintf(err.msg + n, sizeof err.msg - n, "%s%s", i ? "\n" : "",
                              p->mistakes[i]);
    int status = cli_fail(c, &err);
    fprintf(stderr, "Try: pare help %s\n", c->cmd->name);
    return status;
}

int cli_parse(cli *c, int argc, char **argv) {
    parse p = {.c = c};
    c->args = calloc((size_t)argc + 1, sizeof *c->args);
    if (!c->args) {
        mistake(&p, "out of memory");
        return tell(&p);
    }
    for (int i = 0; i < argc;) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            for (i++; i < argc; i++) c->args[c->n_args++] = argv[i];
        } else if (word[0] == '-' && word[1] == '-') {
            i += take_long(&p, argv + i);
        } else if (word[0] == '-' && word[1]) {
            i += take_letters(&p, argv + i);
        } else {
            c->args[c->n_args++] = argv[i++];
        }
    }
    if (cli_flag(c, "help")) return 0; /* whatever else is wrong, it is what was asked for */
    take_defaults(&p);
    count_args(&p);
    c->json = cli_flag(c, "json");
    c->quiet = cli_flag(c, "quiet");
    return p.n_mistakes ? tell(&p) : 0;
}

void cli_done(cli *c) {
    for (size_t i = 0; i < CLI_MAX_OPTS; i++) {
        opt_value *v = &c->values[i];
        for (size_t k = 0; k < v->n_copies; k++) free(v->copies[k]);
        free(v->copies);
        free(v->list);
    }
    free(c->args);
}

/* ---- looking at them ------------------------------------------------------ */

const opt_value *cli_opt(const cli *c, const char *name) {
    const opt_def *o;
    for (size_t i = 0; (o = command_opt(c->cmd, i)); i++)
        if (o->name ? strcmp(o->name, name) == 0 : name[0] == o->letter && name[1] == 0)
            return &c->values[i];
    assert(!"the command's table has no option of this name");
    return NULL;
}

bool        cli_flag(const cli *c, const char *name) { return cli_opt(c, name)->given; }
const char *cli_str(const cli *c, const char *name) { return cli_opt(c, name)->text; }
int64_t     cli_int(const cli *c, const char *name) { return cli_opt(c, name)->integer; }
double      cli_num(const cli *c, const char *name) { return cli_opt(c, name)->number; }
uint64_t    cli_bytes(const cli *c, const char *name) { return cli_opt(c, name)->bytes; }
const char *cli_arg(const cli *c, int i) { return i < c->n_args ? c->args[i] : NULL; }
