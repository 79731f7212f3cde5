/* wire.c - lines from a child into checked values (docs/runner-protocol.md).
 *
 * Nothing here trusts a number: each has its bounds, and text is cut and stripped of what a
 * terminal would obey. */
#include "wire.h"
#include <stdio.h>
#include "doc/doc.h"

static const pr_json_limits LIMITS = {PR_WIRE_LINE, 8, 4 * PR_WIRE_IDS};
static const int64_t        HOUR_NS = 3600ll * 1000000000;

/* Printable, one line, never cut inside a character. */
static void copy_text(char *dst, size_t cap, pr_str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n && n + 1 < cap; i++) {
        unsigned char c = (unsigned char)s.p[i];
        dst[n++] = (char)(c < 0x20 || c == 0x7F ? ' ' : c);
    }
    if (s.n > n)
        while (n && ((unsigned char)dst[n - 1] & 0xC0) == 0x80) n--;
    if (s.n > n && n && (unsigned char)dst[n - 1] >= 0xC0) n--;
    dst[n] = 0;
}

static pare_status said_error(const pare_doc *d, const char *who, pr_str text, pare_err *err) {
    static const struct {
        const char *word;
        pare_status st;
    } kinds[] = {
        {"input", PARE_EINPUT}, {"unsupported", PARE_EUNSUPPORTED}, {"usage", PARE_EUSAGE}};
    char        words[600];
    pr_str      kind = {0};
    pare_status st = PARE_EENV;
    if (pr_json_opt_str(d, "kind", &kind, NULL) == PARE_OK)
        for (size_t i = 0; i < PR_COUNT(kinds); i++)
            if (pr_str_eq(kind, pr_str_of(kinds[i].word))) st = kinds[i].st;
    copy_text(words, sizeof words, text);
    return pr_fail(err, st, -1, "%s: %s", who, words);
}

/* The object of a line that is no error; its own trouble becomes EENV. */
static pare_status answer(pr_str line, const char *who, pare_doc **out, pare_err *err) {
    pare_err own = {0};
    pr_str   text;
    *out = NULL;
    if (pr_json_parse(out, line.p, line.n, &LIMITS, &own) != PARE_OK ||
        pare_doc_kind(*out) != PARE_DOC_OBJECT) {
        char shown[120];
        copy_text(shown, sizeof shown, line);
        pare_doc_free(*out);
        *out = NULL;
        if (own.status == PARE_ENOMEM) return pr_fail_nomem(err, line.n);
        return pr_fail(err, PARE_EENV, -1, "%s: expected an object as answer, found '%s'", who,
                       shown);
    }
    if (pr_json_opt_str(*out, "error", &text, &own) != PARE_OK || text.p) {
        pare_status st = text.p ? said_error(*out, who, text, err)
                                : pr_fail(err, PARE_EENV, -1, "%s: %s", who, own.msg);
        pare_doc_free(*out);
        *out = NULL;
        return st;
    }
    return PARE_OK;
}

/* End of a reader: whatever is wrong with the answer is the child's fault. */
static pare_status judged(pare_doc *d, pare_status st, const char *who, const pare_err *own,
                          pare_err *err) {
    pare_doc_free(d);
    if (st == PARE_OK) return PARE_OK;
    return pr_fail(err, PARE_EENV, -1, "%s: in its answer: %s", who, own->msg);
}

static pare_status text_of(const pare_doc *d, const char *key, char *dst, size_t cap,
                           pare_err *err) {
    pr_str s;
    PR_TRY(pr_json_opt_str(d, key, &s, err));
    copy_text(dst, cap, s);
    return PARE_OK;
}

static pare_status devices_of(const pare_doc *d, char *dst, size_t cap, pare_err *err) {
    const pare_doc *a;
    size_t          at = 0;
    dst[0] = 0;
    PR_TRY(pr_json_opt_arr(d, "devices", &a, err));
    for (size_t i = 0; i < PR_MIN(pare_doc_count(a), (size_t)16) && at + 40 < cap; i++) {
        char name[32];
        copy_text(name, sizeof name, pr_doc_text_of(pare_doc_at(a, i)));
        at += (size_t)snprintf(dst + at, cap - at, "%s%s", i ? ", " : "", name);
    }
    return PARE_OK;
}

pare_status pr_wire_hello(pr_str line, const char *who, pr_runner_info *info, pare_err *err) {
    pare_doc   *d;
    pare_err    own = {0};
    int64_t     protocol;
    pare_status st;
    memset(info, 0, sizeof *info);
    PR_TRY(answer(line, who, &d, err));
    PR_GO(pr_json_get_i64(d, "protocol", PR_WIRE_PROTOCOL, PR_WIRE_PROTOCOL, &protocol, &own));
    PR_GO(pr_json_get_bool(d, "found", &info->found, &own));
    PR_GO(pr_json_opt_bool(d, "verified", false, &info->verified, &own));
    PR_GO(text_of(d, "path", info->path, sizeof info->path, &own));
    PR_GO(text_of(d, "version", info->version, sizeof info->version, &own));
    PR_GO(devices_of(d, info->devices, sizeof info->devices, &own));
    PR_GO(text_of(d, "arithmetic", info->arithmetic, sizeof info->arithmetic, &own));
    PR_GO(text_of(d, "state", info->state, sizeof info->state, &own));
    PR_GO(text_of(d, "reason", info->reason, sizeof info->reason, &own));
    if (!info->found) info->verified = false;
done:
    if (st != PARE_OK) memset(info, 0, sizeof *info);
    return judged(d, st, who, &own, err);
}

pare_status pr_wire_model(pr_str line, const char *who, pr_wire_opened *out, pare_err *err) {
    pare_doc   *d;
    pare_err    own = {0};
    pare_status st;
    memset(out, 0, sizeof *out);
    PR_TRY(answer(line, who, &d, err));
    PR_GO(pr_json_get_i64(d, "vocab", 1, PR_WIRE_VOCAB, &out->n_vocab, &own));
    PR_GO(pr_json_get_i64(d, "context", 1, PR_WIRE_CONTEXT, &out->n_ctx, &own));
    PR_GO(text_of(d, "arithmetic", out->arithmetic, sizeof out->arithmetic, &own));
    PR_GO(text_of(d, "state", out->state, sizeof out->state, &own));
done:
    return judged(d, st, who, &own, err);
}

pare_status pr_wire_eval(pr_str line, const char *who, int64_t rows, int64_t vocab,
                         pare_err *err) {
    pare_doc   *d;
    pare_err    own = {0};
    int64_t     v;
    pare_status st;
    PR_TRY(answer(line, who, &d, err));
    PR_GO(pr_json_get_i64(d, "rows", rows, rows, &v, &own));
    PR_GO(pr_json_get_i64(d, "vocab", vocab, vocab, &v, &own));
done:
    return judged(d, st, who, &own, err);
}

pare_status pr_wire_time(pr_str line, const char *who, int64_t n, uint64_t *prompt_ns, uint64_t *ns,
                         pare_err *err) {
    pare_doc       *d;
    const pare_doc *a;
    pare_err        own = {0};
    int64_t         v;
    pare_status     st;
    PR_TRY(answer(line, who, &d, err));
    PR_GO(pr_json_get_i64(d, "prompt_ns", 0, HOUR_NS, &v, &own));
    if (prompt_ns) *prompt_ns = (uint64_t)v;
    PR_GO(pr_json_get_arr(d, "ns", &a, &own));
    if (pare_doc_count(a) != (size_t)n) {
        st = pr_fail(&own, PARE_EENV, -1, "%zu times, expected %lld", pare_doc_count(a),
                     (long long)n);
        goto done;
    }
    for (int64_t i = 0; i < n; i++) {
        PR_GO(pr_json_as_i64(pare_doc_at(a, (size_t)i), "ns", 0, HOUR_NS, &v, &own));
        ns[i] = (uint64_t)v;
    }
done:
    return judged(d, st, who, &own, err);
}

pare_status pr_wire_done(pr_str line, const char *who, pare_err *err) {
    pare_doc *d;
    PR_TRY(answer(line, who, &d, err));
    pare_doc_free(d);
    return PARE_OK;
}
