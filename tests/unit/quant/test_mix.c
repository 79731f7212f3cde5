/* test_mix.c - the choice of types against llama.cpp's own (vectors/codec/mixes.txt). */
#include <inttypes.h>
#include "check.h"
#include "quant/quant.h"

enum { MAX_TENSORS = 2048, LINE = 16384 };

typedef struct {
    char name[80];
    int64_t cols;
    int layer;
} tensor;

typedef struct {
    pr_mix_shape shape;
    char name[64];
    tensor t[MAX_TENSORS];
    int n;
} model;

static void read_model(model *m, const char *line) {
    int e70, tied;
    memset(m, 0, sizeof *m);
    assert_int_equal(7, sscanf(line, "model %d %d %d %d %d %d %63[^\n]", &m->shape.n_layer,
                               &m->shape.n_head, &m->shape.n_kv, &m->shape.n_expert, &e70,
                               &tied, m->name));
    m->shape.is_70b = e70;
    m->shape.tied = tied;
}

static void read_tensor(model *m, const char *line) {
    tensor *t = &m->t[m->n++];
    assert_true(m->n < MAX_TENSORS);
    assert_int_equal(2, sscanf(line, "tensor %" SCNd64 " %*d %79s", &t->cols, t->name));
    if (sscanf(t->name, "blk.%d.", &t->layer) != 1) t->layer = -1;
    if (pr_mix_weight_of(t->name) == PR_MIX_ATTN_V) m->shape.n_attn_v++;
}

static const pr_mix *mix_of(int ftype) {
    for (int i = 0; pr_mix_at(i); i++)
        if (pr_mix_ftype(pr_mix_at(i)) == ftype) return pr_mix_at(i);
    return NULL;
}

/* One line of the peer's choices; how many differ. */
static int check_mix(const model *m, const char *line) {
    int ftype, at, bad = 0;
    pr_mix_count count = {0};
    const pr_mix *mix;
    assert_int_equal(1, sscanf(line, "mix %d%n", &ftype, &at));
    assert_non_null(mix = mix_of(ftype));
    for (int i = 0; i < m->n; i++) {
        int want, len;
        pr_mix_choice c;
        assert_int_equal(1, sscanf(line + at, "%d%n", &want, &len));
        at += len;
        assert_true(pr_mix_wants(m->t[i].name, 2));
        pr_mix_choose(mix, &m->shape, &count, pr_mix_weight_of(m->t[i].name), m->t[i].layer,
                      m->t[i].cols, &c);
        if (pr_type_get(c.type)->gguf_id == want && c.reason[0]) continue;
        print_error("%s, %s, %s: got %s (%s), llama.cpp %d\n", m->name, pr_mix_name(mix),
                    m->t[i].name, pr_type_get(c.type)->name, c.reason, want);
        bad++;
    }
    return bad;
}

static void peer_choices(void **state) {
    static char line[LINE];
    static model m;
    FILE *f = fopen(check_source("tests/vectors/codec/mixes.txt"), "r");
    int bad = 0, n = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (line[0] == 't') read_tensor(&m, line);
        if (strncmp(line, "mod", 3) == 0) read_model(&m, line);
        if (strncmp(line, "mix", 3) == 0) bad += check_mix(&m, line), n++;
    }
    fclose(f);
    assert_int_equal(n, 12 * 19); /* models × mixes */
    assert_int_equal(bad, 0);
}

static void names(void **state) {
    assert_string_equal("Q4_K_M", pr_mix_name(pr_mix_get("q4_k")));
    assert_string_equal("Q2_K", pr_mix_name(pr_mix_get("Q2_K")));
    assert_null(pr_mix_get("Q9_Z"));
    assert_null(pr_mix_at(-1));
    assert_null(pr_mix_at(100));
    for (int i = 0; pr_mix_at(i); i++)
        assert_ptr_equal(pr_mix_at(i), pr_mix_get(pr_mix_name(pr_mix_at(i))));
}

static void skipped(void **state) {
    assert_false(pr_mix_wants("blk.0.attn_norm.weight", 1));
    assert_false(pr_mix_wants("blk.0.attn_q_norm.weight", 2));
    assert_false(pr_mix_wants("blk.0.ffn_gate_inp.weight", 2));
    assert_false(pr_mix_wants("blk.0.attn_q.bias", 2));
    assert_false(pr_mix_wants("rope_freqs.weight", 1));
    assert_false(pr_mix_wants("", 2));
    assert_true(pr_mix_wants("token_embd.weight", 2));
}

/* llama.cpp's mock models know no importance matrix; these follow its source. */
static void imatrix(void **state) {
    pr_mix_shape s = {
        .n_layer = 16, .n_head = 8, .n_kv = 8, .n_attn_v = 16, .has_imatrix = true};
    pr_mix_count n = {0};
    pr_mix_choice c;
    pr_mix_choose(pr_mix_get("Q4_0"), &s, &n, PR_MIX_FFN_DOWN, 0, 512, &c);
    assert_int_equal(c.type, PR_Q4_1);
    pr_mix_choose(pr_mix_get("IQ4_XS"), &s, &n, PR_MIX_FFN_DOWN, 1, 512, &c);
    assert_int_equal(c.type, PR_IQ4_XS);
    pr_mix_choose(pr_mix_get("Q5_0"), &s, &n, PR_MIX_FFN_DOWN, 2, 512, &c);
    assert_int_equal(c.type, PR_Q5_0);
}

static void reasons(void **state) {
    pr_mix_shape s = {.n_layer = 4, .n_head = 4, .n_kv = 4, .n_attn_v = 4};
    pr_mix_count n = {0};
    pr_mix_choice c;
    pr_mix_choose(pr_mix_get("Q4_K_M"), &s, &n, PR_MIX_FFN_UP, 0, 288, &c);
    assert_int_equal(c.type, PR_Q5_0);
    assert_int_equal(c.wanted, PR_Q4_K);
    assert_string_equal(c.reason,
                        "Q5_0 in place of Q4_K: 288 columns are not whole blocks of 256");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(peer_choices), cmocka_unit_test(names),
                                       cmocka_unit_test(skipped), cmocka_unit_test(imatrix),
                                       cmocka_unit_test(reasons)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
