/* child_native.c - pare's own engine behind the runner protocol, under the helper's name: a foreign
 * runtime that computes what we do, so every figure must be ours. CHILD_FAULT=WHERE:WORD ends it
 * at "open", "eval" or "time" if the model's path has WORD in it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "doc/doc.h"
#include "runner/runner.h"

static char       line[1 << 21];
static pr_runner *r;
static char       model[4096];

static void say(const char *s) {
    puts(s);
    fflush(stdout);
}

static void fault(const char *where) {
    const char *f = getenv("CHILD_FAULT"), *colon = f ? strchr(f, ':') : NULL;
    if (!colon || strlen(where) != (size_t)(colon - f) || strncmp(f, where, strlen(where)) != 0)
        return;
    if (!strstr(model, colon + 1)) return;
    fprintf(stderr, "something broke inside\n");
    raise(SIGKILL);
}

static int64_t ids_of(const pare_doc *d, pr_id *ids) {
    const pare_doc *a = pare_doc_get(d, "ids");
    for (size_t i = 0; i < pare_doc_count(a); i++)
        ids[i] = (pr_id)pare_doc_int(pare_doc_at(a, i));
    return (int64_t)pare_doc_count(a);
}

static void open_model(const pare_doc *d) {
    pare_err e = {0};
    bool     exact = strcmp(pare_doc_str(pare_doc_get(d, "arithmetic")), "exact") == 0;
    snprintf(model, sizeof model, "%s", pare_doc_str(pare_doc_get(d, "path")));
    fault("open");
    pr_runner_opts o = {.n_threads = 1,
                        .n_ctx = pare_doc_int(pare_doc_get(d, "context")),
                        .exact = exact};
    char onnx[4200]; /* a runtime that refuses a format */
    snprintf(onnx, sizeof onnx, "%s/model.onnx", model);
    if (access(onnx, F_OK) == 0 || pr_runner_open(&r, "native", model, &o, &e) != PARE_OK) {
        say("{\"error\":\"it is no model of mine\",\"kind\":\"input\"}");
        return;
    }
    printf("{\"vocab\":%lld,\"context\":%lld,\"arithmetic\":\"ours\",\"state\":\"f16\"}\n",
           (long long)pr_runner_vocab(r), (long long)pr_runner_context(r));
    fflush(stdout);
}

static void eval(const pare_doc *d) {
    static pr_id ids[16384];
    pare_err     e = {0};
    int64_t      n = ids_of(d, ids), rows = pare_doc_int(pare_doc_get(d, "rows")),
                 v = pr_runner_vocab(r);
    float       *logits = pr_calloc((size_t)(n * v), sizeof *logits);
    fault("eval");
    if (!logits || pr_runner_eval(r, ids, n, rows > 1, logits, &e) != PARE_OK) exit(6);
    if (pwrite(3, logits, (size_t)(rows * v) * sizeof *logits, 0) < 0) exit(5);
    pr_free(logits);
    printf("{\"rows\":%lld,\"vocab\":%lld}\n", (long long)rows, (long long)v);
    fflush(stdout);
}

static void take_time(const pare_doc *d) {
    static pr_id ids[16384];
    uint64_t     prompt, ns[4096];
    pare_err     e = {0};
    int64_t      n = pare_doc_int(pare_doc_get(d, "n"));
    fault("time");
    if (pr_runner_decode_time(r, ids, ids_of(d, ids), n, &prompt, ns, &e) != PARE_OK) exit(7);
    printf("{\"prompt_ns\":%llu,\"ns\":[", (unsigned long long)prompt);
    for (int64_t i = 0; i < n; i++) printf("%s%llu", i ? "," : "", (unsigned long long)ns[i]);
    say("]}");
}

int main(void) {
    while (fgets(line, sizeof line, stdin)) {
        pare_doc *d;
        pare_err  e = {0};
        if (pare_doc_parse(&d, line, strlen(line), &e) != PARE_OK) return 8;
        const char *what = pare_doc_str(pare_doc_get(d, "do"));
        if (strcmp(what, "hello") == 0)
            say("{\"protocol\":1,\"found\":true,\"verified\":true,\"version\":\"7.7\",\"path\":"
                "\"x\","
                "\"devices\":[\"CPU\"],\"arithmetic\":\"ours\",\"state\":\"f16\"}");
        else if (strcmp(what, "open") == 0) open_model(d);
        else if (strcmp(what, "eval") == 0) eval(d);
        else if (strcmp(what, "time") == 0) take_time(d);
        else if (strcmp(what, "reset") == 0) pr_runner_reset(r, &e), say("{}");
        else say("{}");
        pare_doc_free(d);
    }
    pr_runner_close(r);
    return 0;
}
