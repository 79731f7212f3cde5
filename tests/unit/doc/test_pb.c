/* test_pb.c - protobuf's wire format: the examples of its own documentation
 * (protobuf.dev, "Encoding"), and bytes that must be refused. */
#include "check.h"
#include "doc/doc.h"

static void documented_examples(void **state) {
    static const uint8_t msg[] = {
        0x08, 0x96, 0x01,                                    /* 1: 150 */
        0x12, 7,    't',  'e',  's',  't',  'i',  'n',  'g', /* 2: "testing" */
        0x32, 6,    0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05,      /* 6: 3, 270, 86942 */
        0x1d, 0,    0,    0x80, 0x3f, 0x21, 0,    0,    0,   0, 0, 0, 0xf8, 0x3f};
    pr_pb       r = pr_pb_of(msg, sizeof msg);
    pr_pb_field f;
    pare_err    e = {0};
    uint64_t    u;
    CHECK_OK(pr_pb_next(&r, &f, &e), e);
    assert_true(f.no == 1 && f.wire == PR_PB_VARINT && f.u == 150);
    CHECK_OK(pr_pb_next(&r, &f, &e), e);
    assert_true(f.no == 2 && pr_str_eq(f.bytes, PR_STR("testing")) &&
                f.bytes.p == (const char *)msg + 5);
    CHECK_OK(pr_pb_next(&r, &f, &e), e);
    pr_pb packed = pr_pb_of(f.bytes.p, f.bytes.n);
    assert_true(pr_pb_varint(&packed, &u) && u == 3);
    assert_true(pr_pb_varint(&packed, &u) && u == 270);
    assert_true(pr_pb_varint(&packed, &u) && u == 86942);
    assert_false(pr_pb_varint(&packed, &u));
    CHECK_OK(pr_pb_next(&r, &f, &e), e);
    assert_true(f.no == 3 && pr_pb_float(&f) == 1);
    CHECK_OK(pr_pb_next(&r, &f, &e), e);
    assert_true(f.no == 4 && pr_pb_double(&f) == 1.5);
    CHECK_OK(pr_pb_next(&r, &f, &e), e);
    assert_int_equal(f.no, 0);
    assert_true(pr_pb_zigzag(1) == -1 && pr_pb_zigzag(4294967294u) == 2147483647);
    assert_true(pr_pb_zigzag(UINT64_MAX) == INT64_MIN);
}

static void hostile_bytes(void **state) {
    static const struct { uint8_t n, b[12]; } bad[] = {
        {1, {0x08}}, {2, {0x08, 0x80}}, {2, {0x12, 5}}, {1, {0x80}}, {2, {0x00, 1}}, {1, {0x0b}},
        {3, {0x0d, 1, 2}}, {3, {0x09, 1, 2}}, {1, {0x0e}},
        {11, {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}},
        {11, {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}}};
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pr_pb       r = pr_pb_of(bad[i].b, bad[i].n);
        pr_pb_field f;
        pare_err    e = {0};
        assert_int_equal(pr_pb_next(&r, &f, &e), PARE_EINPUT);
        assert_int_equal(f.no, 0);
        assert_int_equal(e.pos, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(documented_examples),
                                       cmocka_unit_test(hostile_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
