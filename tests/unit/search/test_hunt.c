/* test_hunt.c - successive halving and racing: the best of noisy options is found, at the cost that
 * is promised, in spite of options that fail, and again after a kill. */
#include "check.h"
#include "search/search.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS = 1200 };

/* What is known of an option, and what was found out: in memory that outlives a killed child. */
typedef struct {
    int n, n_axes, kill_at, calls, fresh;
    int broken;     /* every so many-th option fails */
    double noise;
    double limit;   /* of the first number; 0: none */
    int genes[OPTIONS * 2];
    struct {
        bool there;
        pr_trial t;
    } record[OPTIONS][PR_RUNGS_MAX];
} world;

static world *world_new(int n, double noise) {
    world *w = mmap(NULL, sizeof *w, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(w != MAP_FAILED);
    w->n = n, w->noise = noise, w->n_axes = 2, w->broken = 0;
    for (int i = 0; i < n; i++) w->genes[2 * i] = i / 30, w->genes[2 * i + 1] = i % 30;
    return w;
}

static void world_free(world *w) {
    munmap(w, sizeof *w);
}

/* Options on the diagonal are the front; the farther from it, the worse in both. */
static void truth(const world *w, size_t who, double f[2]) {
    double a = w->genes[2 * who], b = w->genes[2 * who + 1];
    f[0] = 10 + a + 4 * fabs(a - b);
    f[1] = 50 - a + 4 * fabs(a - b);
}

static pr_trial measure(const world *w, size_t who, int rung, double share) {
    pr_rng r;
    pr_trial t = {.seconds = share};
    double f[2], se = w->noise / sqrt(share);
    truth(w, who, f);
    pr_rng_seed(&r, who * 16 + (size_t)rung);
    for (size_t k = 0; k < 2; k++) {
        double v = f[k] + se * pr_rng_normal(&r);
        pr_point_set(&t.point, k, v, v - 3 * se, v + 3 * se);
    }
    if (w->limit > 0) t.point.violation = fmax(0, t.point.lo[0] / w->limit - 1);
    if (w->broken && who % (size_t)w->broken == 0) {
        t.error = "it broke";
        pr_point_set(&t.point, 0, -1e9, -1e9, -1e9); /* the best number that there is */
    }
    return t;
}

static pare_status evaluate(void *user, const size_t *who, size_t n, int rung, double share,
                            pr_trial *t, pare_err *err) {
    world *w = user;
    assert_true(n <= PR_HUNT_BATCH);
    for (size_t i = 0; i < n; i++) {
        w->calls++;
        if (w->record[who[i]][rung].there) {
            t[i] = w->record[who[i]][rung].t;
            t[i].cached = true;
            continue;
        }
        if (w->kill_at && ++w->fresh == w->kill_at) raise(SIGKILL);
        t[i] = measure(w, who[i], rung, share);
        w->record[who[i]][rung].t = t[i];
        w->record[who[i]][rung].there = true;
    }
    return PARE_OK;
}

static pr_hunt_opts opts_of(const world *w) {
    static const int sizes[] = {OPTIONS / 30, 30};
    return (pr_hunt_opts){.n = (size_t)w->n, .genes = w->genes, .sizes = sizes, .n_axes = 2,
                          .n_objectives = 2, .keep = 8, .seed = 4};
}

static pr_hunt_result hunt(world *w, const pr_hunt_opts *o, pr_arena *a) {
    pr_hunt_result r;
    pare_err e = {0};
    CHECK_OK(pr_hunt(o, evaluate, w, a, &r, &e), e);
    return r;
}

static bool on_diagonal(const world *w, size_t who) {
    return w->genes[2 * who] == w->genes[2 * who + 1];
}

static void few_are_all_tried(void **state) {
    pr_arena *a = pr_arena_new(16 << 20);
    world *w = world_new(150, 0.05);
    w->broken = 31; /* 0, 31, 62 …: all of the diagonal of 5 × 30 */
    pr_hunt_opts o = opts_of(w);
    pr_hunt_result r = hunt(w, &o, a);
    assert_string_equal(r.algorithm, "exhaustive");
    assert_int_equal(r.rungs[0].n_in, 150);
    assert_true(r.n_kept > 0 && r.n_kept <= 8);
    for (size_t i = 0; i < r.n_kept; i++) assert_true(r.kept[i] % 31 != 0); /* never a failed one */
    for (size_t i = 0; i < 150; i += 31) assert_int_equal(r.set[i], PR_SET_DOMINATED);
    w->broken = 0;
    memset(w->record, 0, sizeof w->record);
    r = hunt(w, &o, a);
    assert_true(r.n_rungs == 2 || r.n_rungs == 3);
    for (size_t i = 0; i < r.n_kept; i++) assert_true(on_diagonal(w, r.kept[i]));
    assert_true(r.n_kept >= 4 && !r.cut);
    assert_int_equal(r.n_steps, r.rungs[0].n_in + r.rungs[1].n_in +
                                    (r.n_rungs > 2 ? r.rungs[2].n_in : 0));
    assert_true(fabs(r.rungs[r.n_rungs - 1].share - 1.0 / 3) < 1e-15);
    for (size_t i = 1; i < r.n_steps; i++) /* a trial of a higher rung may take some back */
        if (r.steps[i].rung == 0) assert_true(r.steps[i].volume >= r.steps[i - 1].volume);
    assert_true(r.volume > 0 && r.volume <= 1.21);
    world_free(w);
    pr_arena_free(a);
}

static void many_are_picked(void **state) {
    pr_arena *a = pr_arena_new(64 << 20);
    world *w = world_new(OPTIONS, 0.02);
    pr_hunt_opts o = opts_of(w);
    o.evaluations = 400;
    pr_hunt_result r = hunt(w, &o, a);
    size_t good = 0;
    assert_string_equal(r.algorithm, "NSGA-II");
    assert_true(r.n_steps <= 400 && r.generations > 3);
    for (size_t i = 0; i < r.n_kept; i++) good += on_diagonal(w, r.kept[i]);
    printf("NSGA-II over %d options: %zu evaluations, %zu of %zu finalists on the true front\n",
           OPTIONS, r.n_steps, good, r.n_kept);
    /* of 1200 options 30 are: by chance one in 40 would be */
    assert_true(r.n_kept >= 4 && good * 2 >= r.n_kept);
    world_free(w);
    pr_arena_free(a);
}

static void the_budget_holds(void **state) {
    pr_arena *a = pr_arena_new(16 << 20);
    world *w = world_new(150, 0.05);
    pr_hunt_opts o = opts_of(w);
    o.evaluations = 70;
    pr_hunt_result r = hunt(w, &o, a);
    assert_true(r.cut && r.n_steps == 70 && w->calls == 70);
    assert_true(r.n_kept > 0);
    assert_int_equal(r.last[149], -1);
    assert_int_equal(r.set[149], PR_SET_DOMINATED);
    o.evaluations = 0, o.seconds = 5; /* each says that it took its share of a second */
    r = hunt(w, &o, a);
    assert_true(r.cut && r.n_steps * r.rungs[0].share < 5 + 4 * r.rungs[0].share);
    o.n = 0;
    pare_err e = {0};
    assert_int_equal(pr_hunt(&o, evaluate, w, a, &r, &e), PARE_EUSAGE);
    world_free(w);
    pr_arena_free(a);
}

/* Limits that nobody keeps: the hunt still ends with who comes near, and covers nothing. */
static void limits_that_nobody_keeps(void **state) {
    pr_arena *a = pr_arena_new(16 << 20);
    world *w = world_new(60, 0.01);
    w->limit = 1;
    pr_hunt_opts o = opts_of(w);
    pr_hunt_result r = hunt(w, &o, a);
    assert_true(r.n_kept > 0 && r.volume == 0);
    w->limit = 10.5; /* only option 0 */
    memset(w->record, 0, sizeof w->record);
    r = hunt(w, &o, a);
    assert_true(r.n_kept == 1 && r.kept[0] == 0);
    world_free(w);
    pr_arena_free(a);
}

static void a_killed_one_goes_on(void **state) {
    pr_arena *a = pr_arena_new(64 << 20);
    for (int many = 0; many < 2; many++) {
        world *w = world_new(many ? OPTIONS : 150, 0.05), *whole = world_new(w->n, 0.05);
        pr_hunt_opts o = opts_of(w);
        o.evaluations = many ? 300 : 0;
        pr_hunt_result want = hunt(whole, &o, a);
        w->kill_at = 61;
        pid_t child = fork();
        if (child == 0) {
            hunt(w, &o, a);
            _exit(0);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        w->kill_at = 0;
        pr_hunt_result got = hunt(w, &o, a);
        size_t fresh = 0;
        for (size_t i = 0; i < got.n_steps; i++) fresh += !got.steps[i].trial.cached;
        assert_int_equal(fresh, got.n_steps - 60); /* only what was missing */
        assert_int_equal(got.n_steps, want.n_steps);
        assert_int_equal(got.n_kept, want.n_kept);
        assert_memory_equal(got.kept, want.kept, want.n_kept * sizeof *want.kept);
        assert_memory_equal(got.set, want.set, (size_t)w->n * sizeof *want.set);
        assert_true(got.volume == want.volume);
        world_free(w);
        world_free(whole);
    }
    pr_arena_free(a);
}

static pr_point between(double lo, double hi) {
    pr_point p = {.violation = 0};
    pr_point_set(&p, 0, (lo + hi) / 2, lo, hi);
    return p;
}

static void three_sets(void **state) {
    pr_point p[] = {between(1, 2), between(1.5, 3), between(2.5, 4), between(2, 2),
                    between(NAN, 1)};
    pr_set s[5];
    pr_sets(p, 5, 1, s);
    assert_int_equal(s[0], PR_SET_UNDECIDED); /* 1.5 … 3 may be below it */
    assert_int_equal(s[1], PR_SET_UNDECIDED);
    assert_int_equal(s[2], PR_SET_DOMINATED);
    assert_int_equal(s[4], PR_SET_DOMINATED);
    pr_sets(p, 1, 1, s);
    assert_int_equal(s[0], PR_SET_FRONT);
    pr_point q[] = {between(1, 2), between(3, 4)};
    pr_sets(q, 2, 1, s);
    assert_true(s[0] == PR_SET_FRONT && s[1] == PR_SET_DOMINATED);
}

/* A wide bound keeps an option in the race that its mean would put out. */
static void optimists_stay(void **state) {
    pr_point p[] = {between(5, 5.2), between(5.1, 5.3), between(1, 11), between(20, 30)};
    bool kept[4];
    size_t n;
    pare_err e = {0};
    CHECK_OK(pr_halve(p, 4, 1, 2, kept, &n, &e), e);
    assert_true(n == 2 && kept[2] && kept[0] && !kept[1]);
    CHECK_OK(pr_halve(p, 4, 1, 4, kept, &n, &e), e);
    assert_true(n == 3 && !kept[3]); /* dominated with confidence: out, though there is room */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_are_all_tried),    cmocka_unit_test(many_are_picked),
        cmocka_unit_test(the_budget_holds),     cmocka_unit_test(limits_that_nobody_keeps),
        cmocka_unit_test(a_killed_one_goes_on), cmocka_unit_test(three_sets),
        cmocka_unit_test(optimists_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
