/* fault.c - the calls that fail on purpose, put before the real ones by the
 * linker (--wrap), and the record of what is allocated.
 *
 * Always true: `left` counts down only while `armed` names the kind of the call,
 * and exactly one call fails per run. */
#include "fault.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/mman.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
int   __real_posix_memalign(void **p, size_t align, size_t n);
void  __real_free(void *p);
int   __real_open(const char *path, int flags, ...);
void *__real_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t off);
int   __real_fsync(int fd);
int   __real_rename(const char *from, const char *to);
int   __real_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg);

enum { MAX_LIVE = 1 << 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned        armed;  /* the kind that is to fail; 0: none */
static long            left;   /* calls of it until then */
static bool            struck; /* it has failed */
static bool            counting;
static void           *live[MAX_LIVE]; /* open addressing; NULL: free place */
static size_t          n_live;

/* ---- the record ------------------------------------------------------------ */

static size_t place_of(const void *p) {
    size_t at = (size_t)(((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15u >> 40) % MAX_LIVE;
    while (live[at] && live[at] != p) at = (at + 1) % MAX_LIVE;
    return at;
}

static void remember(void *p) {
    if (!counting || !p || n_live >= MAX_LIVE / 2) return;
    size_t at = place_of(p);
    if (!live[at]) n_live++;
    live[at] = p;
}

/* Take `p` out, and move up those that stood behind it because of it. */
static void forget(void *p) {
    size_t at = place_of(p);
    if (!p || !live[at]) return;
    live[at] = NULL;
    n_live--;
    for (size_t i = (at + 1) % MAX_LIVE; live[i]; i = (i + 1) % MAX_LIVE) {
        void *q = live[i];
        live[i] = NULL;
        live[place_of(q)] = q;
    }
}

static bool strikes(fault_kind kind) {
    bool now = false;
    pthread_mutex_lock(&lock);
    if (armed == (unsigned)kind && !struck && --left == 0) now = struck = true;
    pthread_mutex_unlock(&lock);
    return now;
}

static void *noted(void *p) {
    pthread_mutex_lock(&lock);
    remember(p);
    pthread_mutex_unlock(&lock);
    return p;
}

/* ---- the calls --------------------------------------------------------------- */

void *__wrap_malloc(size_t n) {
    if (strikes(FAULT_MEMORY)) return errno = ENOMEM, NULL;
    return noted(__real_malloc(n));
}
void *__wrap_calloc(size_t n, size_t size) {
    if (strikes(FAULT_MEMORY)) return errno = ENOMEM, NULL;
    return noted(__real_calloc(n, size));
}
void *__wrap_realloc(void *p, size_t n) {
    if (strikes(FAULT_MEMORY)) return errno = ENOMEM, NULL;
    pthread_mutex_lock(&lock);
    bool  ours = !p || (live[place_of(p)] == p);
    void *q = __real_realloc(p, n);
    if (q && ours) forget(p), remember(q);
    pthread_mutex_unlock(&lock);
    return q;
}
void *__wrap_aligned_alloc(size_t align, size_t n) {
    if (strikes(FAULT_MEMORY)) return errno = ENOMEM, NULL;
    return noted(__real_aligned_alloc(align, n));
}
int __wrap_posix_memalign(void **p, size_t align, size_t n) {
    if (strikes(FAULT_MEMORY)) return ENOMEM;
    int rc = __real_posix_memalign(p, align, n);
    if (rc == 0) noted(*p);
    return rc;
}
void __wrap_free(void *p) {
    pthread_mutex_lock(&lock);
    forget(p);
    pthread_mutex_unlock(&lock);
    __real_free(p);
}
int __wrap_open(const char *path, int flags, ...) {
    va_list ap;
    va_start(ap, flags);
    int mode = flags & O_CREAT ? va_arg(ap, int) : 0;
    va_end(ap);
    if (strikes(FAULT_OPEN)) return errno = EMFILE, -1;
    return __real_open(path, flags, mode);
}
void *__wrap_mmap(void *at, size_t n, int prot, int flags, int fd, off_t off) {
    if (strikes(FAULT_MAP)) return errno = ENOMEM, MAP_FAILED;
    return __real_mmap(at, n, prot, flags, fd, off);
}
ssize_t __wrap_write(int fd, const void *p, size_t n) {
    if (fd > STDERR_FILENO && strikes(FAULT_WRITE)) return errno = ENOSPC, -1;
    return __real_write(fd, p, n);
}
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t off) {
    if (strikes(FAULT_WRITE)) return errno = ENOSPC, -1;
    return __real_pwrite(fd, p, n, off);
}
int __wrap_fsync(int fd) {
    if (strikes(FAULT_SYNC)) return errno = EIO, -1;
    return __real_fsync(fd);
}
int __wrap_rename(const char *from, const char *to) {
    if (strikes(FAULT_SYNC)) return errno = EIO, -1;
    return __real_rename(from, to);
}
int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg) {
    if (strikes(FAULT_THREAD)) return EAGAIN;
    return __real_pthread_create(t, a, fn, arg);
}

/* ---- the runs ----------------------------------------------------------------- */

/* May a run that was struck by `kind` end with `st`? Unreadable input is what a
 * failed open or mapping of an input looks like. */
static bool explains(fault_kind kind, pare_status st) {
    switch (kind) {
    case FAULT_MEMORY: return st == PARE_ENOMEM;
    case FAULT_OPEN:
    case FAULT_MAP: return st == PARE_EENV || st == PARE_ENOMEM || st == PARE_EINPUT;
    case FAULT_WRITE:
    case FAULT_SYNC:
    case FAULT_THREAD: return st == PARE_EENV || st == PARE_ENOMEM;
    default: return false;
    }
}

static void judge(const char *name, fault_kind kind, long n, pare_status st, const pare_err *err) {
    if (n_live != 0)
        fail_msg("%s: %zu blocks leaked when call %ld of kind %d failed", name, n_live, n, kind);
    if (st == PARE_OK) return;
    if (!explains(kind, st))
        fail_msg("%s: call %ld of kind %d failed, and the status was %s (%s)", name, n, kind,
                 pare_status_name(st), err->msg);
    if (err->status != st || !err->msg[0])
        fail_msg("%s: call %ld of kind %d: status %s, but the error says %s \"%s\"", name, n,
                 kind, pare_status_name(st), pare_status_name(err->status), err->msg);
}

/* One run in which call `n` of `kind` fails. False: there was no such call. */
static bool run_once(const char *name, fault_scenario fn, void *ctx, fault_kind kind, long n) {
    pare_err err = {0};
    memset(live, 0, sizeof live);
    n_live = 0, struck = false, left = n;
    counting = true, armed = kind;
    pare_status st = fn(ctx, &err);
    armed = 0, counting = false;
    if (!struck && st != PARE_OK)
        fail_msg("%s: fails even undisturbed: %s: %s", name, pare_status_name(st), err.msg);
    judge(name, kind, n, st, &err);
    return struck;
}

void fault_run(const char *name, fault_scenario fn, void *ctx, unsigned kinds) {
    static const char *const names[] = {"memory", "open", "map", "write", "sync", "thread"};
    /* What a process allocates once and keeps is not a leak. */
    pare_err warm = {0};
    if (fn(ctx, &warm) != PARE_OK) fail_msg("%s: fails undisturbed: %s", name, warm.msg);
    for (int k = 0; k < 6; k++) {
        long n = 1;
        if (!(kinds & 1u << k)) continue;
        while (run_once(name, fn, ctx, (fault_kind)(1u << k), n)) n++;
        print_message("%s: %ld %s failures survived\n", name, n - 1, names[k]);
    }
}
