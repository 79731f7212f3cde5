/* codec.h - the door of `codec`: rows of stored numbers to float32 and back, every type at
 * every instruction set (codecs.def says what each promises).
 *
 *   pr_decode_q4_k_ref(dst, src, 256);
 *
 * `kernel` puts them into its tables; everybody else asks there (pr_decode_get). They keep no
 * state, allocate nothing, and give the same bytes at every level: any thread may call. */
#ifndef PR_CODEC_H
#define PR_CODEC_H
#include "base/base.h"
#include "codec/group.h"
#include "tensor/tensor.h"

#define KERNEL(name, ret, params) ret pr_##name##_ref params;
#include "codec/codecs.def"
#undef KERNEL
#ifdef PARE_X86
#define KERNEL(name, ret, params) ret pr_##name##_avx2 params;
#include "codec/codecs.def"
#undef KERNEL
#define KERNEL(name, ret, params) ret pr_##name##_avx512 params;
#include "codec/codecs.def"
#undef KERNEL
#endif

/* Blocks whose values are levels under scales: so many levels, and neighbours that share a
 * scale. */
typedef struct {
    int n, sub;
} pr_levels;
/* False: blocks of `t` are not such, or have a level for each of 256 values (Q8_0). */
bool pr_levels_of(pr_type t, pr_levels *out);
/* The levels of one block, a byte each, 0 … n-1 as stored; and others in their place, the scales
 * being as they are. `t` must be one of them. */
void pr_levels_take(pr_type t, const void *block, uint8_t *lev);
void pr_levels_put(pr_type t, void *block, const uint8_t *lev);
#endif
