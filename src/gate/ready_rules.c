/* ready_rules.c - the checks of readiness, and their verdicts. Always true: only a check that
 * was made and held is PASS; what was not made is undecided; a figure is judged by stat's
 * judge, on its unfavourable bound. */
#include <fnmatch.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include "gate/gate.h"

#define A PR_PART_ACCURACY
#define P PR_PART_PERFORMANCE
#define R PR_PART_ROBUSTNESS
#define S PR_PART_SECURITY
#define C PR_PART_COMPLIANCE
#define F PR_LEVEL_FAIL
#define W PR_LEVEL_WARN
#define SEEN NULL, PR_OP_AT_MOST, NAN, ""

static const pr_check_rule rules[PR_CHECKS] = {
    {"accuracy.kept", A, F, "accuracy kept of the source", "accuracy_kept", PR_OP_ABOVE, 0.95,
     "share"},
    {"accuracy.divergence", A, F, "mean divergence from the source", "kld_mean", PR_OP_AT_MOST,
     0.1, "nats"},
    {"accuracy.agreement", A, W, "same most probable token as the source", "top1_agreement",
     PR_OP_AT_LEAST, 0.9, "share"},
    {"accuracy.perplexity", A, F, "perplexity over the source's", "ppl_ratio", PR_OP_AT_MOST,
     1.05, "×"},
    {"accuracy.samples", A, F, "independent blocks behind the accuracy", NULL, PR_OP_AT_LEAST,
     10, ""},
    {"accuracy.recheck", A, F, "verdicts of the report that do not follow from its numbers",
     NULL, PR_OP_AT_MOST, 0, ""},

    {"performance.speed", P, F, "decode speed over the source's", "speedup", PR_OP_AT_LEAST, 1,
     "×"},
    {"performance.memory", P, F, "memory over the source's", "memory_ratio", PR_OP_AT_MOST, 0.75,
     "×"},
    {"performance.variation", P, F, "variation of the time per token", "token_cv_frame",
     PR_OP_AT_MOST, 0.2, "share"},
    {"performance.latency", P, F, "95 % of tokens within", "token_ms_p95", PR_OP_AT_MOST, NAN,
     "ms"},
    {"performance.first-token", P, F, "time to first token", "ttft_ms", PR_OP_AT_MOST, NAN, "ms"},
    {"performance.limits", P, F, "limits and gates of the report that do not pass", NULL,
     PR_OP_AT_MOST, 0, ""},
    {"performance.baselines", P, F, "baselines with bounds to watch by", NULL, PR_OP_AT_LEAST, 3,
     ""},

    {"robustness.noise", R, F, "characters changed at random: extra loss", NULL, PR_OP_AT_MOST,
     0.02, "share"},
    {"robustness.typos", R, F, "letters swapped, dropped, doubled: extra loss", NULL,
     PR_OP_AT_MOST, 0.02, "share"},
    {"robustness.case", R, F, "all in capitals: extra loss", NULL, PR_OP_AT_MOST, 0.02, "share"},
    {"robustness.whitespace", R, F, "white space changed: extra loss", NULL, PR_OP_AT_MOST, 0.02,
     "share"},
    {"robustness.long-context", R, F, "extra loss in the last quarter of the context", NULL,
     PR_OP_AT_MOST, 0.05, "share"},
    {"robustness.past-context", R, F, "one token too many is refused clearly", SEEN},
    {"robustness.empty", R, F, "an empty prompt does no harm", SEEN},
    {"robustness.hostile", R, F, "hostile input does no harm", SEEN},
    {"robustness.special-tokens", R, F, "special tokens written in a text stay text", SEEN},
    {"robustness.repeat", R, F, "repeated runs give the same bits", SEEN},
    {"robustness.threads", R, F, "every number of threads gives the same bits", SEEN},
    {"robustness.finite", R, F, "scores that are no numbers", NULL, PR_OP_AT_MOST, 0, ""},

    {"security.parse", S, F, "the artefact is what its format asks for", SEEN},
    {"security.sizes", S, F, "stretches of bytes that nothing owns", NULL, PR_OP_AT_MOST, 0, ""},
    {"security.weights", S, F, "weights are finite numbers", SEEN},
    {"security.hashes", S, F, "hashes are those of the records", SEEN},
    {"security.signature", S, W, "a signature stands beside the artefact", SEEN},
    {"security.executable", S, F, "no programs, libraries, scripts", SEEN},
    {"security.pickle", S, F, "no pickles", SEEN},
    {"security.archives", S, F, "nothing packed, nothing unread", SEEN},
    {"security.links", S, F, "no links out, no FIFOs, no devices", SEEN},
    {"security.template", S, F, "the chat template does what templates need, no more", SEEN},
    {"security.secrets", S, F, "no keys, tokens, passwords", SEEN},
    {"security.remote-code", S, F, "configuration asks for no code from elsewhere", SEEN},
    {"security.advisories", S, F, "no runtime of a version with a known flaw", SEEN},
    {"security.phones-home", S, W, "nothing sends data by itself", SEEN},

    {"compliance.licences", C, F, "licences of model and runtime are allowed", SEEN},
    {"compliance.data-licence", C, W, "the licence of the training data is stated and allowed",
     SEEN},
    {"compliance.documents", C, F, "required documents are there", SEEN},
    {"compliance.personal-data", C, F, "places with data of people", NULL, PR_OP_AT_MOST, 0, ""},
};

const pr_check_rule *pr_check_rule_at(size_t i) {
    return i < PR_CHECKS ? &rules[i] : NULL;
}

int pr_check_find(const char *id) {
    for (int i = 0; i < PR_CHECKS; i++)
        if (strcmp(rules[i].id, id) == 0) return i;
    return -1;
}

const char *pr_part_name(pr_part p) {
    static const char *const names[] = {"accuracy", "performance", "robustness", "security",
                                        "compliance", "all"};
    return names[p];
}

const char *pr_check_verdict_name(pr_check_verdict v) {
    static const char *const names[] = {"fail", "undecided", "pass", "not-applicable"};
    return names[v];
}

const char *pr_level_name(pr_level l) {
    static const char *const names[] = {"fail", "warn", "off"};
    return names[l];
}

bool pr_check_allows(const pr_check_ask *ask, const char *rule, const char *file) {
    char both[600];
    snprintf(both, sizeof both, "%s:%s", rule, file);
    for (size_t i = 0; i < ask->n_allow; i++)
        if (fnmatch(ask->allow[i], file, 0) == 0 || fnmatch(ask->allow[i], both, 0) == 0)
            return true;
    return false;
}

/* ------------------------------------------------------------------ verdicts */

void pr_checks_begin(const pr_ready_policy *p, pr_check *c) {
    for (size_t i = 0; i < PR_CHECKS; i++) {
        c[i] = (pr_check){.rule = &rules[i], .level = p->ask[i].level, .limit = p->ask[i].limit};
        c[i].est = pr_est_none("it has no figure");
        bool off = c[i].level == PR_LEVEL_OFF;
        c[i].verdict = off ? PR_CHECK_NONE : PR_CHECK_UNDECIDED;
        snprintf(c[i].why, sizeof c[i].why, off ? "the policy does not ask for it" : "not made");
    }
}

void pr_check_say(pr_check *c, pr_check_verdict v, const char *closes, const char *fmt, ...) {
    va_list ap;
    if (c->level == PR_LEVEL_OFF) return;
    va_start(ap, fmt);
    vsnprintf(c->why, sizeof c->why, fmt, ap);
    va_end(ap);
    c->verdict = v;
    c->closes = v == PR_CHECK_PASS || v == PR_CHECK_NONE ? NULL : closes;
}

void pr_check_note(pr_check *c, const char *file, int64_t line, int64_t offset,
                   const char *what) {
    c->n_seen++;
    if (c->n_evidence < PR_EVIDENCE_MAX)
        c->evidence[c->n_evidence++] = (pr_check_fact){file, line, offset, what};
}

static bool wants_more(pr_op op) {
    return op == PR_OP_ABOVE || op == PR_OP_AT_LEAST;
}

static void number(char *dst, size_t cap, double v, const char *unit) {
    if (strcmp(unit, "share") == 0) snprintf(dst, cap, "%.3g %%", v * 100);
    else snprintf(dst, cap, "%.4g%s%s", v, *unit ? " " : "", unit);
}

void pr_check_judge(pr_check *c, const pr_est *e, const char *about, const char *closes) {
    bool   more = wants_more(c->rule->op), strict = c->rule->op == PR_OP_ABOVE;
    double limit = strict ? nextafter(c->limit, INFINITY) : c->limit;
    char   got[40], asked[40], lo[40], hi[40];
    c->est = *e;
    if (!pr_est_ok(e)) {
        pr_check_say(c, PR_CHECK_FAIL, closes, "%s: no figure: %s", about,
                     e->why ? e->why : "it was not measured");
        return;
    }
    pr_verdict v = pr_judge(e, limit, more ? PR_AT_LEAST : PR_AT_MOST).verdict;
    number(got, sizeof got, e->value, c->rule->unit);
    number(lo, sizeof lo, e->lo, c->rule->unit);
    number(hi, sizeof hi, e->hi, c->rule->unit);
    number(asked, sizeof asked, c->limit, c->rule->unit);
    bool counted = e->lo == e->hi;
    pr_check_say(c,
                 v == PR_PASS   ? PR_CHECK_PASS
                 : v == PR_FAIL ? PR_CHECK_FAIL
                                : PR_CHECK_UNDECIDED,
                 closes, "%s: %s%s%s%s%s%s, asked %s %s", about, got, counted ? "" : " (",
                 counted ? "" : lo, counted ? "" : " … ", counted ? "" : hi, counted ? "" : ")",
                 pr_op_sign(c->rule->op), asked);
}

void pr_check_judge_metric(pr_check *c, const pr_metric *list, size_t n, const char *closes) {
    const pr_metric_info *info = pr_metric_info_find(c->rule->metric);
    const pr_metric *m = pr_metric_find(list, n, c->rule->metric,
                                        info && info->compares ? PR_AGAINST_SOURCE
                                                               : PR_AGAINST_NONE);
    pr_est none = pr_est_none("the report has no such metric");
    if (isnan(c->limit)) {
        if (m) c->est = m->est;
        pr_check_say(c, PR_CHECK_NONE, NULL, "the policy gives no limit%s",
                     m ? "; the figure is for your eyes" : "");
        return;
    }
    pr_check_judge(c, m ? &m->est : &none, c->rule->what, closes);
}

pr_check_verdict pr_checks_verdict(const pr_check *c, pr_part part) {
    bool made = false, open = false;
    for (size_t i = 0; i < PR_CHECKS; i++) {
        if (part != PR_PARTS && c[i].rule->part != part) continue;
        if (c[i].level == PR_LEVEL_OFF || c[i].verdict == PR_CHECK_NONE) continue;
        made = true;
        if (c[i].level != PR_LEVEL_FAIL) continue;
        if (c[i].verdict == PR_CHECK_FAIL) return PR_CHECK_FAIL;
        open |= c[i].verdict == PR_CHECK_UNDECIDED;
    }
    return open ? PR_CHECK_UNDECIDED : made ? PR_CHECK_PASS : PR_CHECK_NONE;
}

/* ------------------------------------------------------------------ as a document */

static void put_number(pr_doc_build *b, pare_doc *o, const char *key, double v) {
    if (isfinite(v)) pr_doc_set_f64(b, o, key, v);
    else pr_doc_set_null(b, o, key);
}

static void put_evidence(pr_doc_build *b, pare_doc *o, const pr_check *c) {
    pare_doc *list = pr_doc_set_array(b, o, "evidence");
    for (size_t i = 0; i < c->n_evidence; i++) {
        const pr_check_fact *e = &c->evidence[i];
        pare_doc          *x = pr_doc_add_object(b, list);
        if (e->file) pr_doc_set_path(b, x, "file", e->file);
        if (e->line > 0) pr_doc_set_i64(b, x, "line", e->line);
        if (e->offset >= 0) pr_doc_set_i64(b, x, "offset", e->offset);
        pr_doc_set_path(b, x, "what", e->what);
    }
    if (c->n_seen > c->n_evidence) pr_doc_set_i64(b, o, "evidence_seen", (int64_t)c->n_seen);
}

static void put_check(pr_doc_build *b, pare_doc *list, const pr_check *c) {
    pare_doc *o = pr_doc_add_object(b, list);
    pr_doc_set_str(b, o, "id", c->rule->id);
    pr_doc_set_str(b, o, "what", c->rule->what);
    pr_doc_set_str(b, o, "level", pr_level_name(c->level));
    pr_doc_set_str(b, o, "verdict", pr_check_verdict_name(c->verdict));
    pr_doc_set_path(b, o, "why", c->why);
    if (c->closes) pr_doc_set_path(b, o, "closes", c->closes);
    if (pr_est_ok(&c->est)) {
        pare_doc *f = pr_doc_set_object(b, o, "figure");
        pr_doc_set_f64(b, f, "value", c->est.value);
        pr_doc_set_f64(b, f, "lo", c->est.lo);
        pr_doc_set_f64(b, f, "hi", c->est.hi);
        pr_doc_set_i64(b, f, "n", c->est.n);
        pr_doc_set_str(b, f, "unit", c->rule->unit);
        pr_doc_set_str(b, f, "op", pr_op_sign(c->rule->op));
        put_number(b, f, "limit", c->limit);
    }
    put_evidence(b, o, c);
}

void pr_checks_put(pr_doc_build *b, pare_doc *o, const pr_check *c) {
    pare_doc *parts = pr_doc_set_array(b, o, "parts");
    for (int p = 0; p < PR_PARTS; p++) {
        pare_doc *x = pr_doc_add_object(b, parts);
        pr_doc_set_str(b, x, "part", pr_part_name((pr_part)p));
        pr_doc_set_str(b, x, "verdict", pr_check_verdict_name(pr_checks_verdict(c, (pr_part)p)));
        pare_doc *list = pr_doc_set_array(b, x, "checks");
        for (size_t i = 0; i < PR_CHECKS; i++)
            if (c[i].rule->part == (pr_part)p) put_check(b, list, &c[i]);
    }
}
