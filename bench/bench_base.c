/* bench_base.c - what the ground floor costs: a meeting of the pool, a hash, an
 * exact exponential beside the C library's. */
#include "turns.h"
#include <math.h>

enum { N = 1 << 16 };

typedef struct {
    pr_pool *pool;
    uint8_t bytes[N];
    double x, sum;
} stage;

static void nothing(void *ctx, int me, int n) {}
static void run_pool(void *ctx) {
    pr_pool_run(((stage *)ctx)->pool, nothing, NULL);
}

static void run_sha256(void *ctx) {
    stage *s = ctx;
    s->sum += pr_sha256_of(s->bytes, N).b[0];
}
static void run_hash64(void *ctx) {
    stage *s = ctx;
    s->sum += (double)(pr_hash64(s->bytes, N) & 1);
}
static void run_exp(void *ctx) {
    stage *s = ctx;
    for (int i = 0; i < 256; i++) s->sum += exp(s->x + i * 0.01);
}
static void run_pr_exp(void *ctx) {
    stage *s = ctx;
    for (int i = 0; i < 256; i++) s->sum += pr_exp(s->x + i * 0.01);
}

int main(void) {
    static stage s = {.x = -2};
    pare_err err = {0};
    for (int n = 1; n <= pr_threads_default(); n *= 2) {
        char title[64];
        if (pr_pool_new(&s.pool, n, &err) != PARE_OK) return 1;
        snprintf(title, sizeof title, "pool of %d: one run with nothing to do", n);
        bench_run(title, (bench_case[]){{.name = "pr_pool_run", .fn = run_pool, .ctx = &s}}, 1,
                  0.3);
        pr_pool_free(s.pool);
    }
    bench_case hashes[] = {{.name = "pr_sha256_of", .fn = run_sha256, .ctx = &s, .work = N},
                           {.name = "pr_hash64", .fn = run_hash64, .ctx = &s, .work = N}};
    bench_case exps[] = {{.name = "exp", .fn = run_exp, .ctx = &s},
                         {.name = "pr_exp", .fn = run_pr_exp, .ctx = &s}};
    bench_run("hash of 64 KiB", hashes, 2, 0.3);
    bench_run("256 exponentials", exps, 2, 0.3);
    return 0;
}
