/* elem_ref.c - element by element, norms, positions: the definition. */
#include "../kernel_impl.h"

void pr_add_ref(float *y, const float *a, const float *b, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

void pr_silu_mul_ref(float *y, const float *g, const float *u, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = (g[i] / (1.0f + pr_kexp(-g[i]))) * u[i];
}

void pr_exp_ref(float *y, const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) y[i] = pr_kexp(x[i]);
}

void pr_rms_norm_ref(float *y, const float *x, const float *w, int64_t n, float eps) {
    float lane[16] = {0};
    for (int64_t k = 0; k < n; k++) lane[k % 16] = fmaf(x[k], x[k], lane[k % 16]);
    float scale = 1.0f / sqrtf(pr_tree16(lane) / (float)n + eps);
    for (int64_t k = 0; k < n; k++) y[k] = (x[k] * scale) * w[k];
}

void pr_rope_half_ref(float *x, int64_t ldx, int64_t n_heads, const float *cos,
                      const float *sin, int64_t half) {
    for (int64_t h = 0; h < n_heads; h++, x += ldx)
        for (int64_t i = 0; i < half; i++) {
            float a = x[i], b = x[i + half];
            x[i] = a * cos[i] - b * sin[i];
            x[i + half] = b * cos[i] + a * sin[i];
        }
}

void pr_rope_pair_ref(float *x, int64_t ldx, int64_t n_heads, const float *cos,
                      const float *sin, int64_t half) {
    for (int64_t h = 0; h < n_heads; h++, x += ldx)
        for (int64_t i = 0; i < half; i++) {
            float a = x[2 * i], b = x[2 * i + 1];
            x[2 * i] = a * cos[i] - b * sin[i];
            x[2 * i + 1] = b * cos[i] + a * sin[i];
        }
}
