/* check_attn.c - attention over one kv head's cache, and what is stored there. */
#include "kern.h"
#include <math.h>

enum { F32, F16, Q8_0 };

/* A cache of n_keys rows, `stride` bytes apart, at any address. */
static char *cache_new(int kind, int64_t n_keys, int64_t d, size_t stride, int t) {
    char  *k = kern_bytes(stride * (size_t)n_keys + 1, t);
    float *x = kern_floats(n_keys * d, t);
    for (int64_t j = 0; j < n_keys; j++) {
        char *row = k + (size_t)j * stride;
        if (kind == F32) memcpy(row, x + j * d, (size_t)d * 4);
        else if (kind == F16) kern_ref->store_f16(row, x + j * d, d);
        else kern_ref->store_q8_0(row, x + j * d, d);
    }
    return k;
}

static int64_t row_bytes(int kind, int64_t d) {
    return kind == F32 ? 4 * d : kind == F16 ? 2 * d : d / 32 * 34;
}

typedef void (*scores_fn)(float *s, int64_t lds, const float *q, int64_t ldq, int64_t n_q,
                          const void *k, size_t stride, int64_t n_keys, int64_t d, float scale);
typedef void (*mix_fn)(float *o, int64_t ldo, const float *p, int64_t ldp, int64_t n_q,
                       const void *v, size_t stride, int64_t n_keys, int64_t d);

static void check_scores(int kind, scores_fn ref, scores_fn fn) {
    KERN_CASES(t) {
        int64_t d = kind == Q8_0 ? 32 * kern_pick(0, 8) : kern_len(t),
                n_keys = kern_pick(0, 21), n_q = kern_pick(0, 9);
        size_t  stride = (size_t)(row_bytes(kind, d) + kern_pick(0, 3));
        int64_t lds = n_keys + kern_pick(0, 2), ldq = d + kern_pick(0, 2);
        char   *k = cache_new(kind, n_keys, d, stride, t);
        float *q = kern_floats(n_q * ldq, t), *want = kern_out(n_q * lds * 4),
              *got = kern_out(n_q * lds * 4);
        ref(want, lds, q, ldq, n_q, k, stride, n_keys, d, 0.125f);
        fn(got, lds, q, ldq, n_q, k, stride, n_keys, d, 0.125f);
        kern_same(want, got, n_q * lds, 4, "n_q=%d n_keys=%d d=%d", (int)n_q, (int)n_keys, (int)d);
    }
    char  *k = cache_new(kind, 512, 64, (size_t)row_bytes(kind, 64), 0);
    float *q = kern_floats(4 * 64, 0), *s = kern_out(4 * 512 * 4);
    KERN_BENCH(4 * 512 * 64.0, "GMAC/s",
               fn(s, 512, q, 64, 4, k, (size_t)row_bytes(kind, 64), 512, 64, 0.125f))
}

static void check_mix(int kind, mix_fn ref, mix_fn fn) {
    KERN_CASES(t) {
        int64_t d = kind == Q8_0 ? 32 * kern_pick(0, 8) : kern_len(t),
                n_keys = kern_pick(0, 21), n_q = kern_pick(0, 9);
        size_t  stride = (size_t)(row_bytes(kind, d) + kern_pick(0, 3));
        int64_t ldo = d + kern_pick(0, 2), ldp = n_keys + kern_pick(0, 2);
        char   *v = cache_new(kind, n_keys, d, stride, t);
        float *p = kern_floats(n_q * ldp, t), *want = kern_out(n_q * ldo * 4),
              *got = kern_out(n_q * ldo * 4);
        ref(want, ldo, p, ldp, n_q, v, stride, n_keys, d);
        fn(got, ldo, p, ldp, n_q, v, stride, n_keys, d);
        kern_same(want, got, n_q * ldo, 4, "n_q=%d n_keys=%d d=%d", (int)n_q, (int)n_keys, (int)d);
    }
    char  *v = cache_new(kind, 512, 64, (size_t)row_bytes(kind, 64), 0);
    float *p = kern_floats(4 * 512, 0), *o = kern_out(4 * 64 * 4);
    KERN_BENCH(4 * 512 * 64.0, "GMAC/s",
               fn(o, 64, p, 512, 4, v, (size_t)row_bytes(kind, 64), 512, 64))
}

static void check_softmax(void) {
    if (!KERN_NEW(softmax)) return;
    KERN_CASES(t) {
        int64_t n = kern_len(t);
        float  *s = kern_floats(n, t), *got = kern_out(n * 4);
        if (t % 7 == 6 && n) s[kern_pick(0, n - 1)] = -(float)INFINITY;
        memcpy(got, s, (size_t)n * 4);
        kern_ref->softmax(s, n);
        kern_k->softmax(got, n);
        kern_same(s, got, n, 4, "n=%d", (int)n);
    }
    float *s = kern_floats(1024, 0);
    KERN_BENCH(1024.0, "Gvalues/s", kern_k->softmax(s, 1024))
}

typedef void (*store_fn)(void *dst, const float *x, int64_t n);

static void check_store(int kind, store_fn ref, store_fn fn) {
    KERN_CASES(t) {
        int64_t n = kind == Q8_0 ? 32 * kern_pick(0, 9) : kern_len(t), bytes = row_bytes(kind, n);
        float  *x = kern_floats(n, t);
        for (int64_t i = 0; i < n && t % 4 == 1; i++) x[i] *= 0x1p-20f; /* subnormal in F16 */
        if (t % 9 == 8 && n && kind == Q8_0) x[n / 2] = (float)NAN;
        char *want = kern_bytes((size_t)bytes, t), *got = kern_bytes((size_t)bytes, t + 1);
        ref(want, x, n);
        fn(got, x, n);
        kern_same(want, got, bytes, 1, "n=%d", (int)n);
    }
    float *x = kern_floats(1024, 0);
    void  *y = kern_out(4096);
    KERN_BENCH(1024.0, "Gvalues/s", fn(y, x, 1024))
}

void check_attn(void) {
    if (KERN_NEW(attn_scores_f32))
        check_scores(F32, kern_ref->attn_scores_f32, kern_k->attn_scores_f32);
    if (KERN_NEW(attn_scores_f16))
        check_scores(F16, kern_ref->attn_scores_f16, kern_k->attn_scores_f16);
    if (KERN_NEW(attn_scores_q8_0))
        check_scores(Q8_0, kern_ref->attn_scores_q8_0, kern_k->attn_scores_q8_0);
    if (KERN_NEW(attn_mix_f32)) check_mix(F32, kern_ref->attn_mix_f32, kern_k->attn_mix_f32);
    if (KERN_NEW(attn_mix_f16)) check_mix(F16, kern_ref->attn_mix_f16, kern_k->attn_mix_f16);
    if (KERN_NEW(attn_mix_q8_0)) check_mix(Q8_0, kern_ref->attn_mix_q8_0, kern_k->attn_mix_q8_0);
    check_softmax();
    if (KERN_NEW(store_f16)) check_store(F16, kern_ref->store_f16, kern_k->store_f16);
    if (KERN_NEW(store_q8_0)) check_store(Q8_0, kern_ref->store_q8_0, kern_k->store_q8_0);
}
