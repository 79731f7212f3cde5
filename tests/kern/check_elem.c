/* check_elem.c - element by element, norms, positions. */
#include "kern.h"

static void check_add(void) {
    if (!KERN_NEW(add)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t);
        float *a = kern_floats(n, t), *b = kern_floats(n, t + 1), *want = kern_out(n * 4),
              *got = kern_out(n * 4);
        kern_ref->add(want, a, b, n);
        kern_k->add(got, a, b, n);
        kern_same(want, got, n, 4, "n=%d", (int)n);
        kern_k->add(a, a, b, n);
        kern_same(want, a, n, 4, "in place, n=%d", (int)n);
    }
    float *x = kern_floats(2048, 0), *y = kern_out(2048 * 4);
    KERN_BENCH(2048.0, "Gvalues/s", kern_k->add(y, x, x, 2048))
}

static void check_silu_mul(void) {
    if (!KERN_NEW(silu_mul)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t);
        float *g = kern_floats(n, t), *u = kern_floats(n, t + 1), *want = kern_out(n * 4),
              *got = kern_out(n * 4);
        for (int64_t i = 0; t % 4 == 1 && i < n; i++) g[i] *= 40;
        kern_ref->silu_mul(want, g, u, n);
        kern_k->silu_mul(got, g, u, n);
        kern_same(want, got, n, 4, "n=%d", (int)n);
        kern_k->silu_mul(g, g, u, n);
        kern_same(want, g, n, 4, "in place, n=%d", (int)n);
    }
    float *x = kern_floats(2048, 0), *y = kern_out(2048 * 4);
    KERN_BENCH(2048.0, "Gvalues/s", kern_k->silu_mul(y, x, x, 2048))
}

static void check_exp(void) {
    if (!KERN_NEW(exp)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t);
        float  *x = kern_floats(n, t), *want = kern_out(n * 4), *got = kern_out(n * 4);
        for (int64_t i = 0; i < n; i++)
            x[i] = t % 4 == 1   ? x[i] * 30
                   : t % 4 == 3 ? (float)kern_pick(-900, 900) / 10
                                : x[i];
        kern_ref->exp(want, x, n);
        kern_k->exp(got, x, n);
        kern_same(want, got, n, 4, "n=%d", (int)n);
    }
    float *x = kern_floats(2048, 0), *y = kern_out(2048 * 4);
    KERN_BENCH(2048.0, "Gvalues/s", kern_k->exp(y, x, 2048))
}

static void check_rms_norm(void) {
    if (!KERN_NEW(rms_norm)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t) + 1;
        float *x = kern_floats(n, t), *w = kern_floats(n, t + 1), *want = kern_out(n * 4),
              *got = kern_out(n * 4);
        kern_ref->rms_norm(want, x, w, n, 1e-5f);
        kern_k->rms_norm(got, x, w, n, 1e-5f);
        kern_same(want, got, n, 4, "n=%d", (int)n);
        kern_k->rms_norm(x, x, w, n, 1e-5f);
        kern_same(want, x, n, 4, "in place, n=%d", (int)n);
    }
    float *x = kern_floats(2048, 0), *y = kern_out(2048 * 4);
    KERN_BENCH(2048.0, "Gvalues/s", kern_k->rms_norm(y, x, x, 2048, 1e-5f))
}

typedef void (*rope_fn)(float *x, int64_t ldx, int64_t n_heads, const float *cos,
                        const float *sin, int64_t half);

static void check_rope(rope_fn ref, rope_fn k) {
    KERN_CASES(t) {
        int64_t half = kern_len(t), heads = kern_pick(0, 4), ldx = 2 * half + kern_pick(0, 3);
        float *c = kern_floats(half, t), *s = kern_floats(half, t),
              *x = kern_floats(ldx * heads, t);
        float  *got = kern_out(ldx * heads * 4);
        memcpy(got, x, (size_t)(ldx * heads) * 4);
        ref(x, ldx, heads, c, s, half);
        k(got, ldx, heads, c, s, half);
        kern_same(x, got, ldx * heads, 4, "heads=%d half=%d", (int)heads, (int)half);
    }
    float *c = kern_floats(32, 0), *s = kern_floats(32, 0), *x = kern_floats(32 * 64, 0);
    for (int i = 0; i < 32; i++) c[i] = 0.6f, s[i] = 0.8f;
    KERN_BENCH(2048.0, "Gvalues/s", k(x, 64, 32, c, s, 32))
}

void check_elem(void) {
    check_add();
    check_silu_mul();
    check_exp();
    check_rms_norm();
    if (KERN_NEW(rope_half)) check_rope(kern_ref->rope_half, kern_k->rope_half);
    if (KERN_NEW(rope_pair)) check_rope(kern_ref->rope_pair, kern_k->rope_pair);
}
