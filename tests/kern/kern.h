/* kern.h - the harness of the kernels: every variant against the reference, bit for bit.
 *
 *   static void check_add(void) {
 *       if (!KERN_NEW(add)) return;                 // this level did not override it
 *       KERN_CASES(t) {
 *           int64_t n = kern_len(t);
 *           float  *a = kern_floats(n, t), *want = kern_out(n * 4), *got = kern_out(n * 4);
 *           kern_ref->add(want, a, a, n);
 *           kern_k->add(got, a, a, n);
 *           kern_same(want, got, n, 4, "n=%d", (int)n);
 *       }
 *   }
 *
 * Buffers lie between guards that are checked at the end of each case, and are freed then.
 * Case t decides lengths and what values look like; the seed is printed and can be given. */
#ifndef KERN_H
#define KERN_H
#include "kernel/kernel.h"
#include <stdio.h>

extern const pr_kernels *kern_ref, *kern_k, *kern_lower; /* the level tested, and the one below */
extern bool              kern_is_bench;
extern pr_rng            kern_rng;

/* True if kern_k has its own `name`; from here on, failures and figures carry that name. */
#define KERN_NEW(name)                                                                         \
    kern_begin(#name, kern_k == kern_ref,                                                      \
               kern_k->name != kern_ref->name && kern_k->name != kern_lower->name)
bool kern_begin(const char *name, bool is_ref, bool is_new);
#define KERN_CASES(t) for (int t = 0; kern_case(t); t++)
bool kern_case(int t);   /* closes the case before, opens case t; false after the last */

/* Tails 0…64, then primes and powers. */
int64_t kern_len(int t);
int64_t kern_pick(int64_t lo, int64_t hi); /* any of lo…hi */
float   kern_float(void);                  /* normal, now and then small or large */
/* `n` floats that start one float past a 64-byte line in odd cases; their look follows
 * the case: normal, zero, all one large value, denormal, both zeros, wide exponents. */
float *kern_floats(int64_t n, int t);
/* The same bytes at any address. */
void *kern_bytes(size_t bytes, int t);
/* Output of that many bytes, filled with a pattern. */
void *kern_out(int64_t bytes);
/* Two outputs of n elements of `size` bytes (4: float, NaN equals NaN; 8: double; 1: bytes) are
 * the same. */
bool kern_same(const void *want, const void *got, int64_t n, int size, const char *fmt, ...)
    PR_PRINTF(5, 6);
void kern_fail(const char *fmt, ...) PR_PRINTF(1, 2);

/* In bench mode: run `call` until its time is known, print work per second. */
#define KERN_BENCH(work, unit, call)                                          \
    for (kern_clock kc = kern_clock_open(work, unit); kern_clock_more(&kc);)  \
        for (int64_t ki = 0; ki < kc.n; ki++) { call; }
typedef struct {
    double      work, best[9];
    const char *unit;
    uint64_t    start;
    int64_t     n;
    int         at;
} kern_clock;
kern_clock kern_clock_open(double work, const char *unit);
bool       kern_clock_more(kern_clock *c);

/* Quantized rows with sane scales: any code, any integer scale. */
void *kern_qrows(pr_type type, int64_t n, int64_t rows, int t);

void check_linear(void);
void check_int8(void);
void check_elem(void);
void check_attn(void);
void check_eval(void);
void check_tables(void);
#endif
