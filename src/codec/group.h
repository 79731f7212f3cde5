/* group.h - matrices as whole numbers in groups: part of codec's door.
 *
 *   pr_group_spec s = {.bits = 4, .group = 32, .rule = PR_GROUP_ASYM, .scale = PR_F16};
 *   pr_group_row r;
 *   if (!pr_group_row_of(&s, cols, &r)) …                     // 32 does not divide the row
 *   k->group_encode(&s, codes, scales, offsets, x, cols);      // r.codes, r.scales, r.offsets
 *   bytes
 *
 * What ONNX, OpenVINO and MLX call 4-bit weights: each group of neighbours in a row shares a scale
 * and perhaps an offset, and these lie in tensors of their own. Codes are a stream of bits, the
 * lowest first, from the row's start; for 4 bits that is "low nibble first" (checked against
 * onnxruntime 1.32, openvino 2026.4, mlx 0.32). No state; any thread. The same bytes at every level
 * of SIMD. */
#ifndef PR_GROUP_H
#define PR_GROUP_H
#include "tensor/tensor.h"

typedef enum {
    PR_GROUP_SYM, /* s·q, q in -2^(bits-1) … 2^(bits-1)-1; stored plus 2^(bits-1) unless `twos` */
    PR_GROUP_ASYM, /* s·(q - z), q and z in 0 … 2^bits-1 */
    PR_GROUP_MLX, /* s·q + b, s and b as mlx.core.quantize (mode affine) chooses them, to the bit */
    PR_GROUP_FP4, /* s·f, f of 4 bits (E2M1) and s a byte, a power of two (E8M0): OCP's MXFP4, s and
                    f as mlx.core.quantize (mode mxfp4) chooses them, to the bit */
    PR_GROUP_NF4 /* s·v, v one of 16 quantiles of the normal distribution in -1 … 1 (QLoRA's
                    NormalFloat, Dettmers et al. 2023), s the largest magnitude; as NNCF's */
} pr_group_rule;

typedef struct {
    int bits;      /* 2, 3, 4, 5, 6 or 8 */
    int64_t group; /* values per scale, a multiple of 8; 0: a whole row */
    pr_group_rule rule;
    pr_type scale;   /* of s, and of b: F32, F16 or BF16; FP4: of the values that are coded */
    bool twos;       /* SYM: codes in two's complement of `bits` bits */
    bool pad;        /* a short last group is filled up with zeros, in the codes too */
    bool wide_zeros; /* ASYM: a byte per z; else `bits` bits each, whole bytes a row */
} pr_group_spec;

/* Bytes of one row in each of the three tensors. */
typedef struct {
    int64_t groups, padded;          /* per row; values with the filling */
    uint64_t codes, scales, offsets; /* bytes; offsets 0 for SYM */
} pr_group_row;

/* False: the spec is none of the above, or `cols` values do not make whole groups (or, with
 * `pad`, whole bytes). */
bool pr_group_row_of(const pr_group_spec *s, int64_t cols, pr_group_row *out);

/* "int4 sym g32", "int4 asym g64", "mlx4 g64": for reports. */
void pr_group_name(const pr_group_spec *s, char dst[32]);

/* Rows of a block type that say the same in this spec (Q4_0 and Q8_0 in SYM with group 32;
 * Q4_1, Q5_1 in MLX …) as they are: the very codes and scales. False: this row has no such form
 * (a scale outside its type counts), and what the outputs hold means nothing. */
bool pr_group_take(const pr_group_spec *s, void *codes, void *scales, void *offsets,
                   pr_type type, const void *src, int64_t cols);

/* The way back. May `n` groups with these scales and offsets stand in blocks of that type as they
 * are? Symmetric groups of 4, 5 and 8 bits where F16 holds the scale: Q4_0, Q5_0 and Q8_0.
 * Groups of
 * rule MLX: Q4_1 takes 4 bits and less, Q5_1 5 and less, where F16 holds scale
 * and offset; Q4_0, Q5_0 and Q8_0 take 4, 5 and 8 bits where the offset is minus 8, 16 or 128
 * scales besides. */
bool pr_group_fits(const pr_group_spec *s, const void *scales, const void *offsets, int64_t n,
                   pr_type type);
/* A row of groups as such blocks, every value the same to the bit. False: it does not fit (or
 * `cols` are no whole groups of a multiple of 32), and what `dst` holds means nothing. */
bool pr_group_give(const pr_group_spec *s, const void *codes, const void *scales,
                   const void *offsets, pr_type type, void *dst, int64_t cols);
/* The same rule, bits, group and everything else that says what the bytes mean? */
bool pr_group_same(const pr_group_spec *a, const pr_group_spec *b);
#endif
