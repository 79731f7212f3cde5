/* oms_walk.h - private to `cert`: what lies below a folder. */
#ifndef PR_OMS_WALK_H
#define PR_OMS_WALK_H
#include "cert.h"

typedef struct {
    const char *name;   /* below the folder, with '/' */
    const char *what;   /* NULL: a regular file; else "a symbolic link" … */
    uint64_t    bytes;
} oms_entry;
/* Everything below `dir` that is no folder, by name (bytewise), without what `ignore` names and
 * what
 * OMS always leaves out. `links`: a link to a file counts as one. EREFUSED: names that are not
 * UTF-8, over 32 folders deep, over PR_OMS_FILES_MAX. */
pare_status oms_walk(const char *dir, const char *const *ignore, size_t n_ignore, bool links,
                     pr_arena *a, oms_entry **out, size_t *n, pare_err *err);
/* `name`, or a folder that it lies in, is one of the n. */
bool oms_ignored(const char *name, const char *const *ignore, size_t n);
#endif
