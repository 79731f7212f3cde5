/* run.c - one run of a model under the probe: open, read the prompt batch by batch, make
 * tokens, and look at the kernel's counts at the borders. Always true: what the profiler itself
 * does between calls is measured and taken out of the phase's time. */
#include <math.h>
#include <sched.h>
#include "run.h"

enum { ARENA = 256 << 20, BATCH = 64, MOST_TOKENS = 1 << 20 };

/* ------------------------------------------------------------------ set-up */

static pare_status pattern(pr_profile *p, int64_t n, pare_err *err) {
    p->ids.p = pr_calloc((size_t)n, sizeof *p->ids.p);
    if (!p->ids.p) return pr_fail_nomem(err, (uint64_t)n * sizeof *p->ids.p);
    for (int64_t i = 0; i < n; i++) p->ids.p[i] = (pr_id)((i * 37 + 11) % p->m->hp.n_vocab);
    p->ids.n = p->ids.cap = (size_t)n;
    return PARE_OK;
}

/* The prompt as ids, and how many tokens follow: both within the context. */
static pare_status words(pr_profile *p, const pare_ctl *ctl, pare_err *err) {
    pr_profile_opts *o = &p->o;
    int64_t          ctx = o->so.n_ctx ? o->so.n_ctx : p->m->hp.n_ctx;
    uint64_t         t = pr_now_ns();
    if (ctx < 2)
        return pr_fail(err, PARE_EUSAGE, -1, "a context of %lld is too short to profile",
                       (long long)ctx);
    int64_t decode = o->tokens ? o->tokens : PR_MIN((int64_t)64, ctx / 2);
    if (o->text.p) {
        PR_TRY(pr_model_tokenizer(p->m, err));
        PR_TRY(pr_encode_long(p->m->tok, o->text.p, o->text.n, PR_ENCODE_ADD | PR_ENCODE_SPECIAL,
                              ctl, &p->ids, err));
        if (p->ids.n == 0) return pr_fail(err, PARE_EUSAGE, -1, "an empty prompt");
        if (!o->tokens) decode = PR_MIN(decode, PR_MAX(ctx - (int64_t)p->ids.n, (int64_t)1));
    } else {
        PR_TRY(pattern(p, o->prompt ? PR_MIN(o->prompt, ctx)
                                    : PR_MAX(PR_MIN((int64_t)128, ctx - decode), (int64_t)1),
                       err));
    }
    p->tokenize_ns = pr_now_ns() - t;
    if (decode > MOST_TOKENS || decode > ctx - (int64_t)p->ids.n)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "%zu prompt tokens and %lld made one by one: expected at most the context "
                       "of %lld together",
                       p->ids.n, (long long)decode, (long long)ctx);
    o->tokens = decode;
    if (!o->so.n_ctx) o->so.n_ctx = (int64_t)p->ids.n + decode;
    return PARE_OK;
}

static pare_status buffers(pr_profile *p, pare_err *err) {
    size_t steps = (size_t)p->n_steps, threads = (size_t)p->n_threads;
    PR_NEW(p->probe.member, p->arena, threads, err);
    PR_NEW(p->probe.span, p->arena, threads * steps, err);
    PR_NEW(p->info, p->arena, steps, err);
    PR_NEW(p->tid, p->arena, threads, err);
    PR_NEW(p->cost, p->arena, steps, err);
    PR_NEW(p->made, p->arena, p->o.tokens, err);
    PR_NEW(p->token_s, p->arena, p->o.tokens, err);
    for (int i = 0; i < PR_PHASES; i++) {
        PR_NEW(p->phase[i].step, p->arena, steps, err);
        PR_NEW(p->phase[i].member, p->arena, threads, err);
    }
    for (int i = 0; i < p->n_steps; i++) pr_session_step(p->s, i, &p->info[i]);
    return PARE_OK;
}

static pare_status open_run(pr_profile *p, const char *model, const pare_ctl *ctl, pare_err *err) {
    pr_sampling greedy = {.temp = 0, .top_p = 1, .repeat_penalty = 1};
    if (!(p->arena = pr_arena_new(ARENA))) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_hw_read(p->o.root, &p->hw, p->arena, err));
    PR_TRY(pr_energy_open(&p->energy, p->o.root, err));
    p->available = p->hw.available_bytes >= 0
                       ? (double)p->hw.available_bytes + (double)pr_rss_now()
                       : NAN;
    pr_counters_open(&p->counters);
    uint64_t t = pr_now_ns();
    PR_TRY(pr_model_open(&p->m, model, err));
    p->open_ns = pr_now_ns() - t;
    PR_TRY(words(p, ctl, err));
    if (p->o.so.n_batch == 0) p->o.so.n_batch = BATCH;
    t = pr_now_ns();
    PR_TRY(pr_session_new(&p->s, p->m, &p->o.so, err));
    p->open_ns += pr_now_ns() - t;
    p->n_threads = pr_session_threads(p->s);
    p->n_steps = pr_session_steps(p->s);
    PR_TRY(pr_sampler_new(&p->sampler, &greedy, p->m->hp.n_vocab, err));
    PR_TRY(buffers(p, err));
    if (p->o.trace)
        PR_TRY(pr_trace_open(&p->trace, p->o.trace, p->o.trace_limit, pr_now_ns(), p->n_threads,
                             err));
    pr_session_probe(p->s, &p->probe);
    return PARE_OK;
}

/* ------------------------------------------------------------------ the run */

static void watch(pr_profile *p) {
    uint64_t now = pr_now_ns();
    double   mhz, most, measured;
    if (p->n_watch == WATCHES || (p->n_watch && now - p->watched < WATCH_NS)) return;
    p->watched = now;
    pr_usage_clock(p->root, &mhz, &most);
    measured = pr_usage_clock_measured();
    p->clock_told = !isnan(mhz / most);
    if (!p->clock_told) { /* in most virtual machines: nominal is what cpuinfo says */
        mhz = measured;
        most = p->hw.mhz_now;
    }
    p->clock_most = most;
    p->watch[p->n_watch++] = (watch_sample){now, mhz, pr_usage_status(p->root, "VmRSS")};
    pr_trace_counter(p->trace, "resident bytes", now, p->watch[p->n_watch - 1].rss);
    pr_trace_counter(p->trace, "MHz", now, mhz);
}

/* One call of the engine, which takes *took ns; `own` grows by what the profiler takes after it. */
static pare_status call(pr_profile *p, pr_phase phase, const pr_id *ids, int n, uint64_t *took,
                        pare_err *err) {
    int64_t  pos = pr_session_pos(p->s);
    uint64_t began = pr_now_ns();
    PR_TRY(pr_session_eval(p->s, ids, n, err));
    uint64_t ended = pr_now_ns();
    *took = ended - began;
    pr_profile_collect(p, phase, n, pos, began, ended);
    watch(p);
    p->phase[phase].own += pr_now_ns() - ended;
    return PARE_OK;
}

static pare_status prefill(pr_profile *p, const pare_ctl *ctl, pare_err *err) {
    int64_t  n = (int64_t)p->ids.n, batch = p->o.so.n_batch;
    uint64_t took, began = pr_now_ns();
    pr_session_expect(p->s, n);
    for (int64_t at = 0; at < n; at += batch) {
        PR_TRY(pr_ctl_check(ctl, err));
        PR_TRY(call(p, PR_PREFILL, p->ids.p + at, (int)PR_MIN(batch, n - at), &took, err));
        pr_ctl_progress(ctl, "profile", "tok", (double)PR_MIN(at + batch, n),
                        (double)(n + p->o.tokens));
    }
    pr_session_expect(p->s, 0);
    p->phase[PR_PREFILL].wall = pr_now_ns() - began - p->phase[PR_PREFILL].own;
    return PARE_OK;
}

static pare_status decode(pr_profile *p, const pare_ctl *ctl, pare_err *err) {
    phase_sum *ph = &p->phase[PR_DECODE];
    uint64_t   began = pr_now_ns();
    while (p->n_made < p->o.tokens) {
        uint64_t took, t = pr_now_ns();
        pr_id    id = pr_sampler_next(p->sampler, pr_session_logits(p->s, 0));
        uint64_t chosen = pr_now_ns();
        ph->sample += chosen - t;
        pr_trace_slice(p->trace, 0, "sample", "sample", -1, t, chosen, -1, 0);
        ph->own += pr_now_ns() - chosen;
        if (id < 0)
            return pr_fail(err, PARE_EINPUT, -1,
                           "token %lld: the model's scores are not finite: are its weights? "
                           "(pare assess --check)",
                           (long long)p->n_made + 1);
        PR_TRY(pr_ctl_check(ctl, err));
        PR_TRY(call(p, PR_DECODE, &id, 1, &took, err));
        p->made[p->n_made] = id;
        p->token_s[p->n_made++] = (double)(chosen - t + took) / 1e9;
        pr_ctl_progress(ctl, "profile", "tok", (double)((int64_t)p->ids.n + p->n_made),
                        (double)((int64_t)p->ids.n + p->o.tokens));
    }
    ph->wall = pr_now_ns() - began - ph->own;
    return PARE_OK;
}

/* What energy and counters say since the border before, into the phase that ended; -1: none. */
static void border(pr_profile *p, int ended) {
    double now = NAN;
    pr_usage_read(p->root, &p->usage[ended + 1]);
    if (!pr_energy_why(p->energy) && pr_energy_read(p->energy, &now, NULL) != PARE_OK) now = NAN;
    double before[PR_COUNTERS];
    for (int i = 0; i < PR_COUNTERS; i++) before[i] = p->counters.counter[i].value;
    pr_counters_read(&p->counters);
    for (int i = 0; ended >= 0 && i < PR_COUNTERS; i++)
        p->phase[ended].counter[i] = p->counters.counter[i].value - before[i];
    if (ended >= 0) p->phase[ended].joules = now - p->joules_before;
    p->joules_before = now;
}

/* How fast memory can be read with these threads, after the run: its buffer must not count as the
 * run's memory, and must not drive the weights out. */
static void peak_of(pr_profile *p, int n_threads, pr_hw_bw *out) {
    pr_pool *pool = NULL;
    uint64_t bytes = (uint64_t)256 << 20;
    double   cache = isnan(p->facts.cache) ? 32e6 : p->facts.cache;
    if (p->hw.usable_bytes >= 0) bytes = PR_MIN(bytes, (uint64_t)p->hw.usable_bytes / 4);
    *out = (pr_hw_bw){0};
    if (*p->root) {
        pr_fail(&p->no_peak, PARE_EENV, -1, "the machine is a tree of files");
        return;
    }
    if ((double)bytes < 2 * cache) {
        pr_fail(&p->no_peak, PARE_EENV, -1, "too little memory is free to measure the bandwidth");
        return;
    }
    if (pr_pool_new(&pool, n_threads, &p->no_peak) == PARE_OK)
        (void)pr_hw_bandwidth(pool, bytes, 0, out, &p->no_peak);
    pr_pool_free(pool);
}

static pare_status run_all(pr_profile *p, const char *model, const pare_ctl *ctl, pare_err *err) {
    PR_TRY(open_run(p, model, ctl, err));
    border(p, -1);
    PR_TRY(prefill(p, ctl, err));
    border(p, PR_PREFILL);
    PR_TRY(decode(p, ctl, err));
    border(p, PR_DECODE);
    pr_session_probe(p->s, NULL);
    p->vm_peak = pr_usage_status(p->root, "VmPeak");
    p->rss_peak = (double)pr_rss_peak();
    pr_trace *t = p->trace;
    p->trace = NULL;
    if (t) PR_TRY(pr_trace_commit(t, &p->told, err));
    PR_TRY(pr_hw_read(p->o.root, &p->hw, p->arena, err)); /* what the group uses now */
    pr_profile_find_facts(p);
    peak_of(p, p->n_threads, &p->peak);
    p->peak_all = p->peak;
    if (p->hw.n_usable > p->n_threads) peak_of(p, p->hw.n_usable, &p->peak_all);
    pr_profile_find_facts(p);
    return PARE_OK;
}

pare_status pr_profile_run(pr_profile **out, const char *model, const pr_profile_opts *o,
                           const pare_ctl *ctl, pare_err *err) {
    *out = NULL;
    pr_profile *p = pr_calloc(1, sizeof *p);
    if (!p) return pr_fail_nomem(err, sizeof *p);
    p->o = *o;
    p->root = o->root && strcmp(o->root, "/") != 0 ? o->root : "";
    if (!p->o.so.n_threads && ctl) p->o.so.n_threads = ctl->n_threads;
    for (int i = 0; i < PR_COUNTERS; i++) p->counters.fd[i] = -1;
    pare_status st = run_all(p, model, ctl, err);
    if (st != PARE_OK) {
        pr_profile_free(p);
        return st;
    }
    *out = p;
    return PARE_OK;
}

void pr_profile_free(pr_profile *p) {
    if (!p) return;
    pr_counters_close(&p->counters);
    pr_trace_discard(p->trace);
    pr_sampler_free(p->sampler);
    pr_session_free(p->s);
    pr_energy_close(p->energy);
    pr_ids_done(&p->ids);
    pr_model_close(p->m);
    pr_arena_free(p->arena);
    pr_free(p);
}

const pr_profile_facts *pr_profile_facts_of(const pr_profile *p) {
    return &p->facts;
}

const pr_id *pr_profile_tokens(const pr_profile *p, int64_t *n) {
    *n = p->n_made;
    return p->made;
}
