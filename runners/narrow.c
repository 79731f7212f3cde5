/* narrow.c - 16-bit floats as float32, one by one: exact. (Not every compiler has a type for
 * them.) */
#include <string.h>
#include "helper.h"

float from_f16(uint16_t h) {
    int   e = h >> 10 & 31;
    float m = (float)(h & 1023), sign = h >> 15 ? -1.0f : 1.0f;
    if (e == 31) return m != 0 ? __builtin_nanf("") : sign * __builtin_inff();
    if (e > 0) m += 1024;
    else e = 1;
    return sign * __builtin_ldexpf(m, e - 25);
}

float from_bf16(uint16_t h) {
    uint32_t bits = (uint32_t)h << 16;
    float    v;
    memcpy(&v, &bits, sizeof v);
    return v;
}
