/* test_writers.c - what the writers wrote is read back, byte for byte; half a file never
 * appears. tests/vectors/format/readback.py reads the same files by their own libraries:
 * PARE_KEEP=DIR test_writers leaves them there. */
#include "check.h"
#include "format/format.h"

static const char *out_dir(void) {
    const char *keep = getenv("PARE_KEEP");
    return keep ? keep : check_scratch();
}
static void out_done(const char *dir) {
    if (!getenv("PARE_KEEP")) check_scratch_remove(dir);
}

static void copy_gguf(const char *from, const char *to, uint32_t alignment, size_t piece) {
    pare_err        e = {0};
    pr_container   *c;
    pr_gguf_writer *w;
    uint64_t        size;
    CHECK_OK(pr_container_open(&c, from, &e), e);
    CHECK_OK(pr_gguf_writer_new(&w, to, alignment, &e), e);
    for (size_t i = 0; i < pr_container_meta_count(c); i++) {
        const pr_meta *m = pr_container_meta_at(c, i);
        if (strcmp(m->key, "general.alignment") != 0) pr_gguf_add_meta(w, NULL, m);
    }
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        CHECK_OK(pr_gguf_add_tensor(w, t->name, t->type, t->n_dims, t->dim, &e), e);
    }
    CHECK_OK(pr_gguf_writer_size(w, &size, &e), e);
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        for (uint64_t at = 0; at < t->bytes; at += piece)
            CHECK_OK(
                pr_gguf_data(w, i, t->data + at, PR_MIN(piece, (size_t)(t->bytes - at)), &e),
                e);
    }
    assert_false(pr_path_exists(to));
    CHECK_OK(pr_gguf_writer_commit(w, &e), e);
    pr_container_close(c);
    pr_map m;
    CHECK_OK(pr_map_open(&m, to, &e), e);
    assert_int_equal(m.n, size);
    pr_map_close(&m);
}

static void same_bytes(const char *a, const char *b) {
    pr_map   x, y;
    pare_err e = {0};
    CHECK_OK(pr_map_open(&x, a, &e), e);
    CHECK_OK(pr_map_open(&y, b, &e), e);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.p, y.p, x.n);
    pr_map_close(&x);
    pr_map_close(&y);
}

/* The gguf library is the judge: pare's copy of its file is its file. */
static void gguf_copies_are_equal(void **state) {
    const char *dir = out_dir();
    static const char *const names[] = {"plain-v3.gguf", "quants.gguf"};
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        char from[600], to[600];
        snprintf(from, sizeof from, "%s/tests/golden/gguf/valid/%s", PARE_SOURCE_DIR, names[i]);
        snprintf(to, sizeof to, "%s/%s", dir, names[i]);
        copy_gguf(from, to, 0, 7);
        same_bytes(from, to);
    }
    char to[600], again[600];
    snprintf(to, sizeof to, "%s/keys-64.gguf", dir);
    snprintf(again, sizeof again, "%s/keys-64-again.gguf", dir);
    copy_gguf(check_source("tests/golden/gguf/valid/keys.gguf"), to, 64, 1);
    copy_gguf(to, again, 64, 1);
    same_bytes(to, again);
    snprintf(to, sizeof to, "%s/align64.gguf", dir);
    copy_gguf(check_source("tests/golden/gguf/valid/align64.gguf"), to, 64, 1000);
    out_done(dir);
}

static void gguf_refuses_half_a_file(void **state) {
    const char     *dir = check_scratch();
    char            path[600];
    pare_err        e = {0};
    pr_gguf_writer *w;
    snprintf(path, sizeof path, "%s/x.gguf", dir);
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    CHECK_OK(pr_gguf_add_tensor(w, "a", PR_F32, 1, (uint64_t[]){4}, &e), e);
    CHECK_OK(pr_gguf_data(w, 0, "12345678", 8, &e), e);
    assert_int_equal(pr_gguf_writer_commit(w, &e), PARE_EINTERNAL);
    assert_string_equal(e.msg, "tensor 'a' has 8 of 16 bytes");
    assert_false(pr_path_exists(path));
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    CHECK_OK(pr_gguf_add_tensor(w, "a", PR_F32, 1, (uint64_t[]){1}, &e), e);
    CHECK_OK(pr_gguf_add_tensor(w, "b", PR_F32, 1, (uint64_t[]){1}, &e), e);
    assert_int_equal(pr_gguf_data(w, 1, "1234", 4, &e), PARE_EINTERNAL); /* before a */
    pr_gguf_writer_discard(w);
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    CHECK_OK(pr_gguf_add_tensor(w, "a", PR_F32, 1, (uint64_t[]){1}, &e), e);
    assert_int_equal(pr_gguf_data(w, 0, "12345", 5, &e), PARE_EINTERNAL); /* too much */
    pr_gguf_writer_discard(w);
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    pr_gguf_add_u32(w, "k", 1);
    pr_gguf_add_u32(w, "k", 1);
    assert_int_equal(pr_gguf_writer_commit(w, &e), PARE_EINTERNAL);
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    assert_int_equal(pr_gguf_add_tensor(w, "a", PR_U8, 1, (uint64_t[]){1}, &e), PARE_EUNSUPPORTED);
    assert_int_equal(pr_gguf_writer_commit(w, &e), PARE_EUNSUPPORTED);
    pr_arena    *a = pr_arena_new(1 << 20);
    const char **names;
    size_t       n;
    CHECK_OK(pr_dir_list(dir, a, &names, &n, &e), e);
    assert_int_equal(n, 0);
    pr_arena_free(a);
    check_scratch_remove(dir);
}

static void copy_st(const pr_container *c, pr_st_writer *w, size_t piece) {
    pare_err e = {0};
    CHECK_OK(pr_st_add_meta(w, "note", "by pare", &e), e);
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        CHECK_OK(pr_st_add_tensor(w, t->name, t->type, t->n_dims, t->dim, &e), e);
    }
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor *t = pr_container_at(c, i);
        for (uint64_t at = 0; at < t->bytes; at += piece)
            CHECK_OK(pr_st_data(w, i, t->data + at, PR_MIN(piece, (size_t)(t->bytes - at)), &e), e);
    }
    CHECK_OK(pr_st_writer_commit(w, &e), e);
}

static void same_tensors(const pr_container *a, const char *path, int n_files) {
    pr_container *b;
    pare_err      e = {0};
    CHECK_OK(pr_container_open(&b, path, &e), e);
    assert_int_equal(pr_container_files(b), n_files);
    assert_int_equal(pr_container_count(a), pr_container_count(b));
    for (size_t i = 0; i < pr_container_count(a); i++) {
        const pr_tensor *x = pr_container_at(a, i), *y = pr_container_find(b, x->name);
        assert_non_null(y);
        assert_true(x->type == y->type && x->n_dims == y->n_dims && x->bytes == y->bytes);
        assert_memory_equal(x->dim, y->dim, sizeof x->dim);
        if (x->bytes) assert_memory_equal(x->data, y->data, x->bytes);
        assert_int_equal(y->offset % (uint64_t)pr_type_get(y->type)->bytes, 0);
    }
    pr_container_close(b);
}

static void safetensors_round_trip(void **state) {
    const char   *dir = out_dir();
    char          path[600];
    pare_err      e = {0};
    pr_container *c;
    pr_st_writer *w;
    static const char *const names[] = {"types.safetensors", "shapes.safetensors"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "tests/golden/safetensors/valid/%s", names[i]);
        CHECK_OK(pr_container_open(&c, check_source(path), &e), e);
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        CHECK_OK(pr_st_writer_new(&w, path, &e), e);
        copy_st(c, w, 3);
        same_tensors(c, path, 1);
        snprintf(path, sizeof path, "%s/dir%zu", dir, i);
        CHECK_OK(pr_st_writer_new_dir(&w, path, i ? 0 : 50, &e), e);
        copy_st(c, w, 1000);
        /* in the file: three of 48 B, 24+24, 24+12+12, 12+12+4·6, 6: each at most 50 */
        same_tensors(c, path, i ? 1 : 7);
        pr_container_close(c);
    }
    snprintf(path, sizeof path, "%s/half.safetensors", dir);
    CHECK_OK(pr_st_writer_new(&w, path, &e), e);
    CHECK_OK(pr_st_add_tensor(w, "a", PR_F32, 1, (uint64_t[]){2}, &e), e);
    CHECK_OK(pr_st_data(w, 0, "1234", 4, &e), e);
    assert_int_equal(pr_st_writer_commit(w, &e), PARE_EINTERNAL);
    assert_false(pr_path_exists(path));
    CHECK_OK(pr_st_writer_new(&w, path, &e), e);
    assert_int_equal(pr_st_add_tensor(w, "a", PR_Q4_0, 1, (uint64_t[]){32}, &e), PARE_EUNSUPPORTED);
    pr_st_writer_discard(w);
    out_done(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(gguf_copies_are_equal),
                                       cmocka_unit_test(gguf_refuses_half_a_file),
                                       cmocka_unit_test(safetensors_round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
