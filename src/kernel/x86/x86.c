/* x86.c - the ladder: each rung overrides what it does faster than the one below. */
#include "../kernel_arch.h"
#include "../codec.h"

void pr_kernels_arch(pr_kernels *k, uint32_t flags) {
    if (!(flags & PR_CPU_AVX2)) return;
    k->level = "avx2";
#define KERNEL(name, ret, params) k->name = pr_##name##_avx2;
#include "../codecs.def"
#undef KERNEL
    if (!(flags & PR_CPU_AVX512)) return;
    k->level = "avx512";
#define KERNEL(name, ret, params) k->name = pr_##name##_avx512;
#include "../codecs.def"
#undef KERNEL
}
