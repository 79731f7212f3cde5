/* rng.h - repeatable random numbers: the same on every machine.
 * xoshiro256** seeded by splitmix64 (Blackman & Vigna 2018). Not for secrets. */
#ifndef PR_RNG_H
#define PR_RNG_H
typedef struct {
    uint64_t s[4];
} pr_rng;
void     pr_rng_seed(pr_rng *r, uint64_t seed);
uint64_t pr_rng_u64(pr_rng *r);
double   pr_rng_unit(pr_rng *r);   /* [0, 1), 53 bits */
double   pr_rng_normal(pr_rng *r); /* mean 0, variance 1 */
uint64_t pr_rng_below(pr_rng *r, uint64_t n); /* 0…n-1, unbiased; n > 0 */
#endif
