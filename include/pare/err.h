/* pare/err.h - how a pare function says what went wrong.
 *
 *   pare_err e = {0};
 *   if (pare_model_open(&m, dir, NULL, &e) != PARE_OK) {
 *       char line[1024];
 *       pare_err_format(&e, line, sizeof line);
 *       fprintf(stderr, "pare: %s\n", line);
 *       return pare_status_exit(e.status);
 *   }
 *
 * Every function that can fail returns a `pare_status` and takes, last, a
 * nullable `pare_err *` owned by the caller. The first place that knows what
 * is wrong fills it; nobody above overwrites it. On failure every output is
 * NULL or zero. A `pare_err` belongs to one thread. */
#ifndef PARE_ERR_H
#define PARE_ERR_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef PARE_API
#if defined(__GNUC__)
#define PARE_API __attribute__((visibility("default")))
#else
#define PARE_API
#endif
#endif

/* X(name, exit status of the command, text) */
#define PARE_STATUS_MAP(X)                                                     \
    X(OK, 0, "done")                                                           \
    X(EREFUSED, 1, "refused")               /* it ran, the answer is no */     \
    X(EUSAGE, 2, "wrong usage")             /* options or arguments */         \
    X(EINPUT, 3, "bad input")               /* missing, truncated, hostile */  \
    X(EUNSUPPORTED, 3, "not supported")     /* known, but not done by pare */  \
    X(EENV, 4, "the environment lacks a part") /* space, rights, a library */  \
    X(ENOMEM, 4, "out of memory")                                              \
    X(EINTERNAL, 5, "internal fault")                                          \
    X(ECANCELLED, 130, "interrupted")

typedef enum {
#define X(name, exit_status, text) PARE_##name,
    PARE_STATUS_MAP(X)
#undef X
} pare_status;

/* What went wrong. `file` is "" when no file is concerned; `pos` is a byte
 * offset in it, or -1 when no place is known. `msg` says what was found and
 * what was expected. {0} is a fresh one. */
typedef struct {
    pare_status status;
    int64_t     pos;
    char        file[256];
    char        msg[768];
} pare_err;

/* "EINPUT" and the like; never NULL. */
PARE_API const char *pare_status_name(pare_status s);
/* A few words for people; never NULL. */
PARE_API const char *pare_status_text(pare_status s);
/* The exit status that the command `pare` returns for `s`. */
PARE_API int pare_status_exit(pare_status s);
/* Write "FILE: byte POS: MSG" (what is known of it) into `dst`, always
 * terminated. Returns the length that the whole text has. */
PARE_API size_t pare_err_format(const pare_err *err, char *dst, size_t dst_cap);

#ifdef __cplusplus
}
#endif
#endif
