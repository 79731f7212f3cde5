/* test_type.c - the table of types, and float conversions over every 16-bit value. */
#include "check.h"
#include "tensor/tensor.h"

static void table_is_consistent(void **state) {
    for (int t = 0; t < PR_TYPE_N; t++) {
        const pr_type_info *i = pr_type_get((pr_type)t);
        pr_type             back;
        assert_true(i->block > 0 && i->bytes > 0);
        assert_true(pr_type_from_name(i->name, &back) && (int)back == t);
        if (i->gguf_id >= 0)
            assert_true(pr_type_from_gguf((uint32_t)i->gguf_id, &back) && (int)back == t);
        if (i->st_name)
            assert_true(pr_type_from_safetensors(pr_str_of(i->st_name), &back) && (int)back == t);
    }
    uint64_t n;
    assert_true(pr_type_row_bytes(PR_Q4_K, 512, &n) && n == 288);
    assert_false(pr_type_row_bytes(PR_Q4_K, 172, &n));
    assert_false(pr_type_row_bytes(PR_F32, UINT64_MAX / 2, &n));
}

/* The compiler's own binary16 type is the oracle. */
static void f16_agrees_with_compiler(void **state) {
    for (uint32_t h = 0; h < 65536; h++) {
        uint16_t b = (uint16_t)h;
        _Float16 want;
        memcpy(&want, &b, 2);
        float got = pr_f16_to_f32(b);
        if (want != want) {
            assert_true(got != got);
            assert_true(pr_f16_to_f32(pr_f32_to_f16(got)) != pr_f16_to_f32(pr_f32_to_f16(got)));
            continue;
        }
        assert_true(pr_bits_f32(got) == pr_bits_f32((float)want));
        assert_int_equal(pr_f32_to_f16(got), b);
    }
    pr_rng r;
    pr_rng_seed(&r, 7);
    for (int i = 0; i < 2000000; i++) {
        float f = pr_f32_bits((uint32_t)pr_rng_u64(&r));
        if (f != f) continue;
        _Float16 want = (_Float16)f;
        uint16_t w;
        memcpy(&w, &want, 2);
        assert_int_equal(pr_f32_to_f16(f), w);
    }
}

static void bf16_rounds_to_even(void **state) {
    assert_int_equal(pr_f32_to_bf16(1.0f), 0x3f80);
    assert_int_equal(pr_f32_to_bf16(pr_f32_bits(0x3f808000u)), 0x3f80); /* tie, even below */
    assert_int_equal(pr_f32_to_bf16(pr_f32_bits(0x3f818000u)), 0x3f82); /* tie, even above */
    assert_int_equal(pr_f32_to_bf16(pr_f32_bits(0x7f7fffffu)), 0x7f80); /* to infinity */
    float nan = pr_bf16_to_f32(pr_f32_to_bf16(pr_f32_bits(0x7f800001u)));
    assert_true(nan != nan);
}

/* Extremes as the OCP 8-bit specification tabulates them. */
static void f8_matches_specification(void **state) {
    assert_true(pr_f8_e4m3_to_f32(0x7e) == 448.0f);
    assert_true(pr_f8_e4m3_to_f32(0x08) == 0x1p-6f);
    assert_true(pr_f8_e4m3_to_f32(0x01) == 0x1p-9f);
    assert_true(pr_f8_e4m3_to_f32(0xff) != pr_f8_e4m3_to_f32(0xff));
    assert_true(pr_f8_e5m2_to_f32(0x7b) == 57344.0f);
    assert_true(pr_f8_e5m2_to_f32(0x01) == 0x1p-16f);
    assert_true(pr_f8_e5m2_to_f32(0xfc) == -INFINITY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_consistent),
        cmocka_unit_test(f16_agrees_with_compiler),
        cmocka_unit_test(bf16_rounds_to_even),
        cmocka_unit_test(f8_matches_specification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
