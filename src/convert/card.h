/* card.h - what is said of a model beside its shapes: its name, who made it of what, under
 * which licence. A GGUF says it in general.* keys, a Hugging Face directory in its name and in
 * the front matter of README.md. For those who write formats: part of convert's door.
 *
 * Texts are borrowed from an arena or a mapped file; {NULL, 0}: not said, {p, 0}: said to be
 * empty, which is never written. */
#ifndef PR_CONVERT_CARD_H
#define PR_CONVERT_CARD_H
#include "format/format.h"

/* In the order of a file's keys. */
typedef enum {
    PR_SAID_NAME,
    PR_SAID_AUTHOR,
    PR_SAID_VERSION,
    PR_SAID_ORGANIZATION,
    PR_SAID_FINETUNE,
    PR_SAID_BASENAME,
    PR_SAID_DESCRIPTION,
    PR_SAID_SIZE_LABEL,
    PR_SAID_LICENSE,
    PR_SAID_LICENSE_NAME,
    PR_SAID_LICENSE_LINK,
    PR_SAID_URL,
    PR_SAID_DOI,
    PR_SAID_UUID,
    PR_SAID_REPO_URL,
    PR_SAID_COUNT
} pr_said;
enum { PR_SAID_SPELLINGS = 3, PR_ORIGIN_WORDS = 9, PR_ORIGIN_REPO_URL = 8, PR_ORIGINS_MAX = 1000 };
typedef struct {
    const char *gguf;                    /* after "general." */
    const char *card[PR_SAID_SPELLINGS]; /* the first that stands in the front matter counts */
} pr_said_spelling;
extern const pr_said_spelling pr_said_spellings[PR_SAID_COUNT];

/* A base model or a data set: name, author, version, …, by pr_origin_words. */
typedef struct {
    pr_str word[PR_ORIGIN_WORDS];
} pr_origin;
extern const char *const pr_origin_words[PR_ORIGIN_WORDS];
typedef struct {
    bool stated; /* perhaps as an empty list */
    pr_origin *at;
    uint64_t n;
} pr_origins;
typedef struct {
    pr_str *at;
    uint64_t n;
} pr_texts;

typedef struct {
    pr_str said[PR_SAID_COUNT];
    pr_origins base_models, datasets;
    pr_texts tags, languages;
} pr_card;

/* What a Hugging Face directory says: front matter, then config.json's _name_or_path, then the
 * folder's name; size_label at last of `n_values`. What is wrong with the front matter becomes
 * a warning in `w`. Fails for lack of memory only. */
pare_status pr_card_of_dir(pr_card *c, const pr_model *m, int64_t n_values, pr_arena *a,
                           const pare_ctl *ctl, pr_written *w, pare_err *err);
/* The front matter of README.md's text into `c`; `n_values` as above. EINPUT: no YAML, or no
 * mapping. Keys of another kind than expected are left out and named in `odd`, if not NULL. */
pare_status pr_card_parse(pr_card *c, pr_str readme, int64_t n_values, pr_arena *a, pr_buf *odd,
                          pare_err *err);
/* What "org/name" or an address says of a base model or data set. */
pare_status pr_origin_read(pr_origin *o, pr_str id, int64_t n_values, pr_arena *a,
                           pare_err *err);
/* general.* keys of a file. */
void pr_card_put_keys(pr_gguf_writer *w, const pr_card *c);
/* The same from the keys of a GGUF. */
pare_status pr_card_of_gguf(pr_card *c, const pr_container *f, pr_arena *a, pare_err *err);
/* README.md with a front matter that pr_card_of_dir reads as `c`; appended to `dst`. */
pare_status pr_card_put_readme(const pr_card *c, pr_buf *dst, pr_arena *a, pare_err *err);
/* README.md, licences and generation_config.json in `dir`: copied from a directory, made of a
 * GGUF's keys. */
pare_status pr_card_put_files(const pr_model *m, const char *dir, pr_arena *a, pare_err *err);
#endif
