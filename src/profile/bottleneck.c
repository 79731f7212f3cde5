/* bottleneck.c - from facts to findings: a pure function, one rule a kind.
 *
 * A rule that lacks a fact is not judged and says why; it never passes for "not found". A gain is
 * computed from the run's own figures, and the formula stands beside it. Amdahl (AFIPS 30, 1967)
 * where a part gets faster; the roofline (Williams, Waterman & Patterson, CACM 52, 2009) where
 * memory
 * holds. Order: memory first, because it does not slow a run but ends it; then what is expected to
 * win most; then what could win at most so much; variation last, which is a symptom. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "profile.h"

#define PAGE_S   0.05 /* a slow disk under load */
#define STOPPED  0.01
#define Q4_WORTH 0.9 /* smaller weights are advised if they save a tenth */

static const struct {
    const char *name, *key, *means;
} kinds[PR_BOTTLENECKS] = {
    [PR_BN_MEMORY] = {"memory-bound", "memory", "the run takes nearly all memory that it may"},
    [PR_BN_FAULTS] = {"page-faults", "page_faults",
                      "threads stand still while pages are read from storage"},
    [PR_BN_QUOTA] = {"cpu-quota", "quota", "the control group is stopped when its time is used up"},
    [PR_BN_FREQUENCY] = {"frequency", "frequency", "the clock is far below its highest"},
    [PR_BN_OVERSUBSCRIBED] = {"oversubscribed", "oversubscribed",
                              "there are more threads than CPUs for them"},
    [PR_BN_NEIGHBOUR] = {"busy-neighbour", "neighbour", "others run on the same CPUs"},
    [PR_BN_FEW_THREADS] = {"few-threads", "few_threads", "CPUs that may be used are not"},
    [PR_BN_IMBALANCE] = {"imbalance", "imbalance", "threads wait for each other"},
    [PR_BN_BANDWIDTH] = {"bandwidth-bound", "bandwidth",
                         "weights come as fast as memory can give them"},
    [PR_BN_COMPUTE] = {"compute-bound", "compute", "the processor is busy with arithmetic"},
    [PR_BN_INCONSISTENT] = {"inconsistent", "inconsistent",
                            "tokens take now more, now less time"},
};

const char *pr_bottleneck_name(pr_bottleneck k) {
    return kinds[k].name;
}
const char *pr_bottleneck_key(pr_bottleneck k) {
    return kinds[k].key;
}
const char *pr_bottleneck_means(pr_bottleneck k) {
    return kinds[k].means;
}
const char *pr_phase_name(pr_phase p) {
    return p == PR_PREFILL ? "prefill" : "decode";
}

/* ------------------------------------------------------------------ making a finding */

typedef struct {
    const pr_profile_facts *f;
    double                  above;
    pr_finding             *out;
} rule;

static void tell(rule *r, const char *what, const char *unit, double value, double bound) {
    if (isnan(value) || r->out->n_evidence == PR_EVIDENCE) return;
    r->out->evidence[r->out->n_evidence++] =
        (pr_evidence){.what = what, .unit = unit, .value = value, .bound = bound};
}

PR_PRINTF(3, 4)
static void advise(rule *r, const char *command, const char *fmt, ...) {
    if (r->out->n_advice == PR_ADVICE) return;
    pr_advice *a = &r->out->advice[r->out->n_advice++];
    va_list    ap;
    va_start(ap, fmt);
    vsnprintf(a->what, sizeof a->what, fmt, ap);
    va_end(ap);
    snprintf(a->command, sizeof a->command, "%s", command);
}

PR_PRINTF(4, 5)
static void gain(rule *r, double factor, bool at_most, const char *fmt, ...) {
    va_list ap;
    r->out->gain = isfinite(factor) && factor >= 1 ? factor : NAN;
    r->out->at_most = at_most;
    va_start(ap, fmt);
    vsnprintf(r->out->how, sizeof r->out->how, fmt, ap);
    va_end(ap);
}

static void not_judged(rule *r, const char *why) {
    r->out->found = PR_NOT_JUDGED;
    r->out->why = why;
}

/* The share is held against the policy's bound, and stands first in the evidence. */
static bool passes(rule *r, const char *what, double share) {
    r->out->found = share > r->above ? PR_FOUND : PR_NOT_FOUND;
    tell(r, what, "share", share, r->above);
    return r->out->found == PR_FOUND;
}

/* The phase in which most time goes that way: share × wall. -1: known in none. */
static int worst(const pr_profile_facts *f, double (*share)(const pr_phase_facts *)) {
    int at = -1;
    for (int p = 0; p < PR_PHASES; p++) {
        const pr_phase_facts *x = &f->phase[p];
        if (!(x->wall_s > 0) || isnan(share(x))) continue;
        if (at < 0 || share(x) * x->wall_s > share(&f->phase[at]) * f->phase[at].wall_s) at = p;
    }
    return at;
}

static double cpu_of(const pr_phase_facts *p) { return p->cpu; }
static double wait_of(const pr_phase_facts *p) { return p->wait; }
static double ready_of(const pr_phase_facts *p) { return p->ready; }
/* Standing still, or in the kernel for longer than waiting members may have yielded there. It is
 * not for pages where there are too few of them: each takes so long at most. */
static double pages_of(const pr_phase_facts *p) {
    double share = p->blocked + fmax(p->system - p->wait, 0); /* NAN: not known */
    double most = p->major * PAGE_S / p->team_s;
    return share > most ? most : share;
}
/* What would come back: others wait at barriers for who stands still. Where most of the kernel's
 * time is yielding there, the two are the same time. */
static double pages_cost(const pr_phase_facts *p) {
    return fmin(p->blocked + fmax(p->system, p->wait), 0.99);
}
static double wall_of(const pr_phase_facts *p) { return p->wall_s; }

/* "pare profile 'a model.gguf' -t 2": a name that a shell would take apart is quoted. */
static const char *command(const rule *r, char dst[200], const char *verb, const char *rest) {
    const char *m = r->f->model ? r->f->model : "MODEL";
    bool        plain = m[strspn(m, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "-_./+=@%,:")] == 0;
    if (strchr(m, '\'')) m = "MODEL", plain = true;
    if ((size_t)snprintf(dst, 200, plain ? "pare %s %s%s" : "pare %s '%s'%s", verb, m, rest) >= 200)
        snprintf(dst, 200, "pare %s MODEL%s", verb, rest);
    return dst;
}

static bool smaller_helps(const rule *r) {
    return r->f->q4_bytes > 0 && r->f->q4_bytes < Q4_WORTH * r->f->matrix_bytes;
}

static void advise_smaller(rule *r) {
    char c[200];
    if (!smaller_helps(r)) return;
    command(r, c, "quantize", " --quant Q4_K_M -o small.gguf");
    advise(r, c, "write the weights with 4 bits: %.0f MB of matrices instead of %.0f",
           r->f->q4_bytes / 1e6, r->f->matrix_bytes / 1e6);
}

/* ------------------------------------------------------------------ memory */

static void memory(rule *r) {
    const pr_profile_facts *f = r->f;
    const pr_memory_facts  *worst_limit = NULL;
    for (int i = 0; i < f->n_memory; i++) {
        const pr_memory_facts *m = &f->memory[i];
        if (!(m->limit > 0) || isnan(m->used)) continue;
        if (!worst_limit || m->used / m->limit > worst_limit->used / worst_limit->limit)
            worst_limit = m;
    }
    if (!worst_limit) {
        not_judged(r, "no limit of memory is told here");
        return;
    }
    bool found = passes(r, worst_limit->name, worst_limit->used / worst_limit->limit);
    tell(r, "taken or needed", "B", worst_limit->used, NAN);
    tell(r, "the limit", "B", worst_limit->limit, NAN);
    tell(r, "weights, state and workspace", "B", f->need, NAN);
    if (!found) return;
    char   c[200];
    double lost = pages_of(&f->phase[PR_DECODE]);
    advise_smaller(r);
    advise(r, "", "raise the limit to %.0f MB, so that %.0f %% stay free",
           worst_limit->used / r->above / 1e6, 100 * (1 - r->above));
    if (f->state_bytes > 0.05 * worst_limit->limit)
        advise(r, command(r, c, "profile", " --kv q8_0"),
               "keep keys and values in 8 bits, or take a shorter context");
    if (lost > 0.01)
        gain(r, 1 / (1 - pages_cost(&f->phase[PR_DECODE])), false,
             "decode without missing pages, and waiting for who misses them: 1 / (1 - %.3f)",
             pages_cost(&f->phase[PR_DECODE]));
    else
        gain(r, NAN, false, "no time is lost yet: it is the next allocation that fails");
}

static void faults(rule *r) {
    int p = worst(r->f, pages_of);
    if (p < 0) {
        not_judged(r, "the kernel does not tell how long threads were ready (schedstat)");
        return;
    }
    const pr_phase_facts *x = &r->f->phase[p];
    r->out->phase = p;
    bool found = passes(r, "thread time lost to missing pages", pages_of(x));
    tell(r, "of it at a standstill", "share", x->blocked, NAN);
    tell(r, "major page faults", "", x->major, NAN);
    tell(r, "minor page faults", "", x->minor, NAN);
    if (!found) return;
    double room = NAN;
    for (int i = 0; i < r->f->n_memory; i++) room = fmin(room, r->f->memory[i].limit);
    tell(r, "weights, state and workspace", "B", r->f->need, room);
    advise_smaller(r);
    if (room < r->f->need)
        advise(r, "", "give it %.0f MB of memory: the weights do not stay in %.0f MB",
               r->f->need / 0.9 / 1e6, room / 1e6);
    else
        advise(r, "", "read the file once before it is used (cat FILE > /dev/null), or keep it on "
                      "faster storage");
    gain(r, 1 / (1 - pages_cost(x)), false,
         "%s without missing pages, and waiting for who misses them: 1 / (1 - %.3f)",
         pr_phase_name((pr_phase)p), pages_cost(x));
}

/* ------------------------------------------------------------------ the processor's time */

static void quota(rule *r) {
    const pr_profile_facts *f = r->f;
    char                    c[200], t[32];
    if (isnan(f->throttled)) {
        not_judged(r, "no control group counts throttled time here");
        return;
    }
    bool found = passes(r, "time for which the group was stopped", f->throttled);
    if (isfinite(f->quota)) tell(r, "CPUs that the quota pays for", "", f->quota, f->n_threads);
    if (!found) return;
    int n = PR_MAX((int)floor(f->quota), 1);
    if (isfinite(f->quota) && n < f->n_threads) {
        snprintf(t, sizeof t, " -t %d", n);
        advise(r, command(r, c, "profile", t), "take no more threads than the quota pays for");
    }
    advise(r, "", "raise the quota to %d CPUs", f->n_threads);
    int most = PR_MIN(f->n_threads, f->n_cpus);
    if (isfinite(f->quota) && f->quota < most)
        gain(r, most / f->quota, false, "threads that run all the time / CPUs paid for: %d / %.2f",
             most, f->quota);
    else
        gain(r, 1 / (1 - fmin(f->throttled, 0.99)), false, "1 / (1 - %.3f of the time stopped)",
             f->throttled);
}

static void frequency(rule *r) {
    const pr_profile_facts *f = r->f;
    if (isnan(f->clock)) {
        not_judged(r, "the kernel tells no clock to compare with");
        return;
    }
    bool found = passes(r, "clock missing to the highest", 1 - f->clock);
    tell(r, "thermal throttling, events", "", f->throttle_events, 0);
    if (!found) return;
    if (f->throttle_events > 0) advise(r, "", "cool it: the kernel counted thermal throttling");
    advise(r, "", "let the governor clock up (cpupower frequency-set -g performance), on mains "
                  "power");
    gain(r, 1 / f->clock, true, "highest clock / mean clock: 1 / %.3f, if memory can follow",
         f->clock);
}

static void oversubscribed(rule *r) {
    const pr_profile_facts *f = r->f;
    char                    c[200], t[32];
    r->out->found = f->n_threads > r->above * f->n_cpus ? PR_FOUND : PR_NOT_FOUND;
    tell(r, "threads per CPU", "", (double)f->n_threads / f->n_cpus, r->above);
    tell(r, "threads", "", f->n_threads, f->n_cpus);
    if (r->out->found != PR_FOUND) return;
    int p = worst(f, ready_of);
    snprintf(t, sizeof t, " -t %d", f->n_usable);
    advise(r, command(r, c, "profile", t), "take as many threads as there are CPUs");
    if (p < 0) {
        gain(r, NAN, false, "the kernel does not tell how long threads were ready (schedstat)");
        return;
    }
    double ready = f->phase[p].ready;
    r->out->phase = p;
    tell(r, "thread time without a CPU", "share", ready, NAN);
    /* The CPUs did the work of the others meanwhile: what members yield to each other is lost. */
    double lost = fmin(fmin(f->phase[p].wait, f->phase[p].system) * f->n_threads / f->n_cpus, 0.99);
    gain(r, 1 / (1 - lost), true, "no CPU spends time on yielding: 1 / (1 - %.3f)", lost);
}

static void neighbour(rule *r) {
    const pr_profile_facts *f = r->f;
    int                     p = worst(f, ready_of);
    if (f->n_threads > f->n_cpus) {
        not_judged(r, "the run's own threads compete for CPUs");
        return;
    }
    if (p < 0 && isnan(f->steal)) {
        not_judged(r, "the kernel tells neither waiting for a CPU (schedstat) nor stolen time");
        return;
    }
    if (f->throttled > STOPPED) {
        not_judged(r, "the quota stops the group: waiting for a CPU is that, too");
        return;
    }
    double ready = p < 0 ? 0 : f->phase[p].ready, steal = isnan(f->steal) ? 0 : f->steal;
    if (p >= 0 && ready >= steal) r->out->phase = p;
    double lost = fmax(ready, steal);
    bool   found = passes(r, "thread time without a CPU", lost);
    tell(r, "stolen by the hypervisor", "share", f->steal, NAN);
    if (p >= 0) tell(r, "involuntary switches", "", f->phase[p].involuntary, NAN);
    if (!found) return;
    if (steal > ready)
        advise(r, "", "ask for CPUs of your own: the host gives this machine's time to others");
    else
        advise(r, "ps -eo pcpu,pid,args --sort=-pcpu",
               "stop what else runs, or keep it on other CPUs (taskset)");
    gain(r, 1 / (1 - fmin(lost, 0.99)), false, "the CPUs alone: 1 / (1 - %.3f)", lost);
}

/* ------------------------------------------------------------------ the team */

/* Does everything that decoding reads stay in the last cache? */
static bool in_cache(const pr_profile_facts *f, const pr_phase_facts *p) {
    return p->bytes > 0 && f->matrix_bytes + f->state_bytes < f->cache;
}

static double gb_s(const pr_phase_facts *p) {
    return p->wall_s > 0 ? p->bytes / p->wall_s / 1e9 : NAN;
}

static void few_threads(rule *r) {
    const pr_profile_facts *f = r->f;
    char                    c[200], t[32];
    int                     p = worst(f, wall_of);
    double                  k = (double)f->n_usable / f->n_threads;
    if (p < 0) {
        not_judged(r, "nothing was run");
        return;
    }
    const pr_phase_facts *x = &f->phase[p];
    r->out->phase = p;
    bool found = passes(r, "usable CPUs without a thread", k > 1 ? 1 - 1 / k : 0);
    tell(r, "threads", "", f->n_threads, f->n_usable);
    if (!found) return;
    tell(r, "time in work that can be shared", "share", x->parallel, NAN);
    snprintf(t, sizeof t, " -t %d", f->n_usable);
    advise(r, command(r, c, "profile", t), "take all %d CPUs", f->n_usable);
    double amdahl = 1 / (1 - x->parallel + x->parallel / k), roof = f->peak_all_gb_s / gb_s(x);
    if (roof < amdahl && roof >= 1 && !in_cache(f, x))
        gain(r, roof, false, "memory: %.1f GB/s for all CPUs / %.1f GB/s now (Amdahl: %.2f)",
             f->peak_all_gb_s, gb_s(x), amdahl);
    else
        gain(r, amdahl, false,
             "Amdahl: 1 / (1 - p + p / k), p %.3f shared, k %.2f times the threads",
             x->parallel, k);
}

static void imbalance(rule *r) {
    int p = worst(r->f, wait_of);
    if (r->f->n_threads < 2 || p < 0) {
        not_judged(r, "one thread has nobody to wait for");
        return;
    }
    const pr_phase_facts *x = &r->f->phase[p];
    r->out->phase = p;
    bool found = passes(r, "thread time at barriers", x->wait);
    tell(r, "thread time without a CPU", "share", x->ready, NAN);
    if (!found) return;
    if (x->ready > x->wait / 2) { /* a symptom: its gain is that of the CPUs */
        advise(r, "", "see to the CPUs first: members wait for one that has none");
        gain(r, NAN, false, "it goes with the time without a CPU");
        return;
    }
    advise(r, "", "the pieces are uneven or small: fewer threads lose less at the barriers");
    gain(r, 1 / (1 - fmin(x->wait, 0.99)), true, "nobody waits: 1 / (1 - %.3f)", x->wait);
}

/* ------------------------------------------------------------------ the roofs */

static void bandwidth(rule *r) {
    const pr_profile_facts *f = r->f;
    char                    c[200];
    int                     p = f->phase[PR_DECODE].wall_s > 0 ? PR_DECODE : PR_PREFILL;
    const pr_phase_facts   *x = &f->phase[p];
    if (isnan(f->peak_gb_s)) {
        not_judged(r, f->no_peak ? f->no_peak : "the bandwidth was not measured");
        return;
    }
    if (in_cache(f, x)) {
        not_judged(r, "weights and state fit into the last cache: memory is hardly read");
        return;
    }
    r->out->phase = p;
    bool found = passes(r, "bandwidth used of the peak", gb_s(x) / f->peak_gb_s);
    tell(r, "weights and state moved", "GB/s", gb_s(x), f->peak_gb_s);
    if (!found) return;
    double w = x->weights, share = x->weight_bytes / x->bytes, b = f->q4_bytes / f->matrix_bytes;
    if (smaller_helps(r)) {
        advise_smaller(r);
        gain(r, 1 / (1 - w + w * b), false,
             "roofline: products take %.3f of the time and read %.3f of the bytes: 1 / (1 - w "
             "+ w b)",
             w, b);
    } else if (share < 0.7) {
        advise(r, command(r, c, "profile", " --kv q8_0"), "keep keys and values in 8 bits");
        gain(r, 1 / (share + (1 - share) * 0.53125), true,
             "%.3f of the bytes are keys and values; 8 bits read 0.531 of them", 1 - share);
    } else {
        advise(r, "", "the weights are small already: a model with fewer parameters, or faster "
                      "memory");
        gain(r, NAN, false, "nothing that pare can change reads fewer bytes");
    }
}

static void compute(rule *r) {
    const pr_profile_facts *f = r->f;
    char                    c[200];
    int                     p = worst(f, cpu_of);
    if (p < 0) {
        not_judged(r, "the processor time is not known");
        return;
    }
    const pr_phase_facts *x = &f->phase[p];
    r->out->phase = p;
    bool found = passes(r, "processor time of the threads", x->cpu);
    tell(r, "of it at barriers", "share", x->wait, NAN);
    tell(r, f->top_op ? f->top_op : "largest operator", "share", f->top_share[p], NAN);
    if (!found) return;
    if (f->exact) advise(r, command(r, c, "profile", ""), "leave out --exact: products in 8 bits");
    advise_smaller(r);
    advise(r, "", f->n_threads < f->n_usable ? "take all CPUs"
                                             : "more cores, wider vectors, or a smaller model");
    double top = fmin(f->top_share[p], 0.99);
    gain(r, 1 / (1 - top), true, "Amdahl: were %s free, 1 / (1 - %.3f)",
         f->top_op ? f->top_op : "the largest operator", top);
}

static void inconsistent(rule *r) {
    const pr_profile_facts *f = r->f;
    if (isnan(f->token_cv)) {
        not_judged(r, "fewer than two tokens were made one by one");
        return;
    }
    r->out->phase = PR_DECODE;
    bool found = passes(r, "variation of the time per token", f->token_cv);
    tell(r, "its lower bound", "share", f->cv_lo, NAN);
    tell(r, "its upper bound", "share", f->cv_hi, NAN);
    tell(r, "time per token, mean", "ms", f->token_mean_ms, NAN);
    tell(r, "time per token, median", "ms", f->token_p50_ms, NAN);
    if (!found) return;
    advise(r, "", "find who comes between: the other findings, and the slow tokens in the trace");
    gain(r, f->token_mean_ms / f->token_p50_ms, false,
         "every token takes the median: mean / median, %.3f / %.3f ms", f->token_mean_ms,
         f->token_p50_ms);
}

/* ------------------------------------------------------------------ all */

static void (*const rules[PR_BOTTLENECKS])(rule *) = {
    [PR_BN_MEMORY] = memory,       [PR_BN_FAULTS] = faults,
    [PR_BN_QUOTA] = quota,         [PR_BN_FREQUENCY] = frequency,
    [PR_BN_OVERSUBSCRIBED] = oversubscribed, [PR_BN_NEIGHBOUR] = neighbour,
    [PR_BN_FEW_THREADS] = few_threads, [PR_BN_IMBALANCE] = imbalance,
    [PR_BN_BANDWIDTH] = bandwidth, [PR_BN_COMPUTE] = compute,
    [PR_BN_INCONSISTENT] = inconsistent};

static int group(const pr_finding *f) {
    if (f->found != PR_FOUND) return f->found == PR_NOT_FOUND ? 5 : 6;
    if (f->kind == PR_BN_MEMORY) return 0;
    if (f->kind == PR_BN_INCONSISTENT) return 4;
    return isnan(f->gain) ? 3 : f->at_most ? 2 : 1;
}

static int by_order(const void *a, const void *b) {
    const pr_finding *x = a, *y = b;
    if (group(x) != group(y)) return group(x) - group(y);
    if (x->found == PR_FOUND && x->gain != y->gain && !isnan(x->gain))
        return x->gain < y->gain ? 1 : -1;
    return (int)x->kind - (int)y->kind;
}

size_t pr_profile_judge(const pr_profile_facts *f, const pr_profile_policy *p,
                        pr_finding out[PR_BOTTLENECKS]) {
    size_t found = 0;
    for (int k = 0; k < PR_BOTTLENECKS; k++) {
        rule r = {.f = f, .above = p->above[k], .out = &out[k]};
        out[k] = (pr_finding){.kind = (pr_bottleneck)k, .phase = -1, .gain = NAN};
        if (isnan(r.above)) not_judged(&r, "the policy does not ask for it");
        else rules[k](&r);
        found += out[k].found == PR_FOUND;
    }
    qsort(out, PR_BOTTLENECKS, sizeof *out, by_order);
    return found;
}
