/* fault.h - makes the machine fail on purpose. A scenario is run again and again:
 * the first time its first allocation fails, then its second, and so on until it
 * comes through; then the same with open(), mmap(), write() …
 *
 *   static pare_status scenario(void *ctx, pare_err *err) { … }
 *   static void test(void **state) {
 *       fault_run("read a header", scenario, &ctx, FAULT_ALL);
 *   }
 *
 * Each run must end with PARE_OK (what failed could be done without) or with a
 * status that the kind of failure explains, a message in `err`, and nothing of
 * ours still allocated. Counted are the calls of libpare itself: those inside a
 * shared library are not seen. A scenario leaves nothing behind when it fails,
 * and does the same each time. One at a time per process. */
#ifndef PR_FAULT_H
#define PR_FAULT_H
#include "check.h"

typedef enum {
    FAULT_MEMORY = 1, /* malloc, calloc, realloc, aligned_alloc, posix_memalign */
    FAULT_OPEN = 2,   /* open: EMFILE */
    FAULT_MAP = 4,    /* mmap: ENOMEM */
    FAULT_WRITE = 8,  /* write, pwrite: ENOSPC */
    FAULT_SYNC = 16,  /* fsync, rename: EIO */
    FAULT_THREAD = 32, /* pthread_create: EAGAIN */
    FAULT_ALL = 63,
} fault_kind;

typedef pare_status (*fault_scenario)(void *ctx, pare_err *err);

/* Fails the running cmocka test if a run ends otherwise than it may. Prints how
 * many calls of each kind were made to fail. */
void fault_run(const char *name, fault_scenario fn, void *ctx, unsigned kinds);
#endif
