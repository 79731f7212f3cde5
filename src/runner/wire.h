/* wire.h - the answers of a child, read as what they are: bytes from a stranger. */
#ifndef PR_WIRE_H
#define PR_WIRE_H
#include "runner.h"

enum {
    PR_WIRE_PROTOCOL = 1,
    PR_WIRE_LINE = 1 << 20, /* bytes of a line at most */
    PR_WIRE_IDS = 16384,    /* ids of a request, and times of an answer, at most */
    PR_WIRE_VOCAB = 1 << 24,
    PR_WIRE_CONTEXT = 1 << 24
};

/* Each reads one line (without its line feed). An answer {"error": text, "kind": word} becomes
 * the status of that kind with that text, after `who`. What is no answer at all is EENV. */
pare_status pr_wire_hello(pr_str line, const char *who, pr_runner_info *info, pare_err *err);
typedef struct {
    int64_t n_vocab, n_ctx;
    char    arithmetic[256], state[128];
} pr_wire_opened;
pare_status pr_wire_model(pr_str line, const char *who, pr_wire_opened *out, pare_err *err);
/* The child must say that it wrote `rows` rows of `vocab`. */
pare_status pr_wire_eval(pr_str line, const char *who, int64_t rows, int64_t vocab, pare_err *err);
/* Exactly `n` times, each below an hour. */
pare_status pr_wire_time(pr_str line, const char *who, int64_t n, uint64_t *prompt_ns, uint64_t *ns,
                         pare_err *err);
pare_status pr_wire_done(pr_str line, const char *who, pare_err *err);
#endif
