/* rope_find.c - a GGUF's rotation in config.json's words. There a table of divisors is named by
 * the rule that gives it, so the rule has to be found. Always true: what is found gives every
 * divisor to the bit; which of several such rules it is does not matter to the numbers.
 *
 * llama3's rule is 1 for short waves, `factor` for long ones, and between them
 * 1/d = (1-s)/factor + s with s = (context/wave - low)/(high - low). Its three numbers have two
 * degrees of freedom: low = 1 can mostly be had by another context. So low is tried, the
 * context follows of two divisors between (or the other way about; or both are tried, where
 * there are fewer), and high of one. */
#include "convert.h"
#include <stdio.h>

enum { HALF_MAX = 2048, CONTEXT_MAX = 1 << 20, CONTEXT_STEP = 256 };

typedef struct {
    const float *table;
    float wave[HALF_MAX];
    int n;
    float most; /* the largest divisor */
    int mid[2]; /* the first and last divisor between 1 and `most`, or -1 */
} search;

static bool gives(const search *s, const pr_rope *r) {
    for (int i = s->n; i-- > 0;)
        if (pr_llama3_divisor(r, s->wave[i]) != s->table[i]) return false;
    return true;
}

/* How far up the ramp divisor i is, if `factor` is what long waves get. */
static double ramp(const search *s, int i, double factor) {
    return (1 / (double)s->table[i] - 1 / factor) / (1 - 1 / factor);
}

/* The numbers with few decimals come first: they are what somebody wrote. */
static bool try_high(const search *s, pr_rope *r, double high) {
    static const double steps[] = {1, 10, 100, 1000};
    for (size_t i = 0; i <= PR_COUNT(steps); i++) {
        double step = i < PR_COUNT(steps) ? steps[i] : 0;
        r->high_freq =
            step > 0 ? (double)(int64_t)(high * step + 0.5) / step : high; /* high > 0 */
        if (r->high_freq > r->low_freq && gives(s, r)) return true;
    }
    return false;
}

static bool try_context(const search *s, pr_rope *r, int64_t context) {
    static const double usual[] = {4, 2, 8, 3, 16, 32};
    if (context < 1 || context > CONTEXT_MAX) return false;
    r->original_ctx = context;
    if (s->mid[0] >= 0) {
        double up = ramp(s, s->mid[0], r->factor);
        double turns = (double)context / (double)s->wave[s->mid[0]];
        double high = r->low_freq + (turns - r->low_freq) / up;
        return up > 0 && high > r->low_freq && high < 1e6 && try_high(s, r, high);
    }
    for (size_t i = 0; i < PR_COUNT(usual); i++) {
        r->high_freq = r->low_freq * usual[i];
        if (gives(s, r)) return true;
    }
    return false;
}

/* Context over low, where two divisors stand on the ramp: s = k/wave - b, so it is k/b. Else 0. */
static double context_per_low(const search *s, double factor) {
    int i = s->mid[0], j = s->mid[1];
    if (i == j) return 0;
    double u = ramp(s, i, factor), v = ramp(s, j, factor), x = 1 / (double)s->wave[i],
           y = 1 / (double)s->wave[j], k = (u - v) / (x - y), b = k * x - u;
    return k > 0 && b > 0 ? k / b : 0;
}

static bool try_solved(const search *s, pr_rope *r, double per_low) {
    double context = r->low_freq * per_low;
    if (!(context > 0 && context < CONTEXT_MAX)) return false;
    for (int64_t step = 1024; step >= 1; step /= 32)
        for (int64_t d = -2; d <= 2; d++)
            if (try_context(s, r, ((int64_t)(context / (double)step + 0.5) + d) * step))
                return true;
    return false;
}

/* A low with decimals: it follows of a usual context. */
static bool try_odd_low(const search *s, pr_rope *r, double per_low) {
    static const double steps[] = {10, 100, 1000};
    for (size_t i = 0; per_low > 0 && i < PR_COUNT(steps); i++)
        for (int64_t c = CONTEXT_STEP; c <= CONTEXT_MAX; c *= 2) {
            double low = (double)c / per_low;
            if (low > 1000) break;
            r->low_freq = (double)(int64_t)(low * steps[i] + 0.5) / steps[i];
            if (r->low_freq > 0 && try_context(s, r, c)) return true;
        }
    return false;
}

static bool try_factor(const search *s, pr_rope *r, double factor, int64_t n_ctx) {
    static const double lows[] = {1, 2, 4, 0.5, 0.25, 1.5, 3, 8, 0.1};
    double per_low = context_per_low(s, factor);
    r->factor = factor;
    for (size_t i = 0; i < PR_COUNT(lows); i++) {
        r->low_freq = lows[i];
        for (int64_t c = 8192; c <= CONTEXT_MAX; c *= 2)
            if (try_context(s, r, c)) return true;
        for (int64_t c = 4096; c >= 1; c /= 2)
            if (try_context(s, r, c)) return true;
        if (try_context(s, r, n_ctx) ||
            try_context(s, r, (int64_t)((double)n_ctx / factor + 0.5)) || try_solved(s, r, per_low))
            return true;
    }
    if (try_odd_low(s, r, per_low)) return true;
    r->low_freq = 1;
    for (int64_t c = CONTEXT_STEP; c <= CONTEXT_MAX; c += CONTEXT_STEP)
        if (try_context(s, r, c)) return true;
    return false;
}

/* The largest divisor is the factor, unless no wave is long enough to get it. */
static bool find_llama3(const float *table, int64_t n_ctx, pr_rope *out) {
    static const double factors[] = {2, 4, 8, 16, 32, 64, 128, 1.5, 3, 5, 6, 10, 12, 20, 24, 40};
    search s = {.table = table, .n = out->dim / 2, .most = 1, .mid = {-1, -1}};
    if (s.n > HALF_MAX) return false;
    out->kind = PR_ROPE_LLAMA3;
    out->divide_by = NULL;
    pr_llama3_waves(out, s.wave);
    for (int i = 0; i < s.n; i++) s.most = PR_MAX(s.most, table[i]);
    for (int i = 0; i < s.n; i++) {
        if (!(table[i] > 1 && table[i] < s.most)) continue;
        if (s.mid[0] < 0) s.mid[0] = i;
        s.mid[1] = i;
    }
    if (try_factor(&s, out, pr_fewest_digits(s.most), n_ctx)) return true;
    if (s.mid[1] >= 0 && s.mid[1] < s.n - 2) return false; /* two at the end: the factor */
    for (int i = s.n; i-- > 0 && s.mid[0] < 0;)
        if (table[i] == s.most && s.most > 1) s.mid[0] = s.mid[1] = i;
    if (s.mid[1] >= 0) s.mid[1] = s.n - 1;
    for (size_t i = 0; i < PR_COUNT(factors); i++)
        if (factors[i] > (double)s.most && try_factor(&s, out, factors[i], n_ctx)) return true;
    return false;
}

static bool all_are(const float *table, int n, float v) {
    for (int i = 0; i < n; i++)
        if (table[i] != v) return false;
    return true;
}

/* The table into `out`; NULL, or why it cannot be said. */
static const char *say_table(const pr_model *m, pr_rope *out) {
    const float *t = out->divide_by;
    const pr_rope was = *out;
    if (all_are(t, out->dim / 2, 1)) return out->divide_by = NULL, NULL;
    if (out->kind != PR_ROPE_DEFAULT)
        return "a table of frequencies (rope_freqs.weight) beside a scaling (rope.scaling.type): "
               "config.json says one of them";
    if (out->magnitude == 1 && t[0] > 1 && all_are(t, out->dim / 2, t[0])) {
        out->kind = PR_ROPE_LINEAR;
        out->factor = pr_fewest_digits(t[0]);
        out->divide_by = NULL;
        return NULL;
    }
    if (find_llama3(t, m->hp.n_ctx, out)) return NULL;
    *out = was;
    return "the table of frequencies (rope_freqs.weight) is none that llama3's rule gives";
}

const char *pr_rope_for_hf(const pr_model *m, pr_rope *out) {
    *out = m->hp.ropes[0];
    const char *why = out->divide_by ? say_table(m, out) : NULL;
    if (why) return why;
    if (out->magnitude == 1 || out->kind == PR_ROPE_YARN) return NULL;
    return "a magnitude (rope.scaling.attn_factor) without yarn: config.json has it for yarn "
           "only";
}
