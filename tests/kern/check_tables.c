/* check_tables.c - facts about the reference that do not come from it: exp against the C
 * library in double, int8 products against plain double arithmetic, sums of logits. */
#include "kern.h"
#include <math.h>

/* Error of kexp in units of the last place of the true value. The bound of 1 ulp: the
 * polynomial's truncation is (ln2/2)^8 / 8! = 5.2e-9 relative, 0.09 ulp at most; the last
 * two fma and what the reduction leaves in r (0.35 * 2^-24) add less than 0.9. */
static void check_exp_error(void) {
    double worst = 0;
    float  at = 0;
    if (!kern_begin("exp", false, true)) return;
    for (float x = -87.29f; x < 88.36f; x += 0.00037f) {
        float  y;
        kern_ref->exp(&y, &x, 1);
        double want = exp((double)x);
        int    e;
        frexp(want, &e);
        double ulp = fabs((double)y - want) / ldexp(1, e - 24);
        if (ulp > worst) worst = ulp, at = x;
    }
    if (!(worst < 1.0)) kern_fail("%g ulp at %a, expected less than 1", worst, at);
    printf("exp: worst %.3f ulp at %g\n", worst, at);
}

/* One large and one small logit set against long double: 16 lanes of n/16 additions and an exp
 * within 2 ulp stay below (n / 16 + 8) * 2^-52 relative. */
static void check_sum_error(void) {
    enum { N = 4096 };
    if (!kern_begin("row_sum_exp", false, true)) return;
    kern_case(0);
    float      *x = kern_floats(N, 0), *z = kern_floats(N, 0);
    long double sum = 0, kld = 0, part = 0;
    for (int i = 0; i < N; i++) sum += expl((long double)x[i] * 4 - 9.5L), x[i] *= 4;
    double got = kern_ref->row_sum_exp(x, N, 9.5), bound = (N / 16 + 8) * 0x1p-52;
    if (!(fabsl(got - sum) <= bound * (double)sum))
        kern_fail("found %.17g, expected %.20Lg", got, sum);
    for (int i = 0; i < N; i++) {
        long double a = (long double)x[i] - 9.5L, b = (long double)z[i] - 7.25L,
                    term = expl(a) * (a - b);
        kld += term, part += fabsl(term);
    }
    got = kern_ref->row_kld(x, z, N, 9.5, 7.25);
    if (!(fabsl(got - kld) <= (bound + 40 * 0x1p-53) * (double)part))
        kern_fail("kld %.17g, expected %.20Lg", got, kld);
    printf("row_kld: off by %.1Lg of %.3Lg\n", fabsl(got - kld), kld);
}

/* weight = scale * (u - zero) - min, times d * q, in double: at most (groups + 40) roundings of
 * float on the sum of magnitudes. Catches any slip of groups, mins or zeros. */
static void check_int8_facts(pr_type type) {
    const pr_qtype *t = pr_qtype_get(type);
    int64_t         n = 768;
    kern_case(0);
    uint8_t *u = kern_out(n), *w = kern_qrows(type, n, 16, 0);
    float   *scale = kern_out(n), *min = kern_out(n), y[16];
    size_t   row_bytes = (size_t)(n / pr_type_get(type)->block * pr_type_get(type)->bytes);
    pr_acts  a;
    pr_panel p;
    pr_acts_init(&a, kern_out((int64_t)pr_acts_bytes(n, 1)), n, 1);
    kern_ref->act_quantize(&a, 0, kern_floats(n, 0));
    pr_panel_init(&p, kern_out((int64_t)pr_panel_bytes(type, n)), type, n);
    pr_panel_load(kern_ref, &p, w, row_bytes, 16);
    kern_ref->gemm_i8(y, 16, &p, &a, 0, 1);
    for (int r = 0; r < 16; r++) {
        double sum = 0, all = 0;
        float  one;
        if (type == PR_Q4_0) kern_ref->unpack_q4_0(u, scale, min, w + (size_t)r * row_bytes, n);
        else if (type == PR_Q4_K)
            kern_ref->unpack_q4_k(u, scale, min, w + (size_t)r * row_bytes, n);
        else if (type == PR_Q2_K)
            kern_ref->unpack_q2_k(u, scale, min, w + (size_t)r * row_bytes, n);
        else kern_ref->unpack_q6_k(u, scale, min, w + (size_t)r * row_bytes, n);
        for (int64_t k = 0; k < n; k++) {
            double s = scale[k / t->group], m = t->has_min ? min[k / t->group] : 0,
                   x = (double)a.d[k / 32] * a.q[k];
            sum += (s * (u[k] - t->zero) - m) * x;
            all += (fabs(s) * t->max_code + fabs(m)) * fabs(x);
        }
        pr_gemv_get(kern_ref, type)(&one, w + (size_t)r * row_bytes, row_bytes, 1, &a, 0);
        if (!(fabs(y[r] - sum) <= all * (double)(n / t->group + 40) * 0x1p-24))
            kern_fail("%s row %d: found %g, expected %g", pr_type_get(type)->name, r, y[r], sum);
        if (one != y[r])
            kern_fail("%s row %d: gemv has %a, gemm_i8 %a", pr_type_get(type)->name, r, one,
                      y[r]);
    }
}

void check_tables(void) {
    check_exp_error();
    check_sum_error();
    if (!kern_begin("gemm_i8", false, true)) return;
    check_int8_facts(PR_Q4_0);
    check_int8_facts(PR_Q4_K);
    check_int8_facts(PR_Q2_K);
    check_int8_facts(PR_Q6_K);
    kern_case(0);
}
