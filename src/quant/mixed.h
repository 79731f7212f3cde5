/* mixed.h - a type for each matrix, for a budget of bytes, by what each costs in divergence. Part
 * of quant's door.
 *
 *   pr_mixed_job job = {.most = budget, .calib = calib, .probe = &text, .effort =
 *   PR_EFFORT_MEDIUM};
 *   pr_mixed     plan;
 *   PR_TRY(pr_mixed_list(&plan, m, arena, err));                 // the matrices, and their types
 *   PR_TRY(pr_mixed_solve(&plan, &job, ctl, err));
 *   gguf.choose = pr_mixed_choose;  gguf.user = &plan;           // convert/convert.h
 *   pr_mixed_done(&plan);
 *
 * What a matrix costs in a type is the KLD of the model's next-token distribution when it alone
 * has it (pr_overlay, pr_divergence): measured in two types or in all (effort), between
 * them read from the importance-weighted error, to which it is nearly proportional. Costs are then
 * added, which holds while all are small; so after the knapsack (pr_alloc) the sum is measured,
 * steps around it are measured in place, and the knapsack is solved again while that
 * gains. Every number depends on model, texts and options alone. */
#ifndef PR_MIXED_H
#define PR_MIXED_H
#include "alloc.h"
#include "overlay.h"
#include "store/store.h"

typedef enum {
    PR_EFFORT_LOW,    /* nothing is measured: relative weighted errors */
    PR_EFFORT_MEDIUM, /* two types of each matrix; up to 3 rounds of one step up and down */
    PR_EFFORT_HIGH    /* all types of each; up to 6 rounds of two steps */
} pr_effort;

enum { PR_MIXED_TYPES = 16 };

typedef struct {
    int         weight; /* index in the model */
    const char *name;   /* GGUF's */
    int64_t     values;
    int         n;      /* types it may have, by bytes */
    pr_alloc_option as[PR_MIXED_TYPES]; /* bytes with the padding of the file; cost: nats a token */
    pr_type     type[PR_MIXED_TYPES];
    double      error[PR_MIXED_TYPES]; /* importance-weighted; relative to the matrix itself */
    bool        measured[PR_MIXED_TYPES];
    pr_coded   *coded[PR_MIXED_TYPES];
    int         chosen;
    const float *importance;
} pr_mixed_tensor;

typedef struct {
    const pr_model  *m;
    pr_mixed_tensor *t;
    int              n;
    pr_alloc_result  alloc;  /* of the choice; cost is what was predicted */
    double  first_predicted, first_measured; /* of the first choice; NAN: not measured */
    double  predicted, measured;             /* of the last; NAN likewise */
    int     rounds, evaluations; /* refinements that gained; runs of the probe */
    int     recalled;            /* of these, taken from records */
    int64_t probe_tokens;
    bool    in_place; /* the whole choice was measured: it fits into the work memory */
    uint64_t held;    /* bytes of what is encoded */
} pr_mixed;

typedef struct {
    uint64_t most, least; /* bytes of all matrices in the file, padding counted; see pr_alloc */
    const pr_calib      *calib; /* importances; NULL: none */
    const pr_calib_text *probe; /* read for every measurement; NULL only with LOW */
    pr_effort            effort;
    pr_store            *store; /* runs are recorded there at once and found again; NULL: not */
    pr_sha256            model; /* hash of the model, with `store` */
} pr_mixed_job;

/* The matrices that pr_convert_gguf will ask for, with the types that each may have: those whose
 * blocks fill its rows, and its own. From `a`. */
pare_status pr_mixed_list(pr_mixed *p, const pr_model *m, pr_arena *a, pare_err *err);
/* Smallest and largest sum of bytes. */
void pr_mixed_range(const pr_mixed *p, uint64_t *smallest, uint64_t *largest);
/* Costs and choice. EREFUSED: below the smallest. */
pare_status pr_mixed_solve(pr_mixed *p, const pr_mixed_job *job, const pare_ctl *ctl,
                           pare_err *err);
/* Frees what was encoded; the choice stays. */
void pr_mixed_done(pr_mixed *p);
/* A pr_choose_fn; `user` is the pr_mixed. */
pare_status pr_mixed_choose(void *user, const pr_model *m, const pr_weight *w, const char *name,
                            pr_choice *out, pare_err *err);
#endif
