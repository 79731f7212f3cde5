/* fake_runner.c - a child that speaks the protocol, or breaks it as $FAKE says:
 * "WHERE:HOW", WHERE one of hello, open, eval, time, reset.
 *
 * Its model: 7 tokens; logit j at position p after token t is 100 t + 10 p + j. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VOCAB = 7 };
static char line[1 << 21];
static long pos;

static void say(const char *s) {
    puts(s);
    fflush(stdout);
}

static void flood_stderr(void) {
    for (int i = 0; i < 40000; i++) fprintf(stderr, "noise %060d\n", i);
}

/* true: the fault has answered in place of the answer. */
static int fault(const char *where) {
    const char *f = getenv("FAKE"), *colon = f ? strchr(f, ':') : NULL;
    if (!colon || strncmp(f, where, (size_t)(colon - f)) || strlen(where) != (size_t)(colon - f))
        return 0;
    const char *how = colon + 1;
    if (!strcmp(how, "crash")) {
        fprintf(stderr, "something is broken inside\n");
        raise(SIGSEGV);
    }
    if (!strcmp(how, "exit")) exit(3);
    if (!strcmp(how, "hang"))
        for (;;) pause();
    if (!strcmp(how, "close")) {
        close(1);
        for (;;) pause();
    }
    if (!strcmp(how, "flood")) {
        flood_stderr();
        return 0;
    }
    if (!strcmp(how, "slow")) {
        usleep(300000);
        return 0;
    }
    if (!strcmp(how, "endless"))
        for (;;)
            if (fwrite("xxxxxxxxxxxxxxxx", 1, 16, stdout) != 16) exit(0);
    say(how); /* whatever it is */
    return 1;
}

/* The numbers of "ids":[…]. */
static int read_ids(int *ids, int most) {
    char *p = strstr(line, "\"ids\":[");
    int   n = 0;
    if (!p) return 0;
    for (p += 7; *p && *p != ']' && n < most; p += *p == ',') ids[n++] = (int)strtol(p, &p, 10);
    return n;
}

static void eval(void) {
    int   ids[4096], n = read_ids(ids, 4096);
    char *p = strstr(line, "\"rows\":");
    int   rows = p ? atoi(p + 7) : 0;
    float row[VOCAB];
    for (int i = 0; i < n; i++, pos++) {
        for (int j = 0; j < VOCAB; j++) row[j] = (float)(100 * ids[i] + 10 * pos + j);
        if (i >= n - rows)
            if (pwrite(3, row, sizeof row, (off_t)(i - (n - rows)) * (off_t)sizeof row) < 0)
                exit(5);
    }
    printf("{\"rows\":%d,\"vocab\":%d}\n", rows, VOCAB);
    fflush(stdout);
}

static void answer_time(void) {
    char *p = strstr(line, "\"n\":");
    int   n = p ? atoi(p + 4) : 0;
    printf("{\"prompt_ns\":1000,\"ns\":[");
    for (int i = 0; i < n; i++) printf("%s%d", i ? "," : "", 100 + i);
    say("]}");
}

int main(int argc, char **argv) {
    while (fgets(line, sizeof line, stdin)) {
        if (strstr(line, "\"do\":\"hello\"")) {
            if (fault("hello")) continue;
            printf("{\"protocol\":1,\"found\":true,\"verified\":true,\"version\":\"9.9\",");
            printf("\"path\":\"%s\",", argc > 1 ? argv[1] : "");
            printf("\"devices\":[\"CPU\",\"NPU\"],\"arithmetic\":\"telemetry=%s socket=%d\",",
                   getenv("ORT_DISABLE_TELEMETRY") ? getenv("ORT_DISABLE_TELEMETRY") : "on",
                   socket(AF_INET, SOCK_STREAM, 0));
            say("\"state\":\"f16\"}");
        } else if (strstr(line, "\"do\":\"open\"")) {
            if (!fault("open"))
                say("{\"vocab\":7,\"context\":600,\"arithmetic\":\"f32\",\"state\":\"f32\"}");
        } else if (strstr(line, "\"do\":\"eval\"")) {
            if (!fault("eval")) eval();
        } else if (strstr(line, "\"do\":\"time\"")) {
            if (!fault("time")) answer_time();
        } else if (strstr(line, "\"do\":\"reset\"")) {
            pos = 0;
            if (!fault("reset")) say("{}");
        } else {
            say("{}");
        }
    }
    return 0;
}
