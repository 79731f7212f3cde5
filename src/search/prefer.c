/* prefer.c - what the user weighs and limits, as objectives and gates. Always true: the
 * first three objectives are speed, accuracy and memory, whatever was asked. */
#include "search/search.h"
#include <math.h>
#include <stdio.h>

static const struct {
    const char *word, *metric;
} words[] = {
    {"speed", "speedup"},   {"accuracy", "kld_mean"},    {"memory", "memory_bytes"},
    {"size", "file_bytes"}, {"latency", "token_ms_p95"}, {"energy", "energy_j_per_token"},
};

static pr_objective objective_of(const char *word, const pr_metric_info *metric) {
    pr_against against = metric->compares ? PR_AGAINST_SOURCE : PR_AGAINST_NONE;
    return (pr_objective){.preference = word, .metric = metric, .against = against};
}

/* The objective a word of the user's means; metric == NULL if none. */
static pr_objective word_find(const char *word) {
    for (size_t i = 0; i < PR_COUNT(words); i++) {
        if (strcmp(words[i].word, word) == 0) {
            return objective_of(words[i].word, pr_metric_info_find(words[i].metric));
        }
    }
    const pr_metric_info *info = pr_metric_info_find(word);
    return info ? objective_of(info->name, info) : (pr_objective){0};
}

static pare_status fail_word(pare_err *err, const char *word) {
    char known[160] = "";
    size_t n = 0;
    for (size_t i = 0; i < PR_COUNT(words); i++) {
        n +=
            (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", words[i].word);
    }
    return pr_fail(err, PARE_EUSAGE, -1,
                   "--prefer: '%s' is nothing to prefer; expected %s, or the name of a metric",
                   word, known);
}

/* One "word=weight" of n bytes into `out`, which already holds *n_out objectives. */
static pare_status add_term(const char *p, size_t n, pr_objective *out, size_t *n_out,
                            uint32_t *seen, pare_err *err) {
    char term[64];
    if (n >= sizeof term)
        return pr_fail(err, PARE_EUSAGE, -1,
                       "--prefer: a term of %zu bytes; expected NAME=WEIGHT", n);
    memcpy(term, p, n);
    term[n] = 0;
    char *eq = strchr(term, '=');
    double weight = 0;
    if (eq) *eq = 0;
    if (!eq || !pr_parse_f64(eq + 1, 0, 1e6, &weight)) {
        return pr_fail(err, PARE_EUSAGE, -1,
                       "--prefer: '%.*s'; expected NAME=WEIGHT, a weight from 0 to 1000000",
                       (int)n, p);
    }
    pr_objective o = word_find(term);
    if (!o.metric) return fail_word(err, term);
    o.weight = weight;
    size_t at = 0;
    while (at < *n_out && (out[at].metric != o.metric || out[at].against != o.against)) at++;
    if (at == PR_OBJECTIVES_MAX)
        return pr_fail(err, PARE_EUSAGE, -1, "--prefer: more than %d objectives",
                       PR_OBJECTIVES_MAX);
    if (*seen & 1u << at)
        return pr_fail(err, PARE_EUSAGE, -1, "--prefer: %s is weighted twice", o.metric->name);
    *seen |= 1u << at;
    out[at] = o;
    if (at == *n_out) *n_out += 1;
    return PARE_OK;
}

pare_status pr_prefer_parse(const char *text, pr_objective *out, size_t *n, pare_err *err) {
    bool usual = !text || !*text;
    uint32_t seen = 0;
    double sum = 0;
    for (*n = 0; *n < 3; *n += 1) {
        out[*n] = word_find(words[*n].word);
        out[*n].weight = usual ? 1 : 0;
    }
    for (const char *p = text; !usual && p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        PR_TRY(add_term(p, strcspn(p, ","), out, n, &seen, err));
    }
    for (size_t i = 0; i < *n; i++) sum += out[i].weight;
    if (sum > 0) return PARE_OK;
    return pr_fail(err, PARE_EUSAGE, -1, "--prefer: every weight is 0; expected one above 0");
}

pare_status pr_objectives_check(const pr_objective *o, size_t n, pr_can_fn can, void *user,
                                pare_err *err) {
    for (size_t i = 0; i < n; i++) {
        const char *why = can(user, o[i].metric);
        if (!why) continue;
        return pr_fail(err, PARE_EENV, -1, "objective '%s': this machine cannot measure %s: %s",
                       o[i].preference, o[i].metric->name, why);
    }
    return PARE_OK;
}

size_t pr_limits_gates(const pr_limits *l, pr_gate out[PR_CONSTRAINTS_MAX]) {
    pr_against against = l->against == PR_AGAINST_NONE ? PR_AGAINST_SOURCE : l->against;
    const struct {
        const char *name, *metric;
        pr_op op;
        double limit;
    } all[PR_CONSTRAINTS_MAX] = {
        {"max-bytes", "file_bytes", PR_OP_AT_MOST, l->max_bytes},
        {"max-memory", "memory_bytes", PR_OP_AT_MOST, l->max_memory},
        {"max-latency-ms", "token_ms_p95", PR_OP_AT_MOST, l->max_latency_ms},
        {"min-accuracy", "accuracy_kept", PR_OP_AT_LEAST, l->min_accuracy},
        {"min-speedup", "speedup", PR_OP_AT_LEAST, l->min_speedup},
    };
    size_t n = 0;
    for (size_t i = 0; i < PR_CONSTRAINTS_MAX; i++) {
        if (!(all[i].limit > 0)) continue;
        const pr_metric_info *m = pr_metric_info_find(all[i].metric);
        out[n++] = (pr_gate){.name = all[i].name,
                             .metric = m->name,
                             .against = m->compares ? against : PR_AGAINST_NONE,
                             .op = all[i].op,
                             .threshold = all[i].limit};
    }
    return n;
}
