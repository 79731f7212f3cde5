/* keyring.c - a name's keys in their folder: made, opened, replaced.
 *
 * Always true: NAME.key holds both private halves and gets its name whole, so that there are never
 * two keys of different ages; public halves that do not belong to it are written again by whoever
 * opens it next, and links of a rotation whose key never came are left out.
 * Passphrases and key texts are wiped before their memory is given back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "key_file.h"

enum { KEY_TEXT_MAX = 16 << 10, ROTATIONS_MAX = 64 };

pare_status pr_keyring_dir(const char *given, pr_arena *a, const char **out, pare_err *err) {
    const char *own = getenv("PARE_KEYS"), *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (given && *given) *out = pr_arena_str(a, given, strlen(given));
    else if (own && *own) *out = pr_arena_str(a, own, strlen(own));
    else if (xdg && *xdg) *out = pr_path_join(a, xdg, "pare/keys");
    else if (home && *home) *out = pr_path_join(a, home, ".config/pare/keys");
    else
        return *out = NULL, pr_fail(err, PARE_EENV, -1,
                                    "no folder for keys: expected --keys, PARE_KEYS or HOME");
    return *out ? PARE_OK : pr_fail_nomem(err, 4096);
}

pare_status pr_keyring_dir_check(const char *dir, pare_err *err) {
    return pr_secret_dir(dir, false, err);
}

pare_status pr_keyring_name_check(const char *name, pare_err *err) {
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t            n = strlen(name);
    if (n && n <= 64 && strspn(name, legal) == n && name[0] != '.' && name[0] != '-')
        return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1,
                   "the name of a key has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or "
                   "digit");
}

typedef char key_path[4096];
static pare_status path_of(const pr_keyring *r, const char *suffix, key_path dst, pare_err *err) {
    PR_TRY(pr_keyring_name_check(r->name, err));
    int n = snprintf(dst, sizeof(key_path), "%s/%s%s", r->dir, r->name, suffix);
    if (n > 0 && (size_t)n < sizeof(key_path)) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1, "the name of the folder of keys is too long");
}

void pr_keypair_done(pr_keypair *k) {
    pr_pk_close(&k->ed);
    pr_pk_close(&k->p256);
    pare_doc_free(k->rotation);
    *k = (pr_keypair){0};
}

static pare_status ask(const pr_keyring *r, pare_pass_for what, char pass[PR_PASS_MAX], size_t *n,
                       pare_err *err) {
    *n = 0;
    if (!r->ask) return PARE_OK;
    int k = r->ask(r->user, r->name, what, pass, PR_PASS_MAX);
    if (k < 0 || k > PR_PASS_MAX)
        return pr_fail(err, PARE_EREFUSED, -1, "no passphrase could be had for the keys '%s'",
                       r->name);
    *n = (size_t)k;
    return PARE_OK;
}

/* ------------------------------------------------------------------ writing */

static pare_status write_public(const pr_keyring *r, const pr_keypair *k, const char *age,
                                pare_err *err) {
    const pr_pk *each[] = {&k->ed, &k->p256};
    const char  *kind[] = {"ed25519", "p256"};
    for (int i = 0; i < 2; i++) {
        key_path path;
        char     suffix[64];
        snprintf(suffix, sizeof suffix, "%s.%s.pub", age, kind[i]);
        PR_TRY(path_of(r, suffix, path, err));
        PR_TRY(pr_file_write(path, each[i]->pem, strlen(each[i]->pem), err));
    }
    return PARE_OK;
}

static pare_status write_secret(const pr_keyring *r, const pr_keypair *k, const char *pass,
                                size_t n_pass, bool fresh, pare_err *err) {
    key_path path;
    pr_buf   text;
    PR_TRY(path_of(r, ".key", path, err));
    pr_buf_init(&text, KEY_TEXT_MAX);
    pare_status st = pr_pk_put_secret(&k->ed, pass, n_pass, &text, err);
    if (st == PARE_OK) st = pr_pk_put_secret(&k->p256, pass, n_pass, &text, err);
    if (st == PARE_OK) st = pr_secret_write(path, text.p, text.n, fresh, err);
    pr_wipe(text.p, text.n);
    pr_buf_done(&text);
    return st;
}

static pare_status pair_new(pr_keypair *k, pare_err *err) {
    PR_TRY(pr_pk_new(&k->ed, PR_PK_ED25519, err));
    return pr_pk_new(&k->p256, PR_PK_P256, err);
}

pare_status pr_keyring_make(const pr_keyring *r, pr_keypair *out, pare_err *err) {
    char        pass[PR_PASS_MAX];
    size_t      n = 0;
    key_path    path;
    pare_status st;
    *out = (pr_keypair){0};
    PR_GO(path_of(r, ".key", path, err));
    PR_GO(pr_secret_dir(r->dir, true, err));
    if (pr_path_exists(path)) {
        st = pr_fail(err, PARE_EREFUSED, -1,
                     "keys of this name are there: expected none (rotate replaces them)");
        st = pr_fail_in(err, st, path);
        goto done;
    }
    PR_GO(ask(r, PARE_PASS_NEW, pass, &n, err));
    PR_GO(pair_new(out, err));
    out->locked = n > 0;
    /* The private half first: it claims the name. Whoever fails behind it has its public one
     * written again by the next who opens it. */
    PR_GO(write_secret(r, out, pass, n, true, err));
    PR_GO(write_public(r, out, "", err));
done:
    pr_wipe(pass, sizeof pass);
    if (st != PARE_OK) pr_keypair_done(out);
    return st;
}

/* ------------------------------------------------------------------ reading */

static pare_status read_both(pr_str pem, const char *pass, size_t n, pr_keypair *out,
                             pare_err *err) {
    bool a = false, b = false;
    PR_TRY(pr_pk_read_secret(&out->ed, &pem, pass, n, &a, err));
    PR_TRY(pr_pk_read_secret(&out->p256, &pem, pass, n, &b, err));
    out->locked = a || b;
    if (out->ed.kind == PR_PK_ED25519 && out->p256.kind == PR_PK_P256) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "found %s and %s, expected Ed25519 and ECDSA P-256",
                   pr_pk_kind_name(out->ed.kind), pr_pk_kind_name(out->p256.kind));
}

static pare_status read_rotation(const pr_keyring *r, pr_keypair *out, pare_err *err) {
    key_path path;
    PR_TRY(path_of(r, ".rotation.json", path, err));
    if (!pr_path_exists(path)) return PARE_OK;
    PR_TRY(pr_json_read(&out->rotation, path, NULL, err));
    return pr_rotation_trim(&out->rotation, out->ed.print, err);
}

static bool has_pass(pr_str pem) {
    static const char mark[] = "BEGIN ENCRYPTED PRIVATE KEY";
    for (size_t i = 0; i + sizeof mark <= pem.n; i++)
        if (memcmp(pem.p + i, mark, sizeof mark - 1) == 0) return true;
    return false;
}

static pare_status open_secret(const pr_keyring *r, pr_keypair *out, char pass[PR_PASS_MAX],
                               size_t *n_pass, pare_err *err) {
    key_path path;
    char    *text = NULL;
    size_t   n = 0;
    *n_pass = 0;
    PR_TRY(path_of(r, ".key", path, err));
    PR_TRY(pr_secret_dir(r->dir, false, err));
    if (!pr_path_exists(path))
        return pr_fail_in(err,
                          pr_fail(err, PARE_EINPUT, -1,
                                  "there are no keys '%s': expected them here (pare key generate)",
                                  r->name),
                          path);
    PR_TRY(pr_secret_read(path, &text, &n, err));
    pr_str      pem = {text, n};
    pare_status st = has_pass(pem) ? ask(r, PARE_PASS_OPEN, pass, n_pass, err) : PARE_OK;
    if (st == PARE_OK) st = read_both(pem, pass, *n_pass, out, err);
    pr_wipe(text, n);
    pr_free(text);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

static pare_status read_public(const pr_keyring *r, const char *suffix, pr_arena *a, pr_pk *out,
                               pare_err *err) {
    key_path path;
    pr_str   text;
    PR_TRY(path_of(r, suffix, path, err));
    PR_TRY(pr_file_read(path, KEY_TEXT_MAX, a, &text, err));
    pare_status st = pr_pk_read_public(out, text, err);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

/* Whoever made or rotated the keys may have been killed before their public halves were there.
 * Where they cannot be written the keys are as good without. */
static void mend_public(const pr_keyring *r, const pr_keypair *k) {
    pr_pk     ed = {0}, p256 = {0};
    pr_arena *a = pr_arena_new(1 << 20);
    if (!a) return;
    if (read_public(r, ".ed25519.pub", a, &ed, NULL) != PARE_OK ||
        read_public(r, ".p256.pub", a, &p256, NULL) != PARE_OK || !pr_pk_same(&ed, &k->ed) ||
        !pr_pk_same(&p256, &k->p256))
        write_public(r, k, "", NULL);
    pr_pk_close(&ed);
    pr_pk_close(&p256);
    pr_arena_free(a);
}

pare_status pr_keyring_load(const pr_keyring *r, pr_keypair *out, pare_err *err) {
    char   pass[PR_PASS_MAX];
    size_t n = 0;
    *out = (pr_keypair){0};
    pare_status st = open_secret(r, out, pass, &n, err);
    if (st == PARE_OK) st = read_rotation(r, out, err);
    pr_wipe(pass, sizeof pass);
    if (st == PARE_OK) mend_public(r, out);
    else pr_keypair_done(out);
    return st;
}

pare_status pr_keyring_public(const pr_keyring *r, pr_keypair *out, pare_err *err) {
    key_path    path;
    char       *text = NULL;
    size_t      n = 0;
    pare_status st;
    *out = (pr_keypair){0};
    pr_arena *a = pr_arena_new(1 << 20);
    if (!a) return pr_fail_nomem(err, 4096);
    PR_GO(read_public(r, ".ed25519.pub", a, &out->ed, err));
    PR_GO(read_public(r, ".p256.pub", a, &out->p256, err));
    PR_GO(read_rotation(r, out, err));
    PR_GO(path_of(r, ".key", path, err));
    if (pr_path_exists(path)) { /* a folder may hold public halves alone */
        PR_GO(pr_secret_read(path, &text, &n, err));
        out->locked = has_pass((pr_str){text, n});
    }
done:
    pr_wipe(text, n);
    pr_free(text);
    pr_arena_free(a);
    if (st != PARE_OK) pr_keypair_done(out);
    return st;
}

/* ------------------------------------------------------------------ replacing */

pare_status pr_keyring_relock(const pr_keyring *r, pr_keypair *out, pare_err *err) {
    char        pass[PR_PASS_MAX];
    size_t      n = 0;
    pare_status st;
    *out = (pr_keypair){0};
    PR_GO(open_secret(r, out, pass, &n, err));
    PR_GO(read_rotation(r, out, err));
    pr_wipe(pass, sizeof pass);
    PR_GO(ask(r, PARE_PASS_NEW, pass, &n, err));
    PR_GO(write_secret(r, out, pass, n, false, err));
    out->locked = n > 0;
    mend_public(r, out);
done:
    pr_wipe(pass, sizeof pass);
    if (st != PARE_OK) pr_keypair_done(out);
    return st;
}

/* The chain with one more link; takes nothing over. */
static pare_status lengthen(const pr_keypair *old, const pr_keypair *fresh, const char *date,
                            pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *link = NULL;
    *out = NULL;
    if (pare_doc_count(old->rotation) >= ROTATIONS_MAX)
        return pr_fail(err, PARE_EREFUSED, -1,
                       "these keys were rotated %d times: generate new ones under another name",
                       ROTATIONS_MAX);
    PR_TRY(pr_rotation_link(&old->ed, &fresh->ed, &fresh->p256, date, &link, err));
    pare_doc *chain = old->rotation ? pr_doc_copy(old->rotation) : pr_doc_array(&b);
    if (!chain) {
        pare_doc_free(link);
        return pr_fail_nomem(err, 4096);
    }
    pr_doc_add(&b, chain, link);
    return pr_doc_done(&b, chain, out, err);
}

/* The chain before the key: a link to a key that never came is left out again. */
static pare_status replace(const pr_keyring *r, const pr_keypair *old, const pr_keypair *fresh,
                           const char *pass, size_t n, pare_err *err) {
    key_path path;
    char     age[32];
    snprintf(age, sizeof age, ".%zu", pare_doc_count(fresh->rotation) - 1);
    PR_TRY(write_public(r, old, age, err));
    PR_TRY(path_of(r, ".rotation.json", path, err));
    PR_TRY(pare_doc_write(fresh->rotation, 1, path, err));
    PR_TRY(write_secret(r, fresh, pass, n, false, err));
    return write_public(r, fresh, "", err);
}

pare_status pr_keyring_rotate(const pr_keyring *r, const char *date, pr_keypair *out,
                              pare_err *err) {
    char        pass[PR_PASS_MAX];
    size_t      n = 0;
    pr_keypair  old = {0};
    pare_status st;
    *out = (pr_keypair){0};
    PR_GO(open_secret(r, &old, pass, &n, err));
    PR_GO(read_rotation(r, &old, err));
    PR_GO(pair_new(out, err));
    out->locked = n > 0; /* under the same passphrase */
    PR_GO(lengthen(&old, out, date, &out->rotation, err));
    PR_GO(replace(r, &old, out, pass, n, err));
done:
    pr_wipe(pass, sizeof pass);
    pr_keypair_done(&old);
    if (st != PARE_OK) pr_keypair_done(out);
    return st;
}
