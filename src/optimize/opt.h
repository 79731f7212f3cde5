/* opt.h - the main job's inside. Private to `optimize`.
 *
 * opt_spec.c says what a candidate's words mean, and which runtimes are here; opt_foreign.c runs
 * candidates by these. The data's way: opt_quality.c hashes the checkpoint and evaluates it
 * (stage 1); opt_make.c
 * writes every variant (2, 3); opt_quality.c runs the source beside them on the text (3);
 * opt_speed.c tries settings (4) and times each in turns with the baseline (5); optimize.c
 * holds the order and lets `search` and `gate` decide; opt_report.c writes it down. What was
 * made or measured goes into the records at once (opt_records.c), so that a killed run goes
 * on. A variant's model is open only while it is used (opt_open, opt_close): what is held at
 * a time is the source and, while timing, one variant. */
#ifndef PR_OPT_H
#define PR_OPT_H
#include "engine/engine.h"
#include "flow/flow.h"
#include "gate/gate.h"
#include "hw/hw.h"
#include "measure/measure.h"
#include "pare/optimize.h"
#include "runner/runner.h"
#include "search/search.h"
#include "store/store.h"

enum { OPT_VARIANTS = 64, OPT_METRICS = 48, OPT_STAGES = 5, OPT_STEPS = 512, OPT_SETTINGS = 32 };
enum { OPT_RUNNERS = 8 };

/* A way to run a variant. All threads and levels give the same bits, so what was found out about
 * quality holds for each; a state type is another function, and only the one that quality was
 * measured with may be chosen. */
typedef struct {
    int      threads;
    pr_type  state;
    uint32_t cpu_flags; /* 0 here means the reference kernels */
    pr_est   decode_tps;
    bool     tried, chosen;
} opt_setting;

typedef struct {
    const char *name, *quant; /* quant NULL: the source itself, as it lies there */
    const char *format;       /* "gguf", "onnx" … */
    const char *how;          /* what the name has beyond the file: "-kvq8_0-t1"; "": nothing */
    pr_type     state;        /* keys and values */
    int         threads;      /* 0: several are tried */
    const char *accel;        /* "gpu", "npu": in place of the CPU; NULL */
    pare_convert_opts   as;   /* how it is written; `out` is `path` */
    const pr_runner_kind *by; /* NULL: our own engine; else what runs it, in a child process */
    const char *version, *arithmetic, *runner_state; /* of `by`; NULL: not known */
    bool        skipped;      /* `by` is not here: `error` says why */
    char       *path;         /* of the file or folder; the source's own for the baseline */
    const char *rel;          /* below OUT; NULL: not below it */
    pr_model   *model;        /* NULL: not open now */
    uint64_t    bytes, tensor_bytes;
    char        sha256[65];
    double      bpw;
    pare_doc   *written;      /* what `convert` told (pr_written_doc), NULL for the source */
    pr_eval_result *eval;     /* NULL: not done */
    pr_bench_result *bench;
    bool        made, eval_cached, bench_cached;
    pr_memory   memory;
    opt_setting settings[OPT_SETTINGS];
    int         n_settings, chosen;
    pr_metric   metrics[OPT_METRICS];
    size_t      n_metrics;
    char       *error; /* NULL, or why it could not be made or run */
} opt_variant;

typedef struct {
    const char *name;
    double      seconds;
    int         measured, cached;
    struct opt_step {
        char  *what, *detail;
        double seconds;
        bool   cached;
    } steps[OPT_STEPS];
    int n_steps;
} opt_stage;

typedef struct {
    const char               *src;
    const pare_optimize_opts *o;
    const pare_ctl           *ctl;
    pr_arena                 *a;
    pr_store                 *store;
    pr_model                 *m; /* the source */
    pr_sha256                 model_hash, text_hash;
    pare_doc                 *source; /* record: its files, each with bytes and hash */
    char                     *text_path;
    const char               *calib_path; /* what is learned from; NULL: there is none */
    pr_sha256                 calib_hash;
    pr_str                    text;
    pr_hw                     hw;
    pr_energy                *energy;
    int                       threads;
    pr_type                   state;
    pr_policy                 policy;
    struct {
        const pr_runner_kind *kind;
        pr_runner_info        info;
    } runners[OPT_RUNNERS]; /* those that candidates name */
    int                       n_runners;
    pr_objective              objectives[PR_OBJECTIVES_MAX];
    size_t                    n_objectives;
    opt_variant               base;  /* the source, run where it lies */
    opt_variant               v[OPT_VARIANTS];
    opt_variant               fv; /* the F32 file, for the second baseline */
    int                       n_own;  /* of `v`, the first: the source's own precision */
    pare_doc                 *hunted; /* "search" of the report; NULL: none */
    int64_t                   n_looks;
    int                       n, f32; /* f32: 0 if fv was made, -1 if not */
    int64_t                   window, n_windows, n_predictions, n_tokens; /* of the text */
    int64_t                   prompt_tokens, decode_tokens, rounds;
    opt_stage                 stage[OPT_STAGES];
    int                       at; /* stage that is running */
    char                     *warnings[64];
    int                       n_warnings;
    uint64_t                  start_ns;
} opt_job;

/* The stages, in order. Each returns an error only if the job cannot go on. */
pare_status opt_baseline(opt_job *j, pare_err *err);
pare_status opt_convert(opt_job *j, pare_err *err);
pare_status opt_quantize(opt_job *j, pare_err *err);
pare_status opt_accelerate(opt_job *j, pare_err *err);
pare_status opt_validate(opt_job *j, pare_err *err);

/* Note a step of the running stage. */
void opt_step(opt_job *j, const char *what, uint64_t since_ns, bool cached, const char *fmt, ...)
    PR_PRINTF(5, 6);
void opt_warn(opt_job *j, const char *fmt, ...) PR_PRINTF(2, 3);
/* A variant could not be made or run: remember why, go on without it. */
void opt_lost(opt_job *j, opt_variant *v, const pare_err *err);
/* The same for what its runtime said, if that concerns this variant alone: PARE_OK then. Else
 * `own` goes to `err`. */
pare_status opt_lost_by(opt_job *j, opt_variant *v, const pare_err *own, pare_err *err);

/* ---- opt_hunt.c ---- */
/* --search: the candidates in every way, by rungs; those that are left take their place. */
pare_status opt_hunt(opt_job *j, pare_err *err);
/* Settings of one variant, tried or recalled. */
pare_status opt_accelerate_one(opt_job *j, opt_variant *v, pare_err *err);

/* ---- opt_spec.c ---- */
typedef struct {
    opt_variant *v;
    int          n, most;
} opt_list;
/* Read a candidate's words and append what they mean, unless it is there. EUSAGE: what is wrong. */
pare_status opt_spec_add(opt_job *j, opt_list *to, const char *spec, pare_err *err);
/* The candidates: names, files, runtimes; those whose runtime is not here are marked. */
pare_status opt_candidates(opt_job *j, pare_err *err);
/* A plain float type: stage 2 makes it. */
bool opt_is_float(const opt_variant *v);

/* ---- opt_foreign.c: for variants with `by` ---- */
/* The artefact in its runtime; what it says of itself is remembered in `v` and the records. */
pare_status opt_runner_open(opt_job *j, opt_variant *v, int threads, pr_runner **out,
                            pare_err *err);
/* The record of what the runtime said, if there is one. */
pare_status opt_runner_recall(opt_job *j, opt_variant *v, pare_err *err);
/* One for each setting of `v`; as many as were opened in `*n` also on failure. */
pare_status opt_runners_open(opt_job *j, opt_variant *v, pr_runner *r[OPT_SETTINGS], int *n,
                             pare_err *err);
void opt_runners_close(pr_runner *const *r, int n);
/* Numbers of threads to try: all, a half, a quarter, one; fewer where the machine's memory does
 * not hold so many at once. */
void opt_runner_settings(const opt_job *j, opt_variant *v);
/* Stage 3 for one variant, beside the source. PARE_OK also where it is lost. */
pare_status opt_runner_evaluate(opt_job *j, opt_variant *v, const pr_eval_opts *o, pare_err *err);
/* Where a runtime runs, the memory objective is what every process really took. */
void opt_choose_memory(opt_job *j);

/* ---- opt_profile.c ---- */
/* "profile" of the report: a run of the choice under a probe, or out of the records. Nothing where
 * there is no choice, or a foreign runtime runs it. */
pare_status opt_profile(opt_job *j, const opt_variant *v, pr_doc_build *b, pare_doc *report,
                        pare_err *err);

/* Records: a copy of what was put under `key`, or NULL: nothing, or it was damaged and has
 * been named. The caller frees `*out`. */
pare_status opt_find(opt_job *j, const char key[65], const char *kind, pare_doc **out,
                     pare_err *err);
pare_status opt_put(opt_job *j, const char key[65], const char *kind, const pare_doc *doc,
                    pare_err *err);
/* Name a record that is there and cannot be used. */
void opt_spoilt(opt_job *j, const char key[65], const char *kind, const char *why);
/* Under what they stand: the source's check and files, a written file, that it computes the
 * source's function, the settings tried, a timing. Evaluations: pr_eval_key. */
pare_status opt_key_source(const opt_job *j, char key[65], pare_err *err);
pare_status opt_key_file(const opt_job *j, const opt_variant *v, char key[65], pare_err *err);
pare_status opt_key_same(const opt_job *j, const opt_variant *v, char key[65], pare_err *err);
pare_status opt_key_settings(const opt_job *j, const opt_variant *v, char key[65], pare_err *err);
pare_status opt_key_bench(const opt_job *j, const opt_variant *v, char key[65], pare_err *err);
pare_status opt_key_runtime(const opt_job *j, const opt_variant *v, char key[65], pare_err *err);
/* An evaluation by `v->by`: `native` is the key that it would have without. */
pare_status opt_key_eval_by(const opt_job *j, const opt_variant *v, const char *native,
                            char key[65], pare_err *err);
/* SHA-256 of a file, 64 digits; looks at cancel and tells progress as `task`. */
pare_status opt_hash_file(const opt_job *j, const char *path, const char *task, char hex[65],
                          uint64_t *bytes, pare_err *err);

/* The same of an artefact: of a folder, the hash of what `sha256sum ./NAME…` prints of its files,
 * by name; `bytes` of all. */
pare_status opt_hash_artefact(opt_job *j, const char *path, const char *task, char hex[65],
                              uint64_t *bytes, pare_err *err);

/* Where the file of variant `v` (named already) belongs: `rel` and `path`. */
pare_status opt_place(opt_job *j, opt_variant *v, pare_err *err);
/* Write or find again the file of variant `v`. */
pare_status opt_make(opt_job *j, opt_variant *v, pare_err *err);
/* The variant's model, until opt_close; fine if it is open. The source stays open. */
pare_status opt_open(opt_variant *v, pare_err *err);
void        opt_close(const opt_job *j, opt_variant *v);
/* Is `v` the very file of the F32 baseline? Then what was found out about that holds. */
bool opt_is_f32(const opt_job *j, const opt_variant *v);
/* Put every variant's metrics together from what was made and measured. */
void opt_collect(opt_job *j);
/* report.json's tree from the finished job. */
pare_status opt_report(opt_job *j, pare_doc **out, pare_err *err);
#endif
