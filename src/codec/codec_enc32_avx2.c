/* codec_enc32_avx2.c - encoders, see codec_enc32_tmpl.h. */
#define NAME(x) pr_##x##_avx2
#include "codec/codec_enc32_tmpl.h"
