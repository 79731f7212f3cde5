/* session.c - memory of a session, and the run of its plan by the team.
 *
 * Everything a token needs stands in one block that is laid out twice by the same
 * code: first without memory, to count (pr_session_plan), then with it. */
#include <sched.h>
#include "session.h"

enum { DEFAULT_CTX = 4096, DEFAULT_BATCH = 64, MOST_BATCH = 4096, PLAN_ARENA = 64 << 20,
       SPINS = 300, /* some 5 µs */
       ROTATIONS_KEPT = 1 << 19 /* angles: 2 MiB of cosines, and as much of sines */ };

/* Gives out aligned pieces; with base NULL it only counts. */
typedef struct {
    uint8_t *base;
    uint64_t used;
    bool     overflow;
} layout;

static void *piece(layout *l, uint64_t n, uint64_t size) {
    uint64_t bytes, end;
    if (!pr_mul_u64(n, size, &bytes) || !pr_round_up_u64(bytes, 64, &bytes) ||
        !pr_add_u64(l->used, bytes, &end))
        return l->overflow = true, NULL;
    void *p = l->base ? l->base + l->used : NULL;
    l->used = end;
    return p;
}

static pare_status fill_defaults(const pr_model *m, pr_session_opts *o, pare_err *err) {
    if (o->n_threads == 0) o->n_threads = pr_threads_default();
    if (o->n_ctx == 0) o->n_ctx = PR_MIN(m->hp.n_ctx, (int64_t)DEFAULT_CTX);
    if (o->n_batch == 0) o->n_batch = DEFAULT_BATCH;
    if (o->n_batch > o->n_ctx) o->n_batch = (int)o->n_ctx;
    if (o->cpu_flags == 0) o->cpu_flags = pr_cpu_flags();
    if (o->reference) o->cpu_flags = 0;
    if (o->n_ctx < 1 || o->n_ctx > 1 << 24)
        return pr_fail(err, PARE_EUSAGE, -1, "context of %lld: expected 1 to %d",
                       (long long)o->n_ctx, 1 << 24);
    if (o->n_batch < 1 || o->n_batch > MOST_BATCH)
        return pr_fail(err, PARE_EUSAGE, -1, "batch of %d: expected 1 to %d", o->n_batch,
                       MOST_BATCH);
    if (o->state != PR_F32 && o->state != PR_F16 && o->state != PR_Q8_0)
        return pr_fail(err, PARE_EUSAGE, -1, "state type %s: expected F32, F16 or Q8_0",
                       pr_type_get(o->state)->name);
    for (int i = 0; i < m->hp.n_layer; i++)
        if (o->state == PR_Q8_0 && m->hp.layers[i].d_head % 32)
            return pr_fail(err, PARE_EUNSUPPORTED, -1,
                           "state type Q8_0 needs heads of a multiple of 32, not %d",
                           m->hp.layers[i].d_head);
    return PARE_OK;
}

/* A small context keeps the rotation of every position, made when first reached. Not so where
 * the frequencies depend on the text's length. */
static void keep_rotations(pr_session *s, int half) {
    bool keep = (uint64_t)s->o.n_ctx * (uint64_t)half <= ROTATIONS_KEPT && s->m->hp.n_ropes == 1 &&
                s->m->hp.ropes[0].kind != PR_ROPE_DYNAMIC;
    s->rot_rows = keep ? s->o.n_ctx : s->o.n_batch;
    s->rot_done = keep ? 0 : -1;
}

static void lay_workspace(pr_session *s, layout *l) {
    uint64_t batch = (uint64_t)s->o.n_batch;
    int      half = 1;
    s->slot = piece(l, (uint64_t)s->plan.n_slots + 1, sizeof *s->slot);
    s->acts = piece(l, (uint64_t)s->plan.n_acts + 1, sizeof *s->acts);
    for (int i = 0; i < s->plan.n_slots; i++) {
        float *p = piece(l, batch * (uint64_t)s->plan.slot_width[i], sizeof *p);
        if (l->base) s->slot[i] = p;
    }
    for (int i = 0; i < s->plan.n_acts; i++) {
        void *p = piece(l, pr_acts_bytes(s->plan.acts_width[i], s->o.n_batch), 1);
        if (l->base) s->acts[i] = p;
    }
    for (int i = 0; i < s->m->hp.n_ropes; i++) half = PR_MAX(half, s->m->hp.ropes[i].dim / 2);
    s->logits =
        piece(l, (s->o.all_logits ? batch : 1) * (uint64_t)s->m->hp.n_vocab, sizeof *s->logits);
    keep_rotations(s, half);
    s->cos = piece(l, (uint64_t)s->rot_rows * (uint64_t)half, sizeof *s->cos);
    s->sin = piece(l, (uint64_t)s->rot_rows * (uint64_t)half, sizeof *s->sin);
    s->inv_freq = piece(l, (uint64_t)half, sizeof *s->inv_freq);
    s->counter = piece(l, (uint64_t)s->plan.n_steps, sizeof *s->counter);
    s->scratch = piece(l, (uint64_t)s->o.n_threads, s->scratch_bytes);
}

static bool lay_state(pr_session *s, uint64_t *total) {
    const pr_hp *h = &s->m->hp;
    uint64_t     at = 0;
    for (int i = 0; i < h->n_layer; i++) {
        uint64_t row, all,
            heads = (uint64_t)h->layers[i].n_kv * (uint64_t)s->o.n_ctx; /* below 2^37 */
        if (!pr_type_row_bytes(s->o.state, (uint64_t)h->layers[i].d_head, &row) ||
            !pr_mul_u64(row, heads, &all))
            return false;
        s->kv_row[i] = (size_t)row;
        s->k_off[i] = (size_t)at;
        s->v_off[i] = (size_t)(at + all);
        if (!pr_add_u64(at, all, &at) || !pr_add_u64(at, all, &at)) return false;
    }
    *total = at;
    return true;
}

/* Everything but the memory blocks and the threads. */
static pare_status prepare(pr_session *s, const pr_model *m, const pr_session_opts *o,
                           pare_err *err) {
    s->m = m;
    if (o) s->o = *o;
    PR_TRY(fill_defaults(m, &s->o, err));
    s->k = pr_kernels_get(s->o.cpu_flags);
    if (!(s->arena = pr_arena_new(PLAN_ARENA))) return pr_fail_nomem(err, 4096);
    PR_TRY(pr_plan_make(&s->plan, m, &s->o, s->k, s->arena, err));
    PR_NEW(s->kv_row, s->arena, m->hp.n_layer, err);
    PR_NEW(s->k_off, s->arena, m->hp.n_layer, err);
    PR_NEW(s->v_off, s->arena, m->hp.n_layer, err);
    s->scratch_bytes = pr_step_scratch(m, &s->plan, &s->o, &s->scores_cap);
    layout count = {0};
    lay_workspace(s, &count);
    if (count.overflow)
        return pr_fail(err, PARE_EUSAGE, -1, "the workspace's size does not fit 64 bits");
    uint64_t state;
    if (!lay_state(s, &state))
        return pr_fail(err, PARE_EUSAGE, -1, "the state's size does not fit 64 bits");
    s->memory = (pr_memory){.weights = pr_model_weight_bytes(m), .state = state,
                            .workspace = count.used + pr_arena_bytes(s->arena)};
    return PARE_OK;
}

pare_status pr_session_plan(const pr_model *m, const pr_session_opts *o, pr_memory *out,
                            pare_err *err) {
    *out = (pr_memory){0};
    pr_session *s = pr_calloc(1, sizeof *s);
    if (!s) return pr_fail_nomem(err, sizeof *s);
    pare_status st = prepare(s, m, o, err);
    if (st == PARE_OK) *out = s->memory;
    pr_session_free(s);
    return st;
}

static pare_status open_session(pr_session *s, const pr_model *m, const pr_session_opts *o,
                                pare_err *err) {
    PR_TRY(prepare(s, m, o, err));
    layout l = {0};
    lay_workspace(s, &l);
    if (!(s->block = pr_alloc_aligned((size_t)l.used, 64))) return pr_fail_nomem(err, l.used);
    l = (layout){.base = s->block};
    lay_workspace(s, &l);
    if (!(s->state = pr_alloc_aligned((size_t)s->memory.state, 64)))
        return pr_fail_nomem(err, s->memory.state);
    return pr_pool_new(&s->pool, s->o.n_threads, err);
}

pare_status pr_session_new(pr_session **out, const pr_model *m, const pr_session_opts *o,
                           pare_err *err) {
    *out = NULL;
    pr_session *s = pr_calloc(1, sizeof *s);
    if (!s) return pr_fail_nomem(err, sizeof *s);
    pare_status st = open_session(s, m, o, err);
    if (st != PARE_OK) {
        pr_session_free(s);
        return st;
    }
    *out = s;
    return PARE_OK;
}

void pr_session_free(pr_session *s) {
    if (!s) return;
    pr_pool_free(s->pool);
    pr_free(s->block);
    pr_free(s->state);
    pr_arena_free(s->arena);
    pr_free(s);
}

/* ------------------------------------------------------------------ running */

/* Wait for the pieces that others hold, which last microseconds; who waits long gives its processor
 * away. */
static void wait_done(struct step_counter *c, int64_t n) {
    for (int i = 0; atomic_load_explicit(&c->done, memory_order_acquire) < n; i++) {
        if (i < SPINS) pr_relax();
        else sched_yield();
    }
}

/* Members claim pieces of the step at hand and go on when all its pieces are done, whoever did
 * them: a member that the system does not run holds up nobody, unless in a piece. Steps of one
 * piece that follow are done by who finishes the last piece: its data are at hand
 * there, and nobody has to meet for them. */
static void run_plan(void *ctx, int me, int n_members) {
    pr_session *s = ctx;
    (void)n_members;
    for (int i = 0; i < s->plan.n_steps; i = s->counter[i].end) {
        const pr_step       *st = &s->plan.steps[i];
        struct step_counter *c = &s->counter[i];
        int64_t              t;
        if (atomic_load_explicit(&c->done, memory_order_acquire) > c->n) continue;
        while ((t = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed)) < c->n) {
            pr_step_task(s, st, t, me);
            if (atomic_fetch_add_explicit(&c->done, 1, memory_order_acq_rel) + 1 < c->n) continue;
            for (int k = i + 1; k < c->end; k++) pr_step_task(s, &s->plan.steps[k], 0, me);
            atomic_fetch_add_explicit(&c->done, 1, memory_order_release);
        }
        wait_done(c, c->n + 1);
    }
}

/* The same with the clock. A step's time ends where the single pieces behind it begin, for who does
 * them; the others wait for those too. */
static void run_probed(void *ctx, int me, int n_members) {
    pr_session     *s = ctx;
    pr_member_span *m = &s->probe->member[me];
    pr_span        *spans = s->probe->span + (size_t)me * (size_t)s->plan.n_steps;
    (void)n_members;
    pr_probe_enter(m, spans, s->plan.n_steps);
    for (int i = 0; i < s->plan.n_steps; i = s->counter[i].end) {
        const pr_step       *st = &s->plan.steps[i];
        struct step_counter *c = &s->counter[i];
        pr_span             *at = &spans[i];
        int64_t              t;
        if (atomic_load_explicit(&c->done, memory_order_acquire) > c->n) continue;
        at->begin = pr_now_ns();
        while ((t = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed)) < c->n) {
            pr_step_task(s, st, t, me);
            at->pieces++;
            if (atomic_fetch_add_explicit(&c->done, 1, memory_order_acq_rel) + 1 < c->n) continue;
            uint64_t now = at->worked = pr_now_ns();
            for (int k = i + 1; k < c->end; k++) {
                spans[k].begin = now;
                pr_step_task(s, &s->plan.steps[k], 0, me);
                now = spans[k].worked = spans[k].end = pr_now_ns();
                spans[k].pieces = 1;
            }
            atomic_fetch_add_explicit(&c->done, 1, memory_order_release);
        }
        if (at->worked) {
            at->end = at->worked;
            continue;
        }
        at->worked = pr_now_ns();
        wait_done(c, c->n + 1);
        at->end = pr_now_ns();
    }
    pr_probe_leave(m);
}

/* Groups for a call of s->n tokens: a step, and the steps of one piece behind it. */
static void count_pieces(pr_session *s) {
    int end = s->plan.n_steps;
    for (int i = end - 1; i >= 0; i--) {
        s->counter[i].n = pr_step_tasks(s, &s->plan.steps[i]);
        s->counter[i].end = end;
        if (s->counter[i].n > 1) end = i;
    }
    s->counted = s->n;
}

static void run_with_probe(pr_session *s) {
    for (int i = 0; i < s->o.n_threads; i++) s->probe->member[i] = (pr_member_span){0};
    s->probe->ready = pr_now_ns();
    pr_pool_help(s->pool, run_probed, s);
    s->probe->left = pr_now_ns();
}

static void rotate(pr_session *s, const pr_rope *rope, int64_t pos, int64_t row) {
    size_t at = (size_t)row * (size_t)(rope->dim / 2);
    pr_rope_rotation(rope, s->inv_freq, pos, s->cos + at, s->sin + at);
}

static void rotations(pr_session *s) {
    int64_t end = s->pos + s->n;
    s->rot_at = s->rot_done >= 0 ? s->pos : 0;
    if (s->rot_done >= end) return;
    for (int r = 0; r < s->m->hp.n_ropes; r++) { /* one table today; layers point at theirs */
        const pr_rope *rope = &s->m->hp.ropes[r];
        int64_t        from = s->rot_done >= 0 ? s->rot_done : s->pos;
        if (!s->freq_made) pr_rope_frequencies(rope, PR_MAX(s->expect, end), s->inv_freq);
        s->freq_made = rope->kind != PR_ROPE_DYNAMIC && s->m->hp.n_ropes == 1;
        for (int64_t p = from; p < end; p++) rotate(s, rope, p, s->rot_done >= 0 ? p : p - s->pos);
    }
    if (s->rot_done >= 0) s->rot_done = end;
}

pare_status pr_session_eval(pr_session *s, const pr_id *ids, int n, pare_err *err) {
    if (n < 1 || n > s->o.n_batch)
        return pr_fail(err, PARE_EUSAGE, -1, "%d tokens in a batch: expected 1 to %d", n,
                       s->o.n_batch);
    if (s->pos + n > s->o.n_ctx)
        return pr_fail(err, PARE_EUSAGE, -1, "the text reaches %lld tokens: the context holds %lld",
                       (long long)(s->pos + n), (long long)s->o.n_ctx);
    for (int i = 0; i < n; i++)
        if (ids[i] < 0 || ids[i] >= s->m->hp.n_vocab)
            return pr_fail(err, PARE_EINPUT, i, "token %d: the vocabulary has 0 to %d", (int)ids[i],
                           s->m->hp.n_vocab - 1);
    if (s->probe) s->probe->entered = pr_now_ns();
    s->ids = ids;
    s->n = n;
    rotations(s);
    if (s->counted != s->n) count_pieces(s);
    for (int i = 0; i < s->plan.n_steps; i++) {
        atomic_store_explicit(&s->counter[i].next, 0, memory_order_relaxed);
        atomic_store_explicit(&s->counter[i].done, 0, memory_order_relaxed);
    }
    if (s->probe) run_with_probe(s);
    else pr_pool_help(s->pool, run_plan, s);
    s->pos += n;
    return PARE_OK;
}

pare_status pr_session_prompt(pr_session *s, const pr_id *ids, int64_t n, const pare_ctl *ctl,
                              pare_err *err) {
    int64_t before = s->expect;
    s->expect = PR_MAX(s->expect, s->pos + n);
    pare_status st = PARE_OK;
    for (int64_t at = 0; at < n && st == PARE_OK; at += s->o.n_batch) {
        st = pr_ctl_check(ctl, err);
        if (st == PARE_OK)
            st = pr_session_eval(s, ids + at, (int)PR_MIN(n - at, (int64_t)s->o.n_batch), err);
    }
    s->expect = before;
    return st;
}

void pr_session_watch(pr_session *s, const pr_watch *w) {
    s->watch = w;
    s->counted = 0; /* steps have other pieces now */
}
void pr_session_expect(pr_session *s, int64_t total) {
    s->expect = total;
}
const float *pr_session_logits(const pr_session *s, int i) {
    return s->logits + (s->o.all_logits ? (size_t)i * (size_t)s->m->hp.n_vocab : 0);
}
int64_t pr_session_pos(const pr_session *s) {
    return s->pos;
}
void pr_session_rewind(pr_session *s, int64_t pos) {
    if (pos >= 0 && pos < s->pos) s->pos = pos;
}
pr_memory pr_session_memory(const pr_session *s) {
    return s->memory;
}
const char *pr_session_level(const pr_session *s) {
    return s->k->level;
}
int pr_session_threads(const pr_session *s) {
    return s->o.n_threads;
}
