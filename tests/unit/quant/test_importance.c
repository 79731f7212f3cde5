/* test_importance.c - importances: against llama-imatrix's own file, a direct computation and
 * themselves for other threads; the file read and written; texts that will not do. */
#include "check.h"
#include "quant/quant.h"

enum { ARENA = 64 << 20, HEAD = 4096, WINDOW = 64 };

static pr_model *open_model(void) {
    pr_model *m;
    pare_err  e = {0};
    CHECK_OK(pr_model_open(&m, check_source("models/austen-3.7m"), &e), e);
    return m;
}

/* The first bytes of the training text, as tests/vectors/calib/make.py takes them. */
static pr_str head_of_text(char buf[HEAD]) {
    FILE *f = fopen(check_source("models/austen-3.7m/text/train.txt"), "rb");
    assert_non_null(f);
    assert_int_equal(fread(buf, 1, HEAD, f), HEAD);
    fclose(f);
    return (pr_str){buf, HEAD};
}

static pr_calib *run(const pr_model *m, int threads, bool no_head, pr_arena *a) {
    char          buf[HEAD];
    pare_err      e = {0};
    pare_ctl      ctl = {.n_threads = threads};
    pr_calib_text t;
    pr_calib     *c;
    pr_calib_opts o = {.window = WINDOW, .no_head = no_head, .dataset = "text.txt"};
    CHECK_OK(pr_calib_text_cut(&t, m, head_of_text(buf), &o, &ctl, a, &e), e);
    CHECK_OK(pr_calib_run(&c, m, &t, &o, &ctl, a, &e), e);
    return c;
}

/* llama.cpp adds 1088 squares in float, one after the other: each step rounds to 2^-24 of a sum
 * that is at most the last, so sums stray by at most 1088 · 2^-24 = 6.5e-5 of themselves. The
 * inputs' own sums run in another order over at most 768 terms, four layers deep: the same again is
 * allowed. */
static void as_llama_imatrix(void **state) {
    const double bound = 2 * 1088 * 0x1p-24;
    pare_err     e = {0};
    pr_arena    *a = pr_arena_new(ARENA);
    pr_model    *m = open_model();
    pr_calib    *theirs, *ours = run(m, 2, true, a);
    CHECK_OK(pr_imatrix_read(&theirs, check_source("tests/vectors/calib/austen.imatrix.gguf"), a,
                             &e),
             e);
    assert_int_equal(pr_calib_count(ours), pr_calib_count(theirs));
    double worst = 0;
    for (int i = 0; i < pr_calib_count(theirs); i++) {
        const char *name, *name2;
        int64_t     cols, tokens, cols2, tokens2;
        pr_calib_at(theirs, i, &name, &cols, &tokens);
        pr_calib_at(ours, i, &name2, &cols2, &tokens2);
        assert_string_equal(name, name2);
        assert_int_equal(cols, cols2);
        assert_int_equal(tokens, tokens2);
        const float *x = pr_calib_mean2_at(theirs, i), *y = pr_calib_mean2_at(ours, i);
        for (int64_t j = 0; j < cols; j++)
            worst = PR_MAX(worst, fabs((double)x[j] - y[j]) / (double)x[j]);
    }
    print_message("largest relative difference %.2g of %.2g allowed\n", worst, bound);
    assert_true(worst <= bound);
    pr_model_close(m);
    pr_arena_free(a);
}

/* What the first layer's query, key and value see needs no engine: embedding, norm. */
static void as_computed_here(void **state) {
    pr_arena     *a = pr_arena_new(ARENA);
    pr_model     *m = open_model();
    pr_calib     *c = run(m, 2, true, a);
    char          buf[HEAD];
    pr_ids        ids = {0};
    pare_err      e = {0};
    const float  *got = pr_calib_of(c, "blk.0.attn_q.weight", 256);
    const pr_kernels *k = pr_kernels_get(0);
    const pr_weight  *emb = &m->weights[pr_model_weight(m, PR_ROLE_TOKEN_EMBD, -1)];
    const pr_weight  *norm = &m->weights[pr_model_weight(m, PR_ROLE_ATTN_NORM, 0)];
    double sum[256] = {0};
    float  x[256], w[256];
    pr_str text = head_of_text(buf);
    CHECK_OK(pr_encode(m->tok, text.p, text.n, PR_ENCODE_ADD, &ids, &e), e);
    pr_weight_decode(norm, k, 0, 1, w);
    int64_t n = (int64_t)ids.n / WINDOW * WINDOW;
    for (int64_t t = 0; t < n; t++) {
        double ms = 0;
        pr_weight_decode(emb, k, ids.p[t], 1, x);
        for (int j = 0; j < 256; j++) ms += (double)x[j] * x[j] / 256;
        for (int j = 0; j < 256; j++) {
            double v = (double)x[j] / sqrt(ms + (double)m->hp.rms_eps) * (double)w[j];
            sum[j] += v * v / (double)n;
        }
    }
    assert_non_null(got);
    /* The engine's norm is float: a few roundings of 2^-24 each, squared. */
    for (int j = 0; j < 256; j++)
        assert_true(fabs((double)got[j] - sum[j]) <= 16 * 0x1p-24 * sum[j]);
    assert_ptr_equal(got, pr_calib_of(c, "blk.0.attn_k.weight", 256)); /* one input, one vector */
    assert_null(pr_calib_of(c, "blk.0.attn_q.weight", 255));
    assert_null(pr_calib_of(c, "blk.9.attn_q.weight", 256));
    assert_null(pr_calib_of(c, "token_embd.weight", 256)); /* no_head */
    pr_ids_done(&ids);
    pr_model_close(m);
    pr_arena_free(a);
}

static void same_for_any_threads(void **state) {
    pr_arena *a = pr_arena_new(ARENA);
    pr_model *m = open_model();
    pr_calib *c[3];
    for (int i = 0; i < 3; i++) c[i] = run(m, i + 1, false, a);
    assert_int_equal(pr_calib_count(c[0]), 29); /* 4 layers of 7, and the tied head */
    for (int i = 0; i < pr_calib_count(c[0]); i++) {
        const char *name;
        int64_t     cols, tokens;
        pr_calib_at(c[0], i, &name, &cols, &tokens);
        for (int k = 1; k < 3; k++)
            assert_memory_equal(pr_calib_mean2_at(c[0], i), pr_calib_mean2_at(c[k], i),
                                (size_t)cols * sizeof(float));
    }
    assert_non_null(pr_calib_of(c[0], "token_embd.weight", 256));
    pr_model_close(m);
    pr_arena_free(a);
}

/* Written as llama-imatrix writes it: keys, names, order. Sums alone differ (see above). */
static void file_is_theirs(void **state) {
    const char *dir = check_scratch();
    char        path[600];
    pare_err    e = {0};
    pr_arena   *a = pr_arena_new(ARENA);
    pr_model   *m = open_model();
    pr_calib   *c = run(m, 1, true, a), *back;
    pr_container *x, *y;
    snprintf(path, sizeof path, "%s/i.gguf", dir);
    CHECK_OK(pr_imatrix_write(c, path, &e), e);
    CHECK_OK(pr_imatrix_read(&back, path, a, &e), e);
    for (int i = 0; i < pr_calib_count(c); i++) {
        const char *name;
        int64_t     cols, tokens;
        pr_calib_at(c, i, &name, &cols, &tokens);
        const float *p = pr_calib_mean2_at(c, i), *q = pr_calib_of(back, name, cols);
        /* A mean, its sum as float, and the mean of that: one rounding more. */
        for (int64_t j = 0; j < cols; j++)
            assert_true(fabs((double)p[j] - q[j]) <= 0x1p-22 * (double)p[j]);
    }
    CHECK_OK(pr_container_open(&x, path, &e), e);
    CHECK_OK(pr_container_open(&y, check_source("tests/vectors/calib/austen.imatrix.gguf"), &e), e);
    assert_int_equal(pr_container_bytes(x), pr_container_bytes(y));
    assert_int_equal(pr_container_meta_count(x), pr_container_meta_count(y));
    for (size_t i = 0; i < pr_container_meta_count(y); i++)
        assert_string_equal(pr_container_meta_at(x, i)->key, pr_container_meta_at(y, i)->key);
    for (size_t i = 0; i < pr_container_count(y); i++)
        assert_string_equal(pr_container_at(x, i)->name, pr_container_at(y, i)->name);
    pr_container_close(x);
    pr_container_close(y);
    pr_model_close(m);
    pr_arena_free(a);
    check_scratch_remove(dir);
}

static void bad_texts(void **state) {
    static const struct {
        const char *text;
        size_t      n;
        int64_t     pos;
        const char *says;
    } bad[] = {
        {"", 0, 0, "empty"},
        {"It is a truth \xff universally", 26, 14, "not UTF-8"},
        {"It is a truth universally acknowledged.", 39, -1, "expected 64 or more"},
    };
    pr_arena     *a = pr_arena_new(ARENA);
    pr_model     *m = open_model();
    pr_calib_text t;
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pare_err e = {0};
        assert_int_equal(pr_calib_text_cut(&t, m, (pr_str){bad[i].text, bad[i].n},
                                           &(pr_calib_opts){0}, NULL, a, &e),
                         PARE_EINPUT);
        assert_int_equal(e.pos, bad[i].pos);
        assert_non_null(strstr(e.msg, bad[i].says));
    }
    char     buf[HEAD];
    pare_err e = {0};
    assert_int_equal(pr_calib_text_cut(&t, m, head_of_text(buf), &(pr_calib_opts){.window = 9999},
                                       NULL, a, &e),
                     PARE_EUSAGE);
    /* Few of many windows are taken evenly; the first among them. */
    e = (pare_err){0};
    CHECK_OK(pr_calib_text_cut(&t, m, head_of_text(buf),
                               &(pr_calib_opts){.window = 64, .max_tokens = 256}, NULL, a, &e),
             e);
    assert_int_equal(t.n_windows, 4);
    assert_int_equal(t.n_all / 64, 17);
    pr_model_close(m);
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_llama_imatrix), cmocka_unit_test(as_computed_here),
        cmocka_unit_test(same_for_any_threads), cmocka_unit_test(file_is_theirs),
        cmocka_unit_test(bad_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
