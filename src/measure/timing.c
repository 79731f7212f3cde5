/* timing.c - rounds in turns, and what they say.
 *
 * Always true: within one round every side did the same work, next to the others in time. */
#include "timing.h"
#include <math.h>

enum { MIN_ROUNDS = 8, MAX_ROUNDS = 400, MOST_SIDES = 64, LOADS = 5, MIN_SPANS = 30,
 EPOCH = 8 };
#define SPAN_S (1.0 / 60) /* a frame of a screen: timing.h */

typedef struct {
    pr_session *s;
    double *prefill, *first, *decode,
        *token; /* seconds: per round; token: per round and token */
    uint64_t   *ns; /* of a runner's tokens */
    double      load[LOADS];
    int         n_load;
    double      joules;
    pr_est      peak;
} side;

typedef struct {
    const pr_bench_side *in;
    pr_bench_opts        o;
    int                  n;
    side                 side[MOST_SIDES];
    pr_id               *ids;
    int64_t              rounds, cap;
    pr_energy           *energy;
    bool                 has_energy;
    const pare_ctl      *ctl; /* a large model takes its time for a token: cancel is seen at each */
} bench;

static double seconds_since(uint64_t t) {
    return (double)(pr_now_ns() - t) / 1e9;
}

static pare_status new_session(const bench *b, int i, pr_session **out, pare_err *err) {
    pr_session_opts so = b->in[i].so;
    if (so.n_ctx == 0) so.n_ctx = b->o.prompt_tokens + b->o.decode_tokens;
    return pr_session_new(out, b->in[i].m, &so, err);
}

/* ------------------------------------------------------------------ one run */

/* The same by a runner. What a child uses counts in the machine's energy like our own, but its
 * prompt cannot be told from its tokens then: energy is not given. */
static pare_status run_runner(bench *b, int i, int64_t round, pare_err *err) {
    side     *s = &b->side[i];
    int64_t   p = b->o.prompt_tokens, d = b->o.decode_tokens;
    uint64_t  prompt_ns;
    double    all = 0;
    PR_TRY(pr_ctl_check(b->ctl, err));
    PR_TRY(pr_runner_decode_time(b->in[i].r, b->ids, p, d, &prompt_ns, s->ns, err));
    for (int64_t k = 0; k < d; k++) {
        s->token[round * d + k] = (double)s->ns[k] / 1e9;
        all += s->token[round * d + k];
    }
    s->prefill[round] = (double)prompt_ns / 1e9;
    s->decode[round] = all;
    s->first[round] = s->prefill[round] + s->token[round * d];
    return PARE_OK;
}

/* How fast a model is that computes nothing is no figure. Asked once, outside the timing. */
static pare_status check_scores(const bench *b, int i, pare_err *err) {
    const pr_model *m = b->in[i].m;
    if (!pr_kernels_get(pr_cpu_flags())
             ->row_nonfinite(pr_session_logits(b->side[i].s, 0), m->hp.n_vocab))
        return PARE_OK;
    pr_fail(err, PARE_EINPUT, -1,
            "the model's scores are not finite: are its weights? (pare assess --check)");
    return pr_fail_in(err, PARE_EINPUT, m->path);
}

static pare_status run_once(bench *b, int i, int64_t round, pare_err *err) {
    side   *s = &b->side[i];
    int64_t p = b->o.prompt_tokens, d = b->o.decode_tokens;
    double  j0 = 0, j1 = 0;
    if (b->in[i].r) return run_runner(b, i, round, err);
    pr_session_rewind(s->s, 0);
    uint64_t t = pr_now_ns();
    PR_TRY(pr_session_prompt(s->s, b->ids, p, b->ctl, err));
    s->prefill[round] = seconds_since(t);
    if (b->has_energy) b->has_energy = pr_energy_read(b->energy, &j0, NULL) == PARE_OK;
    uint64_t start = pr_now_ns(), before = start, now;
    for (int64_t k = 0; k < d; k++) {
        PR_TRY(pr_ctl_check(b->ctl, err));
        PR_TRY(pr_session_eval(s->s, &b->ids[p + k], 1, err));
        now = pr_now_ns();
        s->token[round * d + k] = (double)(now - before) / 1e9;
        before = now;
    }
    s->decode[round] = (double)(before - start) / 1e9;
    s->first[round] = s->prefill[round] + s->token[round * d];
    if (b->has_energy) b->has_energy = pr_energy_read(b->energy, &j1, NULL) == PARE_OK;
    s->joules += j1 - j0;
    return round == 0 ? check_scores(b, i, err) : PARE_OK;
}

/* Opening from the file, alone: time, and how far resident memory rises above what it was. */
static pare_status load_once(bench *b, int i, pare_err *err) {
    side       *s = &b->side[i];
    pr_model   *m;
    pr_session *ses = NULL;
    bool        reset = pr_rss_peak_reset();
    uint64_t    before = pr_rss_now(), t = pr_now_ns();
    PR_TRY(pr_model_open(&m, b->in[i].path, err));
    pr_session_opts so = b->in[i].so;
    pare_status     st = pr_session_new(&ses, m, &so, err);
    if (st == PARE_OK) s->load[s->n_load++] = seconds_since(t);
    bool first = s->n_load == 1; /* the peak needs one run */
    if (st == PARE_OK && first)
        st = pr_session_prompt(ses, b->ids, b->o.prompt_tokens, b->ctl, err);
    uint64_t peak = pr_rss_peak();
    if (first && reset && before && peak > before)
        s->peak = pr_est_counted((double)(peak - before));
    pr_session_free(ses);
    pr_model_close(m);
    return st;
}

static pare_status measure_loads(bench *b, pare_err *err) {
    for (int i = 0; i < b->n; i++) {
        b->side[i].peak =
            pr_est_none("the kernel does not let the peak be reset (/proc/self/clear_refs)");
        if (!b->in[i].path) b->side[i].peak = pr_est_none("not asked for");
        for (int k = 0; b->in[i].path && k < LOADS; k++) PR_TRY(load_once(b, i, err));
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ rounds */

/* Tokens of one round share what the machine did meanwhile: a round is a block. */
static pr_est of_tokens(const bench *b, const side *s, double at) {
    int64_t d = b->o.decode_tokens;
    pr_dist *dist;
    float   *ms = pr_calloc((size_t)d, sizeof *ms);
    pr_est   e = pr_est_none("no memory");
    if (!ms) return e;
    if (pr_dist_new(&dist, 0, 1, NULL) == PARE_OK) {
        bool ok = true;
        for (int64_t r = 0; r < b->rounds && ok; r++) {
            for (int64_t i = 0; i < d; i++) ms[i] = (float)(s->token[r * d + i] * 1e3);
            ok = pr_dist_add(dist, ms, d, NULL) == PARE_OK;
        }
        if (ok) e = pr_dist_quantile(dist, at, 0.95);
        pr_dist_free(dist);
    }
    pr_free(ms);
    return e;
}

/* Every ratio to the baseline known to 1 %, and enough spans for their variation? */
static bool settled(const bench *b) {
    if (b->rounds < MIN_ROUNDS || b->o.base < 0) return false;
    for (int i = 0; i < b->n; i++) {
        double time = 0;
        for (int64_t r = 0; r < b->rounds; r++) time += b->side[i].decode[r];
        if (time < MIN_SPANS * SPAN_S) return false;
        if (i == b->o.base) continue;
        pr_est e =
            pr_est_pair_median(b->side[b->o.base].decode, b->side[i].decode, b->rounds, 0.95);
        if (!pr_est_ok(&e) || (e.hi - e.lo) > 0.02 * e.value) return false;
    }
    return true;
}

/* Long stretches of another pace leave a median, a stall in few rounds leaves the tail without
 * bounds:
 * a limit on them could not be judged. */
static bool all_bounded(const bench *b) {
    for (int i = 0; i < b->n; i++) {
        const side *s = &b->side[i];
        pr_est      tail = of_tokens(b, s, 0.95);
        pr_est      pace = pr_est_median_in_time(s->decode, b->rounds, 0.95);
        if (!pr_est_ok(&tail) || !pr_est_ok(&pace)) return false;
        if (b->o.base < 0 || i == b->o.base) continue;
        pr_est e = pr_est_pair_median(b->side[b->o.base].decode, s->decode, b->rounds, 0.95);
        if (!pr_est_ok(&e)) return false;
    }
    return true;
}

static bool enough(const bench *b, double seconds, double budget) {
    if (b->rounds < MIN_ROUNDS) return false;
    if (seconds <= budget && !settled(b)) return false;
    return seconds > b->o.patience * b->n || all_bounded(b);
}

/* Where a session's memory lies in the caches is luck, of some per cent, that lasts as long as
 * the session:
 * new ones, each warmed up, make it a part of what the bounds tell. */
static pare_status move_sessions(bench *b, pare_err *err) {
    for (int k = 0; k < b->n; k++) {
        int         i = pr_bench_turn(b->rounds / EPOCH, k, b->n);
        pr_session *fresh;
        if (b->in[i].r) continue;
        PR_TRY(new_session(b, i, &fresh, err));
        pr_session_free(b->side[i].s); /* after the new one has its place: it cannot get the same */
        b->side[i].s = fresh;
        double joules = b->side[i].joules;
        PR_TRY(run_once(b, i, b->rounds, err)); /* its place is written again by the next round */
        b->side[i].joules = joules;
    }
    return PARE_OK;
}

int pr_bench_turn(int64_t round, int k, int n) {
    int i = (int)((k + round / 2) % n);
    return round % 2 ? n - 1 - i : i;
}

static pare_status run_rounds(bench *b, const pare_ctl *ctl, pare_err *err) {
    double   budget = (b->o.seconds > 0 ? b->o.seconds : 4) * b->n;
    int64_t  want = b->o.rounds;
    for (int i = 0; i < b->n; i++) PR_TRY(run_once(b, i, 0, err)); /* warm-up, overwritten */
    for (int i = 0; i < b->n; i++) b->side[i].joules = 0;
    uint64_t t = pr_now_ns();
    for (;;) {
        if (want > 0 && b->rounds >= want) break;
        if (b->rounds == b->cap) break;
        if (want == 0 && enough(b, seconds_since(t), budget)) break;
        for (int k = 0; k < b->n; k++) {
            int i = pr_bench_turn(b->rounds, k, b->n);
            PR_TRY(pr_ctl_check(ctl, err));
            PR_TRY(run_once(b, i, b->rounds, err));
        }
        b->rounds++;
        if (b->rounds % EPOCH == 0 && b->rounds < b->cap) PR_TRY(move_sessions(b, err));
        double done = want > 0 ? (double)b->rounds / (double)want
                               : PR_MIN(1.0, PR_MIN(seconds_since(t) / budget, 1.0));
        pr_ctl_progress(ctl, "take turns", "run", done * 100, 100);
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ set-up */

static void pattern(pr_id *ids, int64_t n, int n_vocab) {
    for (int64_t i = 0; i < n; i++) ids[i] = (pr_id)((i * 37 + 11) % n_vocab);
}

/* What was asked for is measured as it was asked, or refused; what was left open fits. */
static pare_status choose_tokens(bench *b, int64_t ctx, pare_err *err) {
    pr_bench_opts *o = &b->o;
    int64_t        prompt = PR_MAX(o->prompt_tokens, 1), decode = PR_MAX(o->decode_tokens, 1);
    if (ctx < 2)
        return pr_fail(err, PARE_EUSAGE, -1, "a context of %lld is too short to measure",
                       (long long)ctx);
    if (prompt > ctx - 1 || decode > ctx - prompt)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "%lld prompt tokens and %lld made one by one: expected at most the context "
                       "of %lld together",
                       (long long)prompt, (long long)decode, (long long)ctx);
    if (o->decode_tokens == 0) o->decode_tokens = PR_MIN((int64_t)64, ctx - prompt);
    if (o->prompt_tokens == 0) o->prompt_tokens = PR_MIN((int64_t)128, ctx - o->decode_tokens);
    return PARE_OK;
}

static pare_status set_up(bench *b, pare_err *err) {
    int64_t ctx = INT64_MAX;
    int     vocab = INT32_MAX;
    for (int i = 0; i < b->n; i++) {
        const pr_bench_side *in = &b->in[i];
        int64_t own = in->so.n_ctx ? in->so.n_ctx : in->m ? in->m->hp.n_ctx : INT64_MAX;
        ctx = PR_MIN(ctx, in->r ? PR_MIN(own, pr_runner_context(in->r)) : own);
        vocab = in->r ? (int)PR_MIN(vocab, pr_runner_vocab(in->r))
                      : PR_MIN(vocab, in->m->hp.n_vocab);
    }
    PR_TRY(choose_tokens(b, ctx, err));
    int64_t total = b->o.prompt_tokens + b->o.decode_tokens;
    b->cap = b->o.rounds > 0 ? b->o.rounds : MAX_ROUNDS;
    if (!(b->ids = pr_calloc((size_t)total, sizeof *b->ids)))
        return pr_fail_nomem(err, (uint64_t)total * 4);
    if (b->o.ids && b->o.n_ids >= total) memcpy(b->ids, b->o.ids, (size_t)total * sizeof *b->ids);
    else pattern(b->ids, total, vocab);
    for (int i = 0; i < b->n; i++) {
        side *s = &b->side[i];
        if (!b->in[i].r) PR_TRY(new_session(b, i, &s->s, err));
        else if (!(s->ns = pr_calloc((size_t)b->o.decode_tokens, sizeof *s->ns)))
            return pr_fail_nomem(err, (uint64_t)b->o.decode_tokens * 8);
        size_t per = (size_t)b->cap;
        s->prefill = pr_calloc(per * (3 + (size_t)b->o.decode_tokens), sizeof(double));
        if (!s->prefill) return pr_fail_nomem(err, per * 8);
        s->first = s->prefill + per, s->decode = s->first + per, s->token = s->decode + per;
    }
    return PARE_OK;
}

/* ------------------------------------------------------------------ results */

static void add(pr_bench_result *r, const char *name, pr_against against, pr_est e) {
    r->metrics[r->n_metrics++] =
        (pr_metric){.info = pr_metric_info_find(name), .against = against, .est = e};
}

/* Median over rounds of tokens / seconds. */
static pr_est rate(const double *seconds, int64_t n, double tokens) {
    pr_est e = pr_est_median_in_time(seconds, n, 0.95);
    return pr_est_scale(pr_est_inverse(e), tokens);
}

static pr_est energy_of(const bench *b, const side *s) {
    if (!b->energy) return pr_est_none("not asked for");
    if (s->ns) return pr_est_none("a runtime in a child process cannot be told from its prompt");
    const char *why = pr_energy_why(b->energy);
    if (why) return pr_est_none(why);
    if (!b->has_energy) return pr_est_none("the counter stopped answering");
    pr_est e = pr_est_none("one sum over all rounds: no bounds");
    e.value = s->joules / (double)(b->rounds * b->o.decode_tokens);
    e.n = b->rounds;
    return e;
}

int64_t pr_bench_spans(const double *token, int64_t n, double *per_token) {
    int64_t n_spans = 0, from = 0;
    double  time = 0;
    for (int64_t i = 0; i < n; i++) {
        time += token[i];
        if (time < SPAN_S) continue;
        per_token[n_spans++] = time / (double)(i + 1 - from);
        from = i + 1, time = 0;
    }
    return n_spans;
}

static pr_est variation(const bench *b, const side *s) {
    int64_t n = b->rounds * b->o.decode_tokens;
    double *per_token = pr_calloc((size_t)n, sizeof *per_token);
    if (!per_token) return pr_est_none("no memory");
    int64_t n_spans = pr_bench_spans(s->token, n, per_token);
    pr_est  e = n_spans < MIN_ROUNDS ? pr_est_none("the run lasted less than 8 spans of 1/60 s")
                                     : pr_est_cv(per_token, n_spans, 0.95);
    pr_free(per_token);
    return e;
}

static void speed(const bench *b, const side *s, pr_bench_result *r) {
    int64_t n = b->rounds, d = b->o.decode_tokens;
    add(r, "decode_tps", PR_AGAINST_NONE, rate(s->decode, n, (double)d));
    add(r, "prefill_tps", PR_AGAINST_NONE, rate(s->prefill, n, (double)b->o.prompt_tokens));
    add(r, "ttft_ms", PR_AGAINST_NONE, pr_est_scale(pr_est_median_in_time(s->first, n, 0.95), 1e3));
    static const char *const names[] = {"token_ms_p50", "token_ms_p95", "token_ms_p99"};
    static const double      at[] = {0.5, 0.95, 0.99};
    for (int i = 0; i < 3; i++) {
        pr_est q = of_tokens(b, s, at[i]);
        r->quantile[i] = q.value;
        add(r, names[i], PR_AGAINST_NONE, q);
    }
    add(r, "token_cv_frame", PR_AGAINST_NONE, variation(b, s));
    add(r, "token_cv", PR_AGAINST_NONE, pr_est_cv(s->token, n * d, 0.95));
}

static pr_est peak_of(const bench *b, int i) {
    return b->in[i].r ? pr_est_counted((double)pr_runner_memory(b->in[i].r)) : b->side[i].peak;
}

static pr_est peak_over(const bench *b, int i, int base) {
    pr_est own = peak_of(b, i), ref = peak_of(b, base);
    if (!pr_est_ok(&own)) return own;
    return pr_est_ok(&ref) ? pr_est_counted(own.value / ref.value) : ref;
}

static const char no_plan[] =
    "a foreign runtime does not say what it plans; peak_rss_bytes has its process";

static void ratios(const bench *b, int i, pr_bench_result *r) {
    static const pr_against against[] = {PR_AGAINST_SOURCE, PR_AGAINST_F32};
    const int               base[] = {b->o.base, b->o.f32};
    for (int k = 0; k < 2; k++) {
        if (base[k] < 0) continue;
        add(r, "speedup", against[k],
            pr_est_pair_median(b->side[base[k]].decode, b->side[i].decode, b->rounds, 0.95));
        add(r, "peak_rss_ratio", against[k], peak_over(b, i, base[k]));
        if (b->in[i].r || b->in[base[k]].r) {
            add(r, "memory_ratio", against[k], pr_est_none(no_plan));
            continue;
        }
        pr_memory own = pr_session_memory(b->side[i].s),
                  ref = pr_session_memory(b->side[base[k]].s);
        add(r, "memory_ratio", against[k],
            pr_est_counted((double)(own.weights + own.state + own.workspace) /
                           (double)(ref.weights + ref.state + ref.workspace)));
    }
}

static void histogram(const bench *b, const side *s, pr_bench_result *r) {
    int64_t n = b->rounds * b->o.decode_tokens;
    pr_est lo = pr_est_quantile(s->token, n, 0.001, 0.95),
           hi = pr_est_quantile(s->token, n, 0.99, 0.95);
    double  from = lo.value * 1e3 * 0.95, to = hi.value * 1e3 * 1.3;
    for (int i = 0; i <= PR_BENCH_BINS; i++) r->edges[i] = from + (to - from) * i / PR_BENCH_BINS;
    for (int64_t i = 0; i < n; i++) {
        int bin = (int)((s->token[i] * 1e3 - from) / (to - from) * PR_BENCH_BINS);
        r->counts[PR_MAX(0, PR_MIN(bin, PR_BENCH_BINS - 1))]++;
    }
}

static pare_status result(const bench *b, int i, pr_bench_result **out, pare_err *err) {
    const side      *s = &b->side[i];
    pr_memory        m = s->s ? pr_session_memory(s->s) : (pr_memory){0};
    pr_bench_result *r = *out = pr_calloc(1, sizeof *r);
    if (!r) return pr_fail_nomem(err, sizeof *r);
    r->rounds = b->rounds, r->prompt_tokens = b->o.prompt_tokens,
    r->decode_tokens = b->o.decode_tokens;
    speed(b, s, r);
    ratios(b, i, r);
    add(r, "memory_bytes", PR_AGAINST_NONE,
        s->s ? pr_est_counted((double)(m.weights + m.state + m.workspace))
             : pr_est_none(no_plan));
    add(r, "peak_rss_bytes", PR_AGAINST_NONE,
        peak_of(b, i));
    add(r, "load_ms", PR_AGAINST_NONE,
        s->n_load ? pr_est_scale(pr_est_quantile(s->load, s->n_load, 0.5, 0.9), 1e3)
                  : pr_est_none(s->s ? "not asked for" : "a runtime opens its file once"));
    add(r, "energy_j_per_token", PR_AGAINST_NONE, energy_of(b, s));
    histogram(b, s, r);
    return PARE_OK;
}

static void close_bench(bench *b) {
    for (int i = 0; i < b->n; i++) {
        pr_session_free(b->side[i].s);
        pr_free(b->side[i].prefill);
        pr_free(b->side[i].ns);
    }
    pr_free(b->ids);
    pr_free(b);
}

pare_status pr_bench_many(const pr_bench_side *sides, int n, const pr_bench_opts *o,
                          pr_energy *energy, const pare_ctl *ctl, pr_bench_result **out,
                          pare_err *err) {
    for (int i = 0; i < n; i++) out[i] = NULL;
    if (n < 1 || n > MOST_SIDES)
        return pr_fail(err, PARE_EUSAGE, -1, "%d models to time: expected 1 to %d", n,
                       MOST_SIDES);
    bench *b = pr_calloc(1, sizeof *b);
    if (!b) return pr_fail_nomem(err, sizeof *b);
    b->in = sides;
    b->o = *o;
    b->n = n;
    b->energy = energy;
    b->ctl = ctl;
    b->has_energy = energy && !pr_energy_why(energy);
    pare_status st = set_up(b, err);
    if (st == PARE_OK) st = measure_loads(b, err);
    if (st == PARE_OK) st = run_rounds(b, ctl, err);
    for (int i = 0; i < n && st == PARE_OK; i++) st = result(b, i, &out[i], err);
    for (int i = 0; i < n && st != PARE_OK; i++) {
        pr_bench_result_free(out[i]);
        out[i] = NULL;
    }
    close_bench(b);
    return st;
}

void pr_bench_result_free(pr_bench_result *r) {
    pr_free(r);
}
