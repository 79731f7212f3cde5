/* profile_more.c - the rest of the document: what was run, metrics, phases, and what the machine
 * did meanwhile. */
#include <math.h>
#include <stdio.h>
#include "doc_parts.h"
#include "measure/measure.h"

static void put_text(pr_doc_build *b, pare_doc *o, const char *key, const char *v) {
    if (v) pr_doc_set_str(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

void put_model_and_run(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    const pr_model *m = p->m;
    pare_doc       *o = pr_doc_set_object(b, d, "model");
    pr_doc_set_path(b, o, "path", m->path);
    pr_doc_set_str(b, o, "name", m->name);
    pr_doc_set_str(b, o, "architecture", pr_model_arch_name(m));
    pr_doc_set_i64(b, o, "parameters", pr_model_n_params(m));
    pr_doc_set_i64(b, o, "weight_bytes", (int64_t)pr_model_weight_bytes(m));
    o = pr_doc_set_object(b, d, "run");
    pr_doc_set_i64(b, o, "prompt_tokens", (int64_t)p->ids.n);
    pr_doc_set_i64(b, o, "tokens", p->n_made);
    pr_doc_set_i64(b, o, "threads", p->n_threads);
    pr_doc_set_i64(b, o, "usable_cpus", p->hw.n_usable);
    pr_doc_set_i64(b, o, "context", p->o.so.n_ctx);
    pr_doc_set_i64(b, o, "batch", p->o.so.n_batch);
    pr_doc_set_str(b, o, "level", pr_session_level(p->s));
    pr_doc_set_str(b, o, "state", pr_type_get(p->o.so.state)->name);
    pr_doc_set_bool(b, o, "exact", p->o.so.exact);
    pr_doc_set_f64(b, o, "open_ms", ms_of(p->open_ns));
    pr_doc_set_f64(b, o, "tokenize_ms", ms_of(p->tokenize_ns));
}

/* ------------------------------------------------------------------ metrics */

static void metric(pr_doc_build *b, pare_doc *a, const char *name, pr_est e) {
    pr_metric m = {.info = pr_metric_info_find(name), .est = e};
    pr_metric_put(b, a, &m);
}

static pr_est once(double value, const char *why) {
    return (pr_est){
        .value = value, .lo = NAN, .hi = NAN, .se = NAN, .n = 1, .conf = 0.95, .why = why};
}

static pr_est energy(const pr_profile *p) {
    double j = p->phase[PR_DECODE].joules;
    if (pr_energy_why(p->energy)) return pr_est_none("no energy counter can be read here");
    return once(j / (double)PR_MAX(p->n_made, (int64_t)1), "one run");
}

static void put_latency(pr_doc_build *b, pare_doc *a, const pr_profile *p) {
    const double *t = p->token_s;
    int64_t       n = p->n_made;
    pr_est mean = pr_est_mean(t, n, 0.95), rate = pr_est_inverse(mean);
    if (isnan(rate.value)) rate = once(1 / mean.value, "the mean time's bounds reach zero");
    metric(b, a, "decode_tps", rate);
    metric(b, a, "token_ms_p50", pr_est_scale(pr_est_median_in_time(t, n, 0.95), 1e3));
    metric(b, a, "token_ms_p95", pr_est_scale(pr_est_quantile(t, n, 0.95, 0.95), 1e3));
    metric(b, a, "token_ms_p99", pr_est_scale(pr_est_quantile(t, n, 0.99, 0.95), 1e3));
    metric(b, a, "token_cv", pr_est_cv(t, n, 0.95));
}

void put_metrics(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *a = pr_doc_set_array(b, d, "metrics");
    double    s = (double)p->phase[PR_PREFILL].wall / 1e9, n = (double)p->ids.n;
    metric(b, a, "prefill_tps", once(n / s, "one run"));
    metric(b, a, "ttft_ms", once((s + (p->n_made ? p->token_s[0] : NAN)) * 1e3, "one run"));
    put_latency(b, a, p);
    metric(b, a, "memory_bytes", pr_est_counted(p->facts.need));
    metric(b, a, "peak_rss_bytes", once(p->rss_peak, "of the whole process, one run"));
    metric(b, a, "load_ms", once(ms_of(p->open_ns), "one run"));
    metric(b, a, "energy_j_per_token", energy(p));
}

/* ------------------------------------------------------------------ phases */

static void put_counters(pr_doc_build *b, pare_doc *o, const pr_profile *p, const phase_sum *ph) {
    pare_doc *c = pr_doc_set_object(b, o, "counters");
    for (int i = 0; i < PR_COUNTERS; i++) {
        const pr_counter *k = &p->counters.counter[i];
        pare_doc         *x = pr_doc_set_object(b, c, k->name);
        put_known(b, x, "value", ph->counter[i]);
        if (!isfinite(ph->counter[i]))
            pr_doc_set_str(b, x, "reason", k->why[0] ? k->why : "the counter gave nothing");
        else if (k->share < 1)
            pr_doc_set_f64(b, x, "counted_share", k->share);
    }
}

void put_phases(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *phases = pr_doc_set_object(b, d, "phases");
    for (int i = 0; i < PR_PHASES; i++) {
        const phase_sum      *ph = &p->phase[i];
        const pr_phase_facts *f = &p->facts.phase[i];
        pare_doc             *o = pr_doc_set_object(b, phases, pr_phase_name((pr_phase)i));
        double                gb_s = f->bytes / f->wall_s / 1e9;
        pr_doc_set_f64(b, o, "wall_ms", ms_of(ph->wall));
        pr_doc_set_i64(b, o, "tokens", ph->tokens);
        pr_doc_set_i64(b, o, "calls", ph->calls);
        put_known(b, o, "cpu_share", f->cpu);
        put_known(b, o, "wait_share", f->wait);
        put_known(b, o, "ready_share", f->ready);
        put_known(b, o, "standstill_share", f->blocked);
        put_known(b, o, "system_share", f->system);
        put_known(b, o, "shared_share", f->parallel);
        put_known(b, o, "bytes", f->bytes);
        put_known(b, o, "gb_s", gb_s);
        put_known(b, o, "of_peak", gb_s / p->facts.peak_gb_s);
        put_known(b, o, "minor_faults", f->minor);
        put_known(b, o, "major_faults", f->major);
        put_known(b, o, "voluntary_switches",
                  p->usage[i + 1].voluntary - p->usage[i].voluntary);
        put_known(b, o, "involuntary_switches", f->involuntary);
        put_known(b, o, "joules", ph->joules);
        put_counters(b, o, p, ph);
    }
}

/* ------------------------------------------------------------------ the machine meanwhile */

static void put_memory(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pr_memory m = pr_session_memory(p->s);
    pare_doc *o = pr_doc_set_object(b, d, "memory");
    pr_doc_set_i64(b, o, "weights", (int64_t)m.weights);
    pr_doc_set_i64(b, o, "state", (int64_t)m.state);
    pr_doc_set_i64(b, o, "workspace", (int64_t)m.workspace);
    pare_doc *a = pr_doc_set_array(b, o, "limits");
    for (int i = 0; i < p->facts.n_memory; i++) {
        const pr_memory_facts *l = &p->facts.memory[i];
        pare_doc              *x = pr_doc_add_object(b, a);
        pr_doc_set_str(b, x, "name", l->name);
        put_known(b, x, "limit", l->limit);
        put_known(b, x, "used", l->used);
        put_known(b, x, "share", l->used / l->limit);
    }
}

static void put_bandwidth(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *o = pr_doc_set_object(b, d, "bandwidth");
    put_known(b, o, "peak_gb_s", p->facts.peak_gb_s);
    put_known(b, o, "peak_all_cpus_gb_s", p->facts.peak_all_gb_s);
    put_known(b, o, "last_cache_bytes", p->facts.cache);
    if (isnan(p->facts.peak_gb_s)) put_text(b, o, "reason", p->facts.no_peak);
}

static void put_clock(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *o = pr_doc_set_object(b, d, "clock");
    put_text(b, o, "source", p->clock_told ? "cpufreq" : "additions that wait for each other");
    put_known(b, o, "highest_mhz", p->facts.clock_most);
    put_known(b, o, "mean_share", p->facts.clock);
    put_known(b, o, "throttling_events", p->facts.throttle_events);
    if (isnan(p->facts.clock))
        put_text(b, o, "reason", "the kernel tells no clock to compare with");
    pare_doc *a = pr_doc_set_array(b, o, "samples");
    for (int i = 0; i < p->n_watch; i++) {
        pare_doc *x = pr_doc_add_object(b, a);
        pr_doc_set_f64(b, x, "ms", ms_of(p->watch[i].ns - p->usage[0].ns));
        put_known(b, x, "mhz", p->watch[i].mhz);
        put_known(b, x, "resident_bytes", p->watch[i].rss);
    }
}

void put_machine(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    const pr_usage *a = &p->usage[0], *z = &p->usage[PR_PHASES];
    put_memory(b, d, p);
    put_bandwidth(b, d, p);
    put_clock(b, d, p);
    pare_doc *o = pr_doc_set_object(b, d, "container");
    put_known(b, o, "quota_cpus", p->facts.quota);
    put_known(b, o, "throttled_ms", (z->throttled_ns - a->throttled_ns) / 1e6);
    put_known(b, o, "throttled_share", p->facts.throttled);
    put_known(b, o, "throttled_periods", z->throttled_periods - a->throttled_periods);
    put_known(b, o, "steal_share", p->facts.steal);
    o = pr_doc_set_object(b, d, "energy");
    put_text(b, o, "source", pr_energy_source(p->energy));
    put_text(b, o, "reason", pr_energy_why(p->energy));
    if (p->o.trace) {
        o = pr_doc_set_object(b, d, "trace");
        pr_doc_set_path(b, o, "path", p->o.trace);
        pr_doc_set_i64(b, o, "bytes", (int64_t)p->told.bytes);
        pr_doc_set_i64(b, o, "events", (int64_t)p->told.events);
        pr_doc_set_i64(b, o, "dropped", (int64_t)p->told.dropped);
    }
    o = pr_doc_set_object(b, d, "environment");
    put_text(b, o, "cpu", p->hw.cpu_model);
    pr_doc_set_str(b, o, "arch", p->hw.arch);
    pr_doc_set_str(b, o, "machine", p->hw.id);
}
