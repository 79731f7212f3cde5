/* run.h - a profile's inside (private). */
#ifndef PR_PROFILE_RUN_H
#define PR_PROFILE_RUN_H
#include <sys/resource.h>
#include "hw/hw.h"
#include "stat/stat.h"
#include "trace.h"
#include "usage.h"

/* A step over all calls of a phase. ns. */
typedef struct {
    uint64_t work, wait;         /* of the caller's thread */
    uint64_t all_work, all_wait; /* of all members */
    double   weight_bytes, state_bytes, value_bytes, flop;
} step_sum;

/* A member over all calls of a phase. ns. */
typedef struct {
    uint64_t busy, wait, in_call, cpu;
    int64_t  calls, pieces;
} member_sum;

/* What the caller's thread did in a phase, outside the steps; ns. */
typedef struct {
    uint64_t wall;  /* without `own` */
    uint64_t own;   /* the profiler's, between calls */
    uint64_t prepare, start, end, sample;
    uint64_t shared; /* in steps of several pieces */
    int64_t  calls, tokens;
    step_sum   *step;
    member_sum *member;
    double      joules;              /* NAN */
    double      counter[PR_COUNTERS]; /* NAN */
} phase_sum;

enum { WATCHES = 512, WATCH_NS = 100000000 };
typedef struct {
    uint64_t ns;
    double   mhz, rss;
} watch_sample;

struct pr_profile {
    pr_arena       *arena;
    pr_model       *m;
    pr_session     *s;
    pr_sampler     *sampler;
    pr_energy      *energy;
    pr_trace       *trace;
    pr_trace_told   told;
    pr_profile_opts o;
    const char     *root; /* "" for the live machine */
    pr_hw           hw;
    pr_probe        probe;
    pr_step_info   *info;
    pr_step_cost   *cost; /* of the last call */
    int             n_steps, n_threads;
    int            *tid; /* of each member; 0: it never came */
    pr_ids          ids;  /* the prompt */
    pr_id          *made;
    double         *token_s;
    int64_t         n_made;
    phase_sum       phase[PR_PHASES];
    pr_usage        usage[PR_PHASES + 1];
    pr_counters     counters;
    watch_sample    watch[WATCHES];
    int             n_watch;
    uint64_t        open_ns, tokenize_ns, watched;
    bool            clock_told; /* by cpufreq; else measured, on the caller's core */
    double          clock_most, joules_before;
    double          vm_peak, rss_peak, available;
    pr_hw_bw        peak, peak_all;
    pare_err        no_peak;
    pr_profile_facts facts;
};

/* Add the call that has just ended to a phase's sums, and to the trace. `began`, `ended`: as the
 * caller saw it. */
void pr_profile_collect(pr_profile *p, pr_phase phase, int n, int64_t pos, uint64_t began,
                        uint64_t ended);
/* Everything that judging needs, from the sums. */
void pr_profile_find_facts(pr_profile *p);
/* Of the caller's thread in a phase, all measured intervals together. */
uint64_t pr_profile_covered(const pr_profile *p, pr_phase phase);
#endif
