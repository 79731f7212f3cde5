/* test_arch_vectors.c - every architecture and every scaling of positions against the logits
 * that transformers computes in float32 (tests/vectors/arch, README.md there).
 *
 * Bound: 1e-4 of the largest |logit|, as the project promises; transformers itself differs from
 * exact arithmetic by up to 6e-6 on these models (column f32_floor). */
#include "check.h"
#include "engine/engine.h"

typedef struct {
    char  name[64], expect[64], steps[8];
    int   tokens, vocab;
    float max_logit;
} vec;

static void *read_all(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = pr_calloc(*n + 1, 1);
    assert_int_equal(fread(p, 1, *n, f), *n);
    fclose(f);
    return p;
}

static const char *case_path(const char *name, const char *tail) {
    static char rel[256];
    snprintf(rel, sizeof rel, "tests/vectors/arch/%s%s", name, tail);
    return check_source(rel);
}

static int read_ids(const char *name, pr_id *ids) {
    FILE *f = fopen(case_path(name, ".ids"), "r");
    int   n = 0, id;
    assert_non_null(f);
    while (n < 512 && fscanf(f, "%d", &id) == 1) ids[n++] = id;
    fclose(f);
    return n;
}

static float worst(const float *got, const float *want, size_t n) {
    float w = 0;
    for (size_t i = 0; i < n; i++) {
        float d = fabsf(got[i] - want[i]);
        if (!(d <= w)) w = d;
    }
    return w;
}

/* Largest difference over all positions, in batches of `batch`; `split`: first a prefill of 40,
 * then single steps. */
static float run(const vec *v, const pr_model *m, pr_session_opts o, bool split,
                 const float *want) {
    pr_session *s;
    pare_err    e = {0};
    pr_id       ids[512];
    int         n = read_ids(v->expect, ids);
    float       w = 0;
    assert_int_equal(n, v->tokens);
    o.all_logits = true;
    o.n_ctx = n;
    CHECK_OK(pr_session_new(&s, m, &o, &e), e);
    for (int at = 0; at < n;) {
        int k = split ? (at < 40 ? 40 : 1) : n;
        pr_session_expect(s, at + k);
        for (int end = at + k, b; at < end; at += b) {
            b = PR_MIN(end - at, o.n_batch ? o.n_batch : 64);
            CHECK_OK(pr_session_eval(s, ids + at, b, &e), e);
            for (int i = 0; i < b; i++) {
                size_t row = (size_t)(at + i) * (size_t)v->vocab;
                float  d = worst(pr_session_logits(s, i), want + row, (size_t)v->vocab);
                if (!(d <= w)) w = d;
            }
        }
    }
    pr_session_free(s);
    return w;
}

static void check_case(const vec *v, int *done) {
    pare_err  e = {0};
    pr_model *m;
    size_t    n_want, n_steps = 0;
    CHECK_OK(pr_model_open(&m, case_path(v->name, ""), &e), e);
    assert_int_equal(m->hp.n_vocab, v->vocab);
    float *want = read_all(case_path(v->expect, ".logits"), &n_want);
    float *steps =
        strcmp(v->steps, "-") ? read_all(case_path(v->expect, ".steps"), &n_steps) : NULL;
    assert_non_null(want);
    assert_int_equal(n_want, (size_t)v->tokens * (size_t)v->vocab * sizeof *want);
    float bound = 1e-4f * v->max_logit;
    float a = run(v, m, (pr_session_opts){.n_threads = 2}, false, want);
    float b = run(v, m, (pr_session_opts){.n_threads = 1, .n_batch = 7}, false, want);
    float c = run(v, m, (pr_session_opts){.n_threads = 1}, true, steps ? steps : want);
    if (!(a <= bound && b <= bound && c <= bound))
        fail_msg("%s: prefill %.3g, batches of 7 %.3g, steps %.3g of the largest logit; "
                 "expected ≤ 1e-4",
                 v->name, (double)(a / v->max_logit), (double)(b / v->max_logit),
                 (double)(c / v->max_logit));
    if (getenv("PARE_TEST_VERBOSE"))
        print_message("%-28s %.2g %.2g\n", v->name, (double)(a / v->max_logit),
                      (double)(c / v->max_logit));
    pr_free(want);
    pr_free(steps);
    pr_model_close(m);
    ++*done;
}

static void agrees_with_transformers(void **state) {
    FILE *f = fopen(check_source("tests/vectors/arch/cases.tsv"), "r");
    char  line[512];
    int   done = 0;
    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f)); /* header */
    while (fgets(line, sizeof line, f)) {
        vec  v = {0};
        char arch[32], floor_[32], apart[32];
        assert_int_equal(sscanf(line, "%63s %31s %63s %d %d %f %31s %31s %7s", v.name, arch,
                                v.expect, &v.tokens, &v.vocab, &v.max_logit, floor_, apart,
                                v.steps),
                         9);
        check_case(&v, &done);
    }
    fclose(f);
    assert_true(done >= 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_transformers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
