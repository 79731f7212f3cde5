/* test_broken.c - every file of golden/broken is refused, with the status, byte and words
 * that expect.tsv asks for; every prefix of a good file is refused or read, never a crash;
 * a count that no file could hold costs no memory. */
#include "check.h"
#include "format/format.h"
#include <sys/resource.h>

/* One line of expect.tsv. Returns whether it went as expected. */
static bool refuse(const char *dir, char *line) {
    char *save, path[1200], text[1200];
    char *name = strtok_r(line, "\t", &save), *status = strtok_r(NULL, "\t", &save);
    char *pos = strtok_r(NULL, "\t", &save), *words = strtok_r(NULL, "\n", &save);
    pare_err      e = {0};
    pr_container *c;
    if (!words) fail_msg("bad line '%s'", line);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    pare_status st = pr_container_open(&c, path, &e);
    pare_err_format(&e, text, sizeof text);
    bool ok = c == NULL && st == e.status && strcmp(pare_status_name(st), status) == 0 &&
              strstr(e.msg, words) && (strcmp(pos, "-") == 0 || e.pos == atoll(pos)) && e.file[0];
    if (!ok)
        print_error("%s: got %s, %s\n  expected %s, byte %s, '%s'\n", name,
                    pare_status_name(st), text, status, pos, words);
    pr_container_close(c);
    return ok;
}

static void refuse_all(const char *kind, int least) {
    char dir[600], list[700], line[600];
    int  n = 0, bad = 0;
    snprintf(dir, sizeof dir, "%s/tests/golden/%s/broken", PARE_SOURCE_DIR, kind);
    snprintf(list, sizeof list, "%s/expect.tsv", dir);
    FILE *f = fopen(list, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) n++, bad += !refuse(dir, line);
    fclose(f);
    assert_int_equal(bad, 0);
    assert_true(n >= least);
}

static void safetensors_are_refused(void **state) { refuse_all("safetensors", 40); }
static void ggufs_are_refused(void **state) { refuse_all("gguf", 35); }

/* Each prefix stands in a block of exactly its size, so that the address
 * sanitizer sees a read one byte past it. */
static void cut_everywhere(const char *rel, const char *label, size_t may_pass_from) {
    pr_map   m;
    pare_err e = {0};
    CHECK_OK(pr_map_open(&m, check_source(rel), &e), e);
    for (size_t n = 0; n <= m.n; n++) {
        uint8_t *p = malloc(n ? n : 1);
        memcpy(p, m.p, n);
        pr_container *c;
        e = (pare_err){0};
        pare_status st = pr_container_open_memory(&c, p, n, label, &e);
        if (n < may_pass_from && st == PARE_OK)
            fail_msg("%s: %zu bytes of %llu pass", rel, n, (unsigned long long)m.n);
        if (n == m.n && st != PARE_OK) fail_msg("%s: whole: %s", rel, e.msg);
        if (st != PARE_OK) assert_true(e.msg[0] && e.file[0] && !c);
        pr_container_close(c);
        free(p);
    }
    pr_map_close(&m);
}

static void prefixes_are_refused(void **state) {
    cut_everywhere("tests/golden/safetensors/valid/types.safetensors", "x.safetensors", 1318);
    cut_everywhere("tests/golden/safetensors/valid/shapes.safetensors", "x", 278);
    /* 8 trailing bytes are padding of the last tensor (2x3x4 F32 = 96 is a multiple of 32: none) */
    cut_everywhere("tests/golden/gguf/valid/plain-v3.gguf", "x.gguf", 832);
    cut_everywhere("tests/golden/gguf/valid/plain-v2.gguf", "x.gguf", 832);
    /* No tensors: everything after the last key is padding that nobody needs. */
    cut_everywhere("tests/golden/gguf/valid/keys.gguf", "x.gguf", 600);
}

static void absurd_counts_cost_nothing(void **state) {
    uint8_t  h[24] = "GGUF\3", s[10] = {0xff, 0xe0, 0xf5, 5, 0, 0, 0, 0, '{', '}'};
    uint64_t big = 1ull << 60, before, after;
    pare_err e = {0};
    pr_container *c;
    before = pr_rss_now();
    memcpy(h + 8, &big, 8);
    assert_int_equal(pr_container_open_memory(&c, h, sizeof h, "h", &e), PARE_EINPUT);
    memset(h + 8, 0, 8);
    memcpy(h + 16, &big, 8);
    assert_int_equal(pr_container_open_memory(&c, h, sizeof h, "h", &e), PARE_EINPUT);
    assert_int_equal(pr_container_open_memory(&c, s, sizeof s, "h", &e), PARE_EINPUT);
    after = pr_rss_now();
    assert_true(after < before + (4 << 20)); /* pages of stdio and the allocator, nothing of 2^60 */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_are_refused), cmocka_unit_test(ggufs_are_refused),
        cmocka_unit_test(prefixes_are_refused), cmocka_unit_test(absurd_counts_cost_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
