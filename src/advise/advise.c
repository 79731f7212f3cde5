/* advise.c - from rules, model and target to an answer. Always true: the first rule that fits
 * decides; frameworks that it names come before all others; needs, then style, order the rest and
 * what the rule calls equal; who is passed over is told why. */
#include <math.h>
#include <stdio.h>
#include "advise_in.h"

typedef struct {
    const pare_doc *f;
    int             named; /* place in the rule's list; what it does not name: INT_MAX */
    int             marks; /* sum over what is needed: excellent 3, good 2, limited 1 */
    int             rank;  /* place in the style's order */
} runner_up;

typedef struct {
    const pr_rules      *r;
    const pr_advise_ask *ask;
    const pare_doc      *rule;
    const char          *style;
    runner_up            list[PR_RULES_FRAMEWORKS];
    size_t               n;
} decision;

static const char *platform_of(const pr_advise_ask *ask) {
    bool plays = ask->target && (ask->target_stated || !ask->purpose);
    return plays ? pr_platform_name(ask->target->platform) : NULL;
}

/* By the form that the model came in. */
static const char *made_for(const pr_advise_ask *ask) {
    const char *format = text_at(ask->model, "format");
    return !format                          ? NULL
           : strcmp(format, "mlx") == 0      ? "apple"
           : strcmp(format, "openvino") == 0 ? "intel"
                                             : NULL;
}

static bool word_is(const char *asked, const char *is) {
    return !asked || (is && strcmp(asked, is) == 0);
}

static bool rule_fits(const pare_doc *rule, const pr_advise_ask *ask) {
    const pare_doc *when = pare_doc_get(rule, "when");
    double          more = number_at(when, "parameters-above");
    return word_is(text_at(when, "platform"), platform_of(ask)) &&
           word_is(text_at(when, "purpose"), ask->purpose) &&
           word_is(text_at(when, "made-for"), made_for(ask)) &&
           (isnan(more) || pare_doc_num(pare_doc_get(ask->model, "parameters")) > more);
}

static const pare_doc *rule_find(const pr_rules *r, const pr_advise_ask *ask) {
    const pare_doc *list = pare_doc_get(r->doc, "rules");
    size_t          i = 0;
    while (!rule_fits(pare_doc_at(list, i), ask)) i++; /* the last takes whatever comes */
    return pare_doc_at(list, i);
}

static int place_in(const pare_doc *list, const char *id) {
    for (size_t i = 0; i < pare_doc_count(list); i++)
        if (strcmp(pare_doc_str(pare_doc_at(list, i)), id) == 0) return (int)i;
    return 1000;
}

static int mark_of(const pare_doc *f, const char *need) {
    const char *m = text_at(pare_doc_get(f, "needs"), need);
    return !m                            ? 0
           : strcmp(m, "excellent") == 0 ? 3
           : strcmp(m, "good") == 0      ? 2
           : strcmp(m, "limited") == 0   ? 1
                                         : 0;
}

static bool goes_before(const runner_up *a, const runner_up *b) {
    if (a->named != b->named) return a->named < b->named;
    if (a->marks != b->marks) return a->marks > b->marks;
    return a->rank < b->rank;
}

static void rank_all(decision *d) {
    const pare_doc *all = pare_doc_get(d->r->doc, "frameworks");
    const pare_doc *named = pare_doc_get(d->rule, "frameworks");
    const pare_doc *order = pare_doc_get(pare_doc_get(d->r->doc, "styles"), d->style);
    for (size_t i = 0; i < pare_doc_count(all); i++) {
        const pare_doc *f = pare_doc_at(all, i);
        runner_up       x = {.f = f, .named = place_in(named, text_at(f, "id"))};
        if (x.named < 1000 && pare_doc_get(d->rule, "compare")) x.named = 0;
        for (size_t k = 0; k < d->ask->n_needs; k++) x.marks += mark_of(f, d->ask->needs[k]);
        x.rank = place_in(order, text_at(f, "id"));
        size_t at = d->n++;
        for (; at > 0 && goes_before(&x, &d->list[at - 1]); at--) d->list[at] = d->list[at - 1];
        d->list[at] = x;
    }
}

/* Can `f` not be used at all here? Then `why` says it. */
static bool impossible(const pr_advise_ask *ask, const pare_doc *f, char why[240]) {
    const pare_doc *only = pare_doc_get(f, "platforms");
    for (size_t k = 0; k < ask->n_needs; k++)
        if (word_is("none", text_at(pare_doc_get(f, "needs"), ask->needs[k]))) {
            snprintf(why, 240, "it cannot do what is needed: %s", ask->needs[k]);
            return true;
        }
    const char *platform = platform_of(ask);
    if (only && (!platform || !list_has(only, platform))) {
        snprintf(why, 240, "it does not run on %s",
                 platform ? platform : "every platform, and none is stated");
        return true;
    }
    if (!ask->target || !platform || !ask->target->runners) return false;
    for (size_t i = 0; i < ask->target->n_runners; i++)
        if (strcmp(ask->target->runners[i], text_at(f, "runner")) == 0) return false;
    snprintf(why, 240, "%s has no runtime for it (%s)", ask->target->name, text_at(f, "runner"));
    return true;
}

static void choice_put(decision *d, const runner_up *x, pr_doc_build *b, pare_doc *to,
                       pare_doc *strategy) {
    pr_doc_set_str(b, to, "framework", text_at(x->f, "id"));
    pr_doc_set_str(b, to, "format", text_at(x->f, "format"));
    pr_doc_set_str(b, to, "runner", text_at(x->f, "runner"));
    char why[240];
    if (x->named < 1000 && !pare_doc_get(d->rule, "compare"))
        snprintf(why, sizeof why, "named by %s", text_at(d->rule, "id"));
    else
        snprintf(why, sizeof why, "%s%s: needs %d points, place %d of style %s",
                 x->named < 1000 ? "one of those that are compared by " : "not named by ",
                 text_at(d->rule, "id"), x->marks, x->rank + 1, d->style);
    pr_doc_set_str(b, to, "because", why);
    pr_doc_set(b, to, "strategy", strategy);
}

static void choices_put(decision *d, pr_doc_build *b, pare_doc *root) {
    static const char *const places[] = {"first", "second"};
    size_t                   taken = 0;
    char                     why[240];
    for (size_t i = 0; i < 2; i++) pr_doc_set_null(b, root, places[i]);
    pare_doc *passed = pr_doc_set_array(b, root, "passed_over");
    for (size_t i = 0; i < d->n; i++) {
        const runner_up *x = &d->list[i];
        pare_doc        *s = pr_doc_object(b);
        bool             no = impossible(d->ask, x->f, why);
        bool             fits = !no && strategy_put(d->r, d->ask, x->f, b, s, why);
        if (fits && taken < 2) {
            choice_put(d, x, b, pr_doc_set_object(b, root, places[taken++]), s);
            continue;
        }
        if (fits) snprintf(why, sizeof why, "two others go before it");
        pare_doc *o = pr_doc_add_object(b, passed);
        pr_doc_set_str(b, o, "framework", text_at(x->f, "id"));
        pr_doc_set_str(b, o, "because", why);
        if (no || fits) pare_doc_free(s);
        else pr_doc_set(b, o, "strategy", s);
    }
    if (!taken) pr_doc_set_str(b, root, "reason", "every framework is passed over");
}

/* Rules of purposes that were asked for but decide nothing. */
static void overruled_put(decision *d, pr_doc_build *b, pare_doc *root) {
    const pare_doc *list = pare_doc_get(d->r->doc, "rules");
    pare_doc       *to = pr_doc_set_array(b, root, "overruled");
    bool            past = false;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *rule = pare_doc_at(list, i);
        if (past && rule_fits(rule, d->ask)) pr_doc_add_str(b, to, text_at(rule, "id"));
        past = past || rule == d->rule;
    }
}

/* Every purpose, style and need that is asked for stands in the rules. */
static pare_status ask_check(const pr_rules *r, const pr_advise_ask *ask, pare_err *err) {
    const pare_doc *list = pare_doc_get(r->doc, "rules");
    const pare_doc *marks = pare_doc_path(r->doc, "frameworks/0/needs");
    char            known[240] = "";
    bool            found = !ask->purpose;
    size_t          n = 0;
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const char *p = text_at(pare_doc_get(pare_doc_at(list, i), "when"), "purpose");
        if (p && ask->purpose && strcmp(p, ask->purpose) == 0) found = true;
        if (p && n < sizeof known)
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", p);
    }
    if (!found)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "no rule knows the purpose '%.60s'; expected one of %s", ask->purpose,
                       known);
    if (ask->style && !pare_doc_get(pare_doc_get(r->doc, "styles"), ask->style))
        return pr_fail(err, PARE_EUSAGE, -1, "no style is called '%.60s'", ask->style);
    if (ask->n_needs > PR_RULES_NEEDS)
        return pr_fail(err, PARE_EUSAGE, -1, "%zu needs; at most %d", ask->n_needs, PR_RULES_NEEDS);
    for (size_t k = 0; k < ask->n_needs; k++) {
        pare_doc_iter it = {0};
        if (pare_doc_get(marks, ask->needs[k])) continue;
        for (n = 0; pare_doc_next(marks, &it) && n < sizeof known;)
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", n ? ", " : "", it.key);
        return pr_fail(err, PARE_EUSAGE, -1,
                       "no framework is marked for '%.60s'; expected some of %s", ask->needs[k],
                       known);
    }
    return PARE_OK;
}

static void asked_put(decision *d, pr_doc_build *b, pare_doc *root) {
    const pr_advise_ask *ask = d->ask;
    pare_doc            *o = pr_doc_set_object(b, root, "asked");
    if (ask->target) pr_doc_set_str(b, o, "target", ask->target->name);
    else pr_doc_set_null(b, o, "target");
    if (platform_of(ask)) pr_doc_set_str(b, o, "platform", platform_of(ask));
    else pr_doc_set_null(b, o, "platform");
    if (ask->purpose) pr_doc_set_str(b, o, "purpose", ask->purpose);
    else pr_doc_set_null(b, o, "purpose");
    pare_doc *needs = pr_doc_set_array(b, o, "needs");
    for (size_t i = 0; i < ask->n_needs; i++) pr_doc_add_str(b, needs, ask->needs[i]);
    pr_doc_set_str(b, o, "style", d->style);
}

pare_status pr_advise(const pr_rules *r, const pr_advise_ask *ask, pare_doc **out, pare_err *err) {
    pr_doc_build b = {0};
    decision     d = {.r = r, .ask = ask};
    *out = NULL;
    PR_TRY(ask_check(r, ask, err));
    d.rule = rule_find(r, ask);
    d.style = ask->style                 ? ask->style
              : text_at(d.rule, "style") ? text_at(d.rule, "style")
                                         : "prototyping";
    rank_all(&d);
    pare_doc *root = pr_doc_object(&b);
    pr_doc_set_i64(&b, root, "schema", 1);
    pr_doc_set_str(&b, root, "model", text_at(ask->model, "name"));
    pr_doc_set_str(&b, root, "rules", r->name);
    pr_doc_set_path(&b, root, "rules_from", r->source);
    asked_put(&d, &b, root);
    pare_doc *rule = pr_doc_set_object(&b, root, "rule");
    pr_doc_set_str(&b, rule, "id", text_at(d.rule, "id"));
    pr_doc_set_str(&b, rule, "because", text_at(d.rule, "because"));
    choices_put(&d, &b, root);
    overruled_put(&d, &b, root);
    return pr_doc_done(&b, root, out, err);
}
