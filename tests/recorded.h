/* recorded.h - recorded machines for tests: tests/machines/NAME/tree.txt, unpacked.
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

/* One "=== PATH [!MODE]" part; `text` ends where the next begins. */
static inline void machine_file(const char *root, char *head, char *text) {
    char *mode = strstr(head, " !");
    if (mode) *mode = 0;
    machine_write(root, head, text);
    if (!mode) return;
    char full[2048];
    snprintf(full, sizeof full, "%s/%s", root, head);
    assert_int_equal(chmod(full, (mode_t)strtol(mode + 2, NULL, 8)), 0);
}

/* The scratch folder that now is the root of machine `name`. Readable by others, so
 * that a test running as root can look at it with fewer rights. */
static inline const char *machine_unpack(const char *name) {
    char path[512];
    snprintf(path, sizeof path, "tests/machines/%s/tree.txt", name);
    FILE *f = fopen(check_source(path), "r");
    if (!f) fail_msg("%s is missing", path);
    static char all[1 << 20];
    size_t n = fread(all, 1, sizeof all - 1, f);
    fclose(f);
    all[n] = 0;
    const char *root = check_scratch();
    assert_int_equal(chmod(root, 0755), 0);
    for (char *p = all; (p = strstr(p, "=== "));) {
        char *head = p + 4, *line = strchr(head, '\n');
        *line = 0;
        char *next = strstr(line + 1, "\n=== ");
        if (next) next[0] = 0;
        machine_file(root, head, line + 1);
        if (!next) break;
        p = next + 1;
    }
    return root;
}
#endif
