/* check.h - what every test includes: cmocka, and where material lies.
 *
 * A test that lacks its material says what it lacked and skips:
 *     PR_NEED(shared, "models/stories260K"); */
#ifndef PR_TEST_CHECK_H
#define PR_TEST_CHECK_H
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/base.h"

/* Fail with the error's text if `expr` is not PARE_OK. `e` is the pare_err. */
#define CHECK_OK(expr, e)                                                      \
    do {                                                                       \
        pare_status check_st_ = (expr);                                        \
        if (check_st_ != PARE_OK) {                                            \
            char check_line_[1200];                                            \
            pare_err_format(&(e), check_line_, sizeof check_line_);            \
            fail_msg("%s: %s: %s", #expr, pare_status_name(check_st_), check_line_); \
        }                                                                      \
    } while (0)

/* Path of a file of the project ("models/austen-3.7m"); static buffer. */
static inline const char *check_source(const char *rel) {
    static char path[4][1024];
    static int  turn;
    char       *p = path[turn++ % 4];
    snprintf(p, 1024, "%s/%s", PARE_SOURCE_DIR, rel);
    return p;
}

/* Path below ../shared or $PARE_SHARED, or NULL if it is not there. */
static inline const char *check_shared(const char *rel) {
    static char path[4][1024];
    static int  turn;
    char       *p = path[turn++ % 4];
    const char *root = getenv("PARE_SHARED");
    if (root)
        snprintf(p, 1024, "%s/%s", root, rel);
    else
        snprintf(p, 1024, "%s/../shared/%s", PARE_SOURCE_DIR, rel);
    return access(p, R_OK) == 0 ? p : NULL;
}

/* const char *var = path of shared material, or skip the test saying what lacks. */
#define CHECK_SHARED(var, rel)                                                 \
    const char *var = check_shared(rel);                                       \
    if (!var) {                                                                \
        print_message("skipped: lacks ../shared/%s (or PARE_SHARED)\n", rel);  \
        skip();                                                                \
    }

/* A fresh folder below TMPDIR for files of this test; static buffer. */
static inline const char *check_scratch(void) {
    static char dir[512];
    const char *t = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/pare-test-XXXXXX", t ? t : "/tmp");
    if (!mkdtemp(dir)) fail_msg("mkdtemp %s", dir);
    return dir;
}
static inline void check_scratch_remove(const char *dir) {
    char cmd[600];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    if (system(cmd) != 0) print_message("could not remove %s\n", dir);
}
#endif
