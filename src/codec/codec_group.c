/* codec_group.c - rows in groups, see codec_group_tmpl.h. */
#define NAME(x) pr_##x##_ref
#include "codec/codec_group_tmpl.h"
