/* stop.c - Ctrl-C and SIGTERM. The first one sets a flag that every long job
 * looks at; the handler then falls away, so that the second one kills. The
 * flag is the only mutable global of the program, because a handler is given
 * nothing else. */
#include <signal.h>
#include "cli.h"

static volatile sig_atomic_t asked;

static void on_signal(int sig) { asked = 1; }

void stop_init(void) {
    struct sigaction ask = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND | SA_RESTART};
    sigaction(SIGINT, &ask, NULL);
    sigaction(SIGTERM, &ask, NULL);
    /* A closed pipe is found when writing fails (term.c), so that a job which
     * writes files can still take its half-written ones away. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    sigaction(SIGXFSZ, &ignore, NULL); /* a limit on file sizes then is a write that fails */
}

/* For where nobody looks at the flag (the text still comes from a terminal or a pipe) and nothing
 * is half-written: until stop_init(), the first signal ends the program. */
void stop_at_once(void) {
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

bool stop_asked(void) { return asked != 0; }
void stop_ask(void) { asked = 1; }
