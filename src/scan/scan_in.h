/* scan_in.h - between the files of `scan`. */
#ifndef PR_SCAN_IN_H
#define PR_SCAN_IN_H
#include "scan.h"

typedef struct {
    pr_scan *s;
    pr_arena *a;
    const pr_scan_opts *o;
    const pare_ctl *ctl;
    const char *root;
    pare_err *err;
} scan_job;

/* Keep a finding; text is copied. Without memory it still counts in `total`. */
void scan_found(scan_job *j, pr_found kind, const char *rule, const char *file, int64_t line,
                int64_t offset, const char *what);
/* Is `path` one of the list (NULL at the end; may be NULL)? */
bool scan_names(const char *const *list, const char *path);
/* What the first bytes (and the name) say a file is. `whole`: its length. */
pr_file_kind scan_kind_of(const char *name, const uint8_t *p, size_t n, uint64_t whole,
                          const char **rule, const char **what);
/* A whole file in memory: kind, findings, texts. */
void scan_content(scan_job *j, pr_scan_file *f, const uint8_t *p, size_t n);
/* GGUF keys and safetensors' metadata of a container file, searched like texts. */
void scan_container(scan_job *j, pr_scan_file *f, const uint8_t *p, size_t n);
/* Every rule for a text; `kind` says which hold. `line` of its first byte (0: no lines). */
void scan_text(scan_job *j, pr_file_kind kind, const char *file, pr_str text, int64_t offset,
               bool lines);
void scan_template(scan_job *j, const char *file, pr_str text);
void scan_licence(scan_job *j, const char *said, size_t n, const char *file, int64_t line,
                  bool of_data, bool is_text);
void scan_card(scan_job *j, const char *file, pr_str text);

/* A pickle: its length up to STOP, and what it imports ("os.system"); 0: it is none. */
size_t scan_pickle(const uint8_t *p, size_t n, bool cut, char *imports, size_t cap);
/* A zip: does a member's name end in .pkl (1), is it one at all (0), none (-1). */
int scan_zip(const uint8_t *p, size_t n, char *member, size_t cap);
/* A number after "descr" of an .npy that holds objects. */
bool scan_npy_objects(const uint8_t *p, size_t n);

static inline bool scan_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool scan_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool scan_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool scan_alnum(char c) { return scan_digit(c) || scan_upper(c) || scan_lower(c); }
static inline bool scan_hex(char c) {
    return scan_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
static inline char scan_fold(char c) { return scan_upper(c) ? (char)(c + 32) : c; }
static inline bool scan_among(char c, const char *set) { return c && strchr(set, c); }
/* Case-blind: does `s` (n bytes) begin with, end with, equal `w`? */
bool scan_begins(const char *s, size_t n, const char *w);
bool scan_ends(const char *s, size_t n, const char *w);
bool scan_is(const char *s, size_t n, const char *w);
#endif
