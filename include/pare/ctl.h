/* pare/ctl.h - what a caller hands to a long-running job: how many threads it
 * may use, how much memory, where to report progress, when to stop.
 *
 *   pare_ctl ctl = {0};                  // the usual choice
 *   ctl.on_progress = draw_bar;
 *   pare_optimize(dir, &opts, &ctl, &report, &err);
 *
 * The callbacks are called from the thread that called the job. */
#ifndef PARE_CTL_H
#define PARE_CTL_H
#include "pare/err.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *task;  /* "quantize", "eval Q4_K_M", … borrowed for the call */
    const char *unit;  /* "B" for bytes, "tok", "run" */
    double      done;  /* in units */
    double      total; /* 0: not known */
} pare_progress;

typedef enum { PARE_LOG_INFO, PARE_LOG_WARN } pare_log_level;

typedef struct {
    int      n_threads;         /* 0: CPUs of the affinity mask, cut to the container's limit */
    uint64_t work_memory_bytes; /* anonymous memory pare may use; 0: 512 MB */
    void (*on_progress)(void *user, const pare_progress *p); /* NULL: silent */
    void (*on_log)(void *user, pare_log_level level, const char *line);
    int (*is_cancelled)(void *user); /* nonzero: stop, PARE_ECANCELLED */
    void *user;
} pare_ctl;

#ifdef __cplusplus
}
#endif
#endif
