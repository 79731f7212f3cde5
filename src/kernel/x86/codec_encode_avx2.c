/* codec_encode_avx2.c - encoders, see codec_encode_tmpl.h. */
#define NAME(x) pr_##x##_avx2
#include "kernel/codec_encode_tmpl.h"
