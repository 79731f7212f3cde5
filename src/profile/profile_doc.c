/* profile_doc.c - a profile as a document (docs/profile.md). Always true: what is not known is
 * null with
 * a "reason" beside it; every share says of what. */
#include <math.h>
#include "doc_parts.h"

void put_known(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v)) pr_doc_set_f64(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

double ms_of(uint64_t ns) {
    return (double)ns / 1e6;
}

static double share_of(uint64_t part, uint64_t all) {
    return all ? (double)part / (double)all : NAN;
}

/* ------------------------------------------------------------------ where the time went */

/* One class of time: what the caller's thread did, in both phases. */
static void put_part(pr_doc_build *b, pare_doc *parts, const char *name, uint64_t prefill,
                     uint64_t decode, uint64_t wall) {
    pare_doc *o = pr_doc_add_object(b, parts);
    pr_doc_set_str(b, o, "name", name);
    pr_doc_set_f64(b, o, "prefill_ms", ms_of(prefill));
    pr_doc_set_f64(b, o, "decode_ms", ms_of(decode));
    put_known(b, o, "share", share_of(prefill + decode, wall));
}

static void put_attribution(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    const phase_sum *a = &p->phase[PR_PREFILL], *z = &p->phase[PR_DECODE];
    uint64_t         wall, covered, work[PR_PHASES] = {0}, wait[PR_PHASES] = {0};
    pr_profile_attribution(p, &wall, &covered);
    for (int ph = 0; ph < PR_PHASES; ph++)
        for (int i = 0; i < p->n_steps; i++) {
            work[ph] += p->phase[ph].step[i].work;
            wait[ph] += p->phase[ph].step[i].wait;
        }
    pare_doc *o = pr_doc_set_object(b, d, "attribution");
    pr_doc_set_f64(b, o, "wall_ms", ms_of(wall));
    pr_doc_set_f64(b, o, "attributed_ms", ms_of(covered));
    put_known(b, o, "share", share_of(covered, wall));
    pr_doc_set_f64(b, o, "profiler_ms", ms_of(a->own + z->own));
    pare_doc *parts = pr_doc_set_array(b, o, "parts");
    put_part(b, parts, "operators", work[0], work[1], wall);
    put_part(b, parts, "waiting at barriers", wait[0], wait[1], wall);
    put_part(b, parts, "choosing tokens", a->sample, z->sample, wall);
    put_part(b, parts, "preparing calls", a->prepare, z->prepare, wall);
    put_part(b, parts, "starting the team", a->start, z->start, wall);
    put_part(b, parts, "ending the team", a->end, z->end, wall);
    uint64_t ca = pr_profile_covered(p, PR_PREFILL), cz = pr_profile_covered(p, PR_DECODE);
    pr_doc_set_f64(b, o, "unattributed_ms", ms_of(wall) - ms_of(covered));
    put_known(b, o, "prefill_share", share_of(ca, a->wall));
    put_known(b, o, "decode_share", share_of(cz, z->wall));
}

typedef struct {
    uint64_t work, wait, all_wait;
    double   weight, state, value, flop;
} op_sum;

static void op_add(op_sum *to, const step_sum *s) {
    to->work += s->work;
    to->wait += s->wait;
    to->all_wait += s->all_wait;
    to->weight += s->weight_bytes;
    to->state += s->state_bytes;
    to->value += s->value_bytes;
    to->flop += s->flop;
}

static void put_op_phase(pr_doc_build *b, pare_doc *op, const pr_profile *p, pr_phase ph,
                         const op_sum *s) {
    pare_doc *o = pr_doc_set_object(b, op, pr_phase_name(ph));
    uint64_t  t = s->work + s->wait;
    double    bytes = s->weight + s->state, gb_s = t && bytes > 0 ? bytes / (double)t : NAN;
    pr_doc_set_f64(b, o, "ms", ms_of(t));
    put_known(b, o, "share", share_of(t, p->phase[ph].wall));
    pr_doc_set_f64(b, o, "wait_ms", ms_of(s->wait));
    pr_doc_set_f64(b, o, "team_wait_ms", ms_of(s->all_wait));
    pr_doc_set_f64(b, o, "weight_bytes", s->weight);
    pr_doc_set_f64(b, o, "state_bytes", s->state);
    pr_doc_set_f64(b, o, "value_bytes", s->value);
    put_known(b, o, "gb_s", gb_s);
    put_known(b, o, "of_peak", gb_s / p->facts.peak_gb_s);
    put_known(b, o, "gflop_s", t ? s->flop / (double)t : NAN);
}

/* Steps of one name are one operator, in the order in which they first come. */
static void put_operators(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *a = pr_doc_set_array(b, d, "operators");
    for (int i = 0; i < p->n_steps; i++) {
        op_sum sum[PR_PHASES] = {{0}};
        int    first = 0;
        while (strcmp(p->info[first].name, p->info[i].name) != 0) first++;
        if (first < i) continue;
        int64_t n = 0;
        for (int k = i; k < p->n_steps; k++) {
            if (strcmp(p->info[k].name, p->info[i].name) != 0) continue;
            for (int ph = 0; ph < PR_PHASES; ph++) op_add(&sum[ph], &p->phase[ph].step[k]);
            n++;
        }
        pare_doc *o = pr_doc_add_object(b, a);
        pr_doc_set_str(b, o, "name", p->info[i].name);
        pr_doc_set_str(b, o, "op", p->info[i].op);
        pr_doc_set_i64(b, o, "steps", n);
        for (int ph = 0; ph < PR_PHASES; ph++) put_op_phase(b, o, p, (pr_phase)ph, &sum[ph]);
    }
}

static void put_layers(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *a = pr_doc_set_array(b, d, "layers");
    for (int l = -1; l < p->m->hp.n_layer; l++) {
        uint64_t t[PR_PHASES] = {0};
        double   bytes = 0;
        for (int i = 0; i < p->n_steps; i++) {
            if (p->info[i].layer != l) continue;
            for (int ph = 0; ph < PR_PHASES; ph++)
                t[ph] += p->phase[ph].step[i].work + p->phase[ph].step[i].wait;
            bytes += p->phase[PR_DECODE].step[i].weight_bytes +
                     p->phase[PR_DECODE].step[i].state_bytes;
        }
        pare_doc *o = pr_doc_add_object(b, a);
        if (l < 0) pr_doc_set_null(b, o, "layer");
        else pr_doc_set_i64(b, o, "layer", l);
        pr_doc_set_f64(b, o, "prefill_ms", ms_of(t[PR_PREFILL]));
        pr_doc_set_f64(b, o, "decode_ms", ms_of(t[PR_DECODE]));
        put_known(b, o, "decode_gb_s", t[PR_DECODE] ? bytes / (double)t[PR_DECODE] : NAN);
    }
}

static void put_threads(pr_doc_build *b, pare_doc *d, const pr_profile *p) {
    pare_doc *a = pr_doc_set_array(b, d, "threads");
    for (int me = 0; me < p->n_threads; me++) {
        pare_doc            *t = pr_doc_add_object(b, a);
        const pr_task_usage *u = pr_usage_task(&p->usage[PR_PHASES], p->tid[me]);
        const pr_task_usage *v = pr_usage_task(&p->usage[0], p->tid[me]);
        pr_doc_set_i64(b, t, "thread", me);
        for (int ph = 0; ph < PR_PHASES; ph++) {
            const member_sum *m = &p->phase[ph].member[me];
            pare_doc         *o = pr_doc_set_object(b, t, pr_phase_name((pr_phase)ph));
            pr_doc_set_f64(b, o, "busy_ms", ms_of(m->busy));
            pr_doc_set_f64(b, o, "wait_ms", ms_of(m->wait));
            pr_doc_set_f64(b, o, "cpu_ms", ms_of(m->cpu));
            pr_doc_set_i64(b, o, "pieces", m->pieces);
            pr_doc_set_i64(b, o, "calls_joined", m->calls);
            pr_doc_set_i64(b, o, "calls", p->phase[ph].calls);
        }
        put_known(b, t, "ready_ms", u ? (u->ready_ns - (v ? v->ready_ns : 0)) / 1e6 : NAN);
        put_known(b, t, "minor_faults", u ? u->minor - (v ? v->minor : 0) : NAN);
        put_known(b, t, "major_faults", u ? u->major - (v ? v->major : 0) : NAN);
        put_known(b, t, "voluntary_switches", u ? u->voluntary - (v ? v->voluntary : 0) : NAN);
        put_known(b, t, "involuntary_switches",
                  u ? u->involuntary - (v ? v->involuntary : 0) : NAN);
    }
}

/* ------------------------------------------------------------------ bottlenecks */

static void put_evidence(pr_doc_build *b, pare_doc *o, const pr_finding *f) {
    pare_doc *a = pr_doc_set_array(b, o, "evidence");
    for (int i = 0; i < f->n_evidence; i++) {
        pare_doc *e = pr_doc_add_object(b, a);
        pr_doc_set_str(b, e, "what", f->evidence[i].what);
        put_known(b, e, "value", f->evidence[i].value);
        put_known(b, e, "bound", f->evidence[i].bound);
        pr_doc_set_str(b, e, "unit", f->evidence[i].unit);
    }
}

static void put_finding(pr_doc_build *b, pare_doc *a, const pr_finding *f) {
    pare_doc *o = pr_doc_add_object(b, a);
    pr_doc_set_str(b, o, "kind", pr_bottleneck_name(f->kind));
    if (f->found == PR_NOT_JUDGED) {
        pr_doc_set_str(b, o, "reason", f->why);
        return;
    }
    pr_doc_set_str(b, o, "means", pr_bottleneck_means(f->kind));
    pr_doc_set_str(b, o, "phase", f->phase < 0 ? "run" : pr_phase_name((pr_phase)f->phase));
    put_evidence(b, o, f);
    if (f->found != PR_FOUND) return;
    pare_doc *advice = pr_doc_set_array(b, o, "change");
    for (int i = 0; i < f->n_advice; i++) {
        pare_doc *x = pr_doc_add_object(b, advice);
        pr_doc_set_path(b, x, "what", f->advice[i].what);
        if (f->advice[i].command[0]) pr_doc_set_path(b, x, "command", f->advice[i].command);
        else pr_doc_set_null(b, x, "command");
    }
    pare_doc *g = pr_doc_set_object(b, o, "gain");
    put_known(b, g, "factor", f->gain);
    pr_doc_set_bool(b, g, "at_most", f->at_most);
    pr_doc_set_str(b, g, "how", f->how);
}

static void put_bottlenecks(pr_doc_build *b, pare_doc *d, const pr_profile *p,
                            const pr_profile_policy *policy) {
    static const char *const keys[] = {
        [PR_FOUND] = "bottlenecks", [PR_NOT_FOUND] = "not_found", [PR_NOT_JUDGED] = "not_judged"};
    static const int order[] = {PR_FOUND, PR_NOT_FOUND, PR_NOT_JUDGED};
    pr_finding       f[PR_BOTTLENECKS];
    pr_profile_judge(&p->facts, policy, f);
    for (size_t k = 0; k < PR_COUNT(order); k++) {
        pare_doc *a = pr_doc_set_array(b, d, keys[order[k]]);
        for (int i = 0; i < PR_BOTTLENECKS; i++)
            if ((int)f[i].found == order[k]) put_finding(b, a, &f[i]);
    }
    pare_doc *o = pr_doc_set_object(b, d, "policy");
    pr_doc_set_str(b, o, "name", policy->name);
    pr_doc_set_path(b, o, "source", policy->source);
    for (int k = 0; k < PR_BOTTLENECKS; k++)
        put_known(b, o, pr_bottleneck_key((pr_bottleneck)k), policy->above[k]);
}

void pr_profile_put(pr_doc_build *b, pare_doc *d, const pr_profile *p,
                    const pr_profile_policy *policy) {
    put_model_and_run(b, d, p);
    put_bottlenecks(b, d, p, policy);
    put_attribution(b, d, p);
    put_metrics(b, d, p);
    put_phases(b, d, p);
    put_operators(b, d, p);
    put_layers(b, d, p);
    put_threads(b, d, p);
    put_machine(b, d, p);
}
