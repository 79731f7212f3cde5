/* ship.c - which files of an `optimize` folder are certified, and a folder with these alone. */
#include "oms_walk.h"

static bool below(const char *name, const char *folder) {
    size_t n = strlen(folder);
    return strncmp(name, folder, n) == 0 && (name[n] == 0 || name[n] == '/');
}

static bool certified(const char *name, const char *artefact) {
    return below(name, artefact) || strcmp(name, "report.json") == 0 ||
           strcmp(name, "report.html") == 0 || strcmp(name, PR_CERT_BOM) == 0;
}

pare_status pr_ship_ignore(const char *dir, const char *artefact, pr_arena *a, const char ***ignore,
                           size_t *n, pare_err *err) {
    static const char *const never[] = {PR_CERT_OMS, PR_CERT_FILE, "pare.db", "pare.db-journal"};
    oms_entry *e;
    size_t     n_here;
    *n = 0;
    PR_TRY(oms_walk(dir, never, PR_COUNT(never), false, a, &e, &n_here, err));
    PR_NEW(*ignore, a, n_here + PR_COUNT(never), err);
    for (size_t i = 0; i < PR_COUNT(never); i++) (*ignore)[(*n)++] = never[i];
    for (size_t i = 0; i < n_here; i++)
        if (!certified(e[i].name, artefact)) (*ignore)[(*n)++] = e[i].name;
    return PARE_OK;
}

static pare_status copy_file(const char *from, const char *to, const pare_ctl *ctl, pare_err *err) {
    enum { STEP = 8 << 20 };
    pr_map  m;
    pr_out *o = NULL;
    PR_TRY(pr_map_open(&m, from, err));
    pare_status st = pr_out_open(&o, to, err);
    for (uint64_t at = 0; at < m.n && st == PARE_OK; at += STEP) {
        size_t k = (size_t)(m.n - at < STEP ? m.n - at : STEP);
        st = pr_out_write(o, m.p + at, k, err);
        pr_map_drop(&m, at, k);
        pr_ctl_progress(ctl, "copy", "B", (double)(at + k), (double)m.n);
        if (st == PARE_OK) st = pr_ctl_check(ctl, err);
    }
    pr_map_close(&m);
    if (st == PARE_OK) return pr_out_commit(o, err);
    pr_out_discard(o);
    return st;
}

static pare_status copy_one(const char *dir, const char *name, const char *to, const char *as,
                            const pare_ctl *ctl, pr_arena *a, pare_err *err) {
    const char *from = pr_path_join(a, dir, name), *path = pr_path_join(a, to, as);
    if (!from || !path) return pr_fail_nomem(err, 4096);
    return copy_file(from, path, ctl, err);
}

static pare_status copy_folder(const char *from, const char *to, const pare_ctl *ctl, pr_arena *a,
                               pare_err *err) {
    oms_entry *e;
    size_t     n;
    PR_TRY(oms_walk(from, NULL, 0, false, a, &e, &n, err));
    PR_TRY(pr_dir_make(to, err));
    for (size_t i = 0; i < n; i++) {
        const char *slash = strrchr(e[i].name, '/');
        if (slash) {
            char *folder = pr_arena_str(a, e[i].name, (size_t)(slash - e[i].name));
            char *path = folder ? pr_path_join(a, to, folder) : NULL;
            if (!path) return pr_fail_nomem(err, 4096);
            PR_TRY(pr_dir_make(path, err));
        }
        PR_TRY(copy_one(from, e[i].name, to, e[i].name, ctl, a, err));
    }
    return PARE_OK;
}

pare_status pr_ship_copy(const char *dir, const char *artefact, const char *to, const pare_ctl *ctl,
                         pr_arena *a, const char **name, pare_err *err) {
    const char *from = pr_path_join(a, dir, artefact);
    *name = pr_path_base(artefact);
    const char *folder = pr_path_join(a, to, *name);
    if (!from || !folder) return pr_fail_nomem(err, 4096);
    if (pr_path_is_dir(from)) PR_TRY(copy_folder(from, folder, ctl, a, err));
    else PR_TRY(copy_file(from, folder, ctl, err));
    return copy_one(dir, "report.json", to, "report.json", ctl, a, err);
}
