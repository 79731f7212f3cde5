/* profile.h - the door of `profile`: one run under a probe, where its time went, and what held
 * it up.
 *
 *   pr_profile *p;
 *   pr_profile_opts o = {.so = {0}, .prompt = 128, .tokens = 64};
 *   PR_TRY(pr_profile_run(&p, "small.gguf", &o, ctl, err));
 *   pr_finding f[PR_BOTTLENECKS];
 *   size_t n = pr_profile_judge(pr_profile_facts_of(p), pr_profile_policy_default(), f);
 *   pr_profile_put(&b, obj, p, policy);       // the document of docs/profile.md
 *   pr_profile_free(p);
 *
 * Always true: a class of time is a sum of intervals that were measured where the thing was done.
 * None is a remainder: what no interval covers stays "unattributed".
 *
 * A profile belongs to one thread; once run it does not change. Texts in findings and facts are
 * borrowed from the profile or constant. */
#ifndef PR_PROFILE_H
#define PR_PROFILE_H
#include "base/base.h"
#include "doc/doc.h"
#include "engine/engine.h"

/* ------------------------------------------------------------------ what judging looks at */

typedef enum { PR_PREFILL, PR_DECODE, PR_PHASES } pr_phase;
const char *pr_phase_name(pr_phase p); /* "prefill", "decode" */

/* Shares are 0…1; NAN is "not known". */
typedef struct {
    double wall_s;   /* 0: the phase did not happen */
    double team_s;   /* wall × threads */
    double cpu;      /* processor time of the process / (wall × threads) */
    double wait;     /* thread time at barriers / (wall × threads) */
    double ready;    /* thread time ready to run, without a processor / (wall × threads) */
    double blocked;  /* thread time neither running nor ready, in a call / (wall × threads) */
    double system;   /* processor time in the kernel / (wall × threads) */
    double parallel; /* the caller's time in steps of several pieces / wall */
    double weights;  /* the caller's time in products / wall */
    double bytes;    /* of weights and state that the steps must move */
    double weight_bytes;
    double major, minor; /* page faults */
    double involuntary;  /* switches */
} pr_phase_facts;

/* One limit of memory and what of it is taken. */
typedef struct {
    const char *name;        /* "control group", "RLIMIT_AS", "memory of the machine" */
    double      limit, used; /* bytes; NAN */
} pr_memory_facts;
enum { PR_MEMORY_LIMITS = 4 };

typedef struct {
    const char     *model;  /* for commands that are named */
    pr_phase_facts  phase[PR_PHASES];
    int             n_threads;
    int             n_cpus;    /* that the threads may run on */
    int             n_usable;  /* of them, as many as the quota pays for */
    double          quota;     /* CPUs that the control group pays for; INFINITY: no limit */
    double          throttled; /* time for which the group was stopped / wall; NAN */
    double          steal;     /* of the processor time that the machine wanted, taken by the
                                * hypervisor; NAN */
    double          clock;     /* mean clock / highest clock; NAN */
    double          clock_most; /* MHz; NAN */
    double          throttle_events; /* thermal, counted by the kernel; NAN */
    pr_memory_facts memory[PR_MEMORY_LIMITS];
    int             n_memory;
    double          need;       /* weights, state and workspace, bytes */
    double          cache;      /* last-level cache that the run may use, bytes; NAN */
    double          peak_gb_s;  /* reading memory with the run's threads; NAN */
    double          peak_all_gb_s; /* with all usable threads; NAN */
    const char     *no_peak;    /* why the two are not known */
    double          token_cv, cv_lo, cv_hi; /* of the time per token; NAN */
    double          token_mean_ms, token_p50_ms;
    double          q4_bytes;   /* the model's matrices at Q4_K_M */
    double          matrix_bytes;
    double          state_bytes;
    bool            exact;
    const char     *top_op;     /* the operator that takes most of decode, or of prefill */
    double          top_share[PR_PHASES];
} pr_profile_facts;

/* ------------------------------------------------------------------ the policy */

typedef enum {
    PR_BN_MEMORY,
    PR_BN_FAULTS,
    PR_BN_QUOTA,
    PR_BN_FREQUENCY,
    PR_BN_OVERSUBSCRIBED,
    PR_BN_NEIGHBOUR,
    PR_BN_FEW_THREADS,
    PR_BN_IMBALANCE,
    PR_BN_BANDWIDTH,
    PR_BN_COMPUTE,
    PR_BN_INCONSISTENT,
    PR_BOTTLENECKS
} pr_bottleneck;
/* "memory-bound", … ; the key of the policy ("memory"); and a sentence that says what it is. */
const char *pr_bottleneck_name(pr_bottleneck k);
const char *pr_bottleneck_key(pr_bottleneck k);
const char *pr_bottleneck_means(pr_bottleneck k);

typedef struct {
    const char *name, *source;
    double      above[PR_BOTTLENECKS]; /* the bound that is passed; NAN: not asked */
} pr_profile_policy;
const pr_profile_policy *pr_profile_policy_default(void);
/* YAML, strict: docs/profile.md. Texts lie in the arena. PARE_EINPUT names the key. */
pare_status pr_profile_policy_parse(pr_str text, const char *source, pr_arena *a,
                                    pr_profile_policy *out, pare_err *err);
pare_status pr_profile_policy_read(const char *path, pr_arena *a, pr_profile_policy *out,
                                   pare_err *err);

/* ------------------------------------------------------------------ findings */

enum { PR_EVIDENCE = 6, PR_ADVICE = 3 };
typedef struct {
    const char *what;  /* "processor time in decode" */
    const char *unit;  /* "share", "GB/s", "B", "" */
    double      value;
    double      bound; /* that it is held against; NAN: none */
} pr_evidence;
typedef struct {
    char what[200];
    char command[200]; /* that can be typed; "": none */
} pr_advice;
typedef struct {
    pr_bottleneck kind;
    enum { PR_NOT_JUDGED, PR_NOT_FOUND, PR_FOUND } found;
    int           phase; /* pr_phase, or -1: the whole run */
    pr_evidence   evidence[PR_EVIDENCE];
    int           n_evidence;
    pr_advice     advice[PR_ADVICE];
    int           n_advice;
    double        gain;     /* the phase's time now / then; NAN: cannot be computed */
    bool          at_most;  /* `gain` is a bound, not an expectation */
    char          how[240]; /* the gain's formula with its figures; or why there is none */
    const char   *why;      /* not judged: the reason */
} pr_finding;
/* Judge every kind: `out` has PR_BOTTLENECKS places. Those found stand first, in the order of what
 * to do first; then those not found, then those not judged. Returns how many were found. A
 * pure function. */
size_t pr_profile_judge(const pr_profile_facts *f, const pr_profile_policy *p,
                        pr_finding out[PR_BOTTLENECKS]);

/* ------------------------------------------------------------------ running */

typedef struct {
    pr_session_opts so;        /* n_ctx 0: what the run needs */
    pr_str          text;      /* the prompt; p NULL: a pattern of `prompt` tokens */
    int64_t         prompt, tokens; /* 0: 128, 64, cut to the context */
    const char     *trace;     /* or NULL */
    uint64_t        trace_limit;
    const char     *root;      /* where /proc and /sys are; NULL: "/". The bandwidth is measured
                                * only there. */
} pr_profile_opts;

typedef struct pr_profile pr_profile;
/* Open `model`, run it once as `o` says (copied; its texts are borrowed until the profile is
 * freed),
 * and find the facts. `ctl`: threads where o->so has none, cancel, progress; may be NULL.
 * PARE_EUSAGE:
 * more tokens than the context; PARE_ECANCELLED; PARE_EENV: the trace cannot be written. */
pare_status pr_profile_run(pr_profile **out, const char *model, const pr_profile_opts *o,
                           const pare_ctl *ctl, pare_err *err);
void        pr_profile_free(pr_profile *p); /* NULL is fine */
const pr_profile_facts *pr_profile_facts_of(const pr_profile *p);
/* Wall time of the run, and of what measured intervals of its own thread cover; ns. */
void pr_profile_attribution(const pr_profile *p, uint64_t *wall_ns, uint64_t *attributed_ns);
/* The tokens that were made, greedy; borrowed. */
const pr_id *pr_profile_tokens(const pr_profile *p, int64_t *n);
/* The document of docs/profile.md into `obj`; for a report as well. */
void pr_profile_put(pr_doc_build *b, pare_doc *obj, const pr_profile *p,
                    const pr_profile_policy *policy);
#endif
