/* term.c - standard output: written through one place that notices failures;
 * colours, widths, tables. Whether it is a terminal is asked once, in main.c.
 * The remembered failure is a file-scope variable because standard output is
 * one per process. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utf8proc.h>
#include "cli.h"

static const char *const inks[] = {"",         "\033[1m",  "\033[2m", "\033[31m",
                                   "\033[32m", "\033[33m", "\033[34m", "\033[0m"};

static int   out_errno; /* of the first write that failed */
static FILE *out_memory; /* between out_hold() and out_release(): takes what is written */

/* Bytes of the ink that `s` begins with; 0: none. */
static size_t ink_length(const char *s) {
    for (size_t i = 1; *s == '\033' && i < CLI_COUNT(inks); i++)
        if (strncmp(s, inks[i], strlen(inks[i])) == 0) return strlen(inks[i]);
    return 0;
}

/* ---- writing -------------------------------------------------------------- */

static void out_failed(void) {
    if (!out_errno) out_errno = errno ? errno : EIO;
    stop_ask();
}

void out_text(const char *s, size_t n) {
    if (out_errno || n == 0) return;
    if (fwrite(s, 1, n, out_memory ? out_memory : stdout) != n) out_failed();
}

void out_puts(const char *s) { out_text(s, strlen(s)); }

/* Names from strangers' files get here, between our own colours. */
static void tame_but_inks(char *s) {
    for (char *next = s; *s; s = next) {
        size_t n = ink_length(s);
        char   keep;
        next = s + n;
        if (n) continue;
        next = s + 1 + strcspn(s + 1, "\033");
        keep = *next;
        *next = 0;
        text_tame(s);
        *next = keep;
    }
}

void out_printf(const char *fmt, ...) {
    if (out_errno) return;
    char   *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0) {
        out_failed();
        return;
    }
    tame_but_inks(text);
    out_text(text, strlen(text));
    free(text);
}

void out_flush(void) {
    if (!out_errno && fflush(stdout) != 0) out_failed();
}

void out_hold(char **text, size_t *n) {
    out_memory = open_memstream(text, n);
    if (!out_memory) out_failed();
}

void out_release(void) {
    if (out_memory && fclose(out_memory) != 0) out_failed();
    out_memory = NULL;
}

bool out_broken(void) { return out_errno != 0; }

int out_finish(int status) {
    if (!out_errno && (fflush(stdout) != 0 || ferror(stdout))) out_failed();
    if (!out_errno) return status;
    if (out_errno == EPIPE) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    fprintf(stderr, "pare: standard output: %s\n", strerror(out_errno));
    return pare_status_exit(PARE_EENV);
}

/* ---- colour and width ------------------------------------------------------ */

const char *ink_on(const cli *c, ink k) {
    return c->colour ? inks[k] : "";
}

const char *ink_off(const cli *c) { return c->colour ? inks[CLI_COUNT(inks) - 1] : ""; }

static int width_of(const char *s, size_t n_bytes) {
    int columns = 0;
    for (const char *end = s + n_bytes; s < end;) {
        utf8proc_int32_t point;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, end - s, &point);
        if (n <= 0) n = 1, point = 0xFFFD;
        columns += utf8proc_charwidth(point);
        s += n;
    }
    return columns;
}

int text_width(const char *s) { return width_of(s, strlen(s)); }

int term_columns(FILE *f) {
    struct winsize w;
    if (isatty(fileno(f)) && ioctl(fileno(f), TIOCGWINSZ, &w) == 0 && w.ws_col >= 20)
        return w.ws_col;
    return 80;
}

void out_wrapped(const char *s, int indent, int columns) {
    int at = indent;
    while (*s) {
        size_t n = strcspn(s, " ");
        int    w = width_of(s, n);
        if (at > indent && at + 1 + w > columns) {
            out_printf("\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            out_puts(" ");
            at++;
        }
        out_printf("%.*s", (int)n, s);
        at += w;
        s += n + strspn(s + n, " ");
    }
    out_puts("\n");
}

/* ---- numbers for people ---------------------------------------------------- */

/* Three digits that matter, in the largest unit that is not below one. */
static const char *scaled(char *h, double x, const char *const *units, int n_units) {
    int u = 0;
    while (u + 1 < n_units && (x >= 999.5 || x <= -999.5)) x /= 1000, u++;
    double a = x < 0 ? -x : x;
    int    digits = u == 0 || a >= 99.95 ? 0 : a >= 9.995 ? 1 : 2;
    snprintf(h, sizeof(human), "%.*f%s%s", digits, x, units[u][0] ? " " : "", units[u]);
    return h;
}

const char *human_bytes(human h, double bytes) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    return scaled(h, bytes, units, 6);
}

const char *human_count(human h, double n) {
    static const char *const units[] = {"", "k", "M", "B", "T"};
    return scaled(h, n, units, 5);
}

const char *human_time(human h, double seconds) {
    long s = seconds < 0 ? 0 : seconds > 3.6e8 ? 360000000 : (long)(seconds + 0.5);
    if (s < 3600)
        snprintf(h, sizeof(human), "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(h, sizeof(human), "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return h;
}

/* ---- tables ----------------------------------------------------------------- */

enum { MAX_ROWS = 1000, MAX_COLS = 24, ROOM = 16 };
#define CUT '\xFF' /* between cells: no byte of UTF-8 */

struct table {
    size_t n_cols, n_rows; /* row 0 is the head */
    bool   right[MAX_COLS];
    char  *cells[MAX_ROWS + 1][MAX_COLS];
    ink    inks[MAX_ROWS + 1];
};

/* A cell is one line. */
static void tame_cell(char *s) {
    text_tame(s);
    for (; *s; s++)
        if (*s == '\n' || *s == '\t') *s = ' ';
}

/* Cut `text` at each `cut` into the cells of the next row. */
static void add_row(table *t, const char *text, char cut, ink k) {
    if (!t || t->n_rows > MAX_ROWS) return;
    size_t col = 0;
    for (const char *s = text; s && col < MAX_COLS; col++) {
        const char *bar = strchr(s, cut);
        t->cells[t->n_rows][col] = bar ? strndup(s, (size_t)(bar - s)) : strdup(s);
        s = bar ? bar + 1 : NULL;
        if (t->cells[t->n_rows][col]) tame_cell(t->cells[t->n_rows][col]);
    }
    if (col > t->n_cols) t->n_cols = col;
    t->inks[t->n_rows++] = k;
}

table *table_new(const char *heads) {
    table *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    add_row(t, heads, '|', INK_DIM);
    for (size_t i = 0; i < t->n_cols; i++) {
        char *s = t->cells[0][i];
        if (!s || !*s || s[strlen(s) - 1] != '>') continue;
        s[strlen(s) - 1] = 0;
        t->right[i] = true;
    }
    return t;
}

void table_row(table *t, ink k, const char *fmt, ...) {
    char    line[2048], form[256];
    va_list ap;
    snprintf(form, sizeof form, "%s", fmt);
    for (char *s = form; (s = strchr(s, '|'));) *s++ = CUT;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, form, ap);
    va_end(ap);
    add_row(t, line, CUT, k);
}

/* A last cell that the screen has no room for goes on below, under itself or, where that is too
 * narrow, near the margin. Each line has its own ink: a pager may cut between them. */
static void print_long(const cli *c, ink k, const char *s, int at, int columns) {
    int  indent = columns - at >= ROOM ? at : 4;
    bool fresh = at == indent; /* nothing of it stands on this line */
    if (!fresh) out_printf("%s\n%s%*s", ink_off(c), ink_on(c, k), indent, ""), fresh = true;
    for (at = indent; *s; s += strspn(s, " ")) {
        size_t n = strcspn(s, " ");
        int    w = width_of(s, n);
        if (!fresh && at + 1 + w > columns) {
            out_printf("%s\n%s%*s", ink_off(c), ink_on(c, k), indent, "");
            at = indent, fresh = true;
        }
        out_printf("%s%.*s", fresh ? "" : " ", (int)n, s);
        at += w + !fresh;
        fresh = false;
        s += n;
    }
}

static void print_row(const cli *c, const table *t, size_t row, const int *width) {
    int at = 0, columns = c->tty_out ? term_columns(stdout) : INT_MAX;
    out_puts(ink_on(c, t->inks[row]));
    for (size_t i = 0; i < t->n_cols; i++) {
        const char *s = t->cells[row][i] ? t->cells[row][i] : "";
        int         w = text_width(s), pad = width[i] - w;
        bool        last = i + 1 == t->n_cols;
        if (t->right[i])
            out_printf("%*s%s", pad, "", s);
        else if (last && w > columns - at)
            print_long(c, t->inks[row], s, at, columns);
        else
            out_printf("%s%*s", s, last ? 0 : pad, "");
        if (!last) out_puts("  ");
        at += width[i] + 2;
    }
    out_printf("%s\n", ink_off(c));
}

void table_print(const cli *c, table *t) {
    if (!t) return;
    int width[MAX_COLS] = {0};
    for (size_t r = 0; r < t->n_rows; r++)
        for (size_t i = 0; i < t->n_cols; i++) {
            int w = t->cells[r][i] ? text_width(t->cells[r][i]) : 0;
            if (w > width[i]) width[i] = w;
        }
    for (size_t r = 0; r < t->n_rows; r++) print_row(c, t, r, width);
    for (size_t r = 0; r < t->n_rows; r++)
        for (size_t i = 0; i < t->n_cols; i++) free(t->cells[r][i]);
    free(t);
}
