/* pare/doc.h - the result of a verb: a tree of objects, arrays, numbers, text.
 * What `--json` prints and what the terminal's tables are drawn from.
 *
 *   pare_doc *report;
 *   if (pare_doc_read(&report, "out/report.json", &err) != PARE_OK) …
 *   const char *verdict = pare_doc_str(pare_doc_path(report, "gates/0/verdict"));
 *   puts(verdict ? verdict : "no gate");
 *   pare_doc_free(report);
 *
 * A `pare_doc *` that a function gives out owns the tree; a `const pare_doc *`
 * is a place in such a tree and lives as long as it. Every accessor takes NULL
 * and a wrong kind and answers with the neutral value, so that a chain needs
 * one check at its end. A tree that nobody changes may be read by any thread. */
#ifndef PARE_DOC_H
#define PARE_DOC_H
#include "pare/err.h"
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pare_doc pare_doc;

typedef enum {
    PARE_DOC_NONE, /* NULL was asked */
    PARE_DOC_NULL,
    PARE_DOC_BOOL,
    PARE_DOC_INT,
    PARE_DOC_REAL,
    PARE_DOC_STR,
    PARE_DOC_ARRAY,
    PARE_DOC_OBJECT
} pare_doc_type;

/* Free a tree. Only for what was given out as owned. NULL is fine. */
PARE_API void pare_doc_free(pare_doc *doc);

/* ------------------------------------------------------------------ reading */

/* What `v` is. */
PARE_API pare_doc_type pare_doc_kind(const pare_doc *v);
/* Members of an array or object; 0 for anything else. */
PARE_API size_t pare_doc_count(const pare_doc *v);
/* The member of that key, or NULL. */
PARE_API const pare_doc *pare_doc_get(const pare_doc *object, const char *key);
/* Member `i` of an array, or NULL. */
PARE_API const pare_doc *pare_doc_at(const pare_doc *array, size_t i);
/* Follow "gates/0/verdict": keys and, in arrays, decimal indexes. NULL where the path ends early.
 * A key that holds '/' cannot be named so. "" is `v` itself. */
PARE_API const pare_doc *pare_doc_path(const pare_doc *v, const char *path);
/* A number as double (an integer is converted); NaN if it is none. */
PARE_API double pare_doc_num(const pare_doc *v);
/* An integer; 0 if it is none. */
PARE_API int64_t pare_doc_int(const pare_doc *v);
/* true only for true. */
PARE_API bool pare_doc_bool(const pare_doc *v);
/* Text in UTF-8, terminated, owned by the tree; NULL if it is none. Text that
 * holds a NUL seems to end there: pare_doc_strlen() tells its bytes. */
PARE_API const char *pare_doc_str(const pare_doc *v);
/* Bytes of a text without the terminator; 0 if it is none. */
PARE_API size_t pare_doc_strlen(const pare_doc *v);

/* Walk an object or array in its order (keys: that of insertion).
 *   pare_doc_iter it = {0};
 *   while (pare_doc_next(obj, &it)) printf("%s\n", it.key);
 * The tree must not change meanwhile. */
typedef struct {
    const char     *key;     /* terminated; NULL in an array */
    size_t          key_len; /* bytes */
    const pare_doc *value;
    size_t          i;       /* of the present member, from 0 */
    void           *priv;
    size_t          seen;
} pare_doc_iter;
PARE_API bool pare_doc_next(const pare_doc *v, pare_doc_iter *it);

/* ------------------------------------------------------------------ as text */

/* JSON text (RFC 8259), into a fresh block that pare_doc_text_free() frees; `*len` (may
 * be NULL) without the terminator. `indent`: spaces per level; 0: one line, no
 * spaces. Keys keep their order; a double is written with the fewest digits
 * that read back as the same double. A NaN or infinity cannot be in a tree. */
PARE_API pare_status pare_doc_text(const pare_doc *v, int indent, char **text, size_t *len,
                                   pare_err *err);
/* Free a text that pare_doc_text() made. NULL is fine. */
PARE_API void pare_doc_text_free(char *text);
/* Write the text and a line feed to `path`: beside it, then renamed. */
PARE_API pare_status pare_doc_write(const pare_doc *v, int indent, const char *path, pare_err *err);
/* Parse one JSON value: at most 64 MB, 100 levels, no key twice in an object. On
 * failure *out is NULL and `err` tells line and byte. */
PARE_API pare_status pare_doc_parse(pare_doc **out, const char *text, size_t len, pare_err *err);
/* The same from a file. */
PARE_API pare_status pare_doc_read(pare_doc **out, const char *path, pare_err *err);

#ifdef __cplusplus
}
#endif
#endif
