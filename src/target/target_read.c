/* target_read.c - a target's YAML into its struct. Always true: what is not understood is
 * refused with the key's name; a value is in its range; a figure says on what it rests. */
#include "fields.h"
#include <math.h>
#include <stdio.h>

enum { RATE_MAX = 60 };

/* What every reader of a value gets: the document's value and what to call it in errors. */
typedef struct {
    const pare_doc *v;
    char            key[80]; /* "peaks.bandwidth" */
    pr_arena       *a;
    pare_err       *err;
} value_in;

static pare_status text_in(const value_in *in, const char **out) {
    char        what[64];
    const char *s = pare_doc_str(in->v);
    size_t      n = pare_doc_strlen(in->v);
    if (!s)
        return pr_fail(in->err, PARE_EINPUT, -1, "%s is %s; expected text", in->key,
                       pr_doc_describe(in->v, what, sizeof what));
    if (n == 0 || n > TARGET_TEXT_MAX || memchr(s, 0, n))
        return pr_fail(in->err, PARE_EINPUT, -1,
                       "%s has %zu bytes or a zero byte; expected 1 to %d", in->key, n,
                       TARGET_TEXT_MAX);
    *out = pr_arena_str(in->a, s, n);
    return *out ? PARE_OK : pr_fail_nomem(in->err, n);
}

static pare_status word_in(const value_in *in, const char *const *list, const char **out) {
    char   all[200] = "";
    size_t used = 0;
    PR_TRY(text_in(in, out));
    for (size_t i = 0; list[i]; i++) {
        if (strcmp(list[i], *out) == 0) return *out = list[i], PARE_OK;
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", list[i]);
    }
    return pr_fail(in->err, PARE_EINPUT, -1, "%s is '%.40s'; expected one of %s", in->key, *out,
                   all);
}

static pare_status platform_in(const value_in *in, pr_platform *out) {
    const char *names[PR_PLATFORMS + 1] = {0}, *s = NULL;
    for (int i = 0; i < PR_PLATFORMS; i++) names[i] = pr_platform_name((pr_platform)i);
    PR_TRY(word_in(in, names, &s));
    (void)pr_platform_parse(s, out);
    return PARE_OK;
}

static pare_status accel_in(const value_in *in, pr_accel_kind *out) {
    const char *names[PR_ACCEL_KINDS + 1] = {0}, *s = NULL;
    for (int i = 0; i < PR_ACCEL_KINDS; i++) names[i] = target_accel_word((pr_accel_kind)i);
    PR_TRY(word_in(in, names, &s));
    (void)target_accel_parse(s, out);
    return PARE_OK;
}

static pare_status state_in(const value_in *in, pr_accel_state *out) {
    const char *names[PR_STATES + 1] = {0}, *s = NULL;
    for (int i = 0; i < PR_STATES; i++) names[i] = pr_accel_state_name((pr_accel_state)i);
    PR_TRY(word_in(in, names, &s));
    for (int i = 0; i < PR_STATES; i++)
        if (strcmp(names[i], s) == 0) *out = (pr_accel_state)i;
    return PARE_OK;
}

static pare_status count_in(const value_in *in, double lo, double hi, int64_t *out) {
    const char *s = NULL;
    PR_TRY(text_in(in, &s));
    if (pr_parse_i64(s, (int64_t)lo, (int64_t)hi, out)) return PARE_OK;
    return pr_fail(in->err, PARE_EINPUT, -1,
                   "%s is '%.40s'; expected a whole number from %.0f to %.0f", in->key, s, lo, hi);
}

static pare_status number_in(const value_in *in, double lo, double hi, double *out) {
    const char *s = NULL;
    PR_TRY(text_in(in, &s));
    if (pr_parse_f64(s, lo, hi, out) && isfinite(*out)) return PARE_OK;
    return pr_fail(in->err, PARE_EINPUT, -1, "%s is '%.40s'; expected a number from %g to %g",
                   in->key, s, lo, hi);
}

static pare_status bytes_in(const value_in *in, int64_t *out) {
    const char *s = NULL;
    uint64_t    n = 0;
    PR_TRY(text_in(in, &s));
    if (pr_parse_bytes(s, &n) && n > 0 && n <= (uint64_t)1 << 60)
        return *out = (int64_t)n, PARE_OK;
    return pr_fail(in->err, PARE_EINPUT, -1,
                   "%s is '%.40s'; expected bytes above 0, like 512MB or 8GiB", in->key, s);
}

static pare_status yes_in(const value_in *in, int *out) {
    const char *s = NULL;
    PR_TRY(text_in(in, &s));
    *out = strcmp(s, "yes") == 0 || strcmp(s, "true") == 0;
    if (*out || strcmp(s, "no") == 0 || strcmp(s, "false") == 0) return PARE_OK;
    return pr_fail(in->err, PARE_EINPUT, -1, "%s is '%.40s'; expected yes or no", in->key, s);
}

/* "17.1 GB/s", "940 Mbit/s", "2 Top/s", "1e9": decimal prefixes, into `unit` per second. */
static bool rate_parse(const char *s, bool ops, double *out) {
    static const char prefixes[] = "kMGTP";
    char              digits[RATE_MAX];
    size_t            n = strspn(s, "0123456789.");
    if (s[n] == 'e' && s[n + 1] && strchr("+0123456789", s[n + 1]))
        n += 2 + strspn(s + n + 2, "0123456789");
    if (n == 0 || n >= sizeof digits) return false;
    memcpy(digits, s, n);
    digits[n] = 0;
    if (!pr_parse_f64(digits, 0, 1e24, out)) return false;
    const char *unit = s + n + strspn(s + n, " "), *prefix = *unit ? strchr(prefixes, *unit) : NULL;
    for (const char *p = prefixes; prefix && p <= prefix; p++) *out *= 1000;
    if (prefix) unit++;
    if (!ops && strcmp(unit, "bit/s") == 0) *out /= 8;
    else if (*unit || prefix) {
        if (strcmp(unit, ops ? "op/s" : "B/s") != 0) return false;
    }
    return *out > 0 && *out <= 1e24;
}

static pare_status rate_in(const value_in *in, bool ops, double *out) {
    const char *s = NULL;
    PR_TRY(text_in(in, &s));
    if (rate_parse(s, ops, out)) return PARE_OK;
    return pr_fail(in->err, PARE_EINPUT, -1, "%s is '%.40s'; expected %s", in->key, s,
                   ops ? "a rate like 153.6 Gop/s" : "a rate like 17.1 GB/s or 940 Mbit/s");
}

static value_in member(const value_in *in, const char *key) {
    value_in m = *in;
    m.v = pare_doc_get(in->v, key);
    if (pare_doc_kind(m.v) == PARE_DOC_NULL) m.v = NULL;
    snprintf(m.key, sizeof m.key, "%.60s.%s", in->key, key);
    return m;
}

static pare_status peak_check(const value_in *in, const pr_peak *p) {
    if (p->basis == PR_BASIS_STATED && !p->source)
        return pr_fail(in->err, PARE_EINPUT, -1, "%s is stated, but has no source", in->key);
    if (isnan(p->lo) != isnan(p->hi))
        return pr_fail(in->err, PARE_EINPUT, -1, "%s has one of lo and hi; expected both or none",
                       in->key);
    if (!isnan(p->lo) && !(p->lo <= p->value && p->value <= p->hi))
        return pr_fail(in->err, PARE_EINPUT, -1, "%s: %g is not between lo %g and hi %g", in->key,
                       p->value, p->lo, p->hi);
    return PARE_OK;
}

static pare_status only(const value_in *in, const char *const *known, size_t n);

static pare_status peak_in(const value_in *in, bool ops, pr_peak *out) {
    static const char *const bases[] = {"stated", "measured", NULL};
    static const char *const keys[] = {"value", "lo", "hi", "basis", "source"};
    char                     what[64];
    const char              *basis = NULL;
    if (pare_doc_kind(in->v) != PARE_DOC_OBJECT)
        return pr_fail(in->err, PARE_EINPUT, -1,
                       "%s is %s; expected a mapping with value, basis and source", in->key,
                       pr_doc_describe(in->v, what, sizeof what));
    PR_TRY(only(in, keys, PR_COUNT(keys)));
    value_in m = member(in, "value");
    PR_TRY(rate_in(&m, ops, &out->value));
    m = member(in, "lo");
    if (m.v) PR_TRY(rate_in(&m, ops, &out->lo));
    m = member(in, "hi");
    if (m.v) PR_TRY(rate_in(&m, ops, &out->hi));
    m = member(in, "basis");
    PR_TRY(word_in(&m, bases, &basis));
    out->basis = basis == bases[0] ? PR_BASIS_STATED : PR_BASIS_MEASURED;
    m = member(in, "source");
    if (m.v) PR_TRY(text_in(&m, &out->source));
    return peak_check(in, out);
}

/* A list of words, and their number behind the pointer. */
static pare_status words_in(const value_in *in, const char ***out, size_t *n) {
    char   what[64];
    size_t count = pare_doc_count(in->v);
    if (pare_doc_kind(in->v) != PARE_DOC_ARRAY || count > PR_TARGET_WORDS)
        return pr_fail(in->err, PARE_EINPUT, -1, "%s is %s; expected a list of at most %d words",
                       in->key, pr_doc_describe(in->v, what, sizeof what), PR_TARGET_WORDS);
    PR_NEW(*out, in->a, count + 1, in->err);
    for (size_t i = 0; i < count; i++) {
        value_in m = *in;
        m.v = pare_doc_at(in->v, i);
        PR_TRY(text_in(&m, &(*out)[i]));
    }
    *n = count;
    return PARE_OK;
}

static pare_status field_in(const value_in *in, const target_field *f, void *obj) {
    void *at = (char *)obj + f->offset;
    switch (f->kind) {
    case FIELD_TEXT:
        return text_in(in, at);
    case FIELD_KIND:
        return word_in(in, target_kinds, at);
    case FIELD_OS:
        return word_in(in, target_systems, at);
    case FIELD_PLATFORM:
        return platform_in(in, at);
    case FIELD_ACCEL:
        return accel_in(in, at);
    case FIELD_STATE:
        return state_in(in, at);
    case FIELD_COUNT:
        return count_in(in, f->lo, f->hi, at);
    case FIELD_BYTES:
        return bytes_in(in, at);
    case FIELD_NUMBER:
        return number_in(in, f->lo, f->hi, at);
    case FIELD_YES:
        return yes_in(in, at);
    case FIELD_RATE:
        return rate_in(in, false, at);
    case FIELD_BYTE_PEAK:
        return peak_in(in, false, at);
    case FIELD_OP_PEAK:
        return peak_in(in, true, at);
    case FIELD_WORDS:
        return words_in(in, at, (size_t *)(void *)((char *)at + sizeof(const char **)));
    }
    return pr_fail(in->err, PARE_EINTERNAL, -1, "no such kind of field");
}

/* Every key of in->v is one of `known`. */
static pare_status only(const value_in *in, const char *const *known, size_t n) {
    for (pare_doc_iter it = {0}; pare_doc_next(in->v, &it);) {
        size_t k = 0, used = 0;
        char   list[400] = "";
        while (k < n && strcmp(known[k], it.key) != 0) k++;
        if (k < n) continue;
        for (size_t w = 0; w < n && used < sizeof list; w++)
            used +=
                (size_t)snprintf(list + used, sizeof list - used, "%s%s", w ? ", " : "", known[w]);
        return pr_fail(in->err, PARE_EINPUT, -1, "unknown key '%.60s' in %s; expected one of %s",
                       it.key, *in->key ? in->key : "the target", list);
    }
    return PARE_OK;
}

static bool same_section(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The fields of one section (a mapping) into `obj`; `extra`: keys that the caller reads. */
static pare_status section_in(const value_in *in, const char *section, const target_field *fields,
                              size_t n, const char *const *extra, size_t n_extra, void *obj) {
    const char *known[64];
    size_t      n_known = 0;
    for (size_t i = 0; i < n_extra; i++) known[n_known++] = extra[i];
    for (size_t i = 0; i < n && n_known < PR_COUNT(known); i++)
        if (same_section(fields[i].section, section)) known[n_known++] = fields[i].key;
    if (in->v) PR_TRY(only(in, known, n_known));
    for (size_t i = 0; i < n; i++) {
        if (!same_section(fields[i].section, section)) continue;
        value_in m = member(in, fields[i].key);
        if (!*in->key) snprintf(m.key, sizeof m.key, "%s", fields[i].key);
        if (m.v) PR_TRY(field_in(&m, &fields[i], obj));
        else if (fields[i].needed)
            return pr_fail(in->err, PARE_EINPUT, -1, "'%s' is missing", m.key);
    }
    return PARE_OK;
}

static pare_status accels_in(const value_in *in, pr_target *out) {
    char   what[64];
    size_t n = pare_doc_count(in->v);
    if (pare_doc_kind(in->v) != PARE_DOC_ARRAY || n > PR_TARGET_ACCELS)
        return pr_fail(in->err, PARE_EINPUT, -1, "%s is %s; expected a list of at most %d",
                       in->key, pr_doc_describe(in->v, what, sizeof what), PR_TARGET_ACCELS);
    for (size_t i = 0; i < n; i++) {
        pr_target_accel *x = &out->accels[i];
        value_in         m = *in;
        m.v = pare_doc_at(in->v, i);
        snprintf(m.key, sizeof m.key, "accelerators[%zu]", i);
        if (pare_doc_kind(m.v) != PARE_DOC_OBJECT)
            return pr_fail(in->err, PARE_EINPUT, -1, "%s is %s; expected a mapping", m.key,
                           pr_doc_describe(m.v, what, sizeof what));
        target_accel_clear(x);
        PR_TRY(section_in(&m, NULL, target_accel_fields, target_n_accel_fields, NULL, 0, x));
        if (x->unified == 1 && x->memory_bytes >= 0)
            return pr_fail(in->err, PARE_EINPUT, -1,
                           "%s is unified and has a memory of its own; expected one", m.key);
        out->n_accels++;
    }
    return PARE_OK;
}

static pare_status target_check(const pr_target *t, pare_err *err) {
    if (strspn(t->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") !=
            strlen(t->name) ||
        strlen(t->name) > 64)
        return pr_fail(err, PARE_EINPUT, -1,
                       "name is '%.70s'; expected at most 64 letters, digits, '-', '.' and '_'",
                       t->name);
    if (t->memory_available > t->memory_bytes)
        return pr_fail(err, PARE_EINPUT, -1, "memory.available is more than memory.bytes");
    if (t->storage_bytes >= 0 && t->storage_free > t->storage_bytes)
        return pr_fail(err, PARE_EINPUT, -1, "storage.free is more than storage.bytes");
    if (t->n_fast > t->n_cores)
        return pr_fail(err, PARE_EINPUT, -1, "cpu.fast_cores is more than cpu.cores");
    if (!isnan(t->battery_wh) && t->has_battery == 0)
        return pr_fail(err, PARE_EINPUT, -1, "power.battery_wh is told, but power.battery is no");
    return PARE_OK;
}

static pare_status target_in(const pare_doc *d, pr_arena *a, pr_target *out, pare_err *err) {
    static const char *const sections[] = {"cpu",     "memory", "storage", "power",
                                           "network", "peaks",  "limits"};
    static const char *const extra[] = {"schema",  "accelerators", "cpu",   "memory", "storage",
                                        "power",   "network",      "peaks", "limits"};
    value_in                 top = {d, "", a, err}, m;
    const char              *schema = NULL;
    char                     what[64];
    if (pare_doc_kind(d) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1, "no mapping; expected schema, name, platform, …");
    m = member(&top, "schema");
    snprintf(m.key, sizeof m.key, "schema");
    PR_TRY(text_in(&m, &schema));
    if (strcmp(schema, "1") != 0)
        return pr_fail(err, PARE_EINPUT, -1, "schema is '%.20s'; this pare reads 1", schema);
    PR_TRY(section_in(&top, NULL, target_fields, target_n_fields, extra, PR_COUNT(extra), out));
    for (size_t i = 0; i < PR_COUNT(sections); i++) {
        m = member(&top, sections[i]);
        snprintf(m.key, sizeof m.key, "%s", sections[i]);
        if (m.v && pare_doc_kind(m.v) != PARE_DOC_OBJECT)
            return pr_fail(err, PARE_EINPUT, -1, "%s is %s; expected a mapping", m.key,
                           pr_doc_describe(m.v, what, sizeof what));
        PR_TRY(section_in(&m, sections[i], target_fields, target_n_fields, NULL, 0, out));
    }
    m = member(&top, "accelerators");
    snprintf(m.key, sizeof m.key, "accelerators");
    if (m.v) PR_TRY(accels_in(&m, out));
    return target_check(out, err);
}

pare_status pr_target_parse(pr_str text, const char *source, pr_arena *a, pr_target *out,
                            pare_err *err) {
    pr_target   t;
    pare_doc   *d = NULL;
    pare_status st;
    memset(out, 0, sizeof *out);
    target_clear(&t);
    if (!(t.source = pr_arena_str(a, source, strlen(source))))
        return pr_fail_nomem(err, strlen(source));
    if ((st = pr_yaml_parse(&d, text.p, text.n, err)) == PARE_OK) st = target_in(d, a, &t, err);
    pare_doc_free(d);
    if (st != PARE_OK) return pr_fail_in(err, st, source);
    *out = t;
    return PARE_OK;
}

bool pr_target_shipped(size_t i, const char **name, pr_str *text) {
    *name = NULL;
    *text = (pr_str){0};
    if (i >= target_library_len) return false;
    *name = target_library[i].name;
    *text = (pr_str){(const char *)target_library[i].text, target_library[i].n};
    return true;
}

static bool is_path(const char *s) {
    size_t n = strlen(s);
    return strchr(s, '/') || (n > 5 && strcmp(s + n - 5, ".yaml") == 0) ||
           (n > 4 && strcmp(s + n - 4, ".yml") == 0);
}

pare_status pr_target_read(const char *path_or_name, pr_arena *a, pr_target *out, pare_err *err) {
    const char *name;
    char        list[600] = "";
    size_t      used = 0;
    pr_str      text;
    memset(out, 0, sizeof *out);
    if (is_path(path_or_name)) {
        PR_TRY(pr_file_read(path_or_name, PR_TARGET_BYTES_MAX, a, &text, err));
        return pr_target_parse(text, path_or_name, a, out, err);
    }
    for (size_t i = 0; pr_target_shipped(i, &name, &text); i++) {
        if (strcmp(name, path_or_name) == 0) {
            PR_TRY(pr_target_parse(text, name, a, out, err));
            out->source = "shipped";
            return PARE_OK;
        }
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", name);
    }
    return pr_fail(err, PARE_EINPUT, -1,
                   "no target is called '%.60s'; expected a file FILE.yaml or one of %s",
                   path_or_name, list);
}
