/* rope.c - frequencies of rotary positions (RoFormer, arXiv:2104.09864) and their scalings,
 * in float32 exactly where transformers 5.23 rounds to float32, so that long positions agree. */
#include "kernel.h"
#include <math.h>

/* theta^(2i/dim), rounded as a float32 power is. */
static float power(double theta, int i, int dim) {
    float e = (float)(2 * i) / (float)dim;
    return (float)pr_pow((double)(float)theta, (double)e);
}

static void plain(const pr_rope *r, double theta, float *f) {
    for (int i = 0; i < r->dim / 2; i++) f[i] = 1.0f / power(theta, i, r->dim);
}

/* The dimension that makes `turns` rotations over the original context. */
static double correction_dim(const pr_rope *r, double turns) {
    double two_pi = 6.283185307179586476925;
    return r->dim * pr_log((double)r->original_ctx / (turns * two_pi)) / (2 * pr_log(r->theta));
}

static void yarn(const pr_rope *r, float *f) {
    double low = correction_dim(r, r->beta_fast), high = correction_dim(r, r->beta_slow);
    if (r->truncate) low = floor(low), high = ceil(high);
    low = low > 0 ? low : 0;
    high = high < r->dim - 1 ? high : r->dim - 1;
    if (low == high) high += 0.001;
    for (int i = 0; i < r->dim / 2; i++) {
        float p = power(r->theta, i, r->dim);
        float ramp = ((float)i - (float)low) / (float)(high - low);
        ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
        float keep = 1.0f - ramp;
        f[i] = (1.0f / ((float)r->factor * p)) * (1.0f - keep) + (1.0f / p) * keep;
    }
}

/* Llama 3.1's rule: long waves slowed by `factor`, short ones kept, a ramp between. */
static void llama3(const pr_rope *r, float *f) {
    double low_wave = (double)r->original_ctx / r->low_freq;
    double high_wave = (double)r->original_ctx / r->high_freq;
    plain(r, r->theta, f);
    for (int i = 0; i < r->dim / 2; i++) {
        float wave = (float)6.283185307179586476925 / f[i];
        float slow = f[i] / (float)r->factor;
        if (wave > (float)low_wave) {
            f[i] = slow;
        } else if (!(wave < (float)high_wave)) {
            float s = ((float)r->original_ctx / wave - (float)r->low_freq) /
                      (float)(r->high_freq - r->low_freq);
            f[i] = (1.0f - s) * f[i] / (float)r->factor + s * f[i];
        }
    }
}

static void dynamic(const pr_rope *r, int64_t seq_len, float *f) {
    double n = (double)(seq_len > r->max_ctx ? seq_len : r->max_ctx), d = r->dim;
    double grown = r->factor * n / (double)r->max_ctx - (r->factor - 1);
    plain(r, r->theta * pr_pow(grown, d / (d - 2)), f);
}

void pr_rope_frequencies(const pr_rope *r, int64_t seq_len, float *f) {
    switch (r->kind) {
    case PR_ROPE_DEFAULT: plain(r, r->theta, f); break;
    case PR_ROPE_LINEAR:
        plain(r, r->theta, f);
        for (int i = 0; i < r->dim / 2; i++) f[i] /= (float)r->factor;
        break;
    case PR_ROPE_DYNAMIC: dynamic(r, seq_len, f); break;
    case PR_ROPE_YARN: yarn(r, f); break;
    case PR_ROPE_LLAMA3: llama3(r, f); break;
    }
    if (r->divide_by)
        for (int i = 0; i < r->dim / 2; i++) f[i] /= r->divide_by[i];
}

void pr_rope_rotation(const pr_rope *r, const float *inv_freq, int64_t pos, float *cos,
                      float *sin) {
    for (int i = 0; i < r->dim / 2; i++) {
        double s, c;
        pr_sincos((double)((float)pos * inv_freq[i]), &s, &c);
        cos[i] = (float)c * (float)r->magnitude;
        sin[i] = (float)s * (float)r->magnitude;
    }
}
