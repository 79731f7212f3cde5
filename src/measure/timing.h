/* timing.h - how fast models are, in turns: part of measure's door.
 *
 *   pr_bench_side s[2] = {{.path = "model", .m = m, .so = {0}}, …};
 *   pr_bench_opts o = {.base = 0, .f32 = -1};
 *   PR_TRY(pr_bench_many(s, 2, &o, NULL, ctl, r, err));
 *
 * Round by round every side reads the same prompt and makes the same number of tokens; the order
 * turns with each round, so that what happens to the machine happens to all. A speed-up is
 * the median over rounds of the baseline's time over the side's own.
 *
 * token_cv is the variation of single tokens, stalls and all: what the default gate asks for. Where
 * a token is short it tells of the neighbours: a system that gives the processor to another for
 * 4 ms once in a thousand tokens makes it 1.5 at 80 µs per token and 0.005 at 25 ms. Beside
 * it stands what a reader can see, token_cv_frame: tokens joined, in the order in which they were
 * made, to spans of at least 1/60 s (a frame of a screen; a slower token is a span by itself), the
 * standard deviation over the mean of the spans' times per token. Neither leaves a stall out. */
#ifndef PR_TIMING_H
#define PR_TIMING_H
#include "engine/engine.h"
#include "hw/hw.h"
#include "metric.h"
#include "runner/runner.h"

typedef struct {
    const char     *path; /* opened anew for load time and peak memory; NULL: not measured */
    const pr_model *m;
    pr_session_opts so;   /* n_ctx 0: what prompt and tokens need */
    pr_runner *r; /* NULL; or what is timed in place of sessions of `m`, which may be NULL
                           * then. Its tokens are greedy ones, its times those that it took
                           * itself. */
} pr_bench_side;

typedef struct {
    int64_t      prompt_tokens; /* 0: 128, cut to the context */
    int64_t      decode_tokens; /* 0: 64 */
    int64_t rounds; /* 0: until the bounds are within 1 %, or the time is over; at least 8 */
    double       seconds;       /* for each side; 0: 4 */
    double patience; /* up to this, for each side, while speed or the 95 % tail has no bounds */
    int          base, f32;     /* indices of the baselines, -1: none */
    const pr_id *ids;           /* text to run on, n_ids ≥ prompt + decode; NULL: a fixed pattern */
    int64_t      n_ids;
} pr_bench_opts;

enum { PR_BENCH_METRICS = 20, PR_BENCH_BINS = 24 };

typedef struct {
    int64_t   rounds, prompt_tokens, decode_tokens;
    pr_metric metrics[PR_BENCH_METRICS];
    size_t    n_metrics;
    double    edges[PR_BENCH_BINS + 1]; /* of the time per token, ms */
    int64_t   counts[PR_BENCH_BINS];
    double    quantile[3]; /* p50, p95, p99; ms */
} pr_bench_result;

/* Measure `n` sides in turns. `energy` may be NULL. `out` gets n results that the caller frees. */
pare_status pr_bench_many(const pr_bench_side *sides, int n, const pr_bench_opts *o,
                          pr_energy *energy, const pare_ctl *ctl, pr_bench_result **out,
                          pare_err *err);
void        pr_bench_result_free(pr_bench_result *r); /* NULL is fine */
/* The side that is `k`-th in a round of `n` (0 ≤ k < n): in 2n rounds every side stands as
 * often before
 * as after each other, two sides already in two. */
int pr_bench_turn(int64_t round, int k, int n);
/* Times of `n` tokens in seconds, in their order → time per token of each span (above), at most n;
 * an unfinished last one is left out. Returns how many. */
int64_t pr_bench_spans(const double *token, int64_t n, double *per_token);
/* "token_ms" of docs/report.md into `obj`. */
void pr_bench_distributions(pr_doc_build *b, pare_doc *obj, const pr_bench_result *r);
/* As a record, and back. */
pare_status pr_bench_to_doc(const pr_bench_result *r, pare_doc **out, pare_err *err);
pare_status pr_bench_from_doc(const pare_doc *d, pr_bench_result **out, pare_err *err);
#endif
