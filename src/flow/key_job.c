/* key_job.c - include/pare/certify.h: pare_key. */
#include "cert/cert.h"

static void put_one(pr_doc_build *b, pare_doc *d, const char *what, const pr_keyring *r,
                    const pr_pk *k, pr_arena *a) {
    const char *file = pr_arena_printf(a, "%s/%s.%s.pub", r->dir, r->name, what);
    pare_doc   *o = pr_doc_set_object(b, d, what);
    pr_doc_set_str(b, o, "algorithm", pr_pk_kind_name(k->kind));
    pr_doc_set_str(b, o, "fingerprint", k->print);
    pr_doc_set_path(b, o, "file", file ? file : "");
    pr_doc_set_str(b, o, "pem", k->pem);
}

static pare_status run(pare_key_action action, const pr_keyring *r, const char *date, pr_keypair *k,
                       pare_err *err) {
    char now[32];
    PR_TRY(pr_date_now(date, now, err));
    switch (action) {
    case PARE_KEY_GENERATE: return pr_keyring_make(r, k, err);
    case PARE_KEY_SHOW: return pr_keyring_public(r, k, err);
    case PARE_KEY_ROTATE: return pr_keyring_rotate(r, now, k, err);
    case PARE_KEY_PASSPHRASE: return pr_keyring_relock(r, k, err);
    }
    return pr_fail(err, PARE_EUSAGE, -1, "no such action on keys");
}

pare_status pare_key(pare_key_action action, const pare_keys *keys, const char *date,
                     pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pr_keypair   k = {0};
    pr_keyring r = {
        .name = keys->name ? keys->name : "pare", .ask = keys->ask, .user = keys->user};
    pr_arena    *a = pr_arena_new(1 << 20);
    *out = NULL;
    if (!a) return pr_fail_nomem(err, 4096);
    pare_status st = pr_keyring_dir(keys->dir, a, &r.dir, err);
    if (st == PARE_OK) st = run(action, &r, date, &k, err);
    if (st == PARE_OK) {
        pare_doc *d = pr_doc_object(&b);
        pr_doc_set_i64(&b, d, "schema", 1);
        pr_doc_set_str(&b, d, "name", r.name);
        pr_doc_set_path(&b, d, "directory", r.dir);
        pr_doc_set_bool(&b, d, "passphrase", k.locked);
        pr_doc_set_i64(&b, d, "rotations", (int64_t)pare_doc_count(k.rotation));
        put_one(&b, d, "ed25519", &r, &k.ed, a);
        put_one(&b, d, "p256", &r, &k.p256, a);
        st = pr_doc_done(&b, d, out, err);
    }
    pr_keypair_done(&k);
    pr_arena_free(a);
    return st;
}
