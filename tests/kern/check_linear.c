/* check_linear.c - float weights times columns of floats. */
#include "kern.h"

static void check_gemm_f32(void) {
    if (!KERN_NEW(gemm_f32)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t), rows = kern_pick(0, 19), cols = kern_pick(0, 13);
        int64_t ldw = n + kern_pick(0, 3), ldx = n + kern_pick(0, 3), ldy = rows + kern_pick(0, 3);
        float  *w = kern_floats(rows * ldw, t), *x = kern_floats(cols * ldx, t + 1);
        float  *want = kern_out(cols * ldy * 4), *got = kern_out(cols * ldy * 4);
        kern_ref->gemm_f32(want, ldy, w, ldw, rows, x, ldx, cols, n);
        kern_k->gemm_f32(got, ldy, w, ldw, rows, x, ldx, cols, n);
        kern_same(want, got, cols * ldy, 4, "rows=%d cols=%d n=%d", (int)rows, (int)cols, (int)n);
    }
    int64_t n = 1024, rows = 16, cols = 64;
    float *w = kern_floats(rows * n, 0), *x = kern_floats(cols * n, 0),
          *y = kern_out(rows * cols * 4);
    KERN_BENCH((double)(rows * cols * n), "GMAC/s",
               kern_k->gemm_f32(y, rows, w, n, rows, x, n, cols, n))
}

typedef void (*gemv_float)(float *y, const void *w, size_t row_bytes, int64_t rows,
                           const float *x, int64_t n);

static void check_gemv(gemv_float ref, gemv_float k, int size) {
    KERN_CASES(t) {
        int64_t n = kern_len(t), rows = kern_pick(0, 11);
        size_t  row_bytes = (size_t)(n * size) + (size_t)kern_pick(0, 5);
        char   *w = kern_bytes(row_bytes * (size_t)rows + 1, t);
        float  *x = kern_floats(n, t);
        float  *want = kern_out(rows * 4), *got = kern_out(rows * 4);
        for (int64_t i = 0; i < rows * n; i++) {
            float    f = kern_float();
            uint16_t h = size == 2 && t % 2 ? pr_f32_to_f16(f) : (uint16_t)(pr_bits_f32(f) >> 16);
            if (t % 4 == 3 && size == 2)
                h = (uint16_t)(pr_rng_u64(&kern_rng) & 0xfbffu); /* no NaN in F16 */
            memcpy(w + (size_t)(i / n) * row_bytes + (size_t)(i % n) * (size_t)size,
                   size == 4 ? (void *)&f : (void *)&h, (size_t)size);
        }
        ref(want, w, row_bytes, rows, x, n);
        k(got, w, row_bytes, rows, x, n);
        kern_same(want, got, rows, 4, "rows=%d n=%d row_bytes=%d", (int)rows, (int)n,
                  (int)row_bytes);
    }
    int64_t n = 2048, rows = 64; /* in L2 */
    char   *w = kern_bytes((size_t)(n * rows * size), 0);
    float  *x = kern_floats(n, 0), *y = kern_out(rows * 4);
    memset(w, 0, (size_t)(n * rows * size));
    KERN_BENCH((double)(rows * n), "GMAC/s", k(y, w, (size_t)(n * size), rows, x, n))
}

void check_linear(void) {
    check_gemm_f32();
    if (KERN_NEW(gemv_f32)) check_gemv(kern_ref->gemv_f32, kern_k->gemv_f32, 4);
    if (KERN_NEW(gemv_f16)) check_gemv(kern_ref->gemv_f16, kern_k->gemv_f16, 2);
    if (KERN_NEW(gemv_bf16)) check_gemv(kern_ref->gemv_bf16, kern_k->gemv_bf16, 2);
}
