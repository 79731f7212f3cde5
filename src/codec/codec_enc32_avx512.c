/* codec_enc32_avx512.c - encoders, see codec_enc32_tmpl.h. */
#define NAME(x) pr_##x##_avx512
#include "codec/codec_enc32_tmpl.h"
