/* outline.h - what will be written: tensors in order, their types, the report that
 * grows out of it. For those who write formats: part of convert's door. */
#ifndef PR_CONVERT_OUTLINE_H
#define PR_CONVERT_OUTLINE_H
#include "card.h"
#include "stream.h"

/* One tensor to be. */
typedef struct {
    const pr_weight *w; /* NULL: made here (rope_freqs) */
    const float *made;  /* its values */
    const char *name;   /* in the dialect that is written */
    int n_dims;
    uint64_t dim[2];
    pr_spelling as;
    pr_choice choice;
    const pr_group_spec *asked; /* groups that were wanted, NULL: none; as.group: that it got */
} pr_item;

typedef struct {
    const pr_model *m;
    pr_dialect to;
    const char *target; /* its name for people; NULL: the dialect's. Set after init. */
    pr_arena *arena; /* the caller's: what the report borrows */
    pr_item *items;
    int n;
    pr_buf why; /* reasons of inexactness, one line each */
} pr_outline;

/* Every weight that has a place in the dialect, in the order of the file to be: rope_freqs that
 * is made first; of a Hugging Face source the tensors by file and name, of a GGUF in its order.
 * Weights without a place become reasons in `why`. */
pare_status pr_outline_init(pr_outline *o, const pr_model *m, pr_dialect to, pr_arena *a,
                           const float *table, pare_err *err);
void pr_outline_done(pr_outline *o);
/* Ask `choose` for matrices, in the order that the door promises; vectors get `vector`, or
 * their own type if that is PR_TYPE_N. */
pare_status pr_outline_choose(pr_outline *o, pr_choose_fn choose, void *user, pr_type vector,
                              pare_err *err);
/* Types and groups of a packed directory: every matrix in the groups of `spec` (of embedding
 * and head: `head`) if they fill its rows, else the largest smaller group, down to `least`,
 * that does, else `type`; either way with the reason. `head` or `spec` NULL: floats. */
pare_status pr_outline_group(pr_outline *o, const pr_group_spec *spec,
                             const pr_group_spec *head, int64_t least, pr_type type,
                             bool strict, pare_err *err);
/* PARE_EREFUSED with all reasons, unless `allow`; then they go to the log and into `out`. */
pare_status pr_outline_judge(pr_outline *o, bool allow, const pare_ctl *ctl, pr_written *out,
                             pare_err *err);

/* The report: started from the plan, filled as tensors pass. */
pare_status pr_report_begin(const pr_outline *o, pr_written *out, pare_err *err);
void pr_report_tensor(pr_written *out, int i, bool lossless);
/* A line for people, kept in `out` and logged. */
pare_status pr_report_warn(pr_written *out, pr_arena *a, const pare_ctl *ctl, const char *line,
                           pare_err *err);

/* rope_freqs.weight for this model, dim/2 divisors from `a`, or *table = NULL where none is
 * needed or the dialect has no place for it. *attn: what rope.scaling.attn_factor must say, 1:
 * nothing; *keys: scaling goes into keys (linear, yarn as the runtime has it). */
typedef struct {
    const float *table;
    double attn;
    bool keys;
} pr_rope_words;
pare_status pr_rope_say(const pr_model *m, pr_arena *a, pr_rope_words *out, pare_err *err);
/* llama3's divisor for a wave as llama.cpp's converter computes it (float32 throughout), and
 * the waves of all dim/2 frequencies. */
float pr_llama3_divisor(const pr_rope *r, float wave);
void pr_llama3_waves(const pr_rope *r, float *out);

/* general.sampling.* of generation_config.json beside `m`; and back, into the object `o`. */
void pr_sampling_put_keys(pr_gguf_writer *w, const pr_model *m, pr_arena *a);
/* The number with the fewest digits that is this float: 0.7, not 0.699999988. */
double pr_fewest_digits(float f);
void pr_sampling_put_doc(pr_doc_build *b, pare_doc *o, const pr_container *f);

/* The tokenizer of `m` in GGUF's words, with config.json's ids where the tokenizer says none.
 */
pare_status pr_vocab_for_gguf(const pr_model *m, pr_arena *a, pr_gguf_vocab *out,
                              pare_err *err);
/* All keys of a GGUF file of `m`. */
typedef struct {
    const pr_gguf_job *job;
    const pr_outline *outline;
    const pr_rope_words *rope;
    const pr_written *out;      /* its inexact reasons */
    const pr_gguf_vocab *vocab; /* NULL: none, or those of the source */
    const pr_card *card;        /* NULL: the source is a GGUF */
    int file_type;
} pr_key_plan;
void pr_keys_put(pr_gguf_writer *w, const pr_key_plan *p);

/* The rotation as config.json can say it. NULL, or why it cannot: a phrase; then *out is as the
 * model has it. */
const char *pr_rope_for_hf(const pr_model *m, pr_rope *out);
/* config.json and its companions. `dtype`: "bfloat16" … */
pare_status pr_config_put(const pr_model *m, const char *dir, const char *dtype,
                          const pr_written *out, pr_arena *a, pare_err *err);
/* The same, with more words of a runtime's own on top. */
typedef void (*pr_config_more)(void *user, pr_doc_build *b, pare_doc *root);
pare_status pr_config_put_with(const pr_model *m, const char *dir, const char *dtype,
                               const pr_written *out, pr_arena *a, pr_config_more more,
                               void *user, pare_err *err);
/* bos_token_id, eos_token_id (one or a list), pad_token_id, as far as the model states them. */
void pr_ids_put(pr_doc_build *b, pare_doc *o, const pr_hp *h);
/* All that the records say about a rotation, as transformers reads it. */
void pr_rope_put(pr_doc_build *b, pare_doc *o, const pr_rope *r);
/* The tokenizer's files: copied from an HF source, made from a GGUF's vocabulary and read back
 * to see that they say the same. */
pare_status pr_vocab_put(const pr_model *m, const char *dir, pr_arena *a, pare_err *err);
/* The bytes of one file into another. EINPUT: over 256 MiB. */
pare_status pr_copy_file(const char *from, const char *to, pare_err *err);
#endif
