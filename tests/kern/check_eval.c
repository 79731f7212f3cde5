/* check_eval.c - what evaluation asks of a row of logits. */
#include "kern.h"
#include <math.h>

static void check_row_max(void) {
    if (!KERN_NEW(row_max)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t), want_at = -1, got_at = -1;
        float  *x = kern_floats(n, t);
        for (int64_t i = 0; i < n && t % 2; i++) x[i] = rintf(x[i]); /* equals */
        float want = kern_ref->row_max(x, n, &want_at), got = kern_k->row_max(x, n, &got_at);
        if (want != got || want_at != got_at)
            kern_fail("n=%d: found %a at %d, the reference has %a at %d", (int)n, got,
                      (int)got_at, want, (int)want_at);
    }
    float  *x = kern_floats(32768, 0);
    int64_t at;
    KERN_BENCH(32768.0, "Gvalues/s", kern_k->row_max(x, 32768, &at))
}

static void check_row_sum_exp(void) {
    if (!KERN_NEW(row_sum_exp)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t);
        float  *x = kern_floats(n, t);
        double  shift = t % 3 ? 5.0 * kern_float() : t % 2 ? 800 : -800;
        double  want = kern_ref->row_sum_exp(x, n, shift), got = kern_k->row_sum_exp(x, n, shift);
        kern_same(&want, &got, 1, 8, "n=%d shift=%g", (int)n, shift);
    }
    float *x = kern_floats(32768, 0);
    KERN_BENCH(32768.0, "Gvalues/s", kern_k->row_sum_exp(x, 32768, 3.0))
}

static void check_row_kld(void) {
    if (!KERN_NEW(row_kld)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t);
        float  *p = kern_floats(n, t), *q = kern_floats(n, t);
        double want = kern_ref->row_kld(p, q, n, 2.5, 2.75),
               got = kern_k->row_kld(p, q, n, 2.5, 2.75);
        kern_same(&want, &got, 1, 8, "n=%d", (int)n);
    }
    float *x = kern_floats(32768, 0);
    KERN_BENCH(32768.0, "Gvalues/s", kern_k->row_kld(x, x, 32768, 3.0, 3.0))
}

static void check_row_nonfinite(void) {
    if (!KERN_NEW(row_nonfinite)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t), bad = kern_pick(0, 3);
        float  *x = kern_floats(n, t);
        for (int64_t i = 0; i < bad && n; i++)
            x[kern_pick(0, n - 1)] = i % 2 ? (float)NAN : -(float)INFINITY;
        int64_t want = kern_ref->row_nonfinite(x, n), got = kern_k->row_nonfinite(x, n);
        if (want != got)
            kern_fail("n=%d: found %d, the reference has %d", (int)n, (int)got, (int)want);
    }
    float *x = kern_floats(32768, 0);
    KERN_BENCH(32768.0, "Gvalues/s", kern_k->row_nonfinite(x, 32768))
}

void check_eval(void) {
    check_row_max();
    check_row_sum_exp();
    check_row_kld();
    check_row_nonfinite();
}
