/* fail.c - filling and forwarding errors; talking to the job's caller. */
#include "base.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *text;
    int         exit_status;
} statuses[] = {
#define X(name, exit_status, text) {#name, text, exit_status},
    PARE_STATUS_MAP(X)
#undef X
};

const char *pare_status_name(pare_status s) {
    return (size_t)s < PR_COUNT(statuses) ? statuses[s].name : "EINTERNAL";
}
const char *pare_status_text(pare_status s) {
    return (size_t)s < PR_COUNT(statuses) ? statuses[s].text : "unknown status";
}
int pare_status_exit(pare_status s) {
    return (size_t)s < PR_COUNT(statuses) ? statuses[s].exit_status : 5;
}

size_t pare_err_format(const pare_err *err, char *dst, size_t dst_cap) {
    const char *msg = err->msg[0] ? err->msg : pare_status_text(err->status);
    int         n;
    if (err->file[0] && err->pos >= 0)
        n = snprintf(dst, dst_cap, "%s: byte %lld: %s", err->file, (long long)err->pos, msg);
    else if (err->file[0])
        n = snprintf(dst, dst_cap, "%s: %s", err->file, msg);
    else if (err->pos >= 0)
        n = snprintf(dst, dst_cap, "byte %lld: %s", (long long)err->pos, msg);
    else
        n = snprintf(dst, dst_cap, "%s", msg);
    return n < 0 ? 0 : (size_t)n;
}

static void set_file(pare_err *err, const char *path) {
    size_t n = strlen(path);
    /* The end of a long path says more than its start. */
    if (n >= sizeof err->file) path += n - sizeof err->file + 1;
    snprintf(err->file, sizeof err->file, "%s", path);
}

pare_status pr_fail(pare_err *err, pare_status status, int64_t pos, const char *fmt, ...) {
    if (!err) return status;
    va_list ap;
    err->status = status;
    err->pos = pos;
    err->file[0] = 0;
    va_start(ap, fmt);
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    return status;
}

pare_status pr_fail_errno(pare_err *err, const char *path, const char *doing) {
    int         e = errno;
    pare_status st = PARE_EENV;
    if (e == ENOENT || e == ENOTDIR || e == EISDIR || e == ELOOP || e == ENAMETOOLONG)
        st = PARE_EINPUT;
    if (e == ENOMEM) st = PARE_ENOMEM;
    if (e == EINTR) st = PARE_ECANCELLED;
    pr_fail(err, st, -1, "%s: %s", doing, strerror(e));
    if (err && path) set_file(err, path);
    return st;
}

pare_status pr_fail_nomem(pare_err *err, uint64_t bytes) {
    return pr_fail(err, PARE_ENOMEM, -1, "no memory for %llu bytes", (unsigned long long)bytes);
}

pare_status pr_fail_in(pare_err *err, pare_status status, const char *path) {
    if (!err) return status;
    if (!err->file[0]) set_file(err, path);
    return err->status != PARE_OK ? err->status : status;
}

pare_status pr_ctl_check(const pare_ctl *ctl, pare_err *err) {
    if (ctl && ctl->is_cancelled && ctl->is_cancelled(ctl->user))
        return pr_fail(err, PARE_ECANCELLED, -1, "interrupted");
    return PARE_OK;
}

void pr_ctl_progress(const pare_ctl *ctl, const char *task, const char *unit, double done,
                     double total) {
    if (!ctl || !ctl->on_progress) return;
    pare_progress p = {task, unit, done, total};
    ctl->on_progress(ctl->user, &p);
}

void pr_ctl_log(const pare_ctl *ctl, pare_log_level level, const char *fmt, ...) {
    char    line[1024];
    va_list ap;
    if (!ctl || !ctl->on_log) return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ctl->on_log(ctl->user, level, line);
}
