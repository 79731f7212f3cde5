/* pool.c - a team of threads that joins a run, and meets at barriers inside it.
 *
 * One 64-bit word tells it all: the number of the run (upper half), whether it is open to join,
 * and how many have joined and not left. A member joins by adding 1 while the run is
 * open; the caller closes it and waits for the count to fall to 0. So `fn` and `ctx`
 * change only while nobody can read them. Waiting is spinning first, then sleeping in a
 * futex on one half of the word.
 *
 * Always true: a closed run gains no member; `arrived` is 0 whenever nobody is at a barrier. */
#include "base.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SPINS = 1500, MAX_THREADS = 1024, STACK_BYTES = 512 * 1024 };

#define RUN_OPEN   0x80000000u /* lower half: open to join */
#define RUN_JOINED 0x7fffffffu /* … and how many are inside */

typedef struct {
    _Alignas(PR_CACHE_LINE) atomic_uint value;
    atomic_uint sleepers;
} gate;

struct pr_pool {
    _Alignas(PR_CACHE_LINE) atomic_ullong state;
    atomic_uint sleepers; /* on the upper half: members without work */
    atomic_bool waiting;  /* on the lower half, or on `left`: the caller */
    gate        phase;    /* of barriers */
    _Alignas(PR_CACHE_LINE) atomic_uint arrived;
    atomic_uint left; /* members that have done their part of this run */
    _Alignas(PR_CACHE_LINE) atomic_llong next; /* of pr_pool_for */
    pr_team_fn fn;
    void      *ctx;
    pr_task_fn task;
    void      *task_ctx;
    int64_t    n_tasks;
    int        n, n_started;
    atomic_bool stop;
    struct member {
        pr_pool  *pool;
        int       me;
        pthread_t thread;
    } *members;
};

void pr_relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void futex_wait(void *word, unsigned old) {
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
}
static void futex_wake(void *word) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, MAX_THREADS, NULL, NULL, 0);
}

/* The halves of `state` as the kernel sees them. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { LOWER = 0, UPPER = 1 };
#else
enum { LOWER = 1, UPPER = 0 };
#endif
_Static_assert(sizeof(atomic_ullong) == 8 && sizeof(atomic_uint) == 4, "a futex is 32 bits");

static unsigned *lower(pr_pool *p) {
    return (unsigned *)(void *)&p->state + LOWER;
}
static unsigned *upper(pr_pool *p) {
    return (unsigned *)(void *)&p->state + UPPER;
}
static unsigned run_of(unsigned long long state) {
    return (unsigned)(state >> 32);
}

/* ------------------------------------------------------------------ barriers */

static void gate_wait(gate *g, unsigned old) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&g->value, memory_order_acquire) != old) return;
        pr_relax();
    }
    atomic_fetch_add(&g->sleepers, 1);
    while (atomic_load(&g->value) == old) futex_wait(&g->value, old);
    atomic_fetch_sub(&g->sleepers, 1);
}

static void gate_open(gate *g) {
    atomic_fetch_add(&g->value, 1);
    if (atomic_load(&g->sleepers)) futex_wake(&g->value);
}

void pr_pool_barrier(pr_pool *p, int me) {
    (void)me;
    if (p->n == 1) return;
    unsigned old = atomic_load_explicit(&p->phase.value, memory_order_acquire);
    if (atomic_fetch_add(&p->arrived, 1) + 1 == (unsigned)p->n) {
        atomic_store(&p->arrived, 0);
        gate_open(&p->phase);
    } else {
        gate_wait(&p->phase, old);
    }
}

/* ------------------------------------------------------------------ joining */

/* Wait for a run later than `seen`; returns the state found. */
static unsigned long long wait_run(pr_pool *p, unsigned seen) {
    unsigned long long s;
    for (int i = 0; i < SPINS; i++) {
        if (run_of(s = atomic_load_explicit(&p->state, memory_order_acquire)) != seen) return s;
        pr_relax();
    }
    atomic_fetch_add(&p->sleepers, 1);
    while (run_of(s = atomic_load(&p->state)) == seen) futex_wait(upper(p), seen);
    atomic_fetch_sub(&p->sleepers, 1);
    return s;
}

/* Be counted in run `run`, if it is still open. */
static bool join(pr_pool *p, unsigned run) {
    unsigned long long s = atomic_load(&p->state);
    while (run_of(s) == run && (s & RUN_OPEN))
        if (atomic_compare_exchange_weak(&p->state, &s, s + 1)) return true;
    return false;
}

static void leave(pr_pool *p) {
    atomic_fetch_add(&p->left, 1);
    atomic_fetch_sub(&p->state, 1);
    if (!atomic_load(&p->waiting)) return;
    futex_wake(&p->left);
    futex_wake(lower(p));
}

static void *member_main(void *arg) {
    struct member *m = arg;
    pr_pool       *p = m->pool;
    unsigned       seen = 0;
    for (;;) {
        seen = run_of(wait_run(p, seen));
        if (atomic_load(&p->stop)) return NULL;
        if (!join(p, seen)) continue;
        p->fn(p->ctx, m->me, p->n);
        leave(p);
    }
}

static void open_run(pr_pool *p, pr_team_fn fn, void *ctx) {
    unsigned long long s = atomic_load(&p->state);
    p->fn = fn;
    p->ctx = ctx;
    atomic_store(&p->left, 0);
    atomic_store(&p->state, ((unsigned long long)(run_of(s) + 1) << 32) | RUN_OPEN);
    if (atomic_load(&p->sleepers)) futex_wake(upper(p));
}

/* Spin a while, then sleep until `word` is not `old`, a value seen before; who leaves wakes.
 * Only for words that within the wait go one way (`left` rises; a closed run's count falls):
 * one that came back to `old` in between would hide the last wake-up. */
static void wait_leave(pr_pool *p, int *spins, unsigned *word, unsigned old) {
    if (++*spins < SPINS) {
        pr_relax();
        return;
    }
    atomic_store(&p->waiting, true);
    futex_wait(word, old); /* returns at once if it changed meanwhile */
    atomic_store(&p->waiting, false);
}

static void close_run(pr_pool *p) {
    const unsigned long long open = RUN_OPEN;
    unsigned long long       s = atomic_fetch_and(&p->state, ~open) & ~open;
    for (int spins = 0; (unsigned)s & RUN_JOINED; s = atomic_load(&p->state))
        wait_leave(p, &spins, lower(p), (unsigned)s);
}

void pr_pool_help(pr_pool *p, pr_team_fn fn, void *ctx) {
    if (p->n > 1) open_run(p, fn, ctx);
    fn(ctx, 0, p->n);
    if (p->n > 1) close_run(p);
}

void pr_pool_run(pr_pool *p, pr_team_fn fn, void *ctx) {
    if (p->n > 1) open_run(p, fn, ctx);
    fn(ctx, 0, p->n);
    if (p->n == 1) return;
    /* Everybody has a part of its own: nobody may be shut out. */
    unsigned left;
    for (int spins = 0; (left = atomic_load(&p->left)) < (unsigned)p->n - 1;)
        wait_leave(p, &spins, (unsigned *)(void *)&p->left, left);
    close_run(p);
}

static void for_team(void *ctx, int me, int n) {
    pr_pool *p = ctx;
    (void)n;
    for (int64_t i;
         (i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->n_tasks;)
        p->task(p->task_ctx, i, me);
}

void pr_pool_for(pr_pool *p, int64_t n, pr_task_fn fn, void *ctx) {
    p->task = fn;
    p->task_ctx = ctx;
    p->n_tasks = n;
    atomic_store(&p->next, 0);
    pr_pool_help(p, for_team, p);
}

int pr_pool_size(const pr_pool *p) {
    return p->n;
}

pare_status pr_pool_new(pr_pool **out, int n_threads, pare_err *err) {
    *out = NULL;
    if (n_threads < 1 || n_threads > MAX_THREADS)
        return pr_fail(err, PARE_EUSAGE, -1, "%d threads: expected 1…%d", n_threads, MAX_THREADS);
    pr_pool *p = pr_alloc_aligned(sizeof *p, PR_CACHE_LINE);
    if (!p) return pr_fail_nomem(err, sizeof *p);
    p->n = n_threads;
    p->members = pr_calloc((size_t)n_threads, sizeof *p->members);
    if (!p->members) {
        pr_free(p);
        return pr_fail_nomem(err, (uint64_t)n_threads * sizeof *p->members);
    }
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = 0;
    for (int i = 1; i < n_threads && rc == 0; i++) {
        p->members[i] = (struct member){.pool = p, .me = i};
        rc = pthread_create(&p->members[i].thread, &attr, member_main, &p->members[i]);
        if (rc == 0) p->n_started++;
    }
    pthread_attr_destroy(&attr);
    if (rc) {
        pr_pool_free(p);
        return pr_fail(err, PARE_EENV, -1, "cannot start %d threads: %s", n_threads, strerror(rc));
    }
    *out = p;
    return PARE_OK;
}

void pr_pool_free(pr_pool *p) {
    if (!p) return;
    atomic_store(&p->stop, true);
    atomic_fetch_add(&p->state, 1ull << 32);
    futex_wake(upper(p));
    for (int i = 1; i <= p->n_started; i++) pthread_join(p->members[i].thread, NULL);
    pr_free(p->members);
    pr_free(p);
}

/* CPUs that the container's quota pays for, or `most` where there is none. */
static int cgroup_cpus(int most) {
    char  text[128] = "";
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f) return most;
    bool read = fgets(text, sizeof text, f) != NULL;
    fclose(f);
    char  *end;
    double quota = read ? strtod(text, &end) : 0, period = read ? strtod(end, NULL) : 0;
    if (quota <= 0 || period <= 0) return most;
    int n = (int)(quota / period + 0.999);
    return n < 1 ? 1 : PR_MIN(n, most);
}

int pr_threads_default(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return cgroup_cpus(n < 1 ? 1 : n);
}
