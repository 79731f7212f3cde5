/* hash.h - SHA-256 (OpenSSL's), for identity; a fast hash for tables. */
#ifndef PR_HASH_H
#define PR_HASH_H
typedef struct {
    uint8_t b[32];
} pr_sha256;
typedef struct pr_sha256_ctx pr_sha256_ctx;
pr_sha256_ctx *pr_sha256_new(void); /* NULL: no memory */
void           pr_sha256_add(pr_sha256_ctx *c, const void *p, size_t n);
pr_sha256      pr_sha256_end(pr_sha256_ctx *c); /* frees `c` */
pr_sha256      pr_sha256_of(const void *p, size_t n);
/* 64 lower-case hex digits and a NUL. */
void     pr_sha256_hex(const pr_sha256 *h, char dst[65]);
/* The reverse; false if `hex` is not 64 such digits. */
bool     pr_sha256_parse(const char *hex, pr_sha256 *out);
uint64_t pr_hash64(const void *p, size_t n); /* not for hostile secrets; stable across machines */
#endif
