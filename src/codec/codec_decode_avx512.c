/* codec_decode_avx512.c - decoders, see codec_decode_tmpl.h. */
#define NAME(x) pr_##x##_avx512
#include "codec/codec_decode_tmpl.h"
