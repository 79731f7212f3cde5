/* session.h - a session's inside. Private to `engine`. */
#ifndef PR_SESSION_H
#define PR_SESSION_H
#include <stdatomic.h>
#include "plan.h"

struct pr_session {
    const pr_model   *m;
    const pr_kernels *k;
    pr_session_opts   o; /* with every default filled in */
    pr_pool          *pool;
    pr_arena         *arena; /* plan, norms, biases */
    pr_plan           plan;
    pr_memory         memory;

    uint8_t *block;    /* workspace: everything below points into it */
    float  **slot;     /* [n_slots], n_batch × width */
    void   **acts;     /* [n_acts], memory of pr_acts_bytes(width, n_batch) */
    float   *logits;   /* n_batch or 1 rows of n_vocab */
    float   *cos, *sin; /* [rot_rows][dim / 2]: of all positions, or of the running call's */
    float   *inv_freq;  /* [max dim / 2] */
    bool     freq_made; /* inv_freq holds for every length */
    int64_t  rot_rows;
    int64_t  rot_done;  /* positions whose rows are kept from call to call; -1: none can be */
    int64_t  rot_at;    /* row of the running call's first token */
    uint8_t *scratch;   /* [n_threads][scratch_bytes] */
    size_t   scratch_bytes;
    int64_t  scores_cap; /* floats of a thread's scratch for attention scores */

    uint8_t *state; /* keys then values, layer by layer: [n_kv][n_ctx][row] */
    size_t  *k_off, *v_off, *kv_row; /* of each layer; bytes */

    const pr_id *ids; /* of the running call */
    int          n;   /* its tokens */
    int64_t      pos, expect;
    const pr_watch *watch; /* NULL: nobody looks on */
    struct step_counter {
        _Alignas(PR_CACHE_LINE) atomic_llong next; /* first piece that nobody has claimed */
        atomic_llong done; /* pieces finished; one more when the steps of its group are, too */
        int64_t      n;    /* pieces */
        int          end;  /* first step of the next group */
    } *counter;            /* one per step */
    int counted;           /* tokens for which n and end were found */
    pr_probe *probe;       /* or NULL */
};

/* Rows of a product that one task computes. */
int64_t pr_step_tasks(const pr_session *s, const pr_step *st);
void    pr_step_task(pr_session *s, const pr_step *st, int64_t i, int me);
/* A member begins its part of a call under a probe, and has ended it. */
void pr_probe_enter(pr_member_span *m, pr_span *spans, int n_steps);
void pr_probe_leave(pr_member_span *m);
/* Scratch that a thread needs for this plan. */
size_t pr_step_scratch(const pr_model *m, const pr_plan *p, const pr_session_opts *o,
                       int64_t *scores_cap);
#endif
