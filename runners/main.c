/* main.c - pare-runner RUNTIME: reads requests, a line of JSON each, until "close" or the end of
 * input; answers each with one line (docs/runner-protocol.md).
 *
 * Always true: our answers are the only thing that goes to the standard output we were given;
 * what a runtime prints there goes to stderr. If pare goes away, so do we, even in the
 * midst of a computation: a thread watches our input for its end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "helper.h"
#include "pare/doc.h"

enum { LINE_MOST = 1 << 20, IDS_MOST = 16384, PROTOCOL = 1, LOGITS_FD = 3 };

static const runtime *const runtimes[] = {&run_llama, &run_ort, &run_genai, &run_openvino};

static FILE  *out;
static char   fail_kind[32], fail_text[600];
static float *shared;       /* the logits' file, mapped */
static size_t shared_bytes;
static int64_t vocab;       /* of the open model; 0: none is open */

bool fail(const char *kind, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    vsnprintf(fail_text, sizeof fail_text, fmt, args);
    va_end(args);
    snprintf(fail_kind, sizeof fail_kind, "%s", kind);
    return false;
}

/* ------------------------------------------------------------------- writing answers */

/* As a JSON string, in ASCII: nobody vouches for a runtime's words being UTF-8. */
static void put_text(const char *s) {
    fputc('"', out);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') fprintf(out, "\\%c", c);
        else if (c < 0x20 || c > 0x7E) fprintf(out, "\\u%04x", c < 0x20 ? c : '?');
        else fputc(c, out);
    }
    fputc('"', out);
}

static void put(const char *key, const char *text) {
    fprintf(out, "\"%s\":", key);
    put_text(text);
}

static void answer_failure(void) {
    fputc('{', out);
    put("error", fail_text[0] ? fail_text : "failed without a word");
    fputc(',', out);
    put("kind", fail_kind[0] ? fail_kind : "internal");
    fputs("}\n", out);
}

/* ------------------------------------------------------------------- requests */

static bool hello(const runtime *r, bool check) {
    static about a;
    static bool  tried, loaded;
    if (!tried) loaded = r->load(&a);
    tried = true;
    bool verified = loaded && check && r->check();
    fprintf(out, "{\"protocol\":%d,\"found\":%s,\"verified\":%s,", PROTOCOL,
            loaded ? "true" : "false", verified ? "true" : "false");
    put("path", a.path);
    fputc(',', out);
    put("version", a.version);
    fputs(",\"devices\":[", out);
    for (int i = 0; i < a.n_devices; i++) {
        if (i) fputc(',', out);
        put_text(a.devices[i]);
    }
    fputs("],", out);
    put("arithmetic", a.arithmetic);
    fputc(',', out);
    put("state", a.state);
    fputc(',', out);
    put("reason", loaded && (verified || !check) ? "" : fail_text);
    fputs("}\n", out);
    return true;
}

static bool open_model(const runtime *r, const pare_doc *d) {
    opening o = {.path = pare_doc_str(pare_doc_get(d, "path")),
                 .threads = (int)pare_doc_int(pare_doc_get(d, "threads")),
                 .context = pare_doc_int(pare_doc_get(d, "context"))};
    const char *arithmetic = pare_doc_str(pare_doc_get(d, "arithmetic"));
    o.exact = arithmetic && strcmp(arithmetic, "exact") == 0;
    if (!o.path || o.threads < 1 || o.threads > 4096 || o.context < 0 || o.context > 1 << 24)
        return fail("usage", "open: a path, threads and a context were expected");
    if (vocab) return fail("usage", "open: a model is open already");
    if (!r->open(&o)) return false;
    vocab = o.n_vocab;
    fprintf(out, "{\"vocab\":%lld,\"context\":%lld,", (long long)o.n_vocab, (long long)o.n_ctx);
    put("arithmetic", o.arithmetic);
    fputc(',', out);
    put("state", o.state);
    fputs("}\n", out);
    return true;
}

static int read_ids(const pare_doc *d, int32_t *ids) {
    const pare_doc *a = pare_doc_get(d, "ids");
    size_t          n = pare_doc_count(a);
    if (!vocab) return fail("usage", "no model is open"), 0;
    if (n < 1 || n > IDS_MOST) return fail("usage", "ids: 1 to %d were expected", IDS_MOST), 0;
    for (size_t i = 0; i < n; i++) {
        int64_t id = pare_doc_int(pare_doc_at(a, i));
        if (id < 0 || id >= vocab) return fail("usage", "ids: %lld", (long long)id), 0;
        ids[i] = (int32_t)id;
    }
    return (int)n;
}

static bool map_shared(void) {
    struct stat st;
    if (shared) return true;
    if (fstat(LOGITS_FD, &st) != 0)
        return fail("usage", "descriptor 3: the logits' file is missing");
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, LOGITS_FD, 0);
    if (p == MAP_FAILED) return fail("environment", "descriptor 3: %s", strerror(errno));
    shared = p;
    shared_bytes = (size_t)st.st_size;
    return true;
}

static bool eval(const runtime *r, const pare_doc *d) {
    static int32_t ids[IDS_MOST];
    int            n = read_ids(d, ids);
    int64_t        rows = pare_doc_int(pare_doc_get(d, "rows"));
    if (!n || !map_shared()) return false;
    if (rows < 0 || rows > n || (uint64_t)rows * (uint64_t)vocab * sizeof(float) > shared_bytes)
        return fail("usage", "rows: %lld do not fit", (long long)rows);
    if (!r->eval(ids, n, (int)rows, shared)) return false;
    fprintf(out, "{\"rows\":%lld,\"vocab\":%lld}\n", (long long)rows, (long long)vocab);
    return true;
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int32_t greedy(const float *l) {
    int64_t best = 0;
    for (int64_t i = 1; i < vocab; i++)
        if (l[i] > l[best]) best = i;
    return (int32_t)best;
}

static bool take_times(const runtime *r, const pare_doc *d) {
    static int32_t  ids[IDS_MOST];
    static uint64_t ns[IDS_MOST];
    int             n_prompt = read_ids(d, ids);
    int64_t         n = pare_doc_int(pare_doc_get(d, "n"));
    if (!n_prompt) return false;
    if (n < 0 || n > IDS_MOST) return fail("usage", "n: %lld", (long long)n);
    float *row = malloc((size_t)vocab * sizeof *row);
    if (!row) return fail("environment", "no memory for a row of logits");
    uint64_t from = now_ns(), prompt;
    bool     ok = r->eval(ids, n_prompt, 1, row);
    prompt = now_ns() - from;
    for (int64_t i = 0; ok && i < n; i++) {
        from = now_ns();
        int32_t id = greedy(row);
        ok = r->eval(&id, 1, 1, row);
        ns[i] = now_ns() - from;
    }
    free(row);
    if (!ok) return false;
    fprintf(out, "{\"prompt_ns\":%llu,\"ns\":[", (unsigned long long)prompt);
    for (int64_t i = 0; i < n; i++) fprintf(out, "%s%llu", i ? "," : "", (unsigned long long)ns[i]);
    fputs("]}\n", out);
    return true;
}

/* The answer to one request; false after fail(). */
static bool serve(const runtime *r, const pare_doc *d) {
    const char *what = pare_doc_str(pare_doc_get(d, "do"));
    if (!what) return fail("usage", "a request says what to do");
    if (strcmp(what, "hello") == 0) {
        if (pare_doc_int(pare_doc_get(d, "protocol")) != PROTOCOL)
            return fail("unsupported", "protocol %d is spoken here", PROTOCOL);
        return hello(r, pare_doc_bool(pare_doc_get(d, "check")));
    }
    if (strcmp(what, "open") == 0) return open_model(r, d);
    if (strcmp(what, "eval") == 0) return eval(r, d);
    if (strcmp(what, "time") == 0) return take_times(r, d);
    if (strcmp(what, "reset") == 0) {
        if (vocab && !r->reset()) return false;
        return fputs("{}\n", out) >= 0;
    }
    return fail("usage", "'%.40s' is no request", what);
}

/* ------------------------------------------------------------------- the frame */

static void *watch(void *arg) {
    struct pollfd f = {0, 0, 0};
    while (poll(&f, 1, -1) < 0 || !(f.revents & (POLLHUP | POLLERR))) {}
    _exit(0);
}

static bool begin(void) {
    pthread_t t;
    int       fd = fcntl(1, F_DUPFD_CLOEXEC, 10);
    out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out || dup2(2, 1) < 0) return false;
    return pthread_create(&t, NULL, watch, NULL) == 0 && pthread_detach(t) == 0;
}

static void loop(const runtime *r) {
    static char line[LINE_MOST + 1];
    while (fgets(line, sizeof line, stdin)) {
        pare_doc *d;
        pare_err  e = {0};
        fail_text[0] = fail_kind[0] = 0;
        if (pare_doc_parse(&d, line, strlen(line), &e) != PARE_OK) {
            fail("usage", "no request: %s", e.msg);
            answer_failure();
        } else {
            const char *what = pare_doc_str(pare_doc_get(d, "do"));
            bool        last = what && strcmp(what, "close") == 0;
            if (last) fputs("{}\n", out);
            else if (!serve(r, d)) answer_failure();
            pare_doc_free(d);
            if (last) break;
        }
        if (fflush(out) != 0) break;
    }
    fflush(out);
    if (vocab) r->close();
    /* Not through the runtimes' own destructors: some wait for threads that will not come. */
    _exit(0);
}

int main(int argc, char **argv) {
    for (size_t i = 0; argc == 2 && i < sizeof runtimes / sizeof *runtimes; i++)
        if (strcmp(argv[1], runtimes[i]->name) == 0 && begin()) loop(runtimes[i]);
    fputs("pare-runner is started by pare (docs/runner-protocol.md): pare-runner RUNTIME\n",
          stderr);
    return 2;
}
