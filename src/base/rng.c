/* rng.c - xoshiro256**; normals by the polar method with pr_log, so that they
 * are the same everywhere. */
#include "base.h"
#include <math.h>

void pr_rng_seed(pr_rng *r, uint64_t seed) {
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        r->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotl(uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
}

uint64_t pr_rng_u64(pr_rng *r) {
    uint64_t *s = r->s, out = rotl(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotl(s[3], 45);
    return out;
}

double pr_rng_unit(pr_rng *r) {
    return (double)(pr_rng_u64(r) >> 11) * 0x1p-53;
}

double pr_rng_normal(pr_rng *r) {
    double u, v, q;
    do {
        u = 2 * pr_rng_unit(r) - 1;
        v = 2 * pr_rng_unit(r) - 1;
        q = u * u + v * v;
    } while (q >= 1 || q == 0);
    return u * sqrt(-2 * pr_log(q) / q);
}

uint64_t pr_rng_below(pr_rng *r, uint64_t n) {
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do x = pr_rng_u64(r);
    while (x >= limit);
    return x % n;
}
