/* codec_enc16.c - encoders, see codec_enc16_tmpl.h. */
#define NAME(x) pr_##x##_ref
#include "codec/codec_enc16_tmpl.h"
