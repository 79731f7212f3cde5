/* kernel_impl.h - prototypes of every kernel's reference, and the small pieces of the
 * definitions that several references share. Private to the room. */
#ifndef PR_KERNEL_IMPL_H
#define PR_KERNEL_IMPL_H
#include "kernel.h"
#include <math.h>

#define KERNEL(name, ret, params) ret pr_##name##_ref params;
#include "kernels.def"
#undef KERNEL

/* The sum of 16 lanes, in the one order that every level follows. */
static inline float pr_tree16(float *lane) {
    for (int step = 8; step; step /= 2)
        for (int l = 0; l < step; l++) lane[l] += lane[l + step];
    return lane[0];
}
static inline double pr_tree16d(double *lane) {
    for (int step = 8; step; step /= 2)
        for (int l = 0; l < step; l++) lane[l] += lane[l + step];
    return lane[0];
}

/* kexp and its constants: 0x1.62e4p-1 has 15 bits, so that k times it is exact. */
#define PR_KEXP_LO (-87.3f)
#define PR_KEXP_HI 88.37f
#define PR_KEXP_LOG2E 0x1.715476p+0f
#define PR_KEXP_LN2_HI 0x1.62e4p-1f
#define PR_KEXP_LN2_LO 0x1.7f7d1cp-20f
#define PR_KEXP_C2 0.5f
#define PR_KEXP_C3 (1.0f / 6)
#define PR_KEXP_C4 (1.0f / 24)
#define PR_KEXP_C5 (1.0f / 120)
#define PR_KEXP_C6 (1.0f / 720)
#define PR_KEXP_C7 (1.0f / 5040)

static inline float pr_kexp(float x) {
    if (x < PR_KEXP_LO) return 0;
    if (x > PR_KEXP_HI) return INFINITY;
    if (x != x) return x;
    float k = rintf(x * PR_KEXP_LOG2E);
    float r = fmaf(-k, PR_KEXP_LN2_HI, x);
    r = fmaf(-k, PR_KEXP_LN2_LO, r);
    float p = fmaf(r, PR_KEXP_C7, PR_KEXP_C6);
    p = fmaf(p, r, PR_KEXP_C5);
    p = fmaf(p, r, PR_KEXP_C4);
    p = fmaf(p, r, PR_KEXP_C3);
    p = fmaf(p, r, PR_KEXP_C2);
    p = fmaf(p, r, 1.0f);
    p = fmaf(p, r, 1.0f);
    return p * pr_f32_bits((uint32_t)((int32_t)k + 127) << 23);
}

/* dexp: the coefficients of degree 2…13 are 1/i!, highest first. */
#define PR_DEXP_LO (-708.0)
#define PR_DEXP_HI 709.0
#define PR_DEXP_LOG2E 0x1.71547652b82fep+0
#define PR_DEXP_LN2_HI 0x1.62e42fefa0000p-1
#define PR_DEXP_LN2_LO 0x1.cf79abc9e3b3ap-40
#define PR_DEXP_TERMS(X)                                                                       \
    X(1.0 / 479001600)                                                                         \
    X(1.0 / 39916800) X(1.0 / 3628800) X(1.0 / 362880) X(1.0 / 40320) X(1.0 / 5040)            \
        X(1.0 / 720) X(1.0 / 120) X(1.0 / 24) X(1.0 / 6) X(0.5) X(1.0) X(1.0)
#define PR_DEXP_FIRST (1.0 / 6227020800)

static inline double pr_dexp(double x) {
    if (x < PR_DEXP_LO) return 0;
    if (x > PR_DEXP_HI) return INFINITY;
    if (x != x) return x;
    double k = rint(x * PR_DEXP_LOG2E);
    double r = fma(-k, PR_DEXP_LN2_HI, x);
    r = fma(-k, PR_DEXP_LN2_LO, r);
    double p = PR_DEXP_FIRST;
#define X(c) p = fma(p, r, (c));
    PR_DEXP_TERMS(X)
#undef X
    uint64_t bits = (uint64_t)((int64_t)k + 1023) << 52;
    double   scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* Magnitudes as integers: order is kept, and NaN is above infinity. */
#define PR_ABS_INF 0x7f800000u
#define PR_ABS_TINY 0x0d800000u /* 2^-100 */
#define PR_ABS_NAN 0x7fc00000u

/* One row of 6-bit scales and mins of Q4_K and Q5_K: sc[0…7], m[0…7]. */
static inline void pr_scales_k4(uint8_t *sc_m16, const uint8_t *s) {
    uint32_t a, b, c;
    memcpy(&a, s, 4), memcpy(&b, s + 4, 4), memcpy(&c, s + 8, 4);
    uint32_t out[4] = {a & 0x3f3f3f3fu, (c & 0x0f0f0f0fu) | (a >> 2 & 0x30303030u),
                       b & 0x3f3f3f3fu, (c >> 4 & 0x0f0f0f0fu) | (b >> 2 & 0x30303030u)};
    memcpy(sc_m16, out, 16);
}
/* Sixteen 6-bit scales of Q3_K, still with their offset of 32. */
static inline void pr_scales_k3(uint8_t *sc16, const uint8_t *s) {
    uint32_t a, b, c;
    memcpy(&a, s, 4), memcpy(&b, s + 4, 4), memcpy(&c, s + 8, 4);
    uint32_t out[4] = {(a & 0x0f0f0f0fu) | (c << 4 & 0x30303030u),
                       (b & 0x0f0f0f0fu) | (c << 2 & 0x30303030u),
                       (a >> 4 & 0x0f0f0f0fu) | (c & 0x30303030u),
                       (b >> 4 & 0x0f0f0f0fu) | (c >> 2 & 0x30303030u)};
    memcpy(sc16, out, 16);
}

/* The 16 levels of IQ4_NL and IQ4_XS, plus 128. */
#define PR_IQ4_CODES 1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241
#endif
