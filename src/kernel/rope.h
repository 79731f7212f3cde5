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
#include "format/format.h"

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

/* ------------------------------------------------------------------ rope_tables.c */

/* Tables of somebody else's graph, for heads of `d_head` and a context of `n_ctx`: cos and sin
 * [positions, dim / 2]; or `cos` has one dimension, the dim / 2 frequencies, and `sin` one number,
 * the magnitude. */
typedef struct {
    const pr_fg_const *cos, *sin;
    int                d_head;
    int64_t            n_ctx;
} pr_rope_tables;
/* The rule with the fewest digits that gives them; if none does, the frequencies as divisors
 * (`divide_by`, from the arena). EUNSUPPORTED: what does not turn evenly is no rotation. */
pare_status pr_rope_of_tables(const pr_rope_tables *t, pr_arena *a, pr_rope *out, pare_err *err);
/* PARE_OK if `known` gives them, to the roundings of their type; EINPUT if another does. */
pare_status pr_rope_check_tables(const pr_rope_tables *t, pr_arena *a, const pr_rope *known,
                                 pare_err *err);
#endif
