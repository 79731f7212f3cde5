/* codec_enc16_avx2.c - encoders, see codec_enc16_tmpl.h. */
#define NAME(x) pr_##x##_avx2
#include "codec/codec_enc16_tmpl.h"
