/* test_pool.c - every task runs once, barriers separate phases, for many sizes. */
#include "check.h"
#include <stdatomic.h>

enum { N = 1000 };
typedef struct {
    atomic_int hits[N];
    atomic_int before[50];
    pr_pool   *pool;
    atomic_int wrong;
} work;

static void hit(void *ctx, int64_t i, int me) {
    work *w = ctx;
    atomic_fetch_add(&w->hits[i], 1);
}

static void phases(void *ctx, int me, int n) {
    work *w = ctx;
    for (int k = 0; k < 50; k++) {
        atomic_fetch_add(&w->before[k], 1);
        pr_pool_barrier(w->pool, me);
        if (atomic_load(&w->before[k]) != n) atomic_fetch_add(&w->wrong, 1);
    }
}

static void runs_everything_once(void **state) {
    for (int n = 1; n <= 5; n++) {
        pare_err e = {0};
        work    *w = pr_calloc(1, sizeof *w);
        CHECK_OK(pr_pool_new(&w->pool, n, &e), e);
        assert_int_equal(pr_pool_size(w->pool), n);
        for (int round = 1; round <= 20; round++) {
            pr_pool_for(w->pool, N, hit, w);
            for (int i = 0; i < N; i++) assert_int_equal(atomic_load(&w->hits[i]), round);
        }
        pr_pool_run(w->pool, phases, w);
        assert_int_equal(atomic_load(&w->wrong), 0);
        pr_pool_free(w->pool);
        pr_free(w);
    }
}

/* Work of uneven length, so that the caller and the members fall asleep at every point of a run.
 * A wake-up that is missed lets this hang, and CTest's time limit end it. */
static void uneven(void *ctx, int me, int n) {
    work    *w = ctx;
    unsigned x = (unsigned)atomic_fetch_add(&w->before[0], 1) * 2654435761u + (unsigned)me * 97u;
    int      spin = (x >> 8) % 7 == 0 ? (int)(x % 20000) : (int)(x % 64);
    if (me == 0) spin = 0;
    for (int i = 0; i < spin; i++)
        atomic_fetch_add_explicit(&w->before[1], 1, memory_order_relaxed);
    atomic_fetch_add(&w->hits[me], 1);
}

static void loses_no_wake_up(void **state) {
    for (int n = 2; n <= 5; n++) {
        pare_err e = {0};
        work    *w = pr_calloc(1, sizeof *w);
        CHECK_OK(pr_pool_new(&w->pool, n, &e), e);
        for (int round = 1; round <= 3000; round++) {
            pr_pool_run(w->pool, uneven, w);
            for (int i = 0; i < n; i++) assert_int_equal(atomic_load(&w->hits[i]), round);
        }
        for (int round = 1; round <= 3000; round++) pr_pool_help(w->pool, uneven, w);
        assert_int_equal(atomic_load(&w->hits[0]), 6000);
        pr_pool_free(w->pool);
        pr_free(w);
    }
}

static void refuses_nonsense(void **state) {
    pr_pool *p;
    assert_int_equal(pr_pool_new(&p, 0, NULL), PARE_EUSAGE);
    assert_null(p);
    pr_pool_free(NULL);
    assert_true(pr_threads_default() >= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(runs_everything_once),
                                       cmocka_unit_test(loses_no_wake_up),
                                       cmocka_unit_test(refuses_nonsense)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
