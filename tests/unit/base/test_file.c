/* test_file.c - mapping, and writing that leaves nothing half-done. */
#include "check.h"

static size_t count_names(const char *dir) {
    pr_arena    *a = pr_arena_new(1 << 20);
    const char **names;
    size_t       n;
    pare_err     e = {0};
    CHECK_OK(pr_dir_list(dir, a, &names, &n, &e), e);
    pr_arena_free(a);
    return n;
}

static void writes_whole_or_nothing(void **state) {
    const char *dir = check_scratch();
    char        path[1024];
    pare_err    e = {0};
    snprintf(path, sizeof path, "%s/a.bin", dir);
    pr_out *o;
    CHECK_OK(pr_out_open(&o, path, &e), e);
    CHECK_OK(pr_out_write(o, "hello", 5, &e), e);
    assert_false(pr_path_exists(path));
    pr_out_discard(o);
    assert_int_equal(count_names(dir), 0);

    CHECK_OK(pr_out_open(&o, path, &e), e);
    uint8_t *big = pr_calloc(3 << 20, 1);
    big[0] = 1, big[(3 << 20) - 1] = 2;
    CHECK_OK(pr_out_write(o, "x", 1, &e), e);
    CHECK_OK(pr_out_write(o, big, 3 << 20, &e), e);
    CHECK_OK(pr_out_pwrite(o, 0, "y", 1, &e), e);
    assert_int_equal(pr_out_pos(o), (3 << 20) + 1);
    CHECK_OK(pr_out_commit(o, &e), e);
    assert_int_equal(count_names(dir), 1);
    pr_map m;
    CHECK_OK(pr_map_open(&m, path, &e), e);
    assert_int_equal(m.n, (3 << 20) + 1);
    assert_int_equal(m.p[0], 'y');
    assert_int_equal(m.p[1], 1);
    assert_int_equal(m.p[3 << 20], 2);
    pr_map_drop(&m, 0, m.n);
    assert_int_equal(m.p[1], 1);
    pr_map_close(&m);
    pr_free(big);
    check_scratch_remove(dir);
}

static void says_what_is_wrong(void **state) {
    pare_err e = {0};
    pr_map   m;
    assert_int_equal(pr_map_open(&m, "/nowhere/x.gguf", &e), PARE_EINPUT);
    assert_string_equal(e.file, "/nowhere/x.gguf");
    assert_int_equal(pr_map_open(&m, "/tmp", &e), PARE_EINPUT);
    pr_out *o;
    assert_int_equal(pr_out_open(&o, "/nowhere/x.gguf", &e), PARE_EENV);
    assert_null(o);
    assert_int_equal(pr_out_open(&o, "/dev/full/x", &e), PARE_EENV);
    assert_int_equal(pr_dir_make("/dev/null/x", &e), PARE_EENV);
}

static void folders_and_names(void **state) {
    const char *dir = check_scratch();
    pare_err    e = {0};
    pr_arena   *a = pr_arena_new(1 << 16);
    char       *deep = pr_path_join(a, dir, "a/b/c");
    CHECK_OK(pr_dir_make(deep, &e), e);
    CHECK_OK(pr_dir_make(deep, &e), e);
    assert_true(pr_path_is_dir(deep));
    CHECK_OK(pr_file_write(pr_path_join(a, deep, "t"), "text", 4, &e), e);
    pr_str s;
    CHECK_OK(pr_file_read(pr_path_join(a, deep, "t"), 10, a, &s, &e), e);
    assert_true(pr_str_eq(s, PR_STR("text")));
    assert_int_equal(pr_file_read(pr_path_join(a, deep, "t"), 3, a, &s, &e), PARE_EINPUT);
    assert_string_equal(pr_path_base("/x/y.gguf"), "y.gguf");
    assert_string_equal(pr_path_join(a, "x/", "y"), "x/y");
    pr_arena_free(a);
    check_scratch_remove(dir);
}

/* One name, one writer: a second one of the same process has the same part. */
static void one_writer_at_a_time(void **state) {
    const char *dir = check_scratch();
    char        path[1024];
    pare_err    e = {0};
    pr_out     *o, *other;
    pr_out_dir *d, *second;
    snprintf(path, sizeof path, "%s/a.bin", dir);
    CHECK_OK(pr_out_open(&o, path, &e), e);
    CHECK_OK(pr_out_write(o, "first", 5, &e), e);
    assert_int_equal(pr_out_open(&other, path, &e), PARE_EENV);
    assert_null(other);
    CHECK_OK(pr_out_commit(o, &e), e);
    CHECK_OK(pr_out_open(&o, path, &e), e); /* and again, once it is done */
    pr_out_discard(o);
    assert_int_equal(count_names(dir), 1);

    snprintf(path, sizeof path, "%s/d//", dir);
    CHECK_OK(pr_out_dir_open(&d, path, &e), e);
    assert_int_equal(pr_out_dir_open(&second, path, &e), PARE_EENV);
    assert_null(second);
    CHECK_OK(pr_out_dir_commit(d, &e), e);
    assert_int_equal(count_names(dir), 2);
    CHECK_OK(pr_out_dir_open(&d, path, &e), e); /* an empty one is replaced */
    pr_out_dir_discard(d);
    assert_int_equal(count_names(dir), 2);
    check_scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(writes_whole_or_nothing),
                                       cmocka_unit_test(says_what_is_wrong),
                                       cmocka_unit_test(one_writer_at_a_time),
                                       cmocka_unit_test(folders_and_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
