/* registry.c - the architectures pare knows. One line each; where two share a name in a
 * dialect, the first is what a file of that name is read as. */
#include "arch.h"

const pr_arch *const pr_archs[] = {&pr_arch_llama, &pr_arch_mistral, &pr_arch_qwen2,
                                   &pr_arch_qwen3, NULL};
