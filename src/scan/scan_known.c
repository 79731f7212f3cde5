/* scan_known.c - what is known of runtimes, from YAML: their flaws, their licences, what they
 * send. Always true: an entry that is not wholly understood is refused, with its number and key;
 * versions that cannot be compared are said to be so, never guessed. */
#include <stdio.h>
#include <stdlib.h>
#include "pr_known_data.h"
#include "scan_in.h"

enum { KNOWN_BYTES_MAX = 1 << 20, ENTRIES_MAX = 2000, RANGES_MAX = 8 };

typedef struct {
    const char *list; /* which, for errors */
    size_t i;
    pr_arena *a;
    pare_err *err;
} entry_at;

static bool in_words(const char *key, const char *words) {
    size_t k = strlen(key);
    for (const char *p = words; *p; p += strcspn(p, " "), p += *p == ' ')
        if (strcspn(p, " ") == k && memcmp(p, key, k) == 0) return true;
    return false;
}

/* Only the keys named in `words`. */
static pare_status only(const pare_doc *o, const char *words, const entry_at *e) {
    pare_doc_iter it = {0};
    if (pare_doc_kind(o) != PARE_DOC_OBJECT)
        return pr_fail(e->err, PARE_EINPUT, -1, "%s, entry %zu: expected a mapping", e->list,
                       e->i + 1);
    while (pare_doc_next(o, &it))
        if (!in_words(it.key, words))
            return pr_fail(e->err, PARE_EINPUT, -1,
                           "%s, entry %zu: unknown key '%.60s'; expected one of %s", e->list,
                           e->i + 1, it.key, words);
    return PARE_OK;
}

static pare_status text_at(const pare_doc *o, const char *key, bool must, const entry_at *e,
                           const char **out) {
    const pare_doc *v = pare_doc_get(o, key);
    const char     *s = pare_doc_str(v);
    *out = NULL;
    if ((!v || pare_doc_kind(v) == PARE_DOC_NULL) && !must) return PARE_OK;
    if (!s || !*s || pare_doc_strlen(v) != strlen(s) || strlen(s) > 400)
        return pr_fail(e->err, PARE_EINPUT, -1,
                       "%s, entry %zu: '%s' is missing or no text of 1 to 400 bytes", e->list,
                       e->i + 1, key);
    *out = pr_arena_str(e->a, s, strlen(s));
    return *out ? PARE_OK : pr_fail_nomem(e->err, 400);
}

static bool is_date(const char *s) {
    static const char form[] = "dddd-dd-dd";
    if (strlen(s) != 10) return false;
    for (int i = 0; i < 10; i++)
        if (form[i] == 'd' ? !scan_digit(s[i]) : s[i] != '-') return false;
    return true;
}

static pare_status check_source(const char *source, const char *date, const entry_at *e) {
    if (strncmp(source, "https://", 8) != 0)
        return pr_fail(e->err, PARE_EINPUT, -1,
                       "%s, entry %zu: source is '%.80s'; expected an https address", e->list,
                       e->i + 1, source);
    if (date && !is_date(date))
        return pr_fail(e->err, PARE_EINPUT, -1,
                       "%s, entry %zu: date is '%.40s'; expected YYYY-MM-DD", e->list, e->i + 1,
                       date);
    return PARE_OK;
}

/* ------------------------------------------------------------------ versions */

typedef struct {
    uint64_t n[6];
    int count;
    bool build; /* "b8146": a number that counts builds */
} version;

/* "v0.5.0-dev", "1.30.1", "b8146". What follows the numbers is left aside. */
static bool version_read(const char *s, version *v) {
    *v = (version){0};
    if (*s == 'v' || *s == 'V') s++;
    if (*s == 'b' && scan_digit(s[1])) v->build = true, s++;
    while (scan_digit(*s) && v->count < 6) {
        uint64_t n = 0;
        int      k = 0;
        for (; scan_digit(*s) && k < 12; k++) n = n * 10 + (uint64_t)(*s++ - '0');
        if (scan_digit(*s)) return false;
        v->n[v->count++] = n;
        if (*s != '.' || !scan_digit(s[1])) break;
        s++;
    }
    if (v->count == 0 || scan_alnum(*s)) return false; /* a hash, a name */
    return v->build || v->count > 1;
}

bool pr_version_compare(const char *a, const char *b, int *order) {
    version x, y;
    *order = 0;
    if (!version_read(a, &x) || !version_read(b, &y) || x.build != y.build) return false;
    for (int i = 0; i < 6 && *order == 0; i++) *order = x.n[i] < y.n[i] ? -1 : x.n[i] > y.n[i];
    return true;
}

/* One condition, "< 1.2", of `n` bytes: 1, 0, -1 as pr_advisory_hits. */
static int condition_holds(const char *p, size_t n, const char *found) {
    char word[64];
    int  order;
    while (n && *p == ' ') p++, n--;
    size_t k = 0;
    while (k < n && scan_among(p[k], "<>=")) k++;
    if (k == 0 || k > 2 || n - k >= sizeof word) return -1;
    const char *v = p + k;
    while (v < p + n && *v == ' ') v++;
    snprintf(word, sizeof word, "%.*s", (int)(p + n - v), v);
    for (size_t i = strlen(word); i && word[i - 1] == ' ';) word[--i] = 0;
    if (!pr_version_compare(found, word, &order)) return -1;
    bool equal = p[k - 1] == '=';
    if (p[0] == '<') return order < 0 || (equal && order == 0);
    if (p[0] == '>') return order > 0 || (equal && order == 0);
    return order == 0;
}

static int range_holds(const char *range, const char *found) {
    int all = 1;
    for (const char *p = range; *p;) {
        size_t n = strcspn(p, ",");
        int    one = condition_holds(p, n, found);
        if (one == 0) return 0;
        if (one < 0) all = -1;
        p += n + (p[n] == ',');
    }
    return all;
}

int pr_advisory_hits(const pr_advisory *a, const char *found) {
    int best = 0;
    for (size_t i = 0; i < a->n_affected; i++) {
        int one = range_holds(a->affected[i], found);
        if (one > 0) return 1;
        if (one < 0) best = -1;
    }
    return best;
}

/* Every condition compares with a version. */
static bool range_is_read(const char *range) {
    for (const char *p = range; *p;) {
        size_t n = strcspn(p, ",");
        /* A build is compared with builds, a version with versions: one of the two must do. */
        if (condition_holds(p, n, "1.0") < 0 && condition_holds(p, n, "b1") < 0) return false;
        p += n + (p[n] == ',');
    }
    return *range != 0;
}

/* ------------------------------------------------------------------ entries */

static pare_status ranges(const pare_doc *v, const entry_at *e, pr_advisory *out) {
    size_t       n = pare_doc_count(v);
    const char **list;
    if (pare_doc_kind(v) != PARE_DOC_ARRAY || n == 0 || n > RANGES_MAX)
        return pr_fail(e->err, PARE_EINPUT, -1,
                       "%s, entry %zu: 'affected' is no list of 1 to %d ranges", e->list,
                       e->i + 1, RANGES_MAX);
    PR_NEW(list, e->a, n, e->err);
    for (size_t i = 0; i < n; i++) {
        const char *s = pare_doc_str(pare_doc_at(v, i));
        if (!s || strlen(s) > 60 || !range_is_read(s))
            return pr_fail(
                e->err, PARE_EINPUT, -1,
                "%s, entry %zu: the range '%.60s' is not understood; expected '< 1.2' or "
                "'>= 1.2, < 1.4' or '< b8146'",
                e->list, e->i + 1, s ? s : "");
        if (!(list[i] = pr_arena_str(e->a, s, strlen(s)))) return pr_fail_nomem(e->err, 60);
    }
    out->affected = list;
    out->n_affected = n;
    return PARE_OK;
}

static pare_status advisory(const pare_doc *o, const entry_at *e, pr_advisory *out) {
    PR_TRY(only(o, "id runtime affected fixed severity what source date", e));
    PR_TRY(text_at(o, "id", true, e, &out->id));
    PR_TRY(text_at(o, "runtime", true, e, &out->runtime));
    PR_TRY(text_at(o, "fixed", false, e, &out->fixed));
    PR_TRY(text_at(o, "severity", true, e, &out->severity));
    PR_TRY(text_at(o, "what", true, e, &out->what));
    PR_TRY(text_at(o, "source", true, e, &out->source));
    PR_TRY(text_at(o, "date", true, e, &out->date));
    if (!in_words(out->severity, "low medium high critical"))
        return pr_fail(
            e->err, PARE_EINPUT, -1,
            "%s, entry %zu: severity is '%.40s'; expected low, medium, high or critical",
            e->list, e->i + 1, out->severity);
    PR_TRY(check_source(out->source, out->date, e));
    return ranges(pare_doc_get(o, "affected"), e, out);
}

static pare_status runtime(const pare_doc *o, const entry_at *e, pr_runtime_fact *out) {
    const char *sends;
    PR_TRY(only(o, "name licence sends telemetry off source", e));
    PR_TRY(text_at(o, "name", true, e, &out->name));
    PR_TRY(text_at(o, "licence", true, e, &out->licence));
    PR_TRY(text_at(o, "sends", true, e, &sends));
    PR_TRY(text_at(o, "telemetry", true, e, &out->telemetry));
    PR_TRY(text_at(o, "off", false, e, &out->off));
    PR_TRY(text_at(o, "source", true, e, &out->source));
    out->sends = strcmp(sends, "yes") == 0;
    if (!out->sends && strcmp(sends, "no") != 0)
        return pr_fail(e->err, PARE_EINPUT, -1,
                       "%s, entry %zu: sends is '%.20s'; expected yes or no", e->list, e->i + 1,
                       sends);
    if (!pr_licence_spdx(pr_str_of(out->licence)))
        return pr_fail(e->err, PARE_EINPUT, -1,
                       "%s, entry %zu: licence '%.40s' is no identifier that pare knows",
                       e->list, e->i + 1, out->licence);
    return check_source(out->source, NULL, e);
}

static pare_status list_of(const pare_doc *root, const char *key, pare_err *err,
                           const pare_doc **out) {
    PR_TRY(pr_json_get_arr(root, key, out, err));
    if (pare_doc_count(*out) <= ENTRIES_MAX) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "%s has %zu entries; at most %d", key,
                   pare_doc_count(*out), ENTRIES_MAX);
}

static pare_status read_root(const pare_doc *root, pr_arena *a, pr_known *out, pare_err *err) {
    const pare_doc *flaws, *facts;
    entry_at        e = {.list = "the file", .a = a, .err = err};
    const char     *schema;
    PR_TRY(only(root, "schema dated advisories runtimes", &e));
    PR_TRY(text_at(root, "schema", true, &e, &schema));
    if (strcmp(schema, "1") != 0)
        return pr_fail(err, PARE_EINPUT, -1, "schema is %.20s; this pare reads 1", schema);
    PR_TRY(text_at(root, "dated", true, &e, &out->dated));
    if (!is_date(out->dated))
        return pr_fail(err, PARE_EINPUT, -1, "dated is '%.40s'; expected YYYY-MM-DD",
                       out->dated);
    PR_TRY(list_of(root, "advisories", err, &flaws));
    PR_TRY(list_of(root, "runtimes", err, &facts));
    out->n_advisories = pare_doc_count(flaws);
    out->n_runtimes = pare_doc_count(facts);
    PR_NEW(out->advisories, a, out->n_advisories + 1, err);
    PR_NEW(out->runtimes, a, out->n_runtimes + 1, err);
    e.list = "advisories";
    for (e.i = 0; e.i < out->n_advisories; e.i++)
        PR_TRY(advisory(pare_doc_at(flaws, e.i), &e, &out->advisories[e.i]));
    e.list = "runtimes";
    for (e.i = 0; e.i < out->n_runtimes; e.i++)
        PR_TRY(runtime(pare_doc_at(facts, e.i), &e, &out->runtimes[e.i]));
    return PARE_OK;
}

pare_status pr_known_parse(pr_str text, const char *source, pr_arena *a, pr_known *out,
                           pare_err *err) {
    pare_doc *root = NULL;
    pr_known  k = {0};
    *out = (pr_known){0};
    if (!(k.source = pr_arena_str(a, source, strlen(source)))) return pr_fail_nomem(err, 256);
    pare_status st = pr_yaml_parse(&root, text.p, text.n, err);
    if (st == PARE_OK) st = read_root(root, a, &k, err);
    pare_doc_free(root);
    if (st != PARE_OK) return pr_fail_in(err, st, source);
    pr_sha256 h = pr_sha256_of(text.p, text.n);
    pr_sha256_hex(&h, k.sha256);
    *out = k;
    return PARE_OK;
}

pare_status pr_known_read(const char *path, pr_arena *a, pr_known *out, pare_err *err) {
    pr_str text = {(const char *)pr_embed_advisories_yaml, pr_embed_advisories_yaml_len};
    if (!path) return pr_known_parse(text, "built-in", a, out, err);
    *out = (pr_known){0};
    PR_TRY(pr_file_read(path, KNOWN_BYTES_MAX, a, &text, err));
    return pr_known_parse(text, path, a, out, err);
}
