/* fault_format.c - the writers of containers, and reading back, when the machine fails:
 * the whole file is there or none, and no scrap beside it. */
#include "fault.h"
#include "format/format.h"

typedef struct {
    const char *dir;
    char path[600];
} place;

static const float values[64] = {1, 2, 3};
static const uint64_t dim[] = {2, 32};

static pare_status read_back(const place *at, pare_err *err) {
    pr_container *c;
    PR_TRY(pr_container_open(&c, at->path, err));
    const pr_tensor *t = pr_container_find(c, "a.weight");
    assert_non_null(t);
    assert_memory_equal(t->data, values, sizeof values);
    pr_container_close(c);
    return PARE_OK;
}

static pare_status gguf(void *ctx, pare_err *err) {
    const place *at = ctx;
    pr_gguf_writer *w;
    pare_status st;
    const pr_str names[] = {PR_STR("x"), PR_STR("y")};
    PR_TRY(pr_gguf_writer_new(&w, at->path, 0, err));
    pr_gguf_add_str(w, "general.architecture", PR_STR("llama"));
    pr_gguf_add_strs(w, "tokenizer.ggml.tokens", names, 2);
    PR_GO(pr_gguf_add_tensor(w, "a.weight", PR_F32, 2, dim, err));
    PR_GO(pr_gguf_data(w, 0, values, sizeof values, err));
    PR_TRY(pr_gguf_writer_commit(w, err));
    return read_back(at, err);
done:
    pr_gguf_writer_discard(w);
    return st;
}

static pare_status st_fill(pr_st_writer *w, pare_err *err) {
    PR_TRY(pr_st_add_meta(w, "format", "pt", err));
    PR_TRY(pr_st_add_tensor(w, "a.weight", PR_F32, 2, dim, err));
    PR_TRY(pr_st_add_tensor(w, "b.weight", PR_F32, 2, dim, err));
    PR_TRY(pr_st_data(w, 0, values, sizeof values, err));
    return pr_st_data(w, 1, values, sizeof values, err);
}

static pare_status safetensors(void *ctx, pare_err *err) {
    const place *at = ctx;
    pr_st_writer *w;
    pare_status st;
    PR_TRY(pr_st_writer_new(&w, at->path, err));
    PR_GO(st_fill(w, err));
    PR_TRY(pr_st_writer_commit(w, err));
    return read_back(at, err);
done:
    pr_st_writer_discard(w);
    return st;
}

static pare_status shards(void *ctx, pare_err *err) {
    const place *at = ctx;
    pr_st_writer *w;
    pare_status st;
    PR_TRY(pr_st_writer_new_dir(&w, at->path, sizeof values, err));
    PR_GO(st_fill(w, err));
    PR_TRY(pr_st_writer_commit(w, err));
    return read_back(at, err);
done:
    pr_st_writer_discard(w);
    return st;
}

/* What a run left is a whole file or nothing; it is taken away for the next run. */
static pare_status alone(place *at, pare_status st, pare_err *err) {
    const char **names;
    size_t n = 0;
    pare_err other = {0};
    pr_arena *a = pr_arena_new(1 << 16);
    if (!a) return st ? st : pr_fail_nomem(err, 1 << 16);
    pare_status listed = pr_dir_list(at->dir, a, &names, &n, st ? &other : err);
    bool scrap = listed == PARE_OK && (n > 1 || (n == 1 && strcmp(names[0], "out") != 0));
    pr_arena_free(a);
    if (scrap) return pr_fail(err, PARE_EINTERNAL, -1, "found %zu files beside the result", n);
    remove(at->path);
    return st ? st : listed;
}

static pare_status gguf_alone(void *ctx, pare_err *err) {
    return alone(ctx, gguf(ctx, err), err);
}
static pare_status safetensors_alone(void *ctx, pare_err *err) {
    return alone(ctx, safetensors(ctx, err), err);
}

static void test_writers(void **state) {
    place at = {.dir = check_scratch()};
    snprintf(at.path, sizeof at.path, "%s/out", at.dir);
    fault_run("write GGUF", gguf_alone, &at, FAULT_ALL);
    fault_run("write safetensors", safetensors_alone, &at, FAULT_ALL);
    fault_run("write shards", shards, &at, FAULT_ALL);
    check_scratch_remove(at.dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_writers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
