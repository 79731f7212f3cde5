/* fields.h - the one table of what a target's file can say (private): the reader, the writer and
 * the document go through it in this order. */
#ifndef PR_TARGET_FIELDS_H
#define PR_TARGET_FIELDS_H
#include "target/target.h"

typedef enum {
    FIELD_TEXT,     /* const char * */
    FIELD_KIND,     /* const char *, one of target_kinds */
    FIELD_OS,       /* const char *, one of target_systems */
    FIELD_PLATFORM, /* pr_platform */
    FIELD_ACCEL,    /* pr_accel_kind */
    FIELD_STATE,    /* pr_accel_state */
    FIELD_COUNT,    /* int64_t, lo…hi */
    FIELD_BYTES,    /* int64_t */
    FIELD_NUMBER,   /* double, lo…hi */
    FIELD_YES,      /* int: 1, 0, -1 not told */
    FIELD_RATE,     /* double, bytes/s */
    FIELD_BYTE_PEAK, /* pr_peak of bytes/s */
    FIELD_OP_PEAK,   /* pr_peak of operations/s */
    FIELD_WORDS,     /* const char ** with a size_t behind it in the struct */
} field_kind;

typedef struct {
    const char *section; /* NULL: at the top */
    const char *key;
    field_kind  kind;
    size_t      offset; /* in pr_target or pr_target_accel */
    bool        needed;
    double      lo, hi; /* COUNT, NUMBER */
} target_field;

enum { TARGET_TEXT_MAX = 300 }; /* bytes of a text */

extern const target_field target_fields[], target_accel_fields[];
extern const size_t target_n_fields, target_n_accel_fields;
extern const char *const target_kinds[], *const target_systems[]; /* end with NULL */

/* The place of a field in a struct; its kind says which type it points to. */
static inline const void *field_at(const target_field *f, const void *obj) {
    return (const char *)obj + f->offset;
}
/* "gpu", "npu", "vpu", "tpu", "other". */
const char *target_accel_word(pr_accel_kind k);
bool target_accel_parse(const char *word, pr_accel_kind *out);
/* Every field as "not told". */
void target_clear(pr_target *t);
void target_accel_clear(pr_target_accel *x);

/* A shipped file; the table is made by the build from targets/. */
typedef struct {
    const char          *name;
    const unsigned char *text;
    size_t               n;
} target_shipped;
extern const target_shipped target_library[];
extern const size_t target_library_len;
#endif
