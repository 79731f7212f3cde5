/* codec_encode_avx512.c - encoders, see codec_encode_tmpl.h. */
#define NAME(x) pr_##x##_avx512
#include "kernel/codec_encode_tmpl.h"
