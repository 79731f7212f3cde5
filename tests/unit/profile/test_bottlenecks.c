/* test_bottlenecks.c - from facts to findings, every rule both ways: synthetic runs, figures by
 * hand. */
#include "check.h"
#include "profile/profile.h"

/* A healthy run: nothing is a bottleneck by the built-in policy. */
static pr_profile_facts healthy(void) {
    pr_phase_facts p = {.wall_s = 1,
                        .team_s = 4,
                        .cpu = 0.5,
                        .wait = 0.02,
                        .ready = 0.01,
                        .blocked = 0,
                        .parallel = 0.9,
                        .weights = 0.8,
                        .bytes = 10e9,
                        .weight_bytes = 9e9};
    pr_profile_facts f = {.model = "m.gguf",
                          .phase = {p, p},
                          .n_threads = 4,
                          .n_cpus = 4,
                          .n_usable = 4,
                          .quota = INFINITY,
                          .throttled = 0,
                          .steal = 0,
                          .clock = 1,
                          .throttle_events = 0,
                          .memory = {{"memory that was available", 8e9, 1e9}},
                          .n_memory = 1,
                          .need = 1e9,
                          .cache = 32e6,
                          .peak_gb_s = 40,
                          .peak_all_gb_s = 40,
                          .token_cv = 0.05,
                          .cv_lo = 0.04,
                          .cv_hi = 0.06,
                          .token_mean_ms = 10,
                          .token_p50_ms = 9.9,
                          .q4_bytes = 0.9e9,
                          .matrix_bytes = 0.9e9,
                          .state_bytes = 1e7,
                          .top_op = "ffn_gate ffn_up",
                          .top_share = {0.4, 0.5}};
    return f;
}

static const pr_finding *find(const pr_finding *f, pr_bottleneck k) {
    for (int i = 0; i < PR_BOTTLENECKS; i++)
        if (f[i].kind == k) return &f[i];
    fail_msg("kind %d is not there", k);
    return NULL;
}

static pr_finding all[PR_BOTTLENECKS];

/* Judge; exactly `n` are found. */
static void judge(const pr_profile_facts *f, size_t n) {
    assert_int_equal(pr_profile_judge(f, pr_profile_policy_default(), all), n);
    for (size_t i = 0; i < PR_BOTTLENECKS; i++) {
        assert_true((all[i].found == PR_FOUND) == (i < n));
        if (all[i].found == PR_NOT_JUDGED) assert_true(all[i].why && *all[i].why);
        else assert_true(all[i].n_evidence > 0 || !(f->phase[PR_DECODE].wall_s > 0));
        if (all[i].found != PR_FOUND) continue;
        assert_true(all[i].n_advice > 0 && all[i].how[0]);
        assert_true(isnan(all[i].gain) || all[i].gain >= 1);
    }
}

static void near(double a, double b) {
    if (!(fabs(a - b) <= 1e-12 * fabs(b))) fail_msg("%.17g, expected %.17g", a, b);
}

static void only(const pr_profile_facts *f, pr_bottleneck k) {
    judge(f, 1);
    assert_int_equal(all[0].kind, k);
}

static void a_healthy_run_has_none(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    judge(&f, 0);
    for (int i = 0; i < PR_BOTTLENECKS; i++) assert_int_equal(all[i].found, PR_NOT_FOUND);
}

static void memory(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.memory[f.n_memory++] = (pr_memory_facts){"memory of the control group", 1e9, 0.9e9};
    judge(&f, 0); /* the bound itself is not passed */
    f.memory[1].used = 0.91e9;
    only(&f, PR_BN_MEMORY);
    assert_string_equal(all[0].evidence[0].what, "memory of the control group");
    near(all[0].evidence[0].value, 0.91);
    near(all[0].evidence[0].bound, 0.90);
    assert_true(isnan(all[0].gain)); /* it costs no time yet */
    assert_non_null(strstr(all[0].advice[0].what, "1011 MB")); /* 0.91e9 / 0.9 */

    /* weights that 4 bits make smaller, and pages that are missed */
    f.matrix_bytes = 3.6e9;
    f.phase[PR_DECODE].major = 100;
    f.phase[PR_DECODE].blocked = 0.05;
    only(&f, PR_BN_MEMORY);
    assert_string_equal(all[0].advice[0].command,
                        "pare quantize m.gguf --quant Q4_K_M -o small.gguf");
    near(all[0].gain, 1 / 0.93); /* 0.05 standing still, 0.02 waiting for who does */

    f = healthy();
    f.n_memory = 0;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_MEMORY)->found, PR_NOT_JUDGED);
}

static void page_faults(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.phase[PR_DECODE].blocked = 0.4; /* without a major fault it is not storage */
    judge(&f, 0);
    f.phase[PR_DECODE].major = 31; /* 1.6 s of storage would be 32 slow pages */
    judge(&f, 1);
    near(all[0].evidence[0].value, 31 * 0.05 / 4);
    f.phase[PR_DECODE].major = 7; /* 0.35 s of 4 */
    judge(&f, 0);
    f.phase[PR_DECODE].major = 100;
    only(&f, PR_BN_FAULTS);
    assert_int_equal(all[0].phase, PR_DECODE);
    near(all[0].gain, 1 / 0.58);
    assert_non_null(strstr(all[0].advice[0].what, "read the file once")); /* it would fit */
    f.phase[PR_DECODE].system = 0.12; /* of it 0.02 may be yielding at barriers */
    only(&f, PR_BN_FAULTS);
    near(all[0].evidence[0].value, 0.5);
    near(all[0].gain, 1 / 0.48);

    f.memory[0].limit = 0.5e9;
    f.memory[0].used = 0.4e9;
    only(&f, PR_BN_FAULTS);
    assert_non_null(strstr(all[0].advice[0].what, "1111 MB")); /* need / 0.9 */

    f = healthy();
    f.phase[PR_PREFILL].blocked = f.phase[PR_DECODE].blocked = NAN;
    f.phase[PR_PREFILL].major = f.phase[PR_DECODE].major = 9;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_FAULTS)->found, PR_NOT_JUDGED);
}

static void cpu_quota(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.throttled = 0.5;
    f.quota = 2.5;
    only(&f, PR_BN_QUOTA);
    near(all[0].gain, 4 / 2.5);
    assert_string_equal(all[0].advice[0].command, "pare profile m.gguf -t 2");
    f.quota = INFINITY; /* a group above that is not seen */
    only(&f, PR_BN_QUOTA);
    near(all[0].gain, 2);
    assert_int_equal(all[0].n_advice, 1);
    assert_int_equal(find(all, PR_BN_NEIGHBOUR)->found, PR_NOT_JUDGED);
    f.quota = f.n_usable = 2; /* four threads on four CPUs are not too many: it is the quota */
    only(&f, PR_BN_QUOTA);
    f.throttled = NAN;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_QUOTA)->found, PR_NOT_JUDGED);
    /* stopped threads count as ready: that is the quota, not a neighbour */
    f.throttled = 0.5;
    f.phase[PR_DECODE].ready = 0.55;
    only(&f, PR_BN_QUOTA);
}

static void frequency(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.clock = 0.5;
    only(&f, PR_BN_FREQUENCY);
    near(all[0].gain, 2);
    assert_true(all[0].at_most);
    assert_int_equal(all[0].n_advice, 1);
    f.throttle_events = 3;
    only(&f, PR_BN_FREQUENCY);
    assert_non_null(strstr(all[0].advice[0].what, "cool"));
    f.clock = NAN;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_FREQUENCY)->found, PR_NOT_JUDGED);
}

static void threads(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.n_threads = 8;
    f.phase[PR_DECODE].ready = 0.45;
    f.phase[PR_DECODE].wait = 0.10;
    f.phase[PR_DECODE].system = 0.05;
    only(&f, PR_BN_OVERSUBSCRIBED);
    assert_int_equal(find(all, PR_BN_NEIGHBOUR)->found, PR_NOT_JUDGED);
    near(all[0].gain, 1 / 0.9); /* 0.05 of eight threads' time is 0.1 of four CPUs' */
    assert_string_equal(all[0].advice[0].command, "pare profile m.gguf -t 4");
    f.phase[PR_PREFILL].ready = f.phase[PR_DECODE].ready = NAN;
    only(&f, PR_BN_OVERSUBSCRIBED);
    assert_true(isnan(all[0].gain));

    f = healthy();
    f.n_threads = 1;
    f.phase[PR_DECODE].wall_s = 3; /* decode decides */
    f.phase[PR_DECODE].bytes = 30e9;
    only(&f, PR_BN_FEW_THREADS);
    near(all[0].gain, 1 / (0.1 + 0.9 / 4)); /* Amdahl, below the roof of 4 */
    assert_string_equal(all[0].advice[0].command, "pare profile m.gguf -t 4");
    assert_int_equal(find(all, PR_BN_IMBALANCE)->found, PR_NOT_JUDGED);
    f.phase[PR_DECODE].bytes = 60e9; /* 20 of 40 GB/s: the roof */
    only(&f, PR_BN_FEW_THREADS);
    near(all[0].gain, 2);
    f.peak_gb_s = f.peak_all_gb_s = NAN;
    only(&f, PR_BN_FEW_THREADS);
    near(all[0].gain, 1 / (0.1 + 0.9 / 4));
}

static void neighbours(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.phase[PR_PREFILL].ready = 0.2;
    only(&f, PR_BN_NEIGHBOUR);
    assert_int_equal(all[0].phase, PR_PREFILL);
    near(all[0].gain, 1 / 0.8);
    f.steal = 0.5;
    only(&f, PR_BN_NEIGHBOUR);
    near(all[0].gain, 2);
    assert_non_null(strstr(all[0].advice[0].what, "host"));
    f.phase[PR_PREFILL].ready = f.phase[PR_DECODE].ready = NAN;
    only(&f, PR_BN_NEIGHBOUR);
    f.steal = NAN;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_NEIGHBOUR)->found, PR_NOT_JUDGED);
}

static void imbalance(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.phase[PR_DECODE].wait = 0.25;
    only(&f, PR_BN_IMBALANCE);
    near(all[0].gain, 1 / 0.75);
    assert_true(all[0].at_most);
    assert_non_null(strstr(all[0].advice[0].what, "uneven"));
    f.phase[PR_DECODE].ready = 0.2;
    judge(&f, 2);
    assert_int_equal(all[0].kind,
                     PR_BN_NEIGHBOUR); /* what is expected stands before what is at most */
    assert_non_null(strstr(all[1].advice[0].what, "CPUs first"));
    assert_true(isnan(all[1].gain)); /* not counted twice */
}

static void bandwidth(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.phase[PR_DECODE].bytes = 38e9;
    f.phase[PR_DECODE].weight_bytes = 37e9;
    only(&f, PR_BN_BANDWIDTH);
    near(all[0].evidence[0].value, 0.95);
    assert_true(isnan(all[0].gain)); /* small weights, little state: nothing to change here */

    f.matrix_bytes = 3.6e9; /* 16 bits: a quarter of them would do */
    only(&f, PR_BN_BANDWIDTH);
    near(all[0].gain, 1 / (1 - 0.8 + 0.8 * 0.25));
    assert_string_equal(all[0].advice[0].command,
                        "pare quantize m.gguf --quant Q4_K_M -o small.gguf");

    f.matrix_bytes = 0.9e9;
    f.phase[PR_DECODE].weight_bytes = 19e9; /* half of it keys and values */
    only(&f, PR_BN_BANDWIDTH);
    near(all[0].gain, 1 / (0.5 + 0.5 * 0.53125));
    assert_string_equal(all[0].advice[0].command, "pare profile m.gguf --kv q8_0");

    f.cache = 2e9; /* it never leaves the cache */
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_BANDWIDTH)->found, PR_NOT_JUDGED);
    f.cache = NAN;
    f.peak_gb_s = NAN;
    f.no_peak = "no memory for it";
    judge(&f, 0);
    assert_string_equal(find(all, PR_BN_BANDWIDTH)->why, "no memory for it");
}

static void compute(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.phase[PR_PREFILL].cpu = 0.95;
    only(&f, PR_BN_COMPUTE);
    assert_int_equal(all[0].phase, PR_PREFILL);
    near(all[0].gain, 1 / 0.6);
    assert_true(all[0].at_most);
    assert_int_equal(all[0].n_advice, 1);
    f.exact = true;
    f.matrix_bytes = 3.6e9;
    only(&f, PR_BN_COMPUTE);
    assert_int_equal(all[0].n_advice, 3);
    f.phase[PR_PREFILL].cpu = f.phase[PR_DECODE].cpu = NAN;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_COMPUTE)->found, PR_NOT_JUDGED);
}

static void inconsistent(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.token_cv = 0.2;
    judge(&f, 0);
    f.token_cv = 0.3;
    f.token_mean_ms = 12;
    f.token_p50_ms = 10;
    only(&f, PR_BN_INCONSISTENT);
    near(all[0].gain, 1.2);
    f.token_cv = NAN;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_INCONSISTENT)->found, PR_NOT_JUDGED);
}

/* Memory ends a run; then the larger expected gain; then what is a bound; the symptom last. */
static void the_order_is_that_of_work(void **state) {
    (void)state;
    static const pr_bottleneck want[] = {PR_BN_MEMORY,    PR_BN_FAULTS,  PR_BN_QUOTA,
                                         PR_BN_FREQUENCY, PR_BN_COMPUTE, PR_BN_INCONSISTENT};
    pr_profile_facts f = healthy();
    f.memory[0].used = 7.9e9;
    f.phase[PR_DECODE].major = 500;
    f.phase[PR_DECODE].blocked = 0.5;
    f.throttled = 0.1;
    f.clock = 0.4;
    f.phase[PR_DECODE].cpu = 0.9;
    f.token_cv = 9;
    f.token_mean_ms = 900;
    judge(&f, PR_COUNT(want));
    for (size_t i = 0; i < PR_COUNT(want); i++) assert_int_equal(all[i].kind, want[i]);
}

static void names_are_quoted_for_the_shell(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.n_threads = 1;
    f.model = "my models/a;b.gguf";
    only(&f, PR_BN_FEW_THREADS);
    assert_string_equal(all[0].advice[0].command, "pare profile 'my models/a;b.gguf' -t 4");
    f.model = "it's.gguf";
    only(&f, PR_BN_FEW_THREADS);
    assert_string_equal(all[0].advice[0].command, "pare profile MODEL -t 4");
    char longest[400];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    f.model = longest;
    only(&f, PR_BN_FEW_THREADS);
    assert_string_equal(all[0].advice[0].command, "pare profile MODEL -t 4");
}

static void nothing_run_is_nothing_found(void **state) {
    (void)state;
    pr_profile_facts f = healthy();
    f.phase[0] = f.phase[1] = (pr_phase_facts){0};
    f.token_cv = NAN;
    judge(&f, 0);
    assert_int_equal(find(all, PR_BN_COMPUTE)->found, PR_NOT_JUDGED);
    assert_int_equal(find(all, PR_BN_FEW_THREADS)->found, PR_NOT_JUDGED);
}

/* ------------------------------------------------------------------ policies */

static void the_shipped_policy_is_the_built_in(void **state) {
    (void)state;
    pr_profile_policy        p;
    const pr_profile_policy *d = pr_profile_policy_default();
    pare_err                 e = {0};
    pr_arena                *a = pr_arena_new(1 << 20);
    CHECK_OK(pr_profile_policy_read(check_source("policies/bottlenecks.yaml"), a, &p, &e), e);
    for (int k = 0; k < PR_BOTTLENECKS; k++) assert_true(p.above[k] == d->above[k]);
    assert_string_equal(p.name, d->name);
    pr_arena_free(a);
}

#define HEAD "schema: 1\nname: x\n"

static void policies_are_strict(void **state) {
    (void)state;
    static const struct {
        const char *text, *what;
    } c[] = {
        {"", "no mapping"},
        {"- 1", "no mapping"},
        {"name: x\nabove: {memory: 0.5}", "schema"},
        {"schema: 2\nname: x\nabove: {memory: 0.5}", "reads 1"},
        {"schema: 1\nabove: {memory: 0.5}", "name"},
        {HEAD, "above"},
        {HEAD "above: 3", "above"},
        {HEAD "above: {}", "names nothing"},
        {HEAD "above: {memry: 0.5}", "unknown key 'memry'"},
        {HEAD "over: {memory: 0.5}", "unknown key 'over'"},
        {HEAD "above: {memory: 1}", "below 1"},
        {HEAD "above: {memory: -0.1}", "below 1"},
        {HEAD "above: {memory: nan}", "below 1"},
        {HEAD "above: {memory: [1]}", "no number"},
        {HEAD "above: {memory: 0.5, memory: 0.6}", "twice"},
        {HEAD "above: {oversubscribed: 1025}", "1024"},
    };
    for (size_t i = 0; i < PR_COUNT(c); i++) {
        pr_profile_policy p;
        pare_err          e = {0};
        pr_arena         *a = pr_arena_new(1 << 20);
        pare_status       st = pr_profile_policy_parse(pr_str_of(c[i].text), "p.yaml", a, &p, &e);
        if (st != PARE_EINPUT || !strstr(e.msg, c[i].what))
            fail_msg("%s: %s, '%s'", c[i].text, pare_status_name(st), e.msg);
        pr_arena_free(a);
    }
}

static void what_a_policy_leaves_out_is_not_judged(void **state) {
    (void)state;
    pr_profile_policy p;
    pare_err          e = {0};
    pr_arena         *a = pr_arena_new(1 << 20);
    pr_profile_facts  f = healthy();
    pr_str            text = PR_STR(HEAD "above:\n  compute: 0.4\n  oversubscribed: 0.5\n");
    CHECK_OK(pr_profile_policy_parse(text, "p.yaml", a, &p, &e), e);
    assert_int_equal(pr_profile_judge(&f, &p, all), 2);
    for (int i = 2; i < PR_BOTTLENECKS; i++) {
        assert_int_equal(all[i].found, PR_NOT_JUDGED);
        assert_string_equal(all[i].why, "the policy does not ask for it");
    }
    pr_arena_free(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_healthy_run_has_none),
        cmocka_unit_test(memory),
        cmocka_unit_test(page_faults),
        cmocka_unit_test(cpu_quota),
        cmocka_unit_test(frequency),
        cmocka_unit_test(threads),
        cmocka_unit_test(neighbours),
        cmocka_unit_test(imbalance),
        cmocka_unit_test(bandwidth),
        cmocka_unit_test(compute),
        cmocka_unit_test(inconsistent),
        cmocka_unit_test(the_order_is_that_of_work),
        cmocka_unit_test(names_are_quoted_for_the_shell),
        cmocka_unit_test(nothing_run_is_nothing_found),
        cmocka_unit_test(the_shipped_policy_is_the_built_in),
        cmocka_unit_test(policies_are_strict),
        cmocka_unit_test(what_a_policy_leaves_out_is_not_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
