/* eval_ref.c - what evaluation asks of a row of logits: the definition. */
#include "../kernel_impl.h"

float pr_row_max_ref(const float *x, int64_t n, int64_t *arg) {
    float max = -INFINITY;
    *arg = 0;
    for (int64_t i = 0; i < n; i++)
        if (x[i] > max) max = x[i], *arg = i;
    return max;
}

double pr_row_sum_exp_ref(const float *x, int64_t n, double shift) {
    double lane[16] = {0};
    for (int64_t i = 0; i < n; i++) lane[i % 16] += pr_dexp((double)x[i] - shift);
    return pr_tree16d(lane);
}

double pr_row_kld_ref(const float *p, const float *q, int64_t n, double lse_p, double lse_q) {
    double lane[16] = {0};
    for (int64_t i = 0; i < n; i++) {
        double a = (double)p[i] - lse_p, b = (double)q[i] - lse_q;
        lane[i % 16] = fma(pr_dexp(a), a - b, lane[i % 16]);
    }
    return pr_tree16d(lane);
}

int64_t pr_row_nonfinite_ref(const float *x, int64_t n) {
    int64_t bad = 0;
    for (int64_t i = 0; i < n; i++) bad += (pr_bits_f32(x[i]) & 0x7fffffffu) >= PR_ABS_INF;
    return bad;
}
