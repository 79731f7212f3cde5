/* rules.c - the rules' file, read and checked. Always true of rules that were read: every key is
 * known, every framework that is named is listed, ids are said once, numbers are numbers, and the
 * last rule and the last strategy take whatever comes. */
#include <math.h>
#include <stdio.h>
#include "advise_in.h"

enum { ID_MAX = 64, ROWS_MAX = 64 };

bool list_has(const pare_doc *list, const char *word) {
    for (size_t i = 0; i < pare_doc_count(list); i++)
        if (pr_str_eq(pr_doc_text_of(pare_doc_at(list, i)), pr_str_of(word))) return true;
    return false;
}

const pare_doc *framework_find(const pr_rules *r, const char *id) {
    const pare_doc *list = pare_doc_get(r->doc, "frameworks");
    for (size_t i = 0; i < pare_doc_count(list); i++)
        if (strcmp(text_at(pare_doc_at(list, i), "id"), id) == 0) return pare_doc_at(list, i);
    return NULL;
}

double number_at(const pare_doc *o, const char *key) {
    double      x = NAN;
    const char *s = text_at(o, key);
    return s && pr_parse_f64(s, 0, 1e18, &x) ? x : NAN;
}

/* Every key of `o` stands in `known` (words between blanks). */
static pare_status keys_check(const pare_doc *o, const char *what, const char *known,
                              pare_err *err) {
    char          is[120], word[ID_MAX + 3];
    pare_doc_iter it = {0};
    if (pare_doc_kind(o) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1, "%s is %s; expected a mapping", what,
                       pr_doc_describe(o, is, sizeof is));
    while (pare_doc_next(o, &it)) {
        snprintf(word, sizeof word, " %.*s ", ID_MAX, it.key);
        if (it.key_len > ID_MAX || !strstr(known, word))
            return pr_fail(err, PARE_EINPUT, -1, "%s: unknown key '%.64s'; expected one of%s", what,
                           it.key, known);
    }
    return PARE_OK;
}

/* A text of 1 to `max` bytes without NUL. */
static pare_status text_check(const pare_doc *v, const char *what, const char *key, size_t max,
                              pare_err *err) {
    char   is[120];
    pr_str s = pr_doc_text_of(v);
    if (s.p && s.n > 0 && s.n <= max && !memchr(s.p, 0, s.n)) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "%s: %s is %s; expected a text of 1 to %zu bytes", what,
                   key, pr_doc_describe(v, is, sizeof is), max);
}

static pare_status number_check(const pare_doc *o, const char *what, const char *key, bool needed,
                                double lo, pare_err *err) {
    char            is[120];
    const pare_doc *v = pare_doc_get(o, key);
    if (!v && !needed) return PARE_OK;
    if (number_at(o, key) >= lo) return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "%s: %s is %s; expected a number of at least %g", what,
                   key, pr_doc_describe(v, is, sizeof is), lo);
}

/* A list of 1 to ROWS_MAX members. */
static pare_status list_check(const pare_doc *o, const char *what, const char *key,
                              const pare_doc **out, pare_err *err) {
    char is[120];
    *out = pare_doc_get(o, key);
    if (pare_doc_kind(*out) == PARE_DOC_ARRAY && pare_doc_count(*out) > 0 &&
        pare_doc_count(*out) <= ROWS_MAX)
        return PARE_OK;
    return pr_fail(err, PARE_EINPUT, -1, "%s: %s is %s; expected a list of 1 to %d", what, key,
                   pr_doc_describe(*out, is, sizeof is), ROWS_MAX);
}

/* A list of listed frameworks, none twice. */
static pare_status names_check(const pr_rules *r, const pare_doc *o, const char *what,
                               const char *key, pare_err *err) {
    const pare_doc *list;
    PR_TRY(list_check(o, what, key, &list, err));
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        PR_TRY(text_check(pare_doc_at(list, i), what, key, ID_MAX, err));
        const char *id = pare_doc_str(pare_doc_at(list, i));
        if (!framework_find(r, id))
            return pr_fail(err, PARE_EINPUT, -1, "%s: no framework '%s' is listed", what, id);
        for (size_t k = 0; k < i; k++)
            if (strcmp(pare_doc_str(pare_doc_at(list, k)), id) == 0)
                return pr_fail(err, PARE_EINPUT, -1, "%s: '%s' stands twice in %s", what, id, key);
    }
    return PARE_OK;
}

/* The id of row `i`, which none before it has; `what` becomes "rules: platform-intel". */
static pare_status id_check(const pare_doc *list, size_t i, const char *section, char what[96],
                            pare_err *err) {
    const pare_doc *o = pare_doc_at(list, i);
    snprintf(what, 96, "%s: row %zu", section, i + 1);
    PR_TRY(text_check(pare_doc_get(o, "id"), what, "id", ID_MAX, err));
    for (size_t k = 0; k < i; k++)
        if (strcmp(text_at(pare_doc_at(list, k), "id"), text_at(o, "id")) == 0)
            return pr_fail(err, PARE_EINPUT, -1, "%s: the id '%s' stands twice", what,
                           text_at(o, "id"));
    snprintf(what, 96, "%s: %s", section, text_at(o, "id"));
    return PARE_OK;
}

static pare_status marks_check(const pare_doc *o, const char *what, pare_err *err) {
    pare_doc_iter   it = {0};
    const pare_doc *marks = pare_doc_get(o, "needs");
    if (pare_doc_kind(marks) != PARE_DOC_OBJECT || pare_doc_count(marks) > PR_RULES_NEEDS)
        return pr_fail(err, PARE_EINPUT, -1, "%s: needs is no mapping of at most %d", what,
                       PR_RULES_NEEDS);
    while (pare_doc_next(marks, &it)) {
        PR_TRY(text_check(it.value, what, it.key, ID_MAX, err));
        const char *m = pare_doc_str(it.value);
        if (strcmp(m, "excellent") && strcmp(m, "good") && strcmp(m, "limited") &&
            strcmp(m, "none"))
            return pr_fail(err, PARE_EINPUT, -1,
                           "%s: %s is '%s'; expected excellent, good, limited or none", what,
                           it.key, m);
    }
    return PARE_OK;
}

static pare_status platforms_check(const pare_doc *o, const char *what, pare_err *err) {
    pr_platform     p;
    const pare_doc *list;
    if (!pare_doc_get(o, "platforms")) return PARE_OK;
    PR_TRY(list_check(o, what, "platforms", &list, err));
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        PR_TRY(text_check(pare_doc_at(list, i), what, "platforms", ID_MAX, err));
        if (!pr_platform_parse(pare_doc_str(pare_doc_at(list, i)), &p))
            return pr_fail(err, PARE_EINPUT, -1, "%s: unknown platform '%s'", what,
                           pare_doc_str(pare_doc_at(list, i)));
    }
    return PARE_OK;
}

static pare_status frameworks_check(const pr_rules *r, pare_err *err) {
    const pare_doc *list;
    char            what[96];
    PR_TRY(list_check(r->doc, "rules", "frameworks", &list, err));
    if (pare_doc_count(list) > PR_RULES_FRAMEWORKS)
        return pr_fail(err, PARE_EINPUT, -1, "%zu frameworks; expected at most %d",
                       pare_doc_count(list), PR_RULES_FRAMEWORKS);
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        PR_TRY(keys_check(o, "frameworks", " id runner format modalities platforms needs ", err));
        PR_TRY(id_check(list, i, "frameworks", what, err));
        PR_TRY(text_check(pare_doc_get(o, "runner"), what, "runner", ID_MAX, err));
        PR_TRY(text_check(pare_doc_get(o, "format"), what, "format", ID_MAX, err));
        if (pare_doc_get(o, "modalities"))
            PR_TRY(text_check(pare_doc_get(o, "modalities"), what, "modalities", ID_MAX, err));
        PR_TRY(marks_check(o, what, err));
        PR_TRY(platforms_check(o, what, err));
    }
    return PARE_OK;
}

static pare_status styles_check(const pr_rules *r, pare_err *err) {
    pare_doc_iter   it = {0};
    const pare_doc *styles = pare_doc_get(r->doc, "styles");
    PR_TRY(keys_check(styles, "styles", " prototyping enterprise ", err));
    if (pare_doc_count(styles) != 2)
        return pr_fail(err, PARE_EINPUT, -1, "styles: expected prototyping and enterprise");
    while (pare_doc_next(styles, &it)) {
        PR_TRY(names_check(r, styles, "styles", it.key, err));
        if (pare_doc_count(it.value) != pare_doc_count(pare_doc_get(r->doc, "frameworks")))
            return pr_fail(err, PARE_EINPUT, -1, "styles: %s does not rank every framework",
                           it.key);
    }
    return PARE_OK;
}

static pare_status when_check(const pare_doc *o, const char *what, const char *known, bool last,
                              pare_err *err) {
    const pare_doc *when = pare_doc_get(o, "when");
    pare_doc_iter   it = {0};
    pr_platform     p;
    PR_TRY(keys_check(when, what, known, err));
    while (pare_doc_next(when, &it)) PR_TRY(text_check(it.value, what, it.key, ID_MAX, err));
    const char *platform = text_at(when, "platform"), *made = text_at(when, "made-for");
    if (platform && !pr_platform_parse(platform, &p))
        return pr_fail(err, PARE_EINPUT, -1, "%s: unknown platform '%s'", what, platform);
    if (made && strcmp(made, "apple") && strcmp(made, "intel"))
        return pr_fail(err, PARE_EINPUT, -1, "%s: made-for is '%s'; expected apple or intel", what,
                       made);
    PR_TRY(number_check(when, what, "parameters-above", false, 0, err));
    if (last != (pare_doc_count(when) == 0))
        return pr_fail(err, PARE_EINPUT, -1,
                       last ? "%s: the last must take whatever comes (when: {})"
                            : "%s: only the last may take whatever comes", what);
    return PARE_OK;
}

static pare_status chooses_check(const pr_rules *r, pare_err *err) {
    const pare_doc *list;
    char            what[96];
    PR_TRY(list_check(r->doc, "rules", "rules", &list, err));
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        PR_TRY(keys_check(o, "rules", " id when frameworks compare style because ", err));
        PR_TRY(id_check(list, i, "rules", what, err));
        PR_TRY(when_check(o, what, " platform purpose made-for parameters-above ",
                          i + 1 == pare_doc_count(list), err));
        PR_TRY(names_check(r, o, what, "frameworks", err));
        PR_TRY(text_check(pare_doc_get(o, "because"), what, "because", 200, err));
        const char *style = text_at(o, "style"), *compare = text_at(o, "compare");
        if (pare_doc_get(o, "style") &&
            (!style || !pare_doc_get(pare_doc_get(r->doc, "styles"), style)))
            return pr_fail(err, PARE_EINPUT, -1, "%s: style is not prototyping or enterprise",
                           what);
        if (pare_doc_get(o, "compare") && (!compare || strcmp(compare, "true")))
            return pr_fail(err, PARE_EINPUT, -1, "%s: compare can only be true", what);
    }
    return PARE_OK;
}

static pare_status types_check(const pare_doc *strategy, const char *what, pare_err *err) {
    const pare_doc *list;
    PR_TRY(list_check(strategy, what, "types", &list, err));
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        PR_TRY(keys_check(o, what, " type group bits divides ", err));
        PR_TRY(text_check(pare_doc_get(o, "type"), what, "type", ID_MAX, err));
        PR_TRY(number_check(o, what, "group", false, 1, err));
        PR_TRY(number_check(o, what, "bits", true, 0.1, err));
        PR_TRY(number_check(o, what, "divides", true, 1, err));
        if (number_at(o, "bits") > 64 || number_at(o, "divides") > 65536 ||
            number_at(o, "divides") != floor(number_at(o, "divides")) ||
            (pare_doc_get(o, "group") && (number_at(o, "group") > 65536 ||
                                         number_at(o, "group") != floor(number_at(o, "group")))))
            return pr_fail(err, PARE_EINPUT, -1,
                           "%s: %s: expected bits to 64, whole groups and rows to 65,536", what,
                           text_at(o, "type"));
    }
    return PARE_OK;
}

static pare_status strategies_check(const pr_rules *r, pare_err *err) {
    const pare_doc *list;
    char            what[96];
    PR_TRY(list_check(r->doc, "rules", "strategies", &list, err));
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *o = pare_doc_at(list, i);
        PR_TRY(keys_check(o, "strategies", " id when method acceleration calibration types ", err));
        PR_TRY(id_check(list, i, "strategies", what, err));
        PR_TRY(when_check(o, what, " framework ", i + 1 == pare_doc_count(list), err));
        const char *f = text_at(pare_doc_get(o, "when"), "framework");
        if (f && !framework_find(r, f))
            return pr_fail(err, PARE_EINPUT, -1, "%s: no framework '%s' is listed", what, f);
        PR_TRY(text_check(pare_doc_get(o, "method"), what, "method", ID_MAX, err));
        for (int k = 0; k < 2; k++) {
            const char *key = k ? "calibration" : "acceleration";
            if (pare_doc_get(o, key))
                PR_TRY(text_check(pare_doc_get(o, key), what, key, ID_MAX, err));
        }
        PR_TRY(types_check(o, what, err));
    }
    return PARE_OK;
}

static pare_status rules_check(pr_rules *r, pare_err *err) {
    PR_TRY(keys_check(r->doc, "rules", " name frameworks styles rules strategies ", err));
    PR_TRY(text_check(pare_doc_get(r->doc, "name"), "rules", "name", ID_MAX, err));
    r->name = text_at(r->doc, "name");
    PR_TRY(frameworks_check(r, err));
    PR_TRY(styles_check(r, err));
    PR_TRY(chooses_check(r, err));
    return strategies_check(r, err);
}

pare_status pr_rules_parse(pr_str text, const char *source, pr_arena *a, pr_rules *out,
                           pare_err *err) {
    *out = (pr_rules){0};
    pr_rules r = {.source = pr_arena_str(a, source, strlen(source))};
    if (!r.source) return pr_fail_nomem(err, strlen(source));
    if (text.n > PR_RULES_BYTES_MAX)
        return pr_fail(err, PARE_EINPUT, PR_RULES_BYTES_MAX, "%zu bytes of rules; at most %d",
                       text.n, PR_RULES_BYTES_MAX);
    PR_TRY(pr_yaml_parse(&r.doc, text.p, text.n, err));
    pare_status st = rules_check(&r, err);
    if (st == PARE_OK) *out = r;
    else pr_rules_done(&r);
    return st;
}

pare_status pr_rules_read(const char *path, pr_arena *a, pr_rules *out, pare_err *err) {
    pr_str text = {(const char *)pr_embed_recommend_yaml, pr_embed_recommend_yaml_len};
    *out = (pr_rules){0};
    if (!path) return pr_rules_parse(text, "shipped", a, out, err);
    PR_TRY(pr_file_read(path, PR_RULES_BYTES_MAX, a, &text, err));
    pare_status st = pr_rules_parse(text, path, a, out, err);
    return st == PARE_OK ? st : pr_fail_in(err, st, path);
}

void pr_rules_done(pr_rules *r) {
    pare_doc_free(r->doc);
    *r = (pr_rules){0};
}
