/* pool.c - a team of threads that meets at barriers.
 *
 * One phase counter serves both the start of a run and the barriers inside it:
 * members wait until a counter moves on, first spinning, then asleep in a futex.
 * Always true: between runs every member but the caller waits on `epoch`;
 * `arrived` is 0 whenever nobody is at a barrier. */
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

typedef struct {
    _Alignas(PR_CACHE_LINE) atomic_uint value;
    atomic_uint sleepers;
} gate;

struct pr_pool {
    gate epoch, phase;
    _Alignas(PR_CACHE_LINE) atomic_uint arrived;
    _Alignas(PR_CACHE_LINE) atomic_llong next; /* of pr_pool_for */
    pr_team_fn fn;
    void      *ctx;
    pr_task_fn task;
    void      *task_ctx;
    int64_t    n_tasks;
    int        n, n_started;
    bool       stop;
    struct member {
        pr_pool  *pool;
        int       me;
        pthread_t thread;
    } *members;
};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    atomic_signal_fence(memory_order_seq_cst);
#endif
}

static void gate_wait(gate *g, unsigned old) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load_explicit(&g->value, memory_order_acquire) != old) return;
        relax();
    }
    atomic_fetch_add(&g->sleepers, 1);
    while (atomic_load(&g->value) == old)
        syscall(SYS_futex, &g->value, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    atomic_fetch_sub(&g->sleepers, 1);
}

static void gate_open(gate *g) {
    atomic_fetch_add(&g->value, 1);
    if (atomic_load(&g->sleepers))
        syscall(SYS_futex, &g->value, FUTEX_WAKE_PRIVATE, MAX_THREADS, NULL, NULL, 0);
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

static void *member_main(void *arg) {
    struct member *m = arg;
    pr_pool       *p = m->pool;
    for (unsigned epoch = 0;; epoch++) {
        gate_wait(&p->epoch, epoch);
        if (p->stop) return NULL;
        p->fn(p->ctx, m->me, p->n);
        pr_pool_barrier(p, m->me);
    }
}

void pr_pool_run(pr_pool *p, pr_team_fn fn, void *ctx) {
    p->fn = fn;
    p->ctx = ctx;
    if (p->n > 1) gate_open(&p->epoch);
    fn(ctx, 0, p->n);
    pr_pool_barrier(p, 0);
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
    pr_pool_run(p, for_team, p);
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
    p->stop = true;
    gate_open(&p->epoch);
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
