/* codec_group_avx2.c - rows in groups, see codec_group_tmpl.h. */
#define NAME(x) pr_##x##_avx2
#include "codec/codec_group_tmpl.h"
