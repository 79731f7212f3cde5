/* progress.c - the bar on standard error: drawn on a terminal for what takes
 * over a second, with rate and time left; a line now and then where there is
 * no terminal; nothing with --quiet. There is at most one bar, because there is
 * one standard error; it belongs to the thread that runs the command. */
#include <string.h>
#include <time.h>
#include "cli.h"

enum { REDRAW_MS = 100, PATIENCE_MS = 1000, LINE_MS = 15000, BAR = 24 };

static struct {
    char   task[96];
    double begun_ms, drawn_ms; /* of this task */
    double first;              /* done when the task began: a resumed job is not fast */
    bool   on_screen;
} bar;

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

void progress_clear(void) {
    if (bar.on_screen) fputs("\r\033[K", stderr);
    bar.on_screen = false;
}

/* "1.2 GB/s", "84 tok/s"; "" where it is not known. */
static const char *rate_text(char *dst, size_t cap, const pare_progress *p, double per_s) {
    human h;
    dst[0] = 0;
    if (per_s <= 0) return dst;
    if (p->unit && strcmp(p->unit, "B") == 0)
        snprintf(dst, cap, "%s/s", human_bytes(h, per_s));
    else if (per_s >= 1)
        snprintf(dst, cap, "%s %s/s", human_count(h, per_s), p->unit ? p->unit : "");
    return dst;
}

static void draw(const pare_progress *p, double elapsed_ms) {
    char   rate[64], blocks[BAR + 1], line[256];
    human  left = "", amount;
    double per_s = elapsed_ms > 0 ? (p->done - bar.first) / (elapsed_ms / 1e3) : 0;
    double share = p->total > 0 ? p->done / p->total : 0;
    share = share < 0 ? 0 : share > 1 ? 1 : share;
    rate_text(rate, sizeof rate, p, per_s);
    if (p->total > 0) {
        for (int i = 0; i < BAR; i++) blocks[i] = i < (int)(share * BAR + 0.5) ? '#' : '.';
        blocks[BAR] = 0;
        if (per_s > 0) human_time(left, (p->total - p->done) / per_s);
        snprintf(line, sizeof line, "%s  [%s] %3.0f %%  %s%s%s%s", bar.task, blocks, share * 100,
                 rate, *left ? "  " : "", left, *left ? " left" : "");
    } else {
        snprintf(line, sizeof line, "%s  %s %s  %s", bar.task, human_count(amount, p->done),
                 p->unit ? p->unit : "", rate);
    }
    /* Longer than the screen would wrap, and then not be cleared. */
    size_t n = strlen(line), columns = (size_t)term_columns(stderr);
    while (n > 0 && (size_t)text_width(line) >= columns) {
        do n--;
        while (n > 0 && ((unsigned char)line[n] & 0xC0) == 0x80);
        line[n] = 0;
    }
    fprintf(stderr, "\r\033[K%s", line);
    bar.on_screen = true;
}

static void note_line(const pare_progress *p) {
    if (p->total > 0)
        fprintf(stderr, "pare: %s: %.0f %%\n", bar.task, 100 * p->done / p->total);
    else
        fprintf(stderr, "pare: %s: %.0f %s\n", bar.task, p->done, p->unit ? p->unit : "");
}

static void on_progress(void *user, const pare_progress *p) {
    const cli *c = user;
    double     now = now_ms();
    char task[sizeof bar.task];
    snprintf(task, sizeof task, "%s", p->task ? p->task : "");
    text_tame(task);
    if (strcmp(bar.task, task) != 0) {
        progress_clear();
        memcpy(bar.task, task, sizeof task);
        bar.begun_ms = bar.drawn_ms = now;
        bar.first = p->done;
    }
    if (p->total > 0 && p->done >= p->total) {
        progress_clear();
        return;
    }
    if (now - bar.begun_ms < PATIENCE_MS) return;
    if (now - bar.drawn_ms < (c->tty_err ? REDRAW_MS : LINE_MS)) return;
    bar.drawn_ms = now;
    if (c->tty_err)
        draw(p, now - bar.begun_ms);
    else
        note_line(p);
}

static void on_log(void *user, pare_log_level level, const char *line) {
    const cli *c = user;
    if (c->quiet && level == PARE_LOG_INFO) return;
    char tamed[1280];
    snprintf(tamed, sizeof tamed, "%s", line);
    text_tame(tamed);
    progress_clear();
    fprintf(stderr, "pare: %s%s\n", level == PARE_LOG_WARN ? "warning: " : "", tamed);
}

static int is_cancelled(void *user) { return stop_asked(); }

void progress_init(cli *c) {
    const command *cmd = c->cmd;
    c->ctl = (pare_ctl){.on_log = on_log, .is_cancelled = is_cancelled, .user = c};
    if (!c->quiet) c->ctl.on_progress = on_progress;
    for (size_t i = 0; command_opt(cmd, i); i++) {
        if (command_opt(cmd, i) == &opt_threads) c->ctl.n_threads = (int)c->values[i].integer;
        if (command_opt(cmd, i) == &opt_work_memory)
            c->ctl.work_memory_bytes = c->values[i].bytes;
    }
}
