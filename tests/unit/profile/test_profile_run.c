/* test_profile_run.c - a run of the shipped model: what is attributed and what cannot be, that
 * nothing
 * changes by being looked at, and the trace. No time is asserted, but for shares of one run. */
#include "check.h"
#include "pare/profile.h"
#include "profile/profile.h"

static const char *model(void) {
    return check_source("models/austen-3.7m");
}

/* Spin in the caller's callback, where no interval of the profiler's lies. */
static void waste(void *user, const pare_progress *p) {
    uint64_t until = pr_now_ns() + *(const uint64_t *)user;
    (void)p;
    while (pr_now_ns() < until) pr_relax();
}

static double share_of_run(const pare_ctl *ctl) {
    pr_profile     *p;
    pare_err        e = {0};
    uint64_t        wall, part;
    pr_profile_opts o = {.so = {.n_threads = 2}, .prompt = 100, .tokens = 40};
    CHECK_OK(pr_profile_run(&p, model(), &o, ctl, &e), e);
    pr_profile_attribution(p, &wall, &part);
    assert_true(part <= wall); /* intervals that overlap would count twice */
    pr_profile_free(p);
    return (double)part / (double)wall;
}

/* The best of some runs: a machine that takes the processor away between two intervals makes
 * one run
 * worse, never better. */
static void nearly_all_is_attributed(void **state) {
    (void)state;
    double best = 0;
    for (int i = 0; i < 8 && best < 0.97; i++) best = fmax(best, share_of_run(NULL));
    if (best < 0.97) fail_msg("only %.4f of the time is attributed", best);
}

/* What the profiler did not measure it must not claim: 40 × 2 ms here, more than the run itself
 * takes on any machine where it is not interrupted. */
static void what_was_not_measured_is_not_claimed(void **state) {
    (void)state;
    uint64_t ns = 2000000;
    pare_ctl ctl = {.on_progress = waste, .user = &ns};
    pr_profile     *p;
    pare_err        e = {0};
    uint64_t        wall, part;
    pr_profile_opts o = {.so = {.n_threads = 2}, .prompt = 100, .tokens = 40};
    CHECK_OK(pr_profile_run(&p, model(), &o, &ctl, &e), e);
    pr_profile_attribution(p, &wall, &part);
    assert_true(wall - part >= 42 * ns); /* each call of the callback: two batches, 40 tokens */
    pr_profile_free(p);
}

/* The tokens are those that a session makes by itself. */
static void looking_changes_nothing(void **state) {
    (void)state;
    pr_model   *m;
    pr_session *s;
    pr_profile *p;
    pare_err    e = {0};
    int64_t     n;
    pr_id       ids[10];
    pr_profile_opts o = {.so = {.n_threads = 3}, .prompt = 10, .tokens = 30};
    pr_session_opts so = {.n_threads = 1, .n_ctx = 40};
    CHECK_OK(pr_profile_run(&p, model(), &o, NULL, &e), e);
    const pr_id *made = pr_profile_tokens(p, &n);
    assert_int_equal(n, 30);
    CHECK_OK(pr_model_open(&m, model(), &e), e);
    CHECK_OK(pr_session_new(&s, m, &so, &e), e);
    for (int i = 0; i < 10; i++) ids[i] = (i * 37 + 11) % m->hp.n_vocab;
    CHECK_OK(pr_session_prompt(s, ids, 10, NULL, &e), e);
    for (int i = 0; i < 30; i++) {
        const float *l = pr_session_logits(s, 0);
        pr_id        best = 0;
        for (int k = 1; k < m->hp.n_vocab; k++)
            if (l[k] > l[best]) best = k;
        assert_int_equal(made[i], best);
        CHECK_OK(pr_session_eval(s, &best, 1, &e), e);
    }
    pr_session_free(s);
    pr_model_close(m);
    pr_profile_free(p);
}

static void put(const char *root, const char *path, const char *text) {
    char cmd[1400], at[700];
    snprintf(at, sizeof at, "%s/%s", root, path);
    snprintf(cmd, sizeof cmd, "mkdir -p \"$(dirname '%s')\"", at);
    assert_int_equal(system(cmd), 0);
    FILE *f = fopen(at, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool is_found(const pr_profile *p, pr_bottleneck k) {
    pr_finding f[PR_BOTTLENECKS];
    size_t     n = pr_profile_judge(pr_profile_facts_of(p), pr_profile_policy_default(), f);
    for (size_t i = 0; i < n; i++)
        if (f[i].kind == k) return true;
    return false;
}

/* A machine that runs at half its clock: a tree of files, as a test cannot set a clock. */
static void a_throttled_clock_is_named(void **state) {
    (void)state;
    const char *root = check_scratch();
    char        path[100];
    put(root, "proc/cpuinfo", "processor\t: 0\nvendor_id\t: GenuineIntel\n");
    for (int slow = 0; slow < 2; slow++) {
        pr_profile     *p;
        pare_err        e = {0};
        pr_profile_opts o = {.so = {.n_threads = 1}, .prompt = 4, .tokens = 4, .root = root};
        for (int i = 0; i < 64; i++) {
            snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", i);
            put(root, path, slow ? "1500000\n" : "3000000\n");
            snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%d/cpufreq/cpuinfo_max_freq", i);
            put(root, path, "3000000\n");
        }
        CHECK_OK(pr_profile_run(&p, model(), &o, NULL, &e), e);
        assert_true(pr_profile_facts_of(p)->clock == (slow ? 0.5 : 1));
        assert_true(is_found(p, PR_BN_FREQUENCY) == (slow == 1));
        pr_profile_free(p);
    }
    check_scratch_remove(root);
}

/* Twice as many threads as there are CPUs for them; and fewer. */
static void threads_are_counted(void **state) {
    (void)state;
    pr_profile     *p;
    pare_err        e = {0};
    pr_profile_opts o = {.so = {.n_threads = 1}, .prompt = 4, .tokens = 4};
    CHECK_OK(pr_profile_run(&p, model(), &o, NULL, &e), e);
    int cpus = pr_profile_facts_of(p)->n_cpus, usable = pr_profile_facts_of(p)->n_usable;
    assert_true(is_found(p, PR_BN_FEW_THREADS) == (usable > 1));
    assert_false(is_found(p, PR_BN_OVERSUBSCRIBED));
    pr_profile_free(p);
    o.so.n_threads = PR_MIN(2 * cpus, 512);
    if (o.so.n_threads <= cpus) return;
    CHECK_OK(pr_profile_run(&p, model(), &o, NULL, &e), e);
    assert_true(is_found(p, PR_BN_OVERSUBSCRIBED));
    pr_profile_free(p);
}

/* Sums over operators, layers and parts are the same time cut in three ways. */
static void the_cuts_agree(void **state) {
    (void)state;
    pare_doc         *d;
    pare_err          e = {0};
    pare_profile_opts o = {.n = 20, .prompt_tokens = 70};
    CHECK_OK(pare_profile(model(), &o, NULL, &d, &e), e);
    const pare_doc *ops = pare_doc_get(d, "operators"), *layers = pare_doc_get(d, "layers"),
                   *parts = pare_doc_path(d, "attribution/parts");
    static const char *const phases[][3] = {{"prefill/ms", "prefill_ms", "prefill_ms"},
                                            {"decode/ms", "decode_ms", "decode_ms"}};
    for (int ph = 0; ph < 2; ph++) {
        double a = 0, b = 0, c = 0;
        for (size_t i = 0; i < pare_doc_count(ops); i++)
            a += pare_doc_num(pare_doc_path(pare_doc_at(ops, i), phases[ph][0]));
        for (size_t i = 0; i < pare_doc_count(layers); i++)
            b += pare_doc_num(pare_doc_get(pare_doc_at(layers, i), phases[ph][1]));
        for (size_t i = 0; i < 2; i++) /* operators, and waiting in them */
            c += pare_doc_num(pare_doc_get(pare_doc_at(parts, i), phases[ph][2]));
        assert_true(a > 0 && fabs(a - b) < 1e-6 * a && fabs(a - c) < 1e-6 * a);
    }
    /* every kind of bottleneck stands in one of the three lists, once */
    size_t n = pare_doc_count(pare_doc_get(d, "bottlenecks")) +
               pare_doc_count(pare_doc_get(d, "not_found")) +
               pare_doc_count(pare_doc_get(d, "not_judged"));
    assert_int_equal(n, PR_BOTTLENECKS);
    pare_doc_free(d);
}

/* ------------------------------------------------------------------ the trace */

typedef struct {
    double  ts, end;
    int64_t tid;
} slice;

static int by_start(const void *a, const void *b) {
    const slice *x = a, *y = b;
    if (x->tid != y->tid) return x->tid < y->tid ? -1 : 1;
    if (x->ts != y->ts) return x->ts < y->ts ? -1 : 1;
    return (x->end < y->end) - (x->end > y->end); /* the outer one first */
}

/* Slices of a track lie in each other or apart; ends are rounded to ns, twice. */
static size_t check_nesting(const pare_doc *events) {
    size_t  n = pare_doc_count(events), k = 0;
    slice  *s = calloc(n + 1, sizeof *s), open[16];
    int     depth = 0;
    int64_t tid = -1;
    for (size_t i = 0; i < n; i++) {
        const pare_doc *x = pare_doc_at(events, i);
        const char     *ph = pare_doc_str(pare_doc_get(x, "ph"));
        assert_true(ph && strlen(ph) == 1 && strchr("XCM", *ph));
        assert_non_null(pare_doc_str(pare_doc_get(x, "name")));
        if (*ph != 'X') continue;
        double ts = pare_doc_num(pare_doc_get(x, "ts")), dur = pare_doc_num(pare_doc_get(x, "dur"));
        assert_true(ts >= 0 && dur >= 0);
        s[k++] = (slice){ts, ts + dur, pare_doc_int(pare_doc_get(x, "tid"))};
    }
    qsort(s, k, sizeof *s, by_start);
    for (size_t i = 0; i < k; i++) {
        if (s[i].tid != tid) depth = 0, tid = s[i].tid;
        while (depth && open[depth - 1].end <= s[i].ts + 0.0015) depth--;
        if (depth && s[i].end > open[depth - 1].end + 0.0015)
            fail_msg("a slice from %.3f to %.3f sticks out of one that ends at %.3f", s[i].ts,
                     s[i].end, open[depth - 1].end);
        assert_true(depth < 16);
        open[depth++] = s[i];
    }
    free(s);
    return k;
}

static void traces_are_whole_at_any_limit(void **state) {
    (void)state;
    static const uint64_t limits[] = {0, 1, 5000, 20000};
    const char           *dir = check_scratch();
    char                  path[600];
    snprintf(path, sizeof path, "%s/t.json", dir);
    for (size_t i = 0; i < PR_COUNT(limits); i++) {
        pare_doc         *d, *t;
        pare_err          e = {0};
        struct stat       st;
        pare_ctl          ctl = {.n_threads = 2};
        pare_profile_opts o = {
            .n = 12, .prompt_tokens = 70, .trace = path, .trace_limit = limits[i]};
        CHECK_OK(pare_profile(model(), &o, &ctl, &d, &e), e);
        CHECK_OK(pare_doc_read(&t, path, &e), e);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, pare_doc_int(pare_doc_path(d, "trace/bytes")));
        if (limits[i]) assert_true((uint64_t)st.st_size <= PR_MAX(limits[i], 4096));
        const pare_doc *events = pare_doc_get(t, "traceEvents");
        int64_t         dropped = pare_doc_int(pare_doc_path(d, "trace/dropped"));
        assert_int_equal(pare_doc_count(events), pare_doc_int(pare_doc_path(d, "trace/events")));
        assert_int_equal(dropped, pare_doc_int(pare_doc_path(t, "otherData/dropped")));
        assert_true((dropped == 0) == (limits[i] == 0));
        size_t slices = check_nesting(events);
        assert_true(slices > 0);
        if (limits[i] == 0) { /* two batches and twelve tokens, each with its choice */
            size_t named[3] = {0};
            for (size_t k = 0; k < pare_doc_count(events); k++) {
                const char *name = pare_doc_str(pare_doc_path(pare_doc_at(events, k), "name"));
                named[0] += strcmp(name, "batch") == 0;
                named[1] += strcmp(name, "token") == 0;
                named[2] += strcmp(name, "sample") == 0;
            }
            assert_int_equal(named[0], 2);
            assert_int_equal(named[1], 12);
            assert_int_equal(named[2], 12);
        }
        pare_doc_free(t);
        pare_doc_free(d);
    }
    check_scratch_remove(dir);
}

/* ------------------------------------------------------------------ refusals */

static int stop(void *user) {
    int *left = user;
    return --*left < 0;
}

static void mistakes_are_refused(void **state) {
    (void)state;
    pare_doc         *d;
    pare_err          e = {0};
    pare_profile_opts o = {.n = 1000000};
    assert_int_equal(pare_profile(model(), &o, NULL, &d, &e), PARE_EUSAGE);
    assert_null(d);
    o = (pare_profile_opts){.text = "", .n_text = 0};
    pare_status st = pare_profile(model(), &o, NULL, &d, &e);
    assert_true(st == PARE_EUSAGE ||
                st == PARE_OK); /* a BOS is a prompt, where the model adds one */
    pare_doc_free(d);
    o = (pare_profile_opts){.policy = check_source("models/austen-3.7m/config.json")};
    assert_int_equal(pare_profile(model(), &o, NULL, &d, &e), PARE_EINPUT);
    o = (pare_profile_opts){.trace = "/no/such/folder/t.json"};
    assert_true(pare_profile(model(), &o, NULL, &d, &e) != PARE_OK);
    assert_int_equal(pare_profile("/no/such/model", NULL, NULL, &d, &e), PARE_EINPUT);
    o = (pare_profile_opts){.state = "f64"};
    assert_int_equal(pare_profile(model(), &o, NULL, &d, &e), PARE_EUSAGE);
}

/* Stopped at any place it ends as cancelled, and no trace stands there. */
static void it_can_be_stopped(void **state) {
    (void)state;
    const char *dir = check_scratch();
    char        path[600];
    snprintf(path, sizeof path, "%s/t.json", dir);
    for (int after = 0; after < 8; after++) {
        int               left = after;
        pare_doc         *d;
        pare_err          e = {0};
        pare_ctl          ctl = {.is_cancelled = stop, .user = &left};
        pare_profile_opts o = {.trace = path};
        assert_int_equal(pare_profile(model(), &o, &ctl, &d, &e), PARE_ECANCELLED);
        assert_null(d);
        assert_int_not_equal(access(path, F_OK), 0);
    }
    assert_int_equal(rmdir(dir), 0); /* no part of one either */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearly_all_is_attributed),
        cmocka_unit_test(what_was_not_measured_is_not_claimed),
        cmocka_unit_test(looking_changes_nothing),
        cmocka_unit_test(a_throttled_clock_is_named),
        cmocka_unit_test(threads_are_counted),
        cmocka_unit_test(the_cuts_agree),
        cmocka_unit_test(traces_are_whole_at_any_limit),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(it_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
