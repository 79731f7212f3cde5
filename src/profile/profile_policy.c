/* profile_policy.c - from when on a share is a bottleneck: built in, or from YAML. Always true:
 * what is not understood is refused; what is not named is not judged. */
#include <math.h>
#include <stdio.h>
#include "profile.h"

enum { POLICY_BYTES_MAX = 1 << 16 };

static const pr_profile_policy built_in = {
    .name = "default",
    .source = "built-in",
    .above = {[PR_BN_MEMORY] = 0.90,
              [PR_BN_FAULTS] = 0.10,
              [PR_BN_QUOTA] = 0.05,
              [PR_BN_FREQUENCY] = 0.15,
              [PR_BN_OVERSUBSCRIBED] = 1,
              [PR_BN_NEIGHBOUR] = 0.10,
              [PR_BN_FEW_THREADS] = 0.10,
              [PR_BN_IMBALANCE] = 0.15,
              [PR_BN_BANDWIDTH] = 0.90,
              [PR_BN_COMPUTE] = 0.80,
              [PR_BN_INCONSISTENT] = 0.20},
};

const pr_profile_policy *pr_profile_policy_default(void) {
    return &built_in;
}

/* Every key of `obj` is one of the n words of `known`. */
static pare_status only(const pare_doc *obj, const char *where, const char *const *known, size_t n,
                        pare_err *err) {
    for (pare_doc_iter it = {0}; pare_doc_next(obj, &it);) {
        size_t k = 0;
        while (k < n && strcmp(known[k], it.key) != 0) k++;
        if (k < n) continue;
        char list[300] = "";
        for (size_t w = 0, used = 0; w < n && used < sizeof list; w++)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", w ? ", " : "",
                                     known[w]);
        return pr_fail(err, PARE_EINPUT, -1, "unknown key '%s' in %s; expected one of %s",
                       it.key, where, list);
    }
    return PARE_OK;
}

static pare_status text_of(const pare_doc *d, const char *key, pr_arena *a, const char **out,
                           pare_err *err) {
    pr_str s;
    PR_TRY(pr_json_get_str(d, key, &s, err));
    if (s.n == 0 || s.n > 200 || memchr(s.p, 0, s.n))
        return pr_fail(err, PARE_EINPUT, -1, "%s has %zu bytes; expected 1 to 200", key, s.n);
    *out = pr_arena_str(a, s.p, s.n);
    return *out ? PARE_OK : pr_fail_nomem(err, s.n);
}

/* A bound is a share below 1, but for threads per CPU. */
static pare_status bounds(const pare_doc *above, pr_profile_policy *out, pare_err *err) {
    const char *keys[PR_BOTTLENECKS];
    for (int k = 0; k < PR_BOTTLENECKS; k++) keys[k] = pr_bottleneck_key((pr_bottleneck)k);
    PR_TRY(only(above, "'above'", keys, PR_BOTTLENECKS, err));
    if (pare_doc_count(above) == 0)
        return pr_fail(err, PARE_EINPUT, -1, "'above' names nothing; expected one bound at least");
    for (int k = 0; k < PR_BOTTLENECKS; k++) {
        const pare_doc *v = pare_doc_get(above, keys[k]);
        double          most = k == PR_BN_OVERSUBSCRIBED ? 1024 : 1;
        out->above[k] = NAN;
        if (!v) continue;
        const char *s = pare_doc_str(v);
        if (!s || !pr_parse_f64(s, 0, most, &out->above[k]) || !(out->above[k] < most || most > 1))
            return pr_fail(err, PARE_EINPUT, -1, "%s is '%s'; expected a number from 0 to %s",
                           keys[k], s ? s : "no number", most > 1 ? "1024" : "below 1");
    }
    return PARE_OK;
}

static pare_status policy_of(const pare_doc *d, pr_arena *a, pr_profile_policy *out,
                             pare_err *err) {
    static const char *const known[] = {"schema", "name", "about", "above"};
    const pare_doc          *above;
    pr_str                   schema;
    if (pare_doc_kind(d) != PARE_DOC_OBJECT)
        return pr_fail(err, PARE_EINPUT, -1, "no mapping; expected schema, name and above");
    PR_TRY(only(d, "the policy", known, PR_COUNT(known), err));
    PR_TRY(pr_json_get_str(d, "schema", &schema, err));
    if (!pr_str_eq(schema, PR_STR("1")))
        return pr_fail(err, PARE_EINPUT, -1, "schema is '%.*s'; this pare reads 1",
                       (int)PR_MIN(schema.n, (size_t)20), schema.p);
    PR_TRY(text_of(d, "name", a, &out->name, err));
    PR_TRY(pr_json_get_obj(d, "above", &above, err));
    return bounds(above, out, err);
}

pare_status pr_profile_policy_parse(pr_str text, const char *source, pr_arena *a,
                                    pr_profile_policy *out, pare_err *err) {
    pr_profile_policy p = {0};
    pare_doc         *d = NULL;
    *out = p;
    if (!(p.source = pr_arena_str(a, source, strlen(source))))
        return pr_fail_nomem(err, strlen(source));
    pare_status st = pr_yaml_parse(&d, text.p, text.n, err);
    if (st == PARE_OK) st = policy_of(d, a, &p, err);
    pare_doc_free(d);
    if (st != PARE_OK) return pr_fail_in(err, st, source);
    *out = p;
    return PARE_OK;
}

pare_status pr_profile_policy_read(const char *path, pr_arena *a, pr_profile_policy *out,
                                   pare_err *err) {
    pr_str text = {0};
    *out = (pr_profile_policy){0};
    PR_TRY(pr_file_read(path, POLICY_BYTES_MAX, a, &text, err));
    return pr_profile_policy_parse(text, path, a, out, err);
}
