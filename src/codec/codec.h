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
#endif
