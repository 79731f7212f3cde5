/* rope.h - rotary positions: part of kernel's door.
 *
 *   float f[64];                                   // r.dim / 2
 *   pr_rope_frequencies(&r, n_ctx, f);
 *   pr_rope_rotation(&r, f, pos, cos, sin);
 *
 * Plain values, borrowed for the call; no state, any thread. */
#ifndef PR_ROPE_H
#define PR_ROPE_H
#include "base/base.h"

typedef enum {
    PR_ROPE_DEFAULT,
    PR_ROPE_LINEAR,
    PR_ROPE_DYNAMIC,
    PR_ROPE_YARN,
    PR_ROPE_LLAMA3
} pr_rope_kind;

/* One table of rotations. Frequencies as transformers 5.23 computes them
 * (modeling_rope_utils), YaRN after arXiv:2309.00071. */
typedef struct {
    pr_rope_kind kind;
    int          dim;    /* values of a head that rotate; even */
    double       theta;
    double       factor; /* of the scaling; 1 for default */
    double       beta_fast, beta_slow; /* yarn: bounds of the ramp, in rotations */
    bool         truncate;             /* yarn: ramp's bounds to whole dimensions */
    double       magnitude;            /* multiplies cos and sin; 1 but for yarn */
    double       low_freq, high_freq;  /* llama3 */
    int64_t      original_ctx;         /* yarn, llama3: context before scaling */
    int64_t      max_ctx;              /* dynamic: longer sequences change the base */
    const float *divide_by; /* dim/2 divisors of the frequencies (GGUF's rope_freqs), or NULL */
} pr_rope;

/* Write dim/2 angles per position. `seq_len`: tokens that the sequence will have
 * once this call's are in it (only `dynamic` asks). */
void pr_rope_frequencies(const pr_rope *r, int64_t seq_len, float *inv_freq);

/* cos and sin of position `pos` for the dim/2 frequencies: the angle is rounded to float32
 * first, as transformers does; times the magnitude. */
void pr_rope_rotation(const pr_rope *r, const float *inv_freq, int64_t pos, float *cos,
                      float *sin);
#endif
