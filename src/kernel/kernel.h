/* kernel.h - the door of `kernel`: the arithmetic of the engine.
 *
 *   const pr_kernels *k = pr_kernels_get(pr_cpu_flags());
 *   k->rms_norm(h, x, w, n, 1e-5f);
 *   k->gemv_bf16(y, weights, 2 * n, rows, h, n);             // float weights, one column
 *
 *   pr_acts a;                                               // quantized weights
 *   pr_acts_init(&a, mem, n, n_cols);                        // mem: pr_acts_bytes(n, n_cols)
 *   for (c = 0; c < n_cols; c++) k->act_quantize(&a, c, x + c * n);
 *   pr_gemv_get(k, PR_Q4_K)(y, weights, row_bytes, rows, &a, 0);      // decode
 *
 *   pr_panel p;                                              // prefill, 16 rows at a time
 *   pr_panel_init(&p, mem2, PR_Q4_K, n);                     // mem2: pr_panel_bytes(PR_Q4_K, n)
 *   pr_panel_load(k, &p, weights + r * row_bytes, row_bytes, 16);
 *   k->gemm_i8(y + r, ldy, &p, &a, 0, n_cols);
 *
 * THE RULE: each kernel has one exact definition, given below; every level gives
 * the same bits, whatever the number of threads, columns or rows in a call. The
 * reference (ref/) is that definition in C. Bits of a NaN are not defined.
 *
 * Tables are constant and live as long as the process; kernels keep no state, start
 * no thread and allocate nothing: any thread may call any of them. Outputs do not
 * overlap inputs, except where "in place" is said. Pointers to float need the
 * alignment of float; `const void *` rows and caches need none. Counts may be 0.
 *
 * ---- dot16, the sum that most of them share
 *
 *   lane[l] = +0, l = 0…15;  for k = 0, 1, …: lane[k % 16] = fmaf(w[k], x[k], lane[k % 16])
 *   tree(lane): lane[l] += lane[l + 8] (l < 8), then + 4, + 2, + 1; the result is lane[0]
 *
 * ---- float linear
 *
 * gemm_f32     y[c * ldy + r] = dot16(w + r * ldw, x + c * ldx), r < rows, c < cols. Strides in
 *              floats.
 * gemv_TYPE    y[r] = dot16(row r widened to float, x): the same bits as gemm_f32 of the
 *              decoded row.
 *
 * ---- int8 linear: quantized weights times activations of 8 bits
 *
 * act_quantize of each 32 values x: amax = max |x|; d = amax / 127, id = 127 / amax,
 *   q = nearest even of (x * id). amax < 2^-100: d = 0, q = 0. A value that is not finite
 *   makes d NaN and q 0, so that all results that use the block are NaN.
 *   Besides: isum16, isum32 = the sums of q over 16 and 32 values; sum16, sum32 = d * (float)isum.
 * unpack_TYPE writes a row of weights as codes u (8 bits), and per group of pr_qtype.group
 *   weights a scale and, in types that have one, a min (else `min` is not written and may be
 *   NULL): weight = scale * (u - zero) - min. n: a multiple of pr_type_info.block, so any
 *   piece of a row that starts on a block can be unpacked.
 *   scale = d or d * (float)(integer scale), min = -m, or dmin * (float)(integer min): all exact.
 * gemv_TYPE, gemm_i8: for group g = 0, 1, … of the row, l = g % 16, block b = its 32 values:
 *     isum = sum of (u - zero) * q over the group, exact
 *     lane[l] = fmaf((float)isum, scale[g] * d[b], lane[l])
 *     lane[l] = fmaf(-min[g], sum16 or sum32 of the group, lane[l])      (types with min)
 *   y = tree(lane). gemm_i8 writes y[c * ldy + r] for the p->rows rows of the panel and the
 *   acts' columns col … col + cols - 1 (c counts from 0).
 * unpack_group the same of weights [from, from + n) of row r of a matrix in groups (codec/group.h),
 *   always per 32 weights and with a min; both multiples of 32, `from` of 512. pr_group_qtype says
 *   the zero: 0 for up to 5 bits, else 128, with u = code + 128 for 6 bits and u = 128 + twice
 *   the value for FP4. scale = s (FP4: s / 2); min = s * (float)(z - low), low = 128 for 8 bits,
 *   else 0; of rule MLX -b, for 8 bits fmaf(-128, s, -b); FP4 0.
 * gemv_group   as gemv_TYPE, a group being 32 weights.
 * panel_pack   codes[(k / 4 * 16 + r) * 4 + k % 4] = u[r * ldu + k], r < 16, n a multiple of 32.
 *
 * ---- element by element, norms, positions
 *
 * exp          y = kexp(x), see below. In place allowed.
 * add          y = a + b. In place allowed.
 * silu_mul     y = (g / (1 + kexp(-g))) * u. In place allowed.
 * rms_norm     s = 1 / sqrtf(dot16(x, x) / (float)n + eps); y = (x * s) * w. In place allowed.
 * rope_half    on each of n_heads vectors, ldx floats apart, in place, i < half:
 *              a = x[i], b = x[i + half]: x[i] = a*cos[i] - b*sin[i], x[i + half] = b*cos[i] +
 *              a*sin[i],
 *              four products and two sums, each rounded.
 * rope_pair    the same with a = x[2i], b = x[2i + 1].
 *
 * kexp: x < -87.3 gives 0, x > 88.37 infinity. Else k = nearest even of x * 0x1.715476p+0f;
 *   r = fmaf(-k, 0x1.62e4p-1f, x), r = fmaf(-k, 0x1.7f7d1cp-20f, r) (Cody, Waite 1980: ln 2 in
 *   two parts); then the Taylor polynomial of degree 7 by Horner with fmaf; times 2^k.
 *   Within 1 ulp of the true value (tests/kern measures it).
 *
 * ---- attention: one kv head, n_q query heads that share it
 *
 * Keys and values are rows of d elements, `stride` bytes apart: F32, F16, or Q8_0 (d a multiple of
 * 32; an element is (float)q * d, exact).
 * attn_scores  s[h * lds + j] = dot16(q + h * ldq, key j) * scale, j < n_keys.
 * attn_mix     o[h * ldo + i] = sum over j = 0, 1, … from +0 of fmaf(p[h * ldp + j], value
 *              j[i], sum).
 * softmax      in place: m = max; e = kexp(s - m); sum = tree of lanes (lane[j % 16] += e[j]);
 *              s = e * (1 / sum). n = 0: nothing.
 * store_f16    nearest even. store_q8_0: per 32, as act_quantize's d and q, d then rounded to
 *              F16; a
 *              value that is not finite makes d NaN.
 *
 * ---- evaluation, over one row of logits
 *
 * row_max      the largest value and, in *arg, the first place that holds it; -inf and 0 for n
 *              = 0. No NaN.
 * row_sum_exp  sum of dexp((double)x - shift), in 16 lanes of double by k % 16, tree as above.
 * row_kld      sum of dexp(a) * (a - b), a = p - lse_p, b = q - lse_q in double, lanes as above by
 *              fma. Natural logarithm: nats.
 * row_nonfinite  how many are infinite or NaN.
 *
 * dexp: as kexp in double: below -708 it is 0, above 709 infinity; ln 2 in two parts, degree
 * 13. Within 2 ulp. */
#ifndef PR_KERNEL_H
#define PR_KERNEL_H
#include "codec/codec.h"
#include "base/base.h"
#include "hw/hw.h"
#include "tensor/tensor.h"
#include "rope.h"

/* Activations of 8 bits: `cols` columns of `n` values (a multiple of 32), column by column.
 * The memory is the caller's; a view of fewer columns is made by moving no pointer, but `col`. */
typedef struct {
    int64_t  n, cols;
    int8_t  *q;      /* [cols][n] */
    float   *d;      /* [cols][n / 32] */
    float   *sum16;  /* [cols][n / 16] */
    float   *sum32;  /* [cols][n / 32] */
    int32_t *isum16; /* [cols][n / 16] */
    int32_t *isum32; /* [cols][n / 32] */
} pr_acts;

/* How a quantized type enters the int8 kernels. */
typedef struct {
    pr_type type;
    int     group;    /* weights per scale: 16 or 32 */
    int     zero;     /* the code of weight 0 */
    int     max_code; /* 3, 7, 15, 31, 63 or 255 */
    bool    has_min;
} pr_qtype;

/* Rows in groups, one after the other in each of the three tensors. */
typedef struct {
    const pr_group_spec *spec;
    pr_group_row         row; /* bytes of a row in each */
    const uint8_t       *codes, *scales, *offsets;
} pr_group_rows;

/* Sixteen rows of quantized weights, unpacked side by side; rows beyond `rows` are zero. */
typedef struct {
    const pr_qtype *type;
    int64_t         n;     /* weights per row */
    int             rows;  /* 0…16 */
    uint8_t        *codes; /* [n / 4][16][4] */
    float          *scale; /* [n / group][16] */
    float          *min;   /* the same; NULL: the type has none */
    uint8_t        *work;  /* pr_panel_load's */
} pr_panel;

typedef struct {
    const char *level; /* "reference", "avx2", "avx512" */
#define KERNEL(name, ret, params) ret(*name) params;
#include "kernels.def"
#undef KERNEL
} pr_kernels;

typedef void (*pr_gemv)(float *y, const void *w, size_t row_bytes, int64_t rows,
                        const pr_acts *a, int64_t col);

/* The fastest table that `flags` (PR_CPU_…) allow; never NULL. Thread-safe. */
const pr_kernels *pr_kernels_get(uint32_t flags);
/* Visit every kernel of `k`: its name, and the level at which it was written ("avx2" in an
 * avx512 table where no wider one exists). */
void pr_kernels_each(const pr_kernels *k,
                     void (*visit)(void *arg, const char *name, const char *level), void *arg);

typedef void (*pr_row_decode)(float *dst, const void *src, int64_t n);
typedef void (*pr_row_encode)(void *dst, const float *src, int64_t n, const float *weight);
/* The codec of a type (codecs.def says what they promise); NULL: pare cannot read, or write, it. */
pr_row_decode pr_decode_get(const pr_kernels *k, pr_type type);
pr_row_encode pr_encode_get(const pr_kernels *k, pr_type type);

/* NULL: the type has no int8 kernels (decode it and use gemm_f32, or gemv_f32/f16/bf16). */
const pr_qtype *pr_qtype_get(pr_type type);
pr_gemv         pr_gemv_get(const pr_kernels *k, pr_type type); /* NULL as above */

/* The same for rows of `n` in groups: NULL unless 32 divides the groups, there is no filling, and
 * levels are whole numbers (NF4's are not: their rows become floats). */
const pr_qtype *pr_group_qtype(const pr_group_spec *s, int64_t n);

/* Bytes for `pr_acts_init`; n a multiple of 32. `mem` should be aligned to 64. */
size_t pr_acts_bytes(int64_t n, int64_t cols);
void   pr_acts_init(pr_acts *a, void *mem, int64_t n, int64_t cols);

/* Bytes for pr_panel_init; the type must have a pr_qtype, n be whole blocks. `mem` aligned to
 * 64. */
size_t pr_panel_bytes(pr_type type, int64_t n);
void   pr_panel_init(pr_panel *p, void *mem, pr_type type, int64_t n);
/* Unpack `rows` (≤ 16) rows that lie `row_bytes` apart. */
void   pr_panel_load(const pr_kernels *k, pr_panel *p, const void *w, size_t row_bytes, int rows);
/* The same for weights in groups, which must have a pr_group_qtype; rows r … of `w`. */
size_t pr_panel_group_bytes(const pr_group_spec *s, int64_t n);
void   pr_panel_group_init(pr_panel *p, void *mem, const pr_group_spec *s, int64_t n);
void   pr_panel_group_load(const pr_kernels *k, pr_panel *p, const pr_group_rows *w, int64_t r,
                           int rows);
#endif
