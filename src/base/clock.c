/* clock.c - clocks, and resident memory as /proc tells it. */
#include "base.h"
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t pr_now_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}
uint64_t pr_cpu_ns(void) {
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static uint64_t status_kb(const char *key) {
    char    text[8192];
    int     fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    if (n <= 0) return 0;
    text[n] = 0;
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

uint64_t pr_rss_peak(void) {
    return status_kb("VmHWM:");
}
uint64_t pr_rss_now(void) {
    return status_kb("VmRSS:");
}

/* What was freed goes back to the kernel: used again it would not count as risen. */
#ifdef __GLIBC__
static void give_back(void) {
    malloc_trim(0);
}
#else
static void give_back(void) {}
#endif

bool pr_rss_peak_reset(void) {
    give_back();
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = write(fd, "5", 1) == 1;
    close(fd);
    return ok;
}
