/* checklist.c - the production checklist: seven points before deployment, six for the deployment,
 * six after it. Always true: a point is proven by checks of a readiness document that all passed,
 * or not at all. */
#include <stdio.h>
#include "gate/gate.h"

#define BEFORE "before deployment"
#define DURING "deployment"
#define AFTER "after deployment"

static const pr_checklist_item items[PR_CHECKLIST_ITEMS] = {
    {BEFORE, 1, "accuracy over 95 % of the original", "accuracy.kept", "gate",
     "pare gate DIR --ready", 0.95},
    {BEFORE, 2, "performance targets met: latency, throughput, memory", "performance", "gate",
     "pare gate DIR --ready", 0},
    {BEFORE, 3, "security holes assessed and closed", "security", "gate",
     "pare gate DIR --ready", 0},
    {BEFORE, 4, "load test under the expected load", NULL, "pipeline",
     "pare pipeline FILE.yaml (stage testing: load)", 0},
    {BEFORE, 5, "failure scenarios tested, recovery validated", NULL, "doctor",
     "pare doctor DIR", 0},
    {BEFORE, 6, "monitoring and alerting configured", NULL, "watch", "pare watch DIR", 0},
    {BEFORE, 7, "rollback tested and documented", NULL, "rollout", "pare rollout DIR", 0},
    {DURING, 1, "blue-green deployment", NULL, "rollout", "pare rollout DIR", 0},
    {DURING, 2, "traffic raised by steps", NULL, "rollout", "pare rollout DIR", 0},
    {DURING, 3, "real-time dashboards", NULL, "serve", "pare serve DIR", 0},
    {DURING, 4, "performance baselines set", "performance.baselines", "gate",
     "pare gate DIR --ready", 0},
    {DURING, 5, "error-rate thresholds defined", NULL, "watch", "pare watch DIR", 0},
    {DURING, 6, "automatic rollback triggers", NULL, "rollout", "pare rollout DIR", 0},
    {AFTER, 1, "drift detection", NULL, "watch", "pare watch DIR", 0},
    {AFTER, 2, "alerts on degradation", NULL, "watch", "pare watch DIR", 0},
    {AFTER, 3, "resources monitored", NULL, "watch", "pare watch DIR", 0},
    {AFTER, 4, "user-experience metrics", NULL, "watch", "pare watch DIR", 0},
    {AFTER, 5, "versions and lineage kept", "security.hashes", "gate", "pare gate DIR --ready",
     0},
    {AFTER, 6, "regular reviews planned", NULL, "watch", "pare watch DIR", 0},
};

const pr_checklist_item *pr_checklist_at(size_t i) {
    return i < PR_CHECKLIST_ITEMS ? &items[i] : NULL;
}

static bool is(const pare_doc *o, const char *key, const char *what) {
    const char *s = pare_doc_str(pare_doc_get(o, key));
    return s && strcmp(s, what) == 0;
}

/* The first check of a part that is in its way. */
static void name_first(const pare_doc *part, char *why, const char **closes) {
    const pare_doc *list = pare_doc_get(part, "checks");
    for (size_t i = 0; i < pare_doc_count(list); i++) {
        const pare_doc *c = pare_doc_at(list, i);
        const char     *id = pare_doc_str(pare_doc_get(c, "id")),
                   *v = pare_doc_str(pare_doc_get(c, "verdict"));
        if (!id || !v || !is(c, "level", "fail") || strcmp(v, "pass") == 0 ||
            strcmp(v, "not-applicable") == 0)
            continue;
        snprintf(why, 128, "%s: %s", id, v);
        *closes = pare_doc_str(pare_doc_get(c, "closes"));
        return;
    }
}

bool pr_checklist_proven(const pr_checklist_item *item, const pare_doc *readiness, char *why,
                         const char **closes) {
    const pare_doc *parts = pare_doc_get(readiness, "parts");
    bool            whole = item->proof && !strchr(item->proof, '.');
    snprintf(why, 128, "no record proves it");
    *closes = NULL;
    for (size_t p = 0; item->proof && p < pare_doc_count(parts); p++) {
        const pare_doc *part = pare_doc_at(parts, p), *list = pare_doc_get(part, "checks");
        if (whole && is(part, "part", item->proof)) {
            if (is(part, "verdict", "pass")) return true;
            snprintf(why, 128, "%s does not pass", item->proof);
            name_first(part, why, closes);
            return false;
        }
        for (size_t i = 0; i < pare_doc_count(list); i++) {
            const pare_doc *c = pare_doc_at(list, i);
            if (!is(c, "id", item->proof)) continue;
            const char *v = pare_doc_str(pare_doc_get(c, "verdict"));
            snprintf(why, 128, "%s: %s", item->proof, v ? v : "no verdict");
            *closes = pare_doc_str(pare_doc_get(c, "closes"));
            if (!is(c, "verdict", "pass")) return false;
            /* A policy may ask for less; what the point says it may not. */
            const pare_doc *limit = pare_doc_path(c, "figure/limit");
            if (!(item->least > 0) || (limit && pare_doc_num(limit) >= item->least)) return true;
            snprintf(why, 128, "%s: judged by less than %g", item->proof, item->least);
            *closes = NULL;
            return false;
        }
    }
    return false;
}
