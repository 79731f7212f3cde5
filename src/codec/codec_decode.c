/* codec_decode.c - decoders, see codec_decode_tmpl.h. */
#define NAME(x) pr_##x##_ref
#include "codec/codec_decode_tmpl.h"
