/* test_sampler.c - choosing a token: greedy, cut-offs, penalties, repeatability, frequencies. */
#include "check.h"
#include "engine/engine.h"

static const pr_sampling plain = {.temp = 1, .top_p = 1, .repeat_penalty = 1};

static pr_sampler *make(pr_sampling p, int n) {
    pr_sampler *s;
    pare_err    e = {0};
    CHECK_OK(pr_sampler_new(&s, &p, n, &e), e);
    return s;
}

static void greedy_takes_the_first_best(void **state) {
    pr_sampling p = plain;
    p.temp = 0;
    pr_sampler *s = make(p, 4);
    assert_int_equal(pr_sampler_next(s, (float[]){1, 3, 3, 2}), 1);
    pr_sampler_free(s);
}

/* n draws of a token with probability q lie within 5 standard deviations, but for one seed in a
 * million. */
static void draws_follow_the_softmax(void **state) {
    float       logits[3] = {0, 1, 2};
    double      z = 1 + exp(1) + exp(2);
    int         n = 100000, seen[3] = {0};
    pr_sampler *s = make(plain, 3);
    for (int i = 0; i < n; i++) seen[pr_sampler_next(s, logits)]++;
    for (int i = 0; i < 3; i++) {
        double q = exp(i) / z;
        assert_true(fabs(seen[i] - n * q) < 5 * sqrt(n * q * (1 - q)));
    }
    pr_sampler_free(s);
}

static void cut_offs(void **state) {
    float       logits[4] = {4, 3, 2, -5};
    pr_sampling p = plain;
    p.top_k = 2;
    pr_sampler *s = make(p, 4);
    for (int i = 0; i < 1000; i++) assert_true(pr_sampler_next(s, logits) < 2);
    pr_sampler_free(s);
    p = plain;
    p.top_p = 0.7f; /* 4 has 0.665: 3 is needed to reach 0.7 */
    s = make(p, 4);
    int seen[4] = {0};
    for (int i = 0; i < 2000; i++) seen[pr_sampler_next(s, logits)]++;
    assert_true(seen[0] && seen[1] && !seen[2] && !seen[3]);
    pr_sampler_free(s);
    p = plain;
    p.min_p = 0.2f; /* e^-1 = 0.37 stays, e^-2 = 0.135 goes */
    s = make(p, 4);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < 2000; i++) seen[pr_sampler_next(s, logits)]++;
    assert_true(seen[0] && seen[1] && !seen[2] && !seen[3]);
    pr_sampler_free(s);
}

static void penalties_count_what_was_accepted(void **state) {
    pr_sampling p = plain;
    p.temp = 0, p.last_n = 2, p.repeat_penalty = 2;
    pr_sampler *s = make(p, 3);
    float       logits[3] = {3, 2, -1};
    pr_sampler_accept(s, 0); /* 3 / 2 < 2 */
    assert_int_equal(pr_sampler_next(s, logits), 1);
    pr_sampler_accept(s, 1);
    pr_sampler_accept(s, 2); /* 0 fell out of the window of 2 */
    assert_int_equal(pr_sampler_next(s, logits), 0);
    pr_sampler_free(s);
    p = plain;
    p.temp = 0, p.last_n = 10, p.frequency_penalty = 0.6f, p.presence_penalty = 0.1f;
    s = make(p, 2);
    float two[2] = {2, 0.9f};
    pr_sampler_accept(s, 0);
    assert_int_equal(pr_sampler_next(s, two), 0); /* 2 - 0.7 */
    pr_sampler_accept(s, 0);
    assert_int_equal(pr_sampler_next(s, two), 1); /* 2 - 1.3 */
    pr_sampler_free(s);
}

/* Chi-square of draws against the probabilities that the definition gives, in double. The
 * statistic of k-1 degrees of freedom has mean k-1 and variance 2(k-1): six deviations above are
 * passed once in a million seeds (it is skewed; k is 10 or more). */
static void draws_follow_the_cut_distribution(void **state) {
    enum { V = 300, N = 60000 };
    float       logits[V];
    double      q[V], sum = 0, chi = 0;
    int         seen[V] = {0}, k = 0;
    pr_rng      rng;
    pr_sampling p = {.temp = 0.7f, .top_k = 60, .top_p = 0.92f, .min_p = 0.08f,
                     .repeat_penalty = 1.3f, .presence_penalty = 0.2f,
                     .frequency_penalty = 0.1f, .last_n = 8, .seed = 5};
    pr_sampler *s = make(p, V);
    pr_rng_seed(&rng, 11);
    for (int i = 0; i < V; i++) logits[i] = (float)(4 * pr_rng_unit(&rng) - 2);
    int lately[] = {7, 9, 9, 11};
    logits[7] = 1.9f, logits[9] = 2.3f; /* they stay in, penalised */
    for (int i = 0; i < 4; i++) pr_sampler_accept(s, lately[i]);
    for (int i = 0; i < V; i++) {
        int    n = (i == 7) + 2 * (i == 9) + (i == 11);
        double x = logits[i];
        if (n) x = (x > 0 ? x / 1.3 : x * 1.3) - 0.2 - 0.1 * n;
        q[i] = exp(x / 0.7);
    }
    /* the cuts: by rank, then by share of the first, then by what is before it in the sum */
    double before[V], first = 0, top = 0;
    int    rank[V];
    for (int i = 0; i < V; i++) {
        rank[i] = 0, before[i] = 0, first = fmax(first, q[i]);
        for (int j = 0; j < V; j++)
            if (q[j] > q[i]) rank[i]++, before[i] += q[j];
    }
    for (int i = 0; i < V; i++) top += rank[i] < 60 ? q[i] : 0;
    for (int i = 0; i < V; i++) {
        if (rank[i] >= 60 || q[i] < 0.08f * first || before[i] >= 0.92 * top) q[i] = 0;
        sum += q[i];
    }
    for (int i = 0; i < N; i++) seen[pr_sampler_next(s, logits)]++;
    for (int i = 0; i < V; i++) {
        double want = N * q[i] / sum;
        if (q[i] == 0) assert_int_equal(seen[i], 0);
        else chi += (seen[i] - want) * (seen[i] - want) / want, k++;
    }
    assert_in_range(k, 10, 59);
    assert_true(chi < k - 1 + 6 * sqrt(2.0 * (k - 1)));
    pr_sampler_free(s);
}

/* Before this was asked, a NaN sent the selection of the k best past its array. */
static void no_choice_among_no_numbers(void **state) {
    float       logits[64] = {0};
    pr_sampling p = plain;
    for (int greedy = 0; greedy < 2; greedy++) {
        p.temp = greedy ? 0 : 1;
        p.top_k = 5;
        pr_sampler *s = make(p, 64);
        logits[9] = NAN;
        assert_int_equal(pr_sampler_next(s, logits), -1);
        logits[9] = INFINITY;
        assert_int_equal(pr_sampler_next(s, logits), -1);
        logits[9] = 0;
        assert_true(pr_sampler_next(s, logits) >= 0);
        pr_sampler_free(s);
    }
}

static void a_seed_repeats(void **state) {
    float       logits[50];
    pr_sampling p = plain;
    p.seed = 9;
    for (int i = 0; i < 50; i++) logits[i] = (float)(i % 7);
    pr_sampler *a = make(p, 50), *b = make(p, 50);
    for (int i = 0; i < 200; i++)
        assert_int_equal(pr_sampler_next(a, logits), pr_sampler_next(b, logits));
    pr_sampler_free(a);
    pr_sampler_free(b);
}

static void refuses_nonsense(void **state) {
    pr_sampler *s;
    pr_sampling p = plain;
    p.top_p = 2;
    assert_int_equal(pr_sampler_new(&s, &p, 3, NULL), PARE_EUSAGE);
    p = plain;
    p.temp = NAN;
    assert_int_equal(pr_sampler_new(&s, &p, 3, NULL), PARE_EUSAGE);
    p = plain;
    p.repeat_penalty = 0;
    assert_int_equal(pr_sampler_new(&s, &p, 3, NULL), PARE_EUSAGE);
    assert_null(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(greedy_takes_the_first_best),
        cmocka_unit_test(draws_follow_the_softmax),
        cmocka_unit_test(cut_offs),
        cmocka_unit_test(penalties_count_what_was_accepted),
        cmocka_unit_test(draws_follow_the_cut_distribution),
        cmocka_unit_test(no_choice_among_no_numbers),
        cmocka_unit_test(a_seed_repeats),
        cmocka_unit_test(refuses_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
