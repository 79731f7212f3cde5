/* dir_target.c - a directory that appears when it is whole. */
#include "target.h"

pare_status pr_dir_target(const char *dir, pr_dir_fill fill, void *user, pare_err *err) {
    pr_out_dir *o;
    PR_TRY(pr_out_dir_open(&o, dir, err));
    pare_status st = fill(user, pr_out_dir_part(o), err);
    if (st == PARE_OK) return pr_out_dir_commit(o, err);
    pr_out_dir_discard(o);
    return st;
}
