/* test_peaks.c - measured peaks: an order that holds on any machine, and a cache that gives out
 * only what still holds. No time is asserted: a loaded machine is slow, not wrong. */
#include "check.h"
#include "pare/hw.h"
#include "target/target.h"

enum { THREADS = 2 };

static pr_hw machine(pr_arena *a) {
    pr_hw    hw;
    pare_err e = {0};
    CHECK_OK(pr_hw_read(NULL, &hw, a, &e), e);
    return hw;
}

static void check_peak(const pr_peak *p) {
    assert_int_equal(p->basis, PR_BASIS_MEASURED);
    assert_true(p->lo > 0 && p->lo <= p->value && p->value <= p->hi && isfinite(p->hi));
    assert_non_null(p->source);
}

static pr_peaks measured(const pr_hw *hw) {
    pr_peaks p;
    pare_err e = {0};
    CHECK_OK(pr_peaks_measure(hw, THREADS, 0.04, NULL, &p, &e), e);
    return p;
}

static void rates(void **state) {
    (void)state;
    pr_arena *a = pr_arena_new(32 << 20);
    pr_hw     hw = machine(a);
    pr_peaks  p = measured(&hw);
    check_peak(&p.bandwidth);
    check_peak(&p.bandwidth_1);
    check_peak(&p.f32);
    check_peak(&p.int8);
    for (int i = 0; i < 4; i++) assert_true(p.n_runs[i] >= 3);
    /* nothing was optimised away: two threads neither read 10 TB/s nor do 1000 Top/s */
    assert_true(p.bandwidth.hi < 1e13 && p.f32.hi < 1e15 && p.int8.hi < 1e15);
    /* and every level that is there gives a rate */
    static const uint32_t levels[] = {0, PR_CPU_AVX2, PR_CPU_AVX2 | PR_CPU_AVX512};
    for (size_t i = 0; i < PR_COUNT(levels); i++) {
        if ((levels[i] & pr_cpu_flags_all()) != levels[i]) continue;
        for (int int8 = 0; int8 < 2; int8++) {
            pr_pool   *pool;
            pr_hw_rate r;
            pare_err   e = {0};
            CHECK_OK(pr_pool_new(&pool, 1, &e), e);
            CHECK_OK(pr_hw_compute(pool, levels[i], int8, 0.01, &r, &e), e);
            assert_true(r.least > 0 && r.least <= r.median && r.median <= r.best && r.n_runs >= 5);
            pr_pool_free(pool);
        }
    }
    pr_arena_free(a);
}

static void check_same(const pr_peak *a, const pr_peak *b) {
    assert_true(a->value == b->value && a->lo == b->lo && a->hi == b->hi);
}

static void kept(void **state) {
    (void)state;
    pr_arena   *a = pr_arena_new(32 << 20);
    const char *dir = check_scratch(), *why = NULL;
    pr_hw       hw = machine(a);
    pr_peaks    p = measured(&hw), back;
    pare_err    e = {0};
    assert_false(pr_peaks_load(&hw, THREADS, dir, a, &back, &why));
    assert_non_null(strstr(why, "not measured yet"));
    CHECK_OK(pr_peaks_save(&p, dir, &e), e);
    assert_true(pr_peaks_load(&hw, THREADS, dir, a, &back, &why));
    assert_null(why);
    check_same(&p.bandwidth, &back.bandwidth);
    check_same(&p.bandwidth_1, &back.bandwidth_1);
    check_same(&p.f32, &back.f32);
    check_same(&p.int8, &back.int8);
    assert_true(back.when == p.when && back.n_runs[3] == p.n_runs[3]);
    assert_false(pr_peaks_load(&hw, THREADS + 1, dir, a, &back, &why));
    assert_non_null(strstr(why, "number of threads"));
    hw.governor = "another";
    assert_false(pr_peaks_load(&hw, THREADS, dir, a, &back, &why));
    assert_non_null(strstr(why, "settings"));
    hw = machine(a);
    hw.id[63] = hw.id[63] == 'a' ? 'b' : 'a'; /* the file's name has only the first 16 */
    assert_false(pr_peaks_load(&hw, THREADS, dir, a, &back, &why));
    assert_non_null(strstr(why, "machine has changed"));
    hw.id[0] = hw.id[0] == 'a' ? 'b' : 'a';
    assert_false(pr_peaks_load(&hw, THREADS, dir, a, &back, &why));
    assert_non_null(strstr(why, "not measured yet"));
    check_scratch_remove(dir);
    pr_arena_free(a);
}

static void damaged(void **state) {
    (void)state;
    static const char *const cut[][2] = {
        {"\"schema\": 1", "\"schema\": 2"}, {"\"value\"", "\"valve\""}, {"\"n\"", "\"m\""},
        {"\"int8\"", "\"int9\""},           {"{", "["},                 {"\"lo\": ", "\"lo\": -"},
        {"\"hi\": ", "\"hi\": 0.0000"},
    };
    pr_arena   *a = pr_arena_new(64 << 20);
    const char *dir = check_scratch(), *why = NULL;
    char        path[1024];
    pr_hw       hw = machine(a);
    pr_peaks    p = measured(&hw), back;
    pare_err    e = {0};
    pr_str      good;
    CHECK_OK(pr_peaks_save(&p, dir, &e), e);
    snprintf(path, sizeof path, "%s/machine-%.16s.json", dir, hw.id);
    CHECK_OK(pr_file_read(path, 1 << 20, a, &good, &e), e);
    for (size_t i = 0; i < PR_COUNT(cut); i++) {
        char        text[8192];
        const char *at = strstr(good.p, cut[i][0]);
        assert_non_null(at);
        int n = snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good.p), good.p, cut[i][1],
                         at + strlen(cut[i][0]));
        CHECK_OK(pr_file_write(path, text, (size_t)n, &e), e);
        if (pr_peaks_load(&hw, THREADS, dir, a, &back, &why)) fail_msg("taken: %s", cut[i][1]);
        assert_non_null(why);
    }
    CHECK_OK(pr_file_write(path, "", 0, &e), e);
    assert_false(pr_peaks_load(&hw, THREADS, dir, a, &back, &why));
    check_scratch_remove(dir);
    pr_arena_free(a);
}

/* No memory to spare, no place for caches: the environment's fault, said so. */
static void no_room(void **state) {
    (void)state;
    pr_arena *a = pr_arena_new(32 << 20);
    pr_hw     hw = machine(a);
    pr_peaks  p;
    pare_err  e = {0};
    hw.usable_bytes = 1 << 20;
    assert_int_equal(pr_peaks_measure(&hw, 1, 0.01, NULL, &p, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "too little memory"));
    hw = machine(a);
    p = measured(&hw);
    assert_int_equal(setenv("XDG_CACHE_HOME", "", 1), 0);
    char home[1024];
    snprintf(home, sizeof home, "%s", getenv("HOME") ? getenv("HOME") : "/");
    unsetenv("HOME");
    assert_int_equal(pr_peaks_save(&p, NULL, &e), PARE_EENV);
    assert_non_null(strstr(e.msg, "no place for caches"));
    assert_int_equal(setenv("HOME", home, 1), 0);
    assert_int_equal(pr_peaks_save(&p, "/proc/no/such", &e), PARE_EENV);
    pr_arena_free(a);
}

/* What `pare hw` and a recommendation for this machine are told. */
static void here(void **state) {
    (void)state;
    pr_arena   *a = pr_arena_new(64 << 20);
    const char *dir = check_scratch();
    pr_hw       hw = machine(a);
    pr_target   t;
    pr_peaks    p;
    pare_err    e = {0};
    pare_doc   *d = NULL;
    assert_int_equal(setenv("XDG_CACHE_HOME", dir, 1), 0);
    CHECK_OK(pr_target_here(a, &t, &e), e);
    assert_int_equal(t.bandwidth.basis, PR_BASIS_NONE);
    CHECK_OK(pr_peaks_measure(&hw, 0, 0.04, NULL, &p, &e), e);
    CHECK_OK(pr_peaks_save(&p, NULL, &e), e);
    CHECK_OK(pr_target_here(a, &t, &e), e);
    check_same(&t.bandwidth, &p.bandwidth);
    check_same(&t.int8, &p.int8);
    CHECK_OK(pare_hw(NULL, 0, NULL, &d, &e), e);
    assert_true(pare_doc_num(pare_doc_path(d, "peaks/f32/value")) == p.f32.value);
    assert_true(pare_doc_kind(pare_doc_get(d, "peaks_reason")) == PARE_DOC_NULL);
    pare_doc_free(d);
    check_scratch_remove(dir);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),   cmocka_unit_test(kept), cmocka_unit_test(damaged),
        cmocka_unit_test(no_room), cmocka_unit_test(here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
