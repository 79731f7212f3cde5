/* codec_enc32.c - encoders, see codec_enc32_tmpl.h. */
#define NAME(x) pr_##x##_ref
#include "codec/codec_enc32_tmpl.h"
