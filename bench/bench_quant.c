/* bench_quant.c - what a row costs to encode and to decode, per type and level of SIMD.
 * The work is counted in weights (W): 100 MW/s are 10 ns a weight. */
#include "turns.h"
#include "kernel/kernel.h"

enum { N = 4096 };

typedef struct {
    pr_row_encode encode;
    pr_row_decode decode;
    float *x, *y;
    uint8_t *raw;
} row;

static void run_encode(void *ctx) {
    row *r = ctx;
    r->encode(r->raw, r->x, N, NULL);
}
static void run_decode(void *ctx) {
    row *r = ctx;
    r->decode(r->y, r->raw, N);
}

static void bench_type(pr_type type, row *r, bool encode) {
    const uint32_t mask[3] = {0, PR_CPU_AVX2, PR_CPU_AVX2 | PR_CPU_AVX512};
    bench_case cases[3];
    row rows[3];
    char title[64];
    int n = 0;
    for (int i = 0; i < 3; i++) {
        if ((pr_cpu_flags() & mask[i]) != mask[i]) continue;
        const pr_kernels *k = pr_kernels_get(mask[i]);
        rows[n] = *r;
        rows[n].encode = pr_encode_get(k, type);
        rows[n].decode = pr_decode_get(k, type);
        cases[n] = (bench_case){.name = k->level,
                                .fn = encode ? run_encode : run_decode,
                                .ctx = &rows[n],
                                .work = N,
                                .unit = "W"};
        n++;
    }
    run_encode(&rows[0]); /* blocks to decode */
    snprintf(title, sizeof title, "%s %s, %d values", encode ? "encode" : "decode",
             pr_type_get(type)->name, N);
    bench_run(title, cases, n, 0.5);
}

int main(void) {
    static const pr_type types[] = {PR_F16,    PR_Q8_0, PR_Q4_0, PR_Q4_1, PR_Q5_0,
                                    PR_Q5_1,   PR_Q2_K, PR_Q3_K, PR_Q4_K, PR_Q5_K,
                                    PR_Q6_K,   PR_IQ4_NL, PR_IQ4_XS};
    static float x[N], y[N];
    static uint8_t raw[4 * N];
    row r = {.x = x, .y = y, .raw = raw};
    pr_rng rng;
    pr_rng_seed(&rng, 1);
    for (int i = 0; i < N; i++) x[i] = (float)pr_rng_normal(&rng);
    for (size_t i = 0; i < PR_COUNT(types); i++)
        for (int encode = 1; encode >= 0; encode--) bench_type(types[i], &r, encode);
    return 0;
}
