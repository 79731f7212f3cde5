/* convert.h - the door of `convert`: a model into a GGUF file or a Hugging Face
 * directory, in one pass over the weights.
 *
 *   pr_gguf_job job = {.out = "m-Q4_K_M.gguf", .choose = by_mix, .user = &plan, .file_type =
 * 15}; pr_written  w; PR_TRY(pr_convert_gguf(m, &job, ctl, arena, &w, err)); printf("%s: %.2f
 * bits per weight\n", job.out, w.bpw);
 *
 * Each tensor is pulled in slabs of rows through decode → order of rows → encode; equal
 * types copy bytes. Anonymous memory stays under ctl->work_memory_bytes, threads'
 * stacks included, however large the model is. The same model and job give the same
 * bytes for any number of threads and any level of SIMD: no time, no path, no
 * name of a machine is written. Nothing stands under `out` before it is whole, and
 * nothing is left of a job that failed or was cancelled.
 *
 * What a container cannot say is refused (PARE_EREFUSED, one reason each) unless
 * `allow_inexact`; then the reasons are written into the file (key `pare.inexact`; in a
 * directory config.json's "pare_inexact") and stand in pr_written.
 *
 * A job belongs to one thread; the model is only read. Callbacks run on the calling thread. */
#ifndef PR_CONVERT_H
#define PR_CONVERT_H
#include "base/base.h"
#include "model/model.h"
#include "codec/codec.h"
#include "tensor/tensor.h"

/* The type that one tensor gets. */
typedef struct {
    pr_type type;  /* what it gets */
    pr_type asked; /* what was wanted; differs from `type` where that could not be had */
    char why[120]; /* a phrase: why it is this one; may be empty */
    const float *weight; /* importance of each column (≥ 0), for encoders that search, borrowed
                            until all is written; NULL: none */
} pr_choice;

/* Called once for every matrix (two dimensions), before any weight is read: first those of the
 * whole model, then layer by layer, each by GGUF name bytewise (the order in which
 * llama-quantize counts). `name`: as the file that is written spells it; borrowed for the call.
 * A type that pare cannot encode, or whose blocks do not fill the row, is PARE_EREFUSED.
 * Vectors (norms, biases, rope_freqs) are F32 without asking. */
typedef pare_status (*pr_choose_fn)(void *user, const pr_model *m, const pr_weight *w,
                                    const char *name, pr_choice *out, pare_err *err);

typedef struct {
    const char *out;     /* the file to make */
    pr_choose_fn choose; /* NULL: every tensor keeps its type (F64, F8: F32, BF16; groups: the
                            blocks that say the same, else F16 with the reason) */
    void *user;
    int file_type; /* general.file_type (llama_ftype); -1: what most bytes are, or as in a GGUF
                      source */
    const char *name;   /* general.name; NULL: as the source says */
    bool allow_inexact; /* write what GGUF cannot say, with its reasons */
    bool no_tokenizer;  /* write no tokenizer.* keys */
    void (*more_keys)(void *user, pr_gguf_writer *w); /* adds keys of the caller's; NULL: none */
    void *more_user;
    const char *lineage; /* pare.lineage; NULL: none, also where a GGUF source has one */
    bool plan_only; /* choose, and count the file's bytes, but read no weight and write nothing */
} pr_gguf_job;

typedef struct {
    const char *dir;          /* to make, or an empty one; else EENV */
    uint64_t max_shard_bytes; /* 0: 5 GB */
    bool keep_types; /* floats as stored, blocks (which safetensors has not) as `type`, groups
                        as their scales' type */
    pr_type type;    /* F32, F16 or BF16, for all that keep_types does not keep */
    bool allow_inexact;
    bool no_tokenizer;
    const char *lineage; /* config.json's "pare_lineage"; NULL: none */
} pr_hf_job;

/* One tensor as written. */
typedef struct {
    const char *name;
    pr_role role;
    int layer;                /* -1: of the whole model */
    int64_t rows, cols;       /* a vector has 1 row */
    pr_type from, asked, got; /* as stored, as wanted, as written */
    /* Instead of from, asked and got; NULL: no groups. */
    const pr_group_spec *from_group, *asked_group, *got_group;
    const char *why;          /* "": nothing to say */
    uint64_t bytes;
    bool lossless; /* every value is the source's */
    bool twice;    /* loses again: the source was quantized and this is another type */
} pr_written_tensor;

typedef struct {
    pr_written_tensor *tensors;         /* in the file's order */
    int n_tensors, n_fallback, n_twice; /* all; got ≠ asked; lossy twice */
    uint64_t bytes;        /* of the file, or of all weight files of the directory */
    uint64_t tensor_bytes; /* of the tensors alone */
    int64_t n_params;      /* values of all weights (tables of frequencies are none) */
    double bpw;            /* bits of the tensors per weight */
    const char **inexact;  /* reasons, without line feed */
    int n_inexact;
    const char *lineage; /* the job's, which stands inside; or NULL */
    const char **warnings; /* what else somebody should know, one line each */
    int n_warnings;
    const struct pr_calibrated *calibrated; /* the caller's: how levels were found; NULL here */
    pr_sha256 sha256; /* of the GGUF file; of a directory: of its tensors' names, types and
                         bytes in order */
} pr_written;

/* Write `m` as a GGUF file. `out` is filled from `a` and lives as long. EREFUSED: GGUF cannot
 * say it (each reason), or a type cannot be had; EINPUT: a weight that is not finite, or that
 * F16 cannot hold (tensor, row, column); EENV: disk; ECANCELLED. */
pare_status pr_convert_gguf(const pr_model *m, const pr_gguf_job *job, const pare_ctl *ctl,
                            pr_arena *a, pr_written *out, pare_err *err);
/* Write `m` as a Hugging Face directory: config.json in both spellings of rope,
 * generation_config.json, README.md and licences, tokenizer files (those of an HF source byte for
 * byte), safetensors, sharded with an index. EREFUSED also where a GGUF's vocabulary cannot be
 * said exactly in
 * tokenizer.json. */
pare_status pr_convert_hf(const pr_model *m, const pr_hf_job *job, const pare_ctl *ctl,
                          pr_arena *a, pr_written *out, pare_err *err);

/* A `pr_choose_fn` that gives every matrix the type at `user` (const pr_type *); rows that it
 * does not divide get F16, with the reason. */
pare_status pr_choose_one(void *user, const pr_model *m, const pr_weight *w, const char *name,
                          pr_choice *out, pare_err *err);

#include "outlet.h" /* what writers are made of: room `lower` has more of them */
#endif
