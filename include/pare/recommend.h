/* pare/recommend.h - which framework, format and quantization, before anything is converted.
 *
 *   pare_recommend_opts o = {.target = "raspberry-pi-5"};
 *   pare_doc *answer;
 *   if (pare_recommend(model, &o, &answer, &err) != PARE_OK) …
 *   puts(pare_doc_str(pare_doc_path(answer, "first/framework")));
 */
#ifndef PARE_RECOMMEND_H
#define PARE_RECOMMEND_H
#include "pare/doc.h"
#include "pare/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char        *target;  /* a shipped target or FILE.yaml; NULL: this machine */
    const char        *purpose; /* as the rules have them; NULL: none */
    const char        *style;   /* "prototyping", "enterprise"; NULL: what the rule says */
    const char *const *needs;   /* of the requirement matrix */
    size_t             n_needs;
    const char        *rules;   /* a file of rules; NULL: those that are shipped */
    const char        *policy;  /* its gate on memory_ratio forbids types; NULL: none does */
    int64_t            context; /* positions whose state must fit; 0: the model's own */
    double             max_bytes, max_memory; /* limits beside the target's; 0: none */
} pare_recommend_opts;

/* Answer by rules (docs/recommend.md). Nothing is measured. `*out`, freed by the caller: "rule",
 * "first" and "second" (null where nothing is possible), each with its "strategy" and what was
 * replaced in it and why, "passed_over", "overruled". PARE_EINPUT for a file of rules, target or
 * policy that does not hold together; PARE_EUSAGE for a word that the rules do not know. `opts`:
 * NULL for all by default. */
PARE_API pare_status pare_recommend(const pare_model *m, const pare_recommend_opts *opts,
                                    pare_doc **out, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
