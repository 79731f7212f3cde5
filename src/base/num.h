/* num.h - sizes from a file are checked before they are added or multiplied. */
#ifndef PR_NUM_H
#define PR_NUM_H
/* *r = a + b (or a * b); false, and *r = 0, if that does not fit. */
static inline bool pr_add_u64(uint64_t a, uint64_t b, uint64_t *r) {
    if (__builtin_add_overflow(a, b, r)) return *r = 0, false;
    return true;
}
static inline bool pr_mul_u64(uint64_t a, uint64_t b, uint64_t *r) {
    if (__builtin_mul_overflow(a, b, r)) return *r = 0, false;
    return true;
}
/* Round `a` up to a multiple of `m` (> 0), false if it does not fit. */
static inline bool pr_round_up_u64(uint64_t a, uint64_t m, uint64_t *r) {
    uint64_t rest = a % m;
    return rest ? pr_add_u64(a, m - rest, r) : (*r = a, true);
}
/* The whole text is a number in lo…hi: true. No locale, no white space. */
bool pr_parse_i64(const char *s, int64_t lo, int64_t hi, int64_t *out);
bool pr_parse_f64(const char *s, double lo, double hi, double *out);
/* "512", "64k", "1.5G", "512MB", "2GiB" → bytes (k = 1000, Ki = 1024). */
bool pr_parse_bytes(const char *s, uint64_t *out);
/* Little-endian loads from any address. */
uint16_t pr_le16(const void *p);
uint32_t pr_le32(const void *p);
uint64_t pr_le64(const void *p);
#endif
