/* native.c - pare's own engine as a runner, in this process. */
#include <stdio.h>
#include "hw/hw.h"
#include "pare_version.h"
#include "runner_impl.h"

enum { BATCH = 64, CONTEXT_MOST = 4096 };

typedef struct {
    pr_model   *model;
    pr_session *session;
    int64_t     batch; /* tokens of one call */
} native;

static void describe(bool exact, char *arithmetic, size_t cap, char *state, size_t state_cap) {
    snprintf(arithmetic, cap, "%s; SIMD level %s, the same bits at every level",
             exact ? "float32 sums, stored weights as float32"
                   : "float32 sums, quantized weights times 8-bit activations",
             pr_cpu_level(pr_cpu_flags()));
    snprintf(state, state_cap, "%s", exact ? "f32" : "f16");
}

static pare_status native_probe(const pr_runner_kind *k, const pr_runner_opts *o,
                                pr_runner_info *info, pare_err *err) {
    info->found = info->verified = true; /* its kernels are checked by the tests, and built in */
    snprintf(info->path, sizeof info->path, "built in");
    snprintf(info->version, sizeof info->version, "%s", PARE_VERSION);
    snprintf(info->devices, sizeof info->devices, "CPU");
    describe(o->exact, info->arithmetic, sizeof info->arithmetic, info->state, sizeof info->state);
    return PARE_OK;
}

static void native_close(pr_runner *r) {
    native *n = r->own;
    if (!n) return;
    pr_session_free(n->session);
    pr_model_close(n->model);
    pr_free(n);
    r->own = NULL;
}

static pare_status native_open(pr_runner *r, const char *model, const pr_runner_opts *o,
                               pare_err *err) {
    native *n = pr_calloc(1, sizeof *n);
    if (!n) return pr_fail_nomem(err, sizeof *n);
    r->own = n;
    pr_session_opts s = {.n_threads = o->n_threads,
                         .n_ctx = o->n_ctx,
                         .n_batch = BATCH,
                         .all_logits = true,
                         .exact = o->exact,
                         .state = o->exact ? PR_F32 : PR_F16};
    pare_status     st = pr_model_open(&n->model, model, err);
    if (st == PARE_OK) {
        const pr_hp *h = &n->model->hp;
        if (s.n_ctx == 0) s.n_ctx = PR_MIN(h->n_ctx, (int64_t)CONTEXT_MOST);
        r->n_vocab = h->n_vocab;
        r->n_ctx = s.n_ctx;
        n->batch = PR_MIN(s.n_ctx, (int64_t)BATCH);
        st = pr_session_new(&n->session, n->model, &s, err);
    }
    if (st != PARE_OK) {
        native_close(r);
        return st;
    }
    describe(o->exact, r->arithmetic, sizeof r->arithmetic, r->state, sizeof r->state);
    if (n->model->n_rounded)
        pr_ctl_log(o->ctl, PARE_LOG_WARN,
                   "%s: its own runtime rounds what it computes to bytes in %d places; pare "
                   "multiplies by its weights without that",
                   model, n->model->n_rounded);
    return PARE_OK;
}

static pare_status native_eval(pr_runner *r, const pr_id *ids, int64_t n, bool all, float *logits,
                               pare_err *err) {
    native *own = r->own;
    pr_session_expect(own->session, r->pos + n);
    for (int64_t at = 0; at < n;) {
        int b = (int)PR_MIN(n - at, own->batch);
        PR_TRY(pr_session_eval(own->session, ids + at, b, err));
        for (int i = 0; i < b; i++) {
            if (!all && at + i != n - 1) continue;
            memcpy(logits, pr_session_logits(own->session, i), (size_t)r->n_vocab * sizeof *logits);
            logits += r->n_vocab;
        }
        at += b;
    }
    return PARE_OK;
}

static pare_status native_reset(pr_runner *r, pare_err *err) {
    native *own = r->own;
    pr_session_rewind(own->session, 0);
    return PARE_OK;
}

static pr_id greedy(const float *logits, int64_t n) {
    int64_t best = 0;
    for (int64_t i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return (pr_id)best;
}

static pare_status native_time(pr_runner *r, const pr_id *prompt, int64_t n_prompt, int64_t n,
                               uint64_t *prompt_ns, uint64_t *ns, pare_err *err) {
    native  *own = r->own;
    int      last = 0;
    uint64_t from = pr_now_ns(), now;
    for (int64_t at = 0; at < n_prompt; at += last + 1) {
        last = (int)PR_MIN(n_prompt - at, own->batch) - 1;
        PR_TRY(pr_session_eval(own->session, prompt + at, last + 1, err));
    }
    if (prompt_ns) *prompt_ns = pr_now_ns() - from;
    for (int64_t i = 0; i < n; i++, last = 0) {
        from = pr_now_ns();
        pr_id id = greedy(pr_session_logits(own->session, last), r->n_vocab);
        PR_TRY(pr_session_eval(own->session, &id, 1, err));
        now = pr_now_ns();
        ns[i] = now - from;
    }
    return PARE_OK;
}

static uint64_t native_memory(pr_runner *r) {
    native   *own = r->own;
    pr_memory m = pr_session_memory(own->session);
    return m.weights + m.state + m.workspace;
}

const pr_runner_kind pr_runner_native = {
    .name = "native",
    .takes = "a GGUF file or a Hugging Face directory",
    .how_to_install = "it is part of pare",
    .probe = native_probe,
    .open = native_open,
    .eval = native_eval,
    .reset = native_reset,
    .time = native_time,
    .memory = native_memory,
    .close = native_close,
};
