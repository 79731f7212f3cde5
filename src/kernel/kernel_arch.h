/* kernel_arch.h - the one line that decides which ladder this build has. */
#ifndef PR_KERNEL_ARCH_H
#define PR_KERNEL_ARCH_H
#include "kernel.h"

/* Override in `k` whatever the CPU of `flags` does faster. */
#ifdef PARE_X86
void pr_kernels_arch(pr_kernels *k, uint32_t flags);
#else
static inline void pr_kernels_arch(pr_kernels *k, uint32_t flags) { (void)k, (void)flags; }
#endif
#endif
