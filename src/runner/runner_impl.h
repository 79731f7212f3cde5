/* runner_impl.h - an open runner, as the kinds see it. */
#ifndef PR_RUNNER_IMPL_H
#define PR_RUNNER_IMPL_H
#include "runner.h"

struct pr_runner {
    const pr_runner_kind *kind;
    void                 *own; /* of the kind */
    int64_t               n_vocab, n_ctx, pos;
    char                  arithmetic[256], state[128];
};

extern const pr_runner_kind pr_runner_native;
/* The rows of foreign.c; *n of them. */
const pr_runner_kind *pr_runner_foreign(size_t *n);

/* The functions of every foreign kind (child.c). */
pare_status pr_child_probe(const pr_runner_kind *k, const pr_runner_opts *o, pr_runner_info *info,
                           pare_err *err);
pare_status pr_child_open(pr_runner *r, const char *model, const pr_runner_opts *o, pare_err *err);
pare_status pr_child_eval(pr_runner *r, const pr_id *ids, int64_t n, bool all, float *logits,
                          pare_err *err);
pare_status pr_child_reset(pr_runner *r, pare_err *err);
pare_status pr_child_time(pr_runner *r, const pr_id *prompt, int64_t n_prompt, int64_t n,
                          uint64_t *prompt_ns, uint64_t *ns, pare_err *err);
uint64_t    pr_child_memory(pr_runner *r);
void        pr_child_close(pr_runner *r);

/* How a foreign kind is started (foreign.c). `argv` has room for 4 words and lives in `text`. */
typedef struct {
    char              text[2][4096];
    const char       *argv[4];
    const char *const *env;
} pr_start;
/* EENV: the helper (or, for MLX, a Python) is not there; the error says where it was looked for. */
pare_status pr_start_of(const pr_runner_kind *k, pr_start *s, pare_err *err);
#endif
