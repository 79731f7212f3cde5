/* metric.c - the table of metrics. A name that is not here does not exist: not in a
 * report, not in a policy, not as an objective. Names are never reused. */
#include "measure/measure.h"

static const pr_metric_info table[] = {
    /* name, label, unit, higher is better, compares */
    {"nll", "Negative log-likelihood", "nats/token", false, false},
    {"perplexity", "Perplexity", "", false, false},
    {"ppl_ratio", "Perplexity ratio", "×", false, true},
    {"kld_mean", "KL divergence, mean", "nats", false, true},
    {"kld_median", "KL divergence, median", "nats", false, true},
    {"kld_p95", "KL divergence, 95 %", "nats", false, true},
    {"kld_p99", "KL divergence, 99 %", "nats", false, true},
    {"kld_max", "KL divergence, largest", "nats", false, true},
    {"top1_agreement", "Same top token", "share", true, true},
    {"accuracy", "Next-token accuracy", "share", true, false},
    {"accuracy_kept", "Accuracy kept", "share", true, true},
    {"task_accuracy", "Multiple choice", "share", true, false},
    {"decode_tps", "Decode speed", "tok/s", true, false},
    {"prefill_tps", "Prefill speed", "tok/s", true, false},
    {"ttft_ms", "Time to first token", "ms", false, false},
    {"token_ms_p50", "Time per token, median", "ms", false, false},
    {"token_ms_p95", "Time per token, 95 %", "ms", false, false},
    {"token_ms_p99", "Time per token, 99 %", "ms", false, false},
    {"token_cv", "Variation of time per token", "share", false, false},
    {"token_cv_frame", "Variation of it over frames", "share", false, false},
    {"speedup", "Speed", "×", true, true},
    {"memory_bytes", "Memory", "B", false, false},
    {"memory_ratio", "Memory", "×", false, true},
    {"peak_rss_bytes", "Peak resident memory", "B", false, false},
    {"peak_rss_ratio", "Peak resident memory", "×", false, true},
    {"load_ms", "Load time", "ms", false, false},
    {"energy_j_per_token", "Energy per token", "J/token", false, false},
    {"file_bytes", "File", "B", false, false},
    {"bpw", "Bits per weight", "bit", false, false},
};

const pr_metric_info *pr_metric_table(size_t *n) {
    *n = PR_COUNT(table);
    return table;
}

const pr_metric_info *pr_metric_info_find(const char *name) {
    for (size_t i = 0; name && i < PR_COUNT(table); i++) {
        if (strcmp(table[i].name, name) == 0) return &table[i];
    }
    return NULL;
}

const pr_metric *pr_metric_find(const pr_metric *list, size_t n, const char *name,
                                pr_against against) {
    for (size_t i = 0; i < n; i++) {
        if (list[i].against == against && strcmp(list[i].info->name, name) == 0)
            return &list[i];
    }
    return NULL;
}

const char *pr_against_name(pr_against a) {
    return a == PR_AGAINST_SOURCE ? "source" : a == PR_AGAINST_F32 ? "f32" : NULL;
}

bool pr_against_parse(const char *s, pr_against *out) {
    *out = PR_AGAINST_NONE;
    if (!s) return true;
    if (strcmp(s, "source") == 0) return *out = PR_AGAINST_SOURCE, true;
    if (strcmp(s, "f32") == 0) return *out = PR_AGAINST_F32, true;
    return false;
}
