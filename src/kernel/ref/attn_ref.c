/* attn_ref.c - attention of query heads over one kv head's cache: the definition.
 * Rows of the cache may lie at any address, so elements are copied out. */
#include "../kernel_impl.h"

static float elem_f32(const char *row, int64_t i) {
    float v;
    memcpy(&v, row + i * 4, 4);
    return v;
}
static float elem_f16(const char *row, int64_t i) {
    uint16_t v;
    memcpy(&v, row + i * 2, 2);
    return pr_f16_to_f32(v);
}
static float elem_q8_0(const char *row, int64_t i) {
    pr_blk_q8_0 b;
    memcpy(&b, row + (size_t)(i / 32) * sizeof b, sizeof b);
    return (float)b.qs[i % 32] * pr_f16_to_f32(b.d);
}

#define ATTN(type)                                                                             \
    void pr_attn_scores_##type##_ref(float *s, int64_t lds, const float *q, int64_t ldq,       \
                                     int64_t n_q, const void *k, size_t stride,                \
                                     int64_t n_keys, int64_t d, float scale) {                 \
        for (int64_t h = 0; h < n_q; h++)                                                      \
            for (int64_t j = 0; j < n_keys; j++) {                                             \
                const char *row = (const char *)k + (size_t)j * stride;                        \
                float lane[16] = {0};                                                          \
                for (int64_t i = 0; i < d; i++)                                                \
                    lane[i % 16] = fmaf(q[h * ldq + i], elem_##type(row, i), lane[i % 16]);    \
                s[h * lds + j] = pr_tree16(lane) * scale;                                      \
            }                                                                                  \
    }                                                                                          \
    void pr_attn_mix_##type##_ref(float *o, int64_t ldo, const float *p, int64_t ldp,          \
                                  int64_t n_q, const void *v, size_t stride, int64_t n_keys,   \
                                  int64_t d) {                                                 \
        for (int64_t h = 0; h < n_q; h++)                                                      \
            for (int64_t i = 0; i < d; i++) {                                                  \
                float sum = 0;                                                                 \
                for (int64_t j = 0; j < n_keys; j++)                                           \
                    sum = fmaf(p[h * ldp + j],                                                 \
                               elem_##type((const char *)v + (size_t)j * stride, i), sum);     \
                o[h * ldo + i] = sum;                                                          \
            }                                                                                  \
    }
ATTN(f32)
ATTN(f16)
ATTN(q8_0)

void pr_softmax_ref(float *s, int64_t n) {
    float max = -INFINITY, lane[16] = {0};
    for (int64_t j = 0; j < n; j++) max = s[j] > max ? s[j] : max;
    for (int64_t j = 0; j < n; j++) {
        s[j] = pr_kexp(s[j] - max);
        lane[j % 16] += s[j];
    }
    float inv = 1.0f / pr_tree16(lane);
    for (int64_t j = 0; j < n; j++) s[j] *= inv;
}

void pr_store_f16_ref(void *dst, const float *x, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        uint16_t h = pr_f32_to_f16(x[i]);
        memcpy((char *)dst + i * 2, &h, 2);
    }
}
