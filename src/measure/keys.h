/* keys.h - under which key an evaluation is recorded: part of measure's door.
 *
 *   char key[65];
 *   PR_TRY(pr_eval_key(&model_hash, &source_hash, &text_hash, &o, key, err));
 *   PR_TRY(pr_store_find(store, key, arena, &text, NULL, err));
 *
 * A key names all that a result depends on, and nothing else: quality is the same for every
 * number of threads, batch and SIMD level (kernel.h), so these are not in its key. It holds the
 * version of pare. Any thread. */
#ifndef PR_KEYS_H
#define PR_KEYS_H
#include "eval.h"

/* Key of a pr_eval_result, 64 hex digits. `ref`: what it was compared with, NULL for none.
 * PARE_EUSAGE if o->window is 0: the same request would mean something else beside other models. */
pare_status pr_eval_key(const pr_sha256 *model, const pr_sha256 *ref, const pr_sha256 *text,
                        const pr_eval_opts *o, char key[65], pare_err *err);
#endif
