/* test_container.c - files written by the safetensors and gguf libraries
 * (tests/vectors/format/make.py): element i of every tensor there is i. */
#include "check.h"
#include "format/format.h"

static pr_container *opened(const char *path) {
    pr_container *c;
    pare_err      e = {0};
    CHECK_OK(pr_container_open(&c, path, &e), e);
    return c;
}

static pr_container *golden(const char *rel) {
    char path[256];
    snprintf(path, sizeof path, "tests/golden/%s", rel);
    return opened(check_source(path));
}

static const pr_tensor *tensor(const pr_container *c, const char *name, pr_type type, int n_dims) {
    const pr_tensor *t = pr_container_find(c, name);
    if (!t) fail_msg("no tensor %s", name);
    assert_string_equal(t->name, name);
    assert_int_equal(t->type, type);
    assert_int_equal(t->n_dims, n_dims);
    return t;
}

static double value(const pr_tensor *t, int i) {
    const uint8_t *p = t->data + i * pr_type_get(t->type)->bytes;
    float          f;
    double         d;
    switch (t->type) {
    case PR_F64: return memcpy(&d, p, 8), d;
    case PR_F32: return memcpy(&f, p, 4), f;
    case PR_F16: return pr_f16_to_f32(pr_le16(p));
    case PR_BF16: return pr_bf16_to_f32(pr_le16(p));
    case PR_F8_E4M3: return pr_f8_e4m3_to_f32(*p);
    case PR_F8_E5M2: return pr_f8_e5m2_to_f32(*p);
    case PR_I64:
    case PR_U64: return (double)pr_le64(p);
    case PR_I32:
    case PR_U32: return pr_le32(p);
    case PR_I16:
    case PR_U16: return pr_le16(p);
    case PR_BOOL: return *p ? i : i - i % 2; /* true where i is odd */
    default: return *p;
    }
}

static void safetensors_types(void **state) {
    static const struct { const char *name; pr_type type; } all[] = {
        {"t.f64", PR_F64}, {"t.f32", PR_F32}, {"t.f16", PR_F16}, {"t.bf16", PR_BF16},
        {"t.f8_e4m3", PR_F8_E4M3}, {"t.f8_e5m2", PR_F8_E5M2}, {"t.i64", PR_I64}, {"t.i32", PR_I32},
        {"t.i16", PR_I16}, {"t.i8", PR_I8}, {"t.u8", PR_U8}, {"t.u16", PR_U16}, {"t.u32", PR_U32},
        {"t.u64", PR_U64}, {"t.bool", PR_BOOL}};
    pr_container *c = golden("safetensors/valid/types.safetensors");
    assert_int_equal(pr_container_count(c), PR_COUNT(all));
    assert_int_equal(pr_container_kind_of(c), PR_SAFETENSORS);
    for (size_t k = 0; k < PR_COUNT(all); k++) {
        const pr_tensor *t = tensor(c, all[k].name, all[k].type, 2);
        assert_int_equal(t->dim[0], 2);
        assert_int_equal(t->dim[1], 3);
        assert_int_equal(pr_tensor_count(t), 6);
        for (int i = 0; i < 6; i++) assert_true(value(t, i) == i);
    }
    const pr_meta *m = pr_container_meta_find(c, "note");
    assert_non_null(m);
    assert_string_equal(m->v.s, "gr\u00fc\u00dfe \"quoted\"");
    assert_null(pr_container_find(c, "t.f6"));
    assert_null(pr_container_note(c));
    pr_container_close(c);
}

static void safetensors_shapes(void **state) {
    pr_container *c = golden("safetensors/valid/shapes.safetensors");
    assert_int_equal(pr_tensor_count(tensor(c, "scalar", PR_F32, 0)), 1);
    assert_int_equal(tensor(c, "empty", PR_F32, 2)->bytes, 0);
    assert_int_equal(tensor(c, "deep", PR_I8, 8)->dim[7], 2);
    pr_container_close(c);
    c = golden("safetensors/valid/none.safetensors");
    assert_int_equal(pr_container_count(c), 0);
    pr_container_close(c);
}

static void safetensors_folders(void **state) {
    pr_container *c = golden("safetensors/valid/shards");
    assert_int_equal(pr_container_files(c), 2);
    assert_true(value(tensor(c, "b", PR_F16, 2), 3) == 3);
    const pr_tensor *t = tensor(c, "c", PR_BF16, 1);
    assert_int_equal(t->file, 1);
    assert_true(value(t, 2) == 2);
    assert_string_equal(pr_path_base(pr_container_path(c, t->file)),
                        "model-00002-of-00002.safetensors");
    assert_int_equal(pr_container_bytes(c), 278);
    pr_container_close(c);
    c = golden("safetensors/valid/both");
    tensor(c, "single", PR_F32, 1);
    assert_non_null(strstr(pr_container_note(c), "left aside"));
    pr_container_close(c);
}

static void gguf_tensors(void **state) {
    static const char *const files[] = {"gguf/valid/plain-v3.gguf", "gguf/valid/plain-v2.gguf",
                                        "gguf/valid/align64.gguf"};
    static const struct { const char *name; pr_type type; } all[] = {
        {"t.f32", PR_F32}, {"t.f16", PR_F16}, {"t.f64", PR_F64}, {"t.i8", PR_I8}, {"t.i16", PR_I16},
        {"t.i32", PR_I32}, {"t.i64", PR_I64}};
    for (int f = 0; f < 3; f++) {
        pr_container *c = golden(files[f]);
        assert_int_equal(pr_gguf_version(c), f == 1 ? 2 : 3);
        assert_int_equal(pr_gguf_alignment(c), f == 2 ? 64 : 32);
        for (size_t k = 0; k < PR_COUNT(all); k++) {
            const pr_tensor *t = tensor(c, all[k].name, all[k].type, 2);
            assert_true(t->dim[0] == 2 && t->dim[1] == 3);
            assert_int_equal(t->offset % pr_gguf_alignment(c), 0);
            for (int i = 0; i < 6; i++) assert_true(value(t, i) == i);
        }
        const pr_tensor *cube = tensor(c, "t.cube", PR_F32, 3);
        assert_true(cube->dim[0] == 2 && cube->dim[1] == 3 && cube->dim[2] == 4 &&
                    value(cube, 23) == 23);
        pr_container_close(c);
    }
}

static void gguf_quants(void **state) {
    pr_container *c = golden("gguf/valid/quants.gguf");
    assert_int_equal(pr_container_count(c), 21);
    for (size_t i = 0; i < pr_container_count(c); i++) {
        const pr_tensor    *t = pr_container_at(c, i);
        const pr_type_info *ti = pr_type_get(t->type);
        assert_string_equal(t->name + 2, ti->name);
        assert_int_equal(t->bytes, 2 * ti->bytes);
        assert_true(t->dim[0] == 2 && t->dim[1] == (uint64_t)ti->block);
        for (int b = 0; b < 2 * ti->bytes; b++) assert_int_equal(t->data[b], b % 251);
    }
    pr_container_close(c);
}

static void gguf_keys(void **state) {
    pr_container *c = golden("gguf/valid/keys.gguf");
    pare_err      e = {0};
    uint32_t      u;
    int64_t       i;
    double        d;
    bool          b;
    pr_str        s;
    uint64_t      big;
    const pr_meta *m;
    CHECK_OK(pr_gguf_get_u32(c, "k.u8", &u, &e), e);
    assert_int_equal(u, 200);
    CHECK_OK(pr_gguf_get_u32(c, "k.u32", &u, &e), e);
    assert_true(u == 4000000000u);
    CHECK_OK(pr_gguf_get_i64(c, "k.i8", &i, &e), e);
    assert_int_equal(i, -100);
    CHECK_OK(pr_gguf_get_i64(c, "k.i16", &i, &e), e);
    assert_int_equal(i, -30000);
    CHECK_OK(pr_gguf_get_i64(c, "k.u16", &i, &e), e);
    assert_int_equal(i, 60000);
    CHECK_OK(pr_gguf_get_i64(c, "k.i64", &i, &e), e);
    assert_true(i == -(INT64_C(1) << 62));
    assert_true(pr_meta_u64(pr_container_meta_find(c, "k.u64"), &big) &&
                big == (UINT64_C(1) << 63) + 5);
    CHECK_OK(pr_gguf_get_f64(c, "k.f32", &d, &e), e);
    assert_true(d == (double)0.1f);
    CHECK_OK(pr_gguf_get_f64(c, "k.f64", &d, &e), e);
    assert_true(d == 0.1);
    CHECK_OK(pr_gguf_get_f64(c, "k.i32", &d, &e), e);
    assert_true(d == -2e9);
    CHECK_OK(pr_gguf_get_bool(c, "k.bool", &b, &e), e);
    assert_true(b);
    CHECK_OK(pr_gguf_get_str(c, "k.str", &s, &e), e);
    assert_true(pr_str_eq(s, PR_STR("gr\u00fc\u00dfe")));
    CHECK_OK(pr_gguf_get_arr(c, "k.strs", PR_META_STR, &m, &e), e);
    assert_true(m->n == 3 && pr_meta_arr_str(m, 2, &s) && pr_str_eq(s, PR_STR("\u4e09")));
    assert_false(pr_meta_arr_str(m, 3, &s));
    CHECK_OK(pr_gguf_get_arr(c, "k.ints", PR_META_I32, &m, &e), e);
    assert_true(pr_meta_arr_i64(m, 1, &i) && i == -2);
    CHECK_OK(pr_gguf_get_arr(c, "k.floats", PR_META_F32, &m, &e), e);
    assert_true(pr_meta_arr_f64(m, 1, &d) && d == -1.5);
    m = pr_container_meta_find(c, "k.nested");
    assert_true(m && m->elem == PR_META_ARR && m->n == 2);
    assert_true(pr_meta_arr_i64(&m->v.arr[1], 0, &i) && i == 3);
    m = pr_container_meta_find(c, "k.bytes");
    assert_true(m && m->n == 3 && m->v.raw[2] == 0xff);
    assert_string_equal(pr_container_meta_at(c, 0)->key, "general.architecture");
    /* What does not fit is refused by name; what lacks may have a default. */
    assert_int_equal(pr_gguf_get_u32(c, "k.i8", &u, &e), PARE_EINPUT);
    assert_string_equal(
        e.msg, "key 'k.i8': found -100 (int8), expected an integer of 0 to 4294967295");
    assert_int_equal(pr_gguf_get_u32(c, "k.f32", &u, &e), PARE_EINPUT);
    assert_int_equal(pr_gguf_get_u32(c, "k.none", &u, &e), PARE_EINPUT);
    assert_int_equal(pr_gguf_get_i64(c, "k.u64", &i, &e), PARE_EINPUT);
    CHECK_OK(pr_gguf_opt_u32(c, "k.none", 7, &u, &e), e);
    assert_int_equal(u, 7);
    pr_container_close(c);
}

static void gguf_split(void **state) {
    pr_container *c = golden("gguf/valid/split-00001-of-00002.gguf");
    assert_int_equal(pr_container_files(c), 2);
    assert_int_equal(tensor(c, "part1", PR_F32, 1)->file, 1);
    assert_true(value(tensor(c, "part1", PR_F32, 1), 3) == 3);
    pr_container_close(c);
}

static void shipped_model(void **state) {
    pr_container *c = opened(check_source("models/austen-3.7m"));
    assert_non_null(pr_container_find(c, "model.norm.weight"));
    pr_container_close(c);
}

static void stories(void **state) {
    CHECK_SHARED(gg, "models/stories260K/stories260K-f32.gguf");
    CHECK_SHARED(hf, "models/stories260K/hf");
    pr_container *a = opened(gg), *b = opened(hf);
    const pr_tensor *x = pr_container_find(a, "token_embd.weight");
    const pr_tensor *y = pr_container_find(b, "model.embed_tokens.weight");
    assert_true(x && y && x->dim[0] == y->dim[0] && x->dim[1] == y->dim[1]);
    if (x->type == y->type) assert_memory_equal(x->data, y->data, x->bytes);
    pr_container_close(a);
    pr_container_close(b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(safetensors_types), cmocka_unit_test(safetensors_shapes),
        cmocka_unit_test(safetensors_folders), cmocka_unit_test(gguf_tensors),
        cmocka_unit_test(gguf_quants), cmocka_unit_test(gguf_keys), cmocka_unit_test(gguf_split),
        cmocka_unit_test(shipped_model), cmocka_unit_test(stories)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
