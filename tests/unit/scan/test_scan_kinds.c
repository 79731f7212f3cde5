/* test_scan_kinds.c - what a file is, by its bytes: those of other tools (tests/vectors/scan) under
 * names that lie, and heads of programs made here. */
#include "check.h"
#include "scan/scan.h"

static pr_arena *arena;

static void scan(pr_scan *s, const char *name, const void *p, size_t n) {
    pare_err e = {0};
    CHECK_OK(pr_scan_bytes(s, name, p, n, arena, &e), e);
}

static pr_str vector(const char *name) {
    char     rel[200];
    pr_str   t;
    pare_err e = {0};
    snprintf(rel, sizeof rel, "tests/vectors/scan/%s", name);
    CHECK_OK(pr_file_read(check_source(rel), 1 << 20, arena, &t, &e), e);
    return t;
}

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

static void of_other_tools(void **state) {
    (void)state;
    static const struct {
        const char  *file;
        pr_file_kind kind;
        pr_found     found;
        const char  *rule;
    } rows[] = {
        {"runs-p0.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"runs-p1.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"runs-p2.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"runs-p3.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"runs-p4.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"runs-p5.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"plain-p2.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"plain-p4.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"plain-p5.pickle", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"torch.pt", PR_FILE_PICKLE, PR_FOUND_PICKLE, "zip"},
        {"torch-legacy.pt", PR_FILE_PICKLE, PR_FOUND_PICKLE, "pickle"},
        {"objects.npy", PR_FILE_PICKLE, PR_FOUND_PICKLE, "npy"},
        {"plain.npy", PR_FILE_WEIGHTS, PR_FOUND_KINDS, NULL},
        {"model.safetensors", PR_FILE_WEIGHTS, PR_FOUND_KINDS, NULL},
        {"plain.zip", PR_FILE_ARCHIVE, PR_FOUND_ARCHIVE, "zip"},
        {"plain.tar", PR_FILE_ARCHIVE, PR_FOUND_ARCHIVE, "tar"},
        {"plain.gz", PR_FILE_ARCHIVE, PR_FOUND_ARCHIVE, "gzip"},
        {"plain.bz2", PR_FILE_ARCHIVE, PR_FOUND_ARCHIVE, "bzip2"},
        {"plain.xz", PR_FILE_ARCHIVE, PR_FOUND_ARCHIVE, "xz"},
        {"module.pyc", PR_FILE_CODE, PR_FOUND_CODE, "pyc"},
    };
    /* By content: the names say something harmless, or nothing. */
    static const char *const names[] = {"weights.bin", "notes.txt", "a", "model.safetensors"};
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        pr_str t = vector(rows[i].file);
        for (size_t k = 0; k < PR_COUNT(names); k++) {
            pr_scan s;
            scan(&s, names[k], t.p, t.n);
            if (s.files[0].kind != rows[i].kind)
                fail_msg("%s as %s: %s", rows[i].file, names[k],
                         pr_file_kind_name(s.files[0].kind));
            for (int f = 0; f < PR_FOUND_KINDS; f++) {
                size_t want = f == (int)rows[i].found;
                if (s.of[f].total != want)
                    fail_msg("%s as %s: %zu findings of kind %d", rows[i].file, names[k],
                             s.of[f].total, f);
                if (want) assert_string_equal(s.of[f].at[0].rule, rows[i].rule);
            }
        }
    }
}

static void pickles_say_what_they_import(void **state) {
    (void)state;
    for (int p = 0; p < 6; p++) {
        char    name[40];
        pr_scan s;
        snprintf(name, sizeof name, "runs-p%d.pickle", p);
        pr_str t = vector(name);
        scan(&s, "x", t.p, t.n);
        assert_non_null(strstr(s.of[PR_FOUND_PICKLE].at[0].what, "posix.system"));
    }
}

/* One that is cut off anywhere from its tenth byte on is still told, if its head says so. */
static void cut_pickles(void **state) {
    (void)state;
    pr_str t = vector("torch-legacy.pt");
    for (size_t n = 60; n < t.n; n += 7) {
        pr_scan s;
        scan(&s, "x.bin", t.p, n);
        assert_int_equal(s.files[0].kind, PR_FILE_PICKLE);
    }
}

static void programs(void **state) {
    (void)state;
    uint8_t pe[256] = "MZ", not_pe[256] = "MZ";
    pe[60] = 128;
    memcpy(pe + 128, "PE\0\0", 4);
    not_pe[60] = 128;
    memcpy(not_pe + 128, "text", 4);
    static const struct {
        const char *name, *bytes;
        size_t      n;
        const char *rule; /* NULL: no program */
    } rows[] = {
        {"a", "\x7f" "ELF\2\1\1\0\0\0\0\0", 12, "elf"},
        {"lib.txt", "\xcf\xfa\xed\xfe\7\0\0\1", 8, "mach-o"},
        {"a", "\xca\xfe\xba\xbe\0\0\0\2", 8, "mach-o"},
        {"a", "\0asm\1\0\0\0", 8, "wasm"},
        {"a", "dex\n035\0", 8, "dex"},
        {"a", "!<arch>\n", 8, "archive"},
        {"tool", "#!/bin/sh\ntrue\n", 15, "script"},
        {"modeling.py", "x = 1\n", 6, "source"},
        {"a.so", "harmless\n", 9, "source"},
        {"readme.md", "# no #! here\n", 13, NULL},
        {"config.json", "{}", 2, NULL},
        {"a.txt", "MZ is how a program begins", 26, NULL},
        {"a.txt", "", 0, NULL},
    };
    for (size_t i = 0; i < PR_COUNT(rows); i++) {
        pr_scan s;
        scan(&s, rows[i].name, rows[i].bytes, rows[i].n);
        if (s.of[PR_FOUND_CODE].total != (rows[i].rule != NULL))
            fail_msg("row %zu: %zu", i, s.of[PR_FOUND_CODE].total);
        if (rows[i].rule) assert_string_equal(s.of[PR_FOUND_CODE].at[0].rule, rows[i].rule);
    }
    pr_scan s;
    scan(&s, "a.txt", pe, sizeof pe);
    assert_int_equal(s.of[PR_FOUND_CODE].total, 1);
    scan(&s, "a.txt", not_pe, sizeof not_pe);
    assert_int_equal(s.of[PR_FOUND_CODE].total, 0);
}

static void remote_code_and_cards(void **state) {
    (void)state;
    pr_scan s;
    static const char asks[] = "{\"auto_map\": {\"AutoModel\": \"modeling_x.X\"}, \"a\": "
                               "{\"trust_remote_code\": true}}";
    static const char fine[] =
        "{\"auto_map\": {}, \"trust_remote_code\": false, \"architectures\": [\"A\"]}";
    scan(&s, "config.json", asks, sizeof asks - 1);
    assert_int_equal(s.of[PR_FOUND_REMOTE].total, 2);
    scan(&s, "config.json", fine, sizeof fine - 1);
    assert_int_equal(s.of[PR_FOUND_REMOTE].total, 0);
    scan(&s, "config.json", "{\"a\":", 5);
    assert_int_equal(s.of[PR_FOUND_UNREAD].total, 1);

    static const char card[] = "---\nlicense: apache-2.0\ndataset_license:\n  - cc-by-4.0\n  - "
                               "odc-by\n---\n# It\nLicense: MIT\n";
    scan(&s, "README.md", card, sizeof card - 1);
    assert_int_equal(s.n_licences, 3);
    assert_string_equal(s.licences[0].spdx, "Apache-2.0");
    assert_false(s.licences[0].of_data);
    assert_string_equal(s.licences[1].spdx, "CC-BY-4.0");
    assert_true(s.licences[1].of_data && s.licences[2].of_data);
    assert_string_equal(s.card, "README.md");
    static const char plain[] = "# It\n\n| licence | weights: CC0-1.0, public |\n";
    scan(&s, "README.md", plain, sizeof plain - 1);
    assert_int_equal(s.n_licences, 1);
    assert_string_equal(s.licences[0].spdx, "CC0-1.0");
    assert_int_equal(s.licences[0].line, 3);
    static const char broken[] = "---\nlicense: [\n---\n";
    scan(&s, "README.md", broken, sizeof broken - 1);
    assert_int_equal(s.of[PR_FOUND_UNREAD].total, 1);
    /* said in a word that pare does not know: kept as said */
    static const char own[] = "---\nlicense: other\nlicense_name: my-own-terms\n---\n";
    scan(&s, "README.md", own, sizeof own - 1);
    assert_int_equal(s.n_licences, 1);
    assert_null(s.licences[0].spdx);
    assert_string_equal(s.licences[0].said, "my-own-terms");
}

static void pages(void **state) {
    (void)state;
    pr_scan s;
    static const char loads[] = "<html><script src=\"https://x.example/a.js\"></script></html>";
    static const char own[] = "<html><script>var a = 1 // src\n</script></html>";
    scan(&s, "report.html", loads, sizeof loads - 1);
    assert_int_equal(s.of[PR_FOUND_CODE].total, 1);
    scan(&s, "report.html", own, sizeof own - 1);
    assert_int_equal(s.of[PR_FOUND_CODE].total, 0);
}

static void container_words(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        path[600];
    pare_err    e = {0};
    pr_str      t;
    pr_scan     s;
    pr_gguf_writer *w;
    float           row[32] = {0};
    snprintf(path, sizeof path, "%s/x.gguf", dir);
    CHECK_OK(pr_gguf_writer_new(&w, path, 0, &e), e);
    pr_gguf_add_str(w, "general.architecture", PR_STR("llama"));
    pr_gguf_add_str(w, "general.license", PR_STR("gemma"));
    pr_gguf_add_str(w, "tokenizer.chat_template", PR_STR("{{ ''.__class__ }}"));
    pr_gguf_add_str(w, "general.description", PR_STR("ask jane.doe@corp.com"));
    CHECK_OK(pr_gguf_add_tensor(w, "a", PR_F32, 1, (uint64_t[]){32}, &e), e);
    CHECK_OK(pr_gguf_data(w, 0, row, sizeof row, &e), e);
    CHECK_OK(pr_gguf_writer_commit(w, &e), e);
    CHECK_OK(pr_file_read(path, 1 << 20, arena, &t, &e), e);
    scan(&s, "x.gguf", t.p, t.n);
    assert_int_equal(s.of[PR_FOUND_TEMPLATE].total, 1);
    assert_string_equal(s.of[PR_FOUND_TEMPLATE].at[0].file, "x.gguf:tokenizer.chat_template");
    assert_int_equal(s.of[PR_FOUND_PERSON].total, 1);
    assert_int_equal(s.n_licences, 1);
    assert_string_equal(s.licences[0].spdx, "LicenseRef-gemma");
    assert_int_equal(strlen(s.template_sha256), 64);

    /* Bytes behind the last tensor have no owner. */
    pr_container *c;
    pr_buf        why;
    pr_buf_init(&why, 4096);
    CHECK_OK(pr_container_open(&c, path, &e), e);
    assert_int_equal(pr_container_strays(c, &why), 0);
    pr_container_close(c);
    FILE *f = fopen(path, "ab");
    assert_non_null(f);
    for (int i = 0; i < 100; i++) fputc('x', f);
    fclose(f);
    if (pr_container_open(&c, path, &e) == PARE_OK) {
        assert_int_equal(pr_container_strays(c, &why), 1);
        assert_non_null(strstr(why.p, "100 bytes"));
        pr_container_close(c);
    }
    pr_buf_done(&why);
    check_scratch_remove(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_other_tools), cmocka_unit_test(pickles_say_what_they_import),
        cmocka_unit_test(cut_pickles),    cmocka_unit_test(programs),
        cmocka_unit_test(remote_code_and_cards), cmocka_unit_test(pages),
        cmocka_unit_test(container_words),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
