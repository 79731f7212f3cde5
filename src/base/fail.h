/* fail.h - errors: fill at the first place that knows, forward above it.
 *
 *   if (n > room) return pr_fail(err, PARE_EINPUT, pos, "tensor '%s': …", name);
 *   PR_TRY(pr_json_int(obj, "hidden_size", &n, err));
 */
#ifndef PR_FAIL_H
#define PR_FAIL_H

/* Fill `err` (may be NULL) and return `status`. `pos`: byte offset, -1 unknown.
 * Say what was found and what was expected. */
pare_status pr_fail(pare_err *err, pare_status status, int64_t pos, const char *fmt, ...)
    PR_PRINTF(4, 5);
/* The same, from errno: ENOSPC, EACCES, EROFS, EMFILE … become PARE_EENV; a
 * missing or unreadable input PARE_EINPUT. `path` names the file. */
pare_status pr_fail_errno(pare_err *err, const char *path, const char *doing);
pare_status pr_fail_nomem(pare_err *err, uint64_t bytes);
/* Name the file in `err` if it names none yet. Returns err's status or `status`. */
pare_status pr_fail_in(pare_err *err, pare_status status, const char *path);

#define PR_TRY(expr)                                                           \
    do {                                                                       \
        pare_status pr_try_ = (expr);                                          \
        if (PR_UNLIKELY(pr_try_ != PARE_OK)) return pr_try_;                   \
    } while (0)
/* The same where something must be cleaned up: sets `st`, jumps to `done`. */
#define PR_GO(expr)                                                            \
    do {                                                                       \
        if (PR_UNLIKELY((st = (expr)) != PARE_OK)) goto done;                  \
    } while (0)

/* Nonzero status if the job's caller wants it to stop. `ctl` may be NULL. */
pare_status pr_ctl_check(const pare_ctl *ctl, pare_err *err);
void pr_ctl_progress(const pare_ctl *ctl, const char *task, const char *unit, double done,
                     double total);
void pr_ctl_log(const pare_ctl *ctl, pare_log_level level, const char *fmt, ...) PR_PRINTF(3, 4);
#endif
