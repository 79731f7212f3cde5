/* advise_in.h - between the files of `advise` (private). */
#ifndef PR_ADVISE_IN_H
#define PR_ADVISE_IN_H
#include "advise/advise.h"

/* rules/recommend.yaml; made by the build. */
extern const unsigned char pr_embed_recommend_yaml[];
extern const size_t        pr_embed_recommend_yaml_len;

/* The text of a member; NULL: none. */
static inline const char *text_at(const pare_doc *o, const char *key) {
    return pare_doc_str(pare_doc_get(o, key));
}
/* Does a list of texts hold `word`? */
bool list_has(const pare_doc *list, const char *word);
/* The framework of that id, or NULL. */
const pare_doc *framework_find(const pr_rules *r, const char *id);
/* Number that a checked scalar stands for; NAN: no such member. */
double number_at(const pare_doc *o, const char *key);

/* The strategy for framework `f` into `to`: its members, "type", "bytes", "memory_bytes", "basis",
 * "replaced". True: a type was found; else `reason` says which is the
 * smallest and what forbids it. */
bool strategy_put(const pr_rules *r, const pr_advise_ask *ask, const pare_doc *f, pr_doc_build *b,
                  pare_doc *to, char reason[240]);
#endif
