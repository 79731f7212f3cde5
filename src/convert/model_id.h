/* model_id.h - what a model's name says of itself. Private to `convert`. */
#ifndef PR_CONVERT_MODEL_ID_H
#define PR_CONVERT_MODEL_ID_H
#include "base/base.h"

/* Parts of "org/Base-7B-Instruct-v0.3"; NULL: not said. Strings live in the arena. */
typedef struct {
    const char *org, *name; /* "org", "Base-7B-Instruct-v0.3" */
    const char *basename, *size_label, *finetune, *version;
} pr_model_id;

/* Read a repository's or a folder's name by GGUF's naming convention (basename, size, finetune,
 * version, joined by '-'), as llama.cpp's converter does. `n_values`: of the model, so that
 * "128k" is not taken for its size; 0: unknown. Fails for lack of memory only. */
pare_status pr_model_id_read(pr_model_id *out, pr_str text, int64_t n_values, pr_arena *a,
                             pare_err *err);

/* general.name as the converter makes it of a name: "tiny-llama-v1" → "Tiny Llama v1". */
char *pr_title(pr_arena *a, const char *name);
/* general.size_label of a count: "260K", "3.7M". */
char *pr_size_label(pr_arena *a, int64_t n_params);
#endif
