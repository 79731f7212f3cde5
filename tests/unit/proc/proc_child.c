/* proc_child.c - what test_proc.c starts: one way of behaving per word. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int echo(void) {
    char    b[4096];
    ssize_t k;
    while ((k = read(0, b, sizeof b)) > 0)
        if (write(1, b, (size_t)k) != k) return 1;
    return 0;
}

static int list_fds(void) {
    DIR           *d = opendir("/proc/self/fd");
    struct dirent *e;
    int            own = d ? dirfd(d) : -1, seen[256] = {0};
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && atoi(e->d_name) != own) seen[atoi(e->d_name) & 255] = 1;
    for (int i = 0; i < 256; i++)
        if (seen[i]) printf("%d ", i);
    return 0;
}

static int flood(const char *bytes) {
    for (long left = atol(bytes); left > 0; left -= 64)
        fprintf(stderr, "%063ld\n", left);
    fprintf(stderr, "the\001last words\n");
    puts("done");
    return 0;
}

/* A child of the child, that would live on with our stdout; its pid is told. */
static int leave_one(int then_hang) {
    pid_t pid = fork();
    if (pid == 0)
        for (;;) pause();
    printf("%d\n", (int)pid);
    fflush(stdout);
    if (then_hang)
        for (;;) pause();
    return 0;
}

static int signals(void) {
    struct sigaction a;
    sigset_t         m;
    int              bad = 0;
    sigprocmask(SIG_BLOCK, NULL, &m);
    for (int i = 1; i < 32; i++) {
        if (sigaction(i, NULL, &a) == 0 && a.sa_handler != SIG_DFL) bad++;
        bad += sigismember(&m, i) == 1;
    }
    printf("%d\n", bad);
    return 0;
}

/* Which kinds of socket there are: Internet, local. */
static int sockets(void) {
    printf("%d %d %d\n", socket(AF_INET, SOCK_STREAM, 0) >= 0, socket(AF_INET6, SOCK_DGRAM, 0) >= 0,
           socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    return 0;
}

int main(int argc, char **argv) {
    const char *how = argc > 1 ? argv[1] : "", *arg = argc > 2 ? argv[2] : "";
    char        dir[4096];
    if (!strcmp(how, "echo")) return echo();
    if (!strcmp(how, "exit")) return atoi(arg);
    if (!strcmp(how, "crash")) return raise(SIGSEGV);
    if (!strcmp(how, "hang"))
        for (;;) pause();
    if (!strcmp(how, "fds")) return list_fds();
    if (!strcmp(how, "flood")) return flood(arg);
    if (!strcmp(how, "leave")) return leave_one(0);
    if (!strcmp(how, "family")) return leave_one(1);
    if (!strcmp(how, "signals")) return signals();
    if (!strcmp(how, "sockets")) return sockets();
    if (!strcmp(how, "cwd")) return puts(getcwd(dir, sizeof dir) ? dir : "?") < 0;
    if (!strcmp(how, "env")) return puts(getenv(arg) ? getenv(arg) : "(not set)") < 0;
    if (!strcmp(how, "args")) {
        for (int i = 2; i < argc; i++) printf("[%s]", argv[i]);
        return 0;
    }
    if (!strcmp(how, "memory")) { /* as much as asked, touched */
        size_t n = (size_t)atol(arg);
        char  *p = malloc(n);
        if (!p) return 9;
        memset(p, 1, n);
        puts("ready");
        fflush(stdout);
        return echo() + (p[n / 2] != 1);
    }
    if (!strcmp(how, "write3")) return write(3, "shared", 6) != 6;
    return 99;
}
