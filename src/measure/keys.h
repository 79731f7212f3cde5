/* keys.h - under which key a measurement is recorded: part of measure's door.
 *
 *   char key[65];
 *   PR_TRY(pr_eval_key(&model_hash, &source_hash, &text_hash, &o, key, err));
 *   PR_TRY(pr_store_find(store, key, arena, &text, err));
 *
 * A key names all that a result depends on, and nothing else: quality is the same for every
 * number of threads, batch and SIMD level (kernel.h), so these are not in its key; speed depends
 * on them and on the machine. All keys hold the version of pare. Any thread. */
#ifndef PR_KEYS_H
#define PR_KEYS_H
#include "timing.h"
#include "eval.h"

/* Key of a pr_eval_result, 64 hex digits. `ref`: what it was compared with, NULL for none.
 * PARE_EUSAGE if
 * o->window is 0: the same request would then mean something else beside other models. */
pare_status pr_eval_key(const pr_sha256 *model, const pr_sha256 *ref, const pr_sha256 *text,
                        const pr_eval_opts *o, char key[65], pare_err *err);
/* Key of what pr_choices gives. */
pare_status pr_choices_key(const pr_sha256 *model, const pr_sha256 *text, int64_t n_tasks,
                           const pr_eval_opts *o, char key[65], pare_err *err);
/* Key of a pr_bench_result of a model run with `so`: `base` and `f32` are the baselines that
 * took turns with it
 * (NULL: none), `machine` is pr_hw.id; the text run on is o->ids. Threads are resolved
 * here, so that "as many as there are" is a number. */
pare_status pr_bench_key(const pr_sha256 *model, const pr_sha256 *base, const pr_sha256 *f32,
                         const char *machine, const pr_session_opts *so, const pr_bench_opts *o,
                         char key[65], pare_err *err);
#endif
