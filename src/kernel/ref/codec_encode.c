/* codec_encode.c - encoders, see codec_encode_tmpl.h. */
#define NAME(x) pr_##x##_ref
#include "kernel/codec_encode_tmpl.h"
