/* child.c - a foreign runtime in a child process, as a runner.
 *
 * Requests and answers are lines of JSON; logits come through a file without a name that we
 * made and sealed at its size, and that we read with pread: whatever the child does to it, reading
 * stays inside. Always true: after the first failure the child is gone, and `dead` says why. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "doc/doc.h"
#include "proc/proc.h"
#include "runner_impl.h"
#include "wire.h"

enum { LOGITS_MOST = 64 << 20 }; /* bytes of the shared file, unless a single row needs more */

typedef struct {
    pr_proc *proc;
    pr_buf   in;        /* read from the child and not used yet */
    size_t   used;      /* of it, already given out */
    int      fd;        /* the logits; -1 before it is open */
    int64_t  n_batch;   /* ids of one request, so that their logits fit */
    double   seconds;
    bool     failed;
    char     who[64];
    char     dead[760]; /* why it is gone */
} child;

/* ----------------------------------------------------------------------- talking */

/* The child is at its end or was ended: say how, with its last words. */
static pare_status gone(child *c, const pare_err *why, pare_err *err) {
    char        how[96];
    pr_proc_end e = pr_proc_wait(c->proc, pr_now_ns() + 2000000000u);
    const char *said = pr_proc_said(c->proc, 2);
    pr_proc_end_text(e, how, sizeof how);
    c->failed = true;
    snprintf(c->dead, sizeof c->dead, "%s: %.250s (%s)%s%.300s", c->who, why->msg, how,
             *said ? "; its last words: " : "", said);
    return pr_fail(err, PARE_EENV, -1, "%s", c->dead);
}

/* It talks nonsense: no more of it. */
static pare_status distrust(child *c, pare_status st, pare_err *err) {
    if (st != PARE_EENV) return st;
    pr_proc_kill(c->proc);
    c->failed = true;
    snprintf(c->dead, sizeof c->dead, "%s: was stopped after a wrong answer", c->who);
    return st;
}

/* The next line into *line, valid until the next call. */
static pare_status next_line(child *c, uint64_t deadline, pr_str *line, pare_err *err) {
    pare_err own = {0};
    for (size_t from = c->used;;) {
        char  *p = c->in.p ? c->in.p + c->used : NULL;
        char  *feed = p ? memchr(c->in.p + from, '\n', c->in.n - from) : NULL;
        size_t got;
        char   b[65536];
        if (feed) {
            *line = (pr_str){p, (size_t)(feed - p)};
            c->used += line->n + 1;
            return PARE_OK;
        }
        from = c->in.n;
        pare_status st = pr_proc_read(c->proc, b, sizeof b, deadline, &got, &own);
        if (st == PARE_OK && got) pr_buf_add(&c->in, b, got);
        if (st == PARE_OK && !got) st = pr_fail(&own, PARE_EENV, -1, "ended without an answer");
        if (st == PARE_OK && c->in.failed) {
            pr_proc_kill(c->proc);
            st = from + got > PR_WIRE_LINE
                     ? pr_fail(&own, PARE_EENV, -1, "more than %d bytes in a line", PR_WIRE_LINE)
                     : pr_fail_nomem(&own, from + got);
        }
        if (st == PARE_EENV) return gone(c, &own, err);
        if (st != PARE_OK) {
            c->failed = true;
            return pr_fail(err, st, -1, "%s", own.msg);
        }
    }
}

/* Send the object `d` (taken over) and wait for the answer. */
static pare_status ask(child *c, pr_doc_build *b, pare_doc *d, pr_str *line, pare_err *err) {
    pr_buf      text;
    pare_err    own = {0};
    pare_status st;
    uint64_t    deadline = pr_now_ns() + (uint64_t)(c->seconds * 1e9);
    PR_TRY(pr_doc_done(b, d, &d, err));
    pr_buf_init(&text, PR_WIRE_LINE);
    if (c->failed) {
        st = pr_fail(err, PARE_EENV, -1, "%s", c->dead[0] ? c->dead : "the runner was stopped");
        goto done;
    }
    PR_GO(pr_doc_put(d, 0, &text, err));
    pr_buf_add(&text, "\n", 1);
    if (text.failed) { /* ids and a path do not fill the maximum */
        st = pr_fail_nomem(err, text.n);
        goto done;
    }
    pr_buf_clear(&c->in);
    c->used = 0;
    st = pr_proc_write(c->proc, text.p, text.n, deadline, &own);
    if (st == PARE_EENV) st = gone(c, &own, err);
    else if (st != PARE_OK) pr_fail(err, st, -1, "%s", own.msg);
    if (st == PARE_OK) st = next_line(c, deadline, line, err);
done:
    pr_buf_done(&text);
    pare_doc_free(d);
    return st;
}

static pare_doc *request(pr_doc_build *b, const char *what) {
    pare_doc *d = pr_doc_object(b);
    pr_doc_set_str(b, d, "do", what);
    return d;
}

static void set_ids(pr_doc_build *b, pare_doc *d, const pr_id *ids, int64_t n) {
    pare_doc *a = pr_doc_set_array(b, d, "ids");
    for (int64_t i = 0; i < n; i++) pr_doc_add_i64(b, a, ids[i]);
}

/* ----------------------------------------------------------------------- its life */

static void child_free(child *c) {
    if (!c) return;
    pr_proc_free(c->proc);
    pr_buf_done(&c->in);
    if (c->fd >= 0) close(c->fd);
    pr_free(c);
}

static pare_status child_new(child **out, const pr_runner_kind *k, const pr_runner_opts *o, int fd,
                             double seconds, pare_err *err) {
    pr_start s = {0};
    child   *c = pr_calloc(1, sizeof *c);
    *out = NULL;
    if (!c) return pr_fail_nomem(err, sizeof *c);
    c->fd = -1;
    c->seconds = o->seconds > 0 ? o->seconds : seconds;
    snprintf(c->who, sizeof c->who, "%s", k->name);
    pr_buf_init(&c->in, PR_WIRE_LINE);
    pare_status st = pr_start_of(k, &s, err);
    if (st == PARE_OK)
        st = pr_proc_start(&c->proc,
                           &(pr_proc_opts){.argv = s.argv,
                                           .env = s.env,
                                           .name = k->name,
                                           .fds = &fd,
                                           .n_fds = fd >= 0,
                                           .max_address = o->max_address,
                                           .offline = true,
                                           .ctl = o->ctl},
                           err);
    if (st == PARE_OK) *out = c;
    else child_free(c);
    return st;
}

static pare_status hello(child *c, bool check, pr_runner_info *info, pare_err *err) {
    pr_doc_build b = {0};
    pr_str       line;
    pare_doc    *d = request(&b, "hello");
    pr_doc_set_i64(&b, d, "protocol", PR_WIRE_PROTOCOL);
    pr_doc_set_bool(&b, d, "check", check);
    PR_TRY(ask(c, &b, d, &line, err));
    return distrust(c, pr_wire_hello(line, c->who, info, err), err);
}

static void bid_farewell(child *c) {
    pr_doc_build b = {0};
    pr_str       line;
    if (c->failed) return;
    c->seconds = 5;
    if (ask(c, &b, request(&b, "close"), &line, NULL) != PARE_OK) return;
    pr_proc_shut(c->proc);
    pr_proc_wait(c->proc, pr_now_ns() + 5000000000u);
}

/* What a probe cannot do is its finding, unless it was stopped or memory lacks. */
pare_status pr_child_probe(const pr_runner_kind *k, const pr_runner_opts *o, pr_runner_info *info,
                           pare_err *err) {
    pare_err    own = {0};
    child      *c;
    pare_status st = child_new(&c, k, o, -1, 60, &own);
    if (st == PARE_OK) {
        st = hello(c, !o->no_check, info, &own);
        if (st == PARE_OK) bid_farewell(c);
        child_free(c);
    }
    if (st == PARE_OK) return PARE_OK;
    if (st == PARE_ECANCELLED || st == PARE_ENOMEM) return pr_fail(err, st, -1, "%s", own.msg);
    memset(info, 0, sizeof *info);
    snprintf(info->reason, sizeof info->reason, "%.399s", own.msg);
    return PARE_OK;
}

/* As many rows as fit into LOGITS_MOST, at least one. */
static pare_status share(child *c, int fd, int64_t vocab, pare_err *err) {
    uint64_t row = (uint64_t)vocab * sizeof(float);
    c->n_batch = (int64_t)PR_MAX(1u, PR_MIN((uint64_t)LOGITS_MOST / row, 512u));
    return pr_proc_share_seal(fd, (uint64_t)c->n_batch * row, err);
}

static pare_status start(child *c, int fd, pr_runner *r, const char *model, const pr_runner_opts *o,
                         pare_err *err) {
    pr_runner_info info;
    pr_wire_opened got;
    pr_doc_build   b = {0};
    pr_str         line;
    PR_TRY(hello(c, false, &info, err));
    if (!info.found)
        return pr_fail(err, PARE_EENV, -1, "%s is not installed here: %s; %s", c->who, info.reason,
                       r->kind->how_to_install);
    snprintf(c->who, sizeof c->who, "%s %.30s", r->kind->name, info.version);
    pare_doc *d = request(&b, "open");
    pr_doc_set_str(&b, d, "path", model);
    pr_doc_set_i64(&b, d, "threads", o->n_threads ? o->n_threads : pr_threads_default());
    pr_doc_set_i64(&b, d, "context", o->n_ctx);
    pr_doc_set_str(&b, d, "arithmetic", o->exact ? "exact" : "default");
    PR_TRY(ask(c, &b, d, &line, err));
    PR_TRY(distrust(c, pr_wire_model(line, c->who, &got, err), err));
    r->n_vocab = got.n_vocab;
    r->n_ctx = got.n_ctx;
    memcpy(r->arithmetic, got.arithmetic, sizeof r->arithmetic);
    memcpy(r->state, got.state, sizeof r->state);
    return share(c, fd, got.n_vocab, err);
}

pare_status pr_child_open(pr_runner *r, const char *model, const pr_runner_opts *o, pare_err *err) {
    child *c;
    int    fd;
    PR_TRY(pr_proc_share(&fd, err));
    pare_status st = child_new(&c, r->kind, o, fd, 600, err);
    if (st != PARE_OK) {
        close(fd);
        return st;
    }
    c->fd = fd;
    st = start(c, fd, r, model, o, err);
    if (st == PARE_OK) r->own = c;
    else child_free(c);
    return st;
}

void pr_child_close(pr_runner *r) {
    child *c = r->own;
    if (c) bid_farewell(c);
    child_free(c);
}

/* ----------------------------------------------------------------------- working */

static pare_status fetch(child *c, float *dst, uint64_t bytes, pare_err *err) {
    char    *at = (char *)dst;
    uint64_t off = 0;
    while (off < bytes) {
        ssize_t k = pread(c->fd, at + off, (size_t)(bytes - off), (off_t)off);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return pr_fail(err, PARE_EENV, -1, "%s: its logits cannot be read", c->who);
        off += (uint64_t)k;
    }
    return PARE_OK;
}

pare_status pr_child_eval(pr_runner *r, const pr_id *ids, int64_t n, bool all, float *logits,
                          pare_err *err) {
    child *c = r->own;
    for (int64_t at = 0; at < n;) {
        pr_doc_build b = {0};
        pr_str       line;
        int64_t      k = PR_MIN(n - at, c->n_batch), rows = all ? k : at + k == n;
        pare_doc    *d = request(&b, "eval");
        set_ids(&b, d, ids + at, k);
        pr_doc_set_i64(&b, d, "rows", rows);
        PR_TRY(ask(c, &b, d, &line, err));
        PR_TRY(distrust(c, pr_wire_eval(line, c->who, rows, r->n_vocab, err), err));
        PR_TRY(fetch(c, logits, (uint64_t)(rows * r->n_vocab) * sizeof(float), err));
        logits += rows * r->n_vocab;
        at += k;
    }
    return PARE_OK;
}

pare_status pr_child_reset(pr_runner *r, pare_err *err) {
    child       *c = r->own;
    pr_doc_build b = {0};
    pr_str       line;
    PR_TRY(ask(c, &b, request(&b, "reset"), &line, err));
    return distrust(c, pr_wire_done(line, c->who, err), err);
}

pare_status pr_child_time(pr_runner *r, const pr_id *prompt, int64_t n_prompt, int64_t n,
                          uint64_t *prompt_ns, uint64_t *ns, pare_err *err) {
    child       *c = r->own;
    pr_doc_build b = {0};
    pr_str       line;
    if (n_prompt > PR_WIRE_IDS || n > PR_WIRE_IDS)
        return pr_fail(err, PARE_EUSAGE, -1, "at most %d tokens can be timed at once", PR_WIRE_IDS);
    pare_doc *d = request(&b, "time");
    set_ids(&b, d, prompt, n_prompt);
    pr_doc_set_i64(&b, d, "n", n);
    PR_TRY(ask(c, &b, d, &line, err));
    return distrust(c, pr_wire_time(line, c->who, n, prompt_ns, ns, err), err);
}

uint64_t pr_child_memory(pr_runner *r) {
    child *c = r->own;
    return pr_proc_rss_peak(c->proc);
}
