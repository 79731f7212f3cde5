/* test_base.c - errors, arena, buffer, numbers, hashes, random numbers. */
#include "check.h"

static void errors_keep_place_and_file(void **state) {
    pare_err e = {0};
    assert_int_equal(pr_fail(&e, PARE_EINPUT, 17, "found %d, expected %d", 1, 2), PARE_EINPUT);
    pr_fail_in(&e, PARE_EINPUT, "m.gguf");
    pr_fail_in(&e, PARE_EINPUT, "other");
    char line[200];
    pare_err_format(&e, line, sizeof line);
    assert_string_equal(line, "m.gguf: byte 17: found 1, expected 2");
    assert_int_equal(pare_status_exit(PARE_EINPUT), 3);
    assert_int_equal(pare_status_exit(PARE_ECANCELLED), 130);
    assert_string_equal(pare_status_name(PARE_EENV), "EENV");
    assert_int_equal(pr_fail(NULL, PARE_EENV, -1, "x"), PARE_EENV);
}

static void arena_stays_below_its_maximum(void **state) {
    pr_arena *a = pr_arena_new(10000);
    char     *p = pr_arena_get(a, 100, 1);
    assert_non_null(p);
    for (int i = 0; i < 100; i++) assert_int_equal(p[i], 0);
    assert_int_equal((uintptr_t)pr_arena_get(a, 1, 1) % 16, 0);
    assert_null(pr_arena_get(a, 20000, 1));
    assert_null(pr_arena_get(a, SIZE_MAX / 2, 4));
    int n = 0;
    while (pr_arena_get(a, 64, 1)) n++;
    assert_true(n > 50 && pr_arena_bytes(a) <= 10000);
    pr_arena_free(a);
    a = pr_arena_new(1 << 24);
    assert_string_equal(pr_arena_printf(a, "%d-%s", 3, "x"), "3-x");
    assert_non_null(pr_arena_get(a, 5 << 20, 1));
    assert_non_null(pr_arena_get(a, 0, 8));
    pr_arena_free(a);
}

static void buffer_fails_softly(void **state) {
    pr_buf b;
    pr_buf_init(&b, 10);
    pr_buf_puts(&b, "12345");
    pr_buf_printf(&b, "%s", "67890");
    assert_string_equal(b.p, "1234567890");
    assert_false(b.failed);
    pr_buf_add(&b, "x", 1);
    assert_true(b.failed);
    assert_int_equal(b.n, 10);
    pr_buf_clear(&b);
    assert_false(b.failed);
    pr_buf_done(&b);
}

static void numbers(void **state) {
    int64_t  i;
    double   d;
    uint64_t u;
    assert_true(pr_parse_i64("-5", -5, 5, &i) && i == -5);
    assert_false(pr_parse_i64("6", -5, 5, &i));
    assert_false(pr_parse_i64("5x", 0, 9, &i));
    assert_false(pr_parse_i64("", 0, 9, &i));
    assert_false(pr_parse_i64("99999999999999999999", 0, INT64_MAX, &i));
    assert_true(pr_parse_f64("0.5", 0, 1, &d) && d == 0.5);
    assert_false(pr_parse_f64("nan", 0, 1, &d));
    assert_false(pr_parse_f64("1,5", 0, 2, &d));
    assert_true(pr_parse_bytes("2GiB", &u) && u == 2147483648u);
    assert_true(pr_parse_bytes("1.5k", &u) && u == 1500);
    assert_true(pr_parse_bytes("12", &u) && u == 12);
    assert_true(pr_parse_bytes("512MB", &u) && u == 512000000u);
    assert_false(pr_parse_bytes("12Q", &u));
    assert_false(pr_parse_bytes("-1", &u));
    assert_false(pr_mul_u64(UINT64_MAX, 2, &u));
    assert_true(pr_round_up_u64(33, 32, &u) && u == 64);
    assert_int_equal(pr_le32("\x01\x02\x03\x04"), 0x04030201);
    size_t bad;
    assert_true(pr_utf8_valid("h\xc3\xa9\xf0\x9f\x98\x80", 7, NULL));
    assert_false(pr_utf8_valid("ab\xc0\x80", 4, &bad));
    assert_int_equal(bad, 2);
    assert_false(pr_utf8_valid("\xed\xa0\x80", 3, NULL)); /* a surrogate */
    assert_false(pr_utf8_valid("\xe2\x82", 2, NULL));     /* cut short */
    /* A byte that leads nothing, with as many others behind it as there may be. */
    assert_false(pr_utf8_valid("\x88\x88\x88\x88\x88\x88\x88\x88\x88\x88", 10, NULL));
    assert_false(pr_utf8_valid("\xff\x88\x88\x88\x88\x88\x88\x88\x88\x88", 10, NULL));
}

/* FIPS 180-2, appendix B.1. */
static void sha256_of_abc(void **state) {
    char          hex[65];
    pr_sha256     h = pr_sha256_of("abc", 3);
    pr_sha256_hex(&h, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    pr_sha256_ctx *c = pr_sha256_new();
    pr_sha256_add(c, "a", 1);
    pr_sha256_add(c, "bc", 2);
    pr_sha256 g = pr_sha256_end(c);
    assert_memory_equal(&h, &g, 32);
    assert_true(pr_sha256_parse(hex, &g));
    assert_memory_equal(&h, &g, 32);
    hex[63] = 'g';
    assert_false(pr_sha256_parse(hex, &g));
    assert_false(pr_sha256_parse("ba78", &g));
    assert_true(pr_hash64("abcdefgh", 8) != pr_hash64("abcdefgi", 8));
}

/* 5-sigma bounds: a wrong generator misses them by far, a right one with this seed hits. */
static void random_numbers(void **state) {
    pr_rng r;
    pr_rng_seed(&r, 42);
    double sum = 0, sq = 0;
    int    n = 200000, seen[10] = {0};
    for (int i = 0; i < n; i++) {
        double x = pr_rng_normal(&r);
        sum += x, sq += x * x;
        seen[pr_rng_below(&r, 10)]++;
    }
    assert_true(fabs(sum / n) < 5 / sqrt(n));
    assert_true(fabs(sq / n - 1) < 5 * sqrt(2.0 / n));
    for (int i = 0; i < 10; i++) assert_true(abs(seen[i] - n / 10) < 5 * sqrt(n * 0.09));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_keep_place_and_file),
        cmocka_unit_test(arena_stays_below_its_maximum),
        cmocka_unit_test(buffer_fails_softly),
        cmocka_unit_test(numbers),
        cmocka_unit_test(sha256_of_abc),
        cmocka_unit_test(random_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
