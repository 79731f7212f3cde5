/* int8_ref.c - products of quantized weights with activations of 8 bits: the
 * definition. Sums inside a group are exact integers; only what joins the groups
 * is rounded, in the order that kernel.h gives. */
#include "../kernel_impl.h"

/* The d of 32 values; q and the sums follow from it. */
static float block_quantize(int8_t *q, const float *x) {
    uint32_t top = 0;
    for (int i = 0; i < 32; i++) {
        uint32_t mag = pr_bits_f32(x[i]) & 0x7fffffffu;
        top = PR_MAX(top, mag);
    }
    if (top >= PR_ABS_INF || top < PR_ABS_TINY) {
        memset(q, 0, 32);
        return top >= PR_ABS_INF ? pr_f32_bits(PR_ABS_NAN) : 0;
    }
    float amax = pr_f32_bits(top), id = 127.0f / amax;
    for (int i = 0; i < 32; i++) q[i] = (int8_t)rintf(x[i] * id);
    return amax / 127.0f;
}

void pr_act_quantize_ref(const pr_acts *a, int64_t col, const float *x) {
    int64_t blocks = a->n / 32;
    for (int64_t i = 0; i < blocks; i++) {
        int8_t *q = a->q + col * a->n + i * 32;
        int64_t at = col * blocks + i;
        int32_t half[2] = {0, 0};
        float   d = a->d[at] = block_quantize(q, x + i * 32);
        for (int j = 0; j < 32; j++) half[j / 16] += q[j];
        for (int j = 0; j < 2; j++) {
            a->isum16[2 * at + j] = half[j];
            a->sum16[2 * at + j] = d * (float)half[j];
        }
        a->isum32[at] = half[0] + half[1];
        a->sum32[at] = d * (float)(half[0] + half[1]);
    }
}

void pr_store_q8_0_ref(void *dst, const float *x, int64_t n) {
    pr_blk_q8_0 b;
    for (int64_t i = 0; i < n / 32; i++) {
        b.d = pr_f32_to_f16(block_quantize(b.qs, x + i * 32));
        memcpy((char *)dst + (size_t)i * sizeof b, &b, sizeof b);
    }
}

void pr_panel_pack_ref(uint8_t *codes, const uint8_t *u, int64_t ldu, int64_t n) {
    for (int64_t k = 0; k < n; k += 4)
        for (int r = 0; r < 16; r++) memcpy(codes + (k / 4 * 16 + r) * 4, u + r * ldu + k, 4);
}

void pr_gemm_i8_ref(float *y, int64_t ldy, const pr_panel *p, const pr_acts *a, int64_t col,
                    int64_t cols) {
    int64_t group = p->type->group, groups = p->n / group;
    for (int64_t c = 0; c < cols; c++) {
        const int8_t *q = a->q + (col + c) * a->n;
        const float  *d = a->d + (col + c) * (a->n / 32);
        const float  *sum = group == 16 ? a->sum16 : a->sum32;
        for (int r = 0; r < p->rows; r++) {
            float lane[16] = {0};
            for (int64_t g = 0; g < groups; g++) {
                float  *to = &lane[g % 16];
                int32_t isum = 0;
                for (int64_t k = g * group; k < (g + 1) * group; k++)
                    isum += (p->codes[(k / 4 * 16 + r) * 4 + k % 4] - p->type->zero) * q[k];
                *to = fmaf((float)isum, p->scale[g * 16 + r] * d[g * group / 32], *to);
                if (p->min) *to = fmaf(-p->min[g * 16 + r], sum[(col + c) * groups + g], *to);
            }
            y[c * ldy + r] = pr_tree16(lane);
        }
    }
}

/* One row times one column, unpacked 512 weights at a time: 32 or 16 groups, so that
 * group g of a piece meets lane g % 16. */
typedef void (*unpack_fn)(uint8_t *u, float *scale, float *min, const void *row, int64_t n);

static float row_dot(unpack_fn unpack, const pr_qtype *t, const char *row, const pr_acts *a,
                     int64_t col) {
    const pr_type_info *info = pr_type_get(t->type);
    int64_t             group = t->group;
    const int8_t       *q = a->q + col * a->n;
    const float        *d = a->d + col * (a->n / 32);
    const float *sum = group == 16 ? a->sum16 + col * (a->n / 16) : a->sum32 + col * (a->n / 32);
    uint8_t      u[512];
    float        scale[32], min[32], lane[16] = {0};
    for (int64_t at = 0; at < a->n; at += 512) {
        int64_t n = PR_MIN(a->n - at, 512);
        unpack(u, scale, min, row + at / info->block * info->bytes, n);
        for (int64_t g = 0; g < n / group; g++) {
            int64_t all = at / group + g;
            int32_t isum = 0;
            for (int64_t k = g * group; k < (g + 1) * group; k++)
                isum += (u[k] - t->zero) * q[at + k];
            lane[g % 16] = fmaf((float)isum, scale[g] * d[all * group / 32], lane[g % 16]);
            if (t->has_min) lane[g % 16] = fmaf(-min[g], sum[all], lane[g % 16]);
        }
    }
    return pr_tree16(lane);
}

#define GEMV(T, t)                                                                             \
    void pr_gemv_##t##_ref(float *y, const void *w, size_t row_bytes, int64_t rows,            \
                           const pr_acts *a, int64_t col) {                                    \
        for (int64_t r = 0; r < rows; r++)                                                     \
            y[r] = row_dot(pr_unpack_##t##_ref, pr_qtype_get(PR_##T),                          \
                           (const char *)w + (size_t)r * row_bytes, a, col);                   \
    }
GEMV(Q4_0, q4_0)
GEMV(Q4_1, q4_1)
GEMV(Q5_0, q5_0)
GEMV(Q5_1, q5_1)
GEMV(Q8_0, q8_0)
GEMV(IQ4_NL, iq4_nl)
GEMV(Q2_K, q2_k)
GEMV(Q3_K, q3_k)
GEMV(Q4_K, q4_k)
GEMV(Q5_K, q5_k)
GEMV(Q6_K, q6_k)
GEMV(IQ4_XS, iq4_xs)
