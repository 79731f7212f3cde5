/* test_optimize.c - the main job on a tiny model, end to end: what it writes holds, what is
 * there is not measured again, what is broken or cancelled costs no more than itself. */
#include "check.h"
#include "flow/flow.h"
#include "report/report.h"
#include "pare/optimize.h"
#include <sqlite3.h>
#include <stdio.h>

static const char *const variants[] = {"Q8_0", "Q4_K_M"};

static const char *model(void) {
    return check_source("tests/vectors/arch/llama_plain");
}

/* Words enough for some windows of 32 tokens, the same at every run. */
static char *make_text(pr_arena *a, const char *dir, const char *name, unsigned seed) {
    char     text[2400];
    unsigned x = seed;
    for (size_t i = 0; i < sizeof text; i++) {
        x = x * 1664525u + 1013904223u;
        text[i] = (x >> 24) % 6 == 0 ? ' ' : (char)('a' + (x >> 16) % 26);
    }
    char    *path = pr_path_join(a, dir, name);
    pare_err e = {0};
    CHECK_OK(pr_file_write(path, text, sizeof text, &e), e);
    return path;
}

static pare_optimize_opts small(const char *out, const char *text) {
    return (pare_optimize_opts){.out = out,
                                .text = text,
                                .variants = variants,
                                .n_variants = 2,
                                .n_ctx = 32,
                                .n_windows = 12,
                                .seconds = 0.01};
}

static pare_doc *optimize(const pare_optimize_opts *o) {
    pare_ctl  ctl = {.n_threads = 2};
    pare_doc *r;
    pare_err  e = {0};
    CHECK_OK(pare_optimize(model(), o, &ctl, &r, &e), e);
    pr_recheck again;
    CHECK_OK(pr_report_recheck(r, &again, &e), e);
    assert_true(again.n_checked > 10);
    if (again.n_differ) fail_msg("%s", again.first);
    return r;
}

static const pare_doc *variant_of(const pare_doc *r, const char *name) {
    const pare_doc *a = pare_doc_get(r, "variants");
    for (size_t i = 0; i < pare_doc_count(a); i++)
        if (strcmp(pare_doc_str(pare_doc_get(pare_doc_at(a, i), "name")), name) == 0)
            return pare_doc_at(a, i);
    fail_msg("no variant %s", name);
    return NULL;
}

static bool cached(const pare_doc *r, const char *name) {
    return pare_doc_bool(pare_doc_get(variant_of(r, name), "from_cache"));
}

static int64_t measured(const pare_doc *r, size_t stage) {
    return pare_doc_int(pare_doc_get(pare_doc_at(pare_doc_get(r, "stages"), stage), "measured"));
}

/* Of metrics that come from counting and from the text: no clock has a part in them. */
static void same_quality(const pare_doc *a, const pare_doc *b, const char *name) {
    static const char *const quality[] = {"nll",     "accuracy",       "kld_mean",
                                          "kld_max", "top1_agreement", "bpw"};
    const pare_doc *x = pare_doc_get(variant_of(a, name), "metrics"),
                   *y = pare_doc_get(variant_of(b, name), "metrics");
    size_t                   found = 0;
    assert_int_equal(pare_doc_count(x), pare_doc_count(y));
    for (size_t i = 0; i < pare_doc_count(x); i++)
        for (size_t k = 0; k < PR_COUNT(quality); k++) {
            if (strcmp(pare_doc_str(pare_doc_get(pare_doc_at(x, i), "name")), quality[k]) != 0)
                continue;
            double p = pare_doc_num(pare_doc_get(pare_doc_at(x, i), "value"));
            double q = pare_doc_num(pare_doc_get(pare_doc_at(y, i), "value"));
            assert_memory_equal(&p, &q, sizeof p);
            found++;
        }
    assert_int_equal(found, PR_COUNT(quality));
}

static void measures_once(void **state) {
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    char              *out = pr_path_join(a, dir, "out"), *text = make_text(a, dir, "t", 1);
    pare_optimize_opts o = small(out, text);
    pare_doc          *first = optimize(&o), *r = optimize(&o);
    pare_err           e = {0};
    assert_int_equal(pare_doc_count(pare_doc_get(first, "variants")),
                     3); /* the source's own F32 too */
    assert_true(pare_doc_kind(pare_doc_get(first, "baseline_f32")) == PARE_DOC_OBJECT);
    assert_false(cached(first, "Q8_0"));
    for (size_t i = 0; i < 5; i++) assert_int_equal(measured(r, i), 0);
    for (size_t i = 0; i < 2; i++) assert_true(cached(r, variants[i]));
    same_quality(first, r, "Q8_0");
    pare_doc_free(r);

    o.text = make_text(a, dir, "u", 2); /* quality anew, time not */
    r = optimize(&o);
    assert_true(measured(r, 2) == 3);
    assert_int_equal(measured(r, 3) + measured(r, 4), 0);
    assert_false(cached(r, "Q8_0"));
    pare_doc_free(r);

    static const char *const more[] = {"Q8_0", "Q4_K_M", "Q6_K"};
    o.text = text, o.variants = more, o.n_variants = 3;
    r = optimize(&o);
    assert_true(cached(r, "Q8_0") && cached(r, "Q4_K_M") && !cached(r, "Q6_K"));
    pare_doc_free(r);

    /* A damaged file is made again, a dead writer's half is taken away. */
    char *file = pr_path_join(a, out, "variants/llama_plain-Q8_0.gguf"),
         *part = pr_path_join(a, out, "variants/x.gguf.part-999999999");
    CHECK_OK(pr_file_write(file, "GGUF", 4, &e), e);
    CHECK_OK(pr_file_write(part, "half", 4, &e), e);
    r = optimize(&o);
    same_quality(first, r, "Q8_0");
    assert_string_equal(pare_doc_str(pare_doc_get(variant_of(r, "Q8_0"), "sha256")),
                        pare_doc_str(pare_doc_get(variant_of(first, "Q8_0"), "sha256")));
    assert_false(pr_path_exists(part));
    pare_doc_free(r);
    pare_doc_free(first);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* Which stages measured how many, as digits. */
static const char *counts(pare_optimize_opts o, char out[6]) {
    pare_doc *r = optimize(&o);
    for (size_t i = 0; i < 5; i++) out[i] = (char)('0' + measured(r, i));
    out[5] = 0;
    pare_doc_free(r);
    return out;
}

/* F32 (the source's own), Q8_0, Q4_K_M: four measurements less than files times stages, since
 * F32 is the second baseline too. What a changed option does not touch is not done again. */
static void changed_option_measures_what_changed(void **state) {
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    char               c[6];
    pare_optimize_opts o = small(pr_path_join(a, dir, "out"), make_text(a, dir, "t", 1)), p = o;
    /* source and its text; F32 and the same function; 2 files, 3 texts; 4 and 4 timed */
    assert_string_equal(counts(o, c), "22544");
    assert_string_equal(counts(o, c), "00000");
    p.prefer = "speed=2,accuracy=1", p.max_bytes = 1, p.min_speedup = 9, p.strict = 0;
    assert_string_equal(counts(p, c), "00000");
    p = o, p.seconds = 0.02;
    assert_string_equal(counts(p, c), "00004");
    p = o, p.n_windows = 8;
    assert_string_equal(counts(p, c), "10300");
    p = o, p.state = "f32"; /* the function, its quality, its speed */
    assert_string_equal(counts(p, c), "11344");
    p = o, p.allow_inexact = 1; /* the files are written anew, and are the same */
    assert_string_equal(counts(p, c), "01200");
    assert_string_equal(counts(o, c), "00000");
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* Records changed behind pare's back: each is named, dropped, measured again; the rest holds. */
static void damaged_records_are_measured_again(void **state) {
    static const char *const damage[] = {
        "UPDATE record SET text = substr(text, 1, 80) WHERE kind = 'eval'",
        "UPDATE record SET text = '{}' WHERE kind = 'bench'",
        "UPDATE record SET text = replace(text, '\"bytes\":', '\"bytes\":1') WHERE kind = "
        "'variant'",
        "UPDATE record SET text = '' WHERE kind IN ('source', 'same')",
        "UPDATE record SET kind = 'evil' WHERE kind = 'eval'",
        "UPDATE record SET text = replace(text, '0.', '1.') WHERE kind = 'settings'"};
    static const char *const then[] = {"10300", "00004", "01200",
                                       "11000", "10300", "00040"};
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    char               c[6];
    pare_optimize_opts o = small(pr_path_join(a, dir, "out"), make_text(a, dir, "t", 1));
    pare_doc          *first = optimize(&o);
    for (size_t i = 0; i < PR_COUNT(damage); i++) {
        sqlite3 *db;
        assert_int_equal(sqlite3_open(pr_path_join(a, o.out, "pare.db"), &db), SQLITE_OK);
        assert_int_equal(
            sqlite3_exec(db, "DROP TRIGGER IF EXISTS record_no_update", NULL, NULL, NULL),
            SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, damage[i], NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal( /* the very text: other objects are somebody else's file */
            sqlite3_exec(db,
                         "CREATE TRIGGER record_no_update BEFORE UPDATE ON record BEGIN"
                         " SELECT RAISE(ABORT, 'records are only added'); END",
                         NULL, NULL, NULL),
            SQLITE_OK);
        assert_true(sqlite3_changes(db) > 0);
        sqlite3_close(db);
        pare_doc       *r = optimize(&o);
        const pare_doc *w = pare_doc_get(r, "warnings");
        assert_non_null(strstr(pare_doc_str(pare_doc_at(w, 0)), "is damaged"));
        for (size_t k = 0; k < 5; k++) c[k] = (char)('0' + measured(r, k));
        c[5] = 0;
        /* Other settings may be found best, and then others are timed. */
        if (i + 1 == PR_COUNT(damage)) c[4] = '0';
        assert_string_equal(c, then[i]);
        same_quality(first, r, "Q8_0");
        pare_doc_free(r);
    }
    assert_string_equal(counts(o, c), "00000");
    pare_doc_free(first);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* A file of records that is none: named, and left as it is. */
static void damaged_database_is_named(void **state) {
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    pare_optimize_opts o = small(pr_path_join(a, dir, "out"), make_text(a, dir, "t", 1));
    char              *db = pr_path_join(a, o.out, "pare.db");
    pare_doc          *r = optimize(&o);
    pare_err           e = {0};
    pr_str             text, now;
    pare_doc_free(r);
    CHECK_OK(pr_file_read(db, 16 << 20, a, &text, &e), e);
    memset((char *)(uintptr_t)text.p + 100, 0xff, text.n - 100);
    CHECK_OK(pr_file_write(db, text.p, text.n, &e), e);
    assert_int_equal(pare_optimize(model(), &o, NULL, &r, &e), PARE_EINPUT);
    assert_non_null(strstr(e.file, "pare.db"));
    assert_non_null(strstr(e.msg, "damaged"));
    CHECK_OK(pr_file_read(db, 16 << 20, a, &now, &e), e);
    assert_int_equal(now.n, text.n);
    assert_memory_equal(now.p, text.p, now.n);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

typedef struct {
    int asked, after;
} patience;

static int lost(void *user) {
    patience *p = user;
    return ++p->asked > p->after;
}

/* Stopped at every point where it looks, it leaves no half and goes on to the same numbers. */
static void goes_on_after_cancel(void **state) {
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    char              *out = pr_path_join(a, dir, "out"), *text = make_text(a, dir, "t", 3);
    pare_optimize_opts o = small(out, text), whole = small(pr_path_join(a, dir, "whole"), text);
    const char       **names;
    size_t             n, stopped = 0;
    pare_doc          *r = NULL;
    for (int after = 0; !r && after < 4000; after += 7) {
        patience p = {.after = after};
        pare_ctl ctl = {.n_threads = 2, .is_cancelled = lost, .user = &p};
        pare_err e = {0};
        pare_status st = pare_optimize(model(), &o, &ctl, &r, &e);
        if (st == PARE_OK) break;
        assert_int_equal(st, PARE_ECANCELLED);
        assert_null(r);
        stopped++;
        CHECK_OK(pr_dir_list(pr_path_join(a, out, "variants"), a, &names, &n, &e), e);
        for (size_t i = 0; i < n; i++) assert_null(strstr(names[i], ".part-"));
    }
    assert_non_null(r);
    assert_true(stopped > 3);
    pare_doc *w = optimize(&whole);
    same_quality(w, r, "Q8_0");
    same_quality(w, r, "Q4_K_M");
    pare_doc_free(w);
    pare_doc_free(r);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* 1 to 4 windows give no bounds: gates fail with a reason, and nothing else does. */
static void few_windows_pass_nothing(void **state) {
    pr_arena   *a = pr_arena_new(1 << 20);
    const char *dir = check_scratch();
    for (int n = 1; n <= 4; n++) {
        pare_optimize_opts o = small(pr_path_join(a, dir, "out"), make_text(a, dir, "t", 4));
        o.n_windows = n;
        pare_doc *r = optimize(&o);
        assert_false(pare_doc_bool(pare_doc_path(r, "choice/accepted")));
        assert_int_equal(pare_doc_int(pare_doc_get(r, "exit_status")), 1);
        pare_doc_free(r);
    }
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* A folder whose name would be a command in a shell: the files' names and the advice are not. */
static void names_files_plainly(void **state) {
    pr_arena          *a = pr_arena_new(1 << 20);
    const char        *dir = check_scratch();
    char *src = pr_path_join(a, dir, "-x $(touch y); 'z"), *text = make_text(a, dir, "t", 6);
    pare_optimize_opts o = small(pr_path_join(a, dir, "out"), text);
    pare_doc          *r;
    pare_err           e = {0};
    assert_int_equal(symlink(model(), src), 0);
    CHECK_OK(pare_optimize(src, &o, NULL, &r, &e), e);
    assert_string_equal(pare_doc_str(pare_doc_get(variant_of(r, "Q8_0"), "path")),
                        "variants/_x___touch_y____z-Q8_0.gguf");
    pare_doc_free(r);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* OUT as a shell would misread it: the advice holds it as one word, and it runs. */
static void quotes_commands(void **state) {
    static const char *const names[] = {"plain", "it's $(touch y); \"x\" <b>", "a\nb"};
    pr_arena                *a = pr_arena_new(1 << 20);
    const char              *dir = check_scratch();
    char                    *text = make_text(a, dir, "t", 6);
    for (size_t i = 0; i < PR_COUNT(names); i++) {
        pare_optimize_opts o = small(pr_path_join(a, dir, names[i]), text);
        pare_doc          *r = optimize(&o);
        const pare_doc    *c = pare_doc_at(pare_doc_path(r, "guidance/commands"), 2);
        const char        *shown = pare_doc_str(pare_doc_get(c, "command"));
        const char        *sum = pare_doc_str(pare_doc_get(c, "note"));
        char              *line = pr_arena_printf(a, "cd '%s' && %s", dir, shown), got[256] = "";
        FILE              *f = popen(line, "r");
        assert_non_null(f);
        assert_non_null(fgets(got, sizeof got, f));
        assert_int_equal(pclose(f), 0);
        assert_non_null(strstr(got, sum));
        assert_false(pr_path_exists(pr_path_join(a, dir, "y")));
        assert_int_equal(strchr(shown, '\'') != NULL, i > 0); /* plain names stay plain */
        pare_doc_free(r);
    }
    check_scratch_remove(dir);
    pr_arena_free(a);
}

static pare_status refused(const char *src, pare_optimize_opts o, pare_err *e) {
    pare_doc *r;
    *e = (pare_err){0};
    pare_status st = pare_optimize(src, &o, NULL, &r, e);
    assert_null(r);
    return st;
}

static void refuses_at_once(void **state) {
    pr_arena   *a = pr_arena_new(1 << 20);
    const char *dir = check_scratch();
    char       *bad = pr_path_join(a, dir, "bad"), *out = pr_path_join(a, dir, "out");
    char       *text = make_text(a, dir, "t", 5);
    pare_err    e = {0};
    CHECK_OK(pr_file_write(bad, "abc\xff", 4, &e), e);
    assert_int_equal(refused(model(), small(out, bad), &e), PARE_EINPUT);
    assert_int_equal(e.pos, 3);
    assert_non_null(strstr(e.file, "bad"));
    CHECK_OK(pr_file_write(bad, "", 0, &e), e);
    assert_int_equal(refused(model(), small(out, bad), &e), PARE_EINPUT);
    assert_int_equal(refused(model(), small("", text), &e), PARE_EUSAGE);
    assert_int_equal(refused(model(), small(pr_path_join(a, bad, "x"), text), &e), PARE_EENV);
    assert_int_equal(
        refused(check_source("tests/vectors/arch/mistral_window"), small(out, text), &e),
        PARE_EREFUSED);
    assert_non_null(strstr(e.msg, "sliding window"));
    assert_false(pr_path_exists(out)); /* all of it before anything was made */
    check_scratch_remove(dir);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_once),
        cmocka_unit_test(changed_option_measures_what_changed),
        cmocka_unit_test(damaged_records_are_measured_again),
        cmocka_unit_test(damaged_database_is_named),
        cmocka_unit_test(quotes_commands),
        cmocka_unit_test(goes_on_after_cancel),
        cmocka_unit_test(few_windows_pass_nothing), cmocka_unit_test(names_files_plainly),
        cmocka_unit_test(refuses_at_once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
