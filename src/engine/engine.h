/* engine.h - runs a model on this machine's CPU.
 *
 *   pr_session *s;
 *   pr_session_opts o = {.n_ctx = 512};            // {0}: the model's own context
 *   PR_TRY(pr_session_new(&s, model, &o, err));
 *   PR_GO(pr_session_prompt(s, ids, n, ctl, err));  // any length, in batches
 *   while (…) {
 *       id = pr_sampler_next(sampler, pr_session_logits(s, 0));
 *       PR_GO(pr_session_eval(s, &id, 1, err));
 *   }
 *   pr_session_free(s);
 *
 * Weights are read where they are mapped. All other memory is taken by
 * pr_session_new(): a token allocates nothing. Results do not depend on the
 * number of threads, on the batches a text is cut into, nor on the SIMD level
 * (kernel.h). A session belongs to one thread at a time; any number of sessions
 * may share a model. */
#ifndef PR_ENGINE_H
#define PR_ENGINE_H
#include "base/base.h"
#include "kernel/kernel.h"
#include "model/model.h"
#include "pare/generate.h"

typedef struct pr_session pr_session;

typedef struct {
    int      n_threads;  /* 0: pr_threads_default() */
    int64_t  n_ctx;      /* positions; 0: the model's, at most 4096 */
    int      n_batch;    /* tokens per call of pr_session_eval; 0: 64 */
    bool     all_logits; /* keep the logits of every token of a batch, not only the last */
    bool     exact;      /* multiply quantized weights as float32, not with 8-bit activations */
    pr_type  state;      /* PR_F32 (0), PR_F16 or PR_Q8_0: how keys and values are kept */
    uint32_t cpu_flags;  /* PR_CPU_… to use; 0: those of pr_cpu_flags() */
    bool     reference;  /* no SIMD at all, whatever cpu_flags says */
} pr_session_opts;

/* "f32", "f16", "q8_0" (any case); NULL is F16. PARE_EUSAGE: another. */
pare_status pr_state_type(const char *name, pr_type *out, pare_err *err);

/* What a session of these options holds, without making one. Bytes. */
typedef struct {
    uint64_t weights;   /* mapped */
    uint64_t state;     /* keys and values */
    uint64_t workspace; /* all else, threads' scratch included */
} pr_memory;
pare_status pr_session_plan(const pr_model *m, const pr_session_opts *o, pr_memory *out,
                            pare_err *err);

/* PARE_EUNSUPPORTED names a weight whose type cannot be multiplied here. */
pare_status pr_session_new(pr_session **out, const pr_model *m, const pr_session_opts *o,
                           pare_err *err);
void        pr_session_free(pr_session *s); /* NULL is fine */

/* Append `n` ≤ n_batch tokens. PARE_EUSAGE: too many, or past the context; PARE_EINPUT: an id
 * outside the vocabulary. */
pare_status pr_session_eval(pr_session *s, const pr_id *ids, int n, pare_err *err);
/* Append any number of tokens; logits of the last remain. `ctl` may be NULL. */
pare_status pr_session_prompt(pr_session *s, const pr_id *ids, int64_t n, const pare_ctl *ctl,
                              pare_err *err);
/* The coming batches belong to one text of this total length (RoPE of kind dynamic
 * looks at it); 0: each call stands for itself. */
void pr_session_expect(pr_session *s, int64_t total);
/* Row `i` of the last call's logits (0 … n-1 with all_logits, else 0 is the last
 * token's); n_vocab floats, borrowed until the next call. */
const float *pr_session_logits(const pr_session *s, int i);
int64_t      pr_session_pos(const pr_session *s);
/* Forget all positions from `pos` on. */
void      pr_session_rewind(pr_session *s, int64_t pos);
pr_memory pr_session_memory(const pr_session *s); /* as allocated */
const char *pr_session_level(const pr_session *s); /* "avx512", … */
int         pr_session_threads(const pr_session *s);

/* ------------------------------------------------------------------ looking on */

/* Who wants to see what the model's matrices are multiplied by: for every product the float32
 * inputs of all tokens of a call, once for all matrices that share them (query, key and value). */
typedef struct {
    void *user;
    int   parts; /* calls for each input; the team shares them out, several may run at once */
    /* `n` rows of `cols` floats at `x`, one after the other, the input of the weights
     * w[0 … n_w - 1] of the model; all `parts` calls are given the same. Nothing may be changed
     * but what belongs to this part. The tokens of a text come in their order. */
    void (*see)(void *user, const pr_weight *const *w, int n_w, const float *x, int64_t cols,
                int n, int part);
} pr_watch;
/* From the next call on; NULL: nobody, which costs nothing. `*w` is borrowed. What follows the
 * layers (the head) sees all tokens with all_logits, else the last of a call alone. */
void pr_session_watch(pr_session *s, const pr_watch *w);

/* ------------------------------------------------------------------ a probe
 *
 *   pr_probe p = {.member = …, .span = …};    // room for pr_session_threads() and as many × steps
 *   pr_session_probe(s, &p);
 *   PR_TRY(pr_session_eval(s, &id, 1, err));
 *   … p.span[me * pr_session_steps(s) + i] says when member `me` did step `i` of this call …
 *
 * Who sets none pays one comparison a call. The results are the same bits with and without. */

/* A member at a step, by pr_now_ns(). All 0: the step was done when the member came. */
typedef struct {
    uint64_t begin;
    uint64_t worked; /* its last piece is done; up to here it computed */
    uint64_t end;    /* the others' pieces are done too; up to here it waited */
    int64_t  pieces; /* that it did */
} pr_span;
/* A member in a call. begin 0: it had no processor in time, or was not needed. */
typedef struct {
    uint64_t came, begin, end,
        gone;        /* between the outer and the inner two the probe itself works */
    uint64_t cpu_ns; /* processor time from begin to end */
    int      tid;    /* the system's name for the thread */
} pr_member_span;
/* Buffers of the caller, written by each call of pr_session_eval. */
typedef struct {
    pr_member_span *member;         /* [threads] */
    pr_span        *span;           /* [threads][steps] */
    uint64_t entered, ready, left;  /* the call; `ready`: positions and counters are made */
} pr_probe;
void pr_session_probe(pr_session *s, pr_probe *p); /* NULL: no longer */

enum { PR_STEP_NAME = 96 };
typedef struct {
    const char *op;                 /* "product", "attention", … */
    char        name[PR_STEP_NAME]; /* "attn_q attn_k attn_v", "attention", …: the same in layers */
    int         layer;              /* -1: outside the layers */
    bool        product;            /* it reads weights of class matrix */
} pr_step_info;
int  pr_session_steps(const pr_session *s);
void pr_session_step(const pr_session *s, int i, pr_step_info *out);

/* What step `i` must move and compute in a call of `n` tokens at position `pos`: each byte once,
 * however often caches are missed. */
typedef struct {
    uint64_t weight_bytes, state_bytes; /* of the model's file; of keys and values */
    uint64_t value_bytes;               /* what lies between steps, read and written */
    double   flop;                      /* two for a product and its sum */
    int64_t  pieces;                    /* that the team can share */
} pr_step_cost;
void pr_session_cost(const pr_session *s, int i, int n, int64_t pos, pr_step_cost *out);

/* ------------------------------------------------------------------ somebody else's scores */

/* Who scores the next token where it is not a session of the model: given from above. */
typedef struct {
    void   *ctx;
    int64_t n_ctx;   /* positions that it has room for */
    int     n_vocab; /* scores that it gives; the model's vocabulary may be shorter or longer */
    /* Append `n` tokens; *scores are those after the last, borrowed until the next call. */
    pare_status (*append)(void *ctx, const pr_id *ids, int64_t n, const float **scores,
                          pare_err *err);
} pr_scorer;
/* As pare_generate() (pare/generate.h), with the scores of `by`; NULL: a session of `m`. */
pare_status pr_generate(const pr_model *m, const pr_scorer *by, const char *prompt, size_t n_prompt,
                        const pare_generate_opts *opts, const pare_ctl *ctl, pare_text_fn on_text,
                        void *user, pare_doc **stats, pare_err *err);

/* ------------------------------------------------------------------ choosing a token */

typedef struct {
    float    temp;  /* 0: greedy */
    int      top_k; /* 0: off */
    float    top_p; /* 1: off */
    float    min_p; /* 0: off */
    float    repeat_penalty;    /* 1: off; divides positive, multiplies negative logits */
    float    frequency_penalty; /* 0: off; times the token's count */
    float    presence_penalty;  /* 0: off */
    int      last_n;            /* tokens looked back at by the penalties */
    uint64_t seed;
} pr_sampling;

typedef struct pr_sampler pr_sampler;
/* A sampler over `n_vocab` logits; it copies `*p` and holds its own buffers. PARE_EUSAGE for a
 * setting out of its range, or PARE_ENOMEM. One thread at a time. Free takes NULL. */
pare_status pr_sampler_new(pr_sampler **out, const pr_sampling *p, int n_vocab, pare_err *err);
void        pr_sampler_free(pr_sampler *s);
/* The next token from `logits` (n_vocab, untouched); ties go to the smaller id. -1 if one of
 * them is not finite: there is no order then, and no likeliest. */
pr_id pr_sampler_next(pr_sampler *s, const float *logits);
/* Tell the penalties that `id` stands in the text. */
void pr_sampler_accept(pr_sampler *s, pr_id id);
#endif
