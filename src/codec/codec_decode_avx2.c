/* codec_decode_avx2.c - decoders, see codec_decode_tmpl.h. */
#define NAME(x) pr_##x##_avx2
#include "codec/codec_decode_tmpl.h"
