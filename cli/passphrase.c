/* passphrase.c - a passphrase from a file, a descriptor, or the terminal without echo.
 *
 * Always true: it is wiped here after use, and it is never on the command line, where every user of
 * the machine could read it. */
#include "passphrase.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

const opt_def opt_keys = {.name = "keys",
                          .type = OPT_FILE,
                          .metavar = "DIR",
                          .help = "folder of keys (default: $PARE_KEYS, else ~/.config/pare/keys)"};
const opt_def opt_key_name = {.name = "name",
                              .type = OPT_STRING,
                              .metavar = "NAME",
                              .help = "sign with these keys",
                              .def = "pare"};
const opt_def opt_pass_file = {.name = "passphrase-file",
                               .type = OPT_FILE,
                               .metavar = "FILE",
                               .help = "the passphrase is the first line of FILE (mode 0600)"};
const opt_def opt_pass_fd = {.name = "passphrase-fd",
                             .type = OPT_INT,
                             .metavar = "N",
                             .help = "read the passphrase from file descriptor N",
                             .lo = 0,
                             .hi = 1023};
const opt_def opt_date = {.name = "date",
                          .type = OPT_STRING,
                          .metavar = "DATE",
                          .help = "2026-11-23T09:00:00Z or seconds since 1970, instead of now"};

/* Reading byte by byte leaves nothing in a buffer of somebody else's. -1: it cannot be read, or
 * is too
 * long. */
static int read_line(int fd, char *dst, size_t cap) {
    size_t n = 0;
    for (;;) {
        char    ch;
        ssize_t k = read(fd, &ch, 1);
        if (k < 0 && errno == EINTR && !stop_asked()) continue;
        if (k < 0 || (k == 1 && ch == 3)) return -1; /* Ctrl-C comes as a byte */
        if (k == 0 || ch == '\n' || ch == '\r') return (int)n;
        if (n >= cap) return -1;
        dst[n++] = ch;
    }
}

static int from_file(const char *path, char *dst, size_t cap) {
    struct stat st;
    int         fd = open(path, O_RDONLY | O_CLOEXEC);
    int         n = -1;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0)
        fprintf(stderr, "pare: %s: others may read it: expected mode 0600\n", path);
    else if (fd >= 0)
        n = read_line(fd, dst, cap);
    else
        fprintf(stderr, "pare: %s: %s\n", path, strerror(errno));
    /* An empty file is a mistake, not the wish for keys that anyone can use. */
    if (n == 0) {
        fprintf(stderr, "pare: %s: its first line is empty, expected a passphrase\n", path);
        n = -1;
    }
    if (fd >= 0) close(fd);
    return n;
}

static int prompt(int tty, const char *text, const char *name, char *dst, size_t cap) {
    struct termios was, silent;
    if (tcgetattr(tty, &was) != 0) return -1;
    silent = was;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* a killed prompt would leave the terminal mute */
    dprintf(tty, "%s '%s': ", text, name);
    tcsetattr(tty, TCSAFLUSH, &silent);
    int n = read_line(tty, dst, cap);
    tcsetattr(tty, TCSAFLUSH, &was);
    dprintf(tty, "\n");
    return n;
}

static void wipe(char *p, size_t n) {
    volatile char *v = p;
    while (n--) *v++ = 0;
}

static int from_terminal(const char *name, pare_pass_for what, char *dst, size_t cap) {
    char again[1024];
    /* Who gave us no terminal to read from does not sit at one. */
    int tty = isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC) : -1, n;
    if (tty < 0) return what == PARE_PASS_NEW ? 0 : -1;
    if (what == PARE_PASS_OPEN) {
        n = prompt(tty, "Passphrase of", name, dst, cap);
    } else {
        n = prompt(tty, "New passphrase (empty: none) of", name, dst, cap);
        int m = n > 0 ? prompt(tty, "The same again, of", name, again, sizeof again) : n;
        if (m != n || (n > 0 && memcmp(dst, again, (size_t)n) != 0)) {
            dprintf(tty, "They differ.\n");
            n = -1;
        }
        wipe(again, sizeof again);
    }
    close(tty);
    return n;
}

/* The command has these too: key. */
static int ask_new(void *user, const char *name, pare_pass_for what, char *dst, size_t cap) {
    cli        *c = user;
    const char *file = cli_str(c, what == PARE_PASS_NEW && cli_str(c, "new-passphrase-file")
                                      ? "new-passphrase-file"
                                      : "passphrase-file");
    bool changes = strcmp(cli_arg(c, 0), "passphrase") == 0;
    if (what == PARE_PASS_NEW && cli_flag(c, "no-passphrase")) return 0;
    /* The one that opens them is not the new one. */
    if (what == PARE_PASS_NEW && changes) file = cli_str(c, "new-passphrase-file");
    if (file) return from_file(file, dst, cap);
    if (cli_opt(c, "passphrase-fd")->given && !(what == PARE_PASS_NEW && changes))
        return read_line((int)cli_int(c, "passphrase-fd"), dst, cap);
    /* To take a passphrase away must be said. */
    if (what == PARE_PASS_NEW && changes && !isatty(STDIN_FILENO)) return -1;
    return from_terminal(name, what, dst, cap);
}

static int ask(void *user, const char *name, pare_pass_for what, char *dst, size_t cap) {
    cli        *c = user;
    const char *file = cli_str(c, "passphrase-file");
    if (file) return from_file(file, dst, cap);
    if (cli_opt(c, "passphrase-fd")->given)
        return read_line((int)cli_int(c, "passphrase-fd"), dst, cap);
    return from_terminal(name, what, dst, cap);
}

/* A process that holds private keys leaves no core behind. */
void passphrase_keys(cli *c, const char *name, bool new_too, pare_keys *k) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    *k = (pare_keys){
        .dir = cli_str(c, "keys"), .name = name, .ask = new_too ? ask_new : ask, .user = c};
}
