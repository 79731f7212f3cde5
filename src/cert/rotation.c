/* rotation.c - keys that vouch for the keys after them, and dates.
 *
 * A link is a DSSE envelope of {"old", "new", "p256", "at"} (public halves in PEM), signed by
 * the old
 * key, who gives away, and by the new one, who shows that it is there. */
#include <stdio.h>
#include <time.h>
#include "key_file.h"

#define ROTATION "application/vnd.pare.key-rotation.v1+json"
enum { LINKS_MAX = 64 };

pare_status pr_rotation_link(const pr_pk *old, const pr_pk *fresh, const pr_pk *p256,
                             const char *date, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *body = NULL, *o = pr_doc_object(&b);
    char        *text = NULL;
    size_t       n;
    *out = NULL;
    pr_doc_set_str(&b, o, "old", old->pem);
    pr_doc_set_str(&b, o, "new", fresh->pem);
    pr_doc_set_str(&b, o, "p256", p256->pem);
    pr_doc_set_str(&b, o, "at", date);
    PR_TRY(pr_doc_done(&b, o, &body, err));
    pare_status st = pare_doc_text(body, 0, &text, &n, err);
    if (st == PARE_OK) st = pr_dsse_sign(old, ROTATION, (pr_str){text, n}, false, out, err);
    if (st == PARE_OK) st = pr_dsse_add(fresh, *out, err);
    if (st != PARE_OK) {
        pare_doc_free(*out);
        *out = NULL;
    }
    pare_doc_text_free(text);
    pare_doc_free(body);
    return st;
}

static bool signed_by(const pr_dsse *d, const pare_doc *body, const char *who, char print[65]) {
    pr_pk  k;
    pr_str pem = pr_doc_text_of(pare_doc_get(body, who));
    if (pr_pk_read_public(&k, pem, NULL) != PARE_OK) return false;
    bool ok = k.kind == PR_PK_ED25519 && pr_dsse_verify(d, &k);
    memcpy(print, k.print, sizeof k.print);
    pr_pk_close(&k);
    return ok;
}

/* From which key to which; false if it is no link that both signed. */
static bool link_read(const pare_doc *envelope, char from[65], char to[65]) {
    pr_arena *a = pr_arena_new(1 << 20);
    pare_doc *body = NULL;
    pr_dsse   d;
    bool      ok = a && pr_dsse_read(envelope, a, &d, NULL) == PARE_OK &&
              pr_str_eq(d.type, PR_STR(ROTATION)) && d.body.n < 64 << 10 &&
              pr_json_parse(&body, d.body.p, d.body.n, NULL, NULL) == PARE_OK &&
              signed_by(&d, body, "old", from) && signed_by(&d, body, "new", to);
    pare_doc_free(body);
    pr_arena_free(a);
    return ok;
}

bool pr_rotation_leads(const pare_doc *chain, const char *from, const char *to, int *links) {
    char at[65];
    *links = 0;
    snprintf(at, sizeof at, "%s", from);
    for (size_t i = 0; i < pare_doc_count(chain) && i < LINKS_MAX; i++) {
        char a[65], b[65];
        if (!link_read(pare_doc_at(chain, i), a, b) || strcmp(a, at) != 0) continue;
        memcpy(at, b, sizeof at);
        ++*links;
        if (strcmp(at, to) == 0) return true;
    }
    return false;
}

bool pr_rotation_whole(const pare_doc *chain, const char *to) {
    char   at[65] = "";
    size_t n = pare_doc_count(chain);
    if (pare_doc_kind(chain) != PARE_DOC_ARRAY || n > LINKS_MAX) return false;
    for (size_t i = 0; i < n; i++) {
        char a[65], b[65];
        if (!link_read(pare_doc_at(chain, i), a, b) || (at[0] && strcmp(a, at) != 0)) return false;
        memcpy(at, b, sizeof at);
    }
    return n > 0 && strcmp(at, to) == 0;
}

pare_status pr_rotation_trim(pare_doc **chain, const char *to, pare_err *err) {
    pr_doc_build b = {0};
    pare_doc    *whole = *chain;
    size_t       n = PR_MIN(pare_doc_count(whole), (size_t)LINKS_MAX);
    char         from[65], last[65];
    while (n && !(link_read(pare_doc_at(whole, n - 1), from, last) && strcmp(last, to) == 0)) n--;
    if (n == pare_doc_count(whole) && n) return PARE_OK;
    pare_doc *kept = n ? pr_doc_array(&b) : NULL;
    for (size_t i = 0; i < n; i++) pr_doc_add(&b, kept, pr_doc_copy(pare_doc_at(whole, i)));
    *chain = NULL;
    pare_doc_free(whole);
    return n ? pr_doc_done(&b, kept, chain, err) : PARE_OK;
}

/* ------------------------------------------------------------------ dates */

static void date_of(time_t t, char out[32]) {
    struct tm utc;
    if (!gmtime_r(&t, &utc) || utc.tm_year > 9999 - 1900 ||
        !strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc))
        memcpy(out, "9999-12-31T23:59:59Z", 21);
}

/* Days since 1970 of a date of our calendar (H. Hinnant, days_from_civil). */
static int64_t days_of(int64_t y, int m, int d) {
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static bool digits(const char *s, const char *form, int v[6]) {
    int k = -1;
    for (size_t i = 0; form[i]; i++) {
        if (form[i] != '0') {
            if (s[i] != form[i]) return false;
            continue;
        }
        if (s[i] < '0' || s[i] > '9') return false;
        if (i == 0 || form[i - 1] != '0') v[++k] = 0;
        v[k] = v[k] * 10 + (s[i] - '0');
    }
    return s[strlen(form)] == 0;
}

static bool seconds_of(const char *date, int64_t *out) {
    int v[6];
    if (!date || !digits(date, "0000-00-00T00:00:00Z", v)) return false;
    *out = days_of(v[0], v[1], v[2]) * 86400 + v[3] * 3600 + v[4] * 60 + v[5];
    char again[32];
    date_of((time_t)*out, again); /* the 30th of February does not come back */
    return strcmp(again, date) == 0;
}

bool pr_date_ok(const char *date) {
    int64_t s;
    return seconds_of(date, &s);
}

pare_status pr_date_now(const char *given, char out[32], pare_err *err) {
    int64_t s = (int64_t)time(NULL);
    if (given && !pr_parse_i64(given, 0, 253402300799, &s) && !seconds_of(given, &s))
        return pr_fail(err, PARE_EUSAGE, -1,
                       "the date: found '%.40s', expected 2026-11-23T09:00:00Z or seconds since "
                       "1970",
                       given);
    date_of((time_t)s, out);
    return PARE_OK;
}

void pr_date_add(const char *date, int64_t days, char out[32]) {
    int64_t s = 0;
    seconds_of(date, &s);
    date_of((time_t)(s + days * 86400), out);
}
