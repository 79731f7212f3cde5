/* recorded.h - recorded machines for tests: tests/machines/NAME.txt, unpacked.
 *
 *     const char *root = machine_unpack("intel-laptop");   // a scratch folder
 *     machine_write(root, "sys/class/…/energy_uj", "17");
 *     check_scratch_remove(root); */
#ifndef PR_TEST_RECORDED_H
#define PR_TEST_RECORDED_H
#include "check.h"

/* Write one file below `root`, and its folders. In place: who reads it sees it change. */
static inline void machine_write(const char *root, const char *path, const char *text) {
    char full[2048];
    pare_err e = {0};
    snprintf(full, sizeof full, "%s/%s", root, path);
    FILE *f = fopen(full, "w");
    if (!f) { /* its folder is missing */
        char *slash = strrchr(full, '/');
        *slash = 0;
        CHECK_OK(pr_dir_make(full, &e), e);
        *slash = '/';
        f = fopen(full, "w");
    }
    if (!f) fail_msg("cannot write %s", full);
    fputs(text, f);
    fclose(f);
}

static inline void machine_remove(const char *root, const char *path) {
    char cmd[2048];
    snprintf(cmd, sizeof cmd, "rm -rf '%s/%s'", root, path);
    assert_int_equal(system(cmd), 0);
}

/* The scratch folder that now is the root of machine `name` (tests/machines/unpack). Readable by
 * others, so that a test running as root can look at it with fewer rights. */
static inline const char *machine_unpack(const char *name) {
    char cmd[2048];
    const char *root = check_scratch();
    assert_int_equal(chmod(root, 0755), 0);
    snprintf(cmd, sizeof cmd, "umask 022; perl '%s' '%s' '%s'",
             check_source("tests/machines/unpack"), name, root);
    if (system(cmd) != 0) fail_msg("cannot unpack the machine '%s'", name);
    return root;
}
#endif
