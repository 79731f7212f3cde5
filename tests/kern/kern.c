/* kern.c - the loop over levels, guarded buffers, values, and the clock.
 *
 *   test_kern [--bench] [--only NAME] [--seed N] [--level LEVEL]
 *
 * Exit status: 0 all the same, 1 some differ. The reference is tested too, against facts
 * that do not come from it (check_tables, and the bounds in each family). */
#include "kern.h"
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

const pr_kernels *kern_ref, *kern_k, *kern_lower;
bool              kern_is_bench;
pr_rng            kern_rng;

enum { GUARD = 128, MAX_BUFFERS = 256, N_CASES = 160 };
static struct {
    uint8_t *base, *p;
    size_t   bytes, slack;
} buffers[MAX_BUFFERS];
static int         n_buffers, n_failed, n_tested, fails_here;
static const char *name, *only, *only_level;
static uint64_t    seed;
static int         case_now;

bool kern_begin(const char *kernel, bool is_ref, bool is_new) {
    name = kernel;
    fails_here = 0;
    if (only && strcmp(only, kernel) != 0) return false;
    n_tested += is_new;
    return is_new || (is_ref && kern_is_bench);
}

void kern_fail(const char *fmt, ...) {
    n_failed++;
    if (fails_here++ >= 5) return;
    va_list ap;
    va_start(ap, fmt);
    printf("FAIL %s.%s seed=%llu case=%d: ", name, kern_k->level, (unsigned long long)seed,
           case_now);
    vprintf(fmt, ap);
    printf("\n");
    va_end(ap);
}

static void buffers_close(void) {
    for (int i = 0; i < n_buffers; i++) {
        const uint8_t *b = buffers[i].base, *end = buffers[i].p + buffers[i].bytes;
        size_t         before = (size_t)(buffers[i].p - b), bad = 0;
        for (size_t j = 0; j < before; j++) bad += b[j] != 0xa5;
        for (size_t j = 0; j < GUARD; j++) bad += end[j] != 0xa5;
        if (bad) kern_fail("buffer %d: %zu bytes of its guards were written", i, bad);
        pr_free(buffers[i].base);
    }
    n_buffers = 0;
}

bool kern_case(int t) {
    buffers_close();
    case_now = t;
    pr_rng_seed(&kern_rng, seed + (uint64_t)t);
    return t < N_CASES;
}

int64_t kern_len(int t) {
    static const int64_t more[] = {67,  71,  97,  127, 128, 131, 160,  192, 251,
                                   256, 257, 384, 509, 512, 521, 1021, 1024};
    return t <= 64 ? t : more[(size_t)t % PR_COUNT(more)];
}

int64_t kern_pick(int64_t lo, int64_t hi) {
    return lo + (int64_t)pr_rng_below(&kern_rng, (uint64_t)(hi - lo + 1));
}

static void *buffer(size_t bytes, size_t shift) {
    if (n_buffers == MAX_BUFFERS) abort();
    size_t   all = (bytes + shift + 2 * GUARD + 63) / 64 * 64 + 64;
    uint8_t *base = pr_alloc_aligned(all, 64);
    if (!base) abort();
    memset(base, 0xa5, all);
    buffers[n_buffers].base = base;
    buffers[n_buffers].p = base + GUARD + shift;
    buffers[n_buffers++].bytes = bytes;
    return base + GUARD + shift;
}

void *kern_bytes(size_t bytes, int t) {
    return buffer(bytes, t % 3 ? (size_t)(t % 7) : 0);
}

void *kern_out(int64_t bytes) {
    void *p = buffer((size_t)bytes, case_now % 2 ? 4 : 0);
    memset(p, 0x5a, (size_t)bytes);
    return p;
}

float kern_float(void) {
    return (float)pr_rng_normal(&kern_rng);
}

static float value(int look, int64_t i) {
    switch (look) {
    case 1: return 0;
    case 2: return 1000.0f;
    case 3: return (i & 1 ? -1.0f : 1.0f) * (float)pr_rng_below(&kern_rng, 1000) * FLT_TRUE_MIN;
    case 4: return pr_rng_u64(&kern_rng) & 1 ? -0.0f : 0.0f;
    case 5: return (float)ldexp(pr_rng_normal(&kern_rng), (int)kern_pick(-60, 40));
    case 6: return i & 1 ? -1000.0f : 1000.0f;
    case 7: return i % 37 == 5 ? 300.0f * kern_float() : 0.01f * kern_float();
    default: return kern_float();
    }
}

float *kern_floats(int64_t n, int t) {
    float *x = buffer((size_t)n * 4, t % 2 ? 4 : 0);
    int    look = t % 3 == 2 ? (int)kern_pick(1, 7) : 0;
    for (int64_t i = 0; i < n; i++) x[i] = value(look, i);
    return x;
}

bool kern_same(const void *want, const void *got, int64_t n, int size, const char *fmt, ...) {
    const uint8_t *a = want, *b = got;
    int64_t        i = 0;
    for (; i < n; i++) {
        if (memcmp(a + i * size, b + i * size, (size_t)size) == 0) continue;
        float  fa, fb;
        double da, db;
        if (size == 4) {
            memcpy(&fa, a + i * 4, 4), memcpy(&fb, b + i * 4, 4);
            if (fa != fa && fb != fb) continue;
        } else if (size == 8) {
            memcpy(&da, a + i * 8, 8), memcpy(&db, b + i * 8, 8);
            if (da != da && db != db) continue;
        }
        char    args[200];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(args, sizeof args, fmt, ap);
        va_end(ap);
        if (size == 4)
            kern_fail("%s: at %lld of %lld found %a, the reference has %a", args, (long long)i,
                      (long long)n, fb, fa);
        else if (size == 8)
            kern_fail("%s: at %lld of %lld found %a, the reference has %a", args, (long long)i,
                      (long long)n, db, da);
        else
            kern_fail("%s: at byte %lld of %lld found %d, the reference has %d", args,
                      (long long)i, (long long)n, b[i], a[i]);
        return false;
    }
    return true;
}

/* ---- quantized rows: random bytes, then the floats of each block set to sane values */

static void set_f16(uint8_t *p, float f) {
    uint16_t h = pr_f32_to_f16(f);
    memcpy(p, &h, 2);
}

void *kern_qrows(pr_type type, int64_t n, int64_t rows, int t) {
    static const struct { pr_type type; int d, m;
    } at[] = {
        {PR_Q4_0, 0, -1}, {PR_Q4_1, 0, 2},    {PR_Q5_0, 0, -1},   {PR_Q5_1, 0, 2},
        {PR_Q8_0, 0, -1}, {PR_IQ4_NL, 0, -1}, {PR_Q2_K, 80, 82},  {PR_Q3_K, 108, -1},
        {PR_Q4_K, 0, 2},  {PR_Q5_K, 0, 2},    {PR_Q6_K, 208, -1}, {PR_IQ4_XS, 0, -1},
    };
    const pr_type_info *info = pr_type_get(type);
    size_t   bytes = (size_t)(n / info->block * info->bytes * rows);
    uint8_t *w = kern_bytes(bytes, t);
    size_t   which = 0;
    while (at[which].type != type) which++;
    int fill = t % 5 == 4 ? (t / 5 % 2 ? 0xff : 0x00) : -1;
    for (size_t i = 0; i < bytes; i++)
        w[i] = fill >= 0 ? (uint8_t)fill : (uint8_t)pr_rng_u64(&kern_rng);
    for (size_t i = 0; i < bytes; i += (size_t)info->bytes) {
        set_f16(w + i + at[which].d, 0.02f * kern_float());
        if (at[which].m >= 0) set_f16(w + i + at[which].m, 0.02f * kern_float());
    }
    return w;
}

/* ---- the clock: nine runs of about 3 ms, their median */

kern_clock kern_clock_open(double work, const char *unit) {
    return (kern_clock){.work = work, .unit = unit, .at = kern_is_bench ? -1 : 9};
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

bool kern_clock_more(kern_clock *c) {
    uint64_t now = pr_now_ns();
    if (c->at == 9) return false;
    if (c->at == -1) { /* find how many calls last 3 ms */
        double took = c->n ? (double)(now - c->start) : 0;
        if (took < 3e6)
            c->n = c->n == 0    ? 1
                   : took < 1e5 ? c->n * 10
                                : (int64_t)((double)c->n * 3.5e6 / took) + 1;
        else
            c->at = 0;
    } else {
        c->best[c->at++] = (double)(now - c->start) / (double)c->n;
        if (c->at == 9) {
            qsort(c->best, 9, sizeof *c->best, by_value);
            printf("%-18s %-10s %9.2f %s  (%.2f … %.2f)\n", name, kern_k->level,
                   c->work / c->best[4], c->unit, c->work / c->best[8], c->work / c->best[0]);
            return false;
        }
    }
    c->start = pr_now_ns();
    return true;
}

static bool options(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (!strcmp(argv[i], "--bench")) kern_is_bench = true;
        else if (!strcmp(argv[i], "--only") && has_value) only = argv[++i];
        else if (!strcmp(argv[i], "--level") && has_value) only_level = argv[++i];
        else if (!strcmp(argv[i], "--seed") && has_value) seed = strtoull(argv[++i], NULL, 0);
        else return false;
    }
    return true;
}

int main(int argc, char **argv) {
    static const uint32_t levels[] = {0, PR_CPU_AVX2, PR_CPU_AVX2 | PR_CPU_AVX512};
    uint32_t              has = pr_cpu_flags();
    seed = pr_now_ns() % 1000000;
    if (!options(argc, argv)) {
        fprintf(stderr, "usage: test_kern [--bench] [--only KERNEL] [--level LEVEL] [--seed N]\n");
        return 2;
    }
    printf("seed %llu\n", (unsigned long long)seed);
    kern_ref = kern_lower = kern_k = pr_kernels_get(0);
    if (!kern_is_bench) check_tables();
    for (size_t i = 0; i < PR_COUNT(levels); i++) {
        if ((levels[i] & has) != levels[i]) continue;
        kern_k = pr_kernels_get(levels[i]);
        int before = n_tested;
        if (!only_level || !strcmp(only_level, kern_k->level)) {
            check_linear();
            check_int8();
            check_elem();
            check_attn();
            check_eval();
            buffers_close();
            if (i) printf("%s: %d kernels of its own\n", kern_k->level, n_tested - before);
        }
        kern_lower = kern_k;
    }
    printf("%d differences\n", n_failed);
    return n_failed != 0;
}
