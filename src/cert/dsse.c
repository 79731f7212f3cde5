/* dsse.c - DSSE envelopes (secure-systems-lab/dsse, v1.0) and base64.
 *
 * Always true: what is parsed is the very bytes that were verified; nothing is decoded twice. */
#include "cert.h"

/* ------------------------------------------------------------------ base64 */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void pr_base64_put(pr_buf *out, const void *p, size_t n) {
    const uint8_t *in = p;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16;
        if (i + 1 < n) v |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < n) v |= in[i + 2];
        char four[4] = {letters[v >> 18], letters[v >> 12 & 63],
                        i + 1 < n ? letters[v >> 6 & 63] : '=', i + 2 < n ? letters[v & 63] : '='};
        pr_buf_add(out, four, 4);
    }
}

static int value_of(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+' || c == '-') return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool pr_base64_read(pr_str text, pr_arena *a, pr_str *out) {
    *out = (pr_str){NULL, 0};
    if (text.n % 4 != 0) return false;
    size_t pad = 0;
    while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=') pad++;
    size_t   n = text.n / 4 * 3 - pad, at = 0;
    uint8_t *to = pr_arena_get(a, n + 1, 1);
    if (!to) return false;
    uint32_t v = 0;
    for (size_t i = 0; i < text.n; i++) {
        int d = i < text.n - pad ? value_of(text.p[i]) : 0;
        if (d < 0) return false;
        v = v << 6 | (uint32_t)d;
        if (i % 4 != 3) continue;
        for (int k = 16; k >= 0; k -= 8, at++) {
            uint8_t byte = (uint8_t)(v >> k);
            if (at < n) to[at] = byte;
            else if (byte) return false; /* bits under the padding: not canonical */
        }
        v = 0;
    }
    *out = (pr_str){(const char *)to, n};
    return true;
}

/* ------------------------------------------------------------------ envelopes */

void pr_dsse_pae(pr_str type, pr_str body, pr_buf *out) {
    pr_buf_printf(out, "DSSEv1 %zu ", type.n);
    pr_buf_add(out, type.p, type.n);
    pr_buf_printf(out, " %zu ", body.n);
    pr_buf_add(out, body.p, body.n);
}

static pare_status signature(const pr_pk *k, pr_str type, pr_str body, pr_buf *base64,
                             pare_err *err) {
    pr_buf    pae;
    pr_arena *a = pr_arena_new(1 << 16);
    pr_str    sig = {0};
    if (!a) return pr_fail_nomem(err, 4096);
    pr_buf_init(&pae, PR_DSSE_BODY_MAX + 1024);
    pr_dsse_pae(type, body, &pae);
    pare_status st = pae.failed ? pr_fail_nomem(err, body.n)
                                : pr_pk_sign(k, pae.p, pae.n, a, &sig, err);
    if (st == PARE_OK) pr_base64_put(base64, sig.p, sig.n);
    if (st == PARE_OK && base64->failed) st = pr_fail_nomem(err, sig.n);
    pr_buf_done(&pae);
    pr_arena_free(a);
    return st;
}

static void put_signature(pr_doc_build *b, pare_doc *list, const char *keyid, pr_str sig) {
    pare_doc *s = pr_doc_add_object(b, list);
    pr_doc_set_strn(b, s, "sig", sig);
    pr_doc_set_str(b, s, "keyid", keyid);
}

pare_status pr_dsse_sign(const pr_pk *k, const char *type, pr_str body, bool bare, pare_doc **out,
                         pare_err *err) {
    pr_doc_build b = {0};
    pr_buf       sig, text;
    *out = NULL;
    pr_buf_init(&sig, 1 << 12);
    pr_buf_init(&text, 2 * (size_t)PR_DSSE_BODY_MAX);
    pare_status st = signature(k, pr_str_of(type), body, &sig, err);
    pr_base64_put(&text, body.p, body.n);
    if (st == PARE_OK && text.failed) st = pr_fail_nomem(err, body.n);
    if (st == PARE_OK) {
        pare_doc *o = pr_doc_object(&b);
        pr_doc_set_strn(&b, o, "payload", (pr_str){text.p ? text.p : "", text.n});
        pr_doc_set_str(&b, o, "payloadType", type);
        put_signature(&b, pr_doc_set_array(&b, o, "signatures"), bare ? "" : k->print,
                      (pr_str){sig.p, sig.n});
        st = pr_doc_done(&b, o, out, err);
    }
    pr_buf_done(&sig);
    pr_buf_done(&text);
    return st;
}

pare_status pr_dsse_add(const pr_pk *k, pare_doc *envelope, pare_err *err) {
    pr_doc_build b = {0};
    pr_dsse      d;
    pr_buf       sig;
    pare_doc    *list = NULL, *all = NULL;
    pr_arena    *a = pr_arena_new(2 * (size_t)PR_DSSE_BODY_MAX);
    if (!a) return pr_fail_nomem(err, 4096);
    pr_buf_init(&sig, 1 << 12);
    pare_status st;
    PR_GO(pr_dsse_read(envelope, a, &d, err));
    PR_GO(signature(k, d.type, d.body, &sig, err));
    all = pr_doc_copy(pare_doc_get(envelope, "signatures"));
    put_signature(&b, all, k->print, (pr_str){sig.p, sig.n});
    PR_GO(pr_doc_done(&b, all, &list, err));
    pr_doc_set(&b, envelope, "signatures", list);
    if (b.status != PARE_OK) st = pr_fail(err, b.status, -1, "%s", b.msg);
done:
    pr_buf_done(&sig);
    pr_arena_free(a);
    return st;
}

/* The envelope may outlive its tree. */
static pare_status keep(pr_arena *a, pr_str *s, pare_err *err) {
    if (!s->p) return PARE_OK;
    s->p = pr_arena_str(a, s->p, s->n);
    return s->p ? PARE_OK : pr_fail_nomem(err, s->n);
}

pare_status pr_dsse_read(const pare_doc *envelope, pr_arena *a, pr_dsse *out, pare_err *err) {
    const pare_doc *list;
    pr_str          text;
    *out = (pr_dsse){0};
    if (pare_doc_kind(envelope) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1, "found no object, expected a DSSE envelope");
    PR_TRY(pr_json_get_str(envelope, "payloadType", &out->type, err));
    PR_TRY(keep(a, &out->type, err));
    PR_TRY(pr_json_get_str(envelope, "payload", &text, err));
    PR_TRY(pr_json_get_arr(envelope, "signatures", &list, err));
    size_t n = pare_doc_count(list);
    if (n < 1 || n > PR_DSSE_SIGS)
        return pr_fail(err, PARE_EINPUT, -1, "found %zu signatures, expected 1 to %d", n,
                       PR_DSSE_SIGS);
    if (text.n > PR_DSSE_BODY_MAX || !pr_base64_read(text, a, &out->body))
        return pr_fail(err, PARE_EINPUT, -1, "\"payload\": found no base64 of at most %d bytes",
                       PR_DSSE_BODY_MAX);
    for (size_t i = 0; i < n; i++) {
        const pare_doc *s = pare_doc_at(list, i);
        PR_TRY(pr_json_get_str(s, "sig", &text, err));
        PR_TRY(pr_json_opt_str(s, "keyid", &out->sigs[i].keyid, err));
        PR_TRY(keep(a, &out->sigs[i].keyid, err));
        if (text.n > 4096 || !pr_base64_read(text, a, &out->sigs[i].sig))
            return pr_fail(err, PARE_EINPUT, -1, "\"sig\": found no base64 of a signature");
        out->n_sigs++;
    }
    return PARE_OK;
}

bool pr_dsse_verify(const pr_dsse *d, const pr_pk *k) {
    pr_buf pae;
    bool   ok = false;
    pr_buf_init(&pae, PR_DSSE_BODY_MAX + 1024);
    pr_dsse_pae(d->type, d->body, &pae);
    for (int i = 0; i < d->n_sigs && !pae.failed && !ok; i++)
        ok = pr_pk_verify(k, pae.p, pae.n, d->sigs[i].sig);
    pr_buf_done(&pae);
    return ok;
}
