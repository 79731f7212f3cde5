/* hash.c - SHA-256 through OpenSSL's EVP; a multiplicative hash for tables. */
#include "base.h"
#include <openssl/evp.h>

struct pr_sha256_ctx {
    EVP_MD_CTX *md;
};

pr_sha256_ctx *pr_sha256_new(void) {
    pr_sha256_ctx *c = pr_calloc(1, sizeof *c);
    if (!c) return NULL;
    c->md = EVP_MD_CTX_new();
    if (!c->md || !EVP_DigestInit_ex(c->md, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(c->md);
        pr_free(c);
        return NULL;
    }
    return c;
}

void pr_sha256_add(pr_sha256_ctx *c, const void *p, size_t n) {
    EVP_DigestUpdate(c->md, p, n);
}

pr_sha256 pr_sha256_end(pr_sha256_ctx *c) {
    pr_sha256 h = {{0}};
    EVP_DigestFinal_ex(c->md, h.b, NULL);
    EVP_MD_CTX_free(c->md);
    pr_free(c);
    return h;
}

pr_sha256 pr_sha256_of(const void *p, size_t n) {
    pr_sha256 h = {{0}};
    EVP_Digest(p, n, h.b, NULL, EVP_sha256(), NULL);
    return h;
}

void pr_sha256_hex(const pr_sha256 *h, char dst[65]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        dst[2 * i] = digits[h->b[i] >> 4];
        dst[2 * i + 1] = digits[h->b[i] & 15];
    }
    dst[64] = 0;
}

bool pr_sha256_parse(const char *hex, pr_sha256 *out) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 64; i++) {
        const char *d = hex[i] ? strchr(digits, hex[i]) : NULL;
        if (!d) return false;
        uint8_t v = (uint8_t)(d - digits);
        out->b[i / 2] = i % 2 ? (uint8_t)(out->b[i / 2] | v) : (uint8_t)(v << 4);
    }
    return hex[64] == 0;
}

/* Mixes eight bytes at a time; the finish is splitmix64's (Steele et al. 2014). */
uint64_t pr_hash64(const void *p, size_t n) {
    const uint8_t *b = p;
    uint64_t       h = 0x9e3779b97f4a7c15u ^ (n * 0xff51afd7ed558ccdu);
    for (; n >= 8; n -= 8, b += 8) {
        h = (h ^ pr_le64(b)) * 0xbf58476d1ce4e5b9u;
        h ^= h >> 29;
    }
    uint64_t tail = 0;
    for (size_t i = 0; i < n; i++) tail |= (uint64_t)b[i] << (8 * i);
    h = (h ^ tail) * 0x94d049bb133111ebu;
    h ^= h >> 30;
    h *= 0xbf58476d1ce4e5b9u;
    return h ^ (h >> 31);
}
