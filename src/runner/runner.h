/* runner.h - one way to run a model, whoever runs it: pare's own engine in this process, or a
 * foreign runtime in a child process.
 *
 *   pr_runner *r;
 *   PR_TRY(pr_runner_open(&r, "llama.cpp", "model.gguf", &(pr_runner_opts){.exact = true}, err));
 *   float *logits = …;                                   // n * pr_runner_vocab(r) floats
 *   PR_GO(pr_runner_eval(r, ids, n, true, logits, err));
 *   …
 *   pr_runner_close(r);
 *
 * A foreign runtime lives in the installed helper program (runners/), which loads it at run time
 * and speaks the lines of docs/runner-protocol.md. What a child says is untrusted: one that
 * crashes, hangs, or tells sizes that cannot be is an error (EENV) that says how it ended and
 * its last words, never the end of the caller. Before anything is loaded, what would phone home is
 * switched off (foreign.c). A pr_runner belongs to one thread at a time. */
#ifndef PR_RUNNER_H
#define PR_RUNNER_H
#include "base/base.h"
#include "engine/engine.h"

typedef struct pr_runner pr_runner;

typedef struct {
    int             n_threads;   /* 0: pr_threads_default() */
    int64_t         n_ctx;       /* positions; 0: the model's, at most 4096 */
    bool            exact;       /* float32 wherever the runtime lets us; false: as it comes */
    bool            no_check;    /* probe: do not load and ask, only look */
    double          seconds;     /* for one answer; 0: 600 (probe: 60) */
    uint64_t        max_address; /* bytes of the child's address space; 0: no limit */
    const pare_ctl *ctl;         /* to be stopped by; NULL: not. Must outlive the runner */
} pr_runner_opts;

/* What a probe found. Text is "" where nothing is known. */
typedef struct {
    bool found;            /* the runtime is here */
    bool verified;         /* it loaded, and its answer to a tiny question was right */
    char path[512];        /* of its library or package */
    char version[64];
    char devices[256];     /* "CPU", "CPU, GPU.0": what it could use; pare asks for the CPU */
    char arithmetic[256];  /* what it computes in by itself on this CPU */
    char state[128];       /* how it keeps keys and values by itself */
    char reason[400];      /* why it was not found, or not verified */
} pr_runner_info;

typedef struct pr_runner_kind pr_runner_kind;
struct pr_runner_kind {
    const char *name;           /* "onnxruntime-genai" */
    const char *takes;          /* "a GGUF file": what it opens */
    const char *how_to_install; /* one line of shell or prose */
    const char *word;           /* foreign.c: what the helper is called with */
    /* PARE_OK also where there is none: `info` says so. Other: ECANCELLED, ENOMEM. */
    pare_status (*probe)(const pr_runner_kind *k, const pr_runner_opts *o, pr_runner_info *info,
                         pare_err *err);
    pare_status (*open)(pr_runner *r, const char *model, const pr_runner_opts *o, pare_err *err);
    pare_status (*eval)(pr_runner *r, const pr_id *ids, int64_t n, bool all, float *logits,
                        pare_err *err);
    pare_status (*reset)(pr_runner *r, pare_err *err);
    pare_status (*time)(pr_runner *r, const pr_id *prompt, int64_t n_prompt, int64_t n,
                        uint64_t *prompt_ns, uint64_t *ns, pare_err *err);
    uint64_t (*memory)(pr_runner *r);
    void (*close)(pr_runner *r);
};

/* All kinds in their order, native first; NULL past the end. */
const pr_runner_kind *pr_runner_kind_at(size_t i);
/* EUSAGE with the list of names: there is no such kind. */
pare_status pr_runner_find(const char *name, const pr_runner_kind **out, pare_err *err);
/* Is it here, which version, does it answer? Takes from a millisecond to some seconds. */
pare_status pr_runner_probe(const pr_runner_kind *k, const pr_runner_opts *o, pr_runner_info *info,
                            pare_err *err);

/* EENV: the runtime is missing or failed. EINPUT, EUNSUPPORTED: it does not take this model; the
 * error has its words. `opts` NULL: all defaults. */
pare_status pr_runner_open(pr_runner **out, const char *kind, const char *model,
                           const pr_runner_opts *opts, pare_err *err);
/* NULL is fine. */
void pr_runner_close(pr_runner *r);
/* Append `n` ≥ 1 tokens to the sequence. `logits`: of each position if `all` (n rows), else
 * of the last, rows of pr_runner_vocab() floats as the runtime gives them. EUSAGE: past the
 * context, or an id outside the vocabulary; nothing was appended then. */
pare_status pr_runner_eval(pr_runner *r, const pr_id *ids, int64_t n, bool all, float *logits,
                           pare_err *err);
/* Forget the sequence. */
pare_status pr_runner_reset(pr_runner *r, pare_err *err);
/* On a fresh sequence: the time of the prompt until its last logits are there, then of each of
 * `n` tokens taken greedily, one by one. Measured where the runtime runs: talking to the child
 * is not in it. `prompt_ns` may be NULL. The sequence is forgotten afterwards. */
pare_status pr_runner_decode_time(pr_runner *r, const pr_id *prompt, int64_t n_prompt, int64_t n,
                                  uint64_t *prompt_ns, uint64_t *ns, pare_err *err);
int64_t     pr_runner_vocab(const pr_runner *r);   /* ids are 0 … this - 1 */
int64_t     pr_runner_context(const pr_runner *r); /* positions of a sequence at most */
/* Bytes: the child's peak resident memory; native: what its session and weights take. */
uint64_t    pr_runner_memory(pr_runner *r);
/* What it really computes in as opened, and how it keeps its state; for people. */
const char *pr_runner_arithmetic(const pr_runner *r);
const char *pr_runner_state(const pr_runner *r); /* as pr_runner_arithmetic() */
const pr_runner_kind *pr_runner_kind_of(const pr_runner *r); /* borrowed, static */
#endif
