/* test_token_gguf.c - vocabularies of GGUF files: llama.cpp's own ids for its texts,
 * and what is written compared with what llama.cpp's converter wrote. */
#include "check.h"
#include "format/format.h"
#include "token/token.h"

static const struct {
    pr_special  role;
    const char *key;
} roles[] = {{PR_SPECIAL_BOS, "bos"}, {PR_SPECIAL_EOS, "eos"}, {PR_SPECIAL_UNK, "unknown"},
             {PR_SPECIAL_PAD, "padding"}};

static int flag(const pr_container *c, const char *key) {
    bool v = false;
    if (!pr_container_meta_find(c, key)) return -1;
    assert_int_equal(pr_gguf_get_bool(c, key, &v, NULL), PARE_OK);
    return v;
}

static pr_tokenizer *open_gguf(const char *path) {
    pr_container  *c;
    pr_tokenizer  *t;
    const pr_meta *tokens, *scores, *types, *merges;
    pr_gguf_vocab  g = pr_gguf_vocab_none();
    pare_err       e = {0};
    CHECK_OK(pr_container_open(&c, path, &e), e);
    CHECK_OK(pr_gguf_get_str(c, "tokenizer.ggml.model", &g.model, &e), e);
    CHECK_OK(pr_gguf_opt_str(c, "tokenizer.ggml.pre", &g.pre, &e), e);
    CHECK_OK(pr_gguf_get_arr(c, "tokenizer.ggml.tokens", PR_META_STR, &tokens, &e), e);
    CHECK_OK(pr_gguf_opt_arr(c, "tokenizer.ggml.scores", PR_META_F32, &scores, &e), e);
    CHECK_OK(pr_gguf_opt_arr(c, "tokenizer.ggml.token_type", PR_META_I32, &types, &e), e);
    CHECK_OK(pr_gguf_opt_arr(c, "tokenizer.ggml.merges", PR_META_STR, &merges, &e), e);
    pr_str *text = calloc(tokens->n, sizeof *text),
           *pair = calloc(merges ? merges->n : 1, sizeof *pair);
    float   *score = calloc(tokens->n, sizeof *score);
    int32_t *type = calloc(tokens->n, sizeof *type);
    for (uint64_t i = 0; i < tokens->n; i++) {
        double  s = 0;
        int64_t k = 1;
        pr_meta_arr_str(tokens, i, &text[i]);
        if (scores) pr_meta_arr_f64(scores, i, &s);
        if (types) pr_meta_arr_i64(types, i, &k);
        score[i] = (float)s;
        type[i] = (int32_t)k;
    }
    for (uint64_t i = 0; merges && i < merges->n; i++) pr_meta_arr_str(merges, i, &pair[i]);
    g.tokens = text;
    g.n_tokens = tokens->n;
    g.types = type;
    g.scores = scores ? score : NULL;
    g.merges = merges ? pair : NULL;
    g.n_merges = merges ? merges->n : 0;
    for (size_t i = 0; i < PR_COUNT(roles); i++) {
        char key[64];
        snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id", roles[i].key);
        CHECK_OK(pr_gguf_opt_i64(c, key, -1, &g.role[roles[i].role], &e), e);
    }
    g.add_bos = flag(c, "tokenizer.ggml.add_bos_token");
    g.add_eos = flag(c, "tokenizer.ggml.add_eos_token");
    g.add_space_prefix = flag(c, "tokenizer.ggml.add_space_prefix");
    CHECK_OK(pr_tokenizer_from_gguf(&t, &g, &e), e);
    free(text);
    free(pair);
    free(score);
    free(type);
    pr_container_close(c);
    return t;
}

static char *slurp(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s", path);
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*n + 1);
    assert_int_equal(fread(p, 1, *n, f), *n);
    p[*n] = 0;
    fclose(f);
    return p;
}

static void check_one(const pr_tokenizer *t, const char *name, int k, const char *text, size_t n,
                      const char *row) {
    pr_ids   ids = {0};
    pare_err e = {0};
    CHECK_OK(pr_encode(t, text, n, 0, &ids, &e), e);
    size_t i = 0;
    while (*row == ' ') row++;
    while (*row && *row != '\n') {
        char *end;
        long  want = strtol(row, &end, 10);
        if (i >= ids.n || ids.p[i] != want)
            fail_msg("%s: text %d, id %zu, expected %ld", name, k, i, want);
        row = end;
        while (*row == ' ') row++;
        i++;
    }
    assert_int_equal(i, ids.n);
    pr_ids_done(&ids);
}

/* 46 texts, each ended by its own line, and a line of ids for each. */
static void check_vectors(const char *name) {
    char rel[128], inp[160], out[160];
    snprintf(rel, sizeof rel, "data/tokenizer-vectors/ggml-vocab-%s.gguf", name);
    snprintf(inp, sizeof inp, "%s.inp", rel);
    snprintf(out, sizeof out, "%s.out", rel);
    CHECK_SHARED(path, rel);
    size_t        n, m;
    pr_tokenizer *t = open_gguf(path);
    char         *texts = slurp(check_shared(inp), &n), *rows = slurp(check_shared(out), &m);
    static const char mark[] = "\n__ggml_vocab_test__\n";
    const char *p = texts, *row = rows;
    int         k = 0;
    for (char *end; (end = strstr(p, mark)) != NULL; p = end + sizeof mark - 1, k++) {
        check_one(t, name, k, p, (size_t)(end - p), row);
        row = strchr(row, '\n');
        row = row ? row + 1 : "";
    }
    assert_int_equal(k, 46);
    free(texts);
    free(rows);
    pr_tokenizer_close(t);
}

static void test_gpt2(void **state) { check_vectors("gpt-2"); }
static void test_starcoder(void **state) { check_vectors("starcoder"); }
static void test_llama_spm(void **state) { check_vectors("llama-spm"); }
static void test_phi3(void **state) { check_vectors("phi-3"); }

static void hash_strings(const pr_str *s, uint64_t n, char hex[65]) {
    pr_sha256_ctx *c = pr_sha256_new();
    for (uint64_t i = 0; i < n; i++) {
        uint64_t len = s[i].n;
        pr_sha256_add(c, &len, 8);
        pr_sha256_add(c, s[i].p, s[i].n);
    }
    pr_sha256 h = pr_sha256_end(c);
    pr_sha256_hex(&h, hex);
}

/* The hash that the converter's array has, from the table of tests/vectors/convert. */
static void expect_hash(const char *meta, const char *key, const char *hex) {
    char *line = strstr(meta, key);
    if (!line) fail_msg("no %s in the table", key);
    char *end = strchr(line, '\n');
    if (strncmp(end - 64, hex, 64) != 0)
        fail_msg("%s: %s, the converter's is %.64s", key, hex, end - 64);
}

static void check_written(const char *dir, const char *table, uint64_t rows) {
    pr_tokenizer *t;
    pare_err      e = {0};
    pr_gguf_vocab g;
    char          hex[65];
    size_t        n;
    pr_arena     *a = pr_arena_new(64 << 20);
    CHECK_OK(pr_tokenizer_open(&t, dir, &e), e);
    CHECK_OK(pr_tokenizer_to_gguf(t, rows, a, &g, &e), e);
    char *meta = slurp(check_source(table), &n);
    hash_strings(g.tokens, g.n_tokens, hex);
    expect_hash(meta, "tokenizer.ggml.tokens", hex);
    pr_sha256 h = pr_sha256_of(g.types, g.n_tokens * 4);
    pr_sha256_hex(&h, hex);
    expect_hash(meta, "tokenizer.ggml.token_type", hex);
    if (g.merges) {
        hash_strings(g.merges, g.n_merges, hex);
        expect_hash(meta, "tokenizer.ggml.merges", hex);
    }
    for (size_t i = 0; i < PR_COUNT(roles); i++) {
        char key[80];
        snprintf(key, sizeof key, "tokenizer.ggml.%s_token_id\tu32\t", roles[i].key);
        char *line = strstr(meta, key);
        if (line) assert_int_equal(strtol(line + strlen(key), NULL, 10), g.role[roles[i].role]);
    }
    static const char *const flags[] = {"bos", "eos", "sep"};
    const int value[] = {g.add_bos, g.add_eos, g.add_sep};
    for (int i = 0; i < 3; i++) {
        char key[64];
        snprintf(key, sizeof key, "tokenizer.ggml.add_%s_token\tbool\t", flags[i]);
        char *line = strstr(meta, key);
        assert_int_equal(!line ? -1 : line[strlen(key)] == 't', value[i]);
    }
    free(meta);
    pr_arena_free(a);
    pr_tokenizer_close(t);
}

static void test_write_austen(void **state) {
    check_written(check_source("models/austen-3.7m"),
                  "tests/vectors/convert/austen-3.7m-f32.meta.tsv", 2048);
}

static void test_write_stories(void **state) {
    CHECK_SHARED(dir, "models/stories260K/hf");
    check_written(dir, "tests/vectors/convert/stories260K-f32.meta.tsv", 512);
}

/* Written and read again it encodes the same, though one merges by rank and the
 * other by score. */
static void check_again(const pr_tokenizer *t) {
    static const char *const texts[] = {"Once upon a time, there was a little girl.",
                                        "  two  spaces ", "caf\xC3\xA9 \xF0\x9F\x98\x80\n\nx",
                                        "aaaaaaaaaaaaaaaa", ""};
    pr_arena     *a = pr_arena_new(64 << 20);
    pr_gguf_vocab g;
    pr_tokenizer *back;
    pare_err      e = {0};
    CHECK_OK(pr_tokenizer_to_gguf(t, pr_tokenizer_size(t) + 5, a, &g, &e), e);
    assert_memory_equal(g.tokens[pr_tokenizer_size(t)].p, "[PAD", 4);
    CHECK_OK(pr_tokenizer_from_gguf(&back, &g, &e), e);
    for (size_t i = 0; i < PR_COUNT(texts); i++) {
        pr_ids x = {0}, y = {0};
        CHECK_OK(pr_encode(t, texts[i], strlen(texts[i]), PR_ENCODE_ADD, &x, &e), e);
        CHECK_OK(pr_encode(back, texts[i], strlen(texts[i]), PR_ENCODE_ADD, &y, &e), e);
        assert_int_equal(x.n, y.n);
        if (x.n) assert_memory_equal(x.p, y.p, x.n * sizeof *x.p);
        pr_ids_done(&x);
        pr_ids_done(&y);
    }
    pr_tokenizer_close(back);
    pr_arena_free(a);
}

static void test_again(void **state) {
    pr_tokenizer *t;
    pare_err      e = {0};
    CHECK_OK(pr_tokenizer_open(&t, check_source("models/austen-3.7m"), &e), e);
    check_again(t);
    pr_tokenizer_close(t);
    CHECK_SHARED(dir, "models/stories260K/hf");
    CHECK_OK(pr_tokenizer_open(&t, dir, &e), e);
    check_again(t);
    pr_tokenizer_close(t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gpt2),         cmocka_unit_test(test_starcoder),
        cmocka_unit_test(test_llama_spm),    cmocka_unit_test(test_phi3),
        cmocka_unit_test(test_write_austen), cmocka_unit_test(test_write_stories),
        cmocka_unit_test(test_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
