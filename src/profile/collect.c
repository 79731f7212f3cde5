/* collect.c - spans of calls into sums, and sums into facts. Always true: the parts of a phase are
 * intervals of the caller's thread that do not overlap; none is computed as what is left. */
#include <math.h>
#include "quant/quant.h"
#include "run.h"

/* ------------------------------------------------------------------ one call */

static const pr_span *span(const pr_profile *p, int member, int step) {
    return &p->probe.span[(size_t)member * (size_t)p->n_steps + (size_t)step];
}

static void trace_call(pr_profile *p, pr_phase phase, int n, int64_t pos, uint64_t began,
                       uint64_t ended, double bytes) {
    const char *name = phase == PR_DECODE ? "token" : "batch";
    if (!p->trace) return;
    pr_trace_slice(p->trace, 0, name, pr_phase_name(phase), -1, began, ended, n, (uint64_t)bytes);
    for (int me = 0; me < p->n_threads; me++) {
        if (!p->probe.member[me].begin) continue;
        for (int i = 0; i < p->n_steps; i++) {
            const pr_span      *at = span(p, me, i);
            const pr_step_info *in = &p->info[i];
            if (!at->begin) continue;
            if (at->pieces)
                pr_trace_slice(p->trace, me, in->name, in->op, in->layer, at->begin, at->worked,
                               at->pieces, p->cost[i].weight_bytes + p->cost[i].state_bytes);
            if (at->end > at->worked)
                pr_trace_slice(p->trace, me, "wait", "wait", in->layer, at->worked, at->end, -1, 0);
        }
    }
    pr_trace_counter(p->trace, "GB/s", ended, bytes / (double)PR_MAX(ended - began, (uint64_t)1));
    pr_trace_counter(p->trace, "position", ended, (double)(pos + n));
}

static void add_member(pr_profile *p, phase_sum *ph, int me) {
    const pr_member_span *m = &p->probe.member[me];
    member_sum           *sum = &ph->member[me];
    if (!m->begin) return;
    p->tid[me] = m->tid;
    sum->calls++;
    sum->in_call += m->end - m->begin;
    sum->cpu += m->cpu_ns;
    for (int i = 0; i < p->n_steps; i++) {
        const pr_span *at = span(p, me, i);
        if (!at->begin) continue;
        uint64_t work = at->worked - at->begin, wait = at->end - at->worked;
        sum->busy += work;
        sum->wait += wait;
        sum->pieces += at->pieces;
        ph->step[i].all_work += work;
        ph->step[i].all_wait += wait;
        if (me) continue;
        ph->step[i].work += work;
        ph->step[i].wait += wait;
        if (p->cost[i].pieces > 1) ph->shared += work + wait;
    }
}

void pr_profile_collect(pr_profile *p, pr_phase phase, int n, int64_t pos, uint64_t began,
                        uint64_t ended) {
    phase_sum *ph = &p->phase[phase];
    double     bytes = 0;
    for (int i = 0; i < p->n_steps; i++) {
        pr_step_cost *c = &p->cost[i];
        pr_session_cost(p->s, i, n, pos, c);
        ph->step[i].weight_bytes += (double)c->weight_bytes;
        ph->step[i].state_bytes += (double)c->state_bytes;
        ph->step[i].value_bytes += (double)c->value_bytes;
        ph->step[i].flop += c->flop;
        bytes += (double)c->weight_bytes + (double)c->state_bytes;
    }
    for (int me = 0; me < p->n_threads; me++) add_member(p, ph, me);
    ph->prepare += p->probe.ready - p->probe.entered;
    const pr_member_span *own = &p->probe.member[0];
    ph->start += own->came - p->probe.ready;
    ph->end += p->probe.left - own->gone;
    ph->own += own->begin - own->came + own->gone - own->end;
    ph->calls++;
    ph->tokens += n;
    trace_call(p, phase, n, pos, began, ended, bytes);
}

uint64_t pr_profile_covered(const pr_profile *p, pr_phase phase) {
    const phase_sum *ph = &p->phase[phase];
    uint64_t         sum = ph->prepare + ph->start + ph->end + ph->sample;
    for (int i = 0; i < p->n_steps; i++) sum += ph->step[i].work + ph->step[i].wait;
    return sum;
}

void pr_profile_attribution(const pr_profile *p, uint64_t *wall_ns, uint64_t *attributed_ns) {
    *wall_ns = *attributed_ns = 0;
    for (int i = 0; i < PR_PHASES; i++) {
        *wall_ns += p->phase[i].wall;
        *attributed_ns += pr_profile_covered(p, (pr_phase)i);
    }
}

/* ------------------------------------------------------------------ facts */

/* Of the members, what the kernel counted in the phase; NAN if it is not told for one of them. */
static double ready_ns(const pr_profile *p, int phase) {
    double sum = 0;
    for (int me = 0; me < p->n_threads; me++) {
        const pr_task_usage *a, *b;
        if (!p->tid[me]) continue;
        a = pr_usage_task(&p->usage[phase], p->tid[me]);
        b = pr_usage_task(&p->usage[phase + 1], p->tid[me]);
        if (!b) return NAN;
        sum += b->ready_ns - (a ? a->ready_ns : 0);
    }
    return sum;
}

static double steal_share(const pr_profile *p, int from, int to) {
    double ticks = p->usage[to].ticks - p->usage[from].ticks;
    return ticks > 0 ? (p->usage[to].stolen - p->usage[from].stolen) / ticks : NAN;
}

static void phase_facts(const pr_profile *p, int i, pr_phase_facts *f) {
    const phase_sum *ph = &p->phase[i];
    const pr_usage  *a = &p->usage[i], *b = &p->usage[i + 1];
    double           team = (double)ph->wall * p->n_threads, in_call = 0, cpu = 0, wait = 0,
           products = 0;
    *f = (pr_phase_facts){.wall_s = (double)ph->wall / 1e9, .team_s = team / 1e9};
    if (!ph->wall) return;
    for (int me = 0; me < p->n_threads; me++) {
        in_call += (double)ph->member[me].in_call;
        cpu += (double)ph->member[me].cpu;
        wait += (double)ph->member[me].wait;
    }
    for (int k = 0; k < p->n_steps; k++) {
        f->weight_bytes += ph->step[k].weight_bytes;
        f->bytes += ph->step[k].weight_bytes + ph->step[k].state_bytes;
        if (p->info[k].product) products += (double)(ph->step[k].work + ph->step[k].wait);
    }
    wait += (double)ph->end; /* for members that came late and had no piece */
    double ready = ready_ns(p, i), steal = steal_share(p, i, i + 1);
    f->cpu = fmax((double)(b->cpu_ns - a->cpu_ns) - (double)ph->own, cpu) / team;
    f->cpu = fmin(f->cpu, 1);
    f->wait = wait / team;
    f->ready = fmin(ready / team, 1);
    /* What the hypervisor takes is taken from running threads, and is no part of their time. */
    f->blocked = fmax(in_call - cpu / (1 - (steal < 0.99 ? steal : 0)) - ready, 0) / team;
    f->system = (double)(b->system_ns - a->system_ns) / team;
    if (isnan(ready)) f->blocked = NAN;
    f->parallel = (double)ph->shared / (double)ph->wall;
    f->weights = products / (double)ph->wall;
    f->major = b->major - a->major;
    f->minor = b->minor - a->minor;
    f->involuntary = b->involuntary - a->involuntary;
}

/* Bytes of the matrices as they are, and as Q4_K_M would have them: its base type, and 6 bits for
 * the head. */
static void weight_facts(const pr_profile *p, pr_profile_facts *f) {
    for (int i = 0; i < p->m->n_weights; i++) {
        const pr_weight *w = &p->m->weights[i];
        pr_role_class    c = pr_role_class_of(w->id.role);
        bool             head = w->id.role == PR_ROLE_OUTPUT ||
                    (c == PR_CLASS_EMBED && p->m->hp.tied);
        uint64_t row = 0;
        if (c != PR_CLASS_MATRIX && !head) continue;
        pr_type to = pr_mix_fit(head ? PR_Q6_K : PR_Q4_K, w->cols);
        pr_type_row_bytes(to, (uint64_t)w->cols, &row);
        f->matrix_bytes += (double)pr_weight_bytes(w);
        f->q4_bytes += (double)row * (double)w->rows;
    }
}

static void limit_add(pr_profile_facts *f, const char *name, double limit, double used) {
    if (limit > 0 && f->n_memory < PR_MEMORY_LIMITS)
        f->memory[f->n_memory++] = (pr_memory_facts){.name = name, .limit = limit, .used = used};
}

/* Of each limit, what is taken of it: at least what the run needs, were it all there. */
static void memory_facts(const pr_profile *p, pr_profile_facts *f) {
    pr_memory     m = pr_session_memory(p->s);
    struct rlimit as;
    f->need = (double)(m.weights + m.state + m.workspace);
    f->state_bytes = (double)m.state;
    if (p->hw.limit_bytes > 0)
        limit_add(f, "memory of the control group", (double)p->hw.limit_bytes,
                  fmax((double)p->hw.limit_used_bytes, f->need));
    if (getrlimit(RLIMIT_AS, &as) == 0 && as.rlim_cur != RLIM_INFINITY)
        limit_add(f, "address space (ulimit -v)", (double)as.rlim_cur, p->vm_peak);
    limit_add(f, "memory that was available", p->available, fmax(p->rss_peak, f->need));
}

static void clock_facts(const pr_profile *p, pr_profile_facts *f) {
    double sum = 0, most = p->clock_most;
    for (int i = 0; i < p->n_watch; i++) {
        sum += p->watch[i].mhz;
        if (!p->clock_told) most = fmax(most, p->watch[i].mhz);
    }
    f->clock = p->n_watch ? fmin(sum / p->n_watch / most, 1) : NAN;
    f->clock_most = most;
    f->throttle_events = p->usage[PR_PHASES].heat - p->usage[0].heat;
}

static void latency_facts(const pr_profile *p, pr_profile_facts *f) {
    f->token_cv = f->cv_lo = f->cv_hi = f->token_mean_ms = f->token_p50_ms = NAN;
    if (p->n_made < 2) return;
    pr_est cv = pr_est_cv(p->token_s, p->n_made, 0.95),
           p50 = pr_est_quantile(p->token_s, p->n_made, 0.5, 0.95);
    double sum = 0;
    for (int64_t i = 0; i < p->n_made; i++) sum += p->token_s[i];
    f->token_cv = cv.value;
    f->cv_lo = cv.lo;
    f->cv_hi = cv.hi;
    f->token_mean_ms = sum / (double)p->n_made * 1e3;
    f->token_p50_ms = p50.value * 1e3;
}

/* The operator (steps of one name) that takes most of all time. */
static void top_facts(const pr_profile *p, pr_profile_facts *f) {
    uint64_t most = 0;
    for (int i = 0; i < p->n_steps; i++) {
        uint64_t sum[PR_PHASES] = {0};
        for (int k = 0; k < p->n_steps; k++)
            for (int ph = 0; strcmp(p->info[k].name, p->info[i].name) == 0 && ph < PR_PHASES; ph++)
                sum[ph] += p->phase[ph].step[k].work + p->phase[ph].step[k].wait;
        if (sum[0] + sum[1] <= most) continue;
        most = sum[0] + sum[1];
        f->top_op = p->info[i].name;
        for (int ph = 0; ph < PR_PHASES; ph++)
            f->top_share[ph] =
                p->phase[ph].wall ? (double)sum[ph] / (double)p->phase[ph].wall : 0;
    }
}

static double cache_bytes(const pr_hw *hw) {
    double most = NAN;
    int    level = 0;
    for (int i = 0; i < hw->n_caches; i++) {
        const pr_hw_cache *c = &hw->caches[i];
        if (c->type == 'i' || c->level < level) continue;
        level = c->level;
        most = (double)c->bytes * c->n;
    }
    return most;
}

void pr_profile_find_facts(pr_profile *p) {
    pr_profile_facts *f = &p->facts;
    const pr_usage   *a = &p->usage[0], *b = &p->usage[PR_PHASES];
    *f = (pr_profile_facts){.model = p->m->path,
                            .n_threads = p->n_threads,
                            .n_cpus = p->hw.n_allowed,
                            .n_usable = p->hw.n_usable,
                            .quota = p->hw.n_quota,
                            .steal = steal_share(p, 0, PR_PHASES),
                            .cache = cache_bytes(&p->hw),
                            .peak_gb_s = p->peak.n_runs ? p->peak.best_gb_s : NAN,
                            .peak_all_gb_s = p->peak_all.n_runs ? p->peak_all.best_gb_s : NAN,
                            .no_peak = p->no_peak.msg,
                            .exact = p->o.so.exact};
    f->throttled = (b->throttled_ns - a->throttled_ns) / (double)(b->ns - a->ns);
    for (int i = 0; i < PR_PHASES; i++) phase_facts(p, i, &f->phase[i]);
    weight_facts(p, f);
    memory_facts(p, f);
    clock_facts(p, f);
    latency_facts(p, f);
    top_facts(p, f);
}
