/* x86.c - the ladder: each rung overrides what it does faster than the one below. */
#include "../kernel_arch.h"
#include "codec/codec.h"
#include "x86_impl.h"

#define QROWS(level)                                                                           \
    QROW(q4_0, level)                                                                          \
    QROW(q4_1, level) QROW(q5_0, level) QROW(q5_1, level) QROW(q8_0, level)                    \
        QROW(iq4_nl, level) QROW(q2_k, level) QROW(q3_k, level) QROW(q4_k, level)              \
            QROW(q5_k, level) QROW(q6_k, level) QROW(iq4_xs, level)
#define TAKE(name, level) k->name = pr_##name##_##level;
#define QROW(t, level) k->unpack_##t = pr_unpack_##t##_##level, k->gemv_##t = pr_gemv_##t##_##level;

#define LINEAR(level)                                                                          \
    TAKE(gemm_i8, level) TAKE(unpack_group, level) TAKE(gemv_group, level)                     \
    TAKE(panel_pack, level) TAKE(act_quantize, level) TAKE(store_q8_0, level)                  \
        TAKE(gemm_f32, level) TAKE(gemv_f32, level) TAKE(gemv_f16, level)                      \
            TAKE(gemv_bf16, level)
#define ELEMS(level)                                                                           \
    TAKE(add, level)                                                                           \
    TAKE(silu_mul, level) TAKE(exp, level) TAKE(rms_norm, level) TAKE(rope_half, level)        \
        TAKE(softmax, level) TAKE(store_f16, level) TAKE(attn_scores_q8_0, level)              \
                TAKE(attn_mix_f32, level) TAKE(attn_mix_f16, level) TAKE(attn_mix_q8_0, level) \
                    TAKE(row_max, level) TAKE(row_sum_exp, level) TAKE(row_kld, level)         \
                        TAKE(row_nonfinite, level)

void pr_kernels_arch(pr_kernels *k, uint32_t flags) {
    if (!(flags & PR_CPU_AVX2)) return;
    k->level = "avx2";
#define KERNEL(name, ret, params) k->name = pr_##name##_avx2;
#include "codec/codecs.def"
#undef KERNEL
    QROWS(avx2)
    LINEAR(avx2)
    ELEMS(avx2)
    TAKE(rope_pair, avx2)
    TAKE(attn_scores_f32, avx2) TAKE(attn_scores_f16, avx2)
    if (!(flags & PR_CPU_AVX512)) return;
    k->level = "avx512";
#define KERNEL(name, ret, params) k->name = pr_##name##_avx512;
#include "codec/codecs.def"
#undef KERNEL
    QROWS(avx512)
    ELEMS(avx512)
    LINEAR(avx512)
}
