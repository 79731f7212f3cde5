/* codec_group_avx512.c - rows in groups, see codec_group_tmpl.h. */
#define NAME(x) pr_##x##_avx512
#include "codec/codec_group_tmpl.h"
