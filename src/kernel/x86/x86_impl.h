/* x86_impl.h - prototypes of the variants; those that the ladder does not take do not exist. */
#ifndef PR_X86_IMPL_H
#define PR_X86_IMPL_H
#include "../kernel.h"
#define KERNEL(name, ret, params) ret pr_##name##_avx2 params; ret pr_##name##_avx512 params;
#include "../kernels.def"
#undef KERNEL
#endif
