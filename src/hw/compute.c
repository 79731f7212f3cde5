/* compute.c - how many operations per second all threads together can do: the ceiling under which
 * prompts run. Measured with the instructions that pare's kernels may use at this level. */
#include "compute.h"
#include <stdlib.h>

enum { RUNS_MAX = 4096, RUNS_MIN = 5 };

#if defined(__aarch64__)
#include <arm_neon.h>
enum { SUMS = 16 };

static double f32_loop(uint64_t rounds) {
    float32x4_t s[SUMS], a = vdupq_n_f32(0.999f), b = vdupq_n_f32(1e-3f);
    for (int k = 0; k < SUMS; k++) s[k] = vdupq_n_f32((float)k);
    for (uint64_t i = 0; i < rounds; i++)
        for (int k = 0; k < SUMS; k++) s[k] = vfmaq_f32(b, s[k], a);
    for (int k = 1; k < SUMS; k++) s[0] = vaddq_f32(s[0], s[k]);
    return (double)vgetq_lane_f32(s[0], 0);
}
#else
enum { SUMS = 8 };
typedef float four __attribute__((vector_size(16)));

static double f32_loop(uint64_t rounds) {
    four s[SUMS], a = {0.999f, 0.999f, 0.999f, 0.999f}, b = {1e-3f, 1e-3f, 1e-3f, 1e-3f};
    for (int k = 0; k < SUMS; k++) s[k] = b * (float)k;
    for (uint64_t i = 0; i < rounds; i++)
        for (int k = 0; k < SUMS; k++) s[k] = s[k] * a + b;
    for (int k = 1; k < SUMS; k++) s[0] += s[k];
    return (double)s[0][0];
}
#endif

/* Sums of products of bytes, as the compiler makes them from plain C. */
static double int8_loop(uint64_t rounds) {
    enum { N = 64 };
    int8_t a[N], b[N];
    int32_t sum = 0;
    for (int k = 0; k < N; k++) a[k] = (int8_t)k, b[k] = (int8_t)(3 - k);
    for (uint64_t i = 0; i < rounds; i++) {
        int32_t s = 0;
        a[i % N] = (int8_t)sum;
        for (int k = 0; k < N; k++) s += a[k] * b[k];
        sum = (int32_t)((uint32_t)sum + (uint32_t)s);
    }
    return sum;
}

const compute_loops compute_plain = {f32_loop, int8_loop, SUMS * 4 * 2, 64 * 2};

static const compute_loops *loops_of(uint32_t flags) {
#if defined(PARE_X86)
    if (flags & PR_CPU_AVX512) return &compute_avx512;
    if (flags & PR_CPU_AVX2) return &compute_avx2;
#endif
    return &compute_plain;
}

typedef struct {
    double (*loop)(uint64_t rounds);
    uint64_t rounds;
    double sums[1024][PR_CACHE_LINE / 8];
} compute_job;

static void compute_run(void *ctx, int me, int n) {
    compute_job *j = ctx;
    (void)n;
    j->sums[me % 1024][0] += j->loop(j->rounds);
}

static int by_rate(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A run should last some milliseconds: long against starting the team, short against a
 * neighbour's turn on the processor. The shortest of three counts: a run that had to wait for a
 * processor says nothing about its length. */
static void find_rounds(pr_pool *pool, compute_job *j) {
    enum { RUN_NS = 4000000, TRIES = 3 };
    for (j->rounds = 1 << 12; j->rounds < (uint64_t)1 << 40; j->rounds *= 2) {
        uint64_t least = UINT64_MAX;
        for (int i = 0; i < TRIES; i++) {
            uint64_t t = pr_now_ns();
            pr_pool_run(pool, compute_run, j);
            least = PR_MIN(least, pr_now_ns() - t);
        }
        if (least > RUN_NS) return;
    }
}

pare_status pr_hw_compute(pr_pool *pool, uint32_t flags, bool int8, double seconds,
                          pr_hw_rate *out, pare_err *err) {
    const compute_loops *l = loops_of(flags);
    compute_job *j = pr_calloc(1, sizeof *j);
    double *rates = pr_calloc(RUNS_MAX, sizeof *rates);
    *out = (pr_hw_rate){0};
    if (!j || !rates) {
        pr_free(j);
        pr_free(rates);
        return pr_fail_nomem(err, sizeof *j);
    }
    j->loop = int8 ? l->int8 : l->f32;
    find_rounds(pool, j);
    double ops = (double)(int8 ? l->int8_ops : l->f32_ops) * (double)j->rounds *
                 (double)pr_pool_size(pool);
    uint64_t start = pr_now_ns(), limit = (uint64_t)((seconds > 0 ? seconds : 0.3) * 1e9);
    int n = 0;
    while (n < RUNS_MAX && (n < RUNS_MIN || pr_now_ns() - start < limit)) {
        uint64_t t0 = pr_now_ns();
        pr_pool_run(pool, compute_run, j);
        rates[n++] = ops / ((double)PR_MAX(pr_now_ns() - t0, 1) / 1e9);
    }
    qsort(rates, (size_t)n, sizeof *rates, by_rate);
    *out = (pr_hw_rate){rates[n - 1],
                        n % 2 ? rates[n / 2] : (rates[n / 2 - 1] + rates[n / 2]) / 2, rates[0], n};
    pr_free(j);
    pr_free(rates);
    return PARE_OK;
}
