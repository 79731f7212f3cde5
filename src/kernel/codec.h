/* codec.h - private to the room: the prototypes of the codecs at every level. */
#ifndef PR_CODEC_H
#define PR_CODEC_H
#include "base/base.h"
#include "tensor/tensor.h"

#define KERNEL(name, ret, params) ret pr_##name##_ref params;
#include "kernel/codecs.def"
#undef KERNEL
#ifdef PARE_X86
#define KERNEL(name, ret, params) ret pr_##name##_avx2 params;
#include "kernel/codecs.def"
#undef KERNEL
#define KERNEL(name, ret, params) ret pr_##name##_avx512 params;
#include "kernel/codecs.def"
#undef KERNEL
#endif
#endif
