/* runner_compare.c - one token sequence through two runners: KIND MODEL KIND MODEL [BOUND
 * [default]].
 *
 * Prefill of 100 positions, then 28 single steps, then again after a reset in one piece. Prints the
 * largest difference over the largest |logit|, decode times and memory; status 1 beyond
 * BOUND (1e-4: float32 on both sides, summed in another order). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "runner/runner.h"

enum { PREFILL = 100, STEPS = 28, N = PREFILL + STEPS };

static void or_die(pare_status st, const pare_err *e) {
    char line[1200];
    if (st == PARE_OK) return;
    pare_err_format(e, line, sizeof line);
    fprintf(stderr, "%s: %s\n", pare_status_name(st), line);
    exit(pare_status_exit(st));
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static float *run(const char *kind, const char *model, bool exact, int64_t *vocab) {
    pare_err   e = {0};
    pr_runner *r;
    pr_id      ids[N];
    uint64_t   prompt, ns[STEPS];
    or_die(pr_runner_open(&r, kind, model, &(pr_runner_opts){.exact = exact, .n_ctx = 160}, &e),
           &e);
    size_t v = (size_t)pr_runner_vocab(r);
    float *l = pr_calloc(N * v, sizeof *l), *again = pr_calloc(N * v, sizeof *l);
    for (int i = 0; i < N; i++) ids[i] = (pr_id)((i * 7919 + 11) % (int)PR_MIN(v, 500u));
    or_die(pr_runner_eval(r, ids, PREFILL, true, l, &e), &e);
    for (int i = PREFILL; i < N; i++)
        or_die(pr_runner_eval(r, ids + i, 1, i & 1, l + (size_t)i * v, &e), &e);
    or_die(pr_runner_reset(r, &e), &e);
    or_die(pr_runner_eval(r, ids, N, true, again, &e), &e);
    float self = 0;
    for (size_t i = 0; i < N * v; i++) self = fmaxf(self, fabsf(l[i] - again[i]));
    or_die(pr_runner_decode_time(r, ids, PREFILL, STEPS, &prompt, ns, &e), &e);
    qsort(ns, STEPS, sizeof *ns, by_size);
    printf("%-18s vocab %zu, %s, state %s\n", kind, v, pr_runner_arithmetic(r), pr_runner_state(r));
    printf("%-18s steps and prefill differ by %.1e; prompt of %d %.2f ms, a token %.3f ms "
           "(%.3f to %.3f); %.1f MB\n",
           "", (double)self, PREFILL, (double)prompt / 1e6, (double)ns[STEPS / 2] / 1e6,
           (double)ns[0] / 1e6, (double)ns[STEPS - 1] / 1e6, (double)pr_runner_memory(r) / 1e6);
    pr_runner_close(r);
    pr_free(again);
    *vocab = (int64_t)v;
    return l;
}

int main(int argc, char **argv) {
    int64_t va, vb;
    if (argc < 5) return 2;
    bool   exact = argc < 7;
    double bound = argc > 5 ? atof(argv[5]) : 1e-4;
    float *a = run(argv[1], argv[2], exact, &va), *b = run(argv[3], argv[4], exact, &vb);
    float  worst = 0, most = 0;
    int    top = 0;
    for (int i = 0; i < N; i++) {
        int64_t ta = 0, tb = 0, v = PR_MIN(va, vb);
        for (int64_t j = 0; j < v; j++) {
            float x = a[i * va + j], y = b[i * vb + j], d = fabsf(x - y);
            if (!(d <= worst)) worst = d;
            most = fmaxf(most, fabsf(x));
            if (x > a[i * va + ta]) ta = j;
            if (y > b[i * vb + tb]) tb = j;
        }
        top += ta == tb;
    }
    printf("largest difference / largest logit %.2e (bound %.0e), top-1 the same %d of %d\n",
           (double)(worst / most), bound, top, N);
    pr_free(a);
    pr_free(b);
    return va != vb || !((double)worst <= bound * (double)most);
}
