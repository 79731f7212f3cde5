/* pool.h - a persistent team of threads.
 *
 * pr_pool_run() calls `fn(ctx, me, n)` once on each of the n members (member 0
 * is the caller) and returns when all are done. Inside, pr_pool_barrier() is a
 * meeting of all members. Members spin a little and then sleep, so that a busy
 * machine is not starved. One run at a time; a pool belongs to one thread. */
#ifndef PR_POOL_H
#define PR_POOL_H
typedef struct pr_pool pr_pool;
typedef void (*pr_team_fn)(void *ctx, int me, int n);
/* `n_threads` ≥ 1 members. On success *out is never NULL. */
pare_status pr_pool_new(pr_pool **out, int n_threads, pare_err *err);
void        pr_pool_free(pr_pool *p); /* NULL is fine */
int         pr_pool_size(const pr_pool *p);
void        pr_pool_run(pr_pool *p, pr_team_fn fn, void *ctx);
void        pr_pool_barrier(pr_pool *p, int me);
/* The same, but only for the members that come in time: the caller begins at once, the others
 * join while it runs or not at all, and only who has joined is waited for. For work that
 * is claimed piece by piece, so that a member without a processor delays nobody.
 * No barrier inside. */
void pr_pool_help(pr_pool *p, pr_team_fn fn, void *ctx);
/* Run fn(ctx, i, member) for i in 0…n-1, dealt out dynamically. From outside a run. */
typedef void (*pr_task_fn)(void *ctx, int64_t i, int me);
void pr_pool_for(pr_pool *p, int64_t n, pr_task_fn fn, void *ctx);
/* What a loop that waits does between two looks. */
void pr_relax(void);
/* Affinity mask ∩ the container's CPU limit (cgroup v2, v1), at least 1. */
int pr_threads_default(void);
#endif
