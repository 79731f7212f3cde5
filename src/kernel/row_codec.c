/* row_codec.c - which codec a type has, in a table of kernels. */
#include "kernel/kernel.h"

#define CODEC_BOTH(X)                                                                          \
    X(F32, f32)                                                                                \
    X(F16, f16) X(BF16, bf16) X(Q8_0, q8_0) X(Q4_0, q4_0) X(Q4_1, q4_1) X(Q5_0, q5_0)          \
        X(Q5_1, q5_1) X(Q2_K, q2_k) X(Q3_K, q3_k) X(Q4_K, q4_k) X(Q5_K, q5_k) X(Q6_K, q6_k)    \
            X(IQ4_NL, iq4_nl) X(IQ4_XS, iq4_xs)
#define CODEC_DECODE(X) CODEC_BOTH(X) X(F64, f64) X(F8_E4M3, f8_e4m3) X(F8_E5M2, f8_e5m2)

pr_row_decode pr_decode_get(const pr_kernels *k, pr_type type) {
    switch (type) {
#define X(T, t)                                                                                \
    case PR_##T:                                                                               \
        return k->decode_##t;
        CODEC_DECODE(X)
#undef X
    default:
        return NULL;
    }
}

pr_row_encode pr_encode_get(const pr_kernels *k, pr_type type) {
    switch (type) {
#define X(T, t)                                                                                \
    case PR_##T:                                                                               \
        return k->encode_##t;
        CODEC_BOTH(X)
#undef X
    default:
        return NULL;
    }
}
