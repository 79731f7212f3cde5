/* codec_enc16_avx512.c - encoders, see codec_enc16_tmpl.h. */
#define NAME(x) pr_##x##_avx512
#include "codec/codec_enc16_tmpl.h"
