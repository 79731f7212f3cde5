/* trace.c - trace events into a file. Always true: what is written is whole JSON at any limit,
 * because the end is reserved; what does not fit is counted. A failure to write is kept and
 * given out at
 * the end. */
#include "trace.h"
#include <stdarg.h>
#include <stdio.h>

enum { TAIL = 512, LIMIT_LEAST = 4096, EVENT_MOST = 512 };

struct pr_trace {
    pr_out       *out;
    uint64_t      start, limit;
    pr_trace_told told;
    pare_status   status;
    pare_err      err;
};

PR_PRINTF(2, 3)
static void event(pr_trace *t, const char *fmt, ...) {
    char    line[EVENT_MOST];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    if (t->status != PARE_OK || n < 0 || (size_t)n >= sizeof line) return;
    if (pr_out_pos(t->out) + (uint64_t)n + 2 + TAIL > t->limit) {
        t->told.dropped++;
        return;
    }
    if (t->told.events) t->status = pr_out_write(t->out, ",\n", 2, &t->err);
    if (t->status == PARE_OK) t->status = pr_out_write(t->out, line, (size_t)n, &t->err);
    t->told.events++;
}

static double us(const pr_trace *t, uint64_t ns) {
    return ns < t->start ? 0 : (double)(ns - t->start) / 1e3;
}

pare_status pr_trace_open(pr_trace **out, const char *path, uint64_t limit, uint64_t start_ns,
                          int n_threads, pare_err *err) {
    static const char head[] = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
    *out = NULL;
    pr_trace *t = pr_calloc(1, sizeof *t);
    if (!t) return pr_fail_nomem(err, sizeof *t);
    t->start = start_ns;
    t->limit = PR_MAX(limit ? limit : (uint64_t)64000000, (uint64_t)LIMIT_LEAST);
    pare_status st = pr_out_open(&t->out, path, err);
    if (st == PARE_OK) st = pr_out_write(t->out, head, sizeof head - 1, err);
    if (st != PARE_OK) {
        pr_trace_discard(t);
        return st;
    }
    event(t, "{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":"
             "\"pare profile\"}}");
    for (int i = 0; i < n_threads; i++)
        event(t, "{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":"
                 "\"%s %d\"}}", i, i ? "member" : "caller, member", i);
    *out = t;
    return PARE_OK;
}

void pr_trace_slice(pr_trace *t, int thread, const char *name, const char *kind, int layer,
                    uint64_t begin, uint64_t end, int64_t pieces, uint64_t bytes) {
    char args[160] = "", number[3][48] = {"", "", ""};
    if (!t || end < begin) return;
    if (layer >= 0) snprintf(number[0], sizeof number[0], "\"layer\":%d,", layer);
    if (pieces >= 0) snprintf(number[1], sizeof number[1], "\"pieces\":%lld,", (long long)pieces);
    if (bytes) snprintf(number[2], sizeof number[2], "\"bytes\":%llu,", (unsigned long long)bytes);
    int n = snprintf(args, sizeof args, "%s%s%s", number[0], number[1], number[2]);
    if (n > 0) args[n - 1] = 0; /* the last comma */
    event(t, "{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"ts\":%.3f,\"dur\":%.3f,\"name\":\"%s\",\"cat\":"
             "\"%s\",\"args\":{%s}}",
          thread, us(t, begin), (double)(end - begin) / 1e3, name, kind, args);
}

void pr_trace_counter(pr_trace *t, const char *name, uint64_t at, double value) {
    if (!t || !(value >= -1e300 && value <= 1e300)) return;
    event(t,
          "{\"ph\":\"C\",\"pid\":1,\"tid\":0,\"ts\":%.3f,\"name\":\"%s\",\"args\":{\"value\":%."
          "9g}}",
          us(t, at), name, value);
}

pare_status pr_trace_commit(pr_trace *t, pr_trace_told *told, pare_err *err) {
    char tail[TAIL];
    int n = snprintf(
        tail, sizeof tail,
        "\n],\"otherData\":{\"producer\":\"pare profile\",\"events\":%llu,\"dropped\":%llu}}\n",
        (unsigned long long)t->told.events, (unsigned long long)t->told.dropped);
    if (t->status == PARE_OK) t->status = pr_out_write(t->out, tail, (size_t)n, &t->err);
    t->told.bytes = pr_out_pos(t->out);
    *told = t->told;
    pare_status st = t->status;
    if (st == PARE_OK) {
        st = pr_out_commit(t->out, err);
        t->out = NULL;
    } else if (err) {
        *err = t->err;
    }
    pr_trace_discard(t);
    return st;
}

void pr_trace_discard(pr_trace *t) {
    if (!t) return;
    pr_out_discard(t->out);
    pr_free(t);
}
