/* runner.c - the list of kinds, and what is checked for all of them alike.
 *
 * Always true: a kind's eval sees 1…(n_ctx - pos) ids inside the vocabulary. */
#include "runner_impl.h"
#include <stdio.h>

const pr_runner_kind *pr_runner_kind_at(size_t i) {
    size_t                n;
    const pr_runner_kind *foreign = pr_runner_foreign(&n);
    if (i == 0) return &pr_runner_native;
    return i <= n ? &foreign[i - 1] : NULL;
}

pare_status pr_runner_find(const char *name, const pr_runner_kind **out, pare_err *err) {
    char                  names[256] = "";
    size_t                at = 0;
    const pr_runner_kind *k;
    for (size_t i = 0; (k = pr_runner_kind_at(i)); i++) {
        if (strcmp(k->name, name) == 0) {
            *out = k;
            return PARE_OK;
        }
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", k->name);
    }
    *out = NULL;
    return pr_fail(err, PARE_EUSAGE, -1, "'%.60s' is no runner; there are %s", name, names);
}

pare_status pr_runner_probe(const pr_runner_kind *k, const pr_runner_opts *o, pr_runner_info *info,
                            pare_err *err) {
    static const pr_runner_opts usual = {0};
    memset(info, 0, sizeof *info);
    return k->probe(k, o ? o : &usual, info, err);
}

pare_status pr_runner_open(pr_runner **out, const char *kind, const char *model,
                           const pr_runner_opts *opts, pare_err *err) {
    static const pr_runner_opts usual = {0};
    const pr_runner_kind       *k;
    *out = NULL;
    PR_TRY(pr_runner_find(kind, &k, err));
    if (!pr_path_exists(model)) {
        pr_fail(err, PARE_EINPUT, -1, "there is no such file or folder");
        return pr_fail_in(err, PARE_EINPUT, model);
    }
    pr_runner *r = pr_calloc(1, sizeof *r);
    if (!r) return pr_fail_nomem(err, sizeof *r);
    r->kind = k;
    pare_status st = k->open(r, model, opts ? opts : &usual, err);
    if (st == PARE_OK) *out = r;
    else pr_free(r);
    return st;
}

void pr_runner_close(pr_runner *r) {
    if (!r) return;
    r->kind->close(r);
    pr_free(r);
}

static pare_status check_ids(const pr_runner *r, int64_t pos, const pr_id *ids, int64_t n,
                             pare_err *err) {
    if (n < 1 || n > r->n_ctx - pos)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "%lld tokens at position %lld do not fit a context of %lld", (long long)n,
                       (long long)pos, (long long)r->n_ctx);
    for (int64_t i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= r->n_vocab)
            return pr_fail(err, PARE_EUSAGE, -1, "id %lld, expected 0…%lld", (long long)ids[i],
                           (long long)r->n_vocab - 1);
    return PARE_OK;
}

pare_status pr_runner_eval(pr_runner *r, const pr_id *ids, int64_t n, bool all, float *logits,
                           pare_err *err) {
    PR_TRY(check_ids(r, r->pos, ids, n, err));
    PR_TRY(r->kind->eval(r, ids, n, all, logits, err));
    r->pos += n;
    return PARE_OK;
}

pare_status pr_runner_reset(pr_runner *r, pare_err *err) {
    PR_TRY(r->kind->reset(r, err));
    r->pos = 0;
    return PARE_OK;
}

pare_status pr_runner_decode_time(pr_runner *r, const pr_id *prompt, int64_t n_prompt, int64_t n,
                                  uint64_t *prompt_ns, uint64_t *ns, pare_err *err) {
    PR_TRY(check_ids(r, n < 0 ? r->n_ctx : n, prompt, n_prompt, err));
    PR_TRY(pr_runner_reset(r, err));
    PR_TRY(r->kind->time(r, prompt, n_prompt, n, prompt_ns, ns, err));
    return pr_runner_reset(r, err);
}

int64_t pr_runner_vocab(const pr_runner *r) { return r->n_vocab; }

int64_t pr_runner_context(const pr_runner *r) { return r->n_ctx; }

uint64_t pr_runner_memory(pr_runner *r) { return r->kind->memory(r); }

const char *pr_runner_arithmetic(const pr_runner *r) { return r->arithmetic; }

const char *pr_runner_state(const pr_runner *r) { return r->state; }

const pr_runner_kind *pr_runner_kind_of(const pr_runner *r) { return r->kind; }
