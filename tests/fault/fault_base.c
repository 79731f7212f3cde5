/* fault_base.c - the ground floor when the machine fails: files, arenas, the
 * pool. The example of a scenario. */
#include "fault.h"

/* Write a file through a buffer, read it back both ways. Whatever fails, either
 * the whole file is there or nothing is. */
static pare_status write_and_read(void *ctx, pare_err *err) {
    const char *dir = ctx;
    pare_status st;
    char        path[600];
    pr_str      text;
    pr_map      map = {0};
    pr_buf      buf;
    pr_arena   *a = pr_arena_new(1 << 20);
    if (!a) return pr_fail_nomem(err, 1 << 20);
    snprintf(path, sizeof path, "%s/file", dir);
    pr_buf_init(&buf, 1 << 16);
    for (int i = 0; i < 1000; i++) pr_buf_printf(&buf, "line %d\n", i);
    if (buf.failed) {
        st = pr_fail_nomem(err, buf.n);
        goto done;
    }
    PR_GO(pr_file_write(path, buf.p, buf.n, err));
    PR_GO(pr_file_read(path, 1 << 20, a, &text, err));
    PR_GO(pr_map_open(&map, path, err));
    assert_int_equal(map.n, buf.n);
    assert_memory_equal(map.p, text.p, text.n);
done:
    pr_map_close(&map);
    pr_buf_done(&buf);
    pr_arena_free(a);
    return st;
}

/* The folder holds the finished file or nothing, never a part of one. */
static pare_status leaves_nothing_half(void *ctx, pare_err *err) {
    const char *dir = ctx;
    char        path[600];
    snprintf(path, sizeof path, "%s/file", dir);
    remove(path);
    pare_status  st = write_and_read(ctx, err), listed;
    const char **names;
    size_t       n = 0;
    pr_arena    *a = pr_arena_new(1 << 16);
    if (!a) return st ? st : pr_fail_nomem(err, 1 << 16);
    pare_err other = {0};
    listed = pr_dir_list(dir, a, &names, &n, st ? &other : err);
    if (n > 1 || (n == 1 && strcmp(names[0], "file") != 0)) {
        pr_arena_free(a);
        return pr_fail(err, PARE_EINTERNAL, -1, "found %zu files, expected at most \"file\"", n);
    }
    pr_arena_free(a);
    return st ? st : listed;
}

static void count(void *ctx, int64_t i, int me) {
    int64_t *sums = ctx;
    __atomic_add_fetch(&sums[0], i, __ATOMIC_RELAXED);
}

static pare_status use_a_pool(void *ctx, pare_err *err) {
    pr_pool *p;
    int64_t  sum = 0;
    PR_TRY(pr_pool_new(&p, 4, err));
    pr_pool_for(p, 1000, count, &sum);
    pr_pool_free(p);
    assert_int_equal(sum, 499500);
    return PARE_OK;
}

static void test_files(void **state) {
    const char *dir = check_scratch();
    fault_run("write and read a file", leaves_nothing_half, (void *)dir, FAULT_ALL);
    check_scratch_remove(dir);
}

static void test_pool(void **state) {
    fault_run("a pool of threads", use_a_pool, NULL, FAULT_MEMORY | FAULT_THREAD);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_pool)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
