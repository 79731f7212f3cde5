/* test_scan_tree.c - a directory that wants to be followed, waited for, or never ended. Nothing
 * here
 * may hang: a FIFO that is opened for reading would. */
#include <fcntl.h>
#include "check.h"
#include "scan/scan.h"

static pr_arena *arena;

static int set_up(void **state) {
    (void)state;
    arena = pr_arena_new(256 << 20);
    return arena ? 0 : 1;
}

static int tear_down(void **state) {
    (void)state;
    pr_arena_free(arena);
    return 0;
}

static const char *at(const char *dir, const char *name) {
    static char path[8][700];
    static int  turn;
    char       *p = path[turn++ % 8];
    snprintf(p, 700, "%s/%s", dir, name);
    return p;
}

static void put(const char *path, const char *text) {
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const pr_found_at *found(const pr_scan *s, pr_found kind, const char *file) {
    for (size_t i = 0; i < s->of[kind].n; i++)
        if (strcmp(s->of[kind].at[i].file, file) == 0) return &s->of[kind].at[i];
    return NULL;
}

static void hostile(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        in[600];
    pare_err    e = {0};
    pr_scan     s;
    snprintf(in, sizeof in, "%s/model", dir);
    assert_int_equal(mkdir(in, 0700), 0);
    put(at(dir, "outside.txt"), "mail me: x.y@corp.com\n");
    put(at(in, "README.md"), "# it\nmail me: x.y@corp.com\n");
    assert_int_equal(mkfifo(at(in, "pipe"), 0600), 0);
    assert_int_equal(symlink("../outside.txt", at(in, "out")), 0);
    assert_int_equal(symlink("/etc/passwd", at(in, "absolute")), 0);
    assert_int_equal(symlink("loop", at(in, "loop")), 0);
    assert_int_equal(symlink("nothing", at(in, "dangling")), 0);
    assert_int_equal(symlink("README.md", at(in, "fine")), 0);
    assert_int_equal(symlink(".", at(in, "self")), 0);
    assert_int_equal(mkdir(at(in, "sub"), 0700), 0);
    assert_int_equal(symlink("../README.md", at(in, "sub/up")), 0);
    assert_int_equal(symlink("../../outside.txt", at(in, "sub/upup")), 0);
    assert_int_equal(symlink("../out", at(in, "sub/chain")), 0);
    CHECK_OK(pr_scan_tree(&s, in, NULL, arena, NULL, &e), e);
    assert_non_null(found(&s, PR_FOUND_SPECIAL, "pipe"));
    assert_int_equal(s.of[PR_FOUND_SPECIAL].total, 1);
    assert_string_equal(found(&s, PR_FOUND_LINK, "out")->rule, "outside");
    assert_string_equal(found(&s, PR_FOUND_LINK, "absolute")->rule, "outside");
    assert_string_equal(found(&s, PR_FOUND_LINK, "loop")->rule, "circle");
    assert_string_equal(found(&s, PR_FOUND_LINK, "dangling")->rule, "dangling");
    assert_string_equal(found(&s, PR_FOUND_LINK, "sub/upup")->rule, "outside");
    assert_string_equal(found(&s, PR_FOUND_LINK, "sub/chain")->rule, "outside");
    assert_null(found(&s, PR_FOUND_LINK, "fine"));
    assert_null(found(&s, PR_FOUND_LINK, "self"));
    assert_null(found(&s, PR_FOUND_LINK, "sub/up"));
    assert_int_equal(s.of[PR_FOUND_LINK].total, 6);
    /* What lies outside was not read; what lies inside was read once. */
    assert_int_equal(s.of[PR_FOUND_PERSON].total, 1);
    assert_int_equal(s.of[PR_FOUND_PERSON].at[0].line, 2);
    assert_int_equal(s.of[PR_FOUND_PERSON].at[0].offset, 14);
    check_scratch_remove(dir);
}

static void sizes(void **state) {
    (void)state;
    const char *dir = check_scratch();
    pare_err    e = {0};
    pr_scan     s;
    /* A terabyte of nothing, named as text: known by its head, never read whole. */
    int fd = open(at(dir, "huge.txt"), O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    bool sparse = write(fd, "text", 4) == 4 && ftruncate(fd, (off_t)1 << 40) == 0;
    close(fd);
    put(at(dir, "empty.json"), "");
    put(at(dir, "long.txt"), "0123456789012345678901234567890123456789");
    pr_scan_opts o = {.max_text_bytes = 30};
    CHECK_OK(pr_scan_tree(&s, dir, &o, arena, NULL, &e), e);
    assert_int_equal(s.n_files, 3);
    if (sparse) assert_false(s.files[1].searched);
    assert_true(s.files[2].searched); /* within the head, whatever the limit */
    check_scratch_remove(dir);

    dir = check_scratch();
    char deep[700], *p = deep + snprintf(deep, sizeof deep, "%s", dir);
    for (int i = 0; i < 40; i++) {
        p += sprintf(p, "/d");
        assert_int_equal(mkdir(deep, 0700), 0);
    }
    CHECK_OK(pr_scan_tree(&s, dir, NULL, arena, NULL, &e), e);
    assert_true(s.cut);
    assert_true(s.of[PR_FOUND_UNREAD].total >= 1);
    check_scratch_remove(dir);
}

static void one_file_and_none(void **state) {
    (void)state;
    const char *dir = check_scratch();
    pare_err    e = {0};
    pr_scan     s;
    put(at(dir, "a.txt"), "x@corp.com");
    put(at(dir, "b.txt"), "y@corp.com");
    CHECK_OK(pr_scan_tree(&s, at(dir, "a.txt"), NULL, arena, NULL, &e), e);
    assert_int_equal(s.n_files, 1); /* its neighbour is not looked at */
    assert_int_equal(s.of[PR_FOUND_PERSON].total, 1);
    assert_int_equal(pr_scan_tree(&s, at(dir, "nothing"), NULL, arena, NULL, &e), PARE_EINPUT);
    static const char *const leave[] = {"a.txt", NULL};
    pr_scan_opts             o = {.leave_out = leave};
    CHECK_OK(pr_scan_tree(&s, dir, &o, arena, NULL, &e), e);
    assert_int_equal(s.n_files, 1);
    assert_string_equal(s.files[0].path, "b.txt");
    check_scratch_remove(dir);
}

/* More findings than are kept are still counted. */
static void many(void **state) {
    (void)state;
    enum { N = 1000 };
    char    *text = calloc(1, N * 16 + 1), *p = text;
    pr_scan  s;
    pare_err e = {0};
    assert_non_null(text);
    for (int i = 0; i < N; i++) p += sprintf(p, "a%d@corp.com\n", i);
    CHECK_OK(pr_scan_bytes(&s, "a.txt", text, (size_t)(p - text), arena, &e), e);
    assert_int_equal(s.of[PR_FOUND_PERSON].total, N);
    assert_int_equal(s.of[PR_FOUND_PERSON].n, PR_FINDINGS_KEPT);
    assert_int_equal(s.of[PR_FOUND_PERSON].at[99].line, 100);
    free(text);
}

/* A folder of more files than are looked at says so: what comes last may be what matters. */
static void too_many_files(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        name[700];
    pare_err    e = {0};
    pr_scan     s;
    for (int i = 0; i <= PR_SCAN_FILES_MAX; i++) {
        snprintf(name, sizeof name, "%s/%d", dir, i);
        int fd = open(name, O_CREAT | O_WRONLY, 0600);
        assert_true(fd >= 0);
        close(fd);
    }
    CHECK_OK(pr_scan_tree(&s, dir, NULL, arena, NULL, &e), e);
    assert_true(s.cut);
    assert_int_equal(s.n_files, PR_SCAN_FILES_MAX);
    assert_non_null(found(&s, PR_FOUND_UNREAD, "."));
    remove(name); /* as many as are looked at: all were */
    CHECK_OK(pr_scan_tree(&s, dir, NULL, arena, NULL, &e), e);
    assert_false(s.cut);
    check_scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(hostile), cmocka_unit_test(sizes),
                                       cmocka_unit_test(one_file_and_none), cmocka_unit_test(many),
                                       cmocka_unit_test(too_many_files)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
