/* clock.h - time for measuring, and memory as the kernel counts it. */
#ifndef PR_CLOCK_H
#define PR_CLOCK_H
uint64_t pr_now_ns(void);     /* monotonic */
uint64_t pr_cpu_ns(void);     /* CPU time of the whole process */
/* Peak resident bytes of this process; reset by pr_rss_peak_reset where the kernel allows. */
uint64_t pr_rss_peak(void);
uint64_t pr_rss_now(void);
bool     pr_rss_peak_reset(void);
#endif
