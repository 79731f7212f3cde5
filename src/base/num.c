/* num.c - text to numbers, bytes to numbers. */
#include "base.h"
#include <errno.h>
#include <locale.h>
#include <stdlib.h>

bool pr_parse_i64(const char *s, int64_t lo, int64_t hi, int64_t *out) {
    const char *p = s + (*s == '-' || *s == '+');
    *out = 0;
    if (*p < '0' || *p > '9') return false;
    char *end;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end || v < lo || v > hi) return false;
    *out = v;
    return true;
}

bool pr_parse_f64(const char *s, double lo, double hi, double *out) {
    *out = 0;
    if (!(*s == '-' || *s == '+' || *s == '.' || (*s >= '0' && *s <= '9'))) return false;
    char    *end;
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (!c) return false;
    errno = 0;
    double v = strtod_l(s, &end, c);
    freelocale(c);
    if (errno == ERANGE || *end || !(v >= lo && v <= hi)) return false;
    *out = v;
    return true;
}

bool pr_parse_bytes(const char *s, uint64_t *out) {
    char   digits[64];
    size_t n = strspn(s, "0123456789.");
    double v;
    *out = 0;
    if (n == 0 || n >= sizeof digits) return false;
    memcpy(digits, s, n);
    digits[n] = 0;
    if (!pr_parse_f64(digits, 0, 1e18, &v)) return false;
    const char *unit = s + n, *letters = "kMGT";
    double      base = 1;
    if (*unit) {
        const char *l = strchr(letters, *unit == 'K' ? 'k' : *unit);
        if (l) {
            bool binary = unit[1] == 'i';
            for (const char *k = letters; k <= l; k++) base *= binary ? 1024.0 : 1000.0;
            unit += binary ? 2 : 1;
        }
        if (*unit == 'B') unit++;
        if (*unit) return false;
    }
    v *= base;
    if (v > 9e18) return false;
    *out = (uint64_t)v;
    return true;
}

uint16_t pr_le16(const void *p) {
    const uint8_t *b = p;
    return (uint16_t)(b[0] | b[1] << 8);
}
uint32_t pr_le32(const void *p) {
    const uint8_t *b = p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}
uint64_t pr_le64(const void *p) {
    const uint8_t *b = p;
    return (uint64_t)pr_le32(b) | (uint64_t)pr_le32(b + 4) << 32;
}
