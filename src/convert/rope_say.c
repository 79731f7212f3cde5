/* rope_say.c - rotations in GGUF's words, and a GGUF's table of divisors in config.json's.
 *
 * What its runtime (libllama, October 2026) computes from them: yarn's ramp always between
 * whole dimensions for 32 and 1 rotations, times 0.1 ln(factor) + 1 times
 * rope.scaling.attn_factor; or, where it takes a table (rope_freqs.weight), plain frequencies
 * divided by it. So any fixed frequencies can be said there by the table alone. */
#include "convert.h"

/* The runtime's own frequencies for the scaling that keys can name. */
static void as_keys_say(const pr_rope *r, float *f) {
    pr_rope g = *r;
    g.beta_fast = 32, g.beta_slow = 1, g.truncate = true;
    pr_rope_frequencies(&g, 0, f);
}

static bool takes_table(const pr_model *m) {
    char name[128];
    pr_xf xf;
    int d_head;
    return pr_model_spell(m, PR_DIALECT_GGUF, (pr_tid){PR_ROLE_ROPE_FREQS, -1}, name, &xf,
                          &d_head);
}

/* llama.cpp, conversion/llama.py: every step in float32. */
void pr_llama3_waves(const pr_rope *r, float *out) {
    float two_pi = (float)6.283185307179586476925;
    for (int i = 0; i < r->dim / 2; i++) {
        float e = (float)(2 * i) / (float)r->dim;
        out[i] = two_pi / (1.0f / (float)pr_pow((double)(float)r->theta, (double)e));
    }
}

float pr_llama3_divisor(const pr_rope *r, float wave) {
    float low = (float)((double)r->original_ctx / r->low_freq),
          high = (float)((double)r->original_ctx / r->high_freq);
    if (wave < high) return 1;
    if (wave > low) return (float)r->factor;
    float s = ((float)r->original_ctx / wave - (float)r->low_freq) /
              (float)(r->high_freq - r->low_freq);
    return 1.0f / ((1.0f - s) / (float)r->factor + s);
}

/* The divisor whose quotient is nearest: rounding it once may miss by one unit. */
static float divisor(float plain, float want) {
    float d = plain / want, best = d;
    for (int k = -2; k <= 2; k++) {
        float t = pr_f32_bits(pr_bits_f32(d) + (uint32_t)k), e = plain / t - want,
              b = plain / best - want;
        if ((e < 0 ? -e : e) < (b < 0 ? -b : b)) best = t;
    }
    return best;
}

static pare_status table_of(const pr_rope *r, pr_arena *a, const float **out, pare_err *err) {
    int half = r->dim / 2;
    float *t, *plain;
    pr_rope p = *r;
    PR_NEW(t, a, half, err);
    PR_NEW(plain, a, half, err);
    *out = t;
    if (r->kind == PR_ROPE_LLAMA3) {
        pr_llama3_waves(r, t);
        for (int i = 0; i < half; i++) t[i] = pr_llama3_divisor(r, t[i]);
        return PARE_OK;
    }
    p.kind = PR_ROPE_DEFAULT;
    pr_rope_frequencies(&p, 0, plain);
    pr_rope_frequencies(r, 0, t);
    for (int i = 0; i < half; i++) t[i] = divisor(plain[i], t[i]);
    return PARE_OK;
}

pare_status pr_rope_say(const pr_model *m, pr_arena *a, pr_rope_words *out, pare_err *err) {
    const pr_rope *r = &m->hp.ropes[0];
    float *f;
    *out = (pr_rope_words){.attn = r->magnitude,
                           .keys = r->kind == PR_ROPE_LINEAR || r->kind == PR_ROPE_YARN};
    if (m->dialect != PR_DIALECT_GGUF && r->kind == PR_ROPE_DEFAULT && r->divide_by) {
        out->table = takes_table(m) ? r->divide_by : NULL;
        return PARE_OK;
    }
    if (m->dialect == PR_DIALECT_GGUF || r->kind == PR_ROPE_DEFAULT ||
        r->kind == PR_ROPE_LINEAR || r->kind == PR_ROPE_DYNAMIC)
        return PARE_OK;
    if (r->kind == PR_ROPE_LLAMA3)
        return takes_table(m) ? table_of(r, a, &out->table, err) : PARE_OK;
    size_t half = (size_t)r->dim / 2;
    PR_NEW(f, a, 2 * half, err);
    pr_rope_frequencies(r, 0, f);
    as_keys_say(r, f + half);
    if (takes_table(m) && memcmp(f, f + half, half * sizeof *f) != 0) {
        out->keys = false;
        return table_of(r, a, &out->table, err);
    }
    double own = r->factor <= 1 ? 1 : 0.1 * pr_log(r->factor) + 1;
    out->attn = r->magnitude / own;
    return PARE_OK;
}
