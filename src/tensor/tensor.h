/* tensor.h - how numbers lie in memory: the types, the exact bytes of every
 * quantized block, and the conversions between float formats.
 *
 *   const pr_type_info *t = pr_type_get(PR_Q4_K);
 *   uint64_t bytes;
 *   if (!pr_type_row_bytes(PR_Q4_K, n_cols, &bytes)) …   // not divisible
 *
 * Everything here is constant; any thread may read it. */
#ifndef PR_TENSOR_H
#define PR_TENSOR_H
#include "base/base.h"

typedef enum {
#define TYPE(name, text, block, bytes, gguf, st, kind) PR_##name,
#include "types.def"
#undef TYPE
    PR_TYPE_N
} pr_type;

typedef enum { PR_KIND_FLOAT, PR_KIND_INT, PR_KIND_QUANT } pr_type_kind;

typedef struct {
    const char  *name;    /* "Q4_K": as people, GGUF tools and reports spell it */
    int          block;   /* values per block; 1 for plain numbers */
    int          bytes;   /* bytes per block */
    int          gguf_id; /* ggml_type, -1: GGUF has no such type */
    const char  *st_name; /* safetensors' dtype, NULL: it has none */
    pr_type_kind kind;
} pr_type_info;

/* Never NULL for 0 ≤ t < PR_TYPE_N. */
const pr_type_info *pr_type_get(pr_type t);
/* The type of that number or name; false if there is none. Names without regard to case. */
bool pr_type_from_gguf(uint32_t id, pr_type *out);
bool pr_type_from_safetensors(pr_str name, pr_type *out);
bool pr_type_from_name(const char *name, pr_type *out);
/* Bytes of `n` values in one row; false if `n` is not a whole number of blocks
 * or the size does not fit. */
bool pr_type_row_bytes(pr_type t, uint64_t n, uint64_t *bytes);

enum { PR_MAX_DIMS = 8 };

/* ------------------------------------------------------------------ blocks
 * `d`, `m`, `dmin` are binary16. Packed by construction; every size is pinned. */

typedef struct { uint16_t d; uint8_t qs[16]; } pr_blk_q4_0;   /* low nibble j, high j+16; (q-8)·d */
typedef struct { uint16_t d, m; uint8_t qs[16]; } pr_blk_q4_1; /* q·d + m */
typedef struct { uint16_t d; uint8_t qh[4], qs[16]; } pr_blk_q5_0;
typedef struct { uint16_t d, m; uint8_t qh[4], qs[16]; } pr_blk_q5_1;
typedef struct { uint16_t d; int8_t qs[32]; } pr_blk_q8_0;
typedef struct { uint8_t scales[16], qs[64]; uint16_t d, dmin; } pr_blk_q2_k;
typedef struct { uint8_t hmask[32], qs[64], scales[12]; uint16_t d; } pr_blk_q3_k;
typedef struct { uint16_t d, dmin; uint8_t scales[12], qs[128]; } pr_blk_q4_k;
typedef struct { uint16_t d, dmin; uint8_t scales[12], qh[32], qs[128]; } pr_blk_q5_k;
typedef struct { uint8_t ql[128], qh[64]; int8_t scales[16]; uint16_t d; } pr_blk_q6_k;
typedef struct { uint16_t d; uint8_t qs[16]; } pr_blk_iq4_nl;
typedef struct { uint16_t d, scales_h; uint8_t scales_l[4], qs[128]; } pr_blk_iq4_xs;

_Static_assert(sizeof(pr_blk_q4_0) == 18, "Q4_0");
_Static_assert(sizeof(pr_blk_q4_1) == 20, "Q4_1");
_Static_assert(sizeof(pr_blk_q5_0) == 22, "Q5_0");
_Static_assert(sizeof(pr_blk_q5_1) == 24, "Q5_1");
_Static_assert(sizeof(pr_blk_q8_0) == 34, "Q8_0");
_Static_assert(sizeof(pr_blk_q2_k) == 84, "Q2_K");
_Static_assert(sizeof(pr_blk_q3_k) == 110, "Q3_K");
_Static_assert(sizeof(pr_blk_q4_k) == 144, "Q4_K");
_Static_assert(sizeof(pr_blk_q5_k) == 176, "Q5_K");
_Static_assert(sizeof(pr_blk_q6_k) == 210, "Q6_K");
_Static_assert(sizeof(pr_blk_iq4_nl) == 18, "IQ4_NL");
_Static_assert(sizeof(pr_blk_iq4_xs) == 136, "IQ4_XS");

/* ------------------------------------------------------------------ floats
 * Exact where the target holds the value; else rounded to nearest, ties to even;
 * too large becomes infinity, NaN stays NaN (quiet). IEEE 754-2019 §4.3, 5.4. */

static inline float pr_f32_bits(uint32_t u) {
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}
static inline uint32_t pr_bits_f32(float f) {
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    return u;
}
static inline float pr_bf16_to_f32(uint16_t h) { return pr_f32_bits((uint32_t)h << 16); }
static inline uint16_t pr_f32_to_bf16(float f) {
    uint32_t u = pr_bits_f32(f);
    if ((u & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((u >> 16) | 0x40u);
    return (uint16_t)((u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}
static inline float pr_f16_to_f32(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, e = (h >> 10) & 31u, m = h & 0x3ffu;
    if (e == 31) return pr_f32_bits(sign | 0x7f800000u | (m << 13) | (m ? 0x400000u : 0));
    if (e) return pr_f32_bits(sign | ((e + 112u) << 23) | (m << 13));
    float f = (float)m * 0x1p-24f; /* subnormal: exact */
    return sign ? -f : f;
}
static inline uint16_t pr_f32_to_f16(float f) {
    uint32_t u = pr_bits_f32(f), sign = (u >> 16) & 0x8000u, a = u & 0x7fffffffu;
    if (a > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | ((a >> 13) & 0x3ffu));
    if (a >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* rounds to 65536 or more */
    if (a < 0x38800000u) { /* subnormal or zero: the addition rounds to multiples of 2^-24 */
        float t = pr_f32_bits(a) + 0.5f;
        return (uint16_t)(sign | (pr_bits_f32(t) - 0x3f000000u));
    }
    uint32_t r = a + 0xfffu + ((a >> 13) & 1u);
    return (uint16_t)(sign | ((r - 0x38000000u) >> 13));
}
/* OCP 8-bit floating point, June 2023: E4M3 has no infinity, S.1111.111 is NaN. */
float pr_f8_e4m3_to_f32(uint8_t b);
float pr_f8_e5m2_to_f32(uint8_t b);
#endif
