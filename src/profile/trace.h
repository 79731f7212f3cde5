/* trace.h - a file of trace events as Chrome and Perfetto read them, streamed and bounded
 * (private).
 * Format: "Trace Event Format" (Google, 2016): complete ("X"), counter ("C") and metadata ("M")
 * events; times in microseconds from the trace's start. */
#ifndef PR_PROFILE_TRACE_H
#define PR_PROFILE_TRACE_H
#include "profile.h"

typedef struct pr_trace pr_trace;
/* `limit`: the most bytes that the file will have; 0: 64 MB, at least 4 kB. */
pare_status pr_trace_open(pr_trace **out, const char *path, uint64_t limit, uint64_t start_ns,
                          int n_threads, pare_err *err);
/* A slice of track `thread`; slices of a track lie in each other or apart. `name` and `kind` are
 * plain ASCII. `pieces` < 0 and `bytes` 0 are left out. */
void pr_trace_slice(pr_trace *t, int thread, const char *name, const char *kind, int layer,
                    uint64_t begin, uint64_t end, int64_t pieces, uint64_t bytes);
void pr_trace_counter(pr_trace *t, const char *name, uint64_t at, double value);
/* End and rename; `t` is freed either way. What was written is told. */
typedef struct {
    uint64_t bytes, events, dropped; /* dropped: the limit was reached */
} pr_trace_told;
pare_status pr_trace_commit(pr_trace *t, pr_trace_told *told, pare_err *err);
void        pr_trace_discard(pr_trace *t); /* NULL is fine */
#endif
