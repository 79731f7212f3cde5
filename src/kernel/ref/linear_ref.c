/* linear_ref.c - products of float weights with columns of floats: the definition. */
#include "../kernel_impl.h"

static float dot16(const float *w, const float *x, int64_t n) {
    float lane[16] = {0};
    for (int64_t k = 0; k < n; k++) lane[k % 16] = fmaf(w[k], x[k], lane[k % 16]);
    return pr_tree16(lane);
}

void pr_gemm_f32_ref(float *y, int64_t ldy, const float *w, int64_t ldw, int64_t rows,
                     const float *x, int64_t ldx, int64_t cols, int64_t n) {
    for (int64_t c = 0; c < cols; c++)
        for (int64_t r = 0; r < rows; r++) y[c * ldy + r] = dot16(w + r * ldw, x + c * ldx, n);
}

void pr_gemv_f32_ref(float *y, const void *w, size_t row_bytes, int64_t rows, const float *x,
                     int64_t n) {
    for (int64_t r = 0; r < rows; r++) {
        const char *row = (const char *)w + (size_t)r * row_bytes;
        float       lane[16] = {0}, v;
        for (int64_t k = 0; k < n; k++) {
            memcpy(&v, row + k * 4, 4);
            lane[k % 16] = fmaf(v, x[k], lane[k % 16]);
        }
        y[r] = pr_tree16(lane);
    }
}

void pr_gemv_f16_ref(float *y, const void *w, size_t row_bytes, int64_t rows, const float *x,
                     int64_t n) {
    for (int64_t r = 0; r < rows; r++) {
        const char *row = (const char *)w + (size_t)r * row_bytes;
        float       lane[16] = {0};
        uint16_t    v;
        for (int64_t k = 0; k < n; k++) {
            memcpy(&v, row + k * 2, 2);
            lane[k % 16] = fmaf(pr_f16_to_f32(v), x[k], lane[k % 16]);
        }
        y[r] = pr_tree16(lane);
    }
}

void pr_gemv_bf16_ref(float *y, const void *w, size_t row_bytes, int64_t rows, const float *x,
                      int64_t n) {
    for (int64_t r = 0; r < rows; r++) {
        const char *row = (const char *)w + (size_t)r * row_bytes;
        float       lane[16] = {0};
        uint16_t    v;
        for (int64_t k = 0; k < n; k++) {
            memcpy(&v, row + k * 2, 2);
            lane[k % 16] = fmaf(pr_bf16_to_f32(v), x[k], lane[k % 16]);
        }
        y[r] = pr_tree16(lane);
    }
}
