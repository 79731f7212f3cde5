/* compute.h - loops that do nothing but arithmetic, one per instruction set (private). Each does
 * `rounds` rounds on registers and gives a value that depends on all of them, so that nothing is
 * left out. `ops`: operations of one round (a multiply and an add are two). */
#ifndef PR_HW_COMPUTE_H
#define PR_HW_COMPUTE_H
#include "hw/hw.h"

typedef struct {
    double (*f32)(uint64_t rounds);
    double (*int8)(uint64_t rounds);
    int f32_ops, int8_ops;
} compute_loops;

extern const compute_loops compute_plain, compute_avx2, compute_avx512;
#endif
