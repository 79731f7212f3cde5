/* group_ref.c - weights in groups: the definition. */
#include "../kernel_impl.h"

static void halves_of(float *dst, const uint8_t *p, int64_t n) {
    for (int64_t i = 0; i < n; i++)
        dst[i] = pr_f16_to_f32((uint16_t)(p[2 * i] | p[2 * i + 1] << 8));
}
static void nibbles_of(uint8_t *u, const uint8_t *p, int64_t n) {
    for (int64_t i = 0; i < n; i++) u[i] = p[i / 2] >> i % 2 * 4 & 15;
}
#define NAME(x) pr_##x##_ref
#include "../group_unpack.h"

void pr_gemv_group_ref(float *y, const pr_group_rows *w, int64_t rows, const pr_acts *a,
                       int64_t col) {
    int            zero = pr_group_qtype(w->spec, a->n)->zero;
    const int8_t  *q = a->q + col * a->n;
    int64_t        blocks = a->n / 32;
    const float   *d = a->d + col * blocks, *sum = a->sum32 + col * blocks;
    uint8_t        u[512];
    float          scale[16], min[16];
    for (int64_t r = 0; r < rows; r++) {
        float lane[16] = {0};
        for (int64_t at = 0; at < a->n; at += 512) {
            int64_t n = PR_MIN(a->n - at, 512);
            pr_unpack_group_ref(u, scale, min, w, r, at, n);
            for (int64_t i = 0; i < n / 32; i++) {
                int32_t isum = 0;
                for (int64_t k = 32 * i; k < 32 * i + 32; k++) isum += (u[k] - zero) * q[at + k];
                lane[i] = fmaf((float)isum, scale[i] * d[at / 32 + i], lane[i]);
                lane[i] = fmaf(-min[i], sum[at / 32 + i], lane[i]);
            }
        }
        y[r] = pr_tree16(lane);
    }
}
