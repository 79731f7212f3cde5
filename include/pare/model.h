/* pare/model.h - open a model and look inside it.
 *
 *   pare_model *m;
 *   pare_err e = {0};
 *   if (pare_model_open(&m, "models/austen-3.7m", &e) != PARE_OK) return fail_with(&e);
 *   printf("%s, %" PRId64 " weights\n", pare_model_arch(m), pare_model_n_params(m));
 *   pare_model_close(m);
 *
 * A model never changes once open: any number of threads may read it. Whatever is
 * reached from it is borrowed and lives until pare_model_close(). */
#ifndef PARE_MODEL_H
#define PARE_MODEL_H
#include "pare/ctl.h"
#include "pare/doc.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pare_model pare_model;

/* Open a Hugging Face directory or a GGUF file. Every offset, size and shape in it is
 * checked before this returns; weights are not read. On failure `*out` is NULL. */
PARE_API pare_status pare_model_open(pare_model **out, const char *path, pare_err *err);
/* Close `m` and all that was borrowed from it. NULL is fine. */
PARE_API void pare_model_close(pare_model *m);
/* "llama", "qwen2", …; never NULL. */
PARE_API const char *pare_model_arch(const pare_model *m);
/* What the file or folder calls it; never NULL. */
PARE_API const char *pare_model_name(const pare_model *m);
/* Number of weights; a head that shares the embedding counts once. */
PARE_API int64_t pare_model_n_params(const pare_model *m);
/* Token ids run from 0 to this minus 1. */
PARE_API int64_t pare_model_n_vocab(const pare_model *m);
/* Positions that it was made for. */
PARE_API int64_t pare_model_n_ctx(const pare_model *m);

/* The ids of `n` bytes of UTF-8. `special`: add what the tokenizer adds (BOS …), and read
 * the text of special tokens as those tokens. `*ids` is freed with pare_ids_free().
 * `ctl` (may be NULL) may end it early: PARE_ECANCELLED.
 * PARE_EINPUT: not UTF-8 (with the byte), or the model has no usable tokenizer. */
PARE_API pare_status pare_tokenize(const pare_model *m, const char *text, size_t n, int special,
                                   const pare_ctl *ctl, int32_t **ids, size_t *n_ids,
                                   pare_err *err);
/* Free what pare_tokenize() gave. NULL is fine. */
PARE_API void pare_ids_free(int32_t *ids);
/* The text of `n` ids, terminated, freed with pare_text_free(); `*len` may be NULL. */
PARE_API pare_status pare_detokenize(const pare_model *m, const int32_t *ids, size_t n,
                                     char **text, size_t *len, pare_err *err);
/* What the id adds to a text: `*len` raw bytes, perhaps a part of a code point; borrowed from the
 * model, not terminated. NULL (and 0): the model has no tokenizer, or no such token. */
PARE_API const char *pare_token_bytes(const pare_model *m, int32_t id, size_t *len);
/* Free what pare_detokenize() gave. NULL is fine. */
PARE_API void pare_text_free(char *text);

/* What a model is: architecture, parameters by class, sizes, tensor types, tokenizer, and
 * for every quantization the exact size and which tensors cannot take it. With `check`
 * every weight is read, and one that is not finite is an error that names it. */
PARE_API pare_status pare_assess(const pare_model *m, int check, const pare_ctl *ctl,
                                 pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
