/* pk.c - one key: made, read, written, used. OpenSSL does the arithmetic.
 *
 * Always true: `pem` and `print` belong to the public half; the private half is only in
 * OpenSSL's memory, and in the text that pr_pk_put_secret appends. Error texts never quote what was
 * read. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include "cert.h"
#include "key_file.h"

static const struct {
    const char *name, *curve;
    const char *md;
} kinds[PR_PK_N] = {{"Ed25519", NULL, NULL},
                    {"ECDSA P-256", "prime256v1", "SHA256"},
                    {"ECDSA P-384", "secp384r1", "SHA384"},
                    {"ECDSA P-521", "secp521r1", "SHA512"}};

const char *pr_pk_kind_name(pr_pk_kind kind) {
    return (unsigned)kind < PR_PK_N ? kinds[kind].name : "?";
}

/* OpenSSL's queue of errors belongs to the thread: left as it was found, empty. */
static pare_status failed(pare_err *err, pare_status status, const char *what) {
    ERR_clear_error();
    return pr_fail(err, status, -1, "%s", what);
}

void pr_pk_close(pr_pk *k) {
    if (k->handle) EVP_PKEY_free(k->handle);
    *k = (pr_pk){0};
}

static bool kind_of(EVP_PKEY *key, pr_pk_kind *out) {
    char   curve[64];
    size_t n;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return *out = PR_PK_ED25519, true;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        !EVP_PKEY_get_group_name(key, curve, sizeof curve, &n))
        return false;
    for (int i = PR_PK_P256; i < PR_PK_N; i++)
        if (strcmp(curve, kinds[i].curve) == 0) return *out = (pr_pk_kind)i, true;
    return false;
}

/* Takes `key` over. */
static pare_status adopt(pr_pk *out, EVP_PKEY *key, bool secret, pare_err *err) {
    pr_pk k = {.handle = key, .secret = secret};
    char *p;
    *out = (pr_pk){0};
    if (!kind_of(key, &k.kind)) {
        EVP_PKEY_free(key);
        return failed(err, PARE_EUNSUPPORTED,
                      "found a key of another kind, expected Ed25519 or ECDSA over P-256, P-384 or "
                      "P-521");
    }
    BIO *mem = BIO_new(BIO_s_mem());
    long n = mem && PEM_write_bio_PUBKEY(mem, key) == 1 ? BIO_get_mem_data(mem, &p) : 0;
    if (n > 0 && (size_t)n < sizeof k.pem) memcpy(k.pem, p, (size_t)n);
    BIO_free(mem);
    if (n <= 0 || (size_t)n >= sizeof k.pem) {
        EVP_PKEY_free(key);
        return failed(err, PARE_ENOMEM, "no memory for a key");
    }
    pr_sha256 h = pr_sha256_of(k.pem, strlen(k.pem));
    pr_sha256_hex(&h, k.print);
    *out = k;
    ERR_clear_error();
    return PARE_OK;
}

pare_status pr_pk_new(pr_pk *out, pr_pk_kind kind, pare_err *err) {
    EVP_PKEY *key = kind == PR_PK_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                          : EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[kind].curve);
    *out = (pr_pk){0};
    if (!key) return failed(err, PARE_EENV, "the system gives no random numbers for a key");
    return adopt(out, key, true, err);
}

/* OpenSSL would ask on the terminal. */
static int no_passphrase(char *buf, int size, int rw, void *user) {
    (void)buf, (void)size, (void)rw, (void)user;
    return -1;
}

pare_status pr_pk_read_public(pr_pk *out, pr_str pem, pare_err *err) {
    *out = (pr_pk){0};
    if (pem.n > 1 << 16) return failed(err, PARE_EINPUT, "found over 64 KB, expected a public key");
    BIO *mem = BIO_new_mem_buf(pem.p ? pem.p : "", (int)pem.n);
    if (!mem) return pr_fail_nomem(err, 4096);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(mem, NULL, no_passphrase, NULL);
    BIO_free(mem);
    if (!key) return failed(err, PARE_EINPUT, "found no public key, expected one in PEM");
    return adopt(out, key, false, err);
}

typedef struct {
    const char *pass;
    size_t      n;
    bool        asked;
} pass_of;

static int give_passphrase(char *buf, int size, int rw, void *user) {
    pass_of *p = user;
    (void)rw;
    p->asked = true;
    if (!p->n || p->n > (size_t)size) return -1;
    memcpy(buf, p->pass, p->n);
    return (int)p->n;
}

pare_status pr_pk_read_secret(pr_pk *out, pr_str *pem, const char *pass, size_t n_pass,
                              bool *asked, pare_err *err) {
    pass_of p = {.pass = pass, .n = n_pass};
    *out = (pr_pk){0};
    BIO *mem = BIO_new_mem_buf(pem->p, (int)pem->n);
    if (!mem) return pr_fail_nomem(err, 4096);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(mem, NULL, give_passphrase, &p);
    char     *rest;
    long      left = BIO_get_mem_data(mem, &rest);
    *pem = (pr_str){pem->p + (pem->n - (size_t)left), (size_t)left};
    BIO_free(mem);
    *asked = p.asked;
    if (!key && p.asked && n_pass)
        return failed(err, PARE_EREFUSED, "the passphrase does not open this key");
    if (!key)
        return p.asked ? failed(err, PARE_EREFUSED, "the key has a passphrase and none was given")
                       : failed(err, PARE_EINPUT, "found no private key, expected one in PEM");
    return adopt(out, key, true, err);
}

/* scrypt as `openssl pkcs8 -scrypt` has it: 16 MiB and some 50 ms for each guess. */
static X509_SIG *lock(PKCS8_PRIV_KEY_INFO *plain, const char *pass, size_t n) {
    X509_ALGOR *how =
        PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0, NULL, 16384, 8, 1);
    if (!how) return NULL;
    X509_SIG *locked = PKCS8_set0_pbe(pass, (int)n, plain, how);
    if (!locked) X509_ALGOR_free(how);
    return locked;
}

pare_status pr_pk_put_secret(const pr_pk *k, const char *pass, size_t n_pass, pr_buf *out,
                             pare_err *err) {
    if (n_pass > PR_PASS_MAX) return failed(err, PARE_EUSAGE, "the passphrase is too long");
    BIO                 *mem = BIO_new(BIO_s_secmem());
    PKCS8_PRIV_KEY_INFO *plain = mem ? EVP_PKEY2PKCS8(k->handle) : NULL;
    X509_SIG            *locked = plain && n_pass ? lock(plain, pass, n_pass) : NULL;
    bool                 ok = false;
    char                *p;
    if (plain && !n_pass) ok = PEM_write_bio_PKCS8_PRIV_KEY_INFO(mem, plain) == 1;
    if (locked) ok = PEM_write_bio_PKCS8(mem, locked) == 1;
    long n = ok ? BIO_get_mem_data(mem, &p) : 0;
    if (n > 0) pr_buf_add(out, p, (size_t)n);
    X509_SIG_free(locked);
    PKCS8_PRIV_KEY_INFO_free(plain);
    BIO_free(mem);
    if (n <= 0 || out->failed) return failed(err, PARE_ENOMEM, "no memory to write a key");
    ERR_clear_error();
    return PARE_OK;
}

static const EVP_MD *hash_of(const pr_pk *k) {
    const char *md = kinds[k->kind].md;
    return md ? EVP_get_digestbyname(md) : NULL; /* Ed25519 has its own within */
}

pare_status pr_pk_sign(const pr_pk *k, const void *p, size_t n, pr_arena *a, pr_str *sig,
                       pare_err *err) {
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    uint8_t     made[256];
    size_t      len = sizeof made;
    bool        ok = c && EVP_DigestSignInit(c, NULL, hash_of(k), NULL, k->handle) == 1 &&
              EVP_DigestSign(c, made, &len, p, n) == 1;
    EVP_MD_CTX_free(c);
    if (!ok) return failed(err, PARE_EINTERNAL, "the key does not sign");
    char *copy = pr_arena_str(a, (const char *)made, len);
    if (!copy) return pr_fail_nomem(err, len);
    *sig = (pr_str){copy, len};
    return PARE_OK;
}

bool pr_pk_verify(const pr_pk *k, const void *p, size_t n, pr_str sig) {
    EVP_MD_CTX *c = k->handle ? EVP_MD_CTX_new() : NULL;
    bool ok = c && sig.n && EVP_DigestVerifyInit(c, NULL, hash_of(k), NULL, k->handle) == 1 &&
              EVP_DigestVerify(c, (const uint8_t *)sig.p, sig.n, p, n) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return ok;
}

bool pr_pk_same(const pr_pk *a, const pr_pk *b) {
    return a->handle && b->handle && EVP_PKEY_eq(a->handle, b->handle) == 1;
}

void pr_wipe(void *p, size_t n) {
    if (p) OPENSSL_cleanse(p, n);
}
