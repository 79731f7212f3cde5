/* dir_target.c - a directory that appears when it is whole. */
#include "convert.h"
#include <sys/stat.h>

/* `part` is nobody's business: in `text` it becomes the name that was asked for. */
static void say_final(char *text, const char *part, const char *dir) {
    char  *hit = strstr(text, part);
    size_t n = strlen(part), final = strlen(dir);
    while (final > 1 && dir[final - 1] == '/') final--;
    if (!hit || final > n) return;
    memcpy(hit, dir, final);
    memmove(hit + final, hit + n, strlen(hit + n) + 1);
}

pare_status pr_dir_target(const char *dir, pr_dir_fill fill, void *user, pare_err *err) {
    pr_out_dir *o;
    PR_TRY(pr_out_dir_open(&o, dir, err));
    pare_status st = fill(user, pr_out_dir_part(o), err);
    if (st == PARE_OK) return pr_out_dir_commit(o, err);
    if (err) {
        say_final(err->file, pr_out_dir_part(o), dir);
        say_final(err->msg, pr_out_dir_part(o), dir);
    }
    pr_out_dir_discard(o);
    return st;
}

pare_status pr_dir_bytes(const char *dir, const char *tail, pr_arena *a, uint64_t *out,
                         pare_err *err) {
    const char **names;
    size_t n, t = strlen(tail);
    PR_TRY(pr_dir_list(dir, a, &names, &n, err));
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = strlen(names[i]);
        struct stat st;
        char *path = pr_path_join(a, dir, names[i]);
        if (!path) return pr_fail_nomem(err, k);
        if (k >= t && strcmp(names[i] + k - t, tail) == 0 && stat(path, &st) == 0)
            *out += (uint64_t)st.st_size;
    }
    return PARE_OK;
}
