/* fuzz_cert_json.c - any bytes as an envelope, a bundle, a chain of keys or a public key: read with
 * a message or refused with one, and nothing that was read leaves its folder or is trusted.
 * fuzz: medium */
#include "cert/cert.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void envelope(const pare_doc *d, pr_arena *a) {
    pr_dsse  out;
    pare_err e = {0};
    pr_buf   b;
    if (pr_dsse_read(d, a, &out, &e) != PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
        return;
    }
    if (out.n_sigs < 1 || out.n_sigs > PR_DSSE_SIGS) __builtin_trap();
    /* What was read says the same when it is written. */
    pr_str again;
    pr_buf_init(&b, 1 << 20);
    pr_base64_put(&b, out.body.p, out.body.n);
    if (!b.failed && (!pr_base64_read((pr_str){b.p ? b.p : "", b.n}, a, &again) ||
                      !pr_str_eq(again, out.body)))
        __builtin_trap();
    pr_buf_done(&b);
}

static void bundle(const pare_doc *d, pr_arena *a) {
    pr_oms   o;
    pr_dsse  env;
    char     hint[65];
    pare_err e = {0};
    if (pr_oms_read(d, a, &o, &env, hint, &e) != PARE_OK) {
        if (!e.msg[0]) __builtin_trap();
        return;
    }
    if (o.n_files == 0 || strlen(o.root) != 64) __builtin_trap();
    for (size_t i = 0; i < o.n_files; i++)
        if (!pr_path_is_below(o.files[i].name) || strlen(o.files[i].sha256) != 64 ||
            o.files[i].start >= o.files[i].end)
            __builtin_trap();
    for (size_t i = 0; i < o.n_ignore; i++)
        if (!pr_path_is_below(o.ignore[i])) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n) {
    pare_doc *d;
    pare_err  e = {0};
    pr_pk     k;
    int       links;
    if (pr_pk_read_public(&k, (pr_str){(const char *)p, n}, &e) == PARE_OK) {
        if (strlen(k.print) != 64 || k.secret) __builtin_trap();
        pr_pk_close(&k);
    }
    e = (pare_err){0};
    if (pr_json_parse(&d, p, n, NULL, &e) != PARE_OK) return 0;
    pr_arena *a = pr_arena_new(64 << 20);
    if (a) {
        envelope(d, a);
        bundle(d, a);
    }
    /* Nobody here knows this key. */
    static const char none[] = "00000000000000000000000000000000000000000000000000000000000000ff";
    if (pr_rotation_leads(d, none, none, &links) || pr_rotation_whole(d, none)) __builtin_trap();
    pr_arena_free(a);
    pare_doc_free(d);
    return 0;
}
