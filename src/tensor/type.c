/* type.c - the table of types, and what can be asked of it. */
#include "tensor.h"
#include <strings.h>

static const pr_type_info types[PR_TYPE_N] = {
#define TYPE(name, text, block, bytes, gguf, st, kind)                                         \
    {text, block, bytes, gguf, st, PR_KIND_##kind},
#include "types.def"
#undef TYPE
};

const pr_type_info *pr_type_get(pr_type t) {
    return &types[t];
}

bool pr_type_from_gguf(uint32_t id, pr_type *out) {
    for (int t = 0; t < PR_TYPE_N; t++)
        if (types[t].gguf_id >= 0 && (uint32_t)types[t].gguf_id == id)
            return *out = (pr_type)t, true;
    return false;
}

bool pr_type_from_safetensors(pr_str name, pr_type *out) {
    for (int t = 0; t < PR_TYPE_N; t++)
        if (types[t].st_name && pr_str_eq(name, pr_str_of(types[t].st_name)))
            return *out = (pr_type)t, true;
    return false;
}

bool pr_type_from_name(const char *name, pr_type *out) {
    for (int t = 0; t < PR_TYPE_N; t++)
        if (strcasecmp(types[t].name, name) == 0) return *out = (pr_type)t, true;
    return false;
}

bool pr_type_row_bytes(pr_type t, uint64_t n, uint64_t *bytes) {
    uint64_t block = (uint64_t)types[t].block;
    *bytes = 0;
    if (n % block) return false;
    return pr_mul_u64(n / block, (uint64_t)types[t].bytes, bytes);
}

float pr_f8_e4m3_to_f32(uint8_t b) {
    uint32_t sign = (uint32_t)(b & 0x80u) << 24, e = (b >> 3) & 15u, m = b & 7u;
    if (e == 15 && m == 7) return pr_f32_bits(sign | 0x7fc00000u);
    if (e) return pr_f32_bits(sign | ((e + 120u) << 23) | (m << 20));
    float f = (float)m * 0x1p-9f;
    return sign ? -f : f;
}

float pr_f8_e5m2_to_f32(uint8_t b) {
    return pr_f16_to_f32((uint16_t)((uint16_t)b << 8)); /* the upper half of a binary16 */
}
