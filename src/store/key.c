/* key.c - keys of records. The hashed bytes are, for each part: one letter for its
 * type, the name's length (8 bytes, little-endian), the name, the value's length,
 * the value. Lengths come first, so no two lists of parts have the same bytes. */
#include "store/store.h"

static void put_u64(pr_sha256_ctx *c, uint64_t v) {
    uint8_t b[8];
    for (int i = 0; i < 8; i++) b[i] = (uint8_t)(v >> (8 * i));
    pr_sha256_add(c, b, 8);
}

static void put_part(pr_key *k, char type, const char *name, const void *p, size_t n) {
    if (!k->c) return; /* memory failed; pr_key_end says so */
    size_t n_name = strlen(name);
    pr_sha256_add(k->c, &type, 1);
    put_u64(k->c, n_name);
    pr_sha256_add(k->c, name, n_name);
    put_u64(k->c, n);
    if (n) pr_sha256_add(k->c, p, n);
}

void pr_key_begin(pr_key *k, const char *kind, const char *version) {
    k->c = pr_sha256_new();
    pr_key_str(k, "kind", kind);
    pr_key_str(k, "pare", version);
}

void pr_key_str(pr_key *k, const char *name, const char *value) {
    if (value)
        put_part(k, 's', name, value, strlen(value));
    else
        put_part(k, '0', name, NULL, 0);
}

void pr_key_bytes(pr_key *k, const char *name, const void *p, size_t n) {
    put_part(k, 'x', name, p, n);
}

static void put_number(pr_key *k, char type, const char *name, uint64_t v) {
    uint8_t b[8];
    for (int i = 0; i < 8; i++) b[i] = (uint8_t)(v >> (8 * i));
    put_part(k, type, name, b, 8);
}

void pr_key_i64(pr_key *k, const char *name, int64_t value) {
    put_number(k, 'i', name, (uint64_t)value);
}

void pr_key_f64(pr_key *k, const char *name, double value) {
    uint64_t bits = 0x7ff8000000000000u; /* the one NaN */
    if (value == value) {
        memcpy(&bits, &value, 8);
        if (value == 0) bits = 0; /* also -0 */
    }
    put_number(k, 'f', name, bits);
}

void pr_key_bool(pr_key *k, const char *name, bool value) {
    put_number(k, 'b', name, value);
}

void pr_key_sha(pr_key *k, const char *name, const pr_sha256 *value) {
    put_part(k, 'h', name, value->b, sizeof value->b);
}

pare_status pr_key_end(pr_key *k, char hex[65], pare_err *err) {
    hex[0] = 0;
    if (!k->c) return pr_fail_nomem(err, 0);
    pr_sha256 h = pr_sha256_end(k->c);
    k->c = NULL;
    pr_sha256_hex(&h, hex);
    return PARE_OK;
}

void pr_key_drop(pr_key *k) {
    if (k->c) (void)pr_sha256_end(k->c);
    k->c = NULL;
}
