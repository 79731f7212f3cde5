/* spawn.h - from the decision to the running child. */
#ifndef PR_SPAWN_H
#define PR_SPAWN_H
#include <sys/types.h>
#include "proc.h"

/* Everything that the child needs, made before it exists: between vfork and exec nothing
 * may be allocated. */
typedef struct {
    char  path[4096];
    char *const *argv;
    char **env;               /* ours and the additions; freed by pr_spawn_done() */
    const char *dir;
    int    fds[3 + PR_PROC_FDS]; /* become 0, 1, 2, 3, … */
    int    n_fds;
    int    report;            /* the errno of a failed start is written here */
    int    parent;            /* pid, so that a parent gone meanwhile is noticed */
    bool   tie;               /* die with the thread that starts it */
    bool     offline;
    uint64_t max_address;
} pr_spawn;

pare_status pr_spawn_env(pr_spawn *s, const char *const *extra, pare_err *err);
void        pr_spawn_done(pr_spawn *s);
/* -1 and errno: no process. The child reports its own failure through `report`. */
pid_t pr_spawn_start(pr_spawn *s);
#endif
