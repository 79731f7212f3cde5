/* bandwidth.c - how fast all threads together can read memory: the ceiling under which
 * decoding a model runs. Each member reads its own slice, which it also wrote first,
 * so that pages lie near it on machines with several nodes. */
#include "hw/hw.h"
#include <stdlib.h>
#include <sys/mman.h>

enum { RUNS_MAX = 4096, RUNS_MIN = 3 };

typedef struct {
    uint64_t *p;
    size_t n;                               /* words */
    uint64_t sums[1024][PR_CACHE_LINE / 8]; /* a line for each member */
} bw_job;

static void slice_of(const bw_job *j, int me, int n, size_t *from, size_t *to) {
    size_t lines = j->n / 8;
    *from = lines * (size_t)me / (size_t)n * 8;
    *to = lines * (size_t)(me + 1) / (size_t)n * 8;
}

static void bw_fill(void *ctx, int me, int n) {
    bw_job *j = ctx;
    size_t from, to;
    slice_of(j, me, n, &from, &to);
    for (size_t i = from; i < to; i++) j->p[i] = i;
}

/* Eight sums, so that no addition waits for another. */
static void bw_read(void *ctx, int me, int n) {
    bw_job *j = ctx;
    size_t from, to;
    slice_of(j, me, n, &from, &to);
    uint64_t s[8] = {0};
    for (size_t i = from; i < to; i += 8)
        for (size_t k = 0; k < 8; k++) s[k] += j->p[i + k];
    uint64_t all = 0;
    for (size_t k = 0; k < 8; k++) all += s[k];
    j->sums[me % 1024][0] += all; /* kept, so that the reading is not optimised away */
}

static int by_rate(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int bw_runs(pr_pool *pool, bw_job *j, double seconds, double *rates) {
    uint64_t start = pr_now_ns(), limit = (uint64_t)(seconds * 1e9);
    int n = 0;
    while (n < RUNS_MAX && (n < RUNS_MIN || pr_now_ns() - start < limit)) {
        uint64_t t0 = pr_now_ns();
        pr_pool_run(pool, bw_read, j);
        uint64_t dt = PR_MAX(pr_now_ns() - t0, 1);
        rates[n++] = (double)j->n * 8 / (double)dt; /* bytes per ns = GB/s */
    }
    return n;
}

pare_status pr_hw_bandwidth(pr_pool *pool, uint64_t bytes, double seconds, pr_hw_bw *out,
                            pare_err *err) {
    *out = (pr_hw_bw){0};
    if (bytes == 0) bytes = (uint64_t)256 << 20;
    if (!(seconds > 0)) seconds = 0.3;
    bw_job *j = pr_calloc(1, sizeof *j);
    double *rates = pr_calloc(RUNS_MAX, sizeof *rates);
    bytes = PR_MAX(bytes / 64 * 64, 64 * (uint64_t)pr_pool_size(pool));
    /* Mapped, not allocated: pages that nobody touched yet land near their first writer. */
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!j || !rates || p == MAP_FAILED) {
        if (p != MAP_FAILED) munmap(p, bytes);
        pr_free(j);
        pr_free(rates);
        return pr_fail_nomem(err, bytes);
    }
    j->p = p;
    j->n = bytes / 8;
    (void)madvise(p, bytes, MADV_HUGEPAGE);
    pr_pool_run(pool, bw_fill, j);
    int n = bw_runs(pool, j, seconds, rates);
    qsort(rates, (size_t)n, sizeof *rates, by_rate);
    *out = (pr_hw_bw){rates[n - 1],
                      n % 2 ? rates[n / 2] : (rates[n / 2 - 1] + rates[n / 2]) / 2, n, rates[0]};
    munmap(p, bytes);
    pr_free(j);
    pr_free(rates);
    return PARE_OK;
}
