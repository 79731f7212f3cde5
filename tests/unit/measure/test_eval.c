/* test_eval.c - quality on a text: held against transformers, against sums made here by hand,
 * and against itself with other threads, batches and SIMD levels. */
#include "lend.h"
#include "measure/measure.h"

#define AUSTEN "models/austen-3.7m"
enum { WINDOW = 64 };

static pr_str heldout(void) {
    return lend_read(check_source(AUSTEN "/text/heldout.txt"));
}

static double value(const pr_metric *m, size_t n, const char *name, pr_against a) {
    const pr_metric *x = pr_metric_find(m, n, name, a);
    if (!x) fail_msg("no metric %s", name);
    return x->est.value;
}

/* The first four windows by transformers (tests/vectors/eval/make.py). Two float32 forward
 * passes that add in
 * another order: tests/vectors/arch finds logits within 1e-5 of each other; a position's NLL
 * (one logit, and
 * a mean of logits) moves by at most twice that. The two best logits are never closer than
 * `closest`, far more, so the hits must be equal. */
static void as_transformers(void **state) {
    pare_err        e = {0};
    pare_doc       *d;
    pr_str          text = heldout();
    pr_model       *m = lend_open(check_source(AUSTEN));
    pr_eval_result *r;
    pr_eval_opts    o = {.window = 256, .n_windows = 4, .exact = true};
    CHECK_OK(pr_json_read(&d, check_source("tests/vectors/eval/austen.json"), NULL, &e), e);
    CHECK_OK(pr_eval(NULL, (const pr_model *const[]){m}, 1, text, &o, NULL, NULL, &r, &e), e);
    assert_int_equal(r->n_tokens, pare_doc_int(pare_doc_get(d, "tokens")));
    assert_int_equal(r->n_windows, 4);
    for (int i = 0; i < 4; i++) {
        const pare_doc *w = pare_doc_at(pare_doc_get(d, "windows"), (size_t)i);
        double          want = pare_doc_num(pare_doc_get(w, "nll"));
        assert_true(pare_doc_num(pare_doc_get(w, "closest")) > 4e-5);
        assert_true(r->count[i] == 256);
        if (!(fabs(r->nll[i] - want) <= 256 * 2e-5))
            fail_msg("window %d: %.9f, expected %.9f", i, r->nll[i], want);
        assert_true(r->hits[i] == pare_doc_num(pare_doc_get(w, "hits")));
    }
    pr_eval_result_free(r);
    pr_model_close(m);
    pare_doc_free(d);
    free((char *)text.p);
}

/* All logits 0: every token has probability 1/V, the first one is the most probable (ties:
 * first). */
static void uniform_logits(void **state) {
    pare_err        e = {0};
    pr_str          text = heldout();
    pr_model       *m = lend_open(check_source(AUSTEN));
    pr_eval_result *r, *ref;
    pr_eval_opts    o = {.window = WINDOW, .n_windows = 3};
    pr_metric       out[PR_EVAL_METRICS];
    lent            l;
    lend(&l, m, 0);
    double ln_v = log((double)m->hp.n_vocab);
    CHECK_OK(pr_eval(&l.m, (const pr_model *const[]){&l.m}, 1, text, &o, NULL, &ref, &r, &e), e);
    size_t n = pr_eval_metrics(r, ref, NULL, out);
    assert_true(fabs(value(out, n, "nll", PR_AGAINST_NONE) - ln_v) <= 1e-13 * ln_v);
    assert_true(fabs(value(out, n, "perplexity", PR_AGAINST_NONE) / m->hp.n_vocab - 1) <= 1e-12);
    assert_true(value(out, n, "kld_mean", PR_AGAINST_SOURCE) == 0);
    assert_true(value(out, n, "kld_max", PR_AGAINST_SOURCE) == 0);
    assert_true(value(out, n, "top1_agreement", PR_AGAINST_SOURCE) == 1);
    assert_true(value(out, n, "ppl_ratio", PR_AGAINST_SOURCE) == 1);
    assert_int_equal(r->n_predictions, 3 * WINDOW);
    pr_ids ids = {0};
    double zeros = 0;
    CHECK_OK(pr_encode(m->tok, text.p, 4096, 0, &ids, &e), e);
    for (int i = 1; i <= 3 * WINDOW; i++) zeros += ids.p[i] == 0;
    assert_true(value(out, n, "accuracy", PR_AGAINST_NONE) == zeros / (3 * WINDOW));
    pr_ids_done(&ids);
    pr_eval_result_free(r);
    pr_eval_result_free(ref);
    lend_done(&l);
    pr_model_close(m);
    free((char *)text.p);
}

static void logits_that_are_no_numbers(void **state) {
    pare_err        e = {0};
    pr_str          text = heldout();
    pr_model       *m = lend_open(check_source(AUSTEN));
    pr_eval_result *r[2], *ref;
    pr_eval_opts    o = {.window = WINDOW, .n_windows = 3};
    lent            l;
    lend(&l, m, NAN);
    assert_int_equal(
        pr_eval(m, (const pr_model *const[]){m, &l.m}, 2, text, &o, NULL, &ref, r, &e),
        PARE_EINPUT);
    assert_non_null(strstr(e.msg, "token 1 "));
    assert_null(r[0]);
    assert_null(r[1]);
    assert_null(ref);
    lend_done(&l);
    pr_model_close(m);
    free((char *)text.p);
}

/* One row's logarithms of probabilities, by libm. */
static void log_probabilities(const float *x, int n, double *out) {
    double max = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++) max = (double)x[i] > max ? (double)x[i] : max;
    for (int i = 0; i < n; i++) sum += exp((double)x[i] - max);
    for (int i = 0; i < n; i++) out[i] = (double)x[i] - max - log(sum);
}

static int arg_max(const double *x, int n) {
    int b = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[b]) b = i;
    return b;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct {
    double nll[2], hits[2], kld, agree, all[3 * WINDOW];
} by_hand;

static void hand_window(const pr_model *const m[2], const pr_id *ids, int at, by_hand *h,
                        pare_err *e) {
    int         v = m[0]->hp.n_vocab;
    double     *p = calloc((size_t)v, 16), *q = p + v;
    pr_session *s[2];
    for (int k = 0; k < 2; k++)
        CHECK_OK(pr_session_new(&s[k], m[k], &(pr_session_opts){.n_ctx = WINDOW}, e), *e);
    for (int i = 0; i < WINDOW; i++) {
        pr_id  target = ids[at + i + 1];
        double kld = 0;
        for (int k = 0; k < 2; k++) CHECK_OK(pr_session_eval(s[k], &ids[at + i], 1, e), *e);
        log_probabilities(pr_session_logits(s[0], 0), v, p);
        log_probabilities(pr_session_logits(s[1], 0), v, q);
        for (int t = 0; t < v; t++) kld += exp(p[t]) * (p[t] - q[t]);
        h->nll[0] -= p[target], h->nll[1] -= q[target];
        h->hits[0] += arg_max(p, v) == target, h->hits[1] += arg_max(q, v) == target;
        h->agree += arg_max(p, v) == arg_max(q, v);
        h->kld += kld;
        h->all[at + i] = kld;
    }
    pr_session_free(s[0]);
    pr_session_free(s[1]);
    free(p);
}

/* Everything again, one token at a time, with libm: log-probabilities of a float row in double,
 * sums of 64
 * of about 10, so 1e-12 relative is generous for what order and exp's last bit change. */
static void as_by_hand(void **state) {
    pare_err        e = {0};
    pr_str          text = heldout();
    pr_model       *m = lend_open(check_source(AUSTEN));
    pr_eval_result *r, *ref;
    pr_eval_opts    o = {.window = WINDOW, .n_windows = 3};
    pr_ids          ids = {0};
    by_hand        *h = calloc(1, sizeof *h);
    lent            l;
    double          kld = 0;
    lend(&l, m, 0.7f);
    const pr_model *const both[] = {m, &l.m};
    CHECK_OK(pr_eval(m, &both[1], 1, text, &o, NULL, &ref, &r, &e), e);
    CHECK_OK(pr_encode(m->tok, text.p, text.n, 0, &ids, &e), e);
    for (int w = 0; w < 3; w++) {
        memset(h, 0, offsetof(by_hand, all));
        hand_window(both, ids.p, w * WINDOW, h, &e);
        assert_true(fabs(ref->nll[w] / h->nll[0] - 1) < 1e-12);
        assert_true(fabs(r->nll[w] / h->nll[1] - 1) < 1e-12);
        assert_true(ref->hits[w] == h->hits[0] && r->hits[w] == h->hits[1]);
        assert_true(r->agree[w] == h->agree);
        assert_true(fabs(r->kld[w] / h->kld - 1) < 1e-10); /* a difference of near equals */
        kld += h->kld;
    }
    pr_metric out[PR_EVAL_METRICS];
    size_t    n = pr_eval_metrics(r, ref, ref, out);
    assert_true(fabs(value(out, n, "kld_mean", PR_AGAINST_SOURCE) / (kld / (3 * WINDOW)) - 1) <
                1e-10);
    assert_true(value(out, n, "ppl_ratio", PR_AGAINST_F32) ==
                value(out, n, "ppl_ratio", PR_AGAINST_SOURCE));
    qsort(h->all, 3 * WINDOW, sizeof(double), ascending);
    /* A quantile is some value between its neighbours in rank; floats are kept. */
    double med = value(out, n, "kld_median", PR_AGAINST_SOURCE),
           p95 = value(out, n, "kld_p95", PR_AGAINST_SOURCE);
    assert_true(med >= h->all[94] * (1 - 1e-6) && med <= h->all[97] * (1 + 1e-6));
    assert_true(p95 >= h->all[180] * (1 - 1e-6) && p95 <= h->all[184] * (1 + 1e-6));
    assert_true(fabs(value(out, n, "kld_max", PR_AGAINST_SOURCE) / h->all[3 * WINDOW - 1] - 1) <
                1e-10);
    int64_t binned = 0;
    for (int i = 0; i < PR_EVAL_BINS; i++) binned += r->kld_bins[i];
    assert_int_equal(binned, 3 * WINDOW);
    pr_ids_done(&ids);
    free(h);
    pr_eval_result_free(r);
    pr_eval_result_free(ref);
    lend_done(&l);
    pr_model_close(m);
    free((char *)text.p);
}

static void same(const pr_eval_result *a, const pr_eval_result *b) {
    assert_int_equal(a->n_windows, b->n_windows);
    assert_memory_equal(a->count, b->count, (size_t)a->n_windows * 5 * sizeof(double));
    assert_memory_equal(a->kld_bins, b->kld_bins, sizeof a->kld_bins);
    assert_true(a->kld_max == b->kld_max);
    for (int i = 0; i < PR_EVAL_QUANTILES; i++)
        assert_true(a->kld_quantile[i].value == b->kld_quantile[i].value);
}

/* Keys of records leave threads, batch and level out: then they must not matter. */
static void same_bits_however_run(void **state) {
    static const struct {
        int         threads, batch;
        const char *level;
    } how[] = {{1, 64, NULL}, {2, 64, NULL},   {3, 7, NULL},
               {1, 1, NULL},  {2, 33, "avx2"}, {1, 64, "reference"}};
    pare_err        e = {0};
    pr_str          text = heldout();
    pr_model       *m = lend_open(check_source(AUSTEN));
    pr_eval_result *first = NULL, *r;
    lent            l;
    lend(&l, m, 0.9f);
    for (size_t i = 0; i < PR_COUNT(how); i++) {
        pr_eval_opts o = {.window = WINDOW,
                          .n_windows = 6,
                          .n_threads = how[i].threads,
                          .n_batch = how[i].batch,
                          .state = PR_F16};
        if (how[i].level) setenv("PARE_CPU", how[i].level, 1);
        CHECK_OK(pr_eval(m, (const pr_model *const[]){&l.m}, 1, text, &o, NULL, NULL, &r, &e), e);
        unsetenv("PARE_CPU");
        if (first) same(first, r), pr_eval_result_free(r);
        else first = r;
    }
    pr_eval_result_free(first);
    lend_done(&l);
    pr_model_close(m);
    free((char *)text.p);
}

/* A record read back says the same: a cached variant is as good as a measured one. */
static void record_and_back(void **state) {
    pare_err        e = {0};
    pr_str          text = heldout();
    pr_model       *m = lend_open(check_source(AUSTEN));
    pr_eval_result *r, *ref, *back;
    pr_eval_opts    o = {.window = 32, .n_windows = 12};
    pare_doc       *d, *again;
    char           *json;
    size_t          len;
    pr_metric       a[PR_EVAL_METRICS], b[PR_EVAL_METRICS];
    lent            l;
    lend(&l, m, 0.8f);
    CHECK_OK(pr_eval(m, (const pr_model *const[]){&l.m}, 1, text, &o, NULL, &ref, &r, &e), e);
    CHECK_OK(pr_eval_to_doc(r, &d, &e), e);
    CHECK_OK(pare_doc_text(d, 0, &json, &len, &e), e);
    CHECK_OK(pare_doc_parse(&again, json, len, &e), e);
    CHECK_OK(pr_eval_from_doc(again, &back, &e), e);
    same(r, back);
    size_t n = pr_eval_metrics(r, ref, ref, a);
    assert_int_equal(pr_eval_metrics(back, ref, ref, b), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(a[i].info->name, b[i].info->name);
        assert_true(a[i].est.value == b[i].est.value && a[i].est.n == b[i].est.n);
        assert_true(pr_est_ok(&a[i].est) == pr_est_ok(&b[i].est));
        if (pr_est_ok(&a[i].est))
            assert_true(a[i].est.lo == b[i].est.lo && a[i].est.hi == b[i].est.hi);
    }
    pare_doc_free(again);
    pr_eval_result_free(back);
    CHECK_OK(pare_doc_parse(&again, "{\"windows\":2,\"count\":[1]}", 25, &e), e);
    assert_int_equal(pr_eval_from_doc(again, &back, &e), PARE_EINPUT);
    assert_null(back);
    pare_doc_free(again);
    pare_doc_text_free(json);
    pare_doc_free(d);
    pr_eval_result_free(r);
    pr_eval_result_free(ref);
    lend_done(&l);
    pr_model_close(m);
    free((char *)text.p);
}

/* Upstream's figure (../shared/data/README.md): 1.1974 nats, given to four places, on 6,989
 * tokens. */
static void stories(void **state) {
    CHECK_SHARED(path, "models/stories260K/stories260K-f32.gguf");
    CHECK_SHARED(file, "data/text/TinyStories-valid.first16000.txt");
    pare_err        e = {0};
    pr_str          text = lend_read(file);
    pr_model       *m = lend_open(path);
    pr_eval_result *r;
    pr_eval_opts    o = {.window = 512, .separator = "<|endoftext|>", .whole_documents = true};
    pr_metric       out[PR_EVAL_METRICS];
    CHECK_OK(pr_eval(NULL, (const pr_model *const[]){m}, 1, text, &o, NULL, NULL, &r, &e), e);
    size_t n = pr_eval_metrics(r, NULL, NULL, out);
    print_message("%lld positions, %.6f nats\n", (long long)r->n_predictions,
                  value(out, n, "nll", PR_AGAINST_NONE));
    assert_int_equal(r->n_windows, 21);
    assert_int_equal(r->n_predictions, 6989);
    assert_true(fabs(value(out, n, "nll", PR_AGAINST_NONE) - 1.1974) <= 0.00005);
    pr_eval_result_free(r);
    pr_model_close(m);
    free((char *)text.p);
}

static void bad_input(void **state) {
    static const struct {
        const char  *text;
        size_t       n;
        int64_t      window;
        pare_status  status;
        int64_t      pos;
    } bad[] = {{"", 0, 64, PARE_EINPUT, 0},
               {"ab\xff" "c", 4, 64, PARE_EINPUT, 2},
               {"a", 1, 64, PARE_EINPUT, 0},
               {"It is a truth", 13, 1 << 20, PARE_EUSAGE, -1},
               {"It is a truth", 13, 1, PARE_EUSAGE, -1}};
    pr_model *m = lend_open(check_source(AUSTEN));
    for (size_t i = 0; i < PR_COUNT(bad); i++) {
        pare_err        e = {0};
        pr_eval_result *r;
        pr_eval_opts    o = {.window = bad[i].window};
        pr_str          text = {bad[i].text, bad[i].n};
        assert_int_equal(
            pr_eval(NULL, (const pr_model *const[]){m}, 1, text, &o, NULL, NULL, &r, &e),
            bad[i].status);
        assert_int_equal(e.pos, bad[i].pos);
        assert_null(r);
    }
    pr_model_close(m);
}

/* A key names what a result depends on: each of these alone must change it, threads must not. */
static void keys(void **state) {
    pare_err     e = {0};
    pr_sha256    a = pr_sha256_of("a", 1), b = pr_sha256_of("b", 1);
    char         key[9][65];
    pr_eval_opts o = {.window = 256}, w = {.window = 128}, x = {.window = 256, .exact = true},
                 s = {.window = 256, .state = PR_F16}, k = {.window = 256, .n_windows = 3},
                 t = {.window = 256, .n_threads = 3, .n_batch = 7}, none = {0};
    CHECK_OK(pr_eval_key(&a, NULL, &b, &o, key[0], &e), e);
    CHECK_OK(pr_eval_key(&b, NULL, &b, &o, key[1], &e), e);
    CHECK_OK(pr_eval_key(&a, &b, &b, &o, key[2], &e), e);
    CHECK_OK(pr_eval_key(&a, NULL, &a, &o, key[3], &e), e);
    CHECK_OK(pr_eval_key(&a, NULL, &b, &w, key[4], &e), e);
    CHECK_OK(pr_eval_key(&a, NULL, &b, &x, key[5], &e), e);
    CHECK_OK(pr_eval_key(&a, NULL, &b, &s, key[6], &e), e);
    CHECK_OK(pr_eval_key(&a, NULL, &b, &k, key[7], &e), e);
    for (int i = 1; i < 8; i++)
        for (int j = 0; j < i; j++) assert_string_not_equal(key[i], key[j]);
    CHECK_OK(pr_eval_key(&a, NULL, &b, &t, key[8], &e), e);
    assert_string_equal(key[0], key[8]);
    assert_int_equal(pr_eval_key(&a, NULL, &b, &none, key[8], &e), PARE_EUSAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_transformers),
        cmocka_unit_test(uniform_logits),
        cmocka_unit_test(logits_that_are_no_numbers),
        cmocka_unit_test(as_by_hand),
        cmocka_unit_test(same_bits_however_run),
        cmocka_unit_test(record_and_back),
        cmocka_unit_test(stories),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
